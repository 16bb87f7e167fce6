//! What can happen. An event that a journal holds has happened; nothing else has.
//!
//! Each variant of [`What`] has a kind (a word, a column of the journal) and a body (JSON). Both are a
//! format on disk: add fields with a default, never change the meaning of one.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use smol_str::SmolStr;

use super::{CallKey, ConferenceId, Moment};
use crate::phone::Number;
use crate::text;

mod ask;
mod order;
mod person;
mod plain;
#[cfg(test)]
mod tests;

pub use ask::{Answer, Ask, Cause, Halted, Recorded, Rule, Sent};
pub use order::{FloorGiven, HandMoved, HandsCleared, Mode, ModeSet};
pub use person::{Banned, Contact, Contacts, Exempted, Lifted, Named};
#[cfg(test)]
pub(crate) use tests::every_kind;

/// The place of an event in its journal: 1, 2, 3 and so on.
///
/// When the journal has failed, asks and answers still go round, with numbers from a range of their own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seq(pub u64);

impl Seq {
    /// The first of the numbers that stand for "happened, but is not on disk".
    pub const UNRECORDED: Self = Self(1 << 62);

    /// False for an event that no journal holds, because the journal had failed.
    #[must_use]
    pub fn is_recorded(self) -> bool {
        self < Self::UNRECORDED
    }

    /// The next place.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// One thing that happened, where it stands in the journal and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its place in the journal.
    pub seq: Seq,
    /// When confmod learned of it.
    pub at: Moment,
    /// What happened.
    pub what: What,
}

/// Makes [`What`] from one list: variant, the word of its kind, its body.
macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident($body:ty) = $word:literal,)*) => {
        /// What happened.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum What {
            $($(#[$doc])* $variant($body),)*
        }

        impl What {
            /// The kind's word, as the journal's column holds it.
            #[must_use]
            pub fn kind(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => $word,)*
                }
            }

            /// The body as JSON, without the kind.
            pub fn body(&self) -> Result<String, serde_json::Error> {
                match self {
                    $(Self::$variant(body) => serde_json::to_string(body),)*
                }
            }

            /// Reads a kind and a body back. A kind that this version does not know is `None`.
            ///
            /// Somebody else may have written them, so texts are cleaned as at any other door, which changes nothing in
            /// those that confmod wrote.
            pub fn read(kind: &str, body: &str) -> Result<Option<Self>, serde_json::Error> {
                if let Some(what) = plain::read(kind, body) {
                    return Ok(Some(what));
                }
                Self::read_any(kind, body)
            }

            /// The same for a body that may be written in any way.
            fn read_any(kind: &str, body: &str) -> Result<Option<Self>, serde_json::Error> {
                Ok(Some(match kind {
                    $($word => Self::$variant(read_body(body)?),)*
                    _ => return Ok(None),
                }))
            }
        }
    };
}

kinds! {
    /// A call flow instance was created; the caller is in no conference yet.
    Started(Arrival) = "started",
    /// The caller is about to be in a conference. The provider calls back before the caller is in the room.
    Joined(Arrival) = "joined",
    /// The call left its conference.
    Left(CallOnly) = "left",
    /// A hand went up or down, or before all others.
    Hand(HandMoved) = "hand",
    /// All hands of a conference went down.
    HandsCleared(HandsCleared) = "hands_cleared",
    /// The floor passed on.
    Floor(FloorGiven) = "floor",
    /// A mode of a conference began or ended.
    Mode(ModeSet) = "mode",
    /// Somebody asked the provider for something.
    Asked(Ask) = "asked",
    /// An ask that went round while the journal could not be written, written down afterwards. It is never
    /// sent again.
    AskedLate(Ask) = "asked_late",
    /// The journal could not be written for a while, and now it is.
    Recorded(Recorded) = "recorded",
    /// Queued asks are about to leave: a crash after this leaves their outcome unknown.
    Sent(Sent) = "sent",
    /// A moderator stopped asks that have not left.
    Halted(Halted) = "halted",
    /// An ask ended.
    Answered(Answer) = "answered",
    /// A moderator took the row off the list without asking the provider.
    Removed(CallOnly) = "removed",
    /// A moderator named a caller.
    Named(Named) = "named",
    /// The contacts file says something new.
    Contacts(Contacts) = "contacts",
    /// A caller is spared by lecture mode and lock, or no longer.
    Exempted(Exempted) = "exempted",
    /// A number was banned.
    Banned(Banned) = "banned",
    /// A ban was lifted.
    Lifted(Lifted) = "lifted",
    /// The listener began to take callbacks; before that it was not running.
    Listening(Listening) = "listening",
    /// The listener stopped on purpose.
    Stopped(Nothing) = "stopped",
}

/// Reads a body, all texts in it cleaned.
fn read_body<T: DeserializeOwned>(body: &str) -> Result<T, serde_json::Error> {
    if is_surely_clean(body) {
        return serde_json::from_str(body);
    }
    let mut body = serde_json::from_str(body)?;
    clean_texts(&mut body);
    serde_json::from_value(body)
}

/// Whether no text in a body can need cleaning, told from the bytes alone: most of them are plain ASCII, and a start
/// reads a hundred thousand.
fn is_surely_clean(body: &str) -> bool {
    let (mut before, mut run) = (0, 0);
    body.bytes().all(|byte| {
        let odd_space = matches!((before, byte), (b' ' | b'"', b' ') | (b' ', b'"'));
        run = if byte == b'"' { 0 } else { run + 1 };
        before = byte;
        matches!(byte, b' '..=b'~') && byte != b'\\' && !odd_space && run <= text::FIELD_BYTES
    })
}

fn clean_texts(value: &mut Value) {
    match value {
        Value::String(text) => *text = text::clean_field(text),
        Value::Array(values) => values.iter_mut().for_each(clean_texts),
        Value::Object(fields) => fields.values_mut().for_each(clean_texts),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A call that started or joined, with everything its callback said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arrival {
    /// The call.
    pub call: CallKey,
    /// The conference; only a start has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conference: Option<ConferenceId>,
    /// The caller's number, where one came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<Number>,
    /// What came in place of a number: `anonymous`, or a variable that was not substituted. Cleaned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instead: Option<SmolStr>,
    /// The caller's name, cleaned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<SmolStr>,
    /// The number that was dialled, cleaned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub called: Option<SmolStr>,
    /// The values of other fields, for finding: cleaned, with a space between them, at most 256 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub others: Option<SmolStr>,
    /// Whether the caller came with a raised hand.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hand: bool,
}

/// An event about a call that says nothing more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallOnly {
    /// The call.
    pub call: CallKey,
}

/// The listener began to take callbacks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listening {
    /// The last moment at which a listener on this journal is known to have run; none for a new journal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub down_since: Option<Moment>,
}

/// The body of an event that says all with its kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nothing {}

impl What {
    /// The kinds of facts that hold however old they are. They are found at every start, and kept when old
    /// events are cut away.
    pub const STANDING: [&str; 6] = ["named", "contacts", "exempted", "banned", "lifted", "mode"];

    /// The call it is about, where it is about one.
    #[must_use]
    pub fn call(&self) -> Option<&CallKey> {
        match self {
            Self::Started(arrival) | Self::Joined(arrival) => Some(&arrival.call),
            Self::Left(only) | Self::Removed(only) => Some(&only.call),
            Self::Hand(hand) => Some(&hand.call),
            Self::Floor(floor) => floor.call.as_ref(),
            Self::Asked(ask) | Self::AskedLate(ask) => Some(&ask.call),
            Self::Answered(answer) => Some(&answer.call),
            Self::Named(named) => Some(&named.call),
            Self::Exempted(exempted) => Some(&exempted.call),
            Self::HandsCleared(_)
            | Self::Mode(_)
            | Self::Sent(_)
            | Self::Halted(_)
            | Self::Recorded(_)
            | Self::Contacts(_)
            | Self::Banned(_)
            | Self::Lifted(_)
            | Self::Listening(_)
            | Self::Stopped(_) => None,
        }
    }

    /// The conference that it names, where it names one.
    #[must_use]
    pub fn conference(&self) -> Option<&ConferenceId> {
        match self {
            Self::Started(arrival) | Self::Joined(arrival) => arrival.conference.as_ref(),
            Self::Asked(ask) | Self::AskedLate(ask) => Some(&ask.conference),
            Self::HandsCleared(cleared) => Some(&cleared.conference),
            Self::Floor(floor) => Some(&floor.conference),
            Self::Mode(mode) => Some(&mode.conference),
            _ => None,
        }
    }

    /// Whether it must go round even when the disk is gone: silencing somebody comes first, and so does
    /// stopping it.
    #[must_use]
    pub fn may_go_unrecorded(&self) -> bool {
        matches!(self, Self::Asked(_) | Self::Sent(_) | Self::Answered(_) | Self::Halted(_) | Self::Floor(_) | Self::Mode(_))
    }
}
