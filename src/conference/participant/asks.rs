//! What was asked for a call last, and how it ended.

use std::collections::HashMap;
use std::sync::Arc;

use crate::conference::event::Seq;
use crate::conference::{Action, Moment, Outcome};

/// The last thing that was asked for a call, and how it went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastAsk {
    /// The ask's place in the journal; unrecorded when the journal had failed.
    pub seq: Seq,
    /// What was asked.
    pub action: Action,
    /// Who asked: a moderator, or what people call the rule.
    pub by: Arc<str>,
    /// When.
    pub at: Moment,
    /// How it ended; none while it is on its way.
    pub ended: Option<Ended>,
}

impl LastAsk {
    /// Whether it failed, or nobody knows: it may be asked for again.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        let outcome = self.ended.as_ref().map(|ended| ended.outcome);
        matches!(outcome, Some(Outcome::Refused | Outcome::NotDelivered | Outcome::Unknown))
    }
}

/// How an ask ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// The outcome.
    pub outcome: Outcome,
    /// The provider's words or what went wrong; may be empty.
    pub detail: Box<str>,
    /// When.
    pub at: Moment,
}

/// What few calls have: a raised hand, asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct More {
    /// When the hand went up; none while down.
    pub(super) hand: Option<Moment>,
    /// The last thing asked for in this stay.
    pub(super) ask: Option<LastAsk>,
    /// The one before it, as long as the last may turn out never to have left.
    earlier: Option<Box<LastAsk>>,
}

impl More {
    /// Nothing was asked yet.
    pub(super) fn of_hand(hand: Option<Moment>) -> Self {
        Self { hand, ask: None, earlier: None }
    }

    pub(super) fn ask_anew(&mut self, ask: LastAsk) {
        let Some(before) = self.ask.replace(ask) else { return };
        let told = match before.ended.as_ref().map(|ended| ended.outcome) {
            // Behind one that is in flight it waits, and is replaced now.
            None => self.earlier.as_ref().is_some_and(|earlier| earlier.ended.is_none()),
            Some(Outcome::Accepted | Outcome::NotSent) => {
                self.earlier = None;
                true
            }
            Some(_) => false,
        };
        if !told {
            self.earlier = Some(Box::new(before));
        }
    }

    pub(super) fn renumber_asks(&mut self, places: &HashMap<Seq, Seq>) -> bool {
        let mut any = false;
        for ask in self.ask.iter_mut().chain(self.earlier.as_deref_mut()) {
            if let Some(place) = places.get(&ask.seq) {
                ask.seq = *place;
                any = true;
            }
        }
        any
    }

    pub(super) fn end_ask(&mut self, seq: Seq, ended: Ended) {
        let outcome = ended.outcome;
        if let Some(ask) = self.ask.as_mut().filter(|ask| ask.seq == seq) {
            ask.ended = Some(ended);
            match self.earlier.take() {
                Some(earlier) if outcome == Outcome::NotSent => self.ask = Some(*earlier),
                _ => {}
            }
        } else if let Some(earlier) = self.earlier.as_mut().filter(|earlier| earlier.seq == seq) {
            earlier.ended = Some(ended);
            if outcome == Outcome::Accepted {
                self.earlier = None;
            }
        }
    }
}
