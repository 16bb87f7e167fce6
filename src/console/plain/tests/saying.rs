//! Sentences: each once, each with the number to type; lists of who is there.

use super::*;
use crate::conference::story::{ask, hand};

fn heard(stage: &mut Stage, what: What) -> Vec<String> {
    stage.event(what);
    stage.app.take_said().into_iter().map(|heard| heard.text).collect()
}

#[test]
fn who_joins_is_told_with_number_phone_and_country() {
    let mut stage = Stage::new(|_| {}).heard();
    assert_eq!(heard(&mut stage, named_arrival("a", "1122", "4930901820", "Ada")), ["1 Ada joined 1122, +4930901820"]);
    stage.app.update(stage.app.now, Message::PhonesReady);
    assert_eq!(heard(&mut stage, named_arrival("b", "1122", "4930901821", "Ben")), ["2 Ben joined 1122, +49 30 901821, Germany"]);
    let nameless = What::Joined(crate::conference::story::arrival("c", "1122", "4930901822"));
    assert_eq!(heard(&mut stage, nameless), ["3 +49 30 901822 joined 1122, Germany"]);
    assert_eq!(heard(&mut stage, named_arrival("d", "1122", "", "Dan")), ["4 Dan joined 1122, no number"]);
    assert_eq!(heard(&mut stage, hand("b", true)), ["2 Ben raised a hand"]);
    assert_eq!(heard(&mut stage, leave("b")), ["2 Ben left after 0s"]);
}

#[test]
fn nothing_is_said_twice_and_nothing_of_what_was_before() {
    let mut stage = Stage::with(3);
    stage.app = std::mem::replace(&mut stage.app, Stage::new(|_| {}).app).heard();
    stage.event(named_arrival("x", "1122", "4930901820", "Still of the past"));
    stage.app.update(stage.app.now, Message::Restored);
    assert_eq!(stage.app.take_said(), []);
    assert_eq!(stage.app.numbers_given(), 4, "who was there has a number");
    // The status line and the events pane of a screen would both have it.
    assert_eq!(heard(&mut stage, ask("a", Action::Mute)), ["moderator asked: mute 1 Caller a"]);
    let asked = stage.last();
    assert_eq!(heard(&mut stage, answer("a", asked, Outcome::Accepted)), ["1 Caller a muted in 80 ms"]);
    stage.wait(600);
    assert_eq!(stage.app.take_said(), [], "time alone says nothing");
}

#[test]
fn nothing_wakes_it_that_only_a_screen_would_show() {
    let stage = room();
    let next = stage.app.next_change().expect("the silence of the callbacks is told");
    assert!(next.since(stage.app.now) >= std::time::Duration::from_mins(30), "{next:?}");
}

#[test]
fn who_lists_number_name_phone_state_and_hand() {
    let mut stage = room();
    stage.event(hand("c", true));
    stage.event(ask("b", Action::Mute));
    stage.event(answer("b", stage.last(), Outcome::Accepted));
    stage.wait(300);
    stage.app.take_said();
    assert_eq!(
        says(&mut stage, "who"),
        "5 on the list\n\
         1 Ada Lovelace, +12157010680, in 1122, open, for 5m\n\
         2 Ben, +12157010681, in 1122, muted, for 5m\n\
         3 Cleo, +12157010682, in 1122, open, for 5m, hand 1\n\
         4 Dan Adams, +12157010683, in 1122, open, for 5m\n\
         5 Eve, +4930901820, in 2233, open, for 5m"
    );
    assert_eq!(says(&mut stage, "who state:muted"), "1 on the list for state:muted\n2 Ben, +12157010681, in 1122, muted, for 5m");
    assert_eq!(says(&mut stage, "who 3"), "3 Cleo, +12157010682, in 1122, open, for 5m, hand 1", "a number is a caller");
    assert_eq!(says(&mut stage, "who nobody"), "nobody is on the list for nobody");
    assert!(says(&mut stage, "who >soon").contains("soon"));
    assert_eq!(says(&mut stage, "hands"), "hand 1 in 1122: 3 Cleo, up for 5m");
    assert_eq!(says(&mut stage, "conference 2233"), "2233 is shown: 1 caller is in");
    assert_eq!(says(&mut stage, "who"), "1 on the list in 2233\n5 Eve, +4930901820, open, for 5m");
    assert_eq!(says(&mut stage, "hands"), "no hand is up");
    assert_eq!(
        says(&mut stage, "conference"),
        "all: 5 callers are in, 1 muted\n1122: 4 callers are in, 1 muted\n2233: 1 caller is in, shown"
    );
    assert!(says(&mut stage, "detail 2").contains("last ask: mute accepted 5m ago"));
    assert_eq!(says(&mut stage, "events 1").lines().count(), 1);
}

#[test]
fn a_filter_is_kept_until_it_is_taken_away() {
    let mut stage = room();
    assert_eq!(says(&mut stage, "filter cleo"), "1 on the list with the filter cleo; filter alone takes it away");
    assert_eq!(says(&mut stage, "who"), "1 on the list for cleo\n3 Cleo, +12157010682, in 1122, open, for 0s");
    assert_eq!(says(&mut stage, "filter"), "no filter: 5 on the list");
}

#[test]
fn the_first_lines_say_where_it_listens_and_who_is_there() {
    let stage = room();
    let said = tell::greeting(&stage.app).join("\n");
    assert!(said.starts_with("confmod listens for callbacks on 127.0.0.1:8787\n5 callers are in; who lists them\n"), "{said}");
    let empty = Stage::new(|settings| settings.fragile_session = true).heard();
    let said = tell::greeting(&empty.app).join("\n");
    for words in ["nobody is in", "the URL for START", "/callback/****/start", "tmux", "help"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let reading = Stage::new(|settings| settings.read_only = true).heard();
    assert!(tell::greeting(&reading.app).join("\n").contains("this console is read-only"));
}

#[test]
fn help_lists_everything_that_can_be_typed() {
    let help = words::help(false).join("\n");
    for entry in TABLE.iter().filter(|entry| !entry.replay && typing(entry.command).never.is_none()) {
        let form = typing(entry.command).form;
        assert!(!form.is_empty() && help.contains(form), "{}", entry.id);
    }
    assert!(!help.contains("cursor") && !help.contains("Esc") && !help.contains("marked"), "{help}");
}

#[test]
fn a_server_that_is_lost_is_said_when_it_begins_and_when_it_ends() {
    let mut stage = Stage::with(1).heard();
    let _ = stage.app.take_said();
    let since = stage.app.now;
    stage.app.update(since, Message::Journal(crate::conference::health::JournalHealth::Lost(since)));
    stage.wait(14);
    stage.app.update(stage.app.now, Message::Journal(crate::conference::health::JournalHealth::Good));
    let said: Vec<_> = stage.app.take_said().into_iter().map(|heard| (heard.at.is_some(), heard.text)).collect();
    let began = "no contact with the server: who comes or leaves is not known";
    assert_eq!(said, [(true, began.to_owned()), (true, "the server is back after 14s".to_owned())]);
}

#[test]
fn a_desk_says_whose_conferences_it_shares_and_what_it_may_not_do() {
    let shared = |settings: &mut crate::console::app::Settings| {
        (settings.shared, settings.listener, settings.urls) = (Some("a:4222".into()), String::new(), Vec::new());
    };
    let greeting = |stage: &Stage| tell::greeting(&stage.app);
    let desk = greeting(&Stage::new(shared).heard());
    assert!(desk[0] == "confmod shares its conferences on a:4222" && !desk.iter().any(|line| line.contains("listens")), "{desk:?}");
    let reading = Stage::new(|settings| {
        shared(settings);
        settings.read_only = true;
    });
    let desk = greeting(&reading.heard());
    assert_eq!(desk[..2], ["confmod shares its conferences on a:4222", "this console is read-only; start it without --read-only to act"]);
}
