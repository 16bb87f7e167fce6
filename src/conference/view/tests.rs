//! The list's sentences.

use proptest::prelude::*;

use super::*;
use crate::conference::event::{Event, HandsCleared, Seq, What};
use crate::conference::story::{answer, ask, events, hand, join, leave, name, named_arrival, start};
use crate::conference::{Action, CallKey, Outcome};

const STALE: Duration = Duration::from_secs(4 * 3_600);

struct Table {
    roster: Roster,
    view: View,
    held: Option<CallId>,
    now: Moment,
}

impl Table {
    fn new() -> Self {
        Self { roster: Roster::default(), view: View::new(STALE), held: None, now: Moment(0) }
    }

    fn play(&mut self, story: impl IntoIterator<Item = (i64, What)>) {
        for event in events(story) {
            self.event(&event);
        }
    }

    fn event(&mut self, event: &Event) {
        self.now = self.now.max(event.at);
        let change = self.roster.apply(event);
        let held = self.held;
        self.view.follow(&change, &self.roster, self.now, |id| Some(id) == held);
    }

    fn keys(&self) -> Vec<&str> {
        self.view.rows().iter().map(|id| self.roster.get(id).map_or("gone", |call| call.key())).collect()
    }

    fn id(&self, key: &str) -> CallId {
        self.roster.find(&CallKey::new(key)).expect("known")
    }
}

fn three() -> Table {
    let mut table = Table::new();
    table.play([
        (0, named_arrival("c", "1", "49301", "Zoe")),
        (1, named_arrival("a", "2", "12157010680", "ada")),
        (2, join("b", "1", "4420")),
        (3, hand("b", true)),
    ]);
    table
}

#[test]
fn newcomers_are_added_below_whatever_the_order() {
    let mut table = three();
    assert_eq!(table.keys(), ["c", "a", "b"]);
    table.view.sort(Column::Caller, false, &table.roster, table.now);
    assert_eq!(table.keys(), ["a", "c", "b"], "names first, without regard to case");
    table.play([(4, named_arrival("d", "1", "33", "Aaron"))]);
    assert_eq!(table.keys(), ["a", "c", "b", "d"]);
    // Neither a filter nor another tab is a sort.
    for text in ["2", ""] {
        table.view.set_filter(Filter::new(text), &table.roster, table.now);
    }
    table.view.show(Some("1".into()), &table.roster, table.now);
    table.view.show(None, &table.roster, table.now);
    assert_eq!(table.keys(), ["a", "c", "b", "d"]);
    table.view.sort(Column::Caller, true, &table.roster, table.now);
    assert_eq!(table.keys(), ["b", "c", "a", "d"], "no name, z, a, Aaron");
}

#[test]
fn each_column_sorts() {
    let mut table = three();
    table.play([(4, start("d")), (5, ask("a", Action::Mute)), (6, answer("a", 2, Outcome::Accepted))]);
    for (column, order) in [
        (Column::Arrival, ["c", "a", "b", "d"]),
        (Column::Caller, ["a", "c", "b", "d"]),
        (Column::Number, ["a", "b", "c", "d"]),
        (Column::Place, ["c", "b", "a", "d"]),
        (Column::Voice, ["d", "c", "b", "a"]),
        (Column::Stay, ["c", "a", "b", "d"]),
        (Column::Hand, ["b", "c", "a", "d"]),
        (Column::Ask, ["a", "c", "b", "d"]),
    ] {
        table.view.sort(column, false, &table.roster, table.now);
        assert_eq!(table.keys(), order, "{column:?}");
    }
    assert_eq!(Column::Ask.next(), Column::Arrival, "round and round");
}

#[test]
fn filters_find_names_numbers_fields_and_states() {
    let mut table = three();
    table.play([(4, join("d", "1", "")), (5, ask("c", Action::Mute)), (6, answer("c", 2, Outcome::Accepted))]);
    let tag = CallKey::new("d").tag();
    let company =
        crate::conference::event::Arrival { others: Some("Bolt, gold".into()), ..crate::conference::story::arrival("e", "1", "777") };
    table.play([(7, What::Joined(company))]);
    for (text, found) in [
        ("bolt", vec!["e"]),
        ("ZO", vec!["c"]),
        ("215701", vec!["a"]),
        ("+1215", vec!["a"]),
        ("muted", vec!["c"]),
        ("open", vec!["a", "b", "d", "e"]),
        ("no number", vec!["d"]),
        (tag.as_str(), vec!["d"]),
        ("hand", vec!["b"]),
        ("ada 1215", vec!["a"]),
        ("ada muted", vec![]),
        ("", vec!["c", "a", "b", "d", "e"]),
    ] {
        table.view.set_filter(Filter::new(text), &table.roster, table.now);
        assert_eq!(table.keys(), found, "{text:?}");
    }
}

#[test]
fn a_tab_lists_its_conference_only_and_callers_without_one_are_in_all() {
    let mut table = three();
    table.play([(4, start("d"))]);
    table.view.show(Some("1".into()), &table.roster, table.now);
    assert_eq!(table.keys(), ["c", "b"]);
    table.play([(5, join("d", "1", "7777"))]);
    assert_eq!(table.keys(), ["c", "b", "d"]);
    table.view.show(None, &table.roster, table.now);
    assert_eq!(table.keys().len(), 4);
}

#[test]
fn rows_that_are_gone_go_after_thirty_seconds_but_not_while_they_are_held() {
    let mut table = three();
    table.play([(10, leave("a")), (10, leave("b"))]);
    let (a, b) = (table.id("a"), table.id("b"));
    assert_eq!(table.view.next_expiry(Moment(39_999)), Some(Moment(40_000)));
    table.view.expire(&table.roster, Moment(39_999), |_| false);
    assert_eq!(table.keys(), ["c", "a", "b"]);
    table.view.expire(&table.roster, Moment(40_000), |id| id == a);
    assert_eq!(table.keys(), ["c", "a"]);
    table.view.release(&[a], &table.roster, Moment(40_000), |_| false);
    assert_eq!(table.keys(), ["c"]);
    assert!(!table.view.lists(b));
    table.play([(50, join("b", "1", "4420"))]);
    assert_eq!(table.keys(), ["c", "b"], "who comes back is added below");
}

#[test]
fn a_row_that_no_longer_matches_stays_while_it_is_held() {
    let mut table = three();
    table.view.set_filter(Filter::new("open"), &table.roster, table.now);
    table.held = Some(table.id("a"));
    let muted = events([
        (0, start("x")),
        (5, ask("a", Action::Mute)),
        (6, answer("a", 2, Outcome::Accepted)),
        (7, ask("c", Action::Mute)),
        (8, answer("c", 4, Outcome::Accepted)),
    ]);
    muted[1..].iter().for_each(|event| table.event(event));
    assert_eq!((table.keys(), table.view.matching()), (vec!["a", "b"], 1), "it is listed and does not count");
    let again = events([(0, start("x")), (0, start("y")), (9, ask("a", Action::Unmute)), (9, answer("a", 6, Outcome::Accepted))]);
    again[2..].iter().for_each(|event| table.event(&Event { seq: Seq(event.seq.0 + 3), ..event.clone() }));
    assert_eq!((table.keys(), table.view.matching()), (vec!["a", "b"], 2), "it matches again");
    let again = events([(0, start("x")), (0, start("y")), (10, ask("a", Action::Mute)), (10, answer("a", 8, Outcome::Accepted))]);
    again[2..].iter().for_each(|event| table.event(&Event { seq: Seq(event.seq.0 + 5), ..event.clone() }));
    assert_eq!(table.view.matching(), 1);
    table.view.release(&[table.id("a")], &table.roster, table.now, |_| false);
    assert_eq!((table.keys(), table.view.matching()), (vec!["b"], 1));
}

#[test]
fn a_name_given_later_is_found() {
    let mut table = three();
    table.view.set_filter(Filter::new("grace"), &table.roster, table.now);
    assert!(table.keys().is_empty());
    table.play([(5, name("b", "4420", "Grace"))]);
    assert_eq!(table.keys(), ["b"]);
}

#[test]
fn time_alone_lists_rows_below_and_takes_others_off() {
    let mut table = three();
    table.view.sort(Column::Caller, false, &table.roster, table.now);
    table.view.set_filter(Filter::new(">10s"), &table.roster, table.now);
    assert!(table.keys().is_empty());
    assert_eq!(table.view.next_turn(), Some(Moment(10_000)));
    table.view.expire(&table.roster, Moment(9_999), |_| false);
    assert!(table.keys().is_empty() && !table.view.is_due(Moment(9_999)) && table.view.is_due(Moment(10_000)));
    table.view.expire(&table.roster, Moment(10_000), |_| false);
    assert_eq!((table.keys(), table.view.next_turn()), (vec!["c"], Some(Moment(11_000))));
    table.view.expire(&table.roster, Moment(60_000), |_| false);
    assert_eq!((table.keys(), table.view.next_turn()), (vec!["c", "a", "b"], None), "below, and nothing more to wait for");

    table.view.set_filter(Filter::new("<70s"), &table.roster, Moment(60_000));
    let c = table.id("c");
    table.view.expire(&table.roster, Moment(71_000), |id| id == c);
    assert_eq!((table.keys(), table.view.matching()), (vec!["c", "b"], 1), "but not the row that is held");
    table.view.release(&[c], &table.roster, Moment(71_000), |_| false);
    assert_eq!(table.keys(), ["b"]);
    table.play([(72, leave("b"))]);
    assert_eq!(table.view.next_turn(), None, "who has left stays no longer");
}

#[test]
fn a_call_that_falls_silent_leaves_the_filter_for_open_ones() {
    let mut table = three();
    table.view.set_filter(Filter::new("state:open"), &table.roster, table.now);
    let stale = Moment(STALE.as_millis() as i64);
    assert_eq!(table.view.next_turn(), Some(stale));
    table.view.expire(&table.roster, stale, |_| false);
    assert_eq!(table.keys(), ["a", "b"]);
    table.view.set_filter(Filter::new("mia"), &table.roster, table.now);
    assert_eq!(table.view.next_turn(), None, "a word that is in no state waits for nothing");
}

const FILTERS: [&str; 12] =
    ["", "open", "muted", "1", "-open", ">10s", "<14s", ">8s <20s", "hand:", "-hand: state:open", "state:stale", "-state:stale -muted"];

proptest! {
    #[test]
    fn following_lists_the_same_rows_as_building_anew(
        moves in prop::collection::vec((0usize..8, 0usize..5, 0i64..6_000), 0..80),
        filter in prop::sample::select(&FILTERS[..]),
        conference in prop::sample::select(vec![None, Some("1")]),
    ) {
        let mut table = Table::new();
        table.view = View::new(Duration::from_secs(20));
        table.view.show(conference.map(Into::into), &table.roster, table.now);
        table.view.set_filter(Filter::new(filter), &table.roster, table.now);
        let keys = ["a", "b", "c", "d", "e"];
        let mut seq = 0;
        for (kind, who, later) in moves {
            let key = keys[who];
            table.now = table.now.plus(Duration::from_millis(later.cast_unsigned()));
            let what = match kind {
                0 => Some(join(key, if who % 2 == 0 { "1" } else { "2" }, "100")),
                1 => Some(leave(key)),
                2 => Some(ask(key, Action::Mute)),
                3 => Some(answer(key, seq, Outcome::Accepted)),
                4 => Some(hand(key, true)),
                5 => Some(ask(key, Action::Kick)),
                6 => Some(start(key)),
                _ => None,
            };
            if let Some(what) = what {
                seq += 1;
                table.event(&Event { seq: Seq(seq), at: table.now, what });
            }
            let waiting = table.view.next_turn();
            table.view.expire(&table.roster, table.now, |_| false);
            prop_assert!(table.view.next_turn().is_none_or(|at| at > table.now), "{:?} then {:?}", waiting, table.view.next_turn());
            let mut anew = table.view.clone();
            anew.sort(Column::Arrival, false, &table.roster, table.now);
            let mut followed = table.view.rows().iter().collect::<Vec<_>>();
            followed.sort_unstable();
            prop_assert_eq!(followed, anew.rows().iter().collect::<Vec<_>>());
            prop_assert_eq!(table.view.next_turn(), anew.next_turn());
        }
    }
}

#[test]
fn what_changes_many_rows_takes_off_those_that_the_filter_leaves_out_and_nothing_holds() {
    let mut table = Table::new();
    let up = ["a", "b", "c", "d"].iter().flat_map(|key| [(0, join(key, "1122", "12157010680")), (0, hand(key, *key != "d"))]);
    table.play(up);
    table.view.set_filter(Filter::new("hand:"), &table.roster, table.now);
    table.held = table.roster.find(&CallKey::new("b"));
    assert_eq!(table.keys(), ["a", "b", "c"]);
    let cleared = What::HandsCleared(HandsCleared { conference: "1122".into(), by: "ada".into() });
    table.event(&Event { seq: Seq(9), at: Moment(1), what: cleared });
    assert_eq!(table.keys(), ["b"]);
    assert!(table.roster.hands(&"1122".into()).is_empty() && table.roster.all().hands == 0);
}
