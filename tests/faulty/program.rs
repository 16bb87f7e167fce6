//! confmod as it is shipped, but for its log: one of its records is a trap. The thread that writes it panics, once.
//!
//! With `TRAP_HANGS` it never comes back instead.
//!
//! So a test can break each thread of the real program, and the program needs no way to be broken. `TRAP_THREAD`
//! names the thread, `TRAP_WORDS` a part of the record, `TRAP_LOG` the file that the records go to.
#![allow(clippy::expect_used, reason = "it is there to fail")]

use std::fmt::{Debug, Write as _};
use std::fs::File;
use std::io::Write as _;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Parser as _;
use confmod::cli::{Cli, execute};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// What the panic says: hostile, as if it quoted a caller.
const WORDS: &str = "sprung by \u{1b}[31m\u{202e}Eve\n\u{9b}2J";

fn main() -> ExitCode {
    let set = |name: &str| std::env::var(name).unwrap_or_default();
    if !set("TRAP_THREAD").is_empty() {
        let log = File::create(set("TRAP_LOG")).expect("a file for the log");
        let (thread, words, hangs) = (set("TRAP_THREAD"), set("TRAP_WORDS"), !set("TRAP_HANGS").is_empty());
        let trap = Trap { thread, words, hangs, log, sprung: AtomicBool::new(false) };
        tracing::subscriber::set_global_default(trap).expect("the first log");
    }
    execute(Cli::parse())
}

struct Trap {
    thread: String,
    words: String,
    hangs: bool,
    log: File,
    sprung: AtomicBool,
}

impl Subscriber for Trap {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("confmod") && *metadata.level() <= tracing::Level::INFO
    }

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(String::new());
        event.record(&mut line);
        let thread = std::thread::current().name().unwrap_or("unnamed").to_owned();
        let text = format!("{} {thread}:{}\n", event.metadata().level(), line.0.escape_debug());
        (&self.log).write_all(text.as_bytes()).expect("written");
        let trap = thread == self.thread && text.contains(&self.words) && !self.sprung.swap(true, Ordering::SeqCst);
        if trap && self.hangs {
            loop {
                std::thread::park();
            }
        }
        assert!(!trap, "{WORDS}");
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// A record as text.
struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = write!(self.0, " {}={value:?}", field.name());
    }
}
