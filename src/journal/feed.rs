//! One subscriber's stream of events: live as long as it keeps up, from disk when it has fallen behind.
//!
//! What went round without being on disk cannot be read back, so that is kept aside for each subscriber until it has
//! heard it: an ask must not be lost because the disk has failed and its reader was slow as well.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use tokio::sync::{broadcast, mpsc, watch};

use super::{History, ReadError};
use crate::conference::event::{Event, Seq};

/// How many events are read from disk at a time: few enough that the write-ahead log can be cut between.
const CHUNK: usize = 1_000;

/// How a subscriber hears of news.
enum News {
    /// The events themselves come, from the writer in this process.
    Events(broadcast::Receiver<Arc<[Event]>>),
    /// Only that there may be some: another process writes, and they are read from disk.
    Hint(watch::Receiver<()>),
}

/// An event that no journal holds, and the last place that was taken when it went round.
pub type Unrecorded = (Seq, Event);

/// One subscriber's stream of committed events.
pub struct Feed {
    news: News,
    history: Arc<dyn History>,
    last: Seq,
    behind: bool,
    aside: Option<mpsc::UnboundedReceiver<Unrecorded>>,
    /// What came aside and was not heard live yet.
    unheard: VecDeque<Unrecorded>,
    /// The last number of an event without a place that was heard.
    unrecorded: Seq,
}

impl fmt::Debug for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feed").field("last", &self.last).field("behind", &self.behind).finish_non_exhaustive()
    }
}

impl Feed {
    /// A feed of what comes after a place. `live` must have been subscribed before this is called, so
    /// that nothing can fall between what is read and what comes.
    #[must_use]
    pub fn new(live: broadcast::Receiver<Arc<[Event]>>, history: Arc<dyn History>, after: Seq) -> Self {
        Self::of(News::Events(live), history, after)
    }

    /// A feed that reads from disk whenever there may be news.
    #[must_use]
    pub fn hinted(hints: watch::Receiver<()>, history: Arc<dyn History>, after: Seq) -> Self {
        Self::of(News::Hint(hints), history, after)
    }

    fn of(news: News, history: Arc<dyn History>, after: Seq) -> Self {
        Self { news, history, last: after, behind: true, aside: None, unheard: VecDeque::new(), unrecorded: Seq(0) }
    }

    /// With events that no journal holds also coming aside: each before it comes live, and in the same order.
    #[must_use]
    pub fn beside(mut self, aside: mpsc::UnboundedReceiver<Unrecorded>) -> Self {
        self.aside = Some(aside);
        self
    }

    /// The next events, at least one; `None` when the journal is closed. Safe to cancel.
    pub async fn next(&mut self) -> Option<Result<Arc<[Event]>, ReadError>> {
        loop {
            if self.behind {
                match self.catch_up() {
                    Ok(events) if events.is_empty() => {}
                    caught_up => return Some(caught_up.map(Arc::from)),
                }
            }
            let live = match &mut self.news {
                News::Events(live) => live,
                News::Hint(hints) => {
                    if hints.changed().await.is_err() {
                        return None;
                    }
                    self.behind = true;
                    continue;
                }
            };
            match live.recv().await {
                Ok(batch) => {
                    let fresh = self.fresh(batch);
                    if !fresh.is_empty() {
                        return Some(Ok(fresh));
                    }
                }
                Err(broadcast::error::RecvError::Lagged(_)) => self.behind = true,
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }

    /// What of a live batch was not read from disk and not heard aside.
    fn fresh(&mut self, batch: Arc<[Event]>) -> Arc<[Event]> {
        let news = |event: &Event| event.seq > if event.seq.is_recorded() { self.last } else { self.unrecorded };
        let fresh: Arc<[Event]> = if batch.iter().all(news) { batch } else { batch.iter().filter(|event| news(event)).cloned().collect() };
        for event in &*fresh {
            self.is_heard(event);
        }
        self.look_aside();
        fresh
    }

    fn is_heard(&mut self, event: &Event) {
        if event.seq.is_recorded() {
            self.last = event.seq;
        } else {
            self.unrecorded = event.seq;
        }
    }

    /// Takes what came aside, and forgets what was heard.
    fn look_aside(&mut self) {
        if let Some(aside) = &mut self.aside {
            self.unheard.extend(std::iter::from_fn(|| aside.try_recv().ok()));
        }
        while self.unheard.front().is_some_and(|(_, event)| event.seq <= self.unrecorded) {
            self.unheard.pop_front();
        }
    }

    /// The next chunk from disk, and what came aside in its place among it. Once it reached the end, what follows comes live:
    /// a journal that is read over a network and goes on meanwhile may have no read that finds nothing.
    fn catch_up(&mut self) -> Result<Vec<Event>, ReadError> {
        // First what is aside: what is on disk by then is read after it.
        self.look_aside();
        let read = match self.history.read(self.last, CHUNK) {
            // What does not need the disk goes round all the same.
            Err(error) if self.unheard.is_empty() => return Err(error),
            Err(_) => Vec::new(),
            Ok(read) => {
                self.behind = read.len() == CHUNK;
                read
            }
        };
        let mut events = Vec::with_capacity(read.len());
        let is_last = read.len() < CHUNK;
        for event in read {
            let earlier = self.unheard.iter().take_while(|(after, _)| *after < event.seq).count();
            events.extend(self.unheard.drain(..earlier).map(|(_, earlier)| earlier));
            events.push(event);
        }
        if is_last {
            events.extend(self.unheard.drain(..).map(|(_, event)| event));
        }
        for event in &events {
            self.is_heard(event);
        }
        Ok(events)
    }
}

#[cfg(test)]
mod tests;
