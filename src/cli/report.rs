//! `confmod report`: attendance and audit from the journal. Reads only, so it can run beside the console.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::ValueEnum;
use jiff::tz::TimeZone;

use super::{ConferenceArg, FileArg, JournalArg, NatsArg, WRONG, complain, fail, kept, print_bytes, time};
use crate::conference::Moment;
use crate::config::{Config, check};
use crate::journal::now;
use crate::report::{self, Error, Options, Report};

/// `confmod report`
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    #[command(flatten)]
    pub(super) conference: ConferenceArg,
    /// From when on: a local time such as 2026-11-22T14:00, or an age such as 2h
    #[arg(long, value_name = "T")]
    pub since: Option<String>,
    /// Up to when, likewise; the present when it is not given
    #[arg(long, value_name = "T")]
    pub until: Option<String>,
    /// What to write
    #[arg(long, value_enum, default_value = "csv")]
    pub format: Format,
    /// One line for each ask instead of attendance; in JSON, asks and gaps alone
    #[arg(long)]
    pub audit: bool,
    /// Hide the digits of anything like a phone number
    #[arg(long)]
    pub mask: bool,
    /// The file to write, private to you, instead of the standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    #[command(flatten)]
    pub(super) journal: JournalArg,
    #[command(flatten)]
    pub(super) nats: NatsArg,
    #[command(flatten)]
    pub(super) file: FileArg,
}

/// What a report can be written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A table for spreadsheets
    Csv,
    /// JSON Lines: one object a line
    Json,
    /// One page to look at, with a timeline
    Html,
}

/// Writes the report; the exit code is 2 for a time or a conference that there is not, 1 when the journal
/// cannot be read or the report cannot be written.
pub fn run(config: &Config, conference: Option<&str>, args: &Args) -> ExitCode {
    let options = match options(config, conference, args, now(), &TimeZone::system()) {
        Ok(options) => options,
        Err(sentence) => return fail(&sentence, WRONG),
    };
    let journal = match kept::open(config) {
        Ok(journal) => journal,
        Err((sentence, code)) => return fail(&sentence, code),
    };
    match report::collect(&*journal.history(), &options) {
        Ok(report) => {
            if report.attendance.is_empty() && report.asks.is_empty() {
                let name = kept::name(config);
                complain(&format!("the journal {name} tells of nobody in a conference in this time: the report is empty"));
            }
            deliver(&report, args)
        }
        Err(error) => fail(&error.to_string(), if matches!(error, Error::NoConference { .. }) { WRONG } else { 1 }),
    }
}

fn deliver(report: &Report, args: &Args) -> ExitCode {
    let content = match content(report, args) {
        Ok(content) => content,
        Err(error) => return fail(&format!("making the report: {error}"), 1),
    };
    match args.output.as_deref().filter(|path| *path != Path::new("-")) {
        None => print_bytes(&content),
        Some(path) => match report::write(path, &content) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => fail(&error.to_string(), 1),
        },
    }
}

fn content(report: &Report, args: &Args) -> std::io::Result<Vec<u8>> {
    let mut content = Vec::new();
    match args.format {
        Format::Csv => report::csv(report, args.audit, &mut content)?,
        Format::Json => report::json_lines(report, args.audit, &mut content)?,
        Format::Html => content = report::page(report).into_bytes(),
    }
    Ok(content)
}

fn options(config: &Config, conference: Option<&str>, args: &Args, now: Moment, zone: &TimeZone) -> Result<Options, String> {
    let conference = conference.map(check::validate_conference).transpose().map_err(|sentence| format!("--conference: {sentence}"))?;
    let read = |flag: &str, given: &Option<String>| {
        given.as_deref().map(|text| time::moment(text, now, zone).map_err(|sentence| format!("{flag}: {sentence}"))).transpose()
    };
    let (since, until) = (read("--since", &args.since)?, read("--until", &args.until)?.unwrap_or(now));
    if since.is_some_and(|since| since >= until) {
        return Err(
            "--since is not before --until (which is the present when it is not given), so there is nothing between; mend one".into()
        );
    }
    Ok(Options {
        conference: conference.as_deref().map(Into::into),
        since,
        until,
        stale_after: config.stale_after,
        look_back: config.look_back(),
        mask: args.mask,
        zone: zone.clone(),
    })
}
