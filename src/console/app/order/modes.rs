//! Lecture mode and lock, set and ended; and who is spared by them. What a mode does to callers is dispatch's.

use crate::conference::ConferenceId;
use crate::conference::event::{Exempted, Mode, ModeSet, What};
use crate::conference::modes::InForce;
use crate::conference::roster::Participant;
use crate::console::app::{App, Effect};

impl App {
    /// `M` and `L`: begins a mode, or ends it.
    pub(super) fn set_mode(&mut self, mode: Mode) -> Vec<Effect> {
        let Ok(conference) = self.here().cloned() else { return Vec::new() };
        let on = self.roster.mode(&conference, mode).is_none();
        vec![Effect::Append(What::Mode(ModeSet { conference, mode, on, by: self.settings.moderator.clone() }))]
    }

    /// `x`: spares the caller under the cursor, or no longer.
    pub(super) fn exempt(&mut self) -> Vec<Effect> {
        let Some(call) = self.selected() else { return Vec::new() };
        let exempt = !self.roster.is_exempt(call);
        let exempted = Exempted { call: call.call_key(), number: call.number, exempt, by: self.settings.moderator.clone() };
        vec![Effect::Append(What::Exempted(exempted))]
    }

    /// The modes that hold in what is shown.
    pub fn modes_here(&self) -> impl Iterator<Item = (&ConferenceId, Mode, &InForce)> {
        let shown = self.view.conference.as_ref();
        self.roster.modes().iter().filter(move |(conference, ..)| shown.is_none_or(|shown| shown == *conference))
    }

    /// Whether the rules of a conference are for a caller and cannot reach that caller.
    pub(in crate::console::app) fn is_out_of_reach(&self, call: &Participant) -> bool {
        !self.roster.is_exempt(call) && self.wire_number(call).is_none()
    }
}
