//! A callback with anything in it: through the router as it is, and through the accept loop as bytes on a socket.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use confmod::callback::{Counts, Guard, Limits, Listener, router, start};
use confmod::conference::event::{Event, Seq, What};
use confmod::conference::roster::Roster;
use confmod::conference::{ConferenceId, Moment};
use confmod::config::Secret;
use confmod::journal::{Draft, Journal};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

use super::clean;
use super::memory::Memory;

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// All that the listener says, `408` for a body that never ends included.
const STATUSES: [u16; 10] = [200, 400, 403, 404, 405, 408, 413, 414, 431, 503];

/// What is kept beside an event at most, in bytes: 27 names and values of 256 bytes, each byte as `\u0000`.
const RAW: usize = 27 * 2 * (256 * 6 + 4);

/// When everything happens.
pub const NOW: Moment = Moment(1_795_352_400_000);

/// Sound callbacks: method, path behind the token, type of the body, query, body; each on a line.
pub fn seeds() -> Vec<Vec<u8>> {
    [
        "GET\nstart\n\nCALLFLOW.INSTANCE.KEY=12312345&E164=12157010680\n",
        "GET\njoin\n\nkey=12312345&E164=%2B12157010680&CONFERENCE.NUMBER=1122&CALLERNAME=Ada%20Lovelace&CALLED=18005551234\n",
        "GET\njoin\n\nkey=7&number=+1+215+701-0680&conference=1122&name=Zo%C3%AB&hand=up&department=sales&x=1\n",
        "GET\njoin\n\nkey=8&number=anonymous&conference=1122\n",
        "GET\nleave\n\nkey=12312345\n",
        "GET\nhand\n\nkey=12312345&state=down\n",
        "POST\njoin\napplication/x-www-form-urlencoded\n\nkey=9&E164=4930901820&conference=1122&name=%E5%90%8D%E5%89%8D&Team=a;b",
        "POST\njoin\ntext/plain; charset=utf-8\nkey=10\nconference=1122&name=Ada&a=1&b=2&c=3&d=4&e=5&f=6&g=7&h=8&i=9&j=10&k=11&l=12&m=13&n=14&o=15&p=16&q=17",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}

/// A request as the lines of an input say it.
struct Said {
    method: Vec<u8>,
    kind: String,
    mime: Vec<u8>,
    query: String,
    body: Vec<u8>,
}

impl Said {
    fn read(input: &[u8]) -> Self {
        let mut parts = input.splitn(5, |byte| *byte == b'\n');
        let mut next = || parts.next().unwrap_or_default();
        let (method, kind, mime, query, body) = (next(), next(), next(), next(), next());
        Self { method: method.to_vec(), kind: target(kind), mime: mime.to_vec(), query: target(query), body: body.to_vec() }
    }

    fn request(&self) -> Option<Request<Body>> {
        let method = axum::http::Method::from_bytes(&self.method).ok()?;
        let request = Request::builder().method(method).uri(format!("/callback/{TOKEN}/{}?{}", self.kind, self.query));
        let request = if self.mime.is_empty() { request } else { request.header("content-type", &*self.mime) };
        request.body(Body::from(self.body.clone())).ok()
    }
}

/// What a request line can hold of it; the rest is escaped, as a client would.
fn target(bytes: &[u8]) -> String {
    bytes
        .iter()
        .map(|byte| if byte.is_ascii_graphic() && *byte != b'#' { char::from(*byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// What a callback leaves in the journal: none where it was refused.
pub fn drafts(input: &[u8]) -> Vec<Draft> {
    let Some(request) = Said::read(input).request() else { return Vec::new() };
    let journal = Arc::new(Memory::default());
    let guard = Guard::new(&Secret::from(TOKEN), None, &[], &[]);
    let counts = Arc::new(Counts::default());
    let router = router(Arc::clone(&journal) as Arc<dyn Journal>, guard, Some(ConferenceId::new("4711")), Arc::clone(&counts), || NOW);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let (status, said) = runtime.block_on(async {
        let response = router.oneshot(request).await.expect("infallible");
        let status = response.status().as_u16();
        (status, response.into_body().collect().await.expect("a whole body").to_bytes())
    });
    let drafts = journal.take();
    assert!(STATUSES.contains(&status), "the status is {status}");
    assert_eq!(drafts.len(), usize::from(status == 200), "events for a {status}");
    let said = String::from_utf8(said.to_vec()).expect("an answer is text");
    clean::line(said.strip_suffix('\n').unwrap_or(&said), 600, "the answer");
    if let Some(slip) = counts.last_slip() {
        clean::line(&slip, 600, "the slip in the header");
    }
    drafts
}

/// Any request with the right token.
pub fn request(input: &[u8]) {
    let mut roster = Roster::default();
    for (draft, place) in drafts(input).into_iter().zip(1..) {
        let body = draft.what.body().expect("a body");
        clean::json(&body, "the event");
        let back = What::read(draft.what.kind(), &body).expect("what was written can be read").expect("a known kind");
        assert_eq!(back, draft.what, "written and read back");
        let raw = draft.raw.expect("raw fields");
        clean::line(&raw, RAW, "the raw fields");
        assert!(serde_json::from_str::<serde_json::Value>(&raw).is_ok_and(|value| value.is_object()), "{raw}");
        roster.apply(&Event { seq: Seq(place), at: draft.at, what: draft.what });
    }
}

/// Whole requests as bytes, among them what a proxy says of an address.
pub fn wire_seeds() -> Vec<Vec<u8>> {
    [
        format!("GET /callback/{TOKEN}/join?key=1&conference=1122 HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 192.0.2.7, 127.0.0.1\r\n\r\n"),
        format!("POST /callback/{TOKEN}/join HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: [2001:db8::1]:80\r\nContent-Length: 21\r\n\r\nkey=2&conference=1122"),
        format!("POST /callback/{TOKEN}/start HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nkey=3\r\n0\r\n\r\n"),
        "GET /callback/wrong/join?key=1 HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\r\n".to_owned(),
        "GET /healthz HTTP/1.0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(),
    ]
    .map(String::into_bytes)
    .to_vec()
}

/// A listener that stays for as long as the tests do; it believes this machine about who is behind it.
fn listener() -> &'static (Listener, Arc<Memory>) {
    static LISTENER: OnceLock<(Listener, Arc<Memory>)> = OnceLock::new();
    LISTENER.get_or_init(|| {
        let nets = |texts: &[&str]| texts.iter().map(|text| text.parse().expect("a range")).collect::<Vec<_>>();
        let guard = Guard::new(&Secret::from(TOKEN), None, &nets(&["192.0.2.0/24", "127.0.0.0/8"]), &nets(&["127.0.0.0/8"]));
        let (journal, counts) = (Arc::new(Memory::default()), Arc::new(Counts::default()));
        let router = router(Arc::clone(&journal) as Arc<dyn Journal>, guard, None, Arc::clone(&counts), || NOW);
        let limits = Limits { head_time: Duration::from_secs(2), body_time: Duration::from_secs(2), ..Limits::default() };
        let socket = TcpListener::bind("127.0.0.1:0").expect("a port");
        (start(socket, router, limits, counts).expect("a listener"), journal)
    })
}

/// Any bytes on a connection: an answer for each request that was one, and as many events as `200`s to callbacks.
pub fn wire(input: &[u8]) {
    let (listener, journal) = listener();
    let mut stream = TcpStream::connect(listener.address()).expect("connected");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a time-out");
    // The listener may have said no before it has all of it.
    let _ = stream.write_all(input).and_then(|()| stream.shutdown(Shutdown::Write));
    let mut answer = Vec::new();
    if let Err(error) = stream.read_to_end(&mut answer) {
        assert_ne!(error.kind(), std::io::ErrorKind::WouldBlock, "the connection was left open, with {} answered", answer.escape_ascii());
    }
    let text = String::from_utf8(answer).expect("answers are text");
    let mut taken = 0;
    for head in text.split("HTTP/1.").skip(1) {
        let status: u16 = head.get(2..5).and_then(|digits| digits.parse().ok()).expect("a status");
        assert!(status == 100 || STATUSES.contains(&status), "{head}");
        taken += usize::from(status == 200);
        let (lines, said) = head.split_once("\r\n\r\n").expect("a head");
        lines.split("\r\n").for_each(|line| clean::line(line, 300, "a line of the head"));
        clean::lines(said, 600, "the answer");
    }
    let drafts = journal.take();
    assert!(drafts.len() <= taken, "{} events for {taken} times 200", drafts.len());
    for draft in drafts {
        clean::json(&draft.what.body().expect("a body"), "the event");
        clean::line(&draft.raw.expect("raw fields"), RAW, "the raw fields");
    }
}
