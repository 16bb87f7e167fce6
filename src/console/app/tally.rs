//! Asks that were made together are told in one line, kept up to date while their answers come. A group is
//! known by an event's place in the journal: that of a mode, or of the first of many asks.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{App, Tone};
use crate::conference::event::Seq;
use crate::conference::{Action, CallKey, Moment, Outcome};

/// Groups that are remembered; the oldest goes first.
const GROUPS: usize = 32;

/// How far a group of asks has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tally {
    head: String,
    action: Action,
    /// The last ask of each call, and how it ended: a restart asks once more.
    last: HashMap<CallKey, (Seq, Option<Outcome>)>,
    /// Calls that count, and of which nothing is known any more: a lecture may last for weeks.
    forgotten: usize,
    accepted: usize,
    failed: usize,
    unknown: usize,
    unsent: usize,
}

impl Tally {
    /// Calls whose last ask has no answer.
    pub(super) fn left(&self) -> usize {
        self.last.len() + self.forgotten - self.accepted - self.failed - self.unknown - self.unsent
    }

    /// `lecture mode in 1122 muted 143, 1 failed, 69 to go`.
    pub(super) fn text(&self) -> String {
        let parts = [(self.failed, "failed"), (self.unknown, "unknown"), (self.unsent, "not sent"), (self.left(), "to go")];
        let parts = parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!(", {count} {what}"));
        format!("{} {} {}{}", self.head, self.action.done(), self.accepted, parts.collect::<String>())
    }

    fn counted(&mut self, outcome: Outcome) -> &mut usize {
        match outcome {
            Outcome::Accepted => &mut self.accepted,
            Outcome::Refused | Outcome::NotDelivered => &mut self.failed,
            Outcome::Unknown => &mut self.unknown,
            Outcome::NotSent => &mut self.unsent,
        }
    }

    fn tone(&self) -> Tone {
        match (self.failed + self.unknown, self.left()) {
            (1.., _) => Tone::Warning,
            (0, 0) => Tone::Good,
            _ => Tone::Plain,
        }
    }
}

/// All groups that are remembered.
#[derive(Debug, Default)]
pub(super) struct Tallies {
    groups: BTreeMap<Seq, Tally>,
    /// Asks without an answer, and whose they are.
    asks: HashMap<Seq, Seq>,
}

impl Tallies {
    /// Begins a group: what its line begins with, and what is asked. A group that there is goes on.
    pub(super) fn open(&mut self, group: Seq, head: String, action: Action) {
        let new = || Tally { head, action, last: HashMap::new(), forgotten: 0, accepted: 0, failed: 0, unknown: 0, unsent: 0 };
        self.groups.entry(group).or_insert_with(new);
        if self.groups.len() > GROUPS
            && let Some((oldest, _)) = self.groups.pop_first()
        {
            self.asks.retain(|_, group| *group != oldest);
        }
    }

    /// Takes an ask in; false when there is no such group, or it asks for something else.
    pub(super) fn asked(&mut self, group: Seq, ask: Seq, action: Action, call: &CallKey) -> bool {
        let Some(tally) = self.groups.get_mut(&group).filter(|tally| tally.action == action) else { return false };
        if self.asks.insert(ask, group).is_none()
            && let Some((_, Some(outcome))) = tally.last.insert(call.clone(), (ask, None))
        {
            *tally.counted(outcome) -= 1;
        }
        true
    }

    /// Takes the end of an ask in; says whose it was, where it was anybody's. Only the last ask of a call counts.
    pub(super) fn answered(&mut self, ask: Seq, call: &CallKey, outcome: Outcome) -> Option<Seq> {
        let group = self.asks.remove(&ask)?;
        let tally = self.groups.get_mut(&group)?;
        if let Some((last, ended)) = tally.last.get_mut(call)
            && *last == ask
            && ended.replace(outcome).is_none()
        {
            *tally.counted(outcome) += 1;
        }
        Some(group)
    }

    /// Nothing is known of these calls any more. What was counted stays; an ask without an answer is to go on waiting.
    pub(super) fn forget<'a>(&mut self, calls: impl Iterator<Item = &'a CallKey>) {
        for call in calls {
            for tally in self.groups.values_mut() {
                if tally.last.get(call).is_some_and(|(_, ended)| ended.is_some()) {
                    tally.last.remove(call);
                    tally.forgotten += 1;
                }
            }
        }
    }

    /// Asks that went round unrecorded have a place in the journal now.
    pub(super) fn recorded(&mut self, late: &[(Seq, Seq)]) {
        let places: HashMap<Seq, Seq> = late.iter().copied().collect();
        let groups: BTreeSet<Seq> = late
            .iter()
            .filter_map(|(from, to)| {
                let group = self.asks.remove(from)?;
                self.asks.insert(*to, group);
                Some(group)
            })
            .collect();
        for (_, tally) in self.groups.iter_mut().filter(|(group, _)| groups.contains(group)) {
            for (ask, _) in tally.last.values_mut() {
                *ask = places.get(ask).copied().unwrap_or(*ask);
            }
        }
    }
}

impl App {
    /// Brings the line of a group up to date, in place; once all is answered the status line says it too.
    pub(super) fn tell_tally(&mut self, group: Seq, at: Moment, news: bool) {
        let Some(tally) = self.tallies.groups.get(&group) else { return };
        let (text, tone, over) = (tally.text(), tally.tone(), tally.left() == 0);
        if over && news {
            self.say(tone, text.clone());
        }
        match self.lines.iter_mut().rev().find(|line| line.about == Some(group)) {
            Some(line) => (line.text, line.tone) = (text, tone),
            None => self.write_line(Some(group), at, tone, text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_counts_each_ask_once() {
        let mut tallies = Tallies::default();
        let call = |ask: u64| CallKey::new(&format!("call-{ask}"));
        assert!(!tallies.asked(Seq(1), Seq(2), Action::Mute, &call(2)), "nothing is counted before the group is open");
        tallies.open(Seq(1), "lecture mode in 1122".into(), Action::Mute);
        for ask in [2, 3, 4, 5, 6, 6] {
            assert!(tallies.asked(Seq(1), Seq(ask), Action::Mute, &call(ask)));
        }
        assert!(!tallies.asked(Seq(1), Seq(7), Action::Unmute, &call(7)), "something else");
        let text = |tallies: &Tallies| tallies.groups[&Seq(1)].text();
        assert_eq!(text(&tallies), "lecture mode in 1122 muted 0, 5 to go");
        tallies.recorded(&[(Seq(6), Seq(60)), (Seq(7), Seq(70))]);
        for (ask, outcome) in
            [(2, Outcome::Accepted), (2, Outcome::Accepted), (3, Outcome::Refused), (4, Outcome::Unknown), (60, Outcome::NotSent)]
        {
            tallies.answered(Seq(ask), &call(if ask == 60 { 6 } else { ask }), outcome);
        }
        assert_eq!(text(&tallies), "lecture mode in 1122 muted 1, 1 failed, 1 unknown, 1 not sent, 1 to go");
        assert_eq!(tallies.answered(Seq(5), &call(5), Outcome::NotDelivered), Some(Seq(1)));
        assert_eq!(text(&tallies), "lecture mode in 1122 muted 1, 2 failed, 1 unknown, 1 not sent");
        assert_eq!(tallies.answered(Seq(9), &call(9), Outcome::Accepted), None);
    }

    #[test]
    fn a_call_that_is_asked_again_counts_by_its_last_ask() {
        let mut tallies = Tallies::default();
        tallies.open(Seq(1), "lecture mode in 1122".into(), Action::Mute);
        let calls: Vec<CallKey> = ["a", "b", "c", "d"].map(CallKey::new).into();
        let outcomes = [Outcome::Accepted, Outcome::Unknown, Outcome::NotSent, Outcome::NotSent];
        for (ask, (call, outcome)) in (2..).zip(calls.iter().zip(outcomes)) {
            tallies.asked(Seq(1), Seq(ask), Action::Mute, call);
            tallies.answered(Seq(ask), call, outcome);
        }
        let text = |tallies: &Tallies| tallies.groups[&Seq(1)].text();
        assert_eq!(text(&tallies), "lecture mode in 1122 muted 1, 1 unknown, 2 not sent");
        for (ask, call) in (10..).zip(&calls[1..]) {
            tallies.asked(Seq(1), Seq(ask), Action::Mute, call);
        }
        assert_eq!(text(&tallies), "lecture mode in 1122 muted 1, 3 to go");
        for (ask, call) in (10..).zip(&calls[1..]) {
            tallies.answered(Seq(ask), call, Outcome::Accepted);
        }
        assert_eq!(text(&tallies), "lecture mode in 1122 muted 4");
        // An answer that comes after the call was asked again is no end of that.
        tallies.asked(Seq(1), Seq(20), Action::Mute, &calls[0]);
        tallies.asked(Seq(1), Seq(21), Action::Mute, &calls[0]);
        tallies.recorded(&[(Seq(21), Seq(22))]);
        assert_eq!(tallies.answered(Seq(20), &calls[0], Outcome::NotSent), Some(Seq(1)));
        assert_eq!(text(&tallies), "lecture mode in 1122 muted 3, 1 to go");
        tallies.answered(Seq(22), &calls[0], Outcome::Accepted);
        assert_eq!(text(&tallies), "lecture mode in 1122 muted 4");
    }

    #[test]
    fn calls_that_nothing_is_known_of_any_more_count_and_take_no_room() {
        let mut tallies = Tallies::default();
        tallies.open(Seq(1), "lecture mode in 1122".into(), Action::Mute);
        let calls: Vec<CallKey> = (0..100).map(|call| CallKey::new(&format!("call-{call}"))).collect();
        for (ask, call) in (2..).zip(&calls) {
            tallies.asked(Seq(1), Seq(ask), Action::Mute, call);
            if ask > 2 {
                tallies.answered(Seq(ask), call, Outcome::Accepted);
            }
        }
        tallies.forget(calls.iter());
        assert_eq!(tallies.groups[&Seq(1)].text(), "lecture mode in 1122 muted 99, 1 to go");
        assert_eq!(tallies.groups[&Seq(1)].last.len(), 1, "the one without an answer");
        tallies.answered(Seq(2), &calls[0], Outcome::Refused);
        tallies.forget(calls.iter());
        assert_eq!(tallies.groups[&Seq(1)].text(), "lecture mode in 1122 muted 99, 1 failed");
        assert!(tallies.groups[&Seq(1)].last.is_empty() && tallies.asks.is_empty());
    }

    #[test]
    fn old_groups_are_forgotten_with_their_asks() {
        let mut tallies = Tallies::default();
        for group in 0..100 {
            tallies.open(Seq(group), String::new(), Action::Mute);
            tallies.asked(Seq(group), Seq(1_000 + group), Action::Mute, &"a".into());
        }
        assert_eq!((tallies.groups.len(), tallies.asks.len()), (GROUPS, GROUPS));
    }
}
