//! Accounts with fewer rights, as `assets/nats-accounts.conf` writes them: what they may not, the server refuses, the desk says
//! so, and nobody else sees anything of it.

use std::os::unix::fs::PermissionsExt as _;

use super::support::keys::Key;
use super::support::nats::{PROGRAM, Servers};
use super::support::screen::Reading as _;
use super::support::tools;
use super::truth;
use super::world::{SOON, World};

/// Who there is in the example: the name, a seed and its public key, of these tests alone.
const KEYS: [(&str, &str, &str); 5] = [
    (
        "KEY_OF_HOSTS",
        "SUAGJSQFCEO2X2A5H6PS7TKMBMOMVLS44TWCSKJ543HWBCWW3XQ7J3N3LQ",
        "UDL77AATVBUEJHHEBRIBI4VRXWXQHJMELU2MYVF2DJTIXOBBJLP7455K",
    ),
    (
        "KEY_OF_DESKS",
        "SUACGRVPL34PCNNBXTSY4Y3QXX3G5PAZSEXKDWWVZNAQKZRXHPL7HIP5WY",
        "UCXRALBIBQAKO5DVMOCTYRLTNKHOGM2QNG5DUZ6NQS3JUBCJXYM7OWLA",
    ),
    (
        "KEY_OF_DESKS_WITHOUT_KICK",
        "SUABMQV6YIFS4I3G7I7PQPEZBWGMS7ITG7K7DSRC2ZYEFM4UJVES3NTCSQ",
        "UCBH5PJ3Z7IOFA6XBXBZT3SVMSHWZKY5DMBLFQM4HCIAUXXP4VIYNQ6I",
    ),
    (
        "KEY_OF_DESKS_OF_200",
        "SUALECSMMATVSSY3KCUKNNKF6CPNKJKYNK4MSX47OZARVT3CLSIQ7CIIXY",
        "UA3BBY2ZKHUU7YEB2SFFAFYAD5WFNXHAS6X7BVO7LPGO25K7EVZ6KTX7",
    ),
    (
        "KEY_OF_LOOKERS",
        "SUAL3DCY6ORM5IRQAYEPMF43BT4266Q5Z3LFF7WIRSCXYVMUXIJ53SJSN4",
        "UBYOHFV6B35YAWBN5UVKIVN2HNAUGST3ETYP2WPLQ4G32W3BO6GY6T4O",
    ),
];

/// A server with the example's accounts and a host, and the folder with the seeds.
struct Guarded {
    world: World,
    seeds: tempfile::TempDir,
}

impl Guarded {
    fn new() -> Self {
        let mut example = include_str!("../../assets/nats-accounts.conf").to_owned();
        let seeds = tempfile::tempdir().expect("a folder");
        for (name, seed, key) in KEYS {
            let line = example.lines().find(|line| line.starts_with(&format!("{name}: "))).expect("who it is").to_owned();
            example = example.replace(&line, &format!("{name}: {key}"));
            let file = seeds.path().join(name);
            std::fs::write(&file, format!("{seed}\n")).expect("a seed");
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).expect("a private file");
        }
        let configured = format!("ask_after_join = \"10ms\"\n{}", as_who(&seeds, "KEY_OF_HOSTS"));
        let world = World::on(Servers::one(&example), 1, &configured);
        world.carrier();
        world.host(0).join("ada", "Caller.ada", "12157010680&colour=blue");
        world.host(0).join("ben", "Caller.ben", "4930901820");
        world.host(0).tell("join", "key=far&conference=300&number=33142685300&name=Caller.far");
        Self { world, seeds }
    }

    #[track_caller]
    fn open(&mut self, name: &str, args: &[&str]) -> usize {
        let at = self.world.open_desk_as(name, &as_who(&self.seeds, name), args);
        for caller in ["Caller.ada", "Caller.ben", "Caller.far"] {
            self.world.desks[at].wait_for_text(caller);
        }
        at
    }

    /// What the server refused so far, by its own log, each once.
    fn refused(&self) -> Vec<String> {
        let log = self.world.servers.all[0].log();
        let subject = |line: &str| line.contains("Violation").then(|| line.rsplit('"').nth(1).unwrap_or(line).to_owned());
        let all: std::collections::BTreeSet<String> = log.lines().filter_map(subject).collect();
        all.into_iter().collect()
    }

    /// What the stream says, as whoever may read it.
    fn kinds(&self) -> Vec<String> {
        let seed = KEYS[0].1.to_owned();
        truth::read_as(&self.world.servers.urls(), Some(&seed))
            .into_iter()
            .map(|line| format!("{} {}", line.kind, line.text("action")))
            .collect()
    }

    fn asked(&self) -> Vec<String> {
        let mut asked: Vec<_> =
            self.world.provider.requests().iter().map(|request| format!("{} {}", request.action(), request.key())).collect();
        asked.sort();
        asked
    }
}

fn as_who(seeds: &tempfile::TempDir, name: &str) -> String {
    format!("nats_nkey = \"{}\"\n", seeds.path().join(name).display())
}

#[test]
fn a_desk_that_may_not_kick_is_told_and_nobody_else_sees_anything() {
    if !tools::require(PROGRAM) {
        return;
    }
    let mut guarded = Guarded::new();
    let ann = guarded.open("KEY_OF_DESKS", &[]);
    let bob = guarded.open("KEY_OF_DESKS_WITHOUT_KICK", &[]);
    let before = guarded.kinds();
    let desk = &mut guarded.world.desks[bob];
    desk.press(Key::Home);
    desk.send_keys("k");
    desk.wait_for_text("kick this caller?");
    desk.send_keys("y");
    desk.wait_for_text("may not publish on confmod.event.200.ask.kick");
    desk.send_keys("L");
    desk.wait_for_text("may not publish on confmod.event.200.fact.mode");
    assert_eq!(guarded.kinds(), before, "nothing of it is on the stream");
    // The rest goes on, at both.
    let desk = &mut guarded.world.desks[bob];
    desk.press(Key::Home);
    desk.send_keys("m");
    for desk in &guarded.world.desks {
        desk.wait_for_row("Caller.ada", "muted");
    }
    assert!(!guarded.world.desks[ann].screen().says("kick Caller"), "{}", guarded.world.desks[ann].screen_text());
    let desk = &mut guarded.world.desks[ann];
    desk.press(Key::Home);
    desk.send_keys("k");
    desk.wait_for_text("kick this caller?");
    desk.send_keys("y");
    for desk in &guarded.world.desks {
        desk.wait_for_row("Caller.ada", "kicked");
    }
    // What came with a join is read from the stream when it is looked at.
    guarded.world.desks[ann].send_keys("d");
    guarded.world.desks[ann].wait_for_text("colour");
    // Who is kicked is not among them.
    guarded.world.level(SOON, |rows| rows.len() == 2);
    assert_eq!(guarded.asked(), ["KICK ada", "MUTE ada"]);
    let refused = guarded.refused();
    assert_eq!(refused, ["confmod.event.200.ask.kick", "confmod.event.200.fact.mode"], "hosts and desks have what they need");
}

#[test]
fn an_account_that_only_reads_sees_everything_and_asks_for_nothing() {
    if !tools::require(PROGRAM) {
        return;
    }
    let mut guarded = Guarded::new();
    guarded.open("KEY_OF_DESKS", &[]);
    let looker = guarded.open("KEY_OF_LOOKERS", &[]);
    let before = guarded.kinds();
    // It was not told to look only, so the server has to.
    for key in ["m", "M", "h"] {
        let desk = &mut guarded.world.desks[looker];
        desk.press(Key::Home);
        desk.send_keys(key);
        desk.wait_for(|screen| screen.notice().contains("may not publish on confmod.event."), "that it may not");
        desk.press(Key::Esc);
        desk.wait_for(|screen| !screen.notice().contains("may not publish"), "the notice to go");
    }
    assert_eq!(guarded.kinds(), before, "nothing of it is on the stream");
    guarded.world.desks[0].press(Key::Home);
    guarded.world.desks[0].send_keys("m");
    guarded.world.host(0).tell("hand", "key=ben");
    guarded.world.desks[looker].wait_for_row("Caller.ada", "muted");
    guarded.world.desks[looker].wait_for_row("Caller.ben", "↑1");
    guarded.world.level(SOON, |rows| rows.len() == 3);
    assert_eq!(guarded.asked(), ["MUTE ada"]);
    // Told to look only, it says so by itself.
    let other = guarded.open("KEY_OF_LOOKERS", &["--read-only"]);
    guarded.world.desks[other].send_keys("m");
    guarded.world.desks[other].wait_for_text("read-only");
    assert_eq!(guarded.asked(), ["MUTE ada"]);
}

#[test]
fn an_account_of_one_conference_asks_there_and_nowhere_else() {
    if !tools::require(PROGRAM) {
        return;
    }
    let mut guarded = Guarded::new();
    guarded.open("KEY_OF_DESKS", &[]);
    let narrow = guarded.open("KEY_OF_DESKS_OF_200", &[]);
    let desk = &mut guarded.world.desks[narrow];
    desk.press(Key::End);
    desk.send_keys("m");
    desk.wait_for_text("may not publish on confmod.event.300.ask.mute");
    // Also of a caller who joined before the desk was there it knows the conference.
    desk.press(Key::Home);
    desk.send_keys("m");
    desk.wait_for_row("Caller.ada", "muted");
    desk.send_keys("h");
    desk.wait_for_row("Caller.ada", "↑1");
    desk.send_keys("n");
    desk.wait_for_text("name this caller");
    desk.send_keys("x");
    desk.press(Key::Enter);
    desk.wait_for_row("Caller.adax", "muted");
    guarded.world.level(SOON, |rows| rows.len() == 3);
    assert_eq!(guarded.asked(), ["MUTE ada"]);
}
