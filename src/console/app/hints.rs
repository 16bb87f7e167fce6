//! What a demo says to try: once each, in the status line, until something real is said there.

use super::{App, Tone};
use crate::conference::event::What;
use crate::console::command::{Command, entry_of};

/// The title of a run that says what to try.
pub const DEMO: &str = "demo";

/// Which hints have been given.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Hints {
    start: bool,
    hand: bool,
}

impl App {
    /// Says what to try, when the first caller joins and when the first hand goes up.
    pub(super) fn hint(&mut self, what: &What) {
        // Where commands are typed, keys are no help; `help` is named at the start.
        if self.settings.title != DEMO || self.is_heard() {
            return;
        }
        let (given, tries): (_, &[_]) = match what {
            What::Joined(_) => (
                &mut self.hints.start,
                &[
                    (Command::Lecture, "lecture mode"),
                    (Command::Queue, "hands"),
                    (Command::Floor, "floor to the next hand"),
                    (Command::Report, "report"),
                    (Command::Help, "keys"),
                ],
            ),
            What::Hand(hand) if hand.up => {
                (&mut self.hints.hand, &[(Command::Floor, "gives the floor to the first hand"), (Command::Queue, "shows all hands")])
            }
            _ => return,
        };
        if std::mem::replace(given, true) {
            return;
        }
        let key = |command| self.keys.text(entry_of(command)).split(' ').next().filter(|key| !key.is_empty()).map(str::to_owned);
        let tries: Vec<_> = tries.iter().filter_map(|(command, does)| Some(format!("{} {does}", key(*command)?))).collect();
        self.say(Tone::Plain, format!("try {}", tries.join(", ")));
    }
}
