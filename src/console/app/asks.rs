//! Asking the provider for something: who can be asked for what, and why not.

use std::time::Duration;

use smol_str::SmolStr;

use super::dialog::Target;
use super::whom::Whom;
use super::{App, Effect, Tone};
use crate::conference::Action;
use crate::conference::event::{Ask, Cause};
use crate::conference::roster::{CallId, Participant, Presence};
use crate::config::Withheld;
use crate::console::command::Command;

/// A key held down repeats: the same ask for the same caller so soon is the same press.
pub(super) const ONE_PRESS: Duration = Duration::from_millis(500);

/// The action of a command that asks the provider for one.
pub(super) fn action_of(command: Command) -> Option<Action> {
    match command {
        Command::Mute => Some(Action::Mute),
        Command::Unmute => Some(Action::Unmute),
        Command::Kick => Some(Action::Kick),
        _ => None,
    }
}

/// What `r` would ask again: the last ask, where it failed or nobody knows.
fn action_again(call: &Participant) -> Option<Action> {
    call.ask().filter(|ask| ask.has_failed()).map(|ask| ask.action)
}

impl App {
    /// Whether a command cannot be used now. For drawing: no sentence is made of thousands of marked callers.
    #[must_use]
    pub fn is_disabled(&self, command: Command) -> bool {
        match command {
            Command::Mute | Command::Unmute | Command::Kick => self.why_not_now(command).is_some() || !self.anybody(|_| action_of(command)),
            Command::Again => self.why_not_now(command).is_some() || self.roster.all().failed == 0 || !self.anybody(action_again),
            _ => self.why_disabled(command).is_some(),
        }
    }

    /// Why a command cannot be used now, as a sentence; none when it can.
    #[must_use]
    pub fn why_disabled(&self, command: Command) -> Option<String> {
        if let Some(why) = self.why_not_now(command) {
            return Some(why);
        }
        match command {
            Command::Mute | Command::Unmute | Command::Kick => return self.why_nobody(|_| action_of(command)),
            Command::Again => return self.why_nobody(action_again),
            Command::TakeBack if !self.can_take_back() => return Some("there is no mute or unmute to take back".into()),
            Command::Report if self.reporting => return Some("a report is being written already".into()),
            _ => {}
        }
        let needs_caller = matches!(
            command,
            Command::Mark
                | Command::Hand
                | Command::HandFirst
                | Command::Exempt
                | Command::Ban
                | Command::Name
                | Command::Remove
                | Command::Copy
        );
        if !needs_caller {
            return self.why_no_order(command);
        }
        let Some(call) = self.selected() else { return Some("nobody is under the cursor".into()) };
        match command {
            Command::Copy if call.number.is_none() => Some(format!("{} has no number to copy", self.label(call))),
            Command::Mark if !(call.is_live() || call.called_back || self.marks.has(self.cursor?)) => {
                let went = if call.presence == Presence::Kicked { "was kicked" } else { "has left" };
                Some(format!("{} {went}", self.label(call)))
            }
            _ => self.why_no_order(command),
        }
    }

    /// Why a caller cannot be asked for, as a sentence.
    pub(super) fn why_not(&self, call: &Participant, action: Action) -> Option<String> {
        if let Some(why) = self.why_not_here(action) {
            return Some(why);
        }
        // Of all who are marked most can be asked for, and need no name for it.
        let who = || self.label(call);
        match call.presence {
            Presence::Calling => return Some(format!("{} is still calling: in no conference yet", who())),
            Presence::Left => return Some(format!("{} has left", who())),
            Presence::Kicked if !(call.called_back && action == Action::Kick) => {
                return Some(format!("{} was kicked{}", who(), if call.called_back { " and called back: k kicks again" } else { "" }));
            }
            Presence::Kicked | Presence::In => {}
        }
        if call.conference.is_none() {
            return Some(format!("{} is in no conference", who()));
        }
        self.wire_number(call).is_none().then(|| match call.instead() {
            Some(instead) if crate::phone::is_placeholder(instead) => {
                format!("{} has no E164: the join URL sent {instead}", who())
            }
            _ => format!("{} withheld the number, and the provider needs E164", who()),
        })
    }

    /// What goes out as E164.
    pub(super) fn wire_number(&self, call: &Participant) -> Option<SmolStr> {
        match (call.number, self.settings.withheld) {
            (Some(number), _) => Some(number.digits().into()),
            (None, Withheld::Send) => call.instead().map(Into::into),
            (None, Withheld::Refuse) => None,
        }
    }

    /// `m` and `u`: asks at once. `k`: asks the moderator first.
    pub(super) fn act(&mut self, command: Command) -> Vec<Effect> {
        let action = action_of(command);
        if self.marks.is_empty() && action.is_some_and(|action| self.is_held_down(action)) {
            return Vec::new();
        }
        self.ask_for_whom(|_| action)
    }

    /// `r`: the last ask once more, where it failed. A kick is confirmed again.
    pub(super) fn again(&mut self) -> Vec<Effect> {
        self.ask_for_whom(action_again)
    }

    fn ask_for_whom(&mut self, action: impl Fn(&Participant) -> Option<Action>) -> Vec<Effect> {
        match self.whom(action) {
            Ok(whom) => self.ask_whom(&whom),
            Err(why) => {
                self.say(Tone::Warning, why);
                Vec::new()
            }
        }
    }

    /// Asks for callers who were named, whatever is marked or listed. Without an action, for the last one again.
    pub(super) fn ask_named(&mut self, command: Command, ids: &[CallId]) -> Result<Vec<Effect>, String> {
        let whom = match action_of(command) {
            Some(action) => self.whom_named(ids, |_| Some(action)),
            None => self.whom_named(ids, action_again),
        }?;
        Ok(self.ask_whom(&whom))
    }

    fn ask_whom(&mut self, whom: &Whom) -> Vec<Effect> {
        if let Some(passed_over) = whom.passed_over() {
            self.say(Tone::Warning, format!("not asked for: {passed_over}"));
        }
        let (kicks, others): (Vec<_>, Vec<_>) = whom.targets.iter().partition(|(_, action)| *action == Action::Kick);
        if !kicks.is_empty() {
            let kicks: Vec<_> = kicks.into_iter().map(|(target, _)| target).collect();
            self.begin_kick(kicks, whom.marked && others.is_empty());
        }
        let effects = self.ask_all(&others, whom.marked);
        if whom.marked && !others.is_empty() {
            self.unmark_listed();
        }
        effects
    }

    fn is_held_down(&self, action: Action) -> bool {
        let last = self.selected().and_then(|call| call.ask());
        last.is_some_and(|last| last.ended.is_none() && last.action == action && self.now.since(last.at) < ONE_PRESS)
    }

    /// The caller under the cursor, in this stay.
    pub(super) fn target(&self) -> Option<Target> {
        let id = self.cursor?;
        Some(Target { id, stays: self.roster.get(id)?.stays })
    }

    /// The ask for a caller; none where nothing can go out.
    pub(super) fn ask_for(&self, id: CallId, action: Action, cause: Cause) -> Option<Ask> {
        let call = self.roster.get(id)?;
        Some(Ask {
            action,
            call: call.call_key(),
            conference: call.conference.clone()?,
            number: self.wire_number(call)?,
            by: self.settings.moderator.clone(),
            cause,
            rule: None,
            joined: call.joined,
        })
    }
}
