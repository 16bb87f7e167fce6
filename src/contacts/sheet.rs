//! The rows of a contacts file. A bad line is named and skipped; it never stops the rest.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};

use super::record::{Record, delimiter, roughly};
use super::{MOST_BYTES, MOST_ROWS};
use crate::conference::event::Contact;
use crate::phone::{self, Number, Received};
use crate::text;

/// Sentences about lines that are kept word for word; the rest is counted.
const MOST_SLIPS: usize = 1_000;

/// What a byte order mark looks like in UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// The columns in the order in which they stand where no line names them.
const COLUMNS: [&str; 4] = ["number", "name", "role", "note"];

/// What was wrong with lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Slips {
    /// Sentences, in the file's order: at most 1,000.
    pub sentences: Vec<String>,
    /// How many more there were.
    pub more: usize,
}

impl Slips {
    fn add(&mut self, sentence: impl FnOnce() -> String) {
        if self.sentences.len() < MOST_SLIPS {
            self.sentences.push(sentence());
        } else {
            self.more += 1;
        }
    }

    /// The first sentences, and one that says how many there are besides. Empty where nothing was wrong.
    #[must_use]
    pub fn summary(&self, first: usize) -> Vec<String> {
        let mut said: Vec<_> = self.sentences.iter().take(first).cloned().collect();
        match self.sentences.len() - said.len() + self.more {
            0 => {}
            rest => said.push(format!("and {rest} more in it")),
        }
        said
    }
}

/// What a contacts file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sheet {
    /// One row a number, in the numbers' order, cleaned.
    pub rows: Vec<Contact>,
    /// What was wrong.
    pub slips: Slips,
    /// Lines that were skipped.
    pub skipped: usize,
    /// Numbers on lines that were skipped for something else: what was known of them stands.
    unread: HashSet<Number>,
}

impl Sheet {
    /// Reads the bytes of a file. `name` is what the file is called in sentences.
    ///
    /// # Errors
    ///
    /// One sentence where the whole of it is not what it should be: no text, no column of numbers, not one line
    /// that can be read. What was known before then stands.
    pub fn read(bytes: &[u8], name: &str, exempt_roles: &[String]) -> Result<Self, String> {
        if is_of_another_kind(bytes) {
            return Err(format!("{name} is not CSV in UTF-8, so nothing of it is read; save it as that"));
        }
        let mut reading = Reading::new(name, exempt_roles);
        let mut text = bytes.strip_prefix(MARK).unwrap_or(bytes);
        if text.len() > MOST_BYTES {
            let end = text[..MOST_BYTES].iter().rposition(|b| *b == b'\n').unwrap_or(0);
            text = &text[..end];
            reading.sheet.slips.add(|| format!("{name} is longer than {} MiB: what follows is not read", MOST_BYTES >> 20));
        }
        // Some spreadsheets write the delimiter into a line of its own.
        let mut line = 1;
        if text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case(b"sep=")) {
            text = &text[Record::read(text, b'\0').length..];
            line += 1;
        }
        let delimiter = delimiter(text);
        while !text.is_empty() && !reading.full {
            let record = Record::read(text, delimiter);
            reading.record(line, &record, &text[..record.length], delimiter)?;
            text = &text[record.length..];
            line += record.lines;
        }
        reading.end()
    }

    /// Whether a line about this number was skipped for something else.
    pub(super) fn leaves_open(&self, number: Number) -> bool {
        self.unread.contains(&number)
    }
}

/// A file that is being read.
struct Reading<'a> {
    name: &'a str,
    exempt_roles: HashSet<String>,
    sheet: Sheet,
    /// The cell of each of the [`COLUMNS`]; none before the first record.
    places: Option<[Option<usize>; 4]>,
    rows: BTreeMap<Number, (usize, Contact)>,
    /// Numbers that begin with 0, and the first line with one.
    zeros: Option<(usize, usize)>,
    full: bool,
}

impl<'a> Reading<'a> {
    fn new(name: &'a str, exempt_roles: &[String]) -> Self {
        let exempt_roles = exempt_roles.iter().map(|role| role.to_lowercase()).collect();
        Self { name, exempt_roles, sheet: Sheet::default(), places: None, rows: BTreeMap::new(), zeros: None, full: false }
    }

    fn record(&mut self, line: usize, record: &Record<'_>, raw: &[u8], delimiter: u8) -> Result<(), String> {
        if raw.iter().all(|b| b.is_ascii_whitespace() || *b == delimiter) {
            return Ok(());
        }
        let rough = if record.cells.is_none() { roughly(raw, delimiter) } else { Vec::new() };
        let cells = record.cells.as_deref().unwrap_or(&rough);
        let Some(places) = self.places else {
            let header = header(cells).map_err(|what| format!("{} line {line} {what}", self.name))?;
            self.places = Some(header.unwrap_or([Some(0), Some(1), Some(2), Some(3)]));
            return if header.is_none() { self.record(line, record, raw, delimiter) } else { Ok(()) };
        };
        let cell = |column: usize| places[column].and_then(|place| cells.get(place)).map_or(&b""[..], |cell| &**cell);
        let spelling = String::from_utf8_lossy(cell(0));
        let number = number(&spelling);
        let texts = [cell(1), cell(2), cell(3)].map(|cell| std::str::from_utf8(cell).ok());
        let bad = match (&number, texts) {
            _ if record.cells.is_none() => "a quote is not closed".to_owned(),
            (Ok(number), [Some(name), Some(role), Some(note)]) => {
                self.row(line, *number, [name, role, note]);
                return Ok(());
            }
            (Ok(_), _) => "this is not UTF-8; save the file as UTF-8".to_owned(),
            (Err(what), _) => what.clone(),
        };
        self.sheet.unread.extend(number.ok());
        self.sheet.skipped += 1;
        self.sheet.slips.add(|| format!("{} line {line}: {bad}: skipped", self.name));
        Ok(())
    }

    fn row(&mut self, line: usize, number: Number, [name, role, note]: [&str; 3]) {
        if self.rows.len() == MOST_ROWS && !self.rows.contains_key(&number) {
            self.sheet.slips.add(|| format!("{} line {line}: there are more than {MOST_ROWS} rows: what follows is not read", self.name));
            self.full = true;
            return;
        }
        let role = text::clean_field(role);
        let exempt = self.exempt_roles.contains(&role.to_lowercase());
        let row = Contact { number, name: text::clean_field(name).into(), role: role.into(), note: text::clean_field(note).into(), exempt };
        if number.digits().starts_with('0') {
            self.zeros = Some(self.zeros.map_or((1, line), |(count, first)| (count + 1, first)));
        }
        if let Some((before, _)) = self.rows.insert(number, (line, row)) {
            let number = number.e164();
            self.sheet.slips.add(|| format!("{} line {line}: {number} is on line {before} too: line {line} counts", self.name));
        }
    }

    fn end(self) -> Result<Sheet, String> {
        let Self { name, mut sheet, places, rows, zeros, .. } = self;
        if let (true, Some(first)) = (rows.is_empty() && sheet.skipped > 0, sheet.slips.sentences.first()) {
            return Err(format!("{name} has no line that can be read ({first}); what was read before stands"));
        }
        if places.is_none() {
            let cut = sheet.slips.sentences.pop();
            return Err(cut.unwrap_or_else(|| {
                format!("{name} is empty: what was read before stands; the line `number,name,role,note` alone takes all names away")
            }));
        }
        if let Some((count, line)) = zeros {
            let which = if count == 1 { "the number begins".to_owned() } else { format!("this and {} more numbers begin", count - 1) };
            let remedy = "only calls whose number comes so are meant; write +49 in place of 0049";
            sheet.slips.add(|| format!("{name} line {line}: {which} with 0: {remedy}"));
        }
        sheet.rows = rows.into_values().map(|(_, row)| row).collect();
        Ok(sheet)
    }
}

/// Whether it begins as UTF-16 or as a spreadsheet's own format does: every line of it would be a bad one.
fn is_of_another_kind(bytes: &[u8]) -> bool {
    let beginnings: [&[u8]; 4] = [b"\xff\xfe", b"\xfe\xff", b"PK\x03\x04", b"\xd0\xcf\x11\xe0"];
    bytes.iter().take(4).any(|byte| *byte == 0) || beginnings.iter().any(|beginning| bytes.starts_with(beginning))
}

/// The place of each column where a record names them; `None` where it is a row already.
fn header(cells: &[Cow<'_, [u8]>]) -> Result<Option<[Option<usize>; 4]>, &'static str> {
    let names: Vec<_> = cells.iter().map(|cell| text::clean_field(&String::from_utf8_lossy(cell)).to_lowercase()).collect();
    let places = COLUMNS.map(|column| names.iter().position(|name| name == column));
    match places {
        [Some(_), ..] => Ok(Some(places)),
        [None, None, None, None] => Ok(None),
        _ if cells.first().is_some_and(|cell| number(&String::from_utf8_lossy(cell)).is_ok()) => Ok(None),
        _ => Err("names columns, and none of them is `number`; name them number,name,role,note"),
    }
}

/// The number in a cell, as spreadsheets write it, or what is wrong with it.
fn number(cell: &str) -> Result<Number, String> {
    let mut spelling = cell.trim();
    // Two ways of telling a spreadsheet that it is text: '49.. and ="49..".
    spelling = spelling.strip_prefix('\'').unwrap_or(spelling);
    spelling = spelling.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"')).unwrap_or(spelling);
    let shown = || format!("\"{}\"", text::cut(&text::clean_field(spelling), 40, ".."));
    match phone::read(spelling) {
        Received::Number(number) => Ok(number),
        Received::Withheld(word) if word.is_empty() => Err("there is no number".to_owned()),
        _ if spelling.to_uppercase().contains("E+") => Err(format!("{} was rounded; make the column text in the spreadsheet", shown())),
        _ => Err(format!("{} is no number", shown())),
    }
}

#[cfg(test)]
#[allow(clippy::format_collect, reason = "tables in a test are short")]
mod tests;
