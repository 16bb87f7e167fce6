//! How long the long tests run, and where they tell their figures.
//!
//! The same test runs shortened in the gate and in full with `CONFMOD_FULL=1`, so that both look for the same
//! fault. What it counted goes into a file that `tests/promises.sh` prints.

use std::fmt::Display;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Whether the long runs are asked for.
pub fn full() -> bool {
    std::env::var_os("CONFMOD_FULL").is_some_and(|value| value == "1")
}

/// How many of something: the first in the gate, the second in a full run.
pub fn pick<T>(short: T, long: T) -> T {
    if full() { long } else { short }
}

/// The figures of one test, told when it has held.
#[derive(Debug)]
#[must_use = "figures that are not told are lost"]
pub struct Figures {
    promise: &'static str,
    parts: Vec<String>,
}

impl Figures {
    /// Figures for a promise, in a few words: the line begins with them.
    pub fn of(promise: &'static str) -> Self {
        Self { promise, parts: Vec::new() }
    }

    /// One figure and what it counts: `200 rounds`.
    pub fn with(mut self, figure: impl Display, what: &str) -> Self {
        self.parts.push(format!("{figure} {what}"));
        self
    }

    /// Writes the line where the last run's line of the same promise is, and on standard error.
    pub fn tell(self) {
        let line = format!("{}: {}\n", self.promise, self.parts.join(", "));
        let directory = directory();
        fs::create_dir_all(&directory).expect("a folder for figures");
        let name: String = self.promise.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(directory.join(name)).expect("a file for figures");
        file.write_all(line.as_bytes()).expect("figures written");
        let _ = std::io::stderr().write_all(line.as_bytes());
    }
}

fn directory() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(if full() { "figures-full" } else { "figures" })
}
