//! Finding calls by key and by number. Only identities are kept here; what they are compared by stays in the call.

use std::cell::Cell;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use super::pages::Pages;
use super::{CallId, Participant};
use crate::phone::Number;

/// Calls by key, and how many on the line have each number.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    /// Keyed anew in each process: whoever calls chooses what is hashed.
    hasher: RandomState,
    by_key: HashTable<CallId>,
    /// The only call on the line with its number, for each number.
    alone: HashTable<CallId>,
    /// How many calls on the line have a number that several had, until nobody has it.
    shared: HashMap<Number, usize>,
    /// The call that was found last: an event looks for its call several times.
    last: Cell<Option<CallId>>,
}

type Calls = Pages<Participant>;

/// Where a call that is not known belongs: the hash of its key.
pub(super) struct Room(u64);

impl Index {
    /// The call with a key, or what makes room for one.
    pub(super) fn find(&self, calls: &Calls, key: &str) -> Result<CallId, Room> {
        let is = |id: &CallId| calls.get(*id).is_some_and(|call| call.key() == key);
        if let Some(last) = self.last.get().filter(is) {
            return Ok(last);
        }
        let hash = self.hasher.hash_one(key);
        let found = *self.by_key.find(hash, is).ok_or(Room(hash))?;
        self.last.set(Some(found));
        Ok(found)
    }

    /// Takes a call in that is among `calls` already, and was not found before.
    pub(super) fn add(&mut self, calls: &Calls, id: CallId, Room(hash): Room) {
        let Self { hasher, by_key, last, .. } = self;
        last.set(Some(id));
        by_key.insert_unique(hash, id, |id| hasher.hash_one(calls.get(*id).map_or("", Participant::key)));
    }

    /// Takes the key of a call out.
    pub(super) fn remove(&mut self, id: CallId, key: &str) {
        if let Ok(entry) = self.by_key.find_entry(self.hasher.hash_one(key), |other| *other == id) {
            entry.remove();
        }
    }

    /// A call is on the line and has a number.
    pub(super) fn enter(&mut self, calls: &Calls, id: CallId, number: Number) {
        let Self { hasher, alone, shared, .. } = self;
        if !shared.is_empty()
            && let Some(count) = shared.get_mut(&number)
        {
            *count += 1;
            return;
        }
        let of = |id: &CallId| calls.get(*id).and_then(|call| call.number);
        let hash = |id: &CallId| of(id).map_or(0, |number| hasher.hash_one(number));
        match alone.entry(hasher.hash_one(number), |other| of(other) == Some(number), hash) {
            Entry::Occupied(entry) => {
                entry.remove();
                shared.insert(number, 2);
            }
            Entry::Vacant(entry) => _ = entry.insert(id),
        }
    }

    /// A call that had this number is on the line no more, or has another one.
    pub(super) fn leave(&mut self, id: CallId, number: Number) {
        if let Ok(entry) = self.alone.find_entry(self.hasher.hash_one(number), |other| *other == id) {
            entry.remove();
        } else if let Some(count) = self.shared.get_mut(&number) {
            *count -= 1;
            if *count == 0 {
                self.shared.remove(&number);
            }
        }
    }

    /// Whether any number is, or was until a moment ago, that of several on the line.
    pub(super) fn shares(&self) -> bool {
        !self.shared.is_empty()
    }

    /// How many calls on the line have the number of one that is.
    pub(super) fn sharing(&self, number: Number) -> usize {
        if self.shared.is_empty() {
            return 1;
        }
        self.shared.get(&number).copied().unwrap_or(1)
    }

    /// How many calls on the line have a number.
    pub(super) fn on_the_line(&self, calls: &Calls, number: Number) -> usize {
        let has = |id: &CallId| calls.get(*id).and_then(|call| call.number) == Some(number);
        let alone = || usize::from(self.alone.find(self.hasher.hash_one(number), has).is_some());
        self.shared.get(&number).copied().unwrap_or_else(alone)
    }

    /// Gives back room that a flood has left behind.
    pub(super) fn shrink(&mut self, calls: &Calls) {
        let Self { hasher, by_key, alone, shared, .. } = self;
        if by_key.len() * 4 < by_key.capacity() {
            let of = |id: &CallId| calls.get(*id);
            by_key.shrink_to_fit(|id| hasher.hash_one(of(id).map_or("", Participant::key)));
            alone.shrink_to_fit(|id| of(id).and_then(|call| call.number).map_or(0, |number| hasher.hash_one(number)));
            shared.shrink_to_fit();
        }
    }

    #[cfg(test)]
    pub(super) fn sizes(&self) -> (usize, usize) {
        (self.by_key.len(), self.alone.len() + self.shared.len())
    }
}
