//! Journals that the version before wrote: read as they are, and copied and brought up to date by whoever writes them.

use super::*;
use crate::conference::event::{Mode, ModeSet};

fn state(path: &Path) -> (i64, String) {
    let connection = rusqlite::Connection::open(path).expect("opens");
    let version = connection.pragma_query_value(None, "user_version", |row| row.get(0)).expect("a version");
    let index = "SELECT coalesce(max(sql), '') FROM sqlite_schema WHERE name = 'event_standing'";
    (version, connection.query_row(index, [], |row| row.get(0)).expect("one row"))
}

/// Makes a journal what the version before would have written.
fn age(path: &Path) {
    let before = "DROP INDEX event_standing; CREATE INDEX event_standing ON event (seq) WHERE kind = 'named';
        PRAGMA user_version = 1;";
    rusqlite::Connection::open(path).expect("opens").execute_batch(before).expect("as it was");
}

/// A journal of the version before with some events, and the last of them still in the log.
async fn old(path: &Path) {
    let journal = Sqlite::open(path, "test").expect("opens");
    let mode = What::Mode(ModeSet { conference: "1122".into(), mode: Mode::Lecture, on: true, by: "ada".into() });
    journal.append(draft(1, mode)).durable().await.expect("durable");
    drop(journal);
    age(path);
}

fn rows(path: &Path) -> Vec<String> {
    let connection = rusqlite::Connection::open(path).expect("opens");
    let mut select = connection.prepare("SELECT seq || ' ' || at || ' ' || kind || ' ' || body FROM event ORDER BY seq").expect("a query");
    select.query_map([], |row| row.get(0)).expect("rows").collect::<rusqlite::Result<_>>().expect("text")
}

fn named(path: &Path, ending: &str) -> PathBuf {
    PathBuf::from(format!("{}{ending}", path.display()))
}

#[tokio::test]
async fn a_journal_of_the_version_before_is_read_as_it_is_and_brought_up_to_date_by_its_writer() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("j.sqlite");
    old(&path).await;
    let old = state(&path);

    let facts = Archive::open(&path).expect("readable").history().standing(Seq(9)).expect("readable");
    assert_eq!((facts.len(), state(&path)), (1, old), "a reader finds what its index does not know, and changes nothing");
    assert!(copies(&path).is_empty());

    drop(Sqlite::open(&path, "test").expect("opens"));
    let (version, index) = state(&path);
    assert!(version == 2 && index.contains("'mode'"), "{version}: {index}");
}

#[tokio::test]
async fn a_copy_as_it_was_is_made_first_and_none_is_written_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("j.sqlite");
    old(&path).await;
    // What stands in the log alone belongs to it, too; a reader keeps it there.
    let other = rusqlite::Connection::open(&path).expect("opens");
    other.execute("INSERT INTO event (seq, at, kind, body) VALUES (2, 7, 'left', '{\"call\":\"a\"}')", []).expect("written");
    let (before, was) = (rows(&path), state(&path));
    assert_eq!(before.len(), 2);
    drop(Sqlite::open(&path, "test").expect("opens"));
    drop(other);
    let copy = named(&path, ".v1");
    assert_eq!(copies(&path), std::slice::from_ref(&copy));
    assert_eq!(std::fs::metadata(&copy).expect("there").permissions().mode() & 0o777, 0o600);
    assert_eq!((rows(&copy), state(&copy)), (before.clone(), was), "as it was");
    assert_eq!((rows(&path), state(&path).0), (before.clone(), 2));
    assert!(!named(&path, ".v1.part").exists());

    // Somebody goes back, to a journal that has gone on or to the very same one.
    std::fs::copy(&copy, &path).expect("put back");
    drop(Sqlite::open(&path, "test").expect("opens"));
    assert_eq!(copies(&path), std::slice::from_ref(&copy), "there is one that holds the same");
    std::fs::copy(&copy, &path).expect("put back");
    let insert = "INSERT INTO event (seq, at, kind, body) VALUES (3, 8, 'left', '{\"call\":\"b\"}')";
    rusqlite::Connection::open(&path).expect("opens").execute(insert, []).expect("written");
    drop(Sqlite::open(&path, "test").expect("opens"));
    assert_eq!(copies(&path), [copy.clone(), named(&path, ".v1.2")]);
    assert_eq!((rows(&copy), rows(&named(&path, ".v1.2")).len()), (before, 3));
}

#[tokio::test]
async fn half_a_copy_that_a_kill_left_is_made_anew() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("j.sqlite");
    old(&path).await;
    std::fs::write(named(&path, ".v1.part"), "half").expect("left behind");
    std::fs::write(named(&path, ".v1.part-journal"), "half").expect("left behind");
    std::fs::write(named(&path, ".v1"), "SQLite format 3\0 but no more").expect("a stranger's");
    drop(Sqlite::open(&path, "test").expect("opens"));
    assert_eq!(rows(&named(&path, ".v1.2")), rows(&path));
    assert!(!named(&path, ".v1.part").exists() && !named(&path, ".v1.part-journal").exists());
}

#[tokio::test]
async fn without_a_copy_nothing_is_changed_and_it_is_said_how_much_room_it_takes() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("j.sqlite");
    old(&path).await;
    let (before, was) = (rows(&path), state(&path));
    // A directory that is not empty cannot be removed, so the copy cannot be written.
    std::fs::create_dir_all(named(&path, ".v1.part").join("x")).expect("in the way");
    let error = Sqlite::open(&path, "test").expect_err("no copy").to_string();
    assert!(error.contains("older confmod") && error.contains("kB beside it") && error.contains("Nothing was changed"), "{error}");
    assert_eq!((rows(&path), state(&path), copies(&path)), (before, was, vec![]));
}
