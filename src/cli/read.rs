//! The command line, read. What it says of a wrong one repeats words that somebody else may have chosen, so it goes out
//! as everything else does.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

use super::{Cli, WRONG, print};
use crate::text;

/// Reads the command line of this process; where there is nothing to run, the exit code, and what there is to say is said:
/// help and version on stdout, what is wrong on stderr.
///
/// # Errors
/// The exit code: 0 after help, 2 for wrong usage.
pub fn read() -> Result<Cli, ExitCode> {
    Cli::try_parse().map_err(|said| {
        let words = said.render().to_string();
        if !said.use_stderr() {
            return print(&words);
        }
        // When even stderr is gone, the exit code is all that is left to say.
        let _ = io::stderr().write_all(text::sweep(&words).as_bytes());
        ExitCode::from(WRONG)
    })
}
