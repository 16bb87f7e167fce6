//! The bridge against a server that answers byte by byte as it is told.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::*;
use crate::conference::CallKey;

const SUCCESS: &str = "<RESPONSE><RESULT>SUCCESS</RESULT></RESPONSE>";

/// What the server does with one request.
enum Step {
    /// Sends these bytes and keeps the connection.
    Keep(Vec<u8>),
    /// Sends these bytes and ends the connection in order.
    Close(Vec<u8>),
    /// Sends these bytes and breaks the connection.
    Reset(Vec<u8>),
    /// Sends these bytes and then nothing, with the connection open.
    Hang(Vec<u8>),
}

fn answer(status: &str, headers: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n{headers}\r\n{body}", body.len()).into_bytes()
}

fn ok(body: &str) -> Step {
    Step::Keep(answer("200 OK", "Content-Type: application/xml; charset=UTF-8\r\n", body))
}

fn error(words: &str) -> Step {
    ok(&format!("<RESPONSE><ERROR>{words}</ERROR></RESPONSE>"))
}

/// One request as the server saw it.
struct Seen {
    connection: usize,
    head: String,
    body: String,
}

struct Server {
    port: u16,
    seen: mpsc::UnboundedReceiver<Seen>,
}

impl Server {
    async fn start(steps: impl IntoIterator<Item = Step>, tls: Option<tokio_rustls::TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let steps = Arc::new(Mutex::new(steps.into_iter().collect::<VecDeque<_>>()));
        let (sender, seen) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            let mut connection = 0;
            while let Ok((stream, _)) = listener.accept().await {
                connection += 1;
                // Closing then resets; an orderly end is asked for with a shutdown.
                stream.set_zero_linger().expect("linger");
                let (steps, sender, tls) = (steps.clone(), sender.clone(), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => converse(stream, connection, &steps, &sender).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                converse(stream, connection, &steps, &sender).await;
                            }
                        }
                    }
                });
            }
        });
        Self { port, seen }
    }

    fn settings(&self) -> Settings {
        Settings::new(format!("http://127.0.0.1:{}/api/v3.asp?q=geheim", self.port).parse().expect("a URL"), Secret::from("df141889"))
    }

    fn bridge(&self) -> Anveo {
        Anveo::new(self.settings()).unwrap_or_else(|e| panic!("{e}"))
    }

    fn all_seen(&mut self) -> Vec<Seen> {
        std::iter::from_fn(|| self.seen.try_recv().ok()).collect()
    }
}

async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    connection: usize,
    steps: &Mutex<VecDeque<Step>>,
    sender: &mpsc::UnboundedSender<Seen>,
) {
    let mut buffer = Vec::new();
    loop {
        let seen = loop {
            if let Some(at) = buffer.windows(4).position(|w| w == b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&buffer[..at]).into_owned();
                let length = |line: &str| line.to_ascii_lowercase().strip_prefix("content-length: ").map(str::to_owned);
                let length: usize = head.lines().find_map(length).and_then(|l| l.parse().ok()).unwrap_or(0);
                if buffer.len() >= at + 4 + length {
                    let body = String::from_utf8_lossy(&buffer[at + 4..at + 4 + length]).into_owned();
                    buffer.drain(..at + 4 + length);
                    break Seen { connection, head, body };
                }
            }
            if stream.read_buf(&mut buffer).await.unwrap_or(0) == 0 {
                return;
            }
        };
        let _ = sender.send(seen);
        let step = steps.lock().expect("unpoisoned").pop_front();
        match step.expect("a step for every request") {
            Step::Keep(bytes) => stream.write_all(&bytes).await.expect("written"),
            Step::Close(bytes) => {
                stream.write_all(&bytes).await.expect("written");
                let _ = stream.shutdown().await;
                // Until the other side closes too, so that nothing is reset.
                let _ = stream.read_to_end(&mut buffer).await;
                return;
            }
            Step::Reset(bytes) => {
                stream.write_all(&bytes).await.expect("written");
                return;
            }
            Step::Hang(bytes) => {
                stream.write_all(&bytes).await.expect("written");
                let _ = stream.read_to_end(&mut buffer).await;
                return;
            }
        }
    }
}

fn order(action: Action) -> Order {
    Order { action, call: CallKey::new("1231232"), conference: "1122".into(), number: "12157010680".into() }
}

/// What one answer makes of one mute.
async fn verdict(step: Step) -> Result<(), Fault> {
    let server = Server::start([step], None).await;
    let settings = Settings { answer_within: Duration::from_millis(300), ..server.settings() };
    Anveo::new(settings).unwrap_or_else(|e| panic!("{e}")).act(&order(Action::Mute)).await
}

#[tokio::test]
async fn the_request_on_the_wire_is_what_the_provider_documents() {
    let mut server = Server::start([ok(SUCCESS)], None).await;
    assert_eq!(server.bridge().act(&order(Action::Kick)).await, Ok(()));
    let seen = server.seen.recv().await.expect("a request");
    let mut lines = seen.head.lines();
    assert_eq!(lines.next(), Some("POST /api/v3.asp?q=geheim HTTP/1.1"));
    let headers: Vec<&str> = lines.collect();
    for wanted in ["content-type: application/xml; charset=UTF-8", "accept: application/xml; charset=UTF-8"] {
        assert_eq!(headers.iter().filter(|header| **header == wanted).count(), 1, "{headers:?}");
    }
    assert!(!headers.iter().any(|header| header.starts_with("transfer-encoding") || header.starts_with("expect")), "{headers:?}");
    assert!(seen.body.starts_with("<?xml version=\"1.0\" standalone=\"no\" ?><REQUEST><USERTOKEN><USERKEY>df141889</USERKEY>"));
    assert!(seen.body.contains("<ACTION NAME=\"CALLFLOW.INSTANCE.CONFERENCE.ACTION\">"));
    assert!(seen.body.ends_with("<PARAMETER NAME=\"CONFERENCE.ACTION\">KICK</PARAMETER></ACTION></REQUEST>"));
}

#[tokio::test]
async fn a_captured_answer_is_understood() {
    // 200, text/html, chunked, Connection: close.
    let chunked = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html; Charset=utf-8\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n\
         10\r\n{}\r\n{:x}\r\n{}\r\n0\r\n\r\n",
        &SUCCESS[..16],
        SUCCESS.len() - 16,
        &SUCCESS[16..]
    );
    assert_eq!(verdict(Step::Close(chunked.into_bytes())).await, Ok(()));
    let until_close = format!("HTTP/1.1 200 OK\r\n\r\n\u{feff}{SUCCESS}");
    assert_eq!(verdict(Step::Close(until_close.into_bytes())).await, Ok(()));
}

#[tokio::test]
async fn every_failure_is_of_its_kind() {
    let half = format!("HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n{SUCCESS}").into_bytes();
    let huge = format!("<RESPONSE><RESULT>SUCCESS</RESULT><X>{}</X></RESPONSE>", "x".repeat(64 * 1024));
    let cases = [
        ("closed without a word", Step::Close(vec![]), FaultKind::Cut),
        ("reset without a word", Step::Reset(vec![]), FaultKind::Cut),
        ("closed in the head", Step::Close(b"HTTP/1.1 200 OK\r\nConte".to_vec()), FaultKind::Cut),
        ("closed in the body", Step::Close(half.clone()), FaultKind::Cut),
        ("reset in the body", Step::Reset(half.clone()), FaultKind::Cut),
        ("no HTTP", Step::Close(b"220 mail.example.org ESMTP\r\n".to_vec()), FaultKind::Cut),
        ("silence", Step::Hang(vec![]), FaultKind::TimedOut),
        ("silence in the body", Step::Hang(half), FaultKind::TimedOut),
        ("oversized", Step::Keep(answer("200 OK", "", &huge)), FaultKind::NoAnswer),
        ("HTML", Step::Keep(answer("500 Oops", "", "<html>geht nicht</html>")), FaultKind::NoAnswer),
        ("empty", Step::Keep(answer("204 No Content", "", "")), FaultKind::NoAnswer),
        ("half an XML", Step::Close(b"HTTP/1.1 200 OK\r\n\r\n<RESPONSE><RESULT>SUCC".to_vec()), FaultKind::NoAnswer),
        ("429", Step::Keep(answer("429 Slow", "", SUCCESS)), FaultKind::Busy),
        ("503 and hung body", Step::Hang(b"HTTP/1.1 503 Busy\r\nContent-Length: 9\r\n\r\n".to_vec()), FaultKind::Busy),
        ("502", Step::Keep(answer("502 Bad", "", SUCCESS)), FaultKind::Gateway),
        ("504", Step::Keep(answer("504 Late", "", SUCCESS)), FaultKind::Gateway),
        ("refused", error("Invalid user key"), FaultKind::Refused),
        ("refused with a status", Step::Keep(answer("401 No", "", "<RESPONSE><ERROR>no</ERROR></RESPONSE>")), FaultKind::Refused),
    ];
    for (name, step, kind) in cases {
        let fault = verdict(step).await.expect_err(name);
        assert_eq!(fault.kind, kind, "{name}: {fault}");
        assert!(!fault.detail.contains("geheim") && !fault.detail.contains("v3.asp") && !fault.detail.is_empty(), "{name}: {fault}");
    }
}

#[tokio::test]
async fn a_body_of_just_64_kib_is_still_read() {
    let fill = 64 * 1024 - SUCCESS.len();
    assert_eq!(verdict(ok(&format!("{SUCCESS}{}", " ".repeat(fill)))).await, Ok(()));
    let fault = verdict(ok(&format!("{SUCCESS}{}", " ".repeat(fill + 1)))).await.expect_err("too long");
    assert_eq!(fault.kind, FaultKind::NoAnswer);
}

#[tokio::test]
async fn a_wish_to_wait_is_heard() {
    let fault = verdict(Step::Keep(answer("503 Busy", "Retry-After: 3\r\n", ""))).await.expect_err("busy");
    assert_eq!(fault.retry_after, Some(Duration::from_secs(3)));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let mut elsewhere = Server::start([ok(SUCCESS)], None).await;
    let headers = format!("Location: http://127.0.0.1:{}/\r\n", elsewhere.port);
    for status in ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"] {
        let fault = verdict(Step::Keep(answer(status, &headers, ""))).await.expect_err("a redirect");
        assert_eq!(fault.kind, FaultKind::NoAnswer);
        assert!(fault.detail.contains(&status[..3]), "{fault}");
    }
    assert!(elsewhere.all_seen().is_empty());
}

#[tokio::test]
async fn a_closed_port_is_no_connection() {
    let port = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address").port();
    let bridge = Anveo::new(Settings::new(format!("http://127.0.0.1:{port}/?q=geheim").parse().expect("a URL"), Secret::from("key")));
    let bridge = bridge.unwrap_or_else(|e| panic!("{e}"));
    let fault = bridge.act(&order(Action::Mute)).await.expect_err("no connection");
    assert_eq!(bridge.probe().await.expect_err("no connection"), fault);
    assert_eq!(fault.kind, FaultKind::NoConnection);
    assert!(fault.detail.starts_with(&format!("no connection to 127.0.0.1:{port}: ")), "{fault}");
    assert!(!fault.detail.contains("geheim"), "{fault}");
}

#[tokio::test]
async fn mutes_share_a_connection_and_kicks_only_a_fresh_one() {
    let mut server = Server::start((0..4).map(|_| ok(SUCCESS)), None).await;
    let bridge = server.bridge();
    for action in [Action::Mute, Action::Unmute, Action::Kick, Action::Kick] {
        assert_eq!(bridge.act(&order(action)).await, Ok(()));
    }
    let connections: Vec<usize> = server.all_seen().iter().map(|seen| seen.connection).collect();
    assert_eq!(connections, [1, 1, 2, 2], "a kick may follow a kick at once");

    let mut server = Server::start((0..4).map(|_| ok(SUCCESS)), None).await;
    let settings = server.settings();
    assert!(settings.idle_for_kicks < Duration::from_secs(5));
    let bridge = Anveo::new(Settings { idle_for_kicks: Duration::from_nanos(1), ..settings }).unwrap_or_else(|e| panic!("{e}"));
    for action in [Action::Kick, Action::Kick, Action::Mute, Action::Mute] {
        assert_eq!(bridge.act(&order(action)).await, Ok(()));
    }
    let connections: Vec<usize> = server.all_seen().iter().map(|seen| seen.connection).collect();
    assert_eq!(connections, [1, 2, 3, 3], "an idle connection is not used for a kick");
}

#[tokio::test]
async fn a_connection_kept_warm_carries_the_next_mute() {
    let mut server = Server::start(
        [Step::Keep(answer("405 No", "", "")), Step::Keep(answer("503 Busy", "Date: Sun, 22 Nov 2026 10:00:00 GMT\r\n", "")), ok(SUCCESS)],
        None,
    )
    .await;
    let bridge = server.bridge();
    bridge.keep_warm().await;
    let probed = Probed { date: Some("Sun, 22 Nov 2026 10:00:00 GMT".to_owned()), leads_elsewhere: false };
    assert_eq!(bridge.probe().await, Ok(probed), "any answer will do");
    assert_eq!(bridge.act(&order(Action::Mute)).await, Ok(()));
    let seen = server.all_seen();
    assert!(seen[0].head.starts_with("HEAD /api/v3.asp"), "{}", seen[0].head);
    assert!(seen[0].body.is_empty() && !seen[0].head.contains("df141889"));
    assert_eq!(seen.iter().map(|seen| seen.connection).collect::<Vec<_>>(), [1, 1, 1]);
}

/// The names of the action in the requests that came, in order.
fn names(server: &mut Server) -> Vec<String> {
    let name = |seen: Seen| seen.body.split("ACTION NAME=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default().to_owned();
    server.all_seen().into_iter().map(name).collect()
}

#[tokio::test]
async fn an_unknown_action_is_asked_for_by_its_other_name_which_is_remembered() {
    let complaints = ["Unknown action", "ACTION 'X' IS INVALID", "the action was not found", "Action.Name: not  supported"];
    for complaint in complaints {
        for second in [ok(SUCCESS), error("Participant missing")] {
            let accepted = matches!(&second, Step::Keep(bytes) if bytes.ends_with(SUCCESS.as_bytes()));
            let mut server = Server::start([error(complaint), second, ok(SUCCESS)], None).await;
            let bridge = server.bridge();
            let first = bridge.act(&order(Action::Kick)).await;
            assert_eq!(first.map_err(|fault| fault.detail), if accepted { Ok(()) } else { Err("Participant missing".to_owned()) });
            assert_eq!(bridge.act(&order(Action::Kick)).await, Ok(()));
            assert_eq!(names(&mut server), [ACTION_NAME, ACTION_NAME_IN_SAMPLE, ACTION_NAME_IN_SAMPLE], "{complaint}");
        }
    }
}

#[tokio::test]
async fn other_complaints_are_no_matter_of_spelling() {
    for complaint in ["Transaction not found", "Participant not found", "action failed", "not an action that was found", "invalid E164"] {
        let mut server = Server::start([error(complaint)], None).await;
        let fault = server.bridge().act(&order(Action::Mute)).await.expect_err("refused");
        assert_eq!((fault.kind, fault.detail.as_str()), (FaultKind::Refused, complaint));
        assert_eq!(names(&mut server).len(), 1);
    }
}

#[tokio::test]
async fn when_both_names_are_unknown_the_first_answer_counts_and_nothing_is_remembered() {
    let steps = [
        error("Unknown action 1"),
        error("Unknown action 2"),
        error("Unknown action 3"),
        Step::Keep(answer("503 Busy", "", "")),
        ok(SUCCESS),
    ];
    let mut server = Server::start(steps, None).await;
    let bridge = server.bridge();
    let fault = bridge.act(&order(Action::Mute)).await.expect_err("refused");
    assert_eq!(fault.detail, "Unknown action 1");
    let fault = bridge.act(&order(Action::Mute)).await.expect_err("busy");
    assert_eq!(fault.kind, FaultKind::Busy, "the other name has not been tried, so another try is right");
    assert_eq!(bridge.act(&order(Action::Mute)).await, Ok(()));
    let (one, two) = (ACTION_NAME, ACTION_NAME_IN_SAMPLE);
    assert_eq!(names(&mut server), [one, two, one, two, one]);
}

#[tokio::test]
async fn a_configured_name_comes_first() {
    for (configured, other) in [(ACTION_NAME_IN_SAMPLE, ACTION_NAME), ("X.Y", ACTION_NAME)] {
        let mut server = Server::start([error("unknown action"), ok(SUCCESS)], None).await;
        let bridge = Anveo::new(Settings { action_name: configured.to_owned(), ..server.settings() }).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(bridge.act(&order(Action::Mute)).await, Ok(()));
        assert_eq!(names(&mut server), [configured, other]);
    }
}

#[tokio::test]
async fn an_echo_of_the_request_tells_no_secret() {
    let echoes = [
        "<RESPONSE><ERROR>no such key: df141889</ERROR></RESPONSE>".to_owned(),
        "<RESPONSE><ERROR>no such key: df14&#49;889</ERROR></RESPONSE>".to_owned(),
        format!("<html>{}df141889", "x".repeat(70)),
    ];
    for echo in echoes {
        let fault = verdict(ok(&echo)).await.expect_err("no");
        assert!(!fault.detail.contains("df14"), "{fault}");
    }
}

#[tokio::test]
async fn a_secret_that_is_a_word_of_the_answer_changes_no_verdict() {
    for phrase in ["success", "RESPONSE", "result"] {
        let mut server = Server::start([ok(SUCCESS), error("the success of this is in doubt")], None).await;
        let (email, phrase) = (Some(Secret::from("ada@example.org")), Some(Secret::from(phrase)));
        let bridge = Anveo::new(Settings { email, secure_phrase: phrase, ..server.settings() }).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(bridge.act(&order(Action::Mute)).await, Ok(()));
        assert_eq!(bridge.act(&order(Action::Mute)).await.expect_err("refused").kind, FaultKind::Refused);
        assert_eq!(names(&mut server).len(), 2);
    }
}

/// A certificate authority and a server that it vouches for.
fn authority() -> (String, tokio_rustls::TlsAcceptor) {
    let mut params = CertificateParams::new(Vec::new()).expect("parameters");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("an authority");
    let key = KeyPair::generate().expect("a key");
    let leaf = CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("parameters").signed_by(&key, &ca).expect("a certificate");
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], PrivateKeyDer::try_from(key.serialize_der()).expect("a key"))
        .expect("a server");
    (ca.pem(), tokio_rustls::TlsAcceptor::from(Arc::new(config)))
}

#[tokio::test]
async fn only_a_server_with_a_trusted_certificate_gets_the_user_key() {
    let folder = tempfile::tempdir().expect("a folder");
    let (right, acceptor) = authority();
    let (wrong, _) = authority();
    let mut server = Server::start([ok(SUCCESS), ok(SUCCESS)], Some(acceptor)).await;
    for (pem, host, trusted) in [
        (Some(&right), "127.0.0.1", true),
        (Some(&right), "localhost", false),
        (Some(&wrong), "127.0.0.1", false),
        (None, "127.0.0.1", false),
    ] {
        let path = folder.path().join("ca.pem");
        let mut settings = Settings::new(format!("https://{host}:{}/", server.port).parse().expect("a URL"), Secret::from("df141889"));
        settings.api_ca_file = pem.map(|pem| {
            std::fs::write(&path, pem).expect("written");
            path
        });
        let ended = Anveo::new(settings).unwrap_or_else(|e| panic!("{e}")).act(&order(Action::Mute)).await;
        if trusted {
            assert_eq!(ended, Ok(()));
            assert!(server.seen.recv().await.is_some());
        } else {
            let fault = ended.expect_err("not trusted");
            assert_eq!(fault.kind, FaultKind::NoConnection, "{fault}");
            assert!(fault.detail.contains("certificate"), "{fault}");
        }
    }
    assert!(server.all_seen().is_empty());
}

#[tokio::test]
async fn a_handshake_that_never_ends_is_no_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let mut settings = Settings::new(format!("https://127.0.0.1:{port}/").parse().expect("a URL"), Secret::from("df141889"));
    settings.connect_within = Duration::from_millis(100);
    let fault = Anveo::new(settings).unwrap_or_else(|e| panic!("{e}")).act(&order(Action::Mute)).await.expect_err("no handshake");
    assert_eq!((fault.kind, fault.detail), (FaultKind::NoConnection, format!("no connection to 127.0.0.1:{port} within 0.1 s")));
}

#[test]
fn the_bounds_are_those_of_the_product() {
    let settings = Settings::new("https://www.anveo.com/api/v3.asp".parse().expect("a URL"), Secret::from("key"));
    assert_eq!((settings.connect_within, settings.answer_within), (Duration::from_secs(3), Duration::from_secs(8)));
    assert_eq!(settings.action_name, "CALLFLOW.INSTANCE.CONFERENCE.ACTION");
}
