//! The promise: lecture mode and lock hold for who joins later, spare who is exempt, and say what they did; a
//! ban holds until it ends or is lifted.

mod support;

use support::keys::Key;
use support::pty::Console;
use support::screen::Reading;
use support::stage::{Listener, Stage};

const ADA: &str = "12157010680";
const BEN: &str = "4930901820";
const ZOE: &str = "33142685300";
const MAX: &str = "390669812345";

/// A console wide enough for the events pane, whose rules ask at once after a join.
fn wide() -> (Stage, Console, Listener) {
    let stage = Stage::new();
    stage.home.configure("ask_after_join = \"10ms\"\n");
    let (console, listener) = open(&stage);
    (stage, console, listener)
}

fn open(stage: &Stage) -> (Console, Listener) {
    stage.open_as(&stage.setup().size(140, 40))
}

#[track_caller]
fn wait_for_event(console: &Console, text: &str) {
    console.wait_for(|screen| screen.pane_says(text), &format!("{text:?} in the events pane"));
}

fn asked(stage: &Stage) -> Vec<String> {
    let mut asked: Vec<_> = stage.asked().into_iter().map(|(action, key)| format!("{action} {key}")).collect();
    // Those of one mode go side by side.
    asked.sort();
    asked
}

fn command(console: &mut Console, name: &str) {
    console.send_keys(":");
    console.wait_for_text("commands");
    console.send_keys(name);
    console.press(Key::Enter);
}

#[test]
fn lecture_mode_mutes_who_is_in_and_who_joins_and_gives_back_what_it_took() {
    let (stage, mut console, listener) = wide();
    listener.join(&console, "ada", "Ada", ADA);
    listener.join(&console, "ben", "Ben", BEN);
    console.press(Key::End);
    console.send_keys("x");
    console.wait_for_row("Ben", "exempt");
    console.send_keys("M");
    console.wait_for_text("LECTURE MODE since ");
    console.wait_for_row("Ada", "muted");
    wait_for_event(&console, "lecture mode in 1122 muted 1");
    listener.join(&console, "zoe", "Zoe", ZOE);
    console.wait_for_row("Zoe", "muted");
    wait_for_event(&console, "Zoe joined 1122 and was muted by lecture mode");
    // The exemption is the number's: it holds for another call from it.
    listener.tell("leave", "key=ben");
    listener.tell("join", &format!("key=ben-again&conference=1122&number={BEN}&name=Benjamin"));
    console.wait_for_row("Benjamin", "exempt");
    listener.join(&console, "max", "Max", MAX);
    console.wait_for_row("Max", "muted");
    assert_eq!(asked(&stage), ["MUTE ada", "MUTE max", "MUTE zoe"]);
    // What a moderator changed is the moderator's.
    console.press(Key::Home);
    console.send_keys("u");
    console.wait_for_row("Ada", "open");
    console.send_keys("M");
    console.wait_for_row("Zoe", "open");
    console.wait_for_row("Max", "open");
    console.wait_for(|screen| !screen.says("LECTURE MODE"), "no banner");
    wait_for_event(&console, "the end of lecture mode in 1122 unmuted 2");
    assert_eq!(asked(&stage), ["MUTE ada", "MUTE max", "MUTE zoe", "UNMUTE ada", "UNMUTE max", "UNMUTE zoe"]);
}

#[test]
fn an_exemption_that_is_taken_away_during_a_lecture_mutes_again() {
    let stage = Stage::new();
    let (mut console, listener) = open(&stage);
    listener.join(&console, "ada", "Ada", ADA);
    console.send_keys("M");
    console.wait_for_row("Ada", "muted");
    for times in 1..=2 {
        console.send_keys("x");
        console.wait_for_row("Ada", "open");
        console.send_keys("x");
        console.wait_for_row("Ada", "muted");
        assert_eq!(asked(&stage).len(), 1 + 2 * times);
    }
}

#[test]
fn whom_lecture_mode_cannot_reach_is_named() {
    let (stage, mut console, listener) = wide();
    listener.tell("join", "key=1&conference=1122&number=anonymous&name=Nemo");
    console.wait_for_row("Nemo", "open");
    console.send_keys("M");
    wait_for_event(&console, "lecture mode cannot reach 1 caller without a number: Nemo");
    listener.tell("join", "key=2&conference=1122&name=Outis");
    wait_for_event(&console, "lecture mode cannot mute Outis: no number (joined 1122)");
    listener.join(&console, "ada", "Ada", ADA);
    console.wait_for_row("Ada", "muted");
    command(&mut console, "unreachable");
    console.wait_for(|screen| !screen.row_says("Ada", "muted"), "only those without a number");
    assert!(console.screen().row_says("Nemo", "open") && console.screen().row_says("Outis", "open"), "{}", console.screen_text());
    assert_eq!(asked(&stage), ["MUTE ada"]);
}

#[test]
fn a_lock_kicks_who_joins_and_nobody_who_is_in() {
    let (stage, mut console, listener) = wide();
    listener.join(&console, "ada", "Ada", ADA);
    listener.join(&console, "ben", "Ben", BEN);
    console.press(Key::End);
    console.send_keys("x");
    console.wait_for_row("Ben", "exempt");
    console.send_keys("L");
    console.wait_for_text("LOCKED since ");
    listener.join(&console, "zoe", "Zoe", ZOE);
    console.wait_for_row("Zoe", "kicked");
    wait_for_event(&console, "Zoe was kicked: 1122 is locked");
    listener.tell("leave", "key=ben");
    listener.tell("join", &format!("key=ben-again&conference=1122&number={BEN}&name=Benjamin"));
    console.wait_for_row("Benjamin", "open");
    console.press(Key::Home);
    console.send_keys("L");
    console.wait_for(|screen| !screen.says("LOCKED"), "no banner");
    listener.join(&console, "max", "Max", MAX);
    console.wait_for_row("Max", "open");
    console.send_keys("m");
    console.wait_for_row("Ada", "muted");
    assert_eq!(asked(&stage), ["KICK zoe", "MUTE ada"]);
}

#[test]
fn a_ban_holds_after_a_restart_until_it_is_lifted() {
    let (stage, mut console, listener) = wide();
    listener.join(&console, "ada", "Ada", ADA);
    console.send_keys("B");
    console.wait_for_text("ban this number?");
    console.send_keys("shouting");
    console.press(Key::Tab);
    console.send_keys("soon");
    console.press(Key::Enter);
    console.wait_for_text("soon is no time");
    console.press(Key::Backspace);
    (0..3).for_each(|_| console.press(Key::Backspace));
    console.send_keys("30d");
    console.press(Key::Enter);
    console.wait_for_row("Ada", "banned");
    wait_for_event(&console, "banned +12157010680 for 30d: shouting");
    assert_eq!(asked(&stage), Vec::<String>::new(), "who is in stays");
    listener.tell("leave", "key=ada");
    console.wait_for_row("Ada", "left");
    console.kill9();
    assert!(console.exit_code() > 0);

    let (mut console, listener) = open(&stage);
    listener.join(&console, "eve", "Eve", ADA);
    console.wait_for_row("Eve", "kicked");
    wait_for_event(&console, "Eve was kicked: banned (shouting)");
    command(&mut console, "bans");
    console.wait_for_text("shouting, by the-moderator");
    assert!(console.screen().says("banned numbers"), "{}", console.screen_text());
    console.press(Key::Delete);
    console.wait_for_text("lift the ban of +12157010680?");
    console.send_keys("y");
    console.wait_for_text("no number is banned");
    console.press(Key::Esc);
    listener.join(&console, "abe", "Abe", ADA);
    listener.join(&console, "max", "Max", MAX);
    console.press(Key::End);
    console.send_keys("m");
    console.wait_for_row("Max", "muted");
    assert_eq!(asked(&stage), ["KICK eve", "MUTE max"]);
}

#[test]
fn a_mode_holds_after_a_restart() {
    let (stage, mut console, listener) = wide();
    listener.join(&console, "ada", "Ada", ADA);
    console.send_keys("M");
    console.wait_for_row("Ada", "muted");
    console.kill9();
    assert!(console.exit_code() > 0);
    let (mut console, listener) = open(&stage);
    console.wait_for_text("LECTURE MODE since ");
    listener.join(&console, "zoe", "Zoe", ZOE);
    console.wait_for_row("Zoe", "muted");
    console.send_keys("M");
    console.wait_for_row("Ada", "open");
    console.wait_for_row("Zoe", "open");
    assert_eq!(asked(&stage), ["MUTE ada", "MUTE zoe", "UNMUTE ada", "UNMUTE zoe"]);
}
