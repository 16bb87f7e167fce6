//! When a mode of a conference held. Whether a change is one is the roster's to say.

use smol_str::SmolStr;

use crate::conference::event::{Event, Mode, What};
use crate::conference::roster::Roster;
use crate::conference::{ConferenceId, Moment};

use super::record::Span;

/// A time in which a mode held.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) conference: ConferenceId,
    pub(super) mode: Mode,
    from: Moment,
    to: Option<Moment>,
    pub(super) by: SmolStr,
}

impl Held {
    /// What of it lies between two moments; a mode that still holds lasts to the end.
    pub(super) fn within(&self, time: Span) -> Option<Span> {
        let to = self.to.unwrap_or(time.to);
        (self.from <= time.to && to >= time.from).then(|| Span { from: self.from.max(time.from), to: to.min(time.to) })
    }
}

/// Modes as they come by.
#[derive(Debug, Default)]
pub(super) struct ModeTimes(pub(super) Vec<Held>);

impl ModeTimes {
    /// Folds an event into the roster and notes a mode that began or ended with it.
    pub(super) fn fold(&mut self, roster: &mut Roster, event: &Event) {
        let What::Mode(set) = &event.what else { return };
        let before = roster.mode(&set.conference, set.mode).is_some();
        roster.apply(event);
        let after = roster.mode(&set.conference, set.mode).is_some();
        if before == after {
            return;
        }
        if after {
            self.0.push(Held { conference: set.conference.clone(), mode: set.mode, from: event.at, to: None, by: set.by.clone() });
        } else if let Some(held) = self.0.iter_mut().rev().find(|held| held.conference == set.conference && held.mode == set.mode) {
            held.to = Some(event.at.max(held.from));
        }
    }
}
