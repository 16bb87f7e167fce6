//! The lines across the screen that stay as long as their cause does: what broke, and the modes that hold.

use super::detail::clock;
use super::paint::Paint;
use crate::conference::ConferenceId;
use crate::conference::event::Mode;
use crate::conference::modes::InForce;
use crate::console::app::layout::{Area, Layout};
use crate::console::app::{App, Tone};
use crate::console::command::{Command, entry_of};

/// A moderator's name takes no more of a banner than this.
const BY: usize = 12;

pub(super) fn draw(paint: &mut Paint<'_>, app: &App, layout: &Layout) {
    let area = layout.banner;
    let lines = area.y..area.y + area.height;
    let fault = app.banner();
    let room = usize::from(area.width.saturating_sub(2));
    let modes = modes(app, room).map(|text| (Tone::Warning, text));
    for ((tone, text), y) in fault.into_iter().chain(modes).zip(lines) {
        let style = if tone == Tone::Bad { paint.theme.banner } else { paint.theme.mode };
        paint.style(Area { y, height: 1, ..area }, style);
        paint.text(area.x + 1, y, room as u16, &text, style);
    }
}

/// The modes that hold, as long as there is room for: since when, by whom, what it does, which key ends it.
fn modes(app: &App, room: usize) -> Option<String> {
    let held: Vec<_> = app.modes_here().collect();
    if held.is_empty() {
        return None;
    }
    // One conference that is shown needs no name; its tab has it.
    let named = app.view.conference.is_none();
    let texts = [long, middle, short].into_iter().map(|form| {
        let parts: Vec<_> = held.iter().map(|(id, mode, held)| form(app, named.then_some(*id), *mode, held)).collect();
        parts.join("  ")
    });
    let fitting = texts.into_iter().find(|text| crate::text::width(text) <= room);
    Some(fitting.unwrap_or_else(|| {
        let count = |wanted: Mode, what: &str| {
            let count = held.iter().filter(|(_, mode, _)| *mode == wanted).count();
            (count > 0).then(|| format!("{what} in {count}"))
        };
        let counts: Vec<_> = [count(Mode::Lecture, "LECTURE MODE"), count(Mode::Lock, "LOCK")].into_iter().flatten().collect();
        format!("{} of the conferences; their tabs say more", counts.join(", "))
    }))
}

/// What a mode is called across the screen.
fn title(mode: Mode) -> &'static str {
    match mode {
        Mode::Lecture => "LECTURE MODE",
        Mode::Lock => "LOCKED",
    }
}

/// How it is ended.
fn end(app: &App, mode: Mode) -> String {
    let entry = entry_of(match mode {
        Mode::Lecture => Command::Lecture,
        Mode::Lock => Command::Lock,
    });
    let keys = app.keys.text(entry);
    match keys.split(' ').next().filter(|key| !key.is_empty()) {
        Some(key) => format!("{key} ends it"),
        None => format!("{} in the palette ends it", entry.label),
    }
}

fn head(conference: Option<&ConferenceId>, mode: Mode) -> String {
    let name = conference.map_or_else(String::new, |id| format!("{}: ", crate::text::cut(id.as_str(), 16, "~")));
    format!("{name}{}", title(mode))
}

fn long(app: &App, conference: Option<&ConferenceId>, mode: Mode, held: &InForce) -> String {
    let does = match mode {
        Mode::Lecture => "who is not exempt is muted, who joins too",
        Mode::Lock => "who joins and is not exempt is kicked",
    };
    format!("{} since {:.5} by {}: {does}; {}", head(conference, mode), clock(held.since), held.by, end(app, mode))
}

fn middle(app: &App, conference: Option<&ConferenceId>, mode: Mode, held: &InForce) -> String {
    let does = match mode {
        Mode::Lecture => "all muted",
        Mode::Lock => "who joins is kicked",
    };
    let by = crate::text::cut(&held.by, BY, "~");
    format!("{} since {:.5} by {by}: {does}; {}", head(conference, mode), clock(held.since), end(app, mode))
}

fn short(app: &App, conference: Option<&ConferenceId>, mode: Mode, held: &InForce) -> String {
    let does = match mode {
        Mode::Lecture => "mutes",
        Mode::Lock => "kicks",
    };
    let by = crate::text::cut(&held.by, 8, "~");
    format!("{} {:.5} {by}, {does}, {}", head(conference, mode), clock(held.since), end(app, mode))
}
