//! What a host finds in a shared journal when it takes over: what is known to have left or may have, what will not leave,
//! and what is carried out now. Pure.

use std::collections::{BTreeMap, HashMap};

use smol_str::SmolStr;

use super::hearing::{LEFT, MOVED, REPLACED, stopped_by};
use super::lanes::Waiting;
use super::shared::not_sent;
use crate::conference::event::{Answer, Ask, Cause, Event, Seq, What};
use crate::conference::policy::Policy;
use crate::conference::{Action, Moment, Outcome};
use crate::journal::{Past, ReadError};

/// Asks without an answer.
#[derive(Default)]
pub(super) struct Taken {
    /// Those that were marked: they may have left.
    pub(super) unknown: Vec<Answer>,
    /// Those that nobody has sent, and that will not be.
    pub(super) not_sent: Vec<Answer>,
    /// Those that are still to be carried out, in their order, and when they were asked.
    pub(super) waiting: Vec<(Waiting, Moment)>,
    /// When each moderator last stopped what was asked for many.
    pub(super) stopped: HashMap<SmolStr, Moment>,
}

struct Open {
    ask: Ask,
    at: Moment,
    marked: bool,
    /// Why it will not leave, unless it has.
    why: Option<String>,
}

#[derive(Default)]
struct Found {
    open: BTreeMap<Seq, Open>,
    stopped: HashMap<SmolStr, Moment>,
}

/// Takes in what was up to and including a place, and the facts that stood before; the rules fold all of it. What keeps an
/// ask from leaving is what would have kept it from leaving on the host before. `too_late` says why one of a moment is not
/// carried out any more.
pub(super) fn read_back(
    past: Past,
    until: Seq,
    policy: &mut Policy,
    too_late: impl Fn(Moment) -> Option<String>,
) -> Result<Taken, ReadError> {
    let mut found = Found::default();
    for events in past {
        for event in events?.iter().filter(|event| event.seq <= until) {
            found.hear(event, policy, &too_late);
        }
    }
    let mut taken = Taken { stopped: found.stopped, ..Taken::default() };
    for (seq, Open { ask, at, marked, why }) in found.open {
        if marked {
            let detail = "the confmod that sent it ended before the answer came".into();
            // Nothing says that the provider could not be reached.
            taken.unknown.push(Answer { ask: seq, call: ask.call, outcome: Outcome::Unknown, detail, millis: 0, reached: true });
        } else if let Some(why) = why {
            taken.not_sent.push(not_sent(seq, &ask.call, &why));
        } else {
            taken.waiting.push((Waiting { seq, ask }, at));
        }
    }
    Ok(taken)
}

impl Found {
    fn hear(&mut self, event: &Event, policy: &mut Policy, too_late: &impl Fn(Moment) -> Option<String>) {
        let moot = if let What::Asked(ask) = &event.what { policy.why_too_late(ask) } else { None };
        let told = policy.apply(event);
        match &event.what {
            What::Left(only) | What::Removed(only) => self.will_not(policy, event.at, LEFT, |_, ask| ask.call == only.call),
            What::Joined(arrival) => {
                if let Some(conference) = &arrival.conference {
                    let elsewhere = |_, ask: &Ask| ask.call == arrival.call && ask.conference != *conference;
                    self.will_not(policy, event.at, MOVED, elsewhere);
                }
            }
            What::Asked(ask) => {
                let stopped = ask.cause == Cause::Bulk && self.stopped.get(&ask.by).is_some_and(|stopped| event.at < *stopped);
                let why = moot.map(str::to_owned).or_else(|| stopped.then(|| stopped_by(&ask.by))).or_else(|| too_late(event.at));
                match why {
                    Some(_) => policy.ended(&ask.call, event.seq, Outcome::NotSent, event.at),
                    None => self.will_not(policy, event.at, REPLACED, |_, older| older.call == ask.call),
                }
                self.open.insert(event.seq, Open { ask: ask.clone(), at: event.at, marked: false, why });
            }
            // It went round in a process that had a journal of its own, and may have left.
            What::AskedLate(ask) => {
                self.open.insert(event.seq, Open { ask: ask.clone(), at: event.at, marked: true, why: None });
            }
            What::Sent(sent) => {
                for seq in &sent.asks {
                    if let Some(ask) = self.open.get_mut(seq) {
                        ask.marked = true;
                    }
                }
            }
            What::Answered(answer) => self.answered(answer, policy, event.at),
            What::Halted(halted) => {
                if halted.rest {
                    self.stopped.insert(halted.by.clone(), event.at);
                }
                self.will_not(policy, event.at, &stopped_by(&halted.by), |seq, _| halted.asks.contains(&seq));
            }
            _ => {}
        }
        if !told.stop.is_empty() {
            self.will_not(policy, event.at, told.why, |seq, _| told.stop.contains(&seq));
        }
    }

    fn answered(&mut self, answer: &Answer, policy: &mut Policy, at: Moment) {
        let kicked = self.open.remove(&answer.ask).is_some_and(|open| open.ask.action == Action::Kick);
        if kicked && answer.outcome == Outcome::Accepted {
            self.will_not(policy, at, LEFT, |_, ask| ask.call == answer.call);
        }
    }

    /// Asks that have not left will not.
    fn will_not(&mut self, policy: &mut Policy, at: Moment, why: &str, meant: impl Fn(Seq, &Ask) -> bool) {
        for (seq, open) in self.open.iter_mut().filter(|(_, open)| !open.marked && open.why.is_none()) {
            if meant(*seq, &open.ask) {
                open.why = Some(why.to_owned());
                policy.ended(&open.ask.call, *seq, Outcome::NotSent, at);
            }
        }
    }
}
