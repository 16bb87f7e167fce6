//! Raised hands and the floor: who is next, who had it, and what passing it on asks for.

use crate::conference::Action;
use crate::conference::ConferenceId;
use crate::conference::event::{Cause, FloorGiven, HandMoved, HandsCleared, What};
use crate::conference::roster::{CallId, Participant};
use crate::console::app::sentences::NAME;
use crate::console::app::{App, Effect, Tone, layout};

/// One line of the list of raised hands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QueueLine {
    /// The lines after it are of this conference.
    Conference(ConferenceId),
    /// Who has the floor.
    Floor(CallId),
    /// A raised hand and its place, from 1.
    Hand(usize, CallId),
}

impl App {
    /// `h`: raises or lowers the hand of the caller under the cursor.
    pub(super) fn move_hand(&mut self) -> Vec<Effect> {
        let up = self.selected().is_some_and(|call| call.hand().is_none());
        self.hand_moved(up, false)
    }

    /// Moves the raised hand of the caller under the cursor before all others.
    pub(super) fn put_hand_first(&mut self) -> Vec<Effect> {
        self.hand_moved(true, true)
    }

    fn hand_moved(&self, up: bool, first: bool) -> Vec<Effect> {
        let Some(call) = self.selected() else { return Vec::new() };
        let moved = HandMoved { call: call.call_key(), up, first, by: Some(self.settings.moderator.clone()) };
        vec![Effect::Append(What::Hand(moved))]
    }

    /// Lowers all hands of a conference.
    pub(in crate::console::app) fn clear_hands(&self, conference: &ConferenceId) -> Vec<Effect> {
        if self.roster.hands(conference).is_empty() {
            return Vec::new();
        }
        let cleared = HandsCleared { conference: conference.clone(), by: self.settings.moderator.clone() };
        vec![Effect::Append(What::HandsCleared(cleared))]
    }

    /// The next hand whose caller can be asked for, and why those before it cannot.
    fn next_hand(&self, conference: &ConferenceId) -> (Option<CallId>, Vec<String>) {
        let mut skipped = Vec::new();
        for id in self.roster.hands(conference) {
            let Some(call) = self.roster.get(*id) else { continue };
            match self.why_not(call, Action::Unmute) {
                None => return (Some(*id), skipped),
                Some(why) => skipped.push(why),
            }
        }
        (None, skipped)
    }

    /// Why the floor cannot be given to anybody.
    pub(super) fn why_no_floor(&self) -> Option<String> {
        let conference = match self.here() {
            Ok(conference) => conference,
            Err(why) => return Some(why),
        };
        let (next, skipped) = self.next_hand(conference);
        if next.is_some() {
            return None;
        }
        let holder = self.roster.floor(conference).and_then(|id| self.roster.get(id));
        // What a narrow screen cuts off is what matters least.
        let holder = holder.map(|call| format!("; {} has the floor (m mutes)", crate::text::cut(&self.label(call), NAME, "~")));
        let why = match (&skipped[..], &holder) {
            ([], None) => format!("no hand is up in {conference}"),
            ([], Some(_)) => "no hand is up".to_owned(),
            ([why], _) => format!("cannot give the floor: {why}"),
            ([why, ..], _) => format!("cannot give the floor to any of {}: {why}", skipped.len()),
        };
        Some(why + &holder.unwrap_or_default())
    }

    /// `g`: the floor to the next hand. Who had it is muted, who gets it is unmuted.
    pub(super) fn pass_floor(&mut self) -> Vec<Effect> {
        let Ok(conference) = self.here().cloned() else { return Vec::new() };
        let (next, skipped) = self.next_hand(&conference);
        let effects = self.floor_to(&conference, next);
        for why in skipped {
            let text = format!("passed over: {why}");
            self.log(self.now, Tone::Warning, text.clone());
            self.say(Tone::Warning, text);
        }
        effects
    }

    /// Takes the floor back: who has it is muted.
    pub(super) fn take_floor_back(&mut self) -> Vec<Effect> {
        let Ok(conference) = self.here().cloned() else { return Vec::new() };
        self.floor_to(&conference, None)
    }

    fn floor_to(&self, conference: &ConferenceId, to: Option<CallId>) -> Vec<Effect> {
        let before = self.roster.floor(conference).filter(|id| Some(*id) != to);
        let next = to.and_then(|id| self.roster.get(id));
        let call = next.map(Participant::call_key);
        let given = FloorGiven { conference: conference.clone(), call, by: self.settings.moderator.clone() };
        // Who had the floor is silenced before somebody else can speak.
        let mute = before.and_then(|id| self.ask_for(id, Action::Mute, Cause::Floor));
        let unmute = to.and_then(|id| self.ask_for(id, Action::Unmute, Cause::Floor));
        let asks = mute.into_iter().chain(unmute).map(What::Asked);
        vec![Effect::AppendAll(std::iter::once(What::Floor(given)).chain(asks).collect())]
    }

    /// Whether the raised hands are shown: when that was asked for; by themselves only in a column that is
    /// there anyway, so that the table does not move.
    #[must_use]
    pub fn shows_queue(&self) -> bool {
        self.queue.unwrap_or_else(|| {
            self.size.0 >= layout::SIDE_FROM && (self.detail || self.shows_events()) && self.conferences_with_hands().next().is_some()
        })
    }

    fn conferences_with_hands(&self) -> impl Iterator<Item = &ConferenceId> {
        let shown = self.view.conference.as_ref();
        self.roster.conferences_with_hands().into_iter().filter(move |id| shown.is_none_or(|shown| shown == *id))
    }

    /// How many hands are up in what is shown.
    #[must_use]
    pub fn hands_here(&self) -> usize {
        self.conferences_with_hands().map(|id| self.roster.hands(id).len()).sum()
    }

    /// The raised hands of what is shown in their order, who has the floor on top. Where several conferences
    /// are shown, each one's name stands before its hands.
    #[must_use]
    pub fn queue_lines(&self) -> Vec<QueueLine> {
        let named = self.view.conference.is_none() && self.roster.conferences().len() > 1;
        let mut lines = Vec::new();
        for conference in self.conferences_with_hands() {
            lines.extend(named.then(|| QueueLine::Conference(conference.clone())));
            lines.extend(self.roster.floor(conference).map(QueueLine::Floor));
            lines.extend(self.roster.hands(conference).iter().zip(1..).map(|(id, place)| QueueLine::Hand(place, *id)));
        }
        lines
    }
}
