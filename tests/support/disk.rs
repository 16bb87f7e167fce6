//! A disk that is watched and can be broken while the program runs: the driver of `disk.c`.
//!
//! What was done to it comes out as a list of [`Record`]s in the order in which it was done.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::home::Home;
use super::pty::Setup;

/// The library, its control file and its trace; beside the home that it watches, not in it.
pub struct Disk {
    folder: TempDir,
    root: PathBuf,
}

/// One thing that was done, in the words of `disk.c`.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// What was done.
    pub kind: &'a str,
    /// The offset, the size or the descriptor.
    pub number: u64,
    /// The file or folder.
    pub path: &'a str,
    /// What was written, asked or answered.
    pub bytes: &'a [u8],
}

impl Disk {
    /// Makes the library that watches everything in a home. Needs `cc`: ask `tools::require("cc")` first.
    pub fn below(home: &Home) -> Self {
        let folder = tempfile::Builder::new().prefix("confmod-disk-").tempdir().expect("a folder");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/disk.c");
        let built = Command::new("cc")
            .args(["-Wall", "-Wextra", "-Werror", "-O1", "-shared", "-fPIC", "-pthread", "-o"])
            .arg(folder.path().join("disk.so"))
            .arg(source)
            .output()
            .expect("cc runs");
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        Self { folder, root: home.path().to_owned() }
    }

    /// The program on this disk. What is done to it is written down from now on.
    pub fn under(&self, setup: Setup) -> Setup {
        self.sound(setup).env("DISK_TRACE", self.trace_file())
    }

    /// The program on this disk without a trace: for long runs of which only the faults matter.
    pub fn sound(&self, setup: Setup) -> Setup {
        setup
            .env("LD_PRELOAD", self.folder.path().join("disk.so"))
            .env("DISK_ROOT", &self.root)
            .env("DISK_FAULTS", self.folder.path().join("faults"))
    }

    /// From now on these calls fail: lines as `disk.c` says. Replaces what was said before.
    pub fn breaks(&self, lines: &[&str]) {
        // In one go: the program may look at any time.
        let beside = self.folder.path().join("faults.new");
        fs::write(&beside, lines.join("\n") + "\n").expect("faults");
        fs::rename(beside, self.folder.path().join("faults")).expect("faults");
    }

    /// From now on all is well.
    pub fn heals(&self) {
        self.breaks(&[]);
    }

    /// The trace so far; [`records`] takes it apart.
    pub fn trace(&self) -> Vec<u8> {
        fs::read(self.trace_file()).expect("a trace")
    }

    fn trace_file(&self) -> PathBuf {
        self.folder.path().join("trace")
    }
}

/// What a trace holds. A record that was cut off at its end, by a kill, is left out.
pub fn records(trace: &[u8]) -> Vec<Record<'_>> {
    let mut found = Vec::new();
    let mut rest = trace;
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let head = std::str::from_utf8(&rest[..end]).expect("a line of text");
        let parts: Vec<_> = head.splitn(4, ' ').collect();
        let [kind, number, length, path] = parts[..] else { panic!("no record: {head:?}") };
        let (number, length): (u64, usize) = (number.parse().expect("a number"), length.parse().expect("a length"));
        let Some(bytes) = rest.get(end + 1..end + 1 + length) else { break };
        found.push(Record { kind, number, path, bytes });
        rest = &rest[end + 1 + length..];
    }
    found
}
