//! The real loop with a screen and an input of the tests' own, on a real journal.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use tokio::sync::mpsc::UnboundedSender;
use tokio_stream::wrappers::UnboundedReceiverStream;

use super::*;
use crate::conference::event::Seq;
use crate::conference::event::What;
use crate::conference::story::named_arrival;
use crate::config::{ThemeChoice, Way};
use crate::console::app::tests::settings;
use crate::console::command::KeyMap;
use crate::console::ui::{Theme, render};
use crate::journal::sqlite::Sqlite;
use crate::journal::{Draft, Past};

/// What a test sees of the screen.
#[derive(Default)]
struct Seen {
    text: String,
    frames: usize,
    repaints: usize,
    stops: usize,
    copied: Vec<String>,
    rings: Vec<Instant>,
    notified: Vec<(Way, String)>,
    broken: bool,
}

struct FakeScreen(Rc<RefCell<Seen>>);

impl Screen for FakeScreen {
    fn size(&self) -> io::Result<(u16, u16)> {
        Ok((100, 30))
    }

    fn draw(&mut self, app: &App) -> io::Result<()> {
        let mut seen = self.0.borrow_mut();
        if seen.broken {
            return Err(io::Error::other("no terminal"));
        }
        let mut buffer = Buffer::empty(Rect::new(0, 0, 100, 30));
        render(app, &Theme::new(ThemeChoice::None, true), &mut buffer);
        seen.text =
            buffer.content.chunks(100).map(|line| line.iter().map(ratatui::buffer::Cell::symbol).collect::<String>() + "\n").collect();
        seen.frames += 1;
        Ok(())
    }

    fn repaint(&mut self) -> io::Result<()> {
        self.0.borrow_mut().repaints += 1;
        Ok(())
    }

    fn stop(&mut self) -> io::Result<()> {
        self.0.borrow_mut().stops += 1;
        Ok(())
    }

    fn copy(&mut self, text: &str) -> io::Result<()> {
        self.0.borrow_mut().copied.push(text.to_owned());
        Ok(())
    }

    fn ring(&mut self) -> io::Result<()> {
        self.0.borrow_mut().rings.push(Instant::now());
        Ok(())
    }

    fn notify(&mut self, way: Way, text: &str) -> io::Result<()> {
        self.0.borrow_mut().notified.push((way, text.to_owned()));
        Ok(())
    }
}

/// A session under test, and everything that reaches it.
struct Desk {
    seen: Rc<RefCell<Seen>>,
    journal: Arc<Sqlite>,
    input: Option<UnboundedSender<io::Result<TerminalEvent>>>,
    signals: UnboundedSender<i32>,
    panics: UnboundedSender<String>,
    stopped: Option<tokio::sync::oneshot::Sender<()>>,
    ending: tokio::task::JoinHandle<Ending>,
    folder: tempfile::TempDir,
}

impl Desk {
    fn open(change: impl FnOnce(&Sqlite)) -> Self {
        Self::open_with(settings(), |journal| {
            change(journal);
            None
        })
    }

    fn open_with(settings: crate::console::app::Settings, change: impl FnOnce(&Sqlite) -> Option<Player>) -> Self {
        Self::open_on(settings, change, |journal| journal as _)
    }

    /// With a journal of the test's own before the real one.
    fn open_on(
        settings: crate::console::app::Settings,
        change: impl FnOnce(&Sqlite) -> Option<Player>,
        before: impl FnOnce(Arc<Sqlite>) -> Arc<dyn Journal>,
    ) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let journal = Arc::new(Sqlite::open(&folder.path().join("j.sqlite"), "test").expect("opens"));
        let player = change(&journal);
        let [past] = Past::read(&journal.history(), Seq(0)).expect("readable");
        let seen = Rc::new(RefCell::new(Seen::default()));
        let (input, events) = mpsc::unbounded_channel();
        let (signals, signalled) = mpsc::unbounded_channel();
        let (panics, panicked) = mpsc::unbounded_channel();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let app = App::new(settings, KeyMap::new(&BTreeMap::new()).expect("sound"), (100, 30), now());
        let world = World {
            journal: before(Arc::clone(&journal)),
            past,
            player,
            counts: Arc::default(),
            signals: signalled,
            panics: panicked,
            contacts: mpsc::unbounded_channel().1,
            reports: folder.path().join("reports"),
            stop_asking: Box::pin(async move {
                let _ = stopped.await;
            }),
        };
        let mut screen = FakeScreen(Rc::clone(&seen));
        let ending = tokio::task::spawn_local(async move {
            {
                let events = UnboundedReceiverStream::new(events).map(|event: io::Result<TerminalEvent>| event.map(Input::Terminal));
                run(app, &mut screen, events, world).await
            }
        });
        Self { seen, journal, input: Some(input), signals, panics, stopped: Some(stop), ending, folder }
    }

    fn event(&self, event: TerminalEvent) {
        self.input.as_ref().expect("open").send(Ok(event)).expect("taken");
    }

    fn press(&self, key: char) {
        self.event(TerminalEvent::Key(KeyEvent::new(KeyCode::Char(key), KeyModifiers::NONE)));
    }

    async fn append(&self, what: What) {
        self.journal.append(Draft::new(now(), what)).durable().await.expect("durable");
    }

    async fn until(&self, what: &str, holds: impl Fn(&Seen) -> bool) {
        let waited = tokio::time::timeout(Duration::from_secs(20), async {
            while !holds(&self.seen.borrow()) {
                tokio::task::yield_now().await;
            }
        });
        assert!(waited.await.is_ok(), "waited for {what}; the screen is\n{}", self.seen.borrow().text);
    }

    async fn end(mut self) -> Ending {
        if let Some(stop) = self.stopped.take() {
            // The loop may be over already.
            let _ = stop.send(());
        }
        tokio::time::timeout(Duration::from_secs(20), self.ending).await.expect("it ends").expect("without a panic")
    }
}

async fn local(test: impl Future<Output = ()>) {
    tokio::task::LocalSet::new().run_until(test).await;
}

fn caller() -> What {
    named_arrival("a", "1122", "12157010680", "Ada")
}

#[tokio::test]
async fn news_are_drawn_and_a_key_becomes_an_event_in_the_journal() {
    local(async {
        let desk = Desk::open(|_| {});
        desk.append(caller()).await;
        desk.until("the row", |seen| seen.text.contains("Ada ")).await;
        desk.press('m');
        desk.until("the word", |seen| seen.text.contains("muting")).await;
        let events = desk.journal.history().read(Seq(1), 10).expect("readable");
        assert!(matches!(&events[..], [event] if matches!(&event.what, What::Asked(ask) if ask.call.as_str() == "a")), "{events:?}");
        desk.press('q');
        desk.press('y');
        assert_eq!(desk.end().await, Ending::Quit);
    })
    .await;
}

#[tokio::test]
async fn a_report_is_written_while_the_console_goes_on() {
    local(async {
        let desk = Desk::open(|_| {});
        desk.append(caller()).await;
        desk.until("the row", |seen| seen.text.contains("Ada ")).await;
        desk.press('w');
        desk.until("the notice", |seen| seen.text.contains("report: /")).await;
        let written: Vec<_> = std::fs::read_dir(desk.folder.path().join("reports")).expect("made").flatten().collect();
        let [file] = &written[..] else { panic!("{written:?}") };
        let name = file.file_name().to_string_lossy().into_owned();
        assert!(name.starts_with("confmod_all_20"), "{name}");
        let page = std::fs::read_to_string(file.path()).expect("readable");
        assert!(page.contains("Ada") && page.contains("</html>"), "{page}");
        desk.press('q');
        desk.press('y');
        desk.end().await;
    })
    .await;
}

#[tokio::test]
async fn the_first_frame_shows_what_the_journal_holds() {
    local(async {
        let desk = Desk::open(|journal| drop(journal.append(Draft::new(now(), caller()))));
        desk.until("a frame", |seen| seen.frames > 0).await;
        desk.until("the row", |seen| seen.text.contains("Ada ")).await;
        desk.press('q');
        desk.press('y');
        desk.end().await;
    })
    .await;
}

#[tokio::test]
async fn nothing_is_drawn_for_nothing_and_little_for_much() {
    local(async {
        let desk = Desk::open(|_| {});
        desk.until("the first frame", |seen| seen.frames >= 1).await;
        let before = desk.seen.borrow().frames;
        for _ in 0..300 {
            let released = KeyEvent::new_with_kind(KeyCode::Char('m'), KeyModifiers::NONE, KeyEventKind::Release);
            desk.event(TerminalEvent::Key(released));
            desk.event(TerminalEvent::FocusGained);
        }
        desk.event(TerminalEvent::Key(KeyEvent::new(KeyCode::Char('?'), KeyModifiers::NONE)));
        desk.until("the help", |seen| seen.text.contains("any other key closes")).await;
        assert_eq!(desk.seen.borrow().frames, before + 1, "events that mean nothing draw nothing");
        let before = desk.seen.borrow().frames;
        let started = std::time::Instant::now();
        (0..300).for_each(|_| desk.event(TerminalEvent::Resize(100, 30)));
        desk.press('x');
        desk.until("the help to close", |seen| !seen.text.contains("any other key closes")).await;
        let most = started.elapsed().as_millis() / FRAME.as_millis() + 2;
        let drawn = (desk.seen.borrow().frames - before) as u128;
        assert!(drawn <= most, "{drawn} frames for 300 resizes");
        desk.press('q');
        desk.end().await;
    })
    .await;
}

#[tokio::test]
async fn a_signal_ends_the_session_and_a_second_one_does_not_wait() {
    local(async {
        let desk = Desk::open(|_| {});
        desk.signals.send(15).expect("taken");
        assert_eq!(desk.end().await, Ending::Signal(15));

        let mut desk = Desk::open(|_| {});
        // Asks in flight never end here: only the second signal can.
        let never = desk.stopped.take();
        desk.signals.send(15).expect("taken");
        desk.signals.send(2).expect("taken");
        assert_eq!(desk.end().await, Ending::Signal(15));
        drop(never);
    })
    .await;
}

#[tokio::test]
async fn nothing_is_drawn_on_a_terminal_that_was_left() {
    local(async {
        let desk = Desk::open(|_| {});
        desk.until("the first frame", |seen| seen.frames >= 1).await;
        desk.signals.send(SIGTSTP).expect("taken");
        desk.until("the stop", |seen| seen.stops == 1).await;
        let before = desk.seen.borrow().frames;
        desk.append(caller()).await;
        tokio::time::sleep(FRAME * 3).await;
        assert_eq!(desk.seen.borrow().frames, before);
        desk.signals.send(SIGCONT).expect("taken");
        desk.until("the row", |seen| seen.repaints == 1 && seen.text.contains("Ada ")).await;
        desk.signals.send(15).expect("taken");
        assert_eq!(desk.end().await, Ending::Signal(15));
    })
    .await;
}

#[tokio::test]
async fn a_terminal_that_is_gone_ends_the_session() {
    local(async {
        let mut desk = Desk::open(|_| {});
        desk.input.take();
        assert!(matches!(desk.end().await, Ending::TerminalGone(_)), "the input ended");
        let desk = Desk::open(|_| {});
        desk.until("a frame", |seen| seen.frames > 0).await;
        desk.seen.borrow_mut().broken = true;
        desk.press('?');
        assert!(matches!(desk.end().await, Ending::TerminalGone(why) if why.contains("no terminal")), "drawing failed");
    })
    .await;
}

#[tokio::test]
async fn a_panic_elsewhere_is_told_and_the_console_goes_on() {
    local(async {
        let desk = Desk::open(|_| {});
        desk.panics.send("panic in the thread net: out of order".into()).expect("taken");
        desk.until("the banner", |seen| seen.text.contains("panic in the thread net: out of order; restart confmod")).await;
        desk.append(caller()).await;
        desk.until("the row", |seen| seen.text.contains("Ada ")).await;
        desk.press('c');
        desk.until("the copy", |seen| seen.copied == ["+12157010680"]).await;
        desk.signals.send(SIGCONT).expect("taken");
        desk.until("the repaint", |seen| seen.repaints == 1).await;
        desk.press('q');
        desk.press('y');
        assert_eq!(desk.end().await, Ending::Fault, "the exit code tells of it");
    })
    .await;
}

#[tokio::test]
async fn asks_in_flight_are_waited_for_while_the_screen_stays_alive() {
    local(async {
        let desk = Desk::open(|_| {});
        desk.append(caller()).await;
        desk.until("the row", |seen| seen.text.contains("Ada ")).await;
        desk.press('m');
        desk.until("the word", |seen| seen.text.contains("muting")).await;
        desk.press('q');
        desk.press('y');
        desk.until("the notice", |seen| seen.text.contains("waiting for the ask in flight")).await;
        desk.append(crate::conference::story::answer("a", 2, crate::conference::Outcome::Accepted)).await;
        desk.until("the answer", |seen| seen.text.contains("muted")).await;
        assert_eq!(desk.end().await, Ending::Quit);
    })
    .await;
}

#[tokio::test]
async fn many_hands_ring_once_and_once_more_when_three_seconds_are_over() {
    local(async {
        let ways = crate::config::AlertWays { hand: vec![Way::Bell, Way::Osc9, Way::Flash], ..Default::default() };
        let desk = Desk::open_with(crate::console::app::Settings { alerts: ways, ..settings() }, |journal| {
            drop(journal.append(Draft::new(now(), named_arrival("before", "1122", "12157010680", "Ada"))));
            None
        });
        for place in 0..40 {
            let key = format!("c{place}");
            drop(desk.journal.append(Draft::new(now(), named_arrival(&key, "1122", "12157010680", &key))));
            desk.append(crate::conference::story::hand(&key, true)).await;
        }
        desk.until("the first bell", |seen| !seen.rings.is_empty()).await;
        let told = |seen: &Seen| -> usize {
            // `Ada raised a hand` is one, `39 hands up` are many.
            seen.notified.iter().map(|(_, text)| text.split(' ').next().and_then(|word| word.parse().ok()).unwrap_or(1)).sum()
        };
        desk.until("the rest", |seen| told(seen) == 40).await;
        {
            let seen = desk.seen.borrow();
            assert_eq!(seen.rings.len(), seen.notified.len(), "each with its bell");
            let apart = seen.rings.windows(2).map(|pair| pair[1] - pair[0]);
            // What is due by the clock is done by a timer: they may differ by the clock's own step.
            assert!(apart.into_iter().all(|apart| apart >= Duration::from_millis(2_990)), "{:?}", seen.rings);
        }
        desk.press('q');
        desk.press('y');
        desk.end().await;
    })
    .await;
}
mod refused;
mod replaying;
