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
                    if self.tallies.asked(group, event.seq, ask.action, &ask.call) {
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
        if let Some(group) = self.tallies.answered(answer.ask, &answer.call, answer.outcome) {
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
                    if !line.text.is_empty() {
                        line.text = format!("{} and {did}", line.text);
                    }
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
        let who = plural(missed.len(), "caller", "callers");
        self.warn(event, format!("{mode} cannot reach {who} without a number: {}", self.names_of(&missed)));
    }

    /// The first of some callers by name, and how many more they are.
    fn names_of(&self, calls: &[&Participant]) -> String {
        let names: Vec<_> = calls.iter().take(LISTED).map(|call| crate::text::cut(&self.label(call), NAME, "~").into_owned()).collect();
        let more = if calls.len() > LISTED { format!(" and {} more", calls.len() - LISTED) } else { String::new() };
        format!("{}{more}", names.join(", "))
    }

    /// At the start nobody is kicked for a join of before: who joined against a rule in an earlier session, and is
    /// still in, is told instead. Those of this session are dispatch's.
    pub(super) fn tell_not_kicked(&mut self) {
        if self.replay.is_some() {
            return;
        }
        let against = |call: &&Participant| {
            let lock = call.conference.as_ref().and_then(|conference| self.roster.mode(conference, Mode::Lock));
            let ban = call.number.and_then(|number| self.roster.people().ban(number, self.now));
            let locked = lock.is_some_and(|lock| call.joined > lock.since) && !self.roster.is_exempt(call);
            locked || ban.is_some_and(|ban| call.joined > ban.at)
        };
        let here = |call: &&Participant| call.presence == Presence::In && call.told_by <= self.settings.news_after;
        let left: Vec<_> = self.roster.iter().map(|(_, call)| call).filter(here).filter(against).collect();
        if left.is_empty() {
            return;
        }
        let (who, were) = (plural(left.len(), "caller", "callers"), if left.len() == 1 { "was" } else { "were" });
        let names = self.names_of(&left);
        let text = format!("{who} joined against a lock or a ban and {were} not kicked: {names}; kick by hand who must go");
        self.say(Tone::Warning, text.clone());
        self.log(self.now, Tone::Warning, text);
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
