//! What takes long, told: a line now and then on stderr, and whether a signal wants it to end.

use std::time::{Duration, Instant};

use tokio::sync::mpsc::UnboundedReceiver;

use super::session::Face;
use super::{complain, signals};
use crate::console::runtime::SIGCONT;

/// How often a line is told.
const EVERY: Duration = Duration::from_secs(2);

/// Something that takes long.
pub(super) struct Progress {
    what: &'static str,
    total: u64,
    done: u64,
    told: Instant,
    signals: UnboundedReceiver<i32>,
}

impl Progress {
    /// Begins to hear signals. `what` is done with about so many events.
    ///
    /// # Errors
    /// When signals cannot be heard.
    pub(super) fn begin() -> std::io::Result<Self> {
        Ok(Self { what: "", total: 0, done: 0, told: Instant::now(), signals: signals::hear(Face::Plain)? })
    }

    /// From now on this is done, with about so many events; none where nobody knows.
    pub(super) fn now(&mut self, what: &'static str, total: u64) {
        (self.what, self.total, self.done) = (what, total, 0);
    }

    /// So many more are done. The signal that ends it, where one came.
    pub(super) fn more(&mut self, done: usize) -> Option<i32> {
        self.done += done as u64;
        if self.told.elapsed() >= EVERY {
            self.told = Instant::now();
            let of = if self.total > 0 { format!(" of {}", self.total) } else { String::new() };
            complain(&format!("{} {}{of} events", self.what, self.done));
        }
        std::iter::from_fn(|| self.signals.try_recv().ok()).find(|signal| *signal != SIGCONT)
    }
}

/// The exit code of what a signal ended.
pub(super) fn ended_by(signal: i32) -> u8 {
    u8::try_from(128 + signal).unwrap_or(u8::MAX)
}
