//! The texts of one call, in one piece of memory.
//!
//! Most calls have two or three of six, all of them short: a piece of memory for each would take more than they do.

use std::array::from_fn;

/// How many texts a call can have.
const TEXTS: usize = 6;

/// Longer ones are cut off. What comes in is cleaned to a few hundred bytes long before.
const LONGEST: usize = 0x4000;

/// One of the texts.
#[derive(Clone, Copy, Debug)]
pub(super) enum Text {
    /// The call flow instance key.
    Key,
    /// What came in place of a number.
    Instead,
    /// The name that callbacks gave.
    SaidName,
    /// The name that a moderator gave.
    GivenName,
    /// The number that was dialled.
    Called,
    /// Values of other fields.
    Others,
}

/// The lengths of all texts, each a character, then the texts. A length is one more than it is, so that nothing is
/// told from an empty text.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Texts(Box<str>);

impl Texts {
    /// The texts in the order of [`Text`].
    pub(super) fn new(texts: [Option<&str>; TEXTS]) -> Self {
        let texts = texts.map(|text| text.map(|text| &text[..text.floor_char_boundary(LONGEST)]));
        let lengths = texts.map(|text| char::from_u32(text.map_or(0, |text| text.len() as u32 + 1)).unwrap_or_default());
        let bytes =
            lengths.iter().map(|length| length.len_utf8()).sum::<usize>() + texts.iter().flatten().map(|text| text.len()).sum::<usize>();
        let mut all = String::with_capacity(bytes);
        all.extend(lengths);
        all.extend(texts.into_iter().flatten());
        Self(all.into_boxed_str())
    }

    fn all(&self) -> [Option<&str>; TEXTS] {
        let mut chars = self.0.chars();
        let lengths: [usize; TEXTS] = from_fn(|_| chars.next().map_or(0, |length| length as usize));
        let mut rest = chars.as_str();
        lengths.map(|length| {
            let (text, after) = rest.split_at_checked(length.checked_sub(1)?)?;
            rest = after;
            Some(text)
        })
    }

    /// One of the texts.
    pub(super) fn get(&self, text: Text) -> Option<&str> {
        // Nearly always each length is a byte, and then nothing needs to be decoded.
        let Some(lengths) = self.0.as_bytes().first_chunk::<TEXTS>().filter(|lengths| lengths.is_ascii()) else {
            return self.all()[text as usize];
        };
        let length = |text: usize| usize::from(lengths[text]).checked_sub(1);
        let before: usize = (0..text as usize).filter_map(length).sum();
        let from = TEXTS + before;
        self.0.get(from..from + length(text as usize)?)
    }

    /// The first of the texts, which is looked at most.
    pub(super) fn key(&self) -> &str {
        match self.0.as_bytes().first_chunk::<TEXTS>() {
            Some(lengths) if lengths.is_ascii() && lengths[0] > 0 => self.0.get(TEXTS..TEXTS - 1 + usize::from(lengths[0])),
            _ => self.get(Text::Key),
        }
        .unwrap_or_default()
    }

    /// Puts a text in place of another one, or takes it away.
    pub(super) fn set(&mut self, text: Text, value: Option<&str>) {
        if self.get(text) != value {
            let mut all = self.all();
            all[text as usize] = value;
            *self = Self::new(all);
        }
    }
}

impl std::fmt::Debug for Texts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.all()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_kept_beside_one_another_and_none_is_not_empty() {
        let long = "ü".repeat(300);
        let mut texts = Texts::new([Some("key"), None, Some(""), None, Some(&long), Some("a b")]);
        assert_eq!(texts.all(), [Some("key"), None, Some(""), None, Some(&*long), Some("a b")]);
        texts.set(Text::SaidName, Some("Ada"));
        texts.set(Text::Called, None);
        texts.set(Text::Others, Some("a b"));
        assert_eq!(texts.all(), [Some("key"), None, Some("Ada"), None, None, Some("a b")]);
        assert_eq!((texts.get(Text::Key), texts.get(Text::Instead)), (Some("key"), None));
        assert_eq!(texts.0.len(), 6 + 3 + 3 + 3);
    }

    #[test]
    fn a_text_without_end_is_cut_between_its_letters() {
        let texts = Texts::new([Some(&"é".repeat(LONGEST)), None, None, None, None, Some("x")]);
        assert_eq!((texts.get(Text::Key).map(str::len), texts.get(Text::Others)), (Some(LONGEST), Some("x")));
    }
}
