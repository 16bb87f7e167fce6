//! The receivers made of our own parts: all of it, all of it with one sync for each request, and the routes
//! on bare axum with nothing written down. Each runs on the receivers' core.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use confmod::callback::{self, Counts, Guard, Limits, Listener};
use confmod::conference::Moment;
use confmod::conference::event::{Event, Seq};
use confmod::config::Secret;
use confmod::journal::sqlite::Sqlite;
use confmod::journal::{Draft, Feed, Health, History, Journal, ReadError, Receipt, now};
use tokio::sync::{Mutex, broadcast, watch};

use super::cores;
use super::least::Least;
use super::load::Target;

const TOKEN: &str = "a-callback-token-of-more-than-32-characters";

/// A listener with a journal, as the program has them.
pub struct Ours {
    listener: Listener,
    /// Where events go.
    pub journal: Arc<dyn Journal>,
}

impl Ours {
    pub fn start(file: &Path) -> Self {
        cores::on(cores::RECEIVER, || Self::anywhere(file))
    }

    /// The same on whatever core is free.
    pub fn anywhere(file: &Path) -> Self {
        Self::with(Arc::new(Sqlite::open(file, "a benchmark").expect("a journal")))
    }

    /// The same, but that what waits to be written is written one by one.
    pub fn one_by_one(file: &Path) -> Self {
        cores::on(cores::RECEIVER, || {
            let inner: Arc<dyn Journal> = Arc::new(Sqlite::open(file, "a benchmark").expect("a journal"));
            Self::with(Arc::new(OneByOne { inner, turn: Arc::default() }))
        })
    }

    fn with(journal: Arc<dyn Journal>) -> Self {
        let counts = Arc::new(Counts::default());
        let router = routes(Arc::clone(&journal), &counts);
        let listener = callback::start(port(), router, Limits::default(), counts).expect("a listener");
        Self { listener, journal }
    }

    pub fn target(&self) -> Target {
        Target { address: self.listener.address(), path: path() }
    }
}

/// The same routes on axum as it comes, without a journal: what is asked is read, and forgotten.
pub fn bare() -> Target {
    let target = on_axum(async || routes(Arc::new(Nowhere(watch::channel(Health::Good).0)), &Arc::default()));
    Target { path: path(), ..target }
}

/// The same, with the least that writes to a database.
pub fn least(file: &Path) -> Target {
    let journal = cores::on(cores::RECEIVER, || Arc::new(Least::open(file)));
    let target = on_axum(async move || routes(journal, &Arc::default()));
    Target { path: path(), ..target }
}

/// Serves routes with axum's own accept loop, on a thread of its own on the receivers' core, to the end of the process.
pub fn on_axum(router: impl AsyncFnOnce() -> Router + Send + 'static) -> Target {
    let socket = port();
    let address = socket.local_addr().expect("its address");
    socket.set_nonblocking(true).expect("a socket that does not block");
    cores::on(cores::RECEIVER, || {
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                use axum::serve::ListenerExt as _;
                let socket = tokio::net::TcpListener::from_std(socket).expect("a socket");
                // As ours, and as anybody would who measures it.
                let socket = socket.tap_io(|stream| stream.set_nodelay(true).expect("no delay"));
                axum::serve(socket, router().await).await.expect("a server");
            });
        })
    });
    Target { address, path: "/".to_owned() }
}

fn port() -> TcpListener {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port")
}

fn routes(journal: Arc<dyn Journal>, counts: &Arc<Counts>) -> Router {
    callback::router(journal, Guard::new(&Secret::from(TOKEN), None, &[], &[]), None, Arc::clone(counts), now)
}

fn path() -> String {
    format!("/callback/{TOKEN}/join")
}

/// A journal that is given the next event only when the one before is on disk.
struct OneByOne {
    inner: Arc<dyn Journal>,
    turn: Arc<Mutex<()>>,
}

impl Journal for OneByOne {
    fn append(&self, draft: Draft) -> Receipt {
        let (promise, receipt) = Receipt::pair();
        let (inner, turn) = (Arc::clone(&self.inner), Arc::clone(&self.turn));
        tokio::spawn(async move {
            let _turn = turn.lock().await;
            // Whoever asked may be gone at the end of a round.
            let _ = promise.send(inner.append(draft).durable().await);
        });
        receipt
    }

    fn subscribe(&self, after: Seq) -> Feed {
        self.inner.subscribe(after)
    }

    fn history(&self) -> Arc<dyn History> {
        self.inner.history()
    }

    fn health(&self) -> watch::Receiver<Health> {
        self.inner.health()
    }
}

/// A journal that keeps nothing and says at once that it does.
struct Nowhere(watch::Sender<Health>);

impl Journal for Nowhere {
    fn append(&self, draft: Draft) -> Receipt {
        std::hint::black_box(draft);
        let (promise, receipt) = Receipt::pair();
        promise.send(Ok(Seq(1))).expect("the receipt is in our hand");
        receipt
    }

    fn subscribe(&self, after: Seq) -> Feed {
        Feed::new(broadcast::channel(1).1, self.history(), after)
    }

    fn history(&self) -> Arc<dyn History> {
        Arc::new(Nothing)
    }

    fn health(&self) -> watch::Receiver<Health> {
        self.0.subscribe()
    }
}

/// A history without events.
pub struct Nothing;

impl History for Nothing {
    fn read(&self, _: Seq, _: usize) -> Result<Vec<Event>, ReadError> {
        Ok(Vec::new())
    }

    fn before(&self, _: Moment) -> Result<Seq, ReadError> {
        Ok(Seq(0))
    }

    fn last(&self) -> Result<Seq, ReadError> {
        Ok(Seq(0))
    }

    fn standing(&self, _: Seq) -> Result<Vec<Event>, ReadError> {
        Ok(Vec::new())
    }

    fn raw(&self, _: Seq) -> Result<Option<String>, ReadError> {
        Ok(None)
    }
}
