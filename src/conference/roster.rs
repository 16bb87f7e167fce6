//! The roster: a pure fold over events. Duplicates, reordering and unknown calls are ordinary input.
//!
//! A call is its instance key. Nothing in here reads a clock; times are the events' own.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use super::event::{Cause, Event, Exempted, Named, Rule, Seq, What};
use super::hands::Hands;
use super::modes::Modes;
pub use super::participant::{CallId, Ended, LastAsk, Participant, Presence, Word};
use super::people::People;
use super::{Action, CallKey, Moment};

mod counts;
mod index;
mod look;
mod news;
#[cfg(test)]
mod order_tests;
mod pages;
mod rooms;
mod standing;
#[cfg(test)]
mod tests;

use counts::Counted;
pub use counts::Counts;
use index::Index;
pub(super) use pages::{Pages, bits};
use rooms::Rooms;
use standing::Standing;

/// A join this soon after an accepted kick is the same caller calling back, not a new stay.
pub const CALLED_BACK_WITHIN: Duration = Duration::from_mins(1);

/// How long calls that are gone are remembered, so that late events still find them.
pub(super) const REMEMBER_GONE: Duration = Duration::from_mins(10);

/// How many calls that are gone are remembered for that long; the oldest of more go sooner. What comes and goes in a
/// flood must not fill the memory.
pub(super) const MOST_GONE: usize = 10_000;

/// No sooner than this, because their rows are in sight. Who was kicked may call back.
const IN_SIGHT: Duration = super::view::SHOW_GONE;

/// What an event changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Nothing in the roster: not about a call, about one that is not known, or ordinary and late.
    Nothing,
    /// The same thing was said before.
    Duplicate(CallId),
    /// A call that was not known.
    Added(CallId),
    /// A call that was known.
    Changed(CallId),
    /// A row was taken off the list.
    Removed(CallId),
    /// Several rows show something else now: a number was named, or asks were recorded late.
    Several(Vec<CallId>),
}

/// An ask without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Whom it is about.
    pub id: CallId,
    /// The stay it was made in.
    pub stay: u16,
    /// What is asked.
    pub action: Action,
    /// Why.
    pub cause: Cause,
    /// Which rule made it.
    pub rule: Option<Rule>,
}

/// Everybody who is there, and who was a moment ago.
#[derive(Clone, Debug, Default)]
pub struct Roster {
    /// In order of arrival, because ids are given in that order.
    calls: Pages<Participant>,
    index: Index,
    /// The call without a number that has each short tag.
    tags: HashMap<u32, CallId>,
    people: People,
    modes: Modes,
    hands: Hands,
    waiting: BTreeMap<Seq, Waiting>,
    /// The last who asked, so that their names are kept once.
    askers: Vec<Arc<str>>,
    rooms: Rooms,
    all: Counts,
    next_id: u32,
}

impl Roster {
    /// Folds one event in.
    pub fn apply(&mut self, event: &Event) -> Change {
        let at = event.at;
        match &event.what {
            What::Started(arrival) => self.started(arrival, at, event.seq),
            What::Joined(arrival) => self.joined(arrival, at, event.seq),
            What::Left(only) => self.left(&only.call, at),
            What::Hand(hand) => self.hand(hand, at),
            What::HandsCleared(cleared) => self.clear_hands(&cleared.conference),
            What::Floor(floor) => self.floor_given(floor),
            What::Mode(set) => {
                self.modes.apply(set, at, event.seq);
                Change::Nothing
            }
            What::Asked(ask) | What::AskedLate(ask) => self.asked(ask, at, event.seq),
            What::Recorded(recorded) => self.recorded(&recorded.late),
            What::Answered(answer) => self.answered(answer, at),
            What::Removed(only) => self.find(&only.call).map_or(Change::Nothing, |id| self.remove(id)),
            What::Named(Named { number: None, call, name, .. }) => {
                self.of_one_call(call, |call| call.give_name((!name.is_empty()).then_some(&**name)))
            }
            What::Exempted(Exempted { number: None, call, exempt, .. }) => self.of_one_call(call, |call| call.exempt = *exempt),
            What::Named(_) | What::Exempted(_) | What::Contacts(_) | What::Banned(_) | What::Lifted(_) => {
                let numbers = self.people.apply(&event.what, at);
                self.with_numbers(&numbers)
            }
            What::Sent(_) | What::Halted(_) | What::Listening(_) | What::Stopped(_) => Change::Nothing,
        }
    }

    fn add(&mut self, mut call: Participant, room: index::Room) -> CallId {
        let id = CallId(self.next_id);
        self.next_id += 1;
        call.id = id;
        if call.number.is_none() {
            call.has_tag = *self.tags.entry(super::tag_bits(call.key())).or_insert(id) == id;
            call.long_tag = !call.has_tag;
        }
        self.share_conference(&mut call);
        let standing = Standing::of(&call);
        self.calls.insert(id, call);
        self.index.add(&self.calls, id, room);
        self.stand(id, &Standing::default(), &standing);
        id
    }

    fn remove(&mut self, id: CallId) -> Change {
        let Some(call) = self.calls.remove(id) else { return Change::Nothing };
        self.stand(id, &Standing::of(&call), &Standing::default());
        self.index.remove(id, call.key());
        if call.has_tag {
            self.tags.remove(&super::tag_bits(call.key()));
        }
        Change::Removed(id)
    }

    /// Changes a call and keeps the counts and the numbers in step.
    fn alter(&mut self, id: CallId, change: impl FnOnce(&mut Participant)) {
        let Some(call) = self.calls.get_mut(id) else { return };
        let before = Standing::of(call);
        change(call);
        if before.is_of(call) {
            return;
        }
        let mut after = Standing::of(call);
        let moved = before.conference != after.conference;
        if let Some(conference) = after.conference.as_mut().filter(|_| moved) {
            *conference = self.rooms.shared(conference);
            call.conference = Some(conference.clone());
        }
        self.stand(id, &before, &after);
    }

    /// Keeps everything in step that counts calls or finds them.
    fn stand(&mut self, id: CallId, before: &Standing, after: &Standing) {
        let moved = before.conference != after.conference;
        self.all.tally(before.counted, after.counted);
        for (standing, from, to) in [(before, before.counted, Counted::default()), (after, Counted::default(), after.counted)] {
            if let Some(conference) = standing.conference.as_ref().filter(|_| moved) {
                self.rooms.tally(conference, from, to);
            }
        }
        if let Some(conference) = after.conference.as_ref().filter(|_| !moved) {
            self.rooms.tally(conference, before.counted, after.counted);
        }
        if before.number != after.number {
            before.number.into_iter().for_each(|number| self.index.leave(id, number));
            after.number.into_iter().for_each(|number| self.index.enter(&self.calls, id, number));
        }
        if let Some(conference) = &before.conference {
            if before.hand() && (moved || !after.hand()) {
                self.hands.lower(conference, id);
            }
            if (moved || !after.inside()) && self.hands.floor(conference) == Some(id) {
                self.hands.give_floor(conference, None);
            }
        }
        if let Some(conference) = &after.conference
            && after.hand()
            && (moved || !before.hand())
        {
            self.hands.raise(conference, id);
        }
    }

    /// The text of a conference's number is kept once, however many calls are in it.
    fn share_conference(&mut self, call: &mut Participant) {
        if let Some(conference) = &mut call.conference {
            *conference = self.rooms.shared(conference);
        }
    }

    /// Whether so many calls are gone that it is time to [`forget`](Self::forget) some.
    #[must_use]
    pub fn is_crowded(&self) -> bool {
        let Counts { rows, inside, calling, .. } = self.all;
        rows.saturating_sub(inside).saturating_sub(calling) as usize >= 2 * MOST_GONE
    }

    /// Drops calls that have been gone for ten minutes, or for one (who was kicked) and half a one (who left) when there
    /// are very many of them, or were not heard of for as long as `silent`, and conferences without any row; not those that `held` says are needed. Returns
    /// those dropped.
    ///
    /// A call flow that reports no leaving would fill the roster for ever; a restart leaves the same calls out.
    pub fn forget(&mut self, now: Moment, silent: Duration, held: impl Fn(CallId) -> bool) -> Vec<(CallId, CallKey)> {
        let crowded = self.crowd_before();
        let old = |call: &Participant| {
            let stays = match call.presence {
                _ if call.since > crowded => REMEMBER_GONE,
                Presence::Kicked => CALLED_BACK_WITHIN,
                _ => IN_SIGHT,
            };
            (!call.is_live() && now.since(call.since) >= stays) || now.since(call.news) >= silent
        };
        let forgotten: Vec<_> =
            self.calls.iter().filter(|(id, call)| old(call) && !held(*id)).map(|(id, call)| (id, call.call_key())).collect();
        for (id, _) in &forgotten {
            self.remove(*id);
        }
        if !forgotten.is_empty() {
            self.rooms.forget();
            self.index.shrink(&self.calls);
            // They are in order.
            self.waiting.retain(|_, waiting| forgotten.binary_search_by_key(&waiting.id, |(id, _)| *id).is_err());
        }
        forgotten
    }

    /// The moment up to which those left who are more than are remembered; the beginning of time where nobody is.
    fn crowd_before(&self) -> Moment {
        let mut gone: Vec<Moment> = self.calls.iter().filter(|(_, call)| !call.is_live()).map(|(_, call)| call.since).collect();
        let Some(extra) = gone.len().checked_sub(MOST_GONE + 1) else { return Moment(i64::MIN) };
        *gone.select_nth_unstable(extra).1
    }
}
