//! A subscriber that is slow, and a disk that cannot be read, cost no event.

use std::sync::Mutex;

use super::*;
use crate::conference::event::{CallOnly, What};
use crate::conference::{CallKey, Moment};

/// What is on disk, or why it cannot be read.
struct Shelf(Mutex<Result<Vec<Event>, ReadError>>);

impl History for Shelf {
    fn read(&self, after: Seq, limit: usize) -> Result<Vec<Event>, ReadError> {
        let events = self.0.lock().expect("no panic").clone()?;
        Ok(events.into_iter().filter(|event| event.seq > after).take(limit).collect())
    }

    fn before(&self, _: Moment) -> Result<Seq, ReadError> {
        Ok(Seq(0))
    }

    fn last(&self) -> Result<Seq, ReadError> {
        Ok(Seq(0))
    }

    fn standing(&self, _: Seq) -> Result<Vec<Event>, ReadError> {
        Ok(Vec::new())
    }

    fn raw(&self, _: Seq) -> Result<Option<String>, ReadError> {
        Ok(None)
    }
}

/// A publisher with room for two batches.
struct Desk {
    live: broadcast::Sender<Arc<[Event]>>,
    aside: mpsc::UnboundedSender<Unrecorded>,
    shelf: Arc<Shelf>,
    last: Seq,
}

fn desk() -> (Desk, Feed) {
    let (live, heard) = broadcast::channel(2);
    let (aside, kept) = mpsc::unbounded_channel();
    let shelf = Arc::new(Shelf(Mutex::new(Ok(Vec::new()))));
    let feed = Feed::new(heard, Arc::clone(&shelf) as _, Seq(0)).beside(kept);
    (Desk { live, aside, shelf, last: Seq(0) }, feed)
}

fn event(seq: Seq) -> Event {
    Event { seq, at: Moment(0), what: What::Left(CallOnly { call: CallKey::new("c") }) }
}

impl Desk {
    fn recorded(&mut self) {
        self.last = self.last.next();
        if let Ok(events) = &mut *self.shelf.0.lock().expect("no panic") {
            events.push(event(self.last));
        }
        drop(self.live.send([event(self.last)].into()));
    }

    fn unrecorded(&mut self, number: u64) {
        let event = event(Seq(Seq::UNRECORDED.0 + number));
        self.aside.send((self.last, event.clone())).expect("heard");
        drop(self.live.send([event].into()));
    }
}

/// Everything there is to hear now: places, and the numbers of what has none as negative ones.
async fn all(feed: &mut Feed) -> Vec<i64> {
    let mut heard = Vec::new();
    while let Ok(next) = tokio::time::timeout(std::time::Duration::ZERO, feed.next()).await {
        let Some(Ok(events)) = next else { break };
        heard.extend(events.iter().map(|event| match event.seq {
            seq if seq.is_recorded() => seq.0 as i64,
            seq => -((seq.0 - Seq::UNRECORDED.0) as i64),
        }));
    }
    heard
}

#[tokio::test]
async fn a_slow_subscriber_hears_also_what_is_not_on_disk_in_its_place_and_once() {
    let (mut desk, mut feed) = desk();
    desk.recorded();
    assert_eq!(all(&mut feed).await, [1]);
    desk.unrecorded(1);
    assert_eq!(all(&mut feed).await, [-1], "live");
    // Far more than there is room for.
    for number in 2..=6 {
        desk.recorded();
        desk.unrecorded(number);
    }
    desk.unrecorded(7);
    assert_eq!(all(&mut feed).await, [2, -2, 3, -3, 4, -4, 5, -5, 6, -6, -7]);
    desk.unrecorded(8);
    desk.recorded();
    assert_eq!(all(&mut feed).await, [-8, 7], "and live again");
    assert!(feed.unheard.is_empty(), "what was heard is not kept");
}

#[tokio::test]
async fn what_is_not_on_disk_goes_round_also_when_the_disk_cannot_be_read() {
    let (mut desk, mut feed) = desk();
    *desk.shelf.0.lock().expect("no panic") = Err(ReadError("disk I/O error".into()));
    desk.recorded();
    for number in 1..=5 {
        desk.unrecorded(number);
    }
    assert_eq!(all(&mut feed).await, [-1, -2, -3, -4, -5]);
    assert!(matches!(feed.next().await, Some(Err(_))), "and that it cannot be read is told");
    *desk.shelf.0.lock().expect("no panic") = Ok(vec![event(Seq(1))]);
    assert_eq!(all(&mut feed).await, [1], "nothing twice");
}

/// A journal that somebody writes into whenever it is read.
struct Busy {
    live: broadcast::Sender<Arc<[Event]>>,
    shelf: Shelf,
    reads: Mutex<u64>,
}

impl History for Busy {
    fn read(&self, after: Seq, limit: usize) -> Result<Vec<Event>, ReadError> {
        let read = self.shelf.read(after, limit)?;
        let mut reads = self.reads.lock().expect("no panic");
        *reads += 1;
        let mut shelf = self.shelf.0.lock().expect("no panic");
        let all = shelf.as_mut().expect("readable");
        let next = event(Seq(all.len() as u64 + 1));
        all.push(next.clone());
        drop(self.live.send([next].into()));
        Ok(read)
    }

    fn before(&self, _: Moment) -> Result<Seq, ReadError> {
        Ok(Seq(0))
    }

    fn last(&self) -> Result<Seq, ReadError> {
        Ok(Seq(0))
    }

    fn standing(&self, _: Seq) -> Result<Vec<Event>, ReadError> {
        Ok(Vec::new())
    }

    fn raw(&self, _: Seq) -> Result<Option<String>, ReadError> {
        Ok(None)
    }
}

#[tokio::test]
async fn a_journal_that_goes_on_while_it_is_read_is_heard_live_after_its_end_was_read() {
    let chunk = CHUNK as u64;
    let (live, heard) = broadcast::channel(2);
    let past = (1..=chunk + 1).map(|place| event(Seq(place))).collect();
    let busy = Arc::new(Busy { live, shelf: Shelf(Mutex::new(Ok(past))), reads: Mutex::new(0) });
    let mut feed = Feed::new(heard, Arc::clone(&busy) as _, Seq(0));
    let heard = all(&mut feed).await;
    assert_eq!(*busy.reads.lock().expect("no panic"), 2, "one whole chunk, and one that has the end");
    assert!(heard.iter().copied().eq(1..=i64::try_from(chunk).expect("small") + 3), "{:?}", &heard[heard.len() - 3..]);
}
