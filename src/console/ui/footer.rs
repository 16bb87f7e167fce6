//! The two lines at the bottom: the latest notice, or what is being typed; and the keys that work now.

use ratatui::style::{Modifier, Style};

use super::detail::clock;
use super::paint::Paint;
use crate::conference::filter::HINT;
use crate::console::app::dialog::Input;
use crate::console::app::layout::{Area, Layout};
use crate::console::app::{App, Dialog, Tone};
use crate::console::command::TABLE;

pub(super) fn draw(paint: &mut Paint<'_>, app: &App, layout: &Layout) {
    status(paint, app, layout.status);
    if let Some(Dialog::Filter(_)) = &app.dialog {
        // The keys do not work while one types; the words that do are more use.
        let words = app.view.filter().slip().map_or(HINT, |slip| &slip.remedy);
        let (dim, line) = (paint.theme.dim, layout.footer);
        // A margin where there is room for one: at 80 columns the states take all of them.
        let margin = u16::from(crate::text::width(words) < usize::from(line.width));
        paint.text(line.x + margin, line.y, line.width - margin, words, dim);
        return;
    }
    keys(paint, app, layout.footer);
}

fn status(paint: &mut Paint<'_>, app: &App, whole: Area) {
    let theme = *paint.theme;
    let line = Area { width: whole.width - position(paint, app, whole), ..whole };
    let width = line.width.saturating_sub(2);
    if let Some(Dialog::Filter(input)) = &app.dialog {
        let used = paint.text(line.x + 1, line.y, width, "/", theme.key);
        let (told, style) = match app.view.filter().slip() {
            Some(slip) => (format!("  ! {}", slip.sentence), theme.warning),
            None => (format!("  {} found  Enter keeps, Esc clears", app.view.rows().len()), theme.dim),
        };
        // What is wrong must be read while it is typed, however long the rest of the line is.
        let room = if app.view.filter().slip().is_some() {
            (width - used).saturating_sub(crate::text::width(&told) as u16).max(8)
        } else {
            width - used
        };
        let typed = typed(paint, Area { x: line.x + 1 + used, width: room, ..line }, input);
        let x = line.x + 1 + used + typed;
        paint.text(x, line.y, line.width.saturating_sub(x + 1), &told, style);
        return;
    }
    let mut x = line.x + 1;
    if !app.view.filter().is_empty() {
        let total = if let Some(id) = &app.view.conference {
            app.roster.conferences().iter().find(|(known, _)| known == id).map_or(0, |(_, counts)| counts.inside)
        } else {
            app.roster.all().inside + app.roster.all().calling
        };
        let filter = format!("/{} {} of {total}  ", app.view.filter().text(), app.view.rows().len());
        x += paint.text(x, line.y, width, &filter, theme.accent);
    }
    if !app.marks.is_empty() {
        let hidden = match app.hidden_marks() {
            0 => String::new(),
            hidden => format!(" ({hidden} hidden)"),
        };
        x += paint.text(x, line.y, width, &format!("{} marked{hidden}  ", app.marks.len()), theme.accent);
    }
    if let Some(progress) = app.progress() {
        x += bar(paint, x, line, progress.ended);
        x += paint.text(x, line.y, line.width.saturating_sub(x + 1), &format!("{}  ", progress.text), theme.warning);
    }
    if let Some(countdown) = &app.countdown {
        let left = countdown.until.since(app.now).as_millis().div_ceil(1_000);
        let (who, verb) = (app.names(&countdown.targets, 1), if countdown.targets.len() == 1 { "is" } else { "are" });
        paint.text(x, line.y, line.width.saturating_sub(x + 1), &format!("{who} {verb} kicked in {left} s; Esc stops"), theme.warning);
        return;
    }
    if let Some(notice) = &app.notice {
        let mark = if matches!(notice.tone, Tone::Warning | Tone::Bad) { "! " } else { "" };
        let time = clock(notice.at);
        x += paint.text(x, line.y, 6, &format!("{time:5.5} "), theme.dim);
        let text = format!("{mark}{}", app.show(&notice.text));
        paint.text(x, line.y, line.width.saturating_sub(x + 1), &text, theme.tone(notice.tone));
    }
}

/// Columns of the progress bar.
const BAR: u16 = 10;

/// Draws how much of something has ended, where there is room for it beside the words; returns the columns it took.
fn bar(paint: &mut Paint<'_>, x: u16, line: Area, (ended, all): (usize, usize)) -> u16 {
    if line.width < 76 {
        return 0;
    }
    let full = (ended * usize::from(BAR) / all.max(1)).min(usize::from(BAR));
    let [on, off] = paint.theme.glyphs.bar;
    let (warning, dim) = (paint.theme.warning, paint.theme.dim);
    paint.pieces(x, line.y, BAR + 1, &[(&on.repeat(full), warning), (&off.repeat(usize::from(BAR) - full), dim), (" ", dim)])
}

/// Says on the right how many callers are out of sight, where some are; returns the columns it took.
fn position(paint: &mut Paint<'_>, app: &App, line: Area) -> u16 {
    let (above, below) = app.hidden();
    let glyphs = paint.theme.glyphs;
    let text = match (above, below) {
        (0, 0) => return 0,
        (0, below) => format!("{below} more {}", glyphs.falling),
        (above, 0) => format!("{above} more {}", glyphs.rising),
        (above, below) => format!("{above} more {} {below} more {}", glyphs.rising, glyphs.falling),
    };
    let width = crate::text::width(&text) as u16;
    let dim = paint.theme.dim;
    paint.text(line.width.saturating_sub(width + 1), line.y, width, &text, dim);
    (width + 2).min(line.width)
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
    let mut entries: Vec<_> = TABLE.iter().filter(|entry| entry.footer.is_some() && app.offers(entry)).collect();
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
