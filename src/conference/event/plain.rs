//! Reading the bodies that a journal is full of, without looking at them as JSON of any kind: exactly as confmod
//! writes them, fields in their order, nothing between them, no escapes, texts that are clean.
//!
//! A start reads a million of them. Whatever is written in another way is left to the reader that understands all.

use std::str::FromStr;

use super::{Answer, Arrival, Ask, CallOnly, Cause, HandMoved, Rule, Seq, What};
use crate::conference::{Action, CallKey, ConferenceId, Moment, Outcome};
use crate::phone::Number;
use crate::text;

/// Reads a body of one of the frequent kinds; none for another kind, and for a body that is not exactly as written
/// by this version. Equal to what the full reader makes of it.
pub(super) fn read(kind: &str, body: &str) -> Option<What> {
    let mut rest = Rest(body);
    let what = match kind {
        "started" => What::Started(rest.arrival()?),
        "joined" => What::Joined(rest.arrival()?),
        "left" => What::Left(CallOnly { call: rest.text(r#"{"call":""#)?.into() }),
        "hand" => What::Hand(rest.hand()?),
        "asked" => What::Asked(rest.ask()?),
        "answered" => What::Answered(rest.answer()?),
        _ => return None,
    };
    (rest.0 == "}").then_some(what)
}

/// How many letters, from the first, surely mean themselves and need no look around: printed ones of ASCII but for spaces,
/// quotes and what begins an escape. Eight are looked at together, because texts are short and there are millions of
/// them; of the last few nothing is said.
fn surely_plain(bytes: &[u8]) -> usize {
    const EACH: u64 = u64::from_le_bytes([1; 8]);
    let mut plain = 0;
    while let Some(eight) = bytes[plain..].first_chunk() {
        let eight = u64::from_le_bytes(*eight);
        // Each sets the highest bit of a byte it is about; of later bytes too, but the first one is all that counts.
        let is = |byte: u8| (eight ^ (EACH * u64::from(byte))).wrapping_sub(EACH) & !(eight ^ (EACH * u64::from(byte)));
        let not_above_space = eight.wrapping_sub(EACH * 0x21) & !eight;
        let not_ascii_or_del = eight | eight.wrapping_add(EACH);
        let odd = (is(b'"') | is(b'\\') | not_above_space | not_ascii_or_del) & (EACH << 7);
        if odd != 0 {
            return plain + odd.trailing_zeros() as usize / 8;
        }
        plain += 8;
    }
    plain
}

/// What of a body is not read yet.
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    fn arrival(&mut self) -> Option<Arrival> {
        Some(Arrival {
            call: CallKey::new(self.text(r#"{"call":""#)?),
            conference: self.optional(r#","conference":""#)?.map(ConferenceId::new),
            number: match self.optional(r#","number":""#)? {
                Some(digits) => Some(Number::from_digits(digits)?),
                None => None,
            },
            instead: self.optional(r#","instead":""#)?.map(Into::into),
            name: self.optional(r#","name":""#)?.map(Into::into),
            called: self.optional(r#","called":""#)?.map(Into::into),
            others: self.optional(r#","others":""#)?.map(Into::into),
            hand: self.is_next(r#","hand":true"#),
        })
    }

    fn hand(&mut self) -> Option<HandMoved> {
        let call = CallKey::new(self.text(r#"{"call":""#)?);
        let up = self.truth(r#","up":"#)?;
        let first = self.is_next(r#","first":true"#);
        Some(HandMoved { call, up, first, by: self.optional(r#","by":""#)?.map(Into::into) })
    }

    fn ask(&mut self) -> Option<Ask> {
        let action = match self.text(r#"{"action":""#)? {
            "mute" => Action::Mute,
            "unmute" => Action::Unmute,
            "kick" => Action::Kick,
            _ => return None,
        };
        let call = CallKey::new(self.text(r#","call":""#)?);
        let conference = ConferenceId::new(self.text(r#","conference":""#)?);
        let number = self.text(r#","number":""#)?.into();
        let by = self.text(r#","by":""#)?.into();
        let cause = match self.optional(r#","cause":""#)? {
            Some("key") => Cause::Key,
            Some("bulk") => Cause::Bulk,
            Some("floor") => Cause::Floor,
            Some(_) => return None,
            None => {
                let cause = Cause::Rule(Seq(self.number(r#","cause":{"rule":"#)?));
                self.skip("}")?;
                cause
            }
        };
        let rule = match self.optional(r#","rule":""#)? {
            Some("lecture") => Some(Rule::Lecture),
            Some("lecture_ended") => Some(Rule::LectureEnded),
            Some("exemption") => Some(Rule::Exemption),
            Some("lock") => Some(Rule::Lock),
            Some("ban") => Some(Rule::Ban),
            Some(_) => return None,
            None => None,
        };
        Some(Ask { action, call, conference, number, by, cause, rule, joined: Moment::read(self.number(r#","joined":"#)?) })
    }

    fn answer(&mut self) -> Option<Answer> {
        Some(Answer {
            ask: Seq(self.number(r#"{"ask":"#)?),
            call: CallKey::new(self.text(r#","call":""#)?),
            outcome: match self.text(r#","outcome":""#)? {
                "accepted" => Outcome::Accepted,
                "refused" => Outcome::Refused,
                "not_delivered" => Outcome::NotDelivered,
                "unknown" => Outcome::Unknown,
                "not_sent" => Outcome::NotSent,
                _ => return None,
            },
            detail: self.text(r#","detail":""#)?.into(),
            millis: self.number(r#","millis":"#)?,
            reached: self.truth(r#","reached":"#)?,
        })
    }

    fn is_next(&mut self, wanted: &str) -> bool {
        let rest = self.0.strip_prefix(wanted);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn skip(&mut self, wanted: &str) -> Option<()> {
        self.is_next(wanted).then_some(())
    }

    /// A text after its name and its first quote.
    fn text(&mut self, name: &str) -> Option<&'a str> {
        self.skip(name)?;
        let bytes = self.0.as_bytes();
        // A text may neither begin nor end with a space, nor have two in a row.
        let (mut space, mut odd, mut length) = (true, false, 0);
        loop {
            let plain = surely_plain(&bytes[length..]);
            (space, length) = (space && plain == 0, length + plain);
            match bytes.get(length)? {
                b'"' => break,
                b' ' => (odd, space) = (odd | space, true),
                b'\\' | 0..=0x1f => return None,
                0x7f.. => (odd, space) = (true, false),
                _ => space = false,
            }
            length += 1;
        }
        let (text, rest) = (&self.0[..length], &self.0[length + 1..]);
        let surely_clean = !odd && length <= text::FIELD_BYTES && (!space || length == 0);
        (surely_clean || text::clean_field(text) == text).then_some(())?;
        self.0 = rest;
        Some(text)
    }

    /// A text that may not be there. None where it is there and not clean.
    #[allow(clippy::option_option, reason = "there and read, not there, or to be read in another way")]
    fn optional(&mut self, name: &str) -> Option<Option<&'a str>> {
        if self.0.starts_with(name) { self.text(name).map(Some) } else { Some(None) }
    }

    fn truth(&mut self, name: &str) -> Option<bool> {
        self.skip(name)?;
        if self.is_next("true") { Some(true) } else { self.skip("false").map(|()| false) }
    }

    /// A whole number as it is written: no plus, no zeros before it.
    fn number<T: FromStr>(&mut self, name: &str) -> Option<T> {
        self.skip(name)?;
        let length = self.0.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'-').count();
        let (digits, rest) = self.0.split_at(length);
        if length > 1 && (digits.starts_with('0') || digits.starts_with("-0")) {
            return None;
        }
        self.0 = rest;
        digits.parse().ok()
    }
}
