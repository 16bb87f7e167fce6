//! What modes and bans did, as sentences: the first burst in one line, latecomers in one line each, those who
//! failed or cannot be reached by name.

use super::sentences::{Before, NAME};
use super::{App, Tone, plural};
use crate::conference::event::{Answer, Arrival, Cause, Event, Mode, ModeSet, Rule, What};
use crate::conference::roster::{Participant, Presence, Waiting};
use crate::conference::{Action, ConferenceId, Outcome};

/// Callers who are listed by name in one sentence.
const LISTED: usize = 8;

impl App {
    /// Tells an event as the work of a rule or of the floor; false when there is something left to tell.
    pub(super) fn tell_rule(&mut self, event: &Event, who: &str, before: &Before) -> bool {
        match (&event.what, before.waiting) {
            (What::Asked(ask) | What::AskedLate(ask), _) => match ask.cause {
                Cause::Rule(group) => {
                    if self.tallies.asked(group, event.seq, ask.action) {
                        self.tell_tally(group, event.at, self.is_news(event));
                    }
                    true
                }
                // That the floor passed on has been told.
                Cause::Floor => true,
                Cause::Key | Cause::Bulk => false,
            },
            (What::Answered(answer), Some(waiting)) => self.tell_end_of_rule(event, answer, &waiting, who),
            _ => false,
        }
    }

    fn tell_end_of_rule(&mut self, event: &Event, answer: &Answer, waiting: &Waiting, who: &str) -> bool {
        let Cause::Rule(cause) = waiting.cause else { return false };
        if let Some(group) = self.tallies.answered(answer.ask, answer.outcome) {
            self.tell_tally(group, event.at, self.is_news(event));
            // Who failed is named.
            return matches!(answer.outcome, Outcome::Accepted | Outcome::NotSent);
        }
        if answer.outcome == Outcome::NotSent {
            // Something newer was wanted, or the caller was gone: ordinary.
            self.log(event.at, Tone::Plain, format!("{who}: {} not sent: {}", waiting.action.word(), answer.detail));
        }
        if answer.outcome != Outcome::Accepted {
            return answer.outcome == Outcome::NotSent;
        }
        let call = self.roster.get(waiting.id);
        let (tone, text) = match waiting.rule {
            Some(Rule::Lock) => {
                let conference = call.and_then(|call| call.conference.as_ref()).map_or("the conference", ConferenceId::as_str);
                (Tone::Warning, format!("{who} was kicked: {conference} is locked"))
            }
            Some(Rule::Ban) => {
                let ban = call.and_then(|call| self.roster.people().ban(call.number?, event.at));
                let reason = ban.map(|ban| &ban.reason).filter(|reason| !reason.is_empty());
                (Tone::Warning, format!("{who} was kicked: banned{}", reason.map_or_else(String::new, |reason| format!(" ({reason})"))))
            }
            Some(Rule::Exemption) => (Tone::Plain, format!("{who} was {}: exempt now", waiting.action.done())),
            rule => {
                let did = format!("was {} by {}", waiting.action.done(), rule.map_or("a rule", Rule::words));
                // Who joined a moment ago has a line already.
                if let Some(line) = self.lines.iter_mut().rev().find(|line| line.about == Some(cause)) {
                    line.text = format!("{} and {did}", line.text);
                    self.hear(Some(event.at), Tone::Plain, &format!("{who} {did}"));
                    return true;
                }
                (Tone::Plain, format!("{who} {did}"))
            }
        };
        if tone != Tone::Plain && self.is_news(event) {
            self.say(tone, text.clone());
        }
        self.log(event.at, tone, text);
        true
    }

    /// A mode began or ended: what it does now is counted in one line, and whom it cannot reach is named.
    pub(super) fn count_mode(&mut self, event: &Event, set: &ModeSet) {
        let (mode, conference) = (set.mode.words(), &set.conference);
        match (set.mode, set.on) {
            (Mode::Lecture, true) => self.tallies.open(event.seq, format!("{mode} in {conference}"), Action::Mute),
            (Mode::Lecture, false) => self.tallies.open(event.seq, format!("the end of {mode} in {conference}"), Action::Unmute),
            (Mode::Lock, _) => {}
        }
        if set.mode != Mode::Lecture || !set.on {
            return;
        }
        let here = |call: &&Participant| call.presence == Presence::In && call.conference.as_ref() == Some(conference);
        let missed: Vec<_> = self.roster.iter().map(|(_, call)| call).filter(here).filter(|call| self.is_out_of_reach(call)).collect();
        if missed.is_empty() {
            return;
        }
        let names: Vec<_> = missed.iter().take(LISTED).map(|call| crate::text::cut(&self.label(call), NAME, "~").into_owned()).collect();
        let more = if missed.len() > LISTED { format!(" and {} more", missed.len() - LISTED) } else { String::new() };
        let who = plural(missed.len(), "caller", "callers");
        self.warn(event, format!("{mode} cannot reach {who} without a number: {}{more}", names.join(", ")));
    }

    /// Somebody joined whom the modes of the conference are for and cannot reach.
    pub(super) fn tell_out_of_reach(&mut self, event: &Event, arrival: &Arrival, who: &str) {
        let Some(call) = self.roster.find(&arrival.call).and_then(|id| self.roster.get(id)) else { return };
        let (Some(conference), Presence::In, true) = (&call.conference, call.presence, self.is_out_of_reach(call)) else { return };
        let holds = |mode| self.roster.mode(conference, mode).is_some();
        let text = match (holds(Mode::Lock), holds(Mode::Lecture)) {
            (true, _) => format!("the lock cannot kick {who}: no number (joined {conference})"),
            (false, true) => format!("lecture mode cannot mute {who}: no number (joined {conference})"),
            (false, false) => return,
        };
        self.warn(event, text);
    }
}
