//! The contacts file on disk: what it looks like from outside, and its bytes.

use std::fs::{self, File, Metadata};
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::{MOST_BYTES, Sheet, short_name};
use crate::conference::Moment;
use crate::config::error::shown;

/// What tells one state of a file from another. An editor that saves by renaming makes another file of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Look {
    device: u64,
    inode: u64,
    length: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Look {
    fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            length: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    /// When the file came to be as it is. A copy that keeps the time of its original was put there later than that.
    pub(super) fn edited(&self) -> Moment {
        let (seconds, nanoseconds) = self.modified.max(self.changed);
        Moment(seconds.saturating_mul(1_000).saturating_add(nanoseconds / 1_000_000))
    }
}

/// Looks at the file without opening it; none where there is none.
///
/// # Errors
///
/// One sentence where it cannot be looked at, or is none.
pub(super) fn look(path: &Path) -> Result<Option<Look>, String> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => Ok(Some(Look::of(&metadata))),
        Ok(_) => Err(format!("{} is no file; name the contacts file with `contacts` in the configuration", shown(path))),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(unreadable(path, &error)),
    }
}

/// The bytes of a file, one more than are read where it is longer than that.
///
/// # Errors
///
/// One sentence where it cannot be read.
pub(super) fn bytes(path: &Path) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MOST_BYTES as u64 + 4).read_to_end(&mut bytes));
    read.map(|_| bytes).map_err(|error| unreadable(path, &error))
}

fn unreadable(path: &Path, error: &io::Error) -> String {
    format!("reading {} failed ({error}); check who may read it; what was read before stands", shown(path))
}

/// A contacts file, as somebody finds it who only wants to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// There is none.
    Nothing,
    /// There is one, and it says this.
    Sheet(Box<Sheet>),
}

/// Reads a file once, without a journal.
///
/// # Errors
///
/// One sentence where it cannot be read.
pub fn load(path: &Path, exempt_roles: &[String]) -> Result<Found, String> {
    match look(path)? {
        None => Ok(Found::Nothing),
        Some(_) => Ok(Found::Sheet(Box::new(Sheet::read(&bytes(path)?, &short_name(path), exempt_roles)?))),
    }
}
