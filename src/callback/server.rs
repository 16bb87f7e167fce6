//! The accept loop and the thread it runs on, and how it all stops. Which connections there are and what happens on
//! one is elsewhere.

use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use axum::Router;
use rustix::net::sockopt::{set_socket_recv_buffer_size, set_socket_send_buffer_size};
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tokio::time::Instant;

use super::connection::Shared;
use super::connections::Connections;
use super::counts::Counts;
use super::guard::Limits;
use super::relay::Relay;

/// Connections that may wait to be accepted. With the usual 128 a burst makes good callers wait a second, until they
/// try again. The system may allow fewer.
const BACKLOG: i32 = 4_096;

/// What the kernel keeps for a connection in each direction, in bytes; it doubles this. Left alone it may keep
/// megabytes for a client that sends without end or never reads.
const KERNEL_BUFFER: usize = 32 << 10;

/// How often the log says that no connection can be accepted.
const WARN_AGAIN: Duration = Duration::from_secs(60);

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
    // Connections inherit both from the listener.
    set_socket_recv_buffer_size(&listener, KERNEL_BUFFER)?;
    set_socket_send_buffer_size(&listener, KERNEL_BUFFER)?;
    // It listens already; only the number changes.
    rustix::net::listen(&listener, BACKLOG)?;
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

async fn run(listener: TcpListener, router: Router, limits: Arc<Limits>, counts: Arc<Counts>, mut stopped: oneshot::Receiver<Duration>) {
    let (stopping, stopping_seen) = watch::channel(false);
    let mut patience = Patience { pause: limits.accept_pause, rest_until: None, warned: None };
    let relay = Relay::default();
    tokio::spawn(relay.clone().run());
    let mut connections = Connections::new(Shared { router, limits, counts, relay, stopping: stopping_seen });

    let limit = loop {
        tokio::select! {
            biased;
            // Dropped without a word: stop at once.
            limit = &mut stopped => break limit.unwrap_or(Duration::ZERO),
            Some(()) = connections.one_ended() => {}
            accepted = patience.accept(async || listener.accept().await) => {
                let Ok((stream, peer)) = accepted else {
                    connections.give_back();
                    continue;
                };
                // Answers are small; they should not wait for more to come.
                let _ = stream.set_nodelay(true);
                tokio::select! {
                    limit = &mut stopped => break limit.unwrap_or(Duration::ZERO),
                    () = connections.room() => {}
                }
                connections.add(stream, peer);
            }
        }
    };

    drop(listener);
    // Nobody hears it when there are no connections.
    let _ = stopping.send(true);
    let left = connections.all_ended(limit).await;
    if left > 0 {
        tracing::info!(connections = left, "closed connections that were still busy when the listener stopped");
    }
}

/// Accepts without spinning when the system has no descriptors left.
struct Patience {
    pause: Duration,
    rest_until: Option<Instant>,
    warned: Option<Instant>,
}

impl Patience {
    /// The next connection, or why there is none. After an error the next call waits a moment. Safe to cancel.
    async fn accept<T>(&mut self, accept: impl AsyncFn() -> io::Result<T>) -> io::Result<T> {
        if let Some(rest_until) = self.rest_until {
            tokio::time::sleep_until(rest_until).await;
            self.rest_until = None;
        }
        loop {
            match accept().await {
                // About one connection that is gone already; the next one may be good.
                Err(error) if matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset) => {}
                Err(error) => {
                    let now = Instant::now();
                    self.rest_until = Some(now + self.pause);
                    if self.warned.is_none_or(|warned| now.duration_since(warned) >= WARN_AGAIN) {
                        self.warned = Some(now);
                        tracing::warn!(%error, "accepting a callback's connection failed; others are closed and it is tried again (raise the limit on open files?)");
                    }
                    return Err(error);
                }
                accepted => return accepted,
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
        let began = Instant::now();
        let mut patience = Patience { pause: Duration::from_millis(100), rest_until: None, warned: None };
        while asked.get() < 6 {
            let accepted = patience
                .accept(async || {
                    asked.set(asked.get() + 1);
                    // EMFILE on every system that confmod runs on.
                    if asked.get() < 6 { Err(io::Error::from_raw_os_error(24)) } else { Ok("in") }
                })
                .await;
            assert_eq!(accepted.ok(), (asked.get() == 6).then_some("in"), "everybody hears of it");
        }
        assert_eq!(began.elapsed(), Duration::from_millis(500));
    }
}
