//! The lines across the screen that stay as long as their cause does: what broke, and the modes that hold.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::detail::clock;
use super::paint::Paint;
use crate::conference::ConferenceId;
use crate::conference::event::Mode;
use crate::conference::modes::InForce;
use crate::config::Kick;
use crate::console::app::layout::{Area, Layout};
use crate::console::app::{App, Tone};
use crate::console::command::{Command, entry_of};

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

/// One of the ways to say that a mode holds.
type Form = fn(&App, Mode, &InForce) -> String;

/// The modes that hold: since when, by whom, what it does, which key ends it. As fully as there is room for.
/// What a mode does is said, and no state of the callers: asks may be under way, and some cannot be reached.
fn modes(app: &App, room: usize) -> Option<String> {
    let mut held: BTreeMap<&ConferenceId, Vec<(Mode, &InForce)>> = BTreeMap::new();
    for (conference, mode, since) in app.modes_here() {
        held.entry(conference).or_default().push((mode, since));
    }
    let only = held.keys().next()?.as_str();
    // A conference needs no name where no other is shown.
    let named = app.view.conference.is_none() && app.roster.conferences().iter().any(|(id, _)| held.len() > 1 || id.as_str() != only);
    let say = |form: Form| {
        let conferences = held.iter().map(|(id, modes)| {
            let name = if named { format!("{}: ", crate::text::cut(id.as_str(), 16, "~")) } else { String::new() };
            let modes: Vec<_> = modes.iter().map(|(mode, held)| form(app, *mode, held)).collect();
            format!("{name}{}", modes.join("  "))
        });
        conferences.collect::<Vec<_>>().join("  ")
    };
    let forms: [Form; 5] = [long, middle, plain, short, shortest];
    let mut texts: Vec<_> = forms.into_iter().map(say).collect();
    texts.push(names(&held));
    let last = match held.len() {
        1 => "a conference is in lecture mode or locked; its tab says more".to_owned(),
        several => format!("{several} conferences are in lecture mode or locked; their tabs say more"),
    };
    Some(texts.into_iter().find(|text| crate::text::width(text) <= room).unwrap_or(last))
}

/// Which conferences, where there is no room for more.
fn names(held: &BTreeMap<&ConferenceId, Vec<(Mode, &InForce)>>) -> String {
    let of = |wanted: Mode| {
        let ids: Vec<_> =
            held.iter().filter(|(_, modes)| modes.iter().any(|(mode, _)| *mode == wanted)).map(|(id, _)| id.as_str()).collect();
        (!ids.is_empty()).then(|| format!("{} in {}", title(wanted), ids.join(", ")))
    };
    let modes: Vec<_> = [of(Mode::Lecture), of(Mode::Lock)].into_iter().flatten().collect();
    format!("{}; their tabs say more", modes.join("  "))
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
    if mode == Mode::Lock && app.settings.kick == Kick::Never {
        return "another desk ends it".to_owned();
    }
    let keys = app.keys.text(entry);
    match keys.split(' ').next().filter(|key| !key.is_empty()) {
        Some(key) => format!("{key} ends it"),
        None => format!("{} in the palette ends it", entry.label),
    }
}

fn long(app: &App, mode: Mode, held: &InForce) -> String {
    let does = match mode {
        Mode::Lecture => "mutes who is in and who joins, but nobody exempt",
        Mode::Lock => "kicks who joins, but nobody exempt",
    };
    format!("{} since {:.5} by {}: {does}; {}", title(mode), clock(held.since), held.by, end(app, mode))
}

fn middle(app: &App, mode: Mode, held: &InForce) -> String {
    let does = match mode {
        Mode::Lecture => "mutes who is in and who joins",
        Mode::Lock => "kicks who joins",
    };
    format!("{} since {:.5} by {}: {does}; {}", title(mode), clock(held.since), by(held, 12), end(app, mode))
}

fn plain(app: &App, mode: Mode, held: &InForce) -> String {
    let does = match mode {
        Mode::Lecture => "mutes all not exempt",
        Mode::Lock => "kicks who joins",
    };
    format!("{} since {:.5} by {}: {does}; {}", title(mode), clock(held.since), by(held, 12), end(app, mode))
}

fn short(app: &App, mode: Mode, held: &InForce) -> String {
    format!("{} {:.5} {}: {}, {}", title(mode), clock(held.since), by(held, 8), does(mode), end(app, mode))
}

fn shortest(app: &App, mode: Mode, held: &InForce) -> String {
    let title = title(mode).split(' ').next().unwrap_or_default();
    format!("{title} {:.5} {}: {}, {}", clock(held.since), by(held, 6), does(mode), end(app, mode).trim_end_matches(" it"))
}

fn does(mode: Mode) -> &'static str {
    match mode {
        Mode::Lecture => "mutes",
        Mode::Lock => "kicks",
    }
}

/// Who set it; a name takes no more than its share.
fn by(held: &InForce, most: usize) -> Cow<'_, str> {
    crate::text::cut(&held.by, most, "~")
}
