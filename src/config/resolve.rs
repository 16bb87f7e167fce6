//! The layers become settings: each value is taken from the highest layer that has it, and checked.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::check::{self, validate_token_for};
use super::environment::Environment;
use super::error::{ConfigError, ErrorKind, Origin, shown};
use super::paths::Paths;
use super::setting::{Flags, Given, Layer, Raw, SETTINGS, environment_layer};
use super::shared::validate_metrics;
use super::show;
use super::twins::twins;
use super::{AlertWays, Config, ExposeSecret, Secret, file, secret};
use crate::text;

mod shared;

/// What the settings are wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Listener, journal and console: everything is needed, a place for files too.
    Console,
    /// A single command: secrets are read, and a home directory may be missing.
    Command,
    /// Only the journal is read: a secret that cannot be is taken as not set, but for those that a shared journal's servers
    /// are reached with, and a home directory may be missing.
    Journal,
    /// Like the console, but a secret that cannot be read is noted and taken as not set: everything else can
    /// be checked all the same.
    Check,
    /// A rehearsal: no secret is read, and what belongs to a real provider, listener and journal is ignored.
    Demo,
}

/// Settings in force, and where each came from.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The settings.
    pub config: Config,
    /// The file that was read, where there is one.
    pub file: Option<PathBuf>,
    /// Why secrets could not be read; only noted for [`Purpose::Check`] and [`Purpose::Journal`].
    pub unread: Vec<ConfigError>,
    pub(super) origins: BTreeMap<&'static str, Origin>,
}

/// Reads file, environment and flags, in this order, and checks what they say.
///
/// Fails with the first thing that is wrong. A missing file is no error unless a flag names it.
pub fn load(flags: &Flags, environment: &Environment, purpose: Purpose) -> Result<Loaded, ConfigError> {
    let paths = Paths::of(environment);
    let path = flags.config.clone().or_else(|| Some(paths.config.as_ref()?.join("config.toml")));
    let from_file = path.as_deref().map(file::load).transpose()?.flatten();
    if let (Some(named), None) = (&flags.config, &from_file) {
        let sentence = format!("--config: there is no file {}; check the path, or leave the flag out", shown(named));
        return Err(ConfigError::new(ErrorKind::Setting, sentence));
    }
    let file = path.filter(|_| from_file.is_some());
    let mut layer = from_file.unwrap_or_default();
    let mut over = environment_layer(environment)?;
    over.extend(flags.layer());
    if purpose != Purpose::Demo {
        // A bad value is an error also where something overrides it: tomorrow it may not.
        let hidden = layer.iter().filter(|(key, _)| over.contains_key(*key)).map(|(key, given)| (*key, given.clone())).collect();
        Values {
            layer: hidden,
            origins: BTreeMap::new(),
            home: paths.home.clone(),
            unread: None,
            needs_servers: false,
            secrets: Vec::new(),
        }
        .config()?;
    }
    layer.extend(over);
    if purpose == Purpose::Demo {
        layer.retain(|key, _| SETTINGS.iter().any(|s| s.key == *key && s.in_demo));
    }
    let unread = matches!(purpose, Purpose::Check | Purpose::Journal).then(Vec::new);
    let needs_servers = purpose == Purpose::Journal;
    let mut values = Values { layer, origins: BTreeMap::new(), home: paths.home.clone(), unread, needs_servers, secrets: Vec::new() };
    let mut config = values.config()?;
    config.read_only = flags.read_only;
    if flags.read_only {
        values.origins.insert("read_only", Origin::Flag("--read-only"));
    }
    if !values.origins.contains_key("moderator") {
        config.moderator = login_name(environment);
        values.origins.insert("moderator", Origin::Login);
    }
    default_paths(&mut config, &paths, purpose)?;
    if purpose != Purpose::Demo {
        values.check_files(&config, file.as_deref())?;
    }
    Ok(Loaded { config, file, unread: values.unread.unwrap_or_default(), origins: values.origins })
}

impl Loaded {
    /// An error about a setting's value that only those who use it can judge, naming where it was set.
    #[must_use]
    pub fn wrong(&self, key: &'static str, sentence: &str) -> ConfigError {
        ConfigError::setting(key, self.origins.get(key).unwrap_or(&Origin::Default), sentence)
    }
}

/// There is no home directory, and a file needs a place.
pub(super) fn homeless(what: &str, instead: &str) -> ConfigError {
    let sentence = format!("HOME is not set to an absolute path, so there is no place for {what}; set HOME, or set {instead}");
    ConfigError::new(ErrorKind::Home, sentence)
}

fn default_paths(config: &mut Config, paths: &Paths, purpose: Purpose) -> Result<(), ConfigError> {
    let places = [
        (&mut config.journal, &paths.data, "journal.sqlite", "the journal", "--journal"),
        (&mut config.log, &paths.state, "confmod.log", "the log", "--log"),
    ];
    for (place, directory, name, what, instead) in places {
        match directory {
            _ if !place.as_os_str().is_empty() => {}
            Some(directory) => *place = directory.join(name),
            None if matches!(purpose, Purpose::Console | Purpose::Check) => return Err(homeless(what, instead)),
            None => {}
        }
    }
    // Those who need these say so when they do.
    for (place, name) in [(&mut config.callback_token_file, "callback_token"), (&mut config.reports, "reports")] {
        if place.as_os_str().is_empty() {
            *place = paths.data.as_ref().map(|data| data.join(name)).unwrap_or_default();
        }
    }
    // The demo's callers are nobody's contacts.
    if config.contacts.as_os_str().is_empty() && purpose != Purpose::Demo {
        config.contacts = paths.config.as_ref().map(|directory| directory.join("contacts.csv")).unwrap_or_default();
    }
    Ok(())
}

/// The login name, else the name of the user id, else `moderator`.
fn login_name(environment: &Environment) -> String {
    let named =
        ["LOGNAME", "USER"].into_iter().filter_map(|name| environment.text(name)).map(text::clean_field).find(|name| !name.is_empty());
    let of_uid = || whoami::username().ok().map(|name| text::clean_field(&name)).filter(|name| !name.is_empty());
    named.or_else(of_uid).unwrap_or_else(|| "moderator".to_owned())
}

struct Values {
    layer: Layer,
    origins: BTreeMap<&'static str, Origin>,
    home: Option<PathBuf>,
    /// Where errors about secret files go; without a place they end the reading.
    unread: Option<Vec<ConfigError>>,
    /// Whether the secrets that servers of a shared journal are reached with are wanted all the same, where such are named.
    needs_servers: bool,
    /// The files that hold secrets.
    secrets: Vec<(&'static str, PathBuf)>,
}

impl Values {
    fn take(&mut self, key: &'static str) -> Option<Given> {
        let given = self.layer.remove(key)?;
        self.origins.insert(key, given.origin.clone());
        Some(given)
    }

    /// Puts a checked text in its place, where one was given.
    fn text<T>(&mut self, key: &'static str, check: impl Fn(&str) -> Result<T, String>) -> Result<Option<T>, ConfigError> {
        let Some(Given { raw: Raw::Text(value), origin }) = self.take(key) else { return Ok(None) };
        check(&value).map(Some).map_err(|sentence| ConfigError::setting(key, &origin, &sentence))
    }

    fn integer(&mut self, key: &'static str, check: impl Fn(i64) -> Result<u32, String>) -> Result<Option<u32>, ConfigError> {
        let Some(Given { raw: Raw::Integer(value), origin }) = self.take(key) else { return Ok(None) };
        check(value).map(Some).map_err(|sentence| ConfigError::setting(key, &origin, &sentence))
    }

    fn boolean(&mut self, key: &'static str) -> bool {
        matches!(self.take(key), Some(Given { raw: Raw::Boolean(true), .. }))
    }

    fn list<T>(&mut self, key: &'static str, check: impl Fn(&str) -> Result<T, String>) -> Result<Option<Vec<T>>, ConfigError> {
        let Some(Given { raw: Raw::List(entries), .. }) = self.take(key) else { return Ok(None) };
        let checked = entries.iter().map(|(entry, origin)| check(entry).map_err(|sentence| ConfigError::setting(key, origin, &sentence)));
        checked.collect::<Result<_, _>>().map(Some)
    }

    /// A path; in the file a relative one is taken from the file's directory, and `~/` is the home directory.
    fn path(&mut self, key: &'static str) -> Result<Option<PathBuf>, ConfigError> {
        let Some(Given { raw: Raw::Path(path), origin }) = self.take(key) else { return Ok(None) };
        if path.as_os_str().is_empty() {
            return Err(ConfigError::setting(key, &origin, "there is no path in it; give one, or leave it out"));
        }
        let Origin::File(file, _) = &origin else { return Ok(Some(path)) };
        if let Ok(below) = path.strip_prefix("~") {
            let sentence = "~ stands for the home directory, and HOME is not set; write the whole path";
            let home = self.home.as_ref().ok_or_else(|| ConfigError::setting(key, &origin, sentence))?;
            return Ok(Some(home.join(below)));
        }
        Ok(Some(file.parent().unwrap_or(Path::new("")).join(path)))
    }

    /// A secret from the environment, else from the file that a path names.
    fn secret(
        &mut self,
        keys: [&'static str; 2],
        what: &str,
        check: impl Fn(&str) -> Result<Secret, String>,
    ) -> Result<Option<Secret>, ConfigError> {
        let given = self.text(keys[0], &check)?;
        let Some(path) = self.path(keys[1])? else { return Ok(given) };
        self.secrets.push((keys[1], path.clone()));
        if given.is_some() {
            // What is not used is not opened.
            return Ok(given);
        }
        let read = self.secret_file(keys[1], &path, what, check);
        match (read, &mut self.unread) {
            (Err(error), Some(unread)) => {
                unread.push(error);
                Ok(None)
            }
            (read, _) => read.map(Some),
        }
    }

    fn secret_file(
        &self,
        key: &'static str,
        path: &Path,
        what: &str,
        check: impl Fn(&str) -> Result<Secret, String>,
    ) -> Result<Secret, ConfigError> {
        let error = |sentence| ConfigError::new(ErrorKind::SecretFile, sentence);
        let Some(text) = secret::read(path, what)? else {
            let named = self.origins.get(key).cloned().unwrap_or_default();
            let wrong = if secret::looks_like_one(path) {
                format!("this looks like the {what} itself; write it into a file that only you can read, and put the file's path here")
            } else {
                format!("there is no file {}; write the {what} into it, or mend the path", shown(path))
            };
            return Err(error(format!("{named}: {key}: {wrong}")));
        };
        check(&text).map_err(|sentence| error(format!("{}: {sentence}", shown(path))))
    }

    fn config(&mut self) -> Result<Config, ConfigError> {
        let unset = Config::default();
        let config = Config {
            userkey: self.secret(["userkey", "userkey_file"], "user key", check::validate_userkey)?,
            email: self.text("email", check::validate_email)?,
            secure_phrase: self.secret(["secure_phrase", "secure_phrase_file"], "Secure Phrase", check::validate_secure_phrase)?,
            api_url: self.text("api_url", check::validate_api_url)?.unwrap_or(unset.api_url),
            api_ca_file: self.path("api_ca_file")?,
            action_name: self.text("action_name", check::validate_action_name)?.unwrap_or(unset.action_name),
            keep_warm: self.boolean("keep_warm"),
            pace: self.integer("pace", check::validate_pace)?.unwrap_or(unset.pace),
            parallel: self.integer("parallel", check::validate_parallel)?.unwrap_or(unset.parallel),
            withheld: self.text("withheld", check::validate_withheld)?.unwrap_or_default(),
            ask_after_join: self.text("ask_after_join", check::validate_duration)?.unwrap_or(unset.ask_after_join),
            listen: self.text("listen", check::validate_listen)?.unwrap_or(unset.listen),
            public_url: self.text("public_url", check::validate_public_url)?,
            callback_token: self.text("callback_token", check::validate_token)?,
            callback_token_file: self.path("callback_token_file")?.unwrap_or_default(),
            callback_token_previous: self.text("callback_token_previous", check::validate_token)?,
            allow: self.list("allow", check::validate_network)?.unwrap_or_default(),
            proxies: self.list("proxies", check::validate_network)?.unwrap_or_default(),
            conference: self.text("conference", check::validate_conference)?,
            journal: self.path("journal")?.unwrap_or_default(),
            nats: self.shared()?,
            metrics: self.text("metrics", validate_metrics)?.unwrap_or(unset.metrics),
            reports: self.path("reports")?.unwrap_or_default(),
            moderator: self.text("moderator", check::validate_moderator)?.unwrap_or(unset.moderator),
            contacts: self.path("contacts")?.unwrap_or_default(),
            contacts_named: self.origins.contains_key("contacts"),
            exempt_roles: self.list("exempt_roles", check::validate_role)?.unwrap_or(unset.exempt_roles),
            kick: self.text("kick", check::validate_kick)?.unwrap_or_default(),
            stale_after: self.text("stale_after", check::validate_duration)?.unwrap_or(unset.stale_after),
            silence_after: self.text("silence_after", check::validate_duration)?.unwrap_or(unset.silence_after),
            resume_within: self.text("resume_within", check::validate_duration)?.unwrap_or(unset.resume_within),
            retention: self.text("retention", check::validate_retention)?.unwrap_or_default(),
            theme: self.text("theme", check::validate_theme)?.unwrap_or_default(),
            ascii: self.boolean("ascii"),
            mask: self.boolean("mask"),
            alerts: AlertWays {
                hand: self.list("alert_hand", check::validate_way)?.unwrap_or_default(),
                unknown: self.list("alert_unknown", check::validate_way)?.unwrap_or_default(),
                banned: self.list("alert_banned", check::validate_way)?.unwrap_or_default(),
                silence: self.list("alert_silence", check::validate_way)?.unwrap_or_default(),
            },
            read_only: false,
            log: self.path("log")?.unwrap_or_default(),
            log_level: self.text("log_level", check::validate_log_level)?.unwrap_or(unset.log_level),
            keys: self.keys(),
        };
        for (key, token) in [("callback_token", &config.callback_token), ("callback_token_previous", &config.callback_token_previous)] {
            let Some(token) = token else { continue };
            let origin = self.origins.get(key).cloned().unwrap_or_default();
            validate_token_for(config.listen, token.expose_secret().len()).map_err(|e| ConfigError::setting(key, &origin, &e))?;
        }
        if let Some(keep) = config.retention.filter(|keep| *keep < config.look_back()) {
            let origin = self.origins.get("retention").cloned().unwrap_or_default();
            let sentence = format!(
                "{} is less than twice resume_within ({}), and callers of that time come back at a start; give more, or shorten resume_within",
                show::days(keep),
                show::time(config.resume_within)
            );
            return Err(ConfigError::setting("retention", &origin, &sentence));
        }
        debug_assert!(self.layer.is_empty(), "settings that nobody took: {:?}", self.layer.keys());
        Ok(config)
    }

    /// Each file is for one thing: a log would be written behind the user key, and a token be read from it.
    fn check_files(&self, config: &Config, file: Option<&Path>) -> Result<(), ConfigError> {
        let mut files: Vec<(&'static str, &Path)> = file.map(|file| ("the configuration itself", file)).into_iter().collect();
        files.extend(self.secrets.iter().map(|(key, path)| (*key, path.as_path())));
        files.extend([
            ("callback_token_file", config.callback_token_file.as_path()),
            ("contacts", &config.contacts),
            ("journal", &config.journal),
            ("log", &config.log),
        ]);
        let Some((key, other)) = twins(&files) else { return Ok(()) };
        let origin = self.origins.get(key).cloned().unwrap_or_default();
        Err(ConfigError::new(ErrorKind::Setting, format!("{origin}: {key} is the same file as {other}; give each a file of its own")))
    }

    fn keys(&mut self) -> BTreeMap<String, Vec<String>> {
        match self.take("keys") {
            Some(Given { raw: Raw::Keys(keys), .. }) => keys,
            _ => BTreeMap::new(),
        }
    }
}

#[cfg(test)]
mod tests;
