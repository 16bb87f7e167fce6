//! The loop: hears the journal, lets asks leave, writes their ends down.

mod ending;
mod jobs;

use std::collections::HashMap;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use smol_str::SmolStr;
use tokio::sync::oneshot;
use tokio::task::{self, JoinError, JoinSet, yield_now};
use tokio::time::{Instant, sleep, sleep_until};

pub(super) use self::jobs::{Done, Job};
use super::Settings;
use super::attempt::{Ended, Limits, attempt};
use super::breaker::{Admission, Breaker};
use super::ears::Ears;
use super::lanes::{Lanes, Place, Waiting};
use super::record::{Recorder, mark_sent};
use super::rules::Rules;
use super::settle;
use super::shared::Shared;
use crate::bridge::{Bridge, Order};
use crate::conference::event::{Answer, Ask, Seq};
use crate::conference::{Action, CallKey, Moment, Outcome};
use crate::journal::{Feed, Journal, Past, ReadError};

/// How long nothing may have left before a connection is kept warm.
const WARM_EVERY: Duration = Duration::from_secs(20);

/// How long a key press waits for a probe that was begun just before it. A provider that is back answers sooner;
/// where it is not, who pressed the key must not wait for the probe's time-out.
pub(super) const PATIENCE: Duration = Duration::from_secs(1);

/// The pause before what was asked is looked for once more.
const AGAIN: Duration = Duration::from_millis(250);

pub(super) const QUITTING: &str = "confmod is quitting";

/// Everything dispatch knows.
pub(super) struct Engine<B> {
    pub(super) journal: Arc<dyn Journal>,
    bridge: Arc<B>,
    pub(super) settings: Settings,
    pub(super) start: Seq,
    /// What was before, where it is being read already.
    past: Option<Past>,
    pub(super) recorder: Recorder,
    /// Where the journal is shared with other hosts.
    pub(super) shared: Option<Shared>,
    pub(super) lanes: Lanes,
    breaker: Breaker,
    pub(super) rules: Rules,
    tasks: JoinSet<Done>,
    pub(super) jobs: HashMap<task::Id, Job>,
    /// When each moderator last stopped what was asked for many.
    pub(super) stopped: HashMap<SmolStr, Moment>,
    /// Bulk and automatic asks in flight.
    paced: u32,
    /// When the next of them may leave.
    pace_at: Instant,
    /// The moment by which it was judged what may leave, and by which it is told what is waited for: nobody would wait for
    /// what comes due between the two.
    judged: Instant,
    /// Until when key presses wait for the probe that is out.
    patient_until: Instant,
    /// When a connection has been idle for so long that it is kept warm.
    warm_at: Instant,
    marking: bool,
    warming: bool,
    pub(super) stopping: bool,
}

impl<B: Bridge> Engine<B> {
    /// Must be made on a tokio runtime. `start` is the place after which asks are new; without a `past` what was
    /// before is read.
    pub(super) fn new(journal: Arc<dyn Journal>, bridge: Arc<B>, settings: Settings, start: Seq, past: Option<Past>) -> Self {
        let recorder = Recorder::new(journal.clone(), settings.clock.clone(), settings.shared.is_some());
        let rules = Rules::new(&settings);
        Self {
            journal,
            shared: settings.shared.map(Shared::new),
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
            judged: Instant::now(),
            patient_until: Instant::now(),
            warm_at: Instant::now(),
            marking: false,
            warming: false,
            stopping: false,
        }
    }

    /// Runs until it is told to stop, or the handle is dropped, or another host has taken over.
    pub(super) async fn run(mut self, mut feed: Feed, mut stop: impl Future<Output = Result<Duration, oneshot::error::RecvError>> + Unpin) {
        while !self.settle() {
            tokio::select! {
                biased;
                _ = &mut stop => return,
                () = sleep(AGAIN) => {}
            }
        }
        let mut ears = Ears::default();
        let grace = loop {
            if self.let_go() {
                // What was just started gets its turn before anything else is looked at.
                yield_now().await;
            }
            if self.is_superseded() {
                break None;
            }
            let (pace_at, warm_at, rule_at) = (self.next_departure(), self.next_warming(), self.next_rule());
            let patient_until = self.end_of_patience();
            tokio::select! {
                biased;
                grace = &mut stop => break Some(grace.unwrap_or_default()),
                Some(done) = self.tasks.join_next_with_id() => self.done(done),
                events = ears.next(&mut feed) => self.hear(&events),
                () = at(pace_at) => {}
                () = at(patient_until) => {}
                () = at(rule_at) => {}
                () = at(warm_at) => self.warm(),
            }
        };
        self.wind_up(feed, ears, grace, stop).await;
    }

    /// Ends what an earlier process left open, or takes it over, and lets the rules begin on what holds. False when that
    /// has to be tried again.
    fn settle(&mut self) -> bool {
        let now = (self.settings.clock)();
        let past = self.past.take().map_or_else(|| self.read_past(now), Ok);
        if self.shared.is_some() {
            return self.take_over(past, now);
        }
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
        true
    }

    fn read_past(&self, now: Moment) -> Result<Past, ReadError> {
        let history = self.journal.history();
        let after = history.before(now.minus(self.settings.look_back))?;
        Past::read(&history, after).map(|[past]| past)
    }

    /// Lets everything leave that may leave now; says whether anything was started.
    fn let_go(&mut self) -> bool {
        let before = self.jobs.len();
        self.judged = Instant::now();
        self.claim_keys();
        self.claim_ends();
        while !self.is_patient() {
            let waiting = if self.shared.is_some() { self.lanes.take_marked_key() } else { self.lanes.take_key() };
            let Some(waiting) = waiting else { break };
            self.depart(waiting, false);
        }
        while self.has_slot() && !self.is_probing() && self.is_paced() {
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
                if self.shared.is_some() {
                    self.claim(places, false);
                } else {
                    self.mark(places);
                }
            }
        }
        self.ask_by_rule();
        self.jobs.len() > before
    }

    fn mark(&mut self, places: Vec<Place>) {
        let asks = places.iter().map(|(seq, _)| *seq).collect();
        let mark = mark_sent(self.journal.clone(), self.settings.clock.clone(), asks);
        self.start(Job::Mark(places), async {
            mark.await;
            Done::Other
        });
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
                self.fail_fast(Waiting { seq, ask }, times);
                return;
            }
        };
        if let Some(shared) = &mut self.shared {
            shared.left(seq);
        }
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
            Done::Asked(attempt(&*bridge, &order, Some(joined), || clock(), limits, called_back).await)
        });
    }

    pub(super) fn start(&mut self, job: Job, task: impl Future<Output = Done> + Send + 'static) {
        let handle = self.tasks.spawn(task);
        self.jobs.insert(handle.id(), job);
    }

    fn done(&mut self, done: Result<(task::Id, Done), JoinError>) {
        let (id, done) = match done {
            Ok((id, done)) => (id, Some(done)),
            Err(error) => (error.id(), None),
        };
        match self.jobs.remove(&id) {
            Some(Job::Mark(places)) => {
                self.marking = false;
                self.lanes.marked(places);
            }
            Some(Job::Claim { places, keys, begun }) => {
                self.marking &= keys;
                self.claimed(places, keys, begun, done.as_ref());
            }
            Some(Job::ClaimEnds(ends)) => self.ends_claimed(ends, done.as_ref()),
            Some(Job::Close(call)) => self.lanes.ended(&call),
            Some(Job::Rules) => self.rules.asked(),
            Some(Job::Warm) => self.warming = false,
            Some(Job::Ask { seq, ask: Ask { call, action, .. }, paced, admission, enough: _ }) => {
                let ended = match done {
                    Some(Done::Asked(ended)) => ended,
                    _ => Ended {
                        outcome: Outcome::Unknown,
                        detail: "confmod failed while it was sending; see the log".to_owned(),
                        millis: 0,
                        reached: true,
                    },
                };
                self.paced -= u32::from(paced);
                let in_vain = self.breaker.note(admission, ended.reached);
                tracing::info!(call = call.tag(), action = action.word(), outcome = ended.outcome.words(), millis = ended.millis, "asked");
                let accepted = ended.outcome == Outcome::Accepted;
                let written = self.answer(seq, call.clone(), ended);
                self.start(Job::Close(call.clone()), async {
                    written.await;
                    Done::Other
                });
                if accepted && action == Action::Kick {
                    self.kicked(&call, seq);
                }
                if let Some(times) = in_vain {
                    for waiting in self.lanes.give_up() {
                        self.fail_fast(waiting, times);
                    }
                }
            }
            None => {}
        }
    }

    fn fail_fast(&mut self, Waiting { seq, ask }: Waiting, times: u32) {
        let detail = format!("the provider has not been reached {times} times in a row; not tried").into();
        self.end(Answer { ask: seq, call: ask.call, outcome: Outcome::NotDelivered, detail, millis: 0, reached: false });
    }

    pub(super) fn not_sent(&mut self, Waiting { seq, ask }: Waiting, why: &str) {
        self.end(Answer { ask: seq, call: ask.call, outcome: Outcome::NotSent, detail: why.into(), millis: 0, reached: true });
    }

    /// The end of an ask that has not left.
    fn end(&mut self, answer: Answer) {
        if self.shared.is_some() {
            self.end_shared(answer);
        } else {
            drop(self.recorder.answered(answer));
        }
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
    pub(super) fn is_patient(&self) -> bool {
        self.is_probing() && self.judged < self.patient_until
    }

    fn end_of_patience(&self) -> Option<Instant> {
        (self.is_patient() && self.lanes.has_key()).then_some(self.patient_until)
    }

    /// Whether it is time for the next bulk or automatic ask.
    fn is_paced(&mut self) -> bool {
        if self.pace_at > self.judged {
            self.judged = Instant::now();
        }
        self.pace_at <= self.judged
    }

    fn next_departure(&self) -> Option<Instant> {
        // Past departures wait for a lane, a slot or a probe, and all of them are told by the end of a task.
        (self.has_slot() && self.pace_at > self.judged && self.lanes.has_departure()).then_some(self.pace_at)
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
            Done::Other
        });
    }
}

async fn at(instant: Option<Instant>) {
    match instant {
        Some(instant) => sleep_until(instant).await,
        None => pending().await,
    }
}

#[cfg(test)]
mod tests;
