//! The journal: what it holds has happened. Append is durable when it returns; subscribers get committed
//! events in order, and one that falls behind catches up by reading.
//!
//! This front file is what every journal is, `past` what a start reads back, `feed` how a subscriber hears of what comes, `entry`
//! what goes from one journal into another; the other children are the engines.

use std::fmt;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::sync::{oneshot, watch};

use crate::conference::Moment;
use crate::conference::event::{Event, Seq, What};
pub use crate::conference::health::JournalHealth as Health;
pub use feed::{Feed, Unrecorded};
pub use past::Past;

pub mod entry;
mod feed;
pub mod nats;
mod past;
pub mod sqlite;

/// The machine's clock, for those who write down when something was learned. The one place that reads it.
#[must_use]
pub fn now() -> Moment {
    Moment::default().plus(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

/// Something to be written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// When it was learned.
    pub at: Moment,
    /// What happened.
    pub what: What,
    /// The raw fields that came with it, as one JSON object with everything unprintable escaped.
    pub raw: Option<String>,
}

impl Draft {
    /// A draft without raw fields.
    #[must_use]
    pub fn new(at: Moment, what: What) -> Self {
        Self { at, what, raw: None }
    }
}

/// Why something was not written down. None of it happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AppendError {
    /// Too much is waiting already; the next try in a second may do better.
    Busy,
    /// This write failed and the next one may not: a full or locked disk. What the engine said.
    Trouble(String),
    /// The journal has failed and takes nothing more until restart. What the engine said.
    Failed(String),
    /// The journal is closed.
    Closed,
    /// This process only reads it.
    ReadOnly,
    /// The servers that keep it could not be reached in time. What went wrong last.
    Lost(String),
    /// Another host carries out what is asked now; this one has let go.
    Superseded,
    /// The account may not write this. On which subject it was to be published.
    Denied(String),
}

impl fmt::Display for AppendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy => f.write_str("the journal's queue is full; try again in a second"),
            Self::Trouble(why) => {
                write!(f, "writing the journal did not work this time ({why}); free some space or wait, it will be tried again")
            }
            Self::Failed(why) => write!(f, "the journal failed ({why}); nothing is recorded until confmod is restarted on a sound disk"),
            Self::Closed => f.write_str("the journal is closed, because confmod is stopping"),
            Self::ReadOnly => f.write_str("this confmod only reads the journal; write with the one that has it open, or restart this one"),
            Self::Lost(why) => {
                write!(f, "the shared journal could not be reached ({why}); this was not written down, try again when it is back")
            }
            Self::Superseded => f.write_str("another host carries out what is asked now; this one has let go"),
            Self::Denied(subject) => {
                write!(f, "this account may not publish on {subject}; whoever runs the server can allow it, or somebody else can do this")
            }
        }
    }
}

impl std::error::Error for AppendError {}

/// Why events could not be read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadError(pub String);

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "reading the journal: {}", self.0)
    }
}

impl std::error::Error for ReadError {}

/// The promise of a place in the journal.
#[derive(Debug)]
pub struct Receipt(oneshot::Receiver<Result<Seq, AppendError>>);

impl Receipt {
    /// A receipt and the end that keeps its promise.
    #[must_use]
    pub fn pair() -> (oneshot::Sender<Result<Seq, AppendError>>, Self) {
        let (sender, receiver) = oneshot::channel();
        (sender, Self(receiver))
    }

    /// A receipt for something that was refused at once.
    #[must_use]
    pub fn refused(error: AppendError) -> Self {
        let (sender, receipt) = Self::pair();
        // The receiving end is in our hand, so sending cannot fail.
        let _ = sender.send(Err(error));
        receipt
    }

    /// Waits until the event is on disk. Asks, sent marks and answers are never refused for a disk in trouble or
    /// a failed journal: they come back with an unrecorded number, because they go round all the same.
    pub async fn durable(self) -> Result<Seq, AppendError> {
        self.0.await.unwrap_or(Err(AppendError::Closed))
    }
}

/// Reading back what is committed.
pub trait History: Send + Sync + 'static {
    /// Up to `limit` events after a place, in order. Fewer only where there are no more: whatever this version does not know
    /// is passed over.
    fn read(&self, after: Seq, limit: usize) -> Result<Vec<Event>, ReadError>;

    /// The place before the first event that was learned at or after a moment.
    fn before(&self, moment: Moment) -> Result<Seq, ReadError>;

    /// A place after which so many callers have joined or left, or more; the beginning where there is none.
    fn before_comings(&self, _count: usize) -> Result<Seq, ReadError> {
        Ok(Seq(0))
    }

    /// The last committed place.
    fn last(&self) -> Result<Seq, ReadError>;

    /// The facts that hold however old they are ([`What::STANDING`]), up to and including a place, in order.
    fn standing(&self, until: Seq) -> Result<Vec<Event>, ReadError>;

    /// The raw fields of one event, as the JSON they are kept as.
    fn raw(&self, seq: Seq) -> Result<Option<String>, ReadError>;
}

/// A journal that can be written.
pub trait Journal: Send + Sync + 'static {
    /// Queues an event. Never blocks; a full queue is refused at once.
    fn append(&self, draft: Draft) -> Receipt;

    /// As [`append`](Self::append), for one of several that are at hand together: it may wait until
    /// [`gathered`](Self::gathered) is called, so that they share what writing costs.
    fn gather(&self, draft: Draft) -> Receipt {
        self.append(draft)
    }

    /// Everything that was at hand is gathered.
    fn gathered(&self) {}

    /// Events after a place, for ever: first those on disk, then those that come.
    fn subscribe(&self, after: Seq) -> Feed;

    /// Reading back.
    fn history(&self) -> Arc<dyn History>;

    /// How the journal is, and news of it.
    fn health(&self) -> watch::Receiver<Health>;
}
