//! Numbers that the demo's moderator has banned before anybody calls.

use serde::Deserialize;

use super::{Source, Text, written};
use crate::rehearsal::scenario::{Banned, ScenarioError};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Raw {
    number: Text,
    #[serde(default)]
    reason: String,
}

pub(super) fn read(source: &Source<'_>, raw: &Raw) -> Result<Banned, ScenarioError> {
    let text = raw.number.get_ref();
    let number = written(text).ok_or_else(|| {
        let problem = format!("`number` is {text:?}, which is no number of 3 to 15 digits");
        source.error(&raw.number.span(), problem, "write it like \"+1 212 555 0123\"")
    })?;
    Ok(Banned { number, reason: raw.reason.clone() })
}
