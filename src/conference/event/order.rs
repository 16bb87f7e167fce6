//! How a conference is kept in order: hands, the floor, modes.

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::conference::{CallKey, ConferenceId};

/// A hand that went up or down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandMoved {
    /// The call.
    pub call: CallKey,
    /// Up, or down.
    pub up: bool,
    /// Whether a hand that is up goes before all others.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub first: bool,
    /// The moderator who moved it; none when the caller did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<SmolStr>,
}

/// All hands of a conference went down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandsCleared {
    /// The conference.
    pub conference: ConferenceId,
    /// The moderator who cleared them.
    pub by: SmolStr,
}

/// The floor passed on. Who has it may speak, until it passes on again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FloorGiven {
    /// The conference.
    pub conference: ConferenceId,
    /// Who has it now; none when it is free.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<CallKey>,
    /// The moderator who gave it.
    pub by: SmolStr,
}

/// What holds for everybody in a conference until it is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Everyone who is not exempt is muted, and everyone who joins.
    Lecture,
    /// Everyone who joins and is not exempt is kicked.
    Lock,
}

/// A mode began or ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModeSet {
    /// The conference.
    pub conference: ConferenceId,
    /// The mode.
    pub mode: Mode,
    /// Whether it holds from now on.
    pub on: bool,
    /// The moderator who set it.
    pub by: SmolStr,
}
