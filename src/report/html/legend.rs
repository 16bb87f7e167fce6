//! What the signs of the drawings mean.

use std::fmt::Write as _;

use crate::conference::{Action, Outcome};
use crate::report::record::Report;

/// The pattern that makes muted stretches differ without colour; the page has it once.
pub(super) const DEFINITIONS: &str = "<defs><pattern id=\"hatching\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\" \
    patternTransform=\"rotate(45)\"><path class=\"hatch\" d=\"M0 0V5\"/></pattern></defs>\n";

/// The sign of a bar.
pub(super) fn bar(class: &str) -> String {
    format!("<rect class=\"{class}\" x=\"1\" y=\"3\" width=\"20\" height=\"9\" rx=\"2\"/>")
}

/// The sign of a muted stretch.
pub(super) fn muted_bar() -> String {
    bar("muted") + &bar("hatched")
}

/// A sign, whether it is used, and what it means.
pub(super) type Sign = (bool, String, &'static str);

/// The signs that are used.
pub(super) fn legend(signs: &[Sign]) -> String {
    let mut out = String::from("<ul class=\"legend\">\n");
    for (_, sign, word) in signs.iter().filter(|(there, ..)| *there) {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "<li><svg viewBox=\"0 0 22 14\" aria-hidden=\"true\">{sign}</svg>{word}</li>");
    }
    out + "</ul>\n"
}

/// The signs of the timeline.
pub(super) fn signs(report: &Report) -> String {
    let asked = |action: Action| report.asks.iter().any(|ask| ask.action == action);
    let failed = report.asks.iter().any(|ask| !matches!(ask.outcome, None | Some(Outcome::Accepted)));
    let hand = "<g class=\"hand\"><rect x=\"4\" y=\"7\" width=\"17\" height=\"2\"/><path d=\"M0.5 9l3.5 -5l3.5 5z\"/></g>";
    legend(&[
        (true, bar("in"), "in"),
        (report.attendance.iter().any(|caller| caller.mutes > 0), muted_bar(), "muted"),
        (report.attendance.iter().any(|caller| caller.hands > 0), hand.to_owned(), "hand up"),
        (asked(Action::Mute), "<path class=\"mark mute\" d=\"M6.5 3.5h9l-4.5 8z\"/>".to_owned(), "mute asked"),
        (asked(Action::Unmute), "<path class=\"mark unmute\" d=\"M6.5 11.5h9l-4.5 -8z\"/>".to_owned(), "unmute asked"),
        (asked(Action::Kick), "<path class=\"mark kick\" d=\"M7 3.5l8 8m0 -8l-8 8\"/>".to_owned(), "kick asked"),
        (failed, "<path class=\"mark failed\" d=\"M6.5 3.5h9l-4.5 8z\"/>".to_owned(), "not accepted"),
        (!report.gaps.is_empty(), "<rect class=\"gap\" x=\"4\" y=\"0\" width=\"14\" height=\"14\"/>".to_owned(), "not known"),
    ])
}
