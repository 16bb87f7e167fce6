//! The listener on real sockets: limits, time-outs, connections that make room, stopping.
//!
//! Every wait in here is for something that happens; the read time-out only ends a test that hangs.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use super::memory::{Memory, Mood};
use super::*;
use crate::config::Secret;

mod strangers;

pub(super) const JOIN: &str = "/callback/token/join?key=7&conference=1122";

pub(super) struct House {
    pub(super) listener: Listener,
    pub(super) journal: Arc<Memory>,
    pub(super) counts: Arc<Counts>,
}

impl House {
    pub(super) fn new(limits: Limits) -> Self {
        let (journal, counts) = (Memory::new(), Arc::new(Counts::default()));
        let guard = Guard::new(&Secret::from("token"), None, &[], &[]).with_limits(limits.clone());
        let router = router(Arc::clone(&journal) as Arc<dyn Journal>, guard, None, Arc::clone(&counts), || Moment(1));
        let socket = TcpListener::bind("127.0.0.1:0").expect("a port");
        let listener = start(socket, router, limits, Arc::clone(&counts)).expect("a listener");
        Self { listener, journal, counts }
    }

    pub(super) fn connect(&self) -> TcpStream {
        connect(self.listener.address())
    }

    /// Sends bytes on a connection of their own and reads whatever comes until the end.
    pub(super) fn exchange(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect();
        stream.write_all(bytes).expect("the listener reads on");
        rest(&mut stream)
    }

    #[track_caller]
    pub(super) fn refused(&self, answer: &str, status: u16, case: &str) {
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{case}: {answer:.300}");
        assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{case}: {answer}");
        assert!(answer.contains("content-type: text/plain") && answer.contains("cache-control: no-store"), "{case}: {answer}");
        assert_eq!(self.journal.drafts(), [], "{case} left an event");
    }
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a time-out");
    stream
}

pub(super) fn rest(stream: &mut TcpStream) -> String {
    let mut out = String::new();
    stream.read_to_string(&mut out).expect("an orderly end, no reset");
    out
}

/// Reads one answer from a connection that stays open.
pub(super) fn one_answer(stream: &mut TcpStream) -> String {
    let mut out = Vec::new();
    let mut byte = [0];
    loop {
        assert_eq!(stream.read(&mut byte).expect("an answer"), 1, "closed after {}", String::from_utf8_lossy(&out));
        out.push(byte[0]);
        let text = String::from_utf8_lossy(&out);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).expect("a length");
            if body.len() == length.parse::<usize>().expect("a number") {
                return text.into_owned();
            }
        }
    }
}

/// Whether the other side has closed: an end or a reset, nothing else.
pub(super) fn is_closed(stream: &mut TcpStream) -> bool {
    match stream.read(&mut [0; 1]) {
        Ok(0) => true,
        Ok(_) => false,
        Err(error) => error.kind() == ErrorKind::ConnectionReset,
    }
}

pub(super) fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let began = Instant::now();
    while !done() {
        assert!(began.elapsed() < Duration::from_secs(20), "waited in vain until {what}");
        std::thread::yield_now();
    }
}

pub(super) fn get(path: &str, more: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: a\r\n{more}\r\n")
}

#[test]
fn callbacks_over_one_connection_and_over_many() {
    let house = House::new(Limits::default());
    let mut stream = house.connect();
    for _ in 0..3 {
        stream.write_all(get(JOIN, "").as_bytes()).expect("written");
        assert!(one_answer(&mut stream).ends_with("\r\n\r\nok"));
    }
    assert!(house.exchange(get(JOIN, "connection: close\r\n").as_bytes()).ends_with("\r\n\r\nok"));
    assert!(house.exchange(format!("GET {JOIN} HTTP/1.0\r\n\r\n").as_bytes()).ends_with("\r\n\r\nok"));
    let form = "key=7&conference=1122";
    let post =
        format!("POST /callback/token/join HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{form}", form.len());
    assert!(house.exchange(post.as_bytes()).ends_with("\r\n\r\nok"));
    assert_eq!(house.journal.drafts().len(), 6);
}

#[test]
fn a_client_that_closes_its_side_after_asking_is_answered() {
    let house = House::new(Limits::default());
    house.journal.set(Mood::Hold);
    let mut stream = house.connect();
    stream.write_all(get(JOIN, "").as_bytes()).expect("written");
    stream.shutdown(Shutdown::Write).expect("closed");
    wait_until("the event is queued", || house.journal.drafts().len() == 1);
    house.journal.settle();
    assert!(rest(&mut stream).ends_with("\r\n\r\nok"));
}

#[test]
fn who_said_to_send_nothing_more_is_not_waited_for() {
    let house = House::new(Limits::default());
    let closes = |request: &str| {
        let mut stream = house.connect();
        stream.write_all(request.as_bytes()).expect("taken");
        let answer = rest(&mut stream);
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        // Our side is open, and what comes on a connection that is gone is answered with a reset.
        let again = || stream.try_clone().and_then(|mut stream| stream.write_all(b"x"));
        let until = Instant::now() + Duration::from_millis(500);
        while again().is_ok() {
            if Instant::now() > until {
                return false;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        true
    };
    assert!(closes(&get(JOIN, "Connection: close\r\n")));
    assert!(closes(&get(JOIN, "Connection: Close\r\n")));
    let with_a_body = |body: &str| format!("POST {JOIN} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 4\r\n\r\n{body}");
    assert!(!closes(&with_a_body("E=16")), "a line end may follow a body");
    assert!(!closes(&(get(JOIN, "Connection: close\r\n") + "x")), "it said more all the same");
}

#[test]
fn pipelined_requests_are_answered_one_by_one() {
    let house = House::new(Limits::default());
    let two = format!("{}{}", get(JOIN, ""), get(JOIN, "connection: close\r\n"));
    assert_eq!(house.exchange(two.as_bytes()).matches("HTTP/1.1 200 OK").count(), 2);
    let then_long = format!("{}GET /{}", get(JOIN, ""), "x".repeat(100 << 10));
    let answers = house.exchange(then_long.as_bytes());
    assert!(answers.contains("HTTP/1.1 200 OK") && answers.contains("HTTP/1.1 414 URI Too Long"), "{answers}");
    let then_header = format!("{}GET / HTTP/1.1\r\nx: {}", get(JOIN, ""), "x".repeat(100 << 10));
    let answers = house.exchange(then_header.as_bytes());
    assert!(answers.contains("HTTP/1.1 200 OK") && answers.contains("HTTP/1.1 431 "), "{answers}");
}

#[test]
fn a_request_line_that_is_too_long_gets_414_whatever_its_length() {
    for size in [9 << 10, 15 << 10, 23 << 10, 100 << 10, 1 << 20] {
        for path in ["/callback/token/join?key=7&conference=1122&x=", "/callback/wrong/", "/"] {
            let house = House::new(Limits::default());
            let answer = house.exchange(get(&format!("{path}{}", "x".repeat(size)), "connection: close\r\n").as_bytes());
            if path == "/" && size < 24 << 10 {
                house.refused(&answer, 404, "what is no callback");
                continue;
            }
            house.refused(&answer, 414, &format!("{size} bytes at {path}"));
            assert!(answer.contains("8192 bytes") && answer.contains("connection: close"), "{answer}");
            assert_eq!(house.counts.refused_count(), 1);
        }
    }
}

#[test]
fn headers_that_are_too_large_get_431() {
    let large = |bytes: usize| format!("x: {}\r\n", "x".repeat(bytes));
    let many = |count: usize| (0..count).fold(String::new(), |many, i| many + &format!("x{i}: 1\r\n"));
    for (headers, case) in [
        (large(66 << 10), "one large header"),
        (large(100 << 10), "a larger one"),
        (large(1_000_000), "a megabyte"),
        (large(4_000).repeat(5), "many that are large together"),
        (many(99), "101 with host and connection"),
        (many(5_000), "5,000 headers"),
    ] {
        let house = House::new(Limits::default());
        let answer = house.exchange(get(JOIN, &format!("{headers}connection: close\r\n")).as_bytes());
        house.refused(&answer, 431, case);
        assert_eq!(house.counts.refused_count(), 1);
    }
    let house = House::new(Limits::default());
    for headers in [large(15 << 10), many(98)] {
        assert!(house.exchange(get(JOIN, &format!("{headers}connection: close\r\n")).as_bytes()).starts_with("HTTP/1.1 200 "));
    }
}

#[test]
fn what_is_no_http_gets_400() {
    for bytes in [
        "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0",
        "hello\r\n\r\n",
        "GET / HTTP/1.1\r\nx y: z\r\n\r\n",
        "GET /\u{1b}[2J HTTP/1.1\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        let house = House::new(Limits::default());
        let answer = house.exchange(bytes.as_bytes());
        house.refused(&answer, 400, bytes);
        assert_eq!(house.counts.refused_count(), 1);
    }
}

#[test]
fn a_body_that_is_too_large_gets_413_even_while_it_is_being_sent() {
    let head = |more: &str| format!("POST /callback/token/join?key=7&conference=1 HTTP/1.1\r\nhost: a\r\n{more}\r\n");
    for size in [65_537, 200_000, 1 << 20] {
        let house = House::new(Limits::default());
        let mut request = head(&format!("content-length: {size}\r\n")).into_bytes();
        request.resize(request.len() + size, b'x');
        let answer = house.exchange(&request);
        house.refused(&answer, 413, &format!("{size} bytes"));
        assert!(answer.contains("connection: close"), "{answer}");

        let mut request = head("transfer-encoding: chunked\r\n").into_bytes();
        request.extend_from_slice(format!("{size:x}\r\n").as_bytes());
        request.resize(request.len() + size, b'x');
        request.extend_from_slice(b"\r\n0\r\n\r\n");
        house.refused(&house.exchange(&request), 413, &format!("{size} bytes in chunks"));
        assert_eq!(house.counts.refused_count(), 2);
    }
    let house = House::new(Limits::default());
    let answer = house.exchange(head("content-length: 70000\r\nexpect: 100-continue\r\n").as_bytes());
    house.refused(&answer, 413, "announced, and not asked for");
}

#[test]
fn a_client_that_sends_for_ever_is_cut_off() {
    let house = House::new(Limits::default());
    let mut stream = house.connect();
    stream.write_all(b"POST /callback/token/join HTTP/1.1\r\nhost: a\r\ncontent-length: 99999999999\r\n\r\n").expect("written");
    let (piece, mut sent) = (vec![b'x'; 65_536], 0);
    while stream.write_all(&piece).is_ok() {
        sent += 65_536;
        assert!(sent < 64 << 20, "the listener reads on and on");
    }
    assert_eq!(house.journal.drafts(), []);
}

#[test]
fn an_intruder_with_a_body_gets_the_same_answer() {
    let house = House::new(Limits::default());
    let mut request = b"POST /callback/wrong/join HTTP/1.1\r\nhost: a\r\ncontent-length: 900000\r\n\r\n".to_vec();
    request.resize(request.len() + 900_000, b'x');
    house.refused(&house.exchange(&request), 403, "a large body");
}

#[test]
fn a_head_or_a_body_that_does_not_come_closes_the_connection() {
    let short = Duration::from_millis(200);
    let house = House::new(Limits { head_time: short, ..Limits::default() });
    for partial in ["", "G", "GET /callback/token/join HTTP/1.1\r\nhost: a\r\n"] {
        let began = Instant::now();
        assert_eq!(house.exchange(partial.as_bytes()), "", "{partial:?}");
        assert!(began.elapsed() >= short, "{partial:?}");
    }
    let house = House::new(Limits { body_time: short, ..Limits::default() });
    let answer = house.exchange(b"POST /callback/token/join?key=7&conference=1 HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nx");
    house.refused(&answer, 408, "a slow body");
}

#[test]
fn a_connection_that_idles_is_closed_too() {
    let house = House::new(Limits { head_time: Duration::from_secs(1), ..Limits::default() });
    let mut stream = house.connect();
    stream.write_all(get(JOIN, "").as_bytes()).expect("written");
    assert!(one_answer(&mut stream).ends_with("ok"));
    assert_eq!(rest(&mut stream), "");
}

#[test]
fn each_answer_gives_the_next_head_its_whole_time() {
    let house = House::new(Limits { head_time: Duration::from_secs(2), ..Limits::default() });
    let mut stream = house.connect();
    let began = Instant::now();
    while began.elapsed() < Duration::from_millis(2_500) {
        stream.write_all(get(JOIN, "").as_bytes()).expect("written");
        assert!(one_answer(&mut stream).ends_with("ok"));
        std::thread::sleep(Duration::from_millis(250));
    }
}

#[test]
fn bytes_of_a_head_give_it_no_more_time() {
    let house = House::new(Limits { head_time: Duration::from_millis(300), ..Limits::default() });
    let mut stream = house.connect();
    // Half a minute of it, were it not ended.
    stream.set_read_timeout(Some(Duration::from_millis(30))).expect("a time-out");
    let head = format!("GET /{} HTTP/1.1\r\n", "x".repeat(1_000));
    let is_ended = head.bytes().any(|byte| {
        let ended = |error: &std::io::Error| !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut);
        stream.write_all(&[byte]).is_err() || stream.read(&mut [0]).map_or_else(|error| ended(&error), |read| read == 0)
    });
    assert!(is_ended);
}

#[test]
fn two_hundred_half_open_connections_are_all_closed() {
    let house = House::new(Limits { head_time: Duration::from_millis(200), ..Limits::default() });
    let mut streams: Vec<_> = (0..200).map(|_| house.connect()).collect();
    for stream in &mut streams {
        // One that was opened first may have been closed by now; that is the point.
        let _ = stream.write_all(b"GET /callback HTTP/1.1\r\n");
    }
    for mut stream in streams {
        assert!(is_closed(&mut stream));
    }
    assert_eq!(house.counts.evicted_count(), 0);
}

#[test]
fn targets_of_other_forms_are_paths_or_nowhere() {
    let house = House::new(Limits::default());
    for (line, status) in [
        ("CONNECT example.org:80", 404),
        ("OPTIONS *", 404),
        ("GET http://example.org/", 404),
        ("GET http://example.org/callback/wrong", 403),
        ("CONNECT example.org/callback", 400),
    ] {
        house.refused(&house.exchange(format!("{line} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").as_bytes()), status, line);
    }
    assert!(house.exchange(get(&format!("http://example.org{JOIN}"), "connection: close\r\n").as_bytes()).ends_with("ok"));
}

#[test]
fn an_answer_to_head_is_the_same_without_its_body() {
    let house = House::new(Limits::default());
    for path in ["/callback/wrong/join", "/callback/token/join?key=7", "/nowhere", "/healthz"] {
        let ask = |method: &str| house.exchange(format!("{method} {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").as_bytes());
        // HEAD is no method of callbacks, nor of the monitor's path; another that is none has the same answer.
        let (head, put) = (ask("HEAD"), ask("PUT"));
        let undated = |answer: &str| answer.lines().filter(|line| !line.starts_with("date:")).collect::<Vec<_>>().join("\n");
        let (lines, body) = put.split_once("\r\n\r\n").expect("an answer");
        assert!(!body.is_empty() && head.ends_with("\r\n\r\n"), "{path}: {head}");
        assert_eq!(undated(head.trim_end()), undated(lines), "{path}");
    }
}

#[test]
fn a_body_that_breaks_off_leaves_no_event() {
    let house = House::new(Limits::default());
    let mut stream = house.connect();
    stream
        .write_all(b"POST /callback/token/join?key=7&conference=1 HTTP/1.1\r\nhost: a\r\ncontent-length: 50\r\n\r\nkey=7")
        .expect("written");
    stream.shutdown(Shutdown::Write).expect("closed");
    let answer = rest(&mut stream);
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert_eq!(house.journal.drafts(), []);
}

#[test]
fn the_connection_that_waits_longest_makes_room() {
    let house = House::new(Limits { connections: 3, ..Limits::default() });
    house.journal.set(Mood::Hold);
    let mut busy = house.connect();
    busy.write_all(get(JOIN, "").as_bytes()).expect("written");
    wait_until("the event is queued", || house.journal.drafts().len() == 1);
    // Half a head, then half a body: neither is a complete request, and the order is that of arrival.
    let mut half_head = house.connect();
    half_head.write_all(b"GET /callback").expect("written");
    let mut half_body = house.connect();
    half_body.write_all(b"POST /callback/token/join HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nx").expect("written");
    assert_eq!(house.counts.evicted_count(), 0);

    let mut first = house.connect();
    assert!(is_closed(&mut half_head));
    let mut second = house.connect();
    assert!(is_closed(&mut half_body));
    assert_eq!(house.counts.evicted_count(), 2);

    // The busy one is the oldest of all, and still there when everybody else has come and gone.
    let mut third = house.connect();
    assert!(is_closed(&mut first));
    house.journal.settle();
    assert!(one_answer(&mut busy).ends_with("ok"));
    house.journal.set(Mood::Take);
    for stream in [&mut busy, &mut second, &mut third] {
        stream.write_all(get(JOIN, "").as_bytes()).expect("written");
        assert!(one_answer(stream).ends_with("ok"));
    }
    assert_eq!((house.counts.evicted_count(), house.journal.drafts().len()), (3, 4));
}

#[test]
fn when_everybody_is_busy_newcomers_wait() {
    let house = House::new(Limits { connections: 2, ..Limits::default() });
    house.journal.set(Mood::Hold);
    let mut busy: Vec<_> = (0..2).map(|_| house.connect()).collect();
    for stream in &mut busy {
        stream.write_all(get(JOIN, "").as_bytes()).expect("written");
    }
    wait_until("both events are queued", || house.journal.drafts().len() == 2);
    let mut late = house.connect();
    late.write_all(get(JOIN, "").as_bytes()).expect("written");
    house.journal.set(Mood::Take);
    house.journal.settle();
    assert!(one_answer(&mut late).ends_with("ok"));
    for stream in &mut busy {
        assert!(one_answer(stream).ends_with("ok"));
    }
    assert_eq!(house.counts.evicted_count(), 1, "one was answered and idle, and made room");
}

#[test]
fn half_open_connections_do_not_keep_a_callback_out() {
    let house = House::new(Limits { connections: 16, ..Limits::default() });
    let idle: Vec<_> = (0..50)
        .map(|_| {
            let mut stream = house.connect();
            stream.write_all(b"GET /").expect("written");
            stream
        })
        .collect();
    assert!(house.exchange(get(JOIN, "connection: close\r\n").as_bytes()).ends_with("ok"));
    assert!(house.counts.evicted_count() >= 35, "{}", house.counts.evicted_count());
    drop(idle);
}

#[test]
fn stopping_finishes_what_is_in_flight_and_nothing_else() {
    let house = House::new(Limits::default());
    let address = house.listener.address();
    house.journal.set(Mood::Hold);
    let (mut busy, mut idle, mut half) = (house.connect(), house.connect(), house.connect());
    half.write_all(b"GET /callback").expect("written");
    busy.write_all(get(JOIN, "").as_bytes()).expect("written");
    wait_until("the event is queued", || house.journal.drafts().len() == 1);
    let House { listener, journal, .. } = house;
    let began = Instant::now();
    let stopping = std::thread::spawn(move || listener.stop(Duration::from_secs(15)));
    assert!(is_closed(&mut idle) && is_closed(&mut half));
    assert!(TcpStream::connect(address).is_err(), "nobody is let in any more");
    journal.settle();
    let answer = rest(&mut busy);
    assert!(answer.ends_with("\r\n\r\nok"), "{answer}");
    stopping.join().expect("stopped");
    assert!(began.elapsed() < Duration::from_secs(10), "the limit is not waited for");
}

#[test]
fn stopping_has_a_hard_limit() {
    let house = House::new(Limits::default());
    house.journal.set(Mood::Hold);
    let mut busy = house.connect();
    busy.write_all(get(JOIN, "").as_bytes()).expect("written");
    wait_until("the event is queued", || house.journal.drafts().len() == 1);
    let House { listener, .. } = house;
    assert!(listener.is_running());
    let began = Instant::now();
    listener.stop(Duration::from_millis(200));
    assert!(began.elapsed() >= Duration::from_millis(200) && began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    assert!(is_closed(&mut busy), "without an answer, because there is none");
}

#[test]
fn stopping_does_not_wait_for_clients_that_linger() {
    let house = House::new(Limits { linger_time: Duration::from_secs(60), ..Limits::default() });
    let mut stream = house.connect();
    stream.write_all(b"nonsense\r\n\r\n").expect("written");
    assert!(rest(&mut stream).starts_with("HTTP/1.1 400 "));
    let began = Instant::now();
    house.listener.stop(Duration::from_secs(15));
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

#[test]
fn dropping_stops_at_once() {
    let house = House::new(Limits::default());
    let mut idle = house.connect();
    drop(house);
    assert!(is_closed(&mut idle));
}
