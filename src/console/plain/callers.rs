//! Whom a typed line is about: numbers, ranges of them, a name, or all. Where it is not clear who is meant it is
//! nobody, and said so.

use crate::conference::ConferenceId;
use crate::conference::Outcome;
use crate::conference::filter::Filter;
use crate::conference::roster::{CallId, Participant};
use crate::conference::view::View;
use crate::console::app::App;

/// Callers that are listed where a name could mean several.
const SEVERAL: usize = 5;

/// Who is on the list of a conference with a filter, in order of arrival, whatever a screen would hold on to.
pub(super) fn listed(app: &App, conference: Option<ConferenceId>, filter: &str) -> Vec<CallId> {
    let mut view = View::new(app.settings.stale_after);
    view.conference = conference;
    view.set_filter(Filter::new(filter), &app.roster, app.now);
    view.rows().iter().collect()
}

fn is_there(call: &Participant) -> bool {
    call.is_live() || call.called_back
}

/// Everybody who is there in what is shown.
fn all(app: &App) -> Vec<CallId> {
    let listed = listed(app, app.view.conference.clone(), app.view.filter().text());
    listed.into_iter().filter(|id| app.roster.get(*id).is_some_and(is_there)).collect()
}

/// Everybody in what is shown for whom the last ask failed or nobody knows.
pub(super) fn where_it_failed(app: &App) -> Vec<CallId> {
    let failed = |id: &CallId| {
        let ended = app.roster.get(*id).and_then(|call| call.ask()?.ended.as_ref());
        ended.is_some_and(|ended| matches!(ended.outcome, Outcome::Refused | Outcome::NotDelivered | Outcome::Unknown))
    };
    all(app).into_iter().filter(failed).collect()
}

/// The callers that were named, each once, in the order of the words.
pub(super) fn callers(app: &App, words: &str, form: &str) -> Result<Vec<CallId>, String> {
    let verb = form.split([' ', ',']).next().unwrap_or_default();
    let tokens: Vec<_> = words.split([' ', ',']).filter(|token| !token.is_empty() && *token != "and").collect();
    if tokens.is_empty() {
        return Err(format!("who? {form}"));
    }
    if let [all_of_them] = tokens[..]
        && all_of_them.eq_ignore_ascii_case("all")
    {
        let found = all(app);
        return if found.is_empty() { Err("nobody is there".into()) } else { Ok(found) };
    }
    if !tokens.iter().all(|token| is_number(token)) {
        return by_name(app, words.trim(), verb).map(|id| vec![id]);
    }
    let mut found: Vec<CallId> = Vec::new();
    for token in tokens {
        let more = match token.split_once('-') {
            Some((from, to)) => range(app, from, to)?,
            None => vec![numbered(app, token)?],
        };
        for id in more {
            if !found.contains(&id) {
                found.push(id);
            }
        }
    }
    Ok(found)
}

/// One caller at the beginning, by number or by a name of one word, and the text after.
pub(super) fn caller_and_text<'a>(app: &App, words: &'a str, form: &str) -> Result<(CallId, &'a str), String> {
    let verb = form.split([' ', ',']).next().unwrap_or_default();
    let (first, text) = words.split_once(' ').unwrap_or((words, ""));
    match first {
        "" => Err(format!("who? {form}")),
        _ if first.bytes().all(|byte| byte.is_ascii_digit()) => Ok((numbered(app, first)?, text.trim())),
        _ if first.contains('-') && is_number(first) => Err(format!("one at a time: {form}")),
        _ => Ok((by_name(app, first, verb)?, text.trim())),
    }
}

/// `3` or `5-9`.
fn is_number(token: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    token.split_once('-').map_or_else(|| digits(token), |(from, to)| digits(from) && digits(to))
}

fn no_such(app: &App, number: &str) -> String {
    let number = crate::text::cut(number, 12, "~").into_owned();
    match app.numbers_given() {
        0 => format!("nobody has the number {number}: nobody is there yet"),
        1 => format!("nobody has the number {number}: the only one is 1"),
        last => format!("nobody has the number {number}: they go from 1 to {last}"),
    }
}

fn numbered(app: &App, token: &str) -> Result<CallId, String> {
    let number = given(app, token)?;
    app.caller_of(number).filter(|id| app.roster.get(*id).is_some()).ok_or_else(|| format!("{token} has left and is off the list"))
}

/// A number that was given to somebody at some time.
fn given(app: &App, token: &str) -> Result<u32, String> {
    token.parse().ok().filter(|number| (1..=app.numbers_given()).contains(number)).ok_or_else(|| no_such(app, token))
}

/// Those of a range who are there. Its ends must be numbers that were given.
fn range(app: &App, from: &str, to: &str) -> Result<Vec<CallId>, String> {
    let (from, to) = (given(app, from)?, given(app, to)?);
    let ids = (from.min(to)..=from.max(to)).filter_map(|number| app.caller_of(number));
    let there: Vec<_> = ids.filter(|id| app.roster.get(*id).is_some_and(is_there)).collect();
    if there.is_empty() { Err(format!("nobody from {from} to {to} is there")) } else { Ok(there) }
}

/// The only caller who can be meant by a name or by a number with its plus sign.
fn by_name(app: &App, typed: &str, verb: &str) -> Result<CallId, String> {
    let wanted = typed.to_lowercase();
    let digits: String = typed.strip_prefix('+').map(|rest| rest.chars().filter(char::is_ascii_digit).collect()).unwrap_or_default();
    let mut found = Vec::new();
    let mut whole = Vec::new();
    for (id, call) in app.roster.iter().filter(|(_, call)| is_there(call)) {
        let name = app.roster.name(call).unwrap_or_default().to_lowercase();
        let tag = call.number.is_none().then(|| format!("#{}", call.call_key().tag().to_lowercase()));
        let by_digits = digits.len() > 3 && call.number.is_some_and(|number| number.has_digits(&digits, true));
        if name == wanted || tag.as_ref() == Some(&wanted) || by_digits {
            whole.push(id);
        } else if name.starts_with(&wanted) || name.contains(&format!(" {wanted}")) {
            found.push(id);
        }
    }
    let candidates = if whole.is_empty() { found } else { whole };
    let shown = crate::text::cut(typed, 28, "~").into_owned();
    match &candidates[..] {
        [only] => Ok(*only),
        [] => Err(format!("nobody there is called {shown}; who lists everybody")),
        several => {
            let labels: Vec<_> = several.iter().filter_map(|id| app.roster.get(*id)).take(SEVERAL).map(|call| app.label(call)).collect();
            let labels: Vec<_> = labels.iter().map(String::as_str).collect();
            let more = several.len() - labels.len();
            let who = if more > 0 { format!("{} or {more} more", labels.join(", ")) } else { super::words::or(&labels) };
            Err(format!("{shown} could be {who}: nothing is done; {verb} and the number"))
        }
    }
}
