//! The promise: it can run for weeks. What has come and gone leaves nothing behind in memory, descriptors or threads,
//! and the journal is as long as it is to be kept.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failing helper is a failing test")]

#[path = "support/desk.rs"]
mod desk;
#[path = "support/kept.rs"]
mod kept;
#[path = "support/ledger.rs"]
mod ledger;
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
use support::pty::DEADLINE;
use support::scale::{Figures, pick};
use vitals::{Vitals, length, quarters};

/// How much memory may be above that of the second quarter in the last one: a fortieth, and a megabyte for what the
/// allocator holds back.
fn margin(memory: u64) -> u64 {
    memory + memory / 40 + 1_024
}

/// The most that the log beside the journal may hold, in bytes: a thousand pages, and what comes while
/// somebody reads.
const LOG: u64 = 32 << 20;

/// The most that all files of the program's own log may hold.
const LOGS: u64 = 16 << 20;

/// What is gone is in sight for half a minute and remembered for a while, so a quarter of a full run must be longer than that.
const LEAST: Duration = Duration::from_secs(320);

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
    let least = pick(Duration::ZERO, LEAST);
    let (home, provider) = (Home::new(), Provider::forgetful());
    let (mut desk, listener) = Desk::open(&home, &provider);
    desk.listen_for("lecture mode");
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
                    let due = least.mul_f64(sent.load(Ordering::Relaxed) as f64 / callbacks as f64);
                    std::thread::sleep(due.saturating_sub(began.elapsed()));
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
            // The console may be behind the asks, and takes what holds already for said.
            desk.hear(if on { "began lecture mode" } else { "ended lecture mode" });
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

/// Waits until a query on the journal gives this.
#[track_caller]
fn wait_until(journal: &rusqlite::Connection, query: &str, wanted: i64) {
    let deadline = Instant::now() + DEADLINE;
    while ledger::number(journal, query) != wanted {
        assert!(Instant::now() < deadline, "{query} gives {} and not {wanted}", ledger::number(journal, query));
        std::thread::sleep(Duration::from_millis(20));
    }
}

const STANDING: &str = "kind IN ('named', 'exempted', 'banned', 'mode')";

/// At each start what came before is three days older, and is cut while as much comes again.
#[test]
fn the_journal_is_as_long_as_it_is_to_be_kept() {
    let (cycles, calls) = (pick(3, 12), pick(600, 20_000_u64));
    let (home, provider) = (Home::new(), Provider::forgetful());
    home.configure("retention = \"2d\"\nresume_within = \"1h\"\n");
    let (mut sizes, mut logs) = (Vec::new(), Vec::new());
    for cycle in 0..cycles {
        let (mut desk, listener) = Desk::open(&home, &provider);
        let journal = ledger::open(&home.journal());
        if cycle == 0 {
            let mut line = Line::open(listener.address);
            line.tell("join", "key=ada&conference=1122&number=4930901820");
            desk.listen_for("Eve");
            line.tell("join", "key=eve&conference=1122&number=447700900123&name=Eve");
            desk.hear("Eve");
            for said in ["name 1 Ada Lovelace", "exempt 1", "ban 2 shouting", "lecture 1122 on"] {
                desk.say(said);
            }
            wait_until(&journal, &format!("SELECT count(*) FROM event WHERE {STANDING}"), 4);
        }
        let sent = AtomicU64::new(0);
        std::thread::scope(|senders| {
            for sender in 0..4 {
                let sent = &sent;
                senders.spawn(move || {
                    let mut line = Line::open(listener.address);
                    for call in 0..calls / 4 {
                        come_and_go(&mut line, (cycle * 4 + sender) * calls + call, sent);
                    }
                });
            }
        });
        logs.push(length(&home.join("journal.sqlite-wal")));
        let day = "(SELECT max(at) FROM event) - 86400000";
        wait_until(&journal, &format!("SELECT count(*) FROM event WHERE at < {day} AND NOT {STANDING}"), 0);
        // The ban of a number whose caller the rule has kicked by now, the lecture that has muted somebody.
        assert_eq!(ledger::number(&journal, &format!("SELECT count(*) FROM event WHERE {STANDING}")), 4, "cycle {cycle}");
        let came = ledger::number(&journal, "SELECT count(*) FROM event WHERE kind = 'joined'") as u64;
        assert!(came >= calls, "{came} joins of {calls} in cycle {cycle}: none of the new ones goes");
        if cycle + 1 == cycles {
            desk.listen_for("Ada Lovelace");
            Line::open(listener.address).tell("join", "key=again&conference=1122&number=4930901820");
            desk.hear("Ada Lovelace");
        }
        desk.end(Duration::from_secs(2));
        assert!(ledger::is_sound(&journal));
        sizes.push(length(&home.journal()));
        journal.execute("UPDATE event SET at = at - 3 * 86400000", []).expect("aged");
    }
    // What came before has to go while as much comes again, so there is room for two and a half, and no more.
    let (first, last) = (sizes[0], sizes[sizes.len() - 1]);
    assert!(last <= first * 5 / 2, "the journal grows: {sizes:?}");
    assert!(logs.iter().all(|log| *log <= LOG), "{logs:?}");
    Figures::of("weeks: retention")
        .with(cycles, "cycles of cutting under callbacks")
        .with(cycles * calls * 4, "callbacks")
        .with(format_args!("{:.1} and {:.1} MB", first as f64 / 1e6, last as f64 / 1e6), "of journal after the first and the last")
        .tell();
}

/// `confmod` with some arguments on a home's journal: exit code, what it printed, what it complained of.
fn run(home: &Home, args: &[&str]) -> (i32, String, String) {
    let output = Command::new(support::confmod())
        .args(args)
        .env_clear()
        .envs(environment(home.path()))
        .env("CONFMOD_JOURNAL", home.journal())
        .env("CONFMOD_MODERATOR", "ada")
        .output()
        .expect("confmod runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code().expect("a code"), text(output.stdout), text(output.stderr))
}

const DAY: Duration = Duration::from_secs(86_400);

fn joined(call: &str, name: &str) -> String {
    format!("{{\"call\":\"{call}\",\"conference\":\"1122\",\"number\":\"12157010680\",\"name\":\"{name}\"}}")
}

fn left(call: &str) -> String {
    format!("{{\"call\":\"{call}\"}}")
}

/// Calls of which one half is too old, one that is too old altogether, and a ban that is older than all of them.
fn a_month(home: &Home) {
    let ask = |call: &str| {
        format!(
            "{{\"action\":\"mute\",\"call\":\"{call}\",\"conference\":\"1122\",\"number\":\"12157010680\",\"by\":\"ada\",\"cause\":\"key\",\
             \"joined\":0}}"
        )
    };
    let answer = |ask: i64, call: &str| {
        format!("{{\"ask\":{ask},\"call\":\"{call}\",\"outcome\":\"accepted\",\"detail\":\"\",\"millis\":80,\"reached\":true}}")
    };
    let ban = "{\"number\":\"447700900123\",\"reason\":\"shouting\",\"by\":\"ada\"}".to_owned();
    ledger::first_version(
        &home.journal(),
        [
            (90 * DAY, "banned", "", ban),
            (60 * DAY, "joined", "old", joined("old", "Olga")),
            (60 * DAY, "left", "old", left("old")),
            (31 * DAY, "joined", "half", joined("half", "Hal")),
            (31 * DAY, "asked", "half", ask("half")),
            (29 * DAY, "answered", "half", answer(5, "half")),
            (29 * DAY, "hand", "half", "{\"call\":\"half\",\"up\":true}".to_owned()),
            (29 * DAY, "left", "half", left("half")),
            (28 * DAY, "joined", "young", joined("young", "Yuri")),
            (28 * DAY, "asked", "young", ask("young")),
            (28 * DAY, "answered", "young", answer(10, "young")),
            (28 * DAY, "left", "young", left("young")),
        ],
    );
}

#[test]
fn pruning_by_hand_says_what_it_does_and_leaves_half_calls_that_nobody_stumbles_over() {
    let home = Home::new();
    a_month(&home);
    let (code, told, complained) = run(&home, &["prune", "--older-than", "30d", "--dry-run"]);
    assert!(told.starts_with("4 events older than 30d would be deleted from ") && told.contains("; 1 fact as old still holds"), "{told}");
    assert_eq!((code, complained.as_str()), (0, ""));
    assert!(!home.join("journal.sqlite.v1").exists(), "counting brings nothing up to date");
    assert!(run(&home, &["report"]).1.contains("Olga"));

    let (code, told, complained) = run(&home, &["prune", "--older-than", "30d"]);
    assert!(told.starts_with("4 events older than 30d deleted from ") && told.contains("; it takes "), "{told}");
    assert!(complained.contains("journal.sqlite.v1 is a copy from before an update"), "{complained}");
    assert_eq!(code, 0);
    std::fs::remove_file(home.join("journal.sqlite.v1")).expect("a copy");
    assert!(home.files().iter().all(|(_, bytes)| !bytes.windows(4).any(|window| window == b"Olga")), "she is gone from the disk");

    let (code, told, complained) = run(&home, &["report"]);
    assert_eq!((code, complained.as_str()), (0, ""));
    assert!(told.contains("Yuri") && !told.contains("half") && told.lines().count() == 2, "{told}");
    let (_, audit, _) = run(&home, &["report", "--audit"]);
    assert!(audit.contains(",young,") && audit.lines().count() == 2, "an answer to what is gone is no ask: {audit}");
    let (code, told, complained) = run(&home, &["prune", "--older-than", "30d"]);
    assert!(told.starts_with("nothing that may go is older than 30d in "), "{told}");
    assert_eq!((code, complained.as_str()), (0, ""));

    // Whoever is banned still is, and a console starts as ever.
    let provider = Provider::start();
    let (mut desk, listener) = Desk::open(&home, &provider);
    desk.listen_for("shouting");
    desk.say("bans");
    assert!(desk.hear("shouting").contains("+447700900123"));
    Line::open(listener.address).tell("join", "key=eve&conference=1122&number=447700900123");
    provider.wait_for_action("KICK", "eve");
    let (code, told, complained) = run(&home, &["prune", "--older-than", "30d"]);
    assert!(complained.contains("is being written by the-moderator, process ") && complained.contains("set `retention`"), "{complained}");
    assert_eq!((code, told.as_str()), (1, ""));
    assert_eq!(run(&home, &["prune", "--older-than", "30d", "--dry-run"]).0, 0, "counting may be done meanwhile");
    desk.end(Duration::from_secs(2));
}

#[test]
fn what_must_not_be_pruned_is_refused_with_a_sentence() {
    let home = Home::new();
    let refused = |args: &[&str], code: i32, words: &str| {
        let (was, told, complained) = run(&home, args);
        assert!(was == code && told.is_empty() && complained.contains(words), "{args:?}: {was}: {told}{complained}");
    };
    refused(&["prune", "--older-than", "30d"], 1, "there is no such file");
    assert!(home.files().is_empty(), "nothing is made");
    a_month(&home);
    refused(&["prune", "--older-than", "2h"], 2, "less than 24 hours ago");
    refused(&["prune", "--older-than", "soon"], 2, "no time");
    refused(&["prune"], 2, "--older-than");
    ledger::open(&home.journal()).pragma_update(None, "user_version", 99).expect("aged");
    refused(&["prune", "--older-than", "30d"], 1, "newer confmod (format 99)");
    home.configure("retention = \"1h\"\n");
    refused(&["prune", "--older-than", "30d"], 2, "line 1: retention");
}
