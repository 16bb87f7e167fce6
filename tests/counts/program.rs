//! Does one kind of work so many times, for whoever counts what it takes: `program WORK CALLERS TIMES`.
//!
//! Two runs that differ in TIMES alone differ by what the work takes. Of a start, CALLERS are the events that it reads back.
#![allow(clippy::expect_used, reason = "a run that cannot be is to say so and end")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use confmod::conference::Moment;
use confmod::conference::event::{Event, Seq};
use confmod::conference::policy::Policy;
use confmod::console::app::Message;
use confmod::console::ui::render;
use confmod::journal::Journal as _;
use confmod::journal::sqlite::Sqlite;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use stage::{AT, SIZE, Stage, accepted, app, ask, hand, leave, theme};

#[path = "../bench/day.rs"]
mod day;
mod stage;

/// What a start does with a day of so many events: reads it, folds it as the console does, folds it as the rules do.
fn start(work: &str, events: usize, times: u64) {
    let to = AT;
    let day = day::events(events, Moment(to.0 - 20 * 3_600_000), to);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("journal.sqlite");
    day::write(&path, if work == "read" { &day } else { &[] });
    let chunks: Vec<Arc<[Event]>> = day.chunks(500).map(Arc::from).collect();
    let journal = Sqlite::open(&path, "what is counted").expect("a journal");
    let history = journal.history();
    for _ in 0..times {
        match work {
            "read" => {
                let mut last = Seq(0);
                loop {
                    let events = history.read(last, 256).expect("events");
                    let Some(event) = events.last() else { break };
                    last = event.seq;
                    black_box(events);
                }
            }
            "fold" => {
                let mut app = app(events as u64, SIZE);
                for chunk in &chunks {
                    app.update(to, Message::Past(Arc::clone(chunk)));
                }
                black_box(app);
            }
            _ => {
                let mut policy = Policy::new(Duration::from_secs(3), false);
                for event in &day {
                    black_box(policy.apply(event));
                }
            }
        }
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [work, callers, times] = &arguments[..] else { panic!("program WORK CALLERS TIMES") };
    let [callers, times] = [callers, times].map(|number| number.parse::<u64>().expect("a number"));
    if matches!(work.as_str(), "read" | "fold" | "rules") {
        return start(work, callers as usize, times);
    }
    let mut stage = Stage::without_phones(callers, 1);
    stage.press("End");
    let mut buffer = Buffer::empty(Rect::new(0, 0, SIZE.0, SIZE.1));
    for time in 0..times {
        // Spread over all callers, so that no few of them stay at hand.
        let caller = (time * 7_919 + 13) % callers;
        match work.as_str() {
            "join" => _ = stage.happens(stage::join(callers + time, 1).what),
            "leave" => _ = stage.happens(leave(caller)),
            "hand" => {
                stage.happens(hand(caller, true));
                stage.happens(hand(caller, false));
            }
            "ask" => {
                let seq = stage.happens(ask(caller));
                stage.happens(accepted(caller, seq));
            }
            "key" => stage.press(["Up", "PgUp", "Down", "PgDn"][(time % 4) as usize]),
            "frame" => render(black_box(&stage.app), &theme(), &mut buffer),
            _ => panic!("join, leave, hand, ask, key or frame"),
        }
    }
    black_box(stage.app);
}
