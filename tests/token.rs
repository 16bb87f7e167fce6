//! The promise: nobody without the token gets anything. The same answer in the same time whatever was wrong, no
//! trace of what was sent, addresses that are believed only where they may be, and floods that cost nobody else.

#![allow(clippy::expect_used, reason = "a failing helper is a failing test")]
#![allow(unreachable_pub, reason = "inside a test program nothing can be reached from outside")]

#[path = "support/sought.rs"]
mod sought;
mod support;

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use confmod::callback::{self, Counts, Guard, Limits};
use confmod::conference::Moment;
use confmod::conference::event::Seq;
use confmod::config::Secret;
use confmod::journal::sqlite::Sqlite;
use confmod::journal::{Draft, Feed, Health, History, Journal, Receipt};
use sought::Sought;
use support::keys::Key;
use support::pty::Console;
use support::scale::{Figures, pick};
use support::screen::Reading as _;
use support::stage::{Listener, Stage};
use support::{confmod, home, http, peer};

/// Tokens of which no eight characters stand anywhere by chance.
const RIGHT: &str = "q7ZxV3mK9tRw2LpY8sNd4HfB6gJc1XvE5uTa0Mio";
const FORMER: &str = "Kd2Wq9-ZrT5_vBn8.HxM3~PfL6-YcJ1_sGe4.RoU";
const WRONG: &str = "Fj6Tq1zWb8XnYk3RsVd9MhPc5LgKv2Qe7ZxAu4No";

/// A listener in this process, with a journal of its own.
struct House {
    listener: callback::Listener,
    _folder: tempfile::TempDir,
}

impl House {
    fn new(token: &str, allow: &[&str], proxies: &[&str], limits: &Limits, bind: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let journal = Arc::new(Sqlite::open(&folder.path().join("journal.sqlite"), "a test").expect("a journal"));
        Self { listener: listener(journal, token, allow, proxies, limits, bind), _folder: folder }
    }

    fn at(&self) -> SocketAddr {
        self.listener.address()
    }
}

fn listener(journal: Arc<dyn Journal>, token: &str, allow: &[&str], proxies: &[&str], limits: &Limits, bind: &str) -> callback::Listener {
    let net = |text: &str| text.parse().or_else(|_| text.parse::<IpAddr>().map(Into::into)).expect("a range");
    let nets = |texts: &[&str]| texts.iter().map(|text| net(text)).collect::<Vec<_>>();
    let counts = Arc::new(Counts::default());
    let guard = Guard::new(&Secret::from(token), None, &nets(allow), &nets(proxies)).with_limits(limits.clone());
    let router = callback::router(journal, guard, None, Arc::clone(&counts), || Moment(1_700_000_000_000));
    let socket = TcpListener::bind(bind).expect("a port");
    callback::start(socket, router, limits.clone(), counts).expect("a listener")
}

fn local(last: u8) -> IpAddr {
    Ipv4Addr::new(127, 0, 0, last).into()
}

/// One request that asks for an end of the connection.
fn request(method: &str, path: &str, more: &str) -> Vec<u8> {
    format!("{method} {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{more}\r\n").into_bytes()
}

fn join(token: &str, key: &str, more: &str) -> Vec<u8> {
    request("GET", &format!("/callback/{token}/join?key={key}&conference=1122"), more)
}

/// An answer without its date.
fn undated(answer: &[u8]) -> String {
    let text = String::from_utf8_lossy(answer);
    text.split_inclusive("\r\n").filter(|line| !line.starts_with("date: ")).collect()
}

/// The program with a configuration file and `RIGHT` as its token.
fn open(stage: &Stage, configuration: &str) -> (Console, Listener) {
    stage.home.configure(configuration);
    stage.open_as(&stage.setup().env("CONFMOD_CALLBACK_TOKEN", RIGHT).env("CONFMOD_LOG", "trace").size(160, 40))
}

/// What to send in place of the token: near and far, by name.
fn wrong_ones() -> Vec<(String, String)> {
    let other_case: String =
        RIGHT.chars().map(|c| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() }).collect();
    let named = [
        ("wrong", WRONG.to_owned()),
        ("short", "q".to_owned()),
        ("long", "q7".repeat(2_000)),
        ("all but the last", format!("{}p", &RIGHT[..RIGHT.len() - 1])),
        ("all but the first", format!("p{}", &RIGHT[1..])),
        ("without the last", RIGHT[..RIGHT.len() - 1].to_owned()),
        ("with one more", format!("{RIGHT}o")),
        ("twice", RIGHT.repeat(2)),
        ("in the other case", other_case),
        ("backwards", RIGHT.chars().rev().collect()),
        ("with its first character escaped", format!("%71{}", &RIGHT[1..])),
        ("with a zero byte", format!("{RIGHT}%00")),
        ("with a space", format!("{RIGHT}%20")),
        ("with a parameter", format!("{RIGHT};a=b")),
    ];
    named.into_iter().map(|(name, text)| (name.to_owned(), text)).collect()
}

/// Every request that gets nothing, by name.
fn strangers() -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    let body = "key=1&conference=1122";
    let form = format!("content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n", body.len());
    for (name, token) in wrong_ones() {
        all.push((format!("{name}, posted"), [request("POST", &format!("/callback/{token}/join"), &form), body.into()].concat()));
        all.push((name, join(&token, "1", "")));
    }
    for kind in ["start", "join", "leave", "hand", "nothing", "", "join/more", "healthz"] {
        for method in ["GET", "PUT", "DELETE", "OPTIONS", "BREW"] {
            all.push((format!("{method} of {kind:?}"), request(method, &format!("/callback/{WRONG}/{kind}?key=1"), "")));
        }
    }
    for path in ["/callback", "/callback/", "/callback?key=1", "/callback//join", "/callback///", "/callback/join", "/callback/../healthz"]
    {
        all.push((path.to_owned(), request("GET", path, "")));
    }
    all.push((
        "the token elsewhere".into(),
        request("GET", "/callback/join?key=1", &format!("authorization: Bearer {RIGHT}\r\nreferer: {RIGHT}\r\n")),
    ));
    all.push(("the token in the query".into(), request("GET", &format!("/callback/{WRONG}/join?token={RIGHT}"), "")));
    all
}

#[test]
fn whatever_is_wrong_the_answer_is_the_same_to_the_byte() {
    let stage = Stage::new();
    let (console, listener) = open(&stage, "allow = [\"127.0.0.0/17\"]\nproxies = [\"127.0.0.9\"]\n");
    let mut answers = Vec::new();
    // Each from an address of its own, so that none is one too many; some from addresses that nothing may come from.
    for (number, (name, bytes)) in (1u8..).zip(strangers()) {
        let from = [127, 0, 1, number].into();
        answers.push((name.clone(), peer::exchange(from, listener.address, &bytes).expect("an answer")));
        if number % 4 == 0 {
            let off = Ipv4Addr::new(127, 200, 1, number).into();
            answers.push((format!("{name}, off the list"), peer::exchange(off, listener.address, &bytes).expect("an answer")));
        }
    }
    let off: IpAddr = [127, 200, 2, 1].into();
    let forwarded = |address: &str| join(RIGHT, "1", &format!("x-forwarded-for: {address}\r\n"));
    for (name, from, bytes) in [
        ("right, off the list", off, join(RIGHT, "1", "")),
        ("right, off the list, of no kind", off, request("GET", &format!("/callback/{RIGHT}/nothing"), "")),
        ("right, off the list, by no method", off, request("BREW", &format!("/callback/{RIGHT}/join"), "")),
        ("right, off the list, without a key", off, request("GET", &format!("/callback/{RIGHT}/join"), "")),
        ("right, off the list, says it is on it", off, forwarded("127.0.0.1")),
        ("right, through a proxy, off the list", local(9), forwarded("203.0.113.7")),
        ("right, through a proxy, unreadable", local(9), forwarded("nobody")),
    ] {
        answers.push((name.to_owned(), peer::exchange(from, listener.address, &bytes).expect("an answer")));
    }
    // One address that goes on and on.
    for number in 0..23 {
        answers.push((format!("flood {number}"), peer::exchange(local(77), listener.address, &join(WRONG, "1", "")).expect("an answer")));
    }
    let first = undated(&answers[0].1);
    assert!(first.starts_with("HTTP/1.1 403 Forbidden\r\n") && first.ends_with("\r\n\r\nforbidden\n"), "{first}");
    for (name, answer) in &answers {
        assert_eq!(undated(answer), first, "{name}");
    }
    assert_eq!(peer::status(&peer::exchange(local(1), listener.address, &join(RIGHT, "1", "")).expect("an answer")), Some(200));
    drop(console);
    Figures::of("one answer to all who may not come in").with(answers.len(), "requests compared to the byte").tell();
}

/// How long each of several requests takes: each asked so often, in an order that changes, over connections of their own.
fn times(to: SocketAddr, requests: &[Vec<u8>], rounds: usize) -> Vec<Vec<Duration>> {
    let mut times = vec![Vec::with_capacity(rounds); requests.len()];
    for round in 0..rounds {
        for at in 0..requests.len() {
            // Each is first as often as it is last, and stands behind each other one.
            let which = (at * (1 + round % (requests.len() - 1)) + round) % requests.len();
            let which = if gcd(1 + round % (requests.len() - 1), requests.len()) == 1 { which } else { (at + round) % requests.len() };
            let mut stream = peer::connect_from(local(1), to).expect("a connection");
            let began = Instant::now();
            stream.write_all(&requests[which]).expect("sent");
            let mut answer = [0; 512];
            let read = stream.read(&mut answer).expect("an answer");
            times[which].push(began.elapsed());
            assert_eq!(peer::status(&answer[..read]), Some(403));
        }
    }
    times.iter_mut().for_each(|times| times.sort());
    times
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

fn median(sorted: &[Duration]) -> f64 {
    sorted[sorted.len() / 2].as_secs_f64()
}

/// How likely one of the second takes longer than one of the first: a half where they are alike, whatever the noise.
fn longer(first: &[Duration], second: &[Duration]) -> f64 {
    let below: usize =
        second.iter().map(|time| first.partition_point(|other| other < time) + first.partition_point(|other| other <= time)).sum();
    below as f64 / 2.0 / first.len() as f64 / second.len() as f64
}

/// A listener that delays nobody, so that only its work takes time.
fn undelayed() -> Limits {
    Limits { stranger_delay: Duration::ZERO, strangers_delayed: 0, ..Limits::default() }
}

#[test]
fn whatever_is_wrong_the_answer_takes_the_same_time() {
    let house = House::new(RIGHT, &["127.0.0.2"], &[], &undelayed(), "127.0.0.1:0");
    let of = |token: &str, kind: &str| request("GET", &format!("/callback/{token}/{kind}?key=1&conference=1122"), "");
    let cases = [
        ("wrong", of(WRONG, "join")),
        ("all but the last", of(&format!("{}p", &RIGHT[..RIGHT.len() - 1]), "join")),
        ("all but the first", of(&format!("p{}", &RIGHT[1..]), "join")),
        ("right, off the list", of(RIGHT, "join")),
        ("short", of("q", "join")),
        ("with one more", of(&format!("{RIGHT}p"), "join")),
        ("missing", of("", "join")),
        ("of no kind", of(WRONG, "jion")),
        ("right, off the list, of no kind", of(RIGHT, "jion")),
    ];
    let rounds = pick(300, 5_000);
    let requests: Vec<_> = cases.iter().map(|(_, request)| request.clone()).collect();
    let times = times(house.at(), &requests, rounds);
    let (mut figures, base) = (Figures::of("time of an answer to who may not come in").with(rounds, "of each"), median(&times[0]));
    figures = figures.with(format!("{:.0}", base * 1e6), "us for a wrong one");
    for ((name, _), times_of_it) in cases.iter().zip(&times).skip(1) {
        let (ratio, longer) = (median(times_of_it) / base, longer(&times[0], times_of_it));
        // Chance alone keeps `longer` within 0.1 of a half here in all but one of a hundred million runs.
        assert!(
            (ratio - 1.0).abs() < pick(0.25, 0.1) && (longer - 0.5).abs() < 0.15,
            "{name}: {ratio:.3} of the time, longer in {longer:.3}"
        );
        figures = figures.with(format!("{ratio:.3}"), &format!("of it {name} (longer in {longer:.3})"));
    }
    figures.tell();
}

/// What is done for a token grows with its length, so what is left out for one shows when tokens are long.
#[test]
fn nothing_is_left_out_for_a_token_that_is_wrong() {
    const LENGTH: usize = 60_000;
    let limits = Limits { request_line: 2 * LENGTH, ..undelayed() };
    let right = "r".repeat(LENGTH);
    let house = House::new(&right, &["127.0.0.2"], &[], &limits, "127.0.0.1:0");
    let of = |token: &str, kind: &str, method: &str| request(method, &format!("/callback/{token}/{kind}"), "");
    let near = format!("{}x", &right[1..]);
    let cases = [
        ("wrong", of(&"x".repeat(LENGTH), "join", "GET")),
        ("all but the last", of(&near, "join", "GET")),
        ("right, off the list", of(&right, "join", "GET")),
        ("one more", of(&format!("{right}x"), "join", "GET")),
        ("one fewer", of(&right[1..], "join", "GET")),
        ("of no kind", of(&near, "jion", "GET")),
        ("by no method", of(&near, "join", "PUT")),
        ("without a kind", of(&near, "", "GET")),
    ];
    let requests: Vec<_> = cases.iter().map(|(_, request)| request.clone()).collect();
    let times = times(house.at(), &requests, pick(40, 400));
    for ((name, _), times_of_it) in cases.iter().zip(&times).skip(1) {
        let ratio = median(times_of_it) / median(&times[0]);
        assert!((ratio - 1.0).abs() < 0.25, "{name}: {ratio:.3} of the time of a wrong one");
    }
}

/// Where each of these comes from: peer, lines of `X-Forwarded-For`, and whether it gets in.
type Origin<'a> = (IpAddr, &'a [&'a str], bool);

fn all_of(origins: &[Origin<'_>], to: SocketAddr) {
    for (number, (from, lines, gets_in)) in origins.iter().enumerate() {
        let forwarded: String = lines.iter().map(|line| format!("X-Forwarded-For: {line}\r\n")).collect();
        let answer = peer::exchange(*from, to, &join(RIGHT, &format!("{number}"), &forwarded)).expect("an answer");
        assert_eq!(peer::status(&answer), Some(if *gets_in { 200 } else { 403 }), "from {from}, forwarded for {lines:?}");
        // Whatever the address, it does not stand for the token.
        let answer = peer::exchange(*from, to, &join(WRONG, &format!("{number}"), &forwarded)).expect("an answer");
        assert_eq!(peer::status(&answer), Some(403), "from {from}, forwarded for {lines:?}, without the token");
    }
}

#[test]
fn only_allowed_addresses_get_in_and_only_proxies_are_believed() {
    let limits = undelayed();
    let (allow, proxies) = (["127.0.0.16/28", "2001:db8::/32"], ["127.0.0.9", "127.0.0.10"]);
    let origins: &[Origin<'_>] = &[
        (local(16), &[], true),
        (local(31), &[], true),
        (local(15), &[], false),
        (local(32), &[], false),
        // Anybody can write the header, also who is allowed.
        (local(2), &["127.0.0.17"], false),
        (local(2), &["127.0.0.17, 127.0.0.9"], false),
        (local(17), &["127.0.0.2"], true),
        // A proxy is not allowed by being one.
        (local(9), &[], false),
        (local(9), &["127.0.0.17"], true),
        (local(9), &["127.0.0.2"], false),
        // What a client made up stands to the left of what the proxy saw.
        (local(9), &["127.0.0.17, 203.0.113.7"], false),
        (local(9), &["127.0.0.17", "203.0.113.7"], false),
        (local(9), &["203.0.113.7, 127.0.0.17"], true),
        (local(9), &["127.0.0.17:4711"], true),
        // Two proxies in a row.
        (local(9), &["127.0.0.17, 127.0.0.10"], true),
        (local(9), &["127.0.0.17", "127.0.0.10"], true),
        (local(9), &["127.0.0.17, 127.0.0.11"], false),
        (local(9), &["::ffff:127.0.0.17"], true),
        (local(9), &["[::ffff:127.0.0.17]:80"], true),
        (local(9), &["2001:db8::1"], true),
        (local(9), &["[2001:db8:1::1]:443"], true),
        (local(9), &["2001:db9::1"], false),
        (local(9), &["unknown"], false),
        (local(9), &["127.0.0.17, unknown"], false),
        (local(9), &[""], false),
        (local(9), &["127.0.0.17,"], false),
        (local(9), &["127.0.0.017"], false),
        (local(9), &["127.0.0.17 127.0.0.17"], false),
    ];
    let house = House::new(RIGHT, &allow, &proxies, &limits, "0.0.0.0:0");
    all_of(origins, (Ipv4Addr::LOCALHOST, house.at().port()).into());
    // The same on a socket of both families, where the same peers are ::ffff:127.0.0.x.
    let Ok(_) = TcpListener::bind("[::1]:0") else { return eprintln!("left out: this machine has no IPv6") };
    let (allow, proxies) = (["::ffff:127.0.0.16/124", "2001:db8::/32"], ["::ffff:127.0.0.9", "::ffff:127.0.0.10/128"]);
    let house = House::new(RIGHT, &allow, &proxies, &limits, "[::]:0");
    all_of(origins, (Ipv4Addr::LOCALHOST, house.at().port()).into());
    let there = (Ipv6Addr::LOCALHOST, house.at().port()).into();
    all_of(&[(Ipv6Addr::LOCALHOST.into(), &[], false), (Ipv6Addr::LOCALHOST.into(), &["127.0.0.17"], false)], there);
    let house = House::new(RIGHT, &["::/64"], &[], &limits, "[::]:0");
    let port = house.at().port();
    all_of(&[(Ipv6Addr::LOCALHOST.into(), &[], true)], (Ipv6Addr::LOCALHOST, port).into());
    // ::/64 holds the mapped addresses only for who forgets that they are others.
    all_of(&[(local(1), &[], false)], (Ipv4Addr::LOCALHOST, port).into());
}

/// Strangers from one address who wait for each answer, until told to stop.
fn flood(from: IpAddr, to: SocketAddr, bytes: &[u8], stop: &AtomicBool, count: &AtomicU64) {
    while !stop.load(Ordering::Relaxed) {
        let answer = peer::exchange(from, to, bytes).expect("an answer");
        // Closed before its answer: it made room for somebody else.
        assert!([Some(403), None].contains(&peer::status(&answer)), "{}", answer.escape_ascii());
        count.fetch_add(1, Ordering::Relaxed);
    }
}

/// How long callbacks take, each on a connection of its own; sorted.
fn callbacks(from: IpAddr, to: SocketAddr, name: &str, count: usize, more: &str) -> Vec<Duration> {
    let mut times: Vec<_> = (0..count)
        .map(|number| {
            let began = Instant::now();
            let answer = peer::exchange(from, to, &join(RIGHT, &format!("{name}-{number}"), more)).expect("an answer");
            assert_eq!(peer::status(&answer), Some(200), "{name} {number}: {}", answer.escape_ascii());
            began.elapsed()
        })
        .collect();
    times.sort();
    times
}

/// Processor time of one of a process's threads so far, by the thread's name.
fn processor_time(pid: i32, thread: &str) -> Duration {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).expect("its threads");
    let stats = tasks.flatten().filter_map(|task| std::fs::read_to_string(task.path().join("stat")).ok());
    let stat = stats.into_iter().find(|stat| stat.contains(&format!("({thread})"))).expect("the thread");
    let fields: Vec<&str> = stat.rsplit_once(')').expect("a name").1.split_whitespace().collect();
    let ticks: u64 = fields[11..13].iter().map(|field| field.parse::<u64>().expect("ticks")).sum();
    // Linux counts for user space in hundredths of a second, whatever its own clock does.
    Duration::from_millis(ticks * 10)
}

#[test]
fn a_flood_of_wrong_tokens_costs_little_and_harms_nobody() {
    const FLOODERS: usize = 16;
    let stage = Stage::new();
    let (console, listener) = open(&stage, "");
    let to = listener.address;
    let quiet = callbacks(local(1), to, "quiet", 100, "");
    let (stop, count) = (AtomicBool::new(false), AtomicU64::new(0));
    let lasts = pick(Duration::from_secs(3), Duration::from_secs(60));
    let wrong = join(WRONG, "1", "");
    let before = processor_time(console.pid(), "net");
    let began = Instant::now();
    let (mut others, mut same) = (Vec::new(), Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..FLOODERS {
            scope.spawn(|| flood(local(2), to, &wrong, &stop, &count));
        }
        while began.elapsed() < lasts {
            let name = format!("flooded-{}", others.len());
            others.extend(callbacks(local(1), to, &name, 10, ""));
            // A caller behind the very address that floods.
            same.extend(callbacks(local(2), to, &format!("beside-{name}"), 10, ""));
        }
        stop.store(true, Ordering::Relaxed);
    });
    let (took, cost) = (began.elapsed(), processor_time(console.pid(), "net") - before);
    let sent = count.load(Ordering::Relaxed);
    others.sort();
    same.sort();
    // A burst is free; then each waits for a quarter of a second, and some wait less, as many as are forgiven.
    let most = 20.0 + took.as_secs_f64() + FLOODERS as f64 * (took.as_secs_f64() / 0.25 + 1.0);
    assert!(sent as f64 <= most, "{sent} answers in {took:?}, where {most:.0} are the most");
    for (who, times) in [("others", &others), ("callers at the flooding address", &same)] {
        assert!(median(times) < median(&quiet) * 10.0 + 0.05, "{who}: {:?}, in quiet {:?}", median(times), median(&quiet));
    }
    console.wait_for(|screen| screen.text().contains("refused"), "the refusals on the screen");
    let mut console = console;
    console.wait_for_text("from 127.0.0.2");
    // The token is nowhere, and neither is what was sent in its place.
    let sought = Sought::new(&[("the token", RIGHT), ("a wrong token", WRONG)]);
    assert_eq!(sought.found_in(&console.raw()), Vec::<String>::new());
    let lines = String::from_utf8_lossy(&stage.home.log()).matches("without the right token").count();
    assert!((1..=8).contains(&lines), "{lines} lines in the log tell of one flood");
    console.press(Key::Ctrl('c'));
    let micros = |times: &[Duration]| format!("{:.1}", median(times) * 1e3);
    Figures::of("a flood of wrong tokens from one address")
        .with(sent, "requests")
        .with(format!("{:.1}", took.as_secs_f64()), "s")
        .with(format!("{:.1}", cost.as_secs_f64() / took.as_secs_f64() * 100.0), "% of a processor for them and the callbacks")
        .with(others.len() + same.len(), "callbacks answered")
        .with(micros(&quiet), "ms per callback in quiet")
        .with(micros(&others), "ms in the flood")
        .with(micros(&same), "ms from the flooding address")
        .tell();
}

#[test]
fn a_refusal_ends_its_connection_and_whatever_else_was_sent_on_it() {
    let stage = Stage::new();
    let (_console, listener) = open(&stage, "");
    let one = format!("GET /callback/{WRONG}/join HTTP/1.1\r\nhost: a\r\n\r\n");
    let right = format!("GET /callback/{RIGHT}/join?key=1&conference=1122 HTTP/1.1\r\nhost: a\r\n\r\n");
    for number in 0..30 {
        let answer = peer::exchange(local(2), listener.address, (one.repeat(20) + &right).as_bytes()).expect("an answer");
        let text = String::from_utf8_lossy(&answer);
        // Over the budget nothing is read on, and what was not read takes the answer with it.
        assert!(text.matches("HTTP/1.1 403").count() == 1 || (number >= 20 && text.is_empty()), "{number}: {text}");
        assert!(!text.contains("HTTP/1.1 200"), "{number}");
    }
}

#[test]
fn behind_a_proxy_floods_are_counted_by_the_address_that_is_forwarded() {
    let stage = Stage::new();
    let (console, listener) = open(&stage, "proxies = [\"127.0.0.9\"]\n");
    let ask = |from: u8, forwarded: &str| {
        let began = Instant::now();
        let line = format!("x-forwarded-for: {forwarded}\r\n");
        let answer = peer::exchange(local(from), listener.address, &join(WRONG, "1", &line)).expect("an answer");
        assert_eq!(peer::status(&answer), Some(403));
        began.elapsed()
    };
    let least = |from: u8, forwarded: &str| (0..4).map(|_| ask(from, forwarded)).min().expect("some");
    let most = |from: u8, forwarded: &str| (0..4).map(|_| ask(from, forwarded)).max().expect("some");
    let delay = Limits::default().stranger_delay;
    std::thread::scope(|scope| {
        for _ in 0..10 {
            scope.spawn(|| (0..4).for_each(|_| drop(ask(9, "203.0.113.7"))));
        }
    });
    assert!(most(9, "203.0.113.7") >= delay, "the one who floods waits");
    assert!(most(9, "1.2.3.4, 203.0.113.7") >= delay, "whatever else it says");
    assert!(least(9, "203.0.113.8") < delay, "another one behind the same proxy does not");
    assert!(least(9, "2001:db8::7") < delay && least(9, "") < delay, "neither do others of any kind");
    assert!(least(3, "203.0.113.7") < delay, "one that is no proxy is counted by its own address");
    let callbacks = callbacks(local(9), listener.address, "behind", 5, "x-forwarded-for: 203.0.113.7\r\n");
    assert!(callbacks[0] < delay, "who has the token is let in at once: {callbacks:?}");
    console.wait_for_text("from 203.0.113.7");
}

/// Every kind of request that a listener can get, with the token and with others in it.
fn everything() -> Vec<Vec<u8>> {
    let mut all: Vec<_> = strangers().into_iter().map(|(_, bytes)| bytes).collect();
    let form = "content-type: application/x-www-form-urlencoded\r\n";
    for token in [RIGHT, FORMER, WRONG] {
        let path = format!("/callback/{token}");
        let escaped: String = token.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let referer = format!("referer: http://calls.example.org{path}/join?key=9\r\ncookie: t={token}\r\nuser-agent: {token}\r\n");
        all.extend([
            join(token, token[..4].trim_end_matches('-'), &referer),
            request("GET", &format!("{path}/start?key=1"), &format!("x-forwarded-for: {token}\r\nforwarded: for={token}\r\n")),
            request("GET", &format!("/callback/{escaped}/join?key=1&conference=1122"), ""),
            request("GET", &format!("{path}/nothing?key=1"), &referer),
            request("PUT", &format!("{path}/join?key=1"), ""),
            request("HEAD", &format!("{path}/join?key=1"), ""),
            request("GET", &format!("{path}/join"), &referer),
            request("GET", &format!("{path}/join?key=$[CALLFLOW.INSTANCE.KEY]$"), ""),
            request("GET", &format!("{path}/hand?key=1&state=sideways"), ""),
            request("GET", &format!("{path}/join?key={}", "k".repeat(300)), ""),
            request("GET", &format!("{path}/join?key=1&x={}", "x".repeat(9_000)), ""),
            request("GET", &format!("{path}{}/join", "/x".repeat(5_000)), ""),
            request("GET", &format!("{path}/join?key=1"), &format!("x: {}\r\n", "y".repeat(70_000))),
            request("GET", &format!("{path}/join?key=1"), &"x: y\r\n".repeat(200)),
            request("POST", &format!("{path}/join"), &format!("{form}content-length: 900000\r\n")),
            [request("POST", &format!("{path}/join?key=1&conference=1122"), &format!("{form}content-length: 5\r\n")), b"x".to_vec()]
                .concat(),
            [request("POST", &format!("{path}/join?key=1"), "transfer-encoding: chunked\r\n"), b"zz\r\n".to_vec()].concat(),
            format!("GET http://calls.example.org{path}/join?key=1 HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").into_bytes(),
            format!("CONNECT {path} HTTP/1.1\r\n\r\n").into_bytes(),
            format!("GET {path}/join\r\n\r\n").into_bytes(),
            format!("GET {path}/join HTTP/9.9\r\n\r\n").into_bytes(),
            format!("GET {path}/jo\x01in HTTP/1.1\r\nhost: a\r\n\r\n").into_bytes(),
            format!("{token} {token} {token}\r\n\r\n").into_bytes(),
            request("GET", &format!("/healthz?{token}"), &referer),
            request("GET", &format!("/{token}"), &referer),
            request("GET", &format!("/callbacks/{token}/join?key=1"), &referer),
        ]);
    }
    all
}

#[test]
fn what_was_sent_as_a_token_is_nowhere() {
    let sought = Sought::new(&[("the token", RIGHT), ("the former token", FORMER), ("a wrong token", WRONG)]);
    let stage = Stage::new();
    let (mut console, listener) = open(&stage, &format!("callback_token_previous = \"{FORMER}\"\n"));
    let mut statuses = std::collections::BTreeSet::new();
    for (number, bytes) in (0u8..).zip(everything()) {
        let mut stream = peer::connect_from([127, 0, 3, number].into(), listener.address).expect("a connection");
        let _ = stream.write_all(&bytes);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let begin = String::from_utf8_lossy(&bytes[..bytes.len().min(120)]).into_owned();
        assert_eq!(sought.found_in(&answer), Vec::<String>::new(), "in the answer to {begin}");
        let Some(status) = peer::status(&answer) else { continue };
        statuses.insert(status);
        let head = String::from_utf8_lossy(&answer);
        for line in ["referrer-policy: no-referrer\r\n", "cache-control: no-store\r\n", "x-content-type-options: nosniff\r\n"] {
            assert!(head.contains(line), "{line} is not in the answer to {begin}: {head}");
        }
    }
    for status in [200, 400, 403, 404, 405, 413, 414, 431] {
        assert!(statuses.contains(&status), "none was answered {status}: {statuses:?}");
    }
    // Everything that shows what came in.
    listener_shows(&mut console, listener);
    console.send_keys("w");
    console.wait_for_text("report: ");
    console.press(Key::Ctrl('c'));
    console.send_keys("y");
    console.terminal_is_clean();
    let mut places = stage.home.files();
    places.retain(|(path, _)| !path.ends_with("config/confmod/config.toml"));
    places.push(("the terminal".into(), console.raw()));
    places.push(("the screen".into(), console.screen().text().into_bytes()));
    assert!(places.iter().any(|(path, bytes)| path.extension().is_some_and(|end| end == "log") && bytes.len() > 1_000), "there is a log");
    for (path, bytes) in &places {
        assert_eq!(sought.found_in(bytes), Vec::<String>::new(), "in {}", path.display());
    }
    let bytes: usize = places.iter().map(|(_, bytes)| bytes.len()).sum();
    Figures::of("no trace of what was sent as a token").with(everything().len(), "requests").with(bytes, "bytes searched").tell();
}

/// Shows each row's details and the events.
fn listener_shows(console: &mut Console, listener: Listener) {
    let answer = http::get(listener.address, &format!("/callback/{RIGHT}/join?key=last&conference=1122&number=12157010680&name=The-last"));
    assert_eq!(answer.status, 200);
    console.wait_for_text("The-last");
    console.send_keys("d");
    for _ in 0..8 {
        console.press(Key::Down);
    }
    console.press(Key::End);
    console.send_keys("m");
    console.wait_for_row("The-last", "muted");
}

/// A journal that breaks at every touch.
struct Broken;

impl Journal for Broken {
    fn append(&self, draft: Draft) -> Receipt {
        panic!("the journal broke over {draft:?}");
    }

    fn subscribe(&self, _: Seq) -> Feed {
        panic!("nobody subscribes");
    }

    fn history(&self) -> Arc<dyn History> {
        panic!("nobody reads");
    }

    fn health(&self) -> tokio::sync::watch::Receiver<Health> {
        panic!("the journal broke over its health");
    }
}

#[test]
fn a_panic_over_a_callback_tells_no_token_and_stops_nothing() {
    static SAID: std::sync::Mutex<String> = std::sync::Mutex::new(String::new());
    let house = listener(Arc::new(Broken), RIGHT, &[], &[], &undelayed(), "127.0.0.1:0");
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        SAID.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push_str(&info.to_string());
        before(info);
    }));
    let referer = format!("referer: /callback/{RIGHT}/join\r\n");
    for bytes in [join(RIGHT, "1", &referer), request("GET", "/healthz", &referer), join(WRONG, "1", ""), join(RIGHT, "2", "")] {
        let answer = peer::exchange(local(1), house.address(), &bytes).expect("an answer or an end");
        assert!([None, Some(403)].contains(&peer::status(&answer)), "{}", answer.escape_ascii());
    }
    assert!(house.is_running());
    let said = SAID.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
    assert!(said.contains("broke over Draft") && said.contains("broke over its health"), "{said}");
    assert_eq!(Sought::new(&[("the token", RIGHT), ("a wrong token", WRONG)]).found_in(said.as_bytes()), Vec::<String>::new());
}

#[test]
fn while_it_is_rotated_two_tokens_open_and_then_one() {
    let stage = Stage::new();
    let status = |listener: Listener, token: &str, key: &str| {
        peer::status(&peer::exchange(local(1), listener.address, &join(token, key, "")).expect("an answer"))
    };
    let quit = |mut console: Console| {
        console.press(Key::Ctrl('c'));
        console.send_keys("y");
        console.terminal_is_clean();
    };
    stage.home.configure("");
    let (console, listener) = stage.open_as(&stage.setup().env("CONFMOD_CALLBACK_TOKEN", FORMER));
    assert_eq!((status(listener, FORMER, "1"), status(listener, RIGHT, "1")), (Some(200), Some(403)));
    quit(console);
    let (console, listener) = open(&stage, &format!("callback_token_previous = \"{FORMER}\"\n"));
    assert_eq!((status(listener, FORMER, "2"), status(listener, RIGHT, "3")), (Some(200), Some(200)));
    assert_eq!(status(listener, WRONG, "3"), Some(403));
    quit(console);
    let (console, listener) = open(&stage, "");
    assert_eq!((status(listener, FORMER, "4"), status(listener, RIGHT, "5")), (Some(403), Some(200)));
    quit(console);
}

#[test]
fn a_short_token_is_refused_where_others_can_reach_the_listener() {
    let stage = Stage::new();
    let run = |listen: &str, token: &str, configuration: &str| {
        stage.home.configure(configuration);
        let mut command = Command::new(confmod());
        command.env_clear().envs(home::environment(stage.home.path())).args(["--plain", "--listen", listen]).stdin(Stdio::null());
        command.env("CONFMOD_USERKEY", "a-user-key").env("CONFMOD_CALLBACK_TOKEN", token).env("CONFMOD_API_URL", stage.provider.url());
        let output = command.output().expect("it runs");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (short, long) = (&RIGHT[..31], &RIGHT[..32]);
    let previous = |token: &str| format!("callback_token_previous = \"{token}\"\n");
    for (listen, token, configuration, setting) in [
        ("0.0.0.0:0", short, String::new(), "CONFMOD_CALLBACK_TOKEN"),
        ("[::]:0", short, String::new(), "CONFMOD_CALLBACK_TOKEN"),
        ("0.0.0.0:0", long, previous(short), "callback_token_previous"),
        ("192.0.2.1:0", long, previous("former"), "callback_token_previous"),
    ] {
        let (code, said) = run(listen, token, &configuration);
        assert!(code == Some(2) && said.contains("32 characters") && said.contains(setting), "{listen} {code:?} {said}");
        assert!(!said.contains(&short[..8]) && !said.contains("former"), "{said}");
    }
    for (listen, token, configuration) in [
        ("0.0.0.0:0", long, previous(long)),
        ("127.0.0.1:0", short, previous("former")),
        ("127.0.0.2:0", short, String::new()),
        ("[::ffff:127.0.0.1]:0", short, String::new()),
    ] {
        let (code, said) = run(listen, token, &configuration);
        assert_eq!(code, Some(0), "{listen}: {said}");
    }
}
