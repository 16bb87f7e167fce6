//! The promise: a past conference can be looked at again, also while the next one runs, and nothing comes of it.

#![allow(clippy::expect_used, reason = "a failing helper is a failing test")]

mod support;

use rusqlite::Connection;
use support::keys::Key;
use support::pty::{Console, Setup};
use support::screen::Reading;
use support::stage::{Listener, Stage};

const ADA: &str = "12157010680";
const BEN: &str = "4930901820";

/// Ada and Ben were in 1122 for an hour, two days ago, and Ada was muted for good.
fn past() -> (Stage, Console, Listener) {
    let stage = Stage::new();
    let (mut console, listener) = stage.open();
    listener.join(&console, "ada", "Ada", ADA);
    console.send_keys("m");
    console.wait_for_row("Ada", "muted");
    listener.join(&console, "ben", "Ben", BEN);
    listener.tell("hand", "key=ben");
    listener.tell("leave", "key=ben");
    console.wait_for_row("Ben", "left");
    // Each thing ten minutes after the one before, the last of them 46 hours ago.
    let journal = Connection::open(stage.home.journal()).expect("the journal");
    let calls = "kind IN ('joined', 'left', 'hand', 'asked', 'answered')";
    journal
        .execute_batch(&format!(
            "UPDATE event SET at = (SELECT max(at) FROM event) - 46 * 3600000 - (SELECT max(seq) FROM event) * 600000 + seq * 600000 WHERE {calls};
             UPDATE event SET at = (SELECT min(at) FROM event WHERE {calls}) - 60000 WHERE NOT {calls};"
        ))
        .expect("an older journal");
    (stage, console, listener)
}

fn replay(stage: &Stage, arguments: &[&str]) -> Setup {
    // No key, no port, no token: what was needs none.
    Setup::new(support::confmod(), &stage.home)
        .args(["replay", "--journal", stage.home.journal().to_str().expect("a path")])
        .args(arguments)
        .size(120, 30)
}

#[test]
fn a_past_conference_is_shown_while_another_confmod_has_the_journal() {
    let (stage, console, _) = past();
    let mut replay = replay(&stage, &["--conference", "1122"]).start();
    replay.wait_for_row("Ada", "open");
    let screen = replay.screen();
    assert!(screen.says("replay") && screen.says(" of 50:00") && !screen.says("Ben"), "{}", screen.text());
    replay.press(Key::Enter);
    replay.wait_for_text("paused");
    for (row, word) in [("Ada", "muting"), ("Ada", "muted"), ("Ben", "open")] {
        replay.send_keys(".");
        replay.wait_for_row(row, word);
    }
    // The ask that was made then is not made again, and none can be made.
    for key in ["m", "k", "u", "n"] {
        replay.send_keys(key);
        replay.wait_for_text("this is a replay: it shows what was and changes nothing");
        replay.send_keys("\x1b");
        replay.wait_for(|screen| !screen.notice().contains("this is a replay"), "the notice to go");
    }
    replay.press(Key::Left);
    replay.wait_for(|screen| screen.row_of("Ben").is_none_or(|row| row > 20), "the time before Ben came");
    replay.send_keys("..");
    replay.wait_for_row("Ben", "↑1");
    replay.send_keys("....");
    replay.wait_for_text("the replay is over");
    replay.wait_for_row("Ben", "left");
    replay.wait_for_text("50:00 of 50:00");
    assert_eq!(stage.asked(), [("MUTE".to_owned(), "ada".to_owned())]);
    replay.send_keys("q");
    assert_eq!(replay.exit_code(), 0);
    replay.terminal_is_clean();
    assert!(console.is_running());
}

#[test]
fn it_runs_as_fast_as_it_is_told_and_begins_where_it_is_told() {
    let (stage, _console, _) = past();
    let fast = replay(&stage, &["--speed", "1000"]).start();
    fast.wait_for_text("the replay is over");
    fast.wait_for_row("Ada", "muted");
    let late = replay(&stage, &["--from", "46h 11m"]).start();
    late.wait_for_row("Ben", "open");
    late.wait_for_text("39:");
}

#[test]
fn what_cannot_be_played_is_told_in_a_sentence() {
    let (stage, console, _) = past();
    let said = |arguments: &[&str], code: i32| {
        let replay = replay(&stage, arguments).size(300, 10).start();
        assert_eq!(replay.exit_code(), code, "{arguments:?}: {}", replay.screen_text());
        replay.screen_text()
    };
    assert!(said(&["--conference", "4711"], 1).contains("knows nothing of a conference 4711; it holds 1122"));
    assert!(said(&["--from", "tomorrow"], 2).contains("--from: \"tomorrow\" is no time"));
    assert!(said(&["--from", "1h"], 1).contains("nothing happened from then on"));
    console.kill9();
    let database = Connection::open(stage.home.journal()).expect("the journal");
    database.pragma_update(None, "user_version", 99).expect("a newer one");
    assert!(said(&[], 1).contains("was written by a newer confmod (format 99)"));
    database.execute_batch("PRAGMA user_version = 1; DELETE FROM event").expect("emptied");
    assert!(said(&[], 1).contains("the journal holds no call"));
    std::fs::remove_file(stage.home.journal()).expect("removed");
    let none = said(&[], 1);
    assert!(none.contains("there is no such file") && none.contains("--journal"), "{none}");
}
