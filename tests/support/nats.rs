//! Real NATS servers on loopback: one, or a cluster of three. Each can be killed, stopped for a while and started again.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::wires::Wires;

/// The program, and the name of Debian's package.
pub const PROGRAM: &str = "nats-server";

/// How long servers may take until they answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// One server.
pub struct Server {
    folder: PathBuf,
    pub port: u16,
    /// Where clients reach it: elsewhere if it is behind a wire.
    door: u16,
    child: Option<Child>,
}

/// Servers that know one another, and their folder.
pub struct Servers {
    pub all: Vec<Server>,
    _folder: TempDir,
}

impl Servers {
    /// One server for itself. More lines for its configuration may be given.
    #[must_use]
    pub fn one(more: &str) -> Self {
        Self::start(1, more, None)
    }

    /// A cluster of three.
    #[must_use]
    pub fn three() -> Self {
        Self::start(3, "", None)
    }

    /// A cluster of three, each behind a wire of its own.
    #[must_use]
    pub fn apart(wires: &Wires) -> Self {
        Self::start(3, "", Some(wires))
    }

    fn start(count: usize, more: &str, wires: Option<&Wires>) -> Self {
        let folder = TempDir::new().expect("a folder");
        // All held at once, so that no two are the same; the servers take them a moment later.
        let held: Vec<TcpListener> = (0..count * 2).map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port")).collect();
        let ports: Vec<u16> = held.iter().map(|socket| socket.local_addr().expect("an address").port()).collect();
        let (clients, routes) = ports.split_at(count);
        let mut all = Vec::new();
        for (at, (port, route)) in clients.iter().zip(routes).enumerate() {
            let own = folder.path().join(at.to_string());
            std::fs::create_dir(&own).expect("a folder");
            let store = own.join("store");
            let mut text =
                format!("listen: \"127.0.0.1:{port}\"\nserver_name: n{at}\njetstream {{ store_dir: \"{}\" }}\n{more}\n", store.display());
            let mut door = *port;
            // What a server tells of where it is leads over its wire, too. Of routes it tells what leads nowhere: each server
            // knows its ways to the others.
            let mut apart = "";
            if let Some(wires) = wires {
                door = wires.passage([None, Some(at)], *port);
                writeln!(text, "client_advertise: \"127.0.0.1:{door}\"").expect("text");
                apart = "advertise: \"127.0.0.1:1\", ";
            }
            if count > 1 {
                let way = |(to, route): (usize, &u16)| match wires {
                    Some(wires) if to != at => wires.passage([Some(at), Some(to)], *route),
                    _ => *route,
                };
                let ways: Vec<String> = routes.iter().enumerate().map(|other| format!("nats://127.0.0.1:{}", way(other))).collect();
                writeln!(text, "cluster {{ name: c, listen: \"127.0.0.1:{route}\", {apart}routes: {ways:?} }}").expect("text");
            }
            std::fs::write(own.join("conf"), text).expect("its configuration");
            all.push(Server { folder: own, port: *port, door, child: None });
        }
        drop(held);
        let mut servers = Self { all, _folder: folder };
        servers.all.iter_mut().for_each(Server::start);
        servers
    }

    /// The URLs, as `--nats` takes them.
    #[must_use]
    pub fn urls(&self) -> String {
        let urls: Vec<String> = self.all.iter().map(Server::url).collect();
        urls.join(",")
    }
}

impl Server {
    #[must_use]
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.door)
    }

    /// Starts it, and waits until it takes connections.
    pub fn start(&mut self) {
        let log = File::options().create(true).append(true).open(self.folder.join("log")).expect("its log");
        let mut program = Command::new(PROGRAM);
        program.arg("-c").arg(self.folder.join("conf")).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let mut child = program.spawn().expect("the server starts");
        let until = Instant::now() + PATIENCE;
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_err() {
            let ended = child.try_wait().expect("its state");
            assert!(ended.is_none() && Instant::now() < until, "the server does not listen: {}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
        self.child = Some(child);
    }

    /// Ends it as a power cut would.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("it is killed");
            child.wait().expect("it ends");
        }
    }

    /// Puts what it has stored beside, or back in its place as if nothing had been written since. It must not run.
    pub fn keep(&self, back: bool) {
        let [stored, kept] = ["store", "kept"].map(|name| self.folder.join(name));
        let (from, to) = if back { (kept, stored) } else { (stored, kept) };
        let _ = std::fs::remove_dir_all(&to);
        let copied = Command::new("cp").arg("-r").arg(from).arg(to).status();
        assert!(copied.is_ok_and(|status| status.success()), "a copy of what is stored");
    }

    /// Stops it without a word: its connections stay and say nothing.
    pub fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        let child = self.child.as_ref().expect("it runs");
        kill_process(Pid::from_child(child), signal).expect("it is told");
    }

    /// What it wrote.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// Its folder, with its store and configuration.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.log();
            let told = log.lines().filter(|line| line.contains("[WRN]") || line.contains("[ERR]") || line.contains("leader"));
            // Nothing else can be done here.
            let _ = writeln!(std::io::stderr(), "{} said:\n{}", self.url(), told.collect::<Vec<_>>().join("\n"));
        }
        if let Some(child) = &mut self.child {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
