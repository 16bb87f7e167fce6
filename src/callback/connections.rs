//! All connections at once: how many there may be, and which one makes room.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::{AbortHandle, Id, JoinError, JoinSet};
use tokio::time::Instant;

use super::connection::{Shared, serve};
use super::guard::FEWEST;
use super::progress::Progress;

/// Descriptors that are given back when the system has none left, for the journal, the log and asks.
const GIVEN_BACK: usize = 16;

/// How long the listener makes do with fewer connections after that.
const MODEST: Duration = Duration::from_secs(10);

/// The connections, and which of them may be closed to make room.
pub(super) struct Connections {
    shared: Shared,
    tasks: JoinSet<()>,
    /// Those that nobody told to close.
    open: HashMap<Id, (Progress, AbortHandle)>,
    /// Fewer than the limit for a while, when the system had no descriptors for more.
    modest: Option<(usize, Instant)>,
    ticks: Arc<AtomicU64>,
    freed: Arc<Notify>,
}

impl Connections {
    pub(super) fn new(shared: Shared) -> Self {
        let (ticks, freed) = (Arc::default(), Arc::default());
        Self { shared, tasks: JoinSet::new(), open: HashMap::new(), modest: None, ticks, freed }
    }

    pub(super) fn add(&mut self, stream: TcpStream, peer: SocketAddr) {
        let progress = Progress::new(&self.ticks, &self.freed);
        let handle = self.tasks.spawn(serve(stream, peer.ip(), progress.clone(), self.shared.clone()));
        self.open.insert(handle.id(), (progress, handle));
    }

    /// Waits for the end of one; none when there are none.
    pub(super) async fn one_ended(&mut self) -> Option<()> {
        let ended = self.tasks.join_next_with_id().await?;
        self.forget(&ended);
        Some(())
    }

    fn forget(&mut self, ended: &Result<(Id, ()), JoinError>) {
        let id = match ended {
            Ok((id, ())) => *id,
            Err(error) => error.id(),
        };
        self.open.remove(&id);
    }

    fn forget_ended(&mut self) {
        while let Some(ended) = self.tasks.try_join_next_with_id() {
            self.forget(&ended);
        }
    }

    /// How many there may be now.
    fn most(&mut self) -> usize {
        self.modest = self.modest.filter(|(_, until)| Instant::now() < *until);
        self.modest.map_or(self.shared.limits.connections, |(most, _)| most)
    }

    /// Closes the first of those that may make room; false when there is none.
    fn evict(&mut self) -> bool {
        let ranks = self.open.iter().filter_map(|(id, (progress, _))| Some((progress.rank()?, *id)));
        let Some((_, id)) = ranks.min() else { return false };
        if let Some((_, handle)) = self.open.remove(&id) {
            handle.abort();
        }
        self.shared.counts.evicted();
        true
    }

    /// Comes back when there is room for one more.
    pub(super) async fn room(&mut self) {
        loop {
            self.forget_ended();
            let most = self.most();
            let is_full = self.open.len() >= most && !self.evict();
            // Those that were told to close have their descriptor until it is their turn.
            if !is_full && self.tasks.len() < most + self.shared.limits.closing() {
                return;
            }
            let freed = Arc::clone(&self.freed);
            tokio::select! {
                Some(()) = self.one_ended() => {}
                () = freed.notified() => {}
            }
        }
    }

    /// Makes do with fewer connections for a while: the system has no descriptors left, and others need some too.
    pub(super) fn give_back(&mut self) {
        self.forget_ended();
        let most = self.open.len().saturating_sub(GIVEN_BACK).max(FEWEST);
        self.modest = Some((most, Instant::now() + MODEST));
        while self.open.len() > most && self.evict() {}
    }

    /// Waits until all have ended; how many are left when the limit is over.
    pub(super) async fn all_ended(&mut self, limit: Duration) -> usize {
        let all = async { while self.tasks.join_next().await.is_some() {} };
        // The number says whether it was in time.
        let _ = tokio::time::timeout(limit, all).await;
        self.tasks.len()
    }
}
