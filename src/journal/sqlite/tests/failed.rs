//! A journal that has failed is left as it is.

use super::*;

#[tokio::test]
async fn closing_a_failed_journal_copies_nothing_because_that_would_sync_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("j.sqlite");
    let journal = spoilt(&path, |connection| connection.pragma_update(None, "query_only", true).expect("set"));
    let database = std::fs::read(&path).expect("a file");
    assert!(matches!(journal.append(draft(1, left("a"))).durable().await, Err(AppendError::Failed(_))));
    drop(journal);
    let log = std::fs::metadata(folder.path().join("j.sqlite-wal")).expect("its log is still there");
    assert!(log.len() > 0 && std::fs::read(&path).expect("a file") == database, "not copied, not cut: {} bytes", log.len());
}

#[tokio::test]
async fn the_time_after_a_failure_is_told_as_a_gap() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("j.sqlite");
    let journal = spoilt(&path, |connection| connection.pragma_update(None, "query_only", true).expect("set"));
    let alive = || std::fs::metadata(folder.path().join("j.sqlite.lock")).and_then(|lock| lock.modified()).expect("told");
    assert!(matches!(journal.append(draft(1, left("a"))).durable().await, Err(AppendError::Failed(_))));
    // The round in which it failed may still be ending.
    tokio::time::sleep(Duration::from_millis(100)).await;
    let failed = alive();
    for at in 0..3 {
        assert!(journal.append(draft(at, left("b"))).durable().await.is_err());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(alive(), failed);
}
