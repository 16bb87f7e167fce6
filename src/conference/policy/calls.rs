//! The calls, each found by its key. They lie side by side, and what finds them holds their places alone.

use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;

use super::call::Call;
use crate::conference::CallKey;

/// All calls, in no order.
#[derive(Clone, Debug, Default)]
pub(super) struct Calls {
    /// Keyed anew in each process: whoever calls chooses what is hashed.
    hasher: RandomState,
    places: HashTable<u32>,
    all: Vec<(CallKey, Call)>,
    /// The place that was found last and the hash of its key: an event looks for its call many times.
    last: Cell<(usize, u64)>,
}

impl Calls {
    /// Where a call is, or the hash of its key where it is not known.
    fn place(&self, key: &CallKey) -> Result<usize, u64> {
        let (last, _) = self.last.get();
        if self.all.get(last).is_some_and(|(known, _)| known == key) {
            return Ok(last);
        }
        let is = |place: &u32| self.all[*place as usize].0 == *key;
        let hash = self.hasher.hash_one(key.as_str());
        let place = *self.places.find(hash, is).ok_or(hash)? as usize;
        self.last.set((place, hash));
        Ok(place)
    }

    pub(super) fn get(&self, key: &CallKey) -> Option<&Call> {
        self.place(key).ok().map(|place| &self.all[place].1)
    }

    pub(super) fn get_mut(&mut self, key: &CallKey) -> Option<&mut Call> {
        self.place(key).ok().map(|place| &mut self.all[place].1)
    }

    /// The call with a key, which may be new.
    pub(super) fn get_or_insert_with(&mut self, key: &CallKey, new: impl FnOnce() -> Call) -> &mut Call {
        let place = self.place(key).unwrap_or_else(|hash| {
            self.all.push((key.clone(), new()));
            let Self { hasher, places, all, last } = self;
            let place = all.len() - 1;
            places.insert_unique(hash, place as u32, |place| hasher.hash_one(all[*place as usize].0.as_str()));
            last.set((place, hash));
            place
        });
        &mut self.all[place].1
    }

    pub(super) fn remove(&mut self, key: &CallKey) -> Option<Call> {
        self.place(key).ok()?;
        let Self { hasher, places, all, last } = self;
        // Another key may be at that place next.
        let (place, hash) = last.replace((usize::MAX, 0));
        let entry = places.find_entry(hash, |other| *other as usize == place).ok()?;
        let (place, _) = entry.remove();
        // The last one takes its place.
        let last = all.len() - 1;
        if let Some(moved) = places.find_mut(hasher.hash_one(all[last].0.as_str()), |other| *other as usize == last) {
            *moved = place;
        }
        let (_, call) = all.swap_remove(place as usize);
        if all.len() * 4 < all.capacity() {
            all.shrink_to(all.len() * 2);
            places.shrink_to(all.len() * 2, |place| hasher.hash_one(all[*place as usize].0.as_str()));
        }
        Some(call)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&CallKey, &Call)> {
        self.all.iter().map(|(key, call)| (key, call))
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (&CallKey, &mut Call)> {
        self.all.iter_mut().map(|(key, call)| (&*key, call))
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &Call> {
        self.all.iter().map(|(_, call)| call)
    }

    pub(super) fn values_mut(&mut self) -> impl Iterator<Item = &mut Call> {
        self.all.iter_mut().map(|(_, call)| call)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;
    use crate::conference::Moment;

    proptest! {
        #[test]
        fn whoever_stays_is_found_whoever_goes(steps in prop::collection::vec((0u32..60, any::<bool>()), 0..300)) {
            let (mut calls, mut known) = (Calls::default(), HashSet::new());
            for (number, add) in steps {
                let key = CallKey::new(&number.to_string());
                if add {
                    calls.get_or_insert_with(&key, || Call::new(Moment(0))).news = number;
                    known.insert(number);
                } else {
                    prop_assert_eq!(calls.remove(&key).map(|call| call.news), known.take(&number));
                }
            }
            prop_assert_eq!((calls.len(), calls.places.len()), (known.len(), known.len()));
            for number in 0..60 {
                let found = calls.get(&CallKey::new(&number.to_string())).map(|call| call.news);
                prop_assert_eq!(found, known.get(&number).copied());
            }
        }
    }
}
