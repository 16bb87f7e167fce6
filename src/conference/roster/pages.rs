//! Values by the identity of their call: found at once, gone through in order of arrival, and packed.
//!
//! Identities are given in order and never twice, so most of those in use lie close together. A page holds the
//! values of 64 in a row, without room for those that are not there.

use super::CallId;

/// Identities of one page.
const PAGE: u32 = u64::BITS;

/// Values by the identity of their call.
#[derive(Clone, Debug)]
pub(in crate::conference) struct Pages<T> {
    /// By their numbers.
    pages: Vec<Page<T>>,
    len: usize,
}

#[derive(Clone, Debug)]
struct Page<T> {
    number: u32,
    /// Which of its identities have a value, the first in the lowest bit.
    there: u64,
    /// Their values, in the same order.
    values: Vec<T>,
}

/// The page of an identity, and its bit there.
fn place(id: CallId) -> (u32, u64) {
    (id.0 / PAGE, 1 << (id.0 % PAGE))
}

impl<T> Page<T> {
    /// Where the value of a bit is, or would be.
    fn at(&self, bit: u64) -> usize {
        (self.there & (bit - 1)).count_ones() as usize
    }
}

impl<T> Default for Pages<T> {
    fn default() -> Self {
        Self { pages: Vec::new(), len: 0 }
    }
}

impl<T> Pages<T> {
    /// How many values there are.
    pub(in crate::conference) fn len(&self) -> usize {
        self.len
    }

    /// Where the page with a number is, or would be.
    fn page(&self, number: u32) -> Result<usize, usize> {
        let Some(last) = self.pages.last() else { return Err(0) };
        // No two have the same number, so it is not before this. The latest lie side by side, and most that happens is
        // about them.
        let Some(back) = last.number.checked_sub(number) else { return Err(self.pages.len()) };
        let first = (self.pages.len() - 1).saturating_sub(back as usize);
        if self.pages[first].number == number {
            return Ok(first);
        }
        self.pages[first..].binary_search_by_key(&number, |page| page.number).map(|at| first + at).map_err(|at| first + at)
    }

    /// The value of a call.
    #[inline]
    pub(in crate::conference) fn get(&self, id: CallId) -> Option<&T> {
        let (number, bit) = place(id);
        let page = &self.pages[self.page(number).ok()?];
        if page.there & bit == 0 { None } else { page.values.get(page.at(bit)) }
    }

    /// The value of a call, to be changed.
    #[inline]
    pub(in crate::conference) fn get_mut(&mut self, id: CallId) -> Option<&mut T> {
        let (number, bit) = place(id);
        let at = self.page(number).ok()?;
        let page = &mut self.pages[at];
        let at = page.at(bit);
        if page.there & bit == 0 { None } else { page.values.get_mut(at) }
    }

    /// Gives a call a value; returns the one it had.
    pub(in crate::conference) fn insert(&mut self, id: CallId, value: T) -> Option<T> {
        let (number, bit) = place(id);
        let page = self.page(number).unwrap_or_else(|at| {
            self.pages.insert(at, Page { number, there: 0, values: Vec::new() });
            at
        });
        let page = &mut self.pages[page];
        let at = page.at(bit);
        if page.there & bit != 0 {
            return page.values.get_mut(at).map(|own| std::mem::replace(own, value));
        }
        page.there |= bit;
        page.values.insert(at, value);
        self.len += 1;
        None
    }

    /// Takes the value of a call away.
    pub(in crate::conference) fn remove(&mut self, id: CallId) -> Option<T> {
        let (number, bit) = place(id);
        let place = self.page(number).ok()?;
        let page = &mut self.pages[place];
        if page.there & bit == 0 {
            return None;
        }
        let value = page.values.remove(page.at(bit));
        page.there &= !bit;
        self.len -= 1;
        if page.there == 0 {
            self.pages.remove(place);
            if self.pages.len() * 4 < self.pages.capacity() {
                self.pages.shrink_to(self.pages.len() * 2);
            }
        } else if page.values.len() * 3 <= page.values.capacity() {
            page.values.shrink_to_fit();
        }
        Some(value)
    }

    /// All of them, by identity.
    pub(in crate::conference) fn iter(&self) -> impl Iterator<Item = (CallId, &T)> {
        self.pages.iter().flat_map(|page| ids(page.number, page.there).zip(&page.values))
    }

    /// All of them, by identity, to be changed.
    pub(in crate::conference) fn iter_mut(&mut self) -> impl Iterator<Item = (CallId, &mut T)> {
        self.pages.iter_mut().flat_map(|page| ids(page.number, page.there).zip(&mut page.values))
    }
}

/// The identities of a page that are there.
fn ids(number: u32, there: u64) -> impl Iterator<Item = CallId> {
    bits(there).map(move |bit| CallId(number * PAGE + bit))
}

/// The places of the bits that are set, the lowest first.
pub(in crate::conference) fn bits(mut word: u64) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        let bit = (word != 0).then(|| word.trailing_zeros())?;
        word &= word - 1;
        Some(bit)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn they_are_what_a_map_is(steps in prop::collection::vec((0u32..300, any::<bool>()), 0..400)) {
            let (mut pages, mut map) = (Pages::default(), BTreeMap::new());
            for (step, (id, add)) in steps.into_iter().enumerate() {
                let id = CallId(id);
                if add {
                    prop_assert_eq!(pages.insert(id, step), map.insert(id, step));
                } else {
                    prop_assert_eq!(pages.remove(id), map.remove(&id));
                }
                prop_assert_eq!(pages.get(id), map.get(&id));
                prop_assert_eq!(pages.get_mut(id), map.get_mut(&id));
            }
            pages.iter_mut().for_each(|(_, value)| *value += 1);
            for value in map.values_mut() {
                *value += 1;
            }
            prop_assert_eq!(pages.len(), map.len());
            prop_assert!(pages.iter().map(|(id, value)| (id, *value)).eq(map));
        }
    }

    #[test]
    fn pages_that_nobody_is_on_are_given_back() {
        let mut pages = Pages::default();
        for id in 0..1_000 {
            pages.insert(CallId(id), id);
        }
        assert_eq!(pages.pages.len(), 16);
        for id in (0..1_000).filter(|id| id % 500 != 7) {
            pages.remove(CallId(id));
        }
        assert_eq!((pages.pages.len(), pages.len()), (2, 2));
        assert!(pages.pages.iter().all(|page| page.values.capacity() <= 4));
    }
}
