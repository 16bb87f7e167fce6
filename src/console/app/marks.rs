//! Marks: they belong to callers, not to rows.

use super::{App, Effect};
use crate::console::command::Command;

impl App {
    /// Runs a command that is about marks.
    pub(super) fn marks(&mut self, _command: Command) -> Vec<Effect> {
        self.say(super::Tone::Warning, "nothing can be done here");
        Vec::new()
    }
}
