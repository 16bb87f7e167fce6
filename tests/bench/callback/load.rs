//! Callbacks as a call flow sends them, from as many connections as wanted, each asking again as soon as it is answered.

use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::cores;
use super::harness::quantile;

/// How long a round of a crowd lasts.
const ROUND: Duration = Duration::from_millis(1_000);

/// Who is asked, and under which path.
#[derive(Clone)]
pub struct Target {
    pub address: SocketAddr,
    pub path: String,
}

/// How many connections there are at once, and whether each request has one of its own.
#[derive(Clone, Copy)]
pub struct Crowd {
    pub connections: usize,
    pub each_anew: bool,
}

/// How a round went: answers per second, and how long they took in nanoseconds.
pub struct Went {
    pub per_second: f64,
    pub median: f64,
    pub p99: f64,
}

/// The call of a request: never the same twice.
fn next_call() -> u64 {
    static CALLS: AtomicU64 = AtomicU64::new(1);
    CALLS.fetch_add(1, Ordering::Relaxed)
}

/// A join of a call of its own.
pub fn join(target: &Target) -> Vec<u8> {
    request(target, &format!("{:016}", next_call()), "1122", false)
}

/// A callback with all that a call flow sends.
pub fn request(target: &Target, call: &str, conference: &str, is_last: bool) -> Vec<u8> {
    let close = if is_last { "Connection: close\r\n" } else { "" };
    let parts = [
        "GET ",
        &target.path,
        "?CALLFLOW.INSTANCE.KEY=",
        call,
        "&E164=12157010680&CONFERENCE.NUMBER=",
        conference,
        "&CALLERNAME=Ada HTTP/1.1\r\nHost: calls.example.org\r\nUser-Agent: benchmark\r\nAccept: */*\r\n",
        close,
        "\r\n",
    ];
    parts.concat().into_bytes()
}

/// Reads answers off one connection. The load must not cost more than what it is put on.
#[derive(Default)]
struct Reader {
    /// How long the last answer was. The next one is as long.
    expected: usize,
}

impl Reader {
    /// Whether an answer is complete; it must be a `200`.
    fn is_whole(&mut self, answer: &[u8]) -> bool {
        if answer.is_empty() || answer.len() < self.expected {
            return false;
        }
        assert!(answer.starts_with(b"HTTP/1.1 200 "), "{}", answer.escape_ascii());
        if answer.len() != self.expected {
            let Some(length) = whole(answer) else { return false };
            assert_eq!(answer.len(), length, "one answer for one request: {}", answer.escape_ascii());
            self.expected = length;
        }
        true
    }
}

/// How long an answer is with its body; none as long as that is not known or not all there.
fn whole(answer: &[u8]) -> Option<usize> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = answer[..end].to_ascii_lowercase();
    let name = b"content-length: ";
    let at = head.windows(name.len()).position(|part| part == name).expect("an answer that says how long it is") + name.len();
    let digits = head[at..].iter().take_while(|byte| byte.is_ascii_digit());
    let length = end + digits.fold(0, |length, digit| length * 10 + usize::from(digit - b'0'));
    (answer.len() >= length).then_some(length)
}

/// A client with one connection, that waits without doing anything else.
pub struct Client(std::net::TcpStream, Reader);

impl Client {
    pub fn new(to: SocketAddr) -> Self {
        let stream = std::net::TcpStream::connect(to).expect("a connection");
        stream.set_nodelay(true).expect("no delay");
        stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a time-out");
        Self(stream, Reader::default())
    }

    pub fn ask(&mut self, request: &[u8]) {
        self.0.write_all(request).expect("a request");
        let (mut answer, mut length) = ([0; 1024], 0);
        while !self.1.is_whole(&answer[..length]) {
            let read = self.0.read(&mut answer[length..]).expect("an answer");
            assert!(read > 0, "the connection was closed after {}", answer[..length].escape_ascii());
            length += read;
        }
    }
}

/// One round of joins from a crowd.
pub fn joins(target: &Target, crowd: Crowd) -> Went {
    round(target, crowd, move |target| request(target, &format!("{:016}", next_call()), "1122", crowd.each_anew))
}

/// One round of requests from a crowd. What was answered after its end does not count.
pub fn round(target: &Target, crowd: Crowd, make: impl Fn(&Target) -> Vec<u8> + Clone + 'static) -> Went {
    cores::on(cores::LOAD, || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let tasks = tokio::task::LocalSet::new();
        let mut times = tasks.block_on(&runtime, all(target, crowd, make));
        let per_second = times.len() as f64 / ROUND.as_secs_f64();
        Went { per_second, median: quantile(&mut times, 0.5), p99: quantile(&mut times, 0.99) }
    })
}

async fn all(target: &Target, crowd: Crowd, make: impl Fn(&Target) -> Vec<u8> + Clone + 'static) -> Vec<Duration> {
    let mut streams = Vec::new();
    for _ in 0..crowd.connections {
        streams.push(if crowd.each_anew { None } else { Some(connect(target.address).await) });
    }
    let end = Instant::now() + ROUND;
    let mut tasks = tokio::task::JoinSet::new();
    for mut kept in streams {
        let (target, make) = (target.clone(), make.clone());
        tasks.spawn_local(async move {
            let (mut times, mut reader) = (Vec::new(), Reader::default());
            loop {
                let bytes = make(&target);
                let began = Instant::now();
                if let Some(stream) = &mut kept {
                    ask(stream, &mut reader, &bytes).await;
                } else {
                    let mut stream = connect(target.address).await;
                    ask(&mut stream, &mut reader, &bytes).await;
                    let more = stream.read(&mut [0; 1]).await.expect("an orderly end");
                    assert_eq!(more, 0, "the connection was to be closed");
                }
                let now = Instant::now();
                if now > end {
                    return times;
                }
                times.push(now - began);
            }
        });
    }
    tasks.join_all().await.into_iter().flatten().collect()
}

async fn connect(to: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(to).await.expect("a connection");
    stream.set_nodelay(true).expect("no delay");
    stream
}

async fn ask(stream: &mut TcpStream, reader: &mut Reader, request: &[u8]) {
    stream.write_all(request).await.expect("a request");
    let (mut answer, mut length) = ([0; 1024], 0);
    while !reader.is_whole(&answer[..length]) {
        let read = stream.read(&mut answer[length..]).await.expect("an answer");
        assert!(read > 0, "the connection was closed after {}", answer[..length].escape_ascii());
        length += read;
    }
}
