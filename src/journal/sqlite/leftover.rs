//! What an earlier process left in the log beside the database, made safe before anything is written behind it.
//!
//! After a sync that failed the kernel may hold pages for written that are not on disk, and no later sync writes them.
//! They are read back as if all were well, what is written behind them is synced as it should be, and a loss of power then
//! leaves a hole in the log at which the reading of it ends: answered events behind the hole would be lost.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::checkpoint;
use super::verdict::{verdict, verdict_of_system};
use crate::journal::AppendError;

/// Bytes that are written anew at a time.
const PIECE: usize = 64 * 1024;

/// Makes what the log holds safe on disk.
pub(super) fn make_safe(connection: &mut Connection, database: &Path) -> Result<(), AppendError> {
    // Nobody may write meanwhile, not even somebody with the ordinary shell. Readers find the same bytes all the time.
    let quiet = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(|error| verdict(&error, database))?;
    write_anew(&checkpoint::path(database)).map_err(|error| verdict_of_system(&error))?;
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
