//! A connection that callbacks come over, one after the other, as from a provider that keeps it open.
#![allow(dead_code, reason = "each test file uses a part of this")]
#![allow(unreachable_pub, reason = "inside a test program nothing can be reached from outside")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use super::support::stage;

/// The connection. One that the other side has closed meanwhile is opened anew, as any client does.
pub struct Line {
    to: SocketAddr,
    stream: TcpStream,
    answer: Vec<u8>,
}

impl Line {
    /// Connects.
    pub fn open(to: SocketAddr) -> Self {
        Self { to, stream: connect(to), answer: Vec::new() }
    }

    /// Calls back and insists on `200`.
    #[track_caller]
    pub fn tell(&mut self, kind: &str, query: &str) {
        let request = format!("GET {} HTTP/1.1\r\nHost: confmod\r\n\r\n", stage::path(kind, query));
        let mut whole = self.ask(&request);
        if whole.is_none() && self.answer.is_empty() {
            self.stream = connect(self.to);
            whole = self.ask(&request);
        }
        let fine = self.answer.starts_with(b"HTTP/1.1 200 ") && whole == Some(self.answer.len());
        assert!(fine, "{kind}?{query}: {:?}", self.answer.escape_ascii().to_string());
    }

    /// The length of the answer; none when the connection ended before its end.
    fn ask(&mut self, request: &str) -> Option<usize> {
        self.answer.clear();
        self.stream.write_all(request.as_bytes()).ok()?;
        let mut chunk = [0; 1024];
        loop {
            if let Some(whole) = length(&self.answer).filter(|whole| self.answer.len() >= *whole) {
                return Some(whole);
            }
            let read = self.stream.read(&mut chunk).ok().filter(|read| *read > 0)?;
            self.answer.extend_from_slice(&chunk[..read]);
        }
    }
}

fn connect(to: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(to).expect("a connection");
    stream.set_nodelay(true).and_then(|()| stream.set_read_timeout(Some(Duration::from_secs(30)))).expect("set");
    stream
}

/// How long an answer is, once its head is there.
fn length(bytes: &[u8]) -> Option<usize> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
    let body = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok()).unwrap_or(0);
    Some(end + body)
}
