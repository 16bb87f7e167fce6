//! A journal in memory, for this room's tests. It keeps every draft, and answers as it is told.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{broadcast, oneshot, watch};

use crate::conference::Moment;
use crate::conference::event::{Event, Seq};
use crate::journal::{AppendError, Draft, Feed, Health, History, Journal, ReadError, Receipt};

/// What to do with a draft.
#[derive(Clone, Debug, Default)]
pub(super) enum Mood {
    /// Say that it is on disk.
    #[default]
    Take,
    /// Refuse it.
    Refuse(AppendError),
    /// Leave the receipt open until [`Memory::settle`].
    Hold,
}

/// The journal.
#[derive(Debug)]
pub(super) struct Memory {
    drafts: Mutex<Vec<Draft>>,
    held: Mutex<Vec<oneshot::Sender<Result<Seq, AppendError>>>>,
    mood: Mutex<Mood>,
    /// How many drafts there were each time that all were gathered.
    gathered: Mutex<Vec<usize>>,
    pub(super) health: watch::Sender<Health>,
}

impl Memory {
    pub(super) fn new() -> Arc<Self> {
        let (drafts, held, mood, gathered) = (Mutex::default(), Mutex::default(), Mutex::default(), Mutex::default());
        Arc::new(Self { drafts, held, mood, gathered, health: watch::channel(Health::Good).0 })
    }

    pub(super) fn set(&self, mood: Mood) {
        *self.mood.lock().unwrap_or_else(PoisonError::into_inner) = mood;
    }

    /// What was queued so far, whatever became of it.
    pub(super) fn drafts(&self) -> Vec<Draft> {
        self.drafts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many drafts there were each time that all were gathered.
    pub(super) fn gathered(&self) -> Vec<usize> {
        self.gathered.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Says that everything held back is on disk now.
    pub(super) fn settle(&self) {
        for (at, sender) in self.held.lock().unwrap_or_else(PoisonError::into_inner).drain(..).enumerate() {
            let _ = sender.send(Ok(Seq(at as u64 + 1)));
        }
    }
}

impl Journal for Memory {
    fn append(&self, draft: Draft) -> Receipt {
        let mood = self.mood.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Mood::Refuse(error) = mood {
            return Receipt::refused(error);
        }
        let (sender, receipt) = Receipt::pair();
        let mut drafts = self.drafts.lock().unwrap_or_else(PoisonError::into_inner);
        drafts.push(draft);
        if matches!(mood, Mood::Hold) {
            self.held.lock().unwrap_or_else(PoisonError::into_inner).push(sender);
        } else {
            let _ = sender.send(Ok(Seq(drafts.len() as u64)));
        }
        receipt
    }

    fn gathered(&self) {
        let count = self.drafts().len();
        self.gathered.lock().unwrap_or_else(PoisonError::into_inner).push(count);
    }

    fn subscribe(&self, after: Seq) -> Feed {
        Feed::new(broadcast::channel(1).1, self.history(), after)
    }

    fn history(&self) -> Arc<dyn History> {
        Arc::new(Nothing)
    }

    fn health(&self) -> watch::Receiver<Health> {
        self.health.subscribe()
    }
}

/// A history without events; nothing in this room reads back.
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
