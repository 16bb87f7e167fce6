//! What the README says is so: keys, commands, settings, exit codes, URLs, words, files.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failing helper is a failing test")]

#[path = "support/named.rs"]
mod named;

use std::collections::BTreeSet;
use std::path::Path;

use clap::{CommandFactory as _, Parser as _};
use confmod::callback;
use confmod::cli::{self, Cli};
use confmod::conference::Outcome;
use confmod::conference::filter::Filter;
use confmod::conference::roster::Word;
use confmod::config::DEFAULT_FILE;
use confmod::console::command;
use confmod::journal::sqlite::Sqlite;

const README: &str = include_str!("../README.md");
const THREATS: &str = include_str!("../assets/threats.md");
const LONG: &str = include_str!("promises.sh");
const GATE: &str = include_str!("../.ci/run");

/// The lines of all code blocks of a language, comments and what the margin adds taken away.
fn code(language: &str) -> Vec<&'static str> {
    let mut lines = Vec::new();
    let mut inside = None;
    for line in README.lines().map(str::trim) {
        match (inside, line.strip_prefix("```")) {
            (None, Some(name)) => inside = Some(name),
            (Some(_), Some("")) => inside = None,
            (Some(name), None) if name == language && !line.is_empty() => {
                lines.push(line.split("      #").next().unwrap_or(line));
            }
            _ => {}
        }
    }
    lines
}

/// Everything between backticks outside code blocks.
fn quoted() -> Vec<&'static str> {
    let prose = README.split("```").step_by(2);
    prose.flat_map(|part| part.split('`').skip(1).step_by(2)).collect()
}

/// The rows of the table that comes after a line, cells trimmed, without the two lines of its head.
fn table(after: &str) -> Vec<Vec<&'static str>> {
    let (_, rest) = README.split_once(after).unwrap_or_else(|| panic!("the README does not say {after:?}"));
    let rows = rest.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|')).skip(2);
    rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect()).collect()
}

/// Everything between backticks in one cell.
fn names(cell: &'static str) -> impl Iterator<Item = &'static str> {
    cell.split('`').skip(1).step_by(2)
}

#[test]
fn the_keys_are_those_of_the_command_table() {
    let (_, rest) = README.split_once("<!-- keys: made from the command table -->\n").expect("the first mark");
    let (shown, _) = rest.split_once("<!-- end of keys -->").expect("the second mark");
    let made = command::markdown();
    assert!(shown == made, "the keys have changed; put this between the two marks in README.md:\n{made}");
}

#[test]
fn the_gate_runs_the_test_command() {
    let tests: BTreeSet<_> = code("sh").into_iter().filter(|line| line.starts_with("cargo test")).collect();
    let [test] = tests.into_iter().collect::<Vec<_>>()[..] else { panic!("not one test command") };
    let last = GATE.lines().rfind(|line| line.contains("cargo test")).expect("a test command");
    assert_eq!(last, format!("step {test}"));
}

/// The words of a command line for confmod, `cargo run` and variables before it taken away.
fn command_line(line: &'static str) -> Option<Vec<&'static str>> {
    let words: Vec<_> = line.split_whitespace().skip_while(|word| word.contains('=')).collect();
    match words[..] {
        ["confmod", ..] => Some(words),
        ["cargo", "run", "--release", "--", ref rest @ ..] => Some([&["confmod"], rest].concat()),
        _ => None,
    }
}

#[test]
fn every_command_line_is_taken() {
    let lines: Vec<_> = code("sh").into_iter().filter_map(command_line).collect();
    assert!(lines.len() > 5, "only {lines:?} were found");
    for line in lines {
        if let Err(error) = Cli::try_parse_from(&line) {
            panic!("{line:?}: {error}");
        }
    }
    for line in quoted().into_iter().filter_map(command_line) {
        // A sentence may name a command and leave out what it needs.
        if let Err(error) = Cli::try_parse_from(&line)
            && error.kind() != clap::error::ErrorKind::MissingRequiredArgument
        {
            panic!("{line:?}: {error}");
        }
    }
}

#[test]
fn every_setting_is_there_with_its_default_and_no_other() {
    let documented: BTreeSet<_> = DEFAULT_FILE
        .lines()
        .filter_map(|line| line.strip_prefix("# ")?.split_once(" = "))
        .map(|(key, _)| key)
        .filter(|key| key.chars().all(|c| c.is_ascii_lowercase() || c == '_'))
        .collect();
    let rows = table("## Configuration");
    let shown: BTreeSet<_> = rows.iter().flat_map(|row| names(row[0])).filter(|key| *key != "[keys]").collect();
    assert_eq!(shown, documented);
    for row in &rows {
        let defaults = names(row[3]).filter(|_| !row[3].starts_with("the ")).zip(names(row[0]));
        for (default, key) in defaults {
            let line = DEFAULT_FILE.lines().find(|line| line.starts_with(&format!("# {key} = "))).expect(key);
            let (_, value) = line.split_once(" = ").expect("a value");
            assert_eq!(value.trim_matches('"'), default, "{key}");
        }
    }
}

#[test]
fn every_variable_and_flag_exists_and_is_named() {
    let variables = |text: &'static str| -> BTreeSet<_> {
        let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        words.filter(|word| word.starts_with("CONFMOD_") || *word == "NO_COLOR").collect()
    };
    assert_eq!(variables(README), variables(DEFAULT_FILE), "those of assets/config.toml are all there are");

    let rows = table("## Configuration");
    let shown: BTreeSet<_> = rows.iter().flat_map(|row| names(row[2])).filter(|flag| flag.starts_with("--")).collect();
    let top = Cli::command();
    let mut known: BTreeSet<String> = top.get_arguments().filter_map(|flag| flag.get_long()).map(|long| format!("--{long}")).collect();
    known.extend(["--public-url", "--metrics"].map(str::to_owned));
    assert_eq!(shown, known.iter().map(String::as_str).collect());
}

#[test]
fn every_exit_code_is_there() {
    let shown: Vec<_> = table("## One ask from a script").iter().map(|row| names(row[0]).next().expect("a code")).collect();
    let mut codes: BTreeSet<u8> = [0, cli::check::FAILED, cli::WRONG].into();
    let outcomes = [Outcome::Accepted, Outcome::Refused, Outcome::NotDelivered, Outcome::Unknown, Outcome::NotSent];
    codes.extend(outcomes.map(cli::ask::exit_code));
    codes.insert(cli::FAULT);
    let codes: Vec<_> = codes.iter().map(ToString::to_string).chain(["128".to_owned()]).collect();
    assert_eq!(shown, codes);
}

#[test]
fn the_urls_are_those_that_are_printed() {
    let urls: Vec<_> = callback::urls("https://calls.example.org", "TOKEN", Some("1122")).into_iter().map(|url| url.url).collect();
    assert_eq!(code("text"), urls);
    let kinds: Vec<_> = table("**4. The call flow.**").iter().map(|row| names(row[1]).next().expect("a kind")).collect();
    for (kind, url) in kinds.iter().zip(&urls) {
        assert!(url.contains(&format!("/TOKEN/{kind}?")), "{kind}: {url}");
    }
    assert_eq!(kinds.len(), urls.len());
}

#[test]
fn the_words_are_those_of_the_voice_column() {
    use Word::{Calling, Failed, Kicked, Kicking, Left, Muted, Muting, Open, Stale, Unknown, Unmuting};
    let all = [Calling, Open, Muting, Muted, Unmuting, Kicking, Kicked, Left, Failed, Unknown, Stale].map(Word::text);
    let rows = table("## What a row says");
    let shown: BTreeSet<_> = rows.iter().flat_map(|row| names(row[0])).collect();
    assert_eq!(shown, all.into());
}

#[test]
fn the_filters_are_understood_and_name_every_field() {
    let rows = table("## Find somebody");
    let terms: Vec<_> = rows.iter().flat_map(|row| names(row[0])).chain(names(rows[2][1])).collect();
    for term in &terms {
        assert_eq!(Filter::new(term).slip(), None, "{term}");
    }
    let fields = Filter::new("nothing:").slip().expect("no such field").remedy.clone();
    for field in fields.split_whitespace().filter_map(|word| word.strip_suffix(':')) {
        assert!(terms.iter().any(|term| term.starts_with(&format!("{field}:"))), "{field}: {fields}");
    }
    let states = Filter::new("state:nothing").slip().expect("no such state").remedy.clone();
    let voices = table("## What a row says").iter().flat_map(|row| names(row[0])).map(|word| format!("state:{word}")).collect::<Vec<_>>();
    for state in states.split_whitespace().map(|word| format!("state:{word}")) {
        assert!(terms.contains(&state.as_str()) || voices.contains(&state), "{state}");
    }
}

#[test]
fn every_file_that_is_linked_is_there() {
    let links = README.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let mut seen = 0;
    for link in links.filter(|link| !link.starts_with("https://")) {
        seen += 1;
        match link.strip_prefix('#') {
            Some(anchor) => {
                let heading = |line: &str| line.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
                assert!(README.lines().any(|line| line.starts_with('#') && heading(line) == anchor), "{link}");
            }
            None => assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join(link).exists(), "{link}"),
        }
    }
    assert!(seen > 5, "only {seen} links were found");
}

#[test]
fn the_queries_are_answered() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("journal.sqlite");
    Sqlite::open(&path, "a test").expect("a journal").close();
    let database = rusqlite::Connection::open(&path).expect("a database");
    let shell = code("sh").into_iter().filter(|line| line.starts_with("sqlite3 ")).filter_map(|line| line.split('\'').nth(1));
    let queries: Vec<_> = code("sql").into_iter().chain(shell).collect();
    assert!(queries.len() > 2, "only {queries:?} were found");
    for query in queries {
        if let Err(error) = database.prepare(query) {
            panic!("{query}: {error}");
        }
    }
}

#[test]
fn the_threat_model_names_tests_that_are_there_and_settings_that_exist() {
    let tests: Vec<_> = named::named_tests(THREATS).collect();
    assert!(tests.len() > 25, "only {tests:?} were found");
    for test in tests {
        assert!(named::names_a_test(test), "assets/threats.md names {test}, which is no test");
    }
    let documented = |name: &str| DEFAULT_FILE.contains(&format!("# {name} = "));
    for setting in ["allow", "proxies", "callback_token_previous", "listen"] {
        assert!(THREATS.contains(&format!("`{setting}`")) && documented(setting), "{setting}");
    }
    assert!(THREATS.lines().count() <= 100, "one page");
}

#[test]
fn the_version_of_rust_is_the_one_that_is_needed() {
    assert!(README.contains(&format!("{} or newer", env!("CARGO_PKG_RUST_VERSION"))));
}

#[test]
fn each_promise_names_tests_that_are_there_and_that_the_long_run_runs() {
    let (_, section) = README.split_once("\n## Reliability\n").expect("the section");
    let section = section.split("\n## ").next().unwrap();
    let runs: BTreeSet<_> = LONG.lines().find_map(|line| line.strip_prefix("tests=(")?.strip_suffix(')')).unwrap().split(' ').collect();
    let mut named_files = BTreeSet::new();
    let promises = section.split("\n\n").filter(|part| part.starts_with("**"));
    for promise in promises {
        let tests: Vec<_> = named::named_tests(promise).collect();
        assert!(!tests.is_empty(), "no test for: {promise}");
        for test in tests {
            assert!(named::names_a_test(test), "the README names {test}, which is no test");
            named_files.extend(test.strip_prefix("tests/").and_then(|rest| rest.split(['/', '.']).next()));
        }
    }
    assert!(runs.is_subset(&named_files), "{runs:?} run, {named_files:?} are named");
    assert!(code("sh").contains(&"bash tests/promises.sh"));
    for file in runs {
        assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/{file}.rs")).exists(), "{file}");
    }
}
