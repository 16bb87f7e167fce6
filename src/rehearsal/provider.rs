//! The provider's XML API as a strict server: it accepts what the provider documents, and nothing else.
//!
//! It reads HTTP and XML on its own and shares no code with the client it is talked to by. Every request is
//! recorded with its verdict. A broken rule is answered as an `ERROR` that names the rule, with status 200.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::http::Method;
use axum::http::request::Parts;
use tokio::sync::Notify;

use super::floor::{Floor, Participant};
use super::notes::Notes;
use super::scenario::{Fault, FaultKind};
use answer::Reply;
pub(super) use server::{router, serve};
pub use strict::Asked;

mod answer;
mod server;
mod strict;
#[cfg(test)]
mod tests;

/// The path of the API, as the provider documents it.
pub const API_PATH: &str = "/api/v3.asp";

/// Older requests than this many are forgotten.
const MOST_REQUESTS: usize = 10_000;

/// One request as it was received, and what came of it.
#[derive(Clone)]
pub struct Request {
    /// When its body was complete.
    pub at: Instant,
    /// Which connection it came on, counted from 1: two requests with one number shared a connection.
    pub connection: u64,
    /// The method: `POST`.
    pub method: String,
    /// The path and query.
    pub target: String,
    /// The headers in the order received; names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, word for word. Holds the user key.
    pub body: String,
    /// What it asked, where it was a correct request for the known action.
    pub asked: Option<Asked>,
    /// What came of it.
    pub verdict: Verdict,
}

impl fmt::Debug for Request {
    /// Leaves headers and body out: they hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("connection", &self.connection)
            .field("method", &self.method)
            .field("asked", &self.asked)
            .field("verdict", &self.verdict)
            .finish_non_exhaustive()
    }
}

/// What came of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Carried out, and answered with SUCCESS.
    Accepted,
    /// A correct request that was not carried out, and the words it was answered with.
    Refused(String),
    /// A request that breaks a documented rule, and the sentence that names it.
    Violation(String),
    /// The scenario had another answer for it.
    Fault {
        /// The scenario's word for the fault.
        kind: &'static str,
        /// Whether it was carried out all the same.
        acted: bool,
    },
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accepted => f.write_str("SUCCESS"),
            Self::Refused(words) => write!(f, "refused: {words}"),
            Self::Violation(rule) => write!(f, "not as documented: {rule}"),
            Self::Fault { kind, acted: true } => write!(f, "carried out, with the fault {kind}"),
            Self::Fault { kind, acted: false } => write!(f, "not carried out, with the fault {kind}"),
        }
    }
}

/// What decides how requests are answered.
pub(super) struct Rules {
    /// The only key that is accepted; without one any will do.
    pub(super) user_key: Option<String>,
    /// The signature that every request has to carry.
    pub(super) signature: Option<String>,
    pub(super) action_names: Vec<String>,
    pub(super) faults: Vec<Fault>,
    /// How long every answer takes, already at the rehearsal's speed.
    pub(super) latency: Duration,
    /// Divides the time of slow answers.
    pub(super) speed: f64,
}

#[derive(Default)]
struct Records {
    requests: VecDeque<Request>,
    /// How many asks each fault applied to so far.
    counts: Vec<u32>,
}

struct Inner {
    rules: Rules,
    floor: Arc<Floor>,
    notes: Arc<Notes>,
    records: Mutex<Records>,
    changed: Condvar,
    changed_async: Notify,
}

/// A handle on the provider: what it received, and who is in.
#[derive(Clone)]
pub struct Provider(Arc<Inner>);

impl Provider {
    pub(super) fn new(rules: Rules, floor: Arc<Floor>, notes: Arc<Notes>) -> Self {
        let records = Records { requests: VecDeque::new(), counts: vec![0; rules.faults.len()] };
        Self(Arc::new(Inner { rules, floor, notes, records: Mutex::new(records), changed: Condvar::new(), changed_async: Notify::new() }))
    }

    fn records(&self) -> MutexGuard<'_, Records> {
        self.0.records.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything received, oldest first; at most the latest 10,000.
    pub fn requests(&self) -> Vec<Request> {
        self.records().requests.iter().cloned().collect()
    }

    /// The sentences for all requests that broke a rule, oldest first.
    pub fn violations(&self) -> Vec<String> {
        let broken = |request: &Request| match &request.verdict {
            Verdict::Violation(rule) => Some(rule.clone()),
            _ => None,
        };
        self.records().requests.iter().filter_map(broken).collect()
    }

    /// All calls the provider knows, by key.
    pub fn participants(&self) -> Vec<Participant> {
        self.0.floor.all()
    }

    /// Blocks until the calls fulfil a condition; false when they do not within the limit.
    pub fn wait_for_participants(&self, limit: Duration, condition: impl FnMut(&[Participant]) -> bool) -> bool {
        self.0.floor.wait_for(limit, condition)
    }

    /// Blocks until what was received fulfils a condition; false when it does not within the limit.
    pub fn wait_for(&self, limit: Duration, mut condition: impl FnMut(&[Request]) -> bool) -> bool {
        let records = self.records();
        let unmet = |records: &mut Records| !condition(records.requests.make_contiguous());
        let waited = self.0.changed.wait_timeout_while(records, limit, unmet);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    /// Waits until what was received fulfils a condition. Put a time-out around it.
    pub async fn until(&self, mut condition: impl FnMut(&[Request]) -> bool) {
        loop {
            let changed = self.0.changed_async.notified();
            if condition(self.records().requests.make_contiguous()) {
                return;
            }
            changed.await;
        }
    }

    /// How long an ordinary answer takes, at the rehearsal's speed.
    fn latency(&self) -> Duration {
        self.0.rules.latency
    }

    fn record(&self, request: Request) {
        let who = request.asked.as_ref().map_or_else(
            || format!("{} request", request.method),
            |asked| {
                let name = self.0.floor.find(&asked.key).and_then(|p| p.name);
                format!("{} {} ({})", asked.action, name.unwrap_or_else(|| asked.e164.clone()), asked.key)
            },
        );
        self.0.notes.say(&format!("{who}: {}", request.verdict));
        let mut records = self.records();
        if records.requests.len() == MOST_REQUESTS {
            records.requests.pop_front();
        }
        records.requests.push_back(request);
        drop(records);
        self.0.changed.notify_all();
        self.0.changed_async.notify_waiters();
    }

    /// Decides on one request. The floor is changed here, whatever becomes of the answer.
    fn judge(&self, head: &Parts, body: Result<&[u8], String>) -> (Option<Asked>, Verdict, Reply) {
        let asked = match self.read(head, body) {
            Ok(asked) => asked,
            Err((verdict, reply)) => return (None, verdict, reply),
        };
        let act = || self.0.floor.act(asked.action, &asked.key, &asked.conference, &asked.e164);
        let Some(fault) = self.fault(&asked) else {
            let (verdict, reply) = match act() {
                Ok(()) => (Verdict::Accepted, Reply::Success),
                Err(words) => (Verdict::Refused(words.clone()), Reply::Error(words)),
            };
            return (Some(asked), verdict, reply);
        };
        if fault.acts
            && let Err(words) = act()
        {
            return (Some(asked), Verdict::Refused(words.clone()), Reply::Error(words));
        }
        let reply = match &fault.kind {
            FaultKind::Slow(wait) => Reply::Late(wait.div_f64(self.0.rules.speed)),
            FaultKind::TimeOut => Reply::Silence,
            FaultKind::Refuse(words) => Reply::Error(words.clone()),
            FaultKind::Html => Reply::Html,
            FaultKind::Busy(seconds) => Reply::Busy(*seconds),
            FaultKind::BadGateway => Reply::BadGateway,
            FaultKind::Cut => Reply::Cut,
            FaultKind::Half => Reply::Half,
            FaultKind::EmptyError => Reply::EmptyError,
            FaultKind::UnknownElements => Reply::UnknownElements,
            FaultKind::UnknownAction => Reply::Error("unknown action".into()),
        };
        (Some(asked), Verdict::Fault { kind: fault.kind.word(), acted: fault.acts }, reply)
    }

    /// The rules in order: path, method, headers, form, user key, action, parameters.
    fn read(&self, head: &Parts, body: Result<&[u8], String>) -> Result<Asked, (Verdict, Reply)> {
        let broken = |rule: String| (Verdict::Violation(rule.clone()), Reply::Error(rule));
        let refused = |words: &str| (Verdict::Refused(words.to_owned()), Reply::Error(words.to_owned()));
        if head.uri.path() != API_PATH {
            return Err((Verdict::Violation(format!("the only path is {API_PATH}")), Reply::NotFound));
        }
        if head.method != Method::POST {
            return Err((Verdict::Violation("the only method is POST".into()), Reply::NotAllowed));
        }
        if head.uri.query().is_some() {
            return Err(broken("the path has no query".into()));
        }
        strict::headers(&head.headers).map_err(broken)?;
        let envelope = strict::envelope(body.map_err(broken)?).map_err(broken)?;
        let rules = &self.0.rules;
        if rules.user_key.as_ref().is_some_and(|key| *key != envelope.user_key) {
            return Err(refused("the USERKEY is not valid"));
        }
        if !rules.action_names.contains(&envelope.action) {
            return Err(if strict::DOCUMENTED.contains(&envelope.action.as_str()) {
                refused("unknown action")
            } else {
                broken("unknown action: no page has this ACTION NAME".into())
            });
        }
        strict::parameters(&envelope, rules.signature.as_deref()).map_err(broken)
    }

    /// The first fault that answers this ask. Every fault that applies counts it.
    fn fault(&self, asked: &Asked) -> Option<Fault> {
        let caller = self.0.floor.find(&asked.key).and_then(|p| p.caller);
        let mut records = self.records();
        let mut found = None;
        for (fault, count) in self.0.rules.faults.iter().zip(&mut records.counts) {
            let whom = fault.callers.as_ref().is_none_or(|callers| caller.is_some_and(|caller| callers.contains(&caller)));
            if !whom || fault.action.is_some_and(|action| action != asked.action) {
                continue;
            }
            *count = count.saturating_add(1);
            let in_turn = *count >= fault.from && fault.times.is_none_or(|times| *count - fault.from < times);
            if in_turn && found.is_none() {
                found = Some(fault.clone());
            }
        }
        found
    }
}
