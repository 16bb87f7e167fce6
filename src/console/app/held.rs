//! Keys that are held down. A terminal reports no letting go, so a repeat is told from a second press by what
//! happened between: who presses again has seen something, a held key comes again before, or in a quick row.

use std::time::Duration;

use super::App;
use super::asks::ONE_PRESS;
use crate::conference::Moment;
use crate::conference::event::Cause;
use crate::console::command::Command;
use crate::console::keys::Chord;

/// Keyboards repeat 20 to 40 times a second; nobody presses three times in a row so quickly.
const REPEAT: Duration = Duration::from_millis(60);

/// The last press, for telling whether the next one is the same.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pressed {
    chord: Chord,
    at: Moment,
    /// Presses of the same key before it that came as quickly as a held key does.
    row: u8,
    /// How many events had come by then.
    seen: u64,
}

/// Commands that a key held down must not repeat: each press turns something round or passes it on.
fn is_once(command: Command) -> bool {
    matches!(command, Command::Hand | Command::Floor | Command::Lecture | Command::Lock | Command::Exempt)
}

impl App {
    /// Notes a press, and says whether it is one that a held key repeats and must not do again.
    pub(super) fn is_held_key(&mut self, chord: Chord, command: Option<Command>) -> bool {
        let before = self.pressed.filter(|before| before.chord == chord);
        let since = before.map_or(Duration::MAX, |before| self.now.since(before.at));
        let row = before.filter(|_| since < REPEAT).map_or(0, |before| before.row.saturating_add(1));
        let seen = before.filter(|_| since < ONE_PRESS).map_or(self.folded, |before| before.seen);
        let answered = self.folded > seen;
        let command = command.filter(|command| since < ONE_PRESS && is_once(*command));
        let held = match command {
            None => false,
            // The queue goes on as quickly as the provider answers, never quicker.
            Some(Command::Floor) => !answered || self.is_passing_floor(),
            Some(_) => !answered || row >= 2,
        };
        let seen = if held { seen } else { self.folded };
        self.pressed = Some(Pressed { chord, at: self.now, row, seen });
        held
    }

    /// Whether an ask that passes the floor on has no answer yet.
    fn is_passing_floor(&self) -> bool {
        self.roster.asks_without_answer().any(|waiting| waiting.cause == Cause::Floor)
    }
}
