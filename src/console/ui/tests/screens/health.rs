//! What is wrong, and consoles that only look on: a second one, a replay.

use std::time::Duration;

use super::Scene;
use super::rooms::{ordinary, pressed};
use crate::conference::event::{Listening, What};
use crate::conference::health::JournalHealth as Health;
use crate::conference::story::{answer, ask};
use crate::conference::{Action, Moment, Outcome};
use crate::config::Kick;
use crate::console::app::tests::Stage;
use crate::console::app::{ListenerCounts, Message, Played};

pub(super) const SCENES: &[Scene] = &[
    ("second-console", || beside(Health::Followed("grace, process 31337".into()))),
    ("second-console-alone", || beside(Health::Abandoned)),
    ("second-console-refuses", || pressed(beside(Health::Followed("grace, process 31337".into())), "m")),
    ("second-console-empty", || {
        let mut stage = Stage::new(|_| {});
        stage.app.update(stage.app.now, Message::Journal(Health::Followed("grace, process 31337".into())));
        stage
    }),
    ("read-only", || {
        let mut stage = ordinary();
        stage.app.settings.read_only = true;
        stage
    }),
    ("journal-failed", || {
        let mut stage = ordinary();
        stage.app.update(stage.app.now, Message::Journal(Health::Failed("syncing the journal: disk I/O error".into())));
        stage
    }),
    ("journal-in-trouble", || {
        let mut stage = ordinary();
        stage.app.update(stage.app.now, Message::Journal(Health::Trouble("the disk is full".into())));
        stage
    }),
    ("server-lost", lost),
    ("server-lost-refuses", || pressed(lost(), "m")),
    ("desk", || desk(ordinary())),
    ("desk-empty", || desk(Stage::new(|_| {}))),
    ("desk-may-not-kick", || {
        let mut stage = ordinary();
        stage.app.settings.kick = Kick::Never;
        pressed(desk(stage), "k")
    }),
    ("silence-gap-and-counts", trouble),
    ("provider-not-reached", not_reached),
    ("replay", || replay(false, 724)),
    ("replay-paused", || replay(true, 5)),
    ("replay-over", || replay(false, 3_490)),
    ("replay-help", || pressed(replay(true, 5), "?")),
];

fn beside(health: Health) -> Stage {
    let mut stage = ordinary();
    stage.app.update(stage.app.now, Message::Journal(health));
    stage
}

fn desk(mut stage: Stage) -> Stage {
    stage.app.settings.shared = Some("calls.example.org:4222".into());
    stage.app.settings.listener = String::new();
    stage.app.settings.urls = Vec::new();
    stage
}

fn lost() -> Stage {
    let mut stage = desk(ordinary());
    let since = stage.app.now;
    stage.app.update(since.plus(Duration::from_secs(17)), Message::Journal(Health::Lost(since)));
    stage
}

fn replay(paused: bool, place: u64) -> Stage {
    let mut stage = ordinary();
    let first = stage.app.now;
    let last = first.plus(Duration::from_secs(3_490));
    stage.app.update(first.plus(Duration::from_secs(place)), Message::Played(Played { first, last, speed: 2.0, paused }));
    stage
}

fn trouble() -> Stage {
    let mut stage = ordinary();
    let since = Moment(stage.app.now.0 - 14 * 60_000);
    stage.event(What::Listening(Listening { down_since: Some(since) }));
    stage.app.update(stage.app.now, Message::Listener(ListenerCounts { refused: 31, dropped: 2, ..ListenerCounts::default() }));
    stage.wait(31 * 60);
    stage
}

fn not_reached() -> Stage {
    let mut stage = ordinary();
    for _ in 0..5 {
        stage.event(ask("a", Action::Mute));
        let mut failed = answer("a", stage.last(), Outcome::NotDelivered);
        if let What::Answered(answer) = &mut failed {
            (answer.reached, answer.detail) = (false, "connection refused".into());
        }
        stage.event(failed);
    }
    stage
}
