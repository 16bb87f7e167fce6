//! What can be set: defaults, then the file, then the environment, then flags; one check per rule.
//!
//! This front file holds the settings themselves and the [`Secret`]; the children read and check them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

pub use secrecy::ExposeSecret;
use serde::Deserialize;

/// A text that must not be seen. It has no `Debug` of its own content and is zeroed when dropped.
pub type Secret = secrecy::SecretString;

/// Everything that can be set, checked.
pub struct Config {
    /// The provider's user key, where one is configured.
    pub userkey: Option<Secret>,
    /// The account's e-mail; with the secure phrase it makes the SIGNATURE parameter.
    pub email: Option<Secret>,
    /// The account's Secure Phrase.
    pub secure_phrase: Option<Secret>,
    /// Where requests go.
    pub api_url: url::Url,
    /// A PEM file with one more certificate authority to trust, beside the built-in ones.
    pub api_ca_file: Option<PathBuf>,
    /// The name of the action in requests.
    pub action_name: String,
    /// Whether a connection to the provider is held open while callers are in.
    pub keep_warm: bool,
    /// Bulk and automatic asks a second.
    pub pace: u32,
    /// Bulk and automatic asks at once.
    pub parallel: u32,
    /// What to do with an ask for a caller without a number.
    pub withheld: Withheld,
    /// Where the listener listens.
    pub listen: SocketAddr,
    /// How the listener is reached from outside, for the URLs to paste.
    pub public_url: Option<url::Url>,
    /// The secret in the callback URLs.
    pub callback_token: Secret,
    /// A second accepted token while the first is rotated.
    pub callback_token_previous: Option<Secret>,
    /// Addresses callbacks may come from; empty means any.
    pub allow: Vec<ipnet::IpNet>,
    /// Proxies whose forwarded-for headers are believed.
    pub proxies: Vec<ipnet::IpNet>,
    /// For joins that name no conference, and the tab to open on.
    pub conference: Option<String>,
    /// Where the journal is.
    pub journal: PathBuf,
    /// Who is moderating.
    pub moderator: String,
    /// What `k` does.
    pub kick: Kick,
    /// How long a call may be silent before it is `stale`.
    pub stale_after: Duration,
    /// How old a call may be to come back from the journal at start.
    pub resume_within: Duration,
    /// Colours.
    pub theme: ThemeChoice,
    /// Draw with ASCII only.
    pub ascii: bool,
    /// Take every dangerous command away.
    pub read_only: bool,
    /// Where the log goes.
    pub log: PathBuf,
    /// What is logged.
    pub log_level: tracing::Level,
    /// Other keys for commands: command id to keys, as written.
    pub keys: BTreeMap<String, Vec<String>>,
}

/// What to do with an ask for a caller without a number (the provider requires E164).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Withheld {
    /// Refuse on the spot and say why.
    #[default]
    Refuse,
    /// Send what was received in place of the number.
    Send,
}

/// What `k` does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kick {
    /// A dialog that `y` confirms.
    #[default]
    Dialog,
    /// A wait of three seconds that Esc stops.
    Countdown,
}

/// Which colours are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ThemeChoice {
    /// True colour where `COLORTERM` says so, else 16 colours, else none under `NO_COLOR`.
    #[default]
    Auto,
    /// The terminal's own 16 colours.
    Ansi,
    /// 24-bit colours.
    Truecolor,
    /// No colours at all.
    None,
}
