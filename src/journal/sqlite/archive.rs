//! A journal that is only read, as it is: for reports and replays, also while another process writes it.
//!
//! Nothing comes of itself in here; who waits for news has a [`Follower`](super::Follower).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::{broadcast, watch};

use super::reader::Reader;
use super::{OpenError, Rows, schema};
use crate::conference::event::Seq;
use crate::journal::{AppendError, Draft, Feed, Health, History, Journal, Receipt};

/// What a journal holds, for reading.
#[derive(Debug)]
pub struct Archive {
    path: PathBuf,
    health: watch::Receiver<Health>,
}

impl Archive {
    /// Opens a journal for reading. Makes and locks nothing.
    ///
    /// Fails where there is no journal, where nothing was ever written in it, and where a newer confmod wrote it.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        schema::check(path)?;
        Ok(Self { path: path.to_owned(), health: watch::channel(Health::Good).1 })
    }

    /// Its rows as they are.
    #[must_use]
    pub fn rows(&self) -> Rows {
        Rows(Reader::new(&self.path))
    }
}

impl Journal for Archive {
    fn append(&self, _: Draft) -> Receipt {
        Receipt::refused(AppendError::ReadOnly)
    }

    fn subscribe(&self, after: Seq) -> Feed {
        // Closed already: the feed ends behind what there is.
        Feed::new(broadcast::channel(1).1, self.history(), after)
    }

    fn history(&self) -> Arc<dyn History> {
        Arc::new(Reader::new(&self.path))
    }

    fn health(&self) -> watch::Receiver<Health> {
        self.health.clone()
    }
}
