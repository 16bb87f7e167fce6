//! Journals that somebody else wrote into: what can be read is, and the rest keeps nobody from it.

use super::*;
use crate::conference::Moment;

const INSERT: &str = "INSERT INTO event (seq, at, kind, call, body, raw) VALUES";

async fn journal(rows: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("j.sqlite");
    let journal = Sqlite::open(&path, "test").expect("opens");
    journal.append(draft(1_000, left("a"))).durable().await.expect("durable");
    drop(journal);
    rusqlite::Connection::open(&path).expect("opens").execute_batch(rows).expect("rows");
    (folder, path)
}

#[tokio::test]
async fn text_that_is_none_and_moments_that_no_calendar_has_are_no_hindrance() {
    let rows = format!(
        "{INSERT} (2, 2000, CAST(x'ff' AS TEXT), NULL, '{{}}', NULL), (3, 3000, 'left', NULL, CAST(x'7bff7d' AS TEXT), NULL),
         (4, {}, 'left', NULL, '{{\"call\":\"b\"}}', CAST(x'ff' AS TEXT)), (5, {}, 'left', NULL, '{{\"call\":\"c\"}}', NULL);",
        i64::MIN,
        i64::MAX
    );
    let (_folder, path) = journal(&rows).await;
    let history = Archive::open(&path).expect("readable").history();
    let events = history.read(Seq(0), 1).expect("readable").into_iter().chain(history.read(Seq(1), 9).expect("readable"));
    let found: Vec<_> = events.map(|event| (event.seq.0, event.at)).collect();
    assert_eq!(found, [(1, Moment(1_000)), (4, Moment::EARLIEST), (5, Moment::LATEST)]);
    let two = history.read(Seq(0), 2).expect("readable").into_iter().map(|event| event.seq.0);
    assert!(two.eq([1, 4]), "fewer than asked for would be the end");
    assert_eq!(history.raw(Seq(4)), Ok(None), "raw fields that are no text are none");
}

#[tokio::test]
async fn places_that_are_none_are_seen_by_nobody_and_written_behind_by_nobody() {
    let ban = "'banned', NULL, '{\"number\":\"4930901820\",\"by\":\"eve\"}', NULL";
    let rows = format!("{INSERT} ({}, 1, {ban}), (-1, 1, {ban}), ({}, 1, {ban}), ({}, 1, {ban});", i64::MIN, 1_i64 << 62, i64::MAX);
    let (_folder, path) = journal(&rows).await;
    let journal = Sqlite::open(&path, "test").expect("opens");
    assert_eq!(journal.append(draft(2_000, left("b"))).durable().await, Ok(Seq(2)));
    let history = journal.history();
    assert_eq!(history.last(), Ok(Seq(2)));
    assert_eq!(history.standing(Seq(u64::MAX)).expect("readable"), []);
    assert_eq!(history.read(Seq(0), 1).expect("readable").len() + history.read(Seq(1), 9).expect("readable").len(), 2);
    for moment in [Moment(i64::MIN), Moment(0), Moment(i64::MAX)] {
        assert!(history.before(moment).is_ok_and(|place| place <= Seq(2)), "{moment:?}");
    }
}

#[tokio::test]
async fn a_journal_whose_numbers_are_used_up_is_refused_with_a_sentence() {
    let (_folder, path) = journal(&format!("{INSERT} ({}, 1, 'left', NULL, '{{\"call\":\"b\"}}', NULL);", (1_i64 << 62) - 1)).await;
    let Err(error) = Sqlite::open(&path, "test") else { panic!("there is no place behind the last one") };
    assert!(error.to_string().contains("no room for a conference") && error.to_string().contains("--journal"), "{error}");
    assert!(Archive::open(&path).is_ok(), "it can be read");
}
