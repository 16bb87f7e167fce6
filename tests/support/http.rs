//! Plain HTTP clients for callbacks: one on a bare socket, and the `curl` program.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::Duration;

/// An answer, taken apart.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// Header fields in their order, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl Reply {
    /// The first header field of this name (lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }
}

/// GETs a path with query.
#[track_caller]
pub fn get(to: SocketAddr, path: &str) -> Reply {
    ask(to, format!("GET {path} HTTP/1.1\r\nHost: {to}\r\nConnection: close\r\n\r\n").as_bytes())
}

/// POSTs a form, already encoded.
#[track_caller]
pub fn post(to: SocketAddr, path: &str, form: &str) -> Reply {
    let length = form.len();
    let kind = "application/x-www-form-urlencoded";
    let head =
        format!("POST {path} HTTP/1.1\r\nHost: {to}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    ask(to, &[head.as_bytes(), form.as_bytes()].concat())
}

/// Sends bytes as they are and reads one answer.
#[track_caller]
pub fn ask(to: SocketAddr, bytes: &[u8]) -> Reply {
    let answer = raw(to, bytes);
    parse(&answer).unwrap_or_else(|| panic!("no HTTP answer from {to} but {:?}", answer.escape_ascii().to_string()))
}

/// Sends bytes as they are; everything that came back until the other side closed.
#[track_caller]
pub fn raw(to: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(to).unwrap_or_else(|error| panic!("cannot connect to {to}: {error}"));
    stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a time-out");
    // A server that refuses early may close while this is still being written: what it answered counts.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(read @ 1..) = stream.read(&mut buffer) {
        answer.extend_from_slice(&buffer[..read]);
    }
    answer
}

fn parse(answer: &[u8]) -> Option<Reply> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&answer[..end]).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok()?;
    let headers = lines.filter_map(|line| line.split_once(':')).map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()));
    let body = String::from_utf8_lossy(&answer[end + 4..]).into_owned();
    Some(Reply { status, headers: headers.collect(), body })
}

/// Percent-encodes a value for a query or a form; whatever is not a letter or digit.
pub fn encode(value: impl AsRef<[u8]>) -> String {
    value.as_ref().iter().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() {
            out.push(char::from(*byte));
        } else {
            use std::fmt::Write as _;
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

/// Runs the `curl` program with these arguments after the usual quiet ones: status and body.
///
/// Ask `tools::require("curl")` first.
#[track_caller]
pub fn curl(args: &[&str]) -> (u16, String) {
    let output = Command::new("curl")
        .args(["--silent", "--show-error", "--noproxy", "*", "--max-time", "30", "--write-out", "\n%{http_code}"])
        .args(args)
        .output()
        .unwrap_or_else(|error| panic!("cannot run curl: {error}"));
    let text = String::from_utf8_lossy(&output.stdout);
    let (body, status) = text.rsplit_once('\n').unwrap_or(("", &text));
    let status = status.trim().parse().unwrap_or(0);
    assert!(output.status.success(), "curl {args:?} ended with {}: {}{text}", output.status, String::from_utf8_lossy(&output.stderr));
    (status, body.to_owned())
}
