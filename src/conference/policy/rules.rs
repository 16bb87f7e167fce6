//! The rules change: modes begin and end, callers become exempt, bans are lifted.

use std::collections::HashSet;

use super::agenda::Entry;
use super::call::{Mark, NONE};
use super::{Policy, Seq, Told};
use crate::conference::event::{Exempted, Mode, ModeSet, Rule, What};
use crate::conference::{Action, CallKey, Moment};
use crate::phone::Number;

pub(super) const LECTURE_ENDED: &str = "lecture mode has ended";
pub(super) const UNLOCKED: &str = "the conference is locked no longer";
pub(super) const EXEMPT: &str = "the caller is exempt";
const LECTURE_AGAIN: &str = "lecture mode is on again";
const LIFTED: &str = "the ban was lifted";
const EXEMPT_NO_LONGER: &str = "the caller is exempt no longer";

impl Policy {
    pub(super) fn mode_set(&mut self, set: &ModeSet, at: Moment, seq: Seq) -> Told {
        if !self.modes.apply(set, at, seq) {
            return Told::default();
        }
        let room = self.room(&set.conference);
        match (set.mode, set.on) {
            (Mode::Lecture, true) => self.lecture_begins(room, at, seq),
            (Mode::Lecture, false) => self.lecture_ends(room, at, seq, &set.by),
            (Mode::Lock, true) => Told::default(),
            (Mode::Lock, false) => {
                for call in self.calls.values_mut().filter(|call| call.room == room) {
                    call.set(Mark::Locked, false);
                }
                let stop = self.flying_by(&[Rule::Lock], |call| call.room == room);
                Told { stop, why: UNLOCKED, ..Told::default() }
            }
        }
    }

    /// Everyone who is in is to be muted; those who just joined a little later.
    fn lecture_begins(&mut self, room: u32, at: Moment, seq: Seq) -> Told {
        for (key, call) in self.calls.iter_mut().filter(|(_, call)| call.is_in_room(room)) {
            call.set(Mark::Voiced, false);
            if call.is(Mark::Spared) {
                continue;
            }
            call.owe(Action::Mute, seq);
            if !self.restoring {
                let due = at.max(call.since.plus(self.wait));
                self.voices.push(Entry { due, order: call.join, call: key.clone(), cause: seq, by: None });
            }
        }
        let stop = self.flying_by(&[Rule::LectureEnded], |call| call.is_in_room(room));
        Told { stop, why: LECTURE_AGAIN, ..Told::default() }
    }

    /// Whom it silenced, and nobody has changed since, gets the voice back.
    fn lecture_ends(&mut self, room: u32, at: Moment, seq: Seq, by: &str) -> Told {
        self.rooms[room as usize].ended = Some((seq, by.into()));
        for (key, call) in self.calls.iter_mut().filter(|(_, call)| call.is_in_room(room)) {
            call.set(Mark::Voiced, false);
            if call.silenced == NONE {
                call.owe_nothing();
                continue;
            }
            call.owe(Action::Unmute, seq);
            if !self.restoring {
                self.voices.push(Entry { due: at, order: call.join, call: key.clone(), cause: seq, by: None });
            }
        }
        let stop = self.flying_by(&[Rule::Lecture], |call| call.is_in_room(room));
        Told { stop, why: LECTURE_ENDED, ..Told::default() }
    }

    pub(super) fn ban_lifted(&mut self, number: Number) -> Told {
        for call in self.calls.values_mut().filter(|call| call.number == Some(number)) {
            call.set(Mark::Banned, false);
        }
        let stop = self.flying_by(&[Rule::Ban], |call| call.number == Some(number));
        Told { stop, why: LIFTED, ..Told::default() }
    }

    pub(super) fn exempted(&mut self, exempted: &Exempted, what: &What, at: Moment, seq: Seq) -> Told {
        if exempted.number.is_some() {
            let numbers = self.people.apply(what, at);
            return self.look_at_numbers(&numbers, at, seq, Some(&exempted.by));
        }
        if let Some(call) = self.calls.get_mut(&exempted.call) {
            call.set(Mark::Exempt, exempted.exempt);
        }
        self.look_at(std::slice::from_ref(&exempted.call), at, seq, Some(&exempted.by))
    }

    /// Something else is known of these numbers now.
    pub(super) fn look_at_numbers(&mut self, numbers: &[Number], at: Moment, seq: Seq, by: Option<&str>) -> Told {
        let numbers: HashSet<_> = numbers.iter().copied().collect();
        let has_one = |number: Option<Number>| number.is_some_and(|number| numbers.contains(&number));
        let mut keys: Vec<_> = self.calls.iter().filter(|(_, call)| has_one(call.number)).map(|(key, _)| key.clone()).collect();
        keys.sort_unstable();
        self.look_at(&keys, at, seq, by)
    }

    /// Whether these calls are exempt is looked at again.
    fn look_at(&mut self, keys: &[CallKey], at: Moment, seq: Seq, by: Option<&str>) -> Told {
        let mut told = Told::default();
        for key in keys {
            let Some(call) = self.calls.get_mut(key) else { continue };
            let spared = call.number.map_or(call.is(Mark::Exempt), |number| self.people.is_exempt(number));
            if spared == call.is(Mark::Spared) {
                continue;
            }
            call.set(Mark::Spared, spared);
            let lecture = self.rooms.get(call.room as usize).is_some_and(|room| self.modes.get(&room.id, Mode::Lecture).is_some());
            let applies = call.is_in() && lecture;
            let due = if spared { at } else { at.plus(self.wait) };
            if spared {
                call.set(Mark::Locked, false);
                if call.owes(Action::Mute) {
                    call.owe_nothing();
                }
            } else {
                // From here on it is as if it joined now, whoever gave it the voice before.
                call.set(Mark::Voiced, false);
            }
            if applies && (!spared || call.silenced != NONE) {
                call.owe(if spared { Action::Unmute } else { Action::Mute }, seq);
                if !self.restoring {
                    let by = by.filter(|_| spared).map(Into::into);
                    self.voices.push(Entry { due, order: call.join, call: key.clone(), cause: seq, by });
                }
            }
            let rules: &[Rule] = if spared { &[Rule::Lecture, Rule::Lock] } else { &[Rule::Exemption] };
            told.stop.extend(self.flying_one(key, rules));
            told.why = if spared { EXEMPT } else { EXEMPT_NO_LONGER };
        }
        told
    }
}
