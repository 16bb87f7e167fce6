//! The commands around a shared journal as people run them, against real servers: reports and replays of it, what comes into
//! it and what goes out of it.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failing step is a failing test")]

mod support;

#[path = "shared_tools/checking.rs"]
mod checking;

use std::collections::HashMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use confmod::conference::Moment;
use confmod::conference::event::{Seq, What};
use confmod::journal::nats::{Nats, Part, Settings};
use confmod::journal::sqlite::Sqlite;
use confmod::journal::{Draft, Journal};
use proptest::prelude::*;
use rusqlite::Connection;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use support::home::{Home, environment};
use support::nats::{PROGRAM, Servers};
use support::tools;

/// 22 November 2024, 13:00 UTC.
const BEGIN: i64 = 1_732_280_400_000;

const HOUR: i64 = 3_600_000;

fn settings(servers: &Servers) -> Settings {
    Settings {
        urls: servers.urls().split(',').map(str::to_owned).collect(),
        stream: "confmod".to_owned(),
        creds: None,
        nkey: None,
        ca: None,
        cert: None,
        replicas: 1,
        size: 1 << 30,
        keep: None,
    }
}

/// Something that happened, so long after the beginning.
fn told(after: i64, kind: &str, body: &Value) -> Draft {
    Draft::new(Moment(BEGIN + after), What::read(kind, &body.to_string()).unwrap().unwrap())
}

fn joined(after: i64, conference: &str, key: &str, name: &str) -> Draft {
    told(after, "joined", &json!({ "call": key, "conference": conference, "name": name, "number": "12157010680" }))
}

fn left(after: i64, key: &str) -> Draft {
    told(after, "left", &json!({ "call": key }))
}

fn asked(after: i64, conference: &str, key: &str, cause: &str) -> Draft {
    let body = serde_json::json!({
        "action": "mute", "call": key, "conference": conference, "number": "12157010680", "by": "ada", "cause": cause, "joined": 0,
    });
    told(after, "asked", &body)
}

fn answered(after: i64, ask: Seq, key: &str, outcome: &str) -> Draft {
    let body = serde_json::json!({ "ask": ask, "call": key, "outcome": outcome, "detail": "", "millis": 80, "reached": true });
    told(after, "answered", &body)
}

/// Writes them down one after the other, and says where.
fn write(journal: &dyn Journal, drafts: impl IntoIterator<Item = Draft>) -> Vec<Seq> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let receipts: Vec<_> = drafts.into_iter().map(|draft| journal.append(draft)).collect();
    runtime.block_on(async {
        let mut places = Vec::new();
        for receipt in receipts {
            places.push(receipt.durable().await.expect("written"));
        }
        places
    })
}

fn command(home: &Home, servers: &Servers, args: &[&str]) -> Command {
    let mut command = Command::new(support::confmod());
    command.args(args).env_clear().envs(environment(home.path())).current_dir(home.path()).stdin(Stdio::null());
    command.env("CONFMOD_NATS", servers.urls()).env("TZ", "UTC");
    command
}

/// The exit code, and what was printed and said.
#[track_caller]
fn run(home: &Home, servers: &Servers, args: &[&str]) -> (i32, String, String) {
    let Output { status, stdout, stderr } = command(home, servers, args).output().expect("confmod runs");
    (status.code().expect("a code"), String::from_utf8(stdout).expect("text"), String::from_utf8(stderr).expect("text"))
}

/// What was printed, where all went well.
#[track_caller]
fn printed(home: &Home, servers: &Servers, args: &[&str]) -> String {
    let (code, out, said) = run(home, servers, args);
    assert_eq!(code, 0, "{args:?}: {out}{said}");
    out
}

#[test]
fn a_shared_journal_is_reported_and_replayed_as_a_file_is() {
    if !tools::require(PROGRAM) {
        return;
    }
    let (servers, home) = (Servers::one(""), Home::new());
    {
        let host = Nats::open(settings(&servers), Part::Host).unwrap();
        let places = write(&host, [joined(0, "1122", "k1", "Ada"), asked(1_000, "1122", "k1", "key")]);
        write(&host, [answered(1_080, places[1], "k1", "accepted"), left(HOUR, "k1")]);
        // Days later, and told apart by its moment: all of them are stored now.
        write(&host, [joined(72 * HOUR, "2233", "k2", "Ben")]);
        write(&host, [left(73 * HOUR, "k2")]);
    }
    let all = printed(&home, &servers, &["report"]);
    assert!(all.contains("1122,k1,") && all.contains("2233,k2,") && all.lines().count() == 3, "{all}");
    let audit = printed(&home, &servers, &["report", "--audit", "--conference", "1122"]);
    assert!(audit.contains("ada,mute,1122,k1,") && audit.contains("accepted"), "{audit}");
    let late = printed(&home, &servers, &["report", "--since", "2024-11-25T12:00"]);
    assert!(!late.contains("k1") && late.contains("2233,k2,"), "{late}");
    let lines = printed(&home, &servers, &["replay", "--plain", "--conference", "1122", "--speed", "1000"]);
    assert!(lines.contains("this is a replay") && lines.contains("1 caller is in"), "{lines}");

    let (code, _, said) = run(&home, &servers, &["report", "--journal", "none.sqlite"]);
    assert!(code == 1 && said.contains("none.sqlite"), "a file that is named is meant: {said}");
    let (code, _, said) = run(&home, &servers, &["prune", "--older-than", "30d"]);
    assert!(code == 2 && said.contains("nats_size") && said.contains("--journal"), "{said}");
    assert!(!home.journal().exists() && !home.join("data/confmod/journal.sqlite").exists(), "nothing is made beside it");
}

/// A row of a journal.
#[derive(Clone, Debug, PartialEq)]
struct Row {
    seq: u64,
    at: i64,
    kind: String,
    body: Value,
    raw: Option<String>,
}

fn row(seq: u64, after: i64, kind: &str, body: Value) -> Row {
    Row { seq, at: BEGIN + after, kind: kind.to_owned(), body, raw: None }
}

fn ask_of(key: &str, cause: &Value) -> Value {
    json!({ "action": "mute", "call": key, "conference": "1122", "number": "12157010680", "by": "ada", "cause": cause, "joined": 0 })
}

fn answer_to(ask: u64, key: &str, outcome: &str) -> Value {
    json!({ "ask": ask, "call": key, "outcome": outcome, "detail": "", "millis": 80, "reached": true })
}

/// A journal with these rows and no others.
fn journal_of(path: &Path, rows: &[Row]) {
    drop(Sqlite::open(path, "a test").expect("made"));
    let mut file = Connection::open(path).unwrap();
    let transaction = file.transaction().unwrap();
    for row in rows {
        let (body, call) = (row.body.to_string(), row.body["call"].as_str());
        let values = rusqlite::params![row.seq as i64, row.at, row.kind, call, body, row.raw];
        transaction.execute("INSERT INTO event (seq, at, kind, call, body, raw) VALUES (?1, ?2, ?3, ?4, ?5, ?6)", values).unwrap();
    }
    transaction.commit().unwrap();
}

fn rows_of(path: &Path) -> Vec<Row> {
    let file = Connection::open(path).unwrap();
    let mut select = file.prepare("SELECT seq, at, kind, body, raw FROM event ORDER BY seq").unwrap();
    let rows = select.query_map([], |row| {
        let body: String = row.get(3)?;
        let body = serde_json::from_str(&body).expect("JSON");
        Ok(Row { seq: row.get::<_, i64>(0)? as u64, at: row.get(1)?, kind: row.get(2)?, body, raw: row.get(4)? })
    });
    rows.unwrap().map(Result::unwrap).collect()
}

/// Events as they are without the accident of their numbers: each names others by how far down the journal they stand.
fn by_order(rows: &[Row]) -> Vec<Row> {
    let places: HashMap<u64, u64> = rows.iter().zip(1..).map(|(row, place)| (row.seq, place)).collect();
    let named = |value: &mut Value| {
        if let Some(number) = value.as_u64().filter(|number| *number < Seq::UNRECORDED.0) {
            *value = places.get(&number).copied().unwrap_or(0).into();
        }
    };
    let told = |row: &Row| {
        let mut row = row.clone();
        row.seq = places[&row.seq];
        match row.kind.as_str() {
            "answered" => named(&mut row.body["ask"]),
            "sent" | "halted" => row.body["asks"].as_array_mut().unwrap().iter_mut().for_each(named),
            "recorded" => row.body["late"].as_array_mut().unwrap().iter_mut().for_each(|pair| named(&mut pair[1])),
            "asked" | "asked_late" if row.body["cause"].is_object() => named(&mut row.body["cause"]["rule"]),
            _ => {}
        }
        row
    };
    rows.iter().map(told).collect()
}

/// A journal in which anything may follow anything, with gaps in its numbers. All asks have ended.
fn story(steps: &[(u8, u8, u8)]) -> Vec<Row> {
    let (mut rows, mut open, mut seq, mut after) = (Vec::<Row>::new(), Vec::<(u64, String)>::new(), 0, 0);
    for (step, call, more) in steps {
        let key = format!("k{call}");
        seq += 1 + u64::from(more % 5 == 0) * u64::from(*more);
        after += i64::from(*more) * 100;
        // One that is there or was, or one that was cut away.
        let some = if more % 3 == 0 { seq.saturating_sub(u64::from(*more)).max(1) } else { seq };
        let (kind, body) = match step {
            0..3 => ("joined", json!({ "call": key, "conference": "1122", "name": format!("Ann {call}"), "number": "12157010680" })),
            3 => ("left", json!({ "call": key })),
            4 => ("hand", json!({ "call": key, "up": more % 2 == 0 })),
            5 => ("asked", ask_of(&key, &json!(if more % 2 == 0 { "key" } else { "bulk" }))),
            6 => ("asked", ask_of(&key, &json!({ "rule": some }))),
            7 => ("sent", json!({ "asks": open.iter().map(|(ask, _)| *ask).collect::<Vec<_>>() })),
            8 => ("halted", json!({ "asks": [some], "by": "ada" })),
            9 => ("recorded", json!({ "since": BEGIN, "refused": 1, "lost": 0, "late": [[Seq::UNRECORDED.0 + 7, some]] })),
            10 => ("named", json!({ "call": key, "name": format!("Bea {more}"), "by": "ada" })),
            11 => ("voted", json!({ "ask": some, "for": "the ayes" })),
            12 => ("mode", json!({ "conference": "1122", "mode": "lecture", "on": more % 2 == 0, "by": "ada" })),
            _ => match open.pop() {
                Some((ask, key)) => ("answered", answer_to(ask, &key, "accepted")),
                None => continue,
            },
        };
        if kind == "asked" {
            open.push((seq, key));
        }
        let raw = (more % 2 == 0).then(|| format!("{{\"step\":\"{step}\"}}"));
        rows.push(Row { raw, ..row(seq, after, kind, body) });
    }
    for (ask, key) in open {
        seq += 1;
        rows.push(row(seq, after, "answered", answer_to(ask, &key, "refused")));
    }
    rows
}

#[test]
fn what_goes_in_and_comes_out_again_tells_the_same() {
    if !tools::require(PROGRAM) {
        return;
    }
    let servers = Servers::one("");
    let streams = std::cell::Cell::new(0);
    let steps = proptest::collection::vec((0u8..15, 0u8..6, any::<u8>()), 1..80);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 12,
        max_shrink_iters: 64,
        failure_persistence: None,
        ..Default::default()
    });
    let told = runner.run(&steps, |steps| {
        let home = Home::new();
        streams.set(streams.get() + 1);
        home.configure(&format!("nats_stream = \"story-{}\"\nnats_size = \"16MiB\"\n", streams.get()));
        let rows = story(&steps);
        prop_assume!(!rows.is_empty());
        journal_of(&home.journal(), &rows);
        printed(&home, &servers, &["import", "journal.sqlite"]);
        printed(&home, &servers, &["export", "-o", "back.sqlite"]);
        prop_assert_eq!(by_order(&rows), by_order(&rows_of(&home.join("back.sqlite"))));
        let report = |args: &[&str]| printed(&home, &servers, &[&["report", "--format", "json"], args].concat());
        let before = report(&["--journal", "journal.sqlite"]);
        prop_assert_eq!(&before, &report(&["--journal", "back.sqlite"]));
        prop_assert_eq!(&before, &report(&[]), "and so does the stream itself");
        Ok(())
    });
    told.unwrap();
}

#[test]
fn asks_that_nobody_answered_end_before_hosts_can_find_them() {
    if !tools::require(PROGRAM) {
        return;
    }
    let (servers, home) = (Servers::one(""), Home::new());
    let rows = [
        row(5, 0, "joined", json!({ "call": "k1", "conference": "1122" })),
        row(6, 1, "asked", ask_of("k1", &json!("key"))),
        row(9, 60_000, "asked", ask_of("k2", &json!("bulk"))),
        row(10, 60_001, "asked", ask_of("k3", &json!("bulk"))),
        row(11, 60_002, "sent", json!({ "asks": [10] })),
    ];
    journal_of(&home.journal(), &rows);
    let said = printed(&home, &servers, &["import", "journal.sqlite", "--dry-run"]);
    assert!(said.contains("8 events of journal.sqlite would be brought into an empty stream confmod"), "{said}");
    let desk = |part| Nats::open(settings(&servers), part);
    assert!(desk(Part::Desk).is_err(), "nothing was made");
    let said = printed(&home, &servers, &["import", "journal.sqlite"]);
    assert!(said.contains("8 events of journal.sqlite are in the stream confmod; 3 asks without an answer have ended"), "{said}");
    let events = desk(Part::Desk).unwrap().history().read(Seq(0), 100).unwrap();
    let ends: Vec<_> = events
        .iter()
        .filter_map(|event| match &event.what {
            What::Answered(answer) => Some((answer.ask.0, event.at.0 - BEGIN, format!("{:?}", answer.outcome))),
            _ => None,
        })
        .collect();
    let end = |ask, outcome: &str| (ask, 60_002, outcome.to_owned());
    assert_eq!(ends, [end(2, "Unknown"), end(3, "NotSent"), end(4, "Unknown")]);
    assert_eq!(rows_of(&home.journal()).len(), rows.len(), "the file stays as it was");
}

/// Rows of joins and leaves, so many of both.
fn crowd(count: u64) -> Vec<Row> {
    let joined = |seq: u64| row(seq, seq as i64 * 10, "joined", json!({ "call": format!("k{seq}"), "conference": "1122" }));
    let left = |seq: u64| row(seq, seq as i64 * 10, "left", json!({ "call": format!("k{}", seq - 1) }));
    (1..=count).map(|seq| if seq % 2 == 1 { joined(seq) } else { left(seq) }).collect()
}

/// Waits until something can be seen, or the program has ended.
fn seen(child: &mut Child, what: impl Fn() -> bool) -> bool {
    loop {
        if what() {
            return true;
        }
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// The last number of a stream; 0 where there is none.
fn last_of(servers: &Servers) -> u64 {
    Nats::open(settings(servers), Part::Desk).map_or(0, |desk| desk.history().last().unwrap().0)
}

#[test]
fn an_import_that_was_interrupted_goes_on_where_it_ended() {
    if !tools::require(PROGRAM) {
        return;
    }
    let (mut servers, home) = (Servers::one(""), Home::new());
    let rows = crowd(60_000);
    journal_of(&home.journal(), &rows);
    let begin = |servers: &Servers| {
        let mut command = command(&home, servers, &["import", "journal.sqlite"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts")
    };
    // Once the server goes, once a signal comes.
    let mut child = begin(&servers);
    // There is something in it as soon as its folder grows.
    let store = servers.all[0].folder().join("store");
    assert!(seen(&mut child, || grown(&store) > 500_000), "it was too quick to be interrupted");
    servers.all[0].kill();
    let ended = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.code() == Some(1) && said.contains("once more goes on where this ended"), "{said}");
    servers.all[0].start();
    let first = last_of(&servers);
    assert!(first > 0 && first < rows.len() as u64, "{first}");

    let mut child = begin(&servers);
    let more = grown(&store) + 300_000;
    assert!(seen(&mut child, || grown(&store) > more), "it was too quick to be interrupted");
    let asked = Instant::now();
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    let ended = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.code() == Some(143) && said.contains("goes on where this ended"), "{said}");
    assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
    let second = last_of(&servers);
    assert!(second > first && second < rows.len() as u64, "{first} {second}");

    let said = printed(&home, &servers, &["import", "journal.sqlite"]);
    assert!(said.contains("are there already"), "{said}");
    let said = printed(&home, &servers, &["import", "journal.sqlite"]);
    assert!(said.starts_with("0 events"), "{said}");
    printed(&home, &servers, &["export", "-o", "back.sqlite"]);
    assert_eq!(by_order(&rows_of(&home.join("back.sqlite"))), by_order(&rows));
}

/// The bytes below a folder.
fn grown(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| if entry.path().is_dir() { grown(&entry.path()) } else { entry.metadata().map_or(0, |data| data.len()) }).sum()
}

#[test]
fn nothing_is_written_over_and_no_order_is_lost() {
    if !tools::require(PROGRAM) {
        return;
    }
    let (servers, home) = (Servers::one(""), Home::new());
    let refused = |args: &[&str]| {
        let (code, out, said) = run(&home, &servers, args);
        assert!(code == 1 && out.is_empty(), "{args:?}: {code} {out}{said}");
        said
    };
    assert!(refused(&["export", "-o", "back.sqlite"]).contains("there is no stream confmod"));
    assert!(!home.join("back.sqlite").exists());
    journal_of(&home.journal(), &crowd(10));
    // One that is being written.
    let writer = Sqlite::open(&home.journal(), "confmod of ada").unwrap();
    assert!(refused(&["import", "journal.sqlite"]).contains("being written by confmod of ada"));
    drop(writer);
    printed(&home, &servers, &["import", "journal.sqlite"]);
    // Over a file nothing is written, and what is made is private.
    assert!(refused(&["export", "-o", "journal.sqlite"]).contains("already"));
    printed(&home, &servers, &["export", "-o", "back.sqlite"]);
    assert_eq!(std::fs::metadata(home.join("back.sqlite")).unwrap().permissions().mode() & 0o777, 0o600);
    let left: Vec<_> = std::fs::read_dir(home.path()).unwrap().flatten().map(|entry| entry.file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().starts_with(".confmod")), "{left:?}");
    drop(Sqlite::open(&home.join("back.sqlite"), "a test").expect("a confmod works on it"));
    // Behind older events there is room, before newer ones is none.
    let later: Vec<Row> = crowd(10).into_iter().map(|row| Row { at: row.at + HOUR, ..row }).collect();
    journal_of(&home.join("later.sqlite"), &later);
    journal_of(&home.join("other.sqlite"), &crowd(4)[1..]);
    assert!(refused(&["import", "other.sqlite"]).contains("nats_stream"));
    printed(&home, &servers, &["import", "later.sqlite"]);
    assert!(refused(&["import", "journal.sqlite"]).contains("nats_stream"));
    assert_eq!(last_of(&servers), 20);
    // The same beginning, another end.
    let mut forked = later.clone();
    forked[9].body = json!({ "call": "k1" });
    journal_of(&home.join("forked.sqlite"), &forked);
    assert!(refused(&["import", "forked.sqlite"]).contains("another"));
    // More than the stream may take.
    home.configure("nats_stream = \"small\"\nnats_size = \"16MiB\"\n");
    journal_of(&home.join("large.sqlite"), &crowd(80_000));
    assert!(refused(&["import", "large.sqlite"]).contains("nats_size"));
}

#[test]
fn a_moment_is_found_among_events_that_are_older_than_their_storing() {
    if !tools::require(PROGRAM) {
        return;
    }
    let (servers, home) = (Servers::one(""), Home::new());
    let rows: Vec<Row> = (0..100)
        .map(|hour| row(hour + 1, hour as i64 * HOUR, "joined", json!({ "call": format!("k{hour}"), "conference": "1122" })))
        .collect();
    journal_of(&home.journal(), &rows);
    printed(&home, &servers, &["import", "journal.sqlite"]);
    let desk = Nats::open(settings(&servers), Part::Desk).unwrap();
    let history = desk.history();
    for hour in [0, 1, 50, 99] {
        // Clocks may differ by a minute.
        let before = history.before(Moment(BEGIN + hour * HOUR + 60_000)).unwrap();
        assert_eq!(before.0, hour as u64, "hour {hour}");
    }
    assert_eq!(history.before(Moment(BEGIN + 200 * HOUR)).unwrap(), history.last().unwrap());
}
