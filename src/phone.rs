//! Phone numbers: reading what a callback carries, keeping it small, showing it well.
//!
//! A number here is what E.164 says (ITU-T E.164: at most 15 digits, country code first), nothing about
//! whether it is assigned: a phone library's opinion on validity never decides anything. This is a leaf.

use std::fmt;
use std::num::NonZeroU64;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

mod place;

pub use place::{Places, Region, regions_like};

/// 3 to 15 digits with the country code first and no `+`, packed into eight bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Number(NonZeroU64);

impl Number {
    /// Takes digits as they are: 3 to 15 of them, nothing else.
    #[must_use]
    pub fn from_digits(digits: &str) -> Option<Self> {
        if !(3..=15).contains(&digits.len()) {
            return None;
        }
        let mut value = 0;
        for digit in digits.bytes() {
            value = 10 * value + u64::from(digit.is_ascii_digit().then(|| digit - b'0')?);
        }
        // Left-aligned to 15 digits, so that numbers sort by country code and keep their leading zeros.
        let aligned = value * 10u64.pow(15 - digits.len() as u32);
        NonZeroU64::new((aligned << 4) | digits.len() as u64).map(Self)
    }

    /// The digits alone, as the provider wants them: `12157010680`.
    #[must_use]
    pub fn digits(self) -> String {
        let (value, length) = self.parts();
        format!("{value:0length$}")
    }

    /// Its digits as a number, and how many they are: it may begin with zeros.
    fn parts(self) -> (u64, usize) {
        let length = (self.0.get() & 15) as usize;
        ((self.0.get() >> 4) / 10u64.pow(15 - length as u32), length)
    }

    /// Its digits one by one, and how many they are.
    fn spelled(self) -> ([u8; 15], usize) {
        let (mut value, length) = self.parts();
        let mut own = [b'0'; 15];
        for digit in own[..length].iter_mut().rev() {
            *digit = b'0' + (value % 10) as u8;
            value /= 10;
        }
        (own, length)
    }

    /// Its first digits as a number, where it does not begin with a zero and has at least so many digits.
    fn beginning(self, digits: u32, least: u32) -> Option<u16> {
        let length = (self.0.get() & 15) as u32;
        let aligned = self.0.get() >> 4;
        let first = aligned / 10u64.pow(14);
        (length >= least && first > 0).then(|| (aligned / 10u64.pow(15 - digits)) as u16)
    }

    /// Whether its digits hold these in a row, or begin with them. Allocates nothing.
    #[must_use]
    pub fn has_digits(self, digits: &str, at_the_start: bool) -> bool {
        let (own, length) = self.spelled();
        let (own, wanted) = (&own[..length], digits.as_bytes());
        if at_the_start { own.starts_with(wanted) } else { wanted.is_empty() || own.windows(wanted.len()).any(|part| part == wanted) }
    }

    /// The number with its plus sign: `+12157010680`.
    #[must_use]
    pub fn e164(self) -> String {
        use fmt::Write as _;
        let (value, length) = self.parts();
        let mut text = String::with_capacity(length + 1);
        // Writing to a String cannot fail.
        let _ = write!(text, "+{value:0length$}");
        text
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.e164())
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (digits, length) = self.spelled();
        // Digits are text.
        serializer.serialize_str(std::str::from_utf8(&digits[..length]).unwrap_or_default())
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let digits = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::from_digits(&digits).ok_or_else(|| serde::de::Error::custom("not 3 to 15 digits"))
    }
}

/// What stood in a callback's number field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// A usable number.
    Number(Number),
    /// Nothing, or a word that says the caller withheld it; the word as received, may be empty.
    Withheld(String),
    /// A call flow variable that was not substituted: `$[E64]`. The flow's URL has a slip in it.
    Placeholder(String),
    /// Something else that is no number.
    Unreadable(String),
}

/// Words that telephone systems send in place of a withheld number.
const WITHHELD: [&str; 5] = ["anonymous", "unknown", "restricted", "unavailable", "private"];

/// Says whether a value is a call flow variable that was never substituted, such as `$[E164]$`.
#[must_use]
pub fn is_placeholder(value: &str) -> bool {
    value.contains("$[")
}

/// Reads a callback's number field: punctuation, a leading `+` and the space it decodes to are stripped.
#[must_use]
pub fn read(value: &str) -> Received {
    let value = value.trim();
    if is_placeholder(value) {
        return Received::Placeholder(value.to_owned());
    }
    if value.is_empty() || WITHHELD.iter().any(|word| word.eq_ignore_ascii_case(value)) {
        return Received::Withheld(value.to_owned());
    }
    let body = value.strip_prefix('+').unwrap_or(value);
    let digits: String = body.chars().filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')' | '/' | '\u{a0}')).collect();
    match Number::from_digits(&digits) {
        Some(number) => Received::Number(number),
        None => Received::Unreadable(value.to_owned()),
    }
}

/// How a number is shown: grouped the way its country does, and where it is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// International form with the country's grouping: `+1 215-701-0680`.
    pub international: String,
    /// ISO 3166-1 alpha-2 code of the country or region: `US`. None where the library cannot tell.
    pub region: Option<String>,
    /// The country's English short name.
    pub country: Option<String>,
}

/// Loads the phone library's tables, which takes about 100 ms once in a process.
///
/// Call it on a thread that nobody waits for; [`describe`] is then a matter of microseconds.
pub fn load_tables() {
    let _ = phonenumber::parse(None, "+12157010680");
}

/// Looks up grouping and region. Loads the library's tables when they are not loaded yet.
#[must_use]
pub fn describe(number: Number) -> Described {
    let plain = number.e164();
    let Ok(parsed) = phonenumber::parse(None, &plain) else {
        return Described { international: plain, region: None, country: None };
    };
    let international = parsed.format().mode(phonenumber::Mode::International).to_string();
    let same_digits = international.chars().filter(char::is_ascii_digit).eq(plain.chars().filter(char::is_ascii_digit));
    let region = place::region(&parsed);
    let country = region.as_deref().and_then(place::country);
    Described { international: if same_digits { international } else { plain }, region, country }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn number(digits: &str) -> Received {
        Received::Number(Number::from_digits(digits).unwrap_or_else(|| panic!("{digits} is a number")))
    }

    #[test]
    fn numbers_arrive_in_many_spellings() {
        for spelling in ["12157010680", "+12157010680", " 12157010680", "+1 (215) 701-0680", "1.215.701.0680", "1/215/7010680"] {
            assert_eq!(read(spelling), number("12157010680"), "{spelling}");
        }
        assert_eq!(read("112"), number("112"));
        assert_eq!(read("0049151"), number("0049151"), "leading zeros are kept");
        assert_eq!(read("000"), number("000"), "odd, but whether it exists is not ours to say");
    }

    #[test]
    fn what_is_no_number_says_what_it_is() {
        for word in ["", "  ", "anonymous", "Anonymous", "UNKNOWN", "restricted", "unavailable", "private"] {
            assert_eq!(read(word), Received::Withheld(word.trim().into()), "{word:?}");
        }
        for variable in ["$[E64]", "$[E164]$", "+$[E164]$"] {
            assert_eq!(read(variable), Received::Placeholder(variable.into()));
        }
        for other in ["12", "1234567890123456", "sip:ada@example.org", "++49", "١٢٣٤٥"] {
            assert_eq!(read(other), Received::Unreadable(other.into()), "{other}");
        }
    }

    #[test]
    fn a_number_is_shown_as_its_country_writes_it() {
        let us = describe(Number::from_digits("12157010680").expect("a number"));
        assert_eq!(us.international, "+1 215-701-0680");
        assert_eq!((us.region.as_deref(), us.country.as_deref()), (Some("US"), Some("United States of America")));
        let german = describe(Number::from_digits("4930901820").expect("a number"));
        assert_eq!((german.region.as_deref(), german.country.as_deref()), (Some("DE"), Some("Germany")));
        let drama = describe(Number::from_digits("447700900118").expect("a number"));
        assert_eq!(drama.region.as_deref(), Some("GB"), "a number that is never given out still has a country");
        let odd = describe(Number::from_digits("999").expect("a number"));
        assert_eq!((odd.international.as_str(), odd.region), ("+999", None));
    }

    proptest! {
        #[test]
        fn digits_are_found_as_in_the_text(digits in "[0-9]{0,3}[1-9][0-9]{2,11}", wanted in "[0-9]{0,4}") {
            let Some(number) = Number::from_digits(&digits) else { return Ok(()) };
            prop_assert_eq!(number.has_digits(&wanted, false), digits.contains(&wanted));
            prop_assert_eq!(number.has_digits(&wanted, true), digits.starts_with(&wanted));
        }

        #[test]
        fn digits_survive_packing(digits in "[0-9]{0,3}[1-9][0-9]{2,11}") {
            let number = Number::from_digits(&digits);
            prop_assert_eq!(number.map(Number::digits), Some(digits.clone()));
            let json = serde_json::to_string(&number).unwrap_or_default();
            prop_assert_eq!(serde_json::from_str::<Option<Number>>(&json).ok().flatten(), number);
        }

        #[test]
        fn describing_never_changes_the_digits(digits in "[1-9][0-9]{2,14}") {
            let Some(number) = Number::from_digits(&digits) else { return Ok(()) };
            let shown: String = describe(number).international.chars().filter(char::is_ascii_digit).collect();
            prop_assert_eq!(shown, digits);
        }
    }
}
