//! Stopped and continued, as job control does it.

use std::time::Instant;

use rustix::process::Signal;

use crate::busy::{Busy, stop, wait};
use crate::support::screen::Reading as _;

/// How often the alternate screen was entered.
fn entries(busy: &Busy) -> usize {
    busy.console.raw().windows(8).filter(|bytes| bytes == b"\x1b[?1049h").count()
}

#[test]
fn after_a_stop_the_screen_is_whole_again() {
    let mut busy = Busy::new();
    let before = entries(&busy);
    stop(&busy.console, Signal::STOP);
    // The shell takes the terminal, and somebody clears it.
    busy.console.restore_line();
    assert_eq!(busy.console.line_changes(), Vec::<String>::new());
    let listener = busy.listener;
    let caller = std::thread::spawn(move || listener.tell("join", "key=zoe&conference=1122&number=33142685300&name=Zoe"));
    busy.console.signal(Signal::CONT);
    caller.join().expect("a callback that came meanwhile");
    wait(|| entries(&busy) == before + 1, "the alternate screen again");
    assert!(!busy.console.line_changes().is_empty(), "keys come one by one again");
    // Who came meanwhile is there, and keys are heard.
    busy.console.send_keys("/zoe");
    busy.console.wait_for_row("Zoe", "open");
    busy.console.send_keys("\x1b");
    busy.console.wait_for(|screen| !screen.notice().contains("/zoe"), "the filter to go");
    busy.goes_on();
    let asked = Instant::now();
    busy.quit();
    busy.ends(asked, 0);
}

#[test]
fn everything_is_drawn_again_after_a_stop() {
    let busy = Busy::new();
    stop(&busy.console, Signal::STOP);
    let drawn = busy.console.raw().len();
    busy.console.signal(Signal::CONT);
    // The header was drawn at the start and does not change: only a whole frame has it again.
    busy.console.wait_for_bytes(|raw| raw[drawn..].windows(7).any(|bytes| bytes == b"confmod"), "the whole picture");
    busy.console.signal(Signal::TERM);
    busy.ends(Instant::now(), 143);
}

#[test]
fn asked_to_stop_it_leaves_the_terminal_first() {
    let mut busy = Busy::new();
    stop(&busy.console, Signal::TSTP);
    wait(|| busy.console.left_behind().is_empty(), "a terminal as it was found");
    busy.console.signal(Signal::CONT);
    wait(|| busy.console.screen().alternate_screen(), "the alternate screen again");
    assert!(!busy.console.line_changes().is_empty());
    busy.goes_on();
    let asked = Instant::now();
    busy.quit();
    busy.ends(asked, 0);
}

#[test]
fn a_signal_while_it_is_stopped_ends_it_once_it_goes_on() {
    for by in [Signal::STOP, Signal::TSTP] {
        let busy = Busy::new();
        stop(&busy.console, by);
        busy.console.restore_line();
        busy.console.signal(Signal::TERM);
        let asked = Instant::now();
        busy.console.signal(Signal::CONT);
        busy.ends(asked, 143);
    }
}
