//! The binary: reads the command line, and lets the library do it.

use std::process::ExitCode;

use clap::Parser;
use confmod::cli::{Cli, execute};

fn main() -> ExitCode {
    execute(Cli::parse())
}
