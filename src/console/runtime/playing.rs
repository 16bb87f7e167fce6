//! A replay in the loop: what is due is told at the time at which it happened, and a step back tells everything
//! anew from the start.

use std::time::Duration;

use tokio::time::Instant;

use super::{Feed, Session};
use crate::console::app::Message;
use crate::console::command::Play;
use crate::console::replay::{Jump, Player};
use crate::console::terminal::Screen;
use crate::journal::ReadError;

impl<S: Screen> Session<'_, S> {
    /// When the next event is due.
    pub(super) fn event_due(&self) -> Option<Instant> {
        self.player.as_ref()?.due()
    }

    /// When something on the screen changes by replayed time alone.
    pub(super) fn next_change_played(&self) -> Option<Instant> {
        let when = self.player.as_ref()?.when(self.app.next_change()?)?;
        // However fast it runs, no faster than the screen is drawn.
        Some(when.max(Instant::now() + Duration::from_millis(20)))
    }

    /// Tells what is due by now, each thing at its own time.
    pub(super) fn play_on(&mut self) {
        loop {
            match self.player.as_mut().map(Player::take) {
                Some(Ok(Some(event))) => self.tell_at(event.at, Message::Events([event].into())),
                Some(Err(error)) => break self.cannot_go_on(&error),
                Some(Ok(None)) | None => break,
            }
        }
        self.tell_played();
    }

    /// Does what a key asked of the replay.
    pub(super) fn play(&mut self, play: Play) {
        match self.player.as_mut().map(|player| player.play(play)) {
            Some(Jump::Back) => drop(self.retell()),
            Some(Jump::Onward) => self.play_on(),
            None => {}
        }
    }

    /// Forgets everything and tells it anew up to now. There is no feed of what comes.
    pub(super) fn retell(&mut self) -> Option<Feed> {
        let player = self.player.as_mut()?;
        let (at, facts) = (player.now(), player.rewind());
        self.tell_at(at, Message::Rewound);
        let mut next = facts.map(Some);
        loop {
            match next {
                Ok(Some(events)) => self.tell_at(at, Message::Events(events.into())),
                Ok(None) => break,
                Err(error) => break self.cannot_go_on(&error),
            }
            let player = self.player.as_mut()?;
            next = player.take_all().map(|events| (!events.is_empty()).then_some(events));
        }
        self.tell_at(at, Message::Restored);
        self.tell_played();
        None
    }

    fn tell_played(&mut self) {
        if let Some(played) = self.player.as_ref().map(Player::played) {
            self.tell(Message::Played(played));
        }
    }

    /// Stands still where the journal cannot be read; going on tries again.
    fn cannot_go_on(&mut self, error: &ReadError) {
        if let Some(player) = &mut self.player {
            player.pause();
        }
        self.tell(Message::Fault(format!("the replay cannot go on: {error}")));
    }
}
