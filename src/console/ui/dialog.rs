//! What opens above the table. Sizes follow the text and never leave the screen.

use ratatui::style::Style;

use super::bans;
use super::detail::wrapped;
use super::footer::typed;
use super::help;
use super::paint::Paint;
use crate::console::app::dialog::{Input, Target};
use crate::console::app::layout::Area;
use crate::console::app::{App, Dialog};

pub(super) fn draw(paint: &mut Paint<'_>, app: &App) {
    match &app.dialog {
        None | Some(Dialog::Filter(_)) => {}
        Some(Dialog::Kick(dialog)) => match &dialog.targets[..] {
            [target] => kick(paint, app, *target),
            targets => kick_many(paint, app, targets, dialog.typed.as_ref()),
        },
        Some(Dialog::Quit) => {
            let inside = app.roster.all().inside;
            let callers =
                if inside == 1 { "1 caller is in and stays in.".to_owned() } else { format!("{inside} callers are in and stay in.") };
            let rest = ["Who comes or leaves after this is not known,", "and asks that wait are not sent."];
            let lines: Vec<_> = std::iter::once(callers).chain(rest.map(str::to_owned)).collect();
            question(paint, "quit?", &lines, "quits", "any other key stays");
        }
        Some(Dialog::ClearHands(conference)) => {
            let hands = app.roster.hands(conference).len();
            let what = if hands == 1 { "1 hand goes down".to_owned() } else { format!("{hands} hands go down") };
            let lines = [format!("{what} in {conference}."), "Their order cannot be brought back.".to_owned()];
            question(paint, "lower all hands?", &lines, "lowers them", "any other key: they stay up");
        }
        Some(Dialog::Ban(form)) => bans::form(paint, app, form),
        Some(Dialog::Bans(list)) => bans::list(paint, app, list),
        Some(Dialog::Name(target, input)) => {
            let inside = paint.dialog(56, 4, "name this caller");
            let who = app.roster.get(target.id);
            let holds = who.and_then(|call| call.number).map_or_else(
                || "for this call alone: it has no number".to_owned(),
                |number| format!("for {} now and later", app.show(&number.e164())),
            );
            let dim = paint.theme.dim;
            paint.text(inside.x, inside.y, inside.width, &holds, dim);
            typed(paint, Area { y: inside.y + 1, height: 1, ..inside }, input);
            paint.text(inside.x, inside.y + 3, inside.width, "Enter keeps it, Esc leaves it as it was", dim);
        }
        Some(Dialog::Palette(palette)) => help::palette(paint, app, palette),
        Some(Dialog::Help { scrolled }) => help::help(paint, app, *scrolled),
    }
}

fn kick(paint: &mut Paint<'_>, app: &App, target: Target) {
    let mut lines = Vec::new();
    match app.roster.get(target.id) {
        Some(call) => {
            lines.push(app.label(call));
            let number = call.number.map(|number| app.show(&number.e164()).into_owned());
            let conference = call.conference.as_ref().map(|id| format!("conference {id}"));
            lines.push([number, conference].into_iter().flatten().collect::<Vec<_>>().join(", "));
            let sharing = app.roster.sharing(call);
            if sharing > 1 {
                lines.push(format!("{sharing} calls have this number: the provider may take another one for it"));
            }
            if !call.is_live() && !call.called_back {
                lines.push("has left meanwhile".to_owned());
            }
        }
        None => lines.push("this caller is gone".to_owned()),
    }
    question(paint, "kick this caller?", &lines, "kicks", "any other key: nobody is kicked");
}

/// Names that the dialog lists before it counts the rest.
const NAMED: usize = 6;

fn kick_many(paint: &mut Paint<'_>, app: &App, targets: &[Target], typed_so_far: Option<&Input>) {
    let count = targets.len();
    let title = format!("kick {count} callers?");
    let names = app.names(targets, NAMED);
    let Some(input) = typed_so_far else {
        return question(paint, &title, &[names], "kicks them all", "any other key: nobody is kicked");
    };
    let lines = wrapped(&names, usize::from(WIDTH.min(paint.buffer.area.width.saturating_sub(4))));
    let inside = paint.dialog(WIDTH, lines.len() as u16 + 4, &title);
    for (line, y) in lines.iter().zip(inside.y..) {
        paint.text(inside.x, y, inside.width, line, paint.theme.heading);
    }
    let y = inside.y + inside.height.saturating_sub(3);
    let used = paint.text(inside.x, y, inside.width, &format!("type {count} and Enter to kick them all: "), Style::new());
    typed(paint, Area { x: inside.x + used, y, width: inside.width.saturating_sub(used), height: 1 }, input);
    let dim = paint.theme.dim;
    paint.text(inside.x, y + 2, inside.width, "any other key: nobody is kicked", dim);
}

/// Columns of a question.
const WIDTH: u16 = 58;

fn question(paint: &mut Paint<'_>, title: &str, lines: &[String], yes: &str, no: &str) {
    let width = WIDTH.min(paint.buffer.area.width.saturating_sub(4));
    let lines: Vec<_> = lines.iter().flat_map(|line| wrapped(line, usize::from(width))).collect();
    let inside = paint.dialog(width, lines.len() as u16 + 2, title);
    for (line, y) in lines.iter().zip(inside.y..inside.y + inside.height) {
        let style = if y == inside.y { paint.theme.heading } else { Style::new() };
        paint.text(inside.x, y, inside.width, line, style);
    }
    let (key, dim) = (paint.theme.key, paint.theme.dim);
    let y = inside.y + inside.height.saturating_sub(1);
    paint.pieces(inside.x, y, inside.width, &[("y", key), (" ", Style::new()), (yes, Style::new()), ("   ", Style::new()), (no, dim)]);
}
