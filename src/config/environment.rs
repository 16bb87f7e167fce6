//! The environment, read once: a snapshot that tests can make up. An empty variable is an unset one.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};

use secrecy::zeroize::Zeroizing;

/// The environment variables as they were when the snapshot was taken. Values wipe themselves: some are secrets.
///
/// What the process was started with stays where the system put it, for its user to see in `/proc`.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<OsString, Zeroizing<Vec<u8>>>);

impl Environment {
    /// The environment of this process.
    #[must_use]
    pub fn of_process() -> Self {
        Self(std::env::vars_os().map(|(name, value)| (name, value.into_vec().into())).collect())
    }

    /// A variable's value; none when it is unset or empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        self.0.get(OsStr::new(name)).map(|value| OsStr::from_bytes(value)).filter(|value| !value.is_empty())
    }

    /// A variable's value where it is text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(OsStr::to_str)
    }
}

// Values are left out: some of them are secrets.
impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl<const N: usize> From<[(&str, &str); N]> for Environment {
    fn from(pairs: [(&str, &str); N]) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.into(), value.as_bytes().to_vec().into())).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_variable_is_an_unset_one() {
        let environment = Environment::from([("A", ""), ("B", "b")]);
        assert_eq!((environment.get("A"), environment.text("B"), environment.get("C")), (None, Some("b"), None));
    }

    #[test]
    fn values_are_not_debugged() {
        let shown = format!("{:?}", Environment::from([("CONFMOD_USERKEY", "df1418")]));
        assert!(shown.contains("CONFMOD_USERKEY") && !shown.contains("df1418"), "{shown}");
    }
}
