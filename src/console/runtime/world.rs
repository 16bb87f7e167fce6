//! What the loop works with: everything around it that comes, goes or has to be written to.

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::mpsc::{self, UnboundedReceiver};

use crate::callback::Counts;
use crate::console::replay::Player;
use crate::journal::{Journal, Past};

/// What the loop works with.
pub struct World {
    /// What was and what comes.
    pub journal: Arc<dyn Journal>,
    /// What was before, up to some place; what came after that is read from the journal.
    pub past: Past,
    /// A past conference that is played again, where this is a replay: then nothing comes of itself.
    pub player: Option<Player>,
    /// What the listener counts.
    pub counts: Arc<Counts>,
    /// Signals by number.
    pub signals: UnboundedReceiver<i32>,
    /// Panics of other threads, as sentences.
    pub panics: UnboundedReceiver<String>,
    /// What is wrong with the contacts file or the log, or short on this machine, as sentences.
    pub contacts: UnboundedReceiver<Vec<String>>,
    /// The folder that reports are written into; empty where there is no place for one.
    pub reports: PathBuf,
    /// Ends the sending of asks; polled once when the session ends.
    pub stop_asking: Pin<Box<dyn Future<Output = ()>>>,
}

impl World {
    /// A world in which nothing is asked, no callback comes and no contacts are read: somebody only looks on.
    #[must_use]
    pub fn to_look_on(journal: Arc<dyn Journal>, past: Past, signals: UnboundedReceiver<i32>, panics: UnboundedReceiver<String>) -> Self {
        Self {
            journal,
            past,
            player: None,
            counts: Arc::default(),
            signals,
            panics,
            contacts: mpsc::unbounded_channel().1,
            reports: PathBuf::new(),
            stop_asking: Box::pin(std::future::ready(())),
        }
    }
}
