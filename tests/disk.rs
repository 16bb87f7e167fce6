//! The promise: a disk that fails, fills up or is slow is told, not hidden, and silencing somebody works all the same.
#![allow(clippy::expect_used, reason = "a failing helper is a failing test")]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use support::disk::{self, Disk};
use support::http::{self, Reply};
use support::pty::{Console, DEADLINE, Setup};
use support::scale::{Figures, pick};
use support::screen::Reading;
use support::senders::{self, Senders, Told};
use support::stage::{Listener, Stage};
use support::tools;

const ADA: &str = "12157010680";

/// A conference on a disk that can be broken: Ada is in.
struct House {
    stage: Stage,
    disk: Disk,
    console: Console,
    listener: Listener,
    answered: BTreeSet<String>,
    refused: BTreeSet<String>,
}

impl House {
    fn new() -> Self {
        let stage = Stage::new();
        let disk = Disk::below(&stage.home);
        let (console, listener) = stage.open_as(&Self::setup(&stage, &disk));
        let house = Self { stage, disk, console, listener, answered: BTreeSet::new(), refused: BTreeSet::new() };
        house.listener.join(&house.console, "ada", "Ada", ADA);
        house
    }

    fn setup(stage: &Stage, disk: &Disk) -> Setup {
        disk.under(stage.setup()).size(140, 30)
    }

    /// Calls back from several sides until callbacks are refused, and a little longer.
    #[track_caller]
    fn call_until_refused(&mut self, name: &str) {
        // Enough in each that the log grows long soon.
        let more = senders::padding(16, 200);
        let senders = Senders::start(self.listener.address, 4, 1_000, name, &more);
        let began = Instant::now();
        while self.get("/healthz").status == 200 && !senders.are_done() && began.elapsed() < DEADLINE {
            std::thread::sleep(Duration::from_millis(1));
        }
        let told = senders.stop();
        assert!(!told.refused.is_empty(), "something was refused: {} answered", told.answered.len());
        self.note(told);
    }

    fn note(&mut self, told: Told) {
        assert!(told.faults.is_empty() && told.unanswered.is_empty(), "{told:?}");
        self.answered.extend(told.answered);
        self.refused.extend(told.refused);
    }

    fn get(&self, path: &str) -> Reply {
        http::get(self.listener.address, path)
    }

    /// What holds while the journal takes nothing: callbacks are refused and not shown, the reason is told red and to
    /// monitors, and an ask leaves all the same.
    #[track_caller]
    fn is_refusing(&mut self, banner: &str, why: &str, retry_after: &str) {
        let health = self.get("/healthz");
        assert!(health.status == 503 && health.body.contains(why), "{why}: {health:?}");
        assert_eq!(health.header("retry-after"), Some(retry_after));
        let refused = self.listener.get("join", "key=zoe&conference=1122&name=Zoe");
        assert_eq!((refused.status, refused.header("retry-after")), (503, Some(retry_after)), "{refused:?}");
        self.console.wait_for_text(banner);
        let cell = self.console.screen().cell_at(banner).expect("the banner");
        assert_eq!(cell.bgcolor(), vt100::Color::Idx(1), "red");
        self.console.press(support::keys::Key::Home);
        self.console.send_keys("m");
        self.stage.provider.wait_for_action("MUTE", "ada");
        self.console.wait_for_row("Ada", "muted");
        self.console.wait_for_row("Ada", "not recorded");
        assert!(!self.console.screen().says("Zoe"), "what was refused is not shown:\n{}", self.console.screen_text());
    }

    /// What the journal holds now: all that was answered, once; nothing twice, nothing that nobody sent.
    #[track_caller]
    fn has_all_answered(&self) {
        let mut held = senders::held(&self.stage.home.journal());
        held.retain(|event, _| !event.ends_with("ada") && !event.ends_with("zoe"));
        let lost: Vec<_> = self.answered.iter().filter(|event| !held.contains_key(*event)).collect();
        assert!(lost.is_empty(), "answered with 200 and not there: {lost:?}");
        let strange: Vec<_> = held.iter().filter(|(event, times)| **times != 1 || !self.was_sent(event)).collect();
        assert!(strange.is_empty(), "there twice, or never sent: {strange:?}");
    }

    fn was_sent(&self, event: &str) -> bool {
        self.answered.contains(event) || self.refused.contains(event)
    }

    /// Starts anew on a sound disk, and takes callbacks again.
    #[track_caller]
    fn restart(&mut self) {
        self.console.signal(Signal::TERM);
        assert_eq!(self.console.exit_code(), 143);
        self.disk.heals();
        (self.console, self.listener) = self.stage.open_as(&Self::setup(&self.stage, &self.disk));
        self.console.wait_for_text("Ada");
        assert_eq!(self.get("/healthz").status, 200);
        self.listener.join(&self.console, "zoe", "Zoe", "4930901820");
    }
}

#[test]
fn a_disk_that_fails_ends_the_taking_of_callbacks_until_restart() {
    if !tools::require("cc") {
        return;
    }
    let cases = [
        "sync journal.sqlite-wal EIO",
        // A sync that had no room may have lost as much as one that failed.
        "sync journal.sqlite-wal ENOSPC",
        "write journal.sqlite-wal EIO",
        "write journal.sqlite-wal EROFS",
        "sync journal.sqlite EIO",
        "write journal.sqlite EIO",
    ];
    let mut figures = (0, 0, 0);
    for fault in cases {
        let mut house = House::new();
        house.disk.breaks(&[fault]);
        house.call_until_refused("before");
        house.is_refusing("THE JOURNAL FAILED", "disk I/O error", "60");
        let until = house.disk.trace().len();
        house.disk.heals();
        let told = Senders::start(house.listener.address, 4, 20, "after", "").finish();
        assert!(told.answered.is_empty(), "{fault}: nothing is taken until restart: {told:?}");
        house.note(told);
        assert_eq!(house.get("/healthz").status, 503, "{fault}");
        house.restart();
        // What failed is not tried again: what the kernel has forgotten would be taken for written.
        let trace = house.disk.trace();
        let again = disk::records(&trace[until..]).into_iter().take_while(|record| record.kind != "begin");
        let again: Vec<_> = again.filter(|record| matches!(record.kind, "sync" | "write") && is_journal(record.path)).collect();
        assert!(again.is_empty(), "{fault}: {again:?}");
        house.has_all_answered();
        figures = (figures.0 + 1, figures.1 + house.answered.len(), figures.2 + house.refused.len());
        repeats_are_harmless(&house);
    }
    let (faults, answered, refused) = figures;
    let told = Figures::of("failing disk").with(faults, "kinds of faults").with(answered, "events answered");
    told.with(refused, "refused").with(0, "lost").tell();
}

fn is_journal(path: &str) -> bool {
    path.ends_with("journal.sqlite") || path.ends_with("journal.sqlite-wal")
}

/// What was refused may be in the journal or not, and the provider may send it again.
fn repeats_are_harmless(house: &House) {
    for event in house.refused.iter().take(20) {
        let (kind, key) = event.split_once(' ').expect("kind and key");
        house.listener.tell(kind, &format!("key={key}&conference=1122&name=Again"));
    }
}

#[test]
fn a_full_disk_is_told_and_recovers_without_a_restart() {
    if !tools::require("cc") {
        return;
    }
    let mut figures = (0, 0, 0);
    for (effect, why) in [("ENOSPC", "full"), ("full", "full"), ("half", "full"), ("EDQUOT", "quota")] {
        let mut house = House::new();
        house.disk.breaks(&[&format!("write * {effect}")]);
        house.call_until_refused("before");
        house.is_refusing("callbacks are refused", why, "5");
        // As often as a full disk may be tried, nothing of it is answered with 200.
        let told = Senders::start(house.listener.address, 4, 20, "during", "").finish();
        assert!(told.answered.is_empty(), "{effect}: {told:?}");
        house.note(told);
        house.disk.heals();
        let began = Instant::now();
        while house.get("/healthz").status != 200 {
            assert!(began.elapsed() < DEADLINE, "{effect}: {:?}", house.get("/healthz"));
            std::thread::sleep(Duration::from_millis(20));
        }
        house.console.wait_for(|screen| screen.pane_says("the journal is written again"), "word that it is over");
        let told = Senders::start(house.listener.address, 4, 20, "after", "").finish();
        assert!(told.refused.is_empty(), "{effect}: {told:?}");
        house.note(told);
        house.console.wait_for(|screen| !screen.says("callbacks are refused,"), "no banner any more");
        house.has_all_answered();
        let (kinds, told_refused) = written_late(&house.stage.home.journal());
        // Every event of the senders, and Zoe.
        assert_eq!(told_refused, house.refused.len() as u64 + 1, "{effect}: what was refused is counted");
        assert_eq!(kinds, ["asked_late", "answered", "recorded"], "{effect}: the ask and its answer are written down late");
        figures = (figures.0 + 1, figures.1 + house.answered.len(), figures.2 + house.refused.len());
        house.restart();
        house.has_all_answered();
    }
    let (kinds, answered, refused) = figures;
    let told = Figures::of("full disk").with(kinds, "ways to be full").with(answered, "events answered");
    told.with(refused, "refused").with(0, "lost").tell();
}

/// The kinds of what was written about asks, in order, and how many callbacks are told to have been refused.
fn written_late(journal: &Path) -> (Vec<String>, u64) {
    let connection = rusqlite::Connection::open_with_flags(journal, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY).expect("a journal");
    let query = "SELECT kind, coalesce(body ->> 'refused', 0) FROM event WHERE kind IN ('asked', 'asked_late', 'answered', 'recorded')";
    let mut select = connection.prepare(query).expect("a query");
    let rows = select.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?))).expect("rows");
    let rows: Vec<_> = rows.map(|row| row.expect("a row")).collect();
    (rows.iter().map(|row| row.0.clone()).collect(), rows.iter().map(|row| row.1 as u64).sum())
}

#[test]
fn a_log_that_cannot_be_copied_for_want_of_room_loses_nothing_and_is_copied_later() {
    if !tools::require("cc") {
        return;
    }
    let mut house = House::new();
    house.disk.breaks(&["write journal.sqlite full"]);
    let more = senders::padding(16, 200);
    let told = Senders::start(house.listener.address, 4, 350, "full", &more).finish();
    assert!(told.refused.is_empty(), "{told:?}");
    house.note(told);
    let log = house.stage.home.join("journal.sqlite-wal");
    let long = fs::metadata(&log).expect("a log").len();
    assert!(long > 5_000_000, "the log was not copied: {long} bytes");
    house.disk.heals();
    let told = Senders::start(house.listener.address, 1, 8, "later", "").finish();
    house.note(told);
    let copied = fs::metadata(house.stage.home.journal()).expect("a journal").len();
    assert!(copied > 1_000_000, "the log is copied as soon as there is room: {copied} bytes");
    house.has_all_answered();
}

#[test]
fn a_disk_that_cannot_hold_a_journal_is_told_at_the_start() {
    if !tools::require("cc") {
        return;
    }
    let cases = [
        (false, "any * full", "No space left on device"),
        (true, "any * full", "No space left on device"),
        (true, "write journal.sqlite-shm ENOSPC", "disk I/O error"),
        (false, "write journal.sqlite-wal ENOSPC", "full"),
        (false, "sync journal.sqlite EIO", "error"),
        // The name of a new file is not safe before its folder is.
        (false, "sync HOME EIO", "error"),
        (true, "sync HOME EIO", "error"),
        (true, "open * EROFS", "Read-only file system"),
        (true, "read journal.sqlite EIO", "disk I/O error"),
    ];
    for (exists, fault, why) in cases {
        let stage = Stage::new();
        let disk = Disk::below(&stage.home);
        let setup = disk.under(stage.setup().size(200, 24));
        if exists {
            let (console, listener) = stage.open_as(&setup);
            listener.join(&console, "ada", "Ada", ADA);
            console.kill9();
        }
        let fault = fault.replace("HOME", stage.home.path().to_str().expect("a path of text"));
        disk.breaks(&[&fault]);
        let console = setup.start();
        assert_eq!(console.exit_code(), 1, "{fault}:\n{}", console.screen_text());
        let said = console.screen_text().replace('\n', "");
        for word in ["journal.sqlite", why, "--journal"] {
            assert!(said.contains(word), "{fault}: {word} in:\n{}", console.screen_text());
        }
        disk.heals();
        let (console, listener) = stage.open_as(&setup);
        listener.join(&console, "ben", "Ben", "4930901820");
        assert!(!exists || console.screen().says("Ada"), "{fault}");
    }
}

#[test]
fn a_journal_that_is_removed_or_replaced_while_it_is_written_promises_nothing_more() {
    if !tools::require("cc") {
        return;
    }
    let harms: [fn(&Path); 4] = [
        |home| fs::remove_dir_all(home.join("new")).expect("removed"),
        |home| fs::remove_file(home.join("new/journal.sqlite-wal")).expect("removed"),
        |home| fs::rename(home.join("new"), home.join("old")).expect("moved"),
        |home| {
            fs::copy(home.join("new/journal.sqlite"), home.join("copy")).expect("copied");
            fs::rename(home.join("copy"), home.join("new/journal.sqlite")).expect("replaced");
        },
    ];
    for harm in harms {
        let stage = Stage::new();
        let setup = stage.setup().env("CONFMOD_JOURNAL", stage.home.join("new/journal.sqlite")).size(140, 30);
        let (console, listener) = stage.open_as(&setup);
        listener.join(&console, "ada", "Ada", ADA);
        harm(stage.home.path());
        // Not even the first: what is written now is lost with the file.
        let refused = listener.get("join", "key=zoe&conference=1122&name=Zoe");
        assert_eq!(refused.status, 503, "{refused:?}");
        assert!(http::get(listener.address, "/healthz").body.contains("removed or replaced"));
        console.wait_for_text("THE JOURNAL FAILED");
        assert!(!console.screen().says("Zoe"), "{}", console.screen_text());
    }
}

#[test]
fn a_slow_disk_is_waited_for_and_keys_work() {
    if !tools::require("cc") {
        return;
    }
    let late = pick(2_000, 3_000);
    let mut house = House::new();
    house.disk.breaks(&[&format!("sync journal.sqlite-wal {late}")]);
    let senders = Senders::start(house.listener.address, 4, 2, "slow", "");
    house.console.send_keys("?");
    house.console.wait_for_text("mute the marked callers");
    assert_eq!(senders.answered(), 0, "the screen did not wait for the disk, the answers do");
    house.console.press(support::keys::Key::Esc);
    house.console.press(support::keys::Key::Home);
    house.console.send_keys("m");
    house.stage.provider.wait_for_action("MUTE", "ada");
    house.console.wait_for_row("Ada", "muted");
    let told = senders.finish();
    assert!(told.refused.is_empty(), "{told:?}");
    house.note(told);
    house.has_all_answered();
}

#[test]
fn a_full_disk_under_the_other_files_is_told_and_the_conference_goes_on() {
    if !tools::require("cc") {
        return;
    }
    let mut house = House::new();
    house.disk.breaks(&["any confmod.log ENOSPC", "any */reports ENOSPC", "read contacts.csv EIO"]);
    // An ask is logged.
    house.console.send_keys("m");
    house.console.wait_for_row("Ada", "muted");
    house.console.wait_for(|screen| screen.pane_says("writing the log") && screen.pane_says("No space left"), "word of the log");
    house.console.send_keys("w");
    house.console.wait_for(|screen| screen.notice().contains("No space left"), "word of the report");
    let contacts = house.stage.home.join("config/confmod");
    fs::create_dir_all(&contacts).expect("a folder");
    fs::write(contacts.join("contacts.csv"), "number,name\n4930901820,Ben\n").expect("contacts");
    house.console.wait_for(|screen| screen.pane_says("contacts.csv"), "word of the contacts");
    house.listener.join(&house.console, "zoe", "Zoe", "4930901821");
    house.disk.heals();
    house.console.send_keys("w");
    house.console.wait_for(|screen| screen.notice().contains("report:"), "a report");
    house.console.send_keys("u");
    house.console.wait_for_row("Ada", "open");
    let log = String::from_utf8_lossy(&house.stage.home.log()).into_owned();
    assert!(log.contains("records are missing here"), "{log}");
}

#[test]
fn a_full_disk_at_the_start_of_the_log_and_the_token_is_told() {
    if !tools::require("cc") {
        return;
    }
    let stage = Stage::new();
    let disk = Disk::below(&stage.home);
    let setup = disk.under(stage.setup()).size(200, 24);
    for (fault, path) in [("write */.callback_token ENOSPC", "callback_token"), ("open */data full", "callback_token")] {
        disk.breaks(&[fault]);
        let console = setup.clone().env("CONFMOD_CALLBACK_TOKEN", "").start();
        assert_eq!(console.exit_code(), 2, "{fault}:\n{}", console.screen_text());
        let said = console.screen_text().replace('\n', "");
        assert!(said.contains("No space left") && said.contains(path) && said.contains("CONFMOD_CALLBACK_TOKEN"), "{said}");
    }
    disk.breaks(&["open confmod.log EROFS"]);
    let (console, listener) = stage.open_as(&setup);
    listener.join(&console, "ada", "Ada", ADA);
    let said = String::from_utf8_lossy(&console.raw()).into_owned();
    assert!(said.contains("confmod.log") && said.contains("so nothing is logged"), "{said:.400}");
}
