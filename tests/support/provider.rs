//! A provider of the tests' own, on a bare socket: strict about what the provider documents, and scripted.
//!
//! Every request is kept to the byte. One that the provider does not document is answered with an error and
//! kept as a complaint; a test that ends with complaints nobody looked at fails.

use std::collections::{HashMap, VecDeque};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Where the provider's interface is, on whatever host.
pub const PATH: &str = "/api/v3.asp";

/// The longest that a request is waited for.
const DEADLINE: Duration = Duration::from_secs(30);

const DECLARATION: &str = "<?xml version=\"1.0\" standalone=\"no\" ?>";
const XML: &str = "application/xml; charset=UTF-8";
const ACTION: &str = "CALLFLOW.INSTANCE.CONFERENCE.ACTION";
const ACTION_AS_IN_THE_SAMPLE: &str = "CALLFOW.INSTANCE.CONFERENCE.ACTION";
const PARAMETERS: [&str; 4] = ["CALLFLOW.INSTANCE.KEY", "CONFERENCE.NUMBER", "E164", "CONFERENCE.ACTION"];

/// What the provider does with one request.
#[derive(Clone, Debug)]
pub enum Answer {
    /// `SUCCESS`.
    Success,
    /// An `ERROR` with these words.
    Refuse(&'static str),
    /// Status 200 and a page that is no answer.
    Garbage,
    /// This status, with a page.
    Status(u16),
    /// Nothing, until the provider is dropped.
    Hang,
    /// `SUCCESS`, but not before the test releases what is held.
    Hold,
    /// The connection is closed without a byte.
    Cut,
    /// These bytes as they are, then the connection is closed.
    Bytes(Vec<u8>),
}

/// One request, to the byte.
#[derive(Clone, Debug)]
pub struct Request {
    /// When it was whole.
    pub at: Instant,
    /// Connections are counted from 1: equal numbers mean that one was used again.
    pub connection: usize,
    /// Request line and header fields, with their line ends.
    pub head: String,
    /// The body.
    pub body: String,
    /// The parameters in their order.
    pub parameters: Vec<(String, String)>,
}

impl Request {
    /// A parameter's value; empty when it is not there.
    pub fn parameter(&self, name: &str) -> &str {
        self.parameters.iter().find(|(found, _)| found == name).map_or("", |(_, value)| value)
    }

    /// `MUTE`, `UNMUTE` or `KICK`.
    pub fn action(&self) -> &str {
        self.parameter("CONFERENCE.ACTION")
    }

    /// The call flow instance key.
    pub fn key(&self) -> &str {
        self.parameter("CALLFLOW.INSTANCE.KEY")
    }

    /// A header field, looked up in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.head, name)
    }
}

/// A running provider. Dropping it closes all its connections and fails the test on complaints left over.
pub struct Provider {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    script: VecDeque<Answer>,
    requests: Vec<Request>,
    /// How many there were, also of those that were not kept.
    count: usize,
    forgets: bool,
    complaints: Vec<String>,
    connections: HashMap<usize, TcpStream>,
    released: bool,
    gone: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Provider {
    /// Starts one that answers `SUCCESS` to everything.
    pub fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port for the provider");
        let address = listener.local_addr().expect("the provider's address");
        let shared = Arc::<Shared>::default();
        let acceptor = Arc::clone(&shared);
        std::thread::spawn(move || {
            for (number, stream) in (1..).zip(listener.incoming()) {
                let Ok(stream) = stream else { continue };
                let mut state = acceptor.lock();
                if state.gone {
                    break;
                }
                state.connections.extend(stream.try_clone().map(|stream| (number, stream)));
                drop(state);
                let shared = Arc::clone(&acceptor);
                std::thread::spawn(move || {
                    serve(&stream, number, &shared);
                    shared.lock().connections.remove(&number);
                });
            }
        });
        Self { address, shared }
    }

    /// Starts one that counts requests and keeps none of them, for long runs.
    pub fn forgetful() -> Self {
        let provider = Self::start();
        provider.shared.lock().forgets = true;
        provider
    }

    /// How many requests came.
    pub fn count(&self) -> usize {
        self.shared.lock().count
    }

    /// Waits until so many requests have come.
    #[track_caller]
    pub fn wait_for_count(&self, count: usize) {
        let deadline = Instant::now() + DEADLINE;
        let mut state = self.shared.lock();
        while state.count < count {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "{} of {count} requests came; complaints: {:#?}", state.count, state.complaints);
            state = self.shared.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What `CONFMOD_API_URL` is set to.
    pub fn url(&self) -> String {
        format!("http://{}{PATH}", self.address)
    }

    /// Adds an answer to the script; with an empty script everything is a success.
    pub fn script(&self, answer: Answer) {
        self.shared.lock().script.push_back(answer);
    }

    /// Forgets what of the script was not used: everything is a success again.
    pub fn clear_script(&self) {
        self.shared.lock().script.clear();
    }

    /// Lets go of every answer that is held, now and later.
    pub fn release(&self) {
        self.shared.lock().released = true;
        self.shared.changed.notify_all();
    }

    /// All requests so far.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.lock().requests.clone()
    }

    /// How many requests so far are meant.
    pub fn count_where(&self, meant: impl Fn(&Request) -> bool) -> usize {
        self.shared.lock().requests.iter().filter(|request| meant(request)).count()
    }

    /// Waits for the request with this number, counted from 1.
    #[track_caller]
    pub fn wait_for_request(&self, number: usize) -> Request {
        self.wait_for(|requests| requests.get(number - 1).cloned(), &format!("request {number}"))
    }

    /// Waits for a request that asks for this action for this call.
    #[track_caller]
    pub fn wait_for_action(&self, action: &str, key: &str) -> Request {
        let wanted = |requests: &[Request]| requests.iter().find(|r| r.action() == action && r.key() == key).cloned();
        self.wait_for(wanted, &format!("{action} for {key}"))
    }

    #[track_caller]
    fn wait_for(&self, wanted: impl Fn(&[Request]) -> Option<Request>, what: &str) -> Request {
        let deadline = Instant::now() + DEADLINE;
        let mut state = self.shared.lock();
        loop {
            if let Some(found) = wanted(&state.requests) {
                return found;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(
                !left.is_zero(),
                "the provider waited for {what}; requests: {:#?}, complaints: {:#?}",
                state.requests,
                state.complaints
            );
            state = self.shared.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// What was sent that the provider does not document. Taken: only what comes later fails the test.
    pub fn take_complaints(&self) -> Vec<String> {
        std::mem::take(&mut self.shared.lock().complaints)
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.gone = true;
        for (_, connection) in state.connections.drain() {
            let _ = connection.shutdown(Shutdown::Both);
        }
        let complaints = std::mem::take(&mut state.complaints);
        drop(state);
        self.shared.changed.notify_all();
        // The acceptor sees that it is over when somebody knocks.
        let _ = TcpStream::connect(self.address);
        assert!(complaints.is_empty() || std::thread::panicking(), "the provider complains: {complaints:#?}");
    }
}

/// Takes request after request from one connection.
fn serve(mut stream: &TcpStream, connection: usize, shared: &Shared) {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let Some(length) = message_length(&bytes) else {
            match stream.read(&mut buffer) {
                Ok(read @ 1..) => bytes.extend_from_slice(&buffer[..read]),
                _ => break,
            }
            continue;
        };
        let whole: Vec<u8> = bytes.drain(..length).collect();
        let answer = look_at(&whole, connection, shared);
        if answer.write_to(stream, shared).is_err() {
            break;
        }
    }
    if !bytes.is_empty() {
        shared.lock().complaints.push(format!("an unfinished request: {}", bytes.escape_ascii()));
    }
    let _ = stream.shutdown(Shutdown::Both);
}

/// The length of the first message in the bytes, request or answer, once it is whole.
pub fn message_length(bytes: &[u8]) -> Option<usize> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&bytes[..end]);
    let body: usize = header(&head, "content-length").and_then(|value| value.parse().ok()).unwrap_or(0);
    (bytes.len() >= end + body).then_some(end + body)
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines()
        .skip(1)
        .filter_map(|line| line.split_once(':'))
        .find(|(field, _)| field.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim())
}

/// Keeps the request and decides on the answer.
fn look_at(bytes: &[u8], connection: usize, shared: &Shared) -> Reply {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap_or(bytes.len() - 4) + 4;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let body = String::from_utf8_lossy(&bytes[end..]).into_owned();
    let read = check_head(&head).and_then(|()| check_body(&body));
    let mut state = shared.lock();
    let reply = match &read {
        Ok(_) => Reply::to(state.script.pop_front().unwrap_or(Answer::Success)),
        Err(complaint) => {
            state.complaints.push(format!("{complaint}\n{head}{body}"));
            Reply::to(Answer::Refuse("the request is not as documented"))
        }
    };
    state.count += 1;
    if !state.forgets {
        state.requests.push(Request { at: Instant::now(), connection, head, body, parameters: read.unwrap_or_default() });
    }
    drop(state);
    shared.changed.notify_all();
    reply
}

fn check_head(head: &str) -> Result<(), String> {
    let line = head.lines().next().unwrap_or_default();
    if line != format!("POST {PATH} HTTP/1.1") {
        return Err(format!("the request line is {line:?}"));
    }
    for name in ["content-type", "accept"] {
        if header(head, name) != Some(XML) {
            return Err(format!("{name} is {:?}", header(head, name)));
        }
    }
    if header(head, "host").is_none_or(str::is_empty) {
        return Err("no Host".to_owned());
    }
    Ok(())
}

/// Reads the body as the provider documents it, and returns the action's parameters.
fn check_body(body: &str) -> Result<Vec<(String, String)>, String> {
    if !body.starts_with(DECLARATION) {
        return Err(format!("the body does not begin with {DECLARATION}"));
    }
    let document = roxmltree::Document::parse(body).map_err(|error| format!("no XML: {error}"))?;
    let root = document.root_element();
    expect_name(root, "REQUEST", &[])?;
    let [token, action] = elements(root)?[..] else { return Err("REQUEST holds other than USERTOKEN and ACTION".to_owned()) };
    expect_name(token, "USERTOKEN", &[])?;
    let [key] = elements(token)?[..] else { return Err("USERTOKEN holds other than USERKEY".to_owned()) };
    expect_name(key, "USERKEY", &[])?;
    if key.text().is_none_or(str::is_empty) {
        return Err("USERKEY is empty".to_owned());
    }
    expect_name(action, "ACTION", &["NAME"])?;
    let name = action.attribute("NAME").unwrap_or_default();
    if name != ACTION && name != ACTION_AS_IN_THE_SAMPLE {
        return Err(format!("the action is {name:?}"));
    }
    let mut parameters = Vec::new();
    for parameter in elements(action)? {
        expect_name(parameter, "PARAMETER", &["NAME"])?;
        let name = parameter.attribute("NAME").unwrap_or_default().to_owned();
        parameters.push((name, parameter.text().unwrap_or_default().to_owned()));
    }
    check_parameters(&parameters)?;
    Ok(parameters)
}

fn check_parameters(all: &[(String, String)]) -> Result<(), String> {
    let mut own = all;
    if let [(name, value), rest @ ..] = all
        && name == "SIGNATURE"
    {
        if value.len() != 40 || !value.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(format!("SIGNATURE is no 40 lower-case hex digits: {value:?}"));
        }
        own = rest;
    }
    let names: Vec<_> = own.iter().map(|(name, _)| name.as_str()).collect();
    if names != PARAMETERS {
        return Err(format!("the parameters are {names:?}"));
    }
    if let Some((name, _)) = own.iter().find(|(_, value)| value.is_empty()) {
        return Err(format!("{name} is empty"));
    }
    let (number, action) = (&own[2].1, &own[3].1);
    if !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("E164 is {number:?}"));
    }
    if !["MUTE", "UNMUTE", "KICK"].contains(&action.as_str()) {
        return Err(format!("CONFERENCE.ACTION is {action:?}"));
    }
    Ok(())
}

/// The child elements; text between them may only be white space.
fn elements<'a>(of: roxmltree::Node<'a, 'a>) -> Result<Vec<roxmltree::Node<'a, 'a>>, String> {
    let stray = of.children().find(|child| !child.is_element() && !child.text().is_some_and(|text| text.trim().is_empty()));
    match stray {
        Some(stray) => Err(format!("something stands in {} beside its elements: {stray:?}", of.tag_name().name())),
        None => Ok(of.children().filter(roxmltree::Node::is_element).collect()),
    }
}

fn expect_name(node: roxmltree::Node<'_, '_>, name: &str, attributes: &[&str]) -> Result<(), String> {
    let found: Vec<_> = node.attributes().map(|attribute| attribute.name()).collect();
    if node.tag_name().name() != name || found != attributes {
        return Err(format!("where {name} {attributes:?} is expected stands {} {found:?}", node.tag_name().name()));
    }
    Ok(())
}

/// Bytes to send, and what becomes of the connection afterwards.
struct Reply {
    bytes: Vec<u8>,
    then: Then,
}

enum Then {
    KeepOpen,
    Close,
    Hang,
    Hold,
}

impl Reply {
    fn to(answer: Answer) -> Self {
        let page = "<html><body>Service</body></html>";
        match answer {
            Answer::Success => Self::http(200, "application/xml; charset=UTF-8", &response("<RESULT>SUCCESS</RESULT>")),
            Answer::Refuse(words) => {
                let words = words.replace('&', "&amp;").replace('<', "&lt;");
                Self::http(200, "text/html; Charset=utf-8", &response(&format!("<RESULT></RESULT>\n  <ERROR>{words}</ERROR>")))
            }
            Answer::Garbage => Self::http(200, "text/html", page),
            Answer::Status(status) => Self::http(status, "text/html", page),
            Answer::Hang => Self { bytes: Vec::new(), then: Then::Hang },
            Answer::Hold => Self { then: Then::Hold, ..Self::to(Answer::Success) },
            Answer::Cut => Self { bytes: Vec::new(), then: Then::Close },
            Answer::Bytes(bytes) => Self { bytes, then: Then::Close },
        }
    }

    fn http(status: u16, kind: &str, body: &str) -> Self {
        let head = format!("HTTP/1.1 {status} {}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n", reason(status), body.len());
        Self { bytes: (head + body).into_bytes(), then: Then::KeepOpen }
    }

    /// Ok when the connection may bring another request.
    fn write_to(&self, mut stream: &TcpStream, shared: &Shared) -> std::io::Result<()> {
        if let Then::Hold = self.then {
            let mut state = shared.lock();
            while !state.released && !state.gone {
                state = shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
        }
        stream.write_all(&self.bytes)?;
        stream.flush()?;
        match self.then {
            Then::KeepOpen | Then::Hold => return Ok(()),
            Then::Close => {}
            Then::Hang => {
                let mut state = shared.lock();
                while !state.gone {
                    state = shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
        Err(std::io::ErrorKind::ConnectionAborted.into())
    }
}

fn response(inner: &str) -> String {
    format!("{DECLARATION}\n<RESPONSE>\n  {inner}\n</RESPONSE>\n")
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        429 => "Too Many Requests",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Other",
    }
}
