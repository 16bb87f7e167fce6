//! What of the roster is listed, and in which order. Kept up change by change, never by sorting anew:
//! only a deliberate sort moves rows, newcomers are added below.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::time::Duration;

use super::filter::{Filter, Row};
use super::roster::{CallId, Change, Participant, Roster};
use super::{ConferenceId, Moment};
use crate::phone::Places;

mod column;

pub use column::Column;
use column::compare;

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
    rows: Vec<CallId>,
    listed: HashSet<CallId>,
    /// Those of them that do not belong there any more and are held.
    kept: HashSet<CallId>,
    /// Rows that are gone and still in sight.
    leaving: Vec<CallId>,
    /// When the filter may judge a row otherwise by time alone, earliest first; one moment a row.
    turns: BTreeSet<(Moment, CallId)>,
    turn_of: HashMap<CallId, Moment>,
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
    pub fn rows(&self) -> &[CallId] {
        &self.rows
    }

    /// How many of the rows belong there now: those that are held and do not match any more are left out.
    #[must_use]
    pub fn matching(&self) -> usize {
        self.rows.len() - self.kept.iter().filter(|id| self.listed.contains(id)).count()
    }

    /// Whether a row is listed.
    #[must_use]
    pub fn lists(&self, id: CallId) -> bool {
        self.listed.contains(&id)
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
                let gone = ids.iter().copied().filter(|id| self.look_at(*id, roster, now, &held)).collect();
                self.drop_rows(&gone);
            }
        }
    }

    /// Looks at a row that changed; says whether it goes off the list.
    fn look_at(&mut self, id: CallId, roster: &Roster, now: Moment, held: &impl Fn(CallId) -> bool) -> bool {
        let Some(call) = roster.get(id) else {
            self.note_turn(id, None);
            self.kept.remove(&id);
            return self.listed.contains(&id);
        };
        let belongs = self.judge(id, call, roster, now);
        if !self.listed.contains(&id) {
            return false;
        }
        if !call.is_live() && !self.leaving.contains(&id) {
            self.leaving.push(id);
        }
        self.goes(id, belongs, held)
    }

    /// Whether a listed row goes; one that is held though it does not belong is noted.
    fn goes(&mut self, id: CallId, belongs: bool, held: impl Fn(CallId) -> bool) -> bool {
        if belongs || !held(id) {
            self.kept.remove(&id);
            return !belongs;
        }
        self.kept.insert(id);
        false
    }

    /// Lists a row that belongs there, says whether it does, and notes when to look at it again.
    fn judge(&mut self, id: CallId, call: &Participant, roster: &Roster, now: Moment) -> bool {
        let turn = if self.shows(call, now) { self.filter.turn(call, now, self.stale_after) } else { None };
        self.note_turn(id, turn);
        let belongs = self.belongs(roster, call, now);
        if belongs && self.listed.insert(id) {
            self.rows.push(id);
        }
        belongs
    }

    fn belongs(&mut self, roster: &Roster, call: &Participant, now: Moment) -> bool {
        self.shows(call, now) && self.filter.matches(&Row { roster, call, now, stale_after: self.stale_after }, &mut self.places)
    }

    fn note_turn(&mut self, id: CallId, turn: Option<Moment>) {
        let before = match turn {
            Some(at) => self.turn_of.insert(id, at),
            None => self.turn_of.remove(&id),
        };
        if before != turn {
            before.map(|at| self.turns.remove(&(at, id)));
            turn.map(|at| self.turns.insert((at, id)));
        }
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
        if self.listed.remove(&id) {
            self.rows.retain(|row| *row != id);
        }
        self.leaving.retain(|row| *row != id);
        self.kept.remove(&id);
    }

    /// Takes rows off that time alone takes off: gone for long, or not what the filter wants any more. Those that
    /// it wants by now are added below.
    pub fn expire(&mut self, roster: &Roster, now: Moment, held: impl Fn(CallId) -> bool) {
        let before = self.listed.len();
        let Self { leaving, listed, .. } = self;
        leaving.retain(|id| match roster.get(*id) {
            Some(call) if Self::in_sight(call, now) => !call.is_live(),
            _ if held(*id) => true,
            _ => {
                listed.remove(id);
                false
            }
        });
        let due: Vec<_> = self.turns.iter().take_while(|(at, _)| *at <= now).map(|(_, id)| *id).collect();
        let mut gone = self.listed.len() < before;
        for id in due {
            let Some(call) = roster.get(id) else {
                self.note_turn(id, None);
                continue;
            };
            let belongs = self.judge(id, call, roster, now);
            gone |= self.listed.contains(&id) && self.goes(id, belongs, &held) && self.listed.remove(&id);
        }
        // All at once: at the end of a large conference thousands go in the same second.
        if gone {
            let Self { listed, rows, kept, .. } = self;
            rows.retain(|row| listed.contains(row));
            kept.retain(|row| listed.contains(row));
        }
    }

    /// Whether time alone may change what is listed: rows are gone, or have come to where the filter judges anew.
    #[must_use]
    pub fn is_due(&self, now: Moment) -> bool {
        !self.leaving.is_empty() || self.next_turn().is_some_and(|at| at <= now)
    }

    /// When the filter may judge a row otherwise; none while time changes nothing for it.
    #[must_use]
    pub fn next_turn(&self) -> Option<Moment> {
        self.turns.first().map(|(at, _)| *at)
    }

    /// Whether a row would be listed if it were not already.
    pub fn wants(&mut self, id: CallId, roster: &Roster, now: Moment) -> bool {
        let Some(call) = roster.get(id) else { return false };
        self.shows(call, now) && self.filter.matches(&Row { roster, call, now, stale_after: self.stale_after }, &mut self.places)
    }

    /// Looks at rows again that something held which is over. Many at once cost what one does.
    pub fn release(&mut self, ids: &[CallId], roster: &Roster, now: Moment, held: impl Fn(CallId) -> bool) {
        let mut goes =
            |id: &CallId| self.listed.contains(id) && !held(*id) && roster.get(*id).is_none_or(|call| !self.belongs(roster, call, now));
        let gone = ids.iter().copied().filter(|id| goes(id)).collect();
        self.drop_rows(&gone);
    }

    /// Takes rows off the list; many cost what one does.
    fn drop_rows(&mut self, gone: &HashSet<CallId>) {
        if !gone.is_empty() {
            self.listed.retain(|id| !gone.contains(id));
            self.rows.retain(|id| !gone.contains(id));
            self.leaving.retain(|id| !gone.contains(id));
            self.kept.retain(|id| !gone.contains(id));
        }
    }

    /// When, after a moment, the next row goes out of sight by itself.
    #[must_use]
    pub fn next_expiry(&self, roster: &Roster, after: Moment) -> Option<Moment> {
        self.leaving
            .iter()
            .filter_map(|id| roster.get(*id))
            .filter(|call| !call.is_live())
            .map(|call| call.since.plus(SHOW_GONE))
            .filter(|at| *at > after)
            .min()
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
            calls.sort_by_cached_key(|(id, call)| (call.hand.is_none(), places.get(id).copied().unwrap_or(usize::MAX)));
        } else if column != Column::Arrival {
            calls.sort_by(|(_, a), (_, b)| compare(column, roster, a, b, now, self.stale_after));
        }
        if reverse {
            calls.reverse();
        }
        self.ranked = calls.into_iter().map(|(id, _)| id).collect();
        self.rebuild(roster, now);
    }

    fn rebuild(&mut self, roster: &Roster, now: Moment) {
        (self.rows, self.listed, self.kept, self.turns, self.turn_of) = Default::default();
        let ranked = std::mem::take(&mut self.ranked);
        let later = roster.iter().filter(|(id, _)| Some(*id) > self.ranked_to).map(|(id, _)| id);
        for id in ranked.iter().copied().chain(later.collect::<Vec<_>>()) {
            if let Some(call) = roster.get(id) {
                self.judge(id, call, roster, now);
            }
        }
        self.ranked = ranked;
        self.leaving = self.rows.iter().copied().filter(|id| roster.get(*id).is_some_and(|call| !call.is_live())).collect();
    }
}

#[cfg(test)]
mod tests;
