//! Measures two things in turn and shows one beside the other.
//!
//! A figure alone says more about the machine than about the program. So each has something measured beside
//! it, in the same run: one round of this, one round of that, and again. The ratio is taken round by round,
//! so that a slow moment of the machine slows both sides of it.
#![allow(dead_code, unreachable_pub, reason = "every benchmark is a program of its own and uses a part of this")]
#![allow(clippy::print_stdout, reason = "the table is what a benchmark is for")]

use std::path::Path;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Rounds of each measurement. Odd, so that the median is one of them.
pub const ROUNDS: usize = 7;

/// What a figure counts, and so how it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Nanoseconds: written in the unit that suits them.
    Time,
    /// Something per second.
    PerSecond,
    /// Bytes.
    Bytes,
}

impl Unit {
    fn write(self, value: f64) -> String {
        match self {
            Self::Time if value < 1e3 => format!("{value:.0} ns"),
            Self::Time if value < 1e6 => format!("{:.1} µs", value / 1e3),
            Self::Time => format!("{:.2} ms", value / 1e6),
            Self::PerSecond => format!("{value:.0}/s"),
            Self::Bytes if value < 10_240.0 => format!("{value:.0} B"),
            Self::Bytes if value < 10_485_760.0 => format!("{:.1} KiB", value / 1024.0),
            Self::Bytes => format!("{:.1} MiB", value / 1_048_576.0),
        }
    }
}

/// What is to be reached.
#[derive(Clone, Copy, Debug)]
pub enum Goal {
    /// A ratio of at least this.
    AtLeast(f64),
    /// A ratio of at most this.
    AtMost(f64),
    /// A figure of at most this, in its own unit.
    Within(f64),
}

/// One measurement: a figure for each round.
pub struct Series {
    name: String,
    unit: Unit,
    rounds: Vec<f64>,
}

impl Series {
    /// A measurement without any round yet.
    pub fn new(name: impl Into<String>, unit: Unit) -> Self {
        Self { name: name.into(), unit, rounds: Vec::new() }
    }

    /// Adds a round's figure.
    pub fn add(&mut self, figure: f64) {
        self.rounds.push(figure);
    }

    /// Adds a round's figure: a place among its times.
    pub fn add_time(&mut self, time: Duration) {
        self.add(nanos(time));
    }

    fn line(&self, ratio: &str) -> Line {
        let (median, min, max) = spread(&self.rounds);
        let [median, min, max] = [median, min, max].map(|value| self.unit.write(value));
        [self.name.clone(), median, min, max, ratio.to_owned(), String::new()]
    }
}

/// Measures one thing and what stands beside it, in turn.
pub fn in_turn(this: (&str, impl FnMut() -> f64), beside: (&str, impl FnMut() -> f64), unit: Unit) -> [Series; 2] {
    let (mut one, mut other) = (Series::new(this.0, unit), Series::new(beside.0, unit));
    let (mut measure, mut measure_beside) = (this.1, beside.1);
    for _ in 0..ROUNDS {
        one.add(measure());
        other.add(measure_beside());
    }
    [one, other]
}

/// A name, median, smallest and largest, the ratio to what stands beside it, and what is to be reached.
type Line = [String; 6];

/// One table, printed at the end, when all is measured.
pub struct Table {
    title: String,
    lines: Vec<Line>,
}

impl Table {
    /// An empty table.
    pub fn new(title: &str) -> Self {
        let head = ["", "median", "min", "max", "ratio (min to max)", "to reach"].map(str::to_owned);
        Self { title: title.to_owned(), lines: vec![head] }
    }

    /// Adds a measurement and what was measured beside it.
    pub fn pair(&mut self, [this, beside]: &[Series; 2]) {
        let ratios: Vec<f64> = this.rounds.iter().zip(&beside.rounds).map(|(this, beside)| this / beside).collect();
        let (median, min, max) = spread(&ratios);
        self.lines.push(this.line(&format!("{median:.2} ({min:.2} to {max:.2})")));
        let mut other = beside.line("");
        other[0].insert_str(0, "  beside ");
        self.lines.push(other);
    }

    /// Adds two measurements, and what their ratio, or the first of them, is to reach.
    pub fn goal(&mut self, pair: &[Series; 2], goal: Goal) {
        let at = self.lines.len();
        self.pair(pair);
        let [this, beside] = pair;
        let ratios: Vec<f64> = this.rounds.iter().zip(&beside.rounds).map(|(this, beside)| this / beside).collect();
        let (ratio, figure) = (spread(&ratios).0, spread(&this.rounds).0);
        let (words, reached) = match goal {
            Goal::AtLeast(least) => (format!("at least {least}"), ratio >= least),
            Goal::AtMost(most) => (format!("at most {most}"), ratio <= most),
            Goal::Within(most) => (format!("at most {}", this.unit.write(most)), figure <= most),
        };
        self.lines[at][5] = format!("{words}: {}", if reached { "reached" } else { "missed" });
    }

    /// Adds a measurement that stands alone, and what it is to reach.
    pub fn figure(&mut self, this: &Series, most: f64) {
        let mut line = this.line("");
        let reached = if spread(&this.rounds).0 <= most { "reached" } else { "missed" };
        line[5] = format!("at most {}: {reached}", this.unit.write(most));
        self.lines.push(line);
    }

    /// Adds a line of words under the last one.
    pub fn remark(&mut self, words: &str) {
        let mut line = Line::default();
        line[0] = format!("  {words}");
        self.lines.push(line);
    }

    /// Prints it, and leaves it as tab-separated lines in the target directory for whoever compares.
    pub fn print(&self) {
        self.leave();
        let width = |column: usize| self.lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..6).map(width).collect();
        println!("\n{}, {ROUNDS} rounds of each in turn", self.title);
        for [name, median, min, max, ratio, goal] in &self.lines {
            let [w0, w1, w2, w3, w4, _] = widths[..] else { return };
            let line = format!("{name:<w0$}  {median:>w1$}  {min:>w2$}  {max:>w3$}  {ratio:>w4$}  {goal}");
            println!("{}", line.trim_end());
        }
        println!();
    }

    fn leave(&self) {
        let name: String = self.title.chars().take_while(|c| *c != ':').map(|c| if c.is_alphanumeric() { c } else { '-' }).collect();
        let lines: String = self.lines.iter().skip(1).map(|line| line.join("\t") + "\n").collect();
        leave(&name, &lines);
    }
}

/// Leaves tab-separated lines in the target directory for whoever compares or draws.
pub fn leave(name: &str, lines: &str) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench");
    std::fs::create_dir_all(&folder)
        .and_then(|()| std::fs::write(folder.join(format!("{name}.tsv")), lines))
        .expect("a table in the target directory");
}

fn nanos(time: Duration) -> f64 {
    time.as_secs_f64() * 1e9
}

/// The value below which a part (0 to 1) of the times lies, in nanoseconds.
pub fn quantile(times: &mut [Duration], part: f64) -> f64 {
    times.sort_unstable();
    let at = ((times.len() as f64 * part) as usize).min(times.len().saturating_sub(1));
    times.get(at).copied().map_or(f64::NAN, nanos)
}

/// Median, smallest and largest.
fn spread(values: &[f64]) -> (f64, f64, f64) {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let at = |place: usize| sorted.get(place).copied().unwrap_or(f64::NAN);
    (at(sorted.len() / 2), at(0), at(sorted.len().saturating_sub(1)))
}

/// How long one run takes, in nanoseconds: the median of many.
pub fn median_of(times: usize, mut run: impl FnMut()) -> f64 {
    let mut taken: Vec<Duration> = (0..times)
        .map(|_| {
            let began = Instant::now();
            run();
            began.elapsed()
        })
        .collect();
    quantile(&mut taken, 0.5)
}

/// A directory on the disk of the build, not in memory: syncs must cost what they cost.
pub fn directory() -> TempDir {
    tempfile::Builder::new().prefix("bench-").tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory in the target directory")
}

/// A file that bytes are appended to and synced, as the least that "durable" can cost.
pub struct Appended(std::fs::File);

impl Appended {
    /// A new file in a directory.
    pub fn new(directory: &Path) -> Self {
        Self(std::fs::File::create(directory.join("appended")).expect("a file"))
    }

    /// Appends and waits until the disk has it.
    pub fn append(&mut self, bytes: &[u8]) {
        std::io::Write::write_all(&mut self.0, bytes).and_then(|()| self.0.sync_data()).expect("an append and a sync");
    }
}
