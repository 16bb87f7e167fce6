//! `confmod`: listener, journal, dispatch and console together, or what of it the journal calls for.

use std::io::{IsTerminal, stdin, stdout};
use std::process::ExitCode;

use super::session::{self, Face};
use super::{WRONG, desk, fail, follow};
use crate::config::Config;
use crate::journal::sqlite::is_held;

/// Runs until the moderator quits. On a journal that another confmod writes the console only looks on.
pub fn run(config: &Config, plain: bool) -> ExitCode {
    let face = Face::of(plain);
    let ended = if let Some(shared) = &config.nats {
        desk::run(config, shared, face)
    } else if is_held(&config.journal) {
        follow::run(config, face)
    } else {
        match config.token() {
            Ok(token) => session::run(config, face, &token, "", |_, _| {}),
            Err(error) => return fail(&error.to_string(), WRONG),
        }
    };
    match ended {
        Ok(ending) => ExitCode::from(session::exit_code(&ending)),
        Err(error) => fail(&error.to_string(), 1),
    }
}

/// Whether the console can be started: first the user key, then the terminal. What is missing otherwise.
/// A console that only looks on, or at a journal that others share, asks the provider for nothing and needs no key; one without a screen no terminal.
pub fn ready(config: &Config, plain: bool) -> Result<(), String> {
    if config.userkey.is_none() && config.nats.is_none() && !is_held(&config.journal) {
        return Err(missing_userkey());
    }
    if !plain && !has_terminal() {
        return Err(no_terminal());
    }
    Ok(())
}

/// Whether there is a terminal to draw on and to read keys from.
pub fn has_terminal() -> bool {
    stdin().is_terminal() && stdout().is_terminal()
}

/// What is said without a user key: what is missing, how to get it, and what works without it.
#[must_use]
pub fn missing_userkey() -> String {
    "there is no user key, and without one nothing can be asked of the provider.

Where to get it: it is the API user key of your account with Anveo; the account's API settings show it.
How to set it, in one of two ways:
  export CONFMOD_USERKEY=...            for this shell
  userkey_file = \"~/.config/confmod/userkey\"
                                        in ~/.config/confmod/config.toml, naming a file with the
                                        key in it that only you can read (chmod 600)

To look around without an account, run: confmod demo"
        .to_owned()
}

/// What is said when there is no terminal to draw on.
#[must_use]
pub fn no_terminal() -> String {
    "the console needs a terminal on standard input and output, and one of them is none; start confmod in a terminal, \
     over ssh with ssh -t. confmod --plain needs none. For scripts there are confmod mute, unmute and kick."
        .to_owned()
}
