//! What alerts a moderator, and how. Nothing does unless it is set.

/// A way to alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Way {
    /// The terminal's bell.
    Bell,
    /// The screen is drawn in reverse for a moment.
    Flash,
    /// A notification by the terminal, as iTerm2, kitty, `WezTerm`, Ghostty and Windows Terminal take it.
    Osc9,
    /// A notification by the terminal, as rxvt-unicode, foot, `WezTerm` and Ghostty take it.
    Osc777,
}

impl Way {
    /// All of them with their words.
    pub const WORDS: [(&'static str, Self); 4] =
        [("bell", Self::Bell), ("flash", Self::Flash), ("osc9", Self::Osc9), ("osc777", Self::Osc777)];

    /// Its word in the configuration.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, way)| *way == self).map_or("", |(word, _)| word)
    }
}

/// The ways for each rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlertWays {
    /// A caller raises a hand.
    pub hand: Vec<Way>,
    /// A caller without a name joins.
    pub unknown: Vec<Way>,
    /// A banned number calls.
    pub banned: Vec<Way>,
    /// Callers are in, and no callback has come for long.
    pub silence: Vec<Way>,
}
