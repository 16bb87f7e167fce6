//! The collector: folds events into the roster and notes what changes. It has no rules of its own about
//! stays, duplicates or who is in; those are the roster's.

use std::collections::{BTreeSet, HashMap};

use super::asks::{Asks, reason};
use super::gaps::Gaps;
use super::track::{Seen, Track};
use super::{Error, Options, Report, finish};
use crate::conference::event::{Event, What};
use crate::conference::roster::{Participant, Roster};
use crate::conference::{CallKey, ConferenceId};

/// Everything that has come by.
pub(super) struct Collector<'a> {
    pub(super) options: &'a Options,
    pub(super) roster: Roster,
    pub(super) tracks: Vec<Track>,
    places: HashMap<(CallKey, ConferenceId), usize>,
    /// Rows that a moderator took off the list, as they were: the roster knows them no more.
    pub(super) removed: HashMap<CallKey, Participant>,
    pub(super) asks: Asks,
    pub(super) gaps: Gaps,
    pub(super) conferences: BTreeSet<ConferenceId>,
}

impl<'a> Collector<'a> {
    pub(super) fn new(options: &'a Options) -> Self {
        Self {
            options,
            roster: Roster::default(),
            tracks: Vec::new(),
            places: HashMap::new(),
            removed: HashMap::new(),
            asks: Asks::default(),
            gaps: Gaps::default(),
            conferences: BTreeSet::new(),
        }
    }

    /// Takes one event. Of what comes after the report's time only gaps and answers count.
    pub(super) fn take(&mut self, event: &Event) {
        match &event.what {
            What::Listening(listening) => self.gaps.listening(listening, event.at),
            What::Recorded(recorded) => self.gaps.recorded(recorded, event.at),
            What::Answered(answer) => self.asks.answered(answer),
            _ => {}
        }
        if event.at > self.options.until {
            return;
        }
        match &event.what {
            What::Stopped => self.gaps.stopped(event.at),
            What::Asked(ask) | What::AskedLate(ask) => {
                self.conferences.insert(ask.conference.clone());
                if self.wants(&ask.conference) && self.options.since.is_none_or(|since| event.at >= since) {
                    self.asks.asked(event.seq, event.at, ask, reason(ask.cause));
                }
            }
            _ => {}
        }
        self.fold(event);
    }

    /// Takes a fact that holds however old it is, after everything else.
    pub(super) fn stands(&mut self, fact: &Event) {
        self.roster.apply(fact);
    }

    /// The report of all that has come by.
    pub(super) fn finish(self) -> Result<Report, Error> {
        finish::finish(self)
    }

    pub(super) fn wants(&self, conference: &ConferenceId) -> bool {
        self.options.conference.as_ref().is_none_or(|wanted| wanted == conference)
    }

    fn call(&self, key: &CallKey) -> Option<&Participant> {
        self.roster.find(key).and_then(|id| self.roster.get(id))
    }

    fn fold(&mut self, event: &Event) {
        let Some(key) = event.what.call() else {
            self.roster.apply(event);
            return;
        };
        let before = self.call(key).map(Seen::of).unwrap_or_default();
        if let What::Removed(_) = event.what
            && let Some(call) = self.call(key).cloned()
        {
            self.removed.insert(key.clone(), call);
        }
        self.roster.apply(event);
        let after = self.call(key).map(Seen::of).unwrap_or_default();
        if before == after {
            return;
        }
        let goes_on = before.room == after.room && before.stays == after.stays;
        if let Some(room) = before.room.filter(|_| !goes_on) {
            self.track(key, &room).close(event.at, after.kicked);
        }
        if let Some(room) = &after.room {
            self.track(key, room).note(&after, event.at, before.stays != after.stays);
        }
    }

    fn track(&mut self, key: &CallKey, conference: &ConferenceId) -> &mut Track {
        let Self { places, tracks, conferences, .. } = self;
        let place = *places.entry((key.clone(), conference.clone())).or_insert_with(|| {
            conferences.insert(conference.clone());
            tracks.push(Track::new(key.clone(), conference.clone()));
            tracks.len() - 1
        });
        &mut tracks[place]
    }
}
