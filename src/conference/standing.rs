//! Which facts still carry something: names, contacts, exemptions, bans and modes hold however old they are, until
//! a later one takes their place. Pure; for every journal that cuts old events away.
//!
//! What a fact means is the folds' own affair ([`People`](super::people::People), [`Modes`]), so they are asked here: a
//! fact carries nothing when they end up the same without it. Facts are given up oldest first, each judged by what
//! is left of those before it, so that whoever stops in the middle, or reads meanwhile, finds the same as before.

use std::collections::HashMap;

use super::event::{Event, Mode, ModeSet, Seq, What};
use super::modes::Modes;
use super::people::{Person, Said, said};
use super::{ConferenceId, Moment};
use crate::phone::Number;

/// Whom or what a fact is about.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Subject<'a> {
    Person(Number),
    Mode(&'a ConferenceId, Mode),
}

/// What a fact says of one subject.
#[derive(Clone, Copy)]
enum Step<'a> {
    Said(Said<'a>, Moment),
    Set(&'a ModeSet, Moment, Seq),
}

/// What is known of one subject.
#[derive(Clone, Default)]
struct Known {
    person: Person,
    modes: Modes,
}

impl Known {
    fn take(&mut self, step: Step<'_>) {
        match step {
            Step::Said(said, at) => self.person.take(said, at),
            Step::Set(set, at, seq) => drop(self.modes.apply(set, at, seq)),
        }
    }

    fn is_as(&self, other: &Self, at: Moment) -> bool {
        self.modes == other.modes && self.person.is_as(&other.person, at)
    }
}

/// What a fact says, subject by subject. One about a call alone says nothing here: it goes with its call.
fn steps(fact: &Event) -> Vec<(Subject<'_>, Step<'_>)> {
    match &fact.what {
        What::Mode(set) => vec![(Subject::Mode(&set.conference, set.mode), Step::Set(set, fact.at, fact.seq))],
        what => said(what).into_iter().map(|(number, said)| (Subject::Person(number), Step::Said(said, fact.at))).collect(),
    }
}

/// The places of the facts that are needed so that everything is known that all of them together say; in order.
///
/// `facts` are all that there are up to some place, in order ([`What::STANDING`]); other events say nothing. A ban
/// that is over at `at` holds no longer. The others may be removed, the oldest first.
#[must_use]
pub fn carried(facts: &[Event], at: Moment) -> Vec<Seq> {
    let mut said: HashMap<Subject<'_>, Vec<(Seq, Step<'_>)>> = HashMap::new();
    for fact in facts {
        for (subject, step) in steps(fact) {
            said.entry(subject).or_default().push((fact.seq, step));
        }
    }
    let mut kept: HashMap<Subject<'_>, Known> = HashMap::new();
    let mut carried = Vec::new();
    for fact in facts {
        let steps = steps(fact);
        let missed = |(subject, step): &(Subject<'_>, Step<'_>)| {
            let without = kept.get(subject).cloned().unwrap_or_default();
            let all = &said[subject];
            let later = &all[all.partition_point(|(seq, _)| *seq <= fact.seq)..];
            is_missed(without, *step, later.iter().map(|(_, step)| *step), at)
        };
        if steps.iter().any(missed) {
            for (subject, step) in steps {
                kept.entry(subject).or_default().take(step);
            }
            carried.push(fact.seq);
        }
    }
    carried
}

/// Whether the same is not known in the end, when a step is left out.
fn is_missed<'a>(mut without: Known, step: Step<'a>, later: impl Iterator<Item = Step<'a>>, at: Moment) -> bool {
    let mut with = without.clone();
    with.take(step);
    for next in later {
        // Two that are alike stay alike, so most are decided by the next fact or two.
        if with.is_as(&without, at) {
            return false;
        }
        with.take(next);
        without.take(next);
    }
    !with.is_as(&without, at)
}

#[cfg(test)]
mod tests;
