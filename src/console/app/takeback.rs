//! Taking back the last mute or unmute, as far as nobody changed it since.

use super::batch::Batch;
use super::{App, Effect, Tone, plural};
use crate::conference::event::Cause;
use crate::conference::roster::CallId;
use crate::conference::{Action, Outcome};

impl App {
    /// Whether there is a press to take back.
    pub(super) fn can_take_back(&self) -> bool {
        self.batches.all.values().any(Batch::can_be_taken_back)
    }

    /// `z`: undoes the last mute or unmute, for those whom nobody asked for since.
    pub(super) fn take_back(&mut self) -> Vec<Effect> {
        let Some((batch_id, batch)) = self.batches.all.iter_mut().rev().find(|(_, batch)| batch.can_be_taken_back()) else {
            return Vec::new();
        };
        let batch_id = *batch_id;
        batch.taken_back = true;
        let (action, bulk) = (batch.action, batch.is_bulk());
        let Some(opposite) = action.opposite() else { return Vec::new() };
        let mut effects = Vec::new();
        if bulk && batch.runs() {
            batch.stopped = true;
            let asks = batch.open().collect();
            effects.push(self.halt(asks, false));
        }
        let waiting = self.batches.all.get(&batch_id).map_or(0, |batch| batch.members.len() - batch.ended());
        let ids: Vec<_> = self.to_take_back(batch_id).collect();
        let cause = if ids.len() == 1 { Cause::Key } else { Cause::Bulk };
        let count = ids.len();
        effects.extend(self.ask_together(&ids, opposite, cause, false, true));
        let what = format!("the last {}", action.word());
        match (count, bulk && waiting > 0) {
            (0, false) => self.say(Tone::Warning, format!("{what} is not taken back: nothing is left of it to undo")),
            (_, true) => self.say(Tone::Plain, format!("taking back {what}: stopped, and {} so far", plural(count, "caller", "callers"))),
            (_, false) => self.say(Tone::Plain, format!("taking back {what}: {} {count}", opposite.word())),
        }
        effects
    }

    /// Of a press, those for whom the opposite is to be asked: it may have changed them, and nobody asked since.
    pub(super) fn to_take_back(&self, batch_id: u64) -> impl Iterator<Item = CallId> + '_ {
        let batch = self.batches.all.get(&batch_id);
        batch.into_iter().flat_map(|batch| {
            batch.members.iter().filter_map(|(id, member)| {
                let (call, opposite) = (self.roster.get(*id)?, batch.action.opposite()?);
                let may_have_changed = match member.end {
                    Some(Outcome::Accepted | Outcome::Unknown) => true,
                    // A single ask is on its way at once; of many, those that wait are stopped.
                    None => !batch.is_bulk(),
                    Some(_) => false,
                };
                // One that has not come round yet is the newest there is.
                let last = member.seq.is_none() || call.ask().map(|ask| ask.seq) == member.seq;
                let untouched = call.stays == member.stays && last && self.why_not(call, opposite).is_none();
                (may_have_changed && untouched && member.was_muted != (batch.action == Action::Mute)).then_some(*id)
            })
        })
    }
}
