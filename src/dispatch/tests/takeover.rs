//! What a host does with what another left in the journal they share, wherever that one has died.

use std::sync::Mutex;

use proptest::prelude::*;

use super::rules::{arrives, mode};
use super::shared::FRESH;
use super::*;
use crate::bridge::Order;
use crate::conference::event::{Event, Halted, Mode, Rule};

fn answered(ask: Seq, call: &str, outcome: Outcome) -> What {
    What::Answered(Answer { ask, call: CallKey::new(call), outcome, detail: "".into(), millis: 3, reached: true })
}

#[tokio::test(start_paused = true)]
async fn wherever_a_host_dies_each_ask_leaves_at_most_once_and_ends_once() {
    let causes = [(Cause::Key, None), (Cause::Bulk, None), (Cause::Floor, None), (Cause::Rule(Seq(1)), Some(Rule::Lecture))];
    for action in [Action::Mute, Action::Unmute, Action::Kick] {
        for (cause, rule) in causes {
            for age in [0, 14_000, 15_000, 600_000, -16_000] {
                for dead_at in ["before it was heard", "marked", "answered"] {
                    let case = format!("{action:?} {cause:?} {age} {dead_at}");
                    let journal = Memory::new();
                    sleep(Duration::from_secs(1_000)).await;
                    let asked = What::Asked(Ask { action, rule, ..ask("a", cause) });
                    let seq = journal.put_of(Moment(1_000_000 - age), asked);
                    if dead_at != "before it was heard" {
                        journal.put(What::Sent(Sent { asks: vec![seq] }));
                    }
                    if dead_at == "answered" {
                        journal.put(answered(seq, "a", Outcome::Refused));
                    }
                    let house = House::host(&journal, []);
                    let end = house.ends(1).await.remove(&seq.0).expect("an end");
                    sleep(Duration::from_secs(60)).await;
                    let is_fresh = (-15_000..15_000).contains(&age);
                    let (outcome, left) = match dead_at {
                        "answered" => (Outcome::Refused, 0),
                        "marked" => (Outcome::Unknown, 0),
                        _ if is_fresh => (Outcome::Accepted, 1),
                        _ => (Outcome::NotSent, 0),
                    };
                    assert_eq!((end.outcome, house.left().len(), house.answers().len()), (outcome, left, 1), "{case}");
                    assert_eq!(end.detail.contains("too late"), outcome == Outcome::NotSent, "{case}: {}", end.detail);
                    let again = House::host(&journal, []);
                    sleep(Duration::from_secs(60)).await;
                    assert_eq!((again.left().len(), again.answers().len()), (0, 1), "{case}: and so it stays");
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_host_that_dies_while_it_works_leaves_nothing_to_be_sent_twice() {
    for action in [Action::Mute, Action::Kick] {
        for cause in [Cause::Key, Cause::Bulk] {
            // The mark is taken at once and heard of after a second; the provider takes a second more, and the answer's
            // receipt another.
            for (dead_after, sent, outcome) in [
                (0, [0, 1], Outcome::Accepted),
                (500, [0, 0], Outcome::Unknown),
                (1_500, [1, 0], Outcome::Unknown),
                (2_500, [1, 0], Outcome::Accepted),
                (9_000, [1, 0], Outcome::Accepted),
            ] {
                let journal = Memory::new();
                let house = House::slow_host(&journal, [yes(1_000)], Duration::from_secs(1), 10);
                house.rest().await;
                let seq = journal.put(What::Asked(Ask { action, ..ask("a", cause) }));
                if dead_after > 0 {
                    sleep(Duration::from_millis(dead_after)).await;
                }
                house.engine.abort();
                let next = House::host(&journal, []);
                let ends = next.ends(1).await;
                sleep(Duration::from_secs(60)).await;
                let case = format!("{action:?} {cause:?} {dead_after}");
                assert_eq!((ends[&seq.0].outcome, [house.left().len(), next.left().len()]), (outcome, sent), "{case}");
                assert_eq!(next.answers().len(), 1, "{case}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_callers_asks_stay_in_order_over_a_take_over() {
    let journal = Memory::new();
    let asked = |action, call| journal.put(What::Asked(Ask { action, ..ask(call, Cause::Key) }));
    let (sent, next) = (asked(Action::Mute, "a"), asked(Action::Unmute, "a"));
    let (old, newer, newest) = (asked(Action::Mute, "b"), asked(Action::Unmute, "b"), asked(Action::Mute, "b"));
    journal.put(What::Sent(Sent { asks: vec![sent] }));
    let stale = journal.put_of(Moment(-60_000), What::Asked(ask("b", Cause::Key)));
    let house = House::host(&journal, []);
    let ends = house.ends(6).await;
    assert_eq!((ends[&sent.0].outcome, ends[&next.0].outcome), (Outcome::Unknown, Outcome::Accepted));
    assert_eq!([old, newer, newest].map(|seq| ends[&seq.0].outcome), [Outcome::NotSent, Outcome::NotSent, Outcome::Accepted]);
    assert_eq!([old, newer].map(|seq| &*ends[&seq.0].detail), ["replaced by a newer ask"; 2]);
    assert_eq!(ends[&stale.0].outcome, Outcome::NotSent, "and what is not carried out replaces nothing");
    let left: Vec<_> = house.bridge.left().iter().map(|(_, order)| (order.call.to_string(), order.action)).collect();
    assert_eq!(left, [("a".to_owned(), Action::Unmute), ("b".to_owned(), Action::Mute)]);
}

#[tokio::test(start_paused = true)]
async fn what_was_replaced_does_not_leave_after_what_replaced_it() {
    for is_answered in [false, true] {
        let journal = Memory::new();
        let asked = |action| journal.put(What::Asked(Ask { action, ..ask("a", Cause::Key) }));
        let (older, newer) = (asked(Action::Mute), asked(Action::Unmute));
        journal.put(What::Sent(Sent { asks: vec![newer] }));
        if is_answered {
            journal.put(answered(newer, "a", Outcome::Accepted));
        }
        let house = House::host(&journal, []);
        let ends = house.ends(2).await;
        assert_eq!((ends[&older.0].outcome, &*ends[&older.0].detail), (Outcome::NotSent, "replaced by a newer ask"));
        assert!(house.left().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn what_would_not_have_left_there_does_not_leave_here() {
    let journal = Memory::new();
    for call in ["gone", "moved", "kicked", "stopped", "rest", "spoke", "back", "in"] {
        journal.put(arrives(call));
    }
    let lecture = journal.put(mode(Mode::Lecture, true));
    journal.put(What::Left(only("back")));
    let asked = |call, cause| journal.put(What::Asked(ask(call, cause)));
    let late = asked("back", Cause::Key);
    journal.put(arrives("back"));
    let [gone, moved, stopped, rest, fine] =
        [("gone", Cause::Key), ("moved", Cause::Bulk), ("stopped", Cause::Bulk), ("rest", Cause::Bulk), ("in", Cause::Key)]
            .map(|(call, cause)| asked(call, cause));
    let spoke = journal.put(What::Asked(Ask { rule: Some(Rule::Lecture), ..ask("spoke", Cause::Rule(lecture)) }));
    let kick = journal.put(What::Asked(Ask { action: Action::Kick, ..ask("kicked", Cause::Key) }));
    journal.put(What::Sent(Sent { asks: vec![kick] }));
    let after = asked("kicked", Cause::Key);
    journal.put(answered(kick, "kicked", Outcome::Accepted));
    journal.put(What::Left(only("gone")));
    let What::Joined(arrival) = arrives("moved") else { unreachable!("a join") };
    journal.put(What::Joined(Arrival { conference: Some("3344".into()), ..arrival }));
    journal.put(What::Halted(Halted { asks: vec![stopped], by: "grace".into(), rest: false }));
    journal.put(mode(Mode::Lecture, false));
    sleep(Duration::from_millis(10)).await;
    journal.put(What::Halted(Halted { asks: vec![rest], by: "ada".into(), rest: true }));
    let house = House::host(&journal, []);
    let also = journal.put_of(Moment(0), What::Asked(ask("in", Cause::Bulk)));
    let ends = house.ends(10).await;
    let told = [late, gone, moved, stopped, rest, spoke, after, also].map(|seq| (ends[&seq.0].outcome, &*ends[&seq.0].detail));
    let words = [
        "the caller left",
        "the caller left",
        "the caller is in another conference now",
        "stopped by grace",
        "stopped by ada",
        "lecture mode has ended",
        "the caller left",
        "stopped by ada",
    ];
    assert_eq!(told, words.map(|words| (Outcome::NotSent, words)));
    assert_eq!(ends[&fine.0].outcome, Outcome::Accepted);
    assert_eq!(house.left().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn rules_are_taken_over_without_asking_twice_and_kick_nobody_anew() {
    let journal = Memory::new();
    let lecture = journal.put(mode(Mode::Lecture, true));
    journal.put(mode(Mode::Lock, true));
    let joins = ["a", "b", "c"].map(|call| journal.put(arrives(call)));
    sleep(Duration::from_secs(3)).await;
    let ruled = |action, call, cause, rule| journal.put(What::Asked(Ask { action, rule: Some(rule), ..ask(call, Cause::Rule(cause)) }));
    let mute = ruled(Action::Mute, "a", lecture, Rule::Lecture);
    let kick = ruled(Action::Kick, "b", joins[1], Rule::Lock);
    let house = House::host(&journal, []);
    sleep(Duration::from_secs(60)).await;
    let ends = house.ends(3).await;
    assert_eq!([mute, kick].map(|seq| ends[&seq.0].outcome), [Outcome::Accepted; 2]);
    let mut left: Vec<_> = house.bridge.left().iter().map(|(_, order)| (order.call.to_string(), order.action)).collect();
    left.sort_by(|one, other| one.0.cmp(&other.0));
    let expected = [("a", Action::Mute), ("b", Action::Kick), ("c", Action::Mute)];
    assert_eq!(left, expected.map(|(call, action)| (call.to_owned(), action)), "c's kick was not asked for in time");

    let journal = Memory::new();
    journal.put(mode(Mode::Lock, true));
    let join = journal.put(arrives("a"));
    let kick = journal.put(What::Asked(Ask { action: Action::Kick, rule: Some(Rule::Lock), ..ask("a", Cause::Rule(join)) }));
    journal.put(What::Sent(Sent { asks: vec![kick] }));
    let house = House::host(&journal, []);
    sleep(Duration::from_secs(60)).await;
    assert_eq!((house.ends(1).await[&kick.0].outcome, house.left().len()), (Outcome::Unknown, 0));
}

/// What the provider got: which host sent which ask.
type Wire = Arc<Mutex<Vec<(u32, u64)>>>;

/// One host's way to the provider.
struct Line {
    host: u32,
    wire: Wire,
    bridge: Fake,
}

impl Bridge for Line {
    async fn act(&self, order: &Order) -> Result<(), Fault> {
        self.wire.lock().expect("unpoisoned").push((self.host, order.number.parse().expect("an ask's number")));
        self.bridge.act(order).await
    }

    async fn keep_warm(&self) {}
}

/// Something that happens to the hosts.
#[derive(Clone, Debug)]
enum Step {
    Ask {
        call: u8,
        action: u8,
        cause: u8,
        old: bool,
    },
    Wait(u64),
    /// The next host takes over, with receipts that take so long, from one that lives, has died, or is stopped.
    TakeOver {
        slow: u64,
        before: u8,
    },
    Refused(u8),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (0..3_u8, 0..3_u8, 0..2_u8, prop::bool::weighted(0.1)).prop_map(|(call, action, cause, old)| Step::Ask { call, action, cause, old }),
        4 => (0..3_000_u64).prop_map(Step::Wait),
        2 => (prop::sample::select(vec![0, 20, 300, 3_000, 6_000]), 0..4_u8).prop_map(|(slow, before)| Step::TakeOver { slow, before }),
        1 => (1..4_u8).prop_map(Step::Refused),
    ];
    prop::collection::vec(step, 1..40)
}

struct Host {
    stop: Option<oneshot::Sender<Duration>>,
    engine: JoinHandle<()>,
}

fn begin(journal: &Arc<Memory>, wire: &Wire, host: u32, slow: u64, script: &[u8]) -> Host {
    let hand = journal.take_over(Duration::from_millis(slow));
    let reply = |kind: &u8| match kind {
        0 => no(20, FaultKind::NoConnection),
        1 => no(400, FaultKind::Cut),
        2 => no(30, FaultKind::Refused),
        3 => yes(2_500),
        _ => yes(40),
    };
    let line = Line { host, wire: wire.clone(), bridge: Fake::new(script.iter().map(reply)) };
    let last = journal.history().last().expect("a place");
    let settings = Settings { clock: journal.clock(), shared: Some(FRESH), ..settings() };
    let (stop, stopped) = oneshot::channel();
    let engine = Engine::new(hand.clone(), Arc::new(line), settings, last, None);
    Host { stop: Some(stop), engine: tokio::spawn(engine.run(hand.subscribe(last), stopped)) }
}

/// Runs the steps; gives the asks by their numbers, what the provider got, and what the journal holds.
async fn run(steps: Vec<Step>, script: Vec<u8>) -> (BTreeMap<u64, (Seq, u8)>, Vec<(u32, u64)>, Vec<Event>) {
    let _watch = Watch::new();
    let (journal, wire) = (Memory::new(), Wire::default());
    sleep(Duration::from_secs(100)).await;
    let mut asks = BTreeMap::new();
    let mut hosts = vec![begin(&journal, &wire, 0, 0, &script)];
    for (number, step) in (0..).zip(steps) {
        match step {
            Step::Ask { call, action, cause, old } => {
                let action = [Action::Mute, Action::Unmute, Action::Kick][usize::from(action)];
                let cause = [Cause::Key, Cause::Bulk][usize::from(cause)];
                let what = What::Asked(Ask { action, number: number.to_string().into(), ..ask(&call.to_string(), cause) });
                let seq = if old { journal.put_of(Moment(0), what) } else { journal.put(what) };
                asks.insert(number, (seq, call));
            }
            Step::Wait(millis) => sleep(Duration::from_millis(millis)).await,
            Step::Refused(times) => journal.refuse((0..times).map(|_| AppendError::Trouble("no leader".into()))),
            Step::TakeOver { slow, before } => {
                let host = hosts.last_mut().expect("a host");
                match before {
                    0 => host.engine.abort(),
                    1 => drop(host.stop.take().map(|stop| stop.send(Duration::from_secs(1)))),
                    // It has not heard of it when the next begins.
                    2 => drop(journal.depose()),
                    _ => {}
                }
                hosts.push(begin(&journal, &wire, hosts.len() as u32, slow, &script));
            }
        }
    }
    sleep(Duration::from_secs(200)).await;
    hosts.push(begin(&journal, &wire, hosts.len() as u32, 0, &[]));
    sleep(Duration::from_secs(60)).await;
    let wire = wire.lock().expect("unpoisoned").clone();
    (asks, wire, journal.all())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn no_ask_is_sent_by_two_hosts_and_each_ends_once_and_in_order(
        steps in steps(), script in prop::collection::vec(0..8_u8, 0..12)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
        let (asks, wire, events) = runtime.block_on(run(steps, script));
        for (number, (seq, _)) in &asks {
            let mut hosts: Vec<u32> = wire.iter().filter(|(_, sent)| sent == number).map(|(host, _)| *host).collect();
            hosts.dedup();
            prop_assert!(hosts.len() <= 1, "{number} was sent by {hosts:?}");
            let ends: Vec<&Answer> =
                events.iter().filter_map(|event| if let What::Answered(end) = &event.what { Some(end) } else { None }).filter(|end| end.ask == *seq).collect();
            prop_assert_eq!(ends.len(), 1, "{} {:?}", number, ends);
            let outcome = ends[0].outcome;
            prop_assert!(outcome != Outcome::NotSent || hosts.is_empty(), "{} was sent, and is told as not: {:?}", number, ends);
            prop_assert!(!matches!(outcome, Outcome::Accepted | Outcome::Refused) || !hosts.is_empty(), "{} {:?}", number, ends);
        }
        for call in 0..3 {
            let of_call: Vec<u64> = wire.iter().map(|(_, number)| *number).filter(|number| asks[number].1 == call).collect();
            prop_assert!(of_call.is_sorted(), "{call}: {of_call:?}");
        }
    }
}
