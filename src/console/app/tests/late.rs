//! What of a press has not come round yet, or came round with a number that it does not keep.

use super::*;
use crate::conference::event::{Ask, Halted, Mode, ModeSet, Recorded, Rule};

/// The asks that an effect halts.
fn halted(effects: &[Effect]) -> Vec<u64> {
    let asks =
        effects.iter().filter_map(|effect| if let Effect::Append(What::Halted(Halted { asks, .. })) = effect { Some(asks) } else { None });
    asks.flatten().map(|seq| seq.0).collect()
}

#[test]
fn a_press_that_has_not_come_round_is_not_taken_back_in_another_stay() {
    let mut stage = Stage::with(1);
    stage.keys("m");
    stage.event(leave("a"));
    stage.event(join("a", "1122", "12157010680"));
    assert_eq!(stage.asks("z"), []);
}

#[test]
fn what_another_moderator_asks_for_is_no_part_of_a_press() {
    let mut stage = Stage::with(2);
    let mutes = whats(stage.keys("* m"));
    let What::Asked(own) = &mutes[0] else { panic!("an ask") };
    stage.event(What::Asked(Ask { by: "bob".into(), ..own.clone() }));
    stage.keys("Esc");
    assert_eq!(halted(&stage.event(mutes[0].clone())), [stage.last()]);
}

#[test]
fn a_press_that_went_round_unrecorded_is_counted_and_taken_back_by_its_places() {
    let mut stage = Stage::with(2);
    let mutes = whats(stage.keys("* m"));
    let unrecorded = |place: u64| Seq(Seq::UNRECORDED.0 + place);
    for (place, what) in (1..).zip(mutes) {
        let event = Event { seq: unrecorded(place), at: stage.now, what };
        stage.app.update(stage.now, Message::Events([event].into()));
    }
    stage.event(What::Recorded(Recorded {
        since: stage.now,
        refused: 0,
        lost: 0,
        late: vec![(unrecorded(1), Seq(71)), (unrecorded(2), Seq(72))],
    }));
    stage.event(answer("a", 71, Outcome::Accepted));
    stage.event(answer("b", 72, Outcome::Accepted));
    assert!(stage.app.progress().is_none() && stage.notice().starts_with("mute 2: 2 done"), "{}", stage.notice());
    assert_eq!(stage.asks("z"), [(Action::Unmute, "a".into()), (Action::Unmute, "b".into())]);
}

#[test]
fn who_failed_and_left_is_not_marked_again() {
    let mut stage = Stage::with(2);
    let asks = stage.play("* m");
    stage.event(leave("a"));
    stage.answer(&asks[0], Outcome::Refused);
    stage.answer(&asks[1], Outcome::Refused);
    assert_eq!(stage.marked(), ["b"]);
}

#[test]
fn a_bulk_ask_that_runs_is_not_forgotten_for_presses_since() {
    let mut stage = Stage::with(3);
    stage.play("* m");
    for key in ["u", "m"].repeat(20) {
        stage.wait(1);
        let asks = stage.play(key);
        stage.answer(&asks[0], Outcome::Accepted);
    }
    assert!(stage.app.progress().is_some_and(|progress| progress.text.starts_with("mute 3: 0 done")));
}

#[test]
fn what_a_rule_asked_unrecorded_is_counted_by_its_place() {
    let mut stage = Stage::with(1);
    stage.event(What::Mode(ModeSet { conference: "1122".into(), mode: Mode::Lecture, on: true, by: "ada".into() }));
    let What::Asked(by_key) = ask("a", Action::Mute) else { panic!("an ask") };
    let ask = Ask { cause: Cause::Rule(Seq(stage.last())), rule: Some(Rule::Lecture), ..by_key };
    let unrecorded = Seq(Seq::UNRECORDED.0 + 1);
    stage.app.update(stage.now, Message::Events([Event { seq: unrecorded, at: stage.now, what: What::Asked(ask) }].into()));
    stage.event(What::Recorded(Recorded { since: stage.now, refused: 0, lost: 0, late: vec![(unrecorded, Seq(71))] }));
    stage.event(answer("a", 71, Outcome::Accepted));
    assert!(stage.log_says("lecture mode in 1122 muted 1") && !stage.log_says("to go"), "{:?}", stage.app.lines);
}
