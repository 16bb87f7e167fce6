//! What is known of people beyond one call: names, contacts, exemptions, bans. All of it holds until it is changed.

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::conference::{CallKey, Moment};
use crate::phone::Number;

/// A name that a moderator gave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// The call that was named.
    pub call: CallKey,
    /// Its number: the name then holds for later calls from it too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<Number>,
    /// The name, cleaned; empty takes the name away.
    pub name: SmolStr,
    /// The moderator who gave it.
    pub by: SmolStr,
}

/// Rows of the contacts file that were added or changed, and numbers that are in it no longer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contacts {
    /// When the file was edited: a name that a moderator gave later stands.
    pub edited: Moment,
    /// At most 500 rows; a long file makes several events.
    pub people: Vec<Contact>,
    /// Numbers that are in the file no longer; at most 500.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<Number>,
}

/// One row of the contacts file, cleaned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// Whose row it is.
    pub number: Number,
    /// The name; may be empty.
    pub name: SmolStr,
    /// The role, such as `speaker`; may be empty.
    #[serde(default)]
    pub role: SmolStr,
    /// A note; may be empty.
    #[serde(default)]
    pub note: SmolStr,
    /// Whether the role is one of those that are spared by lecture mode and lock.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub exempt: bool,
}

/// A caller is spared by lecture mode and lock, or is no longer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exempted {
    /// The call.
    pub call: CallKey,
    /// Its number: it then holds for later calls from it too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<Number>,
    /// Spared, or not.
    pub exempt: bool,
    /// The moderator who said so.
    pub by: SmolStr,
}

/// Whoever joins from this number is kicked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Banned {
    /// The number.
    pub number: Number,
    /// Why, cleaned; may be empty.
    #[serde(default)]
    pub reason: SmolStr,
    /// The moment from which it holds no longer; none for a ban without end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Moment>,
    /// The moderator who banned it.
    pub by: SmolStr,
}

/// A ban holds no longer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lifted {
    /// The number.
    pub number: Number,
    /// The moderator who lifted the ban.
    pub by: SmolStr,
}
