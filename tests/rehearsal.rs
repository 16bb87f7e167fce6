//! The rehearsal as a program outside sees it: real callbacks over HTTP, real asks, and every fault on the wire.

// Helpers outside test functions fail loudly too.
#![allow(clippy::expect_used)]

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use confmod::rehearsal::provider::{Provider, Verdict};
use confmod::rehearsal::scenario::Scenario;
use confmod::rehearsal::{Callbacks, Participant, Presence, Rehearsal, Settings};

/// Long enough for a busy machine; nothing here waits for it to pass.
const LIMIT: Duration = Duration::from_secs(20);

/// A listener for callbacks that answers 200, and what it was sent: the last part of the path, and the query.
struct Listener {
    callbacks: Callbacks,
    received: Receiver<(String, BTreeMap<String, String>)>,
}

fn listener() -> Listener {
    let socket = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let callbacks = Callbacks::parse(&format!("http://{}/callback/t0ken/join", socket.local_addr().expect("a port"))).expect("a URL");
    let (sender, received) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in socket.incoming() {
            let (Ok(stream), sender) = (stream, sender.clone()) else { continue };
            std::thread::spawn(move || hear(stream, &sender));
        }
    });
    Listener { callbacks, received }
}

fn hear(mut stream: TcpStream, sender: &mpsc::Sender<(String, BTreeMap<String, String>)>) {
    while let Some(head) = head(&mut stream) {
        let target = head.strip_prefix("GET ").and_then(|rest| rest.split(' ').next()).expect("a GET").to_owned();
        let (path, query) = target.split_once('?').expect("a query");
        let kind = path.strip_prefix("/callback/t0ken/").expect("the path through the token").to_owned();
        let fields = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let told = sender.send((kind, fields));
        if told.is_err() || stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n").is_err() {
            return;
        }
    }
}

/// A message's head; none when the other side hangs up.
fn head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        head.push(byte[0]);
    }
    String::from_utf8(head).ok()
}

impl Listener {
    fn next(&self) -> (String, BTreeMap<String, String>) {
        self.received.recv_timeout(LIMIT).expect("a callback")
    }
}

/// Sends one documented request on a connection of its own. `None` when the connection is closed without a byte.
fn ask(api: SocketAddr, action: &str, who: &Participant) -> Option<String> {
    let mut stream = TcpStream::connect(api).expect("the API listens");
    stream.set_read_timeout(Some(LIMIT)).expect("a socket");
    stream.write_all(&request(action, who, "close")).expect("the request goes out");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok();
    if answer.is_empty() { None } else { Some(String::from_utf8(answer).expect("UTF-8")) }
}

fn request(action: &str, who: &Participant, connection: &str) -> Vec<u8> {
    let body = format!(
        "<?xml version=\"1.0\" standalone=\"no\" ?><REQUEST><USERTOKEN><USERKEY>k</USERKEY></USERTOKEN>\
         <ACTION NAME=\"CALLFLOW.INSTANCE.CONFERENCE.ACTION\"><PARAMETER NAME=\"CALLFLOW.INSTANCE.KEY\">{}</PARAMETER>\
         <PARAMETER NAME=\"CONFERENCE.NUMBER\">{}</PARAMETER><PARAMETER NAME=\"E164\">{}</PARAMETER>\
         <PARAMETER NAME=\"CONFERENCE.ACTION\">{action}</PARAMETER></ACTION></REQUEST>",
        who.key, who.conference, who.number
    );
    format!(
        "POST /api/v3.asp HTTP/1.1\r\nHost: provider\r\nContent-Type: application/xml; charset=UTF-8\r\n\
         Accept: application/xml; charset=UTF-8\r\nConnection: {connection}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn start(name: &str, speed: f64) -> Rehearsal {
    let scenario = Scenario::load(name).expect("built in");
    Rehearsal::start(Settings { speed, ..Settings::new(scenario) }).expect("a free port")
}

/// The participant of that name, as soon as it is in.
fn inside(provider: &Provider, name: &str) -> Participant {
    let find = |all: &[Participant]| all.iter().find(|p| p.name.as_deref() == Some(name) && p.presence == Presence::In).cloned();
    assert!(provider.wait_for_participants(LIMIT, |all| find(all).is_some()), "{name} is in");
    find(&provider.participants()).expect("still in")
}

#[test]
fn callers_come_are_muted_and_kicked_and_say_that_they_left() {
    let listener = listener();
    let rehearsal = start("quiet", 50.0);
    rehearsal.call(listener.callbacks.clone());
    let mut kinds: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for _ in 0..6 {
        let (kind, fields) = listener.next();
        let key = fields["CALLFLOW.INSTANCE.KEY"].clone();
        if kind == "join" {
            assert_eq!(fields["CONFERENCE.NUMBER"], "1122");
            assert!(["Ada Lindqvist", "Bruno Keller", "Chloé Martin"].contains(&fields["CALLERNAME"].as_str()), "{fields:?}");
            assert!(fields["E164"].bytes().all(|b| b.is_ascii_digit()), "{fields:?}");
        }
        kinds.entry(key).or_default().push(kind);
    }
    assert_eq!(kinds.len(), 3);
    assert!(kinds.values().all(|kinds| kinds == &["start", "join"]), "{kinds:?}");

    let provider = rehearsal.provider();
    let ada = inside(&provider, "Ada Lindqvist");
    let answer = ask(rehearsal.address(), "MUTE", &ada).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.contains("<RESULT>SUCCESS</RESULT>"), "{answer}");
    assert!(inside(&provider, "Ada Lindqvist").muted);
    let answer = ask(rehearsal.address(), "KICK", &ada).expect("an answer");
    assert!(answer.contains("<RESULT>SUCCESS</RESULT>"), "{answer}");
    let (kind, fields) = listener.next();
    assert_eq!((kind.as_str(), &fields["CALLFLOW.INSTANCE.KEY"]), ("leave", &ada.key), "the flow goes on after the kick");
    let answer = ask(rehearsal.address(), "MUTE", &ada).expect("an answer");
    assert!(answer.contains("<ERROR>participant not found"), "{answer}");

    let chloe = inside(&provider, "Chloé Martin");
    assert_eq!((chloe.muted, chloe.presence), (false, Presence::In), "nobody else was touched");
    assert_eq!(rehearsal.violations(), Vec::<String>::new());
    assert_eq!(rehearsal.requests().len(), 3);
    assert!(rehearsal.wait_until_finished(LIMIT), "those who stay have done all they were scripted to do");
    rehearsal.stop();
}

#[test]
fn the_town_hall_plays_to_its_end() {
    let listener = listener();
    let rehearsal = start("town-hall", 400.0);
    rehearsal.call(listener.callbacks.clone());
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let scenario = Scenario::load("town-hall").expect("built in");
    let calls = scenario.callers.len();
    let hands: usize = scenario.callers.iter().map(|caller| caller.hand.len()).sum();
    let leaves = scenario.callers.iter().filter(|caller| caller.leave.is_some()).count();
    for _ in 0..2 * calls + hands + leaves {
        *counts.entry(listener.next().0).or_default() += 1;
    }
    let wanted = [("hand", hands), ("join", calls), ("leave", leaves), ("start", calls)];
    assert_eq!(counts, wanted.map(|(kind, count)| (kind.to_owned(), count)).into());
    let staying = |all: &[Participant]| all.iter().filter(|p| p.presence == Presence::In).count() == calls - leaves;
    assert!(rehearsal.provider().wait_for_participants(LIMIT, staying));
    assert_eq!(rehearsal.callbacks().1, 0, "no callback was given up");
}

#[test]
fn a_crowd_calls_back_to_the_last_one() {
    let listener = listener();
    let crowd = "title = \"crowd\"\nconferences = [\"1122\"]\ncrowd = { count = 400, over = \"60s\", stay = \"60s\" }";
    let scenario = Scenario::parse("crowd.toml", crowd).expect("a scenario");
    let rehearsal = Rehearsal::start(Settings { speed: 200.0, ..Settings::new(scenario) }).expect("a free port");
    rehearsal.call(listener.callbacks.clone());
    assert!(rehearsal.wait_until_finished(LIMIT));
    let participants = rehearsal.provider().participants();
    assert_eq!((participants.len(), rehearsal.calls()), (400, 400));
    assert!(participants.iter().all(|p| p.presence == Presence::Left));
    let kinds: Vec<String> = listener.received.try_iter().map(|(kind, _)| kind).collect();
    for kind in ["join", "leave"] {
        assert_eq!(kinds.iter().filter(|k| *k == kind).count(), 400, "{kind}");
    }
    assert_eq!(rehearsal.callbacks(), (kinds.len(), 0));
}

#[test]
fn every_fault_looks_on_the_wire_as_it_should() {
    let listener = listener();
    let rehearsal = start("faults", 200.0);
    rehearsal.call(listener.callbacks.clone());
    let provider = rehearsal.provider();
    let answer = |name: &str| ask(rehearsal.address(), "MUTE", &inside(&provider, name));
    let ok = "HTTP/1.1 200 OK\r\n";
    // Who is asked about, how the answer begins, what it contains, and whether the participant is muted.
    let cases = [
        ("Nothing wrong", ok, "<RESULT>SUCCESS</RESULT>", true),
        ("Slow", ok, "<RESULT>SUCCESS</RESULT>", true),
        ("Refused", ok, "<ERROR>Participant cannot be controlled</ERROR>", false),
        ("HTML", ok, "content-type: text/html", false),
        ("Busy", "HTTP/1.1 503 ", "retry-after: 1", false),
        ("Bad gateway", "HTTP/1.1 502 ", "<h1>502", false),
        ("Empty error", ok, "<RESULT>SUCCESS</RESULT>\n  <ERROR></ERROR>", true),
        ("Unknown elements", ok, "<TIMING/>", true),
        ("Unknown action", ok, "<ERROR>unknown action</ERROR>", false),
    ];
    for (name, begins, contains, muted) in cases {
        let said = answer(name).expect(name);
        assert!(said.starts_with(begins) && said.contains(contains), "{name}: {said}");
        assert_eq!(inside(&provider, name).muted, muted, "{name}");
    }
    for name in ["Busy", "Bad gateway", "Unknown action"] {
        assert!(answer(name).expect(name).contains("SUCCESS"), "{name} only once");
    }
    assert_eq!(answer("Cut"), None, "not a byte");
    assert!(answer("Cut").is_some_and(|said| said.contains("SUCCESS")), "only once");

    let half = answer("Half").expect("a half");
    let (head, body) = half.split_once("\r\n\r\n").expect("a whole head");
    let length: usize = head.lines().find_map(|line| line.strip_prefix("content-length: ")).expect("a length").parse().expect("a number");
    assert!(!body.is_empty() && body.len() < length, "{} of {length} bytes", body.len());
    assert!(inside(&provider, "Half").muted, "what breaks off is only the answer");

    let silent = inside(&provider, "Time-out");
    let mut stream = TcpStream::connect(rehearsal.address()).expect("the API listens");
    stream.write_all(&request("MUTE", &silent, "keep-alive")).expect("the request goes out");
    let fault = |kind| move |verdict: &Verdict| *verdict == Verdict::Fault { kind, acted: false };
    assert!(provider.wait_for(LIMIT, |requests| requests.iter().any(|r| fault("time-out")(&r.verdict))), "it was heard");
    stream.set_nonblocking(true).expect("a socket");
    assert_eq!(stream.read(&mut [0; 1]).map_err(|e| e.kind()), Err(std::io::ErrorKind::WouldBlock), "open, and silent");
    assert!(!inside(&provider, "Time-out").muted);
    assert_eq!(rehearsal.violations(), Vec::<String>::new(), "faults are the provider's, not the client's");
}

#[test]
fn connections_are_kept_and_told_apart() {
    let listener = listener();
    let rehearsal = start("quiet", 100.0);
    rehearsal.call(listener.callbacks.clone());
    let provider = rehearsal.provider();
    let ada = inside(&provider, "Ada Lindqvist");
    let mut stream = TcpStream::connect(rehearsal.address()).expect("the API listens");
    for action in ["MUTE", "UNMUTE"] {
        stream.write_all(&request(action, &ada, "keep-alive")).expect("the request goes out");
        let head = head(&mut stream).expect("an answer");
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).expect("a length");
        stream.read_exact(&mut vec![0; length.parse().expect("a number")]).expect("the whole body");
    }
    ask(rehearsal.address(), "MUTE", &ada).expect("an answer");
    let connections: Vec<u64> = rehearsal.requests().iter().map(|request| request.connection).collect();
    assert_eq!(connections, [1, 1, 2]);
}

#[test]
fn stopping_closes_the_port_at_once_even_while_an_answer_is_due() {
    let listener = listener();
    let rehearsal = start("faults", 200.0);
    rehearsal.call(listener.callbacks.clone());
    let silent = inside(&rehearsal.provider(), "Time-out");
    let api = rehearsal.address();
    let mut stream = TcpStream::connect(api).expect("the API listens");
    stream.set_read_timeout(Some(LIMIT)).expect("a socket");
    stream.write_all(&request("MUTE", &silent, "keep-alive")).expect("the request goes out");
    let provider = rehearsal.provider();
    assert!(provider.wait_for(LIMIT, |requests| !requests.is_empty()));
    rehearsal.stop();
    assert_eq!(stream.read(&mut [0; 1]).expect("closed in good order"), 0);
    assert!(TcpStream::connect(api).is_err(), "nobody listens any more");
    assert_eq!(provider.requests().len(), 1, "what was received can still be read");
}

#[test]
fn a_listener_that_refuses_is_reported_without_the_token() {
    let socket = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let callbacks = Callbacks::parse(&format!("http://{}/callback/t0ken", socket.local_addr().expect("a port"))).expect("a URL");
    std::thread::spawn(move || {
        for stream in socket.incoming() {
            let Ok(mut stream) = stream else { continue };
            if head(&mut stream).is_some() {
                let _ = stream.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 10\r\nConnection: close\r\n\r\nno such \x1b\n");
            }
        }
    });
    let (sender, lines) = mpsc::channel();
    let scenario = Scenario::load("quiet").expect("built in");
    let watch: confmod::rehearsal::Watch = Box::new(move |note| drop(sender.send(note.line)));
    let rehearsal = Rehearsal::start(Settings { speed: 500.0, watch: Some(watch), ..Settings::new(scenario) }).expect("a free port");
    rehearsal.call(callbacks);
    let mut seen = Vec::new();
    while !seen.iter().any(|line: &String| line.contains("the script is through")) {
        seen.push(lines.recv_timeout(LIMIT).expect("a line"));
    }
    assert!(
        seen.iter().any(|line| line.contains("Ada Lindqvist") && line.contains("gave the join callback up: status 403: no such")),
        "{seen:#?}"
    );
    assert!(seen.iter().all(|line| !line.contains("t0ken") && !line.contains('\u{1b}')), "{seen:#?}");
    assert_eq!(rehearsal.callbacks(), (0, 6));
    assert!(rehearsal.wait_until_finished(LIMIT));
}
