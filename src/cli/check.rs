//! `confmod check`: every precondition, one line each. Nothing is changed, and neither an ask nor a key
//! leaves this machine.

use std::fmt::Write as _;
use std::process::ExitCode;

use super::settings::checked;
use super::{WRONG, descriptors, fail, print};
use crate::bridge::Fault;
use crate::bridge::anveo::{Anveo, Probed, Settings};
use crate::callback::Limits;
use crate::config::error::shown;
use crate::config::{Config, ConfigError, Environment, ErrorKind, Flags, Purpose, Secret};
use crate::contacts::{self, Found};

mod callbacks;
mod clock;
mod journal;
mod places;
mod port;
mod shared;

/// The exit code when a precondition does not hold.
pub const FAILED: u8 = 1;

/// How a precondition stands, with what there is to say; where it fails, with the remedy.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Finding {
    Holds(String),
    Fails(String),
    /// Nothing was checked, or there is nothing to check.
    Open(String),
}

use Finding::{Fails, Holds, Open};

/// What is checked where the configuration is right, in the order in which it is printed.
const REST: [&str; 11] =
    ["user key", "signature", "journal", "contacts", "reports", "log", "callbacks", "port", "open files", "provider", "clock"];

/// A precondition by its name.
type Line = (&'static str, Finding);

/// Checks everything, and prints a line for each precondition.
///
/// The exit code is 0 if all hold, 1 if one does not, 2 if the configuration is wrong.
pub fn run(flags: &Flags, environment: &Environment) -> ExitCode {
    let loaded = match checked(flags, environment, Purpose::Check) {
        Ok(loaded) => loaded,
        Err(error) => return end(&without_configuration(&error), Some(WRONG)),
    };
    let config = loaded.config;
    let read = loaded.file.as_deref().map_or("no file, so the defaults hold".to_owned(), |file| format!("read from {}", shown(file)));
    let (provider, date) = provider(&config);
    let port = port::check(config.listen);
    let mut lines = vec![
        ("configuration", Holds(read)),
        ("secret files", secret_files(&config, &loaded.unread)),
        ("user key", userkey(&config)),
        ("signature", signature(&config, &loaded.unread)),
    ];
    match &config.nats {
        Some(nats) => lines.extend(shared::check(&config, nats)),
        None => lines.push(("journal", journal::check(&config, port::is_running(&port)))),
    }
    lines.extend([
        ("contacts", contacts(&config)),
        ("reports", places::reports(&config.reports)),
        ("log", places::log(&config.log)),
        ("callbacks", callbacks::check(&config)),
        ("port", port),
        ("open files", open_files()),
        ("provider", provider),
        ("clock", clock::check(jiff::Timestamp::now(), date.as_deref())),
    ]);
    end(&lines, None)
}

fn userkey(config: &Config) -> Finding {
    match (&config.userkey, &config.nats) {
        (Some(_), _) => Holds("is set".to_owned()),
        (None, Some(_)) => Open("is not set; a desk needs none, and confmod serve does".to_owned()),
        (None, None) => Fails("is not set; set CONFMOD_USERKEY, or userkey_file in the configuration".to_owned()),
    }
}

fn without_configuration(error: &ConfigError) -> Vec<Line> {
    let unchecked = || Open("not checked, because the line above must hold first".to_owned());
    let wrong = Fails(error.to_string());
    let mut lines = match error.kind {
        ErrorKind::SecretFile => vec![("configuration", Holds("is readable".to_owned())), ("secret files", wrong)],
        _ => vec![("configuration", wrong), ("secret files", unchecked())],
    };
    lines.extend(REST.map(|name| (name, unchecked())));
    lines
}

fn end(findings: &[Line], code: Option<u8>) -> ExitCode {
    let failed = findings.iter().filter(|(_, finding)| matches!(finding, Fails(_))).count();
    let printed = print(&lines(findings));
    match failed {
        0 => printed,
        1 => fail("one precondition does not hold; its line says what to do", code.unwrap_or(FAILED)),
        n => fail(&format!("{n} preconditions do not hold; their lines say what to do"), code.unwrap_or(FAILED)),
    }
}

fn lines(findings: &[Line]) -> String {
    let mut out = String::new();
    for (name, finding) in findings {
        let (mark, words) = match finding {
            Holds(words) => ("ok", words),
            Fails(words) => ("FAIL", words),
            Open(words) => ("--", words),
        };
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{mark:<4}  {name:<13}  {words}");
    }
    out
}

/// Files with the user key and the Secure Phrase were checked when they were read; the token's was not.
fn secret_files(config: &Config, unread: &[ConfigError]) -> Finding {
    let token = config.existing_token();
    let wrong: Vec<String> = unread.iter().chain(token.as_ref().err()).map(ToString::to_string).collect();
    if !wrong.is_empty() {
        return Fails(wrong.join("; "));
    }
    match token {
        Ok(Some(_)) => Holds("nobody else can read them".to_owned()),
        Ok(None) if config.callback_token_file.as_os_str().is_empty() => {
            Fails("HOME is not set, so there is no place for the callback token; set HOME, or CONFMOD_CALLBACK_TOKEN".to_owned())
        }
        Ok(None) => Holds(format!("the callback token will be made in {}", shown(&config.callback_token_file))),
        Err(error) => Fails(error.to_string()),
    }
}

/// Whether asks are signed, which takes both halves: with one of them they silently would not be.
fn signature(config: &Config, unread: &[ConfigError]) -> Finding {
    match (&config.email, &config.secure_phrase) {
        (Some(_), Some(_)) => Holds("asks are signed".to_owned()),
        (None, None) => Open("neither e-mail nor Secure Phrase is set, so asks are not signed".to_owned()),
        (Some(_), None) if !unread.is_empty() => Open("not checked, because a secret file cannot be read".to_owned()),
        (Some(_), None) => Fails(
            "the e-mail is set and the Secure Phrase is not, so asks are not signed; set CONFMOD_SECURE_PHRASE, or secure_phrase_file, \
             or neither"
                .to_owned(),
        ),
        (None, Some(_)) => {
            Fails("the Secure Phrase is set and the e-mail is not, so asks are not signed; set CONFMOD_EMAIL, or neither".to_owned())
        }
    }
}

/// What the contacts file says, and how much of it cannot be read.
fn contacts(config: &Config) -> Finding {
    let Some(contacts::Settings { path, expected, exempt_roles }) = contacts::Settings::from_config(config) else {
        return Open("HOME is not set, so there is no place for a contacts file".to_owned());
    };
    let name = shown(&path);
    match contacts::load(&path, &exempt_roles) {
        Err(sentence) => Fails(sentence),
        Ok(Found::Nothing) if expected => Fails(format!("there is no file {name}; make it, or mend `contacts` in the configuration")),
        Ok(Found::Nothing) => Open(format!("there is no {name}, so nobody has a name from it")),
        Ok(Found::Sheet(sheet)) => {
            let (rows, skipped) = (plural(sheet.rows.len(), "row"), plural(sheet.skipped, "line"));
            let slips = sheet.slips.summary(1).join("; ");
            Holds(match (sheet.skipped, slips.as_str()) {
                (0, "") => format!("{name} has {rows}"),
                (0, slips) => format!("{name} has {rows}; {slips}"),
                (_, slips) => format!("{name} has {rows}; {skipped} skipped: {slips}"),
            })
        }
    }
}

/// Whether the system allows as many connections as there may be.
fn open_files() -> Finding {
    let descriptors = descriptors::raise();
    descriptors::shortage(&Limits::default().within(descriptors), descriptors)
        .map_or_else(|| Holds(format!("enough for all connections ({descriptors})")), Fails)
}

fn plural(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// Whether the provider answers at all, and what time it has.
fn provider(config: &Config) -> (Finding, Option<String>) {
    let place = config.api_url.host_str().unwrap_or_default().to_owned();
    // The key is not sent, so none is needed.
    let settings = Settings {
        action_name: config.action_name.clone(),
        api_ca_file: config.api_ca_file.clone(),
        ..Settings::new(config.api_url.clone(), Secret::default())
    };
    let bridge = match Anveo::new(settings) {
        Ok(bridge) => bridge,
        Err(error) => return (Fails(error.to_string()), None),
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return (Fails(format!("starting failed ({error}); free some memory or files and try again")), None),
    };
    let answered: Result<_, Fault> = runtime.block_on(bridge.probe());
    // A name look-up may still be running; it is not waited for.
    runtime.shutdown_background();
    match answered {
        Ok(Probed { leads_elsewhere: true, date }) => {
            let remedy = "and the user key is sent nowhere but to api_url; set it to the address that the provider answers at";
            (Fails(format!("{place} says that it is elsewhere (a redirect), {remedy}")), date)
        }
        Ok(Probed { date, .. }) => (Holds(format!("{place} answers")), date),
        Err(fault) if fault.detail.contains("certificate") => {
            let remedy =
                "check api_url, and api_ca_file, which takes the authority that signed the certificate and not the certificate itself";
            (Fails(format!("{}; {remedy}", fault.detail)), None)
        }
        Err(fault) => (Fails(format!("{}; check the network, name service, firewall and api_url", fault.detail)), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_precondition_has_a_line() {
        let mut findings: Vec<Line> = REST.map(|name| (name, Holds("is fine".to_owned()))).into();
        findings[2].1 = Fails("is not; mend it".to_owned());
        findings[REST.len() - 1].1 = Open("was not checked".to_owned());
        let lines = lines(&findings);
        assert_eq!(lines.lines().count(), REST.len());
        assert!(lines.contains("ok    port           is fine\n"), "{lines}");
        assert!(lines.contains("FAIL  journal        is not; mend it\n"), "{lines}");
        assert!(lines.contains("--    clock          was not checked\n"), "{lines}");
    }

    #[test]
    fn a_wrong_configuration_leaves_the_rest_open() {
        for (kind, at) in [(ErrorKind::Setting, 0), (ErrorKind::Home, 0), (ErrorKind::SecretFile, 1)] {
            let findings = without_configuration(&ConfigError::new(kind, "it is wrong"));
            assert_eq!(findings[at].1, Fails("it is wrong".to_owned()));
            assert!(findings[at + 1..].iter().all(|(_, finding)| matches!(finding, Open(_))));
            assert_eq!(findings.len(), REST.len() + 2);
        }
    }
}
