//! The promise: whatever the call flow sends is one row a call, and a row that cannot be asked for says why.

mod support;

use support::keys::Key;
use support::pty::Console;
use support::screen::Reading;
use support::stage::{Listener, Stage};

const ADA: &str = "12157010680";
const NONE: &[(String, String)] = &[];

fn wide(stage: &Stage) -> (Console, Listener) {
    stage.open_as(&stage.setup().size(160, 48))
}

#[track_caller]
fn wait_for_notice(console: &Console, text: &str) {
    console.wait_for(|screen| screen.notice().contains(text), &format!("{text:?} in the status line"));
}

fn kick(console: &mut Console) {
    console.send_keys("k");
    console.wait_for_text("kick this caller?");
    console.send_keys("y");
}

#[test]
fn a_caller_without_a_number_is_a_row_and_refuses_asks_on_the_spot() {
    let stage = Stage::new();
    let (mut console, listener) = wide(&stage);
    let spellings = ["", "anonymous", "Unknown", "RESTRICTED", "unavailable", "private", "$[E64]"];
    for (key, number) in spellings.into_iter().enumerate() {
        listener.tell("join", &format!("key={key}&conference=1122&number={}", support::http::encode(number)));
    }
    listener.tell("join", "key=none&conference=1122");
    console.wait_for_text("8 without a number");
    console.wait_for(
        |screen| screen.lines().iter().filter(|line| line.contains("no number #") && line.contains("open")).count() == 8,
        "8 rows",
    );
    // The placeholder is told with the variable and the URL to correct.
    console.wait_for(|screen| screen.pane_says("the join URL sent $[E64] in place of a number"), "which variable of which URL");
    console.send_keys("m");
    wait_for_notice(&console, "provider needs E164");
    console.send_keys("p");
    wait_for_notice(&console, "digits");
    console.send_keys("k");
    wait_for_notice(&console, "provider needs E164");
    assert!(!console.screen().says("kick this caller?"), "{}", console.screen_text());
    console.press(Key::End);
    console.press(Key::Up);
    console.send_keys("u");
    wait_for_notice(&console, "$[E64]");
    // The first request of all is for one who has a number.
    listener.join(&console, "ada", "Ada", ADA);
    console.press(Key::End);
    console.send_keys("m");
    console.wait_for_row("Ada", "muted");
    assert_eq!(stage.asked(), [("MUTE".to_owned(), "ada".to_owned())]);
}

#[test]
fn what_came_in_place_of_a_number_is_sent_where_that_is_set() {
    let stage = Stage::new();
    stage.home.configure("withheld = \"send\"\n");
    let (mut console, listener) = stage.open();
    listener.tell("join", "key=1&conference=1122&number=anonymous&name=Nemo");
    console.wait_for_row("Nemo", "open");
    console.send_keys("m");
    let request = stage.provider.wait_for_request(1);
    assert!(request.body.contains("<PARAMETER NAME=\"E164\">anonymous</PARAMETER>"), "{}", request.body);
    // The provider of these tests is as strict as the real one says it is.
    assert!(!stage.provider.take_complaints().is_empty());
    console.wait_for_row("Nemo", "failed");
    stage.provider.take_complaints();
}

#[test]
fn a_caller_in_no_conference_yet_refuses_asks() {
    let stage = Stage::new();
    let (mut console, listener) = stage.open();
    listener.tell("start", &format!("CALLFLOW.INSTANCE.KEY=1&E164={ADA}&CALLERNAME=Ada"));
    console.wait_for_row("Ada", "calling");
    for key in ["m", "u", "k"] {
        console.send_keys(key);
        wait_for_notice(&console, "Ada is still calling");
        console.send_keys("p");
        wait_for_notice(&console, "digits");
    }
    assert!(!console.screen().says("kick this caller?"), "{}", console.screen_text());
    assert_eq!(stage.asked(), NONE);
    // The same row, now in a conference.
    listener.tell("join", "key=1&conference=1122");
    console.wait_for_row("Ada", "open");
    assert_eq!(console.screen().lines().iter().filter(|line| line.contains("Ada") && line.contains("open")).count(), 1);
}

#[test]
fn who_was_kicked_and_calls_back_can_be_kicked_again() {
    let stage = Stage::new();
    let (mut console, listener) = wide(&stage);
    listener.join(&console, "ada", "Ada", ADA);
    kick(&mut console);
    console.wait_for_row("Ada", "kicked");
    console.send_keys("m");
    wait_for_notice(&console, "Ada was kicked");
    listener.tell("join", &format!("key=ada&conference=1122&number={ADA}"));
    console.wait_for_row("Ada", "called back");
    assert!(console.screen().row_says("Ada", "kicked"), "{}", console.screen_text());
    kick(&mut console);
    stage.provider.wait_for_request(2);
    console.wait_for(|screen| screen.row_says("Ada", "kicked") && !screen.row_says("Ada", "called back"), "another kick to be accepted");
    assert_eq!(stage.asked(), [("KICK", "ada"), ("KICK", "ada")].map(|(action, key)| (action.to_owned(), key.to_owned())));
}

#[test]
fn one_number_on_two_calls_is_marked_and_explained() {
    let stage = Stage::new();
    let (console, listener) = wide(&stage);
    listener.join(&console, "1", "Ada", ADA);
    listener.join(&console, "2", "Ben", ADA);
    for name in ["Ada", "Ben"] {
        console.wait_for(|screen| screen.row_says(name, &format!("+{ADA} ×2")), &format!("the mark on {name}'s row"));
    }
    console.wait_for(|screen| screen.pane_says("the flow sends the dialled number"), "the explanation");
    listener.tell("leave", "key=1");
    console.wait_for_row("Ada", "left");
    console.wait_for(|screen| !screen.row_says("Ben", "×2"), "the mark to go");
}

#[test]
fn repeats_late_and_early_events_are_ordinary() {
    let stage = Stage::new();
    let (mut console, listener) = wide(&stage);
    listener.tell("leave", "key=stranger");
    listener.tell("hand", "key=stranger&state=up");
    listener.join(&console, "ada", "Ada", ADA);
    console.send_keys("m");
    console.wait_for_row("Ada", "muted");
    // The same join again changes nothing; it is counted.
    for _ in 0..2 {
        listener.tell("join", &format!("key=ada&conference=1122&number={ADA}&name=Ada"));
    }
    console.wait_for_text("2 repeated");
    assert!(console.screen().row_says("Ada", "muted"), "{}", console.screen_text());
    listener.tell("hand", "key=ada");
    console.wait_for_text("Ada raised a hand");
    listener.tell("hand", "key=ada&state=down");
    console.wait_for_text("Ada lowered a hand");
    for _ in 0..2 {
        listener.tell("leave", "key=ada");
    }
    console.wait_for_row("Ada", "left");
    console.send_keys("u");
    wait_for_notice(&console, "Ada has left");
    // A join after a leave is a new stay, in which nobody was muted.
    listener.tell("join", &format!("key=ada&conference=1122&number={ADA}"));
    console.wait_for_row("Ada", "open");
    assert_eq!(console.screen().lines().iter().filter(|line| line.contains("Ada") && line.contains(ADA)).count(), 1);
    assert_eq!(stage.asked().len(), 1);
}

#[test]
fn a_kick_names_one_stay_and_spares_the_next() {
    let stage = Stage::new();
    let (mut console, listener) = wide(&stage);
    listener.join(&console, "ada", "Ada", ADA);
    console.send_keys("k");
    console.wait_for_text("kick this caller?");
    listener.tell("leave", "key=ada");
    console.wait_for_text("has left meanwhile");
    listener.tell("join", &format!("key=ada&conference=1122&number={ADA}"));
    console.wait_for_text("joined 1122 again");
    console.send_keys("y");
    wait_for_notice(&console, "nothing was sent");
    assert_eq!(stage.asked(), NONE);
}

#[test]
fn a_refused_callback_leaves_nothing_behind() {
    let stage = Stage::new();
    let (mut console, listener) = wide(&stage);
    let cases = [
        ("join", "conference=1122", "key"),
        ("join", "key=&conference=1122", "key"),
        ("join", "key=$[CALLFLOW.INSTANCE.KEY]&conference=1122", "key"),
        ("join", "key=planted", "conference"),
        ("join", "key=planted&conference=$[CONFERENCE]", "conference"),
        ("hand", "key=planted&state=sideways", "state"),
        ("leave", "name=planted", "key"),
        ("start", "name=planted", "key"),
    ];
    for (kind, query, reason) in cases {
        let reply = listener.get(kind, query);
        assert_eq!(reply.status, 400, "{kind}?{query}: {reply:?}");
        assert!(reply.body.to_lowercase().contains(reason), "{kind}?{query}: {reply:?}");
        assert!(reply.header("content-type").is_some_and(|kind| kind.starts_with("text/plain")), "{reply:?}");
    }
    let wrong = support::http::get(listener.address, "/callback/not-the-token-that-was-agreed-on/join?key=planted&conference=1122");
    let strange = support::http::get(listener.address, "/callback/planted?key=planted");
    assert_eq!((wrong.status, &wrong.body), (403, &strange.body), "the same answer for every path");
    console.wait_for_text("10 refused");
    assert!(console.screen().says("[1:all (0)]"), "{}", console.screen_text());
    console.send_keys("q");
    assert_eq!(console.exit_code(), 0, "nobody is in, so q does not ask");
    let found: Vec<_> = stage.home.files().into_iter().filter(|(_, bytes)| bytes.windows(7).any(|window| window == b"planted")).collect();
    assert!(found.is_empty(), "{:?}", found.iter().map(|(path, _)| path).collect::<Vec<_>>());
}

#[test]
fn a_token_that_is_being_replaced_is_still_accepted() {
    let stage = Stage::new();
    let former = "the-former-token-of-more-than-32-characters";
    stage.home.configure(&format!("callback_token_previous = \"{former}\"\n"));
    let (console, listener) = wide(&stage);
    listener.join(&console, "1", "Mia", ADA);
    let query = format!("key=2&conference=1122&number={ADA}&name=Ben");
    let reply = support::http::get(listener.address, &format!("/callback/{former}/join?{query}"));
    assert_eq!(reply.status, 200, "{reply:?}");
    console.wait_for_row("Ben", "open");
    assert!(!String::from_utf8_lossy(&console.raw()).contains(former), "on the screen");
    assert!(!String::from_utf8_lossy(&stage.home.log()).contains(former), "in the log");
}
