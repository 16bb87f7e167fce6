//! Asks that a press made together: how far they are, stopping them, and what became of them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::dialog::Target;
use super::sentences::NAME;
use super::{App, Effect, Tone};
use crate::conference::Moment;
use crate::conference::event::{Answer, Ask, Cause, Halted, Seq, What};
use crate::conference::roster::CallId;
use crate::conference::{Action, Outcome};

/// Presses that can be taken back, the latest ones.
const REMEMBERED: usize = 20;

/// What one press asked for.
#[derive(Clone, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own about one press")]
pub(super) struct Batch {
    pub(super) action: Action,
    pub(super) cause: Cause,
    /// When the key was pressed, which the journal keeps of each ask.
    at: Moment,
    pub(super) members: BTreeMap<CallId, Member>,
    /// How often marks had been changed when they chose whom it is for, where they did: who failed is marked again
    /// unless a choice was made since.
    marks: Option<u64>,
    /// Whether it took another press back.
    is_back: bool,
    pub(super) stopped: bool,
    pub(super) taken_back: bool,
    done: usize,
    failed: usize,
    /// Replaced by something newer, or gone before their turn.
    passed: usize,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Member {
    pub(super) stays: u16,
    pub(super) was_muted: bool,
    pub(super) seq: Option<Seq>,
    pub(super) end: Option<Outcome>,
}

impl Batch {
    pub(super) fn ended(&self) -> usize {
        self.done + self.failed + self.passed
    }

    pub(super) fn runs(&self) -> bool {
        self.ended() < self.members.len()
    }

    /// The asks of it that have no end yet, in their order.
    pub(super) fn open(&self) -> impl Iterator<Item = Seq> + '_ {
        self.members.values().filter(|member| member.end.is_none()).filter_map(|member| member.seq)
    }

    pub(super) fn is_bulk(&self) -> bool {
        self.cause == Cause::Bulk
    }

    pub(super) fn can_be_taken_back(&self) -> bool {
        self.action != Action::Kick && !self.is_back && !self.taken_back
    }
}

/// All of them, the latest last.
#[derive(Clone, Debug, Default)]
pub(super) struct Batches {
    pub(super) all: BTreeMap<u64, Batch>,
    by_ask: HashMap<Seq, (u64, CallId)>,
    /// Asks that have come round and must not leave any more.
    void: Vec<Seq>,
    next: u64,
    /// What somebody at another desk asked for many last.
    pub(super) others: Option<super::shared::Others>,
}

/// How far a bulk ask is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// `mute 250: 143 done, 2 failed, 10/s, Esc stops`.
    pub text: String,
    /// How many of how many have ended.
    pub ended: (usize, usize),
}

impl App {
    /// Asks for everybody at once. One ask goes before all others; more are paced.
    pub(super) fn ask_all(&mut self, targets: &[(Target, Action)], marked: bool) -> Vec<Effect> {
        let mut effects = Vec::new();
        for action in [Action::Mute, Action::Unmute, Action::Kick] {
            let ids: Vec<_> = targets.iter().filter(|(_, wanted)| *wanted == action).map(|(target, _)| target.id).collect();
            let cause = if targets.len() == 1 { Cause::Key } else { Cause::Bulk };
            effects.extend(self.ask_together(&ids, action, cause, marked, false));
        }
        effects
    }

    pub(super) fn ask_together(&mut self, ids: &[CallId], action: Action, cause: Cause, marked: bool, is_back: bool) -> Option<Effect> {
        let mut members = BTreeMap::new();
        let mut asks = Vec::new();
        for id in ids {
            let (Some(ask), Some(call)) = (self.ask_for(*id, action, cause), self.roster.get(*id)) else { continue };
            members.insert(*id, Member { stays: call.stays, was_muted: call.muted, seq: None, end: None });
            asks.push(What::Asked(ask));
        }
        if asks.is_empty() {
            return None;
        }
        let marks = marked.then(|| self.marks.changes());
        let at = self.now;
        let batch = Batch { action, cause, at, members, marks, is_back, stopped: false, taken_back: false, done: 0, failed: 0, passed: 0 };
        self.batches.all.insert(self.batches.next, batch);
        self.batches.next += 1;
        self.forget_batches();
        Some(if asks.len() == 1 { Effect::Append(asks.remove(0)) } else { Effect::AppendAll(asks) })
    }

    fn forget_batches(&mut self) {
        while self.batches.all.len() > REMEMBERED {
            let Some((id, _)) = self.batches.all.iter().find(|(_, batch)| !batch.runs()).map(|(id, batch)| (*id, batch)) else { return };
            self.batches.all.remove(&id);
        }
    }

    /// An ask has come round: it is one of a press's, if it is the moderator's own.
    pub(super) fn batch_asked(&mut self, ask: &Ask, seq: Seq, at: Moment) {
        if self.batches.all.is_empty() || ask.by != self.settings.moderator || !matches!(ask.cause, Cause::Key | Cause::Bulk) {
            return;
        }
        let Some(id) = self.roster.find(&ask.call) else { return };
        // A moderator may sit at two desks under one name.
        let shared = self.settings.shared.is_some();
        let is_its = |batch: &Batch| {
            let waits = batch.members.get(&id).is_some_and(|member| member.seq.is_none());
            batch.action == ask.action && batch.cause == ask.cause && waits && (!shared || batch.at == at)
        };
        let Some(batch_id) = self.batches.all.iter().find(|(_, batch)| is_its(batch)).map(|(batch_id, _)| *batch_id) else { return };
        // Many take a while to be written down. Meanwhile a later press may have gone ahead, and the newest wins; or the
        // caller may have joined anew, and was not meant.
        let came_round = |batch: &Batch| batch.members.get(&id).is_some_and(|member| member.seq.is_some());
        let overtaken = self.batches.all.range(batch_id + 1..).any(|(_, batch)| came_round(batch));
        let stays = self.roster.get(id).map(|call| call.stays);
        let Some(batch) = self.batches.all.get_mut(&batch_id) else { return };
        let Some(member) = batch.members.get_mut(&id) else { return };
        member.seq = Some(seq);
        self.batches.by_ask.insert(seq, (batch_id, id));
        if batch.stopped || overtaken || stays != Some(member.stays) {
            self.batches.void.push(seq);
        }
    }

    /// Whether an ask that has come round is one of this console's own.
    pub(super) fn is_own(&self, ask: Seq) -> bool {
        self.batches.by_ask.contains_key(&ask)
    }

    /// What was to be written down was not: its press is over as far as that goes, and who was marked is marked again.
    pub(super) fn refused(&mut self, whats: &[What], why: &str) -> Vec<Effect> {
        let asks: Vec<_> = whats.iter().filter_map(|what| if let What::Asked(ask) = what { Some(ask) } else { None }).collect();
        let mut over = BTreeSet::new();
        for ask in &asks {
            let Some(id) = self.roster.find(&ask.call) else { continue };
            let found = self.batches.all.iter_mut().find_map(|(batch_id, batch)| {
                let is_its = batch.action == ask.action && batch.cause == ask.cause;
                let member = batch.members.get_mut(&id).filter(|member| is_its && member.seq.is_none() && member.end.is_none())?;
                member.end = Some(Outcome::NotDelivered);
                batch.failed += 1;
                (!batch.runs()).then_some(*batch_id)
            });
            over.extend(found);
        }
        for batch_id in over {
            self.batch_finished(batch_id);
        }
        let text = match asks[..] {
            [] => why.to_owned(),
            [ask] => {
                let known = self.roster.find(&ask.call).and_then(|id| self.roster.get(id)).map(|call| self.label(call));
                let who = crate::text::cut(&known.unwrap_or_else(|| format!("call {}", ask.call)), NAME, "~").into_owned();
                format!("{who}: {} not asked: {why}", ask.action.word())
            }
            [first, ..] => format!("{} {} callers not asked: {why}", first.action.word(), asks.len()),
        };
        self.log(self.now, Tone::Bad, text.clone());
        self.say(Tone::Bad, text);
        Vec::new()
    }

    /// Halts asks that came round too late, all of them at once.
    pub(super) fn halt_void(&mut self) {
        if !self.batches.void.is_empty() {
            let asks = std::mem::take(&mut self.batches.void);
            self.outbox.push(self.halt(asks, false));
        }
    }

    /// The order that those of these asks that have not left must not leave; with `rest`, nor what is still on its way to
    /// the journal.
    pub(super) fn halt(&self, mut asks: Vec<Seq>, rest: bool) -> Effect {
        asks.sort_unstable();
        Effect::Append(What::Halted(Halted { asks, by: self.settings.moderator.clone(), rest }))
    }

    /// Asks that went round unrecorded have a place in the journal now.
    pub(super) fn batch_renumbered(&mut self, late: &[(Seq, Seq)]) {
        for (from, to) in late {
            let Some((batch_id, id)) = self.batches.by_ask.remove(from) else { continue };
            self.batches.by_ask.insert(*to, (batch_id, id));
            if let Some(member) = self.batches.all.get_mut(&batch_id).and_then(|batch| batch.members.get_mut(&id)) {
                member.seq = Some(*to);
            }
        }
    }

    /// An ask has ended; with the last of them it is told how the press went.
    pub(super) fn batch_answered(&mut self, answer: &Answer) {
        let Some((batch_id, id)) = self.batches.by_ask.remove(&answer.ask) else { return };
        let Some(batch) = self.batches.all.get_mut(&batch_id) else { return };
        let Some(member) = batch.members.get_mut(&id) else { return };
        member.end = Some(answer.outcome);
        match answer.outcome {
            Outcome::Accepted => batch.done += 1,
            Outcome::Refused | Outcome::NotDelivered | Outcome::Unknown => batch.failed += 1,
            Outcome::NotSent => batch.passed += 1,
        }
        let (finished, late) = (!batch.runs(), batch.taken_back && batch.is_bulk());
        let gets_through = batch.stopped && answer.outcome == Outcome::Accepted && batch.marks == Some(self.marks.changes());
        if gets_through {
            // It was on its way when the rest was stopped.
            self.unmark(&[id]);
        }
        let Some(batch) = self.batches.all.get(&batch_id) else { return };
        if late && let Some(opposite) = batch.action.opposite() {
            let ids: Vec<_> = self.to_take_back(batch_id).filter(|other| *other == id).collect();
            let effect = self.ask_together(&ids, opposite, Cause::Bulk, false, true);
            self.outbox.extend(effect);
        }
        if finished {
            self.batch_finished(batch_id);
        }
    }

    fn batch_finished(&mut self, batch_id: u64) {
        let Some(batch) = self.batches.all.get(&batch_id) else { return };
        let (total, done, failed, passed, stopped) = (batch.members.len(), batch.done, batch.failed, batch.passed, batch.stopped);
        let again = |member: &Member| match member.end {
            Some(Outcome::Refused | Outcome::NotDelivered | Outcome::Unknown) => true,
            Some(Outcome::NotSent) => stopped && !batch.taken_back,
            Some(Outcome::Accepted) | None => false,
        };
        let again = batch.members.iter().filter(|(_, member)| again(member)).map(|(id, _)| *id);
        let left: Vec<_> = again.filter(|id| self.can_be_marked(*id)).collect();
        let (word, bulk, is_back) = (batch.action.word(), batch.is_bulk(), batch.is_back);
        // Marks that were made meanwhile are for the next press, and stay alone.
        let chosen_since = |changes: u64| !self.marks.is_empty() && self.marks.changes() != changes;
        let alone = batch.marks.is_some_and(chosen_since) && !left.is_empty();
        if batch.marks.is_some() && !alone {
            for id in left.iter().copied() {
                self.marks.add(id);
            }
        }
        if !bulk {
            return;
        }
        let mut parts = vec![format!("{}{word} {total}: {done} done", if is_back { "taken back: " } else { "" })];
        if failed > 0 {
            parts.push(format!("{failed} failed"));
        }
        if passed > 0 {
            parts.push(format!("{passed} {}", if stopped { "not asked" } else { "passed over" }));
        }
        if alone {
            parts.push("not marked, because others are".to_owned());
        }
        let text = parts.join(", ");
        let tone = if failed > 0 { Tone::Bad } else { Tone::Good };
        self.say(tone, text.clone());
        self.log(self.now, tone, format!("{}: {text}", self.settings.moderator));
    }

    /// How far the bulk ask is that runs longest.
    #[must_use]
    pub fn progress(&self) -> Option<Progress> {
        let running: Vec<_> = self.batches.all.values().filter(|batch| batch.is_bulk() && batch.runs()).collect();
        let batch = running.first()?;
        let (word, total, done, failed) = (batch.action.word(), batch.members.len(), batch.done, batch.failed);
        let more = if running.len() > 1 { format!(" (+{} more)", running.len() - 1) } else { String::new() };
        let end = if batch.stopped { "stopped" } else { "Esc stops" };
        let text = format!("{word} {total}: {done} done, {failed} failed, {}/s, {end}{more}", self.settings.pace);
        Some(Progress { text, ended: (batch.ended(), total) })
    }

    /// Esc: what has not left of all bulk asks will not. None when nothing of that kind runs.
    pub(super) fn stop_batches(&mut self) -> Option<Effect> {
        let (mut asks, mut left) = (Vec::new(), Vec::new());
        let mut any = false;
        let changes = self.marks.changes();
        let free = self.marks.is_empty();
        for batch in self.batches.all.values_mut().filter(|batch| batch.is_bulk() && batch.runs() && !batch.stopped) {
            batch.stopped = true;
            any = true;
            if batch.marks.is_some_and(|before| free || before == changes) {
                // At once, so that the next press finds the marks that the eye does.
                batch.marks = Some(changes);
                left.extend(batch.members.iter().filter(|(_, member)| member.end != Some(Outcome::Accepted)).map(|(id, _)| *id));
            }
            asks.extend(batch.open());
        }
        if !any {
            return None;
        }
        for id in left {
            if self.can_be_marked(id) {
                self.marks.add(id);
            }
        }
        self.say(Tone::Plain, "stopped: what is on its way is waited for, nothing more is asked");
        Some(self.halt(asks, true))
    }
}
