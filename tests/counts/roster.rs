//! What a caller takes in memory, what an event and a frame take in work, and that neither grows with the callers.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use allocation_counter::measure;
use confmod::conference::CallKey;
use confmod::conference::event::{Arrival, Event, What};
use confmod::conference::policy::Policy;
use confmod::conference::roster::Roster;
use confmod::conference::view::View;
use confmod::console::ui::render;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::stage::{AT, SIZE, Stage, accepted, ask, hand, join, leave, theme};
use crate::support::tools;

const CALLERS: u64 = 20_000;

#[test]
fn a_caller_takes_few_bytes_with_all_that_finds_and_lists_it() {
    let mut kept = None;
    let counted = measure(|| {
        let (mut roster, mut view) = (Roster::default(), View::new(std::time::Duration::from_secs(14_400)));
        for caller in 0..CALLERS {
            let change = roster.apply(&join(caller, 7));
            view.follow(&change, &roster, AT, |_| false);
        }
        kept = Some((roster, view));
    });
    let (bytes, pieces) = (counted.bytes_current as f64 / CALLERS as f64, counted.count_current as f64 / CALLERS as f64);
    assert!(bytes <= MOST_BYTES, "{bytes:.1} bytes and {pieces:.2} pieces for each of {CALLERS} callers");
    assert!(pieces <= 1.1, "{pieces:.2} pieces of memory for each of {CALLERS} callers");
    drop(kept);
}

#[test]
fn the_rules_keep_few_bytes_of_a_call_and_none_of_its_event() {
    // Keys as long as those of the provider, in one conference.
    let mut events = Vec::new();
    let made = measure(|| {
        events = (0..CALLERS).map(|caller| short(join(caller, 1), caller)).collect();
    });
    let mut policy = Policy::new(std::time::Duration::ZERO, false);
    let kept = measure(|| events.iter().for_each(|event| _ = policy.apply(event)));
    let (bytes, pieces) = (kept.bytes_current as f64 / CALLERS as f64, kept.count_current);
    assert!(bytes <= MOST_RULES, "{bytes:.1} bytes for each of {CALLERS} calls");
    assert!(pieces <= 20, "{pieces} pieces of memory for {CALLERS} calls");
    let dropped = measure(|| drop(events));
    let left = made.count_current + dropped.count_current;
    assert!(left <= 2, "{left} pieces of the events' memory are still there");
    drop(policy);
}

/// The same event with a key of eight digits.
fn short(event: Event, caller: u64) -> Event {
    match event.what {
        What::Joined(arrival) => Event { what: What::Joined(Arrival { call: CallKey::new(&format!("{caller:08}")), ..arrival }), ..event },
        what => Event { what, ..event },
    }
}

#[test]
fn an_event_and_a_frame_ask_for_little_memory_however_many_callers_there_are() {
    let mut over = Vec::new();
    for callers in [100, CALLERS] {
        let mut stage = Stage::new(callers, 1);
        stage.press("End");
        // What happens first finds rooms to grow.
        let mut each = |name: &str, most: f64, one: &mut dyn FnMut(&mut Stage, u64)| {
            (1..20).for_each(|caller| one(&mut stage, caller));
            let counted = measure(|| (20..40).for_each(|caller| one(&mut stage, caller)));
            let pieces = counted.count_total as f64 / 20.0;
            if pieces > most {
                over.push(format!("{name} with {callers} callers: {pieces:.1} pieces of memory, {most} are enough"));
            }
        };
        each("a hand up and down", MOST_HAND, &mut |stage, caller| {
            stage.happens(hand(caller, true));
            stage.happens(hand(caller, false));
        });
        each("a mute and its answer", MOST_ASK, &mut |stage, caller| {
            let seq = stage.happens(ask(caller));
            stage.happens(accepted(caller, seq));
        });
        each("a join", MOST_JOIN, &mut |stage, caller| _ = stage.happens(join(callers + caller, 1).what));
        each("a leaving", MOST_LEAVE, &mut |stage, caller| _ = stage.happens(leave(caller)));
        let mut buffer = Buffer::empty(Rect::new(0, 0, SIZE.0, SIZE.1));
        let theme = theme();
        each("a frame", MOST_FRAME, &mut |stage, _| render(&stage.app, &theme, &mut buffer));
    }
    assert!(over.is_empty(), "{over:#?}");
}

#[test]
fn events_keys_and_frames_take_as_many_instructions_with_many_callers_as_with_few() {
    if !tools::require("valgrind") {
        return;
    }
    let mut over = Vec::new();
    for (work, most) in MOST_INSTRUCTIONS {
        let [few, many] = [50, 500].map(|callers| instructions(work, callers));
        if cfg!(debug_assertions) && many > most {
            over.push(format!("{work}: {many} instructions with 500 callers, {most} are enough"));
        }
        if many * 10 > few * 15 {
            over.push(format!("{work}: {many} instructions with 500 callers, {few} with 50"));
        }
    }
    assert!(over.is_empty(), "{over:#?}");
}

/// Instructions of one piece of work, as the difference between few and more of them.
fn instructions(work: &str, callers: u64) -> u64 {
    instructions_of(work, callers, [4, 20])
}

/// The same with so many, and so many more.
pub(super) fn instructions_of(work: &str, callers: u64, [few, more]: [u64; 2]) -> u64 {
    let counted = [few, more].map(|times| {
        let out = tempfile::NamedTempFile::new().expect("a file");
        let ran = Command::new("valgrind")
            .arg("--tool=callgrind")
            .arg(format!("--callgrind-out-file={}", out.path().display()))
            .arg(&*PROGRAM)
            .args([work, &callers.to_string(), &times.to_string()])
            .output()
            .expect("valgrind");
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        total(out.path())
    });
    counted[1].saturating_sub(counted[0]) / (more - few)
}

fn total(counted: &Path) -> u64 {
    let text = std::fs::read_to_string(counted).expect("what was counted");
    let line = text.lines().find_map(|line| line.strip_prefix("summary:").or_else(|| line.strip_prefix("totals:"))).expect("a sum");
    line.split_whitespace().next().and_then(|number| number.parse().ok()).expect("a number")
}

/// The program that does the work, built as this one is. Fresh already where all targets were built.
static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| {
    let here = std::env::current_exe().expect("this test");
    let folder = here.parent().and_then(Path::parent).expect("the target directory");
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
    build.args(["build", "--quiet", "--locked", "--offline", "--example", "counted", "--profile", profile]);
    build.arg("--target-dir").arg(folder.parent().expect("a folder")).current_dir(env!("CARGO_MANIFEST_DIR"));
    assert!(build.status().expect("cargo runs").success(), "the program that is counted cannot be built");
    folder.join("examples/counted")
});

/// Counted in bytes as they are asked for.
const MOST_BYTES: f64 = 196.0;
const MOST_RULES: f64 = 145.0;
const MOST_HAND: f64 = 39.0;
const MOST_ASK: f64 = 44.0;
const MOST_JOIN: f64 = 25.5;
const MOST_LEAVE: f64 = 19.0;
const MOST_FRAME: f64 = 393.0;

/// With 500 callers, as a build without optimisation has them. Another compiler may make others of the same lines.
const MOST_INSTRUCTIONS: [(&str, u64); 4] = [("hand", 131_000), ("ask", 127_000), ("key", 53_000), ("frame", 6_780_000)];
