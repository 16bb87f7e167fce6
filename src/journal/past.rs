//! What was before a start, read once for all who fold it: on a thread of its own, so that the next events are read
//! while the last ones are folded. What comes after it is a feed's.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

use super::{History, ReadError};
use crate::conference::event::{Event, Seq};

/// How many events are read at a time: few enough that the write-ahead log can be cut between, and that what one
/// thread has made is still near when the other folds it.
const CHUNK: usize = 256;

/// How many chunks may wait for each who folds.
const AHEAD: usize = 32;

/// Behind so many comings and goings nothing is told of an event before them: more than a console remembers lines, and
/// nearly each of them makes one.
const TOLD: usize = 1_500;

/// How long the others wait for one who does not come to fold. That one reads the rest alone.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long until it is looked again whether there is room.
const LOOK_AGAIN: Duration = Duration::from_micros(200);

/// Events, or why none could be read; nothing at the end.
type Told = Option<Result<Arc<[Event]>, ReadError>>;

/// What was before: first the facts that hold however old they are, then the events after a place, in order and in
/// chunks. An error of the facts is told and the events follow; an error of those is the last that is told.
pub struct Past {
    history: Option<Arc<dyn History>>,
    after: Seq,
    until: Seq,
    lately: Seq,
    told: Option<Receiver<Told>>,
    /// The last place that was told; none before the facts.
    last: Option<Seq>,
}

impl fmt::Debug for Past {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Past").field("after", &self.after).field("until", &self.until).finish_non_exhaustive()
    }
}

impl Past {
    /// Begins to read for so many who fold, from the first event after a place to the last that there is now. Whoever
    /// stops folding for a second, and all of them where the machine gives no thread, read for themselves.
    ///
    /// # Errors
    /// When the journal's end cannot be read.
    pub fn read<const N: usize>(history: &Arc<dyn History>, after: Seq) -> Result<[Self; N], ReadError> {
        let (until, lately) = (history.last()?, history.before_comings(TOLD)?);
        let (tellers, listeners): (Vec<_>, Vec<_>) = (0..N).map(|_| sync_channel(AHEAD)).unzip();
        let reader = Arc::clone(history);
        // Without the thread nobody tells, and each reads alone.
        let _ = std::thread::Builder::new().name("past".into()).spawn(move || tell(&*reader, after, until, tellers));
        let mut listeners = listeners.into_iter();
        Ok(std::array::from_fn(|_| Self { history: Some(Arc::clone(history)), after, until, lately, told: listeners.next(), last: None }))
    }

    /// A past in which nothing was, after which everything is news.
    #[must_use]
    pub fn nothing() -> Self {
        Self { history: None, after: Seq(0), until: Seq(0), lately: Seq(0), told: None, last: None }
    }

    /// The place after which events are told.
    #[must_use]
    pub fn after(&self) -> Seq {
        self.after
    }

    /// The place behind which lies enough to be told that nothing before it needs to be.
    #[must_use]
    pub fn lately(&self) -> Seq {
        self.lately
    }

    /// The last place there was when it began to be read.
    #[must_use]
    pub fn until(&self) -> Seq {
        self.until
    }

    /// What comes next, read here: whoever told it has left off.
    fn read_on(&mut self) -> Told {
        let (history, after) = (self.history.as_ref()?, self.after);
        let told = match self.last {
            None => Some(history.standing(after).map(Arc::from)),
            Some(last) => next(&**history, last, self.until),
        };
        self.note(&told);
        told
    }

    fn note(&mut self, told: &Told) {
        let last = self.last.unwrap_or(self.after);
        match told {
            // The facts are older.
            Some(Ok(events)) => self.last = Some(events.last().map_or(last, |event| last.max(event.seq))),
            Some(Err(_)) if self.last.is_none() => self.last = Some(last),
            Some(Err(_)) | None => (self.history, self.told) = (None, None),
        }
    }
}

impl Iterator for Past {
    type Item = Result<Arc<[Event]>, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(told) = &self.told {
            if let Ok(told) = told.recv() {
                self.note(&told);
                return told;
            }
            self.told = None;
        }
        self.read_on()
    }
}

/// The next chunk after a place, up to and including another.
fn next(history: &dyn History, last: Seq, until: Seq) -> Told {
    if last >= until {
        return None;
    }
    match history.read(last, CHUNK) {
        Ok(mut events) => {
            events.truncate(events.partition_point(|event| event.seq <= until));
            (!events.is_empty()).then(|| Ok(events.into()))
        }
        Err(error) => Some(Err(error)),
    }
}

fn tell(history: &dyn History, after: Seq, until: Seq, mut tellers: Vec<SyncSender<Told>>) {
    // Given back by whoever made it, memory is given back fastest.
    let mut out: VecDeque<Arc<[Event]>> = VecDeque::new();
    let mut told = Some(history.standing(after).map(Arc::from));
    let (mut place, mut first) = (after, true);
    loop {
        tellers.retain(|teller| offer(teller, told.clone()));
        let is_first = std::mem::replace(&mut first, false);
        match told {
            Some(Ok(events)) => {
                place = events.last().map_or(place, |event: &Event| place.max(event.seq));
                out.push_back(events);
            }
            Some(Err(_)) if is_first => {}
            Some(Err(_)) | None => return,
        }
        if tellers.is_empty() {
            return;
        }
        while out.front().is_some_and(|events| Arc::strong_count(events) == 1) {
            out.pop_front();
        }
        told = next(history, place, until);
    }
}

/// Whether it was taken, in time.
fn offer(teller: &SyncSender<Told>, mut told: Told) -> bool {
    let began = Instant::now();
    loop {
        match teller.try_send(told) {
            Ok(()) => return true,
            Err(TrySendError::Full(back)) if began.elapsed() < PATIENCE => told = back,
            Err(_) => return false,
        }
        std::thread::sleep(LOOK_AGAIN);
    }
}

#[cfg(test)]
mod tests;
