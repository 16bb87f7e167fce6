//! Hands, modes and bans on the screen.

use super::*;
use crate::conference::event::{Banned, Exempted, FloorGiven, Mode, ModeSet, What};
use crate::config::Kick;
use crate::phone::Number;

pub(super) fn mode(stage: &mut Stage, conference: &str, mode: Mode, by: &str) {
    stage.event(What::Mode(ModeSet { conference: conference.into(), mode, on: true, by: by.into() }));
}

pub(super) fn ban(stage: &mut Stage, digits: &str, reason: &str, hours: Option<u64>) {
    let number = Number::from_digits(digits).expect("a number");
    let until = hours.map(|hours| stage.app.now.plus(std::time::Duration::from_hours(hours)));
    stage.event(What::Banned(Banned { number, reason: reason.into(), until, by: "ada".into() }));
}

/// A town hall with hands up, one caller on the floor, one exempt and one banned.
fn question_time() -> Stage {
    let mut stage = town_hall();
    for key in ["a", "h", "e", "c"] {
        stage.event(hand(key, true));
    }
    stage.event(What::Floor(FloorGiven { conference: "1122".into(), call: Some("a".into()), by: "ada".into() }));
    let spared = What::Exempted(Exempted { call: "b".into(), number: Number::from_digits("442079460182"), exempt: true, by: "ada".into() });
    stage.event(spared);
    ban(&mut stage, "33199001234", "shouting", Some(2));
    stage
}

#[test]
fn hands_are_numbered_and_who_has_the_floor_is_marked() {
    let mut stage = question_time();
    let screen = draw(&mut stage, (80, 24));
    for (name, words) in [("Margaret", "floor"), ("Zoë", "↑1"), ("Gus", "↑2"), ("Jean", "↑3"), ("田", "↑4")] {
        assert!(row(&screen, name).contains(words), "{name}: {screen}");
    }
    let ascii = lines(&draw_with(&mut stage, (80, 24), &Theme::new(ThemeChoice::None, true))).join("\n");
    assert!(row(&ascii, "Gus").contains(" up2 ") && row(&ascii, "Margaret").contains(" floor "), "{ascii}");
    assert!(row(&draw(&mut stage, (80, 24)), "Zoë").contains("Lindström (x)"), "exempt, by its key where there is little room");
    assert!(row(&draw(&mut stage, (80, 24)), "Jean").contains("… (B)"));
    let wide = draw(&mut stage, (140, 40));
    assert!(wide.contains("Zoë Lindström (exempt)") && wide.contains("  Jean-Baptiste L… (banned) "), "{wide}");
    stage.keys("Home d");
    assert!(draw(&mut stage, (140, 40)).contains("has it"), "the detail pane says it too");
    stage.keys("Down");
    let screen = draw(&mut stage, (140, 40));
    assert!(screen.contains("up for 0s, number 1") && screen.contains("exempt       from lecture mode and lock"), "{screen}");
    stage.keys("Down Down Down");
    assert!(draw(&mut stage, (140, 40)).contains("banned       until "));
}

#[test]
fn the_queue_counts_what_does_not_fit() {
    let mut stage = Stage::with(24);
    for key in 'a'..='x' {
        stage.event(hand(&key.to_string(), true));
    }
    let screen = draw(&mut stage, (140, 40));
    assert!(screen.contains("hands: 24 up") && screen.contains("  7   Caller g") && screen.contains("17 more"), "{screen}");
    stage.keys("H");
    assert!(!draw(&mut stage, (140, 40)).contains("hands: 24 up"));
    let mut nobody = Stage::with(1);
    nobody.keys("H");
    assert!(draw(&mut nobody, (80, 24)).contains("no hand is up"));
}

#[test]
fn one_pane_that_hides_another_says_so() {
    let mut stage = question_time();
    stage.keys("H d");
    let screen = draw(&mut stage, (80, 24));
    assert!(screen.contains("hands: 4 up, g gives the floor (H closes it and shows the detail)"), "{screen}");
    assert!(draw(&mut stage, (110, 40)).contains("hands: 4 up, g gives the floor; detail (H closes it and shows the events)"));
}

#[test]
fn a_modes_banner_says_since_when_by_whom_what_it_does_and_what_ends_it() {
    let banner = |stage: &mut Stage, size| draw(stage, size).lines().nth(2).unwrap_or_default().trim().to_owned();
    let mut stage = Stage::with(1);
    mode(&mut stage, "1122", Mode::Lecture, "the-moderator");
    let long = banner(&mut stage, (140, 40));
    assert!(
        long.starts_with("LECTURE MODE since ") && long.contains(" by the-moderator: mutes who is in and who joins, but nobody exempt;"),
        "{long}"
    );
    for size in [(80, 24), (140, 40)] {
        let text = banner(&mut stage, size);
        for words in ["LECTURE MODE since ", "by the-mod", ": mutes ", "; M ends it"] {
            assert!(text.contains(words), "{words}: {text}");
        }
    }
    let text = banner(&mut stage, (80, 24));
    assert!(text.contains("mutes all not exempt; M ends it"), "a long name takes the room of the longer words: {text}");
    let mut of_ada = Stage::with(1);
    mode(&mut of_ada, "1122", Mode::Lecture, "ada");
    let text = banner(&mut of_ada, (80, 24));
    assert!(text.ends_with(" by ada: mutes who is in and who joins; M ends it"), "what it does, and no state of the callers: {text}");
    mode(&mut stage, "1122", Mode::Lock, "the-moderator");
    for size in [(80, 24), (140, 40)] {
        let text = banner(&mut stage, size);
        for words in ["LECTURE ", "LOCKED ", "the-m", "mute", "kick", "M ends", "L ends"] {
            assert!(text.contains(words), "{words}: {text}");
        }
        assert!(!text.contains("1122") && !text.contains('…'), "the only conference needs no name: {text}");
    }
    stage.event(join("x", "7", "4930"));
    assert!(banner(&mut stage, (140, 40)).starts_with("1122: LECTURE MODE"));
    for conference in ["7", "8"] {
        mode(&mut stage, conference, Mode::Lock, "ada");
    }
    assert_eq!(banner(&mut stage, (80, 24)), "LECTURE MODE in 1122  LOCKED in 1122, 7, 8; their tabs say more");
    for conference in 10_000..10_020 {
        mode(&mut stage, &conference.to_string(), Mode::Lock, "ada");
    }
    assert_eq!(banner(&mut stage, (80, 24)), "23 conferences are in lecture mode or locked; their tabs say more");
    stage.app.update(stage.app.now, Message::Fault("the listener stopped".into()));
    let screen = draw(&mut stage, (80, 24));
    let lines: Vec<_> = screen.lines().collect();
    assert!(lines[2].contains("the listener stopped") && lines[3].contains("23 conferences") && lines[4].contains("caller"), "{screen}");
}

#[test]
fn the_number_that_is_banned_is_the_one_that_was_shown_whoever_the_caller_is_by_then() {
    let mut stage = Stage::new(|_| {});
    stage.event(named_arrival("a", "1122", "12025550001", "Ada"));
    stage.event(named_arrival("other", "1122", "12025550001", "Ida"));
    stage.keys("B");
    assert!(draw(&mut stage, (80, 24)).contains("2 calls from it are on"), "before");
    stage.event(leave("a"));
    stage.event(named_arrival("a", "1122", "442079460182", "Zoë"));
    for place in 0..3 {
        stage.event(join(&format!("more{place}"), "1122", "442079460182"));
    }
    let screen = draw(&mut stage, (80, 24));
    let dialog: Vec<_> = screen.lines().skip_while(|line| !line.contains("ban this number?")).collect();
    assert!(dialog[1].contains("+12025550001") && !dialog[1].contains("Zoë"), "{screen}");
    assert!(screen.contains("1 call from it is on"), "{screen}");
    let banned = stage.keys("Enter");
    assert!(format!("{banned:?}").contains("12025550001"), "{banned:?}");
}

#[test]
fn a_mode_without_a_key_is_ended_in_the_palette() {
    let changed = std::collections::BTreeMap::from([("lecture".to_owned(), Vec::new())]);
    let mut stage = Stage::with(1);
    stage.app.keys = crate::console::command::KeyMap::new(&changed).expect("sound");
    mode(&mut stage, "1122", Mode::Lecture, "ada");
    assert!(draw(&mut stage, (140, 40)).contains("; lecture in the palette ends it"));
}

#[test]
fn the_dialog_says_what_a_ban_does_and_what_it_does_not() {
    let mut stage = question_time();
    stage.keys("Down Down Down Down Down B");
    let screen = draw(&mut stage, (80, 24));
    for words in [
        "+447700900118, Ingrid",
        "joins from it later is kicked",
        "1 call from it is on",
        "stays: k kicks",
        "reason",
        "lasts",
        "Esc bans nobody",
    ] {
        assert!(screen.contains(words), "{words}: {screen}");
    }
    stage.keys("Tab s o o n Enter");
    assert!(draw(&mut stage, (80, 24)).contains("! soon is no time; write 2h or 30d, or nothing for good"));
    stage.keys("Esc p B");
    let screen = draw(&mut stage, (80, 24));
    assert!(!screen.contains("447700900118") && screen.contains("+**********18"), "{screen}");
}

#[test]
fn bans_are_listed_with_who_and_until_when_and_masked_like_all_numbers() {
    let mut stage = question_time();
    stage.wait(1);
    ban(&mut stage, "4915112345678", "", None);
    stage.keys(": b a n s Enter");
    for size in [(80, 24), (140, 40)] {
        let screen = draw(&mut stage, size);
        for words in ["+33199001234", "Jean-Baptiste", "shouting, by ada", "+4915112345678", "for good", "by ada", "Delete lifts a ban"] {
            assert!(screen.contains(words), "{words}: {screen}");
        }
    }
    stage.keys("Delete");
    assert!(draw(&mut stage, (80, 24)).contains("lift the ban of +4915112345678? y lifts it"));
    stage.keys("n Esc p : b a n s Enter");
    let screen = draw(&mut stage, (80, 24));
    assert!(!screen.contains("4915112345678") && screen.contains("**78"), "{screen}");
    stage.keys("Delete");
    assert!(!draw(&mut stage, (80, 24)).contains("4915112345678"));
    let mut none = Stage::with(1);
    none.keys(": b a n s Enter");
    assert!(draw(&mut none, (80, 24)).contains("no number is banned"));
    for place in 0..30 {
        ban(&mut none, &format!("49300{place:02}"), "", None);
    }
    none.keys("End");
    let screen = draw(&mut none, (80, 24));
    assert!(screen.contains("+4930029") && screen.contains("30 in all"), "the last is in sight: {screen}");
}

#[test]
fn everything_is_drawn_at_every_size() {
    let mut stage = question_time();
    mode(&mut stage, "1122", Mode::Lecture, "ada");
    mode(&mut stage, "1122", Mode::Lock, "ada");
    stage.app.update(stage.app.now, Message::Fault("the listener stopped".into()));
    let theme = Theme::new(ThemeChoice::None, true);
    for keys in ["H d", "B", "Esc : b a n s Enter", "Esc : c l e a r Space h a n d s Enter"] {
        stage.app.update(stage.app.now, Message::Resized(80, 24));
        stage.keys(keys);
        let dialog = stage.app.dialog.clone();
        for width in [0, 1, 3, 39, 40, 41, 79, 80, 99, 100, 124, 140, 220] {
            for height in [0, 1, 9, 10, 11, 12, 15, 24, 40, 70] {
                stage.app.dialog.clone_from(&dialog);
                for cell in &draw_with(&mut stage, (width, height), &theme).content {
                    assert!(cell.symbol().is_ascii() || cell.symbol().chars().all(char::is_alphabetic), "{:?}", cell.symbol());
                }
            }
        }
    }
}

#[test]
fn a_desk_that_may_not_kick_is_told_that_another_ends_the_lock() {
    let mut stage = Stage::with(1);
    stage.app.settings.kick = Kick::Never;
    mode(&mut stage, "1122", Mode::Lock, "grace");
    for size in [(80, 24), (140, 40)] {
        let screen = draw(&mut stage, size);
        let text = screen.lines().nth(2).unwrap_or_default();
        assert!(text.contains("LOCKED since") && text.ends_with("another desk ends it"), "{text}");
    }
}
