//! Where requests come from: which addresses get in, whose word is taken for them, and what a flood from one costs.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use confmod::callback::Limits;

use super::house::{House, undelayed};
use super::sought::Sought;
use super::strangers::{RIGHT, WRONG, join, local};
use super::support::keys::Key;
use super::support::peer;
use super::support::scale::{Figures, pick};
use super::support::screen::Reading as _;
use super::support::stage::Stage;
use super::{median, open};

/// Where each of these comes from: peer, lines of `X-Forwarded-For`, and whether it gets in.
type Origin<'a> = (IpAddr, &'a [&'a str], bool);

fn all_of(origins: &[Origin<'_>], to: SocketAddr) {
    for (number, (from, lines, gets_in)) in origins.iter().enumerate() {
        let forwarded = lines.iter().map(|line| format!("X-Forwarded-For: {line}\r\n")).collect::<Vec<_>>().concat();
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
    let (took, cost) = (began.elapsed(), processor_time(console.pid(), "net").saturating_sub(before));
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
            scope.spawn(|| most(9, "203.0.113.7"));
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
