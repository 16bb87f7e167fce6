//! One call as the roster holds it, and the word its row shows.

use std::collections::HashMap;
use std::time::Duration;

use super::event::{Arrival, Seq};
use super::{Action, CallKey, ConferenceId, Moment, Outcome};
use crate::phone::Number;

mod asks;
mod texts;
mod word;

use asks::More;
pub use asks::{Ended, LastAsk};
use texts::{Text, Texts};
pub use word::Word;

/// The identity of a row for as long as this process lives. Never given twice, so it can be kept as a selection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub(super) u32);

impl CallId {
    /// No row comes after this one.
    pub(super) const LAST: Self = Self(u32::MAX);
}

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

/// One call.
///
/// There may be a hundred thousand of them, so texts share one piece of memory, and what few calls have lies apart.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Participant {
    texts: Texts,
    /// The conference of this stay; none while calling.
    pub conference: Option<ConferenceId>,
    /// The caller's number.
    pub number: Option<Number>,
    /// When it came to be where it is.
    pub since: Moment,
    /// When this stay began (for a call without one, when its flow started).
    pub joined: Moment,
    /// When anything was last heard of it, callbacks and answers alike.
    pub news: Moment,
    /// The event whose raw fields describe it best.
    pub told_by: Seq,
    more: Option<Box<More>>,
    /// Its row.
    pub id: CallId,
    /// Its stays so far, this one included; 0 while calling.
    pub stays: u16,
    /// Where the call is.
    pub presence: Presence,
    /// Whether the last accepted ask about its voice was a mute.
    pub muted: bool,
    /// Whether lecture mode and lock spare this call. For a caller with a number the number decides.
    pub exempt: bool,
    /// It joined again right after an accepted kick.
    pub called_back: bool,
    /// It came without a number, and its tag is its own.
    pub(super) has_tag: bool,
    /// Another call without a number came before it with the same tag.
    pub(super) long_tag: bool,
}

impl Participant {
    /// A call that was just heard of. Whoever keeps it gives it its row.
    pub(super) fn new(arrival: &Arrival, at: Moment, seq: Seq) -> Self {
        let Arrival { call, instead, name, called, others, .. } = arrival;
        Self {
            texts: Texts::new([Some(call.as_str()), instead.as_deref(), name.as_deref(), None, called.as_deref(), others.as_deref()]),
            conference: arrival.conference.clone(),
            number: arrival.number,
            since: at,
            joined: at,
            news: at,
            told_by: seq,
            more: None,
            id: CallId(0),
            stays: 0,
            presence: Presence::Calling,
            muted: false,
            exempt: false,
            called_back: false,
            has_tag: false,
            long_tag: false,
        }
    }

    /// Its call flow instance key.
    #[must_use]
    pub fn key(&self) -> &str {
        self.texts.key()
    }

    /// Its call flow instance key, to be kept.
    #[must_use]
    pub fn call_key(&self) -> CallKey {
        CallKey::new(self.key())
    }

    /// What came in place of a number.
    #[must_use]
    pub fn instead(&self) -> Option<&str> {
        self.texts.get(Text::Instead)
    }

    /// The name that its callbacks gave.
    #[must_use]
    pub fn said_name(&self) -> Option<&str> {
        self.texts.get(Text::SaidName)
    }

    /// The name that a moderator gave this call alone.
    #[must_use]
    pub fn given_name(&self) -> Option<&str> {
        self.texts.get(Text::GivenName)
    }

    /// The number that was dialled.
    #[must_use]
    pub fn called(&self) -> Option<&str> {
        self.texts.get(Text::Called)
    }

    /// The values of its other fields, for finding.
    #[must_use]
    pub fn others(&self) -> Option<&str> {
        self.texts.get(Text::Others)
    }

    /// When its hand went up; none while down.
    #[must_use]
    pub fn hand(&self) -> Option<Moment> {
        self.more.as_ref()?.hand
    }

    /// The last thing asked for it in this stay.
    #[must_use]
    pub fn ask(&self) -> Option<&LastAsk> {
        self.more.as_ref()?.ask.as_ref()
    }

    pub(super) fn give_name(&mut self, name: Option<&str>) {
        self.texts.set(Text::GivenName, name);
    }

    pub(super) fn set_hand(&mut self, hand: Option<Moment>) {
        if self.hand() != hand {
            self.change_more(|more| more.hand = hand);
        }
    }

    /// Changes what few calls have; a call that has nothing of it any more keeps no room for it.
    fn change_more(&mut self, change: impl FnOnce(&mut More)) {
        let mut more = self.more.take().unwrap_or_default();
        change(&mut more);
        self.more = (*more != More::default()).then_some(more);
    }

    /// Letters and digits that tell it from all others on the list: four, or eight where four are taken.
    #[must_use]
    pub fn tag(&self) -> String {
        if self.long_tag { super::long_tag(self.key()) } else { super::tag(self.key()) }
    }

    /// Takes over what a later callback of the same call says more.
    pub(super) fn learn(&mut self, arrival: &Arrival, at: Moment, seq: Seq) {
        if arrival.number.is_some() {
            self.number = arrival.number;
            self.texts.set(Text::Instead, None);
        } else if self.number.is_none() && arrival.instead.is_some() {
            self.texts.set(Text::Instead, arrival.instead.as_deref());
        }
        for (text, news) in [(Text::SaidName, &arrival.name), (Text::Called, &arrival.called), (Text::Others, &arrival.others)] {
            if news.is_some() {
                self.texts.set(text, news.as_deref());
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
        let early = self.hand().filter(|_| self.stays == 0);
        self.called_back = false;
        let more = More::of_hand(early.or(arrival.hand.then_some(at)));
        self.more = (more != More::default()).then(|| Box::new(more));
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
        self.ask().is_some_and(|ask| ask.ended.is_none())
    }

    /// Takes a new ask as the last one.
    pub(super) fn ask_anew(&mut self, ask: LastAsk) {
        self.change_more(|more| more.ask_anew(ask));
    }

    /// Gives its asks the places they were written down at late; says whether it had any of them.
    pub(super) fn renumber_asks(&mut self, places: &HashMap<Seq, Seq>) -> bool {
        self.more.as_mut().is_some_and(|more| more.renumber_asks(places))
    }

    /// Takes the end of an ask in. One that never left gives way to the one before it.
    pub(super) fn end_ask(&mut self, seq: Seq, ended: Ended) {
        self.change_more(|more| more.end_ask(seq, ended));
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
        match self.ask().map(|ask| (ask.action, ask.ended.as_ref().map(|ended| ended.outcome))) {
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
