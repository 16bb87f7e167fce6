//! The promise: the terminal comes back. However it ends, in the middle of a flood of callbacks, within two seconds
//! everything is closed, the terminal is as it was found, and the exit code says how it ended.

#![allow(clippy::expect_used, reason = "a failing helper is a failing test")]
#![allow(unreachable_pub, reason = "inside a test program nothing can be reached from outside")]

mod support;

#[path = "ending/busy.rs"]
mod busy;
#[path = "ending/commands.rs"]
mod commands;
#[path = "ending/faults.rs"]
mod faults;
#[path = "ending/flood.rs"]
mod flood;
#[path = "ending/gone.rs"]
mod gone;
#[path = "ending/sizes.rs"]
mod sizes;
#[path = "ending/stops.rs"]
mod stops;

use std::time::Instant;

use busy::{Busy, Dice};
use rustix::process::Signal;
use support::keys::Key;
use support::pty::Console;
use support::scale::{Figures, pick};
use support::screen::Reading as _;
use support::stage::Stage;

/// What ends it from outside, and the exit code that says so.
const ENDS: [(Signal, i32); 4] = [(Signal::TERM, 143), (Signal::HUP, 129), (Signal::INT, 130), (Signal::QUIT, 131)];

#[test]
fn a_quit_ends_it_with_an_ask_in_flight() {
    let mut busy = Busy::new();
    busy.ask_in_vain();
    let asked = Instant::now();
    busy.quit();
    let ended = busy.ends(asked, 0);
    assert_eq!(ended.outcomes(), ["not_sent", "unknown"]);
    assert_eq!(ended.last(), "stopped");
    assert_eq!(ended.stage.asked().len(), 1);
}

#[test]
fn a_second_ctrl_c_ends_it_at_once() {
    let mut busy = Busy::new();
    busy.ask_in_vain();
    busy.console.press(Key::Ctrl('c'));
    busy.console.wait_for_text("quit?");
    let asked = Instant::now();
    busy.console.press(Key::Ctrl('c'));
    let ended = busy.ends(asked, 0);
    assert_eq!(ended.last(), "stopped");
    assert_eq!(ended.stage.asked().len(), 1);
}

#[test]
fn signals_end_it_with_their_number() {
    for (signal, code) in ENDS {
        let mut busy = Busy::new();
        // One of them has something to wait for.
        let waits = signal == Signal::TERM;
        if waits {
            busy.ask_in_vain();
        }
        let asked = Instant::now();
        busy.console.signal(signal);
        let ended = busy.ends(asked, code);
        let outcomes: &[&str] = if waits { &["not_sent", "unknown"] } else { &[] };
        assert_eq!(ended.outcomes(), outcomes, "{signal:?}");
        assert_eq!(ended.last(), "stopped", "{signal:?}");
    }
}

/// Whichever end it is, and however far the flood has come.
#[test]
fn any_end_at_any_moment() {
    let rounds = pick(4, 120);
    let mut callbacks = 0;
    let began = Instant::now();
    let mut dice = Dice::new(11);
    for round in 0..rounds {
        let mut busy = Busy::new();
        if dice.roll(2) == 0 {
            busy.ask_in_vain();
        }
        busy.flooded(dice.roll(400) as usize);
        let asked = Instant::now();
        let code = match (round + dice.roll(2)) % 7 {
            0 => {
                busy.quit();
                0
            }
            1 => {
                busy.console.send_keys("\x03\x03");
                0
            }
            2 => {
                busy.console.hang_up();
                129
            }
            way => {
                let (signal, code) = ENDS[way as usize - 3];
                busy.console.signal(signal);
                code
            }
        };
        let ended = busy.ends(asked, code);
        assert_eq!(ended.last(), "stopped", "round {round}");
        callbacks += ended.callbacks;
    }
    let figures = Figures::of("the terminal comes back").with(rounds, "endings").with(callbacks, "callbacks answered meanwhile");
    figures.with(began.elapsed().as_secs(), "s").with(0, "terminals left in disorder").tell();
}

#[test]
fn the_same_signal_again_does_not_wait_for_the_ask_in_flight() {
    let mut busy = Busy::new();
    busy.ask_in_vain();
    let asked = Instant::now();
    busy.console.signal(Signal::TERM);
    // What waited is written down as not sent: it is ending, and waits for the other.
    busy::wait(|| busy.outcomes() == ["not_sent"], "the end to begin");
    busy.console.signal(Signal::TERM);
    busy.ends(asked, 143);
}

#[test]
fn stray_signals_end_nothing() {
    let mut busy = Busy::new();
    for signal in [Signal::USR1, Signal::USR2, Signal::PIPE] {
        busy.console.signal(signal);
        busy.goes_on();
        busy.listener.tell("leave", "key=ben");
    }
    let asked = Instant::now();
    busy.quit();
    busy.ends(asked, 0);
}

/// Whatever it has come to when the signal comes: nothing yet, a journal, a first byte to the terminal, a frame.
#[test]
fn a_signal_while_it_starts_ends_it() {
    type Moment = (&'static str, Signal, fn(&Stage, &Console) -> bool);
    let moments: [Moment; 4] = [
        ("at once", Signal::TERM, |_, _| true),
        ("with a journal", Signal::HUP, |stage, _| stage.home.journal().exists()),
        ("with a first byte", Signal::INT, |_, console| !console.raw().is_empty()),
        ("with a first frame", Signal::TERM, |_, console| console.screen().says("confmod")),
    ];
    for (moment, signal, reached) in moments {
        let stage = Stage::new();
        let console = stage.setup().start();
        busy::wait(|| reached(&stage, &console), moment);
        let asked = Instant::now();
        console.signal(signal);
        assert_eq!(console.exit_code(), 128 + signal.as_raw(), "{moment}");
        assert!(asked.elapsed() < busy::LONGEST, "{moment}");
        assert_eq!(console.left_behind(), Vec::<String>::new(), "{moment}");
        // The next start finds everything in order.
        let (mut again, _) = stage.open();
        again.send_keys("q");
        assert_eq!(again.exit_code(), 0, "{moment}");
    }
}
