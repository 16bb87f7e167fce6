//! One connection, from its first byte to its last: hyper reads the requests, the router answers them.
//!
//! hyper answers what it cannot read on its own account, without a reason, and with 431 even where it was the
//! URL that was too long. So its own answers are held back here and better ones are sent in their place.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, header};
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tower::ServiceExt as _;

use super::Peer;
use super::answers::Answer;
use super::counts::Counts;
use super::guard::{HEADERS, Limits};
use super::progress::Progress;
use super::relay::Relay;
use super::wire::Wire;

/// The smallest buffer that hyper works with.
const LEAST_BUFFER: usize = 8_192;

/// What all connections share.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) router: Router,
    pub(super) limits: Arc<Limits>,
    pub(super) counts: Arc<Counts>,
    /// Runs as long as the listener.
    pub(super) relay: Relay,
    /// Becomes true when the listener stops.
    pub(super) stopping: watch::Receiver<bool>,
}

/// Serves one connection until it ends, the client is too slow, or the listener stops.
pub(super) async fn serve(stream: TcpStream, peer: IpAddr, progress: Progress, mut shared: Shared) {
    let limits = Arc::clone(&shared.limits);
    let service = {
        let (router, progress, relay) = (shared.router.clone(), progress.clone(), shared.relay.clone());
        service_fn(move |request: hyper::Request<Incoming>| {
            progress.head_is_complete();
            if is_last(&request) {
                progress.client_ends();
            }
            let is_chunked = request.headers().contains_key(header::TRANSFER_ENCODING);
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(Peer(peer));
            request.extensions_mut().insert(progress.clone());
            request.extensions_mut().insert(relay.clone());
            let (router, progress) = (router.clone(), progress.clone());
            async move {
                let mut response = router.oneshot(request).await?;
                if is_chunked {
                    // Nothing behind such a body is taken.
                    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
                }
                if !progress.is_known() {
                    // One request a turn: those that have the token should not wait while a stranger has many answered.
                    tokio::task::yield_now().await;
                }
                progress.answer_is_made();
                Ok::<_, Infallible>(response)
            }
        })
    };
    let head = limits.request_line + limits.header_block + 4;
    let mut connection = http1::Builder::new()
        // The wire watches that.
        .header_read_timeout(None)
        // Line and block are told apart by the router, which knows where one ends.
        .max_header_size(head)
        // The default is 400 KiB, for every connection.
        .max_buf_size(head.max(LEAST_BUFFER))
        // A client may close its side as soon as it has asked; it is answered all the same.
        .half_close(true)
        .serve_connection(TokioIo::new(Wire::new(stream, progress.clone(), &limits)), service);

    let ended = tokio::select! {
        biased;
        ended = &mut connection => ended,
        () = stop_is_called(&mut shared.stopping) => {
            if progress.is_waiting() {
                return;
            }
            Pin::new(&mut connection).graceful_shutdown();
            (&mut connection).await
        }
    };

    let parts = connection.into_parts();
    let wire = parts.io.into_inner();
    let is_over = progress.is_over() && parts.read_buf.is_empty() && wire.is_between();
    let (mut stream, is_ambiguous) = wire.into_inner();
    let too_large = ended.as_ref().is_err_and(hyper::Error::is_parse_too_large);
    let is_malformed = is_ambiguous || ended.as_ref().is_err_and(hyper::Error::is_parse);
    match ended {
        Ok(()) if progress.is_last() || is_over => return,
        // An earlier answer that is stuck half-way leaves no place for another.
        _ if is_malformed && progress.is_waiting() => {
            shared.counts.refused();
            let answer = refusal(&parts.read_buf, too_large, &limits);
            let written = tokio::time::timeout(limits.linger_time, stream.write_all(&answer.on_the_wire())).await;
            if !matches!(written, Ok(Ok(()))) {
                return;
            }
        }
        Ok(()) => {}
        // Too slow, cut off, or gone: there is nobody to talk to.
        Err(_) => return,
    }
    tokio::select! {
        biased;
        () = stop_is_called(&mut shared.stopping) => {}
        () = close(stream, &limits) => {}
    }
}

/// Whether a client says with a request without a body that it sends nothing after it. Then there is nothing to wait
/// for once it is answered.
fn is_last(request: &hyper::Request<Incoming>) -> bool {
    let says_close = |value: &HeaderValue| value.as_bytes().trim_ascii().eq_ignore_ascii_case(b"close");
    request.headers().get(header::CONNECTION).is_some_and(says_close) && request.body().is_end_stream()
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
        Answer::headers_too_large(limits.header_block, HEADERS)
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
    // Whether the client ended, sent too much, took too long or failed: there is nothing more to do for it.
    let _ = tokio::time::timeout(limits.linger_time, drain(&stream, limits.linger)).await;
}

/// Reads on and throws away, up to the end of what is sent or so many bytes.
async fn drain(stream: &TcpStream, most: usize) {
    let mut left = most;
    while left > 0 && stream.readable().await.is_ok() {
        // Only here while it is read into: what waits takes no room for it.
        let mut nowhere = [0; 4_096];
        match stream.try_read(&mut nowhere) {
            Ok(0) => return,
            Ok(read) => left = left.saturating_sub(read),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(_) => return,
        }
    }
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
}
