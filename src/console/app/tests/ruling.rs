//! Modes, exemptions, and what is said of what they did.

use super::*;
use crate::conference::event::{Ask, Exempted, Mode, ModeSet, Rule};

const UNANSWERED: Option<Outcome> = None;

/// What policy asks because of an event, and how it ended.
fn ruled(stage: &mut Stage, call: &str, action: Action, rule: Rule, cause: u64, outcome: Option<Outcome>) {
    let What::Asked(base) = ask(call, action) else { return };
    stage.event(What::Asked(Ask { cause: Cause::Rule(Seq(cause)), rule: Some(rule), ..base }));
    if let Some(outcome) = outcome {
        stage.event(answer(call, stage.last(), outcome));
    }
}

fn lines(stage: &Stage, words: &str) -> Vec<String> {
    stage.app.lines.iter().filter(|line| line.text.contains(words)).map(|line| line.text.clone()).collect()
}

#[test]
fn one_press_begins_a_mode_and_one_ends_it() {
    for (key, mode, began, ended) in [
        ("M", Mode::Lecture, "ada began lecture mode in 1122", "ada ended lecture mode in 1122"),
        ("L", Mode::Lock, "ada locked 1122: it kicks whoever joins", "ada unlocked 1122"),
    ] {
        let mut stage = Stage::with(1);
        let set = |on| Effect::Append(What::Mode(ModeSet { conference: "1122".into(), mode, on, by: "ada".into() }));
        let effects = stage.keys(key);
        assert_eq!(effects, [set(true)]);
        stage.come_round(effects);
        assert!(stage.notice().starts_with(began), "{}", stage.notice());
        assert_eq!(stage.app.modes_here().map(|(_, mode, _)| mode).collect::<Vec<_>>(), [mode]);
        let effects = stage.keys(&format!("Up {key}"));
        assert_eq!(effects, [set(false)]);
        stage.come_round(effects);
        assert!(stage.notice().starts_with(ended), "{}", stage.notice());
        assert_eq!(stage.app.modes_here().count(), 0);
    }
}

#[test]
fn a_mode_that_holds_already_is_not_told_again() {
    let mut stage = Stage::with(1);
    stage.play("M");
    let told = stage.app.lines.len();
    let again = ModeSet { conference: "1122".into(), mode: Mode::Lecture, on: true, by: "ben".into() };
    stage.event(What::Mode(again));
    assert_eq!(stage.app.lines.len(), told);
}

#[test]
fn a_mode_is_shown_where_it_holds_and_its_conference_keeps_a_tab() {
    let mut stage = Stage::with(1);
    stage.event(join("x", "7", "4930"));
    stage.play("M");
    let here = |stage: &Stage| stage.app.modes_here().count();
    assert_eq!((here(&stage), stage.app.layout().banner.height), (1, 1));
    stage.keys("3");
    assert_eq!((here(&stage), stage.app.layout().banner.height), (0, 0), "another conference");
    stage.app.update(stage.now, Message::Fault("the listener stopped".into()));
    stage.keys("2");
    assert_eq!(stage.app.layout().banner.height, 2, "beside what broke");
    let empty = ModeSet { conference: "99".into(), mode: Mode::Lock, on: true, by: "ada".into() };
    stage.event(What::Mode(empty));
    assert_eq!(stage.app.tabs().filter_map(|(id, _)| id.map(ToString::to_string)).collect::<Vec<_>>(), ["1122", "7", "99"]);
    assert!(matches!(&stage.keys("4 L")[..], [Effect::Append(What::Mode(set))] if !set.on && set.conference.as_str() == "99"));
}

#[test]
fn what_lecture_mode_did_is_one_line_that_is_kept_up_to_date() {
    let mut stage = Stage::with(3);
    stage.play("M");
    let mode = stage.last();
    for key in ["a", "b", "c"] {
        ruled(&mut stage, key, Action::Mute, Rule::Lecture, mode, UNANSWERED);
    }
    assert_eq!(lines(&stage, "lecture mode in 1122 muted"), ["lecture mode in 1122 muted 0, 3 to go"]);
    stage.event(answer("a", mode + 1, Outcome::Accepted));
    assert_eq!(lines(&stage, "lecture mode in 1122 muted"), ["lecture mode in 1122 muted 1, 2 to go"]);
    assert!(stage.notice().starts_with("ada began"), "not yet: {}", stage.notice());
    stage.event(answer("b", mode + 2, Outcome::Refused));
    stage.event(answer("c", mode + 3, Outcome::Accepted));
    assert_eq!(lines(&stage, "lecture mode in 1122 muted"), ["lecture mode in 1122 muted 2, 1 failed"]);
    assert_eq!(stage.notice(), "lecture mode in 1122 muted 2, 1 failed");
    assert_eq!(lines(&stage, "Caller b: mute refused: participant not found").len(), 1, "who failed is named");
    assert!(lines(&stage, "asked").is_empty() && lines(&stage, "Caller a muted").is_empty(), "{:?}", stage.app.lines);

    stage.play("Up M");
    let end = stage.last();
    ruled(&mut stage, "a", Action::Unmute, Rule::LectureEnded, end, Some(Outcome::Accepted));
    ruled(&mut stage, "c", Action::Unmute, Rule::LectureEnded, end, Some(Outcome::NotSent));
    assert_eq!(lines(&stage, "the end of"), ["the end of lecture mode in 1122 unmuted 1, 1 not sent"]);
}

#[test]
fn latecomers_are_told_in_one_line_each() {
    let mut stage = Stage::with(1);
    stage.play("M");
    let mut late = |key: &str, number: &str, rule, action, outcome| {
        stage.event(named_arrival(key, "1122", number, &format!("Caller {key}")));
        let joined = stage.last();
        ruled(&mut stage, key, action, rule, joined, Some(outcome));
        lines(&stage, &format!("Caller {key}"))
    };
    assert_eq!(late("b", "4930", Rule::Lecture, Action::Mute, Outcome::Accepted), ["Caller b joined 1122 and was muted by lecture mode"]);
    assert_eq!(
        late("c", "4931", Rule::Lecture, Action::Mute, Outcome::Refused),
        ["Caller c joined 1122", "Caller c: mute refused: participant not found"]
    );
    assert_eq!(
        late("d", "4932", Rule::Lock, Action::Kick, Outcome::Accepted),
        ["Caller d joined 1122", "Caller d was kicked: 1122 is locked"]
    );
    assert_eq!(stage.notice(), "Caller d was kicked: 1122 is locked");
    let number = Number::from_digits("4933").expect("a number");
    let banned = |reason: &str| crate::conference::event::Banned { number, reason: reason.into(), until: None, by: "ada".into() };
    for (reason, said) in [("", "Caller e was kicked: banned"), ("shouting", "Caller e was kicked: banned (shouting)")] {
        stage.event(What::Banned(banned(reason)));
        stage.event(named_arrival("e", "1122", "4933", "Caller e"));
        let joined = stage.last();
        ruled(&mut stage, "e", Action::Kick, Rule::Ban, joined, Some(Outcome::Accepted));
        assert_eq!(stage.notice(), said);
        stage.event(remove("e"));
    }
}

#[test]
fn a_rule_that_works_later_than_the_join_is_told_too() {
    let mut stage = Stage::with(1);
    ruled(&mut stage, "a", Action::Mute, Rule::Lecture, 99, Some(Outcome::Accepted));
    assert!(stage.log_says("Caller a was muted by lecture mode"), "{:?}", stage.app.lines);
    ruled(&mut stage, "a", Action::Unmute, Rule::Exemption, 99, Some(Outcome::Accepted));
    assert!(stage.log_says("Caller a was unmuted: exempt now"), "{:?}", stage.app.lines);
    ruled(&mut stage, "a", Action::Mute, Rule::Lecture, 99, Some(Outcome::NotSent));
    let last = stage.app.lines.back().expect("a line");
    assert_eq!((last.text.as_str(), last.tone), ("Caller a: mute not sent: participant not found", Tone::Plain), "ordinary");
}

#[test]
fn whom_a_mode_cannot_reach_is_named_when_it_begins_and_when_they_join() {
    let mut stage = Stage::with(1);
    stage.event(join("w", "1122", ""));
    stage.event(join("spared", "1122", ""));
    stage.event(What::Exempted(Exempted { call: "spared".into(), number: None, exempt: true, by: "ada".into() }));
    stage.event(join("elsewhere", "7", ""));
    stage.keys("2");
    stage.play("M");
    let label =
        |stage: &Stage, key: &str| stage.app.label(stage.app.roster.get(stage.app.roster.find(&key.into()).expect("in")).expect("in"));
    let missed = format!("lecture mode cannot reach 1 caller without a number: {}", label(&stage, "w"));
    assert_eq!((stage.notice(), lines(&stage, "cannot reach").len()), (missed.as_str(), 1));
    stage.event(join("late", "1122", ""));
    assert_eq!(stage.notice(), format!("lecture mode cannot mute {}: no number (joined 1122)", label(&stage, "late")));
    stage.play("L");
    stage.event(join("later", "1122", ""));
    assert!(
        stage.notice().starts_with("the lock cannot kick no number #") && stage.notice().ends_with(": no number (joined 1122)"),
        "{}",
        stage.notice()
    );
    stage.event(join("other", "7", ""));
    assert!(!stage.log_says(&format!("kick {}", label(&stage, "other"))) && !stage.log_says("(joined 7)"));

    let mut crowd = Stage::new(|_| {});
    for place in 0..11 {
        crowd.event(join(&format!("c{place}"), "1122", ""));
    }
    crowd.play("M");
    assert!(crowd.notice().contains("11 callers") && crowd.notice().ends_with(" and 3 more"), "{}", crowd.notice());
    let mut sent = Stage::new(|settings| settings.withheld = Withheld::Send);
    sent.event(What::Joined(crate::conference::event::Arrival { instead: Some("anonymous".into()), ..arrival("a", "1122", "") }));
    sent.play("M");
    assert!(lines(&sent, "cannot reach").is_empty(), "where something can go out they are reached");
}

#[test]
fn callers_without_a_number_are_listed() {
    let mut stage = Stage::with(2);
    let list = ": u n r e a c h a b l e Enter";
    stage.keys(list);
    assert_eq!(stage.notice(), "everybody who is in has a number");
    stage.event(join("w", "1122", ""));
    stage.keys(list);
    assert_eq!((stage.listed(), stage.notice().starts_with("1 caller who is in has no number")), (vec!["w".to_owned()], true));
    stage.keys("Esc");
    assert_eq!(stage.listed().len(), 3);
}

#[test]
fn x_exempts_the_number_else_the_call_and_x_again_ends_it() {
    let mut stage = Stage::with(1);
    stage.event(join("w", "1122", ""));
    let exempted =
        |call: &str, number, exempt| Effect::Append(What::Exempted(Exempted { call: call.into(), number, exempt, by: "ada".into() }));
    let number = Number::from_digits("12157010680");
    let effects = stage.keys("x");
    assert_eq!(effects, [exempted("a", number, true)]);
    stage.come_round(effects);
    assert_eq!(stage.notice(), "ada exempted Caller a from lecture mode and lock");
    let effects = stage.keys("Up x");
    assert_eq!(effects, [exempted("a", number, false)]);
    stage.come_round(effects);
    assert_eq!(stage.notice(), "ada took the exemption of Caller a away");
    assert_eq!(stage.keys("End x"), [exempted("w", None, true)]);
}

#[test]
fn a_read_only_console_keeps_no_order() {
    let mut stage = Stage::with(2);
    stage.event(hand("a", true));
    stage.app.settings.read_only = true;
    for keys in ["h", "g", "M", "L", "x", "B Enter", ": c l e a r Space h a n d s Enter y", ": f l o o r Space b a c k Enter"] {
        assert!(stage.keys(keys).is_empty(), "{keys}");
        assert!(stage.notice().contains("read-only") && stage.app.dialog.is_none(), "{keys}: {}", stage.notice());
    }
}

#[test]
fn what_was_before_this_console_began_is_told_and_is_no_news() {
    let mut stage = Stage::new(|settings| settings.news_after = Seq(1_000));
    stage.event(join("w", "1122", ""));
    stage.event(What::Mode(ModeSet { conference: "1122".into(), mode: Mode::Lecture, on: true, by: "ada".into() }));
    assert!(stage.notice().is_empty() && lines(&stage, "cannot reach").len() == 1, "{}", stage.notice());
}

#[test]
fn who_joined_against_a_rule_before_the_start_and_was_not_kicked_is_named_at_the_start() {
    let told = |stage: &mut Stage| {
        stage.app.settings.news_after = Seq(stage.last());
        stage.app.update(stage.now, Message::Restored);
        lines(stage, "and was not kicked").len()
    };
    let mut stage = Stage::with(1);
    stage.play("L");
    assert_eq!(told(&mut stage), 0, "who was in before the lock stays");
    stage.wait(5);
    stage.event(named_arrival("spared", "1122", "4930", "Spared"));
    stage.event(What::Exempted(Exempted { call: "spared".into(), number: Number::from_digits("4930"), exempt: true, by: "ada".into() }));
    stage.event(named_arrival("gone", "1122", "4931", "Gone"));
    stage.event(leave("gone"));
    stage.event(named_arrival("kicked", "1122", "4932", "Kicked"));
    let joined = stage.last();
    ruled(&mut stage, "kicked", Action::Kick, Rule::Lock, joined, Some(Outcome::Accepted));
    stage.event(named_arrival("elsewhere", "7", "4933", "Elsewhere"));
    assert_eq!(told(&mut stage), 0);
    stage.event(named_arrival("b", "1122", "4934", "Caller b"));
    assert_eq!(told(&mut stage), 1);
    assert_eq!(stage.notice(), "1 caller joined against a lock or a ban and was not kicked: Caller b; kick by hand who must go");
    assert!(stage.log_says("1 caller joined against a lock or a ban and was not kicked: Caller b"), "in the events pane");

    let mut banned = Stage::with(2);
    let ban = |place: &str| {
        let number = Number::from_digits(&format!("1215701068{place}")).expect("a number");
        What::Banned(crate::conference::event::Banned { number, reason: "".into(), until: None, by: "ada".into() })
    };
    banned.event(ban("0"));
    assert_eq!(told(&mut banned), 0, "a ban kicks who joins, not who is in");
    banned.wait(5);
    banned.event(leave("a"));
    banned.event(named_arrival("a", "1122", "12157010680", "Caller a"));
    banned.event(named_arrival("c", "1122", "12157010682", "Caller c"));
    assert_eq!(told(&mut banned), 1);
    assert!(banned.notice().contains("not kicked: Caller a;"), "{}", banned.notice());

    // Who joined since the start is dispatch's.
    let mut young = Stage::with(1);
    young.play("L");
    young.wait(5);
    let before = young.last();
    young.event(named_arrival("b", "1122", "4934", "Caller b"));
    young.app.settings.news_after = Seq(before);
    young.app.update(young.now, Message::Restored);
    assert!(lines(&young, "not kicked").is_empty());
}

#[test]
fn a_lecture_that_holds_for_weeks_keeps_its_count_and_nobody_who_left() {
    let mut stage = Stage::with(1);
    stage.play("M");
    let mode = stage.last();
    for call in 0..50 {
        let key = format!("call {call}");
        stage.event(join(&key, "1122", "12157010680"));
        ruled(&mut stage, &key, Action::Mute, Rule::Lecture, mode, Some(Outcome::Accepted));
        stage.event(leave(&key));
        stage.wait(3_600);
    }
    assert_eq!(lines(&stage, "muted"), ["lecture mode in 1122 muted 50"]);
    let debugged = format!("{:?}", stage.app.tallies);
    assert_eq!(debugged.matches("call ").count(), 0, "{debugged}");
}
