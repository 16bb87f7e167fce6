//! The list of keys, and the palette: both read the command table.

use ratatui::style::Style;

use super::footer::typed;
use super::paint::Paint;
use crate::conference::roster::{CallId, Presence};
use crate::console::app::App;
use crate::console::app::layout::Area;
use crate::console::app::palette::{Found, Palette};
use crate::console::command::{Command, Entry, TABLE, entry_of};

/// Columns of the keys in the help.
const KEYS: u16 = 13;

/// Columns of a command's name in the palette.
const LABEL: u16 = 19;

/// The column of the palette from which on it says what a line does.
const RIGHT: u16 = 35;

pub(super) fn help(paint: &mut Paint<'_>, app: &App, scrolled: usize) {
    let theme = *paint.theme;
    let entries: Vec<_> = TABLE.iter().filter(|entry| app.offers(entry)).collect();
    let widest = entries.iter().map(|entry| crate::text::width(entry.help)).max().unwrap_or(0) as u16;
    let inside = paint.dialog(widest + KEYS, entries.len() as u16 + 2, "keys");
    let shown = usize::from(inside.height.saturating_sub(2));
    let scrolled = scrolled.min(entries.len().saturating_sub(shown));
    for (entry, y) in entries.iter().skip(scrolled).take(shown).zip(inside.y..) {
        let off = app.is_disabled(entry.command);
        let style = if off { theme.dim } else { Style::new() };
        paint.text(inside.x, y, KEYS - 1, &keys(app, entry), if off { theme.dim } else { theme.key });
        paint.text(inside.x + KEYS, y, inside.width.saturating_sub(KEYS), entry.help, style);
    }
    let more = if shown < entries.len() { "Up and Down scroll, any other key closes" } else { "any key closes" };
    paint.text(inside.x, inside.y + inside.height.saturating_sub(1), inside.width, more, theme.dim);
}

/// The keys of a command; for one without any, how it is found in the palette.
fn keys(app: &App, entry: &Entry) -> String {
    let keys = app.keys.text(entry);
    if !keys.is_empty() {
        return keys;
    }
    let palette = app.keys.text(entry_of(Command::Palette));
    palette.split(' ').next().filter(|key| !key.is_empty()).map_or_else(String::new, |key| format!("{key}{}", entry.label))
}

pub(super) fn palette(paint: &mut Paint<'_>, app: &App, palette: &Palette) {
    let theme = *paint.theme;
    let wide = paint.buffer.area.width.saturating_sub(4).clamp(68, 100);
    let inside = paint.dialog(wide, 16, "commands and callers");
    let used = paint.text(inside.x, inside.y, inside.width, ":", theme.key);
    typed(paint, Area { x: inside.x + used, width: inside.width - used, height: 1, ..inside }, &palette.input);
    let list = Area { y: inside.y + 2, height: inside.height.saturating_sub(4), ..inside };
    let shown = usize::from(list.height).max(1);
    let foot = inside.y + inside.height.saturating_sub(1);
    let first = (palette.chosen + 1).saturating_sub(shown);
    for ((place, found), y) in palette.found.iter().enumerate().skip(first).take(shown).zip(list.y..) {
        let line = Area { y, height: 1, ..list };
        let why = match found {
            Found::Command(command) => app.why_disabled(*command),
            Found::Caller(_) => None,
        };
        let own = if why.is_some() { theme.dim } else { Style::new() };
        let style = if place == palette.chosen { theme.cursor } else { own };
        paint.style(line, style);
        let mark = if place == palette.chosen { theme.glyphs.cursor } else { " " };
        paint.text(line.x, y, 2, mark, style);
        let right = line.width.saturating_sub(RIGHT);
        match found {
            Found::Command(command) => {
                let entry = entry_of(*command);
                let help = why.map_or_else(|| entry.help.to_owned(), |why| format!("not now: {why}"));
                paint.text(line.x + 2, y, LABEL, entry.label, style);
                paint.text(line.x + 2 + LABEL + 1, y, RIGHT - LABEL - 4, &app.keys.text(entry), style);
                paint.text(line.x + RIGHT, y, right, &help, style);
                // What is about to be done is read whole, however narrow the screen is.
                if place == palette.chosen && crate::text::width(&help) > usize::from(right) {
                    paint.text(inside.x, foot, inside.width, &help, theme.dim);
                }
            }
            Found::Caller(id) => {
                let (who, about) = caller(app, *id);
                paint.text(line.x + 2, y, RIGHT - 3, &who, style);
                paint.text(line.x + RIGHT, y, right, &about, style);
            }
        }
    }
    if palette.found.is_empty() {
        paint.text(list.x, list.y, list.width, "no command and no caller sounds like that", theme.dim);
    } else if palette.more > 0 {
        let more = format!("{} more {}; type on", palette.more, if palette.more == 1 { "caller" } else { "callers" });
        paint.text(inside.x, inside.y + 1, inside.width, &more, theme.dim);
    }
}

/// A caller as the palette names one: who, and where the cursor would go.
fn caller(app: &App, id: CallId) -> (String, String) {
    let Some(call) = app.roster.get(id) else { return ("this caller is gone".to_owned(), String::new()) };
    let number = call.number.map(|number| app.show(&number.e164()).into_owned());
    let place = match (call.presence, &call.conference) {
        (Presence::Left, _) => "who has left".to_owned(),
        (Presence::Kicked, _) if !call.called_back => "who was kicked".to_owned(),
        (_, Some(conference)) => format!("in {conference}"),
        (_, None) => "calling".to_owned(),
    };
    let gap = if place.starts_with("who") { ", " } else { " " };
    (app.label(call), format!("go to {}{place}", number.map(|number| number + gap).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_80_columns_no_line_of_the_help_and_no_name_in_the_palette_is_cut() {
        for entry in TABLE {
            assert!(crate::text::width(entry.help) <= 80 - 4 - usize::from(KEYS), "{}", entry.help);
            assert!(crate::text::width(entry.label) <= usize::from(LABEL), "{}", entry.label);
            assert!(crate::text::width(entry.label) < usize::from(KEYS) - 1 || !entry.keys.is_empty(), "{}", entry.label);
            let keys = entry.shown.map_or_else(|| entry.keys.join(" "), str::to_owned);
            assert!(crate::text::width(&keys) < usize::from(KEYS), "{keys}");
        }
    }
}
