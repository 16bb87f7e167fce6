//! `confmod demo`: the console against the rehearsal provider.

use std::process::ExitCode;

use super::{DemoArgs, fail};
use crate::config::Config;

/// Runs until the moderator quits. The configuration holds no secret and nothing of a real installation.
pub fn run(_config: Config, _args: &DemoArgs) -> ExitCode {
    fail("the demo is missing from this build; use one that has it", 1)
}
