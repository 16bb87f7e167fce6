//! What went round while the disk could not be written, kept until it can: asks and their answers are
//! written down late, so that the record says who did what also then.

use std::collections::HashMap;

use crate::conference::Moment;
use crate::conference::event::{Halted, Recorded, Sent, Seq, What};
use crate::journal::Draft;

/// More than this many asks and answers are not kept; memory is bounded, and the rest is counted.
const MOST: usize = 20_000;

/// Everything of one time of trouble.
#[derive(Default)]
pub(super) struct Held {
    since: Option<Moment>,
    refused: u32,
    lost: u32,
    drafts: Vec<(Seq, Draft)>,
    /// Asks that were written late and have no answer yet: from the number they went round with.
    late: HashMap<Seq, Seq>,
}

impl Held {
    /// A callback was refused.
    pub(super) fn refused(&mut self, at: Moment) {
        self.since.get_or_insert(at);
        self.refused = self.refused.saturating_add(1);
    }

    /// An ask or an answer went round without being on disk.
    pub(super) fn keep(&mut self, seq: Seq, draft: Draft) {
        self.since.get_or_insert(draft.at);
        if self.drafts.len() < MOST {
            self.drafts.push((seq, draft));
        } else {
            self.lost = self.lost.saturating_add(1);
        }
    }

    /// Gives what comes later about an ask that was written late the number that it was written with: whoever reads
    /// it back knows no other.
    pub(super) fn mend(&mut self, what: &mut What) {
        match what {
            What::Answered(answer) => answer.ask = self.late.remove(&answer.ask).unwrap_or(answer.ask),
            What::Sent(Sent { asks }) | What::Halted(Halted { asks, .. }) => {
                renumber(asks, &self.late);
            }
            _ => {}
        }
    }

    /// What is to be written after a place now that it can be: every ask as a late one, with its answer, and
    /// last what happened, which ends now. Nothing when there was no trouble.
    pub(super) fn to_write(&self, last: Seq, now: Moment) -> Vec<Draft> {
        let Some(since) = self.since else { return Vec::new() };
        let mut numbers = self.late.clone();
        let mut pairs = Vec::new();
        let mut drafts = Vec::with_capacity(self.drafts.len() + 1);
        let mut place = last;
        for (seq, draft) in &self.drafts {
            place = place.next();
            let what = match draft.what.clone() {
                What::Asked(ask) => {
                    numbers.insert(*seq, place);
                    pairs.push((*seq, place));
                    What::AskedLate(ask)
                }
                What::Answered(mut answer) => {
                    answer.ask = numbers.get(&answer.ask).copied().unwrap_or(answer.ask);
                    What::Answered(answer)
                }
                mut other => {
                    if let What::Sent(Sent { asks }) | What::Halted(Halted { asks, .. }) = &mut other {
                        renumber(asks, &numbers);
                    }
                    other
                }
            };
            drafts.push(Draft { what, ..draft.clone() });
        }
        let recorded = Recorded { since, refused: self.refused, lost: self.lost, late: pairs };
        drafts.push(Draft::new(now.max(since), What::Recorded(recorded)));
        drafts
    }

    /// All of it is on disk now.
    pub(super) fn is_written(&mut self, drafts: &[Draft]) {
        let Some(What::Recorded(recorded)) = drafts.last().map(|draft| &draft.what) else { return };
        self.late.extend(recorded.late.iter().copied());
        for (_, draft) in self.drafts.drain(..) {
            if let What::Answered(answer) = draft.what {
                self.late.remove(&answer.ask);
            }
        }
        (self.since, self.refused, self.lost) = (None, 0, 0);
    }
}

/// Gives asks the places that they were written at, as far as they have other numbers.
fn renumber(asks: &mut [Seq], numbers: &HashMap<Seq, Seq>) {
    for ask in asks {
        *ask = numbers.get(ask).copied().unwrap_or(*ask);
    }
}
