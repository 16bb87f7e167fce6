//! The line above the keys: what is being typed; else the filter, the marks, what is under way, and the latest
//! notice. Where not all of it fits, what can do harm stays whole: a kick that counts down, asks under way, marks.

use ratatui::style::Style;

use super::detail::clock;
use super::footer::typed;
use super::paint::Paint;
use super::theme::Glyphs;
use crate::console::app::dialog::Input;
use crate::console::app::layout::Area;
use crate::console::app::{App, Countdown, Dialog, Tone};

/// Columns between two parts.
const GAP: u16 = 2;

/// Columns of the progress bar, the space behind it included.
const BAR: u16 = 11;

/// Columns of the names of whom a kick is about: what becomes of them must stay in sight.
const NAMES: usize = 36;

/// Columns that a filter may take of a line that has other things to say.
const FILTER: u16 = 28;

/// A notice of fewer columns says nothing.
const LEAST_NOTICE: u16 = 16;

/// Columns of the time before a notice, the space behind it included.
const TIME: u16 = 6;

pub(super) fn draw(paint: &mut Paint<'_>, app: &App, line: Area) {
    let theme = *paint.theme;
    if let Some(Dialog::Filter(input)) = &app.dialog {
        let position = position(app, &theme.glyphs, false);
        let line = Area { width: at_the_end(paint, line, &position), ..line };
        filter_typed(paint, app, line, input);
        return;
    }
    let whole = line.width.saturating_sub(2);
    let (under_way, marks, notice) = (under_way(app, &theme.glyphs), marks(app), notice(app));
    let progress = app.progress().filter(|_| app.countdown.is_none());
    // Room is given in the order of what must not be cut off; on the line it is another.
    let mut left = whole;
    let under_way_room = take(&mut left, columns(&under_way), 1);
    let marks_room = take(&mut left, columns(&marks), columns(&marks));
    let (short, long) = (position(app, &theme.glyphs, true), position(app, &theme.glyphs, false));
    let position_room = take(&mut left, columns(&short), columns(&short));
    let bar_room = take(&mut left, progress.as_ref().map_or(0, |_| BAR), BAR);
    let told = columns(&notice);
    let filter = filter(app, left.min(left.saturating_sub(told + GAP).max(FILTER)), theme.glyphs.ellipsis);
    let filter_room = take(&mut left, columns(&filter), 1);
    // The long words on the right only where they cut nothing off, the time before a notice too.
    let more = columns(&long).saturating_sub(columns(&short));
    let position = match position_room {
        0 => String::new(),
        _ if told + TIME + more <= left => {
            left -= more;
            long
        }
        _ => short,
    };
    at_the_end(paint, line, &position);
    let mut x = line.x + 1;
    let mut part = |paint: &mut Paint<'_>, room: u16, text: &str, style: Style, gap: u16| {
        if room > 0 {
            paint.text(x, line.y, room, text, style);
            x += room + gap;
        }
    };
    part(paint, filter_room, &filter, theme.accent, GAP);
    part(paint, marks_room, &marks, theme.accent, GAP);
    if let Some(progress) = progress.filter(|_| bar_room > 0) {
        let [on, off] = bar(progress.ended, theme.glyphs.bar);
        part(paint, columns(&on), &on, theme.warning, 0);
        part(paint, columns(&off), &off, theme.dim, 0);
        part(paint, 1, " ", theme.dim, 0);
    }
    part(paint, under_way_room, &under_way, theme.warning, GAP);
    if let Some(said) = app.notice.as_ref().filter(|_| told > 0 && left >= told.min(LEAST_NOTICE)) {
        if told + TIME <= left {
            let time = clock(said.at);
            part(paint, TIME, &format!("{time:5.5} "), theme.dim, 0);
        }
        part(paint, left, &notice, theme.tone(said.tone), 0);
    }
}

/// Gives a part as many columns as it wants, if there are at least so many, and a gap behind them.
fn take(left: &mut u16, wanted: u16, least: u16) -> u16 {
    let taken = wanted.min(*left);
    if taken < least || taken == 0 {
        return 0;
    }
    *left = left.saturating_sub(taken + GAP);
    taken
}

fn columns(text: &str) -> u16 {
    crate::text::width(text).try_into().unwrap_or(u16::MAX)
}

/// The kick that counts down, else how far the asks are that a press made together.
fn under_way(app: &App, glyphs: &Glyphs) -> String {
    let Some(Countdown { targets, until, .. }) = &app.countdown else { return app.progress().map_or_else(String::new, |now| now.text) };
    let left = until.since(app.now).as_millis().div_ceil(1_000);
    let verb = if targets.len() == 1 { "is" } else { "are" };
    let names = app.names(targets, 1);
    format!("{} {verb} kicked in {left} s; Esc stops", crate::text::cut(&names, NAMES, glyphs.ellipsis))
}

/// `3 marked (1 hidden)`.
fn marks(app: &App) -> String {
    match (app.marks.len(), app.hidden_marks()) {
        (0, _) => String::new(),
        (marked, 0) => format!("{marked} marked"),
        (marked, hidden) => format!("{marked} marked ({hidden} hidden)"),
    }
}

/// `/hand: 3 of 15`, the words of a long one cut to the room there is.
fn filter(app: &App, room: u16, ellipsis: &str) -> String {
    if app.view.filter().is_empty() {
        return String::new();
    }
    let all = match &app.view.conference {
        Some(id) => app.roster.counts(id).map_or(0, |counts| counts.rows),
        None => app.roster.all().rows,
    };
    let counts = format!(" {} of {all}", app.view.matching());
    let words = usize::from(room).saturating_sub(counts.len() + 1);
    if words < 4 {
        // That there is one must be seen, whatever else is on the line.
        return format!("/{ellipsis}");
    }
    format!("/{}{counts}", crate::text::cut(app.view.filter().text(), words, ellipsis))
}

/// The latest notice; while a kick counts down, only that counts.
fn notice(app: &App) -> String {
    let Some(notice) = app.notice.as_ref().filter(|_| app.countdown.is_none()) else { return String::new() };
    let mark = if matches!(notice.tone, Tone::Warning | Tone::Bad) { "! " } else { "" };
    format!("{mark}{}", app.show(&notice.text))
}

/// How much of something has ended: the part that is, and the part that is not.
fn bar((ended, all): (usize, usize), [on, off]: [&str; 2]) -> [String; 2] {
    let width = usize::from(BAR) - 1;
    let full = (ended * width / all.max(1)).min(width);
    [on.repeat(full), off.repeat(width - full)]
}

/// How many callers are out of sight, where some are: `3 more ▲ 5 more ▼`, or `3▲ 5▼`.
fn position(app: &App, glyphs: &Glyphs, short: bool) -> String {
    let (above, below) = app.hidden();
    let more = if short { "" } else { " more " };
    let sides = [(above, glyphs.rising), (below, glyphs.falling)];
    let sides = sides.iter().filter(|(count, _)| *count > 0).map(|(count, sign)| format!("{count}{more}{sign}"));
    sides.collect::<Vec<_>>().join(" ")
}

/// Writes on the right; returns the columns that are left of it.
fn at_the_end(paint: &mut Paint<'_>, line: Area, text: &str) -> u16 {
    let width = columns(text);
    if width == 0 {
        return line.width;
    }
    let dim = paint.theme.dim;
    let x = line.width.saturating_sub(width + 1);
    paint.text(line.x + x, line.y, width, text, dim);
    x.saturating_sub(1)
}

fn filter_typed(paint: &mut Paint<'_>, app: &App, line: Area, input: &Input) {
    let theme = *paint.theme;
    let width = line.width.saturating_sub(2);
    let used = paint.text(line.x + 1, line.y, width, "/", theme.key);
    let (told, style) = match app.view.filter().slip() {
        Some(slip) => (format!("  ! {}", slip.sentence), theme.warning),
        None => (format!("  {} found  Enter keeps, Esc clears", app.view.matching()), theme.dim),
    };
    // What is wrong must be read while it is typed, however long the rest of the line is.
    let room = if app.view.filter().slip().is_some() { (width - used).saturating_sub(columns(&told)).max(8) } else { width - used };
    let typed = typed(paint, Area { x: line.x + 1 + used, width: room, ..line }, input);
    let x = line.x + 1 + used + typed;
    paint.text(x, line.y, line.width.saturating_sub(x + 1), &told, style);
}
