//! Programs that some tests need and a machine may lack.

use std::io::Write;
use std::path::Path;

/// Whether the tool is there. When it is not, the test that asks says so by name and is to return at once:
/// it counts as left out. With `CONFMOD_ALL_TOOLS=1`, as the gate sets it, a missing tool is a failure.
#[must_use]
pub fn require(tool: &str) -> bool {
    if is_there(tool) {
        return true;
    }
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    let sentence = format!("left out: {test} needs {tool}");
    assert!(
        std::env::var_os("CONFMOD_ALL_TOOLS").is_none_or(|value| value != "1"),
        "{sentence}, and CONFMOD_ALL_TOOLS=1 allows none to be missing"
    );
    // Not `eprintln!`: the harness would keep the line of a passing test to itself.
    let _ = writeln!(std::io::stderr(), "{sentence}");
    false
}

/// Whether there is such a program.
pub fn is_there(tool: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|directory| is_program(&directory.join(tool)))
}

fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}
