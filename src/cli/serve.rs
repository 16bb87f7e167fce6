//! `confmod serve`: what takes callbacks and carries out what desks ask, on a journal that hosts and desks share, without a
//! terminal. Of several hosts all take callbacks, and one at a time carries out what is asked.

use std::net::TcpListener;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::watch;

use self::metrics::Metrics;
use super::session::{Face, GRACE, LISTENER_GRACE, NotStarted};
use super::{FlagArgs, WRONG, descriptors, fail, faults, run as console, signals};
use crate::bridge::anveo::{Anveo, Settings as AnveoSettings};
use crate::callback::{self, Counts, Guard, Limits};
use crate::conference::event::{Listening, Nothing, What};
use crate::config::{Config, Secret, Shared};
use crate::contacts::{self, Watching};
use crate::dispatch::{self, Dispatch};
use crate::journal::nats::{self, Nats, Part, Standing};
use crate::journal::{Draft, Health, Journal, Past};

mod metrics;

/// For how long an ask may be carried out. By then its moderator has looked twice, and asked again.
const FRESH_FOR: Duration = Duration::from_secs(15);

/// How long it takes until what could not be begun is begun again.
const AGAIN: Duration = Duration::from_secs(1);

/// `confmod serve`
#[derive(Clone, Debug, clap::Args)]
#[command(mut_arg("journal", |arg| arg.hide(true)), mut_arg("moderator", |arg| arg.hide(true)), mut_arg("ascii", |arg| arg.hide(true)),
    mut_arg("read_only", |arg| arg.hide(true)))]
pub struct Args {
    /// Where /healthz and /metrics are answered, to this machine alone
    #[arg(long, value_name = "ADDR")]
    pub metrics: Option<String>,
    /// What may be set
    #[command(flatten)]
    pub flags: FlagArgs,
}

/// Runs until a signal ends it. Exit code 2 where a server or the user key is missing, 1 for what could not be begun,
/// 128+n for signal n.
pub fn run(config: &Config) -> ExitCode {
    let Some(shared) = &config.nats else {
        let missing = "confmod serve works on a shared journal, and no server is named; give --nats nats://127.0.0.1:4222, set \
                       CONFMOD_NATS, or run confmod without serve for a journal of this machine's own";
        return fail(missing, WRONG);
    };
    if config.userkey.is_none() {
        return fail(&console::missing_userkey(), WRONG);
    }
    let token = match config.token() {
        Ok(token) => token,
        Err(error) => return fail(&error.to_string(), WRONG),
    };
    match serve(config, shared, &token) {
        Ok(number) => ExitCode::from(u8::try_from(128 + number).unwrap_or(u8::MAX)),
        Err(error) => fail(&error.to_string(), 1),
    }
}

/// Serves until a signal, and says which.
fn serve(config: &Config, shared: &Shared, token: &Secret) -> Result<i32, NotStarted> {
    let because = |what: &str, error: &dyn std::fmt::Display| NotStarted::because(what, error);
    let panics = faults::hear(&config.log);
    let descriptors = descriptors::raise();
    let limits = Limits::default().within(descriptors);
    if let Some(shortage) = descriptors::shortage(&limits, descriptors) {
        tracing::warn!("{shortage}");
    }
    // What is wrong with it is told before anything listens.
    AnveoSettings::from_config(config).and_then(Anveo::new).map_err(|error| because("", &error))?;
    let bind = |address, what: &str, flag: &str| {
        let remedy = format!("stop whatever has the port, or choose another with {flag}");
        TcpListener::bind(address).map_err(|error| because(&format!("{what} on {address}"), &format!("{error}; {remedy}")))
    };
    let socket = bind(config.listen, "listening for callbacks", "--listen")?;
    let told = bind(config.metrics, "telling how this host is", "--metrics")?;
    let journal =
        Arc::new(Nats::open(nats::Settings::from_config(shared, config.retention), Part::Host).map_err(|error| because("", &error))?);
    let counts = Arc::new(Counts::default());
    let metrics = Arc::new(Metrics::new(Arc::clone(&journal), Arc::clone(&counts)));
    let guard = Guard::new(token, config.callback_token_previous.as_ref(), &config.allow, &config.proxies);
    let conference = config.conference.as_deref().map(Into::into);
    let router = callback::router(Arc::clone(&journal) as _, guard, conference, Arc::clone(&counts), crate::journal::now);
    // First who tells how it is: by the time callbacks are taken it can be asked.
    let teller = callback::start(told, metrics::router(Arc::clone(&metrics)), Limits::default(), Arc::default())
        .map_err(|error| because("starting to tell how this host is", &error))?;
    let listener = callback::start(socket, router, limits, counts).map_err(|error| because("starting the listener", &error))?;
    drop(journal.append(Draft::new(crate::journal::now(), What::Listening(Listening { down_since: None }))));
    tracing::info!(callbacks = %listener.address(), metrics = %teller.address(), stream = shared.stream, "serving");

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| because("starting its runtime", &error))?;
    let ended = runtime.block_on(async {
        let signals = signals::hear(Face::Plain).map_err(|error| because("listening to signals", &error))?;
        tokio::spawn(Arc::clone(&metrics).listen());
        work(config, &journal, panics, signals).await
    });
    tracing::info!("stopping");
    listener.stop(LISTENER_GRACE);
    drop(journal.append(Draft::new(crate::journal::now(), What::Stopped(Nothing {}))));
    journal.close();
    teller.stop(Duration::ZERO);
    ended
}

/// What only the host does that carries out what is asked.
struct Office {
    dispatch: Dispatch,
    _contacts: Option<Watching>,
}

/// Carries out what is asked whenever it falls to this host, until a signal, or until the journal has failed: whoever
/// starts this again begins with what the stream holds then.
async fn work(
    config: &Config,
    journal: &Arc<Nats>,
    mut panics: UnboundedReceiver<String>,
    mut signals: UnboundedReceiver<i32>,
) -> Result<i32, NotStarted> {
    let mut health = journal.health();
    let mut standing = journal.standing();
    let mut office: Option<Office> = None;
    let mut fence = None;
    loop {
        let stands = *standing.borrow_and_update();
        let wanted = match stands {
            Standing::Holds(place) => Some(place),
            Standing::Watches => None,
        };
        if wanted != fence || office.as_ref().is_some_and(|office| !office.dispatch.is_running()) {
            if let Some(office) = office.take() {
                office.dispatch.stop(GRACE).await;
            }
            fence = wanted;
        }
        let mut again = false;
        if fence.is_some() && office.is_none() {
            match open_office(config, journal) {
                Ok(opened) => office = Some(opened),
                Err(error) => {
                    tracing::warn!("what is asked cannot be carried out yet: {error}");
                    again = true;
                }
            }
        }
        tokio::select! {
            biased;
            signal = signals.recv() => {
                if let Some(signal) = signal && !matches!(signal, crate::console::runtime::SIGCONT) {
                    if let Some(office) = office.take() {
                        office.dispatch.stop(GRACE).await;
                    }
                    return Ok(signal);
                }
            }
            panic = panics.recv() => {
                // It was logged where it happened, and the rest goes on.
                drop(panic);
            }
            why = failed(&mut health) => {
                if let Some(office) = office.take() {
                    office.dispatch.stop(GRACE).await;
                }
                return Err(NotStarted::because("", format!("{why}; start it again")));
            }
            _ = standing.changed() => {}
            () = ended(&mut office) => {}
            () = tokio::time::sleep(AGAIN), if again => {}
        }
    }
}

/// Returns when the journal has failed for good, and says why.
async fn failed(health: &mut watch::Receiver<Health>) -> String {
    match health.wait_for(|health| matches!(health, Health::Failed(_))).await.as_deref() {
        Ok(Health::Failed(why)) => why.clone(),
        // It is closed, which is no failure.
        _ => std::future::pending().await,
    }
}

/// Returns when the office has ended by itself; never where there is none.
async fn ended(office: &mut Option<Office>) {
    match office {
        Some(office) => office.dispatch.superseded().await,
        None => std::future::pending().await,
    }
    // What is in flight may still end, and the journal says within seconds who is next.
    tokio::time::sleep(AGAIN).await;
}

fn open_office(config: &Config, journal: &Arc<Nats>) -> Result<Office, NotStarted> {
    let because = |error: &dyn std::fmt::Display| NotStarted::because("", error);
    let bridge = AnveoSettings::from_config(config).and_then(Anveo::new).map_err(|error| because(&error))?;
    let contacts = watch_contacts(config, journal);
    let history = journal.history();
    let after = history.before(crate::journal::now().minus(config.look_back())).map_err(|error| because(&error))?;
    let [past] = Past::read(&history, after).map_err(|error| because(&error))?;
    let settings = dispatch::Settings { shared: Some(FRESH_FOR), ..dispatch::Settings::from_config(config) };
    let dispatch = Dispatch::start_with(Arc::clone(journal) as _, bridge, settings, past).map_err(|error| because(&error))?;
    Ok(Office { dispatch, _contacts: contacts })
}

/// The contacts file of this host, while it carries out what is asked: of several hosts one reads its own.
fn watch_contacts(config: &Config, journal: &Arc<Nats>) -> Option<Watching> {
    let settings = contacts::Settings::from_config(config)?;
    let (slips, mut told) = tokio::sync::mpsc::unbounded_channel::<Vec<String>>();
    tokio::spawn(async move {
        while let Some(said) = told.recv().await {
            for sentence in said {
                tracing::warn!("{sentence}");
            }
        }
    });
    match Watching::start(settings, Arc::clone(journal) as _, contacts::INTERVAL, slips) {
        Ok(watching) => Some(watching),
        Err(error) => {
            tracing::warn!("the contacts file is not read: starting its thread failed ({error})");
            None
        }
    }
}
