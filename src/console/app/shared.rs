//! A desk: the console of conferences that hosts and other desks share. What it may not do, and what it says when the server
//! is lost.

use smol_str::SmolStr;

use super::{App, Dialog, Tone, plural};
use crate::conference::event::{Ask, Event, Seq};
use crate::conference::health::JournalHealth as Health;
use crate::conference::{Action, Moment};
use crate::config::Kick;
use crate::console::command::Command;

/// Why nothing that would kick can be done.
const MAY_NOT_KICK: &str = "this desk may not kick";

/// What somebody at another desk asked for many at once: the line that counts them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Others {
    by: SmolStr,
    action: Action,
    /// When it was asked: all of one press have the same moment.
    at: Moment,
    /// The first of them, by which the line is found.
    first: Seq,
    count: usize,
}

impl App {
    /// Tells what another desk asks for many, in one line that counts them as they come.
    pub(super) fn tell_others(&mut self, event: &Event, ask: &Ask) {
        if self.settings.shared.is_none() || self.is_own(event.seq) {
            return;
        }
        let same = |known: &Others| known.by == ask.by && known.action == ask.action && known.at == event.at;
        let sentence = |who: &str| format!("{} asked: {} {who}", ask.by, ask.action.word());
        if let Some(others) = self.batches.others.as_mut().filter(|others| same(others)) {
            others.count += 1;
            let text = sentence(&plural(others.count, "caller", "callers"));
            if let Some(line) = self.lines.iter_mut().rev().find(|line| line.about == Some(others.first) && !line.text.is_empty()) {
                line.text = text;
            }
            return;
        }
        self.batches.others = Some(Others { by: ask.by.clone(), action: ask.action, at: event.at, first: event.seq, count: 1 });
        // How many they are is not known when the first is heard of.
        self.hear(Some(event.at), Tone::Plain, &sentence("several callers"));
        self.write_line(Some(event.seq), event.at, Tone::Plain, sentence("1 caller"));
    }

    /// Whether what is shown is what was known when the server was lost.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        matches!(self.journal, Health::Lost(_)) || self.why_rewritten().is_some()
    }

    /// Why what is shown may not have happened, where the server lost what came from it.
    fn why_rewritten(&self) -> Option<&str> {
        match &self.journal {
            Health::Failed(why) if self.settings.shared.is_some() => Some(why),
            _ => None,
        }
    }

    /// What stands across the screen while the server is lost, or has lost what is shown.
    pub(super) fn lost_banner(&self) -> Option<String> {
        if let Some(why) = self.why_rewritten() {
            let long = format!("RESTART CONFMOD: {why}. What is shown may not have happened, and nothing can be asked");
            return Some(self.fitting([long, "RESTART CONFMOD: the server has lost events that are shown here".to_owned()]));
        }
        let Health::Lost(since) = self.journal else { return None };
        let age = self.age_of(since);
        let long =
            format!("NO CONTACT WITH THE SERVER for {age}: this is what was known then. Nothing can be asked; it is tried again by itself");
        Some(self.fitting([long, format!("NO CONTACT WITH THE SERVER for {age}: this was so then; nothing can be asked")]))
    }

    /// Why nothing that changes something can be done while the server is lost.
    pub(super) fn why_lost(&self) -> Option<String> {
        let why = match self.why_rewritten() {
            Some(_) => "the server has lost events that are shown here; restart confmod",
            None => "there is no contact with the server; nothing can be asked until it is back",
        };
        self.is_lost().then(|| why.to_owned())
    }

    /// The server is lost, or back.
    pub(super) fn contact_is(&mut self, before: &Health, now: &Health) {
        let (tone, text) = match (before, now) {
            (Health::Lost(_), Health::Lost(_)) => return,
            (Health::Lost(since), _) => {
                (Tone::Plain, format!("the server is back after {}", super::sentences::length(self.now.since(*since))))
            }
            _ => (Tone::Bad, "no contact with the server: who comes or leaves is not known".to_owned()),
        };
        self.log(self.now, tone, text.clone());
        self.say(tone, text);
        self.stop_countdown();
    }

    /// A kick that counts down while the server is lost is none: who is there by then is not known.
    fn stop_countdown(&mut self) {
        if let Some(countdown) = self.countdown.take() {
            let ids: Vec<_> = countdown.targets.iter().map(|target| target.id).collect();
            self.let_go(&ids);
            self.say(Tone::Warning, "no contact with the server: nobody was kicked");
        }
    }

    /// Whether a press would have an open dialog ask or change something, while that cannot be done.
    pub(super) fn is_in_vain(&self, dialog: &Dialog, enter: bool, yes: bool) -> bool {
        let acts = match dialog {
            Dialog::Kick(kick) if kick.typed.is_none() => yes,
            Dialog::ClearHands(_) => yes,
            Dialog::Bans(list) => list.lifting.is_some() && yes,
            Dialog::Kick(_) | Dialog::Name(..) | Dialog::Ban(_) => enter,
            Dialog::Quit | Dialog::Filter(_) | Dialog::Palette(_) | Dialog::Help { .. } => false,
        };
        acts && self.is_lost()
    }

    /// Why a command that kicks, or sets a rule that does, cannot be used at this desk.
    pub(super) fn why_no_kick(&self, command: Command) -> Option<String> {
        let kicks = matches!(command, Command::Kick | Command::Lock | Command::Ban);
        (kicks && self.settings.kick == Kick::Never).then(|| MAY_NOT_KICK.to_owned())
    }

    /// Why nobody can be asked for this at this desk.
    pub(super) fn why_not_here(&self, action: Action) -> Option<String> {
        (action == Action::Kick && self.settings.kick == Kick::Never).then(|| MAY_NOT_KICK.to_owned())
    }
}
