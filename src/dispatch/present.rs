//! Who is in: only how many, and only as hashes, because there may be a hundred thousand.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use crate::conference::CallKey;

/// The calls that are in a conference. Two calls share a hash once in a while in 2^64 pairs.
#[derive(Debug, Default)]
pub(super) struct Present {
    hasher: RandomState,
    calls: HashSet<u64>,
}

impl Present {
    pub(super) fn enter(&mut self, call: &CallKey) {
        self.calls.insert(self.hasher.hash_one(call));
    }

    pub(super) fn leave(&mut self, call: &CallKey) {
        self.calls.remove(&self.hasher.hash_one(call));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joining_twice_and_leaving_twice_are_ordinary() {
        let (a, b) = (CallKey::new("a"), CallKey::new("b"));
        let mut present = Present::default();
        present.leave(&a);
        present.enter(&a);
        present.enter(&a);
        present.enter(&b);
        present.leave(&a);
        present.leave(&a);
        assert!(!present.is_empty());
        present.leave(&b);
        assert!(present.is_empty());
    }
}
