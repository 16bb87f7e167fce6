//! The file itself: its tables, its version, and the view for people who open it with the `sqlite3` shell.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension as _};

use super::reader::END;
use super::{OpenError, checkpoint, copy};
use crate::conference::Moment;
use crate::conference::event::Seq;

/// The format that this version writes.
pub(super) const VERSION: i64 = 2;

/// How long the writer waits for a lock that somebody else has.
pub(super) const PATIENCE: Duration = Duration::from_millis(500);

/// `cmod` in ASCII: lets `file` and others tell what this database is.
const APPLICATION_ID: i64 = 0x636d_6f64;

/// `event` is what confmod reads; `log` is for people.
const TABLES: &str = "
    CREATE TABLE event (
        seq  INTEGER PRIMARY KEY,
        at   INTEGER NOT NULL,
        kind TEXT NOT NULL,
        call TEXT,
        body TEXT NOT NULL,
        raw  TEXT
    ) STRICT;
    CREATE VIEW log AS SELECT
        seq,
        strftime('%Y-%m-%d %H:%M:%S', at / 1000.0, 'unixepoch') AS utc,
        kind,
        call,
        body ->> 'conference' AS conference,
        body ->> 'number' AS number,
        body ->> 'name' AS name,
        body ->> 'action' AS action,
        body ->> 'by' AS by,
        body ->> 'outcome' AS outcome,
        body ->> 'detail' AS detail
    FROM event;
";

/// The index by which facts that hold for ever are found. Its condition is the one that the query uses, to the letter.
fn standing_index() -> String {
    format!("DROP INDEX IF EXISTS event_standing; CREATE INDEX event_standing ON event (seq) WHERE {};", super::standing())
}

/// Opens the one write connection, making the file private and complete where it does not exist.
pub(super) fn open(path: &Path) -> Result<Connection, OpenError> {
    let refused = |why: String| OpenError::File { path: path.to_owned(), why };
    let sql = |error: rusqlite::Error| refused(error.to_string());
    if !path.exists() {
        make(path).map_err(|error| refused(format!("making the file: {error}")))?;
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(sql)?;
    connection.busy_timeout(PATIENCE).map_err(sql)?;
    let version = version(&connection, path)?;
    let mode: String = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0)).map_err(sql)?;
    if !mode.eq_ignore_ascii_case("wal") {
        return Err(refused(format!("the file system does not allow a write-ahead log (mode {mode})")));
    }
    connection.pragma_update(None, "synchronous", "FULL").map_err(sql)?;
    // The writer cuts the log itself, because it must hear when that fails.
    connection.pragma_update(None, "wal_autocheckpoint", 0).map_err(sql)?;
    connection.pragma_update(None, "journal_size_limit", checkpoint::KEPT).map_err(sql)?;
    connection.pragma_update(None, "cache_size", -1024).map_err(sql)?;
    // `SQLite` syncs the name of a log that it has made, but keeps to itself when that fails.
    sync_folder(path).map_err(|error| refused(format!("making the names of its files safe on disk: {error}")))?;
    // What is cut away must be gone from the file.
    connection.pragma_update(None, "secure_delete", true).map_err(sql)?;
    if version < VERSION {
        if version > 0 {
            copy::keep(&connection, path, version)?;
        }
        make_tables(&mut connection, version).map_err(sql)?;
    }
    Ok(connection)
}

/// Brings a database of a format, 0 for an empty one, to the one of this version.
pub(super) fn make_tables(connection: &mut Connection, version: i64) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    if version == 0 {
        transaction.execute_batch(TABLES)?;
    }
    transaction.execute_batch(&standing_index())?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()
}

/// The format of a database that is confmod's, 0 for one that is empty. Nothing is changed.
fn version(connection: &Connection, path: &Path) -> Result<i64, OpenError> {
    let refused = |why: String| OpenError::File { path: path.to_owned(), why };
    let sql = |error: rusqlite::Error| refused(error.to_string());
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(sql)?;
    // Before anything is changed: a database of somebody else's must stay as it is.
    let ours = match version {
        0 => connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0)).map_err(sql)? == 0,
        _ => connection.pragma_query_value(None, "application_id", |row| row.get::<_, i64>(0)).map_err(sql)? == APPLICATION_ID,
    };
    judged(path, version, ours)
}

fn judged(path: &Path, version: i64, ours: bool) -> Result<i64, OpenError> {
    if !ours {
        return Err(OpenError::File { path: path.to_owned(), why: "it is a SQLite database of something else".into() });
    }
    if version > VERSION {
        return Err(OpenError::Newer { path: path.to_owned(), version });
    }
    Ok(version)
}

/// Bytes of a database's beginning that [`look`] needs.
pub const BEGINNING: usize = 105;

/// Judges a database by its first bytes as the console would, without opening it: to open one makes files beside it.
///
/// Where the fields stand is told by <https://sqlite.org/fileformat2.html>. Fewer than [`BEGINNING`] bytes pass.
pub fn look(path: &Path, beginning: &[u8]) -> Result<(), OpenError> {
    let field = |at: usize| beginning.get(at..at + 4).and_then(|four| four.try_into().ok()).map(i32::from_be_bytes);
    let (Some(version), Some(application), Some(cells)) = (field(60), field(68), beginning.get(103..BEGINNING)) else { return Ok(()) };
    // Tables and version are made in one go, so that tables without a version are a stranger's.
    let ours = if version == 0 { cells == [0, 0] } else { i64::from(application) == APPLICATION_ID };
    judged(path, version.into(), ours).map(|_| ())
}

/// Looks whether a file is a journal that this version can read.
pub(super) fn check(path: &Path) -> Result<(), OpenError> {
    let refused = |why: String| OpenError::File { path: path.to_owned(), why };
    // SQLite says of anything that is wrong only that it cannot open the file.
    File::open(path).map_err(|error| {
        refused(if error.kind() == std::io::ErrorKind::NotFound { "there is no such file".into() } else { error.to_string() })
    })?;
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|error| refused(error.to_string()))?;
    connection.busy_timeout(Duration::from_secs(2)).map_err(|error| refused(error.to_string()))?;
    match version(&connection, path)? {
        0 => Err(refused("it is empty: no confmod has written to it yet".into())),
        _ => Ok(()),
    }
}

/// Makes an empty private file; `SQLite` gives its helpers the same mode.
pub(super) fn make(path: &Path) -> std::io::Result<()> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?.sync_all()?;
    sync_folder(path)
}

/// Makes the names beside a file safe: that they are there survives a loss of power.
pub(super) fn sync_folder(path: &Path) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

/// The last event's place and time.
pub(super) fn last(connection: &Connection) -> Result<Option<(Seq, Moment)>, String> {
    connection
        .query_row("SELECT seq, at FROM event WHERE seq > 0 AND seq < ?1 ORDER BY seq DESC LIMIT 1", [END], |row| {
            Ok((Seq(row.get::<_, i64>(0)? as u64), Moment::read(row.get_ref(1)?.as_i64().unwrap_or_default())))
        })
        .optional()
        .map_err(|error| error.to_string())
}
