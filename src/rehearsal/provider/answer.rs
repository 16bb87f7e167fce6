//! The answers the provider gives, good and bad, as HTTP.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use http_body_util::StreamBody;
use hyper::body::Frame;
use tokio_stream::Stream;

use super::strict::DECLARATION;

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    Success,
    Error(String),
    /// A success that comes late.
    Late(Duration),
    EmptyError,
    UnknownElements,
    Html,
    Busy(u32),
    BadGateway,
    Half,
    Cut,
    Silence,
    NotFound,
    NotAllowed,
}

/// Put into a response's extensions: the connection is closed in its place.
#[derive(Clone, Copy)]
pub(super) struct Cut;

/// Turns a reply into a response. Never returns for [`Reply::Silence`].
pub(super) async fn respond(reply: Reply) -> Response {
    match reply {
        Reply::Success => xml("<RESULT>SUCCESS</RESULT>"),
        Reply::Late(wait) => {
            tokio::time::sleep(wait).await;
            xml("<RESULT>SUCCESS</RESULT>")
        }
        Reply::Error(words) => xml(&format!("<ERROR>{}</ERROR>", escape(&words))),
        Reply::EmptyError => xml("<RESULT>SUCCESS</RESULT>\n  <ERROR></ERROR>"),
        Reply::UnknownElements => xml(
            "<SERVER NODE=\"7\"><BUILD>3.1</BUILD></SERVER>\n  <RESULT>SUCCESS</RESULT>\n  <VALUE NAME=\"QUEUE\">0</VALUE>\n  <TIMING/>",
        ),
        Reply::Html => {
            page(StatusCode::OK, "<html><head><title>Maintenance</title></head><body><h1>We will be back soon</h1><br></body></html>\n")
        }
        Reply::BadGateway => page(StatusCode::BAD_GATEWAY, "<html><body><h1>502 Bad Gateway</h1></body></html>\n"),
        Reply::Busy(seconds) => {
            let mut response = page(StatusCode::SERVICE_UNAVAILABLE, "<html><body><h1>503 Service Unavailable</h1></body></html>\n");
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            response
        }
        Reply::Half => half(),
        Reply::Cut => {
            let mut response = Response::new(Body::empty());
            response.extensions_mut().insert(Cut);
            response
        }
        Reply::Silence => std::future::pending().await,
        Reply::NotFound => page(StatusCode::NOT_FOUND, "<html><body><h1>404 Not Found</h1></body></html>\n"),
        Reply::NotAllowed => {
            let mut response = page(StatusCode::METHOD_NOT_ALLOWED, "<html><body><h1>405 Method Not Allowed</h1></body></html>\n");
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
            response
        }
    }
}

fn document(inside: &str) -> String {
    format!("{DECLARATION}\n<RESPONSE>\n  {inside}\n</RESPONSE>\n")
}

fn xml(inside: &str) -> Response {
    typed(StatusCode::OK, "text/xml", Body::from(document(inside)))
}

fn page(status: StatusCode, html: &'static str) -> Response {
    typed(status, "text/html; Charset=utf-8", Body::from(html))
}

fn typed(status: StatusCode, kind: &'static str, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

/// The length of the whole answer is announced, its first half is sent, and then the connection breaks.
fn half() -> Response {
    let whole = document("<RESULT>SUCCESS</RESULT>");
    let body = Body::new(StreamBody::new(Broken { first: Some(whole[..whole.len() / 2].to_owned()), flushed: false }));
    let mut response = typed(StatusCode::OK, "text/xml", body);
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(whole.len()));
    response
}

/// A body that gives its first part, lets the connection flush it, and fails.
struct Broken {
    first: Option<String>,
    flushed: bool,
}

impl Stream for Broken {
    type Item = Result<Frame<hyper::body::Bytes>, std::io::Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(Frame::data(first.into()))));
        }
        if !self.flushed {
            self.flushed = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Some(Err(std::io::Error::other("the scenario breaks this answer off"))))
    }
}

fn escape(words: &str) -> String {
    words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
