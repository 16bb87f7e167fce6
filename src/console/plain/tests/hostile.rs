//! What strangers and slow readers send: no line panics, nothing leaves that is not a line of text, and nobody waits.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;
use tokio_stream::StreamExt as _;

use super::*;
use crate::console::app::{Heard, Tone};
use crate::console::input::Input;
use crate::console::terminal::Screen as _;

/// Keeps what is written.
#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("whole").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes nothing before it is told to, and says each time that it was asked to.
struct Slow(Receiver<()>, Sender<()>);

impl Write for Slow {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // The test may have seen enough.
        let _ = self.1.send(());
        self.0.recv().map_err(|_| io::ErrorKind::BrokenPipe)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn heard(text: &str) -> Heard {
    Heard { at: None, tone: Tone::Plain, text: text.to_owned() }
}

proptest! {
    #[test]
    fn no_line_panics_and_only_lines_of_text_leave(
        name in any::<String>(),
        lines in proptest::collection::vec(prop_oneof![
            any::<String>(),
            "(mute|kick|unmute|name|ban|who|hand|filter|lecture|conference|events|again|unban) [0-9a-z ,:>+-]{0,12}",
            "yes|no|all|hands|bans|help|undo|stop|mask|detail [1-6]",
        ], 0..12),
    ) {
        let mut stage = room();
        stage.event(named_arrival("f", "1122", "33142685300", &name));
        let paper = Paper::default();
        let (mut desk, _input) = open(io::empty(), paper.clone()).expect("threads");
        for line in &lines {
            for spoken in desk.read(&stage.app, Ok(line)).expect("open") {
                for effect in stage.app.update(stage.app.now, Message::Spoken(spoken)) {
                    if let Effect::Append(what) = effect {
                        stage.event(what);
                    }
                }
            }
            for said in stage.app.take_said() {
                desk.say(&stage.app, &said).expect("open");
            }
        }
        desk.finish(Duration::from_secs(20));
        let bytes = paper.0.lock().expect("whole").clone();
        let text = String::from_utf8(bytes).expect("text");
        prop_assert!(text.is_empty() || text.ends_with('\n'));
        prop_assert!(text.chars().all(|c| c == '\n' || crate::text::is_showable(c)), "{text:?}");
    }
}

/// What the desk takes in, up to its end.
async fn taken(bytes: &'static [u8]) -> Vec<Input> {
    let (_desk, mut input) = open(bytes, Paper::default()).expect("threads");
    let mut found = Vec::new();
    while found.last() != Some(&Input::End) {
        found.push(input.next().await.expect("an end").expect("readable"));
    }
    found
}

#[tokio::test]
async fn lines_come_whole_or_not_at_all() {
    let line = |text: &str| Input::Line(text.to_owned());
    assert_eq!(taken(b"who\nmute 2\r\n").await, [line("who\n"), line("mute 2\r\n"), Input::End]);
    assert_eq!(taken(b"mute 2").await, [Input::Unread("the last line was cut off: nothing was done for it"), Input::End]);
    assert_eq!(taken(b"\xff\xfe\n").await, [line("\u{fffd}\u{fffd}\n"), Input::End]);
    let long: &'static [u8] = [b"mute 3 ".repeat(10_000), b"\nwho\n".to_vec()].concat().leak();
    assert_eq!(taken(long).await, [Input::Unread("that line is too long: nothing was done for it"), line("who\n"), Input::End]);
    assert_eq!(taken(b"").await, [Input::End]);
}

#[test]
fn a_slow_reader_holds_up_nobody_and_what_was_left_out_is_counted() {
    let stage = room();
    let (go_on, wait) = channel();
    let (asked, asks) = channel();
    let (mut desk, _input) = open(io::empty(), Slow(wait, asked)).expect("threads");
    desk.say(&stage.app, &heard("first")).expect("open");
    // It has taken the first line out of the queue and stands still.
    asks.recv().expect("it writes");
    let mut said = 0;
    while desk.missing() == 0 {
        desk.say(&stage.app, &heard("one more")).expect("it does not wait");
        said += 1;
    }
    assert!(said > 1_000, "room for {said}");
    desk.say(&stage.app, &heard("and one more")).expect("it does not wait");
    assert_eq!(desk.missing(), 2);
    // Nobody reads any more: the end does not wait either.
    desk.finish(Duration::from_millis(1));
    drop(go_on);
}

#[tokio::test]
async fn a_reader_who_is_gone_ends_it() {
    let stage = room();
    let (go_on, wait) = channel();
    let (asked, _asks) = channel();
    drop(go_on);
    // A pipe that nobody writes to.
    let (reader, _writer) = io::pipe().expect("a pipe");
    let (mut desk, mut input) = open(reader, Slow(wait, asked)).expect("threads");
    // It is known already or not yet: the writer runs beside this.
    if let Err(known) = desk.say(&stage.app, &heard("anybody?")) {
        assert_eq!(known.kind(), io::ErrorKind::BrokenPipe);
    }
    let gone = input.next().await.expect("told").expect_err("that nobody reads");
    assert_eq!(gone.kind(), io::ErrorKind::BrokenPipe);
    desk.finish(Duration::from_secs(20));
}
