//! Small things to write: escaped text, times on people's clock, durations.

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use crate::conference::Moment;
use crate::report::record::Report;

/// Text as it may stand anywhere in the page, between tags and in quoted attributes.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// The clock that people read the page by.
#[derive(Clone, Debug)]
pub(super) struct Clock {
    zone: TimeZone,
    /// Whether the page is about more than one day of this clock.
    pub(super) days: bool,
    until: Moment,
}

impl Clock {
    pub(super) fn new(report: &Report) -> Self {
        let mut clock = Self { zone: report.zone.clone(), days: false, until: report.until };
        let starts = report.attendance.iter().map(|caller| caller.joined).chain(report.asks.iter().map(|ask| ask.at));
        let ends = report.attendance.iter().filter_map(|caller| caller.spans.last()).map(|span| span.to);
        let first = starts.clone().min().unwrap_or_default();
        let last = starts.chain(ends).max().unwrap_or_default();
        clock.days = clock.local(first).date() != clock.local(last).date();
        clock
    }

    /// A moment as this clock shows it.
    pub(super) fn local(&self, at: Moment) -> Zoned {
        Timestamp::from_millisecond(at.0).unwrap_or_default().to_zoned(self.zone.clone())
    }

    /// `14:05`
    pub(super) fn time(&self, at: Moment) -> String {
        self.local(at).strftime("%H:%M").to_string()
    }

    /// `22 November 2026`
    pub(super) fn date(&self, at: Moment) -> String {
        self.local(at).strftime("%-d %B %Y").to_string()
    }

    /// `14:05:09`, with the day before it where the page is about several.
    pub(super) fn stamp(&self, at: Moment) -> String {
        self.local(at).strftime(if self.days { "%-d %b %H:%M:%S" } else { "%H:%M:%S" }).to_string()
    }

    /// Its name.
    pub(super) fn zone(&self) -> String {
        let name = self.zone.iana_name().map(|name| name.trim_start_matches("Etc/").to_owned());
        name.unwrap_or_else(|| self.local(self.until).strftime("UTC%:z").to_string())
    }
}

/// A duration as people say it: `1 h 05 min`, `4 min 10 s`, `35 s`.
pub(super) fn lasted(millis: u64) -> String {
    let seconds = millis / 1_000;
    match (seconds / 3_600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds:02} s"),
        (hours, minutes, _) => format!("{hours} h {minutes:02} min"),
    }
}
