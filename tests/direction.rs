//! The house's order: which room may know which, kept by reading the sources.
//!
//! Rules are for the code that ships: what stands under `#[cfg(test)]` at the end of a file is not judged.
#![allow(clippy::expect_used, reason = "a source file that cannot be read is a failed test")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

mod support {
    pub(crate) mod paths;
}

use support::paths::{paths, resolve};

/// The rooms; each may use those before it. `logging` and `rehearsal` have rules of their own below.
const ROOMS: [&str; 14] = [
    "text",
    "phone",
    "conference",
    "config",
    "bridge",
    "journal",
    "contacts",
    "callback",
    "dispatch",
    "report",
    "console",
    "rehearsal",
    "cli",
    "logging",
];

/// The console's children, in order, where one may use only those before it.
const CONSOLE: [&str; 9] = ["keys", "command", "app", "ui", "input", "terminal", "plain", "replay", "runtime"];

/// What must not be named in these modules and their children, and why.
struct Ban {
    modules: &'static [&'static str],
    names: &'static [&'static str],
    because: &'static str,
}

const NETWORK: &[&str] =
    &["tokio::net", "TcpStream", "TcpListener", "UdpSocket", "reqwest", "hyper", "hyper_util", "axum", "crate::journal"];
const TERMINAL: &[&str] = &["ratatui", "crossterm"];
const CLOCK: &[&str] = &["SystemTime", "Instant::now", "Timestamp::now", "Zoned::now"];
const WORLD: &[&str] = &["std::fs", "std::net", "std::process", "std::env", "tokio", "getrandom", "rusqlite"];

/// All rooms but the console, and those that assemble it.
const BELOW_THE_CONSOLE: &[&str] =
    &["text", "phone", "conference", "config", "bridge", "journal", "contacts", "callback", "dispatch", "report", "rehearsal"];

const BANS: [Ban; 5] = [
    Ban { modules: &["console::app", "console::ui"], names: NETWORK, because: "behaviour and drawing know no network" },
    Ban { modules: &["console::app"], names: CLOCK, because: "the console's behaviour has no clock: time comes in as a message" },
    Ban { modules: &["conference"], names: CLOCK, because: "the domain is pure: time comes in as a moment" },
    Ban { modules: &["conference"], names: WORLD, because: "the domain is pure: no I/O, no randomness" },
    Ban { modules: BELOW_THE_CONSOLE, names: TERMINAL, because: "only the console knows the terminal" },
];

/// The longest that a source file may be, in lines.
const LINES: usize = 500;

/// What stands at the top of the repository, and nothing else.
const TOP: &[&str] = &[
    "Cargo.toml",
    "Cargo.lock",
    "src",
    "assets",
    "tests",
    "README.md",
    "CHANGELOG.md",
    "LICENSE",
    "target",
    ".ci",
    ".git",
    ".gitignore",
    ".gitattributes",
    ".editorconfig",
    ".clippy.toml",
    ".rustfmt.toml",
    ".cargo",
    ".github",
];

/// Everything in a file that goes against the order. `file` is relative to `src`.
fn violations(file: &str, source: &str) -> Vec<String> {
    let module: Vec<&str> = file.trim_end_matches(".rs").split('/').collect();
    if file == "lib.rs" || file == "main.rs" || module.last() == Some(&"tests") {
        return Vec::new();
    }
    let mut found = BTreeSet::new();
    for path in paths(source) {
        let path = resolve(&module, &path);
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        if let ["crate", to @ ..] = path.as_slice()
            && let Some(fault) = direction_fault(&module, to)
        {
            found.insert(format!("{file}: {} {fault}", path.join("::")));
        }
        for ban in &BANS {
            let inside = |room: &&str| module.starts_with(&room.split("::").collect::<Vec<_>>());
            let banned = |name: &&str| {
                let name: Vec<&str> = name.split("::").collect();
                path.windows(name.len()).any(|part| part == name)
            };
            if ban.modules.iter().any(inside)
                && let Some(name) = ban.names.iter().find(|name| banned(name))
            {
                found.insert(format!("{file}: {name} must not be used: {}", ban.because));
            }
        }
    }
    found.into_iter().collect()
}

/// What is wrong with one module's use of another.
fn direction_fault(from: &[&str], to: &[&str]) -> Option<String> {
    let place = |room: &str| ROOMS.iter().position(|known| *known == room);
    let (room, used) = (from[0], *to.first()?);
    let (Some(here), Some(there)) = (place(room), place(used)) else {
        let stranger = if place(room).is_none() { room } else { used };
        return Some(format!("names {stranger}, a room that the order does not know"));
    };
    if room == used {
        return console_fault(from, to);
    }
    let allowed = match (room, used) {
        ("rehearsal", _) => ["text", "phone"].contains(&used),
        ("logging", _) => ["text", "config"].contains(&used),
        ("cli", "logging") => true,
        _ => there < here,
    };
    (!allowed).then(|| format!("is used by {room}, which may not know it"))
}

fn console_fault(from: &[&str], to: &[&str]) -> Option<String> {
    let place = |path: &[&str]| CONSOLE.iter().position(|child| path.first() == Some(&"console") && path.get(1) == Some(child));
    let (here, there) = (place(from)?, place(to)?);
    (there > here).then(|| format!("comes after {} in the console's order", from[1]))
}

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All files below `src`: the path relative to it, and the text.
fn sources() -> Vec<(String, String)> {
    let root = top().join("src");
    let mut found = Vec::new();
    let mut directories: Vec<PathBuf> = vec![root.clone()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(&directory).expect("a directory of sources") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(&root).expect("a path below src").to_str().expect("a name in UTF-8").replace('\\', "/");
                found.push((name, fs::read_to_string(&path).expect("a source file")));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn each_room_knows_only_the_rooms_before_it() {
    let sources = sources();
    assert!(sources.iter().any(|(file, _)| file == "conference/event.rs"), "the sources were not found");
    let found: Vec<_> = sources.iter().flat_map(|(file, source)| violations(file, source)).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn no_source_file_is_too_long_or_named_mod() {
    for (file, source) in sources() {
        assert!(source.lines().count() <= LINES, "src/{file} has {} lines, more than {LINES}: split it by subject", source.lines().count());
        assert!(
            Path::new(&file).file_name().is_some_and(|name| name != "mod.rs"),
            "src/{file}: a room's front file is named after the room"
        );
    }
}

#[test]
fn the_top_level_holds_what_people_expect() {
    for entry in fs::read_dir(top()).expect("the repository") {
        let name = entry.expect("an entry").file_name();
        assert!(TOP.iter().any(|known| name == *known), "{} does not belong at the top level", name.display());
    }
}

#[test]
fn planted_violations_are_found() {
    for (file, source, words) in [
        ("journal/sqlite.rs", "use crate::dispatch::Dispatch;", "crate::dispatch::Dispatch is used by journal"),
        ("text.rs", "fn f() { crate::phone::parse() }", "is used by text"),
        ("bridge/anveo/client.rs", "use super::super::super::callback::serve;", "crate::callback::serve is used by bridge"),
        ("conference.rs", "use crate::{text, console::{keys::{self}}};", "crate::console::keys is used by conference"),
        ("rehearsal/provider.rs", "use crate::conference::Action;", "is used by rehearsal"),
        ("dispatch.rs", "use crate::logging::start;", "crate::logging::start is used by dispatch"),
        ("logging.rs", "use crate::journal;", "is used by logging"),
        ("callback.rs", "use crate::attic::Box;", "names attic, a room that the order does not know"),
        ("attic.rs", "use crate::text::clean;", "names attic, a room that the order does not know"),
        ("console/app/update.rs", "use crate::console::ui;", "comes after app"),
        ("console/keys.rs", "use super::runtime::run;", "comes after keys"),
        ("console/app.rs", "use tokio::{net::TcpStream, sync};", "tokio::net must not be used"),
        ("console/app/effect.rs", "use crate::journal::Journal;", "crate::journal must not be used"),
        ("console/ui/header.rs", "fn f() { reqwest::get(\"x\") }", "reqwest must not be used"),
        ("console/app.rs", "fn f() -> std::time::Instant { std::time::Instant::now() }", "Instant::now must not be used"),
        ("console/app/update.rs", "use std::time::SystemTime;", "SystemTime must not be used"),
        ("dispatch.rs", "use ratatui::style::Color;", "ratatui must not be used"),
        ("conference/roster.rs", "fn f() { let _ = jiff::Timestamp::now(); }", "Timestamp::now must not be used"),
        ("conference/roster.rs", "use std::{fmt, fs::File};", "std::fs must not be used"),
    ] {
        let found = violations(file, source);
        assert!(found.len() == 1 && found[0].contains(words), "{file}: {source}: {found:?}");
    }
}

#[test]
fn what_is_in_order_is_not_reported() {
    for (file, source) in [
        ("callback/fields.rs", "use crate::{conference::event::{Arrival, What}, phone::Number, text};\nuse super::guard;"),
        ("conference/roster.rs", "use super::event::Event; use crate::conference::Moment;"),
        ("console/ui.rs", "use super::app::App; use ratatui::Frame;"),
        ("console/app.rs", "mod update; use self::update::step; use std::time::Duration;"),
        ("cli/demo.rs", "use crate::{console, rehearsal, logging};"),
        (
            "text.rs",
            "//! See [`crate::console`].\n/* crate::console */ // crate::console\nconst A: &str = \"crate::console\"; const B: char = '\"';",
        ),
        ("text.rs", "const A: &str = r#\"a \" crate::console\"#; fn f<'a>(a: &'a str) -> &'a str { a }"),
        ("bridge.rs", "fn f() {}\n#[cfg(test)]\nmod tests {\n    use crate::rehearsal::Provider;\n}"),
        ("dispatch/tests.rs", "use crate::rehearsal::Provider;"),
        ("lib.rs", "pub mod console; pub mod text;"),
    ] {
        assert_eq!(violations(file, source), Vec::<String>::new(), "{file}: {source}");
    }
}
