//! A day of conferences as a journal holds it: most calls have come and gone, some thousand are still in; there are
//! asks and their answers, hands, a few modes, and callbacks with their raw fields. Always the same for the same size.
#![allow(dead_code, unreachable_pub, reason = "every benchmark is a program of its own and uses a part of this")]

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::path::Path;

use confmod::conference::event::{Answer, Arrival, Ask, CallOnly, Cause, Event, HandMoved, Mode, ModeSet, Seq, What};
use confmod::conference::{Action, CallKey, Moment, Outcome};
use confmod::journal::sqlite::Sqlite;
use confmod::phone::Number;

/// Of so many calls one stays to the end.
const STAYS: u64 = 40;

/// How long the others stay on average, in milliseconds.
const STAY: u64 = 8 * 60_000;

/// So many events, spread evenly between two moments.
pub fn events(count: usize, from: Moment, to: Moment) -> Vec<Event> {
    let (mut dice, mut told) = (Dice(0x5DEE_CE66), Told::default());
    // A bit more than 4.4 events a call: at the end there are as many as are wanted.
    let calls = count as u64 * 10 / 44 + 10;
    let span = (to.0 - from.0).max(1) as u64;
    let mut events = Vec::with_capacity(count);
    for call in 0..calls {
        let at = from.0 + (span * call / calls) as i64;
        told.until(at, count, &mut events);
        one_call(call, at, to.0, &mut dice, &mut told);
    }
    told.until(i64::MAX, count, &mut events);
    events
}

/// So many calls that come, spread evenly between two moments, and stay.
pub fn full_house(callers: usize, from: Moment, to: Moment) -> Vec<Event> {
    let (mut dice, span) = (Dice(0x5DEE_CE66), (to.0 - from.0).max(1));
    let joined = |caller: usize| {
        let at = Moment(from.0 + span * caller as i64 / callers as i64);
        Event { seq: Seq(caller as u64 + 1), at, what: What::Joined(arrival(caller as u64, &mut dice)) }
    };
    (0..callers).map(joined).collect()
}

/// One call from its start to its end, where it ends.
fn one_call(call: u64, at: i64, end: i64, dice: &mut Dice, told: &mut Told) {
    let arrival = arrival(call, dice);
    let (key, conference) = (arrival.call.clone(), format!("11{:02}", call % 4));
    let stays = dice.one_in(STAYS);
    let length = (STAY / 2 + dice.below(STAY)) as i64;
    told.later(at, What::Started(Arrival { conference: None, ..arrival.clone() }));
    told.later(at + 2_000, What::Joined(arrival));
    let room = if stays { (end - at).max(1) } else { length } as u64;
    if dice.one_in(8) {
        let up = at + 3_000 + dice.below(room / 2 + 1) as i64;
        told.later(up, What::Hand(HandMoved { call: key.clone(), up: true, first: false, by: None }));
        told.later(up + 30_000, What::Hand(HandMoved { call: key.clone(), up: false, first: false, by: None }));
    }
    if dice.one_in(2) {
        let mut asked = at + 4_000 + dice.below(room / 4 + 1) as i64;
        for action in [Action::Mute, Action::Unmute] {
            let cause = if dice.one_in(2) { Cause::Key } else { Cause::Bulk };
            let (call, number, by) = (key.clone(), number(call).digits().into(), "ada".into());
            let ask =
                Ask { action, call, conference: conference.as_str().into(), number, by, cause, rule: None, joined: Moment(at + 2_000) };
            told.later(asked, What::Asked(ask));
            let (outcome, detail) = if dice.one_in(30) { (Outcome::Refused, "participant not found") } else { (Outcome::Accepted, "") };
            let answer = Answer { ask: Seq(0), call: key.clone(), outcome, detail: detail.into(), millis: 80, reached: true };
            told.later(asked + 80, What::Answered(answer));
            asked += 10_000 + dice.below(room / 4 + 1) as i64;
            if !dice.one_in(4) {
                break;
            }
        }
    }
    if call % 50_000 == 25_000 {
        for (after, on) in [(0, true), (600_000, false)] {
            let set = ModeSet { conference: conference.as_str().into(), mode: Mode::Lecture, on, by: "ada".into() };
            told.later(at + after, What::Mode(set));
        }
    }
    if !stays {
        told.later(at + length, What::Left(CallOnly { call: key }));
    }
}

fn number(call: u64) -> Number {
    Number::from_digits(&(12_000_000_000 + call).to_string()).expect("a number")
}

fn arrival(call: u64, dice: &mut Dice) -> Arrival {
    let name = match dice.below(10) {
        0..=2 => None,
        3 => Some(format!("Jürgen Müller {call}")),
        _ => Some(format!("Caller {call}")),
    };
    Arrival {
        call: CallKey::new(&format!("{:016}", 7_000_000_000 + call)),
        conference: Some(format!("11{:02}", call % 4).as_str().into()),
        number: (!dice.one_in(20)).then(|| number(call)),
        instead: None,
        name: name.map(Into::into),
        called: Some("4930901820".into()),
        others: None,
        hand: false,
    }
}

/// What is still to be told, in the order of its time.
#[derive(Default)]
struct Told {
    later: BinaryHeap<Reverse<(i64, u64)>>,
    whats: HashMap<u64, What>,
    next: u64,
    asks: HashMap<CallKey, Seq>,
}

impl Told {
    fn later(&mut self, at: i64, what: What) {
        self.later.push(Reverse((at, self.next)));
        self.whats.insert(self.next, what);
        self.next += 1;
    }

    fn until(&mut self, end: i64, count: usize, events: &mut Vec<Event>) {
        while let Some(Reverse((at, id))) = self.later.peek().copied()
            && at <= end
            && events.len() < count
        {
            self.later.pop();
            let Some(mut what) = self.whats.remove(&id) else { continue };
            let seq = Seq(events.len() as u64 + 1);
            match &mut what {
                What::Asked(ask) => drop(self.asks.insert(ask.call.clone(), seq)),
                What::Answered(answer) => answer.ask = self.asks.get(&answer.call).copied().unwrap_or(Seq(1)),
                _ => {}
            }
            events.push(Event { seq, at: Moment(at), what });
        }
    }
}

/// Writes a journal of these events. Made by the journal itself; the rows are put in by hand, because nobody waits here.
pub fn write(path: &Path, events: &[Event]) {
    Sqlite::open(path, "a benchmark").expect("a journal").close();
    let mut connection = rusqlite::Connection::open(path).expect("the journal");
    let transaction = connection.transaction().expect("a transaction");
    {
        let insert = "INSERT INTO event (seq, at, kind, call, body, raw) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let mut insert = transaction.prepare(insert).expect("an insert");
        for Event { seq, at, what } in events {
            let (body, call) = (what.body().expect("a body"), what.call().map(CallKey::as_str));
            let raw = matches!(what, What::Started(_) | What::Joined(_) | What::Left(_) | What::Hand(_)).then(|| raw(call.unwrap_or("")));
            insert.execute(rusqlite::params![seq.0 as i64, at.0, what.kind(), call, body, raw]).expect("a row");
        }
    }
    transaction.commit().expect("a commit");
    let cut = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    cut.expect("a journal without a log");
}

fn raw(call: &str) -> String {
    format!(
        r#"{{"CALLFLOW.INSTANCE.KEY":"{call}","E164":"12157010680","CONFERENCE.NUMBER":"1122","CALLERNAME":"A caller","E164CALLED":"4930901820"}}"#
    )
}

/// Numbers that are the same every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end.max(1)
    }

    fn one_in(&mut self, of: u64) -> bool {
        self.below(of) == 0
    }
}
