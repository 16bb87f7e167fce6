//! What can be asked of a roster. Nothing here changes it.

use super::{CallId, Counts, Participant, Roster, Waiting};
use crate::conference::event::{Mode, Seq};
use crate::conference::modes::{InForce, Modes};
use crate::conference::people::{NameFrom, People};
use crate::conference::{CallKey, ConferenceId};
use crate::phone::Number;

impl Roster {
    /// A call by its row's identity.
    #[must_use]
    pub fn get(&self, id: CallId) -> Option<&Participant> {
        self.calls.get(id)
    }

    /// The row of a call.
    #[must_use]
    pub fn find(&self, key: &CallKey) -> Option<CallId> {
        self.index.find(&self.calls, key.as_str()).ok()
    }

    /// All rows in order of arrival, those that are gone included.
    pub fn iter(&self) -> impl Iterator<Item = (CallId, &Participant)> {
        self.calls.iter()
    }

    /// The name to show: a moderator's before the caller's own.
    #[must_use]
    pub fn name<'a>(&'a self, call: &'a Participant) -> Option<&'a str> {
        let given = call.number.and_then(|number| self.people.name(number));
        given.or(call.given_name()).or(call.said_name())
    }

    /// Where the name to show is from.
    #[must_use]
    pub fn name_from(&self, call: &Participant) -> Option<NameFrom> {
        let given = call.number.and_then(|number| self.people.name_from(number));
        given.or(call.given_name().map(|_| NameFrom::Moderator)).or(call.said_name().map(|_| NameFrom::Callback))
    }

    /// What is known of people by their numbers.
    #[must_use]
    pub fn people(&self) -> &People {
        &self.people
    }

    /// Whether lecture mode and lock spare a call: by its number, else by itself.
    #[must_use]
    pub fn is_exempt(&self, call: &Participant) -> bool {
        call.number.map_or(call.exempt, |number| self.people.is_exempt(number))
    }

    /// A mode of a conference, where it holds.
    #[must_use]
    pub fn mode(&self, conference: &ConferenceId, mode: Mode) -> Option<&InForce> {
        self.modes.get(conference, mode)
    }

    /// All modes that hold.
    #[must_use]
    pub fn modes(&self) -> &Modes {
        &self.modes
    }

    /// The raised hands of a conference in their order, the next one first.
    #[must_use]
    pub fn hands(&self, conference: &ConferenceId) -> &[CallId] {
        self.hands.queue(conference)
    }

    /// The conferences in which a hand is up or somebody has the floor, by their numbers.
    #[must_use]
    pub fn conferences_with_hands(&self) -> Vec<&ConferenceId> {
        self.hands.conferences()
    }

    /// The place of a raised hand in its conference, from 1.
    #[must_use]
    pub fn hand_place(&self, id: CallId) -> Option<usize> {
        let call = self.calls.get(id).filter(|call| call.hand().is_some())?;
        self.hands.queue(call.conference.as_ref()?).iter().position(|other| *other == id).map(|place| place + 1)
    }

    /// Who has the floor of a conference.
    #[must_use]
    pub fn floor(&self, conference: &ConferenceId) -> Option<CallId> {
        self.hands.floor(conference)
    }

    /// Whether any call on the line may share its number with another one.
    #[must_use]
    pub fn shares_numbers(&self) -> bool {
        self.index.shares()
    }

    /// How many calls on the line have this call's number, itself included.
    #[must_use]
    pub fn sharing(&self, call: &Participant) -> usize {
        call.number.filter(|_| call.is_live()).map_or(0, |number| self.index.sharing(number))
    }

    /// How many calls on the line have a number.
    #[must_use]
    pub fn on_the_line(&self, number: Number) -> usize {
        self.index.on_the_line(&self.calls, number)
    }

    /// The conferences in the order they were first heard of, with their counts.
    #[must_use]
    pub fn conferences(&self) -> &[(ConferenceId, Counts)] {
        self.rooms.all()
    }

    /// The counts of one conference; none where no row is known to have been in it.
    #[must_use]
    pub fn counts(&self, conference: &ConferenceId) -> Option<Counts> {
        self.rooms.get(conference)
    }

    /// The counts over all conferences and those in none.
    #[must_use]
    pub fn all(&self) -> Counts {
        self.all
    }

    /// An ask without an answer.
    #[must_use]
    pub fn waiting(&self, ask: Seq) -> Option<&Waiting> {
        self.waiting.get(&ask)
    }

    /// Asks that are on their way or waiting.
    pub fn asks_without_answer(&self) -> impl Iterator<Item = &Waiting> {
        self.waiting.values()
    }

    /// How many asks are on their way or waiting.
    #[must_use]
    pub fn asks_waiting(&self) -> usize {
        self.waiting.len()
    }
}
