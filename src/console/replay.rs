//! A past conference, played again in its own time: its events come out of the journal when they are due. What
//! is due when is worked out in `schedule`, which part of the journal is played in `sitting`.
//!
//! The real time is read in here and nowhere below; the console's state never reads it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::app::Played;
use super::command::Play;
use crate::conference::Moment;
use crate::conference::event::{Event, Seq};
use crate::journal::{History, ReadError};

pub mod schedule;
pub mod sitting;

pub use schedule::{SPEEDS, Schedule};
pub use sitting::{NothingToPlay, Sitting, Wanted};

/// Events that are read at a time.
const CHUNK: usize = 1_000;

/// How far a key goes.
const STEP: Duration = Duration::from_secs(10);

/// How far a key goes with Shift.
const LEAP: Duration = Duration::from_secs(300);

/// How much faster or slower a key makes it.
const HURRY: f64 = 2.0;

/// A replay under way.
pub struct Player {
    history: Arc<dyn History>,
    sitting: Sitting,
    schedule: Schedule,
    began: Instant,
    /// What was read and is not due yet, each with the moment at which it is.
    ahead: VecDeque<Event>,
    read_to: Seq,
    /// The latest moment that was read: a clock that was set back must not make time go backwards.
    latest: Moment,
}

/// What a key on a replay leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jump {
    /// Time goes on from where it was, perhaps a little later.
    Onward,
    /// An earlier time: everything has to be told again from the start.
    Back,
}

impl Player {
    /// A replay of a sitting. It runs at once, from `from` on, else from the beginning.
    #[must_use]
    pub fn new(history: Arc<dyn History>, sitting: Sitting, from: Option<Moment>, speed: f64) -> Self {
        let mut schedule = Schedule::new(sitting.first, sitting.last, speed);
        if let Some(from) = from {
            schedule.seek(Duration::ZERO, from);
        }
        let (read_to, latest) = (sitting.after, sitting.first);
        Self { history, sitting, schedule, began: Instant::now(), ahead: VecDeque::new(), read_to, latest }
    }

    fn real(&self) -> Duration {
        self.began.elapsed()
    }

    /// The moment that is shown now.
    #[must_use]
    pub fn now(&self) -> Moment {
        self.schedule.place(self.real())
    }

    /// When a moment is shown; none while the replay is paused, and after its end.
    #[must_use]
    pub fn when(&self, moment: Moment) -> Option<Instant> {
        self.schedule.when(moment).map(|real| self.began + real)
    }

    /// When the next event is due; none while the replay is paused, and behind the last one.
    #[must_use]
    pub fn due(&self) -> Option<Instant> {
        match self.ahead.front() {
            Some(event) => self.when(event.at),
            // What comes next is not known before it is read.
            None if self.read_to < self.sitting.until && !self.schedule.is_paused() => Some(Instant::now()),
            None => None,
        }
    }

    /// Begins anew: the facts that stood before the sitting. The events up to now are to be taken next.
    pub fn rewind(&mut self) -> Result<Vec<Event>, ReadError> {
        self.ahead.clear();
        (self.read_to, self.latest) = (self.sitting.after, self.sitting.first);
        self.history.standing(self.sitting.after)
    }

    /// Takes out the next events that are due by now, many at a time; nothing when none is.
    pub fn take_all(&mut self) -> Result<Vec<Event>, ReadError> {
        let now = self.now();
        self.read_ahead()?;
        let due = self.ahead.iter().take_while(|event| event.at <= now).count();
        Ok(self.ahead.drain(..due).collect())
    }

    /// Takes out the next event if it is due by now.
    pub fn take(&mut self) -> Result<Option<Event>, ReadError> {
        let now = self.now();
        self.read_ahead()?;
        let is_due = self.ahead.front().is_some_and(|event| event.at <= now);
        Ok(if is_due { self.ahead.pop_front() } else { None })
    }

    fn read_ahead(&mut self) -> Result<(), ReadError> {
        while self.ahead.is_empty() && self.read_to < self.sitting.until {
            let events = self.history.read(self.read_to, CHUNK)?;
            self.read_to = events.last().map_or(self.sitting.until, |event| event.seq);
            for mut event in events.into_iter().filter(|event| event.seq <= self.sitting.until && self.sitting.holds(event)) {
                self.latest = self.latest.max(event.at);
                event.at = self.latest;
                self.ahead.push_back(event);
            }
        }
        Ok(())
    }

    /// Does what a key asks for.
    pub fn play(&mut self, play: Play) -> Jump {
        let (real, now) = (self.real(), self.now());
        if self.read_ahead().is_err() {
            // Whoever takes the next event hears why.
            return Jump::Onward;
        }
        match play {
            Play::Pause => {
                self.schedule.toggle(real);
                return if self.now() < now { Jump::Back } else { Jump::Onward };
            }
            Play::Slower => self.schedule.hurry(real, 1.0 / HURRY),
            Play::Faster => self.schedule.hurry(real, HURRY),
            Play::Forward => self.schedule.seek(real, now.plus(STEP)),
            Play::FarForward => self.schedule.seek(real, now.plus(LEAP)),
            Play::Back => self.schedule.seek(real, now.minus(STEP)),
            Play::FarBack => self.schedule.seek(real, now.minus(LEAP)),
            Play::NextEvent => {
                let next = self.ahead.front().map_or(self.sitting.last, |event| event.at);
                self.schedule.seek(real, next.max(now));
            }
        }
        if matches!(play, Play::Back | Play::FarBack) { Jump::Back } else { Jump::Onward }
    }

    /// Stops time: what comes next cannot be read.
    pub fn pause(&mut self) {
        self.schedule.pause(self.real());
    }

    /// How it goes, for the header.
    #[must_use]
    pub fn played(&self) -> Played {
        let (first, last) = self.schedule.range();
        Played { first, last, speed: self.schedule.speed(), paused: self.schedule.is_paused() }
    }
}

/// A moment as people write it, in the time of this machine.
pub(crate) fn local(at: Moment) -> String {
    let time = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    time.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

#[cfg(test)]
mod tests;
