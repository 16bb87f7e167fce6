//! A journal that was not written by a conference of this test's: made and looked at through SQL, as the page on
//! the journal's format describes it.
#![allow(dead_code, reason = "each test file uses a part of this")]
#![allow(unreachable_pub, reason = "inside a test program nothing can be reached from outside")]

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, params};

/// The tables as every version so far has them, and the index of the first.
const FIRST: &str = "
    PRAGMA journal_mode = WAL;
    CREATE TABLE event (seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL, call TEXT, body TEXT NOT NULL, raw TEXT) STRICT;
    CREATE VIEW log AS SELECT seq, kind, call FROM event;
    CREATE INDEX event_standing ON event (seq) WHERE kind = 'named';
    PRAGMA application_id = 0x636d6f64;
    PRAGMA user_version = 1;";

/// One row: how long ago, kind, call, body.
pub type Row<'a> = (Duration, &'a str, &'a str, String);

/// Makes a journal of the first version with these rows.
pub fn first_version<'a>(path: &Path, rows: impl IntoIterator<Item = Row<'a>>) {
    let mut journal = Connection::open(path).expect("a journal");
    journal.execute_batch(FIRST).expect("tables");
    let now = SystemTime::now();
    let transaction = journal.transaction().expect("begun");
    for (seq, (age, kind, call, body)) in (1_i64..).zip(rows) {
        let at = (now - age).duration_since(UNIX_EPOCH).expect("after 1970").as_millis() as i64;
        let insert = "INSERT INTO event (seq, at, kind, call, body, raw) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        transaction.execute(insert, params![seq, at, kind, call, body, format!("{{\"row\":\"{seq}\"}}")]).expect("inserted");
    }
    transaction.commit().expect("written");
}

/// Opens it beside whoever writes it.
pub fn open(path: &Path) -> Connection {
    let journal = Connection::open(path).expect("the journal");
    journal.busy_timeout(Duration::from_secs(20)).expect("set");
    journal
}

/// A number that a query gives.
#[track_caller]
pub fn number(journal: &Connection, query: &str) -> i64 {
    journal.query_row(query, [], |row| row.get(0)).unwrap_or_else(|error| panic!("{query}: {error}"))
}

/// Whether the engine finds it sound.
pub fn is_sound(journal: &Connection) -> bool {
    journal.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0)).is_ok_and(|said| said == "ok")
}
