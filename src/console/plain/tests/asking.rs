//! Asks: exactly those who were named, whatever is filtered, shown or marked; and nobody before yes.

use super::*;
use crate::console::keys::Chord;

#[test]
fn an_ask_goes_to_exactly_who_was_named_whatever_is_filtered_shown_or_marked() {
    let mut stage = room();
    typed(&mut stage, "filter cleo");
    // Nothing without a screen marks anybody; but were there a mark, it would choose nobody.
    stage.app.update(stage.app.now, Message::Key(Chord::char('*')));
    typed(&mut stage, "conference 2233");
    let (marked, cursor) = (stage.app.marks.len(), stage.app.cursor);
    assert_eq!(marked, 1);
    assert_eq!(asks(&mut stage, "mute 2"), [(Action::Mute, "b".into())]);
    assert_eq!(asks(&mut stage, "unmute 1 3-4"), ["a", "c", "d"].map(|key| (Action::Unmute, key.into())));
    typed(&mut stage, "remove 4");
    assert_eq!((stage.app.marks.len(), stage.app.cursor), (marked, cursor));
}

#[test]
fn all_is_everybody_in_what_is_shown() {
    let mut stage = room();
    stage.event(leave("b"));
    assert_eq!(asks(&mut stage, "mute all"), ["a", "c", "d", "e"].map(|key| (Action::Mute, key.into())));
    typed(&mut stage, "conference 1122");
    assert_eq!(asks(&mut stage, "unmute all"), ["a", "c", "d"].map(|key| (Action::Unmute, key.into())));
    typed(&mut stage, "filter cleo");
    assert_eq!(asks(&mut stage, "unmute all"), [(Action::Unmute, "c".into())]);
    typed(&mut stage, "filter nobody");
    assert_eq!(says(&mut stage, "mute all"), "nobody is there");
    typed(&mut stage, "filter");
    typed(&mut stage, "all");
    assert_eq!(asks(&mut stage, "mute all").len(), 4);
}

/// Types a line and lets everything come round, answered with success but for the calls in `failing`.
fn played(stage: &mut Stage, line: &str, failing: &[&str]) -> Vec<String> {
    let (mut said, whats) = typed(stage, line);
    let mut open = Vec::new();
    for what in whats {
        let asked = if let What::Asked(ask) = &what { Some(ask.call.to_string()) } else { None };
        stage.event(what);
        open.extend(asked.map(|key| (stage.last(), key)));
    }
    for (seq, key) in open {
        stage.event(answer(&key, seq, if failing.contains(&&*key) { Outcome::Refused } else { Outcome::Accepted }));
    }
    said.extend(stage.app.take_said().into_iter().map(|heard| heard.text));
    said
}

#[test]
fn many_are_one_sentence_when_they_begin_and_one_when_they_end() {
    let mut stage = room();
    let said = played(&mut stage, "mute all", &["c"]);
    assert_eq!(
        said,
        [
            "asking to mute 5 callers, 10 a second; stop stops it",
            "3 Cleo: mute refused: participant not found",
            "ada: mute 5: 4 done, 1 failed",
        ]
    );
    assert!(stage.app.marks.is_empty(), "no mark is left to send the next command elsewhere");
    assert_eq!(asks(&mut stage, "again"), [(Action::Mute, "c".into())]);
    assert_eq!(says(&mut stage, "again 2"), "nothing failed for 2 Ben");
}

#[test]
fn many_can_be_stopped_and_taken_back() {
    let mut stage = room();
    let (_, whats) = typed(&mut stage, "mute all");
    for what in whats {
        stage.event(what);
    }
    let (said, whats) = typed(&mut stage, "stop");
    assert!(matches!(&whats[..], [What::Halted(halted)] if halted.asks.len() == 5), "{whats:?}");
    assert_eq!(said, ["stopped: what is on its way is waited for, nothing more is asked"]);
    let mut stage = room();
    played(&mut stage, "mute 1 2", &[]);
    assert_eq!(asks(&mut stage, "take back"), ["a", "b"].map(|key| (Action::Unmute, key.into())));
}

#[test]
fn only_yes_kicks() {
    for answer in ["y", "no", "", "1", "yes please"] {
        let mut stage = room();
        assert_eq!(says(&mut stage, "kick 1"), "kick 1 Ada Lovelace? type yes");
        assert!(says(&mut stage, answer).contains("nobody was kicked"), "{answer}");
        assert_eq!(says(&mut stage, "yes"), "nothing was asked", "the question is over");
    }
    let mut stage = room();
    says(&mut stage, "kick 1");
    assert_eq!(asks(&mut stage, "YES"), [(Action::Kick, "a".into())]);
}

#[test]
fn another_command_is_a_no_and_is_done() {
    let mut stage = room();
    says(&mut stage, "kick 1");
    let (said, whats) = typed(&mut stage, "mute 2");
    assert_eq!(said, ["nobody was kicked"]);
    assert!(matches!(&whats[..], [What::Asked(ask)] if ask.action == Action::Mute && ask.call.as_str() == "b"), "{whats:?}");
    // Also another kick: the yes is for that one.
    says(&mut stage, "kick 1");
    assert_eq!(says(&mut stage, "kick 3"), "nobody was kicked\nkick 3 Cleo? type yes");
    assert_eq!(asks(&mut stage, "yes"), [(Action::Kick, "c".into())]);
}

#[test]
fn who_left_and_joined_anew_is_not_the_one_who_was_to_be_kicked() {
    let mut stage = room();
    says(&mut stage, "kick 1");
    stage.event(leave("a"));
    stage.event(named_arrival("a", "1122", "12157010680", "Ada Lovelace"));
    stage.app.take_said();
    assert!(says(&mut stage, "yes").contains("1 Ada Lovelace left and joined anew: nothing was sent"));
}

#[test]
fn more_than_ten_are_kicked_by_their_number_only() {
    let mut stage = Stage::with(12).heard();
    let asked = says(&mut stage, "kick all");
    assert!(asked.starts_with("kick 12 callers: 1 Caller a, 2 Caller b") && asked.ends_with("and 6 more? type 12"), "{asked}");
    assert_eq!(says(&mut stage, "yes"), "nobody was kicked");
    says(&mut stage, "kick all");
    assert_eq!(says(&mut stage, "11"), "that is not how many they are: nobody was kicked");
    says(&mut stage, "kick all");
    let kicked = asks(&mut stage, "12");
    assert_eq!(kicked.len(), 12);
    assert!(kicked.iter().all(|(action, _)| *action == Action::Kick));
}

#[test]
fn a_kick_is_asked_about_where_a_screen_would_count_down() {
    let mut stage = Stage::new(|settings| settings.kick = Kick::Countdown).heard();
    stage.event(named_arrival("a", "1122", "12157010680", "Ada"));
    stage.app.take_said();
    assert_eq!(says(&mut stage, "kick 1"), "kick 1 Ada? type yes");
    assert_eq!(stage.wait(10), []);
}

#[test]
fn quitting_asks_while_callers_are_in() {
    let mut stage = room();
    assert!(says(&mut stage, "quit").starts_with("quit? 5 callers are in and stay in;"));
    assert_eq!(says(&mut stage, "no"), "confmod goes on");
    says(&mut stage, "quit");
    typed(&mut stage, "yes");
    assert!(stage.app.leaving);
    let mut stage = Stage::new(|_| {}).heard();
    typed(&mut stage, "quit");
    assert!(stage.app.leaving, "nobody is in");
}

#[test]
fn the_end_of_input_quits_without_a_question() {
    let mut stage = room();
    let effects = stage.app.update(stage.app.now, Message::Spoken(Spoken::End));
    assert_eq!(effects, [Effect::Quit]);
    assert_eq!(stage.app.update(stage.app.now, Message::Spoken(Spoken::End)), [], "once");
    assert_eq!(says(&mut stage, "mute 1"), "confmod is quitting");
}

#[test]
fn a_read_only_console_asks_for_nothing() {
    let mut stage = Stage::new(|settings| settings.read_only = true).heard();
    stage.event(named_arrival("a", "1122", "12157010680", "Ada"));
    stage.app.take_said();
    for entry in TABLE.iter().filter(|entry| entry.dangerous) {
        for form in typing(entry.command).form.split(", ").filter(|form| !form.is_empty()) {
            let line = form.replace("3 5-9", "1").replace('3', "1");
            let said = says(&mut stage, &line);
            assert!(said.contains("read-only") || line == "again", "{line}: {said}");
            assert_eq!(stage.app.dialog, None, "{line}");
        }
    }
    assert!(says(&mut stage, "who").contains("1 Ada"));
}

#[test]
fn names_and_bans_are_written_down_as_typed() {
    let mut stage = room();
    let (_, whats) = typed(&mut stage, "name 2 Ben  Nevis");
    assert!(matches!(&whats[..], [What::Named(named)] if &*named.name == "Ben Nevis" && named.call.as_str() == "b"), "{whats:?}");
    let (_, whats) = typed(&mut stage, "ban 5 shouting, twice");
    let [What::Banned(banned)] = &whats[..] else { panic!("{whats:?}") };
    assert_eq!((&*banned.number.digits(), &*banned.reason, banned.until), ("4930901820", "shouting, twice", None));
    let (_, timed) = typed(&mut stage, "ban 2 for 2h shouting");
    let until = stage.app.now.plus(std::time::Duration::from_hours(2));
    assert!(matches!(&timed[..], [What::Banned(banned)] if banned.until == Some(until) && &*banned.reason == "shouting"), "{timed:?}");
    let (_, why) = typed(&mut stage, "ban 2 for shouting");
    assert!(matches!(&why[..], [What::Banned(banned)] if banned.until.is_none() && &*banned.reason == "for shouting"), "{why:?}");
    assert!(says(&mut stage, "ban 2 for 2x shouting").contains("write 2h or 30d"));
    stage.event(whats[0].clone());
    stage.app.take_said();
    assert_eq!(says(&mut stage, "bans"), "+4930901820, banned for good by ada: shouting, twice");
    assert_eq!(says(&mut stage, "unban 820"), "write the whole number; bans lists them");
    let (_, whats) = typed(&mut stage, "unban +49 30 901820");
    assert!(matches!(&whats[..], [What::Lifted(lifted)] if lifted.number.digits() == "4930901820"), "{whats:?}");
    stage.event(What::Joined(crate::conference::story::arrival("f", "1122", "")));
    stage.app.take_said();
    assert!(says(&mut stage, "ban 6").contains("only a number can be banned"));
}

#[test]
fn hands_floor_and_modes_go_by_words() {
    let mut stage = room();
    let (_, whats) = typed(&mut stage, "hand 3");
    assert!(matches!(&whats[..], [What::Hand(hand)] if hand.up && hand.call.as_str() == "c"), "{whats:?}");
    stage.event(whats[0].clone());
    stage.app.take_said();
    assert!(says(&mut stage, "floor").starts_with("which conference?"));
    let (_, whats) = typed(&mut stage, "floor 1122");
    assert!(
        matches!(&whats[..], [What::Floor(given), What::Asked(ask)]
        if given.call.as_ref() == Some(&ask.call) && ask.call.as_str() == "c" && ask.action == Action::Unmute),
        "{whats:?}"
    );
    assert_eq!(says(&mut stage, "clear hands 1122"), "lower all hands of 1122, 1 hand? type yes");
    assert!(matches!(&typed(&mut stage, "yes").1[..], [What::HandsCleared(_)]));
    typed(&mut stage, "conference 2233");
    for (line, on) in [("lecture on", true), ("lecture off", false), ("lock", true), ("lock", false)] {
        let (_, whats) = typed(&mut stage, line);
        assert!(matches!(&whats[..], [What::Mode(set)] if set.on == on && set.conference.as_str() == "2233"), "{line}: {whats:?}");
        stage.event(whats[0].clone());
        stage.app.take_said();
        if on {
            let again = line.split(' ').next().expect("a word").to_owned() + " on";
            assert!(says(&mut stage, &again).ends_with("is on in 2233 already"), "{line}");
        }
    }
    let (_, whats) = typed(&mut stage, "exempt 1");
    assert!(matches!(&whats[..], [What::Exempted(exempted)] if exempted.exempt && exempted.call.as_str() == "a"), "{whats:?}");
}
