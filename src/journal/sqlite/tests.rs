//! The journal's promises, on real files.

use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use super::*;
use crate::conference::CallKey;
use crate::conference::event::{Answer, Ask, CallOnly, Cause, Listening, Named, What};
use crate::conference::{Action, Outcome};

fn left(call: &str) -> What {
    What::Left(CallOnly { call: CallKey::new(call) })
}

fn asked(call: &str) -> What {
    What::Asked(Ask {
        action: Action::Mute,
        call: CallKey::new(call),
        conference: "1122".into(),
        number: "12157010680".into(),
        by: "ada".into(),
        cause: Cause::Key,
        rule: None,
        joined: Moment(0),
    })
}

fn draft(at: i64, what: What) -> Draft {
    Draft::new(Moment(at), what)
}

async fn next(feed: &mut Feed) -> Vec<u64> {
    let batch = tokio::time::timeout(Duration::from_secs(20), feed.next()).await.expect("news in time");
    batch.expect("an open feed").expect("readable").iter().map(|event| event.seq.0).collect()
}

async fn collect(feed: &mut Feed, count: usize) -> Vec<u64> {
    let mut got = Vec::new();
    while got.len() < count {
        got.extend(next(feed).await);
    }
    got
}

#[tokio::test]
async fn what_was_promised_is_there_after_a_restart_and_in_order() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("private/journal.sqlite");
    {
        let journal = Sqlite::open(&path, "ada, process 1").expect("opens");
        assert_eq!(journal.down_since(), None, "a new journal has no gap");
        for i in 1..=5 {
            let draft = Draft { raw: Some(format!("{{\"n\":\"{i}\"}}")), ..draft(1000 + i, left(&format!("c{i}"))) };
            assert_eq!(journal.append(draft).durable().await, Ok(Seq(i as u64)));
        }
    }
    let journal = Sqlite::open(&path, "ada, process 2").expect("opens again");
    assert!(journal.down_since() >= Some(Moment(1005)), "the gap begins when the last one was alive");
    let mut feed = journal.subscribe(Seq(2));
    assert_eq!(next(&mut feed).await, [3, 4, 5]);
    assert_eq!(journal.append(draft(2000, left("c6"))).durable().await, Ok(Seq(6)));
    assert_eq!(next(&mut feed).await, [6]);
    let history = journal.history();
    assert_eq!(history.raw(Seq(3)).expect("readable").as_deref(), Some("{\"n\":\"3\"}"));
    assert_eq!(history.last(), Ok(Seq(6)));
    journal.close();
    assert!(feed.next().await.is_none(), "a closed journal ends its feeds");
    assert_eq!(journal.append(draft(1, left("late"))).durable().await, Err(AppendError::Closed));
}

#[tokio::test]
async fn a_subscriber_that_fell_behind_catches_up_from_disk_without_gap_or_repeat() {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = Sqlite::open(&folder.path().join("j.sqlite"), "test").expect("opens");
    let mut feed = journal.subscribe(Seq(0));
    assert_eq!(journal.append(draft(1, left("first"))).durable().await, Ok(Seq(1)));
    assert_eq!(next(&mut feed).await, [1]);
    // Far more batches than the ring holds: each append waits for its own commit.
    let total = LIVE_BATCHES as u64 + 50;
    for i in 2..=total {
        journal.append(draft(i as i64, left("more"))).durable().await.expect("durable");
    }
    assert_eq!(collect(&mut feed, total as usize - 1).await, (2..=total).collect::<Vec<_>>());
    journal.append(draft(9, left("live"))).durable().await.expect("durable");
    assert_eq!(next(&mut feed).await, [total + 1]);
}

#[tokio::test]
async fn a_second_writer_is_told_who_holds_the_journal() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("j.sqlite");
    assert!(!is_held(&path));
    let first = Sqlite::open(&path, "ada on host, process 7").expect("opens");
    assert!(is_held(&path));
    let error = Sqlite::open(&path, "bob").expect_err("held").to_string();
    assert!(error.contains("ada on host, process 7") && error.contains("--journal"), "{error}");
    drop(first);
    assert!(!is_held(&path));
    Sqlite::open(&path, "bob").expect("free again");
}

#[tokio::test]
async fn what_the_log_holds_is_kept_where_the_file_is_gone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("j.sqlite");
    let names = || {
        let mut names: Vec<_> = std::fs::read_dir(folder.path()).expect("listed").flatten().map(|entry| entry.file_name()).collect();
        names.sort();
        names
    };
    for (lost, harm) in [("j.sqlite.lost-wal", true), ("j.sqlite.lost-wal.2", false)] {
        let journal = Sqlite::open(&path, "test").expect("opens");
        journal.append(draft(1, left("answered"))).durable().await.expect("durable");
        let log = std::fs::read(log_path(&path)).expect("a log");
        let aside = folder.path().join("aside");
        std::fs::rename(&path, &aside).expect("moved");
        // As a killed writer leaves it: closing a moved database keeps its log as well.
        drop(journal);
        std::fs::write(log_path(&path), &log).expect("as it was");
        if harm {
            std::fs::write(&path, "").expect("emptied");
        }
        let journal = Sqlite::open(&path, "test").expect("a new one");
        let kept = folder.path().join(lost);
        assert_eq!(journal.set_aside(), Some(kept.as_path()), "{:?}", names());
        assert_eq!(std::fs::read(&kept).expect("kept"), log);
        drop(journal);
        // Put together again they are the journal.
        std::fs::rename(&aside, &path).expect("put back");
        std::fs::copy(&kept, log_path(&path)).expect("put back");
        let journal = Sqlite::open(&path, "test").expect("opens");
        assert_eq!(journal.set_aside(), None);
        assert_eq!(journal.history().last(), Ok(Seq(1)));
        drop(journal);
        std::fs::remove_file(&path).expect("removed");
    }
}

#[tokio::test]
async fn every_file_is_private_and_the_shell_can_read_the_rows() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("new/j.sqlite");
    let journal = Sqlite::open(&path, "test").expect("opens");
    journal.append(draft(1_700_000_000_000, asked("c1"))).durable().await.expect("durable");
    let mode = |path: &Path| std::fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(path.parent().expect("a folder")), 0o700);
    for entry in std::fs::read_dir(path.parent().expect("a folder")).expect("listed") {
        let path = entry.expect("an entry").path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    let connection = rusqlite::Connection::open(&path).expect("a second reader");
    let row: (String, String, String, String) = connection
        .query_row("SELECT utc, kind, call, action FROM log", [], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?)))
        .expect("one row");
    assert_eq!(row, ("2023-11-14 22:13:20".into(), "asked".into(), "c1".into(), "mute".into()));
}

#[tokio::test]
async fn strangers_newer_formats_and_bad_paths_are_refused_with_a_sentence() {
    let folder = tempfile::tempdir().expect("a folder");
    let newer = folder.path().join("newer.sqlite");
    drop(Sqlite::open(&newer, "test").expect("opens"));
    rusqlite::Connection::open(&newer).and_then(|c| c.pragma_update(None, "user_version", 99)).expect("aged");
    assert!(matches!(Sqlite::open(&newer, "test"), Err(OpenError::Newer { version: 99, .. })));
    let other = folder.path().join("other.sqlite");
    rusqlite::Connection::open(&other).and_then(|c| c.execute_batch("CREATE TABLE recipe (x)")).expect("made");
    assert!(Sqlite::open(&other, "test").expect_err("a stranger").to_string().contains("something else"));
    let versioned = folder.path().join("versioned.sqlite");
    let made = "CREATE TABLE recipe (x); PRAGMA user_version = 1";
    rusqlite::Connection::open(&versioned).and_then(|c| c.execute_batch(made)).expect("made");
    assert!(Sqlite::open(&versioned, "test").expect_err("a stranger").to_string().contains("something else"));
    for stranger in [&other, &versioned] {
        let mode =
            rusqlite::Connection::open(stranger).and_then(|c| c.pragma_query_value(None, "journal_mode", |row| row.get::<_, String>(0)));
        assert_eq!(mode.as_deref(), Ok("delete"), "a stranger's database is left as it is");
    }
    let text = folder.path().join("text.sqlite");
    std::fs::write(&text, "not a database at all, but long enough to be looked at as one".repeat(20)).expect("written");
    assert!(Sqlite::open(&text, "test").is_err());
    let file = folder.path().join("file");
    std::fs::write(&file, "").expect("written");
    assert!(Sqlite::open(&file.join("j.sqlite"), "test").expect_err("no folder").to_string().contains("check the path"));
}

#[tokio::test]
async fn the_place_of_a_moment_is_found_and_names_stand_for_ever() {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = Sqlite::open(&folder.path().join("j.sqlite"), "test").expect("opens");
    let named = What::Named(Named { call: CallKey::new("c"), number: None, name: "Ada".into(), by: "m".into() });
    journal.append(draft(0, named)).durable().await.expect("durable");
    for hour in 1..=100 {
        journal.append(draft(hour * 3_600_000, left("c"))).durable().await.expect("durable");
    }
    let history = journal.history();
    assert_eq!(history.before(Moment(50 * 3_600_000)), Ok(Seq(50)), "event 51 is hour 50");
    assert_eq!(history.before(Moment(0)), Ok(Seq(0)));
    assert_eq!(history.before(Moment(i64::MAX)), Ok(Seq(101)));
    assert_eq!(history.standing(Seq(50)).expect("readable").len(), 1);
    assert_eq!(history.standing(Seq(0)).expect("readable").len(), 0);
    assert_eq!(history.read(Seq(99), 10).expect("readable").len(), 2);
}

#[tokio::test]
async fn rows_that_cannot_be_read_are_passed_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("j.sqlite");
    let journal = Sqlite::open(&path, "test").expect("opens");
    journal.append(draft(1, left("a"))).durable().await.expect("durable");
    let other = rusqlite::Connection::open(&path).expect("opens");
    for seq in 2..=1_400 {
        let (kind, body) = if seq % 2 == 0 { ("from the future", "{}") } else { ("joined", "{broken") };
        other.execute("INSERT INTO event (seq, at, kind, body) VALUES (?1, 1, ?2, ?3)", (seq, kind, body)).expect("inserted");
    }
    other.execute("INSERT INTO event (seq, at, kind, body) VALUES (1401, 1, 'left', '{\"call\":\"b\"}')", []).expect("inserted");
    drop(journal);
    let journal = Sqlite::open(&path, "test").expect("opens");
    let mut feed = journal.subscribe(Seq(0));
    assert_eq!(collect(&mut feed, 2).await, [1, 1_401]);
}

/// A writer on a connection that a test has spoilt.
fn spoilt(path: &Path, spoil: impl FnOnce(&mut rusqlite::Connection)) -> Sqlite {
    written_by(path, spoil, writer::Writer::run)
}

/// A journal whose thread does something else than it should.
fn written_by(path: &Path, spoil: impl FnOnce(&mut rusqlite::Connection), run: impl FnOnce(writer::Writer) + Send + 'static) -> Sqlite {
    let lock = lock::Lock::take(path, "test").expect("a lock");
    let mut connection = schema::open(path).expect("opens");
    spoil(&mut connection);
    let queue = Arc::new(Queue::default());
    let publisher = Arc::new(Publisher::new(broadcast::channel(LIVE_BATCHES).0));
    let (health_out, health) = watch::channel(Health::Good);
    let writer = writer::Writer::new(connection, lock, Arc::clone(&queue), Arc::clone(&publisher), health_out, Seq(0));
    let thread = Mutex::new(Some(std::thread::spawn(move || run(writer))));
    Sqlite { path: path.to_owned(), queue, publisher, health, down_since: None, set_aside: None, thread, watch: Mutex::default() }
}

#[tokio::test]
async fn a_journal_whose_thread_is_gone_says_so_and_keeps_nobody_waiting() {
    let folder = tempfile::tempdir().expect("a folder");
    let (die, told) = channel::<()>();
    let journal = written_by(
        &folder.path().join("j.sqlite"),
        |_| {},
        move |_writer| {
            told.recv().expect("told to");
            panic!("as a fault would");
        },
    );
    let waiting = journal.append(draft(1, left("a")));
    die.send(()).expect("alive");
    let told = tokio::time::timeout(Duration::from_secs(20), waiting.durable()).await.expect("an answer");
    assert_eq!(told, Err(AppendError::Closed));
    assert_eq!(journal.append(draft(2, left("b"))).durable().await, Err(AppendError::Closed), "and nothing more is taken");
    let mut health = journal.health();
    let waited = tokio::time::timeout(Duration::from_secs(20), health.wait_for(|health| matches!(health, Health::Failed(_)))).await;
    assert!(waited.is_ok_and(|failed| failed.is_ok()), "/healthz must not say ok");
}

#[tokio::test]
async fn a_failed_journal_takes_no_callback_but_asks_still_go_round() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("j.sqlite");
    let journal = spoilt(&path, |connection| connection.pragma_update(None, "query_only", true).expect("set"));
    let mut feed = journal.subscribe(Seq(0));
    assert!(matches!(journal.append(draft(1, left("a"))).durable().await, Err(AppendError::Failed(_))));
    assert!(matches!(&*journal.health().borrow(), Health::Failed(_)));
    let seq = journal.append(draft(2, asked("a"))).durable().await.expect("goes round");
    assert!(!seq.is_recorded());
    assert_eq!(next(&mut feed).await, [seq.0], "the ask was published, the callback was not");
    assert_eq!(journal.history().last(), Ok(Seq(0)), "nothing was written");
}

#[tokio::test]
async fn a_full_disk_refuses_one_batch_and_takes_the_next_when_there_is_room() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("j.sqlite");
    let journal = spoilt(&path, |connection| {
        connection.execute_batch("PRAGMA max_page_count = 12;").expect("set");
    });
    let big = Draft { raw: Some("x".repeat(200_000)), ..draft(1, left("big")) };
    assert!(matches!(journal.append(big).durable().await, Err(AppendError::Trouble(_))));
    assert!(matches!(&*journal.health().borrow(), Health::Trouble(_)));
    assert_eq!(journal.append(draft(2, left("small"))).durable().await, Ok(Seq(2)), "after what tells of the trouble");
    assert_eq!(*journal.health().borrow(), Health::Good);
    assert_eq!(journal.append(draft(3, What::Listening(Listening { down_since: None }))).durable().await, Ok(Seq(3)));
}

#[tokio::test]
async fn a_journal_in_trouble_finds_out_by_itself_when_it_is_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("j.sqlite");
    let journal = Sqlite::open(&path, "test").expect("opens");
    let other = rusqlite::Connection::open(&path).expect("opens");
    other.execute_batch("BEGIN IMMEDIATE").expect("locked by somebody");
    assert!(matches!(journal.append(draft(1, left("a"))).durable().await, Err(AppendError::Trouble(_))));
    other.execute_batch("ROLLBACK").expect("free again");
    let mut health = journal.health();
    let waited = tokio::time::timeout(Duration::from_secs(20), health.wait_for(|health| *health == Health::Good)).await;
    assert!(waited.is_ok_and(|found| found.is_ok()), "without any further append");
    assert_eq!(journal.append(draft(2, left("b"))).durable().await, Ok(Seq(2)));
}

#[tokio::test]
async fn asks_that_went_round_in_trouble_are_written_down_late_with_their_answers() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("j.sqlite");
    let journal = Sqlite::open(&path, "test").expect("opens");
    let mut feed = journal.subscribe(Seq(0));
    let other = rusqlite::Connection::open(&path).expect("opens");
    other.execute_batch("BEGIN IMMEDIATE").expect("locked by somebody");
    let answered = |ask| {
        let answer = Answer { ask, call: CallKey::new("a"), outcome: Outcome::Accepted, detail: "".into(), millis: 9, reached: true };
        draft(5, What::Answered(answer))
    };
    let first = journal.append(draft(1, asked("a"))).durable().await.expect("goes round");
    journal.append(answered(first)).durable().await.expect("goes round");
    assert!(journal.append(draft(2, left("b"))).durable().await.is_err(), "a callback is refused");
    let second = journal.append(draft(3, asked("c"))).durable().await.expect("goes round");
    assert!(!first.is_recorded() && !second.is_recorded());
    assert_eq!(collect(&mut feed, 3).await.len(), 3, "they went round");
    other.execute_batch("ROLLBACK").expect("free again");
    let recorded = feed.next().await.expect("open").expect("readable");
    let [Event { what: What::Recorded(recorded), .. }] = &recorded[..] else { panic!("only that it is over is news: {recorded:?}") };
    assert_eq!((recorded.since, recorded.refused, recorded.lost), (Moment(1), 1, 0));
    assert_eq!(recorded.late, [(first, Seq(1)), (second, Seq(3))]);
    // The second one's answer comes only now, to the number that it went round with.
    journal.append(answered(second)).durable().await.expect("durable");
    drop(journal);
    let journal = Sqlite::open(&path, "test").expect("opens");
    let events = journal.history().read(Seq(0), 10).expect("readable");
    let told: Vec<_> =
        events.iter().map(|event| (event.what.kind(), if let What::Answered(answer) = &event.what { answer.ask.0 } else { 0 })).collect();
    assert_eq!(told, [("asked_late", 0), ("answered", 1), ("asked_late", 0), ("recorded", 0), ("answered", 3)]);
}

#[tokio::test]
async fn a_journal_whose_file_was_removed_promises_nothing_more() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("j.sqlite");
    let journal = Sqlite::open(&path, "test").expect("opens");
    journal.append(draft(1, left("a"))).durable().await.expect("durable");
    std::fs::remove_file(&path).expect("removed");
    // The write that finds out may still be answered; none after it is.
    let _ = journal.append(draft(2, left("b"))).durable().await;
    let mut health = journal.health();
    let waited = tokio::time::timeout(Duration::from_secs(20), health.wait_for(|health| matches!(health, Health::Failed(_)))).await;
    assert!(waited.is_ok_and(|failed| failed.is_ok()));
    assert!(matches!(journal.append(draft(3, left("c"))).durable().await, Err(AppendError::Failed(_))));
}

#[tokio::test]
async fn the_write_ahead_log_does_not_grow_with_the_journal() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("j.sqlite");
    let journal = Sqlite::open(&path, "test").expect("opens");
    // Some eight pages each, so five times what the log may hold.
    for at in 0..600 {
        let big = Draft { raw: Some("x".repeat(30_000)), ..draft(at, left("big")) };
        journal.append(big).durable().await.expect("durable");
    }
    let size = std::fs::metadata(folder.path().join("j.sqlite-wal")).expect("a log").len();
    assert!(size < 6 << 20, "{size} bytes of log beside {} of journal", std::fs::metadata(&path).expect("a journal").len());
}

#[tokio::test]
async fn a_closed_journal_is_whole_in_its_one_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("j.sqlite");
    let journal = Sqlite::open(&path, "test").expect("opens");
    let history = journal.history();
    journal.append(draft(1, left("a"))).durable().await.expect("durable");
    assert_eq!(history.last(), Ok(Seq(1)), "a reader is open");
    journal.close();
    let copy = folder.path().join("copy.sqlite");
    std::fs::copy(&path, &copy).expect("copied without its log");
    let copied = rusqlite::Connection::open(&copy).and_then(|c| c.query_row("SELECT count(*) FROM log", [], |row| row.get::<_, i64>(0)));
    assert_eq!(copied, Ok(1));
    drop(history);
}

mod failed;
mod following;
mod foreign;
mod late;
mod older;
mod retention;
