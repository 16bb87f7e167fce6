//! The headline figures.

use std::fmt::Write as _;

use super::counts::most;
use super::words::{Clock, lasted};
use crate::conference::{Action, Outcome};
use crate::report::record::{Ending, Report, Span};

pub(super) fn draw(report: &Report, clock: &Clock, busy: &[Span]) -> String {
    if report.attendance.is_empty() {
        return String::new();
    }
    let mut figures: Vec<(String, String)> = vec![("callers".into(), number(report.attendance.len()))];
    let (peak, at) = most(report);
    figures.push((format!("most at once ({})", clock.time(at)), number(peak)));
    let busy: u64 = busy.iter().copied().map(Span::written).sum();
    figures.push(("with callers in".into(), units(&lasted(busy))));
    let mut times: Vec<_> = report.attendance.iter().map(|caller| caller.millis).collect();
    times.sort_unstable();
    figures.push(("median time in".into(), units(&lasted(times[(times.len() - 1) / 2]))));
    let hands: usize = report.attendance.iter().map(|caller| caller.hands).sum();
    figures.push((if hands == 1 { "hand raised" } else { "hands raised" }.into(), number(hands)));
    let muted = report.attendance.iter().filter(|caller| caller.mutes > 0).count();
    figures.push((if muted == 1 { "caller muted" } else { "callers muted" }.into(), number(muted)));
    let kicks = report.asks.iter().filter(|ask| ask.action == Action::Kick && ask.outcome == Some(Outcome::Accepted)).count();
    let kicked = report.attendance.iter().filter(|caller| caller.outcome == Ending::Kicked).count();
    if kicks > 0 || kicked > 0 {
        figures.push((if kicks == 1 { "kick" } else { "kicks" }.into(), number(kicks)));
    }
    let failed = report.asks.iter().filter(|ask| !matches!(ask.outcome, None | Some(Outcome::Accepted | Outcome::NotSent))).count();
    let asks = if failed > 0 { format!("asks, {} not accepted", number(failed)) } else { "asks".to_owned() };
    figures.push((asks, number(report.asks.len())));
    let mut out = String::from("<dl class=\"figures\">\n");
    for (name, value) in figures {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "<div><dt>{name}</dt><dd>{value}</dd></div>");
    }
    out + "</dl>\n"
}

/// A number with its thousands apart.
fn number(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A duration with its units set smaller.
fn units(lasted: &str) -> String {
    let words = lasted.split(' ').enumerate();
    words.map(|(place, word)| if place % 2 == 0 { word.to_owned() } else { format!("<small>\u{202f}{word}</small> ") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(number), ["0", "999", "1,000", "1,234,567"]);
    }
}
