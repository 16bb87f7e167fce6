//! Cutting by hand: all at once, and the file gets smaller. For a journal that nobody writes.

use std::fmt;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::reader::Reader;
use super::retention::{Cut, Cutting, plan};
use super::{OpenError, checkpoint, copy, leftover, lock, schema};
use crate::conference::Moment;
use crate::journal::ReadError;

/// Rows that are cut in one transaction. Nobody waits in between.
const PORTION: usize = 5_000;

/// What was cut, or would be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pruned {
    /// Events that went.
    pub events: u64,
    /// Facts that are as old and still hold, and stayed for that.
    pub kept: u64,
    /// What the journal took on the disk before, in bytes.
    pub before: u64,
    /// And after.
    pub after: u64,
    /// Why the file is not smaller now, where that did not work. What went is gone all the same.
    pub not_smaller: Option<String>,
}

/// Why nothing was cut, or not all of it.
#[derive(Debug)]
pub enum PruneError {
    /// The journal cannot be opened.
    Open(OpenError),
    /// It cannot be read.
    Read(ReadError),
    /// Cutting stopped; how many events had gone, and why.
    Stopped(u64, String),
}

impl fmt::Display for PruneError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open(error) => error.fmt(f),
            Self::Read(error) => write!(f, "{error}; check the disk, and try again"),
            Self::Stopped(events, why) => {
                write!(f, "cutting the journal stopped ({why}) when {events} events had gone; free some space, and do it once more")
            }
        }
    }
}

impl std::error::Error for PruneError {}

/// Cuts what was learned before a moment and does not hold any more, and gives the room back to the disk.
///
/// `who` is what another process is told that wants to write meanwhile. Fails where there is no journal, where
/// somebody writes it, and where a newer confmod wrote it; one of an older format is brought up to date first.
pub fn prune(path: &Path, who: &str, limit: Moment) -> Result<Pruned, PruneError> {
    schema::check(path).map_err(PruneError::Open)?;
    let lock = lock::Lock::take(path, who).map_err(PruneError::Open)?;
    // Who prunes does not listen: a gap in the record is as long as before.
    lock.leave_no_trace();
    let before = size(path);
    let mut connection = schema::open(path).map_err(PruneError::Open)?;
    leftover::make_safe(&mut connection, path).map_err(|error| PruneError::Stopped(0, error.to_string()))?;
    let Some(cut) = plan(&Reader::new(path), limit).map_err(PruneError::Read)? else {
        return Ok(Pruned { events: 0, kept: 0, before, after: size(path), not_smaller: None });
    };
    let kept = cut.stays.len() as u64;
    let mut cutting = Cutting::new(cut);
    loop {
        match cutting.portion(&mut connection, PORTION) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => return Err(PruneError::Stopped(cutting.gone, crate::text::clean_field(&error.to_string()))),
        }
    }
    let not_smaller = shrink(&connection).err().map(|why| crate::text::clean_field(&why));
    drop(connection);
    Ok(Pruned { events: cutting.gone, kept, before, after: size(path), not_smaller })
}

/// What [`prune`] would cut. Changes nothing, and works while somebody writes.
pub fn prunable(path: &Path, limit: Moment) -> Result<Pruned, PruneError> {
    schema::check(path).map_err(PruneError::Open)?;
    let reader = Reader::new(path);
    let (before, cut) = (size(path), plan(&reader, limit).map_err(PruneError::Read)?);
    let (kept, rows) = match &cut {
        Some(Cut { upto, stays }) => (stays.len() as u64, reader.count(*upto).map_err(PruneError::Read)?),
        None => (0, 0),
    };
    Ok(Pruned { events: rows.saturating_sub(kept), kept, before, after: before, not_smaller: None })
}

/// Copies made before a journal was brought up to date stand beside it, and hold what they held then.
#[must_use]
pub fn copies(path: &Path) -> Vec<PathBuf> {
    copy::copies(path)
}

/// Gives free room back to the disk, and leaves nothing in the log.
fn shrink(connection: &Connection) -> Result<(), String> {
    let free: i64 = connection.pragma_query_value(None, "freelist_count", |row| row.get(0)).map_err(|error| error.to_string())?;
    if free > 0 {
        connection.execute_batch("VACUUM").map_err(|error| error.to_string())?;
    }
    match checkpoint::empty(connection, schema::PATIENCE) {
        Ok(true) => Ok(()),
        Ok(false) => Err("somebody reads it just now".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// What a journal takes on the disk, its log included, in bytes.
#[must_use]
pub fn size(path: &Path) -> u64 {
    [path, &checkpoint::log_path(path)].into_iter().filter_map(|file| file.metadata().ok()).map(|file| file.len()).sum()
}
