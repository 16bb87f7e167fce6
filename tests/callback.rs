//! A callback that got its `200` is on disk; one that got anything else left nothing. On real sockets, with
//! the real journal.

#![allow(clippy::expect_used, reason = "clippy takes the helpers of an integration test for ordinary code")]

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use confmod::callback::{self, Counts, Guard, Limits, Listener};
use confmod::conference::Moment;
use confmod::conference::event::{Event, Seq, What};
use confmod::config::Secret;
use confmod::journal::Journal;
use confmod::journal::sqlite::Sqlite;
use confmod::text::is_showable;

const TOKEN: &str = "fedcba9876543210fedcba9876543210";

struct House {
    listener: Listener,
    journal: Arc<Sqlite>,
    counts: Arc<Counts>,
    folder: tempfile::TempDir,
}

impl House {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let journal = Arc::new(Sqlite::open(&folder.path().join("journal.sqlite"), "a test").expect("a journal"));
        let counts = Arc::new(Counts::default());
        let guard = Guard::new(&Secret::from(TOKEN), None, &[], &[]);
        let router =
            callback::router(Arc::clone(&journal) as Arc<dyn Journal>, guard, None, Arc::clone(&counts), || Moment(1_700_000_000_000));
        let socket = TcpListener::bind("127.0.0.1:0").expect("a port");
        let listener = callback::start(socket, router, Limits::default(), Arc::clone(&counts)).expect("a listener");
        Self { listener, journal, counts, folder }
    }

    /// What callbacks left behind; the journal's own entries are not theirs.
    fn events(&self) -> Vec<Event> {
        let events = self.journal.history().read(Seq(0), 10_000).expect("readable");
        events.into_iter().filter(|event| event.what.call().is_some()).collect()
    }

    fn get(&self, rest: &str) -> String {
        get(self.listener.address(), rest)
    }
}

fn get(address: SocketAddr, rest: &str) -> String {
    ask(address, format!("GET /callback/{TOKEN}/{rest} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").as_bytes())
}

fn post(address: SocketAddr, kind: &str, form: &str) -> String {
    let head = format!("POST /callback/{TOKEN}/{kind} HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: {}", form.len());
    ask(address, format!("{head}\r\ncontent-type: application/x-www-form-urlencoded\r\n\r\n{form}").as_bytes())
}

fn ask(address: SocketAddr, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a time-out");
    stream.write_all(request).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer and an orderly end");
    answer
}

#[test]
fn every_200_is_in_the_journal_when_it_arrives() {
    let house = House::new();
    let wanted = [
        ("start?key=1", "started"),
        ("join?key=1&conference=1122&E164=%2B12157010680", "joined"),
        ("hand?key=1&state=down", "hand"),
        ("leave?key=1", "left"),
    ];
    for (count, (callback, kind)) in (1..).zip(wanted) {
        let answer = house.get(callback);
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\nok"), "{answer}");
        let events = house.events();
        assert_eq!((events.len(), events.last().map(|event| event.what.kind())), (count, Some(kind)));
    }
    let raw = house.journal.history().raw(house.events()[1].seq).expect("readable");
    assert_eq!(raw.as_deref(), Some(r#"{"key":"1","conference":"1122","E164":"+12157010680"}"#));
    assert_eq!(house.counts.last_callback(), Some(Moment(1_700_000_000_000)));
}

#[test]
fn many_at_once_are_all_taken_and_survive_a_new_start() {
    let house = House::new();
    let address = house.listener.address();
    let clients: Vec<_> = (0..8)
        .map(|client| {
            std::thread::spawn(move || {
                for call in 0..25 {
                    let answer = get(address, &format!("join?key={client}-{call}&conference=1122"));
                    assert!(answer.ends_with("\r\n\r\nok"), "{answer}");
                }
            })
        })
        .collect();
    for client in clients {
        client.join().expect("all answered");
    }
    let House { listener, journal, folder, .. } = house;
    listener.stop(Duration::from_secs(2));
    journal.close();
    drop(journal);
    let again = Sqlite::open(&folder.path().join("journal.sqlite"), "a test").expect("the journal again");
    let events = again.history().read(Seq(0), 10_000).expect("readable");
    let keys: std::collections::BTreeSet<_> = events.iter().filter_map(|event| event.what.call()).collect();
    assert_eq!(keys.len(), 200);
}

#[test]
fn whatever_is_refused_leaves_nothing() {
    let house = House::new();
    let address = house.listener.address();
    let long = "9".repeat(257);
    let cases = [
        (house.get("join?conference=1122"), 400),
        (house.get("join?key=$[CALLFLOW.INSTANCE.KEY]$&conference=1122"), 400),
        (house.get("join?key=1"), 400),
        (house.get(&format!("join?key={long}&conference=1122")), 400),
        (house.get("hand?key=1&state=maybe"), 400),
        (ask(address, b"GET /callback/wrong/join?key=1&conference=1122 HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"), 403),
        (ask(address, b"GET /callback HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"), 403),
        (house.get("joined?key=1&conference=1122"), 404),
        (ask(address, format!("HEAD /callback/{TOKEN}/start?key=1 HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").as_bytes()), 405),
        (post(address, "join", &format!("key=1&conference=1122&x={}", "x".repeat(1 << 20))), 413),
        (house.get(&format!("join?key=1&conference=1122&x={}", "x".repeat(1 << 20))), 414),
        (ask(address, format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "x".repeat(1_000_000)).as_bytes()), 431),
    ];
    for (answer, status) in cases {
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{status}: {answer:.300}");
        assert!(!answer.contains(TOKEN));
    }
    assert_eq!(house.events(), []);
    assert_eq!((house.counts.last_callback(), house.counts.refused_count()), (None, 12));
}

#[test]
fn a_closed_journal_is_503_and_when_to_come_back() {
    let house = House::new();
    house.journal.close();
    let answer = house.get("join?key=1&conference=1122");
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("\r\nretry-after: "), "{answer}");
    assert_eq!((house.counts.dropped_count(), house.counts.refused_count()), (1, 0));
    let reopened = Sqlite::open(&house.folder.path().join("journal.sqlite"), "a test").expect("the journal again");
    let events = reopened.history().read(Seq(0), 10_000).expect("readable");
    assert!(events.iter().all(|event| event.what.call().is_none()), "{events:?}");
}

#[test]
fn hostile_text_is_kept_without_its_teeth() {
    let house = House::new();
    let address = house.listener.address();
    let hostile = "%1b]52;c;ZXZpbA%3D%3D%07%C2%9b2J%E2%80%AE%E2%80%8B%F3%A0%81%81Eve%CC%81%CC%81%CC%81%CC%81%CC%81";
    let fields = format!("key=1{hostile}&conference=2{hostile}&E164=3{hostile}&name={hostile}&CALLED={hostile}&{hostile}={hostile}");
    assert!(post(address, "join", &fields).ends_with("\r\n\r\nok"));
    assert!(house.get(&format!("join?{fields}")).ends_with("\r\n\r\nok"));
    let events = house.events();
    assert_eq!(events.len(), 2);
    for event in events {
        let raw = house.journal.history().raw(event.seq).expect("readable").expect("raw fields");
        let body = event.what.body().expect("a body");
        assert!(raw.chars().chain(body.chars()).all(is_showable), "{raw:?} {body:?}");
        let What::Joined(arrival) = event.what else { panic!("{event:?}") };
        assert_eq!(arrival.name.as_deref(), Some("]52;c;ZXZpbA==2JEve\u{301}\u{301}\u{301}"));
    }
}
