//! What a faulty proxy can do to an exchange, and what it saw of one.
#![allow(unreachable_pub, reason = "inside a test program nothing can be reached from outside")]

use std::time::{Duration, Instant};

/// The end of every answer of the provider's.
pub const LAST_TAG: &[u8] = b"</RESPONSE>";

/// How a connection to the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It does not: the next request may come.
    Keep,
    /// Closed in both directions, with a FIN.
    Close,
    /// A RST.
    Reset,
    /// Closed towards the program; what it sends is still taken.
    Half,
    /// Nothing more ever comes, until the program closes.
    Stall,
}

/// What is done to one exchange.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Nothing.
    None,
    /// The connection ends as soon as it is accepted.
    AtOnce(End),
    /// Only so many bytes of the request reach the provider, and no answer comes back.
    Request(usize, End),
    /// The provider gets the request; of the answer, dressed like this, only so many bytes come back.
    Answer(Dress, usize, End),
    /// The request goes on, and the answer comes back, byte by byte with these pauses.
    Slow(Duration, Duration),
    /// The provider gets the request, and these bytes come back before the answer.
    Before(&'static [u8]),
    /// The answer comes back, and these bytes after it: with it, or so much later.
    After(&'static [u8], Duration),
    /// The provider gets the request; the first bytes come back in the answer's place, then the second for ever, with
    /// this pause.
    Endless(&'static [u8], &'static [u8], Duration),
    /// When so many bytes of the request have come, or all of it for the largest number, these come back and the
    /// connection ends. The provider gets nothing.
    Early(usize, &'static [u8], End),
    /// The provider gets the request and no end of it: half-closed towards it.
    HalfRequest,
}

/// How the provider's answer looks to the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dress {
    /// As the provider sent it.
    Plain,
    /// In chunks of seven bytes.
    Chunked,
    /// Without a length: its end is the connection's.
    Unmeasured,
    /// With a length that is so much longer, or shorter.
    Wrong(i32),
    /// Something else altogether.
    Instead(&'static [u8]),
}

/// One exchange as the proxy saw it: a request of which anything came, or a connection that ended at once.
#[derive(Clone, Debug)]
pub struct Exchange {
    pub fault: Fault,
    /// Connections are counted from 1.
    pub connection: usize,
    /// When the first byte of the request came.
    pub began: Instant,
    /// Stalled connections that the program had not closed when that byte came.
    pub beside: Vec<usize>,
    /// The provider got all of the request.
    pub delivered: bool,
    /// All of what the provider answered came back.
    pub answered: bool,
    /// Everything that was to come back is on its way, also what comes after the answer.
    pub out: bool,
    /// When the program closed the connection, where that was waited for.
    pub closed: Option<Instant>,
}

impl Exchange {
    /// Whether anything was done to it.
    pub fn is_faulty(&self) -> bool {
        !matches!(self.fault, Fault::None)
    }

    /// Whether the program may know that nothing was done: the provider is busy, or no connection came about.
    pub fn may_be_known_to_do_nothing(&self) -> bool {
        match self.fault {
            Fault::Early(_, words, _) => words.starts_with(b"HTTP/1.1 503") || words.starts_with(b"HTTP/1.1 429"),
            Fault::AtOnce(_) => true,
            _ => false,
        }
    }

    pub fn new(fault: Fault, connection: usize) -> Self {
        Self { fault, connection, began: Instant::now(), beside: Vec::new(), delivered: false, answered: false, out: false, closed: None }
    }
}

impl Dress {
    /// The provider's answer in this dress.
    pub fn put_on(self, answer: &[u8]) -> Vec<u8> {
        let head = answer.windows(4).position(|window| window == b"\r\n\r\n").map_or(answer.len(), |at| at + 4);
        let (head, body) = answer.split_at(head);
        let lines = String::from_utf8_lossy(head).into_owned();
        let with = |length: &str| {
            let kept: String = lines.lines().filter(|line| !line.is_empty() && !line.starts_with("Content-Length")).map(line).collect();
            [(kept + length + "\r\n").as_bytes(), body].concat()
        };
        match self {
            Self::Plain => answer.to_vec(),
            Self::Chunked => {
                let chunks = body.chunks(7).flat_map(|chunk| [format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat());
                let head = with("Transfer-Encoding: chunked\r\n");
                let bare = &head[..head.len() - body.len()];
                [bare, &chunks.collect::<Vec<u8>>(), b"0\r\n\r\n"].concat()
            }
            Self::Unmeasured => with("Connection: close\r\n"),
            Self::Wrong(by) => with(&format!("Content-Length: {}\r\n", i32::try_from(body.len()).unwrap_or(0) + by)),
            Self::Instead(bytes) => bytes.to_vec(),
        }
    }
}

fn line(line: &str) -> String {
    format!("{line}\r\n")
}
