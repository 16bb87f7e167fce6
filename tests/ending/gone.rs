//! A terminal that is gone, or takes nothing any more.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::busy::{ADA, Busy, LONGEST, threads, wait};
use crate::support::provider::Answer;
use crate::support::stage::Stage;

/// Through a shell that ignores the signal of a closed window, as `nohup` does.
const DEAF: [&str; 2] = ["-c", "trap '' HUP; exec \"$0\" \"$@\""];

#[test]
fn a_closed_window_ends_it() {
    for deaf in [false, true] {
        let mut busy = Busy::of(|setup| if deaf { setup.through("/bin/sh", DEAF) } else { setup });
        busy.ask_in_vain();
        let asked = Instant::now();
        busy.console.hang_up();
        assert_eq!(busy.console.exit_code(), 129, "deaf: {deaf}");
        assert!(asked.elapsed() < LONGEST, "{:?}", asked.elapsed());
        let ended = busy.kept();
        // The keys that came with the end of the window kicked nobody, and what waited was not sent.
        assert_eq!(ended.outcomes(), ["not_sent", "unknown"], "deaf: {deaf}");
        assert_eq!(ended.last(), "stopped");
        assert_eq!(ended.stage.asked(), [("MUTE".to_owned(), "ada".to_owned())]);
    }
}

#[test]
fn whoever_started_it_deaf_to_the_signal_means_it() {
    let mut busy = Busy::of(|setup| setup.through("/bin/sh", DEAF));
    busy.console.signal(Signal::HUP);
    busy.goes_on();
    busy.console.signal(Signal::TERM);
    busy.ends(Instant::now(), 143);
}

/// With nothing to draw and deaf to the signal, only the terminal itself tells that it is gone.
#[test]
fn a_terminal_that_is_gone_is_noticed_and_not_read_on_and_on() {
    let stage = Stage::new();
    let (mut console, listener) = stage.open_as(&stage.setup().through("/bin/sh", DEAF));
    listener.join(&console, "ada", "Ada", ADA);
    // The ask in flight keeps it for more than a second.
    stage.provider.script(Answer::Hang);
    console.send_keys("m");
    stage.provider.wait_for_request(1);
    console.wait_for_row("Ada", "muting");
    wait(|| threads(console.pid()).iter().all(|(name, _)| name != "phones"), "the phone library's tables");
    console.hang_up();
    let asked = Instant::now();
    let (mut looks, mut at_work) = (0, 0);
    while console.is_running() {
        looks += 1;
        at_work += u32::from(threads(console.pid()).iter().any(|(_, state)| *state == 'R'));
        assert!(asked.elapsed() < LONGEST, "it is not noticed");
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(console.exit_code(), 129);
    assert!(looks > 20 && at_work * 2 < looks, "it was at work {at_work} of {looks} times that it was looked at");
}

#[test]
fn a_terminal_that_takes_nothing_any_more_does_not_keep_it_from_ending() {
    let busy = Busy::new();
    busy.console.stall();
    // With the flood there is always something to draw, which waits for ever.
    let asked = Instant::now();
    busy.console.signal(Signal::TERM);
    assert_eq!(busy.console.exit_code(), 143);
    assert!(asked.elapsed() < LONGEST, "{:?}", asked.elapsed());
}
