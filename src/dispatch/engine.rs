//! The loop: hears the journal, lets asks leave, writes their ends down.

use std::collections::HashMap;
use std::future::{pending, ready};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::{self, JoinError, JoinSet, yield_now};
use tokio::time::{Instant, sleep_until};

use super::Settings;
use super::attempt::{Ended, Limits, attempt};
use super::breaker::{Admission, Breaker};
use super::ears::Ears;
use super::lanes::{Lanes, Place, Waiting};
use super::record::{Recorder, mark_sent};
use super::rules::Rules;
use super::settle;
use crate::bridge::{Bridge, Order};
use crate::conference::event::{Answer, Ask, Seq};
use crate::conference::{Action, CallKey, Moment, Outcome};
use crate::journal::{Feed, Journal, Past, ReadError};

/// How long nothing may have left before a connection is kept warm.
const WARM_EVERY: Duration = Duration::from_secs(20);

/// How long the last answers may take to be written down at the end.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// How long a key press waits for a probe that was begun just before it. A provider that is back answers sooner;
/// where it is not, who pressed the key must not wait for the probe's time-out.
pub(super) const PATIENCE: Duration = Duration::from_secs(1);

pub(super) const QUITTING: &str = "confmod is quitting";

/// Everything dispatch knows.
pub(super) struct Engine<B> {
    pub(super) journal: Arc<dyn Journal>,
    bridge: Arc<B>,
    pub(super) settings: Settings,
    start: Seq,
    /// What was before, where it is being read already.
    past: Option<Past>,
    recorder: Recorder,
    pub(super) lanes: Lanes,
    breaker: Breaker,
    pub(super) rules: Rules,
    tasks: JoinSet<Option<Ended>>,
    pub(super) jobs: HashMap<task::Id, Job>,
    /// When each moderator last stopped what was asked for many.
    pub(super) stopped: HashMap<Box<str>, Moment>,
    /// Bulk and automatic asks in flight.
    paced: u32,
    /// When the next of them may leave.
    pace_at: Instant,
    /// Until when key presses wait for the probe that is out.
    patient_until: Instant,
    /// When a connection has been idle for so long that it is kept warm.
    warm_at: Instant,
    marking: bool,
    warming: bool,
    pub(super) stopping: bool,
}

/// What a task is about.
pub(super) enum Job {
    Ask {
        seq: Seq,
        ask: Ask,
        paced: bool,
        admission: Admission,
        /// Says why no further try is to be begun.
        enough: Option<oneshot::Sender<String>>,
    },
    Mark(Vec<Place>),
    /// The answer of this call's ask is being written down; the next one leaves after that, so that a crash
    /// can tell that it did not leave before.
    Close(CallKey),
    /// Asks of rules are being written down.
    Rules,
    Warm,
}

impl<B: Bridge> Engine<B> {
    /// Must be made on a tokio runtime. `start` is the place after which asks are new; without a `past` what was
    /// before is read.
    pub(super) fn new(journal: Arc<dyn Journal>, bridge: Arc<B>, settings: Settings, start: Seq, past: Option<Past>) -> Self {
        let recorder = Recorder::new(journal.clone(), settings.clock.clone());
        let rules = Rules::new(&settings);
        Self {
            journal,
            bridge,
            settings,
            start,
            past,
            recorder,
            lanes: Lanes::default(),
            breaker: Breaker::default(),
            rules,
            tasks: JoinSet::new(),
            jobs: HashMap::new(),
            stopped: HashMap::new(),
            paced: 0,
            pace_at: Instant::now(),
            patient_until: Instant::now(),
            warm_at: Instant::now(),
            marking: false,
            warming: false,
            stopping: false,
        }
    }

    /// Runs until it is told to stop, or the handle is dropped.
    pub(super) async fn run(mut self, mut feed: Feed, mut stop: impl Future<Output = Result<Duration, oneshot::error::RecvError>> + Unpin) {
        self.settle();
        let mut ears = Ears::default();
        let grace = loop {
            if self.let_go() {
                // What was just started gets its turn before anything else is looked at.
                yield_now().await;
            }
            let (pace_at, warm_at, rule_at) = (self.next_departure(), self.next_warming(), self.next_rule());
            let patient_until = self.end_of_patience();
            tokio::select! {
                biased;
                grace = &mut stop => break grace.unwrap_or_default(),
                Some(done) = self.tasks.join_next_with_id() => self.done(done),
                events = ears.next(&mut feed) => self.hear(&events),
                () = at(pace_at) => {}
                () = at(patient_until) => {}
                () = at(rule_at) => {}
                () = at(warm_at) => self.warm(),
            }
        };
        self.wind_up(feed, ears, grace).await;
    }

    /// Ends what an earlier process left open, and lets the rules begin on what holds.
    fn settle(&mut self) {
        let now = (self.settings.clock)();
        let past = self.past.take().map_or_else(|| self.read_past(now), Ok);
        let policy = &mut self.rules.policy;
        match past.and_then(|past| settle::read_back(past, self.start, policy)) {
            Ok(answers) => {
                for answer in answers {
                    policy.ended(&answer.call, answer.ask, answer.outcome, now);
                    drop(self.recorder.answered(answer));
                }
            }
            Err(error) => tracing::warn!(%error, "asks without an answer could not be looked for"),
        }
        self.rules.policy.begin(now);
    }

    fn read_past(&self, now: Moment) -> Result<Past, ReadError> {
        let history = self.journal.history();
        let after = history.before(now.minus(self.settings.look_back))?;
        Past::read(&history, after).map(|[past]| past)
    }

    /// Lets everything leave that may leave now; says whether anything was started.
    fn let_go(&mut self) -> bool {
        let before = self.jobs.len();
        while !self.is_patient() {
            let Some(waiting) = self.lanes.take_key() else { break };
            self.depart(waiting, false);
        }
        while self.has_slot() && self.pace_at <= Instant::now() && !self.is_probing() {
            let Some(waiting) = self.lanes.take_marked() else { break };
            self.depart(waiting, true);
        }
        if self.has_slot() && !self.marking && !self.lanes.has_departure() {
            // No more than can be in flight at once: a crash makes all of them unknown.
            let most = match self.breaker.look() {
                Admission::Free => self.parallel() - self.paced,
                Admission::Probe => 1,
                Admission::No(_) => 0,
            };
            let places = self.lanes.take_to_mark(most as usize);
            if !places.is_empty() {
                self.marking = true;
                let asks = places.iter().map(|(seq, _)| *seq).collect();
                let mark = mark_sent(self.journal.clone(), self.settings.clock.clone(), asks);
                self.start(Job::Mark(places), async {
                    mark.await;
                    None
                });
            }
        }
        self.ask_by_rule();
        self.jobs.len() > before
    }

    fn depart(&mut self, Waiting { seq, ask }: Waiting, paced: bool) {
        let admission = self.breaker.admit();
        let limits = match admission {
            Admission::Free => Limits::USUAL,
            Admission::Probe => {
                self.patient_until = Instant::now() + PATIENCE;
                Limits::PROBE
            }
            Admission::No(times) => {
                self.lanes.ended(&ask.call);
                self.fail_fast(seq, ask.call, times);
                return;
            }
        };
        if paced {
            self.paced += 1;
            self.pace_at = Instant::now() + Duration::from_secs(1) / self.settings.pace.max(1);
        }
        self.warm_at = Instant::now() + WARM_EVERY;
        let (bridge, clock, order) = (self.bridge.clone(), self.settings.clock.clone(), Order::from(&ask));
        let (enough, called_back) = oneshot::channel();
        let called_back = async {
            match called_back.await {
                Ok(why) => why,
                Err(_) => pending().await,
            }
        };
        let joined = ask.joined;
        self.start(Job::Ask { seq, ask, paced, admission, enough: Some(enough) }, async move {
            Some(attempt(&*bridge, &order, Some(joined), || clock(), limits, called_back).await)
        });
    }

    pub(super) fn start(&mut self, job: Job, task: impl Future<Output = Option<Ended>> + Send + 'static) {
        let handle = self.tasks.spawn(task);
        self.jobs.insert(handle.id(), job);
    }

    fn done(&mut self, done: Result<(task::Id, Option<Ended>), JoinError>) {
        let (id, ended) = match done {
            Ok((id, ended)) => (id, ended),
            Err(error) => (error.id(), None),
        };
        match self.jobs.remove(&id) {
            Some(Job::Mark(places)) => {
                self.marking = false;
                self.lanes.marked(places);
            }
            Some(Job::Close(call)) => self.lanes.ended(&call),
            Some(Job::Rules) => self.rules.asked(),
            Some(Job::Warm) => self.warming = false,
            Some(Job::Ask { seq, ask: Ask { call, action, .. }, paced, admission, enough: _ }) => {
                let ended = ended.unwrap_or_else(|| Ended {
                    outcome: Outcome::Unknown,
                    detail: "confmod failed while it was sending; see the log".to_owned(),
                    millis: 0,
                    reached: true,
                });
                self.paced -= u32::from(paced);
                let in_vain = self.breaker.note(admission, ended.reached);
                tracing::info!(call = call.tag(), action = action.word(), outcome = ended.outcome.words(), millis = ended.millis, "asked");
                let accepted = ended.outcome == Outcome::Accepted;
                let written = self.answer(seq, call.clone(), ended);
                self.start(Job::Close(call.clone()), async {
                    written.await;
                    None
                });
                if accepted && action == Action::Kick {
                    self.kicked(&call, seq);
                }
                if let Some(times) = in_vain {
                    for waiting in self.lanes.give_up() {
                        self.fail_fast(waiting.seq, waiting.ask.call, times);
                    }
                }
            }
            None => {}
        }
    }

    fn fail_fast(&self, seq: Seq, call: CallKey, times: u32) {
        let detail = format!("the provider has not been reached {times} times in a row; not tried");
        drop(self.answer(seq, call, Ended { outcome: Outcome::NotDelivered, detail, millis: 0, reached: false }));
    }

    pub(super) fn not_sent(&self, Waiting { seq, ask }: Waiting, why: &str) {
        drop(self.answer(seq, ask.call, Ended { outcome: Outcome::NotSent, detail: why.to_owned(), millis: 0, reached: true }));
    }

    fn answer(&self, ask: Seq, call: CallKey, ended: Ended) -> impl Future<Output = ()> + Send + 'static + use<B> {
        let Ended { outcome, detail, millis, reached } = ended;
        self.recorder.answered(Answer { ask, call, outcome, detail: detail.into(), millis, reached })
    }

    fn parallel(&self) -> u32 {
        self.settings.parallel.max(1)
    }

    fn has_slot(&self) -> bool {
        self.paced < self.parallel()
    }

    /// Whether bulk and automatic asks wait for the end of a probe: it tells whether they leave or fail.
    fn is_probing(&self) -> bool {
        matches!(self.breaker.look(), Admission::No(_))
    }

    /// Whether key presses wait for it too: for a moment, because two that are pressed at once after an outage belong
    /// together, and no longer, because their rows say nothing meanwhile.
    fn is_patient(&self) -> bool {
        self.is_probing() && Instant::now() < self.patient_until
    }

    fn end_of_patience(&self) -> Option<Instant> {
        (self.is_patient() && self.lanes.has_key()).then_some(self.patient_until)
    }

    fn next_departure(&self) -> Option<Instant> {
        // Past departures wait for a lane, a slot or a probe, and all of them are told by the end of a task.
        (self.has_slot() && self.pace_at > Instant::now() && self.lanes.has_departure()).then_some(self.pace_at)
    }

    fn next_warming(&self) -> Option<Instant> {
        (self.settings.keep_warm && !self.warming && self.rules.policy.is_anybody_in()).then_some(self.warm_at)
    }

    fn warm(&mut self) {
        self.warming = true;
        self.warm_at = Instant::now() + WARM_EVERY;
        let bridge = self.bridge.clone();
        self.start(Job::Warm, async move {
            bridge.keep_warm().await;
            None
        });
    }

    async fn wind_up(mut self, mut feed: Feed, mut ears: Ears, grace: Duration) {
        let until = Instant::now() + grace;
        self.stopping = true;
        for waiting in self.lanes.drain() {
            self.not_sent(waiting, QUITTING);
        }
        self.call_back(QUITTING, |_, _| true);
        while self.jobs.values().any(|job| job.ask().is_some()) {
            tokio::select! {
                biased;
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

impl Job {
    fn ask(&self) -> Option<(Seq, &Ask)> {
        match self {
            Self::Ask { seq, ask, .. } => Some((*seq, ask)),
            Self::Mark(_) | Self::Close(_) | Self::Rules | Self::Warm => None,
        }
    }
}

async fn at(instant: Option<Instant>) {
    match instant {
        Some(instant) => sleep_until(instant).await,
        None => pending().await,
    }
}
