//! `confmod --plain` for long runs: what it says is counted and dropped, but for what is waited for.
#![allow(dead_code, reason = "each test file uses a part of this")]
#![allow(unreachable_pub, reason = "inside a test program nothing can be reached from outside")]

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::support::home::{Home, environment};
use super::support::provider::Provider;
use super::support::pty::DEADLINE;
use super::support::stage::{Listener, TOKEN, USERKEY};

/// A running console.
pub struct Desk {
    child: Child,
    input: ChildStdin,
    heard: Receiver<String>,
    /// The words that lines are kept for.
    wanted: Arc<Mutex<Vec<String>>>,
}

impl Desk {
    /// Starts it and waits until it takes callbacks.
    #[track_caller]
    pub fn open(home: &Home, provider: &Provider) -> (Self, Listener) {
        let mut child = Command::new(super::support::confmod())
            .arg("--plain")
            .env_clear()
            .envs(environment(home.path()))
            .env("CONFMOD_USERKEY", USERKEY)
            .env("CONFMOD_API_URL", provider.url())
            .env("CONFMOD_LISTEN", "127.0.0.1:0")
            .env("CONFMOD_CALLBACK_TOKEN", TOKEN)
            .env("CONFMOD_JOURNAL", home.journal())
            .env("CONFMOD_MODERATOR", "the-moderator")
            .env("CONFMOD_PACE", "1000")
            .env("CONFMOD_PARALLEL", "16")
            .current_dir(home.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("confmod starts");
        let (input, output) = (child.stdin.take().expect("its input"), child.stdout.take().expect("its output"));
        let (keep, heard) = channel();
        let wanted = Arc::new(Mutex::new(vec!["listens for callbacks on".to_owned()]));
        let words = Arc::clone(&wanted);
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if words.lock().unwrap_or_else(PoisonError::into_inner).iter().any(|words| line.contains(words)) && keep.send(line).is_err()
                {
                    return;
                }
            }
        });
        let desk = Self { child, input, heard, wanted };
        let line = desk.hear("listens for callbacks on");
        let address = line.rsplit(' ').next().and_then(|address| address.parse().ok()).expect("the listener's address");
        (desk, Listener { address })
    }

    /// From now on lines with these words are kept for [`Self::hear`].
    pub fn listen_for(&self, words: &str) {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner).push(words.to_owned());
    }

    /// Waits for a line with words that were listened for.
    #[track_caller]
    pub fn hear(&self, words: &str) -> String {
        let deadline = Instant::now() + DEADLINE;
        loop {
            let line = self.heard.recv_timeout(deadline.saturating_duration_since(Instant::now()));
            let line = line.unwrap_or_else(|_| panic!("waited for {words:?}"));
            if line.contains(words) {
                return line;
            }
        }
    }

    #[track_caller]
    pub fn say(&mut self, line: &str) {
        self.input.write_all(format!("{line}\n").as_bytes()).and_then(|()| self.input.flush()).expect("it listens");
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("a signal to the program");
    }

    /// Ends it with a signal, and waits until it has; whether it took less than this.
    #[track_caller]
    pub fn end(mut self, within: Duration) {
        let asked = Instant::now();
        self.signal(Signal::TERM);
        let status = self.child.wait().expect("it ends");
        assert_eq!(status.code(), Some(143), "{status}");
        assert!(asked.elapsed() < within, "it took {:?} to end", asked.elapsed());
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        // It has ended already where the test went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
