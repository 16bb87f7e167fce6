//! What is drawn: at every size, with hostile content, without colour, in ASCII.

use ratatui::layout::Rect;
use ratatui::style::Color;

use super::*;
use crate::conference::Moment;
use crate::conference::event::{Contact, Contacts, Seq, What};
use crate::conference::story::{answer, ask, hand, join, leave, named_arrival, start};
use crate::conference::{Action, Outcome};
use crate::config::ThemeChoice;
use crate::console::app::tests::Stage;
use crate::console::app::{ListenerCounts, Message};
use crate::journal::Health;

fn draw_with(stage: &mut Stage, size: (u16, u16), theme: &Theme) -> Buffer {
    stage.app.size = size;
    let mut buffer = Buffer::empty(Rect::new(0, 0, size.0, size.1));
    render(&stage.app, theme, &mut buffer);
    buffer
}

fn lines(buffer: &Buffer) -> Vec<String> {
    let width = usize::from(buffer.area.width).max(1);
    buffer
        .content
        .chunks(width)
        .map(|line| line.iter().map(ratatui::buffer::Cell::symbol).collect::<String>().trim_end().to_owned())
        .collect()
}

fn draw(stage: &mut Stage, size: (u16, u16)) -> String {
    lines(&draw_with(stage, size, &Theme::new(ThemeChoice::Ansi, false))).join("\n")
}

/// The line that holds a caller's name in the table.
fn row(screen: &str, name: &str) -> String {
    screen.lines().skip(3).find(|line| line.contains(name)).unwrap_or_else(|| panic!("{name} is on the screen:\n{screen}")).to_owned()
}

/// A town hall in the middle of things: one of every kind of row.
fn town_hall() -> Stage {
    let mut stage = Stage::new(|_| {});
    let callers = [
        ("a", "12025550117", "Margaret Okonkwo"),
        ("b", "442079460182", "Zoë Lindström"),
        ("c", "61255500134", "田中 美咲"),
        ("d", "493023125014", "Олена Шевченко"),
        ("e", "33199001234", "Jean-Baptiste Lefèvre de la Tour"),
        ("f", "447700900118", "Ingrid Sørensen"),
        ("g", "447700900118", "Per Sørensen"),
        ("h", "13125550144", "Gus Whitfield"),
    ];
    for (key, number, name) in callers {
        stage.event(named_arrival(key, "1122", number, name));
    }
    stage.event(join("i", "1122", ""));
    stage.event(start("j"));
    stage.event(hand("b", true));
    for (seq, key, action, outcome) in [
        (12, "a", Action::Mute, Some(Outcome::Accepted)),
        (14, "c", Action::Unmute, Some(Outcome::Unknown)),
        (16, "d", Action::Kick, Some(Outcome::Accepted)),
        (18, "h", Action::Mute, Some(Outcome::Refused)),
        (20, "f", Action::Mute, None),
    ] {
        stage.event(ask(key, action));
        if let Some(outcome) = outcome {
            stage.event(answer(key, seq, outcome));
        }
    }
    stage.event(leave("g"));
    stage.app.update(stage.app.now, Message::PhonesReady);
    stage
}

#[test]
fn at_80_by_24_a_moderator_sees_who_is_there_and_what_became_of_each_ask() {
    let mut stage = town_hall();
    let screen = draw(&mut stage, (80, 24));
    for (name, words) in [
        ("Margaret Okonkwo", &["+12025550117", "US", "muted", "0s", "mute ✓ 0s"][..]),
        ("Zoë Lindström", &["+442079460182", "GB", "open", "↑"]),
        ("美", &["unknown", "unmute ? 0s"]),
        ("Олена", &["kicked", "kick ✓ 0s"]),
        ("Jean-Baptiste Le", &["FR", "open", "…"]),
        ("Ingrid", &["muting", "mute … 0s"]),
        ("Per Sørensen", &["left"]),
        ("Gus Whitfield", &["failed", "mute ✗ 0s"]),
        ("no number #", &["open"]),
        ("calling", &["no number #"]),
    ] {
        let row = row(&screen, name);
        for word in words {
            assert!(row.contains(word), "{word:?} in {row:?}");
        }
    }
    for words in ["[1:all (8)]", "2:1122 (7)", "127.0.0.1:8787", "callback 0s", "1 no number", "provider 80/80 ms", "m mute", "q quit"] {
        assert!(screen.contains(words), "{words:?} on\n{screen}");
    }
    assert!(!screen.contains("nothing has happened"), "the events pane is closed");
}

#[test]
fn wider_screens_show_more_and_the_events_from_100_columns() {
    let mut stage = town_hall();
    assert!(!draw(&mut stage, (99, 30)).contains("joined 1122"));
    let screen = draw(&mut stage, (100, 30));
    assert!(screen.contains("Gus Whitfield: mute refused: participant not found"), "{screen}");
    let screen = draw(&mut stage, (200, 50));
    assert!(row(&screen, "Gus").contains("failed (open)"), "the state before is kept in sight");
    assert!(row(&screen, "Gus").contains("mute refused 0s"));
    assert!(row(&screen, "Margaret").contains("United States"));
    stage.keys("e");
    assert!(!draw(&mut stage, (200, 50)).contains("participant not found\n"));
    stage.keys("d");
    stage.keys("Home Down Down Down Down Down Down Down");
    let screen = draw(&mut stage, (140, 40));
    for words in ["failed, open before", "mute refused", "participant not found", "+1 312-555-0144", "conference", "call key"] {
        assert!(screen.contains(words), "{words:?} on\n{screen}");
    }
}

#[test]
fn of_a_long_event_that_does_not_fit_the_end_is_shown() {
    let mut stage = town_hall();
    let slip = (1..=60).map(|word| format!("word{word}")).collect::<Vec<_>>().join(" ");
    stage.app.update(stage.app.now, Message::Contacts(vec![slip]));
    for key in ["k1", "k2"] {
        stage.event(named_arrival(key, "1122", "447700900119", "Somebody Else"));
    }
    let screen = draw(&mut stage, (100, 24));
    assert!(screen.contains("word60") && !screen.contains("word1 "), "{screen}");
}

#[test]
fn two_calls_from_one_number_carry_a_mark() {
    let mut stage = town_hall();
    assert!(!row(&draw(&mut stage, (100, 30)), "Ingrid").contains('×'), "the other one has left");
    stage.event(named_arrival("k", "1122", "447700900118", "Per Sørensen"));
    assert!(row(&draw(&mut stage, (80, 24)), "Ingrid").contains("+447700900118 ×2"));
}

#[test]
fn an_ask_that_is_not_on_disk_says_so() {
    let mut stage = Stage::with(1);
    let event = crate::conference::event::Event { seq: Seq::UNRECORDED.next(), at: stage.app.now, what: ask("a", Action::Mute) };
    stage.app.update(stage.app.now, Message::Journal(Health::Failed("disk I/O error".into())));
    stage.app.update(stage.app.now, Message::Events([event].into()));
    for size in [(80, 24), (140, 40)] {
        let screen = draw(&mut stage, size);
        assert!(row(&screen, "Caller a").contains("not recorded"), "{screen}");
        assert!(screen.contains("THE JOURNAL FAILED"), "{screen}");
    }
}

#[test]
fn the_dialog_names_the_caller_and_says_what_y_does() {
    let mut stage = Stage::with(2);
    stage.keys("Down k");
    let screen = draw(&mut stage, (80, 24));
    for words in ["kick this caller?", "│ Caller b", "+12157010681, conference 1122", "y kicks   any other key: nobody is kicked"] {
        assert!(screen.contains(words), "{words:?} on\n{screen}");
    }
    stage.keys("Esc p k");
    assert!(!draw(&mut stage, (80, 24)).contains("2157010681"), "masked in dialogs too");
}

#[test]
fn a_call_key_that_has_a_number_in_it_is_masked_in_the_detail_pane() {
    let mut stage = Stage::new(|_| {});
    stage.event(join("12025550001-call", "1122", "12025550001"));
    stage.keys("d");
    assert!(draw(&mut stage, (80, 24)).contains("call key     12025550001-call"));
    stage.keys("p");
    let screen = draw(&mut stage, (80, 24));
    assert!(screen.contains("call key     *********01-call") && !screen.contains("2025550001"), "{screen}");
}

#[test]
fn with_nobody_in_the_screen_says_what_to_do() {
    let mut stage = Stage::new(|settings| settings.fragile_session = true);
    let screen = draw(&mut stage, (80, 24));
    for words in ["Listening for callbacks on 127.0.0.1:8787", "Last callback: never", "/callback/****/start", "confmod urls", "tmux"] {
        assert!(screen.contains(words), "{words:?} on\n{screen}");
    }
    let mut stage = Stage::with(1);
    stage.keys("/ z z");
    assert!(draw(&mut stage, (80, 24)).contains("Nobody matches \"zz\""));
}

#[test]
fn counts_that_are_not_zero_are_in_the_header() {
    let mut stage = Stage::with(1);
    stage.event(named_arrival("a", "1122", "12157010680", "Caller a"));
    stage.app.update(stage.app.now, Message::Listener(ListenerCounts { refused: 3, dropped: 2, ..ListenerCounts::default() }));
    let screen = draw(&mut stage, (140, 40));
    for words in ["3 refused", "2 dropped", "1 repeated"] {
        assert!(screen.contains(words), "{words:?} on\n{screen}");
    }
    for seq in 3..8 {
        stage.event(ask("a", Action::Mute));
        let mut failed = answer("a", seq * 2 - 3, Outcome::NotDelivered);
        if let What::Answered(answer) = &mut failed {
            answer.reached = false;
        }
        stage.event(failed);
    }
    assert!(draw(&mut stage, (140, 40)).contains("provider NOT REACHED 5 times"));
}

#[test]
fn muting_and_its_kind_stand_in_the_voice_column_only() {
    for (action, word) in [(Action::Mute, "muting"), (Action::Unmute, "unmuting"), (Action::Kick, "kicking")] {
        let mut stage = Stage::with(2);
        stage.keys("d");
        stage.event(ask("a", action));
        for size in [(80, 24), (140, 40), (200, 60)] {
            stage.keys("Home Down");
            let screen = draw(&mut stage, size);
            assert_eq!(screen.matches(word).count(), 1, "{word} on\n{screen}");
        }
        stage.keys("?");
        assert_eq!(draw(&mut stage, (200, 60)).matches("kicking").count(), usize::from(word == "kicking"));
    }
}

#[test]
fn every_screen_is_drawn_at_every_size() {
    let mut stages: Vec<(Stage, &str)> =
        ["", "d", "e", "d e", "k", "q", "n", "/ a", "/ > x", ": m", ": g u s", "?", "? PgDn", "p"].map(|keys| (town_hall(), keys)).into();
    stages.push((Stage::new(|settings| settings.fragile_session = true), ""));
    let theme = Theme::new(ThemeChoice::Truecolor, false);
    for (stage, keys) in &mut stages {
        stage.keys(keys);
        for width in [0, 1, 2, 3, 20, 39, 40, 41, 50, 60, 79, 80, 100, 124, 140, 220] {
            for height in [0, 1, 2, 3, 9, 10, 11, 12, 15, 24, 40, 70] {
                stage.app.update(stage.app.now, Message::Resized(width, height));
                draw_with(stage, (width, height), &theme);
            }
        }
    }
    assert!(draw(&mut town_hall(), (39, 24)).starts_with("too small"));
    assert!(draw(&mut town_hall(), (80, 9)).starts_with("too small"));
    assert!(!draw(&mut town_hall(), (40, 10)).contains("too small"));
}

#[test]
fn a_screen_that_grew_under_the_last_message_is_drawn_without_harm() {
    let mut stage = town_hall();
    stage.app.update(stage.app.now, Message::Resized(140, 40));
    let mut buffer = Buffer::empty(Rect::new(0, 0, 60, 12));
    render(&stage.app, &Theme::new(ThemeChoice::Ansi, false), &mut buffer);
}

#[test]
fn nothing_that_was_not_cleaned_reaches_a_cell() {
    let mut stage = Stage::new(|settings| settings.listener = "\u{1b}[2Jlisten\u{202e}er".into());
    let hostile = "a\u{202e}b\u{200b}c\u{9b}31m\u{1b}]52;c;x\u{7}\u{e0041}\u{2028}d";
    stage.event(named_arrival("a", "1122", "12157010680", hostile));
    stage.event(ask("a", Action::Mute));
    let mut refused = answer("a", 2, Outcome::Refused);
    if let What::Answered(answer) = &mut refused {
        answer.detail = hostile.into();
    }
    stage.event(refused);
    stage.keys("d");
    let buffer = draw_with(&mut stage, (140, 40), &Theme::new(ThemeChoice::Ansi, false));
    let bad: Vec<_> = buffer.content.iter().filter(|cell| !cell.symbol().chars().all(crate::text::is_showable)).collect();
    assert!(bad.is_empty(), "{bad:?}");
}

#[test]
fn without_colour_there_is_no_colour_and_in_ascii_nothing_else() {
    let mut stage = Stage::with(3);
    stage.event(ask("a", Action::Mute));
    stage.event(answer("a", 4, Outcome::Refused));
    stage.event(hand("b", true));
    for keys in ["", "d", "k", "Esc ?", "Esc :", "Esc s", "q"] {
        stage.keys(keys);
        let buffer = draw_with(&mut stage, (140, 40), &Theme::new(ThemeChoice::None, true));
        for cell in &buffer.content {
            assert!(cell.symbol().is_ascii(), "{:?} after {keys:?}", cell.symbol());
            assert_eq!((cell.fg, cell.bg), (Color::Reset, Color::Reset), "{:?} after {keys:?}", cell.symbol());
        }
    }
}

#[test]
fn what_cannot_be_used_keeps_its_place_in_the_footer_in_brackets() {
    let mut stage = Stage::new(|_| {});
    let screen = draw(&mut stage, (80, 24));
    let footer = screen.lines().last().unwrap_or_default().to_owned();
    assert!(footer.starts_with("(m mute)(u unmute)(k kick)(Space mark) / filter "), "{footer}");
    stage.event(join("a", "1122", "12157010680"));
    let screen = draw(&mut stage, (80, 24));
    assert!(screen.lines().last().unwrap_or_default().starts_with(" m mute  u unmute  k kick  Space mark  / filter "));
}

#[test]
fn the_gap_above_a_row_that_keeps_its_line_is_left_empty() {
    let mut stage = Stage::with(4);
    stage.keys("Down Down");
    let before = draw(&mut stage, (80, 24)).lines().position(|line| line.contains("Caller c"));
    stage.event(leave("a"));
    stage.wait(31);
    let screen = draw(&mut stage, (80, 24));
    assert_eq!(screen.lines().position(|line| line.contains("Caller c")), before, "{screen}");
}

#[test]
fn on_a_screen_too_small_to_see_anybody_no_key_acts_but_quitting() {
    let mut stage = Stage::with(1);
    stage.keys("k");
    stage.app.update(stage.app.now, Message::Resized(40, 9));
    assert!(stage.keys("y m u k y Enter r Delete").is_empty(), "nobody is acted on whom nobody sees");
    stage.app.update(stage.app.now, Message::Resized(40, 10));
    assert!(stage.app.dialog.is_none(), "what could not be read was not confirmed");
    stage.app.update(stage.app.now, Message::Resized(39, 24));
    stage.keys("q");
    assert!(draw(&mut stage, (39, 24)).contains("quit? y"));
    assert_eq!(stage.keys("y").len(), 1);
}

#[test]
fn callers_out_of_sight_are_counted_above_and_below() {
    let mut stage = Stage::with(24);
    let status = |stage: &mut Stage| draw(stage, (80, 24)).lines().nth(22).unwrap_or_default().to_owned();
    assert!(status(&mut stage).ends_with("5 more ▼"));
    stage.keys("Down End");
    assert!(status(&mut stage).ends_with("5 more ▲"));
    stage.keys("Home Down");
    stage.app.update(stage.app.now, Message::Resized(80, 40));
    assert!(!draw(&mut stage, (80, 40)).contains(" more ▼"));
}

#[test]
fn tabs_that_do_not_fit_are_counted() {
    let mut stage = Stage::new(|_| {});
    for place in 0..12 {
        stage.event(join(&format!("c{place}"), &format!("conference-{place}"), "12157010680"));
    }
    let screen = draw(&mut stage, (80, 24));
    let header = screen.lines().next().unwrap_or_default().to_owned();
    let shown = header.matches('(').count();
    assert!(header.ends_with(&format!("+{} more", 13 - shown)), "{header}");
    stage.keys("Shift-Tab");
    let screen = draw(&mut stage, (80, 24));
    assert!(screen.lines().next().unwrap_or_default().contains("[conference-11 (1)]"), "{screen}");
}

#[test]
fn the_detail_pane_shows_the_other_fields_and_counts_what_does_not_fit() {
    let mut stage = Stage::with(1);
    stage.keys("d");
    let fields = (0..16).map(|place| (format!("field{place:02}"), format!("value{place:02}"))).collect();
    stage.app.update(stage.app.now, Message::Fields(Seq(1), fields));
    let screen = draw(&mut stage, (80, 24));
    assert!(screen.contains("field00") && screen.contains("value05") && screen.contains("more in a taller window"), "{screen}");
    for size in [(80, 40), (140, 40)] {
        assert!(draw(&mut stage, size).contains("value15"), "{size:?}: {}", draw(&mut stage, size));
    }
}

#[test]
fn the_detail_pane_says_what_is_known_of_the_person() {
    let mut stage = Stage::with(1);
    stage.keys("d");
    let before = draw(&mut stage, (80, 24));
    assert!(!["role ", "note ", "exempt ", "name "].iter().any(|label| before.contains(label)), "{before}");
    let number = crate::phone::Number::from_digits("12157010680").expect("a number");
    let row = Contact { number, name: "Ada L".into(), role: "Chair".into(), note: "brings slides, +12157010680".into(), exempt: true };
    stage.event(What::Contacts(Contacts { edited: Moment(1), people: vec![row], gone: vec![] }));
    for size in [(80, 24), (140, 40)] {
        let screen = draw(&mut stage, size);
        for text in ["Ada L", "role         Chair", "exempt       from lecture mode and lock", "note         brings slides"] {
            assert!(screen.contains(text), "{text}: {screen}");
        }
    }
    let screen = draw(&mut stage, (140, 40));
    assert!(screen.contains("name         from the contacts file") && screen.contains("said name    Caller a"), "{screen}");
    stage.event(crate::conference::story::name("a", "12157010680", "Grace"));
    stage.keys("p");
    let screen = draw(&mut stage, (140, 40));
    assert!(screen.contains("name         given by a moderator") && screen.contains("Chair"), "{screen}");
    assert!(!screen.contains("12157010680"), "digits of a note are masked too: {screen}");
}

#[test]
fn a_wide_letter_does_not_eat_a_dialogs_border() {
    let mut stage = Stage::new(|_| {});
    for place in 0..12 {
        stage.event(named_arrival(&format!("c{place}"), "1122", &format!("1215701068{place}"), &"漢".repeat(30)));
    }
    for width in [80, 81] {
        stage.keys("k");
        stage.app.update(stage.app.now, Message::Resized(width, 24));
        let buffer = draw_with(&mut stage, (width, 24), &Theme::new(ThemeChoice::Ansi, false));
        let left = (0..width).find(|x| buffer[(*x, 12)].symbol() == "│").expect("a border");
        assert_eq!(crate::text::width(buffer[(left - 1, 12)].symbol()), 1, "{width} columns");
        stage.keys("Esc");
    }
}

mod finding;
mod looking_on;
mod order;
mod screens;
