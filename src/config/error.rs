//! What is said when a setting cannot be used: where it came from, what is wrong, what to do.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::text;

/// Where a setting came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// Nothing set it.
    #[default]
    Default,
    /// A line of the configuration file, counted from 1.
    File(PathBuf, usize),
    /// An environment variable.
    Environment(&'static str),
    /// A flag of the command line.
    Flag(&'static str),
    /// The name under which the user is logged in.
    Login,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path, line) => write!(f, "{}, line {line}", shown(path)),
            Self::Environment(name) | Self::Flag(name) => f.write_str(name),
            Self::Login => f.write_str("login name"),
        }
    }
}

/// Which precondition does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// A setting is wrong.
    Setting,
    /// A file that holds a secret is missing, unusable, or open to others.
    SecretFile,
    /// There is no place to keep files, because the home directory is unknown.
    Home,
}

/// A setting that cannot be used: one sentence, with the remedy. Never holds a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// Which precondition does not hold.
    pub kind: ErrorKind,
    sentence: String,
}

impl ConfigError {
    /// An error in a setting that was found outside this room, for example a key bound twice.
    #[must_use]
    pub fn new(kind: ErrorKind, sentence: impl Into<String>) -> Self {
        Self { kind, sentence: sentence.into() }
    }

    /// A wrong value of a setting, with where it came from.
    pub(super) fn setting(key: &str, origin: &Origin, sentence: &str) -> Self {
        let sentence = match origin {
            Origin::File(..) => format!("{origin}: {key}: {sentence}"),
            _ => format!("{origin}: {sentence}"),
        };
        Self::new(ErrorKind::Setting, sentence)
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

impl std::error::Error for ConfigError {}

/// A path as it may be shown: what cannot be shown is dropped.
#[must_use]
pub fn shown(path: &Path) -> String {
    text::clean(&path.to_string_lossy(), 4096)
}

/// A path as a shell takes it, for commands to copy.
#[must_use]
pub fn quoted(path: &Path) -> String {
    let plain = shown(path);
    let harmless = |c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | '+' | ',' | ':' | '@' | '%');
    if !plain.is_empty() && plain.chars().all(harmless) { plain } else { format!("'{}'", plain.replace('\'', r"'\''")) }
}

/// A value that was given, as an error may show it: cleaned, and short.
#[must_use]
pub(super) fn given(value: &str) -> String {
    format!("`{}`", text::cut(&text::clean_field(value), 60, ".."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_the_place() {
        let file = Origin::File("/etc/confmod.toml".into(), 3);
        let cases = [
            (file, "/etc/confmod.toml, line 3: pace: too fast"),
            (Origin::Environment("CONFMOD_PACE"), "CONFMOD_PACE: too fast"),
            (Origin::Flag("--pace"), "--pace: too fast"),
        ];
        for (origin, wanted) in cases {
            assert_eq!(ConfigError::setting("pace", &origin, "too fast").to_string(), wanted);
        }
    }

    #[test]
    fn paths_can_be_pasted_into_a_shell() {
        assert_eq!(quoted(Path::new("/home/ada/key")), "/home/ada/key");
        assert_eq!(quoted(Path::new("/home/ada's/my key")), r"'/home/ada'\''s/my key'");
        assert_eq!(shown(Path::new("/tmp/\u{1b}[2Jx")), "/tmp/[2Jx");
    }

    #[test]
    fn values_are_shown_short_and_clean() {
        assert_eq!(given("a\u{1b}[31mb"), "`a[31mb`");
        assert!(given(&"x".repeat(500)).len() < 70);
    }
}
