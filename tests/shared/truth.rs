//! What the stream says, read by a client of the tests' own, and what must be true of it whatever happened.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use async_nats::jetstream;
use async_nats::jetstream::stream::RawMessageErrorKind;
use serde_json::Value;

use super::support::provider::Provider;
use super::world::PATIENCE;

/// One event as it stands on the server.
#[derive(Clone, Debug)]
pub struct Line {
    pub seq: u64,
    pub kind: String,
    pub body: Value,
}

impl Line {
    pub fn text(&self, field: &str) -> &str {
        self.body[field].as_str().unwrap_or_default()
    }
}

/// Everything on the stream. Asks until a server has it.
#[track_caller]
pub fn read(urls: &str) -> Vec<Line> {
    read_as(urls, None)
}

/// Everything on the stream, as whoever has the seed.
#[track_caller]
pub fn read_as(urls: &str, seed: Option<&str>) -> Vec<Line> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let until = Instant::now() + PATIENCE;
    loop {
        let read = runtime.block_on(async { tokio::time::timeout(Duration::from_secs(10), read_once(urls, seed)).await });
        match read {
            Ok(Ok(lines)) => return lines,
            failed => assert!(Instant::now() < until, "the stream cannot be read: {failed:?}"),
        }
    }
}

async fn read_once(urls: &str, seed: Option<&str>) -> Result<Vec<Line>, async_nats::Error> {
    let servers: Vec<async_nats::ServerAddr> = urls.split(',').map(str::parse).collect::<Result<_, _>>()?;
    let options = seed.map_or_else(Default::default, |seed| async_nats::ConnectOptions::with_nkey(seed.to_owned()));
    let client = options.connect(servers).await?;
    let stream = jetstream::new(client).get_stream("confmod").await?;
    let state = stream.cached_info().state.clone();
    let mut lines = Vec::new();
    // One after the other from the server that leads: a consumer is on any of them, whose copy may lack what is newest.
    for seq in state.first_sequence..=state.last_sequence {
        match stream.get_raw_message(seq).await {
            Ok(message) => lines.push(line(seq, &message.payload)?),
            Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(lines)
}

fn line(seq: u64, payload: &[u8]) -> Result<Line, async_nats::Error> {
    let (first, rest) = std::str::from_utf8(payload)?.split_once('\n').ok_or("no body")?;
    let kind = first.split_once(' ').ok_or("no kind")?.1.to_owned();
    Ok(Line { seq, kind, body: serde_json::from_str(rest.lines().next().unwrap_or_default())? })
}

/// Takes a message out of the stream.
pub fn take_out(url: &str, seq: u64) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let taken = runtime.block_on(async {
        let stream = jetstream::new(async_nats::connect(url).await?).get_stream("confmod").await?;
        Ok::<_, async_nats::Error>(stream.delete_message(seq).await?)
    });
    assert!(taken.expect("an answer"), "{seq} is taken out");
}

/// How the asks of a stream went.
#[derive(Debug, Default)]
pub struct Asks {
    pub count: usize,
    /// How many ended in which way.
    pub ends: BTreeMap<String, usize>,
}

/// Asks that have not ended.
pub fn open_asks(lines: &[Line]) -> Vec<u64> {
    let ended: std::collections::BTreeSet<u64> =
        lines.iter().filter(|line| line.kind == "answered").filter_map(|line| line.body["ask"].as_u64()).collect();
    lines.iter().filter(|line| line.kind == "asked" && !ended.contains(&line.seq)).map(|line| line.seq).collect()
}

/// Waits until every ask has ended and none comes any more: what the stream says then.
#[track_caller]
pub fn settled(urls: &str) -> Vec<Line> {
    let until = Instant::now() + PATIENCE;
    let mut before = usize::MAX;
    loop {
        let lines = read(urls);
        let open = open_asks(&lines);
        let count = lines.iter().filter(|line| line.kind == "asked").count();
        if open.is_empty() && count == before {
            return lines;
        }
        assert!(Instant::now() < until, "asks that do not end: {open:?}");
        before = count;
        std::thread::sleep(Duration::from_secs(1));
    }
}

/// Every ask ended once, each was marked before it left, and the provider was asked no more often than marks say.
#[track_caller]
pub fn asks_are_true(lines: &[Line], provider: &Provider) -> Asks {
    let asked: BTreeMap<u64, &Line> = lines.iter().filter(|line| line.kind == "asked").map(|line| (line.seq, line)).collect();
    let mut answers: BTreeMap<u64, Vec<&Line>> = BTreeMap::new();
    for line in lines.iter().filter(|line| line.kind == "answered") {
        answers.entry(line.body["ask"].as_u64().expect("an ask")).or_default().push(line);
    }
    let mut marks: BTreeMap<u64, Vec<&Line>> = BTreeMap::new();
    for line in lines.iter().filter(|line| line.kind == "sent") {
        for ask in line.body["asks"].as_array().expect("asks") {
            marks.entry(ask.as_u64().expect("a number")).or_default().push(line);
        }
    }
    let mut asks = Asks { count: asked.len(), ..Asks::default() };
    for (seq, line) in &asked {
        let ends = answers.get(seq).map_or(&[][..], Vec::as_slice);
        assert_eq!(ends.len(), 1, "ask {seq} ({line:?}) ended so: {ends:?}");
        *asks.ends.entry(ends[0].text("outcome").to_owned()).or_default() += 1;
        // A mark that was not used in time is made anew: what counts is that nothing leaves without, or after its end.
        let marked = marks.get(seq).map_or(&[][..], Vec::as_slice);
        assert!(marked.iter().all(|mark| mark.seq < ends[0].seq), "{line:?} was marked in {marked:?} and ended with {ends:?}");
        if ends[0].text("outcome") == "accepted" {
            assert!(!marked.is_empty(), "ask {seq} was sent without a mark");
        }
    }
    let strays: Vec<_> = answers.iter().filter(|(ask, _)| !asked.contains_key(ask)).collect();
    let beside = |line: &&Line| strays.iter().any(|(ask, _)| line.seq.abs_diff(**ask) < 3);
    assert!(
        strays.is_empty(),
        "there are ends of asks that nobody asked: {strays:?}; in their places stand {:?}",
        lines.iter().filter(beside).collect::<Vec<_>>()
    );
    let mut sent: BTreeMap<(String, String), usize> = BTreeMap::new();
    for request in provider.requests() {
        *sent.entry((request.action().to_lowercase(), request.key().to_owned())).or_default() += 1;
    }
    for ((action, key), times) in sent {
        let meant = |line: &Line| line.text("action") == action && line.text("call") == key;
        let may = asked.iter().filter(|(seq, line)| meant(line) && marks.contains_key(seq)).count();
        assert!(times <= may, "{action} for {key} was sent {times} times for {may} marks");
    }
    asks
}
