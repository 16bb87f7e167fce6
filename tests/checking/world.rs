//! An installation in which everything is as it should be, for tests to break one thing of.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::SystemTime;

use crate::support::home::{Home, environment};
use crate::support::pty::{Console, Setup};

/// What configures and surrounds one run of the check.
pub(crate) struct World {
    pub(crate) home: Home,
    /// What is put before the program, if anything.
    pub(crate) through: Vec<String>,
    pub(crate) args: Vec<String>,
    pub(crate) variables: Vec<(&'static str, String)>,
    /// Runs as an ordinary user, where the test is none.
    pub(crate) as_ordinary_user: bool,
    /// Who holds what as long as this lives.
    pub(crate) held: Vec<Box<dyn std::any::Any>>,
}

impl World {
    pub(crate) fn healthy() -> Self {
        let home = Home::new();
        let provider = answering(&format!(
            "HTTP/1.1 200 OK\r\nDate: {}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            httpdate::fmt_http_date(SystemTime::now())
        ));
        let mut world = Self {
            home,
            through: Vec::new(),
            args: Vec::new(),
            variables: vec![
                ("CONFMOD_USERKEY", "df141891e2e883904b0b294dc5b079c1c1c13f6d".to_owned()),
                ("CONFMOD_EMAIL", "ada@example.org".to_owned()),
                ("CONFMOD_SECURE_PHRASE", "correct horse".to_owned()),
                ("CONFMOD_API_URL", format!("http://{provider}/api/v3.asp")),
                ("CONFMOD_LISTEN", free_port().to_string()),
            ],
            as_ordinary_user: false,
            held: Vec::new(),
        };
        world.set_file("config/confmod/contacts.csv", "number,name\n12157010680,Ada\n", 0o644);
        world.configure("");
        world
    }

    /// Adds lines to the configuration of a healthy installation.
    pub(crate) fn configure(&mut self, lines: &str) {
        self.set_file("config/confmod/config.toml", &format!("public_url = \"https://calls.example.org\"\n{lines}"), 0o600);
    }

    pub(crate) fn set_file(&mut self, name: &str, content: &str, mode: u32) {
        let path = self.path(name);
        std::fs::write(&path, content).expect("a file written");
        self.set_mode(name, mode);
    }

    pub(crate) fn set_mode(&mut self, name: &str, mode: u32) {
        std::fs::set_permissions(self.path(name), std::fs::Permissions::from_mode(mode)).expect("permissions set");
    }

    /// A path in the home, whose folder exists.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        let path = self.home.join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder made");
        path
    }

    pub(crate) fn set(&mut self, name: &'static str, value: impl Into<String>) {
        self.unset(name);
        self.variables.push((name, value.into()));
    }

    pub(crate) fn unset(&mut self, name: &str) {
        self.variables.retain(|(set, _)| *set != name);
    }

    /// A console that writes the journal of this installation; it listens elsewhere.
    pub(crate) fn start_console(&mut self) {
        let setup = Setup::new(crate::support::confmod(), &self.home).args(["--plain", "--listen", "127.0.0.1:0"]);
        let variables = self.variables.iter().filter(|(name, _)| *name != "CONFMOD_LISTEN");
        let console: Console = variables.fold(setup, |setup, (name, value)| setup.env(name, value)).start();
        console.wait_for_text("/callback/");
        self.held.push(Box::new(console));
    }

    pub(crate) fn check(&self) -> Output {
        let program = if self.as_ordinary_user { crate::ordinary::program() } else { crate::support::confmod().to_owned() };
        let mut line: Vec<_> = self.through.clone();
        line.push(program.to_string_lossy().into_owned());
        let mut command = Command::new(&line[0]);
        command.args(&line[1..]).arg("check").args(&self.args).env_clear().envs(environment(self.home.path()));
        command.envs(self.variables.iter().map(|(name, value)| (name, value))).current_dir(self.home.path()).stdin(Stdio::null());
        if self.as_ordinary_user {
            crate::ordinary::step_down(&mut command, self.home.path());
        }
        command.output().expect("confmod runs")
    }
}

/// A server that answers every request the same; where it is.
pub(crate) fn answering(answer: &str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let answer = answer.to_owned();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut request = [0; 8192];
            let _ = stream.read(&mut request);
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    address
}

/// An address of this machine that nobody listens on, and nobody is given by chance: one of its own for every caller,
/// with a port that the system hands to nobody.
pub(crate) fn free_port() -> SocketAddr {
    static GIVEN: AtomicU8 = AtomicU8::new(1);
    let [.., high, low] = std::process::id().to_be_bytes();
    SocketAddr::from(([127, high.max(1), low, GIVEN.fetch_add(1, Ordering::Relaxed)], 18_787))
}

/// Something that takes connections and says nothing.
pub(crate) fn silent() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    // So that the queue of connections is of a size that is known.
    drop(TcpStream::connect(address));
    (listener, address)
}
