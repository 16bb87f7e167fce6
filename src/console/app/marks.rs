//! Marks: they belong to callers, not to rows, and survive sorting, filters, newcomers and leavers.

use std::collections::HashSet;
use std::sync::Arc;

use super::{App, Effect};
use crate::conference::roster::CallId;
use crate::console::command::Command;

/// Who is marked.
#[derive(Clone, Debug, Default)]
pub struct Marks {
    /// Shared with whoever must not let marked rows go; copied only if somebody still holds it.
    marked: Arc<HashSet<CallId>>,
    /// How often the moderator has marked or taken marks away.
    changes: u64,
    /// Where a range began, and what it has marked so far.
    range: Option<(CallId, Vec<CallId>)>,
}

impl Marks {
    /// Whether a caller is marked.
    #[must_use]
    pub fn has(&self, id: CallId) -> bool {
        self.marked.contains(&id)
    }

    /// How many are marked.
    #[must_use]
    pub fn len(&self) -> usize {
        self.marked.len()
    }

    /// Whether nobody is marked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.marked.is_empty()
    }

    /// Everybody who is marked, in no order.
    pub fn iter(&self) -> impl Iterator<Item = CallId> + '_ {
        self.marked.iter().copied()
    }

    /// The marks as they are now.
    pub(super) fn snapshot(&self) -> Arc<HashSet<CallId>> {
        Arc::clone(&self.marked)
    }

    /// Marks a caller; says whether that was new.
    pub(super) fn add(&mut self, id: CallId) -> bool {
        Arc::make_mut(&mut self.marked).insert(id)
    }

    pub(super) fn take(&mut self, id: CallId) -> bool {
        Arc::make_mut(&mut self.marked).remove(&id)
    }

    /// How often the moderator has changed them: what only asks have changed counts as unchanged.
    pub(super) fn changes(&self) -> u64 {
        self.changes
    }

    fn take_all(&mut self) -> Vec<CallId> {
        self.range = None;
        std::mem::take(&mut self.marked).iter().copied().collect()
    }
}

impl App {
    /// Runs a command that is about marks.
    pub(super) fn mark(&mut self, command: Command) -> Vec<Effect> {
        self.marks.changes += 1;
        match command {
            Command::Range(motion) => self.mark_range(motion),
            Command::MarkAll => self.mark_all(),
            _ => self.toggle_mark(),
        }
        Vec::new()
    }

    /// Whether a row can be marked: somebody is there, or will be.
    pub(super) fn can_be_marked(&self, id: CallId) -> bool {
        self.roster.get(id).is_some_and(|call| call.is_live() || call.called_back)
    }

    pub(super) fn toggle_mark(&mut self) {
        let Some(id) = self.cursor else { return };
        self.marks.range = None;
        if self.marks.take(id) {
            self.unmarked(&[id]);
        } else if self.can_be_marked(id) {
            self.marks.add(id);
        }
    }

    /// Everybody who is listed, in sight or not; again takes exactly those marks away.
    fn mark_all(&mut self) {
        self.marks.range = None;
        // A row that only stays because something holds it is not one that the filter lets through.
        let mut listed = self.view.rows().iter().collect::<Vec<_>>();
        listed.retain(|id| self.view.wants(*id, &self.roster, self.now));
        listed.retain(|id| self.can_be_marked(*id));
        if listed.iter().all(|id| self.marks.has(*id)) {
            self.unmark(&listed);
        } else {
            for id in &listed {
                self.marks.add(*id);
            }
        }
    }

    /// Moves as the key without Shift, and marks from where the range began to where the cursor is now.
    fn mark_range(&mut self, motion: u8) {
        let Some(from) = self.cursor else { return };
        match motion {
            1 => self.go_by(-1),
            2 => self.go_by(1),
            3 => self.go_by(-self.page()),
            4 => self.go_by(self.page()),
            5 => self.go(0),
            _ => self.go(usize::MAX),
        }
        self.stretch(from);
    }

    /// Marks everybody from where the range began, or from a caller, to the cursor; a range that shrinks takes back
    /// what it marked itself.
    pub(super) fn stretch(&mut self, from: CallId) {
        self.marks.changes += 1;
        let (anchor, before) = self.marks.range.take().unwrap_or((from, Vec::new()));
        let rows = self.view.rows();
        let (Some(a), Some(b)) = (rows.place(anchor), self.cursor.and_then(|id| rows.place(id))) else { return };
        let inside: Vec<_> = rows.from(a.min(b)).take(a.abs_diff(b) + 1).filter(|id| self.can_be_marked(*id)).collect();
        let kept: HashSet<_> = inside.iter().copied().collect();
        let (mut own, out): (Vec<_>, Vec<_>) = before.into_iter().partition(|id| kept.contains(id));
        own.extend(inside.into_iter().filter(|id| self.marks.add(*id)));
        self.unmark(&out);
        self.marks.range = Some((anchor, own));
    }

    /// A range ends with any other key.
    pub(super) fn end_range(&mut self) {
        self.marks.range = None;
    }

    /// Takes the marks of these away.
    pub(super) fn unmark(&mut self, ids: &[CallId]) {
        for id in ids {
            self.marks.take(*id);
        }
        self.unmarked(ids);
    }

    /// Takes the marks of everybody who is listed away: they were asked for, or looked at and passed over. Who is
    /// marked and hidden stays so.
    pub(super) fn unmark_listed(&mut self) {
        let listed: Vec<_> = self.listed_marks().collect();
        self.unmark(&listed);
    }

    /// Takes all marks away.
    pub(super) fn unmark_all(&mut self) -> usize {
        self.marks.changes += 1;
        let ids = self.marks.take_all();
        self.unmarked(&ids);
        ids.len()
    }

    /// Rows that were held only because they were marked may go now.
    fn unmarked(&mut self, ids: &[CallId]) {
        if !ids.is_empty() {
            let (held, now) = (self.holds(), self.now);
            self.keep_line(|app| app.view.release(ids, &app.roster, now, held));
        }
    }

    /// How many of the marked are out of the list.
    #[must_use]
    pub fn hidden_marks(&self) -> usize {
        self.marks.len() - self.listed_marks().count()
    }

    /// Everybody who is marked and listed, in no order. Looks at the shorter of both.
    pub(super) fn listed_marks(&self) -> impl Iterator<Item = CallId> + '_ {
        let rows = self.view.rows();
        let by_row = (rows.len() < self.marks.len()).then(|| rows.iter());
        let by_mark = by_row.is_none().then(|| self.marks.iter());
        let marked = by_row.into_iter().flatten().filter(|id| self.marks.has(*id));
        marked.chain(by_mark.into_iter().flatten().filter(|id| self.view.lists(*id)))
    }
}
