//! The faults of a scenario's TOML: which asks they answer, and how.

use serde::Deserialize;
use toml::Spanned;

use super::super::{Caller, Fault, FaultKind, ScenarioError, Verb};
use super::{Source, Text};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Raw {
    answer: Text,
    caller: Option<Text>,
    action: Option<Text>,
    from: Option<Spanned<u32>>,
    times: Option<Spanned<u32>>,
    wait: Option<Text>,
    words: Option<Text>,
    retry_after: Option<Spanned<u32>>,
    acts: Option<Spanned<bool>>,
}

/// Checks a fault. `callers` are those it may name.
pub(super) fn read(source: &Source<'_>, raw: &Raw, callers: &[Caller]) -> Result<Fault, ScenarioError> {
    let kind = kind(source, raw)?;
    let only_with = [
        ("wait", raw.wait.as_ref().map(Spanned::span), "slow"),
        ("words", raw.words.as_ref().map(Spanned::span), "refuse"),
        ("retry_after", raw.retry_after.as_ref().map(Spanned::span), "busy"),
    ];
    for (key, span, word) in only_with {
        if let Some(span) = span.filter(|_| kind.word() != word) {
            let problem = format!("`{key}` does not go with answer = \"{}\"", kind.word());
            return Err(source.error(&span, problem, format!("take it out, or write answer = \"{word}\"")));
        }
    }
    let free = matches!(kind, FaultKind::TimeOut | FaultKind::Html | FaultKind::BadGateway | FaultKind::Cut | FaultKind::Half);
    let always = matches!(kind, FaultKind::Slow(_) | FaultKind::EmptyError | FaultKind::UnknownElements);
    let acts = match &raw.acts {
        None => always || matches!(kind, FaultKind::Half),
        Some(acts) if free => *acts.get_ref(),
        Some(acts) => {
            let problem = format!("answer = \"{}\" already says whether the ask is carried out", kind.word());
            return Err(source.error(&acts.span(), problem, "take `acts` out; it goes with time-out, html, bad-gateway, cut and half"));
        }
    };
    for (key, value) in [("from", &raw.from), ("times", &raw.times)] {
        if let Some(value) = value.as_ref().filter(|value| *value.get_ref() == 0) {
            return Err(source.error(
                &value.span(),
                format!("`{key}` is 0, but asks are counted from 1"),
                "write 1 or more, or take it out",
            ));
        }
    }
    Ok(Fault {
        callers: raw.caller.as_ref().map(|named| whom(source, named, callers)).transpose()?,
        action: raw.action.as_ref().map(|word| verb(source, word)).transpose()?,
        from: raw.from.as_ref().map_or(1, |from| *from.get_ref()),
        times: raw.times.as_ref().map(|times| *times.get_ref()),
        kind,
        acts,
    })
}

fn kind(source: &Source<'_>, raw: &Raw) -> Result<FaultKind, ScenarioError> {
    let missing = |key: &str, example: &str| {
        let problem = format!("answer = \"{}\" needs `{key}`", raw.answer.get_ref());
        source.error(&raw.answer.span(), problem, format!("add a line like {example}"))
    };
    Ok(match raw.answer.get_ref().as_str() {
        "slow" => FaultKind::Slow(source.time("wait", raw.wait.as_ref().ok_or_else(|| missing("wait", "wait = \"2s\""))?)?),
        "time-out" => FaultKind::TimeOut,
        "refuse" => {
            let words = raw.words.as_ref().filter(|words| !words.get_ref().trim().is_empty());
            FaultKind::Refuse(words.ok_or_else(|| missing("words", "words = \"Participant is protected\""))?.get_ref().clone())
        }
        "html" => FaultKind::Html,
        "busy" => FaultKind::Busy(*raw.retry_after.as_ref().ok_or_else(|| missing("retry_after", "retry_after = 1"))?.get_ref()),
        "bad-gateway" => FaultKind::BadGateway,
        "cut" => FaultKind::Cut,
        "half" => FaultKind::Half,
        "empty-error" => FaultKind::EmptyError,
        "unknown-elements" => FaultKind::UnknownElements,
        "unknown-action" => FaultKind::UnknownAction,
        other => {
            let remedy = "write one of slow, time-out, refuse, html, busy, bad-gateway, cut, half, empty-error, unknown-elements, \
                          unknown-action";
            return Err(source.error(&raw.answer.span(), format!("there is no fault called {other:?}"), remedy));
        }
    })
}

fn verb(source: &Source<'_>, word: &Text) -> Result<Verb, ScenarioError> {
    match word.get_ref().as_str() {
        "mute" => Ok(Verb::Mute),
        "unmute" => Ok(Verb::Unmute),
        "kick" => Ok(Verb::Kick),
        other => Err(source.error(&word.span(), format!("there is no action called {other:?}"), "write mute, unmute or kick")),
    }
}

fn whom(source: &Source<'_>, named: &Text, callers: &[Caller]) -> Result<Vec<usize>, ScenarioError> {
    let wanted = named.get_ref();
    let digits = wanted.strip_prefix('+').unwrap_or(wanted).replace([' ', '-'], "");
    let found: Vec<usize> =
        callers.iter().enumerate().filter(|(_, c)| c.name.as_ref() == Some(wanted) || c.number == digits).map(|(index, _)| index).collect();
    if found.is_empty() {
        let problem = format!("no caller of this scenario is called {wanted:?}");
        return Err(source.error(&named.span(), problem, "write a caller's name or number as it stands in the file"));
    }
    Ok(found)
}
