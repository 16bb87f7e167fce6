//! Finding calls by key and by number. Only identities are kept here; what they are compared by stays in the call.

use std::cell::Cell;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;

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

impl Index {
    /// The call with a key.
    pub(super) fn find(&self, calls: &Calls, key: &str) -> Option<CallId> {
        let is = |id: &CallId| calls.get(*id).is_some_and(|call| call.key() == key);
        if let Some(last) = self.last.get().filter(is) {
            return Some(last);
        }
        let found = self.by_key.find(self.hasher.hash_one(key), is).copied();
        self.last.set(found.or(self.last.get()));
        found
    }

    /// Takes a call in that is among `calls` already.
    pub(super) fn add(&mut self, calls: &Calls, id: CallId) {
        let Self { hasher, by_key, last, .. } = self;
        last.set(Some(id));
        let hash = |id: &CallId| hasher.hash_one(calls.get(*id).map_or("", Participant::key));
        by_key.insert_unique(hash(&id), id, hash);
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
        if let Ok(entry) = alone.find_entry(hasher.hash_one(number), |other| of(other) == Some(number)) {
            entry.remove();
            shared.insert(number, 2);
        } else {
            alone.insert_unique(hasher.hash_one(number), id, |id| of(id).map_or(0, |number| hasher.hash_one(number)));
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
