//! What comes about asks that were written down late, after they were and just when they are.

use super::*;
use crate::conference::event::{Halted, Sent};

fn answered(ask: Seq) -> Draft {
    let answer = Answer { ask, call: CallKey::new("a"), outcome: Outcome::Accepted, detail: "".into(), millis: 9, reached: true };
    draft(5, What::Answered(answer))
}

/// A journal that somebody else has locked, and an ask that went round meanwhile.
async fn in_trouble(path: &Path) -> (Sqlite, rusqlite::Connection, Seq) {
    let journal = Sqlite::open(path, "test").expect("opens");
    let other = rusqlite::Connection::open(path).expect("opens");
    other.execute_batch("BEGIN IMMEDIATE").expect("locked by somebody");
    let ask = journal.append(draft(1, asked("a"))).durable().await.expect("goes round");
    (journal, other, ask)
}

#[tokio::test]
async fn an_answer_that_comes_with_the_recovery_is_to_the_place_of_its_ask() {
    let folder = tempfile::tempdir().expect("a folder");
    let (journal, other, ask) = in_trouble(&folder.path().join("j.sqlite")).await;
    other.execute_batch("ROLLBACK").expect("free again");
    journal.append(answered(ask)).durable().await.expect("durable");
    let told: Vec<_> = journal.history().read(Seq(0), 10).expect("readable").into_iter().map(|event| event.what).collect();
    assert_eq!(told.iter().map(What::kind).collect::<Vec<_>>(), ["asked_late", "recorded", "answered"]);
    assert!(matches!(&told[2], What::Answered(answer) if answer.ask == Seq(1)), "{told:?}");
}

#[tokio::test]
async fn marks_and_stops_of_late_asks_are_about_their_places() {
    let folder = tempfile::tempdir().expect("a folder");
    let (journal, other, ask) = in_trouble(&folder.path().join("j.sqlite")).await;
    let sent = || What::Sent(Sent { asks: vec![Seq(77), ask] });
    let halted = || What::Halted(Halted { asks: vec![ask], by: "ada".into(), rest: false });
    journal.append(draft(2, halted())).durable().await.expect("goes round");
    other.execute_batch("ROLLBACK").expect("free again");
    journal.append(draft(3, sent())).durable().await.expect("durable");
    journal.append(draft(4, halted())).durable().await.expect("durable");
    let events = journal.history().read(Seq(0), 10).expect("readable");
    let about: Vec<_> = events
        .iter()
        .filter_map(|event| match &event.what {
            What::Sent(Sent { asks }) | What::Halted(Halted { asks, .. }) => Some(asks.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(about, [vec![Seq(1)], vec![Seq(77), Seq(1)], vec![Seq(1)]]);
}

#[tokio::test]
async fn a_subscriber_far_behind_on_a_failed_journal_misses_no_ask() {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = spoilt(&folder.path().join("j.sqlite"), |connection| connection.pragma_update(None, "query_only", true).expect("set"));
    let mut feed = journal.subscribe(Seq(0));
    let mut asks = Vec::new();
    // One batch each, and more than a subscriber may be behind.
    for at in 0..2 * LIVE_BATCHES as i64 {
        asks.push(journal.append(draft(at, asked("a"))).durable().await.expect("goes round").0);
    }
    assert_eq!(collect(&mut feed, asks.len()).await, asks);
}

#[tokio::test]
async fn a_time_of_trouble_lasts_until_it_is_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("j.sqlite");
    let journal = Sqlite::open(&path, "test").expect("opens");
    let other = rusqlite::Connection::open(&path).expect("opens");
    other.execute_batch("BEGIN IMMEDIATE").expect("locked by somebody");
    let began = crate::journal::now();
    let refused = journal.append(Draft::new(began, left("a"))).durable().await;
    assert!(matches!(refused, Err(AppendError::Trouble(_))), "{refused:?}");
    tokio::time::sleep(Duration::from_millis(300)).await;
    let over = crate::journal::now();
    other.execute_batch("ROLLBACK").expect("free again");
    let mut feed = journal.subscribe(Seq(0));
    let news = tokio::time::timeout(Duration::from_secs(20), feed.next()).await.expect("in time").expect("open").expect("readable");
    assert!(matches!(&news[0].what, What::Recorded(recorded) if recorded.since == began && recorded.refused == 1), "{news:?}");
    assert!(news[0].at >= over, "it was over {} ms after it began", news[0].at.since(began).as_millis());
}

#[tokio::test]
async fn what_went_round_is_written_at_the_end_where_it_can_be() {
    let folder = tempfile::tempdir().expect("a folder");
    let (journal, other, ask) = in_trouble(&folder.path().join("j.sqlite")).await;
    journal.append(answered(ask)).durable().await.expect("goes round");
    other.execute_batch("ROLLBACK").expect("free again");
    // Sooner than it looks again.
    journal.close();
    let told: Vec<_> = journal.history().read(Seq(0), 10).expect("readable").iter().map(|event| event.what.kind()).collect();
    assert_eq!(told, ["asked_late", "answered", "recorded"]);
}
