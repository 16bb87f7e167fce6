//! Ages are coarse, so that an idle screen stays still: steps of five seconds under a minute, then minutes.
//!
//! They step on whole seconds of the clock, so that many young rows cost one frame a second and no more.

use std::time::Duration;

use super::{App, Dialog, QueueLine};
use crate::conference::Moment;
use crate::conference::health::JournalHealth;
use crate::conference::roster::Participant;

/// The beat on which ages step, in milliseconds.
const BEAT: i64 = 1_000;

/// An age in at most five columns: `0s`, `55s`, `12m`, `3h05`, `2d`.
#[must_use]
pub fn age(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match (seconds / 60, seconds / 3_600) {
        (0, _) => format!("{}s", seconds / 5 * 5),
        (minutes, 0) => format!("{minutes}m"),
        (minutes, hours @ 1..=47) => format!("{hours}h{:02}", minutes % 60),
        (_, hours) => format!("{}d", hours / 24),
    }
}

/// The beat at or before a moment.
fn beat(now: Moment) -> Moment {
    Moment(now.0.div_euclid(BEAT) * BEAT)
}

/// The beat at or after a moment.
pub(super) fn beat_after(moment: Moment) -> Moment {
    Moment(beat(moment).0.saturating_add(if moment.0.rem_euclid(BEAT) == 0 { 0 } else { BEAT }))
}

impl App {
    /// The time that ages on the screen count to: the last beat.
    #[must_use]
    pub fn shown_now(&self) -> Moment {
        beat(self.now)
    }

    /// The age of a moment as the screen shows it.
    #[must_use]
    pub fn age_of(&self, moment: Moment) -> String {
        age(self.shown_now().since(moment))
    }

    /// When something on the screen changes by time alone; none when nothing does.
    #[must_use]
    pub fn next_change(&self) -> Option<Moment> {
        if self.voice.is_some() {
            return self.next_deed();
        }
        // An age steps on the first beat at which it reads differently.
        let step = |since: Moment| {
            let shown = self.shown_now().since(since);
            let next = match shown.as_secs() {
                0..60 => shown.as_secs() / 5 * 5 + 5,
                60..172_800 => shown.as_secs() / 60 * 60 + 60,
                seconds => seconds / 86_400 * 86_400 + 86_400,
            };
            beat_after(since.plus(Duration::from_secs(next)))
        };
        let mut next: Option<Moment> = None;
        let mut consider = |moment: Moment| next = Some(next.map_or(moment, |known| known.min(moment)));
        if let Some(last) = self.last_callback {
            consider(step(last));
        }
        if let JournalHealth::Lost(since) = self.journal {
            consider(step(since));
        }
        if let Some(second) = self.next_second() {
            consider(second);
        }
        if let Some(due) = self.silence_to_tell() {
            consider(due);
        }
        for call in self.visible().filter_map(|id| self.roster.get(id)) {
            if call.is_live() {
                consider(step(call.joined));
                let stale = call.news.plus(self.settings.stale_after);
                if stale > self.now {
                    consider(stale);
                }
            }
            let ban = call.number.and_then(|number| self.roster.people().ban(number, self.now));
            ban.and_then(|ban| ban.until).into_iter().for_each(&mut consider);
            if let Some(ask) = call.ask() {
                consider(step(ask.ended.as_ref().map_or(ask.at, |ended| ended.at)));
            }
        }
        if self.layout().queue.height > 0 {
            // No screen shows more of them.
            for line in self.queue_lines().iter().take(usize::from(self.size.1)) {
                let hand = if let QueueLine::Hand(_, id) = line { self.roster.get(*id).and_then(Participant::hand) } else { None };
                if let Some(raised) = hand {
                    consider(step(raised));
                }
            }
        }
        if let Some(call) = self.selected().filter(|_| self.detail) {
            [Some(call.news), call.hand()].into_iter().flatten().for_each(|moment| consider(step(moment)));
        }
        if let Some(expiry) = self.view.next_expiry(self.now) {
            consider(expiry);
        }
        if let Some(turn) = self.view.next_turn() {
            consider(beat_after(turn));
        }
        if let Some(countdown) = &self.countdown {
            let left = countdown.until.since(self.now).as_millis() as i64;
            consider(Moment(self.now.0 + if left % 1_000 == 0 { left.min(1_000) } else { left % 1_000 }));
        }
        // The help covers what would step; but a kick that counts down must be on time or not at all.
        let next = next.filter(|_| self.countdown.is_some() || !matches!(self.dialog, Some(Dialog::Help { .. })));
        [next, self.alerts.next(self.now)].into_iter().flatten().min()
    }

    /// How long a call has been in, or was, as the screen shows it.
    #[must_use]
    pub fn stay_of(&self, call: &Participant) -> String {
        age(call.stayed(self.shown_now()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_step_by_five_seconds_then_minutes() {
        for (seconds, text) in [
            (0, "0s"),
            (4, "0s"),
            (5, "5s"),
            (59, "55s"),
            (60, "1m"),
            (119, "1m"),
            (3_599, "59m"),
            (3_600, "1h00"),
            (7_500, "2h05"),
            (172_799, "47h59"),
            (172_800, "2d"),
        ] {
            assert_eq!(age(Duration::from_secs(seconds)), text);
        }
    }
}
