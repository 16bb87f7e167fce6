//! What can be open above the table, and the line that text is typed into.

use unicode_segmentation::UnicodeSegmentation as _;

use super::kick::KickDialog;
use super::order::{BanForm, BanList};
use super::palette::Palette;
use crate::conference::ConferenceId;
use crate::conference::roster::CallId;
use crate::console::keys::{Chord, Key};

/// What is open. Keys go to it before anything else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dialog {
    /// Kick these callers?
    Kick(KickDialog),
    /// Quit while callers are in? Only `y` quits.
    Quit,
    /// A name is being typed for a caller.
    Name(Target, Input),
    /// Lower all hands of this conference? Only `y` does.
    ClearHands(ConferenceId),
    /// A ban is being typed.
    Ban(Box<BanForm>),
    /// The banned numbers.
    Bans(BanList),
    /// A filter is being typed; it filters while it is typed.
    Filter(Input),
    /// A command or a caller is being looked for.
    Palette(Palette),
    /// The list of keys, scrolled by so many lines.
    Help {
        /// Lines scrolled down.
        scrolled: usize,
    },
}

/// A caller that a dialog is about: this stay of this call, nobody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// The row.
    pub id: CallId,
    /// The stay; after another join it is not the same target.
    pub stays: u16,
}

impl Dialog {
    /// The callers it is about, whose rows must stay in sight.
    #[must_use]
    pub fn targets(&self) -> &[Target] {
        match self {
            Self::Kick(dialog) => &dialog.targets,
            Self::Name(target, _) => std::slice::from_ref(target),
            Self::Ban(form) => std::slice::from_ref(&form.target),
            Self::ClearHands(_) | Self::Bans(_) | Self::Quit | Self::Filter(_) | Self::Palette(..) | Self::Help { .. } => &[],
        }
    }
}

/// A line being typed, with the cursor between graphemes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Input {
    text: String,
    at: usize,
}

/// More than any name or filter needs, in bytes.
const INPUT_BYTES: usize = crate::text::FIELD_BYTES;

impl Input {
    /// A line that holds text already, the cursor behind it.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self { text: text.to_owned(), at: text.len() }
    }

    /// What has been typed.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The parts before and after the cursor.
    #[must_use]
    pub fn parts(&self) -> (&str, &str) {
        self.text.split_at(self.at)
    }

    /// Takes text in at the cursor, without what cannot be shown and up to the bound.
    pub fn insert(&mut self, text: &str) {
        for c in text.chars().filter(|c| crate::text::is_showable(*c)) {
            if self.text.len() + c.len_utf8() > INPUT_BYTES {
                break;
            }
            self.text.insert(self.at, c);
            self.at += c.len_utf8();
        }
    }

    /// Takes a press; says whether it was one for a line of text.
    pub fn press(&mut self, chord: Chord) -> bool {
        if let Some(c) = chord.typed() {
            self.insert(c.encode_utf8(&mut [0; 4]));
            return true;
        }
        let before = self.text[..self.at].grapheme_indices(true).next_back().map_or(0, |(at, _)| at);
        let after = self.at + self.text[self.at..].graphemes(true).next().map_or(0, str::len);
        match (chord.key, chord.ctrl) {
            (Key::Backspace, _) | (Key::Char('h'), true) => {
                self.text.replace_range(before..self.at, "");
                self.at = before;
            }
            (Key::Delete, _) => self.text.replace_range(self.at..after, ""),
            (Key::Left, _) => self.at = before,
            (Key::Right, _) => self.at = after,
            (Key::Home, _) | (Key::Char('a'), true) => self.at = 0,
            (Key::End, _) | (Key::Char('e'), true) => self.at = self.text.len(),
            (Key::Char('u'), true) => {
                self.text.replace_range(..self.at, "");
                self.at = 0;
            }
            (Key::Char('w'), true) => {
                let kept = self.text[..self.at].trim_end().rfind(' ').map_or(0, |space| space + 1);
                self.text.replace_range(kept..self.at, "");
                self.at = kept;
            }
            _ => return false,
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(input: &mut Input, keys: &[&str]) {
        for key in keys {
            assert!(input.press(Chord::parse(key).expect("a key")), "{key} is for a line of text");
        }
    }

    #[test]
    fn a_line_is_typed_and_mended() {
        let mut input = Input::new("Zoe\u{308}");
        press(&mut input, &["Backspace"]);
        assert_eq!(input.text(), "Zo", "a letter goes with its marks");
        press(&mut input, &["Home", "é", "Space", "End", "!", "Left", "Delete"]);
        assert_eq!(input.text(), "é Zo");
        press(&mut input, &["Ctrl-w"]);
        assert_eq!(input.text(), "é ");
        press(&mut input, &["Ctrl-u"]);
        assert_eq!(input.parts(), ("", ""));
        input.insert("a\u{1b}[2Jb\u{202e}c\n");
        assert_eq!(input.text(), "a[2Jbc");
        input.insert(&"x".repeat(1_000));
        assert_eq!(input.text().len(), INPUT_BYTES);
        assert!(!input.press(Chord::plain(Key::Enter)), "Enter is the dialog's");
    }
}
