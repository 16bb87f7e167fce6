//! How a callback reaches the listener: a real HTTP client, behind a trait so that a script can be played without one.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use url::Url;

use super::callbacks::Callbacks;
use crate::text;

/// As long as a call flow waits for a web server.
const ANSWER: Duration = Duration::from_secs(10);
const CONNECT: Duration = Duration::from_secs(3);

/// What carries callbacks.
pub(super) trait Line: Send + Sync + 'static {
    /// Waits until somebody listens there; gives up with the reason why nobody does.
    fn reach(&self) -> impl Future<Output = Result<(), String>> + Send;

    /// Makes one GET. Anything but status 200 is an error: the status and the beginning of what was said, never the URL.
    fn get(&self, url: Url) -> impl Future<Output = Result<(), String>> + Send;
}

/// Callbacks over HTTP.
pub(super) struct Http {
    client: reqwest::Client,
    authority: (String, u16),
}

impl Http {
    /// Makes a client for these callbacks. TLS roots are loaded only where they are needed.
    pub(super) fn new(callbacks: &Callbacks) -> Result<Self, String> {
        let mut roots = rustls::RootCertStore::empty();
        if callbacks.is_encrypted() {
            roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        let tls = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| format!("TLS cannot be set up: {error}"))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT)
            .timeout(ANSWER)
            .pool_idle_timeout(Duration::from_secs(5))
            .user_agent("confmod-rehearsal")
            .build()
            .map_err(|error| format!("the HTTP client cannot be set up: {}", causes(error)))?;
        Ok(Self { client, authority: callbacks.authority() })
    }
}

impl Line for Http {
    async fn reach(&self) -> Result<(), String> {
        let (host, port) = &self.authority;
        match tokio::time::timeout(CONNECT, TcpStream::connect((host.as_str(), *port))).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("no connection in time".into()),
        }
    }

    async fn get(&self, url: Url) -> Result<(), String> {
        let response = self.client.get(url).send().await.map_err(causes)?;
        let status = response.status();
        if status == reqwest::StatusCode::OK {
            // Read to the end, so that the connection can be used again.
            return response.bytes().await.map(|_| ()).map_err(causes);
        }
        let said = response.text().await.unwrap_or_default();
        let said = text::clean(&said, 120);
        let hint = if status == reqwest::StatusCode::FORBIDDEN { " (is the token the listener's? `confmod urls` prints it)" } else { "" };
        let said = format!("{said}{hint}");
        Err(if said.is_empty() { format!("status {}", status.as_u16()) } else { format!("status {}: {said}", status.as_u16()) })
    }
}

/// An error with its causes, and without the URL, which holds the token.
fn causes(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut said = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(next) = cause {
        said = format!("{said}: {next}");
        cause = next.source();
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_went_wrong_is_told_without_the_token() {
        // A port that was free a moment ago, and where nobody listens.
        let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port").port();
        let callbacks = Callbacks::parse(&format!("http://127.0.0.1:{port}/callback/s3cret")).expect("a URL");
        let line = Http::new(&callbacks).expect("a client");
        let error = line.get(callbacks.url(super::super::Kind::Join, &[])).await.expect_err("nobody listens");
        assert!(error.to_lowercase().contains("refused") && !error.contains("s3cret"), "{error}");
        assert!(line.reach().await.is_err_and(|error| error.contains("refused")));
    }

    #[test]
    fn a_client_for_https_needs_nothing_from_the_machine() {
        let callbacks = Callbacks::parse("https://example.org/callback/s3cret").expect("a URL");
        assert!(Http::new(&callbacks).is_ok());
    }
}
