//! Writing down what was sent and how it ended, also when the disk has trouble.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::Clock;
use crate::conference::event::{Answer, Ask, Sent, Seq, What};
use crate::journal::{AppendError, Draft, Health, Journal, Receipt};

/// The pause before something is written once more.
const PAUSE: Duration = Duration::from_millis(250);

/// How often a sent mark is tried before its asks leave without: silencing somebody comes first.
const MARK_TRIES: u32 = 3;

/// Writes answers down, in order and without making anybody wait.
pub(super) struct Recorder {
    journal: Arc<dyn Journal>,
    clock: Clock,
    receipts: mpsc::UnboundedSender<(Draft, Receipt, oneshot::Sender<()>)>,
    task: JoinHandle<()>,
}

impl Recorder {
    pub(super) fn new(journal: Arc<dyn Journal>, clock: Clock) -> Self {
        let (receipts, mut to_check) = mpsc::unbounded_channel::<(Draft, Receipt, oneshot::Sender<()>)>();
        let again = journal.clone();
        let task = tokio::spawn(async move {
            while let Some((draft, mut receipt, written)) = to_check.recv().await {
                // An ask without an answer would be shown as under way for ever, so room in the queue is waited for.
                while let Err(error) = receipt.durable().await {
                    match error {
                        AppendError::Busy => {
                            tracing::warn!(%error, "an answer is not written down yet");
                            sleep(PAUSE).await;
                            receipt = again.append(draft.clone());
                        }
                        AppendError::Trouble(_) | AppendError::Failed(_) | AppendError::Closed | AppendError::ReadOnly => {
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
                Ok(_) | Err(AppendError::Trouble(_) | AppendError::Failed(_) | AppendError::Closed | AppendError::ReadOnly) => return,
            },
            () = failed => return,
        }
    }
    tracing::warn!(asks = asks.len(), "asks leave without a mark in the journal");
}

/// Appends asks of rules, and returns when all of them are on disk or go round unrecorded. A full queue is
/// waited for.
pub(super) async fn append_asks(journal: Arc<dyn Journal>, clock: Clock, asks: Vec<Ask>) {
    let append = |ask: Ask| {
        let draft = Draft::new(clock(), What::Asked(ask));
        (journal.append(draft.clone()), draft)
    };
    let receipts: Vec<_> = asks.into_iter().map(append).collect();
    for (mut receipt, draft) in receipts {
        while let Err(error) = receipt.durable().await {
            if error != AppendError::Busy {
                tracing::warn!(%error, "an ask of a rule was not made");
                break;
            }
            sleep(PAUSE).await;
            receipt = journal.append(draft.clone());
        }
    }
}
