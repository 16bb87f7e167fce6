//! Fifty callers who call back to all hosts over plain HTTP, each in its own order, and keep what was answered.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::support::stage::path;
use super::truth::Line;

/// Callers in conference 200.
pub const CALLERS: usize = 50;

/// The pause of one caller between two callbacks.
const PAUSE: Duration = Duration::from_millis(400);

/// The longest that an answer is waited for: longer than a host tries.
const PATIENCE: Duration = Duration::from_secs(6);

/// Where callbacks can be sent, as a balancer in front of the hosts knows it.
pub type Hosts = Arc<Mutex<Vec<SocketAddr>>>;

/// What one caller was told.
#[derive(Debug, Default)]
pub struct Told {
    /// The callbacks that got `200`: how often each kind of each key.
    pub taken: BTreeMap<(String, &'static str), usize>,
    /// How many got `503`, and how many no answer.
    pub refused: usize,
    pub unanswered: usize,
    /// The longest that an answer took, whatever it was.
    pub slowest: Duration,
}

/// The crowd.
pub struct Crowd {
    stop: Arc<AtomicBool>,
    pause: Arc<AtomicBool>,
    /// How many have paused, each with a lowered hand.
    paused: Arc<AtomicUsize>,
    hosts: Hosts,
    threads: Vec<JoinHandle<Told>>,
}

impl Crowd {
    /// All join, then raise and lower their hands; every tenth leaves and comes again with another key.
    pub fn start(hosts: Vec<SocketAddr>) -> Self {
        let (stop, hosts) = (Arc::<AtomicBool>::default(), Arc::new(Mutex::new(hosts)));
        let (pause, paused) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
        let turn = Arc::new(AtomicUsize::new(0));
        let threads = (0..CALLERS).map(|number| {
            let caller = Caller { number, hosts: Arc::clone(&hosts), turn: Arc::clone(&turn), told: Told::default() };
            let (stop, pause, paused) = (Arc::clone(&stop), Arc::clone(&pause), Arc::clone(&paused));
            std::thread::spawn(move || caller.live(&stop, &pause, &paused))
        });
        Self { threads: threads.collect(), stop, pause, paused, hosts }
    }

    /// What the balancer knows from now on.
    pub fn route(&self, hosts: Vec<SocketAddr>) {
        *self.hosts.lock().expect("nobody panicked") = hosts;
    }

    /// Has all wait, each in the conference and with a lowered hand.
    #[track_caller]
    pub fn pause(&self) {
        self.pause.store(true, Ordering::Relaxed);
        super::world::wait("all callers to pause", super::world::PATIENCE, || self.paused.load(Ordering::Relaxed) == CALLERS);
    }

    /// Lets them go on.
    pub fn resume(&self) {
        self.pause.store(false, Ordering::Relaxed);
    }

    /// Ends them, each with a lowered hand.
    #[track_caller]
    pub fn finish(self) -> Told {
        self.stop.store(true, Ordering::Relaxed);
        self.threads.into_iter().fold(Told::default(), |mut all, thread| {
            let told = thread.join().expect("a caller is answered in the end");
            for (what, count) in told.taken {
                *all.taken.entry(what).or_default() += count;
            }
            all.refused += told.refused;
            all.unanswered += told.unanswered;
            all.slowest = all.slowest.max(told.slowest);
            all
        })
    }
}

/// The name on the screen.
pub fn name(number: usize) -> String {
    format!("Caller.{number:02}")
}

struct Caller {
    number: usize,
    hosts: Hosts,
    turn: Arc<AtomicUsize>,
    told: Told,
}

impl Caller {
    fn live(mut self, stop: &AtomicBool, pause: &AtomicBool, paused: &AtomicUsize) -> Told {
        // Not all in the same moment.
        std::thread::sleep(PAUSE * u32::try_from(self.number).expect("small") / 50);
        for stay in 0.. {
            let key = format!("c{:02}-{stay}", self.number);
            let who = format!("conference=200&number=1215701{:04}&name={}", self.number, name(self.number));
            self.tell("join", "joined", &key, &who);
            for round in 0.. {
                for state in ["up", "down"] {
                    std::thread::sleep(PAUSE);
                    self.tell("hand", if state == "up" { "up" } else { "down" }, &key, &format!("state={state}"));
                }
                if pause.load(Ordering::Relaxed) {
                    paused.fetch_add(1, Ordering::Relaxed);
                    while pause.load(Ordering::Relaxed) && !stop.load(Ordering::Relaxed) {
                        std::thread::sleep(PAUSE / 20);
                    }
                    paused.fetch_sub(1, Ordering::Relaxed);
                }
                if stop.load(Ordering::Relaxed) {
                    return self.told;
                }
                if self.number % 10 == 9 && round == 4 {
                    break;
                }
            }
            self.tell("leave", "left", &key, "");
        }
        self.told
    }

    /// Calls back until it is answered `200`, each time where the balancer says.
    fn tell(&mut self, kind: &str, counted: &'static str, key: &str, more: &str) {
        let until = Instant::now() + Duration::from_secs(60);
        loop {
            let to = {
                let hosts = self.hosts.lock().expect("nobody panicked");
                hosts[self.turn.fetch_add(1, Ordering::Relaxed) % hosts.len()]
            };
            let began = Instant::now();
            match ask(to, &path(kind, &format!("key={key}&{more}"))) {
                Some(200) => {
                    self.told.slowest = self.told.slowest.max(began.elapsed());
                    *self.told.taken.entry((key.to_owned(), counted)).or_default() += 1;
                    return;
                }
                Some(503) => {
                    self.told.slowest = self.told.slowest.max(began.elapsed());
                    self.told.refused += 1;
                }
                Some(other) => panic!("{kind} of {key} was answered {other}"),
                None => self.told.unanswered += 1,
            }
            assert!(Instant::now() < until, "{kind} of {key} was not taken for a minute");
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}

/// The status of the answer; none when the host was gone.
fn ask(to: SocketAddr, target: &str) -> Option<u16> {
    let mut stream = TcpStream::connect_timeout(&to, PATIENCE).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    stream.write_all(format!("GET {target} HTTP/1.1\r\nHost: {to}\r\nConnection: close\r\n\r\n").as_bytes()).ok()?;
    let (mut answer, mut buffer) = (Vec::new(), [0; 1024]);
    while let Ok(read @ 1..) = stream.read(&mut buffer) {
        answer.extend_from_slice(&buffer[..read]);
    }
    let text = String::from_utf8_lossy(&answer);
    text.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()
}

/// Whatever was answered `200` stands on the stream at least as often.
#[track_caller]
pub fn nothing_is_lost(told: &Told, lines: &[Line]) {
    let mut stands: BTreeMap<(String, &str), usize> = BTreeMap::new();
    for line in lines {
        let kind = match line.kind.as_str() {
            "hand" if line.body["up"] == true => "up",
            "hand" => "down",
            "joined" => "joined",
            "left" => "left",
            _ => continue,
        };
        *stands.entry((line.text("call").to_owned(), kind)).or_default() += 1;
    }
    let lost: Vec<_> =
        told.taken.iter().filter(|((key, kind), count)| stands.get(&(key.clone(), *kind)).copied().unwrap_or(0) < **count).collect();
    assert!(lost.is_empty(), "answered and lost: {lost:?}");
}
