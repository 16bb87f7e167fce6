//! How many are where.

use crate::conference::participant::{LastAsk, Participant, Presence};

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
    /// Rows whose last ask failed, or is unknown.
    pub failed: u32,
    /// All rows, those that are gone included.
    pub rows: u32,
}

impl Counts {
    pub(super) fn tally(&mut self, participant: &Participant, add: bool) {
        let count = |counter: &mut u32, yes: bool| {
            if yes {
                *counter = if add { *counter + 1 } else { counter.saturating_sub(1) };
            }
        };
        count(&mut self.rows, true);
        count(&mut self.failed, participant.ask.as_ref().is_some_and(LastAsk::has_failed));
        // Who was kicked and called back is in the room again.
        count(&mut self.inside, participant.presence == Presence::In || participant.called_back);
        count(&mut self.calling, participant.presence == Presence::Calling);
        count(&mut self.muted, participant.presence == Presence::In && participant.muted);
        count(&mut self.hands, participant.is_live() && participant.hand.is_some());
        count(&mut self.unreachable, participant.presence == Presence::In && participant.number.is_none());
    }
}
