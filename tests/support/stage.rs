//! The real program between a provider of the test's own and the test's callbacks.

use std::net::SocketAddr;

use super::home::Home;
use super::http::{self, Reply};
use super::provider::Provider;
use super::pty::{Console, Setup};
use super::screen::Reading;

/// The user key; it may stand in requests to the provider and nowhere else.
pub const USERKEY: &str = "df141891e2e883904b0b294dc5b079c1c1c13f6d";
/// The callback token; it may stand in callback URLs and nowhere else.
pub const TOKEN: &str = "a-callback-token-of-more-than-32-characters";

/// Everything around the program: what it talks to, and where its files are.
pub struct Stage {
    pub home: Home,
    pub provider: Provider,
}

impl Stage {
    /// A provider that answers `SUCCESS`, and an empty home.
    pub fn new() -> Self {
        Self { home: Home::new(), provider: Provider::start() }
    }

    /// The program with everything set that it needs, on a port that the system chooses.
    pub fn setup(&self) -> Setup {
        Setup::new(super::confmod(), &self.home)
            .env("CONFMOD_USERKEY", USERKEY)
            .env("CONFMOD_API_URL", self.provider.url())
            .env("CONFMOD_LISTEN", "127.0.0.1:0")
            .env("CONFMOD_CALLBACK_TOKEN", TOKEN)
            .env("CONFMOD_JOURNAL", self.home.journal())
            .env("CONFMOD_MODERATOR", "the-moderator")
    }

    /// Starts the console and waits until it takes callbacks.
    #[track_caller]
    pub fn open(&self) -> (Console, Listener) {
        self.open_as(&self.setup())
    }

    /// Starts the console as set up and waits until it takes callbacks.
    #[track_caller]
    pub fn open_as(&self, setup: &Setup) -> (Console, Listener) {
        let console = setup.start();
        let provider = self.provider.address();
        console.wait_for(|screen| listener_on(screen, provider).is_some(), "the listener's address in the header");
        let address = listener_on(&console.screen(), provider).expect("the address stays on the screen");
        (console, Listener { address })
    }

    /// What was asked of the provider so far: action and call.
    pub fn asked(&self) -> Vec<(String, String)> {
        self.provider.requests().iter().map(|request| (request.action().to_owned(), request.key().to_owned())).collect()
    }

    /// What of the secrets stands where it must not: on the screen or in a file. Empty when all is well.
    pub fn leaks(&self, console: &Console) -> Vec<String> {
        let mut places = self.home.files();
        places.push(("the terminal".into(), console.raw()));
        let mut found = Vec::new();
        for (place, bytes) in places {
            for (name, secret) in [("the user key", USERKEY), ("the callback token", TOKEN)] {
                if bytes.windows(secret.len()).any(|window| window == secret.as_bytes()) {
                    found.push(format!("{name} in {}", place.display()));
                }
            }
        }
        found
    }
}

/// Where the program takes callbacks.
#[derive(Clone, Copy, Debug)]
pub struct Listener {
    pub address: SocketAddr,
}

impl Listener {
    /// The whole URL of a callback, for curl.
    pub fn url(&self, kind: &str, query: &str) -> String {
        format!("http://{}{}", self.address, path(kind, query))
    }

    /// Calls back as the provider does.
    #[track_caller]
    pub fn get(&self, kind: &str, query: &str) -> Reply {
        http::get(self.address, &path(kind, query))
    }

    /// Calls back and insists on `200`.
    #[track_caller]
    pub fn tell(&self, kind: &str, query: &str) {
        let reply = self.get(kind, query);
        assert_eq!(reply.status, 200, "{kind}?{query}: {reply:?}");
    }

    /// A caller joins conference 1122, and the console shows it.
    #[track_caller]
    pub fn join(&self, console: &Console, key: &str, name: &str, number: &str) {
        self.tell("join", &format!("CALLFLOW.INSTANCE.KEY={key}&CONFERENCE.NUMBER=1122&E164={number}&CALLERNAME={name}"));
        console.wait_for_text(name);
    }
}

/// The path of a callback with its query.
pub fn path(kind: &str, query: &str) -> String {
    format!("/callback/{TOKEN}/{kind}?{query}")
}

/// The first loopback address with a port on the screen that is not the provider's.
fn listener_on(screen: &vt100::Screen, provider: SocketAddr) -> Option<SocketAddr> {
    screen
        .lines()
        .iter()
        .flat_map(|line| line.match_indices("127.0.0.1:").map(|(at, _)| line[at..].to_owned()).collect::<Vec<_>>())
        .filter_map(|text| {
            let end = text.char_indices().skip("127.0.0.1:".len()).find(|(_, c)| !c.is_ascii_digit()).map_or(text.len(), |(at, _)| at);
            text[..end].parse::<SocketAddr>().ok()
        })
        .find(|address| address.port() != 0 && *address != provider)
}
