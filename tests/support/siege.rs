//! Attacks that hold on to connections: they go on until the listener has closed every one of them.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rustix::net::sockopt::{set_socket_linger, set_socket_recv_buffer_size};

use super::attack::{Field, Outcome, PATIENCE, is_closed, pour, rest, side_by_side};
use super::support::stage::{TOKEN, path};

/// 500 connections that never come to a request: silent, half a request line, a head without an end, a body that does not come.
pub fn half_open(field: &Field) -> Outcome {
    let target = path("join", "key=evil-body&conference=1122");
    let openings = [
        String::new(),
        "GET /callback/".to_owned(),
        "GET /callback/wrong/join?key=evil HTTP/1.1\r\nHost: x\r\nX-More: ".to_owned(),
        format!("POST {target} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nkey="),
    ];
    let all: Vec<_> = (0..500 / field.thinned)
        .filter_map(|number| {
            let stream = field.connect()?;
            pour(&stream, openings[number % openings.len()].as_bytes());
            Some((stream, Instant::now()))
        })
        .collect();
    until_closed(all).only(&[0, 408])
}

fn until_closed(all: Vec<(TcpStream, Instant)>) -> Outcome {
    let mut outcome = Outcome { connections: all.len(), ..Outcome::default() };
    let last = Instant::now() + PATIENCE;
    for (stream, since) in all {
        // They are looked at one after the other, and all have the same time.
        let left = last.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
        stream.set_read_timeout(Some(left)).expect("a time-out");
        match rest(&stream) {
            Some(answer) => outcome.answered(&answer),
            None => outcome.faults.push(format!("a connection was still open after {:?}", since.elapsed())),
        }
        outcome.longest = outcome.longest.max(since.elapsed());
    }
    outcome
}

/// 500 connections that send a byte a second, half of them of a head and half of a body, and look as if they were of use.
pub fn byte_a_second(field: &Field) -> Outcome {
    let target = path("join", "key=evil-slow&conference=1122");
    let openings = [
        "GET /callback/wrong/join HTTP/1.1\r\nX: ".to_owned(),
        format!("POST {target} HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n"),
    ];
    let mut open: Vec<_> = (0..500 / field.thinned)
        .filter_map(|number| {
            let stream = field.connect()?;
            pour(&stream, openings[number % 2].as_bytes());
            stream.set_nonblocking(true).ok()?;
            Some((stream, Vec::new(), Instant::now()))
        })
        .collect();
    let mut outcome = Outcome { connections: open.len(), ..Outcome::default() };
    let began = Instant::now();
    for tick in 0_u64.. {
        open.retain_mut(|(stream, answer, since)| {
            if tick.is_multiple_of(10) {
                // Whether it was taken shows when it is read from.
                outcome.bytes += stream.write(b"x").unwrap_or(0) as u64;
            }
            let goes_on = reads_on(stream, answer);
            if !goes_on {
                outcome.longest = outcome.longest.max(since.elapsed());
                outcome.answered(answer);
            }
            goes_on
        });
        if open.is_empty() || began.elapsed() > PATIENCE {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    outcome.faults.extend(open.iter().map(|(_, _, since)| format!("a connection was still open after {:?}", since.elapsed())));
    outcome.only(&[0, 408])
}

/// Reads what is there; false at the end.
fn reads_on(stream: &mut TcpStream, answer: &mut Vec<u8>) -> bool {
    let mut buffer = [0; 1024];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return false,
            Ok(read) => answer.extend_from_slice(&buffer[..read]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return true,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return false,
        }
    }
}

/// 5,000 connections, more at a time than the listener lets in: closed at once, reset, and held beyond the limit of 1,024.
pub fn attempts(field: &Field) -> Outcome {
    let mut outcome = Outcome::default();
    let mut held = std::collections::VecDeque::new();
    for number in 0..5_000 / field.thinned {
        let Some(stream) = field.connect() else {
            outcome.faults.push("a connection was not taken".to_owned());
            break;
        };
        outcome.connections += 1;
        match number % 4 {
            0 => {}
            1 => set_socket_linger(&stream, Some(Duration::ZERO)).expect("a reset instead of an end"),
            _ => held.push_back((stream, Instant::now())),
        }
        if held.len() > 1_300 {
            held.pop_front();
        }
    }
    outcome.add(Outcome { connections: 0, ..until_closed(held.into()) });
    outcome.only(&[0])
}

/// As many connections as there may be, each of which fills every buffer that it gets: a head of the largest size
/// without its last byte, a body of the largest size without its last byte, a head that would never end.
pub fn full_buffers(field: &Field) -> Outcome {
    let line = format!("X: {}\r\n", "x".repeat(8_000));
    let head = format!("GET /callback/wrong/join?{} HTTP/1.1\r\n{line}{line}", "x".repeat(8_000));
    let target = path("join", "key=evil-full&conference=1122");
    let body = format!("POST {target} HTTP/1.1\r\n{line}Content-Length: 65536\r\n\r\n{}", "x".repeat(65_535));
    let endless = format!("{head}{}", line.repeat(125));
    let all: Vec<_> = (0..1_000 / field.thinned)
        .filter_map(|number| {
            let stream = field.connect()?;
            pour(&stream, [&head, &body, &endless][number % 3].as_bytes());
            Some((stream, Instant::now()))
        })
        .collect();
    until_closed(all).only(&[0, 408, 431])
}

/// Clients that send request after request and never read an answer, or read a byte now and then.
pub fn unread_answers(field: &Field) -> Outcome {
    let requests = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").repeat(10_000);
    let blobs = [requests("/healthz"), requests("/callback/wrong/join?key=evil"), requests(&format!("/callback/{TOKEN}/join?key="))];
    let clients = (0..12).map(|number| {
        let (blob, reads) = (&blobs[number % blobs.len()], number % 2 == 1);
        Box::new(move || unread(field, blob.as_bytes(), reads)) as Box<dyn FnOnce() -> Outcome + Send>
    });
    side_by_side(clients.collect())
}

/// One such client: it pushes as long as something is taken, then waits to be closed.
fn unread(field: &Field, blob: &[u8], reads: bool) -> Outcome {
    let Some(mut stream) = field.connect() else { return Outcome::default() };
    set_socket_recv_buffer_size(&stream, 2_048).expect("a small window");
    stream.set_nonblocking(true).expect("no waiting");
    let mut outcome = Outcome { connections: 1, ..Outcome::default() };
    let (mut at, mut pushed) = (0, Instant::now());
    loop {
        let took = stream.write(&blob[at..]).unwrap_or(0);
        if took > 0 {
            (at, pushed) = ((at + took) % blob.len(), Instant::now());
            outcome.bytes += took as u64;
            continue;
        }
        if is_closed(&stream) {
            break;
        }
        if pushed.elapsed() > PATIENCE {
            outcome.faults.push(format!("a client that takes no answers was still connected after {:?}", pushed.elapsed()));
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
        if reads {
            let _ = stream.read(&mut [0; 1]);
        }
    }
    // The window is closed as long as a few bytes are read; what counts is when something was last taken.
    outcome.longest = pushed.elapsed();
    outcome
}
