//! Reports: who was in a conference and for how long, who asked for what, and when nobody listened; folded
//! from the journal, as CSV, JSON Lines or one HTML page.
//!
//! This front file is what a report is of and what it is written from; `collect` watches the roster's fold,
//! `record` is what a report holds, the other children write it. Nothing in here changes a journal.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use jiff::tz::TimeZone;

use crate::conference::event::Seq;
use crate::conference::{ConferenceId, Moment};
use crate::journal::{History, ReadError};

mod asks;
mod collect;
mod file;
mod finish;
mod gaps;
mod html;
mod modes;
mod record;
mod rows;
mod track;

pub use file::{write, write_html};
pub use html::page;
pub use record::{Ask, Attendance, Ending, Gap, ModeHeld, Report, Span};
pub use rows::{csv, json_lines};

/// Events that are read at a time: few enough that the journal's writer can tidy up between.
const CHUNK: usize = 1_000;

/// How much later than it was made an answer to an ask may have been written down.
const ANSWER_SLACK: Duration = Duration::from_mins(5);

/// What a report is of.
#[derive(Clone, Debug)]
pub struct Options {
    /// The conference; none takes all of them.
    pub conference: Option<ConferenceId>,
    /// From when on; none goes back to the journal's beginning.
    pub since: Option<Moment>,
    /// Up to when; the present when nothing else is wanted.
    pub until: Moment,
    /// How long a call may be silent before it is `stale`.
    pub stale_after: Duration,
    /// How much earlier than `since` calls may have joined that were in then.
    pub look_back: Duration,
    /// Whether the digits of anything like a phone number are hidden.
    pub mask: bool,
    /// The clock that people read the page by. CSV and JSON are in UTC.
    pub zone: TimeZone,
}

/// Why there is no report. Each says what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The journal could not be read.
    Read(ReadError),
    /// The conference is not in the journal in this time; those that are.
    NoConference {
        /// The one that was asked for.
        wanted: String,
        /// The others, in order.
        known: Vec<String>,
    },
    /// A file could not be written.
    File {
        /// The file or its folder.
        path: PathBuf,
        /// What the system said.
        why: String,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(error) => write!(f, "{error}; nothing was written, and the journal is as it was"),
            Self::NoConference { wanted, known } if known.is_empty() => {
                write!(
                    f,
                    "there is no conference {wanted} in the journal in this time, and no other one; check --since, --until and --journal"
                )
            }
            Self::NoConference { wanted, known } => {
                let more = if known.len() > LISTED { format!(" and {} more", known.len() - LISTED) } else { String::new() };
                let known = known.iter().take(LISTED).map(String::as_str).collect::<Vec<_>>().join(", ");
                write!(f, "there is no conference {wanted} in the journal in this time; there is {known}{more}")
            }
            Self::File { path, why } => {
                let path = crate::text::clean(&path.to_string_lossy(), 1_024);
                write!(f, "writing the report to {path}: {why}; name another place, or make this one yours")
            }
        }
    }
}

impl std::error::Error for Error {}

impl From<ReadError> for Error {
    fn from(error: ReadError) -> Self {
        Self::Read(error)
    }
}

/// Conferences that an error lists.
const LISTED: usize = 10;

/// Reads a report from a journal, in chunks: no more of its events are in memory at a time.
///
/// The facts that stand (names) are taken from the whole journal: who somebody was is known better later.
pub fn collect(history: &dyn History, options: &Options) -> Result<Report, Error> {
    let mut collector = collect::Collector::new(options);
    let mut last = match options.since {
        Some(since) => history.before(since.minus(options.look_back))?,
        None => Seq(0),
    };
    let end = history.last()?;
    for fact in history.standing(last)? {
        collector.stood(&fact);
    }
    let enough = history.before(options.until.plus(ANSWER_SLACK * 2))?;
    while last < end {
        let events = history.read(last, CHUNK)?;
        let Some(event) = events.last() else { break };
        last = event.seq;
        for event in &events {
            collector.take(event);
        }
        if last > enough {
            break;
        }
    }
    for fact in history.standing(end)? {
        collector.stands(&fact);
    }
    collector.finish()
}

#[cfg(test)]
mod tests;
