//! The last line: the keys that work now, or the words of a filter that is being typed; and the line that text
//! is typed into, wherever it stands.

use ratatui::style::{Modifier, Style};

use super::paint::Paint;
use crate::conference::filter::HINT;
use crate::console::app::dialog::Input;
use crate::console::app::layout::Area;
use crate::console::app::{App, Dialog};
use crate::console::command::{Entry, TABLE};

pub(super) fn draw(paint: &mut Paint<'_>, app: &App, line: Area) {
    if let Some(Dialog::Filter(_)) = &app.dialog {
        // The keys do not work while one types; the words that do are more use.
        let words = app.view.filter().slip().map_or(HINT, |slip| &slip.remedy);
        let dim = paint.theme.dim;
        // A margin where there is room for one: at 80 columns the states take all of them.
        let margin = u16::from(crate::text::width(words) < usize::from(line.width));
        paint.text(line.x + margin, line.y, line.width - margin, words, dim);
        return;
    }
    keys(paint, app, line);
}

/// A line being typed, with its cursor; returns the columns it took.
pub(super) fn typed(paint: &mut Paint<'_>, area: Area, input: &Input) -> u16 {
    let (before, after) = input.parts();
    // The part before the cursor is cut on its left, so that the cursor stays in sight.
    let room = usize::from(area.width.saturating_sub(2));
    let mut start = 0;
    while crate::text::width(&before[start..]) > room {
        start += before[start..].chars().next().map_or(1, char::len_utf8);
    }
    let under: String = after.chars().next().map_or_else(|| " ".to_owned(), String::from);
    let rest = &after[after.chars().next().map_or(0, char::len_utf8)..];
    let cursor = Style::new().add_modifier(Modifier::REVERSED);
    paint.pieces(area.x, area.y, area.width, &[(&before[start..], Style::new()), (&under, cursor), (rest, Style::new())])
}

fn keys(paint: &mut Paint<'_>, app: &App, line: Area) {
    let theme = *paint.theme;
    // A console that only looks on never gets them back: what it can do is more use in their place.
    let never = |entry: &Entry| entry.dangerous && app.why_read_only().is_some() && !app.is_lost();
    let mut entries: Vec<_> = TABLE.iter().filter(|entry| entry.footer.is_some() && app.offers(entry) && !never(entry)).collect();
    entries.sort_by_key(|entry| (!entry.replay, entry.footer));
    let mut x = line.x;
    for entry in entries {
        let key = app.keys.text(entry);
        let Some(key) = key.split(' ').next().filter(|key| !key.is_empty()) else { continue };
        let width = crate::text::width(key) + entry.label.len() + 3;
        if usize::from(x) + width > usize::from(line.width) {
            break;
        }
        // What cannot be used now keeps its place, in brackets: no colour is needed to see it.
        let off = app.is_disabled(entry.command);
        let (open, close) = if off { ("(", ")") } else { (" ", " ") };
        let (key_style, label_style) = if off { (theme.dim, theme.dim) } else { (theme.key, Style::new()) };
        let pieces = [(open, label_style), (key, key_style), (" ", label_style), (entry.label, label_style), (close, label_style)];
        x += paint.pieces(x, line.y, line.width.saturating_sub(x), &pieces);
    }
}
