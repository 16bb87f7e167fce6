//! A mute of a thousand at once, through journal, dispatch and bridge, to a provider that takes its time.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use confmod::bridge::anveo::{Anveo, Settings as AnveoSettings};
use confmod::conference::event::{Seq, What};
use confmod::config::{Config, Secret};
use confmod::dispatch::{self, Dispatch};
use confmod::journal::sqlite::Sqlite;
use confmod::journal::{Draft, Journal, now};

use super::harness::{Goal, Series, Table, Unit, directory};
use super::stage::{bulk_ask, join};

/// Callers that are muted together.
const CALLERS: u64 = 1_000;
/// Asks that may be out at once.
const PARALLEL: u32 = 32;
/// How long the provider takes for each.
const ANSWER: Duration = Duration::from_millis(100);
/// Rounds: each takes three seconds and more.
const BULKS: usize = 5;

/// Measures it beside the least that it can take.
pub(crate) fn measure(table: &mut Table) {
    // Fails only when there is one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut taken = Series::new("a mute of 1,000, 32 at once, each answered in 100 ms", Unit::Time);
    let mut least = Series::new("1,000 / 32 x 100 ms", Unit::Time);
    for _ in 0..BULKS {
        taken.add_time(bulk());
        least.add_time(ANSWER.mul_f64(CALLERS as f64 / f64::from(PARALLEL)));
    }
    table.goal(&[taken, least], Goal::AtMost(1.1));
}

/// From the append of the asks to the end of the last one.
fn bulk() -> Duration {
    let directory = directory();
    let journal = Arc::new(Sqlite::open(&directory.path().join("bulk.sqlite"), "a benchmark").expect("a journal"));
    let url = url::Url::parse(&provider()).expect("a URL");
    let bridge = Anveo::new(AnveoSettings::new(url, Secret::from("a-user-key"))).expect("a bridge");
    // No pace holds anybody back.
    let settings = dispatch::Settings { parallel: PARALLEL, pace: u32::MAX, ..dispatch::Settings::from_config(&Config::default()) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let append = |what: &dyn Fn(u64) -> What| {
        let receipts: Vec<_> = (0..CALLERS).map(|caller| journal.append(Draft::new(now(), what(caller)))).collect();
        for receipt in receipts {
            runtime.block_on(receipt.durable()).expect("an append");
        }
    };
    append(&|caller| join(caller, 1).what);
    let dispatch = Dispatch::start(Arc::clone(&journal) as _, bridge, settings).expect("dispatch");
    let mut feed = journal.subscribe(Seq(CALLERS));
    let began = Instant::now();
    append(&bulk_ask);
    let mut ended = 0;
    while ended < CALLERS {
        let events = runtime.block_on(feed.next()).expect("an open journal").expect("a readable journal");
        ended += events.iter().filter(|event| matches!(event.what, What::Answered(_))).count() as u64;
    }
    let taken = began.elapsed();
    drop(dispatch);
    taken
}

/// A provider that answers each request well, and not at once; its address.
fn provider() -> String {
    let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let address = socket.local_addr().expect("its address");
    std::thread::spawn(move || {
        for stream in socket.incoming().flatten() {
            std::thread::spawn(move || answer_all(&stream));
        }
    });
    format!("http://{address}/api/v3.asp")
}

fn answer_all(mut stream: &TcpStream) {
    let _ = stream.set_nodelay(true);
    let mut reader = BufReader::new(stream);
    let answer = "<RESPONSE><RESULT>SUCCESS</RESULT></RESPONSE>";
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: {}\r\n\r\n{answer}", answer.len());
    loop {
        let (mut line, mut length) = (String::new(), 0);
        while line != "\r\n" {
            line.clear();
            if !reader.read_line(&mut line).is_ok_and(|read| read > 0) {
                return;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().expect("a length");
            }
        }
        let mut body = vec![0; length];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        std::thread::sleep(ANSWER);
        if stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}
