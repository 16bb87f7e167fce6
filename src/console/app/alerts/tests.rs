//! When an alert is made, what it says, and when there is none.

use proptest::prelude::*;

use super::*;
use crate::conference::event::{Banned, HandMoved, Seq};
use crate::conference::story::{arrival, hand, join, leave, named_arrival};
use crate::conference::{CallKey, Moment};
use crate::console::app::tests::Stage;
use crate::phone::Number;

fn all(ways: &[Way]) -> AlertWays {
    AlertWays { hand: ways.to_vec(), unknown: ways.to_vec(), banned: ways.to_vec(), silence: ways.to_vec() }
}

fn stage(ways: AlertWays) -> Stage {
    Stage::new(|settings| settings.alerts = ways)
}

fn notified(effects: &[Effect]) -> Vec<&str> {
    effects.iter().filter_map(|effect| if let Effect::Notify(_, text) = effect { Some(text.as_str()) } else { None }).collect()
}

fn rings(effects: &[Effect]) -> usize {
    effects.iter().filter(|effect| **effect == Effect::Ring).count()
}

fn banned(number: &str) -> What {
    What::Banned(Banned { number: Number::from_digits(number).expect("a number"), reason: "".into(), until: None, by: "ada".into() })
}

#[test]
fn nothing_alerts_unless_it_is_set() {
    let mut stage = stage(AlertWays::default());
    let effects = [stage.event(join("a", "1122", "100")), stage.event(hand("a", true)), stage.wait(5)].concat();
    assert_eq!(effects, []);
    assert!(!stage.app.alerts.is_flashing(stage.app.now));
}

#[test]
fn the_first_is_told_at_once_and_the_rest_together_when_three_seconds_are_over() {
    let mut stage = stage(all(&[Way::Bell, Way::Osc9]));
    for key in ["a", "b", "c", "d"] {
        stage.event(named_arrival(key, "1122", "100", key));
    }
    let effects = stage.event(hand("a", true));
    assert_eq!((rings(&effects), notified(&effects)), (1, vec!["a raised a hand"]));
    assert_eq!(stage.app.notice.as_ref().map(|notice| notice.text.as_str()), Some("a raised a hand"));
    for key in ["b", "c", "d"] {
        assert_eq!(stage.event(hand(key, true)), []);
        stage.wait(0);
    }
    assert_eq!(stage.app.alerts.next(stage.app.now), Some(stage.app.now.plus(QUIET)));
    assert_eq!(stage.wait(2), []);
    let effects = stage.wait(1);
    assert_eq!((rings(&effects), notified(&effects)), (1, vec!["3 hands up"]));
    assert_eq!((stage.wait(30), stage.app.alerts.next(stage.app.now)), (vec![], None), "said once, and nothing waits");
}

#[test]
fn what_comes_together_is_one_alert_the_gravest_first() {
    let mut stage = stage(AlertWays { unknown: vec![Way::Osc777], ..all(&[Way::Bell]) });
    stage.event(banned("666"));
    stage.event(hand("nobody", true));
    let story = [join("x", "1122", "500"), join("a", "1122", "666"), join("b", "1122", "300"), join("c", "1122", "400"), hand("b", true)];
    let mut effects = stage.event(story[0].clone());
    for what in &story[1..] {
        effects.extend(stage.event(what.clone()));
    }
    assert_eq!((rings(&effects), notified(&effects)), (0, vec!["+500 joined without a name"]), "no bell is set for that");
    let effects = stage.wait(3);
    assert_eq!((rings(&effects), notified(&effects)), (1, vec!["+2 joined without a name"]), "a notification says what it is set for");
    let notice = stage.app.notice.clone().expect("said");
    assert_eq!(notice.text, "+666 joined and is banned, +300 raised a hand, +2 joined without a name");
    assert_eq!(notice.tone, Tone::Warning);
}

#[test]
fn a_batch_is_one_alert() {
    let mut stage = stage(all(&[Way::Bell, Way::Osc9]));
    let joins: Vec<_> = (0..37)
        .map(|place| Event {
            seq: Seq(1_000 + place),
            at: stage.app.now,
            what: join(&place.to_string(), "1122", &format!("{}", 1_000 + place)),
        })
        .collect();
    let effects = stage.app.update(stage.app.now, super::super::Message::Events(joins.into()));
    assert_eq!((rings(&effects), notified(&effects)), (1, vec!["+37 joined without a name"]));
}

#[test]
fn a_hand_that_went_down_again_is_no_news_and_a_raised_one_at_the_join_is() {
    let mut stage = stage(all(&[Way::Osc9]));
    let with_hand =
        |key: &str| What::Joined(crate::conference::event::Arrival { hand: true, name: Some(key.into()), ..arrival(key, "1122", "100") });
    assert_eq!(notified(&stage.event(with_hand("a"))), ["a raised a hand"]);
    stage.event(with_hand("b"));
    stage.event(hand("b", false));
    assert_eq!(stage.wait(4), []);
    stage.event(with_hand("c"));
    stage.event(with_hand("d"));
    stage.event(leave("d"));
    assert_eq!(stage.wait(4), []);
}

#[test]
fn what_was_before_the_start_what_a_moderator_does_and_repeats_alert_nobody() {
    let mut stage = Stage::new(|settings| (settings.alerts, settings.news_after) = (all(&[Way::Bell]), Seq(2)));
    let mut effects = stage.event(join("a", "1122", "100"));
    effects.extend(stage.event(hand("a", true)));
    effects.extend(stage.event(join("a", "1122", "100")));
    effects.extend(stage.event(hand("a", true)));
    effects.extend(stage.event(named_arrival("b", "1122", "200", "Ben")));
    let by_key = HandMoved { call: CallKey::new("b"), up: true, first: false, by: Some("ada".into()) };
    effects.extend(stage.event(What::Hand(by_key)));
    effects.extend(stage.wait(10));
    assert_eq!(rings(&effects), 0);
}

#[test]
fn masked_digits_stay_masked_in_an_alert() {
    let mut stage = Stage::new(|settings| (settings.alerts, settings.mask) = (all(&[Way::Osc9]), true));
    let effects = stage.event(join("a", "1122", "12157010680"));
    assert!(notified(&effects).iter().all(|text| !text.contains("1215701068") && text.contains("joined")), "{effects:?}");
}

#[test]
fn a_flash_lasts_a_moment_also_over_the_help() {
    let mut stage = stage(all(&[Way::Flash]));
    stage.keys("?");
    assert_eq!(stage.event(join("a", "1122", "100")), []);
    assert!(stage.app.alerts.is_flashing(stage.app.now));
    assert_eq!(stage.app.next_change(), Some(stage.app.now.plus(FLASH)));
    stage.wait(1);
    assert!(!stage.app.alerts.is_flashing(stage.app.now));
    assert_eq!(stage.app.next_change(), None, "and nothing ticks after it");
}

proptest! {
    #[test]
    fn sounds_are_never_closer_than_three_seconds_and_nothing_is_lost(
        steps in prop::collection::vec((0i64..1_500, prop::option::of(0u8..4)), 0..200),
    ) {
        let mut alerts = Alerts::new(all(&[Way::Bell]));
        let (mut now, mut sounded, mut raised) = (Moment(0), Vec::new(), BTreeSet::new());
        let mut told = BTreeSet::new();
        for (later, rule) in steps {
            let next = now.plus(Duration::from_millis(later.cast_unsigned()));
            // What is due by time alone comes when it said, as in the real loop.
            while let Some(due) = alerts.next(now).filter(|due| *due <= next) {
                now = due;
                let all = alerts.due(now);
                prop_assert!(!all.is_empty(), "it woke for nothing");
                sounded.push(now);
                told.extend(all);
            }
            now = next;
            if let Some(rule) = rule {
                let rule = [Rule::Hand, Rule::Unknown, Rule::Banned, Rule::Silence][usize::from(rule)];
                alerts.raise(rule, None);
                raised.insert((rule, None));
            }
            let all = alerts.due(now);
            if !all.is_empty() {
                sounded.push(now);
                told.extend(all);
            }
        }
        let rest = alerts.due(now.plus(QUIET));
        told.extend(rest);
        prop_assert!(sounded.windows(2).all(|pair| pair[1].since(pair[0]) >= QUIET), "{:?}", sounded);
        prop_assert_eq!(told, raised);
    }
}

#[test]
fn a_silence_alerts_once_and_not_when_it_is_older_than_the_console() {
    let mut stage =
        Stage::new(|settings| (settings.alerts, settings.silence_after) = (all(&[Way::Bell, Way::Osc9]), Duration::from_mins(10)));
    stage.event(named_arrival("a", "1122", "100", "Ada"));
    assert_eq!(rings(&stage.wait(599)), 0);
    assert_eq!(notified(&stage.wait(2)), ["callers are in, and no callback comes"]);
    assert_eq!(rings(&stage.wait(600)), 0, "once");
    stage.event(named_arrival("b", "1122", "200", "Ben"));
    assert_eq!(rings(&stage.wait(601)), 1, "and again for another one");

    let mut stage = Stage::new(|settings| (settings.alerts, settings.silence_after) = (all(&[Way::Bell]), Duration::from_mins(10)));
    let long_ago = Event { seq: Seq(1), at: stage.app.now.minus(Duration::from_hours(1)), what: named_arrival("a", "1122", "100", "Ada") };
    stage.app.update(stage.app.now, super::super::Message::Events([long_ago].into()));
    let mut effects = stage.app.update(stage.app.now, super::super::Message::Restored);
    effects.extend(stage.wait(700));
    assert_eq!(rings(&effects), 0);
}
