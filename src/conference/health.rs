//! How those are that confmod leans on: the provider, folded from its answers, and the journal.

use std::collections::VecDeque;

use super::event::Answer;
use super::{Moment, Outcome};

/// Answers that the percentiles look back on.
const LOOK_BACK: usize = 100;

/// How the journal is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum JournalHealth {
    /// The last write was good, or there was none yet.
    #[default]
    Good,
    /// The last write failed; the next may not. What the engine said.
    Trouble(String),
    /// Nothing is taken until restart. What the engine said.
    Failed(String),
    /// Another process writes it, and this one only reads. Who that is, in its own words.
    Followed(String),
    /// This process only reads it, and nobody writes it any more.
    Abandoned,
    /// The servers that keep it have not been reached since this moment. What was known then is all that is.
    Lost(Moment),
}

/// What is known of the provider.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProviderHealth {
    millis: VecDeque<u32>,
    unreached: u32,
    asked: bool,
}

impl ProviderHealth {
    /// Asks in a row that did not reach the provider before further ones fail fast.
    pub const FAILURES_TO_OPEN: u32 = 5;

    /// Takes one answer into account. An ask that was not sent says nothing of the provider.
    pub fn note(&mut self, answer: &Answer) {
        match answer.outcome {
            Outcome::NotSent => return,
            Outcome::Accepted | Outcome::Refused => {
                if self.millis.len() == LOOK_BACK {
                    self.millis.pop_front();
                }
                self.millis.push_back(answer.millis);
            }
            Outcome::NotDelivered | Outcome::Unknown => {}
        }
        self.asked = true;
        self.unreached = if answer.reached { 0 } else { self.unreached.saturating_add(1) };
    }

    /// Whether anything was asked of it yet.
    #[must_use]
    pub fn was_asked(&self) -> bool {
        self.asked
    }

    /// Asks in a row that did not reach the provider.
    #[must_use]
    pub fn unreached(&self) -> u32 {
        self.unreached
    }

    /// Whether asks fail fast now.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.unreached >= Self::FAILURES_TO_OPEN
    }

    /// The median and the 95th percentile of the last answers' times in milliseconds; none before the first.
    #[must_use]
    pub fn percentiles(&self) -> Option<(u32, u32)> {
        let mut sorted: Vec<_> = self.millis.iter().copied().collect();
        sorted.sort_unstable();
        let at = |percent: usize| sorted.get((sorted.len() * percent).div_ceil(100).saturating_sub(1)).copied();
        Some((at(50)?, at(95)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conference::CallKey;
    use crate::conference::event::Seq;

    fn answer(outcome: Outcome, millis: u32, reached: bool) -> Answer {
        Answer { ask: Seq(1), call: CallKey::new("c"), outcome, detail: "".into(), millis, reached }
    }

    #[test]
    fn percentiles_look_back_on_answers_only() {
        let mut health = ProviderHealth::default();
        assert_eq!((health.percentiles(), health.was_asked()), (None, false));
        for millis in 1..=100 {
            health.note(&answer(Outcome::Accepted, millis, true));
        }
        health.note(&answer(Outcome::Unknown, 8_000, false));
        assert_eq!(health.percentiles(), Some((50, 95)));
        for _ in 0..LOOK_BACK {
            health.note(&answer(Outcome::Refused, 7, true));
        }
        assert_eq!(health.percentiles(), Some((7, 7)), "old answers are forgotten");
    }

    #[test]
    fn five_in_a_row_open_and_one_answer_closes() {
        let mut health = ProviderHealth::default();
        for _ in 0..4 {
            health.note(&answer(Outcome::NotDelivered, 0, false));
        }
        assert!(!health.is_open());
        health.note(&answer(Outcome::NotSent, 0, true));
        health.note(&answer(Outcome::Unknown, 0, false));
        assert!(health.is_open(), "an ask that was not sent does not count as an answer");
        health.note(&answer(Outcome::Refused, 3, true));
        assert!(!health.is_open());
    }
}
