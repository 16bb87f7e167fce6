//! What the router answers, row by row, and that whatever is refused leaves no event.

use axum::body::Bytes;
use axum::http::{HeaderName, Request as HttpRequest};
use tower::ServiceExt as _;

use super::memory::{Memory, Mood};
use super::*;
use crate::conference::event::What;
use crate::config::Secret;
use crate::text::is_showable;

const TOKEN: &str = "0123456789abcdef0123456789abcdef";
const JOIN: &str = "/callback/0123456789abcdef0123456789abcdef/join?key=7&E164=12157010680&conference=1122";

/// A listener's inside: router, journal and counts.
struct House {
    router: Router,
    journal: Arc<Memory>,
    counts: Arc<Counts>,
}

struct Answered {
    status: u16,
    headers: HeaderMap,
    body: String,
}

impl House {
    fn new() -> Self {
        Self::with(Guard::new(&Secret::from(TOKEN), Some(&Secret::from("previous")), &[], &[]), None)
    }

    fn with(guard: Guard, conference: Option<&str>) -> Self {
        let (journal, counts) = (Memory::new(), Arc::new(Counts::default()));
        let router =
            router(Arc::clone(&journal) as Arc<dyn Journal>, guard, conference.map(ConferenceId::new), Arc::clone(&counts), || {
                Moment(1_000)
            });
        Self { router, journal, counts }
    }

    async fn send(&self, request: HttpRequest<Body>) -> Answered {
        let response = self.router.clone().oneshot(request).await.expect("infallible");
        let (head, body) = response.into_parts();
        let body = body.collect().await.expect("a whole body").to_bytes();
        Answered { status: head.status.as_u16(), headers: head.headers, body: String::from_utf8(body.to_vec()).expect("text") }
    }

    async fn get(&self, path: &str) -> Answered {
        self.send(HttpRequest::get(path).body(Body::empty()).expect("a request")).await
    }

    async fn post(&self, path: &str, kind: &str, body: impl Into<Body>) -> Answered {
        self.send(HttpRequest::post(path).header("content-type", kind).body(body.into()).expect("a request")).await
    }

    /// The events so far, without their raw fields.
    fn events(&self) -> Vec<What> {
        self.journal.drafts().into_iter().map(|draft| draft.what).collect()
    }

    /// A refusal is both: the answer, and that nothing reached the journal.
    #[track_caller]
    fn refused(&self, answered: &Answered, status: u16, case: &str) {
        assert_eq!(answered.status, status, "{case}: {}", answered.body);
        assert_eq!(self.events(), [], "{case} left an event");
        assert_eq!(self.counts.last_callback(), None, "{case}");
    }
}

fn path(kind_and_query: &str) -> String {
    format!("/callback/{TOKEN}/{kind_and_query}")
}

const FORM: &str = "application/x-www-form-urlencoded";

#[tokio::test]
async fn a_callback_is_ok_and_one_event() {
    for (query, kind) in
        [("start?key=7", "started"), ("join?key=7&conference=1", "joined"), ("leave?key=7", "left"), ("hand?key=7", "hand")]
    {
        let house = House::new();
        let answered = house.get(&path(query)).await;
        assert_eq!((answered.status, answered.body.as_str()), (200, "ok"), "{query}");
        assert_eq!(answered.headers["content-type"], "text/plain; charset=utf-8");
        assert_eq!(
            (&answered.headers["cache-control"], &answered.headers["referrer-policy"]),
            (&"no-store".parse().unwrap(), &"no-referrer".parse().unwrap())
        );
        assert_eq!(house.events().iter().map(What::kind).collect::<Vec<_>>(), [kind]);
        assert_eq!(house.journal.drafts()[0].at, Moment(1_000));
        assert_eq!(house.counts.last_callback(), Some(Moment(1_000)));
        assert_eq!((house.counts.refused_count(), house.counts.dropped_count()), (0, 0));
    }
}

#[tokio::test]
async fn get_and_post_and_both_tokens_say_the_same() {
    let house = House::new();
    let fields = "key=7&E164=%2B12157010680&conference=1122&name=Ada";
    assert_eq!(house.get(&path(&format!("join?{fields}"))).await.status, 200);
    assert_eq!(house.post(&path("join"), FORM, fields).await.status, 200);
    assert_eq!(
        house
            .post(&path("join?key=7&conference=1122"), "application/x-www-form-urlencoded; charset=utf-8", "E164=%2B12157010680&name=Ada")
            .await
            .status,
        200
    );
    assert_eq!(house.post(&path("join"), "text/plain", fields).await.status, 200);
    assert_eq!(house.get(&format!("/callback/previous/join?{fields}")).await.status, 200);
    let events = house.events();
    assert_eq!(events.len(), 5);
    assert!(events.iter().all(|event| *event == events[0]), "{events:?}");
}

#[tokio::test]
async fn without_the_token_every_path_and_method_gets_the_same_answer() {
    let paths = [
        "/callback",
        "/callback/",
        "/callback//",
        "/callback?key=7",
        "/callback/wrong",
        "/callback/wrong/join?key=7&conference=1",
        "/callback/wrong/nothing",
        "/callback//join?key=7",
        "/callback/0123456789abcdef0123456789abcdee/join?key=7",
        "/callback/%30123456789abcdef0123456789abcdef/join?key=7",
        "/callback/0123456789abcdef0123456789abcdef%2Fjoin?key=7",
        "/callback/%ff/join",
        "/callback/../callback",
        "/callback/join/0123456789abcdef0123456789abcdef",
    ];
    let house = House::new();
    let mut first: Option<(HeaderMap, String)> = None;
    for path in paths {
        for method in ["GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "BREW"] {
            let request = HttpRequest::builder().method(method).uri(path).body(Body::from("key=7")).expect("a request");
            let answered = house.send(request).await;
            house.refused(&answered, 403, &format!("{method} {path}"));
            let (headers, body) = first.get_or_insert_with(|| (answered.headers.clone(), answered.body.clone()));
            assert_eq!((&answered.headers, &answered.body), (&*headers, &*body), "{method} {path}");
        }
    }
    assert_eq!(house.counts.refused_count(), 14 * 7);
}

#[tokio::test]
async fn an_address_off_the_list_gets_that_answer_too() {
    let nets = |text: &str| vec![text.parse::<ipnet::IpNet>().expect("a range")];
    let guard = Guard::new(&Secret::from(TOKEN), None, &nets("192.0.2.0/24"), &nets("127.0.0.1/32"));
    let house = House::with(guard, None);
    let from = |peer: &str, forwarded: Option<&str>, path: &str| {
        let mut request = HttpRequest::get(path).body(Body::empty()).expect("a request");
        request.extensions_mut().insert(Peer(peer.parse().expect("an address")));
        if let Some(forwarded) = forwarded {
            request.headers_mut().insert(HeaderName::from_static("x-forwarded-for"), forwarded.parse().expect("a value"));
        }
        request
    };
    let wrong = house.send(from("192.0.2.1", None, "/callback/wrong/join?key=7")).await;
    for (peer, forwarded) in [("198.51.100.1", None), ("198.51.100.1", Some("192.0.2.1")), ("127.0.0.1", Some("192.0.2.1, 198.51.100.1"))] {
        let answered = house.send(from(peer, forwarded, JOIN)).await;
        house.refused(&answered, 403, peer);
        assert_eq!((&answered.headers, &answered.body), (&wrong.headers, &wrong.body));
    }
    house.refused(&house.get(JOIN).await, 403, "an address nobody knows");
    assert_eq!(house.send(from("192.0.2.1", None, JOIN)).await.status, 200);
    assert_eq!(house.send(from("127.0.0.1", Some("192.0.2.1"), JOIN)).await.status, 200);
    assert_eq!(house.events().len(), 2);
}

#[tokio::test]
async fn other_kinds_methods_and_paths_are_told_apart_once_the_token_is_right() {
    let house = House::new();
    for kind in ["", "/", "/nothing?key=7", "/Join?key=7", "/join/?key=7", "/join/more?key=7", "//join?key=7"] {
        house.refused(&house.get(&format!("/callback/{TOKEN}{kind}")).await, 404, kind);
    }
    for method in ["HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW"] {
        let answered = house.send(HttpRequest::builder().method(method).uri(JOIN).body(Body::empty()).expect("a request")).await;
        house.refused(&answered, 405, method);
        assert_eq!(answered.headers["allow"], "GET, POST");
    }
    assert_eq!(house.counts.refused_count(), 13);
    for elsewhere in ["/", "/callbacks", "/callbackx/join", "/Callback/x/join", "/favicon.ico", "/healthz/"] {
        house.refused(&house.get(elsewhere).await, 404, elsewhere);
    }
    assert_eq!(house.counts.refused_count(), 13, "what is no callback is not counted as one");
}

#[tokio::test]
async fn health_needs_no_token_and_says_why_not() {
    let house = House::new();
    let answered = house.get("/healthz").await;
    assert_eq!((answered.status, answered.body.as_str()), (200, "ok"));
    house.journal.health.send_replace(Health::Trouble("disk full".into()));
    let answered = house.get("/healthz").await;
    assert_eq!(answered.status, 503, "the last one could not be taken");
    assert!(answered.body.contains("disk full"), "{}", answered.body);
    house.journal.health.send_replace(Health::Failed("disk I/O error".into()));
    let answered = house.get("/healthz").await;
    assert_eq!(answered.status, 503);
    assert!(answered.body.contains("disk I/O error"), "{}", answered.body);
    house.journal.health.send_replace(Health::Lost(Moment(0)));
    let answered = house.get("/healthz").await;
    assert_eq!(answered.status, 503);
    assert!(answered.body.contains("the shared journal could not be reached"), "{}", answered.body);
    for method in ["HEAD", "POST"] {
        let answered = house.send(HttpRequest::builder().method(method).uri("/healthz").body(Body::empty()).expect("a request")).await;
        house.refused(&answered, 405, method);
        assert_eq!(answered.headers["allow"], "GET");
    }
}

#[tokio::test]
async fn a_wrong_field_is_a_sentence_and_no_event() {
    let long = "9".repeat(257);
    let cases = [
        ("join?conference=1".to_owned(), "CALLFLOW.INSTANCE.KEY"),
        ("join?key=&conference=1".to_owned(), "missing"),
        ("join?key=$[CALLFLOW.KEY]$&conference=1".to_owned(), "$[CALLFLOW.KEY]$"),
        ("join?key=7".to_owned(), "CONFERENCE.NUMBER"),
        ("join?key=7&conference=$[CONF]".to_owned(), "$[CONF]"),
        (format!("start?key={long}"), "257 bytes"),
        (format!("leave?key=7&E164={long}"), "E164"),
        (format!("start?key=7&conference={long}"), "CONFERENCE.NUMBER"),
        ("leave".to_owned(), "CALLFLOW.INSTANCE.KEY"),
        ("hand?key=7&state=sideways".to_owned(), "up or down"),
    ];
    for (query, words) in cases {
        let house = House::new();
        let answered = house.get(&path(&query)).await;
        house.refused(&answered, 400, &query);
        assert!(answered.body.contains(words), "{query}: {}", answered.body);
        assert_eq!(house.counts.refused_count(), 1);
    }
}

#[tokio::test]
async fn a_body_that_is_no_form_is_not_read_and_the_answer_says_so() {
    let house = House::new();
    for kind in ["application/json", "multipart/form-data; boundary=x"] {
        let answered = house.post(&path("start"), kind, "key=7").await;
        house.refused(&answered, 400, kind);
        assert!(answered.body.contains("application/x-www-form-urlencoded"), "{}", answered.body);
    }
    let get = HttpRequest::get(path("start")).header("content-type", FORM).body(Body::from("key=7")).expect("a request");
    house.refused(&house.send(get).await, 400, "a form with GET");
}

#[tokio::test]
async fn a_conference_that_is_configured_stands_in() {
    let house = House::with(Guard::new(&Secret::from(TOKEN), None, &[], &[]), Some("4711"));
    for query in ["join?key=7", "join?key=7&conference=$[CONF]", "join?key=7&conference=%E2%80%8B"] {
        assert_eq!(house.get(&path(query)).await.status, 200, "{query}");
    }
    assert_eq!(house.get(&path("join?key=7&conference=1122")).await.status, 200);
    let conferences: Vec<_> = house
        .events()
        .into_iter()
        .map(|what| match what {
            What::Joined(arrival) => arrival.conference.expect("a conference").as_str().to_owned(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(conferences, ["4711", "4711", "4711", "1122"]);
}

#[tokio::test]
async fn bodies_over_the_limit_are_refused_and_those_at_it_are_not() {
    let house = House::new();
    for (size, name) in [(65_537, "one more"), (1 << 20, "a mebibyte")] {
        let body = format!("key=7&x={}", "x".repeat(size - 8));
        house.refused(&house.post(&path("start"), FORM, body.clone()).await, 413, name);
        let chunks =
            body.into_bytes().chunks(1_000).map(|chunk| Ok::<_, std::io::Error>(Bytes::copy_from_slice(chunk))).collect::<Vec<_>>();
        let stream = Body::from_stream(tokio_stream::iter(chunks));
        house.refused(&house.post(&path("start"), FORM, stream).await, 413, "the same without a length");
    }
    let body = format!("key=7&x={}", "x".repeat(65_528));
    assert_eq!((body.len(), house.post(&path("start"), FORM, body).await.status), (65_536, 200));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_never_comes_is_given_up() {
    let house = House::new();
    let began = tokio::time::Instant::now();
    let body = Body::from_stream(tokio_stream::pending::<Result<Bytes, std::io::Error>>());
    let answered = house.post(&path("start?key=7"), FORM, body).await;
    house.refused(&answered, 408, "slow");
    assert_eq!((began.elapsed().as_secs(), &answered.headers["connection"]), (10, &"close".parse().unwrap()));
}

#[tokio::test]
async fn a_body_that_breaks_off_leaves_no_event() {
    let house = House::new();
    let parts = [Ok(Bytes::from_static(b"key=7&conference=1")), Err(std::io::Error::other("cut"))];
    house.refused(&house.post(&path("join"), FORM, Body::from_stream(tokio_stream::iter(parts))).await, 400, "cut off");
}

#[tokio::test]
async fn request_lines_and_headers_over_their_limits_are_refused_before_anything_else() {
    let house = House::new();
    let with_line = |length: usize| {
        let start = path("start?key=7&x=");
        format!("{start}{}", "x".repeat(length - start.len() - "GET  HTTP/1.1".len()))
    };
    house.refused(&house.get(&with_line(8_193)).await, 414, "one more");
    house.refused(&house.get(&format!("/callback/wrong/{}", "x".repeat(9_000))).await, 414, "whatever the token");
    assert_eq!(house.get(&with_line(8_192)).await.status, 200);

    let house = House::new();
    let with_header =
        |length: usize| HttpRequest::get(path("start?key=7")).header("x", "x".repeat(length - 5)).body(Body::empty()).expect("a request");
    house.refused(&house.send(with_header(16_385)).await, 431, "one more");
    assert_eq!(house.send(with_header(16_384)).await.status, 200);
}

#[tokio::test]
async fn what_the_journal_cannot_take_is_503_with_the_reason_and_when_to_come_back() {
    for (error, words, seconds) in [
        (AppendError::Busy, "queue is full", "1"),
        (AppendError::Trouble("disk full".into()), "disk full", "5"),
        (AppendError::Failed("I/O error\u{1b}[2J".into()), "I/O error", "60"),
        (AppendError::Closed, "closed", "5"),
    ] {
        let house = House::new();
        house.journal.set(Mood::Refuse(error.clone()));
        let answered = house.get(JOIN).await;
        house.refused(&answered, 503, words);
        assert!(answered.body.contains(words) && answered.body.trim_end().chars().all(is_showable), "{}", answered.body);
        assert_eq!(answered.headers["retry-after"], seconds);
        assert_eq!((house.counts.dropped_count(), house.counts.refused_count()), (1, 0));
    }
}

#[tokio::test]
async fn the_answer_waits_for_the_disk() {
    let house = House::new();
    house.journal.set(Mood::Hold);
    let mut answer = Box::pin(house.get(JOIN));
    // Polled until nothing moves any more: the event is queued, and the answer is not there.
    while house.journal.drafts().is_empty() {
        assert!(futures_poll(&mut answer).await.is_none(), "answered before the event was queued");
    }
    assert!(futures_poll(&mut answer).await.is_none(), "answered before the event was on disk");
    house.journal.settle();
    assert_eq!(answer.await.status, 200);
}

/// Polls once.
async fn futures_poll<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    tokio::select! {
        biased;
        output = future => Some(output),
        () = std::future::ready(()) => None,
    }
}

#[tokio::test]
async fn neither_path_nor_token_reach_the_journal() {
    let house = House::new();
    assert_eq!(house.get(JOIN).await.status, 200);
    let draft = house.journal.drafts().remove(0);
    let written = format!("{} {}", draft.what.body().expect("a body"), draft.raw.expect("raw fields"));
    assert!(!written.contains(TOKEN) && !written.contains("callback"), "{written}");
}

/// Where a test's log lines go.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("a log").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn nothing_that_was_sent_is_logged() {
    let lines = Lines::default();
    let writer = lines.clone();
    let logged =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_ansi(false).with_writer(move || writer.clone()).finish();
    let _here = tracing::subscriber::set_default(logged);
    let house = House::new();
    for intruder in ["/callback/wrong/join?key=hostile", "/callback/hostile", "/callback"] {
        house.refused(&house.get(intruder).await, 403, intruder);
    }
    assert_eq!(lines.0.lock().expect("a log").as_slice(), b"", "an intruder leaves no line at all");
    // Another test may have come by a line first, when nobody listened, and that is remembered.
    tracing::callsite::rebuild_interest_cache();
    for slip in ["hand?key=hostile&state=hostile", "join?key=$[hostile]", "join?key=hostile"] {
        house.refused(&house.get(&path(slip)).await, 400, slip);
    }
    assert_eq!(house.get(JOIN).await.status, 200);
    let lines = String::from_utf8(lines.0.lock().expect("a log").clone()).expect("text");
    assert!(lines.contains("hand neither up nor down"), "{lines}");
    assert!(!lines.contains("hostile") && !lines.contains(TOKEN) && !lines.contains("12157010680"), "{lines}");
}

/// Every field, each hostile text: whatever the answer, nothing harmful is kept or said.
#[tokio::test]
async fn hostile_text_never_gets_through() {
    let marks = format!("a{}", "\u{301}".repeat(10_000));
    let huge = "\u{1b}[2J".repeat(1 << 18);
    let texts = [
        "\u{1b}[2J\u{1b}[31m",
        "\u{1b}]52;c;ZXZpbA==\u{7}",
        "\u{9b}2J\u{90}q\u{9c}",
        "abc\u{202e}gpj.exe",
        "ze\u{200b}r\u{200d}o\u{feff}",
        "a\0b\u{7f}",
        "tag\u{e0041}\u{e007f}",
        "line\r\nset-cookie: x",
        "\u{2028}\u{2029}",
        "$[\u{1b}[2J]",
        "\"},{\"",
        marks.as_str(),
        huge.as_str(),
    ];
    let fields = ["key", "E164", "conference", "name", "CALLED", "state", "hand", "other"];
    for text in texts {
        let text: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
        for kind in ["start", "join", "leave", "hand"] {
            for field in fields.iter().copied().chain([text.as_str()]) {
                let house = House::new();
                let pairs = format!("{field}={text}&key=7&conference=1122");
                let answered = if pairs.len() > 6_000 {
                    house.post(&path(kind), FORM, pairs).await
                } else {
                    house.get(&path(&format!("{kind}?{pairs}"))).await
                };
                assert!([200, 400, 413].contains(&answered.status), "{kind} {field:.20}: {}", answered.status);
                assert!(answered.body.trim_end_matches('\n').chars().all(is_showable), "{:?}", answered.body);
                assert!(answered.body.len() < 600, "{}", answered.body);
                for draft in house.journal.drafts() {
                    let raw = draft.raw.expect("raw fields");
                    let body = draft.what.body().expect("a body");
                    assert!(raw.chars().chain(body.chars()).all(is_showable), "{kind} {field:.20}: {raw:?} {body:?}");
                    assert!(serde_json::from_str::<serde_json::Value>(&raw).is_ok(), "{raw}");
                    let values: serde_json::Value = serde_json::from_str(&body).expect("JSON");
                    for value in values.as_object().expect("an object").values().filter_map(|value| value.as_str()) {
                        assert!(value.chars().all(is_showable) && value.len() <= 256, "{value:?}");
                    }
                    assert!(raw.len() < 8_192, "{} bytes", raw.len());
                }
            }
        }
    }
}
