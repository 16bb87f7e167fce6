//! Who is asked for what, and who never is.

use super::*;

#[test]
fn m_and_u_ask_for_the_caller_under_the_cursor_with_everything_the_request_needs() {
    let mut stage = Stage::with(3);
    let joined = stage.now;
    stage.wait(7);
    let effects = stage.keys("Down m");
    let [Effect::Append(What::Asked(ask))] = &effects[..] else { panic!("one ask, not {effects:?}") };
    assert_eq!((ask.action, ask.call.as_str(), ask.conference.as_str(), &*ask.number), (Action::Mute, "b", "1122", "12157010681"));
    assert_eq!((&*ask.by, ask.cause, ask.joined), ("ada", Cause::Key, joined));
    assert_eq!(stage.asks("u"), [(Action::Unmute, "b".into())]);
}

#[test]
fn a_kick_is_sent_by_y_and_by_nothing_else() {
    for key in ["Enter", "Esc", "Space", "k", "Y", "n", "m", "q", "Tab", "Ctrl-c", "x", "Down"] {
        let mut stage = Stage::with(2);
        assert_eq!(stage.asks(&format!("k {key}")), [], "{key} sends nothing");
        assert!(stage.app.dialog.is_none(), "{key} closes the dialog");
        assert_eq!(stage.asks("y"), [], "and a y after it is no answer to it");
    }
    assert_eq!(Stage::with(2).asks("Down k y"), [(Action::Kick, "b".into())]);
}

#[test]
fn a_kick_that_was_confirmed_goes_to_the_caller_that_was_named_or_to_nobody() {
    let mut stage = Stage::with(3);
    stage.keys("Down k");
    stage.event(leave("a"));
    stage.event(join("d", "1122", "400"));
    stage.wait(31);
    assert_eq!(stage.asks("y"), [(Action::Kick, "b".into())], "whoever comes and goes meanwhile");

    let mut stage = Stage::with(3);
    stage.keys("Down k");
    stage.event(leave("b"));
    assert_eq!(stage.asks("y"), []);
    assert!(stage.notice().contains("has left") && stage.notice().contains("nothing was sent"), "{}", stage.notice());

    let mut stage = Stage::with(3);
    stage.keys("Down k");
    stage.event(leave("b"));
    stage.event(join("b", "1122", "12157010681"));
    assert_eq!(stage.asks("y"), [], "another stay is another decision");

    let mut stage = Stage::with(3);
    stage.keys("Down k");
    stage.event(remove("b"));
    assert_eq!(stage.asks("y"), []);
}

#[test]
fn a_countdown_kicks_after_three_seconds_and_esc_stops_it() {
    let mut stage = Stage::with(1);
    stage.app.settings.kick = Kick::Countdown;
    assert_eq!(stage.asks("k"), []);
    assert_eq!(asked(stage.wait(2)), []);
    assert_eq!(asked(stage.wait(1)), [(Action::Kick, "a".into())]);
    assert_eq!(asked(stage.wait(9)), [], "once");
    stage.event(join("b", "1122", "200"));
    stage.keys("Down k Esc");
    assert_eq!(asked(stage.wait(5)), []);
}

#[test]
fn a_clock_that_was_set_back_kicks_nobody_late_and_holds_no_key_down() {
    let mut stage = Stage::with(1);
    stage.app.settings.kick = Kick::Countdown;
    assert_eq!(stage.play("k M").len(), 0);
    assert_eq!(asked(stage.wait(-3_600)), []);
    assert!(stage.notice().contains("set back"), "{}", stage.notice());
    assert_eq!((asked(stage.wait(3_600)), asked(stage.wait(9))), (vec![], vec![]), "not an hour later");
    stage.wait(-3_600);
    for on in [false, true, false] {
        stage.wait(1);
        stage.play("M");
        assert_eq!(stage.app.modes_here().next().is_some(), on);
    }
    stage.keys("k");
    stage.wait(-5);
    assert!(stage.app.countdown.is_some(), "a little is waited for");
}

#[test]
fn a_countdown_is_not_replaced_by_another() {
    let mut stage = Stage::with(2);
    stage.app.settings.kick = Kick::Countdown;
    stage.keys("k Down k");
    assert!(stage.notice().contains("already"), "{}", stage.notice());
    assert_eq!(asked(stage.wait(4)), [(Action::Kick, "a".into())]);
}

#[test]
fn a_countdown_is_not_held_up_by_the_help() {
    let mut stage = Stage::with(1);
    stage.app.settings.kick = Kick::Countdown;
    stage.keys("k ?");
    assert!(stage.app.next_change().is_some_and(|next| next <= stage.now.plus(Duration::from_secs(3))), "a late kick is harm");
}

#[test]
fn who_cannot_be_asked_for_is_refused_on_the_spot_with_the_reason() {
    let mut stage = Stage::new(|_| {});
    stage.event(start("calling"));
    for key in ["m", "u", "k"] {
        assert_eq!(stage.asks(key), []);
        assert!(stage.notice().contains("still calling"), "{}", stage.notice());
        assert!(stage.app.dialog.is_none());
    }
    stage.event(join("anonymous", "1122", ""));
    stage.keys("End");
    assert_eq!(stage.asks("m"), []);
    assert!(stage.notice().contains("the provider needs E164"), "{}", stage.notice());
    let slip = crate::conference::event::Arrival { instead: Some("$[E64]".into()), ..arrival("slip", "1122", "") };
    stage.event(What::Joined(slip));
    stage.keys("End");
    assert_eq!(stage.asks("m"), []);
    assert!(stage.notice().contains("$[E64]"), "{}", stage.notice());
    assert!(stage.log_says("write $[E164]$ there"), "the events pane names the slip");
    assert_eq!(stage.app.roster.all().unreachable, 2, "who is only calling may still get one");
    stage.event(join("gone", "1122", "300"));
    stage.event(leave("gone"));
    stage.keys("End");
    assert_eq!(stage.asks("m"), []);
    assert!(stage.notice().contains("has left"));
}

#[test]
fn a_withheld_number_can_be_set_to_be_sent_as_received() {
    let mut stage = Stage::new(|settings| settings.withheld = Withheld::Send);
    stage.event(What::Joined(crate::conference::event::Arrival { instead: Some("anonymous".into()), ..arrival("a", "1122", "") }));
    let effects = stage.keys("m");
    let [Effect::Append(What::Asked(ask))] = &effects[..] else { panic!("one ask, not {effects:?}") };
    assert_eq!(&*ask.number, "anonymous");
    stage.event(join("b", "1122", ""));
    stage.keys("End");
    assert_eq!(stage.asks("m"), [], "but nothing cannot be sent");
}

#[test]
fn m_u_k_stay_allowed_on_every_row_that_is_in_whatever_it_says() {
    for outcome in [Outcome::Accepted, Outcome::Refused, Outcome::NotDelivered, Outcome::Unknown, Outcome::NotSent] {
        let mut stage = Stage::with(1);
        stage.event(ask("a", Action::Mute));
        assert_eq!(stage.asks("m").len(), 0, "a key held down is one press");
        assert_eq!(stage.asks("u").len(), 1, "another ask is another ask, also while one is on its way");
        stage.wait(1);
        assert_eq!(stage.asks("m").len(), 1, "and so is a later one");
        stage.event(answer("a", 2, outcome));
        assert_eq!(stage.asks("m u k y").len(), 3, "{outcome:?}");
    }
    let mut stage = Stage::with(1);
    stage.wait(5 * 3_600);
    assert_eq!(stage.asks("m").len(), 1, "stale");
}

#[test]
fn r_asks_again_where_the_last_ask_failed_or_is_unknown() {
    for (outcome, again) in
        [(Outcome::Refused, 1), (Outcome::NotDelivered, 1), (Outcome::Unknown, 1), (Outcome::Accepted, 0), (Outcome::NotSent, 0)]
    {
        let mut stage = Stage::with(1);
        stage.event(ask("a", Action::Unmute));
        stage.event(answer("a", 2, outcome));
        assert_eq!(stage.asks("r"), vec![(Action::Unmute, "a".to_owned()); again], "{outcome:?}");
    }
    let mut stage = Stage::with(1);
    stage.event(ask("a", Action::Kick));
    stage.event(answer("a", 2, Outcome::Unknown));
    assert_eq!(stage.asks("r"), [], "a kick is asked about again first");
    assert_eq!(stage.asks("y"), [(Action::Kick, "a".into())]);
}

#[test]
fn a_kicked_caller_who_called_back_can_be_kicked_again_and_nothing_else() {
    let mut stage = Stage::with(1);
    stage.event(ask("a", Action::Kick));
    stage.event(answer("a", stage.last(), Outcome::Accepted));
    assert_eq!(stage.asks("k y"), [], "who is out is out");
    stage.event(join("a", "1122", "12157010680"));
    assert!(stage.log_says("was kicked and called back") && stage.notice().contains("called back"));
    assert_eq!(stage.asks("m"), []);
    assert!(stage.notice().contains("k kicks again"), "{}", stage.notice());
    assert_eq!(stage.asks("k y"), [(Action::Kick, "a".into())]);
}

#[test]
fn a_read_only_console_has_no_dangerous_command() {
    let mut stage = Stage::with(1);
    stage.app.settings.read_only = true;
    assert!(stage.keys("m u k y r n Enter Delete").is_empty());
    assert!(stage.notice().contains("read-only"));
    stage.keys("d");
    assert!(stage.app.detail, "looking is allowed");
}

#[test]
fn the_palette_runs_what_it_finds_and_says_why_not() {
    let mut stage = Stage::with(1);
    assert_eq!(stage.asks(": u n m u t e Enter"), [(Action::Unmute, "a".into())]);
    stage.keys(": a g a i n Enter");
    assert!(stage.notice().contains("nothing failed"), "{}", stage.notice());
    stage.keys(": k i c k Enter");
    assert!(matches!(stage.app.dialog, Some(Dialog::Kick(_))), "a kick from the palette asks too");
}

#[derive(Clone, Debug)]
enum Step {
    Event(What),
    Keys(&'static str),
    Wait(i64),
}

fn any_step() -> impl Strategy<Value = Step> {
    let key = || prop::sample::select(vec!["a", "b", "c", "d", "e"]);
    prop_oneof![
        4 => (key(), prop::sample::select(vec!["1", "2"])).prop_map(|(k, c)| Step::Event(join(k, c, "12345"))),
        2 => key().prop_map(|k| Step::Event(leave(k))),
        1 => key().prop_map(|k| Step::Event(remove(k))),
        1 => (key(), 0u64..40).prop_map(|(k, seq)| Step::Event(answer(k, seq, Outcome::Accepted))),
        6 => prop::sample::select(vec!["Up", "Down", "Home", "End", "PgDn", "s", "S", "Tab", "/ a Enter", "Esc", "d", "e", "1"]).prop_map(Step::Keys),
        4 => prop::sample::select(vec!["m", "u", "k", "y", "k y", "r", "Delete"]).prop_map(Step::Keys),
        1 => (1i64..50).prop_map(Step::Wait),
    ]
}

proptest! {
    /// Whatever comes in between, an ask is for the caller who was under the cursor when `m` or `u` was
    /// pressed, or who was named in the dialog when `k` was; and nothing moves that caller's line but keys.
    #[test]
    fn every_ask_is_for_whom_the_moderator_saw(steps in prop::collection::vec(any_step(), 0..80)) {
        let mut stage = Stage::with(2);
        for step in steps {
            let effects = match step {
                Step::Event(what) => {
                    let before = stage.app.cursor.filter(|id| stage.app.view.lists(*id)).map(|id| (id, stage.line()));
                    let effects = stage.event(what);
                    if let Some((id, line)) = before
                        && stage.app.view.lists(id)
                    {
                        prop_assert_eq!(stage.app.cursor, Some(id));
                        prop_assert_eq!(stage.line(), line);
                    }
                    prop_assert!(asked(effects).is_empty(), "news never ask");
                    continue;
                }
                Step::Wait(seconds) => stage.wait(seconds),
                Step::Keys(keys) => {
                    let mut effects = Vec::new();
                    for key in keys.split_whitespace() {
                        let named = match &stage.app.dialog {
                            Some(Dialog::Kick(kick)) => stage.app.roster.get(kick.targets[0].id).map(|call| call.key().to_owned()),
                            _ => Some(stage.cursor()),
                        };
                        for (action, call) in asked(stage.keys(key)) {
                            prop_assert_eq!(Some(&call), named.as_ref());
                            prop_assert_eq!(action == Action::Kick, key == "y");
                            let id = stage.app.roster.find(&CallKey::new(&call));
                            effects.push(Effect::Append(ask(&call, action)));
                            prop_assert!(id.is_some());
                        }
                    }
                    effects
                }
            };
            for effect in effects {
                if let Effect::Append(what) = effect {
                    stage.event(what);
                }
            }
            prop_assert!(stage.app.cursor.is_none_or(|id| stage.app.view.lists(id)));
            prop_assert_eq!(stage.app.cursor.is_none(), stage.app.view.rows().is_empty());
            if let Some(next) = stage.app.next_change() {
                prop_assert!(next > stage.app.now, "a change in the past would make the loop spin");
            }
        }
    }
}
