//! What a panic comes to. One of the console's own thread ends the session, after the terminal is in order; one of
//! another thread is told on the screen, with what it costs, and the rest goes on.
//!
//! A panic's words may hold what a caller sent, so they are cleaned like anything else that is shown.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::{self, Write};
use std::panic::PanicHookInfo;
use std::path::Path;

use tokio::sync::mpsc::{self, UnboundedReceiver};

use crate::console::terminal::give_back;
use crate::text;

/// The exit code after a fault of confmod's own: what Rust gives a program that panicked.
pub const FAULT: u8 = 101;

/// The longest that a panic's words, or a line of its backtrace, are told, in bytes.
const WORDS: usize = 1_024;

/// What it costs when a thread panics, by the thread's name: true whether the whole thread or one of its tasks
/// has ended.
const COSTS: [(&str, &str); 15] = [
    ("net", "callbacks may be lost"),
    ("stream", "nothing is taken, asked or heard any more; start confmod again"),
    ("journal", "callbacks are refused, asks are not recorded"),
    ("actions", "what became of asks on their way is unknown"),
    ("past", "this start takes longer"),
    ("contacts", "the contacts file may not be read any more"),
    ("retention", "old events may not be deleted any more"),
    ("follower", "the screen may not be up to date"),
    ("report", "the report was not written"),
    ("phones", "numbers may not be grouped"),
    ("rehearsal", "its callers and its provider may have stopped"),
    ("signals", "signals may not be heard"),
    ("terminal", "the end of the terminal may not be seen"),
    ("reading", "commands may not be read any more"),
    ("writing", "not everything may be said"),
];

/// Tells panics on standard error, cleaned: for commands that draw nothing.
pub(super) fn tell_all() {
    std::panic::set_hook(Box::new(tell));
}

/// Hears of panics from here on. One of this thread puts the terminal in order and says what it means; what is
/// returned has a sentence for each, wherever it came from.
pub(super) fn hear(log: &Path) -> UnboundedReceiver<String> {
    let (panicked, panics) = mpsc::unbounded_channel();
    let farewell = format!(
        "confmod: this is a fault of confmod's own. The callers stay in the conference, and the journal holds what happened. \
         Start it again; the log is {}.",
        crate::config::error::shown(log)
    );
    let drawing = std::thread::current().id();
    std::panic::set_hook(Box::new(move |panic| {
        let (what, backtrace) = (sentence(panic), backtrace());
        if std::thread::current().id() == drawing {
            give_back();
            tell(panic);
            // Where even stderr is gone, the log has it.
            let _ = writeln!(io::stderr(), "{farewell}");
        }
        // The session may be over.
        let _ = panicked.send(what.clone());
        tracing::error!(backtrace, "{what}");
    }));
    panics
}

fn tell(panic: &PanicHookInfo<'_>) {
    let mut err = io::stderr().lock();
    // When even stderr is gone, the exit code is all that is left to say.
    let _ = writeln!(err, "confmod: {}", sentence(panic));
    for line in backtrace().lines() {
        let _ = writeln!(err, "  {line}");
    }
}

/// What is said of a panic: where, what it costs, and its own words.
fn sentence(panic: &PanicHookInfo<'_>) -> String {
    let thread = std::thread::current().name().unwrap_or("keys").to_owned();
    let place = panic.location().map(|place| format!(" at {}:{}", place.file(), place.line())).unwrap_or_default();
    told(&thread, panic.payload_as_str().unwrap_or("no reason given"), &place)
}

fn told(thread: &str, words: &str, place: &str) -> String {
    let cost = COSTS.iter().find(|(name, _)| *name == thread).map(|(_, cost)| format!(": {cost}")).unwrap_or_default();
    text::clean(&format!("panic in the thread {thread}{cost} ({words}{place})"), WORDS)
}

/// The way to where it happened, where `RUST_BACKTRACE` asks for it; else nothing.
fn backtrace() -> String {
    let backtrace = Backtrace::capture();
    if backtrace.status() != BacktraceStatus::Captured {
        return String::new();
    }
    backtrace.to_string().lines().map(|line| text::clean(line, WORDS) + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_told_with_what_it_costs_and_cannot_draw() {
        let words = "byte index 1 is not a char boundary; it is inside of `\u{1b}[2JEve\u{202e}\u{9b}31m\n` forged";
        let told = told("net", words, " at src/callback.rs:7");
        assert!(told.starts_with("panic in the thread net: callbacks may be lost (byte index 1"), "{told}");
        assert!(told.ends_with("forged at src/callback.rs:7)") && told.chars().all(text::is_showable), "{told:?}");
    }

    #[test]
    fn every_thread_has_a_cost() {
        let mut named: Vec<String> = Vec::new();
        let mut folders = vec![std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).expect("sources").flatten() {
                if entry.path().is_dir() {
                    folders.push(entry.path());
                    continue;
                }
                let source = std::fs::read_to_string(entry.path()).expect("text");
                let threads = source.split("thread::Builder::new()").skip(1);
                named.extend(threads.filter_map(|rest| Some(rest.trim_start().strip_prefix(".name(\"")?.split_once('"')?.0.to_owned())));
            }
        }
        // This one is the last.
        named.retain(|name| name != "order");
        assert!(named.len() >= COSTS.len(), "{named:?}");
        for name in named {
            assert!(COSTS.iter().any(|(known, _)| *known == name), "the thread {name}");
        }
    }
}
