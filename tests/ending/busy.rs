//! A console in the middle of a flood of callbacks, and what is insisted on when it has ended.

use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};
use rustix::process::Signal;

use super::flood::{Flood, KEYS};
use crate::support::provider::Answer;
use crate::support::pty::{Console, DEADLINE, Setup};
use crate::support::screen::Reading as _;
use crate::support::stage::{Listener, Stage};

/// Two seconds, and what a busy machine adds: much less than an answer is waited for.
pub const LONGEST: Duration = Duration::from_secs(6);

pub const ADA: &str = "12157010680";

/// A console with Ada under the cursor and a flood of callbacks.
pub struct Busy {
    pub stage: Stage,
    pub console: Console,
    pub listener: Listener,
    flood: Option<Flood>,
    /// Callbacks that were answered, once the flood is over.
    answered: usize,
}

impl Busy {
    pub fn new() -> Self {
        Self::of(|setup| setup)
    }

    /// One that is set up differently.
    pub fn of(change: impl FnOnce(Setup) -> Setup) -> Self {
        Self::on(Stage::new(), |_, setup| change(setup))
    }

    pub fn on(stage: Stage, change: impl FnOnce(&Stage, Setup) -> Setup) -> Self {
        let (console, listener) = stage.open_as(&change(&stage, stage.setup().size(140, 40)));
        listener.join(&console, "ada", "Ada", ADA);
        let flood = Some(Flood::over(listener));
        Self { stage, console, listener, flood, answered: 0 }
    }

    /// Asks to mute Ada, which is not answered, and to unmute her, which waits for it.
    #[track_caller]
    pub fn ask_in_vain(&mut self) {
        self.stage.provider.script(Answer::Hang);
        self.console.send_keys("m");
        self.stage.provider.wait_for_action("MUTE", "ada");
        self.console.send_keys("u");
        self.console.wait_for_text("asked: unmute Ada");
    }

    #[track_caller]
    pub fn quit(&mut self) {
        self.console.send_keys("q");
        self.console.wait_for_text("quit?");
        self.console.send_keys("y");
    }

    /// A callback and its row: everything goes round.
    #[track_caller]
    pub fn goes_on(&mut self) {
        self.console.send_keys("/ben");
        self.listener.tell("join", "key=ben&conference=1122&number=4930901820&name=Ben");
        self.console.wait_for_row("Ben", "open");
        self.console.send_keys("\x1b");
        self.console.wait_for(|screen| !screen.notice().contains("/ben"), "the filter to go");
    }

    /// Waits until so many callbacks of the flood were answered.
    pub fn flooded(&self, callbacks: usize) {
        let flood = self.flood.as_ref().expect("a flood");
        wait(|| flood.answered() >= callbacks, "the flood to come so far");
    }

    /// Ends the flood and waits until all of it is on the screen.
    #[track_caller]
    pub fn calm(&mut self) {
        if let Some(flood) = self.flood.take() {
            self.answered = flood.end();
        }
        self.listener.tell("hand", "key=ada&state=up");
        self.console.wait_for_row("Ada", "↑1");
    }

    /// What became of the asks so far, in the order in which that was learned.
    pub fn outcomes(&self) -> Vec<String> {
        outcomes(&journal(&self.stage))
    }

    /// It ends in time with this code, the terminal as it was found, and the journal closed with all in it that was
    /// answered.
    #[track_caller]
    pub fn ends(self, asked: Instant, code: i32) -> Ended {
        assert_eq!(self.console.exit_code(), code, "{}", self.console.screen_text());
        let took = asked.elapsed();
        assert!(took < LONGEST, "it took {took:?}");
        if self.console.has_window() {
            self.console.terminal_is_clean();
        }
        self.kept()
    }

    /// The journal is closed, with all in it that was answered, and nothing secret is left anywhere.
    #[track_caller]
    pub fn kept(mut self) -> Ended {
        let answered = self.flood.take().map_or(self.answered, Flood::end);
        assert_eq!(self.stage.leaks(&self.console), Vec::<String>::new());
        let journal = self.stage.home.journal();
        let log = std::fs::metadata(journal.with_extension("sqlite-wal")).map(|found| found.len());
        assert!(
            log.as_ref().map_or(true, |length| *length == 0),
            "events are left in the log beside the journal: {log:?}\n{}",
            String::from_utf8_lossy(&self.stage.home.log())
        );
        let journal = self::journal(&self.stage);
        let count = format!("SELECT count(*) FROM event WHERE call LIKE '{KEYS}%'");
        let kept: u32 = journal.query_row(&count, [], |row| row.get(0)).expect("a number");
        // One that was written and not answered any more is no fault.
        assert!(kept as usize >= answered && answered > 0, "{answered} were answered, {kept} are kept");
        Ended { stage: self.stage, callbacks: answered, journal }
    }
}

/// What is left.
pub struct Ended {
    pub stage: Stage,
    /// How many callbacks of the flood were answered `200`.
    pub callbacks: usize,
    journal: Connection,
}

impl Ended {
    /// What became of the asks, in the order in which that was learned.
    pub fn outcomes(&self) -> Vec<String> {
        outcomes(&self.journal)
    }

    /// The kind of the last event.
    pub fn last(&self) -> String {
        self.journal.query_row("SELECT kind FROM event ORDER BY seq DESC LIMIT 1", [], |row| row.get(0)).expect("a row")
    }
}

fn journal(stage: &Stage) -> Connection {
    Connection::open_with_flags(stage.home.journal(), OpenFlags::SQLITE_OPEN_READ_ONLY).expect("the journal")
}

fn outcomes(journal: &Connection) -> Vec<String> {
    let mut rows = journal.prepare("SELECT outcome FROM log WHERE kind = 'answered' ORDER BY seq").expect("readable");
    rows.query_map([], |row| row.get(0)).expect("rows").map(|row| row.expect("words")).collect()
}

/// Stops the process as a shell's job control does, and waits until it is stopped.
#[track_caller]
pub fn stop(console: &Console, signal: Signal) {
    console.signal(signal);
    wait(|| state(console.pid()) == Some('T'), "the process to be stopped");
}

/// Waits for something that neither the screen nor the bytes show.
#[track_caller]
pub fn wait(mut holds: impl FnMut() -> bool, what: &str) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < DEADLINE, "waited for {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn state(pid: i32) -> Option<char> {
    Some(name_and_state(&std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)?.1)
}

/// The name is in parentheses, and the state is the first field after it.
fn name_and_state(stat: &str) -> Option<(String, char)> {
    let (name, fields) = stat.split_once('(')?.1.rsplit_once(')')?;
    Some((name.to_owned(), fields.trim_start().chars().next()?))
}

/// The threads of a process: name and state, `R` for one that is at work. Nothing when the process is gone.
pub fn threads(pid: i32) -> Vec<(String, char)> {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    threads.filter_map(|thread| name_and_state(&std::fs::read_to_string(thread.path().join("stat")).ok()?)).collect()
}

/// Numbers that look thrown and are the same in every run.
pub struct Dice(u32);

impl Dice {
    pub fn new(seed: u32) -> Self {
        Self(seed)
    }

    /// A number below another.
    pub fn roll(&mut self, below: u32) -> u32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) % below
    }
}
