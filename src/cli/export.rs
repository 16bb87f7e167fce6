//! `confmod export`: the whole of a shared journal into a file of its own. Events keep the numbers that they have in the stream.

use std::path::PathBuf;
use std::process::ExitCode;

use super::progress::{Progress, ended_by};
use super::{FileArg, NatsArg, WRONG, fail, import, print};
use crate::config::error::shown;
use crate::config::{Config, Shared};
use crate::journal::nats::{Export, Settings};
use crate::journal::sqlite::Make;

/// `confmod export`
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    /// The journal to make; it must not be there yet
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    #[command(flatten)]
    pub(super) nats: NatsArg,
    #[command(flatten)]
    pub(super) file: FileArg,
}

/// Exports; the exit code is 2 where no server is named, 1 when it could not be done, 128+n after signal n.
pub fn run(config: &Config, args: &Args) -> ExitCode {
    let Some(shared) = &config.nats else { return fail(import::NO_SERVER, WRONG) };
    match export(config, shared, args) {
        Ok(said) => print(&said),
        Err((sentence, code)) => fail(&sentence, code),
    }
}

fn export(config: &Config, shared: &Shared, args: &Args) -> Result<String, (String, u8)> {
    let wrong = |error: &dyn std::fmt::Display| (error.to_string(), 1);
    let mut progress = Progress::begin().map_err(|error| wrong(&format!("listening to signals: {error}")))?;
    // First what costs nobody anything.
    let mut journal = Make::begin(&args.output).map_err(|error| {
        let sentence = error.to_string().replace("opening the journal", "making the journal").replace(" with --journal", " with -o");
        (sentence, 1)
    })?;
    let mut stream = Export::open(Settings::from_config(shared, config.retention)).map_err(|error| wrong(&error))?;
    progress.now("exported", stream.total());
    let mut count = 0;
    while let Some(entries) = stream.read().map_err(|error| wrong(&format!("{error}; nothing was written, and once more begins anew")))? {
        journal.write(&entries).map_err(|error| wrong(&error))?;
        count += entries.len();
        if let Some(signal) = progress.more(entries.len()) {
            return Err(("it was ended before all was there, and nothing was kept".to_owned(), ended_by(signal)));
        }
    }
    journal.finish().map_err(|error| wrong(&error))?;
    let broken = import::passed_over(stream.broken());
    Ok(format!("{count} events of {} are in {}{broken}\n", shared.stream, shown(&args.output)))
}
