//! What is under way: tasks that the loop has begun, and what they come back with.

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::super::attempt::Ended;
use super::super::breaker::Admission;
use super::super::lanes::Place;
use crate::conference::CallKey;
use crate::conference::event::{Answer, Ask, Seq};
use crate::journal::AppendError;

/// What a task is about.
pub(in crate::dispatch) enum Job {
    Ask {
        seq: Seq,
        ask: Ask,
        paced: bool,
        admission: Admission,
        /// Says why no further try is to be begun.
        enough: Option<oneshot::Sender<String>>,
    },
    Mark(Vec<Place>),
    /// In a shared journal: asks are marked. Since when, and whether they are key presses.
    Claim {
        places: Vec<Place>,
        keys: bool,
        begun: Instant,
    },
    /// In a shared journal: asks that are not to leave are marked as this host's, so that these are their ends.
    ClaimEnds(Vec<Answer>),
    /// The answer of this call's ask is being written down; the next one leaves after that, so that a crash
    /// can tell that it did not leave before.
    Close(CallKey),
    /// Asks of rules are being written down.
    Rules,
    Warm,
}

/// What a task comes back with.
pub(in crate::dispatch) enum Done {
    Asked(Ended),
    Claimed(Result<(), AppendError>),
    Other,
}

impl Job {
    pub(super) fn ask(&self) -> Option<(Seq, &Ask)> {
        match self {
            Self::Ask { seq, ask, .. } => Some((*seq, ask)),
            Self::Mark(_) | Self::Claim { .. } | Self::ClaimEnds(_) | Self::Close(_) | Self::Rules | Self::Warm => None,
        }
    }
}
