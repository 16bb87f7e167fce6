//! What each message does.

use super::dialog::{Input, found};
use super::{App, Dialog, Effect, Message, Mouse, Tone};
use crate::conference::Moment;
use crate::conference::event::{CallOnly, Event, Named, What};
use crate::conference::health::JournalHealth as Health;
use crate::conference::roster::Change;
use crate::conference::view::Filter;
use crate::console::command::{self, Command};
use crate::console::keys::{Chord, Key};

/// How often calls that are long gone are forgotten, in milliseconds.
const FORGET_EVERY: i64 = 60_000;

/// Rows that one turn of the wheel moves.
const WHEEL: isize = 3;

impl App {
    /// Takes one message in, at a moment that somebody else read from a clock.
    pub fn update(&mut self, now: Moment, message: Message) -> Vec<Effect> {
        self.now = self.now.max(now);
        let mut effects = match message {
            Message::Key(chord) => self.press(chord),
            Message::Paste(text) => self.paste(&text),
            Message::Mouse(mouse) => self.mouse(mouse),
            Message::Resized(width, height) => {
                self.size = (width, height);
                if self.is_blind() {
                    // What cannot be read must not be confirmed.
                    self.dialog = None;
                    self.countdown = None;
                }
                self.straighten();
                Vec::new()
            }
            Message::Events(events) => {
                events.iter().for_each(|event| self.fold(event));
                Vec::new()
            }
            Message::Journal(health) => {
                self.journal_is(health);
                Vec::new()
            }
            Message::Listener(counts) => {
                if let Some(slip) = counts.slip.as_ref().filter(|slip| self.counts.slip.as_ref() != Some(slip)) {
                    // Once for each slip: a flow with one repeats it with every call.
                    self.say(Tone::Warning, &**slip);
                    self.log(self.now, Tone::Warning, slip.to_string());
                }
                self.counts = counts;
                Vec::new()
            }
            Message::PhonesReady => {
                self.phones_ready = true;
                Vec::new()
            }
            Message::Fields(seq, fields) => {
                self.fields = Some((seq, fields));
                Vec::new()
            }
            Message::NotWritten(why) => {
                self.say(Tone::Bad, why);
                Vec::new()
            }
            Message::Fault(what) => {
                self.say(Tone::Bad, what.clone());
                self.log(self.now, Tone::Bad, what.clone());
                self.fault = Some(what);
                Vec::new()
            }
            Message::Tick => Vec::new(),
        };
        effects.extend(self.count_down());
        self.pass_time();
        self.look_up_visible();
        effects.extend(self.want_fields());
        effects
    }

    fn fold(&mut self, event: &Event) {
        let before = self.before(event);
        let change = self.roster.apply(event);
        match &event.what {
            What::Started(_) | What::Joined(_) | What::Left(_) | What::Hand(_) => {
                self.last_callback = self.last_callback.max(Some(event.at));
                self.duplicates += u32::from(matches!(change, Change::Duplicate(_)));
            }
            What::Answered(answer) => self.provider.note(answer),
            _ => {}
        }
        self.unrecorded += u32::from(!event.seq.is_recorded() && matches!(event.what, What::Asked(_)));
        let held = self.holds();
        let now = self.now;
        if Self::touched(&change).is_some() || matches!(change, Change::Named(_)) {
            self.keep_line(|app| app.view.follow(&change, &app.roster, now, held));
        }
        self.tell(event, &change, &before);
    }

    fn journal_is(&mut self, health: Health) {
        match (&self.journal, &health) {
            (_, Health::Failed(why)) => self.log(self.now, Tone::Bad, format!("the journal failed: {why}")),
            (_, Health::Trouble(why)) => self.log(self.now, Tone::Bad, format!("the journal could not be written: {why}")),
            (Health::Trouble(_) | Health::Failed(_), Health::Good) => self.log(self.now, Tone::Good, "the journal is written again".into()),
            (Health::Good, Health::Good) => {}
        }
        self.journal = health;
    }

    /// Lets go what time alone lets go.
    fn pass_time(&mut self) {
        let (held, now) = (self.holds(), self.now);
        if self.view.has_leavers() {
            self.keep_line(|app| app.view.expire(&app.roster, now, held));
        }
        if now.0 - self.forgot.0 >= FORGET_EVERY {
            self.forgot = now;
            let held = self.holds();
            self.roster.forget(now, held);
        }
    }

    fn want_fields(&mut self) -> Option<Effect> {
        let seq = self.selected().filter(|_| self.detail)?.told_by;
        if self.fields.as_ref().is_some_and(|(known, _)| *known == seq) {
            return None;
        }
        self.fields = Some((seq, Vec::new()));
        Some(Effect::ReadFields(seq))
    }

    fn press(&mut self, chord: Chord) -> Vec<Effect> {
        if chord.alt && self.keys.command(chord).is_none() {
            // Terminals send Esc and a key typed right after it as that key with Alt.
            let mut effects = self.press(Chord::plain(Key::Esc));
            effects.extend(self.press(Chord { alt: false, ..chord }));
            return effects;
        }
        if self.dialog.is_some() {
            return self.press_in_dialog(chord);
        }
        let command = self.keys.command(chord);
        match command.filter(|command| !self.is_blind() || *command == Command::Quit) {
            Some(command) => self.run(command),
            None => Vec::new(),
        }
    }

    fn press_in_dialog(&mut self, chord: Chord) -> Vec<Effect> {
        let Some(dialog) = self.dialog.take() else { return Vec::new() };
        let quits = chord == Chord::ctrl('c');
        let (enter, esc, yes) = (chord.key == Key::Enter, chord.key == Key::Esc, chord == Chord::char('y'));
        match dialog {
            Dialog::Kick(target) => {
                let effects = if yes {
                    self.kick(target)
                } else {
                    self.say(Tone::Plain, "nobody was kicked");
                    Vec::new()
                };
                self.let_go(target.id);
                return effects;
            }
            Dialog::Quit if quits => return vec![Effect::QuitNow],
            Dialog::Quit if yes => return self.quit(),
            Dialog::Quit => {}
            _ if quits => return self.run(Command::Quit),
            Dialog::Name(target, _) if esc => self.let_go(target.id),
            Dialog::Name(target, input) if enter => {
                let effects = self.name(target.id, &input);
                self.let_go(target.id);
                return effects;
            }
            Dialog::Name(target, mut input) => {
                input.press(chord);
                self.dialog = Some(Dialog::Name(target, input));
            }
            Dialog::Filter(_) if esc => self.filter(""),
            Dialog::Filter(_) if enter => {}
            Dialog::Filter(mut input) => {
                if input.press(chord) {
                    self.filter(input.text());
                } else {
                    self.travel(chord.key);
                }
                self.dialog = Some(Dialog::Filter(input));
            }
            Dialog::Palette(..) if esc => {}
            Dialog::Palette(input, chosen) if enter => {
                if let Some(entry) = found(input.text()).get(chosen) {
                    return self.run(entry.command);
                }
            }
            Dialog::Palette(mut input, chosen) => {
                let last = found(input.text()).len().saturating_sub(1);
                let chosen = match chord.key {
                    Key::Up => chosen.saturating_sub(1),
                    Key::Down => (chosen + 1).min(last),
                    _ if input.press(chord) => 0,
                    _ => chosen,
                };
                self.dialog = Some(Dialog::Palette(input, chosen));
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

    /// A row that only a dialog held may go now.
    fn let_go(&mut self, id: crate::conference::roster::CallId) {
        if self.cursor != Some(id) {
            let now = self.now;
            self.keep_line(|app| app.view.release(id, &app.roster, now));
        }
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

    fn paste(&mut self, text: &str) -> Vec<Effect> {
        let text = crate::text::clean_field(text);
        match &mut self.dialog {
            Some(Dialog::Name(_, input) | Dialog::Palette(input, _)) => input.insert(&text),
            Some(Dialog::Filter(input)) => {
                input.insert(&text);
                let typed = input.text().to_owned();
                self.filter(&typed);
            }
            // Pasted text must never act: it may hold a k and a y.
            _ => self.say(Tone::Warning, "pasted text is taken in a filter, a name or the palette only"),
        }
        Vec::new()
    }

    fn mouse(&mut self, mouse: Mouse) -> Vec<Effect> {
        if self.is_blind() {
            return Vec::new();
        }
        let wheel = if mouse == Mouse::WheelUp { -WHEEL } else { WHEEL };
        match (&mut self.dialog, mouse) {
            (Some(Dialog::Help { scrolled }), Mouse::WheelUp | Mouse::WheelDown) => {
                *scrolled = scrolled.saturating_add_signed(wheel).min(command::TABLE.len());
            }
            (Some(Dialog::Kick(_) | Dialog::Quit | Dialog::Help { .. }), Mouse::Press(..)) => {
                return self.press_in_dialog(Chord::plain(Key::Esc));
            }
            (Some(_), _) => {}
            (None, Mouse::WheelUp | Mouse::WheelDown) => self.go_by(wheel),
            (None, Mouse::Press(x, y)) => {
                let layout = self.layout();
                if layout.rows.holds(x, y) {
                    if let Some(place) = self.row_at(y) {
                        self.go(place);
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

    /// Runs a command, or says why it cannot be run.
    fn run(&mut self, command: Command) -> Vec<Effect> {
        if let Some(why) = self.why_disabled(command) {
            self.say(Tone::Warning, why);
            return Vec::new();
        }
        match command {
            Command::Mute | Command::Unmute | Command::Kick => return self.act(command),
            Command::Again => return self.again(),
            Command::Name => {
                if let (Some(target), Some(call)) = (self.target(), self.selected()) {
                    let name = self.roster.name(call).unwrap_or_default().to_owned();
                    self.dialog = Some(Dialog::Name(target, Input::new(&name)));
                }
            }
            Command::Remove => {
                return self
                    .selected()
                    .map(|call| Effect::Append(What::Removed(CallOnly { call: call.key.clone() })))
                    .into_iter()
                    .collect();
            }
            Command::Copy => return self.copy(),
            Command::Filter => self.dialog = Some(Dialog::Filter(Input::new(self.view.filter().text()))),
            Command::Sort => self.sort(true),
            Command::Reverse => self.sort(false),
            Command::Detail => self.pane(|app| app.detail = !app.detail),
            Command::Events => self.pane(|app| app.events = Some(!app.shows_events())),
            Command::Mask => {
                self.mask = !self.mask;
                self.say(Tone::Plain, if self.mask { "digits are masked" } else { "digits are shown" });
            }
            Command::NextTab => self.turn_tabs(1),
            Command::PreviousTab => self.turn_tabs(-1),
            Command::Tab(place) => self.show_tab(usize::from(place) - 1),
            Command::Up => self.go_by(-1),
            Command::Down => self.go_by(1),
            Command::PageUp => self.go_by(-self.page()),
            Command::PageDown => self.go_by(self.page()),
            Command::First => self.go(0),
            Command::Last => self.go(usize::MAX),
            Command::Back => self.back(),
            Command::Palette => self.dialog = Some(Dialog::Palette(Input::default(), 0)),
            Command::Help => self.dialog = Some(Dialog::Help { scrolled: 0 }),
            Command::Quit if self.leaving => return vec![Effect::QuitNow],
            Command::Quit if self.roster.all().inside > 0 => self.dialog = Some(Dialog::Quit),
            Command::Quit => return self.quit(),
        }
        Vec::new()
    }

    fn quit(&mut self) -> Vec<Effect> {
        self.leaving = true;
        if self.roster.asks_waiting() > 0 {
            self.say(Tone::Warning, "quitting: waiting for the ask in flight, at most 2 s; Ctrl-C goes at once");
        }
        vec![Effect::Quit]
    }

    fn back(&mut self) {
        if self.countdown.take().is_some() {
            self.say(Tone::Plain, "stopped: nobody was kicked");
        } else if !self.view.filter().is_empty() {
            self.filter("");
        } else {
            self.notice = None;
        }
    }

    fn name(&mut self, id: crate::conference::roster::CallId, input: &Input) -> Vec<Effect> {
        let Some(call) = self.roster.get(id) else { return Vec::new() };
        let name = crate::text::clean_field(input.text());
        if self.roster.name(call).unwrap_or_default() == name {
            return Vec::new();
        }
        let named = Named { call: call.key.clone(), number: call.number, name: name.into(), by: self.settings.moderator.clone() };
        vec![Effect::Append(What::Named(named))]
    }

    fn copy(&mut self) -> Vec<Effect> {
        let Some(number) = self.selected().and_then(|call| call.number) else { return Vec::new() };
        let text = self.show(&number.e164()).into_owned();
        self.say(Tone::Plain, format!("copied {text}, where this terminal allows it"));
        vec![Effect::Copy(text)]
    }

    fn filter(&mut self, text: &str) {
        let now = self.now;
        self.keep_line(|app| app.view.set_filter(Filter::new(text), &app.roster, now));
        self.straighten();
    }

    fn sort(&mut self, next: bool) {
        let now = self.now;
        let (column, reverse) = self.view.order();
        let (column, reverse) = if next { (column.next(), false) } else { (column, !reverse) };
        self.keep_line(|app| app.view.sort(column, reverse, &app.roster, now));
        self.straighten();
        self.say(Tone::Plain, format!("sorted by {}{}", column.label(), if reverse { ", reversed" } else { "" }));
    }

    fn pane(&mut self, change: impl FnOnce(&mut Self)) {
        change(self);
        let layout = self.layout();
        if (self.detail && layout.detail.height == 0) || (self.events == Some(true) && !self.detail && layout.events.height == 0) {
            self.say(Tone::Warning, "there is no room for a pane; make the window taller");
        }
        self.straighten();
    }

    fn turn_tabs(&mut self, by: isize) {
        let count = self.tabs().count() as isize;
        let at = self.tabs().position(|(id, _)| id == self.view.conference.as_ref()).unwrap_or(0) as isize;
        self.show_tab((at + by).rem_euclid(count) as usize);
    }

    fn show_tab(&mut self, place: usize) {
        let Some(conference) = self.tabs().nth(place).map(|(id, _)| id.cloned()) else {
            self.say(Tone::Warning, format!("there is no conference {}", place + 1));
            return;
        };
        let now = self.now;
        self.keep_line(|app| app.view.show(conference, &app.roster, now));
        self.straighten();
    }
}
