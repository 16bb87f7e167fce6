//! Several who call back at once, each over a connection that stays open, and what came of each event.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use super::stage;

/// What happens to each call, in this order.
const KINDS: [&str; 4] = ["start", "join", "hand", "leave"];

/// What came of the events that were sent. An event is `kind key`.
#[derive(Debug, Default)]
pub struct Told {
    /// Answered with 200.
    pub answered: Vec<String>,
    /// Answered with 503.
    pub refused: Vec<String>,
    /// Sent, and the connection ended without an answer.
    pub unanswered: Vec<String>,
    /// Answered otherwise, which is a fault.
    pub faults: Vec<String>,
}

/// Threads that send until they are told to stop, or have sent all they should, or cannot connect.
pub struct Senders {
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicUsize>,
    threads: Vec<JoinHandle<Told>>,
}

impl Senders {
    /// So many threads that send up to so many events each. Their keys begin with `name`; `more` is added to each query.
    pub fn start(to: SocketAddr, threads: usize, events: usize, name: &str, more: &str) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let answered = Arc::new(AtomicUsize::new(0));
        let threads = (0..threads).map(|thread| {
            let (stop, answered) = (Arc::clone(&stop), Arc::clone(&answered));
            let (name, more) = (format!("{name}.{thread}"), more.to_owned());
            std::thread::spawn(move || send(to, events, &name, &more, &stop, &answered))
        });
        Self { threads: threads.collect(), stop, answered }
    }

    /// How many events were answered with 200 so far.
    pub fn answered(&self) -> usize {
        self.answered.load(Ordering::SeqCst)
    }

    /// Whether all have ended by themselves.
    pub fn are_done(&self) -> bool {
        self.threads.iter().all(JoinHandle::is_finished)
    }

    /// Lets them end by themselves, and tells what came of all they sent.
    pub fn finish(self) -> Told {
        let mut all = Told::default();
        for thread in self.threads {
            let told = thread.join().expect("a sender that ends");
            all.answered.extend(told.answered);
            all.refused.extend(told.refused);
            all.unanswered.extend(told.unanswered);
            all.faults.extend(told.faults);
        }
        all
    }

    /// Ends them after what they are sending now.
    pub fn stop(self) -> Told {
        self.stop.store(true, Ordering::SeqCst);
        self.finish()
    }
}

fn send(to: SocketAddr, events: usize, name: &str, more: &str, stop: &AtomicBool, answered: &AtomicUsize) -> Told {
    let mut told = Told::default();
    let mut line = None;
    for number in 0..events {
        if stop.load(Ordering::SeqCst) {
            break;
        }
        let (kind, key) = (KINDS[number % KINDS.len()], format!("{name}.{}", number / KINDS.len()));
        let event = format!("{kind} {key}");
        let Some(open) = line.take().or_else(|| connect(to)) else { break };
        let query = format!("key={key}&conference=1122&number=1215{:07}{more}", number / KINDS.len());
        match exchange(open, &stage::path(kind, &query)) {
            Some((status, open)) => {
                line = open;
                match status {
                    200 => {
                        told.answered.push(event);
                        answered.fetch_add(1, Ordering::SeqCst);
                    }
                    503 => told.refused.push(event),
                    status => told.faults.push(format!("{event}: {status}")),
                }
            }
            None => told.unanswered.push(event),
        }
    }
    told
}

fn connect(to: SocketAddr) -> Option<BufReader<TcpStream>> {
    let stream = TcpStream::connect(to).ok()?;
    stream.set_nodelay(true).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(60))).ok()?;
    Some(BufReader::new(stream))
}

/// One request and its answer: the status, and the connection where it stays open. None without a whole answer.
fn exchange(mut line: BufReader<TcpStream>, path: &str) -> Option<(u16, Option<BufReader<TcpStream>>)> {
    line.get_mut().write_all(format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n").as_bytes()).ok()?;
    let mut next = || {
        let mut text = String::new();
        line.read_line(&mut text).ok().filter(|read| *read > 0)?;
        Some(text.trim_end().to_ascii_lowercase())
    };
    let status = next()?.split(' ').nth(1)?.parse().ok()?;
    let (mut length, mut closes) = (0, false);
    loop {
        let field = next()?;
        if field.is_empty() {
            break;
        }
        if let Some(value) = field.strip_prefix("content-length: ") {
            length = value.parse().ok()?;
        }
        closes |= field == "connection: close";
    }
    let mut body = vec![0; length];
    line.read_exact(&mut body).ok()?;
    Some((status, (!closes).then_some(line)))
}

/// So many fields of so many bytes to be sent with each event, so that the journal grows quickly.
pub fn padding(fields: usize, bytes: usize) -> String {
    let fields: Vec<_> = (0..fields).map(|field| format!("&field{field}={}", "x".repeat(bytes))).collect();
    fields.concat()
}

/// The callbacks that a journal holds, each with the number of times it is there, and whether the file is sound.
/// Opened as a reader opens it, also beside a running console.
pub fn held(journal: &Path) -> BTreeMap<String, i64> {
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY | rusqlite::OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = rusqlite::Connection::open_with_flags(journal, flags).expect("a journal");
    let sound: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("an integrity check");
    assert_eq!(sound, "ok", "{}", journal.display());
    let (first, last, rows): (i64, i64, i64) = connection
        .query_row("SELECT coalesce(min(seq), 1), coalesce(max(seq), 0), count(*) FROM event", [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .expect("places");
    assert_eq!((first, last), (1, rows), "places without a gap");
    let mut select = connection.prepare("SELECT kind, call, count(*) FROM event WHERE call IS NOT NULL GROUP BY 1, 2").expect("a query");
    let rows = select.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, i64>(2)?)));
    let kind = |kind: &str| KINDS.into_iter().find(|word| *word == kind || stored(word) == kind);
    let mut found = BTreeMap::new();
    for row in rows.expect("rows") {
        let (stored, call, count) = row.expect("a row");
        if let Some(kind) = kind(&stored) {
            found.insert(format!("{kind} {call}"), count);
        }
    }
    found
}

/// The word that a journal has for a kind of callback.
fn stored(kind: &str) -> &'static str {
    match kind {
        "start" => "started",
        "join" => "joined",
        "leave" => "left",
        _ => "hand",
    }
}
