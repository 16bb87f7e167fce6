//! Cutting old events away: what goes is gone from the file, what stands stays, and nobody waits for it.

use super::super::retention::{Cut, Cutter, Cutting, plan};
use super::*;
use crate::conference::event::{Banned, Lifted, Mode, ModeSet};
use crate::phone::Number;

/// The bytes that give somebody away.
const SECRET: &str = "4930901820";

const HOUR: i64 = 3_600_000;

fn ban(number: &str) -> What {
    let number = Number::from_digits(number).expect("a number");
    What::Banned(Banned { number, reason: "shouting".into(), until: None, by: "ada".into() })
}

fn lecture(conference: &str, on: bool) -> What {
    What::Mode(ModeSet { conference: conference.into(), mode: Mode::Lecture, on, by: "ada".into() })
}

/// Writes what came hour by hour, from the first hour on, with raw fields that give somebody away. Who keeps the
/// connection keeps the log beside the file.
fn fill(path: &Path, whats: &[What]) -> rusqlite::Connection {
    drop(Sqlite::open(path, "test").expect("opens"));
    let mut connection = rusqlite::Connection::open(path).expect("opens");
    let transaction = connection.transaction().expect("begun");
    for (hour, what) in (1..).zip(whats) {
        let insert = "INSERT INTO event (seq, at, kind, call, body, raw) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let call = what.call().map(|call| call.as_str().to_owned());
        let raw = format!("{{\"number\":\"{SECRET}\",\"more\":\"{}\"}}", "x".repeat(hour as usize % 6_000));
        transaction.execute(insert, (hour, hour * HOUR, what.kind(), call, what.body().expect("a body"), raw)).expect("inserted");
    }
    transaction.commit().expect("written");
    connection
}

fn seqs(history: &dyn History) -> Vec<u64> {
    history.read(Seq(0), 100_000).expect("readable").iter().map(|event| event.seq.0).collect()
}

fn holds(path: &Path, text: &str) -> bool {
    ["", "-wal"].iter().any(|ending| {
        let bytes = std::fs::read(format!("{}{ending}", path.display())).unwrap_or_default();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    })
}

#[tokio::test]
async fn what_is_too_old_goes_and_what_holds_stays_where_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("j.sqlite");
    let mut whats = vec![ban("12157010680"), ban("447700900123"), lecture("1122", true), lecture("9", true), lecture("9", false)];
    whats.push(What::Lifted(Lifted { number: Number::from_digits("447700900123").expect("a number"), by: "ada".into() }));
    whats.extend((7..=100).map(|_| left("c")));
    drop(fill(&path, &whats));
    let standing = |until| Archive::open(&path).expect("opens").history().standing(Seq(until)).expect("readable");
    let (early, late) = (standing(3), standing(100));
    assert_eq!((early.len(), late.len()), (3, 6));

    let limit = Moment(50 * HOUR);
    let told = prunable(&path, limit).expect("countable");
    assert_eq!((told.events, told.kept, told.before), (47, 2, told.after));
    assert_eq!(standing(100).len(), 6, "counting changes nothing");
    let pruned = prune(&path, "test", limit).expect("pruned");
    assert_eq!((pruned.events, pruned.kept, pruned.not_smaller), (47, 2, None));
    assert_eq!(prune(&path, "test", limit).map(|pruned| pruned.events).expect("pruned"), 0, "once is enough");

    let history = Archive::open(&path).expect("opens").history();
    let left: Vec<u64> = [1, 3].into_iter().chain(50..=100).collect();
    assert_eq!(seqs(&*history), left);
    assert_eq!(standing(100).into_iter().map(|fact| fact.seq.0).collect::<Vec<_>>(), [1, 3]);
    // Moments are found as before, also in the hole.
    for hour in 1..=100 {
        let place = history.before(Moment(hour * HOUR)).expect("found").0;
        let wanted = left.iter().copied().filter(|seq| (*seq as i64) < hour).max().unwrap_or(0);
        assert_eq!(place, wanted, "hour {hour}");
    }
}

#[tokio::test]
async fn the_last_event_stays_so_that_no_place_is_given_out_twice() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("j.sqlite");
    drop(fill(&path, &[left("a"), left("b"), left("c")]));
    let down_since = Sqlite::open(&path, "test").expect("opens").down_since();
    let pruned = prune(&path, "test", Moment(i64::MAX)).expect("pruned");
    assert_eq!((pruned.events, pruned.kept), (2, 0));
    let journal = Sqlite::open(&path, "test").expect("opens");
    let since = journal.down_since().expect("a gap").since(down_since.expect("a gap"));
    assert!(since < Duration::from_secs(5), "who prunes does not listen");
    assert_eq!(journal.append(draft(9, left("d"))).durable().await, Ok(Seq(4)));
    assert_eq!(seqs(&*journal.history()), [3, 4]);
    drop(journal);
    let empty = folder.path().join("empty.sqlite");
    drop(Sqlite::open(&empty, "test").expect("opens"));
    assert_eq!(prune(&empty, "test", Moment(i64::MAX)).map(|pruned| pruned.events).expect("pruned"), 0);
}

#[test]
fn pruning_leaves_the_gap_as_long_as_it_was() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("j.sqlite");
    drop(fill(&path, &[left("a"), left("b"), left("c")]));
    let lock = std::fs::File::options().write(true).open(folder.path().join("j.sqlite.lock")).expect("the lock");
    let alive = std::time::UNIX_EPOCH + Duration::from_secs(86_400);
    lock.set_modified(alive).expect("set");
    prune(&path, "test", Moment(2 * HOUR + 120_000)).expect("pruned");
    assert_eq!(lock.metadata().and_then(|meta| meta.modified()).expect("a time"), alive);
}

#[tokio::test]
async fn what_was_pruned_is_gone_from_the_disk_and_the_file_is_smaller() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("j.sqlite");
    let mut whats: Vec<What> = (0..2_000).map(|_| left("c")).collect();
    whats[1_000] = ban("12157010680");
    drop(fill(&path, &whats));
    // Somebody who reads keeps the log from being emptied, and is told of.
    let reader = rusqlite::Connection::open(&path).expect("opens");
    reader.execute_batch("BEGIN; SELECT count(*) FROM event").expect("reading");
    let pruned = prune(&path, "test", Moment(1_999 * HOUR + 120_000)).expect("pruned");
    assert_eq!((pruned.events, pruned.kept), (1_998, 1));
    assert!(pruned.not_smaller.is_some_and(|why| why.contains("reads it")));
    drop(reader);
    let pruned = prune(&path, "test", Moment(1_999 * HOUR + 120_000)).expect("pruned");
    assert_eq!((pruned.events, &pruned.not_smaller), (0, &None));
    assert!(pruned.after < 60_000, "{pruned:?}");
    // The two that stay have raw fields, too: without them nobody is given away.
    let rest = rusqlite::Connection::open(&path).expect("opens");
    rest.execute_batch("PRAGMA secure_delete = ON; UPDATE event SET raw = NULL; PRAGMA wal_checkpoint(TRUNCATE)").expect("blanked");
    drop(rest);
    assert!(!holds(&path, SECRET) && holds(&path, "12157010680"));
}

/// Cuts as the writer does while nothing comes.
fn cut(path: &Path, cut: Cut) -> Cutter {
    let mut connection = schema::open(path).expect("opens");
    let mut cutter = Cutter::default();
    cutter.begin(cut);
    while cutter.is_busy() {
        cutter.step(&mut connection, true).expect("cut");
    }
    cutter
}

#[tokio::test]
async fn what_is_cut_between_batches_is_gone_from_file_and_log_also_between_what_stays() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("j.sqlite");
    let mut whats: Vec<What> = (0..3_000).map(|_| left("c")).collect();
    for place in (0..3_000).step_by(7) {
        whats[place] = ban(&format!("1215701{place:04}"));
    }
    let log = fill(&path, &whats);
    // The facts themselves give nobody away.
    log.execute("UPDATE event SET raw = NULL WHERE kind = 'banned' OR seq = 3000", []).expect("blanked");
    let before = std::fs::metadata(&path).expect("there").len();
    let planned = plan(&*Archive::open(&path).expect("opens").history(), Moment(i64::MAX)).expect("planned").expect("old ones");
    assert_eq!((planned.upto, planned.stays.len()), (Seq(2_999), 429));
    cut(&path, planned);
    assert!(!holds(&path, SECRET), "in the file or its log");
    assert_eq!(std::fs::metadata(&path).expect("there").len(), before, "the room is for what comes");
    assert_eq!(seqs(&*Archive::open(&path).expect("opens").history()).len(), 430);
}

#[tokio::test]
async fn whoever_stops_half_way_has_lifted_nothing_and_brought_nothing_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("j.sqlite");
    let lifted = What::Lifted(Lifted { number: Number::from_digits("12157010680").expect("a number"), by: "ada".into() });
    let mut whats = vec![lecture("1122", true), ban("12157010680"), lecture("1122", false), lifted, lecture("9", true)];
    whats.extend((0..20).map(|_| left("c")));
    drop(fill(&path, &whats));
    let history = Archive::open(&path).expect("opens").history();
    let mut connection = schema::open(&path).expect("opens");
    let mut cutting = Cutting::new(plan(&*history, Moment(i64::MAX)).expect("planned").expect("old ones"));
    loop {
        let more = cutting.portion(&mut connection, 1).expect("cut");
        let (mut people, mut modes) = (crate::conference::people::People::default(), crate::conference::modes::Modes::default());
        for fact in history.standing(Seq(99)).expect("readable") {
            people.apply(&fact.what, fact.at);
            if let What::Mode(set) = &fact.what {
                modes.apply(set, fact.at, fact.seq);
            }
        }
        let banned = people.bans(Moment(9 * HOUR)).len();
        let held: Vec<_> = modes.iter().map(|(conference, ..)| conference.as_str().to_owned()).collect();
        assert_eq!((banned, held), (0, vec!["9".to_owned()]), "after {} rows", cutting.gone);
        if !more {
            break;
        }
    }
    assert_eq!(cutting.gone, 23);
}

#[tokio::test]
async fn a_running_journal_cuts_while_events_come_and_loses_none() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("j.sqlite");
    drop(fill(&path, &(0..4_000).map(|_| left("old")).collect::<Vec<_>>()));
    let journal = Sqlite::open(&path, "test").expect("opens");
    let mut feed = journal.subscribe(Seq(4_000));
    let planned = plan(&*journal.history(), Moment(i64::MAX)).expect("planned").expect("old ones");
    journal.queue.cut(planned);
    let left_over = |journal: &Sqlite| journal.history().read(Seq(0), 1).expect("readable")[0].seq.0;
    let mut came = 0;
    while left_over(&journal) < 4_000 {
        assert_eq!(journal.append(draft(1, left("new"))).durable().await, Ok(Seq(4_001 + came)));
        came += 1;
        assert!(came < 5_000, "nothing is cut while events come");
    }
    assert_eq!(collect(&mut feed, came as usize).await, (4_001..4_001 + came).collect::<Vec<_>>());
    assert_eq!(*journal.health().borrow(), Health::Good);
}

#[tokio::test]
async fn what_is_too_old_is_looked_for_by_itself() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("j.sqlite");
    drop(fill(&path, &(0..30).map(|_| left("old")).collect::<Vec<_>>()));
    let journal = Sqlite::open(&path, "test").expect("opens");
    journal.retain(Duration::from_secs(86_400)).expect("watched");
    journal.append(draft(crate::journal::now().0, left("new"))).durable().await.expect("durable");
    let history = journal.history();
    let gone = async {
        while seqs(&*history) != [31] {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), gone).await.expect("cut");
    let closing = std::time::Instant::now();
    journal.close();
    assert!(closing.elapsed() < Duration::from_secs(1), "the watch ends at once");
}

#[tokio::test]
async fn a_cut_that_a_lock_keeps_out_is_left_for_later_and_one_that_a_disk_fails_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("j.sqlite");
    drop(fill(&path, &(0..300).map(|_| left("old")).collect::<Vec<_>>()));
    let planned = || Cut { upto: Seq(299), limit: Moment(i64::MAX), stays: vec![], kept: 0 };
    let journal = Sqlite::open(&path, "test").expect("opens");
    let other = rusqlite::Connection::open(&path).expect("opens");
    other.execute_batch("BEGIN IMMEDIATE").expect("locked by somebody");
    journal.queue.cut(planned());
    tokio::time::sleep(Duration::from_millis(800)).await;
    assert_eq!(*journal.health().borrow(), Health::Good, "only what comes can tell");
    other.execute_batch("ROLLBACK").expect("free again");
    assert_eq!(journal.append(draft(1, left("a"))).durable().await, Ok(Seq(301)));
    drop(journal);
    let fails = "CREATE TEMP TRIGGER no BEFORE DELETE ON main.event BEGIN SELECT RAISE(ABORT, 'as a fault would'); END";
    let spoilt = written_by(&path, |connection| connection.execute_batch(fails).expect("set"), writer::Writer::run);
    spoilt.queue.cut(planned());
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(*spoilt.health().borrow(), Health::Good, "nothing is cut before the first batch");
    let _ = spoilt.append(draft(1, left("b"))).durable().await;
    let mut health = spoilt.health();
    let told = tokio::time::timeout(Duration::from_secs(20), health.wait_for(|health| matches!(health, Health::Failed(_)))).await;
    assert!(told.is_ok_and(|told| told.is_ok()));
}

#[tokio::test]
async fn what_is_young_stays_also_where_a_clock_was_wrong() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("j.sqlite");
    let lifted = What::Lifted(Lifted { number: Number::from_digits("12157010680").expect("a number"), by: "ada".into() });
    let mut whats: Vec<What> = (0..100).map(|_| left("c")).collect();
    (whats[9], whats[35], whats[85]) = (ban("447700900123"), ban("12157010680"), lifted);
    let clock = fill(&path, &whats);
    // A machine that wakes without a clock: what is newest stands under the oldest time.
    clock.execute("UPDATE event SET at = seq WHERE seq > 45", []).expect("set back");
    drop(clock);
    let banned = |number: &str| {
        let mut people = crate::conference::people::People::default();
        for fact in Archive::open(&path).expect("opens").history().standing(Seq(100)).expect("readable") {
            people.apply(&fact.what, fact.at);
        }
        people.ban(Number::from_digits(number).expect("a number"), Moment(99 * HOUR)).is_some()
    };
    let told = prunable(&path, Moment(30 * HOUR)).expect("countable");
    let pruned = prune(&path, "test", Moment(30 * HOUR)).expect("pruned");
    assert_eq!((told.events, told.kept), (pruned.events, pruned.kept));
    let history = Archive::open(&path).expect("opens").history();
    let young: Vec<u64> =
        history.read(Seq(0), 200).expect("readable").iter().map(|event| event.seq.0).filter(|seq| (30..=45).contains(seq)).collect();
    assert_eq!(young, (30..=45).collect::<Vec<_>>());
    assert!(!banned("12157010680"), "a ban that was lifted stays lifted");
    assert!(banned("447700900123"));
    assert_eq!(prunable(&path, Moment(30 * HOUR)).map(|left| left.events).expect("countable"), 0, "the rest is gone");
}
