//! What is typed and what is said: whom a line is about, what it asks for, and that it asks for nothing else.

use super::words::{Found, Word, find, typing};
use super::*;
use crate::conference::event::What;
use crate::conference::roster::CallId;
use crate::conference::story::{answer, leave, named_arrival};
use crate::conference::{Action, Outcome};
use crate::config::Kick;
use crate::console::app::tests::Stage;
use crate::console::app::{Effect, Message};
use crate::console::command::TABLE;

mod asking;
mod hostile;
mod saying;

/// Ada, Ben, Cleo and Dan have the numbers 1 to 4 and the call keys a to d; Eve, 5, is in another conference.
fn room() -> Stage {
    let mut stage = Stage::new(|_| {}).heard();
    for (key, name, place) in [("a", "Ada Lovelace", 0), ("b", "Ben", 1), ("c", "Cleo", 2), ("d", "Dan Adams", 3)] {
        stage.event(named_arrival(key, "1122", &format!("1215701068{place}"), name));
    }
    stage.event(named_arrival("e", "2233", "4930901820", "Eve"));
    stage.app.take_said();
    stage
}

/// Types a line as the loop does; says what was answered and what is to be written down.
fn typed(stage: &mut Stage, line: &str) -> (Vec<String>, Vec<What>) {
    let reply = read(&stage.app, line);
    let (mut said, mut whats) = (reply.said, Vec::new());
    for spoken in reply.spoken {
        for effect in stage.app.update(stage.app.now, Message::Spoken(spoken)) {
            match effect {
                Effect::Append(what) => whats.push(what),
                Effect::AppendAll(several) => whats.extend(several),
                _ => {}
            }
        }
    }
    said.extend(stage.app.take_said().into_iter().map(|heard| heard.text));
    (said, whats)
}

/// What a line asks of the provider: action and call key.
fn asks(stage: &mut Stage, line: &str) -> Vec<(Action, String)> {
    let asked = typed(stage, line).1.into_iter().filter_map(|what| match what {
        What::Asked(ask) => Some((ask.action, ask.call.to_string())),
        _ => None,
    });
    asked.collect()
}

/// What a line says, with nothing to be written down for it.
#[track_caller]
fn says(stage: &mut Stage, line: &str) -> String {
    let (said, whats) = typed(stage, line);
    assert_eq!(whats, [], "{line}");
    said.join("\n")
}

fn id(stage: &Stage, number: u32) -> CallId {
    stage.app.caller_of(number).expect("given")
}

#[test]
fn every_command_of_the_table_can_be_typed_or_says_why_not() {
    for replay in [false, true] {
        for entry in TABLE.iter().filter(|entry| if replay { !entry.dangerous } else { !entry.replay }) {
            let typing = typing(entry.command);
            for name in [entry.id, entry.label, &entry.id.to_uppercase()] {
                match (find(name, replay), typing.never) {
                    (Found::Word(Word::Command(command), ""), None) => assert_eq!(command, entry.command, "{name}"),
                    (Found::Never(found, why), Some(_)) => assert!(found.command == entry.command && why.len() > 20, "{name}: {why}"),
                    _ => panic!("{name} is neither a command nor refused with a reason"),
                }
            }
            // What help says can be typed is that command.
            for form in typing.form.split(", ").filter(|form| !form.is_empty()) {
                assert!(matches!(find(form, replay), Found::Word(Word::Command(command), _) if command == entry.command), "{form}");
            }
        }
    }
}

#[test]
fn commands_for_a_replay_are_there_in_a_replay_only() {
    assert!(matches!(find("faster", true), Found::Word(Word::Command(Command::Play(_)), "")));
    assert!(!matches!(find("faster", false), Found::Word(..)));
    assert!(!matches!(find("mute 3", true), Found::Word(..)));
}

#[test]
fn words_may_be_cut_short_where_only_one_begins_so() {
    let stage = room();
    for (line, spoken) in [
        ("unm 2", Spoken::About(Command::Unmute, vec![id(&stage, 2)])),
        ("Kick 2", Spoken::About(Command::Kick, vec![id(&stage, 2)])),
        ("take back", Spoken::Run(Command::TakeBack)),
        ("undo", Spoken::Run(Command::TakeBack)),
        ("hand first 2", Spoken::About(Command::HandFirst, vec![id(&stage, 2)])),
        ("hand-first 2", Spoken::About(Command::HandFirst, vec![id(&stage, 2)])),
        ("hand 2", Spoken::About(Command::Hand, vec![id(&stage, 2)])),
        ("  off   the list 2 ", Spoken::About(Command::Remove, vec![id(&stage, 2)])),
        ("stop", Spoken::Run(Command::Back)),
        ("mask", Spoken::Run(Command::Mask)),
        ("rep", Spoken::Run(Command::Report)),
        ("quit", Spoken::Run(Command::Quit)),
        ("lecture 1122 on", Spoken::In(Command::Lecture, "1122".into(), Some(true))),
        ("lecture 2233", Spoken::In(Command::Lecture, "2233".into(), None)),
        ("lock 1122 off", Spoken::In(Command::Lock, "1122".into(), Some(false))),
        ("floor 2233", Spoken::In(Command::Floor, "2233".into(), None)),
        ("conference 1122", Spoken::Show(Some("1122".into()))),
        ("conference all", Spoken::Show(None)),
        ("all", Spoken::Show(None)),
        ("filter state:muted", Spoken::Filter("state:muted".into())),
        ("filter", Spoken::Filter(String::new())),
        ("name 2 Ben  Nevis", Spoken::Name(id(&stage, 2), "Ben Nevis".into())),
        ("name ben Ben Nevis", Spoken::Name(id(&stage, 2), "Ben Nevis".into())),
        ("name 2 -", Spoken::Name(id(&stage, 2), String::new())),
        ("ban 2 shouting at 3", Spoken::Ban(id(&stage, 2), "shouting at 3".into())),
        ("ban 2", Spoken::Ban(id(&stage, 2), String::new())),
    ] {
        assert_eq!(read(&stage.app, line).spoken, [spoken], "{line}");
    }
}

#[test]
fn what_is_no_command_is_a_sentence_and_nothing_else() {
    let mut stage = room();
    for (line, words) in [
        ("m 3", "that could be mute or mask"),
        ("muet 3", "muet is no command; is it mute"),
        ("xyzzy", "xyzzy is no command; help lists them"),
        ("mute", "who? mute 3"),
        ("mark 3", "mark is for a screen: name the callers instead"),
        ("down", "there is no cursor"),
        ("sort", "who lists callers by their numbers"),
        ("lecture", "which conference? There are 2: lecture 1122"),
        ("lecture 9", "there is no conference 9; there is 1122, 2233"),
        ("name 2", "what is the name?"),
        ("undo 3", "nothing comes after it: undo"),
        ("events many", "how many?"),
        ("unban", "whose ban is lifted?"),
        ("unban 12157010680", "that number is not banned"),
        ("again", "nothing failed that could be asked again"),
        ("yes", "nothing was asked"),
        ("filter >soon", "soon"),
    ] {
        let said = says(&mut stage, line);
        assert!(said.contains(words), "{line}: {said}");
    }
    assert_eq!(says(&mut stage, "   "), "");
}

#[test]
fn callers_are_named_by_number_range_name_and_all() {
    let stage = room();
    for (words, wanted) in [
        ("3", vec![3]),
        ("3 1", vec![3, 1]),
        ("3, 1 and 3", vec![3, 1]),
        ("1 3-5", vec![1, 3, 4, 5]),
        ("5-3", vec![3, 4, 5]),
        ("all", vec![1, 2, 3, 4, 5]),
        ("ben", vec![2]),
        ("ada lovelace", vec![1]),
        ("lovelace", vec![1]),
        ("dan", vec![4]),
        ("+4930901820", vec![5]),
        ("+49309", vec![5]),
    ] {
        let found = callers::callers(&stage.app, words, "mute 3");
        assert_eq!(found, Ok(wanted.iter().map(|number| id(&stage, *number)).collect()), "{words}");
    }
    for (words, why) in [
        ("6", "nobody has the number 6: they go from 1 to 5"),
        ("0", "nobody has the number 0"),
        ("1 99999999999999", "nobody has the number 99999999999~"),
        ("1-99999999", "nobody has the number 99999999"),
        ("ada", "ada could be 1 Ada Lovelace or 4 Dan Adams: nothing is done; mute and the number"),
        ("ben 3", "nobody there is called ben 3"),
        ("a", "could be"),
        ("eda", "nobody there is called eda"),
        ("+1215", "could be 1 Ada Lovelace, 2 Ben, 3 Cleo or 4 Dan Adams"),
    ] {
        let found = callers::callers(&stage.app, words, "mute 3").expect_err(words);
        assert!(found.contains(why), "{words}: {found}");
    }
}

#[test]
fn a_name_with_a_number_in_it_is_one_name() {
    let mut stage = room();
    stage.event(named_arrival("f", "1122", "33142685300", "Room 3"));
    assert_eq!(asks(&mut stage, "mute room 3"), [(Action::Mute, "f".into())], "and nobody else");
}

#[test]
fn a_number_means_the_same_caller_as_long_as_the_process_lives() {
    let mut stage = room();
    stage.event(leave("a"));
    stage.wait(3_600);
    assert_eq!(stage.app.caller_of(1), None, "long gone and forgotten, and no room is taken for it");
    stage.event(named_arrival("f", "1122", "33142685300", "Fay"));
    stage.event(named_arrival("a", "1122", "12157010680", "Ada Lovelace"));
    assert_eq!(asks(&mut stage, "mute 3"), [(Action::Mute, "c".into())]);
    assert_eq!(asks(&mut stage, "mute 6"), [(Action::Mute, "f".into())]);
    assert_eq!(asks(&mut stage, "mute 7"), [(Action::Mute, "a".into())], "another call, another number");
    assert_eq!(says(&mut stage, "mute 1"), "1 has left and is off the list");
    assert_eq!(says(&mut stage, "mute 8"), "nobody has the number 8: they go from 1 to 7");
    // A leaver who comes back in the same call is the same caller.
    stage.event(leave("c"));
    stage.app.take_said();
    assert_eq!(says(&mut stage, "mute 3"), "3 Cleo has left");
    stage.event(named_arrival("c", "1122", "12157010682", "Cleo"));
    assert_eq!(asks(&mut stage, "unmute 3"), [(Action::Unmute, "c".into())]);
}
