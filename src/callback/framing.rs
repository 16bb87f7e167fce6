//! Where a request ends and the next one begins, judged more strictly than by the HTTP library.
//!
//! A request that a proxy in front could read as two, or as another one, is refused. Pure: bytes come in, and how
//! many of them belong to the part of a request at hand goes out. What else is wrong with a head is not looked at.

use std::io::BufRead as _;

/// How much of a header line is kept: both of those that say how long a body is fit, with room for blanks.
const KEPT: usize = 64;

/// Bytes of a body in chunks, with all that is around the chunks. A body of the allowed size in chunks of one byte
/// has fewer.
const CHUNKS: u64 = 1 << 20;

/// A head or body that leaves open where the next request begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ambiguous;

/// What the next bytes belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Head,
    /// So many bytes of a body are to come.
    Body(u64),
    /// A body in chunks, of which so many bytes may come. Nothing follows: its answer ends the connection.
    Chunks(u64),
}

/// One connection's place in its requests.
#[derive(Debug)]
pub(super) struct Framing {
    part: Part,
    /// The beginning of the line at hand.
    line: Vec<u8>,
    /// Bytes of the line at hand.
    length: usize,
    /// The last of them.
    last: u8,
    /// Whether the request line was read.
    is_begun: bool,
    announced: Option<u64>,
    is_chunked: bool,
}

impl Framing {
    pub(super) fn new() -> Self {
        Self { part: Part::Head, line: Vec::new(), length: 0, last: 0, is_begun: false, announced: None, is_chunked: false }
    }

    /// Whether the next bytes belong to a head.
    pub(super) fn is_in_head(&self) -> bool {
        self.part == Part::Head
    }

    /// Whether no byte of the next request was taken yet.
    pub(super) fn is_between(&self) -> bool {
        self.is_in_head() && !self.is_begun && self.length == 0
    }

    /// Takes bytes up to the end of the part at hand; how many, and at least one if there are any.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<usize, Ambiguous> {
        let most = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        match self.part {
            Part::Head => self.head(bytes),
            Part::Body(left) => {
                let taken = left.min(most);
                self.part = if taken == left { Part::Head } else { Part::Body(left - taken) };
                Ok(usize::try_from(taken).unwrap_or(bytes.len()))
            }
            Part::Chunks(left) => {
                self.part = Part::Chunks(left.checked_sub(most).ok_or(Ambiguous)?);
                Ok(bytes.len())
            }
        }
    }

    fn head(&mut self, bytes: &[u8]) -> Result<usize, Ambiguous> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let mut after = rest;
            // Reading from memory cannot fail.
            let piece = &rest[..after.skip_until(b'\n').unwrap_or(rest.len())];
            rest = after;
            let before = if piece.len() > 1 { piece[piece.len() - 2] } else { self.last };
            self.last = piece[piece.len() - 1];
            self.length += piece.len();
            self.line.extend_from_slice(&piece[..piece.len().min(KEPT - self.line.len())]);
            if self.last != b'\n' {
                break;
            }
            if before != b'\r' {
                return Err(Ambiguous);
            }
            if self.line_is_the_last()? {
                break;
            }
        }
        Ok(bytes.len() - rest.len())
    }

    /// Looks at a whole line; true when the head ends with it.
    fn line_is_the_last(&mut self) -> Result<bool, Ambiguous> {
        let is_empty = self.length == 2;
        match (self.is_begun, is_empty) {
            // Some clients send an empty line after a body. It belongs to nothing.
            (false, true) => {}
            (false, false) => self.is_begun = true,
            (true, false) => self.header()?,
            (true, true) => self.part = self.body()?,
        }
        let ends = self.is_begun && is_empty;
        if ends {
            *self = Self { part: self.part, ..Self::new() };
        }
        (self.length, self.last) = (0, 0);
        self.line.clear();
        Ok(ends)
    }

    fn header(&mut self) -> Result<(), Ambiguous> {
        if matches!(self.line[0], b' ' | b'\t') {
            return Err(Ambiguous);
        }
        let Some(colon) = self.line.iter().position(|byte| *byte == b':') else { return Ok(()) };
        let (name, value) = (&self.line[..colon], self.line[colon + 1..].trim_ascii());
        let is_whole = self.length <= KEPT;
        if name.eq_ignore_ascii_case(b"content-length") {
            let length = std::str::from_utf8(value).ok().filter(|value| is_whole && value.bytes().all(|byte| byte.is_ascii_digit()));
            let length = length.and_then(|value| value.parse().ok()).ok_or(Ambiguous)?;
            if self.announced.replace(length).is_some() {
                return Err(Ambiguous);
            }
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            let is_known = is_whole && value.eq_ignore_ascii_case(b"chunked");
            if !is_known || std::mem::replace(&mut self.is_chunked, true) {
                return Err(Ambiguous);
            }
        }
        Ok(())
    }

    /// What follows a head.
    fn body(&self) -> Result<Part, Ambiguous> {
        match (self.announced, self.is_chunked) {
            (Some(_), true) => Err(Ambiguous),
            (None, true) => Ok(Part::Chunks(CHUNKS)),
            (None | Some(0), false) => Ok(Part::Head),
            (Some(length), false) => Ok(Part::Body(length)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the bytes are cut into when they come in pieces of this size; an empty line before a request is left out.
    fn parts(bytes: &str, piece: usize) -> Result<Vec<String>, Ambiguous> {
        let mut framing = Framing::new();
        let mut parts = vec![Vec::new()];
        for mut bytes in bytes.as_bytes().chunks(piece) {
            while !bytes.is_empty() {
                let was = framing.part;
                let (taken, rest) = bytes.split_at(framing.take(bytes)?);
                assert!(!taken.is_empty(), "it goes on");
                parts.last_mut().expect("a part").extend_from_slice(taken);
                bytes = rest;
                if framing.is_between() || was != framing.part && was == Part::Head {
                    parts.push(Vec::new());
                }
            }
        }
        let parts = parts.into_iter().map(|part| String::from_utf8(part).expect("text"));
        Ok(parts.map(|part| part.trim_start_matches("\r\n").to_owned()).filter(|part| !part.is_empty()).collect())
    }

    #[test]
    fn requests_are_told_apart_however_they_arrive() {
        let get = "GET / HTTP/1.1\r\nhost: a\r\nx\r\n\r\n";
        let post = "POST / HTTP/1.1\r\ncontent-LENGTH:\t 5 \r\nx: y\r\n\r\n";
        let empty = "POST / HTTP/1.1\r\ncontent-length: 0\r\n\r\n";
        let long = format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "content-length: 7".repeat(50));
        let chunked = "POST / HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n";
        let chunks = "1\r\nx\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n";
        let wanted = [get, get, post, "a\r\nb\n", empty, post, "abcde", &long, get, chunked, chunks];
        let stream = wanted.join("").replace(&long, &format!("\r\n\r\n{long}"));
        for piece in 1..=stream.len() {
            assert_eq!(parts(&stream, piece).expect("nothing ambiguous"), wanted, "in pieces of {piece}");
        }
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        let refused = [
            "Content-Length: 5\r\nTransfer-Encoding: chunked",
            "Transfer-Encoding: chunked\r\nContent-Length: 5",
            "Content-Length: 5\r\nx: y\r\ncontent-length: 5",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
            "Transfer-Encoding: gzip, chunked",
            "Transfer-Encoding: identity",
            "Content-Length: 5, 5",
            "Content-Length: +5",
            "Content-Length: -5",
            "Content-Length: 0x5",
            "Content-Length: ",
            "Content-Length: 99999999999999999999",
            "Content-Length: 0000000000000000000000000000000000000000000000000000000005",
            "x: y\n",
            "x: y\nContent-Length: 5",
            "x: y\r\n folded: z",
            "x: y\r\n\tfolded: z",
        ];
        for header in refused {
            let request = format!("GET / HTTP/1.1\r\n{header}\r\n\r\n");
            for piece in 1..=request.len() {
                assert_eq!(parts(&request, piece), Err(Ambiguous), "{header:?} in pieces of {piece}");
            }
        }
        assert_eq!(parts("GET / HTTP/1.1\nx: y\r\n\r\n", 100), Err(Ambiguous), "a bare line feed after the request line");
        assert_eq!(parts("\nGET / HTTP/1.1\r\n\r\n", 100), Err(Ambiguous), "a bare line feed before it");
    }

    #[test]
    fn a_body_in_chunks_has_an_end() {
        let mut framing = Framing::new();
        let head = b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n";
        assert_eq!(framing.take(head), Ok(head.len()));
        let zeros = vec![b'0'; 1 << 16];
        for _ in 0..16 {
            assert_eq!(framing.take(&zeros), Ok(zeros.len()));
        }
        assert_eq!(framing.take(b"0"), Err(Ambiguous));
    }
}
