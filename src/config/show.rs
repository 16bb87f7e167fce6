//! The settings in force as TOML, each with where it came from; secrets only as being set.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::setting::SETTINGS;
use super::shared::{Shared, size};
use super::{Config, Kick, Loaded, Origin, Secret, ThemeChoice, Way, Withheld};
use crate::text;

impl Loaded {
    /// The settings in force, one `key = value  # from where` per line, as a configuration file that sets
    /// the same. What is unset and what is secret stands in comments.
    #[must_use]
    pub fn show(&self) -> String {
        let mut out = String::new();
        for setting in SETTINGS {
            let key = setting.key;
            let origin = self.origins.get(key).unwrap_or(&Origin::Default);
            // Writing to a String cannot fail.
            let _ = match value(&self.config, key) {
                Value::Plain(value) => writeln!(out, "{key} = {value}  # {origin}"),
                // A secret that nothing set itself was read from the file that another key names.
                Value::Hidden(true) => {
                    let named = ["userkey_file", "secure_phrase_file"].into_iter().find(|file| file.strip_suffix("_file") == Some(key));
                    let origin =
                        named.filter(|_| !self.origins.contains_key(key)).and_then(|file| self.origins.get(file)).unwrap_or(origin);
                    writeln!(out, "# {key}: (set)  # {origin}")
                }
                Value::Hidden(false) | Value::Unset => writeln!(out, "# {key}: (not set)"),
                Value::Elsewhere => Ok(()),
            };
            if key == "ascii" && self.config.read_only {
                let _ = writeln!(out, "# read_only: true  # --read-only");
            }
        }
        let origin = self.origins.get("keys").unwrap_or(&Origin::Default);
        let _ = writeln!(out, "\n[keys]  # {origin}");
        for (command, keys) in &self.config.keys {
            let _ = writeln!(out, "{} = {}", string(command), list(keys));
        }
        out
    }
}

enum Value {
    Plain(String),
    Hidden(bool),
    Unset,
    /// Said after the other settings, because a table ends them.
    Elsewhere,
}

fn value(config: &Config, key: &str) -> Value {
    let hidden = |secret: &Option<Secret>| Value::Hidden(secret.is_some());
    let optional = |value: Option<String>| value.map_or(Value::Unset, Value::Plain);
    let path = |path: &Path| if path.as_os_str().is_empty() { Value::Unset } else { Value::Plain(string(&path.to_string_lossy())) };
    let named = |path: &PathBuf| string(&path.to_string_lossy());
    // Without a server nothing is shared, and nothing of this is in force.
    let shared = |value: &dyn Fn(&Shared) -> Option<String>| optional(config.nats.as_ref().and_then(value));
    match key {
        "userkey" => hidden(&config.userkey),
        "email" => hidden(&config.email),
        "secure_phrase" => hidden(&config.secure_phrase),
        "api_url" => Value::Plain(string(config.api_url.as_str())),
        "api_ca_file" => optional(config.api_ca_file.as_ref().map(|p| string(&p.to_string_lossy()))),
        "action_name" => Value::Plain(string(&config.action_name)),
        "keep_warm" => Value::Plain(config.keep_warm.to_string()),
        "pace" => Value::Plain(config.pace.to_string()),
        "parallel" => Value::Plain(config.parallel.to_string()),
        "withheld" => word(match config.withheld {
            Withheld::Refuse => "refuse",
            Withheld::Send => "send",
        }),
        "ask_after_join" => Value::Plain(duration(config.ask_after_join)),
        "listen" => Value::Plain(string(&config.listen.to_string())),
        "public_url" => optional(config.public_url.as_ref().map(|url| string(url.as_str()))),
        "callback_token" => hidden(&config.callback_token),
        "callback_token_file" => path(&config.callback_token_file),
        "callback_token_previous" => hidden(&config.callback_token_previous),
        "allow" => Value::Plain(list(&config.allow)),
        "proxies" => Value::Plain(list(&config.proxies)),
        "conference" => optional(config.conference.as_deref().map(string)),
        "journal" => path(&config.journal),
        "nats" => optional(config.nats.as_ref().map(|nats| string(&nats.urls.join(",")))),
        "nats_stream" => shared(&|nats| Some(string(&nats.stream))),
        "nats_creds" => shared(&|nats| nats.creds.as_ref().map(named)),
        "nats_nkey" => shared(&|nats| nats.nkey.as_ref().map(named)),
        "nats_ca" => shared(&|nats| nats.ca.as_ref().map(named)),
        "nats_cert" => shared(&|nats| nats.cert.as_ref().map(named)),
        "nats_key" => shared(&|nats| nats.key.as_ref().map(named)),
        "nats_replicas" => shared(&|nats| Some(nats.replicas.to_string())),
        "nats_size" => shared(&|nats| Some(string(&size(nats.size)))),
        "metrics" => Value::Plain(string(&config.metrics.to_string())),
        "reports" => path(&config.reports),
        "moderator" => Value::Plain(string(&config.moderator)),
        "contacts" => path(&config.contacts),
        "exempt_roles" => Value::Plain(list(&config.exempt_roles)),
        "kick" => word(match config.kick {
            Kick::Dialog => "dialog",
            Kick::Countdown => "countdown",
            Kick::Never => "never",
        }),
        "stale_after" => Value::Plain(duration(config.stale_after)),
        "silence_after" => Value::Plain(duration(config.silence_after)),
        "resume_within" => Value::Plain(duration(config.resume_within)),
        "retention" => Value::Plain(string(&config.retained())),
        "theme" => word(match config.theme {
            ThemeChoice::Auto => "auto",
            ThemeChoice::Ansi => "ansi",
            ThemeChoice::Truecolor => "truecolor",
            ThemeChoice::None => "none",
        }),
        "ascii" => Value::Plain(config.ascii.to_string()),
        "mask" => Value::Plain(config.mask.to_string()),
        "alert_hand" => ways(&config.alerts.hand),
        "alert_unknown" => ways(&config.alerts.unknown),
        "alert_banned" => ways(&config.alerts.banned),
        "alert_silence" => ways(&config.alerts.silence),
        "log" => path(&config.log),
        "log_level" => word(&config.log_level.as_str().to_ascii_lowercase()),
        _ => Value::Elsewhere,
    }
}

fn ways(ways: &[Way]) -> Value {
    let words: Vec<_> = ways.iter().map(|way| way.word()).collect();
    Value::Plain(list(&words))
}

fn word(word: &str) -> Value {
    Value::Plain(string(word))
}

/// A TOML basic string in which everything that cannot be shown is escaped.
fn string(value: &str) -> String {
    let mut out = String::from("\"");
    for c in value.chars() {
        let _ = match c {
            '"' | '\\' => write!(out, "\\{c}"),
            c if text::stands_alone(c) => write!(out, "{c}"),
            c => write!(out, "\\U{:08X}", u32::from(c)),
        };
    }
    out.push('"');
    out
}

fn list<T: ToString>(values: &[T]) -> String {
    let values: Vec<_> = values.iter().map(|value| string(&value.to_string())).collect();
    format!("[{}]", values.join(", "))
}

fn duration(duration: Duration) -> String {
    string(&time(duration))
}

/// A time as a person would set it: `4h`, `90m`, `45s`, `1.5s`.
pub(super) fn time(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        _ if duration.subsec_nanos() > 0 => format!("{}s", duration.as_secs_f64()),
        s if s % 3600 == 0 => format!("{}h", s / 3600),
        s if s % 60 == 0 => format!("{}m", s / 60),
        s => format!("{s}s"),
    }
}

/// The same for longer ones, which may be given in days: `90d`, `36h`.
pub(super) fn days(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if seconds.is_multiple_of(86_400) && duration.subsec_nanos() == 0 { format!("{}d", seconds / 86_400) } else { time(duration) }
}

#[cfg(test)]
mod tests;
