//! The page: one self-contained HTML file that needs no network and no script. Everything from outside is
//! escaped where it is put in.

use std::fmt::Write as _;

use self::axis::Axis;
use self::words::{Clock, escape, lasted};
use super::finish::union;
use super::record::{Ending, Report, Span, Why};
use crate::conference::Outcome;

mod axis;
mod counts;
mod figures;
mod legend;
mod tables;
mod timeline;
mod words;

/// The page's frame; `{{name}}` stands for a part.
const FRAME: &str = include_str!("../../assets/report.html");

/// Its looks, light and dark.
const STYLE: &str = include_str!("../../assets/report.css");

/// Rows that the timeline shows; more cannot be told apart on a screen.
const ROWS: usize = 100;

/// Lines of a table that the page shows; a browser takes long for more, and a spreadsheet is better at it.
const LINES: usize = 10_000;

/// The whole page.
#[must_use]
pub fn page(report: &Report) -> String {
    let clock = Clock::new(report);
    let busy = union(report.attendance.iter().flat_map(|caller| caller.spans.iter().copied()).collect());
    let axis = Axis::new(&busy);
    let heading = match (&report.conference, report.conferences.as_slice()) {
        (Some(one), _) | (None, [one]) => format!("Conference {}", escape(one)),
        (None, []) => "No conference".to_owned(),
        (None, several) => format!("{} conferences", several.len()),
    };
    let day = axis.span().map(|span| format!(", {}", clock.date(span.from))).unwrap_or_default();
    let parts = [
        ("title", format!("{heading}{day}")),
        ("style", STYLE.to_owned()),
        ("heading", heading),
        ("when", when(&clock, axis.span())),
        ("figures", figures::draw(report, &clock, &busy)),
        ("gaps", gaps(report, &clock)),
        ("counts", counts::draw(report, &clock, &axis)),
        ("timeline", timeline::draw(report, &clock, &axis)),
        ("attendance", tables::attendance(report, &clock)),
        ("audit", tables::audit(report, &clock)),
        ("made", made(report, &clock)),
    ];
    fill(FRAME, &parts)
}

/// Puts the parts into the frame, in one pass: what a part says is never taken for a place.
fn fill(frame: &str, parts: &[(&str, String)]) -> String {
    let mut out = String::with_capacity(frame.len() + parts.iter().map(|(_, part)| part.len()).sum::<usize>());
    let mut rest = frame;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        let (name, after) = after.split_once("}}").unwrap_or((after, ""));
        out.push_str(parts.iter().find(|(known, _)| *known == name).map_or("", |(_, part)| part));
        rest = after;
    }
    out + rest
}

/// The line below the heading: day and times, and by which clock.
fn when(clock: &Clock, span: Option<Span>) -> String {
    let Some(span) = span else { return "Nobody was in a conference in this time.".to_owned() };
    let zone = escape(&clock.zone());
    let (from, to) = (clock.date(span.from), clock.date(span.to));
    let (start, end) = (clock.time(span.from), clock.time(span.to));
    if from == to { format!("{from}, {start} to {end} ({zone})") } else { format!("{from}, {start} to {to}, {end} ({zone})") }
}

fn gaps(report: &Report, clock: &Clock) -> String {
    if report.gaps.is_empty() {
        return String::new();
    }
    let mut out = String::from("<section class=\"gaps\" aria-label=\"What is not known\">\n<ul>\n");
    for gap in report.gaps.iter().take(LINES) {
        let span = match gap.to {
            Some(to) => {
                format!("From {} to {} ({})", clock.stamp(gap.from), clock.stamp(to), lasted(Span { from: gap.from, to }.written()))
            }
            None => format!("Since {}", clock.stamp(gap.from)),
        };
        let more = match gap.why {
            Why::NotRunning => "who came and went then is not known".to_owned(),
            Why::NotWritten { refused, lost } => {
                let lost = if lost > 0 { format!(", and {lost} asks and answers stand nowhere") } else { String::new() };
                format!("callbacks refused: {refused}{lost}")
            }
        };
        // Writing to a String cannot fail.
        let _ = writeln!(out, "<li>{span} {}: {more}.</li>", gap.why.words());
    }
    out + "</ul>\n</section>\n"
}

fn made(report: &Report, clock: &Clock) -> String {
    let mask = if report.mask { " The digits of numbers are hidden." } else { "" };
    let stale = report.attendance.iter().any(|caller| caller.outcome == Ending::Stale);
    let stale =
        if stale { " A call is stale when nothing was heard of it for long; its time is counted to the last that was." } else { "" };
    let accepted = report.asks.iter().any(|ask| ask.outcome == Some(Outcome::Accepted));
    let accepted =
        if accepted { " Accepted means that the provider said so; whether somebody was heard nobody can tell from here." } else { "" };
    format!(
        "Made by confmod {} from its journal as of {}, {} ({}).{stale}{accepted}{mask}",
        env!("CARGO_PKG_VERSION"),
        clock.date(report.until),
        clock.time(report.until),
        escape(&clock.zone()),
    )
}
