//! A scenario's TOML: one struct per table, and the checks that give every slip its line and a remedy.
//!
//! What the keys mean is written at the top of `assets/scenarios/town-hall.toml`.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use super::{Caller, Crowd, Scenario, ScenarioError};
use crate::phone::Number;
use crate::text;

mod banned;
mod fault;

/// More callers than this help nobody and take long to draw.
const MOST_CALLERS: u32 = 100_000;
/// Longer than any conference; keeps arithmetic on times far from its limits.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
/// How much is said about one slip, and about what to do, in bytes.
const MOST_SAID: usize = 300;
/// The documented spelling of the action's name; the page's sample slips.
const ACTION_NAME: &str = "CALLFLOW.INSTANCE.CONFERENCE.ACTION";

type Text = Spanned<String>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    title: String,
    #[serde(default = "one")]
    seed: u64,
    conferences: Spanned<Vec<String>>,
    called: Option<String>,
    contacts: Option<String>,
    #[serde(default)]
    flow: Flow,
    #[serde(default)]
    provider: Provider,
    #[serde(default)]
    caller: Vec<Spanned<RawCaller>>,
    crowd: Option<RawCrowd>,
    #[serde(default)]
    banned: Vec<banned::Raw>,
    #[serde(default)]
    fault: Vec<fault::Raw>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Flow {
    start: Option<Text>,
    enter: Option<Text>,
    leave: Option<bool>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Provider {
    latency: Option<Text>,
    action_names: Option<Spanned<Vec<String>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCaller {
    name: Option<String>,
    number: Option<Text>,
    withheld: Option<Text>,
    conference: Option<Text>,
    start: Option<Text>,
    at: Text,
    leave: Option<Text>,
    back: Option<Text>,
    #[serde(default)]
    hand: Vec<Text>,
    #[serde(default)]
    muted: bool,
    #[serde(default)]
    fields: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCrowd {
    count: Spanned<u32>,
    over: Text,
    stay: Option<Text>,
}

fn one() -> u64 {
    1
}

/// The file that is being read, to turn places in it into lines.
struct Source<'a> {
    file: &'a str,
    text: &'a str,
}

impl Source<'_> {
    fn error(&self, at: &Range<usize>, problem: impl Into<String>, remedy: impl Into<String>) -> ScenarioError {
        let before = self.text.get(..at.start).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        // Both may repeat what stands in the file.
        let said = |words: String| text::clean(&words, MOST_SAID);
        ScenarioError { file: self.file.to_owned(), line: Some(line), problem: said(problem.into()), remedy: said(remedy.into()) }
    }

    fn time(&self, key: &str, value: &Text) -> Result<Duration, ScenarioError> {
        let parsed = value.get_ref().parse::<jiff::SignedDuration>().ok().and_then(|time| Duration::try_from(time).ok());
        parsed.filter(|time| *time <= LONGEST).ok_or_else(|| {
            let problem = format!("`{key}` is {:?}, which is no time from 0 to 24 hours", value.get_ref());
            self.error(&value.span(), problem, "write it like \"5s\", \"1m30s\" or \"250ms\"")
        })
    }

    fn optional_time(&self, key: &str, value: Option<&Text>) -> Result<Option<Duration>, ScenarioError> {
        value.map(|value| self.time(key, value)).transpose()
    }
}

/// Reads and checks a scenario's source.
pub(super) fn parse(file: &str, content: &str) -> Result<Scenario, ScenarioError> {
    let source = Source { file, text: content };
    let raw: File = toml::from_str(content).map_err(|error| {
        let message = error.message().lines().collect::<Vec<_>>().join(", ");
        source.error(&error.span().unwrap_or(0..0), message, "correct it; what the keys mean is written at the top of town-hall.toml")
    })?;
    if raw.conferences.get_ref().is_empty() || raw.conferences.get_ref().iter().any(|c| c.trim().is_empty()) {
        return Err(source.error(&raw.conferences.span(), "a conference needs a number", "write it like conferences = [\"1122\"]"));
    }
    if let Some(names) = raw.provider.action_names.as_ref().filter(|names| names.get_ref().is_empty()) {
        return Err(source.error(
            &names.span(),
            "a provider without an action can do nothing",
            format!("write it like action_names = [\"{ACTION_NAME}\"]"),
        ));
    }
    let start = source.optional_time("start", raw.flow.start.as_ref())?;
    let conferences = raw.conferences.into_inner();
    let callers =
        raw.caller.iter().map(|caller| self::caller(&source, caller, &conferences, start)).collect::<Result<Vec<_>, ScenarioError>>()?;
    let crowd = raw.crowd.as_ref().map(|crowd| self::crowd(&source, crowd)).transpose()?;
    if callers.is_empty() && crowd.is_none() {
        return Err(source.error(&(0..0), "nobody calls", "add a [[caller]] or a [crowd]"));
    }
    let faults = raw.fault.iter().map(|fault| fault::read(&source, fault, &callers)).collect::<Result<_, _>>()?;
    Ok(Scenario {
        title: raw.title,
        seed: raw.seed,
        conferences,
        called: raw.called,
        contacts: raw.contacts,
        latency: source.optional_time("latency", raw.provider.latency.as_ref())?.unwrap_or_default(),
        action_names: raw.provider.action_names.map_or_else(|| vec![ACTION_NAME.to_owned()], Spanned::into_inner),
        callers,
        crowd,
        banned: raw.banned.iter().map(|banned| banned::read(&source, banned)).collect::<Result<_, _>>()?,
        faults,
        reports_leaving: raw.flow.leave.unwrap_or(true),
        enter: source.optional_time("enter", raw.flow.enter.as_ref())?.unwrap_or(Duration::from_millis(400)),
        start,
    })
}

fn caller(source: &Source<'_>, raw: &Spanned<RawCaller>, conferences: &[String], start: Option<Duration>) -> Result<Caller, ScenarioError> {
    let span = raw.span();
    let raw = raw.get_ref();
    let conference = match &raw.conference {
        None => conferences[0].clone(),
        Some(named) if conferences.contains(named.get_ref()) => named.get_ref().clone(),
        Some(other) => {
            let problem = format!("`conference` is {:?}, which this scenario does not have", other.get_ref());
            return Err(source.error(
                &other.span(),
                problem,
                format!("name one of {}, or add it to `conferences`", conferences.join(", ")),
            ));
        }
    };
    let at = source.time("at", &raw.at)?;
    let leave = source.optional_time("leave", raw.leave.as_ref())?;
    let back = source.optional_time("back", raw.back.as_ref())?;
    let start = match &raw.start {
        None => start.map(|before| at.saturating_sub(before)),
        Some(value) => {
            let before = source.time("start", value)?;
            let first = at.checked_sub(before);
            Some(first.ok_or_else(|| {
                let problem = "the call would start before the script begins";
                source.error(&value.span(), problem, "`start` is how long before `at` the call starts: shorten it, or join later")
            })?)
        }
    };
    let mut last = at;
    let mut hand = Vec::with_capacity(raw.hand.len());
    for value in &raw.hand {
        let time = source.time("hand", value)?;
        if time <= last {
            let problem = format!("a hand moves at {}, which is not after the join or the move before it", value.get_ref());
            return Err(source.error(&value.span(), problem, "`hand` lists times from the script's beginning, growing: up, down, up"));
        }
        last = time;
        hand.push(time);
    }
    if let (Some(leave), Some(value)) = (leave, &raw.leave)
        && leave <= last
    {
        let problem = format!("the caller leaves at {}, which is not after the join and the last move of the hand", value.get_ref());
        return Err(source.error(&value.span(), problem, "all times are from the script's beginning: make `leave` the latest"));
    }
    if let (Some(back), Some(value)) = (back, &raw.back)
        && leave.is_none_or(|leave| back <= leave)
    {
        return Err(source.error(&value.span(), "`back` is not after a `leave`", "give the caller a `leave`, and a later `back`"));
    }
    Ok(Caller {
        name: raw.name.clone(),
        number: number(source, &span, raw)?,
        conference,
        start,
        at,
        leave,
        back,
        hand,
        muted: raw.muted,
        fields: raw.fields.clone(),
    })
}

/// A number as people write it: a leading `+`, blanks and hyphens are dropped.
fn written(text: &str) -> Option<Number> {
    Number::from_digits(&text.strip_prefix('+').unwrap_or(text).replace([' ', '-'], ""))
}

fn number(source: &Source<'_>, span: &Range<usize>, raw: &RawCaller) -> Result<String, ScenarioError> {
    match (&raw.number, &raw.withheld) {
        (Some(number), None) => {
            if let Some(number) = written(number.get_ref()) {
                Ok(number.digits())
            } else if number.get_ref().starts_with("$[") {
                Ok(number.get_ref().clone())
            } else {
                let problem = format!("`number` is {:?}, which is no number of 3 to 15 digits and no $[variable]", number.get_ref());
                let remedy = "write it like \"+1 212 555 0123\"; for a caller who withholds it write withheld = \"anonymous\"";
                Err(source.error(&number.span(), problem, remedy))
            }
        }
        (None, Some(word)) if word.get_ref().bytes().all(|b| !b.is_ascii_digit()) => Ok(word.get_ref().clone()),
        (None, Some(word)) => Err(source.error(&word.span(), "a withheld number has no digits", "write withheld = \"anonymous\"")),
        (Some(_), Some(word)) => {
            Err(source.error(&word.span(), "a caller has a number or withholds it, not both", "take `number` or `withheld` out"))
        }
        (None, None) => {
            Err(source.error(span, "the caller has no `number`", "write number = \"+1 212 555 0123\" or withheld = \"anonymous\""))
        }
    }
}

fn crowd(source: &Source<'_>, raw: &RawCrowd) -> Result<Crowd, ScenarioError> {
    let count = *raw.count.get_ref();
    if !(1..=MOST_CALLERS).contains(&count) {
        let problem = format!("`count` is {count}, which is not from 1 to {MOST_CALLERS}");
        return Err(source.error(&raw.count.span(), problem, "choose a smaller crowd, or take [crowd] out"));
    }
    let over = source.time("over", &raw.over)?;
    let stay = source.optional_time("stay", raw.stay.as_ref())?;
    Ok(Crowd { count, over, stay })
}

#[cfg(test)]
mod tests;
