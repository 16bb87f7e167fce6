//! `confmod demo`: the console against the rehearsal provider, both in this process, over real HTTP on
//! loopback ports of their own. Nothing of a real installation is read or written.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;

use super::session::{self, Face};
use super::{DemoArgs, WRONG, fail, run};
use crate::conference::event::{Banned, What};
use crate::config::{Config, ExposeSecret as _, Secret, random_secret};
use crate::journal::{self, Draft, Journal as _, sqlite::Sqlite};
use crate::rehearsal::scenario::Known;
use crate::rehearsal::{Callbacks, Rehearsal, Settings};
use crate::{callback, text};

/// Runs until the moderator quits. The configuration holds no secret and nothing of a real installation.
pub fn run(config: Config, args: &DemoArgs, plain: bool) -> ExitCode {
    if !plain && !run::has_terminal() {
        return fail(&run::no_terminal(), WRONG);
    }
    let settings = match args.play.settings() {
        Ok(settings) => settings,
        Err(error) => return fail(&error, WRONG),
    };
    match demo(config, settings, Face::of(plain)) {
        Ok(code) => ExitCode::from(code),
        Err(error) => fail(&error, 1),
    }
}

fn demo(config: Config, settings: Settings, face: Face) -> Result<u8, String> {
    let user_key = secret()?;
    let known = settings.scenario.known.clone();
    let rehearsal = Rehearsal::start(Settings { user_key: Some(user_key.clone()), ..settings }).map_err(|error| error.to_string())?;
    // Gone when the demo is: nobody asked for a record of people who do not exist.
    let folder = tempfile::Builder::new()
        .prefix("confmod-demo-")
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700))
        .tempdir()
        .map_err(|error| format!("making a folder for the demo's journal: {error}; check TMPDIR"))?;
    let journal = folder.path().join("journal.sqlite");
    let token = Secret::from(secret()?);
    let config = Config {
        userkey: Some(Secret::from(user_key)),
        api_url: url::Url::parse(&rehearsal.api_url()).map_err(|error| format!("the rehearsal's address: {error}"))?,
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        journal,
        ..config
    };
    remember(&config, &known)?;
    let ending = session::run(&config, face, &token, "demo", |address| {
        let base = format!("http://{address}{}/{}", callback::ROOT, token.expose_secret());
        match Callbacks::parse(&base) {
            Ok(callbacks) => rehearsal.call(callbacks),
            Err(error) => tracing::error!("the demo's callers cannot call: {error}"),
        }
    });
    rehearsal.stop();
    ending.map(|ending| session::exit_code(&ending)).map_err(|error| error.to_string())
}

/// Writes down what the moderator of the demo knows before anybody calls.
fn remember(config: &Config, known: &[Known]) -> Result<(), String> {
    let journal = Sqlite::open(&config.journal, "the demo").map_err(|error| error.to_string())?;
    for (known, reason) in known.iter().filter_map(|known| Some((known, known.banned.as_ref()?))) {
        let banned =
            Banned { number: known.number, reason: text::clean_field(reason).into(), until: None, by: config.moderator.as_str().into() };
        drop(journal.append(Draft::new(journal::now(), What::Banned(banned))));
    }
    // What is appended is written before it is closed.
    journal.close();
    Ok(())
}

/// A secret for one run.
fn secret() -> Result<String, String> {
    random_secret().map_err(|error| format!("the system gave no random bytes: {error}"))
}
