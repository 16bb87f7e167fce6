//! What was before a start: told quietly or aloud, the console is the same once all of it has come.

use super::*;
use crate::conference::event::{Ask, FloorGiven, HandMoved, Mode, ModeSet};
use crate::conference::story::events;

#[derive(Clone, Debug)]
enum Step {
    Start(u8),
    Join(u8, u8, bool),
    Leave(u8),
    Hand(u8, bool),
    First(u8),
    Floor(Option<u8>),
    Ask(u8, Action, Option<u8>),
    Answer(u8, u8, Outcome),
    Mode(bool),
    Name(u8),
    Remove(u8),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let who = || 0..9u8;
    let action = prop_oneof![3 => Just(Action::Mute), 2 => Just(Action::Unmute), 1 => Just(Action::Kick)];
    let outcome = prop_oneof![4 => Just(Outcome::Accepted), 1 => Just(Outcome::Refused), 1 => Just(Outcome::NotSent)];
    let step = prop_oneof![
        2 => who().prop_map(Step::Start),
        6 => (who(), 0..2u8, any::<bool>()).prop_map(|(who, room, numbered)| Step::Join(who, room, numbered)),
        4 => who().prop_map(Step::Leave),
        2 => (who(), any::<bool>()).prop_map(|(who, up)| Step::Hand(who, up)),
        1 => who().prop_map(Step::First),
        1 => proptest::option::of(who()).prop_map(Step::Floor),
        4 => (who(), action, proptest::option::of(1..40u8)).prop_map(|(who, action, rule)| Step::Ask(who, action, rule)),
        4 => (who(), 0..12u8, outcome).prop_map(|(who, ago, outcome)| Step::Answer(who, ago, outcome)),
        1 => any::<bool>().prop_map(Step::Mode),
        1 => who().prop_map(Step::Name),
        1 => who().prop_map(Step::Remove),
    ];
    prop::collection::vec(step, 1..700)
}

fn story(steps: &[Step]) -> Vec<Event> {
    let key = |who: u8| format!("call-{who}");
    let whats = steps.iter().enumerate().map(|(place, step)| match step.clone() {
        Step::Start(who) => start(&key(who)),
        // Two of them share a number.
        Step::Join(who, room, numbered) => {
            let number = if numbered { format!("1215701068{}", who / 2) } else { String::new() };
            named_arrival(&key(who), ["1122", "3344"][usize::from(room)], &number, &format!("Caller {who}"))
        }
        Step::Leave(who) => leave(&key(who)),
        Step::Hand(who, up) => hand(&key(who), up),
        Step::First(who) => What::Hand(HandMoved { call: key(who).as_str().into(), up: true, first: true, by: Some("ada".into()) }),
        Step::Floor(who) => {
            What::Floor(FloorGiven { conference: "1122".into(), call: who.map(|who| key(who).as_str().into()), by: "ada".into() })
        }
        Step::Ask(who, action, rule) => match ask(&key(who), action) {
            What::Asked(ask) => {
                let cause = rule.map_or(Cause::Key, |rule| Cause::Rule(Seq((place as u64 + 1).saturating_sub(rule.into()))));
                What::Asked(Ask { cause, ..ask })
            }
            other => other,
        },
        Step::Answer(who, ago, outcome) => answer(&key(who), (place as u64 + 1).saturating_sub(ago.into()), outcome),
        Step::Mode(on) => What::Mode(ModeSet { conference: "1122".into(), mode: Mode::Lecture, on, by: "ada".into() }),
        Step::Name(who) => name(&key(who), "", "Grace"),
        Step::Remove(who) => remove(&key(who)),
    });
    events((1_699_990_000..).zip(whats))
}

/// The console after a start with these events, so many of them told quietly.
fn after_start(events: &[Event], quiet: usize, conference: Option<&str>) -> App {
    let stage = Stage::new(|settings| {
        settings.conference = conference.map(Into::into);
        settings.news_after = Seq(events.len() as u64);
    });
    let mut app = stage.app;
    let (quietly, aloud) = events.split_at(quiet);
    for chunk in quietly.chunks(7) {
        app.update(stage.now, Message::Past(chunk.into()));
    }
    for chunk in aloud.chunks(7) {
        app.update(stage.now, Message::Events(chunk.into()));
    }
    app.update(stage.now, Message::Restored);
    app
}

/// All of a console that a screen is drawn from, but for what the lines say, and for the first row: aloud, a cursor is on
/// it, so that it stays where it is whatever becomes of its caller.
fn picture(app: &App) -> Vec<String> {
    let roster = &app.roster;
    let mut view = app.view.clone();
    let mut rows: Vec<_> = app.view.rows().iter().filter(|id| view.wants(*id, roster, app.now)).collect();
    rows.sort_unstable();
    let conferences = roster.conferences().to_vec();
    let mut seen = vec![
        format!("{:?}", roster.iter().collect::<Vec<_>>()),
        format!("{conferences:?} {:?}", roster.all()),
        format!("{rows:?} {:?}", app.notice),
        format!("{:?} {:?} {:?} {}", app.duplicates, app.last_callback, app.provider, app.folded),
        format!("{:?}", roster.asks_without_answer().collect::<Vec<_>>()),
    ];
    for id in ["1122", "3344"].map(ConferenceId::from) {
        seen.push(format!("{:?} {:?} {:?}", roster.hands(&id), roster.floor(&id), roster.mode(&id, Mode::Lecture)));
    }
    seen.extend(app.lines.iter().map(|line| format!("{:?} {:?}", line.at, line.about)));
    seen
}

proptest! {
    #[test]
    fn what_is_told_quietly_counts_as_what_is_told_aloud(
        steps in steps(),
        quiet in any::<prop::sample::Index>(),
        conference in proptest::option::of(Just("1122")),
    ) {
        let events = story(&steps);
        let quiet = quiet.index(events.len() + 1);
        let (quietly, aloud) = (after_start(&events, quiet, conference), after_start(&events, 0, conference));
        prop_assert_eq!(picture(&quietly), picture(&aloud));
        prop_assert!(!aloud.is_vague());
        if !quietly.is_vague() {
            let say = |app: &App| app.lines.iter().map(|line| line.text.clone()).collect::<Vec<_>>();
            prop_assert_eq!(say(&quietly), say(&aloud));
        }
    }
}

#[test]
fn a_start_says_so_when_it_left_words_out_that_are_in_sight() {
    let steps: Vec<Step> = (0..9).map(|who| Step::Join(who, 0, true)).collect();
    let events = story(&steps);
    assert!(after_start(&events, 3, None).is_vague());
    let anew = after_start(&events, 3, None).anew();
    assert!(!anew.is_vague() && anew.lines.is_empty() && anew.roster.all().rows == 0);
}

#[test]
fn a_day_of_calls_that_came_and_went_does_not_pile_up() {
    let story = (0..20_000_u64).flat_map(|call| [join(&format!("call-{call}"), "1122", ""), leave(&format!("call-{call}"))]);
    let events = events((1_699_900_000..).zip(story));
    let mut app = Stage::new(|settings| settings.news_after = Seq(u64::MAX)).app;
    let mut most = 0;
    for chunk in events.chunks(500) {
        app.update(app.now, Message::Past(chunk.into()));
        most = most.max(app.roster.all().rows);
    }
    // Six hundred seconds of them are remembered, and a thousand are too few to look.
    assert!(most < 3_000, "{most} rows at once");
    assert!(app.view.rows().iter().next().is_none());
}
