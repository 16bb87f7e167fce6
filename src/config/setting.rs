//! The table of settings: one line for each, with its names and what kind of value it takes.
//!
//! File, environment and flags are read through this table, so a name stands in one place.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use secrecy::zeroize::Zeroizing;

use super::environment::Environment;
use super::error::{ConfigError, Origin};

/// What kind of value a setting takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Path,
    Integer,
    Boolean,
    List,
    Keys,
}

/// One setting's names.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting {
    /// Its name in the file, and in what is printed.
    pub(super) key: &'static str,
    pub(super) kind: Kind,
    /// Whether the file may hold it.
    pub(super) in_file: bool,
    pub(super) variable: Option<&'static str>,
    /// Whether it means something to a rehearsal, which has an API, a listener and a journal of its own.
    pub(super) in_demo: bool,
}

const fn setting(key: &'static str, kind: Kind, variable: Option<&'static str>) -> Setting {
    Setting { key, kind, in_file: true, variable, in_demo: true }
}

impl Setting {
    const fn not_in_file(mut self) -> Self {
        self.in_file = false;
        self
    }

    const fn not_in_demo(mut self) -> Self {
        self.in_demo = false;
        self
    }
}

/// Every setting, in the order in which it is documented and printed.
pub(super) static SETTINGS: &[Setting] = &[
    setting("userkey", Kind::Text, Some("CONFMOD_USERKEY")).not_in_file().not_in_demo(),
    setting("userkey_file", Kind::Path, None).not_in_demo(),
    setting("email", Kind::Text, Some("CONFMOD_EMAIL")).not_in_demo(),
    setting("secure_phrase", Kind::Text, Some("CONFMOD_SECURE_PHRASE")).not_in_file().not_in_demo(),
    setting("secure_phrase_file", Kind::Path, None).not_in_demo(),
    setting("api_url", Kind::Text, Some("CONFMOD_API_URL")).not_in_demo(),
    setting("api_ca_file", Kind::Path, None).not_in_demo(),
    setting("action_name", Kind::Text, None).not_in_demo(),
    setting("keep_warm", Kind::Boolean, None),
    setting("pace", Kind::Integer, Some("CONFMOD_PACE")),
    setting("parallel", Kind::Integer, Some("CONFMOD_PARALLEL")),
    setting("withheld", Kind::Text, None),
    setting("ask_after_join", Kind::Text, None),
    setting("listen", Kind::Text, Some("CONFMOD_LISTEN")).not_in_demo(),
    setting("public_url", Kind::Text, None).not_in_demo(),
    setting("callback_token", Kind::Text, Some("CONFMOD_CALLBACK_TOKEN")).not_in_file().not_in_demo(),
    setting("callback_token_file", Kind::Path, None).not_in_demo(),
    setting("callback_token_previous", Kind::Text, None).not_in_demo(),
    setting("allow", Kind::List, None).not_in_demo(),
    setting("proxies", Kind::List, None).not_in_demo(),
    setting("conference", Kind::Text, Some("CONFMOD_CONFERENCE")),
    setting("journal", Kind::Path, Some("CONFMOD_JOURNAL")).not_in_demo(),
    setting("nats", Kind::Text, Some("CONFMOD_NATS")).not_in_demo(),
    setting("nats_stream", Kind::Text, None).not_in_demo(),
    setting("nats_creds", Kind::Path, None).not_in_demo(),
    setting("nats_nkey", Kind::Path, None).not_in_demo(),
    setting("nats_ca", Kind::Path, None).not_in_demo(),
    setting("nats_cert", Kind::Path, None).not_in_demo(),
    setting("nats_key", Kind::Path, None).not_in_demo(),
    setting("nats_replicas", Kind::Integer, None).not_in_demo(),
    setting("nats_size", Kind::Text, None).not_in_demo(),
    setting("metrics", Kind::Text, None).not_in_demo(),
    setting("reports", Kind::Path, None),
    setting("moderator", Kind::Text, Some("CONFMOD_MODERATOR")),
    setting("contacts", Kind::Path, None).not_in_demo(),
    setting("exempt_roles", Kind::List, None),
    setting("kick", Kind::Text, None),
    setting("stale_after", Kind::Text, None),
    setting("silence_after", Kind::Text, None),
    setting("resume_within", Kind::Text, None),
    setting("retention", Kind::Text, None).not_in_demo(),
    setting("theme", Kind::Text, None),
    setting("ascii", Kind::Boolean, None),
    setting("mask", Kind::Boolean, None),
    setting("alert_hand", Kind::List, None),
    setting("alert_unknown", Kind::List, None),
    setting("alert_banned", Kind::List, None),
    setting("alert_silence", Kind::List, None),
    setting("log", Kind::Path, None),
    setting("log_level", Kind::Text, Some("CONFMOD_LOG")),
    setting("keys", Kind::Keys, None),
];

/// A value as it was given, its kind already right.
#[derive(Clone, PartialEq)]
pub(super) enum Raw {
    /// May be a secret, so it wipes itself.
    Text(Zeroizing<String>),
    Path(PathBuf),
    Integer(i64),
    Boolean(bool),
    /// Entries with the place of each.
    List(Vec<(String, Origin)>),
    Keys(BTreeMap<String, Vec<String>>),
}

// The text is left out: it may be a secret, which has no type of its own before it is checked.
impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(_) => f.write_str("Text"),
            Self::Path(path) => write!(f, "{path:?}"),
            Self::Integer(number) => write!(f, "{number}"),
            Self::Boolean(truth) => write!(f, "{truth}"),
            Self::List(entries) => write!(f, "{entries:?}"),
            Self::Keys(keys) => write!(f, "{keys:?}"),
        }
    }
}

/// A value and where it came from.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Given {
    pub(super) raw: Raw,
    pub(super) origin: Origin,
}

/// What one source says. A later layer wins over an earlier one, key by key.
pub(super) type Layer = BTreeMap<&'static str, Given>;

/// What the command line says; `None` is a flag that was not given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// `--config`: the file to read instead of the usual one.
    pub config: Option<PathBuf>,
    /// `--api-url`
    pub api_url: Option<String>,
    /// `--listen`
    pub listen: Option<String>,
    /// `--conference`
    pub conference: Option<String>,
    /// `--journal`
    pub journal: Option<PathBuf>,
    /// `--nats`
    pub nats: Option<String>,
    /// `--metrics`
    pub metrics: Option<String>,
    /// `--moderator`
    pub moderator: Option<String>,
    /// `--log`
    pub log: Option<PathBuf>,
    /// `--ascii`
    pub ascii: bool,
    /// `--read-only`
    pub read_only: bool,
}

impl Flags {
    /// These flags, and where one was not given the other ones.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            config: self.config.or(other.config),
            api_url: self.api_url.or(other.api_url),
            listen: self.listen.or(other.listen),
            conference: self.conference.or(other.conference),
            journal: self.journal.or(other.journal),
            nats: self.nats.or(other.nats),
            metrics: self.metrics.or(other.metrics),
            moderator: self.moderator.or(other.moderator),
            log: self.log.or(other.log),
            ascii: self.ascii || other.ascii,
            read_only: self.read_only || other.read_only,
        }
    }

    /// What the flags set.
    pub(super) fn layer(&self) -> Layer {
        let text = |value: &Option<String>| value.clone().map(|value| Raw::Text(value.into()));
        let path = |value: &Option<PathBuf>| value.clone().map(Raw::Path);
        let given = [
            ("api_url", "--api-url", text(&self.api_url)),
            ("listen", "--listen", text(&self.listen)),
            ("conference", "--conference", text(&self.conference)),
            ("journal", "--journal", path(&self.journal)),
            ("nats", "--nats", text(&self.nats)),
            ("metrics", "--metrics", text(&self.metrics)),
            ("moderator", "--moderator", text(&self.moderator)),
            ("log", "--log", path(&self.log)),
            ("ascii", "--ascii", self.ascii.then_some(Raw::Boolean(true))),
        ];
        given.into_iter().filter_map(|(key, flag, raw)| Some((key, Given { raw: raw?, origin: Origin::Flag(flag) }))).collect()
    }
}

/// What the environment sets. `NO_COLOR`, when not empty, takes the colours away (no-color.org).
pub(super) fn environment_layer(environment: &Environment) -> Result<Layer, ConfigError> {
    let mut layer = Layer::new();
    for setting in SETTINGS {
        let Some(variable) = setting.variable else { continue };
        let Some(value) = environment.get(variable) else { continue };
        let origin = Origin::Environment(variable);
        let text = || {
            let wrong = "is not UTF-8 text; set it again, or unset it";
            value.to_str().ok_or_else(|| ConfigError::setting(setting.key, &origin, wrong))
        };
        let raw = match setting.kind {
            Kind::Path => Raw::Path(value.into()),
            Kind::Integer => {
                let wrong = "is no whole number; give one, such as 10";
                Raw::Integer(text()?.trim().parse().map_err(|_| ConfigError::setting(setting.key, &origin, wrong))?)
            }
            _ => Raw::Text(text()?.to_owned().into()),
        };
        layer.insert(setting.key, Given { raw, origin });
    }
    if environment.get("NO_COLOR").is_some() {
        layer.insert("theme", Given { raw: Raw::Text("none".to_owned().into()), origin: Origin::Environment("NO_COLOR") });
    }
    Ok(layer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_variables_set_nothing() {
        let environment = Environment::from([("CONFMOD_PACE", ""), ("NO_COLOR", ""), ("CONFMOD_JOURNAL", "")]);
        assert_eq!(environment_layer(&environment), Ok(Layer::new()));
    }

    #[test]
    fn a_secret_is_not_debugged_before_it_is_checked() {
        let layer = environment_layer(&Environment::from([("CONFMOD_USERKEY", "df1418"), ("CONFMOD_CALLBACK_TOKEN", "geheim")]));
        let shown = format!("{layer:?}");
        assert!(shown.contains("CONFMOD_USERKEY") && !shown.contains("df1418") && !shown.contains("geheim"), "{shown}");
    }

    #[test]
    fn a_variable_that_is_no_number_is_named() {
        let said = environment_layer(&Environment::from([("CONFMOD_PARALLEL", "many")])).expect_err("no number").to_string();
        assert!(said.starts_with("CONFMOD_PARALLEL: ") && said.contains("such as"), "{said}");
    }

    #[test]
    fn no_color_takes_the_colours_away() {
        let layer = environment_layer(&Environment::from([("NO_COLOR", "1")])).expect("fine");
        assert_eq!(layer["theme"], Given { raw: Raw::Text("none".to_owned().into()), origin: Origin::Environment("NO_COLOR") });
    }

    #[test]
    fn flags_that_were_not_given_set_nothing() {
        assert_eq!(Flags::default().layer(), Layer::new());
        let flags = Flags { ascii: true, listen: Some(String::new()), ..Flags::default() };
        assert_eq!(flags.layer().keys().copied().collect::<Vec<_>>(), ["ascii", "listen"]);
    }
}
