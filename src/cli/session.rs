//! One session of the console: opens the journal, starts listener, dispatch and console on their threads,
//! and ends them in the order in which nothing is lost.

use std::fmt::Display;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::EventStream;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio_stream::StreamExt as _;

use super::{descriptors, faults, signals};
use crate::bridge::anveo::{Anveo, Settings as AnveoSettings};
use crate::callback::{self, Counts, Guard, Limits};
use crate::conference::event::{Listening, Nothing, Seq, What};
use crate::config::error::shown;
use crate::config::{Config, Secret, ThemeChoice};
use crate::console::app::{App, Settings};
use crate::console::command::KeyMap;
use crate::console::input::Input;
use crate::console::plain;
use crate::console::runtime::{self, Ending, World};
use crate::console::terminal::Tty;
use crate::console::ui::Theme;
use crate::contacts::{self, Watching};
use crate::dispatch::{self, Dispatch};
use crate::journal::sqlite::Sqlite;
use crate::journal::{Draft, Journal, Past};

/// How long an ask in flight is waited for. With what the rest takes, everything ends within two seconds.
pub(super) const GRACE: Duration = Duration::from_millis(1_300);

/// The same after the end of a pipe, where what was just typed is given a moment to leave first.
const GRACE_AFTER_PIPE: Duration = Duration::from_millis(1_200);

/// How long the last lines may take to be read by whoever reads them.
const LAST_LINES: Duration = Duration::from_millis(200);

/// How long requests in flight may take once the console is gone.
pub(super) const LISTENER_GRACE: Duration = Duration::from_millis(200);

/// How long the start waits for the contacts file, so that the rules know who is exempt and the first frame shows the names.
const FIRST_LOOK: Duration = Duration::from_millis(300);

/// Why a session could not be started: what failed and what to do.
#[derive(Debug)]
pub(super) struct NotStarted(String);

impl NotStarted {
    pub(super) fn because(what: &str, error: impl Display) -> Self {
        Self(if what.is_empty() { error.to_string() } else { format!("{what}: {error}") })
    }
}

impl Display for NotStarted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a session is looked at with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Face {
    /// A screen that is drawn on, and keys.
    Screen,
    /// Lines in and out, through a terminal or a pipe.
    Plain,
}

impl Face {
    /// The one that was asked for: `--plain` or not.
    pub(super) fn of(plain: bool) -> Self {
        if plain { Self::Plain } else { Self::Screen }
    }
}

/// Runs a session to its end. `listening` is told where the listener is, once callbacks are taken.
pub(super) fn run(
    config: &Config,
    face: Face,
    token: &Secret,
    title: &'static str,
    listening: impl FnOnce(&dyn Journal, SocketAddr),
) -> Result<Ending, NotStarted> {
    let panics = faults::hear(&config.log);
    let descriptors = descriptors::raise();
    let limits = Limits::default().within(descriptors);
    let keys = KeyMap::new(&config.keys).map_err(|error| NotStarted::because("", error))?;
    let bridge = AnveoSettings::from_config(config).and_then(Anveo::new).map_err(|error| NotStarted::because("", error))?;
    let socket = TcpListener::bind(config.listen).map_err(|error| {
        let remedy = "stop whatever has the port, or choose another with --listen";
        NotStarted::because(&format!("listening for callbacks on {}", config.listen), format!("{error}; {remedy}"))
    })?;
    let who = format!("{}, process {}", config.moderator, std::process::id());
    let journal = Arc::new(Sqlite::open(&config.journal, &who).map_err(|error| NotStarted::because("", error))?);
    if let Some(keep) = config.retention {
        journal.retain(keep).map_err(|error| NotStarted::because("", error))?;
    }
    let history = journal.history();
    let read = |error| NotStarted::because("", error);
    let news_after = history.last().map_err(read)?;
    let after = history.before(crate::journal::now().minus(config.look_back())).map_err(read)?;
    // Before anybody can join, and before the rules mute anew: they have to know who is exempt.
    let (slips, contacts) = mpsc::unbounded_channel();
    if let Some(shortage) = descriptors::shortage(&limits, descriptors) {
        tracing::warn!("{shortage}");
        // The session has not begun, so it is heard.
        let _ = slips.send(vec![shortage]);
    }
    if let Some(log) = journal.set_aside() {
        let told = format!(
            "the journal's file was gone, and a new one was made; what its log still held is kept in {}: put the file back to read it",
            shown(log)
        );
        tracing::warn!("{told}");
        // The session has not begun, so it is heard.
        let _ = slips.send(vec![told]);
    }
    let watching = watch_contacts(config, &journal, &slips);
    // The session may be over.
    crate::logging::when_it_fails(move |what| drop(slips.send(vec![what])));
    // Who dispatches and who looks on fold the same, so it is read once.
    let [past, seen] = Past::read(&history, after).map_err(read)?;
    let dispatch = Dispatch::start_with(Arc::clone(&journal) as _, bridge, dispatch::Settings::from_config(config), past)
        .map_err(|error| NotStarted::because("", error))?;
    // Not waited for: if it cannot be written, the console shows why.
    drop(journal.append(Draft::new(crate::journal::now(), What::Listening(Listening { down_since: journal.down_since() }))));

    let counts = Arc::new(Counts::default());
    let guard = Guard::new(token, config.callback_token_previous.as_ref(), &config.allow, &config.proxies);
    let conference = config.conference.as_deref().map(Into::into);
    let router = callback::router(Arc::clone(&journal) as _, guard, conference, Arc::clone(&counts), crate::journal::now);
    let listener = callback::start(socket, router, limits, Arc::clone(&counts))
        .map_err(|error| NotStarted::because("starting the listener", error))?;
    listening(&*journal, listener.address());

    let grace = if face == Face::Plain { GRACE_AFTER_PIPE } else { GRACE };
    let settings = console_settings(config, title, listener.address(), news_after);
    let world = |signals| World {
        journal: Arc::clone(&journal) as _,
        past: seen,
        player: None,
        counts,
        signals,
        panics,
        contacts,
        reports: config.reports.clone(),
        stop_asking: Box::pin(dispatch.stop(grace)),
    };
    let ending = watch(face, settings, keys, &theme(config), world).map_err(|error| NotStarted::because("starting the console", error))?;
    tracing::info!(?ending, "the session ends");
    drop(watching);
    listener.stop(LISTENER_GRACE);
    drop(journal.append(Draft::new(crate::journal::now(), What::Stopped(Nothing {}))));
    journal.close();
    Ok(ending)
}

/// Keeps an eye on the contacts file for as long as the answer lives. A console that only looks changes no names.
fn watch_contacts(config: &Config, journal: &Arc<Sqlite>, slips: &UnboundedSender<Vec<String>>) -> Option<Watching> {
    let settings = contacts::Settings::from_config(config).filter(|_| !config.read_only)?;
    match Watching::start(settings, Arc::clone(journal) as _, contacts::INTERVAL, slips.clone()) {
        Ok(watching) => {
            watching.first_look(FIRST_LOOK);
            Some(watching)
        }
        Err(error) => {
            // The session may be over.
            let _ = slips.send(vec![format!("the contacts file is not read: starting its thread failed ({error}); start confmod again")]);
            None
        }
    }
}

/// The console itself, on this thread. After a panic of it the rest still ends in its order.
pub(super) fn watch(
    face: Face,
    settings: Settings,
    keys: KeyMap,
    theme: &Theme,
    world: impl FnOnce(UnboundedReceiver<i32>) -> World,
) -> io::Result<Ending> {
    let watched = catch_unwind(AssertUnwindSafe(|| watch_on(face, settings, keys, theme, world)));
    // The panic was told where it happened.
    watched.unwrap_or(Ok(Ending::Fault))
}

fn watch_on(
    face: Face,
    settings: Settings,
    keys: KeyMap,
    theme: &Theme,
    world: impl FnOnce(UnboundedReceiver<i32>) -> World,
) -> io::Result<Ending> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let signals = signals::hear(face)?;
        if face == Face::Plain {
            let (mut desk, lines) = plain::open(io::stdin(), io::stdout())?;
            let app = App::new(settings, keys, (0, 0), crate::journal::now()).heard();
            let ending = runtime::run(app, &mut desk, lines, world(signals)).await;
            desk.finish(LAST_LINES);
            return Ok(ending);
        }
        let mut screen = Tty::enter(*theme)?;
        let size = crossterm::terminal::size()?;
        let app = App::new(settings, keys, size, crate::journal::now());
        let events = EventStream::new().map(|event| event.map(Input::Terminal));
        Ok(runtime::run(app, &mut screen, events, world(signals)).await)
    })
}

/// What the console is started with, on a listener's address.
pub(super) fn console_settings(config: &Config, title: &'static str, address: SocketAddr, news_after: Seq) -> Settings {
    let base = config.public_url.as_ref().map_or_else(|| format!("http://{address}"), ToString::to_string);
    let urls = callback::urls(&base, callback::MASKED, config.conference.as_deref());
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    Settings {
        moderator: config.moderator.as_str().into(),
        conference: config.conference.as_deref().map(Into::into),
        stale_after: config.stale_after,
        silence_after: config.silence_after,
        resume_within: config.resume_within,
        withheld: config.withheld,
        kick: config.kick,
        alerts: config.alerts.clone(),
        pace: config.pace,
        read_only: config.read_only,
        mask: config.mask,
        shared: None,
        listener: address.to_string(),
        urls: urls.into_iter().map(|url| (url.control.to_owned(), url.url)).collect(),
        fragile_session: set("SSH_CONNECTION") && !set("TMUX") && !set("STY"),
        title,
        news_after,
    }
}

/// What a console is started with that has no listener of its own.
pub(super) fn settings_without_listener(config: &Config, news_after: Seq) -> Settings {
    // Whoever listens does so elsewhere, and this session's end is not the end of it.
    Settings {
        listener: String::new(),
        urls: Vec::new(),
        fragile_session: false,
        ..console_settings(config, "", config.listen, news_after)
    }
}

/// The colours and signs of a configuration and its terminal.
pub(super) fn theme(config: &Config) -> Theme {
    let choice = match config.theme {
        ThemeChoice::Auto if std::env::var("COLORTERM").is_ok_and(|kind| kind == "truecolor" || kind == "24bit") => ThemeChoice::Truecolor,
        ThemeChoice::Auto => ThemeChoice::Ansi,
        choice => choice,
    };
    Theme::new(choice, config.ascii)
}

/// The exit code of an ending: 0, or 128 and the signal's number; 101 after a fault of confmod's own. A terminal that
/// is gone counts as hung up.
pub(super) fn exit_code(ending: &Ending) -> u8 {
    match ending {
        Ending::Quit => 0,
        Ending::Fault => faults::FAULT,
        Ending::Signal(number) => u8::try_from(128 + number).unwrap_or(u8::MAX),
        Ending::TerminalGone(why) => {
            tracing::warn!("the terminal is gone: {why}");
            129
        }
    }
}
