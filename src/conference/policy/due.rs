//! What is due becomes asks, as far as what caused it still holds.

use std::time::Duration;

use smol_str::SmolStr;

use super::agenda::Entry;
use super::asks::Kind;
use super::call::{Mark, NONE, Presence};
use super::{Call, Policy};
use crate::conference::event::{Ask, Cause, Mode, Rule};
use crate::conference::{Action, Moment};

/// How many entries are looked at in one go: most of a large lecture's may have become void.
const LOOKED_AT: usize = 4_096;

impl Policy {
    /// How long until the next ask may be due, at most the wait after a join; none while nothing is waited for.
    #[must_use]
    pub fn due_in(&self, now: Moment) -> Option<Duration> {
        self.kicks.due_in(now, self.wait).into_iter().chain(self.voices.due_in(now, self.wait)).min()
    }

    /// At most so many asks that are due, kicks first. Each is handed out once and must be made: it comes back
    /// as an event. There may be more; [`due_in`](Self::due_in) tells.
    #[must_use]
    pub fn take(&mut self, now: Moment, most: usize) -> Vec<Ask> {
        let mut asks = Vec::new();
        for _ in 0..LOOKED_AT {
            if asks.len() >= most {
                break;
            }
            let ask = if let Some(entry) = self.kicks.take(now, self.wait) {
                let ask = self.kick(&entry, now);
                if let Some(call) = self.calls.get_mut(&entry.call).filter(|call| ask.is_none() && call.join == entry.cause) {
                    call.set(Mark::Locked, false);
                    call.set(Mark::Banned, false);
                }
                ask
            } else if let Some(entry) = self.voices.take(now, self.wait) {
                self.voice(&entry)
            } else {
                break;
            };
            asks.extend(ask);
        }
        asks
    }

    /// From now on events are news. Mutes are worked out anew: of everybody who is in while a lecture mode holds
    /// and is not muted, nor was given the voice by hand. So are the unmutes that an ended one still owes.
    /// Nobody is kicked for a join before this.
    pub fn begin(&mut self, now: Moment) {
        self.restoring = false;
        for (key, call) in self.calls.iter_mut() {
            call.settle();
            let Some(room) = self.rooms.get(call.room as usize).filter(|_| call.is_in()) else { continue };
            let lecture = self.modes.get(&room.id, Mode::Lecture);
            let spared = call.is(Mark::Spared);
            let (action, cause) = match (lecture, &room.ended) {
                (Some(mode), _) if !spared && !call.is(Mark::Muted) && !call.is(Mark::Voiced) => (Action::Mute, mode.seq),
                (Some(mode), _) if spared && call.silenced != NONE => (Action::Unmute, mode.seq),
                (None, Some((ended, _))) if call.silenced != NONE => (Action::Unmute, *ended),
                _ => continue,
            };
            call.owe(action, cause);
            let due = now.max(call.since.plus(self.wait));
            self.voices.push(Entry { due, order: call.join, call: key.clone(), cause, by: None });
        }
    }

    fn kick(&mut self, entry: &Entry, now: Moment) -> Option<Ask> {
        let call = self.calls.get(&entry.call).filter(|call| call.is_in() && call.join == entry.cause)?;
        let ban = call.number.filter(|_| call.is(Mark::Banned)).and_then(|number| self.people.ban(number, now));
        let lock = self.room_of(call).filter(|_| call.is(Mark::Locked)).and_then(|room| self.modes.get(&room.id, Mode::Lock));
        let (rule, by) = match (ban, lock) {
            (Some(ban), _) => (Rule::Ban, &ban.by),
            (None, Some(lock)) => (Rule::Lock, &lock.by),
            (None, None) => return None,
        };
        self.ask(entry, rule, by.clone())
    }

    fn voice(&mut self, entry: &Entry) -> Option<Ask> {
        let call = self.calls.get(&entry.call).filter(|call| call.is_in() && !call.is(Mark::HandedOut))?;
        let (action, cause) = call.owed()?;
        if cause != entry.cause {
            return None;
        }
        let lecture = self.room_of(call).and_then(|room| self.modes.get(&room.id, Mode::Lecture));
        let newest = self.newest(&entry.call);
        // The mark of a kick that was handed out stands until it is heard of.
        let kicked = call.is(Mark::Locked) || call.is(Mark::Banned) || newest.is_some_and(|kind| kind.action() == Action::Kick);
        if kicked || (action == Action::Mute && self.has_floor(&entry.call)) {
            // It stays owed, for when the kick fails, or the floor passes on.
            return None;
        }
        let holds = match action {
            Action::Mute => lecture.is_some() && !call.is(Mark::Spared) && !is_being_muted(call, newest),
            _ => call.silenced != NONE && (lecture.is_none() || call.is(Mark::Spared)) && !is_being_given_back(newest),
        };
        let rule = match (action, lecture) {
            (Action::Mute, _) => Rule::Lecture,
            (_, None) => Rule::LectureEnded,
            (_, Some(_)) => Rule::Exemption,
        };
        let ended = || self.room_of(call)?.ended.as_ref().map(|(_, by)| by);
        let by = entry.by.as_ref().or(lecture.map(|mode| &mode.by)).or_else(ended).cloned().unwrap_or_default();
        let ask = if holds { self.ask(entry, rule, by) } else { None };
        let call = self.calls.get_mut(&entry.call)?;
        if ask.is_some() {
            call.set(Mark::HandedOut, true);
        } else {
            call.owe_nothing();
        }
        ask
    }

    /// None for whoever cannot be reached: the provider needs a number.
    fn ask(&self, entry: &Entry, rule: Rule, by: SmolStr) -> Option<Ask> {
        let call = self.calls.get(&entry.call)?;
        let joined = if call.presence == Presence::Back { entry.due.minus(self.wait) } else { call.since };
        let number = call.number.map(|number| number.digits().into()).or_else(|| self.instead.get(&entry.call).cloned())?;
        Some(Ask {
            action: Kind::Rule(rule).action(),
            call: entry.call.clone(),
            conference: self.room_of(call)?.id.clone(),
            number,
            by,
            cause: Cause::Rule(entry.cause),
            rule: Some(rule),
            joined,
        })
    }
}

/// Whether a call is muted, or will be once what is on its way has ended.
fn is_being_muted(call: &Call, newest: Option<Kind>) -> bool {
    newest.map_or(call.is(Mark::Muted), |kind| kind.action() == Action::Mute)
}

fn is_being_given_back(newest: Option<Kind>) -> bool {
    newest.is_some_and(|kind| kind.action() == Action::Unmute)
}
