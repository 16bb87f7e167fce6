//! What the listener answers: a status and a plain sentence. The only place that words an answer.
//!
//! No answer repeats what was received, except a few cleaned characters of a field that is wrong.

use std::borrow::Cow;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::fields::Slip;
use crate::journal::AppendError;
use crate::text;

/// An answer that is yet to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    status: StatusCode,
    text: Cow<'static, str>,
    /// One more header, where the status asks for one.
    extra: Option<(HeaderName, HeaderValue)>,
    /// Whether the connection ends with it, because the request was not read to its end.
    close: bool,
}

impl Answer {
    fn new(status: StatusCode, text: impl Into<Cow<'static, str>>) -> Self {
        Self { status, text: text.into(), extra: None, close: false }
    }

    fn closing(status: StatusCode, text: impl Into<Cow<'static, str>>) -> Self {
        Self { close: true, ..Self::new(status, text) }
    }

    pub(super) fn status(&self) -> StatusCode {
        self.status
    }

    /// The event is on disk, or all is well.
    pub(super) fn ok() -> Self {
        Self::new(StatusCode::OK, "ok")
    }

    /// The one answer to whoever may not come in, whatever was wrong. It must not help to find out, so it is
    /// the same to the byte on the first request and after a flood, and always the last on its connection.
    pub(super) fn forbidden() -> Self {
        Self::closing(StatusCode::FORBIDDEN, "forbidden")
    }

    pub(super) fn nowhere() -> Self {
        Self::new(StatusCode::NOT_FOUND, "there is nothing here")
    }

    pub(super) fn no_such_kind() -> Self {
        Self::new(StatusCode::NOT_FOUND, "there is no such callback; the path must end in /start, /join, /leave or /hand")
    }

    pub(super) fn wrong_method(allowed: &'static str) -> Self {
        let text = format!("this method does nothing here; use {}", allowed.replace(", ", " or "));
        Self { extra: Some((header::ALLOW, HeaderValue::from_static(allowed))), ..Self::new(StatusCode::METHOD_NOT_ALLOWED, text) }
    }

    /// A field is missing or wrong. `unread` says that there was a body whose type is no form's.
    pub(super) fn bad_request(slip: &Slip, unread: bool) -> Self {
        let hint = if unread { " (The body was not read, because its type is not application/x-www-form-urlencoded.)" } else { "" };
        Self::new(StatusCode::BAD_REQUEST, format!("{slip}{hint}"))
    }

    pub(super) fn malformed() -> Self {
        Self::closing(StatusCode::BAD_REQUEST, "this is not a well-formed HTTP request")
    }

    pub(super) fn body_cut_off() -> Self {
        Self::closing(StatusCode::BAD_REQUEST, "the body ended before it was complete, or is malformed; send it again")
    }

    pub(super) fn body_too_slow(limit: Duration) -> Self {
        Self::closing(StatusCode::REQUEST_TIMEOUT, format!("the body was not complete within {} s; send it again", limit.as_secs()))
    }

    pub(super) fn body_too_large(limit: usize) -> Self {
        Self::closing(StatusCode::PAYLOAD_TOO_LARGE, format!("the body is over {limit} bytes; send fewer or shorter fields"))
    }

    pub(super) fn line_too_long(limit: usize) -> Self {
        Self::closing(
            StatusCode::URI_TOO_LONG,
            format!("the request line is over {limit} bytes; shorten the URL, or send the fields with POST"),
        )
    }

    pub(super) fn headers_too_large(bytes: usize, count: usize) -> Self {
        Self::closing(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            format!("the headers are over {bytes} bytes, or more than {count}; send fewer"),
        )
    }

    /// The journal cannot take the event. Says why, and when to come back.
    pub(super) fn unavailable(error: &AppendError) -> Self {
        let seconds = match error {
            AppendError::Busy => "1",
            AppendError::Trouble(_) | AppendError::Closed | AppendError::Lost(_) => "5",
            AppendError::Failed(_) | AppendError::ReadOnly | AppendError::Superseded | AppendError::Denied(_) => "60",
        };
        // What the engine said is not ours, so it is cleaned like any other text from outside.
        let text = text::clean(&error.to_string(), 2 * text::FIELD_BYTES);
        Self { extra: Some((header::RETRY_AFTER, HeaderValue::from_static(seconds))), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, text) }
    }

    /// The words, and an end of line for people with `curl`; `ok` is exactly that.
    fn body(&self) -> Cow<'static, str> {
        if self.status.is_success() { self.text.clone() } else { format!("{}\n", self.text).into() }
    }

    fn headers(&self) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
        let fixed = [
            (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
            (header::CACHE_CONTROL, "no-store"),
            // The token is in the URL, so it must not travel on to wherever somebody clicks.
            (header::REFERRER_POLICY, "no-referrer"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ];
        let fixed = fixed.into_iter().map(|(name, value)| (name, HeaderValue::from_static(value)));
        let close = self.close.then_some((header::CONNECTION, HeaderValue::from_static("close")));
        fixed.chain(self.extra.clone()).chain(close)
    }

    /// The whole answer as it stands on the wire, for a request that never got as far as the router.
    pub(super) fn on_the_wire(&self) -> Vec<u8> {
        let mut out = format!("HTTP/1.1 {}\r\n", self.status).into_bytes();
        for (name, value) in self.headers() {
            out.extend_from_slice(name.as_str().as_bytes());
            out.extend_from_slice(b": ");
            out.extend_from_slice(value.as_bytes());
            out.extend_from_slice(b"\r\n");
        }
        let body = self.body();
        out.extend_from_slice(format!("content-length: {}\r\n\r\n{body}", body.len()).as_bytes());
        out
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body()));
        *response.status_mut() = self.status;
        response.headers_mut().extend(self.headers());
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_on_the_wire_is_whole() {
        let wire = String::from_utf8(Answer::line_too_long(8192).on_the_wire()).expect("text");
        let (head, body) = wire.split_once("\r\n\r\n").expect("a head and a body");
        assert!(head.starts_with("HTTP/1.1 414 URI Too Long\r\n"), "{head}");
        assert!(head.contains("connection: close"), "{head}");
        assert!(head.contains(&format!("content-length: {}", body.len())), "{head}");
    }

    #[test]
    fn what_the_engine_said_is_cleaned() {
        let answer = Answer::unavailable(&AppendError::Failed("disk\u{1b}[2J I/O error".into()));
        assert!(answer.text.chars().all(text::is_showable) && answer.text.contains("disk[2J I/O error"), "{}", answer.text);
        assert_eq!(answer.extra, Some((header::RETRY_AFTER, HeaderValue::from_static("60"))));
    }
}
