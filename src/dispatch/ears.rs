//! Listening to the journal, also when it cannot be read for a while.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::conference::event::Event;
use crate::journal::{Feed, ReadError};

/// The pause after the journal could not be read.
const READ_PAUSE: Duration = Duration::from_millis(250);

/// Listens to a feed, resting after a failure. Safe to cancel.
#[derive(Default)]
pub(super) struct Ears {
    rest_until: Option<Instant>,
    /// Why it could not be read the last time, so that a reason is told once.
    why: String,
    closed: bool,
}

impl Ears {
    pub(super) async fn next(&mut self, feed: &mut Feed) -> Arc<[Event]> {
        loop {
            if self.closed {
                pending::<()>().await;
            }
            if let Some(rest) = self.rest_until {
                sleep_until(rest).await;
                self.rest_until = None;
            }
            match feed.next().await {
                Some(Ok(events)) => {
                    self.why.clear();
                    return events;
                }
                Some(Err(ReadError(why))) => {
                    if why != self.why {
                        tracing::warn!(why, "asks could not be read from the journal; trying again");
                        self.why = why;
                    }
                    self.rest_until = Some(Instant::now() + READ_PAUSE);
                }
                // The journal is closed. What is in flight still ends.
                None => self.closed = true,
            }
        }
    }
}
