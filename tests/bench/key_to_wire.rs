//! How long it takes from a key to the last byte of the request at the provider.
//!
//! Once inside the process, from the ask's append on: journal, dispatch and bridge. Once outside, from the byte
//! in a pseudo-terminal on: the whole program.
#![allow(clippy::expect_used, clippy::panic, reason = "a benchmark that cannot run is to say so and end")]

mod harness;
#[path = "../support/mod.rs"]
mod support;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
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
use harness::{Appended, Table, Unit, directory, in_turn, quantile};
use support::home::Home;
use support::pty::{Console, Setup};
use tokio::runtime::Runtime;

/// Asks in one round; the first opens the connection and is not counted.
const ASKS: usize = 100;
/// Key presses in one round, and processes beside them.
const PRESSES: usize = 20;

const KEY: &str = "12312345";
const TOKEN: &str = "a-callback-token-of-more-than-32-characters";
const XML: &str = "application/xml; charset=UTF-8";

fn main() {
    let directory = directory();
    let provider = Provider::start();
    let mut table = Table::new("key_to_wire: until the provider has the whole request");

    let mut inside = Inside::start(directory.path(), &provider);
    let mut bare = Bare::start(directory.path());
    table.pair(&in_turn(
        ("an ask appended: journal, dispatch, bridge", || inside.round(&provider)),
        ("one append and fdatasync, then one warm POST", || bare.round(&provider)),
        Unit::Time,
    ));
    drop(inside);

    if has_curl() {
        let mut outside = Outside::start(directory.path(), &provider);
        table.pair(&in_turn(
            ("a key pressed in a terminal: the whole program", || outside.round(&provider)),
            ("a curl process with the same POST", || curl(&provider)),
            Unit::Time,
        ));
    } else {
        table.remark("left out: a key pressed in a terminal, beside a curl process (there is no curl)");
    }
    table.print();
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
        let bridge = Anveo::new(AnveoSettings::new(url, Secret::from("a-user-key"))).expect("a bridge");
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

    fn round(&mut self, provider: &Provider) -> f64 {
        median(ASKS, |turn| {
            let ask = Ask {
                action: if turn % 2 == 0 { Action::Mute } else { Action::Unmute },
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
        })
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
    file: Appended,
}

impl Bare {
    fn start(directory: &Path) -> Self {
        // Fails only when there is one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().tcp_nodelay(true).build().expect("a client");
        Self { runtime: runtime(), client, file: Appended::new(directory) }
    }

    fn round(&mut self, provider: &Provider) -> f64 {
        median(ASKS, |_| {
            let began = Instant::now();
            self.file.append(BODY.as_bytes());
            let request = self.client.post(provider.url()).header("Content-Type", XML).header("Accept", XML).body(BODY);
            self.runtime.block_on(async { request.send().await.expect("an answer").bytes().await.expect("all of it") });
            provider.next() - began
        })
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
    _home: Home,
}

impl Outside {
    fn start(directory: &Path, provider: &Provider) -> Self {
        let home = Home::new();
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
        Self { console, _home: home }
    }

    fn round(&mut self, provider: &Provider) -> f64 {
        median(PRESSES, |turn| {
            let (key, word) = if turn % 2 == 0 { ("m", "muted") } else { ("u", "open") };
            let began = Instant::now();
            self.console.send_keys(key);
            let arrived = provider.next();
            self.console.wait_for_row("Ada", word);
            arrived - began
        })
    }
}

fn has_curl() -> bool {
    Command::new("curl").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

fn curl(provider: &Provider) -> f64 {
    median(PRESSES, |_| {
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--noproxy", "*", "-H", &format!("Content-Type: {XML}"), "-H", &format!("Accept: {XML}")])
            .args(["--data-binary", BODY, &provider.url()])
            .stdout(Stdio::null());
        let began = Instant::now();
        assert!(curl.status().expect("curl").success(), "curl was not answered");
        provider.next() - began
    })
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// A provider that says when a request was there to its last byte, and answers `SUCCESS`.
struct Provider {
    address: SocketAddr,
    arrivals: Receiver<Instant>,
}

impl Provider {
    fn start() -> Self {
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let address = socket.local_addr().expect("its address");
        let (sender, arrivals) = channel();
        std::thread::spawn(move || {
            for stream in socket.incoming().flatten() {
                let sender = sender.clone();
                std::thread::spawn(move || answer_all(&stream, &sender));
            }
        });
        Self { address, arrivals }
    }

    fn url(&self) -> String {
        format!("http://{}/api/v3.asp", self.address)
    }

    /// When the next request had arrived.
    fn next(&self) -> Instant {
        self.arrivals.recv_timeout(Duration::from_secs(10)).expect("a request within ten seconds")
    }
}

fn answer_all(stream: &TcpStream, arrivals: &Sender<Instant>) {
    let _ = stream.set_nodelay(true);
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
        let mut stream = stream;
        if stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}
