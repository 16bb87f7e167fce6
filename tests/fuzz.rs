//! The promise: text from outside cannot act. Whatever a callback, an answer, a file or a journal holds, nothing panics
//! or hangs, and what comes out anywhere does no more than be read.
//!
//! Each target in `fuzz/` is a function of bytes. It is fed what once failed (`fuzz/kept`), then sound seeds, then what
//! `support/mutate.rs` makes of them: 16 kinds of change, one seed for all of it, `CONFMOD_FUZZ_SEED` for another.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failing helper is a failing test")]
#![allow(unreachable_pub, reason = "inside a test program nothing can be reached from outside")]

mod support;

#[path = "support/feed.rs"]
mod feed;
#[path = "support/mutate.rs"]
mod mutate;

#[path = "fuzz/answer.rs"]
mod answer;
#[path = "fuzz/callback.rs"]
mod callback;
#[path = "fuzz/clean.rs"]
mod clean;
#[path = "fuzz/commands.rs"]
mod commands;
#[path = "fuzz/files.rs"]
mod files;
#[path = "fuzz/journal.rs"]
mod journal;
#[path = "fuzz/memory.rs"]
mod memory;
#[path = "fuzz/parsers.rs"]
mod parsers;
#[path = "fuzz/report.rs"]
mod report;
#[path = "fuzz/screen.rs"]
mod screen;

use feed::Target;
use support::scale::Figures;

/// Feeds one target and tells how much it took.
#[track_caller]
fn feed(name: &'static str, figures: &'static str, cases: u32, seeds: Vec<Vec<u8>>, look: fn(&[u8])) {
    let inputs = Target { name, cases, seeds, look }.run();
    Figures::of(figures).with(inputs, "inputs").with(0, "broken promises").tell();
}

#[test]
fn any_text_is_cleaned_for_good() {
    feed("text", "fuzzed texts", 3_000, parsers::seeds(), clean::any);
}

#[test]
fn any_callback_is_one_clean_event_or_none() {
    feed("callback", "fuzzed callbacks", 4_000, callback::seeds(), callback::request);
}

#[test]
fn any_bytes_on_a_connection_are_answered_or_refused() {
    feed("wire", "fuzzed connections", 500, callback::wire_seeds(), callback::wire);
}

#[test]
fn any_answer_of_the_provider_is_one_verdict() {
    feed("answer", "fuzzed answers", 600, answer::seeds(), answer::any);
}

#[test]
fn any_scenario_is_played_or_refused() {
    feed("scenario", "fuzzed scenarios", 1_500, files::scenario_seeds(), files::scenario);
}

#[test]
fn any_configuration_is_taken_or_refused() {
    feed("config", "fuzzed configurations", 400, files::config_seeds(), files::config);
    feed("environment", "fuzzed environments", 120, parsers::seeds(), files::environment);
    feed("keys", "fuzzed keys", 400, parsers::seeds(), files::keys);
}

#[test]
fn any_contacts_are_read_or_passed_over() {
    feed("contacts", "fuzzed contacts", 3_000, files::contacts_seeds(), files::contacts);
}

#[test]
fn any_journal_is_read_folded_reported_and_replayed() {
    feed("journal", "fuzzed journals", 80, journal::seeds(), journal::rows);
}

#[test]
fn any_name_can_be_reported() {
    feed("report", "fuzzed reports", 120, parsers::seeds(), report::words);
}

#[test]
fn any_caller_can_be_looked_at() {
    feed("screen", "fuzzed screens", 80, callback::seeds(), screen::callbacks);
    feed("names", "fuzzed names on screens", 100, parsers::seeds(), screen::names);
    feed("words", "fuzzed words on screens", 15, parsers::seeds(), screen::words);
}

#[test]
fn any_number_filter_url_and_record_is_read() {
    feed("number", "fuzzed numbers", 1_000, parsers::seeds(), parsers::number);
    feed("filter", "fuzzed filters", 1_000, parsers::seeds(), parsers::filter);
    feed("url", "fuzzed URLs", 500, parsers::seeds(), parsers::url);
    feed("record", "fuzzed log records", 500, parsers::seeds(), parsers::record);
}

#[test]
fn no_word_of_a_command_line_or_an_environment_acts() {
    let runs = commands::say_nothing_but_text();
    Figures::of("hostile command lines").with(runs, "runs").tell();
    commands::draw_nothing_but_text();
}
