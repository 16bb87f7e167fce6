//! `confmod rehearse`: the rehearsal provider alone.

use std::process::ExitCode;

use super::{RehearseArgs, fail};

/// Runs until it is stopped.
pub fn run(_args: &RehearseArgs) -> ExitCode {
    fail("the rehearsal is missing from this build; use one that has it", 1)
}
