use super::*;
use crate::phone::Number;

fn make(kind: Kind, query: &str) -> Result<What, Slip> {
    read(kind, &Fields::parse(query, b""), None)
}

fn arrived(query: &str) -> Arrival {
    match make(Kind::Start, query) {
        Ok(What::Started(arrival)) => arrival,
        other => panic!("{query}: {other:?}"),
    }
}

fn raw(query: &str, form: &str) -> String {
    Fields::parse(query, form.as_bytes()).raw()
}

#[test]
fn every_spelling_in_any_case_fills_its_field() {
    let wanted = Arrival {
        call: CallKey::new("12312345"),
        conference: Some("1122".into()),
        number: Number::from_digits("12157010680"),
        instead: None,
        name: Some("Ada L".into()),
        called: Some("4930".into()),
        others: None,
        hand: false,
    };
    for query in [
        "CALLFLOW.INSTANCE.KEY=12312345&E164=12157010680&CONFERENCE.NUMBER=1122&CALLERNAME=Ada+L&CALLED=4930",
        "key=12312345&number=12157010680&conference=1122&name=Ada%20L&called=4930",
        "KEY=12312345&Number=+12157010680&Conference=1122&NAME=%20Ada++L%20&Called=4930",
        "callflow.instance.key=12312345&e164=%2B1+215-701-0680&conference.number=+1122+&CallerName=Ada%00+L&called=4930",
        "CALLFLOW%2EINSTANCE%2EKEY=12312345&e164=12157010680&conference=1122&name=Ada+L&CALLED=%34930",
    ] {
        assert_eq!(arrived(query), wanted, "{query}");
    }
}

#[test]
fn the_first_spelling_that_says_anything_wins() {
    for (query, key) in [
        ("CALLFLOW.INSTANCE.KEY=&key=2", "2"),
        ("key=2&CALLFLOW.INSTANCE.KEY=1", "1"),
        ("key=&key=%20&key=3&key=4", "3"),
        ("key=%E2%80%8B&KEY=5", "5"),
    ] {
        assert_eq!(arrived(query).call.as_str(), key, "{query}");
    }
    let both = read(Kind::Start, &Fields::parse("key=query&name=", b"key=form&name=Form"), None);
    let Ok(What::Started(arrival)) = both else { panic!("{both:?}") };
    assert_eq!((arrival.call.as_str(), arrival.name.as_deref()), ("query", Some("Form")));
}

#[test]
fn other_fields_can_be_found_by_their_values() {
    let others = |query: &str| arrived(&format!("key=7&name=Ada&{query}")).others.map(String::from);
    assert_eq!(others("company=Bolt%1b+%26+Co&LANGUAGE=fr&empty="), Some("Bolt & Co fr".into()));
    assert_eq!(others("state=up&hand=up&called=49"), None, "what has a meaning of its own is no other field");
    assert!(others(&format!("a={}&b={}", "x".repeat(200), "y".repeat(200))).is_some_and(|text| text.len() <= 256));
}

#[test]
fn what_stands_in_for_a_number_is_kept() {
    for (number, instead) in [
        ("", None),
        ("+", None),
        ("anonymous", Some("anonymous")),
        ("Restricted", Some("Restricted")),
        ("$[E64]", Some("$[E64]")),
        ("$[E164]$", Some("$[E164]$")),
        ("sip%3Aada", Some("sip:ada")),
        ("12", Some("12")),
        ("%1b[2J", Some("[2J")),
        ("%1b", None),
    ] {
        let arrival = arrived(&format!("key=7&E164={number}"));
        assert_eq!((arrival.number, arrival.instead.as_deref()), (None, instead), "{number}");
    }
    let arrival = arrived("key=7&E164=+49+(30)+901820");
    assert_eq!((arrival.number.map(Number::digits), arrival.instead), (Some("4930901820".into()), None));
}

#[test]
fn variables_that_were_not_substituted_are_no_values() {
    let arrival = arrived("key=7&name=$[NAME]$&CALLED=$[CALLED]&conference=$[CONF]");
    assert_eq!((arrival.name, arrival.called, arrival.conference), (None, None, None));
    for (query, slip) in [
        ("key=$[KEY]", Slip::KeyNotSubstituted("$[KEY]".into())),
        ("key=x$[KEY]y", Slip::KeyNotSubstituted("x$[KEY]y".into())),
        ("key=%24%E2%80%8B%5BKEY]", Slip::KeyNotSubstituted("$[KEY]".into())),
        ("", Slip::NoKey),
        ("key=%1b%E2%80%8B", Slip::NoKey),
    ] {
        for kind in [Kind::Start, Kind::Join, Kind::Leave, Kind::Hand] {
            assert_eq!(make(kind, query), Err(slip.clone()), "{kind:?} {query}");
        }
    }
}

#[test]
fn only_a_join_needs_a_conference() {
    assert_eq!(make(Kind::Join, "key=7"), Err(Slip::NoConference));
    assert_eq!(make(Kind::Join, "key=7&conference=$[C]$"), Err(Slip::ConferenceNotSubstituted("$[C]$".into())));
    let configured = ConferenceId::new("4711");
    for (query, wanted) in [("key=7", "4711"), ("key=7&conference=$[C]$", "4711"), ("key=7&conference=1122", "1122")] {
        let made = read(Kind::Join, &Fields::parse(query, b""), Some(&configured));
        let Ok(What::Joined(arrival)) = made else { panic!("{made:?}") };
        assert_eq!(arrival.conference.as_ref().map(ConferenceId::as_str), Some(wanted), "{query}");
    }
    let started = read(Kind::Start, &Fields::parse("key=7", b""), Some(&configured));
    let Ok(What::Started(arrival)) = started else { panic!("{started:?}") };
    assert_eq!(arrival.conference, None, "a start is in no conference that it does not name");
    assert_eq!(make(Kind::Leave, "key=7"), Ok(What::Left(CallOnly { call: "7".into() })));
}

#[test]
fn hands() {
    for (query, up) in [
        ("", true),
        ("&state=", true),
        ("&state=up", true),
        ("&state=$[STATE]$", true),
        ("&STATE=Up", true),
        ("&state=down", false),
        ("&state=+DOWN+", false),
        ("&hand=down", false),
    ] {
        assert_eq!(
            make(Kind::Hand, &format!("key=7{query}")),
            Ok(What::Hand(HandMoved { call: "7".into(), up, first: false, by: None })),
            "{query}"
        );
    }
    for state in ["1", "upp", "raised"] {
        assert_eq!(make(Kind::Hand, &format!("key=7&state={state}")), Err(Slip::State(state.into())));
    }
    for (query, hand) in
        [("", false), ("&hand=up", true), ("&HAND=UP", true), ("&hand=down", false), ("&hand=1", false), ("&state=up", false)]
    {
        let made = make(Kind::Join, &format!("key=7&conference=1{query}"));
        let Ok(What::Joined(arrival)) = made else { panic!("{made:?}") };
        assert_eq!(arrival.hand, hand, "{query}");
    }
    assert!(!arrived("key=7&hand=up").hand, "nobody has a hand up before the conference");
}

#[test]
fn long_fields_are_refused_or_cut() {
    let (fits, long) = ("9".repeat(256), "9".repeat(257));
    for (name, field) in [("key", "CALLFLOW.INSTANCE.KEY"), ("E164", "E164"), ("number", "E164"), ("conference", "CONFERENCE.NUMBER")] {
        for kind in [Kind::Start, Kind::Join, Kind::Leave, Kind::Hand] {
            let rest = if name == "key" { "conference=1" } else { "key=7&conference=" };
            assert_eq!(make(kind, &format!("{name}={long}&{rest}")), Err(Slip::TooLong { field, bytes: 257 }), "{kind:?} {name}");
        }
        assert!(make(Kind::Join, &format!("{name}=++{fits}+&key=7&conference=1")).is_ok(), "{name}: white space around does not count");
    }
    let arrival = arrived(&format!("key=7&name={}&called={long}", "e%CC%81".repeat(200)));
    assert_eq!(arrival.name.map(|name| name.len()), Some(255), "whole letters of 3 bytes");
    assert_eq!(arrival.called.map(|called| called.len()), Some(256));
}

#[test]
fn raw_fields_are_kept_in_order_within_bounds() {
    assert_eq!(raw("key=7&b=1&b=2", "a=%1b"), r#"{"key":"7","b":"1","b":"2","a":"\u001b"}"#);
    assert_eq!(raw("", ""), "{}");
    assert_eq!(raw("key=&Key=7&key=8&number=&number=", ""), r#"{"Key":"7","number":""}"#, "a known spelling stands once");
    let many: String = (0..100).fold(String::new(), |many, i| many + &format!("x{i}=1&"));
    let kept = raw(&many, "key=7&E164=1215");
    assert_eq!(kept.matches(':').count(), 18, "{kept}");
    assert!(kept.contains("\"x15\"") && !kept.contains("\"x16\"") && kept.contains("\"key\":\"7\",\"E164\":\"1215\""), "{kept}");
    assert_eq!(raw(&format!("a={}", "e%CC%81".repeat(200)), "").len(), "{'a':''}".len() + 85 * 7, "cut at a letter");
    assert_eq!(raw(&format!("a=e{}", "%CC%81".repeat(10_000)), "").len(), "{'a':'e'}".len() + 127 * 6, "one endless letter is cut inside");
    assert_eq!(raw(&"n".repeat(300), "").len(), 256 + "{'':''}".len());
    assert_eq!(raw("a=%ff%fe", ""), "{\"a\":\"\u{fffd}\u{fffd}\"}");
}

#[test]
fn a_slip_names_field_fault_and_remedy_in_little_room() {
    let hostile = format!("state={}&key=7", "%1b]52;c;%E2%80%AE".repeat(1_000));
    let slip = make(Kind::Hand, &hostile).expect_err("no state");
    let words = slip.to_string();
    assert!(words.chars().all(text::is_showable) && words.len() < 200, "{words:?}");
    assert!(words.contains("up or down"), "{words}");
    for kind in [Kind::Start, Kind::Join, Kind::Leave, Kind::Hand] {
        assert_eq!(Kind::from_path(kind.word()), Some(kind));
    }
}

#[test]
fn what_waits_for_the_disk_takes_no_more_room_than_is_kept() {
    let query = format!("key=7&name={}&other={}", "x".repeat(60_000), "y".repeat(60_000));
    let raw = Fields::parse(&query, &[]).raw();
    assert!(raw.len() > FIELD_BYTES && raw.capacity() < 4 * FIELD_BYTES, "{} of {}", raw.len(), raw.capacity());
}
