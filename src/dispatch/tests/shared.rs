//! A journal that hosts share, one host at a time: nothing leaves or ends without a mark, nothing old is carried out, and
//! who was superseded lets go.

use super::*;
use crate::conference::event::Halted;

pub(super) const FRESH: Duration = Duration::from_secs(15);

impl House {
    /// A host that takes over.
    pub(super) fn host(journal: &Arc<Memory>, script: impl IntoIterator<Item = Reply>) -> Self {
        Self::slow_host(journal, script, Duration::ZERO, 10)
    }

    /// The same with receipts that take so long.
    pub(super) fn slow_host(journal: &Arc<Memory>, script: impl IntoIterator<Item = Reply>, slow: Duration, pace: u32) -> Self {
        let hand = journal.take_over(slow);
        let (bridge, (stop, stopped)) = (Fake::new(script), oneshot::channel());
        let last = journal.history().last().expect("a place");
        let settings = Settings { clock: journal.clock(), pace, shared: Some(FRESH), ..settings() };
        let engine = Engine::new(hand.clone(), Arc::new(bridge.clone()), settings, last, None);
        let engine = tokio::spawn(engine.run(hand.subscribe(last), stopped));
        Self { _watch: Watch::new(), journal: journal.clone(), bridge, begun: Instant::now(), stop: Some(stop), engine }
    }

    /// The asks that were marked, in order, each time that they were.
    pub(super) fn marked(&self) -> Vec<u64> {
        self.marks().concat()
    }

    pub(super) fn answers(&self) -> Vec<Answer> {
        let answer = |event: crate::conference::event::Event| match event.what {
            What::Answered(answer) => Some(answer),
            _ => None,
        };
        self.journal.all().into_iter().filter_map(answer).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn every_ask_leaves_only_after_its_mark_and_a_press_waits_for_no_others() {
    let house = House::host(&Memory::new(), []);
    house.journal.hold();
    let bulk = house.asked("a", Cause::Bulk);
    house.rest().await;
    let (key, floor) = (house.asked("b", Cause::Key), house.asked("c", Cause::Floor));
    sleep(Duration::from_secs(2)).await;
    assert_eq!(house.marked(), [bulk.0, key.0, floor.0], "though the first mark is not written yet");
    assert!(house.left().is_empty());
    house.journal.release();
    let ends = house.ends(3).await;
    assert!(ends.values().all(|end| end.outcome == Outcome::Accepted), "{ends:?}");
    assert!(house.left().iter().all(|(at, _)| (2_000..2_010).contains(at)), "{:?}", house.left());
    assert_eq!(house.marked().len(), 3, "each once");
}

#[tokio::test(start_paused = true)]
async fn a_newer_press_is_marked_anew_and_the_older_one_does_not_leave() {
    let house = House::host(&Memory::new(), []);
    house.journal.hold();
    let older = house.asked_to(Action::Mute, "a");
    house.rest().await;
    let newer = house.asked_to(Action::Unmute, "a");
    house.rest().await;
    house.journal.release();
    let ends = house.ends(2).await;
    assert_eq!((ends[&older.0].outcome, &*ends[&older.0].detail), (Outcome::NotSent, "replaced by a newer ask"));
    assert_eq!(ends[&newer.0].outcome, Outcome::Accepted);
    let actions: Vec<_> = house.bridge.left().iter().map(|(_, order)| order.action).collect();
    assert_eq!(actions, [Action::Unmute]);
}

#[tokio::test(start_paused = true)]
async fn what_comes_too_late_or_from_the_future_is_refused_and_says_why() {
    let journal = Memory::new();
    let house = House::host(&journal, []);
    sleep(Duration::from_secs(60)).await;
    let at = |at: i64, call: &str, cause| journal.put_of(Moment(at), What::Asked(ask(call, cause)));
    let (stale, ahead) = (at(39_000, "a", Cause::Key), at(80_500, "b", Cause::Key));
    let (old, fresh, near) = (at(45_000, "c", Cause::Bulk), at(45_500, "d", Cause::Key), at(74_500, "e", Cause::Bulk));
    let ends = house.ends(5).await;
    let told = |seq: Seq| (ends[&seq.0].outcome, &*ends[&seq.0].detail);
    let words = "it came too late: it was 21 s old, of at most 15 s; or the clocks of desk and host differ";
    assert_eq!(told(stale), (Outcome::NotSent, words));
    let words = "its time is 20 s ahead of this host's: the clocks of desk and host differ, or it came too late";
    assert_eq!(told(ahead), (Outcome::NotSent, words));
    assert_eq!(ends[&old.0].outcome, Outcome::NotSent, "at the limit");
    assert_eq!([fresh, near].map(|seq| ends[&seq.0].outcome), [Outcome::Accepted; 2]);
    assert_eq!(house.left().len(), 2);
    let alone = House::with(Memory::new(), Settings { clock: Arc::new(|| Moment(60_000)), ..settings() }, []);
    alone.journal.put_of(Moment(0), What::Asked(ask("a", Cause::Key)));
    assert_eq!(alone.ends(1).await[&1].outcome, Outcome::Accepted, "in a journal of its own nothing is too old");
}

#[tokio::test(start_paused = true)]
async fn what_is_not_sent_is_told_only_when_no_other_host_can_send_it() {
    let journal = Memory::new();
    let house = House::host(&journal, []);
    house.rest().await;
    journal.depose();
    let stale = journal.put_of(Moment(-60_000), What::Asked(ask("a", Cause::Key)));
    sleep(Duration::from_secs(60)).await;
    assert!(house.answers().is_empty(), "the other host may see it with another clock");
    let house = House::host(&journal, []);
    house.ends(1).await;
    let events = journal.all();
    let mark = events.iter().position(|event| event.what == What::Sent(Sent { asks: vec![stale] })).expect("a mark");
    let end = events.iter().position(|event| matches!(event.what, What::Answered(_))).expect("an end");
    assert!(mark < end);
}

#[tokio::test(start_paused = true)]
async fn who_was_superseded_sends_and_ends_nothing_more_but_tells_what_was_in_flight() {
    let journal = Memory::new();
    let mut house = House::host(&journal, [yes(3_000)]);
    let flying = house.asked("a", Cause::Key);
    house.rest().await;
    let behind = house.asked("a", Cause::Key);
    journal.depose();
    let (key, bulk) = (house.asked("b", Cause::Key), house.asked("c", Cause::Bulk));
    house.ended().await;
    assert_eq!(house.begun.elapsed().as_secs(), 3, "it waits for what is in flight, and no longer");
    let answers = house.answers();
    assert_eq!(answers.iter().map(|end| (end.ask, end.outcome)).collect::<Vec<_>>(), [(flying, Outcome::Accepted)]);
    assert_eq!(house.left().len(), 1, "{behind:?} {key:?} {bulk:?}");
    let next = House::host(&journal, []);
    let ends = next.ends(4).await;
    assert_eq!([behind, key, bulk].map(|seq| ends[&seq.0].outcome), [Outcome::Accepted; 3]);
}

#[tokio::test(start_paused = true)]
async fn who_was_superseded_begins_no_further_try_and_can_be_stopped() {
    let journal = Memory::new();
    let mut house = House::host(&journal, [no(10, FaultKind::NoConnection), yes(60_000)]);
    let failing = house.asked("a", Cause::Key);
    sleep(Duration::from_millis(100)).await;
    let flying = house.asked("b", Cause::Key);
    house.rest().await;
    journal.depose();
    house.asked("c", Cause::Key);
    sleep(Duration::from_secs(1)).await;
    let begun = Instant::now();
    house.stop(2).await;
    assert_eq!(begun.elapsed().as_secs(), 2);
    let told: Vec<_> = house.answers().into_iter().map(|end| (end.ask, end.outcome)).collect();
    assert_eq!(told, [(failing, Outcome::NotDelivered), (flying, Outcome::Unknown)]);
    assert_eq!(house.left().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn who_hears_another_take_over_lets_go_at_once() {
    let journal = Memory::new();
    let mut house = House::host(&journal, []);
    sleep(Duration::from_secs(9)).await;
    journal.take_over(Duration::ZERO);
    house.ended().await;
    assert_eq!(house.begun.elapsed().as_secs(), 9);
}

#[tokio::test(start_paused = true)]
async fn what_was_marked_before_another_took_over_is_not_told_as_not_sent() {
    let journal = Memory::new();
    let mut house = House::slow_host(&journal, [], Duration::ZERO, 1);
    let (sent, marked) = (house.asked("a", Cause::Bulk), house.asked("b", Cause::Bulk));
    sleep(Duration::from_millis(200)).await;
    assert_eq!((house.marked(), house.left().len()), (vec![sent.0, marked.0], 1));
    journal.take_over(Duration::ZERO);
    house.ended().await;
    assert_eq!(house.answers().iter().map(|end| end.ask).collect::<Vec<_>>(), [sent], "the other tells it as unknown");
}

#[tokio::test(start_paused = true)]
async fn a_mark_on_its_way_at_a_stop_is_waited_for() {
    let journal = Memory::new();
    let mut house = House::slow_host(&journal, [], Duration::from_secs(1), 10);
    let (key, stale) = (house.asked("a", Cause::Key), journal.put_of(Moment(-60_000), What::Asked(ask("b", Cause::Key))));
    house.rest().await;
    house.stop(2).await;
    let told: Vec<_> = house.answers().into_iter().map(|end| (end.ask, end.outcome)).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!([key, stale].iter().all(|seq| told.contains(&(*seq, Outcome::NotSent))), "{told:?}");
    assert!(house.left().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_take_over_waits_until_the_past_can_be_read() {
    let journal = Memory::new();
    let (sent, open) = (journal.put(What::Asked(ask("a", Cause::Key))), journal.put(What::Asked(ask("b", Cause::Key))));
    journal.put(What::Sent(Sent { asks: vec![sent] }));
    journal.unreadable(8);
    let house = House::host(&journal, []);
    let ends = house.ends(2).await;
    assert_eq!([sent, open].map(|seq| ends[&seq.0].outcome), [Outcome::Unknown, Outcome::Accepted]);
    assert!(house.left()[0].0 >= 2_000, "{:?}", house.left());
    journal.unreadable(1_000_000);
    let mut house = House::host(&journal, []);
    sleep(Duration::from_secs(1)).await;
    house.stop(2).await;
}

#[tokio::test(start_paused = true)]
async fn without_a_mark_in_time_nothing_leaves_until_there_is_one() {
    for error in [AppendError::Trouble("no leader".into()), AppendError::Failed("gone".into()), AppendError::Busy] {
        let house = House::host(&Memory::new(), []);
        house.rest().await;
        house.journal.refuse((0..8).map(|_| error.clone()));
        let key = house.asked("a", Cause::Key);
        assert_eq!(house.ends(1).await[&key.0].outcome, Outcome::Accepted);
        assert!(house.left()[0].0 >= 2_000 && house.marked() == [key.0], "{:?}", house.left());
    }
    let house = House::host(&Memory::new(), []);
    house.journal.hold();
    let (key, bulk) = (house.asked("a", Cause::Key), house.asked("b", Cause::Bulk));
    sleep(Duration::from_secs(16)).await;
    house.journal.release();
    let ends = house.ends(2).await;
    assert!([key, bulk].iter().all(|seq| ends[&seq.0].outcome == Outcome::NotSent), "they have grown old: {ends:?}");
    assert!(house.left().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_mark_that_came_back_late_is_made_again() {
    let slow = Duration::from_millis(4_900);
    let house = House::slow_host(&Memory::new(), [], slow, 1);
    for call in ["a", "b", "c"] {
        house.asked(call, Cause::Bulk);
    }
    house.ends(3).await;
    assert_eq!(house.left().len(), 3);
    assert!(house.marked().len() > 3, "what could not leave soon after its mark has another: {:?}", house.marked());
}

#[tokio::test(start_paused = true)]
async fn an_unrecorded_mark_is_none() {
    let house = House::host(&Memory::new(), []);
    house.asked("a", Cause::Key);
    house.journal.trouble(true);
    sleep(Duration::from_secs(3)).await;
    assert!(house.left().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_answer_outlasts_a_trouble() {
    let house = House::host(&Memory::new(), []);
    let key = house.asked("a", Cause::Key);
    house.rest().await;
    house.journal.refuse((0..40).map(|_| AppendError::Trouble("no leader".into())));
    assert_eq!(house.ends(1).await[&key.0].outcome, Outcome::Accepted);
}

#[tokio::test(start_paused = true)]
async fn what_waits_at_a_stop_is_left_to_the_next_host_in_order() {
    let journal = Memory::new();
    let mut house = House::host(&journal, [yes(1_500)]);
    let flying = house.asked_to(Action::Mute, "a");
    house.rest().await;
    let behind = house.asked_to(Action::Unmute, "a");
    house.rest().await;
    journal.hold();
    let marked = house.asked("b", Cause::Bulk);
    house.rest().await;
    let unheard = house.asked_to(Action::Kick, "c");
    tokio::join!(house.stop(2), async {
        sleep(Duration::from_millis(500)).await;
        journal.release();
    });
    let told: Vec<_> = house.answers().into_iter().map(|end| (end.ask, end.outcome)).collect();
    assert_eq!(told, [(marked, Outcome::NotSent), (flying, Outcome::Accepted)], "no other host would send what is marked");
    assert_eq!(house.left().len(), 1);
    let next = House::host(&journal, []);
    let ends = next.ends(4).await;
    assert_eq!([behind, unheard].map(|seq| ends[&seq.0].outcome), [Outcome::Accepted; 2]);
    assert_eq!(next.left().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_is_stopped_or_fails_fast_ends_once() {
    let house = House::host(&Memory::new(), (0..40).map(|_| no(10, FaultKind::NoConnection)));
    let first: Vec<Seq> = (0..5).map(|i| house.asked(&format!("k{i}"), Cause::Key)).collect();
    house.ends(5).await;
    let asks: Vec<Seq> = (0..5).map(|i| house.asked(&format!("b{i}"), Cause::Bulk)).collect();
    let halted = house.asked("h", Cause::Bulk);
    house.journal.put(What::Halted(Halted { asks: vec![halted], by: "grace".into(), rest: false }));
    let ends = house.ends(11).await;
    assert!(first.iter().chain(&asks).all(|seq| ends[&seq.0].outcome == Outcome::NotDelivered), "{ends:?}");
    assert_eq!(&*ends[&halted.0].detail, "stopped by grace");
}

/// On a thread of its own, as a program runs it.
#[tokio::test]
async fn the_handle_tells_that_another_host_has_taken_over() {
    let journal = Memory::new();
    let settings = Settings { clock: journal.clock(), shared: Some(FRESH), ..settings() };
    let bridge = Fake::new([yes(700)]);
    let mut dispatch = Dispatch::start(journal.take_over(Duration::ZERO), bridge.clone(), settings).expect("started");
    let key = journal.put(What::Asked(ask("a", Cause::Key)));
    while bridge.left().is_empty() {
        sleep(Duration::from_millis(1)).await;
    }
    assert!(timeout(Duration::from_millis(50), dispatch.superseded()).await.is_err(), "not yet");
    journal.depose();
    journal.put(What::Asked(ask("b", Cause::Key)));
    let told = Instant::now();
    timeout(LONGEST.1, dispatch.superseded()).await.expect("told");
    assert!(dispatch.is_running(), "what is in flight is waited for: {:?}", told.elapsed());
    dispatch.superseded().await;
    dispatch.stop(Duration::from_secs(2)).await;
    assert_eq!(bridge.left().len(), 1);
    let ends = journal.all().into_iter().filter(|event| matches!(&event.what, What::Answered(answer) if answer.ask == key));
    assert_eq!(ends.count(), 1);
}
