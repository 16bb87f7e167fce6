//! The promise: without a screen the same conference is lines in and lines out, through a terminal or a pipe.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failing helper is a failing test")]

mod support;

use std::io::Write;
use std::process::Command;
use std::sync::atomic::Ordering;
use std::sync::mpsc::channel;
use std::time::Instant;

use rustix::process::Signal;
use support::home::environment;
use support::provider::Answer;
use support::pty::DEADLINE;
use support::screen::Reading;
use support::stage::{Listener, Stage};
use support::talk::{LONGEST, Talk, open};

const ADA: &str = "12157010680";
const BEN: &str = "4930901820";

fn with_two() -> (Stage, Talk, Listener) {
    let stage = Stage::new();
    let (mut talk, listener) = open(&stage, &["--plain"]);
    for (key, name, number) in [("ada", "Ada%20Lovelace", ADA), ("ben", "Ben", BEN)] {
        listener.tell("join", &format!("CALLFLOW.INSTANCE.KEY={key}&CONFERENCE.NUMBER=1122&E164={number}&CALLERNAME={name}"));
    }
    talk.hear(" 1 Ada Lovelace joined 1122, +1");
    talk.hear(" 2 Ben joined 1122, +49");
    (stage, talk, listener)
}

#[test]
fn callers_are_told_as_they_come_and_asked_for_by_their_number() {
    let (stage, mut talk, listener) = with_two();
    talk.say("mute 2");
    let request = stage.provider.wait_for_action("MUTE", "ben");
    assert_eq!(request.parameter("E164"), BEN);
    talk.hear("2 Ben muted in");
    assert_eq!(stage.asked(), [("MUTE".to_owned(), "ben".to_owned())]);
    talk.say("who state:muted");
    talk.hear("2 Ben, +49");
    listener.tell("hand", "key=ada");
    talk.hear("1 Ada Lovelace raised a hand");
    talk.say("hands");
    talk.hear("hand 1 in 1122: 1 Ada Lovelace");
    listener.tell("leave", "key=ada");
    talk.hear("1 Ada Lovelace left after");
    talk.say("mute 1");
    talk.hear("1 Ada Lovelace has left");
    stage.provider.script(Answer::Refuse("participant not found"));
    talk.say("unmute ben");
    // An ask so soon after the join is made again, and then it goes well.
    talk.hear("2 Ben unmuted in");
    talk.say("quit");
    talk.hear("quit? 1 caller is in");
    talk.say("yes");
    let (all, code) = talk.ended();
    assert_eq!(code, 0, "{all}");
    assert_eq!(all.matches("Ben joined").count(), 1, "nothing is repeated: {all}");
}

#[test]
fn a_kick_needs_a_yes() {
    let (stage, mut talk, _listener) = with_two();
    talk.say("kick 1");
    talk.hear("kick 1 Ada Lovelace? type yes");
    talk.say("y");
    talk.hear("nobody was kicked");
    talk.say("kick 1");
    talk.hear("kick 1 Ada Lovelace? type yes");
    assert_eq!(stage.asked(), []);
    talk.say("yes");
    stage.provider.wait_for_action("KICK", "ada");
    talk.hear("1 Ada Lovelace kicked in");
    assert_eq!(stage.asked(), [("KICK".to_owned(), "ada".to_owned())]);
}

#[test]
fn many_are_asked_for_with_one_word_and_can_be_stopped() {
    let stage = Stage::new();
    let (mut talk, listener) = open(&stage, &["--plain"]);
    for place in 10..60 {
        listener.tell("join", &format!("key=c{place}&conference=1122&number=120255501{place}&name=Caller{place}"));
    }
    talk.hear("50 Caller59 joined");
    talk.say("mute all");
    talk.hear("asking to mute 50 callers, 10 a second; stop stops it");
    stage.provider.wait_for_request(3);
    talk.say("stop");
    talk.hear("stopped: what is on its way is waited for");
    let end = talk.hear("the-moderator: mute 50: ");
    let asked = stage.asked().len();
    assert!(asked < 50 && end.contains(&format!("{asked} done, {} not asked", 50 - asked)), "{asked}: {end}");
    talk.input.take();
    let (all, code) = talk.ended();
    assert_eq!(code, 0);
    assert_eq!(all.matches("muted in").count(), 0, "one sentence for all: {all}");
}

#[test]
fn the_end_of_input_ends_it_and_throws_no_ask_away() {
    let (stage, mut talk, _listener) = with_two();
    // All in one go, as a script does.
    let input = talk.input.as_mut().expect("open");
    input.write_all(b"mute 1\nmute 2\n").expect("it listens");
    talk.input.take();
    let (all, code) = talk.ended();
    assert_eq!(code, 0, "{all}");
    assert_eq!(stage.asked().len(), 2, "{all}");
    assert!(all.contains("1 Ada Lovelace muted in") && all.contains("2 Ben muted in"), "{all}");
}

#[test]
fn half_a_line_at_the_end_is_no_command() {
    let (stage, mut talk, _listener) = with_two();
    talk.input.as_mut().expect("open").write_all(b"mute 1").expect("it listens");
    talk.input.take();
    let (all, code) = talk.ended();
    assert_eq!((code, stage.asked().len()), (0, 0), "{all}");
    assert!(all.contains("the last line was cut off: nothing was done for it"), "{all}");
}

#[test]
fn an_answer_that_does_not_come_does_not_hold_up_the_end() {
    let (stage, mut talk, _listener) = with_two();
    stage.provider.script(Answer::Hang);
    talk.say("mute 1");
    stage.provider.wait_for_action("MUTE", "ada");
    talk.input.take();
    let (_, code) = talk.ended();
    assert_eq!(code, 0);
}

#[test]
fn signals_end_it_with_their_number() {
    for (signal, code) in [(Signal::TERM, 143), (Signal::INT, 130), (Signal::HUP, 129)] {
        let (_stage, mut talk, _listener) = with_two();
        talk.signal(signal);
        assert_eq!(talk.ended().1, code, "{signal:?}");
    }
}

#[test]
fn a_reader_who_goes_away_ends_it() {
    let (_stage, mut talk, listener) = with_two();
    // The thread that reads lets go of the pipe once it has something for nobody.
    let (_, nobody) = channel();
    talk.lines = nobody;
    let deadline = Instant::now() + DEADLINE;
    for key in 0.. {
        assert!(Instant::now() < deadline, "it goes on for nobody");
        if talk.child.try_wait().expect("a status").is_some() {
            break;
        }
        // The listener goes before the process does.
        if let Ok(mut stream) = std::net::TcpStream::connect(listener.address) {
            let path = support::stage::path("join", &format!("key={key}&conference=1122&number={ADA}"));
            let _ = write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
            let _ = std::io::Read::read(&mut stream, &mut [0; 64]);
        }
    }
    assert_eq!(talk.child.wait().expect("a status").code(), Some(129));
}

#[test]
fn what_was_is_not_told_again_after_a_restart() {
    let (stage, mut talk, _listener) = with_two();
    talk.input.take();
    talk.ended();
    let (mut talk, _listener) = open(&stage, &["--plain"]);
    assert!(talk.heard.concat().contains("2 callers are in; who lists them"), "{:?}", talk.heard);
    talk.say("mute ben");
    stage.provider.wait_for_action("MUTE", "ben");
    talk.hear("2 Ben muted in");
    assert!(!talk.heard.concat().contains("joined"), "{:?}", talk.heard);
}

#[test]
fn a_second_one_only_reads() {
    let (stage, _talk, listener) = with_two();
    let mut second = Talk::start(&stage, &["--plain"]);
    second.hear("the journal is written by the-moderator");
    second.hear("type help");
    second.say("mute 1");
    second.hear("read-only: the journal is written by");
    listener.tell("join", "key=cleo&conference=1122&number=33142685300&name=Cleo");
    second.hear(" 3 Cleo joined 1122");
    assert_eq!(stage.asked(), []);
    second.say("quit");
    assert_eq!(second.ended().1, 0, "it listens to nothing, so nothing is asked");
}

#[test]
fn hostile_names_are_only_text() {
    let stage = Stage::new();
    let (mut talk, listener) = open(&stage, &["--plain"]);
    listener.tell("join", "key=eve&conference=1122&number=12157010680&name=Eve%1B%5B2J%0D%0A09:00:00%20kick%07%C2%9B31m");
    let line = talk.hear("joined 1122");
    assert!(line.contains("1 Eve[2J 09:00:00 kick31m"), "{line}");
    talk.say("who");
    talk.hear("1 Eve[2J");
    talk.input.take();
    talk.ended();
}

#[test]
fn a_dumb_terminal_gets_lines_and_no_escapes() {
    let stage = Stage::new();
    let setup = stage.setup().args(["--plain"]).env("TERM", "dumb");
    let (mut console, listener) = stage.open_as(&setup);
    listener.join(&console, "ada", "Ada", ADA);
    console.send_keys("mute 1\n");
    console.wait_for_text("1 Ada muted in");
    console.send_keys("quit\n");
    console.wait_for_text("type yes");
    console.send_keys("yes\n");
    assert_eq!(console.exit_code(), 0);
    assert!(!console.raw().contains(&0x1b), "{}", console.screen().text());
    assert_eq!(stage.asked(), [("MUTE".to_owned(), "ada".to_owned())]);
}

#[test]
fn where_nothing_is_moderated_it_is_refused() {
    let stage = Stage::new();
    for command in ["rehearse --callbacks http://127.0.0.1:1/callback/x", "check", "urls"] {
        let output = Command::new(support::confmod())
            .arg("--plain")
            .args(command.split(' '))
            .env_clear()
            .envs(environment(stage.home.path()))
            .output()
            .expect("confmod runs");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && told.contains("--plain is for the console"), "{command}: {told}");
    }
}

#[test]
fn the_demo_does_it_too() {
    let stage = Stage::new();
    let mut talk = Talk::start(&stage, &["demo", "--plain", "--speed", "20"]);
    talk.hear("confmod demo listens");
    talk.hear(" 3 ");
    talk.say("mute all");
    talk.hear("asking to mute");
    talk.input.take();
    talk.ended();
    assert_eq!(stage.asked(), [], "a real provider is never asked");
}

#[test]
fn a_reader_who_does_not_read_holds_up_neither_callbacks_nor_the_end() {
    let stage = Stage::new();
    let (mut talk, listener) = open(&stage, &["--plain"]);
    talk.deaf.store(true, Ordering::SeqCst);
    for place in 0..40 {
        listener.tell("join", &format!("key=c{place}&conference=1122&number={ADA}&name={}", "x".repeat(200)));
        talk.say(&"help\n".repeat(20));
    }
    let asked = Instant::now();
    talk.signal(Signal::TERM);
    assert_eq!(talk.child.wait().expect("it ends").code(), Some(143));
    assert!(asked.elapsed() < LONGEST, "it took {:?}", asked.elapsed());
}

#[test]
fn a_past_conference_is_replayed_in_lines() {
    let (stage, mut talk, listener) = with_two();
    talk.say("mute 1");
    talk.hear("1 Ada Lovelace muted in");
    listener.tell("leave", "key=ben");
    talk.hear("2 Ben left after");
    talk.input.take();
    talk.ended();
    // A minute between one thing and the next.
    let journal = rusqlite::Connection::open(stage.home.journal()).expect("the journal");
    journal.execute_batch("UPDATE event SET at = (SELECT min(at) FROM event) - 3600000 + seq * 60000").expect("an older journal");
    let mut talk = Talk::start(&stage, &["replay", "--plain", "--conference", "1122", "--speed", "100"]);
    talk.hear("this is a replay: it shows what was and changes nothing");
    talk.hear("2 Ben joined 1122");
    talk.hear("1 Ada Lovelace muted in");
    talk.hear("the replay is over; pause begins again");
    talk.say("mute 1");
    talk.hear("mute is no command");
    talk.say("who");
    talk.hear("1 Ada Lovelace");
    talk.say("pause");
    talk.hear("the replay is here");
    talk.hear("2 Ben joined 1122");
    talk.say("quit");
    let (_, code) = talk.ended();
    assert_eq!((code, stage.asked().len()), (0, 1));
}
