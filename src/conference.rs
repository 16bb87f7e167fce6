//! The domain: conferences, the calls in them, and what can be asked of a call.
//!
//! Everything in this room and its children is pure: no clock, no I/O, no randomness. Time comes in as a
//! [`Moment`] that somebody else read.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

pub mod event;
pub mod filter;
mod hands;
pub mod health;
pub mod modes;
pub mod participant;
pub mod people;
pub mod policy;
pub mod roster;
pub mod standing;
#[cfg(test)]
pub(crate) mod story;
pub mod view;

/// A point in time: milliseconds since 1970-01-01 UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Moment(pub i64);

impl Moment {
    /// The beginning of the year 1: nothing that is read is earlier.
    pub const EARLIEST: Self = Self(-62_135_596_800_000);

    /// The beginning of the year 9999: nothing that is read is later.
    pub const LATEST: Self = Self(253_370_764_800_000);

    /// A moment that somebody else wrote down, brought between [`EARLIEST`](Self::EARLIEST) and
    /// [`LATEST`](Self::LATEST): every calendar has those, and no sum of their distances overflows.
    #[must_use]
    pub fn read(millis: i64) -> Self {
        Self(millis).clamp(Self::EARLIEST, Self::LATEST)
    }

    /// The time that passed since an earlier moment; zero when `earlier` is not earlier.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// This moment and a duration later.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }

    /// This moment less a duration.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        i64::deserialize(deserializer).map(Self::read)
    }
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident($kept:ty)) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name($kept);

        impl $name {
            /// Takes text that was cleaned already.
            #[must_use]
            pub fn new(text: &str) -> Self {
                Self(<$kept>::from(text))
            }

            /// The text itself.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", self.as_str())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::new(text)
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                Ok(Self::new(&text))
            }
        }
    };
}

text_id! {
    /// A call: its call flow instance key. One instance is one call; a number is not (two callers may share it).
    CallKey(SmolStr)
}
text_id! {
    /// A conference: its number as configured in the call flow. One piece of memory for all who are in it.
    ConferenceId(Arc<str>)
}

impl CallKey {
    /// Four letters and digits that stay with this call, to tell callers without a number apart.
    ///
    /// They are a hash (FNV-1a, 20 bits of it), so two calls can in rare cases share one: see [`Self::long_tag`].
    #[must_use]
    pub fn tag(&self) -> String {
        tag(&self.0)
    }

    /// The tag and four more letters, from a hash of its own (the same with the bytes turned round), for a call
    /// whose tag another one has already.
    #[must_use]
    pub fn long_tag(&self) -> String {
        long_tag(&self.0)
    }
}

/// [`CallKey::tag`] of a key that is kept as text.
fn tag(key: &str) -> String {
    letters(tag_bits(key))
}

/// [`CallKey::long_tag`] of a key that is kept as text.
fn long_tag(key: &str) -> String {
    let hash = fnv(key.bytes().rev());
    format!("{}{}", tag(key), letters(hash ^ (hash >> 16)))
}

/// What a tag is made of: as long as these 20 bits differ, tags do.
fn tag_bits(key: &str) -> u32 {
    let hash = fnv(key.bytes());
    (hash ^ (hash >> 16)) & 0xF_FFFF
}

fn fnv(bytes: impl Iterator<Item = u8>) -> u32 {
    bytes.fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// Four letters and digits for 20 bits, none of them easily taken for another.
fn letters(bits: u32) -> String {
    const LETTERS: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
    (0..4).map(|i| char::from(LETTERS[(bits >> (5 * i)) as usize & 31])).collect()
}

/// What the provider can be asked to do with a participant. Absolute, never a toggle, so that a repeat is harmless.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Silence the participant's line.
    Mute,
    /// Let the participant speak.
    Unmute,
    /// Throw the participant out of the conference. The only one that harms when repeated.
    Kick,
}

impl Action {
    /// The word people use: `mute`, `unmute`, `kick`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Mute => "mute",
            Self::Unmute => "unmute",
            Self::Kick => "kick",
        }
    }

    /// What undoes it; nothing undoes a kick.
    #[must_use]
    pub fn opposite(self) -> Option<Self> {
        match self {
            Self::Mute => Some(Self::Unmute),
            Self::Unmute => Some(Self::Mute),
            Self::Kick => None,
        }
    }

    /// What has happened once it is done: `muted`, `unmuted`, `kicked`.
    #[must_use]
    pub fn done(self) -> &'static str {
        match self {
            Self::Mute => "muted",
            Self::Unmute => "unmuted",
            Self::Kick => "kicked",
        }
    }
}

/// How an ask ended. Each ask has exactly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The provider answered `SUCCESS`.
    Accepted,
    /// The provider answered that it will not.
    Refused,
    /// Every try ended before the provider can have acted.
    NotDelivered,
    /// At least one try may have reached the provider, and nothing is known of what it did.
    Unknown,
    /// It never left: replaced by a newer ask, stopped, caller gone, quit.
    NotSent,
}

impl Outcome {
    /// The words people read: `accepted`, `refused`, `not delivered`, `unknown`, `not sent`.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::NotDelivered => "not delivered",
            Self::Unknown => "unknown",
            Self::NotSent => "not sent",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_stay_and_differ() {
        let tags: std::collections::BTreeSet<_> = (0..200).map(|i| CallKey::new(&format!("call-{i}")).tag()).collect();
        assert!(tags.len() > 195, "200 calls have {} different tags", tags.len());
        assert_eq!(CallKey::new("12312345").tag(), CallKey::new("12312345").tag());
    }

    #[test]
    fn time_never_runs_backwards() {
        assert_eq!(Moment(5).since(Moment(9)), Duration::ZERO);
        assert_eq!(Moment(9).since(Moment(5)), Duration::from_millis(4));
        assert_eq!(Moment(5).plus(Duration::from_secs(1)), Moment(1005));
        assert_eq!(Moment(1005).minus(Duration::from_secs(1)), Moment(5));
    }
}
