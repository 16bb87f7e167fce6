//! The journal's thread: it keeps a connection, publishes what is to be written down, follows the stream, answers who reads
//! back, and keeps the lease where this host is a candidate for it.
//!
//! Each connection has a runtime of its own, which is dropped with it: nothing of a lost connection acts later.

use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hashlink::LruCache;
use tokio::runtime::Builder;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::{broadcast, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::follow::{Follow, From};
use super::lease::{Lease, Standing, Step};
use super::link::{Broken, Link, News, Settings};
use super::outbox::{Outbox, Promise};
use super::query::{self, Cursor, Place, Query};
use super::subject;
use super::tasks::{Connected, Done, Failed, hand_on, publish, subject_of};
use crate::conference::event::{Event, Seq, What};
use crate::conference::{CallKey, ConferenceId};
use crate::journal::{AppendError, Draft, Health, now};

/// The pause before a connection is tried again.
const AGAIN: Duration = Duration::from_millis(250);

/// Calls whose conference is remembered, for the subjects of their next events.
const CALLS: usize = 131_072;

/// It is looked whether what holds is in danger after so many events, and after so long.
const KEEP_EVENTS: usize = 250;
const KEEP_EVERY: Duration = Duration::from_mins(1);

/// How long what is on its way may take at the end.
const LAST_WORDS: Duration = Duration::from_millis(700);

/// Why nobody can go on where the connection was lost.
const REWRITTEN: &str = "the server has lost events that came from it, and has written others in their places";

/// What is said to the thread.
pub(super) enum Word {
    Append(Draft, Promise),
    Query(Query),
    /// Publish what is on its way, give the lease back, and end.
    Close,
}

/// How a connection ended.
enum End {
    Closed,
    Lost(Broken),
    /// What came from the stream does not stand in it any more.
    Rewritten,
}

/// What a thread begins with.
pub(super) struct Beginning {
    pub(super) settings: Settings,
    /// What no other process is called.
    pub(super) host: String,
    /// Whether streams are made that are not there, and the lease is sought.
    pub(super) is_host: bool,
    pub(super) live: broadcast::Sender<Arc<[Event]>>,
    pub(super) health: watch::Sender<Health>,
    pub(super) standing: watch::Sender<Standing>,
    /// Told once how the first connection went.
    pub(super) opened: Option<SyncSender<Result<Seq, String>>>,
    /// Why the last connection was not made.
    pub(super) why: Arc<Mutex<String>>,
}

/// The thread's state: what outlives a connection.
pub(super) struct Hub {
    given: Beginning,
    outbox: Outbox,
    lease: Option<Lease>,
    /// The last mark, while this host holds the lease: the next is written only behind it.
    mark: Option<Seq>,
    /// The last place that was handed on; none before the first connection.
    last: Option<Seq>,
    /// The last event that was.
    heard: Option<Event>,
    calls: LruCache<CallKey, (ConferenceId, Seq)>,
    /// Connections that were lost or not made: the next is tried at another server.
    tries: usize,
    closing: Option<Instant>,
    /// The lease is on its way back.
    giving_back: bool,
    keeping: Keeping,
}

/// When it was last looked whether what holds must be written down anew.
struct Keeping {
    since: Instant,
    events: usize,
    under_way: bool,
}

impl Hub {
    pub(super) fn new(given: Beginning) -> Self {
        let now = Instant::now();
        Self {
            outbox: Outbox::new(given.host.clone()),
            lease: given.is_host.then(|| Lease::new(given.host.clone(), now)),
            mark: None,
            last: None,
            heard: None,
            calls: LruCache::new(CALLS),
            tries: 0,
            closing: None,
            giving_back: false,
            keeping: Keeping { since: now, events: 0, under_way: false },
            given,
        }
    }

    /// Works until it is closed, or cannot begin.
    pub(super) fn run(mut self, mut words: UnboundedReceiver<Word>) {
        loop {
            let runtime = match Builder::new_current_thread().enable_io().enable_time().build() {
                Ok(runtime) => runtime,
                Err(error) => {
                    self.given.health.send_replace(Health::Failed(format!("starting its runtime: {error}")));
                    return;
                }
            };
            let end = runtime.block_on(self.connection(&mut words));
            runtime.shutdown_background();
            let broken = match end {
                End::Closed => return,
                End::Lost(broken) => broken,
                End::Rewritten => {
                    tracing::error!("{REWRITTEN}; nothing is taken, shown or asked any more until this confmod is started again");
                    self.given.health.send_replace(Health::Failed(REWRITTEN.to_owned()));
                    return;
                }
            };
            if let Some(opened) = self.given.opened.take_if(|_| !broken.passing) {
                // Nobody began to work with it.
                let _ = opened.send(Err(broken.why));
                return;
            }
            self.is_lost(&broken);
            *self.given.why.lock().unwrap_or_else(PoisonError::into_inner) = broken.why;
        }
    }

    fn is_lost(&mut self, broken: &Broken) {
        self.tries += 1;
        self.outbox.is_lost();
        if let Some(lease) = &mut self.lease {
            lease.is_lost(Instant::now());
        }
        self.keeping.under_way = false;
        let lost = self.given.health.send_if_modified(|health| {
            let was_good = *health == Health::Good;
            if was_good {
                *health = lost();
            }
            was_good
        });
        if lost {
            tracing::warn!(why = broken.why, "the shared journal is lost; it is tried again");
        } else {
            tracing::debug!(why = broken.why, "the shared journal is still lost");
        }
    }

    /// One connection from its making to its end.
    async fn connection(&mut self, words: &mut UnboundedReceiver<Word>) -> End {
        let url = self.given.settings.urls.get(self.tries % self.given.settings.urls.len().max(1)).cloned().unwrap_or_default();
        let (settings, is_host, from, first) = (self.given.settings.clone(), self.given.is_host, self.last, self.tries == 0);
        let heard = self.heard.clone();
        let making = async move {
            if !first {
                tokio::time::sleep(AGAIN).await;
            }
            let (link, news) = Link::make(&settings, &url, is_host).await?;
            let link = Arc::new(link);
            if let Some(heard) = &heard
                && !query::stands(&link, &settings.stream, heard).await?
            {
                return Ok(None);
            }
            let from = match from {
                Some(last) => last,
                None => query::last(&link, &settings.stream).await?,
            };
            let follow = Follow::whole(&link, &settings.stream, &subject::events(&settings.stream), From::After(from)).await?;
            Ok::<_, Broken>(Some((link, news, follow, from)))
        };
        let mut making = std::pin::pin!(making);
        let (link, news, follow, from) = loop {
            tokio::select! {
                biased;
                made = &mut making => match made {
                    Ok(Some(made)) => break made,
                    Ok(None) => return End::Rewritten,
                    Err(broken) => return End::Lost(broken),
                },
                word = words.recv() => match word {
                    Some(Word::Append(draft, promise)) => self.put(draft, promise),
                    // Whoever asked hears that there is nobody to answer.
                    Some(Word::Query(_)) => {}
                    Some(Word::Close) | None => return End::Closed,
                },
                () = at(self.due()) => self.pass(),
            }
        };
        self.last = Some(from);
        if let Some(opened) = self.given.opened.take() {
            // Whoever opened it may have given up.
            let _ = opened.send(Ok(from));
        }
        let connected = Arc::new(Connected { link, cursor: Cursor::default(), settings: self.given.settings.clone() });
        self.work(&connected, news, follow, words).await
    }

    async fn work(
        &mut self,
        connected: &Arc<Connected>,
        mut news: UnboundedReceiver<News>,
        follow: Follow,
        words: &mut UnboundedReceiver<Word>,
    ) -> End {
        let mut tasks = JoinSet::new();
        if follow.behind() == 0 {
            self.is_good();
        }
        let mut events = hand_on(follow);
        loop {
            while let Some((number, letter)) = self.outbox.take() {
                publish(connected, &mut tasks, number, letter, self.mark);
            }
            self.step(connected, &mut tasks);
            self.keep(connected, &mut tasks);
            if self.is_over() {
                return End::Closed;
            }
            tokio::select! {
                biased;
                Some(said) = news.recv() => match said {
                    News::Lost => return End::Lost(Broken::passing("the connection was lost")),
                    News::Denied(subject) => self.outbox.denied(&subject, |letter| subject_of(&connected.settings, letter)),
                },
                Some(done) = tasks.join_next() => {
                    // One that panicked has told so where it did; its letter is given up in time.
                    if let Ok(done) = done {
                        self.done(done);
                    }
                }
                batch = events.recv() => match batch {
                    Some(Ok((events, behind))) => self.hear(events, behind),
                    Some(Err(broken)) => return End::Lost(broken),
                    None => return End::Lost(Broken::passing("nobody follows the stream any more")),
                },
                word = words.recv() => match word {
                    Some(Word::Append(draft, promise)) => self.put(draft, promise),
                    Some(Word::Query(query)) => {
                        let (link, stream, cursor) = (connected.link.clone(), connected.settings.stream.clone(), connected.cursor.clone());
                        tasks.spawn(async move {
                            Done::Answered(query::answer(link, stream, cursor, query).await)
                        });
                    }
                    Some(Word::Close) | None => {
                        self.closing.get_or_insert(Instant::now() + LAST_WORDS);
                    }
                },
                () = at(self.due()) => self.pass(),
            }
        }
    }

    /// Whether everything is said, or nothing more may be.
    fn is_over(&self) -> bool {
        let Some(until) = self.closing else { return false };
        let is_held = self.giving_back || self.lease.as_ref().is_some_and(|lease| lease.held().is_some());
        (self.outbox.is_empty() && !is_held) || Instant::now() >= until
    }

    fn due(&self) -> Option<Instant> {
        let lease = self.lease.as_ref().and_then(Lease::due);
        [self.outbox.due(), lease, self.closing].into_iter().flatten().min()
    }

    fn pass(&mut self) {
        let now = Instant::now();
        self.outbox.pass(now);
        if let Some(lease) = &mut self.lease {
            lease.pass(now);
        }
        self.tell_standing();
    }

    fn is_good(&self) {
        let was = self.given.health.send_replace(Health::Good);
        if was != Health::Good {
            tracing::info!("the shared journal is back");
        }
    }

    fn put(&mut self, draft: Draft, promise: Promise) {
        if self.closing.is_some() {
            // Whoever asked may have hung up.
            let _ = promise.send(Err(AppendError::Closed));
            return;
        }
        if matches!(draft.what, What::Sent(_)) && self.mark.is_none() {
            let _ = promise.send(Err(AppendError::Superseded));
            return;
        }
        let conference = self.conference_of(&draft.what);
        self.outbox.put(draft, conference, promise, Instant::now());
    }

    fn conference_of(&mut self, what: &What) -> Option<ConferenceId> {
        what.conference().cloned().or_else(|| Some(self.calls.get(what.call()?)?.0.clone()))
    }

    /// Remembers where calls are: also those that joined before this process was there, whose past somebody read here.
    fn learn(&mut self, places: impl IntoIterator<Item = Place>) {
        for (call, conference, seq) in places {
            if self.calls.peek(&call).is_none_or(|(_, known)| *known < seq) {
                self.calls.insert(call, (conference, seq));
            }
        }
    }

    /// Hands on what has happened.
    fn hear(&mut self, events: Vec<Event>, behind: u64) {
        for event in &events {
            self.last = Some(event.seq);
            self.keeping.events += 1;
        }
        self.learn(query::places(&events));
        if let Some(last) = events.last() {
            self.heard = Some(last.clone());
            // Nobody may have subscribed.
            let _ = self.given.live.send(events.into());
        }
        if behind == 0 && *self.given.health.borrow() != Health::Good {
            self.is_good();
        }
    }

    fn done(&mut self, done: Done) {
        let now = Instant::now();
        match done {
            Done::Answered(places) => self.learn(places),
            Done::GivenBack => self.giving_back = false,
            Done::Kept => self.keeping = Keeping { since: Instant::now(), events: 0, under_way: false },
            Done::Published(number, Ok(seq)) => {
                if self.outbox.ended(number, Ok(seq)) && self.mark.is_some() {
                    self.mark = Some(seq);
                }
            }
            Done::Published(number, Err(Failed::Overtaken)) => {
                self.outbox.ended(number, Err(AppendError::Superseded));
                if let Some(lease) = &mut self.lease {
                    lease.lose(now);
                }
            }
            Done::Published(number, Err(Failed::Unsure(why))) => self.outbox.again(number, why, now),
            Done::Looked(found) => self.lease(|lease| match found {
                Ok(found) => lease.looked(found, now),
                Err(_) => lease.failed(now),
            }),
            Done::Wrote(began, wrote) => self.lease(|lease| match wrote {
                Ok(number) => lease.wrote(Some(number.0), began),
                Err(Failed::Overtaken) => lease.wrote(None, began),
                Err(Failed::Unsure(_)) => lease.failed(now),
            }),
            Done::Fenced(Ok(place)) => {
                self.lease(|lease| lease.fenced(place, now));
                self.mark = Some(place);
            }
            Done::Fenced(Err(_)) => self.lease(|lease| lease.failed(now)),
        }
        self.tell_standing();
    }

    fn lease(&mut self, tell: impl FnOnce(&mut Lease)) {
        if let Some(lease) = &mut self.lease {
            tell(lease);
        }
    }

    fn tell_standing(&mut self) {
        let standing = self.lease.as_ref().map_or(Standing::Watches, Lease::standing);
        if standing == Standing::Watches && self.mark.take().is_some() {
            self.outbox.end_marks();
        }
        let changed = self.given.standing.send_if_modified(|known| std::mem::replace(known, standing) != standing);
        match standing {
            Standing::Holds(_) if changed => tracing::info!("this host carries out what is asked"),
            Standing::Watches if changed => tracing::info!("this host carries out nothing any more; another one may"),
            Standing::Holds(_) | Standing::Watches => {}
        }
    }

    /// Looks whether what holds must be written down anew, where that falls to this host.
    fn keep(&mut self, connected: &Arc<Connected>, tasks: &mut JoinSet<Done>) {
        let is_time = self.keeping.events >= KEEP_EVENTS || self.keeping.since.elapsed() >= KEEP_EVERY;
        if !is_time || self.keeping.under_way || self.mark.is_none() {
            return;
        }
        self.keeping.under_way = true;
        let connected = Arc::clone(connected);
        tasks.spawn(async move {
            if let Err(broken) = connected.keep().await {
                tracing::warn!(why = broken.why, "it could not be seen to that what holds outlives the stream's bounds; it is tried again");
            }
            Done::Kept
        });
    }

    /// Takes the next step with the lease.
    fn step(&mut self, connected: &Arc<Connected>, tasks: &mut JoinSet<Done>) {
        let Some(lease) = &mut self.lease else { return };
        if self.closing.is_some() {
            // Given back behind everything else, so that what ends here is written before another host begins.
            if self.outbox.is_empty()
                && let Some(number) = lease.held()
            {
                lease.lose(Instant::now());
                self.giving_back = true;
                let connected = Arc::clone(connected);
                tasks.spawn(async move {
                    // In vain it is taken in a few seconds.
                    let _ = connected.write_lease(number, "").await;
                    Done::GivenBack
                });
            }
            return;
        }
        let now = Instant::now();
        let Some(step) = lease.step(now) else { return };
        let (connected, host) = (Arc::clone(connected), self.given.host.clone());
        tasks.spawn(async move {
            match step {
                Step::Look => Done::Looked(connected.look_at_lease().await),
                Step::Write(number) => Done::Wrote(now, connected.write_lease(number, &host).await),
                Step::Fence => Done::Fenced(connected.fence().await),
            }
        });
    }
}

/// From now on the server is not reached.
fn lost() -> Health {
    Health::Lost(now())
}

async fn at(instant: Option<Instant>) {
    match instant {
        Some(instant) => sleep_until(instant).await,
        None => std::future::pending().await,
    }
}
