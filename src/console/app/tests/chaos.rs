//! Whatever happens in whatever order: a request goes to a caller who was marked, or under the cursor, when the key
//! was pressed, and to nobody else.

use super::*;

#[derive(Clone, Debug)]
enum Step {
    Join(u8),
    Leave(u8),
    Press(&'static str),
    Answer(u8),
    Wait(i64),
}

const KEYS: [&str; 27] = [
    "m",
    "u",
    "k y",
    "k",
    "y",
    "Space",
    "Space",
    "*",
    "Down",
    "Up",
    "Home",
    "End",
    "Shift-Down",
    "Shift-End",
    "s",
    "S",
    "/ a Enter",
    "/ m u t e d Enter",
    "/ 9 Enter",
    "Esc",
    "z",
    "r",
    "Tab",
    "k 1 1 Enter",
    "PgDn",
    "Shift-PgUp",
    "Delete",
];

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (0..14u8).prop_map(Step::Join),
        1 => (0..14u8).prop_map(Step::Leave),
        9 => prop::sample::select(KEYS.to_vec()).prop_map(Step::Press),
        3 => (0..5u8).prop_map(Step::Answer),
        1 => (0..40i64).prop_map(Step::Wait),
    ];
    prop::collection::vec(step, 1..120)
}

/// Who may be asked for by the next press: the marked that are listed, else the caller under the cursor; who a dialog
/// or a countdown names; and for taking back, who was asked for before.
fn allowed(stage: &Stage, key: &str, before: &HashSet<String>) -> HashSet<String> {
    let app = &stage.app;
    let name = |id: CallId| app.roster.get(id).map(|call| call.key().to_owned());
    let mut allowed: HashSet<_> = match &app.dialog {
        Some(dialog) => dialog.targets().iter().filter_map(|target| name(target.id)).collect(),
        None if app.marks.is_empty() => app.cursor.and_then(name).into_iter().collect(),
        None => app.view.rows().iter().filter(|id| app.marks.has(*id)).filter_map(name).collect(),
    };
    if key == "z" && app.dialog.is_none() {
        allowed.clone_from(before);
    }
    allowed
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn nobody_is_asked_for_who_was_not_chosen(steps in steps()) {
        let mut stage = Stage::new(|_| {});
        let mut open: Vec<(u64, Action, String)> = Vec::new();
        let mut before: HashSet<String> = HashSet::new();
        for step in steps {
            match step {
                Step::Join(n) => _ = stage.event(named_arrival(&format!("c{n}"), if n % 5 == 4 { "9" } else { "1122" }, &format!("1215701{n:04}"), &format!("Name {n}"))),
                Step::Leave(n) => _ = stage.event(leave(&format!("c{n}"))),
                Step::Wait(seconds) => _ = stage.wait(seconds),
                Step::Answer(n) => {
                    if !open.is_empty() {
                        let ask = open.remove(usize::from(n) % open.len());
                        let outcome = [Outcome::Accepted, Outcome::Refused, Outcome::Unknown, Outcome::NotSent, Outcome::Accepted][usize::from(n)];
                        let effects = stage.answer(&ask, outcome);
                        for ask in stage.come_round(effects) {
                            prop_assert!(before.contains(&ask.2), "taken back: {ask:?}");
                            open.push(ask);
                        }
                    }
                }
                Step::Press(keys) => {
                    for key in keys.split_whitespace() {
                        let allowed = allowed(&stage, key, &before);
                        for ask in stage.play(key) {
                            prop_assert!(allowed.contains(&ask.2), "{key}: {ask:?} is not among {allowed:?}");
                            before.insert(ask.2.clone());
                            open.push(ask);
                        }
                    }
                }
            }
        }
    }
}
