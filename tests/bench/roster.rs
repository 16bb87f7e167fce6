//! What a hundred thousand callers cost: memory, an event, a key, a press for many; and how each grows with their number.
#![allow(clippy::expect_used, clippy::panic, reason = "a benchmark that cannot run is to say so and end")]
#![allow(clippy::print_stdout, reason = "the table is what a benchmark is for")]

#[allow(unreachable_pub, reason = "it is a part of this program alone")]
mod bulk;
mod harness;
#[path = "../counts/stage.rs"]
mod stage;

use std::hint::black_box;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use confmod::conference::roster::Roster;
use confmod::conference::view::{Column, View};
use confmod::console::ui::render;
use harness::{Goal, ROUNDS, Series, Table, Unit, in_turn, median_of};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use stage::{AT, SIZE, Stage, accepted, ask, hand, join, leave, theme};

const MANY: u64 = 100_000;
const FEW: u64 = 100;

/// Callers among whom conferences are shared out.
const SHARED: u64 = 10_000;

/// Events in one round.
const EVENTS: usize = 500;

const MIB: f64 = 1_048_576.0;

/// Said to this program by itself: to measure how it grows, in a process that has done nothing else yet.
const GROWTH: &str = "--growth-of-a-roster";

fn main() {
    if std::env::args().any(|argument| argument == GROWTH) {
        println!("{}", growth());
        return;
    }
    // They are there once, however many callers there are.
    confmod::phone::load_tables();
    let mut table = Table::new("roster: 100,000 callers");
    memory(&mut table);
    let mut many = sorted_and_filtered(MANY);
    let mut few = sorted_and_filtered(FEW);
    let mut sorted = sorted_and_filtered(MANY);
    table.goal(
        &in_turn(("one event, sorted and filtered", || fold(&mut many)), ("a full re-sort", || sort(&mut sorted)), Unit::Time),
        Goal::AtMost(0.001),
    );
    table.pair(&in_turn(
        ("one event with 100,000 callers", || fold(&mut many)),
        ("one event with 100 callers", || fold(&mut few)),
        Unit::Time,
    ));
    table.pair(&in_turn(("a key with 100,000 callers", || keys(&mut many)), ("a key with 100 callers", || keys(&mut few)), Unit::Time));
    let (mut next, mut next_few) = (0, 0);
    table.pair(&in_turn(
        ("who leaves goes off the list, of 100,000", || leaving(&mut many, &mut next)),
        ("who leaves goes off the list, of 100", || leaving(&mut few, &mut next_few)),
        Unit::Time,
    ));
    bulk::measure(&mut table);
    table.print();
    curves();
}

/// Sorted by name, and filtered so that nearly everybody is listed.
fn sorted_and_filtered(callers: u64) -> Stage {
    let mut stage = Stage::new(callers, 1);
    stage.app.view.sort(Column::Caller, false, &stage.app.roster, AT);
    stage.press("/");
    stage.types("state:open,muted");
    stage.press("Enter");
    stage.press("End");
    stage
}

/// Roster and list of so many callers.
fn roster(callers: u64, conferences: u64) -> (Roster, View) {
    let (mut roster, mut view) = (Roster::default(), View::new(std::time::Duration::from_secs(14_400)));
    for caller in 0..callers {
        let change = roster.apply(&join(caller, conferences));
        view.follow(&change, &roster, AT, |_| false);
    }
    (roster, view)
}

/// What a process grows by that makes a roster, measured in processes of their own.
fn memory(table: &mut Table) {
    let mut grown = Series::new("roster and list of 100,000 callers", Unit::Bytes);
    for _ in 0..ROUNDS {
        let program = std::env::current_exe().expect("this program");
        let told = Command::new(program).arg(GROWTH).output().expect("this program once more").stdout;
        match String::from_utf8_lossy(&told).trim().parse() {
            Ok(bytes) => grown.add(bytes),
            Err(_) => return table.remark("left out: the roster's memory (the system does not say what a process takes)"),
        }
    }
    table.figure(&grown, 20.0 * MIB);
    let mut counted = Series::new("the same, as the sum of what was asked for", Unit::Bytes);
    counted.add(bytes_of(MANY, 1));
    table.figure(&counted, 20.0 * MIB);
}

fn growth() -> String {
    let before = resident();
    let kept = roster(MANY, 1);
    let grown = resident().zip(before).map(|(after, before)| after.saturating_sub(before));
    black_box(kept);
    grown.map_or_else(String::new, |bytes| bytes.to_string())
}

/// Bytes that the process has; none where the system does not say so in `/proc`.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024)
}

/// Bytes that roster and list hold.
fn bytes_of(callers: u64, conferences: u64) -> f64 {
    let mut kept = None;
    let counted = allocation_counter::measure(|| kept = Some(roster(callers, conferences)));
    black_box(kept);
    counted.bytes_current as f64
}

/// Nanoseconds for one event: hands, asks and answers of callers all over the list.
fn fold(stage: &mut Stage) -> f64 {
    let callers = u64::from(stage.app.roster.all().inside);
    let mut time = 0;
    let mut taken = Vec::with_capacity(EVENTS);
    for _ in 0..EVENTS / 4 {
        time += 7_919;
        let caller = time % callers;
        let mut asked = None;
        for what in 0..4 {
            let event = match what {
                0 => hand(caller, true),
                1 => hand(caller, false),
                2 => ask(caller),
                _ => accepted(caller, asked.expect("asked before")),
            };
            let (event, seq) = stage.event(event);
            asked = Some(seq);
            let began = Instant::now();
            stage.take(event);
            taken.push(began.elapsed());
        }
    }
    harness::quantile(&mut taken, 0.5)
}

fn sort(stage: &mut Stage) -> f64 {
    median_of(3, || stage.app.view.sort(Column::Caller, false, &stage.app.roster, AT))
}

fn keys(stage: &mut Stage) -> f64 {
    let mut keys = ["Up", "PgUp", "Down", "PgDn"].into_iter().cycle();
    median_of(EVENTS, || stage.press(keys.next().unwrap_or("Up")))
}

/// Nanoseconds for a leaving by which a row goes off the list: the filter wants those who are in.
fn leaving(stage: &mut Stage, next: &mut u64) -> f64 {
    median_of(5, || {
        *next += 1;
        stage.happens(leave(*next));
    })
}

fn frame(stage: &Stage) -> f64 {
    let (theme, mut buffer) = (theme(), Buffer::empty(Rect::new(0, 0, SIZE.0, SIZE.1)));
    median_of(100, || render(black_box(&stage.app), &theme, &mut buffer))
}

/// Leaves what an event, a frame and a caller's memory cost at each size, for a picture.
fn curves() {
    let sizes = || [1, 10, 100, 1_000, 10_000, MANY].into_iter();
    let halls = || [1, 10, 100, 1_000].into_iter();
    let whole = |callers, conferences| {
        let mut stage = Stage::new(callers, conferences);
        stage.press("End");
        stage
    };
    leave_curve("fold", sizes().map(|callers| (callers, fold(&mut whole(callers, 1)))));
    leave_curve("frame", sizes().map(|callers| (callers, frame(&whole(callers, 1)))));
    leave_curve("memory", sizes().map(|callers| (callers, bytes_of(callers, 1) / callers as f64)));
    leave_curve("fold-conferences", halls().map(|conferences| (conferences, fold(&mut whole(SHARED, conferences)))));
    leave_curve("frame-conferences", halls().map(|conferences| (conferences, frame(&whole(SHARED, conferences)))));
    leave_curve("memory-conferences", halls().map(|conferences| (conferences, bytes_of(SHARED, conferences) / SHARED as f64)));
}

fn leave_curve(name: &str, points: impl Iterator<Item = (u64, f64)>) {
    let lines: Vec<String> = points.map(|(size, cost)| format!("{size}\t{cost:.0}\n")).collect();
    println!("{name}: {}", lines.iter().map(|line| line.trim().replace('\t', " -> ")).collect::<Vec<_>>().join(", "));
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench");
    std::fs::create_dir_all(&folder)
        .and_then(|()| std::fs::write(folder.join(format!("curve-{name}.tsv")), lines.concat()))
        .expect("a curve in the target directory");
}
