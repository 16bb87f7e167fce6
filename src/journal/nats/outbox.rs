//! What waits to be published, and what is being published. Pure but for the promises it keeps: no server, and the time
//! comes in.
//!
//! Events of one call leave one after the other, each when the one before it was acknowledged or given up, so that no
//! second try changes their order. An event that is tried again carries the message id of the first try.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::conference::event::{Seq, What};
use crate::conference::{CallKey, ConferenceId};
use crate::journal::{AppendError, Draft};

/// How long a callback or an ask is tried.
const PATIENCE: Duration = Duration::from_secs(3);

/// How long the end of an ask is tried: it is known nowhere else.
const LAST_WORDS: Duration = Duration::from_mins(5);

/// The pause before an event is tried again.
pub(super) const AGAIN: Duration = Duration::from_millis(100);

/// What may be published at once.
const AT_ONCE: usize = 4_096;

/// Callbacks that may wait; more are refused with 503.
const CALLBACKS_WAITING: usize = 4_096;

/// Asks and answers that may wait.
const ASKS_WAITING: usize = 65_536;

/// The end of an append's promise.
pub(super) type Promise = oneshot::Sender<Result<Seq, AppendError>>;

/// The number of a letter in this process.
pub(super) type Number = u64;

/// What keeps its order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Lane {
    Call(CallKey),
    /// Marks of asks that are about to leave: each is written only behind the one before.
    Marks,
    Other,
}

/// Where a letter is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Behind another one of its lane.
    Behind,
    /// To be tried as soon as there is room.
    Ready,
    Tried,
    /// Between two tries.
    Resting,
}

/// An event on its way.
#[derive(Debug)]
pub(super) struct Letter {
    pub(super) draft: Draft,
    /// What the server knows its copies by.
    pub(super) id: String,
    pub(super) conference: Option<ConferenceId>,
    lane: Lane,
    promise: Promise,
    until: Instant,
    state: State,
    /// Why the last try was in vain.
    why: String,
}

/// Everything on its way.
#[derive(Debug)]
pub(super) struct Outbox {
    host: String,
    next: Number,
    letters: BTreeMap<Number, Letter>,
    lanes: HashMap<Lane, VecDeque<Number>>,
    ready: VecDeque<Number>,
    tried: usize,
    /// When a letter is tried again or given up; letters that have ended stay until then.
    alarms: BTreeSet<(Instant, Number)>,
}

impl Outbox {
    /// Of a host whose name no other has.
    pub(super) fn new(host: String) -> Self {
        let (letters, lanes, ready, alarms) = (BTreeMap::new(), HashMap::new(), VecDeque::new(), BTreeSet::new());
        Self { host, next: 0, letters, lanes, ready, tried: 0, alarms }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.letters.is_empty()
    }

    /// Takes a draft. One for which there is no room is refused at once.
    pub(super) fn put(&mut self, draft: Draft, conference: Option<ConferenceId>, promise: Promise, now: Instant) {
        let bound = if draft.what.may_go_unrecorded() { ASKS_WAITING } else { CALLBACKS_WAITING };
        if self.letters.len() >= bound {
            // Whoever asked may have hung up.
            let _ = promise.send(Err(AppendError::Busy));
            return;
        }
        let number = self.next;
        self.next += 1;
        let lane = match &draft.what {
            What::Sent(_) => Lane::Marks,
            what => what.call().map_or(Lane::Other, |call| Lane::Call(call.clone())),
        };
        let (id, patience) = match &draft.what {
            // Of two hosts' answers to one ask the first stands.
            What::Answered(answer) => (format!("answer-{}", answer.ask.0), LAST_WORDS),
            _ => (format!("{}-{number}", self.host), PATIENCE),
        };
        let queue = self.lanes.entry(lane.clone()).or_default();
        queue.push_back(number);
        let state = if queue.len() == 1 { State::Ready } else { State::Behind };
        if state == State::Ready {
            self.ready.push_back(number);
        }
        let until = now + patience;
        self.alarms.insert((until, number));
        self.letters.insert(number, Letter { draft, id, conference, lane, promise, until, state, why: String::new() });
    }

    /// The next letter to be tried; it is, from now on.
    pub(super) fn take(&mut self) -> Option<(Number, &Letter)> {
        if self.tried >= AT_ONCE {
            return None;
        }
        let is_ready = |number: &Number| self.letters.get(number).is_some_and(|letter| letter.state == State::Ready);
        let number = std::iter::from_fn(|| self.ready.pop_front()).find(is_ready)?;
        self.tried += 1;
        let letter = self.letters.get_mut(&number)?;
        letter.state = State::Tried;
        Some((number, letter))
    }

    /// A try ended well, or for good. Says whether it was a mark's.
    pub(super) fn ended(&mut self, number: Number, end: Result<Seq, AppendError>) -> bool {
        let Some(letter) = self.letters.remove(&number) else { return false };
        self.tried -= usize::from(letter.state == State::Tried);
        self.alarms.remove(&(letter.until, number));
        if let Some(queue) = self.lanes.get_mut(&letter.lane) {
            queue.retain(|other| *other != number);
            match queue.front().copied() {
                Some(next) => self.is_first(next),
                None => drop(self.lanes.remove(&letter.lane)),
            }
        }
        // Whoever asked may have hung up.
        let _ = letter.promise.send(end);
        letter.lane == Lane::Marks
    }

    fn is_first(&mut self, number: Number) {
        if let Some(letter) = self.letters.get_mut(&number).filter(|letter| letter.state == State::Behind) {
            letter.state = State::Ready;
            self.ready.push_back(number);
        }
    }

    /// A try ended in a way that may be another the next time.
    pub(super) fn again(&mut self, number: Number, why: String, now: Instant) {
        if let Some(letter) = self.letters.get_mut(&number).filter(|letter| letter.state == State::Tried) {
            (letter.state, letter.why) = (State::Resting, why);
            self.tried -= 1;
            self.alarms.insert((now + AGAIN, number));
        }
    }

    /// The connection is lost, and with it all tries: they are the first on the next one.
    pub(super) fn is_lost(&mut self) {
        let mut tried = Vec::new();
        for (number, letter) in self.letters.iter_mut().filter(|(_, letter)| letter.state == State::Tried) {
            (letter.state, letter.why) = (State::Ready, "the connection was lost".to_owned());
            tried.push(*number);
        }
        for number in tried.into_iter().rev() {
            self.ready.push_front(number);
        }
        self.tried = 0;
    }

    /// Lets be tried again what has rested, and gives up what was tried for long enough. What is being tried just now is
    /// given up too: it may be written all the same.
    pub(super) fn pass(&mut self, now: Instant) {
        while let Some((at, number)) = self.alarms.first().copied()
            && at <= now
        {
            self.alarms.pop_first();
            let Some(letter) = self.letters.get_mut(&number) else { continue };
            if letter.until <= now {
                let why = std::mem::take(&mut letter.why);
                let why = if why.is_empty() { "the server has not answered in time".to_owned() } else { why };
                self.ended(number, Err(AppendError::Lost(why)));
            } else if letter.state == State::Resting {
                letter.state = State::Ready;
                self.ready.push_back(number);
            }
        }
    }

    /// Marks are another host's to write now: those on their way are given up, so that none is written behind its fence.
    pub(super) fn end_marks(&mut self) {
        let marks: Vec<Number> = self.lanes.get(&Lane::Marks).into_iter().flatten().copied().collect();
        for number in marks {
            self.ended(number, Err(AppendError::Superseded));
        }
    }

    /// The account may not publish on a subject; `subject_of` says on which a letter would be.
    pub(super) fn denied(&mut self, subject: &str, subject_of: impl Fn(&Letter) -> String) {
        let is_meant = |letter: &Letter| letter.state == State::Tried && subject_of(letter) == subject;
        let meant: Vec<Number> = self.letters.iter().filter(|(_, letter)| is_meant(letter)).map(|(number, _)| *number).collect();
        for number in meant {
            self.ended(number, Err(AppendError::Denied(subject.to_owned())));
        }
    }

    /// When there is something to do without any news.
    pub(super) fn due(&self) -> Option<Instant> {
        self.alarms.first().map(|(at, _)| *at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conference::event::{Nothing, Sent};
    use crate::conference::story::{answer, ask, join, leave};
    use crate::conference::{Action, Moment, Outcome};

    type Receipt = oneshot::Receiver<Result<Seq, AppendError>>;

    struct Desk {
        outbox: Outbox,
        now: Instant,
    }

    impl Desk {
        fn new() -> Self {
            Self { outbox: Outbox::new("h".into()), now: Instant::now() }
        }

        fn put(&mut self, what: What) -> Receipt {
            let (promise, receipt) = oneshot::channel();
            self.outbox.put(Draft::new(Moment(0), what), None, promise, self.now);
            receipt
        }

        fn take(&mut self) -> Vec<Number> {
            std::iter::from_fn(|| self.outbox.take().map(|(number, _)| number)).collect()
        }

        fn pass(&mut self, millis: u64) {
            self.now += Duration::from_millis(millis);
            self.outbox.pass(self.now);
        }
    }

    #[test]
    fn events_of_one_call_leave_one_after_the_other_and_others_beside_them() {
        let mut desk = Desk::new();
        let receipts: Vec<_> = [join("a", "1", "1"), join("b", "1", "2"), leave("a"), leave("b")].map(|what| desk.put(what)).into();
        assert_eq!(desk.take(), [0, 1]);
        desk.outbox.again(0, "no".into(), desk.now);
        desk.outbox.ended(1, Ok(Seq(7)));
        assert_eq!(desk.take(), [3], "what is behind one that rests waits");
        desk.pass(100);
        assert_eq!(desk.take(), [0]);
        desk.outbox.ended(0, Ok(Seq(8)));
        assert_eq!(desk.take(), [2]);
        for number in [2, 3] {
            desk.outbox.ended(number, Ok(Seq(9 + number)));
        }
        let places: Vec<_> = receipts.into_iter().map(|mut receipt| receipt.try_recv().unwrap().unwrap().0).collect();
        assert_eq!(places, [8, 7, 11, 12]);
        assert!(desk.outbox.is_empty() && desk.outbox.lanes.is_empty() && desk.outbox.due().is_none());
    }

    #[test]
    fn a_callback_is_given_up_after_three_seconds_and_the_end_of_an_ask_is_not() {
        let mut desk = Desk::new();
        let (mut joined, mut answered) = (desk.put(join("a", "1", "1")), desk.put(answer("b", 5, Outcome::Accepted)));
        let _ = desk.take();
        desk.pass(2_999);
        assert!(joined.try_recv().is_err());
        desk.pass(1);
        assert!(matches!(joined.try_recv(), Ok(Err(AppendError::Lost(_)))));
        desk.pass(200_000);
        assert!(answered.try_recv().is_err(), "it is known nowhere else");
        assert_eq!(desk.outbox.letters.len(), 1);
    }

    #[test]
    fn what_was_tried_on_a_connection_that_is_lost_is_tried_again_first_and_under_the_same_id() {
        let mut desk = Desk::new();
        let _receipts: Vec<_> = ["a", "b", "c"].map(|call| desk.put(join(call, "1", "1"))).into();
        let before: Vec<_> = std::iter::from_fn(|| desk.outbox.take().map(|(_, letter)| letter.id.clone())).collect();
        let _late = desk.put(join("d", "1", "1"));
        desk.outbox.is_lost();
        let after: Vec<_> = std::iter::from_fn(|| desk.outbox.take().map(|(_, letter)| letter.id.clone())).collect();
        assert_eq!((after.len(), &after[..3]), (4, &before[..]));
    }

    #[test]
    fn one_answer_stands_whoever_gives_it() {
        let mut desk = Desk::new();
        let _first = desk.put(answer("a", 5, Outcome::Accepted));
        let mut other = Outbox::new("other".into());
        other.put(Draft::new(Moment(0), answer("a", 5, Outcome::Unknown)), None, oneshot::channel().0, desk.now);
        assert_eq!(desk.outbox.take().unwrap().1.id, other.take().unwrap().1.id);
        other.put(Draft::new(Moment(0), join("a", "1", "1")), None, oneshot::channel().0, desk.now);
        desk.put(join("b", "1", "1"));
        assert_ne!(desk.outbox.letters[&1].id, other.letters[&1].id);
    }

    #[test]
    fn marks_and_what_is_of_no_call_keep_their_order() {
        let mut desk = Desk::new();
        let sent = || What::Sent(Sent { asks: vec![] });
        let _receipts: Vec<_> = [sent(), sent(), What::Stopped(Nothing {}), What::Stopped(Nothing {})].map(|what| desk.put(what)).into();
        assert_eq!(desk.take(), [0, 2]);
    }

    #[test]
    fn a_mark_that_waits_when_another_host_takes_over_is_never_written() {
        let mut desk = Desk::new();
        let sent = || What::Sent(Sent { asks: vec![Seq(1)] });
        let mut marks: Vec<_> = [sent(), sent(), sent()].map(|what| desk.put(what)).into();
        let mut joined = desk.put(join("a", "1", "1"));
        assert_eq!(desk.take(), [0, 3], "one is on its way, the others wait for it");
        desk.outbox.again(0, "no".into(), desk.now);
        desk.outbox.end_marks();
        assert!(marks.iter_mut().all(|mark| mark.try_recv() == Ok(Err(AppendError::Superseded))));
        desk.pass(1_000);
        assert_eq!(desk.take(), [] as [Number; 0]);
        assert!(joined.try_recv().is_err(), "all else goes on");
    }

    #[test]
    fn there_are_bounds_and_asks_have_the_wider_one() {
        let mut desk = Desk::new();
        let kept: Vec<_> = (0..CALLBACKS_WAITING).map(|number| desk.put(join(&number.to_string(), "1", "1"))).collect();
        assert_eq!(desk.put(join("x", "1", "1")).try_recv(), Ok(Err(AppendError::Busy)));
        assert!(desk.put(ask("x", Action::Mute)).try_recv().is_err());
        drop(kept);
    }

    #[test]
    fn only_what_is_denied_is_refused() {
        let mut desk = Desk::new();
        let (mut kick, mut mute) = (desk.put(ask("a", Action::Kick)), desk.put(ask("b", Action::Mute)));
        let _ = desk.take();
        let subject = |letter: &Letter| super::super::subject::of("confmod", &letter.draft.what, None);
        desk.outbox.denied("confmod.event._.ask.kick", subject);
        assert!(matches!(kick.try_recv(), Ok(Err(AppendError::Denied(_)))));
        assert!(mute.try_recv().is_err());
    }
}
