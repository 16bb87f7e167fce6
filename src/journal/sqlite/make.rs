//! A journal made in one go, out of what another one held: written beside its place, and put there when it is whole.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, params};
use serde_json::Value;
use tempfile::NamedTempFile;

use super::{OpenError, checkpoint, schema};
use crate::config::paths::make_private_dir;
use crate::journal::entry::Entry;

/// A journal that is being made. Dropped before it is whole, nothing is left of it.
pub struct Make {
    path: PathBuf,
    part: NamedTempFile,
    connection: Connection,
}

impl Make {
    /// Begins a journal that is not there yet. The file is its user's alone.
    ///
    /// # Errors
    /// When there is something at its place, or nothing can be written beside it.
    pub fn begin(path: &Path) -> Result<Self, OpenError> {
        let refused = |why: String| OpenError::File { path: path.to_owned(), why };
        let log = checkpoint::log_path(path);
        for file in [path, &log] {
            if file.symlink_metadata().is_ok() {
                return Err(refused(format!("there is a file {} already, and nothing is written over", crate::config::error::shown(file))));
            }
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        make_private_dir(folder).map_err(|error| refused(format!("making its folder: {error}")))?;
        let part = tempfile::Builder::new().prefix(".confmod-export").tempfile_in(folder);
        let part = part.map_err(|error| refused(format!("making a file beside it: {error}")))?;
        let sql = |error: rusqlite::Error| refused(error.to_string());
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(part.path(), flags).map_err(sql)?;
        // Nobody has it before it is whole, and it is made safe then.
        connection.pragma_update_and_check(None, "journal_mode", "OFF", |_| Ok(())).map_err(sql)?;
        connection.pragma_update(None, "synchronous", "OFF").map_err(sql)?;
        schema::make_tables(&mut connection, 0).map_err(sql)?;
        Ok(Self { path: path.to_owned(), part, connection })
    }

    /// Adds events, with the places that they have.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn write(&mut self, entries: &[Entry]) -> Result<(), OpenError> {
        let written = || -> rusqlite::Result<()> {
            let transaction = self.connection.unchecked_transaction()?;
            {
                let mut insert =
                    transaction.prepare_cached("INSERT INTO event (seq, at, kind, call, body, raw) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
                for Entry { seq, at, kind, body, raw } in entries {
                    insert.execute(params![seq.0 as i64, at.0, kind, call(body), body, raw])?;
                }
            }
            transaction.commit()
        };
        written().map_err(|error| self.refused(error.to_string()))
    }

    /// Makes it safe on disk and puts it in its place, unless something is there by now.
    ///
    /// # Errors
    /// When that fails. Then nothing is left of it.
    pub fn finish(self) -> Result<(), OpenError> {
        let path = self.path.clone();
        let refused = |why: String| OpenError::File { path: path.clone(), why };
        self.connection.close().map_err(|(_, error)| refused(error.to_string()))?;
        self.part.as_file().sync_all().map_err(|error| refused(error.to_string()))?;
        self.part.persist_noclobber(&path).map_err(|error| refused(error.error.to_string()))?;
        schema::sync_folder(&path).map_err(|error| refused(error.to_string()))
    }

    fn refused(&self, why: String) -> OpenError {
        OpenError::File { path: self.path.clone(), why }
    }
}

/// The call that a body is about, for people who look for it.
fn call(body: &str) -> Option<String> {
    let fields: Value = serde_json::from_str(body).ok()?;
    Some(fields.get("call")?.as_str()?.to_owned())
}
