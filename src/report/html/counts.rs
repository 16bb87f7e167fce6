//! How many were in, over time.

use std::fmt::Write as _;

use super::axis::{Axis, LEFT, RIGHT, WIDTH};
use super::legend::{DEFINITIONS, bar, legend, muted_bar};
use super::words::Clock;
use crate::conference::Moment;
use crate::report::record::{Report, Span};

/// The height of the plot.
const HEIGHT: f64 = 120.0;

/// Steps that are drawn; within one the most counts.
const STEPS: usize = 456;

/// How many were in and how many of them muted, from each moment on at which that changed.
fn course(report: &Report) -> Vec<(Moment, i64, i64)> {
    let mut changes: Vec<(Moment, i64, i64)> = Vec::new();
    let mut add = |spans: &[Span], inside: i64, muted: i64| {
        for span in spans {
            changes.push((span.from, inside, muted));
            changes.push((span.to, -inside, -muted));
        }
    };
    for caller in &report.attendance {
        add(&caller.spans, 1, 0);
        add(&caller.muted, 0, 1);
    }
    changes.sort_by_key(|(at, ..)| *at);
    let mut course: Vec<(Moment, i64, i64)> = Vec::new();
    let (mut inside, mut muted) = (0, 0);
    for (at, more_inside, more_muted) in changes {
        (inside, muted) = (inside + more_inside, muted + more_muted);
        match course.last_mut() {
            Some(last) if last.0 == at => *last = (at, inside, muted),
            _ => course.push((at, inside, muted)),
        }
    }
    course
}

/// The most that were in at once, and when that began.
pub(super) fn most(report: &Report) -> (usize, Moment) {
    let most = course(report).into_iter().rev().max_by_key(|(_, inside, _)| *inside);
    most.map_or((0, Moment::default()), |(at, inside, _)| (usize::try_from(inside).unwrap_or(0), at))
}

pub(super) fn draw(report: &Report, clock: &Clock, axis: &Axis) -> String {
    let course = course(report);
    let (peak, at) = most(report);
    if peak == 0 {
        return String::new();
    }
    let width = (RIGHT - LEFT) / STEPS as f64;
    let step = |at: Moment| (((axis.x(at) - LEFT) / width) as usize).min(STEPS - 1);
    let mut steps = vec![(0, 0); STEPS];
    for pair in course.windows(2) {
        let (from, inside, muted) = pair[0];
        for shown in &mut steps[step(from)..=step(pair[1].0)] {
            *shown = (shown.0.max(inside), shown.1.max(muted));
        }
    }
    let head = Axis::head(clock);
    let bottom = head + HEIGHT;
    let top = nice(peak);
    let y = |count: i64| bottom - HEIGHT * count as f64 / top as f64;
    let area = |count: fn(&(i64, i64)) -> i64| {
        let mut path = format!("M{LEFT:.1} {bottom}");
        let mut before = 0;
        for (place, shown) in steps.iter().enumerate() {
            let now = count(shown);
            if now != before {
                // Writing to a String cannot fail.
                let _ = write!(path, "H{:.1}V{:.1}", LEFT + width * place as f64, y(now));
                before = now;
            }
        }
        format!("{path}H{RIGHT:.1}V{bottom}Z")
    };
    let mut out = format!(
        "<section class=\"figure\">\n<h2>Callers in</h2>\n<p class=\"note\">At most {peak}, at {}.</p>\n{}\
         <div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Callers in, over time\">\n\
         <svg class=\"counts\" viewBox=\"0 0 {WIDTH} {:.0}\" role=\"img\" aria-labelledby=\"counts-title\">\n\
         <title id=\"counts-title\">Callers in over time: at most {peak}, at {}</title>\n",
        clock.time(at),
        legend(&[(true, bar("in"), "in"), (report.attendance.iter().any(|caller| caller.mutes > 0), muted_bar(), "of them muted")]),
        bottom + 6.0,
        clock.time(at),
    );
    let lines = if top.is_multiple_of(2) { vec![0, top / 2, top] } else { vec![0, top] };
    for count in lines {
        let y = y(count as i64);
        let _ = writeln!(out, "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{RIGHT}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>");
        let _ = writeln!(out, "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{count}</text>", LEFT - 10.0, y + 4.0);
    }
    out += DEFINITIONS;
    out += &axis.draw(clock, head, bottom);
    let _ = writeln!(out, "<path class=\"in\" d=\"{}\"/>", area(|(inside, _)| *inside));
    for class in ["muted", "hatched"] {
        let _ = writeln!(out, "<path class=\"{class}\" d=\"{}\"/>", area(|(_, muted)| *muted));
    }
    out + "</svg>\n</div>\n</section>\n"
}

/// The next number that a scale ends on well.
fn nice(peak: usize) -> usize {
    let mut unit = 1;
    loop {
        for step in [1, 2, 3, 4, 5, 6, 8] {
            if step * unit >= peak {
                return step * unit;
            }
        }
        unit *= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_end_on_numbers_that_people_read() {
        assert_eq!([1, 3, 7, 9, 19, 23, 250, 5_000, 5_001].map(nice), [1, 3, 8, 10, 20, 30, 300, 5_000, 6_000]);
    }
}
