//! What happened, newest below.

use super::detail::{clock, wrapped};
use super::paint::Paint;
use crate::console::app::layout::Area;
use crate::console::app::{App, Tone};

/// Columns of the time.
const TIME: u16 = 9;

pub(super) fn draw(paint: &mut Paint<'_>, app: &App, area: Area) {
    if area.height == 0 {
        return;
    }
    let theme = *paint.theme;
    let width = usize::from(area.width.saturating_sub(TIME + 3)).max(8);
    // Bottom up: the newest lines are the ones that must be whole.
    let mut y = area.y + area.height;
    for line in app.lines.iter().rev() {
        let mark = if matches!(line.tone, Tone::Warning | Tone::Bad) { "! " } else { "" };
        let pieces = wrapped(&app.show(&format!("{mark}{}", line.text)), width);
        let Some(top) = y.checked_sub(pieces.len() as u16).filter(|top| *top >= area.y) else { break };
        paint.text(area.x + 1, top, TIME, &clock(line.at), theme.dim);
        for (piece, y) in pieces.iter().zip(top..) {
            paint.text(area.x + 1 + TIME, y, width as u16, piece, theme.tone(line.tone));
        }
        y = top;
    }
    if app.lines.is_empty() {
        paint.text(area.x + 1, area.y, area.width.saturating_sub(2), "nothing has happened yet", theme.dim);
    }
}
