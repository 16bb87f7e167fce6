//! `confmod config`: the settings in force.

use std::process::ExitCode;

use super::print;
use crate::config::Loaded;
use crate::config::error::shown;

/// Prints the settings, after a line that says which file was read.
pub fn run(loaded: &Loaded) -> ExitCode {
    let head = match &loaded.file {
        Some(file) => format!("# The settings in force. The file that was read is {}\n", shown(file)),
        None => "# The settings in force. There is no configuration file.\n".to_owned(),
    };
    print(&(head + &loaded.show()))
}
