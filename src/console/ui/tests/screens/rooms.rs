//! Who is there: nobody, an ordinary meeting with one of every kind of row, and what makes rows long.

use super::super::order::{ban, mode};
use super::Scene;
use crate::conference::event::{Answer, Arrival, Exempted, FloorGiven, Mode, Seq, What};
use crate::conference::story::{answer, arrival, ask, hand, join, leave, named_arrival, start};
use crate::conference::{Action, Outcome};
use crate::console::app::Message;
use crate::console::app::tests::Stage;
use crate::phone::Number;

pub(super) const SCENES: &[Scene] = &[
    ("empty", || Stage::new(|_| {})),
    ("empty-over-ssh", || Stage::new(|settings| settings.fragile_session = true)),
    ("empty-in-a-demo", || Stage::new(|settings| settings.title = "demo")),
    ("first-caller-in-a-demo", || {
        let mut stage = Stage::new(|settings| settings.title = "demo");
        stage.event(named_arrival("a", "1122", "12025550117", "Margaret Okonkwo"));
        stage
    }),
    ("ordinary", ordinary),
    ("ordinary-end", || pressed(ordinary(), "End")),
    ("masked", || pressed(ordinary(), "p Down Down")),
    ("marked", || pressed(ordinary(), "Down Space Down Down Space Down Space")),
    ("long-names", long_names),
    ("many-conferences", many_conferences),
    ("nobody-in-this-conference", || {
        let mut stage = Stage::new(|settings| settings.conference = Some("1122".into()));
        stage.event(join("a", "1133", "12157010680"));
        stage
    }),
    ("lecture", || {
        let mut stage = ordinary();
        mode(&mut stage, "1122", Mode::Lecture, "ada");
        stage
    }),
    ("both-modes-and-a-fault", || {
        let mut stage = ordinary();
        mode(&mut stage, "1122", Mode::Lecture, "ada");
        mode(&mut stage, "1122", Mode::Lock, "grace");
        stage.app.update(stage.app.now, Message::Fault("the listener stopped".into()));
        stage
    }),
];

/// A stage after some keys.
pub(super) fn pressed(mut stage: Stage, keys: &str) -> Stage {
    stage.play(keys);
    stage
}

/// Asks, and lets it end so.
fn asked(stage: &mut Stage, key: &str, action: Action, outcome: Option<Outcome>) {
    stage.event(ask(key, action));
    let seq = stage.last();
    let Some(outcome) = outcome else { return };
    let mut ended = answer(key, seq, outcome);
    if let What::Answered(Answer { detail, .. }) = &mut ended {
        *detail = match outcome {
            Outcome::Refused => "Participant is protected by the conference owner".into(),
            Outcome::NotDelivered => "connection refused".into(),
            Outcome::Unknown => "no answer within 8 s".into(),
            Outcome::Accepted | Outcome::NotSent => "".into(),
        };
    }
    stage.event(ended);
}

/// A meeting in the middle of things, with one of every kind of row.
pub(super) fn ordinary() -> Stage {
    let mut stage = Stage::new(|_| {});
    stage.event(named_arrival("stale", "1122", "14045550129", "Walter Osei"));
    stage.wait(4 * 3_600 + 60);
    let callers = [
        ("a", "12025550117", "Margaret Okonkwo"),
        ("b", "442079460182", "Zoë Lindström"),
        ("c", "61255500134", "田中 美咲"),
        ("d", "493023125014", "Олена Шевченко"),
        ("e", "33199001234", "Jean-Baptiste Lefèvre de la Tour"),
        ("f", "14155550163", "Rosa Delgado"),
        ("g", "13125550144", "Gus Whitfield"),
        ("h", "447700900118", "Ingrid Sørensen"),
        ("i", "447700900118", "Per Sørensen"),
    ];
    for (key, number, name) in callers {
        stage.event(named_arrival(key, "1122", number, name));
        stage.wait(90);
    }
    let withheld = Arrival { name: Some("A neighbour".into()), instead: Some("anonymous".into()), ..arrival("j", "1122", "") };
    stage.event(What::Joined(withheld));
    stage.event(join("k", "1122", ""));
    stage.event(join("l", "1122", "19175550190"));
    stage.event(named_arrival("m", "1122", "496990009027", "Łukasz Wiśniewski"));
    stage.event(named_arrival("n", "1122", "61370100159", "Hiroshi Yamamoto"));
    stage.event(named_arrival("o", "1122", "441314960175", "Siobhán Ní Bhriain"));
    let exempted =
        What::Exempted(Exempted { call: "m".into(), number: Number::from_digits("496990009027"), exempt: true, by: "ada".into() });
    stage.event(exempted);
    ban(&mut stage, "33199001234", "shouting", Some(2));
    asked(&mut stage, "a", Action::Mute, Some(Outcome::Accepted));
    asked(&mut stage, "c", Action::Unmute, Some(Outcome::Unknown));
    asked(&mut stage, "d", Action::Kick, Some(Outcome::Accepted));
    asked(&mut stage, "f", Action::Kick, Some(Outcome::Accepted));
    stage.event(leave("f"));
    stage.event(named_arrival("f", "1122", "14155550163", "Rosa Delgado"));
    for key in ["n", "b", "g", "e"] {
        stage.event(hand(key, true));
    }
    stage.event(What::Floor(FloorGiven { conference: "1122".into(), call: Some("n".into()), by: "ada".into() }));
    asked(&mut stage, "n", Action::Unmute, Some(Outcome::Accepted));
    stage.wait(20);
    asked(&mut stage, "g", Action::Mute, Some(Outcome::Refused));
    asked(&mut stage, "i", Action::Mute, Some(Outcome::NotDelivered));
    asked(&mut stage, "h", Action::Mute, None);
    stage.event(leave("o"));
    stage.event(start("p"));
    stage.app.update(stage.app.now, Message::PhonesReady);
    stage
}

/// Names that take more room than there is, of wide and of narrow letters.
pub(super) fn long_names() -> Stage {
    let mut stage = Stage::new(|_| {});
    let callers = [
        ("a", "8675512345678", "深圳市人民代表大会常务委员会办公厅新闻发言人李小龙先生"),
        ("b", "918022212345", "Thiruvananthapuram Venkatasubramanian Krishnamoorthy"),
        ("c", "442079460182", "Zoë"),
        ("d", "493023125014", "Prof. Dr. Dr. h. c. mult. Wolfgang Amadeus von und zu Guttenberg-Hohenstein"),
    ];
    for (key, number, name) in callers {
        stage.event(named_arrival(key, "1122", number, name));
        stage.event(hand(key, true));
        asked(&mut stage, key, Action::Mute, Some(Outcome::Refused));
    }
    let exempted =
        What::Exempted(Exempted { call: "b".into(), number: Number::from_digits("918022212345"), exempt: true, by: "ada".into() });
    stage.event(exempted);
    ban(&mut stage, "8675512345678", "", None);
    stage.app.update(stage.app.now, Message::PhonesReady);
    stage
}

/// More conferences than there is room for tabs.
fn many_conferences() -> Stage {
    let mut stage = Stage::new(|_| {});
    for place in 0..12_u64 {
        stage.event(named_arrival(&format!("c{place}"), &format!("all-hands-{place}"), &format!("1215701068{}", place % 10), "Somebody"));
    }
    assert_eq!(stage.last(), Seq(12).0);
    stage
}
