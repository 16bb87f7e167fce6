//! The promise: many are asked for at once without harming anybody. Nobody outside the marks is touched, Esc stops,
//! who failed stays marked, one key press goes first, and the last mute can be taken back.

#![allow(clippy::expect_used, reason = "a failing helper is a failing test")]

mod support;

use std::collections::BTreeSet;

use support::keys::{Key, Mouse};
use support::provider::Answer;
use support::pty::Console;
use support::screen::Reading;
use support::stage::{Listener, Stage};

/// A console with so many callers: `k0` to `kN`, named `Caller 00` and so on, with a pace of so many asks a second.
fn conference(callers: usize, pace: u32) -> (Stage, Console, Listener) {
    let stage = Stage::new();
    let setup = stage.setup().env("CONFMOD_PACE", pace.to_string()).env("CONFMOD_PARALLEL", "4");
    let (console, listener) = stage.open_as(&setup.size(120, 40));
    for n in 0..callers {
        listener.join(&console, &format!("k{n}"), &format!("Caller.{n:02}"), &format!("121570100{n:02}"));
    }
    (stage, console, listener)
}

fn refused() -> Answer {
    // A result that is no success is final; an error soon after a join would be tried again.
    let body = "<RESPONSE><RESULT>DECLINED</RESULT></RESPONSE>";
    Answer::Bytes(
        format!("HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
            .into_bytes(),
    )
}

fn keys(asked: &[(String, String)], action: &str) -> BTreeSet<String> {
    asked.iter().filter(|(asked, _)| asked == action).map(|(_, key)| key.clone()).collect()
}

fn set(keys: &[&str]) -> BTreeSet<String> {
    keys.iter().map(ToString::to_string).collect()
}

#[track_caller]
fn wait_for_notice(console: &Console, text: &str) {
    console.wait_for(|screen| screen.notice().contains(text), &format!("{text:?} in the status line"));
}

#[test]
fn a_bulk_mute_reaches_exactly_the_marked_whatever_comes_and_goes() {
    let (stage, mut console, listener) = conference(6, 100);
    console.send_keys(" ");
    console.press(Key::Down);
    console.press(Key::Down);
    console.send_keys(" ");
    wait_for_notice(&console, "2 marked");
    console.send_keys("ssS");
    listener.join(&console, "late", "Late", "4930901820");
    listener.tell("leave", "key=k1");
    console.wait_for_row("Caller.01", "left");
    console.press(Key::End);
    console.send_keys("m");
    wait_for_notice(&console, "mute 2: 2 done");
    assert_eq!(keys(&stage.asked(), "MUTE"), set(&["k0", "k2"]), "and nobody else");
    assert_eq!(stage.provider.requests().len(), 2);
    console.wait_for_row("Caller.00", "muted");
    assert!(console.screen().row_says("Caller.03", "open"), "{}", console.screen_text());
}

#[test]
fn who_failed_stays_marked_and_r_asks_for_exactly_these() {
    let (stage, mut console, _) = conference(5, 100);
    stage.provider.script(refused());
    stage.provider.script(refused());
    console.send_keys("*m");
    wait_for_notice(&console, "mute 5: 3 done, 2 failed");
    wait_for_notice(&console, "2 marked");
    let failed: BTreeSet<_> =
        (0..5).filter(|n| console.screen().row_says(&format!("Caller.{n:02}"), "failed")).map(|n| format!("k{n}")).collect();
    assert_eq!(failed.len(), 2, "{}", console.screen_text());
    console.send_keys("r");
    wait_for_notice(&console, "mute 2: 2 done");
    let again: BTreeSet<_> = stage.asked().split_off(5).into_iter().map(|(_, key)| key).collect();
    assert_eq!(again, failed);
}

#[test]
fn esc_stops_a_bulk_ask_within_one_pace_interval_and_leaves_marked_who_was_not_asked() {
    let (stage, mut console, _) = conference(12, 1);
    console.send_keys("*m");
    wait_for_notice(&console, "mute 12: ");
    assert!(console.screen().notice().contains("1/s, Esc stops"), "{}", console.screen_text());
    stage.provider.wait_for_request(2);
    console.press(Key::Esc);
    wait_for_notice(&console, " not asked");
    let asked = keys(&stage.asked(), "MUTE");
    assert!(asked.len() <= 3, "at most the one whose turn it was: {asked:?}");
    let left = 12 - asked.len();
    wait_for_notice(&console, &format!("{left} marked"));
    assert!(console.screen().notice().contains(&format!("{} done", asked.len())), "{}", console.screen_text());
    // The marks are who was not asked: the next press is for them, and the first of it for the first of them.
    console.send_keys("u");
    let first =
        stage.provider.wait_for_action("UNMUTE", &format!("k{}", (0..12).find(|n| !asked.contains(&format!("k{n}"))).expect("one")));
    assert!(!asked.contains(first.key()));
    console.press(Key::Esc);
    wait_for_notice(&console, " not asked");
    assert!(keys(&stage.asked(), "UNMUTE").is_disjoint(&asked), "nobody who was muted is unmuted");
}

#[test]
fn a_single_press_goes_before_a_bulk_ask() {
    let (stage, mut console, listener) = conference(8, 1);
    console.send_keys("*m");
    stage.provider.wait_for_request(1);
    listener.join(&console, "noisy", "Noisy", "4930901820");
    console.press(Key::End);
    console.send_keys("m");
    stage.provider.wait_for_action("MUTE", "noisy");
    let asked = stage.asked();
    assert!(asked.len() < 8, "before the others had their turn: {asked:?}");
    console.wait_for_row("Noisy", "muted");
}

#[test]
fn a_kick_of_more_than_ten_asks_for_their_number() {
    let (stage, mut console, _) = conference(11, 100);
    console.send_keys("*k");
    console.wait_for_text("kick 11 callers?");
    let screen = console.screen_text();
    assert!(screen.contains("Caller.00, Caller.01") && screen.contains("and 5 more"), "{screen}");
    console.send_keys("y");
    wait_for_notice(&console, "nobody was kicked");
    console.send_keys("k10");
    console.press(Key::Enter);
    wait_for_notice(&console, "nobody was kicked");
    assert!(stage.provider.requests().is_empty());
    console.send_keys("k11");
    console.press(Key::Enter);
    wait_for_notice(&console, "kick 11: 11 done");
    assert_eq!(keys(&stage.asked(), "KICK").len(), 11);
    assert_eq!(stage.provider.requests().len(), 11, "each once");
}

#[test]
fn a_countdown_for_the_marked_sends_nothing_before_it_ends() {
    let stage = Stage::new();
    stage.home.configure("kick = \"countdown\"\n");
    let (mut console, listener) = stage.open_as(&stage.setup().size(120, 40));
    listener.join(&console, "a", "Ada", "12157010680");
    listener.join(&console, "b", "Ben", "4930901820");
    console.send_keys("*k");
    wait_for_notice(&console, "Ada and 1 more are kicked in");
    console.press(Key::Esc);
    wait_for_notice(&console, "nobody was kicked");
    assert!(stage.provider.requests().is_empty());
    console.send_keys("k");
    wait_for_notice(&console, "kicked in 1 s");
    assert!(stage.provider.requests().is_empty(), "not before it ends");
    wait_for_notice(&console, "kick 2: 2 done");
}

#[test]
fn z_takes_back_what_nobody_changed_since() {
    let (stage, mut console, listener) = conference(4, 100);
    console.send_keys("*m");
    wait_for_notice(&console, "mute 4: 4 done");
    console.send_keys("u");
    console.wait_for_row("Caller.00", "open");
    console.send_keys("m");
    console.wait_for_row("Caller.00", "muted");
    listener.tell("leave", "key=k3");
    console.wait_for_row("Caller.03", "left");
    let before = stage.asked().len();
    // The last press was for the first caller alone.
    console.send_keys("z");
    console.wait_for_row("Caller.00", "open");
    assert_eq!(stage.asked()[before..], [("UNMUTE".to_owned(), "k0".to_owned())]);
    // Before it came an unmute and the mute of all: of those, the first caller has changed since, and one has left.
    console.send_keys("zz");
    wait_for_notice(&console, "taken back: unmute 2: 2 done");
    assert_eq!(keys(&stage.asked().split_off(before + 1), "UNMUTE"), set(&["k1", "k2"]));
    assert_eq!(stage.asked().len(), before + 3, "nothing that changed since is undone");
}

#[test]
fn a_click_on_the_left_marks_and_elsewhere_it_does_not() {
    let (stage, mut console, _) = conference(3, 100);
    let row = console.row_of("Caller.01").expect("listed");
    console.mouse(Mouse::Click, row, 1);
    wait_for_notice(&console, "1 marked");
    let other = console.row_of("Caller.02").expect("listed");
    console.mouse(Mouse::Click, other, 20);
    console.send_keys("m");
    console.wait_for_row("Caller.01", "muted");
    assert_eq!(stage.asked(), [("MUTE".to_owned(), "k1".to_owned())], "the mark, not the cursor");
}
