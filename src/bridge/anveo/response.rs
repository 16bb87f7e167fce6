//! The answer: what a reply's status and body say about an order. Nothing here receives anything.

use std::time::{Duration, SystemTime};

use roxmltree::{Document, Node, ParsingOptions};

use crate::bridge::{Fault, FaultKind};
use crate::text;

/// The longest body that is read, in bytes.
pub(super) const LONGEST_BODY: usize = 64 * 1024;

/// Elements and texts that an answer may have. The documented ones have under ten; a body that is read at
/// all holds no more than this, so that strange but sound answers still count.
const MOST_NODES: u32 = 24 * 1024;

/// How much of a body that is no answer is repeated, in bytes.
const BEGINNING: usize = 80;

/// What came back over HTTP.
#[derive(Debug)]
pub(super) struct Reply {
    /// The HTTP status.
    pub(super) status: u16,
    /// The `Retry-After` header as it came.
    pub(super) retry_after: Option<String>,
    /// The body, at most [`LONGEST_BODY`].
    pub(super) body: Vec<u8>,
    /// Whether the body went on beyond that.
    pub(super) overlong: bool,
}

/// Whether a status alone decides: then the body is of no interest and need not be read.
pub(super) fn is_decided_by_status(status: u16) -> bool {
    matches!(status, 429 | 502 | 503 | 504)
}

/// Says what a reply means: `Ok` when the provider accepted the order.
///
/// The content type is not looked at, because the provider was seen to answer XML as `text/html`.
pub(super) fn judge(reply: &Reply) -> Result<(), Fault> {
    match reply.status {
        status @ (429 | 503) => {
            let retry_after = reply.retry_after.as_deref().and_then(|value| wish(value, SystemTime::now()));
            return Err(Fault { retry_after, ..Fault::new(FaultKind::Busy, format!("the provider is busy (HTTP {status})")) });
        }
        status @ (502 | 504) => {
            return Err(Fault::new(FaultKind::Gateway, format!("a gateway answered in the provider's place (HTTP {status})")));
        }
        _ => {}
    }
    let body = String::from_utf8_lossy(&reply.body);
    let body = body.trim_start_matches(|c: char| c == '\u{feff}' || c.is_whitespace());
    if reply.overlong {
        return Err(no_answer(reply.status, "the answer is longer than 64 KiB", body));
    }
    let options = ParsingOptions { allow_dtd: false, nodes_limit: MOST_NODES, ..ParsingOptions::default() };
    let Ok(document) = Document::parse_with_options(body, options) else {
        return Err(no_answer(reply.status, "the answer is no complete XML", body));
    };
    let response = document.root_element();
    if !response.has_tag_name("RESPONSE") {
        return Err(no_answer(reply.status, "the answer has no RESPONSE", body));
    }
    let texts = |name| response.children().filter(move |child| child.has_tag_name(name)).map(full_text);
    if let Some(words) = texts("ERROR").map(|text| text::clean_field(&text)).find(|words| !words.is_empty()) {
        return Err(Fault::new(FaultKind::Refused, words));
    }
    let mut results = texts("RESULT").peekable();
    if results.peek().is_none() {
        return Err(no_answer(reply.status, "the answer has neither RESULT nor ERROR", body));
    }
    match results.find(|result| !result.trim().eq_ignore_ascii_case("SUCCESS")) {
        None => Ok(()),
        Some(other) => {
            let words = text::clean_field(&other);
            let detail = if words.is_empty() { "the answer's RESULT is empty".to_owned() } else { format!("RESULT is {words}") };
            Err(Fault::new(FaultKind::NoSuccess, text::clean_field(&detail)))
        }
    }
}

/// All text inside an element, also around comments and in CDATA.
fn full_text(node: Node<'_, '_>) -> String {
    node.descendants().filter(Node::is_text).filter_map(|text| text.text()).collect()
}

fn no_answer(status: u16, what: &str, body: &str) -> Fault {
    let beginning = text::clean(body, BEGINNING);
    let detail =
        if beginning.is_empty() { format!("the answer is empty (HTTP {status})") } else { format!("{what} (HTTP {status}): {beginning}") };
    Fault::new(FaultKind::NoAnswer, detail)
}

/// Reads a `Retry-After` header: seconds, or an HTTP date (RFC 9110, section 10.2.3). A date gone by is no wait.
fn wish(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if value.bytes().all(|b| b.is_ascii_digit()) {
        return value.parse().ok().map(Duration::from_secs);
    }
    httpdate::parse_http_date(value).ok().map(|date| date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn reply(status: u16, body: &[u8]) -> Reply {
        Reply { status, retry_after: None, body: body.to_vec(), overlong: false }
    }

    fn kind(reply: &Reply) -> Option<FaultKind> {
        judge(reply).err().map(|fault| fault.kind)
    }

    #[test]
    fn a_success_is_accepted_in_every_dress() {
        let bodies: [&[u8]; 12] = [
            b"<?xml version=\"1.0\" standalone=\"no\" ?>\n<RESPONSE>\n  <RESULT>SUCCESS</RESULT>\n</RESPONSE>\n",
            b"<RESPONSE><RESULT>SUCCESS</RESULT></RESPONSE>",
            b"<RESPONSE><RESULT> success\r\n</RESULT></RESPONSE>",
            b"<RESPONSE><RESULT>SUCCESS</RESULT><ERROR></ERROR></RESPONSE>",
            b"<RESPONSE><RESULT>SUCCESS</RESULT><ERROR/></RESPONSE>",
            b"<RESPONSE><ERROR> \n </ERROR><RESULT>SUCCESS</RESULT></RESPONSE>",
            b"<RESPONSE><RESULT>SUCCESS</RESULT><VALUE NAME=\"X\">1</VALUE><NEWS><ERROR>elsewhere</ERROR></NEWS></RESPONSE>",
            b"<RESPONSE><RESULT><![CDATA[SUCCESS]]></RESULT></RESPONSE>",
            b"<RESPONSE><RESULT>SUC<!-- x -->CESS</RESULT></RESPONSE>",
            b"\xef\xbb\xbf<RESPONSE><RESULT>SUCCESS</RESULT></RESPONSE>",
            b" \r\n\t\xef\xbb\xbf\n<?xml version=\"1.0\" encoding=\"windows-1252\"?><RESPONSE><RESULT>SUCCESS</RESULT></RESPONSE>",
            b"<RESPONSE><RESULT>SUCCESS</RESULT><VALUE>not UTF-8: \xff\xfe</VALUE></RESPONSE>",
        ];
        let deep = format!("<RESPONSE><RESULT>SUCCESS</RESULT>{}{}</RESPONSE>", "<A>".repeat(9_000), "</A>".repeat(9_000));
        let wide = format!("<RESPONSE>{}<RESULT>SUCCESS</RESULT></RESPONSE>", "<A/>".repeat(15_000));
        assert_eq!([deep, wide].map(|body| judge(&reply(200, body.as_bytes()))), [Ok(()), Ok(())], "odd, but sound");
        for body in bodies {
            for status in [200, 201, 302, 400, 401, 404, 500] {
                assert_eq!(judge(&reply(status, body)), Ok(()), "{status} {}", String::from_utf8_lossy(body));
            }
        }
    }

    #[test]
    fn a_refusal_has_the_providers_words() {
        let cases = [
            ("<RESPONSE><ERROR>Invalid user key</ERROR></RESPONSE>", "Invalid user key"),
            ("<RESPONSE><RESULT>SUCCESS</RESULT><ERROR>but no</ERROR></RESPONSE>", "but no"),
            ("<RESPONSE><RESULT/><ERROR>a &lt;b&gt; &#x1b;c</ERROR></RESPONSE>", ""),
            ("<RESPONSE><ERROR/><ERROR>second</ERROR></RESPONSE>", "second"),
            ("<RESPONSE><ERROR>\u{202e}two\n  lines<B> deep</B></ERROR></RESPONSE>", "two lines deep"),
            ("<RESPONSE><RESULT>FAILURE</RESULT></RESPONSE>", "RESULT is FAILURE"),
            ("<RESPONSE><RESULT>SUCCESSFUL</RESULT></RESPONSE>", "RESULT is SUCCESSFUL"),
            ("<RESPONSE><RESULT></RESULT></RESPONSE>", "the answer's RESULT is empty"),
            ("<RESPONSE><RESULT>SUCCESS</RESULT><RESULT>FAILED</RESULT></RESPONSE>", "RESULT is FAILED"),
        ];
        for (body, words) in cases {
            let fault = judge(&reply(200, body.as_bytes())).expect_err(body);
            if words.is_empty() {
                assert_eq!(fault.kind, FaultKind::NoAnswer, "an escape character is not XML: {body}");
            } else {
                let kind = if body.contains("<ERROR") { FaultKind::Refused } else { FaultKind::NoSuccess };
                assert_eq!((fault.kind, fault.detail.as_str()), (kind, words), "{body}");
            }
        }
        let long = format!("<RESPONSE><ERROR>{}</ERROR></RESPONSE>", "long ".repeat(1_000));
        assert!(judge(&reply(200, long.as_bytes())).expect_err("refused").detail.len() <= text::FIELD_BYTES);
    }

    #[test]
    fn what_is_no_answer_is_reported_with_its_beginning() {
        let deep = "<A>".repeat(20_000);
        let cases = [
            ("", "the answer is empty (HTTP 500)"),
            (" \n ", "the answer is empty (HTTP 500)"),
            ("<html><body>Oops</body></html>", "the answer has no RESPONSE (HTTP 500): <html><body>Oops</body></html>"),
            ("<!DOCTYPE html>\n<p>Oops", "the answer is no complete XML (HTTP 500): <!DOCTYPE html> <p>Oops"),
            ("<RESPONSE><RESULT>SUCCESS</RES", "the answer is no complete XML (HTTP 500): <RESPONSE><RESULT>SUCCESS</RES"),
            ("<RESPONSE><RESULT>SUCCESS</RESULT>", "the answer is no complete XML (HTTP 500): <RESPONSE><RESULT>SUCCESS</RESULT>"),
            ("SUCCESS", "the answer is no complete XML (HTTP 500): SUCCESS"),
            ("<RESPONSE/>", "the answer has neither RESULT nor ERROR (HTTP 500): <RESPONSE/>"),
            (
                "<RESPONSE><ERROR> </ERROR></RESPONSE>",
                "the answer has neither RESULT nor ERROR (HTTP 500): <RESPONSE><ERROR> </ERROR></RESPONSE>",
            ),
            ("<RESPONSE><D><RESULT>SUCCESS</RESULT></D></RESPONSE>", "the answer has neither RESULT nor ERROR (HTTP 500): <RESPONSE><D>"),
            ("<response><result>SUCCESS</result></response>", "the answer has no RESPONSE (HTTP 500): <response>"),
            ("<RESPONSE><result>SUCCESS</result></RESPONSE>", "the answer has neither RESULT nor ERROR (HTTP 500): <RESPONSE>"),
            ("<X><RESPONSE><RESULT>SUCCESS</RESULT></RESPONSE></X>", "the answer has no RESPONSE (HTTP 500): <X>"),
            (
                "<!DOCTYPE r [<!ENTITY a \"b\">]><RESPONSE><RESULT>SUCCESS</RESULT></RESPONSE>",
                "the answer is no complete XML (HTTP 500): <!DOCTYPE",
            ),
            ("{\"x\":\"\u{1b}]52;c;AAAA\u{7}\u{202e}\"}", "the answer is no complete XML (HTTP 500): {\"x\":\"]52;c;AAAA\"}"),
            (&deep, "the answer is no complete XML (HTTP 500): <A><A>"),
        ];
        for (body, detail) in cases {
            let fault = judge(&reply(500, body.as_bytes())).expect_err(body);
            assert_eq!(fault.kind, FaultKind::NoAnswer, "{body}");
            assert!(fault.detail.starts_with(detail), "{}", fault.detail);
            assert!(fault.detail.len() < 160, "{}", fault.detail);
        }
        let overlong = Reply { overlong: true, ..reply(200, b"<RESPONSE><RESULT>SUCCESS</RESULT></RESPONSE>") };
        let fault = judge(&overlong).expect_err("cut off");
        assert_eq!(fault.kind, FaultKind::NoAnswer);
        assert!(fault.detail.starts_with("the answer is longer than 64 KiB (HTTP 200): <RESPONSE>"), "{}", fault.detail);
    }

    #[test]
    fn some_statuses_decide_whatever_the_body_says() {
        for body in ["<RESPONSE><RESULT>SUCCESS</RESULT></RESPONSE>", "<RESPONSE><ERROR>no</ERROR></RESPONSE>", ""] {
            for (status, wanted) in [(429, FaultKind::Busy), (503, FaultKind::Busy), (502, FaultKind::Gateway), (504, FaultKind::Gateway)] {
                let reply = reply(status, body.as_bytes());
                assert_eq!(kind(&reply), Some(wanted), "{status} {body}");
                assert!(is_decided_by_status(status));
                assert!(judge(&reply).expect_err("a fault").detail.contains(&status.to_string()));
            }
        }
        assert!(![200, 301, 400, 500, 501].into_iter().any(is_decided_by_status));
    }

    #[test]
    fn a_wish_to_wait_is_seconds_or_a_date() {
        let now = httpdate::parse_http_date("Sun, 22 Nov 2026 10:00:00 GMT").expect("a date");
        let cases = [
            ("7", Some(7)),
            (" 0 ", Some(0)),
            ("Sun, 22 Nov 2026 10:00:30 GMT", Some(30)),
            ("Sunday, 22-Nov-26 10:00:30 GMT", Some(30)),
            ("Sun, 22 Nov 2026 09:00:00 GMT", Some(0)),
            ("soon", None),
            ("-3", None),
            ("1.5", None),
            ("", None),
            ("99999999999999999999999", None),
        ];
        for (value, seconds) in cases {
            assert_eq!(wish(value, now), seconds.map(Duration::from_secs), "{value:?}");
        }
        let busy = Reply { retry_after: Some("7".into()), ..reply(503, b"") };
        assert_eq!(judge(&busy).expect_err("busy").retry_after, Some(Duration::from_secs(7)));
    }

    proptest! {
        #[test]
        fn no_body_can_harm(body in prop::collection::vec(any::<u8>(), 0..400), status in 100u16..600) {
            if let Err(fault) = judge(&reply(status, &body)) {
                prop_assert!(fault.detail.chars().all(text::is_showable));
            }
        }

        #[test]
        fn any_words_in_an_error_are_a_refusal_fit_to_show(words in "\\PC{1,60}") {
            let body = format!("<RESPONSE><ERROR>{}</ERROR></RESPONSE>", *super::super::escape::escaped(&words));
            let fault = judge(&reply(200, body.as_bytes()));
            let cleaned = text::clean_field(&words);
            if !cleaned.is_empty() {
                prop_assert_eq!(fault, Err(Fault::new(FaultKind::Refused, cleaned)));
            }
        }
    }
}
