//! What can be asked of the console without changing anything, as sentences.

use super::callers;
use crate::conference::event::Mode;
use crate::conference::filter::Filter;
use crate::conference::roster::{CallId, Counts, Participant};
use crate::console::app::App;
use crate::console::app::ages::age;
use crate::console::ui::clock;

/// Callers that are listed at once; nobody listens to more.
const MOST: usize = 200;

/// Events that are told again without a number.
const EVENTS: usize = 10;

/// `3 callers are in, 1 is calling`.
pub(super) fn counted(counts: Counts) -> String {
    let inside = match counts.inside {
        0 => "nobody is in".to_owned(),
        1 => "1 caller is in".to_owned(),
        many => format!("{many} callers are in"),
    };
    let muted = if counts.muted > 0 { format!(", {} muted", counts.muted) } else { String::new() };
    let calling = if counts.calling > 0 { format!(", {} calling", counts.calling) } else { String::new() };
    format!("{inside}{muted}{calling}")
}

/// What is said first: where it listens, who is there, and what to type.
pub(super) fn greeting(app: &App) -> Vec<String> {
    let mut lines = Vec::new();
    let title = if app.settings.title.is_empty() { "confmod".to_owned() } else { format!("confmod {}", app.settings.title) };
    match app.why_read_only() {
        why if app.settings.shared.is_some() => {
            lines.push(format!("{title} shares its conferences on {}", app.settings.shared.as_deref().unwrap_or_default()));
            lines.extend(why);
        }
        Some(why) if app.settings.listener.is_empty() => lines.push(format!("{title}: {why}")),
        why => {
            lines.push(format!("{title} listens for callbacks on {}", app.settings.listener));
            lines.extend(why);
        }
    }
    let counts = app.roster.all();
    if counts.inside + counts.calling == 0 {
        lines.push("nobody is in; callers are told as they come".to_owned());
        lines.extend(app.settings.urls.iter().map(|(control, url)| format!("the URL for {control}: {url}")));
        if !app.settings.urls.is_empty() {
            lines.push("confmod urls prints them whole".to_owned());
        }
    } else {
        lines.push(format!("{}; who lists them", counted(counts)));
    }
    if app.settings.fragile_session {
        lines.push("closing the session closes the listener: start confmod in tmux or screen".to_owned());
    }
    lines.push("type help for the commands, quit to end".to_owned());
    lines
}

/// Who is there in what is shown, with the filter that is set and these words more.
pub(super) fn who(app: &App, words: &str) -> Vec<String> {
    if let Some(slip) = Filter::new(words).slip() {
        return vec![format!("{}; {}", slip.sentence, slip.remedy)];
    }
    // A single number is a caller, not digits of one's phone.
    if !words.is_empty() && words.bytes().all(|byte| byte.is_ascii_digit()) && app.view.filter().is_empty() {
        return match callers::callers(app, words, "who 3") {
            Ok(ids) => ids.iter().filter_map(|id| app.roster.get(*id)).map(|call| line(app, call)).collect(),
            Err(why) => vec![why],
        };
    }
    let filter = format!("{} {words}", app.view.filter().text());
    let ids = callers::listed(app, app.view.conference.clone(), filter.trim());
    let place = app.view.conference.as_ref().map(|id| format!(" in {id}")).unwrap_or_default();
    let with = if filter.trim().is_empty() { String::new() } else { format!(" for {}", filter.trim()) };
    let mut lines = vec![match ids.len() {
        0 => format!("nobody is on the list{place}{with}"),
        count => format!("{count} on the list{place}{with}"),
    }];
    lines.extend(ids.iter().take(MOST).filter_map(|id| app.roster.get(*id)).map(|call| line(app, call)));
    if ids.len() > MOST {
        lines.push(format!("and {} more; who and some words list only some", ids.len() - MOST));
    }
    lines
}

/// One caller in one line: number, name, phone number, place, state, how long, hand.
fn line(app: &App, call: &Participant) -> String {
    let word = call.word(app.now, app.settings.stale_after);
    let before = call.settled(app.now, app.settings.stale_after);
    let mut parts = vec![format!("{}{}", app.label(call), app.number_and_place(call))];
    if app.view.conference.is_none() {
        parts.extend(call.conference.as_ref().map(|id| format!("in {id}")));
    }
    parts.push(if word == before { word.text().to_owned() } else { format!("{}, {} before", word.text(), before.text()) });
    parts.push(format!("for {}", app.stay_of(call)));
    let place = app.roster.hand_place(call.id);
    match (place, call.hand()) {
        (Some(place), _) => parts.push(format!("hand {place}")),
        (None, Some(_)) => parts.push("hand up".to_owned()),
        (None, None) => {}
    }
    let floor = call.conference.as_ref().and_then(|conference| app.roster.floor(conference));
    let marks = [
        (floor.is_some() && floor == Some(call.id), "has the floor".to_owned()),
        (app.roster.is_exempt(call), "exempt".to_owned()),
        (call.called_back, "called back".to_owned()),
        (app.roster.sharing(call) > 1, format!("{} calls have this number", app.roster.sharing(call))),
    ];
    parts.extend(marks.into_iter().filter(|(so, _)| *so).map(|(_, text)| text));
    parts.join(", ")
}

/// Everything known of a caller.
pub(super) fn detail(app: &App, id: CallId) -> Vec<String> {
    let Some(call) = app.roster.get(id) else { return vec!["that caller has left and is off the list".to_owned()] };
    let mut lines = vec![line(app, call)];
    if let Some(ask) = call.ask() {
        let (outcome, at) = ask.ended.as_ref().map_or(("on its way", ask.at), |ended| (ended.outcome.words(), ended.at));
        let words = ask.ended.as_ref().map(|ended| &*ended.detail).filter(|words| !words.is_empty());
        let words = words.map(|words| format!(": {words}")).unwrap_or_default();
        lines.push(format!("last ask: {} {outcome} {} ago{words}", ask.action.word(), app.age_of(at)));
        lines.push(format!("asked by {}", ask.by));
    }
    if let (None, Some(instead)) = (call.number, call.instead()) {
        lines.push(format!("in place of a number came {instead}"));
    }
    let since = if call.stays == 0 { "started" } else { "joined" };
    let stays = if call.stays > 1 { format!(", stay {}", call.stays) } else { String::new() };
    lines.push(format!("{since} at {}{stays}, last news {} ago, call key {}", clock(call.joined), app.age_of(call.news), call.key()));
    if let Some(said) = call.said_name().filter(|said| app.roster.name(call) != Some(said)) {
        lines.push(format!("said name: {said}"));
    }
    if let Some(called) = call.called() {
        lines.push(format!("dialled: {called}"));
    }
    if let Some(raised) = call.hand() {
        lines.push(format!("hand up for {}", app.age_of(raised)));
    }
    let ban = call.number.and_then(|number| app.roster.people().ban(number, app.now));
    lines.extend(ban.map(|ban| format!("banned by {}{}", ban.by, because(&ban.reason))));
    lines
}

fn because(reason: &str) -> String {
    if reason.is_empty() { String::new() } else { format!(": {reason}") }
}

/// The raised hands of what is shown in their order, and who has the floor.
pub(super) fn hands(app: &App) -> Vec<String> {
    let shown = app.view.conference.as_ref();
    let mut lines = Vec::new();
    for (conference, _) in app.roster.conferences().iter().filter(|(id, _)| shown.is_none_or(|shown| shown == id)) {
        if let Some(call) = app.roster.floor(conference).and_then(|id| app.roster.get(id)) {
            lines.push(format!("{} has the floor of {conference}", app.label(call)));
        }
        for (id, place) in app.roster.hands(conference).iter().zip(1..=MOST) {
            let Some(call) = app.roster.get(*id) else { continue };
            let up = call.hand().map(|raised| format!(", up for {}", app.age_of(raised))).unwrap_or_default();
            lines.push(format!("hand {place} in {conference}: {}{up}", app.label(call)));
        }
    }
    if lines.is_empty() {
        lines.push("no hand is up".to_owned());
    }
    lines
}

/// The banned numbers, the latest first.
pub(super) fn bans(app: &App) -> Vec<String> {
    let bans = app.roster.people().bans(app.now);
    if bans.is_empty() {
        return vec!["no number is banned".to_owned()];
    }
    let told = bans.iter().take(MOST).map(|(number, ban)| {
        let lasts = ban.until.map_or_else(|| "for good".to_owned(), |until| format!("for {} more", age(until.since(app.now))));
        let name = app.roster.people().name(*number).map(|name| format!(", {name}")).unwrap_or_default();
        format!("{}{name}, banned {lasts} by {}{}", number.e164(), ban.by, because(&ban.reason))
    });
    told.collect()
}

/// The conferences with their counts and the modes that hold in them.
pub(super) fn conferences(app: &App) -> Vec<String> {
    let told = app.tabs().map(|(id, counts)| {
        let shown = if id == app.view.conference.as_ref() { ", shown" } else { "" };
        let Some(id) = id else { return format!("all: {}{shown}", counted(counts)) };
        let modes = [Mode::Lecture, Mode::Lock].into_iter().filter(|mode| app.roster.mode(id, *mode).is_some());
        let parts = std::iter::once(counted(counts)).chain(modes.map(|mode| format!("{} is on", mode.words())));
        format!("{id}: {}{shown}", parts.collect::<Vec<_>>().join(", "))
    });
    told.collect()
}

/// What happened last, once more.
pub(super) fn events(app: &App, rest: &str) -> Vec<String> {
    let count = if rest.is_empty() { Some(EVENTS) } else { rest.parse().ok().map(|count: usize| count.min(MOST)) };
    let Some(count) = count else { return vec!["how many? events 50".to_owned()] };
    if app.lines.is_empty() {
        return vec!["nothing has happened yet".to_owned()];
    }
    let skipped = app.lines.len().saturating_sub(count);
    app.lines.iter().skip(skipped).map(|line| format!("{} {}", clock(line.at), line.text)).collect()
}
