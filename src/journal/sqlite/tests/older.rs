//! Journals that the version before wrote: read as they are, and brought up to date by whoever writes them.

use super::*;
use crate::conference::event::{Mode, ModeSet};

fn state(path: &Path) -> (i64, String) {
    let connection = rusqlite::Connection::open(path).expect("opens");
    let version = connection.pragma_query_value(None, "user_version", |row| row.get(0)).expect("a version");
    let index = "SELECT coalesce(max(sql), '') FROM sqlite_schema WHERE name = 'event_standing'";
    (version, connection.query_row(index, [], |row| row.get(0)).expect("one row"))
}

#[tokio::test]
async fn a_journal_of_the_version_before_is_read_as_it_is_and_brought_up_to_date_by_its_writer() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("j.sqlite");
    let journal = Sqlite::open(&path, "test").expect("opens");
    let mode = What::Mode(ModeSet { conference: "1122".into(), mode: Mode::Lecture, on: true, by: "ada".into() });
    journal.append(draft(1, mode)).durable().await.expect("durable");
    drop(journal);
    let before = "DROP INDEX event_standing; CREATE INDEX event_standing ON event (seq) WHERE kind = 'named';
        PRAGMA user_version = 1;";
    rusqlite::Connection::open(&path).expect("opens").execute_batch(before).expect("as it was");
    let old = state(&path);

    let facts = Archive::open(&path).expect("readable").history().standing(Seq(9)).expect("readable");
    assert_eq!((facts.len(), state(&path)), (1, old), "a reader finds what its index does not know, and changes nothing");

    drop(Sqlite::open(&path, "test").expect("opens"));
    let (version, index) = state(&path);
    assert!(version == 2 && index.contains("'mode'"), "{version}: {index}");
}
