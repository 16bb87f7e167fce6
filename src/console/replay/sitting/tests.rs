//! Which part of the journal is played.

use super::super::tests::Told;
use super::*;
use crate::conference::story::{events, hand, join, leave, start};

const HOUR: i64 = 3_600;

/// Two sittings of 1122 with one of 3300 beside the second, and a leave that came a day late.
fn journal() -> Told {
    Told(events([
        (0, start("a")),
        (10, join("a", "1122", "12157010680")),
        (HOUR, leave("a")),
        (24 * HOUR, join("b", "1122", "12157010681")),
        (24 * HOUR + 60, join("c", "3300", "12157010682")),
        (25 * HOUR, hand("b", true)),
        (26 * HOUR, leave("c")),
        (60 * HOUR, leave("b")),
    ]))
}

fn wanted(conference: &str, from: Option<i64>) -> Wanted {
    let conference = (!conference.is_empty()).then(|| conference.into());
    Wanted { conference, from: from.map(|second| Moment(second * 1_000)), silence: Duration::from_secs(12 * 3_600) }
}

#[test]
fn the_last_sitting_is_played_unless_another_time_is_wanted() {
    for (conference, from, after, until, first, last) in [
        ("", None, 3, 7, 24 * HOUR, 26 * HOUR),
        ("", Some(0), 0, 3, 0, HOUR),
        ("", Some(HOUR), 0, 3, 0, HOUR),
        ("", Some(HOUR + 1), 3, 7, 24 * HOUR, 26 * HOUR),
        ("1122", None, 3, 6, 24 * HOUR, 25 * HOUR),
        ("1122", Some(5), 1, 3, 10, HOUR),
        ("3300", None, 4, 7, 24 * HOUR + 60, 26 * HOUR),
    ] {
        let found = Sitting::find(&journal(), &wanted(conference, from)).expect("found");
        let got = (found.after.0, found.until.0, found.first.0 / 1_000, found.last.0 / 1_000);
        assert_eq!(got, (after, until, first, last), "{conference:?} from {from:?}");
    }
}

#[test]
fn of_a_conference_only_its_own_calls_are_played() {
    let told = journal();
    let found = Sitting::find(&told, &wanted("1122", None)).expect("found");
    let held: Vec<_> = told.0.iter().filter(|event| found.holds(event)).map(|event| event.seq.0).collect();
    assert_eq!(held, [4, 6, 8], "the caller to 3300 is not shown");
    let found = Sitting::find(&told, &wanted("", None)).expect("found");
    assert!(told.0.iter().all(|event| found.holds(event)));
}

#[test]
fn where_there_is_nothing_to_play_a_sentence_says_so() {
    let said = |told: &Told, wanted: &Wanted| Sitting::find(told, wanted).expect_err("nothing").to_string();
    assert!(said(&Told(Vec::new()), &wanted("", None)).contains("holds no call"));
    let unknown = said(&journal(), &wanted("4711", None));
    assert!(unknown.contains("knows nothing of a conference 4711; it holds 1122, 3300"), "{unknown}");
    assert!(said(&Told(Vec::new()), &wanted("4711", None)).contains("holds no conference"));
    let older = said(&journal(), &wanted("", Some(90 * HOUR)));
    assert!(older.contains("earlier --from"), "{older}");
}
