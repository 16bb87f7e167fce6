//! How long a callback takes to its durable `200`, and how many a second there can be.
//!
//! Beside one alone stands the least that durability can cost on this disk; beside many stands the same
//! accept loop with handlers that write nothing down.
#![allow(clippy::expect_used, reason = "a benchmark that cannot run is to say so and end")]

mod harness;

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::Request;
use axum::routing::any;
use confmod::callback::{self, Counts, Guard, Limits, Listener};
use confmod::config::Secret;
use confmod::journal::Journal;
use confmod::journal::now;
use confmod::journal::sqlite::Sqlite;
use harness::{Appended, ROUNDS, Series, Table, Unit, directory, in_turn, median_of, quantile};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

const TOKEN: &str = "a-callback-token-of-more-than-32-characters";

/// Callbacks in one round of one after the other.
const ALONE: usize = 200;

/// Connections at once, and for how long a round of them lasts.
const CONNECTIONS: usize = 64;
const ROUND: Duration = Duration::from_millis(1_500);

fn main() {
    let directory = directory();
    let journal: Arc<dyn Journal> = Arc::new(Sqlite::open(&directory.path().join("journal.sqlite"), "a benchmark").expect("a journal"));
    let ours = start(|counts| callback::router(journal, Guard::new(&Secret::from(TOKEN), None, &[], &[]), None, counts, now));
    let bare = start(|_| Router::new().route("/healthz", any(async || "ok")).fallback(answer_at_once));

    let mut table = Table::new("callback: from the first byte out to the last byte of the 200");
    let mut keys = 0..;
    let mut request = move || request(keys.next().unwrap_or(0));

    let mut client = Client::new(ours.address());
    let mut file = Appended::new(directory.path());
    let mut bytes = request();
    let alone = in_turn(
        ("one callback on a kept connection, durable", || {
            median_of(ALONE, || {
                bytes = request();
                client.ask(&bytes);
            })
        }),
        ("one append and fdatasync of the same bytes", {
            let bytes = self::request(u64::MAX);
            move || median_of(ALONE, || file.append(&bytes))
        }),
        Unit::Time,
    );
    table.pair(&alone);

    let beside = "the same accept loop without journal";
    let pair = |name, unit| [Series::new(name, unit), Series::new(beside, unit)];
    let mut series = [
        pair("callbacks on 64 kept connections, durable", Unit::PerSecond),
        pair("each of them, median", Unit::Time),
        pair("each of them, p99", Unit::Time),
    ];
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    for round in 0..ROUNDS as u64 {
        for (side, listener) in [&ours, &bare].into_iter().enumerate() {
            let mut times = runtime.block_on(crowd(listener.address(), round));
            series[0][side].add(times.len() as f64 / ROUND.as_secs_f64());
            series[1][side].add(quantile(&mut times, 0.5));
            series[2][side].add(quantile(&mut times, 0.99));
        }
    }
    for pair in &series {
        table.pair(pair);
    }
    table.print();
}

/// A listener on a free port with these routes.
fn start(router: impl FnOnce(Arc<Counts>) -> Router) -> Listener {
    let counts = Arc::new(Counts::default());
    let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    callback::start(socket, router(Arc::clone(&counts)), Limits::default(), counts).expect("a listener")
}

/// Looks at what was sent as far as any handler must, and writes nothing down.
async fn answer_at_once(request: Request) -> &'static str {
    let query = request.uri().query().unwrap_or("");
    std::hint::black_box(form_urlencoded::parse(query.as_bytes()).count());
    "ok"
}

/// A join of a call of its own.
fn request(key: u64) -> Vec<u8> {
    format!(
        "GET /callback/{TOKEN}/join?CALLFLOW.INSTANCE.KEY={key:016}&E164=12157010680&CONFERENCE.NUMBER=1122&CALLERNAME=Ada HTTP/1.1\r\n\
         Host: calls.example.org\r\nUser-Agent: benchmark\r\nAccept: */*\r\n\r\n"
    )
    .into_bytes()
}

/// Whether an answer is complete; it must be a `200` with the body `ok`.
fn is_whole(answer: &[u8]) -> bool {
    if !answer.ends_with(b"\r\n\r\nok") {
        return false;
    }
    assert!(answer.starts_with(b"HTTP/1.1 200 "), "{}", answer.escape_ascii());
    true
}

/// A client with one connection.
struct Client(TcpStream);

impl Client {
    fn new(to: SocketAddr) -> Self {
        let stream = TcpStream::connect(to).expect("a connection");
        stream.set_nodelay(true).expect("no delay");
        stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a time-out");
        Self(stream)
    }

    fn ask(&mut self, request: &[u8]) {
        self.0.write_all(request).expect("a request");
        let (mut answer, mut length) = ([0; 1024], 0);
        while !is_whole(&answer[..length]) {
            let read = self.0.read(&mut answer[length..]).expect("an answer");
            assert!(read > 0, "the connection was closed after {}", answer[..length].escape_ascii());
            length += read;
        }
    }
}

/// Every connection asks again as soon as it is answered; the time of each answer that came within the round.
async fn crowd(to: SocketAddr, round: u64) -> Vec<Duration> {
    let mut streams = Vec::new();
    for _ in 0..CONNECTIONS {
        let stream = tokio::net::TcpStream::connect(to).await.expect("a connection");
        stream.set_nodelay(true).expect("no delay");
        streams.push(stream);
    }
    let end = Instant::now() + ROUND;
    let mut tasks = tokio::task::JoinSet::new();
    for (number, mut stream) in streams.into_iter().enumerate() {
        tasks.spawn(async move {
            let mut times = Vec::new();
            for turn in 0.. {
                let bytes = request(((round + 1) * 1_000 + number as u64) * 1_000_000 + turn);
                let began = Instant::now();
                stream.write_all(&bytes).await.expect("a request");
                let (mut answer, mut length) = ([0; 1024], 0);
                while !is_whole(&answer[..length]) {
                    let read = stream.read(&mut answer[length..]).await.expect("an answer");
                    assert!(read > 0, "the connection was closed after {}", answer[..length].escape_ascii());
                    length += read;
                }
                if Instant::now() > end {
                    break;
                }
                times.push(began.elapsed());
            }
            times
        });
    }
    tasks.join_all().await.into_iter().flatten().collect()
}
