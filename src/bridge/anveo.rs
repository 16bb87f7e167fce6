//! Anveo: its XML API, version 3.
//!
//! This front file holds the settings, the bridge itself and what to do about the action's two spellings.
//! What is written, read and carried lies in the children.

use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::bridge::{Bridge, Fault, FaultKind, Order};
use crate::conference::Action;
pub use crate::config::ACTION_NAME;
use crate::config::error::shown;
use crate::config::{Config, Secret};
use crate::text;

mod account;
mod client;
mod escape;
mod request;
mod response;

use account::Account;
pub use client::Probed;
use client::{Client, Wear};

/// The action's name as the sample on the same page spells it.
pub const ACTION_NAME_IN_SAMPLE: &str = "CALLFOW.INSTANCE.CONFERENCE.ACTION";

/// Everything the bridge needs to know.
///
/// It holds secrets, so it has no `Debug`.
pub struct Settings {
    /// Where requests go: `https`, or `http` to this machine.
    pub api_url: url::Url,
    /// The account's user key.
    pub userkey: Secret,
    /// The account's e-mail; together with the secure phrase it makes the SIGNATURE parameter.
    pub email: Option<Secret>,
    /// The account's Secure Phrase.
    pub secure_phrase: Option<Secret>,
    /// The name of the action in requests.
    pub action_name: String,
    /// A PEM file with certificate authorities to trust beside the built-in ones.
    pub api_ca_file: Option<PathBuf>,
    /// How long a connection may take, name look-up and TLS included.
    pub connect_within: Duration,
    /// How long a try may take until its answer is complete.
    pub answer_within: Duration,
    /// How long an idle connection is kept for mutes and unmutes, which may be repeated.
    pub idle: Duration,
    /// How long an idle connection may be used for a kick, which may not.
    pub idle_for_kicks: Duration,
}

impl Settings {
    /// Settings with the bounds that the product promises: 3 s to connect, 8 s for the answer, kicks
    /// only on connections idle for less than 5 s.
    #[must_use]
    pub fn new(api_url: url::Url, userkey: Secret) -> Self {
        Self {
            api_url,
            userkey,
            email: None,
            secure_phrase: None,
            action_name: ACTION_NAME.to_owned(),
            api_ca_file: None,
            connect_within: Duration::from_secs(3),
            answer_within: Duration::from_secs(8),
            idle: Duration::from_secs(90),
            idle_for_kicks: Duration::from_millis(4_900),
        }
    }

    /// What the configuration says.
    ///
    /// # Errors
    /// [`SetupError::NoUserKey`] when none is configured.
    pub fn from_config(config: &Config) -> Result<Self, SetupError> {
        let userkey = config.userkey.clone().ok_or(SetupError::NoUserKey)?;
        Ok(Self {
            email: config.email.clone(),
            secure_phrase: config.secure_phrase.clone(),
            action_name: config.action_name.clone(),
            api_ca_file: config.api_ca_file.clone(),
            ..Self::new(config.api_url.clone(), userkey)
        })
    }
}

/// Why the bridge cannot be used as it is configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SetupError {
    /// There is no user key.
    NoUserKey,
    /// The API URL would carry the user key unencrypted to another machine. The URL's scheme and host.
    Unencrypted(String),
    /// The API URL is neither `https` nor `http`, or names no host. Its scheme.
    NotHttp(String),
    /// The file with more certificate authorities cannot be used: its path, and why.
    Authorities(PathBuf, String),
}

impl fmt::Display for SetupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoUserKey => f.write_str("no user key is configured; set CONFMOD_USERKEY, or userkey_file in the configuration"),
            Self::Unencrypted(place) => write!(
                f,
                "api_url ({place}) would send the user key unencrypted; use https://, plain http:// goes only to 127.0.0.1, ::1 or localhost"
            ),
            Self::NotHttp(scheme) => {
                write!(f, "api_url has the scheme \"{scheme}\" or no host; it must begin with https:// and a host name")
            }
            Self::Authorities(path, why) => {
                write!(f, "api_ca_file {} cannot be used: {why}; it must be a readable PEM file with at least one certificate", shown(path))
            }
        }
    }
}

impl std::error::Error for SetupError {}

/// The provider.
///
/// It holds secrets, so it has no `Debug`.
pub struct Anveo {
    account: Account,
    names: [String; 2],
    second_name: AtomicBool,
    client: Client,
}

impl Anveo {
    /// A bridge with these settings. Nothing is sent and no TLS is set up until it is first used.
    ///
    /// # Errors
    /// When the URL is not one that the user key may be sent to, or the file of certificate authorities
    /// cannot be read.
    pub fn new(settings: Settings) -> Result<Self, SetupError> {
        let client = Client::new(&settings)?;
        let other = if settings.action_name == ACTION_NAME { ACTION_NAME_IN_SAMPLE } else { ACTION_NAME };
        Ok(Self {
            account: Account::new(settings.userkey, settings.email.as_ref(), settings.secure_phrase.as_ref()),
            names: [settings.action_name, other.to_owned()],
            second_name: AtomicBool::new(false),
            client,
        })
    }

    /// Finds out whether the provider can be reached, TLS included, with a request that carries no ask and
    /// no key. Any answer will do.
    pub async fn probe(&self) -> Result<Probed, Fault> {
        self.client.probe().await
    }

    async fn send(&self, order: &Order, name: &str) -> Result<(), Fault> {
        let body = request::write(&self.account, name, order);
        let wear = if order.action == Action::Kick { Wear::Fresh } else { Wear::Any };
        let mut reply = self.client.post(body, wear).await?;
        response::judge(&reply).map_err(|fault| {
            // The verdict is the answer's as it came; its words are read again with the secrets taken out, before
            // they are cut short, and once more when they are unescaped.
            reply.body = self.account.hide(&String::from_utf8_lossy(&reply.body)).into_bytes();
            let words = response::judge(&reply).err().map(|hidden| hidden.detail).unwrap_or_default();
            // What stands for a secret may be longer than it.
            Fault { detail: text::clean_field(&self.account.hide(&words)), ..fault }
        })
    }
}

impl Bridge for Anveo {
    async fn act(&self, order: &Order) -> Result<(), Fault> {
        let second = self.second_name.load(Ordering::Relaxed);
        let first = match self.send(order, &self.names[usize::from(second)]).await {
            Err(fault) if complains_about_action(&fault) => fault,
            ended => return ended,
        };
        // The provider did not know the action, so nothing was carried out and sending again is safe.
        match self.send(order, &self.names[usize::from(!second)]).await {
            Err(again) if complains_about_action(&again) => Err(first),
            ended => {
                if ended.as_ref().err().is_none_or(Fault::is_refusal) {
                    self.second_name.store(!second, Ordering::Relaxed);
                }
                ended
            }
        }
    }

    async fn keep_warm(&self) {
        if let Err(fault) = self.probe().await {
            tracing::debug!(%fault, "no connection could be kept warm");
        }
    }
}

/// Whether a refusal says that the action's name is wrong: the word `action` together with unknown,
/// invalid, not found or not supported.
fn complains_about_action(fault: &Fault) -> bool {
    if fault.kind != FaultKind::Refused {
        return false;
    }
    let lower = fault.detail.to_ascii_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let pair = |second| words.windows(2).any(|two| two == ["not", second]);
    words.contains(&"action") && (words.contains(&"unknown") || words.contains(&"invalid") || pair("found") || pair("supported"))
}

#[cfg(test)]
mod tests;
