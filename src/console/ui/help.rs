//! The list of keys, and the palette: both read the command table.

use ratatui::style::Style;

use super::footer::typed;
use super::paint::Paint;
use crate::console::app::App;
use crate::console::app::dialog::{Input, found};
use crate::console::app::layout::Area;
use crate::console::command::TABLE;

/// Columns of the keys in the help.
const KEYS: u16 = 13;

pub(super) fn help(paint: &mut Paint<'_>, app: &App, scrolled: usize) {
    let theme = *paint.theme;
    let entries: Vec<_> = TABLE.iter().filter(|entry| app.offers(entry)).collect();
    let widest = entries.iter().map(|entry| crate::text::width(entry.help)).max().unwrap_or(0) as u16;
    let inside = paint.dialog(widest + KEYS, entries.len() as u16 + 2, "keys");
    let shown = usize::from(inside.height.saturating_sub(2));
    let scrolled = scrolled.min(entries.len().saturating_sub(shown));
    for (entry, y) in entries.iter().skip(scrolled).take(shown).zip(inside.y..) {
        let off = app.why_disabled(entry.command).is_some();
        let style = if off { theme.dim } else { Style::new() };
        paint.text(inside.x, y, KEYS - 1, &app.keys.text(entry), if off { theme.dim } else { theme.key });
        paint.text(inside.x + KEYS, y, inside.width.saturating_sub(KEYS), entry.help, style);
    }
    let more = if shown < entries.len() { "Up and Down scroll, any other key closes" } else { "any key closes" };
    paint.text(inside.x, inside.y + inside.height.saturating_sub(1), inside.width, more, theme.dim);
}

pub(super) fn palette(paint: &mut Paint<'_>, app: &App, input: &Input, chosen: usize) {
    let theme = *paint.theme;
    let entries = found(input.text()).into_iter().filter(|entry| app.offers(entry)).collect::<Vec<_>>();
    let inside = paint.dialog(68, 14, "commands");
    let used = paint.text(inside.x, inside.y, inside.width, ":", theme.key);
    typed(paint, Area { x: inside.x + used, width: inside.width - used, height: 1, ..inside }, input);
    let list = Area { y: inside.y + 2, height: inside.height.saturating_sub(2), ..inside };
    let shown = usize::from(list.height).max(1);
    let first = (chosen + 1).saturating_sub(shown);
    for ((place, entry), y) in entries.iter().enumerate().skip(first).take(shown).zip(list.y..) {
        let why = app.why_disabled(entry.command);
        let own = if why.is_some() { theme.dim } else { Style::new() };
        let style = if place == chosen { theme.cursor } else { own };
        let line = Area { y, height: 1, ..list };
        paint.style(line, style);
        let mark = if place == chosen { theme.glyphs.cursor } else { " " };
        let keys = app.keys.text(entry);
        let help = why.map_or_else(|| entry.help.to_owned(), |why| format!("not now: {why}"));
        paint.text(line.x, y, 2, mark, style);
        paint.text(line.x + 2, y, 18, entry.label, style);
        paint.text(line.x + 21, y, 9, &keys, style);
        paint.text(line.x + 31, y, line.width.saturating_sub(31), &help, style);
    }
    if entries.is_empty() {
        paint.text(list.x, list.y, list.width, "no command sounds like that", theme.dim);
    }
}
