//! Rows in their order: which is at a place and at which place one is, found without looking at all.

use crate::conference::roster::{CallId, Pages, bits};

/// Calls in an order. Newcomers go to the end; whatever is asked or changed costs the logarithm of their number.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    /// In order. What went off leaves its place behind, until there are more of those than rows.
    line: Vec<CallId>,
    /// Which places of `line` hold a row: a bit each.
    there: Vec<u64>,
    /// How many rows are in the words of `there`, added up as in a binary indexed tree.
    sums: Vec<u32>,
    /// Where in `line` each row is.
    at: Pages<u32>,
}

impl Rows {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.at.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether a call is among them.
    #[must_use]
    pub fn contains(&self, id: CallId) -> bool {
        self.at.get(id).is_some()
    }

    /// The place of a row, from 0.
    #[must_use]
    pub fn place(&self, id: CallId) -> Option<usize> {
        let at = *self.at.get(id)? as usize;
        let (word, bit) = (at / 64, 1u64 << (at % 64));
        Some(self.before(word) + (self.there[word] & (bit - 1)).count_ones() as usize)
    }

    /// The row at a place.
    #[must_use]
    pub fn get(&self, place: usize) -> Option<CallId> {
        self.from(place).next()
    }

    /// All of them in order.
    pub fn iter(&self) -> impl Iterator<Item = CallId> + '_ {
        self.from(0)
    }

    /// Those from a place on.
    pub fn from(&self, place: usize) -> impl Iterator<Item = CallId> + '_ {
        let (first, skipped) = self.word_of(place);
        // Bits below the place's own are other rows.
        let mut skipped = skipped;
        self.there.iter().enumerate().skip(first).flat_map(move |(word, there)| {
            let skip = std::mem::take(&mut skipped);
            bits(*there).skip(skip).map(move |bit| self.line[word * 64 + bit as usize])
        })
    }

    /// Adds a row at the end; false when it is there already.
    pub(super) fn push(&mut self, id: CallId) -> bool {
        if self.contains(id) {
            return false;
        }
        let at = self.line.len();
        self.line.push(id);
        if at.is_multiple_of(64) {
            self.there.push(0);
            // What it sums up lies before it, and is summed up already.
            let end = self.there.len();
            let sum = self.before(end - 1) - self.before(end - (end & end.wrapping_neg()));
            self.sums.push(sum as u32);
        }
        self.there[at / 64] |= 1 << (at % 64);
        self.count(at / 64, true);
        self.at.insert(id, at as u32);
        true
    }

    /// Takes a row off; false when it was not there.
    pub(super) fn remove(&mut self, id: CallId) -> bool {
        let Some(at) = self.at.remove(id) else { return false };
        let at = at as usize;
        self.there[at / 64] &= !(1 << (at % 64));
        self.count(at / 64, false);
        if self.line.len() > 2 * self.len() + 64 {
            self.close_up();
        }
        true
    }

    /// Takes the places out that nobody is at.
    fn close_up(&mut self) {
        let rows: Vec<_> = self.iter().collect();
        *self = Self::default();
        for id in rows {
            self.push(id);
        }
    }

    fn count(&mut self, word: usize, add: bool) {
        let mut node = word + 1;
        while let Some(sum) = self.sums.get_mut(node - 1) {
            *sum = if add { *sum + 1 } else { *sum - 1 };
            node += node & node.wrapping_neg();
        }
    }

    /// How many rows are before a word.
    fn before(&self, word: usize) -> usize {
        let (mut node, mut sum) = (word, 0);
        while node > 0 {
            sum += self.sums[node - 1] as usize;
            node &= node - 1;
        }
        sum
    }

    /// The word in which a place is, and how many rows of it are before that place.
    fn word_of(&self, place: usize) -> (usize, usize) {
        let (mut word, mut left) = (0, place);
        let mut step = self.sums.len().checked_ilog2().map_or(0, |log| 1usize << log);
        while step > 0 {
            if let Some(sum) = self.sums.get(word + step - 1).map(|sum| *sum as usize).filter(|sum| *sum <= left) {
                word += step;
                left -= sum;
            }
            step /= 2;
        }
        (word, left)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn they_are_what_a_list_is(steps in prop::collection::vec((0u32..400, 0u8..5), 0..900)) {
            let (mut rows, mut list) = (Rows::default(), Vec::<CallId>::new());
            for (id, what) in steps {
                let id = CallId(id);
                let known = list.contains(&id);
                if what < 3 {
                    prop_assert_eq!(rows.push(id), !known);
                    if !known {
                        list.push(id);
                    }
                } else {
                    prop_assert_eq!(rows.remove(id), known);
                    list.retain(|other| *other != id);
                }
                prop_assert_eq!(rows.place(id), list.iter().position(|other| *other == id));
            }
            prop_assert_eq!(rows.len(), list.len());
            prop_assert_eq!(rows.iter().collect::<Vec<_>>(), list.clone());
            for place in 0..list.len() + 3 {
                prop_assert_eq!(rows.get(place), list.get(place).copied());
            }
            let half = list.len() / 2;
            prop_assert_eq!(rows.from(half).collect::<Vec<_>>(), &list[half..]);
        }
    }

    #[test]
    fn places_that_nobody_is_at_do_not_pile_up() {
        let mut rows = Rows::default();
        for id in 0..100_000 {
            rows.push(CallId(id));
            if id >= 100 {
                rows.remove(CallId(id - 100));
            }
        }
        assert_eq!(rows.len(), 100);
        assert!(rows.line.len() <= 300 && rows.there.len() <= 5 && rows.sums.len() <= 5);
    }
}
