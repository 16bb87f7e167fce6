//! One call as the roster holds it, and the word its row shows.

use std::collections::HashMap;
use std::time::Duration;

use super::event::{Arrival, Seq};
use super::{Action, CallKey, ConferenceId, Moment, Outcome};
use crate::phone::Number;

/// The identity of a row for as long as this process lives. Never given twice, so it can be kept as a selection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub(super) u32);

/// Where a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// Its flow has started, no join came yet: in no conference.
    Calling,
    /// In its conference, as far as callbacks tell.
    In,
    /// It said that it left.
    Left,
    /// The provider accepted a kick.
    Kicked,
}

/// The last thing that was asked for a call, and how it went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastAsk {
    /// The ask's place in the journal; unrecorded when the journal had failed.
    pub seq: Seq,
    /// What was asked.
    pub action: Action,
    /// When.
    pub at: Moment,
    /// How it ended; none while it is on its way.
    pub ended: Option<Ended>,
}

/// How an ask ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// The outcome.
    pub outcome: Outcome,
    /// The provider's words or what went wrong; may be empty.
    pub detail: Box<str>,
    /// When.
    pub at: Moment,
}

/// The word in a row's voice column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Word {
    /// Not in a conference yet.
    Calling,
    /// May speak.
    Open,
    /// A mute is on its way.
    Muting,
    /// The provider accepted a mute.
    Muted,
    /// An unmute is on its way.
    Unmuting,
    /// A kick is on its way.
    Kicking,
    /// The provider accepted a kick.
    Kicked,
    /// The call left.
    Left,
    /// The last ask was refused or not delivered.
    Failed,
    /// Nothing is known of the last ask's outcome.
    Unknown,
    /// Nothing was heard of the call for long.
    Stale,
}

impl Word {
    /// All of them, in their order.
    pub const ALL: [Self; 11] = [
        Self::Calling,
        Self::Open,
        Self::Muting,
        Self::Muted,
        Self::Unmuting,
        Self::Kicking,
        Self::Kicked,
        Self::Left,
        Self::Failed,
        Self::Unknown,
        Self::Stale,
    ];

    /// The word as it stands on the screen.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Calling => "calling",
            Self::Open => "open",
            Self::Muting => "muting",
            Self::Muted => "muted",
            Self::Unmuting => "unmuting",
            Self::Kicking => "kicking",
            Self::Kicked => "kicked",
            Self::Left => "left",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Stale => "stale",
        }
    }
}

/// One call.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Participant {
    /// Its call flow instance key.
    pub key: CallKey,
    /// The conference of this stay; none while calling.
    pub conference: Option<ConferenceId>,
    /// The caller's number.
    pub number: Option<Number>,
    /// What came in place of a number.
    pub instead: Option<Box<str>>,
    /// The name that its callbacks gave.
    pub said_name: Option<Box<str>>,
    /// The name that a moderator gave this call alone.
    pub given_name: Option<Box<str>>,
    /// The number that was dialled.
    pub called: Option<Box<str>>,
    /// The values of its other fields, for finding.
    pub others: Option<Box<str>>,
    /// Where the call is.
    pub presence: Presence,
    /// When it came to be there.
    pub since: Moment,
    /// When this stay began (for a call without one, when its flow started).
    pub joined: Moment,
    /// When anything was last heard of it, callbacks and answers alike.
    pub news: Moment,
    /// Whether the last accepted ask about its voice was a mute.
    pub muted: bool,
    /// When its hand went up; none while down.
    pub hand: Option<Moment>,
    /// Whether lecture mode and lock spare this call. For a caller with a number the number decides.
    pub exempt: bool,
    /// Its stays so far, this one included; 0 while calling.
    pub stays: u16,
    /// It joined again right after an accepted kick.
    pub called_back: bool,
    /// The last thing asked for it in this stay.
    pub ask: Option<LastAsk>,
    /// The one before it, as long as the last may turn out never to have left.
    pub(super) earlier: Option<Box<LastAsk>>,
    /// The event whose raw fields describe it best.
    pub told_by: Seq,
    /// Another call without a number came before it with the same tag.
    pub(super) long_tag: bool,
}

impl Participant {
    pub(super) fn new(arrival: &Arrival, at: Moment, seq: Seq) -> Self {
        Self {
            key: arrival.call.clone(),
            conference: arrival.conference.clone(),
            number: arrival.number,
            instead: arrival.instead.clone(),
            said_name: arrival.name.clone(),
            given_name: None,
            called: arrival.called.clone(),
            others: arrival.others.clone(),
            presence: Presence::Calling,
            since: at,
            joined: at,
            news: at,
            muted: false,
            hand: None,
            exempt: false,
            stays: 0,
            called_back: false,
            ask: None,
            earlier: None,
            told_by: seq,
            long_tag: false,
        }
    }

    /// Letters and digits that tell it from all others on the list: four, or eight where four are taken.
    #[must_use]
    pub fn tag(&self) -> String {
        if self.long_tag { self.key.long_tag() } else { self.key.tag() }
    }

    /// Takes over what a later callback of the same call says more.
    pub(super) fn learn(&mut self, arrival: &Arrival, at: Moment, seq: Seq) {
        if arrival.number.is_some() {
            (self.number, self.instead) = (arrival.number, None);
        } else if self.number.is_none() && arrival.instead.is_some() {
            self.instead.clone_from(&arrival.instead);
        }
        for (mine, news) in [(&mut self.said_name, &arrival.name), (&mut self.called, &arrival.called), (&mut self.others, &arrival.others)]
        {
            if news.is_some() {
                mine.clone_from(news);
            }
        }
        self.news = at;
        self.told_by = seq;
    }

    /// Begins a stay: in the conference, open, nothing asked.
    pub(super) fn enter(&mut self, arrival: &Arrival, at: Moment) {
        self.conference.clone_from(&arrival.conference);
        self.presence = Presence::In;
        (self.since, self.joined) = (at, at);
        self.muted = false;
        // A hand that went up before the join came stays up; one of an earlier stay does not.
        let early = self.hand.filter(|_| self.stays == 0);
        self.hand = early.or(arrival.hand.then_some(at));
        self.called_back = false;
        (self.ask, self.earlier) = (None, None);
        self.stays = self.stays.saturating_add(1);
    }

    /// Whether the call is still on the line: calling or in.
    #[must_use]
    pub fn is_live(&self) -> bool {
        matches!(self.presence, Presence::Calling | Presence::In)
    }

    /// Whether an ask is on its way.
    #[must_use]
    pub fn is_asking(&self) -> bool {
        self.ask.as_ref().is_some_and(|ask| ask.ended.is_none())
    }

    /// Takes a new ask as the last one.
    pub(super) fn ask_anew(&mut self, ask: LastAsk) {
        let Some(before) = self.ask.replace(ask) else { return };
        let told = match before.ended.as_ref().map(|ended| ended.outcome) {
            // Behind one that is in flight it waits, and is replaced now.
            None => self.earlier.as_ref().is_some_and(|earlier| earlier.ended.is_none()),
            Some(Outcome::Accepted | Outcome::NotSent) => {
                self.earlier = None;
                true
            }
            Some(_) => false,
        };
        if !told {
            self.earlier = Some(Box::new(before));
        }
    }

    /// Gives its asks the places they were written down at late; says whether it had any of them.
    pub(super) fn renumber_asks(&mut self, places: &HashMap<Seq, Seq>) -> bool {
        let mut any = false;
        for ask in self.ask.iter_mut().chain(self.earlier.as_deref_mut()) {
            if let Some(place) = places.get(&ask.seq) {
                ask.seq = *place;
                any = true;
            }
        }
        any
    }

    /// Takes the end of an ask in. One that never left gives way to the one before it.
    pub(super) fn end_ask(&mut self, seq: Seq, ended: Ended) {
        let outcome = ended.outcome;
        if let Some(ask) = self.ask.as_mut().filter(|ask| ask.seq == seq) {
            ask.ended = Some(ended);
            match self.earlier.take() {
                Some(earlier) if outcome == Outcome::NotSent => self.ask = Some(*earlier),
                _ => {}
            }
        } else if let Some(earlier) = self.earlier.as_mut().filter(|earlier| earlier.seq == seq) {
            earlier.ended = Some(ended);
            if outcome == Outcome::Accepted {
                self.earlier = None;
            }
        }
    }

    /// Whether it is in and nothing was heard of it for longer than `after`.
    #[must_use]
    pub fn is_stale(&self, now: Moment, after: Duration) -> bool {
        self.is_live() && now.since(self.news) >= after
    }

    /// How long its stay has lasted: still running while it is on the line.
    #[must_use]
    pub fn stayed(&self, now: Moment) -> Duration {
        match self.presence {
            Presence::Calling | Presence::In => now.since(self.joined),
            Presence::Left | Presence::Kicked => self.since.since(self.joined),
        }
    }

    /// The word its row shows.
    #[must_use]
    pub fn word(&self, now: Moment, stale_after: Duration) -> Word {
        if self.presence == Presence::Left {
            return Word::Left;
        }
        match self.ask.as_ref().map(|ask| (ask.action, ask.ended.as_ref().map(|ended| ended.outcome))) {
            Some((Action::Mute, None)) => Word::Muting,
            Some((Action::Unmute, None)) => Word::Unmuting,
            Some((Action::Kick, None)) => Word::Kicking,
            Some((_, Some(Outcome::Refused | Outcome::NotDelivered))) => Word::Failed,
            Some((_, Some(Outcome::Unknown))) => Word::Unknown,
            Some((_, Some(Outcome::Accepted | Outcome::NotSent))) | None => self.settled(now, stale_after),
        }
    }

    /// The word without the last ask: what was so before it.
    #[must_use]
    pub fn settled(&self, now: Moment, stale_after: Duration) -> Word {
        match self.presence {
            Presence::Left => Word::Left,
            Presence::Kicked => Word::Kicked,
            _ if self.is_stale(now, stale_after) => Word::Stale,
            Presence::Calling => Word::Calling,
            Presence::In if self.muted => Word::Muted,
            Presence::In => Word::Open,
        }
    }
}
