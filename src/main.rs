//! The binary: reads the command line, and lets the library do it.

use std::process::ExitCode;

use confmod::cli::{execute, read};

fn main() -> ExitCode {
    read().map_or_else(|code| code, execute)
}
