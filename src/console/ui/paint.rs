//! Putting text on the screen: cut to its place, and swept once more when all is drawn.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use super::theme::Theme;
use crate::console::app::layout::Area;
use crate::text;

/// The screen being drawn, and how things look on it.
pub(super) struct Paint<'a> {
    pub(super) buffer: &'a mut Buffer,
    pub(super) theme: &'a Theme,
}

impl Paint<'_> {
    /// Writes text into at most `width` columns; returns the columns it took.
    pub(super) fn text(&mut self, x: u16, y: u16, width: u16, content: &str, style: Style) -> u16 {
        let area = self.buffer.area;
        if width == 0 || x >= area.right() || y >= area.bottom() {
            return 0;
        }
        let width = width.min(area.right() - x);
        if content.len() <= usize::from(width) && text::is_plain(content) {
            return self.plain_text(x, y, content, style);
        }
        let content = text::cut(content, usize::from(width), self.theme.glyphs.ellipsis);
        let plain = match text::plain_letters(&content) {
            all if all == content.len() => all,
            // A mark may follow the last of them.
            some => some.saturating_sub(1),
        };
        let used = self.plain_text(x, y, &content[..plain], style);
        if plain == content.len() {
            return used;
        }
        let (end, _) = self.buffer.set_stringn(x + used, y, &content[plain..], usize::from(width - used), style);
        end - x
    }

    /// Writes text of which each byte is a letter of one column: most of what is on the screen, so it is not taken apart.
    fn plain_text(&mut self, x: u16, y: u16, content: &str, style: Style) -> u16 {
        let start = self.buffer.index_of(x, y);
        let cells = &mut self.buffer.content[start..start + content.len()];
        for (cell, byte) in cells.iter_mut().zip(content.bytes()) {
            cell.set_char(char::from(byte));
        }
        if style != Style::new() {
            for cell in cells {
                cell.set_style(style);
            }
        }
        content.len() as u16
    }

    /// Writes pieces one after the other into at most `width` columns.
    pub(super) fn pieces(&mut self, x: u16, y: u16, width: u16, pieces: &[(&str, Style)]) -> u16 {
        let mut used = 0;
        for (content, style) in pieces {
            used += self.text(x + used, y, width.saturating_sub(used), content, *style);
        }
        used
    }

    /// Lays a style over a part of the screen.
    pub(super) fn style(&mut self, area: Area, style: Style) {
        if style == Style::new() {
            return;
        }
        self.buffer.set_style(rect(area).intersection(self.buffer.area), style);
    }

    /// A line across.
    pub(super) fn rule(&mut self, area: Area, title: &str) {
        let (dim, horizontal) = (self.theme.dim, self.theme.glyphs.horizontal);
        if area.height > 1 {
            let vertical = self.theme.glyphs.vertical;
            (area.y..area.y + area.height).for_each(|y| _ = self.text(area.x, y, 1, vertical, dim));
            return;
        }
        self.text(area.x, area.y, area.width, &horizontal.repeat(usize::from(area.width)), dim);
        if !title.is_empty() {
            // The line under it is dim, and a cell that is dim and bold at once looks as its terminal likes.
            let heading = self.theme.heading.remove_modifier(Modifier::DIM);
            self.text(area.x + 2, area.y, area.width.saturating_sub(2), &format!(" {title} "), heading);
        }
    }

    /// An empty box in the middle of the screen, no larger than it; returns its inside.
    pub(super) fn dialog(&mut self, width: u16, height: u16, title: &str) -> Area {
        let screen = self.buffer.area;
        let (width, height) = ((width + 4).min(screen.width), (height + 2).min(screen.height));
        let area = Area { x: (screen.width - width) / 2, y: (screen.height - height) / 2, width, height };
        for y in area.y..area.y + height {
            // A wide letter that reaches into the box would take the border with it.
            let beside = area.x.checked_sub(1).and_then(|x| self.buffer.cell_mut((x, y)));
            if let Some(cell) = beside.filter(|cell| text::width(cell.symbol()) > 1) {
                cell.set_symbol(" ");
            }
            for x in area.x..area.x + width {
                if let Some(cell) = self.buffer.cell_mut((x, y)) {
                    cell.reset();
                }
            }
        }
        let glyphs = self.theme.glyphs;
        let style = self.theme.accent;
        let line = glyphs.horizontal.repeat(usize::from(width.saturating_sub(2)));
        let [a, b, c, d] = glyphs.corners;
        self.text(area.x, area.y, width, &format!("{a}{line}{b}"), style);
        self.text(area.x, area.y + height.saturating_sub(1), width, &format!("{c}{line}{d}"), style);
        for y in area.y + 1..area.y + height.saturating_sub(1) {
            self.text(area.x, y, 1, glyphs.vertical, style);
            self.text(area.x + width.saturating_sub(1), y, 1, glyphs.vertical, style);
        }
        self.text(area.x + 2, area.y, width.saturating_sub(4), &format!(" {title} "), self.theme.heading);
        Area { x: area.x + 2, y: area.y + 1, width: width.saturating_sub(4), height: height.saturating_sub(2) }
    }

    /// Turns fore- and background of the whole screen over: what is reversed already is drawn plain.
    pub(super) fn turn_over(&mut self) {
        for cell in &mut self.buffer.content {
            cell.modifier.toggle(Modifier::REVERSED);
        }
    }

    /// The last line of defence: no cell may hold anything but what draws something.
    ///
    /// Text is cleaned at the door; this finds what came another way, such as a name from a file.
    pub(super) fn sweep(&mut self) {
        for cell in &mut self.buffer.content {
            let symbol = cell.symbol();
            let sound = symbol.len() == 1 && !symbol.as_bytes()[0].is_ascii_control();
            if !sound && !text::is_letter(symbol) {
                cell.set_symbol(" ");
            }
        }
    }
}

/// An area as ratatui names it.
pub(super) fn rect(area: Area) -> Rect {
    Rect { x: area.x, y: area.y, width: area.width, height: area.height }
}
