//! The promise: a callback that was answered `200` survives a kill at any moment and a loss of power at any moment.
#![allow(clippy::expect_used, reason = "a failing helper is a failing test")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

use confmod::journal::sqlite::Sqlite;
use rustix::process::Signal;
use support::dice::Dice;
use support::disk::{self, Disk, Record};
use support::power::{Drive, Kept};
use support::pty::DEADLINE;
use support::scale::{Figures, pick};
use support::senders::{self, Senders};
use support::stage::{Listener, Stage};
use support::tools;
use tempfile::TempDir;

/// Who calls back at the same time.
const SENDERS: usize = 8;

/// Sends until so many were answered, or all have ended.
fn answer(listener: Listener, name: &str, events: usize, more: &str, enough: usize) -> Senders {
    let senders = Senders::start(listener.address, SENDERS, events, name, more);
    let began = Instant::now();
    while senders.answered() < enough && !senders.are_done() && began.elapsed() < DEADLINE {
        std::thread::sleep(Duration::from_micros(200));
    }
    senders
}

#[test]
fn every_answered_event_survives_kills_at_random_moments() {
    let rounds = pick(6, 200);
    let mut dice = Dice::new();
    let stage = Stage::new();
    let (mut answered, mut unanswered) = (BTreeSet::new(), BTreeSet::new());
    for round in 0..rounds {
        let (console, listener) = stage.open_as(&stage.setup().args(["--plain"]));
        let senders = answer(listener, &format!("r{round}"), usize::MAX, "", dice.below(250));
        // Somewhere between two answers, in a sync, in a write.
        std::thread::sleep(Duration::from_micros(dice.below(4_000) as u64));
        console.kill9();
        let told = senders.finish();
        assert!(told.faults.is_empty() && told.refused.is_empty(), "round {round}: {told:?}");
        answered.extend(told.answered);
        unanswered.extend(told.unanswered);
        let held = senders::held(&stage.home.journal());
        let lost: Vec<_> = answered.iter().filter(|event| held.get(*event) != Some(&1)).map(|event| (event, held.get(event))).collect();
        assert!(lost.is_empty(), "round {round}: answered with 200 and not there exactly once: {lost:?}; {}", dice.again());
        let sent = |event: &String| answered.contains(event) || unanswered.contains(event);
        let strange: Vec<_> = held.iter().filter(|(event, times)| **times != 1 || !sent(event)).collect();
        assert!(strange.is_empty(), "round {round}: there twice or never sent: {strange:?}; {}", dice.again());
    }
    let (console, _) = stage.open_as(&stage.setup().args(["--plain"]));
    drop(console);
    Figures::of("kill -9").with(rounds, "rounds").with(answered.len(), "events answered").with(0, "lost").tell();
}

#[test]
fn every_answer_leaves_only_after_the_sync_that_covers_its_event() {
    if !tools::require("strace") {
        return;
    }
    let stage = Stage::new();
    let trace = stage.home.path().join("trace");
    let to = trace.to_str().expect("a path of text");
    // The log is synced by one thread, the answer written by another: strace puts both on one line of time.
    let calls = "trace=fsync,fdatasync,pwrite64,write,writev,sendto,sendmsg,recvfrom,read";
    let watched = ["-f", "-qq", "-y", "-s", "5000", "-o", to, "-e", calls];
    let (console, listener) = stage.open_as(&stage.setup().args(["--plain"]).through("strace", watched));
    let told = answer(listener, "order", pick(8, 80), "", usize::MAX).finish();
    console.kill9();
    let text = std::fs::read_to_string(trace).expect("a trace");
    let answers = in_order(&text).unwrap_or_else(|fault| panic!("{fault}"));
    assert_eq!(answers, told.answered.len(), "every answer was seen");
    Figures::of("order of sync and answer").with(answers, "answers, each after its sync").tell();
}

/// Looks at every answer in a trace of strace's: how many there are, or which came before its sync.
fn in_order(trace: &str) -> Result<usize, String> {
    let key = |line: &str| {
        let from = line.find("key=order.")? + "key=".len();
        let kind = KINDS.iter().find(|(word, _)| line.contains(&format!("/{word}?")))?.1;
        let key: String = line[from..].chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '.').collect();
        Some((kind, key))
    };
    // Written and not synced; syncing; synced.
    let (mut written, mut syncing, mut safe) = (String::new(), String::new(), String::new());
    let mut syncs = None;
    let mut asked = BTreeMap::new();
    let mut reading = BTreeMap::new();
    let mut answers = 0;
    for line in trace.lines() {
        let (thread, call) = line.split_once(' ').unwrap_or_default();
        let call = call.trim_start();
        let is_log = call.contains("journal.sqlite-wal");
        let socket = || Some(call.split_once('(')?.1.split_once('<')?.0.to_owned());
        if is_log && (call.starts_with("pwrite64(") || call.starts_with("write(")) {
            written.push_str(call);
        } else if is_log && call.contains("sync(") {
            syncs = Some(thread);
            syncing = std::mem::take(&mut written);
        }
        if syncs == Some(thread) && call.contains("sync") && call.ends_with("= 0") {
            safe.push_str(&std::mem::take(&mut syncing));
            syncs = None;
        }
        if call.starts_with("recvfrom(") || call.starts_with("read(") {
            reading.insert(thread, socket());
        }
        if let (Some(key), Some(Some(socket))) = (key(call).filter(|_| call.contains("GET /callback/")), reading.get(thread)) {
            asked.insert(socket.clone(), key);
        }
        if call.contains("\"HTTP/1.1 200") {
            let (kind, key) = socket().and_then(|socket| asked.remove(&socket)).ok_or_else(|| format!("an answer to nothing: {line}"))?;
            if !holds(&safe, kind, &key) {
                return Err(format!("the answer to {kind} {key} left before the sync that covers its event had returned: {line:.200}"));
            }
            answers += 1;
        }
    }
    Ok(answers)
}

/// Callbacks and the words that a journal has for them.
const KINDS: [(&str, &str); 4] = [("start", "started"), ("join", "joined"), ("hand", "hand"), ("leave", "left")];

/// Whether pages hold an event: in a row the kind, the call and the body stand behind each other.
fn holds(pages: &str, kind: &str, key: &str) -> bool {
    pages.contains(&format!("{kind}{key}{{"))
}

#[test]
fn every_answered_event_survives_a_loss_of_power_at_any_moment() {
    if !tools::require("cc") {
        return;
    }
    let stage = Stage::new();
    let disk = Disk::below(&stage.home);
    // The folder of the journal has to be made, too.
    let journal = stage.home.join("new/folder/journal.sqlite");
    let setup = disk.under(stage.setup().args(["--plain"])).env("CONFMOD_JOURNAL", &journal);
    let more = senders::padding(8, 150);
    let runs = [
        ("whole", None, Signal::TERM),
        ("killed", None, Signal::KILL),
        // A failed sync may leave in memory what is not on disk, and the next start reads it back.
        ("log", Some("sync journal.sqlite-wal EIO"), Signal::KILL),
        ("database", Some("sync journal.sqlite EIO"), Signal::TERM),
        ("last", None, Signal::TERM),
    ];
    for (run, fault, end) in runs {
        let (console, listener) = stage.open_as(&setup);
        let senders = answer(listener, run, pick(100, 200), &more, if fault.is_some() { 100 } else { usize::MAX });
        if let Some(fault) = fault {
            disk.breaks(&[fault]);
        }
        let told = senders.finish();
        assert!(told.faults.is_empty() && told.unanswered.is_empty(), "{run}: {told:?}");
        assert!(told.refused.is_empty() || fault.is_some(), "{run}: {told:?}");
        console.signal(end);
        console.exit_code();
        disk.heals();
    }
    let trace = disk.trace();
    let records = disk::records(&trace);
    let path = journal.to_str().expect("a path of text");
    let copied = records.iter().filter(|record| record.kind == "sync" && record.path == path).count();
    let failed = records.iter().filter(|record| record.kind == "lost").count();
    let cuts = cut(&records, &journal, pick(160, 20_000), 2);
    assert!(copied >= 3 && failed == 2, "the log was copied {copied} times, {failed} syncs failed");
    Figures::of("loss of power").with(cuts.answered, "events answered").with(cuts.states, "states of the disk").with(0, "lost").tell();
}

/// What was looked at.
struct Cuts {
    answered: usize,
    states: usize,
}

/// Cuts the power at this many moments, around every sync and answer and anywhere, on several threads.
fn cut(records: &[Record<'_>], journal: &Path, wanted: usize, threads: usize) -> Cuts {
    let mut dice = Dice::new();
    let told = |record: &Record<'_>| matches!(record.kind, "sync" | "lost" | "names" | "answered" | "make" | "remove" | "cut");
    let near: Vec<_> = (0..records.len()).filter(|at| told(&records[*at])).flat_map(|at| [at, at + 1]).collect();
    let anywhere = (0..wanted).map(|_| if dice.percent(60) { near[dice.below(near.len())] } else { dice.below(records.len() + 1) });
    // The moments of the first start are few, and each is another state of half-made files.
    let first = records.iter().position(|record| record.kind == "answered").unwrap_or(0);
    let mut moments: Vec<_> = anywhere.chain(0..=first.min(wanted / 4)).chain([records.len()]).collect();
    moments.sort_unstable();
    std::thread::scope(|scope| {
        let parts: Vec<_> = (0..threads)
            .map(|thread| {
                let mine: Vec<_> = moments.iter().skip(thread).step_by(threads).copied().collect();
                let mut dice = Dice::seeded(dice.any());
                scope.spawn(move || cut_at(records, journal, &mine, &mut dice))
            })
            .collect();
        let parts: Vec<_> = parts.into_iter().map(|part| part.join().unwrap_or_else(|fault| std::panic::resume_unwind(fault))).collect();
        Cuts { answered: parts.iter().map(|part| part.answered).max().unwrap_or(0), states: parts.iter().map(|part| part.states).sum() }
    })
}

/// Cuts the power at these moments, which are in order and may come several times, each time in another way.
fn cut_at(records: &[Record<'_>], journal: &Path, moments: &[usize], dice: &mut Dice) -> Cuts {
    let path = journal.to_str().expect("a path of text");
    let mut drive = Drive::default();
    let (mut asked, mut answered) = (BTreeMap::new(), BTreeSet::new());
    let (mut states, mut moments) = (0, moments.iter().peekable());
    for at in 0..=records.len() {
        while moments.next_if_eq(&&at).is_some() {
            let way = Kept::WAYS[states % Kept::WAYS.len()];
            let folder = in_memory();
            drive.cut(path, &["-shm", ".lock"], way, dice, folder.path());
            let where_ = || {
                let last = records[at.saturating_sub(1)];
                format!(
                    "power lost after record {at} ({} {} {}), {way:?} of {} unsynced changes kept",
                    last.kind,
                    last.number,
                    last.path,
                    drive.unsynced(path)
                )
            };
            let there = folder.path().join("journal.sqlite");
            if let Err(error) = Sqlite::open(&there, "after the cut") {
                panic!("{error}; {}", where_());
            }
            let held = senders::held(&there);
            let lost: Vec<_> = answered.iter().filter(|event: &&String| held.get(*event) != Some(&1)).collect();
            assert!(lost.is_empty(), "answered with 200 and not there exactly once: {lost:?}; {}", where_());
            states += 1;
        }
        let Some(record) = records.get(at) else { break };
        match record.kind {
            "begin" => asked.clear(),
            "asked" => drop(asked.insert(record.number, event(record.bytes))),
            "answered" if record.bytes.starts_with(b"HTTP/1.1 200") => answered.extend(asked.remove(&record.number)),
            _ => drive.apply(record),
        }
    }
    Cuts { answered: answered.len(), states }
}

/// A folder where nothing waits for a real disk, where the system has one.
fn in_memory() -> TempDir {
    let mut folder = tempfile::Builder::new();
    folder.prefix("confmod-power-");
    folder.tempdir_in("/dev/shm").or_else(|_| folder.tempdir()).expect("a folder")
}

/// The event that a request line tells: `kind key`.
fn event(line: &[u8]) -> String {
    let line = String::from_utf8_lossy(line);
    let (path, query) = line.split_once('?').unwrap_or_default();
    let key = query.strip_prefix("key=").and_then(|rest| rest.split('&').next()).unwrap_or_default();
    format!("{} {key}", path.rsplit('/').next().unwrap_or_default())
}
