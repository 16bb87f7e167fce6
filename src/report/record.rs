//! What a report holds: attendance, asks and gaps, cleaned, and masked where that was wanted. Whoever writes
//! a report needs to know nothing more.

use jiff::tz::TimeZone;

use crate::conference::event::Mode;
use crate::conference::{Action, Moment, Outcome};

/// A stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its beginning.
    pub from: Moment,
    /// Its end; never before the beginning.
    pub to: Moment,
}

impl Span {
    /// How long it lasts, in milliseconds.
    #[must_use]
    pub fn millis(self) -> u64 {
        u64::try_from(self.to.since(self.from).as_millis()).unwrap_or(u64::MAX)
    }

    /// How long it lasts by its two times as they are written, to the second; in milliseconds.
    ///
    /// Whoever subtracts the times of a report must come to the report's own figure.
    #[must_use]
    pub fn written(self) -> u64 {
        let second = |at: Moment| Moment(at.0.div_euclid(1_000).saturating_mul(1_000));
        Self { from: second(self.from), to: second(self.to) }.millis()
    }
}

/// How a call's presence in a conference ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It left, or a moderator took it off the list.
    Left,
    /// The provider accepted a kick.
    Kicked,
    /// It has not ended.
    In,
    /// It has not ended, and nothing was heard of it for long.
    Stale,
}

impl Ending {
    /// The word in the column `outcome`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Kicked => "kicked",
            Self::In => "in",
            Self::Stale => "stale",
        }
    }
}

/// One caller's call in one conference. Durations and counts are those within the report's time.
#[derive(Clone, Debug, PartialEq)]
pub struct Attendance {
    /// Which call of the report it is: what is masked may look alike.
    pub call: usize,
    /// The conference.
    pub conference: String,
    /// The call flow instance key.
    pub key: String,
    /// Four letters that tell callers without a number apart.
    pub tag: String,
    /// The number's digits without `+`; none where none came.
    pub number: Option<String>,
    /// The number as its country writes it, with its `+`.
    pub written: Option<String>,
    /// The name; none where none is known.
    pub name: Option<String>,
    /// ISO 3166-1 code of the number's country.
    pub place: Option<String>,
    /// The first join.
    pub joined: Moment,
    /// The last end; none for a call that is in.
    pub left: Option<Moment>,
    /// Milliseconds in the conference. Of a stale call up to the last that was heard of it.
    pub millis: u64,
    /// Stays.
    pub stays: usize,
    /// Milliseconds of the longest of them.
    pub longest: u64,
    /// The part of the time in which anybody was in the conference: 0 to 1.
    pub share: f64,
    /// Times muted.
    pub mutes: usize,
    /// Milliseconds muted.
    pub muted_millis: u64,
    /// Times a hand was raised.
    pub hands: usize,
    /// How it ended.
    pub outcome: Ending,
    /// When it was in.
    pub spans: Vec<Span>,
    /// When it was muted.
    pub muted: Vec<Span>,
    /// When its hand was up.
    pub raised: Vec<Span>,
}

impl Attendance {
    /// What people call the caller: name, else number, else `no number` and the tag.
    #[must_use]
    pub fn label(&self) -> String {
        label(self.name.as_deref(), self.written.as_deref(), &self.tag)
    }
}

fn label(name: Option<&str>, written: Option<&str>, tag: &str) -> String {
    name.or(written).map_or_else(|| format!("no number #{tag}"), str::to_owned)
}

/// One ask.
#[derive(Clone, Debug, PartialEq)]
pub struct Ask {
    /// Which call of the report it is about.
    pub call: usize,
    /// When it was made.
    pub at: Moment,
    /// Who asked.
    pub moderator: String,
    /// What was asked.
    pub action: Action,
    /// The conference.
    pub conference: String,
    /// The call.
    pub key: String,
    /// Four letters that tell callers without a number apart.
    pub tag: String,
    /// What went out in place of the number: digits, or what came.
    pub number: Option<String>,
    /// The number as its country writes it, with its `+`; what is no number as it came.
    pub written: Option<String>,
    /// The caller's name.
    pub name: Option<String>,
    /// Why: `key`, `bulk`, or the rule.
    pub reason: String,
    /// How it ended; none while there is no answer.
    pub outcome: Option<Outcome>,
    /// Milliseconds to the answer; none while there is none.
    pub answer_ms: Option<u32>,
    /// The provider's words, or what went wrong.
    pub detail: String,
}

impl Ask {
    /// What people call the caller.
    #[must_use]
    pub fn label(&self) -> String {
        label(self.name.as_deref(), self.written.as_deref(), &self.tag)
    }

    /// The word in the column `outcome`: the outcome's own, or `waiting`.
    #[must_use]
    pub fn outcome_words(&self) -> &'static str {
        self.outcome.map_or("waiting", Outcome::words)
    }
}

/// A time of which the journal does not know everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Its beginning.
    pub from: Moment,
    /// Its end; none when it has not ended.
    pub to: Option<Moment>,
    /// Why.
    pub why: Why,
}

/// Why a time is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The listener was not running.
    NotRunning,
    /// The journal could not be written.
    NotWritten {
        /// Callbacks that were answered 503.
        refused: u32,
        /// Asks and answers that stand nowhere.
        lost: u32,
    },
}

impl Why {
    /// The words in the field `reason`.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::NotRunning => "the listener was not running",
            Self::NotWritten { .. } => "the journal could not be written",
        }
    }
}

/// A time in which a mode of a conference held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModeHeld {
    /// The conference.
    pub conference: String,
    /// The mode.
    pub mode: Mode,
    /// The part of it that is in the report's time.
    pub span: Span,
    /// The moderator who set it.
    pub by: String,
}

/// Everything that a report says.
#[derive(Clone, Debug)]
pub struct Report {
    /// The conference it is of; none for all.
    pub conference: Option<String>,
    /// All conferences in it, in order.
    pub conferences: Vec<String>,
    /// From when on; none from the journal's beginning.
    pub since: Option<Moment>,
    /// Up to when.
    pub until: Moment,
    /// Whether digits are hidden.
    pub mask: bool,
    /// The clock that people read it by.
    pub zone: TimeZone,
    /// Calls in order of their first join.
    pub attendance: Vec<Attendance>,
    /// Asks in order.
    pub asks: Vec<Ask>,
    /// Gaps in order.
    pub gaps: Vec<Gap>,
    /// When modes held, in order of their beginning.
    pub modes: Vec<ModeHeld>,
}
