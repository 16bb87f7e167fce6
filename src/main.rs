//! The binary: reads the command line, and lets the library do it.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use confmod::cli::{self, Cli};
use confmod::logging;

fn main() -> ExitCode {
    cli::execute(Cli::parse(), |config| {
        if let Err(error) = logging::start(&config.log, config.log_level) {
            // A conference can be moderated without a log, and without a stderr too.
            let _ = writeln!(std::io::stderr(), "confmod: {error}");
        }
    })
}
