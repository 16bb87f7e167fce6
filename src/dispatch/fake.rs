//! For tests: a bridge that follows a script, and a journal in memory.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::{broadcast, oneshot, watch};
use tokio::time::{Instant, sleep};

use super::Clock;
use crate::bridge::{Bridge, Fault, FaultKind, Order};
use crate::conference::event::{Ask, Cause, Event, Sent, Seq, What};
use crate::conference::{Action, CallKey, Moment};
use crate::journal::{AppendError, Draft, Feed, Health, History, Journal, ReadError, Receipt};

/// What the bridge does with one try.
#[derive(Clone)]
pub(super) struct Reply {
    after: Duration,
    result: Option<Result<(), Fault>>,
}

impl Reply {
    pub(super) fn after(millis: u64, result: Result<(), Fault>) -> Self {
        Self { after: Duration::from_millis(millis), result: Some(result) }
    }

    /// Panics.
    pub(super) fn crash() -> Self {
        Self { after: Duration::ZERO, result: None }
    }
}

pub(super) fn yes(millis: u64) -> Reply {
    Reply::after(millis, Ok(()))
}

pub(super) fn no(millis: u64, kind: FaultKind) -> Reply {
    Reply::after(millis, Err(Fault::new(kind, format!("{kind:?}"))))
}

/// A bridge that follows a script and then accepts everything after 50 ms.
#[derive(Clone, Default)]
pub(super) struct Fake {
    script: Arc<Mutex<VecDeque<Reply>>>,
    left: Arc<Mutex<Vec<(Instant, Order)>>>,
    warmed: Arc<Mutex<Vec<Instant>>>,
}

impl Fake {
    pub(super) fn new(script: impl IntoIterator<Item = Reply>) -> Self {
        Self { script: Arc::new(Mutex::new(script.into_iter().collect())), ..Self::default() }
    }

    /// Every try so far, and when it left.
    pub(super) fn left(&self) -> Vec<(Instant, Order)> {
        locked(&self.left).clone()
    }

    pub(super) fn warmed(&self) -> Vec<Instant> {
        locked(&self.warmed).clone()
    }
}

impl Bridge for Fake {
    async fn act(&self, order: &Order) -> Result<(), Fault> {
        locked(&self.left).push((Instant::now(), order.clone()));
        let reply = locked(&self.script).pop_front().unwrap_or_else(|| yes(50));
        sleep(reply.after).await;
        reply.result.expect("a bridge that does not crash")
    }

    async fn keep_warm(&self) {
        locked(&self.warmed).push(Instant::now());
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("unpoisoned")
}

/// A mute of a call.
pub(super) fn ask(call: &str, cause: Cause) -> Ask {
    Ask {
        action: Action::Mute,
        call: CallKey::new(call),
        conference: "1122".into(),
        number: "12157010680".into(),
        by: "ada".into(),
        cause,
        rule: None,
        joined: Moment(-60_000),
    }
}

/// A journal in memory. What it holds is durable at once, unless it is told otherwise.
pub(super) struct Memory {
    begun: Instant,
    events: Arc<Mutex<Vec<Event>>>,
    live: broadcast::Sender<Arc<[Event]>>,
    health: watch::Sender<Health>,
    refuse: Mutex<VecDeque<AppendError>>,
    trouble: Mutex<bool>,
    hold: Mutex<Option<Vec<Promise>>>,
    /// How often the past cannot be read.
    unreadable: Arc<Mutex<u32>>,
    /// Which hand's marks are taken.
    holder: Mutex<u32>,
}

type Promise = (oneshot::Sender<Result<Seq, AppendError>>, Seq);

impl Memory {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            begun: Instant::now(),
            events: Arc::default(),
            live: broadcast::channel(4_096).0,
            health: watch::channel(Health::Good).0,
            refuse: Mutex::default(),
            trouble: Mutex::default(),
            hold: Mutex::default(),
            unreadable: Arc::default(),
            holder: Mutex::default(),
        })
    }

    /// Takes over as a further host, whose receipts take so long.
    pub(super) fn take_over(self: &Arc<Self>, slow: Duration) -> Arc<Hand> {
        let number = self.depose();
        self.put(What::Sent(Sent { asks: Vec::new() }));
        Arc::new(Hand { journal: self.clone(), number, slow })
    }

    /// The past cannot be looked for the next so many times.
    pub(super) fn unreadable(&self, times: u32) {
        *locked(&self.unreadable) = times;
    }

    /// Whoever holds it holds it no longer, and has not heard of it.
    pub(super) fn depose(&self) -> u32 {
        let mut holder = locked(&self.holder);
        *holder += 1;
        *holder
    }

    /// The time of day, which began with the journal.
    pub(super) fn clock(self: &Arc<Self>) -> Clock {
        let begun = self.begun;
        Arc::new(move || Moment::default().plus(begun.elapsed()))
    }

    /// Writes an event down.
    pub(super) fn put(&self, what: What) -> Seq {
        self.put_of(Moment::default().plus(self.begun.elapsed()), what)
    }

    /// Writes down what was learned at another moment.
    pub(super) fn put_of(&self, at: Moment, what: What) -> Seq {
        let mut events = locked(&self.events);
        let trouble = *locked(&self.trouble) && what.may_go_unrecorded();
        let seq = Seq(if trouble { Seq::UNRECORDED.0 } else { 0 } + events.len() as u64 + 1);
        let event = Event { seq, at, what };
        events.push(event.clone());
        // Nobody may be listening yet.
        let _ = self.live.send(Arc::from([event]));
        seq
    }

    pub(super) fn all(&self) -> Vec<Event> {
        locked(&self.events).clone()
    }

    /// The next answers and marks to be appended are refused like this.
    pub(super) fn refuse(&self, errors: impl IntoIterator<Item = AppendError>) {
        locked(&self.refuse).extend(errors);
    }

    /// Keeps sent marks from being durable until [`release`](Self::release).
    pub(super) fn hold(&self) {
        *locked(&self.hold) = Some(Vec::new());
    }

    pub(super) fn release(&self) {
        for (promise, seq) in locked(&self.hold).take().into_iter().flatten() {
            let _ = promise.send(Ok(seq));
        }
    }

    /// Whether what may go unrecorded does, from now on.
    pub(super) fn trouble(&self, trouble: bool) {
        *locked(&self.trouble) = trouble;
    }

    pub(super) fn fail(&self) {
        self.health.send_replace(Health::Failed("broken".into()));
    }
}

impl Journal for Memory {
    fn append(&self, draft: Draft) -> Receipt {
        if let Some(error) = locked(&self.refuse).pop_front() {
            return Receipt::refused(error);
        }
        let mark = matches!(draft.what, What::Sent(_));
        let seq = self.put(draft.what);
        let (promise, receipt) = Receipt::pair();
        match locked(&self.hold).as_mut() {
            Some(held) if mark => held.push((promise, seq)),
            _ => {
                let _ = promise.send(Ok(seq));
            }
        }
        receipt
    }

    fn subscribe(&self, after: Seq) -> Feed {
        Feed::new(self.live.subscribe(), self.history(), after)
    }

    fn history(&self) -> Arc<dyn History> {
        Arc::new(Past(self.events.clone(), self.unreadable.clone()))
    }

    fn health(&self) -> watch::Receiver<Health> {
        self.health.subscribe()
    }
}

/// A host's hand on a journal that hosts share. Marks are compare-and-set: they are refused once another has taken over.
/// Of two answers to an ask the first stands.
pub(super) struct Hand {
    journal: Arc<Memory>,
    number: u32,
    slow: Duration,
}

impl Journal for Hand {
    fn append(&self, draft: Draft) -> Receipt {
        let receipt = match &draft.what {
            What::Sent(_) if *locked(&self.journal.holder) != self.number => Receipt::refused(AppendError::Superseded),
            What::Answered(answer) => {
                let is_same = |what: &What| matches!(what, What::Answered(other) if other.ask == answer.ask);
                let first = self.journal.all().into_iter().find(|event| is_same(&event.what)).map(|event| event.seq);
                match first {
                    Some(first) => {
                        let (promise, receipt) = Receipt::pair();
                        let _ = promise.send(Ok(first));
                        receipt
                    }
                    None => self.journal.append(draft),
                }
            }
            _ => self.journal.append(draft),
        };
        if self.slow.is_zero() {
            return receipt;
        }
        let (promise, later) = Receipt::pair();
        let slow = self.slow;
        tokio::spawn(async move {
            sleep(slow).await;
            let _ = promise.send(receipt.durable().await);
        });
        later
    }

    fn subscribe(&self, after: Seq) -> Feed {
        self.journal.subscribe(after)
    }

    fn history(&self) -> Arc<dyn History> {
        self.journal.history()
    }

    fn health(&self) -> watch::Receiver<Health> {
        self.journal.health()
    }
}

struct Past(Arc<Mutex<Vec<Event>>>, Arc<Mutex<u32>>);

impl History for Past {
    fn read(&self, after: Seq, limit: usize) -> Result<Vec<Event>, ReadError> {
        Ok(locked(&self.0).iter().filter(|event| event.seq > after && event.seq.is_recorded()).take(limit).cloned().collect())
    }

    fn before(&self, moment: Moment) -> Result<Seq, ReadError> {
        let mut unreadable = locked(&self.1);
        if *unreadable > 0 {
            *unreadable -= 1;
            return Err(ReadError("no leader".into()));
        }
        let first = locked(&self.0).iter().find(|event| event.at >= moment).map(|event| event.seq);
        Ok(first.map_or(self.last()?, |first| Seq(first.0 - 1)))
    }

    fn last(&self) -> Result<Seq, ReadError> {
        Ok(Seq(locked(&self.0).len() as u64))
    }

    fn standing(&self, until: Seq) -> Result<Vec<Event>, ReadError> {
        let stands = |event: &&Event| event.seq <= until && What::STANDING.contains(&event.what.kind());
        Ok(locked(&self.0).iter().filter(stands).cloned().collect())
    }

    fn raw(&self, _seq: Seq) -> Result<Option<String>, ReadError> {
        Ok(None)
    }
}
