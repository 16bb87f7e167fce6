//! Reading a journal that another one writes.

use super::*;

#[tokio::test]
async fn a_follower_reads_what_is_there_and_what_comes_and_writes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("j.sqlite");
    assert!(Follower::open(&path).expect_err("no journal").to_string().contains("there is no such file"));
    let journal = Sqlite::open(&path, "ada, process 1").expect("opens");
    assert_eq!(journal.append(draft(1, left("c1"))).durable().await, Ok(Seq(1)));
    let follower = Follower::open(&path).expect("follows");
    assert_eq!(*follower.health().borrow(), Health::Followed("ada, process 1".into()));
    let mut feed = follower.subscribe(Seq(0));
    assert_eq!(next(&mut feed).await, [1]);
    // Now it waits for news and does not read any more by itself.
    tokio::select! {
        biased;
        _ = feed.next() => panic!("there is no news yet"),
        () = tokio::task::yield_now() => {}
    }
    for seq in 2..=5 {
        assert_eq!(journal.append(draft(seq as i64, left("c"))).durable().await, Ok(Seq(seq)));
    }
    assert_eq!(collect(&mut feed, 4).await, [2, 3, 4, 5], "in order, without gap or repeat");
    assert_eq!(follower.append(draft(9, left("x"))).durable().await, Err(AppendError::ReadOnly));
    assert_eq!(follower.append(draft(9, asked("x"))).durable().await, Err(AppendError::ReadOnly), "not even an ask");
    assert_eq!(follower.history().last(), Ok(Seq(5)));
    let mut health = follower.health();
    journal.append(draft(6, left("c6"))).durable().await.expect("durable");
    drop(journal);
    let told = tokio::time::timeout(Duration::from_secs(20), health.wait_for(|health| *health == Health::Abandoned));
    assert!(told.await.expect("in time").is_ok());
    assert_eq!(next(&mut feed).await, [6], "what was written last is there");
    drop(follower);
    assert!(feed.next().await.is_none(), "a follower that is gone ends its feeds");
}

#[tokio::test]
async fn a_follower_does_not_keep_the_log_from_being_cut() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("j.sqlite");
    let journal = Sqlite::open(&path, "test").expect("opens");
    journal.append(draft(1, left("c"))).durable().await.expect("durable");
    let follower = Follower::open(&path).expect("follows");
    let mut feed = follower.subscribe(Seq(0));
    next(&mut feed).await;
    let fat = || Draft { raw: Some("x".repeat(60_000)), ..draft(2, left("c")) };
    for _ in 0..200 {
        journal.append(fat()).durable().await.expect("durable");
    }
    collect(&mut feed, 200).await;
    // Twelve megabytes were written; a reader that held on to the past would have kept all of them in the log.
    let log = std::fs::metadata(folder.path().join("j.sqlite-wal")).expect("the log").len();
    assert!(log < 8 << 20, "{log} bytes");
}

#[test]
fn what_was_replaced_is_written_by_nobody() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("j.sqlite");
    let journal = Sqlite::open(&path, "test").expect("opens");
    let follower = Follower::open(&path).expect("follows");
    std::fs::rename(&path, folder.path().join("old.sqlite")).expect("moved");
    std::fs::write(&path, "").expect("another one");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut health = follower.health();
    let told =
        async { tokio::time::timeout(Duration::from_secs(20), health.wait_for(|health| *health == Health::Abandoned)).await.is_ok() };
    assert!(runtime.block_on(told));
    drop(journal);
}

#[test]
fn whoever_would_follow_a_journal_whose_file_is_gone_is_told_who_has_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("j.sqlite");
    let journal = Sqlite::open(&path, "ada, process 7").expect("opens");
    std::fs::remove_file(&path).expect("removed");
    let said = Follower::open(&path).expect_err("nothing to read").to_string();
    assert!(said.contains("its file is gone, though ada, process 7 has it open; quit that one"), "{said}");
    drop(journal);
    assert!(Follower::open(&path).expect_err("nothing to read").to_string().contains("there is no such file"));
}

#[test]
fn an_archive_is_read_while_it_is_written_and_slips_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("j.sqlite");
    let said = |path: &Path| Archive::open(path).expect_err("no journal").to_string();
    assert!(said(&path).contains("there is no such file"));
    std::fs::write(&path, "").expect("an empty file");
    assert!(said(&path).contains("it is empty"));
    std::fs::remove_file(&path).expect("removed");
    let journal = Sqlite::open(&path, "test").expect("opens");
    assert_eq!(Archive::open(&path).expect("opens").history().last(), Ok(Seq(0)));
    drop(journal);
    let database = rusqlite::Connection::open(&path).expect("a database");
    database.pragma_update(None, "user_version", 99).expect("set");
    assert!(said(&path).contains("newer confmod (format 99)"));
    assert!(Follower::open(&path).expect_err("newer").to_string().contains("newer confmod"));
}

#[test]
fn asking_whether_a_journal_is_held_does_not_keep_anybody_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("j.sqlite");
    drop(Sqlite::open(&path, "test").expect("opens"));
    let over = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let asking = {
        let over = Arc::clone(&over);
        let lock = folder.path().join("j.sqlite.lock");
        std::thread::spawn(move || {
            // As asking does it, only for much longer.
            while !over.load(std::sync::atomic::Ordering::Relaxed) {
                let file = std::fs::File::open(&lock).expect("the lock");
                let asked = file.try_lock_shared();
                std::thread::sleep(Duration::from_millis(3));
                drop((asked, file));
                std::thread::sleep(Duration::from_millis(4));
            }
        })
    };
    for _ in 0..20 {
        drop(Sqlite::open(&path, "test").expect("opens while others ask"));
    }
    over.store(true, std::sync::atomic::Ordering::Relaxed);
    asking.join().expect("no panic");
}
