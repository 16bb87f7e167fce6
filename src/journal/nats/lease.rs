//! Which host carries out what is asked: the one that wrote the lease last and still does. Pure: no server, and the time
//! comes in, always of one machine's own clock, because no two hosts' clocks are compared.
//!
//! The lease is the last message of one subject. It is written only by compare-and-set, so two hosts never both write the
//! next one. Who holds it renews it; who does not watches, and takes it when it has stayed the same for longer than
//! its holder would still believe in it.

use std::time::Duration;

use tokio::time::Instant;

use crate::conference::event::Seq;

/// How often it is renewed or looked at.
const EVERY: Duration = Duration::from_secs(2);

/// Its holder lets go after so long without a renewal, counted from the beginning of the last good one.
const BELIEVED: Duration = Duration::from_secs(6);

/// A watcher takes it after it has been the same for so long: later than its holder has let go.
const TAKEN: Duration = Duration::from_secs(8);

/// How this host stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Another host, or nobody, carries out what is asked.
    Watches,
    /// This host does. What was marked as sent before this place was marked by others.
    Holds(Seq),
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// See who holds it.
    Look,
    /// Write it where its last message has this number; 0 where there is none.
    Write(u64),
    /// Publish a mark that refuses those of whoever held it before.
    Fence,
}

/// Who holds it, as the server says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) number: u64,
    /// Empty where it was given back.
    pub(super) holder: String,
}

#[derive(Clone, Debug)]
enum State {
    Watching {
        seen: Option<Seen>,
        since: Instant,
    },
    /// Renewed from this moment on. Without a fence nothing is carried out yet.
    Holding {
        number: u64,
        renewed: Instant,
        fence: Option<Seq>,
    },
}

/// The lease as one host sees it.
#[derive(Clone, Debug)]
pub(super) struct Lease {
    host: String,
    state: State,
    /// When the next step is due.
    due: Instant,
    /// Whether a step is under way.
    stepping: bool,
    /// Whether it must be looked at before anything else.
    unsure: bool,
    /// It is written once more to take it, or given back.
    claims: bool,
}

impl Lease {
    pub(super) fn new(host: String, now: Instant) -> Self {
        Self { host, state: State::Watching { seen: None, since: now }, due: now, stepping: false, unsure: true, claims: false }
    }

    pub(super) fn standing(&self) -> Standing {
        match self.state {
            State::Holding { fence: Some(fence), .. } => Standing::Holds(fence),
            State::Holding { .. } | State::Watching { .. } => Standing::Watches,
        }
    }

    /// The number of its message where this host holds it.
    pub(super) fn held(&self) -> Option<u64> {
        match self.state {
            State::Holding { number, .. } => Some(number),
            State::Watching { .. } => None,
        }
    }

    /// When something is to be done.
    pub(super) fn due(&self) -> Option<Instant> {
        let end = match self.state {
            State::Holding { renewed, .. } => Some(renewed + BELIEVED),
            State::Watching { .. } => None,
        };
        let next = (!self.stepping).then_some(self.due);
        [end, next].into_iter().flatten().min()
    }

    /// Lets go of what was not renewed for too long.
    pub(super) fn pass(&mut self, now: Instant) {
        if let State::Holding { renewed, .. } = self.state
            && now.duration_since(renewed) >= BELIEVED
        {
            self.lose(now);
        }
    }

    /// What to do now, on a connection. Whoever takes a step tells its end.
    pub(super) fn step(&mut self, now: Instant) -> Option<Step> {
        if self.stepping || self.due > now {
            return None;
        }
        self.stepping = true;
        Some(match &self.state {
            _ if self.unsure => Step::Look,
            State::Holding { fence: None, .. } => Step::Fence,
            State::Holding { number, .. } => Step::Write(*number),
            State::Watching { seen, .. } if self.claims => Step::Write(seen.as_ref().map_or(0, |seen| seen.number)),
            State::Watching { .. } => Step::Look,
        })
    }

    /// It was looked at.
    pub(super) fn looked(&mut self, found: Option<Seen>, now: Instant) {
        (self.stepping, self.unsure) = (false, false);
        self.due = now + EVERY;
        let is_mine = found.as_ref().is_some_and(|seen| seen.holder == self.host);
        match &mut self.state {
            State::Holding { number, .. } => match found {
                // An answer was lost: it was this host that wrote it.
                Some(seen) if is_mine => (*number, self.due) = (seen.number, now),
                _ => self.lose(now),
            },
            State::Watching { seen, since } => {
                if *seen != found {
                    (*seen, *since) = (found, now);
                }
                let is_free = seen.as_ref().is_none_or(|seen| seen.holder.is_empty() || is_mine);
                if is_free || now.duration_since(*since) >= TAKEN {
                    (self.claims, self.due) = (true, now);
                }
            }
        }
    }

    /// It was written, beginning at a moment; its new number. None where somebody else was first.
    pub(super) fn wrote(&mut self, number: Option<u64>, began: Instant) {
        (self.stepping, self.claims) = (false, false);
        match (number, &mut self.state) {
            (Some(number), State::Holding { number: known, renewed, .. }) => {
                (*known, *renewed) = (number, began);
                self.due = began + EVERY;
            }
            (Some(number), State::Watching { .. }) => {
                self.state = State::Holding { number, renewed: began, fence: None };
                self.due = began;
            }
            (None, _) => (self.unsure, self.due) = (true, began),
        }
    }

    /// The fence stands at a place.
    pub(super) fn fenced(&mut self, place: Seq, now: Instant) {
        self.stepping = false;
        self.due = now + EVERY;
        if let State::Holding { fence, .. } = &mut self.state {
            *fence = Some(place);
        }
    }

    /// A step was in vain, and nobody knows what became of it.
    pub(super) fn failed(&mut self, now: Instant) {
        (self.stepping, self.unsure, self.claims) = (false, true, false);
        self.due = now + EVERY / 4;
    }

    /// The connection is lost, and with it a step that was under way.
    pub(super) fn is_lost(&mut self, now: Instant) {
        self.failed(now);
        self.due = now;
    }

    /// Another host was heard of that holds it.
    pub(super) fn lose(&mut self, now: Instant) {
        self.state = State::Watching { seen: None, since: now };
        (self.unsure, self.claims) = (true, false);
        self.due = now + EVERY;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[allow(clippy::unnecessary_wraps, reason = "it is what the server says")]
    fn seen(number: u64, holder: &str) -> Option<Seen> {
        Some(Seen { number, holder: holder.into() })
    }

    #[test]
    fn a_lease_that_nobody_holds_is_taken_at_once_and_acts_only_behind_its_fence() {
        for nobody in [None, seen(3, "")] {
            let now = Instant::now();
            let mut lease = Lease::new("a".into(), now);
            assert_eq!((lease.step(now), lease.step(now)), (Some(Step::Look), None), "one step at a time");
            let number = nobody.as_ref().map_or(0, |seen: &Seen| seen.number);
            lease.looked(nobody, now);
            assert_eq!(lease.step(now), Some(Step::Write(number)));
            lease.wrote(Some(4), now);
            assert_eq!((lease.standing(), lease.step(now)), (Standing::Watches, Some(Step::Fence)));
            lease.fenced(Seq(9), now);
            assert_eq!((lease.standing(), lease.held()), (Standing::Holds(Seq(9)), Some(4)));
            assert_eq!((lease.step(now), lease.step(now + EVERY)), (None, Some(Step::Write(4))));
        }
    }

    #[test]
    fn another_hosts_lease_is_taken_only_after_it_was_the_same_for_longer_than_it_is_believed_in() {
        let mut now = Instant::now();
        let mut lease = Lease::new("b".into(), now);
        for number in 1..5 {
            assert_eq!(lease.step(now), Some(Step::Look));
            lease.looked(seen(number, "a"), now);
            now += EVERY;
        }
        let since = now - EVERY;
        while now.duration_since(since) < TAKEN {
            assert_eq!(lease.step(now), Some(Step::Look), "renewed {:?} ago", now.duration_since(since));
            lease.looked(seen(4, "a"), now);
            now += EVERY;
        }
        assert_eq!(lease.step(now), Some(Step::Look));
        lease.looked(seen(4, "a"), now);
        assert_eq!(lease.step(now), Some(Step::Write(4)));
        assert!(now.duration_since(since) > BELIEVED);
        lease.wrote(None, now);
        assert_eq!((lease.standing(), lease.step(now)), (Standing::Watches, Some(Step::Look)), "somebody was first");
    }

    fn holding(now: Instant) -> Lease {
        let mut lease = Lease::new("a".into(), now);
        assert_eq!(lease.step(now), Some(Step::Look));
        lease.looked(None, now);
        assert_eq!(lease.step(now), Some(Step::Write(0)));
        lease.wrote(Some(1), now);
        assert_eq!(lease.step(now), Some(Step::Fence));
        lease.fenced(Seq(5), now);
        lease
    }

    #[test]
    fn its_holder_lets_go_before_another_may_take_it() {
        let start = Instant::now();
        let mut lease = holding(start);
        let began = start + EVERY;
        assert_eq!(lease.step(began), Some(Step::Write(1)));
        lease.wrote(Some(2), began);
        lease.is_lost(began + SECOND);
        lease.pass(began + BELIEVED - Duration::from_millis(1));
        assert_eq!(lease.standing(), Standing::Holds(Seq(5)));
        assert_eq!(lease.due(), Some(began + SECOND));
        lease.pass(began + BELIEVED);
        assert_eq!(lease.standing(), Standing::Watches);
        assert!(BELIEVED + SECOND < TAKEN);
    }

    #[test]
    fn a_renewal_whose_answer_was_lost_is_known_again_and_another_hosts_is_not() {
        let start = Instant::now();
        let mut lease = holding(start);
        let now = start + EVERY;
        assert_eq!(lease.step(now), Some(Step::Write(1)));
        lease.failed(now);
        let now = now + SECOND;
        assert_eq!(lease.step(now), Some(Step::Look));
        let mut other = lease.clone();
        lease.looked(seen(2, "a"), now);
        assert_eq!((lease.standing(), lease.step(now)), (Standing::Holds(Seq(5)), Some(Step::Write(2))), "it is renewed at once");
        other.looked(seen(2, "b"), now);
        assert_eq!((other.standing(), other.held()), (Standing::Watches, None));
    }
}
