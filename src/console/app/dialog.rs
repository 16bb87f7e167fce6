//! What can be open above the table, and the line that text is typed into.

use unicode_segmentation::UnicodeSegmentation as _;

use super::order::{BanForm, BanList};
use crate::conference::ConferenceId;
use crate::conference::roster::CallId;
use crate::console::command::{self, Command, Entry};
use crate::console::keys::{Chord, Key};

/// What is open. Keys go to it before anything else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dialog {
    /// Kick this caller? Only `y` sends.
    Kick(Target),
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
    /// A command is being looked for.
    Palette(Input, usize),
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
    /// The caller it is about, whose row must stay in sight.
    #[must_use]
    pub fn target(&self) -> Option<CallId> {
        match self {
            Self::Kick(target) | Self::Name(target, _) => Some(target.id),
            Self::Ban(form) => Some(form.target.id),
            Self::ClearHands(_) | Self::Bans(_) | Self::Quit | Self::Filter(_) | Self::Palette(..) | Self::Help { .. } => None,
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

/// The commands that match what was typed, best first; all of them for nothing.
#[must_use]
pub fn found(typed: &str) -> Vec<&'static Entry> {
    use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
    let listed = command::TABLE.iter().filter(|entry| !matches!(entry.command, Command::Palette | Command::Tab(_) | Command::Back));
    let pattern = Pattern::parse(typed, CaseMatching::Ignore, Normalization::Smart);
    let mut matcher = nucleo_matcher::Matcher::new(nucleo_matcher::Config::DEFAULT);
    let mut scored: Vec<_> = listed
        .filter_map(|entry| {
            let mut buffer = Vec::new();
            let text = format!("{} {}", entry.label, entry.help);
            let score = pattern.score(nucleo_matcher::Utf32Str::new(&text, &mut buffer), &mut matcher)?;
            // A label that begins with what was typed is what was meant.
            let meant = u32::from(!typed.is_empty() && entry.label.starts_with(&typed.to_lowercase())) * 10_000;
            Some((score + meant, entry))
        })
        .collect();
    scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    scored.into_iter().map(|(_, entry)| entry).collect()
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

    #[test]
    fn the_palette_finds_by_scraps() {
        let first = |typed: &str| found(typed).first().map(|entry| entry.id);
        assert_eq!(first("kick"), Some("kick"));
        assert_eq!(first("unm"), Some("unmute"));
        assert_eq!(first("cpy"), Some("copy"));
        assert_eq!(first("digits"), Some("mask"));
        assert!(found("zzzz").is_empty());
        assert!(found("").len() > 15);
    }
}
