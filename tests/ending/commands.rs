//! What is not the console on a screen: in lines, the demo, a replay, a second screen, one-shot commands.

use std::io::Read as _;
use std::net::TcpListener;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Stdio};
use std::time::Instant;

use rustix::process::{Pid, Signal, kill_process};

use crate::ENDS;
use crate::busy::{Busy, LONGEST};
use crate::flood::Flood;
use crate::support;
use crate::support::home::{Home, environment};
use crate::support::pty::{Console, Setup};
use crate::support::screen::Reading as _;
use crate::support::stage::{Listener, Stage};

#[track_caller]
fn ends(console: &Console, signal: Signal, code: i32) {
    let asked = Instant::now();
    console.signal(signal);
    assert_eq!(console.exit_code(), code, "{signal:?}: {}", console.screen_text());
    assert!(asked.elapsed() < LONGEST, "{:?}", asked.elapsed());
}

#[test]
fn in_lines_nothing_of_the_terminal_is_touched() {
    for (signal, code) in [ENDS[0], ENDS[3]] {
        let stage = Stage::new();
        let console = stage.setup().args(["--plain"]).start();
        console.wait_for_text("type help");
        let words = "listens for callbacks on ";
        let line = console.screen().lines().into_iter().find_map(|line| Some(line.split_once(words)?.1.to_owned())).expect("an address");
        let flood = Flood::over(Listener { address: line.trim().parse().expect("an address") });
        assert_eq!(console.line_changes(), Vec::<String>::new());
        ends(&console, signal, code);
        assert_eq!(console.left_behind(), Vec::<String>::new());
        assert!(!console.raw().contains(&0x1b), "an escape");
        assert!(flood.end() > 0);
    }
}

#[test]
fn the_demo_leaves_neither_terminal_nor_folder_behind() {
    for (signal, code) in [ENDS[0], ENDS[1]] {
        let home = Home::new();
        let folder = home.join("tmp");
        std::fs::create_dir(&folder).expect("a folder");
        let demo = Setup::new(support::confmod(), &home).env("TMPDIR", &folder).args(["demo", "--speed", "20"]).start();
        demo.wait_for_text("Margaret");
        ends(&demo, signal, code);
        demo.terminal_is_clean();
        assert_eq!(std::fs::read_dir(&folder).expect("a folder").count(), 0, "{signal:?}");
    }
}

#[test]
fn a_replay_and_a_second_screen_end_as_the_first_does() {
    let mut busy = Busy::new();
    let second = |args: &[&str]| busy.stage.setup().args(args).start();
    for ((signal, code), args) in ENDS.into_iter().zip([&[][..], &["replay"], &["replay"], &[]]) {
        let looking = second(args);
        looking.wait_for_text("Ada");
        ends(&looking, signal, code);
        looking.terminal_is_clean();
    }
    let asked = Instant::now();
    busy.quit();
    busy.ends(asked, 0);
}

/// A report that nobody reads, and a check of a provider that does not answer.
#[test]
fn commands_that_wait_are_ended_by_their_signal() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}/api/v3.asp", silent.local_addr().expect("an address"));
    let busy = Busy::new();
    let run = |args: &[&str], output: Stdio| {
        let mut command = Command::new(support::confmod());
        command.args(args).env_clear().envs(environment(busy.stage.home.path())).env("CONFMOD_JOURNAL", busy.stage.home.journal());
        command.env("CONFMOD_USERKEY", "key").env("CONFMOD_API_URL", &address).env("CONFMOD_LISTEN", "127.0.0.1:0");
        command.stdout(output).stderr(Stdio::null()).spawn().expect("confmod starts")
    };
    for (signal, code) in ENDS {
        // The page is more than the pipe holds.
        let (mut reader, writer) = std::io::pipe().expect("a pipe");
        rustix::pipe::fcntl_setpipe_size(&writer, 4_096).expect("a small pipe");
        let report = run(&["report", "--format", "html"], writer.into());
        reader.read_exact(&mut [0; 1]).expect("the report begins");
        let check = run(&["check"], Stdio::null());
        let _asked = silent.accept().expect("the check asks");
        for mut child in [report, check] {
            kill_process(Pid::from_child(&child), signal).expect("a signal");
            let status = child.wait().expect("it ends");
            assert_eq!(status.code().or(status.signal().map(|number| 128 + number)), Some(code), "{signal:?}");
        }
    }
    busy.console.signal(Signal::TERM);
    busy.ends(Instant::now(), 143);
}
