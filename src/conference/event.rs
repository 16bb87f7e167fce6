//! What can happen. An event that a journal holds has happened; nothing else has.
//!
//! Each variant of [`What`] has a kind (a word, a column of the journal) and a body (JSON). Both are a
//! format on disk: add fields with a default, never change the meaning of one.

use serde::{Deserialize, Serialize};

use super::{Action, CallKey, ConferenceId, Moment, Outcome};
use crate::phone::Number;

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

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A call flow instance was created; the caller is in no conference yet.
    Started(Arrival),
    /// The caller is about to be in a conference. The provider calls back before the caller is in the room.
    Joined(Arrival),
    /// The call left its conference.
    Left(CallOnly),
    /// A hand went up or down.
    Hand(HandMoved),
    /// Somebody asked the provider for something.
    Asked(Ask),
    /// An ask that went round while the journal could not be written, written down afterwards. It is never
    /// sent again.
    AskedLate(Ask),
    /// The journal could not be written for a while, and now it is.
    Recorded(Recorded),
    /// Queued asks are about to leave: a crash after this leaves their outcome unknown.
    Sent(Sent),
    /// An ask ended.
    Answered(Answer),
    /// A moderator took the row off the list without asking the provider.
    Removed(CallOnly),
    /// A moderator named a caller.
    Named(Named),
    /// The listener began to take callbacks; before that it was not running.
    Listening(Listening),
    /// The listener stopped on purpose.
    Stopped,
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
    pub instead: Option<Box<str>>,
    /// The caller's name, cleaned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Box<str>>,
    /// The number that was dialled, cleaned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub called: Option<Box<str>>,
    /// The values of other fields, for finding: cleaned, with a space between them, at most 256 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub others: Option<Box<str>>,
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

/// A hand that went up or down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandMoved {
    /// The call.
    pub call: CallKey,
    /// Up, or down.
    pub up: bool,
}

/// Why an ask was made: it decides what overtakes what, and what is paced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// A single key press: overtakes everything, is not paced, and is its own send mark.
    Key,
    /// One of many that were asked for together: paced, and queued until its [`Sent`] mark.
    Bulk,
    /// A rule of the conference (lecture mode, lock), because of the event with this number.
    Rule(Seq),
}

/// Something asked of the provider. Everything the request needs is in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// What is asked.
    pub action: Action,
    /// Whom it is about.
    pub call: CallKey,
    /// The conference the call is in.
    pub conference: ConferenceId,
    /// What goes out as `E164`: the caller's digits, or what came in their place where that is sent.
    pub number: Box<str>,
    /// The moderator who asked.
    pub by: Box<str>,
    /// Why.
    pub cause: Cause,
    /// When the call joined: the provider may not know it in the first seconds.
    pub joined: Moment,
}

/// Queued asks that are about to leave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// Their places in the journal.
    pub asks: Vec<Seq>,
}

/// How an ask ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The ask's place in the journal.
    pub ask: Seq,
    /// The call it was about.
    pub call: CallKey,
    /// How it ended.
    pub outcome: Outcome,
    /// The provider's words, or what went wrong; cleaned, may be empty.
    pub detail: Box<str>,
    /// Milliseconds from the first byte out to the last answer in; 0 when nothing was sent.
    pub millis: u32,
    /// False when the provider could not be reached at all.
    pub reached: bool,
}

/// The journal could not be written for a while; this is what happened meanwhile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// When it began.
    pub since: Moment,
    /// Callbacks that were answered 503.
    pub refused: u32,
    /// Asks and answers that were too many to be kept, and stand nowhere.
    pub lost: u32,
    /// Asks that are written down late: the number each went round with, and its place.
    pub late: Vec<(Seq, Seq)>,
}

/// A name that a moderator gave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// The call that was named.
    pub call: CallKey,
    /// Its number: the name then holds for later calls from it too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<Number>,
    /// The name, cleaned; empty takes the name away.
    pub name: Box<str>,
    /// The moderator who gave it.
    pub by: Box<str>,
}

/// The listener began to take callbacks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listening {
    /// The last moment at which a listener on this journal is known to have run; none for a new journal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub down_since: Option<Moment>,
}

impl What {
    /// The kind's word, as the journal's column holds it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Started(_) => "started",
            Self::Joined(_) => "joined",
            Self::Left(_) => "left",
            Self::Hand(_) => "hand",
            Self::Asked(_) => "asked",
            Self::AskedLate(_) => "asked_late",
            Self::Recorded(_) => "recorded",
            Self::Sent(_) => "sent",
            Self::Answered(_) => "answered",
            Self::Removed(_) => "removed",
            Self::Named(_) => "named",
            Self::Listening(_) => "listening",
            Self::Stopped => "stopped",
        }
    }

    /// The call it is about, where it is about one.
    #[must_use]
    pub fn call(&self) -> Option<&CallKey> {
        match self {
            Self::Started(arrival) | Self::Joined(arrival) => Some(&arrival.call),
            Self::Left(only) | Self::Removed(only) => Some(&only.call),
            Self::Hand(hand) => Some(&hand.call),
            Self::Asked(ask) | Self::AskedLate(ask) => Some(&ask.call),
            Self::Answered(answer) => Some(&answer.call),
            Self::Named(named) => Some(&named.call),
            Self::Sent(_) | Self::Recorded(_) | Self::Listening(_) | Self::Stopped => None,
        }
    }

    /// Whether it must go round even when the disk is gone: silencing somebody comes first.
    #[must_use]
    pub fn may_go_unrecorded(&self) -> bool {
        matches!(self, Self::Asked(_) | Self::Sent(_) | Self::Answered(_))
    }

    /// The body as JSON, without the kind.
    pub fn body(&self) -> Result<String, serde_json::Error> {
        match self {
            Self::Started(arrival) | Self::Joined(arrival) => serde_json::to_string(arrival),
            Self::Left(only) | Self::Removed(only) => serde_json::to_string(only),
            Self::Hand(hand) => serde_json::to_string(hand),
            Self::Asked(ask) | Self::AskedLate(ask) => serde_json::to_string(ask),
            Self::Recorded(recorded) => serde_json::to_string(recorded),
            Self::Sent(sent) => serde_json::to_string(sent),
            Self::Answered(answer) => serde_json::to_string(answer),
            Self::Named(named) => serde_json::to_string(named),
            Self::Listening(listening) => serde_json::to_string(listening),
            Self::Stopped => Ok("{}".to_owned()),
        }
    }

    /// Reads a kind and a body back. A kind that this version does not know is `None`.
    pub fn read(kind: &str, body: &str) -> Result<Option<Self>, serde_json::Error> {
        Ok(Some(match kind {
            "started" => Self::Started(serde_json::from_str(body)?),
            "joined" => Self::Joined(serde_json::from_str(body)?),
            "left" => Self::Left(serde_json::from_str(body)?),
            "hand" => Self::Hand(serde_json::from_str(body)?),
            "asked" => Self::Asked(serde_json::from_str(body)?),
            "asked_late" => Self::AskedLate(serde_json::from_str(body)?),
            "recorded" => Self::Recorded(serde_json::from_str(body)?),
            "sent" => Self::Sent(serde_json::from_str(body)?),
            "answered" => Self::Answered(serde_json::from_str(body)?),
            "removed" => Self::Removed(serde_json::from_str(body)?),
            "named" => Self::Named(serde_json::from_str(body)?),
            "listening" => Self::Listening(serde_json::from_str(body)?),
            "stopped" => Self::Stopped,
            _ => return Ok(None),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every_kind() -> Vec<What> {
        let call = CallKey::new("12312345");
        let arrival = Arrival {
            call: call.clone(),
            conference: Some("1122".into()),
            number: Number::from_digits("12157010680"),
            instead: None,
            name: Some("Ada \"Countess\" Lovelace".into()),
            called: Some("4930901820".into()),
            others: Some("Bolt fr".into()),
            hand: true,
        };
        let bare = Arrival {
            conference: None,
            number: None,
            instead: Some("anonymous".into()),
            name: None,
            called: None,
            others: None,
            hand: false,
            ..arrival.clone()
        };
        vec![
            What::Started(bare),
            What::Joined(arrival),
            What::Left(CallOnly { call: call.clone() }),
            What::Hand(HandMoved { call: call.clone(), up: true }),
            What::Asked(Ask {
                action: Action::Mute,
                call: call.clone(),
                conference: "1122".into(),
                number: "12157010680".into(),
                by: "ada".into(),
                cause: Cause::Rule(Seq(7)),
                joined: Moment(1_700_000_000_000),
            }),
            What::Sent(Sent { asks: vec![Seq(1), Seq(2)] }),
            What::Recorded(Recorded { since: Moment(1), refused: 2, lost: 3, late: vec![(Seq(4), Seq(5))] }),
            What::Answered(Answer {
                ask: Seq(1),
                call: call.clone(),
                outcome: Outcome::NotDelivered,
                detail: "no".into(),
                millis: 12,
                reached: false,
            }),
            What::Removed(CallOnly { call: call.clone() }),
            What::Named(Named { call, number: Number::from_digits("12157010680"), name: "Ada".into(), by: "ada".into() }),
            What::Listening(Listening { down_since: Some(Moment(5)) }),
            What::Stopped,
        ]
    }

    #[test]
    fn every_kind_survives_the_journal() {
        for what in every_kind() {
            let body = what.body().expect("a body");
            assert_eq!(What::read(what.kind(), &body).expect("readable"), Some(what), "{body}");
        }
    }

    #[test]
    fn a_kind_from_the_future_is_not_an_error() {
        assert_eq!(What::read("levitated", "{}").expect("not an error"), None);
        assert!(What::read("joined", "{}").is_err(), "but a known kind without its fields is");
    }

    #[test]
    fn only_asks_go_round_without_the_disk() {
        let unrecorded: Vec<_> = every_kind().iter().filter(|w| w.may_go_unrecorded()).map(What::kind).collect();
        assert_eq!(unrecorded, ["asked", "sent", "answered"]);
    }
}
