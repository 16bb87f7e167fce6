//! What was before this console began, folded in at its start. All of it counts, but nobody looks while it comes: no
//! row is kept on its line, no sentence is made that will have scrolled away, and who is long gone goes at once.

use std::time::Duration;

use super::sentences::Before;
use super::{App, Tone};
use crate::conference::event::{Ask, Cause, Event, What};
use crate::conference::roster::{Change, Counts};
use crate::conference::{Moment, Outcome};

/// So many that are gone are no reason to look who of them is long gone.
pub(super) const FEW_GONE: u32 = 1_000;

impl App {
    /// Folds in what is so long ago that none of its sentences will be there at the end.
    pub(super) fn take_past(&mut self, events: &[Event]) {
        self.quiet = true;
        for event in events {
            self.fold(event);
        }
        self.quiet = false;
        if let Some(last) = events.last() {
            self.forget_past(last.at);
        }
    }

    /// Keeps the place of a line that nobody will see: that of a callback or of what a moderator asked, which most events
    /// are. False for what is to be told as ever.
    pub(super) fn keep_place(&mut self, event: &Event, change: &Change, before: &Before) -> bool {
        let repeated = matches!(change, Change::Duplicate(_));
        let mut made_a_line = !repeated && *change != Change::Nothing;
        match &event.what {
            What::Left(_) | What::Hand(_) => {}
            What::Asked(Ask { cause, .. }) if matches!(cause, Cause::Key | Cause::Bulk) => made_a_line = *cause == Cause::Key,
            What::Answered(answer) if answer.reached => match before.waiting.map(|waiting| waiting.cause) {
                Some(Cause::Rule(_) | Cause::Floor) => return false,
                cause => made_a_line = cause != Some(Cause::Bulk) || !matches!(answer.outcome, Outcome::Accepted | Outcome::NotSent),
            },
            // Whoever has a number can be reached, and no word came in its place.
            What::Started(arrival) | What::Joined(arrival) if arrival.number.is_some() && arrival.instead.is_none() => {}
            _ => return false,
        }
        if made_a_line {
            let about = matches!(event.what, What::Joined(_)).then_some(event.seq);
            self.write_line(about, event.at, Tone::Plain, String::new());
        }
        if let What::Started(arrival) | What::Joined(arrival) = &event.what {
            self.tell_slips(event, change, arrival, before);
        }
        true
    }

    /// Lets go of whom a console that had been there would have let go of by then: the calls of a whole day must not
    /// fill the memory, only to be forgotten together.
    fn forget_past(&mut self, at: Moment) {
        if self.gone() <= self.crowd {
            return;
        }
        let forgotten = self.roster.forget(at, Duration::MAX, |_| false);
        for (id, _) in &forgotten {
            self.view.follow(&Change::Removed(*id), &self.roster, self.now, |_| false);
        }
        self.tallies.forget(forgotten.iter().map(|(_, key)| key));
        self.crowd = 2 * self.gone() + FEW_GONE;
    }

    fn gone(&self) -> u32 {
        let Counts { rows, inside, calling, .. } = self.roster.all();
        rows.saturating_sub(inside).saturating_sub(calling)
    }

    /// Whether a line in sight was not put into words, because more were expected to follow it. Then all has to be
    /// told to a console [`anew`](Self::anew), as [`Events`](super::Message::Events).
    #[must_use]
    pub fn is_vague(&self) -> bool {
        self.lines.iter().any(|line| line.text.is_empty())
    }

    /// The same console before anything has happened.
    #[must_use]
    pub fn anew(&self) -> Self {
        let fresh = Self::new(self.settings.clone(), self.keys.clone(), self.size, self.now);
        if self.is_heard() { fresh.heard() } else { fresh }
    }

    /// Whether the phone library's tables are needed: somebody is on the list, and they are not loaded.
    #[must_use]
    pub fn wants_phones(&self) -> bool {
        !self.phones_ready && self.roster.all().rows > 0
    }
}
