//! What the process does before all else, so that nothing of it gets to others by accident.

use rustix::fs::Mode;
use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit, umask};

/// Of a core file nothing fits into one byte. Unlike zero, Linux heeds it also where cores go to a program.
const NO_CORE: u64 = 1;

/// Keeps files and memory to the user: whatever is made from here on is for its user alone, whatever the mask
/// was, and a crash leaves no picture of the memory behind, which would hold the user key.
///
/// Must be called before there is a second thread: the mask is the process's.
pub(super) fn guard_process() {
    // The owner's own bits are let through, too: a mask that takes them would make files nobody can open.
    umask(Mode::RWXG | Mode::RWXO);
    if setrlimit(Resource::Core, Rlimit { current: Some(NO_CORE), maximum: Some(NO_CORE) }).is_err() {
        // The limit is zero already, and only root may raise it. A file is not made then, but a program that takes
        // cores gets one all the same unless the memory as a whole is declared private.
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}
