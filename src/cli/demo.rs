//! `confmod demo`: the console against the rehearsal provider, both in this process, over real HTTP on
//! loopback ports of their own. Nothing of a real installation is read or written.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;

use super::{DemoArgs, WRONG, fail, run, session};
use crate::callback;
use crate::config::{Config, ExposeSecret as _, Secret, random_secret};
use crate::rehearsal::{Callbacks, Rehearsal, Settings};

/// Runs until the moderator quits. The configuration holds no secret and nothing of a real installation.
pub fn run(config: Config, args: &DemoArgs) -> ExitCode {
    if !run::has_terminal() {
        return fail(&run::no_terminal(), WRONG);
    }
    let settings = match args.play.settings() {
        Ok(settings) => settings,
        Err(error) => return fail(&error, WRONG),
    };
    match demo(config, settings) {
        Ok(code) => ExitCode::from(code),
        Err(error) => fail(&error, 1),
    }
}

fn demo(config: Config, settings: Settings) -> Result<u8, String> {
    let user_key = secret()?;
    let rehearsal = Rehearsal::start(Settings { user_key: Some(user_key.clone()), ..settings }).map_err(|error| error.to_string())?;
    // Gone when the demo is: nobody asked for a record of people who do not exist.
    let folder = tempfile::Builder::new()
        .prefix("confmod-demo-")
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700))
        .tempdir()
        .map_err(|error| format!("making a folder for the demo's journal: {error}; check TMPDIR"))?;
    let token = Secret::from(secret()?);
    let config = Config {
        userkey: Some(Secret::from(user_key)),
        api_url: url::Url::parse(&rehearsal.api_url()).map_err(|error| format!("the rehearsal's address: {error}"))?,
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        journal: folder.path().join("journal.sqlite"),
        ..config
    };
    let ending = session::run(&config, &token, "demo", |address| {
        let base = format!("http://{address}{}/{}", callback::ROOT, token.expose_secret());
        match Callbacks::parse(&base) {
            Ok(callbacks) => rehearsal.call(callbacks),
            Err(error) => tracing::error!("the demo's callers cannot call: {error}"),
        }
    });
    rehearsal.stop();
    ending.map(|ending| session::exit_code(&ending)).map_err(|error| error.to_string())
}

/// A secret for one run.
fn secret() -> Result<String, String> {
    random_secret().map_err(|error| format!("the system gave no random bytes: {error}"))
}
