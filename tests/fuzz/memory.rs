//! A journal in memory that takes everything, and says what it was given.

use std::sync::{Arc, Mutex, PoisonError};

use confmod::conference::Moment;
use confmod::conference::event::{Event, Seq};
use confmod::journal::{Draft, Feed, Health, History, Journal, ReadError, Receipt};
use tokio::sync::{broadcast, watch};

/// The journal.
#[derive(Default)]
pub struct Memory(Mutex<Vec<Draft>>);

impl Memory {
    /// What came since the last look.
    pub fn take(&self) -> Vec<Draft> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Journal for Memory {
    fn append(&self, draft: Draft) -> Receipt {
        let (promise, receipt) = Receipt::pair();
        let mut drafts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        drafts.push(draft);
        promise.send(Ok(Seq(drafts.len() as u64))).expect("the receipt is in our hand");
        receipt
    }

    fn subscribe(&self, after: Seq) -> Feed {
        Feed::new(broadcast::channel(1).1, self.history(), after)
    }

    fn history(&self) -> Arc<dyn History> {
        Arc::new(Nothing)
    }

    fn health(&self) -> watch::Receiver<Health> {
        watch::channel(Health::Good).1
    }
}

/// Nothing is read back.
struct Nothing;

impl History for Nothing {
    fn read(&self, _: Seq, _: usize) -> Result<Vec<Event>, ReadError> {
        Ok(Vec::new())
    }

    fn before(&self, _: Moment) -> Result<Seq, ReadError> {
        Ok(Seq(0))
    }

    fn last(&self) -> Result<Seq, ReadError> {
        Ok(Seq(0))
    }

    fn standing(&self, _: Seq) -> Result<Vec<Event>, ReadError> {
        Ok(Vec::new())
    }

    fn raw(&self, _: Seq) -> Result<Option<String>, ReadError> {
        Ok(None)
    }
}
