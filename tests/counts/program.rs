//! Does one kind of work so many times, for whoever counts what it takes: `program WORK CALLERS TIMES`.
//!
//! Two runs that differ in TIMES alone differ by what the work takes.
#![allow(clippy::expect_used, reason = "a run that cannot be is to say so and end")]

use std::hint::black_box;

use confmod::console::ui::render;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use stage::{SIZE, Stage, accepted, ask, hand, leave, theme};

mod stage;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [work, callers, times] = &arguments[..] else { panic!("program WORK CALLERS TIMES") };
    let [callers, times] = [callers, times].map(|number| number.parse::<u64>().expect("a number"));
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
