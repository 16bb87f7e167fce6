//! Whoever folds, and however slowly, is told all of the past in its order, once.

use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;

use super::*;
use crate::conference::event::{CallOnly, What};
use crate::conference::{CallKey, Moment};

/// So many events on disk, and a facts' one; reading fails after so many reads, where it does.
struct Shelf {
    events: u64,
    fails_at: usize,
    reads: AtomicUsize,
}

fn event(seq: u64) -> Event {
    Event { seq: Seq(seq), at: Moment(0), what: What::Left(CallOnly { call: CallKey::new("c") }) }
}

impl History for Shelf {
    fn read(&self, after: Seq, limit: usize) -> Result<Vec<Event>, ReadError> {
        if self.reads.fetch_add(1, Ordering::Relaxed) >= self.fails_at {
            return Err(ReadError("a broken disk".to_owned()));
        }
        // One more has come since it was looked where the end is.
        Ok((after.0 + 1..=self.events + 1).take(limit).map(event).collect())
    }

    fn before(&self, _: Moment) -> Result<Seq, ReadError> {
        Ok(Seq(0))
    }

    fn last(&self) -> Result<Seq, ReadError> {
        Ok(Seq(self.events))
    }

    fn standing(&self, until: Seq) -> Result<Vec<Event>, ReadError> {
        Ok((1..=until.0.min(3)).map(event).collect())
    }

    fn raw(&self, _: Seq) -> Result<Option<String>, ReadError> {
        Ok(None)
    }
}

fn past<const N: usize>(events: u64, after: u64, fails_at: usize) -> [Past; N] {
    let shelf = Shelf { events, fails_at, reads: AtomicUsize::new(0) };
    Past::read(&(Arc::new(shelf) as Arc<dyn History>), Seq(after)).expect("an end")
}

fn places(past: Past) -> Vec<u64> {
    past.flat_map(|told| told.expect("readable").iter().map(|event| event.seq.0).collect::<Vec<_>>()).collect()
}

fn wanted(events: u64, after: u64) -> Vec<u64> {
    (1..=after.min(3)).chain(after + 1..=events).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn all_who_fold_are_told_the_same(events in 0..3_000_u64, after in 0..3_000_u64) {
        let [one, other] = past(events, after.min(events), usize::MAX);
        let folding = std::thread::spawn(move || places(one));
        prop_assert_eq!(places(other), wanted(events, after.min(events)));
        prop_assert_eq!(folding.join().expect("no panic"), wanted(events, after.min(events)));
    }
}

#[test]
fn who_does_not_fold_holds_nobody_up_for_long_and_loses_nothing() {
    let [busy, slow] = past(40_000, 5, usize::MAX);
    assert_eq!(places(busy), wanted(40_000, 5), "it does not wait for the other");
    assert_eq!(places(slow), wanted(40_000, 5));
    let [one, gone] = past(40_000, 0, usize::MAX);
    drop(gone);
    assert_eq!(places(one).len(), 40_000);
}

#[test]
fn an_error_is_the_last_that_is_told() {
    let [one] = past(40_000, 0, 2);
    let told: Vec<_> = one.take(100).map(|told| told.map(|events| events.len())).collect();
    assert_eq!(told, [Ok(0), Ok(CHUNK), Ok(CHUNK), Err(ReadError("a broken disk".to_owned()))]);
}

#[test]
fn whoever_is_left_by_the_reader_reads_on() {
    let [mut one] = past(2_000, 0, usize::MAX);
    let (teller, told) = sync_channel(1);
    one.told = Some(told);
    drop(teller);
    assert_eq!(places(one), wanted(2_000, 0), "from the beginning");
    let [mut one] = past(2_000, 0, usize::MAX);
    let first: usize = one.by_ref().take(3).map(|told| told.expect("readable").len()).sum();
    one.told = None;
    assert_eq!(first + places(one).len(), 2_000, "and from the middle");
}
