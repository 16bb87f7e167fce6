//! Reports of whatever a journal holds: no cell a formula, every line of JSON one, and a page that holds the same tags
//! and attributes whatever people are called.

use std::time::Duration;

use confmod::conference::Moment;
use confmod::conference::event::{Event, Seq, What};
use confmod::journal::{History, ReadError};
use confmod::report::{self, Options};
use serde_json::json;

use super::callback::NOW;
use super::{clean, journal};

/// Signs that begin a formula, the full-width ones too.
const SIGNS: [char; 8] = ['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'];

/// A page of this many bytes for each caller and ask is more than any needs.
const PAGE: usize = 400_000;

/// A journal in memory that holds these events.
struct Told(Vec<Event>);

impl History for Told {
    fn read(&self, after: Seq, limit: usize) -> Result<Vec<Event>, ReadError> {
        Ok(self.0.iter().filter(|event| event.seq > after).take(limit).cloned().collect())
    }

    fn before(&self, _: Moment) -> Result<Seq, ReadError> {
        Ok(Seq(0))
    }

    fn last(&self) -> Result<Seq, ReadError> {
        Ok(self.0.last().map_or(Seq(0), |event| event.seq))
    }

    fn standing(&self, _: Seq) -> Result<Vec<Event>, ReadError> {
        Ok(self.0.iter().filter(|event| What::STANDING.contains(&event.what.kind())).cloned().collect())
    }

    fn raw(&self, _: Seq) -> Result<Option<String>, ReadError> {
        Ok(None)
    }
}

/// A conference in which everybody and everything is called by one text.
pub fn called(text: &str) -> Vec<Event> {
    let ask = |action: &str, number: &str| json!({ "action": action, "call": text, "conference": text, "number": number, "by": text, "cause": "key", "joined": NOW.0 });
    let told = [
        ("listening", json!({ "down_since": NOW.0 - 60_000 })),
        ("contacts", json!({ "edited": 0, "people": [{ "number": "4930901820", "name": text, "role": text, "note": text }] })),
        (
            "joined",
            json!({ "call": text, "conference": text, "name": text, "instead": text, "called": text, "others": text, "hand": true }),
        ),
        ("joined", json!({ "call": "8", "conference": "1122", "number": "4930901820" })),
        ("mode", json!({ "conference": text, "mode": "lecture", "on": true, "by": text })),
        ("asked", ask("mute", text)),
        ("answered", json!({ "ask": 6, "call": text, "outcome": "refused", "detail": text, "millis": 8, "reached": true })),
        ("banned", json!({ "number": "4930901820", "reason": text, "by": text })),
        ("named", json!({ "call": "8", "number": "4930901820", "name": text, "by": text })),
        ("asked", ask("kick", "4930901820")),
        ("answered", json!({ "ask": 10, "call": text, "outcome": "accepted", "detail": text, "millis": 8, "reached": true })),
        ("joined", json!({ "call": "9", "conference": "1122", "name": text })),
        ("floor", json!({ "conference": "1122", "call": "9", "by": text })),
    ];
    let events = told.into_iter().zip(1..).map(|((kind, body), place)| {
        let what = What::read(kind, &body.to_string()).expect("a body").expect("a kind");
        Event { seq: Seq(place), at: Moment(NOW.0 + 1_000 * place as i64), what }
    });
    events.collect()
}

/// Reports of a conference in which everybody and everything is called by one text.
pub fn words(input: &[u8]) {
    let events = called(&String::from_utf8_lossy(input));
    of(&Told(events.clone()), &events);
}

/// Reports of all of it and of parts of it.
pub fn of(history: &dyn History, events: &[Event]) {
    let conference = events.iter().find_map(|event| match &event.what {
        What::Joined(arrival) => arrival.conference.clone(),
        _ => None,
    });
    let hour = NOW.plus(Duration::from_secs(3_600));
    for (conference, since, until, mask) in [
        (None, None, hour, false),
        (conference.clone(), Some(NOW), hour, true),
        (None, Some(Moment(-377_705_023_201_000)), Moment(253_402_207_200_999), false),
    ] {
        let day = Duration::from_secs(86_400);
        let options = Options { conference, since, until, stale_after: day, look_back: day, mask, zone: journal::zone() };
        match report::collect(history, &options) {
            Ok(report) => written(&report),
            Err(error) => clean::line(&error.to_string(), 4_000, "why there is no report"),
        }
    }
}

fn written(found: &report::Report) {
    for audit in [false, true] {
        let mut out = Vec::new();
        report::csv(found, audit, &mut out).expect("written");
        csv(&String::from_utf8(out).expect("CSV is text"));
        let mut out = Vec::new();
        report::json_lines(found, audit, &mut out).expect("written");
        for line in String::from_utf8(out).expect("JSON is text").lines() {
            clean::line(line, 16_384, "a line of JSON");
            clean::json(line, "a record");
        }
    }
    page(&report::page(found));
}

fn csv(text: &str) {
    clean::lines(text, 8_192, "a line of CSV");
    let mut read = csv::ReaderBuilder::new().from_reader(text.as_bytes());
    for record in read.records().map(|record| record.expect("a record with as many cells as the others")) {
        for cell in &record {
            assert!(!cell.starts_with(SIGNS), "a cell begins a formula: {cell:?}");
        }
    }
    // Where a comma is the decimal sign, spreadsheets cut at semicolons.
    for cell in text.lines().flat_map(|line| line.split(';').skip(1)) {
        assert!(!cell.trim_start_matches(['"', ' ', '\u{a0}']).starts_with(SIGNS), "a formula behind a semicolon: {text}");
    }
}

/// Everything that a page is made of: tags, and what may stand in them. None of it loads, runs or leads anywhere.
const TAGS: &[(&str, &[&str])] = &[
    ("!DOCTYPE", &["html"]),
    ("html", &["lang"]),
    ("head", &[]),
    ("meta", &["charset", "http-equiv", "content", "name"]),
    ("link", &["rel", "href"]),
    ("title", &["id"]),
    ("style", &[]),
    ("body", &[]),
    ("header", &[]),
    ("main", &[]),
    ("footer", &[]),
    ("section", &["class", "aria-label"]),
    ("div", &["class", "tabindex", "role", "aria-label"]),
    ("h1", &[]),
    ("h2", &[]),
    ("p", &["class"]),
    ("ul", &["class"]),
    ("li", &[]),
    ("dl", &["class"]),
    ("dt", &[]),
    ("dd", &[]),
    ("small", &[]),
    ("table", &["class"]),
    ("caption", &[]),
    ("thead", &[]),
    ("tbody", &[]),
    ("tr", &[]),
    ("th", &["scope", "class", "dir"]),
    ("td", &["class", "style"]),
    ("svg", &["class", "viewBox", "role", "aria-labelledby", "aria-hidden"]),
    ("defs", &[]),
    ("pattern", &["id", "width", "height", "patternUnits", "patternTransform"]),
    ("g", &["class"]),
    ("path", &["class", "d"]),
    ("line", &["class", "x1", "x2", "y1", "y2"]),
    ("rect", &["class", "x", "y", "width", "height", "rx"]),
    ("text", &["class", "x", "y", "text-anchor"]),
];

/// The tags of a page, each with the names of its attributes. Values are looked at where they could act.
fn tags(page: &str) -> Vec<(&str, Vec<&str>)> {
    let mut found = Vec::new();
    let mut rest = page;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        let (tag, behind) = rest.split_at(tag_end(rest));
        rest = behind;
        let (name, attributes) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
        let mut names = Vec::new();
        for (place, part) in attributes.split('"').enumerate() {
            if place % 2 == 0 {
                names.extend(part.split_whitespace().map(|word| word.trim_end_matches(['=', '/'])).filter(|word| !word.is_empty()));
            } else {
                assert!(!part.to_ascii_lowercase().contains("script:") && !part.contains('<'), "{tag}");
            }
        }
        found.push((name.trim_end_matches('/'), names));
        if name == "style" {
            rest = &rest[rest.find("</style").expect("the style ends")..];
        }
    }
    found
}

/// Where a tag ends: quotes hide the sign.
fn tag_end(tag: &str) -> usize {
    let mut quoted = false;
    let end = tag.find(|c| {
        quoted ^= c == '"';
        c == '>' && !quoted
    });
    end.unwrap_or(tag.len())
}

fn page(page: &str) {
    for (tag, attributes) in tags(page) {
        let name = tag.trim_start_matches('/');
        let known = TAGS.iter().find(|(known, _)| *known == name).unwrap_or_else(|| panic!("a tag that no page has: {tag:?}"));
        for attribute in attributes {
            assert!(known.1.contains(&attribute), "a tag {tag} with {attribute:?}");
        }
    }
    let policy = "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">";
    assert_eq!(page.matches(policy).count(), 1, "the policy that forbids all scripts");
    assert_eq!(page.matches("</html>").count(), 1, "one page");
    clean::lines(page, PAGE, "the page");
    assert!(page.len() < PAGE, "{} bytes", page.len());
    for coordinate in ["\"NaN", "\"inf", "\"-inf"] {
        assert!(!page.contains(coordinate), "a drawing without bounds");
    }
}
