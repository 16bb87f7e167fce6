//! The time axis that the drawings share. Long stretches with nobody in are cut out, so that a week of
//! conferences does not become a week of nothing.

use std::fmt::Write as _;

use super::words::{Clock, lasted};
use crate::conference::Moment;
use crate::report::record::Span;

/// The width of a drawing in its own units; the page scales it.
pub(super) const WIDTH: f64 = 1_096.0;

/// Where the plot begins: names stand before it.
pub(super) const LEFT: f64 = 176.0;

/// Where the plot ends.
pub(super) const RIGHT: f64 = WIDTH - 20.0;

/// Shorter times with nobody in are drawn as they are. Milliseconds.
const LEAST_BREAK: u64 = 30 * 60_000;

/// Breaks at most, the longest first.
const BREAKS: usize = 11;

/// How wide a break is drawn.
const BREAK: f64 = 20.0;

/// The least distance between the labels of two ticks.
const APART: f64 = 52.0;

/// Ticks at most, about.
const TICKS: i64 = 14;

/// What people count time by, in seconds.
const STEPS: [i64; 15] = [10, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 604_800];

/// One stretch of time without a break.
#[derive(Clone, Copy, Debug)]
struct Piece {
    time: Span,
    x: (f64, f64),
}

/// From moments to places on the page.
#[derive(Clone, Debug)]
pub(super) struct Axis(Vec<Piece>);

impl Axis {
    /// An axis for the times in which anybody was in, in order and apart from each other.
    pub(super) fn new(busy: &[Span]) -> Self {
        let (Some(first), Some(last)) = (busy.first(), busy.last()) else { return Self(Vec::new()) };
        let mut breaks: Vec<Span> = busy.windows(2).map(|pair| Span { from: pair[0].to, to: pair[1].from }).collect();
        breaks.retain(|span| span.millis() >= LEAST_BREAK);
        breaks.sort_by_key(|span| std::cmp::Reverse(span.millis()));
        breaks.truncate(BREAKS);
        breaks.sort_by_key(|span| span.from);
        let mut times = Vec::new();
        let mut from = first.from;
        for span in &breaks {
            times.push(Span { from, to: span.from });
            from = span.to;
        }
        // A conference of one moment still needs a width.
        times.push(Span { from, to: last.to.max(Moment(from.0.saturating_add(1_000))) });
        let whole: f64 = times.iter().map(|span| span.millis().max(1_000) as f64).sum();
        let room = RIGHT - LEFT - BREAK * breaks.len() as f64;
        let mut x = LEFT;
        let pieces = times.into_iter().map(|time| {
            let start = x;
            let end = start + room * (time.millis().max(1_000) as f64 / whole);
            x = end + BREAK;
            Piece { time, x: (start, end) }
        });
        Self(pieces.collect())
    }

    /// The whole time that is drawn; none when nobody was in.
    pub(super) fn span(&self) -> Option<Span> {
        Some(Span { from: self.0.first()?.time.from, to: self.0.last()?.time.to })
    }

    /// Where a moment is. What lies in a break or outside is drawn at the nearest edge.
    pub(super) fn x(&self, at: Moment) -> f64 {
        let Some(piece) = self.0.iter().find(|piece| at <= piece.time.to) else {
            return self.0.last().map_or(LEFT, |piece| piece.x.1);
        };
        let part = at.since(piece.time.from).as_millis() as f64 / piece.time.millis().max(1_000) as f64;
        piece.x.0 + (piece.x.1 - piece.x.0) * part.clamp(0.0, 1.0)
    }

    /// Lines and times between two heights, labels above `top`.
    pub(super) fn draw(&self, clock: &Clock, top: f64, bottom: f64) -> String {
        let mut out = String::new();
        let step = self.step() * 1_000;
        let mut free = f64::MIN;
        let mut day = String::new();
        for (place, piece) in self.0.iter().enumerate() {
            let offset = i64::from(clock.local(piece.time.from).offset().seconds()) * 1_000;
            let first = (piece.time.from.0 + offset).div_euclid(step) * step - offset;
            // Each piece has its beginning labelled where nothing else is.
            let ticks = (0..=TICKS * 4).map(|tick| Moment(first + tick * step)).filter(|at| *at >= piece.time.from && *at <= piece.time.to);
            let begin = (place > 0).then_some(piece.time.from);
            for at in begin.into_iter().chain(ticks) {
                let x = self.x(at);
                // Writing to a String cannot fail.
                let _ = writeln!(out, "<line class=\"grid\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{top}\" y2=\"{bottom}\"/>");
                if x < free {
                    continue;
                }
                let shown = clock.local(at);
                let now = shown.strftime("%-d %b").to_string();
                let text = shown.strftime(if step < 60_000 { "%H:%M:%S" } else { "%H:%M" });
                let _ = writeln!(out, "<text x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\">{text}</text>", top - 9.0);
                if now != day && clock.days {
                    let _ = writeln!(out, "<text x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\">{now}</text>", top - 23.0);
                    day = now;
                }
                free = x + APART;
            }
            if let Some(next) = self.0.get(place + 1) {
                let x = f64::midpoint(piece.x.1, next.x.0);
                let silent = lasted(next.time.from.since(piece.time.to).as_millis() as u64);
                let _ = writeln!(
                    out,
                    "<line class=\"break\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{top}\" y2=\"{bottom}\"><title>{silent} with nobody in</title></line>"
                );
            }
        }
        out
    }

    /// The height that the labels take.
    pub(super) fn head(clock: &Clock) -> f64 {
        if clock.days { 42.0 } else { 26.0 }
    }

    /// Seconds from tick to tick.
    fn step(&self) -> i64 {
        let whole: u64 = self.0.iter().map(|piece| piece.time.millis()).sum();
        let least = i64::try_from(whole / 1_000).unwrap_or(i64::MAX) / TICKS;
        STEPS.into_iter().find(|step| *step >= least).unwrap_or_else(|| least.div_euclid(604_800).saturating_add(1) * 604_800)
    }
}
