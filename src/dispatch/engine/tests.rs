//! What comes due in the midst of a turn is waited for all the same: with nothing else under way nobody would look again.

use tokio::time::advance;

use super::super::fake::{Fake, Memory, ask};
use super::*;
use crate::conference::Moment;
use crate::conference::event::Cause;
use crate::conference::health::ProviderHealth;

const INSTANT: Duration = Duration::from_millis(1);

fn engine() -> Engine<Fake> {
    let settings = Settings {
        pace: 10,
        parallel: 4,
        keep_warm: false,
        ask_after_join: Duration::ZERO,
        send_withheld: false,
        look_back: Duration::ZERO,
        shared: None,
        clock: Arc::new(Moment::default),
    };
    Engine::new(Memory::new(), Arc::new(Fake::new([])), settings, Seq(0), None)
}

async fn until(moment: Instant) {
    advance(moment - Instant::now()).await;
}

#[tokio::test(start_paused = true)]
async fn a_departure_that_comes_due_in_a_turn_is_waited_for() {
    let mut engine = engine();
    for (seq, call) in [(Seq(1), "a"), (Seq(2), "b")] {
        engine.lanes.asked(seq, ask(call, Cause::Bulk));
    }
    let places = engine.lanes.take_to_mark(2);
    engine.lanes.marked(places);
    assert!(engine.let_go(), "the first leaves at once");
    let due = engine.next_departure().expect("the second one has its time");
    until(due - INSTANT).await;
    assert!(!engine.let_go());
    until(due + INSTANT).await;
    assert_eq!(engine.next_departure(), Some(due));
    assert!(engine.let_go());
    assert_eq!(engine.next_departure(), None, "and there is nobody left");
}

#[tokio::test(start_paused = true)]
async fn the_end_of_patience_that_comes_in_a_turn_is_waited_for() {
    let mut engine = engine();
    for _ in 0..ProviderHealth::FAILURES_TO_OPEN {
        engine.breaker.note(Admission::Free, false);
    }
    engine.lanes.asked(Seq(1), ask("probe", Cause::Key));
    assert!(engine.let_go());
    engine.lanes.asked(Seq(2), ask("patient", Cause::Key));
    let over = engine.end_of_patience().expect("its patience has an end");
    until(over - INSTANT).await;
    engine.let_go();
    until(over + INSTANT).await;
    assert_eq!(engine.end_of_patience(), Some(over));
    assert!(engine.lanes.has_key());
    engine.let_go();
    assert!(!engine.lanes.has_key(), "it fails at once");
}
