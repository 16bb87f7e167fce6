//! Who is where: starts, joins, leavings, the floor. As the roster has it, without what is only shown.

use std::time::Duration;

use super::agenda::Entry;
use super::call::{Call, Mark, NOWHERE, Presence, minute};
use super::{Policy, Seq};
use crate::conference::event::{Arrival, FloorGiven, Mode};
use crate::conference::roster::{CALLED_BACK_WITHIN, MOST_GONE, REMEMBER_GONE};
use crate::conference::{Action, CallKey, Moment};

impl Policy {
    pub(super) fn started(&mut self, arrival: &Arrival, at: Moment) {
        if !self.calls.get_or_insert_with(&arrival.call, || Call::new(at)).is_gone() {
            self.learn(arrival, at);
        }
    }

    /// Takes over what a callback says, of a call that may be new.
    fn learn(&mut self, arrival: &Arrival, at: Moment) {
        let call = self.calls.get_or_insert_with(&arrival.call, || Call::new(at));
        call.news = minute(at);
        call.number = arrival.number.or(call.number);
        if call.number.is_some() {
            if !self.instead.is_empty() {
                self.instead.remove(&arrival.call);
            }
        } else if let Some(instead) = arrival.instead.as_ref().filter(|_| self.send_withheld) {
            self.instead.insert(arrival.call.clone(), instead.clone());
        }
        let spared = call.number.map_or(call.is(Mark::Exempt), |number| self.people.is_exempt(number));
        call.set(Mark::Spared, spared);
    }

    pub(super) fn joined(&mut self, arrival: &Arrival, at: Moment, seq: Seq) {
        let Some(conference) = &arrival.conference else { return };
        let room = self.room(conference);
        self.learn(arrival, at);
        let key = &arrival.call;
        let Some(call) = self.calls.get(key) else { return };
        let presence = match call.presence {
            Presence::In if call.room == room => return,
            Presence::Kicked if at.since(call.since) < CALLED_BACK_WITHIN => Presence::Back,
            Presence::Back if at.since(call.since) < CALLED_BACK_WITHIN => return,
            Presence::Calling | Presence::In | Presence::Left | Presence::Kicked | Presence::Back => Presence::In,
        };
        self.leave_floor(key);
        self.land(key);
        self.go(key, presence, at);
        let Some(call) = self.calls.get_mut(key) else { return };
        call.enter(seq);
        call.room = room;
        self.greet(key, at, seq);
    }

    /// What the rules hold for somebody who just joined.
    fn greet(&mut self, key: &CallKey, at: Moment, seq: Seq) {
        let Some(call) = self.calls.get_mut(key) else { return };
        let Some(room) = self.rooms.get(call.room as usize) else { return };
        let spared = call.is(Mark::Spared);
        let mode = |mode| !spared && self.modes.get(&room.id, mode).is_some();
        call.set(Mark::Banned, call.number.is_some_and(|number| self.people.ban(number, at).is_some()));
        call.set(Mark::Locked, mode(Mode::Lock));
        if mode(Mode::Lecture) {
            call.owe(Action::Mute, seq);
        }
        let (kick, mute) = (call.is(Mark::Banned) || call.is(Mark::Locked), call.owes(Action::Mute));
        let entry = Entry { due: at.plus(self.wait), order: seq, call: key.clone(), cause: seq, by: None };
        if kick && !self.restoring {
            self.kicks.push(entry.clone());
        }
        if mute && !self.restoring {
            self.voices.push(entry);
        }
    }

    pub(super) fn left(&mut self, key: &CallKey, at: Moment) {
        self.heard_of(key, at);
        match self.calls.get(key).map(|call| call.presence) {
            Some(Presence::Calling | Presence::In) => self.go(key, Presence::Left, at),
            Some(Presence::Back) => {
                let kicked = self.calls.get(key).map_or(at, |call| call.since);
                self.go(key, Presence::Kicked, kicked);
            }
            Some(Presence::Left | Presence::Kicked) | None => {}
        }
    }

    pub(super) fn heard_of(&mut self, key: &CallKey, at: Moment) {
        if let Some(call) = self.calls.get_mut(key) {
            call.news = minute(at);
        }
    }

    /// Puts a call somewhere else. A call that is back keeps the moment at which it was kicked.
    pub(super) fn go(&mut self, key: &CallKey, presence: Presence, at: Moment) {
        let Some(call) = self.calls.get_mut(key) else { return };
        self.inside -= usize::from(call.is_in());
        call.presence = presence;
        self.inside += usize::from(call.is_in());
        if presence != Presence::Back {
            call.since = at;
        }
        if call.is_gone() {
            call.settle();
            self.gone.push_back((at, key.clone()));
            self.leave_floor(key);
        }
    }

    /// Forgets a call altogether.
    pub(super) fn drop_call(&mut self, key: &CallKey) {
        self.leave_floor(key);
        self.land(key);
        if !self.instead.is_empty() {
            self.instead.remove(key);
        }
        if let Some(call) = self.calls.remove(key) {
            self.inside -= usize::from(call.is_in());
        }
    }

    fn is_long_gone(&self, key: &CallKey, gone: Duration) -> bool {
        let may_call_back = || self.calls.get(key).is_some_and(|call| call.presence == Presence::Kicked);
        let crowded = self.gone.len() > MOST_GONE;
        gone >= if !crowded {
            REMEMBER_GONE
        } else if may_call_back() {
            CALLED_BACK_WITHIN
        } else {
            Duration::ZERO
        }
    }

    pub(super) fn forget_gone(&mut self, now: Moment) {
        while self.gone.front().is_some_and(|(at, key)| self.is_long_gone(key, now.since(*at))) {
            let Some((at, key)) = self.gone.pop_front() else { break };
            // One that came back has gone later, or not at all.
            if self.calls.get(&key).is_some_and(|call| call.is_gone() && call.since <= at) {
                self.drop_call(&key);
            }
        }
    }

    pub(super) fn floor_given(&mut self, floor: &FloorGiven) {
        let room = self.room(&floor.conference);
        let here = |key: &&CallKey| self.calls.get(key).is_some_and(|call| call.presence == Presence::In && call.room == room);
        let to = floor.call.as_ref().filter(here).cloned();
        self.rooms[room as usize].floor = to;
    }

    /// The call does not have the floor any more, if it had.
    pub(super) fn leave_floor(&mut self, key: &CallKey) {
        let room = self.calls.get(key).map_or(NOWHERE, |call| call.room);
        if let Some(room) = self.rooms.get_mut(room as usize)
            && room.floor.as_ref() == Some(key)
        {
            room.floor = None;
        }
    }

    pub(super) fn has_floor(&self, key: &CallKey) -> bool {
        self.calls.get(key).and_then(|call| self.room_of(call)).is_some_and(|room| room.floor.as_ref() == Some(key))
    }
}
