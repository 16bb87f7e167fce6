//! Drawing: `render` reads the state and never changes it. Only the rows in the window are looked at, so
//! a hundred thousand callers cost what ten do.

use ratatui::buffer::Buffer;

pub use self::detail::clock;
use self::paint::Paint;
pub use self::theme::Theme;
use super::app::App;
use super::app::layout::SMALLEST;

mod detail;
mod dialog;
mod empty;
mod events;
mod footer;
mod header;
mod help;
mod paint;
mod roster;
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
    roster::draw(&mut paint, app, &layout);
    paint.rule(layout.rule, pane_title(app, &layout));
    if layout.split.height > 0 {
        paint.rule(layout.split, "events");
    }
    detail::draw(&mut paint, app, layout.detail);
    events::draw(&mut paint, app, layout.events);
    footer::draw(&mut paint, app, &layout);
    dialog::draw(&mut paint, app);
    if app.alerts.is_flashing(app.now) {
        paint.turn_over();
    }
    paint.sweep();
}

/// What stands in the line above panes under the table.
fn pane_title(app: &App, layout: &super::app::layout::Layout) -> &'static str {
    match (layout.detail.height > 0, layout.events.height > 0) {
        (true, true) => "detail and events",
        (true, false) if app.shows_events() => "detail (d closes it and shows the events)",
        (true, false) => "detail",
        _ => "events",
    }
}

#[cfg(test)]
mod tests;
