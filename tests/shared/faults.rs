//! Faults under load: hosts and servers go away while fifty callers call back and two desks ask.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::crowd::{CALLERS, Crowd, nothing_is_lost};
use super::support::cluster::{self, CALM};
use super::support::keys::Key;
use super::support::nats::{PROGRAM, Servers};
use super::support::provider::Answer;
use super::support::pty::Console;
use super::support::scale::{Figures, pick};
use super::support::screen::Reading as _;
use super::support::tools;
use super::support::wires::Wires;
use super::truth;
use super::world::{PATIENCE, Rows, SOON, World, rows, wait};

const CLUSTER: &str = "nats_replicas = 3\npace = 50\nask_after_join = \"10ms\"\n";

/// What hosts and desks may take once the servers have leaders again.
const OURS: Duration = Duration::from_secs(10);

/// How long the desks and callers work before a fault, and with it.
const BEFORE: Duration = Duration::from_millis(1_500);
const WITH: Duration = Duration::from_secs(4);

/// One fault after the other in one world.
pub struct Ordeal {
    pub world: World,
    pub crowd: Crowd,
    tick: usize,
    victims: usize,
    /// The longest until all was level, and until the servers took words again.
    slowest: Duration,
    servers: Duration,
    faults: usize,
}

impl Ordeal {
    /// Two hosts and two desks on a cluster, and the crowd, which waits.
    #[track_caller]
    pub fn begin(servers: Servers) -> Self {
        let mut world = World::on(servers, 2, CLUSTER);
        for moderator in ["ann", "bob"] {
            world.open_desk(moderator);
        }
        world.carrier();
        let crowd = Crowd::start(addresses(&world));
        // While the callers raise and lower their hands no two screens need ever be the same.
        wait("all callers on all desks", PATIENCE, || world.desks.iter().all(|desk| rows(&desk.screen()).len() == CALLERS));
        crowd.pause();
        world.level(PATIENCE, |rows| rows.len() == CALLERS);
        Self { world, crowd, tick: 0, victims: 0, slowest: Duration::ZERO, servers: Duration::ZERO, faults: 0 }
    }

    /// Both desks ask for a while: single keys, bulk, and kicks of whoever came for it.
    fn work(&mut self, time: Duration) {
        let until = Instant::now() + time;
        while Instant::now() < until {
            self.tick += 1;
            let [ann, bob] = &mut self.world.desks[..] else { panic!("two desks") };
            match self.tick % 12 {
                3 => ann.send_keys("*m"),
                9 => bob.send_keys("*u"),
                6 => {
                    self.victims += 1;
                    let (key, name) = (format!("v{}", self.victims), format!("Victim.{}", self.victims));
                    let query = format!("key={key}&conference=200&number=4930{:06}&name={name}", self.victims);
                    // With a fault it may not be taken: then nobody is kicked.
                    let host = self.world.hosts.iter().flatten().next().expect("a host");
                    if host.get("join", &query).status == 200 {
                        let seen = Instant::now() + Duration::from_secs(1);
                        while !ann.screen().says(&name) && Instant::now() < seen {
                            std::thread::sleep(Duration::from_millis(10));
                        }
                        // Who cannot be seen is not gone to, and the cursor is on somebody else.
                        if ann.screen().says(&name) {
                            kick(ann, &name);
                        }
                    }
                }
                odd if odd % 2 == 1 => {
                    ann.send_keys("m");
                    ann.press(Key::Down);
                    bob.send_keys("u");
                    bob.press(Key::Up);
                }
                _ => {
                    ann.press(Key::Down);
                    ann.send_keys("u");
                    bob.send_keys("m");
                }
            }
            std::thread::sleep(Duration::from_millis(150));
        }
    }

    /// A fault, and that all is level again soon after it. The callers wait until the next one.
    #[track_caller]
    pub fn survive(&mut self, what: &str, fault: impl FnOnce(&mut Self)) {
        self.crowd.resume();
        self.work(BEFORE);
        let began = Instant::now();
        fault(self);
        let served = cluster::served(&self.world.servers.urls());
        self.crowd.route(addresses(&self.world));
        self.work(WITH);
        self.crowd.pause();
        let is_calm = |rows: &Rows| rows.len() == CALLERS && rows.values().all(|(_, hand)| hand.is_empty() || hand == "floor");
        self.world.level(PATIENCE, is_calm);
        self.world.carrier();
        let took = began.elapsed();
        // Servers that need more than one election are not waited for by anybody's watch.
        let served = served.join().expect("they serve again");
        let bound = SOON.max(served + OURS);
        assert!(took < bound, "after {what} it took {took:?}, of which the servers {served:?}");
        self.slowest = self.slowest.max(took);
        self.servers = self.servers.max(served);
        self.faults += 1;
    }

    /// Nothing was lost, and every ask ended once.
    #[track_caller]
    pub fn end(self, promise: &'static str) -> World {
        let told = self.crowd.finish();
        let urls = self.world.servers.urls();
        let lines = truth::settled(&urls);
        nothing_is_lost(&told, &lines);
        let asks = truth::asks_are_true(&lines, &self.world.provider);
        assert!(told.slowest < Duration::from_millis(3_900), "an answer took {:?}", told.slowest);
        self.world.level(SOON, |rows| rows.len() == CALLERS);
        let taken: usize = told.taken.values().sum();
        Figures::of(promise)
            .with(self.faults, "faults")
            .with(taken, "callbacks answered 200 and none lost")
            .with(told.refused, "answered 503")
            .with(told.unanswered, "not answered")
            .with(format!("{:?}", told.slowest), "the slowest answer")
            .with(asks.count, &format!("asks, each ended once: {:?}", asks.ends))
            .with(format!("{:.1} s", self.slowest.as_secs_f32()), "until all was level at the latest")
            .with(format!("{:.1} s", self.servers.as_secs_f32()), "of it until the servers had leaders at the latest")
            .tell();
        self.world
    }
}

fn addresses(world: &World) -> Vec<std::net::SocketAddr> {
    world.hosts.iter().flatten().map(|host| host.callbacks).collect()
}

/// Goes to a caller and kicks it.
fn kick(desk: &mut Console, name: &str) {
    let is_open = |desk: &Console, text: &str| {
        let until = Instant::now() + Duration::from_secs(1);
        while !desk.screen().says(text) {
            if Instant::now() > until {
                return false;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        true
    };
    desk.send_keys(":");
    if is_open(desk, "commands") {
        desk.send_keys(name);
        desk.press(Key::Enter);
        desk.send_keys("k");
        if is_open(desk, "kick this caller?") {
            desk.send_keys("y");
            return;
        }
    }
    desk.press(Key::Esc);
}

#[test]
fn hosts_and_servers_that_go_away_lose_nothing_and_all_desks_are_level_again() {
    if !tools::require(PROGRAM) {
        return;
    }
    let mut ordeal = Ordeal::begin(Servers::three());
    for _ in 0..pick(1, 10) {
        ordeal.survive("kill -9 of the host that carries out", |ordeal| {
            let carrier = ordeal.world.carrier();
            ordeal.world.kill_host(carrier);
        });
        replace_host(&mut ordeal);
        ordeal.survive("kill -9 of the other host", |ordeal| {
            let other = 1 - ordeal.world.carrier();
            ordeal.world.kill_host(other);
        });
        replace_host(&mut ordeal);
        for (what, is_leader) in [("kill -9 of the leader", true), ("kill -9 of a follower", false)] {
            let leader = cluster::leader(&ordeal.world.servers.urls(), Duration::ZERO);
            let server = if is_leader { leader } else { (leader + 1) % 3 };
            ordeal.survive(what, |ordeal| ordeal.world.servers.all[server].kill());
            ordeal.world.servers.all[server].start();
        }
        let leader = cluster::leader(&ordeal.world.servers.urls(), Duration::ZERO);
        ordeal.survive("a frozen leader", |ordeal| ordeal.world.servers.all[leader].freeze());
        ordeal.world.servers.all[leader].thaw();
        cluster::leader(&ordeal.world.servers.urls(), CALM);
    }
    ordeal.end("shared-faults");
}

#[test]
fn a_server_whose_wire_is_cut_is_done_without() {
    if !tools::require(PROGRAM) {
        return;
    }
    for (what, is_leader) in [("a leader whose wire is cut", true), ("a follower whose wire is cut", false)] {
        // Each on servers of its own: one of 2.9 that was cut off and leads later on may bring acknowledged events down with it.
        let wires = Wires::lay(3);
        let mut ordeal = Ordeal::begin(Servers::apart(&wires));
        let leader = cluster::leader(&ordeal.world.servers.urls(), CALM);
        let server = if is_leader { leader } else { (leader + 1) % 3 };
        ordeal.survive(what, |_| wires.cut(server));
        let world = ordeal.end(if is_leader { "shared-cut-leader" } else { "shared-cut-follower" });
        wires.mend(server);
        // The term of the one that comes back is ahead of the others': they elect once more, and take nothing meanwhile.
        let late = "key=late&conference=200&number=4930901820&name=Caller.late";
        wait("a late caller to be taken", PATIENCE, || world.host(0).get("join", late).status == 200);
        world.level(PATIENCE, |rows| rows.len() == CALLERS + 1);
    }
}

fn replace_host(ordeal: &mut Ordeal) {
    let gone = ordeal.world.hosts.iter().position(Option::is_none).expect("one is gone");
    let host = ordeal.world.new_host();
    ordeal.world.hosts[gone] = Some(host);
    ordeal.crowd.route(addresses(&ordeal.world));
}

#[test]
fn a_kick_whose_host_dies_is_unknown_at_all_desks_and_never_sent_again() {
    if !tools::require(PROGRAM) {
        return;
    }
    let mut world = World::on(Servers::one(""), 2, "ask_after_join = \"10ms\"\n");
    for moderator in ["ann", "bob"] {
        world.open_desk(moderator);
    }
    let carrier = world.carrier();
    world.host(1 - carrier).join("vic", "Caller.vic", "12157010680");
    world.host(1 - carrier).join("ada", "Caller.ada", "4930901820");
    for desk in &world.desks {
        desk.wait_for_row("Caller.vic", "open");
        desk.wait_for_row("Caller.ada", "open");
    }
    world.provider.script(Answer::Hold);
    kick(&mut world.desks[0], "Caller.vic");
    world.provider.wait_for_action("KICK", "vic");
    // What was asked and has not left is carried out by the next host.
    world.desks[1].press(Key::End);
    let died = Instant::now();
    world.kill_host(carrier);
    wait("the other host to carry out", SOON, || world.host(1 - carrier).carries_out());
    for desk in &world.desks {
        desk.wait_for_row("Caller.vic", "unknown");
    }
    assert!(died.elapsed() < SOON, "{:?}", died.elapsed());
    world.provider.release();
    world.desks[1].send_keys("*m");
    world.provider.wait_for_action("MUTE", "ada");
    let lines = truth::settled(&world.servers.urls());
    let asks = truth::asks_are_true(&lines, &world.provider);
    assert_eq!(asks.ends.get("unknown"), Some(&1), "{asks:?}");
    assert_eq!(world.provider.count_where(|request| request.action() == "KICK"), 1);
    world.level(SOON, |rows| rows["Caller.ada"].0 == "muted");
}

#[test]
fn a_host_that_was_frozen_sends_nothing_that_another_has_taken_over() {
    if !tools::require(PROGRAM) {
        return;
    }
    let mut world = World::on(Servers::one(""), 2, "ask_after_join = \"10ms\"\n");
    for moderator in ["ann", "bob"] {
        world.open_desk(moderator);
    }
    let frozen = world.carrier();
    let other = 1 - frozen;
    world.host(other).join("ada", "Caller.ada", "12157010680");
    world.host(other).join("ben", "Caller.ben", "4930901820");
    world.level(PATIENCE, |rows| rows.len() == 2);
    world.host(frozen).signal(Signal::STOP);
    wait("the other host to carry out", SOON, || world.host(other).carries_out());
    world.desks[0].send_keys("*m");
    world.provider.wait_for_action("MUTE", "ada");
    world.provider.wait_for_action("MUTE", "ben");
    // What was asked meanwhile came to the frozen one, too, and it thinks that all of it is its own.
    world.host(frozen).signal(Signal::CONT);
    wait("it to let go", SOON, || !world.host(frozen).carries_out());
    world.desks[1].send_keys("*u");
    world.provider.wait_for_action("UNMUTE", "ada");
    world.provider.wait_for_action("UNMUTE", "ben");
    let lines = truth::settled(&world.servers.urls());
    let asks = truth::asks_are_true(&lines, &world.provider);
    assert_eq!((asks.count, asks.ends.get("accepted")), (4, Some(&4)), "{asks:?}");
    assert_eq!(world.provider.requests().len(), 4);
    assert!(world.host(other).carries_out(), "and it stays so");
    world.level(SOON, |rows| rows.values().all(|(voice, _)| voice == "open"));
}
