//! What the rehearsal says while it runs: one line a thing that happened, cleaned, without secrets.

use std::time::{Duration, Instant};

use crate::text;

/// The longest line, in bytes.
const LINE_BYTES: usize = 400;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// How long the rehearsal had been running.
    pub at: Duration,
    /// What happened, in a line that is fit for a terminal.
    pub line: String,
}

/// Who is told. Called on the rehearsal's thread: it must not block for long.
pub type Watch = Box<dyn Fn(Note) + Send + Sync>;

/// Takes lines and passes them on.
pub(super) struct Notes {
    began: Instant,
    watch: Option<Watch>,
}

impl Notes {
    pub(super) fn new(watch: Option<Watch>) -> Self {
        Self { began: Instant::now(), watch }
    }

    pub(super) fn say(&self, line: &str) {
        if let Some(watch) = &self.watch {
            watch(Note { at: self.began.elapsed(), line: text::clean(line, LINE_BYTES) });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn a_line_is_fit_for_a_terminal() {
        let (sender, lines) = mpsc::channel();
        let notes = Notes::new(Some(Box::new(move |note| sender.send(note.line).expect("a receiver"))));
        notes.say("Ada\u{1b}[2J\u{202e}\n joins");
        assert_eq!(lines.recv().as_deref(), Ok("Ada[2J joins"));
        Notes::new(None).say("nobody listens");
    }
}
