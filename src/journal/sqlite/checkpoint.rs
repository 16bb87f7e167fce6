//! Keeps the write-ahead log short: copies it into the database when it is long, and begins it anew.

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
