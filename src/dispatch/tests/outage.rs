//! A provider out of reach: one probe at a time, who waits for its end, and who fails at once.

use super::rules::{arrives, mode};
use super::*;
use crate::conference::event::Mode;
use crate::dispatch::engine::PATIENCE;

/// A loop that has just failed to reach the provider so many times in a row.
async fn unreached(times: usize, then: impl IntoIterator<Item = Reply>) -> House {
    let house = House::open((0..times).map(|_| no(10, FaultKind::TimedOut)).chain(then));
    for i in 0..times {
        house.asked(&format!("a{i}"), Cause::Key);
    }
    house.ends(times).await;
    house
}

fn is_not_tried(end: &Answer, times: u32) -> bool {
    (end.outcome, end.reached, end.millis) == (Outcome::NotDelivered, false, 0)
        && *end.detail == *format!("the provider has not been reached {times} times in a row; not tried")
}

impl House {
    fn bulk(&self, many: usize) -> Vec<Seq> {
        (0..many).map(|i| self.asked(&format!("b{i}"), if i % 2 == 0 { Cause::Bulk } else { Cause::Rule(Seq(1)) })).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_pressed_late_in_a_probe_fails_at_once_and_queued_asks_at_its_end() {
    let house = unreached(5, [no(2_000, FaultKind::NoConnection), yes(10), yes(10), yes(10)]).await;
    let probe = house.asked("p", Cause::Key);
    sleep(PATIENCE).await;
    let begun = Instant::now();
    let fast = house.asked("f", Cause::Key);
    let bulk = house.bulk(50);
    // One of them waits behind the probe itself.
    let behind = house.asked("p", Cause::Bulk);
    let ends = house.ends(5 + 1).await;
    assert!(begun.elapsed() < Duration::from_millis(10), "nobody waits at the keyboard");
    assert!(is_not_tried(&ends[&fast.0], 5), "{ends:?}");
    let ends = house.ends(5 + 1 + 52).await;
    assert!((990..1_010).contains(&begun.elapsed().as_millis()), "none before the probe's end, and none long after it");
    assert_eq!(ends[&probe.0].outcome, Outcome::NotDelivered);
    for seq in bulk.iter().chain([&behind]) {
        assert!(is_not_tried(&ends[&seq.0], 6), "{:?}", ends[&seq.0]);
    }
    assert!(house.marks().is_empty());
    assert_eq!(house.left().len(), 6, "a probe is one try");
    let healed = house.asked("p", Cause::Key);
    assert_eq!(house.ends(59).await[&healed.0].outcome, Outcome::Accepted);
    let (x, y) = (house.asked("x", Cause::Key), house.asked("y", Cause::Key));
    let ends = house.ends(61).await;
    assert_eq!((ends[&x.0].outcome, ends[&y.0].outcome), (Outcome::Accepted, Outcome::Accepted));
}

#[tokio::test(start_paused = true)]
async fn keys_pressed_together_after_an_outage_go_well_together() {
    let house = unreached(5, [yes(700)]).await;
    let keys = ["mute", "unmute", "third"].map(|call| house.asked(call, Cause::Key));
    sleep(Duration::from_millis(300)).await;
    assert_eq!(house.left().len(), 6, "one probe at a time");
    let ends = house.ends(8).await;
    assert!(keys.iter().all(|seq| ends[&seq.0].outcome == Outcome::Accepted), "{ends:?}");
    assert!(house.left()[6..].iter().all(|(at, _)| at - house.left()[5].0 == 700), "at once, when the probe has told: {:?}", house.left());
}

#[tokio::test(start_paused = true)]
async fn a_key_pressed_early_in_a_probe_waits_for_its_end_but_a_second_at_most() {
    let house = unreached(5, [no(600, FaultKind::NoConnection)]).await;
    let begun = Instant::now();
    let probe = house.asked("p", Cause::Key);
    let with = house.asked("w", Cause::Key);
    house.rest().await;
    // One that waits behind the probe itself has its turn after it, and is the next one.
    let behind = house.asked_to(Action::Unmute, "p");
    let ends = house.ends(8).await;
    assert_eq!((ends[&probe.0].outcome, ends[&behind.0].outcome), (Outcome::NotDelivered, Outcome::Accepted));
    assert!(is_not_tried(&ends[&with.0], 6), "{ends:?}");
    assert!((600..700).contains(&begun.elapsed().as_millis()));

    let house = unreached(5, [no(8_000, FaultKind::TimedOut)]).await;
    let begun = Instant::now();
    house.asked("p", Cause::Key);
    sleep(Duration::from_millis(900)).await;
    let with = house.asked("w", Cause::Key);
    let ends = house.ends(6).await;
    assert!(is_not_tried(&ends[&with.0], 5), "{ends:?}");
    assert!((1_000..1_010).contains(&begun.elapsed().as_millis()), "{:?}", begun.elapsed());
    assert_eq!(house.left().len(), 6);
}

#[tokio::test(start_paused = true)]
async fn queued_asks_wait_for_the_probe_and_go_on_when_it_reaches_the_provider() {
    for millis in [50, 2_000] {
        let house = unreached(5, [yes(millis)]).await;
        let begun = house.left().len();
        let bulk = house.bulk(20);
        sleep(Duration::from_millis(millis / 2)).await;
        assert_eq!((house.left().len(), house.marks()), (begun + 1, vec![vec![bulk[0].0]]), "only what can leave is marked");
        let ends = house.ends(25).await;
        assert!(bulk.iter().all(|seq| ends[&seq.0].outcome == Outcome::Accepted), "{ends:?}");
        let left = house.left().split_off(begun);
        assert_eq!(left.len(), 20);
        assert!(left.windows(2).all(|two| two[1].0 - two[0].0 >= 100), "paced as usual: {left:?}");
        assert!((millis.into()..=(millis + 5).max(105).into()).contains(&(left[1].0 - left[0].0)), "{left:?}");
        assert_eq!(house.marks().concat(), bulk.iter().map(|seq| seq.0).collect::<Vec<_>>());
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_has_reached_the_provider_too() {
    let house = unreached(5, [no(500, FaultKind::Refused)]).await;
    let bulk = house.bulk(3);
    let ends = house.ends(8).await;
    let outcomes = [bulk[0], bulk[1], bulk[2]].map(|seq| ends[&seq.0].outcome);
    assert_eq!(outcomes, [Outcome::Refused, Outcome::Accepted, Outcome::Accepted]);
}

#[tokio::test(start_paused = true)]
async fn queued_asks_fail_with_the_probe_and_the_next_bulk_action_has_a_probe_of_its_own() {
    let house = unreached(5, [no(3_000, FaultKind::TimedOut), no(3_000, FaultKind::TimedOut)]).await;
    for round in 0_u32..2 {
        let begun = Instant::now();
        let bulk = house.bulk(20);
        let ends = house.ends(5 + 20 * (round as usize + 1)).await;
        assert!((3_000..3_010).contains(&begun.elapsed().as_millis()), "{:?}", begun.elapsed());
        assert_eq!(ends[&bulk[0].0].outcome, Outcome::Unknown);
        assert!(bulk[1..].iter().all(|seq| is_not_tried(&ends[&seq.0], 6 + round)), "{ends:?}");
        assert_eq!((house.left().len(), house.marks().len()), (6 + round as usize, 1 + round as usize));
    }
    let bulk = house.bulk(20);
    let ends = house.ends(65).await;
    assert!(bulk.iter().all(|seq| ends[&seq.0].outcome == Outcome::Accepted), "{ends:?}");
}

#[tokio::test(start_paused = true)]
async fn asks_that_were_marked_before_wait_for_the_probe_too() {
    for heals in [true, false] {
        let probe = if heals { yes(2_000) } else { no(2_000, FaultKind::TimedOut) };
        let house = unreached(4, [no(10, FaultKind::TimedOut), probe]).await;
        // The first mark is held until all are heard of; the others share the next one.
        house.journal.hold();
        let bulk = house.bulk(4);
        house.rest().await;
        house.journal.release();
        sleep(Duration::from_millis(1_500)).await;
        assert_eq!(house.marks().concat().len(), 4, "all of them had their mark when the fifth one failed");
        assert_eq!(house.left().len(), 6);
        assert_eq!(house.ends(5).await.len(), 5, "and nothing failed in the meantime");
        let ends = house.ends(8).await;
        let outcomes = [bulk[1], bulk[2], bulk[3]].map(|seq| ends[&seq.0].outcome);
        if heals {
            assert_eq!((outcomes, house.left().len()), ([Outcome::Accepted; 3], 8));
        } else {
            assert_eq!((outcomes[0], house.left().len()), (Outcome::Unknown, 6));
            assert!(bulk[2..].iter().all(|seq| is_not_tried(&ends[&seq.0], 6)), "{ends:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn asks_whose_mark_is_on_its_way_to_disk_fail_with_the_probe() {
    let house = unreached(4, [no(300, FaultKind::TimedOut), no(2_000, FaultKind::TimedOut)]).await;
    house.asked("fifth", Cause::Key);
    house.journal.hold();
    let bulk = house.bulk(2);
    sleep(Duration::from_millis(400)).await;
    house.asked("probe", Cause::Key);
    let ends = house.ends(8).await;
    assert!(bulk.iter().all(|seq| is_not_tried(&ends[&seq.0], 6)), "{ends:?}");
    house.journal.release();
    sleep(Duration::from_secs(60)).await;
    assert_eq!(house.left().len(), 6, "they do not leave after all");
    let next = house.asked("next", Cause::Bulk);
    assert_eq!(house.ends(9).await[&next.0].outcome, Outcome::Accepted);
}

#[tokio::test(start_paused = true)]
async fn whoever_joins_a_locked_conference_after_an_outage_is_kicked() {
    for heals in [true, false] {
        let probe = if heals { yes(1) } else { no(1, FaultKind::TimedOut) };
        let house = unreached(5, [probe]).await;
        house.journal.put(mode(Mode::Lock, true));
        for i in 0..6 {
            house.journal.put(arrives(&format!("j{i}")));
        }
        let ends: Vec<Answer> = house.ends(11).await.into_values().filter(|end| end.call.as_str().starts_with('j')).collect();
        if heals {
            assert!(ends.iter().all(|end| end.outcome == Outcome::Accepted), "{ends:?}");
            assert_eq!(house.left().len(), 11);
        } else {
            assert_eq!(ends.iter().filter(|end| is_not_tried(end, 6)).count(), 5, "{ends:?}");
            assert_eq!(house.left().len(), 6);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_a_probe_can_be_overtaken_by_its_caller_leaving() {
    let house = unreached(5, [yes(1_000)]).await;
    let bulk = house.bulk(3);
    sleep(Duration::from_millis(500)).await;
    house.journal.put(What::Left(only("b1")));
    let ends = house.ends(8).await;
    let outcomes = [bulk[0], bulk[1], bulk[2]].map(|seq| ends[&seq.0].outcome);
    assert_eq!(outcomes, [Outcome::Accepted, Outcome::NotSent, Outcome::Accepted]);
}
