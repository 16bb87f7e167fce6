//! Small readers of text from outside: numbers, filters, URLs, log records.

use std::io::Read as _;
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock, PoisonError};

use confmod::callback::urls;
use confmod::conference::filter::Filter;
use confmod::phone::{self, Number, Received};
use tempfile::TempDir;

use super::clean;

pub fn seeds() -> Vec<Vec<u8>> {
    [
        "+1 (215) 701-0680",
        "0049 151 234567",
        "anonymous",
        "$[E164]$",
        "state:muted name:ada -conference:1122 has:hand",
        "in:>5m \"Ada Lovelace\"",
        "Ada\u{301} Lovelace from R\u{308}e\u{301}",
        "Ctrl-x\nF1\nShift-Tab\nm",
        "a name, and a number 12157010680",
        "https://calls.example.org/in/",
        "名前 José Zoë ٠١٢٣٤٥",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}

pub fn number(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    match phone::read(&text) {
        Received::Number(number) => {
            let digits = number.digits();
            assert!((3..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()), "{digits}");
            assert_eq!(Number::from_digits(&digits), Some(number));
            let described = phone::describe(number);
            clean::field(&described.international, "a number as its country writes it");
            described.country.iter().chain(&described.region).for_each(|text| clean::field(text, "a country"));
        }
        Received::Withheld(word) | Received::Placeholder(word) | Received::Unreadable(word) => assert_eq!(word, text.trim()),
    }
    let _ = phone::regions_like(&text);
}

pub fn filter(input: &[u8]) {
    // What is typed is cleaned before anybody reads it.
    let text = confmod::text::clean(&String::from_utf8_lossy(input), 1_024);
    if let Some(slip) = Filter::new(&text).slip() {
        clean::line(&slip.sentence, 1_100, "a slip in a filter");
        clean::line(&slip.remedy, 600, "what to do about it");
    }
}

/// URLs to paste: whatever conference and token are, they are one value and one segment.
pub fn url(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    for found in urls("https://calls.example.org", &text, Some(&text)) {
        assert!(found.url.bytes().all(|byte| byte.is_ascii_graphic()), "{}", found.url);
        let (path, query) = found.url.split_once('?').expect("a query");
        assert_eq!(path.split('/').count(), 6, "{path}");
        assert!(query.split('&').count() <= 3 && !query.contains('#'), "{query}");
    }
}

/// A log of this process, which is started once.
fn log() -> &'static (TempDir, PathBuf, Mutex<u64>) {
    static LOG: OnceLock<(TempDir, PathBuf, Mutex<u64>)> = OnceLock::new();
    LOG.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("log");
        confmod::logging::start(&path, tracing::Level::TRACE).expect("a log");
        (folder, path, Mutex::new(0))
    })
}

/// A record with the text in every place that a record has. One record is one line, of what can be shown.
pub fn record(input: &[u8]) {
    use std::io::{Seek as _, SeekFrom};
    let text = String::from_utf8_lossy(input).into_owned();
    let (_, path, seen) = log();
    let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    let words = text.as_str();
    tracing::info!(target: "confmod::fuzz", words, shown = %text, debugged = ?text, "{text}");
    let mut file = std::fs::File::open(path).expect("the log");
    let length = file.metadata().expect("its length").len();
    // It may have been put aside since.
    file.seek(SeekFrom::Start(if length < *seen { 0 } else { *seen })).expect("sought");
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).expect("read");
    *seen = length;
    let text = String::from_utf8(bytes).expect("the log is text");
    let ours: Vec<_> = text.lines().filter(|line| line.contains("confmod::fuzz")).collect();
    assert_eq!(ours.len(), 1, "one record is one line: {text:?}");
    assert!(text.ends_with('\n'));
    text.lines().for_each(|line| {
        assert!(line.chars().all(confmod::text::is_showable), "{line:?}");
        assert_eq!(crate::support::harm::in_text(line.as_bytes()), Vec::<String>::new());
    });
}
