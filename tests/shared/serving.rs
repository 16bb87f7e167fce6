//! `confmod serve` by itself: what it says of itself, how it refuses to begin, and how it ends.

use std::process::Output;
use std::time::Duration;

use rustix::process::Signal;

use super::support::home::Home;
use super::support::http;
use super::support::keys::Key;
use super::support::nats::PROGRAM;
use super::support::provider::Answer;
use super::support::tools;
use super::truth;
use super::world::{Host, PATIENCE, World, wait};

#[test]
fn it_says_how_it_is_while_the_server_is_there_and_while_it_is_not() {
    if !tools::require(PROGRAM) {
        return;
    }
    let mut world = World::small("");
    let metrics = world.host(0).metrics;
    let health = || http::get(metrics, "/healthz").status;
    assert_eq!(health(), 200);
    wait("the lease", Duration::from_secs(5), || world.host(0).carries_out());
    world.host(0).join("a", "Caller.a", "12157010680");
    assert_eq!(world.host(0).get("join", "key=$[x]&conference=200").status, 400);
    wait("what it counted", Duration::from_secs(5), || world.host(0).metric("confmod_events_total{kind=\"joined\"}") == Some(1.0));
    assert_eq!(world.host(0).metric("confmod_callbacks_total{result=\"taken\"}"), Some(1.0));
    assert_eq!(world.host(0).metric("confmod_callbacks_total{result=\"refused\"}"), Some(1.0));
    assert_eq!(world.host(0).metric("confmod_journal_up"), Some(1.0));
    let reply = http::get(metrics, "/metrics");
    assert_eq!(reply.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    assert!(!reply.body.contains("12157010680") && !reply.body.contains("Caller"), "{}", reply.body);

    world.servers.all[0].kill();
    wait("503", Duration::from_secs(6), || health() == 503);
    let refused = world.host(0).get("join", "key=b&conference=200");
    assert_eq!((refused.status, refused.header("retry-after").is_some()), (503, true), "{refused:?}");
    assert_eq!(world.host(0).metric("confmod_journal_up"), Some(0.0));
    wait("it to let go of the lease", Duration::from_secs(10), || !world.host(0).carries_out());
    world.servers.all[0].start();
    wait("200 again", Duration::from_secs(10), || health() == 200);
    world.host(0).join("c", "Caller.c", "12157010681");
    wait("the lease again", Duration::from_secs(15), || world.host(0).carries_out());
}

fn run(more: &[&str], without: &[&str]) -> Output {
    let home = Home::new();
    let mut command = Host::command(&home, "http://127.0.0.1:9/api/v3.asp", "nats://127.0.0.1:9");
    command.args(more);
    for name in without {
        command.env_remove(name);
    }
    command.output().expect("it runs")
}

#[track_caller]
fn refuses(output: &Output, code: i32, sentence: &[&str]) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}");
    for part in sentence {
        assert!(said.contains(part), "{part:?} is not in: {said}");
    }
}

#[test]
fn without_a_server_a_user_key_or_a_port_it_says_what_to_do() {
    let home = Home::new();
    let mut bare = std::process::Command::new(super::support::confmod());
    bare.arg("serve").env_clear().envs(super::support::home::environment(home.path()));
    refuses(&bare.output().expect("it runs"), 2, &["no server is named", "--nats nats://127.0.0.1:4222", "CONFMOD_NATS"]);
    refuses(&run(&[], &["CONFMOD_USERKEY"]), 2, &["CONFMOD_USERKEY"]);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    refuses(&run(&["--listen", &address], &[]), 2, &["cannot be used multiple times"]);
    refuses(&at(&address, "127.0.0.1:0"), 1, &["listening for callbacks on", &address, "--listen"]);
    refuses(&at("127.0.0.1:0", &address), 1, &["telling how this host is on", &address, "--metrics"]);
    refuses(&at("127.0.0.1:0", "0.0.0.0:0"), 2, &["metrics"]);
    refuses(&at("127.0.0.1:0", "127.0.0.1:0"), 1, &["nats://127.0.0.1:9", "check that the server runs"]);
}

/// A host that listens where it is told, with a server that is not there.
fn at(listen: &str, metrics: &str) -> Output {
    let home = Home::new();
    let mut command = std::process::Command::new(super::support::confmod());
    command
        .args(["serve", "--nats", "nats://127.0.0.1:9", "--listen", listen, "--metrics", metrics])
        .env_clear()
        .envs(super::support::home::environment(home.path()))
        .env("CONFMOD_USERKEY", super::support::stage::USERKEY)
        .env("CONFMOD_CALLBACK_TOKEN", super::support::stage::TOKEN);
    command.output().expect("it runs")
}

#[test]
fn asked_to_end_it_is_gone_at_once_and_the_other_carries_on_at_once() {
    if !tools::require(PROGRAM) {
        return;
    }
    let mut world = World::small("");
    wait("the lease", Duration::from_secs(5), || world.host(0).carries_out());
    let other = world.new_host();
    world.hosts.push(Some(other));
    assert!(!world.host(1).carries_out(), "one at a time");
    let (code, took) = world.hosts[0].as_mut().expect("it runs").stop();
    assert_eq!(code, 128 + Signal::TERM.as_raw());
    assert!(took < Duration::from_secs(2), "{took:?}");
    // It looks every 2 s.
    let handed = wait("the other to carry on", Duration::from_secs(5), || world.host(1).carries_out());
    assert!(handed < Duration::from_secs(4), "what was given back is not waited for: {handed:?}");
    // While the server is away it ends as fast.
    world.servers.all[0].kill();
    let (code, took) = world.hosts[1].as_mut().expect("it runs").stop();
    assert_eq!(code, 128 + Signal::TERM.as_raw());
    assert!(took < Duration::from_secs(2), "{took:?}");
}

/// As after a power cut of servers that sync when they have time: what was stored last is not there, and others write on.
#[test]
fn what_the_server_lost_after_it_was_shown_is_not_gone_on_from() {
    if !tools::require(PROGRAM) {
        return;
    }
    let mut world = World::small("");
    world.open_desk("ann");
    world.host(0).join("a", "Caller.a", "12157010680");
    world.desks[0].wait_for_row("Caller.a", "open");
    world.servers.all[0].kill();
    world.servers.all[0].keep(false);
    world.servers.all[0].start();
    world.desks[0].wait_for_text("the server is back");
    wait("the host to take callbacks again", PATIENCE, || world.host(0).get("join", "key=b&conference=200&name=Caller.b").status == 200);
    world.desks[0].wait_for_row("Caller.b", "open");

    world.servers.all[0].kill();
    world.servers.all[0].keep(true);
    world.servers.all[0].start();
    let fresh = world.new_host();
    for call in 0..20 {
        fresh.join(&format!("other{call}"), &format!("Caller.{call}"), "12157010681");
    }
    let (code, _) = world.hosts[0].as_mut().expect("it runs").ends();
    let said = world.host(0).said();
    assert!(code == 1 && said.contains("the server has lost events that came from it"), "{code}: {said}");
    world.desks[0].wait_for_text("RESTART CONFMOD");
    world.desks[0].send_keys("m");
    world.desks[0].wait_for_text("the server has lost events that are shown here; restart confmod");
    let again = world.open_desk("bob");
    world.desks[again].wait_for_row("Caller.19", "open");
    assert!(!world.desks[again].screen_text().contains("Caller.b"), "the stream has nothing of it");
}

#[test]
fn an_ask_that_does_not_stand_in_the_stream_is_carried_out_by_nobody() {
    if !tools::require(PROGRAM) {
        return;
    }
    let mut world = World::small("");
    world.open_desk("ann");
    let url = world.servers.urls();
    for (caller, number) in [("a", "12157010680"), ("b", "12157010681")] {
        world.host(0).join(caller, &format!("Caller.{caller}"), number);
        world.desks[0].wait_for_row(&format!("Caller.{caller}"), "open");
    }
    // Behind one that is under way another one waits.
    world.provider.script(Answer::Hold);
    world.desks[0].press(Key::Home);
    world.desks[0].send_keys("m");
    world.provider.wait_for_action("MUTE", "a");
    world.desks[0].send_keys("u");
    wait("the ask to be on the stream", PATIENCE, || truth::open_asks(&truth::read(&url)).len() == 2);
    let ask = truth::open_asks(&truth::read(&url))[1];
    truth::take_out(&url, ask);
    world.provider.release();
    wait("the host to let go", PATIENCE, || world.host(0).said().contains("does not stand in the stream"));
    wait("it to carry out again", PATIENCE, || world.host(0).said().matches("this host carries out what is asked").count() == 2);
    world.desks[0].press(Key::Down);
    world.desks[0].send_keys("m");
    world.desks[0].wait_for_row("Caller.b", "muted");
    let asked: Vec<_> = world.provider.requests().iter().map(|request| format!("{} {}", request.action(), request.key())).collect();
    assert_eq!(asked, ["MUTE a", "MUTE b"], "what was taken out is not sent, and the rest goes on");
    let of_it = truth::read(&url).into_iter().filter(|line| line.body["ask"] == ask);
    assert_eq!(of_it.count(), 0, "nothing is said of it");
}
