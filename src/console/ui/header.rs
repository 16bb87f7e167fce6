//! The two lines on top: conferences, and the health of everything that brings news.

use ratatui::style::Style;

use super::paint::Paint;
use crate::console::app::layout::Layout;
use crate::console::app::{App, TABS_FROM};

pub(super) fn draw(paint: &mut Paint<'_>, app: &App, layout: &Layout) {
    let (accent, dim) = (paint.theme.accent, paint.theme.dim);
    let line = layout.tabs;
    paint.text(line.x + 1, line.y, TABS_FROM - 2, "confmod", accent);
    let strip = app.tab_strip();
    for tab in &strip {
        let style = if tab.active { paint.theme.tab } else { Style::new() };
        // Brackets say without colour which one is shown.
        let text = if tab.active { format!("[{}]", tab.text.trim()) } else { tab.text.clone() };
        paint.text(tab.x, line.y, line.width.saturating_sub(tab.x), &text, style);
    }
    let mark = if app.settings.read_only { "read-only" } else { app.settings.title };
    let width = mark.len() as u16;
    let end = strip.last().map_or(0, |tab| tab.x + crate::text::width(&tab.text) as u16);
    let hidden = app.tabs().count() - strip.len();
    if hidden > 0 {
        paint.text(end + 1, line.y, line.width.saturating_sub(end + 1), &format!("+{hidden} more"), dim);
    } else if end + width + 2 < line.width {
        paint.text(line.width - width - 1, line.y, width, mark, dim);
    }
    health(paint, app, layout);
}

fn health(paint: &mut Paint<'_>, app: &App, layout: &Layout) {
    let theme = *paint.theme;
    let (dim, bad, warning) = (theme.dim, theme.bad, theme.warning);
    let narrow = layout.health.width < 100;
    let callback = match app.last_callback.map(|at| app.age_of(at)) {
        None => "last callback never".to_owned(),
        Some(age) if narrow => format!("callback {age}"),
        Some(age) => format!("last callback {age} ago"),
    };
    let provider = match app.provider.percentiles() {
        _ if app.provider.is_open() => (format!("provider NOT REACHED {} times", app.provider.unreached()), bad),
        _ if app.provider.unreached() > 0 => {
            (format!("provider not reached ×{}", app.provider.unreached()).replace('×', theme.glyphs.times), warning)
        }
        None if app.provider.was_asked() => ("provider gave no answer yet".to_owned(), warning),
        None => ("provider not asked yet".to_owned(), dim),
        // Where there is little room, what went wrong must still fit beside it.
        Some((p50, p95)) if narrow => (format!("provider {p50}/{p95} ms"), dim),
        Some((p50, p95)) => (format!("provider p50 {p50} p95 {p95} ms"), dim),
    };
    let mut parts = vec![(app.settings.listener.clone(), dim), (callback, dim), provider];
    let mut count = |number: u64, what: &str, style: Style| {
        if number > 0 {
            parts.push((format!("{number} {what}"), style));
        }
    };
    count(app.counts.dropped, "dropped", bad);
    count(app.counts.refused, "refused", warning);
    count(u64::from(app.roster.all().unreachable), if narrow { "no number" } else { "without a number" }, warning);
    count(u64::from(app.duplicates), "repeated", dim);
    count(app.roster.asks_waiting() as u64, if app.roster.asks_waiting() == 1 { "ask out" } else { "asks out" }, dim);
    let line = layout.health;
    let mut x = line.x + 1;
    for (place, (text, style)) in parts.iter().enumerate() {
        let separator = if place == 0 { String::new() } else { format!(" {} ", theme.glyphs.dot) };
        let width = crate::text::width(text) + crate::text::width(&separator);
        // A part that would be cut in the middle is left out: half a number is a wrong number.
        if place > 0 && usize::from(x) + width + 1 > usize::from(line.width) {
            break;
        }
        x += paint.pieces(x, line.y, line.width.saturating_sub(x), &[(&separator, dim), (text, *style)]);
    }
}
