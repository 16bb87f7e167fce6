//! The promise: hands keep the order in which they went up, and the floor passes from one to the next.

mod support;

use support::keys::Key;
use support::pty::Console;
use support::screen::Reading;
use support::stage::{Listener, Stage};

const CALLERS: [(&str, &str, &str); 3] = [("ada", "Ada", "12157010680"), ("ben", "Ben", "4930901820"), ("zoe", "Zoe", "33142685300")];

/// A console wide enough for the pane of hands, with Ada, Ben and Zoe in it.
fn with_three() -> (Stage, Console, Listener) {
    let stage = Stage::new();
    let (console, listener) = stage.open_as(&stage.setup().size(140, 40));
    for (key, name, number) in CALLERS {
        listener.join(&console, key, name, number);
    }
    (stage, console, listener)
}

/// Lets these callers raise the first hands, one after the other.
fn raise(console: &Console, listener: &Listener, keys: &[&str]) {
    for (key, place) in keys.iter().zip(1..) {
        listener.tell("hand", &format!("key={key}&state=up"));
        let name = CALLERS.iter().find(|(other, ..)| other == key).map_or("", |(_, name, _)| name);
        console.wait_for_row(name, &format!("↑{place}"));
    }
}

/// The pane of hands, line by line.
fn queue(screen: &vt100::Screen) -> Vec<String> {
    let pane = |line: String| line.split_once('│').map(|(_, pane)| pane.trim().to_owned());
    let lines = screen.lines().into_iter().filter_map(pane).skip_while(|line| !line.contains(" hands")).skip(1);
    lines.take_while(|line| !line.is_empty() && !line.contains("──")).collect()
}

#[track_caller]
fn wait_for_queue(console: &Console, wanted: &[&str]) {
    let same = |screen: &vt100::Screen| {
        let queue = queue(screen);
        queue.len() == wanted.len() && queue.iter().zip(wanted).all(|(line, wanted)| line.starts_with(wanted))
    };
    console.wait_for(same, &format!("the hands {wanted:?}"));
}

fn command(console: &mut Console, name: &str) {
    console.send_keys(":");
    console.wait_for_text("commands");
    console.send_keys(name);
    console.press(Key::Enter);
}

fn asked(stage: &Stage) -> Vec<String> {
    let mut asked: Vec<_> = stage.asked().into_iter().map(|(action, key)| format!("{action} {key}")).collect();
    // Those of one press go at once, side by side.
    asked.sort();
    asked
}

#[test]
fn hands_from_callbacks_are_numbered_in_their_order() {
    let (_stage, mut console, listener) = with_three();
    raise(&console, &listener, &["zoe", "ada", "ben"]);
    for (name, place) in [("Zoe", "↑1"), ("Ada", "↑2"), ("Ben", "↑3")] {
        console.wait_for_row(name, place);
    }
    wait_for_queue(&console, &["1   Zoe", "2   Ada", "3   Ben"]);
    // A repeat keeps its place; a state that is absent is up.
    listener.tell("hand", "key=zoe");
    listener.tell("hand", "key=ada&state=down");
    wait_for_queue(&console, &["1   Zoe", "2   Ben"]);
    listener.tell("hand", "key=ada");
    wait_for_queue(&console, &["1   Zoe", "2   Ben", "3   Ada"]);
    listener.tell("join", "key=max&conference=1122&number=390669812345&name=Max&hand=up");
    wait_for_queue(&console, &["1   Zoe", "2   Ben", "3   Ada", "4   Max"]);
    listener.tell("leave", "key=zoe");
    wait_for_queue(&console, &["1   Ben", "2   Ada", "3   Max"]);
    // Who has to type: the moderator raises and lowers hands, too.
    console.send_keys("h");
    console.wait_for_text("lowered the hand of Ada");
    wait_for_queue(&console, &["1   Ben", "2   Max"]);
}

#[test]
fn the_floor_goes_to_the_next_hand_and_who_had_it_is_muted() {
    let (stage, mut console, listener) = with_three();
    raise(&console, &listener, &["zoe", "ada", "ben"]);
    console.send_keys("g");
    console.wait_for_row("Zoe", "floor");
    console.wait_for_row("Zoe", "unmute ✓");
    wait_for_queue(&console, &["floor Zoe", "1   Ada", "2   Ben"]);
    assert_eq!(asked(&stage), ["UNMUTE zoe"]);
    // One that is moved before all others is the next.
    console.press(Key::Down);
    command(&mut console, "hand first");
    wait_for_queue(&console, &["floor Zoe", "1   Ben", "2   Ada"]);
    console.send_keys("g");
    console.wait_for_row("Ben", "floor");
    console.wait_for_row("Zoe", "muted");
    console.wait_for_row("Ben", "unmute ✓");
    assert_eq!(asked(&stage), ["MUTE zoe", "UNMUTE ben", "UNMUTE zoe"]);
    command(&mut console, "floor back");
    console.wait_for_row("Ben", "muted");
    wait_for_queue(&console, &["1   Ada"]);
    assert_eq!(asked(&stage), ["MUTE ben", "MUTE zoe", "UNMUTE ben", "UNMUTE zoe"]);
}

#[test]
fn a_key_held_down_gives_the_floor_once() {
    let (stage, mut console, listener) = with_three();
    raise(&console, &listener, &["ada", "ben", "zoe"]);
    console.send_keys("ggggg");
    console.wait_for_row("Ada", "floor");
    console.wait_for_row("Ada", "unmute ✓");
    wait_for_queue(&console, &["floor Ada", "1   Ben", "2   Zoe"]);
    assert_eq!(asked(&stage), ["UNMUTE ada"]);
}

#[test]
fn hands_and_floor_are_as_they_were_after_a_restart() {
    let (stage, mut console, listener) = with_three();
    raise(&console, &listener, &["zoe", "ada", "ben"]);
    console.send_keys("g");
    console.wait_for_row("Zoe", "unmute ✓");
    console.kill9();
    assert!(console.exit_code() > 0);
    let (console, _) = stage.open_as(&stage.setup().size(140, 40));
    wait_for_queue(&console, &["floor Zoe", "1   Ada", "2   Ben"]);
    assert_eq!(asked(&stage), ["UNMUTE zoe"], "nothing is asked again");
}

#[test]
fn hands_are_lowered_together_only_after_a_question() {
    let (stage, mut console, listener) = with_three();
    raise(&console, &listener, &["zoe", "ada"]);
    command(&mut console, "clear hands");
    console.wait_for_text("lower all hands?");
    console.send_keys("n");
    console.wait_for_text("the hands stay up");
    wait_for_queue(&console, &["1   Zoe", "2   Ada"]);
    command(&mut console, "clear hands");
    console.wait_for_text("lower all hands?");
    console.send_keys("y");
    console.wait_for(|screen| screen.count("↑") == 0, "no hand");
    assert_eq!(asked(&stage), Vec::<String>::new());
}
