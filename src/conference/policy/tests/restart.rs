//! A restart: mutes are worked out anew, kicks never.

use super::*;

impl World {
    /// Takes everything as past until [`World::begin`].
    fn past() -> Self {
        Self { policy: Policy::new(WAIT, false), seq: 0, now: 0, asks: Vec::new() }
    }

    fn begin(&mut self) -> Vec<String> {
        assert_eq!(self.policy.due_in(Moment(self.now)), None, "nothing of the past falls due");
        self.now += 60_000;
        self.policy.begin(Moment(self.now));
        self.due()
    }

    /// An ask of a rule, and how it ended, in the past.
    fn ruled(&mut self, key: &str, rule: Rule, cause: Seq, outcome: Option<Outcome>) {
        let action = asks::Kind::Rule(rule).action();
        let ask = self.by_hand(key, action, Cause::Rule(cause));
        // As an earlier process made it.
        self.policy.flying.remove(&(key.into(), ask));
        let made = Ask {
            action,
            call: key.into(),
            conference: "1122".into(),
            number: number(key).into(),
            by: "grace".into(),
            cause: Cause::Rule(cause),
            rule: Some(rule),
            joined: Moment(0),
        };
        self.policy.apply(&Event { seq: ask, at: Moment(self.now), what: What::Asked(made) });
        if let Some(outcome) = outcome {
            self.answer(key, ask, outcome);
        }
    }
}

#[test]
fn everyone_who_is_in_a_lecture_and_not_muted_is_muted() {
    let mut world = World::past();
    for key in ["muted", "unknown", "unasked", "voiced", "exempt", "floor", "left"] {
        world.put(join(key, "1122", &number(key)));
    }
    world.put(exempt("exempt", true));
    let cause = world.put(lecture(true));
    world.ruled("muted", Rule::Lecture, cause, Some(Outcome::Accepted));
    world.ruled("unknown", Rule::Lecture, cause, Some(Outcome::Unknown));
    world.ruled("voiced", Rule::Lecture, cause, Some(Outcome::Accepted));
    world.done("voiced", Action::Unmute);
    let halted = world.by_hand("unasked", Action::Unmute, Cause::Bulk);
    world.answer("unasked", halted, Outcome::NotSent);
    world.put(floor("floor"));
    world.put(leave("left"));
    world.put(join("elsewhere", "9", &number("elsewhere")));
    assert_eq!(world.begin(), ["unknown mute lecture mode", "unasked mute lecture mode"]);
    assert_eq!(world.asks[0].1.cause, Cause::Rule(cause));
    world.all_end();
    world.put(lecture(false));
    assert_eq!(world.due().len(), 3, "with the one whom the earlier process muted");
}

#[test]
fn nobody_is_kicked_for_a_join_before() {
    let mut world = World::past();
    world.put(lock(true));
    world.put(ban("a", None));
    world.put(join("a", "1122", &number("a")));
    world.now += 59_000;
    world.put(join("b", "1122", &number("b")));
    assert_eq!((world.begin(), world.after(60_000)), (none(), none()));
    world.put(join("c", "1122", &number("c")));
    world.put(leave("a"));
    world.put(join("a", "1122", &number("a")));
    assert_eq!(world.after(1_500), ["c kick lock", "a kick ban"], "but for joins after it");
}

#[test]
fn a_lecture_that_ended_still_owes_voices() {
    let mut world = World::past();
    for key in ["owed", "given", "unknown", "changed"] {
        world.put(join(key, "1122", &number(key)));
    }
    let cause = world.put(lecture(true));
    for key in ["owed", "given", "unknown", "changed"] {
        world.ruled(key, Rule::Lecture, cause, Some(Outcome::Accepted));
    }
    world.done("changed", Action::Mute);
    let cause = world.put(lecture(false));
    world.ruled("owed", Rule::LectureEnded, cause, Some(Outcome::NotSent));
    world.ruled("given", Rule::LectureEnded, cause, Some(Outcome::Accepted));
    // It may have been done, and a moderator may have gone on from there.
    world.ruled("unknown", Rule::LectureEnded, cause, Some(Outcome::Unknown));
    assert_eq!(world.begin(), ["owed unmute end of lecture mode"]);
    assert_eq!(&*world.asks[0].1.by, "grace");
}

#[test]
fn whoever_just_joined_waits_also_after_a_restart() {
    let mut world = World::past();
    world.put(lecture(true));
    world.now += 59_500;
    world.put(join("a", "1122", &number("a")));
    world.now -= 59_500;
    assert_eq!(world.begin(), none());
    assert_eq!(world.after(1_000), ["a mute lecture mode"]);
}
