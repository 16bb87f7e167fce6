//! The conferences that rows are in, with their counts.

use std::collections::HashMap;

use super::counts::{Counted, Counts};
use crate::conference::ConferenceId;

/// Conferences in the order they were first heard of, each found at once.
#[derive(Clone, Debug, Default)]
pub(super) struct Rooms {
    rooms: Vec<(ConferenceId, Counts)>,
    places: HashMap<ConferenceId, usize>,
    /// The place that was found last: what happens next often happens there.
    last: usize,
}

impl Rooms {
    /// All of them.
    pub(super) fn all(&self) -> &[(ConferenceId, Counts)] {
        &self.rooms
    }

    /// The counts of one that is known.
    pub(super) fn get(&self, id: &ConferenceId) -> Option<Counts> {
        self.places.get(id).map(|place| self.rooms[*place].1)
    }

    /// The same conference as all others in it have it: so its text is kept once.
    pub(super) fn shared(&mut self, id: &ConferenceId) -> ConferenceId {
        let place = self.place(id);
        self.rooms[place].0.clone()
    }

    /// Counts a row in a conference, or no longer.
    pub(super) fn tally(&mut self, id: &ConferenceId, counted: Counted, add: bool) {
        let place = self.place(id);
        self.rooms[place].1.tally(counted, add);
    }

    fn place(&mut self, id: &ConferenceId) -> usize {
        if self.rooms.get(self.last).is_some_and(|(last, _)| last == id) {
            return self.last;
        }
        if let Some(place) = self.places.get(id) {
            self.last = *place;
            return *place;
        }
        self.rooms.push((id.clone(), Counts::default()));
        self.places.insert(id.clone(), self.rooms.len() - 1);
        self.rooms.len() - 1
    }

    /// Drops those without any row.
    pub(super) fn forget(&mut self) {
        if self.rooms.iter().any(|(_, counts)| counts.rows == 0) {
            self.rooms.retain(|(_, counts)| counts.rows > 0);
            self.places = self.rooms.iter().map(|(id, _)| id.clone()).zip(0..).collect();
        }
    }
}
