//! Requests that are none, and requests that two programs could read in two ways.

use std::net::Shutdown;

use super::attack::{Field, Outcome, pour, rest, statuses};
use super::support::stage::path;

/// Bytes that must not be taken as a callback, by name. `{}` stands for a target with the right token; whatever
/// follows a first request in here must not be taken as a second.
const REFUSED: [(&str, &str); 24] = [
    ("TLS", "\u{16}\u{3}\u{1}\u{1}\u{2}\u{1}\0\u{1}~\u{3}\u{3}mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm"),
    ("the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\u{12}\u{4}\0\0\0\0\0"),
    ("noise", "\u{1}\u{2}\u{3}\u{fffd}\u{7f}{}\r\n\r\n"),
    ("no version", "GET {}\r\n\r\n"),
    ("another version", "GET {} HTTP/3.7\r\nHost: x\r\n\r\n"),
    ("CONNECT", "CONNECT example.org:443 HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("CONNECT to a callback", "CONNECT {} HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("an absolute target without the token", "GET http://example.org/callback/wrong/join?key=evil HTTP/1.1\r\nHost: x\r\n\r\n"),
    (
        "an upgrade without the token",
        "GET /callback/wrong/join HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
    ),
    ("both lengths", "POST {} HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET {} HTTP/1.1\r\n\r\n"),
    (
        "both lengths, the other way round",
        "POST {} HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\nGET {} HTTP/1.1\r\n\r\n",
    ),
    ("two lengths", "POST {} HTTP/1.1\r\nContent-Length: 0\r\nContent-Length: 30\r\n\r\nGET {} HTTP/1.1\r\n\r\n"),
    ("the same length twice", "POST {} HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nkey=1"),
    ("a list of lengths", "POST {} HTTP/1.1\r\nContent-Length: 5, 5\r\n\r\nkey=1"),
    ("a length with a sign", "POST {} HTTP/1.1\r\nContent-Length: +5\r\n\r\nkey=1"),
    ("a length that is none", "POST {} HTTP/1.1\r\nContent-Length: 0x5\r\n\r\nkey=1"),
    ("an encoding that is not chunked", "POST {} HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
    ("an encoding before HTTP/1.1", "POST {} HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ("a folded line", "POST {} HTTP/1.1\r\nX: y\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ("a space before the colon", "POST {} HTTP/1.1\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n"),
    ("a bare line feed", "GET {} HTTP/1.1\nHost: x\n\n"),
    ("a bare line feed in a header", "GET {} HTTP/1.1\r\nHost: x\nX: y\r\n\r\n"),
    ("NUL in a header", "GET {} HTTP/1.1\r\nHost: x\0y\r\n\r\n"),
    ("NUL in the target", "GET {}\0 HTTP/1.1\r\nHost: x\r\n\r\n"),
];

/// Odd requests that are callbacks all the same, by name: exactly one each, whatever it is that they would like.
const TAKEN: [(&str, &str); 4] = [
    ("an absolute target", "GET http://example.org{} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
    (
        "a wish for HTTP/2",
        "GET {} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\n\r\n",
    ),
    (
        "a body after a go-ahead",
        "POST {} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\nConnection: close\r\n\r\na=bc",
    ),
    (
        "a body in chunks, and something behind it",
        "POST {} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\na=bc\r\n0\r\n\r\nGET {} HTTP/1.1\r\nHost: x\r\n\r\n",
    ),
];

/// The key of a call that must never be in the journal.
pub const NEVER: &str = "evil-shape";

/// Sends every shape, again and again, and looks at each answer.
pub fn shapes(field: &Field) -> Outcome {
    let (never, odd) = (path("join", &format!("key={NEVER}&conference=1122")), path("join", "key=odd&conference=1122"));
    let mut outcome = Outcome::default();
    loop {
        for (name, shape) in REFUSED {
            let found = send(field, &shape.replace("{}", &never), &mut outcome);
            if found.iter().any(|status| *status < 400) || found.len() > 1 {
                outcome.faults.push(format!("{name} was answered {found:?}"));
            }
        }
        for (name, shape) in TAKEN {
            let found = send(field, &shape.replace("{}", &odd), &mut outcome);
            if found != [200] {
                outcome.faults.push(format!("{name} was answered {found:?}"));
            }
        }
        if !field.goes_on() || !outcome.faults.is_empty() {
            return outcome;
        }
    }
}

fn send(field: &Field, bytes: &str, outcome: &mut Outcome) -> Vec<u16> {
    let Some(stream) = field.connect() else { return vec![] };
    outcome.connections += 1;
    outcome.bytes += pour(&stream, bytes.as_bytes()).0;
    // There is nothing more to come; what waits for more gives up.
    let _ = stream.shutdown(Shutdown::Write);
    let Some(answer) = rest(&stream) else {
        outcome.faults.push(format!("not closed: {}", bytes.escape_debug()));
        return vec![];
    };
    outcome.answered(&answer);
    statuses(&answer)
}
