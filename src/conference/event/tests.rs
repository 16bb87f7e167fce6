use super::*;
use crate::conference::{Action, Outcome};

fn every_kind() -> Vec<What> {
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
