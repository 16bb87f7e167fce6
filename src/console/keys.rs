//! Keys and chords: reading them from text, writing them for people. What the terminal sends becomes a
//! [`Chord`] in `input`; nothing in here knows a terminal.

use std::fmt;

/// One press: a key and what was held with it.
///
/// Shift is part of a letter (`M`, not Shift and `m`), because terminals disagree on whether they report it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Chord {
    /// The key.
    pub key: Key,
    /// Whether Control was held.
    pub ctrl: bool,
    /// Whether Alt was held.
    pub alt: bool,
    /// Whether Shift was held; never for [`Key::Char`].
    pub shift: bool,
}

/// A key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Key {
    /// A printable character, with its case.
    Char(char),
    /// F1 to F12.
    F(u8),
    /// Return.
    Enter,
    /// Escape.
    Esc,
    /// Tab; with Shift it is Shift-Tab.
    Tab,
    /// The key above Return.
    Backspace,
    /// Delete.
    Delete,
    /// Insert.
    Insert,
    /// Arrow up.
    Up,
    /// Arrow down.
    Down,
    /// Arrow left.
    Left,
    /// Arrow right.
    Right,
    /// Page up.
    PgUp,
    /// Page down.
    PgDn,
    /// Home.
    Home,
    /// End.
    End,
}

const NAMED: [(&str, Key); 16] = [
    ("Enter", Key::Enter),
    ("Esc", Key::Esc),
    ("Tab", Key::Tab),
    ("Backspace", Key::Backspace),
    ("Delete", Key::Delete),
    ("Insert", Key::Insert),
    ("Up", Key::Up),
    ("Down", Key::Down),
    ("Left", Key::Left),
    ("Right", Key::Right),
    ("PgUp", Key::PgUp),
    ("PgDn", Key::PgDn),
    ("Home", Key::Home),
    ("End", Key::End),
    ("Space", Key::Char(' ')),
    ("Return", Key::Enter),
];

impl Chord {
    /// A key by itself.
    #[must_use]
    pub const fn plain(key: Key) -> Self {
        Self { key, ctrl: false, alt: false, shift: false }
    }

    /// A character by itself.
    #[must_use]
    pub const fn char(c: char) -> Self {
        Self::plain(Key::Char(c))
    }

    /// Control and a character.
    #[must_use]
    pub const fn ctrl(c: char) -> Self {
        Self { ctrl: true, ..Self::char(c) }
    }

    /// The text a press types into an input line, where it types any.
    #[must_use]
    pub fn typed(self) -> Option<char> {
        match self.key {
            Key::Char(c) if !self.ctrl && !self.alt => Some(c),
            _ => None,
        }
    }

    /// Reads `m`, `Ctrl-c`, `Shift-Tab`, `F1`, `Space`. Names in any case; a letter's case counts.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut chord = Self::char(' ');
        let mut rest = text.trim();
        loop {
            let lower = rest.to_ascii_lowercase();
            let held = [("ctrl-", 0), ("alt-", 1), ("shift-", 2)]
                .into_iter()
                .find(|(prefix, _)| lower.starts_with(prefix) && rest.len() > prefix.len());
            let Some((prefix, which)) = held else { break };
            match which {
                0 => chord.ctrl = true,
                1 => chord.alt = true,
                _ => chord.shift = true,
            }
            rest = &rest[prefix.len()..];
        }
        let mut characters = rest.chars();
        chord.key = match (characters.next(), characters.next()) {
            (Some(c), None) if crate::text::is_showable(c) => Key::Char(c),
            _ => named(rest).ok_or_else(|| {
                let given = crate::text::clean(text, 40);
                format!("{given:?} is no key; write a character, or one of Ctrl-x, Alt-x, F1 to F12, {}", names())
            })?,
        };
        Ok(chord.normal())
    }

    /// Puts Shift into letters, and Control's letters into lower case.
    #[must_use]
    pub fn normal(mut self) -> Self {
        if let Key::Char(c) = self.key {
            let c = if self.ctrl { c.to_ascii_lowercase() } else { c };
            let upper = if self.shift && !self.ctrl { c.to_uppercase().next().unwrap_or(c) } else { c };
            self.key = Key::Char(upper);
            self.shift = false;
        }
        self
    }
}

fn named(text: &str) -> Option<Key> {
    if let Some(digits) = text.strip_prefix(['F', 'f'])
        && let Ok(number @ 1..=12) = digits.parse()
    {
        return Some(Key::F(number));
    }
    NAMED.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)).map(|(_, key)| *key)
}

fn names() -> String {
    NAMED.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (held, prefix) in [(self.ctrl, "Ctrl-"), (self.alt, "Alt-"), (self.shift, "Shift-")] {
            if held {
                f.write_str(prefix)?;
            }
        }
        match self.key {
            Key::F(number) => write!(f, "F{number}"),
            key => match NAMED.iter().find(|(_, named)| *named == key) {
                Some((name, _)) => f.write_str(name),
                None => match key {
                    Key::Char(c) if self.ctrl => write!(f, "{}", c.to_ascii_uppercase()),
                    Key::Char(c) => write!(f, "{c}"),
                    _ => Ok(()),
                },
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_and_written() {
        for (text, written) in [
            ("m", "m"),
            ("M", "M"),
            ("Shift-m", "M"),
            ("ctrl-C", "Ctrl-C"),
            ("Ctrl-c", "Ctrl-C"),
            ("alt-x", "Alt-x"),
            ("shift-tab", "Shift-Tab"),
            ("f1", "F1"),
            ("SPACE", "Space"),
            ("-", "-"),
            ("é", "é"),
            ("Return", "Enter"),
        ] {
            let chord = Chord::parse(text).expect("a key");
            assert_eq!(chord.to_string(), written, "{text}");
            assert_eq!(Chord::parse(written), Ok(chord), "{written} reads back");
        }
    }

    #[test]
    fn what_is_no_key_is_refused_with_the_choices() {
        for text in ["", "mm", "F13", "Ctrl-", "\u{1b}", "Hyper-x"] {
            assert!(Chord::parse(text).is_err_and(|error| error.contains("PgDn")), "{text:?}");
        }
    }
}
