//! A console without a screen behind a faulty proxy, and what its journal says of every ask.
#![allow(unreachable_pub, reason = "inside a test program nothing can be reached from outside")]

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};

use crate::faulty::Faulty;
use crate::support::home::Home;
use crate::support::provider::Provider;
use crate::support::stage::Listener;
use crate::support::talk::{Talk, open_with};

/// The longest that an ask is waited for: its own time, that of one before it, and a busy machine.
const LONGEST: Duration = Duration::from_secs(60);

/// One ask as the journal tells it.
#[derive(Clone, Debug)]
pub struct Told {
    pub action: String,
    pub call: String,
    /// How it ended; empty while it has not.
    pub outcome: String,
    pub detail: String,
}

/// A running console and everything around it.
pub struct Desk {
    pub home: Home,
    pub provider: Provider,
    pub proxy: Faulty,
    pub talk: Talk,
    pub listener: Listener,
}

impl Desk {
    /// A console with so many callers, `c1` and so on, who are long enough in for an error to be the last word.
    pub fn open(callers: usize) -> Self {
        let (home, provider) = (Home::new(), Provider::start());
        let proxy = Faulty::before(provider.address());
        let (talk, listener) = open_with(&home, &proxy.url(), &["--plain"]);
        let mut desk = Self { home, provider, proxy, talk, listener };
        for number in 1..=callers {
            desk.join(number);
        }
        desk
    }

    /// The next caller joins, who gets this number.
    pub fn join(&mut self, number: usize) {
        self.listener.tell("join", &format!("key=c{number}&conference=1122&number=1215701{number:04}&name=Caller{number}"));
        self.talk.hear(&format!(" {number} Caller{number} joined"));
    }

    /// Asks for a caller; a kick is confirmed.
    pub fn ask(&mut self, action: &str, number: usize) {
        self.talk.say(&format!("{action} {number}"));
        if action == "kick" {
            self.talk.say("yes");
        }
    }

    /// Waits until everything typed so far is done, and what came of it is in the journal.
    pub fn catch_up(&mut self, next: usize) {
        self.talk.say("xyzzy");
        self.talk.hear("xyzzy is no command");
        // The journal keeps the order: this callback stands after all that was asked.
        self.join(next);
    }

    /// Waits until so many asks have ended, and gives all.
    #[track_caller]
    pub fn ended(&self, many: usize) -> Vec<Told> {
        let deadline = Instant::now() + LONGEST;
        loop {
            let told = told(&self.home);
            if told.iter().filter(|ask| !ask.outcome.is_empty()).count() >= many {
                return told;
            }
            assert!(Instant::now() < deadline, "{many} ends were waited for: {told:#?}\n{:#?}", self.proxy.exchanges());
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits until no ask is open, and gives all.
    #[track_caller]
    pub fn settled(&self) -> Vec<Told> {
        let deadline = Instant::now() + LONGEST;
        loop {
            let told = told(&self.home);
            if told.iter().all(|ask| !ask.outcome.is_empty()) {
                return told;
            }
            assert!(Instant::now() < deadline, "an ask has no end: {told:#?}\n{:#?}", self.proxy.exchanges());
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// What the provider carried out for a caller, in its order.
    pub fn executed(&self, number: usize) -> Vec<String> {
        let key = format!("c{number}");
        self.provider.requests().iter().filter(|request| request.key() == key).map(|request| request.action().to_owned()).collect()
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        if !thread::panicking() {
            let complaints = self.provider.take_complaints();
            assert!(complaints.iter().all(|complaint| complaint.starts_with("an unfinished request")), "{complaints:#?}");
        }
    }
}

/// Every ask of the journal with its end. It has one, or none yet; two are a failure.
#[track_caller]
pub fn told(home: &Home) -> Vec<Told> {
    let journal = Connection::open_with_flags(home.journal(), OpenFlags::SQLITE_OPEN_READ_ONLY).expect("the journal");
    journal.busy_timeout(Duration::from_secs(10)).expect("patience");
    let select = "SELECT seq, kind, body FROM event WHERE kind IN ('asked', 'asked_late', 'answered') ORDER BY seq";
    let mut statement = journal.prepare(select).expect("a statement");
    let rows = statement.query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?)));
    let mut asks = BTreeMap::new();
    for row in rows.expect("rows") {
        let (seq, kind, body) = row.expect("a row");
        let body: serde_json::Value = serde_json::from_str(&body).expect("a body");
        let text = |field: &str| body[field].as_str().unwrap_or_default().to_owned();
        if kind == "answered" {
            let ask: &mut Told = asks.get_mut(&body["ask"].as_i64().expect("an ask")).expect("an answer to an ask");
            assert_eq!(ask.outcome, "", "ended twice: {ask:?} and {body}");
            (ask.outcome, ask.detail) = (text("outcome"), text("detail"));
        } else {
            asks.insert(seq, Told { action: text("action"), call: text("call"), outcome: String::new(), detail: String::new() });
        }
    }
    asks.into_values().collect()
}

/// Whether what the provider carried out for one caller can be what came of its asks, in their order: each carried
/// out as often as its outcome allows, and nothing beside them.
pub fn explains(asks: &[&Told], executed: &[String]) -> bool {
    // Which numbers of requests can be explained by the asks so far.
    let mut reached = vec![0];
    for ask in asks {
        let most = if ask.action == "kick" { 1 } else { 3 };
        let times = match &*ask.outcome {
            "accepted" => 1..=most,
            "unknown" => 0..=most,
            _ => 0..=0,
        };
        let is_its = |at: usize| executed.get(at).is_some_and(|action| action.eq_ignore_ascii_case(&ask.action));
        let mut next = Vec::new();
        for from in reached {
            next.extend(times.clone().map(|many| from + many).filter(|to| (from..*to).all(is_its)));
        }
        next.sort_unstable();
        next.dedup();
        reached = next;
    }
    reached.contains(&executed.len())
}
