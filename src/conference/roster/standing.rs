//! What of a call is counted, and where: looked at before and after a change, so that only what differs is touched.

use super::Participant;
use super::counts::Counted;
use crate::conference::ConferenceId;
use crate::phone::Number;

/// Where and how a call counts.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) conference: Option<ConferenceId>,
    /// Its number while it is on the line.
    pub(super) number: Option<Number>,
    pub(super) counted: Counted,
}

impl Standing {
    pub(super) fn of(call: &Participant) -> Self {
        Self { conference: call.conference.clone(), number: call.number.filter(|_| call.is_live()), counted: Counted::of(call) }
    }

    /// Whether this is how a call stands now. Nothing is shared or let go for it.
    pub(super) fn is_of(&self, call: &Participant) -> bool {
        let number = call.number.filter(|_| call.is_live());
        self.counted == Counted::of(call) && self.number == number && self.conference == call.conference
    }

    /// Its hand is up.
    pub(super) fn hand(&self) -> bool {
        self.counted.is(Counted::HAND)
    }

    /// It can have the floor of its conference.
    pub(super) fn inside(&self) -> bool {
        self.counted.is(Counted::IN)
    }
}
