//! What falls due, in order.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use smol_str::SmolStr;

use crate::conference::event::Seq;
use crate::conference::{CallKey, Moment};

/// Something to look at when its time has come.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    pub(super) due: Moment,
    /// The join of the call: who came first is asked for first.
    pub(super) order: Seq,
    pub(super) call: CallKey,
    /// The event because of which.
    pub(super) cause: Seq,
    /// Who asks; none where whoever set or ended the mode, or made the ban, does.
    pub(super) by: Option<SmolStr>,
}

/// Entries by their time.
#[derive(Clone, Debug, Default)]
pub(super) struct Agenda(BinaryHeap<Reverse<Entry>>);

impl Agenda {
    pub(super) fn push(&mut self, entry: Entry) {
        self.0.push(Reverse(entry));
    }

    /// How long until the next one is due. Nothing is put in for later than `longest` from then on: what is further
    /// off was put in before the clock was set back, and is due at once.
    pub(super) fn due_in(&self, now: Moment, longest: Duration) -> Option<Duration> {
        let wait = self.0.peek()?.0.due.since(now);
        Some(if wait > longest { Duration::ZERO } else { wait })
    }

    /// The next one, where it is due.
    pub(super) fn take(&mut self, now: Moment, longest: Duration) -> Option<Entry> {
        if !self.due_in(now, longest)?.is_zero() {
            return None;
        }
        let entry = self.0.pop().map(|Reverse(entry)| entry);
        if self.0.is_empty() {
            // A lecture that began for a hundred thousand leaves its room behind otherwise.
            self.0.shrink_to(64);
        }
        entry
    }
}
