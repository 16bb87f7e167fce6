//! The terminal: entering it, drawing on it, and leaving it as it was, whatever happens.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::AsFd as _;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::clipboard::CopyToClipboard;
use crossterm::event::{DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture};
use crossterm::style::ResetColor;
use crossterm::terminal::{EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen};
use crossterm::{cursor, execute, queue, terminal};
use rustix::process::{Signal, getpid, kill_process};

use self::pen::Pen;
use super::app::{App, Heard, Spoken};
use super::ui::{Theme, render};
use crate::config::Way;

mod look;
pub mod pen;

/// Something that a console can be drawn on.
pub trait Screen {
    /// Columns and lines.
    fn size(&self) -> io::Result<(u16, u16)>;
    /// Draws what has changed since the last frame.
    fn draw(&mut self, app: &App) -> io::Result<()>;
    /// Forgets what is on the screen, so that the next frame draws all of it.
    fn repaint(&mut self) -> io::Result<()>;
    /// Leaves the terminal to others and stops the process; once it is continued, `repaint` comes. What stops
    /// without leaving anything need not do this.
    fn stop(&mut self) -> io::Result<()> {
        Ok(())
    }
    /// Hands text to the terminal's clipboard (OSC 52), where it allows that.
    fn copy(&mut self, text: &str) -> io::Result<()>;
    /// Rings the terminal's bell.
    fn ring(&mut self) -> io::Result<()>;
    /// Has the terminal notify the desktop, where it knows how.
    fn notify(&mut self, way: Way, text: &str) -> io::Result<()>;
    /// Says a sentence. What is drawn shows it in its own places and need not.
    fn say(&mut self, _app: &App, _heard: &Heard) -> io::Result<()> {
        Ok(())
    }
    /// Takes a typed line, or why there is none, and answers it; what is to be done for it is returned.
    fn read(&mut self, _app: &App, _line: Result<&str, &str>) -> io::Result<Vec<Spoken>> {
        Ok(Vec::new())
    }
}

/// The real terminal. It is left when this is dropped.
pub struct Tty {
    /// Standard output, but not line by line: a frame is written in one go.
    out: File,
    pen: Pen,
    theme: Theme,
}

impl Tty {
    /// Enters: raw mode, alternate screen, mouse, bracketed paste. Asks the terminal nothing.
    pub fn enter(theme: Theme) -> io::Result<Self> {
        let out = File::from(io::stdout().as_fd().try_clone_to_owned()?);
        take_over()?;
        Ok(Self { out, pen: Pen::new(), theme })
    }
}

/// The bytes of a notification; empty for a way that is none.
///
/// A caller may have chosen the text. Whatever could end the sequence or begin another is taken out, and so
/// are semicolons, which separate its parts (and make a command of an OSC 9 for `ConEmu`).
fn notification(way: Way, text: &str) -> String {
    let text = crate::text::clean_field(text).replace(';', ",");
    match way {
        Way::Osc9 => format!("\x1b]9;confmod: {text}\x1b\\"),
        Way::Osc777 => format!("\x1b]777;notify;confmod;{text}\x1b\\"),
        Way::Bell | Way::Flash => String::new(),
    }
}

impl Drop for Tty {
    fn drop(&mut self) {
        give_back();
    }
}

/// Whether the terminal is taken over. What leaves it may be done on several threads, and must be done once: to
/// leave twice moves the cursor back to where it was at the start, over what was said meanwhile.
static TAKEN: AtomicBool = AtomicBool::new(false);

fn take_over() -> io::Result<()> {
    terminal::enable_raw_mode()?;
    TAKEN.store(true, Ordering::SeqCst);
    let entered = execute!(io::stdout(), EnterAlternateScreen, EnableMouseCapture, EnableBracketedPaste, cursor::Hide);
    if entered.is_err() {
        give_back();
    }
    entered
}

/// Leaves the terminal as it was, on whatever thread. Does nothing when that is done, and no failure stops the rest.
pub fn give_back() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut out = io::stdout();
    // Each by itself: a terminal that is gone must not keep raw mode from being ended.
    let _ = execute!(out, ResetColor, EndSynchronizedUpdate, DisableMouseCapture, DisableBracketedPaste);
    let _ = execute!(out, LeaveAlternateScreen, cursor::Show);
    let _ = terminal::disable_raw_mode();
}

/// Columns and lines. What the terminal itself does not say is looked for elsewhere, which takes longer.
fn size(out: &File) -> io::Result<(u16, u16)> {
    match rustix::termios::tcgetwinsize(out) {
        Ok(size) if size.ws_col > 0 && size.ws_row > 0 => Ok((size.ws_col, size.ws_row)),
        _ => terminal::size(),
    }
}

impl Screen for Tty {
    fn size(&self) -> io::Result<(u16, u16)> {
        size(&self.out)
    }

    fn draw(&mut self, app: &App) -> io::Result<()> {
        if !TAKEN.load(Ordering::SeqCst) {
            return Err(io::Error::other("the terminal was given back"));
        }
        let theme = self.theme;
        let frame = self.pen.draw(size(&self.out)?, |buffer| render(app, &theme, buffer));
        if frame.is_empty() {
            return Ok(());
        }
        self.out.write_all(frame)
    }

    fn repaint(&mut self) -> io::Result<()> {
        // After a stop and a continue the shell may have changed all of it.
        let _ = terminal::disable_raw_mode();
        self.pen.forget();
        take_over()
    }

    fn stop(&mut self) -> io::Result<()> {
        give_back();
        kill_process(getpid(), Signal::STOP)?;
        Ok(())
    }

    fn copy(&mut self, text: &str) -> io::Result<()> {
        let mut sequence = Vec::new();
        queue!(sequence, CopyToClipboard::to_clipboard_from(text))?;
        self.out.write_all(&sequence)
    }

    fn ring(&mut self) -> io::Result<()> {
        self.out.write_all(b"\x07")
    }

    fn notify(&mut self, way: Way, text: &str) -> io::Result<()> {
        self.out.write_all(notification(way, text).as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_notification() {
        let hostile = "Eve\x1b\\\x07\u{9c}\u{9d}52;c;ZXZpbA==\x1b]0;owned\x07 raised\na hand";
        for (way, begin) in [(Way::Osc9, "\x1b]9;confmod: "), (Way::Osc777, "\x1b]777;notify;confmod;")] {
            let bytes = notification(way, hostile);
            let text = bytes.strip_prefix(begin).and_then(|rest| rest.strip_suffix("\x1b\\")).expect("the sequence");
            assert_eq!(text, "Eve\\52,c,ZXZpbA==]0,owned raised a hand");
        }
        assert_eq!(notification(Way::Bell, "no"), "");
    }

    proptest::proptest! {
        #[test]
        fn no_text_leaves_its_notification(text in proptest::prelude::any::<String>()) {
            for way in [Way::Osc9, Way::Osc777] {
                let bytes = notification(way, &text);
                let inside = &bytes[1..bytes.len() - 2];
                proptest::prop_assert!(inside.chars().all(crate::text::is_showable));
                proptest::prop_assert_eq!(inside.matches(';').count(), if way == Way::Osc9 { 1 } else { 3 });
            }
        }
    }
}
