//! The raised hands in their order, who has the floor on top.

use ratatui::style::Style;

use super::paint::Paint;
use crate::conference::roster::CallId;
use crate::console::app::layout::Area;
use crate::console::app::{App, QueueLine};
use crate::console::command::{Command, entry_of};

/// Columns of the place, or of the word for who has the floor.
const PLACE: u16 = 5;

/// Columns of how long a hand has been up.
const AGE: u16 = 5;

/// What stands above the hands: how many are up, and what is done about them.
pub(super) fn title(app: &App) -> String {
    let keys = app.keys.text(entry_of(Command::Floor));
    let key = keys.split(' ').next().filter(|key| !key.is_empty() && app.why_read_only().is_none());
    match (app.hands_here(), key) {
        (0, _) => "hands".to_owned(),
        (count, None) => format!("hands: {count} up"),
        (count, Some(key)) => format!("hands: {count} up, {key} gives the floor"),
    }
}

pub(super) fn draw(paint: &mut Paint<'_>, app: &App, area: Area) {
    if area.height == 0 {
        return;
    }
    let theme = *paint.theme;
    let lines = app.queue_lines();
    let width = area.width.saturating_sub(2);
    if lines.is_empty() {
        paint.text(area.x + 1, area.y, width, "no hand is up", theme.dim);
        return;
    }
    // Where not all fit, the last line counts the others.
    let shown = if lines.len() > usize::from(area.height) { usize::from(area.height) - 1 } else { lines.len() };
    for (line, y) in lines.iter().take(shown).zip(area.y..) {
        let area = Area { y, height: 1, ..area };
        match line {
            QueueLine::Conference(id) => _ = paint.text(area.x + 1, y, width, id.as_str(), theme.heading),
            QueueLine::Floor(id) => caller(paint, app, area, *id, "floor", theme.good),
            QueueLine::Hand(place, id) => caller(paint, app, area, *id, &format!("{place:>3}"), Style::new()),
        }
    }
    if shown < lines.len() {
        paint.text(area.x + 1, area.y + shown as u16, width, &format!("{} more", lines.len() - shown), theme.dim);
    }
}

fn caller(paint: &mut Paint<'_>, app: &App, line: Area, id: CallId, place: &str, style: Style) {
    let Some(call) = app.roster.get(id) else { return };
    let theme = *paint.theme;
    paint.text(line.x + 1, line.y, PLACE, place, style);
    let name = Area { x: line.x + PLACE + 2, width: line.width.saturating_sub(PLACE + AGE + 4), ..line };
    paint.text(name.x, name.y, name.width, &app.label_text(call), style);
    if let Some(raised) = call.hand() {
        let age = format!("{:>width$}", app.age_of(raised), width = usize::from(AGE));
        paint.text(name.x + name.width + 1, line.y, AGE, &age, theme.dim);
    }
}
