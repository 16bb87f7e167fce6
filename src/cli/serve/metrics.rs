//! How a host is, for whoever watches it: `/healthz` for a load balancer on this machine, `/metrics` in the text format of
//! Prometheus (its exposition format 0.0.4). Nothing of a caller is in it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;

use crate::callback::Counts;
use crate::conference::event::{Event, What};
use crate::conference::health::ProviderHealth;
use crate::journal::nats::{Nats, Standing};
use crate::journal::{Health, Journal};

/// What is counted, and where the rest is asked for.
pub(super) struct Metrics {
    journal: Arc<Nats>,
    counts: Arc<Counts>,
    heard: Mutex<Heard>,
}

/// What the stream said since the start.
#[derive(Default)]
struct Heard {
    events: BTreeMap<&'static str, u64>,
    answers: BTreeMap<&'static str, u64>,
    provider: ProviderHealth,
    last: u64,
}

impl Metrics {
    pub(super) fn new(journal: Arc<Nats>, counts: Arc<Counts>) -> Self {
        Self { journal, counts, heard: Mutex::default() }
    }

    /// Counts what happens, for as long as the journal is open.
    pub(super) async fn listen(self: Arc<Self>) {
        let mut feed = self.journal.subscribe(self.journal.began());
        while let Some(events) = feed.next().await {
            match events {
                Ok(events) => self.heard.lock().unwrap_or_else(PoisonError::into_inner).hear(&events),
                // It is read again when the server is back.
                Err(_) => tokio::time::sleep(super::AGAIN).await,
            }
        }
    }

    fn is_good(&self) -> bool {
        *self.journal.health().borrow() == Health::Good
    }

    fn text(&self) -> String {
        let mut out = String::new();
        let counts = &self.counts;
        let taken = [("taken", counts.taken_count()), ("refused", counts.refused_count()), ("dropped", counts.dropped_count())];
        labelled(&mut out, "confmod_callbacks_total", "counter", "Callbacks by how they were answered: 200, 4xx, 503.", "result", taken);
        one(&mut out, "confmod_connections_evicted_total", "counter", "Connections closed to make room.", counts.evicted_count() as f64);
        let last = counts.last_callback().map_or(0.0, |at| at.0 as f64 / 1_000.0);
        one(&mut out, "confmod_last_callback_timestamp_seconds", "gauge", "When the last callback was taken, 0 for never.", last);
        one(&mut out, "confmod_journal_up", "gauge", "Whether the shared journal is reached.", f64::from(u8::from(self.is_good())));
        let carries = matches!(*self.journal.standing().borrow(), Standing::Holds(_));
        one(&mut out, "confmod_carries_out", "gauge", "Whether this host carries out what is asked.", f64::from(u8::from(carries)));
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        one(&mut out, "confmod_last_event", "gauge", "The stream's last sequence number that was heard.", heard.last as f64);
        let events = heard.events.iter().map(|(kind, count)| (*kind, *count));
        labelled(&mut out, "confmod_events_total", "counter", "Events of the stream since the start, by kind.", "kind", events);
        let answers = heard.answers.iter().map(|(outcome, count)| (*outcome, *count));
        labelled(&mut out, "confmod_asks_ended_total", "counter", "Asks that ended since the start, by outcome.", "outcome", answers);
        if let Some((median, high)) = heard.provider.percentiles() {
            let millis = [("0.5", u64::from(median)), ("0.95", u64::from(high))];
            labelled(
                &mut out,
                "confmod_provider_milliseconds",
                "gauge",
                "How long the provider took for the last hundred asks.",
                "quantile",
                millis,
            );
        }
        out
    }
}

impl Heard {
    fn hear(&mut self, events: &[Event]) {
        for event in events {
            *self.events.entry(event.what.kind()).or_default() += 1;
            self.last = event.seq.0;
            if let What::Answered(answer) = &event.what {
                *self.answers.entry(answer.outcome.words()).or_default() += 1;
                self.provider.note(answer);
            }
        }
    }
}

fn head(out: &mut String, name: &str, kind: &str, help: &str) {
    // Writing to a String cannot fail.
    let _ = write!(out, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
}

fn one(out: &mut String, name: &str, kind: &str, help: &str, value: f64) {
    head(out, name, kind, help);
    let _ = writeln!(out, "{name} {value}");
}

fn labelled<'a>(out: &mut String, name: &str, kind: &str, help: &str, label: &str, values: impl IntoIterator<Item = (&'a str, u64)>) {
    head(out, name, kind, help);
    for (of, value) in values {
        let _ = writeln!(out, "{name}{{{label}=\"{of}\"}} {value}");
    }
}

/// The routes, for this machine alone.
pub(super) fn router(metrics: Arc<Metrics>) -> Router {
    Router::new().route("/healthz", get(healthz)).route("/metrics", get(tell)).with_state(metrics)
}

async fn healthz(State(metrics): State<Arc<Metrics>>) -> impl IntoResponse {
    if metrics.is_good() { (StatusCode::OK, "ok\n") } else { (StatusCode::SERVICE_UNAVAILABLE, "the shared journal is not reached\n") }
}

async fn tell(State(metrics): State<Arc<Metrics>>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], metrics.text())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conference::Outcome;
    use crate::conference::story::{answer, events, join};

    #[test]
    fn what_happens_is_counted_by_kind_and_outcome() {
        let mut heard = Heard::default();
        heard.hear(&events([(0, join("a", "1", "1")), (1, join("b", "1", "2")), (2, answer("a", 1, Outcome::Refused))]));
        assert_eq!((heard.events["joined"], heard.answers["refused"], heard.last), (2, 1, 3));
        assert_eq!(heard.provider.percentiles(), Some((80, 80)));
    }

    #[test]
    fn the_format_is_what_prometheus_reads() {
        let mut out = String::new();
        labelled(&mut out, "confmod_x_total", "counter", "What it is.", "kind", [("a b", 7)]);
        one(&mut out, "confmod_y", "gauge", "Why.", 0.5);
        let expected = "# HELP confmod_x_total What it is.\n# TYPE confmod_x_total counter\nconfmod_x_total{kind=\"a b\"} 7\n\
                        # HELP confmod_y Why.\n# TYPE confmod_y gauge\nconfmod_y 0.5\n";
        assert_eq!(out, expected);
    }
}
