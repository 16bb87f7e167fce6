//! A second console, a replay, and a header with much to say.

use std::time::Duration;

use super::*;
use crate::conference::event::{Listening, What};
use crate::console::app::Played;

/// The two lines on top.
fn top(screen: &str) -> String {
    screen.lines().take(2).collect::<Vec<_>>().join("\n")
}

fn beside(health: Health) -> Stage {
    let mut stage = town_hall();
    stage.app.settings.read_only = true;
    stage.app.update(stage.app.now, Message::Journal(health));
    stage
}

#[test]
fn a_second_console_says_that_it_reads_only_and_who_writes() {
    let mut stage = beside(Health::Followed("ada, process 31337".into()));
    assert_eq!(
        top(&draw(&mut stage, (80, 24))),
        " confmod   [1:all (8)]  2:1122 (7)                                    read-only\n written by ada, process 31337 · callback 0s · provider 80/80 ms · 1 no number"
    );
    let screen = draw(&mut stage, (140, 40));
    for words in [
        "written by ada, process 31337 · last callback 0s ago · provider p50 80 p95 80 ms · 1 without a number · 1 ask out",
        "read-only: the journal is written by ada, process 31337",
        "\n / filter  ? help  : more  q quit  w report  d detail ",
        "muting",
    ] {
        assert!(screen.contains(words), "{words:?} on\n{screen}");
    }
    let mut stage = beside(Health::Abandoned);
    let screen = draw(&mut stage, (80, 24));
    assert!(screen.lines().nth(1).is_some_and(|line| line.starts_with(" written by nobody · callback 0s")), "{screen}");
    assert!(
        screen.lines().nth(2).is_some_and(|line| line == " nobody writes the journal any more; restart confmod to take over"),
        "{screen}"
    );
    let mut stage = Stage::new(|settings| settings.listener = String::new());
    stage.app.update(stage.app.now, Message::Journal(Health::Followed("ada, process 31337".into())));
    let screen = draw(&mut stage, (80, 24));
    assert!(screen.contains("Nobody is in. Callbacks go to ada, process 31337."), "{screen}");
    assert!(!screen.contains("Paste these"), "its own URLs lead nowhere");
}

fn replay(paused: bool, place: u64) -> Stage {
    let mut stage = town_hall();
    let first = stage.app.now;
    let last = first.plus(Duration::from_secs(3_490));
    stage.app.update(first.plus(Duration::from_secs(place)), Message::Played(Played { first, last, speed: 2.0, paused }));
    stage
}

#[test]
fn a_replay_says_when_it_is_how_far_and_how_fast() {
    for (paused, place, words) in
        [(false, 724, "12:04 of 58:10 · ×2 ·"), (true, 5, "0:05 of 58:10 · paused ·"), (false, 3_490, "58:10 of 58:10 · over ·")]
    {
        let mut stage = replay(paused, place);
        for size in [(80, 24), (140, 40)] {
            let screen = draw(&mut stage, size);
            let header = top(&screen);
            assert!(header.lines().next().is_some_and(|line| line.ends_with(" replay")), "{header}");
            assert!(header.contains(&format!(" · {words}")), "{words:?} in {header}");
            let clock = clock(stage.app.now);
            let dated = header.lines().nth(1).and_then(|line| line.strip_prefix(" 2023-11-1")).and_then(|rest| rest.split_once(' '));
            assert!(dated.is_some_and(|(_, rest)| rest.starts_with(&clock)), "{clock} in {header}");
            assert!(!header.contains("127.0.0.1"), "there is no listener: {header}");
        }
    }
}

#[test]
fn a_replay_offers_what_it_can_do_and_nothing_else() {
    let mut stage = replay(false, 5);
    let footer = |screen: &str| screen.lines().last().unwrap_or_default().to_owned();
    let screen = draw(&mut stage, (80, 24));
    assert_eq!(footer(&screen), " Space pause  Left -10 s  Right +10 s  . next  / filter  ? help  : more  q quit");
    stage.keys("?");
    let screen = draw(&mut stage, (140, 50));
    assert!(screen.contains("in a replay: go half as fast") && !screen.contains("kick the caller"), "{screen}");
    stage.keys("x : k i c k");
    assert!(!draw(&mut stage, (140, 50)).contains("kick the caller"));
    let mut live = town_hall();
    live.keys("?");
    assert!(!draw(&mut live, (140, 50)).contains("in a replay"));
    live.keys("x : f a s t e r");
    assert!(!draw(&mut live, (140, 50)).contains("go twice as fast"));
    let mut empty = Stage::new(|_| {});
    let first = empty.app.now;
    empty.app.update(first, Message::Played(Played { first, last: first.plus(Duration::from_secs(9)), speed: 1.0, paused: false }));
    assert!(draw(&mut empty, (80, 24)).contains("Nobody is in at this time."));
}

/// Everything at once: silence, a gap, failures, refusals.
fn trouble() -> Stage {
    let mut stage = town_hall();
    let since = Moment(stage.app.now.0 - 14 * 60_000);
    stage.event(What::Listening(Listening { down_since: Some(since) }));
    stage.app.update(stage.app.now, Message::Listener(ListenerCounts { refused: 31, dropped: 2, ..ListenerCounts::default() }));
    stage.wait(31 * 60);
    stage
}

#[test]
fn the_header_keeps_what_is_urgent_where_there_is_little_room() {
    let gap = |stage: &Stage| {
        let began = stage.app.gaps.last.expect("a gap").since;
        format!("gap 14m at {}", &clock(began)[..5])
    };
    let mut stage = trouble();
    let health = |stage: &mut Stage, size| draw(stage, size).lines().nth(1).unwrap_or_default().to_owned();
    assert_eq!(health(&mut stage, (80, 24)), " 127.0.0.1:8787 · silent for 31m · provider 80/80 ms · 2 dropped · 31 refused");
    assert_eq!(health(&mut stage, (70, 24)), " 127.0.0.1:8787 · silent for 31m · 2 dropped · 31 refused · 1 ask out");
    assert_eq!(health(&mut stage, (50, 24)), " 127.0.0.1:8787 · silent for 31m · 2 dropped");
    let wide = health(&mut stage, (200, 40));
    for words in ["silent: last callback 31m ago", "2 dropped", "31 refused", "1 without a number", "1 ask out", &gap(&stage)] {
        assert!(wide.contains(words), "{words:?} in {wide}");
    }
    for seq in [30_u64, 32, 34, 36, 38] {
        stage.event(ask("a", Action::Mute));
        let mut failed = answer("a", seq, Outcome::NotDelivered);
        if let What::Answered(answer) = &mut failed {
            answer.reached = false;
        }
        stage.event(failed);
    }
    assert_eq!(health(&mut stage, (80, 24)), " 127.0.0.1:8787 · silent for 31m · provider NOT REACHED 5 times · 2 dropped");
    stage.event(hand("b", false));
    let over = health(&mut stage, (80, 24));
    assert!(over.contains("callback 0s") && !over.contains("silent"), "{over}");
    stage.event(What::Listening(Listening { down_since: Some(Moment(stage.app.now.0 - 60_000)) }));
    assert!(health(&mut stage, (200, 40)).contains("2 gaps, last 1m at "));
}

#[test]
fn these_screens_are_drawn_at_every_size_and_in_ascii() {
    let mut stages = [beside(Health::Followed("ada, process 31337".into())), beside(Health::Abandoned), replay(true, 9), trouble()];
    for stage in &mut stages {
        for keys in ["", "d", "?", "Esc : f", "Esc q"] {
            stage.keys(keys);
            for size in [(0, 0), (1, 3), (39, 9), (40, 10), (50, 12), (80, 24), (100, 30), (140, 40)] {
                stage.app.update(stage.app.now, Message::Resized(size.0, size.1));
                let buffer = draw_with(stage, size, &Theme::new(ThemeChoice::None, true));
                assert!(buffer.content.iter().all(|cell| crate::text::is_showable(cell.symbol().chars().next().unwrap_or(' '))));
            }
            stage.app.update(stage.app.now, Message::Resized(80, 24));
        }
    }
    let mut plain = replay(false, 724);
    let buffer = draw_with(&mut plain, (80, 24), &Theme::new(ThemeChoice::None, true));
    assert!(lines(&buffer)[1].contains("12:04 of 58:10 | x2 |"), "{:?}", lines(&buffer)[1]);
}
