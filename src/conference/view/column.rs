//! The orders that rows can be in, and what each is called.

use std::cmp::Ordering;
use std::time::Duration;

use crate::conference::Moment;
use crate::conference::roster::{Participant, Roster};
use crate::phone::Number;

/// What rows can be ordered by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Column {
    /// First come, first listed.
    #[default]
    Arrival,
    /// Name, else number.
    Caller,
    /// Number; so also by country, whose code comes first.
    Number,
    /// Country or region, by its two letters.
    Place,
    /// The word in the voice column.
    Voice,
    /// How long the stay has lasted.
    Stay,
    /// Raised hands first, in the order of the queue.
    Hand,
    /// The time of the last ask, latest first.
    Ask,
}

impl Column {
    /// All of them, in the order that the sort key goes through them.
    pub const ALL: [Self; 8] = [Self::Arrival, Self::Caller, Self::Number, Self::Place, Self::Voice, Self::Stay, Self::Hand, Self::Ask];

    /// The next one, round and round.
    #[must_use]
    pub fn next(self) -> Self {
        let place = Self::ALL.iter().position(|column| *column == self).unwrap_or(0);
        Self::ALL[(place + 1) % Self::ALL.len()]
    }

    /// What it is called on the screen.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Arrival => "arrival",
            Self::Caller => "caller",
            Self::Number => "number",
            Self::Place => "place",
            Self::Voice => "voice",
            Self::Stay => "time in",
            Self::Hand => "hand",
            Self::Ask => "last ask",
        }
    }

    /// Who comes first in this order, in words.
    #[must_use]
    pub fn first(self, reverse: bool) -> &'static str {
        match (self, reverse) {
            (Self::Arrival, false) => "who came first, first",
            (Self::Arrival, true) => "who came last, first",
            (Self::Caller, false) => "A to Z",
            (Self::Caller, true) => "those without a name, then Z to A",
            (Self::Number, false) => "by country code, no number last",
            (Self::Number, true) => "no number first",
            (Self::Place, false) => "A to Z, unknown last",
            (Self::Place, true) => "unknown first, then Z to A",
            (Self::Voice, false) => "calling, open, muted, then who is gone",
            (Self::Voice, true) => "who is gone, muted, open, calling",
            (Self::Stay, false) => "longest first",
            (Self::Stay, true) => "shortest first",
            (Self::Hand, false) => "raised first, in the order of the queue",
            (Self::Hand, true) => "raised last",
            (Self::Ask, false) => "latest first",
            (Self::Ask, true) => "no ask first, then the oldest",
        }
    }
}

/// Which of two rows comes first; equal ones stay in order of arrival.
pub(super) fn compare(column: Column, roster: &Roster, a: &Participant, b: &Participant, now: Moment, stale_after: Duration) -> Ordering {
    match column {
        // Sorted by what is looked up once.
        Column::Arrival | Column::Place | Column::Hand => Ordering::Equal,
        // Those without a name come after those with one, by number.
        Column::Caller => {
            let name = |call| (roster.name(call).is_none(), roster.name(call).map(str::to_lowercase));
            name(a).cmp(&name(b)).then(number(a).cmp(&number(b)))
        }
        Column::Number => number(a).cmp(&number(b)),
        Column::Voice => a.word(now, stale_after).cmp(&b.word(now, stale_after)),
        Column::Stay => b.stayed(now).cmp(&a.stayed(now)),
        Column::Ask => b.ask().map(|ask| ask.at).cmp(&a.ask().map(|ask| ask.at)),
    }
}

/// Numbers in order, callers without one last.
fn number(call: &Participant) -> (bool, Option<Number>) {
    (call.number.is_none(), call.number)
}
