//! Reading back: a read-only connection of its own, opened on first use, in short chunks so that the
//! write-ahead log can be cut between them.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Row, params};

use crate::conference::Moment;
use crate::conference::event::{Event, Seq, What};
use crate::journal::{History, ReadError};

/// Clocks are set and batches are mixed, so the search for a moment starts this much earlier.
pub(super) const CLOCK_SLACK: Duration = Duration::from_secs(60);

/// The end of the places that a journal has: numbers from here on mean something else, and so do those below 1.
pub(super) const END: i64 = Seq::UNRECORDED.0 as i64;

/// Room is made at once for at most so many events.
const ROOM: usize = 1_000;

/// A place as the database counts it, never behind the end.
pub(super) fn place(seq: Seq) -> i64 {
    i64::try_from(seq.0).map_or(END - 1, |place| place.min(END - 1))
}

/// A reader of one file. Cheap until it is used.
pub(super) struct Reader {
    path: PathBuf,
    connection: Mutex<Option<Connection>>,
}

impl Reader {
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), connection: Mutex::new(None) }
    }

    pub(super) fn with<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, ReadError> {
        let mut slot = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let connection = match &mut *slot {
            Some(connection) => connection,
            empty => empty.insert(open(&self.path).map_err(|error| ReadError(error.to_string()))?),
        };
        read(connection).map_err(|error| ReadError(error.to_string()))
    }
}

impl Reader {
    /// How many rows up to a place were learned before a moment.
    pub(super) fn count(&self, upto: Seq, before: Moment) -> Result<u64, ReadError> {
        let query = "SELECT count(*) FROM event WHERE seq > 0 AND seq <= ?1 AND at < ?2";
        let count = |connection: &Connection| connection.query_row(query, [upto.0 as i64, before.0], |row| row.get::<_, i64>(0));
        self.with(count).map(|rows| rows as u64)
    }
}

/// A read-only connection, which waits a moment for a lock and keeps little in memory.
pub(super) fn open(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(Duration::from_secs(2))?;
    connection.pragma_update(None, "cache_size", -512)?;
    // A query is read anew for each place otherwise, in case another way is better for it. None is.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(connection)
}

/// The place of a row, its first column.
fn seq(row: &Row<'_>) -> rusqlite::Result<Seq> {
    // It is the key of its table, and no key is anything else.
    Ok(Seq(row.get_ref(0)?.as_i64().unwrap_or_default() as u64))
}

/// A row as an event; `None` for a kind that this version does not know, and for a row that somebody broke:
/// one bad row must not keep a conference from coming back.
fn event(row: &Row<'_>, seq: Seq) -> rusqlite::Result<Option<Event>> {
    // Columns hold to their types where confmod made the table, and even then a text need not be UTF-8.
    let columns = (row.get_ref(1)?.as_i64(), row.get_ref(2)?.as_str(), row.get_ref(3)?.as_str());
    let (Ok(at), Ok(kind), Ok(body)) = columns else {
        tracing::warn!(seq = seq.0, "passed over a row of the journal that is not of its columns' types");
        return Ok(None);
    };
    match What::read(kind, body) {
        Ok(what) => Ok(what.map(|what| Event { seq, at: Moment::read(at), what })),
        Err(error) => {
            tracing::warn!(seq = seq.0, %error, "passed over a row of the journal that cannot be read");
            Ok(None)
        }
    }
}

impl History for Reader {
    fn read(&self, after: Seq, limit: usize) -> Result<Vec<Event>, ReadError> {
        let (mut after, mut events) = (after, Vec::new());
        loop {
            let most = limit - events.len();
            let (rows, last) = self.with(|connection| {
                let mut select =
                    connection.prepare_cached("SELECT seq, at, kind, body FROM event WHERE seq > ?1 AND seq < ?2 ORDER BY seq LIMIT ?3")?;
                let mut rows = select.query(params![place(after), END, most as i64])?;
                events.reserve(most.min(ROOM));
                let (mut count, mut last) = (0, after);
                while let Some(row) = rows.next()? {
                    count += 1;
                    last = seq(row)?;
                    if let Some(event) = event(row, last)? {
                        events.push(event);
                    }
                }
                Ok((count, last))
            })?;
            if rows < most || events.len() == limit {
                return Ok(events);
            }
            after = last;
        }
    }

    fn before(&self, moment: Moment) -> Result<Seq, ReadError> {
        let wanted = moment.minus(CLOCK_SLACK).0;
        self.with(|connection| {
            let mut at = connection.prepare_cached("SELECT seq, at FROM event WHERE seq >= ?1 ORDER BY seq LIMIT 1")?;
            // In one query for both the database would look at every row.
            let edge = "SELECT (SELECT min(seq) FROM event WHERE seq > 0), (SELECT max(seq) FROM event WHERE seq < ?1)";
            let edges = |row: &Row<'_>| Ok((row.get::<_, Option<i64>>(0)?.unwrap_or(1), row.get::<_, Option<i64>>(1)?.unwrap_or(0)));
            let (mut low, mut high) = connection.query_row(edge, [END], edges)?;
            // The first event that is late enough is at or after `low` and at or before `high + 1`.
            while low <= high {
                let middle = low + (high - low) / 2;
                match at.query_row([middle], |row| Ok((row.get::<_, i64>(0)?, row.get_ref(1)?.as_i64().unwrap_or_default()))).optional()? {
                    Some((seq, at)) if at < wanted => low = seq + 1,
                    _ => high = middle - 1,
                }
            }
            Ok(Seq((low - 1).max(0) as u64))
        })
    }

    fn before_comings(&self, count: usize) -> Result<Seq, ReadError> {
        let query = "SELECT seq FROM event WHERE kind IN ('joined', 'left') AND seq > 0 AND seq < ?1 ORDER BY seq DESC LIMIT 1 OFFSET ?2";
        self.with(|connection| {
            let found = connection.query_row(query, params![END, count as i64], |row| row.get::<_, i64>(0)).optional()?;
            Ok(Seq(found.unwrap_or(0) as u64))
        })
    }

    fn last(&self) -> Result<Seq, ReadError> {
        let query = "SELECT coalesce(max(seq), 0) FROM event WHERE seq > 0 AND seq < ?1";
        self.with(|connection| connection.query_row(query, [END], |row| row.get::<_, i64>(0))).map(|seq| Seq(seq as u64))
    }

    fn standing(&self, until: Seq) -> Result<Vec<Event>, ReadError> {
        self.with(|connection| {
            let query = format!("SELECT seq, at, kind, body FROM event WHERE {} AND seq > 0 AND seq <= ?1 ORDER BY seq", super::standing());
            let mut select = connection.prepare_cached(&query)?;
            let mut rows = select.query([place(until)])?;
            let mut events = Vec::new();
            while let Some(row) = rows.next()? {
                events.extend(event(row, seq(row)?)?);
            }
            Ok(events)
        })
    }

    fn raw(&self, seq: Seq) -> Result<Option<String>, ReadError> {
        self.with(|connection| {
            let found = connection.query_row("SELECT raw FROM event WHERE seq = ?1", [place(seq)], |row| {
                Ok(row.get_ref(0)?.as_str().ok().map(str::to_owned))
            });
            found.optional().map(Option::flatten)
        })
    }
}
