//! The promise: a callback is a row, a key is a request, the answer is on the row, and the end leaves no trace.
//!
//! The real program in a pseudo-terminal, a provider of the test's own, and plain HTTP from outside.

mod support;

use support::keys::Key;
use support::provider::Answer;
use support::pty::Console;
use support::screen::Reading;
use support::stage::{Listener, Stage, USERKEY};
use support::{http, tools};

const ADA: &str = "12157010680";
const BEN: &str = "4930901820";

/// The words of the voice column.
const VOICES: [&str; 11] = ["calling", "open", "muting", "muted", "unmuting", "kicking", "kicked", "left", "failed", "unknown", "stale"];

/// What the row of this caller says in the voice column.
fn voice(screen: &vt100::Screen, name: &str) -> Option<&'static str> {
    VOICES.into_iter().find(|word| screen.row_says(name, word))
}

/// Whether the dialog is open that asks whether to kick, with this caller's name inside.
fn asks_to_kick(screen: &vt100::Screen, name: &str) -> bool {
    let lines = screen.lines();
    let title = lines.iter().position(|line| line.contains("kick this caller?"));
    title.is_some_and(|title| lines[title + 1].contains(name))
}

/// How often the screen speaks of quitting: the footer does once, the question once more.
fn quits(screen: &vt100::Screen) -> usize {
    screen.text().to_lowercase().matches("quit").count()
}

/// The document that must reach the provider, without white space between its tags.
fn request(action: &str, key: &str, number: &str) -> String {
    format!(
        "<?xml version=\"1.0\" standalone=\"no\" ?><REQUEST><USERTOKEN><USERKEY>{USERKEY}</USERKEY></USERTOKEN>\
         <ACTION NAME=\"CALLFLOW.INSTANCE.CONFERENCE.ACTION\">\
         <PARAMETER NAME=\"CALLFLOW.INSTANCE.KEY\">{key}</PARAMETER>\
         <PARAMETER NAME=\"CONFERENCE.NUMBER\">1122</PARAMETER>\
         <PARAMETER NAME=\"E164\">{number}</PARAMETER>\
         <PARAMETER NAME=\"CONFERENCE.ACTION\">{action}</PARAMETER>\
         </ACTION></REQUEST>"
    )
}

/// Takes the white space between tags away.
fn compact(xml: &str) -> String {
    xml.trim_end().split('>').map(str::trim_start).collect::<Vec<_>>().join(">")
}

fn actions(stage: &Stage) -> Vec<String> {
    stage.provider.requests().iter().map(|request| request.action().to_owned()).collect()
}

/// A console with Ada in it, under the cursor.
fn with_ada() -> (Stage, Console, Listener) {
    let stage = Stage::new();
    let (console, listener) = stage.open();
    listener.join(&console, "12312345", "Ada", ADA);
    console.wait_for_row("Ada", "open");
    (stage, console, listener)
}

#[test]
fn from_the_callback_to_the_provider_and_back_to_the_screen() {
    if !tools::require("curl") {
        return;
    }
    let stage = Stage::new();
    let (mut console, listener) = stage.open();
    let url = listener.url("join", &format!("CALLFLOW.INSTANCE.KEY=12312345&CONFERENCE.NUMBER=1122&E164={ADA}&CALLERNAME=Ada"));
    assert_eq!(http::curl(&[&url]).0, 200);
    console.wait_for_row("Ada", "open");

    console.send_keys("m");
    let muted = stage.provider.wait_for_request(1);
    assert_eq!(compact(&muted.body), request("MUTE", "12312345", ADA));
    console.wait_for_row("Ada", "muted");

    // Enter is everything else: it cancels. The ask that follows shows that nothing was on its way.
    console.send_keys("k");
    console.wait_for(|screen| asks_to_kick(screen, "Ada"), "the question whether to kick Ada");
    console.press(Key::Enter);
    console.wait_for(|screen| !asks_to_kick(screen, "Ada"), "the question to go away");
    console.send_keys("u");
    assert_eq!(compact(&stage.provider.wait_for_request(2).body), request("UNMUTE", "12312345", ADA));
    console.wait_for_row("Ada", "open");

    console.send_keys("k");
    console.wait_for(|screen| asks_to_kick(screen, "Ada"), "the question whether to kick Ada");
    console.send_keys("y");
    assert_eq!(compact(&stage.provider.wait_for_request(3).body), request("KICK", "12312345", ADA));
    console.wait_for_row("Ada", "kicked");

    console.send_keys("q");
    assert_eq!(console.exit_code(), 0, "with nobody in, q does not ask");
    console.terminal_is_clean();
    assert_eq!(actions(&stage), ["MUTE", "UNMUTE", "KICK"]);
    assert_eq!(stage.leaks(&console), Vec::<String>::new());
}

#[test]
fn only_y_kicks() {
    let (stage, mut console, _) = with_ada();
    for key in [Key::Enter, Key::Esc, Key::Space, Key::Char('n'), Key::Char('k'), Key::Char('Y')] {
        console.send_keys("k");
        console.wait_for(|screen| asks_to_kick(screen, "Ada"), "the question whether to kick Ada");
        console.press(key);
        console.wait_for(|screen| !asks_to_kick(screen, "Ada"), &format!("{key:?} to cancel"));
    }
    console.send_keys("m");
    console.wait_for_row("Ada", "muted");
    assert_eq!(actions(&stage), ["MUTE"]);
}

#[test]
fn the_one_under_the_cursor_is_meant() {
    let (stage, mut console, listener) = with_ada();
    listener.join(&console, "555", "Ben", BEN);
    console.press(Key::Down);
    console.send_keys("m");
    console.wait_for_row("Ben", "muted");
    assert_eq!(stage.provider.wait_for_request(1).key(), "555");
    // A newcomer does not move the cursor, and a click does.
    listener.join(&console, "777", "Cleo", "33142685300");
    console.send_keys("u");
    console.wait_for_row("Ben", "open");
    assert_eq!(stage.provider.wait_for_request(2).key(), "555");
    let row = console.row_of("Cleo").expect("a row");
    console.mouse(support::keys::Mouse::Click, row, 10);
    console.send_keys("m");
    console.wait_for_row("Cleo", "muted");
    assert_eq!(stage.provider.wait_for_request(3).key(), "777");
    assert_eq!(voice(&console.screen(), "Ada"), Some("open"));
}

#[test]
fn a_refusal_shows_the_providers_words() {
    let (stage, mut console, _) = with_ada();
    // Within the first seconds after the join an error is tried again; it stays one.
    for _ in 0..3 {
        stage.provider.script(Answer::Refuse("participant is not in the room"));
    }
    console.send_keys("m");
    console.wait_for_row("Ada", "failed");
    console.wait_for_text("participant is not in the room");
    // The row allows another ask, and a success is shown as one.
    stage.provider.clear_script();
    console.send_keys("u");
    stage.provider.wait_for_action("UNMUTE", "12312345");
    console.wait_for_row("Ada", "open");
}

#[test]
fn an_answer_that_says_nothing_is_unknown() {
    let (stage, mut console, _) = with_ada();
    stage.provider.script(Answer::Garbage);
    console.send_keys("m");
    console.wait_for_row("Ada", "unknown");
    console.send_keys("m");
    console.wait_for_row("Ada", "muted");
    assert_eq!(actions(&stage), ["MUTE", "MUTE"]);
}

#[test]
fn leaving_and_calling_show() {
    let (_stage, console, listener) = with_ada();
    listener.tell("start", &format!("key=888&number={BEN}&name=Dora"));
    console.wait_for_row("Dora", "calling");
    listener.tell("leave", "key=12312345");
    console.wait_for_row("Ada", "left");
    listener.tell("join", "key=888&conference=1122");
    console.wait_for_row("Dora", "open");
}

#[test]
fn a_killed_console_comes_back_as_it_was() {
    let (stage, mut console, listener) = with_ada();
    listener.join(&console, "555", "Ben", BEN);
    listener.join(&console, "777", "Cleo", "33142685300");
    listener.tell("start", "key=888&number=390669812345&name=Dora");
    console.wait_for_row("Dora", "calling");
    console.send_keys("m");
    console.wait_for_row("Ada", "muted");
    // One ask is on its way when the process is gone: nobody can know what became of it.
    stage.provider.script(Answer::Hang);
    console.press(Key::Down);
    console.send_keys("m");
    stage.provider.wait_for_action("MUTE", "555");
    console.wait_for_row("Ben", "muting");
    console.kill9();

    let (mut again, listener) = stage.open();
    for (name, word) in [("Ada", "muted"), ("Ben", "unknown"), ("Cleo", "open"), ("Dora", "calling")] {
        again.wait_for_row(name, word);
    }
    let rows = ["Ada", "Ben", "Cleo", "Dora"].map(|name| again.row_of(name));
    assert!(rows.is_sorted(), "arrival order: {rows:?}");

    // What comes next is the first request since: nothing was asked again.
    assert_eq!(stage.provider.requests().len(), 2);
    listener.tell("leave", "key=777");
    again.wait_for_row("Cleo", "left");
    again.send_keys("u");
    again.wait_for_row("Ada", "open");
    assert_eq!(actions(&stage), ["MUTE", "MUTE", "UNMUTE"]);
}

#[test]
fn ctrl_c_with_nobody_in_ends_cleanly() {
    let stage = Stage::new();
    let (mut console, _) = stage.open();
    console.press(Key::Ctrl('c'));
    assert_eq!(console.exit_code(), 0);
    console.terminal_is_clean();
}

#[test]
fn quitting_with_callers_in_asks() {
    let (_stage, mut console, _) = with_ada();
    let before = quits(&console.screen());
    for key in [Key::Enter, Key::Esc] {
        console.send_keys("q");
        console.wait_for(|screen| quits(screen) > before, "the question whether to quit");
        console.press(key);
        console.wait_for(|screen| quits(screen) <= before, "the question to go away");
    }
    console.send_keys("q");
    console.wait_for(|screen| quits(screen) > before, "the question whether to quit");
    console.send_keys("y");
    assert_eq!(console.exit_code(), 0);
    console.terminal_is_clean();
}

#[test]
fn a_window_of_any_size_is_drawn() {
    let (_stage, mut console, _) = with_ada();
    for (columns, rows) in [(20, 5), (40, 10), (200, 60), (80, 24)] {
        console.resize(columns, rows);
        let drawn = console.raw().len();
        console.wait_for_bytes(|raw| raw.len() > drawn, "another frame");
    }
    console.wait_for_row("Ada", "open");
    console.press(Key::F1);
    console.wait_for(|screen| screen.says("?"), "help");
}
