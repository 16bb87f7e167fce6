//! The least that a journal in `SQLite` can cost: whatever waits is inserted in one transaction, and nothing is looked at,
//! marked or published.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};

use confmod::conference::event::Seq;
use confmod::journal::{AppendError, Draft, Feed, Health, History, Journal, Receipt};
use rusqlite::{Connection, params};
use tokio::sync::{broadcast, oneshot, watch};

use super::receivers::Nothing;

type Waiting = (Draft, oneshot::Sender<Result<Seq, AppendError>>);

/// A journal that only writes.
pub struct Least {
    queue: Sender<Waiting>,
    health: watch::Sender<Health>,
}

impl Least {
    pub fn open(file: &Path) -> Self {
        let connection = Connection::open(file).expect("a database");
        let settings = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
            CREATE TABLE event (seq INTEGER PRIMARY KEY, at INTEGER, kind TEXT, call TEXT, body TEXT, raw TEXT) STRICT;";
        connection.execute_batch(settings).expect("a table");
        let (queue, waiting) = channel::<Waiting>();
        std::thread::spawn(move || {
            while let Ok(first) = waiting.recv() {
                let all: Vec<Waiting> = std::iter::once(first).chain(waiting.try_iter()).collect();
                write(&connection, all.iter().map(|(draft, _)| draft)).expect("written");
                for (_, promise) in all {
                    // Whoever asked may be gone at the end of a round.
                    let _ = promise.send(Ok(Seq(1)));
                }
            }
        });
        Self { queue, health: watch::channel(Health::Good).0 }
    }
}

fn write<'a>(connection: &Connection, drafts: impl Iterator<Item = &'a Draft>) -> rusqlite::Result<()> {
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let mut insert = connection.prepare_cached("INSERT INTO event (at, kind, call, body, raw) VALUES (?1, ?2, ?3, ?4, ?5)")?;
    for draft in drafts {
        let call = draft.what.call().map(confmod::conference::CallKey::as_str);
        insert.execute(params![draft.at.0, draft.what.kind(), call, draft.what.body().expect("a body"), draft.raw])?;
    }
    connection.execute_batch("COMMIT")
}

impl Journal for Least {
    fn append(&self, draft: Draft) -> Receipt {
        let (promise, receipt) = Receipt::pair();
        self.queue.send((draft, promise)).expect("a writer");
        receipt
    }

    fn subscribe(&self, after: Seq) -> Feed {
        Feed::new(broadcast::channel(1).1, self.history(), after)
    }

    fn history(&self) -> Arc<dyn History> {
        Arc::new(Nothing)
    }

    fn health(&self) -> watch::Receiver<Health> {
        self.health.subscribe()
    }
}
