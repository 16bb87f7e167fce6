//! The promise: a second console on one journal shows the same, changes nothing, and says who has the journal.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failing helper is a failing test")]

mod support;

use std::process::{Command, Stdio};

use rustix::process::Signal;
use support::home::environment;
use support::pty::Console;
use support::screen::Reading;
use support::stage::{Listener, Stage, TOKEN, USERKEY};

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

/// `confmod` with some arguments in the same home, on the same journal: exit code, what it printed and complained of.
fn run(stage: &Stage, args: &[&str]) -> (i32, String, String) {
    let output = Command::new(support::confmod())
        .args(args)
        .env_clear()
        .envs(environment(stage.home.path()))
        .env("CONFMOD_USERKEY", USERKEY)
        .env("CONFMOD_API_URL", stage.provider.url())
        .env("CONFMOD_LISTEN", "127.0.0.1:0")
        .env("CONFMOD_CALLBACK_TOKEN", TOKEN)
        .env("CONFMOD_JOURNAL", stage.home.journal())
        .stdin(Stdio::null())
        .output()
        .expect("confmod runs");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}

#[test]
fn commands_beside_it_read_the_journal_or_leave_it_alone_and_say_who_has_it() {
    let (stage, first, _listener) = with_ada();
    let who = format!("the-moderator, process {}", first.pid());
    let kinds = || {
        let journal = rusqlite::Connection::open(stage.home.journal()).expect("the journal");
        journal.query_row("SELECT group_concat(kind) FROM event", [], |row| row.get::<_, String>(0)).expect("rows")
    };
    let before = kinds();

    // Its exit code is the record: the journal is neither needed nor touched.
    let (code, told, complained) = run(&stage, &["mute", "--conference", "1122", "--key", "ada", "--e164", ADA]);
    assert_eq!((code, complained.as_str()), (0, ""), "{told}");
    assert_eq!(stage.asked(), [("MUTE".to_owned(), "ada".to_owned())]);
    let (code, told, _) = run(&stage, &["report"]);
    assert!(code == 0 && told.contains("Ada"), "{told}");
    let (code, told, _) = run(&stage, &["replay", "--plain", "--speed", "1000"]);
    assert!(code == 0 && told.contains("1 caller is in"), "{told}");
    let (_, told, _) = run(&stage, &["check"]);
    assert!(told.contains(&format!("is being written by {who}")), "{told}");
    // Only to see whether it is there, without any ask in it.
    assert!(stage.provider.take_complaints().iter().all(|complaint| complaint.contains("HEAD ")));
    let (code, told, complained) = run(&stage, &["prune", "--older-than", "30d"]);
    assert!(complained.contains(&format!("is being written by {who}; close that one")), "{complained}");
    assert_eq!((code, told.as_str()), (1, ""));
    // It has a journal of its own, and runs beside the real one.
    let (code, told, complained) = run(&stage, &["demo", "--plain"]);
    assert!(code == 0 && told.contains("listens for callbacks on"), "{told}{complained}");
    assert_eq!(kinds(), before, "nothing of it is in the journal");
    assert!(first.is_running());
}

#[test]
fn of_many_that_start_at_once_one_writes_and_the_others_read() {
    let stage = Stage::new();
    let all: Vec<_> = (0..4).map(|_| stage.setup().size(140, 40).start()).collect();
    let is_settled = |console: &Console| {
        console.wait_for(|screen| screen.says("written by the-moderator") || screen.says("Listening for callbacks on"), "what it is");
        console.screen().says("written by the-moderator")
    };
    let reading = all.iter().filter(|console| is_settled(console)).count();
    assert_eq!(reading, 3, "{}", all.iter().map(Console::screen_text).collect::<Vec<_>>().join("\n"));
    let journal = rusqlite::Connection::open(stage.home.journal()).expect("the journal");
    let listening: i64 = journal.query_row("SELECT count(*) FROM event WHERE kind = 'listening'", [], |row| row.get(0)).expect("a count");
    assert_eq!(listening, 1);
}
