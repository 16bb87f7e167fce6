//! A terminal that is gone, or takes nothing any more.

use std::time::Instant;

use rustix::process::Signal;

use crate::busy::{Busy, LONGEST, worked};
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

#[test]
fn it_does_not_work_on_a_terminal_that_is_gone() {
    let stage = Stage::new();
    let (mut console, listener) = stage.open();
    listener.join(&console, "ada", "Ada", crate::busy::ADA);
    stage.provider.script(crate::support::provider::Answer::Hang);
    console.send_keys("m");
    stage.provider.wait_for_request(1);
    // The ask in flight keeps it for more than a second.
    let pid = console.pid();
    let before = worked(pid).expect("a process");
    let (asked, mut after) = (Instant::now(), before);
    console.hang_up();
    while let Some(now) = worked(pid).filter(|_| console.is_running()) {
        after = now.max(after);
        assert!(asked.elapsed() < LONGEST);
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    assert_eq!(console.exit_code(), 129);
    let hundredths = after - before;
    assert!(hundredths < 50, "it worked for {hundredths} hundredths of a second of {:?}", asked.elapsed());
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
