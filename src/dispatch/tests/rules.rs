//! Lecture mode, lock and bans as they are run: order, pace, latecomers, restarts; and stopping bulk asks.

use super::*;
use crate::conference::event::{Banned, Exempted, Halted, Mode, ModeSet, Recorded, Rule};
use crate::phone::Number;

impl House {
    /// On a journal whose clock goes on over restarts.
    fn of(journal: &Arc<Memory>, script: impl IntoIterator<Item = Reply>) -> Self {
        Self::with(journal.clone(), Settings { clock: journal.clock(), ..settings() }, script)
    }

    fn joins(&self, call: &str) -> Seq {
        self.journal.put(arrives(call))
    }

    fn lecture(&self, on: bool) -> Seq {
        self.journal.put(mode(Mode::Lecture, on))
    }

    /// All asks of rules so far: call, action, rule.
    fn ruled(&self) -> Vec<(Seq, String, Action, Rule)> {
        let ask = |event: crate::conference::event::Event| match event.what {
            What::Asked(ask) => Some((event.seq, ask.call.to_string(), ask.action, ask.rule?)),
            _ => None,
        };
        self.journal.all().into_iter().filter_map(ask).collect()
    }

    /// Call and action of every request, in order.
    fn requests(&self) -> Vec<(String, Action)> {
        self.bridge.left().iter().map(|(_, order)| (order.call.to_string(), order.action)).collect()
    }
}

pub(super) fn arrives(call: &str) -> What {
    let What::Joined(arrival) = joined(call) else { unreachable!("a join") };
    What::Joined(Arrival { number: Some(number(call)), ..arrival })
}

fn number(call: &str) -> Number {
    let digits = call.bytes().fold(7_u64, |sum, byte| (sum * 31 + u64::from(byte)) % 1_000_000_000);
    Number::from_digits(&format!("1{digits:09}")).expect("a number")
}

pub(super) fn mode(mode: Mode, on: bool) -> What {
    What::Mode(ModeSet { conference: "1122".into(), mode, on, by: "grace".into() })
}

fn muted(calls: &[&str]) -> Vec<(String, Action)> {
    calls.iter().map(|call| ((*call).to_owned(), Action::Mute)).collect()
}

#[tokio::test(start_paused = true)]
async fn lecture_mode_mutes_all_in_order_and_paced_and_gives_the_voices_back() {
    let house = House::open([]);
    for call in ["a", "b", "c", "exempt", "d"] {
        house.joins(call);
    }
    house.journal.put(What::Exempted(Exempted {
        call: CallKey::new("exempt"),
        number: Some(number("exempt")),
        exempt: true,
        by: "ada".into(),
    }));
    sleep(Duration::from_secs(10)).await;
    house.lecture(true);
    let ends = house.ends(4).await;
    assert!(ends.values().all(|end| end.outcome == Outcome::Accepted));
    let left = house.left();
    assert_eq!(left[0].0, 10_000, "{left:?}");
    assert!(left.windows(2).all(|two| (100..=105).contains(&(two[1].0 - two[0].0))), "{left:?}");
    assert_eq!(house.requests(), muted(&["a", "b", "c", "d"]));
    assert_eq!(house.marks().concat().len(), 4, "each with a mark");
    house.asked_to(Action::Unmute, "b");
    house.ends(5).await;
    house.lecture(false);
    house.ends(8).await;
    let back: Vec<_> = house.requests().split_off(5);
    assert_eq!(back, ["a", "c", "d"].map(|call| (call.to_owned(), Action::Unmute)), "b was changed by hand");
    sleep(Duration::from_secs(60)).await;
    assert_eq!(house.requests().len(), 8);
}

#[tokio::test(start_paused = true)]
async fn a_latecomer_is_muted_after_the_wait_and_a_key_overtakes() {
    let house = House::open([]);
    house.lecture(true);
    sleep(Duration::from_secs(3)).await;
    let join = house.joins("late");
    house.ends(1).await;
    assert_eq!(house.left(), [(4_500, "late".to_owned())]);
    let asks = house.ruled();
    let What::Asked(ask) = &house.journal.all()[asks[0].0.0 as usize - 1].what else { unreachable!("an ask") };
    assert_eq!((ask.cause, ask.rule, &*ask.by, ask.joined), (Cause::Rule(join), Some(Rule::Lecture), "grace", Moment(3_000)));
    for i in 0..20 {
        house.joins(&format!("r{i}"));
    }
    sleep(Duration::from_millis(1_550)).await;
    house.asked("key", Cause::Key);
    house.rest().await;
    assert_eq!(house.requests().last().expect("left").0, "key", "{:?}", house.left());
    assert!(house.requests().len() < 5);
}

#[tokio::test(start_paused = true)]
async fn whoever_joins_a_locked_conference_or_is_banned_is_kicked() {
    let house = House::open([]);
    house.joins("in");
    house.journal.put(mode(Mode::Lock, true));
    house.journal.put(What::Banned(Banned { number: number("banned"), reason: "".into(), until: None, by: "bob".into() }));
    sleep(Duration::from_secs(2)).await;
    house.joins("locked");
    house.joins("banned");
    house.ends(2).await;
    assert_eq!(house.left()[0], (3_500, "locked".to_owned()));
    let rules: Vec<_> = house.ruled().into_iter().map(|(_, call, action, rule)| (call, action, rule)).collect();
    assert_eq!(rules, [("locked".to_owned(), Action::Kick, Rule::Lock), ("banned".to_owned(), Action::Kick, Rule::Ban)]);
    house.joins("locked");
    house.ends(3).await;
    sleep(Duration::from_secs(60)).await;
    assert_eq!(house.requests().len(), 3, "kicked again, once");
    // Nothing is left to do, and nothing is done while time passes.
    assert!(house.marks().len() <= 3);
}

#[tokio::test(start_paused = true)]
async fn a_lecture_for_thousands_is_asked_for_in_portions_and_its_end_voids_the_rest() {
    let house = House::open([]);
    for i in 0..5_000 {
        house.joins(&format!("c{i}"));
        if i % 1_000 == 0 {
            house.rest().await;
        }
    }
    sleep(Duration::from_secs(10)).await;
    house.lecture(true);
    house.rest().await;
    assert_eq!(house.ruled().len(), 100, "no more than can soon leave");
    sleep(Duration::from_secs(5)).await;
    let left = house.left().len();
    assert!((49..=52).contains(&left), "{left}");
    assert_eq!(house.ruled().len(), 150, "the next portion when half of it has left");
    house.lecture(false);
    let asked = house.ruled().len();
    sleep(Duration::from_secs(30)).await;
    let requests = house.requests();
    let mutes = requests.iter().filter(|(_, action)| *action == Action::Mute).count();
    assert!((left..=left + 1).contains(&mutes), "nothing more leaves: {mutes} of {left}");
    assert_eq!(requests.len(), 2 * mutes, "each of them got the voice back, and nobody else");
    let ends = house.ends(asked + mutes).await;
    let voided = ends.values().filter(|end| end.outcome == Outcome::NotSent).count();
    assert_eq!(voided, asked - mutes);
    assert!(ends.values().filter(|end| end.outcome == Outcome::NotSent).all(|end| &*end.detail == "lecture mode has ended"));
}

#[tokio::test(start_paused = true)]
async fn nobody_gets_a_voice_back_who_was_not_muted_yet() {
    let house = House::open([]);
    for i in 0..10 {
        house.joins(&format!("c{i}"));
    }
    sleep(Duration::from_secs(2)).await;
    house.lecture(true);
    sleep(Duration::from_millis(250)).await;
    house.lecture(false);
    sleep(Duration::from_secs(5)).await;
    let given = house.ruled().into_iter().filter(|(.., rule)| *rule == Rule::LectureEnded).count();
    assert_eq!((house.requests().len(), given), (6, 3), "three had left");
}

#[tokio::test(start_paused = true)]
async fn at_start_mutes_are_worked_out_anew_and_kicks_never() {
    let journal = Memory::new();
    let facts = || Settings { look_back: Duration::from_secs(60), clock: journal.clock(), ..settings() };
    let first = House::with(journal.clone(), facts(), []);
    first.lecture(true);
    first.journal.put(mode(Mode::Lock, true));
    // Older than what is read back: the modes are found all the same.
    sleep(Duration::from_secs(100)).await;
    first.journal.put(What::Exempted(Exempted { call: CallKey::new("e"), number: Some(number("e")), exempt: true, by: "".into() }));
    for call in ["a", "b"] {
        first.journal.put(mode(Mode::Lock, false));
        first.joins(call);
        first.journal.put(mode(Mode::Lock, true));
    }
    first.ends(2).await;
    first.joins("kicked");
    sleep(Duration::from_millis(100)).await;
    // The process dies, with a kick that was not asked for yet and a mute that was not sent.
    first.engine.abort();
    sleep(Duration::from_secs(1)).await;
    journal.put(arrives("c"));
    journal.put(arrives("e"));
    let open = journal.put(What::Asked(Ask { rule: Some(Rule::Lecture), ..ask("c", Cause::Rule(Seq(1))) }));
    sleep(Duration::from_secs(10)).await;

    let second = House::with(journal.clone(), facts(), []);
    let ends = second.ends(5).await;
    assert_eq!(ends[&open.0].outcome, Outcome::NotSent);
    sleep(Duration::from_secs(60)).await;
    assert_eq!(second.requests(), muted(&["kicked", "c"]), "a and b are muted, e is exempt, and nobody is kicked");
}

#[tokio::test(start_paused = true)]
async fn rules_are_run_while_the_journal_has_trouble() {
    let house = House::open([]);
    house.joins("a");
    sleep(Duration::from_secs(2)).await;
    house.journal.trouble(true);
    house.lecture(true);
    sleep(Duration::from_secs(1)).await;
    assert_eq!(house.requests(), muted(&["a"]));
    house.journal.trouble(false);
    house.lecture(false);
    sleep(Duration::from_secs(1)).await;
    assert_eq!(house.requests().len(), 2);
    house.journal.refuse((0..10).map(|_| AppendError::Busy));
    house.lecture(true);
    sleep(Duration::from_secs(10)).await;
    assert_eq!(house.requests().len(), 3, "a full queue is waited for");
}

#[tokio::test(start_paused = true)]
async fn halted_asks_do_not_leave_wherever_they_wait() {
    let house = House::open((0..40).map(|_| yes(3_000)));
    let bulk: Vec<Seq> = (0..30).map(|i| house.asked(&format!("b{i}"), Cause::Bulk)).collect();
    sleep(Duration::from_millis(150)).await;
    let left = house.left().len();
    assert_eq!(left, 2);
    assert!(house.marks().concat().len() > left, "some are marked and have not left");
    house.journal.put(What::Halted(Halted { asks: bulk[..29].to_vec(), by: "grace".into(), rest: false }));
    let ends = house.ends(30).await;
    for (place, seq) in bulk.iter().enumerate() {
        let end = &ends[&seq.0];
        if place < left || place == 29 {
            assert_eq!(end.outcome, Outcome::Accepted, "those in flight end by themselves, and those not named leave");
        } else {
            assert_eq!((end.outcome, &*end.detail), (Outcome::NotSent, "stopped by grace"));
        }
    }
    assert_eq!(house.left().len(), left + 1);
}

#[tokio::test(start_paused = true)]
async fn asks_that_are_halted_while_they_are_marked_do_not_leave() {
    let house = House::open([]);
    house.journal.hold();
    let seqs: Vec<Seq> = ["a", "b"].iter().map(|call| house.asked(call, Cause::Bulk)).collect();
    house.rest().await;
    house.journal.put(What::Halted(Halted { asks: seqs, by: "grace".into(), rest: false }));
    house.rest().await;
    house.journal.release();
    let ends = house.ends(2).await;
    assert!(ends.values().all(|end| end.outcome == Outcome::NotSent));
    let next = house.asked("c", Cause::Bulk);
    assert_eq!(house.ends(3).await[&next.0].outcome, Outcome::Accepted);
    assert_eq!(house.left().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn asks_that_were_written_down_late_are_halted_by_their_place() {
    let house = House::open([]);
    house.journal.hold();
    house.journal.trouble(true);
    let heard = house.asked("a", Cause::Bulk);
    house.rest().await;
    house.journal.trouble(false);
    house.journal.put(What::Recorded(Recorded { since: Moment(0), refused: 0, lost: 0, late: vec![(heard, Seq(900))] }));
    house.journal.put(What::Halted(Halted { asks: vec![Seq(900)], by: "grace".into(), rest: false }));
    assert_eq!(house.ends(1).await[&heard.0].outcome, Outcome::NotSent);
    house.journal.release();
    house.rest().await;
    assert!(house.left().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_halt_after_a_mark_and_a_crash_leaves_the_outcome_unknown() {
    let journal = Memory::new();
    let (marked, queued) = (journal.put(What::Asked(ask("a", Cause::Bulk))), journal.put(What::Asked(ask("b", Cause::Bulk))));
    journal.put(What::Sent(Sent { asks: vec![marked] }));
    journal.put(What::Halted(Halted { asks: vec![marked, queued], by: "grace".into(), rest: false }));
    let ends = House::of(&journal, []).ends(2).await;
    assert_eq!([marked, queued].map(|seq| ends[&seq.0].outcome), [Outcome::Unknown, Outcome::NotSent]);
}

#[tokio::test(start_paused = true)]
async fn an_ask_by_rule_that_is_moot_replaces_nothing() {
    let house = House::open([yes(5_000)]);
    house.joins("a");
    sleep(Duration::from_secs(2)).await;
    house.asked_to(Action::Mute, "a");
    house.rest().await;
    let waiting = house.asked_to(Action::Unmute, "a");
    let moot = house.journal.put(What::Asked(Ask { rule: Some(Rule::Lecture), ..ask("a", Cause::Rule(Seq(1))) }));
    let ends = house.ends(3).await;
    assert_eq!((ends[&moot.0].outcome, &*ends[&moot.0].detail), (Outcome::NotSent, "lecture mode has ended"));
    assert_eq!(ends[&waiting.0].outcome, Outcome::Accepted);
}

#[tokio::test(start_paused = true)]
async fn no_rule_asks_while_it_stops() {
    let mut house = House::open([yes(3_000)]);
    house.lecture(true);
    house.joins("a");
    house.asked("b", Cause::Key);
    house.rest().await;
    house.stop(4).await;
    assert_eq!(house.requests(), muted(&["b"]), "though the wait ended within the grace");
    assert!(house.ruled().is_empty());
}
