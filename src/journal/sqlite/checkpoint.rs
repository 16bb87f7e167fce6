//! Keeps the write-ahead log short: copies it into the database when it is long, and begins it anew.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;

use super::schema::PATIENCE;

/// Pages that are not in the database yet from which on they are copied into it.
///
/// Whoever calls back meanwhile waits for that. Few pages at a time are copied in a millisecond, and what that takes
/// more often, two syncs, is spread over a dozen batches.
const LONG: i64 = 250;

/// Bytes that the log's file keeps when it is begun anew: whoever reads for long, chunk after chunk, lets it grow
/// meanwhile, and a file that was long once would stay so.
pub(super) const KEPT: i64 = 16 << 20;

/// Bytes of a log that is [`LONG`] and somewhat longer: pages of 4 KiB with a header of 24 bytes each.
const ROOM: u64 = (LONG as u64 + 70) * (4096 + 24);

/// Bytes for which there must be room on a disk that was full before it counts as one that is not.
const TRIAL: u64 = 1 << 16;

/// Writes nothing into the log's file, behind what it holds, as far as the log gets before it begins anew: a sync of a file
/// that does not grow takes half as long, and the first asks of an evening are as urgent as the last. A frame of zeros
/// is none to `SQLite` (its file format, 4.1).
///
/// # Errors
/// When that fails. Then the file is as it was, and the log grows as it always did.
pub(super) fn make_room(log: &Path) -> io::Result<()> {
    let file = OpenOptions::new().write(true).open(log)?;
    let length = file.metadata()?.len();
    lengthen(&file, length, ROOM).and_then(|()| file.sync_all()).or_else(|error| file.set_len(length).and(Err(error)))
}

/// Whether there is room on the disk for more of the log than it has. It stays as long as it is.
///
/// # Errors
/// When there is none.
pub(super) fn grow(log: &Path) -> io::Result<()> {
    let file = OpenOptions::new().write(true).open(log)?;
    let length = file.metadata()?.len();
    let longer = lengthen(&file, length, length + TRIAL).and_then(|()| file.sync_all());
    file.set_len(length).and(longer)
}

/// Writes nothing into a file from one place up to another.
fn lengthen(file: &File, from: u64, to: u64) -> io::Result<()> {
    let nothing = [0; 1 << 14];
    let mut at = from;
    while at < to {
        let some = nothing.len().min(usize::try_from(to - at).unwrap_or(usize::MAX));
        file.write_all_at(&nothing[..some], at)?;
        at += some as u64;
    }
    Ok(())
}

/// Copies a long log into the database, as far as nobody reads from it; readers are not waited for.
pub(super) fn cut(connection: &Connection) -> rusqlite::Result<()> {
    let (_, pages, copied) = checkpoint(connection, "NOOP")?;
    if pages - copied >= LONG {
        checkpoint(connection, "PASSIVE")?;
    }
    Ok(())
}

/// Copies all of the log into the database and cuts it to nothing, which waits so long for whoever reads from it; says
/// whether that went well.
pub(super) fn empty(connection: &Connection, wait: Duration) -> rusqlite::Result<bool> {
    connection.busy_timeout(wait)?;
    let done = checkpoint(connection, "TRUNCATE");
    connection.busy_timeout(PATIENCE)?;
    done.map(|(busy, ..)| !busy)
}

/// Whether somebody was in the way, how many pages are in the log, and how many of them in the database.
fn checkpoint(connection: &Connection, mode: &str) -> rusqlite::Result<(bool, i64, i64)> {
    connection.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
}

/// Where the log of a database is: what is not copied into it yet.
#[must_use]
pub fn log_path(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push("-wal");
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A journal's table, and somebody who can hold on to one state of it.
    fn database() -> (tempfile::TempDir, Connection, Connection) {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("journal.sqlite");
        let writer = super::super::schema::open(&file).expect("a journal");
        let reader = super::super::reader::open(&file).expect("a reader");
        (folder, writer, reader)
    }

    /// Writes so much that the log grows by more than `LONG` pages, and cuts as the writer does.
    fn write_much(writer: &Connection) {
        for _ in 0..12 {
            let body = "x".repeat(400_000);
            writer.execute("INSERT INTO event (at, kind, body) VALUES (0, 'left', ?1)", [body]).expect("written");
            cut(writer).expect("looked after");
        }
    }

    fn length(writer: &Connection) -> u64 {
        std::fs::metadata(log_path(Path::new(writer.path().expect("a path")))).expect("a log").len()
    }

    #[test]
    fn the_log_does_not_grow_until_it_begins_anew_and_what_it_held_is_there_after_a_crash() {
        let (folder, writer, reader) = database();
        writer.execute("INSERT INTO event (at, kind, body) VALUES (0, 'left', 'before')", []).expect("written");
        make_room(&log_path(&folder.path().join("journal.sqlite"))).expect("room");
        let room = length(&writer);
        assert_eq!(room, ROOM);
        for _ in 0..3_000 {
            writer.execute("INSERT INTO event (at, kind, body) VALUES (0, 'left', 'after')", []).expect("written");
            cut(&writer).expect("looked after");
        }
        assert_eq!(length(&writer), room, "three thousand writes fit into it");
        drop(reader);
        let copied = tempfile::tempdir().expect("a folder");
        for name in ["journal.sqlite", "journal.sqlite-wal"] {
            std::fs::copy(folder.path().join(name), copied.path().join(name)).expect("as a crash leaves it");
        }
        let found = super::super::schema::open(&copied.path().join("journal.sqlite")).expect("a journal");
        let count: i64 = found.query_row("SELECT count(*) FROM event", [], |row| row.get(0)).expect("counted");
        assert_eq!(count, 3_001);
    }

    #[test]
    fn a_log_that_grew_under_a_reader_is_short_again_once_it_is_gone() {
        let (_folder, writer, reader) = database();
        reader.execute_batch("BEGIN").expect("begins");
        reader.query_row("SELECT count(*) FROM event", [], |row| row.get::<_, i64>(0)).expect("reads");
        for _ in 0..6 {
            write_much(&writer);
        }
        let grown = length(&writer);
        assert!(grown > KEPT as u64, "{grown}");
        reader.execute_batch("COMMIT").expect("ends");
        write_much(&writer);
        assert!(length(&writer) <= KEPT as u64, "{}", length(&writer));
    }
}
