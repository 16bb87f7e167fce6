//! What a journal on several servers costs beside the one in a file: callbacks a second through one, two and three
//! `confmod serve` on a cluster of three that keeps everything three times, and how long an ask takes from a desk to the provider.
//!
//! Everything shares this machine's cores, the servers too: what more hosts would bring on machines of their own does not show.
#![allow(clippy::expect_used, reason = "a benchmark that cannot run is to say so and end")]
#![allow(dead_code, unreachable_pub, reason = "helpers are shared with other programs")]

#[path = "callback/cores.rs"]
mod cores;
mod harness;
#[path = "callback/load.rs"]
mod load;
#[path = "../support/nats.rs"]
mod nats;
#[path = "../support/tools.rs"]
mod tools;
#[path = "../support/wires.rs"]
mod wires;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use confmod::bridge::anveo::{Anveo, Settings as AnveoSettings};
use confmod::callback::{self, Counts, Guard, Limits, Listener};
use confmod::conference::event::{Arrival, Ask, Cause, Seq, What};
use confmod::conference::{Action, CallKey};
use confmod::config::{Config, Secret};
use confmod::dispatch::{self, Dispatch};
use confmod::journal::nats::{Nats, Part, Settings, Standing};
use confmod::journal::sqlite::Sqlite;
use confmod::journal::{Draft, Feed, Journal, now};
use confmod::phone::Number;
use harness::{ROUNDS, Series, Table, Unit, directory, quantile};
use load::{Crowd, Target, joins};
use nats::Servers;

const TOKEN: &str = "a-callback-token-of-more-than-32-characters";
const KEY: &str = "12312345";

/// Connections in all, however many hosts they go to.
const CONNECTIONS: usize = 66;

/// Asks in one round; the first opens the connection and is not counted.
const ASKS: usize = 60;

fn main() {
    let mut table = Table::new("shared: on a cluster of three, beside the journal in a file");
    if Command::new(nats::PROGRAM).arg("--version").stdout(Stdio::null()).status().is_err() {
        table.remark("left out: all of it (there is no nats-server)");
        table.print();
        return;
    }
    confmod::phone::load_tables();
    let directory = directory();
    callbacks(&mut table, directory.path());
    asks(&mut table, directory.path());
    table.print();
}

fn callbacks(table: &mut Table, directory: &Path) {
    let servers = Servers::three();
    let hosts: Vec<Host> = (0..3).map(|number| Host::start(&directory.join(format!("host{number}")), &servers)).collect();
    let (listener, _journal) = embedded(directory);
    let file = [target(listener.address())];
    for count in 1..=hosts.len() {
        let targets: Vec<Target> = hosts.iter().take(count).map(|host| target(host.callbacks)).collect();
        let name = format!("callbacks on {CONNECTIONS} kept connections, through {count} confmod serve");
        let mut pair = [Series::new(name, Unit::PerSecond), Series::new("the journal in a file, synced", Unit::PerSecond)];
        for _ in 0..ROUNDS {
            pair[0].add(rate(&targets));
            pair[1].add(rate(&file));
        }
        table.pair(&pair);
    }
}

fn target(address: SocketAddr) -> Target {
    Target { address, path: format!("/callback/{TOKEN}/join") }
}

/// Answers a second from all of them together.
fn rate(targets: &[Target]) -> f64 {
    let crowd = Crowd { connections: CONNECTIONS / targets.len(), each_anew: false };
    std::thread::scope(|scope| {
        let loads: Vec<_> = targets.iter().map(|target| scope.spawn(move || joins(target, crowd).per_second)).collect();
        loads.into_iter().map(|load| load.join().expect("a load")).sum()
    })
}

fn embedded(directory: &Path) -> (Listener, Arc<Sqlite>) {
    let journal = Arc::new(Sqlite::open(&directory.join("journal.sqlite"), "a benchmark").expect("a journal"));
    let counts = Arc::new(Counts::default());
    let guard = Guard::new(&Secret::from(TOKEN), None, &[], &[]);
    let router = callback::router(Arc::clone(&journal) as _, guard, None, Arc::clone(&counts), now);
    let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    (callback::start(socket, router, Limits::default(), counts).expect("a listener"), journal)
}

/// A `confmod serve`.
struct Host {
    child: Child,
    callbacks: SocketAddr,
}

impl Host {
    fn start(home: &Path, servers: &Servers) -> Self {
        std::fs::create_dir(home).expect("a home");
        std::fs::write(home.join("config.toml"), "nats_replicas = 3\n").expect("a configuration");
        let mut program = Command::new(env!("CARGO_BIN_EXE_confmod"));
        program.arg("serve").arg("--config").arg(home.join("config.toml")).args(["--nats", &servers.urls()]);
        program.args(["--listen", "127.0.0.1:0", "--metrics", "127.0.0.1:0"]).env("HOME", home).env_remove("XDG_CONFIG_HOME");
        program.env("CONFMOD_USERKEY", "a-user-key").env("CONFMOD_CALLBACK_TOKEN", TOKEN);
        let mut child = program.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().expect("confmod serve");
        let mut lines = BufReader::new(child.stderr.take().expect("its lines")).lines();
        let callbacks = loop {
            let line = lines.next().expect("it serves").expect("text");
            if let Some((_, address)) = line.split_once("serving callbacks=") {
                break address.split(' ').next().unwrap_or_default().parse().expect("an address");
            }
        };
        // Read on, so that it never waits for its reader.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, callbacks }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn asks(table: &mut Table, directory: &Path) {
    let provider = Provider::start();
    let servers = Servers::three();
    let settings = Settings {
        urls: servers.urls().split(',').map(str::to_owned).collect(),
        stream: "confmod".to_owned(),
        creds: None,
        nkey: None,
        ca: None,
        cert: None,
        replicas: 3,
        size: 1 << 30,
        keep: None,
    };
    let host = Arc::new(Nats::open(settings.clone(), Part::Host).expect("a host"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut standing = host.standing();
    runtime.block_on(standing.wait_for(|standing| matches!(standing, Standing::Holds(_)))).expect("it carries out");
    let desk = Arc::new(Nats::open(settings, Part::Desk).expect("a desk"));
    let file = Arc::new(Sqlite::open(&directory.join("asks.sqlite"), "a benchmark").expect("a journal"));
    let shared = Some(Duration::from_secs(60));
    let mut through = Through::start(runtime, desk, host, shared, &provider);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut inside = Through::start(runtime, Arc::clone(&file) as _, file, None, &provider);
    let name = "an ask from a desk through the stream, marked, to the provider";
    let mut pair = [Series::new(name, Unit::Time), Series::new("an ask through the journal in a file", Unit::Time)];
    for _ in 0..ROUNDS {
        for (series, journal) in pair.iter_mut().zip([&mut through, &mut inside]) {
            let mut taken: Vec<Duration> = (0..=ASKS).map(|turn| journal.ask(&provider, turn)).skip(1).collect();
            series.add(quantile(&mut taken, 0.5));
        }
    }
    table.pair(&pair);
}

/// A journal to ask through, and the dispatch behind it.
struct Through {
    runtime: tokio::runtime::Runtime,
    journal: Arc<dyn Journal>,
    feed: Feed,
    _dispatch: Dispatch,
}

impl Through {
    fn start(
        runtime: tokio::runtime::Runtime,
        journal: Arc<dyn Journal>,
        host: Arc<dyn Journal>,
        shared: Option<Duration>,
        provider: &Provider,
    ) -> Self {
        let url = url::Url::parse(&format!("http://{}/api", provider.address)).expect("a URL");
        let bridge = Anveo::new(AnveoSettings::new(url, Secret::from("a-user-key"))).expect("a bridge");
        let settings = dispatch::Settings { shared, ..dispatch::Settings::from_config(&Config::default()) };
        let feed = journal.subscribe(Seq(0));
        let dispatch = Dispatch::start(host, bridge, settings).expect("dispatch");
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
        let began = Instant::now();
        let receipt = self.journal.append(Draft::new(now(), What::Asked(ask)));
        let arrived = provider.arrived.recv_timeout(Duration::from_secs(20)).expect("a request");
        let seq = self.runtime.block_on(receipt.durable()).expect("an append");
        loop {
            let events = self.runtime.block_on(self.feed.next()).expect("an open journal").expect("a readable journal");
            if events.iter().any(|event| matches!(&event.what, What::Answered(answer) if answer.ask == seq)) {
                return arrived - began;
            }
        }
    }
}

/// A provider that says when a request was there to its last byte, and answers `SUCCESS`.
struct Provider {
    address: SocketAddr,
    arrived: Receiver<Instant>,
}

impl Provider {
    fn start() -> Self {
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let address = socket.local_addr().expect("its address");
        let (tell, arrived) = channel();
        std::thread::spawn(move || {
            for stream in socket.incoming().map_while(Result::ok) {
                let tell = tell.clone();
                std::thread::spawn(move || {
                    let mut stream = stream;
                    let mut request = Vec::new();
                    loop {
                        let mut piece = [0; 4096];
                        let read = stream.read(&mut piece).unwrap_or(0);
                        if read == 0 {
                            return;
                        }
                        request.extend_from_slice(&piece[..read]);
                        if request.windows(10).any(|end| end == b"</REQUEST>") {
                            // Whoever measured may have ended.
                            let _ = tell.send(Instant::now());
                            let answer = "<RESPONSE><RESULT>SUCCESS</RESULT></RESPONSE>";
                            let head = "HTTP/1.1 200 OK\r\nContent-Type: application/xml; charset=UTF-8\r\nContent-Length:";
                            write!(stream, "{head} {}\r\n\r\n{answer}", answer.len()).expect("an answer");
                            request.clear();
                        }
                    }
                });
            }
        });
        Self { address, arrived }
    }
}
