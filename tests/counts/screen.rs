//! What the screen costs: bytes to the terminal and allocations, for a row that changes, for a whole frame, for nothing.

use std::ffi::OsStr;
use std::sync::Arc;
use std::time::Duration;

use confmod::conference::event::{Answer, Arrival, Ask, Cause, Event, Seq, What};
use confmod::conference::{Action, CallKey, Moment, Outcome};
use confmod::config::ThemeChoice;
use confmod::console::app::{App, Message};
use confmod::console::keys::Chord;
use confmod::console::terminal::pen::Pen;
use confmod::console::ui::{Theme, render};
use confmod::phone::Number;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::stage;
use crate::support::screen::Reading as _;
use crate::support::stage::Stage;
use crate::support::tools;

const AT: Moment = Moment(1_700_000_000_000);

/// Allocations of a frame at 80x24, with ten callers and with as many as there is room for. One more for each row is too many.
const FEW: u64 = 152;
const SCREENFUL: u64 = 161;

/// Bytes for a hundred letters that differ, where the pane of events moves up at 200x50: to go down a line and over
/// letters that stay takes some, too.
const MOST_MOVED: usize = 149;

/// A console with so many callers, and the pen that draws it in true colour, the longest way to say how something looks.
struct Desk {
    app: App,
    pen: Pen,
    size: (u16, u16),
    seq: u64,
}

impl Desk {
    fn with(callers: u64, size: (u16, u16)) -> Self {
        Self::of((0..callers).map(join).collect(), size)
    }

    fn of(joins: Arc<[Event]>, size: (u16, u16)) -> Self {
        let callers = joins.len() as u64;
        let mut app = stage::app(callers, size);
        app.update(AT, Message::PhonesReady);
        app.update(AT, Message::Events(joins));
        Self { app, pen: Pen::new(), size, seq: callers }
    }

    fn happens(&mut self, what: What) -> Seq {
        self.seq += 1;
        self.app.update(AT, Message::Events([Event { seq: Seq(self.seq), at: AT, what }].into()));
        Seq(self.seq)
    }

    fn asked(&mut self, call: u64, action: Action) -> Seq {
        self.happens(What::Asked(Ask {
            action,
            call: key(call),
            conference: "1122".into(),
            number: (12_000_000_000 + call).to_string().into(),
            by: "ada".into(),
            cause: Cause::Key,
            rule: None,
            joined: AT,
        }))
    }

    fn answered(&mut self, call: u64, ask: Seq) {
        self.happens(What::Answered(Answer {
            ask,
            call: key(call),
            outcome: Outcome::Accepted,
            detail: "".into(),
            millis: 120,
            reached: true,
        }));
    }

    fn press(&mut self, keys: &str) {
        for key in keys.split_whitespace() {
            self.app.update(AT, Message::Key(Chord::parse(key).expect("a key")));
        }
    }

    /// What is to be seen.
    fn picture(&self) -> Buffer {
        let mut picture = Buffer::empty(Rect::new(0, 0, self.size.0, self.size.1));
        render(&self.app, &Theme::new(ThemeChoice::Truecolor, false), &mut picture);
        picture
    }

    /// What the next frame sends.
    fn frame(&mut self) -> &[u8] {
        let (app, theme) = (&self.app, Theme::new(ThemeChoice::Truecolor, false));
        self.pen.draw(self.size, |buffer| render(app, &theme, buffer))
    }
}

fn key(call: u64) -> CallKey {
    CallKey::new(&format!("{call:08}"))
}

fn join(call: u64) -> Event {
    let arrival = Arrival {
        call: key(call),
        conference: Some("1122".into()),
        number: Number::from_digits(&(12_000_000_000 + call).to_string()),
        instead: None,
        name: Some(format!("Caller {call}").into()),
        called: None,
        others: None,
        hand: false,
    };
    Event { seq: Seq(call + 1), at: AT, what: What::Joined(arrival) }
}

/// The same with a name like people's: no two in a row are alike.
fn join_of_a_person(call: u64) -> Event {
    let first = ["Margaret", "Walter", "Zoe", "Jean-Baptiste", "Rosa", "Gus", "Ingrid", "Per"][(call % 8) as usize];
    let last = ["Okonkwo", "Osei", "Shevchenko", "Moreau", "Delgado", "Whitfield", "Lindstrom"][(call % 7) as usize];
    let mut event = join(call);
    if let What::Joined(arrival) = &mut event.what {
        arrival.name = Some(format!("{first} {last}").into());
    }
    event
}

/// The bytes of the answers to so many asks, about the caller of the second line and those below it, one after the other.
fn answers(desk: &mut Desk, asks: u64) -> Vec<usize> {
    desk.frame();
    let mut bytes = |call| {
        let ask = desk.asked(call, Action::Mute);
        desk.frame();
        desk.answered(call, ask);
        desk.frame().len()
    };
    (1..=asks).map(&mut bytes).collect()
}

#[test]
fn a_row_that_changes_is_few_bytes() {
    // The answer to an ask: its row, the health line and the notice; with the pane of events each of its lines, too, which
    // are much alike as long as all are joins.
    for (size, keys, asks, most) in [((80, 24), "", 7, 132), ((200, 50), "e", 7, 150), ((140, 40), "", 1, 370), ((200, 50), "", 1, 440)] {
        let mut desk = Desk::with(60, size);
        desk.press(keys);
        let bytes = answers(&mut desk, asks);
        assert!(bytes.iter().all(|bytes| (1..=most).contains(bytes)), "{size:?} {keys:?}: {bytes:?}, and at most {most} are in order");
    }
}

#[test]
fn a_pane_of_events_that_moves_up_is_little_more_than_the_letters_that_differ() {
    let mut desk = Desk::of((0..60).map(join_of_a_person).collect(), (200, 50));
    desk.frame();
    let ask = desk.asked(7, Action::Mute);
    desk.frame();
    let before = desk.picture();
    desk.answered(7, ask);
    let after = desk.picture();
    let differing = before.content.iter().zip(&after.content).filter(|(before, after)| before.symbol() != after.symbol()).count();
    let bytes = desk.frame().len();
    assert!(bytes * 100 <= differing * MOST_MOVED, "{bytes} bytes for {differing} letters that differ");
}

#[test]
fn a_whole_frame_is_little_more_than_its_text() {
    for (size, most) in [((80, 24), 2_200), ((200, 50), 8_500)] {
        let bytes = Desk::with(60, size).frame().len();
        assert!(bytes <= most, "{size:?}: {bytes}, and at most {most} are in order");
    }
}

#[test]
fn nothing_is_sent_when_nothing_has_changed() {
    let mut desk = Desk::with(10, (200, 50));
    desk.frame();
    assert_eq!(desk.frame(), b"");
    // Ages are shown in steps: between two of them time alone changes nothing.
    for millis in [1_000, 2_500, 4_900] {
        desk.app.update(Moment(AT.0 + millis), Message::Tick);
        assert_eq!(desk.frame(), b"", "after {millis} ms");
    }
    desk.app.update(Moment(AT.0 + 5_000), Message::Tick);
    assert_ne!(desk.frame(), b"", "and then they step");
}

#[test]
fn a_frame_allocates_by_its_rows_and_not_by_its_callers() {
    let allocated = |callers| {
        let mut desk = Desk::with(callers, (80, 24));
        desk.press("e");
        // What is kept from frame to frame is there after the second.
        desk.frame();
        desk.frame();
        allocation_counter::measure(|| _ = desk.frame()).count_total
    };
    let (few, screenful, many) = (allocated(10), allocated(100), allocated(5_000));
    assert!(few <= FEW, "{few} for 10 callers, and at most {FEW} are in order");
    assert!(screenful <= SCREENFUL && many <= SCREENFUL, "{screenful} for 100, {many} for 5,000, and at most {SCREENFUL} are in order");
}

#[test]
fn sending_allocates_nothing() {
    // The same picture again and another one: what is compared and sent needs no memory of its own.
    let mut pen = Pen::new();
    let pictures = ["Ada", "Ben"].map(|name| move |buffer: &mut Buffer| buffer.set_string(2, 1, name, Style::new()));
    for picture in pictures.iter().cycle().take(4) {
        pen.draw((80, 24), picture);
    }
    let allocated = allocation_counter::measure(|| pictures.iter().for_each(|picture| _ = pen.draw((80, 24), picture)));
    assert_eq!(allocated.count_total, 0);
}

#[test]
fn a_frame_is_one_write_and_nothing_is_written_when_nothing_happens() {
    if !tools::require("strace") {
        return;
    }
    let stage = Stage::new();
    let trace = stage.home.join("trace");
    let trace_args =
        [OsStr::new("-f"), "-qq".as_ref(), "-s".as_ref(), "100000".as_ref(), "-e".as_ref(), "trace=write".as_ref(), "-o".as_ref()];
    let through = trace_args.into_iter().chain([trace.as_os_str()]);
    let (mut console, listener) = stage.open_as(&stage.setup().through("strace", through));
    listener.join(&console, "a", "Ada", "12157010680");
    for _ in 0..5 {
        console.send_keys("?");
        console.wait_for_text("any other key closes");
        console.send_keys("x");
        console.wait_for(|screen| !screen.says("any other key closes"), "no help");
    }
    // The help covers what steps by time.
    console.send_keys("?");
    console.wait_for_text("any other key closes");
    let before = console.raw().len();
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(console.raw().len(), before, "a screen that stands still");
    console.send_keys("x");
    console.send_keys("q");
    console.wait_for_text("quit");
    console.send_keys("y");
    console.exit_code();
    let trace = std::fs::read_to_string(trace).expect("a trace");
    let halves = trace.lines().filter(|line| line.contains("\\33[?2026h") != line.contains("\\33[?2026l")).count();
    let frames = trace.lines().filter(|line| line.contains("\\33[?2026h")).count();
    // What gives the terminal back ends a frame that may have been begun.
    assert!(halves <= 1 && frames >= 11, "{frames} frames, and {halves} that were not written in one go");
}
