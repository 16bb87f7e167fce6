//! A flood of callbacks from several senders, which does not mind that the program ends in the middle of it.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::support::stage::{Listener, path};

const SENDERS: usize = 3;

/// Calls of each sender; more would say nothing more and fill the list.
const CALLS: usize = 40;

/// The most that a sender sends, and how long.
const MOST: usize = 20_000;
const LONGEST: Duration = Duration::from_secs(30);

/// Several senders, each with a connection of its own.
pub struct Flood {
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicUsize>,
    senders: Vec<JoinHandle<()>>,
}

impl Flood {
    /// Begins, and comes back when each sender has been answered once.
    pub fn over(listener: Listener) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let answered = Arc::new(AtomicUsize::new(0));
        let senders = (0..SENDERS)
            .map(|sender| {
                let (stop, answered) = (Arc::clone(&stop), Arc::clone(&answered));
                std::thread::spawn(move || send(listener, sender, &stop, &answered))
            })
            .collect();
        let flood = Self { stop, answered, senders };
        super::busy::wait(|| flood.answered() > SENDERS, "the flood to begin");
        flood
    }

    /// How many callbacks were answered `200` so far.
    pub fn answered(&self) -> usize {
        self.answered.load(Ordering::SeqCst)
    }

    /// Ends it: how many callbacks were answered `200`.
    pub fn end(mut self) -> usize {
        self.stop.store(true, Ordering::SeqCst);
        for sender in std::mem::take(&mut self.senders) {
            sender.join().expect("a sender");
        }
        self.answered()
    }
}

impl Drop for Flood {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
    }
}

/// The first letters of the keys of all calls of floods.
pub const KEYS: &str = "flood-";

fn send(listener: Listener, sender: usize, stop: &AtomicBool, answered: &AtomicUsize) {
    let began = Instant::now();
    let Ok(mut stream) = TcpStream::connect(listener.address) else { return };
    stream.set_read_timeout(Some(LONGEST)).expect("a time-out");
    for number in 0..MOST {
        if stop.load(Ordering::SeqCst) || began.elapsed() > LONGEST {
            break;
        }
        let (call, turn) = (number % CALLS, number / CALLS);
        let key = format!("{KEYS}{sender}-{call}");
        // Each is news: they come and go, turn by turn.
        let (kind, fields) = match turn % 2 {
            0 => ("join", format!("key={key}&conference=1122&number=1215{sender}{call:06}&name=Caller{call}")),
            _ => ("leave", format!("key={key}")),
        };
        match exchange(&mut stream, &path(kind, &fields)) {
            Some(200) => drop(answered.fetch_add(1, Ordering::SeqCst)),
            // The program has ended.
            None => break,
            Some(_) => {}
        }
    }
}

/// One request and its answer on a connection that stays open; nothing when it did not stay.
fn exchange(stream: &mut TcpStream, path: &str) -> Option<u16> {
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: confmod\r\n\r\n").as_bytes()).ok()?;
    let mut answer = Vec::new();
    let mut buffer = [0; 1024];
    loop {
        let read = stream.read(&mut buffer).ok().filter(|read| *read > 0)?;
        answer.extend_from_slice(&buffer[..read]);
        let text = String::from_utf8_lossy(&answer);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.to_ascii_lowercase().split_once("content-length: ")?.1.lines().next()?.trim().parse().ok()?;
        if body.len() >= length {
            return head.split(' ').nth(1)?.parse().ok();
        }
    }
}
