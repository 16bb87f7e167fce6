//! What an earlier process left in the log beside the database, made safe before anything is written behind it.
//!
//! After a sync that failed the kernel may hold pages for written that are not on disk, and no later sync writes them.
//! They are read back as if all were well, what is written behind them is synced as it should be, and a loss of power then
//! leaves a hole in the log at which the reading of it ends: answered events behind the hole would be lost.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, TransactionBehavior};

use super::checkpoint::log_path;
use super::schema::sync_folder;
use super::verdict::{verdict, verdict_of_system};
use crate::journal::AppendError;

/// Bytes that are written anew at a time.
const PIECE: usize = 64 * 1024;

/// Gives a log another name whose database is gone or empty; which. `SQLite` would delete it with all that is in it, and
/// that may be everything since the database was last written. Nothing where there is no such log.
///
/// For the one that holds the lock.
pub(super) fn set_aside(database: &Path) -> io::Result<Option<PathBuf>> {
    let log = log_path(database);
    let bytes = |path: &Path| fs::symlink_metadata(path).map_or(0, |metadata| metadata.len());
    if bytes(&log) == 0 || fs::metadata(database).is_ok_and(|metadata| metadata.len() > 0) {
        return Ok(None);
    }
    let numbered = (2..).map(|number| format!(".{number}"));
    for number in std::iter::once(String::new()).chain(numbered) {
        let mut name = database.as_os_str().to_owned();
        name.push(format!(".lost-wal{number}"));
        let name = PathBuf::from(name);
        if name.symlink_metadata().is_err() {
            fs::rename(&log, &name)?;
            sync_folder(database)?;
            return Ok(Some(name));
        }
    }
    Ok(None)
}

/// Makes what the log holds safe on disk.
pub(super) fn make_safe(connection: &mut Connection, database: &Path) -> Result<(), AppendError> {
    // Nobody may write meanwhile, not even somebody with the ordinary shell. Readers find the same bytes all the time.
    let quiet = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(|error| verdict(&error, database))?;
    write_anew(&log_path(database)).map_err(|error| verdict_of_system(&error))?;
    quiet.rollback().map_err(|error| verdict(&error, database))
}

/// Writes a file's bytes over themselves, which makes the kernel write all of them to the disk with the next sync.
fn write_anew(path: &Path) -> io::Result<()> {
    let file = OpenOptions::new().read(true).write(true).open(path)?;
    let mut piece = vec![0; PIECE];
    let mut at = 0;
    loop {
        let read = file.read_at(&mut piece, at)?;
        if read == 0 {
            return file.sync_all();
        }
        file.write_all_at(&piece[..read], at)?;
        at += read as u64;
    }
}
