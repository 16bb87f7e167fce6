//! What a frame costs: with ten callers and with a hundred thousand, and what it takes to have them.
#![allow(clippy::expect_used, reason = "a benchmark that cannot run is to say so and end")]
#![allow(clippy::print_stdout, reason = "the table is what a benchmark is for")]

mod harness;
#[path = "../counts/stage.rs"]
mod stage;

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use confmod::conference::event::{Answer, Arrival, Ask, Cause, Event, Seq, What};
use confmod::conference::{Action, CallKey, Moment, Outcome};
use confmod::config::ThemeChoice;
use confmod::console::app::{App, Message};
use confmod::console::keys::Chord;
use confmod::console::terminal::pen::Pen;
use confmod::console::ui::{Theme, render};
use confmod::phone::Number;
use harness::{Goal, ROUNDS, Series, Table, Unit, in_turn, median_of};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

const SIZE: Rect = Rect { x: 0, y: 0, width: 200, height: 50 };
const FEW: u64 = 10;
/// More than the screen has lines for, so that a frame of it draws as many rows as one of [`MANY`].
const SCREENFUL: u64 = 100;
const MANY: u64 = 100_000;

/// Events that the console takes from the journal at a time when it starts.
const CHUNK: u64 = 1_000;

/// Frames in one round.
const FRAMES: usize = 200;

fn main() {
    // They are there once, however many callers there are.
    confmod::phone::load_tables();
    // Before anything else has left its traces in the process's memory.
    let before = resident();
    let mut many = console(MANY);
    let grown = resident().zip(before).map(|(after, before)| after.saturating_sub(before));

    println!("frame: 200x50");
    divan::main();

    let mut table = Table::new("frame: 200x50");
    let few = console(FEW);
    // Where the list is longest: at its end.
    press(&mut many, "End");
    // A frame is drawn and compared with what the terminal shows; where nothing differs, nothing is sent.
    let whole = ["one frame with 100,000 callers, drawn and compared", "one frame with 10 callers, drawn and compared"];
    table.goal(&in_turn((whole[0], || whole_frames(&many)), (whole[1], || whole_frames(&few)), Unit::Time), Goal::AtMost(1.5));
    let again = "one frame with 100,000 callers, drawn and compared, again";
    table.goal(&in_turn((again, || whole_frames(&many)), (whole[1], || whole_frames(&few)), Unit::Time), Goal::Within(1e6));
    // Of the drawing alone a line is a larger part: ten callers fill ten lines, and so do their events beside them.
    table.pair(&in_turn(
        ("drawing alone with 100,000 callers", || frames(&many)),
        ("drawing alone with 10 callers", || frames(&few)),
        Unit::Time,
    ));
    let mut screenful = console(SCREENFUL);
    press(&mut screenful, "End");
    table.pair(&in_turn(
        ("one frame with 100,000 callers", || frames(&many)),
        ("one frame with 100 callers, as many rows", || frames(&screenful)),
        Unit::Time,
    ));
    table.pair(&in_turn(
        ("a key and its frame with 100,000 callers", || keys_and_frames(&mut many)),
        ("a key and its frame with 100 callers", || keys_and_frames(&mut screenful)),
        Unit::Time,
    ));
    table.pair(&in_turn(
        ("the first fold of 100,000 joins, each", || fold(MANY)),
        ("the first fold of 10,000 joins, each", || fold(10_000)),
        Unit::Time,
    ));
    table.pair(&in_turn(
        ("the first fold of 100,000 joins, each", || fold(MANY)),
        ("reading them from their JSON, each", || read(MANY)),
        Unit::Time,
    ));
    table.goal(&bytes_written(false), Goal::Within(300.0));
    table.pair(&bytes_written(true));
    table.pair(&bytes_of_people());
    table.remark("each line of the pane differs from the one below it, and what differs has to be sent");
    if let Some(grown) = grown {
        let mut memory = [Series::new("memory for one of 100,000 callers", Unit::Bytes), Series::new("its event as JSON", Unit::Bytes)];
        memory[0].add(grown as f64 / MANY as f64);
        memory[1].add(join(0).what.body().expect("a body").len() as f64);
        table.pair(&memory);
        table.remark("measured once, as what the process grew by");
    }
    table.print();
}

/// The time of one frame, by number of callers.
#[divan::bench(args = [FEW, SCREENFUL, MANY], sample_count = 50, max_time = 2)]
fn render_frame(bencher: divan::Bencher<'_, '_>, callers: u64) {
    let mut app = console(callers);
    press(&mut app, "End");
    let (theme, mut buffer) = (theme(), Buffer::empty(SIZE));
    bencher.bench_local(|| render(black_box(&app), &theme, &mut buffer));
}

/// The time of taking one event in, by number of callers.
#[divan::bench(args = [FEW, SCREENFUL, MANY], sample_count = 50, max_time = 2)]
fn take_one_join(bencher: divan::Bencher<'_, '_>, callers: u64) {
    let mut app = console(callers);
    let mut next = callers..;
    bencher.with_inputs(|| Message::Events([join(next.next().unwrap_or(0))].into())).bench_local_values(|message| {
        app.update(AT, black_box(message));
    });
}

const AT: Moment = Moment(1_700_000_000_000);

/// A caller with a name, a number and a conference.
fn join(number: u64) -> Event {
    let arrival = Arrival {
        call: CallKey::new(&format!("{number:08}")),
        conference: Some("1122".into()),
        number: Number::from_digits(&(12_000_000_000 + number).to_string()),
        instead: None,
        name: Some(format!("Caller {number}").into()),
        called: None,
        others: None,
        hand: false,
    };
    Event { seq: Seq(number + 1), at: AT, what: What::Joined(arrival) }
}

/// The same with a name like people's: no two in a row are alike.
fn join_of_a_person(number: u64) -> Event {
    let first = ["Margaret", "Walter", "Zoe", "Jean-Baptiste", "Rosa", "Gus", "Ingrid", "Per"][(number % 8) as usize];
    let last = ["Okonkwo", "Osei", "Shevchenko", "Moreau", "Delgado", "Whitfield", "Lindstrom"][(number % 7) as usize];
    let mut event = join(number);
    if let What::Joined(arrival) = &mut event.what {
        arrival.name = Some(format!("{first} {last}").into());
    }
    event
}

/// The console as it is after a start with so many callers.
fn console(callers: u64) -> App {
    console_of(callers, join)
}

fn console_of(callers: u64, join: fn(u64) -> Event) -> App {
    let mut app = stage::app(callers, (SIZE.width, SIZE.height));
    app.update(AT, Message::PhonesReady);
    for first in (0..callers).step_by(CHUNK as usize) {
        let events: Arc<[Event]> = (first..callers.min(first + CHUNK)).map(join).collect();
        app.update(AT, Message::Events(events));
    }
    app
}

fn press(app: &mut App, key: &str) {
    app.update(AT, Message::Key(Chord::parse(key).expect("a key")));
}

fn theme() -> Theme {
    Theme::new(ThemeChoice::Truecolor, false)
}

/// Nanoseconds for one frame.
fn frames(app: &App) -> f64 {
    let (theme, mut buffer) = (theme(), Buffer::empty(SIZE));
    median_of(FRAMES, || render(black_box(app), &theme, &mut buffer))
}

/// Nanoseconds for one frame, from the empty buffer to what there is to send.
fn whole_frames(app: &App) -> f64 {
    let (theme, mut pen) = (theme(), Pen::new());
    // The first one is sent whole.
    pen.draw((SIZE.width, SIZE.height), |buffer| render(app, &theme, buffer));
    median_of(FRAMES, || _ = black_box(pen.draw((SIZE.width, SIZE.height), |buffer| render(black_box(app), &theme, buffer))))
}

/// Nanoseconds for a step of the cursor and the frame that shows it.
fn keys_and_frames(app: &mut App) -> f64 {
    let (theme, mut buffer) = (theme(), Buffer::empty(SIZE));
    let mut keys = ["Up", "PgUp", "Down", "PgDn"].into_iter().cycle();
    median_of(FRAMES, || {
        press(app, keys.next().unwrap_or("Up"));
        render(black_box(app), &theme, &mut buffer);
    })
}

/// Nanoseconds for each of so many joins, taken in as at a start; making the events is not counted.
fn fold(callers: u64) -> f64 {
    let mut app = console(0);
    let mut taken = Duration::ZERO;
    for first in (0..callers).step_by(CHUNK as usize) {
        let events: Arc<[Event]> = (first..callers.min(first + CHUNK)).map(join).collect();
        let began = Instant::now();
        app.update(AT, Message::Events(events));
        taken += began.elapsed();
    }
    black_box(&app);
    taken.as_secs_f64() * 1e9 / callers as f64
}

/// Nanoseconds for reading each of so many events from the text that the journal keeps.
fn read(callers: u64) -> f64 {
    let bodies: Vec<(&str, String)> = (0..callers).map(join).map(|event| (event.what.kind(), event.what.body().expect("a body"))).collect();
    let began = Instant::now();
    for (kind, body) in &bodies {
        black_box(What::read(kind, body).expect("readable"));
    }
    began.elapsed().as_secs_f64() * 1e9 / callers as f64
}

/// What goes to the terminal when one row changes, beside a whole frame; where the pane of events is open, it moves up
/// by a line.
fn bytes_written(pane: bool) -> [Series; 2] {
    let name =
        if pane { "one changed row and the pane of events, written to the terminal" } else { "one changed row, written to the terminal" };
    let [mut changed, mut whole] = [name, "a whole frame, written to the terminal"].map(|name| Series::new(name, Unit::Bytes));
    for _ in 0..ROUNDS {
        let sent = one_answer(console(40), pane);
        whole.add(sent.whole);
        changed.add(sent.changed);
    }
    [changed, whole]
}

/// The same with the pane open and names as people have, beside the letters that differ between the two pictures.
fn bytes_of_people() -> [Series; 2] {
    let name = "one changed row and the pane of events with different names, written to the terminal";
    let [mut changed, mut differing] = [name, "the letters that differ, a byte each"].map(|name| Series::new(name, Unit::Bytes));
    for _ in 0..ROUNDS {
        let sent = one_answer(console_of(40, join_of_a_person), true);
        changed.add(sent.changed);
        differing.add(sent.differing);
    }
    [changed, differing]
}

/// What an answer to an ask sent to the terminal, in bytes.
struct Sent {
    whole: f64,
    changed: f64,
    /// Letters.
    differing: f64,
}

fn one_answer(mut app: App, pane: bool) -> Sent {
    if !pane {
        press(&mut app, "e");
    }
    let mut pen = Pen::new();
    let mut draw = |app: &App| pen.draw((SIZE.width, SIZE.height), |buffer| render(app, &theme(), buffer)).len() as f64;
    let picture = |app: &App| {
        let mut buffer = Buffer::empty(SIZE);
        render(app, &theme(), &mut buffer);
        buffer
    };
    let whole = draw(&app);
    // Asked for, and drawn so; what is counted is the answer.
    let call = CallKey::new("00000007");
    let (number, conference) = ("12000000007".into(), "1122".into());
    let ask =
        Ask { action: Action::Mute, call: call.clone(), conference, number, by: "ada".into(), cause: Cause::Key, rule: None, joined: AT };
    app.update(AT, Message::Events([Event { seq: Seq(41), at: AT, what: What::Asked(ask) }].into()));
    draw(&app);
    let before = picture(&app);
    let answer = Answer { ask: Seq(41), call, outcome: Outcome::Accepted, detail: "".into(), millis: 120, reached: true };
    app.update(AT, Message::Events([Event { seq: Seq(42), at: AT, what: What::Answered(answer) }].into()));
    let after = picture(&app);
    let differing = before.content.iter().zip(&after.content).filter(|(before, after)| before.symbol() != after.symbol()).count() as f64;
    Sent { whole, changed: draw(&app), differing }
}

/// Bytes of memory that the process has; none where the system does not say so in `/proc`.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024)
}
