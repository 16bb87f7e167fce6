//! How the loop ends: nothing more leaves, what is in flight has its grace, and every end is written down.

use std::future::ready;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until};

use super::super::attempt::{Ended, Limits};
use super::super::ears::Ears;
use super::{Engine, Job, QUITTING};
use crate::bridge::Bridge;
use crate::conference::Outcome;
use crate::journal::Feed;

/// How long the last answers may take to be written down at the end.
const LAST_WORDS: Duration = Duration::from_millis(500);

impl<B: Bridge> Engine<B> {
    /// Without a grace it ends by itself: what is in flight has its own time then, unless it is stopped meanwhile.
    pub(super) async fn wind_up(
        mut self,
        mut feed: Feed,
        mut ears: Ears,
        grace: Option<Duration>,
        mut stop: impl Future<Output = Result<Duration, oneshot::error::RecvError>> + Unpin,
    ) {
        let mut stopped = grace.is_some();
        let mut until = Instant::now() + grace.unwrap_or(Limits::USUAL.whole);
        self.stopping = true;
        for waiting in self.lanes.drain() {
            self.not_sent(waiting, QUITTING);
        }
        self.call_back(QUITTING, |_, _| true);
        while self.jobs.values().any(|job| job.ask().is_some()) || self.is_claiming() {
            tokio::select! {
                biased;
                grace = &mut stop, if !stopped => {
                    stopped = true;
                    until = until.min(Instant::now() + grace.unwrap_or_default());
                }
                () = sleep_until(until) => break,
                Some(done) = self.tasks.join_next_with_id() => self.done(done),
                events = ears.next(&mut feed) => self.hear(&events),
            }
        }
        // Asks that were published by now are still told that they are not sent.
        loop {
            tokio::select! {
                biased;
                events = ears.next(&mut feed) => self.hear(&events),
                () = ready(()) => break,
            }
        }
        for (seq, ask) in self.jobs.values().filter_map(Job::ask) {
            let detail = "confmod quit before the answer came".to_owned();
            drop(self.answer(seq, ask.call.clone(), Ended { outcome: Outcome::Unknown, detail, millis: 0, reached: true }));
        }
        self.tasks.abort_all();
        self.recorder.finish(LAST_WORDS).await;
    }
}
