//! The timeline: one row a caller, who was in when, muted, with a hand up, and what was asked.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;

use super::ROWS;
use super::axis::{Axis, LEFT, RIGHT, WIDTH};
use super::legend::signs;
use super::words::{Clock, escape, lasted};
use crate::conference::event::Mode;
use crate::conference::{Action, Outcome};
use crate::report::record::{Ask, Attendance, ModeHeld, Report, Span};
use crate::text;

/// The height of a row.
const ROW: f64 = 22.0;

/// The height of a bar, and how far below the row's top it begins.
const BAR: (f64, f64) = (9.0, 9.0);

/// Columns that a name may take.
const NAME: usize = 24;

/// Asks that are marked in one row.
const MARKS: usize = 40;

/// The height of a line in the drawing that names a conference.
const ROOM: f64 = 32.0;

/// The rows that are shown: all, or those who were in longest; by conference, in order of their first join.
fn shown(report: &Report) -> Vec<&Attendance> {
    let mut longest: Vec<_> = report.attendance.iter().enumerate().collect();
    longest.sort_by_key(|(_, caller)| std::cmp::Reverse(caller.millis));
    longest.truncate(ROWS);
    longest.sort_by_key(|(place, caller)| (&caller.conference, *place));
    longest.into_iter().map(|(_, caller)| caller).collect()
}

pub(super) fn draw(report: &Report, clock: &Clock, axis: &Axis) -> String {
    let rows = shown(report);
    if rows.is_empty() {
        return String::new();
    }
    let rooms: BTreeSet<_> = rows.iter().map(|caller| &*caller.conference).collect();
    let modes = modes(report, axis, &rooms);
    let rooms = if rooms.len() > 1 { rooms.len() } else { 0 };
    let mut asks: HashMap<(&str, usize), Vec<&Ask>> = HashMap::new();
    for ask in &report.asks {
        asks.entry((&ask.conference, ask.call)).or_default().push(ask);
    }
    let head = Axis::head(clock);
    let bottom = head + ROW * (rows.len() + modes.len()) as f64 + ROOM * rooms as f64;
    let more = report.attendance.len() - rows.len();
    let note = if more > 0 {
        format!("The {ROWS} callers who were in longest; {more} more are in the table below.")
    } else {
        "One line for each caller's call, in the order they came.".to_owned()
    };
    let mut out = format!(
        "<section>\n<h2>Timeline</h2>\n<p class=\"note\">{note}</p>\n{}\
         <div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Timeline\">\n\
         <svg class=\"timeline\" viewBox=\"0 0 {WIDTH} {:.0}\" role=\"img\" aria-labelledby=\"timeline-title\">\n\
         <title id=\"timeline-title\">When each caller was in; the table of attendance says the same in words</title>\n",
        signs(report),
        bottom + 6.0,
    );
    out += &axis.draw(clock, head, bottom);
    out += &gaps(report, clock, axis, head, bottom);
    let mut y = head;
    let mut room = None;
    for caller in rows {
        if room != Some(&caller.conference) {
            room = Some(&caller.conference);
            if rooms > 0 {
                // Writing to a String cannot fail.
                let _ = writeln!(out, "<text class=\"room\" x=\"0\" y=\"{}\">Conference {}</text>", y + 26.0, escape(&caller.conference));
                y += ROOM;
            }
            for (_, held) in modes.range((&*caller.conference, Mode::Lecture)..=(&*caller.conference, Mode::Lock)) {
                mode_row(&mut out, held, clock, axis, y);
                y += ROW;
            }
        }
        let asked = asks.get(&(caller.conference.as_str(), caller.call)).map_or(&[][..], Vec::as_slice);
        row(&mut out, caller, asked, clock, axis, y);
        y += ROW;
    }
    out + "</svg>\n</div>\n</section>\n"
}

/// The modes that held while anybody was in, by conference.
fn modes<'a>(report: &'a Report, axis: &Axis, rooms: &BTreeSet<&str>) -> BTreeMap<(&'a str, Mode), Vec<&'a ModeHeld>> {
    let mut modes: BTreeMap<_, Vec<_>> = BTreeMap::new();
    let Some(whole) = axis.span() else { return modes };
    for held in report.modes.iter().filter(|held| held.span.from <= whole.to && held.span.to >= whole.from) {
        if !rooms.contains(&*held.conference) {
            continue;
        }
        modes.entry((&*held.conference, held.mode)).or_default().push(held);
    }
    modes
}

/// A row for a mode: a thin line for as long as it held.
fn mode_row(out: &mut String, held: &[&ModeHeld], clock: &Clock, axis: &Axis, y: f64) {
    let Some(first) = held.first() else { return };
    // Writing to a String cannot fail.
    let _ = writeln!(out, "<g class=\"mode\"><text x=\"0\" y=\"{}\">{}</text>", y + 17.5, first.mode.words());
    for held in held {
        let (from, to) = (axis.x(held.span.from), axis.x(held.span.to));
        let _ = writeln!(
            out,
            "<rect x=\"{from:.1}\" y=\"{}\" width=\"{:.1}\" height=\"3\"><title>{} set by {}, {} to {}</title></rect>",
            y + 12.0,
            (to - from).max(1.5),
            held.mode.words(),
            escape(&held.by),
            clock.stamp(held.span.from),
            clock.stamp(held.span.to),
        );
    }
    out.push_str("</g>\n");
}

fn row(out: &mut String, caller: &Attendance, asked: &[&Ask], clock: &Clock, axis: &Axis, y: f64) {
    let label = caller.label();
    let bar = |span: &Span| {
        let (from, to) = (axis.x(span.from), axis.x(span.to));
        // What lasted no time was there all the same.
        (from.min(RIGHT - 1.5), (to - from).max(1.5))
    };
    // Writing to a String cannot fail.
    let _ = writeln!(
        out,
        "<g class=\"row\"><title>{}: in {}, {}</title>",
        escape(&label),
        lasted(caller.millis),
        caller.left.map_or_else(
            || format!("since {}", clock.stamp(caller.joined)),
            |left| format!("{} to {}", clock.stamp(caller.joined), clock.stamp(left))
        ),
    );
    let _ = writeln!(out, "<text class=\"who\" x=\"0\" y=\"{}\">{}</text>", y + 17.5, escape(&text::cut(&label, NAME, "…")));
    let (height, down) = BAR;
    let _ =
        writeln!(out, "<rect class=\"track\" x=\"{LEFT}\" y=\"{}\" width=\"{:.1}\" height=\"{height}\" rx=\"2\"/>", y + down, RIGHT - LEFT);
    for span in &caller.spans {
        let (x, width) = bar(span);
        let _ = writeln!(out, "<rect class=\"in\" x=\"{x:.1}\" y=\"{}\" width=\"{width:.1}\" height=\"{height}\" rx=\"2\"/>", y + down);
    }
    for span in &caller.muted {
        let (x, width) = bar(span);
        for class in ["muted", "hatched"] {
            let _ = writeln!(out, "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{}\" width=\"{width:.1}\" height=\"{height}\"/>", y + down);
        }
    }
    for span in &caller.raised {
        let (x, width) = bar(span);
        let _ = writeln!(
            out,
            "<g class=\"hand\"><title>hand up at {}</title><rect x=\"{x:.1}\" y=\"{}\" width=\"{width:.1}\" height=\"2\"/>\
             <path d=\"M{:.1} {}l3.5 -5l3.5 5z\"/></g>",
            clock.stamp(span.from),
            y + 5.5,
            x - 3.5,
            y + 7.5,
        );
    }
    for ask in asked.iter().take(MARKS) {
        mark(out, ask, clock, axis.x(ask.at), y + down + height / 2.0);
    }
    out.push_str("</g>\n");
}

/// What was asked, as a sign at its time; one that was not accepted is hollow.
fn mark(out: &mut String, ask: &Ask, clock: &Clock, x: f64, y: f64) {
    let failed = !matches!(ask.outcome, None | Some(Outcome::Accepted));
    let (path, class) = match ask.action {
        Action::Mute => (format!("M{:.1} {:.1}h9l-4.5 8z", x - 4.5, y - 4.0), "mark mute"),
        Action::Unmute => (format!("M{:.1} {:.1}h9l-4.5 -8z", x - 4.5, y + 4.0), "mark unmute"),
        Action::Kick => (format!("M{:.1} {:.1}l8 8m0 -8l-8 8", x - 4.0, y - 4.0), "mark kick"),
    };
    let failed = if failed { " failed" } else { "" };
    // Writing to a String cannot fail.
    let _ = writeln!(
        out,
        "<path class=\"{class}{failed}\" d=\"{path}\"><title>{} asked to {} at {}: {}</title></path>",
        escape(&ask.moderator),
        ask.action.word(),
        clock.stamp(ask.at),
        ask.outcome_words(),
    );
}

fn gaps(report: &Report, clock: &Clock, axis: &Axis, top: f64, bottom: f64) -> String {
    let Some(whole) = axis.span() else { return String::new() };
    let mut out = String::new();
    for gap in report.gaps.iter().filter(|gap| gap.from <= whole.to && gap.to.is_none_or(|to| to >= whole.from)) {
        let x = axis.x(gap.from.max(whole.from));
        let width = (axis.x(gap.to.unwrap_or(whole.to).min(whole.to)) - x).max(2.0);
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "<rect class=\"gap\" x=\"{x:.1}\" y=\"{top}\" width=\"{width:.1}\" height=\"{:.1}\"><title>{} from {}</title></rect>",
            bottom - top,
            gap.why.words(),
            clock.stamp(gap.from),
        );
    }
    out
}
