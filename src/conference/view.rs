//! What of the roster is listed, and in which order. Kept up change by change, never by sorting anew:
//! only a deliberate sort moves rows, newcomers are added below.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use super::filter::{Filter, Row};
use super::roster::{CallId, Change, Participant, Roster};
use super::{ConferenceId, Moment};
use crate::phone::Places;

mod column;
mod rows;
mod schedule;

pub use column::Column;
use column::compare;
pub use rows::Rows;
use schedule::Schedule;

/// How long rows that are gone stay in sight.
pub const SHOW_GONE: Duration = Duration::from_secs(30);

/// The list of rows that the table shows.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// The conference that is shown; none shows all.
    pub conference: Option<ConferenceId>,
    filter: Filter,
    column: Column,
    reverse: bool,
    /// Every call there was at the last deliberate sort, in that order. Those that came later follow.
    ranked: Vec<CallId>,
    /// The last of them to arrive.
    ranked_to: Option<CallId>,
    rows: Rows,
    /// Those of them that do not belong there any more and are held.
    kept: HashSet<CallId>,
    /// Rows that are gone and still in sight, by when they went.
    leaving: Schedule,
    /// When the filter may judge a row otherwise by time alone.
    turns: Schedule,
    /// Where numbers are from, for filter and sort.
    places: Places,
    stale_after: Duration,
}

impl View {
    /// A view of everything, by arrival.
    #[must_use]
    pub fn new(stale_after: Duration) -> Self {
        Self { stale_after, ..Self::default() }
    }

    /// The rows in order.
    #[must_use]
    pub fn rows(&self) -> &Rows {
        &self.rows
    }

    /// How many of the rows belong there now: those that are held and do not match any more are left out.
    #[must_use]
    pub fn matching(&self) -> usize {
        self.rows.len() - self.kept.iter().filter(|id| self.rows.contains(**id)).count()
    }

    /// Whether a row is listed.
    #[must_use]
    pub fn lists(&self, id: CallId) -> bool {
        self.rows.contains(id)
    }

    /// The filter in force.
    #[must_use]
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// The order in force, and whether it is reversed.
    #[must_use]
    pub fn order(&self) -> (Column, bool) {
        (self.column, self.reverse)
    }

    /// Takes one change into account. A row that `held` says stays stays, whatever became of it.
    pub fn follow(&mut self, change: &Change, roster: &Roster, now: Moment, held: impl Fn(CallId) -> bool) {
        match change {
            Change::Nothing => {}
            Change::Added(id) | Change::Changed(id) | Change::Duplicate(id) | Change::Removed(id) => {
                if self.look_at(*id, roster, now, &held) {
                    self.drop_row(*id);
                }
            }
            Change::Several(ids) => {
                for id in ids {
                    if self.look_at(*id, roster, now, &held) {
                        self.drop_row(*id);
                    }
                }
            }
        }
    }

    /// Looks at a row that changed; says whether it goes off the list.
    fn look_at(&mut self, id: CallId, roster: &Roster, now: Moment, held: &impl Fn(CallId) -> bool) -> bool {
        let Some(call) = roster.get(id) else {
            self.turns.note(id, None);
            self.let_go(id);
            return self.rows.contains(id);
        };
        if call.is_live() && self.conference.is_none() && self.filter.is_empty() && self.rows.contains(id) {
            // Whatever became of it, it belongs there.
            self.leaving.note(id, None);
            self.let_go(id);
            return false;
        }
        let belongs = self.judge(id, call, roster, now);
        if !self.rows.contains(id) {
            return false;
        }
        self.leaving.note(id, (!call.is_live()).then_some(call.since));
        self.goes(id, belongs, held)
    }

    /// Whether a listed row goes; one that is held though it does not belong is noted.
    fn goes(&mut self, id: CallId, belongs: bool, held: impl Fn(CallId) -> bool) -> bool {
        if belongs || !held(id) {
            self.let_go(id);
            return !belongs;
        }
        self.kept.insert(id);
        false
    }

    /// Lists a row that belongs there, says whether it does, and notes when to look at it again.
    fn judge(&mut self, id: CallId, call: &Participant, roster: &Roster, now: Moment) -> bool {
        let turn = if self.shows(call, now) { self.filter.turn(call, now, self.stale_after) } else { None };
        self.turns.note(id, turn);
        let belongs = self.belongs(roster, call, now);
        if belongs {
            self.rows.push(id);
        }
        belongs
    }

    fn belongs(&mut self, roster: &Roster, call: &Participant, now: Moment) -> bool {
        self.shows(call, now) && self.filter.matches(&Row { roster, call, now, stale_after: self.stale_after }, &mut self.places)
    }

    /// Whether a row would be listed without the filter.
    fn shows(&self, call: &Participant, now: Moment) -> bool {
        (self.conference.is_none() || self.conference == call.conference) && Self::in_sight(call, now)
    }

    /// Whether a call is on the line, or has not been gone for long.
    #[must_use]
    pub fn in_sight(call: &Participant, now: Moment) -> bool {
        call.is_live() || call.called_back || call.is_asking() || now.since(call.since) < SHOW_GONE
    }

    fn drop_row(&mut self, id: CallId) {
        self.rows.remove(id);
        self.leaving.note(id, None);
        self.let_go(id);
    }

    /// A row is not held any more. Hardly ever one was, and then there is nothing to look for.
    fn let_go(&mut self, id: CallId) {
        if !self.kept.is_empty() {
            self.kept.remove(&id);
        }
    }

    /// Takes rows off that time alone takes off: gone for long, or not what the filter wants any more. Those that
    /// it wants by now are added below.
    pub fn expire(&mut self, roster: &Roster, now: Moment, held: impl Fn(CallId) -> bool) {
        for id in self.leaving.due(now.minus(SHOW_GONE)) {
            if !held(id) && roster.get(id).is_none_or(|call| !Self::in_sight(call, now)) {
                self.drop_row(id);
            }
        }
        for id in self.turns.due(now) {
            let Some(call) = roster.get(id) else {
                self.turns.note(id, None);
                continue;
            };
            let belongs = self.judge(id, call, roster, now);
            if self.rows.contains(id) && self.goes(id, belongs, &held) {
                self.drop_row(id);
            }
        }
    }

    /// Whether time alone may change what is listed: rows have been gone for long, or have come to where the filter
    /// judges anew.
    #[must_use]
    pub fn is_due(&self, now: Moment) -> bool {
        let gone = self.leaving.first().is_some_and(|since| since <= now.minus(SHOW_GONE));
        gone || self.next_turn().is_some_and(|at| at <= now)
    }

    /// When the filter may judge a row otherwise; none while time changes nothing for it.
    #[must_use]
    pub fn next_turn(&self) -> Option<Moment> {
        self.turns.first()
    }

    /// Whether a row would be listed if it were not already.
    pub fn wants(&mut self, id: CallId, roster: &Roster, now: Moment) -> bool {
        let Some(call) = roster.get(id) else { return false };
        self.shows(call, now) && self.filter.matches(&Row { roster, call, now, stale_after: self.stale_after }, &mut self.places)
    }

    /// Looks at rows again that something held which is over.
    pub fn release(&mut self, ids: &[CallId], roster: &Roster, now: Moment, held: impl Fn(CallId) -> bool) {
        for id in ids {
            let goes = self.rows.contains(*id) && !held(*id) && roster.get(*id).is_none_or(|call| !self.belongs(roster, call, now));
            if goes {
                self.drop_row(*id);
            }
        }
    }

    /// When, after a moment, the next row goes out of sight by itself.
    #[must_use]
    pub fn next_expiry(&self, after: Moment) -> Option<Moment> {
        self.leaving.first_after(after.minus(SHOW_GONE)).map(|since| since.plus(SHOW_GONE))
    }

    /// Shows another conference, or all. The order stays what the last sort made it.
    pub fn show(&mut self, conference: Option<ConferenceId>, roster: &Roster, now: Moment) {
        self.conference = conference;
        self.rebuild(roster, now);
    }

    /// Filters. The rows keep their order as far as they stay.
    pub fn set_filter(&mut self, filter: Filter, roster: &Roster, now: Moment) {
        self.filter = filter;
        self.rebuild(roster, now);
    }

    /// Sorts, deliberately.
    pub fn sort(&mut self, column: Column, reverse: bool, roster: &Roster, now: Moment) {
        (self.column, self.reverse) = (column, reverse);
        let mut calls: Vec<_> = roster.iter().collect();
        self.ranked_to = calls.last().map(|(id, _)| *id);
        // Both stable, so that equal rows stay in order of arrival.
        if column == Column::Place {
            // Looked up once a row: the phone library takes microseconds, a comparison must not.
            calls.sort_by_cached_key(|(_, call)| {
                let region = call.number.and_then(|number| self.places.of(number));
                (region.is_none(), region)
            });
        } else if column == Column::Hand {
            let conferences = roster.conferences_with_hands().into_iter();
            let queues = conferences.flat_map(|id| roster.hands(id).iter().copied().zip(1usize..));
            let places: HashMap<_, _> = queues.collect();
            // A hand that is up before its caller is in a conference has no place yet.
            calls.sort_by_cached_key(|(id, call)| (call.hand().is_none(), places.get(id).copied().unwrap_or(usize::MAX)));
        } else if column != Column::Arrival {
            calls.sort_by(|(_, a), (_, b)| compare(column, roster, a, b, now, self.stale_after));
        }
        if reverse {
            calls.reverse();
        }
        self.ranked = calls.into_iter().map(|(id, _)| id).collect();
        if column == Column::Arrival && !reverse {
            // The order they have by themselves needs no list.
            (self.ranked, self.ranked_to) = (Vec::new(), None);
        }
        self.rebuild(roster, now);
    }

    fn rebuild(&mut self, roster: &Roster, now: Moment) {
        (self.rows, self.kept, self.turns, self.leaving) = Default::default();
        let ranked = std::mem::take(&mut self.ranked);
        let later = roster.iter().map(|(id, _)| id).filter(|id| Some(*id) > self.ranked_to).collect::<Vec<_>>();
        for id in ranked.iter().copied().chain(later) {
            if let Some(call) = roster.get(id)
                && self.judge(id, call, roster, now)
                && !call.is_live()
            {
                self.leaving.note(id, Some(call.since));
            }
        }
        self.ranked = ranked;
    }
}

#[cfg(test)]
mod tests;
