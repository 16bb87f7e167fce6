//! One connection, from its first byte to its last: hyper reads the requests, the router answers them.
//!
//! hyper answers what it cannot read on its own account, without a reason, and with 431 even where it was the
//! URL that was too long. So its own answers are held back here and better ones are sent in their place.

use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::{Notify, watch};
use tower::ServiceExt as _;

use super::Peer;
use super::answers::Answer;
use super::counts::Counts;
use super::guard::Limits;

/// No request, or a head that is not complete.
const WAITING: u8 = 0;
/// A head is complete; its body may not be.
const RECEIVING: u8 = 1;
/// A request is complete and its answer is being made.
const ANSWERING: u8 = 2;
/// The answer is made and on its way out.
const FLUSHING: u8 = 3;

/// How far a connection is, known to the connection itself, to the router and to the accept loop.
#[derive(Clone, Debug)]
pub(super) struct Progress(Arc<State>);

#[derive(Debug)]
struct State {
    phase: AtomicU8,
    since: AtomicU64,
    /// Nothing that came with the request is worth reading on.
    last: AtomicBool,
    /// Counts what happens on all connections; a smaller number was earlier.
    ticks: Arc<AtomicU64>,
    /// Told when a connection may be closed to make room that could not be before.
    freed: Arc<Notify>,
}

impl Progress {
    pub(super) fn new(ticks: &Arc<AtomicU64>, freed: &Arc<Notify>) -> Self {
        let since = AtomicU64::new(ticks.fetch_add(1, Ordering::Relaxed));
        let last = AtomicBool::new(false);
        Self(Arc::new(State { phase: AtomicU8::new(WAITING), since, last, ticks: Arc::clone(ticks), freed: Arc::clone(freed) }))
    }

    fn phase(&self) -> u8 {
        self.0.phase.load(Ordering::Relaxed)
    }

    fn set(&self, phase: u8) {
        self.0.phase.store(phase, Ordering::Relaxed);
    }

    /// The whole request is here; from now on the connection is not closed to make room.
    pub(super) fn request_is_complete(&self) {
        self.set(ANSWERING);
    }

    /// The connection is the first to make room, and ends as soon as its answer is out.
    pub(super) fn comes_last(&self) {
        self.0.last.store(true, Ordering::Relaxed);
        self.0.since.store(0, Ordering::Relaxed);
    }

    fn is_last(&self) -> bool {
        self.0.last.load(Ordering::Relaxed)
    }

    /// The answer was handed to hyper; what is written until the next flush is still ours.
    fn answer_is_made(&self) {
        self.set(FLUSHING);
        self.0.since.store(self.0.ticks.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        self.0.freed.notify_one();
    }

    /// Since when the connection is without a complete request, as a tick; none while one is being answered.
    pub(super) fn waiting_since(&self) -> Option<u64> {
        (self.phase() != ANSWERING).then(|| self.0.since.load(Ordering::Relaxed))
    }
}

/// A stream that lets out only what the router answered: between a complete head and the flush after its
/// answer. Anything else is hyper's own answer to something it could not read.
///
/// It takes no vectored writes: answers are small, and hyper then puts each into one buffer and one write.
struct Wire {
    stream: TcpStream,
    progress: Progress,
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if self.progress.phase() == WAITING {
            return Poll::Ready(Ok(buf.len()));
        }
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        // hyper flushes its stream only when it has nothing left to write.
        if self.progress.phase() == FLUSHING {
            self.progress.set(WAITING);
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // The last word may not be said yet; `close` shuts the stream down.
        Poll::Ready(Ok(()))
    }
}

/// What all connections share.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) router: Router,
    pub(super) limits: Arc<Limits>,
    pub(super) counts: Arc<Counts>,
    /// Becomes true when the listener stops.
    pub(super) stopping: watch::Receiver<bool>,
}

/// Serves one connection until it ends, the client is too slow, or the listener stops.
pub(super) async fn serve(stream: TcpStream, peer: IpAddr, progress: Progress, mut shared: Shared) {
    let limits = Arc::clone(&shared.limits);
    let service = {
        let (router, progress) = (shared.router.clone(), progress.clone());
        service_fn(move |request: hyper::Request<Incoming>| {
            progress.set(RECEIVING);
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(Peer(peer));
            request.extensions_mut().insert(progress.clone());
            let (router, progress) = (router.clone(), progress.clone());
            async move {
                let response = router.oneshot(request).await;
                progress.answer_is_made();
                response
            }
        })
    };
    let mut connection = http1::Builder::new()
        // Without a timer the header time-out would silently be none.
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_time)
        // Line and block are told apart by the router, which knows where one ends.
        .max_header_size(limits.request_line + limits.header_block + 4)
        .max_headers(limits.headers)
        // A client may close its side as soon as it has asked; it is answered all the same.
        .half_close(true)
        .serve_connection(TokioIo::new(Wire { stream, progress: progress.clone() }), service);

    let ended = tokio::select! {
        biased;
        ended = &mut connection => ended,
        () = stop_is_called(&mut shared.stopping) => {
            if progress.phase() == WAITING {
                return;
            }
            Pin::new(&mut connection).graceful_shutdown();
            (&mut connection).await
        }
    };

    let parts = connection.into_parts();
    let mut stream = parts.io.into_inner().stream;
    match ended {
        Ok(()) if progress.is_last() => return,
        Ok(()) => {}
        // An earlier answer that is stuck half-way leaves no place for another.
        Err(error) if error.is_parse() && progress.phase() == WAITING => {
            shared.counts.refused();
            let answer = refusal(&parts.read_buf, error.is_parse_too_large(), &limits);
            let written = tokio::time::timeout(limits.linger_time, stream.write_all(&answer.on_the_wire())).await;
            if !matches!(written, Ok(Ok(()))) {
                return;
            }
        }
        // Too slow, cut off, or gone: there is nobody to talk to.
        Err(_) => return,
    }
    tokio::select! {
        biased;
        () = stop_is_called(&mut shared.stopping) => {}
        () = close(stream, &limits) => {}
    }
}

/// Comes back when the listener stops, or is gone.
async fn stop_is_called(stopping: &mut watch::Receiver<bool>) {
    let _ = stopping.wait_for(|stopping| *stopping).await;
}

/// The answer to a head that hyper could not read. `head` starts where the head does.
fn refusal(head: &[u8], too_large: bool, limits: &Limits) -> Answer {
    let line = head.iter().position(|byte| *byte == b'\n').unwrap_or(head.len());
    if line > limits.request_line {
        Answer::line_too_long(limits.request_line)
    } else if too_large {
        Answer::headers_too_large(limits.header_block, limits.headers)
    } else {
        Answer::malformed()
    }
}

/// Closes our side, then reads on for a while. Closing with something unread would reset the connection,
/// and a client that is still sending would never see its answer.
async fn close(mut stream: TcpStream, limits: &Limits) {
    if stream.shutdown().await.is_err() {
        return;
    }
    let mut rest = stream.take(limits.linger as u64);
    let mut nowhere = tokio::io::sink();
    let drained = tokio::io::copy(&mut rest, &mut nowhere);
    // Whether the client ended, sent too much, took too long or failed: there is nothing more to do for it.
    let _ = tokio::time::timeout(limits.linger_time, drained).await;
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;

    use super::*;

    #[test]
    fn a_line_that_is_too_long_is_told_from_headers_that_are() {
        let limits = Limits::default();
        let long = "x".repeat(9_000);
        let cases = [
            (format!("GET /{long}"), true, StatusCode::URI_TOO_LONG),
            (format!("GET /{long} HTTP/1.1\r\nhost: a\r\n"), true, StatusCode::URI_TOO_LONG),
            (format!("GET / HTTP/1.1\r\nx: {long}"), true, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE),
            ("GET / HTTP/1.1\r\nx y: z\r\n\r\n".to_owned(), false, StatusCode::BAD_REQUEST),
            (String::new(), false, StatusCode::BAD_REQUEST),
        ];
        for (head, too_large, status) in cases {
            assert_eq!(refusal(head.as_bytes(), too_large, &limits).status(), status, "{head:.40}");
        }
    }

    #[test]
    fn only_a_connection_without_a_complete_request_may_make_room() {
        let (ticks, freed) = (Arc::default(), Arc::default());
        let (first, second) = (Progress::new(&ticks, &freed), Progress::new(&ticks, &freed));
        assert!(first.waiting_since() < second.waiting_since());
        first.set(RECEIVING);
        assert!(first.waiting_since().is_some(), "a body that never comes is no complete request");
        first.request_is_complete();
        assert_eq!(first.waiting_since(), None);
        first.answer_is_made();
        assert!(first.waiting_since() > second.waiting_since(), "the wait begins anew");
    }
}
