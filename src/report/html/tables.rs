//! The tables: attendance and audit.

use std::fmt::Write as _;

use super::LINES;
use super::words::{Clock, escape, lasted};
use crate::conference::Outcome;
use crate::report::record::{Attendance, Ending, Report};

/// A column: its name, and whether its cells are numbers.
type Column = (&'static str, bool);

pub(super) fn attendance(report: &Report, clock: &Clock) -> String {
    if report.attendance.is_empty() {
        return String::new();
    }
    let rooms = report.conferences.len() > 1;
    let columns = [
        ("Caller", false),
        ("Conference", false),
        ("Number", false),
        ("Place", false),
        ("Joined", true),
        ("Left", true),
        ("Time in", true),
        ("Longest stay", true),
        ("Share", true),
        ("Stays", true),
        ("Muted", true),
        ("Hands", true),
        ("Ended", false),
    ];
    let columns: Vec<_> = columns.into_iter().filter(|(name, _)| rooms || *name != "Conference").collect();
    let mut out = open("attendance", "Attendance", "Share is of the time in which anybody was in the same conference.", &columns);
    for caller in report.attendance.iter().take(LINES) {
        // Writing to a String cannot fail.
        let _ = write!(out, "<tr><th scope=\"row\" dir=\"auto\">{}</th>", escape(&caller.label()));
        if rooms {
            cell(&mut out, "", &escape(&caller.conference));
        }
        cell(&mut out, "dim", &number(caller.written.as_deref(), &caller.tag));
        cell(&mut out, "dim", &escape(caller.place.as_deref().unwrap_or_default()));
        cell(&mut out, "n", &clock.stamp(caller.joined));
        cell(&mut out, "n", &caller.left.map(|left| clock.stamp(left)).unwrap_or_default());
        cell(&mut out, "n", &lasted(caller.millis));
        cell(&mut out, "n", &lasted(caller.longest));
        let _ = write!(out, "<td class=\"n share\" style=\"--part:{:.3}\">{:.0} %</td>", caller.share, caller.share * 100.0);
        cell(&mut out, "n", &caller.stays.to_string());
        cell(&mut out, "n", &muted(caller));
        cell(&mut out, "n", &some(caller.hands));
        cell(&mut out, if caller.outcome == Ending::Kicked { "bad" } else { "" }, caller.outcome.word());
        out.push_str("</tr>\n");
    }
    close(out, report.attendance.len())
}

pub(super) fn audit(report: &Report, clock: &Clock) -> String {
    if report.asks.is_empty() {
        return String::new();
    }
    let rooms = report.conferences.len() > 1;
    let columns = [
        ("Time", true),
        ("Asked by", false),
        ("Ask", false),
        ("Caller", false),
        ("Conference", false),
        ("Number", false),
        ("Reason", false),
        ("Outcome", false),
        ("Took", true),
        ("Provider's words", false),
    ];
    let columns: Vec<_> = columns.into_iter().filter(|(name, _)| rooms || *name != "Conference").collect();
    let mut out = open("audit", "Who asked for what", "Every ask of the provider, and how it ended.", &columns);
    for ask in report.asks.iter().take(LINES) {
        out.push_str("<tr>");
        cell(&mut out, "n", &clock.stamp(ask.at));
        cell(&mut out, "", &escape(&ask.moderator));
        cell(&mut out, "", ask.action.word());
        // Writing to a String cannot fail.
        let _ = write!(out, "<th scope=\"row\" dir=\"auto\">{}</th>", escape(&ask.label()));
        if rooms {
            cell(&mut out, "", &escape(&ask.conference));
        }
        cell(&mut out, "dim", &number(ask.written.as_deref(), &ask.tag));
        cell(&mut out, "", &escape(&ask.reason));
        let bad = !matches!(ask.outcome, None | Some(Outcome::Accepted | Outcome::NotSent));
        cell(&mut out, if bad { "bad" } else { "" }, ask.outcome_words());
        cell(&mut out, "n", &ask.answer_ms.map(|millis| format!("{millis} ms")).unwrap_or_default());
        cell(&mut out, "words", &escape(&ask.detail));
        out.push_str("</tr>\n");
    }
    close(out, report.asks.len())
}

fn open(class: &str, title: &str, note: &str, columns: &[Column]) -> String {
    let mut out = format!(
        "<section>\n<h2>{title}</h2>\n<p class=\"note\">{note}</p>\n\
         <div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"{title}\">\n\
         <table class=\"{class}\">\n<caption>{title}</caption>\n<thead>\n<tr>"
    );
    for (name, is_number) in columns {
        // Writing to a String cannot fail.
        let _ = write!(out, "<th scope=\"col\"{}>{}</th>", if *is_number { " class=\"n\"" } else { "" }, escape(name));
    }
    out + "</tr>\n</thead>\n<tbody>\n"
}

fn close(out: String, lines: usize) -> String {
    let more = lines.saturating_sub(LINES);
    let note = if more > 0 { format!("<p class=\"note\">{more} more lines are in the CSV report.</p>\n") } else { String::new() };
    out + "</tbody>\n</table>\n</div>\n" + &note + "</section>\n"
}

fn cell(out: &mut String, class: &str, content: &str) {
    // Writing to a String cannot fail.
    let _ = if class.is_empty() { write!(out, "<td>{content}</td>") } else { write!(out, "<td class=\"{class}\">{content}</td>") };
}

fn number(written: Option<&str>, tag: &str) -> String {
    written.map_or_else(|| format!("no number #{tag}"), escape)
}

fn muted(caller: &Attendance) -> String {
    match caller.mutes {
        0 => String::new(),
        1 => lasted(caller.muted_millis),
        times => format!("{times} × {}", lasted(caller.muted_millis)),
    }
}

/// A count, where there is something to count.
fn some(count: usize) -> String {
    if count == 0 { String::new() } else { count.to_string() }
}
