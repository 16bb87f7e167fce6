//! What falls due, in order.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

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
    pub(super) by: Option<Box<str>>,
}

/// Entries by their time.
#[derive(Clone, Debug, Default)]
pub(super) struct Agenda(BinaryHeap<Reverse<Entry>>);

impl Agenda {
    pub(super) fn push(&mut self, entry: Entry) {
        self.0.push(Reverse(entry));
    }

    /// When the next one is due.
    pub(super) fn next(&self) -> Option<Moment> {
        self.0.peek().map(|Reverse(entry)| entry.due)
    }

    /// The next one, where it is due.
    pub(super) fn take(&mut self, now: Moment) -> Option<Entry> {
        if self.next()? > now {
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
