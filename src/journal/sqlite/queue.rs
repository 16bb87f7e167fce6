//! The two ends of the writer: what waits to be written, with its bounds, and where committed batches go.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{broadcast, mpsc};

use super::retention::Cut;
use super::{Batch, Promise};
use crate::conference::event::{Event, Seq};
use crate::journal::{AppendError, Draft, Feed, History, Unrecorded};

/// Callbacks that may wait for the disk; more are refused with 503.
const CALLBACKS_WAITING: usize = 4_096;

/// Asks and answers that may wait: far more, because silencing must not fail under a flood of callbacks.
const ASKS_WAITING: usize = 65_536;

/// What waits to be written.
#[derive(Default)]
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    news: Condvar,
}

#[derive(Default)]
struct Waiting {
    items: VecDeque<(Draft, Promise)>,
    cut: Option<Cut>,
    closed: bool,
    /// Whether what waits is to be written now, and not only with what is gathered yet.
    is_due: bool,
    /// Whether the writer waits for news and was not told of any: telling costs a system call.
    sleeps: bool,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is not due waits for what is, or for [`gathered`](Self::gathered).
    pub(super) fn push(&self, draft: Draft, promise: Promise, is_due: bool) -> Result<(), AppendError> {
        let mut waiting = self.lock();
        let bound = if draft.what.may_go_unrecorded() { ASKS_WAITING } else { CALLBACKS_WAITING };
        if waiting.closed {
            return Err(AppendError::Closed);
        }
        if waiting.items.len() >= bound {
            return Err(AppendError::Busy);
        }
        waiting.items.push_back((draft, promise));
        if is_due {
            self.begin(waiting);
        }
        Ok(())
    }

    /// What waits is to be written now.
    pub(super) fn gathered(&self) {
        let waiting = self.lock();
        // What was due may have taken it along.
        if !waiting.items.is_empty() {
            self.begin(waiting);
        }
    }

    fn begin(&self, mut waiting: MutexGuard<'_, Waiting>) {
        waiting.is_due = true;
        let sleeps = std::mem::take(&mut waiting.sleeps);
        drop(waiting);
        if sleeps {
            self.news.notify_one();
        }
    }

    /// Old events are to be cut, in place of what was to be cut before.
    pub(super) fn cut(&self, cut: Cut) {
        self.lock().cut = Some(cut);
        self.news.notify_one();
    }

    /// Takes what is to be cut.
    pub(super) fn take_cut(&self) -> Option<Cut> {
        self.lock().cut.take()
    }

    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.news.notify_one();
    }

    /// As [`close`](Self::close), and whoever waits is told at once.
    pub(super) fn abandon(&self) {
        let mut waiting = self.lock();
        waiting.closed = true;
        waiting.items.clear();
    }

    /// Everything that waits, put into an empty hand, whose room is used for what comes meanwhile. Nothing after so
    /// long without any, or when there is something to cut; false once closed and drained.
    pub(super) fn take(&self, patience: Duration, hand: &mut VecDeque<(Draft, Promise)>) -> bool {
        let is_quiet = |waiting: &mut Waiting| {
            waiting.sleeps = !waiting.is_due && waiting.cut.is_none() && !waiting.closed;
            waiting.sleeps
        };
        let waiting = self.news.wait_timeout_while(self.lock(), patience, is_quiet);
        let (mut waiting, _) = waiting.unwrap_or_else(PoisonError::into_inner);
        (waiting.sleeps, waiting.is_due) = (false, false);
        if waiting.items.is_empty() && waiting.closed {
            return false;
        }
        std::mem::swap(&mut waiting.items, hand);
        true
    }
}

/// Where committed batches go. Closing it ends every feed.
pub(super) struct Publisher(Mutex<Option<Ends>>);

struct Ends {
    live: broadcast::Sender<Batch>,
    /// What no journal holds is kept here for each subscriber until it has heard it. Not bounded by a number: only what
    /// moderators and rules ask for goes round without being on disk, and none of that may be lost.
    aside: Vec<mpsc::UnboundedSender<Unrecorded>>,
}

impl Publisher {
    pub(super) fn new(live: broadcast::Sender<Batch>) -> Self {
        Self(Mutex::new(Some(Ends { live, aside: Vec::new() })))
    }

    fn lock(&self) -> MutexGuard<'_, Option<Ends>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A feed of what comes after a place.
    pub(super) fn subscribe(&self, history: Arc<dyn History>, after: Seq) -> Feed {
        match &mut *self.lock() {
            Some(ends) => {
                let (sender, aside) = mpsc::unbounded_channel();
                ends.aside.push(sender);
                Feed::new(ends.live.subscribe(), history, after).beside(aside)
            }
            // A feed on a closed journal reads what there is and then ends.
            None => Feed::new(broadcast::channel(1).1, history, after),
        }
    }

    pub(super) fn close(&self) {
        self.lock().take();
    }

    /// Sends a batch round. `last` is the last place that is taken.
    pub(super) fn publish(&self, events: Vec<Event>, last: Seq) {
        if let (false, Some(ends)) = (events.is_empty(), &mut *self.lock()) {
            for event in events.iter().filter(|event| !event.seq.is_recorded()) {
                ends.aside.retain(|aside| aside.send((last, event.clone())).is_ok());
            }
            // Nobody may be subscribed yet.
            let _ = ends.live.send(events.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conference::event::{Nothing, What};
    use crate::journal::Receipt;
    use crate::journal::now;

    fn push(queue: &Queue, is_due: bool) {
        queue.push(Draft::new(now(), What::Stopped(Nothing {})), Receipt::pair().0, is_due).expect("room");
    }

    /// What a writer gets once something is done, and that it gets nothing before.
    fn taken(queue: &Arc<Queue>, begin: impl FnOnce(&Queue)) -> usize {
        let theirs = Arc::clone(queue);
        let writer = std::thread::spawn(move || {
            let mut hand = VecDeque::new();
            assert!(theirs.take(Duration::from_secs(60), &mut hand), "it is open");
            hand.len()
        });
        while !queue.lock().sleeps {
            std::thread::yield_now();
        }
        (0..3).for_each(|_| push(queue, false));
        assert!(queue.lock().sleeps, "nobody was woken");
        begin(queue);
        writer.join().expect("no panic")
    }

    #[test]
    fn what_is_gathered_is_taken_together() {
        let queue = Arc::new(Queue::default());
        queue.gathered();
        assert!(!queue.lock().is_due, "there is nothing");
        assert_eq!(taken(&queue, Queue::gathered), 3);
        assert_eq!(taken(&queue, |queue| push(queue, true)), 4, "what is due takes along what is not, in order");
    }

    #[test]
    fn what_nobody_says_is_gathered_is_taken_all_the_same() {
        let (queue, mut hand) = (Queue::default(), VecDeque::new());
        push(&queue, false);
        assert!(queue.take(Duration::from_millis(1), &mut hand));
        assert_eq!(hand.len(), 1, "after the writer's patience");
        push(&queue, false);
        queue.close();
        hand.clear();
        assert!(queue.take(Duration::from_secs(60), &mut hand));
        assert_eq!(hand.len(), 1, "at the end");
    }
}
