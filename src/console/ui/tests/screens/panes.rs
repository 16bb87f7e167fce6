//! The panes beside and under the table.

use super::Scene;
use super::rooms::{ordinary, pressed};
use crate::conference::event::Seq;
use crate::console::app::Message;
use crate::console::app::tests::Stage;

pub(super) const SCENES: &[Scene] = &[
    ("detail", || with_fields("Down d")),
    ("detail-of-a-failure", || pressed(ordinary(), "Down Down Down Down Down Down Down d")),
    ("detail-of-an-exempt-caller", || pressed(ordinary(), "End Up Up Up d")),
    ("events", || shown(ordinary(), false, true, false)),
    ("detail-and-events", || shown(with_fields("Down d"), true, true, false)),
    ("hands", || shown(ordinary(), false, true, true)),
    ("hands-and-no-events", || shown(ordinary(), false, false, true)),
    ("hands-detail-and-events", || shown(with_fields("Down d"), true, true, true)),
    ("no-hands", || shown(Stage::with(3), false, true, true)),
    ("nothing-has-happened", || shown(Stage::new(|_| {}), true, true, false)),
];

fn shown(mut stage: Stage, detail: bool, events: bool, queue: bool) -> Stage {
    (stage.app.detail, stage.app.events, stage.app.queue) = (detail, Some(events), Some(queue));
    stage
}

/// The ordinary meeting, with fields of a call flow's own for the caller under the cursor.
fn with_fields(keys: &str) -> Stage {
    let mut stage = pressed(ordinary(), keys);
    let told_by: Seq = stage.app.selected().expect("a caller").told_by;
    let fields = [("COMPANY", "Okonkwo & Daughters"), ("LANGUAGE", "en"), ("PIN", "4711")];
    let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    stage.app.update(stage.app.now, Message::Fields(told_by, fields));
    stage
}
