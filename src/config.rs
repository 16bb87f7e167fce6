//! What can be set: defaults, then the file, then the environment, then flags; one check per rule.
//!
//! This front file holds the settings themselves and the [`Secret`]; the children read and check them.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

pub use secrecy::ExposeSecret;

mod alert;
pub mod check;
pub mod environment;
pub mod error;
mod file;
pub mod paths;
mod resolve;
mod secret;
mod setting;
pub mod shared;
mod show;
mod token;
mod twins;

pub use alert::{AlertWays, Way};
pub use environment::Environment;
pub use error::{ConfigError, ErrorKind, Origin};
pub use resolve::{Loaded, Purpose, load};
pub use setting::Flags;
pub use shared::Shared;
pub use token::random as random_secret;

/// A text that must not be seen. `Debug` shows nothing of it, and it is zeroed when dropped.
pub type Secret = secrecy::SecretString;

/// The provider's address, version 3 of its interface.
pub const API_URL: &str = "https://www.anveo.com/api/v3.asp";

/// The action's name in the title of the provider's page; a sample on that page drops a letter.
pub const ACTION_NAME: &str = "CALLFLOW.INSTANCE.CONFERENCE.ACTION";

/// The documented configuration, every key with its default.
pub const DEFAULT_FILE: &str = include_str!("../assets/config.toml");

/// Everything that can be set, checked.
///
/// The paths are empty where there is no place for them, which [`load`] allows only for a [`Purpose`]
/// that does not need them.
#[derive(Clone, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each is a setting of its own")]
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
    /// The time between a join and an ask that a rule makes because of it.
    pub ask_after_join: Duration,
    /// Where the listener listens.
    pub listen: SocketAddr,
    /// How the listener is reached from outside, for the URLs to paste.
    pub public_url: Option<url::Url>,
    /// The secret in the callback URLs, where the environment gives it; ask [`Config::token`].
    pub callback_token: Option<Secret>,
    /// Where the secret in the callback URLs is kept otherwise.
    pub callback_token_file: PathBuf,
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
    /// The journal that several hosts and desks share, where there is one; then the other is not used.
    pub nats: Option<Shared>,
    /// Where `confmod serve` tells how it is.
    pub metrics: SocketAddr,
    /// The folder that the console writes reports into; empty where there is no place for one.
    pub reports: PathBuf,
    /// Who is moderating.
    pub moderator: String,
    /// The file with who people are by their numbers; may be missing.
    pub contacts: PathBuf,
    /// Whether somebody set that file, so that its absence is worth a word.
    pub contacts_named: bool,
    /// The roles in it that lecture mode and lock spare.
    pub exempt_roles: Vec<String>,
    /// What `k` does.
    pub kick: Kick,
    /// How long a call may be silent before it is `stale`.
    pub stale_after: Duration,
    /// How long no callback may come while callers are in before the console warns.
    pub silence_after: Duration,
    /// How long a call may be silent before it is left out, at start and while confmod runs.
    pub resume_within: Duration,
    /// How long the journal keeps what happened; none keeps all of it.
    pub retention: Option<Duration>,
    /// Colours.
    pub theme: ThemeChoice,
    /// Draw with ASCII only.
    pub ascii: bool,
    /// Start with digits masked.
    pub mask: bool,
    /// What alerts the moderator, and how.
    pub alerts: AlertWays,
    /// Take every dangerous command away.
    pub read_only: bool,
    /// Where the log goes.
    pub log: PathBuf,
    /// What is logged.
    pub log_level: tracing::Level,
    /// Other keys for commands: command id to keys, as written.
    pub keys: BTreeMap<String, Vec<String>>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            userkey: None,
            email: None,
            secure_phrase: None,
            api_url: api_url(),
            api_ca_file: None,
            action_name: ACTION_NAME.to_owned(),
            keep_warm: false,
            pace: 10,
            parallel: 4,
            withheld: Withheld::default(),
            ask_after_join: Duration::from_millis(1_500),
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8787)),
            public_url: None,
            callback_token: None,
            callback_token_file: PathBuf::new(),
            callback_token_previous: None,
            allow: Vec::new(),
            proxies: Vec::new(),
            conference: None,
            journal: PathBuf::new(),
            nats: None,
            metrics: SocketAddr::from((Ipv4Addr::LOCALHOST, 8789)),
            reports: PathBuf::new(),
            moderator: "moderator".to_owned(),
            contacts: PathBuf::new(),
            contacts_named: false,
            exempt_roles: ["moderator", "speaker", "interpreter"].map(str::to_owned).into(),
            kick: Kick::default(),
            stale_after: Duration::from_hours(4),
            silence_after: Duration::from_mins(30),
            resume_within: Duration::from_hours(12),
            retention: None,
            theme: ThemeChoice::default(),
            ascii: false,
            mask: false,
            alerts: AlertWays::default(),
            read_only: false,
            log: PathBuf::new(),
            log_level: tracing::Level::INFO,
            keys: BTreeMap::new(),
        }
    }
}

#[allow(clippy::expect_used, reason = "a constant, which a test parses")]
fn api_url() -> url::Url {
    url::Url::parse(API_URL).expect("the provider's address is a URL")
}

impl Config {
    /// How far back the journal is read at start: twice the silence that leaves a call out, because a call
    /// that was heard of within it may have joined before.
    #[must_use]
    pub fn look_back(&self) -> Duration {
        self.resume_within * 2
    }

    /// How long the journal keeps what happened, as a person would set it.
    #[must_use]
    pub fn retained(&self) -> String {
        self.retention.map_or_else(|| "forever".to_owned(), show::days)
    }

    /// What is younger than this is never deleted from the journal: it comes back at a start, and a slip in a unit
    /// must not cost today's conference.
    #[must_use]
    pub fn least_kept(&self) -> Duration {
        self.look_back().max(check::LEAST_KEPT)
    }

    /// The secret in the callback URLs: the one given, else the one in its file, which is made at first need.
    ///
    /// Fails when the file cannot be made or others can get at it, and when the token is too short for an
    /// address that other machines can reach.
    pub fn token(&self) -> Result<Secret, ConfigError> {
        let token = match &self.callback_token {
            Some(token) => token.clone(),
            None if self.callback_token_file.as_os_str().is_empty() => {
                return Err(resolve::homeless("the callback token", "CONFMOD_CALLBACK_TOKEN"));
            }
            None => token::read_or_make(&self.callback_token_file)?,
        };
        self.check_token(&token)?;
        Ok(token)
    }

    /// Like [`Config::token`], but makes nothing: `Ok(None)` where there is no token yet.
    pub fn existing_token(&self) -> Result<Option<Secret>, ConfigError> {
        let token = match &self.callback_token {
            Some(token) => Some(token.clone()),
            None => token::read(&self.callback_token_file)?,
        };
        token.as_ref().map_or(Ok(()), |token| self.check_token(token))?;
        Ok(token)
    }

    fn check_token(&self, token: &Secret) -> Result<(), ConfigError> {
        let enough = check::validate_token_for(self.listen, token.expose_secret().len());
        enough.map_err(|sentence| ConfigError::new(ErrorKind::Setting, sentence))
    }
}

/// What to do with an ask for a caller without a number (the provider requires E164).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Withheld {
    /// Refuse on the spot and say why.
    #[default]
    Refuse,
    /// Send what was received in place of the number.
    Send,
}

/// What `k` does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kick {
    /// A dialog that `y` confirms.
    #[default]
    Dialog,
    /// A wait of three seconds that Esc stops.
    Countdown,
    /// Nothing: this desk may not kick.
    Never,
}

/// Which colours are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
