//! One call in one conference as it is watched: when it was in, muted, had a hand up. What counts as any of
//! that is the roster's to say; here it is only noted when the roster's answer changes.

use crate::conference::roster::{Participant, Presence};
use crate::conference::{CallKey, ConferenceId, Moment};

use super::record::Span;

/// What the roster says of a call, as far as a report cares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// The conference whose room the call is in.
    pub(super) room: Option<ConferenceId>,
    pub(super) stays: u16,
    pub(super) muted: bool,
    pub(super) hand: bool,
    pub(super) kicked: bool,
}

impl Seen {
    pub(super) fn of(call: &Participant) -> Self {
        // As the roster counts: who was kicked and called back is in the room again.
        let present = call.presence == Presence::In || call.called_back;
        Self {
            room: call.conference.clone().filter(|_| present),
            stays: call.stays,
            muted: call.presence == Presence::In && call.muted,
            hand: present && call.hand().is_some(),
            kicked: call.presence == Presence::Kicked,
        }
    }
}

/// A stretch that may not have ended.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    from: Moment,
    to: Option<Moment>,
    /// Which of the call's stays it belongs to; only told apart from the one before.
    stay: u32,
}

/// Stretches one after the other, of which the last may be open.
#[derive(Clone, Debug, Default)]
pub(super) struct Stretches(Vec<Stretch>);

impl Stretches {
    pub(super) fn set(&mut self, on: bool, at: Moment, stay: u32) {
        match (self.open(), on) {
            (None, true) => self.0.push(Stretch { from: at, to: None, stay }),
            (Some(open), false) => open.to = Some(at.max(open.from)),
            _ => {}
        }
    }

    fn open(&mut self) -> Option<&mut Stretch> {
        self.0.last_mut().filter(|stretch| stretch.to.is_none())
    }

    pub(super) fn is_open(&self) -> bool {
        self.0.last().is_some_and(|stretch| stretch.to.is_none())
    }

    /// The first beginning and, where it has ended, the last end.
    pub(super) fn ends(&self) -> Option<(Moment, Option<Moment>)> {
        Some((self.0.first()?.from, self.0.last()?.to))
    }

    /// What of them lies between two moments, with its stay. One that is open ends where `now` is.
    pub(super) fn within(&self, since: Moment, until: Moment, now: Moment) -> Vec<(Span, u32)> {
        let inside = |stretch: &Stretch| {
            let to = stretch.to.unwrap_or(now.max(stretch.from));
            let touches = stretch.from <= until && (to > since || stretch.from >= since);
            touches.then(|| (Span { from: stretch.from.max(since), to: to.min(until) }, stretch.stay))
        };
        self.0.iter().filter_map(inside).collect()
    }
}

/// A call's presence in one conference.
#[derive(Clone, Debug)]
pub(super) struct Track {
    pub(super) key: CallKey,
    pub(super) conference: ConferenceId,
    pub(super) present: Stretches,
    pub(super) muted: Stretches,
    pub(super) raised: Stretches,
    /// Whether the last end was a kick.
    pub(super) kicked: bool,
    stay: u32,
    /// The latest moment that was noted: clocks are set back, and time in a report is not.
    latest: Moment,
}

impl Track {
    pub(super) fn new(key: CallKey, conference: ConferenceId) -> Self {
        let none = Stretches::default();
        Self { key, conference, present: none.clone(), muted: none.clone(), raised: none, kicked: false, stay: 0, latest: Moment(i64::MIN) }
    }

    /// Ends whatever is open.
    pub(super) fn close(&mut self, at: Moment, kicked: bool) {
        self.kicked = kicked;
        let at = self.pass(at);
        for stretches in [&mut self.present, &mut self.muted, &mut self.raised] {
            stretches.set(false, at, self.stay);
        }
    }

    /// Takes what the roster says now. `anew` begins another stay.
    pub(super) fn note(&mut self, seen: &Seen, at: Moment, anew: bool) {
        self.stay += u32::from(anew);
        let at = self.pass(at);
        self.present.set(true, at, self.stay);
        self.muted.set(seen.muted, at, self.stay);
        self.raised.set(seen.hand, at, self.stay);
    }

    fn pass(&mut self, at: Moment) -> Moment {
        self.latest = self.latest.max(at);
        self.latest
    }
}
