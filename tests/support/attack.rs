//! What a slow or hostile client can do to a listener, and what came of it.
//!
//! This front file holds what all attacks share; `siege` has those that hold on to connections, `storm` those
//! that come again and again, `shapes` requests that one program could read as two.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// The longest that the other side is waited for: longer than any limit of the listener's own.
pub const PATIENCE: Duration = Duration::from_secs(25);

/// Where an attack goes, and for how long it comes again.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// The listener.
    pub to: SocketAddr,
    /// When the last new attempt is made. Connections that are held are held until the listener closes them.
    pub until: Instant,
    /// One in so many connections is made of those that an attack has in full.
    pub thinned: usize,
}

impl Field {
    /// Whether there is time for another attempt.
    pub fn goes_on(&self) -> bool {
        Instant::now() < self.until
    }

    /// A connection; none when the listener does not take one in time.
    pub fn connect(&self) -> Option<TcpStream> {
        let stream = TcpStream::connect_timeout(&self.to, PATIENCE).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).ok()?;
        stream.set_write_timeout(Some(PATIENCE)).ok()?;
        Some(stream)
    }
}

/// What came of an attack.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Connections that were made.
    pub connections: usize,
    /// Bytes that the listener, or the kernel for it, took.
    pub bytes: u64,
    /// Answers by their status; 0 stands for connections that were closed without one.
    pub answers: BTreeMap<u16, usize>,
    /// The longest that the listener left a connection open after it was made, or after it was last of use.
    pub longest: Duration,
    /// What must not have happened.
    pub faults: Vec<String>,
}

impl Outcome {
    /// Counts what one connection brought.
    pub fn answered(&mut self, answer: &[u8]) {
        let statuses = statuses(answer);
        if statuses.is_empty() {
            *self.answers.entry(0).or_default() += 1;
        }
        for status in statuses {
            *self.answers.entry(status).or_default() += 1;
        }
    }

    /// Takes up what another part of the same attack brought.
    pub fn add(&mut self, other: Self) {
        self.connections += other.connections;
        self.bytes += other.bytes;
        self.longest = self.longest.max(other.longest);
        self.faults.extend(other.faults);
        for (status, count) in other.answers {
            *self.answers.entry(status).or_default() += count;
        }
    }

    /// Notes a status that must not have been given.
    pub fn only(mut self, allowed: &[u16]) -> Self {
        let wrong = self.answers.keys().filter(|status| !allowed.contains(status));
        let faults: Vec<_> = wrong.map(|status| format!("answered {status}: {:?}", self.answers)).collect();
        self.faults.extend(faults);
        self
    }
}

/// The statuses of all answers in what a connection brought, without those that only say to go on.
pub fn statuses(answer: &[u8]) -> Vec<u16> {
    let text = String::from_utf8_lossy(answer);
    let lines = text.match_indices("HTTP/1.").filter_map(|(at, _)| text.get(at + 9..at + 12)?.parse().ok());
    lines.filter(|status| *status != 100).collect()
}

/// Writes as much as is taken; how many bytes that were.
pub fn pour(mut stream: &TcpStream, bytes: &[u8]) -> (u64, bool) {
    let mut written = 0;
    while written < bytes.len() {
        match stream.write(&bytes[written..]) {
            Ok(0) => return (written as u64, false),
            Ok(more) => written += more,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return (written as u64, false),
        }
    }
    (written as u64, true)
}

/// Reads until the other side closes; none when it does not in time.
pub fn rest(mut stream: &TcpStream) -> Option<Vec<u8>> {
    let mut all = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return Some(all),
            Ok(read) => all.extend_from_slice(&buffer[..read]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => return None,
            // Closed with something unread: a reset.
            Err(_) => return Some(all),
        }
    }
}

/// Whether the other side has closed, found out without reading anything.
pub fn is_closed(stream: &TcpStream) -> bool {
    let mut polled = [PollFd::new(stream, PollFlags::RDHUP)];
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut polled, Some(&now)).is_ok_and(|ready| ready > 0)
        && polled[0].revents().intersects(PollFlags::RDHUP | PollFlags::HUP | PollFlags::ERR)
}

/// Runs parts of one attack side by side and adds up what they brought.
pub fn side_by_side(parts: Vec<Box<dyn FnOnce() -> Outcome + Send + '_>>) -> Outcome {
    std::thread::scope(|scope| {
        let threads: Vec<_> = parts.into_iter().map(|part| scope.spawn(part)).collect();
        threads.into_iter().fold(Outcome::default(), |mut all, thread| {
            all.add(thread.join().expect("an attack runs to its end"));
            all
        })
    })
}
