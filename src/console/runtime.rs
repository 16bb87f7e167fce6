//! The loop that everything meets in: signals, keys, the journal's news, timers, frames.
//!
//! The screen, the input and the world are parameters, so that tests run this very loop.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::Event as TerminalEvent;
use tokio::sync::mpsc::{self, UnboundedSender};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_stream::{Stream, StreamExt as _};

use super::app::{App, ListenerCounts, Message, Spoken};
use super::input::{self, Input};
use super::replay::Player;
use super::terminal::Screen;
use crate::callback::Counts;
use crate::conference::Moment;
use crate::conference::event::Event;
use crate::journal::{Feed, Health, History, Journal, ReadError, now};

mod effects;
mod playing;
mod restore;
mod world;

pub use world::World;

/// The shortest time between two frames: 30 a second.
const FRAME: Duration = Duration::from_millis(33);

/// How long after a failure the journal is read again.
const READ_AGAIN: Duration = Duration::from_secs(1);

/// How long the listener's counts are left alone after a look: a flood changes them thousands of times a second.
const COUNTS_REST: Duration = Duration::from_millis(200);

/// How long a single ask that was just typed may take to leave before the sending of asks ends. Commands that come
/// through a pipe are followed by its end at once.
const SETTLE: Duration = Duration::from_millis(400);

/// How a session ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The moderator quit.
    Quit,
    /// A signal, by its number.
    Signal(i32),
    /// The terminal is gone or cannot be drawn on.
    TerminalGone(String),
    /// A fault of the program's own: the console panicked, or the moderator quit after something else had.
    Fault,
}

/// A continued process has to draw everything anew.
pub const SIGCONT: i32 = rustix::process::Signal::CONT.as_raw();

/// The terminal is gone: told by the signal, by the terminal itself, and more than once.
pub const SIGHUP: i32 = rustix::process::Signal::HUP.as_raw();

/// A process that is asked to stop has to leave the terminal in order.
pub const SIGTSTP: i32 = rustix::process::Signal::TSTP.as_raw();

/// Something that a task found out for the loop.
type Mail = UnboundedSender<Message>;

/// Where whoever sits there is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Terminal {
    Here,
    /// Left to others before a stop, and not taken back yet: nothing can be drawn.
    Left,
    /// Nothing comes from there any more, and nothing can be drawn.
    Gone,
}

struct Session<'a, S> {
    app: App,
    screen: &'a mut S,
    journal: Arc<dyn Journal>,
    history: Arc<dyn History>,
    reports: PathBuf,
    mail: Mail,
    player: Option<Player>,
    terminal: Terminal,
    /// Whether a part of the program has panicked.
    panicked: bool,
    dirty: bool,
    drawn: Option<Instant>,
    ending: Option<Ending>,
    /// Until then the end waits for single asks.
    settling: Option<Instant>,
    at_once: bool,
}

/// Runs a session to its end.
pub async fn run<S, I>(app: App, screen: &mut S, mut input: I, world: World) -> Ending
where
    S: Screen,
    I: Stream<Item = io::Result<Input>> + Unpin,
{
    let World { journal, past, player, counts, mut signals, mut panics, mut contacts, reports, mut stop_asking } = world;
    let (mail, mut mailbox) = mpsc::unbounded_channel();
    let history = journal.history();
    let mut health = journal.health();
    let mut session = Session {
        app,
        screen,
        journal,
        history,
        reports,
        mail,
        player,
        terminal: Terminal::Here,
        panicked: false,
        dirty: true,
        drawn: None,
        ending: None,
        settling: None,
        at_once: false,
    };
    let mut feed = if session.player.is_some() { session.retell() } else { Some(session.restore(past)) };
    session.look_at_health(&mut health);
    let (mut signals_open, mut panics_open) = (true, true);
    let mut rest_until = None;
    let mut counts_rest_until = None;

    let mut phones_asked = false;

    while !session.at_once {
        session.draw_if_due();
        if !phones_asked && session.drawn.is_some() && session.app.wants_phones() {
            phones_asked = true;
            restore::load_phone_tables(session.mail.clone());
        }
        let change = session.next_change();
        // From top to bottom: what ends the session, what the moderator does, what happened, what only time does.
        tokio::select! {
            biased;
            () = &mut stop_asking, if session.ending.is_some() && !session.is_settling() => break,
            signal = signals.recv(), if signals_open => match signal {
                Some(signal) => session.signal(signal),
                None => signals_open = false,
            },
            panic = panics.recv(), if panics_open => match panic {
                Some(what) => {
                    session.panicked = true;
                    session.tell(Message::Fault(what));
                }
                None => panics_open = false,
            },
            event = input.next(), if session.terminal != Terminal::Gone => session.input(event),
            Some(message) = mailbox.recv() => session.tell(message),
            events = news(&mut feed, rest_until), if feed.is_some() => match events {
                Some(Ok(events)) => {
                    rest_until = None;
                    session.tell(Message::Events(events));
                }
                Some(Err(error)) => {
                    session.tell(Message::Unread(error.to_string()));
                    rest_until = Some(Instant::now() + READ_AGAIN);
                }
                None => feed = None,
            },
            Some(said) = contacts.recv() => session.tell(Message::Contacts(said)),
            Ok(()) = health.changed() => session.look_at_health(&mut health),
            () = refusals(&counts, counts_rest_until) => {
                counts_rest_until = Some(Instant::now() + COUNTS_REST);
                let counts = ListenerCounts {
                    refused: counts.refused_count(),
                    dropped: counts.dropped_count(),
                    slip: counts.last_slip(),
                    strangers: counts.take_strangers(),
                };
                session.tell(Message::Listener(counts));
            }
            () = at(session.event_due()) => session.play_on(),
            () = at(session.frame_due()) => {}
            () = at(session.settling) => session.settling = None,
            () = at(change) => session.tell(Message::Tick),
        }
    }
    match session.ending {
        Some(Ending::Quit | Ending::TerminalGone(_)) | None if session.panicked => Ending::Fault,
        Some(ending) => ending,
        None => Ending::Quit,
    }
}

/// The next events, not before a rest is over. Safe to cancel.
async fn news(feed: &mut Option<Feed>, rest_until: Option<Instant>) -> Option<Result<Arc<[Event]>, ReadError>> {
    if let Some(rest) = rest_until {
        tokio::time::sleep_until(rest).await;
    }
    feed.as_mut()?.next().await
}

/// The next change of the listener's counts, not before a rest is over. Safe to cancel.
async fn refusals(counts: &Counts, rest_until: Option<Instant>) {
    if let Some(rest) = rest_until {
        tokio::time::sleep_until(rest).await;
    }
    counts.changed().await;
}

async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

impl<S: Screen> Session<'_, S> {
    fn look_at_health(&mut self, health: &mut watch::Receiver<Health>) {
        let health = health.borrow_and_update().clone();
        if self.app.journal != health {
            self.tell(Message::Journal(health));
        }
    }

    fn frame_due(&self) -> Option<Instant> {
        if !self.dirty || self.terminal != Terminal::Here {
            return None;
        }
        Some(self.drawn.map_or_else(Instant::now, |drawn| drawn + FRAME))
    }

    fn draw_if_due(&mut self) {
        if self.frame_due().is_none_or(|due| due > Instant::now()) {
            return;
        }
        self.dirty = false;
        self.drawn = Some(Instant::now());
        if let Err(error) = self.screen.draw(&self.app) {
            self.terminal_gone(&format!("drawing: {error}"));
        }
    }

    fn next_change(&self) -> Option<Instant> {
        if self.player.is_some() {
            return self.next_change_played();
        }
        let wait = self.app.next_change()?.since(now());
        // Never at once again: a clock that was set back must not make the loop spin.
        Some(Instant::now() + wait.max(Duration::from_millis(20)))
    }

    fn terminal_gone(&mut self, why: &str) {
        self.ending.get_or_insert_with(|| Ending::TerminalGone(why.to_owned()));
        self.app.leaving = true;
        self.terminal = Terminal::Gone;
    }

    fn signal(&mut self, signal: i32) {
        tracing::info!(signal, "heard a signal");
        let (terminal, left) = match signal {
            SIGCONT => (Terminal::Here, self.screen.repaint()),
            SIGTSTP => (Terminal::Left, self.screen.stop()),
            _ => return self.end_by(signal),
        };
        if self.terminal != Terminal::Gone {
            self.terminal = terminal;
        }
        if let Err(error) = left {
            self.terminal_gone(&format!("drawing: {error}"));
        }
        self.dirty = true;
    }

    fn end_by(&mut self, signal: i32) {
        // A second signal does not wait for anything. A terminal that is gone is nobody's impatience.
        self.at_once |= self.ending.is_some() && signal != SIGHUP;
        self.ending.get_or_insert(Ending::Signal(signal));
        self.app.leaving = true;
        self.dirty = true;
    }

    /// Whether the end waits for single asks to have left.
    fn is_settling(&mut self) -> bool {
        if self.settling.is_some() && !self.app.has_single_asks() {
            self.settling = None;
        }
        self.settling.is_some()
    }

    /// Takes a typed line, at the time at which it was typed.
    fn line(&mut self, line: Result<&str, &str>) {
        self.tell(Message::Tick);
        match self.screen.read(&self.app, line) {
            Ok(spoken) => spoken.into_iter().for_each(|spoken| self.tell(Message::Spoken(spoken))),
            Err(error) => self.terminal_gone(&format!("writing: {error}")),
        }
    }

    fn input(&mut self, event: Option<io::Result<Input>>) {
        match event {
            Some(Ok(Input::Line(line))) => self.line(Ok(&line)),
            Some(Ok(Input::Unread(why))) => self.line(Err(why)),
            Some(Ok(Input::End)) => self.tell(Message::Spoken(Spoken::End)),
            Some(Ok(Input::Terminal(event))) => {
                if let TerminalEvent::Resize(..) = event {
                    // Hundreds of these may come; the size is read once, when the frame is drawn.
                    if let Ok((width, height)) = self.screen.size() {
                        self.tell(Message::Resized(width, height));
                    }
                } else if let Some(message) = input::message(event) {
                    self.tell(message);
                }
            }
            Some(Err(error)) => self.terminal_gone(&format!("reading: {error}")),
            None => self.terminal_gone("the terminal's input ended"),
        }
    }

    fn tell(&mut self, message: Message) {
        let at = self.player.as_ref().map_or_else(now, Player::now);
        self.tell_at(at, message);
    }

    fn tell_at(&mut self, at: Moment, message: Message) {
        self.dirty = true;
        for effect in self.app.update(at, message) {
            self.carry_out(effect, at);
        }
        for heard in self.app.take_said() {
            if let Err(error) = self.screen.say(&self.app, &heard) {
                self.terminal_gone(&format!("writing: {error}"));
            }
        }
    }
}

mod report;
#[cfg(test)]
mod tests;
