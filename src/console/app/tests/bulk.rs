//! Asks for many: how far they are, stopping, what stays marked, and taking back.

use super::*;
use crate::conference::event::{Ask, Halted};

fn progress(stage: &Stage) -> String {
    stage.app.progress().map(|progress| progress.text).unwrap_or_default()
}

fn halted(effects: &[Effect]) -> Vec<u64> {
    match effects {
        [Effect::Append(What::Halted(Halted { asks, by, .. }))] if &**by == "ada" => asks.iter().map(|seq| seq.0).collect(),
        other => panic!("not one order to stop: {other:?}"),
    }
}

fn cause(effects: &[Effect]) -> Vec<Cause> {
    let asks = whats(effects.to_vec());
    asks.iter().filter_map(|what| if let What::Asked(ask) = what { Some(ask.cause) } else { None }).collect()
}

#[test]
fn many_are_paced_and_one_is_not() {
    assert_eq!(cause(&Stage::with(3).keys("* m")), [Cause::Bulk; 3]);
    assert_eq!(cause(&Stage::with(3).keys("Space m")), [Cause::Key], "a single mark is a single press");
}

#[test]
fn a_bulk_ask_shows_how_far_it_is_and_marks_exactly_those_that_failed() {
    let mut stage = Stage::with(5);
    let asks = stage.play("* m");
    assert_eq!(progress(&stage), "mute 5: 0 done, 0 failed, 10/s, Esc stops");
    assert!(stage.marked().is_empty(), "the cursor is free for single presses meanwhile");
    for (ask, outcome) in asks.iter().zip([Outcome::Accepted, Outcome::Refused, Outcome::Accepted, Outcome::Unknown]) {
        stage.answer(ask, outcome);
    }
    assert_eq!(progress(&stage), "mute 5: 2 done, 2 failed, 10/s, Esc stops");
    stage.answer(&asks[4], Outcome::Accepted);
    assert_eq!((progress(&stage), stage.marked()), (String::new(), vec!["b".to_owned(), "d".to_owned()]));
    assert!(stage.notice().starts_with("mute 5: 3 done, 2 failed"), "{}", stage.notice());
    let again = stage.play("r");
    assert_eq!(again.iter().map(|ask| ask.2.as_str()).collect::<Vec<_>>(), ["b", "d"], "r asks for exactly these");
}

#[test]
fn esc_stops_a_bulk_ask_and_leaves_marked_those_not_yet_asked() {
    let mut stage = Stage::with(5);
    let asks = stage.play("* u");
    stage.answer(&asks[0], Outcome::Accepted);
    stage.answer(&asks[1], Outcome::Refused);
    let effects = stage.keys("Esc");
    assert!(matches!(&effects[..], [Effect::Append(What::Halted(Halted { rest: true, .. }))]), "also what is still to come round");
    assert_eq!(halted(&effects), [asks[2].0, asks[3].0, asks[4].0]);
    assert!(stage.app.view.filter().is_empty() && progress(&stage).contains("stopped"), "{}", progress(&stage));
    assert_eq!(stage.marked(), ["b", "c", "d", "e"], "at once: the next press must find the marks that the eye does");
    // The third was on its way already.
    stage.answer(&asks[2], Outcome::Accepted);
    stage.answer(&asks[3], Outcome::NotSent);
    stage.answer(&asks[4], Outcome::NotSent);
    assert_eq!(stage.marked(), ["b", "d", "e"]);
    assert!(stage.notice().contains("2 not asked"), "{}", stage.notice());
}

#[test]
fn a_bulk_ask_is_stopped_before_the_filter_is_left() {
    let mut stage = Stage::with(3);
    stage.play("/ C Enter * m");
    assert_eq!(halted(&stage.keys("Esc")).len(), 3);
    assert!(!stage.app.view.filter().is_empty());
    assert!(stage.keys("Esc").is_empty() && stage.app.view.filter().is_empty(), "a second Esc leaves the filter");
}

#[test]
fn what_comes_round_after_the_stop_is_stopped_too() {
    let mut stage = Stage::with(2);
    let effects = stage.keys("* m");
    let [first, second] = &whats(effects)[..] else { panic!("two asks") };
    stage.event(first.clone());
    stage.keys("Esc");
    let effects = stage.event(second.clone());
    assert_eq!(halted(&effects), [stage.last()]);
}

#[test]
fn what_comes_round_late_is_stopped_all_at_once() {
    let mut stage = Stage::with(5);
    let effects = stage.keys("* m");
    stage.keys("Esc");
    let events: Vec<_> = whats(effects).into_iter().zip(100..).map(|(what, seq)| Event { seq: Seq(seq), at: stage.now, what }).collect();
    let effects = stage.app.update(stage.now, Message::Events(events.into()));
    assert_eq!((effects.len(), halted(&effects)), (1, vec![100, 101, 102, 103, 104]));
}

#[test]
fn the_newest_press_wins_also_over_a_bulk_ask_that_is_still_being_written_down() {
    let mut stage = Stage::with(3);
    let mutes = whats(stage.keys("* m"));
    stage.event(mutes[0].clone());
    stage.play("End u");
    assert!(stage.event(mutes[1].clone()).is_empty(), "nobody asked for b meanwhile");
    assert_eq!(halted(&stage.event(mutes[2].clone())), [stage.last()], "c was unmuted after that");
}

#[test]
fn a_bulk_ask_that_is_still_being_written_down_is_not_for_another_stay() {
    let mut stage = Stage::with(2);
    let mutes = whats(stage.keys("* m"));
    stage.event(leave("a"));
    stage.event(join("a", "1122", "12157010680"));
    assert_eq!(halted(&stage.event(mutes[0].clone())), [stage.last()]);
    assert!(stage.event(mutes[1].clone()).is_empty());
}

#[test]
fn marks_made_during_a_bulk_ask_are_for_the_next_one_alone() {
    let mut stage = Stage::with(4);
    let asks = stage.play("/ C a l l e r Space a Enter Space Esc End Space m");
    assert_eq!(asks.iter().map(|ask| ask.2.as_str()).collect::<Vec<_>>(), ["a", "d"]);
    stage.keys("Home Down Space");
    stage.answer(&asks[0], Outcome::Refused);
    stage.answer(&asks[1], Outcome::Refused);
    assert_eq!(stage.marked(), ["b"], "who failed is not added to a choice that was made since");
    assert!(stage.notice().contains("2 failed, not marked, because others are"), "{}", stage.notice());
}

#[test]
fn a_single_press_goes_meanwhile_to_the_cursor() {
    let mut stage = Stage::with(3);
    stage.play("* m");
    assert_eq!(cause(&stage.keys("End u")), [Cause::Key]);
}

#[test]
fn a_kick_of_many_names_the_first_and_asks_for_the_number_from_eleven_on() {
    let mut stage = Stage::with(10);
    assert_eq!(stage.asks("* k"), []);
    let Some(Dialog::Kick(dialog)) = &stage.app.dialog else { panic!("a dialog") };
    assert_eq!(stage.app.names(&dialog.targets, 2), "Caller a, Caller b and 8 more");
    assert_eq!(stage.asks("y").len(), 10, "up to ten a y is enough");

    for keys in ["y", "Enter", "1 0 Enter", "1 Enter", "1 2 Enter", "1 1 Esc", "1 1 y", "1 1 Space Enter"] {
        let mut stage = Stage::with(11);
        assert_eq!(stage.asks(&format!("* k {keys}")), [], "{keys} kicks nobody");
        assert_eq!(stage.marked().len(), 11, "and the marks stay");
    }
    assert_eq!(Stage::with(11).asks("* k 1 2 Backspace 1 Enter").len(), 11);
    let mut stage = Stage::with(11);
    stage.app.settings.kick = Kick::Countdown;
    assert_eq!(stage.asks("* k"), []);
    assert_eq!(asked(stage.wait(9)), [], "more than ten are never kicked by waiting");
    assert_eq!(stage.asks("1 1 Enter").len(), 11);
}

#[test]
fn who_left_or_joined_anew_while_the_dialog_was_open_is_not_kicked() {
    let mut stage = Stage::with(4);
    stage.keys("* k");
    stage.event(leave("a"));
    stage.event(leave("b"));
    stage.event(join("b", "1122", "12157010681"));
    stage.wait(60);
    assert_eq!(stage.asks("y"), [(Action::Kick, "c".into()), (Action::Kick, "d".into())]);
    assert!(stage.notice().starts_with("2 callers have left or joined anew"), "{}", stage.notice());
}

#[test]
fn a_countdown_for_several_is_stopped_by_esc() {
    let mut stage = Stage::with(3);
    stage.app.settings.kick = Kick::Countdown;
    stage.keys("* k Esc");
    assert_eq!((asked(stage.wait(5)), stage.marked().len()), (vec![], 3));
    stage.keys("k");
    assert_eq!(asked(stage.wait(3)).len(), 3);
    assert_eq!(stage.marked(), [""; 0]);
}

#[test]
fn a_countdown_takes_away_the_marks_that_chose_it_and_no_others() {
    let mut stage = Stage::with(4);
    stage.app.settings.kick = Kick::Countdown;
    stage.keys("k Down Space");
    assert_eq!((asked(stage.wait(3)), stage.marked()), (vec![(Action::Kick, "a".into())], vec!["b".to_owned()]));
    stage.keys("k Down Space");
    assert_eq!((asked(stage.wait(3)), stage.marked()), (vec![(Action::Kick, "b".into())], vec!["c".to_owned()]));
}

#[test]
fn z_takes_back_the_last_mute_or_unmute_as_far_as_nobody_changed_it_since() {
    let mut stage = Stage::with(1);
    let mute = stage.play("m");
    stage.answer(&mute[0], Outcome::Accepted);
    stage.wait(9);
    let back = stage.play("z");
    assert_eq!(back.iter().map(|ask| ask.1).collect::<Vec<_>>(), [Action::Unmute]);
    stage.answer(&back[0], Outcome::Accepted);
    assert_eq!(stage.asks("z"), [], "what took back is not taken back");
    assert!(stage.notice().contains("no mute or unmute to take back"), "{}", stage.notice());

    let mut stage = Stage::with(4);
    let asks = stage.play("* m");
    for (ask, outcome) in asks.iter().zip([Outcome::Accepted, Outcome::Refused, Outcome::Accepted, Outcome::Unknown]) {
        stage.answer(ask, outcome);
    }
    stage.keys("Esc Home");
    stage.wait(1);
    let since = stage.play("u");
    assert_eq!(since[0].2, "a");
    stage.answer(&since[0], Outcome::Refused);
    // The unmute of a is the last press; it failed, so nothing of it can be undone.
    assert_eq!(stage.asks("z"), []);
    let back = stage.play("z");
    let back: Vec<_> = back.iter().map(|ask| (ask.1, ask.2.as_str())).collect();
    assert_eq!(back, [(Action::Unmute, "c"), (Action::Unmute, "d")], "a was changed since, b never was muted");
}

#[test]
fn what_was_so_before_is_not_taken_back() {
    let mut stage = Stage::with(2);
    let first = stage.play("m");
    stage.answer(&first[0], Outcome::Accepted);
    stage.wait(1);
    let both = stage.play("* m");
    for ask in &both {
        stage.answer(ask, Outcome::Accepted);
    }
    assert_eq!(stage.asks("z"), [(Action::Unmute, "b".into())], "a was muted before");
}

#[test]
fn somebody_elses_ask_and_another_stay_count_as_changed_since() {
    for change in ["rule", "stay", "leave"] {
        let mut stage = Stage::with(1);
        let mute = stage.play("m");
        stage.answer(&mute[0], Outcome::Accepted);
        match change {
            "rule" => {
                let What::Asked(ask) = ask("a", Action::Mute) else { unreachable!() };
                stage.event(What::Asked(Ask { cause: Cause::Rule(Seq(1)), by: "bob".into(), ..ask }));
            }
            _ => _ = stage.event(leave("a")),
        }
        if change == "stay" {
            stage.event(join("a", "1122", "12157010680"));
        }
        assert_eq!(stage.asks("z"), [], "{change}");
        assert!(stage.notice().contains("nothing is left of it to undo"), "{}", stage.notice());
    }
}

#[test]
fn taking_back_a_press_that_is_on_its_way_goes_out_at_once() {
    let mut stage = Stage::with(1);
    assert_eq!(stage.asks("m z"), [(Action::Mute, "a".into()), (Action::Unmute, "a".into())]);
}

#[test]
fn taking_back_a_bulk_ask_that_runs_stops_it_and_undoes_what_still_gets_through() {
    let mut stage = Stage::with(3);
    let asks = stage.play("* m");
    stage.answer(&asks[0], Outcome::Accepted);
    let effects = stage.keys("z");
    let both = whats(effects.clone());
    assert!(matches!(&both[0], What::Halted(halted) if halted.asks.len() == 2), "{both:?}");
    assert_eq!(asked(effects), [(Action::Unmute, "a".into())]);
    assert_eq!(asked(stage.answer(&asks[1], Outcome::Accepted)), [(Action::Unmute, "b".into())], "it was on its way");
    assert_eq!(asked(stage.answer(&asks[2], Outcome::NotSent)), []);
    assert!(stage.marked().is_empty(), "nobody is left to ask for");
}

#[test]
fn a_kick_is_not_taken_back() {
    let mut stage = Stage::with(2);
    stage.play("k y");
    assert_eq!(stage.asks("z"), []);
}

#[test]
fn one_esc_stops_all_bulk_asks_and_marks_everybody_who_was_left_out() {
    let mut stage = Stage::with(6);
    stage.play("Space Down Space Down Space m");
    stage.play("End Space Up Space u");
    stage.keys("Esc");
    assert_eq!(stage.marked(), ["a", "b", "c", "e", "f"]);
}

#[test]
fn a_key_held_down_asks_for_nobody_but_those_it_went_down_for() {
    for key in ["m", "u"] {
        let mut stage = Stage::with(4);
        let first = stage.play(&format!("Space Down Space End {key}"));
        assert_eq!(first.iter().map(|ask| ask.2.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        for ask in &first {
            stage.answer(ask, Outcome::Accepted);
        }
        for pause in [500, 40, 40, 40] {
            stage.now = Moment(stage.now.0 + pause);
            assert_eq!(stage.asks(key), [], "{key}: the marks are used up, and the cursor was not meant");
        }
        stage.now = Moment(stage.now.0 + 2_000);
        assert_eq!(stage.asks(key).len(), 1, "{key}: a later press is for the cursor");
    }
}

#[test]
fn a_key_held_down_does_not_ask_again_and_again() {
    let mut stage = Stage::with(1);
    let mut asked = 0;
    for pause in [0, 660, 40, 40, 40, 40, 40, 40] {
        stage.now = Moment(stage.now.0 + pause);
        let asks = stage.play("u");
        for ask in &asks {
            stage.answer(ask, Outcome::Accepted);
        }
        asked += asks.len();
    }
    assert_eq!(asked, 2, "the press, and what cannot be told from a second one");
}

#[test]
fn the_last_failure_does_not_cover_what_became_of_all() {
    let mut stage = Stage::with(3);
    let asks = stage.play("* m");
    for ask in &asks {
        stage.answer(ask, Outcome::Refused);
    }
    assert_eq!(stage.notice(), "mute 3: 0 done, 3 failed");
    assert!(stage.log_says("Caller c: mute refused"), "it is named in the events all the same");
}
