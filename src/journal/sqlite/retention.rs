//! Cutting old events away: what may go is worked out by reading, and goes in small portions between the writer's
//! batches.
//!
//! Facts that stand simply stay where they are. Another journal may have to append them anew before it can cut; a
//! table has no such need, and staying is better: a fact keeps its place and its time, readers see no event twice, a
//! crash between portions leaves nothing half said, and the disk needs no room to make room. Places are never given
//! out twice, because the last event always stays.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use rusqlite::Connection;

use super::checkpoint;
use super::reader::{CLOCK_SLACK, Reader};
use crate::conference::Moment;
use crate::conference::event::Seq;
use crate::conference::standing::carried;
use crate::journal::{History, ReadError, now};

/// Rows that are cut between two batches: one or two milliseconds and a sync, as any small batch.
const PORTION: usize = 256;

/// While events come without a pause, one portion is cut after so many batches.
const BATCHES: u32 = 8;

/// The pause between portions while nothing else is to be written.
pub(super) const PAUSE: Duration = Duration::from_millis(25);

/// How long after the start it is looked for the first time; starting comes first.
const FIRST_LOOK: Duration = Duration::from_secs(1);

/// How often it is looked what has become too old.
const LOOK: Duration = Duration::from_hours(1);

/// What may go: all events up to a place but some.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cut {
    /// The last place that may go.
    pub(super) upto: Seq,
    /// Facts up to there that still stand, in order.
    pub(super) stays: Vec<Seq>,
}

impl Cut {
    /// Whether there is anything that it would cut.
    fn is_for(&self, history: &dyn History) -> Result<bool, ReadError> {
        let first = history.read(Seq(0), self.stays.len() + 1)?;
        Ok(first.iter().any(|event| event.seq <= self.upto && self.stays.binary_search(&event.seq).is_err()))
    }
}

/// What was learned before a moment and may go; none where nothing is that old.
pub(super) fn plan(history: &dyn History, limit: Moment) -> Result<Option<Cut>, ReadError> {
    let before_last = Seq(history.last()?.0.saturating_sub(1));
    let upto = history.before(limit)?.min(before_last);
    if upto == Seq(0) {
        return Ok(None);
    }
    // No event that stays was learned before this, so a ban that is over by then is over for whoever reads.
    let over = limit.minus(CLOCK_SLACK);
    Ok(Some(Cut { upto, stays: carried(&history.standing(upto)?, over) }))
}

/// A cut on its way.
#[derive(Debug)]
pub(super) struct Cutting {
    cut: Cut,
    /// Up to here it is done.
    done: Seq,
    /// How many events went.
    pub(super) gone: u64,
}

impl Cutting {
    pub(super) fn new(cut: Cut) -> Self {
        Self { cut, done: Seq(0), gone: 0 }
    }

    /// Cuts away what of the next `rows` rows may go, oldest first, in one transaction; whether there is more.
    pub(super) fn portion(&mut self, connection: &mut Connection, rows: usize) -> rusqlite::Result<bool> {
        let places: Vec<Seq> = {
            let mut next = connection.prepare_cached("SELECT seq FROM event WHERE seq > ?1 AND seq <= ?2 ORDER BY seq LIMIT ?3")?;
            let found = next.query_map((self.done.0 as i64, self.cut.upto.0 as i64, rows as i64), |row| row.get::<_, i64>(0))?;
            found.map(|seq| seq.map(|seq| Seq(seq as u64))).collect::<rusqlite::Result<_>>()?
        };
        let Some(last) = places.last().copied() else { return Ok(false) };
        let old: Vec<Seq> = places.iter().copied().filter(|seq| self.cut.stays.binary_search(seq).is_err()).collect();
        if !old.is_empty() {
            let transaction = connection.transaction()?;
            {
                let mut delete = transaction.prepare_cached("DELETE FROM event WHERE seq = ?1")?;
                for seq in &old {
                    delete.execute([seq.0 as i64])?;
                }
            }
            transaction.commit()?;
        }
        self.gone += old.len() as u64;
        self.done = last;
        Ok(places.len() == rows)
    }
}

/// The writer's part: what it was told to cut, and how far it is.
#[derive(Default)]
pub(super) struct Cutter {
    now: Option<Cutting>,
    /// Batches since the last portion.
    batches: u32,
    /// What went still stands in the log.
    in_log: bool,
}

impl Cutter {
    /// From now on this is cut; what was left of the one before is in it.
    pub(super) fn begin(&mut self, cut: Cut) {
        self.now = Some(Cutting::new(cut));
    }

    /// Whether there is anything to do while nothing is to be written.
    pub(super) fn is_busy(&self) -> bool {
        self.now.is_some() || self.in_log
    }

    /// Cuts one portion, where it is time for one. `idle` says that nothing waits to be written.
    ///
    /// After an error the rest is left for the next time; what the error means is the writer's to judge.
    pub(super) fn step(&mut self, connection: &mut Connection, idle: bool) -> rusqlite::Result<()> {
        self.batches = if idle { BATCHES } else { self.batches + 1 };
        if self.batches < BATCHES {
            return Ok(());
        }
        self.batches = 0;
        let Some(mut cutting) = self.now.take() else {
            if idle && self.in_log {
                // Pages that were copied into the database long ago would keep what was cut from it. Where somebody
                // reads just now it is left for the next time; waiting would hold up callbacks.
                self.in_log = !checkpoint::empty(connection, Duration::ZERO)?;
            }
            return Ok(());
        };
        if cutting.portion(connection, PORTION)? {
            self.now = Some(cutting);
        } else if cutting.gone > 0 {
            self.in_log = true;
            tracing::info!(events = cutting.gone, kept = cutting.cut.stays.len(), "old events were cut from the journal");
        }
        Ok(())
    }
}

/// The watch's part, on a thread of its own: looks again and again what has become older than `keep`, and tells it.
/// Ends when `stop` is dropped.
pub(super) fn watch(reader: &Reader, keep: Duration, stop: &Receiver<()>, tell: impl Fn(Cut)) {
    let mut wait = FIRST_LOOK;
    while stop.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
        wait = LOOK;
        let found = plan(reader, now().minus(keep)).and_then(|cut| cut.map_or(Ok(None), |cut| Ok(cut.is_for(reader)?.then_some(cut))));
        match found {
            Ok(cut) => cut.into_iter().for_each(&tell),
            Err(error) => tracing::warn!(%error, "what is too old in the journal could not be looked for; it is tried again in an hour"),
        }
    }
}
