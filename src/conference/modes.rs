//! The modes that hold in conferences: lecture mode and lock. A pure fold.

use std::collections::BTreeMap;

use smol_str::SmolStr;

use super::event::{Mode, ModeSet, Seq};
use super::{ConferenceId, Moment};

impl Mode {
    /// What it is called: `lecture mode`, `lock`.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Lecture => "lecture mode",
            Self::Lock => "lock",
        }
    }
}

/// A mode that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InForce {
    /// Since when.
    pub since: Moment,
    /// The moderator who set it.
    pub by: SmolStr,
    /// The event that began it.
    pub seq: Seq,
}

/// The modes of all conferences.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Modes {
    in_force: BTreeMap<(ConferenceId, Mode), InForce>,
}

impl Modes {
    /// Takes a change in; says whether it was one.
    pub fn apply(&mut self, set: &ModeSet, at: Moment, seq: Seq) -> bool {
        let key = (set.conference.clone(), set.mode);
        if !set.on {
            return self.in_force.remove(&key).is_some();
        }
        if self.in_force.contains_key(&key) {
            return false;
        }
        self.in_force.insert(key, InForce { since: at, by: set.by.clone(), seq });
        true
    }

    /// A mode of a conference, where it holds.
    #[must_use]
    pub fn get(&self, conference: &ConferenceId, mode: Mode) -> Option<&InForce> {
        // The key is owned; cloning a conference's number is one count.
        self.in_force.get(&(conference.clone(), mode))
    }

    /// All modes that hold, by conference.
    pub fn iter(&self) -> impl Iterator<Item = (&ConferenceId, Mode, &InForce)> {
        self.in_force.iter().map(|((conference, mode), held)| (conference, *mode, held))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(mode: Mode, on: bool) -> ModeSet {
        ModeSet { conference: "1122".into(), mode, on, by: "ada".into() }
    }

    #[test]
    fn a_mode_holds_until_it_is_ended_and_a_repeat_changes_nothing() {
        let mut modes = Modes::default();
        assert!(modes.apply(&set(Mode::Lecture, true), Moment(1), Seq(1)));
        assert!(!modes.apply(&set(Mode::Lecture, true), Moment(2), Seq(2)));
        let held = modes.get(&"1122".into(), Mode::Lecture).expect("holds");
        assert_eq!((held.since, held.seq, &*held.by), (Moment(1), Seq(1), "ada"));
        assert_eq!(modes.get(&"1122".into(), Mode::Lock), None);
        assert_eq!(modes.get(&"9".into(), Mode::Lecture), None);
        assert!(modes.apply(&set(Mode::Lecture, false), Moment(3), Seq(3)));
        assert!(!modes.apply(&set(Mode::Lecture, false), Moment(4), Seq(4)));
        assert_eq!(modes.iter().count(), 0);
    }
}
