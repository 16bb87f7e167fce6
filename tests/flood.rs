//! The promise: one slow or hostile client harms nobody. Good callbacks are answered all the while, memory stays
//! within a stated bound, every stuck connection is closed within its time-out, and nothing is left behind.

#![allow(clippy::expect_used, reason = "a failing helper is a failing test")]
#![allow(unreachable_pub, reason = "inside a test program nothing can be reached from outside")]

#[path = "support/attack.rs"]
mod attack;
#[path = "support/callers.rs"]
mod callers;
#[path = "support/load.rs"]
mod load;
#[path = "support/shapes.rs"]
mod shapes;
#[path = "support/siege.rs"]
mod siege;
#[path = "support/storm.rs"]
mod storm;
mod support;

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use attack::{Field, Outcome, PATIENCE, is_closed};
use callers::{Callers, Told};
use load::Load;
use support::home::{Home, environment};
use support::keys::Key;
use support::pty::{Console, Setup};
use support::scale::{Figures, full, pick};
use support::screen::Reading as _;
use support::stage::{Listener, Stage, path};

/// Heads, bodies, idle connections and answers that nobody reads have ten seconds each; then two more to say good-bye.
/// The rest is for a busy machine that runs this unoptimised beside other tests.
const TIMED_OUT: Duration = Duration::from_secs(10 + 2 + 8);

/// The longest that a good callback may take, unoptimised and on a busy machine. How long it took is told.
const ANSWERED: Duration = Duration::from_secs(20);

/// What a connection may take, in KiB, with the largest head, the largest body and an answer at once.
const EACH: u64 = 128;

/// Connections that there may be at once: 1,024, and 64 that are closing.
const CONNECTIONS: u64 = 1_024 + 64;

/// What good callbacks, key presses and the screen take meanwhile, in KiB.
const REST: u64 = 8 * 1_024;

/// The most that the log may grow by under any flood, in bytes; asks are logged one by one.
const LOG: usize = 16 * 1024;

type Attack = fn(&Field) -> Outcome;

/// Attacks that hold on to connections until they are closed.
const SIEGES: [(&str, Attack); 5] = [
    ("half-open connections", siege::half_open),
    ("connections of a byte a second", siege::byte_a_second),
    ("connections that fill their buffers", siege::full_buffers),
    ("connection attempts", siege::attempts),
    ("clients that read no answers", siege::unread_answers),
];

/// Attacks that come again and again.
const STORMS: [(&str, Attack); 4] = [
    ("bodies of 100 MB", storm::bodies),
    ("heads of 1 MB", storm::heads),
    ("wrong tokens", storm::wrong_tokens),
    ("requests that could be two", shapes::shapes),
];

/// A console that is attacked, and what it was like before.
struct Besieged {
    stage: Stage,
    console: Console,
    listener: Listener,
    load: Load,
    descriptors: usize,
    threads: u64,
    memory: u64,
    log: usize,
}

/// What went well meanwhile.
struct Held {
    outcomes: Vec<Outcome>,
    told: Told,
    asks: usize,
    slowest_ask: Duration,
    memory: u64,
}

impl Besieged {
    fn new() -> Self {
        Self::with(|setup| setup)
    }

    fn with(change: impl FnOnce(Setup) -> Setup) -> Self {
        load::need_descriptors(4_096);
        let stage = Stage::new();
        let (mut console, listener) = stage.open_as(&change(stage.setup().size(120, 40)));
        let load = Load::of(console.pid());
        // Everything is loaded, and every connection made that stays.
        listener.join(&console, "ada", "Ada", "12157010680");
        console.send_keys("m");
        console.wait_for_row("Ada", "muted");
        let (descriptors, threads, memory) = (load.descriptors(), load.threads(), load.most_memory());
        let log = stage.home.log().len();
        Self { stage, console, listener, load, descriptors, threads, memory, log }
    }

    /// Attacks while good callers call and a moderator presses keys, then looks at everything that was promised.
    #[track_caller]
    fn hold(&mut self, lasts: Duration, thinned: usize, attacks: &[(&str, Attack)]) -> Held {
        let field = Field { to: self.listener.address, until: Instant::now() + lasts, thinned };
        let callers = Callers::start(self.listener.address, "meanwhile");
        let (began, frames) = (Instant::now(), self.frames());
        let asked_before = self.stage.provider.requests().len();
        let mut asks = 0;
        let mut slowest_ask = Duration::ZERO;
        let outcomes: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = attacks.iter().map(|(_, attack)| scope.spawn(move || attack(&field))).collect();
            while !threads.iter().all(std::thread::ScopedJoinHandle::is_finished) {
                slowest_ask = slowest_ask.max(self.ask(["u", "m"][asks % 2], asked_before + asks));
                asks += 1;
            }
            threads.into_iter().map(|thread| thread.join().expect("an attack runs to its end")).collect()
        });
        let told = callers.finish();
        let frames = self.frames() - frames;
        let lasted = began.elapsed();

        for ((attack, _), outcome) in attacks.iter().zip(&outcomes) {
            assert_eq!(outcome.faults, Vec::<String>::new(), "{attack}: {outcome:?}");
            assert!(outcome.connections > 0 && outcome.longest < TIMED_OUT, "{attack}: {outcome:?}");
        }
        assert!(told.worst < ANSWERED, "a good callback took {:?}", told.worst);
        assert!(frames as u128 <= 10 + 31 * lasted.as_millis() / 1_000, "{frames} frames in {lasted:?}");
        let memory = self.load.most_memory().saturating_sub(self.memory);
        let connections = outcomes.iter().map(|outcome| outcome.connections as u64).sum::<u64>().min(CONNECTIONS);
        assert!(memory <= REST + EACH * connections, "{memory} KiB more than before, with {connections} connections");
        let log = self.stage.home.log().len() - self.log;
        assert!(
            log <= LOG + asks * 256,
            "the log grew by {log} bytes with {asks} asks: {}",
            String::from_utf8_lossy(&self.stage.home.log())
        );
        let lines = self.console.screen().count("was refused");
        assert!(lines <= 8, "{lines} lines of refusals on the screen: {}", self.console.screen_text());
        Held { outcomes, told, asks, slowest_ask, memory }
    }

    /// Asks for something by a key: how long until it was asked of the provider.
    #[track_caller]
    fn ask(&mut self, key: &str, asked: usize) -> Duration {
        let began = Instant::now();
        self.console.send_keys(key);
        let arrived = || self.stage.provider.requests().len() > asked;
        while !arrived() && began.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(arrived(), "{key:?} did not reach the provider, {asked} asks did: {}", self.console.screen_text());
        let took = began.elapsed();
        // The same ask within half a second would be one that a held key repeats.
        std::thread::sleep(Duration::from_millis(300));
        took
    }

    fn frames(&self) -> usize {
        self.console.raw().windows(8).filter(|window| window == b"\x1b[?2026h").count()
    }

    /// After the attack: nothing is left behind, and the good ones are right.
    #[track_caller]
    fn is_as_before(&mut self, told: &Told) {
        self.listener.tell("join", "key=after&conference=1122");
        wait_until("every connection is closed", || self.load.descriptors() <= self.descriptors);
        assert!(self.load.threads() <= self.threads, "{} threads, {} before", self.load.threads(), self.threads);
        let calls = self.calls();
        let lost: Vec<_> = told.keys.iter().filter(|key| !calls.contains(*key)).collect();
        assert!(lost.is_empty() && calls.contains("after"), "answered and not in the journal: {lost:?}");
        let evil: Vec<_> = calls.iter().filter(|call| call.starts_with("evil")).collect();
        assert!(evil.is_empty(), "in the journal: {evil:?}");
        self.console.press(Key::Ctrl('c'));
        self.console.send_keys("y");
        self.console.terminal_is_clean();
        assert_eq!(self.console.exit_code(), 0);
    }

    fn calls(&self) -> BTreeSet<String> {
        let journal = rusqlite::Connection::open(self.stage.home.journal()).expect("the journal");
        let mut select = journal.prepare("SELECT DISTINCT call FROM event WHERE call IS NOT NULL").expect("a query");
        select.query_map([], |row| row.get(0)).expect("rows").map(|row| row.expect("a row")).collect()
    }
}

#[track_caller]
fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let began = Instant::now();
    while !done() {
        assert!(began.elapsed() < PATIENCE, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn everything_at_once() {
    let mut besieged = Besieged::new();
    let lasts = pick(Duration::from_secs(6), Duration::from_secs(120));
    let attacks: Vec<_> = SIEGES.into_iter().chain(STORMS).collect();
    let held = besieged.hold(lasts, 1, &attacks);
    besieged.is_as_before(&held.told);
    let sum = |count: fn(&Outcome) -> u64| held.outcomes.iter().map(count).sum::<u64>();
    Figures::of("a flood of everything at once")
        .with(held.told.keys.len(), "good callbacks, all answered")
        .with(held.told.worst.as_millis(), "ms the slowest of them")
        .with(held.asks, "key presses")
        .with(held.slowest_ask.as_millis(), "ms the slowest of them to reach the provider")
        .with(sum(|outcome| outcome.connections as u64), "hostile connections")
        .with(sum(|outcome| outcome.bytes) >> 20, "MiB sent by them")
        .with(held.memory >> 10, "MiB of memory for it at most")
        .tell();
}

#[test]
fn each_for_itself() {
    if full() {
        for attack in SIEGES.into_iter().chain(STORMS) {
            by_itself(Duration::from_secs(15), 1, &[attack]);
        }
        return;
    }
    std::thread::scope(|scope| {
        // Those that are timed out wait for it together, and are few enough that none has to make room.
        scope.spawn(|| by_itself(Duration::ZERO, 5, &SIEGES));
        for storm in STORMS {
            by_itself(Duration::from_millis(200), 1, &[storm]);
        }
    });
}

#[track_caller]
fn by_itself(lasts: Duration, thinned: usize, attacks: &[(&'static str, Attack)]) {
    let mut besieged = Besieged::new();
    let held = besieged.hold(lasts, thinned, attacks);
    besieged.is_as_before(&held.told);
    for ((name, _), outcome) in attacks.iter().zip(&held.outcomes) {
        Figures::of(name)
            .with(outcome.connections, "connections")
            .with(outcome.bytes >> 20, "MiB")
            .with(outcome.longest.as_millis(), "ms until the last was closed")
            .with(held.told.keys.len(), "good callbacks meanwhile")
            .with(held.told.worst.as_millis(), "ms the slowest of them")
            .with(held.memory >> 10, "MiB of memory for it at most")
            .tell();
    }
}

/// Connections that never come to a request.
fn silent(listener: Listener, count: usize) -> Vec<TcpStream> {
    (0..count).map(|_| TcpStream::connect(listener.address).expect("a connection")).collect()
}

#[test]
fn check_finds_too_few_descriptors() {
    let home = Home::new();
    let output = std::process::Command::new("sh")
        .args(["-c", "ulimit -n 64 && exec \"$0\" check --api-url http://127.0.0.1:1/"])
        .arg(support::confmod())
        .env_clear()
        .envs(environment(home.path()))
        .output()
        .expect("sh runs");
    let lines = String::from_utf8_lossy(&output.stdout);
    assert!(lines.contains("FAIL  open files     the system allows 64 open files") && lines.contains("ulimit -Hn"), "{lines}");
    assert_eq!(output.status.code(), Some(1), "{lines}");
}

#[test]
fn few_descriptors_are_told_and_enough_for_the_rest() {
    let limit = |setup: Setup| setup.through("sh", ["-c", "ulimit -n 64 && exec \"$@\"", "sh"]);
    let mut besieged = Besieged::with(limit);
    besieged.console.wait_for_text("the system allows 64 open files");
    let held = silent(besieged.listener, 200);
    let callers = Callers::start(besieged.listener.address, "few");
    for asked in 1..6 {
        besieged.ask(["u", "m"][asked % 2], asked);
    }
    wait_until("newcomers are taken", || held.iter().filter(|stream| is_closed(stream)).count() >= 150);
    // A report takes a descriptor of its own, and so does another reader of the journal.
    besieged.console.send_keys("w");
    wait_until("callers get through", || besieged.calls().contains("good-few-new-5"));
    wait_until("a report is written", || {
        besieged.stage.home.files().iter().any(|(file, _)| file.extension().is_some_and(|end| end == "html"))
    });
    let told = callers.finish();
    assert!(told.worst < ANSWERED, "{told:?}");
    drop(held);
    // The reader that the report was made with stays: the journal and its write-ahead log.
    besieged.descriptors += 2;
    besieged.is_as_before(&told);
}

#[test]
fn without_descriptors_nothing_spins_and_everything_comes_back() {
    let mut besieged = Besieged::new();
    let load = besieged.load;
    let held = silent(besieged.listener, 100);
    wait_until("all are in", || load.descriptors() >= besieged.descriptors + 100);
    // Not one more: whoever comes gets the place of one who is silent, and others get some, too.
    load.limit_descriptors(load.descriptors() as u64);
    let callers = Callers::start(besieged.listener.address, "none");
    for asked in 1..4 {
        besieged.ask(["u", "m"][asked % 2], asked);
    }
    wait_until("callers get through", || besieged.calls().contains("good-none-new-5"));
    wait_until("some had to give back theirs", || held.iter().filter(|stream| is_closed(stream)).count() >= 16);
    assert!(held.iter().filter(|stream| !is_closed(stream)).count() >= 50, "they waited until the silent ones were timed out");
    let told = callers.finish();
    assert!(told.worst < ANSWERED, "{told:?}");
    drop(held);
    wait_until("all are out", || load.descriptors() <= besieged.descriptors);

    // Not even one: nothing can be taken, and waiting costs nothing.
    load.limit_descriptors(8);
    let target = path("join", "key=late&conference=1122");
    let mut late = silent(besieged.listener, 5);
    for stream in &mut late {
        stream.write_all(format!("GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes()).expect("sent");
    }
    let (before, began) = (load.processor_time(), Instant::now());
    std::thread::sleep(Duration::from_secs(1));
    let (took, lasted) = (load.processor_time().saturating_sub(before), began.elapsed());
    assert!(took < lasted / 4, "{took:?} of processor time in {lasted:?}");
    load.limit_descriptors(4_096);
    for mut stream in late {
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        assert!(answer.ends_with("\r\n\r\nok"), "{answer}");
    }
    let warnings = String::from_utf8_lossy(&besieged.stage.home.log()).matches("accepting a callback's connection failed").count();
    assert_eq!(warnings, 1, "said once, not at every try");
    besieged.is_as_before(&told);
}
