//! Where several hosts share the journal: which of them an ask belongs to, and for how long it may be carried out.
//!
//! A sent mark says that an ask is this host's. The journal refuses it once another host has taken over. So nothing leaves
//! without a mark of its own, and nothing is told that it will not leave: the host that is next could be sending it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::engine::{Done, Engine, Job, QUITTING};
use super::lanes::Place;
use super::record::{MARK_HOLDS, claim};
use super::rules::Rules;
use super::takeover::{self, Taken};
use crate::bridge::Bridge;
use crate::conference::event::{Answer, Event, Seq};
use crate::conference::{CallKey, Moment, Outcome};
use crate::journal::{AppendError, Past, ReadError};

/// What only a shared journal needs to be known of.
pub(super) struct Shared {
    fresh_for: Duration,
    /// Asks that have neither left nor ended.
    waiting: HashMap<Seq, Wait>,
    /// Ends of asks that are not marked yet.
    ends: Vec<Answer>,
    claiming_ends: bool,
    superseded: bool,
    tell: Option<Arc<watch::Sender<bool>>>,
}

/// An ask that waits.
struct Wait {
    at: Moment,
    /// When the mark was begun that is on disk.
    marked: Option<Instant>,
}

impl Shared {
    pub(super) fn new(fresh_for: Duration) -> Self {
        Self { fresh_for, waiting: HashMap::new(), ends: Vec::new(), claiming_ends: false, superseded: false, tell: None }
    }

    /// Takes an ask in; says why it is not carried out, if its time is too far from now.
    pub(super) fn heard(&mut self, event: &Event, now: Moment) -> Option<String> {
        self.waiting.insert(event.seq, Wait { at: event.at, marked: None });
        too_late(event.at, now, self.fresh_for)
    }

    /// An ask leaves.
    pub(super) fn left(&mut self, seq: Seq) {
        self.waiting.remove(&seq);
    }
}

/// Why an ask of this moment is not carried out now, if it is not. A time to come is no better than one long past: one of
/// the clocks is wrong, and nobody knows which.
pub(super) fn too_late(at: Moment, now: Moment, fresh_for: Duration) -> Option<String> {
    let (old, ahead, most) = (now.since(at), at.since(now), fresh_for.as_secs());
    if ahead > fresh_for {
        let ahead = ahead.as_secs();
        Some(format!("its time is {ahead} s ahead of this host's: the clocks of desk and host differ, or it came too late"))
    } else if old >= fresh_for {
        let old = old.as_secs();
        Some(format!("it came too late: it was {old} s old, of at most {most} s; or the clocks of desk and host differ"))
    } else {
        None
    }
}

impl<B: Bridge> Engine<B> {
    /// Tells this when another host has taken over.
    pub(super) fn telling(mut self, superseded: Arc<watch::Sender<bool>>) -> Self {
        if let Some(shared) = &mut self.shared {
            shared.tell = Some(superseded);
        }
        self
    }

    pub(super) fn is_superseded(&self) -> bool {
        self.shared.as_ref().is_some_and(|shared| shared.superseded)
    }

    /// Takes over what the host before left open. False when the past could not be read: without it, nobody knows what
    /// has left.
    pub(super) fn take_over(&mut self, past: Result<Past, ReadError>, now: Moment) -> bool {
        let Some(shared) = &mut self.shared else { return true };
        let policy = &mut self.rules.policy;
        let Taken { unknown, not_sent, waiting, stopped } = match past.and_then(|past| {
            let fresh = |at| too_late(at, now, shared.fresh_for);
            takeover::read_back(past, self.start, policy, fresh)
        }) {
            Ok(taken) => taken,
            Err(error) => {
                tracing::warn!(%error, "what was asked could not be looked for; trying again");
                self.rules = Rules::new(&self.settings);
                return false;
            }
        };
        for answer in &unknown {
            policy.ended(&answer.call, answer.ask, answer.outcome, now);
        }
        policy.begin(now);
        self.stopped.extend(stopped);
        shared.waiting.extend(waiting.iter().map(|(asked, at)| (asked.seq, Wait { at: *at, marked: None })));
        for answer in unknown {
            drop(self.recorder.answered(answer));
        }
        for answer in not_sent {
            self.end_shared(answer);
        }
        for (waiting, _) in waiting {
            self.asked(waiting, None);
        }
        true
    }

    /// Marks single key presses, each as soon as it could leave.
    pub(super) fn claim_keys(&mut self) {
        let Some(shared) = &self.shared else { return };
        let is_old = |seq: Seq| {
            let marked = shared.waiting.get(&seq).and_then(|wait| wait.marked);
            marked.is_none_or(|marked| marked.elapsed() >= MARK_HOLDS)
        };
        self.lanes.forget_marks(is_old);
        if !self.is_patient() {
            let places = self.lanes.take_keys_to_mark();
            if !places.is_empty() {
                self.claim(places, true);
            }
        }
    }

    /// Marks asks that are about to leave.
    pub(super) fn claim(&mut self, places: Vec<Place>, keys: bool) {
        let asks = places.iter().map(|(seq, _)| *seq).collect();
        let claim = claim(self.journal.clone(), self.settings.clock.clone(), asks);
        self.start(Job::Claim { places, keys, begun: Instant::now() }, async { Done::Claimed(claim.await) });
    }

    /// The mark is on disk, or is not.
    pub(super) fn claimed(&mut self, places: Vec<Place>, keys: bool, begun: Instant, done: Option<&Done>) {
        let Some(shared) = &mut self.shared else { return };
        match done {
            Some(Done::Claimed(Ok(()))) => {
                for (seq, call) in &places {
                    let Some(wait) = shared.waiting.get_mut(seq) else { continue };
                    wait.marked = Some(begun);
                    if self.stopping {
                        // Nobody else will send it, and it is too late to do so here.
                        shared.waiting.remove(seq);
                        drop(self.recorder.answered(not_sent(*seq, call, QUITTING)));
                    }
                }
                if keys {
                    self.lanes.keys_marked(places);
                } else {
                    self.lanes.marked(places);
                }
            }
            Some(Done::Claimed(Err(AppendError::Superseded))) => self.let_others(),
            _ => {
                self.lanes.unmarked(places.into_iter(), keys);
                self.give_up_old();
            }
        }
    }

    /// While nothing can be marked, what waits grows old.
    fn give_up_old(&mut self) {
        let Some(shared) = &self.shared else { return };
        let now = (self.settings.clock)();
        let why = |wait: &Wait| too_late(wait.at, now, shared.fresh_for);
        let old: HashMap<Seq, String> = shared.waiting.iter().filter_map(|(seq, wait)| Some((*seq, why(wait)?))).collect();
        for waiting in self.lanes.halt(&old.keys().copied().collect()) {
            if let Some(why) = old.get(&waiting.seq) {
                self.not_sent(waiting, why);
            }
        }
    }

    /// Another host has taken over.
    pub(super) fn let_others(&mut self) {
        let Some(shared) = &mut self.shared else { return };
        if !shared.superseded {
            tracing::warn!("{}", AppendError::Superseded);
        }
        shared.superseded = true;
        if let Some(tell) = &shared.tell {
            tell.send_replace(true);
        }
    }

    /// An ask that has not left ends. Where it is not marked, that is told when it is.
    pub(super) fn end_shared(&mut self, answer: Answer) {
        let Some(shared) = &mut self.shared else { return };
        let is_marked = shared.waiting.get(&answer.ask).is_some_and(|wait| wait.marked.is_some());
        if shared.superseded {
            // It is the other host's to end.
        } else if is_marked {
            shared.waiting.remove(&answer.ask);
            drop(self.recorder.answered(answer));
        } else if !self.stopping {
            shared.waiting.remove(&answer.ask);
            shared.ends.push(answer);
        }
    }

    /// Marks asks that are not to leave, so that no other host sends them.
    pub(super) fn claim_ends(&mut self) {
        let Some(shared) = self.shared.as_mut().filter(|shared| !shared.claiming_ends && !shared.ends.is_empty()) else { return };
        shared.claiming_ends = true;
        let ends = std::mem::take(&mut shared.ends);
        let asks = ends.iter().map(|answer| answer.ask).collect();
        let claim = claim(self.journal.clone(), self.settings.clock.clone(), asks);
        self.start(Job::ClaimEnds(ends), async { Done::Claimed(claim.await) });
    }

    /// The mark is on disk, or is not.
    pub(super) fn ends_claimed(&mut self, ends: Vec<Answer>, done: Option<&Done>) {
        let Some(shared) = &mut self.shared else { return };
        shared.claiming_ends = false;
        match done {
            Some(Done::Claimed(Ok(()))) => {
                for answer in ends {
                    drop(self.recorder.answered(answer));
                }
            }
            Some(Done::Claimed(Err(AppendError::Superseded))) => self.let_others(),
            _ => drop(shared.ends.splice(..0, ends)),
        }
    }

    /// Whether marks are being written that an end hangs on.
    pub(super) fn is_claiming(&self) -> bool {
        !self.is_superseded() && self.jobs.values().any(|job| matches!(job, Job::Claim { .. } | Job::ClaimEnds(_)))
    }
}

/// The end of an ask that nobody sends.
pub(super) fn not_sent(ask: Seq, call: &CallKey, why: &str) -> Answer {
    Answer { ask, call: call.clone(), outcome: Outcome::NotSent, detail: why.into(), millis: 0, reached: true }
}
