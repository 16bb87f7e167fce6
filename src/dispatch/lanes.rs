//! Who goes next. Each call has a lane with at most one ask in flight and at most one waiting.
//!
//! Pure: no clock, no journal, no sending. Queues hold places only; an ask that was replaced or given up
//! leaves its place behind, which is skipped when its turn comes.

use std::collections::{HashMap, HashSet, VecDeque};

use crate::conference::event::{Ask, Seq};
use crate::conference::{CallKey, ConferenceId};

/// An ask that has not left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Waiting {
    pub(super) seq: Seq,
    pub(super) ask: Ask,
}

/// An ask's place in a queue.
pub(super) type Place = (Seq, CallKey);

#[derive(Debug, Default)]
struct Lane {
    in_flight: Option<Seq>,
    waiting: Option<Waiting>,
}

/// All lanes, and the queues before them.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    calls: HashMap<CallKey, Lane>,
    /// Single key presses: they go as soon as their lane is free.
    keys: VecDeque<Place>,
    /// Single key presses whose sent mark is on disk, where they need one.
    marked_keys: VecDeque<Place>,
    /// Bulk and automatic asks without a sent mark.
    queued: VecDeque<Place>,
    /// Bulk and automatic asks whose sent mark is on disk.
    marked: VecDeque<Place>,
}

impl Lanes {
    /// A new ask. It takes the place of the one that waits for the same call, which is given back.
    pub(super) fn asked(&mut self, seq: Seq, ask: Ask) -> Option<Waiting> {
        let queue = if ask.cause.is_pressed() { &mut self.keys } else { &mut self.queued };
        queue.push_back((seq, ask.call.clone()));
        self.calls.entry(ask.call.clone()).or_default().waiting.replace(Waiting { seq, ask })
    }

    /// The next single key press whose lane is free; it is in flight from now on.
    pub(super) fn take_key(&mut self) -> Option<Waiting> {
        let place = next(&mut self.keys, &self.calls)?;
        self.depart(&place)
    }

    /// The next marked ask whose lane is free; it is in flight from now on.
    pub(super) fn take_marked(&mut self) -> Option<Waiting> {
        let place = next(&mut self.marked, &self.calls)?;
        self.depart(&place)
    }

    /// The next asks to be marked, at most so many. Their places are to be given to
    /// [`marked`](Self::marked) once the mark is on disk.
    pub(super) fn take_to_mark(&mut self, most: usize) -> Vec<Place> {
        std::iter::from_fn(|| next(&mut self.queued, &self.calls)).take(most).collect()
    }

    /// The mark of these is on disk.
    pub(super) fn marked(&mut self, places: Vec<Place>) {
        self.marked.extend(places);
    }

    /// All single key presses whose lane is free, to be marked. Their places are to be given to
    /// [`keys_marked`](Self::keys_marked) once the mark is on disk.
    pub(super) fn take_keys_to_mark(&mut self) -> Vec<Place> {
        std::iter::from_fn(|| next(&mut self.keys, &self.calls)).collect()
    }

    /// The mark of these key presses is on disk.
    pub(super) fn keys_marked(&mut self, places: Vec<Place>) {
        self.marked_keys.extend(places);
    }

    /// The next marked key press whose lane is free; it is in flight from now on.
    pub(super) fn take_marked_key(&mut self) -> Option<Waiting> {
        let place = next(&mut self.marked_keys, &self.calls)?;
        self.depart(&place)
    }

    /// These were not marked: they are the first to be marked again.
    pub(super) fn unmarked(&mut self, places: impl DoubleEndedIterator<Item = Place>, keys: bool) {
        let queue = if keys { &mut self.keys } else { &mut self.queued };
        places.rev().for_each(|place| queue.push_front(place));
    }

    /// The marks of these count no longer: they are the first to be marked again.
    pub(super) fn forget_marks(&mut self, is_old: impl Fn(Seq) -> bool) {
        for keys in [false, true] {
            let marked = if keys { &mut self.marked_keys } else { &mut self.marked };
            if marked.iter().any(|(seq, _)| is_old(*seq)) {
                let (old, holding): (VecDeque<_>, _) = std::mem::take(marked).into_iter().partition(|(seq, _)| is_old(*seq));
                *marked = holding;
                self.unmarked(old.into_iter(), keys);
            }
        }
    }

    /// Whether a marked ask waits for its turn. Its lane is free: only an ask that replaced it could have
    /// taken the lane since the mark was made.
    pub(super) fn has_departure(&self) -> bool {
        self.marked.iter().any(|(seq, call)| self.calls.get(call).is_some_and(|lane| lane.is_waiting(*seq)))
    }

    /// Whether a single key press waits.
    pub(super) fn has_key(&self) -> bool {
        self.keys.iter().chain(&self.marked_keys).any(|(seq, call)| self.calls.get(call).is_some_and(|lane| lane.is_waiting(*seq)))
    }

    /// What could leave now will not, nor will any bulk or automatic ask, marked or not: those that wait are given
    /// back, in the order in which they were asked for.
    pub(super) fn give_up(&mut self) -> Vec<Waiting> {
        let given_up = |lane: &Lane| {
            let waiting = lane.waiting.as_ref().filter(|waiting| lane.in_flight.is_none() || !waiting.ask.cause.is_pressed());
            waiting.map(|waiting| waiting.seq)
        };
        let asks = self.calls.values().filter_map(given_up).collect();
        self.halt(&asks)
    }

    /// The ask in flight has ended.
    pub(super) fn ended(&mut self, call: &CallKey) {
        if let Some(lane) = self.calls.get_mut(call) {
            lane.in_flight = None;
        }
        self.forget_idle(call);
    }

    /// The call is gone: what waits for it is given back.
    pub(super) fn gone(&mut self, call: &CallKey) -> Option<Waiting> {
        let waiting = self.calls.get_mut(call).and_then(|lane| lane.waiting.take());
        self.forget_idle(call);
        waiting
    }

    /// The call has joined a conference: what waits for it in another one is given back.
    pub(super) fn moved(&mut self, call: &CallKey, conference: &ConferenceId) -> Option<Waiting> {
        let lane = self.calls.get_mut(call)?;
        let elsewhere = lane.waiting.take_if(|waiting| waiting.ask.conference != *conference);
        self.forget_idle(call);
        elsewhere
    }

    /// How many bulk and automatic asks are queued. One that was replaced counts until its turn comes.
    pub(super) fn backlog(&self) -> usize {
        self.queued.len() + self.marked.len()
    }

    /// These asks will not leave: those that wait are given back, in the order in which they were asked for.
    pub(super) fn halt(&mut self, asks: &HashSet<Seq>) -> Vec<Waiting> {
        let halted = |lane: &Lane| lane.waiting.as_ref().is_some_and(|waiting| asks.contains(&waiting.seq));
        let mut all: Vec<Waiting> = self.calls.values_mut().filter(|lane| halted(lane)).filter_map(|lane| lane.waiting.take()).collect();
        all.sort_unstable_by_key(|waiting| waiting.seq);
        self.calls.retain(|_, lane| lane.in_flight.is_some() || lane.waiting.is_some());
        for queue in [&mut self.keys, &mut self.marked_keys, &mut self.queued, &mut self.marked] {
            queue.retain(|(seq, _)| !asks.contains(seq));
        }
        all
    }

    /// Everything that waits, in the order in which it was asked for.
    pub(super) fn drain(&mut self) -> Vec<Waiting> {
        let mut all: Vec<Waiting> = self.calls.values_mut().filter_map(|lane| lane.waiting.take()).collect();
        all.sort_unstable_by_key(|waiting| waiting.seq);
        self.calls.retain(|_, lane| lane.in_flight.is_some());
        self.keys.clear();
        self.marked_keys.clear();
        self.queued.clear();
        self.marked.clear();
        all
    }

    fn depart(&mut self, (_, call): &Place) -> Option<Waiting> {
        let lane = self.calls.get_mut(call)?;
        let waiting = lane.waiting.take()?;
        lane.in_flight = Some(waiting.seq);
        Some(waiting)
    }

    fn forget_idle(&mut self, call: &CallKey) {
        if self.calls.get(call).is_some_and(|lane| lane.in_flight.is_none() && lane.waiting.is_none()) {
            self.calls.remove(call);
        }
    }
}

impl Lane {
    fn is_waiting(&self, seq: Seq) -> bool {
        self.waiting.as_ref().is_some_and(|waiting| waiting.seq == seq)
    }
}

/// Takes the first place whose ask still waits and whose lane is free. Places left behind are dropped.
fn next(queue: &mut VecDeque<Place>, calls: &HashMap<CallKey, Lane>) -> Option<Place> {
    let mut at = 0;
    while let Some((seq, call)) = queue.get(at) {
        match calls.get(call) {
            Some(lane) if lane.is_waiting(*seq) => {
                if lane.in_flight.is_none() {
                    return queue.remove(at);
                }
                at += 1;
            }
            _ => {
                queue.remove(at);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conference::event::Cause;
    use crate::dispatch::fake::ask;

    fn seqs(all: &[Waiting]) -> Vec<u64> {
        all.iter().map(|waiting| waiting.seq.0).collect()
    }

    fn key_of(waiting: Option<Waiting>) -> Option<u64> {
        waiting.map(|waiting| waiting.seq.0)
    }

    #[test]
    fn one_in_flight_for_each_call_and_the_newest_waits() {
        let mut lanes = Lanes::default();
        assert_eq!(lanes.asked(Seq(1), ask("a", Cause::Key)), None);
        assert_eq!(key_of(lanes.take_key()), Some(1));
        assert_eq!(lanes.asked(Seq(2), ask("a", Cause::Key)), None);
        assert_eq!(lanes.asked(Seq(3), ask("b", Cause::Key)), None);
        assert_eq!(key_of(lanes.take_key()), Some(3), "the lane of a is taken");
        assert_eq!(key_of(lanes.take_key()), None);
        assert_eq!(key_of(lanes.asked(Seq(4), ask("a", Cause::Bulk))), Some(2), "the newest wins, whatever its cause");
        lanes.ended(&CallKey::new("a"));
        assert_eq!(key_of(lanes.take_key()), None);
        let places = lanes.take_to_mark(9);
        lanes.marked(places);
        assert_eq!(key_of(lanes.take_marked()), Some(4));
    }

    #[test]
    fn only_what_is_marked_leaves_from_the_queue_and_in_order() {
        let mut lanes = Lanes::default();
        for (seq, call) in [(1, "a"), (2, "b"), (3, "c")] {
            lanes.asked(Seq(seq), ask(call, Cause::Bulk));
        }
        assert_eq!(key_of(lanes.take_marked()), None);
        let places = lanes.take_to_mark(2);
        assert_eq!(key_of(lanes.take_marked()), None, "the mark is not on disk yet");
        assert!(!lanes.has_departure());
        lanes.marked(places);
        assert!(lanes.has_departure());
        assert_eq!(key_of(lanes.take_marked()), Some(1));
        assert_eq!(key_of(lanes.take_marked()), Some(2));
        assert_eq!(key_of(lanes.take_marked()), None);
        assert!(!lanes.has_departure());
    }

    #[test]
    fn a_taken_lane_does_not_hold_up_the_others() {
        let mut lanes = Lanes::default();
        lanes.asked(Seq(1), ask("a", Cause::Bulk));
        let places = lanes.take_to_mark(1);
        lanes.asked(Seq(2), ask("a", Cause::Key));
        assert_eq!(key_of(lanes.take_key()), Some(2));
        lanes.marked(places);
        lanes.asked(Seq(3), ask("a", Cause::Bulk));
        lanes.asked(Seq(4), ask("b", Cause::Bulk));
        assert!(!lanes.has_departure());
        let places = lanes.take_to_mark(9);
        assert_eq!(places.iter().map(|(seq, _)| seq.0).collect::<Vec<_>>(), [4]);
        lanes.marked(places);
        assert_eq!(key_of(lanes.take_marked()), Some(4));
        lanes.ended(&CallKey::new("a"));
        let places = lanes.take_to_mark(9);
        lanes.marked(places);
        assert_eq!(key_of(lanes.take_marked()), Some(3));
    }

    #[test]
    fn keys_that_need_a_mark_leave_with_one_and_are_marked_first_again_without() {
        let mut lanes = Lanes::default();
        for (seq, call, cause) in [(1, "a", Cause::Key), (2, "b", Cause::Key), (3, "c", Cause::Bulk), (4, "d", Cause::Bulk)] {
            lanes.asked(Seq(seq), ask(call, cause));
        }
        let places = |places: &[Place]| places.iter().map(|(seq, _)| seq.0).collect::<Vec<_>>();
        let keys = lanes.take_keys_to_mark();
        assert_eq!((places(&keys), key_of(lanes.take_marked_key())), (vec![1, 2], None));
        lanes.asked(Seq(5), ask("e", Cause::Key));
        lanes.unmarked(keys.into_iter(), true);
        let keys = lanes.take_keys_to_mark();
        assert_eq!(places(&keys), [1, 2, 5]);
        lanes.keys_marked(keys);
        assert!(lanes.has_key());
        let bulk = lanes.take_to_mark(9);
        lanes.marked(bulk);
        lanes.forget_marks(|seq| [1, 3].contains(&seq.0));
        assert_eq!((places(&lanes.take_keys_to_mark()), places(&lanes.take_to_mark(9))), (vec![1], vec![3]));
        assert_eq!((key_of(lanes.take_marked_key()), key_of(lanes.take_marked())), (Some(2), Some(4)));
        assert_eq!((key_of(lanes.take_marked_key()), key_of(lanes.take_marked())), (Some(5), None));
    }

    #[test]
    fn what_is_given_up_never_leaves() {
        let mut lanes = Lanes::default();
        for (seq, call, cause) in [(1, "a", Cause::Bulk), (2, "b", Cause::Bulk), (3, "c", Cause::Rule(Seq(1))), (4, "d", Cause::Key)] {
            lanes.asked(Seq(seq), ask(call, cause));
        }
        lanes.asked(Seq(5), ask("e", Cause::Key));
        lanes.calls.entry(CallKey::new("e")).or_default().in_flight = Some(Seq(0));
        let places = lanes.take_to_mark(1);
        assert_eq!(key_of(lanes.gone(&CallKey::new("a"))), Some(1));
        assert_eq!(key_of(lanes.gone(&CallKey::new("a"))), None);
        lanes.marked(places);
        assert_eq!(key_of(lanes.take_marked()), None);
        let places = lanes.take_to_mark(1);
        assert!(lanes.has_key());
        assert_eq!(seqs(&lanes.give_up()), [2, 3, 4], "marked or not, and the key whose turn it was");
        lanes.marked(places);
        assert_eq!(key_of(lanes.take_marked()), None);
        assert_eq!(seqs(&lanes.drain()), [5], "one behind an ask in flight has its turn after that");
        assert_eq!((key_of(lanes.take_key()), lanes.take_to_mark(9), lanes.has_key()), (None, vec![], false));
        lanes.ended(&CallKey::new("e"));
        assert!(lanes.calls.is_empty(), "{lanes:?}");
    }

    #[test]
    fn what_is_halted_never_leaves_wherever_it_waits() {
        let mut lanes = Lanes::default();
        for (seq, call) in [(1, "a"), (2, "b"), (3, "c"), (4, "d"), (5, "e")] {
            lanes.asked(Seq(seq), ask(call, Cause::Bulk));
        }
        let places = lanes.take_to_mark(2);
        lanes.marked(places);
        assert_eq!(key_of(lanes.take_marked()), Some(1));
        let marking = lanes.take_to_mark(1);
        lanes.asked(Seq(6), ask("a", Cause::Key));
        assert_eq!(lanes.backlog(), 3);
        let halted = lanes.halt(&HashSet::from([1, 2, 3, 4, 6, 99].map(Seq)));
        assert_eq!(seqs(&halted), [2, 3, 4, 6], "the first one is in flight");
        assert_eq!(lanes.backlog(), 1, "what will not leave holds no rule up");
        lanes.marked(marking);
        lanes.ended(&CallKey::new("a"));
        assert_eq!((key_of(lanes.take_key()), key_of(lanes.take_marked())), (None, None));
        let places = lanes.take_to_mark(9);
        assert_eq!(places.iter().map(|(seq, _)| seq.0).collect::<Vec<_>>(), [5], "the others are not touched");
        assert_eq!(lanes.calls.len(), 1);
    }

    #[test]
    fn idle_lanes_are_forgotten() {
        let mut lanes = Lanes::default();
        for seq in 0..100 {
            lanes.asked(Seq(seq), ask(&seq.to_string(), Cause::Key));
            assert_eq!(key_of(lanes.take_key()), Some(seq));
            lanes.ended(&CallKey::new(&seq.to_string()));
        }
        assert!(lanes.calls.is_empty() && lanes.keys.is_empty());
    }
}
