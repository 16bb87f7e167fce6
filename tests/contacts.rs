//! The promise: a table names the callers, and of table and console the later edit wins, while all is running.

#![allow(clippy::expect_used, reason = "a failing helper is a failing test")]

mod support;

use std::fs;

use support::keys::Key;
use support::pty::Console;
use support::screen::Reading;
use support::stage::{Listener, Stage};

const ADA: &str = "12157010680";
const BEN: &str = "4930901820";

/// Puts the table where the program finds it by itself, as an editor does that saves by renaming.
fn table(stage: &Stage, text: &str) {
    let directory = stage.home.join("config/confmod");
    fs::create_dir_all(&directory).expect("a directory");
    fs::write(directory.join("contacts.csv~"), text).expect("the table");
    fs::rename(directory.join("contacts.csv~"), directory.join("contacts.csv")).expect("renamed");
}

/// A console with two callers who say no name.
fn with_two(stage: &Stage) -> (Console, Listener) {
    let (console, listener) = stage.open_as(&stage.setup().size(160, 48));
    listener.tell("join", &format!("key=1&conference=1122&number={ADA}"));
    listener.tell("join", &format!("key=2&conference=1122&number={BEN}"));
    console.wait_for_text("1:all (2)");
    (console, listener)
}

#[track_caller]
fn wait_for_notice(console: &Console, text: &str) {
    console.wait_for(|screen| screen.notice().contains(text), &format!("{text:?} in the status line"));
}

/// Names the caller under the cursor.
fn name(console: &mut Console, former: &str, name: &str) {
    console.send_keys("n");
    console.wait_for_text("name");
    for _ in former.chars() {
        console.press(Key::Backspace);
    }
    console.send_keys(name);
    console.press(Key::Enter);
    console.wait_for_row(name, "open");
}

#[test]
fn the_table_names_callers_and_an_edit_renames_the_row() {
    let stage = Stage::new();
    table(&stage, &format!("Name;Number;Role;Note\nAda Lovelace;+{ADA};Speaker;wants to go first\n"));
    let (mut console, _) = with_two(&stage);
    console.wait_for_row("Ada Lovelace", &format!("+{ADA}"));
    console.send_keys("d");
    for text in ["from the contacts file", "Speaker", "from lecture mode and lock", "wants to go first"] {
        console.wait_for_text(text);
    }
    table(&stage, &format!("number,name,role\n{ADA},Countess Ada,\n12a,Nobody,\n{BEN},Ben Keller,\n"));
    console.wait_for_row("Countess Ada", &format!("+{ADA}"));
    console.wait_for_row("Ben Keller", &format!("+{BEN}"));
    // What she was called when she joined is in the events pane.
    assert!(!console.screen().row_says("Ada Lovelace", "open") && !console.screen().says("Speaker"), "{}", console.screen_text());
    // The bad line is named where it is seen, and cost nobody else a name.
    wait_for_notice(&console, "contacts.csv line 3: \"12a\" is no number: skipped");
    console.wait_for(|screen| screen.pane_says("contacts.csv line 3: \"12a\" is no number: skipped"), "the bad line in the events pane");
    assert!(String::from_utf8_lossy(&stage.home.log()).contains("contacts.csv line 3:"), "the bad line in the log");
    assert_eq!(stage.leaks(&console), Vec::<String>::new());
}

#[test]
fn who_is_exempt_is_known_before_anybody_can_join() {
    let stage = Stage::new();
    // Written a moment ago: young when the program looks at it first.
    table(&stage, &format!("number,name,role\n{ADA},Ada Lovelace,speaker\n"));
    let _running = stage.open();
    let journal = rusqlite::Connection::open(stage.home.journal()).expect("the journal");
    let first = |kind: &str| -> i64 {
        journal.query_row("SELECT min(seq) FROM event WHERE kind = ?1", [kind], |row| row.get(0)).expect("an event of the kind")
    };
    assert!(first("contacts") < first("listening"), "the names are in the journal before callbacks are taken");
}

#[test]
fn the_later_edit_of_table_and_console_wins() {
    let stage = Stage::new();
    table(&stage, &format!("number,name\n{ADA},Ada Lovelace\n"));
    let (mut console, _) = with_two(&stage);
    console.wait_for_row("Ada Lovelace", "open");
    name(&mut console, "Ada Lovelace", "Augusta");
    // The row in the table did not change, so its name is the older one.
    table(&stage, &format!("number,name\n{ADA},Ada Lovelace\n{BEN},Ben Keller\n"));
    console.wait_for_row("Ben Keller", "open");
    assert!(console.screen().row_says("Augusta", &format!("+{ADA}")), "{}", console.screen_text());
    table(&stage, &format!("number,name\n{ADA},Lady Byron\n{BEN},Ben Keller\n"));
    console.wait_for_row("Lady Byron", &format!("+{ADA}"));
    name(&mut console, "Lady Byron", "Augusta");
    // And all of it holds after a restart.
    console.send_keys("q");
    console.wait_for_text("quit?");
    console.send_keys("y");
    assert_eq!(console.exit_code(), 0);
    let (console, _) = stage.open_as(&stage.setup().size(160, 48));
    console.wait_for_row("Augusta", &format!("+{ADA}"));
    console.wait_for_row("Ben Keller", &format!("+{BEN}"));
}

#[test]
fn a_table_that_goes_away_leaves_the_names() {
    let stage = Stage::new();
    table(&stage, &format!("number,name\n{ADA},Ada Lovelace\n"));
    let (console, _) = with_two(&stage);
    console.wait_for_row("Ada Lovelace", "open");
    fs::remove_file(stage.home.join("config/confmod/contacts.csv")).expect("removed");
    wait_for_notice(&console, "is gone: the names it gave stay");
    assert!(console.screen().row_says("Ada Lovelace", "open"), "{}", console.screen_text());
}

#[test]
fn a_table_that_was_named_and_is_not_there_is_told() {
    let stage = Stage::new();
    stage.home.configure("contacts = \"people.csv\"\nexempt_roles = [\"chair\"]\n");
    let (mut console, _) = with_two(&stage);
    wait_for_notice(&console, "there is no file");
    console.wait_for(|screen| screen.pane_says("people.csv"), "which file");
    fs::write(stage.home.join("config/confmod/people.csv"), format!("{ADA},Ada,Chair\n{BEN},Ben,speaker\n")).expect("the table");
    console.wait_for_row("Ada", "open");
    console.send_keys("/state:exempt\r");
    console.wait_for_text("1 of 2");
    assert!(console.screen().row_says("Ada", "open"), "{}", console.screen_text());
}

#[test]
fn a_console_that_only_looks_reads_no_table() {
    let stage = Stage::new();
    // Where a table is read, its absence is in the log before the first frame.
    stage.home.configure("contacts = \"people.csv\"\n");
    for (flags, read) in [(&[][..], true), (&["--read-only"], false)] {
        let (mut console, _) = stage.open_as(&stage.setup().args(flags));
        console.send_keys("q");
        assert_eq!(console.exit_code(), 0);
        let log = stage.home.log();
        assert_eq!(String::from_utf8_lossy(&log).contains("people.csv"), read, "{flags:?}");
        fs::remove_dir_all(stage.home.join("state")).expect("a log to remove");
    }
}
