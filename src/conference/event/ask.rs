//! What is asked of the provider, and how it ends.

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::Seq;
use crate::conference::{Action, CallKey, ConferenceId, Moment, Outcome};

/// Why an ask was made: it decides what overtakes what, and what is paced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// A single key press: overtakes everything, is not paced, and is its own send mark.
    Key,
    /// One of many that were asked for together: paced, and queued until its [`Sent`] mark.
    Bulk,
    /// The floor passed on: as a key press, but what a rule had done to the voice before still counts.
    Floor,
    /// A rule of the conference (lecture mode, lock), because of the event with this number.
    Rule(Seq),
}

impl Cause {
    /// Whether the ask overtakes others, is not paced, and is its own send mark.
    #[must_use]
    pub fn is_pressed(self) -> bool {
        matches!(self, Self::Key | Self::Floor)
    }
}

/// Which rule of a conference made an ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Lecture mode mutes.
    Lecture,
    /// Lecture mode has ended, and gives back the voices it took.
    LectureEnded,
    /// The caller is exempt now, and gets back the voice that lecture mode took.
    Exemption,
    /// The conference is locked.
    Lock,
    /// The number is banned.
    Ban,
}

impl Rule {
    /// What people call it: `lecture mode`, `end of lecture mode`, `exemption`, `lock`, `ban`.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Lecture => "lecture mode",
            Self::LectureEnded => "end of lecture mode",
            Self::Exemption => "exemption",
            Self::Lock => "lock",
            Self::Ban => "ban",
        }
    }
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
    pub number: SmolStr,
    /// The moderator who asked.
    pub by: SmolStr,
    /// Why.
    pub cause: Cause,
    /// Which rule, where one made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<Rule>,
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
    pub detail: SmolStr,
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

/// Asks that a moderator stopped: those that have not left will not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Halted {
    /// Their places in the journal. Those that are on their way or have ended are not touched.
    pub asks: Vec<Seq>,
    /// The moderator who stopped them.
    pub by: SmolStr,
    /// Whether the rest of what this moderator asked for many before is stopped too: of many, some may still be on their
    /// way to the journal.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rest: bool,
}
