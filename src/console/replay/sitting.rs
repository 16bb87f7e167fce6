//! Which part of a journal is one conference: from the first that was heard of anybody to the last, up to a long
//! silence. A conference number is used again next week, and nobody wants to wait for it.

use std::collections::HashSet;
use std::fmt;
use std::time::Duration;

use crate::conference::event::{Event, Seq, What};
use crate::conference::{CallKey, ConferenceId, Moment};
use crate::journal::{History, ReadError};

/// Events that are read at a time.
const CHUNK: usize = 1_000;

/// Conferences that an error names.
const NAMED: usize = 8;

/// What is to be played.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The conference; none plays all of them.
    pub conference: Option<ConferenceId>,
    /// Where it begins; none plays the last sitting from its first event.
    pub from: Option<Moment>,
    /// How long nothing may be heard before a sitting is over.
    pub silence: Duration,
}

/// A part of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sitting {
    /// The place before its first event.
    pub after: Seq,
    /// The place of its last event.
    pub until: Seq,
    /// When it began.
    pub first: Moment,
    /// When it ended.
    pub last: Moment,
    /// The calls that it is about; none means all.
    calls: Option<HashSet<CallKey>>,
}

/// Why there is nothing to play.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NothingToPlay {
    /// The journal cannot be read.
    Unread(ReadError),
    /// Nobody ever called.
    Empty,
    /// The conference does not stand in it. Some that do.
    Unknown(ConferenceId, Vec<ConferenceId>),
    /// Everything is older. When the last event was.
    Older(Moment),
}

impl fmt::Display for NothingToPlay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unread(error) => error.fmt(f),
            Self::Empty => f.write_str("the journal holds no call; there is nothing to play"),
            Self::Unknown(wanted, known) => {
                let known: Vec<_> = known.iter().map(ConferenceId::as_str).collect();
                let known = if known.is_empty() { "no conference".to_owned() } else { known.join(", ") };
                write!(f, "the journal knows nothing of a conference {wanted}; it holds {known}")
            }
            Self::Older(last) => {
                let last = super::local(*last);
                write!(f, "nothing happened from then on; the last event was at {last}, so choose an earlier --from")
            }
        }
    }
}

impl std::error::Error for NothingToPlay {}

impl Sitting {
    /// Finds the sitting that is wanted: the one in which `from` lies or that follows it, else the last.
    pub fn find(history: &dyn History, wanted: &Wanted) -> Result<Self, NothingToPlay> {
        let mut search = Search { wanted, current: None, conferences: Vec::new() };
        let mut after = Seq(0);
        loop {
            let events = history.read(after, CHUNK).map_err(NothingToPlay::Unread)?;
            let Some(end) = events.last() else { break };
            after = end.seq;
            if let Some(found) = events.iter().find_map(|event| search.look_at(event)) {
                return Ok(found);
            }
        }
        match (search.current, wanted.from, &wanted.conference) {
            (Some(sitting), Some(from), _) if sitting.last < from => Err(NothingToPlay::Older(sitting.last)),
            (Some(sitting), _, _) => Ok(sitting),
            (None, _, Some(conference)) => Err(NothingToPlay::Unknown(conference.clone(), search.conferences)),
            (None, _, None) => Err(NothingToPlay::Empty),
        }
    }

    /// Whether an event within it is to be played.
    #[must_use]
    pub fn holds(&self, event: &Event) -> bool {
        match (&self.calls, event.what.call()) {
            (Some(calls), Some(call)) => calls.contains(call),
            _ => true,
        }
    }
}

struct Search<'a> {
    wanted: &'a Wanted,
    current: Option<Sitting>,
    conferences: Vec<ConferenceId>,
}

impl Search<'_> {
    /// Takes the next event in; the sitting before it, when that is over and the one that is wanted.
    fn look_at(&mut self, event: &Event) -> Option<Sitting> {
        let call = event.what.call()?;
        let begins = match (&event.what, &self.wanted.conference) {
            (What::Started(_) | What::Joined(_), None) => true,
            (What::Joined(arrival), Some(wanted)) => arrival.conference.as_ref() == Some(wanted),
            _ => false,
        };
        if let What::Joined(arrival) = &event.what
            && let Some(conference) = &arrival.conference
            && self.conferences.len() < NAMED
            && !self.conferences.contains(conference)
        {
            self.conferences.push(conference.clone());
        }
        let silence = self.wanted.silence;
        if let Some(sitting) = self.current.as_mut().filter(|sitting| event.at.since(sitting.last) < silence) {
            if let Some(calls) = &mut sitting.calls {
                if begins {
                    calls.insert(call.clone());
                } else if !calls.contains(call) {
                    return None;
                }
            }
            sitting.until = event.seq;
            sitting.last = sitting.last.max(event.at);
            return None;
        }
        if !begins {
            return None;
        }
        let calls = self.wanted.conference.as_ref().map(|_| HashSet::from([call.clone()]));
        let next = Sitting { after: Seq(event.seq.0.saturating_sub(1)), until: event.seq, first: event.at, last: event.at, calls };
        let over = self.current.replace(next)?;
        if self.wanted.from.is_some_and(|from| from <= over.last) { Some(over) } else { None }
    }
}

#[cfg(test)]
mod tests;
