//! From a scenario and a seed to what every call does. Pure: the same two make the same script.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use super::{Caller, Crowd, Scenario};

/// What all calls do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// One entry a call; scripted callers first, in the file's order.
    pub calls: Vec<Call>,
}

/// One call: its identity and its steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The call flow instance key: eight digits, like the provider's samples.
    pub key: String,
    /// Which of the scenario's callers it is; none for one of the crowd.
    pub caller: Option<usize>,
    /// The caller's name.
    pub name: Option<String>,
    /// What is sent as `E164`.
    pub number: String,
    /// The conference.
    pub conference: String,
    /// Whether the flow puts the caller in muted.
    pub muted: bool,
    /// Further fields for the join callback.
    pub fields: BTreeMap<String, String>,
    /// What happens when, counted from the script's beginning, in order.
    pub steps: Vec<(Duration, Step)>,
}

/// One thing that a call does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The call flow instance is created.
    Start,
    /// The flow reaches the control before the conference, then the conference.
    Join,
    /// The hand goes up (`true`) or down.
    Hand(bool),
    /// The caller hangs up, or the flow goes on after the conference.
    Leave,
}

pub(super) fn write(scenario: &Scenario, seed: u64) -> Script {
    let mut dice = Dice(seed);
    let mut keys = HashSet::new();
    let mut key = |dice: &mut Dice| {
        loop {
            let drawn = 10_000_000 + dice.below(90_000_000);
            if keys.insert(drawn) {
                return drawn.to_string();
            }
        }
    };
    let mut calls: Vec<Call> = scenario.callers.iter().enumerate().map(|(index, caller)| scripted(key(&mut dice), index, caller)).collect();
    if let Some(crowd) = &scenario.crowd {
        let mut taken: HashSet<String> = calls.iter().map(|call| call.number.clone()).collect();
        for _ in 0..crowd.count {
            let key = key(&mut dice);
            calls.push(one_of_many(key, crowd, scenario, &mut dice, &mut taken));
        }
    }
    Script { calls }
}

fn scripted(key: String, index: usize, caller: &Caller) -> Call {
    let mut steps = Vec::new();
    steps.extend(caller.start.map(|at| (at, Step::Start)));
    steps.push((caller.at, Step::Join));
    steps.extend(caller.hand.iter().enumerate().map(|(nth, at)| (*at, Step::Hand(nth % 2 == 0))));
    steps.extend(caller.leave.map(|at| (at, Step::Leave)));
    steps.extend(caller.back.map(|at| (at, Step::Join)));
    Call {
        key,
        caller: Some(index),
        name: caller.name.clone(),
        number: caller.number.clone(),
        conference: caller.conference.clone(),
        muted: caller.muted,
        fields: caller.fields.clone(),
        steps,
    }
}

fn one_of_many(key: String, crowd: &Crowd, scenario: &Scenario, dice: &mut Dice, taken: &mut HashSet<String>) -> Call {
    let at = dice.within(crowd.over);
    let mut steps = Vec::new();
    steps.extend(scenario.start.map(|before| (at.saturating_sub(before), Step::Start)));
    steps.push((at, Step::Join));
    let stay = crowd.stay.map(|stay| stay / 2 + dice.within(stay));
    if dice.below(5) == 0 {
        let room = stay.unwrap_or(Duration::from_secs(60));
        steps.push((at + room / 4 + dice.within(room / 4), Step::Hand(true)));
        steps.push((at + room / 2 + dice.within(room / 4), Step::Hand(false)));
    }
    steps.extend(stay.map(|stay| (at + stay, Step::Leave)));
    let conference = &scenario.conferences[dice.below(scenario.conferences.len() as u64) as usize];
    Call {
        key,
        caller: None,
        name: (dice.below(3) > 0).then(|| name(dice)),
        number: number(dice, taken),
        conference: conference.clone(),
        muted: false,
        fields: BTreeMap::new(),
        steps,
    }
}

/// Numbers that regulators keep free for fiction or documentation: what stands before the drawn digits, and how many are drawn.
const FICTION: [(&str, u32); 18] = [
    ("120255501", 2),
    ("121255501", 2),
    ("131255501", 2),
    ("141555501", 2),
    ("150355501", 2),
    ("161755501", 2),
    ("442079460", 3),
    ("441314960", 3),
    ("441614960", 3),
    ("447700900", 3),
    ("493023125", 3),
    ("496990009", 3),
    ("498999998", 3),
    ("3319900", 4),
    ("3326191", 4),
    ("3335301", 4),
    ("6125550", 4),
    ("6137010", 4),
];

/// A number nobody else has, as long as there are any left.
fn number(dice: &mut Dice, taken: &mut HashSet<String>) -> String {
    loop {
        for _ in 0..64 {
            let (front, digits) = FICTION[dice.below(FICTION.len() as u64) as usize];
            let drawn = format!("{front}{:0width$}", dice.below(10u64.pow(digits)), width = digits as usize);
            if taken.insert(drawn.clone()) {
                return drawn;
            }
        }
        // More people than such numbers: the next ones share.
        taken.clear();
    }
}

const GIVEN: [&str; 20] = [
    "Ada", "Amadou", "Bruno", "Carla", "Dana", "Elif", "Femi", "Grace", "Hugo", "Ines", "Jonas", "Kwame", "Léa", "Mina", "Noor", "Oskar",
    "Priya", "Rosa", "Tomás", "Zoë",
];
const FAMILY: [&str; 20] = [
    "Abe",
    "Baptiste",
    "Costa",
    "Dvořák",
    "Eriksen",
    "Fischer",
    "García",
    "Haddad",
    "Ito",
    "Jensen",
    "Kowalska",
    "Lindqvist",
    "Moreau",
    "Nguyen",
    "Okafor",
    "Petrov",
    "Quinn",
    "Rossi",
    "Şahin",
    "Weber",
];

fn name(dice: &mut Dice) -> String {
    let given = GIVEN[dice.below(GIVEN.len() as u64) as usize];
    let family = FAMILY[dice.below(FAMILY.len() as u64) as usize];
    format!("{given} {family}")
}

/// `SplitMix64` (Steele, Lea and Flood, 2014): small, seeded, and good enough to shuffle people.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`, which must not be 0. The bias of the remainder does not matter here.
    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn within(&mut self, time: Duration) -> Duration {
        Duration::from_millis(self.below(time.as_millis() as u64 + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CROWDED: &str = r#"
title = "crowded"
conferences = ["1", "2"]
flow.start = "1s"
crowd = { count = 500, over = "60s", stay = "2m" }
[[caller]]
number = "+1 212 555 0101"
at = "3s"
leave = "9s"
back = "12s"
hand = ["5s", "6s"]
"#;

    #[test]
    fn the_same_seed_makes_the_same_script() {
        let scenario = Scenario::parse("crowded", CROWDED).expect("a scenario");
        assert_eq!(scenario.script(7), scenario.script(7));
        let (seven, eight) = (scenario.script(7), scenario.script(8));
        assert_ne!(seven, eight);
        assert_ne!(seven.calls[0].key, eight.calls[0].key);
        assert_eq!(seven.calls[0].steps, eight.calls[0].steps, "what is scripted is no matter of chance");
    }

    #[test]
    fn the_generator_is_the_published_one() {
        // First output of SplitMix64 for seed 0, as in its reference code.
        assert_eq!(Dice(0).next(), 0xe220_a839_7b1d_cdaf);
    }

    #[test]
    fn a_scripted_call_does_what_the_file_says() {
        let scenario = Scenario::parse("crowded", CROWDED).expect("a scenario");
        let steps: Vec<(u64, Step)> = scenario.script(1).calls[0].steps.iter().map(|(at, step)| (at.as_secs(), *step)).collect();
        let wanted = [(2, Step::Start), (3, Step::Join), (5, Step::Hand(true)), (6, Step::Hand(false)), (9, Step::Leave), (12, Step::Join)];
        assert_eq!(steps, wanted);
    }

    #[test]
    fn a_crowd_is_plausible() {
        let scenario = Scenario::parse("crowded", CROWDED).expect("a scenario");
        let calls = scenario.script(3).calls;
        assert_eq!(calls.len(), 501);
        let distinct = |field: fn(&Call) -> &str| calls.iter().map(field).collect::<HashSet<_>>().len();
        assert_eq!(distinct(|call| &call.key), 501, "keys are unique");
        assert_eq!(distinct(|call| &call.number), 501, "nobody shares a number by chance");
        assert_eq!(distinct(|call| &call.conference), 2, "both conferences are used");
        for call in &calls {
            assert!(call.key.len() == 8 && call.key.bytes().all(|b| b.is_ascii_digit()), "{}", call.key);
            assert!(crate::phone::Number::from_digits(&call.number).is_some(), "{}", call.number);
            assert!(call.steps.windows(2).all(|pair| pair[0].0 <= pair[1].0), "{:?}", call.steps);
        }
    }
}
