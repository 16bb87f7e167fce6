//! The contacts file: who people are by their numbers, in a table that a spreadsheet or an editor keeps.
//!
//! `record` cuts the text into records, `sheet` reads them, `changes` says what is new against what the journal
//! holds; these are pure. `file` looks at the disk, `watch` keeps looking and appends to the journal. Who is
//! called what is decided elsewhere, by the fold over [`Contacts`](crate::conference::event::Contacts).

use std::path::{Path, PathBuf};

use crate::config::Config;

mod changes;
mod file;
mod record;
mod sheet;
mod watch;

pub use changes::changes;
pub use file::{Found, load};
pub use sheet::{Sheet, Slips};
pub use watch::{INTERVAL, Watch, Watching};

/// Rows that are read; what follows is not.
pub const MOST_ROWS: usize = 100_000;

/// Bytes that are read; the line that crosses the limit is not.
pub const MOST_BYTES: usize = 16 << 20;

/// What to watch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The file.
    pub path: PathBuf,
    /// Whether its absence is worth a word: somebody named it.
    pub expected: bool,
    /// The roles that lecture mode and lock spare, in any case.
    pub exempt_roles: Vec<String>,
}

impl Settings {
    /// The file that the configuration names; none where there is no place for one.
    #[must_use]
    pub fn from_config(config: &Config) -> Option<Self> {
        let Config { contacts, contacts_named, exempt_roles, .. } = config;
        let settings = Self { path: contacts.clone(), expected: *contacts_named, exempt_roles: exempt_roles.clone() };
        (!contacts.as_os_str().is_empty()).then_some(settings)
    }
}

/// What the file is called in sentences that also say a line.
fn short_name(path: &Path) -> String {
    path.file_name().map_or_else(|| "the contacts file".to_owned(), |name| crate::config::error::shown(Path::new(name)))
}
