//! The writer: a plain thread that takes everything queued, writes it in one transaction with one sync,
//! answers everybody, and only then publishes.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, TransactionBehavior, params};
use tokio::sync::watch;

use super::Promise;
use super::checkpoint;
use super::held::Held;
use super::leftover;
use super::lock::Lock;
use super::queue::{Publisher, Queue};
use super::retention::{self, Cutter};
use super::schema::PATIENCE;
use super::verdict::{verdict, verdict_of_system};
use crate::conference::event::{Event, Seq};
use crate::journal::{AppendError, Draft, Health, now};

/// How often an idle writer marks itself alive, which bounds the error of a reported gap.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// How often a writer in trouble looks whether it is over, so that `/healthz` does not wait for a callback.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Drafts that there is always room for.
const ROOM: usize = 256;

/// The thread's state.
pub(super) struct Writer {
    connection: Connection,
    lock: Lock,
    queue: Arc<Queue>,
    publisher: Arc<Publisher>,
    health: watch::Sender<Health>,
    last: Seq,
    unrecorded: Seq,
    held: Held,
    /// What is being written: not lost to a panic while it is.
    hand: VecDeque<(Draft, Promise)>,
    cutter: Cutter,
    path: PathBuf,
    /// Whether what the log held at the beginning is safe on disk.
    safe: bool,
    /// The database and its log as they were opened: a name may come to mean another file, or none.
    files: Vec<(PathBuf, u64)>,
}

impl Writer {
    pub(super) fn new(
        connection: Connection,
        lock: Lock,
        queue: Arc<Queue>,
        publisher: Arc<Publisher>,
        health: watch::Sender<Health>,
        last: Seq,
    ) -> Self {
        let path = connection.path().map(PathBuf::from).unwrap_or_default();
        let files =
            [checkpoint::log_path(&path), path.clone()].into_iter().filter_map(|path| Some((path.clone(), inode(&path)?))).collect();
        let (unrecorded, held) = (Seq::UNRECORDED, Held::default());
        let (hand, cutter) = (VecDeque::new(), Cutter::default());
        Self { connection, lock, queue, publisher, health, last, unrecorded, held, hand, cutter, path, safe: false, files }
    }

    /// Writes until the queue is closed. A panic is the failure of the journal, and survived as one: callbacks are
    /// refused, and asks go round, because silencing somebody must work.
    pub(super) fn run(mut self) {
        if catch_unwind(AssertUnwindSafe(|| self.work())).is_err() {
            self.health.send_replace(panicked());
            // Another one leaves nothing to be done.
            let _ = catch_unwind(AssertUnwindSafe(|| self.work()));
        }
    }

    fn work(&mut self) {
        self.lock.touch();
        // Where there is no room for it, or no log, that is told with the first batch.
        let _ = checkpoint::make_room(&checkpoint::log_path(&self.path));
        let mut patience = HEARTBEAT;
        loop {
            if self.hand.is_empty() && !self.queue.take(patience, &mut self.hand) {
                break;
            }
            // Once it has failed nobody is marked alive: what comes then stands nowhere, and the next start tells a gap.
            if !matches!(&*self.health.borrow(), Health::Failed(_))
                && let Err(why) = self.lock.hold()
            {
                self.is(Health::Failed(why));
            }
            let in_trouble = matches!(&*self.health.borrow(), Health::Trouble(_));
            let idle = self.hand.is_empty();
            if in_trouble {
                let room = self.can_write();
                self.batch(room);
            } else if !idle {
                self.batch(Ok(()));
            }
            if !idle {
                self.cut_log();
            }
            // What was written has been looked for already.
            if idle
                && !matches!(&*self.health.borrow(), Health::Failed(_))
                && let Err(error) = self.look_at_files()
            {
                self.is(error.into());
            }
            self.cut_old(idle);
            patience = match &*self.health.borrow() {
                Health::Trouble(_) => LOOK_AGAIN,
                Health::Good if self.cutter.is_busy() => retention::PAUSE,
                _ => HEARTBEAT,
            };
        }
        // Readers may still be open, so closing alone would leave the newest events in the log beside the file,
        // where somebody who copies the file forgets them. A failure leaves them there, which loses nothing.
        if matches!(&*self.health.borrow(), Health::Failed(_)) {
            // A sync is never tried again, and closing would.
            if let Err(error) = self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true) {
                tracing::warn!(%error, "the journal's log may be copied while it is closed");
            }
            return;
        }
        let mut cut = checkpoint::empty(&self.connection, PATIENCE);
        if matches!(&*self.health.borrow(), Health::Trouble(_)) && !cut.as_ref().is_err_and(|error| self.is_fatal(error)) {
            // What went round is written now or never, and emptying the log may have made the room.
            self.batch(Ok(()));
            if *self.health.borrow() == Health::Good {
                cut = checkpoint::empty(&self.connection, PATIENCE);
            } else {
                tracing::warn!("the asks since the journal could not be written any more stand nowhere but in this log");
            }
        }
        if let Err(error) = cut {
            tracing::warn!(%error, "the journal's newest events stay in its log file");
        }
    }

    fn is_fatal(&self, error: &rusqlite::Error) -> bool {
        matches!(verdict(error, &self.path), AppendError::Failed(_))
    }

    /// Writes what is in hand if there is room, answers for it and publishes it. What was held comes first.
    fn batch(&mut self, room: Result<(), AppendError>) {
        let mut events = Vec::with_capacity(self.hand.len() + 1);
        let written = room.and_then(|()| self.recover()).and_then(|recorded| {
            events.extend(recorded);
            for (draft, _) in &mut self.hand {
                self.held.mend(&mut draft.what);
            }
            let drafts = self.hand.iter().map(|(draft, _)| draft);
            write(&mut self.connection, self.last, drafts).map_err(|error| verdict(&error, &self.path))?;
            // Only now is it known where it was written to.
            self.look_at_files()
        });
        self.is(written.clone().map_or_else(Health::from, |()| Health::Good));

        let mut kept = Vec::with_capacity(self.hand.len());
        for (draft, promise) in self.hand.drain(..) {
            match &written {
                Ok(()) => {
                    self.last = self.last.next();
                    kept.push((promise, self.last));
                    events.push(Event { seq: self.last, at: draft.at, what: draft.what });
                }
                Err(_) if draft.what.may_go_unrecorded() => {
                    self.unrecorded = self.unrecorded.next();
                    kept.push((promise, self.unrecorded));
                    events.push(Event { seq: self.unrecorded, at: draft.at, what: draft.what.clone() });
                    self.held.keep(self.unrecorded, draft);
                }
                Err(error) => {
                    self.held.refused(draft.at);
                    // Whoever asked may have hung up.
                    let _ = promise.send(Err(error.clone()));
                }
            }
        }
        for (promise, seq) in kept {
            let _ = promise.send(Ok(seq));
        }
        self.publisher.publish(events, self.last);
        // What one flood took is given back.
        self.hand.shrink_to(ROOM);
    }

    /// Makes safe what was there at the beginning, and writes down what was held, in a transaction of its own: what
    /// comes now may be about asks whose places are known only after it. The late asks themselves are news to nobody;
    /// that it is over is.
    fn recover(&mut self) -> Result<Option<Event>, AppendError> {
        if let Health::Failed(why) = &*self.health.borrow() {
            return Err(AppendError::Failed(why.clone()));
        }
        if !self.safe {
            self.look_at_files()?;
            leftover::make_safe(&mut self.connection, &self.path)?;
            self.safe = true;
        }
        let mut late = self.held.to_write(self.last, now());
        if late.is_empty() {
            return Ok(None);
        }
        write(&mut self.connection, self.last, late.iter()).map_err(|error| verdict(&error, &self.path))?;
        self.look_at_files()?;
        self.held.is_written(&late);
        self.last = Seq(self.last.0 + late.len() as u64);
        Ok(late.pop().map(|draft| Event { seq: self.last, at: draft.at, what: draft.what }))
    }

    /// What is written to a file that nobody can open any more is lost at the end, so it must not be promised.
    fn look_at_files(&self) -> Result<(), AppendError> {
        if self.files.iter().all(|(path, was)| inode(path) == Some(*was)) {
            return Ok(());
        }
        Err(AppendError::Failed("its file was removed or replaced".to_owned()))
    }

    /// Whether the next batches can be written after one that could not, and not only a few small ones into the room
    /// that the log still has: a journal that takes one in ten is not over its trouble.
    fn can_write(&self) -> Result<(), AppendError> {
        touch_database(&self.connection).map_err(|error| verdict(&error, &self.path))?;
        checkpoint::grow(&checkpoint::log_path(&self.path)).map_err(|error| verdict_of_system(&error))
    }

    /// Done here and not by `SQLite` on its own, which would keep a failed sync to itself and repeat it. What was
    /// promised so far is safe in the log.
    fn cut_log(&mut self) {
        if *self.health.borrow() != Health::Good {
            return;
        }
        let Err(error) = checkpoint::cut(&self.connection) else { return };
        if let AppendError::Failed(why) = verdict(&error, &self.path) {
            self.is(Health::Failed(why));
        } else {
            // Room or a lock is missing; the next batch tries again.
            tracing::warn!(%error, "the journal's log could not be cut");
        }
    }

    /// Cuts a portion of what is too old. A full or locked disk is left to the next batch to find out: only that
    /// one has anything to lose.
    fn cut_old(&mut self, idle: bool) {
        if let Some(cut) = self.queue.take_cut() {
            self.cutter.begin(cut);
        }
        // Nothing is written behind what may not be safe, and that is seen to with the first batch.
        if !self.safe || *self.health.borrow() != Health::Good {
            return;
        }
        let Err(error) = self.cutter.step(&mut self.connection, idle) else { return };
        if let AppendError::Failed(why) = verdict(&error, &self.path) {
            self.is(Health::Failed(why));
        } else {
            tracing::warn!(%error, "old events could not be cut from the journal; it is tried again later");
        }
    }

    fn is(&self, health: Health) {
        let changed = self.health.send_if_modified(|known| std::mem::replace(known, health.clone()) != health);
        match health {
            Health::Good if changed => tracing::info!("the journal is written again"),
            Health::Trouble(why) if changed => tracing::warn!(why, "the journal could not be written; it is tried again"),
            Health::Failed(why) if changed => tracing::error!(why, "the journal failed; nothing is recorded until restart"),
            Health::Good | Health::Trouble(_) | Health::Failed(_) | Health::Followed(_) | Health::Abandoned | Health::Lost(_) => {}
        }
    }
}

impl From<AppendError> for Health {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Trouble(why) => Self::Trouble(why),
            AppendError::Failed(why) => Self::Failed(why),
            AppendError::Busy
            | AppendError::Closed
            | AppendError::ReadOnly
            | AppendError::Superseded
            | AppendError::Lost(_)
            | AppendError::Denied(_) => Self::Good,
        }
    }
}

/// How the journal is after a panic of its thread.
fn panicked() -> Health {
    Health::Failed("its thread panicked; see the log".to_owned())
}

/// What the system calls a file by, whatever its name comes to mean.
///
/// Nothing else is asked for: once a file's times were looked at, Linux (from 6.13) notes the very next change of them, and
/// file systems may write it with the next sync of its data, which takes a third longer then.
#[cfg(target_os = "linux")]
pub(super) fn inode(path: &Path) -> Option<u64> {
    use rustix::fs::{AtFlags, CWD, StatxFlags, statx};
    statx(CWD, path, AtFlags::empty(), StatxFlags::INO).ok().map(|found| found.stx_ino)
}

#[cfg(not(target_os = "linux"))]
pub(super) fn inode(path: &Path) -> Option<u64> {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata(path).ok().map(|found| found.ino())
}

/// Without its writer nothing may wait to be written: callbacks would hang, and with them every connection.
impl Drop for Writer {
    fn drop(&mut self) {
        self.queue.abandon();
        if std::thread::panicking() {
            self.health.send_replace(panicked());
        }
    }
}

fn write<'a>(connection: &mut Connection, last: Seq, drafts: impl Iterator<Item = &'a Draft>) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    {
        let mut insert =
            transaction.prepare_cached("INSERT INTO event (seq, at, kind, call, body, raw) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
        let mut seq = last;
        for draft in drafts {
            seq = seq.next();
            let body = draft.what.body().map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
            let call = draft.what.call().map(crate::conference::CallKey::as_str);
            insert.execute(params![seq.0 as i64, draft.at.0, draft.what.kind(), call, body, draft.raw])?;
        }
    }
    transaction.commit()
}

/// Writes what is there already, which needs the lock, room for a page, and a sync.
fn touch_database(connection: &Connection) -> rusqlite::Result<()> {
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    connection.pragma_update(None, "user_version", version)
}
