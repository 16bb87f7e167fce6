//! Events as sentences, for the events pane and the status line.
//!
//! The words `muting`, `unmuting` and `kicking` are the voice column's alone and never stand in here.

use std::time::Duration;

use super::{App, plural};
use crate::conference::event::{
    Answer, Arrival, Banned, Cause, Event, Exempted, FloorGiven, HandMoved, Mode, ModeSet, Recorded, Seq, What,
};
use crate::conference::health::ProviderHealth;
use crate::conference::roster::{CallId, Change, Participant, Presence, Waiting};
use crate::conference::{Action, CallKey, Moment, Outcome};

/// The columns that a caller's name may take in a sentence.
pub(super) const NAME: usize = 28;

/// The columns that a name keeps in the status line however long the sentence is that it begins.
const LEAST_NAME: usize = 12;

/// Columns of the status line that are no sentence's: its edges and the mark of a warning.
const BESIDE: usize = 4;

/// How a sentence sounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Ordinary news.
    Plain,
    /// Something went as asked.
    Good,
    /// Worth a look.
    Warning,
    /// Something did not work.
    Bad,
}

/// One line of the events pane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// When it happened.
    pub at: Moment,
    /// How it sounds.
    pub tone: Tone,
    /// The sentence.
    pub text: String,
    /// The event by which it is found again to be kept up to date; none for a line that stays as it is.
    pub about: Option<Seq>,
}

/// What an event will need to be told that is gone after it is folded in.
pub(super) struct Before {
    label: Option<String>,
    /// The ask that an answer is to.
    pub(super) waiting: Option<Waiting>,
    shared: usize,
    /// Whether the mode that is set or ended held before.
    held: bool,
}

impl App {
    /// What must be known before an event is folded in.
    pub(super) fn before(&self, event: &Event) -> Before {
        // Quietly, it is not said who it is; but a line about a shared number has its place.
        let wanted = !self.quiet
            || match event.what {
                What::Started(_) | What::Joined(_) => self.roster.shares_numbers(),
                What::Removed(_) => true,
                _ => false,
            };
        let call = event.what.call().filter(|_| wanted).and_then(|key| self.call(key));
        let waiting = match &event.what {
            What::Answered(answer) => self.roster.waiting(answer.ask).copied(),
            _ => None,
        };
        let held = matches!(&event.what, What::Mode(set) if self.roster.mode(&set.conference, set.mode).is_some());
        let label = call.map(|call| if self.quiet { String::new() } else { self.label(call) });
        Before { label, waiting, shared: call.map_or(0, |call| self.roster.sharing(call)), held }
    }

    fn call(&self, key: &CallKey) -> Option<&Participant> {
        self.roster.find(key).and_then(|id| self.roster.get(id))
    }

    /// Tells an event, after it was folded in.
    pub(super) fn tell(&mut self, event: &Event, change: &Change, before: &Before) {
        let known = event.what.call().filter(|_| !self.quiet).map(|key| {
            let now = self.call(key).map(|call| self.label(call));
            now.or_else(|| before.label.clone()).unwrap_or_else(|| format!("call {key}"))
        });
        // A caller chooses the name; it must not push what happened off the line.
        let who = crate::text::cut(&known.unwrap_or_default(), NAME, "~").into_owned();
        let repeated = matches!(change, Change::Duplicate(_));
        let superseded = matches!(&event.what, What::Answered(answer) if self.is_superseded(answer));
        let bulk = before.waiting.is_some_and(|waiting| waiting.cause == Cause::Bulk);
        let told = match &event.what {
            What::Asked(_) | What::AskedLate(_) | What::Answered(_) if self.tell_rule(event, &who, before) => None,
            What::Mode(set) if set.on == before.held => None,
            What::Started(_) | What::Joined(_) | What::Left(_) | What::Hand(_) if repeated || *change == Change::Nothing => None,
            // There is nothing to tell of it yet; its row says that it calls.
            What::Started(arrival) if arrival.number.is_none() && arrival.name.is_none() => None,
            What::Started(_) => Some((Tone::Plain, format!("{who} is calling"))),
            What::Joined(arrival) => Some(self.tell_join(&who, arrival, change)),
            What::Left(only) => {
                let lasted = self.call(&only.call).map(|call| super::ages::age(call.stayed(event.at)));
                Some((Tone::Plain, format!("{who} left after {}", lasted.unwrap_or_default())))
            }
            What::Hand(hand) => Some((Tone::Plain, tell_hand(&who, hand))),
            What::HandsCleared(cleared) => Some((Tone::Plain, format!("{} lowered all hands in {}", cleared.by, cleared.conference))),
            What::Floor(FloorGiven { call: Some(_), by, .. }) => Some((Tone::Plain, format!("{by} gave the floor to {who}"))),
            What::Floor(FloorGiven { call: None, by, conference }) => {
                Some((Tone::Plain, format!("{by} took the floor of {conference} back")))
            }
            What::Mode(set) => Some((Tone::Warning, tell_mode(set))),
            What::Recorded(recorded) => Some(tell_recorded(recorded, event.at.since(recorded.since))),
            // A press for many is told once, when it has ended; one at another desk when it is made.
            What::Asked(ask) | What::AskedLate(ask) if ask.cause == Cause::Bulk => {
                self.tell_others(event, ask);
                None
            }
            What::Answered(answer) if bulk && matches!(answer.outcome, Outcome::Accepted | Outcome::NotSent) => None,
            What::Asked(ask) | What::AskedLate(ask) => {
                let recorded = if event.seq.is_recorded() { "" } else { " (not recorded)" };
                Some((Tone::Plain, format!("{} asked: {} {who}{recorded}", ask.by, ask.action.word())))
            }
            What::Answered(answer) => {
                let (tone, text) = tell_answer(&who, before.waiting.map(|waiting| waiting.action), answer, event.seq.is_recorded());
                Some((if superseded { Tone::Plain } else { tone }, text))
            }
            What::Removed(_) => before.label.as_ref().map(|who| (Tone::Plain, format!("{who} was taken off the list"))),
            What::Named(named) if named.name.is_empty() => Some((Tone::Plain, format!("{} took the name of {who} away", named.by))),
            What::Named(named) => Some((Tone::Plain, format!("{} named a caller {}", named.by, named.name))),
            What::Contacts(contacts) => {
                self.tell_contacts(event.at, contacts);
                None
            }
            What::Exempted(Exempted { exempt: true, by, .. }) => {
                Some((Tone::Plain, format!("{by} exempted {who} from lecture mode and lock")))
            }
            What::Exempted(Exempted { by, .. }) => Some((Tone::Plain, format!("{by} took the exemption of {who} away"))),
            What::Banned(Banned { number, reason, by, until }) => {
                let lasts = until.map_or_else(|| "good".to_owned(), |until| length(until.since(event.at)));
                let why = if reason.is_empty() { String::new() } else { format!(": {reason}") };
                Some((Tone::Warning, format!("{by} banned {} for {lasts}{why}", number.e164())))
            }
            What::Lifted(lifted) => Some((Tone::Plain, format!("{} lifted the ban of {}", lifted.by, lifted.number.e164()))),
            What::Halted(halted) => Some((Tone::Plain, format!("{} stopped what had not been asked yet", halted.by))),
            What::Sent(_) | What::Stopped(_) => None,
            What::Listening(listening) => listening.down_since.map(|since| tell_gap(event.at.since(since))),
        };
        if let Some((tone, text)) = told {
            let asked_for = match &event.what {
                What::Hand(hand) => hand.by.is_some(),
                What::Asked(_)
                | What::Answered(_)
                | What::Removed(_)
                | What::Named(_)
                | What::HandsCleared(_)
                | What::Floor(_)
                | What::Exempted(_)
                | What::Lifted(_) => true,
                _ => false,
            };
            // A press for many has a sentence of its own at its end, which the last failure must not cover.
            if !bulk && ((asked_for && !superseded) || tone != Tone::Plain) && self.is_news(event) {
                self.say(tone, self.fitting_name(&who, &text));
            }
            let about = matches!(event.what, What::Joined(_)).then_some(event.seq);
            self.log_about(about, event.at, tone, text);
        }
        match &event.what {
            What::Mode(set) if set.on != before.held => self.count_mode(event, set),
            What::Joined(arrival) if !repeated => self.tell_out_of_reach(event, arrival, &who),
            What::Recorded(recorded) => self.tallies.recorded(&recorded.late),
            _ => {}
        }
        if let What::Started(arrival) | What::Joined(arrival) = &event.what {
            self.tell_slips(event, change, arrival, before);
        }
        if let What::Answered(answer) = &event.what
            && !answer.reached
            && self.provider.unreached() == ProviderHealth::FAILURES_TO_OPEN
        {
            self.log(event.at, Tone::Bad, "the provider is not reached: asks fail fast, one probe at a time".into());
        }
    }

    /// Whether an ask was only replaced by a newer one, which is told itself.
    fn is_superseded(&self, answer: &Answer) -> bool {
        let newer = || self.call(&answer.call).and_then(|call| call.ask()).is_some_and(|ask| ask.seq > answer.ask);
        answer.outcome == Outcome::NotSent && newer()
    }

    /// Says again why the last ask for the caller under the cursor failed: meanwhile others went well.
    pub(super) fn remind(&mut self) {
        let Some((call, ask)) = self.selected().and_then(|call| Some((call, call.ask()?))) else { return };
        let Some(ended) = ask.ended.as_ref().filter(|ended| !matches!(ended.outcome, Outcome::Accepted | Outcome::NotSent)) else {
            return;
        };
        let who = crate::text::cut(&self.label(call), NAME, "~").into_owned();
        let (tone, text) = tell_end(&who, Some(ask.action), ended.outcome, &ended.detail, 0, ask.seq.is_recorded());
        self.say(tone, self.fitting_name(&who, &text));
    }

    /// A sentence for the status line. What became of a caller is worth more than the end of a long name.
    fn fitting_name(&self, who: &str, text: &str) -> String {
        let over = (crate::text::width(text) + BESIDE).saturating_sub(self.size.0.into());
        match text.strip_prefix(who) {
            Some(rest) if over > 0 && !self.is_heard() => {
                let room = crate::text::width(who).saturating_sub(over).max(LEAST_NAME);
                format!("{}{rest}", crate::text::cut(who, room, "~"))
            }
            _ => text.to_owned(),
        }
    }

    /// Whether an event is news, not what was before this console began.
    pub(super) fn is_news(&self, event: &Event) -> bool {
        event.seq > self.settings.news_after
    }

    /// Tells something worth a look, in the events pane and the status line.
    pub(super) fn warn(&mut self, event: &Event, text: String) {
        if self.is_news(event) {
            self.say(Tone::Warning, text.clone());
        }
        self.log(event.at, Tone::Warning, text);
    }

    fn tell_join(&self, who: &str, arrival: &Arrival, change: &Change) -> (Tone, String) {
        let conference = arrival.conference.as_ref().map_or("a conference", |id| id.as_str());
        let call = self.call(&arrival.call);
        let more = call.filter(|_| self.voice.is_some()).map(|call| self.number_and_place(call)).unwrap_or_default();
        match call {
            Some(call) if call.presence == Presence::Kicked => (Tone::Warning, format!("{who} was kicked and called back")),
            Some(call) if call.stays > 1 && !matches!(change, Change::Added(_)) => {
                (Tone::Plain, format!("{who} joined {conference} again{more}"))
            }
            _ => (Tone::Plain, format!("{who} joined {conference}{more}")),
        }
    }

    /// Explains what is probably wrong with the call flow.
    pub(super) fn tell_slips(&mut self, event: &Event, change: &Change, arrival: &Arrival, before: &Before) {
        let repeated = matches!(change, Change::Duplicate(_));
        if let (Some(instead), false) = (arrival.instead.as_ref().filter(|text| crate::phone::is_placeholder(text)), repeated) {
            let url = if matches!(event.what, What::Started(_)) { "On Start URL" } else { "join URL" };
            let remedy = if &**instead == "$[E164]$" { "the call flow does not know it there" } else { "write $[E164]$ there" };
            self.warn(event, format!("the {url} sent {instead} in place of a number: {remedy}"));
        }
        // Told once; the mark on the rows counts the rest.
        let second =
            Self::touched(change).and_then(|id| self.roster.get(id)).filter(|call| before.shared < 2 && self.roster.sharing(call) == 2);
        if let Some(number) = second.and_then(|call| call.number) {
            let number = self.show(&number.e164()).into_owned();
            self.warn(
                event,
                format!("{number} is on two calls: people share it, or the flow sends the dialled number in place of the caller's"),
            );
        }
    }

    /// The row an event is about, for moving the view.
    pub(super) fn touched(change: &Change) -> Option<CallId> {
        match change {
            Change::Added(id) | Change::Changed(id) | Change::Duplicate(id) | Change::Removed(id) => Some(*id),
            Change::Nothing | Change::Several(_) => None,
        }
    }
}

fn tell_hand(who: &str, hand: &HandMoved) -> String {
    match (&hand.by, hand.up, hand.first) {
        (None, true, _) => format!("{who} raised a hand"),
        (None, false, _) => format!("{who} lowered a hand"),
        (Some(by), true, false) => format!("{by} raised a hand for {who}"),
        (Some(by), true, true) => format!("{by} put the hand of {who} first"),
        (Some(by), false, _) => format!("{by} lowered the hand of {who}"),
    }
}

fn tell_mode(ModeSet { conference, mode, on, by }: &ModeSet) -> String {
    match (mode, on) {
        (Mode::Lecture, true) => format!("{by} began lecture mode in {conference}: it mutes whoever is in or joins"),
        (Mode::Lecture, false) => format!("{by} ended lecture mode in {conference}: who was muted by it is unmuted"),
        (Mode::Lock, true) => format!("{by} locked {conference}: it kicks whoever joins"),
        (Mode::Lock, false) => format!("{by} unlocked {conference}"),
    }
}

fn tell_recorded(recorded: &Recorded, lasted: Duration) -> (Tone, String) {
    let lost = if recorded.lost > 0 {
        format!(", {} nowhere", plural(recorded.lost as usize, "more stands", "more stand"))
    } else {
        String::new()
    };
    let lasted = super::ages::age(lasted);
    let refused = plural(recorded.refused as usize, "callback was refused", "callbacks were refused");
    let late = plural(recorded.late.len(), "ask is recorded late", "asks are recorded late");
    (Tone::Warning, format!("the journal is written again after {lasted}: {refused}, {late}{lost}"))
}

fn tell_gap(gap: Duration) -> (Tone, String) {
    if gap < super::listening::SHORT_GAP {
        return (Tone::Plain, "the listener was not running for a moment".to_owned());
    }
    let gap = super::ages::age(gap);
    (Tone::Warning, format!("the listener was not running for {gap}: who came or left is not known"))
}

fn tell_answer(who: &str, action: Option<Action>, answer: &Answer, recorded: bool) -> (Tone, String) {
    tell_end(who, action, answer.outcome, &answer.detail, answer.millis, recorded)
}

fn tell_end(who: &str, action: Option<Action>, outcome: Outcome, detail: &str, millis: u32, recorded: bool) -> (Tone, String) {
    let word = action.map_or("ask", Action::word);
    let mark = if recorded { "" } else { " (not recorded)" };
    let detail = if detail.is_empty() { String::new() } else { format!(": {detail}") };
    match outcome {
        Outcome::Accepted => {
            let done = action.map_or("accepted", Action::done);
            (Tone::Good, format!("{who} {done} in {millis} ms{mark}"))
        }
        Outcome::Refused => (Tone::Bad, format!("{who}: {word} refused{detail}{mark}")),
        Outcome::NotDelivered => (Tone::Bad, format!("{who}: {word} not delivered{detail}{mark}")),
        Outcome::Unknown => (Tone::Bad, format!("{who}: {word} unknown{detail}{mark}")),
        Outcome::NotSent => (Tone::Warning, format!("{who}: {word} not sent{detail}{mark}")),
    }
}

/// A length of time that somebody chose: exact where ages are coarse.
pub(super) fn length(duration: Duration) -> String {
    match duration.as_secs() {
        seconds @ 0..60 => format!("{seconds}s"),
        _ => super::ages::age(duration),
    }
}
