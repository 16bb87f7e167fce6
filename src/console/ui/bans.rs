//! The dialog that bans a number, and the list of banned numbers.

use std::collections::{HashMap, HashSet};

use jiff::tz::TimeZone;
use ratatui::style::Style;

use super::detail::wrapped;
use super::footer::typed;
use super::paint::Paint;
use crate::conference::Moment;
use crate::conference::people::Ban;
use crate::console::app::layout::Area;
use crate::console::app::{App, BanForm, BanList};
use crate::phone::Number;

/// Columns of the two lines' names in the dialog.
const NAME: u16 = 8;

/// Columns of the list: number, name, until; the reason and who banned it share the rest.
const COLUMNS: [u16; 3] = [17, 18, 17];

/// Bans that are listed without scrolling.
const LISTED: u16 = 12;

pub(super) fn form(paint: &mut Paint<'_>, app: &App, form: &BanForm) {
    const WIDTH: u16 = 62;
    let theme = *paint.theme;
    let width = usize::from(WIDTH.min(paint.buffer.area.width.saturating_sub(4)));
    let number = app.show(&form.number.e164()).into_owned();
    let name = app.roster.people().name(form.number).or_else(|| {
        // The caller may have come again from another number: that one's name says nothing of this one.
        let call = app.roster.get(form.target.id).filter(|call| call.number == Some(form.number));
        call.and_then(|call| app.roster.name(call))
    });
    let who = name.map_or_else(|| number.clone(), |name| format!("{number}, {}", app.show(name)));
    let inside = app.roster.on_the_line(form.number);
    let now = match inside {
        0 => "Whoever joins from it later is kicked. No call from it is on the line now.".to_owned(),
        1 => "Whoever joins from it later is kicked. 1 call from it is on the line and stays: k kicks.".to_owned(),
        count => format!("Whoever joins from it later is kicked. {count} calls from it are on the line and stay: k kicks."),
    };
    let mut lines = wrapped(&who, width);
    let heading = lines.len();
    lines.extend(wrapped(&now, width));
    let inside = paint.dialog(WIDTH, lines.len() as u16 + 5, "ban this number?");
    let mut y = inside.y;
    for (place, line) in lines.iter().enumerate() {
        let style = if place < heading { theme.heading } else { Style::new() };
        paint.text(inside.x, y, inside.width, line, style);
        y += 1;
    }
    y += 1;
    for (name, input, active) in [("reason", &form.reason, !form.at_expiry), ("lasts", &form.expiry, form.at_expiry)] {
        paint.text(inside.x, y, NAME, name, if active { theme.key } else { theme.dim });
        let field = Area { x: inside.x + NAME + 1, y, width: inside.width.saturating_sub(NAME + 1), height: 1 };
        if active {
            typed(paint, field, input);
        } else {
            paint.text(field.x, y, field.width, input.text(), Style::new());
        }
        if name == "lasts" && input.text().is_empty() {
            let hint = Area { x: field.x + 2, width: field.width.saturating_sub(2), ..field };
            paint.text(hint.x, y, hint.width, "2h, 30d; empty is for good", theme.dim);
        }
        y += 1;
    }
    match &form.wrong {
        Some(why) => paint.text(inside.x, y, inside.width, &format!("! {why}"), theme.bad),
        None => 0,
    };
    paint.text(inside.x, y + 1, inside.width, "Enter bans, Tab goes to the other line, Esc bans nobody", theme.dim);
}

pub(super) fn list(paint: &mut Paint<'_>, app: &App, list: &BanList) {
    let theme = *paint.theme;
    let bans = app.roster.people().bans(app.now);
    let rows = (bans.len() as u16).clamp(1, LISTED);
    let inside = paint.dialog(100, rows + 3, "banned numbers");
    let foot = inside.y + inside.height.saturating_sub(1);
    if bans.is_empty() {
        paint.text(inside.x, inside.y, inside.width, "no number is banned; B bans that of the caller under the cursor", Style::new());
        paint.text(inside.x, foot, inside.width, "Esc closes", theme.dim);
        return;
    }
    let columns = columns(inside);
    for (area, name) in columns.iter().zip(["number", "name", "until", "reason, by"]) {
        paint.text(area.x, inside.y, area.width, name, theme.heading);
    }
    let chosen = list.place(&bans);
    let shown = usize::from(inside.height.saturating_sub(3)).max(1);
    let first = (chosen + 1).saturating_sub(shown);
    let names = names(app, &bans.iter().skip(first).take(shown).map(|(number, _)| *number).collect());
    for ((place, (number, ban)), y) in bans.iter().enumerate().skip(first).take(shown).zip(inside.y + 1..) {
        let style = if place == chosen { theme.cursor } else { Style::new() };
        paint.style(Area { y, height: 1, ..inside }, style);
        let mark = if place == chosen { theme.glyphs.cursor } else { " " };
        paint.text(inside.x, y, 2, mark, style);
        let cells = cells(app, *number, names.get(number).map_or("", |name| name), ban);
        for (area, text) in columns.iter().zip(&cells) {
            paint.text(area.x, y, area.width, text, style);
        }
        // Why somebody is banned is read whole before the ban is lifted.
        let [.., why] = &cells;
        if place == chosen && crate::text::width(why) > usize::from(columns[3].width) {
            paint.text(inside.x, foot.saturating_sub(1), inside.width, why, theme.dim);
        }
    }
    let (text, style) = match list.lifting {
        Some(number) => (format!("lift the ban of {}? y lifts it, any other key does not", app.show(&number.e164())), theme.warning),
        None if bans.len() > shown => (format!("Delete lifts a ban, Esc closes; {} in all", bans.len()), theme.dim),
        None => ("Delete lifts a ban, Esc closes".to_owned(), theme.dim),
    };
    paint.text(inside.x, foot, inside.width, &text, style);
}

fn columns(inside: Area) -> Vec<Area> {
    let mut x = inside.x + 2;
    let mut areas = Vec::new();
    for width in COLUMNS.into_iter().chain([inside.width]) {
        let end = inside.x + inside.width;
        areas.push(Area { x, width: width.min(end.saturating_sub(x)), ..inside });
        x = (x + width + 1).min(end);
    }
    areas
}

/// What the numbers' people are called: by a moderator or the contacts, else by a call from there.
fn names<'a>(app: &'a App, numbers: &HashSet<Number>) -> HashMap<Number, &'a str> {
    let called =
        app.roster.iter().filter_map(|(_, call)| Some((call.number.filter(|number| numbers.contains(number))?, app.roster.name(call)?)));
    let known = numbers.iter().filter_map(|number| Some((*number, app.roster.people().name(*number)?)));
    called.chain(known).collect()
}

fn cells(app: &App, number: Number, name: &str, ban: &Ban) -> [String; 4] {
    let until = ban.until.map_or_else(|| "for good".to_owned(), date);
    let reason = if ban.reason.is_empty() { format!("by {}", ban.by) } else { format!("{}, by {}", app.show(&ban.reason), ban.by) };
    [app.show(&number.e164()).into_owned(), app.show(name).into_owned(), until, reason]
}

/// A day and a time of day on the moderator's clock.
pub(super) fn date(at: Moment) -> String {
    let Ok(time) = jiff::Timestamp::from_millisecond(at.0) else { return String::new() };
    time.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string()
}
