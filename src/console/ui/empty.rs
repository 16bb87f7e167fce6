//! What stands where callers would: what to do when nobody is in, and a word to screens that are too small.

use ratatui::style::Style;

use super::paint::Paint;
use crate::conference::health::JournalHealth;
use crate::console::app::layout::{Area, SMALLEST};
use crate::console::app::{App, DEMO, Dialog};

pub(super) fn too_small(paint: &mut Paint<'_>, app: &App) {
    let area = paint.buffer.area;
    let (least_width, least_height) = SMALLEST;
    let size = format!("{}x{} of {least_width}x{least_height}", area.width, area.height);
    let quit = if matches!(app.dialog, Some(Dialog::Quit)) { "quit? y" } else { "" };
    for (text, y) in ["too small", &size, "only q works", quit].into_iter().zip(area.y..area.bottom()) {
        paint.text(area.x, y, area.width, text, Style::new());
    }
}

pub(super) fn nobody(paint: &mut Paint<'_>, app: &App, area: Area) {
    let theme = *paint.theme;
    let plain = Style::new();
    let mut lines: Vec<(String, Style)> = vec![(String::new(), plain)];
    if !app.view.filter().is_empty() {
        lines.push((format!("Nobody matches \"{}\". Esc shows everybody again.", app.view.filter().text()), plain));
    } else if let Some(conference) = app.view.conference.as_ref().filter(|_| app.roster.all().inside > 0) {
        lines.push((format!("Nobody is in {conference}. Tab shows the other conferences."), plain));
    } else {
        let elsewhere = match &app.journal {
            _ if app.replay.is_some() => Some("Nobody is in at this time.".to_owned()),
            JournalHealth::Followed(by) => Some(format!("Nobody is in. Callbacks go to {by}.")),
            JournalHealth::Abandoned => Some("Nobody is in, and nobody takes callbacks.".to_owned()),
            _ if app.is_lost() => Some("Nobody was in when the contact with the server was lost.".to_owned()),
            _ if app.settings.shared.is_some() => Some("Nobody is in. Callbacks are taken by confmod serve, on other machines.".to_owned()),
            _ => None,
        };
        if let Some(elsewhere) = elsewhere {
            lines.push((elsewhere, theme.heading));
            if app.settings.shared.is_some() && !app.is_lost() {
                lines.push(("confmod urls, run there, prints the URLs for the call flow.".to_owned(), plain));
            }
            return show(paint, area, &lines);
        }
        if app.settings.title == DEMO {
            return show(
                paint,
                area,
                &[(String::new(), plain), ("Nobody is in yet: the first callers join in a moment.".to_owned(), theme.heading)],
            );
        }
        lines.push((format!("Nobody is in. Listening for callbacks on {}.", app.settings.listener), theme.heading));
        let last = app.last_callback.map_or_else(|| "never".to_owned(), |at| format!("{} ago", app.age_of(at)));
        lines.push((format!("Last callback: {last}."), plain));
        lines.push((String::new(), plain));
        lines.push(("Paste these into the call flow; `confmod urls` prints them with the token:".to_owned(), plain));
        for (control, url) in &app.settings.urls {
            lines.push((format!("  {control}"), theme.heading));
            lines.push((format!("    {url}"), theme.dim));
        }
        lines.push((String::new(), plain));
        if app.settings.fragile_session {
            lines.push(("This is ssh without tmux or screen: closing the session closes the listener,".to_owned(), theme.warning));
            lines.push(("and who comes or leaves after that is not known. Start confmod in tmux.".to_owned(), theme.warning));
        }
        lines.push(("No call flow at hand? `confmod demo` shows a whole conference by itself.".to_owned(), plain));
    }
    show(paint, area, &lines);
}

fn show(paint: &mut Paint<'_>, area: Area, lines: &[(String, Style)]) {
    for ((text, style), y) in lines.iter().zip(area.y..area.y + area.height) {
        paint.text(area.x + 2, y, area.width.saturating_sub(3), text, *style);
    }
}
