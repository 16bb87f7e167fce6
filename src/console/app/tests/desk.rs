//! A desk: what it says when the server is lost, and what it may not do. Others at other desks act meanwhile.

use smol_str::SmolStr;

use super::*;
use crate::conference::health::JournalHealth;
use crate::conference::story::named_arrival;
use crate::console::command::TABLE;

fn contact(stage: &mut Stage, health: JournalHealth) {
    stage.app.update(stage.now, Message::Journal(health));
}

#[test]
fn a_lost_server_is_said_at_once_and_takes_every_command_away_that_asks_or_writes() {
    let mut stage = Stage::with(2);
    let lost = stage.now;
    contact(&mut stage, JournalHealth::Lost(lost));
    assert!(stage.log_says("no contact with the server: who comes or leaves is not known"));
    for entry in TABLE.iter().filter(|entry| entry.dangerous) {
        let why = stage.app.why_disabled(entry.command);
        assert_eq!(why.as_deref(), Some("there is no contact with the server; nothing can be asked until it is back"), "{}", entry.id);
    }
    assert!(stage.keys("m u k y n r Delete z h g M L x B").is_empty(), "nothing is asked, nothing is written");
    stage.wait(17);
    let banner = stage.app.banner().map(|(_, text)| text);
    assert_eq!(banner.as_deref(), Some("NO CONTACT WITH THE SERVER for 15s: this was so then; nothing can be asked"));
    assert_eq!(stage.app.next_change(), Some(Moment(lost.0 + 20_000)), "its age steps as all ages do");
    contact(&mut stage, JournalHealth::Good);
    assert_eq!((stage.app.banner(), stage.notice()), (None, "the server is back after 17s"));
    assert_eq!(stage.keys("m").len(), 1, "as before");
}

#[test]
fn a_server_that_lost_what_is_shown_is_said_and_nothing_can_be_asked_any_more() {
    let mut stage = Stage::with(2);
    stage.app.settings.shared = Some("a server".into());
    contact(&mut stage, JournalHealth::Failed("the server has lost events".into()));
    assert!(stage.app.is_lost(), "what is shown is grey");
    assert!(stage.app.banner().is_some_and(|(_, text)| text.starts_with("RESTART CONFMOD: the server has lost events")));
    for entry in TABLE.iter().filter(|entry| entry.dangerous) {
        let why = stage.app.why_disabled(entry.command);
        assert_eq!(why.as_deref(), Some("the server has lost events that are shown here; restart confmod"), "{}", entry.id);
    }
    assert!(stage.keys("m u k y").is_empty());
}

#[test]
fn it_is_said_once_however_often_it_is_told() {
    let mut stage = Stage::with(1);
    let now = stage.now;
    for _ in 0..3 {
        contact(&mut stage, JournalHealth::Lost(now));
    }
    let told = stage.app.lines.iter().filter(|line| line.text.contains("no contact with the server")).count();
    assert_eq!(told, 1);
}

#[test]
fn a_desk_that_may_not_kick_kicks_in_no_way() {
    for marked in [false, true] {
        let mut stage = Stage::with(3);
        stage.app.settings.kick = Kick::Never;
        if marked {
            stage.keys("Space j Space");
        }
        for keys in ["k y", "k", "L", "B"] {
            assert!(stage.keys(keys).is_empty(), "{keys}");
            assert!(stage.app.dialog.is_none(), "{keys}: {:?}", stage.app.dialog);
        }
        assert_eq!(stage.notice(), "this desk may not kick");
        assert!(!stage.keys("m").is_empty(), "all else is as ever");
    }
    let mut stage = Stage::with(1);
    stage.app.settings.kick = Kick::Never;
    stage.event(ask("a", Action::Kick));
    stage.event(answer("a", stage.last(), Outcome::Refused));
    assert!(stage.keys("r").is_empty(), "nor is another's kick asked for again");
    let heard = Stage::new(|settings| settings.kick = Kick::Never).heard();
    assert_eq!(heard.app.settings.kick, Kick::Never, "and none by a typed word");
}

#[test]
fn what_others_do_moves_neither_cursor_nor_marks_nor_dialog() {
    let mut stage = Stage::with(4);
    stage.keys("j Space j");
    stage.keys("k");
    let before = (stage.cursor(), stage.marked(), format!("{:?}", stage.app.dialog));
    stage.event(named_arrival("z", "1122", "12157010699", "Aaron"));
    for call in ["a", "b", "c"] {
        stage.event(ask(call, Action::Mute));
        stage.event(answer(call, stage.last(), Outcome::Accepted));
    }
    stage.event(hand("d", true));
    stage.event(leave("d"));
    assert_eq!((stage.cursor(), stage.marked(), format!("{:?}", stage.app.dialog)), before);
}

#[test]
fn closing_a_desk_closes_no_listener() {
    let mut stage = Stage::with(2);
    stage.app.settings.shared = Some("a:4222".into());
    assert_eq!(stage.keys("q"), [Effect::Quit], "nothing ends with it, so it asks nothing");
}

#[test]
fn a_question_that_is_open_waits_for_the_server_with_what_was_typed() {
    let mut stage = Stage::with(1);
    for (open, confirm) in [("k", "y"), ("n", "x Enter"), ("B", "x Enter")] {
        let now = stage.now;
        stage.keys(open);
        contact(&mut stage, JournalHealth::Lost(now));
        assert_eq!(stage.keys(confirm), [], "{open}");
        assert_eq!(stage.notice(), "there is no contact with the server; nothing can be asked until it is back");
        assert!(stage.app.dialog.is_some(), "{open}");
        contact(&mut stage, JournalHealth::Good);
        let last = confirm.split(' ').next_back().unwrap_or_default();
        assert_eq!(stage.keys(last).len(), 1, "{open}");
        assert!(stage.app.dialog.is_none(), "{open}");
    }
    stage.keys("k");
    let now = stage.now;
    contact(&mut stage, JournalHealth::Lost(now));
    assert!(stage.keys("Esc").is_empty() && stage.app.dialog.is_none(), "no is always an answer");
}

#[test]
fn a_kick_that_counts_down_is_stopped_when_the_server_is_lost() {
    let mut stage = Stage::with(1);
    stage.app.settings.kick = Kick::Countdown;
    stage.keys("k");
    stage.wait(1);
    let now = stage.now;
    contact(&mut stage, JournalHealth::Lost(now));
    assert_eq!((stage.app.countdown.clone(), stage.notice()), (None, "no contact with the server: nobody was kicked"));
    assert!(stage.wait(5).is_empty());
    contact(&mut stage, JournalHealth::Good);
    assert!(stage.wait(5).is_empty(), "and it does not go on");
}

#[test]
fn while_the_server_is_lost_no_callback_is_no_silence_of_the_call_flow() {
    let mut stage = Stage::with(1);
    stage.app.settings.silence_after = Duration::from_secs(600);
    let now = stage.now;
    contact(&mut stage, JournalHealth::Lost(now));
    stage.wait(700);
    assert!(!stage.app.is_silent() && !stage.log_says("no callback for"));
}

#[test]
fn across_the_screen_the_age_of_what_is_shown_is_whole_at_80_columns() {
    let mut stage = Stage::with(1);
    let since = stage.now;
    contact(&mut stage, JournalHealth::Lost(since));
    for seconds in [50, 3_600, 46 * 3_600] {
        stage.wait(seconds);
        let text = stage.app.banner().expect("a banner").1;
        assert!(crate::text::width(&text) <= 78 && text.ends_with("nothing can be asked"), "{text}");
    }
}

#[test]
fn a_desk_that_may_not_kick_lifts_bans() {
    let mut stage = Stage::with(1);
    stage.app.settings.kick = Kick::Never;
    let number = Number::from_digits("12157010680").expect("a number");
    let banned = crate::conference::event::Banned { number, reason: "".into(), by: "grace".into(), until: None };
    stage.event(What::Banned(banned));
    let effects = stage.app.update(stage.now, Message::Spoken(Spoken::Lift(number)));
    assert!(matches!(&effects[..], [Effect::Append(What::Lifted(_))]), "{effects:?}");
}

fn desk(callers: usize) -> Stage {
    let mut stage = Stage::with(callers);
    stage.app.settings.shared = Some("a:4222".into());
    stage
}

/// What somebody at another desk asks for by one press for many.
fn theirs(by: &str, call: &str, action: Action) -> What {
    let What::Asked(own) = ask(call, action) else { unreachable!("an ask") };
    What::Asked(crate::conference::event::Ask { by: by.into(), cause: Cause::Bulk, ..own })
}

fn told(stage: &Stage, words: &str) -> Vec<String> {
    stage.app.lines.iter().filter(|line| line.text.contains(words)).map(|line| line.text.clone()).collect()
}

#[test]
fn what_another_desk_asks_for_many_is_one_line_that_counts_them() {
    let mut stage = desk(4);
    for call in ["a", "b", "c"] {
        stage.event(theirs("grace", call, Action::Mute));
    }
    assert_eq!(told(&stage, "asked:"), ["grace asked: mute 3 callers"]);
    stage.wait(1);
    stage.event(theirs("grace", "d", Action::Mute));
    assert_eq!(told(&stage, "asked:"), ["grace asked: mute 3 callers", "grace asked: mute 1 caller"], "another press");
    stage.play("* u");
    assert_eq!(told(&stage, "ada asked:"), [] as [&str; 0], "this desk's own is told when it has ended");
    let mut heard = desk(2).heard();
    let _ = heard.app.take_said();
    heard.event(theirs("grace", "a", Action::Kick));
    heard.event(theirs("grace", "b", Action::Kick));
    let said: Vec<_> = heard.app.take_said().into_iter().map(|heard| heard.text).collect();
    assert_eq!(said, ["grace asked: kick several callers"]);
}

#[test]
fn who_sits_at_two_desks_has_a_press_of_each() {
    let mut stage = desk(2);
    let own = whats(stage.keys("* m"));
    stage.wait(1);
    let pressed = Moment(stage.now.0 - 1_000);
    // The other desk's come first, for the same callers, under the same name.
    for call in ["a", "b"] {
        stage.event(theirs("ada", call, Action::Mute));
    }
    assert_eq!(told(&stage, "ada asked:"), ["ada asked: mute 2 callers"]);
    for what in own {
        stage.seq += 1;
        let event = Event { seq: Seq(stage.seq), at: pressed, what };
        stage.app.update(stage.now, Message::Events([event].into()));
    }
    let last = stage.last();
    for (call, seq) in [("a", last - 1), ("b", last)] {
        assert!(stage.app.progress().is_some(), "it runs until its own are answered");
        stage.event(answer(call, seq, Outcome::Accepted));
    }
    assert!(stage.app.progress().is_none());
}

#[test]
fn what_is_not_written_down_is_told_with_who_it_was_for_and_its_press_is_over() {
    let mut stage = desk(3);
    let why = "this account may not publish on x";
    let one = whats(stage.keys("m"));
    stage.app.update(stage.now, Message::Refused(one, why.into()));
    assert_eq!(stage.notice(), "Caller a: mute not asked: this account may not publish on x");
    assert!(stage.log_says("Caller a: mute not asked: ") && !stage.app.has_single_asks());
    let mut many = whats(stage.keys("* m"));
    assert!(stage.marked().is_empty() && stage.app.progress().is_some());
    let first = many.remove(0);
    stage.app.update(stage.now, Message::Refused(many, why.into()));
    assert!(stage.app.progress().is_some(), "one of them is on its way");
    stage.event(first);
    let last = stage.last();
    stage.event(answer("a", last, Outcome::Accepted));
    assert!(stage.app.progress().is_none());
    assert_eq!(stage.marked(), ["b", "c"], "who is left is marked again");
    assert!(stage.log_says("mute 3: 1 done, 2 failed"));
    let named = whats(stage.keys("Esc n x Enter"));
    stage.app.update(stage.now, Message::Refused(named, why.into()));
    assert_eq!(stage.notice(), why);
}

#[test]
fn no_order_of_others_moves_cursor_marks_or_dialog() {
    use crate::conference::event::{Banned, FloorGiven, Mode, ModeSet};
    let mut stage = desk(4);
    stage.keys("j Space j n x");
    let before = (stage.cursor(), stage.marked(), stage.line(), format!("{:?}", stage.app.dialog));
    let by: SmolStr = "grace".into();
    stage.event(hand("d", true));
    stage.event(What::Floor(FloorGiven { conference: "1122".into(), call: Some("d".into()), by: by.clone() }));
    for mode in [Mode::Lecture, Mode::Lock] {
        stage.event(What::Mode(ModeSet { conference: "1122".into(), mode, on: true, by: by.clone() }));
    }
    let number = Number::from_digits("12157010681").expect("a number");
    stage.event(What::Banned(Banned { number, reason: "".into(), by, until: None }));
    for call in ["a", "b", "d"] {
        stage.event(theirs("grace", call, Action::Kick));
        let last = stage.last();
        stage.event(answer(call, last, Outcome::Accepted));
    }
    assert_eq!((stage.cursor(), stage.marked(), stage.line(), format!("{:?}", stage.app.dialog)), before);
}
