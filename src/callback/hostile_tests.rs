//! The listener against clients that mean harm, on real sockets: what could be read as two requests, who makes room
//! for whom, answers that nobody reads.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rustix::net::sockopt::set_socket_recv_buffer_size;

use super::memory::Mood;
use super::socket_tests::{House, JOIN, get, is_closed, one_answer, rest, wait_until};
use super::*;

#[test]
fn a_request_that_could_be_two_is_refused_and_nothing_behind_it_is_taken() {
    let second = get(JOIN, "");
    for headers in [
        "content-length: 5\r\ntransfer-encoding: chunked\r\n",
        "transfer-encoding: chunked\r\ncontent-length: 5\r\n",
        "content-length: 0\r\ncontent-length: 0\r\n",
        "content-length: 0\r\ncontent-length: 5\r\n",
        "transfer-encoding: gzip, chunked\r\n",
        "content-length: 0, 0\r\n",
        "x: y\r\n folded: z\r\n",
        "x: y\ncontent-length: 5\r\n",
        "x: \0\r\n",
    ] {
        let house = House::new(Limits::default());
        let request = format!("POST {JOIN} HTTP/1.1\r\nhost: a\r\n{headers}\r\n0\r\n\r\n{second}");
        house.refused(&house.exchange(request.as_bytes()), 400, headers);
        assert_eq!(house.counts.refused_count(), 1, "{headers:?}");
    }
    let house = House::new(Limits::default());
    house.refused(&house.exchange(format!("GET {JOIN} HTTP/1.1\nhost: a\n\n").as_bytes()), 400, "bare line feeds");
}

#[test]
fn a_body_in_chunks_is_taken_and_ends_the_connection() {
    let house = House::new(Limits { body: 4_096, ..Limits::default() });
    let head = format!("POST {JOIN} HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n");
    let answers = house.exchange(format!("{head}4\r\na=bc\r\n0\r\n\r\n{}", get(JOIN, "")).as_bytes());
    assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 1, "{answers}");
    assert_eq!((answers.matches("HTTP/1.1").count(), house.journal.drafts().len()), (1, 1), "{answers}");
    // A whole body in the smallest chunks there are.
    let tiny = "1\r\nx\r\n";
    assert!(house.exchange(format!("{head}{}0\r\n\r\n", tiny.repeat(4_096)).as_bytes()).starts_with("HTTP/1.1 200 "));
    assert_eq!(house.journal.drafts().len(), 2);
    assert!(house.exchange(format!("{head}{}0\r\n\r\n", tiny.repeat(4_097)).as_bytes()).starts_with("HTTP/1.1 413 "));
}

#[test]
fn an_empty_line_before_a_request_is_passed_over() {
    let house = House::new(Limits::default());
    let post = format!("POST {JOIN} HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\na=bc\r\n");
    let answers = house.exchange(format!("{post}{}", get(JOIN, "connection: close\r\n")).as_bytes());
    assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 2, "{answers}");
}

/// Sends request after request and reads nothing; false when that goes on and on.
fn is_cut_off(mut stream: TcpStream) -> bool {
    set_socket_recv_buffer_size(&stream, 2_048).expect("a small window");
    let requests = get("/healthz", "").repeat(1_000);
    let mut sent = 0;
    while stream.write_all(requests.as_bytes()).is_ok() {
        sent += requests.len();
        if sent > 64 << 20 {
            return false;
        }
    }
    true
}

#[test]
fn a_client_that_reads_no_answers_is_cut_off_and_takes_up_nothing() {
    let limits = Limits { answer_time: Duration::from_millis(200), head_time: Duration::from_secs(600), ..Limits::default() };
    let house = House::new(limits);
    let stream = house.connect();
    stream.set_write_timeout(Some(Duration::from_secs(20))).expect("a time-out");
    let began = Instant::now();
    assert!(is_cut_off(stream));
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}

#[test]
fn a_client_that_stays_after_its_refusal_is_let_go() {
    let house = House::new(Limits { linger_time: Duration::from_millis(200), ..Limits::default() });
    let mut stream = house.connect();
    stream.write_all(b"nonsense\r\n\r\n").expect("written");
    assert!(rest(&mut stream).starts_with("HTTP/1.1 400 "));
    // The answer is out and its end, too. What is sent now meets nobody once the connection is gone.
    wait_until("it is gone", || {
        std::thread::sleep(Duration::from_millis(20));
        stream.write_all(b"x").is_err()
    });
}

#[test]
fn strangers_make_room_before_those_who_had_the_token() {
    let house = House::new(Limits { connections: 3, ..Limits::default() });
    let mut known = house.connect();
    known.write_all(get(JOIN, "").as_bytes()).expect("written");
    assert!(one_answer(&mut known).ends_with("ok"));
    let mut strangers: Vec<_> = (0..6)
        .map(|_| {
            let mut stranger = house.connect();
            stranger.write_all(get("/healthz", "").as_bytes()).expect("written");
            assert!(one_answer(&mut stranger).ends_with("ok"));
            stranger
        })
        .collect();
    for stranger in &mut strangers[..4] {
        assert!(is_closed(stranger));
    }
    known.write_all(get(JOIN, "").as_bytes()).expect("written");
    assert!(one_answer(&mut known).ends_with("ok"));
}

#[test]
fn whoever_comes_in_a_crowd_is_heard_before_making_room() {
    let house = House::new(Limits { connections: 2, ..Limits::default() });
    // All of them wait to be accepted before the first one is.
    house.journal.set(Mood::Hold);
    let mut busy: Vec<_> = (0..2).map(|_| house.connect()).collect();
    for stream in &mut busy {
        stream.write_all(get(JOIN, "connection: close\r\n").as_bytes()).expect("written");
    }
    wait_until("both events are queued", || house.journal.drafts().len() == 2);
    let mut crowd: Vec<_> = (0..50).map(|_| house.connect()).collect();
    for stream in &mut crowd {
        stream.write_all(get(JOIN, "connection: close\r\n").as_bytes()).expect("written");
    }
    house.journal.set(Mood::Take);
    house.journal.settle();
    for mut stream in busy.into_iter().chain(crowd) {
        assert!(rest(&mut stream).ends_with("\r\n\r\nok"));
    }
}

#[test]
fn a_good_callback_does_not_wait_for_all_that_a_stranger_asked() {
    let house = House::new(Limits::default());
    let mut stranger = house.connect();
    stranger.write_all(get("/healthz", "").as_bytes()).expect("written");
    let all = 20_000 * one_answer(&mut stranger).len();
    let mut reader = stranger.try_clone().expect("a second handle");
    let flood = std::thread::spawn(move || {
        // It ends when the listener does.
        let _ = stranger.write_all(get("/healthz", "").repeat(20_000).as_bytes());
    });
    let read = Arc::new(AtomicUsize::new(0));
    let reading = Arc::clone(&read);
    let answers = std::thread::spawn(move || {
        let mut buffer = [0; 4_096];
        while let Ok(more @ 1..) = reader.read(&mut buffer) {
            reading.fetch_add(more, Ordering::Relaxed);
        }
    });
    wait_until("the flood has begun", || read.load(Ordering::Relaxed) > 1_000);
    assert!(house.exchange(get(JOIN, "connection: close\r\n").as_bytes()).ends_with("ok"));
    assert!(read.load(Ordering::Relaxed) < all, "all of them came first");
    drop(house);
    flood.join().expect("sent or cut off");
    answers.join().expect("read or cut off");
}
