//! A journal that somebody else wrote: rows of any kind, with anything in any column. Whoever reads it (console, report,
//! replay, rules) takes what can be read and passes over the rest.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use confmod::bridge::{Bridge, Fault, FaultKind, Order};
use confmod::conference::event::{Event, Seq, What};
use confmod::conference::policy::Policy;
use confmod::conference::roster::Roster;
use confmod::conference::{ConferenceId, Moment};
use confmod::config::Config;
use confmod::console::command::Play;
use confmod::console::replay::{Player, Sitting, Wanted};
use confmod::dispatch::{self, Dispatch};
use confmod::journal::sqlite::{Archive, Sqlite};
use confmod::journal::{Draft, History, Journal as _};
use jiff::tz::TimeZone;
use rusqlite::Connection;
use rusqlite::types::Value;
use tempfile::TempDir;

use super::callback::NOW;
use super::{clean, report, screen};

/// Between two columns, and at the end of a row.
const BETWEEN: u8 = 0x1f;
const END: u8 = 0x1e;

/// Sound rows: place, time, kind, body, raw. An input is rows one after the other.
pub fn seeds() -> Vec<Vec<u8>> {
    let arrival =
        r#"{"call":"7","conference":"1122","number":"12157010680","name":"Ada","called":"18005551234","others":"sales","hand":true}"#;
    let ask = r#"{"action":"mute","call":"7","conference":"1122","number":"12157010680","by":"ada","cause":"key","joined":1795352400000}"#;
    let ruled =
        r#"{"action":"kick","call":"8","conference":"1122","number":"4930901820","by":"ada","cause":{"rule":1},"rule":"ban","joined":0}"#;
    let answer = r#"{"ask":3,"call":"7","outcome":"refused","detail":"Participant is protected","millis":80,"reached":true}"#;
    let contacts = r#"{"edited":1795352000000,"people":[{"number":"12157010680","name":"Ada Lovelace","role":"speaker","note":"first","exempt":true}],"gone":["4930901820"]}"#;
    let stories: [&[(&str, &str, &str)]; 9] = [
        &[
            ("0", "started", r#"{"call":"7","number":"12157010680"}"#),
            ("1000", "joined", arrival),
            ("2000", "asked", ask),
            ("2080", "answered", answer),
            ("9000", "hand", r#"{"call":"7","up":true,"first":true,"by":"ada"}"#),
            ("60000", "left", r#"{"call":"7"}"#),
        ],
        &[
            ("0", "joined", arrival),
            ("10", "joined", r#"{"call":"8","conference":"1122","instead":"anonymous"}"#),
            ("20", "mode", r#"{"conference":"1122","mode":"lecture","on":true,"by":"ada"}"#),
            ("30", "mode", r#"{"conference":"1122","mode":"lock","on":true,"by":"ada"}"#),
            ("40", "floor", r#"{"conference":"1122","call":"7","by":"ada"}"#),
            ("50", "hands_cleared", r#"{"conference":"1122","by":"ada"}"#),
            ("60", "mode", r#"{"conference":"1122","mode":"lecture","on":false,"by":"ada"}"#),
        ],
        &[
            ("0", "listening", r#"{"down_since":1795352000000}"#),
            ("10", "contacts", contacts),
            ("20", "joined", arrival),
            ("30", "named", r#"{"call":"7","number":"12157010680","name":"Ada","by":"ada"}"#),
            ("40", "exempted", r#"{"call":"7","number":"12157010680","exempt":true,"by":"ada"}"#),
            ("50", "stopped", "{}"),
        ],
        &[
            ("0", "banned", r#"{"number":"4930901820","reason":"shouting","until":1795352999000,"by":"ada"}"#),
            ("10", "joined", r#"{"call":"8","conference":"1122","number":"4930901820"}"#),
            ("20", "asked", ruled),
            ("21", "sent", r#"{"asks":[3]}"#),
            ("30", "answered", r#"{"ask":3,"call":"8","outcome":"accepted","detail":"","millis":9,"reached":true}"#),
            ("40", "joined", r#"{"call":"8","conference":"1122","number":"4930901820"}"#),
            ("50", "lifted", r#"{"number":"4930901820","by":"ada"}"#),
        ],
        &[
            ("0", "joined", arrival),
            ("10", "asked_late", ask),
            ("20", "recorded", r#"{"since":1795352400000,"refused":3,"lost":1,"late":[[4611686018427387905,2]]}"#),
            ("30", "halted", r#"{"asks":[2],"by":"ada"}"#),
            ("40", "removed", r#"{"call":"7"}"#),
        ],
        &[("0", "tomorrow", r#"{"call":"7"}"#), ("5", "joined", arrival)],
        &[("-9223372036854775808", "joined", arrival), ("9223372036854775807", "left", r#"{"call":"7"}"#)],
        &[("0", "joined", r#"{"call":"7\u001b[2J","conference":"1122\u202e","name":"Eve  \u009b31m"}"#)],
        &[],
    ];
    let row = |(place, (at, kind, body)): (usize, &(&str, &str, &str))| {
        // Times of a story count from its beginning; the two that no story has are as they are.
        let at: i64 = at.parse().expect("a time");
        let at = if (0..i64::MAX).contains(&at) { NOW.0 + at } else { at }.to_string();
        let raw = r#"{"key":"7","E164":"+12157010680","department":"sales"}"#;
        [(place + 1).to_string().as_str(), &at, kind, body, raw].join("\u{1f}")
    };
    // Places and columns that no journal of ours has; facts that stand are found without asking for their place.
    let ban = r#"{"number":"4930901820","reason":"shouting","by":"ada"}"#;
    let strange = [
        ["-5", "1", "banned", ban, "^"],
        ["-9223372036854775808", "1", "joined", arrival, "^"],
        ["4611686018427387905", "1", "banned", ban, "^"],
        ["9223372036854775807", "1", "joined", arrival, "^"],
        ["7", "!x", "joined", arrival, "!\u{1b}"],
        ["8", "~0.5", "~1", "!{}", "~7"],
        ["9", "1795352400000", "banned", ban, "no JSON"],
    ];
    let strange = strange.map(|row| row.join("\u{1f}")).join("\u{1e}").into_bytes();
    let mut seeds: Vec<_> = stories
        .iter()
        .map(|story| story.iter().enumerate().map(|(at, one)| row((at, one))).collect::<Vec<_>>().join("\u{1e}").into_bytes())
        .collect();
    seeds.push(strange);
    seeds
}

/// What a column holds: a whole number where it can be read as one, text where it can be, and bytes that are no UTF-8 in
/// a column of text too. A first letter chooses otherwise: `!` a blob, `~` a fraction, `^` nothing.
enum Cell<'a> {
    Value(Value),
    /// As text, though it may be none.
    Text(&'a [u8]),
}

impl Cell<'_> {
    fn read(bytes: &[u8], is_number: bool) -> Cell<'_> {
        let text = std::str::from_utf8(bytes).ok();
        match bytes.first() {
            Some(b'!') => Cell::Value(Value::Blob(bytes[1..].to_vec())),
            Some(b'~') => Cell::Value(Value::Real(text.and_then(|text| text[1..].parse().ok()).unwrap_or(1e300))),
            Some(b'^') => Cell::Value(Value::Null),
            _ => match text.and_then(|text| text.parse().ok()) {
                Some(number) if is_number => Cell::Value(Value::Integer(number)),
                _ => Cell::Text(bytes),
            },
        }
    }

    fn bind(&self, statement: &mut rusqlite::Statement<'_>, place: usize) {
        match self {
            Cell::Value(value) => statement.raw_bind_parameter(place, value),
            Cell::Text(bytes) => {
                statement.raw_bind_parameter(place, rusqlite::types::ToSqlOutput::Borrowed(rusqlite::types::ValueRef::Text(bytes)))
            }
        }
        .expect("bound");
    }
}

/// A journal that is filled anew for every input: making a file each time would take most of the time.
struct House {
    folder: TempDir,
    connection: Connection,
}

/// The table as confmod makes it, and as somebody might who holds columns to no type.
const LAX: &str = "DROP INDEX IF EXISTS event_standing; DROP VIEW IF EXISTS log; DROP TABLE event;
    CREATE TABLE event (seq INTEGER PRIMARY KEY, at, kind, call, body, raw);";

impl House {
    fn new(strict: bool) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Sqlite::open(&folder.path().join("journal.sqlite"), "a test").expect("a journal").close();
        let connection = Connection::open(folder.path().join("journal.sqlite")).expect("opened");
        connection.execute_batch("PRAGMA synchronous=OFF").expect("set");
        if !strict {
            connection.execute_batch(LAX).expect("made");
        }
        Self { folder, connection }
    }

    /// Says whether there is a row.
    fn fill(&mut self, input: &[u8]) -> usize {
        let transaction = self.connection.transaction().expect("begun");
        transaction.execute("DELETE FROM event", []).expect("emptied");
        let mut rows = 0;
        {
            let sql = "INSERT OR REPLACE INTO event (seq, at, kind, call, body, raw) VALUES (?1, ?2, ?3, NULL, ?4, ?5)";
            let mut insert = transaction.prepare_cached(sql).expect("a statement");
            for row in input.split(|byte| *byte == END) {
                let mut columns = row.split(|byte| *byte == BETWEEN);
                for place in 1..=5 {
                    Cell::read(columns.next().unwrap_or_default(), place <= 2).bind(&mut insert, place);
                }
                // Columns that hold to a type refuse some of it.
                rows += insert.raw_execute().unwrap_or(0);
            }
        }
        transaction.commit().expect("written");
        rows
    }

    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("journal.sqlite")
    }
}

thread_local! {
    static HOUSES: RefCell<[House; 2]> = RefCell::new([House::new(true), House::new(false)]);
}

/// Any rows, read by everybody who reads a journal.
pub fn rows(input: &[u8]) {
    HOUSES.with_borrow_mut(|houses| {
        for (place, house) in houses.iter_mut().enumerate() {
            let rows = house.fill(input);
            let archive = Archive::open(&house.path()).expect("opened for reading");
            let history = archive.history();
            let events = read(&*history, rows);
            fold(&events);
            standing(&*history);
            report::of(&*history, &events);
            replay(&archive, &events);
            screen::draw(&events, raw(&*history, &events), input);
            // A writer is a thread with syncs: some are enough.
            if place == 1 && input.len().is_multiple_of(16) {
                write(house);
            }
        }
    });
}

/// All events, each in its place and clean.
fn read(history: &dyn History, rows: usize) -> Vec<Event> {
    let mut events: Vec<Event> = Vec::new();
    let mut last = Seq(0);
    for turn in 0.. {
        assert!(turn <= rows + 1, "reading makes no progress at {last:?}");
        let more = history.read(last, 3).expect("bad rows are passed over");
        let Some(end) = more.last() else { break };
        assert!(end.seq > last && end.seq.is_recorded(), "{:?} after {last:?}", end.seq);
        last = end.seq;
        events.extend(more);
    }
    assert!(events.windows(2).all(|pair| pair[0].seq < pair[1].seq), "in order");
    assert!(history.last().expect("a last place") >= last, "the last place");
    for event in &events {
        let body = event.what.body().expect("a body");
        clean::json(&body, "an event");
        assert_eq!(What::read(event.what.kind(), &body).ok().flatten().as_ref(), Some(&event.what), "reading again changes it");
    }
    events
}

fn fold(events: &[Event]) {
    let mut roster = Roster::default();
    let mut policy = Policy::new(Duration::from_secs(1), true);
    for (place, event) in events.iter().enumerate() {
        if place == events.len() / 2 {
            policy.begin(event.at);
        }
        roster.apply(event);
        policy.apply(event);
        let _ = policy.take(event.at, 100);
        let _ = policy.due_in(event.at);
    }
    for (_, call) in roster.iter() {
        let _ = (call.stayed(NOW), call.word(NOW, Duration::from_secs(60)), call.tag());
    }
    for now in [Moment(i64::MIN), NOW, Moment(i64::MAX)] {
        let _ = roster.people().bans(now);
        policy.forget(now, Duration::from_secs(60));
        roster.forget(now, Duration::from_secs(60), |_| false);
    }
}

fn standing(history: &dyn History) {
    for until in [Seq(0), Seq(2), history.last().expect("a last place"), Seq(u64::MAX)] {
        for fact in history.standing(until).expect("bad rows are passed over") {
            assert!(fact.seq.is_recorded(), "{:?}", fact.seq);
            clean::json(&fact.what.body().expect("a body"), "a fact that stands");
        }
    }
    for moment in [Moment(i64::MIN), Moment(0), NOW, Moment(i64::MAX)] {
        history.before(moment).expect("a place");
    }
}

/// The raw fields, as the detail pane gets them: whatever they hold, reading them is no failure.
fn raw(history: &dyn History, events: &[Event]) -> Option<(Seq, String)> {
    let all = events.iter().map(|event| (event.seq, history.raw(event.seq).expect("raw fields that cannot be read are none")));
    all.filter_map(|(seq, raw)| Some((seq, raw?))).last()
}

fn replay(archive: &Archive, events: &[Event]) {
    let conference = events.iter().find_map(|event| match &event.what {
        What::Joined(arrival) => arrival.conference.clone(),
        _ => None,
    });
    for conference in [None, conference, Some(ConferenceId::new("1122"))] {
        for from in [None, Some(NOW), events.last().map(|event| event.at)] {
            let wanted = Wanted { conference: conference.clone(), from, silence: Duration::from_secs(3_600) };
            let sitting = match Sitting::find(&*archive.history(), &wanted) {
                Ok(sitting) => sitting,
                Err(nothing) => {
                    clean::line(&nothing.to_string(), 4_000, "why there is nothing to play");
                    continue;
                }
            };
            assert!(sitting.first <= sitting.last);
            let mut player = Player::new(archive.history(), sitting, from, 1_000.0);
            player.rewind().expect("what stood before");
            for play in [Play::FarForward, Play::Back, Play::FarBack, Play::NextEvent, Play::Slower, Play::Faster, Play::Pause, Play::Pause]
            {
                player.take().expect("events");
                player.play(play);
                let _ = (player.due(), player.now(), player.played());
            }
            for _ in 0..=events.len() {
                player.play(Play::NextEvent);
                player.take_all().expect("events");
            }
        }
    }
}

/// A provider that nobody reaches.
struct Nobody;

impl Bridge for Nobody {
    async fn act(&self, _: &Order) -> Result<(), Fault> {
        Err(Fault::new(FaultKind::NoConnection, "there is nobody"))
    }

    async fn keep_warm(&self) {}
}

/// The journal is written on, and its rules are run: what is in it keeps nobody from that.
fn write(house: &House) {
    let journal = match Sqlite::open(&house.path(), "a test") {
        Ok(journal) => Arc::new(journal),
        // One whose numbers are used up.
        Err(error) => return clean::line(&error.to_string(), 4_000, "why it cannot be written"),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let settings =
        dispatch::Settings { ask_after_join: Duration::ZERO, send_withheld: true, ..dispatch::Settings::from_config(&Config::default()) };
    let dispatch = Dispatch::start(Arc::clone(&journal) as _, Nobody, settings).expect("asks are taken");
    let what = || What::Stopped(confmod::conference::event::Nothing {});
    let receipts = [journal.append(Draft::new(NOW, what())), journal.append(Draft::new(NOW, what()))];
    let seqs = receipts.map(|receipt| runtime.block_on(receipt.durable()).expect("written"));
    assert!(seqs[0] < seqs[1] && seqs[1].is_recorded(), "{seqs:?}");
    runtime.block_on(dispatch.stop(Duration::from_millis(1)));
    journal.close();
    let read = Archive::open(&house.path()).expect("opened").history().read(Seq(seqs[0].0 - 1), 10).expect("read");
    assert!(read.iter().any(|event| event.seq == seqs[1]), "what was written comes back");
}

/// The clock that people read a report by, far from UTC.
pub fn zone() -> TimeZone {
    TimeZone::fixed(jiff::tz::offset(-11))
}
