//! Raised hands in their order, and who has the floor, for each conference. Kept by the roster with each change.

use std::collections::BTreeMap;

use super::ConferenceId;
use super::participant::CallId;

/// Queues and floors of all conferences.
#[derive(Clone, Debug, Default)]
pub(super) struct Hands {
    queues: BTreeMap<ConferenceId, Vec<CallId>>,
    floors: BTreeMap<ConferenceId, CallId>,
}

impl Hands {
    /// A hand went up: it goes to the end, unless it was up before.
    pub(super) fn raise(&mut self, conference: &ConferenceId, id: CallId) {
        let queue = self.queues.entry(conference.clone()).or_default();
        if !queue.contains(&id) {
            queue.push(id);
        }
    }

    /// A hand that is up goes before all others; says whether it moved.
    pub(super) fn put_first(&mut self, conference: &ConferenceId, id: CallId) -> bool {
        let Some(queue) = self.queues.get_mut(conference) else { return false };
        match queue.iter().position(|other| *other == id) {
            None | Some(0) => false,
            Some(place) => {
                queue[..=place].rotate_right(1);
                true
            }
        }
    }

    /// A hand went down.
    pub(super) fn lower(&mut self, conference: &ConferenceId, id: CallId) {
        if let Some(queue) = self.queues.get_mut(conference) {
            queue.retain(|other| *other != id);
            if queue.is_empty() {
                self.queues.remove(conference);
            }
        }
    }

    /// The hands of a conference, the next one first.
    pub(super) fn queue(&self, conference: &ConferenceId) -> &[CallId] {
        self.queues.get(conference).map_or(&[], Vec::as_slice)
    }

    /// The conferences in which a hand is up or somebody has the floor, by their numbers.
    pub(super) fn conferences(&self) -> Vec<&ConferenceId> {
        let mut ids: Vec<_> = self.queues.keys().chain(self.floors.keys()).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// Who has the floor of a conference.
    pub(super) fn floor(&self, conference: &ConferenceId) -> Option<CallId> {
        self.floors.get(conference).copied()
    }

    /// Gives the floor on; returns who had it.
    pub(super) fn give_floor(&mut self, conference: &ConferenceId, to: Option<CallId>) -> Option<CallId> {
        match to {
            Some(id) => self.floors.insert(conference.clone(), id),
            None => self.floors.remove(conference),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hands_keep_their_order_and_one_can_go_first() {
        let conference = ConferenceId::new("1122");
        let [a, b, c] = [CallId(1), CallId(2), CallId(3)];
        let mut hands = Hands::default();
        for id in [a, b, c, a] {
            hands.raise(&conference, id);
        }
        assert_eq!(hands.queue(&conference), [a, b, c], "a repeat keeps its place");
        assert!(hands.put_first(&conference, c));
        assert_eq!(hands.queue(&conference), [c, a, b]);
        assert!(!hands.put_first(&conference, c) && !hands.put_first(&conference, CallId(9)));
        hands.lower(&conference, a);
        assert_eq!(hands.queue(&conference), [c, b]);
        assert!(hands.queue(&"9".into()).is_empty());
        hands.give_floor(&"1".into(), Some(a));
        hands.give_floor(&conference, Some(a));
        assert_eq!(hands.conferences(), [&"1".into(), &conference]);
        hands.lower(&conference, b);
        hands.lower(&conference, c);
        hands.give_floor(&conference, None);
        assert_eq!(hands.conferences(), [&"1".into()]);
    }

    #[test]
    fn one_has_the_floor() {
        let conference = ConferenceId::new("1122");
        let mut hands = Hands::default();
        assert_eq!(hands.give_floor(&conference, Some(CallId(1))), None);
        assert_eq!(hands.give_floor(&conference, Some(CallId(2))), Some(CallId(1)));
        assert_eq!((hands.floor(&conference), hands.floor(&"9".into())), (Some(CallId(2)), None));
        assert_eq!(hands.give_floor(&conference, None), Some(CallId(2)));
        assert_eq!(hands.floor(&conference), None);
    }
}
