//! What a start costs for each event that it reads back.

#[path = "../bench/day.rs"]
mod day;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use allocation_counter::measure;
use confmod::conference::Moment;
use confmod::conference::event::{Event, Seq, What};
use confmod::config::{AlertWays, Kick, Withheld};
use confmod::console::app::{App, Message, Settings};
use confmod::console::command::KeyMap;
use confmod::journal::now;

use super::roster::instructions_of;
use super::support::pty::Setup;
use super::support::stage::Stage;
use super::support::tools;

/// Allocations for an event that is read: its call, and each of the texts that it has.
const READ: u64 = 2_700;

/// Allocations for an event that is folded.
const FOLDED: u64 = 1_200;

/// Reads for each event: pages of 4 KiB, some with more rows and some with fewer.
const PAGES: u64 = 63;

/// Events of a day: enough that what is done once does not count.
const EVENTS: usize = 20_000;

fn day(events: usize) -> Vec<Event> {
    let to = now();
    day::events(events, Moment(to.0 - 20 * 3_600_000), to)
}

/// Thousandths, so that a bound says what it means.
fn each(count: u64, events: usize) -> u64 {
    count * 1_000 / events as u64
}

#[test]
fn an_event_is_read_with_an_allocation_for_each_text_and_no_more() {
    let rows: Vec<_> = day(EVENTS).iter().map(|event| (event.what.kind(), event.what.body().unwrap())).collect();
    let counted = measure(|| {
        for (kind, body) in &rows {
            assert!(What::read(kind, body).unwrap().is_some());
        }
    });
    let each = each(counted.count_total, EVENTS);
    assert!(each <= READ, "{each} thousandths of an allocation for each event that is read");
}

#[test]
fn what_nobody_will_see_is_folded_without_making_words_of_it() {
    let chunks: Vec<Arc<[Event]>> = day(EVENTS).chunks(500).map(Arc::from).collect();
    let settings = Settings {
        shared: None,
        moderator: "ada".into(),
        conference: None,
        stale_after: Duration::from_hours(4),
        silence_after: Duration::from_mins(30),
        resume_within: Duration::from_hours(12),
        withheld: Withheld::Refuse,
        kick: Kick::Dialog,
        alerts: AlertWays::default(),
        pace: 10,
        read_only: false,
        mask: false,
        listener: String::new(),
        urls: Vec::new(),
        fragile_session: false,
        title: "",
        news_after: Seq(EVENTS as u64),
    };
    let mut app = App::new(settings, KeyMap::new(&BTreeMap::new()).unwrap(), (200, 50), now());
    let counted = measure(|| {
        for chunk in chunks {
            app.update(app.now, Message::Past(chunk));
        }
    });
    let each = each(counted.count_total, EVENTS);
    assert!(each <= FOLDED, "{each} thousandths of an allocation for each event that is folded");
}

/// Reads of the database by a start on a journal of so many events.
fn reads(events: usize) -> u64 {
    let stage = Stage::new();
    day::write(&stage.home.journal(), &day(events));
    let counts = stage.home.join("counts");
    let setup: Setup = stage.setup().through("strace", ["-f", "-qq", "-e", "trace=pread64", "-o", counts.to_str().unwrap()]);
    let console = setup.start();
    // The first frame, and all that was there is in it.
    console.wait_for_text("127.0.0.1:");
    console.kill9();
    std::fs::read_to_string(counts).unwrap().lines().filter(|line| line.contains("pread64(")).count() as u64
}

#[test]
fn the_journal_is_read_once_however_many_fold_it() {
    if !tools::require("strace") {
        return;
    }
    let (few, many) = (reads(EVENTS), reads(2 * EVENTS));
    let each = each(many - few, EVENTS);
    assert!(each <= PAGES, "{each} thousandths of a read for each event");
}

#[test]
fn an_event_of_the_past_takes_few_instructions() {
    if !tools::require("valgrind") {
        return;
    }
    let over: Vec<_> = INSTRUCTIONS
        .into_iter()
        .map(|(work, most)| (work, most, instructions_of(work, DAY, [1, 2]) / DAY))
        .filter(|(_, most, each)| each > most)
        .map(|(work, most, each)| format!("{work}: {each} instructions for each event, {most} are enough"))
        .collect();
    assert!(over.is_empty(), "{over:#?}");
}

/// Events of the day whose instructions are counted.
const DAY: u64 = 10_000;

/// Instructions for each event, as built for tests: to read it, to fold it in the console, to fold it in the rules.
const INSTRUCTIONS: [(&str, u64); 3] = [("read", 14_800), ("fold", 26_000), ("rules", 6_600)];
