//! The cursor and the window on the list. The cursor is a caller, and its row keeps its line on the
//! screen whatever comes, goes or is dropped above it; only the moderator's own keys move it.

use super::App;
use super::layout::{Layout, Wanted};
use crate::conference::roster::CallId;

impl App {
    /// Where things are on the screen now.
    #[must_use]
    pub fn layout(&self) -> Layout {
        let banners = u16::from(self.banner().is_some()) + u16::from(self.modes_here().next().is_some());
        Layout::new(self.size, Wanted { banners, queue: self.shows_queue(), detail: self.detail, events: self.shows_events() })
    }

    /// The rows that are in the window.
    pub fn visible(&self) -> impl Iterator<Item = CallId> + '_ {
        let height = usize::from(self.layout().rows.height);
        let blank = usize::try_from(-self.top).unwrap_or(0);
        let first = usize::try_from(self.top).unwrap_or(0);
        self.view.rows().from(first).take(height.saturating_sub(blank))
    }

    fn place(&self, id: CallId) -> Option<usize> {
        self.view.rows().place(id)
    }

    /// Whether a row must not be taken off under anybody's hands.
    pub(super) fn holds(&self) -> impl Fn(CallId) -> bool + use<> {
        let named = self.dialog.as_ref().map_or(&[][..], super::Dialog::targets);
        let counting = self.countdown.as_ref().map_or(&[][..], |countdown| &countdown.targets);
        let held: Vec<_> = self.cursor.into_iter().chain(named.iter().chain(counting).map(|target| target.id)).collect();
        let marked = self.marks.snapshot();
        move |id| held.contains(&id) || marked.contains(&id)
    }

    /// Lets the list change and puts the row under the cursor back on its line.
    pub(super) fn keep_line(&mut self, change: impl FnOnce(&mut Self)) {
        let before = self.cursor.and_then(|id| self.place(id));
        change(self);
        match (before, self.cursor.and_then(|id| self.place(id))) {
            (Some(before), Some(after)) => self.top += after as isize - before as isize,
            (before, None) => {
                // The caller is off the list: the one who took the place, and the first one ever.
                let place = before.unwrap_or(0).min(self.view.rows().len().saturating_sub(1));
                // Where nothing is seen nobody is under a cursor.
                self.cursor = self.view.rows().get(place).filter(|_| !self.is_heard());
                if before.is_none() {
                    self.top = 0;
                }
            }
            (None, Some(_)) => {}
        }
        self.keep_in_window();
    }

    /// Scrolls as little as needed for the cursor to be in the window.
    fn keep_in_window(&mut self) {
        let height = isize::try_from(self.layout().rows.height).unwrap_or(1).max(1);
        match self.cursor.and_then(|id| self.place(id)).map(|place| place as isize) {
            Some(place) => self.top = self.top.clamp(place - height + 1, place),
            None => self.top = 0,
        }
    }

    /// After a deliberate change of what is listed: no empty lines above, none below while rows are hidden above.
    pub(super) fn straighten(&mut self) {
        let height = usize::from(self.layout().rows.height);
        let most = self.view.rows().len().saturating_sub(height) as isize;
        self.top = self.top.clamp(0, most);
        self.keep_in_window();
    }

    /// Moves the cursor to a place in the list.
    pub(super) fn go(&mut self, place: usize) {
        let rows = self.view.rows();
        let Some(to) = rows.get(place.min(rows.len().saturating_sub(1))) else { return };
        let from = self.cursor.and_then(|id| self.place(id)).unwrap_or(0);
        let left = self.cursor.replace(to);
        if self.top < 0 && place.abs_diff(from) == 1 && self.hidden() == (0, 0) {
            // The gap closes a line with each step down, so that nothing jumps under the eye; but at once
            // while it takes the place of callers.
            self.top += isize::from(place > from);
            self.keep_in_window();
            return self.leave(left);
        }
        self.straighten();
        self.leave(left);
    }

    /// The row that was held only because the cursor stood on it may go now.
    fn leave(&mut self, left: Option<CallId>) {
        if left != self.cursor {
            self.remind();
        }
        if let Some(left) = left.filter(|left| Some(*left) != self.cursor) {
            self.let_go(&[left]);
        }
    }

    /// How many rows are out of sight above and below the window.
    #[must_use]
    pub fn hidden(&self) -> (usize, usize) {
        let above = usize::try_from(self.top).unwrap_or(0);
        (above, self.view.rows().len().saturating_sub(above + self.visible().count()))
    }

    /// Moves the cursor by so many rows, as far as there are any.
    pub(super) fn go_by(&mut self, rows: isize) {
        let place = self.cursor.and_then(|id| self.place(id)).unwrap_or(0);
        self.go(place.saturating_add_signed(rows));
    }

    /// The rows of a page: one stays in sight.
    pub(super) fn page(&self) -> isize {
        isize::try_from(self.layout().rows.height).unwrap_or(1).saturating_sub(1).max(1)
    }

    /// The row at a line of the screen.
    pub(super) fn row_at(&self, y: u16) -> Option<usize> {
        let line = isize::try_from(y.checked_sub(self.layout().rows.y)?).ok()?;
        usize::try_from(self.top + line).ok().filter(|place| *place < self.view.rows().len())
    }
}
