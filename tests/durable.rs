//! The promise: what cannot be made safe on disk is not answered with `200`, and is said in red.

mod support;

use support::stage::Stage;
use support::tools;

/// Enough callbacks with enough in them to make the write-ahead log long twice over.
const CALLBACKS: usize = 1_200;

#[test]
fn a_database_file_that_cannot_be_synced_ends_the_taking_of_callbacks() {
    if !tools::require("strace") {
        return;
    }
    let stage = Stage::new();
    // Made beforehand: from here on only copying the log syncs the database.
    let (mut console, _) = stage.open();
    console.send_keys("q");
    assert_eq!(console.exit_code(), 0);
    let journal = stage.home.journal();
    // Every sync of the database itself fails; those of its log do not.
    let journal = journal.to_str().expect("a path of text");
    let faults = ["-f", "-qq", "-o", "/dev/null", "-P", journal, "-e", "trace=fsync,fdatasync", "-e", "inject=fsync,fdatasync:error=EIO"];
    let (console, listener) = stage.open_as(&stage.setup().through("strace", faults));
    let more = (0..16).map(|field| format!("&field{field}={}", "x".repeat(200))).collect::<Vec<_>>().concat();
    let refused = (0..CALLBACKS).find_map(|call| {
        let reply = listener.get("join", &format!("key=k{call}&number=1215{call:07}&conference=1122{more}"));
        (reply.status != 200).then_some(reply)
    });
    let refused = refused.expect("a refusal, once the log was to be copied");
    assert_eq!(refused.status, 503, "{refused:?}");
    assert!(refused.header("retry-after").is_some(), "{refused:?}");
    console.wait_for_text("THE JOURNAL FAILED");
    assert_eq!(listener.get("leave", "key=k0").status, 503, "until confmod is started anew");
}

#[test]
fn the_answer_leaves_only_after_the_sync() {
    if !tools::require("strace") {
        return;
    }
    let stage = Stage::new();
    let trace = stage.home.path().join("trace");
    let to = trace.to_str().expect("a path of text");
    // The log is synced by one thread, the answer written by another: strace puts both on one line of time.
    let watched = ["-f", "-qq", "-y", "-o", to, "-e", "trace=fsync,fdatasync,pwrite64,write,writev,sendto,sendmsg"];
    let (mut console, listener) = stage.open_as(&stage.setup().through("strace", watched));
    listener.tell("join", "key=k1&number=12157010680&conference=1122");
    console.wait_for_row("12157010680", "open");
    console.send_keys("q");
    console.wait_for_text("quit?");
    console.send_keys("y");
    console.exit_code();
    let trace = std::fs::read_to_string(trace).expect("a trace");
    let lines: Vec<_> = trace.lines().collect();
    let answer = lines.iter().position(|line| line.contains("HTTP/1.1 200")).expect("an answer");
    let is_log = |line: &str| line.contains("journal.sqlite-wal");
    let began = lines[..answer].iter().rposition(|line| is_log(line) && line.contains("sync(")).expect("a sync before the answer");
    let thread = lines[began].split(' ').next().unwrap_or_default();
    let ended =
        lines[began..answer].iter().any(|line| line.starts_with(thread) && line.contains("sync") && line.trim_end().ends_with("= 0"));
    assert!(ended, "the sync was over when the answer left:\n{}", lines[began..=answer].join("\n"));
    let written = lines[..answer].iter().rposition(|line| is_log(line) && line.contains("write")).unwrap_or(0);
    assert!(written < began, "nothing of the event was written after it:\n{}", lines[began..=answer].join("\n"));
}
