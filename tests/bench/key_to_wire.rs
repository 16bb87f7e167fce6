//! How long it takes from a key to the last byte of the request at the provider.
//!
//! Once inside the process, from the ask's append on: journal, dispatch and bridge. Once outside, from the byte
//! in a pseudo-terminal on: the whole program. The provider is asked over TLS on a connection that is open.
#![allow(clippy::expect_used, clippy::panic, reason = "a benchmark that cannot run is to say so and end")]

mod harness;
#[path = "../support/mod.rs"]
mod support;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use confmod::bridge::anveo::{Anveo, Settings as AnveoSettings};
use confmod::conference::event::{Arrival, Ask, Cause, Seq, What};
use confmod::conference::{Action, CallKey};
use confmod::config::{Config, Secret};
use confmod::dispatch::{self, Dispatch};
use confmod::journal::now;
use confmod::journal::sqlite::Sqlite;
use confmod::journal::{Draft, Feed, Journal};
use confmod::phone::Number;
use harness::{Appended, Goal, ROUNDS, Series, Table, Unit, directory, in_turn, quantile};
use portable_pty::{MasterPty, PtySize, native_pty_system};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use support::home::Home;
use support::pty::{Console, Setup};
use support::senders::Senders;
use support::stage::TOKEN;
use tokio::runtime::Runtime;

/// Asks in one round; the first opens the connection and is not counted.
const ASKS: usize = 100;
/// Key presses in one round, and what is measured beside each of them.
const PRESSES: usize = 40;
/// Processes in one round.
const PROCESSES: usize = 20;
/// Key presses in one round whose slowest are looked at.
const MANY_PRESSES: usize = 200;
/// Connections that callbacks come over without a pause.
const FLOOD: usize = 64;

const KEY: &str = "12312345";
const XML: &str = "application/xml; charset=UTF-8";

fn main() {
    let directory = directory();
    let provider = Provider::start(directory.path());
    let mut table = Table::new("key_to_wire: until the provider has the whole request");

    let mut inside = Inside::start(directory.path(), &provider);
    let mut bare = Bare::start(directory.path(), &provider);
    table.pair(&alternately(
        ("an ask appended: journal, dispatch, bridge", ASKS, |turn| inside.ask(&provider, turn)),
        ("one append and fdatasync, then one warm POST", |_| bare.ask(&provider)),
    ));
    drop(inside);

    let mut outside = Outside::start(directory.path(), &provider);
    let pressed = alternately(
        ("a key pressed in a terminal: the whole program", PRESSES, |turn| outside.press(&provider, turn)),
        ("one append and fdatasync, then one warm POST", |_| bare.ask(&provider)),
    );
    table.goal(&pressed, Goal::AtMost(1.3));
    let mut waiting = Waiting::start(bare);
    table.pair(&alternately(
        ("a key pressed in a terminal: the whole program", PRESSES, |turn| outside.press(&provider, turn)),
        ("a key pressed in a terminal, that append and that POST", |_| waiting.press(&provider)),
    ));
    if has_curl() {
        let processes = in_turn(
            ("a curl process with the same POST", || median(PROCESSES, |_| curl(&provider))),
            ("a key pressed in a terminal: the whole program", || median(PROCESSES, |turn| outside.press(&provider, turn))),
            Unit::Time,
        );
        table.goal(&processes, Goal::AtLeast(10.0));
    } else {
        table.remark("left out: a curl process with the same POST (there is no curl)");
    }
    table.goal(&flooded(&mut outside, &provider), Goal::AtMost(3.0));
    table.print();
}

/// Measures two things one after the other, again and again: what slows the disk for a moment slows both.
fn alternately(this: (&str, usize, impl FnMut(usize) -> Duration), beside: (&str, impl FnMut(usize) -> Duration)) -> [Series; 2] {
    let (name, times, mut measure) = this;
    let (name_beside, mut measure_beside) = beside;
    let [mut one, mut other] = [name, name_beside].map(|name| Series::new(name, Unit::Time));
    for _ in 0..ROUNDS {
        let (mut taken, mut beside): (Vec<_>, Vec<_>) = (0..=times).map(|turn| (measure(turn), measure_beside(turn))).skip(1).unzip();
        one.add(quantile(&mut taken, 0.5));
        other.add(quantile(&mut beside, 0.5));
    }
    [one, other]
}

/// The slowest of a hundred presses, while callbacks flood in and while none comes.
fn flooded(outside: &mut Outside, provider: &Provider) -> [Series; 2] {
    let names = ["p99 of a key pressed, 64 connections flooding callbacks", "p99 of a key pressed, nothing else going on"];
    let [mut flooded, mut idle] = names.map(|name| Series::new(name, Unit::Time));
    let slowest = |outside: &mut Outside| {
        let mut taken: Vec<_> = (0..MANY_PRESSES).map(|turn| outside.press(provider, turn)).collect();
        quantile(&mut taken, 0.99)
    };
    for round in 0..ROUNDS {
        let senders = Senders::start(outside.listener, FLOOD, usize::MAX, &format!("flood{round}"), "&CONFERENCE.NUMBER=1122");
        flooded.add(slowest(outside));
        senders.stop();
        idle.add(slowest(outside));
    }
    [flooded, idle]
}

/// Takes `times` times, without the first.
fn median(times: usize, mut one: impl FnMut(usize) -> Duration) -> f64 {
    let mut taken: Vec<Duration> = (0..=times).map(&mut one).skip(1).collect();
    quantile(&mut taken, 0.5)
}

/// Journal, dispatch and bridge, as the console has them.
struct Inside {
    runtime: Runtime,
    journal: Arc<Sqlite>,
    feed: Feed,
    _dispatch: Dispatch,
}

impl Inside {
    fn start(directory: &Path, provider: &Provider) -> Self {
        let journal = Arc::new(Sqlite::open(&directory.join("inside.sqlite"), "a benchmark").expect("a journal"));
        let url = url::Url::parse(&provider.url()).expect("a URL");
        let trusted =
            AnveoSettings { api_ca_file: Some(provider.authority.clone()), ..AnveoSettings::new(url, Secret::from("a-user-key")) };
        let bridge = Anveo::new(trusted).expect("a bridge");
        let settings = dispatch::Settings { clock: Arc::new(now), ..dispatch::Settings::from_config(&Config::default()) };
        let dispatch = Dispatch::start(Arc::clone(&journal) as _, bridge, settings).expect("dispatch");
        let feed = journal.subscribe(Seq(0));
        let runtime = runtime();
        let joined = Arrival {
            call: CallKey::new(KEY),
            conference: Some("1122".into()),
            number: Number::from_digits("12157010680"),
            instead: None,
            name: None,
            called: None,
            others: None,
            hand: false,
        };
        runtime.block_on(journal.append(Draft::new(now(), What::Joined(joined))).durable()).expect("an append");
        Self { runtime, journal, feed, _dispatch: dispatch }
    }

    fn ask(&mut self, provider: &Provider, turn: usize) -> Duration {
        let ask = Ask {
            action: if turn.is_multiple_of(2) { Action::Mute } else { Action::Unmute },
            call: CallKey::new(KEY),
            conference: "1122".into(),
            number: "12157010680".into(),
            by: "a benchmark".into(),
            cause: Cause::Key,
            rule: None,
            joined: now(),
        };
        let draft = Draft::new(now(), What::Asked(ask));
        let began = Instant::now();
        let receipt = self.journal.append(draft);
        let arrived = provider.next();
        let seq = self.runtime.block_on(receipt.durable()).expect("an append");
        self.answered(seq);
        arrived - began
    }

    /// Waits until the answer is written down: one ask at a time.
    fn answered(&mut self, ask: Seq) {
        loop {
            let events = self.runtime.block_on(self.feed.next()).expect("an open journal").expect("a readable journal");
            if events.iter().any(|event| matches!(&event.what, What::Answered(answer) if answer.ask == ask)) {
                return;
            }
        }
    }
}

/// The least that does the same: bytes on disk, then a POST on a connection that is open.
struct Bare {
    runtime: Runtime,
    client: reqwest::Client,
    url: String,
    file: Appended,
}

impl Bare {
    fn start(directory: &Path, provider: &Provider) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(&provider.authority).expect("a certificate")).expect("an authority");
        let ring = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(ring).with_safe_default_protocol_versions().expect("versions");
        let tls = tls.with_root_certificates(roots).with_no_client_auth();
        let client = reqwest::Client::builder().no_proxy().tcp_nodelay(true).tls_backend_preconfigured(tls).http1_only();
        let client = client.build().expect("a client");
        Self { runtime: runtime(), client, url: provider.url(), file: Appended::new(directory) }
    }

    fn ask(&mut self, provider: &Provider) -> Duration {
        let began = Instant::now();
        self.send();
        provider.next() - began
    }

    fn send(&mut self) {
        self.file.append(BODY.as_bytes());
        let request = self.client.post(self.url.clone()).header("Content-Type", XML).header("Accept", XML).body(BODY);
        self.runtime.block_on(async { request.send().await.expect("an answer").bytes().await.expect("all of it") });
    }
}

/// The least that does it for a key: a thread that waits for one on a pseudo-terminal.
struct Waiting {
    keys: Box<dyn std::io::Write + Send>,
    answered: Receiver<()>,
    _terminal: Box<dyn MasterPty + Send>,
}

impl Waiting {
    fn start(mut bare: Bare) -> Self {
        let terminal = native_pty_system().openpty(PtySize::default()).expect("a pseudo-terminal").master;
        let mut inside = std::fs::File::open(terminal.tty_name().expect("its name")).expect("its other side");
        let mut modes = tcgetattr(&inside).expect("its modes");
        modes.make_raw();
        tcsetattr(&inside, OptionalActions::Now, &modes).expect("keys as they come");
        let (tell, answered) = channel();
        std::thread::spawn(move || {
            while let Ok(1) = inside.read(&mut [0]) {
                bare.send();
                if tell.send(()).is_err() {
                    return;
                }
            }
        });
        Self { keys: terminal.take_writer().expect("its keys"), answered, _terminal: terminal }
    }

    fn press(&mut self, provider: &Provider) -> Duration {
        let began = Instant::now();
        self.keys.write_all(b"m").expect("a key");
        let arrived = provider.next();
        self.answered.recv().expect("an answer");
        arrived - began
    }
}

/// What the program sends, for those that stand beside it.
const BODY: &str = "<?xml version=\"1.0\" standalone=\"no\" ?><REQUEST><USERTOKEN><USERKEY>a-user-key</USERKEY></USERTOKEN>\
    <ACTION NAME=\"CALLFLOW.INSTANCE.CONFERENCE.ACTION\"><PARAMETER NAME=\"CALLFLOW.INSTANCE.KEY\">12312345</PARAMETER>\
    <PARAMETER NAME=\"CONFERENCE.NUMBER\">1122</PARAMETER><PARAMETER NAME=\"E164\">12157010680</PARAMETER>\
    <PARAMETER NAME=\"CONFERENCE.ACTION\">MUTE</PARAMETER></ACTION></REQUEST>";

/// The program in a pseudo-terminal, with one caller in.
struct Outside {
    console: Console,
    listener: SocketAddr,
    _home: Home,
}

impl Outside {
    fn start(directory: &Path, provider: &Provider) -> Self {
        let home = Home::new();
        home.configure(&format!("api_ca_file = \"{}\"", provider.authority.display()));
        // Free a moment ago; chosen here, because a join needs it.
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|socket| socket.local_addr()).expect("a port");
        let console = Setup::new(support::confmod(), &home)
            .env("CONFMOD_USERKEY", "a-user-key")
            .env("CONFMOD_API_URL", provider.url())
            .env("CONFMOD_LISTEN", address.to_string())
            .env("CONFMOD_CALLBACK_TOKEN", TOKEN)
            .env("CONFMOD_JOURNAL", directory.join("outside.sqlite"))
            .start();
        console.wait_for_text(&address.to_string());
        let join = format!("/callback/{TOKEN}/join?key={KEY}&E164=12157010680&CONFERENCE.NUMBER=1122&CALLERNAME=Ada");
        assert_eq!(support::http::get(address, &join).status, 200);
        console.wait_for_row("Ada", "open");
        Self { console, listener: address, _home: home }
    }

    fn press(&mut self, provider: &Provider, turn: usize) -> Duration {
        let (key, word) = if turn.is_multiple_of(2) { ("m", "muted") } else { ("u", "open") };
        let began = Instant::now();
        self.console.send_keys(key);
        let arrived = provider.next();
        self.console.wait_for_row("Ada", word);
        arrived - began
    }
}

fn has_curl() -> bool {
    Command::new("curl").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

fn curl(provider: &Provider) -> Duration {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--noproxy", "*", "-H", &format!("Content-Type: {XML}"), "-H", &format!("Accept: {XML}")])
        .arg("--cacert")
        .arg(&provider.authority)
        .args(["--data-binary", BODY, &provider.url()])
        .stdout(Stdio::null());
    let began = Instant::now();
    assert!(curl.status().expect("curl").success(), "curl was not answered");
    provider.next() - began
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// A provider that says when a request was there to its last byte, and answers `SUCCESS`.
struct Provider {
    address: SocketAddr,
    arrivals: Receiver<Instant>,
    /// The certificate to trust, as a file.
    authority: PathBuf,
}

impl Provider {
    fn start(directory: &Path) -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("an authority");
        let authority = directory.join("authority.pem");
        std::fs::write(&authority, issuer.pem()).expect("a file");
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("parameters");
        // One that is named as its authority is taken for signed by itself.
        params.distinguished_name.push(DnType::CommonName, "a provider");
        let certificate = params.signed_by(&key, &issuer).expect("a certificate").der().clone();
        let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
        let ring = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ServerConfig::builder_with_provider(ring).with_safe_default_protocol_versions().expect("versions");
        let tls = Arc::new(tls.with_no_client_auth().with_single_cert(vec![certificate], key).expect("a server"));
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let address = socket.local_addr().expect("its address");
        let (sender, arrivals) = channel();
        std::thread::spawn(move || {
            for stream in socket.incoming().flatten() {
                let (sender, tls) = (sender.clone(), ServerConnection::new(Arc::clone(&tls)).expect("a connection"));
                let _ = stream.set_nodelay(true);
                std::thread::spawn(move || answer_all(StreamOwned::new(tls, stream), &sender));
            }
        });
        Self { address, arrivals, authority }
    }

    fn url(&self) -> String {
        format!("https://{}/api/v3.asp", self.address)
    }

    /// When the next request had arrived.
    fn next(&self) -> Instant {
        self.arrivals.recv_timeout(Duration::from_secs(10)).expect("a request within ten seconds")
    }
}

fn answer_all(stream: StreamOwned<ServerConnection, TcpStream>, arrivals: &Sender<Instant>) {
    let mut reader = BufReader::new(stream);
    let answer = "<RESPONSE><RESULT>SUCCESS</RESULT></RESPONSE>";
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Type: {XML}\r\nContent-Length: {}\r\n\r\n{answer}", answer.len());
    loop {
        let (mut line, mut length) = (String::new(), 0);
        while line != "\r\n" {
            line.clear();
            if !reader.read_line(&mut line).is_ok_and(|read| read > 0) {
                return;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().expect("a length");
            }
        }
        let mut body = vec![0; length];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        // The measuring side may be gone.
        let _ = arrivals.send(Instant::now());
        let stream = reader.get_mut();
        if stream.write_all(answer.as_bytes()).and_then(|()| stream.flush()).is_err() {
            return;
        }
    }
}
