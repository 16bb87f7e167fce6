//! What happened, newest below.

use std::borrow::Cow;

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
    // Of what comes in a rush, many lines have the same time.
    let mut time = (i64::MIN, String::new());
    for line in app.lines.iter().rev() {
        let text =
            if matches!(line.tone, Tone::Warning | Tone::Bad) { Cow::Owned(format!("! {}", line.text)) } else { line.text.as_str().into() };
        let shown = app.show(&text);
        let pieces = wrapped(&shown, width);
        let room = usize::from(y - area.y);
        let cut = pieces.len().saturating_sub(room);
        // Of the oldest one the end is there, as on a sheet that was pushed up; a single line of it says too little.
        if room < 2 && cut > 0 {
            break;
        }
        let top = y - (pieces.len() - cut) as u16;
        let second = line.at.0.div_euclid(1_000);
        if time.0 != second {
            time = (second, clock(line.at));
        }
        if cut == 0 {
            paint.text(area.x + 1, top, TIME, &time.1, theme.dim);
        }
        for (piece, y) in pieces[cut..].iter().zip(top..) {
            paint.text(area.x + 1 + TIME, y, width as u16, piece, theme.tone(line.tone));
        }
        y = top;
    }
    if app.lines.is_empty() {
        paint.text(area.x + 1, area.y, area.width.saturating_sub(2), "nothing has happened yet", theme.dim);
    }
}
