//! Keeping order: hands, the floor, modes, exemptions and bans.

use super::{App, Effect};
use crate::console::command::Command;

impl App {
    /// Runs a command that keeps order in a conference.
    pub(super) fn order(&mut self, _command: Command) -> Vec<Effect> {
        self.say(super::Tone::Warning, "nothing can be done here");
        Vec::new()
    }
}
