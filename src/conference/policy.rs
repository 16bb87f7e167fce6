//! Lecture mode, lock and bans: what they ask of the provider, of whom and when. Pure: a fold over all events;
//! time comes in.
//!
//! Each ask carries the event that caused it. What falls due is looked at again when it is due, and once more
//! when it comes back as an event: a moderator, a mode's end or a leaving in between wins. This is no second
//! roster: a call takes some 80 bytes with its key, and nothing in here is for showing.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use smol_str::SmolStr;

use super::event::{Event, Seq, What};
use super::modes::Modes;
use super::people::People;
use super::{CallKey, ConferenceId, Moment};

mod agenda;
mod asks;
mod call;
mod calls;
mod due;
mod rules;
mod stays;

use agenda::Agenda;
use asks::Flying;
use call::Call;
use calls::Calls;

/// What an event means for asks that exist already.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// The event is an ask of a rule that does not hold any more: it must not leave, and this is why.
    pub moot: Option<&'static str>,
    /// Asks that must not leave if they have not.
    pub stop: Vec<Seq>,
    /// Why those must not.
    pub why: &'static str,
}

/// So many conferences are no reason to look which of them are empty.
const FEW_ROOMS: usize = 256;

/// A conference, as far as rules need it.
#[derive(Clone, Debug)]
struct Room {
    id: ConferenceId,
    /// Who has the floor.
    floor: Option<CallKey>,
    /// The event that ended lecture mode last, and who did.
    ended: Option<(Seq, SmolStr)>,
}

/// The rules of all conferences, and whom they are about.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// The time between a join and an ask because of it.
    wait: Duration,
    /// Whether callers without a number can be asked for with what came in its place.
    send_withheld: bool,
    /// The past is being folded: nothing of it falls due.
    restoring: bool,
    calls: Calls,
    /// What came in place of a number; kept only where that is sent.
    instead: HashMap<CallKey, SmolStr>,
    /// Calls that are gone, in that order; late events and callers who come back still find them.
    gone: VecDeque<(Moment, CallKey)>,
    /// How many calls are in a conference.
    inside: usize,
    rooms: Vec<Room>,
    /// Where in `rooms` each conference is.
    places: HashMap<ConferenceId, u32>,
    /// When there are so many, those that nobody is in are dropped.
    many_rooms: usize,
    people: People,
    modes: Modes,
    /// Asks without an answer.
    flying: BTreeMap<(CallKey, Seq), Flying>,
    kicks: Agenda,
    voices: Agenda,
}

impl Policy {
    /// Rules that ask `wait` after a join; with `send_withheld` also for callers without a number, for whom goes
    /// out what came in its place. It takes events as past ones until [`begin`](Self::begin).
    #[must_use]
    pub fn new(wait: Duration, send_withheld: bool) -> Self {
        Self { wait, send_withheld, restoring: true, ..Self::default() }
    }

    /// Folds one event in.
    pub fn apply(&mut self, event: &Event) -> Told {
        let (at, seq) = (event.at, event.seq);
        self.forget_gone(at);
        match &event.what {
            What::Started(arrival) => self.started(arrival, at),
            What::Joined(arrival) => self.joined(arrival, at, seq),
            What::Left(only) => self.left(&only.call, at),
            What::Removed(only) => self.drop_call(&only.call),
            What::Hand(hand) if hand.by.is_none() => self.heard_of(&hand.call, at),
            What::Floor(floor) => self.floor_given(floor),
            What::Mode(set) => return self.mode_set(set, at, seq),
            What::Exempted(exempted) => return self.exempted(exempted, &event.what, at, seq),
            What::Contacts(_) => {
                let numbers = self.people.apply(&event.what, at);
                return self.look_at_numbers(&numbers, at, seq, None);
            }
            What::Banned(_) => drop(self.people.apply(&event.what, at)),
            What::Lifted(lifted) => {
                self.people.apply(&event.what, at);
                return self.ban_lifted(lifted.number);
            }
            What::Asked(ask) => return Told { moot: self.asked(ask, seq), ..Told::default() },
            // Later on it is news to nobody: it went round before.
            What::AskedLate(ask) if self.restoring => drop(self.asked(ask, seq)),
            What::Answered(answer) => self.ended(&answer.call, answer.ask, answer.outcome, at),
            What::Recorded(recorded) => self.renumber(&recorded.late),
            What::AskedLate(_)
            | What::Hand(_)
            | What::HandsCleared(_)
            | What::Sent(_)
            | What::Halted(_)
            | What::Named(_)
            | What::Listening(_)
            | What::Stopped(_) => {}
        }
        Told::default()
    }

    /// Whether anybody is in a conference.
    #[must_use]
    pub fn is_anybody_in(&self) -> bool {
        self.inside > 0
    }

    /// Drops calls that nothing was heard of for as long as `silent`, give or take a minute: a call flow that
    /// reports no leaving would fill the memory for ever.
    pub fn forget(&mut self, now: Moment, silent: Duration) {
        let oldest = call::minute(now.minus(silent));
        let silent: Vec<_> = self.calls.iter().filter(|(_, call)| call.news < oldest).map(|(key, _)| key.clone()).collect();
        for key in &silent {
            self.drop_call(key);
        }
    }

    /// The place of a conference. Valid until the next call of this.
    fn room(&mut self, id: &ConferenceId) -> u32 {
        if self.rooms.len() >= self.many_rooms.max(FEW_ROOMS) {
            self.drop_empty_rooms();
        }
        if let Some(place) = self.places.get(id) {
            return *place;
        }
        let place = self.rooms.len() as u32;
        self.rooms.push(Room { id: id.clone(), floor: None, ended: None });
        self.places.insert(id.clone(), place);
        place
    }

    /// A call flow with a conference of its own for each call would fill the memory otherwise.
    fn drop_empty_rooms(&mut self) {
        let mut used = vec![false; self.rooms.len()];
        for call in self.calls.values() {
            if let Some(used) = used.get_mut(call.room as usize) {
                *used = true;
            }
        }
        let mut places = vec![call::NOWHERE; self.rooms.len()];
        for (kept, (place, _)) in (0..).zip(used.iter().enumerate().filter(|(_, used)| **used)) {
            places[place] = kept;
        }
        for call in self.calls.values_mut() {
            call.room = places.get(call.room as usize).copied().unwrap_or(call::NOWHERE);
        }
        let mut used = used.into_iter();
        self.rooms.retain(|_| used.next().unwrap_or(true));
        self.places = self.rooms.iter().map(|room| room.id.clone()).zip(0..).collect();
        self.many_rooms = 2 * self.rooms.len();
    }

    fn room_of(&self, call: &Call) -> Option<&Room> {
        self.rooms.get(call.room as usize)
    }
}

#[cfg(test)]
mod tests;
