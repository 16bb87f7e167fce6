//! Everything that can reach the console, one variant a kind.

use std::sync::Arc;

use super::{Played, Spoken};
use crate::conference::event::{Event, Seq, What};
use crate::conference::health::JournalHealth as Health;
use crate::console::keys::Chord;

/// Something that reached the console.
#[derive(Clone, Debug)]
pub enum Message {
    /// A key was pressed or is repeating.
    Key(Chord),
    /// Text was pasted; control characters in it were not typed by anybody.
    Paste(String),
    /// The mouse did something.
    Mouse(Mouse),
    /// Something was asked for in words, by a console that is heard.
    Spoken(Spoken),
    /// The screen has another size now.
    Resized(u16, u16),
    /// The journal committed events.
    Events(Arc<[Event]>),
    /// The journal held these at the start, and so much after them that nothing of them is told any more; see
    /// [`App::is_vague`](super::App::is_vague).
    Past(Arc<[Event]>),
    /// All that the journal held at the start has come.
    Restored,
    /// Time goes back: all that was told is forgotten, and told anew up to the message's moment.
    Rewound,
    /// How a replay goes now.
    Played(Played),
    /// The journal is well, in trouble or has failed.
    Journal(Health),
    /// The listener refused or dropped something.
    Listener(ListenerCounts),
    /// The phone library's tables are loaded.
    PhonesReady,
    /// The raw fields of an event were read.
    Fields(Seq, Vec<(String, String)>),
    /// A report was written, to this place; or was not, and why.
    Reported(Result<String, String>),
    /// Events could not be read; it is tried again. The journal's words.
    Unread(String),
    /// Something that was to be read was not; the journal's words.
    NotDone(String),
    /// These were to be written down and were not, so none of them happened; the journal's words.
    Refused(Vec<What>, String),
    /// What is wrong with the contacts file or the log, the most urgent first.
    Contacts(Vec<String>),
    /// Something stopped working and will not come back by itself.
    Fault(String),
    /// Time has passed.
    Tick,
}

/// What the mouse did, in screen columns and lines from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mouse {
    /// The left button went down.
    Press(u16, u16),
    /// The mouse moved with the left button down.
    Drag(u16, u16),
    /// The wheel turned up.
    WheelUp,
    /// The wheel turned down.
    WheelDown,
}

/// What the listener has counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListenerCounts {
    /// Requests refused: wrong token, bad fields, too large.
    pub refused: u64,
    /// Callbacks answered 503.
    pub dropped: u64,
    /// What was wrong with the last callback that had the token and could not be read.
    pub slip: Option<Arc<str>>,
    /// What is to be told of requests that were not let in, each once.
    pub strangers: Vec<Arc<str>>,
}
