//! The accept loop and the thread it runs on: how many connections there are, which one makes room, how it
//! all stops. What happens on one connection is elsewhere.

use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::thread::JoinHandle;
use std::time::Duration;

use axum::Router;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot, watch};
use tokio::task::{AbortHandle, Id, JoinError, JoinSet};

use super::connection::{Progress, Shared, serve};
use super::counts::Counts;
use super::guard::Limits;

/// A listener that runs, on a thread of its own named `net`. Dropping it stops it at once.
#[derive(Debug)]
pub struct Listener {
    address: SocketAddr,
    stop: Option<oneshot::Sender<Duration>>,
    thread: Option<JoinHandle<()>>,
}

impl Listener {
    /// Where it listens; the port is the real one when port 0 was asked for.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// False when its thread has ended, which it never should before [`stop`](Self::stop).
    pub fn is_running(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }

    /// Takes no more connections, lets requests that are in flight finish, and closes everything that is
    /// still open after `limit`. Blocks for that long at the most.
    pub fn stop(mut self, limit: Duration) {
        self.end(limit);
    }

    fn end(&mut self, limit: Duration) {
        if let Some(stop) = self.stop.take() {
            // Fails only when the thread has ended already.
            let _ = stop.send(limit);
        }
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the listener's thread ended in a panic");
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.end(Duration::ZERO);
    }
}

/// Starts to serve a [`router`](super::router) on a bound socket.
///
/// `limits` are those that bound connections and heads; the guard's bound bodies. Fails when the system
/// gives no thread or takes the socket back.
pub fn start(listener: StdListener, router: Router, limits: Limits, counts: Arc<Counts>) -> io::Result<Listener> {
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    let listener = {
        let _inside = runtime.enter();
        TcpListener::from_std(listener)?
    };
    let (stop, stopped) = oneshot::channel();
    let thread = std::thread::Builder::new()
        .name("net".to_owned())
        .spawn(move || runtime.block_on(run(listener, router, Arc::new(limits), counts, stopped)))?;
    Ok(Listener { address, stop: Some(stop), thread: Some(thread) })
}

/// All connections, and which of them may be closed to make room.
struct Connections {
    tasks: JoinSet<()>,
    open: HashMap<Id, (Progress, AbortHandle)>,
    ticks: Arc<AtomicU64>,
    freed: Arc<Notify>,
}

impl Connections {
    fn new() -> Self {
        Self { tasks: JoinSet::new(), open: HashMap::new(), ticks: Arc::default(), freed: Arc::default() }
    }

    fn add(&mut self, stream: TcpStream, peer: SocketAddr, shared: Shared) {
        let progress = Progress::new(&self.ticks, &self.freed);
        let handle = self.tasks.spawn(serve(stream, peer.ip(), progress.clone(), shared));
        self.open.insert(handle.id(), (progress, handle));
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

    /// Closes the connection that has been longest without a complete request; false when all have one.
    fn evict(&mut self) -> bool {
        let waiting = self.open.iter().filter_map(|(id, (progress, _))| Some((progress.waiting_since()?, *id)));
        let Some((_, id)) = waiting.min() else { return false };
        if let Some((_, handle)) = self.open.remove(&id) {
            handle.abort();
        }
        true
    }

    /// Comes back when there is room for one more.
    async fn room(&mut self, shared: &Shared) {
        loop {
            self.forget_ended();
            if self.open.len() < shared.limits.connections {
                return;
            }
            if self.evict() {
                shared.counts.evicted();
                return;
            }
            tokio::select! {
                Some(ended) = self.tasks.join_next_with_id() => self.forget(&ended),
                () = self.freed.notified() => {}
            }
        }
    }
}

async fn run(listener: TcpListener, router: Router, limits: Arc<Limits>, counts: Arc<Counts>, mut stopped: oneshot::Receiver<Duration>) {
    let (stopping, stopping_seen) = watch::channel(false);
    let shared = Shared { router, limits, counts, stopping: stopping_seen };
    let mut connections = Connections::new();
    let mut patience = Patience { pause: shared.limits.accept_pause, warned: false };

    let limit = loop {
        tokio::select! {
            biased;
            // Dropped without a word: stop at once.
            limit = &mut stopped => break limit.unwrap_or(Duration::ZERO),
            Some(ended) = connections.tasks.join_next_with_id() => connections.forget(&ended),
            (stream, peer) = patience.accept(async || listener.accept().await) => {
                // Answers are small; they should not wait for more to come.
                let _ = stream.set_nodelay(true);
                tokio::select! {
                    limit = &mut stopped => break limit.unwrap_or(Duration::ZERO),
                    () = connections.room(&shared) => {}
                }
                connections.add(stream, peer, shared.clone());
            }
        }
    };

    drop(listener);
    // Nobody hears it when there are no connections.
    let _ = stopping.send(true);
    let all = async { while connections.tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(limit, all).await.is_err() {
        tracing::info!(connections = connections.tasks.len(), "closed connections that were still busy when the listener stopped");
    }
}

/// Accepts without spinning when the system has no descriptors left.
struct Patience {
    pause: Duration,
    warned: bool,
}

impl Patience {
    async fn accept<T>(&mut self, accept: impl AsyncFn() -> io::Result<T>) -> T {
        loop {
            match accept().await {
                Ok(accepted) => {
                    self.warned = false;
                    return accepted;
                }
                // About one connection that is gone already; the next one may be good.
                Err(error) if matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset) => {}
                Err(error) => {
                    if !std::mem::replace(&mut self.warned, true) {
                        tracing::warn!(%error, "accepting a callback's connection failed; trying again until it works (raise the limit on open files?)");
                    }
                    tokio::time::sleep(self.pause).await;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_system_without_descriptors_is_not_asked_in_a_loop() {
        let asked = Cell::new(0);
        let began = tokio::time::Instant::now();
        let mut patience = Patience { pause: Duration::from_millis(100), warned: false };
        let accepted = patience
            .accept(async || {
                asked.set(asked.get() + 1);
                // EMFILE on every system that confmod runs on.
                if asked.get() < 6 { Err(io::Error::from_raw_os_error(24)) } else { Ok("in") }
            })
            .await;
        assert_eq!((accepted, asked.get()), ("in", 6));
        assert_eq!(began.elapsed(), Duration::from_millis(500));
    }
}
