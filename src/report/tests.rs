//! What the fold makes of a conference: each sentence about a report with a case that breaks when it does.

use super::*;
use crate::conference::event::{Event, HandsCleared, Listening, Mode, ModeSet, Nothing, Recorded, Rule, What};
use crate::conference::story::{answer, ask, events, hand, join, leave, name, named_arrival, remove, start};
use crate::conference::{Action, Outcome};

mod pages;
mod windows;

/// A journal that is a list.
struct Told(Vec<Event>);

impl History for Told {
    fn read(&self, after: Seq, limit: usize) -> Result<Vec<Event>, ReadError> {
        assert!(limit <= CHUNK, "the journal is read in chunks");
        Ok(self.0.iter().filter(|event| event.seq > after).take(limit).cloned().collect())
    }

    fn before(&self, moment: Moment) -> Result<Seq, ReadError> {
        let first = self.0.iter().find(|event| event.at >= moment);
        first.map_or_else(|| self.last(), |event| Ok(Seq(event.seq.0 - 1)))
    }

    fn last(&self) -> Result<Seq, ReadError> {
        Ok(self.0.last().map_or(Seq(0), |event| event.seq))
    }

    fn standing(&self, until: Seq) -> Result<Vec<Event>, ReadError> {
        let stands = |event: &&Event| event.seq <= until && What::STANDING.contains(&event.what.kind());
        Ok(self.0.iter().filter(stands).cloned().collect())
    }

    fn raw(&self, _: Seq) -> Result<Option<String>, ReadError> {
        Ok(None)
    }
}

/// What happened, and in which second.
type Story = Vec<(i64, What)>;

/// A report up to a second, of everything before it.
fn options(until: i64) -> Options {
    Options {
        conference: None,
        since: None,
        until: Moment(until * 1_000),
        stale_after: Duration::from_hours(4),
        look_back: Duration::from_hours(24),
        mask: false,
        zone: TimeZone::UTC,
    }
}

fn told(options: &Options, story: impl IntoIterator<Item = (i64, What)>) -> Report {
    collect(&Told(events(story)), options).expect("a report")
}

/// The attendance lines of a story up to second 1000, as CSV without the line of names.
fn lines(story: impl IntoIterator<Item = (i64, What)>) -> Vec<String> {
    written(&told(&options(1_000), story), false)
}

fn written(report: &Report, audit: bool) -> Vec<String> {
    let mut out = Vec::new();
    csv(report, audit, &mut out).expect("written");
    String::from_utf8(out).expect("UTF-8").lines().skip(1).map(str::to_owned).collect()
}

const ADA: &str = "12157010680";

fn muted(key: &str, on: bool) -> What {
    ask(key, if on { Action::Mute } else { Action::Unmute })
}

fn accepted(key: &str, ask: u64) -> What {
    answer(key, ask, Outcome::Accepted)
}

#[test]
fn a_stay_is_a_line_with_its_times() {
    let story = [(10, named_arrival("a", "1122", ADA, "Ada")), (70, leave("a"))];
    assert_eq!(lines(story), [format!("1122,a,{ADA},Ada,US,1970-01-01T00:00:10Z,1970-01-01T00:01:10Z,60,1,0,0,0,left")]);
}

#[test]
fn seconds_are_those_between_the_times_as_they_are_written() {
    let mut story = events([
        (10, named_arrival("a", "1122", ADA, "Ada")),
        (12, muted("a", true)),
        (12, accepted("a", 2)),
        (14, leave("a")),
        (20, join("a", "1122", ADA)),
        (21, leave("a")),
    ]);
    for (event, millis) in story.iter_mut().zip([10_900, 12_900, 12_950, 14_100, 20_000, 21_999]) {
        event.at = Moment(millis);
    }
    let report = collect(&Told(story), &options(1_000)).expect("a report");
    assert_eq!(written(&report, false), [format!("1122,a,{ADA},Ada,US,1970-01-01T00:00:10Z,1970-01-01T00:00:21Z,5,2,1,2,0,left")]);
    assert_eq!(report.attendance[0].longest, 4_000);
}

/// Key, seconds, stays, mutes, muted seconds, hands, outcome.
fn short(lines: &[String]) -> Vec<String> {
    let cells = |line: &String| line.split(',').map(str::to_owned).collect::<Vec<_>>();
    lines.iter().map(cells).map(|c| [c[1].as_str(), &c[7], &c[8], &c[9], &c[10], &c[11], &c[12]].join(" ")).collect()
}

#[test]
fn stays_follow_the_rosters_own_rules() {
    let kicked = |at| vec![(0, join("a", "1", ADA)), (at, ask("a", Action::Kick)), (at, accepted("a", 2))];
    let cases: [(&str, Story, &[&str]); 11] = [
        (
            "a repeat changes nothing",
            vec![(0, join("a", "1", ADA)), (5, join("a", "1", ADA)), (9, leave("a")), (12, leave("a"))],
            &["a 9 1 0 0 0 left"],
        ),
        (
            "who comes again has two stays",
            vec![(0, join("a", "1", ADA)), (10, leave("a")), (30, join("a", "1", ADA)), (35, leave("a"))],
            &["a 15 2 0 0 0 left"],
        ),
        ("who is in is in", vec![(990, join("a", "1", ADA))], &["a 10 1 0 0 0 in"]),
        ("a call that only started was nowhere", vec![(0, start("a"))], &[]),
        ("a leave without a join is nothing", vec![(0, leave("a"))], &[]),
        ("the end of the flow after a kick is no news", [kicked(10), vec![(20, leave("a"))]].concat(), &["a 10 1 0 0 0 kicked"]),
        (
            "calling back after a kick is no new stay, but time in",
            [kicked(10), vec![(40, join("a", "1", ADA)), (60, leave("a"))]].concat(),
            &["a 30 1 0 0 0 kicked"],
        ),
        ("who called back and is there is in", [kicked(10), vec![(40, join("a", "1", ADA))]].concat(), &["a 970 1 0 0 0 in"]),
        (
            "long after a kick it is a new stay",
            [kicked(10), vec![(100, join("a", "1", ADA)), (110, leave("a"))]].concat(),
            &["a 20 2 0 0 0 left"],
        ),
        ("taken off the list is left", vec![(0, join("a", "1", ADA)), (7, remove("a"))], &["a 7 1 0 0 0 left"]),
        (
            "another conference is another line",
            vec![(0, join("a", "1", ADA)), (7, join("a", "2", ADA)), (9, leave("a"))],
            &["a 7 1 0 0 0 left", "a 2 1 0 0 0 left"],
        ),
    ];
    for (words, story, wanted) in cases {
        assert_eq!(short(&lines(story)), wanted, "{words}");
    }
}

#[test]
fn muted_spans_and_hands_are_counted() {
    let cases: [(&str, Story, &str); 8] = [
        (
            "muted and unmuted",
            vec![
                (0, join("a", "1", "")),
                (10, muted("a", true)),
                (11, accepted("a", 2)),
                (20, muted("a", false)),
                (21, accepted("a", 4)),
                (50, leave("a")),
            ],
            "a 50 1 1 10 0 left",
        ),
        (
            "muted until the end",
            vec![(0, join("a", "1", "")), (10, muted("a", true)), (10, accepted("a", 2)), (50, leave("a"))],
            "a 50 1 1 40 0 left",
        ),
        ("still muted", vec![(900, join("a", "1", "")), (910, muted("a", true)), (910, accepted("a", 2))], "a 100 1 1 90 0 in"),
        (
            "a mute that was refused is none",
            vec![(0, join("a", "1", "")), (10, muted("a", true)), (10, answer("a", 2, Outcome::Refused)), (50, leave("a"))],
            "a 50 1 0 0 0 left",
        ),
        (
            "a repeat of a mute is the same one",
            vec![
                (0, join("a", "1", "")),
                (10, muted("a", true)),
                (10, accepted("a", 2)),
                (12, muted("a", true)),
                (12, accepted("a", 4)),
                (50, leave("a")),
            ],
            "a 50 1 1 40 0 left",
        ),
        (
            "a new stay is open",
            vec![
                (0, join("a", "1", "")),
                (10, muted("a", true)),
                (10, accepted("a", 2)),
                (20, leave("a")),
                (100, join("a", "1", "")),
                (110, leave("a")),
            ],
            "a 30 2 1 10 0 left",
        ),
        (
            "hands",
            vec![
                (0, join("a", "1", "")),
                (5, hand("a", true)),
                (6, hand("a", true)),
                (9, hand("a", false)),
                (20, hand("a", true)),
                (50, leave("a")),
            ],
            "a 50 1 0 0 2 left",
        ),
        (
            "all hands go down at once",
            vec![
                (0, join("a", "1", "")),
                (5, hand("a", true)),
                (6, What::HandsCleared(HandsCleared { conference: "1".into(), by: "ada".into() })),
                (7, hand("a", true)),
                (50, leave("a")),
            ],
            "a 50 1 0 0 2 left",
        ),
    ];
    for (words, story, wanted) in cases {
        assert_eq!(short(&lines(story)), [wanted], "{words}");
    }
}

#[test]
fn hands_that_are_cleared_come_down_then() {
    let cleared = What::HandsCleared(HandsCleared { conference: "1".into(), by: "ada".into() });
    let report = told(&options(100), [(0, join("a", "1", "")), (5, hand("a", true)), (9, cleared), (50, leave("a"))]);
    assert_eq!(report.attendance[0].raised, [Span { from: Moment(5_000), to: Moment(9_000) }]);
}

#[test]
fn longest_stay_and_share_are_worked_out() {
    let story = [
        (0, join("a", "1", ADA)),
        (10, leave("a")),
        (20, join("a", "1", ADA)),
        (60, leave("a")),
        (40, join("b", "1", "")),
        (80, leave("b")),
        (500, join("c", "2", "")),
        (600, leave("c")),
    ];
    let report = told(&options(1_000), story);
    let found: Vec<_> =
        report.attendance.iter().map(|caller| (&*caller.key, caller.longest / 1_000, (caller.share * 70.0).round())).collect();
    // Somebody was in 1122 from 0 to 10 and from 20 to 80: 70 seconds.
    assert_eq!(found, [("a", 40, 50.0), ("b", 40, 40.0), ("c", 100, 70.0)]);
}

#[test]
fn names_are_those_that_stand() {
    let story = [(0, named_arrival("a", "1", ADA, "said")), (5, leave("a")), (9_000, name("x", ADA, "Ada"))];
    assert!(lines(story.clone())[0].contains(",Ada,"), "a name that was given later");
    let unnamed = [(0, named_arrival("a", "1", ADA, "said")), (5, remove("a")), (7, name("x", ADA, "Ada")), (8, name("x", ADA, ""))];
    assert!(lines(unnamed)[0].contains(",said,"), "a name that was taken away, of a row that is gone");
    let withheld = [(0, join("a", "1", "")), (5, name("a", "", "Zoe"))];
    assert!(lines(withheld)[0].starts_with("1,a,,Zoe,,"), "a caller without a number");
    let before = [(0, name("x", ADA, "Ada")), (200_000, join("a", "1", ADA))];
    let late = Options { since: Some(Moment(190_000_000)), ..options(300_000) };
    assert!(written(&told(&late, before), false)[0].contains(",Ada,"), "a name from before what is read");
}

#[test]
fn the_audit_says_who_asked_for_what_and_how_it_ended() {
    let mut ruled = ask("a", Action::Kick);
    if let What::Asked(ask) = &mut ruled {
        (ask.cause, ask.rule) = (crate::conference::event::Cause::Rule(Seq(1)), Some(Rule::Lock));
    }
    let story = [
        (0, named_arrival("a", "1122", ADA, "Ada, the first")),
        (3, ask("a", Action::Mute)),
        (4, answer("a", 2, Outcome::Refused)),
        (5, accepted("a", 2)),
        (6, ruled),
        (7, ask("nobody", Action::Unmute)),
    ];
    assert_eq!(
        written(&told(&options(1_000), story), true),
        [
            format!("1970-01-01T00:00:03Z,moderator,mute,1122,a,{ADA},\"Ada, the first\",key,refused,80,participant not found"),
            format!("1970-01-01T00:00:06Z,moderator,kick,1122,a,{ADA},\"Ada, the first\",lock,waiting,,"),
            format!("1970-01-01T00:00:07Z,moderator,unmute,1122,nobody,{ADA},,key,waiting,,"),
        ]
    );
}

#[test]
fn gaps_are_told() {
    let listening = |down: Option<i64>| What::Listening(Listening { down_since: down.map(|second| Moment(second * 1_000)) });
    let trouble = What::Recorded(Recorded { since: Moment(30_000), refused: 3, lost: 1, late: Vec::new() });
    let story = [(0, listening(None)), (5, join("a", "1", "")), (20, listening(Some(10))), (40, trouble)];
    let report = told(&options(100), story);
    let mut out = Vec::new();
    json_lines(&report, true, &mut out).expect("written");
    let wanted = "{\"record\":\"gap\",\"from\":\"1970-01-01T00:00:10Z\",\"until\":\"1970-01-01T00:00:20Z\",\"seconds\":10,\"reason\":\"the listener was not running\",\"refused\":null,\"lost\":null}\n\
                  {\"record\":\"gap\",\"from\":\"1970-01-01T00:00:30Z\",\"until\":\"1970-01-01T00:00:40Z\",\"seconds\":10,\"reason\":\"the journal could not be written\",\"refused\":3,\"lost\":1}\n";
    assert_eq!(String::from_utf8(out).expect("UTF-8"), wanted);

    let open = told(&options(100), [(0, join("a", "1", "")), (50, What::Stopped(Nothing {}))]);
    assert_eq!(open.gaps, [Gap { from: Moment(50_000), to: None, why: record::Why::NotRunning }], "somebody was in when it stopped");
    let over = told(&options(100), [(0, join("a", "1", "")), (40, leave("a")), (50, What::Stopped(Nothing {}))]);
    assert_eq!(over.gaps, [], "nobody was");
}

#[test]
fn modes_are_told() {
    let set = |mode, on| What::Mode(ModeSet { conference: "1".into(), mode, on, by: "ada".into() });
    let story = [
        (0, join("a", "1", "")),
        (10, set(Mode::Lecture, true)),
        (11, set(Mode::Lecture, true)),
        (30, set(Mode::Lecture, false)),
        (40, set(Mode::Lock, true)),
    ];
    let report = told(&options(100), story);
    let held: Vec<_> = report.modes.iter().map(|held| (held.mode, held.span.from.0 / 1_000, held.span.to.0 / 1_000)).collect();
    assert_eq!(held, [(Mode::Lecture, 10, 30), (Mode::Lock, 40, 100)]);
}
