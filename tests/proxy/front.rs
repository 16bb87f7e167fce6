//! A reverse proxy with its file from `assets`: only the names, ports and paths that belong to a machine are changed.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::support::home::Home;
use super::support::http;

/// The name in both files.
const NAME: &str = "calls.example.org";

/// Which proxy.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `assets/nginx.conf`
    Nginx,
    /// `assets/Caddyfile`
    Caddy,
}

/// One that runs, in a home of its own.
pub struct Front {
    home: Home,
    at: SocketAddr,
    child: Child,
}

impl Front {
    /// Starts it in front of a listener and waits until it takes connections.
    pub fn start(kind: Kind, listener: SocketAddr) -> Self {
        let home = Home::new();
        // An address that nobody else on this machine uses: what is free on it now stays free.
        let [_, _, high, low] = std::process::id().to_be_bytes();
        let address = Ipv4Addr::new(127, if kind == Kind::Nginx { 81 } else { 82 }, high, low.clamp(1, 254));
        let at = TcpListener::bind((address, 0)).and_then(|socket| socket.local_addr()).expect("a port");
        let signed = rcgen::generate_simple_self_signed([NAME.to_owned()]).expect("a certificate");
        fs::write(home.join("certificate.pem"), signed.cert.pem()).expect("written");
        fs::write(home.join("key.pem"), signed.signing_key.serialize_pem()).expect("written");
        let mut command = match kind {
            Kind::Nginx => nginx(&home, at, listener),
            Kind::Caddy => caddy(&home, at, listener),
        };
        let said = File::create(home.join("said")).expect("a file");
        command.stdin(Stdio::null()).stdout(said.try_clone().expect("the file again")).stderr(said);
        let child = command.spawn().expect("it starts");
        let mut front = Self { home, at, child };
        let began = Instant::now();
        while TcpStream::connect(at).is_err() {
            let ended = front.child.try_wait().expect("a child");
            let said = fs::read_to_string(front.home.join("said")).unwrap_or_default();
            assert!(ended.is_none() && began.elapsed() < Duration::from_secs(30), "it does not listen ({ended:?}): {said}");
            std::thread::sleep(Duration::from_millis(20));
        }
        front
    }

    /// Asks it over TLS from an address of this machine, with more arguments for curl: status and body.
    pub fn ask(&self, from: &str, path: &str, more: &[&str]) -> (u16, String) {
        let port = self.at.port();
        let (resolve, url) = (format!("{NAME}:{port}:{}", self.at.ip()), format!("https://{NAME}:{port}{path}"));
        let certificate = self.home.join("certificate.pem");
        let fixed = [
            "--cacert",
            certificate.to_str().expect("text"),
            "--resolve",
            &resolve,
            "--interface",
            from,
            "--path-as-is",
            "--http1.1",
            "--header",
            "Expect:",
        ];
        http::curl(&[&fixed, more, &[&url]].concat())
    }

    /// A file in its home, for curl to send.
    pub fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.home.join(name);
        fs::write(&path, bytes).expect("written");
        path
    }

    /// Ends it as its manager would, and waits.
    pub fn stop(&mut self) {
        let pid = Pid::from_child(&self.child);
        // It may have ended by itself, which the wait finds out.
        let _ = kill_process(pid, Signal::TERM);
        let status = self.child.wait().expect("an end");
        assert!(status.success(), "it ended with {status}: {}", fs::read_to_string(self.home.join("said")).unwrap_or_default());
    }

    /// Everything it wrote, its own configuration and key among it.
    pub fn left(&self) -> Vec<(PathBuf, Vec<u8>)> {
        self.home.files()
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        // Only where a test failed; one that was stopped is not there any more.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A piece of an example that must be in it, changed.
#[track_caller]
fn change(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "the example does not say {from:?} any more");
    text.replace(from, to)
}

fn asset(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("assets").join(name)).expect("the example")
}

/// nginx with the site in a main configuration that logs as much as it can.
fn nginx(home: &Home, at: SocketAddr, listener: SocketAddr) -> Command {
    let folder = home.path().display();
    let site = change(&asset("nginx.conf"), "listen [::]:443 ssl;", "");
    let site = change(&site, "listen 443 ssl;", &format!("listen {at} ssl;"));
    let site = change(&site, "/etc/letsencrypt/live/calls.example.org/fullchain.pem", &format!("{folder}/certificate.pem"));
    let site = change(&site, "/etc/letsencrypt/live/calls.example.org/privkey.pem", &format!("{folder}/key.pem"));
    let site = change(&site, "http://127.0.0.1:8787;", &format!("http://{listener};"));
    fs::write(home.join("site.conf"), site).expect("written");
    let temporary =
        ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(|name| format!("{name}_temp_path {folder}/{name};\n")).concat();
    let main = format!(
        "daemon off;\npid {folder}/pid;\nerror_log stderr info;\nevents {{}}\n\
         http {{\naccess_log {folder}/access.log;\n{temporary}include {folder}/site.conf;\n}}\n"
    );
    fs::write(home.join("main.conf"), main).expect("written");
    let mut command = Command::new("nginx");
    command.arg("-p").arg(home.path()).arg("-c").arg(home.join("main.conf")).args(["-e", "stderr"]);
    command
}

/// Caddy with the file itself; only what it would ask others for is switched off.
fn caddy(home: &Home, at: SocketAddr, listener: SocketAddr) -> Command {
    let folder = home.path().display();
    let file = change(&asset("Caddyfile"), "\n{\n", "\n{\n\tadmin off\n\tauto_https off\n");
    let site = format!("https://{NAME}:{} {{\n\tbind {}\n\ttls {folder}/certificate.pem {folder}/key.pem\n", at.port(), at.ip());
    let file = change(&file, "calls.example.org {\n", &site);
    let file = change(&file, "reverse_proxy 127.0.0.1:8787 {", &format!("reverse_proxy {listener} {{"));
    fs::write(home.join("Caddyfile"), file).expect("written");
    let mut command = Command::new("caddy");
    command.env("HOME", home.path()).env("XDG_DATA_HOME", home.join("data")).env("XDG_CONFIG_HOME", home.join("config"));
    command.arg("run").args(["--adapter", "caddyfile", "--config"]).arg(home.join("Caddyfile"));
    command
}
