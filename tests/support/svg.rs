//! Draws a terminal's screen as an SVG: text as text, lines and blocks as shapes, so that no font can tear them.

use std::fmt::Write as _;

use vt100::{Cell, Color, Screen};

/// A cell's size, the font's, and the frame's, in the picture's units.
const CELL: (f64, f64) = (8.4, 18.0);
const FONT_SIZE: f64 = 14.0;
/// From a cell's top to the line that letters stand on.
const BASELINE: f64 = 13.5;
const MARGIN: f64 = 18.0;

const FONTS: &str = "ui-monospace,'SF Mono','Cascadia Mono',Menlo,Consolas,'DejaVu Sans Mono','Liberation Mono',monospace";

const BACKGROUND: Rgb = Rgb(0x14, 0x18, 0x20);
const FOREGROUND: Rgb = Rgb(0xd3, 0xd9, 0xe3);
const BORDER: Rgb = Rgb(0x2c, 0x34, 0x42);

/// The sixteen named colours, calm enough for a page of text.
const NAMED: [Rgb; 16] = [
    Rgb(0x26, 0x2c, 0x38),
    Rgb(0xe0, 0x6c, 0x75),
    Rgb(0x8c, 0xc2, 0x7a),
    Rgb(0xd9, 0xb3, 0x6c),
    Rgb(0x6a, 0xa5, 0xe8),
    Rgb(0xb9, 0x8a, 0xd9),
    Rgb(0x5f, 0xb8, 0xc4),
    Rgb(0xb8, 0xc0, 0xcc),
    Rgb(0x63, 0x6d, 0x7e),
    Rgb(0xf0, 0x8a, 0x92),
    Rgb(0xa8, 0xd8, 0x98),
    Rgb(0xec, 0xcb, 0x8c),
    Rgb(0x8c, 0xbd, 0xf5),
    Rgb(0xcf, 0xa8, 0xea),
    Rgb(0x82, 0xd0, 0xda),
    Rgb(0xf0, 0xf3, 0xf7),
];

#[derive(Clone, Copy, PartialEq, Eq)]
struct Rgb(u8, u8, u8);

impl Rgb {
    /// This colour, half way on to another.
    fn towards(self, other: Self) -> Self {
        let middle = |a: u8, b: u8| u8::midpoint(a, b);
        Self(middle(self.0, other.0), middle(self.1, other.1), middle(self.2, other.2))
    }
}

impl std::fmt::Display for Rgb {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }
}

/// How a cell looks once reverse and dim are worked out.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Look {
    ink: Rgb,
    paper: Rgb,
    bold: bool,
    italic: bool,
    underline: bool,
}

impl Look {
    fn of(cell: &Cell) -> Self {
        let (mut ink, mut paper) = (colour(cell.fgcolor(), FOREGROUND), colour(cell.bgcolor(), BACKGROUND));
        if cell.inverse() {
            std::mem::swap(&mut ink, &mut paper);
        }
        if cell.dim() {
            ink = ink.towards(paper);
        }
        Self { ink, paper, bold: cell.bold(), italic: cell.italic(), underline: cell.underline() }
    }
}

fn colour(colour: Color, default: Rgb) -> Rgb {
    match colour {
        Color::Default => default,
        Color::Rgb(red, green, blue) => Rgb(red, green, blue),
        Color::Idx(index @ 0..16) => NAMED[usize::from(index)],
        Color::Idx(index @ 16..232) => {
            let level = |n: u8| if n == 0 { 0 } else { 55 + 40 * n };
            let cube = index - 16;
            Rgb(level(cube / 36), level(cube / 6 % 6), level(cube % 6))
        }
        Color::Idx(index) => {
            let grey = 8 + 10 * (index - 232);
            Rgb(grey, grey, grey)
        }
    }
}

/// The whole picture. `title` is for those who have it read aloud.
pub(crate) fn draw(screen: &Screen, title: &str) -> String {
    let (rows, columns) = (screen.size().0.get(), screen.size().1.get());
    let width = 2.0 * MARGIN + f64::from(columns) * CELL.0;
    let height = 2.0 * MARGIN + f64::from(rows) * CELL.1;
    let mut svg = String::new();
    let _ = write!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\">\n\
         <title>{}</title>\n\
         <rect x=\"0.5\" y=\"0.5\" width=\"{}\" height=\"{}\" rx=\"10\" fill=\"{BACKGROUND}\" stroke=\"{BORDER}\"/>\n\
         <g font-family=\"{FONTS}\" font-size=\"{FONT_SIZE}\" fill=\"{FOREGROUND}\">\n",
        escape(title.trim()),
        width - 1.0,
        height - 1.0,
    );
    for row in 0..rows {
        let cells: Vec<&Cell> = (0..columns).filter_map(|column| screen.cell(row, column)).collect();
        papers(&mut svg, row, &cells);
        inks(&mut svg, row, &cells);
    }
    svg.push_str("</g>\n</svg>\n");
    svg
}

fn left(column: usize) -> f64 {
    MARGIN + column as f64 * CELL.0
}

fn top(row: u16) -> f64 {
    MARGIN + f64::from(row) * CELL.1
}

/// The cells' backgrounds, neighbours of one colour as one.
fn papers(svg: &mut String, row: u16, cells: &[&Cell]) {
    let mut column = 0;
    while column < cells.len() {
        let paper = Look::of(cells[column]).paper;
        let length = cells[column..].iter().take_while(|cell| Look::of(cell).paper == paper).count();
        if paper != BACKGROUND {
            let (x, y, width) = (left(column), top(row), length as f64 * CELL.0);
            let _ = writeln!(svg, "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{:.1}\" fill=\"{paper}\"/>", CELL.1);
        }
        column += length;
    }
}

/// The cells' contents: words as text, each begun at its column, lines and blocks as shapes.
fn inks(svg: &mut String, row: u16, cells: &[&Cell]) {
    let mut column = 0;
    while column < cells.len() {
        let cell = cells[column];
        let look = Look::of(cell);
        let text = cell.contents();
        if let Some(shape) = text.chars().next().and_then(shape) {
            let _ = writeln!(svg, "{}", shape.at(left(column), top(row), look.ink));
            column += 1;
        } else if text.trim().is_empty() && !look.underline {
            column += 1;
        } else if cell.is_wide() {
            word(svg, row, column, text, 2, look);
            column += 2;
        } else {
            let plain = |cell: &&&Cell| {
                let text = cell.contents();
                let empty = text.trim().is_empty() && !look.underline;
                Look::of(cell) == look && !empty && !cell.is_wide() && text.chars().next().and_then(shape).is_none()
            };
            let length = cells[column..].iter().take_while(plain).count().max(1);
            let text: String =
                cells[column..column + length].iter().map(|cell| if cell.has_contents() { cell.contents() } else { " " }).collect();
            word(svg, row, column, &text, length, look);
            column += length;
        }
    }
}

fn word(svg: &mut String, row: u16, column: usize, text: &str, cells: usize, look: Look) {
    let mut style = String::new();
    if look.ink != FOREGROUND {
        let _ = write!(style, " fill=\"{}\"", look.ink);
    }
    for (on, attribute) in [
        (look.bold, " font-weight=\"700\""),
        (look.italic, " font-style=\"italic\""),
        (look.underline, " text-decoration=\"underline\" xml:space=\"preserve\""),
        // A single letter has no spacing that could be stretched.
        (cells > 1, &format!(" textLength=\"{:.1}\"", cells as f64 * CELL.0)),
    ] {
        style.push_str(if on { attribute } else { "" });
    }
    let _ = writeln!(svg, "<text x=\"{:.1}\" y=\"{:.1}\"{style}>{}</text>", left(column), top(row) + BASELINE, escape(text));
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// What a line or block character looks like in its cell.
enum Shape {
    /// Arms from the middle to the edges: left, right, up, down; each 0 (none), 1 (light) or 2 (heavy).
    Arms([u8; 4]),
    /// A quarter circle that joins two arms.
    Bend([u8; 4]),
    /// A filled part of the cell: left, top, right, bottom, in eighths.
    Block(u8, u8, u8, u8),
}

fn shape(c: char) -> Option<Shape> {
    Some(match c {
        '─' | '╌' | '┄' | '┈' => Shape::Arms([1, 1, 0, 0]),
        '│' | '╎' | '┆' | '┊' => Shape::Arms([0, 0, 1, 1]),
        '━' => Shape::Arms([2, 2, 0, 0]),
        '┃' => Shape::Arms([0, 0, 2, 2]),
        '┌' => Shape::Arms([0, 1, 0, 1]),
        '┐' => Shape::Arms([1, 0, 0, 1]),
        '└' => Shape::Arms([0, 1, 1, 0]),
        '┘' => Shape::Arms([1, 0, 1, 0]),
        '├' => Shape::Arms([0, 1, 1, 1]),
        '┤' => Shape::Arms([1, 0, 1, 1]),
        '┬' => Shape::Arms([1, 1, 0, 1]),
        '┴' => Shape::Arms([1, 1, 1, 0]),
        '┼' => Shape::Arms([1, 1, 1, 1]),
        '╭' => Shape::Bend([0, 1, 0, 1]),
        '╮' => Shape::Bend([1, 0, 0, 1]),
        '╰' => Shape::Bend([0, 1, 1, 0]),
        '╯' => Shape::Bend([1, 0, 1, 0]),
        '▀' => Shape::Block(0, 0, 8, 4),
        '▐' => Shape::Block(4, 0, 8, 8),
        '▔' => Shape::Block(0, 0, 8, 1),
        '▕' => Shape::Block(7, 0, 8, 8),
        // From the bottom up, one eighth to the full block; then from the left, seven eighths down to one.
        '\u{2581}'..='\u{2588}' => Shape::Block(0, (0x2588 - u32::from(c)) as u8, 8, 8),
        '\u{2589}'..='\u{258f}' => Shape::Block(0, 0, (0x2590 - u32::from(c)) as u8, 8),
        _ => return None,
    })
}

impl Shape {
    fn at(&self, x: f64, y: f64, ink: Rgb) -> String {
        let (right, bottom) = (x + CELL.0, y + CELL.1);
        let (middle_x, middle_y) = (x + CELL.0 / 2.0, y + CELL.1 / 2.0);
        match self {
            Self::Arms(arms) => {
                let ends = [(x, middle_y), (right, middle_y), (middle_x, y), (middle_x, bottom)];
                let mut path = String::new();
                for (_, (end_x, end_y)) in arms.iter().zip(ends).filter(|(arm, _)| **arm > 0) {
                    let _ = write!(path, "M{middle_x:.1} {middle_y:.1}L{end_x:.1} {end_y:.1}");
                }
                let width = if arms.contains(&2) { 2.4 } else { 1.2 };
                format!("<path d=\"{path}\" stroke=\"{ink}\" stroke-width=\"{width}\" stroke-linecap=\"square\" fill=\"none\"/>")
            }
            Self::Bend(arms) => {
                let across = if arms[0] > 0 { x } else { right };
                let along = if arms[2] > 0 { y } else { bottom };
                let path = format!("M{across:.1} {middle_y:.1}Q{middle_x:.1} {middle_y:.1} {middle_x:.1} {along:.1}");
                format!("<path d=\"{path}\" stroke=\"{ink}\" stroke-width=\"1.2\" fill=\"none\"/>")
            }
            Self::Block(from_x, from_y, to_x, to_y) => {
                let (left, top) = (x + CELL.0 * f64::from(*from_x) / 8.0, y + CELL.1 * f64::from(*from_y) / 8.0);
                let (width, height) = (CELL.0 * f64::from(to_x - from_x) / 8.0, CELL.1 * f64::from(to_y - from_y) / 8.0);
                format!("<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" fill=\"{ink}\"/>")
            }
        }
    }
}
