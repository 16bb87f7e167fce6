//! The promise: secrets are zeroed after use. The running program's memory holds each as often as it needs it,
//! and neither asks nor callbacks pile copies up.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;

use super::planted::{EMAIL, Given, PHRASE, PREVIOUS, TOKEN, USERKEY, count, path, setup, signature, xml};
use super::tls::{Authority, Server, Shows};
use crate::support::http;
use crate::support::provider::Answer;
use crate::support::pty::Console;
use crate::support::scale::{Figures, pick};
use crate::support::screen::Reading as _;
use crate::support::stage::{Listener, Stage};

/// Callers on the list, each asked about once in a round.
const CALLERS: usize = 40;

/// As often as each secret may stand in memory: where it is configured, where it is used, and in both of its
/// spellings where answers are searched for it. The token's digests are used, and it itself is only configured.
const HELD: [(&str, usize); 6] =
    [("the user key", 4), ("the e-mail", 2), ("the Secure Phrase", 3), ("the signature", 2), ("the token", 2), ("the previous token", 1)];

/// Buffers of the listener that may still hold the URL of a callback that was answered: the HTTP library's, which
/// are freed as they are, and used again.
const BUFFERS: usize = 8;

/// Everything that the program can have written to: heap, stacks, static data. Empty where the system lets
/// nobody look.
fn memory(pid: i32) -> Vec<u8> {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap_or_default();
    let Ok(memory) = fs::File::open(format!("/proc/{pid}/mem")) else { return Vec::new() };
    let writable = maps.lines().filter(|line| line.split(' ').nth(1).is_some_and(|modes| modes.starts_with("rw")));
    let mut all = Vec::new();
    for (from, to) in writable.filter_map(|line| line.split(' ').next()?.split_once('-')) {
        let number = |text| u64::from_str_radix(text, 16).expect("an address");
        let mut region = vec![0; usize::try_from(number(to) - number(from)).expect("a size")];
        // A region may be gone by now.
        if memory.read_exact_at(&mut region, number(from)).is_ok() {
            all.append(&mut region);
            all.push(b'\n');
        }
    }
    all
}

/// How often each secret stands in the memory, in the order of [`HELD`]; as it is and as it is sent.
fn held(console: &Console) -> [usize; 6] {
    let memory = memory(console.pid());
    let signature = signature();
    [USERKEY, EMAIL, PHRASE, signature.as_str(), TOKEN, PREVIOUS].map(|secret| {
        let sent = xml(secret);
        count(&memory, secret.as_bytes()) + if sent == secret { 0 } else { count(&memory, sent.as_bytes()) }
    })
}

/// Whether this machine lets a test look; says so when not.
fn may_look(console: &Console) -> bool {
    let may = !memory(console.pid()).is_empty();
    if !may {
        let _ = std::io::stderr().write_all(b"left out: the memory of a child process cannot be read here\n");
    }
    may
}

#[track_caller]
fn nothing_piles_up(console: &Console, buffers: usize, when: &str) -> [usize; 6] {
    let held = held(console);
    for ((name, most), held) in HELD.into_iter().zip(held) {
        let most = if name.ends_with("token") { most + buffers } else { most };
        assert!(held <= most, "{name} stands in memory {held} times {when}, and {most} would do");
    }
    held
}

fn callbacks(listener: Listener, kind: &str, rounds: usize) {
    for at in 0..rounds {
        let caller = at % CALLERS;
        let query = format!("key=call-{caller}&number=1215701{caller:04}&name=Caller{caller:02}");
        assert_eq!(http::get(listener.address, &path(TOKEN, kind, &query)).status, 200);
        assert_eq!(http::get(listener.address, &path(PREVIOUS, "hand", &query)).status, 200);
        // Few, because whoever knows no token is made to wait.
        if at % (1 + rounds / 4) == 0 {
            assert_eq!(http::get(listener.address, &path("wrong", kind, &query)).status, 403);
        }
    }
}

/// Waits until all rows say one of these words.
#[track_caller]
fn all_say(console: &Console, words: &[&str]) {
    let says = |line: &&String| line.contains("+1215701") && words.iter().any(|word| line.contains(word));
    console.wait_for(|screen| screen.lines().iter().filter(says).count() == CALLERS, &format!("{CALLERS} rows that say {words:?}"));
}

/// Asks about everybody and waits until all rows say how it ended. Marks stay only where an ask failed.
#[track_caller]
fn ask_all(console: &mut Console, key: &str, ended: &[&str]) {
    console.send_keys(&format!("*{key}"));
    all_say(console, ended);
}

#[test]
fn what_is_not_needed_any_more_is_wiped() {
    let stage = Stage::new();
    let (mut console, listener) = stage.open_as(&setup(&stage, Given::ByFiles).size(100, 60));
    if !may_look(&console) {
        return;
    }
    let at_start = nothing_piles_up(&console, 0, "at start");
    assert!(at_start.iter().all(|held| *held > 0), "the search finds what is there: {at_start:?}");
    let rounds = pick(2, 50);
    callbacks(listener, "join", pick(200, 20_000));
    all_say(&console, &["open"]);
    for _ in 0..rounds {
        ask_all(&mut console, "m", &["muted"]);
        nothing_piles_up(&console, BUFFERS, "after asks that were accepted");
        ask_all(&mut console, "u", &["open"]);
        nothing_piles_up(&console, BUFFERS, "after more of them");
    }
    for _ in 0..3 * CALLERS {
        stage.provider.script(Answer::Cut);
    }
    // After some that were cut off the others are not sent at all.
    ask_all(&mut console, "m", &["unknown", "failed"]);
    let at_end = nothing_piles_up(&console, BUFFERS, "after asks that were cut off");
    Figures::of("secrets are zeroed after use")
        .with(stage.provider.requests().len(), "requests with the user key")
        .with(2 * pick(200, 20_000), "callbacks with a token")
        .with(at_end[0], "copies of the user key afterwards")
        .with(at_start[0], "at start")
        .tell();
}

#[test]
fn encryption_leaves_no_copies_either() {
    let stage = Stage::new();
    let authority = Authority::new();
    let server = Server::start(&authority, Shows::Right, &super::tls::success());
    let setup = setup(&stage, Given::ByFiles).env("CONFMOD_API_URL", server.url()).size(100, 60);
    super::tls::trust(&stage.home, &authority);
    let (mut console, listener) = stage.open_as(&setup);
    if !may_look(&console) {
        return;
    }
    callbacks(listener, "join", CALLERS);
    all_say(&console, &["open"]);
    for _ in 0..pick(1, 20) {
        ask_all(&mut console, "m", &["muted"]);
        ask_all(&mut console, "u", &["open"]);
        nothing_piles_up(&console, BUFFERS, "after encrypted asks");
    }
    assert!(server.told().requests.len() >= 2 * CALLERS);
}
