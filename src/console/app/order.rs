//! Keeping order: hands and the floor, modes, exemptions and bans. Which conference a command is about, what
//! it does, and why it cannot be done; the sentences and the drawing are elsewhere.

use super::{App, Dialog, Effect, Tone};
use crate::conference::ConferenceId;
use crate::conference::event::Mode;
use crate::conference::roster::Presence;
use crate::console::command::Command;

mod bans;
mod hands;
mod modes;

pub(super) use bans::lasts;
pub use bans::{BanForm, BanList};
pub use hands::QueueLine;

impl App {
    /// Runs a command that keeps order in a conference.
    pub(super) fn order(&mut self, command: Command) -> Vec<Effect> {
        match command {
            Command::Hand => self.move_hand(),
            Command::HandFirst => self.put_hand_first(),
            Command::Floor => self.pass_floor(),
            Command::FloorBack => self.take_floor_back(),
            Command::ClearHands => {
                self.dialog = self.here().ok().cloned().map(Dialog::ClearHands);
                Vec::new()
            }
            Command::Queue => {
                self.pane(|app| app.queue = Some(!app.shows_queue()));
                Vec::new()
            }
            Command::Lecture => self.set_mode(Mode::Lecture),
            Command::Lock => self.set_mode(Mode::Lock),
            Command::Exempt => self.exempt(),
            Command::Ban => {
                self.open_ban();
                Vec::new()
            }
            Command::Bans => {
                self.dialog = Some(Dialog::Bans(BanList::default()));
                Vec::new()
            }
            Command::Unreachable => {
                self.list_unreachable();
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    /// Why a command that keeps order cannot be used now, as a sentence. Whether somebody is under the cursor
    /// has been looked at.
    pub(super) fn why_no_order(&self, command: Command) -> Option<String> {
        match command {
            Command::Hand => {
                let call = self.selected()?;
                match call.presence {
                    Presence::Calling | Presence::In => None,
                    Presence::Left => Some(format!("{} has left", self.label(call))),
                    Presence::Kicked => Some(format!("{} was kicked", self.label(call))),
                }
            }
            Command::HandFirst => {
                let call = self.selected()?;
                match self.cursor.and_then(|id| self.roster.hand_place(id)) {
                    None => Some(format!("{} has no hand up", self.label(call))),
                    Some(1) => Some(format!("the hand of {} is the first already", self.label(call))),
                    Some(_) => None,
                }
            }
            Command::Floor => self.why_no_floor(),
            Command::FloorBack => self
                .with_here(|conference| self.roster.floor(conference).is_none().then(|| format!("nobody has the floor of {conference}"))),
            Command::ClearHands => {
                self.with_here(|conference| self.roster.hands(conference).is_empty().then(|| format!("no hand is up in {conference}")))
            }
            Command::Lecture | Command::Lock => self.with_here(|_| None),
            Command::Ban => {
                let call = self.selected()?;
                call.number.is_none().then(|| format!("{} has no number: only a number can be banned", self.label(call)))
            }
            Command::Unreachable => (self.roster.all().unreachable == 0).then(|| "everybody who is in has a number".to_owned()),
            _ => None,
        }
    }

    /// The conference that a command about one is about: the one that is shown; on the first tab that of the
    /// caller under the cursor. The error is a sentence.
    pub(super) fn here(&self) -> Result<&ConferenceId, String> {
        if let Some(conference) = &self.view.conference {
            return Ok(conference);
        }
        match self.selected() {
            None => Err("nobody is under the cursor whose conference is meant; Tab shows a conference".into()),
            Some(call) => {
                call.conference.as_ref().ok_or_else(|| format!("{} is in no conference yet; Tab shows a conference", self.label(call)))
            }
        }
    }

    fn with_here(&self, why: impl FnOnce(&ConferenceId) -> Option<String>) -> Option<String> {
        self.here().map_or_else(Some, why)
    }

    /// Lists the callers without a number: as a filter, so that everything works on them that works on rows.
    fn list_unreachable(&mut self) {
        self.filter(UNREACHABLE);
        let count = self.roster.all().unreachable;
        let who = if count == 1 { "1 caller who is in has".to_owned() } else { format!("{count} callers who are in have") };
        self.say(Tone::Plain, format!("{who} no number: no ask reaches them; Esc shows everybody again"));
    }
}

/// The filter that finds callers without a number.
const UNREACHABLE: &str = "state:no-number";
