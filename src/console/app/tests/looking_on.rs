//! Consoles that look on: beside the one that writes, or at what was. And whether anything comes at all.

use super::*;
use crate::conference::event::Listening;
use crate::conference::health::JournalHealth;
use crate::console::command::{Command, Play, TABLE, entry_of};

fn follow(stage: &mut Stage, health: JournalHealth) {
    stage.app.update(stage.now, Message::Journal(health));
}

#[test]
fn beside_the_writer_every_dangerous_command_says_who_that_is() {
    let mut stage = Stage::with(2);
    follow(&mut stage, JournalHealth::Followed("ada, process 7".into()));
    assert_eq!(stage.notice(), "read-only: the journal is written by ada, process 7");
    for entry in TABLE.iter().filter(|entry| entry.dangerous) {
        let why = stage.app.why_disabled(entry.command);
        assert_eq!(why.as_deref(), Some("read-only: the journal is written by ada, process 7"), "{}", entry.id);
        assert!(stage.app.offers(entry), "{} keeps its place and says why", entry.id);
    }
    assert!(stage.keys("m u k y n r Delete").is_empty(), "nothing is asked, nothing is written");
    stage.app.update(stage.now, Message::Mouse(Mouse::Drag(10, 4)));
    assert_eq!((stage.cursor(), stage.marked()), ("b".to_owned(), vec![]), "the mouse moves and marks nobody");
    assert_eq!(stage.keys("q"), [Effect::Quit], "nothing ends with it, so it asks nothing");
}

#[test]
fn when_the_writer_ends_it_is_told_and_nothing_is_taken_over() {
    let mut stage = Stage::with(1);
    follow(&mut stage, JournalHealth::Followed("ada, process 7".into()));
    follow(&mut stage, JournalHealth::Abandoned);
    let banner = stage.app.banner().map(|(_, text)| text);
    assert_eq!(banner.as_deref(), Some("nobody writes the journal any more; restart confmod to take over"));
    assert!(stage.log_says("nobody writes the journal any more: who comes or leaves is not known"));
    assert!(stage.keys("m").is_empty());
    assert_eq!(stage.notice(), "nobody writes the journal any more; restart confmod to take over");
    follow(&mut stage, JournalHealth::Followed("ben, process 8".into()));
    assert_eq!((stage.app.banner(), stage.notice()), (None, "read-only: the journal is written by ben, process 8"));
}

#[test]
fn silence_while_callers_are_in_is_told_once_and_over_when_something_comes() {
    let mut stage = Stage::new(|settings| settings.silence_after = Duration::from_secs(630));
    stage.wait(6_000);
    assert!(!stage.app.is_silent(), "nobody is in");
    stage.event(join("a", "1122", "12157010680"));
    stage.wait(629);
    assert_eq!((stage.app.is_silent(), stage.app.next_change()), (false, Some(Moment(stage.now.0 + 1_000))), "the warning is due");
    stage.wait(1);
    assert!(stage.app.is_silent());
    stage.wait(60);
    stage.wait(60);
    let told = |stage: &Stage| stage.app.lines.iter().filter(|line| line.text.contains("no callback for")).count();
    assert_eq!(told(&stage), 1);
    assert!(stage.log_says("no callback for 10m while 1 caller is in: does the call flow still reach confmod?"));
    stage.event(hand("a", true));
    assert!(!stage.app.is_silent());
    stage.wait(630);
    assert_eq!(told(&stage), 2, "another silence is told anew");
    stage.event(leave("a"));
    stage.wait(6_000);
    assert!(!stage.app.is_silent(), "nobody is in any more");
}

#[test]
fn what_the_journal_brings_back_is_no_silence_before_all_of_it_has_come() {
    let mut stage = Stage::new(|settings| settings.silence_after = Duration::from_secs(600));
    let old = |seq: u64, seconds: i64, what: What| Event { seq: Seq(seq), at: Moment(stage.now.0 - seconds * 1_000), what };
    let (first, second) = (old(1, 3_000, join("a", "1122", "12157010680")), old(2, 30, hand("a", true)));
    stage.app.update(stage.now, Message::Events([first].into()));
    stage.app.update(stage.now, Message::Events([second].into()));
    stage.app.update(stage.now, Message::Restored);
    assert!(!stage.app.is_silent() && !stage.log_says("no callback for"));
}

#[test]
fn times_without_a_listener_are_counted_and_the_last_is_kept() {
    let mut stage = Stage::new(|_| {});
    let down = |stage: &Stage, seconds: i64| What::Listening(Listening { down_since: Some(Moment(stage.now.0 - seconds * 1_000)) });
    stage.event(What::Listening(Listening { down_since: None }));
    stage.event(down(&stage, 4));
    assert_eq!(stage.app.gaps, Gaps::default(), "a restart of a moment is no gap");
    stage.event(down(&stage, 840));
    stage.event(join("a", "1122", "12157010680"));
    stage.event(down(&stage, 60));
    let gap = Gap { since: Moment(stage.now.0 - 60_000), length: Duration::from_secs(60), missed: true };
    assert_eq!(stage.app.gaps, Gaps { count: 2, last: Some(gap) });
}

fn played(stage: &Stage, paused: bool) -> Message {
    let last = stage.now.plus(Duration::from_secs(100));
    Message::Played(Played { first: stage.now, last, speed: 1.0, paused })
}

#[test]
fn in_a_replay_keys_play_and_nothing_is_asked() {
    let mut stage = Stage::with(1);
    assert!(stage.keys("Enter Left Right . + -").is_empty(), "in the live console they do nothing");
    assert!(stage.app.notice.is_none() && TABLE.iter().filter(|entry| entry.replay).all(|entry| !stage.app.offers(entry)));
    stage.app.update(stage.now, played(&stage, false));
    let plays = [
        ("Enter", Play::Pause),
        ("Space", Play::Pause),
        ("Left", Play::Back),
        ("Right", Play::Forward),
        ("Shift-Left", Play::FarBack),
        ("Shift-Right", Play::FarForward),
        (".", Play::NextEvent),
        ("+", Play::Faster),
        ("-", Play::Slower),
    ];
    for (key, play) in plays {
        assert_eq!(stage.keys(key), [Effect::Play(play)], "{key}");
    }
    assert!(stage.keys("m u k n Delete").is_empty());
    assert_eq!(stage.notice(), "this is a replay: it shows what was and changes nothing");
    assert!(!stage.app.offers(entry_of(Command::Kick)), "what can never be used has no place");
    assert_eq!(stage.app.next_change(), Some(Moment(stage.now.0 + 1_000)), "the clock in the header steps");
    stage.app.update(stage.now, played(&stage, true));
    assert_ne!(stage.app.next_change(), Some(Moment(stage.now.0 + 1_000)), "and stands still in a pause");
    stage.app.update(stage.now, played(&stage, false));
    stage.wait(100);
    assert!(stage.app.has_ended() && stage.keys(". Right").is_empty());
    assert_eq!(stage.notice(), "the replay is over: this is the last picture; Space begins again");
}

#[test]
fn rewound_everything_is_forgotten_but_what_the_moderator_has_set() {
    let mut stage = Stage::with(3);
    stage.app.update(stage.now, played(&stage, false));
    stage.keys("Down Down s S d p H / C a l l Enter");
    stage.wait(50);
    let back = Moment(stage.now.0 - 45_000);
    stage.app.update(back, Message::Rewound);
    assert_eq!((stage.app.now, stage.app.roster.all().inside, stage.app.lines.len()), (back, 0, 0), "time goes back");
    for (key, seq) in [("a", 1), ("c", 2), ("b", 3)] {
        let what = named_arrival(key, "1122", "12157010680", &format!("Caller {key}"));
        stage.app.update(back, Message::Events([Event { seq: Seq(seq), at: back, what }].into()));
    }
    assert!(stage.app.notice.is_none(), "what is told anew is no news");
    stage.app.update(back, Message::Restored);
    assert_eq!(
        (stage.cursor(), stage.listed()),
        ("c".to_owned(), ["c", "b", "a"].map(str::to_owned).to_vec()),
        "sorted and reversed as before"
    );
    assert!(stage.app.detail && stage.app.mask && stage.app.queue == Some(true) && stage.app.replay.is_some());
    assert_eq!(stage.app.view.filter().text(), "Call");
    let refused = Event { seq: Seq(4), at: back, what: ask("b", Action::Mute) };
    stage.app.update(back, Message::Events([refused].into()));
    assert!(stage.notice().contains("asked: mute Caller b"), "from now on there are news: {}", stage.notice());
}
