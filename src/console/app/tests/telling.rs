//! What is told, to whom it is told, and what is not shown.

use super::*;
use crate::conference::event::Recorded;

#[test]
fn a_name_holds_for_the_number_or_the_call() {
    let mut stage = Stage::with(1);
    let effects = stage.keys("n Ctrl-u Z o e Enter");
    let [Effect::Append(what @ What::Named(named))] = &effects[..] else { panic!("one name, not {effects:?}") };
    assert_eq!((&*named.name, named.number.map(Number::digits).as_deref(), &*named.by), ("Zoe", Some("12157010680"), "ada"));
    stage.event(what.clone());
    assert_eq!(stage.app.label(stage.app.selected().expect("one")), "Zoe");
    assert!(stage.keys("n Enter").is_empty(), "unchanged is nothing");
    assert!(stage.keys("n x Esc").is_empty());
}

#[test]
fn masking_hides_digits_in_rows_notices_and_copies() {
    let mut stage = Stage::new(|_| {});
    stage.event(join("a", "1122", "12157010680"));
    assert_eq!(stage.keys("c"), [Effect::Copy("+12157010680".into())]);
    stage.keys("p");
    assert_eq!(stage.keys("c"), [Effect::Copy("+*********80".into())]);
    assert_eq!(stage.app.label(stage.app.selected().expect("one")), "+*********80");
}

#[test]
fn what_the_provider_said_is_told() {
    let mut stage = Stage::with(1);
    stage.event(ask("a", Action::Mute));
    assert_eq!(stage.notice(), "moderator asked: mute Caller a");
    stage.event(answer("a", 2, Outcome::Refused));
    assert_eq!(stage.notice(), "Caller a: mute refused: participant not found");
    assert!(stage.log_says("mute refused: participant not found"));
}

#[test]
fn why_an_ask_did_not_work_is_read_whole_at_80_columns_whatever_the_caller_is_called() {
    let name = "Bartholomew Featherstonehaugh the Third";
    for (detail, kept) in [("participant not found", "Bartholomew Feathe"), ("the provider did not answer within 10 s", "Bartholomew")] {
        for outcome in [Outcome::Refused, Outcome::NotDelivered, Outcome::Unknown] {
            let mut stage = Stage::new(|_| {});
            stage.event(named_arrival("a", "1122", "12025550001", name));
            stage.event(ask("a", Action::Unmute));
            let mut failed = answer("a", 2, outcome);
            if let What::Answered(answer) = &mut failed {
                answer.detail = detail.into();
            }
            stage.event(failed);
            let notice = stage.notice();
            assert!(notice.starts_with(kept) && notice.ends_with(detail), "{notice}");
            assert!(crate::text::width(notice) <= 76, "{notice}");
        }
    }
}

#[test]
fn an_ask_that_a_newer_one_replaced_is_not_told_as_news() {
    let mut stage = Stage::with(1);
    stage.event(ask("a", Action::Mute));
    stage.event(ask("a", Action::Unmute));
    stage.event(answer("a", 2, Outcome::NotSent));
    assert_eq!(stage.notice(), "moderator asked: unmute Caller a");
    assert_eq!(stage.app.lines.back().map(|line| line.tone), Some(Tone::Plain), "it stands in the events all the same");
    stage.event(answer("a", 3, Outcome::NotSent));
    assert!(stage.notice().contains("unmute not sent"), "but one that nothing replaced is");
}

#[test]
fn a_long_name_does_not_push_what_happened_off_the_line() {
    let mut stage = Stage::new(|_| {});
    stage.event(named_arrival("a", "1122", "12157010680", &"N".repeat(200)));
    stage.event(ask("a", Action::Mute));
    stage.event(answer("a", 2, Outcome::Accepted));
    assert!(stage.notice().len() < 60 && stage.notice().contains("muted in 80 ms"), "{}", stage.notice());
}

#[test]
fn the_voice_columns_own_words_stand_nowhere_else() {
    let mut stage = Stage::with(2);
    for action in [Action::Mute, Action::Unmute, Action::Kick] {
        for outcome in [Outcome::Accepted, Outcome::Refused, Outcome::NotDelivered, Outcome::Unknown, Outcome::NotSent] {
            stage.event(ask("a", action));
            stage.event(answer("a", stage.last(), outcome));
        }
    }
    stage.keys("k Esc");
    let told = stage.app.lines.iter().map(|line| line.text.clone()).chain([stage.notice().to_owned()]);
    let table = crate::console::command::TABLE.iter().map(|entry| format!("{} {}", entry.label, entry.help));
    for text in told.chain(table) {
        assert!(!["muting", "kicking"].iter().any(|word| text.contains(word)), "{text}");
    }
}

#[test]
fn one_number_on_two_calls_is_explained_once() {
    let mut stage = Stage::new(|_| {});
    stage.event(join("a", "1122", "12157010680"));
    stage.event(join("b", "1122", "12157010680"));
    stage.event(join("b", "1122", "12157010680"));
    let told = stage.app.lines.iter().filter(|line| line.text.contains("dialled number")).count();
    assert_eq!((told, stage.app.duplicates), (1, 1));
    assert!(stage.notice().contains("dialled number"), "{}", stage.notice());
}

#[test]
fn the_gap_while_nobody_listened_is_told() {
    let mut stage = Stage::new(|_| {});
    let since = Moment(stage.now.0 - 300_000);
    stage.event(What::Listening(crate::conference::event::Listening { down_since: Some(since) }));
    assert!(stage.log_says("not running for 5m") && stage.notice().contains("not running for 5m"));
    let mut stage = Stage::new(|_| {});
    let since = Moment(stage.now.0 - 2_000);
    stage.event(What::Listening(crate::conference::event::Listening { down_since: Some(since) }));
    assert!(stage.log_says("for a moment") && stage.notice().is_empty(), "a restart is told, and is no alarm");
}

#[test]
fn a_failed_journal_is_told_across_the_screen_and_asks_are_marked() {
    let mut stage = Stage::with(1);
    stage.app.update(stage.now, Message::Journal(Health::Failed("disk I/O error".into())));
    let narrow = stage.app.banner().expect("a banner").1;
    assert_eq!(narrow, "THE JOURNAL FAILED: callbacks are refused, asks not recorded; restart confmod");
    stage.app.size.0 = 160;
    assert!(stage.app.banner().expect("a banner").1.contains("disk I/O error"));
    let event = Event { seq: Seq::UNRECORDED.next(), at: stage.now, what: ask("a", Action::Mute) };
    stage.app.update(stage.now, Message::Events([event].into()));
    assert!(stage.notice().contains("not recorded"), "{}", stage.notice());
    assert!(stage.app.banner().expect("a banner").1.contains("(1)"));
    stage.app.update(stage.now, Message::Journal(Health::Good));
    assert!(stage.app.banner().is_none());
    let late = vec![(Seq::UNRECORDED.next(), Seq(2))];
    stage.event(What::Recorded(Recorded { since: Moment(stage.now.0 - 10_000), refused: 3, lost: 0, late }));
    assert!(stage.notice().contains("written again after 10s: 3 callbacks were refused, 1 ask is recorded late"), "{}", stage.notice());
    assert_eq!(stage.app.selected().and_then(|call| call.ask()).map(|ask| ask.seq), Some(Seq(2)), "the row's mark goes");
}

#[test]
fn hands_and_names_are_told_and_raw_fields_are_asked_for_once() {
    let mut stage = Stage::with(1);
    stage.event(hand("a", true));
    assert!(stage.log_says("Caller a raised a hand"));
    stage.event(name("a", "12157010680", "Zoe"));
    assert!(stage.log_says("named a caller Zoe"));
    assert_eq!(stage.keys("d"), [Effect::ReadFields(Seq(1))]);
    assert!(stage.keys("Up").is_empty(), "once");
    stage.app.update(stage.now, Message::Fields(Seq(1), vec![("LANGUAGE".into(), "fr".into())]));
    assert_eq!(stage.app.fields().expect("read")[0].1, "fr");
}

#[test]
fn what_was_wrong_with_a_refused_callback_is_told_once() {
    let mut stage = Stage::new(|_| {});
    for refused in 1..4 {
        let slip = Some("a join was refused. The field CALLFLOW.INSTANCE.KEY is missing".into());
        stage.app.update(stage.now, Message::Listener(ListenerCounts { refused, slip, ..ListenerCounts::default() }));
    }
    assert_eq!((stage.app.lines.len(), stage.app.counts.refused), (1, 3));
    assert!(stage.log_says("CALLFLOW.INSTANCE.KEY is missing") && stage.notice().contains("a join was refused"));
}

#[test]
fn who_is_turned_away_is_told_and_nobody_is_told_twice() {
    let mut stage = Stage::new(|_| {});
    let said = ["refused a request without the right token, from 203.0.113.7", "refused 200 requests without the right token"];
    let told = |refused, strangers: &[&str]| {
        let strangers = strangers.iter().map(|said| (*said).into()).collect();
        Message::Listener(ListenerCounts { refused, strangers, ..ListenerCounts::default() })
    };
    stage.app.update(stage.now, told(2, &said));
    for refused in 3..100 {
        stage.app.update(stage.now, told(refused, &[]));
    }
    assert_eq!((stage.app.lines.len(), stage.app.counts.refused, stage.notice()), (2, 99, said[1]));
    assert!(stage.log_says(said[0]) && stage.log_says(said[1]));
}

#[test]
fn back_on_a_row_that_failed_the_reason_is_said_again() {
    let mut stage = Stage::with(2);
    stage.event(ask("a", Action::Mute));
    stage.event(answer("a", 3, Outcome::Refused));
    stage.keys("Down");
    stage.event(ask("b", Action::Mute));
    stage.event(answer("b", 5, Outcome::Accepted));
    assert_eq!(stage.notice(), "Caller b muted in 80 ms");
    stage.keys("Up");
    assert_eq!(stage.notice(), "Caller a: mute refused: participant not found");
}

#[test]
fn a_report_is_asked_for_once_and_told_when_it_is_there() {
    let mut stage = Stage::with(1);
    assert_eq!(stage.keys("w"), [Effect::Report { conference: None, mask: false }]);
    assert_eq!(stage.notice(), "writing the report");
    assert!(stage.keys("w").is_empty(), "one at a time");
    assert_eq!(stage.notice(), "a report is being written already");
    stage.app.update(stage.now, Message::Reported(Ok("/reports/confmod_1122.html".into())));
    assert_eq!(stage.notice(), "report: /reports/confmod_1122.html");
    assert_eq!(stage.keys("2 p w"), [Effect::Report { conference: Some("1122".into()), mask: true }], "of the conference that is shown");
    stage.app.update(stage.now, Message::Reported(Err("the disk is full".into())));
    assert_eq!((stage.notice(), stage.app.notice.as_ref().map(|notice| notice.tone)), ("the disk is full", Some(Tone::Bad)));
    assert_eq!(stage.keys("w").len(), 1, "and it can be tried again");
}

#[test]
fn a_read_only_console_writes_reports_too() {
    let mut stage = Stage::new(|settings| settings.read_only = true);
    assert_eq!(stage.keys("w").len(), 1);
}

#[test]
fn a_demo_says_once_each_what_to_try_and_nothing_else_does() {
    let mut stage = Stage::new(|settings| settings.title = "demo");
    stage.event(join("a", "1122", "12157010680"));
    assert_eq!(stage.notice(), "try M lecture mode, H hands, g floor to the next hand, w report, ? keys");
    stage.event(hand("a", true));
    assert_eq!(stage.notice(), "try g gives the floor to the first hand, H shows all hands");
    stage.event(name("a", "12157010680", "Zoe"));
    stage.event(join("b", "1122", "12157010681"));
    stage.event(hand("b", true));
    assert_eq!(stage.notice(), "moderator named a caller Zoe", "what was really said stays");
    let mut real = Stage::new(|_| {});
    real.event(join("a", "1122", "12157010680"));
    real.event(hand("a", true));
    assert_eq!(real.notice(), "");
}
