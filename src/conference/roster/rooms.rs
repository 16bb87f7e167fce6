//! The conferences that rows are in, with their counts.

use std::collections::HashMap;

use super::counts::{Counted, Counts};
use crate::conference::ConferenceId;

/// So many are compared with faster than looked up.
const FEW: usize = 8;

/// Conferences in the order they were first heard of, each found at once.
#[derive(Clone, Debug, Default)]
pub(super) struct Rooms {
    counted: Vec<(ConferenceId, Counts)>,
    places: HashMap<ConferenceId, usize>,
    /// The place that was found last: what happens next often happens there.
    last: usize,
}

impl Rooms {
    /// All of them.
    pub(super) fn all(&self) -> &[(ConferenceId, Counts)] {
        &self.counted
    }

    /// The counts of one that is known.
    pub(super) fn get(&self, id: &ConferenceId) -> Option<Counts> {
        self.places.get(id).map(|place| self.counted[*place].1)
    }

    /// The same conference as all others in it have it: so its text is kept once.
    pub(super) fn shared(&mut self, id: &ConferenceId) -> ConferenceId {
        let place = self.place(id);
        self.counted[place].0.clone()
    }

    /// Counts a row of a conference otherwise than before.
    pub(super) fn tally(&mut self, id: &ConferenceId, before: Counted, after: Counted) {
        let place = self.place(id);
        self.counted[place].1.tally(before, after);
    }

    fn place(&mut self, id: &ConferenceId) -> usize {
        if self.counted.get(self.last).is_some_and(|(last, _)| last == id) {
            return self.last;
        }
        let found = match self.counted.len() {
            0..=FEW => self.counted.iter().position(|(known, _)| known == id),
            _ => self.places.get(id).copied(),
        };
        if let Some(place) = found {
            self.last = place;
            return place;
        }
        self.counted.push((id.clone(), Counts::default()));
        self.places.insert(id.clone(), self.counted.len() - 1);
        self.counted.len() - 1
    }

    /// Drops those without any row.
    pub(super) fn forget(&mut self) {
        if self.counted.iter().any(|(_, counts)| counts.rows == 0) {
            self.counted.retain(|(_, counts)| counts.rows > 0);
            self.places = self.counted.iter().map(|(id, _)| id.clone()).zip(0..).collect();
        }
    }
}
