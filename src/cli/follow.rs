//! `confmod` on a journal that another one writes: the same conferences on a second screen. It opens no
//! listener, sends nothing, and leaves the journal to the one that has it.

use std::sync::Arc;

use super::faults;
use super::session::{self, Face, NotStarted};
use crate::config::Config;
use crate::console::app::Settings;
use crate::console::command::KeyMap;
use crate::console::runtime::{Ending, World};
use crate::journal::sqlite::Follower;
use crate::journal::{Journal as _, Past};

/// Runs until the moderator quits.
pub(super) fn run(config: &Config, face: Face) -> Result<Ending, NotStarted> {
    let keys = KeyMap::new(&config.keys).map_err(|error| NotStarted::because("", error))?;
    let journal = Arc::new(Follower::open(&config.journal).map_err(|error| NotStarted::because("", error))?);
    let history = journal.history();
    let read = |error| NotStarted::because("", error);
    let news_after = history.last().map_err(read)?;
    let after = history.before(crate::journal::now().minus(config.look_back())).map_err(read)?;
    tracing::info!("the journal is written by another confmod; this one only reads it");
    let panics = faults::hear(&config.log);
    let settings = Settings { read_only: true, ..session::settings_without_listener(config, news_after) };
    let [past] = Past::read(&history, after).map_err(read)?;
    let world = |signals| World { reports: config.reports.clone(), ..World::to_look_on(Arc::clone(&journal) as _, past, signals, panics) };
    session::watch(face, settings, keys, &session::theme(config), world).map_err(|error| NotStarted::because("starting the console", error))
}
