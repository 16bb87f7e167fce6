//! Servers, hosts and desks: real processes, each in a home of its own, and a provider that looks at what is sent.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::support;
use super::support::home::{self, Home};
use super::support::http::{self, Reply};
use super::support::nats::Servers;
use super::support::provider::Provider;
use super::support::pty::{Console, Setup};
use super::support::screen::Reading as _;
use super::support::stage::{TOKEN, USERKEY, path};

/// The longest that anything is waited for.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// How soon all screens are equal after a fault, and another host carries out what is asked.
pub const SOON: Duration = Duration::from_secs(20);

/// The lines of a desk's terminal: all callers, and all who have left lately, stand in it.
const TALL: u16 = 140;

/// Waits until it is so; how long it took.
#[track_caller]
pub fn wait(what: &str, patience: Duration, is_so: impl Fn() -> bool) -> Duration {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < patience, "waited {:?} for {what}", began.elapsed());
        std::thread::sleep(Duration::from_millis(20));
    }
    began.elapsed()
}

/// A `confmod serve`.
pub struct Host {
    home: Home,
    child: Child,
    pub callbacks: SocketAddr,
    pub metrics: SocketAddr,
}

impl Host {
    /// The command, with everything set that it needs; ports that the system chooses.
    pub fn command(home: &Home, provider: &str, urls: &str) -> Command {
        Self::command_through(&[], home, provider, urls)
    }

    fn command_through(before: &[&str], home: &Home, provider: &str, urls: &str) -> Command {
        let words: Vec<&str> = before.iter().copied().chain([support::confmod().to_str().expect("a path")]).collect();
        let mut command = Command::new(words[0]);
        command
            .args(&words[1..])
            .args(["serve", "--nats", urls, "--listen", "127.0.0.1:0", "--metrics", "127.0.0.1:0"])
            .env_clear()
            .envs(home::environment(home.path()))
            .env("CONFMOD_USERKEY", USERKEY)
            .env("CONFMOD_API_URL", provider)
            .env("CONFMOD_CALLBACK_TOKEN", TOKEN)
            .current_dir(home.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        command
    }

    /// Starts one, and waits until it takes callbacks.
    #[track_caller]
    pub fn start(provider: &Provider, urls: &str, configured: &str) -> Self {
        let home = Home::new();
        home.configure(configured);
        let command = Self::command(&home, &provider.url(), urls);
        Self::start_as(home, command)
    }

    /// Starts one through another program; addresses are `0.0.0.0` where more than loopback is to be heard.
    #[track_caller]
    pub fn start_as(home: Home, mut command: Command) -> Self {
        let log = home.join("said");
        let child = command.stderr(File::create(&log).expect("its log")).spawn().expect("it starts");
        let mut host = Self { home, child, callbacks: ([127, 0, 0, 1], 0).into(), metrics: ([127, 0, 0, 1], 0).into() };
        let address = |said: &str, name: &str| said.split_once(name)?.1.split_whitespace().next()?.parse::<SocketAddr>().ok();
        let until = Instant::now() + PATIENCE;
        loop {
            let said = host.said();
            if let Some(found) = address(&said, "callbacks=").zip(address(&said, "metrics=")) {
                (host.callbacks, host.metrics) = found;
                return host;
            }
            let ended = host.child.try_wait().expect("its state");
            assert!(ended.is_none() && Instant::now() < until, "it does not serve ({ended:?}): {said}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// What it wrote on standard error.
    pub fn said(&self) -> String {
        let mut text = String::new();
        let _ = File::open(self.home.join("said")).and_then(|mut file| file.read_to_string(&mut text));
        text
    }

    /// Calls back, and insists on `200`.
    #[track_caller]
    pub fn tell(&self, kind: &str, query: &str) {
        let reply = self.get(kind, query);
        assert_eq!(reply.status, 200, "{kind}?{query}: {reply:?}");
    }

    #[track_caller]
    pub fn get(&self, kind: &str, query: &str) -> Reply {
        http::get(self.callbacks, &path(kind, query))
    }

    /// Somebody joins conference 200.
    #[track_caller]
    pub fn join(&self, key: &str, name: &str, number: &str) {
        self.tell("join", &format!("key={key}&conference=200&number={number}&name={name}"));
    }

    /// A number out of `/metrics`.
    pub fn metric(&self, name: &str) -> Option<f64> {
        let body = http::get(self.metrics, "/metrics").body;
        body.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
    }

    /// Whether it says of itself that it carries out what is asked.
    pub fn carries_out(&self) -> bool {
        self.metric("confmod_carries_out") == Some(1.0)
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("it is told");
    }

    /// Ends it in the way it cannot notice.
    pub fn kill9(mut self) {
        self.child.kill().expect("it is killed");
        self.child.wait().expect("it ends");
    }

    /// Asks it to end: its exit code, and how long it took.
    #[track_caller]
    pub fn stop(&mut self) -> (i32, Duration) {
        self.signal(Signal::TERM);
        self.ends()
    }

    /// Waits until it ends: its exit code, and how long it took.
    #[track_caller]
    pub fn ends(&mut self) -> (i32, Duration) {
        use std::os::unix::process::ExitStatusExt as _;
        let began = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("its state") {
                break status;
            }
            assert!(began.elapsed() < PATIENCE, "it does not end: {}", self.said());
            std::thread::sleep(Duration::from_millis(5));
        };
        (status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default()), began.elapsed())
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let said = self.said();
            let told: Vec<&str> = said.lines().filter(|line| !line.contains("asked call=")).collect();
            let _ = writeln!(std::io::stderr(), "a host said:\n{}", told[told.len().saturating_sub(30)..].join("\n"));
        }
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Servers, a provider, hosts and two desks.
pub struct World {
    pub servers: Servers,
    pub provider: Provider,
    pub hosts: Vec<Option<Host>>,
    pub desks: Vec<Console>,
    /// More lines for the hosts' configuration.
    pub configured: String,
    homes: Vec<Home>,
}

impl World {
    /// One server, one host.
    #[track_caller]
    pub fn small(configured: &str) -> Self {
        Self::on(Servers::one(""), 1, configured)
    }

    /// So many hosts on servers.
    #[track_caller]
    pub fn on(servers: Servers, hosts: usize, configured: &str) -> Self {
        let mut world = Self {
            servers,
            provider: Provider::start(),
            hosts: Vec::new(),
            desks: Vec::new(),
            configured: configured.to_owned(),
            homes: Vec::new(),
        };
        for _ in 0..hosts {
            let host = world.new_host();
            world.hosts.push(Some(host));
        }
        world
    }

    #[track_caller]
    pub fn new_host(&self) -> Host {
        Host::start(&self.provider, &self.servers.urls(), &self.configured)
    }

    /// A host that runs.
    pub fn host(&self, at: usize) -> &Host {
        self.hosts[at].as_ref().expect("it runs")
    }

    /// Ends a host in the way it cannot notice.
    pub fn kill_host(&mut self, at: usize) {
        self.hosts[at].take().expect("it runs").kill9();
    }

    /// A desk's command.
    pub fn desk_setup(&mut self, moderator: &str, urls: &str, configured: &str) -> Setup {
        let home = Home::new();
        home.configure(configured);
        let setup = Setup::new(support::confmod(), &home).args(["--nats", urls]).env("CONFMOD_MODERATOR", moderator).size(160, TALL);
        self.homes.push(home);
        setup
    }

    /// One more desk.
    #[track_caller]
    pub fn open_desk(&mut self, moderator: &str) -> usize {
        self.open_desk_as(moderator, "", &[])
    }

    /// One more desk, with a configuration and arguments of its own.
    #[track_caller]
    pub fn open_desk_as(&mut self, moderator: &str, configured: &str, args: &[&str]) -> usize {
        let urls = self.servers.urls();
        let desk = self.desk_setup(moderator, &urls, configured).args(args).start();
        desk.wait_for_text("confmod");
        self.desks.push(desk);
        self.desks.len() - 1
    }

    /// Which host carries out what is asked. Waits until one does.
    #[track_caller]
    pub fn carrier(&self) -> usize {
        let find = || self.hosts.iter().position(|host| host.as_ref().is_some_and(Host::carries_out));
        wait("a host that carries out what is asked", SOON, || find().is_some());
        find().expect("it still does")
    }

    /// Waits until all desks show the same, and it is as wanted; how long it took.
    #[track_caller]
    pub fn level(&self, patience: Duration, wanted: impl Fn(&Rows) -> bool) -> Duration {
        let began = Instant::now();
        loop {
            let seen: Vec<Rows> = self.desks.iter().map(|desk| rows(&desk.screen())).collect();
            if seen.windows(2).all(|pair| pair[0] == pair[1]) && seen.iter().all(&wanted) {
                return began.elapsed();
            }
            if began.elapsed() > patience {
                let screens: Vec<String> = self.desks.iter().map(Console::screen_text).collect();
                let (first, last) = (&seen[0], &seen[seen.len() - 1]);
                let names: BTreeSet<&String> = first.keys().chain(last.keys()).collect();
                let differ: Vec<_> = names.into_iter().filter(|name| first.get(*name) != last.get(*name)).collect();
                panic!("the screens are not as wanted after {patience:?}; they differ in {differ:?}:\n{}", screens.join("\n=====\n"));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// The callers on a screen: by name the voice and the hand. Who has left is not among them: for how long such a row stays
/// each console counts by its own clock.
pub type Rows = BTreeMap<String, (String, String)>;

/// Reads the roster. A name that stands there twice is a failure of its own.
#[track_caller]
pub fn rows(screen: &vt100::Screen) -> Rows {
    let lines = screen.lines();
    let Some(at) = lines.iter().position(|line| line.contains("caller") && line.contains("voice") && line.contains("last ask")) else {
        return Rows::new();
    };
    let column = |word: &str| lines[at].split(word).next().unwrap_or_default().chars().count();
    let (name, number, voice, since, hand, last) =
        (column("caller"), column("number"), column("voice"), column("in for"), column("hand"), column("last ask"));
    let mut rows = Rows::new();
    for line in &lines[at + 1..] {
        let cells: Vec<char> = line.split('│').next().unwrap_or_default().chars().collect();
        let cell = |from: usize, to: usize| {
            let to = to.min(cells.len());
            cells.get(from..to).map(|cells| cells.iter().collect::<String>().trim_end().to_owned()).unwrap_or_default()
        };
        let (name, voice, hand) = (cell(name, number), cell(voice, since), cell(hand, last));
        // A sentence about a caller begins elsewhere.
        if !name.starts_with("Caller") || matches!(voice.as_str(), "left" | "kicked") {
            continue;
        }
        let twice = rows.insert(name.clone(), (voice, hand));
        assert!(twice.is_none(), "{name} stands there twice:\n{}", lines.join("\n"));
    }
    rows
}
