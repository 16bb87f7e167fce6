//! What the process does before all else, so that nothing of it gets to others by accident.

use rustix::fs::Mode;
use rustix::process::{Resource, Rlimit, setrlimit, umask};

/// Of a core file nothing fits into one byte. Unlike zero, Linux heeds it also where cores go to a program.
const NO_CORE: u64 = 1;

/// Keeps files and memory to the user: whatever is made from here on is for its user alone, whatever the mask
/// was, and a crash leaves no picture of the memory behind, which would hold the user key.
///
/// Must be called before there is a second thread: the mask is the process's.
pub(super) fn guard_process() {
    // The owner's own bits are let through, too: a mask that takes them would make files nobody can open.
    umask(Mode::RWXG | Mode::RWXO);
    // Refused by nobody: a limit may always be lowered.
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(NO_CORE), maximum: Some(NO_CORE) });
}
