//! Banning a number, and lifting bans.

use super::*;
use crate::conference::event::{Banned, Lifted};

fn number(digits: &str) -> Number {
    Number::from_digits(digits).expect("a number")
}

fn form(stage: &Stage) -> BanForm {
    match &stage.app.dialog {
        Some(Dialog::Ban(form)) => (**form).clone(),
        other => panic!("a ban is typed, not {other:?}"),
    }
}

/// Three numbers are banned, one second after the other.
fn three_bans() -> Stage {
    let mut stage = Stage::with(1);
    for digits in ["4930", "4931", "4932"] {
        stage.event(What::Banned(Banned { number: number(digits), reason: "".into(), until: None, by: "ada".into() }));
        stage.wait(1);
    }
    stage.keys(": b a n s Enter");
    stage
}

fn lifted(effects: Vec<Effect>) -> Vec<String> {
    whats(effects).iter().filter_map(|what| if let What::Lifted(lifted) = what { Some(lifted.number.digits()) } else { None }).collect()
}

#[test]
fn a_ban_takes_a_reason_and_an_end() {
    let mut stage = Stage::with(1);
    let effects = stage.keys("B h e y Space y Tab 2 h Enter");
    let banned = Banned {
        number: number("12157010680"),
        reason: "hey y".into(),
        until: Some(stage.now.plus(Duration::from_hours(2))),
        by: "ada".into(),
    };
    assert_eq!(effects, [Effect::Append(What::Banned(banned))]);
    assert!(stage.app.dialog.is_none());
    stage.come_round(effects);
    assert_eq!(stage.notice(), "ada banned +12157010680 for 2h00: hey y");
    stage.keys("B");
    assert_eq!(form(&stage).reason.text(), "hey y", "a ban that stands is changed");
    assert!(matches!(&stage.keys("Enter")[..], [Effect::Append(What::Banned(banned))] if banned.until.is_none()), "for good");
}

#[test]
fn an_end_that_is_none_is_said_and_nothing_is_lost() {
    let mut stage = Stage::with(1);
    assert!(stage.keys("B r u d e Tab s o o n Tab Enter").is_empty());
    let typed = form(&stage);
    assert_eq!((typed.reason.text(), typed.expiry.text(), typed.at_expiry), ("rude", "soon", true));
    assert_eq!(typed.wrong.as_deref(), Some("soon is no time; write 2h or 30d, or nothing for good"));
    stage.keys("Shift-Tab ! Tab Ctrl-u");
    assert_eq!(form(&stage).wrong, None);
    assert!(matches!(&stage.keys("Enter")[..], [Effect::Append(What::Banned(banned))] if &*banned.reason == "rude!"));
}

#[test]
fn nobody_is_banned_but_by_enter_and_only_a_number_can_be() {
    let mut stage = Stage::with(1);
    assert!(stage.keys("B y Esc").is_empty());
    assert_eq!((stage.notice(), &stage.app.dialog), ("nobody was banned", &None));
    stage.keys("B");
    stage.app.update(stage.now, Message::Paste("pasted\n\u{1b}[2J".into()));
    assert!(form(&stage).reason.text().starts_with("pasted"), "{:?}", form(&stage));
    stage.keys("Ctrl-c");
    assert_eq!(stage.app.dialog, Some(Dialog::Quit));
    stage.keys("n");
    stage.event(join("w", "1122", ""));
    stage.keys("End B");
    assert!(stage.app.dialog.is_none() && stage.notice().ends_with("has no number: only a number can be banned"), "{}", stage.notice());
}

#[test]
fn the_caller_whose_number_is_being_banned_stays_in_sight() {
    let mut stage = Stage::with(2);
    stage.keys("B");
    stage.event(leave("a"));
    stage.wait(60);
    assert_eq!(stage.listed(), ["a", "b"]);
    assert!(matches!(&stage.keys("Enter")[..], [Effect::Append(What::Banned(_))]), "a ban is about a number");
}

#[test]
fn bans_are_listed_latest_first_and_lifted_by_y_only() {
    let mut stage = three_bans();
    assert!(lifted(stage.keys("Down Delete n")).is_empty() && lifted(stage.keys("y Enter")).is_empty());
    assert!(matches!(stage.app.dialog, Some(Dialog::Bans(_))), "the list stays open");
    let effects = stage.keys("Delete y");
    assert_eq!(effects, [Effect::Append(What::Lifted(Lifted { number: number("4931"), by: "ada".into() }))]);
    stage.come_round(effects);
    assert_eq!(stage.notice(), "ada lifted the ban of +4931");
    assert_eq!(lifted(stage.keys("Delete y")), ["4930"], "the next one took its place");
    assert_eq!(lifted(stage.keys("Home Delete y")), ["4932"]);
    assert_eq!(lifted(stage.keys("End Delete y")), ["4930"]);
    stage.keys("Esc");
    assert!(stage.app.dialog.is_none());
}

#[test]
fn what_is_chosen_is_a_number_never_a_place() {
    let mut stage = three_bans();
    stage.keys("Down Delete");
    stage.event(What::Banned(Banned { number: number("4939"), reason: "".into(), until: None, by: "ben".into() }));
    stage.event(What::Lifted(Lifted { number: number("4932"), by: "ben".into() }));
    assert_eq!(lifted(stage.keys("y")), ["4931"], "whatever comes above it");
    stage.keys("Delete");
    stage.event(What::Lifted(Lifted { number: number("4931"), by: "ben".into() }));
    assert!(stage.keys("y").is_empty(), "somebody else lifted it");
}

#[test]
fn a_read_only_console_lists_bans_and_lifts_none() {
    let mut stage = three_bans();
    stage.app.settings.read_only = true;
    assert!(lifted(stage.keys("Delete y")).is_empty());
    assert!(stage.notice().contains("read-only"), "{}", stage.notice());
}

#[test]
fn a_ban_that_ends_by_time_is_looked_at_then() {
    let mut stage = Stage::with(1);
    stage.wait(7_230);
    let until = Some(stage.now.plus(Duration::from_secs(7)));
    stage.event(What::Banned(Banned { number: number("12157010680"), reason: "".into(), until, by: "ada".into() }));
    assert_eq!(stage.app.next_change(), until);
    assert!(stage.log_says("ada banned +12157010680 for 7s"), "exact, unlike an age: {:?}", stage.app.lines);
}
