//! What is played when, on a paused clock.

use super::*;
use crate::conference::event::What;
use crate::conference::story::{events, join, leave, name};

/// A journal in memory.
pub(super) struct Told(pub(super) Vec<Event>);

impl History for Told {
    fn read(&self, after: Seq, limit: usize) -> Result<Vec<Event>, ReadError> {
        Ok(self.0.iter().filter(|event| event.seq > after).take(limit).cloned().collect())
    }

    fn before(&self, _: Moment) -> Result<Seq, ReadError> {
        Ok(Seq(0))
    }

    fn last(&self) -> Result<Seq, ReadError> {
        Ok(self.0.last().map_or(Seq(0), |event| event.seq))
    }

    fn standing(&self, until: Seq) -> Result<Vec<Event>, ReadError> {
        let named = |event: &&Event| event.seq <= until && matches!(event.what, What::Named(_));
        Ok(self.0.iter().filter(named).cloned().collect())
    }

    fn raw(&self, _: Seq) -> Result<Option<String>, ReadError> {
        Ok(None)
    }
}

/// Ada comes at second 100, Ben at 110, a clock that was set back tells of Cleo, Ada leaves at 200.
fn player(speed: f64) -> Player {
    let story = [
        (10, name("old", "12157010680", "Ada")),
        (100, join("a", "1122", "12157010680")),
        (110, join("b", "1122", "12157010681")),
        (105, join("c", "1122", "12157010682")),
        (200, leave("a")),
    ];
    let told = Told(events(story));
    let wanted = Wanted { conference: None, from: None, silence: Duration::from_secs(3_600) };
    let sitting = Sitting::find(&told, &wanted).expect("a sitting");
    Player::new(Arc::new(told), sitting, None, speed)
}

fn taken(player: &mut Player) -> Vec<u64> {
    let mut taken = Vec::new();
    while let Some(event) = player.take().expect("readable") {
        taken.push(event.seq.0);
    }
    taken
}

async fn pass(seconds: u64) {
    tokio::time::advance(Duration::from_secs(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn events_come_in_their_own_time() {
    let mut player = player(2.0);
    assert_eq!(taken(&mut player), [2]);
    assert_eq!(player.due(), player.when(Moment(110_000)));
    pass(4).await;
    assert_eq!((taken(&mut player), player.now()), (vec![], Moment(108_000)));
    pass(1).await;
    let late: Vec<_> = [player.take(), player.take()].into_iter().flatten().flatten().map(|event| (event.seq.0, event.at)).collect();
    assert_eq!(late, [(3, Moment(110_000)), (4, Moment(110_000))], "time does not go back with a clock that was set back");
    pass(45).await;
    assert_eq!((taken(&mut player), player.due()), (vec![5], None));
    pass(1_000).await;
    assert_eq!(player.now(), Moment(200_000), "it stays at the end");
}

#[tokio::test(start_paused = true)]
async fn a_step_back_tells_everything_anew() {
    let mut player = player(1.0);
    pass(15).await;
    assert_eq!(taken(&mut player), [2, 3, 4]);
    assert_eq!(player.play(Play::Back), Jump::Back);
    let facts: Vec<_> = player.rewind().expect("readable").iter().map(|event| event.seq.0).collect();
    assert_eq!(facts, [1], "names that were given before");
    let again: Vec<_> = player.take_all().expect("readable").iter().map(|event| event.seq.0).collect();
    assert_eq!((again, player.now()), (vec![2], Moment(105_000)));
    pass(5).await;
    assert_eq!(taken(&mut player), [3, 4]);
}

#[tokio::test(start_paused = true)]
async fn the_next_event_skips_a_silence_also_in_a_pause() {
    let mut player = player(1.0);
    taken(&mut player);
    player.play(Play::Pause);
    for (now, events) in [(110_000, vec![3, 4]), (200_000, vec![5]), (200_000, vec![])] {
        assert_eq!(player.play(Play::NextEvent), Jump::Onward);
        assert_eq!((player.now(), taken(&mut player)), (Moment(now), events));
        assert_eq!(player.due(), None);
    }
    assert!(player.played().paused);
    assert_eq!(player.play(Play::Pause), Jump::Back, "at the end it begins again");
    assert_eq!((player.now(), player.played().paused), (Moment(100_000), false));
}

#[tokio::test(start_paused = true)]
async fn keys_change_place_and_speed() {
    let mut player = player(1.0);
    for (play, now) in [
        (Play::Forward, 110_000),
        (Play::FarForward, 200_000),
        (Play::Back, 190_000),
        (Play::FarBack, 100_000),
        (Play::Faster, 100_000),
        (Play::Faster, 100_000),
        (Play::Slower, 100_000),
    ] {
        player.play(play);
        assert_eq!(player.now(), Moment(now), "{play:?}");
    }
    assert!((player.played().speed - 2.0).abs() < f64::EPSILON);
}
