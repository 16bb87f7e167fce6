//! What a process takes of the machine, as the kernel counts it: memory, descriptors, threads, processor time.

use std::fs;
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit, setrlimit};

/// A process that is looked at from outside.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    pid: i32,
}

impl Load {
    /// Of the process with this id.
    pub fn of(pid: i32) -> Self {
        Self { pid }
    }

    /// Open file descriptors.
    #[track_caller]
    pub fn descriptors(self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.pid)).expect("the process is there").count()
    }

    /// Threads.
    #[track_caller]
    pub fn threads(self) -> u64 {
        self.status("Threads:")
    }

    /// The most memory that it ever held at once, in KiB; without what the kernel keeps for its sockets.
    #[track_caller]
    pub fn most_memory(self) -> u64 {
        self.status("VmHWM:")
    }

    /// Processor time that it took so far, on all processors together.
    #[track_caller]
    pub fn processor_time(self) -> Duration {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid)).expect("the process is there");
        // The name in brackets may hold spaces; what follows it does not.
        let fields: Vec<&str> = stat.rsplit_once(')').expect("a name in brackets").1.split_whitespace().collect();
        let ticks: u64 = fields[11..13].iter().map(|field| field.parse::<u64>().expect("ticks")).sum();
        // Linux counts for user space in hundredths of a second, whatever its own clock does.
        Duration::from_millis(ticks * 10)
    }

    /// Sets how many descriptors it may have; those that it has beyond it stay open.
    pub fn limit_descriptors(self, most: u64) {
        let pid = Pid::from_raw(self.pid).expect("a process id");
        let hard = getrlimit(Resource::Nofile).maximum;
        prlimit(Some(pid), Resource::Nofile, Rlimit { current: Some(most), maximum: hard }).expect("another limit");
    }

    #[track_caller]
    fn status(self, name: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid)).expect("the process is there");
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("{name} in {status}"));
        line.split_whitespace().next().and_then(|figure| figure.parse().ok()).unwrap_or_else(|| panic!("{name}{line}"))
    }
}

/// Lets the test itself hold this many descriptors.
#[track_caller]
pub fn need_descriptors(wanted: u64) {
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|current| current < wanted) {
        let raised = Rlimit { current: Some(wanted), maximum: limit.maximum };
        setrlimit(Resource::Nofile, raised)
            .unwrap_or_else(|error| panic!("this test needs {wanted} descriptors, ulimit -Hn is less: {error}"));
    }
}
