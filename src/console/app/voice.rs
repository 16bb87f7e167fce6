//! A console that is heard and not seen: the numbers that callers have for typing, and every sentence until it is
//! taken to be printed. A console on a screen has none of this.

use std::collections::{BTreeMap, HashMap};

use super::{App, LOOKED_UP, Tone};
use crate::conference::Moment;
use crate::conference::roster::{CallId, Change, Participant};
use crate::config::Kick;
use crate::phone;

/// A sentence to be printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// When it happened; none for the answer to something that was typed.
    pub at: Option<Moment>,
    /// How it sounds.
    pub tone: Tone,
    /// The sentence.
    pub text: String,
}

/// Numbers and sentences of a console that is heard.
#[derive(Clone, Debug, Default)]
pub(super) struct Voice {
    /// Whom each number means, from 1, as long as anything is known of the caller; a number is never given twice.
    ids: BTreeMap<u32, CallId>,
    numbers: HashMap<CallId, u32>,
    /// The last number that was given.
    given: u32,
    said: Vec<Heard>,
    /// Whether what was before this console began has all come: only then is there something to say.
    began: bool,
}

impl Voice {
    fn number(&mut self, id: CallId) {
        if let std::collections::hash_map::Entry::Vacant(place) = self.numbers.entry(id) {
            self.given += 1;
            self.ids.insert(self.given, id);
            place.insert(self.given);
        }
    }

    /// Everything is told anew: nothing is said until it has come. Numbers stay, because calls come in the same order.
    pub(super) fn silenced(self) -> Self {
        Self { began: false, ..self }
    }

    fn hear(&mut self, at: Option<Moment>, tone: Tone, text: &str) {
        if !self.began {
            return;
        }
        // The status line and the events pane often say the same; once is enough, with its time.
        if let (Some(_), Some(last)) = (at, self.said.last_mut())
            && last.at.is_none()
            && text.ends_with(&last.text)
        {
            *last = Heard { at, tone, text: text.to_owned() };
            return;
        }
        if self.said.last().is_none_or(|last| last.text != text) {
            self.said.push(Heard { at, tone, text: text.to_owned() });
        }
    }
}

impl App {
    /// Makes it a console that is heard: callers get numbers, sentences are kept for [`Self::take_said`], and
    /// nothing happens by time alone that only a screen shows. A kick is always asked about: three seconds may not be
    /// enough to have a sentence read out.
    #[must_use]
    pub fn heard(self) -> Self {
        let kick = if self.settings.kick == Kick::Countdown { Kick::Dialog } else { self.settings.kick };
        let settings = super::Settings { kick, ..self.settings };
        Self { voice: Some(Voice::default()), settings, ..self }
    }

    /// Whether it is heard and not seen.
    #[must_use]
    pub fn is_heard(&self) -> bool {
        self.voice.is_some()
    }

    /// Takes the sentences that were said since the last time; none on a screen.
    pub fn take_said(&mut self) -> Vec<Heard> {
        self.voice.as_mut().map(|voice| std::mem::take(&mut voice.said)).unwrap_or_default()
    }

    /// The number of a caller for typing, from 1: it stays as long as the process lives. None on a screen.
    #[must_use]
    pub fn number_of(&self, id: CallId) -> Option<u32> {
        self.voice.as_ref()?.numbers.get(&id).copied()
    }

    /// Whom a number means, also when that caller is gone; none once nothing is known of the caller any more.
    #[must_use]
    pub fn caller_of(&self, number: u32) -> Option<CallId> {
        self.voice.as_ref()?.ids.get(&number).copied()
    }

    /// Nothing is known of these callers any more.
    pub(super) fn take_numbers_back(&mut self, forgotten: impl Iterator<Item = CallId>) {
        let Some(voice) = &mut self.voice else { return };
        for id in forgotten {
            if let Some(number) = voice.numbers.remove(&id) {
                voice.ids.remove(&number);
            }
        }
    }

    /// How many numbers have been given.
    #[must_use]
    pub fn numbers_given(&self) -> u32 {
        self.voice.as_ref().map_or(0, |voice| voice.given)
    }

    pub(super) fn hear(&mut self, at: Option<Moment>, tone: Tone, text: &str) {
        if let Some(voice) = &mut self.voice {
            voice.hear(at, tone, text);
        }
    }

    /// All that was before has come: who is there gets a number, and from now on there is something to say.
    pub(super) fn begin_to_say(&mut self) {
        let Some(voice) = &mut self.voice else { return };
        voice.began = true;
        for (id, _) in self.roster.iter().filter(|(_, call)| call.is_live() || call.called_back) {
            voice.number(id);
        }
        self.look_up_all();
        if self.replay.is_some() {
            self.hear(Some(self.now), Tone::Plain, "the replay is here");
        }
    }

    /// Gives a newcomer a number, and looks up where the call is from, before anything is said of it.
    pub(super) fn introduce(&mut self, change: &Change) {
        let Some(voice) = self.voice.as_mut().filter(|voice| voice.began) else { return };
        let (Change::Added(id) | Change::Changed(id)) = change else { return };
        let Some(call) = self.roster.get(*id) else { return };
        if call.is_live() || call.called_back {
            voice.number(*id);
        }
        if let Some(number) = call.number.filter(|_| self.phones_ready) {
            self.looked_up.entry(number).or_insert_with(|| phone::describe(number));
        }
    }

    /// Looks up everybody's number, as far as that many are remembered.
    pub(super) fn look_up_all(&mut self) {
        if self.voice.is_none() || !self.phones_ready {
            return;
        }
        for number in self.roster.iter().filter_map(|(_, call)| call.number).take(LOOKED_UP) {
            self.looked_up.entry(number).or_insert_with(|| phone::describe(number));
        }
    }

    /// What is said of a caller besides the name: number and country, each with a comma before it.
    #[must_use]
    pub fn number_and_place(&self, call: &Participant) -> String {
        let Some(number) = call.number else {
            // Without a name it is what the caller is called.
            return if self.roster.name(call).is_some() { ", no number".to_owned() } else { String::new() };
        };
        let known = self.described(number);
        let written = known.map_or_else(|| number.e164(), |known| known.international.clone());
        let written = self.roster.name(call).map(|_| self.show(&written).into_owned());
        let parts = written.into_iter().chain(known.and_then(|known| known.country.clone()));
        parts.fold(String::new(), |all, part| all + ", " + &part)
    }

    /// When time alone does or says something, whatever a screen would show.
    pub(super) fn next_deed(&self) -> Option<Moment> {
        [self.silence_to_tell(), self.countdown.as_ref().map(|countdown| countdown.until), self.alerts.next(self.now)]
            .into_iter()
            .flatten()
            .min()
    }
}
