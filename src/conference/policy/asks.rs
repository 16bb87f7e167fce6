//! Asks and their ends: what a moderator changed, what a rule did, what is on its way.

use std::collections::{BTreeMap, HashMap};

use super::agenda::Entry;
use super::call::{Mark, NONE, Presence, minute};
use super::{Call, Policy, Seq};
use crate::conference::event::{Ask, Cause, Mode, Rule};
use crate::conference::{Action, CallKey, Moment, Outcome};

const LEFT: &str = "the caller left";

/// Whose ask it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A moderator's, by hand.
    Hand(Action),
    /// The floor's.
    Floor(Action),
    Rule(Rule),
}

impl Kind {
    fn of(ask: &Ask) -> Self {
        match (ask.cause, ask.rule) {
            (Cause::Key | Cause::Bulk, _) => Self::Hand(ask.action),
            (Cause::Rule(_), Some(rule)) => Self::Rule(rule),
            (Cause::Floor | Cause::Rule(_), _) => Self::Floor(ask.action),
        }
    }

    pub(super) fn action(self) -> Action {
        match self {
            Self::Hand(action) | Self::Floor(action) => action,
            Self::Rule(Rule::Lecture) => Action::Mute,
            Self::Rule(Rule::LectureEnded | Rule::Exemption) => Action::Unmute,
            Self::Rule(Rule::Lock | Rule::Ban) => Action::Kick,
        }
    }

    fn gives_back(self) -> bool {
        matches!(self, Self::Rule(Rule::LectureEnded | Rule::Exemption))
    }
}

/// An ask without an answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flying {
    pub(super) kind: Kind,
    /// For a mute of lecture mode its cause; else the silence that it ends, which is back if it never leaves.
    of: Seq,
}

impl Policy {
    /// An ask was made. Says why it must not leave: it is one of a rule that does not hold any more, or one for a
    /// caller who was gone before it.
    pub(super) fn asked(&mut self, ask: &Ask, seq: Seq) -> Option<&'static str> {
        let kind = Kind::of(ask);
        if !self.restoring
            && !matches!(kind, Kind::Rule(_))
            && let Some(why) = self.why_too_late(ask)
        {
            return Some(why);
        }
        if let Kind::Rule(rule) = kind
            && !self.restoring
            && let Some(why) = self.why_moot(ask, rule)
        {
            self.hand_back(&ask.call, rule);
            return Some(why);
        }
        if kind == Kind::Hand(Action::Mute) {
            // Who is silenced by a moderator does not speak any more.
            self.leave_floor(&ask.call);
        }
        let call = self.calls.get_mut(&ask.call)?;
        let mut of = call.silenced;
        match kind {
            Kind::Hand(action) => {
                call.owe_nothing();
                call.silenced = NONE;
                match action {
                    Action::Mute => call.set(Mark::Voiced, false),
                    Action::Unmute => call.set(Mark::Voiced, true),
                    Action::Kick => call.settle(),
                }
            }
            // It was spared for the floor, and has it no longer: from here on lecture mode holds for it.
            Kind::Floor(Action::Mute) | Kind::Rule(Rule::Lecture) => {
                if let Some((Action::Mute, cause)) = call.owed() {
                    (call.silenced, of) = (seq, cause);
                    call.owe_nothing();
                } else if kind == Kind::Rule(Rule::Lecture) {
                    call.silenced = seq;
                }
            }
            Kind::Rule(Rule::LectureEnded | Rule::Exemption) => call.owe_nothing(),
            Kind::Rule(Rule::Lock | Rule::Ban) => {
                call.set(Mark::Locked, false);
                call.set(Mark::Banned, false);
            }
            Kind::Floor(_) => {}
        }
        self.flying.insert((ask.call.clone(), seq), Flying { kind, of });
        None
    }

    /// A rule's ask does not leave after all. What it stood in the way of is looked at again.
    fn hand_back(&mut self, key: &CallKey, rule: Rule) {
        let floor = self.has_floor(key);
        let Some(call) = self.calls.get_mut(key) else { return };
        match (rule, call.owed()) {
            (Rule::Lecture, Some((Action::Mute, cause))) if floor => call.owe(Action::Mute, cause),
            (Rule::Lock | Rule::Ban, Some(_)) => {
                let now = call.since;
                self.remind(key, now);
            }
            _ => {}
        }
    }

    /// Whoever asks sees the conference as it was a moment ago; the journal's order decides. Of a call that is not
    /// known nothing speaks against it.
    #[must_use]
    pub fn why_too_late(&self, ask: &Ask) -> Option<&'static str> {
        let call = self.calls.get(&ask.call)?;
        match call.presence {
            Presence::Left => Some(LEFT),
            Presence::Kicked => Some("the caller was kicked"),
            Presence::In => {
                let elsewhere = self.room_of(call).is_some_and(|room| room.id != ask.conference);
                elsewhere.then_some("the caller is in another conference now")
            }
            Presence::Calling | Presence::Back => None,
        }
    }

    /// Between being handed out and being on disk, what an ask of a rule stood on may have gone.
    fn why_moot(&self, ask: &Ask, rule: Rule) -> Option<&'static str> {
        let Some(call) = self.calls.get(&ask.call) else { return Some(LEFT) };
        let Cause::Rule(cause) = ask.cause else { return None };
        let stands = match rule {
            Rule::Lecture if self.has_floor(&ask.call) => return Some("the caller has the floor"),
            Rule::Lecture => call.owed() == Some((Action::Mute, cause)),
            Rule::LectureEnded | Rule::Exemption => call.owed() == Some((Action::Unmute, cause)),
            Rule::Lock => call.join == cause && call.is(Mark::Locked),
            Rule::Ban => call.join == cause && call.is(Mark::Banned),
        };
        if stands {
            return None;
        }
        let holds = |mode| self.room_of(call).is_some_and(|room| self.modes.get(&room.id, mode).is_some());
        Some(match rule {
            _ if !call.is_in() => LEFT,
            Rule::Lecture if !holds(Mode::Lecture) => super::rules::LECTURE_ENDED,
            Rule::Lock if !holds(Mode::Lock) => super::rules::UNLOCKED,
            Rule::Lecture | Rule::Lock if call.is(Mark::Spared) => super::rules::EXEMPT,
            _ => "something else was asked for the caller meanwhile",
        })
    }

    /// An ask ended. To be told of one that will never leave as soon as that is decided; a later answer to it
    /// changes nothing.
    pub fn ended(&mut self, key: &CallKey, ask: Seq, outcome: Outcome, at: Moment) {
        let Some(Flying { kind, of }) = self.flying.remove(&(key.clone(), ask)) else { return };
        let Some(call) = self.calls.get_mut(key) else { return };
        if outcome == Outcome::Accepted {
            call.news = minute(at);
            match kind.action() {
                Action::Kick => return self.go(key, Presence::Kicked, at),
                action => call.set(Mark::Muted, action == Action::Mute),
            }
        } else if outcome == Outcome::Unknown && kind.action() == Action::Unmute {
            // It may speak: the next rule that wants it muted has to ask.
            call.set(Mark::Muted, false);
        }
        match outcome {
            // It may have been done: what is unknown is not asked for again by a rule.
            Outcome::Accepted | Outcome::Unknown => {
                if kind.gives_back() && call.silenced == of {
                    call.silenced = NONE;
                }
            }
            Outcome::Refused | Outcome::NotDelivered | Outcome::NotSent if call.silenced == ask => {
                call.silenced = NONE;
                if outcome == Outcome::NotSent && self.has_floor(key) {
                    // The floor's unmute took its place: lecture mode waits until the floor passes on.
                    self.owe_again(key, of);
                }
            }
            Outcome::NotSent if matches!(kind, Kind::Hand(_)) => self.take_back(key, kind, of),
            Outcome::Refused | Outcome::NotDelivered | Outcome::NotSent => {}
        }
        if kind.action() == Action::Kick {
            // Whoever is still in is muted as everybody else.
            self.remind(key, at);
        }
    }

    fn owe_again(&mut self, key: &CallKey, cause: Seq) {
        if let Some(call) = self.calls.get_mut(key) {
            call.owe(Action::Mute, cause);
        }
    }

    /// An ask by hand never left, so nobody changed anything with it.
    fn take_back(&mut self, key: &CallKey, kind: Kind, of: Seq) {
        let newer = flying_of(&mut self.flying, key).rev().find(|(_, other)| matches!(other.kind, Kind::Hand(_)));
        let Some(call) = self.calls.get_mut(key) else { return };
        match newer {
            Some((_, newer)) if newer.of == NONE => newer.of = of,
            Some(_) => {}
            None => {
                if call.silenced == NONE {
                    call.silenced = of;
                }
                if kind == Kind::Hand(Action::Unmute) {
                    call.set(Mark::Voiced, false);
                }
            }
        }
    }

    /// What a call is owed is looked at again.
    fn remind(&mut self, key: &CallKey, at: Moment) {
        let Some(call) = self.calls.get(key) else { return };
        if let Some((_, cause)) = call.owed()
            && !self.restoring
        {
            self.voices.push(Entry { due: at, order: call.join, call: key.clone(), cause, by: None });
        }
    }

    /// The newest ask of a call that has no answer.
    pub(super) fn newest(&self, key: &CallKey) -> Option<Kind> {
        self.flying.range((key.clone(), NONE)..=(key.clone(), Seq(u64::MAX))).next_back().map(|(_, flying)| flying.kind)
    }

    /// What is asked of a call from now on is about another stay.
    pub(super) fn land(&mut self, key: &CallKey) {
        if self.flying.is_empty() {
            return;
        }
        let seqs: Vec<Seq> = flying_of(&mut self.flying, key).map(|(seq, _)| seq).collect();
        for seq in seqs {
            self.flying.remove(&(key.clone(), seq));
        }
    }

    /// Asks on their way of one rule, as far as their calls are meant.
    pub(super) fn flying_by(&self, rules: &[Rule], meant: impl Fn(&Call) -> bool) -> Vec<Seq> {
        let of_rule = |flying: &Flying| matches!(flying.kind, Kind::Rule(rule) if rules.contains(&rule));
        let found = self.flying.iter().filter(|((key, _), flying)| of_rule(flying) && self.calls.get(key).is_some_and(&meant));
        let mut found: Vec<Seq> = found.map(|((_, seq), _)| *seq).collect();
        found.sort_unstable();
        found
    }

    /// Asks on their way of one call and of some rules.
    pub(super) fn flying_one(&self, key: &CallKey, rules: &[Rule]) -> Vec<Seq> {
        let of_call = self.flying.range((key.clone(), NONE)..=(key.clone(), Seq(u64::MAX)));
        of_call.filter(|(_, one)| matches!(one.kind, Kind::Rule(rule) if rules.contains(&rule))).map(|((_, seq), _)| *seq).collect()
    }

    /// Asks that went round unrecorded have a place in the journal now.
    pub(super) fn renumber(&mut self, late: &[(Seq, Seq)]) {
        if late.is_empty() || self.restoring {
            return;
        }
        let places: HashMap<Seq, Seq> = late.iter().copied().collect();
        let place = |seq: Seq| places.get(&seq).copied().unwrap_or(seq);
        let flying = std::mem::take(&mut self.flying);
        self.flying = flying.into_iter().map(|((key, seq), one)| ((key, place(seq)), Flying { of: place(one.of), ..one })).collect();
        for call in self.calls.values_mut() {
            call.silenced = place(call.silenced);
        }
    }
}

fn flying_of<'a>(
    flying: &'a mut BTreeMap<(CallKey, Seq), Flying>,
    key: &CallKey,
) -> impl DoubleEndedIterator<Item = (Seq, &'a mut Flying)> + use<'a> {
    flying.range_mut((key.clone(), NONE)..=(key.clone(), Seq(u64::MAX))).map(|((_, seq), one)| (*seq, one))
}
