//! What an engine's error means for the next write.

use std::io::{self, ErrorKind, Write as _};
use std::path::Path;

use rusqlite::ErrorCode;
use rusqlite::ffi::SQLITE_IOERR_WRITE;

use crate::journal::AppendError;

/// Bytes that are written to find out whether there is room.
const TRIAL: usize = 4096;

/// Why nothing can be written on a disk that has room.
const OVER_QUOTA: &str = "the quota of disk space is used up";

/// A failed sync may have cost pages that the kernel has forgotten since, so nothing after it can be trusted; a full or
/// locked disk can be emptied.
pub(super) fn verdict(error: &rusqlite::Error, database: &Path) -> AppendError {
    let why = crate::text::clean_field(&error.to_string());
    match error.sqlite_error() {
        Some(known) => match known.code {
            ErrorCode::DiskFull | ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::OutOfMemory => AppendError::Trouble(why),
            // The engine knows of full disks only, and not that people share one by quotas.
            _ if known.extended_code == SQLITE_IOERR_WRITE && is_over_quota(database) => AppendError::Trouble(OVER_QUOTA.to_owned()),
            _ => AppendError::Failed(why),
        },
        None if matches!(error, rusqlite::Error::ToSqlConversionFailure(_)) => AppendError::Trouble(why),
        None => AppendError::Failed(why),
    }
}

/// As [`verdict`], of what the system said.
pub(super) fn verdict_of_system(error: &io::Error) -> AppendError {
    match error.kind() {
        ErrorKind::StorageFull => AppendError::Trouble("the disk is full".to_owned()),
        ErrorKind::QuotaExceeded => AppendError::Trouble(OVER_QUOTA.to_owned()),
        _ => AppendError::Failed(error.to_string()),
    }
}

/// Whether a file beside the database, which nobody else sees, cannot be written because the quota is used up.
fn is_over_quota(database: &Path) -> bool {
    let Some(folder) = database.parent() else { return false };
    let tried = tempfile::tempfile_in(folder).and_then(|mut file| {
        file.write_all(&[1; TRIAL])?;
        // Some file systems find out only when they have to place it.
        file.sync_all()
    });
    tried.is_err_and(|error| error.kind() == ErrorKind::QuotaExceeded)
}
