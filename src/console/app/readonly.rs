//! Consoles that only look on: started so, or beside the one that writes the journal.

use super::{App, Tone};
use crate::conference::health::JournalHealth as Health;
use crate::console::command::Entry;

/// What is said when the console that wrote the journal has ended.
pub(super) const ABANDONED: &str = "nobody writes the journal any more";

impl App {
    /// Why everything is taken away that changes something for callers or in the journal; none when it is not.
    #[must_use]
    pub fn why_read_only(&self) -> Option<String> {
        match &self.journal {
            _ if self.replay.is_some() => Some("this is a replay: it shows what was and changes nothing".into()),
            Health::Followed(by) => Some(format!("read-only: the journal is written by {by}")),
            Health::Abandoned => Some(format!("{ABANDONED}; restart confmod to take over")),
            _ if self.is_lost() && !self.settings.read_only => self.why_lost(),
            _ if self.settings.read_only => Some("this console is read-only; start it without --read-only to act".into()),
            _ => None,
        }
    }

    /// Whether callbacks come to this very process, so that its end is the end of listening.
    #[must_use]
    pub fn is_listening(&self) -> bool {
        self.replay.is_none() && self.settings.shared.is_none() && !matches!(self.journal, Health::Followed(_) | Health::Abandoned)
    }

    /// Whether a command belongs here: a replay changes nothing, and only a replay can be paused.
    #[must_use]
    pub fn offers(&self, entry: &Entry) -> bool {
        if self.replay.is_some() { !entry.dangerous } else { !entry.replay }
    }

    /// Another process writes the journal, or none does any more.
    pub(super) fn look_on(&mut self, before: &Health, now: &Health) {
        let (tone, text) = match (before, now) {
            (Health::Followed(before), Health::Followed(now)) => {
                (Tone::Plain, format!("the journal is written by {now} now, and no longer by {before}"))
            }
            (_, Health::Followed(by)) => (Tone::Plain, format!("read-only: the journal is written by {by}")),
            _ => (Tone::Warning, format!("{ABANDONED}: who comes or leaves is not known")),
        };
        self.log(self.now, tone, text.clone());
        self.say(tone, text);
    }
}
