//! What may be given up is shown against the folds themselves: by plain cases, and by random histories.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::conference::event::{Banned, Contact, Contacts, Exempted, Lifted, Named};
use crate::conference::people::{Ban, People};

const NUMBERS: [&str; 3] = ["12157010680", "4930901820", "447700900123"];

fn number(who: usize) -> Number {
    Number::from_digits(NUMBERS[who]).expect("a number")
}

fn named(who: usize, name: &str) -> What {
    What::Named(Named { call: "c".into(), number: Some(number(who)), name: name.into(), by: "ada".into() })
}

fn exempted(who: usize, exempt: bool) -> What {
    What::Exempted(Exempted { call: "c".into(), number: Some(number(who)), exempt, by: "ada".into() })
}

fn banned(who: usize, until: Option<i64>) -> What {
    What::Banned(Banned { number: number(who), reason: "".into(), until: until.map(Moment), by: "ada".into() })
}

fn lifted(who: usize) -> What {
    What::Lifted(Lifted { number: number(who), by: "ada".into() })
}

fn mode(mode: Mode, on: bool) -> What {
    What::Mode(ModeSet { conference: "1122".into(), mode, on, by: "ada".into() })
}

fn contacts(edited: i64, rows: &[(usize, &str, bool)], gone: &[usize]) -> What {
    let row = |&(who, name, exempt): &(usize, &str, bool)| Contact {
        number: number(who),
        name: name.into(),
        role: "".into(),
        note: "".into(),
        exempt,
    };
    let people = rows.iter().map(row).collect();
    What::Contacts(Contacts { edited: Moment(edited), people, gone: gone.iter().map(|who| number(*who)).collect() })
}

/// Facts one after the other, one a millisecond.
fn told(whats: impl IntoIterator<Item = What>) -> Vec<Event> {
    (1..).zip(whats).map(|(seq, what)| Event { seq: Seq(seq), at: Moment(seq as i64), what }).collect()
}

fn kept(whats: impl IntoIterator<Item = What>) -> Vec<u64> {
    carried(&told(whats), Moment(1_000)).into_iter().map(|seq| seq.0).collect()
}

#[test]
fn the_latest_of_its_kind_stays_and_what_took_something_back_goes_with_it() {
    assert_eq!(kept([named(0, "Ada"), named(1, "Ben"), named(0, "Eve")]), [2, 3]);
    assert_eq!(kept([banned(0, None), lifted(0), banned(1, None)]), [3], "a ban and its lifting");
    assert_eq!(kept([lifted(0), banned(0, None), banned(0, Some(2_000))]), [3]);
    assert_eq!(kept([banned(0, None), banned(0, Some(900)), banned(1, Some(1_000))]), [0; 0], "what is over by itself");
    assert_eq!(kept([exempted(0, true), exempted(0, false), exempted(1, true)]), [2, 3], "no longer exempt counts against the file");
    let (lecture, lock) = (|on| mode(Mode::Lecture, on), |on| mode(Mode::Lock, on));
    assert_eq!(kept([lecture(true), lock(true), lecture(true), lock(false), lecture(true)]), [1], "since when it holds stays known");
    assert_eq!(kept([lecture(true), lecture(false), lecture(false), lecture(true)]), [4]);
}

#[test]
fn what_is_about_one_call_alone_goes_with_it() {
    let call_only = What::Named(Named { call: "c".into(), number: None, name: "Ada".into(), by: "ada".into() });
    let spared = What::Exempted(Exempted { call: "c".into(), number: None, exempt: true, by: "ada".into() });
    let join = crate::conference::story::join("c", "1122", NUMBERS[0]);
    assert_eq!(kept([join, call_only, spared]), [0; 0]);
}

#[test]
fn what_the_file_said_first_stays_where_a_moderator_said_something_since() {
    // Without the first reading the second one would look like an edit of the name.
    let noted = contacts(5, &[(0, "Grace", true)], &[]);
    assert_eq!(kept([contacts(1, &[(0, "Grace", false)], &[]), named(0, "Ada"), noted]), [1, 2, 3]);
    assert_eq!(kept([contacts(1, &[(0, "Grace", false)], &[]), contacts(2, &[(0, "Eve", false)], &[])]), [2]);
    let two = contacts(1, &[(0, "Grace", false), (1, "Ben", false)], &[]);
    assert_eq!(kept([two, contacts(2, &[(0, "Eve", false)], &[])]), [1, 2], "another row of it stands");
}

fn fact() -> impl Strategy<Value = What> {
    let who = || 0..NUMBERS.len();
    let name = || prop_oneof![Just(""), Just("Ada"), Just("Ben")];
    let rows = proptest::collection::vec((who(), name(), any::<bool>()), 0..3);
    prop_oneof![
        3 => (who(), name()).prop_map(|(who, name)| named(who, name)),
        2 => (who(), any::<bool>()).prop_map(|(who, exempt)| exempted(who, exempt)),
        2 => (who(), proptest::option::of(0..80_i64)).prop_map(|(who, until)| banned(who, until)),
        1 => who().prop_map(lifted),
        4 => (0..60_i64, rows, proptest::collection::vec(who(), 0..2)).prop_map(|(edited, rows, gone)| contacts(edited, &rows, &gone)),
        3 => (any::<bool>(), any::<bool>()).prop_map(|(lecture, on)| mode(if lecture { Mode::Lecture } else { Mode::Lock }, on)),
    ]
}

/// What all of these say, as it can be asked for at a moment and later.
fn folded<'a>(facts: impl Iterator<Item = &'a Event>, at: Moment) -> (Vec<(Person, Option<Ban>)>, Modes) {
    let (mut people, mut modes) = (People::default(), Modes::default());
    for fact in facts {
        people.apply(&fact.what, fact.at);
        if let What::Mode(set) = &fact.what {
            modes.apply(set, fact.at, fact.seq);
        }
    }
    let people = (0..NUMBERS.len()).map(|who| {
        let (person, ban) = (people.get(number(who)).cloned().unwrap_or_default(), people.ban(number(who), at).cloned());
        (person.without_ban(), ban)
    });
    (people.collect(), modes)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Clocks are set back and forth, so the times are as random as the facts.
    #[test]
    fn what_is_given_up_is_missed_by_nobody_also_half_way(
        history in proptest::collection::vec((fact(), 0..60_i64), 1..120), place in any::<prop::sample::Index>(), stop in any::<prop::sample::Index>(),
    ) {
        let events: Vec<Event> =
            (1..).zip(history).map(|(seq, (what, at))| Event { seq: Seq(seq), at: Moment(at), what }).collect();
        let (old, young) = events.split_at(place.index(events.len() + 1));
        let now = Moment(40);
        let carried: BTreeSet<Seq> = carried(old, now).into_iter().collect();
        let given_up: Vec<Seq> = old.iter().map(|fact| fact.seq).filter(|seq| !carried.contains(seq)).collect();
        // Whoever stopped after some of them, and whoever reads up to any place after the cut.
        for gone in [stop.index(given_up.len() + 1), given_up.len()] {
            let gone: BTreeSet<Seq> = given_up[..gone].iter().copied().collect();
            for until in [0, young.len() / 2, young.len()] {
                let all = || old.iter().chain(&young[..until]);
                let left = all().filter(|fact| !gone.contains(&fact.seq));
                prop_assert_eq!(folded(all(), now), folded(left, now));
            }
        }
        // And it does not grow with all that was ever said.
        prop_assert!(carried.len() <= NUMBERS.len() * 6 + 2, "{:?}", carried);
    }
}
