//! `confmod completions`: what a shell needs to complete the command line.

use std::process::ExitCode;

use clap::CommandFactory;

use super::{Cli, CompletionsArgs, print};

/// Prints the completions of one shell.
pub fn run(args: &CompletionsArgs) -> ExitCode {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "confmod", &mut script);
    print(&String::from_utf8_lossy(&script))
}
