//! The whole loop on a paused clock: a scripted bridge on one side, a journal on the other.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use super::fake::{Fake, Memory, Reply, ask, no, yes};
use super::*;
use crate::bridge::{Fault, FaultKind};
use crate::conference::event::{Answer, Arrival, Ask, CallOnly, Cause, Sent, Seq, What};
use crate::conference::{Action, CallKey, Outcome};
use crate::journal::{AppendError, Receipt};

mod ending;
mod outage;
mod rules;
mod shared;
mod takeover;
mod too_late;

/// The longest that anything is waited for: on the paused clock, and on the real one in case the loop spins and
/// the paused one stands still.
const LONGEST: (Duration, Duration) = (Duration::from_secs(3_600), Duration::from_secs(60));

/// Ends the test program when it is not dropped in time.
struct Watch {
    _over: mpsc::Sender<()>,
}

impl Watch {
    fn new() -> Self {
        let (over, watched) = mpsc::channel::<()>();
        let test = std::thread::current().name().unwrap_or_default().to_owned();
        std::thread::spawn(move || {
            if watched.recv_timeout(LONGEST.1) == Err(mpsc::RecvTimeoutError::Timeout) {
                // A panic would end this thread alone.
                let _ = writeln!(std::io::stderr(), "{test}: the loop spins, and the paused clock stands still");
                std::process::exit(101);
            }
        });
        Self { _over: over }
    }
}

/// A running loop.
struct House {
    _watch: Watch,
    journal: Arc<Memory>,
    bridge: Fake,
    begun: Instant,
    stop: Option<oneshot::Sender<Duration>>,
    engine: JoinHandle<()>,
}

fn settings() -> Settings {
    let begun = Instant::now();
    Settings {
        pace: 10,
        parallel: 4,
        keep_warm: false,
        ask_after_join: Duration::from_millis(1_500),
        send_withheld: false,
        look_back: Duration::from_secs(3_600),
        shared: None,
        clock: Arc::new(move || Moment::default().plus(begun.elapsed())),
    }
}

impl House {
    fn open(script: impl IntoIterator<Item = Reply>) -> Self {
        Self::with(Memory::new(), settings(), script)
    }

    fn with(journal: Arc<Memory>, settings: Settings, script: impl IntoIterator<Item = Reply>) -> Self {
        let bridge = Fake::new(script);
        let (stop, stopped) = oneshot::channel();
        let last = journal.history().last().expect("a place");
        let feed = journal.subscribe(last);
        let engine = Engine::new(journal.clone(), Arc::new(bridge.clone()), settings, last, None);
        let engine = tokio::spawn(engine.run(feed, stopped));
        Self { _watch: Watch::new(), journal, bridge, begun: Instant::now(), stop: Some(stop), engine }
    }

    fn asked(&self, call: &str, cause: Cause) -> Seq {
        self.journal.put(What::Asked(ask(call, cause)))
    }

    fn asked_to(&self, action: Action, call: &str) -> Seq {
        self.journal.put(What::Asked(Ask { action, ..ask(call, Cause::Key) }))
    }

    /// Waits until so many asks have ended; gives their ends by their places.
    async fn ends(&self, many: usize) -> BTreeMap<u64, Answer> {
        let mut feed = self.journal.subscribe(Seq(0));
        let mut ends = BTreeMap::new();
        while ends.len() < many {
            let Ok(events) = timeout(LONGEST.0, feed.next()).await else { panic!("{many} ends were waited for, and came only {ends:?}") };
            let events = events.expect("an open journal").expect("readable");
            for event in events.iter() {
                if let What::Answered(answer) = &event.what {
                    assert!(ends.insert(answer.ask.0, answer.clone()).is_none(), "ended twice: {answer:?}");
                }
            }
        }
        ends
    }

    /// When each try left, in milliseconds, and for which call.
    fn left(&self) -> Vec<(u128, String)> {
        self.bridge.left().iter().map(|(at, order)| ((*at - self.begun).as_millis(), order.call.to_string())).collect()
    }

    fn marks(&self) -> Vec<Vec<u64>> {
        let mark = |what| if let What::Sent(Sent { asks }) = what { Some(asks.iter().map(|seq| seq.0).collect()) } else { None };
        self.journal.all().into_iter().filter_map(|event| mark(event.what)).collect()
    }

    async fn stop(&mut self, grace: u64) {
        self.stop.take().expect("running").send(Duration::from_secs(grace)).expect("running");
        self.ended().await;
    }

    async fn ended(&mut self) {
        timeout(LONGEST.0, &mut self.engine).await.expect("it ends").expect("no panic");
    }

    /// Until nothing more happens at this moment of the paused clock.
    async fn rest(&self) {
        sleep(Duration::from_micros(100)).await;
    }
}

fn joined(call: &str) -> What {
    What::Joined(Arrival {
        call: CallKey::new(call),
        conference: Some("1122".into()),
        number: None,
        instead: None,
        name: None,
        called: None,
        others: None,
        hand: false,
    })
}

fn only(call: &str) -> CallOnly {
    CallOnly { call: CallKey::new(call) }
}

#[tokio::test(start_paused = true)]
async fn an_ask_leaves_at_once_and_its_end_is_written_down() {
    let house = House::open([yes(120), no(30, FaultKind::Refused), no(0, FaultKind::TimedOut)]);
    let (a, b, c) = (house.asked("a", Cause::Key), house.asked("b", Cause::Key), house.asked("c", Cause::Key));
    let ends = house.ends(3).await;
    let end = |seq: Seq| (ends[&seq.0].outcome, ends[&seq.0].reached, &*ends[&seq.0].detail);
    assert_eq!(end(a), (Outcome::Accepted, true, ""));
    assert_eq!(end(b), (Outcome::Refused, true, "Refused"));
    assert_eq!(end(c), (Outcome::Unknown, false, "TimedOut"));
    assert_eq!((ends[&a.0].millis, ends[&a.0].call.as_str()), (120, "a"));
    assert!(house.left().iter().all(|(at, _)| *at == 0), "single keys are not paced: {:?}", house.left());
    assert!(house.marks().is_empty(), "a single key is its own mark");
}

#[tokio::test(start_paused = true)]
async fn one_ask_in_flight_for_each_call_and_the_newest_waiting_one_wins() {
    let house = House::open([yes(1_000)]);
    let first = house.asked_to(Action::Mute, "a");
    house.rest().await;
    let second = house.asked_to(Action::Unmute, "a");
    let third = house.asked_to(Action::Mute, "a");
    let fourth = house.asked_to(Action::Unmute, "a");
    let ends = house.ends(4).await;
    for replaced in [second, third] {
        assert_eq!((ends[&replaced.0].outcome, &*ends[&replaced.0].detail), (Outcome::NotSent, "replaced by a newer ask"));
        assert_eq!(ends[&replaced.0].millis, 0);
    }
    assert_eq!((ends[&first.0].outcome, ends[&fourth.0].outcome), (Outcome::Accepted, Outcome::Accepted));
    let left: Vec<_> = house.bridge.left().iter().map(|(at, order)| ((*at - house.begun).as_millis(), order.action)).collect();
    assert_eq!(left, [(0, Action::Mute), (1_000, Action::Unmute)]);

    let house = House::open([]);
    let (older, newer) = (house.asked_to(Action::Mute, "a"), house.asked_to(Action::Unmute, "a"));
    let ends = house.ends(2).await;
    assert_eq!((ends[&older.0].outcome, ends[&newer.0].outcome), (Outcome::NotSent, Outcome::Accepted), "heard together, too");
}

#[tokio::test(start_paused = true)]
async fn bulk_asks_are_paced_marked_in_batches_and_overtaken_by_a_key() {
    let house = House::open([]);
    let bulk: Vec<u64> =
        (0..30).map(|i| house.asked(&format!("b{i}"), if i % 2 == 0 { Cause::Bulk } else { Cause::Rule(Seq(1)) }).0).collect();
    sleep(Duration::from_millis(450)).await;
    let key = house.asked("key", Cause::Key);
    let ends = house.ends(31).await;
    assert!(ends.values().all(|end| end.outcome == Outcome::Accepted));
    let left = house.left();
    let at = |call: &str| left.iter().find(|(_, other)| other == call).map(|(at, _)| *at).expect("left");
    assert_eq!(at("key"), 450, "after five of the thirty: {key:?}");
    let paced: Vec<u128> = left.iter().filter(|(_, call)| call != "key").map(|(at, _)| *at).collect();
    assert!(paced.windows(2).all(|two| (100..=105).contains(&(two[1] - two[0]))), "ten a second, evenly: {paced:?}");
    assert!(paced.windows(11).all(|ten| ten[10] - ten[0] >= 1_000), "{paced:?}");
    let marks = house.marks();
    assert!(marks.iter().all(|mark| mark.len() <= 4) && marks.iter().any(|mark| mark.len() > 1), "{marks:?}");
    assert_eq!(marks.concat(), bulk, "each once, in order, and the key not at all");
}

#[tokio::test(start_paused = true)]
async fn no_more_bulk_asks_at_once_than_set_but_keys_do_not_count() {
    let house = House::with(Memory::new(), Settings { pace: 1_000, ..settings() }, (0..40).map(|_| yes(3_000)));
    for i in 0..10 {
        house.asked(&format!("b{i}"), Cause::Bulk);
    }
    sleep(Duration::from_secs(1)).await;
    assert_eq!(house.left().len(), 4);
    assert_eq!(house.marks().concat().len(), 4, "nothing is marked that cannot leave");
    for i in 0..10 {
        house.asked(&format!("k{i}"), Cause::Key);
    }
    house.rest().await;
    assert_eq!(house.left().len(), 14);
    house.ends(20).await;
}

#[tokio::test(start_paused = true)]
async fn a_bulk_ask_leaves_only_when_its_mark_is_on_disk() {
    let house = House::open([]);
    house.journal.hold();
    house.asked("a", Cause::Bulk);
    sleep(Duration::from_secs(60)).await;
    assert!(house.left().is_empty());
    assert_eq!(house.marks().len(), 1);
    let released = house.begun.elapsed().as_millis();
    house.journal.release();
    house.ends(1).await;
    assert_eq!(house.left()[0].0, released);
}

#[tokio::test(start_paused = true)]
async fn an_answer_waits_for_room_in_the_queue() {
    let house = House::open([]);
    house.asked("a", Cause::Key);
    house.rest().await;
    house.journal.refuse((0..20).map(|_| AppendError::Busy));
    let ends = house.ends(1).await;
    assert_eq!(ends[&1].outcome, Outcome::Accepted);
    assert!(house.begun.elapsed() > Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn nobody_is_asked_for_who_is_gone() {
    for gone in [What::Left(only("a")), What::Removed(only("a"))] {
        let house = House::open([yes(500)]);
        let first = house.asked("a", Cause::Key);
        house.rest().await;
        let second = house.asked("a", Cause::Key);
        house.rest().await;
        house.journal.put(gone);
        let ends = house.ends(2).await;
        assert_eq!((ends[&second.0].outcome, &*ends[&second.0].detail), (Outcome::NotSent, "the caller left"));
        assert_eq!(ends[&first.0].outcome, Outcome::Accepted, "what is in flight is told as it ends");
        assert_eq!(house.left().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn an_accepted_kick_is_the_end_of_what_waits() {
    let house = House::open([yes(500), no(500, FaultKind::Refused)]);
    let kick = house.asked_to(Action::Kick, "a");
    let refused = house.asked_to(Action::Kick, "b");
    house.rest().await;
    let mute = house.asked_to(Action::Mute, "a");
    let after = house.asked_to(Action::Mute, "b");
    let ends = house.ends(4).await;
    assert_eq!(ends[&kick.0].outcome, Outcome::Accepted);
    assert_eq!((ends[&mute.0].outcome, &*ends[&mute.0].detail), (Outcome::NotSent, "the caller left"));
    assert_eq!((ends[&refused.0].outcome, ends[&after.0].outcome), (Outcome::Refused, Outcome::Accepted));
}

#[tokio::test(start_paused = true)]
async fn a_bulk_ask_whose_caller_left_while_it_was_marked_never_leaves() {
    let house = House::open([]);
    house.journal.hold();
    let seq = house.asked("a", Cause::Bulk);
    house.rest().await;
    house.journal.put(What::Left(only("a")));
    house.rest().await;
    house.journal.release();
    let ends = house.ends(1).await;
    sleep(Duration::from_secs(5)).await;
    assert_eq!(ends[&seq.0].outcome, Outcome::NotSent);
    assert!(house.left().is_empty());
}

#[tokio::test(start_paused = true)]
async fn asks_from_before_the_resume_window_are_left_alone() {
    let journal = Memory::new();
    journal.put(What::Asked(ask("a", Cause::Key)));
    let clock: Clock = Arc::new(|| Moment(3_600_001));
    let house = House::with(journal, Settings { clock, ..settings() }, []);
    let new = house.asked("b", Cause::Key);
    let ends = house.ends(1).await;
    assert!(ends.contains_key(&new.0), "{ends:?}");
}

#[tokio::test(start_paused = true)]
async fn what_outlasts_the_grace_is_unknown() {
    let mut house = House::open([yes(7_000)]);
    let flying = house.asked("a", Cause::Key);
    house.rest().await;
    house.stop(2).await;
    let end = house.ends(1).await.remove(&flying.0).expect("an end");
    assert_eq!((end.outcome, &*end.detail), (Outcome::Unknown, "confmod quit before the answer came"));
    let took = house.begun.elapsed();
    assert!((Duration::from_secs(2)..Duration::from_millis(2_600)).contains(&took), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_connection_is_kept_warm_while_callers_are_in() {
    let house = House::with(Memory::new(), Settings { keep_warm: true, ..settings() }, []);
    let warmed = |house: &House| house.bridge.warmed().iter().map(|at| (*at - house.begun).as_secs()).collect::<Vec<_>>();
    sleep(Duration::from_secs(60)).await;
    assert!(warmed(&house).is_empty(), "nobody is in");
    house.journal.put(joined("a"));
    house.journal.put(joined("b"));
    sleep(Duration::from_secs(50)).await;
    assert_eq!(warmed(&house), [60, 80, 100]);
    house.asked("a", Cause::Key);
    sleep(Duration::from_secs(25)).await;
    assert_eq!(warmed(&house), [60, 80, 100, 130], "an ask keeps it warm too");
    house.journal.put(What::Left(only("a")));
    house.asked_to(Action::Kick, "b");
    sleep(Duration::from_secs(300)).await;
    assert_eq!(warmed(&house).len(), 4, "the last one was kicked");

    let back = House::with(house.journal.clone(), Settings { keep_warm: true, ..settings() }, []);
    sleep(Duration::from_secs(50)).await;
    assert!(warmed(&back).is_empty(), "as the journal says at the next start");
    let cold = House::open([]);
    cold.journal.put(joined("a"));
    sleep(Duration::from_secs(60)).await;
    assert!(warmed(&cold).is_empty(), "only when it is set");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_early_in_a_call_is_tried_again() {
    let house = House::open([no(10, FaultKind::Refused), yes(10)]);
    let young = house.journal.put(What::Asked(Ask { joined: Moment(0), ..ask("a", Cause::Key) }));
    assert_eq!(house.ends(1).await[&young.0].outcome, Outcome::Accepted);
    assert_eq!(house.left().len(), 2);
}

/// On the real journal and the real clock: the thread starts, sends, writes down, and stops.
#[tokio::test(start_paused = true)]
async fn a_fault_that_may_have_acted_is_never_told_as_not_delivered() {
    for kind in [FaultKind::TimedOut, FaultKind::Cut, FaultKind::Gateway, FaultKind::NoAnswer] {
        assert!(Fault::new(kind, "").may_have_acted());
        let house = House::open((0..3).map(|_| no(1, kind)));
        house.asked_to(Action::Kick, "a");
        assert_eq!(house.ends(1).await[&1].outcome, Outcome::Unknown);
        assert_eq!(house.left().len(), 1, "a kick is not repeated");
    }
}
