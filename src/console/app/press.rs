//! What keys, pasted text and the mouse do: an open dialog takes them first, else they are commands.

use super::{App, Dialog, Effect, Mouse, Tone};
use crate::conference::roster::CallId;
use crate::console::command::{self, Command};
use crate::console::keys::{Chord, Key};

/// Columns at the left of a row in which a click marks.
const MARK: u16 = 2;

/// Rows that one turn of the wheel moves.
const WHEEL: isize = 3;

impl App {
    pub(super) fn press(&mut self, chord: Chord) -> Vec<Effect> {
        if chord.alt && self.command_of(chord).is_none() {
            // Terminals send Esc and a key typed right after it as that key with Alt.
            let mut effects = self.press(Chord::plain(Key::Esc));
            effects.extend(self.press(Chord { alt: false, ..chord }));
            return effects;
        }
        if self.dialog.is_some() {
            return self.press_in_dialog(chord);
        }
        let command = self.command_of(chord);
        if !matches!(command, Some(Command::Range(_))) {
            self.end_range();
        }
        if self.is_held_key(chord, command) {
            return Vec::new();
        }
        match command.filter(|command| !self.is_blind() || *command == Command::Quit) {
            Some(command) => self.run(command),
            None => Vec::new(),
        }
    }

    fn press_in_dialog(&mut self, chord: Chord) -> Vec<Effect> {
        let Some(dialog) = self.dialog.take() else { return Vec::new() };
        let quits = chord == Chord::ctrl('c');
        let (enter, esc, yes) = (chord.key == Key::Enter, chord.key == Key::Esc, chord == Chord::char('y'));
        if self.is_in_vain(&dialog, enter, yes) {
            // What was typed and chosen stays for when it can be done.
            self.dialog = Some(dialog);
            self.say(Tone::Warning, self.why_lost().unwrap_or_default());
            return Vec::new();
        }
        match dialog {
            Dialog::Kick(kick) => return self.press_in_kick(kick, chord),
            Dialog::ClearHands(conference) if yes => return self.clear_hands(&conference),
            Dialog::ClearHands(_) => self.say(Tone::Plain, "the hands stay up"),
            Dialog::Quit if quits => return vec![Effect::QuitNow],
            Dialog::Quit if yes => return self.quit(),
            Dialog::Quit => {}
            _ if quits => return self.run(Command::Quit),
            Dialog::Ban(form) => return self.press_in_ban(form, chord),
            Dialog::Bans(list) => return self.press_in_bans(list, chord),
            Dialog::Name(target, _) if esc => self.let_go(&[target.id]),
            Dialog::Name(target, input) if enter => {
                let effects = self.name(target.id, &input);
                self.let_go(&[target.id]);
                return effects;
            }
            Dialog::Name(target, mut input) => {
                input.press(chord);
                self.dialog = Some(Dialog::Name(target, input));
            }
            Dialog::Filter(_) if esc => self.filter(""),
            // A term that is not in force must not seem to be: it is mended first.
            Dialog::Filter(_) if enter && self.view.filter().slip().is_none() => {}
            Dialog::Filter(mut input) => {
                if input.press(chord) {
                    self.filter(input.text());
                } else {
                    self.travel(chord.key);
                }
                self.dialog = Some(Dialog::Filter(input));
            }
            Dialog::Palette(..) if esc => {}
            // What is typed on for somebody who was not found must not be a command for whoever the cursor is on.
            Dialog::Palette(palette) if enter && !palette.found.is_empty() => return self.choose(&palette),
            Dialog::Palette(mut palette) => {
                match chord.key {
                    Key::Up => palette.chosen = palette.chosen.saturating_sub(1),
                    Key::Down => palette.chosen = (palette.chosen + 1).min(palette.found.len().saturating_sub(1)),
                    _ if palette.input.press(chord) => palette = self.look_for(palette.input),
                    _ => {}
                }
                self.dialog = Some(Dialog::Palette(palette));
            }
            Dialog::Help { scrolled } => {
                let page = usize::from(self.size.1 / 2).max(1);
                let scrolled = match chord.key {
                    Key::Up => scrolled.saturating_sub(1),
                    Key::Down => scrolled + 1,
                    Key::PgUp => scrolled.saturating_sub(page),
                    Key::PgDn | Key::Char(' ') => scrolled + page,
                    Key::Home => 0,
                    _ => return Vec::new(),
                };
                self.dialog = Some(Dialog::Help { scrolled: scrolled.min(command::TABLE.len()) });
            }
        }
        Vec::new()
    }

    /// Rows that were held by something that is over may go now, unless something else holds them.
    pub(super) fn let_go(&mut self, ids: &[CallId]) {
        let (held, now) = (self.holds(), self.now);
        self.keep_line(|app| app.view.release(ids, &app.roster, now, held));
    }

    fn travel(&mut self, key: Key) {
        match key {
            Key::Up => self.go_by(-1),
            Key::Down => self.go_by(1),
            Key::PgUp => self.go_by(-self.page()),
            Key::PgDn => self.go_by(self.page()),
            _ => {}
        }
    }

    pub(super) fn paste(&mut self, text: &str) -> Vec<Effect> {
        let text = crate::text::clean_field(text);
        match &mut self.dialog {
            Some(Dialog::Name(_, input)) => input.insert(&text),
            Some(Dialog::Ban(form)) => form.field().insert(&text),
            Some(Dialog::Palette(palette)) => {
                let mut input = palette.input.clone();
                input.insert(&text);
                self.dialog = Some(Dialog::Palette(self.look_for(input)));
            }
            Some(Dialog::Filter(input)) => {
                input.insert(&text);
                let typed = input.text().to_owned();
                self.filter(&typed);
            }
            // Pasted text must never act: it may hold a k and a y.
            _ => self.say(Tone::Warning, "pasted text is taken where text is typed only"),
        }
        Vec::new()
    }

    pub(super) fn mouse(&mut self, mouse: Mouse) -> Vec<Effect> {
        if self.is_blind() {
            return Vec::new();
        }
        let wheel = if mouse == Mouse::WheelUp { -WHEEL } else { WHEEL };
        match (&mut self.dialog, mouse) {
            (Some(Dialog::Help { scrolled }), Mouse::WheelUp | Mouse::WheelDown) => {
                *scrolled = scrolled.saturating_add_signed(wheel).min(command::TABLE.len());
            }
            (Some(Dialog::Kick(_) | Dialog::ClearHands(_) | Dialog::Quit | Dialog::Help { .. }), Mouse::Press(..)) => {
                return self.press_in_dialog(Chord::plain(Key::Esc));
            }
            (Some(_), _) => {}
            (None, Mouse::Drag(x, y)) => {
                let (from, place) = (self.cursor, self.row_at(y).filter(|_| self.layout().rows.holds(x, y)));
                if let (Some(from), Some(place)) = (from, place)
                    && self.view.rows().get(place) != Some(from)
                {
                    self.go(place);
                    if self.why_disabled(Command::Range(2)).is_none() {
                        self.stretch(from);
                    }
                }
            }
            (None, Mouse::WheelUp | Mouse::WheelDown) => self.go_by(wheel),
            (None, Mouse::Press(x, y)) => {
                let layout = self.layout();
                if layout.rows.holds(x, y) {
                    if let Some(place) = self.row_at(y) {
                        self.end_range();
                        self.go(place);
                        if x - layout.rows.x < MARK {
                            return self.run(Command::Mark);
                        }
                    }
                } else if layout.tabs.holds(x, y)
                    && let Some(place) = self.tab_at(x)
                {
                    self.show_tab(place);
                }
            }
        }
        Vec::new()
    }
}
