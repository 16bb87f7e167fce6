//! When the provider has not been reached several times in a row, one ask at a time probes. Key presses fail fast
//! while it is out; what is queued waits for its end, and fails with it.

use crate::conference::health::ProviderHealth;

/// Counts asks that did not reach the provider.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    in_a_row: u32,
    probing: bool,
}

/// What an ask may do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// All its tries.
    Free,
    /// One try, to see whether the provider can be reached again.
    Probe,
    /// Nothing while a probe is out; so many asks in a row did not reach the provider.
    No(u32),
}

impl Breaker {
    /// What an ask that is about to leave may do. A probe is under way until its end is noted.
    pub(super) fn admit(&mut self) -> Admission {
        let admission = self.look();
        self.probing |= admission == Admission::Probe;
        admission
    }

    /// What [`admit`](Self::admit) would say.
    pub(super) fn look(&self) -> Admission {
        if self.in_a_row < ProviderHealth::FAILURES_TO_OPEN {
            Admission::Free
        } else if self.probing {
            Admission::No(self.in_a_row)
        } else {
            Admission::Probe
        }
    }

    /// Takes the end of an ask that was sent into account. When it was a probe in vain, what waited for it is to
    /// fail fast, and this says after how many in a row.
    pub(super) fn note(&mut self, admission: Admission, reached: bool) -> Option<u32> {
        if admission == Admission::Probe {
            self.probing = false;
        }
        self.in_a_row = if reached { 0 } else { self.in_a_row.saturating_add(1) };
        (admission == Admission::Probe && self.look() == Admission::Probe).then_some(self.in_a_row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_in_a_row_leave_one_probe_at_a_time() {
        let mut breaker = Breaker::default();
        for _ in 0..4 {
            breaker.note(Admission::Free, false);
        }
        breaker.note(Admission::Free, true);
        for _ in 0..5 {
            assert_eq!(breaker.admit(), Admission::Free);
            assert_eq!(breaker.note(Admission::Free, false), None);
        }
        assert_eq!(breaker.admit(), Admission::Probe);
        assert_eq!(breaker.admit(), Admission::No(5));
        assert_eq!(breaker.note(Admission::Free, false), None);
        assert_eq!(breaker.admit(), Admission::No(6), "one that left before is no probe");
        assert_eq!(breaker.note(Admission::Probe, false), Some(7), "what waited fails");
        assert_eq!((breaker.look(), breaker.admit(), breaker.admit()), (Admission::Probe, Admission::Probe, Admission::No(7)));
        assert_eq!(breaker.note(Admission::Probe, true), None);
        assert_eq!(breaker.admit(), Admission::Free);
    }

    #[test]
    fn a_probe_in_vain_fails_nobody_when_another_ask_reached_the_provider_meanwhile() {
        let mut breaker = Breaker { in_a_row: 5, probing: false };
        assert_eq!(breaker.admit(), Admission::Probe);
        breaker.note(Admission::Free, true);
        assert_eq!(breaker.note(Admission::Probe, false), None);
        assert_eq!(breaker.look(), Admission::Free);
    }
}
