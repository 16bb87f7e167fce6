//! The promise: whoever is looked for is found, and whoever wants to be called is called, once.

#![allow(clippy::expect_used, reason = "a failing helper is a failing test")]

mod support;

use std::time::{Duration, Instant};

use support::keys::Key;
use support::pty::Console;
use support::screen::Reading;
use support::stage::{Listener, Stage};

const QUIET: Duration = Duration::from_secs(3);

fn bells(console: &Console) -> usize {
    console.raw().split(|byte| *byte == 7).count() - 1
}

fn notifications(console: &Console) -> Vec<String> {
    let raw = String::from_utf8_lossy(&console.raw()).into_owned();
    let ends = |rest: &str| rest.split(['\x1b', '\x07']).next().map(str::to_owned);
    raw.split("\x1b]").skip(1).filter(|rest| rest.starts_with("9;") || rest.starts_with("777;")).filter_map(ends).collect()
}

/// Forty callers whom everybody knows, and their hands, as fast as they can be told of.
fn forty_hands(console: &Console, listener: &Listener) {
    for place in 10..50 {
        listener.tell("join", &format!("key={place}&conference=1122&number=12157010{place}&name=Caller-{place}"));
    }
    console.wait_for_text("1:all (40)");
    for place in 10..50 {
        listener.tell("hand", &format!("key={place}"));
    }
}

#[test]
fn nobody_is_alerted_by_default() {
    let stage = Stage::new();
    let (console, listener) = stage.open();
    forty_hands(&console, &listener);
    listener.tell("join", "key=x&conference=1122&number=33142685300");
    console.wait_for_text("1:all (41)");
    assert_eq!((bells(&console), notifications(&console)), (0, vec![]));
}

#[test]
fn forty_hands_are_one_bell_and_then_one_more() {
    let stage = Stage::new();
    stage.home.configure("alert_hand = [\"bell\", \"osc9\"]\nalert_unknown = [\"osc777\"]\n");
    let (console, listener) = stage.open();
    let before = Instant::now();
    forty_hands(&console, &listener);
    console.wait_for_bytes(|raw| raw.contains(&7), "the first bell");
    let soon = bells(&console);
    assert!(soon == 1 || before.elapsed() >= QUIET, "{soon} bells within three seconds");
    console.wait_for_text("hands up");
    console.wait_for(|screen| !screen.says("raised a hand"), "the rest, told together");
    let told = notifications(&console);
    assert_eq!(told[0], "9;confmod: Caller-10 raised a hand");
    assert!(told[1..].iter().all(|text| text.ends_with("hands up")), "{told:?}");
    assert_eq!(bells(&console), told.len());
    assert!(told.len() <= 2 || before.elapsed() >= 2 * QUIET, "{told:?}");
    // A name that would leave its notification, and one that is none.
    listener.tell("hand", "key=10&state=down");
    listener.tell("join", "key=evil&conference=1122&number=33142685300&name=E%1b%5c%07%1b%5d52;c;QQ==&hand=up");
    console.wait_for_bytes(|raw| String::from_utf8_lossy(raw).contains("9;confmod: E\\]52,c,QQ== raised a hand"), "the name, harmless");
    listener.tell("join", "key=nobody&conference=1122&number=442079460182");
    console.wait_for_bytes(|raw| String::from_utf8_lossy(raw).contains("\x1b]777;notify;confmod;"), "an unknown caller");
    assert_eq!(notifications(&console).len(), told.len() + 2, "each said once");
}

#[test]
fn filters_find_and_say_what_they_do_not_understand() {
    let stage = Stage::new();
    let (mut console, listener) = stage.open();
    for (key, name, number) in [("1", "Mia", "12157010680"), ("2", "Ben", "4930901820"), ("3", "Zoe", "33142685300")] {
        listener.join(&console, key, name, number);
    }
    console.send_keys("/place:germ");
    console.wait_for(|screen| screen.row_of("Mia").is_none() && screen.row_of("Ben").is_some(), "the caller from Germany alone");
    console.press(Key::Esc);
    console.send_keys("/-state:flying");
    console.wait_for_text("! there is no state flying");
    console.wait_for_text("open muted");
    console.press(Key::Enter);
    console.send_keys("m");
    console.wait_for_text("no state flyingm");
    assert_eq!(["Mia", "Ben", "Zoe"].iter().filter(|name| console.row_of(name).is_some()).count(), 3, "nobody goes for a slip");
    assert_eq!(stage.asked(), [], "and no key acts");
    console.press(Key::Esc);
    console.send_keys("/-ben -mia");
    console.press(Key::Enter);
    console.send_keys("m");
    assert_eq!(stage.provider.wait_for_request(1).key(), "3");
}

#[test]
fn the_palette_goes_to_a_caller_whom_tab_and_filter_hide() {
    let stage = Stage::new();
    let (mut console, listener) = stage.open();
    listener.join(&console, "1", "Mia", "12157010680");
    listener.tell("join", "key=2&conference=3344&number=4930901820&name=Benedikt");
    console.wait_for_text("3:3344 (1)");
    console.send_keys("p2/mia");
    console.press(Key::Enter);
    console.send_keys(":bened");
    console.wait_for_text("go to +*");
    assert!(!console.screen().says("493090182"), "masked digits stay masked:\n{}", console.screen_text());
    console.press(Key::Enter);
    console.wait_for_text("3344 is shown and the filter is cleared, for Benedikt");
    console.send_keys("m");
    assert_eq!(stage.provider.wait_for_request(1).key(), "2");
}
