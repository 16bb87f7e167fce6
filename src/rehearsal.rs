//! A provider to rehearse with: its XML API and scripted callers, over real HTTP, on a thread of their own.
//!
//! It is an honest stand-in: it accepts what the provider documents, calls back as a call flow would, and shares no
//! code with what it is used to try out. This front file assembles the parts and runs them.

use std::fmt::{self, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc as std_mpsc;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use tokio::sync::mpsc;

pub use callers::{Callbacks, Kind};
pub use floor::{Participant, Presence};
pub use notes::{Note, Watch};
use provider::{Provider, Request, Rules};
use scenario::Scenario;

mod callers;
mod floor;
mod notes;
pub mod provider;
pub mod scenario;

/// The user key to use where none is set: any key is accepted then.
const ANY_USER_KEY: &str = "rehearsal";
/// How long stopping waits for the thread. Everything on it can be dropped at any time.
const STOP: Duration = Duration::from_secs(1);
/// How fast or slow a script may be played.
const SPEEDS: std::ops::RangeInclusive<f64> = 0.01..=10_000.0;

/// What a rehearsal is made of. Has no `Debug`: it holds secrets.
pub struct Settings {
    /// Where the API listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Who calls, and what goes wrong.
    pub scenario: Scenario,
    /// Divides all times of the scenario: 0.01 to 10,000.
    pub speed: f64,
    /// In place of the scenario's own seed.
    pub seed: Option<u64>,
    /// The only user key that is accepted; without one any will do.
    pub user_key: Option<String>,
    /// The account's e-mail and Secure Phrase. With them every request has to carry the right SIGNATURE.
    pub account: Option<(String, String)>,
    /// Who is told what happens.
    pub watch: Option<Watch>,
}

impl Settings {
    /// A scenario at its own pace, on a free loopback port, with any user key.
    pub fn new(scenario: Scenario) -> Self {
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 0)), scenario, speed: 1.0, seed: None, user_key: None, account: None, watch: None }
    }
}

/// Why a rehearsal did not begin: what failed, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartError(String);

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for StartError {}

/// A running rehearsal. Dropping it stops it.
pub struct Rehearsal {
    address: SocketAddr,
    user_key: String,
    provider: Provider,
    progress: Arc<callers::Progress>,
    calls: usize,
    /// The callers begin when something comes; the thread ends when this is dropped.
    orders: Option<mpsc::Sender<Callbacks>>,
    ended: std_mpsc::Receiver<()>,
}

impl Rehearsal {
    /// Starts the provider's API. Nobody calls yet: see [`Rehearsal::call`].
    pub fn start(settings: Settings) -> Result<Self, StartError> {
        let Settings { listen, scenario, speed, seed, user_key, account, watch } = settings;
        if !SPEEDS.contains(&speed) {
            return Err(StartError(format!(
                "a rehearsal cannot run at speed {speed}; choose one from {} to {}",
                SPEEDS.start(),
                SPEEDS.end()
            )));
        }
        let failed = |what: &str, error: &std::io::Error| StartError(format!("{what} failed: {error}; try again, or choose another port"));
        let listener = std::net::TcpListener::bind(listen).map_err(|error| failed(&format!("listening on {listen}"), &error))?;
        let address = listener.local_addr().map_err(|error| failed("asking for the port", &error))?;
        listener.set_nonblocking(true).map_err(|error| failed("setting up the listener", &error))?;
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| failed("starting the rehearsal", &error))?;

        let floor = Arc::new(floor::Floor::default());
        let notes = Arc::new(notes::Notes::new(watch));
        let progress = Arc::new(callers::Progress::default());
        let script = scenario.script(seed.unwrap_or(scenario.seed));
        progress.unfinished.store(script.calls.len(), Ordering::Release);
        let calls = script.calls.len();
        let stage = Arc::new(callers::Stage::new(&scenario, Arc::clone(&floor), Arc::clone(&notes), speed, Arc::clone(&progress)));
        let rules = Rules {
            user_key: user_key.clone(),
            signature: account.map(|(email, phrase)| signature(&email, &phrase)),
            action_names: scenario.action_names,
            faults: scenario.faults,
            latency: scenario.latency.div_f64(speed),
            speed,
        };
        let provider = Provider::new(rules, floor, notes);

        let (orders, mut incoming) = mpsc::channel(1);
        let (end, ended) = std_mpsc::channel();
        let router = provider::router(provider.clone());
        let thread = std::thread::Builder::new().name("rehearsal".into()).spawn(move || {
            runtime.block_on(async move {
                // Cannot fail: the listener is non-blocking and the runtime has I/O.
                let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
                tokio::spawn(provider::serve(listener, router));
                if let Some(callbacks) = incoming.recv().await {
                    tokio::spawn(callers::play(script, stage, callbacks));
                    // Until the sender is dropped; whoever calls twice is not heard.
                    while incoming.recv().await.is_some() {}
                }
            });
            // Drops every task and connection; a name that is being looked up is not waited for.
            runtime.shutdown_background();
            let _ = end.send(());
        });
        thread.map_err(|error| failed("starting the rehearsal", &error))?;
        let user_key = user_key.unwrap_or_else(|| ANY_USER_KEY.to_owned());
        Ok(Self { address, user_key, provider, progress, calls, orders: Some(orders), ended })
    }

    /// Begins the script: the callers call back there. A second call begins nothing.
    pub fn call(&self, callbacks: Callbacks) {
        if let Some(orders) = &self.orders {
            let _ = orders.try_send(callbacks);
        }
    }

    /// Where the API listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The API's URL on this machine, for `CONFMOD_API_URL`.
    pub fn api_url(&self) -> String {
        let mut address = self.address;
        match address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
            IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
            _ => {}
        }
        format!("http://{address}{}", provider::API_PATH)
    }

    /// A user key that is accepted. It is a secret where it was set.
    pub fn user_key(&self) -> &str {
        &self.user_key
    }

    /// A handle on what the provider received, which outlives the rehearsal.
    pub fn provider(&self) -> Provider {
        self.provider.clone()
    }

    /// Every request so far, oldest first.
    pub fn requests(&self) -> Vec<Request> {
        self.provider.requests()
    }

    /// A sentence for every request that broke a documented rule.
    pub fn violations(&self) -> Vec<String> {
        self.provider.violations()
    }

    /// Callbacks answered with 200, and callbacks that were given up.
    pub fn callbacks(&self) -> (usize, usize) {
        (self.progress.delivered.load(Ordering::Relaxed), self.progress.given_up.load(Ordering::Relaxed))
    }

    /// How many calls the script has.
    pub fn calls(&self) -> usize {
        self.calls
    }

    /// Whether every call has done all it was scripted to do. Those who stay may still be in.
    pub fn finished(&self) -> bool {
        self.progress.unfinished.load(Ordering::Acquire) == 0
    }

    /// Blocks until every call has done all it was scripted to do; false when that takes longer than the limit.
    pub fn wait_until_finished(&self, limit: Duration) -> bool {
        self.provider.wait_for_participants(limit, |_| self.finished())
    }

    /// Stops everything at once: connections are closed, callers vanish without a callback. Takes at most a second.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Rehearsal {
    fn drop(&mut self) {
        self.orders.take();
        // Also returns when the thread panicked. One that a watch blocks is left to itself.
        let _ = self.ended.recv_timeout(STOP);
    }
}

/// The SIGNATURE of an account: HMAC-SHA1 of the e-mail under the Secure Phrase, in lower-case hexadecimal.
fn signature(email: &str, phrase: &str) -> String {
    // A key of any length will do for an HMAC.
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(phrase.as_bytes()) else { return String::new() };
    mac.update(email.as_bytes());
    mac.finalize().into_bytes().iter().fold(String::with_capacity(40), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_hmac_sha1() {
        // RFC 2202, test case 2.
        assert_eq!(signature("what do ya want for nothing?", "Jefe"), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
    }

    #[test]
    fn the_api_url_is_one_that_can_be_called() {
        let rehearsal = Rehearsal::start(Settings::new(Scenario::load("quiet").expect("built in"))).expect("a free port");
        assert_eq!(rehearsal.api_url(), format!("http://127.0.0.1:{}/api/v3.asp", rehearsal.address().port()));
        let everywhere = Settings { listen: SocketAddr::from(([0; 4], 0)), ..Settings::new(Scenario::load("quiet").expect("built in")) };
        let rehearsal = Rehearsal::start(everywhere).expect("a free port");
        assert_eq!(rehearsal.api_url(), format!("http://127.0.0.1:{}/api/v3.asp", rehearsal.address().port()));
    }

    #[test]
    fn a_rehearsal_that_cannot_begin_says_why() {
        let quiet = || Settings::new(Scenario::load("quiet").expect("built in"));
        for speed in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e9] {
            let error = Rehearsal::start(Settings { speed, ..quiet() }).err().expect("no such speed");
            assert!(error.to_string().contains("choose one from 0.01 to 10000"), "{error}");
        }
        let first = Rehearsal::start(quiet()).expect("a free port");
        let error = Rehearsal::start(Settings { listen: first.address(), ..quiet() }).err().expect("the port is taken");
        assert!(error.to_string().contains(&first.address().to_string()) && error.to_string().contains("another port"), "{error}");
    }
}
