//! The promise: a journal of an older confmod is brought up to date in one go, after a whole copy of it was made; whoever
//! ends it in the middle finds the old one or the new one.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failing helper is a failing test")]

#[path = "support/desk.rs"]
mod desk;
#[path = "support/ledger.rs"]
mod ledger;
mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use desk::Desk;
use support::home::{Home, environment};
use support::provider::Provider;
use support::scale::{Figures, pick};
use support::stage::{TOKEN, USERKEY};

const CALLERS: usize = 6_000;

fn write_first_version(path: &Path) {
    let rows = (0..CALLERS).map(|call| {
        let body = format!("{{\"call\":\"c{call}\",\"conference\":\"1122\",\"number\":\"12157010680\",\"name\":\"{}\"}}", "Ada".repeat(40));
        (Duration::from_secs(40 * 86_400), "joined", "c", body)
    });
    ledger::first_version(path, rows);
}

/// What begins as the journal's name and is a copy by its name: not half of one.
fn copies(home: &Home) -> Vec<PathBuf> {
    let entries = fs::read_dir(home.path()).expect("a home").flatten().map(|entry| entry.path());
    let is_copy = |path: &PathBuf| {
        let name = path.to_string_lossy();
        name.contains("journal.sqlite.v") && !name.contains(".part")
    };
    entries.filter(is_copy).collect()
}

/// Version, events, and whether the engine finds it sound.
fn state(path: &Path) -> (i64, i64, bool) {
    let journal = ledger::open(path);
    let read = |query| ledger::number(&journal, query);
    (read("PRAGMA user_version"), read("SELECT count(*) FROM event WHERE kind = 'joined'"), ledger::is_sound(&journal))
}

#[test]
fn whoever_kills_it_in_the_middle_finds_the_old_one_or_the_new_one() {
    let rounds = pick(12, 200);
    let (home, provider) = (Home::new(), Provider::start());
    let master = home.join("master");
    write_first_version(&master);
    let (mut old, mut copied) = (0, 0);
    for round in 0..rounds {
        fs::copy(&master, home.journal()).expect("an old journal");
        let mut child = Command::new(support::confmod())
            .arg("--plain")
            .env_clear()
            .envs(environment(home.path()))
            .env("CONFMOD_USERKEY", USERKEY)
            .env("CONFMOD_API_URL", provider.url())
            .env("CONFMOD_LISTEN", "127.0.0.1:0")
            .env("CONFMOD_CALLBACK_TOKEN", TOKEN)
            .env("CONFMOD_JOURNAL", home.journal())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("confmod starts");
        // Until it holds the journal nothing can happen to it; from then on the kill comes a little later each time.
        while fs::metadata(home.join("journal.sqlite.lock")).map_or(0, |lock| lock.len()) == 0 {
            std::thread::yield_now();
        }
        std::thread::sleep(Duration::from_millis(150) * round / rounds);
        child.kill().expect("killed");
        child.wait().expect("it ends");
        fs::remove_file(home.join("journal.sqlite.lock")).expect("the lock");

        let (version, events, sound) = state(&home.journal());
        assert!(matches!(version, 1 | 2) && events == CALLERS as i64 && sound, "round {round}: format {version}, {events} events, {sound}");
        let there = copies(&home);
        assert!(version == 1 || there.len() == 1, "round {round}: up to date without a copy: {there:?}");
        for copy in &there {
            assert_eq!(state(copy), (1, CALLERS as i64, true), "round {round}: {}", copy.display());
            assert_eq!(fs::metadata(copy).expect("there").permissions().mode() & 0o777, 0o600);
        }
        old += u32::from(version == 1);
        copied += u32::from(!there.is_empty());
        for file in home.files().into_iter().map(|(path, _)| path).filter(|path| path.to_string_lossy().contains("journal.sqlite")) {
            fs::remove_file(file).expect("removed");
        }
    }
    assert!(old > 0 && copied > 0, "the kills came at one side of it: {old} before, {copied} with a copy of {rounds}");
    Figures::of("older: kills while a journal is brought up to date")
        .with(rounds, "kills")
        .with(old, "found the old journal")
        .with(rounds - old, "the new one")
        .with(0, "found neither")
        .tell();
}

#[test]
fn a_start_brings_it_up_to_date_and_leaves_a_copy_and_one_of_a_newer_version_is_refused() {
    let (home, provider) = (Home::new(), Provider::start());
    write_first_version(&home.journal());
    let (desk, _) = Desk::open(&home, &provider);
    desk.end(Duration::from_secs(2));
    assert_eq!(state(&home.journal()).0, 2);
    assert_eq!(copies(&home), [home.join("journal.sqlite.v1")]);
    assert_eq!(state(&home.join("journal.sqlite.v1")), (1, CALLERS as i64, true));

    ledger::open(&home.journal()).pragma_update(None, "user_version", 99).expect("aged");
    for args in [&["--plain"][..], &["report"], &["replay", "--plain"], &["prune", "--older-than", "30d"]] {
        let output = Command::new(support::confmod())
            .args(args)
            .env_clear()
            .envs(environment(home.path()))
            .env("CONFMOD_USERKEY", USERKEY)
            .env("CONFMOD_LISTEN", "127.0.0.1:0")
            .env("CONFMOD_CALLBACK_TOKEN", TOKEN)
            .env("CONFMOD_JOURNAL", home.journal())
            .stdin(Stdio::null())
            .output()
            .expect("confmod runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("newer confmod (format 99); update confmod, or choose another file"), "{args:?}: {said}");
        assert_eq!(output.status.code(), Some(1), "{args:?}");
    }
    assert_eq!(state(&home.journal()), (99, CALLERS as i64, true), "nothing was changed");
}
