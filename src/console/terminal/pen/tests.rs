//! Whatever was drawn before, a terminal that is sent the bytes shows the picture.

use std::num::NonZeroU16;

use proptest::collection::vec;
use proptest::prelude::*;
use ratatui::style::{Color, Modifier, Style};

use super::*;

/// A terminal, and the pen that draws on it.
struct Stage {
    pen: Pen,
    terminal: vt100::Parser,
    size: (u16, u16),
}

impl Stage {
    fn of(size: (u16, u16)) -> Self {
        Self { pen: Pen::new(), terminal: vt100::Parser::new(cells(size.1), cells(size.0), 0), size }
    }

    /// Draws a picture, sees that the terminal shows it, and returns the bytes.
    fn draw(&mut self, texts: &[Text]) -> Vec<u8> {
        let (width, height) = self.size;
        let draw = |buffer: &mut Buffer| {
            for (x, y, text, style) in texts.iter().filter(|(x, y, ..)| *x < width && *y < height) {
                buffer.set_stringn(*x, *y, text, 40, *style);
            }
        };
        let mut picture = Buffer::empty(Rect::new(0, 0, width, height));
        draw(&mut picture);
        let bytes = self.pen.draw(self.size, draw).to_vec();
        self.terminal.process(&bytes);
        self.shows(&picture);
        bytes
    }

    fn shows(&self, picture: &Buffer) {
        let mut covered = false;
        for y in 0..self.size.1 {
            for x in 0..self.size.0 {
                let (wanted, found) = (&picture[(x, y)], self.terminal.screen().cell(y, x).expect("a cell"));
                if std::mem::replace(&mut covered, wanted.cell_width() > 1) {
                    continue;
                }
                let shown = if found.has_contents() { found.contents() } else { " " };
                assert_eq!(shown, wanted.symbol(), "at {x}, {y} of {picture:?}");
                let look = Look { fg: colour(found.fgcolor()), bg: colour(found.bgcolor()), modifier: modifier(found) };
                assert!(look.passes_for(Look::of(wanted), shown == " "), "at {x}, {y}: {look:?} for {wanted:?}");
            }
        }
    }
}

fn cells(count: u16) -> NonZeroU16 {
    NonZeroU16::new(count).expect("some")
}

fn colour(colour: vt100::Color) -> Color {
    match colour {
        vt100::Color::Default => Color::Reset,
        vt100::Color::Idx(1) => Color::Red,
        vt100::Color::Idx(place) => Color::Indexed(place),
        vt100::Color::Rgb(red, green, blue) => Color::Rgb(red, green, blue),
    }
}

fn modifier(cell: &vt100::Cell) -> Modifier {
    let all = [
        (cell.bold(), Modifier::BOLD),
        (cell.dim(), Modifier::DIM),
        (cell.italic(), Modifier::ITALIC),
        (cell.underline(), Modifier::UNDERLINED),
        (cell.inverse(), Modifier::REVERSED),
    ];
    all.into_iter().filter(|(on, _)| *on).fold(Modifier::empty(), |all, (_, one)| all | one)
}

/// Text somewhere, and how it looks.
type Text = (u16, u16, String, Style);

fn style() -> impl Strategy<Value = Style> {
    let colour =
        || prop_oneof![4 => Just(Color::Reset), 1 => Just(Color::Red), 1 => Just(Color::Indexed(200)), 1 => Just(Color::Rgb(1, 20, 255))];
    let modifier = prop_oneof![
        4 => Just(Modifier::empty()),
        1 => Just(Modifier::BOLD),
        1 => Just(Modifier::DIM),
        1 => Just(Modifier::BOLD | Modifier::UNDERLINED),
        1 => Just(Modifier::REVERSED),
        1 => Just(Modifier::ITALIC),
    ];
    (colour(), colour(), modifier).prop_map(|(fg, bg, modifier)| Style::reset().fg(fg).bg(bg).add_modifier(modifier))
}

fn picture(letters: &'static str) -> impl Strategy<Value = Vec<Text>> {
    vec((0_u16..20, 0_u16..6, letters, style()), 0..12)
}

/// What a frame sends, without the marks around it.
fn between_marks(bytes: &[u8]) -> String {
    let inner = bytes.strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(END)).expect("the marks of a frame");
    String::from_utf8_lossy(inner).into_owned()
}

proptest! {
    #[test]
    fn every_picture_after_every_other(pictures in vec(picture("[ab .]{1,24}"), 1..6)) {
        let mut stage = Stage::of((20, 6));
        for texts in pictures {
            stage.draw(&texts);
            prop_assert_eq!(stage.draw(&texts), b"", "and nothing is sent for the same again");
        }
    }

    #[test]
    fn wide_letters_and_strange_ones(pictures in vec(picture("[a 田美é…↑⌨\u{fe0f}]{1,24}"), 1..6)) {
        let mut stage = Stage::of((20, 6));
        for texts in pictures {
            drop(stage.draw(&texts));
        }
    }
}

fn at(x: u16, y: u16, text: &str) -> Text {
    (x, y, text.to_owned(), Style::new())
}

#[test]
fn near_places_are_reached_by_steps_and_far_ones_by_their_number() {
    let mut stage = Stage::of((40, 6));
    stage.draw(&[at(10, 1, "1"), at(10, 2, "2"), at(10, 3, "3"), at(30, 3, "x"), at(0, 4, "a")]);
    let bytes = stage.draw(&[at(10, 1, "2"), at(10, 2, "3"), at(10, 3, "4"), at(30, 3, "y"), at(0, 4, "b")]);
    assert_eq!(between_marks(&bytes), "\x1b[2;11H2\n\x1b[D3\n\x1b[D4\x1b[31Gy\n\rb");
    // Behind a letter that a terminal may find wider, a place has a number.
    let bytes = stage.draw(&[at(10, 1, "→"), at(12, 1, "n"), at(10, 2, "3"), at(10, 3, "4"), at(30, 3, "y"), at(0, 4, "b")]);
    assert_eq!(between_marks(&bytes), "\x1b[2;11H→\x1b[13Gn");
}

#[test]
fn what_somebody_else_drew_and_another_size_begin_with_an_empty_screen() {
    let mut stage = Stage::of((20, 6));
    stage.draw(&[at(1, 1, "Ada")]);
    stage.terminal.process(b"\x1b[41mrubbish");
    stage.pen.forget();
    assert_eq!(between_marks(&stage.draw(&[at(1, 1, "Ada")])), "\x1b[m\x1b[2J\x1b[2;2HAda");
    stage.size = (10, 3);
    stage.terminal.screen_mut().set_size(cells(3), cells(10));
    assert_eq!(between_marks(&stage.draw(&[at(1, 1, "Ada")])), "\x1b[m\x1b[2J\x1b[2;2HAda");
    stage.pen.forget();
    assert_eq!(between_marks(&stage.draw(&[])), "\x1b[m\x1b[2J", "an empty picture, too");
}
