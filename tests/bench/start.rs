//! How long it takes from the start of the program to its first full frame, and what the process then holds: with an
//! empty journal and with many events in it.
#![allow(clippy::expect_used, reason = "a benchmark that cannot run is to say so and end")]
#![allow(clippy::print_stdout, reason = "the table is what a benchmark is for")]

mod day;
mod harness;
#[path = "../support/mod.rs"]
mod support;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use confmod::conference::Moment;
use confmod::journal::now;
use harness::{Goal, Series, Table, Unit, directory, in_turn};
use support::home::Home;
use support::pty::{Console, Setup};

const TOKEN: &str = "a-callback-token-of-more-than-32-characters";

/// Events in the long journal.
const MANY: usize = 1_000_000;

/// Sizes of the curve.
const SIZES: [usize; 5] = [0, 1_000, 10_000, 100_000, MANY];

/// Callers who are in, in the journal of a full house, and within what time they came.
const CALLERS: usize = 100_000;
const HOUR: Duration = Duration::from_hours(1);

/// Within the time that a start looks back on, and before it.
const DAY: Duration = Duration::from_hours(22);
const WEEK: Duration = Duration::from_hours(7 * 24);

fn main() {
    let directory = directory();
    let mut table = Table::new("start: from the start of the program to its first full frame");
    let empty = journal(directory.path(), 0, DAY);
    let many = journal(directory.path(), MANY, DAY);
    let within = in_turn(
        ("1,000,000 events, all within the look-back", || start(&many)),
        ("reading their bodies with SQLite", || read(&many)),
        Unit::Time,
    );
    table.goal(&within, Goal::Within(0.7e9));
    let old = journal(directory.path(), MANY, WEEK);
    table.pair(&in_turn(
        ("1,000,000 events, most older than the look-back", || start(&old)),
        ("an empty journal", || start(&empty)),
        Unit::Time,
    ));
    let full = full_house(directory.path());
    hold(&mut table, "100,000 callers in", &full, 48.0);
    hold(&mut table, "empty journal", &empty, 12.0);
    weigh(&mut table);
    table.print();
    leave_curve(directory.path());
}

/// The program's size beside that of a monitor for terminals, as both are stripped.
fn weigh(table: &mut Table) {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let peer = std::env::split_paths(&path).find_map(|folder| std::fs::metadata(folder.join("btm")).ok());
    let Some(peer) = peer else { return table.remark("left out: the size of the program, beside btm (there is no btm)") };
    let ours = std::fs::metadata(support::confmod()).expect("the program");
    let mut sizes = [Series::new("the program's size", Unit::Bytes), Series::new("btm", Unit::Bytes)];
    sizes[0].add(ours.len() as f64);
    sizes[1].add(peer.len() as f64);
    table.goal(&sizes, Goal::AtMost(1.5));
}

/// A journal of so many events, the last of them now.
fn journal(directory: &Path, events: usize, span: Duration) -> PathBuf {
    let path = directory.join(format!("{events}-{}.sqlite", span.as_secs()));
    let to = now();
    day::write(&path, &day::events(events, Moment(to.0 - span.as_millis() as i64), to));
    path
}

/// A journal by which so many callers are in.
fn full_house(directory: &Path) -> PathBuf {
    let (path, to) = (directory.join("full.sqlite"), now());
    day::write(&path, &day::full_house(CALLERS, Moment(to.0 - HOUR.as_millis() as i64), to));
    path
}

fn open(journal: &Path) -> (Console, Home) {
    let home = Home::new();
    let console = Setup::new(support::confmod(), &home)
        .env("CONFMOD_USERKEY", "a-user-key")
        .env("CONFMOD_LISTEN", "127.0.0.1:0")
        .env("CONFMOD_CALLBACK_TOKEN", TOKEN)
        .env("CONFMOD_JOURNAL", journal)
        .size(200, 50)
        .start();
    (console, home)
}

/// Nanoseconds until the end of the first frame. What was there is all in it: it is folded before.
fn start(journal: &Path) -> f64 {
    let began = Instant::now();
    let (console, _home) = open(journal);
    console.wait_for_bytes(|bytes| bytes.windows(8).any(|window| window == b"\x1b[?2026l"), "the first frame");
    let taken = began.elapsed();
    console.kill9();
    taken.as_secs_f64() * 1e9
}

/// Nanoseconds for the least that a start can do: all bodies looked at by the database.
fn read(journal: &Path) -> f64 {
    let began = Instant::now();
    let connection = rusqlite::Connection::open(journal).expect("the journal");
    let bytes: i64 = connection.query_row("SELECT sum(length(body)) FROM event", [], |row| row.get(0)).expect("a sum");
    assert!(bytes > 0, "a journal with bodies");
    began.elapsed().as_secs_f64() * 1e9
}

/// What the process holds in memory, in so many MiB.
fn hold(table: &mut Table, when: &str, journal: &Path, most: f64) {
    let mut memory = [Series::new(format!("resident memory, {when}"), Unit::Bytes), Series::new("its part that is its own", Unit::Bytes)];
    for _ in 0..harness::ROUNDS {
        let [all, own] = resident(journal);
        memory[0].add(all);
        memory[1].add(own);
    }
    table.goal(&memory, Goal::Within(most * 1_048_576.0));
}

/// What the process holds in memory when all has come to rest: all of it, and its part that no file stands behind.
fn resident(journal: &Path) -> [f64; 2] {
    let (console, _home) = open(journal);
    console.wait_for_text("127.0.0.1:");
    std::thread::sleep(Duration::from_secs(1));
    let status = std::fs::read_to_string(format!("/proc/{}/status", console.pid())).expect("its status");
    let figure = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("a line of the status");
        line.trim_start_matches(':').trim_end_matches("kB").trim().parse::<f64>().expect("a figure") * 1024.0
    };
    console.kill9();
    [figure("VmRSS"), figure("RssAnon")]
}

/// The time by the number of events, for whoever draws it.
fn leave_curve(directory: &Path) {
    let mut lines = String::new();
    for size in SIZES {
        let path = journal(directory, size, DAY + Duration::from_secs(1));
        let mut times: Vec<f64> = (0..5).map(|_| start(&path)).collect();
        times.sort_unstable_by(f64::total_cmp);
        writeln!(lines, "{size}\t{:.2}", times[times.len() / 2] / 1e6).expect("a string");
        std::fs::remove_file(&path).expect("a journal of its own");
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench");
    std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(folder.join("curve-start.tsv"), lines)).expect("a curve");
}
