//! What clean text is, said anew: the tests must not learn it from the code they look at.

use std::collections::HashSet;

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory as _};
use unicode_segmentation::UnicodeSegmentation as _;

use crate::support::harm;

/// The bound of a field, in bytes.
pub const FIELD: usize = 256;

/// Marks that may stand on one letter.
const MARKS: usize = 3;

/// Characters that no font draws, or that change how their neighbours look, beside those with a category of their own.
fn draws_nothing(c: char) -> bool {
    matches!(c,
        '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{2800}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}' | '\u{e0100}'..='\u{e01ef}')
}

fn is_mark(c: char) -> bool {
    use GeneralCategory::{EnclosingMark, NonspacingMark, SpacingMark};
    !c.is_ascii() && matches!(c.general_category(), NonspacingMark | EnclosingMark | SpacingMark)
}

/// What is wrong with text that people are to read: `""` where nothing is.
fn fault(text: &str) -> String {
    use GeneralCategory::{Control, Format, LineSeparator, ParagraphSeparator, PrivateUse, Surrogate, Unassigned};
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return String::new();
    }
    let bad = harm::in_text(text.as_bytes());
    if let Some(bad) = bad.first() {
        return bad.clone();
    }
    let mut marks = 0;
    for c in text.chars() {
        let kind = c.general_category();
        if draws_nothing(c) || matches!(kind, Control | Format | LineSeparator | ParagraphSeparator | PrivateUse | Surrogate | Unassigned) {
            return format!("U+{:04X}, {kind:?}", u32::from(c));
        }
        marks = if is_mark(c) { marks + 1 } else { 0 };
        if marks > MARKS {
            return format!("{marks} marks on one letter");
        }
    }
    String::new()
}

/// Text on one line that does nothing but be read, of a bounded length.
#[track_caller]
pub fn line(text: &str, most: usize, what: &str) {
    let fault = fault(text);
    assert!(fault.is_empty(), "{what}: {fault} in {text:?}");
    assert!(!text.contains(['\n', '\t', '\r']), "{what}: more than one line: {text:?}");
    assert!(text.len() <= most, "{what}: {} bytes, more than {most}: {:.200?}", text.len(), text);
}

/// As [`line`], for several.
#[track_caller]
pub fn lines(text: &str, most: usize, what: &str) {
    text.lines().for_each(|one| line(one, most, what));
}

/// A field as it is kept: clean, within its bound, and cleaning it again changes nothing.
#[track_caller]
pub fn field(text: &str, what: &str) {
    line(text, FIELD, what);
    assert_eq!(confmod::text::clean_field(text), text, "{what}: cleaning again changes it");
}

/// All strings in a JSON text are fields, the names of its members too.
#[track_caller]
pub fn json(text: &str, what: &str) {
    fn walk(value: &serde_json::Value, what: &str) {
        match value {
            serde_json::Value::String(text) => field(text, what),
            serde_json::Value::Array(all) => all.iter().for_each(|one| walk(one, what)),
            serde_json::Value::Object(all) => all.iter().for_each(|(name, one)| {
                field(name, what);
                walk(one, what);
            }),
            _ => {}
        }
    }
    walk(&serde_json::from_str(text).unwrap_or_else(|error| panic!("{what}: {error}: {text:.400}")), what);
}

/// Any text, cleaned: the rules of cleaning itself.
pub fn any(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let whole = confmod::text::clean(&text, usize::MAX / 2);
    line(&whole, usize::MAX, "cleaned");
    assert_eq!(whole.trim(), whole, "ends are trimmed");
    assert!(!whole.contains("  "), "white space is one space: {whole:?}");
    let kept: HashSet<char> = text.chars().collect();
    assert!(whole.chars().all(|c| c == ' ' || kept.contains(&c)), "nothing is made up");
    for most in [0, 1, 2, 7, 40, FIELD] {
        let cut = confmod::text::clean(&text, most);
        line(&cut, most, "cut");
        assert_eq!(confmod::text::clean(&cut, most), cut, "cleaning twice changes it, at {most}");
        let rest = whole.strip_prefix(&*cut).unwrap_or_else(|| panic!("{cut:?} is not the beginning of {whole:?}"));
        let ends = whole.grapheme_indices(true).any(|(at, _)| at == cut.len()) || rest.is_empty() || cut.is_empty();
        assert!(ends, "cut inside of a letter: {cut:?} of {whole:?}");
    }
    let mut json = String::new();
    confmod::text::push_json_string(&mut json, &text);
    line(&json, usize::MAX, "raw");
    assert_eq!(serde_json::from_str::<String>(&json).ok().as_deref(), Some(&*text));
    for columns in [0, 1, 5, 33] {
        let fitted = confmod::text::fit(&whole, columns, "…");
        assert_eq!(confmod::text::width(&fitted), columns, "{fitted:?} of {whole:?}");
    }
    line(&confmod::text::mask_digits(&whole), usize::MAX, "masked");
}
