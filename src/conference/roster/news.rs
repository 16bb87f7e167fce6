//! What each kind of event does to the calls it is about.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::{CALLED_BACK_WITHIN, CallId, Change, Ended, LastAsk, Participant, Presence, Roster, Waiting};
use crate::conference::event::{Answer, Arrival, Ask, Cause, FloorGiven, HandMoved, Seq};
use crate::conference::{Action, CallKey, ConferenceId, Moment, Outcome};
use crate::phone::Number;

/// So many names of who asked are kept to be shared.
const ASKERS: usize = 16;

impl Roster {
    pub(super) fn started(&mut self, arrival: &Arrival, at: Moment, seq: Seq) -> Change {
        let id = match self.index.find(&self.calls, arrival.call.as_str()) {
            Ok(id) => id,
            Err(room) => {
                // A start may name a conference, but nobody is in one before the join.
                let mut call = Participant::new(arrival, at, seq);
                call.conference = None;
                return Change::Added(self.add(call, room));
            }
        };
        self.alter(id, |call| {
            if call.is_live() {
                let told_by = if call.presence == Presence::In { call.told_by } else { seq };
                call.learn(arrival, at, told_by);
            }
        });
        Change::Duplicate(id)
    }

    pub(super) fn joined(&mut self, arrival: &Arrival, at: Moment, seq: Seq) -> Change {
        let id = match self.index.find(&self.calls, arrival.call.as_str()) {
            Ok(id) => id,
            Err(room) => {
                let mut call = Participant::new(arrival, at, seq);
                call.enter(arrival, at);
                return Change::Added(self.add(call, room));
            }
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

    pub(super) fn left(&mut self, key: &CallKey, at: Moment) -> Change {
        let Some(id) = self.find(key) else { return Change::Nothing };
        let mut change = Change::Changed(id);
        self.alter(id, |call| {
            call.news = at;
            match call.presence {
                Presence::Calling | Presence::In => {
                    (call.presence, call.since) = (Presence::Left, at);
                    call.set_hand(None);
                }
                Presence::Kicked if call.called_back => call.called_back = false,
                // The flow of a kicked call goes on and reports the end: ordinary, and no news.
                Presence::Kicked => change = Change::Nothing,
                Presence::Left => change = Change::Duplicate(id),
            }
        });
        change
    }

    pub(super) fn hand(&mut self, HandMoved { call, up, first, by }: &HandMoved, at: Moment) -> Change {
        let Some(id) = self.find(call) else { return Change::Nothing };
        let up = *up;
        let mut change = Change::Nothing;
        self.alter(id, |call| {
            if !call.is_live() {
                return;
            }
            if by.is_none() {
                call.news = at;
            }
            change = if call.hand().is_some() == up { Change::Duplicate(id) } else { Change::Changed(id) };
            call.set_hand(if up { call.hand().or(Some(at)) } else { None });
        });
        let conference = self.calls.get(id).and_then(|call| call.conference.as_ref()).filter(|_| up && *first);
        // Everybody who waited before has another place now.
        if conference.is_some_and(|conference| self.hands.put_first(conference, id)) { Change::Changed(id) } else { change }
    }

    pub(super) fn clear_hands(&mut self, conference: &ConferenceId) -> Change {
        let ids = self.hands.clear(conference);
        for id in &ids {
            self.alter(*id, |call| call.set_hand(None));
        }
        several(ids)
    }

    pub(super) fn floor_given(&mut self, floor: &FloorGiven) -> Change {
        let here = |call: &Participant| call.presence == Presence::In && call.conference.as_ref() == Some(&floor.conference);
        let to = floor.call.as_ref().and_then(|key| self.find(key)).filter(|id| self.calls.get(*id).is_some_and(here));
        let before = self.hands.give_floor(&floor.conference, to);
        if let Some(id) = to {
            self.alter(id, |call| call.set_hand(None));
        }
        several(before.into_iter().chain(to).collect())
    }

    /// A name that many asks share.
    fn asker(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.askers.iter().find(|known| &***known == name) {
            return Arc::clone(known);
        }
        let name: Arc<str> = name.into();
        if self.askers.len() == ASKERS {
            self.askers.remove(0);
        }
        self.askers.push(Arc::clone(&name));
        name
    }

    pub(super) fn asked(&mut self, ask: &Ask, at: Moment, seq: Seq) -> Change {
        let Some(id) = self.find(&ask.call) else { return Change::Nothing };
        let mut stay = 0;
        let by = self.asker(ask.rule.map_or(&*ask.by, |rule| rule.words()));
        self.alter(id, |call| {
            call.ask_anew(LastAsk { seq, action: ask.action, by, at, ended: None });
            stay = call.stays;
        });
        self.waiting.insert(seq, Waiting { id, stay, action: ask.action, cause: ask.cause, rule: ask.rule });
        if ask.action == Action::Mute && matches!(ask.cause, Cause::Key | Cause::Bulk) && self.hands.floor(&ask.conference) == Some(id) {
            // Who is silenced by a moderator does not speak any more.
            self.hands.give_floor(&ask.conference, None);
        }
        Change::Changed(id)
    }

    /// Asks that went round unrecorded have a place in the journal now.
    pub(super) fn recorded(&mut self, late: &[(Seq, Seq)]) -> Change {
        let mut touched = Vec::new();
        for (from, to) in late {
            if let Some(waiting) = self.waiting.remove(from) {
                self.waiting.insert(*to, waiting);
            }
        }
        let places: HashMap<Seq, Seq> = late.iter().copied().collect();
        for (id, call) in self.calls.iter_mut() {
            if call.renumber_asks(&places) {
                touched.push(id);
            }
        }
        several(touched)
    }

    pub(super) fn answered(&mut self, answer: &Answer, at: Moment) -> Change {
        // The ask's first answer counts; an answer to nothing changes nothing.
        let Some(Waiting { id, stay, action, .. }) = self.waiting.remove(&answer.ask) else { return Change::Nothing };
        if self.calls.get(id).is_none_or(|call| call.stays != stay) {
            return Change::Nothing;
        }
        self.alter(id, |call| {
            call.end_ask(answer.ask, Ended { outcome: answer.outcome, detail: answer.detail.as_str().into(), at });
            if answer.outcome != Outcome::Accepted {
                return;
            }
            call.news = at;
            match action {
                Action::Mute => call.muted = true,
                Action::Unmute => call.muted = false,
                Action::Kick => {
                    (call.presence, call.since, call.called_back) = (Presence::Kicked, at, false);
                    call.set_hand(None);
                }
            }
        });
        Change::Changed(id)
    }

    pub(super) fn of_one_call(&mut self, key: &CallKey, change: impl FnOnce(&mut Participant)) -> Change {
        let Some(id) = self.find(key) else { return Change::Nothing };
        self.alter(id, change);
        Change::Several(vec![id])
    }

    /// The rows of these numbers show something else now.
    pub(super) fn with_numbers(&self, numbers: &[Number]) -> Change {
        let numbers: HashSet<_> = numbers.iter().collect();
        let has_one = |call: &Participant| call.number.is_some_and(|number| numbers.contains(&number));
        several(self.calls.iter().filter(|(_, call)| has_one(call)).map(|(id, _)| id).collect())
    }
}

fn several(ids: Vec<CallId>) -> Change {
    if ids.is_empty() { Change::Nothing } else { Change::Several(ids) }
}
