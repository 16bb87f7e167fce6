//! Where things are on the screen: worked out once, used by drawing, scrolling and the mouse alike.

/// The smallest screen that is drawn; below it the console only says so.
pub const SMALLEST: (u16, u16) = (40, 10);

/// From this many columns the events pane is open by itself.
pub const EVENTS_FROM: u16 = 100;

/// From this many columns the panes stand beside the table, below that under it.
pub(super) const SIDE_FROM: u16 = 124;

/// Lines of the queue of hands beside the table, its title included: fixed, so that hands that go up and down
/// move nothing else.
const QUEUE: u16 = 9;

/// What is to be shown besides the table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Lines of banners: 0 to 2.
    pub banners: u16,
    /// The raised hands.
    pub queue: bool,
    /// Everything known of one caller.
    pub detail: bool,
    /// What happened.
    pub events: bool,
}

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
    /// What must not be overlooked; one line each.
    pub banner: Area,
    /// The table's column names.
    pub heading: Area,
    /// The table's rows.
    pub rows: Area,
    /// The line between table and panes.
    pub rule: Area,
    /// The line above the events, where another pane stands above them beside the table.
    pub split: Area,
    /// The line above the raised hands, where they stand beside the table.
    pub queue_title: Area,
    /// The raised hands.
    pub queue: Area,
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
    /// The layout of a screen of a size. What has no room is left out.
    #[must_use]
    pub fn new((width, height): (u16, u16), wanted: Wanted) -> Self {
        let mut layout = Self::default();
        if width < SMALLEST.0 || height < SMALLEST.1 {
            return layout;
        }
        let line = |y: u16| Area { x: 0, y, width, height: 1 };
        layout.tabs = line(0);
        layout.health = line(1);
        // The table keeps its heading and four rows.
        layout.banner = Area { height: wanted.banners.min(height - 9), ..line(2) };
        let top = 2 + layout.banner.height;
        layout.status = line(height - 2);
        layout.footer = line(height - 1);
        let bottom = height - 2;
        let body = Area { x: 0, y: top, width, height: bottom - top };
        let table = if !wanted.queue && !wanted.detail && !wanted.events {
            body
        } else if width >= SIDE_FROM {
            layout.beside(body, wanted)
        } else {
            layout.below(body, wanted)
        };
        layout.heading = Area { height: 1, ..table };
        layout.rows = Area { y: table.y + 1, height: table.height - 1, ..table };
        layout
    }

    /// Panes to the right of the table: detail, hands, events; returns the table's part.
    fn beside(&mut self, body: Area, wanted: Wanted) -> Area {
        let Wanted { queue, detail, events, .. } = wanted;
        let side = (body.width * 3 / 10).clamp(42, 64);
        let table = Area { width: body.width - side - 1, ..body };
        self.rule = Area { x: table.width, width: 1, ..body };
        let pane = Area { x: table.width + 1, width: side, ..body };
        let part = |y: u16, height: u16| Area { y, height, ..pane };
        let upper = match (detail, queue || events) {
            (true, true) if queue && events => (pane.height / 2).max(12).min(pane.height - 1),
            (true, true) => (pane.height * 2 / 3).max(12).min(pane.height - 1),
            (true, false) => pane.height,
            _ => 0,
        };
        self.detail = part(pane.y, upper);
        let (mut y, end) = (pane.y + upper, pane.y + pane.height);
        if queue && end - y >= 3 {
            let room = end - y;
            // Events of fewer than three lines say nothing.
            let height = if events && room >= 7 { (room / 2).min(QUEUE) } else { room };
            self.queue_title = part(y, 1);
            self.queue = part(y + 1, height - 1);
            y += height;
        }
        if events && y < end {
            let line = u16::from(y > pane.y);
            self.split = part(y, line);
            self.events = part(y + line, end - y - line);
        }
        table
    }

    /// Panes under the table, at most two side by side; returns the table's part.
    fn below(&mut self, body: Area, wanted: Wanted) -> Area {
        // The table keeps its heading and four rows before a pane gets anything.
        let lines = if wanted.detail { (body.height / 2).min(18) } else { (body.height * 2 / 5).min(12) };
        let pane = lines.min(body.height.saturating_sub(5));
        if pane < 3 {
            return body;
        }
        let table = Area { height: body.height - pane, ..body };
        let y = table.y + table.height;
        self.rule = Area { y, height: 1, ..body };
        let (y, height) = (y + 1, pane - 1);
        let asked = [(&mut self.queue, wanted.queue), (&mut self.detail, wanted.detail), (&mut self.events, wanted.events)];
        // Two panes under a narrow table would both be too narrow to read.
        let most = if body.width >= EVENTS_FROM { 2 } else { 1 };
        let mut shown: Vec<_> = asked.into_iter().filter(|(_, wanted)| *wanted).map(|(area, _)| area).take(most).collect();
        let left = if shown.len() == 2 { body.width / 2 } else { body.width };
        for (area, x) in shown.iter_mut().zip([0, left]) {
            **area = Area { x, y, width: if x == 0 { left } else { body.width - left }, height };
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
                for flags in 0..32 {
                    let banners = match flags & 3 {
                        3 => continue,
                        banners => banners,
                    };
                    let wanted = Wanted { banners, detail: flags & 4 > 0, events: flags & 8 > 0, queue: flags & 16 > 0 };
                    let layout = Layout::new((width, height), wanted);
                    let parts = [
                        layout.tabs,
                        layout.health,
                        layout.banner,
                        layout.heading,
                        layout.rows,
                        layout.rule,
                        layout.split,
                        layout.queue_title,
                        layout.queue,
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
                        assert!(banners == 0 || layout.banner.height > 0, "{width}x{height}: the first banner is always there");
                    }
                }
            }
        }
    }

    #[test]
    fn at_the_common_sizes_the_table_has_its_eighty_columns() {
        assert_eq!(Layout::new((80, 24), Wanted::default()).rows, Area { x: 0, y: 3, width: 80, height: 19 });
        let wide = Layout::new((140, 40), Wanted { events: true, ..Wanted::default() });
        assert!(wide.rows.width >= 80 && wide.events.width >= 42 && wide.events.height == 36);
    }

    #[test]
    fn hands_stand_above_the_events_and_take_no_line_of_the_newest() {
        let events = Wanted { events: true, ..Wanted::default() };
        let (without, with) = (Layout::new((140, 40), events), Layout::new((140, 40), Wanted { queue: true, ..events }));
        assert_eq!(with.rows, without.rows, "the table does not move");
        assert_eq!(with.events.y + with.events.height, without.events.y + without.events.height, "nor does the newest line");
        assert_eq!((with.queue_title.y, with.queue.height, with.split.y), (without.events.y, 8, with.events.y - 1));
        let all = Layout::new((140, 24), Wanted { queue: true, detail: true, ..events });
        assert!(all.detail.height >= 10 && all.queue.height >= 3 && all.events.height >= 3, "{all:?}");
    }

    #[test]
    fn on_a_narrow_screen_the_hands_go_before_other_panes() {
        let wanted = Wanted { queue: true, detail: true, events: true, banners: 2 };
        let narrow = Layout::new((80, 24), wanted);
        assert!(narrow.queue.height >= 4 && narrow.queue.width == 80 && narrow.detail.height == 0 && narrow.events.height == 0);
        let wider = Layout::new((100, 30), wanted);
        assert!(wider.queue.width == 50 && wider.detail.width == 50 && wider.events.height == 0);
    }
}
