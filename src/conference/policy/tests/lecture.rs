//! Lecture mode: whom it mutes, whom it spares, and to whom it gives the voice back.

use super::*;

#[test]
fn everyone_who_is_in_is_muted_but_for_those_it_spares() {
    let mut world = World::with(&["a", "muted", "muting", "unmuting", "exempt", "listed", "floor", "left"]);
    world.put(join("nameless", "1122", ""));
    world.put(join("elsewhere", "9", &number("elsewhere")));
    world.put(start("calling"));
    world.put(exempt("exempt", true));
    world.put(listed("listed", true, 1));
    world.put(floor("floor"));
    world.put(leave("left"));
    world.done("muted", Action::Mute);
    world.by_hand("muting", Action::Mute, Cause::Bulk);
    world.by_hand("unmuting", Action::Unmute, Cause::Key);
    world.now += 60_000;
    let cause = world.put(lecture(true));
    assert_eq!(world.due(), ["a mute lecture mode", "unmuting mute lecture mode"], "in order of arrival");
    let ask = &world.asks[0].1;
    assert_eq!((ask.cause, ask.rule, &*ask.by), (Cause::Rule(cause), Some(Rule::Lecture), "grace"));
    assert_eq!((ask.conference.as_str(), &*ask.number, ask.joined), ("1122", &*number("a"), Moment(0)));
    world.put(lecture(true));
    assert_eq!(world.after(60_000), none(), "a repeat changes nothing");
}

#[test]
fn whoever_joins_is_muted_after_the_wait() {
    let mut world = World::with(&[]);
    world.put(lecture(true));
    let cause = world.put(join("a", "1122", &number("a")));
    world.put(join("b", "9", &number("b")));
    assert_eq!(world.policy.due_in(Moment(60_000)), Some(WAIT));
    assert_eq!(world.after(1_499), none());
    world.put(join("a", "1122", &number("a")));
    assert_eq!(world.after(1), ["a mute lecture mode"], "a repeat of the join moves nothing");
    assert_eq!((world.asks[0].1.cause, world.asks[0].1.joined), (Cause::Rule(cause), Moment(60_000)));
    world.put(join("a", "1122", &number("a")));
    assert_eq!(world.after(60_000), none(), "the same cause asks once");
    world.put(leave("a"));
    world.put(join("a", "1122", &number("a")));
    assert_eq!(world.after(1_500), ["a mute lecture mode"], "a new stay");
}

#[test]
fn callers_who_just_joined_when_it_begins_are_muted_when_they_are_old_enough() {
    let mut world = World::with(&["old"]);
    world.put(join("young", "1122", &number("young")));
    world.now += 1_000;
    world.put(lecture(true));
    assert_eq!(world.due(), ["old mute lecture mode"]);
    assert_eq!(world.after(499), none());
    assert_eq!(world.after(1), ["young mute lecture mode"]);
}

#[test]
fn a_clock_that_was_set_back_holds_nothing_up() {
    let mut world = World::with(&["old"]);
    world.put(lecture(true));
    assert_eq!(world.due(), ["old mute lecture mode"]);
    world.put(join("young", "1122", &number("young")));
    world.now -= 3_600_000;
    assert_eq!(world.policy.due_in(Moment(world.now)), Some(Duration::ZERO));
    assert_eq!(world.due(), ["young mute lecture mode"], "not an hour later");
    world.put(lecture(false));
    assert_eq!(world.due().len(), 2);
    world.put(lecture(true));
    assert_eq!(world.due().len(), 2, "those who joined by the clock of before");
    world.put(join("new", "1122", &number("new")));
    assert_eq!((world.after(1_499), world.after(1)), (none(), vec!["new mute lecture mode".to_owned()]), "as ever");
}

#[test]
fn what_happens_within_the_wait_is_looked_at() {
    let cases: Vec<(&str, Vec<What>, bool)> = vec![
        ("left", vec![leave("a")], false),
        ("removed", vec![remove("a")], false),
        ("ended", vec![lecture(false)], false),
        ("exempt", vec![exempt("a", true)], false),
        ("exempt by role", vec![listed("a", true, 9)], false),
        ("exempt and not", vec![exempt("a", true), exempt("a", false)], true),
        ("ended and begun", vec![lecture(false), lecture(true)], true),
        ("has the floor", vec![floor("a")], false),
        ("had the floor", vec![floor("a"), floor("")], true),
        ("nothing", vec![], true),
    ];
    for (case, events, asked) in cases {
        let mut world = World::with(&[]);
        world.put(lecture(true));
        world.put(join("a", "1122", &number("a")));
        world.now += 500;
        for what in events {
            world.put(what);
        }
        assert_eq!(world.after(2_000).len(), usize::from(asked), "{case}");
    }
    for action in [Action::Mute, Action::Unmute, Action::Kick] {
        for cause in [Cause::Key, Cause::Bulk] {
            let mut world = World::with(&[]);
            world.put(lecture(true));
            world.put(join("a", "1122", &number("a")));
            world.by_hand("a", action, cause);
            assert_eq!(world.after(2_000), none(), "a moderator wins: {action:?} {cause:?}");
        }
    }
}

#[test]
fn its_end_gives_back_what_it_took_and_nobody_changed() {
    let mut world =
        World::with(&["accepted", "unknown", "flying", "refused", "undelivered", "unsent", "muted", "key", "bulk", "gone", "back"]);
    world.done("muted", Action::Mute);
    world.put(lecture(true));
    assert_eq!(world.due().len(), 10);
    for key in ["accepted", "key", "bulk", "gone", "back"] {
        world.ends(key, Outcome::Accepted);
    }
    world.ends("unknown", Outcome::Unknown);
    world.ends("refused", Outcome::Refused);
    world.ends("undelivered", Outcome::NotDelivered);
    world.ends("unsent", Outcome::NotSent);
    world.done("key", Action::Unmute);
    world.done("key", Action::Mute);
    world.by_hand("bulk", Action::Mute, Cause::Bulk);
    for key in ["gone", "back"] {
        world.put(leave(key));
    }
    world.put(join("late", "1122", &number("late")));
    world.put(join("back", "1122", &number("back")));
    assert_eq!(world.after(1_500), ["late mute lecture mode", "back mute lecture mode"]);
    world.ends("late", Outcome::Accepted);
    world.ends("back", Outcome::Refused);
    world.now += 60_000;
    let (cause, told) = world.tell(What::Mode(ModeSet { conference: "1122".into(), mode: Mode::Lecture, on: false, by: "eve".into() }));
    let flying = world.asks.iter().find(|(_, ask)| ask.call.as_str() == "flying").expect("asked").0;
    assert_eq!((told.stop, told.why), (vec![flying], "lecture mode has ended"));
    let wanted = ["accepted", "unknown", "flying", "late"].map(|key| format!("{key} unmute end of lecture mode"));
    assert_eq!(world.due(), wanted);
    let ask = &world.asks.last().expect("asked").1;
    assert_eq!((ask.cause, ask.rule, &*ask.by), (Cause::Rule(cause), Some(Rule::LectureEnded), "eve"));
    world.all_end();
    assert_eq!((world.after(60_000), world.put(lecture(false)), world.due()), (none(), Seq(world.seq), none()));
}

#[test]
fn what_has_not_left_when_it_ends_needs_no_unmute() {
    let mut world = World::with(&["a", "b"]);
    world.put(lecture(true));
    assert_eq!(world.due().len(), 2);
    let (_, told) = world.tell(lecture(false));
    assert_eq!(told.stop, [world.asks[0].0, world.asks[1].0]);
    world.policy.ended(&"b".into(), told.stop[1], Outcome::NotSent, Moment(world.now));
    assert_eq!(world.due(), ["a unmute end of lecture mode"]);
}

#[test]
fn begun_again_it_takes_no_voice_twice() {
    let mut world = World::with(&["a", "b"]);
    world.put(lecture(true));
    world.due();
    world.all_end();
    // Ended by a slip: nothing was handed out yet.
    world.put(lecture(false));
    let (_, told) = world.tell(lecture(true));
    assert_eq!((told.stop, world.due()), (vec![], none()), "they are still muted");
    // Ended by a slip: the unmutes wait.
    world.put(lecture(false));
    assert_eq!(world.due().len(), 2);
    let (_, told) = world.tell(lecture(true));
    assert_eq!((told.stop.len(), told.why), (2, "lecture mode is on again"));
    world.policy.ended(&"a".into(), told.stop[0], Outcome::NotSent, Moment(world.now));
    assert_eq!(world.due(), ["b mute lecture mode"], "that unmute is on its way");
    world.all_end();
    world.put(lecture(false));
    assert_eq!(world.due(), ["a unmute end of lecture mode", "b unmute end of lecture mode"]);
}

#[test]
fn exempting_gives_the_voice_back_and_the_opposite_takes_it() {
    for by_call in [false, true] {
        let spare = if by_call { exempt_call } else { exempt };
        let mut world = World::with(if by_call { &[] } else { &["a", "muted"] });
        if by_call {
            world.policy.send_withheld = true;
            for key in ["a", "muted"] {
                world
                    .put(What::Joined(crate::conference::event::Arrival { instead: Some("anonymous".into()), ..arrival(key, "1122", "") }));
            }
            world.now += 60_000;
        }
        world.done("muted", Action::Mute);
        world.put(lecture(true));
        assert_eq!(world.due(), ["a mute lecture mode"]);
        world.all_end();
        let cause = world.put(spare("a", true));
        world.put(spare("muted", true));
        assert_eq!(world.due(), ["a unmute exemption"]);
        let ask = world.asks.last().expect("asked").1.clone();
        assert_eq!((ask.cause, &*ask.by), (Cause::Rule(cause), "eve"));
        assert_eq!(&*ask.number, if by_call { "anonymous".to_owned() } else { number("a") });
        world.all_end();
        let cause = world.put(spare("a", false));
        assert_eq!(world.after(1_499), none());
        assert_eq!(world.after(1), ["a mute lecture mode"], "as if joining then");
        assert_eq!(world.asks.last().expect("asked").1.cause, Cause::Rule(cause));
        world.all_end();
        world.put(lecture(false));
        assert_eq!(world.due(), ["a unmute end of lecture mode"]);
    }
}

#[test]
fn whoever_is_exempt_no_longer_is_muted_also_where_the_unmute_may_have_been_done() {
    let mut world = World::with(&["a"]);
    world.put(lecture(true));
    world.due();
    world.all_end();
    world.put(exempt("a", true));
    assert_eq!(world.due(), ["a unmute exemption"]);
    world.ends("a", Outcome::Unknown);
    world.put(exempt("a", false));
    assert_eq!(world.after(1_500), ["a mute lecture mode"], "nobody knows whether a speaks");
}

#[test]
fn whoever_is_exempt_no_longer_is_muted_whoever_gave_the_voice_before() {
    let mut world = World::with(&["a"]);
    world.put(lecture(true));
    world.due();
    world.all_end();
    world.done("a", Action::Unmute);
    world.put(exempt("a", true));
    world.put(exempt("a", false));
    // A restart in the middle of the wait.
    world.policy.voices = Agenda::default();
    world.policy.begin(Moment(world.now));
    assert_eq!(world.after(60_000), ["a mute lecture mode"], "as if joining then");
}

#[test]
fn a_number_that_is_learned_late_counts() {
    for (spared, asked) in [(true, 0), (false, 1)] {
        let mut world = World::with(&[]);
        world.put(exempt("a", spared));
        world.put(lecture(true));
        world.put(join("a", "1122", ""));
        world.put(join("a", "1122", &number("a")));
        assert_eq!(world.after(1_500).len(), asked);
    }
}

#[test]
fn a_callback_without_a_number_takes_none_away() {
    let mut world = World::with(&["a"]);
    world.put(join("a", "1122", ""));
    world.put(lecture(true));
    assert_eq!(world.due(), ["a mute lecture mode"]);
}

#[test]
fn exempting_stops_what_has_not_left() {
    let mut world = World::with(&["a", "b"]);
    world.put(lecture(true));
    world.due();
    let (_, told) = world.tell(exempt("a", true));
    assert_eq!((&told.stop[..], told.why), (&[world.asks[0].0][..], "the caller is exempt"));
    world.policy.ended(&"a".into(), told.stop[0], Outcome::NotSent, Moment(world.now));
    assert_eq!(world.due(), none(), "it left nothing behind");
    world.ends("b", Outcome::Accepted);
    world.put(exempt("b", true));
    world.due();
    let (_, told) = world.tell(exempt("b", false));
    world.policy.ended(&"b".into(), told.stop[0], Outcome::NotSent, Moment(world.now));
    assert_eq!(world.after(1_500), none(), "still muted");
}

#[test]
fn an_ask_by_hand_that_never_left_changed_nothing() {
    let mut world = World::with(&["a", "b"]);
    world.put(lecture(true));
    world.due();
    world.all_end();
    let halted = world.by_hand("a", Action::Unmute, Cause::Bulk);
    let replaced = world.by_hand("b", Action::Unmute, Cause::Bulk);
    let also_halted = world.by_hand("b", Action::Mute, Cause::Bulk);
    world.answer("a", halted, Outcome::NotSent);
    world.answer("b", replaced, Outcome::NotSent);
    world.answer("b", also_halted, Outcome::NotSent);
    world.put(lecture(false));
    assert_eq!(world.due().len(), 2);
}

#[test]
fn an_ask_that_stands_on_nothing_any_more_is_moot() {
    let cases = [
        (lecture(false), "lecture mode has ended"),
        (exempt("a", true), "the caller is exempt"),
        (leave("a"), "the caller left"),
        (floor("a"), "the caller has the floor"),
    ];
    for (what, why) in cases {
        let mut world = World::with(&["a"]);
        world.put(lecture(true));
        let ask = world.policy.take(Moment(world.now), 9).remove(0);
        world.put(what);
        let (_, told) = world.tell(What::Asked(ask));
        assert_eq!(told.moot, Some(why));
    }
    let mut world = World::with(&["a"]);
    world.put(lecture(true));
    let ask = world.policy.take(Moment(world.now), 9).remove(0);
    world.by_hand("a", Action::Unmute, Cause::Key);
    assert_eq!(world.tell(What::Asked(ask)).1.moot, Some("something else was asked for the caller meanwhile"));
}

#[test]
fn asks_that_were_written_down_late_are_the_same_asks() {
    let mut world = World::with(&["a"]);
    world.put(lecture(true));
    let ask = world.policy.take(Moment(world.now), 9).remove(0);
    let heard = Seq(Seq::UNRECORDED.0 + 7);
    world.policy.apply(&Event { seq: heard, at: Moment(world.now), what: What::Asked(ask) });
    world.put(What::Recorded(Recorded { since: Moment(0), refused: 0, lost: 0, late: vec![(heard, Seq(90))] }));
    world.answer("a", Seq(90), Outcome::Refused);
    world.put(lecture(false));
    assert_eq!(world.due(), none());
}
