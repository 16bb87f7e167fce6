//! Asks and their answers, as they come by; the words for why one was made.

use std::collections::HashMap;

use smol_str::SmolStr;

use crate::conference::event::{Answer, Ask, Cause, Seq};
use crate::conference::{Moment, Outcome};

/// An ask as it stands in the journal.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) at: Moment,
    pub(super) ask: Ask,
    pub(super) reason: &'static str,
    pub(super) answer: Option<Answered>,
}

/// How it ended.
#[derive(Clone, Debug)]
pub(super) struct Answered {
    pub(super) outcome: Outcome,
    pub(super) millis: u32,
    pub(super) detail: SmolStr,
}

/// All asks of a report, and those that have no answer yet.
#[derive(Debug, Default)]
pub(super) struct Asks {
    pub(super) all: Vec<Asked>,
    open: HashMap<Seq, usize>,
}

impl Asks {
    pub(super) fn asked(&mut self, seq: Seq, at: Moment, ask: &Ask, reason: &'static str) {
        self.open.insert(seq, self.all.len());
        self.all.push(Asked { at, ask: ask.clone(), reason, answer: None });
    }

    /// The first answer counts.
    pub(super) fn answered(&mut self, answer: &Answer) {
        let Some(asked) = self.open.remove(&answer.ask).and_then(|place| self.all.get_mut(place)) else { return };
        asked.answer = Some(Answered { outcome: answer.outcome, millis: answer.millis, detail: answer.detail.clone() });
    }
}

/// The words for why an ask was made: the rule where one made it.
pub(super) fn reason(ask: &Ask) -> &'static str {
    match (ask.cause, ask.rule) {
        (_, Some(rule)) => rule.words(),
        (Cause::Key, None) => "key",
        (Cause::Bulk, None) => "bulk",
        (Cause::Floor, None) => "floor",
        (Cause::Rule(_), None) => "rule",
    }
}
