//! The promise: no ask is lost or doubled silently. Whatever happens to the provider and to the way to it, at every
//! byte of the exchange, every ask ends once, as what it was; per caller the order of the asks holds; and a kick that
//! may have been done is not sent again.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failing helper is a failing test")]

mod support;

#[path = "support/faulty.rs"]
mod faulty;
#[path = "delivery/shot.rs"]
mod shot;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use faulty::{Dress, End, Fault, Faulty};
use shot::{Case, command, play, shoot};
use support::home::Home;
use support::provider::Provider;
use support::scale::{Figures, full, pick};

const ALL: usize = usize::MAX;
const ACTIONS: [&str; 2] = ["mute", "kick"];
const ACCEPTED: &[&str] = &["accepted"];
const UNKNOWN: &[&str] = &["unknown"];
const NOT_DELIVERED: &[&str] = &["not delivered"];
/// A RST may overtake what was sent before it.
const EITHER: &[&str] = &["accepted", "unknown"];
const ANY: &[&str] = &["accepted", "unknown", "refused"];

fn case(action: &'static str, faults: impl Into<Vec<Fault>>, outcomes: &'static [&'static str]) -> Case {
    let faults = faults.into();
    Case { action, what: format!("{faults:?}"), prepare: Box::new(move |proxy: &mut Faulty| proxy.script(faults.clone())), outcomes }
}

/// One request and its answer, to the byte. All that follow are as long.
fn sample() -> (Vec<u8>, Vec<u8>) {
    let (provider, home) = (Provider::start(), Home::new());
    let proxy = Faulty::before(provider.address());
    assert_eq!(shoot(&home, &proxy.url(), "mute", "key-000000").code, 0);
    proxy.sample()
}

/// Where to cut a message: everywhere, or around each line's end and each tag.
fn cuts(message: &[u8]) -> Vec<usize> {
    let all = 0..=message.len();
    if full() {
        return all.collect();
    }
    let marks = |at: &usize| matches!(message.get(*at), Some(b'<' | b'\n'));
    let edges = all.filter(marks).flat_map(|at| [at, at + 1]);
    let ends = [0, 1, 2, message.len() - 1, message.len()];
    edges.chain(ends).collect::<BTreeSet<_>>().into_iter().collect()
}

#[test]
fn cut_at_any_byte_an_ask_ends_as_what_it_was() {
    let (request, answer) = sample();
    let mut cases = Vec::new();
    for action in ACTIONS {
        // A mute that was cut is tried again, and then it goes well.
        let cut = if action == "mute" { ACCEPTED } else { UNKNOWN };
        for end in [End::Close, End::Reset, End::Half] {
            for at in cuts(&request) {
                cases.push(case(action, [Fault::Request(at, end)], cut));
            }
            for at in cuts(&answer) {
                let whole = at >= answer.len();
                let outcomes = if !whole {
                    cut
                } else if end == End::Reset {
                    EITHER
                } else {
                    ACCEPTED
                };
                cases.push(case(action, [Fault::Answer(Dress::Plain, at, end)], outcomes));
            }
        }
        for at in cuts(&answer) {
            // Dressed otherwise it is a little longer, and where it ends is told otherwise.
            for at in [at, at + 40] {
                cases.push(case(action, [Fault::Answer(Dress::Chunked, at, End::Close)], EITHER));
                cases.push(case(action, [Fault::Answer(Dress::Unmeasured, at, End::Close)], EITHER));
                cases.push(case(action, [Fault::Answer(Dress::Unmeasured, at, End::Reset)], EITHER));
            }
        }
    }
    let sum = play(&cases, pick(48, 64));
    assert!(sum.faults >= sum.asks, "each met its fault: {sum:?}");
    Figures::of("asks cut at every byte")
        .with(request.len() + answer.len(), "bytes in an exchange")
        .with(sum.asks, "asks")
        .with(sum.faults, "faults")
        .with(0, "lost")
        .tell();
}

/// Makes an HTTP answer.
fn http(status: &str, fields: &str, body: &str) -> &'static [u8] {
    let text = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n{fields}\r\n{body}", body.len());
    Box::leak(text.into_bytes().into_boxed_slice())
}

const SUCCESS: &str = "<RESPONSE><RESULT>SUCCESS</RESULT></RESPONSE>";
const DECLINED: &str = "<RESPONSE><RESULT>DECLINED</RESULT></RESPONSE>";

/// Faults of the way that neither side made: what the program is told in place of the provider's answer.
fn instead(cases: &mut Vec<Case>) {
    let long = format!("<RESPONSE><X>{}</X><RESULT>SUCCESS</RESULT></RESPONSE>", "x".repeat(70_000));
    // Without any HTTP, or with one that contradicts itself: as a cut.
    let broken: [&'static [u8]; 7] = [
        b"\x16\x03\x01\x02\x00\x01\x00garbage\r\n\r\n",
        b"ICY 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nno chunk\r\n",
        http("502 Bad Gateway", "", SUCCESS),
        http("504 Gateway Timeout", "", SUCCESS),
    ];
    // HTTP that says nothing of the ask: not asked again, because it would say nothing again.
    let empty: [&'static [u8]; 6] = [
        http("200 OK", "", "<html>Service</html>"),
        http("200 OK", "", &long),
        http("301 Moved", "Location: http://127.0.0.1:1/\r\n", ""),
        http("500 Internal", "", "<RESPONSE></RESPONSE>"),
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    ];
    for action in ACTIONS {
        let cut = if action == "mute" { ACCEPTED } else { UNKNOWN };
        for bytes in broken {
            cases.push(case(action, [Fault::Answer(Dress::Instead(bytes), ALL, End::Close)], cut));
        }
        for bytes in empty {
            for end in [End::Keep, End::Close] {
                cases.push(case(action, [Fault::Answer(Dress::Instead(bytes), ALL, end)], UNKNOWN));
            }
        }
        for (first, again, outcomes) in [
            (&b"HTTP/1.1 200 OK\r\n"[..], &b"X-Endless: header header header header\r\n"[..], cut),
            (b"HTTP/1.1 200 OK\r\n\r\n<RESPONSE><RESULT>SUCCESS</RESULT>", b"endless endless endless", UNKNOWN),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"5\r\nchunk\r\n", UNKNOWN),
        ] {
            cases.push(case(action, [Fault::Endless(first, again, Duration::ZERO)], outcomes));
        }
    }
}

/// Answers that come back whole, in some other way.
fn odd_but_sound(cases: &mut Vec<Case>) {
    for action in ACTIONS {
        let cut = if action == "mute" { ACCEPTED } else { UNKNOWN };
        for (fault, outcomes) in [
            (Fault::Before(b"HTTP/1.1 100 Continue\r\n\r\n"), ACCEPTED),
            (Fault::Before(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n"), ACCEPTED),
            (Fault::After(http("200 OK", "", SUCCESS), Duration::ZERO), ACCEPTED),
            (Fault::After(b"\0", Duration::ZERO), ACCEPTED),
            (Fault::HalfRequest, ACCEPTED),
            (Fault::Slow(Duration::from_millis(1), Duration::from_millis(1)), ACCEPTED),
            (Fault::Answer(Dress::Chunked, ALL, End::Keep), ACCEPTED),
            (Fault::Answer(Dress::Unmeasured, ALL, End::Half), ACCEPTED),
            (Fault::Answer(Dress::Wrong(10), ALL, End::Close), cut),
            // The line feed after the last tag, and then the tag itself.
            (Fault::Answer(Dress::Wrong(-1), ALL, End::Keep), ACCEPTED),
            (Fault::Answer(Dress::Wrong(-2), ALL, End::Keep), UNKNOWN),
            // Whether the connection stood before it fell is the machine's to say.
            (Fault::AtOnce(End::Close), EITHER),
            (Fault::AtOnce(End::Reset), EITHER),
        ] {
            cases.push(case(action, [fault], outcomes));
        }
    }
}

/// Answers that come before all of the request has: it never reaches the provider.
fn early(cases: &mut Vec<Case>, request: &[u8]) {
    let head = request.windows(4).position(|window| window == b"\r\n\r\n").expect("a head") + 4;
    for at in [1, 100, head, request.len() - 1, request.len()] {
        for action in ACTIONS {
            let busy = http("503 Busy", "Connection: close\r\n", SUCCESS);
            let wish = http("429 Slow down", "Retry-After: 1\r\nConnection: close\r\n", "");
            // Two of three tries find it busy; a kick may be sent again after that. Or the RST overtakes the answer.
            cases.push(case(action, [Fault::Early(at, busy, End::Close), Fault::Early(at, wish, End::Close)], EITHER));
            let page = http("400 Bad Request", "Connection: close\r\n", "<html>no</html>");
            cases.push(case(action, [Fault::Early(at, page, End::Close)], EITHER));
            let no = http("200 OK", "Connection: close\r\n", DECLINED);
            cases.push(case(action, [Fault::Early(at, no, End::Close)], ANY));
        }
    }
    let all = request.len();
    for action in ACTIONS {
        let busy = Fault::Early(all, http("503 Busy", "", ""), End::Keep);
        cases.push(case(action, vec![busy.clone(); 3], NOT_DELIVERED));
        cases.push(case(action, [busy.clone(), busy], ACCEPTED));
        let no = Fault::Early(all, http("200 OK", "", DECLINED), End::Keep);
        cases.push(case(action, [no], &["refused"]));
    }
}

/// Nobody is there: for good, or until the second try.
fn out_of_reach(cases: &mut Vec<Case>) {
    for action in ACTIONS {
        let what = "the port refuses".to_owned();
        cases.push(Case { action, what, prepare: Box::new(Faulty::go_down), outcomes: NOT_DELIVERED });
    }
}

#[test]
fn whatever_comes_in_an_answers_place_an_ask_ends_as_what_it_was() {
    let (request, _) = sample();
    let mut cases = Vec::new();
    instead(&mut cases);
    odd_but_sound(&mut cases);
    early(&mut cases, &request);
    out_of_reach(&mut cases);
    let sum = play(&cases, 32);
    Figures::of("answers replaced, doubled, too early or missing").with(sum.asks, "asks").with(sum.faults, "faults").with(0, "lost").tell();
}

#[test]
fn whatever_stalls_is_given_up_in_time_and_its_connection_closed() {
    let (request, answer) = sample();
    let spread = |message: &[u8]| {
        let step = pick(message.len().div_ceil(3), 2);
        (0..message.len()).step_by(step).collect::<Vec<_>>()
    };
    let mut cases = Vec::new();
    for action in ACTIONS {
        for at in spread(&request).into_iter().chain([request.len()]) {
            cases.push(case(action, [Fault::Request(at, End::Stall)], UNKNOWN));
        }
        for at in spread(&answer) {
            cases.push(case(action, [Fault::Answer(Dress::Plain, at, End::Stall)], UNKNOWN));
        }
        cases.push(case(action, [Fault::Answer(Dress::Plain, ALL, End::Stall)], ACCEPTED));
        cases.push(case(action, [Fault::AtOnce(End::Stall)], UNKNOWN));
        // Forty bytes and more a second are not enough for the answer's eight.
        cases.push(case(action, [Fault::Slow(Duration::ZERO, Duration::from_millis(50))], UNKNOWN));
        for (first, again) in [
            (&b""[..], &b"HTTP/1.1 100 Continue\r\n\r\n"[..]),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"0000"),
            (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
        ] {
            cases.push(case(action, [Fault::Endless(first, again, Duration::from_millis(5))], UNKNOWN));
        }
    }
    let sum = play(&cases, 128);
    Figures::of("exchanges stalled").with(sum.asks, "asks").with(sum.faults, "faults").with(0, "lost").tell();
}
