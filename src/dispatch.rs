//! Dispatch: asks out of the journal, orders to the bridge, answers into the journal.
//!
//! This front file starts and stops the thread on which it all runs. What an ask goes through is in
//! [`attempt`]; who goes first, who waits and who is replaced is in the pure `lanes`; the `engine` joins
//! them to the journal, what it hears there is in `hearing`, and its `rules` make the asks of lecture mode, lock
//! and bans. Nothing here knows how a request looks.
//!
//! On a journal that hosts share, `shared` sees to it that an ask is only ever one host's, and `takeover` finds what the
//! host before has left.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use tokio::sync::{oneshot, watch};

use crate::bridge::Bridge;
use crate::conference::Moment;
use crate::conference::event::Seq;
use crate::config::{Config, Withheld};
use crate::journal::{Journal, Past, ReadError};

pub mod attempt;
mod breaker;
mod ears;
mod engine;
#[cfg(test)]
mod fake;
mod hearing;
mod lanes;
mod record;
mod rules;
mod settle;
mod shared;
mod takeover;
#[cfg(test)]
mod tests;

use engine::Engine;
pub use settle::Unanswered;

/// Where dispatch reads the time of day from.
pub type Clock = Arc<dyn Fn() -> Moment + Send + Sync>;

/// How asks are dispatched.
#[derive(Clone)]
pub struct Settings {
    /// Bulk and automatic asks a second; at least one.
    pub pace: u32,
    /// Bulk and automatic asks at once; at least one.
    pub parallel: u32,
    /// Whether a connection is held open while callers are in.
    pub keep_warm: bool,
    /// The time between a join and an ask by rule because of it.
    pub ask_after_join: Duration,
    /// Whether rules ask also for callers without a number, with what came in its place.
    pub send_withheld: bool,
    /// How far back asks without an answer are looked for at start.
    pub look_back: Duration,
    /// Where the journal is shared with other hosts: how old an ask may be that is carried out. None: the journal is this
    /// process's own.
    pub shared: Option<Duration>,
    /// The time of day.
    pub clock: Clock,
}

impl Settings {
    /// What the configuration says, on the machine's clock.
    #[must_use]
    pub fn from_config(config: &Config) -> Self {
        Self {
            pace: config.pace,
            parallel: config.parallel,
            keep_warm: config.keep_warm,
            ask_after_join: config.ask_after_join,
            send_withheld: config.withheld == Withheld::Send,
            look_back: config.look_back(),
            shared: None,
            clock: Arc::new(crate::journal::now),
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("pace", &self.pace)
            .field("parallel", &self.parallel)
            .field("keep_warm", &self.keep_warm)
            .field("ask_after_join", &self.ask_after_join)
            .field("send_withheld", &self.send_withheld)
            .field("look_back", &self.look_back)
            .field("shared", &self.shared)
            .finish_non_exhaustive()
    }
}

/// Why dispatch could not be started.
#[derive(Debug)]
pub enum StartError {
    /// The journal's end could not be found.
    Journal(ReadError),
    /// The machine gave no thread, or no way to wait for sockets.
    Machine(std::io::Error),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Journal(error) => write!(f, "asks cannot be taken from the journal: {error}; check that its file is readable"),
            Self::Machine(error) => {
                write!(f, "the thread that sends asks cannot be started: {error}; check the limits on threads and open files")
            }
        }
    }
}

impl std::error::Error for StartError {}

/// The running dispatcher. Dropped, it stops at once, as if stopped without grace; what waits is still told that it
/// is not sent, and what is in flight that it is unknown.
///
/// On a journal that hosts share ([`Settings::shared`]) only one of them may run one. It takes over the sent marks first, and
/// appends an empty one by that, before the journal's end or the past is looked for: one that comes later is another host's.
/// What waits when it ends is left to the next. Nothing leaves without a mark; where that is refused because
/// another host has taken over, it ends by itself.
#[derive(Debug)]
pub struct Dispatch {
    stop: Option<oneshot::Sender<Duration>>,
    done: oneshot::Receiver<()>,
    /// Nothing comes here: it ends with the thread, however that ends.
    lives: mpsc::Receiver<()>,
    thread: Option<std::thread::JoinHandle<()>>,
    superseded: watch::Receiver<bool>,
}

/// How often the engine is begun anew after a panic, plus one: one that panics at each event is of no use.
const LIVES: u32 = 4;

/// What stopping may take beyond its grace, for answers that are being written down.
const WRITING: Duration = Duration::from_millis(700);

impl Dispatch {
    /// Starts the thread. Asks that are in the journal by now and have no answer are settled and never
    /// sent, or taken over where the journal is shared; every ask appended after this returns is taken care of.
    ///
    /// # Errors
    /// When the journal's end cannot be read, or the machine gives no thread.
    pub fn start<B: Bridge>(journal: Arc<dyn Journal>, bridge: B, settings: Settings) -> Result<Self, StartError> {
        // Here and not on the thread: an ask that follows must be news to the feed.
        let last = journal.history().last().map_err(StartError::Journal)?;
        Self::start_after(journal, bridge, settings, last, None)
    }

    /// The same where somebody reads already what was before, and reads it for others as well. Every ask after the
    /// last place of that is taken care of.
    ///
    /// # Errors
    /// When the machine gives no thread.
    pub fn start_with<B: Bridge>(journal: Arc<dyn Journal>, bridge: B, settings: Settings, past: Past) -> Result<Self, StartError> {
        Self::start_after(journal, bridge, settings, past.until(), Some(past))
    }

    fn start_after<B: Bridge>(
        journal: Arc<dyn Journal>,
        bridge: B,
        settings: Settings,
        last: Seq,
        mut past: Option<Past>,
    ) -> Result<Self, StartError> {
        let feed = journal.subscribe(last);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build().map_err(StartError::Machine)?;
        let (stop, stopped) = oneshot::channel();
        let (finished, done) = oneshot::channel();
        let (living, lives) = mpsc::channel();
        let (tell, superseded) = watch::channel(false);
        let thread = std::thread::Builder::new()
            .name("actions".to_owned())
            .spawn(move || {
                let (_living, tell) = (living, Arc::new(tell));
                // With others on the journal, only who takes over anew may say what became of what was sent.
                let lives = if settings.shared.is_some() { 1 } else { LIVES };
                let (bridge, mut feed, mut last, mut stopped) = (Arc::new(bridge), feed, last, stopped);
                for _ in 0..lives {
                    let engine = async {
                        let engine = Engine::new(journal.clone(), bridge.clone(), settings.clone(), last, past.take());
                        engine.telling(tell.clone()).run(feed, &mut stopped).await;
                    };
                    if catch_unwind(AssertUnwindSafe(|| runtime.block_on(engine))).is_ok() || stopped.is_terminated() {
                        break;
                    }
                    // The panic was told where it happened. What is open by now ends as it would after a restart.
                    let Ok(now) = journal.history().last() else { break };
                    (last, feed) = (now, journal.subscribe(now));
                }
                // A name look-up that hangs must not hold up the end.
                runtime.shutdown_background();
                // Nobody may be waiting any more.
                let _ = finished.send(());
            })
            .map_err(StartError::Machine)?;
        Ok(Self { stop: Some(stop), done, lives, thread: Some(thread), superseded })
    }

    /// Whether asks are still being taken. False means that the thread has died.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }

    /// Returns when nothing is taken any more though nobody has stopped it: another host has taken over, or the thread
    /// has died. What is in flight may still end; [`stop`](Self::stop) waits for that. Safe to cancel.
    pub async fn superseded(&mut self) {
        // An error: whoever would tell is gone.
        let _ = self.superseded.wait_for(|superseded| *superseded).await;
    }

    /// Stops: what waits is not sent, what is in flight is waited for up to `grace` and is unknown then.
    /// The journal must still take answers. Returns after at most `grace` and 0.7 s.
    pub async fn stop(mut self, grace: Duration) {
        if let Some(stop) = self.stop.take() {
            // The thread may have died.
            let _ = stop.send(grace);
        }
        if tokio::time::timeout(grace + WRITING, &mut self.done).await.is_ok()
            && let Some(thread) = self.thread.take()
        {
            // It has said that it is done, so this does not wait; a panic was reported where it happened.
            let _ = thread.join();
        }
    }
}

impl Drop for Dispatch {
    fn drop(&mut self) {
        // None: it was waited for already.
        if self.stop.take().is_some() {
            // The journal may be closed next. In time or not, there is nothing more to do.
            let _ = self.lives.recv_timeout(WRITING);
        }
    }
}
