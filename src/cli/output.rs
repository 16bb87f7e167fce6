//! Standard output and standard error: what is said where, and with which exit code.

use std::io::{self, Write};
use std::process::ExitCode;

use crate::text;

/// The exit code for wrong usage or configuration.
pub const WRONG: u8 = 2;

/// Writes to stdout what can be shown of a text, and says so when that fails.
///
/// A reader that has gone away (`confmod config | head -1`) has what it wanted: that is no failure.
pub fn print(text: &str) -> ExitCode {
    print_bytes(text::sweep(text).as_bytes())
}

/// Like [`print()`], for what was made as bytes.
pub fn print_bytes(bytes: &[u8]) -> ExitCode {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => fail(&format!("writing to the standard output failed ({error}); send it somewhere else"), 1),
    }
}

/// Says something on stderr, as far as it can be shown: some of it may be a path, or what the system said of one.
pub fn complain(sentence: &str) {
    // When even stderr is gone, the exit code is all that is left to say.
    let _ = writeln!(io::stderr(), "confmod: {}", text::sweep(sentence.trim_end()));
}

/// Says on stderr what went wrong, and gives the exit code for it.
pub fn fail(sentence: &str, code: u8) -> ExitCode {
    complain(sentence);
    ExitCode::from(code)
}
