//! Writing down what was sent and how it ended, also when the disk has trouble.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::Clock;
use crate::conference::event::{Answer, Ask, Sent, Seq, What};
use crate::journal::{AppendError, Draft, Health, Journal, Receipt};

/// The pause before something is written once more.
const PAUSE: Duration = Duration::from_millis(250);

/// How often a sent mark is tried before its asks leave without: silencing somebody comes first.
const MARK_TRIES: u32 = 3;

/// In a journal that hosts share: how long a mark may take, and how long after it was begun an ask may leave on it. Another
/// host takes over later than that, and what it was left with then is not sent any more.
pub(super) const MARK_HOLDS: Duration = Duration::from_secs(5);

/// Writes answers down, in order and without making anybody wait.
pub(super) struct Recorder {
    journal: Arc<dyn Journal>,
    clock: Clock,
    receipts: mpsc::UnboundedSender<(Draft, Receipt, oneshot::Sender<()>)>,
    task: JoinHandle<()>,
}

impl Recorder {
    /// `shared`: trouble passes without a restart, and what was refused is tried again until then.
    pub(super) fn new(journal: Arc<dyn Journal>, clock: Clock, shared: bool) -> Self {
        let (receipts, mut to_check) = mpsc::unbounded_channel::<(Draft, Receipt, oneshot::Sender<()>)>();
        let again = journal.clone();
        let task = tokio::spawn(async move {
            while let Some((draft, mut receipt, written)) = to_check.recv().await {
                // An ask without an answer would be shown as under way for ever, so room in the queue is waited for.
                while let Err(error) = receipt.durable().await {
                    match error {
                        error if may_pass(&error, shared) => {
                            tracing::warn!(%error, "an answer is not written down yet");
                            sleep(PAUSE).await;
                            receipt = again.append(draft.clone());
                        }
                        error => {
                            tracing::warn!(%error, "an answer was not written down");
                            break;
                        }
                    }
                }
                // Few wait for it.
                let _ = written.send(());
            }
        });
        Self { journal, clock, receipts, task }
    }

    /// Appends an answer. What is returned ends when it is written down, or as well as it will be; not
    /// later than a moment from now.
    pub(super) fn answered(&self, answer: Answer) -> impl Future<Output = ()> + Send + 'static + use<> {
        let draft = Draft::new((self.clock)(), What::Answered(answer));
        let receipt = self.journal.append(draft.clone());
        // The other end lives as long as this one.
        let (written, done) = oneshot::channel();
        let _ = self.receipts.send((draft, receipt, written));
        async move {
            let _ = timeout(PAUSE, done).await;
        }
    }

    /// Waits until everything is written down, but not for longer than this.
    pub(super) async fn finish(self, within: Duration) {
        drop(self.receipts);
        let mut task = self.task;
        if timeout(within, &mut task).await.is_err() {
            task.abort();
        }
    }
}

/// Whether the same may be taken when it is tried again.
fn may_pass(error: &AppendError, shared: bool) -> bool {
    match error {
        AppendError::Busy => true,
        AppendError::Trouble(_) | AppendError::Lost(_) => shared,
        AppendError::Failed(_) | AppendError::Closed | AppendError::ReadOnly | AppendError::Superseded | AppendError::Denied(_) => false,
    }
}

/// Writes down in a journal that hosts share that these asks are this one's: no other will carry them out or end them.
/// Waits for a full queue, and for [`MARK_HOLDS`] at most.
///
/// # Errors
/// Why no mark is known to be written. It may be all the same, or may be yet.
pub(super) async fn claim(journal: Arc<dyn Journal>, clock: Clock, asks: Vec<Seq>) -> Result<(), AppendError> {
    let until = Instant::now() + MARK_HOLDS;
    let error = loop {
        let receipt = journal.append(Draft::new(clock(), What::Sent(Sent { asks: asks.clone() })));
        match timeout_at(until, receipt.durable()).await {
            Ok(Ok(seq)) if seq.is_recorded() => return Ok(()),
            Ok(Err(AppendError::Superseded)) => return Err(AppendError::Superseded),
            Ok(Err(AppendError::Busy)) if Instant::now() + PAUSE < until => sleep(PAUSE).await,
            Ok(Err(error)) => break error,
            Ok(Ok(_)) => break AppendError::Trouble("it is not on disk".to_owned()),
            Err(_) => break AppendError::Trouble(format!("nothing came back within {} s", MARK_HOLDS.as_secs())),
        }
    };
    tracing::warn!(%error, asks = asks.len(), "asks do not leave yet, because that could not be written down");
    sleep(PAUSE).await;
    Err(error)
}

/// Writes down that these asks are about to leave, and returns when that is on disk. When the journal has
/// failed nothing will be, so they may leave all the same.
pub(super) async fn mark_sent(journal: Arc<dyn Journal>, clock: Clock, asks: Vec<Seq>) {
    let mut health = journal.health();
    for _ in 0..MARK_TRIES {
        let receipt = journal.append(Draft::new(clock(), What::Sent(Sent { asks: asks.clone() })));
        let failed = async {
            if health.wait_for(|health| matches!(health, Health::Failed(_))).await.is_err() {
                // Nobody reports any more; the receipt will tell.
                std::future::pending::<()>().await;
            }
            sleep(PAUSE).await;
        };
        tokio::select! {
            biased;
            written = receipt.durable() => match written {
                Err(AppendError::Busy) => sleep(PAUSE).await,
                Ok(_) | Err(_) => return,
            },
            () = failed => return,
        }
    }
    tracing::warn!(asks = asks.len(), "asks leave without a mark in the journal");
}

/// Appends asks of rules, and returns when all of them are on disk or go round unrecorded. A full queue is
/// waited for, and so is the end of a trouble that passes, where the journal is shared.
pub(super) async fn append_asks(journal: Arc<dyn Journal>, clock: Clock, asks: Vec<Ask>, shared: bool) {
    let append = |ask: Ask| {
        let draft = Draft::new(clock(), What::Asked(ask));
        (journal.append(draft.clone()), draft)
    };
    let receipts: Vec<_> = asks.into_iter().map(append).collect();
    for (mut receipt, mut draft) in receipts {
        while let Err(error) = receipt.durable().await {
            if !may_pass(&error, shared) {
                tracing::warn!(%error, "an ask of a rule was not made");
                break;
            }
            sleep(PAUSE).await;
            if error != AppendError::Busy {
                // It is asked now, and not when it could not be.
                draft.at = clock();
            }
            receipt = journal.append(draft.clone());
        }
    }
}
