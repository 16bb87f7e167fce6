//! The promise: what is asked reaches the provider as written down, and the row says what is known of it.

#![allow(clippy::expect_used, reason = "a failing helper is a failing test")]

mod support;

use std::time::Duration;

use support::keys::Key;
use support::provider::Answer;
use support::pty::{Console, Setup};
use support::screen::Reading;
use support::stage::{Listener, Stage};

const ADA: &str = "12157010680";
const BEN: &str = "4930901820";

/// A console on a screen wide enough for both panes, with the detail pane open and Ada under the cursor.
fn with_ada() -> (Stage, Console, Listener) {
    let stage = Stage::new();
    let (console, listener) = wide(&stage, stage.setup());
    listener.join(&console, "ada", "Ada", ADA);
    (stage, console, listener)
}

fn wide(stage: &Stage, setup: Setup) -> (Console, Listener) {
    let (mut console, listener) = stage.open_as(&setup.size(160, 48));
    console.send_keys("d");
    (console, listener)
}

fn kick(console: &mut Console) {
    console.send_keys("k");
    console.wait_for_text("kick this caller?");
    console.send_keys("y");
    console.wait_for(|screen| !screen.says("kick this caller?"), "the question to go away");
}

/// Waits until the notice in the status line has the text.
#[track_caller]
fn wait_for_notice(console: &Console, text: &str) {
    console.wait_for(|screen| screen.notice().contains(text), &format!("{text:?} in the status line"));
}

fn status_with(status: u16, field: &str) -> Answer {
    Answer::Bytes(format!("HTTP/1.1 {status} Later\r\n{field}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").into_bytes())
}

#[test]
fn a_refusal_is_told_in_three_places() {
    let (stage, mut console, _) = with_ada();
    // Soon after the join the caller may not be in the room yet: an error is tried again.
    for _ in 0..3 {
        stage.provider.script(Answer::Refuse("participant is not in the room"));
    }
    console.send_keys("m");
    console.wait_for_row("Ada", "failed");
    wait_for_notice(&console, "Ada: mute refused: participant is not in the room");
    console.wait_for(|screen| screen.pane_says("answer       participant is not in the room"), "the words in the detail pane");
    let told = |screen: &vt100::Screen| {
        let told = |line: &String| line.split('│').nth(1).is_some_and(|pane| pane.contains("Ada: mute refused: partici"));
        screen.lines().iter().any(told)
    };
    console.wait_for(told, "the words in the events pane");
    assert!(console.screen().pane_says("failed, open before"), "the state before stays in sight:\n{}", console.screen_text());
    console.send_keys("de");
    console.wait_for_row("Ada", "failed (open)");
    assert_eq!(stage.provider.requests().len(), 3);
}

#[test]
fn an_error_soon_after_the_join_is_not_the_last_word() {
    let (stage, mut console, _) = with_ada();
    stage.provider.script(Answer::Refuse("no such participant"));
    console.send_keys("m");
    console.wait_for_row("Ada", "muted");
    assert_eq!(stage.provider.requests().len(), 2);
}

#[test]
fn what_was_never_delivered_has_failed() {
    let (stage, mut console, _) = with_ada();
    for status in [503, 429, 503] {
        stage.provider.script(Answer::Status(status));
    }
    kick(&mut console);
    console.wait_for_row("Ada", "failed");
    wait_for_notice(&console, "Ada: kick not delivered: ");
    assert_eq!(stage.provider.requests().len(), 3, "up to three tries, for a kick too");
}

#[test]
fn a_kick_is_not_repeated_where_it_may_have_been_done() {
    let stage = Stage::new();
    let (mut console, listener) = wide(&stage, stage.setup());
    let half = b"HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n<?xml version=\"1.0\"?><RESPONSE><RESULT>SUC".to_vec();
    let long = format!("<RESPONSE><X>{}</X><RESULT>SUCCESS</RESULT></RESPONSE>", "x".repeat(70_000));
    let long = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{long}", long.len()).into_bytes();
    let answers = [Answer::Cut, Answer::Status(502), Answer::Bytes(half), Answer::Garbage, Answer::Bytes(long), Answer::Status(504)];
    for (number, answer) in answers.into_iter().enumerate() {
        let name = format!("Caller-{number}");
        listener.join(&console, &name, &name, &format!("1215701{number:04}"));
        // Five in a row that say nothing are too many: one success between them keeps the way open.
        console.press(Key::End);
        console.send_keys("m");
        console.wait_for_row(&name, "muted");
        stage.provider.script(answer.clone());
        kick(&mut console);
        console.wait_for_row(&name, "unknown");
        wait_for_notice(&console, &format!("{name}: kick unknown"));
        assert!(console.screen().pane_says("unknown, muted before"), "the state before stays in sight:\n{}", console.screen_text());
        assert_eq!(stage.provider.requests().len(), 2 * (number + 1), "{answer:?}");
    }
}

#[test]
fn a_mute_is_repeated_where_it_does_no_harm() {
    let (stage, mut console, _) = with_ada();
    for answer in [Answer::Cut, Answer::Status(504)] {
        stage.provider.script(answer);
    }
    console.send_keys("m");
    console.wait_for_row("Ada", "muted");
    stage.provider.script(Answer::Status(502));
    console.send_keys("u");
    console.wait_for_row("Ada", "open");
    let asked: Vec<_> = stage.asked().into_iter().map(|(action, _)| action).collect();
    assert_eq!(asked, ["MUTE", "MUTE", "MUTE", "UNMUTE", "UNMUTE"]);
}

#[test]
fn the_providers_wish_to_wait_is_honoured() {
    let (stage, mut console, _) = with_ada();
    stage.provider.script(status_with(503, "Retry-After: 2"));
    console.send_keys("m");
    console.wait_for_row("Ada", "muted");
    let waited = stage.provider.wait_for_request(2).at - stage.provider.wait_for_request(1).at;
    assert!(waited >= Duration::from_secs(2), "{waited:?}");
    // A wish that does not fit into the whole ask's time ends it.
    stage.provider.script(status_with(429, "Retry-After: 60"));
    console.send_keys("u");
    console.wait_for_row("Ada", "failed");
    wait_for_notice(&console, "60 s");
    assert_eq!(stage.provider.requests().len(), 3);
}

#[test]
fn the_actions_other_name_is_tried_and_remembered() {
    let (stage, mut console, _) = with_ada();
    stage.provider.script(Answer::Refuse("Unknown ACTION: CALLFLOW.INSTANCE.CONFERENCE.ACTION"));
    console.send_keys("m");
    console.wait_for_row("Ada", "muted");
    console.send_keys("u");
    console.wait_for_row("Ada", "open");
    let named = |name: &'static str| move |body: &String| body.contains(&format!("<ACTION NAME=\"{name}.INSTANCE.CONFERENCE.ACTION\">"));
    let bodies: Vec<_> = stage.provider.requests().into_iter().map(|request| request.body).collect();
    assert_eq!(bodies.len(), 3, "{bodies:#?}");
    assert!(bodies[..1].iter().all(named("CALLFLOW")) && bodies[1..].iter().all(named("CALLFOW")), "{bodies:#?}");
}

#[test]
fn the_newest_waiting_ask_wins() {
    let (stage, mut console, listener) = with_ada();
    stage.provider.script(Answer::Hold);
    console.send_keys("m");
    stage.provider.wait_for_request(1);
    console.wait_for_row("Ada", "muting");
    console.send_keys("u");
    console.wait_for_text("asked: unmute Ada");
    console.send_keys("m");
    console.wait_for(|screen| screen.count("asked: mute Ada") >= 2, "the third ask");
    // One in flight per caller: another caller does not wait.
    listener.join(&console, "ben", "Ben", BEN);
    console.press(Key::Down);
    console.send_keys("m");
    console.wait_for_row("Ben", "muted");
    stage.provider.release();
    console.wait_for_row("Ada", "muted");
    // The one that was waiting is replaced: that is its end, and it is on record.
    let journal = rusqlite::Connection::open(stage.home.journal()).expect("the journal");
    let replaced = "SELECT count(*) FROM log WHERE outcome = 'not_sent' AND detail LIKE 'replaced%'";
    let found = |select| journal.query_row(select, [], |row| row.get::<_, i64>(0)).expect("a count");
    assert_eq!(found(replaced), 1);
    let expected = [("MUTE", "ada"), ("MUTE", "ben"), ("MUTE", "ada")];
    assert_eq!(stage.asked(), expected.map(|(action, key)| (action.to_owned(), key.to_owned())));
}

#[test]
fn a_key_press_is_not_paced() {
    let stage = Stage::new();
    let (mut console, listener) = stage.open_as(&stage.setup().env("CONFMOD_PACE", "1").env("CONFMOD_PARALLEL", "1"));
    for number in 0..3 {
        listener.join(&console, &format!("key-{number}"), &format!("Caller-{number}"), &format!("1215701000{number}"));
        stage.provider.script(Answer::Hold);
    }
    for _ in 0..3 {
        console.send_keys("m");
        console.press(Key::Down);
    }
    // All three are on their way before one is answered.
    stage.provider.wait_for_request(3);
    console.wait_for(|screen| screen.count("muting") == 3, "three callers being muted");
    stage.provider.release();
    for number in 0..3 {
        console.wait_for_row(&format!("Caller-{number}"), "muted");
    }
}

#[test]
fn a_provider_out_of_reach_is_told_and_asked_by_one_probe() {
    let stage = Stage::new();
    let (mut console, listener) = wide(&stage, stage.setup());
    for number in 0..7 {
        listener.join(&console, &format!("key-{number}"), &format!("Caller-{number}"), &format!("1215701000{number}"));
    }
    for number in 0..5 {
        stage.provider.script(Answer::Cut);
        kick(&mut console);
        console.wait_for_row(&format!("Caller-{number}"), "unknown");
        console.press(Key::Down);
    }
    console.wait_for_text("provider NOT REACHED 5 times");
    stage.provider.script(Answer::Hold);
    console.send_keys("m");
    stage.provider.wait_for_request(6);
    console.press(Key::Down);
    console.send_keys("m");
    console.wait_for_row("Caller-6", "failed");
    wait_for_notice(&console, "not tried");
    assert_eq!(stage.provider.requests().len(), 6, "one probe at a time");
    stage.provider.release();
    console.wait_for_row("Caller-5", "muted");
    console.wait_for(|screen| !screen.says("NOT REACHED"), "the header to forget it");
    console.send_keys("m");
    console.wait_for_row("Caller-6", "muted");
}

#[test]
fn requests_are_signed_first_when_both_secrets_are_set() {
    let stage = Stage::new();
    let secrets = [("CONFMOD_EMAIL", "moderator@example.org"), ("CONFMOD_SECURE_PHRASE", "a phrase of three words")];
    let setup = secrets.iter().fold(stage.setup().env("CONFMOD_LOG", "trace"), |setup, (name, value)| setup.env(name, value));
    let (mut console, listener) = stage.open_as(&setup);
    listener.join(&console, "ada", "Ada", ADA);
    // Whatever the provider repeats of it is hidden.
    for _ in 0..3 {
        stage.provider.script(Answer::Refuse(
            "wrong SIGNATURE 3837cc531b30e66433a6237d46924230fe2abb3e of moderator@example.org with a phrase of three words",
        ));
    }
    console.send_keys("m");
    console.wait_for_row("Ada", "failed");
    wait_for_notice(&console, "wrong SIGNATURE");
    for request in stage.provider.requests() {
        let (name, value) = request.parameters.first().expect("parameters");
        // printf %s moderator@example.org | openssl dgst -sha1 -hmac 'a phrase of three words'
        assert_eq!((name.as_str(), value.as_str()), ("SIGNATURE", "3837cc531b30e66433a6237d46924230fe2abb3e"));
    }
    let mut places = stage.home.files();
    places.push(("the terminal".into(), console.raw()));
    for (place, bytes) in places {
        for secret in secrets.iter().map(|(_, secret)| *secret).chain(["3837cc531b30e66433a6237d46924230fe2abb3e"]) {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret} in {}", place.display());
        }
    }
}

#[test]
fn one_secret_alone_signs_nothing() {
    let stage = Stage::new();
    let (mut console, listener) = stage.open_as(&stage.setup().env("CONFMOD_EMAIL", "moderator@example.org"));
    listener.join(&console, "ada", "Ada", ADA);
    console.send_keys("m");
    let request = stage.provider.wait_for_request(1);
    assert_eq!(request.parameters.len(), 4, "{request:#?}");
}

#[test]
fn any_text_arrives_in_the_request_as_it_was() {
    let stage = Stage::new();
    let (mut console, listener) = stage.open_as(&stage.setup());
    let (key, conference) = ("<k&\"y'> ]]> \u{fc}", "11 & <22>");
    let query =
        format!("key={}&conference={}&number=%2B1%20215-701-0680&name=Ada", support::http::encode(key), support::http::encode(conference));
    listener.tell("join", &query);
    console.wait_for_row("Ada", "open");
    console.send_keys("m");
    let request = stage.provider.wait_for_request(1);
    assert_eq!((request.key(), request.parameter("CONFERENCE.NUMBER"), request.parameter("E164")), (key, conference, ADA));
}

#[test]
fn whatever_a_row_says_it_may_be_asked_again() {
    let (stage, mut console, _) = with_ada();
    console.send_keys("m");
    console.wait_for_row("Ada", "muted");
    console.send_keys("m");
    console.wait_for(|screen| screen.count("Ada muted in") == 3, "the second answer in the events pane, and the notice");
    console.send_keys("r");
    wait_for_notice(&console, "nothing failed for Ada");
    stage.provider.script(Answer::Garbage);
    console.send_keys("u");
    console.wait_for_row("Ada", "unknown");
    console.send_keys("r");
    console.wait_for_row("Ada", "open");
    let asked: Vec<_> = stage.asked().into_iter().map(|(action, _)| action).collect();
    assert_eq!(asked, ["MUTE", "MUTE", "UNMUTE", "UNMUTE"]);
}

#[test]
fn the_users_key_is_hidden_where_the_provider_repeats_it() {
    let (stage, mut console, _) = with_ada();
    for _ in 0..3 {
        stage.provider.script(Answer::Refuse("there is no account df141891e2e883904b0b294dc5b079c1c1c13f6d here"));
    }
    console.send_keys("m");
    console.wait_for_row("Ada", "failed");
    wait_for_notice(&console, "there is no account");
    assert_eq!(stage.leaks(&console), Vec::<String>::new());
}
