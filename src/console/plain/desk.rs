//! The ends of a console without a screen: lines are read on a thread of their own and written on another, so that a
//! reader who is slow holds up nothing, and one who is gone ends it.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use tokio::sync::mpsc::{self, Sender};
use tokio_stream::wrappers::ReceiverStream;

use super::{LONGEST, tell};
use crate::config::Way;
use crate::console::app::{App, Heard, Spoken, Tone};
use crate::console::input::Input;
use crate::console::terminal::Screen;
use crate::console::ui::clock;

/// Lines that may wait for a slow reader. What comes after is left out and counted.
const WAITING: usize = 4_096;

/// Typed lines that may wait: nobody types faster than they are done, and a pipe can wait.
const TYPED: usize = 64;

/// The longest line that is printed, in bytes.
const PRINTED: usize = 4_096;

/// What a moderator without a screen hears and types at.
#[derive(Debug)]
pub struct Desk {
    out: SyncSender<String>,
    written: Receiver<()>,
    /// Lines that found no room since the last that did.
    left_out: usize,
    greeted: bool,
}

/// Begins to read lines and to write them.
///
/// # Errors
/// When the machine gives no thread.
pub fn open<R, W>(input: R, output: W) -> io::Result<(Desk, ReceiverStream<io::Result<Input>>)>
where
    R: Read + Send + 'static,
    W: Write + Send + 'static,
{
    let (typed, incoming) = mpsc::channel(TYPED);
    let (out, lines) = sync_channel(WAITING);
    let (done, written) = sync_channel(1);
    let trouble = typed.clone();
    std::thread::Builder::new().name("reading".into()).spawn(move || read_lines(BufReader::new(input), &typed))?;
    std::thread::Builder::new().name("writing".into()).spawn(move || {
        if let Err(error) = write_lines(output, &lines) {
            // The session may be over.
            let _ = trouble.blocking_send(Err(error));
        }
        // Nobody may be waiting.
        let _ = done.send(());
    })?;
    Ok((Desk { out, written, left_out: 0, greeted: false }, ReceiverStream::new(incoming)))
}

fn write_lines(mut output: impl Write, lines: &Receiver<String>) -> io::Result<()> {
    for line in lines {
        output.write_all(line.as_bytes())?;
        output.flush()?;
    }
    Ok(())
}

/// Reads to the end. Half a line may be another command than the whole one was to be, so it is none.
fn read_lines(mut input: impl BufRead, typed: &Sender<io::Result<Input>>) {
    let most = LONGEST as u64 + 2;
    let mut too_long = false;
    loop {
        let mut bytes = Vec::new();
        let read = match input.by_ref().take(most).read_until(b'\n', &mut bytes) {
            Ok(0) => Ok(Input::End),
            Ok(_) if bytes.last() != Some(&b'\n') && bytes.len() as u64 == most => {
                too_long = true;
                continue;
            }
            Ok(_) if std::mem::take(&mut too_long) => Ok(Input::Unread("that line is too long: nothing was done for it")),
            Ok(_) if bytes.last() != Some(&b'\n') => Ok(Input::Unread("the last line was cut off: nothing was done for it")),
            Ok(_) => Ok(Input::Line(String::from_utf8_lossy(&bytes).into_owned())),
            Err(error) => Err(error),
        };
        let over = !matches!(read, Ok(Input::Line(_) | Input::Unread(_)));
        // The session may be over.
        if typed.blocking_send(read).is_err() || over {
            return;
        }
    }
}

impl Desk {
    /// Waits until everything is written, at most so long: a reader who does not read must not hold up the end.
    pub fn finish(self, most: Duration) {
        let Self { out, written, .. } = self;
        drop(out);
        // In time or not, there is nothing more to do.
        let _ = written.recv_timeout(most);
    }

    /// Prints one line: all of it can be shown, and nothing in it moves a cursor.
    fn print(&mut self, app: &App, text: &str) -> io::Result<()> {
        if self.left_out > 0 {
            let lines = if self.left_out == 1 { "line was" } else { "lines were" };
            let missing = format!("{} {lines} left out here, because nobody read them in time", self.left_out);
            if !self.put(&missing)? {
                self.left_out += 1;
                return Ok(());
            }
            self.left_out = 0;
        }
        if !self.put(&app.show(text))? {
            self.left_out += 1;
        }
        Ok(())
    }

    /// Whether there was room for it.
    fn put(&self, text: &str) -> io::Result<bool> {
        let mut line = crate::text::clean(text, PRINTED);
        line.push('\n');
        match self.out.try_send(line) {
            Ok(()) => Ok(true),
            Err(TrySendError::Full(_)) => Ok(false),
            Err(TrySendError::Disconnected(_)) => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// How many lines found no room so far.
    #[cfg(test)]
    pub(super) fn missing(&self) -> usize {
        self.left_out
    }

    fn greet(&mut self, app: &App) -> io::Result<()> {
        if std::mem::replace(&mut self.greeted, true) {
            return Ok(());
        }
        tell::greeting(app).iter().try_for_each(|line| self.print(app, line))
    }
}

impl Screen for Desk {
    fn size(&self) -> io::Result<(u16, u16)> {
        Ok((0, 0))
    }

    /// There is nothing to draw; the first time it says where it listens and who is there.
    fn draw(&mut self, app: &App) -> io::Result<()> {
        self.greet(app)
    }

    fn repaint(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// There is no clipboard, and no command that asks for one.
    fn copy(&mut self, _text: &str) -> io::Result<()> {
        Ok(())
    }

    /// A bell is no line.
    fn ring(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn notify(&mut self, _way: Way, _text: &str) -> io::Result<()> {
        Ok(())
    }

    fn say(&mut self, app: &App, heard: &Heard) -> io::Result<()> {
        self.greet(app)?;
        match heard.at {
            Some(at) => self.print(app, &format!("{} {}", clock(at), heard.text)),
            None => self.print(app, &heard.text),
        }
    }

    fn read(&mut self, app: &App, line: Result<&str, &str>) -> io::Result<Vec<Spoken>> {
        match line {
            Ok(line) => {
                let reply = super::read(app, line);
                reply.said.iter().try_for_each(|said| self.print(app, said))?;
                Ok(reply.spoken)
            }
            Err(why) => {
                self.say(app, &Heard { at: None, tone: Tone::Warning, text: why.to_owned() })?;
                Ok(Vec::new())
            }
        }
    }
}
