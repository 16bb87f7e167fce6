//! What a moderator sees and hears: the drawn screen as the terminal gets it, at several sizes and with every dialog
//! open, and the console without a screen.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use confmod::conference::Moment;
use confmod::conference::event::{Event, Seq, What};
use confmod::config::{AlertWays, Kick, ThemeChoice, Withheld};
use confmod::console::app::{App, Effect, Heard, ListenerCounts, Message, Played, Settings};
use confmod::console::command::KeyMap;
use confmod::console::keys::Chord;
use confmod::console::plain;
use confmod::console::terminal::Screen as _;
use confmod::console::ui::{Theme, render};
use ratatui::backend::CrosstermBackend;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};

use super::callback::{self, NOW};
use super::clean;
use crate::support::harm;

/// Columns and lines: too small, smallest, usual, with panes below, with panes beside.
const SIZES: [(u16, u16); 5] = [(19, 5), (40, 10), (80, 24), (101, 31), (160, 50)];

/// Keys that bring something else on the screen, each from the beginning.
const LOOKS: [&str; 16] =
    ["d e", "H e", "?", ":", ": 1", "k", "n", "n x y", "B", "* k", "M L", "m e d", "/ a", "s s S", "p d e", "Space 2 g h"];

fn settings(words: &str) -> Settings {
    Settings {
        shared: None,
        moderator: "ada".into(),
        conference: (!words.is_empty()).then(|| words.into()),
        stale_after: Duration::from_secs(4 * 3_600),
        silence_after: Duration::from_secs(30 * 60),
        resume_within: Duration::from_secs(12 * 3_600),
        withheld: Withheld::Send,
        kick: Kick::Dialog,
        alerts: AlertWays::default(),
        pace: 10,
        read_only: false,
        mask: false,
        listener: "127.0.0.1:8787".into(),
        urls: vec![("START, On Start URL".into(), "http://127.0.0.1:8787/callback/****/start".into())],
        fragile_session: false,
        title: "",
        news_after: Seq(0),
    }
}

/// A console that all of it was told to. Halfway through it hears what came before as news.
fn told(events: &[Event], size: (u16, u16), heard: bool) -> App {
    let keys = KeyMap::new(&BTreeMap::new()).expect("sound keys");
    let app = App::new(settings(""), keys, size, NOW);
    let mut app = if heard { app.heard() } else { app };
    let (before, news) = events.split_at(events.len() / 2);
    app.update(NOW, Message::Events(before.into()));
    app.update(NOW, Message::Restored);
    app.update(NOW, Message::PhonesReady);
    for event in news {
        app.update(event.at.max(NOW), Message::Events([event.clone()].into()));
    }
    app
}

/// Writes where the test can read it.
#[derive(Clone, Default)]
struct Shared(Rc<RefCell<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What a cell holds that no letter is: it is on the screen before each frame and must not stay there.
const LEFT_BEHIND: [&str; 6] = ["\u{202e}", "\u{1b}]0;x\u{7}", "\u{9b}31m", "a\u{fe0f}", "z\u{200b}", "\u{e0041}"];

/// Draws a console as the terminal gets it, over a screen that holds what no terminal may be sent.
pub fn drawn(app: &App, ascii: bool) -> Vec<u8> {
    let written = Shared::default();
    let options = TerminalOptions { viewport: Viewport::Fixed(Rect::new(0, 0, app.size.0, app.size.1)) };
    let mut terminal = Terminal::with_options(CrosstermBackend::new(written.clone()), options).expect("a terminal");
    let theme = Theme::new(ThemeChoice::Ansi, ascii);
    let frame = terminal.draw(|frame| {
        let buffer: &mut Buffer = frame.buffer_mut();
        for (place, cell) in buffer.content.iter_mut().enumerate() {
            cell.set_symbol(LEFT_BEHIND[place % LEFT_BEHIND.len()]);
        }
        render(app, &theme, buffer);
    });
    frame.expect("drawn");
    drop(terminal);
    written.0.take()
}

#[track_caller]
fn sound(app: &App, ascii: bool, what: &str) {
    let bytes = drawn(app, ascii);
    let found = harm::in_terminal(&bytes);
    assert!(found.is_empty(), "{what}, {:?}: {:?}", app.size, &found[..found.len().min(3)]);
    let text = String::from_utf8(bytes).expect("what is drawn is text");
    // What is between the sequences that draw: no letter under a pile of marks.
    text.split('\u{1b}').for_each(|piece| clean::line(piece.trim(), usize::MAX, what));
}

/// Draws what events show, in one of the looks; which is chosen by the input, so that all come up.
pub fn draw(events: &[Event], raw: Option<(Seq, String)>, input: &[u8]) {
    let dice = input.iter().fold(7_usize, |dice, byte| dice.wrapping_mul(31).wrapping_add(usize::from(*byte)));
    let mut app = told(events, SIZES[dice % SIZES.len()], false);
    for key in LOOKS[dice / 8 % LOOKS.len()].split(' ') {
        let effects = app.update(app.now, Message::Key(Chord::parse(key).expect("a key")));
        effects.iter().for_each(asked);
        app.update(app.now, Message::Key(Chord::parse("Down").expect("a key")));
    }
    if let Some((seq, raw)) = raw {
        let fields: BTreeMap<String, String> = serde_json::from_str(&raw).unwrap_or_default();
        app.update(app.now, Message::Fields(seq, fields.into_iter().collect()));
    }
    sound(&app, dice % 3 == 0, "the screen");
    // Time passes, up to a moment that no clock shows.
    let mut now = app.now;
    for wait in [0, 6_000, 40_000, 3_600_000, 100 * 86_400_000] {
        now = Moment(now.0 + wait);
        app.update(now, Message::Tick);
        let next = app.next_change();
        assert!(next.is_none_or(|next| next > now), "what is due stays due, so that nothing rests: {next:?} at {now:?}");
    }
    app.update(NOW, Message::Played(Played { first: NOW, last: Moment(i64::MAX), speed: 2.0, paused: false }));
    sound(&app, false, "the screen in time");
}

/// What a key wants done outside is clean, too.
fn asked(effect: &Effect) {
    let event = |what: &What| clean::json(&what.body().expect("a body"), "what a key wrote down");
    match effect {
        Effect::Append(what) => event(what),
        Effect::AppendAll(all) => all.iter().for_each(event),
        Effect::Copy(text) => assert!(text.chars().all(|c| c == '+' || c == '*' || c.is_ascii_digit()), "copied: {text:?}"),
        Effect::Notify(_, text) => clean::line(text, 1_000, "a notification"),
        Effect::ReadFields(_) | Effect::Report { .. } | Effect::Ring | Effect::Play(_) | Effect::Quit | Effect::QuitNow => {}
    }
}

/// Callbacks one after the other, as the screen shows them.
pub fn callbacks(input: &[u8]) {
    let mut events = Vec::new();
    let mut raw = None;
    // A blank line is in no form; here it stands between two callbacks.
    for one in input.split(|byte| *byte == 0x1e) {
        for draft in callback::drafts(one) {
            let seq = Seq(events.len() as u64 + 1);
            raw = draft.raw.map(|raw| (seq, raw));
            events.push(Event { seq, at: draft.at, what: draft.what });
        }
    }
    draw(&events, raw.clone(), input);
    hear(&events);
}

/// A conference in which everybody and everything is called by one text.
pub fn names(input: &[u8]) {
    let events = super::report::called(&String::from_utf8_lossy(input));
    draw(&events, None, input);
    hear(&events);
}

/// Words from outside that are no events: from files, the provider, the machine, the command line and the environment.
pub fn words(input: &[u8]) {
    let text = String::from_utf8_lossy(input).into_owned();
    let keys = KeyMap::new(&BTreeMap::new()).expect("sound keys");
    let joined = r#"{"call":"7","conference":"1122","number":"12157010680","name":"Ada"}"#;
    let joined = Event { seq: Seq(1), at: NOW, what: What::read("joined", joined).expect("sound").expect("known") };
    let size = SIZES[input.len() % SIZES.len()];
    let mut app = App::new(Settings { moderator: text.as_str().into(), listener: text.clone(), ..settings(&text) }, keys, size, NOW);
    app.update(NOW, Message::Events([joined].into()));
    app.update(NOW, Message::Restored);
    let health = confmod::journal::Health::Trouble(text.clone());
    for message in [
        Message::Fault(text.clone()),
        Message::Contacts(vec![text.clone()]),
        Message::Reported(Err(text.clone())),
        Message::Reported(Ok(text.clone())),
        Message::Unread(text.clone()),
        Message::NotDone(text.clone()),
        Message::Journal(health),
        Message::Listener(ListenerCounts {
            refused: u64::MAX,
            dropped: u64::MAX,
            slip: Some(text.as_str().into()),
            strangers: vec![text.as_str().into()],
        }),
    ] {
        app.update(NOW, message);
        sound(&app, false, "a message");
    }
    for key in ["/", "n", "B", ":"] {
        app.update(NOW, Message::Key(Chord::parse(key).expect("a key")));
        app.update(NOW, Message::Paste(text.clone()));
        sound(&app, true, "what was pasted");
        let effects = app.update(NOW, Message::Key(Chord::parse("Enter").expect("a key")));
        effects.iter().for_each(asked);
        app.update(NOW, Message::Key(Chord::parse("Esc").expect("a key")));
        app.update(NOW, Message::Key(Chord::parse("Esc").expect("a key")));
    }
}

/// What the console without a screen prints, read by nobody but this test.
#[derive(Clone, Default)]
struct Printed(Arc<Mutex<Vec<u8>>>);

impl Write for Printed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The same without a screen: what is said by itself, and what every word of a moderator is answered.
fn hear(events: &[Event]) {
    let printed = Printed::default();
    let (mut desk, _lines) = plain::open(io::empty(), printed.clone()).expect("threads");
    let mut app = told(events, (0, 0), true);
    desk.draw(&app).expect("greeted");
    for line in
        ["who", "detail 1", "hands", "bans", "conferences", "events 50", "name 1 \u{1b}[31mX", "ban 1 y", "filter Ada", "mute all", "help"]
    {
        for spoken in desk.read(&app, Ok(line)).expect("answered") {
            app.update(NOW, Message::Spoken(spoken)).iter().for_each(asked);
        }
        for heard in app.take_said() {
            desk.say(&app, &heard).expect("said");
        }
    }
    let tone = confmod::console::app::Tone::Plain;
    desk.say(&app, &Heard { at: None, tone, text: "\u{1b}[31m\u{202e}".to_owned() }).expect("said");
    desk.finish(Duration::from_secs(20));
    let bytes = printed.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    assert_eq!(harm::in_text(&bytes), Vec::<String>::new());
    clean::lines(&String::from_utf8(bytes).expect("text"), 4_096, "a line");
}
