//! A journal that another process writes: read as it grows, never written.
//!
//! Processes on one `SQLite` file hear nothing of each other, so a thread looks for news. It asks for the counter
//! that changes with every commit of another connection, which reads no row; the rows are read by whoever has
//! subscribed, in chunks, so that the writer can cut its log between them.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::watch;

use super::reader::{self, Reader};
use super::writer::inode;
use super::{OpenError, lock, schema};
use crate::conference::event::Seq;
use crate::journal::{AppendError, Draft, Feed, Health, History, Journal, Receipt};

/// How often it is looked whether there is news.
const LOOK: Duration = Duration::from_millis(250);

/// How often a journal is tried again that its writer may be making just now.
const TRIES: u32 = 20;

/// How long between two of those tries.
const TRY_AGAIN: Duration = Duration::from_millis(50);

/// A journal that another process writes.
pub struct Follower {
    path: PathBuf,
    hints: watch::Receiver<()>,
    health: watch::Receiver<Health>,
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl fmt::Debug for Follower {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Follower").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Follower {
    /// Opens a journal for reading what is there and what comes. Makes and locks nothing.
    ///
    /// Its health is [`Health::Followed`] as long as somebody writes it, else [`Health::Abandoned`]. Fails where
    /// there is no journal to read; one that is being made is waited for, a second at most.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let mut looked = schema::check(path);
        for _ in 0..TRIES {
            if !matches!(looked, Err(OpenError::File { .. })) || !lock::is_held(path) {
                break;
            }
            std::thread::sleep(TRY_AGAIN);
            looked = schema::check(path);
        }
        if !path.exists()
            && lock::is_held(path)
            && let Some(by) = lock::holder(path)
        {
            let why = format!("its file is gone, though {by} has it open; quit that one, and start again");
            return Err(OpenError::File { path: path.to_owned(), why });
        }
        looked?;
        let (hint, hints) = watch::channel(());
        let file = inode(path);
        let (tell, health) = watch::channel(writer(path, file));
        let (stop, stopped) = channel();
        let scout = Scout { path: path.to_owned(), file, connection: None, version: None, hint, tell };
        let thread = std::thread::Builder::new()
            .name("follower".into())
            .spawn(move || scout.run(&stopped))
            .map_err(|error| OpenError::File { path: path.to_owned(), why: format!("starting its thread: {error}") })?;
        Ok(Self { path: path.to_owned(), hints, health, stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            // One that panicked has stopped, too.
            let _ = thread.join();
        }
    }
}

impl Journal for Follower {
    fn append(&self, _: Draft) -> Receipt {
        Receipt::refused(AppendError::ReadOnly)
    }

    fn subscribe(&self, after: Seq) -> Feed {
        Feed::hinted(self.hints.clone(), self.history(), after)
    }

    fn history(&self) -> Arc<dyn History> {
        Arc::new(Reader::new(&self.path))
    }

    fn health(&self) -> watch::Receiver<Health> {
        self.health.clone()
    }
}

/// Who writes a journal now. One whose file was removed or replaced is written by nobody any more.
fn writer(path: &Path, file: Option<u64>) -> Health {
    if lock::is_held(path) && inode(path) == file {
        Health::Followed(lock::holder(path).unwrap_or_else(|| "another process".to_owned()))
    } else {
        Health::Abandoned
    }
}

/// The thread's state.
struct Scout {
    path: PathBuf,
    /// The file as it was opened.
    file: Option<u64>,
    connection: Option<Connection>,
    version: Option<i64>,
    hint: watch::Sender<()>,
    tell: watch::Sender<Health>,
}

impl Scout {
    fn run(mut self, stopped: &Receiver<()>) {
        while stopped.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
            // First who writes: what a writer that is gone wrote last is then read after it.
            let health = writer(&self.path, self.file);
            match self.changes() {
                Ok(version) if self.version.replace(version) == Some(version) => {}
                Ok(_) => self.hint.send_replace(()),
                Err(error) => {
                    tracing::warn!(%error, "the journal could not be looked at");
                    // Whoever reads will hear the same, and says so.
                    (self.connection, self.version) = (None, None);
                    self.hint.send_replace(());
                }
            }
            self.tell.send_if_modified(|known| std::mem::replace(known, health.clone()) != health);
        }
    }

    /// The counter of commits of other connections.
    fn changes(&mut self) -> rusqlite::Result<i64> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            empty => empty.insert(reader::open(&self.path)?),
        };
        connection.pragma_query_value(None, "data_version", |row| row.get(0))
    }
}
