//! Keys that are held down. A terminal reports no letting go, so a repeat is told from a second press by when it
//! comes: keyboards wait a quarter to two thirds of a second and then repeat 20 to 40 times a second. Who presses
//! again has seen what the first press did; nobody presses a third time as quickly as a keyboard.

use std::time::Duration;

use super::asks::ONE_PRESS;
use super::{App, Tone};
use crate::conference::Moment;
use crate::conference::event::Cause;
use crate::console::command::Command;
use crate::console::keys::Chord;

/// Closer together than this come the repeats of a keyboard.
const REPEAT: Duration = Duration::from_millis(100);

/// After a pause between these a keyboard begins to repeat.
const BEGINS: std::ops::Range<Duration> = Duration::from_millis(200)..Duration::from_millis(750);

/// The last press, for telling whether the next one is the same.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pressed {
    chord: Chord,
    at: Moment,
    /// How long after a press of the same key before it.
    gap: Duration,
    /// How many events had come by then.
    seen: u64,
    /// Whether marks chose whom the key was for when it went down.
    marks: bool,
}

/// Commands that turn something round or pass it on: a repeat before anything was seen of the first press is none.
fn turns(command: Command) -> bool {
    matches!(command, Command::Hand | Command::Floor | Command::Lecture | Command::Lock | Command::Exempt)
}

/// Commands that a key held down must not go on doing.
fn is_counted(command: Command) -> bool {
    let asks = matches!(command, Command::Mute | Command::Unmute | Command::Again | Command::Remove);
    asks || turns(command)
}

impl App {
    /// Notes a press, and says whether it is one that a held key repeats and must not do again.
    pub(super) fn is_held_key(&mut self, chord: Chord, command: Option<Command>) -> bool {
        let before = self.pressed.filter(|before| before.chord == chord);
        let gap = before.map_or(Duration::MAX, |before| self.now.since(before.at));
        let recent = before.filter(|_| gap < BEGINS.end);
        let seen = before.filter(|_| gap < ONE_PRESS).map_or(self.folded, |before| before.seen);
        let fresh = Pressed { chord, at: self.now, gap, seen: self.folded, marks: !self.marks.is_empty() };
        let Some(command) = command.filter(|command| is_counted(*command)) else {
            self.pressed = Some(fresh);
            return false;
        };
        let repeats = recent.is_some_and(|before| gap < REPEAT && (before.gap < REPEAT || BEGINS.contains(&before.gap)));
        let unseen = recent.is_some() && turns(command) && gap < ONE_PRESS && self.folded == seen;
        let passing = command == Command::Floor && gap < ONE_PRESS && self.is_passing_floor();
        // The marks are used up, and the cursor's caller is nobody whom the key went down for.
        let astray = matches!(command, Command::Mute | Command::Unmute | Command::Again)
            && recent.is_some_and(|before| before.marks)
            && self.marks.is_empty();
        let held = repeats || unseen || passing || astray;
        if astray {
            self.say(Tone::Warning, format!("{chord} again at once, as from a held key: the cursor's caller was not asked for"));
        }
        self.pressed = Some(if held { Pressed { seen, marks: recent.is_some_and(|before| before.marks), ..fresh } } else { fresh });
        held
    }

    /// Whether an ask that passes the floor on has no answer yet.
    fn is_passing_floor(&self) -> bool {
        self.roster.asks_without_answer().any(|waiting| waiting.cause == Cause::Floor)
    }
}
