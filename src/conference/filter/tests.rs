//! What a filter finds, what it says of a slip, and what holds for any text.

use proptest::prelude::*;

use super::*;
use crate::conference::event::{Arrival, Contact, Contacts, What};
use crate::conference::story::{answer, arrival, ask, events, hand, join, leave, start};
use crate::conference::{Action, Outcome};

const STALE: Duration = Duration::from_secs(4 * 3_600);

/// A minute after the last of them came: a (Ada, Germany, muted), b (no name, GB, hand up), c (withheld), d (calling),
/// e (kicked and back), f (left), g (the unmute failed).
fn floor() -> (Roster, Moment) {
    let mut roster = Roster::default();
    let named = |key: &str, number: &str, name: &str, others: &str| {
        let others = (!others.is_empty()).then(|| others.into());
        What::Joined(Arrival { name: Some(name.into()), others, called: Some("4989123".into()), ..arrival(key, "1122", number) })
    };
    let number = crate::phone::Number::from_digits("61255500134").expect("a number");
    let speaker = Contact { number, name: "Gus".into(), role: "speaker".into(), note: "late slot".into(), exempt: true };
    let story = [
        (0, named("a", "4930901820", "Ada Lovelace", "gold Bolt")),
        (1, join("b", "3344", "442079460182")),
        (2, What::Joined(Arrival { instead: Some("anonymous".into()), ..arrival("c", "1122", "") })),
        (3, start("d")),
        (4, named("e", "12157010680", "Zoë ΟΔΟΣ", "")),
        (5, named("f", "33142685300", "Frieda", "")),
        (6, ask("a", Action::Mute)),
        (7, answer("a", 7, Outcome::Accepted)),
        (8, hand("b", true)),
        (9, ask("e", Action::Kick)),
        (10, answer("e", 10, Outcome::Accepted)),
        (20, named("e", "12157010680", "Zoë ΟΔΟΣ", "")),
        (30, leave("f")),
        (31, named("g", "61255500134", "Gus", "")),
        (32, ask("g", Action::Mute)),
        (33, answer("g", 15, Outcome::Accepted)),
        (34, ask("g", Action::Unmute)),
        (35, answer("g", 17, Outcome::Refused)),
        (36, What::Contacts(Contacts { edited: Moment(1), people: vec![speaker], gone: vec![] })),
    ];
    for event in &events(story) {
        roster.apply(event);
    }
    (roster, Moment(60_000))
}

fn matching((roster, now): &(Roster, Moment), filter: &Filter) -> String {
    let mut places = Places::default();
    let rows = roster.iter().filter(|(_, call)| filter.matches(&Row { roster, call, now: *now, stale_after: STALE }, &mut places));
    rows.map(|(_, call)| call.key()).collect()
}

#[test]
fn each_term_finds_what_it_says() {
    let floor = floor();
    let tag = crate::conference::CallKey::new("c").tag();
    for (text, found) in [
        ("", "abcdefg"),
        ("ada", "a"),
        ("-ada", "bcdefg"),
        ("LOVE -gold", ""),
        ("zoË", "e"),
        ("οδος", "e"),
        ("\"ada love\"", "a"),
        ("\"ada  love\"", ""),
        ("-\"Ada Lovelace\" muted", "g"),
        ("name:ada", "a"),
        ("name:\"ada l\"", "a"),
        ("-name:", "bcd"),
        ("number:", "abefg"),
        ("-number:", "cd"),
        ("number:215", "e"),
        ("number:+1215", "e"),
        ("number:+215", ""),
        ("(215)-701", "e"),
        ("number:anon", "c"),
        ("no number", "cd"),
        (tag.as_str(), "c"),
        ("conference:33", "b"),
        ("conf:", "abcefg"),
        ("called:4989", "aefg"),
        ("field:BOLT", "a"),
        ("field:ada", ""),
        ("role:speak", "g"),
        ("-role:", "abcdef"),
        ("field:slot", "g"),
        ("speaker late", "g"),
        ("state:exempt", "g"),
        ("-state:ex", "abcdef"),
        ("hand:", "b"),
        ("hand:down -state:calling", "acefg"),
        ("-hand:up", "acdefg"),
        ("hand", "b"),
        ("state:muted", "ag"),
        ("state:failed", "g"),
        ("-state:muted", "bcdef"),
        ("state:kick", "e"),
        ("state:CALL", "de"),
        ("state:calling,left", "df"),
        ("state:called-back", "e"),
        ("state:no-number", "cd"),
        ("st:o", "bc"),
        ("muted", "ag"),
        ("place:DE", "a"),
        ("place:germ", "a"),
        ("place:\"united k\"", "b"),
        ("-place:de number:", "befg"),
        ("-place:", "cd"),
        (">58s", "abc"),
        ("<58s", "defg"),
        (">1", "a"),
        ("-<1m", "a"),
        (">25s <57s", "fg"),
    ] {
        let filter = Filter::new(text);
        assert_eq!(filter.slip(), None, "{text}");
        assert_eq!(matching(&floor, &filter), found, "{text}");
    }
}

#[test]
fn what_cannot_be_read_is_named_with_the_words_that_exist_and_the_rest_holds() {
    let floor = floor();
    for (text, sentence, remedy, found) in [
        (">ten", ">ten is no time", ">10m", "abcdefg"),
        (">", "> wants a time", ">1h30m", "abcdefg"),
        ("ada <5x", "<5x is no time", "minutes", "a"),
        (">99999999999999999999m", "is no time", ">2d", "abcdefg"),
        (">9999999d", "is no time", ">2d", "abcdefg"),
        ("state:flying", "no state flying", "called-back", "abcdefg"),
        ("-state:flying ada", "no state flying", "open", "a"),
        ("state:", "wants a word", "muted", "abcdefg"),
        ("state:muted,", "wants a word", "no-number", "abcdefg"),
        ("hand:sideways", "not sideways", "hand:down", "abcdefg"),
        ("place:xyzzy", "no country is called xyzzy", "place:DE", "abcdefg"),
        ("colour:red", "no field colour:", "name: number:", "abcdefg"),
        ("n:a", "no field n:", "conference:", "abcdefg"),
        ("number:--", "has no digits", "number:215", "abcdefg"),
        ("\"ada", "not closed", "both sides", "abcdefg"),
        ("name:\"nobody", "not closed", "both sides", "abcdefg"),
        ("ada -\"ada x", "not closed", "both sides", "a"),
        ("ada \"\"", "nothing stands", "two words", "a"),
        ("ada -", "- wants a word", "-state:muted", "a"),
    ] {
        let filter = Filter::new(text);
        let slip = filter.slip().unwrap_or_else(|| panic!("{text} is a slip"));
        assert!(slip.sentence.contains(sentence) && slip.remedy.contains(remedy), "{text}: {slip:?}");
        assert_eq!(matching(&floor, &filter), found, "{text}: nobody goes for what cannot be read");
        assert_eq!(filter.text(), text, "what was typed stays");
        let said = format!("{} {}", slip.sentence, slip.remedy);
        assert!(!["muting", "kicking"].iter().any(|word| said.contains(word)), "those words are the voice column's: {said}");
    }
    assert!(Filter::new("10:30").slip().is_none(), "a time of day is a word");
}

proptest! {
    #[test]
    fn any_text_is_read_and_judged_without_fault(text in "\\PC{0,40}|[-><:\" a-z0-9,+]{0,30}") {
        let filter = Filter::new(&text);
        matching(&floor(), &filter);
        prop_assert_eq!(filter.text(), &text);
    }

    #[test]
    fn minus_wants_exactly_the_others(term in "(name:|number:|state:|hand:|place:|field:|>|<)?[a-z0-9]{0,3}|\"[a-z ]{1,4}\"") {
        let (wanted, unwanted) = (Filter::new(&term), Filter::new(&format!("-{term}")));
        prop_assume!(wanted.slip().is_none() && !term.is_empty());
        let floor = floor();
        let mut both: Vec<_> = (matching(&floor, &wanted) + &matching(&floor, &unwanted)).chars().collect();
        both.sort_unstable();
        prop_assert_eq!(both.into_iter().collect::<String>(), "abcdefg");
    }

    #[test]
    fn a_text_is_found_in_any_case_as_the_library_finds_it(text in "[a-zA-ZäÄéÉß 0-9]{0,12}", wanted in "[a-zA-ZäÄéÉß]{0,3}") {
        let wanted_small: String = small(&wanted).collect();
        prop_assert_eq!(holds(&text, &wanted_small), text.to_lowercase().contains(&wanted.to_lowercase()));
    }
}
