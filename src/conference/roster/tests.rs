//! The fold's sentences, each with a story that breaks when the sentence does.

use proptest::prelude::*;

use super::counts::Counted;
use super::*;
use crate::conference::Outcome;
use crate::conference::event::Arrival;
use crate::conference::story::{answer, arrival, ask, events, hand, join, leave, name, named_arrival, remove, start};
use crate::phone::Number;

const STALE: Duration = Duration::from_secs(4 * 3_600);

fn fold(story: impl IntoIterator<Item = (i64, What)>) -> (Roster, Vec<Change>) {
    let mut roster = Roster::default();
    let changes = events(story).iter().map(|event| roster.apply(event)).collect();
    (roster, changes)
}

fn word_at(roster: &Roster, key: &str, second: i64) -> &'static str {
    let id = roster.find(&CallKey::new(key)).expect("a known call");
    roster.get(id).expect("a row").word(Moment(second * 1_000), STALE).text()
}

fn call<'a>(roster: &'a Roster, key: &str) -> &'a Participant {
    roster.find(&CallKey::new(key)).and_then(|id| roster.get(id)).expect("a known call")
}

#[test]
fn a_caller_in_calling_becomes_the_same_row_when_it_joins() {
    let (roster, changes) = fold([(0, start("a")), (5, join("a", "1122", "12157010680"))]);
    let id = roster.find(&CallKey::new("a")).expect("known");
    assert_eq!(changes, [Change::Added(id), Change::Changed(id)]);
    assert_eq!(call(&roster, "a").joined, Moment(5_000));
    assert_eq!((roster.all().inside, roster.all().calling), (1, 0));
    assert_eq!(roster.conferences().len(), 1);
}

#[test]
fn repeats_change_nothing_and_are_counted_as_repeats() {
    let story = [
        (0, start("a")),
        (1, start("a")),
        (2, join("a", "1", "100")),
        (3, join("a", "1", "100")),
        (4, hand("a", true)),
        (5, hand("a", true)),
        (6, leave("a")),
        (7, leave("a")),
    ];
    let (roster, changes) = fold(story);
    let duplicates: Vec<_> = changes.iter().map(|change| matches!(change, Change::Duplicate(_))).collect();
    assert_eq!(duplicates, [false, true, false, true, false, true, false, true]);
    assert_eq!(call(&roster, "a").stays, 1);
    assert_eq!(call(&roster, "a").since, Moment(6_000), "the second leave moved nothing");
}

#[test]
fn leave_before_join_and_events_of_unknown_calls_are_ordinary() {
    let (roster, changes) = fold([
        (0, leave("a")),
        (0, hand("b", true)),
        (0, ask("c", Action::Kick)),
        (0, answer("c", 3, Outcome::Accepted)),
        (1, join("a", "1", "100")),
    ]);
    assert_eq!(changes[..4], [Change::Nothing, Change::Nothing, Change::Nothing, Change::Nothing]);
    assert_eq!(word_at(&roster, "a", 1), "open");
    assert_eq!(roster.iter().count(), 1);
}

#[test]
fn a_join_after_leave_is_a_new_stay() {
    let story = [
        (0, join("a", "1", "100")),
        (1, ask("a", Action::Mute)),
        (2, answer("a", 2, Outcome::Accepted)),
        (3, hand("a", true)),
        (9, leave("a")),
        (20, join("a", "2", "100")),
    ];
    let (roster, _) = fold(story);
    let call = call(&roster, "a");
    assert_eq!((call.stays, call.muted, call.hand(), call.joined), (2, false, None, Moment(20_000)));
    assert_eq!(call.conference, Some("2".into()));
    assert_eq!(word_at(&roster, "a", 21), "open", "what was asked in the last stay is over");
}

#[test]
fn the_command_is_not_the_state() {
    for (action, on_its_way, accepted) in
        [(Action::Mute, "muting", "muted"), (Action::Unmute, "unmuting", "open"), (Action::Kick, "kicking", "kicked")]
    {
        let story = || vec![(0, join("a", "1", "100")), (1, ask("a", action))];
        assert_eq!(word_at(&fold(story()).0, "a", 1), on_its_way);
        for (outcome, word) in [
            (Outcome::Accepted, accepted),
            (Outcome::Refused, "failed"),
            (Outcome::NotDelivered, "failed"),
            (Outcome::Unknown, "unknown"),
            (Outcome::NotSent, "open"),
        ] {
            let (roster, _) = fold(story().into_iter().chain([(2, answer("a", 2, outcome))]));
            assert_eq!(word_at(&roster, "a", 2), word, "{action:?} {outcome:?}");
            assert_eq!(roster.asks_waiting(), 0);
        }
    }
}

#[test]
fn a_failed_ask_keeps_the_state_before_it() {
    let (roster, _) = fold([
        (0, join("a", "1", "100")),
        (1, ask("a", Action::Mute)),
        (2, answer("a", 2, Outcome::Accepted)),
        (3, ask("a", Action::Unmute)),
        (4, answer("a", 4, Outcome::Refused)),
    ]);
    assert_eq!(word_at(&roster, "a", 5), "failed");
    assert_eq!(call(&roster, "a").settled(Moment(5_000), STALE), Word::Muted);
    assert_eq!(&*call(&roster, "a").ask().and_then(|ask| ask.ended.as_ref()).expect("ended").detail, "participant not found");
}

#[test]
fn an_ask_that_was_not_sent_hides_nothing_of_the_one_before_it() {
    use Outcome::{Accepted, NotSent, Refused, Unknown};
    let asks = || vec![(0, join("a", "1", "100")), (1, ask("a", Action::Mute)), (2, ask("a", Action::Unmute))];
    let cases: [(&[(u64, Outcome)], &str); 7] = [
        (&[(3, NotSent)], "muting"),
        (&[(3, NotSent), (2, Unknown)], "unknown"),
        (&[(2, Unknown), (3, NotSent)], "unknown"),
        (&[(2, Refused), (3, NotSent)], "failed"),
        (&[(2, Accepted), (3, NotSent)], "muted"),
        (&[(2, Unknown), (3, Accepted)], "open"),
        (&[(2, Unknown), (3, Refused)], "failed"),
    ];
    for (ends, word) in cases {
        let ends = ends.iter().zip(3..).map(|((seq, outcome), at)| (at, answer("a", *seq, *outcome)));
        assert_eq!(word_at(&fold(asks().into_iter().chain(ends)).0, "a", 9), word);
    }
    // A third one replaces the second, which waits.
    let third = [(3, ask("a", Action::Mute)), (4, answer("a", 3, NotSent)), (5, answer("a", 2, Unknown)), (6, answer("a", 4, NotSent))];
    assert_eq!(word_at(&fold(asks().into_iter().chain(third)).0, "a", 9), "unknown");
}

#[test]
fn an_older_ask_that_is_accepted_late_counts_but_does_not_hide_the_newer() {
    let (roster, _) = fold([
        (0, join("a", "1", "100")),
        (1, ask("a", Action::Mute)),
        (2, ask("a", Action::Unmute)),
        (3, answer("a", 2, Outcome::Accepted)),
    ]);
    assert!(call(&roster, "a").muted);
    assert_eq!(word_at(&roster, "a", 3), "unmuting");
}

#[test]
fn an_answer_from_an_earlier_stay_does_not_touch_this_one() {
    let (roster, changes) = fold([
        (0, join("a", "1", "100")),
        (1, ask("a", Action::Kick)),
        (2, leave("a")),
        (3, join("a", "1", "100")),
        (4, answer("a", 2, Outcome::Accepted)),
    ]);
    assert_eq!(word_at(&roster, "a", 4), "open");
    assert_eq!(changes[4], Change::Nothing);
}

#[test]
fn whoever_left_while_being_kicked_was_kicked() {
    let (roster, _) =
        fold([(0, join("a", "1", "100")), (1, ask("a", Action::Kick)), (2, leave("a")), (3, answer("a", 2, Outcome::Accepted))]);
    assert_eq!(word_at(&roster, "a", 4), "kicked");
}

#[test]
fn calling_back_within_a_minute_of_a_kick_stays_kicked_and_is_marked() {
    let kicked = || vec![(0, join("a", "1", "100")), (1, ask("a", Action::Kick)), (2, answer("a", 2, Outcome::Accepted)), (3, leave("a"))];
    let (roster, changes) = fold(kicked().into_iter().chain([(60, join("a", "1", "100")), (61, join("a", "1", "100"))]));
    assert!(call(&roster, "a").called_back);
    assert_eq!(word_at(&roster, "a", 61), "kicked");
    assert_eq!(roster.all().inside, 1, "whoever called back is in the room");
    assert_eq!(changes[3], Change::Nothing, "a kicked call's leave is ordinary");
    assert!(matches!(changes[5], Change::Duplicate(_)));
    let (roster, _) = fold(kicked().into_iter().chain([(60, join("a", "1", "100")), (62, join("a", "1", "100"))]));
    assert_eq!(word_at(&roster, "a", 62), "open", "who calls back for long enough is in again");
    let (roster, _) = fold(kicked().into_iter().chain([(62, join("a", "1", "100"))]));
    assert!(!call(&roster, "a").called_back);
    assert_eq!(word_at(&roster, "a", 62), "open", "after a minute it is a new stay");
    let (roster, _) = fold(kicked().into_iter().chain([(10, join("a", "1", "100")), (11, ask("a", Action::Kick))]));
    assert_eq!(word_at(&roster, "a", 11), "kicking", "and it can be kicked again");
}

#[test]
fn one_number_on_two_live_calls_is_noticed_and_no_longer_when_one_leaves() {
    let (mut roster, _) = fold([(0, join("a", "1", "100")), (1, join("b", "1", "100")), (2, join("c", "1", ""))]);
    assert_eq!((roster.sharing(call(&roster, "a")), roster.sharing(call(&roster, "c"))), (2, 0));
    assert_eq!(roster.all().unreachable, 1);
    roster.apply(&Event { seq: Seq(9), at: Moment(9), what: leave("b") });
    assert_eq!(roster.sharing(call(&roster, "a")), 1);
}

#[test]
fn a_name_given_to_a_number_holds_for_later_calls() {
    let (roster, changes) =
        fold([(0, named_arrival("a", "1", "100", "J. Smith")), (1, name("a", "100", "Ada")), (2, leave("a")), (3, join("b", "1", "100"))]);
    assert!(matches!(&changes[1], Change::Several(ids) if ids.len() == 1));
    assert_eq!(roster.name(call(&roster, "b")), Some("Ada"));
    assert_eq!(roster.name(call(&roster, "a")), Some("Ada"), "a moderator's name comes before the caller's own");
    let (roster, _) = fold([(0, join("a", "1", "")), (1, name("a", "", "Ada")), (2, join("b", "1", ""))]);
    assert_eq!((roster.name(call(&roster, "a")), roster.name(call(&roster, "b"))), (Some("Ada"), None));
    let (roster, _) = fold([(0, join("a", "1", "100")), (1, name("a", "100", "Ada")), (2, name("a", "100", ""))]);
    assert_eq!(roster.name(call(&roster, "a")), None, "an empty name takes it away");
}

#[test]
fn a_removed_row_is_gone_until_it_is_heard_of_again() {
    let (roster, _) = fold([(0, join("a", "1", "100")), (1, remove("a")), (2, hand("a", true))]);
    assert_eq!((roster.iter().count(), roster.all()), (0, Counts::default()));
    let (roster, _) = fold([(0, join("a", "1", "100")), (1, remove("a")), (2, join("a", "1", "100"))]);
    assert_eq!(word_at(&roster, "a", 2), "open");
}

#[test]
fn silence_for_four_hours_is_stale() {
    let (roster, _) = fold([(0, join("a", "1", "100"))]);
    assert_eq!(word_at(&roster, "a", 4 * 3_600 - 1), "open");
    assert_eq!(word_at(&roster, "a", 4 * 3_600), "stale");
}

#[test]
fn who_is_gone_is_forgotten_after_ten_minutes_with_their_conference() {
    let (mut roster, _) = fold([(0, join("a", "1", "100")), (0, join("b", "2", "200")), (1, leave("a"))]);
    assert!(roster.forget(Moment(600_999), STALE, |_| false).is_empty());
    assert!(roster.forget(Moment(601_000), STALE, |_| true).is_empty(), "not while it is needed");
    assert_eq!(roster.forget(Moment(601_000), STALE, |_| false).len(), 1);
    assert_eq!(roster.conferences().iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), ["2"]);
    let silent = Moment(4 * 3_600_000);
    assert!(roster.forget(Moment(silent.0 - 1), STALE, |_| false).is_empty(), "who is on the line is not forgotten");
    assert!(roster.forget(silent, STALE, |_| true).is_empty());
    assert_eq!(roster.forget(silent, STALE, |_| false).len(), 1, "until nothing was heard of the call for long");
    assert_eq!((roster.all(), roster.conferences().len()), (Counts::default(), 0));
}

#[test]
fn of_very_many_who_are_gone_the_last_are_remembered() {
    let mut roster = Roster::default();
    assert!(!roster.is_crowded());
    for call in 0..20_000_u64 {
        for (what, seq) in
            [(join(&call.to_string(), &format!("c{}", call / 100), "100"), 2 * call), (leave(&call.to_string()), 2 * call + 1)]
        {
            roster.apply(&Event { seq: Seq(seq), at: Moment(call as i64 * 10), what });
        }
    }
    assert!(roster.is_crowded());
    let now = Moment(200_000);
    assert!(roster.forget(Moment(29_999), STALE, |_| false).is_empty(), "rows are in sight");
    assert_eq!(roster.forget(now, STALE, |id| id == CallId(7)).len(), 9_999, "but for the one that is needed");
    assert!(roster.find(&"10000".into()).is_some() && roster.find(&"9999".into()).is_none() && roster.find(&"7".into()).is_some());
    assert!(!roster.is_crowded() && roster.conferences().len() == 101);
    assert_eq!(roster.forget(Moment(900_000), STALE, |_| false).len(), 10_001);
    let left = (roster.calls.len(), roster.index.sizes(), roster.tags.len(), roster.waiting.len());
    assert_eq!(left, (0, (0, 0), 0, 0), "and nothing of them is left behind");
}

fn any_what() -> impl Strategy<Value = What> {
    let key = prop::sample::select(vec!["a", "b", "c", "d"]);
    let conference = prop::sample::select(vec!["1", "2"]);
    let number = prop::sample::select(vec!["", "100", "200"]);
    let action = prop::sample::select(vec![Action::Mute, Action::Unmute, Action::Kick]);
    let outcome = prop::sample::select(vec![Outcome::Accepted, Outcome::Refused, Outcome::Unknown, Outcome::NotSent]);
    prop_oneof![
        key.clone().prop_map(start),
        (key.clone(), conference, number.clone()).prop_map(|(k, c, n)| join(k, c, n)),
        key.clone().prop_map(leave),
        key.clone().prop_map(remove),
        (key.clone(), any::<bool>()).prop_map(|(k, up)| hand(k, up)),
        (key.clone(), action).prop_map(|(k, a)| ask(k, a)),
        (key.clone(), 1u64..60, outcome).prop_map(|(k, seq, o)| answer(k, seq, o)),
        (key, number).prop_map(|(k, n)| name(k, n, "Ada")),
    ]
}

proptest! {
    #[test]
    fn counts_are_what_a_recount_says(story in prop::collection::vec((0i64..300, any_what()), 0..60)) {
        let (roster, _) = fold(story);
        let mut all = Counts::default();
        roster.iter().for_each(|(_, call)| all.tally(Counted::default(), Counted::of(call)));
        prop_assert_eq!(roster.all(), all);
        for (conference, counts) in roster.conferences() {
            prop_assert_eq!(roster.counts(conference), Some(*counts));
            let mut own = Counts::default();
            roster.iter().filter(|(_, call)| call.conference.as_ref() == Some(conference)).for_each(|(_, call)| own.tally(Counted::default(), Counted::of(call)));
            prop_assert_eq!(*counts, own);
        }
        for (id, call) in roster.iter() {
            prop_assert_eq!(id, call.id);
            prop_assert_eq!(roster.find(&call.call_key()), Some(id));
            let sharing = roster.iter().filter(|(_, other)| other.is_live() && call.is_live() && call.number.is_some() && other.number == call.number).count();
            prop_assert_eq!(roster.sharing(call), sharing);
            prop_assert!(!call.called_back || call.presence == Presence::Kicked);
            prop_assert_eq!(call.conference.is_none(), call.presence == Presence::Calling || call.stays == 0);
        }
    }

    #[test]
    fn folding_is_the_same_every_time(story in prop::collection::vec((0i64..300, any_what()), 0..40)) {
        let (one, changes_one) = fold(story.clone());
        let (two, changes_two) = fold(story);
        prop_assert_eq!(changes_one, changes_two);
        prop_assert!(one.iter().eq(two.iter()));
    }
}

#[test]
fn fields_learned_late_are_kept_and_a_number_beats_a_placeholder() {
    let bare = What::Started(Arrival { instead: Some("$[E64]".into()), ..arrival("a", "", "") });
    let (roster, _) = fold([(0, bare), (1, join("a", "1", "100"))]);
    assert_eq!((call(&roster, "a").number, call(&roster, "a").instead()), (Number::from_digits("100"), None));
}

#[test]
fn two_callers_without_a_number_stay_apart_even_where_their_tags_are_the_same() {
    let mut seen = HashMap::new();
    let twins = (0..).find_map(|i| {
        let key = format!("call-{i}");
        Some((seen.insert(CallKey::new(&key).tag(), key.clone())?, key))
    });
    let (first, second) = twins.expect("among so many");
    let (roster, _) = fold([(0, join(&first, "1", "")), (1, join(&second, "1", "")), (2, join(&second, "1", ""))]);
    let tags = [&first, &second].map(|key| call(&roster, key).tag());
    assert_eq!(tags[0], CallKey::new(&first).tag(), "the tag of one who is there stays");
    assert!(tags[1].starts_with(&tags[0]) && tags[1].len() == 8, "{tags:?}");
    let (roster, _) = fold([(0, join(&first, "1", "100")), (1, join(&second, "1", ""))]);
    assert_eq!(call(&roster, &second).tag().len(), 4, "who has a number needs no tag");
    let (roster, _) = fold([(0, join(&first, "1", "")), (1, remove(&first)), (2, join(&second, "1", ""))]);
    assert_eq!(call(&roster, &second).tag().len(), 4, "nobody else has it any more");
    assert!(roster.tags.len() == 1);
}
