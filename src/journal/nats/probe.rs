//! What can be seen of the shared journal without writing anything: for those who ask whether everything is ready.

use std::time::Duration;

use async_nats::jetstream::stream::{Info, RawMessageErrorKind};
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::direct::Direct;
use super::link::{Broken, Settings};
use super::{OpenError, subject};

/// Longer than a holder of the lease takes to renew it.
const RENEWAL: Duration = Duration::from_millis(4_500);

/// How long servers may take to elect a leader.
const ELECTION: Duration = Duration::from_secs(4);

/// How often it is looked at meanwhile.
const EVERY: Duration = Duration::from_millis(200);

/// What is to be seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// The server's name and version.
    pub server: String,
    /// Whether what goes to it and comes from it is encrypted.
    pub encrypted: bool,
    /// Whether the account may keep streams there, or why not.
    pub jetstream: Result<(), String>,
    /// The stream as confmod makes it, or what is wrong with it.
    pub stream: Result<Kept, String>,
    /// Whether some host carries out what is asked; why that cannot be told.
    pub host: Result<bool, String>,
}

/// How a stream is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// How many messages it holds.
    pub messages: u64,
    /// The bytes that they take, and those that they may take.
    pub bytes: u64,
    /// None where there is no bound.
    pub most: Option<u64>,
    /// On how many servers it is kept.
    pub replicas: usize,
    /// The servers among them that are gone or behind.
    pub behind: Vec<String>,
    /// Whether one of them leads.
    pub led: bool,
}

/// Looks. Takes some seconds where nobody renews the lease.
///
/// # Errors
/// When no server is reached.
pub fn probe(settings: Settings) -> Result<Probe, OpenError> {
    let direct = Direct::open(settings, false)?;
    let (link, stream) = (&direct.link, &direct.settings.stream);
    let info = link.client.server_info();
    let (jetstream, kept, host) = direct.runtime.block_on(async {
        let jetstream = has_jetstream(&direct).await;
        let kept = match link.look(&direct.settings, false).await {
            Ok(()) => link.context.get_stream(stream).await.map(|stream| kept(stream.cached_info())).map_err(Broken::passing),
            Err(broken) => Err(broken),
        };
        (jetstream, kept.map_err(|broken| broken.why), is_held(&direct).await)
    });
    let server = format!("{} (nats-server {})", info.server_name, info.version);
    Ok(Probe { server, encrypted: info.tls_required, jetstream, stream: kept, host })
}

/// Whether there is `JetStream`. Servers that only elect a leader say so in a moment.
async fn has_jetstream(direct: &Direct) -> Result<(), String> {
    let until = Instant::now() + ELECTION;
    loop {
        // The library's own form of the answer needs fields that an older server leaves out.
        let answer: Result<Value, _> = direct.link.context.request("INFO", &()).await;
        let why = match answer.map(|answer| answer.get("error").cloned()) {
            Ok(None) => return Ok(()),
            Ok(Some(error)) => error.get("description").and_then(Value::as_str).unwrap_or("it answers with an error").to_owned(),
            Err(error) => error.to_string(),
        };
        if Instant::now() >= until {
            return Err(why);
        }
        sleep(EVERY).await;
    }
}

fn kept(info: &Info) -> Kept {
    let cluster = info.cluster.as_ref().filter(|_| info.config.num_replicas > 1);
    let others = cluster.map(|cluster| cluster.replicas.as_slice()).unwrap_or_default();
    let behind = others.iter().filter(|peer| !peer.current || peer.offline).map(|peer| peer.name.clone()).collect();
    Kept {
        messages: info.state.messages,
        bytes: info.state.bytes,
        most: u64::try_from(info.config.max_bytes).ok().filter(|most| *most > 0),
        replicas: info.config.num_replicas,
        behind,
        led: cluster.is_none_or(|cluster| cluster.leader.as_ref().is_some_and(|leader| !leader.is_empty())),
    }
}

/// Whether somebody renews the lease: seen by its number, because no two clocks are compared.
async fn is_held(direct: &Direct) -> Result<bool, String> {
    let until = Instant::now() + RENEWAL;
    let mut first = None;
    loop {
        let name = format!("{}_lease", direct.settings.stream);
        let stream = direct.link.context.get_stream_no_info(name).await.map_err(|error| error.to_string())?;
        let number = match stream.get_last_raw_message_by_subject(&subject::lease(&direct.settings.stream)).await {
            // Given back.
            Ok(found) if found.payload.is_empty() => return Ok(false),
            Ok(found) => found.sequence,
            Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => return Ok(false),
            Err(error) => return Err(error.to_string()),
        };
        if *first.get_or_insert(number) != number {
            return Ok(true);
        }
        if Instant::now() >= until {
            return Ok(false);
        }
        sleep(EVERY).await;
    }
}
