//! What dispatch hears of: new asks, and all that keeps older ones from leaving. The caller is gone or elsewhere,
//! something newer was asked, it was stopped.

use super::engine::{Engine, Job, QUITTING};
use super::lanes::Waiting;
use crate::bridge::Bridge;
use crate::conference::event::{Ask, Cause, Event, Halted, Seq, What};
use crate::conference::{CallKey, ConferenceId, Moment};

pub(super) const LEFT: &str = "the caller left";
pub(super) const MOVED: &str = "the caller is in another conference now";
pub(super) const REPLACED: &str = "replaced by a newer ask";

pub(super) fn stopped_by(moderator: &str) -> String {
    format!("stopped by {moderator}")
}

impl<B: Bridge> Engine<B> {
    /// Takes in what has happened.
    pub(super) fn hear(&mut self, events: &[Event]) {
        for event in events {
            let told = self.rules.hear(event);
            match &event.what {
                What::Left(only) | What::Removed(only) => self.gone(&only.call, LEFT),
                What::Joined(arrival) => {
                    if let Some(conference) = &arrival.conference {
                        self.joined(&arrival.call, conference);
                    }
                }
                What::Asked(ask) => {
                    let waiting = Waiting { seq: event.seq, ask: ask.clone() };
                    let too_late = self.shared.as_mut().and_then(|shared| shared.heard(event, (self.settings.clock)()));
                    if told.moot.is_none() && self.is_stopped(ask, event.at) {
                        self.not_sent(waiting, &stopped_by(&ask.by));
                    } else if let Some(why) = too_late.filter(|_| told.moot.is_none()) {
                        self.not_sent(waiting, &why);
                    } else {
                        self.asked(waiting, told.moot);
                    }
                }
                // So a host that takes over says that it does.
                What::Sent(sent) if sent.asks.is_empty() => self.let_others(),
                What::Halted(halted) => self.halted(halted, event.at),
                _ => {}
            }
            self.stop_asks(&told.stop, told.why);
        }
    }

    fn halted(&mut self, halted: &Halted, at: Moment) {
        if halted.rest {
            self.stopped.insert(halted.by.clone(), at);
        }
        self.stop_asks(&halted.asks, &stopped_by(&halted.by));
    }

    /// Whether it is one of many that were stopped before all of them had come round.
    fn is_stopped(&self, ask: &Ask, at: Moment) -> bool {
        ask.cause == Cause::Bulk && self.stopped.get(&ask.by).is_some_and(|stopped| at < *stopped)
    }

    pub(super) fn asked(&mut self, waiting: Waiting, moot: Option<&'static str>) {
        if let Some(why) = moot.or(self.stopping.then_some(QUITTING)) {
            self.not_sent(waiting, why);
            return;
        }
        let (call, action) = (waiting.ask.call.clone(), waiting.ask.action);
        if let Some(older) = self.lanes.asked(waiting.seq, waiting.ask) {
            self.not_sent(older, REPLACED);
        }
        // Between two tries nothing of the older one is out: it makes room. One that wants the same may go on.
        self.call_back(REPLACED, |_, ask| ask.call == call && ask.action != action);
    }

    fn gone(&mut self, call: &CallKey, why: &str) {
        if let Some(waiting) = self.lanes.gone(call) {
            self.not_sent(waiting, why);
        }
        self.call_back(why, |_, ask| ask.call == *call);
    }

    /// A call may join another conference without a word of leaving the one before.
    fn joined(&mut self, call: &CallKey, conference: &ConferenceId) {
        if let Some(waiting) = self.lanes.moved(call, conference) {
            self.not_sent(waiting, MOVED);
        }
        self.call_back(MOVED, |_, ask| ask.call == *call && ask.conference != *conference);
    }

    /// A kick was accepted: what is asked for the caller from now on comes too late, also before the answer has gone
    /// round.
    pub(super) fn kicked(&mut self, call: &CallKey, ask: Seq) {
        self.gone(call, LEFT);
        self.rules.kicked(call, ask, (self.settings.clock)());
    }

    /// No further try is begun for asks in flight that are meant.
    pub(super) fn call_back(&mut self, why: &str, meant: impl Fn(Seq, &Ask) -> bool) {
        for job in self.jobs.values_mut() {
            if let Job::Ask { seq, ask, enough, .. } = job
                && meant(*seq, ask)
                && let Some(enough) = enough.take()
            {
                // It may have ended just now.
                let _ = enough.send(why.to_owned());
            }
        }
    }
}
