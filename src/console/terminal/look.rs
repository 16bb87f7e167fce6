//! How a cell looks, and the fewest bytes that bring a terminal from one look to another.

use std::io::Write as _;

use ratatui::buffer::Cell;
use ratatui::style::{Color, Modifier};

/// What can be seen where no letter stands.
const SEEN_ON_BLANK: Modifier =
    Modifier::REVERSED.union(Modifier::UNDERLINED).union(Modifier::SLOW_BLINK).union(Modifier::RAPID_BLINK).union(Modifier::CROSSED_OUT);

/// Each modifier, what turns it on and what turns it off. One code ends both bold and dim.
const MODIFIERS: [(Modifier, u8, u8); 9] = [
    (Modifier::BOLD, 1, 22),
    (Modifier::DIM, 2, 22),
    (Modifier::ITALIC, 3, 23),
    (Modifier::UNDERLINED, 4, 24),
    (Modifier::SLOW_BLINK, 5, 25),
    (Modifier::RAPID_BLINK, 6, 25),
    (Modifier::REVERSED, 7, 27),
    (Modifier::HIDDEN, 8, 28),
    (Modifier::CROSSED_OUT, 9, 29),
];

/// Colours and modifiers of a cell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Look {
    pub(super) fg: Color,
    pub(super) bg: Color,
    pub(super) modifier: Modifier,
}

impl Look {
    pub(super) fn of(cell: &Cell) -> Self {
        Self { fg: cell.fg, bg: cell.bg, modifier: cell.modifier }
    }

    /// The same, as far as it is seen where no letter stands.
    fn on_blank(self) -> Self {
        // A line has the letters' colour, and a cell that is turned over is filled with it.
        if self.modifier.intersects(SEEN_ON_BLANK) { self } else { Self { bg: self.bg, ..Self::default() } }
    }

    /// Whether a cell that looks like this cannot be told from one that looks like the other.
    pub(super) fn passes_for(self, other: Self, blank: bool) -> bool {
        self == other || (blank && self.on_blank() == other.on_blank())
    }

    /// Whether it can be seen where no letter stands.
    pub(super) fn is_bare_on_blank(self) -> bool {
        self.on_blank() == Self::default()
    }

    /// Writes what changes this look into another.
    pub(super) fn become_into(self, other: Self, out: &mut Vec<u8>) {
        if self == other {
            return;
        }
        if other == Self::default() {
            out.extend_from_slice(b"\x1b[m");
            return;
        }
        let begin = out.len();
        self.step_into(other, out);
        let middle = out.len();
        // From nothing at all: often shorter than to take back what was there.
        out.extend_from_slice(b"\x1b[;");
        Self::default().codes_into(other, out);
        if out.len() - middle < middle - begin {
            out.drain(begin..middle);
        } else {
            out.truncate(middle);
        }
        // The last separator gives its place to the end of the sequence.
        if let Some(last) = out.last_mut() {
            *last = b'm';
        }
    }

    fn step_into(self, other: Self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"\x1b[");
        self.codes_into(other, out);
    }

    /// The codes, a separator behind each.
    fn codes_into(self, other: Self, out: &mut Vec<u8>) {
        let mut on = other.modifier - self.modifier;
        let mut off = 0;
        for (modifier, _, end) in MODIFIERS {
            if (self.modifier - other.modifier).contains(modifier) && off != end {
                off = end;
                // The same code ends its neighbour, which may have to stay.
                MODIFIERS.iter().filter(|(_, _, other)| *other == end).for_each(|(neighbour, ..)| on |= other.modifier & *neighbour);
                code(out, end);
            }
        }
        for (_, begin, _) in MODIFIERS.iter().filter(|(modifier, ..)| on.contains(*modifier)) {
            code(out, *begin);
        }
        for (own, wanted, plain, kind) in [(self.fg, other.fg, 39, 38), (self.bg, other.bg, 49, 48)] {
            if own != wanted {
                colour(out, wanted, plain, kind);
            }
        }
    }
}

/// A colour. Those of the sixteen are written by their place in the table of 256: written the short way, some terminals
/// take another, brighter one where the text is bold.
fn colour(out: &mut Vec<u8>, colour: Color, plain: u8, kind: u8) {
    let place = match colour {
        Color::Reset => return code(out, plain),
        Color::Rgb(red, green, blue) => {
            for part in [kind, 2, red, green, blue] {
                code(out, part);
            }
            return;
        }
        Color::Indexed(place) => place,
        Color::Black => 0,
        Color::Red => 1,
        Color::Green => 2,
        Color::Yellow => 3,
        Color::Blue => 4,
        Color::Magenta => 5,
        Color::Cyan => 6,
        Color::Gray => 7,
        Color::DarkGray => 8,
        Color::LightRed => 9,
        Color::LightGreen => 10,
        Color::LightYellow => 11,
        Color::LightBlue => 12,
        Color::LightMagenta => 13,
        Color::LightCyan => 14,
        Color::White => 15,
    };
    for part in [kind, 5, place] {
        code(out, part);
    }
}

fn code(out: &mut Vec<u8>, code: u8) {
    // Nothing that is written into memory fails.
    let _ = write!(out, "{code};");
}
