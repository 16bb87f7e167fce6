//! A conference of the past: a journal written through the journal itself, at times of the test's own, and
//! reports of it by the real program. Beside `support`, because it uses the crate under test.
#![allow(dead_code, reason = "each test file uses a part of this")]
#![allow(unreachable_pub, reason = "inside a test program nothing can be reached from outside")]

use std::process::Command;

use confmod::conference::Moment;
use confmod::conference::event::What;
use confmod::journal::sqlite::Sqlite;
use confmod::journal::{Draft, Journal as _};

use super::support::confmod;
use super::support::home::{self, Home};

/// 22 November 2026, 13:00 UTC.
const BEGIN: i64 = 1_795_352_400_000;

/// A conference that is told event by event, each so many milliseconds after its beginning.
pub struct Past {
    pub home: Home,
    conference: String,
    events: Vec<(i64, What)>,
}

impl Past {
    pub fn new(conference: &str) -> Self {
        Self { home: Home::new(), conference: conference.to_owned(), events: Vec::new() }
    }

    /// The conference of what is told from here on.
    pub fn conference(&mut self, conference: &str) {
        conference.clone_into(&mut self.conference);
    }

    /// A moment as `--since` takes it.
    pub fn moment(millis: i64) -> String {
        jiff::Timestamp::from_millisecond(BEGIN + millis).expect("a moment").to_string()
    }

    /// Something that happened, as the journal holds it.
    pub fn event(&mut self, at: i64, kind: &str, body: &serde_json::Value) {
        let what = What::read(kind, &body.to_string()).expect("a body").expect("a kind");
        self.events.push((at, what));
    }

    pub fn join(&mut self, at: i64, key: &str, name: &str, number: &str) {
        let mut body = serde_json::json!({ "call": key, "conference": self.conference });
        for (field, value) in [("name", name), ("number", number)] {
            if !value.is_empty() {
                body[field] = value.into();
            }
        }
        self.event(at, "joined", &body);
    }

    pub fn leave(&mut self, at: i64, key: &str) {
        self.event(at, "left", &serde_json::json!({ "call": key }));
    }

    pub fn hand(&mut self, at: i64, key: &str, up: bool) {
        self.event(at, "hand", &serde_json::json!({ "call": key, "up": up }));
    }

    pub fn mode(&mut self, at: i64, mode: &str, on: bool) {
        self.event(at, "mode", &serde_json::json!({ "conference": self.conference, "mode": mode, "on": on, "by": "ada" }));
    }

    /// The listener was not running between two moments.
    pub fn gap(&mut self, from: i64, to: i64) {
        self.event(to, "listening", &serde_json::json!({ "down_since": BEGIN + from }));
    }

    /// An ask and, 80 ms later, its answer.
    #[allow(clippy::too_many_arguments, reason = "each is a column of the audit")]
    pub fn ask(&mut self, at: i64, key: &str, action: &str, cause: &str, rule: Option<&str>, outcome: &str, detail: &str) {
        let mut body = serde_json::json!({
            "action": action, "call": key, "conference": self.conference, "number": "12157010680", "by": "ada", "cause": cause, "joined": 0,
        });
        if let Some(rule) = rule {
            body["rule"] = rule.into();
        }
        self.event(at, "asked", &body);
        // Its place is known once all events are in order.
        let answer = serde_json::json!({ "ask": 0, "call": key, "outcome": outcome, "detail": detail, "millis": 80, "reached": true });
        self.event(at + 80, "answered", &answer);
    }

    /// Writes the journal: events in order of their times, answers naming the last ask for their call.
    pub fn write(&self) {
        let journal = Sqlite::open(&self.home.journal(), "a test").expect("a journal");
        let mut events = self.events.clone();
        events.sort_by_key(|(at, _)| *at);
        let mut asks = std::collections::HashMap::new();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let mut receipts = Vec::new();
            for (place, (at, mut what)) in events.into_iter().enumerate() {
                let seq = confmod::conference::event::Seq(place as u64 + 1);
                match &mut what {
                    What::Asked(ask) => drop(asks.insert(ask.call.clone(), seq)),
                    What::Answered(answer) => answer.ask = asks[&answer.call],
                    _ => {}
                }
                receipts.push(journal.append(Draft::new(Moment(BEGIN + at), what)));
                if receipts.len() == 500 {
                    for receipt in receipts.drain(..) {
                        receipt.durable().await.expect("written");
                    }
                }
            }
            for receipt in receipts {
                receipt.durable().await.expect("written");
            }
        });
        journal.close();
    }

    /// What `confmod report` prints about it.
    #[track_caller]
    pub fn report(&self, args: &[&str]) -> String {
        if !self.home.journal().exists() {
            self.write();
        }
        let output = Command::new(confmod())
            .arg("report")
            .arg("--journal")
            .arg(self.home.journal())
            .args(args)
            .env_clear()
            .envs(home::environment(self.home.path()))
            .env("TZ", "Europe/Berlin")
            .output()
            .expect("confmod runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{args:?} ended with {}: {said}", output.status);
        String::from_utf8(output.stdout).expect("UTF-8")
    }
}
