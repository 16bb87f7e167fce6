//! Alerts: what is worth a sound, and when it may be made. What comes together is one alert, and never are
//! two closer than three seconds.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{App, Effect, Tone};
use crate::conference::Moment;
use crate::conference::event::{Event, What};
use crate::conference::roster::{CallId, Change};
use crate::config::{AlertWays, Way};

/// The shortest time between two alerts.
pub const QUIET: Duration = Duration::from_secs(3);

/// How long a flash lasts.
pub const FLASH: Duration = Duration::from_millis(150);

/// Columns of a caller's name in an alert.
const NAME: usize = 28;

/// What an alert can be about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// A banned number calls.
    Banned,
    /// Nothing comes while callers are in.
    Silence,
    /// A hand went up.
    Hand,
    /// A caller without a name joined.
    Unknown,
}

/// Alerts that wait, and until when it is quiet.
#[derive(Clone, Debug, Default)]
pub struct Alerts {
    ways: AlertWays,
    waiting: BTreeSet<(Rule, Option<CallId>)>,
    quiet_until: Option<Moment>,
    flash_until: Option<Moment>,
}

impl Alerts {
    /// Alerts in the ways that are set.
    #[must_use]
    pub fn new(ways: AlertWays) -> Self {
        Self { ways, ..Self::default() }
    }

    /// The ways of a rule; none when it is off.
    #[must_use]
    pub fn ways(&self, rule: Rule) -> &[Way] {
        match rule {
            Rule::Hand => &self.ways.hand,
            Rule::Unknown => &self.ways.unknown,
            Rule::Banned => &self.ways.banned,
            Rule::Silence => &self.ways.silence,
        }
    }

    /// Something happened that a rule is about. It is told as soon as it may be; twice the same is once.
    pub fn raise(&mut self, rule: Rule, about: Option<CallId>) {
        if !self.ways(rule).is_empty() {
            self.waiting.insert((rule, about));
        }
    }

    /// Drops what is no longer so.
    pub fn keep(&mut self, still_so: impl Fn(Rule, Option<CallId>) -> bool) {
        self.waiting.retain(|(rule, about)| still_so(*rule, *about));
    }

    /// What is to be told now, all at once, the gravest first; then it is quiet for a while.
    pub fn due(&mut self, now: Moment) -> Vec<(Rule, Option<CallId>)> {
        if self.waiting.is_empty() || self.quiet_until.is_some_and(|until| now < until) {
            return Vec::new();
        }
        self.quiet_until = Some(now.plus(QUIET));
        let told: Vec<_> = std::mem::take(&mut self.waiting).into_iter().collect();
        if told.iter().any(|(rule, _)| self.ways(*rule).contains(&Way::Flash)) {
            self.flash_until = Some(now.plus(FLASH));
        }
        told
    }

    /// Forgets until when it is quiet: the clock by which that was said is another one now.
    pub(super) fn begin_anew(&mut self) {
        (self.quiet_until, self.flash_until) = (None, None);
    }

    /// Whether the screen is to be drawn in reverse.
    #[must_use]
    pub fn is_flashing(&self, now: Moment) -> bool {
        self.flash_until.is_some_and(|until| now < until)
    }

    /// When something is to be done by time alone: the flash ends, or what waits may be told.
    #[must_use]
    pub fn next(&self, now: Moment) -> Option<Moment> {
        let told = self.quiet_until.filter(|_| !self.waiting.is_empty());
        [self.flash_until.filter(|until| *until > now), told].into_iter().flatten().min()
    }
}

impl App {
    /// Looks for what an alert is about in an event that was folded in. Nothing is in what was before the
    /// console started, in what a moderator did, and in repeats.
    pub(super) fn note_alerts(&mut self, event: &Event, change: &Change) {
        let (Change::Added(id) | Change::Changed(id)) = change else { return };
        if event.seq <= self.settings.news_after {
            return;
        }
        let Some(call) = self.roster.get(*id) else { return };
        let raised = match &event.what {
            What::Hand(hand) => (hand.up && hand.by.is_none()).then_some(Rule::Hand),
            What::Joined(arrival) => {
                if arrival.hand {
                    self.alerts.raise(Rule::Hand, Some(*id));
                }
                let banned = call.number.is_some_and(|number| self.roster.people().ban(number, event.at).is_some());
                if banned { Some(Rule::Banned) } else { self.roster.name(call).is_none().then_some(Rule::Unknown) }
            }
            _ => None,
        };
        if let Some(rule) = raised {
            self.alerts.raise(rule, Some(*id));
        }
    }

    /// Tells the alerts that may be told now.
    pub(super) fn sound_alerts(&mut self) -> Vec<Effect> {
        // A hand that went down before anybody was called to it is no news.
        let roster = &self.roster;
        let is_up = |about: Option<CallId>| about.and_then(|id| roster.get(id)).is_some_and(|call| call.hand().is_some());
        self.alerts.keep(|rule, about| rule != Rule::Hand || is_up(about));
        let told = self.alerts.due(self.now);
        if told.is_empty() {
            return Vec::new();
        }
        let text = self.alert_text(&told, |_| true);
        let grave = told.iter().any(|(rule, _)| matches!(rule, Rule::Banned | Rule::Silence));
        self.say(if grave { Tone::Warning } else { Tone::Plain }, text);
        let asks_for = |rule: Rule, way| self.alerts.ways(rule).contains(&way);
        let mut effects = Vec::new();
        if told.iter().any(|(rule, _)| asks_for(*rule, Way::Bell)) {
            effects.push(Effect::Ring);
        }
        for way in [Way::Osc9, Way::Osc777] {
            let text = self.alert_text(&told, |rule| asks_for(rule, way));
            if !text.is_empty() {
                effects.push(Effect::Notify(way, text));
            }
        }
        effects
    }

    /// All that is told of some rules as one sentence, with digits masked as on the screen.
    fn alert_text(&self, told: &[(Rule, Option<CallId>)], wanted: impl Fn(Rule) -> bool) -> String {
        let mut parts = Vec::new();
        for group in told.chunk_by(|(a, _), (b, _)| a == b) {
            let rule = group[0].0;
            if !wanted(rule) {
                continue;
            }
            let alone = if let [(_, Some(id))] = group { self.roster.get(*id).map(|call| self.label(call)) } else { None };
            let who = alone.as_deref().map(|who| crate::text::cut(who, NAME, "~"));
            let count = group.len();
            parts.push(match (rule, who) {
                (Rule::Silence, _) => "callers are in, and no callback comes".to_owned(),
                (Rule::Hand, Some(who)) => format!("{who} raised a hand"),
                (Rule::Hand, None) => format!("{count} hands up"),
                (Rule::Unknown, Some(who)) => format!("{who} joined without a name"),
                (Rule::Unknown, None) => format!("+{count} joined without a name"),
                (Rule::Banned, Some(who)) => format!("{who} joined and is banned"),
                (Rule::Banned, None) => format!("+{count} joined who are banned"),
            });
        }
        parts.join(", ")
    }
}

#[cfg(test)]
mod tests;
