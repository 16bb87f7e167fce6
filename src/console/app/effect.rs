//! What the console wants done outside of itself.

use crate::conference::ConferenceId;
use crate::conference::event::{Seq, What};
use crate::config::Way;
use crate::console::command::Play;

/// Something to be done by the runtime.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Write this down; it comes back as an event.
    Append(What),
    /// Write these down, in this order; each comes back as an event.
    AppendAll(Vec<What>),
    /// Read the raw fields of an event.
    ReadFields(Seq),
    /// Write a report; how it went comes back as a message.
    Report {
        /// The conference; none for all.
        conference: Option<ConferenceId>,
        /// Whether digits are hidden in it.
        mask: bool,
    },
    /// Hand this to the terminal's clipboard.
    Copy(String),
    /// Ring the terminal's bell, once.
    Ring,
    /// Have the terminal notify the desktop, in one of its ways.
    Notify(Way, String),
    /// Change the course of a replay.
    Play(Play),
    /// Stop: waiting asks are not sent, one in flight is waited for.
    Quit,
    /// Stop without waiting for anything.
    QuitNow,
}
