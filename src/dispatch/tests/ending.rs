//! How it ends: quitting, crashing, an earlier process, a journal that has trouble.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_failed_journal_holds_nobody_up_for_long() {
    let house = House::open([]);
    house.journal.hold();
    house.asked("a", Cause::Bulk);
    sleep(Duration::from_secs(60)).await;
    house.journal.fail();
    house.rest().await;
    house.asked("b", Cause::Bulk);
    house.ends(2).await;
    let left = house.left();
    assert!((60_000..61_000).contains(&left[0].0) && left[1].0 < 61_000, "{left:?}");

    let house = House::open([]);
    house.journal.refuse([AppendError::Busy, AppendError::Busy]);
    house.asked("a", Cause::Bulk);
    house.ends(1).await;
    assert_eq!((house.marks().len(), house.left()[0].0), (1, 500), "a full queue is given two more chances");

    let house = House::open([]);
    house.journal.refuse((0..3).map(|_| AppendError::Busy));
    house.asked("a", Cause::Bulk);
    house.ends(1).await;
    assert_eq!((house.marks().len(), house.left().len()), (0, 1), "then silencing comes first");
}

#[tokio::test(start_paused = true)]
async fn what_waited_behind_an_ask_in_flight_at_a_crash_was_not_sent() {
    let journal = Memory::new();
    let put = |call, cause| journal.put(What::Asked(ask(call, cause)));
    let (in_flight, behind, other) = (put("a", Cause::Key), put("a", Cause::Key), put("b", Cause::Key));
    let house = House::with(journal, settings(), []);
    let ends = house.ends(3).await;
    let outcomes = [in_flight, behind, other].map(|seq| ends[&seq.0].outcome);
    assert_eq!(outcomes, [Outcome::Unknown, Outcome::NotSent, Outcome::Unknown]);
    assert!(house.left().is_empty());
}

#[tokio::test(start_paused = true)]
async fn asks_of_an_earlier_process_are_settled_and_never_sent() {
    let journal = Memory::new();
    let put = |cause| journal.put(What::Asked(ask("a", cause)));
    let key = put(Cause::Key);
    let (marked, unmarked, rule, answered) = (put(Cause::Bulk), put(Cause::Bulk), put(Cause::Rule(Seq(9))), put(Cause::Key));
    journal.put(What::Sent(Sent { asks: vec![marked] }));
    journal.put(What::Answered(Answer {
        ask: answered,
        call: CallKey::new("a"),
        outcome: Outcome::Accepted,
        detail: "".into(),
        millis: 3,
        reached: true,
    }));
    let house = House::with(journal, settings(), []);
    let ends = house.ends(5).await;
    let outcomes = [key, marked, unmarked, rule, answered].map(|seq| ends[&seq.0].outcome);
    assert_eq!(outcomes, [Outcome::Unknown, Outcome::Unknown, Outcome::NotSent, Outcome::NotSent, Outcome::Accepted]);
    let new = house.asked("a", Cause::Key);
    assert_eq!(house.ends(6).await[&new.0].outcome, Outcome::Accepted);
    assert_eq!(house.left().len(), 1);

    let again = House::with(house.journal.clone(), settings(), []);
    again.rest().await;
    assert_eq!(again.ends(6).await.len(), 6, "settled once");
}

#[tokio::test(start_paused = true)]
async fn stopping_sends_nothing_more_and_waits_for_what_is_in_flight() {
    let mut house = House::open([yes(1_500)]);
    let flying = house.asked("a", Cause::Key);
    house.rest().await;
    let behind = house.asked("a", Cause::Key);
    house.journal.hold();
    let bulk = house.asked("b", Cause::Bulk);
    house.rest().await;
    let late = house.asked("c", Cause::Key);
    house.stop(2).await;
    let ends = house.ends(4).await;
    assert_eq!(ends[&flying.0].outcome, Outcome::Accepted);
    for seq in [behind, bulk, late] {
        assert_eq!((ends[&seq.0].outcome, &*ends[&seq.0].detail), (Outcome::NotSent, "confmod is quitting"));
    }
    assert_eq!(house.left().len(), 1);
    assert!(house.begun.elapsed() < Duration::from_millis(1_510), "and no longer than it takes");
}

#[tokio::test(start_paused = true)]
async fn an_ask_that_nobody_heard_before_the_stop_is_not_sent() {
    let mut house = House::open([]);
    house.rest().await;
    let late = house.asked("a", Cause::Key);
    house.stop(2).await;
    assert_eq!(house.ends(1).await[&late.0].outcome, Outcome::NotSent);
    assert!(house.left().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_dropped_handle_stops_it() {
    let mut house = House::open([yes(7_000)]);
    house.asked("a", Cause::Key);
    house.rest().await;
    drop(house.stop.take());
    house.ended().await;
    assert_eq!(house.ends(1).await[&1].outcome, Outcome::Unknown);
}

#[tokio::test(start_paused = true)]
async fn a_bridge_that_crashes_ends_its_ask_and_nothing_else() {
    let house = House::open([Reply::crash(), yes(1), yes(1)]);
    let a = house.asked("a", Cause::Key);
    house.rest().await;
    let b = house.asked("a", Cause::Key);
    let ends = house.ends(2).await;
    assert_eq!((ends[&a.0].outcome, ends[&b.0].outcome), (Outcome::Unknown, Outcome::Accepted));
}

#[tokio::test]
async fn the_thread_works_on_a_journal_on_disk() {
    let folder = tempfile::tempdir().expect("a folder");
    let sqlite = crate::journal::sqlite::Sqlite::open(&folder.path().join("j.sqlite"), "test").expect("a journal");
    let journal: Arc<dyn Journal> = Arc::new(sqlite);
    let put = |what| journal.append(crate::journal::Draft::new(crate::journal::now(), what));
    let asked = |call: &str, cause| put(What::Asked(ask(call, cause)));
    let open = durable(asked("old", Cause::Key)).await;
    let bridge = Fake::new([no(5, FaultKind::Refused), yes(60_000)]);
    let settings = Settings { clock: Arc::new(crate::journal::now), ..settings() };
    let dispatch = Dispatch::start(journal.clone(), bridge.clone(), settings).expect("started");
    assert!(dispatch.is_running());
    let refused = durable(asked("a", Cause::Key)).await;
    let mut feed = journal.subscribe(Seq(0));
    let mut ends = BTreeMap::new();
    while ends.len() < 2 {
        for event in feed.next().await.expect("open").expect("readable").iter() {
            if let What::Answered(answer) = &event.what {
                ends.insert(answer.ask, answer.outcome);
            }
        }
    }
    assert_eq!(ends, BTreeMap::from([(open, Outcome::Unknown), (refused, Outcome::Refused)]));
    let slow = durable(asked("b", Cause::Bulk)).await;
    while bridge.left().len() < 2 {
        sleep(Duration::from_millis(1)).await;
    }
    dispatch.stop(Duration::ZERO).await;
    let events = journal.history().read(Seq(0), 100).expect("readable");
    let sent = events.iter().position(|event| event.what == What::Sent(Sent { asks: vec![slow] })).expect("a mark");
    let ended = events.iter().position(|event| matches!(&event.what, What::Answered(answer) if answer.ask == slow)).expect("an end");
    assert!(sent < ended);
    assert!(matches!(&events[ended].what, What::Answered(answer) if answer.outcome == Outcome::Unknown));
    assert_eq!(bridge.left().len(), 2, "and nothing from before was sent");
}

#[tokio::test]
async fn what_is_dropped_has_written_down_how_it_ended() {
    let folder = tempfile::tempdir().expect("a folder");
    let sqlite = crate::journal::sqlite::Sqlite::open(&folder.path().join("j.sqlite"), "test").expect("a journal");
    let journal: Arc<dyn Journal> = Arc::new(sqlite);
    let bridge = Fake::new([yes(60_000)]);
    let settings = Settings { clock: Arc::new(crate::journal::now), ..settings() };
    let dispatch = Dispatch::start(journal.clone(), bridge.clone(), settings).expect("started");
    let asked = journal.append(crate::journal::Draft::new(crate::journal::now(), What::Asked(ask("a", Cause::Key))));
    let asked = durable(asked).await;
    while bridge.left().is_empty() {
        sleep(Duration::from_millis(1)).await;
    }
    drop(dispatch);
    let last = journal.history().read(asked, 100).expect("readable").pop();
    let is_end = |what: &What| matches!(what, What::Answered(answer) if answer.ask == asked && answer.outcome == Outcome::Unknown);
    assert!(last.as_ref().is_some_and(|last| is_end(&last.what)), "{last:?}");
}

async fn durable(receipt: Receipt) -> Seq {
    receipt.durable().await.expect("written")
}
