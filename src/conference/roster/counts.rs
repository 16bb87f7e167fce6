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

/// As what a call counts: a bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counted(u8);

impl Counted {
    const ROW: u8 = 1;
    const FAILED: u8 = 2;
    /// In the room, those included that called back after a kick.
    const INSIDE: u8 = 4;
    const CALLING: u8 = 8;
    const MUTED: u8 = 16;
    pub(super) const HAND: u8 = 32;
    const UNREACHABLE: u8 = 64;
    pub(super) const IN: u8 = 128;

    pub(super) fn of(call: &Participant) -> Self {
        let is_in = call.presence == Presence::In;
        let bits = [
            (Self::ROW, true),
            (Self::FAILED, call.ask().is_some_and(LastAsk::has_failed)),
            // Who was kicked and called back is in the room again.
            (Self::INSIDE, is_in || call.called_back),
            (Self::CALLING, call.presence == Presence::Calling),
            (Self::MUTED, is_in && call.muted),
            (Self::HAND, call.is_live() && call.hand().is_some()),
            (Self::UNREACHABLE, is_in && call.number.is_none()),
            (Self::IN, is_in),
        ];
        Self(bits.into_iter().filter(|(_, so)| *so).fold(0, |all, (bit, _)| all | bit))
    }

    pub(super) fn is(self, bit: u8) -> bool {
        self.0 & bit != 0
    }
}

impl Counts {
    /// Counts a call otherwise than before; what counts as nothing is not there.
    pub(super) fn tally(&mut self, before: Counted, after: Counted) {
        if before == after {
            return;
        }
        let Self { inside, calling, muted, hands, unreachable, failed, rows } = self;
        let counters = [
            (rows, Counted::ROW),
            (failed, Counted::FAILED),
            (inside, Counted::INSIDE),
            (calling, Counted::CALLING),
            (muted, Counted::MUTED),
            (hands, Counted::HAND),
            (unreachable, Counted::UNREACHABLE),
        ];
        for (counter, bit) in counters {
            if before.is(bit) != after.is(bit) {
                *counter = if after.is(bit) { *counter + 1 } else { counter.saturating_sub(1) };
            }
        }
    }
}
