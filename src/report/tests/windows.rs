//! What lies within the time of a report, and what is hidden in it.

use super::*;

fn between(since: i64, until: i64, story: Vec<(i64, What)>) -> Report {
    told(&Options { since: Some(Moment(since * 1_000)), ..options(until) }, story)
}

#[test]
fn only_what_lies_between_counts() {
    let stay = || vec![(100, join("a", "1", ADA)), (200, leave("a"))];
    let cases = [
        ("all of it", 0, 300, "a 100 1 0 0 0 left"),
        ("it began before", 150, 300, "a 50 1 0 0 0 left"),
        ("it ended after: then it was in", 0, 150, "a 50 1 0 0 0 in"),
        ("the middle of it", 120, 130, "a 10 1 0 0 0 in"),
    ];
    for (words, since, until, wanted) in cases {
        assert_eq!(short(&written(&between(since, until, stay()), false)), [wanted], "{words}");
    }
    for (since, until) in [(0, 50), (200, 300), (250, 300)] {
        assert!(between(since, until, stay()).attendance.is_empty(), "{since} to {until}");
    }
    let line = &written(&between(150, 300, stay()), false)[0];
    assert!(line.contains("1970-01-01T00:01:40Z,1970-01-01T00:03:20Z,50,"), "joined and left are told as they were: {line}");
}

#[test]
fn mutes_and_asks_are_cut_to_the_time_too() {
    let story = || {
        vec![
            (100, join("a", "1122", ADA)),
            (110, muted("a", true)),
            (110, accepted("a", 2)),
            (140, muted("a", false)),
            (151, accepted("a", 4)),
            (200, leave("a")),
        ]
    };
    let report = between(120, 150, story());
    assert_eq!(short(&written(&report, false)), ["a 30 1 1 30 0 in"]);
    let asks: Vec<_> = report.asks.iter().map(|ask| (ask.action, ask.outcome)).collect();
    assert_eq!(asks, [(Action::Unmute, Some(Outcome::Accepted))], "an answer that came a little later is told");
}

#[test]
fn a_long_journal_is_read_from_where_it_matters() {
    let mut story = vec![(0, join("old", "1", ""))];
    story.extend((0..3_000).map(|place| (10 + place, join(&format!("c{place}"), "1", ""))));
    story.push((200_000, join("new", "1", "")));
    let late = Options {
        since: Some(Moment(199_000_000)),
        look_back: Duration::from_secs(198_000),
        stale_after: Duration::from_secs(1_000_000),
        ..options(300_000)
    };
    let keys: Vec<_> = told(&late, story.clone()).attendance.iter().map(|caller| caller.key.clone()).collect();
    assert_eq!(keys.len(), 2_011, "those that joined within the look back, and the new one");
    assert_eq!(told(&options(300_000), story).attendance.len(), 3_002, "all chunks are read");
}

#[test]
fn a_call_without_news_is_stale_and_counts_to_the_last_of_them() {
    let story = [(0, join("a", "1", ADA)), (30, hand("a", true)), (40, join("b", "1", ""))];
    let report = told(&Options { stale_after: Duration::from_secs(965), ..options(1_000) }, story);
    assert_eq!(short(&written(&report, false)), ["a 30 1 0 0 1 stale", "b 960 1 0 0 0 in"]);
}

#[test]
fn one_conference_leaves_the_others_out_and_an_unknown_one_is_named() {
    let mut other = ask("b", Action::Mute);
    if let What::Asked(ask) = &mut other {
        ask.conference = "2".into();
    }
    let story = || vec![(0, join("a", "1", ADA)), (1, join("b", "2", "")), (2, other.clone())];
    let one = Options { conference: Some("1".into()), ..options(10) };
    let report = told(&one, story());
    assert_eq!((report.attendance.len(), report.asks.len(), report.conferences), (1, 0, vec!["1".to_owned()]));
    let none = Options { conference: Some("3".into()), ..options(10) };
    let error = collect(&Told(events(story())), &none).expect_err("no such conference");
    assert_eq!(error.to_string(), "there is no conference 3 in the journal in this time; there is 1, 2");
    let error = collect(&Told(Vec::new()), &none).expect_err("no conference at all");
    assert!(error.to_string().contains("no other one") && error.to_string().contains("--journal"), "{error}");
    assert!(collect(&Told(Vec::new()), &options(10)).expect("empty").attendance.is_empty());
}

#[test]
fn masking_hides_digits_everywhere() {
    let mut refused = answer("4471000123", 2, Outcome::Refused);
    if let What::Answered(answer) = &mut refused {
        answer.detail = "no participant +1 (215) 701-0680 in 112233445".into();
    }
    let story = || {
        let mut asked = ask("4471000123", Action::Mute);
        if let What::Asked(ask) = &mut asked {
            (ask.by, ask.conference) = ("desk 49301234567".into(), "112233445".into());
        }
        vec![
            (0, named_arrival("4471000123", "112233445", ADA, "Ada 0049 30 901820")),
            (1, asked),
            (2, refused.clone()),
            (3, join("4471000124", "112233445", ADA)),
            (4, join("4471000125", "112233445", "")),
        ]
    };
    let masked = Options { mask: true, ..options(100) };
    let report = told(&masked, story());
    let mut all = page(&report);
    for audit in [false, true] {
        all += &written(&report, audit).join("\n");
        let mut json = Vec::new();
        json_lines(&report, audit, &mut json).expect("written");
        all += &String::from_utf8(json).expect("UTF-8");
    }
    for secret in ["2157", "701", "0680", "4471", "000123", "112233", "4930", "9018", "0049"] {
        assert!(!all.contains(secret), "{secret} is shown");
    }
    assert!(all.contains("*********80"), "the last two digits tell callers apart");
    let error = collect(&Told(events(story())), &Options { conference: Some("9".into()), ..masked }).expect_err("unknown").to_string();
    assert!(!error.contains("112233"), "{error}");
    let open = page(&told(&options(100), story()));
    assert!(open.contains("+1 215-701-0680"), "and without it they are all there");
}
