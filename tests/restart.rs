//! The promise: what was answered `200` and what was asked is there again after any end, and nothing is asked twice.

#![allow(clippy::expect_used, reason = "a failing helper is a failing test")]

mod support;

use std::time::{Duration, Instant};

use rusqlite::Connection;
use rustix::process::Signal;
use support::keys::Key;
use support::provider::Answer;
use support::pty::Console;
use support::screen::Reading;
use support::stage::{Listener, Stage};

const ADA: &str = "12157010680";
const BEN: &str = "4930901820";

fn open(stage: &Stage) -> (Console, Listener) {
    stage.open_as(&stage.setup().size(160, 48))
}

fn with_ada() -> (Stage, Console, Listener) {
    let stage = Stage::new();
    let (console, listener) = open(&stage);
    listener.join(&console, "ada", "Ada", ADA);
    (stage, console, listener)
}

fn quit(console: &mut Console) {
    console.send_keys("q");
    console.wait_for_text("quit?");
    console.send_keys("y");
}

fn journal(stage: &Stage) -> Connection {
    Connection::open(stage.home.journal()).expect("the journal")
}

#[test]
fn the_time_the_listener_was_down_is_told() {
    let (stage, console, _) = with_ada();
    assert!(!console.screen().says("was not running"), "the first start follows nothing:\n{}", console.screen_text());
    console.kill9();
    let (again, _) = open(&stage);
    again.wait_for_row("Ada", "open");
    again.wait_for(|screen| screen.pane_says("the listener was not running for"), "the gap in the events pane");
}

#[test]
fn an_ask_that_is_answered_in_time_is_waited_for() {
    let (stage, mut console, _) = with_ada();
    stage.provider.script(Answer::Hold);
    console.send_keys("m");
    stage.provider.wait_for_request(1);
    console.wait_for_row("Ada", "muting");
    quit(&mut console);
    console.wait_for_text("waiting for the ask in flight");
    stage.provider.release();
    assert_eq!(console.exit_code(), 0);
    let (again, _) = open(&stage);
    again.wait_for_row("Ada", "muted");
    assert_eq!(stage.asked().len(), 1);
}

#[test]
fn an_ask_that_is_not_answered_in_time_is_unknown_and_a_waiting_one_is_not_sent() {
    let (stage, mut console, _) = with_ada();
    stage.provider.script(Answer::Hang);
    console.send_keys("m");
    stage.provider.wait_for_request(1);
    console.send_keys("u");
    console.wait_for_text("asked: unmute Ada");
    let asked_to_end = Instant::now();
    quit(&mut console);
    assert_eq!(console.exit_code(), 0);
    // Two seconds and what a busy machine adds; the answer would have been waited for much longer.
    assert!(asked_to_end.elapsed() < Duration::from_secs(6), "{:?}", asked_to_end.elapsed());
    console.terminal_is_clean();
    let (mut again, _) = open(&stage);
    again.wait_for_row("Ada", "unknown");
    again.wait_for(|screen| screen.pane_says("Ada: unmute not sent: confmod is quitting"), "the end of the one that waited");
    // What is asked next is the second request of all.
    again.send_keys("m");
    again.wait_for_row("Ada", "muted");
    assert_eq!(stage.asked().len(), 2);
}

#[test]
fn a_kick_in_flight_at_the_end_is_not_sent_again() {
    let (stage, mut console, listener) = with_ada();
    listener.join(&console, "ben", "Ben", BEN);
    stage.provider.script(Answer::Hang);
    console.send_keys("k");
    console.wait_for_text("kick this caller?");
    console.send_keys("y");
    stage.provider.wait_for_action("KICK", "ada");
    // Another ask waits behind it, and has certainly not left.
    console.send_keys("u");
    console.wait_for_text("asked: unmute Ada");
    console.kill9();
    let (mut again, _) = open(&stage);
    again.wait_for_row("Ada", "unknown");
    again.wait_for(|screen| screen.pane_says("Ada: unmute not sent"), "the end of the one that waited");
    again.press(Key::Down);
    again.send_keys("m");
    again.wait_for_row("Ben", "muted");
    assert_eq!(stage.asked(), [("KICK", "ada"), ("MUTE", "ben")].map(|(action, key)| (action.to_owned(), key.to_owned())));
}

#[test]
fn old_calls_do_not_come_back_and_names_do() {
    let (stage, mut console, _) = with_ada();
    console.send_keys("n");
    console.wait_for_text("name this caller");
    console.send_keys(" Lovelace");
    console.press(Key::Enter);
    console.wait_for_row("Ada Lovelace", "open");
    console.kill9();
    // As if all that had been two days ago; the default brings back twelve hours.
    journal(&stage).execute("UPDATE event SET at = at - 172800000", []).expect("an older journal");
    let (mut console, listener) = open(&stage);
    listener.join(&console, "ben", "Ben", BEN);
    assert!(console.screen().says("[1:all (1)]") && !console.screen().says(ADA), "{}", console.screen_text());
    quit(&mut console);
    assert_eq!(console.exit_code(), 0);
    // A new call from the number has the name that was given then.
    let (console, listener) = open(&stage);
    listener.tell("join", &format!("key=new&conference=1122&number={ADA}"));
    console.wait_for_row("Ada Lovelace", "open");
}

#[test]
fn how_far_back_calls_are_brought_is_a_setting() {
    let (stage, console, _) = with_ada();
    console.kill9();
    journal(&stage).execute("UPDATE event SET at = at - 172800000", []).expect("an older journal");
    stage.home.configure("resume_within = \"72h\"\nstale_after = \"24h\"\n");
    let (console, _) = open(&stage);
    console.wait_for_row("Ada", "stale");
}

#[test]
fn every_end_brings_back_the_same_rows() {
    for signal in [Signal::TERM, Signal::HUP, Signal::KILL] {
        let (stage, mut console, listener) = with_ada();
        listener.join(&console, "ben", "Ben", BEN);
        listener.tell("hand", "key=ben");
        console.wait_for_text("Ben raised a hand");
        console.send_keys("m");
        console.wait_for_row("Ada", "muted");
        console.press(Key::Delete);
        console.wait_for_text("Ada was taken off the list");
        listener.tell("join", &format!("key=cleo&conference=3344&number={BEN}0&name=Cleo"));
        console.wait_for_row("Cleo", "open");
        console.signal(signal);
        console.exit_code();
        let (again, listener) = open(&stage);
        again.wait_for_row("Cleo", "open");
        again.wait_for(|screen| screen.row_says("Ben", "↑1"), "Ben's hand");
        let screen = again.screen();
        assert!(screen.says("1:all (2)") && !screen.row_says("Ada", "muted"), "{signal:?}:\n{}", screen.text());
        // What comes after is taken as ever: the same join again changes nothing.
        listener.tell("join", "key=cleo&conference=3344");
        again.wait_for_text("1 repeated");
    }
}

#[test]
fn a_journal_that_cannot_be_written_refuses_callbacks_and_lets_asks_pass() {
    let (stage, mut console, listener) = with_ada();
    let other = journal(&stage);
    other.execute_batch("BEGIN IMMEDIATE").expect("the write lock");
    let reply = listener.get("join", "key=ben&conference=1122&name=Ben");
    assert_eq!(reply.status, 503, "{reply:?}");
    assert!(reply.header("retry-after").is_some(), "{reply:?}");
    console.wait_for_text("the journal could not be written");
    console.send_keys("m");
    stage.provider.wait_for_action("MUTE", "ada");
    console.wait_for_row("Ada", "muted");
    console.wait_for_row("Ada", "not recorded");
    other.execute_batch("ROLLBACK").expect("the lock given back");
    listener.join(&console, "ben", "Ben", BEN);
    console.wait_for(|screen| screen.pane_says("the journal is written again"), "word that it is over");
    console.kill9();
    // What was asked meanwhile was written down late; what was refused is not there.
    let (again, _) = open(&stage);
    again.wait_for_row("Ben", "open");
    again.wait_for_row("Ada", "muted");
}

#[test]
fn every_file_is_private() {
    use std::os::unix::fs::MetadataExt as _;
    let (stage, mut console, _) = with_ada();
    console.send_keys("m");
    console.wait_for_row("Ada", "muted");
    for (path, _) in stage.home.files() {
        let mode = path.metadata().expect("a file").mode() & 0o777;
        assert_eq!(mode, 0o600, "{}: {mode:o}", path.display());
    }
    let log = stage.home.join("state/confmod").metadata().expect("a directory");
    assert_eq!(log.mode() & 0o777, 0o700);
}

#[test]
fn events_can_be_read_with_the_ordinary_shell() {
    if !support::tools::require("sqlite3") {
        return;
    }
    let (stage, mut console, _) = with_ada();
    console.send_keys("m");
    console.wait_for_row("Ada", "muted");
    let select = "SELECT kind, call, conference, number, action, by, outcome FROM log";
    let output =
        std::process::Command::new("sqlite3").arg("-readonly").arg(stage.home.journal()).arg(select).output().expect("sqlite3 runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    for part in [format!("|ada|1122|{ADA}|"), "|mute|the-moderator|".to_owned(), "|accepted".to_owned()] {
        assert!(text.contains(&part), "{part}:\n{text}");
    }
}
