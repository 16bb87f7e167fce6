//! A panic in any thread of the program, as it is shipped but for a log that is a trap.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::time::Instant;

use rusqlite::Connection;
use rustix::process::Signal;

use crate::busy::{Busy, LONGEST};
use crate::support;
use crate::support::harm;
use crate::support::provider::Answer;
use crate::support::pty::Setup;
use crate::support::stage::Stage;

/// The exit code after a fault of its own.
const FAULT: i32 = 101;

/// The program with the trap, built like the one under test. Fresh already where all targets were built.
static FAULTY: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = support::confmod().parent().expect("a folder");
    let profile = match folder.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(name) => name,
    };
    let mut build = Command::new(env!("CARGO"));
    // What cargo says to a test of its package would make it build other packages anew.
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")) {
            build.env_remove(name);
        }
    }
    build.args(["build", "--quiet", "--locked", "--offline", "--example", "faulty", "--profile", profile]);
    build.arg("--target-dir").arg(folder.parent().expect("a folder")).current_dir(env!("CARGO_MANIFEST_DIR"));
    assert!(build.status().expect("cargo runs").success(), "the program with the trap cannot be built");
    folder.join("examples").join("faulty")
});

/// The program in place of the real one, with a trap in a thread's record.
fn trapped(stage: &Stage, setup: Setup, thread: &str, words: &str) -> Setup {
    setup.program(&*FAULTY).env("TRAP_THREAD", thread).env("TRAP_WORDS", words).env("TRAP_LOG", log(stage)).env("RUST_BACKTRACE", "1")
}

fn log(stage: &Stage) -> PathBuf {
    stage.home.join("trap.log")
}

fn busy(thread: &str, words: &str) -> Busy {
    busy_on(Stage::new(), thread, words)
}

fn busy_on(stage: Stage, thread: &str, words: &str) -> Busy {
    let _ = Path::new(&*FAULTY);
    Busy::on(stage, |stage, setup| trapped(stage, setup, thread, words))
}

/// What it costs is said across the screen, and the rest is drawn on; quitting then tells of the fault.
#[track_caller]
fn goes_on_and_tells(mut busy: Busy, thread: &str, costs: &str) {
    busy.console.wait_for_text(&format!("panic in the thread {thread}: {costs}"));
    busy.console.wait_for_text("restart confmod");
    busy.goes_on();
    assert_eq!(harm::in_terminal(&busy.console.raw()), Vec::<String>::new());
    let asked = Instant::now();
    busy.quit();
    let ended = busy.ends(asked, FAULT);
    let log = std::fs::read_to_string(log(&ended.stage)).expect("a log");
    assert!(log.contains(&format!("ERROR {thread}:")) && log.contains("sprung by"), "{log}");
}

#[test]
fn a_panic_of_the_console_ends_it_in_order() {
    let mut busy = busy("main", "heard a signal");
    busy.ask_in_vain();
    let asked = Instant::now();
    busy.console.signal(Signal::CONT);
    busy.console.exit_code();
    // More than the screen holds: with the way to where it happened.
    let told = String::from_utf8_lossy(&busy.console.raw()).replace("\r\n", " ");
    for words in ["panic in the thread main (sprung by [31mEve 2J at ", " 10: ", "The callers stay in the conference"] {
        assert!(told.contains(words), "{words}:\n{}", busy.console.screen_text());
    }
    // It is told where it stays in sight.
    assert!(told.rfind("\u{1b}[?1049l") < told.find("panic in the thread main (sprung by [31mEve 2J at "), "{told}");
    assert_eq!(harm::in_terminal(&busy.console.raw()), Vec::<String>::new());
    let ended = busy.ends(asked, FAULT);
    assert_eq!(ended.outcomes(), ["not_sent", "unknown"]);
    assert_eq!(ended.last(), "stopped");
    assert!(std::fs::read_to_string(log(&ended.stage)).expect("a log").contains("ERROR main:"));
}

/// Whatever keeps the console from ending, the process ends, and the terminal comes back.
#[test]
fn a_console_that_hangs_is_ended_all_the_same() {
    let hang = |stage: &Stage, setup: Setup| trapped(stage, setup, "main", "heard a signal").env("TRAP_HANGS", "1");
    let busy = Busy::on(Stage::new(), hang);
    busy.console.signal(Signal::CONT);
    let asked = Instant::now();
    busy.console.signal(Signal::TERM);
    assert_eq!(busy.console.exit_code(), 143);
    assert!(asked.elapsed() < LONGEST, "{:?}", asked.elapsed());
    busy.console.terminal_is_clean();
}

#[test]
fn a_panic_of_the_listener_costs_one_callback() {
    let busy = busy("net", "refused a callback");
    let answer = support::http::raw(
        busy.listener.address,
        b"GET /callback/a-callback-token-of-more-than-32-characters/join HTTP/1.1\r\nHost: x\r\n\r\n",
    );
    assert_eq!(answer, b"", "that one is cut off");
    goes_on_and_tells(busy, "net", "callbacks may be lost");
}

/// Through a shell that allows few open files.
const FEW_FILES: [&str; 2] = ["-c", "ulimit -n 48; exec \"$0\" \"$@\""];

#[test]
fn a_listener_that_is_gone_is_told_and_asks_go_on() {
    let few = |stage: &Stage, setup: Setup| trapped(stage, setup, "net", "accepting").through("/bin/sh", FEW_FILES);
    let mut busy = Busy::on(Stage::new(), few);
    // More connections than files: accepting fails, which is where the trap is.
    let mut open = Vec::new();
    for _ in 0..64 {
        open.extend(std::net::TcpStream::connect(busy.listener.address));
    }
    busy.console.wait_for_text("panic in the thread net: callbacks may be lost");
    assert!(std::net::TcpStream::connect(busy.listener.address).is_err(), "nobody waits there in vain");
    busy.console.send_keys("m");
    busy.stage.provider.wait_for_action("MUTE", "ada");
    busy.console.wait_for_row("Ada", "muted");
    let asked = Instant::now();
    busy.quit();
    busy.ends(asked, FAULT);
}

#[test]
fn a_panic_where_asks_are_sent_leaves_later_ones_to_be_sent() {
    let mut busy = busy("actions", "outcome");
    busy.console.send_keys("m");
    busy.console.wait_for_row("Ada", "unknown");
    busy.console.send_keys("m");
    busy.console.wait_for_row("Ada", "muted");
    assert_eq!(busy.stage.asked().len(), 2);
    goes_on_and_tells(busy, "actions", "what became of asks on their way is unknown");
}

#[test]
fn a_panic_of_the_journal_is_its_failure() {
    let mut busy = busy("journal", "could not be written");
    let other = Connection::open(busy.stage.home.journal()).expect("the journal");
    other.execute_batch("BEGIN IMMEDIATE").expect("the write lock");
    busy.console.wait_for_text("panic in the thread journal: callbacks are refused, asks are not recorded");
    other.execute_batch("ROLLBACK").expect("the lock given back");
    let reply = busy.listener.get("join", "key=ben&conference=1122&name=Ben");
    assert_eq!(reply.status, 503, "{reply:?}");
    assert!(reply.body.contains("its thread panicked"), "{reply:?}");
    // Silencing somebody works all the same.
    busy.stage.provider.script(Answer::Success);
    busy.console.send_keys("m");
    busy.console.wait_for_row("Ada", "muted");
    busy.console.wait_for_row("Ada", "not recorded");
    busy.quit();
    assert_eq!(busy.console.exit_code(), FAULT);
    busy.console.terminal_is_clean();
}

#[test]
fn a_panic_of_those_who_watch_costs_what_they_watch() {
    let stage = Stage::new();
    let contacts = stage.home.join("config/confmod/contacts.csv");
    std::fs::create_dir_all(contacts.parent().expect("a folder")).expect("a folder");
    std::fs::write(&contacts, "number,name,role,note\n12157010680,Ada,,\n").expect("contacts");
    goes_on_and_tells(busy_on(stage, "contacts", "was read"), "contacts", "the contacts file may not be read any more");

    let watched = busy("signals", "means nothing");
    watched.console.signal(Signal::USR1);
    watched.console.wait_for_text("panic in the thread signals: signals may not be heard");
    // The others are.
    let asked = Instant::now();
    watched.console.signal(Signal::TERM);
    watched.ends(asked, 143);
}
