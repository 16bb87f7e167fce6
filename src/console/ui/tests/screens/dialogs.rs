//! What opens above the table.

use super::super::order::ban;
use super::Scene;
use super::rooms::{long_names, ordinary, pressed};
use crate::console::app::tests::Stage;

pub(super) const SCENES: &[Scene] = &[
    ("kick-one", || pressed(ordinary(), "Down k")),
    ("kick-one-of-two-on-a-number", || pressed(ordinary(), "Down Down Down Down Down Down Down Down k")),
    ("kick-several", || pressed(ordinary(), "Space Down Space Down Space Down Down Space k")),
    ("kick-many", || pressed(Stage::with(14), "* k 1")),
    ("kick-one-with-a-long-name", || pressed(long_names(), "Down Down Down k")),
    ("name", || pressed(ordinary(), "Down n")),
    ("name-without-a-number", || pressed(ordinary(), "End Up Up Up Up Up n")),
    ("quit", || pressed(ordinary(), "q")),
    ("help", || pressed(ordinary(), "?")),
    ("help-scrolled", || pressed(ordinary(), "? Down Down Down Down Down Down Down Down")),
    ("ban", || pressed(ordinary(), "Down B")),
    ("ban-with-a-slip", || pressed(ordinary(), "Down B h e y Tab s o o n Enter")),
    ("bans", || pressed(banned(), ": b a n s Enter")),
    ("bans-lifting", || pressed(banned(), ": b a n s Enter Delete")),
    ("bans-none", || pressed(Stage::with(1), ": b a n s Enter")),
    ("clear-hands", || pressed(ordinary(), ": c l e a r Space h a n d s Enter")),
];

fn banned() -> Stage {
    let mut stage = ordinary();
    ban(&mut stage, "12157010684", "shouting at everybody, and laughing at those who asked for silence", Some(48));
    ban(&mut stage, "4915112345678", "", None);
    stage
}
