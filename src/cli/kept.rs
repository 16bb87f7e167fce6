//! The journal that a command reads: the file, or the one that hosts and desks share where servers are named. Nothing is
//! written to either.

use std::sync::Arc;

use super::WRONG;
use crate::config::error::shown;
use crate::config::{Config, Flags};
use crate::journal::Journal;
use crate::journal::nats::{self, Nats, Part};
use crate::journal::sqlite::Archive;

/// What is said where no journal is named and there is no place for one.
pub(super) const NOWHERE: &str = "HOME is not set to an absolute path, so it is not known where the journal is; name it with --journal";

/// A journal file that is named beside the command is meant, wherever the servers of a shared one are set.
pub(super) fn prefer_named_file(config: &mut Config, flags: &Flags) {
    if flags.journal.is_some() && flags.nats.is_none() {
        config.nats = None;
    }
}

/// Opens it for reading, as a desk would the shared one.
///
/// # Errors
/// What is wrong and what to do, and the exit code.
pub(super) fn open(config: &Config) -> Result<Arc<dyn Journal>, (String, u8)> {
    if let Some(shared) = &config.nats {
        let journal = Nats::open(nats::Settings::from_config(shared, config.retention), Part::Desk);
        return journal.map(|journal| Arc::new(journal) as _).map_err(|error| (error.to_string(), 1));
    }
    if config.journal.as_os_str().is_empty() {
        return Err((NOWHERE.to_owned(), WRONG));
    }
    Archive::open(&config.journal).map(|journal| Arc::new(journal) as _).map_err(|error| (error.to_string(), 1))
}

/// What people call it: the file's path, or the stream and its servers.
pub(super) fn name(config: &Config) -> String {
    match &config.nats {
        Some(shared) => format!("{} on {}", shared.stream, shared.urls.join(", ")),
        None => shown(&config.journal),
    }
}
