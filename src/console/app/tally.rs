//! Asks that were made together are told in one line, kept up to date while their answers come. A group is
//! known by an event's place in the journal: that of a mode, or of the first of many asks.

use std::collections::{BTreeMap, HashMap};

use super::{App, Tone};
use crate::conference::event::Seq;
use crate::conference::{Action, Moment, Outcome};

/// Groups that are remembered; the oldest goes first.
const GROUPS: usize = 32;

/// How far a group of asks has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tally {
    head: String,
    action: Action,
    asked: usize,
    accepted: usize,
    failed: usize,
    unknown: usize,
    unsent: usize,
}

impl Tally {
    /// Asks without an answer.
    pub(super) fn left(&self) -> usize {
        self.asked - self.accepted - self.failed - self.unknown - self.unsent
    }

    /// `lecture mode in 1122 muted 143, 1 failed, 69 to go`.
    pub(super) fn text(&self) -> String {
        let parts = [(self.failed, "failed"), (self.unknown, "unknown"), (self.unsent, "not sent"), (self.left(), "to go")];
        let parts = parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!(", {count} {what}"));
        format!("{} {} {}{}", self.head, self.action.done(), self.accepted, parts.collect::<String>())
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
        let new = || Tally { head, action, asked: 0, accepted: 0, failed: 0, unknown: 0, unsent: 0 };
        self.groups.entry(group).or_insert_with(new);
        if self.groups.len() > GROUPS
            && let Some((oldest, _)) = self.groups.pop_first()
        {
            self.asks.retain(|_, group| *group != oldest);
        }
    }

    /// Takes an ask in; false when there is no such group, or it asks for something else.
    pub(super) fn asked(&mut self, group: Seq, ask: Seq, action: Action) -> bool {
        let Some(tally) = self.groups.get_mut(&group).filter(|tally| tally.action == action) else { return false };
        tally.asked += usize::from(self.asks.insert(ask, group).is_none());
        true
    }

    /// Takes the end of an ask in; says whose it was, where it was anybody's.
    pub(super) fn answered(&mut self, ask: Seq, outcome: Outcome) -> Option<Seq> {
        let group = self.asks.remove(&ask)?;
        let tally = self.groups.get_mut(&group)?;
        match outcome {
            Outcome::Accepted => tally.accepted += 1,
            Outcome::Refused | Outcome::NotDelivered => tally.failed += 1,
            Outcome::Unknown => tally.unknown += 1,
            Outcome::NotSent => tally.unsent += 1,
        }
        Some(group)
    }

    /// Asks that went round unrecorded have a place in the journal now.
    pub(super) fn recorded(&mut self, late: &[(Seq, Seq)]) {
        for (from, to) in late {
            if let Some(group) = self.asks.remove(from) {
                self.asks.insert(*to, group);
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
        assert!(!tallies.asked(Seq(1), Seq(2), Action::Mute), "nothing is counted before the group is open");
        tallies.open(Seq(1), "lecture mode in 1122".into(), Action::Mute);
        for ask in [2, 3, 4, 5, 6, 6] {
            assert!(tallies.asked(Seq(1), Seq(ask), Action::Mute));
        }
        assert!(!tallies.asked(Seq(1), Seq(7), Action::Unmute), "something else");
        let text = |tallies: &Tallies| tallies.groups[&Seq(1)].text();
        assert_eq!(text(&tallies), "lecture mode in 1122 muted 0, 5 to go");
        tallies.recorded(&[(Seq(6), Seq(60)), (Seq(7), Seq(70))]);
        for (ask, outcome) in
            [(2, Outcome::Accepted), (2, Outcome::Accepted), (3, Outcome::Refused), (4, Outcome::Unknown), (60, Outcome::NotSent)]
        {
            tallies.answered(Seq(ask), outcome);
        }
        assert_eq!(text(&tallies), "lecture mode in 1122 muted 1, 1 failed, 1 unknown, 1 not sent, 1 to go");
        assert_eq!(tallies.answered(Seq(5), Outcome::NotDelivered), Some(Seq(1)));
        assert_eq!(text(&tallies), "lecture mode in 1122 muted 1, 2 failed, 1 unknown, 1 not sent");
        assert_eq!(tallies.answered(Seq(9), Outcome::Accepted), None);
    }

    #[test]
    fn old_groups_are_forgotten_with_their_asks() {
        let mut tallies = Tallies::default();
        for group in 0..100 {
            tallies.open(Seq(group), String::new(), Action::Mute);
            tallies.asked(Seq(group), Seq(1_000 + group), Action::Mute);
        }
        assert_eq!((tallies.groups.len(), tallies.asks.len()), (GROUPS, GROUPS));
    }
}
