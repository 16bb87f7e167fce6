//! The words of the voice column.

/// The word in a row's voice column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Word {
    /// Not in a conference yet.
    Calling,
    /// May speak.
    Open,
    /// A mute is on its way.
    Muting,
    /// The provider accepted a mute.
    Muted,
    /// An unmute is on its way.
    Unmuting,
    /// A kick is on its way.
    Kicking,
    /// The provider accepted a kick.
    Kicked,
    /// The call left.
    Left,
    /// The last ask was refused or not delivered.
    Failed,
    /// Nothing is known of the last ask's outcome.
    Unknown,
    /// Nothing was heard of the call for long.
    Stale,
}

impl Word {
    /// All of them, in their order.
    pub const ALL: [Self; 11] = [
        Self::Calling,
        Self::Open,
        Self::Muting,
        Self::Muted,
        Self::Unmuting,
        Self::Kicking,
        Self::Kicked,
        Self::Left,
        Self::Failed,
        Self::Unknown,
        Self::Stale,
    ];

    /// The word as it stands on the screen.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Calling => "calling",
            Self::Open => "open",
            Self::Muting => "muting",
            Self::Muted => "muted",
            Self::Unmuting => "unmuting",
            Self::Kicking => "kicking",
            Self::Kicked => "kicked",
            Self::Left => "left",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Stale => "stale",
        }
    }
}
