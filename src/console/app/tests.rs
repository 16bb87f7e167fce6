//! What the console does with keys, news and time: each sentence with a case that breaks when it does.
//!
//! In here is the stage that the cases are played on.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::conference::event::{Cause, Event, What};
use crate::conference::story::{answer, arrival, ask, hand, join, leave, name, named_arrival, remove, start};
use crate::conference::{Action, CallKey, Outcome};
use crate::config::{AlertWays, Kick, Withheld};
use crate::console::keys::Chord;

/// A console with a clock of its own.
pub(crate) struct Stage {
    pub(crate) app: App,
    seq: u64,
    now: Moment,
}

pub(crate) fn settings() -> Settings {
    Settings {
        moderator: "ada".into(),
        conference: None,
        stale_after: Duration::from_secs(4 * 3_600),
        silence_after: Duration::from_secs(30 * 60),
        resume_within: Duration::from_secs(12 * 3_600),
        withheld: Withheld::Refuse,
        kick: Kick::Dialog,
        alerts: AlertWays::default(),
        pace: 10,
        read_only: false,
        mask: false,
        shared: None,
        listener: "127.0.0.1:8787".into(),
        urls: vec![("START, On Start URL".into(), "http://127.0.0.1:8787/callback/****/start".into())],
        fragile_session: false,
        title: "",
        news_after: Seq(0),
    }
}

impl Stage {
    pub(crate) fn new(change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = settings();
        change(&mut settings);
        let keys = KeyMap::new(&BTreeMap::new()).expect("sound");
        let now = Moment(1_700_000_000_000);
        Self { app: App::new(settings, keys, (80, 24), now), seq: 0, now }
    }

    /// The same console, heard and not seen, with everything told that was before.
    pub(crate) fn heard(mut self) -> Self {
        self.app = self.app.heard();
        self.app.update(self.now, Message::Restored);
        self
    }

    /// Callers a, b, c and so on, in conference 1122.
    pub(crate) fn with(callers: usize) -> Self {
        let mut stage = Self::new(|_| {});
        for (key, place) in ('a'..).take(callers).zip(0..) {
            stage.event(named_arrival(&key.to_string(), "1122", &format!("1215701068{place}"), &format!("Caller {key}")));
        }
        stage
    }

    pub(crate) fn event(&mut self, what: What) -> Vec<Effect> {
        self.seq += 1;
        let event = Event { seq: Seq(self.seq), at: self.now, what };
        self.app.update(self.now, Message::Events([event].into()))
    }

    pub(crate) fn keys(&mut self, keys: &str) -> Vec<Effect> {
        let mut effects = Vec::new();
        for key in keys.split_whitespace() {
            effects.extend(self.app.update(self.now, Message::Key(Chord::parse(key).expect("a key"))));
        }
        effects
    }

    pub(crate) fn wait(&mut self, seconds: i64) -> Vec<Effect> {
        self.now = Moment(self.now.0 + seconds * 1_000);
        self.app.update(self.now, Message::Tick)
    }

    /// What was asked by these keys: action and call.
    fn asks(&mut self, keys: &str) -> Vec<(Action, String)> {
        asked(self.keys(keys))
    }

    fn listed(&self) -> Vec<String> {
        self.app.view.rows().iter().filter_map(|id| self.app.roster.get(id)).map(|call| call.key().to_owned()).collect()
    }

    fn cursor(&self) -> String {
        self.app.selected().map(|call| call.key().to_owned()).unwrap_or_default()
    }

    /// The line on the screen that the cursor's row stands on.
    fn line(&self) -> isize {
        let place = self.app.view.rows().iter().position(|id| Some(id) == self.app.cursor).expect("listed");
        place as isize - self.app.top
    }

    fn notice(&self) -> &str {
        self.app.notice.as_ref().map_or("", |notice| &notice.text)
    }

    fn log_says(&self, words: &str) -> bool {
        self.app.lines.iter().any(|line| line.text.contains(words))
    }

    /// The place in the journal of the last event.
    pub(crate) fn last(&self) -> u64 {
        self.seq
    }
}

impl Stage {
    /// Presses keys and lets what they append come round as events; says what was asked, by its place.
    pub(crate) fn play(&mut self, keys: &str) -> Vec<(u64, Action, String)> {
        let effects = self.keys(keys);
        self.come_round(effects)
    }

    /// Lets what was to be appended come round.
    fn come_round(&mut self, effects: Vec<Effect>) -> Vec<(u64, Action, String)> {
        let mut asks = Vec::new();
        let mut waiting: VecDeque<_> = whats(effects).into();
        while let Some(what) = waiting.pop_front() {
            if let What::Asked(ask) = &what {
                asks.push((self.seq + 1, ask.action, ask.call.to_string()));
            }
            waiting.extend(whats(self.event(what)));
        }
        asks
    }

    /// Presses keys and lets what they append come round; says how much that was.
    fn play_all(&mut self, keys: &str) -> usize {
        let effects = self.keys(keys);
        let count = whats(effects.clone()).len();
        self.come_round(effects);
        count
    }

    /// Answers an ask by its place.
    pub(crate) fn answer(&mut self, asked: &(u64, Action, String), outcome: Outcome) -> Vec<Effect> {
        self.event(answer(&asked.2, asked.0, outcome))
    }

    fn marked(&self) -> Vec<String> {
        let marked = self.app.roster.iter().filter(|(id, _)| self.app.marks.has(*id));
        marked.map(|(_, call)| call.key().to_owned()).collect()
    }
}

/// Everything that is to be written down.
fn whats(effects: Vec<Effect>) -> Vec<What> {
    let whats = effects.into_iter().flat_map(|effect| match effect {
        Effect::Append(what) => vec![what],
        Effect::AppendAll(whats) => whats,
        _ => Vec::new(),
    });
    whats.collect()
}

fn asked(effects: Vec<Effect>) -> Vec<(Action, String)> {
    let ask = |what| match what {
        What::Asked(ask) => Some((ask.action, ask.call.to_string())),
        _ => None,
    };
    whats(effects).into_iter().filter_map(ask).collect()
}

mod asking;
mod banning;
mod before;
mod bulk;
mod chaos;
mod desk;
mod hands;
mod late;
mod looking_on;
mod marking;
mod moving;
mod ruling;
mod telling;
