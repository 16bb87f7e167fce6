//! What ends a session from outside: signals, and a terminal that is gone.
//!
//! They are heard on threads of their own: a terminal that takes nothing any more (a stalled ssh) blocks the
//! console in the middle of a frame, and the process must end all the same.

use std::io;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::stdio::{dup2_stdin, stdin};
use tokio::runtime::Handle;
use tokio::signal::unix::{Signal as Signals, SignalKind, signal};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use super::session::Face;
use crate::console::runtime::{SIGCONT, SIGHUP, SIGTSTP};
use crate::console::terminal::give_back;

/// How long ending may take after a signal, whatever the terminal does.
const LONGEST: Duration = Duration::from_secs(2);

/// When the terminal is put in order at the latest. An ask in flight is not waited for as long, and the rest takes no
/// time on a sound machine; on one that is overloaded the terminal comes first.
const LEAVING: Duration = Duration::from_millis(1_500);

/// Begins to hear the signals that end a session, the one before a stop, and the one after it.
///
/// SIGUSR1 and SIGUSR2 mean nothing here and would end a process that does not listen: a stray one must not close
/// the listener.
pub(super) fn hear(face: Face) -> io::Result<UnboundedReceiver<i32>> {
    let (out, received) = mpsc::unbounded_channel();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let inside = runtime.enter();
    let mut ending = vec![SignalKind::interrupt(), SignalKind::terminate(), SignalKind::quit()];
    // Whoever starts it with nohup means it to stay.
    if !is_ignored(SIGHUP) {
        ending.push(SignalKind::hangup());
    }
    for kind in ending {
        runtime.spawn(hear_end(kind.as_raw_value(), signal(kind)?, out.clone()));
    }
    let mut others = vec![SIGCONT];
    if face == Face::Screen {
        // Without a screen nothing has to be put in order before a stop.
        others.push(SIGTSTP);
        watch_terminal(out.clone(), runtime.handle().clone())?;
    }
    for number in others {
        runtime.spawn(hear_other(number, signal(SignalKind::from_raw(number))?, out.clone()));
    }
    for kind in [SignalKind::user_defined1(), SignalKind::user_defined2()] {
        runtime.spawn(hear_nothing(signal(kind)?));
    }
    drop(inside);
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || runtime.block_on(std::future::pending::<()>()))?;
    Ok(received)
}

async fn hear_end(number: i32, mut signals: Signals, out: UnboundedSender<i32>) {
    while signals.recv().await.is_some() {
        // The session may be over, and the journal be closing.
        let _ = out.send(number);
        tokio::spawn(end_late(number));
    }
}

async fn hear_other(number: i32, mut signals: Signals, out: UnboundedSender<i32>) {
    while signals.recv().await.is_some() && out.send(number).is_ok() {}
}

async fn hear_nothing(mut signals: Signals) {
    while signals.recv().await.is_some() {
        tracing::info!("a signal came that means nothing here");
    }
}

/// Whether this process was started with a signal ignored. Read where the system says it: to hear a signal is to
/// ask for it.
fn is_ignored(number: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask >> (number - 1) & 1 == 1)
}

/// Waits for the end of the terminal on a thread of its own, and tells of it as the signal does, which may be ignored or
/// not come. What reads the keys takes no end for one: it would read the terminal again and again, without rest.
fn watch_terminal(out: UnboundedSender<i32>, late: Handle) -> io::Result<()> {
    let (silence, kept) = pipe_with(PipeFlags::NONBLOCK | PipeFlags::CLOEXEC)?;
    let watch = move || {
        while let Err(Errno::INTR | Errno::AGAIN) = poll(&mut [PollFd::new(&stdin(), PollFlags::empty())], None) {}
        // On this nothing ever comes, so what reads the keys rests.
        let rests = dup2_stdin(silence);
        // The session may be over.
        let _ = out.send(SIGHUP);
        tracing::warn!(rests = rests.is_ok(), "the terminal is gone");
        std::mem::forget(kept);
        late.spawn(end_late(SIGHUP));
    };
    std::thread::Builder::new().name("terminal".to_owned()).spawn(watch).map(drop)
}

/// Puts the terminal in order and ends the process when it could not do so itself in time. What is on disk is whole,
/// and an ask without an answer is told as unknown at the next start.
async fn end_late(number: i32) {
    tokio::time::sleep(LEAVING).await;
    // Whatever keeps it from ending may be the terminal, which would then keep this, too. Without a thread there is
    // still what is done below.
    let _ = std::thread::Builder::new().name("order".to_owned()).spawn(give_back);
    tokio::time::sleep(LONGEST.saturating_sub(LEAVING)).await;
    tracing::warn!("it did not end in time; it is ended as it is");
    // Sets modes only, so nothing waits for the terminal.
    let _ = crossterm::terminal::disable_raw_mode();
    std::process::exit(128 + number);
}
