//! The two lines on top: conferences, and the health of everything that brings news.

use std::time::Duration;

use jiff::tz::TimeZone;
use ratatui::style::Style;

use super::Theme;
use super::detail::clock;
use super::paint::Paint;
use crate::conference::Moment;
use crate::conference::health::JournalHealth;
use crate::console::app::ages::age;
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
    let mark = if app.replay.is_some() {
        "replay"
    } else if app.why_read_only().is_some() && !app.is_lost() {
        "read-only"
    } else {
        app.settings.title
    };
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

/// One thing that the health line says. Where there is little room the lowest ranks stay.
struct Part {
    rank: u8,
    text: String,
    style: Style,
}

fn health(paint: &mut Paint<'_>, app: &App, layout: &Layout) {
    let theme = *paint.theme;
    let line = layout.health;
    let separator = format!(" {} ", theme.glyphs.dot);
    let parts = parts(app, &theme, line.width < 100);
    let mut ranked: Vec<_> = (0..parts.len()).collect();
    ranked.sort_by_key(|place| parts[*place].rank);
    let mut room = usize::from(line.width).saturating_sub(2);
    let mut shown = vec![false; parts.len()];
    for place in ranked {
        // A part that would be cut in the middle is left out: half a number is a wrong number.
        let separated = if shown.contains(&true) { crate::text::width(&separator) } else { 0 };
        let width = crate::text::width(&parts[place].text) + separated;
        if width <= room || !shown.contains(&true) {
            shown[place] = true;
            room = room.saturating_sub(width);
        }
    }
    let mut x = line.x + 1;
    for (part, _) in parts.iter().zip(shown).filter(|(_, shown)| *shown) {
        let separator = if x > line.x + 1 { separator.as_str() } else { "" };
        x += paint.pieces(x, line.y, line.width.saturating_sub(x), &[(separator, theme.dim), (&part.text, part.style)]);
    }
}

/// Everything there is to say, in the order in which it stands; `narrow` asks for the short words.
fn parts(app: &App, theme: &Theme, narrow: bool) -> Vec<Part> {
    let (dim, bad, warning) = (theme.dim, theme.bad, theme.warning);
    let mut parts = Vec::new();
    let mut say = |rank: u8, text: String, style: Style| parts.push(Part { rank, text, style });
    if let Some(played) = &app.replay {
        say(0, date_and_time(app.now), theme.accent);
        let place = app.now.min(played.last).since(played.first);
        say(0, format!("{} of {}", span(place), span(played.last.since(played.first))), Style::new());
        let speed = if app.has_ended() {
            "over".to_owned()
        } else if played.paused {
            "paused".to_owned()
        } else {
            format!("{}{}", theme.glyphs.times, speed(played.speed))
        };
        say(0, speed, if app.has_ended() || played.paused { theme.warning } else { Style::new() });
    }
    match &app.journal {
        _ if app.replay.is_some() => {}
        JournalHealth::Followed(by) => say(3, format!("written by {}", crate::text::cut(by, 32, "~")), dim),
        JournalHealth::Abandoned => say(3, "written by nobody".to_owned(), warning),
        JournalHealth::Lost(since) => say(0, format!("no contact for {}", app.age_of(*since)), bad),
        _ => match &app.settings.shared {
            Some(_) if app.is_lost() => say(0, "restart confmod".to_owned(), bad),
            Some(servers) => say(3, format!("shared on {}", crate::text::cut(servers, 32, theme.glyphs.ellipsis)), dim),
            None => say(3, app.settings.listener.clone(), dim),
        },
    }
    match app.last_callback.map(|at| app.age_of(at)) {
        None => say(2, "last callback never".to_owned(), dim),
        Some(age) if app.is_silent() && narrow => say(0, format!("silent for {age}"), warning),
        Some(age) if app.is_silent() => say(0, format!("silent: last callback {age} ago"), warning),
        Some(age) if narrow => say(2, format!("callback {age}"), dim),
        Some(age) => say(2, format!("last callback {age} ago"), dim),
    }
    match app.provider.percentiles() {
        _ if app.provider.is_open() => say(0, format!("provider NOT REACHED {} times", app.provider.unreached()), bad),
        _ if app.provider.unreached() > 0 => {
            say(1, format!("provider not reached ×{}", app.provider.unreached()).replace('×', theme.glyphs.times), warning);
        }
        None if app.provider.was_asked() => say(4, "provider gave no answer yet".to_owned(), warning),
        None => say(9, "provider not asked yet".to_owned(), dim),
        // Where there is little room, what went wrong must still fit beside it.
        Some((p50, p95)) if narrow => say(5, format!("provider {p50}/{p95} ms"), dim),
        Some((p50, p95)) => say(5, format!("provider p50 {p50} p95 {p95} ms"), dim),
    }
    let mut count = |rank: u8, number: u64, what: &str, style: Style| {
        if number > 0 {
            say(rank, format!("{number} {what}"), style);
        }
    };
    count(1, app.counts.dropped, "dropped", bad);
    count(4, app.counts.refused, "refused", warning);
    count(6, u64::from(app.roster.all().unreachable), if narrow { "no number" } else { "without a number" }, warning);
    let waiting = app.roster.asks_waiting() as u64;
    count(7, waiting, if waiting == 1 { "ask out" } else { "asks out" }, dim);
    count(9, u64::from(app.duplicates), "repeated", dim);
    if let Some(gap) = app.gaps.last {
        let (rank, style) = if gap.missed { (5, warning) } else { (8, dim) };
        let last = format!("gap {} at {}", age(gap.length), minute(gap.since));
        say(rank, if app.gaps.count > 1 { format!("{} gaps, last {}", app.gaps.count, &last[4..]) } else { last }, style);
    }
    parts
}

/// The local date and time of a moment.
fn date_and_time(at: Moment) -> String {
    let Ok(time) = jiff::Timestamp::from_millisecond(at.0) else { return String::new() };
    time.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// A time as players write it: `2:04`, `58:10`, `1:02:03`.
fn span(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds / 3_600 {
        0 => format!("{}:{:02}", seconds / 60, seconds % 60),
        hours => format!("{hours}:{:02}:{:02}", seconds / 60 % 60, seconds % 60),
    }
}

/// A speed with as many digits as it needs: `2`, `0.5`, `62`.
fn speed(speed: f64) -> String {
    let text = format!("{speed:.*}", usize::from(speed < 10.0) * 2);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// The local time of a moment, to the minute.
fn minute(at: Moment) -> String {
    let mut clock = clock(at);
    clock.truncate("00:00".len());
    clock
}
