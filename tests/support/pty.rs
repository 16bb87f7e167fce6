//! Drives a program in a pseudo-terminal and sees what a person would see.
//!
//! A thread reads what the program writes, keeps every byte and feeds a terminal emulation. Waits are for
//! conditions on its screen; there is one generous deadline, after which the picture at hand is reported.

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use portable_pty::{CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};
use rustix::termios::Termios;

use super::home::{self, Home};
use super::keys::{Key, Mouse};
use super::line;
use super::screen::Reading;
use super::traces;

/// The longest that anything is waited for.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// A program that is about to be started.
#[derive(Clone)]
pub struct Setup {
    program: PathBuf,
    home: PathBuf,
    args: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    size: (u16, u16),
}

impl Setup {
    /// A program in a home, with an environment that holds nothing of the test's own; 80 columns, 24 rows.
    pub fn new(program: impl AsRef<Path>, home: &Home) -> Self {
        let program = program.as_ref().to_owned();
        Self { program, home: home.path().to_owned(), args: Vec::new(), environment: home::environment(home.path()), size: (80, 24) }
    }

    /// Another program in the place of this one.
    pub fn program(mut self, program: impl AsRef<Path>) -> Self {
        program.as_ref().clone_into(&mut self.program);
        self
    }

    /// Starts it through another program, which gets the program and its arguments after its own.
    pub fn through<S: AsRef<OsStr>>(mut self, program: impl AsRef<Path>, args: impl IntoIterator<Item = S>) -> Self {
        let mut before: Vec<_> = args.into_iter().map(|arg| arg.as_ref().to_owned()).collect();
        before.push(std::mem::replace(&mut self.program, program.as_ref().to_owned()).into_os_string());
        self.args.splice(0..0, before);
        self
    }

    /// Adds arguments.
    pub fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.args.extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    /// Sets an environment variable.
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.environment.push((name.into(), value.as_ref().to_owned()));
        self
    }

    /// Sets the size: columns, rows.
    pub fn size(mut self, columns: u16, rows: u16) -> Self {
        self.size = (columns, rows);
        self
    }

    /// Starts it.
    pub fn start(&self) -> Console {
        Console::start(self)
    }
}

/// What a person at the terminal has: a screen, keys, and the power to close the window.
pub struct Console {
    command: String,
    home: PathBuf,
    pid: Pid,
    tty: Option<PathBuf>,
    /// The line's settings as the program found them.
    found: Option<Termios>,
    shared: Arc<Shared>,
    master: Option<Box<dyn MasterPty + Send>>,
    writer: Option<Box<dyn Write + Send>>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    terminal: vt100::Parser,
    raw: Vec<u8>,
    /// Between the begin and the end of a synchronized update nobody looks at the screen.
    drawing: bool,
    /// The window is being closed: the reader lets go of it too.
    let_go: bool,
    /// Nothing more can come from the program.
    ended: bool,
    status: Option<ExitStatus>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn take(&mut self, bytes: &[u8]) {
        // A mark may be cut in two by the end of the bytes that were read before.
        let from = self.raw.len().saturating_sub(7);
        self.raw.extend_from_slice(bytes);
        let news = &self.raw[from..];
        match (last_of(news, b"\x1b[?2026h"), last_of(news, b"\x1b[?2026l")) {
            (None, None) => {}
            (begin, end) => self.drawing = begin > end,
        }
        self.terminal.process(bytes);
    }

    /// Whether the picture may be looked at: a whole frame, or the last there will ever be.
    fn is_whole(&self) -> bool {
        !self.drawing || self.ended
    }

    /// Whether the process is gone and all it wrote was read.
    fn is_over(&self) -> bool {
        self.ended && self.status.is_some()
    }
}

fn last_of(bytes: &[u8], mark: &[u8]) -> Option<usize> {
    bytes.windows(mark.len()).rposition(|window| window == mark)
}

impl Console {
    fn start(setup: &Setup) -> Self {
        let (columns, rows) = setup.size;
        let pair = native_pty_system().openpty(pty_size(columns, rows)).expect("a pseudo-terminal");
        let mut builder = CommandBuilder::new(&setup.program);
        builder.args(&setup.args);
        builder.cwd(&setup.home);
        builder.env_clear();
        for (name, value) in &setup.environment {
            builder.env(name, value);
        }
        let command = std::iter::once(setup.program.as_os_str())
            .chain(setup.args.iter().map(OsString::as_os_str))
            .map(|part| part.to_string_lossy().into_owned())
            .collect::<Vec<_>>()
            .join(" ");

        let tty = pair.master.tty_name();
        let found = tty.as_deref().and_then(line::settings);
        let child = pair.slave.spawn_command(builder).unwrap_or_else(|error| panic!("cannot start {command}: {error}"));
        // As long as this side is open here, the end of the program would not be seen as the end of its output.
        drop(pair.slave);
        let child: Box<dyn portable_pty::Child> = child;
        let mut child = child.downcast::<Child>().unwrap_or_else(|_| panic!("a child process of another kind"));
        let pid = Pid::from_child(&child);

        let terminal = vt100::Parser::new(cells(rows), cells(columns), 0);
        let state = State { terminal, raw: Vec::new(), drawing: false, let_go: false, ended: false, status: None };
        let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() });

        let mut reader = pair.master.try_clone_reader().expect("a reader of the pseudo-terminal");
        let readers = Arc::clone(&shared);
        std::thread::spawn(move || {
            let mut buffer = [0; 16 * 1024];
            loop {
                let read = match reader.read(&mut buffer) {
                    Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                    Ok(0) | Err(_) => break,
                    Ok(read) => read,
                };
                let mut state = readers.lock();
                if state.let_go {
                    break;
                }
                state.take(&buffer[..read]);
                readers.changed.notify_all();
            }
            drop(reader);
            readers.lock().ended = true;
            readers.changed.notify_all();
        });

        let waiters = Arc::clone(&shared);
        std::thread::spawn(move || {
            let status = child.wait().expect("the program's exit status");
            waiters.lock().status = Some(status);
            waiters.changed.notify_all();
        });

        let writer = pair.master.take_writer().expect("a writer to the pseudo-terminal");
        Self { command, home: setup.home.clone(), pid, tty, found, shared, master: Some(pair.master), writer: Some(writer) }
    }

    /// Waits until the screen is as wanted. Half-drawn frames are not looked at.
    #[track_caller]
    pub fn wait_for(&self, wanted: impl Fn(&vt100::Screen) -> bool, what: &str) {
        let seen = |state: &State| state.is_whole() && wanted(state.terminal.screen());
        let state = self.wait_until(|state| seen(state) || state.is_over());
        assert!(seen(&state), "{}", self.report(&state, what));
    }

    /// Waits until the screen shows the text anywhere.
    #[track_caller]
    pub fn wait_for_text(&self, text: &str) {
        self.wait_for(|screen| screen.says(text), &format!("{text:?} on the screen"));
    }

    /// Waits until the first row with `text` has `word` as a whole word.
    #[track_caller]
    pub fn wait_for_row(&self, text: &str, word: &str) {
        self.wait_for(|screen| screen.row_says(text, word), &format!("the row of {text:?} to say {word:?}"));
    }

    /// Waits until the bytes that the program wrote are as wanted: for what a screen does not show.
    #[track_caller]
    pub fn wait_for_bytes(&self, wanted: impl Fn(&[u8]) -> bool, what: &str) {
        let state = self.wait_until(|state| wanted(&state.raw) || state.is_over());
        assert!(wanted(&state.raw), "{}", self.report(&state, what));
    }

    fn wait_until(&self, wanted: impl Fn(&State) -> bool) -> MutexGuard<'_, State> {
        let deadline = Instant::now() + DEADLINE;
        let mut state = self.shared.lock();
        while !wanted(&state) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            state = self.shared.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        state
    }

    /// The screen as it is now, or as soon as the frame being drawn is whole.
    pub fn screen(&self) -> vt100::Screen {
        self.wait_until(State::is_whole).terminal.screen().clone()
    }

    /// The screen as text.
    pub fn screen_text(&self) -> String {
        self.screen().text()
    }

    /// The first row with this text, counted from 0.
    pub fn row_of(&self, text: &str) -> Option<u16> {
        self.screen().row_of(text)
    }

    /// Every byte that the program wrote to its terminal so far.
    pub fn raw(&self) -> Vec<u8> {
        self.shared.lock().raw.clone()
    }

    /// The process.
    pub fn pid(&self) -> i32 {
        self.pid.as_raw_nonzero().get()
    }

    /// Types text as it is.
    #[track_caller]
    pub fn send_keys(&mut self, text: &str) {
        self.send_bytes(text.as_bytes());
    }

    /// Presses one key.
    #[track_caller]
    pub fn press(&mut self, key: Key) {
        self.send_bytes(&key.bytes());
    }

    /// Uses the mouse at a row and a column, both counted from 0.
    #[track_caller]
    pub fn mouse(&mut self, mouse: Mouse, row: u16, column: u16) {
        self.send_bytes(&mouse.bytes(row, column));
    }

    /// Pastes text, in the brackets that a terminal puts around it when asked to.
    #[track_caller]
    pub fn paste(&mut self, text: &str) {
        self.send_bytes(format!("\x1b[200~{text}\x1b[201~").as_bytes());
    }

    /// Sends bytes as they are.
    #[track_caller]
    pub fn send_bytes(&mut self, bytes: &[u8]) {
        let writer = self.writer.as_mut().expect("the window is open");
        writer.write_all(bytes).and_then(|()| writer.flush()).unwrap_or_else(|error| panic!("cannot type into {}: {error}", self.command));
    }

    /// Makes the window another size: columns, rows.
    pub fn resize(&self, columns: u16, rows: u16) {
        self.shared.lock().terminal.screen_mut().set_size(cells(rows), cells(columns));
        self.master.as_ref().expect("the window is open").resize(pty_size(columns, rows)).expect("another size");
    }

    /// Sends the process a signal; a process that has ended gets none.
    pub fn signal(&self, signal: Signal) {
        if self.shared.lock().status.is_none() {
            kill_process(self.pid, signal).expect("a signal to the program");
        }
    }

    /// Ends the process in the way it cannot notice, and waits until it is gone.
    #[track_caller]
    pub fn kill9(&self) {
        self.signal(Signal::KILL);
        self.exit_code();
    }

    /// Closes the window, as a dropped connection does: the program loses its terminal.
    pub fn hang_up(&mut self) {
        self.shared.lock().let_go = true;
        // Letting go types Enter and Ctrl-D, a habit of the library's. The program may see them before the end.
        self.writer = None;
        self.master = None;
        // The reader holds the window open too, and sleeps until there is something to read.
        if let Some(tty) = &self.tty
            && let Ok(tty) = rustix::fs::open(tty, rustix::fs::OFlags::WRONLY | rustix::fs::OFlags::NOCTTY, rustix::fs::Mode::empty())
        {
            let _ = rustix::io::write(tty, b" ");
        }
        drop(self.wait_until(|state| state.ended));
    }

    /// Lets the terminal take nothing more, as a connection does that stalls: whoever writes to it waits.
    pub fn stall(&self) {
        let tty = self.tty.as_ref().expect("a terminal with a name");
        let flags = rustix::fs::OFlags::RDWR | rustix::fs::OFlags::NOCTTY;
        let tty = rustix::fs::open(tty, flags, rustix::fs::Mode::empty()).expect("the terminal");
        rustix::termios::tcflow(tty, rustix::termios::Action::OOff).expect("a stalled terminal");
    }

    /// Whether the window is still open.
    pub fn has_window(&self) -> bool {
        self.master.is_some()
    }

    /// The terminal itself.
    pub fn tty(&self) -> &Path {
        self.tty.as_deref().expect("a terminal with a name")
    }

    /// What of the line's settings is not as the program found it.
    pub fn line_changes(&self) -> Vec<String> {
        let now = line::settings(self.tty()).expect("an open window");
        line::changed(self.found.as_ref().expect("settings"), &now)
    }

    /// Has the line what it had before the program began, as a shell does with a program that it stopped.
    pub fn restore_line(&self) {
        line::set(self.tty(), self.found.as_ref().expect("settings"));
    }

    /// Whether the process is still there.
    pub fn is_running(&self) -> bool {
        self.shared.lock().status.is_none()
    }

    /// Waits for the end of the process and of its output; the exit code as a shell shows it, 128+n after signal n.
    #[track_caller]
    pub fn exit_code(&self) -> i32 {
        let state = self.wait_until(State::is_over);
        assert!(state.is_over(), "{}", self.report(&state, "the end of the program"));
        let status = state.status.unwrap_or_default();
        status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default())
    }

    /// Waits for the end of the process; whether it ended by itself or by a signal.
    #[track_caller]
    pub fn exit_status(&self) -> ExitStatus {
        self.exit_code();
        self.shared.lock().status.unwrap_or_default()
    }

    /// What is not as it was before the program began: modes, colours, raw mode. Empty when all is.
    pub fn left_behind(&self) -> Vec<String> {
        let state = self.shared.lock();
        let mut faults = traces::left_behind(&state.raw, state.terminal.screen());
        // Once the window is closed there is nothing to leave in disorder.
        let left = self.tty.as_deref().filter(|_| self.master.is_some()).and_then(line::settings);
        if let Some((found, left)) = self.found.as_ref().zip(left.as_ref()) {
            faults.extend(line::changed(found, left));
        }
        faults
    }

    /// Waits for the end and insists that the terminal is as it was found, after having been in use.
    #[track_caller]
    pub fn terminal_is_clean(&self) {
        self.exit_code();
        let faults = self.left_behind();
        let state = self.shared.lock();
        let used = traces::private_modes(&state.raw).contains_key(&1049);
        assert!(used, "{}", self.report(&state, "a console on the alternate screen"));
        assert!(faults.is_empty(), "{}", self.report(&state, &format!("a clean terminal, but {}", faults.join("; "))));
    }

    /// What people need to understand a failure: command, screen, bytes, exit status, log.
    fn report(&self, state: &State, wanted: &str) -> String {
        let mut report = format!("waited for {wanted}\ncommand: {}\n", self.command);
        let _ = match state.status {
            Some(status) => writeln!(report, "it ended: {status}"),
            None => writeln!(report, "it is running, process {}", self.pid()),
        };
        let screen = state.terminal.screen();
        let columns = usize::from(screen.size().1.get());
        let _ = writeln!(report, "screen{}:", if state.drawing { " (half drawn)" } else { "" });
        let _ = writeln!(report, "┌{}┐", "─".repeat(columns));
        for line in screen.lines() {
            let _ = writeln!(report, "│{line}");
        }
        let _ = writeln!(report, "└{}┘", "─".repeat(columns));
        let tail = &state.raw[state.raw.len().saturating_sub(600)..];
        let _ = writeln!(report, "last of {} bytes: {}", state.raw.len(), tail.escape_ascii());
        let logs = std::fs::read_dir(home::log_directory(&self.home)).into_iter().flatten().flatten();
        for log in logs {
            let text = std::fs::read(log.path()).unwrap_or_default();
            let tail = &text[text.len().saturating_sub(3000)..];
            let _ = writeln!(report, "{}:\n{}", log.path().display(), String::from_utf8_lossy(tail));
        }
        report
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        if self.shared.lock().status.is_none() {
            let _ = kill_process(self.pid, Signal::KILL);
        }
    }
}

fn cells(count: u16) -> NonZeroU16 {
    NonZeroU16::new(count).unwrap_or(NonZeroU16::MIN)
}

fn pty_size(columns: u16, rows: u16) -> PtySize {
    PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }
}
