//! The journal in a SQLite file: write-ahead log, `synchronous=FULL`, one writer, group commit.
//!
//! This front file is the handle; `writer` is the thread that owns the only write connection, `reader` reads back
//! on connections of its own, `archive` and `follower` are for processes that only read, `queue` is what waits and
//! who is told, `held` what could not be written yet, `leftover` what an earlier process left in the log, `checkpoint`
//! keeps the log short, `retention` cuts away what is too old, `prune` does so by hand, `lock` keeps a second writer out,
//! `schema` is what people see who open the file with the ordinary `sqlite3` shell, `copy` keeps what an older confmod
//! wrote.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::{broadcast, watch};

use self::queue::{Publisher, Queue};
use self::reader::Reader;
use super::{AppendError, Draft, Feed, Health, History, Journal, Receipt};
use crate::conference::Moment;
use crate::conference::event::{Event, Seq, What};
use crate::config::error::shown;

mod archive;
mod checkpoint;
mod copy;
mod follower;
mod held;
mod leftover;
mod lock;
mod make;
mod prune;
mod queue;
mod reader;
mod retention;
mod rows;
mod schema;
#[cfg(test)]
mod tests;
mod verdict;
mod writer;

pub use archive::Archive;
pub use checkpoint::log_path;
pub use follower::Follower;
pub use leftover::lost_logs;
pub use lock::{holder, is_held};
pub use make::Make;
pub use prune::{PruneError, Pruned, copies, prunable, prune, size};
pub use rows::{Chunk, Rows};
pub use schema::{BEGINNING, look};

/// Batches that a subscriber may be behind before it has to read from disk.
const LIVE_BATCHES: usize = 256;

/// The highest number of an event that a journal may be written behind: more follow than anybody will write.
const LAST_START: Seq = Seq(Seq::UNRECORDED.0 / 2);

/// Why a journal could not be opened. Each says what to do.
#[derive(Debug)]
pub enum OpenError {
    /// Another process writes it; what it says of itself.
    Held {
        /// The file.
        path: PathBuf,
        /// Who holds it, in its own words.
        by: String,
    },
    /// A newer confmod wrote it.
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        version: i64,
    },
    /// An older confmod wrote it, and no copy of it could be made before it is brought up to date.
    Copy {
        /// The file.
        path: PathBuf,
        /// The bytes that a copy may take.
        room: u64,
        /// What went wrong.
        why: String,
    },
    /// Making or opening a file did not work.
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        why: String,
    },
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Held { path, by } => write!(
                f,
                "the journal {} is being written by {by}; close that one, or give this one a journal of its own with --journal",
                shown(path)
            ),
            Self::Newer { path, version } => {
                write!(
                    f,
                    "the journal {} was written by a newer confmod (format {version}); update confmod, or choose another file",
                    shown(path)
                )
            }
            Self::Copy { path, room, why } => write!(
                f,
                "the journal {} was written by an older confmod, and no copy of it could be made before it is brought up to date: {why}; \
                 free {} beside it, or move it to where there is room. Nothing was changed",
                shown(path),
                crate::text::bytes(*room)
            ),
            Self::File { path, why } => {
                write!(
                    f,
                    "opening the journal {}: {why}; check the path, its permissions and the room on its disk, or choose another file \
                     with --journal",
                    shown(path)
                )
            }
        }
    }
}

impl std::error::Error for OpenError {}

/// An open journal. Closing it writes everything that is queued.
pub struct Sqlite {
    path: PathBuf,
    queue: Arc<Queue>,
    publisher: Arc<Publisher>,
    health: watch::Receiver<Health>,
    down_since: Option<Moment>,
    set_aside: Option<PathBuf>,
    thread: Mutex<Option<JoinHandle<()>>>,
    watch: Mutex<Option<Watch>>,
}

/// The thread that looks for what is too old, until its other end is dropped.
type Watch = (Sender<()>, JoinHandle<()>);

impl fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sqlite").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Sqlite {
    /// Opens or makes a journal and becomes its one writer. `who` is what a second process is told.
    pub fn open(path: &Path, who: &str) -> Result<Self, OpenError> {
        let lock = lock::Lock::take(path, who)?;
        let set_aside = leftover::set_aside(path)
            .map_err(|error| OpenError::File { path: path.to_owned(), why: format!("keeping the log of one that is gone: {error}") })?;
        let connection = schema::open(path)?;
        let last = schema::last(&connection).map_err(|why| OpenError::File { path: path.to_owned(), why })?;
        let down_since = last.map(|(_, at)| lock.last_alive.map_or(at, |alive| alive.max(at)));
        let last_seq = last.map_or(Seq(0), |(seq, _)| seq);
        if last_seq > LAST_START {
            let why = format!("its last event has the number {}, and behind that there is no room for a conference", last_seq.0);
            return Err(OpenError::File { path: path.to_owned(), why });
        }

        let queue = Arc::new(Queue::default());
        let publisher = Arc::new(Publisher::new(broadcast::channel(LIVE_BATCHES).0));
        let (health_out, health) = watch::channel(Health::Good);
        let writer = writer::Writer::new(connection, lock, Arc::clone(&queue), Arc::clone(&publisher), health_out, last_seq);
        let thread = std::thread::Builder::new()
            .name("journal".into())
            .spawn(move || writer.run())
            .map_err(|error| OpenError::File { path: path.to_owned(), why: format!("starting its thread: {error}") })?;
        let (path, thread) = (path.to_owned(), Mutex::new(Some(thread)));
        Ok(Self { path, queue, publisher, health, down_since, set_aside, thread, watch: Mutex::default() })
    }

    /// From now on events that were learned longer ago than `keep` are cut away, but for the facts that still hold.
    /// It is looked for them soon, and then every hour. To be called once.
    pub fn retain(&self, keep: Duration) -> Result<(), OpenError> {
        let (stop, stopped) = channel();
        let (reader, queue) = (Reader::new(&self.path), Arc::clone(&self.queue));
        let thread = std::thread::Builder::new()
            .name("retention".into())
            .spawn(move || retention::watch(&reader, keep, &stopped, |cut| queue.cut(cut)))
            .map_err(|error| OpenError::File { path: self.path.clone(), why: format!("starting its thread: {error}") })?;
        *self.watch.lock().unwrap_or_else(PoisonError::into_inner) = Some((stop, thread));
        Ok(())
    }

    /// The last moment at which a process is known to have had this journal open; none when it is new.
    #[must_use]
    pub fn down_since(&self) -> Option<Moment> {
        self.down_since
    }

    /// The log of an earlier journal of this name whose file was gone, kept under another name: it may hold events that
    /// stand nowhere else.
    #[must_use]
    pub fn set_aside(&self) -> Option<&Path> {
        self.set_aside.as_deref()
    }

    fn queued(&self, draft: Draft, is_due: bool) -> Receipt {
        let (promise, receipt) = Receipt::pair();
        match self.queue.push(draft, promise, is_due) {
            Ok(()) => receipt,
            Err(error) => Receipt::refused(error),
        }
    }

    /// Writes what is queued, takes nothing more and ends the feeds. Safe to call twice.
    pub fn close(&self) {
        if let Some((stop, thread)) = self.watch.lock().unwrap_or_else(PoisonError::into_inner).take() {
            drop(stop);
            // It only reads; one that panicked has stopped, too.
            let _ = thread.join();
        }
        self.queue.close();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // A writer that panicked has nothing left to write.
            let _ = thread.join();
        }
        self.publisher.close();
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        self.close();
    }
}

impl Journal for Sqlite {
    fn append(&self, draft: Draft) -> Receipt {
        self.queued(draft, true)
    }

    fn gather(&self, draft: Draft) -> Receipt {
        self.queued(draft, false)
    }

    fn gathered(&self) {
        self.queue.gathered();
    }

    fn subscribe(&self, after: Seq) -> Feed {
        self.publisher.subscribe(self.history(), after)
    }

    fn history(&self) -> Arc<dyn History> {
        Arc::new(Reader::new(&self.path))
    }

    fn health(&self) -> watch::Receiver<Health> {
        self.health.clone()
    }
}

/// The condition for the facts that hold however old they are. Not `IN`: for that the engine makes and fills a table
/// of its own each time that it looks whether a new row belongs into the index.
fn standing() -> String {
    format!("(kind = '{}')", What::STANDING.join("' OR kind = '"))
}

/// A batch as it goes to subscribers.
type Batch = Arc<[Event]>;

/// The end of an append's promise.
type Promise = tokio::sync::oneshot::Sender<Result<Seq, AppendError>>;
