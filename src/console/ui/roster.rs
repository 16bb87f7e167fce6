//! The table of callers: which columns fit, and one line a caller.

use std::borrow::Cow;

use ratatui::style::{Modifier, Style};

use super::empty;
use super::paint::Paint;
use crate::conference::Outcome;
use crate::conference::roster::{CallId, LastAsk, Participant, Presence, Word};
use crate::conference::view::Column;
use crate::console::app::App;
use crate::console::app::layout::{Area, Layout};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Mark,
    Caller,
    Number,
    Place,
    Voice,
    Stay,
    Hand,
    Ask,
}

/// A column's place on the line.
#[derive(Clone, Copy, Debug)]
struct Slot {
    field: Field,
    x: u16,
    width: u16,
}

/// What goes first when there is too little room.
const FIRST_TO_GO: [Field; 5] = [Field::Place, Field::Number, Field::Hand, Field::Stay, Field::Ask];

/// Below this a caller's name says nothing.
const LEAST_CALLER: u16 = 12;

/// What a column takes at least, and who gets what is left over, in turn, up to which width.
const SPARE: [(Field, u16); 9] = [
    (Field::Caller, 24),
    (Field::Voice, 15),
    (Field::Number, 18),
    (Field::Caller, 26),
    (Field::Ask, 24),
    (Field::Place, 14),
    (Field::Caller, 34),
    (Field::Place, 24),
    (Field::Caller, u16::MAX),
];

/// The columns that fit a width.
fn slots(width: u16) -> Vec<Slot> {
    let gap = if width >= 120 { 2 } else { 1 };
    let mut fields = vec![
        (Field::Mark, 2),
        (Field::Caller, LEAST_CALLER),
        (Field::Number, 16),
        (Field::Place, 5),
        (Field::Voice, 8),
        (Field::Stay, 6),
        (Field::Hand, 5),
        (Field::Ask, 14),
    ];
    let needed =
        |fields: &[(Field, u16)]| fields.iter().map(|(field, width)| width + if *field == Field::Mark { 0 } else { gap }).sum::<u16>();
    for field in FIRST_TO_GO {
        if needed(&fields) > width {
            fields.retain(|(other, _)| *other != field);
        }
    }
    let mut spare = width.saturating_sub(needed(&fields));
    for (field, most) in SPARE {
        if let Some((_, own)) = fields.iter_mut().find(|(other, _)| *other == field) {
            let more = most.saturating_sub(*own).min(spare);
            *own += more;
            spare -= more;
        }
    }
    let mut x = 0;
    fields
        .into_iter()
        .map(|(field, width)| {
            let slot = Slot { field, x, width };
            x += width + if field == Field::Mark { 0 } else { gap };
            slot
        })
        .collect()
}

pub(super) fn draw(paint: &mut Paint<'_>, app: &App, layout: &Layout) {
    let slots = slots(layout.rows.width);
    heading(paint, app, layout.heading, &slots);
    if app.view.rows().is_empty() {
        empty::nobody(paint, app, layout.rows);
        return;
    }
    let blank = u16::try_from(-app.top).unwrap_or(0);
    for (id, y) in app.visible().zip(layout.rows.y + blank..layout.rows.y + layout.rows.height) {
        if let Some(call) = app.roster.get(id) {
            row(paint, app, Area { y, height: 1, ..layout.rows }, &slots, id, call);
        }
    }
}

fn heading(paint: &mut Paint<'_>, app: &App, area: Area, slots: &[Slot]) {
    let style = paint.theme.heading.add_modifier(Modifier::UNDERLINED);
    paint.style(area, style);
    let (column, reverse) = app.view.order();
    let arrow = if reverse { paint.theme.glyphs.falling } else { paint.theme.glyphs.rising };
    for slot in slots {
        let (name, sorted) = match slot.field {
            Field::Mark => ("", false),
            Field::Caller => ("caller", column == Column::Caller),
            Field::Number => ("number", column == Column::Number),
            Field::Place => ("place", column == Column::Place),
            Field::Voice => ("voice", column == Column::Voice),
            Field::Stay => ("in for", matches!(column, Column::Stay)),
            Field::Hand => ("hand", column == Column::Hand),
            Field::Ask => ("last ask", column == Column::Ask),
        };
        let text = if sorted { format!("{name}{arrow}") } else { name.to_owned() };
        paint.text(area.x + slot.x, area.y, slot.width + 1, &text, style);
    }
}

fn row(paint: &mut Paint<'_>, app: &App, area: Area, slots: &[Slot], id: CallId, call: &Participant) {
    let theme = *paint.theme;
    let word = call.word(app.now, app.settings.stale_after);
    let gone = matches!(word, Word::Left | Word::Kicked) && !call.called_back;
    // What is shown is old: its letters say the same, and no colour says that it is so now.
    let lost = app.is_lost();
    let under = app.cursor == Some(id);
    let base = if under {
        theme.cursor
    } else if gone || lost {
        theme.dim
    } else {
        Style::new()
    };
    paint.style(area, base);
    for slot in slots {
        let (text, own) = match slot.field {
            Field::Mark => (mark(app, &theme.glyphs, id, under), theme.accent),
            Field::Caller => (caller(app, paint, call, slot.width), Style::new()),
            Field::Number => (number(app, &theme.glyphs, call), Style::new()),
            Field::Place => (place(app, call, slot.width).into(), Style::new()),
            Field::Voice => (voice(app, call, word, slot.width), theme.word(word)),
            Field::Stay => (app.stay_of(call).into(), Style::new()),
            Field::Hand => hand(app, paint, id, call),
            Field::Ask => ask(app, paint, call, slot.width),
        };
        // A row that is gone is dim as a whole, and the cursor's colours hold on its row unless something is wrong.
        let style = if gone || lost || (under && !matches!(word, Word::Failed | Word::Unknown)) { base } else { base.patch(own) };
        paint.text(area.x + slot.x, area.y, slot.width, &text, style);
    }
}

/// What the caller is called, and what of rules is special: in words where there is room, else by the key that
/// changes it.
fn caller<'a>(app: &'a App, paint: &Paint<'_>, call: &'a Participant, width: u16) -> Cow<'a, str> {
    let label = app.label_text(call);
    let banned = call.number.is_some_and(|number| app.roster.people().ban(number, app.now).is_some());
    let mark = match (banned, app.roster.is_exempt(call), width >= 24) {
        (false, false, _) => return label,
        (true, _, true) => " (banned)",
        (true, _, false) => " (B)",
        (false, true, true) => " (exempt)",
        (false, true, false) => " (x)",
    };
    let room = usize::from(width) - mark.len();
    format!("{}{mark}", crate::text::cut(&label, room, paint.theme.glyphs.ellipsis)).into()
}

/// Who has the floor, and the places of raised hands.
fn hand(app: &App, paint: &Paint<'_>, id: CallId, call: &Participant) -> (Cow<'static, str>, Style) {
    let theme = paint.theme;
    if call.conference.as_ref().is_some_and(|conference| app.roster.floor(conference) == Some(id)) {
        return ("floor".into(), theme.good);
    }
    if call.hand().is_none() {
        return (Cow::Borrowed(""), theme.warning);
    }
    let place = app.roster.hand_place(id).map_or_else(String::new, |place| place.to_string());
    (format!("{}{place}", theme.glyphs.hand).into(), theme.warning)
}

/// Where the cursor is, and who is marked.
fn mark(app: &App, glyphs: &super::theme::Glyphs, id: CallId, under: bool) -> Cow<'static, str> {
    match (under, app.marks.has(id)) {
        (false, false) => " ".into(),
        (true, false) => glyphs.cursor.into(),
        (false, true) => format!(" {}", glyphs.mark).into(),
        (true, true) => format!("{}{}", glyphs.cursor, glyphs.mark).into(),
    }
}

/// The number in E.164, with how many calls share it; for a caller without one, what came instead.
fn number<'a>(app: &'a App, glyphs: &super::theme::Glyphs, call: &'a Participant) -> Cow<'a, str> {
    match call.number {
        Some(number) => {
            let sharing = app.roster.sharing(call);
            let number = number.e164();
            let number = if app.mask { app.show(&number).into_owned() } else { number };
            if sharing > 1 { format!("{number} {}{sharing}", glyphs.times).into() } else { number.into() }
        }
        None if app.roster.name(call).is_some() => format!("no number #{}", call.tag()).into(),
        None => call.instead().map_or_else(|| glyphs.dash.into(), |text| app.show(text)),
    }
}

fn place<'a>(app: &'a App, call: &Participant, width: u16) -> &'a str {
    let Some(known) = call.number.and_then(|number| app.described(number)) else { return "" };
    match &known.country {
        Some(country) if width >= 14 => country,
        _ => known.region.as_deref().unwrap_or_default(),
    }
}

/// The word, and where there is room, what was so before an ask that failed.
fn voice(app: &App, call: &Participant, word: Word, width: u16) -> Cow<'static, str> {
    if !matches!(word, Word::Failed | Word::Unknown) {
        return word.text().into();
    }
    let text = format!("{} ({})", word.text(), call.settled(app.now, app.settings.stale_after).text());
    if crate::text::width(&text) <= usize::from(width) { text.into() } else { word.text().into() }
}

/// The last ask, how it ended, its age, and whether it is on disk.
fn ask(app: &App, paint: &Paint<'_>, call: &Participant, width: u16) -> (Cow<'static, str>, Style) {
    let theme = paint.theme;
    if call.called_back && call.presence == Presence::Kicked && !call.is_asking() {
        return ("called back".into(), theme.warning);
    }
    let Some(LastAsk { seq, action, at, ended, .. }) = call.ask() else { return ("".into(), Style::new()) };
    let glyphs = theme.glyphs;
    let (sign, words, style) = match ended.as_ref().map(|ended| ended.outcome) {
        None => (glyphs.waiting, "asked", theme.dim),
        Some(outcome @ Outcome::Accepted) => (glyphs.yes, outcome.words(), theme.dim),
        Some(outcome @ (Outcome::Refused | Outcome::NotDelivered)) => (glyphs.no, outcome.words(), theme.bad),
        Some(outcome @ Outcome::Unknown) => ("?", outcome.words(), theme.bad),
        Some(outcome @ Outcome::NotSent) => (glyphs.not_sent, outcome.words(), theme.dim),
    };
    let age = app.age_of(ended.as_ref().map_or(*at, |ended| ended.at));
    let result = if width >= 24 { words } else { sign };
    if seq.is_recorded() {
        return (format!("{} {result} {age}", action.word()).into(), style);
    }
    // The mark must not be what is cut off.
    let long = format!("not recorded: {} {sign} {age}", action.word());
    let text = if crate::text::width(&long) <= usize::from(width) { long.into() } else { "not recorded".into() };
    (text, theme.bad)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_needed_fits_eighty_columns_and_nothing_overlaps_at_any() {
        for width in 40..=220 {
            let slots = slots(width);
            for pair in slots.windows(2) {
                assert!(pair[0].x + pair[0].width <= pair[1].x, "{width}: {pair:?}");
            }
            let last = slots.last().expect("some columns");
            assert!(last.x + last.width <= width, "{width}: {last:?}");
            let caller = slots.iter().find(|slot| slot.field == Field::Caller).expect("always there");
            assert!(caller.width >= LEAST_CALLER);
            assert!(slots.iter().any(|slot| slot.field == Field::Voice), "{width}: the voice is always there");
            if width >= 80 {
                assert_eq!(slots.len(), 8, "{width}");
            }
        }
    }
}
