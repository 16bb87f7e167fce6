//! A moment for some of the rows, and which come first.

use std::collections::BTreeSet;
use std::ops::Bound::{Excluded, Unbounded};

use crate::conference::Moment;
use crate::conference::roster::{CallId, Pages};

/// Moments of rows, at most one for each.
#[derive(Clone, Debug, Default)]
pub(super) struct Schedule {
    in_order: BTreeSet<(Moment, CallId)>,
    of: Pages<Moment>,
}

impl Schedule {
    /// Puts a row at a moment, or takes it out.
    pub(super) fn note(&mut self, id: CallId, at: Option<Moment>) {
        if at.is_none() && self.in_order.is_empty() {
            return;
        }
        let before = match at {
            Some(at) => self.of.insert(id, at),
            None => self.of.remove(id),
        };
        if before != at {
            before.map(|at| self.in_order.remove(&(at, id)));
            at.map(|at| self.in_order.insert((at, id)));
        }
    }

    /// The rows whose moment has come.
    pub(super) fn due(&self, now: Moment) -> Vec<CallId> {
        self.in_order.iter().take_while(|(at, _)| *at <= now).map(|(_, id)| *id).collect()
    }

    /// The first moment of all.
    pub(super) fn first(&self) -> Option<Moment> {
        self.in_order.first().map(|(at, _)| *at)
    }

    /// The first moment after another.
    pub(super) fn first_after(&self, moment: Moment) -> Option<Moment> {
        self.in_order.range((Excluded((moment, CallId::LAST)), Unbounded)).next().map(|(at, _)| *at)
    }
}
