//! Attacks that come again and again until their time is over.

use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use super::attack::{Field, Outcome, pour, rest, side_by_side, statuses};
use super::support::stage::path;

/// A body of which nobody wants the end.
const MUCH: usize = 100_000_000;

/// The most of such a body that may be taken: the kernel's buffers on both sides, and what is read for politeness.
const TAKEN: u64 = 24 << 20;

/// Bodies of 100 MB, announced and in chunks of every kind, with and without the token.
pub fn bodies(field: &Field) -> Outcome {
    let good = path("join", "key=evil-body&conference=1122");
    let wrong = "/callback/wrong/join?key=evil-body".to_owned();
    let announced = format!("Content-Length: {MUCH}\r\n\r\n");
    let chunked = "Transfer-Encoding: chunked\r\n\r\n".to_owned();
    let cases = [
        (&good, announced.clone(), b"x".to_vec()),
        (&wrong, announced, b"x".to_vec()),
        (&good, format!("{chunked}{MUCH:x}\r\n"), b"x".to_vec()),
        (&good, chunked.clone(), b"1\r\nx\r\n".to_vec()),
        (&wrong, chunked.clone(), b"1\r\nx\r\n".to_vec()),
        (&good, format!("{chunked}1"), b";extension=more".to_vec()),
        (&good, chunked.clone(), b"0".to_vec()),
        (&good, format!("{chunked}0\r\n"), b"Trailer: more\r\n".to_vec()),
    ];
    let parts = cases.into_iter().map(|(target, head, piece)| {
        let head = format!("POST {target} HTTP/1.1\r\nHost: x\r\n{head}");
        Box::new(move || again_and_again(field, |stream| send_much(stream, head.as_bytes(), &piece))) as Box<dyn FnOnce() -> Outcome + Send>
    });
    let mut outcome = side_by_side(parts.collect()).only(&[0, 400, 403, 408, 413]);
    if outcome.bytes / outcome.connections.max(1) as u64 > TAKEN {
        outcome.faults.push(format!("{} bytes were taken of {} bodies", outcome.bytes, outcome.connections));
    }
    outcome
}

fn send_much(stream: &TcpStream, head: &[u8], piece: &[u8]) -> u64 {
    let pieces = piece.repeat(65_536 / piece.len());
    let (mut sent, mut goes_on) = pour(stream, head);
    while goes_on && sent < MUCH as u64 {
        let (more, taken) = pour(stream, &pieces);
        (sent, goes_on) = (sent + more, taken);
    }
    sent
}

/// Request lines and headers of 1 MB, and 100,000 header lines.
pub fn heads(field: &Field) -> Outcome {
    let target = path("join", "key=evil-head&conference=1122");
    let requests = [
        format!("GET {target}&x={} HTTP/1.1\r\nHost: x\r\n\r\n", "x".repeat(1 << 20)),
        format!("GET {target} HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "x".repeat(1 << 20)),
        format!("GET {target} HTTP/1.1\r\nHost: x\r\n{}\r\n", "X: y\r\n".repeat(100_000)),
        format!("GET /{}", "x".repeat(1 << 20)),
    ];
    let parts = requests.iter().map(|request| {
        Box::new(move || again_and_again(field, |stream| pour(stream, request.as_bytes()).0)) as Box<dyn FnOnce() -> Outcome + Send>
    });
    side_by_side(parts.collect()).only(&[0, 414, 431])
}

/// Makes connections until the time is over, sends something on each and reads until it is closed.
fn again_and_again(field: &Field, send: impl Fn(&TcpStream) -> u64) -> Outcome {
    let mut outcome = Outcome::default();
    // Each kind comes at least once, however short the time is.
    loop {
        let Some(stream) = field.connect() else {
            outcome.faults.push("a connection was not taken".to_owned());
            return outcome;
        };
        outcome.connections += 1;
        outcome.bytes += send(&stream);
        let _ = stream.shutdown(Shutdown::Write);
        match rest(&stream) {
            Some(answer) => outcome.answered(&answer),
            None => outcome.faults.push("a connection was not closed".to_owned()),
        }
        if !field.goes_on() {
            return outcome;
        }
    }
}

/// Requests that somebody sends who does not know the token: up to 64 MB a second from six senders.
pub fn wrong_tokens(field: &Field) -> Outcome {
    let request = |more: &str| {
        let pad = "x".repeat(3_900);
        format!("GET /callback/0123456789abcdef0123456789abcdef/join?key=evil-token HTTP/1.1\r\nHost: x\r\nX-Pad: {pad}\r\n{more}\r\n")
    };
    let (kept, new) = (request("").repeat(16), request("Connection: close\r\n"));
    let parts = (0..6).map(|sender| {
        let (kept, new) = (&kept, &new);
        Box::new(move || if sender < 4 { kept_senders(field, kept.as_bytes()) } else { new_senders(field, new.as_bytes()) })
            as Box<dyn FnOnce() -> Outcome + Send>
    });
    side_by_side(parts.collect()).only(&[0, 403])
}

/// The share of 64 MB a second of one of six senders.
const SHARE: f64 = 64e6 / 6.0;

/// Connections of one sender: as many as the machine has ports for, and no more.
const PORTS: usize = 4_000;

/// One that sends sixteen at a time and then reads the answers to them.
fn kept_senders(field: &Field, blob: &[u8]) -> Outcome {
    let mut outcome = Outcome::default();
    let began = Instant::now();
    'connections: while field.goes_on() && outcome.connections < PORTS {
        let Some(stream) = field.connect() else { break };
        outcome.connections += 1;
        while field.goes_on() {
            let (sent, whole) = pour(&stream, blob);
            outcome.bytes += sent;
            let answers = if whole { some_answers(&stream, 16) } else { rest(&stream).unwrap_or_default() };
            outcome.answered(&answers);
            if statuses(&answers).len() < 16 {
                continue 'connections;
            }
            keep_to_share(began, outcome.bytes);
        }
    }
    outcome
}

fn new_senders(field: &Field, request: &[u8]) -> Outcome {
    let mut outcome = Outcome::default();
    let began = Instant::now();
    while field.goes_on() && outcome.connections < PORTS {
        let Some(stream) = field.connect() else { break };
        outcome.connections += 1;
        outcome.bytes += pour(&stream, request).0;
        outcome.answered(&rest(&stream).unwrap_or_default());
        keep_to_share(began, outcome.bytes);
    }
    outcome
}

fn keep_to_share(began: Instant, bytes: u64) {
    let due = Duration::from_secs_f64(bytes as f64 / SHARE);
    std::thread::sleep(due.saturating_sub(began.elapsed()));
}

/// Reads until there are so many answers, or the connection ends.
fn some_answers(mut stream: &TcpStream, count: usize) -> Vec<u8> {
    use std::io::Read as _;
    let (mut answers, mut buffer) = (Vec::new(), [0; 16_384]);
    // An answer ends with this word and an end of line.
    while String::from_utf8_lossy(&answers).matches("forbidden\n").count() < count {
        match stream.read(&mut buffer) {
            Ok(read @ 1..) => answers.extend_from_slice(&buffer[..read]),
            _ => break,
        }
    }
    answers
}
