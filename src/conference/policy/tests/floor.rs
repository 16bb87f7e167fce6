//! The floor and lecture mode: whom it spares, and for how long.

use super::*;

#[test]
fn the_floors_passing_restores_what_lecture_mode_did() {
    let mut world = World::with(&["a", "early"]);
    world.put(floor("early"));
    world.put(lecture(true));
    assert_eq!(world.due(), ["a mute lecture mode"]);
    world.all_end();
    let pass = |world: &mut World, from: &str, to: &str| {
        world.put(floor(to));
        for (key, action) in [(from, Action::Mute), (to, Action::Unmute)] {
            let ask = world.by_hand(key, action, Cause::Floor);
            world.answer(key, ask, Outcome::Accepted);
        }
        assert_eq!(world.after(60_000), none());
    };
    pass(&mut world, "early", "a");
    pass(&mut world, "a", "early");
    pass(&mut world, "early", "x");
    world.put(lecture(false));
    let back = world.due();
    assert_eq!(back, ["a unmute end of lecture mode", "early unmute end of lecture mode"], "also who was spared for the floor first");
}

#[test]
fn who_is_muted_by_hand_has_the_floor_no_longer() {
    for cause in [Cause::Key, Cause::Bulk] {
        let mut world = World::with(&["a"]);
        world.put(floor("a"));
        let ask = world.by_hand("a", Action::Mute, cause);
        world.answer("a", ask, Outcome::Accepted);
        world.done("a", Action::Unmute);
        world.put(lecture(true));
        assert_eq!(world.due(), ["a mute lecture mode"], "the floor does not spare it");
    }
}

#[test]
fn who_goes_to_another_conference_leaves_the_floor_behind() {
    let mut world = World::with(&["a"]);
    world.put(floor("a"));
    world.put(join("a", "9", &number("a")));
    world.put(join("a", "1122", &number("a")));
    world.put(lecture(true));
    assert_eq!(world.after(1_500), ["a mute lecture mode"]);
}

#[test]
fn a_mute_that_the_floor_overtook_is_lecture_modes_once_the_floor_passes() {
    let mut world = World::with(&["a"]);
    world.put(lecture(true));
    world.due();
    world.put(floor("a"));
    let unmute = world.by_hand("a", Action::Unmute, Cause::Floor);
    world.ends("a", Outcome::NotSent);
    world.answer("a", unmute, Outcome::Accepted);
    world.put(floor(""));
    let mute = world.by_hand("a", Action::Mute, Cause::Floor);
    world.answer("a", mute, Outcome::Accepted);
    world.put(lecture(false));
    assert_eq!(world.due(), ["a unmute end of lecture mode"]);
}
