//! A conference that is over, shown again: what the screen knows of it, and how everything is told anew when the
//! moderator goes back in time. What is due when is the player's business.

use super::{App, Effect, Tone};
use crate::conference::event::Seq;
use crate::conference::filter::Filter;
use crate::conference::roster::Participant;
use crate::conference::view::Column;
use crate::conference::{CallKey, Moment};
use crate::console::command::{self, Command, Play};
use crate::console::keys::Chord;

/// How a replay goes. Where it is, is the console's own time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Played {
    /// When the conference began.
    pub first: Moment,
    /// When it ended.
    pub last: Moment,
    /// How many times as fast it goes.
    pub speed: f64,
    /// Whether it stands still.
    pub paused: bool,
}

/// What is found again once everything is told anew.
#[derive(Clone, Debug)]
pub(super) struct Return {
    cursor: Option<CallKey>,
    order: (Column, bool),
    filter: String,
}

impl App {
    /// Whether the last moment of a replay is shown.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.replay.is_some_and(|played| self.now >= played.last)
    }

    /// When the header's clock steps: a few times a second at most, however fast it runs.
    pub(super) fn next_second(&self) -> Option<Moment> {
        let played = self.replay.filter(|played| !played.paused && self.now < played.last)?;
        let seconds = (played.speed / 4.0).ceil().max(1.0) as i64;
        Some(Moment(self.shown_now().0.saturating_add(seconds * 1_000)).min(played.last))
    }

    /// The command of a press, here and now.
    pub(super) fn command_of(&self, chord: Chord) -> Option<Command> {
        if self.replay.is_some() { self.keys.command_in_replay(chord) } else { self.keys.command(chord) }
    }

    /// Hands a key on to the player.
    pub(super) fn play(&mut self, play: Play) -> Vec<Effect> {
        if self.has_ended() && matches!(play, Play::Forward | Play::FarForward | Play::NextEvent) {
            self.say_ended();
            return Vec::new();
        }
        vec![Effect::Play(play)]
    }

    /// Takes in how the replay goes now.
    pub(super) fn is_played(&mut self, played: Played) {
        let before = self.replay.replace(played);
        if self.has_ended() {
            self.say_ended();
        }
        self.tell_course(before, played);
    }

    /// Says how the replay goes where no header shows it.
    fn tell_course(&mut self, before: Option<Played>, now: Played) {
        let Some(before) = before.filter(|_| self.is_heard()) else { return };
        if before.paused != now.paused {
            let text = if now.paused { "the replay stands still" } else { "the replay goes on" };
            self.hear(Some(self.now), Tone::Plain, text);
        }
        if (before.speed - now.speed).abs() > f64::EPSILON {
            self.hear(Some(self.now), Tone::Plain, &format!("the replay goes {} times as fast", now.speed));
        }
    }

    fn say_ended(&mut self) {
        if self.is_heard() {
            let text = "the replay is over; pause begins again, quit ends";
            if self.notice.as_ref().is_none_or(|notice| notice.text != text) {
                self.say(Tone::Plain, text);
            }
            return;
        }
        let keys = self.keys.text(command::entry_of(Command::Play(Play::Pause)));
        let again = keys.split(' ').next().filter(|key| !key.is_empty()).map(|key| format!("; {key} begins again")).unwrap_or_default();
        self.say(Tone::Plain, format!("the replay is over: this is the last picture{again}"));
    }

    /// Forgets all that was told, and keeps what the moderator has set. Until [`Restored`](super::Message::Restored)
    /// comes, nothing that is told is news.
    pub(super) fn rewind(&mut self, to: Moment) {
        let wanted = Return {
            cursor: self.selected().map(Participant::call_key),
            order: self.view.order(),
            filter: self.view.filter().text().to_owned(),
        };
        let mut settings = self.settings.clone();
        settings.news_after = Seq(u64::MAX);
        let fresh = Self::new(settings, self.keys.clone(), self.size, to);
        let old = std::mem::replace(self, fresh);
        self.view.conference = old.view.conference;
        (self.detail, self.events, self.queue, self.mask) = (old.detail, old.events, old.queue, old.mask);
        (self.replay, self.fault, self.leaving) = (old.replay, old.fault, old.leaving);
        (self.phones_ready, self.looked_up) = (old.phones_ready, old.looked_up);
        self.journal = old.journal;
        self.voice = old.voice.map(super::voice::Voice::silenced);
        self.found_again = Some(wanted);
    }

    /// Everything was told anew: puts order, filter and cursor back.
    pub(super) fn find_again(&mut self) {
        let Some(wanted) = self.found_again.take() else { return };
        self.settings.news_after = Seq(0);
        let (now, (column, reverse)) = (self.now, wanted.order);
        self.view.sort(column, reverse, &self.roster, now);
        self.view.set_filter(Filter::new(&wanted.filter), &self.roster, now);
        let id = wanted.cursor.and_then(|key| self.roster.find(&key)).filter(|id| self.view.lists(*id));
        self.cursor = id.or_else(|| self.view.rows().get(0)).filter(|_| !self.is_heard());
        self.straighten();
    }
}
