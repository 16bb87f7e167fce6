use proptest::prelude::*;

use super::*;
use crate::conference::{Action, Outcome};

pub(crate) fn every_kind() -> Vec<What> {
    let call = CallKey::new("12312345");
    let number = Number::from_digits("12157010680");
    let arrival = Arrival {
        call: call.clone(),
        conference: Some("1122".into()),
        number,
        instead: None,
        name: Some("Ada \"Countess\" Lovelace".into()),
        called: Some("4930901820".into()),
        others: Some("Bolt fr".into()),
        hand: true,
    };
    let bare = Arrival {
        conference: None,
        number: None,
        instead: Some("anonymous".into()),
        name: None,
        called: None,
        others: None,
        hand: false,
        ..arrival.clone()
    };
    vec![
        What::Started(bare),
        What::Joined(arrival),
        What::Left(CallOnly { call: call.clone() }),
        What::Hand(HandMoved { call: call.clone(), up: true, first: true, by: Some("ada".into()) }),
        What::HandsCleared(HandsCleared { conference: "1122".into(), by: "ada".into() }),
        What::Floor(FloorGiven { conference: "1122".into(), call: Some(call.clone()), by: "ada".into() }),
        What::Mode(ModeSet { conference: "1122".into(), mode: Mode::Lecture, on: true, by: "ada".into() }),
        What::Asked(Ask {
            action: Action::Mute,
            call: call.clone(),
            conference: "1122".into(),
            number: "12157010680".into(),
            by: "ada".into(),
            cause: Cause::Rule(Seq(7)),
            rule: Some(Rule::LectureEnded),
            joined: Moment(1_700_000_000_000),
        }),
        What::Sent(Sent { asks: vec![Seq(1), Seq(2)] }),
        What::Halted(Halted { asks: vec![Seq(3)], by: "ada".into(), rest: true }),
        What::Recorded(Recorded { since: Moment(1), refused: 2, lost: 3, late: vec![(Seq(4), Seq(5))] }),
        What::Answered(Answer {
            ask: Seq(1),
            call: call.clone(),
            outcome: Outcome::NotDelivered,
            detail: "no".into(),
            millis: 12,
            reached: false,
        }),
        What::Removed(CallOnly { call: call.clone() }),
        What::Named(Named { call: call.clone(), number, name: "Ada".into(), by: "ada".into() }),
        What::Contacts(Contacts {
            edited: Moment(7),
            people: number
                .map(|number| Contact { number, name: "Ada".into(), role: "speaker".into(), note: "".into(), exempt: true })
                .into_iter()
                .collect(),
            gone: Number::from_digits("4930901820").into_iter().collect(),
        }),
        What::Exempted(Exempted { call, number, exempt: true, by: "ada".into() }),
        What::Banned(Banned { number: number.expect("a number"), reason: "shouting".into(), until: Some(Moment(9)), by: "ada".into() }),
        What::Lifted(Lifted { number: number.expect("a number"), by: "ada".into() }),
        What::Listening(Listening { down_since: Some(Moment(5)) }),
        What::Stopped(Nothing {}),
    ]
}

#[test]
fn every_kind_survives_the_journal() {
    for what in every_kind() {
        let body = what.body().expect("a body");
        assert_eq!(What::read(what.kind(), &body).expect("readable"), Some(what), "{body}");
    }
}

#[test]
fn a_kind_from_the_future_is_not_an_error() {
    assert_eq!(What::read("levitated", "{}").expect("not an error"), None);
    assert!(What::read("joined", "{}").is_err(), "but a known kind without its fields is");
}

#[test]
fn only_asks_go_round_without_the_disk() {
    let unrecorded: Vec<_> = every_kind().iter().filter(|w| w.may_go_unrecorded()).map(What::kind).collect();
    assert_eq!(unrecorded, ["floor", "mode", "asked", "sent", "halted", "answered"]);
}

#[test]
fn standing_facts_are_kinds_and_a_bare_body_is_read() {
    let kinds: Vec<_> = every_kind().iter().map(What::kind).collect();
    assert!(What::STANDING.iter().all(|kind| kinds.contains(kind)), "{kinds:?}");
    assert_eq!(What::read("stopped", "{}").expect("as before"), Some(What::Stopped(Nothing {})));
    let hand = What::Hand(HandMoved { call: "7".into(), up: false, first: false, by: None });
    assert_eq!(hand.body().expect("a body"), r#"{"call":"7","up":false}"#, "what a caller did needs no more");
}

#[test]
fn texts_of_a_foreign_journal_are_cleaned_and_its_times_brought_into_the_calendar() {
    let long = "x".repeat(400);
    for (name, wanted) in [
        ("Eve\u{1b}[2J\u{202e}", "Eve[2J"),
        (" two  words ", "two words"),
        ("Zo\u{301}\u{301}\u{301}\u{301}\u{301}", "Zo\u{301}\u{301}\u{301}"),
        ("\"quoted\"\\", "\"quoted\"\\"),
        (&long, &long[..256]),
    ] {
        let body = serde_json::json!({ "call": name, "conference": "1122", "name": name }).to_string();
        let Ok(Some(What::Joined(arrival))) = What::read("joined", &body) else { panic!("{body} is a join") };
        assert_eq!((arrival.call.as_str(), arrival.name.as_deref()), (wanted, Some(wanted)));
        let written = What::Joined(arrival.clone()).body().expect("a body");
        assert_eq!(What::read("joined", &written).ok().flatten(), Some(What::Joined(arrival)), "reading again changes nothing");
    }
    let down = |since: i64| What::read("listening", &format!("{{\"down_since\":{since}}}")).ok().flatten();
    let listening = |at| Some(What::Listening(Listening { down_since: Some(at) }));
    assert_eq!([down(i64::MIN), down(7), down(i64::MAX)], [listening(Moment::EARLIEST), listening(Moment(7)), listening(Moment::LATEST)]);
}

fn some_text() -> impl Strategy<Value = String> {
    prop_oneof![4 => "[a-z0-9 ]{0,12}", 1 => "\\PC{0,12}", 1 => any::<String>(), 1 => "[\"\\\\{}:,é\u{1b}]{0,5}"]
}

fn some_arrival() -> impl Strategy<Value = Arrival> {
    let field = || proptest::option::of(some_text());
    let number = proptest::option::of("[1-9][0-9]{2,14}");
    (some_text(), field(), number, [field(), field(), field(), field()], any::<bool>()).prop_map(
        |(call, conference, number, [instead, name, called, others], hand)| Arrival {
            call: CallKey::new(&call),
            conference: conference.map(|id| id.as_str().into()),
            number: number.and_then(|digits| Number::from_digits(&digits)),
            instead: instead.map(Into::into),
            name: name.map(Into::into),
            called: called.map(Into::into),
            others: others.map(Into::into),
            hand,
        },
    )
}

fn some_what() -> impl Strategy<Value = What> {
    let action = prop_oneof![Just(Action::Mute), Just(Action::Unmute), Just(Action::Kick)];
    let cause = prop_oneof![Just(Cause::Key), Just(Cause::Bulk), Just(Cause::Floor), any::<u64>().prop_map(|seq| Cause::Rule(Seq(seq)))];
    let rules = [Rule::Lecture, Rule::LectureEnded, Rule::Exemption, Rule::Lock, Rule::Ban];
    let rule = proptest::option::of(proptest::sample::select(rules.to_vec()));
    let outcomes = [Outcome::Accepted, Outcome::Refused, Outcome::NotDelivered, Outcome::Unknown, Outcome::NotSent];
    let asked = (action, some_text(), some_text(), some_text(), cause, rule, any::<i64>()).prop_map(
        |(action, call, conference, by, cause, rule, joined)| {
            let (call, conference) = (CallKey::new(&call), conference.as_str().into());
            What::Asked(Ask { action, call, conference, number: "12157010680".into(), by: by.into(), cause, rule, joined: Moment(joined) })
        },
    );
    let answered = (any::<u64>(), some_text(), proptest::sample::select(outcomes.to_vec()), some_text(), any::<u32>(), any::<bool>())
        .prop_map(|(ask, call, outcome, detail, millis, reached)| {
            What::Answered(Answer { ask: Seq(ask), call: CallKey::new(&call), outcome, detail: detail.into(), millis, reached })
        });
    let hand = (some_text(), any::<bool>(), any::<bool>(), proptest::option::of(some_text()))
        .prop_map(|(call, up, first, by)| What::Hand(HandMoved { call: CallKey::new(&call), up, first, by: by.map(Into::into) }));
    prop_oneof![
        some_arrival().prop_map(What::Started),
        some_arrival().prop_map(What::Joined),
        some_text().prop_map(|call| What::Left(CallOnly { call: CallKey::new(&call) })),
        asked,
        answered,
        hand,
    ]
}

proptest! {
    #[test]
    fn what_is_read_quickly_is_read_alike(what in some_what()) {
        let (kind, body) = (what.kind(), what.body().unwrap_or_default());
        let quickly = plain::read(kind, &body);
        if let Some(quickly) = quickly {
            prop_assert_eq!(Some(quickly), What::read_any(kind, &body).ok().flatten(), "{}", body);
        }
    }

    #[test]
    fn a_body_that_was_changed_is_read_alike_or_left(what in some_what(), at in any::<prop::sample::Index>(), put in "[\"\\\\{}:, 0-9a-z-]{0,3}", out in 0_usize..4) {
        let (kind, body) = (what.kind(), what.body().unwrap_or_default());
        let places: Vec<usize> = body.char_indices().map(|(place, _)| place).collect();
        let at = at.index(places.len());
        let end = places.get(at + out).copied().unwrap_or(body.len());
        let changed = format!("{}{put}{}", &body[..places[at]], &body[end..]);
        if let Some(quickly) = plain::read(kind, &changed) {
            prop_assert_eq!(Some(quickly), What::read_any(kind, &changed).ok().flatten(), "{}", changed);
        }
    }
}

#[test]
fn what_a_journal_is_full_of_is_read_quickly() {
    let name = |name: &str| r#"{"call":"1","conference":"1122","number":"12157010680","name":"NAME","hand":true}"#.replace("NAME", name);
    for (kind, body) in [
        ("joined", name("Ada Lovelace")),
        ("started", name("Jürgen Müller")),
        ("left", r#"{"call":"7000000001"}"#.to_owned()),
        ("hand", r#"{"call":"1","up":true,"by":"ada"}"#.to_owned()),
    ] {
        assert!(plain::read(kind, &body).is_some(), "{body}");
    }
    for odd in [" Ada", "Ada ", "A  da", "A\u{202e}da", "A\u{7f}da"] {
        assert_eq!(plain::read("joined", &name(odd)), None, "{odd:?}");
    }
}

#[test]
fn wherever_an_odd_letter_stands_it_is_read_alike_or_left() {
    for odd in (0..=0x100).filter_map(char::from_u32).filter(|odd| *odd != '"') {
        for place in 0..20 {
            let text: String = (0..20).map(|other| if other == place { odd } else { 'a' }).collect();
            let body = format!(r#"{{"call":"{text}"}}"#);
            if let Some(quickly) = plain::read("left", &body) {
                assert_eq!(Some(quickly), What::read_any("left", &body).ok().flatten(), "{body:?}");
            }
            let is_left = odd.is_control() || odd == '\\' || (odd == ' ' && matches!(place, 0 | 19)) || matches!(odd, '\u{a0}' | '\u{ad}');
            assert_eq!(plain::read("left", &body).is_none(), is_left, "{body:?}");
        }
    }
}
