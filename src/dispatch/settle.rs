//! What the journal holds at start: asks that never got an answer, and what the rules stand on.

use std::collections::HashMap;
use std::time::Duration;

use crate::conference::event::{Answer, Event, Seq, What};
use crate::conference::policy::Policy;
use crate::conference::{CallKey, Moment, Outcome};
use crate::journal::{Past, ReadError};

struct Open {
    call: CallKey,
    at: Moment,
    may_have_left: bool,
}

/// The longest that one ask can hold up the next of its call: it waited for one, and took its own time.
const LONGEST_IN_FRONT: Duration = Duration::from_secs(30);

/// The asks of a journal that have no end, found by hearing all of it in order.
#[derive(Default)]
pub struct Unanswered {
    open: HashMap<Seq, Open>,
}

impl Unanswered {
    /// Takes in the next event.
    pub fn hear(&mut self, event: &Event) {
        match &event.what {
            What::Asked(ask) | What::AskedLate(ask) => {
                // One is in flight per call, and the next leaves after its answer is on disk: behind one that
                // has none, nothing left.
                let in_front = |older: &Open| older.call == ask.call && older.may_have_left && event.at.since(older.at) < LONGEST_IN_FRONT;
                let may_have_left = ask.cause.is_pressed() && !self.open.values().any(in_front);
                self.open.insert(event.seq, Open { call: ask.call.clone(), at: event.at, may_have_left });
            }
            What::Sent(sent) => {
                for seq in &sent.asks {
                    if let Some(ask) = self.open.get_mut(seq) {
                        ask.may_have_left = true;
                    }
                }
            }
            What::Answered(answer) => {
                self.open.remove(&answer.ask);
            }
            _ => {}
        }
    }

    /// How they end, in their order. None of them is sent again.
    #[must_use]
    pub fn ends(self) -> Vec<Answer> {
        let mut answers: Vec<Answer> = self.open.into_iter().map(|(seq, ask)| end(seq, ask)).collect();
        answers.sort_unstable_by_key(|answer| answer.ask);
        answers
    }
}

/// Takes in what was up to and including a place, and the facts that stood before; the rules fold all of it. Returns
/// the ends of asks that had none, in their order. None of them is sent again.
pub(super) fn read_back(past: Past, until: Seq, policy: &mut Policy) -> Result<Vec<Answer>, ReadError> {
    let mut unanswered = Unanswered::default();
    for events in past {
        for event in events?.iter().filter(|event| event.seq <= until) {
            policy.apply(event);
            unanswered.hear(event);
        }
    }
    Ok(unanswered.ends())
}

fn end(seq: Seq, ask: Open) -> Answer {
    let (outcome, detail) = if ask.may_have_left {
        (Outcome::Unknown, "confmod ended before the answer came")
    } else {
        (Outcome::NotSent, "confmod ended before it was sent")
    };
    // Nothing says that the provider could not be reached.
    Answer { ask: seq, call: ask.call, outcome, detail: detail.into(), millis: 0, reached: true }
}
