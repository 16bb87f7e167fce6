//! One record of a CSV text: cells, quotes, and where the next record begins. Knows nothing of what is in it.
//!
//! Libraries for CSV take an opened quote that nobody closes for a cell that goes on to the end of the file, and
//! with it every row that follows is gone without a word. Here such a line is a bad one and the next is read.

use std::borrow::Cow;

/// Cells of a record that are kept; those behind them are no column that is read.
const MOST_CELLS: usize = 64;

/// Lines that a quoted cell may go over. One that is longer was never meant to be quoted.
const MOST_LINES: usize = 20;

/// One record.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Record<'a> {
    /// The cells, quotes taken away; `None` where a quote is not closed, or something follows the closing one.
    pub(super) cells: Option<Vec<Cow<'a, [u8]>>>,
    /// Bytes up to the next record. A bad record ends with its first line.
    pub(super) length: usize,
    /// Lines up to the next record.
    pub(super) lines: usize,
}

impl<'a> Record<'a> {
    /// Reads the record at the beginning of a text that is not empty.
    pub(super) fn read(text: &'a [u8], delimiter: u8) -> Self {
        let mut cells = Vec::new();
        let (mut at, mut lines) = (0, 1);
        loop {
            let start = at + spaces(&text[at..]);
            let cell = if text.get(start) == Some(&b'"') {
                let Some((cell, length, breaks)) = quoted(&text[start + 1..], MOST_LINES - lines) else { return Self::bad(text) };
                lines += breaks;
                at = start + 1 + length;
                at += spaces(&text[at..]);
                cell
            } else {
                let length = text[at..].iter().position(|b| *b == delimiter || is_end(*b)).unwrap_or(text.len() - at);
                at += length;
                Cow::Borrowed(&text[at - length..at])
            };
            if cells.len() < MOST_CELLS {
                cells.push(cell);
            }
            match text.get(at) {
                Some(b) if *b == delimiter => at += 1,
                Some(b) if !is_end(*b) => return Self::bad(text),
                _ => return Self { cells: Some(cells), length: at + line_end(&text[at..]), lines },
            }
        }
    }

    fn bad(text: &[u8]) -> Self {
        let end = text.iter().position(|b| is_end(*b)).unwrap_or(text.len());
        Self { cells: None, length: end + line_end(&text[end..]), lines: 1 }
    }
}

/// The cells of a bad record's line, cut at every delimiter: good enough to see whose line it is.
pub(super) fn roughly(line: &[u8], delimiter: u8) -> Vec<Cow<'_, [u8]>> {
    line.split(|b| *b == delimiter).take(MOST_CELLS).map(Cow::Borrowed).collect()
}

/// The cell behind an opening quote, the bytes to behind the closing one, and the line ends between them.
fn quoted(text: &[u8], most_lines: usize) -> Option<(Cow<'_, [u8]>, usize, usize)> {
    let (mut at, mut lines) = (0, 0);
    let mut pieces: Vec<&[u8]> = Vec::new();
    let mut begin = 0;
    loop {
        match text.get(at)? {
            b'"' if text.get(at + 1) == Some(&b'"') => {
                pieces.push(&text[begin..=at]);
                at += 2;
                begin = at;
            }
            b'"' => {
                let last = &text[begin..at];
                let cell = if pieces.is_empty() { Cow::Borrowed(last) } else { Cow::Owned([pieces.concat().as_slice(), last].concat()) };
                return Some((cell, at + 1, lines));
            }
            b if is_end(*b) => {
                lines += 1;
                if lines > most_lines {
                    return None;
                }
                at += line_end(&text[at..]);
            }
            _ => at += 1,
        }
    }
}

fn spaces(text: &[u8]) -> usize {
    text.iter().take_while(|b| **b == b' ').count()
}

fn is_end(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

/// Bytes of the line end at the beginning: none, `\n`, `\r` or `\r\n`.
fn line_end(text: &[u8]) -> usize {
    match text {
        [b'\r', b'\n', ..] => 2,
        [b'\r' | b'\n', ..] => 1,
        _ => 0,
    }
}

/// The delimiter of a text: what stands most often between the cells of its first line, else what comes first.
pub(super) fn delimiter(text: &[u8]) -> u8 {
    let first = text.split(|b| is_end(*b)).find(|line| !line.trim_ascii().is_empty()).unwrap_or_default();
    let mut inside = false;
    let mut found = Vec::new();
    for byte in first {
        inside ^= *byte == b'"';
        if !inside && b",;\t".contains(byte) {
            found.push(char::from(*byte));
        }
    }
    let count = |delimiter: char| found.iter().filter(|other| **other == delimiter).count();
    let place = |delimiter: char| found.iter().position(|other| *other == delimiter);
    ['\t', ';', ','].into_iter().max_by_key(|known| (count(*known), std::cmp::Reverse(place(*known)))).map_or(b',', |found| found as u8)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// All records: cells with `|` between them, or the word for a bad one, and the line each begins on.
    fn all(text: &str) -> Vec<(usize, String)> {
        let (mut rest, mut line) = (text.as_bytes(), 1);
        let mut found = Vec::new();
        while !rest.is_empty() {
            let record = Record::read(rest, delimiter(text.as_bytes()));
            let cells = record.cells.map_or_else(|| "bad".to_owned(), |cells| String::from_utf8_lossy(&cells.join(&b"|"[..])).into_owned());
            found.push((line, cells));
            rest = &rest[record.length..];
            line += record.lines;
        }
        found
    }

    fn pairs(wanted: &[(usize, &str)]) -> Vec<(usize, String)> {
        wanted.iter().map(|(line, cells)| (*line, (*cells).to_owned())).collect()
    }

    #[test]
    fn records_are_cut_as_spreadsheets_write_them() {
        let cases: [(&str, &[(usize, &str)]); 12] = [
            ("a\nb,c\n", &[(1, "a"), (2, "b|c")]),
            ("a,b\nc,d", &[(1, "a|b"), (2, "c|d")]),
            ("a;b,c\r\nd;e\r\n", &[(1, "a|b,c"), (2, "d|e")]),
            ("a\tb\rc\td\r", &[(1, "a|b"), (2, "c|d")]),
            ("a,\"b,c\",d\n", &[(1, "a|b,c|d")]),
            ("a, \"b \"\"x\"\" c\" ,d\n", &[(1, "a|b \"x\" c|d")]),
            ("a,\"b\nb\",c\nd,e,f\n", &[(1, "a|b\nb|c"), (3, "d|e|f")]),
            ("a,b \"x\" c\n", &[(1, "a|b \"x\" c")]),
            ("a,\"\",\n", &[(1, "a||")]),
            ("a,b\n\n,\n", &[(1, "a|b"), (2, ""), (3, "|")]),
            ("a,\"b\"c\nd,e\n", &[(1, "bad"), (2, "d|e")]),
            ("\"a;b\",c\n", &[(1, "a;b|c")]),
        ];
        for (text, wanted) in cases {
            assert_eq!(all(text), pairs(wanted), "{text:?}");
        }
    }

    #[test]
    fn a_quote_that_nobody_closes_costs_its_line_alone() {
        assert_eq!(all("a,\"b\nc,d\ne,f\n"), pairs(&[(1, "bad"), (2, "c|d"), (3, "e|f")]));
        assert_eq!(all("a,\"b\nc,d\ne,\"f\"\n"), pairs(&[(1, "bad"), (2, "c|d"), (3, "e|f")]), "the next quoted cell does not close it");
        let long = format!("a,\"b{}\",c\nd,e\n", "\n".repeat(MOST_LINES));
        assert_eq!(all(&long).first(), Some(&(1, "bad".to_owned())));
        assert_eq!(all(&long).last(), Some(&(MOST_LINES + 2, "d|e".to_owned())));
    }

    proptest! {
        #[test]
        fn any_bytes_are_cut_to_their_end(text in prop::collection::vec(prop::sample::select(&b"a\"\",;\n\r \t\xff"[..]), 0..200)) {
            let mut rest = text.as_slice();
            let mut lines = 0;
            while !rest.is_empty() {
                let record = Record::read(rest, delimiter(&text));
                prop_assert!(record.length > 0 && record.length <= rest.len());
                lines += record.lines;
                rest = &rest[record.length..];
            }
            let ends = String::from_utf8_lossy(&text).replace("\r\n", "\n").replace('\r', "\n");
            prop_assert_eq!(lines, ends.lines().count());
        }

        #[test]
        fn what_is_quoted_is_read_as_it_was(cells in prop::collection::vec("[a,;\"\n ]{0,12}", 1..5)) {
            let written: Vec<_> = cells.iter().map(|cell| format!("\"{}\"", cell.replace('"', "\"\""))).collect();
            let text = format!("{}\nnext", written.join(","));
            let record = Record::read(text.as_bytes(), b',');
            prop_assume!(cells.iter().map(|cell| cell.matches('\n').count()).sum::<usize>() < MOST_LINES);
            let read: Option<Vec<_>> = record.cells.map(|read| read.iter().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect());
            prop_assert_eq!(read, Some(cells));
            prop_assert_eq!(&text[record.length..], "next");
        }
    }
}
