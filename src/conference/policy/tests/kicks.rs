//! Lock and bans: who is kicked, and who stays.

use super::*;

#[test]
fn whoever_joins_a_locked_conference_is_kicked_after_the_wait() {
    let mut world = World::with(&["in"]);
    world.put(exempt("exempt", true));
    world.put(lock(true));
    let cause = world.put(join("a", "1122", &number("a")));
    world.put(join("exempt", "1122", &number("exempt")));
    world.put(join("nameless", "1122", ""));
    world.put(join("elsewhere", "9", &number("elsewhere")));
    assert_eq!(world.after(1_499), none());
    world.put(join("a", "1122", &number("a")));
    assert_eq!(world.after(1), ["a kick lock"], "those who are in stay");
    let ask = &world.asks[0].1;
    assert_eq!((ask.cause, ask.rule, &*ask.by), (Cause::Rule(cause), Some(Rule::Lock), "grace"));
    world.ends("a", Outcome::Refused);
    world.put(join("a", "1122", &number("a")));
    assert_eq!(world.after(60_000), none(), "the same cause asks once");
}

#[test]
fn whoever_joins_from_a_banned_number_is_kicked_whatever_else_holds() {
    let mut world = World::with(&["in"]);
    for key in ["a", "in", "exempt"] {
        world.put(ban(key, None));
    }
    world.put(exempt("exempt", true));
    world.put(lock(true));
    world.put(lecture(true));
    assert_eq!(world.due(), ["in mute lecture mode"], "a ban kicks nobody who is in");
    world.put(join("a", "1122", &number("a")));
    world.put(join("exempt", "1122", &number("exempt")));
    assert_eq!(world.after(1_500), ["a kick ban", "exempt kick ban"], "the ban is the reason, and nobody is muted on the way out");
    assert_eq!(&*world.asks[1].1.by, "bob");
}

#[test]
fn a_ban_or_lock_must_hold_at_the_join_and_when_it_is_due() {
    let cases: Vec<(&str, Vec<What>, Vec<What>, &str)> = vec![
        ("lifted", vec![ban("a", None)], vec![lift("a")], ""),
        ("lifted and banned", vec![ban("a", None)], vec![lift("a"), ban("a", None)], ""),
        ("expired", vec![ban("a", Some(61_000))], vec![], ""),
        ("expired before", vec![ban("a", Some(60_000))], vec![], ""),
        ("expires later", vec![ban("a", Some(62_000))], vec![], "a kick ban"),
        ("banned after", vec![], vec![ban("a", None)], ""),
        ("unlocked", vec![lock(true)], vec![lock(false)], ""),
        ("locked again", vec![lock(true)], vec![lock(false), lock(true)], ""),
        ("locked after", vec![], vec![lock(true)], ""),
        ("exempt meanwhile", vec![lock(true)], vec![exempt("a", true)], ""),
        ("exempt at the join", vec![lock(true), exempt("a", true)], vec![exempt("a", false)], ""),
        ("banned and locked, lifted", vec![lock(true), ban("a", None)], vec![lift("a")], "a kick lock"),
        ("left", vec![lock(true)], vec![leave("a")], ""),
        ("removed", vec![lock(true)], vec![remove("a")], ""),
        ("came again", vec![lock(true)], vec![leave("a"), join("a", "1122", &number("a"))], "a kick lock"),
    ];
    for (case, before, within, wanted) in cases {
        let mut world = World::with(&[]);
        for what in before {
            world.put(what);
        }
        world.put(join("a", "1122", &number("a")));
        world.now += 100;
        for what in within {
            world.put(what);
        }
        let mut made = world.after(1_400);
        made.extend(world.after(60_000));
        assert_eq!(made.join(", "), wanted, "{case}");
    }
}

#[test]
fn a_kick_by_hand_is_not_repeated_and_a_mute_by_hand_spares_nobody() {
    for (action, asked) in [(Action::Kick, 0), (Action::Mute, 1), (Action::Unmute, 1)] {
        let mut world = World::with(&[]);
        world.put(lock(true));
        world.put(join("a", "1122", &number("a")));
        world.by_hand("a", action, Cause::Key);
        assert_eq!(world.after(1_500).len(), asked, "{action:?}");
    }
}

#[test]
fn whoever_calls_back_right_after_a_kick_is_kicked_again() {
    let mut world = World::with(&[]);
    world.put(lock(true));
    world.put(join("a", "1122", &number("a")));
    world.after(1_500);
    world.ends("a", Outcome::Accepted);
    assert!(!world.policy.is_anybody_in());
    world.put(leave("a"));
    world.now += 30_000;
    let cause = world.put(join("a", "1122", &number("a")));
    assert!(world.policy.is_anybody_in());
    world.now += 100;
    world.put(join("a", "1122", &number("a")));
    assert_eq!(world.after(1_400), ["a kick lock"]);
    let ask = &world.asks[1].1;
    assert_eq!((ask.cause, ask.joined), (Cause::Rule(cause), Moment(91_500)));
    assert_eq!(world.after(20_000), none());
}

#[test]
fn whoever_was_kicked_by_hand_and_calls_back_is_muted_in_a_lecture() {
    let mut world = World::with(&["a"]);
    world.done("a", Action::Kick);
    world.put(lecture(true));
    assert_eq!(world.due(), none());
    world.put(join("a", "1122", &number("a")));
    assert_eq!(world.after(1_500), ["a mute lecture mode"]);
}

#[test]
fn unlocking_and_lifting_stop_kicks_that_have_not_left() {
    for (on, off, why) in
        [(lock(true), lock(false), "the conference is locked no longer"), (ban("a", None), lift("a"), "the ban was lifted")]
    {
        let mut world = World::with(&[]);
        world.put(on.clone());
        world.put(join("a", "1122", &number("a")));
        world.after(1_500);
        let (_, told) = world.tell(off.clone());
        assert_eq!((told.stop, told.why), (vec![world.asks[0].0], why));

        let mut world = World::with(&[]);
        world.put(on);
        world.put(join("a", "1122", &number("a")));
        world.now += 1_500;
        let ask = world.policy.take(Moment(world.now), 9).remove(0);
        world.put(off);
        assert!(world.tell(What::Asked(ask)).1.moot.is_some());
    }
}

#[test]
fn a_caller_whose_kick_failed_is_muted_as_everybody_else() {
    for outcome in [Outcome::Refused, Outcome::NotDelivered, Outcome::Unknown, Outcome::NotSent] {
        let mut world = World::with(&[]);
        world.put(lecture(true));
        world.put(lock(true));
        world.put(join("a", "1122", &number("a")));
        assert_eq!(world.after(1_500), ["a kick lock"]);
        assert_eq!(world.after(5_000), none());
        world.ends("a", outcome);
        assert_eq!(world.due(), ["a mute lecture mode"], "{outcome:?}");
    }
    // Lecture mode ends meanwhile.
    let mut world = World::with(&["a"]);
    world.put(lecture(true));
    world.due();
    world.ends("a", Outcome::Accepted);
    let kick = world.by_hand("a", Action::Kick, Cause::Floor);
    world.put(lecture(false));
    assert_eq!(world.due(), none());
    world.answer("a", kick, Outcome::Refused);
    assert_eq!(world.due(), ["a unmute end of lecture mode"]);
    assert_eq!(&*world.asks.last().expect("asked").1.by, "grace");
    // The kick turns out moot.
    let mut world = World::with(&[]);
    world.put(lecture(true));
    world.put(lock(true));
    world.put(join("a", "1122", &number("a")));
    world.now += 1_500;
    let kick = world.policy.take(Moment(world.now), 9);
    assert_eq!(kick.len(), 1);
    world.put(lock(false));
    assert!(world.tell(What::Asked(kick[0].clone())).1.moot.is_some());
    assert_eq!(world.due(), ["a mute lecture mode"]);
}

#[test]
fn kicks_go_before_mutes() {
    let mut world = World::with(&["a", "b"]);
    world.put(ban("late", None));
    world.put(join("late", "1122", &number("late")));
    world.now += 1_500;
    world.put(lecture(true));
    assert_eq!(world.due(), ["late kick ban", "a mute lecture mode", "b mute lecture mode"]);
}

#[test]
fn unlocking_one_conference_stops_no_kick_of_another() {
    let mut world = World::with(&[]);
    let other = |on| What::Mode(ModeSet { conference: "9".into(), mode: Mode::Lock, on, by: "grace".into() });
    world.put(lock(true));
    world.put(other(true));
    world.put(join("a", "1122", &number("a")));
    world.put(join("b", "9", &number("b")));
    assert_eq!(world.after(1_500), ["a kick lock", "b kick lock"]);
    let (_, told) = world.tell(other(false));
    assert_eq!(told.stop, [world.asks[1].0]);
}

#[test]
fn an_exemption_spares_nobody_who_is_banned() {
    let mut world = World::with(&[]);
    world.put(ban("a", None));
    world.put(lock(true));
    world.put(join("a", "1122", &number("a")));
    world.put(exempt("a", true));
    assert_eq!(world.after(1_500), ["a kick ban"]);
}
