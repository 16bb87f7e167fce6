//! `confmod import`: a journal's file into a shared journal. Events get the numbers that the stream gives them, and those that
//! name others name them by the new ones.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use sha2::{Digest as _, Sha256};

use super::progress::{Progress, ended_by};
use super::{FileArg, NatsArg, WRONG, fail, kept, print};
use crate::conference::Moment;
use crate::conference::event::{Answer, Seq, What};
use crate::config::error::shown;
use crate::config::{Config, Shared};
use crate::dispatch::Unanswered;
use crate::journal::entry::{Entry, Numbers};
use crate::journal::nats::{Found, Import, Last, MORE, Settings, Stopped, fits};
use crate::journal::sqlite::{Archive, OpenError, Rows, holder, is_held};
use crate::text::bytes;

/// What is said where no server is named.
pub(super) const NO_SERVER: &str = "no server of a shared journal is named; give --nats nats://127.0.0.1:4222, or set CONFMOD_NATS";

/// How many rows are read at a time.
const CHUNK: usize = 500;

/// `confmod import`
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    /// The journal to read; the one that is configured when none is named
    #[arg(value_name = "FILE")]
    pub journal: Option<PathBuf>,
    /// Only say what would be done
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub(super) nats: NatsArg,
    #[command(flatten)]
    pub(super) file: FileArg,
}

/// A sentence, and the exit code with it.
type Ended = (String, u8);

/// Imports; the exit code is 2 where no server or no journal is named, 1 when it could not be done, 128+n after signal n.
pub fn run(config: &Config, args: &Args) -> ExitCode {
    let Some(shared) = &config.nats else { return fail(NO_SERVER, WRONG) };
    let path = args.journal.as_deref().unwrap_or(&config.journal);
    if path.as_os_str().is_empty() {
        return fail(kept::NOWHERE, WRONG);
    }
    match import(config, shared, path, args.dry_run) {
        Ok(said) => print(&said),
        Err((sentence, code)) => fail(&sentence, code),
    }
}

/// What cannot be brought, in words.
pub(super) fn passed_over(broken: u64) -> String {
    match broken {
        0 => String::new(),
        1 => "; 1 was passed over, because it cannot be read".to_owned(),
        n => format!("; {n} were passed over, because they cannot be read"),
    }
}

/// What a journal holds that is to be brought.
#[derive(Default)]
struct Survey {
    /// What no other journal has: its first event, in short.
    identity: String,
    /// How many events are brought, with the ends of asks that have none.
    count: u64,
    bytes: u64,
    broken: u64,
    first: Moment,
    last: Moment,
    until: Seq,
    ends: Vec<Answer>,
}

fn import(config: &Config, shared: &Shared, path: &Path, dry_run: bool) -> Result<String, Ended> {
    let wrong = |error: &dyn std::fmt::Display| (error.to_string(), 1);
    if is_held(path) {
        let by = holder(path).unwrap_or_else(|| "another process".to_owned());
        return Err((format!("the journal {} is being written by {by}; close that one first", shown(path)), 1));
    }
    let mut progress = Progress::begin().map_err(|error| wrong(&format!("listening to signals: {error}")))?;
    let rows = Archive::open(path).map_err(|error| wrong(&without_flag(&error)))?.rows();
    let survey = survey(&rows, &mut progress)?;
    let (mut stream, found) = Import::open(Settings::from_config(shared, config.retention), !dry_run).map_err(|error| wrong(&error))?;
    let done = begins_behind(&survey, &found, shared)?;
    let missing = survey.count - done;
    if let Some(room) = found.room
        && missing > 0
    {
        let needed = survey.bytes / survey.count * missing;
        if needed > room {
            let sentence = format!(
                "what is to be brought takes about {}, and the stream {} may take {} more; give it more with nats_size before it is made, \
                 or prune the journal first",
                bytes(needed),
                shared.stream,
                bytes(room)
            );
            return Err((sentence, 1));
        }
    }
    let broken = passed_over(survey.broken);
    let ends = match survey.ends.len() {
        0 => String::new(),
        1 => "; 1 ask without an answer has ended with it".to_owned(),
        n => format!("; {n} asks without an answer have ended with it"),
    };
    let there = if done > 0 { format!("; {done} are there already") } else { String::new() };
    if dry_run {
        let words = if found.messages == 0 { "an empty stream" } else { "the stream" };
        return Ok(format!("{missing} events of {} would be brought into {words} {}{there}{broken}\n", shown(path), shared.stream));
    }
    bring(&rows, &survey, &mut stream, done, &found, &mut progress)?;
    Ok(format!("{missing} events of {} are in the stream {}{there}{broken}{ends}\n", shown(path), shared.stream))
}

/// There is no such flag here.
fn without_flag(error: &OpenError) -> String {
    error.to_string().replace(" with --journal", "")
}

/// Looks through the whole journal, without the servers.
fn survey(rows: &Rows, progress: &mut Progress) -> Result<Survey, Ended> {
    let mut survey = Survey::default();
    let mut unanswered = Unanswered::default();
    progress.now("looked through", 0);
    loop {
        let chunk = rows.read(survey.until, CHUNK).map_err(|error| (error.to_string(), 1))?;
        let Some(last) = chunk.last else { break };
        survey.until = last;
        survey.broken += chunk.broken;
        for entry in &chunk.entries {
            let Some(event) = readable(entry) else {
                survey.broken += 1;
                continue;
            };
            if survey.count == 0 {
                (survey.first, survey.identity) = (entry.at, identity(entry));
            }
            if let Some(what) = event {
                unanswered.hear(&crate::conference::event::Event { seq: entry.seq, at: entry.at, what });
            }
            survey.last = survey.last.max(entry.at);
            survey.count += 1;
            survey.bytes += (entry.body.len() + entry.raw.as_ref().map_or(0, String::len)) as u64 + MORE;
        }
        if let Some(signal) = progress.more(chunk.entries.len()) {
            return Err(("it was ended before anything was written".to_owned(), ended_by(signal)));
        }
    }
    survey.ends = unanswered.ends();
    survey.count += survey.ends.len() as u64;
    survey.bytes += survey.ends.len() as u64 * 2 * MORE;
    Ok(survey)
}

/// What an entry tells, where it can be brought at all.
#[allow(clippy::option_option, reason = "cannot be brought, is of a kind that is not known, or is known")]
fn readable(entry: &Entry) -> Option<Option<What>> {
    entry.what().ok().filter(|_| fits(entry))
}

/// A journal by its first event.
fn identity(first: &Entry) -> String {
    let Entry { seq, at, kind, body, .. } = first;
    let digest = Sha256::digest(format!("{} {} {kind} {body}", seq.0, at.0));
    let first = digest.iter().take(8).fold(0, |number: u64, byte| number << 8 | u64::from(*byte));
    format!("{first:016x}")
}

/// Behind how many of a journal's events an import begins: those that are there from an earlier one.
fn begins_behind(survey: &Survey, found: &Found, shared: &Shared) -> Result<u64, Ended> {
    let Some(Last { at, brought, .. }) = &found.last else { return Ok(0) };
    let stream = &shared.stream;
    match brought {
        Some((journal, number)) if *journal == survey.identity && *number <= survey.count => Ok(*number),
        _ if survey.count > 0 && *at < survey.first => Ok(0),
        _ => Err((
            format!(
                "the stream {stream} holds events that are not older than this journal's first, and the order of what happened would be \
                 lost; import into a stream of its own: name another with nats_stream, or remove that one"
            ),
            1,
        )),
    }
}

/// Publishes what is not there yet.
fn bring(rows: &Rows, survey: &Survey, stream: &mut Import, done: u64, found: &Found, progress: &mut Progress) -> Result<(), Ended> {
    let before = stream.next().0 - 1 - done;
    let mut numbers = Numbers::default();
    let mut number = 0;
    let mut put = |stream: &mut Import, mut entry: Entry, what: Option<&What>| -> Result<(), Ended> {
        number += 1;
        numbers.note(entry.seq, Seq(before + number));
        numbers.renumber(&mut entry).map_err(|error| (format!("event {} cannot be read: {error}", entry.seq.0), 1))?;
        if number > done {
            return stream.put(&entry, what, &survey.identity, number).map_err(|stopped| stopped_at(&stopped, number));
        }
        stream.pass(what);
        if number == done && found.last.as_ref().is_some_and(|last| !last.is(&entry)) {
            let sentence = "an earlier import ended in the stream with an event that this journal does not have there: it is another \
                            journal, or was changed since; import into a stream of its own, named with nats_stream";
            return Err((sentence.to_owned(), 1));
        }
        Ok(())
    };
    progress.now("brought", survey.count);
    let mut after = Seq(0);
    while after < survey.until {
        let chunk = rows.read(after, CHUNK).map_err(|error| (error.to_string(), 1))?;
        let Some(last) = chunk.last else { break };
        after = last;
        let count = chunk.entries.len();
        for entry in chunk.entries.into_iter().filter(|entry| entry.seq <= survey.until) {
            if let Some(what) = readable(&entry) {
                put(stream, entry, what.as_ref())?;
            }
        }
        if let Some(signal) = progress.more(count) {
            return Err(("it was ended before all was there; once more goes on where this ended".to_owned(), ended_by(signal)));
        }
    }
    for answer in &survey.ends {
        let what = What::Answered(answer.clone());
        let body = what.body().map_err(|error| (error.to_string(), 1))?;
        let entry = Entry { seq: Seq(Seq::UNRECORDED.0), at: survey.last, kind: what.kind().to_owned(), body, raw: None };
        put(stream, entry, Some(&what))?;
    }
    stream.finish().map_err(|stopped| stopped_at(&stopped, number))
}

fn stopped_at(stopped: &Stopped, number: u64) -> Ended {
    (format!("the import ended at about event {number}: {stopped}"), 1)
}
