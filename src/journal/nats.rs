//! The journal as a NATS `JetStream` stream: what several hosts and desks share.
//!
//! This front file is the handle. `hub` is the thread behind it, `tasks` what it does beside its loop, `link` one connection and the streams on it, `follow` an
//! ordered reading, `outbox` what is on its way, `query` who reads back, `lease` which host carries out what is asked, `kept` what holds when its message is gone,
//! `subject` and `wire` how events look on the server. `import` and `export` bring events in and out on a connection of their
//! own, a `direct` one.

use std::fmt;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::{broadcast, watch};

use self::hub::{Beginning, Hub, Word};
use self::query::Reader;
use super::{AppendError, Draft, Feed, Health, History, Journal, Receipt};
use crate::conference::event::{Event, Seq};

mod direct;
mod export;
mod follow;
mod hub;
mod import;
mod kept;
mod lease;
mod link;
mod outbox;
mod probe;
mod query;
mod subject;
mod tasks;
mod wire;

pub use export::Export;
pub use import::{Found, Import, Last, MORE, Stopped, fits};
pub use lease::Standing;
pub use link::Settings;
pub use probe::{Kept, Probe, probe};

/// Batches that a subscriber may be behind before it has to read from the server.
const LIVE_BATCHES: usize = 1_024;

/// How long a server is waited for at the start.
const OPENING: Duration = Duration::from_secs(8);

/// What a process is on the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// It takes callbacks, makes the streams where they are not there, and may carry out what is asked.
    Host,
    /// It looks and asks.
    Desk,
}

/// Why the shared journal could not be opened. Says what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenError {
    servers: String,
    why: String,
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "opening the shared journal on {}: {}; check that the server runs with JetStream, the URL, and the credentials",
            self.servers, self.why
        )
    }
}

impl std::error::Error for OpenError {}

/// The shared journal.
pub struct Nats {
    words: UnboundedSender<Word>,
    live: broadcast::Sender<Arc<[Event]>>,
    health: watch::Receiver<Health>,
    standing: watch::Receiver<Standing>,
    thread: Mutex<Option<JoinHandle<()>>>,
    began: Seq,
}

impl fmt::Debug for Nats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Nats").finish_non_exhaustive()
    }
}

impl Nats {
    /// Connects and begins to follow. Waits for a server for 8 s at most.
    ///
    /// # Errors
    /// When no server is reached in that time, the stream is not there and this is a desk, or it is not as confmod makes it.
    pub fn open(settings: Settings, part: Part) -> Result<Self, OpenError> {
        let servers = settings.urls.join(", ");
        let failed = |why: String| OpenError { servers: servers.clone(), why };
        let host = name().map_err(|error| failed(format!("making a name for this process: {error}")))?;
        let live = broadcast::channel(LIVE_BATCHES).0;
        let (health_out, health) = watch::channel(Health::Good);
        let (standing_out, standing) = watch::channel(Standing::Watches);
        let (words, to_hear) = unbounded_channel();
        let (opened, told) = sync_channel(1);
        let why = Arc::new(Mutex::new(String::new()));
        let beginning = Beginning {
            settings,
            host,
            is_host: part == Part::Host,
            live: live.clone(),
            health: health_out,
            standing: standing_out,
            opened: Some(opened),
            why: Arc::clone(&why),
        };
        let thread = std::thread::Builder::new()
            .name("stream".into())
            .spawn(move || Hub::new(beginning).run(to_hear))
            .map_err(|error| failed(format!("starting its thread: {error}")))?;
        let began = match told.recv_timeout(OPENING) {
            Ok(Ok(began)) => began,
            Ok(Err(why)) => return Err(failed(why)),
            Err(RecvTimeoutError::Timeout) => {
                // It ends with the process at the latest.
                let _ = words.send(Word::Close);
                let last = std::mem::take(&mut *why.lock().unwrap_or_else(PoisonError::into_inner));
                return Err(failed(if last.is_empty() { format!("{} s were not enough", OPENING.as_secs()) } else { last }));
            }
            Err(RecvTimeoutError::Disconnected) => return Err(failed("its thread ended".to_owned())),
        };
        Ok(Self { words, live, health, standing, thread: Mutex::new(Some(thread)), began })
    }

    /// Whether this host carries out what is asked, and news of it.
    #[must_use]
    pub fn standing(&self) -> watch::Receiver<Standing> {
        self.standing.clone()
    }

    /// The last place there was when it was opened.
    #[must_use]
    pub fn began(&self) -> Seq {
        self.began
    }

    /// Publishes what is on its way, for less than a second, gives the lease back, and ends the feeds. Safe to call twice.
    pub fn close(&self) {
        // It may have ended.
        let _ = self.words.send(Word::Close);
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // One that panicked has stopped, too.
            let _ = thread.join();
        }
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        self.close();
    }
}

impl Journal for Nats {
    fn append(&self, draft: Draft) -> Receipt {
        let (promise, receipt) = Receipt::pair();
        match self.words.send(Word::Append(draft, promise)) {
            Ok(()) => receipt,
            Err(_) => Receipt::refused(AppendError::Closed),
        }
    }

    fn subscribe(&self, after: Seq) -> Feed {
        Feed::new(self.live.subscribe(), self.history(), after)
    }

    fn history(&self) -> Arc<dyn History> {
        Arc::new(Reader(self.words.clone()))
    }

    fn health(&self) -> watch::Receiver<Health> {
        self.health.clone()
    }
}

/// A name that no other process has: 16 digits drawn by lot.
fn name() -> Result<String, getrandom::Error> {
    Ok(format!("{:016x}", getrandom::u64()?))
}
