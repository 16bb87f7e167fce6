//! The promise: a conference to look at and to act on, without account or configuration, that can reach nobody real.

#![allow(clippy::expect_used, reason = "a failing helper is a failing test")]

mod support;

use std::net::{SocketAddr, TcpListener};

use support::confmod;
use support::home::Home;
use support::keys::Key;
use support::pty::{Console, Setup};
use support::screen::Reading;
use support::stage::Stage;

/// A port that nothing has at the moment.
fn free_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port")
}

/// The scenario of three callers without faults, ten times as fast.
fn quiet(setup: Setup) -> Setup {
    setup.args(["demo", "--scenario", "quiet", "--speed", "10"])
}

/// Mutes, unmutes and kicks the callers of the quiet scenario.
fn moderate(console: &mut Console) {
    for name in ["Ada Lindqvist", "Bruno Keller", "Chloé Martin"] {
        console.wait_for_row(name, "open");
    }
    console.send_keys("m");
    console.wait_for_row("Ada Lindqvist", "muted");
    console.send_keys("u");
    console.wait_for_row("Ada Lindqvist", "open");
    console.press(Key::Down);
    console.send_keys("k");
    console.wait_for_text("kick this caller?");
    console.send_keys("y");
    console.wait_for_row("Bruno Keller", "kicked");
}

fn quit(console: &mut Console) {
    console.send_keys("q");
    console.wait_for_text("quit?");
    console.send_keys("y");
    assert_eq!(console.exit_code(), 0);
    console.terminal_is_clean();
}

#[test]
fn the_demo_is_moderated_like_the_real_thing_and_leaves_nothing() {
    let home = Home::new();
    let temporary = home.join("tmp");
    std::fs::create_dir(&temporary).expect("a directory for what is temporary");
    let mut console = quiet(Setup::new(confmod(), &home).env("TMPDIR", &temporary)).start();
    moderate(&mut console);
    assert!(console.screen().lines()[0].ends_with("demo"), "{}", console.screen_text());
    quit(&mut console);
    let left: Vec<_> =
        home.files().into_iter().map(|(path, _)| path).filter(|path| path.extension().is_none_or(|kind| kind != "log")).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn at_its_usual_speed_the_demo_fills_by_itself() {
    let home = Home::new();
    let mut console = Setup::new(confmod(), &home).args(["demo"]).size(120, 40).start();
    console.wait_for(|screen| (5..=9).any(|inside| screen.says(&format!("  2:1122 ({inside}) "))), "five callers");
    for name in ["Margaret Okonkwo", "Zoë Lindström", "田中 美咲", "Олена Шевченко"] {
        console.wait_for_row(name, "open");
    }
    // The row says what the provider answered, in a second at most.
    console.send_keys("m");
    console.wait_for_row("Margaret Okonkwo", "muted");
    quit(&mut console);
}

#[test]
fn the_town_hall_shows_what_can_go_wrong() {
    let home = Home::new();
    let mut console = Setup::new(confmod(), &home).args(["demo", "--speed", "60"]).size(160, 48).start();
    // A number that was withheld, one that two share, and an ask that is refused.
    console.wait_for(|screen| screen.says("1 without a number") && screen.says("×2") && screen.says("raised a hand"), "the town hall");
    console.send_keys("/gus\r");
    console.wait_for_text("1 of ");
    console.send_keys("m");
    console.wait_for_row("Gus Whitfield", "failed");
    console.wait_for_text("Participant is protected by the conference owner");
    quit(&mut console);
}

#[test]
fn the_demo_runs_beside_the_real_one_and_cannot_reach_its_provider() {
    let stage = Stage::new();
    let (real, listener) = stage.open();
    // Everything is set as for the real one, down to the port that is taken.
    let setup = stage.setup().env("CONFMOD_LISTEN", listener.address.to_string()).env("CONFMOD_NATS", "nats://192.0.2.1");
    let setup = quiet(setup);
    let (mut demo, mut another) = (setup.start(), setup.start());
    moderate(&mut demo);
    another.wait_for_row("Ada Lindqvist", "open");
    quit(&mut another);
    assert!(stage.asked().is_empty(), "an ask reached the real provider");
    assert!(real.screen().says("Nobody is in"), "{}", real.screen_text());
    quit(&mut demo);
    // The real one goes on, with its own journal.
    listener.join(&real, "1", "Mia", "12157010680");
    assert_eq!(stage.leaks(&demo), Vec::<String>::new());
}

#[test]
fn the_demo_shows_hands_lecture_mode_latecomers_a_ban_and_a_report() {
    let home = Home::new();
    let mut console = Setup::new(confmod(), &home).args(["demo", "--speed", "20"]).size(160, 50).start();
    console.wait_for_row("Margaret Okonkwo", "open");
    console.send_keys("M");
    console.wait_for_text("LECTURE MODE since");
    console.wait_for_row("Zoë Lindström", "muted");
    console.wait_for_row("+1 917-555-0190", "kicked");
    console.wait_for(|screen| screen.says("banned"), "why the banned caller was kicked");
    // The last to join: hands that stay up stand in the order in which they went up.
    console.wait_for_row("Tomáš Dvořák", "muted");
    for (name, place) in [("Łukasz Wiśniewski", "↑1"), ("Jean-Baptiste", "↑2"), ("Nguyễn Thị Hạnh", "↑3")] {
        console.wait_for_row(name, place);
    }
    for name in ["Margaret Okonkwo", "Łukasz Wiśniewski", "Çağla Yıldız"] {
        console.wait_for_row(name, "(exempt)");
    }
    console.wait_for_row("Łukasz Wiśniewski", "open");
    console.send_keys("g");
    console.wait_for_row("Łukasz Wiśniewski", "floor");
    console.send_keys("w");
    console.wait_for_text("report: ");
    let reports = home.join("data").join("confmod").join("reports");
    let page = std::fs::read_dir(reports).expect("the folder").flatten().next().expect("a report").path();
    let name = page.file_name().expect("a name").to_string_lossy().into_owned();
    assert!(name.starts_with("demo_"), "{name}");
    // A path is broken where the line ends.
    let pane = |screen: &vt100::Screen| screen.lines().iter().filter_map(|line| Some(line.split_once('│')?.1.trim())).collect::<String>();
    console.wait_for(|screen| pane(screen).contains(&name), "the whole path in the events pane");
    assert!(std::fs::read_to_string(page).expect("readable").contains("Nguyễn Thị Hạnh"));
    quit(&mut console);
}

#[test]
fn a_demo_of_what_is_not_there_is_wrong_usage() {
    let home = Home::new();
    for (args, words) in [(["demo", "--scenario", "/nowhere.toml"], "/nowhere.toml"), (["demo", "--speed", "0"], "--speed")] {
        let console = Setup::new(confmod(), &home).args(args).start();
        assert_eq!(console.exit_code(), 2, "{args:?}");
        assert!(console.screen_text().contains(words), "{args:?}:\n{}", console.screen_text());
        assert!(!console.screen().alternate_screen());
    }
}

#[test]
fn a_real_installation_is_rehearsed_in_two_terminals() {
    let home = Home::new();
    let (listen, api) = (free_port(), free_port());
    let real = |setup: Setup| setup.env("CONFMOD_LISTEN", listen.to_string()).env("CONFMOD_USERKEY", "a-key-for-rehearsing");
    // The URLs as they are pasted into the call flow.
    let urls = real(Setup::new(confmod(), &home).args(["urls"])).size(200, 40).start();
    assert_eq!(urls.exit_code(), 0);
    let printed = urls.screen_text();
    let join = printed.split_whitespace().find(|word| word.contains("/join")).expect("a join URL").to_owned();
    assert!(join.starts_with(&format!("http://{listen}/callback/")), "{printed}");

    let rehearsal = real(Setup::new(confmod(), &home))
        .args(["rehearse", "--callbacks", &join, "--listen", &api.to_string(), "--scenario", "quiet", "--speed", "10"])
        .size(160, 60)
        .start();
    let token = join.split("/callback/").nth(1).and_then(|rest| rest.split('/').next()).expect("a token");
    rehearsal.wait_for_text(&format!("CONFMOD_API_URL=http://{api}/api/v3.asp"));
    // The callers keep trying until somebody listens.
    rehearsal.wait_for_text("no listener at");
    let mut console = real(Setup::new(confmod(), &home)).env("CONFMOD_API_URL", format!("http://{api}/api/v3.asp")).start();
    moderate(&mut console);
    for what in ["mute", "kick"] {
        rehearsal.wait_for_text(what);
    }
    rehearsal.signal(rustix::process::Signal::INT);
    assert_eq!(rehearsal.exit_code(), 130);
    for (terminal, name) in [(&rehearsal, "rehearse"), (&console, "confmod")] {
        let shown = String::from_utf8_lossy(&terminal.raw()).contains(token);
        assert!(!shown, "the token is on the screen of {name}");
    }
    // With the provider gone an ask is known to be undelivered.
    console.press(Key::Home);
    console.send_keys("m");
    console.wait_for_row("Ada Lindqvist", "failed");
    quit(&mut console);
}
