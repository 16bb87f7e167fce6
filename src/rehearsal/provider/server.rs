//! The provider on the wire: connections in, requests handed over and recorded, answers out.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::State;
use axum::http::Request as HttpRequest;
use axum::response::Response;
use axum::{Router, routing};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tower::ServiceExt;

use super::answer::{self, Cut};
use super::{API_PATH, Provider, Request};

/// The largest body that is read. A documented request has under 1 KiB.
pub(super) const MOST_BYTES: usize = 64 * 1024;
const MOST_CONNECTIONS: usize = 256;
/// For a request's head, its body, and a connection between two requests.
const PATIENCE: Duration = Duration::from_secs(60);

/// Which connection a request came on.
#[derive(Clone, Copy)]
struct Connection(u64);

async fn take(State(provider): State<Provider>, request: HttpRequest<Body>) -> Response {
    let (head, body) = request.into_parts();
    let body = match tokio::time::timeout(PATIENCE, axum::body::to_bytes(body, MOST_BYTES)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(_)) => Err(format!("the body is longer than {MOST_BYTES} bytes or broke off")),
        Err(_) => Err("the body did not come".to_owned()),
    };
    let (asked, verdict, reply) = provider.judge(&head, body.as_deref().map_err(Clone::clone));
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    provider.record(Request {
        at: Instant::now(),
        connection: head.extensions.get::<Connection>().map_or(0, |connection| connection.0),
        method: head.method.to_string(),
        target: head.uri.to_string(),
        headers: head.headers.iter().map(|(name, value)| (name.to_string(), text(value.as_bytes()))).collect(),
        body: body.map(|bytes| text(&bytes)).unwrap_or_default(),
        asked,
        verdict,
    });
    let latency = provider.latency();
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    answer::respond(reply).await
}

/// The API as a router.
pub(in crate::rehearsal) fn router(provider: Provider) -> Router {
    Router::new().route(API_PATH, routing::any(take)).fallback(take).with_state(provider)
}

/// Accepts connections for as long as it is polled.
pub(in crate::rehearsal) async fn serve(listener: TcpListener, router: Router) {
    let room = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let number = AtomicU64::new(0);
    loop {
        let Ok(place) = Arc::clone(&room).acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file descriptors, most likely: some become free when others hang up.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        let connection = Connection(number.fetch_add(1, Ordering::Relaxed) + 1);
        let router = router.clone();
        let service = service_fn(move |request: HttpRequest<hyper::body::Incoming>| {
            let router = router.clone();
            async move {
                let mut request = request.map(Body::new);
                request.extensions_mut().insert(connection);
                let response = router.oneshot(request).await.unwrap_or_else(|never: Infallible| match never {});
                // An error in place of an answer makes hyper close the connection without a word.
                if response.extensions().get::<Cut>().is_some() { Err(std::io::Error::other("cut")) } else { Ok(response) }
            }
        });
        tokio::spawn(async move {
            let mut server = http1::Builder::new();
            server.timer(TokioTimer::new()).header_read_timeout(PATIENCE);
            // However a connection ends, only its client minds.
            let _ = server.serve_connection(TokioIo::new(stream), service).await;
            drop(place);
        });
    }
}
