//! The promise: it can run for weeks. What has come and gone leaves nothing behind in memory, descriptors or threads,
//! and the journal is as long as it is to be kept.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failing helper is a failing test")]

#[path = "support/desk.rs"]
mod desk;
#[path = "support/kept.rs"]
mod kept;
mod support;
#[path = "support/vitals.rs"]
mod vitals;

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use desk::Desk;
use kept::Line;
use support::home::{Home, environment, log_directory};
use support::provider::Provider;
use support::scale::{Figures, pick};
use vitals::{Vitals, length, quarters};

/// How much memory may be above that of the second quarter in the last one: a twentieth, and two megabytes for what
/// the allocator holds back.
fn margin(memory: u64) -> u64 {
    memory + memory / 20 + 2_048
}

/// The most that the log beside the journal may hold, in bytes: a thousand pages and what comes while they are copied.
const LOG: u64 = 12 << 20;

/// The most that all files of the program's own log may hold.
const LOGS: u64 = 16 << 20;

/// How often the process is looked at along the run.
const SAMPLES: usize = 40;

/// Who stays all the time, and is muted and unmuted again and again.
const RESIDENTS: usize = 50;

/// Everything that a caller calls back about, from start to leaving.
fn come_and_go(line: &mut Line, call: u64, sent: &AtomicU64) {
    let (conference, number) = (3_000 + call / 1_000, 12_025_550_000 + call % 10_000);
    let number = if call.is_multiple_of(50) { "anonymous".to_owned() } else { number.to_string() };
    let name = if call.is_multiple_of(3) { format!("&name=Caller%20{call}") } else { String::new() };
    line.tell("start", &format!("key=call-{call}&number={number}"));
    line.tell("join", &format!("key=call-{call}&conference={conference}&number={number}{name}&plan=gold&room={call}"));
    line.tell("hand", &format!("key=call-{call}"));
    line.tell("leave", &format!("key=call-{call}"));
    sent.fetch_add(4, Ordering::Relaxed);
}

/// The confmod that only reads: a report of the last minutes, written to nowhere.
fn report(home: &Home) {
    let made = Command::new(support::confmod())
        .args(["report", "--since", "5m", "--format", "json", "-o", "/dev/null"])
        .env_clear()
        .envs(environment(home.path()))
        .env("CONFMOD_JOURNAL", home.journal())
        .output()
        .expect("a report");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

fn folder_length(folder: &Path) -> u64 {
    std::fs::read_dir(folder).into_iter().flatten().flatten().filter_map(|entry| entry.metadata().ok()).map(|meta| meta.len()).sum()
}

#[test]
fn nothing_grows_with_what_has_come_and_gone() {
    let (callbacks, asks) = (pick(20_000, 2_000_000), pick(500, 100_000));
    // How many calls are told apart: in the short run the same come again and again, because what is gone is on the
    // screen for half a minute and may take its room so long.
    let calls = pick(500, u64::MAX);
    let (home, provider) = (Home::new(), Provider::forgetful());
    let (mut desk, listener) = Desk::open(&home, &provider);
    let mut residents = Line::open(listener.address);
    for resident in 0..RESIDENTS {
        residents.tell("join", &format!("key=resident-{resident}&conference=1122&number=4930901820{resident:02}"));
    }

    let (sent, next) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let began = Instant::now();
    let senders: Vec<_> = (0..8)
        .map(|_| {
            let (sent, next) = (Arc::clone(&sent), Arc::clone(&next));
            std::thread::spawn(move || {
                let mut line = Line::open(listener.address);
                while sent.load(Ordering::Relaxed) < callbacks {
                    come_and_go(&mut line, next.fetch_add(1, Ordering::Relaxed) % calls, &sent);
                }
            })
        })
        .collect();

    let (mut samples, mut logs, mut asked, mut on) = (Vec::new(), Vec::new(), 0_u64, false);
    let wal = home.join("journal.sqlite-wal");
    loop {
        let done = (sent.load(Ordering::Relaxed) * SAMPLES as u64 / callbacks).min(asked * SAMPLES as u64 / asks) as usize;
        if done >= SAMPLES {
            break;
        }
        // Asks keep up with the callbacks, so that a sample is one of both.
        if asked * callbacks <= sent.load(Ordering::Relaxed) * asks || sent.load(Ordering::Relaxed) >= callbacks {
            on = !on;
            desk.say(if on { "lecture 1122 on" } else { "lecture 1122 off" });
            asked += RESIDENTS as u64;
            provider.wait_for_count(asked as usize);
        } else {
            std::thread::sleep(Duration::from_millis(5));
        }
        while samples.len() < done {
            samples.push(Vitals::of(desk.pid()));
            logs.push(length(&wal));
            if samples.len() % 10 == 5 {
                report(&home);
            }
        }
    }
    for sender in senders {
        sender.join().expect("every callback was answered 200");
    }
    let took = began.elapsed();
    samples.push(Vitals::of(desk.pid()));
    desk.end(Duration::from_secs(2));

    let each = |what: fn(&Vitals) -> u64| samples.iter().map(what).collect::<Vec<_>>();
    let (memory, descriptors, threads) = (each(|v| v.memory), each(|v| v.descriptors), each(|v| v.threads));
    let (early, late) = quarters(&memory);
    assert!(late <= margin(early), "memory grows from {early} to {late} KiB: {memory:?}");
    for (what, values) in [("descriptors", &descriptors), ("threads", &threads)] {
        let (early, late) = quarters(values);
        assert!(late <= early + 2, "{what} grow from {early} to {late}: {values:?}");
    }
    let longest = logs.iter().copied().max().unwrap_or_default();
    assert!(longest <= LOG, "the journal's log has {longest} bytes: {logs:?}");
    let written = folder_length(&log_directory(home.path()));
    assert!(written <= LOGS, "{written} bytes of log");
    Figures::of("weeks: memory")
        .with(sent.load(Ordering::Relaxed), "callbacks")
        .with(provider.count(), "asks")
        .with(took.as_secs(), "s")
        .with(
            format_args!("{:.1} and {:.1} MB", early as f64 / 1024.0, late as f64 / 1024.0),
            "resident in the second and the last quarter",
        )
        .with(late_of(&descriptors), "descriptors")
        .with(late_of(&threads), "threads")
        .with(format_args!("{:.1} MB", longest as f64 / 1e6), "of write-ahead log at most")
        .tell();
}

fn late_of(values: &[u64]) -> u64 {
    quarters(values).1
}
