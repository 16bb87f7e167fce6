//! How far a connection is with its requests: known to the connection itself, to the router and to the accept loop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};

use tokio::sync::Notify;

/// No request, or a head that is not complete.
const WAITING: u8 = 0;
/// A head is complete; its body may not be.
const RECEIVING: u8 = 1;
/// A request is complete and its answer is being made.
const ANSWERING: u8 = 2;
/// The answer is made and on its way out.
const FLUSHING: u8 = 3;

/// What is known of whoever a connection is from. The first are the first to make room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    /// Sends one wrong token after the other.
    Unwanted,
    /// Never brought a request with the token.
    Stranger,
    /// Did.
    Known,
}

/// How far one connection is. Clones tell of the same one.
#[derive(Clone, Debug)]
pub(super) struct Progress(Arc<State>);

#[derive(Debug)]
struct State {
    phase: AtomicU8,
    since: AtomicU64,
    is_known: AtomicBool,
    had_a_turn: AtomicBool,
    /// Nothing that came with the request is worth reading on.
    is_last: AtomicBool,
    /// The client said that it sends nothing more.
    is_over: AtomicBool,
    /// Counts what happens on all connections; a smaller number was earlier.
    ticks: Arc<AtomicU64>,
    /// Told when a connection may be closed to make room that could not be before.
    freed: Arc<Notify>,
}

impl Progress {
    pub(super) fn new(ticks: &Arc<AtomicU64>, freed: &Arc<Notify>) -> Self {
        let since = AtomicU64::new(ticks.fetch_add(1, Ordering::Relaxed));
        let (ticks, freed) = (Arc::clone(ticks), Arc::clone(freed));
        Self(Arc::new(State {
            phase: AtomicU8::new(WAITING),
            since,
            is_known: AtomicBool::default(),
            had_a_turn: AtomicBool::default(),
            is_last: AtomicBool::default(),
            is_over: AtomicBool::default(),
            ticks,
            freed,
        }))
    }

    fn phase(&self) -> u8 {
        self.0.phase.load(Ordering::Relaxed)
    }

    fn set(&self, phase: u8) {
        self.0.phase.store(phase, Ordering::Relaxed);
    }

    /// Everything that the client had sent was read, or as much as may be read in one turn.
    pub(super) fn had_a_turn(&self) {
        if !self.0.had_a_turn.swap(true, Ordering::Relaxed) {
            self.0.freed.notify_one();
        }
    }

    /// A head is complete.
    pub(super) fn head_is_complete(&self) {
        self.set(RECEIVING);
    }

    /// The whole request is here, and it had the token; from now on the connection is not closed to make room.
    pub(super) fn request_is_complete(&self) {
        self.0.is_known.store(true, Ordering::Relaxed);
        self.set(ANSWERING);
    }

    /// The connection is the first to make room, and ends as soon as its answer is out.
    pub(super) fn comes_last(&self) {
        self.0.is_last.store(true, Ordering::Relaxed);
        self.had_a_turn();
    }

    pub(super) fn is_last(&self) -> bool {
        self.0.is_last.load(Ordering::Relaxed)
    }

    /// The client announced its request, whose head is complete, as the last.
    pub(super) fn client_ends(&self) {
        self.0.is_over.store(true, Ordering::Relaxed);
    }

    /// Whether the client sends nothing more: it asked for an end, and its request was read to its own.
    pub(super) fn is_over(&self) -> bool {
        self.0.is_over.load(Ordering::Relaxed)
    }

    /// The answer was handed to hyper; what is written until the next flush is still ours.
    pub(super) fn answer_is_made(&self) {
        self.set(FLUSHING);
        self.0.since.store(self.0.ticks.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        self.0.freed.notify_one();
    }

    /// Everything that was written is out.
    pub(super) fn is_flushed(&self) {
        if self.phase() == FLUSHING {
            self.set(WAITING);
        }
    }

    /// Whether there is no request, or one without a complete head.
    pub(super) fn is_waiting(&self) -> bool {
        self.phase() == WAITING
    }

    /// Whether an answer is made and not out yet.
    pub(super) fn is_flushing(&self) -> bool {
        self.phase() == FLUSHING
    }

    /// Whether it ever brought a whole request with the token.
    pub(super) fn is_known(&self) -> bool {
        self.0.is_known.load(Ordering::Relaxed)
    }

    /// Where the connection stands among those that may be closed to make room, the first to be closed being the
    /// smallest; none while a request is being answered, and as long as nobody looked for one.
    ///
    /// Those that never brought a request with the token come before those that did, so that a flood of strangers
    /// closes none that a proxy or a provider keeps; then the one that has waited longest.
    pub(super) fn rank(&self) -> Option<(Standing, u64)> {
        let standing = match (self.is_last(), self.is_known()) {
            (true, _) => Standing::Unwanted,
            (false, false) => Standing::Stranger,
            (false, true) => Standing::Known,
        };
        let rank = (standing, self.0.since.load(Ordering::Relaxed));
        (self.phase() != ANSWERING && self.0.had_a_turn.load(Ordering::Relaxed)).then_some(rank)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_connection_without_a_complete_request_may_make_room() {
        let (ticks, freed) = (Arc::default(), Arc::default());
        let (first, second) = (Progress::new(&ticks, &freed), Progress::new(&ticks, &freed));
        assert_eq!(first.rank(), None, "its request may have arrived with it");
        first.had_a_turn();
        second.had_a_turn();
        assert!(first.rank() < second.rank());
        first.head_is_complete();
        assert!(first.rank().is_some(), "a body that never comes is no complete request");
        first.request_is_complete();
        assert_eq!(first.rank(), None);
        first.answer_is_made();
        assert!(first.rank() > second.rank(), "the wait begins anew");
    }

    #[test]
    fn whoever_comes_last_makes_room_first() {
        let (ticks, freed) = (Arc::default(), Arc::default());
        let (stranger, last) = (Progress::new(&ticks, &freed), Progress::new(&ticks, &freed));
        stranger.had_a_turn();
        last.request_is_complete();
        last.answer_is_made();
        last.head_is_complete();
        last.comes_last();
        assert!(last.rank() < stranger.rank(), "whatever it brought before");
    }

    #[test]
    fn strangers_make_room_before_those_who_had_the_token() {
        let (ticks, freed) = (Arc::default(), Arc::default());
        let (known, stranger) = (Progress::new(&ticks, &freed), Progress::new(&ticks, &freed));
        known.had_a_turn();
        stranger.had_a_turn();
        known.request_is_complete();
        known.answer_is_made();
        stranger.head_is_complete();
        stranger.answer_is_made();
        assert!(stranger.rank() < known.rank());
    }
}
