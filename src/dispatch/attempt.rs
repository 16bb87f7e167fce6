//! One ask through its tries: how often, how long, and what the tries together say of the outcome.

use std::pin::pin;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use crate::bridge::{Bridge, Fault, FaultKind, Order};
use crate::conference::{Moment, Outcome};

/// After a join the provider may not know the caller for so long: a refusal is no last word yet.
pub const EARLY: Duration = Duration::from_secs(5);

/// The wait before the second try, give or take a quarter; the next is three times as long.
const FIRST_WAIT: Duration = Duration::from_millis(500);
const GROWTH: u32 = 3;

/// A try with less time than this would more likely end unknown than well.
const LEAST_TRY: Duration = Duration::from_secs(1);

/// How much an ask may use up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Tries at most.
    pub tries: u32,
    /// Time from the first try's start to the last one's end.
    pub whole: Duration,
}

impl Limits {
    /// A single try, to see whether the provider can be reached again.
    pub const PROBE: Self = Self { tries: 1, ..Self::USUAL };
    /// Three tries in twelve seconds.
    pub const USUAL: Self = Self { tries: 3, whole: Duration::from_secs(12) };
}

impl Default for Limits {
    fn default() -> Self {
        Self::USUAL
    }
}

/// How an ask ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// What is known.
    pub outcome: Outcome,
    /// The provider's words, or what went wrong. Empty when accepted.
    pub detail: String,
    /// Milliseconds from the start of the first try that left to the end of the last; 0 when none left.
    pub millis: u32,
    /// False when no try reached the provider.
    pub reached: bool,
}

/// Takes one order through its tries. Needs tokio's time and no journal.
///
/// A try follows a failure that left nothing done; for a mute or unmute, which do no harm twice, also a
/// broken connection; and any refusal within [`EARLY`] of `joined`. A wish of the provider's to wait is
/// honoured: where it does not fit into `limits.whole`, the ask ends.
///
/// Between two tries nothing of the ask is out, so it can still be called back: once `enough` says why, no further
/// try is begun, and the outcome is what those before have told. It does not cut a try short.
pub async fn attempt<B, N, E>(bridge: &B, order: &Order, joined: Option<Moment>, now: N, limits: Limits, enough: E) -> Ended
where
    B: Bridge,
    N: Fn() -> Moment,
    E: Future<Output = String>,
{
    let end = Instant::now() + limits.whole;
    let mut enough = pin!(enough);
    let mut tale = Tale::default();
    loop {
        let start = Instant::now();
        let fault = match timeout_at(end, bridge.act(order)).await {
            Ok(Ok(())) => return tale.accepted(start),
            Ok(Err(fault)) => fault,
            Err(_) => Fault::new(FaultKind::TimedOut, format!("no answer within {} s", limits.whole.as_secs_f32())),
        };
        tale.note(&fault, start);
        let early = fault.kind == FaultKind::Refused && joined.is_some_and(|joined| now().since(joined) < EARLY);
        if tale.tries >= limits.tries || !(early || fault.worth_another_try(order.action)) {
            break;
        }
        let wish = fault.retry_after.unwrap_or_default();
        let wait = wait_after(tale.tries, getrandom::u32().unwrap_or(u32::MAX / 2)).max(wish);
        if wait.saturating_add(LEAST_TRY) > end.duration_since(Instant::now()) {
            if !wish.is_zero() {
                tale.ask_to_wait(wish);
            }
            break;
        }
        tokio::select! {
            biased;
            why = &mut enough => {
                tale.called_back(&why);
                break;
            }
            () = sleep(wait) => {}
        }
    }
    tale.ended()
}

/// The wait after a number of tries: it triples each time and lies within a quarter of its middle, so
/// that desks which failed together do not come back together.
fn wait_after(tries: u32, random: u32) -> Duration {
    let middle = FIRST_WAIT * GROWTH.pow(tries.saturating_sub(1).min(8));
    middle * 3 / 4 + (middle / 2).mul_f64(f64::from(random) / f64::from(u32::MAX))
}

/// What the tries so far have told.
#[derive(Default)]
struct Tale {
    tries: u32,
    reached: bool,
    /// When the first try left and when the last one that left came back.
    away: Option<(Instant, Instant)>,
    /// The provider's latest refusal.
    refused: Option<String>,
    /// The latest failure that may have been carried out, unless the provider answered after it.
    doubtful: Option<String>,
    last: String,
}

impl Tale {
    fn note(&mut self, fault: &Fault, start: Instant) {
        self.tries += 1;
        self.reached |= !fault.is_unreachable();
        if fault.kind != FaultKind::NoConnection {
            self.was_away(start);
        }
        if fault.is_refusal() {
            self.refused = Some(fault.detail.clone());
            self.doubtful = None;
        } else if fault.may_have_acted() {
            self.doubtful = Some(fault.detail.clone());
        }
        self.last.clone_from(&fault.detail);
    }

    fn was_away(&mut self, start: Instant) {
        let first = self.away.map_or(start, |(first, _)| first);
        self.away = Some((first, Instant::now()));
    }

    fn ask_to_wait(&mut self, wish: Duration) {
        self.last = format!("{}; it asks to wait {} s", self.last, wish.as_secs());
    }

    fn called_back(&mut self, why: &str) {
        let words = match &mut self.doubtful {
            Some(doubt) => doubt,
            None => &mut self.last,
        };
        *words = format!("{words}; not tried again: {why}");
    }

    fn accepted(mut self, start: Instant) -> Ended {
        self.was_away(start);
        Ended { outcome: Outcome::Accepted, detail: String::new(), millis: self.millis(), reached: true }
    }

    fn ended(self) -> Ended {
        let (millis, reached) = (self.millis(), self.reached);
        let tries = if self.tries > 1 { format!(" ({} tries)", self.tries) } else { String::new() };
        let (outcome, detail) = match (self.doubtful, self.refused) {
            (Some(doubt), _) => (Outcome::Unknown, doubt + &tries),
            (None, Some(words)) => (Outcome::Refused, words),
            (None, None) => (Outcome::NotDelivered, self.last + &tries),
        };
        Ended { outcome, detail, millis, reached }
    }

    /// Never 0 when something left, because 0 stands for that.
    fn millis(&self) -> u32 {
        self.away.map_or(0, |(first, last)| u32::try_from((last - first).as_millis()).unwrap_or(u32::MAX).max(1))
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use proptest::prelude::*;
    use tokio::time::sleep_until;

    use super::*;
    use crate::conference::{Action, CallKey};
    use crate::dispatch::fake::{Fake, Reply, no, yes};

    fn order(action: Action) -> Order {
        Order { action, call: CallKey::new("c"), conference: "1122".into(), number: "12157010680".into() }
    }

    /// Runs one ask through a script; gives its end and the offsets in milliseconds at which tries left.
    async fn play(action: Action, joined: Option<Moment>, script: impl IntoIterator<Item = Reply>) -> (Ended, Vec<u64>) {
        let fake = Fake::new(script);
        let begun = Instant::now();
        let now = move || Moment::default().plus(begun.elapsed());
        let ended = attempt(&fake, &order(action), joined, now, Limits::default(), pending()).await;
        let left = fake.left().iter().map(|(at, _)| (*at - begun).as_millis() as u64).collect();
        (ended, left)
    }

    #[tokio::test(start_paused = true)]
    async fn tries_together_say_what_is_known() {
        use Action::{Kick, Mute, Unmute};
        use FaultKind::{Busy, Cut, Gateway, NoAnswer, NoConnection, Refused, TimedOut};
        let cases: &[(Action, &[Option<FaultKind>], Outcome, usize)] = &[
            (Mute, &[None], Outcome::Accepted, 1),
            (Mute, &[Some(Refused)], Outcome::Refused, 1),
            (Mute, &[Some(NoConnection), Some(NoConnection), Some(NoConnection)], Outcome::NotDelivered, 3),
            (Mute, &[Some(Busy), Some(NoConnection), Some(Busy)], Outcome::NotDelivered, 3),
            (Mute, &[Some(Busy), None], Outcome::Accepted, 2),
            (Mute, &[Some(Cut), None], Outcome::Accepted, 2),
            (Unmute, &[Some(Gateway), Some(Refused)], Outcome::Refused, 2),
            (Unmute, &[Some(Cut), Some(NoConnection), Some(NoConnection)], Outcome::Unknown, 3),
            (Unmute, &[Some(Cut), Some(Gateway), Some(Busy)], Outcome::Unknown, 3),
            (Mute, &[Some(NoConnection), Some(TimedOut)], Outcome::Unknown, 2),
            (Mute, &[Some(NoConnection), Some(NoAnswer)], Outcome::Unknown, 2),
            (Mute, &[Some(TimedOut)], Outcome::Unknown, 1),
            (Mute, &[Some(NoAnswer)], Outcome::Unknown, 1),
            (Kick, &[Some(Cut)], Outcome::Unknown, 1),
            (Kick, &[Some(Gateway)], Outcome::Unknown, 1),
            (Kick, &[Some(TimedOut)], Outcome::Unknown, 1),
            (Kick, &[Some(NoAnswer)], Outcome::Unknown, 1),
            (Kick, &[Some(NoConnection), Some(Busy), None], Outcome::Accepted, 3),
            (Kick, &[Some(Busy), Some(Cut)], Outcome::Unknown, 2),
            (Kick, &[Some(NoConnection), Some(NoConnection), Some(NoConnection)], Outcome::NotDelivered, 3),
        ];
        for (action, script, outcome, tries) in cases {
            let replies = script.iter().map(|kind| kind.map_or_else(|| yes(10), |kind| no(10, kind)));
            let (ended, left) = play(*action, None, replies).await;
            assert_eq!((ended.outcome, left.len()), (*outcome, *tries), "{action:?} {script:?}");
            let reached = script.iter().any(|kind| matches!(kind, None | Some(Refused | Busy | NoAnswer)));
            assert_eq!(ended.reached, reached, "{action:?} {script:?}");
            let nothing_left = script.iter().all(|kind| *kind == Some(NoConnection));
            assert_eq!(ended.millis == 0, nothing_left, "{action:?} {script:?}: {}", ended.millis);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_detail_belongs_to_the_outcome() {
        let says = |kind, words: &str| Reply::after(1, Err(Fault::new(kind, words)));
        let (ended, _) = play(Action::Mute, None, [yes(1)]).await;
        assert_eq!(ended.detail, "");
        let (ended, _) = play(Action::Mute, None, [says(FaultKind::Cut, "torn"), says(FaultKind::Refused, "Unknown caller")]).await;
        assert_eq!(ended.detail, "Unknown caller", "the provider's words as they are");
        let script = [says(FaultKind::Cut, "torn"), says(FaultKind::NoConnection, "none"), says(FaultKind::NoConnection, "none")];
        let (ended, _) = play(Action::Mute, None, script).await;
        assert_eq!(ended.detail, "torn (3 tries)", "what makes it unknown, not what came after");
        let (ended, _) = play(Action::Kick, None, [says(FaultKind::TimedOut, "no answer")]).await;
        assert_eq!(ended.detail, "no answer");
    }

    #[tokio::test(start_paused = true)]
    async fn time_is_counted_from_the_first_try_that_left() {
        let (ended, left) = play(Action::Mute, None, [no(3_000, FaultKind::NoConnection), no(20, FaultKind::Busy), yes(30)]).await;
        assert_eq!(u64::from(ended.millis), left[2] + 30 - left[1]);
        let (ended, _) = play(Action::Mute, None, [yes(0)]).await;
        assert_eq!(ended.millis, 1, "0 would say that nothing was sent");
    }

    #[tokio::test(start_paused = true)]
    async fn waits_grow_and_differ() {
        let mut waits = [Vec::new(), Vec::new()];
        for _ in 0..60 {
            let (_, left) = play(Action::Mute, None, [no(0, FaultKind::Busy), no(0, FaultKind::Busy), no(0, FaultKind::Busy)]).await;
            waits[0].push(left[1] - left[0]);
            waits[1].push(left[2] - left[1]);
        }
        for (waits, bounds) in waits.iter_mut().zip([375..=626, 1_125..=1_876]) {
            assert!(waits.iter().all(|wait| bounds.contains(wait)), "{waits:?}");
            waits.sort_unstable();
            waits.dedup();
            assert!(waits.len() > 10, "{waits:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_wish_to_wait_is_honoured_where_it_fits() {
        let busy = |seconds| {
            Reply::after(0, Err(Fault { retry_after: Some(Duration::from_secs(seconds)), ..Fault::new(FaultKind::Busy, "busy") }))
        };
        let (ended, left) = play(Action::Kick, None, [busy(4), busy(5), yes(0)]).await;
        assert_eq!((ended.outcome, left), (Outcome::Accepted, vec![0, 4_000, 9_000]));
        let (ended, left) = play(Action::Kick, None, [busy(12)]).await;
        assert_eq!((ended.outcome, ended.detail.as_str(), left.len()), (Outcome::NotDelivered, "busy; it asks to wait 12 s", 1));
        let (_, left) = play(Action::Kick, None, [busy(u64::MAX)]).await;
        assert_eq!(left.len(), 1);
        let (_, left) = play(Action::Kick, None, [busy(0), yes(0)]).await;
        assert!(left[1] >= 375, "no wish to wait is no wish to hurry");
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_try_ends_with_the_ask() {
        let begun = Instant::now();
        let (ended, left) = play(Action::Mute, None, [no(8_000, FaultKind::Cut), yes(8_000)]).await;
        assert_eq!(begun.elapsed().as_millis(), 12_000);
        assert_eq!((ended.outcome, left.len()), (Outcome::Unknown, 2));
        assert_eq!(ended.detail, "no answer within 12 s (2 tries)");
        let (ended, left) = play(Action::Mute, None, [no(10_800, FaultKind::Cut), yes(0)]).await;
        assert_eq!((ended.outcome, left.len()), (Outcome::Unknown, 1), "with a second left no try is begun");
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_soon_after_the_join_is_tried_again() {
        for action in [Action::Mute, Action::Unmute, Action::Kick] {
            let (ended, left) = play(action, Some(Moment(0)), [no(10, FaultKind::Refused), no(10, FaultKind::Refused), yes(10)]).await;
            assert_eq!((ended.outcome, left.len()), (Outcome::Accepted, 3), "{action:?}");
        }
        let (ended, left) = play(Action::Mute, Some(Moment(-4_980)), [no(10, FaultKind::Refused), no(10, FaultKind::Refused)]).await;
        assert_eq!((ended.outcome, left.len()), (Outcome::Refused, 2), "the second refusal came later than 5 s after the join");
        let (ended, left) = play(Action::Mute, Some(Moment(0)), [no(10, FaultKind::NoSuccess)]).await;
        assert_eq!((ended.outcome, left.len()), (Outcome::Refused, 1), "a result is no error, and stands");
        let (_, left) = play(Action::Mute, Some(Moment(-4_990)), [no(10, FaultKind::Refused)]).await;
        assert_eq!(left.len(), 1);
        let (ended, _) =
            play(Action::Mute, Some(Moment(0)), [no(10, FaultKind::Refused), no(10, FaultKind::NoConnection), no(10, FaultKind::Busy)])
                .await;
        assert_eq!(ended.outcome, Outcome::Refused, "its last word stands");
        let (ended, _) = play(Action::Mute, Some(Moment(0)), [no(10, FaultKind::Refused), no(10, FaultKind::TimedOut)]).await;
        assert_eq!(ended.outcome, Outcome::Unknown);
    }

    #[tokio::test(start_paused = true)]
    async fn a_probe_is_one_try() {
        let fake = Fake::new([no(1, FaultKind::Busy)]);
        let ended = attempt(&fake, &order(Action::Mute), Some(Moment(0)), || Moment(0), Limits::PROBE, pending()).await;
        assert_eq!((ended.outcome, fake.left().len()), (Outcome::NotDelivered, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn between_two_tries_an_ask_can_be_called_back_and_says_what_is_known() {
        let called_back = async |script: [Reply; 2], after: u64| {
            let (fake, begun) = (Fake::new(script), Instant::now());
            let enough = async {
                sleep_until(begun + Duration::from_millis(after)).await;
                "the caller left".to_owned()
            };
            let ended = attempt(&fake, &order(Action::Mute), Some(Moment(0)), || Moment(0), Limits::USUAL, enough).await;
            (ended, fake.left().len(), begun.elapsed().as_millis())
        };
        let wish = |seconds| Fault { retry_after: Some(Duration::from_secs(seconds)), ..Fault::new(FaultKind::Busy, "busy") };
        let (ended, tries, took) = called_back([Reply::after(10, Err(wish(9))), yes(0)], 200).await;
        assert_eq!((ended.outcome, tries, took), (Outcome::NotDelivered, 1, 200), "at once, whatever the provider wished");
        assert_eq!(ended.detail, "busy; not tried again: the caller left");
        let (ended, tries, took) = called_back([no(50, FaultKind::Cut), yes(0)], 20).await;
        assert_eq!((ended.outcome, tries, took), (Outcome::Unknown, 1, 50), "a try is not cut short");
        assert_eq!(ended.detail, "Cut; not tried again: the caller left");
        let (ended, ..) = called_back([no(10, FaultKind::Refused), yes(0)], 20).await;
        assert_eq!((ended.outcome, ended.detail.as_str()), (Outcome::Refused, "Refused"), "the provider's words as they are");
        let (ended, ..) = called_back([yes(50), yes(0)], 20).await;
        assert_eq!(ended.outcome, Outcome::Accepted);
    }

    proptest! {
        #[test]
        fn a_wait_lies_within_a_quarter_of_its_middle(tries in 1u32..4, random in any::<u32>()) {
            let middle = 500.0 * 3f64.powi(tries as i32 - 1);
            let wait = wait_after(tries, random).as_secs_f64() * 1_000.0;
            prop_assert!((middle * 0.75 - 0.001..=middle * 1.25 + 0.001).contains(&wait), "{} {}", tries, wait);
        }
    }

    #[test]
    fn the_bounds_of_a_wait_are_reached() {
        let bounds = [1, 2].map(|tries| [0, u32::MAX].map(|random| wait_after(tries, random).as_millis()));
        assert_eq!(bounds, [[375, 625], [1_125, 1_875]]);
    }
}
