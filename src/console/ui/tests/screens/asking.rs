//! Asking for many, and kicks that count down: what the status line says of them, and beside what.

use super::Scene;
use super::rooms::{long_names, ordinary, pressed};
use crate::conference::Outcome;
use crate::config::Kick;
use crate::console::app::tests::Stage;

pub(super) const SCENES: &[Scene] = &[
    ("bulk", || bulk(25, 9)),
    ("bulk-failed-and-stopped", || {
        let mut stage = bulk(25, 9);
        stage.play("Esc");
        stage
    }),
    ("bulk-over", || bulk(5, 5)),
    ("bulk-beside-filter-and-marks", || pressed(bulk(25, 9), "/ c a l l e r Enter Space Down Space")),
    ("countdown", || pressed(counting_down(), "Down k")),
    ("countdown-of-several", || pressed(counting_down(), "Space Down Space Down Space k")),
    ("countdown-beside-filter-and-marks", || {
        pressed(counting_down(), "Home Space Down Space / - s t a t e : l e f t Space - p l a c e : s w i t z e r l a n d Enter k")
    }),
    ("countdown-of-a-long-name", || {
        let mut stage = pressed(long_names(), "Down Down Down k");
        stage.app.settings.kick = Kick::Countdown;
        pressed(stage, "Esc k")
    }),
    ("taken-back", || {
        let mut stage = bulk(5, 5);
        stage.play("z");
        stage
    }),
];

/// So many asked for at once, of whom so many have been answered, every fourth with a refusal.
fn bulk(asked: usize, answered: usize) -> Stage {
    let mut stage = Stage::with(asked);
    let asks = stage.play("* m");
    for (ask, place) in asks.iter().take(answered).zip(1..) {
        stage.answer(ask, if place % 4 == 0 { Outcome::Refused } else { Outcome::Accepted });
    }
    stage
}

fn counting_down() -> Stage {
    let mut stage = ordinary();
    stage.app.settings.kick = Kick::Countdown;
    stage
}
