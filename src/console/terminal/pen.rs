//! Frames as bytes: what brings a terminal from the picture that it shows to the next one, and no more.
//!
//! Knows no terminal: whoever has one sends it the bytes. A terminal may find a letter wider or narrower than it is
//! here; so behind letters that are not plain ASCII a place is named by its number and not counted from the last one.

use std::io::Write as _;

use ratatui::buffer::{Buffer, Cell, CellWidth as _};
use ratatui::layout::Rect;

use super::look::Look;

/// Between these a terminal that knows them shows nothing half drawn.
const BEGIN: &[u8] = b"\x1b[?2026h";
const END: &[u8] = b"\x1b[?2026l";

/// Steps that a way by steps has at most: to name a place costs no more than so many bytes.
const STEPS: u16 = 8;

/// Blanks that take as many bytes as having the rest of the line wiped.
const WIPE: u16 = 3;

/// Asks for the picture of a letter that is text otherwise.
const EMOJI: char = '\u{fe0f}';

/// The picture that a terminal shows, and the bytes for the next one.
#[derive(Debug, Default)]
pub struct Pen {
    shown: Buffer,
    next: Buffer,
    bytes: Vec<u8>,
    /// What the terminal shows is not what was drawn last.
    lost: bool,
}

impl Pen {
    /// For a terminal that shows nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Somebody else has drawn on the terminal: the next frame begins with an empty screen.
    pub fn forget(&mut self) {
        self.lost = true;
    }

    /// Draws the next picture, of so many columns and lines; returns what has to be sent. Nothing, where nothing has changed.
    pub fn draw(&mut self, (width, height): (u16, u16), render: impl FnOnce(&mut Buffer)) -> &[u8] {
        let area = Rect::new(0, 0, width, height);
        self.next.reset();
        self.next.resize(area);
        render(&mut self.next);
        self.bytes.clear();
        self.bytes.extend_from_slice(BEGIN);
        if self.shown.area != area || self.lost {
            // Where nothing was drawn before there is nothing to wipe.
            if self.lost || !self.shown.area.is_empty() {
                self.bytes.extend_from_slice(b"\x1b[m\x1b[2J");
            }
            self.shown.reset();
            self.shown.resize(area);
            self.lost = false;
        }
        let empty = self.bytes.len();
        Stroke { next: &self.next, out: &mut self.bytes, at: None, sure: true, look: Look::default() }.all(&self.shown);
        std::mem::swap(&mut self.shown, &mut self.next);
        if self.bytes.len() == empty && empty == BEGIN.len() {
            return &[];
        }
        self.bytes.extend_from_slice(END);
        &self.bytes
    }
}

/// One frame being written.
struct Stroke<'a> {
    next: &'a Buffer,
    out: &'a mut Vec<u8>,
    /// Where the next letter would stand; none where that is not known.
    at: Option<(u16, u16)>,
    /// Whether a terminal that measures otherwise would be there, too.
    sure: bool,
    /// What the next letter would look like.
    look: Look,
}

impl Stroke<'_> {
    fn all(mut self, shown: &Buffer) {
        let (width, height) = (self.next.area.width, self.next.area.height);
        for y in 0..height {
            let mut x = 0;
            while x < width {
                let cell = &self.next[(x, y)];
                let own = width_of(cell);
                // The right half of a wide letter that is gone: terminals differ in what they leave there.
                let was_covered = x.checked_sub(1).is_some_and(|left| width_of(&shown[(left, y)]) > 1);
                if !was_covered && is_same(&shown[(x, y)], cell) {
                    x += own;
                    continue;
                }
                if is_bare(cell) && end_of(shown, y).saturating_sub(x) > WIPE && end_of(self.next, y) <= x {
                    self.go(x, y);
                    self.become_look(Look::default());
                    self.out.extend_from_slice(b"\x1b[K");
                    break;
                }
                self.go(x, y);
                self.put(cell, own);
                x += own;
            }
        }
        self.become_look(Look::default());
    }

    /// Writes a cell of so many columns where the terminal's cursor is.
    fn put(&mut self, cell: &Cell, own: u16) {
        let look = Look::of(cell);
        if !self.look.passes_for(look, cell.symbol() == " ") {
            self.become_look(look);
        }
        if let Some((x, _)) = self.at.filter(|_| own > 1 && cell.symbol().contains(EMOJI)) {
            // Some terminals find it narrow, and would leave what stood in its second column.
            (0..own).for_each(|_| self.out.push(b' '));
            let _ = write!(self.out, "\x1b[{}G", x + 1);
        }
        self.out.extend_from_slice(cell.symbol().as_bytes());
        self.sure &= is_plain(cell);
        let width = self.next.area.width;
        // Behind a wide letter, and at the end of a line, terminals differ.
        self.at = self.at.map(|(x, y)| (x + own, y)).filter(|(x, _)| own == 1 && *x < width);
    }

    /// Brings the cursor to a cell, in the shortest way that is safe.
    fn go(&mut self, x: u16, y: u16) {
        let from = self.at.replace((x, y));
        if from == Some((x, y)) {
            return;
        }
        let begin = self.out.len();
        // Nothing that is written into memory fails.
        let _ = if x == 0 { write!(self.out, "\x1b[{}H", y + 1) } else { write!(self.out, "\x1b[{};{}H", y + 1, x + 1) };
        let named = self.out.len();
        let Some((column, line)) = from.filter(|(_, line)| *line <= y && y - line <= STEPS) else {
            self.sure = true;
            return;
        };
        // A terminal in raw mode goes down in the same column.
        self.out.extend((line..y).map(|_| b'\n'));
        let counted = self.sure && self.along(column, x, y);
        if !counted {
            let _ = if x == 0 { write!(self.out, "\r") } else { write!(self.out, "\x1b[{}G", x + 1) };
        }
        if self.out.len() - named < named - begin {
            self.out.drain(begin..named);
            // It is where it is found to be by a terminal that was sure of the line only.
            self.sure |= !counted;
        } else {
            self.out.truncate(named);
            self.sure = true;
        }
    }

    /// Goes along a line by steps, where they are few.
    fn along(&mut self, from: u16, to: u16, y: u16) -> bool {
        if to <= from {
            let back = from - to;
            // Not the shorter backspace: of control characters a screen is drawn with as few as can be.
            let _ = match back {
                0 => Ok(()),
                1 => write!(self.out, "\x1b[D"),
                2..10 => write!(self.out, "\x1b[{back}D"),
                _ => return false,
            };
            return true;
        }
        if to - from > STEPS {
            return false;
        }
        let next = self.next;
        let cells = next.content.get(next.index_of(from, y)..next.index_of(to, y)).unwrap_or_default();
        let fits = |cell: &Cell| is_plain(cell) && self.look.passes_for(Look::of(cell), cell.symbol() == " ");
        if !cells.iter().all(fits) {
            return false;
        }
        for cell in cells {
            self.out.extend_from_slice(cell.symbol().as_bytes());
        }
        true
    }

    fn become_look(&mut self, look: Look) {
        self.look.become_into(look, self.out);
        self.look = look;
    }
}

/// Whether every terminal finds it one column wide.
fn is_plain(cell: &Cell) -> bool {
    cell.symbol().len() == 1
}

/// Whether it looks like a cell of an empty screen.
fn is_bare(cell: &Cell) -> bool {
    cell.symbol() == " " && Look::of(cell).is_bare_on_blank()
}

/// Whether nobody could see the difference between two cells in one place.
fn is_same(before: &Cell, now: &Cell) -> bool {
    before.symbol() == now.symbol() && Look::of(before).passes_for(Look::of(now), now.symbol() == " ")
}

/// The columns that a cell takes.
fn width_of(cell: &Cell) -> u16 {
    if is_plain(cell) { 1 } else { cell.cell_width().max(1) }
}

/// The column behind the last cell of a line that does not look like an empty screen's.
fn end_of(buffer: &Buffer, y: u16) -> u16 {
    (0..buffer.area.width).rev().find(|x| !is_bare(&buffer[(*x, y)])).map_or(0, |x| x + 1)
}

#[cfg(test)]
mod tests;
