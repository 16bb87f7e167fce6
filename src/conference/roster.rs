//! The roster: a pure fold over events. Duplicates, reordering and unknown calls are ordinary input.
//!
//! A call is its instance key. Nothing in here reads a clock; times are the events' own.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use super::event::{Answer, Arrival, Ask, Event, Named, Seq, What};
pub use super::participant::{CallId, Ended, LastAsk, Participant, Presence, Word};
use super::{Action, CallKey, ConferenceId, Moment, Outcome};
use crate::phone::Number;

/// A join this soon after an accepted kick is the same caller calling back, not a new stay.
pub const CALLED_BACK_WITHIN: Duration = Duration::from_mins(1);

/// How long calls that are gone are remembered, so that late events still find them.
const REMEMBER_GONE: Duration = Duration::from_mins(10);

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

/// How many are where. Kept up with each event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Calls in a conference, those included that called back after a kick.
    pub inside: u32,
    /// Calls whose flow has started and that are in no conference yet.
    pub calling: u32,
    /// Calls inside whose last accepted ask was a mute.
    pub muted: u32,
    /// Raised hands.
    pub hands: u32,
    /// Calls in a conference without a number: no ask can reach them.
    pub unreachable: u32,
    /// All rows, those that are gone included.
    rows: u32,
}

impl Counts {
    fn tally(&mut self, participant: &Participant, add: bool) {
        let count = |counter: &mut u32, yes: bool| {
            if yes {
                *counter = if add { *counter + 1 } else { counter.saturating_sub(1) };
            }
        };
        count(&mut self.rows, true);
        // Who was kicked and called back is in the room again.
        count(&mut self.inside, participant.presence == Presence::In || participant.called_back);
        count(&mut self.calling, participant.presence == Presence::Calling);
        count(&mut self.muted, participant.presence == Presence::In && participant.muted);
        count(&mut self.hands, participant.is_live() && participant.hand.is_some());
        count(&mut self.unreachable, participant.presence == Presence::In && participant.number.is_none());
    }
}

/// Everybody who is there, and who was a moment ago.
#[derive(Clone, Debug, Default)]
pub struct Roster {
    /// In order of arrival, because ids are given in that order.
    calls: BTreeMap<CallId, Participant>,
    by_key: HashMap<CallKey, CallId>,
    /// Calls on the line by number; more than one is worth a warning.
    by_number: HashMap<Number, Vec<CallId>>,
    names: HashMap<Number, Box<str>>,
    /// Asks without an answer, with the stay they were made in.
    waiting: BTreeMap<Seq, (CallId, u16, Action)>,
    conferences: Vec<(ConferenceId, Counts)>,
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
            What::Hand(hand) => self.hand(&hand.call, hand.up, at),
            What::Asked(ask) | What::AskedLate(ask) => self.asked(ask, at, event.seq),
            What::Recorded(recorded) => self.recorded(&recorded.late),
            What::Answered(answer) => self.answered(answer, at),
            What::Removed(only) => self.by_key.get(&only.call).copied().map_or(Change::Nothing, |id| self.remove(id)),
            What::Named(named) => self.named(named),
            What::Sent(_) | What::Listening(_) | What::Stopped => Change::Nothing,
        }
    }

    fn started(&mut self, arrival: &Arrival, at: Moment, seq: Seq) -> Change {
        let Some(id) = self.find(&arrival.call) else {
            // A start may name a conference, but nobody is in one before the join.
            return Change::Added(self.add(Participant { conference: None, ..Participant::new(arrival, at, seq) }));
        };
        self.alter(id, |call| {
            if call.is_live() {
                let told_by = if call.presence == Presence::In { call.told_by } else { seq };
                call.learn(arrival, at, told_by);
            }
        });
        Change::Duplicate(id)
    }

    fn joined(&mut self, arrival: &Arrival, at: Moment, seq: Seq) -> Change {
        let Some(id) = self.find(&arrival.call) else {
            let mut call = Participant::new(arrival, at, seq);
            call.enter(arrival, at);
            return Change::Added(self.add(call));
        };
        let mut change = Change::Changed(id);
        self.alter(id, |call| {
            call.learn(arrival, at, seq);
            match call.presence {
                Presence::In if call.conference == arrival.conference => change = Change::Duplicate(id),
                Presence::Kicked if at.since(call.since) < CALLED_BACK_WITHIN => {
                    if call.called_back {
                        change = Change::Duplicate(id);
                    }
                    call.called_back = true;
                }
                Presence::Calling | Presence::In | Presence::Left | Presence::Kicked => call.enter(arrival, at),
            }
        });
        change
    }

    fn left(&mut self, key: &CallKey, at: Moment) -> Change {
        let Some(id) = self.find(key) else { return Change::Nothing };
        let mut change = Change::Changed(id);
        self.alter(id, |call| {
            call.news = at;
            match call.presence {
                Presence::Calling | Presence::In => {
                    (call.presence, call.since, call.hand) = (Presence::Left, at, None);
                }
                Presence::Kicked if call.called_back => call.called_back = false,
                // The flow of a kicked call goes on and reports the end: ordinary, and no news.
                Presence::Kicked => change = Change::Nothing,
                Presence::Left => change = Change::Duplicate(id),
            }
        });
        change
    }

    fn hand(&mut self, key: &CallKey, up: bool, at: Moment) -> Change {
        let Some(id) = self.find(key) else { return Change::Nothing };
        let mut change = Change::Nothing;
        self.alter(id, |call| {
            if !call.is_live() {
                return;
            }
            call.news = at;
            change = if call.hand.is_some() == up { Change::Duplicate(id) } else { Change::Changed(id) };
            call.hand = if up { call.hand.or(Some(at)) } else { None };
        });
        change
    }

    fn asked(&mut self, ask: &Ask, at: Moment, seq: Seq) -> Change {
        let Some(id) = self.find(&ask.call) else { return Change::Nothing };
        let mut stay = 0;
        self.alter(id, |call| {
            call.ask_anew(LastAsk { seq, action: ask.action, at, ended: None });
            stay = call.stays;
        });
        self.waiting.insert(seq, (id, stay, ask.action));
        Change::Changed(id)
    }

    /// Asks that went round unrecorded have a place in the journal now.
    fn recorded(&mut self, late: &[(Seq, Seq)]) -> Change {
        let mut touched = Vec::new();
        for (from, to) in late {
            if let Some(waiting) = self.waiting.remove(from) {
                self.waiting.insert(*to, waiting);
            }
        }
        let places: HashMap<Seq, Seq> = late.iter().copied().collect();
        for (id, call) in &mut self.calls {
            if call.renumber_asks(&places) {
                touched.push(*id);
            }
        }
        if touched.is_empty() { Change::Nothing } else { Change::Several(touched) }
    }

    fn answered(&mut self, answer: &Answer, at: Moment) -> Change {
        // The ask's first answer counts; an answer to nothing changes nothing.
        let Some((id, stay, action)) = self.waiting.remove(&answer.ask) else { return Change::Nothing };
        if self.calls.get(&id).is_none_or(|call| call.stays != stay) {
            return Change::Nothing;
        }
        self.alter(id, |call| {
            call.end_ask(answer.ask, Ended { outcome: answer.outcome, detail: answer.detail.clone(), at });
            if answer.outcome != Outcome::Accepted {
                return;
            }
            call.news = at;
            match action {
                Action::Mute => call.muted = true,
                Action::Unmute => call.muted = false,
                Action::Kick => {
                    (call.presence, call.since, call.hand, call.called_back) = (Presence::Kicked, at, None, false);
                }
            }
        });
        Change::Changed(id)
    }

    fn named(&mut self, named: &Named) -> Change {
        let name = (!named.name.is_empty()).then(|| named.name.clone());
        let mut touched = Vec::new();
        if let Some(number) = named.number {
            match name {
                Some(name) => self.names.insert(number, name),
                None => self.names.remove(&number),
            };
            touched.extend(self.calls.iter().filter(|(_, call)| call.number == Some(number)).map(|(id, _)| *id));
        } else if let Some(id) = self.find(&named.call) {
            self.alter(id, |call| call.given_name = name);
            touched.push(id);
        }
        if touched.is_empty() { Change::Nothing } else { Change::Several(touched) }
    }

    fn add(&mut self, call: Participant) -> CallId {
        let id = CallId(self.next_id);
        self.next_id += 1;
        self.by_key.insert(call.key.clone(), id);
        self.count(id, &call, true);
        self.calls.insert(id, call);
        id
    }

    fn remove(&mut self, id: CallId) -> Change {
        let Some(call) = self.calls.remove(&id) else { return Change::Nothing };
        self.count(id, &call, false);
        self.by_key.remove(&call.key);
        Change::Removed(id)
    }

    /// Changes a call and keeps the counts and the numbers in step.
    fn alter(&mut self, id: CallId, change: impl FnOnce(&mut Participant)) {
        let Some(mut call) = self.calls.remove(&id) else { return };
        self.count(id, &call, false);
        change(&mut call);
        self.count(id, &call, true);
        self.calls.insert(id, call);
    }

    fn count(&mut self, id: CallId, call: &Participant, add: bool) {
        self.all.tally(call, add);
        if let Some(conference) = &call.conference {
            let place = self.conferences.iter().position(|(known, _)| known == conference).unwrap_or_else(|| {
                self.conferences.push((conference.clone(), Counts::default()));
                self.conferences.len() - 1
            });
            self.conferences[place].1.tally(call, add);
        }
        if let Some(number) = call.number.filter(|_| call.is_live()) {
            if add {
                self.by_number.entry(number).or_default().push(id);
            } else if let Some(ids) = self.by_number.get_mut(&number) {
                ids.retain(|other| *other != id);
                if ids.is_empty() {
                    self.by_number.remove(&number);
                }
            }
        }
    }

    /// Drops calls that have been gone for ten minutes or were not heard of for as long as `silent`, and
    /// conferences without any row; not those that `held` says are needed. Returns the ids dropped.
    ///
    /// A call flow that reports no leaving would fill the roster for ever; a restart leaves the same calls out.
    pub fn forget(&mut self, now: Moment, silent: Duration, held: impl Fn(CallId) -> bool) -> Vec<CallId> {
        let old = |call: &Participant| {
            let gone = !call.is_live() && now.since(call.since) >= REMEMBER_GONE;
            gone || now.since(call.news) >= silent
        };
        let ids: Vec<_> = self.calls.iter().filter(|(id, call)| old(call) && !held(**id)).map(|(id, _)| *id).collect();
        for id in &ids {
            self.remove(*id);
        }
        if !ids.is_empty() {
            self.conferences.retain(|(_, counts)| counts.rows > 0);
            let gone: std::collections::HashSet<_> = ids.iter().collect();
            self.waiting.retain(|_, (id, _, _)| !gone.contains(id));
        }
        ids
    }

    /// A call by its row's identity.
    #[must_use]
    pub fn get(&self, id: CallId) -> Option<&Participant> {
        self.calls.get(&id)
    }

    /// The row of a call.
    #[must_use]
    pub fn find(&self, key: &CallKey) -> Option<CallId> {
        self.by_key.get(key).copied()
    }

    /// All rows in order of arrival, those that are gone included.
    pub fn iter(&self) -> impl Iterator<Item = (CallId, &Participant)> {
        self.calls.iter().map(|(id, call)| (*id, call))
    }

    /// The name to show: a moderator's before the caller's own.
    #[must_use]
    pub fn name<'a>(&'a self, call: &'a Participant) -> Option<&'a str> {
        let given = call.number.and_then(|number| self.names.get(&number));
        given.or(call.given_name.as_ref()).or(call.said_name.as_ref()).map(|name| &**name)
    }

    /// How many calls on the line have this call's number, itself included.
    #[must_use]
    pub fn sharing(&self, call: &Participant) -> usize {
        call.number.filter(|_| call.is_live()).and_then(|number| self.by_number.get(&number)).map_or(0, Vec::len)
    }

    /// The conferences in the order they were first heard of, with their counts.
    #[must_use]
    pub fn conferences(&self) -> &[(ConferenceId, Counts)] {
        &self.conferences
    }

    /// The counts over all conferences and those in none.
    #[must_use]
    pub fn all(&self) -> Counts {
        self.all
    }

    /// What an ask without an answer asks for.
    #[must_use]
    pub fn asked_action(&self, ask: Seq) -> Option<Action> {
        self.waiting.get(&ask).map(|(_, _, action)| *action)
    }

    /// How many asks are on their way or waiting.
    #[must_use]
    pub fn asks_waiting(&self) -> usize {
        self.waiting.len()
    }
}

#[cfg(test)]
mod tests;
