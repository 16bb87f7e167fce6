//! What each command does, once a key, the palette or the mouse asked for it.

use super::dialog::Input;
use super::{App, Dialog, Effect, Tone};
use crate::conference::ConferenceId;
use crate::conference::event::{CallOnly, Named, What};
use crate::conference::filter::Filter;
use crate::conference::roster::CallId;
use crate::conference::view::Column;
use crate::console::command::{self, Command};

impl App {
    /// Runs a command, or says why it cannot be run.
    pub(super) fn run(&mut self, command: Command) -> Vec<Effect> {
        if let Some(why) = self.why_disabled(command) {
            self.say(Tone::Warning, why);
            return Vec::new();
        }
        match command {
            Command::Mute | Command::Unmute | Command::Kick => return self.act(command),
            Command::Again => return self.again(),
            Command::Mark | Command::MarkAll | Command::Range(_) => return self.mark(command),
            Command::TakeBack => return self.take_back(),
            Command::Hand
            | Command::Floor
            | Command::FloorBack
            | Command::HandFirst
            | Command::ClearHands
            | Command::Queue
            | Command::Lecture
            | Command::Lock
            | Command::Exempt
            | Command::Ban
            | Command::Bans
            | Command::Unreachable => return self.order(command),
            Command::Name => {
                if let (Some(target), Some(call)) = (self.target(), self.selected()) {
                    let name = self.roster.name(call).unwrap_or_default().to_owned();
                    self.dialog = Some(Dialog::Name(target, Input::new(&name)));
                }
            }
            Command::Remove => {
                return self.selected().map(|call| Effect::Append(What::Removed(CallOnly { call: call.call_key() }))).into_iter().collect();
            }
            Command::Report => {
                self.reporting = true;
                self.say(Tone::Plain, "writing the report");
                return vec![Effect::Report { conference: self.view.conference.clone(), mask: self.mask }];
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
            Command::Back => return self.back(),
            Command::Play(play) => return self.play(play),
            Command::Palette => self.dialog = Some(Dialog::Palette(self.palette())),
            Command::Help => self.dialog = Some(Dialog::Help { scrolled: 0 }),
            Command::Quit if self.leaving => return vec![Effect::QuitNow],
            Command::Quit if self.roster.all().inside > 0 && self.is_listening() => self.dialog = Some(Dialog::Quit),
            Command::Quit => return self.quit(),
        }
        Vec::new()
    }

    pub(super) fn quit(&mut self) -> Vec<Effect> {
        self.leaving = true;
        if self.roster.asks_waiting() > 0 {
            self.say(Tone::Warning, "quitting: waiting for the ask in flight, at most 2 s; Ctrl-C goes at once");
        }
        vec![Effect::Quit]
    }

    fn back(&mut self) -> Vec<Effect> {
        if let Some(countdown) = self.countdown.take() {
            let ids: Vec<_> = countdown.targets.iter().map(|target| target.id).collect();
            self.let_go(&ids);
            self.say(Tone::Plain, "stopped: nobody was kicked");
        } else if let Some(stop) = self.stop_batches() {
            return vec![stop];
        } else if !self.view.filter().is_empty() {
            self.filter("");
        } else if !self.marks.is_empty() {
            let count = self.unmark_all();
            self.say(Tone::Plain, super::plural(count, "mark is taken away", "marks are taken away"));
        } else {
            self.notice = None;
        }
        Vec::new()
    }

    pub(super) fn name(&mut self, id: CallId, input: &Input) -> Vec<Effect> {
        let Some(call) = self.roster.get(id) else { return Vec::new() };
        let name = crate::text::clean_field(input.text());
        if self.roster.name(call).unwrap_or_default() == name {
            return Vec::new();
        }
        let named = Named { call: call.call_key(), number: call.number, name: name.into(), by: self.settings.moderator.clone() };
        vec![Effect::Append(What::Named(named))]
    }

    fn copy(&mut self) -> Vec<Effect> {
        let Some(number) = self.selected().and_then(|call| call.number) else { return Vec::new() };
        let text = self.show(&number.e164()).into_owned();
        self.say(Tone::Plain, format!("copied {text}, where this terminal allows it"));
        vec![Effect::Copy(text)]
    }

    pub(super) fn filter(&mut self, text: &str) {
        let now = self.now;
        // The cursor stays on its caller, also over a filter that hid the caller for a while.
        let drifted = self.drifted.take().filter(|(_, shown)| *shown == self.cursor).map(|(own, _)| own);
        let own = drifted.or(self.cursor);
        self.keep_line(|app| app.view.set_filter(Filter::new(text), &app.roster, now));
        match own {
            Some(id) if self.view.lists(id) => self.cursor = Some(id),
            Some(id) => self.drifted = Some((id, self.cursor)),
            None => {}
        }
        self.straighten();
    }

    fn sort(&mut self, next: bool) {
        let now = self.now;
        let (column, reverse) = self.view.order();
        let (column, reverse) = if next { (column.next(), false) } else { (column, !reverse) };
        self.keep_line(|app| app.view.sort(column, reverse, &app.roster, now));
        self.straighten();
        let first = match (column, reverse) {
            // Whom to name first is asked more often than what the numbers are.
            (Column::Caller, false) => {
                let key = self.keys.text(command::entry_of(Command::Reverse));
                format!("{}; {key} puts those without a name first", column.first(reverse))
            }
            _ => column.first(reverse).to_owned(),
        };
        self.say(Tone::Plain, format!("sorted by {}{}: {first}", column.label(), if reverse { ", reversed" } else { "" }));
    }

    pub(super) fn pane(&mut self, change: impl FnOnce(&mut Self)) {
        change(self);
        let layout = self.layout();
        let (queue, detail, events) = (layout.queue.height > 0, layout.detail.height > 0, layout.events.height > 0);
        if !queue && !detail && !events && (self.queue == Some(true) || self.detail || self.events == Some(true)) {
            self.say(Tone::Warning, "there is no room for a pane; make the window taller");
        } else if queue && self.detail && !detail {
            self.say(Tone::Plain, "there is room for one pane; H hides the hands");
        }
        self.straighten();
    }

    fn turn_tabs(&mut self, by: isize) {
        let count = self.tabs().count() as isize;
        let at = self.tabs().position(|(id, _)| id == self.view.conference.as_ref()).unwrap_or(0) as isize;
        self.show_tab((at + by).rem_euclid(count) as usize);
    }

    pub(super) fn show_tab(&mut self, place: usize) {
        let Some(conference) = self.tabs().nth(place).map(|(id, _)| id.cloned()) else {
            self.say(Tone::Warning, format!("there is no conference {}", place + 1));
            return;
        };
        self.show_conference(conference);
    }

    pub(super) fn show_conference(&mut self, conference: Option<ConferenceId>) {
        let now = self.now;
        self.keep_line(|app| app.view.show(conference, &app.roster, now));
        self.straighten();
    }
}
