//! CSV and JSON Lines. A record's fields stand here once, in order, for both.

use std::io::{self, Write};

use jiff::Timestamp;
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::record::{Ask, Attendance, Gap, Report, Span, Why};
use crate::conference::Moment;

/// What stands in one field.
#[derive(Clone, Debug, PartialEq)]
enum Cell<'a> {
    /// Words from outside, or of our own.
    Text(&'a str),
    Number(u64),
    Time(Moment),
    /// Not known, or not yet.
    Nothing,
}

impl<'a> Cell<'a> {
    fn text(text: Option<&'a str>) -> Self {
        text.map_or(Self::Nothing, Self::Text)
    }

    fn seconds(millis: u64) -> Self {
        Self::Number(millis / 1_000)
    }

    /// The field in a spreadsheet.
    fn plain(&self) -> String {
        match self {
            Self::Text(text) => harmless(text),
            Self::Number(number) => number.to_string(),
            Self::Time(at) => utc(*at),
            Self::Nothing => String::new(),
        }
    }
}

impl Serialize for Cell<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Number(number) => serializer.serialize_u64(*number),
            Self::Time(at) => serializer.serialize_str(&utc(*at)),
            Self::Nothing => serializer.serialize_none(),
        }
    }
}

/// A record's fields in order.
type Fields<'a> = Vec<(&'static str, Cell<'a>)>;

/// The names of the attendance columns, in order.
const ATTENDANCE: [&str; 13] =
    ["conference", "key", "number", "name", "place", "joined", "left", "seconds", "stays", "mutes", "muted_seconds", "hands", "outcome"];

/// The names of the audit columns, in order.
const AUDIT: [&str; 11] = ["at", "moderator", "action", "conference", "key", "number", "name", "reason", "outcome", "answer_ms", "detail"];

fn attendance(caller: &Attendance) -> Fields<'_> {
    let cells = [
        Cell::Text(&caller.conference),
        Cell::Text(&caller.key),
        Cell::text(caller.number.as_deref()),
        Cell::text(caller.name.as_deref()),
        Cell::text(caller.place.as_deref()),
        Cell::Time(caller.joined),
        caller.left.map_or(Cell::Nothing, Cell::Time),
        Cell::seconds(caller.millis),
        Cell::Number(caller.stays as u64),
        Cell::Number(caller.mutes as u64),
        Cell::seconds(caller.muted_millis),
        Cell::Number(caller.hands as u64),
        Cell::Text(caller.outcome.word()),
    ];
    ATTENDANCE.into_iter().zip(cells).collect()
}

fn ask(ask: &Ask) -> Fields<'_> {
    let cells = [
        Cell::Time(ask.at),
        Cell::Text(&ask.moderator),
        Cell::Text(ask.action.word()),
        Cell::Text(&ask.conference),
        Cell::Text(&ask.key),
        Cell::text(ask.number.as_deref()),
        Cell::text(ask.name.as_deref()),
        Cell::Text(&ask.reason),
        Cell::Text(ask.outcome_words()),
        ask.answer_ms.map_or(Cell::Nothing, |millis| Cell::Number(millis.into())),
        Cell::Text(&ask.detail),
    ];
    AUDIT.into_iter().zip(cells).collect()
}

fn gap(gap: &Gap) -> Fields<'_> {
    let (refused, lost) = match gap.why {
        Why::NotRunning => (Cell::Nothing, Cell::Nothing),
        Why::NotWritten { refused, lost } => (Cell::Number(refused.into()), Cell::Number(lost.into())),
    };
    vec![
        ("from", Cell::Time(gap.from)),
        ("until", gap.to.map_or(Cell::Nothing, Cell::Time)),
        ("seconds", gap.to.map_or(Cell::Nothing, |to| Cell::seconds(Span { from: gap.from, to }.written()))),
        ("reason", Cell::Text(gap.why.words())),
        ("refused", refused),
        ("lost", lost),
    ]
}

/// A moment as RFC 3339 in UTC, to the second: `2026-11-22T13:00:05Z`.
fn utc(at: Moment) -> String {
    Timestamp::from_millisecond(at.0).map(|time| format!("{time:.0}")).unwrap_or_default()
}

/// Text that no spreadsheet takes for a formula: an apostrophe goes before what begins like one.
///
/// Beside the four signs, tab and carriage return make spreadsheets look at what follows, and some take the
/// full-width signs for the plain ones. Where a comma is the decimal sign, they cut lines at semicolons in place of
/// commas, so what stands behind one may become a cell, too.
fn harmless(text: &str) -> String {
    let risky = |text: &str| text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}']);
    let mut out = String::with_capacity(text.len() + 1);
    for (place, piece) in text.split(';').enumerate() {
        let (before, inside) = if place == 0 { ("", piece) } else { (";", piece.trim_start_matches(['"', ' ', '\u{a0}'])) };
        out.push_str(before);
        out.push_str(&piece[..piece.len() - inside.len()]);
        out.push_str(if risky(inside) { "'" } else { "" });
        out.push_str(inside);
    }
    out
}

/// Writes attendance, or with `audit` one ask a line instead, as CSV with a line of names (RFC 4180, lines ending in LF).
pub fn csv(report: &Report, audit: bool, out: impl Write) -> io::Result<()> {
    let mut out = ::csv::Writer::from_writer(out);
    let rows: Box<dyn Iterator<Item = Fields<'_>>> = if audit {
        out.write_record(AUDIT)?;
        Box::new(report.asks.iter().map(ask))
    } else {
        out.write_record(ATTENDANCE)?;
        Box::new(report.attendance.iter().map(attendance))
    };
    for row in rows {
        out.write_record(row.iter().map(|(_, cell)| cell.plain()))?;
    }
    out.flush()
}

/// One line of JSON: what kind of record, then its fields.
struct Line<'a>(&'static str, Fields<'a>);

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("record", self.0)?;
        for (name, cell) in &self.1 {
            map.serialize_entry(name, cell)?;
        }
        map.end()
    }
}

/// Writes JSON Lines: attendance (not with `audit`), then asks, then gaps; `record` says which. What is not
/// known is `null`.
pub fn json_lines(report: &Report, audit: bool, mut out: impl Write) -> io::Result<()> {
    let callers = report.attendance.iter().filter(|_| !audit).map(|caller| Line("attendance", attendance(caller)));
    let asks = report.asks.iter().map(|asked| Line("ask", ask(asked)));
    let gaps = report.gaps.iter().map(|found| Line("gap", gap(found)));
    for line in callers.chain(asks).chain(gaps) {
        serde_json::to_writer(&mut out, &line)?;
        out.write_all(b"\n")?;
    }
    out.flush()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_begins_like_a_formula_is_text() {
        for (text, wanted) in [
            ("=1+2", "'=1+2"),
            ("+49", "'+49"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\tx", "'\tx"),
            ("\rx", "'\rx"),
            ("Ada", "Ada"),
            ("a=b", "a=b"),
            ("a;=b", "a;'=b"),
            ("a; \"+b\";c", "a; \"'+b\";c"),
            ("", ""),
        ] {
            assert_eq!(harmless(text), wanted, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn no_cell_begins_a_formula_and_nothing_is_lost(text in "[=+@\t\r\n,\"'a -]{0,12}|\\PC{0,12}") {
            let mut out = ::csv::Writer::from_writer(Vec::new());
            out.write_record([Cell::Text(&text).plain(), "end".to_owned()])?;
            let written = out.into_inner()?;
            let mut read = ::csv::ReaderBuilder::new().has_headers(false).from_reader(written.as_slice());
            let records: Vec<_> = read.records().collect::<Result<_, _>>()?;
            prop_assert_eq!(records.len(), 1);
            let cell = &records[0][0];
            prop_assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell:?}");
            prop_assert_eq!(cell.replace('\'', ""), text.replace('\'', ""));
            prop_assert_eq!(&records[0][1], "end");
        }
    }

    #[test]
    fn times_are_utc_to_the_second() {
        assert_eq!(utc(Moment(1_700_000_000_999)), "2023-11-14T22:13:20Z");
        assert_eq!(utc(Moment(i64::MAX)), "", "a moment that no calendar has");
    }
}
