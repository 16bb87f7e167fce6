//! Untrusted text: cleaning it once at the door, measuring it, cutting it.
//!
//! Everything a caller, a provider or a file can say passes through [`clean`] before it is kept.
//! This is a leaf: nothing in here knows what a conference or a terminal is.

use std::borrow::Cow;

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// The longest field that is kept, in bytes of UTF-8.
pub const FIELD_BYTES: usize = 256;

/// Marks that may follow one another on one letter; more than this is decoration or an attack.
const MARKS_IN_A_ROW: usize = 3;

/// Says whether a character may be shown: it draws something, and moves nothing but the cursor by its width.
///
/// Refused are controls (C0, C1, DEL), format characters (bidi overrides, zero-width, tags), line and
/// paragraph separators, private use, unassigned code points and letters that draw nothing.
#[must_use]
pub fn is_showable(c: char) -> bool {
    if c.is_ascii() {
        return !c.is_ascii_control();
    }
    let invisible = matches!(
        c,
        '\u{034F}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
            | '\u{2800}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FFA0}' | '\u{E0100}'..='\u{E01EF}'
    );
    !invisible
        && !matches!(
            c.general_category(),
            GeneralCategory::Control
                | GeneralCategory::Format
                | GeneralCategory::Surrogate
                | GeneralCategory::PrivateUse
                | GeneralCategory::Unassigned
                | GeneralCategory::LineSeparator
                | GeneralCategory::ParagraphSeparator
        )
}

fn is_mark(c: char) -> bool {
    !c.is_ascii()
        && matches!(c.general_category(), GeneralCategory::NonspacingMark | GeneralCategory::EnclosingMark | GeneralCategory::SpacingMark)
}

/// Whether a character may be shown wherever it stands: a mark may only on a letter, and not in any number.
#[must_use]
pub fn stands_alone(c: char) -> bool {
    is_showable(c) && !is_mark(c)
}

/// Whether what one cell of a screen holds may be drawn: nothing but what is shown, and no letter under a pile of marks.
#[must_use]
pub fn is_letter(cell: &str) -> bool {
    let mut marks = 0;
    cell.chars().all(|c| {
        marks = if is_mark(c) { marks + 1 } else { 0 };
        is_showable(c) && marks <= MARKS_IN_A_ROW
    })
}

/// Text of our own as it may leave for a terminal: lines and tabs stay, and what cannot be shown is taken out.
///
/// What came from outside was cleaned at its door; this is for what came another way, such as a path in the words
/// of the operating system.
#[must_use]
pub fn sweep(text: &str) -> Cow<'_, str> {
    let stays = |c: char| is_showable(c) || matches!(c, '\n' | '\t');
    if text.chars().all(stays) { Cow::Borrowed(text) } else { text.chars().filter(|c| stays(*c)).collect() }
}

/// Makes text from outside fit to be kept and shown: at most `max` bytes, cut at a grapheme.
///
/// Characters that cannot be shown are dropped, white space of any kind and length becomes one space,
/// ends are trimmed, and at most three marks may stand on a letter. Cleaning twice changes nothing.
#[must_use]
pub fn clean(text: &str, max: usize) -> String {
    cleaned(text, max).into_owned()
}

/// As [`clean`]; what is clean already stays where it is.
#[must_use]
pub fn cleaned(text: &str, max: usize) -> Cow<'_, str> {
    // Most of what comes needs nothing of all this.
    if text.len() <= max && is_plainly_clean(text) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len().min(max + 8));
    let mut space = false;
    let mut marks = 0;
    for c in text.chars() {
        // One grapheme may cross the limit and is cut off again below.
        if out.len() > max + 64 {
            break;
        }
        if c.is_whitespace() || matches!(c, '\u{2028}' | '\u{2029}') {
            space = true;
            continue;
        }
        if !is_showable(c) {
            continue;
        }
        if is_mark(c) {
            // A mark without a letter would sit on whatever is drawn before it.
            if out.is_empty() || space || marks == MARKS_IN_A_ROW {
                continue;
            }
            marks += 1;
        } else {
            marks = 0;
        }
        if space && !out.is_empty() {
            out.push(' ');
        }
        space = false;
        out.push(c);
    }
    if out.len() > max {
        let end = out.grapheme_indices(true).map(|(at, g)| at + g.len()).take_while(|end| *end <= max).last().unwrap_or(0);
        out.truncate(end);
        out.truncate(out.trim_end().len());
    }
    Cow::Owned(out)
}

/// Whether a text has nothing but the letters that everybody has, and single spaces between them.
fn is_plainly_clean(text: &str) -> bool {
    let mut after_space = true;
    let fits = text.bytes().all(|byte| {
        let is_space = byte == b' ';
        let fits = byte.is_ascii_graphic() || is_space && !after_space;
        after_space = is_space;
        fits
    });
    fits && (text.is_empty() || !after_space)
}

/// Cleans a field to the usual bound of [`FIELD_BYTES`].
#[must_use]
pub fn clean_field(text: &str) -> String {
    clean(text, FIELD_BYTES)
}

/// Writes text as a JSON string in which everything that cannot be shown is escaped as `\uXXXX`.
///
/// Used for what is kept word for word beside the cleaned fields, because that too is read in terminals.
pub fn push_json_string(out: &mut String, text: &str) {
    use std::fmt::Write as _;
    out.push('"');
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
    if text.bytes().all(is_plain) {
        out.push_str(text);
        out.push('"');
        return;
    }
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if stands_alone(c) => out.push(c),
            c => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    // Writing to a String cannot fail.
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out.push('"');
}

/// The number of terminal columns that text takes.
#[must_use]
pub fn width(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.width() }
}

/// With how many letters a text begins that are a byte and a column each.
#[must_use]
pub fn plain_letters(text: &str) -> usize {
    text.bytes().position(|byte| !matches!(byte, b' '..=b'~')).unwrap_or(text.len())
}

/// Whether each byte of a text is a letter of one column.
#[must_use]
pub fn is_plain(text: &str) -> bool {
    // All of them are looked at, however early one is found: several at a time are faster than one after the other.
    text.bytes().fold(true, |plain, byte| plain & matches!(byte, b' '..=b'~'))
}

/// Cuts text to at most `columns`, between graphemes, ending in `ellipsis` where something was cut off.
#[must_use]
pub fn cut<'a>(text: &'a str, columns: usize, ellipsis: &str) -> Cow<'a, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    let room = columns.saturating_sub(width(ellipsis));
    // Up to its last plain letter, which a mark may follow, each byte is a column.
    let plain = plain_letters(text).saturating_sub(1).min(room);
    let (mut used, mut end) = (plain, plain);
    // Where they fill the room, another plain letter follows: nothing of it fits.
    let rest = if plain > 0 && plain == room { "" } else { &text[plain..] };
    for (at, grapheme) in rest.grapheme_indices(true) {
        let wide = width(grapheme);
        if used + wide > room {
            break;
        }
        used += wide;
        end = plain + at + grapheme.len();
    }
    let tail = if width(ellipsis) <= columns { ellipsis } else { "" };
    Cow::Owned([text[..end].trim_end(), tail].concat())
}

/// Cuts or fills text to exactly `columns`, filling on the right.
#[must_use]
pub fn fit(text: &str, columns: usize, ellipsis: &str) -> String {
    let mut out = cut(text, columns, ellipsis).into_owned();
    let missing = columns.saturating_sub(width(&out));
    out.extend(std::iter::repeat_n(' ', missing));
    out
}

/// Replaces the digits of anything long enough to be a phone number, all but the last two.
///
/// Digits of any script count, and so do digits with the usual punctuation of numbers between them.
#[must_use]
pub fn mask_digits(text: &str) -> String {
    /// Shorter runs are conference numbers, counts and times.
    const LEAST: usize = 5;
    let mut out = String::with_capacity(text.len());
    let mut run = String::new();
    let flush = |run: &mut String, out: &mut String| {
        let digits = run.chars().filter(|c| is_digit(*c)).count();
        let mut seen = 0;
        for c in run.drain(..) {
            seen += usize::from(is_digit(c));
            out.push(if is_digit(c) && digits >= LEAST && seen + 2 <= digits { '*' } else { c });
        }
    };
    for c in text.chars() {
        if is_digit(c) || (matches!(c, ' ' | '-' | '.' | '(' | ')' | '/') && !run.is_empty()) {
            run.push(c);
        } else {
            flush(&mut run, &mut out);
            out.push(c);
        }
    }
    flush(&mut run, &mut out);
    out
}

/// A number of bytes as people say it: `312 bytes`, `4.5 kB`, `1.2 GB`.
#[must_use]
pub fn bytes(count: u64) -> String {
    let units = ["kB", "MB", "GB", "TB"];
    let mut value = count as f64 / 1e3;
    let mut unit = 0;
    // What would be written as 1000.0 is one of the next.
    while value >= 999.95 && unit + 1 < units.len() {
        value /= 1e3;
        unit += 1;
    }
    if count < 1_000 { format!("{count} byte{}", if count == 1 { "" } else { "s" }) } else { format!("{value:.1} {}", units[unit]) }
}

fn is_digit(c: char) -> bool {
    c.is_ascii_digit() || (!c.is_ascii() && c.general_category() == GeneralCategory::DecimalNumber)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn hostile_text_loses_its_teeth_and_keeps_its_words() {
        let cases = [
            ("Ada\u{1b}[2J Lovelace", "Ada[2J Lovelace"),
            ("\u{1b}]52;c;ZXZpbA==\u{7}Eve", "]52;c;ZXZpbA==Eve"),
            ("\u{9b}31mred", "31mred"),
            ("abc\u{202e}fdp.exe", "abcfdp.exe"),
            ("z\u{200b}e\u{200d}r\u{feff}o", "zero"),
            ("tag\u{e0041}\u{e007f}s", "tags"),
            ("  two\r\n lines\u{2028}more\u{a0}\t ", "two lines more"),
            ("\u{301}leading", "leading"),
            ("a \u{301}b", "a b"),
            ("Zoe\u{308}", "Zoe\u{308}"),
            ("名前 José", "名前 José"),
            ("\u{3164}\u{2800}", ""),
        ];
        for (hostile, wanted) in cases {
            assert_eq!(clean_field(hostile), wanted, "{hostile:?}");
        }
    }

    #[test]
    fn what_is_clean_already_stays_where_it_is() {
        for text in ["", "a", "12157010680", "Ada Lovelace", "a b c", "$[E164]$ ~"] {
            assert!(matches!(cleaned(text, FIELD_BYTES), Cow::Borrowed(same) if same == text), "{text:?}");
        }
        for (text, wanted) in [(" ", ""), (" a", "a"), ("a ", "a"), ("a  b", "a b"), ("a\tb", "a b"), ("a\u{7f}b", "ab"), ("abc", "ab")] {
            assert_eq!(cleaned(text, 3.min(wanted.len())), wanted, "{text:?}");
        }
    }

    #[test]
    fn ten_thousand_marks_become_three() {
        let hostile = format!("a{}b", "\u{301}".repeat(10_000));
        assert_eq!(clean_field(&hostile), format!("a{}b", "\u{301}".repeat(3)));
    }

    #[test]
    fn long_text_is_cut_between_graphemes() {
        let text = "e\u{301}".repeat(200);
        let cleaned = clean(&text, 256);
        assert_eq!(cleaned.len(), 255, "85 letters of 3 bytes each");
        assert!(clean(&"x".repeat(1 << 20), 256).len() == 256);
    }

    #[test]
    fn raw_text_is_readable_json_without_anything_unprintable() {
        let hostile = "a\"\\\u{1b}\u{202e}\u{1f468}\u{200d}\n";
        let mut json = String::new();
        push_json_string(&mut json, hostile);
        assert_eq!(json, "\"a\\\"\\\\\\u001b\\u202e\u{1f468}\\u200d\\u000a\"");
        assert_eq!(serde_json::from_str::<String>(&json).ok().as_deref(), Some(hostile));
    }

    #[test]
    fn what_leaves_is_swept_and_keeps_its_lines() {
        assert_eq!(sweep("one\n\ttwo\u{1b}[2J\r\n\u{202e}three\u{9b}"), "one\n\ttwo[2J\nthree");
        assert!(matches!(sweep("nothing to do: 名前\n"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_letter_is_what_can_be_shown_without_a_pile_on_it() {
        for (cell, is) in
            [("a", true), ("│", true), ("e\u{301}", true), ("名", true), ("a\u{fe0f}", false), ("\u{1b}[2J", false), ("", true)]
        {
            assert_eq!(is_letter(cell), is, "{cell:?}");
        }
        assert!(is_letter(&format!("e{}", "\u{301}".repeat(3))) && !is_letter(&format!("e{}", "\u{301}".repeat(4))));
        assert!(stands_alone('é') && !stands_alone('\u{301}') && !stands_alone('\u{202e}'));
    }

    #[test]
    fn cutting_counts_columns_not_bytes() {
        assert_eq!(cut("日本語", 5, "…"), "日本…");
        assert_eq!(cut("日本語", 6, "…"), "日本語");
        assert_eq!(cut("Ada Lovelace", 4, "…"), "Ada…");
        assert_eq!(cut("Ada", 0, "…"), "");
        assert_eq!(cut("abce\u{301}fg", 5, "…"), "abce\u{301}…");
        assert_eq!(cut("abce\u{301}fg", 4, "…"), "abc…");
        assert_eq!(cut("ab日本", 4, "…"), "ab…");
        assert_eq!(fit("日本語", 4, "…"), "日… ");
        assert_eq!(width("日本"), 4);
    }

    #[test]
    fn bytes_are_said_as_people_say_them() {
        let said = [0, 1, 999, 1_000, 4_549, 999_949, 999_950, 1_234_000_000, u64::MAX].map(bytes);
        let wanted = ["0 bytes", "1 byte", "999 bytes", "1.0 kB", "4.5 kB", "999.9 kB", "1.0 MB", "1.2 GB", "18446744.1 TB"];
        assert_eq!(said, wanted);
    }

    #[test]
    fn numbers_lose_all_digits_but_two_and_short_ones_stay() {
        for (text, wanted) in [
            ("+1 215-701-0680 said 1122 at 12:04:31", "+* ***-***-**80 said 1122 at 12:04:31"),
            ("Ada 0049151234567", "Ada ***********67"),
            ("(030) 901820", "(***) ****20"),
            ("٠٠٤٩١٥١", "*****٥١"),
            ("1122", "1122"),
            ("", ""),
        ] {
            assert_eq!(mask_digits(text), wanted, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn cleaning_twice_changes_nothing(text in any::<String>(), max in 0usize..300) {
            let once = clean(&text, max);
            prop_assert!(once.len() <= max);
            prop_assert!(once.chars().all(is_showable));
            prop_assert_eq!(clean(&once, max), once);
        }

        #[test]
        fn raw_json_round_trips(text in any::<String>()) {
            let mut json = String::new();
            push_json_string(&mut json, &text);
            prop_assert!(json.chars().all(is_showable));
            prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap_or_default(), text);
        }

        #[test]
        fn fitting_is_exact(text in "\\PC{0,40}", columns in 0usize..40) {
            prop_assert_eq!(width(&fit(&clean(&text, 400), columns, "…")), columns);
        }
    }
}
