//! What of the roster is listed, and in which order. Kept up change by change, never by sorting anew:
//! only a deliberate sort moves rows, newcomers are added below.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use std::time::Duration;

use super::roster::{CallId, Change, Participant, Presence, Roster};
use super::{ConferenceId, Moment};
use crate::phone::Number;

/// How long rows that are gone stay in sight.
pub const SHOW_GONE: Duration = Duration::from_secs(30);

/// What rows can be ordered by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Column {
    /// First come, first listed.
    #[default]
    Arrival,
    /// Name, else number.
    Caller,
    /// Number; so also by country, whose code comes first.
    Number,
    /// Country or region, by its two letters.
    Place,
    /// The word in the voice column.
    Voice,
    /// How long the stay has lasted.
    Stay,
    /// Raised hands first, in the order of the queue.
    Hand,
    /// The time of the last ask, latest first.
    Ask,
}

impl Column {
    /// All of them, in the order that the sort key goes through them.
    pub const ALL: [Self; 8] = [Self::Arrival, Self::Caller, Self::Number, Self::Place, Self::Voice, Self::Stay, Self::Hand, Self::Ask];

    /// The next one, round and round.
    #[must_use]
    pub fn next(self) -> Self {
        let place = Self::ALL.iter().position(|column| *column == self).unwrap_or(0);
        Self::ALL[(place + 1) % Self::ALL.len()]
    }

    /// What it is called on the screen.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Arrival => "arrival",
            Self::Caller => "caller",
            Self::Number => "number",
            Self::Place => "place",
            Self::Voice => "voice",
            Self::Stay => "time in",
            Self::Hand => "hand",
            Self::Ask => "last ask",
        }
    }
}

/// Words that must all be found in a row: in its name, number, conference, tag, other fields or state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    text: String,
    words: Vec<String>,
}

impl Filter {
    /// A filter from what a moderator typed.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self { text: text.to_owned(), words: text.split_whitespace().map(str::to_lowercase).collect() }
    }

    /// What was typed.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it lets everything through.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    fn matches(&self, roster: &Roster, call: &Participant, now: Moment, stale_after: Duration) -> bool {
        if self.words.is_empty() {
            return true;
        }
        let mut fields = vec![call.word(now, stale_after).text().to_owned(), call.settled(now, stale_after).text().to_owned()];
        fields.extend(roster.name(call).map(str::to_lowercase));
        fields.extend(call.number.map(Number::e164));
        fields.extend(call.conference.as_ref().map(|conference| conference.as_str().to_lowercase()));
        fields.extend([&call.instead, &call.called, &call.said_name, &call.others].into_iter().flatten().map(|text| text.to_lowercase()));
        if call.number.is_none() {
            fields.push(format!("no number {}", call.key.tag().to_lowercase()));
        }
        if call.hand.is_some() {
            fields.push("hand".to_owned());
        }
        self.words.iter().all(|word| fields.iter().any(|field| field.contains(word.as_str())))
    }
}

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
    /// Rows that are gone and still in sight.
    leaving: Vec<CallId>,
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
            Change::Removed(id) => self.drop_row(*id),
            Change::Added(id) | Change::Changed(id) | Change::Duplicate(id) => self.look_at(*id, roster, now, &held),
            Change::Several(ids) => ids.iter().for_each(|id| self.look_at(*id, roster, now, &held)),
        }
    }

    fn look_at(&mut self, id: CallId, roster: &Roster, now: Moment, held: &impl Fn(CallId) -> bool) {
        let Some(call) = roster.get(id) else { return self.drop_row(id) };
        let belongs = self.belongs(roster, call, now);
        if belongs && self.listed.insert(id) {
            self.rows.push(id);
        } else if !belongs && self.listed.contains(&id) && !held(id) {
            self.drop_row(id);
        }
        if !call.is_live() && self.listed.contains(&id) && !self.leaving.contains(&id) {
            self.leaving.push(id);
        }
    }

    fn belongs(&self, roster: &Roster, call: &Participant, now: Moment) -> bool {
        let here = self.conference.is_none() || self.conference == call.conference;
        here && Self::in_sight(call, now) && self.filter.matches(roster, call, now, self.stale_after)
    }

    fn in_sight(call: &Participant, now: Moment) -> bool {
        call.is_live() || call.called_back || call.is_asking() || now.since(call.since) < SHOW_GONE
    }

    fn drop_row(&mut self, id: CallId) {
        if self.listed.remove(&id) {
            self.rows.retain(|row| *row != id);
        }
        self.leaving.retain(|row| *row != id);
    }

    /// Takes rows off that are out of sight by now: gone for long, or filtered out while they were held.
    pub fn expire(&mut self, roster: &Roster, now: Moment, held: impl Fn(CallId) -> bool) {
        let before = self.listed.len();
        let Self { leaving, listed, rows, .. } = self;
        leaving.retain(|id| match roster.get(*id) {
            Some(call) if Self::in_sight(call, now) => !call.is_live(),
            _ if held(*id) => true,
            _ => {
                listed.remove(id);
                false
            }
        });
        // All at once: at the end of a large conference thousands go in the same second.
        if listed.len() < before {
            rows.retain(|row| listed.contains(row));
        }
    }

    /// Whether rows are in sight that are gone.
    #[must_use]
    pub fn has_leavers(&self) -> bool {
        !self.leaving.is_empty()
    }

    /// Looks at one row again, after it is held no longer.
    pub fn release(&mut self, id: CallId, roster: &Roster, now: Moment) {
        self.look_at(id, roster, now, &|_| false);
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
                let region = call.number.and_then(|number| crate::phone::describe(number).region);
                (region.is_none(), region)
            });
        } else if column == Column::Hand {
            let queues = roster.conferences().iter().flat_map(|(id, _)| roster.hands(id).iter().copied().zip(1usize..));
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
        let ranked = self.ranked.iter().filter_map(|id| Some((*id, roster.get(*id)?)));
        let later = roster.iter().filter(|(id, _)| Some(*id) > self.ranked_to);
        let rows: Vec<_> = ranked.chain(later).filter(|(_, call)| self.belongs(roster, call, now)).collect();
        self.leaving = rows.iter().filter(|(_, call)| !call.is_live()).map(|(id, _)| *id).collect();
        self.rows = rows.into_iter().map(|(id, _)| id).collect();
        self.listed = self.rows.iter().copied().collect();
    }
}

fn compare(column: Column, roster: &Roster, a: &Participant, b: &Participant, now: Moment, stale_after: Duration) -> Ordering {
    match column {
        // Sorted by what is looked up once.
        Column::Arrival | Column::Place | Column::Hand => Ordering::Equal,
        // Those without a name come after those with one, by number.
        Column::Caller => {
            let name = |call| (roster.name(call).is_none(), roster.name(call).map(str::to_lowercase));
            name(a).cmp(&name(b)).then(number(a).cmp(&number(b)))
        }
        Column::Number => number(a).cmp(&number(b)),
        Column::Voice => a.word(now, stale_after).cmp(&b.word(now, stale_after)),
        Column::Stay => stay(b, now).cmp(&stay(a, now)),
        Column::Ask => b.ask.as_ref().map(|ask| ask.at).cmp(&a.ask.as_ref().map(|ask| ask.at)),
    }
}

/// Numbers in order, callers without one last.
fn number(call: &Participant) -> (bool, Option<Number>) {
    (call.number.is_none(), call.number)
}

/// How long a stay has lasted: still running while the call is on the line.
#[must_use]
pub fn stay(call: &Participant, now: Moment) -> Duration {
    match call.presence {
        Presence::Calling | Presence::In => now.since(call.joined),
        Presence::Left | Presence::Kicked => call.since.since(call.joined),
    }
}

#[cfg(test)]
mod tests;
