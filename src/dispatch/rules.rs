//! Running the rules of the conferences: the policy hears what dispatch hears, and what it says is due is appended
//! as asks, which come back and are queued as all others.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use tokio::time::Instant;

use super::Settings;
use super::engine::{Done, Engine, Job};
use super::lanes::Waiting;
use super::record::append_asks;
use crate::bridge::Bridge;
use crate::conference::event::{Event, Seq, What};
use crate::conference::policy::{Policy, Told};
use crate::conference::{CallKey, Moment, Outcome};

/// How many asks are written down together.
const PORTION: usize = 50;

/// While more are queued than this, rules ask nothing more: a lecture that begins for thousands fills neither the
/// memory nor the journal with what its end would void, and who must be kicked does not wait behind all of them.
const AHEAD: usize = 50;

/// How long a portion that was written down may take to be heard of. A feed that fell behind while the journal
/// had trouble may never tell.
const HEARD_WITHIN: Duration = Duration::from_secs(1);

/// How often calls that went silent are looked for.
const TIDY_EVERY: Duration = Duration::from_hours(1);

/// The policy, and what it takes to run it.
pub(super) struct Rules {
    pub(super) policy: Policy,
    /// A portion of asks is being written down.
    asking: bool,
    /// Asks of the portion that were not heard of yet, and until when they are waited for.
    unheard: usize,
    heard_by: Instant,
    /// Asks that were written down late: from their place in the journal to the number they are queued under.
    late: HashMap<Seq, Seq>,
    look_back: Duration,
    tidied: Moment,
}

impl Rules {
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            policy: Policy::new(settings.ask_after_join, settings.send_withheld),
            asking: false,
            unheard: 0,
            heard_by: Instant::now(),
            late: HashMap::new(),
            look_back: settings.look_back,
            tidied: Moment::default(),
        }
    }

    pub(super) fn hear(&mut self, event: &Event) -> Told {
        match &event.what {
            What::Joined(_) if event.at.since(self.tidied) >= TIDY_EVERY => {
                self.tidied = event.at;
                self.policy.forget(event.at, self.look_back);
            }
            What::Asked(ask) if ask.rule.is_some() => self.unheard = self.unheard.saturating_sub(1),
            What::Recorded(recorded) => self.late.extend(recorded.late.iter().map(|(from, to)| (*to, *from))),
            What::Answered(answer) => drop(self.late.remove(&answer.ask)),
            _ => {}
        }
        self.policy.apply(event)
    }

    /// The portion is written down.
    pub(super) fn asked(&mut self) {
        self.asking = false;
        self.heard_by = Instant::now() + HEARD_WITHIN;
    }

    fn waits_to_hear(&self) -> bool {
        self.unheard > 0 && Instant::now() < self.heard_by
    }

    /// The number under which an ask is queued: the one it was heard with.
    fn number_in_lanes(&self, seq: Seq) -> Seq {
        self.late.get(&seq).copied().unwrap_or(seq)
    }

    /// An ask was stopped before it left.
    fn never_left(&mut self, waiting: &Waiting, now: Moment) {
        self.policy.ended(&waiting.ask.call, self.place_of(waiting.seq), Outcome::NotSent, now);
    }

    /// A kick was accepted.
    pub(super) fn kicked(&mut self, call: &CallKey, ask: Seq, now: Moment) {
        self.policy.ended(call, self.place_of(ask), Outcome::Accepted, now);
    }

    /// The place in the journal of an ask that was heard with this number.
    fn place_of(&self, heard: Seq) -> Seq {
        self.late.iter().find(|(_, other)| **other == heard).map_or(heard, |(place, _)| *place)
    }
}

impl<B: Bridge> Engine<B> {
    /// These asks do not leave, unless they have.
    pub(super) fn stop_asks(&mut self, asks: &[Seq], why: &str) {
        if asks.is_empty() {
            return;
        }
        let asks: HashSet<Seq> = asks.iter().map(|seq| self.rules.number_in_lanes(*seq)).collect();
        let now = (self.settings.clock)();
        for waiting in self.lanes.halt(&asks) {
            self.rules.never_left(&waiting, now);
            self.not_sent(waiting, why);
        }
        self.call_back(why, |seq, _| asks.contains(&seq));
    }

    fn rules_may_ask(&self) -> bool {
        !self.rules.asking && !self.stopping && !self.rules.waits_to_hear() && self.lanes.backlog() <= AHEAD
    }

    /// Makes the next asks that are due.
    pub(super) fn ask_by_rule(&mut self) {
        if !self.rules_may_ask() {
            return;
        }
        let asks = self.rules.policy.take((self.settings.clock)(), PORTION);
        if asks.is_empty() {
            return;
        }
        (self.rules.asking, self.rules.unheard) = (true, asks.len());
        let append = append_asks(self.journal.clone(), self.settings.clock.clone(), asks, self.shared.is_some());
        self.start(Job::Rules, async {
            append.await;
            Done::Other
        });
    }

    /// When a rule may have something to ask. Without room for it the end of a task or an event tells.
    pub(super) fn next_rule(&self) -> Option<Instant> {
        if !self.rules.asking && self.rules.waits_to_hear() {
            return Some(self.rules.heard_by);
        }
        let wait = self.rules.policy.due_in((self.settings.clock)()).filter(|_| self.rules_may_ask())?;
        Some(Instant::now() + wait)
    }
}
