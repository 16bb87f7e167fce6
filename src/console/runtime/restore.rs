//! The beginning of a session: what was before it is folded in, ahead of the first frame.

use super::{Mail, Session};
use crate::conference::event::Seq;
use crate::console::app::Message;
use crate::console::terminal::Screen;
use crate::journal::{Feed, Past};

impl<S: Screen> Session<'_, S> {
    /// Folds what the journal holds, in chunks, before the first frame, and subscribes to what comes after.
    pub(super) fn restore(&mut self, past: Past) -> Feed {
        let (after, lately) = (past.after(), past.lately());
        let mut last = self.fold_past(past, lately);
        if self.app.is_vague() {
            // Rare: of what happened lately hardly anything made a line.
            match Past::read(&self.history, after) {
                Ok([past]) => {
                    self.app = self.app.anew();
                    last = self.fold_past(past, Seq(0));
                }
                Err(error) => self.tell(Message::Fault(error.to_string())),
            }
        }
        loop {
            match self.history.read(last, 1_000) {
                Ok(events) => {
                    let Some(end) = events.last() else { break };
                    last = end.seq;
                    self.tell(Message::Events(events.into()));
                }
                Err(error) => {
                    let error = error.to_string();
                    if self.app.fault.as_ref() != Some(&error) {
                        self.tell(Message::Fault(error));
                    }
                    break;
                }
            }
        }
        self.tell(Message::Restored);
        self.journal.subscribe(last)
    }

    /// Folds in what is read, up to a place quietly; returns the last place of it.
    fn fold_past(&mut self, past: Past, quiet_to: Seq) -> Seq {
        let mut last = past.after();
        for told in past {
            match told {
                Ok(events) => {
                    last = events.last().map_or(last, |event| last.max(event.seq));
                    self.tell(if last <= quiet_to { Message::Past(events) } else { Message::Events(events) });
                }
                Err(error) => self.tell(Message::Fault(error.to_string())),
            }
        }
        last
    }
}

/// The phone library's tables take a moment to load and megabytes to keep. Nobody waits for them, and without a caller
/// nobody needs them.
pub(super) fn load_phone_tables(mail: Mail) {
    let load = move || {
        crate::phone::load_tables();
        // The session may have ended meanwhile.
        let _ = mail.send(Message::PhonesReady);
    };
    // Without a thread numbers stay ungrouped, and nothing else is lost.
    let _ = std::thread::Builder::new().name("phones".into()).spawn(load);
}
