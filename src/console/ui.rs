//! Drawing: `render` reads the state and never changes it. Only the rows in the window are looked at, so
//! a hundred thousand callers cost what ten do.

use ratatui::buffer::Buffer;

pub use self::detail::clock;
use self::paint::Paint;
pub use self::theme::Theme;
use super::app::App;
use super::app::layout::SMALLEST;

mod banner;
mod bans;
mod detail;
mod dialog;
mod empty;
mod events;
mod footer;
mod header;
mod help;
mod paint;
mod queue;
mod roster;
mod status;
mod theme;

/// Draws the whole screen.
pub fn render(app: &App, theme: &Theme, buffer: &mut Buffer) {
    let mut paint = Paint { buffer, theme };
    let (width, height) = (paint.buffer.area.width, paint.buffer.area.height);
    if width < SMALLEST.0 || height < SMALLEST.1 {
        empty::too_small(&mut paint, app);
        paint.sweep();
        return;
    }
    let layout = app.layout();
    header::draw(&mut paint, app, &layout);
    banner::draw(&mut paint, app, &layout);
    roster::draw(&mut paint, app, &layout);
    paint.rule(layout.rule, &pane_title(app, &layout));
    if layout.queue_title.height > 0 {
        paint.rule(layout.queue_title, &queue::title(app));
    }
    queue::draw(&mut paint, app, layout.queue);
    if layout.split.height > 0 {
        paint.rule(layout.split, "events");
    }
    detail::draw(&mut paint, app, layout.detail);
    events::draw(&mut paint, app, layout.events);
    status::draw(&mut paint, app, layout.status);
    footer::draw(&mut paint, app, layout.footer);
    dialog::draw(&mut paint, app);
    if app.alerts.is_flashing(app.now) {
        paint.turn_over();
    }
    paint.sweep();
}

/// What stands in the line above panes under the table: what they are, and what hides one that is open.
fn pane_title(app: &App, layout: &super::app::layout::Layout) -> String {
    let (queue, detail, events) = (layout.queue.height > 0, layout.detail.height > 0, layout.events.height > 0);
    let hands = queue::title(app);
    let panes = [(queue, &*hands), (detail, "detail"), (events, "events")];
    let shown: Vec<_> = panes.into_iter().filter(|(shown, _)| *shown).map(|(_, name)| name).collect();
    let behind = match (queue, detail, events) {
        (true, false, _) if app.detail => " (H closes it and shows the detail)",
        (true, _, false) if app.shows_events() => " (H closes it and shows the events)",
        (false, true, false) if app.shows_events() => " (d closes it and shows the events)",
        _ => "",
    };
    format!("{}{behind}", shown.join("; "))
}

#[cfg(test)]
mod tests;
