//! The collector: folds events into the roster and notes what changes. It has no rules of its own about
//! stays, duplicates or who is in; those are the roster's.

use std::collections::{BTreeSet, HashMap};

use super::asks::{Asks, reason};
use super::gaps::Gaps;
use super::modes::ModeTimes;
use super::track::{Seen, Track};
use super::{Error, Options, Report, finish};
use crate::conference::event::{Event, What};
use crate::conference::roster::{Change, Participant, Roster};
use crate::conference::{CallKey, ConferenceId, Moment};

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
    pub(super) modes: ModeTimes,
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
            modes: ModeTimes::default(),
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
            What::Stopped(_) => self.gaps.stopped(event.at),
            What::Asked(ask) | What::AskedLate(ask) => {
                self.conferences.insert(ask.conference.clone());
                if self.wants(&ask.conference) && self.options.since.is_none_or(|since| event.at >= since) {
                    self.asks.asked(event.seq, event.at, ask, reason(ask));
                }
            }
            _ => {}
        }
        self.fold(event);
    }

    /// Takes a fact that holds however old it is, from before the first event that is read.
    pub(super) fn stood(&mut self, fact: &Event) {
        match fact.what {
            What::Mode(_) => self.modes.fold(&mut self.roster, fact),
            _ => drop(self.roster.apply(fact)),
        }
    }

    /// Takes a fact that holds, after the last event: who somebody was is known better later. Modes were
    /// watched as they came.
    pub(super) fn stands(&mut self, fact: &Event) {
        if !matches!(fact.what, What::Mode(_)) {
            self.roster.apply(fact);
        }
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
        if let What::Mode(_) = event.what {
            return self.modes.fold(&mut self.roster, event);
        }
        let key = event.what.call();
        let before = key.and_then(|key| self.call(key)).map(Seen::of).unwrap_or_default();
        if let What::Removed(only) = &event.what
            && let Some(call) = self.call(&only.call).cloned()
        {
            self.removed.insert(only.call.clone(), call);
        }
        let change = self.roster.apply(event);
        if let Some(key) = key {
            self.follow(key, &before, event.at);
        }
        if let Change::Several(ids) = change {
            // Nobody comes or goes with many at once: hands go down, names change.
            for id in ids {
                let Some((key, seen)) = self.roster.get(id).map(|call| (call.call_key(), Seen::of(call))) else { continue };
                if let Some(room) = &seen.room {
                    self.track(&key, room).note(&seen, event.at, false);
                }
            }
        }
    }

    /// Notes what an event changed of the call that it is about.
    fn follow(&mut self, key: &CallKey, before: &Seen, at: Moment) {
        let after = self.call(key).map(Seen::of).unwrap_or_default();
        if *before == after {
            return;
        }
        let goes_on = before.room == after.room && before.stays == after.stays;
        if let Some(room) = before.room.as_ref().filter(|_| !goes_on) {
            self.track(key, room).close(at, after.kicked);
        }
        if let Some(room) = &after.room {
            self.track(key, room).note(&after, at, before.stays != after.stays);
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
