//! The carrier: HTTPS to the provider, connection reuse, and which failure is which.

use std::error::Error as _;
use std::fmt::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use hyper::body::Bytes;
use reqwest::header::{ACCEPT, CONTENT_TYPE, DATE, RETRY_AFTER};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use secrecy::zeroize::Zeroizing;

use super::request;
use super::response::{LONGEST_BODY, Reply, is_decided_by_status};
use super::{Settings, SetupError};
use crate::bridge::{Fault, FaultKind};
use crate::config::check::{LOCALHOST, is_loopback};
use crate::text;

/// How worn a connection may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wear {
    /// Any that is still open. The provider may be closing it just now, so the request must bear a repeat.
    Any,
    /// A new one, or one that carried something seconds ago.
    Fresh,
}

/// What an answer to a request that asks for nothing says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Probed {
    /// Its `Date` header as it came, where it has one.
    pub date: Option<String>,
    /// Whether it names another address, where no request is sent.
    pub leads_elsewhere: bool,
}

/// Carries requests to the one URL.
pub(super) struct Client {
    url: url::Url,
    place: String,
    authorities: Vec<CertificateDer<'static>>,
    connect_within: Duration,
    answer_within: Duration,
    idle: Duration,
    idle_for_kicks: Duration,
    pair: OnceLock<Result<Pair, String>>,
}

/// Two clients on one TLS configuration. A pool's idle time cannot be chosen for each request.
struct Pair {
    any: reqwest::Client,
    fresh: reqwest::Client,
}

impl Client {
    pub(super) fn new(settings: &Settings) -> Result<Self, SetupError> {
        let url = settings.api_url.clone();
        check(&url)?;
        let host = url.host_str().unwrap_or_default();
        let place = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let authorities = settings.api_ca_file.as_deref().map(read_authorities).transpose()?.unwrap_or_default();
        Ok(Self {
            place,
            url,
            authorities,
            connect_within: settings.connect_within,
            answer_within: settings.answer_within,
            idle: settings.idle,
            idle_for_kicks: settings.idle_for_kicks,
            pair: OnceLock::new(),
        })
    }

    /// Sends a request and reads its answer, once.
    pub(super) async fn post(&self, body: Zeroizing<String>, wear: Wear) -> Result<Reply, Fault> {
        let pair = self.pair().map_err(|why| Fault::new(FaultKind::NoConnection, why))?;
        let client = if wear == Wear::Fresh { &pair.fresh } else { &pair.any };
        let request = client
            .post(self.url.clone())
            .header(CONTENT_TYPE, request::CONTENT_TYPE)
            .header(ACCEPT, request::CONTENT_TYPE)
            .body(Bytes::from_owner(Wiped(body)));
        let mut response = request.send().await.map_err(|error| self.fault(error))?;
        let retry_after = response.headers().get(RETRY_AFTER).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        let mut reply = Reply { status: response.status().as_u16(), retry_after, body: Vec::new(), overlong: false };
        if is_decided_by_status(reply.status) {
            return Ok(reply);
        }
        while let Some(chunk) = response.chunk().await.map_err(|error| self.fault(error))? {
            let room = LONGEST_BODY - reply.body.len();
            reply.body.extend_from_slice(&chunk[..chunk.len().min(room)]);
            if chunk.len() > room {
                reply.overlong = true;
                break;
            }
        }
        Ok(reply)
    }

    /// Asks for nothing; any answer will do.
    pub(super) async fn probe(&self) -> Result<Probed, Fault> {
        let pair = self.pair().map_err(|why| Fault::new(FaultKind::NoConnection, why))?;
        let response = pair.any.head(self.url.clone()).send().await.map_err(|error| self.fault(error))?;
        let date = response.headers().get(DATE).and_then(|value| value.to_str().ok()).map(str::to_owned);
        Ok(Probed { date, leads_elsewhere: response.status().is_redirection() })
    }

    fn pair(&self) -> Result<&Pair, String> {
        self.pair.get_or_init(|| self.build()).as_ref().map_err(Clone::clone)
    }

    fn build(&self) -> Result<Pair, String> {
        let mut roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        roots.add_parsable_certificates(self.authorities.iter().cloned());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| format!("TLS cannot be set up: {error}"))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let client = |idle: Duration| {
            reqwest::Client::builder()
                .tls_backend_preconfigured(tls.clone())
                .user_agent(concat!("confmod/", env!("CARGO_PKG_VERSION")))
                .redirect(reqwest::redirect::Policy::none())
                .retry(reqwest::retry::never())
                .referer(false)
                .no_proxy()
                // Whatever a name service says: plain HTTP may go there. The port is the URL's.
                .resolve_to_addrs(LOCALHOST, &[(Ipv4Addr::LOCALHOST, 0).into(), (Ipv6Addr::LOCALHOST, 0).into()])
                .http1_only()
                .tcp_nodelay(true)
                .connect_timeout(self.connect_within)
                .timeout(self.answer_within)
                .pool_idle_timeout(idle)
                .build()
                .map_err(|error| format!("HTTP cannot be set up: {}", root_cause(&error.without_url())))
        };
        Ok(Pair { any: client(self.idle)?, fresh: client(self.idle_for_kicks)? })
    }

    /// Tells failures apart by what the provider can have done. A sentence never holds the URL.
    fn fault(&self, error: reqwest::Error) -> Fault {
        let error = error.without_url();
        let place = &self.place;
        if error.is_connect() {
            let mut detail = format!("no connection to {place}");
            // Writing to a String cannot fail.
            let _ = if error.is_timeout() {
                write!(detail, " within {} s", self.connect_within.as_secs_f32())
            } else {
                write!(detail, ": {}", root_cause(&error))
            };
            return Fault::new(FaultKind::NoConnection, detail);
        }
        if error.is_timeout() {
            return Fault::new(FaultKind::TimedOut, format!("no answer from {place} within {} s", self.answer_within.as_secs_f32()));
        }
        Fault::new(FaultKind::Cut, format!("the connection to {place} broke before the answer was complete: {}", root_cause(&error)))
    }
}

/// A request's text on its way out, wiped once it has left.
struct Wiped(Zeroizing<String>);

impl AsRef<[u8]> for Wiped {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// The innermost error of a chain: the outer ones only say that there is one.
fn root_cause(error: &reqwest::Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        words = inner.to_string();
        source = inner.source();
    }
    // The TLS library prints the insides of an error that has no words of its own.
    let words = words.replace("Other(OtherError(", "").replace("))", "");
    text::clean(&words, 160)
}

/// A user key goes out encrypted, or not off this machine.
fn check(url: &url::Url) -> Result<(), SetupError> {
    match url.scheme() {
        scheme if url.host().is_none() => Err(SetupError::NotHttp(scheme.to_owned())),
        "https" => Ok(()),
        "http" if is_loopback(url) => Ok(()),
        "http" => Err(SetupError::Unencrypted(format!("http://{}", url.host_str().unwrap_or_default()))),
        other => Err(SetupError::NotHttp(other.to_owned())),
    }
}

fn read_authorities(path: &Path) -> Result<Vec<CertificateDer<'static>>, SetupError> {
    let fail = |why: String| SetupError::Authorities(path.to_owned(), why);
    let pem = std::fs::read(path).map_err(|error| fail(error.to_string()))?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let found = found.map_err(|error| fail(error.to_string()))?;
    if found.is_empty() {
        return Err(fail("there is no certificate in it".to_owned()));
    }
    let mut roots = rustls::RootCertStore::empty();
    if let Some(error) = found.iter().find_map(|authority| roots.add(authority.clone()).err()) {
        return Err(fail(format!("one of its certificates is no certificate authority: {error}")));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Secret;

    fn build(url: &str) -> Result<Client, SetupError> {
        Client::new(&Settings::new(url::Url::parse(url).expect("a URL"), Secret::from("key")))
    }

    #[test]
    fn the_user_key_never_leaves_this_machine_unencrypted() {
        for url in [
            "https://www.anveo.com/api/v3.asp",
            "http://127.0.0.1:9/api",
            "http://127.9.8.7/",
            "http://[::1]:9/",
            "http://localhost:9/",
            "http://LOCALHOST/",
        ] {
            assert!(build(url).is_ok(), "{url}");
        }
        for url in [
            "http://www.anveo.com/api/v3.asp?key=geheim",
            "http://10.0.0.1/",
            "http://0.0.0.0/",
            "http://localhost.example.org/",
            "http://[::ffff:127.0.0.1]/",
            "http://128.0.0.1/",
        ] {
            let Err(error) = build(url) else { panic!("{url} was taken") };
            assert!(matches!(error, SetupError::Unencrypted(_)), "{url}");
            assert!(error.to_string().contains("api_url") && !error.to_string().contains("geheim"), "{error}");
        }
        for url in ["ftp://127.0.0.1/", "file:///etc/passwd", "data:text/xml,x"] {
            let Err(error) = build(url) else { panic!("{url} was taken") };
            assert!(matches!(error, SetupError::NotHttp(_)) && error.to_string().contains("api_url"), "{url}");
        }
    }

    #[test]
    fn nothing_is_built_before_it_is_used() {
        let client = build("https://www.anveo.com/api/v3.asp").expect("a client");
        assert!(client.pair.get().is_none());
    }

    #[test]
    fn an_unusable_file_of_authorities_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for (name, content) in [("absent.pem", None), ("empty.pem", Some("")), ("broken.pem", Some(broken))] {
            let path = folder.path().join(name);
            if let Some(content) = content {
                std::fs::write(&path, content).expect("written");
            }
            let mut settings = Settings::new(url::Url::parse("https://127.0.0.1/").expect("a URL"), Secret::from("key"));
            settings.api_ca_file = Some(path);
            let Err(error) = Client::new(&settings) else { panic!("{name} was taken") };
            assert!(error.to_string().starts_with("api_ca_file ") && error.to_string().contains(name), "{error}");
        }
    }
}
