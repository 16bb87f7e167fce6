//! How long a callback takes to its durable `200`, and how many a second there can be.
//!
//! Beside one alone stands the least that durability can cost on this disk. Beside many stand the same routes
//! without a journal on bare axum, our own parts with a sync for each request, and what else might take webhooks.
//! Receivers run on one core and the load on another. Words on the command line choose parts; without any, all
//! but `curve` is measured.
#![allow(clippy::expect_used, reason = "a benchmark that cannot run is to say so and end")]
#![allow(unreachable_pub, reason = "inside a benchmark nothing can be reached from outside")]

mod harness;

#[path = "callback/cores.rs"]
mod cores;
#[path = "callback/curve.rs"]
mod curve;
#[path = "callback/least.rs"]
mod least;
#[path = "callback/load.rs"]
mod load;
#[path = "callback/peers.rs"]
mod peers;
#[path = "callback/receivers.rs"]
mod receivers;

use std::path::Path;

use harness::{Appended, ROUNDS, Series, Table, Unit, directory, in_turn, median_of};
use load::{Client, Crowd, Target, join, joins};
use receivers::{Ours, bare};

/// Callbacks in one round of one after the other.
const ALONE: usize = 200;

const SHAPES: [(&str, &str, Crowd); 3] = [
    ("kept", "callbacks on 64 kept connections, durable", KEPT),
    ("many", "callbacks on 256 kept connections, durable", MANY),
    ("anew", "callbacks on 64 connections at once, each its own, durable", ANEW),
];

const KEPT: Crowd = Crowd { connections: 64, each_anew: false };
const MANY: Crowd = Crowd { connections: 256, each_anew: false };
const ANEW: Crowd = Crowd { connections: 64, each_anew: true };

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let wanted = |part: &str| words.is_empty() && part != "curve" || words.iter().any(|word| word == part);
    // They are there once, and not part of the first callback.
    confmod::phone::load_tables();
    let directory = directory();
    let ours = Ours::start(&directory.path().join("journal.sqlite"));

    let mut table = Table::new("callback: from the first byte out to the last byte of the 200");
    if wanted("alone") {
        table.pair(&alone(directory.path()));
    }
    let shapes: Vec<_> = SHAPES.into_iter().filter(|(word, ..)| wanted(word)).collect();
    if !shapes.is_empty() {
        beside_bare(&mut table, &shapes, &ours.target(), &bare());
    }
    if wanted("limit") {
        beside_least(&mut table, &ours.target(), directory.path());
    }
    if wanted("peers") {
        beside_peers(&mut table, &ours.target(), directory.path());
    }
    if words.is_empty() || words.iter().any(|word| word != "curve") {
        table.print();
    }
    if wanted("curve") {
        curve::draw(directory.path());
    }
}

/// One callback after the other on one connection, to a receiver that need not share a core with itself.
fn alone(directory: &Path) -> [Series; 2] {
    let receiver = Ours::anywhere(&directory.join("alone.sqlite"));
    let ours = &receiver.target();
    let mut client = Client::new(ours.address);
    let mut file = Appended::new(directory);
    let bytes = join(ours);
    in_turn(
        ("one callback on a kept connection, durable", || {
            let mut requests = (0..ALONE).map(|_| join(ours)).collect::<Vec<_>>().into_iter();
            median_of(ALONE, || client.ask(&requests.next().unwrap_or_default()))
        }),
        ("one append and fdatasync of the same bytes", || median_of(ALONE, || file.append(&bytes))),
        Unit::Time,
    )
}

/// Ours, and the routes without a journal on bare axum, in every shape of crowd.
fn beside_bare(table: &mut Table, shapes: &[(&str, &str, Crowd)], ours: &Target, bare: &Target) {
    let beside = "the same routes without journal on bare axum";
    let pair = |name: &str, unit| [Series::new(name, unit), Series::new(beside, unit)];
    for (_, name, crowd) in shapes {
        let (mut rates, mut medians, mut slow) =
            (pair(name, Unit::PerSecond), pair("  each of them, median", Unit::Time), pair("  each of them, p99", Unit::Time));
        for _ in 0..ROUNDS {
            for (side, target) in [ours, bare].into_iter().enumerate() {
                let went = joins(target, *crowd);
                rates[side].add(went.per_second);
                medians[side].add(went.median);
                slow[side].add(went.p99);
            }
        }
        for pair in [rates, medians, slow] {
            table.pair(&pair);
        }
    }
}

/// Ours in every shape of crowd, and the least writer behind bare axum: what a database that syncs costs on this machine.
fn beside_least(table: &mut Table, ours: &Target, directory: &Path) {
    let least = receivers::least(&directory.join("least.sqlite"));
    for (_, name, crowd) in SHAPES {
        let ask = |target: &Target| joins(target, crowd).per_second;
        let beside = "bare axum with the least writer to the same database engine";
        table.pair(&in_turn((name, || ask(ours)), (beside, || ask(&least)), Unit::PerSecond));
    }
}

/// Ours on 64 connections, and what else there is.
fn beside_peers(table: &mut Table, ours: &Target, directory: &Path) {
    let serial = Ours::one_by_one(&directory.join("serial.sqlite"));
    let (webhook, jetstream) = (peers::webhook(directory), peers::jetstream(directory));
    let mut others = vec![("the same with one sync for each request", serial.target())];
    others.extend(webhook.as_ref().map(|running| ("webhook running /bin/true, nothing stored", running.target.clone())));
    others.extend(jetstream.as_ref().map(|running| ("JetStream behind bare axum, acknowledged, not synced", running.target.clone())));
    for (name, target) in others {
        let ask = |target: &Target| joins(target, KEPT).per_second;
        table.pair(&in_turn(("callbacks on 64 kept connections, durable", || ask(ours)), (name, || ask(&target)), Unit::PerSecond));
    }
    for (program, is_there) in [("webhook", webhook.is_some()), ("nats-server", jetstream.is_some())] {
        if !is_there {
            table.remark(&format!("left out: a comparison with {program} (there is no such program)"));
        }
    }
}
