//! `confmod --nats`: a desk, the console on conferences that hosts and other desks share. It takes no callbacks, sends nothing
//! to the provider and needs no user key: what is asked here travels through the shared journal to a host.

use std::sync::Arc;

use super::faults;
use super::session::{self, Face, NotStarted};
use crate::config::{Config, Shared};
use crate::console::app::Settings;
use crate::console::command::KeyMap;
use crate::console::runtime::{Ending, World};
use crate::journal::nats::{self, Nats, Part};
use crate::journal::{Journal as _, Past};

/// Runs until the moderator quits.
pub(super) fn run(config: &Config, shared: &Shared, face: Face) -> Result<Ending, NotStarted> {
    let keys = KeyMap::new(&config.keys).map_err(|error| NotStarted::because("", error))?;
    let panics = faults::hear(&config.log);
    let journal = Arc::new(
        Nats::open(nats::Settings::from_config(shared, config.retention), Part::Desk).map_err(|error| NotStarted::because("", error))?,
    );
    let history = journal.history();
    let read = |error| NotStarted::because("", error);
    let news_after = history.last().map_err(read)?;
    let after = history.before(crate::journal::now().minus(config.look_back())).map_err(read)?;
    let settings = Settings {
        shared: Some(shared.urls.iter().map(|url| url.split_once("://").map_or(&**url, |(_, host)| host)).collect::<Vec<_>>().join(", ")),
        ..session::settings_without_listener(config, news_after)
    };
    let [past] = Past::read(&history, after).map_err(read)?;
    let world = |signals| World { reports: config.reports.clone(), ..World::to_look_on(Arc::clone(&journal) as _, past, signals, panics) };
    let ending = session::watch(face, settings, keys, &session::theme(config), world);
    journal.close();
    ending.map_err(|error| NotStarted::because("starting the console", error))
}
