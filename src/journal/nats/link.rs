//! One connection to the server, and the streams that are looked for or made on it.
//!
//! A connection that is lost is thrown away with everything that still waits in it: what was given up must not leave
//! when the server is back.

use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_nats::jetstream::context::{ContextBuilder, GetStreamErrorKind};
use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy, StorageType};
use async_nats::jetstream::{Context, ErrorCode};
use async_nats::{Client, ConnectOptions, Event, ServerError};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::subject;
use crate::config::Shared;

/// How long connecting to one server may take.
const CONNECTING: Duration = Duration::from_secs(2);

/// Longer than any connection is kept that is not used.
const NEVER: Duration = Duration::from_hours(24);

/// How long a request to the server or one try to publish may take.
const REQUEST: Duration = Duration::from_secs(1);

/// How often the server is asked whether it is there. One that misses two is gone.
const PING: Duration = Duration::from_secs(2);

/// For how long the server knows a message id: no try of one publish comes later.
pub(super) const REMEMBERED: Duration = Duration::from_mins(10);

/// How the shared journal is reached and kept.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The servers, as URLs.
    pub urls: Vec<String>,
    /// The stream's name, and the first token of its subjects.
    pub stream: String,
    /// A file with a JWT and its seed.
    pub creds: Option<PathBuf>,
    /// A file with the seed of an nkey.
    pub nkey: Option<PathBuf>,
    /// Certificates to trust beside those that are known, in PEM.
    pub ca: Option<PathBuf>,
    /// A client's certificate and its key, in PEM.
    pub cert: Option<(PathBuf, PathBuf)>,
    /// On how many servers what is written is kept, where the stream is made.
    pub replicas: usize,
    /// The bytes that the stream may have, where it is made.
    pub size: u64,
    /// For how long what is written is kept, where the stream is made; for ever where none is said.
    pub keep: Option<Duration>,
}

impl Settings {
    /// What the configuration says.
    #[must_use]
    pub fn from_config(shared: &Shared, retention: Option<Duration>) -> Self {
        Self {
            urls: shared.urls.clone(),
            stream: shared.stream.clone(),
            creds: shared.creds.clone(),
            nkey: shared.nkey.clone(),
            ca: shared.ca.clone(),
            cert: shared.cert.clone().zip(shared.key.clone()),
            replicas: shared.replicas as usize,
            size: shared.size,
            keep: retention,
        }
    }
}

/// Why there is no connection, or no stream on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Broken {
    pub(super) why: String,
    /// Whether the next try may do better.
    pub(super) passing: bool,
}

impl Broken {
    pub(super) fn passing(why: impl fmt::Display) -> Self {
        Self { why: why.to_string(), passing: true }
    }

    fn for_good(why: impl fmt::Display) -> Self {
        Self { why: why.to_string(), passing: false }
    }
}

/// What the connection tells of itself.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum News {
    /// It is gone.
    Lost,
    /// The account may not publish on a subject.
    Denied(String),
}

/// A connection.
pub(super) struct Link {
    pub(super) client: Client,
    pub(super) context: Context,
}

impl Link {
    /// Connects to a server of those that are known, and looks for the stream. Where it may be `made` and is not there,
    /// it is.
    pub(super) async fn make(settings: &Settings, url: &str, made: bool) -> Result<(Self, UnboundedReceiver<News>), Broken> {
        let (link, news) = Self::connect(settings, url).await?;
        link.look(settings, made).await?;
        Ok((link, news))
    }

    /// Connects to a server, and looks for nothing.
    pub(super) async fn connect(settings: &Settings, url: &str) -> Result<(Self, UnboundedReceiver<News>), Broken> {
        let (tell, news) = unbounded_channel();
        let options = options(settings, tell).await?;
        let client = match tokio::time::timeout(CONNECTING, options.connect(url)).await {
            Ok(Ok(client)) => client,
            Ok(Err(error)) => return Err(Broken::passing(format!("{url}: {error}"))),
            Err(_) => return Err(Broken::passing(format!("{url}: no answer within {} s", CONNECTING.as_secs()))),
        };
        let context = ContextBuilder::new().timeout(REQUEST).ack_timeout(REQUEST).max_ack_inflight(100_000).build(client.clone());
        Ok((Self { client, context }, news))
    }

    /// Looks for the streams, and makes those that are not there where they may be `made`.
    pub(super) async fn look(&self, settings: &Settings, made: bool) -> Result<(), Broken> {
        let events = Config {
            max_age: settings.keep.unwrap_or_default(),
            max_bytes: bounded(settings.size),
            ..config(settings, &settings.stream, subject::events(&settings.stream))
        };
        look(&self.context, events, made).await?;
        let lease = format!("{}_lease", settings.stream);
        if made {
            let lease = Config { max_messages_per_subject: 1, ..config(settings, &lease, subject::lease(&settings.stream)) };
            look(&self.context, lease, made).await?;
        }
        Ok(())
    }
}

async fn options(settings: &Settings, tell: UnboundedSender<News>) -> Result<ConnectOptions, Broken> {
    let is_made = AtomicBool::new(false);
    let mut options = ConnectOptions::new()
        .name("confmod")
        .connection_timeout(CONNECTING)
        .request_timeout(Some(REQUEST))
        .ping_interval(PING)
        // Nothing is to wait for this connection to come back: whoever hears that it is lost makes another.
        .reconnect_delay_callback(move |_| if is_made.swap(true, Ordering::Relaxed) { NEVER } else { Duration::ZERO })
        .event_callback(move |event| {
            let news = match event {
                Event::Disconnected | Event::Closed | Event::LameDuckMode | Event::SlowConsumer(_) => Some(News::Lost),
                Event::ServerError(ServerError::Other(why)) => denied(&why).map(News::Denied),
                _ => None,
            };
            if let Some(news) = news {
                // Whoever listened has thrown this connection away.
                let _ = tell.send(news);
            }
            async {}
        });
    if let Some(creds) = &settings.creds {
        options =
            options.credentials_file(creds).await.map_err(|error| Broken::for_good(format!("reading {}: {error}", creds.display())))?;
    }
    if let Some(nkey) = &settings.nkey {
        let seed = std::fs::read_to_string(nkey).map_err(|error| Broken::for_good(format!("reading {}: {error}", nkey.display())))?;
        options = options.nkey(seed.trim().to_owned());
    }
    if let Some(ca) = &settings.ca {
        options = options.add_root_certificates(ca.clone()).require_tls(true);
    }
    if let Some((cert, key)) = &settings.cert {
        options = options.add_client_certificate(cert.clone(), key.clone()).require_tls(true);
    }
    Ok(options)
}

/// The subject that an account may not publish on, where the server says so.
fn denied(why: &str) -> Option<String> {
    let subject = why.split_once("ermissions Violation for Publish to \"")?.1;
    subject.split_once('"').map(|(subject, _)| subject.to_owned())
}

fn bounded(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

/// What every stream of confmod's is like.
fn config(settings: &Settings, name: &str, subjects: String) -> Config {
    Config {
        name: name.to_owned(),
        subjects: vec![subjects],
        retention: RetentionPolicy::Limits,
        discard: DiscardPolicy::Old,
        storage: StorageType::File,
        num_replicas: settings.replicas,
        max_messages: -1,
        max_bytes: -1,
        max_messages_per_subject: -1,
        max_consumers: -1,
        duplicate_window: REMEMBERED,
        ..Config::default()
    }
}

/// Looks for a stream, makes it where it may be made, and verifies what the server says of it: an older one leaves out
/// what it does not know.
async fn look(context: &Context, wanted: Config, made: bool) -> Result<(), Broken> {
    let name = wanted.name.clone();
    let found = match context.get_stream(&name).await {
        Ok(stream) => Some(stream.cached_info().config.clone()),
        Err(error) if is_missing(&error.kind()) => None,
        Err(error) => return Err(Broken::passing(format!("looking for the stream {name}: {error}"))),
    };
    let found = match found {
        Some(found) => found,
        None if !made => {
            return Err(Broken::passing(format!(
                "there is no stream {name} on the server; start confmod serve first, which makes it, or name the right one with nats_stream"
            )));
        }
        None => {
            let made = context.create_stream(wanted.clone()).await;
            made.map_err(|error| Broken::passing(format!("making the stream {name}: {error}")))?.cached_info().config.clone()
        }
    };
    let same = found.subjects == wanted.subjects
        && found.storage == wanted.storage
        && found.retention == wanted.retention
        && found.discard == wanted.discard
        && found.duplicate_window == wanted.duplicate_window
        && found.max_messages_per_subject == wanted.max_messages_per_subject;
    if !same {
        return Err(Broken::for_good(format!(
            "the stream {name} on the server is not as confmod makes it (its subjects, storage, discarding or window of duplicates differ); \
             name another with nats_stream, or remove that one"
        )));
    }
    if found.num_replicas != wanted.num_replicas || found.max_age != wanted.max_age || found.max_bytes != wanted.max_bytes {
        tracing::info!(name, replicas = found.num_replicas, bytes = found.max_bytes, "the stream keeps the bounds that it was made with");
    }
    Ok(())
}

pub(super) fn is_missing(kind: &GetStreamErrorKind) -> bool {
    matches!(kind, GetStreamErrorKind::JetStream(error) if error.error_code() == ErrorCode::STREAM_NOT_FOUND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_denied_subject_is_heard() {
        assert_eq!(
            denied("Permissions Violation for Publish to \"confmod.event.200.ask.kick\""),
            Some("confmod.event.200.ask.kick".to_owned())
        );
        assert_eq!(denied("permissions violation for subscription to \"x\""), None);
    }
}
