//! Asking the provider for something: who can be asked for what, and why not. A dialog's target is looked
//! at again when it is confirmed; nobody is acted on who is not who was named.

use std::time::Duration;

use super::dialog::Target;
use super::{App, Dialog, Effect, Tone};
use crate::conference::event::{Ask, Cause, What};
use crate::conference::roster::{CallId, Participant, Presence};
use crate::conference::{Action, Moment, Outcome};
use crate::config::{Kick, Withheld};
use crate::console::command::{self, Command};

/// A key held down repeats: the same ask for the same caller so soon is the same press.
pub(super) const ONE_PRESS: Duration = Duration::from_millis(500);

/// How long a kick waits when it is set to count down instead of asking.
const COUNTDOWN: Duration = Duration::from_secs(3);

/// A kick that goes out when its time is up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Countdown {
    /// Whom it is about.
    pub target: Target,
    /// When it goes out.
    pub until: Moment,
}

/// The action of a command that asks the provider for one.
fn action_of(command: Command) -> Option<Action> {
    match command {
        Command::Mute => Some(Action::Mute),
        Command::Unmute => Some(Action::Unmute),
        Command::Kick => Some(Action::Kick),
        _ => None,
    }
}

/// What `r` would ask again: the last ask, where it failed or nobody knows.
fn action_again(call: &Participant) -> Option<Action> {
    let ask = call.ask.as_ref()?;
    matches!(ask.ended.as_ref()?.outcome, Outcome::Refused | Outcome::NotDelivered | Outcome::Unknown).then_some(ask.action)
}

impl App {
    /// Why a command cannot be used now, as a sentence; none when it can.
    #[must_use]
    pub fn why_disabled(&self, command: Command) -> Option<String> {
        if self.settings.read_only && command::entry_of(command).dangerous {
            return Some("this console is read-only; start it without --read-only to act".into());
        }
        if self.leaving && command != Command::Quit {
            return Some("confmod is quitting".into());
        }
        let needs_caller = matches!(
            command,
            Command::Mute
                | Command::Unmute
                | Command::Kick
                | Command::Mark
                | Command::Again
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
            Command::Again => match action_again(call) {
                Some(action) => self.why_not(call, action),
                None => Some(format!("nothing failed for {}", self.label(call))),
            },
            _ => action_of(command).map_or_else(|| self.why_no_order(command), |action| self.why_not(call, action)),
        }
    }

    /// Why a caller cannot be asked for, as a sentence.
    pub(super) fn why_not(&self, call: &Participant, action: Action) -> Option<String> {
        let who = self.label(call);
        match call.presence {
            Presence::Calling => return Some(format!("{who} is still calling: in no conference yet")),
            Presence::Left => return Some(format!("{who} has left")),
            Presence::Kicked if !(call.called_back && action == Action::Kick) => {
                return Some(format!("{who} was kicked{}", if call.called_back { " and called back: k kicks again" } else { "" }));
            }
            Presence::Kicked | Presence::In => {}
        }
        if call.conference.is_none() {
            return Some(format!("{who} is in no conference"));
        }
        self.wire_number(call).is_none().then(|| match &call.instead {
            Some(instead) if crate::phone::is_placeholder(instead) => {
                format!("{who} has no E164: the join URL sent {instead}")
            }
            _ => format!("{who} withheld the number, and the provider needs E164"),
        })
    }

    /// What goes out as E164.
    pub(super) fn wire_number(&self, call: &Participant) -> Option<Box<str>> {
        match (call.number, self.settings.withheld) {
            (Some(number), _) => Some(number.digits().into()),
            (None, Withheld::Send) => call.instead.clone(),
            (None, Withheld::Refuse) => None,
        }
    }

    /// `m` and `u`: asks at once. `k`: asks the moderator first.
    pub(super) fn act(&mut self, command: Command) -> Vec<Effect> {
        let (Some(action), Some(target)) = (action_of(command), self.target()) else { return Vec::new() };
        match (action, self.settings.kick) {
            (Action::Kick, Kick::Dialog) => self.dialog = Some(Dialog::Kick(target)),
            (Action::Kick, Kick::Countdown) if self.countdown.is_some() => {
                self.say(Tone::Warning, "a kick is counting down already; Esc stops it");
            }
            (Action::Kick, Kick::Countdown) => {
                self.countdown = Some(Countdown { target, until: self.now.plus(COUNTDOWN) });
            }
            (Action::Mute | Action::Unmute, _) if self.is_held_down(action) => {}
            (Action::Mute | Action::Unmute, _) => return self.ask(target.id, action),
        }
        Vec::new()
    }

    fn is_held_down(&self, action: Action) -> bool {
        let last = self.selected().and_then(|call| call.ask.as_ref());
        last.is_some_and(|last| last.ended.is_none() && last.action == action && self.now.since(last.at) < ONE_PRESS)
    }

    /// `r`: the last ask once more. A kick is confirmed again.
    pub(super) fn again(&mut self) -> Vec<Effect> {
        match self.selected().and_then(action_again) {
            Some(Action::Kick) => self.act(Command::Kick),
            Some(Action::Mute) => self.act(Command::Mute),
            Some(Action::Unmute) => self.act(Command::Unmute),
            None => Vec::new(),
        }
    }

    /// The caller under the cursor, in this stay.
    pub(super) fn target(&self) -> Option<Target> {
        let id = self.cursor?;
        Some(Target { id, stays: self.roster.get(id)?.stays })
    }

    /// `y`, or the end of a countdown: kicks exactly the caller that was named, if that is still so.
    pub(super) fn kick(&mut self, target: Target) -> Vec<Effect> {
        let refusal = match self.roster.get(target.id) {
            None => Some("the caller is gone: nothing was sent".to_owned()),
            Some(call) if call.stays != target.stays => Some(format!("{} left and joined anew: nothing was sent", self.label(call))),
            Some(call) => self.why_not(call, Action::Kick).map(|why| format!("{why}: nothing was sent")),
        };
        match refusal {
            Some(why) => {
                self.say(Tone::Warning, why);
                Vec::new()
            }
            None => self.ask(target.id, Action::Kick),
        }
    }

    /// Ends a countdown whose time is up.
    pub(super) fn count_down(&mut self) -> Vec<Effect> {
        match self.countdown {
            Some(countdown) if countdown.until <= self.now => {
                self.countdown = None;
                self.kick(countdown.target)
            }
            _ => Vec::new(),
        }
    }

    fn ask(&mut self, id: CallId, action: Action) -> Vec<Effect> {
        self.roster.get(id).and_then(|call| self.asked(call, action, Cause::Key)).into_iter().collect()
    }

    /// An ask for a caller, where one can be made.
    pub(super) fn asked(&self, call: &Participant, action: Action, cause: Cause) -> Option<Effect> {
        Some(Effect::Append(What::Asked(Ask {
            action,
            call: call.key.clone(),
            conference: call.conference.clone()?,
            number: self.wire_number(call)?,
            by: self.settings.moderator.clone(),
            cause,
            rule: None,
            joined: call.joined,
        })))
    }
}
