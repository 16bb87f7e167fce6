//! What the listener counts, for the console's header. Nothing here waits; only sentences take a lock.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use crate::conference::Moment;

/// How callbacks fared since the start. Shared between the listener and whoever shows it.
#[derive(Debug)]
pub struct Counts {
    refused: AtomicU64,
    dropped: AtomicU64,
    evicted: AtomicU64,
    last: AtomicI64,
    slip: Mutex<Option<Arc<str>>>,
    strangers: Mutex<Option<Arc<str>>>,
    news: Notify,
}

/// Stands for "there was no callback yet".
const NEVER: i64 = i64::MIN;

impl Default for Counts {
    fn default() -> Self {
        Self {
            refused: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            evicted: AtomicU64::new(0),
            last: AtomicI64::new(NEVER),
            slip: Mutex::default(),
            strangers: Mutex::default(),
            news: Notify::new(),
        }
    }
}

impl Counts {
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

    /// What was wrong with the last callback that had the token and could not be read, as a sentence.
    pub fn last_slip(&self) -> Option<Arc<str>> {
        self.slip.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The last thing that is to be told of requests that were not let in, as a sentence: from where, and how many.
    pub fn last_strangers(&self) -> Option<Arc<str>> {
        self.strangers.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until something was refused or dropped since the last wait. For one waiter.
    pub async fn changed(&self) {
        self.news.notified().await;
    }

    pub(super) fn slipped(&self, sentence: &str) {
        *self.slip.lock().unwrap_or_else(PoisonError::into_inner) = Some(sentence.into());
    }

    pub(super) fn turned_away(&self, sentence: &str) {
        *self.strangers.lock().unwrap_or_else(PoisonError::into_inner) = Some(sentence.into());
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
        self.last.fetch_max(at.0, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_callback_is_never_until_there_is_one() {
        let counts = Counts::default();
        assert_eq!(counts.last_callback(), None);
        counts.took(Moment(5));
        counts.took(Moment(3));
        assert_eq!(counts.last_callback(), Some(Moment(5)));
    }
}
