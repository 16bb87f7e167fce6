//! The promise: a second console on one journal shows the same, changes nothing, and says who has the journal.

mod support;

use rustix::process::Signal;
use support::pty::Console;
use support::screen::Reading;
use support::stage::{Listener, Stage};

const ADA: &str = "12157010680";
const BEN: &str = "4930901820";

/// A second console beside one that runs, with everything the same but who is at it.
fn second(stage: &Stage, columns: u16, rows: u16) -> Console {
    let second = stage.setup().env("CONFMOD_MODERATOR", "somebody-else").size(columns, rows).start();
    second.wait_for_text("written by the-moderator");
    second
}

fn with_ada() -> (Stage, Console, Listener) {
    let stage = Stage::new();
    let (console, listener) = stage.open();
    listener.join(&console, "ada", "Ada", ADA);
    (stage, console, listener)
}

#[test]
fn it_shows_the_same_and_refuses_every_ask_with_the_reason() {
    let (stage, mut first, listener) = with_ada();
    let mut second = second(&stage, 100, 30);
    second.wait_for_row("Ada", "open");
    assert!(second.screen().says("read-only"), "{}", second.screen_text());
    // What comes later comes there, too.
    listener.join(&first, "ben", "Ben", BEN);
    second.wait_for_row("Ben", "open");
    let reason = format!("read-only: the journal is written by the-moderator, process {}", first.pid());
    for key in ["m", "u", "k", "n", "r"] {
        second.send_keys(key);
        second.wait_for_text(&reason);
        second.send_keys("\x1b");
        second.wait_for(|screen| !screen.notice().contains("read-only"), "the notice to go");
    }
    assert!(stage.asked().is_empty(), "{:?}", stage.asked());
    // The first one is not disturbed, and what it does is seen.
    first.send_keys("m");
    first.wait_for_row("Ada", "muted");
    second.wait_for_row("Ada", "muted");
    assert_eq!(stage.asked(), [("MUTE".to_owned(), "ada".to_owned())]);
    // It listens to nothing, so nothing ends with it and nothing is asked.
    second.send_keys("q");
    assert_eq!(second.exit_code(), 0);
    second.terminal_is_clean();
    listener.tell("leave", "key=ben");
    first.wait_for_row("Ben", "left");
}

#[test]
fn it_needs_no_port_and_no_user_key() {
    let (stage, first, listener) = with_ada();
    let taken = listener.address.to_string();
    let second = stage.setup().env("CONFMOD_LISTEN", &taken).env("CONFMOD_USERKEY", "").env("CONFMOD_CALLBACK_TOKEN", "").start();
    second.wait_for_row("Ada", "open");
    assert!(!second.screen().says(&taken), "no listener of its own:\n{}", second.screen_text());
    let made: Vec<_> = stage.home.files().into_iter().map(|(path, _)| path).filter(|path| path.ends_with("callback_token")).collect();
    assert!(made.is_empty(), "a token that nobody takes was made: {made:?}");
    assert!(first.is_running());
}

#[test]
fn when_the_first_ends_it_says_so_and_follows_the_next() {
    let (stage, first, listener) = with_ada();
    let second = second(&stage, 140, 40);
    second.wait_for_row("Ada", "open");
    listener.tell("join", &format!("key=ben&conference=1122&number={BEN}&name=Ben"));
    first.signal(Signal::TERM);
    assert_eq!(first.exit_code(), 143);
    second.wait_for_text("nobody writes the journal any more; restart confmod to take over");
    second.wait_for_row("Ben", "open");
    // The journal is free for whoever is started next.
    let (third, listener) = stage.open_as(&stage.setup().env("CONFMOD_MODERATOR", "the-next"));
    second.wait_for_text(&format!("written by the-next, process {}", third.pid()));
    assert!(!second.screen().says("restart confmod to take over"), "{}", second.screen_text());
    listener.tell("leave", "key=ada");
    second.wait_for_row("Ada", "left");
}
