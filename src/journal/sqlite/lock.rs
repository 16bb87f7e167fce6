//! One writer per journal: a lock on a file beside it, which the kernel gives back however the process ends.
//!
//! The lock is not on the database itself: closing any descriptor of it would drop `SQLite`'s own locks.
//! The file's text says who holds it, its modification time when the holder was last alive.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::OpenError;
use super::writer::inode;
use crate::conference::Moment;
use crate::config::error::shown;
use crate::config::paths::make_private_dir;

/// How often, and after which time, a lock is tried again that may only have been asked for.
const ASKED: u32 = 10;
const ASKING: Duration = Duration::from_millis(10);

/// How often a busy holder is marked as alive.
const MARKED: Duration = Duration::from_secs(1);

/// The lock, held as long as this lives.
pub(super) struct Lock {
    file: File,
    /// The file's name, and what the system calls it by.
    path: PathBuf,
    inode: Option<u64>,
    journal: PathBuf,
    who: String,
    /// When an earlier holder was last alive.
    pub(super) last_alive: Option<Moment>,
    /// When this one was last marked as alive.
    marked: Option<Instant>,
}

fn lock_path(journal: &Path) -> PathBuf {
    let mut name = journal.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

impl Lock {
    /// Takes the lock, making the folder and the file private where they do not exist.
    pub(super) fn take(journal: &Path, who: &str) -> Result<Self, OpenError> {
        let refused = |why: String| OpenError::File { path: journal.to_owned(), why };
        if let Some(folder) = journal.parent() {
            make_private_dir(folder).map_err(|error| refused(format!("making the folder {}: {error}", shown(folder))))?;
        }
        let path = lock_path(journal);
        let existed = path.exists();
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(|error| refused(format!("opening {}: {error}", shown(&path))))?;
        let mut locked = file.try_lock();
        for _ in 0..ASKED {
            if !matches!(locked, Err(TryLockError::WouldBlock)) {
                break;
            }
            // Somebody may only be asking whether it is held, which takes microseconds.
            std::thread::sleep(ASKING);
            locked = file.try_lock();
        }
        match locked {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(OpenError::Held { path: journal.to_owned(), by: holder(journal).unwrap_or_else(|| "another process".into()) });
            }
            Err(TryLockError::Error(error)) => return Err(refused(format!("locking {}: {error}", shown(&path)))),
        }
        let last_alive = existed.then(|| file.metadata().and_then(|meta| meta.modified()).ok().and_then(moment)).flatten();
        let written = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(who.as_bytes()));
        written.map_err(|error| refused(format!("writing {}: {error}", shown(&path))))?;
        let inode = file.metadata().ok().map(|meta| meta.ino());
        Ok(Self { file, path, inode, journal: journal.to_owned(), who: who.to_owned(), last_alive, marked: None })
    }

    /// Marks the holder as alive, and takes the lock anew where its file was removed: somebody may take it for a
    /// leftover. Fails, saying why, where another process was quicker.
    pub(super) fn hold(&mut self) -> Result<(), String> {
        if inode(&self.path) != self.inode {
            match Self::take(&self.journal, &self.who) {
                Ok(lock) => *self = Self { last_alive: self.last_alive, ..lock },
                Err(OpenError::Held { by, .. }) => return Err(format!("its lock was removed, and it is being written by {by} now")),
                // Without room for a name nobody else gets one either.
                Err(error) => tracing::warn!(%error, "the journal's lock was removed, and could not be taken anew"),
            }
        }
        self.touch();
        Ok(())
    }

    /// The moment at which an earlier holder was last alive stays what it was.
    pub(super) fn leave_no_trace(&self) {
        let alive = self.last_alive.map_or(UNIX_EPOCH, |at| UNIX_EPOCH + at.since(Moment::default()));
        // Only the length of a reported gap depends on it.
        let _ = self.file.set_modified(alive);
    }

    /// Marks the holder as alive, if it was not just now. Costs no sync; a loss of power may lose it, a kill does not.
    ///
    /// What is written to the journal says when it was, too. A file system without a journal of its own (ext4 can be
    /// made so) writes this file's new time with the next sync of its neighbours in the folder, for which those who call back
    /// would wait each time.
    pub(super) fn touch(&mut self) {
        if self.marked.is_some_and(|marked| marked.elapsed() < MARKED) {
            return;
        }
        self.marked = Some(Instant::now());
        // Only the length of a reported gap depends on it.
        let _ = self.file.set_modified(SystemTime::now());
    }
}

fn moment(time: SystemTime) -> Option<Moment> {
    let since = time.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since.as_millis()).ok().map(Moment)
}

/// Who says it holds a journal, in its own words.
#[must_use]
pub fn holder(journal: &Path) -> Option<String> {
    let mut text = String::new();
    File::open(lock_path(journal)).ok()?.take(512).read_to_string(&mut text).ok()?;
    let text = crate::text::clean_field(&text);
    (!text.is_empty()).then_some(text)
}

/// Whether a process is writing a journal now.
#[must_use]
pub fn is_held(journal: &Path) -> bool {
    // The lock taken here for a moment is shared with nobody who asks the same question.
    File::open(lock_path(journal)).is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_holder_is_marked_as_alive_now_and_then_and_not_each_time() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut lock = Lock::take(&folder.path().join("journal.sqlite"), "a test").expect("a lock");
        let alive = |lock: &Lock| lock.file.metadata().and_then(|meta| meta.modified()).expect("a time");
        for (marked, is_marked_anew) in [(None, true), (Some(Instant::now()), false), (Instant::now().checked_sub(MARKED), true)] {
            lock.file.set_modified(UNIX_EPOCH).expect("a time");
            lock.marked = marked;
            lock.hold().expect("it is held");
            assert_eq!(alive(&lock) > UNIX_EPOCH, is_marked_anew, "{marked:?}");
        }
    }
}
