//! Hands, the floor and modes, each sentence with a story that breaks when it does.

use super::*;
use crate::conference::Outcome;
use crate::conference::event::Arrival;
use crate::conference::event::{FloorGiven, HandMoved, HandsCleared, Mode, ModeSet};
use crate::conference::story::{answer, arrival, ask, events, hand, join, leave, start};
use crate::phone::Number;

fn fold(story: Vec<What>) -> Roster {
    let mut roster = Roster::default();
    for event in events((0..).zip(story)) {
        roster.apply(&event);
    }
    roster
}

fn queue(roster: &Roster, conference: &str) -> Vec<String> {
    roster.hands(&conference.into()).iter().filter_map(|id| Some(roster.get(*id)?.key().to_owned())).collect()
}

fn floor(roster: &Roster) -> Option<String> {
    roster.floor(&"1122".into()).and_then(|id| Some(roster.get(id)?.key().to_owned()))
}

fn give(call: Option<&str>) -> What {
    What::Floor(FloorGiven { conference: "1122".into(), call: call.map(CallKey::new), by: "ada".into() })
}

fn first(call: &str) -> What {
    What::Hand(HandMoved { call: call.into(), up: true, first: true, by: Some("ada".into()) })
}

fn three() -> Vec<What> {
    ["a", "b", "c"].into_iter().zip(["+491", "+492", "+493"]).map(|(key, number)| join(key, "1122", &number[1..])).collect()
}

#[test]
fn hands_keep_the_order_in_which_they_went_up() {
    let mut story = three();
    story.extend([hand("c", true), hand("a", true), hand("c", true), hand("b", true)]);
    let roster = fold(story.clone());
    assert_eq!(queue(&roster, "1122"), ["c", "a", "b"], "a repeat changes nothing");
    let places: Vec<_> = roster.iter().map(|(id, _)| roster.hand_place(id)).collect();
    assert_eq!(places, [Some(2), Some(3), Some(1)]);

    story.extend([hand("a", false), first("b")]);
    assert_eq!(queue(&fold(story.clone()), "1122"), ["b", "c"]);
    story.push(leave("b"));
    assert_eq!(queue(&fold(story.clone()), "1122"), ["c"], "who leaves waits no longer");
    story.extend([join("b", "1122", "492"), hand("zz", true)]);
    assert_eq!(queue(&fold(story.clone()), "1122"), ["c"], "nor after coming back");
    story.push(What::HandsCleared(HandsCleared { conference: "1122".into(), by: "ada".into() }));
    let roster = fold(story);
    assert_eq!((queue(&roster, "1122").len(), roster.all().hands), (0, 0));
}

#[test]
fn a_hand_is_of_the_conference_its_caller_is_in() {
    let with_hand = |conference: &str| What::Joined(Arrival { hand: true, ..arrival("x", conference, "4930") });
    assert_eq!(queue(&fold(vec![with_hand("1122")]), "1122"), ["x"]);
    let roster = fold(vec![with_hand("1122"), with_hand("7")]);
    assert_eq!((queue(&roster, "1122").len(), queue(&roster, "7").len()), (0, 1));
    let moved = fold(vec![with_hand("1122"), join("x", "7", "4930")]);
    assert_eq!((queue(&moved, "1122").len(), queue(&moved, "7").len()), (0, 0), "it does not follow into another one");
    let early = fold(vec![start("y"), hand("y", true), join("y", "1122", "")]);
    assert_eq!(queue(&early, "1122"), ["y"], "the hand went up before the join came");
    let kicked = fold(vec![with_hand("1122"), ask("x", Action::Kick), answer("x", 2, Outcome::Accepted)]);
    assert!(queue(&kicked, "1122").is_empty());
}

#[test]
fn the_floor_passes_on_and_ends_with_its_caller() {
    let mut story = three();
    story.extend([hand("a", true), hand("b", true), give(Some("a"))]);
    let roster = fold(story.clone());
    assert_eq!((floor(&roster).as_deref(), queue(&roster, "1122")), (Some("a"), vec!["b".to_owned()]), "the hand goes down");
    story.push(give(Some("b")));
    assert_eq!(floor(&fold(story.clone())).as_deref(), Some("b"));
    let of_many = match ask("b", Action::Mute) {
        What::Asked(ask) => What::Asked(crate::conference::event::Ask { cause: Cause::Bulk, ..ask }),
        other => other,
    };
    for end in [give(None), leave("b"), ask("b", Action::Mute), of_many, give(Some("nobody"))] {
        let mut story = story.clone();
        story.push(end.clone());
        assert_eq!(floor(&fold(story)), None, "{end:?}");
    }
    for stays in [ask("b", Action::Unmute), ask("a", Action::Mute), leave("a"), hand("b", true)] {
        let mut story = story.clone();
        story.push(stays.clone());
        assert_eq!(floor(&fold(story)).as_deref(), Some("b"), "{stays:?}");
    }
}

#[test]
fn the_floor_is_not_lost_by_what_passing_it_on_asks_for() {
    let mut story = three();
    let passing = |key: &str| match ask(key, Action::Mute) {
        What::Asked(ask) => What::Asked(crate::conference::event::Ask { cause: Cause::Floor, ..ask }),
        other => other,
    };
    story.extend([give(Some("a")), passing("a")]);
    assert_eq!(floor(&fold(story)).as_deref(), Some("a"), "the event passes it on, not the ask");
}

#[test]
fn modes_and_exemptions_are_known() {
    let set = |on| What::Mode(ModeSet { conference: "1122".into(), mode: Mode::Lecture, on, by: "ada".into() });
    let exempt = |call: &str, number: Option<&str>, exempt| {
        let number = number.and_then(Number::from_digits);
        What::Exempted(Exempted { call: call.into(), number, exempt, by: "ada".into() })
    };
    let mut story = three();
    story.extend([set(true), exempt("a", Some("491"), true), join("d", "1122", ""), exempt("d", None, true)]);
    let roster = fold(story.clone());
    assert!(roster.mode(&"1122".into(), Mode::Lecture).is_some() && roster.mode(&"1122".into(), Mode::Lock).is_none());
    let spared: Vec<_> = roster.iter().map(|(_, call)| roster.is_exempt(call)).collect();
    assert_eq!(spared, [true, false, false, true]);
    story.extend([set(false), exempt("a", Some("491"), false), exempt("d", None, false), join("e", "1122", "491")]);
    let roster = fold(story);
    assert!(roster.modes().iter().next().is_none() && roster.iter().all(|(_, call)| !roster.is_exempt(call)));
}
