//! Reading what was typed into a filter, once, so that no row has to.

use std::time::Duration;

use super::{CALLED_BACK, EXEMPT, Field, NO_NUMBER, Slip, States, Term, Test, Text, Word, bit, holds, small};
use crate::conference::roster;
use crate::phone;

/// The fields that a term can name.
const FIELDS: [(&str, Kind); 9] = [
    ("name", Kind::Text(Field::Name)),
    ("number", Kind::Text(Field::Number)),
    ("conference", Kind::Text(Field::Conference)),
    ("called", Kind::Text(Field::Called)),
    ("role", Kind::Text(Field::Role)),
    ("field", Kind::Text(Field::Others)),
    ("state", Kind::State),
    ("hand", Kind::Hand),
    ("place", Kind::Place),
];

#[derive(Clone, Copy)]
enum Kind {
    Text(Field),
    State,
    Hand,
    Place,
}

/// States beside the words of the voice column.
const MORE_STATES: [(&str, States); 3] = [("called-back", CALLED_BACK), ("no-number", NO_NUMBER), ("exempt", EXEMPT)];

/// Every state that a term can ask for.
fn states() -> impl Iterator<Item = (&'static str, States)> {
    roster::Word::ALL.into_iter().map(|word| (word.text(), bit(word))).chain(MORE_STATES)
}

/// The terms that can be read, and what is wrong with the first that cannot.
pub(super) fn read(text: &str) -> (Vec<Term>, Option<Slip>) {
    let (mut terms, mut slip) = (Vec::new(), None);
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let unwanted = rest.starts_with('-');
        rest = &rest[usize::from(unwanted)..];
        let field = field(rest);
        rest = &rest[field.map_or(0, |name| name.len() + 1)..];
        let (value, quoted, after) = value(rest);
        rest = after.trim_start();
        let read = match quoted {
            Quoted::Open => Err(not_closed()),
            Quoted::Yes | Quoted::No => test(field, value, quoted),
        };
        match read {
            Ok(test) => terms.push(Term { unwanted, test }),
            Err(wrong) => slip = slip.or(Some(wrong)),
        }
    }
    (terms, slip)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Quoted {
    No,
    Yes,
    Open,
}

/// The name before a colon; letters alone, so that a time of day is a word.
fn field(text: &str) -> Option<&str> {
    let end = text.find(|c: char| !c.is_ascii_alphabetic())?;
    (end > 0 && text[end..].starts_with(':')).then(|| &text[..end])
}

/// A word, or what stands between quotes, and what comes after it.
fn value(text: &str) -> (&str, Quoted, &str) {
    if let Some(inside) = text.strip_prefix('"') {
        return match inside.split_once('"') {
            Some((value, after)) => (value, Quoted::Yes, after),
            None => (inside, Quoted::Open, ""),
        };
    }
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    (&text[..end], Quoted::No, &text[end..])
}

fn test(field: Option<&str>, value: &str, quoted: Quoted) -> Result<Test, Slip> {
    let Some(name) = field else { return word(value, quoted) };
    let small_name = name.to_ascii_lowercase();
    let mut begun = FIELDS.iter().filter(|(known, _)| known.starts_with(&small_name));
    let (Some((name, kind)), None) = (begun.next(), begun.next()) else {
        let known = FIELDS.map(|(known, _)| format!("{known}:")).join(" ");
        return Err(Slip {
            sentence: format!("there is no field {name}:"),
            remedy: format!("the fields are {known}; in quotes it is a word"),
        });
    };
    match kind {
        _ if value.trim().is_empty() && quoted != Quoted::No => Err(nothing_quoted()),
        // A field alone asks whether there is any.
        Kind::Text(field) if value.is_empty() => Ok(Test::Has(*field)),
        Kind::Text(Field::Number) if digits(value).is_none() && !value.chars().any(char::is_alphabetic) => Err(Slip {
            sentence: format!("{name}:{value} has no digits"),
            remedy: "write number:215, number:+1215 for how it begins, or -number: for callers without one".to_owned(),
        }),
        Kind::Text(field) => Ok(Test::Text(*field, text(value))),
        Kind::State => state(value),
        Kind::Hand => match value.to_lowercase().as_str() {
            "" => Ok(Test::Hand(true)),
            up if "up".starts_with(up) => Ok(Test::Hand(true)),
            down if "down".starts_with(down) => Ok(Test::Hand(false)),
            _ => Err(Slip {
                sentence: format!("a hand is up or down, not {value}"),
                remedy: "hand: and hand:up find raised hands, hand:down the others".to_owned(),
            }),
        },
        Kind::Place if value.is_empty() => Ok(Test::AnyPlace),
        Kind::Place => match phone::regions_like(value) {
            none if none.is_empty() => Err(Slip {
                sentence: format!("no country is called {value}"),
                remedy: "write its two letters or a part of its English name: place:DE place:germ".to_owned(),
            }),
            regions => Ok(Test::Place(regions)),
        },
    }
}

fn not_closed() -> Slip {
    Slip { sentence: "a quote is not closed".to_owned(), remedy: "write \"two words\", with a quote on both sides".to_owned() }
}

fn nothing_quoted() -> Slip {
    Slip { sentence: "nothing stands between the quotes".to_owned(), remedy: "write \"two words\" between them".to_owned() }
}

fn word(value: &str, quoted: Quoted) -> Result<Test, Slip> {
    if quoted != Quoted::No {
        return if value.trim().is_empty() { Err(nothing_quoted()) } else { Ok(any(value)) };
    }
    if let Some(time) = value.strip_prefix('>') {
        return time_of(time).map(Test::Longer).ok_or_else(|| no_time(value, '>'));
    }
    if let Some(time) = value.strip_prefix('<') {
        return time_of(time).map(Test::Shorter).ok_or_else(|| no_time(value, '<'));
    }
    if value.is_empty() {
        return Err(Slip {
            sentence: "- wants a word right after it".to_owned(),
            remedy: "write -word, -state:muted or -\"two words\" for callers without it".to_owned(),
        });
    }
    Ok(any(value))
}

fn any(value: &str) -> Test {
    let text = text(value);
    let found = |own: &str| holds(own, &text.small);
    // The states beside them are not words of a row.
    let states = roster::Word::ALL.into_iter().filter(|word| found(word.text())).fold(0, |states, word| states | bit(word));
    let (hand, numberless) = (found("hand"), found("no number"));
    Test::Word(Word { text, states, hand, numberless })
}

fn text(value: &str) -> Text {
    Text { small: small(value).collect(), digits: digits(value) }
}

/// The digits of what may be a part of a number as anybody writes it, and whether it begins with a plus sign.
fn digits(value: &str) -> Option<(String, bool)> {
    let digits: String = value.chars().filter(char::is_ascii_digit).collect();
    let part = |c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | '(' | ')' | '/' | ' ');
    (!digits.is_empty() && value.chars().all(part)).then(|| (digits, value.starts_with('+')))
}

/// One or several states, with a comma between them; the beginning of a word is enough.
fn state(value: &str) -> Result<Test, Slip> {
    // Words that stand on the screen only while something is under way are not taught here.
    let known = || {
        use roster::Word::{Kicking, Muting, Unmuting};
        let passing = bit(Muting) | bit(Unmuting) | bit(Kicking);
        let words: Vec<_> = states().filter(|(_, own)| own & passing == 0).map(|(word, _)| word).collect();
        words.join(" ")
    };
    let mut wanted = 0;
    for word in value.split(',').map(str::to_lowercase) {
        let found = states().filter(|(known, _)| !word.is_empty() && known.starts_with(&word)).fold(0, |all, (_, own)| all | own);
        if found == 0 {
            let sentence = if word.is_empty() { "state: wants a word".to_owned() } else { format!("there is no state {word}") };
            return Err(Slip { sentence, remedy: known() });
        }
        wanted |= found;
    }
    Ok(Test::State(wanted))
}

fn no_time(value: &str, sign: char) -> Slip {
    let sentence = if value.len() == 1 { format!("{sign} wants a time right after it") } else { format!("{value} is no time") };
    Slip { sentence, remedy: format!("write {sign}30s {sign}10m {sign}1h30m {sign}2d; a number alone means minutes") }
}

/// A time such as `90s`, `10m`, `1h30m` or `2d`; a number alone is minutes.
fn time_of(text: &str) -> Option<Duration> {
    let mut seconds: u64 = 0;
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let number: u64 = rest[..end].parse().ok()?;
        let unit = rest[end..].chars().next();
        let of_one = match unit.map(|unit| unit.to_ascii_lowercase()) {
            Some('s') => 1,
            Some('m') => 60,
            None if end == text.len() => 60,
            Some('h') => 3_600,
            Some('d') => 86_400,
            _ => return None,
        };
        seconds = seconds.checked_add(number.checked_mul(of_one)?)?;
        rest = &rest[end + usize::from(unit.is_some())..];
    }
    // More than a century is a slip, and moments must not run over.
    (!text.is_empty() && seconds <= 100 * 366 * 86_400).then(|| Duration::from_secs(seconds))
}
