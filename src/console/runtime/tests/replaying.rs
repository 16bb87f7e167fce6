//! A replay in the real loop, on a paused clock.

use super::*;
use crate::conference::Moment;
use crate::conference::story::{hand, leave};
use crate::console::replay::{Sitting, Wanted};

/// A quarter of an hour with Ada and Ben that began at a round time.
const BEGAN: i64 = 1_700_000_000_000;

fn desk(from: Option<i64>, speed: f64) -> Desk {
    Desk::open_with(settings(), |journal| {
        let story = [
            (0, named_arrival("a", "1122", "12157010680", "Ada")),
            (60, named_arrival("b", "1122", "12157010681", "Ben")),
            (600, hand("b", true)),
            (900, leave("b")),
        ];
        for (second, what) in story {
            drop(journal.append(Draft::new(Moment(BEGAN + second * 1_000), what)));
        }
        // Closed, so that all of it is on disk.
        journal.close();
        let wanted = Wanted { conference: None, from: None, silence: Duration::from_secs(3_600) };
        let sitting = Sitting::find(&*journal.history(), &wanted).expect("a sitting");
        Some(Player::new(journal.history(), sitting, from.map(|second| Moment(BEGAN + second * 1_000)), speed))
    })
}

impl Desk {
    fn key(&self, code: KeyCode) {
        self.event(TerminalEvent::Key(KeyEvent::new(code, KeyModifiers::NONE)));
    }

    fn says(&self, text: &str) -> bool {
        self.seen.borrow().text.contains(text)
    }

    /// Lets so many seconds pass, and time for a frame.
    async fn pass(&self, seconds: u64) {
        tokio::time::sleep(Duration::from_millis(seconds * 1_000 + 100)).await;
    }

    /// Waits, while the replay stands still, until the phone tables have drawn what they know: they take as long as
    /// the machine takes, and a frame that they bring must not be counted as the replay's.
    async fn settle(&self) {
        self.key(KeyCode::Enter);
        while !self.says(" US ") {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        self.key(KeyCode::Enter);
    }

    #[track_caller]
    fn shows(&self, texts: &[&str]) {
        for text in texts {
            assert!(self.says(text), "{text:?} on\n{}", self.seen.borrow().text);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_conference_comes_again_in_its_own_time_and_stays_at_the_end() {
    local(async {
        let desk = desk(None, 2.0);
        desk.settle().await;
        desk.pass(29).await;
        desk.shows(&["replay", "0:58 of 15:00", "x2", "Ada "]);
        assert!(!desk.says("Ben "));
        desk.pass(2).await;
        desk.shows(&["1:02 of 15:00", "Ben ", "Ben joined 1122"]);
        desk.pass(600).await;
        desk.shows(&["15:00 of 15:00", "over", "left", "the replay is over: this is the last picture; Space begins again"]);
        let frames = desk.seen.borrow().frames;
        desk.pass(3_600).await;
        assert_eq!(desk.seen.borrow().frames, frames, "nothing moves any more");
        desk.key(KeyCode::Enter);
        desk.pass(1).await;
        desk.shows(&["0:02 of 15:00", "Ada "]);
        assert!(!desk.says("Ben "), "everything was forgotten and is told anew");
        desk.press('q');
        assert_eq!(desk.end().await, Ending::Quit, "nobody is asked: nothing ends with a replay");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_pause_stands_still_and_keys_go_back_and_on() {
    local(async {
        let desk = desk(Some(62), 1.0);
        desk.settle().await;
        desk.pass(1).await;
        desk.shows(&["1:03 of 15:00", "Ben "]);
        desk.key(KeyCode::Enter);
        desk.pass(1).await;
        desk.shows(&["1:03 of 15:00", "paused"]);
        let frames = desk.seen.borrow().frames;
        desk.pass(600).await;
        assert_eq!(desk.seen.borrow().frames, frames, "a pause draws nothing");
        desk.key(KeyCode::Down);
        desk.key(KeyCode::Left);
        desk.pass(1).await;
        desk.shows(&["0:53 of 15:00", "paused"]);
        assert!(!desk.says("Ben "), "{}", desk.seen.borrow().text);
        desk.press('.');
        desk.pass(1).await;
        desk.shows(&["1:00 of 15:00", "Ben joined 1122"]);
        desk.press('.');
        desk.pass(1).await;
        desk.shows(&["10:00 of 15:00", "Ben raised a hand"]);
        desk.key(KeyCode::Left);
        desk.press('+');
        desk.key(KeyCode::Enter);
        desk.pass(3).await;
        desk.shows(&["9:56 of 15:00", "x2"]);
        desk.press('m');
        desk.pass(1).await;
        desk.shows(&["this is a replay: it shows what was and changes nothing"]);
        desk.press('q');
        desk.end().await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn going_back_keeps_what_the_moderator_has_set() {
    local(async {
        let desk = desk(Some(620), 1.0);
        for key in ['s', '/', 'b', 'e'] {
            desk.press(key);
        }
        desk.key(KeyCode::Enter);
        desk.pass(1).await;
        desk.key(KeyCode::Left);
        desk.pass(1).await;
        desk.shows(&["10:12 of 15:00", "/be 1 of 2", "> Ben "]);
        assert!(!desk.says("+12157010680"), "the filter holds");
        desk.press('q');
        desk.end().await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_journal_that_cannot_be_read_any_more_stops_the_replay_and_says_so() {
    local(async {
        let desk = desk(Some(62), 1.0);
        desk.pass(1).await;
        let database = rusqlite::Connection::open(desk.folder.path().join("j.sqlite")).expect("the journal");
        database.execute_batch("DROP VIEW log; DROP TABLE event").expect("broken");
        desk.key(KeyCode::Left);
        desk.pass(1).await;
        desk.shows(&["the replay cannot go on: reading the journal: no such table: event", "paused"]);
        desk.press('q');
        desk.end().await;
    })
    .await;
}
