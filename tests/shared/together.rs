//! Two desks and a host on one server: what is done at one is seen at the other.

use std::time::{Duration, Instant};

use super::support::keys::Key;
use super::support::nats::PROGRAM;
use super::support::pty::Console;
use super::support::screen::Reading as _;
use super::support::tools;
use super::truth;
use super::world::{SOON, World, wait};

const ADA: &str = "12157010680";
const BEN: &str = "4930901820";
const CID: &str = "33142685300";

/// A server, a host that asks at once after a join, and two desks, with two callers.
fn two_desks() -> World {
    let mut world = World::small("ask_after_join = \"10ms\"\n");
    for moderator in ["ann", "bob"] {
        world.open_desk(moderator);
    }
    world.carrier();
    world.host(0).join("ada", "Caller.ada", ADA);
    world.host(0).join("ben", "Caller.ben", BEN);
    for desk in &world.desks {
        desk.wait_for_row("Caller.ada", "open");
        desk.wait_for_row("Caller.ben", "open");
    }
    world
}

fn command(desk: &mut Console, name: &str) {
    desk.send_keys(":");
    desk.wait_for_text("commands");
    desk.send_keys(name);
    desk.press(Key::Enter);
}

#[track_caller]
fn both_say(world: &World, text: &str) {
    for desk in &world.desks {
        desk.wait_for(|screen| screen.says(text) || screen.pane_says(text), &format!("{text:?} at both desks"));
    }
}

#[track_caller]
fn both_rows(world: &World, name: &str, word: &str) {
    for desk in &world.desks {
        desk.wait_for_row(name, word);
    }
}

#[test]
fn what_one_desk_does_the_other_sees() {
    if !tools::require(PROGRAM) {
        return;
    }
    let mut world = two_desks();
    // A mute, and who asked.
    world.desks[0].send_keys("m");
    both_rows(&world, "Caller.ada", "muted");
    both_say(&world, "ann asked: mute Caller.ada");
    world.desks[1].send_keys("u");
    both_rows(&world, "Caller.ada", "open");
    both_say(&world, "bob asked: unmute Caller.ada");
    // Hands, and the floor.
    world.host(0).tell("hand", "key=ben");
    both_rows(&world, "Caller.ben", "↑1");
    world.desks[1].send_keys("g");
    both_rows(&world, "Caller.ben", "floor");
    both_say(&world, "bob gave the floor to Caller.ben");
    world.host(0).tell("hand", "key=ada");
    both_rows(&world, "Caller.ada", "↑1");
    command(&mut world.desks[0], "clear hands");
    world.desks[0].wait_for_text("lower all hands?");
    world.desks[0].send_keys("y");
    for desk in &world.desks {
        desk.wait_for(|screen| !screen.says("↑1"), "no hand");
    }
    // A name.
    world.desks[0].press(Key::Home);
    world.desks[0].send_keys("n");
    world.desks[0].wait_for_text("name this caller");
    for _ in "ada".chars() {
        world.desks[0].press(Key::Backspace);
    }
    world.desks[0].send_keys("neu");
    world.desks[0].press(Key::Enter);
    both_rows(&world, "Caller.neu", "open");
    both_say(&world, "ann named a caller Caller.neu");
    // Lecture mode, begun at one and ended at the other.
    world.desks[0].send_keys("M");
    both_say(&world, "LECTURE MODE since ");
    both_rows(&world, "Caller.neu", "muted");
    world.desks[1].send_keys("M");
    for desk in &world.desks {
        desk.wait_for(|screen| !screen.says("LECTURE MODE"), "no banner");
    }
    both_rows(&world, "Caller.neu", "open");
    // The lock.
    world.desks[1].send_keys("L");
    both_say(&world, "LOCKED");
    world.host(0).join("cid", "Caller.cid", CID);
    both_rows(&world, "Caller.cid", "kicked");
    world.desks[0].send_keys("L");
    for desk in &world.desks {
        desk.wait_for(|screen| !screen.says("LOCKED"), "no banner");
    }
    world.level(SOON, |rows| rows.len() >= 2);
    let asked: Vec<_> = world.provider.requests().iter().map(|request| format!("{} {}", request.action(), request.key())).collect();
    assert_eq!(asked.iter().filter(|asked| *asked == "KICK cid").count(), 1, "{asked:?}");
}

#[test]
fn a_ban_of_one_desk_is_the_others_and_both_may_lift_it() {
    if !tools::require(PROGRAM) {
        return;
    }
    let mut world = two_desks();
    world.desks[0].press(Key::Home);
    world.desks[0].send_keys("B");
    world.desks[0].wait_for_text("ban this number?");
    world.desks[0].send_keys("shouting");
    world.desks[0].press(Key::Enter);
    both_say(&world, "banned +12157010680");
    both_rows(&world, "Caller.ada", "banned");
    command(&mut world.desks[1], "bans");
    world.desks[1].wait_for_text("shouting, by ann");
    world.desks[1].press(Key::Delete);
    world.desks[1].wait_for_text("lift the ban of +12157010680?");
    world.desks[1].send_keys("y");
    world.desks[1].wait_for_text("no number is banned");
    world.desks[1].press(Key::Esc);
    for desk in &world.desks {
        desk.wait_for(|screen| !screen.row_says("Caller.ada", "banned"), "no ban");
    }
}

#[test]
fn two_desks_that_act_on_one_caller_at_once_end_in_one_state() {
    if !tools::require(PROGRAM) {
        return;
    }
    let mut world = two_desks();
    for desk in &mut world.desks {
        desk.press(Key::Home);
    }
    for round in 0..20 {
        let (first, second) = world.desks.split_at_mut(1);
        first[0].send_keys(if round % 2 == 0 { "m" } else { "u" });
        second[0].send_keys(if round % 2 == 0 { "u" } else { "m" });
    }
    let urls = world.servers.urls();
    truth::settled(&urls);
    world.level(SOON, |rows| rows.get("Caller.ada").is_some_and(|(voice, _)| voice == "open" || voice == "muted"));
    let lines = truth::read(&urls);
    truth::asks_are_true(&lines, &world.provider);
    let last = world.provider.requests().last().cloned().expect("a request");
    let voice = if last.action() == "MUTE" { "muted" } else { "open" };
    world.level(Duration::from_secs(2), |rows| rows["Caller.ada"].0 == voice);
    assert_eq!(last.key(), "ada");
}

#[test]
fn a_desk_without_its_server_refuses_says_so_and_is_level_again_afterwards() {
    if !tools::require(PROGRAM) {
        return;
    }
    let mut world = two_desks();
    world.servers.all[0].kill();
    let killed = Instant::now();
    both_say(&world, "NO CONTACT WITH THE SERVER");
    assert!(killed.elapsed() < Duration::from_secs(3), "it is said at once: {:?}", killed.elapsed());
    world.desks[0].send_keys("m");
    world.desks[0].wait_for_text("nothing can be asked until it is back");
    assert!(world.desks[0].screen().says("Caller.ada"), "the last state stays:\n{}", world.desks[0].screen_text());
    world.servers.all[0].start();
    both_say(&world, "the server is back after");
    for desk in &world.desks {
        desk.wait_for(|screen| !screen.says("NO CONTACT"), "no banner");
    }
    wait("callbacks again", SOON, || world.host(0).get("hand", "key=ben").status == 200);
    world.carrier();
    world.desks[1].press(Key::Home);
    world.desks[1].send_keys("m");
    both_rows(&world, "Caller.ada", "muted");
    world.level(SOON, |rows| rows["Caller.ben"].1.starts_with('↑'));
    assert_eq!(world.provider.requests().len(), 1, "what was pressed without a server never left");
    truth::asks_are_true(&truth::read(&world.servers.urls()), &world.provider);
}
