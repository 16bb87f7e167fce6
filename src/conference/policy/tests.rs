//! What the rules ask, sentence by sentence. A dispatcher that answers everything plays along.

use std::time::Duration;

use super::call::Call;
use super::*;
use crate::conference::event::{
    Answer, Ask, Banned, Cause, Contact, Contacts, Exempted, FloorGiven, Lifted, Mode, ModeSet, Recorded, Rule,
};
use crate::conference::story::{arrival, join, leave, remove, start};
use crate::conference::{Action, Outcome};
use crate::phone::Number;

mod floor;
mod kicks;
mod lecture;
mod property;
mod restart;

const WAIT: Duration = Duration::from_millis(1_500);

/// A policy and the journal's next place. Asks that are taken come back as events at once.
#[derive(Clone)]
struct World {
    policy: Policy,
    seq: u64,
    now: i64,
    /// Every ask so far, and what was told of it.
    asks: Vec<(Seq, Ask)>,
}

impl World {
    fn new() -> Self {
        let mut policy = Policy::new(WAIT, false);
        policy.begin(Moment(0));
        Self { policy, seq: 0, now: 0, asks: Vec::new() }
    }

    fn tell(&mut self, what: What) -> (Seq, Told) {
        self.seq += 1;
        let event = Event { seq: Seq(self.seq), at: Moment(self.now), what };
        (Seq(self.seq), self.policy.apply(&event))
    }

    /// Tells and gives the place.
    fn put(&mut self, what: What) -> Seq {
        self.tell(what).0
    }

    /// What is due by now, made: `call action rule`.
    fn due(&mut self) -> Vec<String> {
        let mut made = Vec::new();
        while self.policy.due_in(Moment(self.now)).is_some_and(|wait| wait.is_zero()) {
            for ask in self.policy.take(Moment(self.now), 100) {
                made.push(format!("{} {} {}", ask.call, ask.action.word(), ask.rule.expect("a rule's").words()));
                let (seq, told) = self.tell(What::Asked(ask.clone()));
                assert_eq!(told.moot, None, "what was just handed out stands");
                self.asks.push((seq, ask));
            }
        }
        made
    }

    fn after(&mut self, millis: i64) -> Vec<String> {
        self.now += millis;
        self.due()
    }

    /// The last ask of a call ends.
    fn ends(&mut self, key: &str, outcome: Outcome) {
        let ask = self.asks.iter().rev().find(|(_, ask)| ask.call.as_str() == key).expect("asked").0;
        self.answer(key, ask, outcome);
    }

    fn answer(&mut self, key: &str, ask: Seq, outcome: Outcome) {
        self.put(What::Answered(Answer { ask, call: key.into(), outcome, detail: "".into(), millis: 9, reached: true }));
    }

    fn by_hand(&mut self, key: &str, action: Action, cause: Cause) -> Seq {
        let ask = Ask {
            action,
            call: key.into(),
            conference: "1122".into(),
            number: "12157010680".into(),
            by: "ada".into(),
            cause,
            rule: None,
            joined: Moment(0),
        };
        self.put(What::Asked(ask))
    }

    /// Asked by hand, and accepted.
    fn done(&mut self, key: &str, action: Action) {
        let ask = self.by_hand(key, action, Cause::Key);
        self.answer(key, ask, Outcome::Accepted);
    }

    /// Callers of these keys have joined long ago.
    fn with(callers: &[&str]) -> Self {
        let mut world = Self::new();
        for key in callers {
            world.put(join(key, "1122", &number(key)));
        }
        world.now = 60_000;
        assert_eq!(world.due(), [""; 0]);
        world
    }

    /// Everything that was asked of everybody is accepted.
    fn all_end(&mut self) {
        for (seq, ask) in self.asks.clone() {
            self.answer(ask.call.as_str(), seq, Outcome::Accepted);
        }
    }
}

/// A number of its own for each key.
fn number(key: &str) -> String {
    let digits: u64 = key.bytes().fold(0, |sum, byte| (sum * 256 + u64::from(byte)) % 1_000_000_000);
    format!("1{digits:09}")
}

fn parsed(key: &str) -> Number {
    Number::from_digits(&number(key)).expect("a number")
}

fn mode(mode: Mode, on: bool) -> What {
    What::Mode(ModeSet { conference: "1122".into(), mode, on, by: "grace".into() })
}

fn lecture(on: bool) -> What {
    mode(Mode::Lecture, on)
}

fn lock(on: bool) -> What {
    mode(Mode::Lock, on)
}

fn exempt(key: &str, exempt: bool) -> What {
    What::Exempted(Exempted { call: key.into(), number: Some(parsed(key)), exempt, by: "eve".into() })
}

fn exempt_call(key: &str, exempt: bool) -> What {
    What::Exempted(Exempted { call: key.into(), number: None, exempt, by: "eve".into() })
}

fn listed(key: &str, exempt: bool, edited: i64) -> What {
    let row = Contact { number: parsed(key), name: "".into(), role: "speaker".into(), note: "".into(), exempt };
    What::Contacts(Contacts { edited: Moment(edited), people: vec![row], gone: vec![] })
}

fn ban(key: &str, until: Option<i64>) -> What {
    What::Banned(Banned { number: parsed(key), reason: "".into(), until: until.map(Moment), by: "bob".into() })
}

fn lift(key: &str) -> What {
    What::Lifted(Lifted { number: parsed(key), by: "bob".into() })
}

fn floor(key: &str) -> What {
    What::Floor(FloorGiven { conference: "1122".into(), call: (!key.is_empty()).then(|| key.into()), by: "ada".into() })
}

fn none() -> Vec<String> {
    Vec::new()
}

#[test]
fn a_call_is_small() {
    let entry = size_of::<(CallKey, Call)>();
    // There is room for 131,072 of them at a hundred thousand callers: 10.5 MB.
    assert!(entry <= 80, "{entry} bytes");
}

#[test]
fn a_hundred_thousand_leave_nothing_behind() {
    let mut world = World::new();
    world.put(lecture(true));
    for i in 0..2_000 {
        world.put(join(&format!("{i}"), "1122", "12157010680"));
    }
    assert_eq!(world.after(1_500).len(), 2_000);
    world.all_end();
    assert!(world.policy.is_anybody_in() && world.policy.flying.is_empty() && world.policy.due_in(Moment(world.now)).is_none());
    for i in 0..2_000 {
        world.put(leave(&format!("{i}")));
    }
    assert!(!world.policy.is_anybody_in());
    world.now += 600_000;
    world.put(start("new"));
    assert_eq!((world.policy.calls.len(), world.policy.gone.len()), (1, 0), "ten minutes later");
}

#[test]
fn calls_that_went_silent_are_forgotten() {
    let mut world = World::with(&["a", "b"]);
    world.now = 7_200_000;
    let ask = world.by_hand("b", Action::Mute, Cause::Key);
    world.answer("b", ask, Outcome::Accepted);
    world.policy.forget(Moment(world.now), Duration::from_secs(3_600));
    assert!(world.policy.calls.get(&"b".into()).is_some() && world.policy.calls.len() == 1);
    world.put(leave("b"));
    assert!(!world.policy.is_anybody_in());
}

#[test]
fn of_very_many_who_are_gone_the_last_are_remembered_and_for_a_minute_who_was_kicked() {
    let mut world = World::new();
    for call in 0..30_000 {
        world.put(join(&call.to_string(), &format!("c{}", call / 10), "12157010680"));
        world.put(leave(&call.to_string()));
    }
    // The last of them is looked at with what comes next.
    assert_eq!((world.policy.calls.len(), world.policy.gone.len()), (10_001, 10_001));
    world.put(join("kicked", "1122", "12157010680"));
    let kick = world.by_hand("kicked", Action::Kick, Cause::Key);
    world.answer("kicked", kick, Outcome::Accepted);
    let churn = |world: &mut World, from: i32| {
        for call in from..from + 12_000 {
            world.put(join(&format!("new {call}"), "1122", ""));
            world.put(leave(&format!("new {call}")));
        }
    };
    churn(&mut world, 0);
    assert!(world.policy.calls.get(&"kicked".into()).is_some(), "a call back is told from a new caller");
    world.now += 60_000;
    churn(&mut world, 12_000);
    assert!(world.policy.calls.get(&"kicked".into()).is_none());
    assert_eq!((world.policy.calls.len(), world.policy.gone.len()), (10_001, 10_001));
}

#[test]
fn conferences_that_nobody_is_in_are_forgotten_and_those_of_the_others_stay_theirs() {
    let mut world = World::new();
    world.put(join("stays", "first", "12157010680"));
    for call in 0..5_000 {
        world.now += 700_000;
        world.put(join(&call.to_string(), &format!("c{call}"), ""));
        world.put(leave(&call.to_string()));
    }
    world.put(join("later", "last", "12157010681"));
    assert!(world.policy.rooms.len() <= 260, "{}", world.policy.rooms.len());
    for (conference, key) in [("first", "stays"), ("last", "later")] {
        world.put(What::Mode(ModeSet { conference: conference.into(), mode: Mode::Lecture, on: true, by: "ada".into() }));
        world.now += 2_000;
        assert_eq!(world.due(), [format!("{key} mute lecture mode")]);
    }
}
