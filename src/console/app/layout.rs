//! Where things are on the screen: worked out once, used by drawing, scrolling and the mouse alike.

/// The smallest screen that is drawn; below it the console only says so.
pub const SMALLEST: (u16, u16) = (40, 10);

/// From this many columns the events pane is open by itself.
pub const EVENTS_FROM: u16 = 100;

/// From this many columns the panes stand beside the table, below that under it.
const SIDE_FROM: u16 = 124;

/// A part of the screen, in columns and lines from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Area {
    /// The first column.
    pub x: u16,
    /// The first line.
    pub y: u16,
    /// Columns.
    pub width: u16,
    /// Lines.
    pub height: u16,
}

impl Area {
    /// Whether a place is in it.
    #[must_use]
    pub fn holds(self, x: u16, y: u16) -> bool {
        (self.x..self.x + self.width).contains(&x) && (self.y..self.y + self.height).contains(&y)
    }
}

/// The parts of one screen. Parts that are not shown have no lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// The conferences.
    pub tabs: Area,
    /// Listener, last callback, provider.
    pub health: Area,
    /// What must not be overlooked.
    pub banner: Area,
    /// The table's column names.
    pub heading: Area,
    /// The table's rows.
    pub rows: Area,
    /// The line between table and panes.
    pub rule: Area,
    /// The line between two panes beside the table.
    pub split: Area,
    /// The detail pane.
    pub detail: Area,
    /// The events pane.
    pub events: Area,
    /// The latest notice.
    pub status: Area,
    /// The keys that work now.
    pub footer: Area,
}

impl Layout {
    /// The layout of a screen of a size, with a banner and with panes or without.
    #[must_use]
    pub fn new((width, height): (u16, u16), banner: bool, detail: bool, events: bool) -> Self {
        let mut layout = Self::default();
        if width < SMALLEST.0 || height < SMALLEST.1 {
            return layout;
        }
        let line = |y: u16| Area { x: 0, y, width, height: 1 };
        layout.tabs = line(0);
        layout.health = line(1);
        let mut top = 2;
        if banner {
            layout.banner = line(top);
            top += 1;
        }
        layout.status = line(height - 2);
        layout.footer = line(height - 1);
        let bottom = height - 2;
        let body = Area { x: 0, y: top, width, height: bottom - top };
        let table = if !detail && !events {
            body
        } else if width >= SIDE_FROM {
            layout.beside(body, detail, events)
        } else {
            layout.below(body, detail, events)
        };
        layout.heading = Area { height: 1, ..table };
        layout.rows = Area { y: table.y + 1, height: table.height - 1, ..table };
        layout
    }

    /// Panes to the right of the table; returns the table's part.
    fn beside(&mut self, body: Area, detail: bool, events: bool) -> Area {
        let side = (body.width * 3 / 10).clamp(42, 64);
        let table = Area { width: body.width - side - 1, ..body };
        self.rule = Area { x: table.width, width: 1, ..body };
        let pane = Area { x: table.width + 1, width: side, ..body };
        let upper = match (detail, events) {
            (true, true) => (pane.height * 2 / 3).max(12).min(pane.height - 1),
            (true, false) => pane.height,
            _ => 0,
        };
        self.detail = Area { height: upper, ..pane };
        let line = u16::from(detail && events);
        self.split = Area { y: pane.y + upper, height: line, ..pane };
        self.events = Area { y: pane.y + upper + line, height: pane.height - upper - line, ..pane };
        table
    }

    /// Panes under the table, side by side; returns the table's part.
    fn below(&mut self, body: Area, detail: bool, events: bool) -> Area {
        // The table keeps its heading and four rows before a pane gets anything.
        let wanted = if detail { (body.height / 2).min(18) } else { (body.height * 2 / 5).min(12) };
        let pane = wanted.min(body.height.saturating_sub(5));
        if pane < 3 {
            return body;
        }
        let table = Area { height: body.height - pane, ..body };
        let y = table.y + table.height;
        self.rule = Area { y, height: 1, ..body };
        let (y, height) = (y + 1, pane - 1);
        // Two panes under a narrow table would both be too narrow to read.
        let both = detail && events && body.width >= EVENTS_FROM;
        let left = if both { body.width / 2 } else { body.width };
        if detail {
            self.detail = Area { x: 0, y, width: left, height };
        }
        if both {
            self.events = Area { x: left, y, width: body.width - left, height };
        } else if !detail {
            self.events = Area { x: 0, y, width: body.width, height };
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_never_overlap_nor_leave_the_screen() {
        let widths = [0, 1, 39, 40, 41, 79, 80, 99, 100, 101, 123, 124, 125, 140, 200];
        for width in widths {
            for height in (0..=45).chain([60]) {
                for flags in 0..8 {
                    let layout = Layout::new((width, height), flags & 1 > 0, flags & 2 > 0, flags & 4 > 0);
                    let parts = [
                        layout.tabs,
                        layout.health,
                        layout.banner,
                        layout.heading,
                        layout.rows,
                        layout.rule,
                        layout.split,
                        layout.detail,
                        layout.events,
                        layout.status,
                        layout.footer,
                    ];
                    let mut taken = vec![false; usize::from(width) * usize::from(height)];
                    for part in parts {
                        assert!(
                            part.height == 0 || part.x + part.width <= width && part.y + part.height <= height,
                            "{width}x{height} {part:?}"
                        );
                        for (x, y) in (part.y..part.y + part.height).flat_map(|y| (part.x..part.x + part.width).map(move |x| (x, y))) {
                            let place = &mut taken[usize::from(y) * usize::from(width) + usize::from(x)];
                            assert!(!*place, "{width}x{height}: two parts at {x},{y}");
                            *place = true;
                        }
                    }
                    if width >= 40 && height >= 10 {
                        assert!(layout.rows.height >= 4, "{width}x{height}: room for rows");
                    }
                }
            }
        }
    }

    #[test]
    fn at_the_common_sizes_the_table_has_its_eighty_columns() {
        assert_eq!(Layout::new((80, 24), false, false, false).rows, Area { x: 0, y: 3, width: 80, height: 19 });
        let wide = Layout::new((140, 40), false, false, true);
        assert!(wide.rows.width >= 80 && wide.events.width >= 42 && wide.events.height == 36);
    }
}
