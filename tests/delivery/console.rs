//! The console's asks under faults: their order per caller, answers that are not theirs, connections that close under
//! them, and quitting in the middle.
#![allow(unreachable_pub, reason = "inside a test program nothing can be reached from outside")]

use std::time::Duration;

use rustix::process::Signal;

use super::{ALL, DECLINED, SUCCESS, http};
use crate::desk::{Desk, Told, explains, told};
use crate::fault::{Dress, End, Fault};
use crate::support::provider::Answer;
use crate::support::scale::{Figures, pick};
use crate::support::talk::{Talk, open_with};

/// Numbers that are the same for the same seed.
struct Dice(u64);

impl Dice {
    /// One of so many.
    fn roll(&mut self, sides: usize) -> usize {
        // Marsaglia's xorshift, from "Xorshift RNGs", 2003.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % sides
    }

    fn fault(&mut self) -> Fault {
        let end = [End::Close, End::Reset, End::Half][self.roll(3)];
        match self.roll(12) {
            0 | 1 => Fault::Request(self.roll(700), end),
            2 => Fault::Request(ALL, end),
            3 => Fault::Answer(Dress::Plain, self.roll(200), end),
            4 => Fault::Answer(Dress::Instead(b"garbage\r\n\r\n"), ALL, end),
            5 => Fault::After(http("200 OK", "", SUCCESS), Duration::ZERO),
            6 => Fault::Early(1, http("503 Busy", "Retry-After: 1\r\n", ""), End::Close),
            _ => Fault::None,
        }
    }
}

/// What must hold of all asks of a console, caller by caller.
#[track_caller]
fn holds(desk: &Desk, asks: &[Told], callers: usize, seed: u64) {
    for number in 1..=callers {
        let own: Vec<_> = asks.iter().filter(|ask| ask.call == format!("c{number}")).collect();
        let executed = desk.executed(number);
        assert!(
            explains(&own, &executed),
            "seed {seed}: the provider did {executed:?}, and it was asked for {own:#?}, and the proxy did {:#?}",
            desk.proxy.exchanges()
        );
    }
}

/// What one seed came to.
#[derive(Default)]
struct Sum {
    asked: usize,
    executed: usize,
    faults: usize,
}

fn at_random(seed: u64) -> Sum {
    /// Callers at a time; whoever is kicked makes room for the next.
    const AT_ONCE: usize = 4;
    let mut desk = Desk::open(AT_ONCE);
    let (mut dice, mut invents) = (Dice(seed * 7_919), Dice(seed * 104_729));
    desk.proxy.invent(move || invents.fault());
    let mut callers = AT_ONCE;
    for _ in 0..pick(60, 150) {
        let number = callers - dice.roll(AT_ONCE);
        let action = ["mute", "unmute", "mute", "unmute", "mute", "unmute", "kick"][dice.roll(7)];
        desk.ask(action, number);
        if action == "kick" {
            callers += 1;
            desk.join(callers);
        }
        std::thread::sleep(Duration::from_millis(dice.roll(40) as u64));
    }
    callers += 1;
    desk.catch_up(callers);
    let asks = desk.settled();
    holds(&desk, &asks, callers, seed);
    // Once the way is sound again, what is asked last is what was done last; after an outage the first of these is the
    // probe, and the others go well with it.
    desk.proxy.heal();
    // The journal is ahead of the console; who joins now stands after all of it there.
    callers += 1;
    desk.join(callers);
    let kicked = asks.iter().filter(|ask| ask.action == "kick" && ask.outcome == "accepted").count();
    for number in 1..=callers {
        desk.ask("unmute", number);
    }
    let before = asks.len();
    let asks = desk.ended(before + callers - kicked);
    holds(&desk, &asks, callers, seed);
    for last in &asks[before..] {
        assert_eq!((&*last.action, &*last.outcome), ("unmute", "accepted"), "seed {seed}: {last:?}");
        let number = last.call[1..].parse().expect("a caller's number");
        assert_eq!(desk.executed(number).last().map(String::as_str), Some("UNMUTE"), "seed {seed}");
    }
    let faults = desk.proxy.take().iter().filter(|exchange| exchange.is_faulty()).count();
    Sum { asked: asks.len(), executed: desk.provider.requests().len(), faults }
}

/// Per caller the order of the asks holds under random faults.
pub fn orders_hold() {
    let seeds: Vec<u64> = (1..=pick(2, 60)).collect();
    let mut all = Sum::default();
    for some in seeds.chunks(4) {
        let sums: Vec<Sum> = std::thread::scope(|scope| {
            let runs: Vec<_> = some.iter().map(|seed| scope.spawn(|| at_random(*seed))).collect();
            runs.into_iter().map(|run| run.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
        });
        for sum in sums {
            all.asked += sum.asked;
            all.executed += sum.executed;
            all.faults += sum.faults;
        }
    }
    Figures::of("asks in a random order under random faults")
        .with(seeds.len(), "seeds")
        .with(all.asked, "asks")
        .with(all.faults, "faults")
        .with(all.executed, "carried out")
        .with(0, "lost or out of order")
        .tell();
}

#[test]
fn an_answer_too_many_is_not_taken_for_the_next_asks() {
    let mut desk = Desk::open(1);
    let mut strays = 0;
    for round in 0..pick(6, 200) {
        let pause = Duration::from_millis([0, 1, 20][round % 3]);
        let (first, second) = if round % 2 == 0 { ("mute", "unmute") } else { ("unmute", "mute") };
        desk.proxy.script([Fault::After(http("200 OK", "", SUCCESS), pause)]);
        desk.ask(first, 1);
        let asks = desk.ended(2 * round + 1);
        assert_eq!(asks[2 * round].outcome, "accepted", "{asks:#?}");
        // All that strays is there before the next one leaves.
        desk.proxy.wait_for("the second answer to be out", |all| all.len() > 2 * round && all[2 * round].out);
        desk.provider.script(Answer::Bytes(http("200 OK", "Connection: close\r\n", DECLINED).to_vec()));
        desk.ask(second, 1);
        let asks = desk.ended(2 * round + 2);
        assert_eq!(asks[2 * round + 1].outcome, "refused", "{asks:#?}");
        strays += 1;
    }
    Figures::of("answers too many").with(strays, "answers").with(0, "taken for another ask's").tell();
}

#[test]
fn a_connection_that_closes_under_the_next_ask_loses_none() {
    let mut desk = Desk::open(3);
    let connection = |desk: &Desk, place: usize| desk.proxy.exchanges()[place].connection;
    desk.ask("mute", 1);
    desk.ended(1);
    for (round, end) in [End::Close, End::Reset].into_iter().enumerate() {
        // It is closed when the request is there already.
        desk.proxy.script([Fault::Request(0, end)]);
        desk.ask(["unmute", "mute"][round], 1);
        let asks = desk.ended(2 + round);
        assert_eq!(asks[1 + round].outcome, "accepted", "{asks:#?}");
        assert_eq!(connection(&desk, 2 * round), connection(&desk, 2 * round + 1), "the one from before was used again");
        assert_ne!(connection(&desk, 2 * round), connection(&desk, 2 * round + 2));
    }
    assert_eq!(desk.executed(1), ["MUTE", "UNMUTE", "MUTE"], "each once");
    // Closed before the next one: that goes out on a new connection, a kick too.
    desk.proxy.script([Fault::Answer(Dress::Plain, ALL, End::Close)]);
    desk.ask("unmute", 1);
    desk.ended(4);
    desk.ask("mute", 1);
    desk.ended(5);
    // The kick's connection is its own and new; the second kick uses it again, and it closes under it.
    desk.proxy.script([Fault::None, Fault::Request(0, End::Reset)]);
    desk.ask("kick", 1);
    desk.ended(6);
    desk.ask("kick", 2);
    let asks = desk.ended(7);
    assert_eq!(asks[5..].iter().map(|ask| &*ask.outcome).collect::<Vec<_>>(), ["accepted", "unknown"], "{asks:#?}");
    let exchanges = desk.proxy.exchanges();
    let last: Vec<_> = exchanges.iter().rev().take(2).map(|exchange| exchange.connection).collect();
    assert_eq!(last[0], last[1], "{exchanges:#?}");
    assert_eq!(exchanges.len(), 5 + 2 + 2, "two mutes were tried again, and the kick was not: {exchanges:#?}");
    assert_eq!(desk.executed(2), Vec::<String>::new());
}

#[test]
fn a_provider_that_dies_and_comes_back_on_its_port_is_found_again() {
    let mut desk = Desk::open(3);
    for (number, action) in [(1, "mute"), (2, "kick")] {
        desk.proxy.script([Fault::Request(ALL, End::Stall)]);
        desk.ask(action, number);
        desk.provider.wait_for_request(number);
    }
    desk.proxy.go_down();
    // The kick may have been done. The mute is tried until the provider is back.
    desk.talk.hear("2 Caller2: kick unknown");
    std::thread::sleep(Duration::from_millis(100));
    desk.proxy.come_back();
    let asks = desk.settled();
    assert_eq!(asks.iter().map(|ask| &*ask.outcome).collect::<Vec<_>>(), ["accepted", "unknown"], "{asks:#?}");
    assert_eq!((desk.executed(1).len(), desk.executed(2).len()), (2, 1));
    // Idle connections died as well.
    desk.proxy.go_down();
    desk.proxy.come_back();
    desk.ask("unmute", 1);
    desk.ask("kick", 3);
    let asks = desk.ended(4);
    assert!(asks[2..].iter().all(|ask| ask.outcome == "accepted"), "{asks:#?}");
    assert_eq!(desk.executed(3), ["KICK"]);
}

/// One ask in every state: in flight, behind it, between two tries, and of many queued ones.
fn in_every_state() -> Desk {
    let mut desk = Desk::open(40);
    desk.proxy.script([Fault::Request(ALL, End::Stall), Fault::Early(ALL, http("503 Busy", "Retry-After: 9\r\n", ""), End::Keep)]);
    desk.ask("mute", 1);
    desk.provider.wait_for_request(1);
    desk.ask("kick", 2);
    desk.proxy.wait_for("the busy answer", |all| all.len() == 2);
    desk.ask("unmute", 1);
    desk.talk.say("mute 3-40");
    desk.provider.wait_for_request(3);
    desk
}

fn end_of<'a>(asks: &'a [Told], action: &str, call: &str) -> &'a Told {
    asks.iter().find(|ask| ask.action == action && ask.call == call).expect("an ask")
}

fn quits(how: &str, code: i32) {
    let mut desk = in_every_state();
    match how {
        "input" => drop(desk.talk.input.take()),
        "quit" => {
            desk.talk.say("quit");
            desk.talk.say("yes");
        }
        "TERM" => desk.talk.signal(Signal::TERM),
        _ => desk.talk.signal(Signal::HUP),
    }
    // Four at once: that each ends in two seconds is shown where it is alone.
    let (all, ended) = desk.talk.ended_within(Duration::from_secs(6));
    assert_eq!(ended, code, "{how}: {all}");
    let asks = told(&desk.home);
    assert_eq!(asks.len(), 3 + 38, "{how}");
    let flying = end_of(&asks, "mute", "c1");
    assert_eq!((&*flying.outcome, &*flying.detail), ("unknown", "confmod quit before the answer came"), "{how}");
    assert_eq!(&*end_of(&asks, "unmute", "c1").outcome, "not_sent", "{how}");
    let between = end_of(&asks, "kick", "c2");
    assert_eq!(&*between.outcome, "not_delivered", "{how}: {between:?}");
    assert!(between.detail.ends_with("not tried again: confmod is quitting"), "{how}: {between:?}");
    holds(&desk, &asks, 40, 0);
    assert!(asks.iter().all(|ask| !ask.outcome.is_empty()), "{how}: {asks:#?}");
    assert!(asks.iter().filter(|ask| ask.outcome == "not_sent").count() > 20, "{how}: {asks:#?}");
    // At the next start there is nothing left to be ended, and the rows say the same.
    let (mut again, _listener) = open_with(&desk.home, &desk.proxy.url(), &["--plain"]);
    again.say("who state:unknown");
    again.hear("1 Caller1, ");
    assert_eq!(
        told(&desk.home).iter().map(|ask| &ask.outcome).collect::<Vec<_>>(),
        asks.iter().map(|ask| &ask.outcome).collect::<Vec<_>>()
    );
}

#[test]
fn quitting_ends_every_ask_once_as_what_it_was() {
    std::thread::scope(|scope| {
        for (how, code) in [("input", 0), ("quit", 0), ("TERM", 143), ("HUP", 129)] {
            scope.spawn(move || quits(how, code));
        }
    });
}

#[test]
fn after_a_crash_every_ask_ends_once_and_none_is_sent() {
    let mut desk = in_every_state();
    desk.talk.child.kill().expect("a kill");
    desk.talk.child.wait().expect("its end");
    // What was read before the end reaches the provider all the same.
    desk.proxy.wait_for("the end of what was on its way", |all| all.iter().skip(2).all(|exchange| exchange.delivered));
    let before = desk.provider.requests().len();
    let (talk, _listener): (Talk, _) = open_with(&desk.home, &desk.proxy.url(), &["--plain"]);
    let asks = desk.settled();
    assert_eq!(asks.len(), 3 + 38);
    assert_eq!(&*end_of(&asks, "mute", "c1").outcome, "unknown");
    assert_eq!(&*end_of(&asks, "unmute", "c1").outcome, "not_sent", "behind one that has no answer nothing left");
    assert_eq!(&*end_of(&asks, "kick", "c2").outcome, "unknown", "nobody knows any more that nothing was done");
    holds(&desk, &asks, 40, 0);
    let not_sent = asks.iter().filter(|ask| ask.outcome == "not_sent").count();
    assert!(not_sent > 20, "{asks:#?}");
    assert!(asks.iter().filter(|ask| ask.outcome == "unknown").count() <= 2 + 4 + 1, "no more than can be in flight: {asks:#?}");
    assert_eq!(desk.provider.requests().len(), before, "and nothing is sent again");
    drop(talk);
}

/// What was given up is closed before the caller's next ask leaves.
pub fn given_up_is_closed_first() {
    let mut desk = Desk::open(2);
    // The proxy holds the rest of the mute back for as long as the program keeps the connection.
    desk.proxy.script([Fault::Request(300, End::Stall)]);
    desk.ask("mute", 1);
    desk.proxy.wait_for("the mute", |all| all.len() == 1);
    desk.ask("unmute", 1);
    // Another caller does not wait for it.
    desk.ask("mute", 2);
    let asks = desk.ended(3);
    let outcomes: Vec<_> = asks.iter().map(|ask| (&*ask.action, &*ask.call, &*ask.outcome)).collect();
    assert_eq!(outcomes, [("mute", "c1", "unknown"), ("unmute", "c1", "accepted"), ("mute", "c2", "accepted")]);
    assert_eq!((desk.executed(1), desk.executed(2)), (vec!["UNMUTE".to_owned()], vec!["MUTE".to_owned()]));
    let exchanges = desk.proxy.exchanges();
    assert_eq!((&*exchanges[1].beside, &*exchanges[2].beside), (&[1][..], &[][..]), "{exchanges:#?}");
}
