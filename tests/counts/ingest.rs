//! What a callback costs on its way from the socket to the disk and back.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use allocation_counter::measure;
use axum::body::Body;
use axum::extract::Request;
use confmod::callback::{Counts, Guard, router};
use confmod::config::Secret;
use confmod::journal::now;
use confmod::journal::sqlite::Sqlite;
use tower::ServiceExt as _;

use super::support::senders::Senders;
use super::support::stage::{Listener, Stage, TOKEN, path};
use super::support::tools;

/// Callbacks of each sender that are counted, after as many that are not.
const EACH: usize = 20;

/// Calls for memory: they depend on what else was loaded meanwhile. Allocations are counted by themselves.
const MEMORY: [&str; 5] = ["brk", "mmap", "munmap", "mprotect", "madvise"];

/// System calls of the whole program by name, from a trace of strace's that is still being written.
fn calls(trace: &Path) -> BTreeMap<String, usize> {
    let text = std::fs::read_to_string(trace).expect("a trace");
    let mut calls = BTreeMap::new();
    for line in text.lines() {
        // A call that was interrupted by another thread's has a second line, which begins otherwise.
        let name = line.split_once(' ').and_then(|(_, call)| call.trim_start().split_once('(')).map_or("", |(name, _)| name);
        // Whoever looks at the times of the log makes its next sync write their change.
        let name = if line.contains("-wal\"") && line.contains(", STATX_ALL,") { "statx_of_times" } else { name };
        let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if is_name && !MEMORY.contains(&name) {
            *calls.entry(name.to_owned()).or_default() += 1;
        }
    }
    calls
}

/// The calls once no more come: what is done after the last answer belongs to it.
fn settled(trace: &Path) -> BTreeMap<String, usize> {
    let mut before = calls(trace);
    loop {
        std::thread::sleep(Duration::from_millis(200));
        let now = calls(trace);
        if now == before {
            return now;
        }
        before = now;
    }
}

/// Lets so many call back at once, and gives the calls for each callback, by name.
fn calls_each(senders: usize) -> BTreeMap<String, f64> {
    let stage = Stage::new();
    let trace = stage.home.path().join("trace");
    let to = trace.to_str().expect("a path of text");
    let setup = stage.setup().args(["--plain"]).through("strace", ["-f", "-qq", "-s", "0", "-o", to]);
    let (console, listener) = stage.open_as(&setup);
    let send = |listener: Listener, name: &str| {
        let told = Senders::start(listener.address, senders, EACH, name, "").finish();
        assert_eq!(told.answered.len(), senders * EACH, "{told:?}");
        settled(&trace)
    };
    let before = send(listener, "warm");
    let after = send(listener, "counted");
    console.kill9();
    let each = |(name, count): (String, usize)| {
        let more = count - before.get(&name).copied().unwrap_or(0);
        (name, more as f64 / (senders * EACH) as f64)
    };
    after.into_iter().map(each).filter(|(_, each)| *each > 0.0).collect()
}

/// What is over its bound, of the calls for each callback; `all` bounds their sum.
fn over(calls: &BTreeMap<String, f64>, bounds: &[(&str, f64)], all: f64) -> Vec<String> {
    let sum = calls.values().sum();
    let of = |name: &str| calls.get(name).copied().unwrap_or(0.0);
    let each = bounds.iter().map(|(name, most)| (*name, of(name), *most)).chain([("all", sum, all)]);
    each.filter(|(_, is, most)| is > most).map(|(name, is, most)| format!("{name}: {is:.2}, not {most}")).collect()
}

#[test]
fn a_callback_among_many_costs_few_system_calls_and_shares_its_sync() {
    if !tools::require("strace") {
        return;
    }
    let calls = calls_each(64);
    // One write of each tells the terminal. How often somebody has to be woken, and how many share a sync, depends on who runs
    // when: about sixty share one where nothing else runs. That they wait for one another is held by the relay's own tests.
    let shared = calls.get("fdatasync").copied().unwrap_or_default();
    let bounds = [("recvfrom", 1.2), ("sendto", 1.1), ("fdatasync", 0.5)];
    let over = over(&calls, &bounds, 5.0 + 32.0 * shared);
    assert!(over.is_empty(), "for each of 64 callbacks at once: {over:?} of {calls:.2?}");
}

#[test]
fn a_callback_alone_costs_few_system_calls_and_one_sync() {
    if !tools::require("strace") {
        return;
    }
    let calls = calls_each(1);
    let bounds = [
        ("recvfrom", 1.2),
        ("sendto", 1.1),
        ("fsync", 0.1),
        ("fdatasync", 1.1),
        // Of the terminal one; the others wake threads.
        ("write", 4.7),
        ("utimensat", 0.1),
        ("statx_of_times", 0.0),
        ("pwrite64", 2.6),
        ("fcntl", 6.7),
        ("statx", 3.5),
    ];
    let over = over(&calls, &bounds, 40.0);
    assert!(over.is_empty(), "for one callback alone: {over:?} of {calls:.2?}");
}

#[test]
fn a_callback_takes_few_allocations_until_it_is_answered() {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = Arc::new(Sqlite::open(&folder.path().join("journal.sqlite"), "a test").expect("a journal"));
    let guard = Guard::new(&Secret::from(TOKEN), None, &[], &[]);
    let router = router(journal, guard, None, Arc::new(Counts::default()), now);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut took = Vec::new();
    for number in 0..40 {
        let query = format!("CALLFLOW.INSTANCE.KEY={number:016}&E164=12157010680&CONFERENCE.NUMBER=1122&CALLERNAME=Ada");
        let request = Request::get(path("join", &query)).body(Body::empty()).expect("a request");
        let router = router.clone();
        let mut status = 0;
        let counted = measure(|| {
            let answer = runtime.block_on(router.oneshot(request)).expect("an answer");
            status = answer.status().as_u16();
        });
        assert_eq!(status, 200);
        took.push((counted.count_total, counted.bytes_total));
    }
    // The first ones make what is kept.
    let (most, bytes) = took[took.len() / 2..].iter().copied().max().expect("some");
    assert!(most <= 18, "{most} allocations for one callback: {took:?}");
    assert!(bytes <= 2_400, "{bytes} bytes for one callback: {took:?}");
}
