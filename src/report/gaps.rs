//! Times of which the journal does not know everything.

use super::record::{Gap, Span, Why};
use crate::conference::Moment;
use crate::conference::event::{Listening, Recorded};

/// Gaps as they come by.
#[derive(Debug, Default)]
pub(super) struct Gaps {
    found: Vec<Gap>,
    /// The listener stopped on purpose and has not come back.
    stopped: Option<Moment>,
}

impl Gaps {
    pub(super) fn stopped(&mut self, at: Moment) {
        self.stopped = Some(at);
    }

    pub(super) fn listening(&mut self, listening: &Listening, at: Moment) {
        self.stopped = None;
        if let Some(from) = listening.down_since {
            self.found.push(Gap { from: from.min(at), to: Some(at), why: Why::NotRunning });
        }
    }

    pub(super) fn recorded(&mut self, recorded: &Recorded, at: Moment) {
        let why = Why::NotWritten { refused: recorded.refused, lost: recorded.lost };
        self.found.push(Gap { from: recorded.since.min(at), to: Some(at), why });
    }

    /// Those that touch a time, in order. One that has not ended matters only while somebody is in.
    pub(super) fn within(mut self, time: Span, anybody_in: bool) -> Vec<Gap> {
        if let Some(from) = self.stopped.filter(|from| anybody_in && *from < time.to) {
            self.found.push(Gap { from, to: None, why: Why::NotRunning });
        }
        self.found.retain(|gap| gap.from <= time.to && gap.to.is_none_or(|to| to >= time.from));
        self.found.sort_by_key(|gap| gap.from);
        self.found
    }
}
