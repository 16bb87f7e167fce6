//! What a callback costs beside the number of callers that are in, and of conferences that they are in: left as
//! lines of size and nanoseconds for whoever draws them.

use std::cell::Cell;
use std::path::Path;
use std::rc::Rc;

use confmod::conference::CallKey;
use confmod::conference::event::{Arrival, What};
use confmod::journal::{Draft, Journal, now};

use super::harness::leave;
use super::load::{Crowd, round};
use super::receivers::Ours;

const CALLERS: [u32; 6] = [1, 10, 100, 1_000, 10_000, 100_000];
const CONFERENCES: [u32; 4] = [1, 10, 100, 1_000];

/// Rounds of each size; the median counts.
const ROUNDS: usize = 5;

/// Drafts that are queued at a time: fewer than the journal lets wait.
const CHUNK: usize = 1_000;

const CROWD: Crowd = Crowd { connections: 64, each_anew: false };

/// Measures both and leaves them as `curve-ingest` and `curve-ingest-conferences`.
pub fn draw(directory: &Path) {
    let sizes = CALLERS.map(|callers| (callers, 1, callers));
    leave("curve-ingest", &measure(&directory.join("callers"), &sizes));
    let sizes = CONFERENCES.map(|conferences| (1_000, conferences, conferences));
    leave("curve-ingest-conferences", &measure(&directory.join("conferences"), &sizes));
}

/// Lines of a size and the cost at it, for callers in so many conferences. Sizes are measured in turn.
fn measure(stem: &Path, sizes: &[(u32, u32, u32)]) -> String {
    let receivers: Vec<Ours> = sizes
        .iter()
        .map(|(callers, conferences, size)| {
            let ours = Ours::start(&stem.with_extension(size.to_string()));
            fill(&*ours.journal, *callers, *conferences);
            ours
        })
        .collect();
    let mut costs = vec![Vec::new(); sizes.len()];
    for _ in 0..ROUNDS {
        for (((callers, conferences, _), ours), costs) in sizes.iter().zip(&receivers).zip(&mut costs) {
            costs.push(cost(ours, *callers, *conferences));
        }
    }
    let lines = sizes.iter().zip(&mut costs).map(|((.., size), costs)| {
        costs.sort_unstable_by(f64::total_cmp);
        format!("{size}\t{:.0}\n", costs[ROUNDS / 2])
    });
    lines.collect()
}

/// Nanoseconds of the receiver for each callback about one of those who are in, the one after the other.
fn cost(ours: &Ours, callers: u32, conferences: u32) -> f64 {
    let next = Rc::new(Cell::new(0_u32));
    let went = round(&ours.target(), CROWD, move |target| {
        let caller = next.get();
        // A stride that shares nothing with the sizes, so that neighbours are not asked about in a row.
        next.set((caller + 7_919) % callers);
        super::load::request(target, &call(caller), &conference(caller % conferences), false)
    });
    1e9 / went.per_second
}

/// Lets callers join, and waits until that is on disk.
fn fill(journal: &dyn Journal, callers: u32, conferences: u32) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let all: Vec<u32> = (0..callers).collect();
    for some in all.chunks(CHUNK) {
        let receipts: Vec<_> = some.iter().map(|caller| journal.append(joined(*caller, *caller % conferences))).collect();
        for receipt in receipts {
            runtime.block_on(receipt.durable()).expect("an append");
        }
    }
}

fn call(caller: u32) -> String {
    format!("{caller:08}")
}

fn conference(number: u32) -> String {
    format!("{:04}", 1_000 + number)
}

fn joined(caller: u32, number: u32) -> Draft {
    let arrival = Arrival {
        call: CallKey::new(&call(caller)),
        conference: Some(conference(number).as_str().into()),
        number: None,
        instead: None,
        name: None,
        called: None,
        others: None,
        hand: false,
    };
    Draft::new(now(), What::Joined(arrival))
}
