//! The fields of a callback: reading them from query and form, and what event they make.
//!
//! Pure: text in, an event or a [`Slip`] out. The door's checks and all I/O are elsewhere.

use std::borrow::Cow;
use std::fmt;

use smol_str::SmolStr;
use unicode_segmentation::UnicodeSegmentation as _;

use crate::conference::event::{Arrival, CallOnly, HandMoved, What};
use crate::conference::{CallKey, ConferenceId};
use crate::phone::{self, Received};
use crate::text::{self, FIELD_BYTES};

const KEY: &[&str] = &["CALLFLOW.INSTANCE.KEY", "key"];
const NUMBER: &[&str] = &["E164", "number"];
const CONFERENCE: &[&str] = &["CONFERENCE.NUMBER", "conference"];
const NAME: &[&str] = &["CALLERNAME", "name"];
const CALLED: &[&str] = &["CALLED"];
const STATE: &[&str] = &["state", "hand"];
const HAND: &[&str] = &["hand"];

/// Every spelling with a meaning of its own.
const KNOWN: [&[&str]; 6] = [KEY, NUMBER, CONFERENCE, NAME, CALLED, STATE];

/// How many fields without a meaning of their own are kept.
const OTHERS: usize = 16;

/// What a callback reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Start,
    Join,
    Leave,
    Hand,
}

impl Kind {
    /// Reads the last part of a callback's path.
    pub(super) fn from_path(word: &str) -> Option<Self> {
        [Self::Start, Self::Join, Self::Leave, Self::Hand].into_iter().find(|kind| kind.word() == word)
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Join => "join",
            Self::Leave => "leave",
            Self::Hand => "hand",
        }
    }
}

/// Why a callback cannot be taken. Each says which field, what is wrong with it, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Slip {
    /// There is no call flow instance key.
    NoKey,
    /// The key is a variable that was not substituted; a cleaned piece of it.
    KeyNotSubstituted(String),
    /// A join names no conference, and none is configured.
    NoConference,
    /// As before, because the conference is a variable that was not substituted; a cleaned piece of it.
    ConferenceNotSubstituted(String),
    /// A field that must be kept whole is too long.
    TooLong { field: &'static str, bytes: usize },
    /// A hand is neither up nor down; a cleaned piece of what it is.
    State(String),
}

impl Slip {
    /// A word for the log, which holds nothing of what was received.
    pub(super) fn rule(&self) -> &'static str {
        match self {
            Self::NoKey => "no key",
            Self::KeyNotSubstituted(_) => "key not substituted",
            Self::NoConference => "no conference",
            Self::ConferenceNotSubstituted(_) => "conference not substituted",
            Self::TooLong { .. } => "field too long",
            Self::State(_) => "hand neither up nor down",
        }
    }
}

impl fmt::Display for Slip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoKey => f.write_str(
                "The field CALLFLOW.INSTANCE.KEY is missing or empty. \
                 Put CALLFLOW.INSTANCE.KEY=$[CALLFLOW.INSTANCE.KEY]$ into the URL in the call flow.",
            ),
            Self::KeyNotSubstituted(shown) => write!(
                f,
                "The field CALLFLOW.INSTANCE.KEY is {shown}, a variable that the call flow did not fill in. \
                 The URL in the call flow has to spell it $[CALLFLOW.INSTANCE.KEY]$, in a control in which the call flow knows it."
            ),
            Self::NoConference => f.write_str(
                "The field CONFERENCE.NUMBER is missing or empty, and no conference is configured. \
                 Put CONFERENCE.NUMBER= and the conference's number into the URL in the call flow, or set CONFMOD_CONFERENCE.",
            ),
            Self::ConferenceNotSubstituted(shown) => write!(
                f,
                "The field CONFERENCE.NUMBER is {shown}, a variable that the call flow did not fill in, and no conference is configured. \
                 Write the conference's number itself into the URL in the call flow, or set CONFMOD_CONFERENCE."
            ),
            Self::TooLong { field, bytes } => {
                write!(f, "The field {field} has {bytes} bytes; at most {FIELD_BYTES} are taken. Correct the URL in the call flow.")
            }
            Self::State(shown) => write!(f, "The field state is {shown}; it must be up or down. Correct the URL in the call flow."),
        }
    }
}

/// The fields of one callback, decoded, in the order they came: first the query's, then the form's.
#[derive(Clone, Debug)]
pub(super) struct Fields<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Fields<'a> {
    /// Decodes query and form. Both may be empty; what is not UTF-8 becomes U+FFFD.
    pub(super) fn parse(query: &'a str, form: &'a [u8]) -> Self {
        Self(form_urlencoded::parse(query.as_bytes()).chain(form_urlencoded::parse(form)).collect())
    }

    /// The first value that holds anything, in the order of the spellings; trimmed. Empty when there is none.
    fn value(&self, spellings: &[&str]) -> &str {
        let of = |spelling: &&str| {
            self.0.iter().filter(move |(name, _)| name.eq_ignore_ascii_case(spelling)).find(|(_, value)| says_something(value))
        };
        spellings.iter().find_map(of).map_or("", |(_, value)| value.trim())
    }

    /// As [`value`](Self::value), for what must be kept whole: refused over [`FIELD_BYTES`].
    fn whole(&self, spellings: &[&'static str]) -> Result<&str, Slip> {
        let value = self.value(spellings);
        if value.len() > FIELD_BYTES {
            let field = spellings.first().copied().unwrap_or_default();
            return Err(Slip::TooLong { field, bytes: value.len() });
        }
        Ok(value)
    }

    /// As [`value`](Self::value), for what is only shown: cleaned, cut, and nothing when not substituted.
    fn shown(&self, spellings: &[&str]) -> Option<SmolStr> {
        let value = cleaned(self.value(spellings));
        (!value.is_empty() && !phone::is_placeholder(&value)).then(|| value.into())
    }

    /// The values of the first 16 fields without a meaning of their own, cleaned, for finding a caller by them.
    fn others(&self) -> Option<SmolStr> {
        let values = self.0.iter().filter(|(name, _)| !is_known_field(name)).take(OTHERS);
        let values: Vec<_> = values.map(|(_, value)| cleaned(value)).filter(|value| !value.is_empty()).collect();
        let text = text::clean_field(&values.join(" "));
        (!text.is_empty()).then(|| text.into())
    }

    /// What came, word for word, as one JSON object: each known spelling once, and the first 16 others.
    ///
    /// Names and values are cut at [`FIELD_BYTES`]; everything that cannot be shown is escaped. A name may
    /// stand in it twice.
    pub(super) fn raw(&self) -> String {
        let mut kept: Vec<usize> = KNOWN.iter().copied().flatten().filter_map(|spelling| self.place(spelling)).collect();
        kept.extend((0..self.0.len()).filter(|&at| !is_known_field(&self.0[at].0)).take(OTHERS));
        kept.sort_unstable();
        // With the quotes, colons and commas of six fields, and the braces. No more than is kept, because it waits for the disk.
        let room = |&at: &usize| self.0[at].0.len().min(FIELD_BYTES) + self.0[at].1.len().min(FIELD_BYTES);
        let mut out = String::with_capacity(kept.iter().map(room).sum::<usize>() + 32);
        out.push('{');
        for (name, value) in kept.into_iter().map(|at| &self.0[at]) {
            if out.len() > 1 {
                out.push(',');
            }
            text::push_json_string(&mut out, cut(name));
            out.push(':');
            text::push_json_string(&mut out, cut(value));
        }
        out.push('}');
        out
    }

    /// Where a known spelling stands: its first value that holds anything, else its first.
    fn place(&self, spelling: &str) -> Option<usize> {
        let mut places = self.0.iter().enumerate().filter(|(_, (name, _))| name.eq_ignore_ascii_case(spelling)).peekable();
        let first = places.peek().map(|(at, _)| *at);
        places.find(|(_, (_, value))| says_something(value)).map(|(at, _)| at).or(first)
    }
}

/// Whether anything is left of a value once it is cleaned.
fn says_something(value: &str) -> bool {
    // Nothing is cut off what is short, and such a character always stays.
    let is_plain = value.len() <= FIELD_BYTES && value.bytes().any(|byte| byte.is_ascii_alphanumeric());
    is_plain || !text::clean_field(value).is_empty()
}

/// Whether a field has a meaning of its own, and so is shown by its meaning and not by its name.
pub fn is_known_field(name: &str) -> bool {
    KNOWN.iter().copied().flatten().any(|spelling| name.eq_ignore_ascii_case(spelling))
}

/// At most [`FIELD_BYTES`] of a text, cut at a grapheme; inside one only when the first is longer than that.
fn cut(text: &str) -> &str {
    if text.len() <= FIELD_BYTES {
        return text;
    }
    let ends = text.grapheme_indices(true).map(|(at, grapheme)| at + grapheme.len());
    let end = ends.take_while(|end| *end <= FIELD_BYTES).last();
    let end = end.or_else(|| (0..=FIELD_BYTES).rev().find(|at| text.is_char_boundary(*at))).unwrap_or(0);
    &text[..end]
}

/// A field as it is kept.
fn cleaned(value: &str) -> Cow<'_, str> {
    text::cleaned(value, FIELD_BYTES)
}

/// A few characters of a wrong value, for the answer that names it.
fn excerpt(value: &str) -> String {
    text::clean(value, 40)
}

/// Makes the event that a callback reports. `configured` is the conference for joins that name none.
pub(super) fn read(kind: Kind, fields: &Fields<'_>, configured: Option<&ConferenceId>) -> Result<What, Slip> {
    let key = fields.whole(KEY)?;
    // Checked whatever the kind: a URL with such a slip in it should not work half the time.
    let number = fields.whole(NUMBER)?;
    let conference = fields.whole(CONFERENCE)?;

    let key = cleaned(key);
    if key.is_empty() {
        return Err(Slip::NoKey);
    }
    if phone::is_placeholder(&key) {
        return Err(Slip::KeyNotSubstituted(excerpt(&key)));
    }
    let call = CallKey::new(&key);

    let conference = cleaned(conference);
    let named = (!conference.is_empty() && !phone::is_placeholder(&conference)).then(|| ConferenceId::new(&conference));

    Ok(match kind {
        Kind::Start => What::Started(arrival(call, named, number, fields)),
        Kind::Join => {
            let known = named.or_else(|| configured.cloned());
            let known = known.ok_or_else(|| {
                if conference.is_empty() { Slip::NoConference } else { Slip::ConferenceNotSubstituted(excerpt(&conference)) }
            })?;
            let hand = fields.value(HAND).eq_ignore_ascii_case("up");
            What::Joined(Arrival { hand, ..arrival(call, Some(known), number, fields) })
        }
        Kind::Leave => What::Left(CallOnly { call }),
        Kind::Hand => {
            let state = fields.value(STATE);
            let up = match state {
                "" => true,
                // A variable that was not filled in says nothing.
                variable if phone::is_placeholder(variable) => true,
                word if word.eq_ignore_ascii_case("up") => true,
                word if word.eq_ignore_ascii_case("down") => false,
                other => return Err(Slip::State(excerpt(other))),
            };
            What::Hand(HandMoved { call, up, first: false, by: None })
        }
    })
}

fn arrival(call: CallKey, conference: Option<ConferenceId>, number: &str, fields: &Fields<'_>) -> Arrival {
    let (number, instead) = match phone::read(number) {
        Received::Number(number) => (Some(number), None),
        Received::Withheld(text) | Received::Placeholder(text) | Received::Unreadable(text) => {
            let text = text::clean_field(&text);
            (None, (!text.is_empty()).then(|| text.into()))
        }
    };
    Arrival {
        call,
        conference,
        number,
        instead,
        name: fields.shown(NAME),
        called: fields.shown(CALLED),
        others: fields.others(),
        hand: false,
    }
}

#[cfg(test)]
mod tests;
