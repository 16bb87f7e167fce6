//! A connection for a command that does one thing with the stream and ends: no thread, nothing is tried for ever.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{Instant, sleep};

use super::OpenError;
use super::link::{Broken, Link, News, Settings};

/// How long a server is tried that may only be electing a leader.
const PATIENCE: Duration = Duration::from_secs(6);

/// The pause before the next try.
const AGAIN: Duration = Duration::from_millis(250);

/// A connection, and what runs it while it is used.
pub(super) struct Direct {
    pub(super) runtime: Runtime,
    pub(super) link: Arc<Link>,
    pub(super) news: UnboundedReceiver<News>,
    pub(super) settings: Settings,
}

impl Direct {
    /// Connects to the first server that answers. The streams are made where they may be, and not looked for otherwise.
    pub(super) fn open(settings: Settings, made: bool) -> Result<Self, OpenError> {
        let failed = |why: String| OpenError { servers: settings.urls.join(", "), why };
        let runtime = Builder::new_current_thread().enable_io().enable_time().build();
        let runtime = runtime.map_err(|error| failed(format!("starting its runtime: {error}")))?;
        let until = Instant::now() + PATIENCE;
        let connected = runtime.block_on(async {
            let mut urls = settings.urls.iter().cycle();
            loop {
                let broken = match Self::connect(&settings, urls.next().map(String::as_str).unwrap_or_default(), made).await {
                    Ok(connected) => return Ok(connected),
                    Err(broken) => broken,
                };
                if !broken.passing || Instant::now() >= until {
                    return Err(broken);
                }
                sleep(AGAIN).await;
            }
        });
        let (link, news) = connected.map_err(|broken: Broken| failed(broken.why))?;
        Ok(Self { runtime, link: Arc::new(link), news, settings })
    }

    async fn connect(settings: &Settings, url: &str, made: bool) -> Result<(Link, UnboundedReceiver<News>), Broken> {
        if made { Link::make(settings, url, made).await } else { Link::connect(settings, url).await }
    }

    /// An error of opening.
    pub(super) fn failed(&self, why: String) -> OpenError {
        OpenError { servers: self.settings.urls.join(", "), why }
    }
}
