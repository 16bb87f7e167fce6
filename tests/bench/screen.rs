//! What is seen, and what it costs to show it: from a callback to the terminal, from the start to the first frame,
//! the bytes of one change, and what is done while nothing happens. Beside it `htop`, a screen that many know.
#![allow(clippy::expect_used, clippy::panic, reason = "a benchmark that cannot run is to say so and end")]

mod harness;
#[path = "../support/mod.rs"]
mod support;

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use confmod::conference::event::{Arrival, Seq, What};
use confmod::conference::{CallKey, Moment};
use confmod::journal::sqlite::Sqlite;
use confmod::journal::{Draft, Journal, now};
use confmod::phone::Number;
use harness::{Goal, ROUNDS, Series, Table, Unit, directory, in_turn, quantile};
use support::http;
use support::pty::{Console, Setup};
use support::screen::Reading as _;
use support::stage::{self, Stage};
use support::tools;

/// Callers that are in before the first callback is measured.
const CALLERS: u64 = 100_000;
/// Callbacks a second that come beside those that are measured.
const STREAM: u64 = 1_000;
/// Callbacks in one round whose slowest are looked at.
const PROBES: usize = 100;
/// How long is looked at while nothing happens: what htop takes between two looks of its own.
const STILL: Duration = Duration::from_secs(10);

fn main() {
    let mut table = Table::new("screen: what is seen, and what it costs to show it");
    table.goal(&visible(), Goal::Within(50e6));
    let has_htop = tools::is_there("htop");
    if has_htop {
        let new = in_turn(
            ("from the start to the first frame, a new journal", || first_frame(&Stage::new())),
            ("from the start of htop to its first frame", htop_first_frame),
            Unit::Time,
        );
        table.goal(&new, Goal::AtMost(0.5));
        let stage = Stage::new();
        first_frame(&stage);
        let empty = in_turn(
            ("from the start to the first frame, an empty journal", || first_frame(&stage)),
            ("from the start of htop to its first frame", htop_first_frame),
            Unit::Time,
        );
        table.goal(&empty, Goal::AtMost(0.5));
        let ([work, htop], bytes) = still();
        table.goal(&[work, htop], Goal::AtMost(1.0));
        table.figure(&bytes, 0.0);
        table.remark("three callers are in, whose ages step by the minute: at most once in such a time");
    } else {
        table.remark("left out: the start, and what is done while nothing happens, beside htop (there is no htop)");
    }
    table.print();
}

/// How long callbacks take to be seen, the slowest of a hundred, while a thousand others come each second.
fn visible() -> [Series; 2] {
    let names = [
        "p99 from a callback to its change on the terminal, 1,000 others a second, 100,000 callers",
        "p99 of the same callbacks, to their 200",
    ];
    let [mut seen, mut answered] = names.map(|name| Series::new(name, Unit::Time));
    let (stage, directory) = (Stage::new(), directory());
    let journal = directory.path().join("journal.sqlite");
    fill(&journal, CALLERS, now());
    let (mut console, listener) = stage.open_as(&stage.setup().env("CONFMOD_JOURNAL", &journal));
    console.wait_for_text("(100000)");
    // Whoever is measured stays in sight, wherever new ones come.
    console.send_keys("/Caller 77777\r");
    console.wait_for_text("1 of 100000");
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for part in 0..4 {
            let stop = &stop;
            scope.spawn(move || stream(listener.address, part, stop));
        }
        for _ in 0..ROUNDS {
            let (mut until_seen, mut until_answered) = (Vec::new(), Vec::new());
            for turn in 0..PROBES {
                let (state, sign) = if turn.is_multiple_of(2) { ("up", true) } else { ("down", false) };
                // Not in step with the frames.
                std::thread::sleep(Duration::from_millis(5 + turn as u64 * 7 % 40));
                let began = Instant::now();
                listener.tell("hand", &format!("key=00077777&state={state}"));
                until_answered.push(began.elapsed());
                let shows = |line: &String| line.contains("Caller 77777 ") && line.contains('↑') == sign;
                console.wait_for(|screen| screen.lines().iter().any(shows), "the hand");
                until_seen.push(began.elapsed());
            }
            seen.add(quantile(&mut until_seen, 0.99));
            answered.add(quantile(&mut until_answered, 0.99));
        }
        stop.store(true, Ordering::SeqCst);
    });
    [seen, answered]
}

/// A quarter of the others: joins, one after the other, at a steady pace.
fn stream(to: SocketAddr, part: u64, stop: &AtomicBool) {
    let (began, pace) = (Instant::now(), Duration::from_micros(4_000_000 / STREAM));
    for count in 0_u32.. {
        if stop.load(Ordering::SeqCst) {
            return;
        }
        std::thread::sleep((pace * count).saturating_sub(began.elapsed()));
        let key = format!("other{part}x{count}");
        let path = stage::path("join", &format!("key={key}&CONFERENCE.NUMBER=1122&E164=1313{part}{count:06}&CALLERNAME=Other"));
        // A moment without an answer is a moment without one of the others.
        let _ = http::raw(to, format!("GET {path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n").as_bytes());
    }
}

/// Writes a journal with so many callers who joined then.
fn fill(path: &Path, callers: u64, at: Moment) {
    let journal = Sqlite::open(path, "a benchmark").expect("a journal");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    for first in (0..callers).step_by(1_000) {
        let receipts: Vec<_> = (first..callers.min(first + 1_000)).map(|call| journal.append(Draft::new(at, joined(call)))).collect();
        for receipt in receipts {
            runtime.block_on(receipt.durable()).expect("an append");
        }
    }
    assert_eq!(journal.history().last().expect("a journal"), Seq(callers));
    journal.close();
}

fn joined(call: u64) -> What {
    What::Joined(Arrival {
        call: CallKey::new(&format!("{call:08}")),
        conference: Some("1122".into()),
        number: Number::from_digits(&(12_000_000_000 + call).to_string()),
        instead: None,
        name: Some(format!("Caller {call}").into()),
        called: None,
        others: None,
        hand: false,
    })
}

/// From the start to the last byte of the first whole frame.
fn first_frame(stage: &Stage) -> f64 {
    let setup = stage.setup();
    let began = Instant::now();
    let console = setup.start();
    console.wait_for(|screen| screen.says("Nobody is in") && screen.says("q quit"), "a whole frame");
    let taken = began.elapsed();
    end(console);
    taken.as_secs_f64() * 1e9
}

fn htop_first_frame() -> f64 {
    let home = support::home::Home::new();
    let setup = htop(&home);
    let began = Instant::now();
    let console = setup.start();
    console.wait_for(|screen| screen.says("F10") && screen.says("PID"), "a whole frame of htop");
    let taken = began.elapsed();
    end(console);
    taken.as_secs_f64() * 1e9
}

/// At its slowest: a look every ten seconds.
fn htop(home: &support::home::Home) -> Setup {
    Setup::new("htop", home).args(["-d", "100"])
}

fn end(mut console: Console) {
    console.send_keys("q");
    console.exit_code();
}

/// Processor time while nothing happens, both at once; and the bytes that went to the terminal in each round.
fn still() -> ([Series; 2], Series) {
    let [mut work, mut beside] = ["processor time in ten seconds in which nothing happens", "processor time of htop -d 100"]
        .map(|name| Series::new(name, Unit::Time));
    let mut bytes = Series::new("bytes to the terminal in ten seconds in which nothing happens", Unit::Bytes);
    let (stage, home) = (Stage::new(), support::home::Home::new());
    fill(&stage.home.journal(), 3, now().minus(Duration::from_secs(600)));
    let (console, _listener) = stage.open();
    let other = htop(&home).start();
    other.wait_for(|screen| screen.says("F10"), "a frame of htop");
    std::thread::sleep(Duration::from_secs(2));
    for _ in 0..ROUNDS {
        let (before, beside_before, raw) = (ran(console.pid()), ran(other.pid()), console.raw().len());
        std::thread::sleep(STILL);
        work.add(ran(console.pid()) - before);
        beside.add(ran(other.pid()) - beside_before);
        bytes.add((console.raw().len() - raw) as f64);
    }
    console.kill9();
    end(other);
    ([work, beside], bytes)
}

/// Nanoseconds that a process ran so far, in all its threads.
fn ran(pid: i32) -> f64 {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).expect("a process").flatten();
    let times = threads.filter_map(|thread| fs::read_to_string(thread.path().join("schedstat")).ok());
    times.filter_map(|times| times.split(' ').next()?.parse::<f64>().ok()).sum()
}
