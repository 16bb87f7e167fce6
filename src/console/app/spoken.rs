//! What is asked for in words instead of with keys: a command, and whom it is about named outright. Cursor, marks and
//! the filter choose nobody here, and are left as they are.

use std::time::Duration;

use super::{App, Dialog, Effect, Tone};
use crate::conference::ConferenceId;
use crate::conference::event::{Banned, Lifted, Mode, Named, What};
use crate::conference::roster::CallId;
use crate::console::command::{self, Command};
use crate::console::keys::{Chord, Key};
use crate::phone::Number;

/// Callers that a question lists by name before it counts the rest.
const NAMED: usize = 6;

/// Something asked for in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spoken {
    /// A command about nobody in particular.
    Run(Command),
    /// A command about these callers.
    About(Command, Vec<CallId>),
    /// A command about this conference; a mode is to be on or off, or the other way round from now.
    In(Command, ConferenceId, Option<bool>),
    /// This caller's name, for this and later calls; empty takes it away.
    Name(CallId, String),
    /// Ban this caller's number, for this reason, which may be empty; `for 2h` before it ends the ban after that time.
    Ban(CallId, String),
    /// Lift the ban of this number.
    Lift(Number),
    /// List only whom this filter finds; empty for everybody.
    Filter(String),
    /// Show this conference; none for all.
    Show(Option<ConferenceId>),
    /// The answer to the open question.
    Answer(String),
    /// There is no more to be asked for: quit.
    End,
}

/// `for 2h shouting`: how long a ban lasts, and why. Without a time it is for good.
fn how_long(reason: &str) -> Result<(Option<Duration>, &str), String> {
    let Some(rest) = reason.strip_prefix("for ").filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit())) else {
        return Ok((None, reason));
    };
    let (time, reason) = rest.split_once(' ').unwrap_or((rest, ""));
    Ok((super::order::lasts(time)?, reason))
}

impl App {
    /// Does what was asked for in words, or says why not.
    pub(super) fn spoken(&mut self, spoken: Spoken) -> Vec<Effect> {
        let newest = self.newest_batch();
        let effects = match spoken {
            Spoken::Run(command) => self.run(command),
            Spoken::About(command, ids) => self.about(command, &ids),
            Spoken::In(command, conference, wanted) => self.run_in(command, conference, wanted),
            Spoken::Name(id, name) => self.change(Command::Name, |app| app.name_spoken(id, &name)),
            Spoken::Ban(id, reason) => self.change(Command::Ban, |app| app.ban_spoken(id, &reason)),
            // To lift a ban kicks nobody: it is taken as an exemption is.
            Spoken::Lift(number) => self.change(Command::Exempt, |app| app.lift(number)),
            Spoken::Filter(text) => {
                self.filter(&text);
                Vec::new()
            }
            Spoken::Show(conference) => {
                self.show_conference(conference);
                Vec::new()
            }
            Spoken::Answer(answer) => return self.answer(&answer, newest),
            Spoken::End if self.leaving => Vec::new(),
            Spoken::End => self.quit(),
        };
        if let Some(question) = self.question() {
            self.say(Tone::Plain, question);
        }
        self.tell_bulk(newest);
        effects
    }

    /// Runs a change that needs no cursor, unless this console changes nothing.
    fn change(&mut self, command: Command, act: impl FnOnce(&mut Self) -> Result<Vec<Effect>, String>) -> Vec<Effect> {
        let result = match self.why_not_now(command) {
            Some(why) => Err(why),
            None => act(self),
        };
        result.unwrap_or_else(|why| {
            self.say(Tone::Warning, why);
            Vec::new()
        })
    }

    fn about(&mut self, command: Command, ids: &[CallId]) -> Vec<Effect> {
        match command {
            Command::Mute | Command::Unmute | Command::Kick | Command::Again => self.change(command, |app| app.ask_named(command, ids)),
            _ => ids.iter().flat_map(|id| self.at(*id, |app| app.run(command))).collect(),
        }
    }

    /// Does something as if the cursor were on a caller and nobody marked.
    fn at(&mut self, id: CallId, act: impl FnOnce(&mut Self) -> Vec<Effect>) -> Vec<Effect> {
        if self.roster.get(id).is_none() {
            self.say(Tone::Warning, "that caller has left and is off the list");
            return Vec::new();
        }
        let before = (self.cursor.replace(id), std::mem::take(&mut self.marks));
        let effects = act(self);
        (self.cursor, self.marks) = before;
        effects
    }

    /// Does something as if a conference were the one that is shown.
    fn run_in(&mut self, command: Command, conference: ConferenceId, wanted: Option<bool>) -> Vec<Effect> {
        let mode = match command {
            Command::Lecture => Some(Mode::Lecture),
            Command::Lock => Some(Mode::Lock),
            _ => None,
        };
        let stands = mode.map(|mode| (mode, self.roster.mode(&conference, mode).is_some()));
        if let (Some((mode, stands)), Some(wanted)) = (stands, wanted)
            && stands == wanted
            && self.why_not_now(command).is_none()
        {
            self.say(Tone::Plain, format!("{} is {} in {conference} already", mode.words(), if stands { "on" } else { "off" }));
            return Vec::new();
        }
        let before = self.view.conference.replace(conference);
        let effects = self.run(command);
        self.view.conference = before;
        effects
    }

    fn name_spoken(&mut self, id: CallId, name: &str) -> Result<Vec<Effect>, String> {
        let call = self.roster.get(id).ok_or("that caller has left and is off the list")?;
        let name = crate::text::clean_field(name);
        if self.roster.name(call).unwrap_or_default() == name {
            return Err(format!("{} has that name already", self.label(call)));
        }
        let named = Named { call: call.call_key(), number: call.number, name: name.into(), by: self.settings.moderator.clone() };
        Ok(vec![Effect::Append(What::Named(named))])
    }

    fn ban_spoken(&mut self, id: CallId, reason: &str) -> Result<Vec<Effect>, String> {
        let call = self.roster.get(id).ok_or("that caller has left and is off the list")?;
        let number = call.number.ok_or_else(|| format!("{} has no number: only a number can be banned", self.label(call)))?;
        let (lasts, reason) = how_long(reason)?;
        let until = lasts.map(|lasts| self.now.plus(lasts));
        let reason = crate::text::clean_field(reason).into();
        Ok(vec![Effect::Append(What::Banned(Banned { number, reason, until, by: self.settings.moderator.clone() }))])
    }

    fn lift(&mut self, number: Number) -> Result<Vec<Effect>, String> {
        if self.roster.people().ban(number, self.now).is_none() {
            return Err(format!("{} is not banned", self.show(&number.e164())));
        }
        Ok(vec![Effect::Append(What::Lifted(Lifted { number, by: self.settings.moderator.clone() }))])
    }

    /// The answer to the open question: the same presses that a dialog on the screen takes.
    fn answer(&mut self, answer: &str, newest: Option<u64>) -> Vec<Effect> {
        let Some(dialog) = &self.dialog else { return Vec::new() };
        let (yes, many) = (answer.eq_ignore_ascii_case("yes"), matches!(dialog, Dialog::Kick(kick) if kick.typed.is_some()));
        let presses: Vec<_> = match (many, yes) {
            (true, _) if !answer.is_empty() && answer.len() < 9 && answer.bytes().all(|byte| byte.is_ascii_digit()) => {
                answer.chars().map(Chord::char).chain([Chord::plain(Key::Enter)]).collect()
            }
            (false, true) => vec![Chord::char('y')],
            _ => vec![Chord::plain(Key::Esc)],
        };
        if matches!(dialog, Dialog::Quit) && !yes {
            self.say(Tone::Plain, "confmod goes on");
        }
        let effects = presses.into_iter().flat_map(|press| self.press(press)).collect();
        self.tell_bulk(newest);
        effects
    }

    /// What an open dialog asks, in one sentence.
    fn question(&self) -> Option<String> {
        Some(match self.dialog.as_ref()? {
            Dialog::Kick(kick) => {
                let (count, names) = (kick.targets.len(), self.names(&kick.targets, NAMED));
                match (&kick.typed, count) {
                    (Some(_), _) => format!("kick {count} callers: {names}? type {count}"),
                    (None, 1) => format!("kick {names}? type yes"),
                    (None, _) => format!("kick {count} callers: {names}? type yes"),
                }
            }
            Dialog::Quit => {
                let inside = super::plural(self.roster.all().inside as usize, "caller is in and stays in", "callers are in and stay in");
                format!("quit? {inside}; who comes or leaves after this is not known. type yes")
            }
            Dialog::ClearHands(conference) => {
                let hands = super::plural(self.roster.hands(conference).len(), "hand", "hands");
                format!("lower all hands of {conference}, {hands}? type yes")
            }
            _ => "are you sure? type yes".to_owned(),
        })
    }

    fn newest_batch(&self) -> Option<u64> {
        self.batches.all.last_key_value().map(|(id, _)| *id)
    }

    /// Many asks take a while: it is said that they have begun, and how to stop them.
    fn tell_bulk(&mut self, before: Option<u64>) {
        let begun = self.batches.all.last_key_value().filter(|(id, batch)| Some(**id) > before && batch.is_bulk());
        if let Some((_, batch)) = begun {
            let (word, count, pace) = (batch.action.word(), batch.members.len(), self.settings.pace);
            self.say(Tone::Plain, format!("asking to {word} {count} callers, {pace} a second; stop stops it"));
        }
    }

    /// Whether a single ask of this console has no answer yet.
    #[must_use]
    pub fn has_single_asks(&self) -> bool {
        self.batches.all.values().any(|batch| !batch.is_bulk() && batch.runs())
    }

    /// Why a command cannot be used now, whoever it is about.
    pub(super) fn why_not_now(&self, command: Command) -> Option<String> {
        let read_only = self.why_read_only().filter(|_| command::entry_of(command).dangerous);
        let read_only = read_only.or_else(|| self.why_no_kick(command));
        read_only.or_else(|| (self.leaving && command != Command::Quit).then(|| "confmod is quitting".into()))
    }
}
