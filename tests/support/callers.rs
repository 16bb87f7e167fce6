//! Callers whose callbacks have to get through whatever else goes on: a steady rate, each answer looked at.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::support::stage::path;

/// The pause between two callbacks of one caller: twenty a second.
const PAUSE: Duration = Duration::from_millis(50);

/// The longest that an answer is waited for: longer than any limit of the listener's own.
const PATIENCE: Duration = Duration::from_secs(20);

/// How it went.
#[derive(Debug, Default)]
pub struct Told {
    /// The keys of the calls that got `200`, in their order.
    pub keys: Vec<String>,
    /// The longest that one took, from connecting to the last byte of its answer.
    pub worst: Duration,
    /// How often a kept connection had been closed before the callback was sent or answered, and another was opened.
    pub reopened: usize,
}

/// Callers that go on until they are told to stop.
pub struct Callers {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<Told>>,
}

impl Callers {
    /// One that connects anew for every callback, one that keeps its connection. `tag` is in all their keys.
    pub fn start(to: SocketAddr, tag: &str) -> Self {
        let stop = Arc::<AtomicBool>::default();
        let threads = ["new", "kept"].map(|how| {
            let (stop, prefix) = (Arc::clone(&stop), format!("good-{tag}-{how}"));
            std::thread::spawn(move || call(to, &prefix, how == "kept", &stop))
        });
        Self { stop, threads: threads.into() }
    }

    /// Ends them: what they told. Fails when one of their callbacks was not answered `200`.
    #[track_caller]
    pub fn finish(self) -> Told {
        self.stop.store(true, Ordering::Relaxed);
        self.threads.into_iter().fold(Told::default(), |mut all, thread| {
            let told = thread.join().expect("every good callback is answered");
            all.keys.extend(told.keys);
            all.worst = all.worst.max(told.worst);
            all.reopened += told.reopened;
            all
        })
    }
}

fn call(to: SocketAddr, prefix: &str, keep: bool, stop: &AtomicBool) -> Told {
    let mut told = Told::default();
    let mut kept = None;
    let mut next = Instant::now();
    while !stop.load(Ordering::Relaxed) {
        let key = format!("{prefix}-{}", told.keys.len());
        let began = Instant::now();
        // A kept connection that idles may be closed at any time, also while the callback is on its way. Whoever keeps
        // one has to call again; a connection that was made for this callback has no such excuse.
        let answered = match kept.take() {
            Some(stream) => ask(stream, to, &key, keep).or_else(|| {
                told.reopened += 1;
                ask(connect(to), to, &key, keep)
            }),
            None => ask(connect(to), to, &key, keep),
        };
        let (answer, stream) = answered.unwrap_or_else(|| panic!("{key} got no answer in {:?}", began.elapsed()));
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\nok"), "{key}: {answer}");
        kept = Some(stream).filter(|_| keep);
        told.worst = told.worst.max(began.elapsed());
        told.keys.push(key);
        next = (next + PAUSE).max(Instant::now());
        std::thread::sleep(next - Instant::now());
    }
    told
}

fn connect(to: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect_timeout(&to, PATIENCE).unwrap_or_else(|error| panic!("cannot connect to {to}: {error}"));
    stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
    stream
}

/// Asks and reads one whole answer; none when the connection was closed first.
fn ask(mut stream: TcpStream, to: SocketAddr, key: &str, keep: bool) -> Option<(String, TcpStream)> {
    let connection = if keep { "keep-alive" } else { "close" };
    let target = path("join", &format!("key={key}&conference=1122"));
    stream.write_all(format!("GET {target} HTTP/1.1\r\nHost: {to}\r\nConnection: {connection}\r\n\r\n").as_bytes()).ok()?;
    let (mut answer, mut buffer) = (Vec::new(), [0; 1024]);
    loop {
        let text = String::from_utf8_lossy(&answer);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "))?.parse::<usize>().ok()?;
            if body.len() >= length {
                return Some((text.into_owned(), stream));
            }
        }
        match stream.read(&mut buffer) {
            Ok(read @ 1..) => answer.extend_from_slice(&buffer[..read]),
            _ => return None,
        }
    }
}
