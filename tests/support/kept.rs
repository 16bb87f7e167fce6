//! A connection that callbacks come over, one after the other, as from a provider that keeps it open.
#![allow(dead_code, reason = "each test file uses a part of this")]
#![allow(unreachable_pub, reason = "inside a test program nothing can be reached from outside")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use super::support::stage;

/// The connection.
pub struct Line {
    stream: TcpStream,
    answer: Vec<u8>,
}

impl Line {
    /// Connects.
    pub fn open(to: SocketAddr) -> Self {
        let stream = TcpStream::connect(to).expect("a connection");
        stream.set_nodelay(true).and_then(|()| stream.set_read_timeout(Some(Duration::from_secs(30)))).expect("set");
        Self { stream, answer: Vec::new() }
    }

    /// Calls back and insists on `200`.
    #[track_caller]
    pub fn tell(&mut self, kind: &str, query: &str) {
        let request = format!("GET {} HTTP/1.1\r\nHost: confmod\r\n\r\n", stage::path(kind, query));
        self.stream.write_all(request.as_bytes()).expect("written");
        let mut chunk = [0; 1024];
        self.answer.clear();
        let whole = loop {
            if let Some(whole) = length(&self.answer).filter(|whole| self.answer.len() >= *whole) {
                break whole;
            }
            match self.stream.read(&mut chunk) {
                Ok(read @ 1..) => self.answer.extend_from_slice(&chunk[..read]),
                end => panic!("{kind}?{query}: the connection ended: {end:?}, after {}", self.answer.escape_ascii()),
            }
        };
        assert!(self.answer.starts_with(b"HTTP/1.1 200 ") && self.answer.len() == whole, "{kind}?{query}: {}", self.answer.escape_ascii());
    }
}

/// How long an answer is, once its head is there.
fn length(bytes: &[u8]) -> Option<usize> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
    let body = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok()).unwrap_or(0);
    Some(end + body)
}
