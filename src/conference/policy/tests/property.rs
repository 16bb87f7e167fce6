//! Random joins, leavings, modes, bans, exemptions, asks and answers, against what is known of everybody plainly.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

const KEYS: [&str; 5] = ["a", "b", "c", "d", "nameless"];

#[derive(Clone, Debug)]
enum Step {
    Join(usize),
    Leave(usize),
    Mode(Mode, bool),
    Ban(usize),
    Lift(usize),
    Exempt(usize, bool),
    Hand(usize, Action, bool),
    Answer(usize, Outcome),
    Pass(i64),
}

fn step() -> impl Strategy<Value = Step> {
    let who = 0..KEYS.len();
    let action = prop_oneof![Just(Action::Mute), Just(Action::Unmute), Just(Action::Kick)];
    let outcome = prop_oneof![
        4 => Just(Outcome::Accepted),
        1 => Just(Outcome::Refused),
        1 => Just(Outcome::NotDelivered),
        1 => Just(Outcome::Unknown),
        1 => Just(Outcome::NotSent),
    ];
    prop_oneof![
        4 => who.clone().prop_map(Step::Join),
        2 => who.clone().prop_map(Step::Leave),
        3 => (prop_oneof![2 => Just(Mode::Lecture), 1 => Just(Mode::Lock)], any::<bool>()).prop_map(|(mode, on)| Step::Mode(mode, on)),
        1 => who.clone().prop_map(Step::Ban),
        1 => who.clone().prop_map(Step::Lift),
        2 => (who.clone(), any::<bool>()).prop_map(|(who, on)| Step::Exempt(who, on)),
        2 => (who, action, any::<bool>()).prop_map(|(who, action, key)| Step::Hand(who, action, key)),
        5 => (0..8_usize, outcome).prop_map(|(place, outcome)| Step::Answer(place, outcome)),
        5 => prop_oneof![Just(0_i64), 1..400_i64, 1_500..2_000_i64, Just(70_000)].prop_map(Step::Pass),
    ]
}

/// What is plainly so.
#[derive(Default)]
struct Plain {
    inside: BTreeSet<&'static str>,
    exempt: BTreeSet<&'static str>,
    lecture: bool,
    /// Asks without an answer, each with the mute that it found.
    open: Vec<(Seq, Ask, Option<Seq>)>,
    causes: BTreeSet<(String, Action, Seq)>,
    /// The mutes by which lecture mode took voices that nobody has changed since.
    silenced: BTreeMap<&'static str, Seq>,
}

impl Plain {
    fn own(key: &CallKey) -> &'static str {
        KEYS.into_iter().find(|own| *own == key.as_str()).expect("one of the keys")
    }
}

fn take_due(world: &mut World, plain: &mut Plain) -> Result<(), TestCaseError> {
    while world.policy.due_in(Moment(world.now)).is_some_and(|wait| wait.is_zero()) {
        for ask in world.policy.take(Moment(world.now), 2) {
            let key = Plain::own(&ask.call);
            let Cause::Rule(cause) = ask.cause else { return Err(TestCaseError::fail("a rule's cause")) };
            prop_assert!(plain.inside.contains(key), "{key} is gone");
            prop_assert_ne!(key, "nameless");
            match ask.rule {
                Some(Rule::Lecture) => prop_assert!(plain.lecture && !plain.exempt.contains(key)),
                Some(Rule::Lock) => prop_assert!(!plain.exempt.contains(key)),
                Some(Rule::LectureEnded) => prop_assert!(!plain.lecture && plain.silenced.contains_key(key)),
                Some(Rule::Exemption) => prop_assert!(plain.exempt.contains(key) && plain.silenced.contains_key(key)),
                Some(Rule::Ban) => {}
                None => prop_assert!(false, "no rule"),
            }
            prop_assert!(plain.causes.insert((key.to_owned(), ask.action, cause)), "{key} twice because of {cause:?}");
            let (seq, told) = world.tell(What::Asked(ask.clone()));
            prop_assert_eq!(told.moot, None);
            let found = plain.silenced.get(key).copied();
            if ask.rule == Some(Rule::Lecture) {
                plain.silenced.insert(key, seq);
            }
            plain.open.push((seq, ask, found));
        }
    }
    Ok(())
}

fn end(world: &mut World, plain: &mut Plain, place: usize, outcome: Outcome) {
    let (seq, ask, found) = plain.open.remove(place);
    let key = Plain::own(&ask.call);
    let known = world.policy.flying.contains_key(&(ask.call.clone(), seq));
    world.answer(key, seq, outcome);
    let failed = matches!(outcome, Outcome::Refused | Outcome::NotDelivered | Outcome::NotSent);
    if !known {
        return;
    }
    let over = match ask.rule {
        Some(Rule::Lecture) if failed => Some(seq),
        Some(Rule::LectureEnded | Rule::Exemption) if !failed => found,
        _ => None,
    };
    if over.is_some() && plain.silenced.get(key).copied() == over {
        plain.silenced.remove(key);
    }
    if ask.action == Action::Kick && outcome == Outcome::Accepted {
        plain.inside.remove(key);
        plain.silenced.remove(key);
    }
}

fn stopped(world: &mut World, plain: &mut Plain, told: &Told) {
    // What has not left yet never does; every second one has.
    for seq in told.stop.iter().filter(|seq| seq.0 % 2 == 0) {
        if let Some(place) = plain.open.iter().position(|(open, ..)| open == seq) {
            end(world, plain, place, Outcome::NotSent);
        }
    }
}

fn run(steps: Vec<Step>) -> Result<(), TestCaseError> {
    let (mut world, mut plain) = (World::new(), Plain::default());
    world.now = 100_000;
    for step in steps {
        match step {
            Step::Join(who) => {
                let key = KEYS[who];
                if plain.inside.insert(key) {
                    plain.silenced.remove(key);
                }
                world.put(join(key, "1122", &if key == "nameless" { String::new() } else { number(key) }));
            }
            Step::Leave(who) => {
                plain.inside.remove(KEYS[who]);
                plain.silenced.remove(KEYS[who]);
                world.put(leave(KEYS[who]));
            }
            Step::Mode(which, on) => {
                if which == Mode::Lecture {
                    plain.lecture = on;
                }
                let told = world.tell(mode(which, on)).1;
                stopped(&mut world, &mut plain, &told);
            }
            Step::Ban(who) => drop(world.put(ban(KEYS[who], None))),
            Step::Lift(who) => {
                let told = world.tell(lift(KEYS[who])).1;
                stopped(&mut world, &mut plain, &told);
            }
            Step::Exempt(who, on) => {
                let key = KEYS[who];
                if on {
                    plain.exempt.insert(key);
                } else {
                    plain.exempt.remove(key);
                }
                let told = world.tell(if key == "nameless" { exempt_call(key, on) } else { exempt(key, on) }).1;
                stopped(&mut world, &mut plain, &told);
            }
            Step::Hand(who, action, key_press) => {
                let key = KEYS[who];
                if plain.inside.contains(key) {
                    let seq = world.by_hand(key, action, if key_press { Cause::Key } else { Cause::Bulk });
                    plain.silenced.remove(key);
                    // It leaves and is answered: what never leaves changes nothing, and has a test of its own.
                    world.answer(key, seq, if action == Action::Kick { Outcome::Refused } else { Outcome::Accepted });
                }
            }
            Step::Answer(place, outcome) => {
                if place < plain.open.len() {
                    end(&mut world, &mut plain, place, outcome);
                }
            }
            Step::Pass(millis) => world.now += millis,
        }
        take_due(&mut world, &mut plain)?;
    }
    // At the end lecture mode is off and everything is answered: whoever it silenced has been given the voice.
    world.now += 2_000;
    take_due(&mut world, &mut plain)?;
    plain.lecture = false;
    let told = world.tell(lecture(false)).1;
    stopped(&mut world, &mut plain, &told);
    take_due(&mut world, &mut plain)?;
    while !plain.open.is_empty() {
        end(&mut world, &mut plain, 0, Outcome::Accepted);
        take_due(&mut world, &mut plain)?;
    }
    let owed: Vec<_> = world.policy.calls.iter().filter(|(_, call)| call.is_in() && call.silenced != Seq(0)).collect();
    // An unmute that failed before the end is not asked for again by itself.
    let failed = |key: &str| plain.causes.iter().any(|(name, action, _)| name == key && *action == Action::Unmute);
    prop_assert!(owed.iter().all(|(name, _)| failed(name.as_str())), "{owed:?}");
    let silenced = plain.silenced.keys().filter(|key| !failed(key)).count();
    prop_assert_eq!(silenced, 0);
    Ok(())
}

/// While lecture mode holds and everything is accepted, whoever is in, not exempt and not unmuted by hand is muted.
fn run_lecture(steps: Vec<Step>) -> Result<(), TestCaseError> {
    let (mut world, mut plain) = (World::new(), Plain::default());
    let mut by_hand = BTreeSet::new();
    world.now = 100_000;
    let start = [Step::Mode(Mode::Lecture, true), Step::Join(0), Step::Join(1)];
    for step in start.into_iter().chain(steps) {
        match step {
            Step::Join(4) | Step::Leave(4) | Step::Exempt(4, _) | Step::Hand(4, ..) => {}
            Step::Join(who) => {
                if plain.inside.insert(KEYS[who]) {
                    by_hand.remove(KEYS[who]);
                }
                world.put(join(KEYS[who], "1122", &number(KEYS[who])));
            }
            Step::Leave(who) => {
                plain.inside.remove(KEYS[who]);
                world.put(leave(KEYS[who]));
            }
            Step::Mode(Mode::Lecture, on) => {
                if on && !plain.lecture {
                    by_hand.clear();
                }
                plain.lecture = on;
                let told = world.tell(lecture(on)).1;
                stopped(&mut world, &mut plain, &told);
            }
            Step::Exempt(who, on) => {
                if on {
                    plain.exempt.insert(KEYS[who]);
                } else if plain.exempt.remove(KEYS[who]) {
                    by_hand.remove(KEYS[who]);
                }
                let told = world.tell(exempt(KEYS[who], on)).1;
                stopped(&mut world, &mut plain, &told);
            }
            Step::Hand(who, action, _) if action != Action::Kick && plain.inside.contains(KEYS[who]) => {
                by_hand.insert(KEYS[who]);
                let seq = world.by_hand(KEYS[who], action, Cause::Key);
                world.answer(KEYS[who], seq, Outcome::Accepted);
            }
            Step::Answer(place, _) if place < plain.open.len() => {
                // Those of one call leave one after the other.
                let first = plain.open.iter().position(|(_, ask, _)| ask.call == plain.open[place].1.call).unwrap_or(place);
                end(&mut world, &mut plain, first, Outcome::Accepted);
            }
            Step::Pass(millis) => world.now += millis,
            _ => {}
        }
        take_due(&mut world, &mut plain)?;
    }
    for _ in 0..3 {
        world.now += 2_000;
        take_due(&mut world, &mut plain)?;
        while !plain.open.is_empty() {
            end(&mut world, &mut plain, 0, Outcome::Accepted);
            take_due(&mut world, &mut plain)?;
        }
    }
    for key in plain.inside.iter().filter(|key| plain.lecture && !plain.exempt.contains(*key) && !by_hand.contains(*key)) {
        let muted = world.policy.calls.get(&CallKey::new(key)).expect("known").is(call::Mark::Muted);
        prop_assert!(muted, "{key} speaks");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nobody_is_asked_who_must_not_be_and_every_voice_comes_back(steps in proptest::collection::vec(step(), 1..80)) {
        run(steps)?;
    }

    #[test]
    fn lecture_mode_holds_for_everybody_it_is_for(steps in proptest::collection::vec(step(), 1..40)) {
        run_lecture(steps)?;
    }
}
