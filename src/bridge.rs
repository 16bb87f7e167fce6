//! What a conference system can be asked, and how it can fail to answer. One child per system.
//!
//! A bridge makes one try. Waiting, repeating and giving up are the dispatcher's.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use smol_str::SmolStr;

use crate::conference::event::Ask;
use crate::conference::{Action, CallKey, ConferenceId};

pub mod anveo;

/// One request to a conference system, complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// What to do.
    pub action: Action,
    /// The call flow instance key of the call.
    pub call: CallKey,
    /// The conference number as configured in the call flow.
    pub conference: ConferenceId,
    /// The participant's number: digits with country code, no `+`.
    pub number: SmolStr,
}

impl From<&Ask> for Order {
    fn from(ask: &Ask) -> Self {
        Self { action: ask.action, call: ask.call.clone(), conference: ask.conference.clone(), number: ask.number.clone() }
    }
}

/// A conference system.
pub trait Bridge: Send + Sync + 'static {
    /// Makes one try. `Ok` means that the system said it accepted the order, which does not prove that
    /// the participant was found nor that the audio changed.
    fn act(&self, order: &Order) -> impl Future<Output = Result<(), Fault>> + Send;

    /// Keeps a connection open without asking for anything. Nothing is learned from it.
    fn keep_warm(&self) -> impl Future<Output = ()> + Send;
}

/// Why a try did not end in an accepted order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What kind of failure it was; decides what may be done next.
    pub kind: FaultKind,
    /// The system's own words where there are any, else what went wrong. Cleaned, never a secret.
    pub detail: String,
    /// How long the system asked us to wait before the next try.
    pub retry_after: Option<Duration>,
}

/// The kinds of failure that must be told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The system answered with an error: it will not do it.
    Refused,
    /// The system answered with a result that is not success.
    NoSuccess,
    /// No connection came about (name, TCP, TLS): the system cannot have acted.
    NoConnection,
    /// 429 or 503: the system says it did not look at the request.
    Busy,
    /// The request left, and no answer came in time.
    TimedOut,
    /// The connection broke after the request may have left.
    Cut,
    /// 502 or 504: something between us and the system answered in its place.
    Gateway,
    /// An answer came that says nothing: no `<RESPONSE>`, cut off, oversized.
    NoAnswer,
}

impl Fault {
    /// A failure without a wish of the system's to wait.
    #[must_use]
    pub fn new(kind: FaultKind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), retry_after: None }
    }

    /// Whether the system itself said that the order was not carried out.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        matches!(self.kind, FaultKind::Refused | FaultKind::NoSuccess)
    }

    /// Whether the system may have carried the order out all the same.
    #[must_use]
    pub fn may_have_acted(&self) -> bool {
        matches!(self.kind, FaultKind::TimedOut | FaultKind::Cut | FaultKind::Gateway | FaultKind::NoAnswer)
    }

    /// Whether the system was not reached: what a circuit breaker counts.
    #[must_use]
    pub fn is_unreachable(&self) -> bool {
        matches!(self.kind, FaultKind::NoConnection | FaultKind::TimedOut | FaultKind::Cut | FaultKind::Gateway)
    }

    /// Whether another try with the same order is right: after a failure that left nothing done, or, for
    /// an order that does no harm twice, after a broken connection too. A time-out has used the time up,
    /// and an answer that says nothing will say nothing again.
    #[must_use]
    pub fn worth_another_try(&self, action: Action) -> bool {
        match self.kind {
            FaultKind::NoConnection | FaultKind::Busy => true,
            FaultKind::Cut | FaultKind::Gateway => action != Action::Kick,
            FaultKind::Refused | FaultKind::NoSuccess | FaultKind::TimedOut | FaultKind::NoAnswer => false,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl std::error::Error for Fault {}
