//! What a running process takes: memory, descriptors, threads, files. Samples along a run, and whether they are flat.
#![allow(dead_code, reason = "each test file uses a part of this")]
#![allow(unreachable_pub, reason = "inside a test program nothing can be reached from outside")]

use std::fs;
use std::path::Path;

/// One look at a process.
#[derive(Clone, Copy, Debug, Default)]
pub struct Vitals {
    /// Resident memory in KiB.
    pub memory: u64,
    /// Open descriptors.
    pub descriptors: u64,
    /// Threads.
    pub threads: u64,
}

impl Vitals {
    /// Looks at a process; fails the test when it is gone.
    #[track_caller]
    pub fn of(pid: u32) -> Self {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("the process is there");
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("no {name} in {status}"));
            line.split_whitespace().find_map(|word| word.parse().ok()).expect("a number")
        };
        let descriptors = fs::read_dir(format!("/proc/{pid}/fd")).expect("its descriptors").count() as u64;
        Self { memory: field("VmRSS:"), descriptors, threads: field("Threads:") }
    }
}

/// The length of a file in bytes; 0 where there is none.
pub fn length(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |found| found.len())
}

/// The middle one of some values.
pub fn median(values: impl IntoIterator<Item = u64>) -> u64 {
    let mut values: Vec<u64> = values.into_iter().collect();
    values.sort_unstable();
    values[values.len() / 2]
}

/// The medians of the second quarter of a run and of its last one: what comes in with the start is in neither.
pub fn quarters(values: &[u64]) -> (u64, u64) {
    let quarter = values.len() / 4;
    (median(values[quarter..2 * quarter].iter().copied()), median(values[3 * quarter..].iter().copied()))
}
