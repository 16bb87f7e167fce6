//! Whether callbacks can be taken: the port is free, or a running confmod answers there.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use super::Finding::{self, Fails, Holds, Open};
use crate::text;

/// How long whoever holds the port may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

const RUNNING: &str = "a running confmod";

/// Tries to listen for a moment.
pub(super) fn check(listen: SocketAddr) -> Finding {
    match TcpListener::bind(listen) {
        Ok(_) if listen.port() == 0 => {
            Open("any free one, so the callback URLs change at each start; set listen to an address with a port".to_owned())
        }
        Ok(_) => Holds(format!("{listen} is free")),
        Err(error) if error.kind() == ErrorKind::AddrInUse => taken(listen),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            Fails(format!("{listen} is not for ordinary users ({error}); choose a port from 1024 up with --listen"))
        }
        Err(error) => Fails(format!("{listen} cannot be listened on ({error}); choose an address of this machine with --listen")),
    }
}

/// Whether it was found that a confmod runs there, in whatever state.
pub(super) fn is_running(finding: &Finding) -> bool {
    matches!(finding, Holds(words) | Fails(words) if words.starts_with(RUNNING))
}

fn taken(listen: SocketAddr) -> Finding {
    let other = || Fails(format!("{listen} is taken by another program; stop that one, or choose another port with --listen"));
    let Ok(answer) = healthz(listen) else { return other() };
    let Some((head, body)) = answer.split_once("\r\n\r\n") else { return other() };
    let status = head.split(' ').nth(1).unwrap_or_default();
    match (status, text::clean(body, 200)) {
        ("200", body) if body == "ok" => Holds(format!("{RUNNING} answers on {listen}")),
        ("503", reason) => Fails(format!("{RUNNING} on {listen} takes no callbacks: {reason}; mend that, and start it again")),
        _ => other(),
    }
}

/// Asks whoever holds the port how it is, and gives back the whole answer.
fn healthz(listen: SocketAddr) -> io::Result<String> {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    let until = Instant::now() + PATIENCE;
    let mut stream = TcpStream::connect_timeout(&SocketAddr::new(ip, listen.port()), PATIENCE)?;
    stream.set_write_timeout(Some(PATIENCE))?;
    // In one piece: a server that closes early resets a connection on which more is coming.
    let request = format!("GET /healthz HTTP/1.1\r\nHost: {listen}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    let mut chunk = [0; 1024];
    while answer.len() < 16 * 1024 {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        stream.set_read_timeout(Some(left))?;
        match stream.read(&mut chunk)? {
            0 => break,
            n => answer.extend_from_slice(&chunk[..n]),
        }
    }
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Something on a port that gives everybody the same answer.
    fn answering(answer: &'static str) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("somebody");
            let mut request = [0; 1024];
            let read = stream.read(&mut request).expect("a request");
            assert!(request[..read].starts_with(b"GET /healthz HTTP/1.1\r\n"));
            stream.write_all(answer.as_bytes()).expect("answered");
        });
        address
    }

    #[test]
    fn a_free_port_holds() {
        let address = {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
            listener.local_addr().expect("an address")
        };
        assert_eq!(check(address), Holds(format!("{address} is free")));
        assert!(matches!(check(SocketAddr::from(([127, 0, 0, 1], 0))), Open(_)));
    }

    #[test]
    fn whoever_holds_the_port_is_told_apart() {
        let at = |answer| taken(answering(answer));
        assert!(matches!(at("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"), found if is_running(&found) && matches!(found, Holds(_))));
        let broken = at("HTTP/1.1 503 Service Unavailable\r\n\r\nthe disk is \u{1b}[2Jgone");
        assert!(matches!(broken, Fails(words) if words.contains("the disk is [2Jgone")));
        for other in ["HTTP/1.1 200 OK\r\n\r\n<html>", "HTTP/1.1 404 Not Found\r\n\r\nok", "SSH-2.0-x\r\n", ""] {
            assert!(matches!(at(other), Fails(words) if words.contains("another program") && words.contains("--listen")), "{other}");
        }
    }

    #[test]
    fn an_address_of_another_machine_fails() {
        let elsewhere = SocketAddr::from(([192, 0, 2, 1], 8787));
        assert!(matches!(check(elsewhere), Fails(words) if words.contains("--listen")));
    }
}
