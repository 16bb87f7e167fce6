//! Everything known of the caller under the cursor.

use std::borrow::Cow;

use jiff::tz::TimeZone;
use ratatui::style::Style;

use super::paint::Paint;
use crate::conference::Moment;
use crate::conference::people::NameFrom;
use crate::conference::roster::Participant;
use crate::console::app::App;
use crate::console::app::layout::Area;

/// Columns of the labels.
const LABEL: u16 = 12;

/// From this many columns the caller's other fields stand beside the facts, below that under them.
const TWO_COLUMNS: u16 = 76;

/// A line of the pane: its label, its text, and how that looks.
type Line = (String, String, Style);

pub(super) fn draw(paint: &mut Paint<'_>, app: &App, area: Area) {
    if area.height == 0 {
        return;
    }
    let theme = *paint.theme;
    let Some(call) = app.selected() else {
        paint.text(area.x + 1, area.y, area.width.saturating_sub(2), "nobody is under the cursor", theme.dim);
        return;
    };
    paint.text(area.x + 1, area.y, area.width.saturating_sub(2), &app.label(call), theme.heading);
    let body = Area { y: area.y + 1, height: area.height - 1, ..area };
    let facts = facts(app, call, paint);
    let fields = app.fields().unwrap_or_default().iter();
    let fields: Vec<Line> = fields.map(|(name, value)| (name.clone(), app.show(value).into_owned(), theme.dim)).collect();
    if area.width >= TWO_COLUMNS && !fields.is_empty() {
        let left = Area { width: body.width / 2, ..body };
        column(paint, left, &facts);
        column(paint, Area { x: left.x + left.width, width: body.width - left.width, ..area }, &fields);
    } else {
        column(paint, body, &facts.into_iter().chain(fields).collect::<Vec<_>>());
    }
}

/// Draws lines one under the other, and counts those that do not fit.
fn column(paint: &mut Paint<'_>, area: Area, lines: &[Line]) {
    let dim = paint.theme.dim;
    let width = usize::from(area.width.saturating_sub(LABEL + 3)).max(8);
    let wrapped: Vec<_> = lines.iter().map(|(label, value, style)| (label, wrapped(value, width), *style)).collect();
    let mut y = area.y;
    let end = area.y + area.height;
    for (place, (label, pieces, style)) in wrapped.iter().enumerate() {
        let rest: usize = wrapped[place..].iter().map(|(_, pieces, _)| pieces.len()).sum();
        let last = usize::from(end - y) < rest && usize::from(end - y) <= pieces.len();
        if last {
            if y < end {
                paint.text(area.x + 1, y, area.width.saturating_sub(2), &format!("{} more in a taller window", wrapped.len() - place), dim);
            }
            return;
        }
        paint.text(area.x + 1, y, LABEL, label, dim);
        for piece in pieces {
            paint.text(area.x + 2 + LABEL, y, width as u16, piece, *style);
            y += 1;
        }
    }
}

/// What is known of a caller, the most urgent first.
fn facts(app: &App, call: &Participant, paint: &Paint<'_>) -> Vec<Line> {
    let theme = paint.theme;
    let plain = Style::new();
    let mut lines = Vec::new();
    let mut line = |label: &str, value: String, style: Style| lines.push((label.to_owned(), value, style));
    let word = call.word(app.now, app.settings.stale_after);
    let before = call.settled(app.now, app.settings.stale_after);
    let voice = if word == before { word.text().to_owned() } else { format!("{}, {} before", word.text(), before.text()) };
    line("voice", voice, theme.word(word));
    if let Some(ask) = call.ask() {
        let (outcome, at) = ask.ended.as_ref().map_or(("on its way", ask.at), |ended| (ended.outcome.words(), ended.at));
        let recorded = if ask.seq.is_recorded() { "" } else { ", not recorded" };
        line("last ask", format!("{} {outcome} {} ago{recorded}", ask.action.word(), app.age_of(at)), plain);
        line("asked by", app.show(&ask.by).into_owned(), plain);
        if let Some(detail) = ask.ended.as_ref().map(|ended| &ended.detail).filter(|detail| !detail.is_empty()) {
            line("answer", app.show(detail).into_owned(), theme.bad);
        }
    }
    match call.number {
        Some(number) => {
            let known = app.described(number);
            line("number", app.show(&known.map_or_else(|| number.e164(), |known| known.international.clone())).into_owned(), plain);
            if let Some(country) = known.and_then(|known| known.country.clone()) {
                line("place", country, plain);
            }
        }
        None => {
            line("number", format!("none; {} came", call.instead().map_or_else(|| "nothing".into(), |text| app.show(text))), theme.warning);
        }
    }
    lines.extend(person(app, call, plain));
    let mut line = |label: &str, value: String, style: Style| lines.push((label.to_owned(), value, style));
    let conference = call.conference.as_ref().map_or_else(|| "none yet".to_owned(), ToString::to_string);
    let stays = if call.stays > 1 { format!(", stay {}", call.stays) } else { String::new() };
    line("conference", format!("{}{stays}", app.show(&conference)), plain);
    line("call key", app.show(call.key()).into_owned(), plain);
    let since = if call.stays == 0 { "started" } else { "joined" };
    line(since, format!("{}, news {} ago", clock(call.joined), app.age_of(call.news)), plain);
    if let Some(raised) = call.hand() {
        let place = app.cursor.and_then(|id| app.roster.hand_place(id)).map_or_else(String::new, |place| format!(", number {place}"));
        line("hand", format!("up for {}{place}", app.age_of(raised)), theme.warning);
    }
    if call.conference.as_ref().is_some_and(|conference| app.cursor.is_some() && app.roster.floor(conference) == app.cursor) {
        line("floor", "has it".to_owned(), theme.good);
    }
    if let Some(ban) = call.number.and_then(|number| app.roster.people().ban(number, app.now)) {
        let until = ban.until.map_or_else(|| "for good".to_owned(), |until| format!("until {}", super::bans::date(until)));
        let reason = if ban.reason.is_empty() { String::new() } else { format!(": {}", app.show(&ban.reason)) };
        line("banned", format!("{until} by {}{reason}", ban.by), theme.warning);
    }
    match app.roster.name_from(call) {
        Some(NameFrom::Contacts) => line("name", "from the contacts file".to_owned(), plain),
        Some(NameFrom::Moderator) => line("name", "given by a moderator".to_owned(), plain),
        // That the call flow names its callers is nothing to say each time.
        Some(NameFrom::Callback) | None => {}
    }
    if let Some(said) = call.said_name().filter(|said| app.roster.name(call) != Some(said)) {
        line("said name", app.show(said).into_owned(), plain);
    }
    if let Some(called) = call.called() {
        line("dialled", app.show(called).into_owned(), plain);
    }
    lines
}

/// What is known of a caller as a person: role and note from the contacts file, exemption.
fn person(app: &App, call: &Participant, plain: Style) -> Vec<Line> {
    let contact = call.number.and_then(|number| app.roster.people().get(number)?.contact());
    let exempt = match (app.roster.is_exempt(call), call.number) {
        (false, _) => "",
        (true, Some(_)) => "from lecture mode and lock",
        (true, None) => "from lecture mode and lock, for this call alone",
    };
    let role = contact.map_or("", |contact| &contact.role);
    let note = contact.map_or("", |contact| &contact.note);
    let known = [("role", role), ("exempt", exempt), ("note", note)].into_iter().filter(|(_, text)| !text.is_empty());
    known.map(|(label, text)| (label.to_owned(), app.show(text).into_owned(), plain)).collect()
}

/// Text broken between words where it can be, to lines of at most `width` columns.
pub(super) fn wrapped(text: &str, width: usize) -> Vec<Cow<'_, str>> {
    if crate::text::width(text) <= width && !text.starts_with(' ') {
        return vec![Cow::Borrowed(text)];
    }
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let mut word = word.to_owned();
        loop {
            let line = lines.last_mut();
            let Some(line) = line else { break };
            let used = crate::text::width(line);
            let space = usize::from(used > 0);
            if used + space + crate::text::width(&word) <= width {
                if space > 0 {
                    line.push(' ');
                }
                line.push_str(&word);
                break;
            }
            if used > 0 {
                lines.push(String::new());
                continue;
            }
            // A word longer than a line is broken where the line ends.
            let head = crate::text::cut(&word, width.max(2), "").into_owned();
            if head.is_empty() {
                break;
            }
            word = word[head.len()..].to_owned();
            line.push_str(&head);
            lines.push(String::new());
        }
    }
    lines.into_iter().map(Cow::Owned).collect()
}

/// A time of day on the moderator's clock.
pub fn clock(at: Moment) -> String {
    let Ok(time) = jiff::Timestamp::from_millisecond(at.0) else { return String::new() };
    time.to_zoned(TimeZone::system()).strftime("%H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_answers_are_wrapped_between_words() {
        assert_eq!(wrapped("participant not found", 12), ["participant", "not found"]);
        assert_eq!(wrapped("abcdefghij k", 4), ["abcd", "efgh", "ij k"]);
        assert_eq!(wrapped("", 4), [""]);
        assert_eq!(wrapped("日本語", 4), ["日本", "語"]);
    }
}
