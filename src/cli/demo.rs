//! `confmod demo`: the console against the rehearsal provider, both in this process, over real HTTP on
//! loopback ports of their own. Nothing of a real installation is read or written.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::session::{self, Face};
use super::{DemoArgs, WRONG, fail, run};
use crate::conference::event::{Banned, What};
use crate::config::{Config, ExposeSecret as _, Secret, random_secret};
use crate::console::app::DEMO;
use crate::journal::{self, Draft, Journal};
use crate::rehearsal::scenario;
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
    let banned = settings.scenario.banned.clone();
    let contacts = settings.scenario.contacts.clone();
    let rehearsal = Rehearsal::start(Settings { user_key: Some(user_key.clone()), ..settings }).map_err(|error| error.to_string())?;
    // Gone when the demo is: nobody asked for a record of people who do not exist.
    let folder = tempfile::Builder::new()
        .prefix("confmod-demo-")
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700))
        .tempdir()
        .map_err(|error| format!("making a folder for the demo's journal: {error}; check TMPDIR"))?;
    let contacts = contacts.map(|table| write(&folder.path().join("contacts.csv"), &table)).transpose()?.unwrap_or_default();
    let token = Secret::from(secret()?);
    let config = Config {
        userkey: Some(Secret::from(user_key)),
        api_url: url::Url::parse(&rehearsal.api_url()).map_err(|error| format!("the rehearsal's address: {error}"))?,
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        journal: folder.path().join("journal.sqlite"),
        contacts,
        ..config
    };
    let ending = session::run(&config, face, &token, DEMO, |journal, address| {
        remember(journal, &config.moderator, &banned);
        let base = format!("http://{address}{}/{}", callback::ROOT, token.expose_secret());
        match Callbacks::parse(&base) {
            Ok(callbacks) => rehearsal.call(callbacks),
            Err(error) => tracing::error!("the demo's callers cannot call: {error}"),
        }
    });
    rehearsal.stop();
    ending.map(|ending| session::exit_code(&ending)).map_err(|error| error.to_string())
}

/// Writes down what the moderator of the demo has banned before anybody calls.
fn remember(journal: &dyn Journal, moderator: &str, banned: &[scenario::Banned]) {
    for scenario::Banned { number, reason } in banned {
        let banned = Banned { number: *number, reason: text::clean_field(reason).into(), until: None, by: moderator.into() };
        // A journal that takes nothing says so on the screen.
        drop(journal.append(Draft::new(journal::now(), What::Banned(banned))));
    }
}

/// Writes the scenario's table of contacts where the console reads it.
fn write(path: &Path, table: &str) -> Result<PathBuf, String> {
    std::fs::write(path, table).map_err(|error| format!("writing the demo's contacts: {error}; check TMPDIR"))?;
    Ok(path.to_owned())
}

/// A secret for one run.
fn secret() -> Result<String, String> {
    random_secret().map(|secret| secret.to_string()).map_err(|error| format!("the system gave no random bytes: {error}"))
}

#[cfg(test)]
mod tests {
    use crate::contacts::{Sheet, Slips};
    use crate::rehearsal::scenario::{DEFAULT, Scenario};

    #[test]
    fn the_demo_knows_some_of_its_callers() {
        let scenario = Scenario::load(DEFAULT).expect("built in");
        let table = scenario.contacts.expect("a table");
        let sheet = Sheet::read(table.as_bytes(), "contacts.csv", &["moderator".to_owned(), "speaker".to_owned()]).expect("readable");
        assert_eq!((sheet.slips, sheet.rows.iter().filter(|row| row.exempt).count()), (Slips::default(), 3));
        for row in &sheet.rows {
            let digits = |number: &str| number.chars().filter(char::is_ascii_digit).collect::<String>();
            let caller = scenario.callers.iter().find(|caller| digits(&caller.number) == row.number.digits());
            assert_eq!(caller.and_then(|caller| caller.name.as_deref()), Some(&*row.name));
        }
    }
}
