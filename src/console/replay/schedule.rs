//! Where a replay is and how fast it goes: pure. The real time comes in as the time since the replay began.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::conference::Moment;

/// How many times as fast as it was; slower and faster make no sense to anybody.
pub const SPEEDS: RangeInclusive<f64> = 0.1..=1_000.0;

/// More than rounding takes away, so that a moment that was waited for has come.
const ROUNDING: Duration = Duration::from_micros(1);

/// The course of a replay.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    first: Moment,
    last: Moment,
    /// Where it was at `since`.
    anchor: Moment,
    since: Duration,
    speed: f64,
    paused: bool,
}

impl Schedule {
    /// A replay from `first` to `last` that begins to run at its first moment. The speed is brought into [`SPEEDS`].
    #[must_use]
    pub fn new(first: Moment, last: Moment, speed: f64) -> Self {
        let speed = speed.clamp(*SPEEDS.start(), *SPEEDS.end());
        Self { first, last: last.max(first), anchor: first, since: Duration::ZERO, speed, paused: false }
    }

    /// The moment that is shown at a real time.
    #[must_use]
    pub fn place(&self, real: Duration) -> Moment {
        if self.paused {
            return self.anchor;
        }
        let passed = real.saturating_sub(self.since).as_secs_f64() * 1_000.0 * self.speed;
        // Far past the end of any conference, and still a number of milliseconds.
        let passed = passed.min(1e15) as u64;
        self.anchor.plus(Duration::from_millis(passed)).min(self.last)
    }

    /// The real time at which a moment is shown; none while it is paused, and for what lies behind the end.
    #[must_use]
    pub fn when(&self, moment: Moment) -> Option<Duration> {
        if self.paused || moment > self.last {
            return None;
        }
        let ahead = moment.since(self.anchor);
        if ahead.is_zero() {
            return Some(self.since);
        }
        Some(self.since + Duration::from_secs_f64(ahead.as_secs_f64() / self.speed) + ROUNDING)
    }

    /// Pauses or goes on; at the end it begins again.
    pub fn toggle(&mut self, real: Duration) {
        if self.has_ended(real) {
            self.seek(real, self.first);
            self.paused = false;
            return;
        }
        self.hold(real);
        self.paused = !self.paused;
    }

    /// Pauses.
    pub fn pause(&mut self, real: Duration) {
        self.hold(real);
        self.paused = true;
    }

    /// Goes to a moment, or as near as there is something. A pause stays one.
    pub fn seek(&mut self, real: Duration, to: Moment) {
        self.anchor = to.clamp(self.first, self.last);
        self.since = real;
    }

    /// Goes so many times as fast as now, within [`SPEEDS`].
    pub fn hurry(&mut self, real: Duration, times: f64) {
        self.hold(real);
        self.speed = (self.speed * times).clamp(*SPEEDS.start(), *SPEEDS.end());
    }

    fn hold(&mut self, real: Duration) {
        self.anchor = self.place(real);
        self.since = real;
    }

    /// Where it begins and ends.
    #[must_use]
    pub fn range(&self) -> (Moment, Moment) {
        (self.first, self.last)
    }

    /// How many times as fast as it was.
    #[must_use]
    pub fn speed(&self) -> f64 {
        self.speed
    }

    /// Whether it is paused.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.paused
    }

    /// Whether the last moment is shown.
    #[must_use]
    pub fn has_ended(&self, real: Duration) -> bool {
        self.place(real) == self.last
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// One minute, from second 1000 on.
    fn minute(speed: f64) -> Schedule {
        Schedule::new(Moment(1_000_000), Moment(1_060_000), speed)
    }

    fn seconds(real: u64) -> Duration {
        Duration::from_secs(real)
    }

    #[test]
    fn it_goes_as_fast_as_it_should_and_stays_at_the_end() {
        for (speed, real, place) in
            [(1.0, 0, 0), (1.0, 10, 10), (2.0, 10, 20), (0.5, 10, 5), (1.0, 60, 60), (1.0, 61, 60), (60.0, 1, 60), (0.0, 100, 10)]
        {
            assert_eq!(minute(speed).place(seconds(real)), Moment(1_000_000 + place * 1_000), "{speed} {real}");
        }
        assert!(minute(1.0).has_ended(seconds(60)) && !minute(1.0).has_ended(seconds(59)));
    }

    #[test]
    fn a_pause_stands_still_and_goes_on_where_it_was() {
        let mut schedule = minute(2.0);
        schedule.toggle(seconds(5));
        assert_eq!((schedule.place(seconds(500)), schedule.is_paused()), (Moment(1_010_000), true));
        assert_eq!(schedule.when(Moment(1_020_000)), None, "nothing is due in a pause");
        schedule.toggle(seconds(500));
        assert_eq!(schedule.place(seconds(505)), Moment(1_020_000));
    }

    #[test]
    fn seeking_stays_within_and_keeps_a_pause() {
        let mut schedule = minute(1.0);
        for (to, place) in [(30, 30), (-10, 0), (90, 60), (15, 15)] {
            schedule.seek(seconds(7), Moment(1_000_000 + to * 1_000));
            assert_eq!(schedule.place(seconds(7)), Moment(1_000_000 + place * 1_000), "{to}");
        }
        schedule.pause(seconds(8));
        schedule.seek(seconds(9), Moment(1_040_000));
        assert_eq!((schedule.place(seconds(99)), schedule.is_paused()), (Moment(1_040_000), true));
    }

    #[test]
    fn another_speed_takes_nothing_back_and_has_bounds() {
        let mut schedule = minute(1.0);
        schedule.hurry(seconds(10), 2.0);
        assert_eq!(schedule.place(seconds(10)), Moment(1_010_000));
        assert_eq!(schedule.place(seconds(15)), Moment(1_020_000));
        (0..40).for_each(|_| schedule.hurry(seconds(15), 2.0));
        assert!((schedule.speed() - 1_000.0).abs() < f64::EPSILON);
        (0..40).for_each(|_| schedule.hurry(seconds(15), 0.5));
        assert!((schedule.speed() - 0.1).abs() < f64::EPSILON);
    }

    #[test]
    fn at_the_end_it_begins_again() {
        let mut schedule = minute(1.0);
        schedule.pause(seconds(1));
        schedule.seek(seconds(1), Moment(1_060_000));
        schedule.toggle(seconds(100));
        assert_eq!((schedule.place(seconds(100)), schedule.is_paused()), (Moment(1_000_000), false));
    }

    proptest! {
        #[test]
        fn a_moment_that_was_waited_for_has_come(speed in 0.1..1_000.0_f64, at in 0_i64..36_000_000, since in 0_u64..100_000) {
            let mut schedule = Schedule::new(Moment(0), Moment(36_000_000), speed);
            schedule.seek(Duration::from_millis(since), Moment(0));
            let when = schedule.when(Moment(at)).expect("within");
            prop_assert!(schedule.place(when) >= Moment(at), "{:?} at {when:?}", schedule.place(when));
            if let Some(before) = when.checked_sub(Duration::from_secs_f64(0.002 / speed) + Duration::from_micros(2)).filter(|b| *b >= schedule.since) {
                prop_assert!(schedule.place(before) < Moment(at) || at == 0);
            }
        }
    }
}
