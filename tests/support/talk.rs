//! The real program without a screen: lines in and lines out, through pipes.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::home::{Home, environment};
use super::pty::DEADLINE;
use super::stage::{Listener, Stage, TOKEN, USERKEY};

/// The longest that ending may take.
pub const LONGEST: Duration = Duration::from_secs(2);

/// `confmod --plain` between two pipes.
pub struct Talk {
    pub child: Child,
    /// Closed when taken.
    pub input: Option<ChildStdin>,
    pub lines: Receiver<String>,
    pub heard: Vec<String>,
    /// Set, nothing is read any more, and the pipe stays open.
    pub deaf: Arc<AtomicBool>,
}

impl Talk {
    /// Starts it on a stage, without waiting for anything.
    pub fn start(stage: &Stage, args: &[&str]) -> Self {
        Self::start_with(&stage.home, &stage.provider.url(), args)
    }

    /// Starts it in a home, to ask at this URL.
    pub fn start_with(home: &Home, provider: &str, args: &[&str]) -> Self {
        let journal = home.journal();
        let mut child = Command::new(super::confmod())
            .args(args)
            .env_clear()
            .envs(environment(home.path()))
            .env("CONFMOD_USERKEY", USERKEY)
            .env("CONFMOD_API_URL", provider)
            .env("CONFMOD_LISTEN", "127.0.0.1:0")
            .env("CONFMOD_CALLBACK_TOKEN", TOKEN)
            .env("CONFMOD_JOURNAL", journal)
            .env("CONFMOD_MODERATOR", "the-moderator")
            .current_dir(home.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("confmod starts");
        let (input, output) = (child.stdin.take(), child.stdout.take().expect("its output"));
        let (send, lines) = channel();
        let deaf = Arc::new(AtomicBool::new(false));
        let stops = Arc::clone(&deaf);
        std::thread::spawn(move || {
            let mut output = BufReader::new(output);
            let mut bytes = Vec::new();
            while output.read_until(b'\n', &mut bytes).is_ok_and(|read| read > 0) {
                let line = String::from_utf8(std::mem::take(&mut bytes)).expect("text");
                if send.send(line).is_err() {
                    return;
                }
                while stops.load(Ordering::SeqCst) {
                    std::thread::park();
                }
            }
        });
        Self { child, input, lines, heard: Vec::new(), deaf }
    }

    /// Waits for a line with this in it.
    #[track_caller]
    pub fn hear(&mut self, words: &str) -> String {
        let deadline = Instant::now() + DEADLINE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(line) = self.lines.recv_timeout(left) else { panic!("waited for {words:?}; heard:\n{}", self.heard.concat()) };
            let text = line.strip_suffix('\n').unwrap_or_else(|| panic!("half a line: {line:?}")).to_owned();
            assert!(!text.chars().any(char::is_control), "{text:?}");
            self.heard.push(line);
            if text.contains(words) {
                return text;
            }
        }
    }

    /// Types a line.
    #[track_caller]
    pub fn say(&mut self, line: &str) {
        let input = self.input.as_mut().expect("open");
        input.write_all(format!("{line}\n").as_bytes()).and_then(|()| input.flush()).expect("it listens");
    }

    /// Everything that is said until the end, and the exit code; a signal's is negative.
    #[track_caller]
    pub fn ended(&mut self) -> (String, i32) {
        self.ended_within(LONGEST)
    }

    /// The same where the machine is busy with more than this.
    #[track_caller]
    pub fn ended_within(&mut self, longest: Duration) -> (String, i32) {
        let asked = Instant::now();
        while let Ok(line) = self.lines.recv_timeout(DEADLINE) {
            self.heard.push(line);
        }
        let status = self.child.wait().expect("it ends");
        let took = asked.elapsed();
        assert!(took < longest, "it took {took:?}; heard:\n{}", self.heard.concat());
        let all = self.heard.concat();
        assert!(all.chars().all(|c| c == '\n' || !c.is_control()), "{all:?}");
        assert!(!all.contains(TOKEN) && !all.contains(USERKEY), "{all}");
        (all, status.code().unwrap_or(-1))
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("a signal to the program");
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        // It has ended already where the test went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A plain console, and where it takes callbacks.
#[track_caller]
pub fn open(stage: &Stage, args: &[&str]) -> (Talk, Listener) {
    open_with(&stage.home, &stage.provider.url(), args)
}

/// The same in a home, asking at this URL.
#[track_caller]
pub fn open_with(home: &Home, provider: &str, args: &[&str]) -> (Talk, Listener) {
    let mut talk = Talk::start_with(home, provider, args);
    let line = talk.hear("listens for callbacks on 127.0.0.1:");
    let address = line.rsplit(' ').next().and_then(|address| address.parse().ok()).expect("the listener's address");
    talk.hear("type help");
    (talk, Listener { address })
}
