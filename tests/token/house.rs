//! A listener in the test's own process, to be set up as no user could.

use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use confmod::callback::{self, Counts, Guard, Limits};
use confmod::conference::Moment;
use confmod::config::Secret;
use confmod::journal::Journal;
use confmod::journal::sqlite::Sqlite;

/// A listener in this process, with a journal of its own.
pub struct House {
    listener: callback::Listener,
    _folder: tempfile::TempDir,
}

impl House {
    pub fn new(token: &str, allow: &[&str], proxies: &[&str], limits: &Limits, bind: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let journal = Arc::new(Sqlite::open(&folder.path().join("journal.sqlite"), "a test").expect("a journal"));
        Self { listener: listener(journal, token, allow, proxies, limits, bind), _folder: folder }
    }

    pub fn at(&self) -> SocketAddr {
        self.listener.address()
    }
}

pub fn listener(
    journal: Arc<dyn Journal>,
    token: &str,
    allow: &[&str],
    proxies: &[&str],
    limits: &Limits,
    bind: &str,
) -> callback::Listener {
    let net = |text: &str| text.parse().or_else(|_| text.parse::<IpAddr>().map(Into::into)).expect("a range");
    let nets = |texts: &[&str]| texts.iter().map(|text| net(text)).collect::<Vec<_>>();
    let counts = Arc::new(Counts::default());
    let guard = Guard::new(&Secret::from(token), None, &nets(allow), &nets(proxies)).with_limits(limits.clone());
    let router = callback::router(journal, guard, None, Arc::clone(&counts), || Moment(1_700_000_000_000));
    let socket = TcpListener::bind(bind).expect("a port");
    callback::start(socket, router, limits.clone(), counts).expect("a listener")
}

/// A listener that delays nobody, so that only its work takes time.
pub fn undelayed() -> Limits {
    Limits { stranger_delay: Duration::ZERO, strangers_delayed: 0, ..Limits::default() }
}
