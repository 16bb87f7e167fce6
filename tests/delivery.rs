//! The promise: no ask is lost or doubled silently. Whatever happens to the provider and to the way to it, at every
//! byte of the exchange, every ask ends once, as what it was; per caller the order of the asks holds; and a kick that
//! may have been done is not sent again.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failing helper is a failing test")]

mod support;

#[path = "delivery/console.rs"]
mod console;
#[path = "delivery/desk.rs"]
mod desk;
#[path = "support/fault.rs"]
mod fault;
#[path = "support/faulty.rs"]
mod faulty;
#[path = "delivery/shot.rs"]
mod shot;

use std::collections::BTreeSet;
use std::time::Duration;

use fault::{Dress, End, Fault};
use faulty::Faulty;
use rustix::process::{Pid, Signal, kill_process};
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
    Case {
        action,
        what: format!("{faults:?}"),
        prepare: Box::new(move |proxy: &mut Faulty| proxy.script(faults.clone())),
        outcomes,
        says: "",
    }
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
        for (turn, end) in [End::Close, End::Reset, End::Half].into_iter().enumerate() {
            // In the gate each byte meets one of the three.
            let step = pick(3, 1);
            for at in cuts(&request).into_iter().skip(turn % step).step_by(step) {
                cases.push(case(action, [Fault::Request(at, end)], cut));
            }
            for at in cuts(&answer).into_iter().skip(turn % step).step_by(step).chain([answer.len()]) {
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
        for (first, again, outcomes, says) in [
            (&b"HTTP/1.1 200 OK\r\n"[..], &b"X-Endless: header header header header\r\n"[..], cut, "broke"),
            (b"HTTP/1.1 200 OK\r\n\r\n<RESPONSE><RESULT>SUCCESS</RESULT>", b"endless endless endless", UNKNOWN, "longer than 64 KiB"),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"5\r\nchunk\r\n", UNKNOWN, "longer than 64 KiB"),
        ] {
            cases.push(Case { says, ..case(action, [Fault::Endless(first, again, Duration::ZERO)], outcomes) });
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
    for at in [1, 100, head, request.len() - 1, ALL] {
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
    for action in ACTIONS {
        let busy = Fault::Early(ALL, http("503 Busy", "", ""), End::Keep);
        cases.push(case(action, vec![busy.clone(); 3], NOT_DELIVERED));
        cases.push(case(action, [busy.clone(), busy], ACCEPTED));
        let no = Fault::Early(ALL, http("200 OK", "", DECLINED), End::Keep);
        cases.push(case(action, [no], &["refused"]));
    }
}

/// Nobody is there: for good, or until the second try.
fn out_of_reach(cases: &mut Vec<Case>) {
    for action in ACTIONS {
        let what = "the port refuses".to_owned();
        cases.push(Case { action, what, prepare: Box::new(Faulty::go_down), outcomes: NOT_DELIVERED, says: "" });
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
    let sum = play(&cases, 64);
    Figures::of("answers replaced, doubled, too early or missing").with(sum.asks, "asks").with(sum.faults, "faults").with(0, "lost").tell();
}

/// Three that mostly wait, at the same time.
#[test]
fn whatever_stalls_is_given_up_in_time_and_the_order_of_the_asks_holds() {
    std::thread::scope(|scope| {
        let waiting = [stalls, console::given_up_is_closed_first, console::orders_hold].map(|one| scope.spawn(one));
        for one in waiting {
            one.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        }
    });
}

fn stalls() {
    const IN_TIME: &str = " within 8 s";
    let (request, answer) = sample();
    let spread = |message: &[u8]| {
        let step = pick(message.len().div_ceil(3), 2);
        (0..message.len()).step_by(step).collect::<Vec<_>>()
    };
    let mut cases = Vec::new();
    for action in ACTIONS {
        for at in spread(&request).into_iter().chain([request.len()]) {
            cases.push(Case { says: IN_TIME, ..case(action, [Fault::Request(at, End::Stall)], UNKNOWN) });
        }
        for at in spread(&answer) {
            cases.push(Case { says: IN_TIME, ..case(action, [Fault::Answer(Dress::Plain, at, End::Stall)], UNKNOWN) });
        }
        cases.push(case(action, [Fault::Answer(Dress::Plain, ALL, End::Stall)], ACCEPTED));
        cases.push(Case { says: IN_TIME, ..case(action, [Fault::AtOnce(End::Stall)], UNKNOWN) });
        // Forty bytes and more a second are not enough for the answer's eight.
        cases.push(Case { says: IN_TIME, ..case(action, [Fault::Slow(Duration::ZERO, Duration::from_millis(50))], UNKNOWN) });
        for (first, again) in [
            (&b""[..], &b"HTTP/1.1 100 Continue\r\n\r\n"[..]),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"0000"),
            (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
        ] {
            cases.push(Case { says: IN_TIME, ..case(action, [Fault::Endless(first, again, Duration::from_millis(5))], UNKNOWN) });
        }
    }
    let sum = play(&cases, 128);
    Figures::of("exchanges stalled").with(sum.asks, "asks").with(sum.faults, "faults").with(0, "lost").tell();
}

/// What the proxy has seen of one ask, tried three times because the provider is busy: the waits between.
fn waits(home: &Home, proxy: &Faulty, key: &str) -> Vec<Duration> {
    proxy.script(vec![Fault::Early(ALL, http("503 Busy", "", ""), End::Keep); 3]);
    let shot = shoot(home, &proxy.url(), "kick", key);
    assert_eq!((shot.code, &*shot.outcome()), (5, "not delivered"), "{shot:?}");
    proxy.take().windows(2).map(|two| two[1].began - two[0].began).collect()
}

#[test]
fn three_tries_with_growing_waits_that_differ() {
    let (provider, home) = (Provider::start(), Home::new());
    let all: Vec<Vec<Duration>> = std::thread::scope(|scope| {
        let some = |key: usize| {
            let (provider, home) = (&provider, &home);
            move || waits(home, &Faulty::before(provider.address()), &format!("key-{key}"))
        };
        let runs: Vec<_> = (0..6).map(|key| scope.spawn(some(key))).collect();
        runs.into_iter().map(|run| run.join().expect("no panic")).collect()
    });
    for (try_, bounds) in [(0, 370..1_120), (1, 1_120..6_000)] {
        let mut millis: Vec<_> = all.iter().map(|waits| waits[try_].as_millis()).collect();
        assert!(millis.iter().all(|wait| bounds.contains(wait)), "{all:?}");
        millis.sort_unstable();
        // Of six that lie anywhere within three quarters of a second, all are this near in one run of fifty thousand.
        let apart = millis[millis.len() - 1] - millis[0];
        assert!(try_ == 0 || apart > 60, "desks that failed together do not come back together: {all:?}");
    }
    assert!(provider.requests().is_empty());
}

#[test]
fn a_redirect_is_followed_nowhere() {
    let (provider, home) = (Provider::start(), Home::new());
    let proxy = Faulty::before(provider.address());
    for (status, action) in [("301 Moved", "mute"), ("302 Found", "kick"), ("307 Temporary", "unmute"), ("308 Permanent", "kick")] {
        // Whatever came there would be a complaint of the provider's.
        let place = format!("Location: http://{}/elsewhere\r\n", provider.address());
        proxy.script([Fault::Early(ALL, http(status, &place, ""), End::Keep)]);
        let shot = shoot(&home, &proxy.url(), action, "key");
        assert_eq!((shot.code, &*shot.outcome()), (4, "unknown"), "{shot:?}");
        assert_eq!(proxy.take().len(), 1, "{status}");
    }
    assert!(provider.requests().is_empty());
}

#[test]
fn a_script_that_is_stopped_says_so_and_sends_nothing_more() {
    let (provider, home) = (Provider::start(), Home::new());
    let mut proxy = Faulty::before(provider.address());
    let signals = [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129), (Signal::KILL, -1)];
    for (round, (signal, code)) in signals.into_iter().enumerate() {
        for (state, fault) in [
            ("in flight", Fault::Request(ALL, End::Stall)),
            ("before its second try", Fault::Early(ALL, http("503 Busy", "Retry-After: 9\r\n", ""), End::Keep)),
        ] {
            proxy.script([fault]);
            let child = command(&home, &proxy.url(), "kick", &format!("{state} {round}")).spawn().expect("confmod starts");
            proxy.wait_for("the request", |all| all.len() == 1);
            if state == "in flight" {
                provider.wait_for_request(round + 1);
            }
            kill_process(Pid::from_child(&child), signal).expect("a signal");
            let output = child.wait_with_output().expect("its output");
            assert_eq!(output.status.code().unwrap_or(-1), code, "{state}: {output:?}");
            assert!(output.stdout.is_empty(), "{state}: {output:?}");
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(signal == Signal::KILL || said.contains("whether it acted is unknown"), "{state}: {said}");
            assert_eq!(proxy.take().len(), 1, "{state}: one try");
        }
    }
    proxy.go_down();
    assert_eq!(provider.requests().len(), signals.len(), "what was in flight, and nothing beside it");
}
