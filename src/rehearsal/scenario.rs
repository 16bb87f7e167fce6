//! Scenarios: who calls when, what they do, and how the provider misbehaves.
//!
//! The types of a checked scenario live here; `file` reads and checks the TOML, `script` turns a scenario
//! and a seed into what every call does. Nothing in here waits, listens or draws from a clock.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::time::Duration;

use crate::phone::Number;
use crate::text;

mod file;
mod script;

pub use script::{Call, Script, Step};

/// The scenarios that come with the program, by name.
const BUILT_IN: [(&str, &str); 3] = [
    ("town-hall", include_str!("../../assets/scenarios/town-hall.toml")),
    ("quiet", include_str!("../../assets/scenarios/quiet.toml")),
    ("faults", include_str!("../../assets/scenarios/faults.toml")),
];

/// The scenario that is played when none is named.
pub const DEFAULT: &str = "town-hall";

/// A checked scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// What it is called on screen.
    pub title: String,
    /// The seed that is used when none is given.
    pub seed: u64,
    /// Its conferences; the first is the default.
    pub conferences: Vec<String>,
    /// The number that was dialled, where the flow's callbacks tell it.
    pub called: Option<String>,
    /// A table of contacts for whoever rehearses, in CSV: who the callers are by their numbers.
    pub contacts: Option<String>,
    /// How long the provider takes for an ordinary answer.
    pub latency: Duration,
    /// The spellings of the action's name that the provider knows.
    pub action_names: Vec<String>,
    /// The scripted callers, in the file's order.
    pub callers: Vec<Caller>,
    /// More callers, drawn from the seed.
    pub crowd: Option<Crowd>,
    /// Numbers that the demo's moderator has banned before anybody calls.
    pub banned: Vec<Banned>,
    /// What goes wrong, in the file's order: the first fault that applies to an ask answers it.
    pub faults: Vec<Fault>,
    /// Whether the flow has a control after the conference that reports leaving.
    pub reports_leaving: bool,
    /// From the answer to the join callback until the caller is in the room.
    pub enter: Duration,
    /// From the start callback to the join callback, where the flow has a start URL.
    pub start: Option<Duration>,
}

/// A scripted caller. All times are counted from the beginning of the script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The caller's name, sent as `CALLERNAME`.
    pub name: Option<String>,
    /// What is sent as `E164`: digits, a word for a withheld number, or a variable left as it was.
    pub number: String,
    /// The conference the caller joins.
    pub conference: String,
    /// When the call flow instance is created, where that is called back.
    pub start: Option<Duration>,
    /// When the caller joins.
    pub at: Duration,
    /// When the caller leaves; without it the caller stays.
    pub leave: Option<Duration>,
    /// When the same call joins once more after it left; it then stays.
    pub back: Option<Duration>,
    /// When the hand goes up, down, up and so on.
    pub hand: Vec<Duration>,
    /// Whether the flow puts the caller in muted.
    pub muted: bool,
    /// Further fields for the join callback.
    pub fields: BTreeMap<String, String>,
}

/// A number that is banned before the first call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Banned {
    /// The number.
    pub number: Number,
    /// Why; may be empty.
    pub reason: String,
}

/// Callers drawn from the seed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crowd {
    /// How many.
    pub count: u32,
    /// They join within this time.
    pub over: Duration,
    /// They stay about this long (half to one and a half of it); without it they stay.
    pub stay: Option<Duration>,
}

/// What can be asked of the provider for a participant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verb {
    /// `MUTE`
    Mute,
    /// `UNMUTE`
    Unmute,
    /// `KICK`
    Kick,
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mute => "mute",
            Self::Unmute => "unmute",
            Self::Kick => "kick",
        })
    }
}

/// One way in which the provider does not simply do what it is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Only asks about this caller, by index in [`Scenario::callers`]; all callers of the same name or number count.
    pub callers: Option<Vec<usize>>,
    /// Only this action.
    pub action: Option<Verb>,
    /// The first ask that it answers, counted from 1 among those it applies to.
    pub from: u32,
    /// How many asks it answers; without it all from then on.
    pub times: Option<u32>,
    /// What happens.
    pub kind: FaultKind,
    /// Whether the ask is carried out all the same.
    pub acts: bool,
}

/// What a fault does in place of the ordinary answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The ordinary answer, after this long.
    Slow(Duration),
    /// No answer, ever; the connection stays open.
    TimeOut,
    /// An `ERROR` with these words.
    Refuse(String),
    /// A page of HTML with status 200.
    Html,
    /// Status 503 with `Retry-After` of so many seconds (never scaled by the speed).
    Busy(u32),
    /// Status 502 and a gateway's page.
    BadGateway,
    /// The connection is closed without a byte of an answer.
    Cut,
    /// The connection is closed in the middle of the answer.
    Half,
    /// The ordinary answer with an empty `ERROR` beside it.
    EmptyError,
    /// The ordinary answer among elements nobody knows.
    UnknownElements,
    /// An `ERROR` that says the action is unknown.
    UnknownAction,
}

impl FaultKind {
    /// The word that a scenario file uses for it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Slow(_) => "slow",
            Self::TimeOut => "time-out",
            Self::Refuse(_) => "refuse",
            Self::Html => "html",
            Self::Busy(_) => "busy",
            Self::BadGateway => "bad-gateway",
            Self::Cut => "cut",
            Self::Half => "half",
            Self::EmptyError => "empty-error",
            Self::UnknownElements => "unknown-elements",
            Self::UnknownAction => "unknown-action",
        }
    }
}

/// Why a scenario cannot be played: where the slip is, what it is, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScenarioError {
    /// The file's name, or the built-in scenario's.
    pub file: String,
    /// The line, counted from 1; none where the file could not be read.
    pub line: Option<usize>,
    /// What is wrong.
    pub problem: String,
    /// What to do about it.
    pub remedy: String,
}

impl fmt::Display for ScenarioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        write!(f, ": {}; {}", self.problem, self.remedy)
    }
}

impl std::error::Error for ScenarioError {}

impl Scenario {
    /// Loads a built-in scenario by its name, else the file at that path.
    pub fn load(name_or_path: &str) -> Result<Self, ScenarioError> {
        if let Some((_, source)) = BUILT_IN.iter().find(|(name, _)| *name == name_or_path) {
            return Self::parse(&format!("{name_or_path}.toml"), source);
        }
        let shown = text::clean(name_or_path, 4096);
        let source = std::fs::read_to_string(Path::new(name_or_path)).map_err(|error| ScenarioError {
            file: shown.clone(),
            line: None,
            problem: format!("reading the scenario failed: {error}"),
            remedy: format!("name a TOML file, or one of the built-in scenarios: {}", Self::built_in().join(", ")),
        })?;
        Self::parse(&shown, &source)
    }

    /// The names of the built-in scenarios.
    pub fn built_in() -> Vec<&'static str> {
        BUILT_IN.iter().map(|(name, _)| *name).collect()
    }

    /// Reads and checks a scenario. `file` is only named in errors.
    pub fn parse(file: &str, source: &str) -> Result<Self, ScenarioError> {
        file::parse(file, source)
    }

    /// What every call does: the same scenario and seed make the same script, to the last key and number.
    pub fn script(&self, seed: u64) -> Script {
        script::write(self, seed)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_built_in_scenarios_can_be_played() {
        for name in Scenario::built_in() {
            let scenario = Scenario::load(name).unwrap_or_else(|error| panic!("{error}"));
            assert!(!scenario.script(scenario.seed).calls.is_empty(), "{name}");
        }
    }

    #[test]
    fn the_town_hall_is_worth_watching() {
        let town_hall = Scenario::load(DEFAULT).expect("the default scenario");
        let calls = &town_hall.callers;
        assert!((18..=24).contains(&calls.len()), "{} callers", calls.len());
        let early = calls.iter().filter(|c| c.at + town_hall.enter <= Duration::from_secs(9)).count();
        assert!(early >= 5, "only {early} callers are in within 10 s");
        let last = calls.iter().map(|c| c.at).max().unwrap_or_default();
        assert!((120..=180).contains(&last.as_secs()), "the last one comes after {last:?}");
        assert_eq!(calls.iter().filter(|c| !c.number.starts_with(|d: char| d.is_ascii_digit())).count(), 1, "one withholds the number");
        assert!(calls.iter().filter(|c| c.hand.len() >= 2).count() >= 3, "hands go up and down");
        assert!(calls.iter().filter(|c| c.leave.is_some()).count() >= 3, "some leave");
        assert!(calls.iter().any(|c| c.start.is_some_and(|start| c.at.saturating_sub(start) >= Duration::from_secs(10))), "one waits");
        let people: BTreeSet<_> = calls.iter().map(|c| (&c.name, &c.number)).collect();
        assert_eq!(people.len(), calls.len() - 1, "exactly one comes back");
        let numbers: BTreeSet<_> = people.iter().map(|(_, number)| number).collect();
        assert_eq!(numbers.len(), people.len() - 1, "exactly two share a number");
        let refusing = |kind: &FaultKind| matches!(kind, FaultKind::Refuse(words) if !words.is_empty());
        assert!(town_hall.faults.iter().any(|f| f.action == Some(Verb::Mute) && f.callers.is_some() && refusing(&f.kind)));
        assert!(town_hall.faults.iter().any(|f| f.callers.is_some() && f.kind == FaultKind::TimeOut));
        let nameless: Vec<_> = calls.iter().filter(|c| c.name.is_none()).map(|c| c.number.clone()).collect();
        let banned: Vec<_> = town_hall.banned.iter().map(|banned| banned.number.digits()).collect();
        assert_eq!(nameless, banned, "everybody has a name but the one who is banned");
    }

    #[test]
    fn the_faults_scenario_has_every_fault() {
        let faults = Scenario::load("faults").expect("built in");
        let words: BTreeSet<_> = faults.faults.iter().map(|f| f.kind.word()).collect();
        assert_eq!(words.len(), 11, "{words:?}");
    }

    #[test]
    fn a_scenario_that_is_not_there_names_those_that_are() {
        let error = Scenario::load("/nowhere/at-all.toml").expect_err("no such file").to_string();
        for part in ["/nowhere/at-all.toml", "town-hall", "quiet", "faults"] {
            assert!(error.contains(part), "{error}");
        }
    }
}
