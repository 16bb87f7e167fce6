//! What the listener counts, for the console's header, and which slips of a call flow are worth telling. Nothing here
//! waits; only sentences take a lock.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use crate::conference::Moment;

/// How callbacks fared since the start. Shared between the listener and whoever shows it.
#[derive(Debug)]
pub struct Counts {
    taken: AtomicU64,
    refused: AtomicU64,
    dropped: AtomicU64,
    evicted: AtomicU64,
    last: AtomicI64,
    slips: Mutex<Slips>,
    strangers: Mutex<VecDeque<Arc<str>>>,
    news: Notify,
}

/// Slips by their sort, of which there are few.
#[derive(Debug, Default)]
struct Slips {
    /// What was wrong with the last one that was told.
    last: Option<Arc<str>>,
    /// When one of this sort was last told, and how many were passed over since.
    told: HashMap<Sort, (Moment, u64)>,
}

/// A kind of callback and the rule that it broke.
type Sort = (&'static str, &'static str);

/// How long slips of one sort are only counted after one was told, in milliseconds.
const QUIET: i64 = 60_000;

/// Sentences about strangers that are kept for whoever shows them. There are two a minute at the most.
const KEPT: usize = 8;

/// Stands for "there was no callback yet".
const NEVER: i64 = i64::MIN;

impl Default for Counts {
    fn default() -> Self {
        Self {
            taken: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            evicted: AtomicU64::new(0),
            last: AtomicI64::new(NEVER),
            slips: Mutex::default(),
            strangers: Mutex::default(),
            news: Notify::new(),
        }
    }
}

impl Counts {
    /// Callbacks that were answered with `200`.
    pub fn taken_count(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }

    /// Callbacks that were refused for what they were: no token, no key, too large, malformed.
    pub fn refused_count(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Callbacks that got `503`, because the journal could not take them.
    pub fn dropped_count(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Connections that were closed to make room for newer ones.
    pub fn evicted_count(&self) -> u64 {
        self.evicted.load(Ordering::Relaxed)
    }

    /// When the last callback was taken; none when there was none yet.
    pub fn last_callback(&self) -> Option<Moment> {
        Some(self.last.load(Ordering::Relaxed)).filter(|last| *last != NEVER).map(Moment)
    }

    /// What was wrong with a callback that had the token and could not be read, as a sentence: the last that was
    /// worth telling. Slips of one sort are told once a minute.
    pub fn last_slip(&self) -> Option<Arc<str>> {
        self.slips.lock().unwrap_or_else(PoisonError::into_inner).last.clone()
    }

    /// What is to be told of requests that were not let in since this was last asked, as sentences: from where, and
    /// how many. For one who asks.
    pub fn take_strangers(&self) -> Vec<Arc<str>> {
        self.strangers.lock().unwrap_or_else(PoisonError::into_inner).drain(..).collect()
    }

    /// Waits until something was refused or dropped since the last wait. For one waiter.
    pub async fn changed(&self) {
        self.news.notified().await;
    }

    /// Notes a slip. When it is worth telling: how many of its sort were passed over since the last that was told.
    pub(super) fn slipped(&self, sort: Sort, at: Moment, sentence: impl FnOnce() -> String) -> Option<u64> {
        let mut slips = self.slips.lock().unwrap_or_else(PoisonError::into_inner);
        let (told, passed_over) = slips.told.get(&sort).copied().unzip();
        // A clock that was set back makes nothing quiet for longer.
        let is_quiet = told.is_some_and(|told| (0..QUIET).contains(&(at.0 - told.0)));
        let passed_over = passed_over.unwrap_or(0);
        if is_quiet {
            slips.told.insert(sort, (told.unwrap_or(at), passed_over + 1));
            return None;
        }
        slips.told.insert(sort, (at, 0));
        slips.last = Some(sentence().into());
        Some(passed_over)
    }

    pub(super) fn turned_away(&self, sentence: &str) {
        let mut strangers = self.strangers.lock().unwrap_or_else(PoisonError::into_inner);
        // Where nobody shows them, the oldest goes.
        while strangers.len() >= KEPT {
            strangers.pop_front();
        }
        strangers.push_back(sentence.into());
    }

    pub(super) fn refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
        self.news.notify_one();
    }

    pub(super) fn dropped(&self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
        self.news.notify_one();
    }

    pub(super) fn evicted(&self) {
        self.evicted.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn took(&self, at: Moment) {
        self.taken.fetch_add(1, Ordering::Relaxed);
        self.last.fetch_max(at.0, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_slips_is_told_once_a_minute_for_each_sort() {
        let counts = Counts::default();
        let slipped = |sort, at| counts.slipped(("join", sort), Moment(at), || format!("{sort} at {at}"));
        assert_eq!((slipped("no key", 0), slipped("no key", 1), slipped("no key", 59_999)), (Some(0), None, None));
        assert_eq!(counts.last_slip().as_deref(), Some("no key at 0"));
        assert_eq!((slipped("no conference", 2), slipped("no conference", 3)), (Some(0), None));
        assert_eq!(counts.last_slip().as_deref(), Some("no conference at 2"), "another sort is told at once");
        assert_eq!((slipped("no key", 60_000), slipped("no key", 60_001)), (Some(2), None));
        assert_eq!(counts.last_slip().as_deref(), Some("no key at 60000"));
        assert_eq!(slipped("no key", 5), Some(1), "the clock was set back");
    }

    #[test]
    fn what_is_told_of_strangers_is_told_once_and_kept_for_a_while() {
        let counts = Counts::default();
        counts.turned_away("one");
        counts.turned_away("two");
        assert_eq!((counts.take_strangers(), counts.take_strangers()), (vec!["one".into(), "two".into()], vec![]));
        for number in 0..1_000 {
            counts.turned_away(&number.to_string());
        }
        let kept = counts.take_strangers();
        assert_eq!((kept.len(), kept.last().map(|last| &**last)), (KEPT, Some("999")));
    }

    #[test]
    fn the_last_callback_is_never_until_there_is_one() {
        let counts = Counts::default();
        assert_eq!(counts.last_callback(), None);
        counts.took(Moment(5));
        counts.took(Moment(3));
        assert_eq!((counts.last_callback(), counts.taken_count()), (Some(Moment(5)), 2));
    }
}
