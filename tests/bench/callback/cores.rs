//! Who runs on which core: receivers on one, the load on another, so that neither helps itself to the other's.

/// Where receivers run, with all their threads and processes.
pub const RECEIVER: usize = 0;
/// Where the load comes from.
pub const LOAD: usize = 1;

/// Does something on one core. What is started meanwhile stays there.
pub fn on<T>(core: usize, work: impl FnOnce() -> T) -> T {
    let before = pin(core);
    let done = work();
    restore(before);
    done
}

#[cfg(target_os = "linux")]
type Before = Option<rustix::thread::CpuSet>;

/// Stays wherever it is on a machine with one core.
#[cfg(target_os = "linux")]
fn pin(core: usize) -> Before {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

    let before = sched_getaffinity(None).ok()?;
    let mut one = CpuSet::new();
    one.set(core);
    sched_setaffinity(None, &one).ok()?;
    Some(before)
}

#[cfg(target_os = "linux")]
fn restore(before: Before) {
    if let Some(before) = before {
        rustix::thread::sched_setaffinity(None, &before).expect("the cores from before");
    }
}

#[cfg(not(target_os = "linux"))]
type Before = ();

#[cfg(not(target_os = "linux"))]
fn pin(_: usize) -> Before {}

#[cfg(not(target_os = "linux"))]
fn restore((): Before) {}
