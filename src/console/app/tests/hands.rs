//! Raised hands and the floor: what the keys append, and what is said.

use super::*;
use crate::conference::event::{FloorGiven, HandMoved};

/// Hands of these callers go up, one after the other.
fn raise(stage: &mut Stage, callers: &str) {
    for key in callers.chars() {
        stage.event(hand(&key.to_string(), true));
    }
}

fn queue(stage: &Stage) -> String {
    let ids = stage.app.roster.hands(&"1122".into()).iter();
    ids.filter_map(|id| Some(stage.app.roster.get(*id)?.key().to_owned())).collect()
}

fn floor(stage: &Stage) -> Option<String> {
    stage.app.roster.floor(&"1122".into()).and_then(|id| Some(stage.app.roster.get(id)?.key().to_owned()))
}

#[test]
fn h_raises_and_lowers_the_hand_of_the_caller_under_the_cursor() {
    let mut stage = Stage::with(2);
    let effects = stage.keys("Down h");
    let moved = |up| HandMoved { call: "b".into(), up, first: false, by: Some("ada".into()) };
    assert_eq!(effects, [Effect::Append(What::Hand(moved(true)))]);
    stage.come_round(effects);
    assert_eq!((queue(&stage).as_str(), stage.notice()), ("b", "ada raised a hand for Caller b"));
    stage.wait(1);
    assert_eq!(stage.keys("h"), [Effect::Append(What::Hand(moved(false)))]);
    stage.event(leave("b"));
    assert!(stage.keys("Esc h").is_empty());
    assert_eq!(stage.notice(), "Caller b has left");
}

#[test]
fn g_gives_the_floor_to_the_next_hand_and_mutes_who_had_it() {
    let mut stage = Stage::with(3);
    raise(&mut stage, "cab");
    let effects = stage.keys("g");
    let [Effect::AppendAll(whats)] = &effects[..] else { panic!("in one go, not {effects:?}") };
    assert_eq!(whats[0], What::Floor(FloorGiven { conference: "1122".into(), call: Some("c".into()), by: "ada".into() }));
    assert!(matches!(&whats[1..], [What::Asked(ask)] if (ask.action, ask.cause) == (Action::Unmute, Cause::Floor)), "{whats:?}");
    assert_eq!(stage.come_round(effects).len(), 1);
    assert_eq!((queue(&stage).as_str(), floor(&stage).as_deref()), ("ab", Some("c")), "the hand goes down");
    assert_eq!(stage.notice(), "ada gave the floor to Caller c");

    let asks: Vec<_> = stage.play("Up g").into_iter().map(|(_, action, call)| (action, call)).collect();
    assert_eq!(asks, [(Action::Mute, "c".into()), (Action::Unmute, "a".into())], "who had it is silenced first");
    assert_eq!((queue(&stage).as_str(), floor(&stage).as_deref()), ("b", Some("a")));
    // Who had it has left: there is nobody to be muted.
    stage.event(leave("a"));
    let asks: Vec<_> = stage.play("Up g").into_iter().map(|(_, action, call)| (action, call)).collect();
    assert_eq!(asks, [(Action::Unmute, "b".into())]);
}

#[test]
fn who_has_the_floor_and_raises_a_hand_keeps_the_voice() {
    let mut stage = Stage::with(1);
    raise(&mut stage, "a");
    stage.play("g");
    raise(&mut stage, "a");
    assert_eq!(stage.asks("Up g"), [(Action::Unmute, "a".into())]);
}

#[test]
fn a_key_held_down_does_not_race_through_the_queue() {
    let mut stage = Stage::with(3);
    raise(&mut stage, "abc");
    assert_eq!(stage.play("g g g g g").len(), 1);
    assert_eq!(queue(&stage), "bc");
    let unmute = stage.last();
    for _ in 0..9 {
        stage.now = Moment(stage.now.0 + 400);
        assert!(stage.keys("g").is_empty(), "however long it is held, before there is an answer");
    }
    stage.event(answer("a", unmute, Outcome::Accepted));
    stage.now = Moment(stage.now.0 + 150);
    assert_eq!(stage.play("g").len(), 2, "who presses again has seen what the first press did");
    stage.wait(1);
    assert_eq!(stage.play("g").len(), 2, "a later press is another one anyhow");
}

#[test]
fn a_key_held_down_turns_nothing_round_and_round() {
    for key in ["h", "M", "L", "x"] {
        let mut stage = Stage::with(1);
        let effects = stage.keys(&format!("{key} {key} {key}"));
        assert_eq!(whats(effects.clone()).len(), 1, "{key}: nothing was seen of the first press yet");
        stage.come_round(effects);
        stage.now = Moment(stage.now.0 + 100);
        assert_eq!(stage.play_all(key), 1, "{key}: what it did is on the screen, and a second press turns it back");
        stage.now = Moment(stage.now.0 + 1);
        assert_eq!(stage.play_all(key), 1, "{key}: however quickly");
        for _ in 0..20 {
            stage.now = Moment(stage.now.0 + 30);
            assert_eq!(stage.play_all(key), 0, "{key}: nobody presses so often so quickly");
        }
        stage.now = Moment(stage.now.0 + 200);
        assert_eq!(stage.play_all(key), 1, "{key}: this is a press of its own");
    }
}

#[test]
fn with_no_hand_up_it_is_said_who_has_the_floor_and_what_ends_it() {
    let mut stage = Stage::with(2);
    assert!(stage.keys("g").is_empty());
    assert_eq!(stage.notice(), "no hand is up in 1122");
    raise(&mut stage, "b");
    stage.play("Up g");
    assert!(stage.keys("Up g").is_empty());
    assert_eq!(stage.notice(), "no hand is up; Caller b has the floor (m mutes)");
    stage.play("End m");
    assert_eq!(floor(&stage), None);
}

#[test]
fn the_floor_can_be_taken_back() {
    let mut stage = Stage::with(2);
    let back = ": f l o o r Space b a c k Enter";
    assert!(stage.keys(back).is_empty());
    assert_eq!(stage.notice(), "nobody has the floor of 1122");
    raise(&mut stage, "b");
    stage.play("g");
    let asks: Vec<_> = stage.play(back).into_iter().map(|(_, action, call)| (action, call)).collect();
    assert_eq!((asks, floor(&stage)), (vec![(Action::Mute, "b".into())], None));
    assert_eq!(stage.notice(), "ada took the floor of 1122 back");
}

#[test]
fn a_caller_who_cannot_be_asked_for_is_passed_over_by_name() {
    let mut stage = Stage::with(1);
    stage.event(join("w", "1122", ""));
    raise(&mut stage, "w");
    assert!(stage.keys("g").is_empty());
    assert!(stage.notice().starts_with("cannot give the floor: no number #"), "{}", stage.notice());
    raise(&mut stage, "a");
    assert_eq!(stage.asks("Down g"), [(Action::Unmute, "a".into())]);
    assert!(stage.log_says("passed over: no number #") && stage.notice().contains("withheld the number"), "{}", stage.notice());
    assert_eq!(queue(&stage), "wa", "the hand stays up: somebody may read the question");
}

#[test]
fn on_the_first_tab_the_conference_of_the_caller_under_the_cursor_is_meant() {
    let mut stage = Stage::new(|_| {});
    stage.event(start("s"));
    for (key, conference) in [("a", "1"), ("b", "2")] {
        stage.event(join(key, conference, "12157010680"));
        stage.event(hand(key, true));
    }
    assert!(stage.keys("g").is_empty());
    assert!(stage.notice().contains("is in no conference yet; Tab shows a conference"), "{}", stage.notice());
    assert_eq!(stage.asks("End g"), [(Action::Unmute, "b".into())]);
    stage.keys("2");
    assert_eq!(stage.asks("g"), [(Action::Unmute, "a".into())], "a tab is its conference");
    let mut nobody = Stage::new(|_| {});
    for key in ["g", "M", "L"] {
        assert!(nobody.keys(key).is_empty());
        assert!(nobody.notice().starts_with("nobody is under the cursor"), "{}", nobody.notice());
    }
}

#[test]
fn a_hand_is_moved_before_all_others() {
    let mut stage = Stage::with(3);
    let first = ": h a n d Space f i r s t Enter";
    stage.keys(first);
    assert_eq!(stage.notice(), "Caller a has no hand up");
    raise(&mut stage, "abc");
    stage.keys(first);
    assert_eq!(stage.notice(), "the hand of Caller a is the first already");
    stage.keys("End");
    stage.play(first);
    assert_eq!((queue(&stage).as_str(), stage.notice()), ("cab", "ada put the hand of Caller c first"));
    assert_eq!(stage.asks("Home g"), [(Action::Unmute, "c".into())]);
}

#[test]
fn all_hands_go_down_by_y_only() {
    let mut stage = Stage::with(3);
    let clear = ": c l e a r Space h a n d s Enter";
    stage.keys(clear);
    assert_eq!((stage.notice(), &stage.app.dialog), ("no hand is up in 1122", &None));
    raise(&mut stage, "abc");
    for no in ["n", "Enter", "Esc", "Ctrl-c"] {
        stage.keys(clear);
        assert!(matches!(stage.app.dialog, Some(Dialog::ClearHands(_))));
        assert!(stage.keys(no).is_empty(), "{no}");
        assert_eq!((stage.notice(), &stage.app.dialog), ("the hands stay up", &None));
    }
    stage.keys(clear);
    stage.play("y");
    assert_eq!((queue(&stage).as_str(), stage.notice()), ("", "ada lowered all hands in 1122"));
}

#[test]
fn rows_are_sorted_by_the_queue() {
    let mut stage = Stage::with(4);
    raise(&mut stage, "dba");
    stage.event(What::Hand(HandMoved { call: "a".into(), up: true, first: true, by: Some("ada".into()) }));
    stage.keys("s s s s s s");
    assert_eq!((stage.notice(), stage.listed().join("").as_str()), ("sorted by hand: raised first, in the order of the queue", "adbc"));
}

#[test]
fn the_hands_open_by_themselves_only_where_they_take_nothing_away() {
    let mut stage = Stage::with(3);
    let shown = |stage: &mut Stage, size: (u16, u16)| {
        stage.app.update(stage.now, Message::Resized(size.0, size.1));
        (stage.app.layout().queue.height > 0, stage.app.layout().rows)
    };
    let before = shown(&mut stage, (140, 40));
    assert!(!before.0);
    raise(&mut stage, "ab");
    assert_eq!(shown(&mut stage, (140, 40)), (true, before.1), "the table did not move");
    assert!(!shown(&mut stage, (80, 24)).0 && !shown(&mut stage, (123, 40)).0);
    stage.keys("e");
    assert!(!shown(&mut stage, (140, 40)).0, "no column is there");
    stage.keys("H");
    assert!(shown(&mut stage, (80, 24)).0 && shown(&mut stage, (140, 40)).0);
    stage.keys("e H");
    assert!(!shown(&mut stage, (140, 40)).0, "closed is closed");
    let lines = stage.app.queue_lines();
    assert!(matches!(lines[..], [QueueLine::Hand(1, _), QueueLine::Hand(2, _)]), "{lines:?}");
    stage.play("g");
    assert!(matches!(stage.app.queue_lines()[..], [QueueLine::Floor(_), QueueLine::Hand(1, _)]));
    stage.event(join("x", "7", "4930"));
    assert_eq!(stage.app.queue_lines()[0], QueueLine::Conference("1122".into()), "of two conferences it says which");
}

#[test]
fn the_age_of_a_hand_in_sight_steps() {
    let mut stage = Stage::with(1);
    stage.app.update(stage.now, Message::Resized(140, 40));
    stage.wait(3_700);
    let heard = stage.app.last_callback;
    stage.play("h");
    assert_eq!(stage.app.last_callback, heard, "a moderator's hand is no callback");
    let next = stage.app.next_change().expect("a step");
    assert_eq!(next.since(stage.now), Duration::from_secs(5));
}

/// What the floor's property test does, one step at a time.
#[derive(Clone, Debug)]
enum Turn {
    Event(What),
    Press(&'static str),
}

fn any_turn() -> impl Strategy<Value = Turn> {
    let key = || prop::sample::select(vec!["a", "b", "c", "d"]);
    let number = prop::sample::select(vec!["", "4930", "4931"]);
    prop_oneof![
        3 => (key(), number).prop_map(|(key, number)| Turn::Event(join(key, "1122", number))),
        1 => key().prop_map(|key| Turn::Event(leave(key))),
        4 => (key(), any::<bool>()).prop_map(|(key, up)| Turn::Event(hand(key, up))),
        6 => prop::sample::select(vec!["g", "h", "Down", "Up", "m", ": h a n d Space f i r s t Enter", ": f l o o r Space b a c k Enter"])
            .prop_map(Turn::Press),
    ]
}

proptest! {
    /// Whatever comes in between: the floor goes to the first hand that can be asked for, only that caller is
    /// unmuted by it, and only who had it before is muted.
    #[test]
    fn the_floor_asks_for_nobody_but_the_first_hand_and_who_had_it(turns in prop::collection::vec(any_turn(), 0..60)) {
        let mut stage = Stage::with(2);
        stage.keys("2");
        for turn in turns {
            match turn {
                Turn::Event(what) => _ = stage.event(what),
                Turn::Press(keys) => {
                    let before = floor(&stage);
                    let reachable = |key: &char| {
                        let id = stage.app.roster.find(&key.to_string().as_str().into());
                        id.and_then(|id| stage.app.roster.get(id)).is_some_and(|call| call.number.is_some())
                    };
                    let first = queue(&stage).chars().find(reachable).map(String::from);
                    let effects = stage.keys(keys);
                    let given = whats(effects.clone()).iter().any(|what| matches!(what, What::Floor(_)));
                    let asks: Vec<_> = stage.come_round(effects).into_iter().map(|(_, action, call)| (action, call)).collect();
                    if !given {
                        prop_assert!(keys == "m" || asks.is_empty());
                        continue;
                    }
                    let to = if keys == "g" { first } else { None };
                    let mute = before.filter(|had| Some(had) != to.as_ref()).map(|had| (Action::Mute, had));
                    let unmute = to.clone().map(|to| (Action::Unmute, to));
                    // Who has the floor has a number, or got it before it was withheld.
                    let wanted: Vec<_> = mute.into_iter().chain(unmute).filter(|(_, key)| key.chars().all(|key| {
                        let id = stage.app.roster.find(&key.to_string().as_str().into());
                        id.and_then(|id| stage.app.roster.get(id)).is_some_and(|call| call.number.is_some())
                    })).collect();
                    prop_assert_eq!(asks, wanted);
                    prop_assert_eq!(floor(&stage), to);
                    stage.wait(1);
                }
            }
        }
    }
}
