//! Every rule of a scenario file: once kept, once broken.

use super::super::{Fault, FaultKind, Verb};
use super::*;

const GOOD: &str = r#"title = "t"
conferences = ["1122", "3344"]
[[caller]]
name = "Ada"
number = "+1 212-555 0123"
start = "1s"
at = "2s"
hand = ["3s", "4s"]
leave = "1m"
back = "1m10s"
[[fault]]
caller = "Ada"
action = "kick"
from = 2
times = 3
answer = "slow"
wait = "250ms"
"#;

#[test]
fn a_good_file_says_what_it_means() {
    let scenario = parse("good.toml", GOOD).expect("a scenario");
    let ada = &scenario.callers[0];
    assert_eq!((ada.number.as_str(), ada.conference.as_str()), ("12125550123", "1122"));
    assert_eq!((ada.start, ada.at), (Some(Duration::from_secs(1)), Duration::from_secs(2)));
    assert_eq!((ada.leave, ada.back), (Some(Duration::from_secs(60)), Some(Duration::from_secs(70))));
    let wanted = Fault {
        callers: Some(vec![0]),
        action: Some(Verb::Kick),
        from: 2,
        times: Some(3),
        kind: FaultKind::Slow(Duration::from_millis(250)),
        acts: true,
    };
    assert_eq!(scenario.faults, [wanted]);
    assert_eq!(scenario.action_names, ["CALLFLOW.INSTANCE.CONFERENCE.ACTION"]);
    assert!(scenario.reports_leaving);
}

#[test]
fn numbers_can_be_banned_before_they_call() {
    let banned = "[[banned]]\nnumber = \"+1 917-555 0190\"\nreason = \"loud\"\n";
    let scenario = parse("f", &format!("{GOOD}{banned}")).expect("a scenario");
    let [horn] = &scenario.banned[..] else { panic!("one, not {:?}", scenario.banned) };
    assert_eq!((horn.number.digits().as_str(), horn.reason.as_str()), ("19175550190", "loud"));
    let slip = parse("f", &format!("{GOOD}{}", banned.replace("+1 917-555 0190", "12"))).expect_err("no number");
    assert!(slip.to_string().contains("which is no number of 3 to 15 digits"), "{slip}");
}

#[test]
fn a_number_may_be_withheld_or_a_variable() {
    for (line, wanted) in
        [("withheld = \"anonymous\"", "anonymous"), ("withheld = \"\"", ""), ("number = \"$[E64]\"", "$[E64]"), ("number = \"112\"", "112")]
    {
        let source = GOOD.replace("number = \"+1 212-555 0123\"", line);
        assert_eq!(parse("f", &source).expect(line).callers[0].number, wanted);
    }
}

#[test]
fn every_slip_is_named_with_file_line_and_remedy() {
    // What is replaced, by what, the line, a part of the problem, a part of the remedy.
    let cases = [
        ("title = \"t\"", "tilte = \"t\"", 1, "unknown field `tilte`", "town-hall.toml"),
        ("title = \"t\"", "title = 5", 1, "invalid type", "town-hall.toml"),
        ("title = \"t\"", "title = \"t", 1, "", "town-hall.toml"),
        ("name = \"Ada\"", "nmae = \"Ada\"", 4, "unknown field `nmae`", "town-hall.toml"),
        ("conferences = [\"1122\", \"3344\"]", "conferences = []", 2, "needs a number", "[\"1122\"]"),
        ("conferences = [\"1122\", \"3344\"]", "conferences = [\" \"]", 2, "needs a number", "[\"1122\"]"),
        ("name = \"Ada\"", "conference = \"9\"", 4, "\"9\"", "1122, 3344"),
        ("number = \"+1 212-555 0123\"", "number = \"12\"", 5, "3 to 15 digits", "withheld = \"anonymous\""),
        ("number = \"+1 212-555 0123\"", "", 3, "no `number`", "withheld"),
        ("number = \"+1 212-555 0123\"", "number = \"112\"\nwithheld = \"x\"", 6, "not both", "take"),
        ("number = \"+1 212-555 0123\"", "withheld = \"0151\"", 5, "no digits", "anonymous"),
        ("start = \"1s\"", "start = \"3s\"", 6, "before the script begins", "shorten"),
        ("at = \"2s\"", "at = \"soon\"", 7, "`at` is \"soon\"", "1m30s"),
        ("at = \"2s\"", "at = \"-2s\"", 7, "no time", "1m30s"),
        ("at = \"2s\"", "at = \"25h\"", 7, "24 hours", "1m30s"),
        ("at = \"2s\"", "at = 2", 7, "invalid type", "town-hall.toml"),
        ("at = \"2s\"\n", "", 3, "missing field `at`", "town-hall.toml"),
        ("\"3s\", \"4s\"", "\"4s\", \"3s\"", 8, "a hand moves at 3s", "growing"),
        ("\"3s\", \"4s\"", "\"2s\"", 8, "a hand moves at 2s", "growing"),
        ("leave = \"1m\"", "leave = \"4s\"", 9, "leaves at 4s", "latest"),
        ("back = \"1m10s\"", "back = \"50s\"", 10, "`back` is not after", "later"),
        ("leave = \"1m\"\n", "", 9, "`back` is not after", "give the caller a `leave`"),
        ("caller = \"Ada\"", "caller = \"Bob\"", 12, "\"Bob\"", "as it stands"),
        ("action = \"kick\"", "action = \"KICK\"", 13, "\"KICK\"", "mute, unmute or kick"),
        ("from = 2", "from = 0", 14, "`from` is 0", "1 or more"),
        ("times = 3", "times = 0", 15, "`times` is 0", "1 or more"),
        ("times = 3", "times = -1", 15, "invalid value", "town-hall.toml"),
        ("answer = \"slow\"", "answer = \"slwo\"", 16, "\"slwo\"", "time-out"),
        ("wait = \"250ms\"", "", 16, "needs `wait`", "wait = \"2s\""),
        ("wait = \"250ms\"", "wait = \"long\"", 17, "`wait` is \"long\"", "1m30s"),
        ("wait = \"250ms\"", "wait = \"1s\"\nwords = \"x\"", 18, "`words` does not go with", "answer = \"refuse\""),
        ("wait = \"250ms\"", "wait = \"1s\"\nretry_after = 1", 18, "`retry_after` does not go", "answer = \"busy\""),
        ("wait = \"250ms\"", "wait = \"1s\"\nacts = true", 18, "already says", "take `acts` out"),
        ("answer = \"slow\"\nwait = \"250ms\"", "answer = \"refuse\"", 16, "needs `words`", "words ="),
        ("answer = \"slow\"\nwait = \"250ms\"", "answer = \"refuse\"\nwords = \" \"", 16, "needs `words`", "words ="),
        ("answer = \"slow\"\nwait = \"250ms\"", "answer = \"busy\"", 16, "needs `retry_after`", "retry_after = 1"),
        ("[[fault]]", "[provider]\naction_names = []\n[[fault]]", 12, "without an action", "action_names ="),
        ("[[fault]]", "[crowd]\ncount = 0\nover = \"1s\"\n[[fault]]", 12, "`count` is 0", "smaller"),
        ("[[fault]]", "[crowd]\ncount = 100001\nover = \"1s\"\n[[fault]]", 12, "100000", "smaller"),
    ];
    for (good, bad, line, problem, remedy) in cases {
        assert!(GOOD.contains(good), "{good}");
        let error = parse("play.toml", &GOOD.replacen(good, bad, 1)).expect_err(bad);
        assert_eq!(error.line, Some(line), "{bad}: {error}");
        assert!(error.problem.contains(problem), "{bad}: {error}");
        assert!(error.remedy.contains(remedy), "{bad}: {error}");
        assert!(error.to_string().starts_with(&format!("play.toml, line {line}: ")), "{error}");
    }
    let nobody = parse("play.toml", "title = \"t\"\nconferences = [\"1\"]").expect_err("nobody calls");
    assert!(nobody.to_string().contains("nobody calls"), "{nobody}");
}

#[test]
fn whether_a_fault_acts_has_a_default_and_can_be_set() {
    for (fault, acts) in [
        ("answer = \"half\"", true),
        ("answer = \"half\"\nacts = false", false),
        ("answer = \"time-out\"", false),
        ("answer = \"time-out\"\nacts = true", true),
        ("answer = \"cut\"", false),
        ("answer = \"busy\"\nretry_after = 1", false),
        ("answer = \"empty-error\"", true),
        ("answer = \"unknown-elements\"", true),
        ("answer = \"unknown-action\"", false),
    ] {
        let source = GOOD.replace("answer = \"slow\"\nwait = \"250ms\"", fault);
        assert_eq!(parse("f", &source).expect(fault).faults[0].acts, acts, "{fault}");
    }
}
