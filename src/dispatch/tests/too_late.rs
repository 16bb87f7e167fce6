//! What must not leave, or not again: the caller is gone or elsewhere, something newer was asked, it was stopped.

use super::rules::arrives;
use super::*;
use crate::conference::event::Halted;

impl House {
    fn elsewhere(&self, call: &str) {
        let What::Joined(arrival) = arrives(call) else { unreachable!("a join") };
        self.journal.put(What::Joined(Arrival { conference: Some("3344".into()), ..arrival }));
    }

    fn asked_there(&self, call: &str) -> Seq {
        self.journal.put(What::Asked(Ask { conference: "3344".into(), ..ask(call, Cause::Key) }))
    }
}

fn busy(seconds: u64) -> Reply {
    Reply::after(10, Err(Fault { retry_after: Some(Duration::from_secs(seconds)), ..Fault::new(FaultKind::Busy, "busy") }))
}

fn told(end: &Answer) -> (Outcome, &str) {
    (end.outcome, &end.detail)
}

#[tokio::test(start_paused = true)]
async fn who_moves_to_another_conference_is_asked_for_there_and_not_where_they_were() {
    let house = House::open([yes(500)]);
    house.journal.put(arrives("a"));
    let first = house.asked("a", Cause::Key);
    house.rest().await;
    let waiting = house.asked("a", Cause::Key);
    house.rest().await;
    // Again in the same conference: that is no move.
    house.journal.put(arrives("a"));
    house.rest().await;
    assert_eq!(house.journal.all().iter().filter(|event| matches!(event.what, What::Answered(_))).count(), 0);
    house.elsewhere("a");
    let there = house.asked_there("a");
    let ends = house.ends(3).await;
    assert_eq!(told(&ends[&waiting.0]), (Outcome::NotSent, "the caller is in another conference now"));
    assert_eq!([first, there].map(|seq| ends[&seq.0].outcome), [Outcome::Accepted; 2]);
    let left: Vec<_> = house.bridge.left().iter().map(|(_, order)| order.conference.to_string()).collect();
    assert_eq!(left, ["1122", "3344"]);
}

#[tokio::test(start_paused = true)]
async fn bulk_asks_of_an_old_stay_do_not_leave_in_the_new_one() {
    let house = House::open([]);
    let calls: Vec<String> = (0..10).map(|n| format!("c{n}")).collect();
    for call in &calls {
        house.journal.put(arrives(call));
    }
    let asks: Vec<Seq> = calls.iter().map(|call| house.asked(call, Cause::Bulk)).collect();
    house.rest().await;
    house.elsewhere("c9");
    let ends = house.ends(10).await;
    assert_eq!(told(&ends[&asks[9].0]), (Outcome::NotSent, "the caller is in another conference now"));
    assert_eq!(house.left().len(), 9);
}

#[tokio::test(start_paused = true)]
async fn the_journals_order_decides_who_was_gone() {
    let house = House::open([]);
    for call in ["left", "moved", "back", "in"] {
        house.journal.put(arrives(call));
    }
    house.journal.put(What::Left(only("left")));
    house.journal.put(What::Left(only("back")));
    house.journal.put(arrives("back"));
    house.elsewhere("moved");
    let asks = ["left", "moved", "back", "in", "never heard of"].map(|call| house.asked(call, Cause::Key));
    let bulk = house.asked("left", Cause::Bulk);
    let ends = house.ends(6).await;
    let outcomes = asks.map(|seq| ends[&seq.0].outcome);
    assert_eq!(outcomes, [Outcome::NotSent, Outcome::NotSent, Outcome::Accepted, Outcome::Accepted, Outcome::Accepted]);
    assert_eq!(told(&ends[&asks[0].0]), (Outcome::NotSent, "the caller left"));
    assert_eq!(told(&ends[&asks[1].0]), (Outcome::NotSent, "the caller is in another conference now"));
    assert_eq!(told(&ends[&bulk.0]), (Outcome::NotSent, "the caller left"));
    assert_eq!(house.left().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_kick_that_was_accepted_is_not_sent_again() {
    let house = House::open([]);
    house.journal.put(arrives("a"));
    let kick = house.asked_to(Action::Kick, "a");
    house.rest().await;
    // Its answer is a while on its way to the disk, and goes round only then.
    house.journal.refuse([AppendError::Busy]);
    sleep(Duration::from_millis(60)).await;
    let again = house.asked_to(Action::Kick, "a");
    let ends = house.ends(2).await;
    assert_eq!((ends[&kick.0].outcome, told(&ends[&again.0])), (Outcome::Accepted, (Outcome::NotSent, "the caller was kicked")));
    sleep(Duration::from_secs(60)).await;
    assert_eq!(house.left().len(), 1);
    house.journal.put(arrives("a"));
    let back = house.asked_to(Action::Kick, "a");
    assert_eq!(house.ends(3).await[&back.0].outcome, Outcome::Accepted, "who calls back can be kicked again");
}

#[tokio::test(start_paused = true)]
async fn something_newer_does_not_wait_for_another_try() {
    for (newer, tries) in [(Action::Unmute, 1), (Action::Kick, 1), (Action::Mute, 2)] {
        let house = House::open([busy(9)]);
        let older = house.asked_to(Action::Mute, "a");
        sleep(Duration::from_millis(200)).await;
        let newer = house.asked_to(newer, "a");
        let ends = house.ends(2).await;
        assert_eq!(ends[&newer.0].outcome, Outcome::Accepted);
        let left = house.left();
        assert_eq!(left.len(), tries + 1, "the same again has no need to hurry: {left:?}");
        if tries == 1 {
            assert_eq!(told(&ends[&older.0]), (Outcome::NotDelivered, "busy; not tried again: replaced by a newer ask"));
            assert_eq!(left[1].0, 200);
        } else {
            assert_eq!(ends[&older.0].outcome, Outcome::Accepted);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn no_further_try_for_who_is_gone_or_elsewhere() {
    for (gone, words) in [
        (Some(What::Left(only("a"))), "the caller left"),
        (Some(What::Removed(only("a"))), "the caller left"),
        (None, "the caller is in another conference now"),
    ] {
        let house = House::open([no(10, FaultKind::NoConnection)]);
        house.journal.put(arrives("a"));
        let kick = house.asked_to(Action::Kick, "a");
        sleep(Duration::from_millis(100)).await;
        match gone {
            Some(gone) => {
                house.journal.put(gone);
            }
            None => house.elsewhere("a"),
        }
        let ends = house.ends(1).await;
        assert_eq!(told(&ends[&kick.0]), (Outcome::NotDelivered, &*format!("NoConnection; not tried again: {words}")));
        sleep(Duration::from_secs(60)).await;
        assert_eq!(house.left().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn no_further_try_for_what_is_stopped() {
    let house = House::open([no(10, FaultKind::Cut), yes(5_000)]);
    let bulk = ["a", "b"].map(|call| house.asked(call, Cause::Bulk));
    sleep(Duration::from_millis(300)).await;
    house.journal.put(What::Halted(Halted { asks: bulk.to_vec(), by: "grace".into(), rest: false }));
    let ends = house.ends(2).await;
    assert_eq!(told(&ends[&bulk[0].0]), (Outcome::Unknown, "Cut; not tried again: stopped by grace"));
    assert_eq!(ends[&bulk[1].0].outcome, Outcome::Accepted, "what is out is waited for");
    assert_eq!(house.left().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn quitting_between_two_tries_says_what_is_known() {
    for (fault, outcome) in [(FaultKind::NoConnection, Outcome::NotDelivered), (FaultKind::Cut, Outcome::Unknown)] {
        let mut house = House::open([no(10, fault)]);
        let seq = house.asked("a", Cause::Key);
        sleep(Duration::from_millis(100)).await;
        house.stop(2).await;
        let end = house.ends(1).await.remove(&seq.0).expect("an end");
        assert_eq!(told(&end), (outcome, &*format!("{fault:?}; not tried again: confmod is quitting")));
        assert_eq!(house.left().len(), 1);
        assert!(house.begun.elapsed() < Duration::from_millis(200), "and nothing is waited for");
    }
}

#[tokio::test(start_paused = true)]
async fn of_many_that_are_stopped_none_leaves_that_comes_round_later() {
    let house = House::open([]);
    let many = |call: &str, by: &str| What::Asked(Ask { by: by.into(), ..ask(call, Cause::Bulk) });
    sleep(Duration::from_millis(500)).await;
    // The press was made now; a part of it is written down after it was stopped.
    let pressed = Moment::default().plus(house.begun.elapsed());
    sleep(Duration::from_millis(500)).await;
    house.journal.put(What::Halted(Halted { asks: vec![], by: "grace".into(), rest: true }));
    let late = house.journal.put_of(pressed, many("a", "grace"));
    let others = house.journal.put_of(pressed, many("b", "ada"));
    let key = house.journal.put_of(pressed, What::Asked(Ask { by: "grace".into(), ..ask("c", Cause::Key) }));
    let next = house.journal.put(many("d", "grace"));
    let ends = house.ends(4).await;
    assert_eq!(told(&ends[&late.0]), (Outcome::NotSent, "stopped by grace"));
    assert!([others, key, next].iter().all(|seq| ends[&seq.0].outcome == Outcome::Accepted), "{ends:?}");
}

#[tokio::test(start_paused = true)]
async fn while_the_journal_has_trouble_every_ask_ends_once() {
    let mut house = House::open([yes(500), no(10, FaultKind::NoConnection)]);
    for call in ["a", "b", "gone", "bulk"] {
        house.journal.put(arrives(call));
    }
    house.journal.trouble(true);
    let flying = house.asked("a", Cause::Key);
    let between = house.asked("b", Cause::Key);
    house.rest().await;
    let replaced = house.asked_to(Action::Unmute, "a");
    let waiting = house.asked_to(Action::Mute, "a");
    house.journal.trouble(false);
    house.journal.put(What::Left(only("gone")));
    house.journal.trouble(true);
    let gone = house.asked("gone", Cause::Key);
    let bulk = house.asked("bulk", Cause::Bulk);
    sleep(Duration::from_millis(300)).await;
    house.journal.fail();
    house.stop(2).await;
    let told: Vec<_> = house.journal.all().into_iter().filter(|event| !event.seq.is_recorded()).collect();
    let outcomes = [flying, between, replaced, waiting, gone, bulk].map(|seq| {
        let of_it = |what: &What| if let What::Answered(answer) = what { (answer.ask == seq).then_some(answer.outcome) } else { None };
        told.iter().filter_map(|event| of_it(&event.what)).collect::<Vec<_>>()
    });
    let once = |outcome| vec![outcome];
    let (accepted, not_sent) = (once(Outcome::Accepted), once(Outcome::NotSent));
    let expected = [accepted.clone(), once(Outcome::NotDelivered), not_sent.clone(), not_sent.clone(), not_sent, accepted];
    assert_eq!(outcomes, expected, "each once, though nothing of it is on disk");
}
