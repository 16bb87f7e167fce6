//! Servers with certificates of every wrong kind, which keep whatever they are told.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::support::home::Home;

/// Long enough for any client of these tests, short enough for a thread that nobody waits for.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a server shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shows {
    /// What it should: signed by the authority, for this address, valid now.
    Right,
    /// Signed by itself.
    SelfSigned,
    /// Signed by an authority that nobody trusts.
    Strangers,
    /// For another host.
    OtherHost,
    /// Valid until 2020.
    Expired,
    /// Valid from 2199.
    NotYet,
    /// For clients only.
    ForClients,
}

/// An authority that the test has made up.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("an authority"))
    }

    /// For `api_ca_file`.
    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    fn certificate(&self, shows: Shows) -> (CertificateDer<'static>, KeyPair) {
        let key = KeyPair::generate().expect("a key");
        let host = if shows == Shows::OtherHost { "www.anveo.com" } else { "127.0.0.1" };
        let mut params = CertificateParams::new(vec![host.to_owned()]).expect("parameters");
        match shows {
            Shows::Expired => (params.not_before, params.not_after) = (date_time_ymd(2019, 1, 1), date_time_ymd(2020, 1, 1)),
            Shows::NotYet => (params.not_before, params.not_after) = (date_time_ymd(2199, 1, 1), date_time_ymd(2200, 1, 1)),
            Shows::ForClients => params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth],
            Shows::Right | Shows::SelfSigned | Shows::Strangers | Shows::OtherHost => {}
        }
        let signed = match shows {
            Shows::SelfSigned => params.self_signed(&key),
            Shows::Strangers => params.signed_by(&key, &Self::new().0),
            _ => params.signed_by(&key, &self.0),
        };
        (signed.expect("a certificate").der().clone(), key)
    }
}

/// Has the program trust an authority, beside whatever else it is configured to.
pub(crate) fn trust(home: &Home, authority: &Authority) {
    let folder = home.join("config/confmod");
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join("ca.pem"), authority.pem()).expect("a file");
    let file = folder.join("config.toml");
    let before = fs::read_to_string(&file).unwrap_or_default();
    fs::write(&file, format!("api_ca_file = \"ca.pem\"\n{before}")).expect("a file");
}

/// The answer of a provider that does what it is asked.
pub(crate) fn success() -> String {
    let body = "<RESPONSE>\n  <RESULT>SUCCESS</RESULT>\n</RESPONSE>\n";
    format!("HTTP/1.1 200 OK\r\nContent-Type: application/xml; charset=UTF-8\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

/// A server over TLS that answers every request the same.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    told: Arc<Mutex<Told>>,
}

/// What came in.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told {
    /// Connections.
    pub(crate) connections: usize,
    /// Requests, decrypted.
    pub(crate) requests: Vec<String>,
}

impl Server {
    pub(crate) fn start(authority: &Authority, shows: Shows, answer: &str) -> Self {
        let (certificate, key) = authority.certificate(shows);
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate], PrivateKeyDer::try_from(key.serialize_der()).expect("a key"))
            .expect("a server");
        let config = Arc::new(config);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let address = listener.local_addr().expect("an address");
        let told = Arc::<Mutex<Told>>::default();
        let (all, answer) = (Arc::clone(&told), answer.to_owned());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                lock(&all).connections += 1;
                let (config, told, answer) = (Arc::clone(&config), Arc::clone(&all), answer.clone());
                std::thread::spawn(move || converse(config, stream, &told, &answer));
            }
        });
        Self { address, told }
    }

    pub(crate) fn url(&self) -> String {
        format!("https://{}/api/v3.asp", self.address)
    }

    pub(crate) fn told(&self) -> Told {
        lock(&self.told).clone()
    }
}

fn lock(told: &Mutex<Told>) -> std::sync::MutexGuard<'_, Told> {
    told.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes requests until the other side has enough.
fn converse(config: Arc<ServerConfig>, stream: TcpStream, told: &Mutex<Told>, answer: &str) {
    let _ = stream.set_read_timeout(Some(PATIENCE));
    let Ok(connection) = ServerConnection::new(config) else { return };
    let mut stream = StreamOwned::new(connection, stream);
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(read @ 1..) = stream.read(&mut buffer) {
        bytes.extend_from_slice(&buffer[..read]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
        if body.len() >= length {
            lock(told).requests.push(text);
            bytes.clear();
            if stream.write_all(answer.as_bytes()).and_then(|()| stream.flush()).is_err() {
                return;
            }
        }
    }
    // Bytes that are no whole request are told, too.
    if !bytes.is_empty() {
        lock(told).requests.push(String::from_utf8_lossy(&bytes).into_owned());
    }
}

/// A port on which nobody should ever knock.
pub(crate) struct Trap {
    pub(crate) address: SocketAddr,
    knocked: Arc<Mutex<usize>>,
}

impl Trap {
    pub(crate) fn set() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let address = listener.local_addr().expect("an address");
        let knocked = Arc::<Mutex<usize>>::default();
        let count = Arc::clone(&knocked);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                *count.lock().unwrap_or_else(PoisonError::into_inner) += 1;
                drop(stream);
            }
        });
        Self { address, knocked }
    }

    pub(crate) fn knocked(&self) -> usize {
        *self.knocked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
