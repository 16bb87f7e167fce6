//! Whether callbacks come: silence while callers are in, and the times in which nobody listened.

use std::time::Duration;

use super::{App, Tone, plural};
use crate::conference::Moment;

/// A restart: the provider tries a callback that was not answered again.
pub(super) const SHORT_GAP: Duration = Duration::from_secs(5);

/// The times in which nobody listened, within what was read of the journal. Restarts of a moment are none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gaps {
    /// How many there were.
    pub count: u32,
    /// The last of them.
    pub last: Option<Gap>,
}

/// A time in which nobody listened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// When it began.
    pub since: Moment,
    /// How long it lasted.
    pub length: Duration,
    /// Whether callers were in when it began: then who left or came meanwhile is not known.
    pub missed: bool,
}

impl App {
    /// When it is time to warn, unless something comes before; none while nobody is in.
    pub(super) fn silence_due(&self) -> Option<Moment> {
        // Where nothing can come, that nothing comes says nothing of the call flow.
        let last = self.last_callback.filter(|_| !self.is_lost() && self.roster.all().inside > 0)?;
        // On a beat, so that the age beside it reads as it should.
        Some(super::ages::beat_after(last.plus(self.settings.silence_after)))
    }

    /// Whether callers are in and no callback came for longer than is ordinary.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.silence_due().is_some_and(|due| due <= self.now)
    }

    /// When a silence is to be told that was not told yet.
    pub(super) fn silence_to_tell(&self) -> Option<Moment> {
        self.silence_due().filter(|_| !self.told_silence)
    }

    /// Tells of a silence once; says whether it did.
    pub(super) fn tell_silence(&mut self) -> bool {
        if !self.is_silent() || std::mem::replace(&mut self.told_silence, true) {
            return false;
        }
        let age = self.last_callback.map(|last| self.age_of(last)).unwrap_or_default();
        let who = plural(self.roster.all().inside as usize, "caller is", "callers are");
        self.log(self.now, Tone::Warning, format!("no callback for {age} while {who} in: does the call flow still reach confmod?"));
        true
    }

    /// Takes a start of the listener into account.
    pub(super) fn note_gap(&mut self, down_since: Option<Moment>, at: Moment) {
        let Some(since) = down_since.filter(|since| at.since(*since) >= SHORT_GAP) else { return };
        self.gaps.count += 1;
        self.gaps.last = Some(Gap { since, length: at.since(since), missed: self.roster.all().inside > 0 });
    }
}
