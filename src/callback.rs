//! The listener: one callback in, one event on disk, one answer out.
//!
//! This front file holds the router: which path is answered how, in which order the checks come, and when a
//! `200` may leave. The children read the fields, keep the door, run the accept loop and write the URLs.
//! Nothing in this room knows what a roster or a screen is.

mod answers;
mod connection;
mod connections;
mod counts;
mod fields;
mod framing;
mod guard;
mod progress;
mod relay;
mod server;
mod urls;
mod wire;

#[cfg(test)]
mod hostile_tests;
#[cfg(test)]
mod memory;
#[cfg(test)]
mod router_tests;
#[cfg(test)]
mod socket_tests;

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, HttpBody as _};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::routing::any;
use http_body_util::BodyExt as _;
use tokio::sync::Semaphore;

use answers::Answer;
pub use counts::Counts;
pub use fields::is_known_field;
use fields::{Fields, Kind};
use guard::strangers::{Stranger, Strangers};
pub use guard::{Guard, Limits};
pub use server::{Listener, start};
pub use urls::{CallbackUrl, MASKED, urls};

use crate::conference::{ConferenceId, Moment};
use crate::journal::{AppendError, Draft, Health, Journal};

/// The path that all callbacks stand under.
pub const ROOT: &str = "/callback";

/// Everything that answering a request takes.
struct Door {
    journal: Arc<dyn Journal>,
    guard: Guard,
    strangers: Mutex<Strangers>,
    /// Room for answers that wait.
    delays: Semaphore,
    conference: Option<ConferenceId>,
    counts: Arc<Counts>,
    clock: fn() -> Moment,
}

/// Where a request came from, as the accept loop saw it.
#[derive(Clone, Copy, Debug)]
struct Peer(IpAddr);

/// The routes of the listener: `/callback/<token>/<kind>` and `/healthz`.
///
/// `conference` is for joins that name none. `clock` says when a callback was learned of. The router works
/// without the accept loop too (in a test, say); then there is no address to hold against the allow-list.
pub fn router(
    journal: Arc<dyn Journal>,
    guard: Guard,
    conference: Option<ConferenceId>,
    counts: Arc<Counts>,
    clock: fn() -> Moment,
) -> Router {
    let delays = Semaphore::new(guard.limits().strangers_delayed);
    let door = Arc::new(Door { journal, guard, strangers: Mutex::new(Strangers::new()), delays, conference, counts, clock });
    Router::new().route("/healthz", any(healthz)).fallback(callback).with_state(door)
}

/// Says whether callbacks can be taken. Asks for no token, so that a monitor needs none.
async fn healthz(State(door): State<Arc<Door>>, request: Request) -> Answer {
    if request.method() != Method::GET {
        return Answer::wrong_method("GET");
    }
    let health = door.journal.health().borrow().clone();
    match health {
        Health::Good => Answer::ok(),
        // The journal looks again by itself, so this does not last longer than its cause.
        Health::Trouble(why) => Answer::unavailable(&AppendError::Trouble(why)),
        Health::Failed(why) => Answer::unavailable(&AppendError::Failed(why)),
        Health::Lost(_) => Answer::unavailable(&AppendError::Lost("no server answers".to_owned())),
        Health::Followed(_) | Health::Abandoned => Answer::unavailable(&AppendError::ReadOnly),
    }
}

/// Answers every other path, and counts how it went.
async fn callback(State(door): State<Arc<Door>>, request: Request) -> Answer {
    let path = request.uri().path();
    let Some(rest) = path.strip_prefix(ROOT).filter(|rest| rest.is_empty() || rest.starts_with('/')) else {
        return Answer::nowhere();
    };
    // The guard sees exactly one segment, whatever else the path holds.
    let rest = rest.strip_prefix('/').unwrap_or("");
    let (token, kind) = rest.split_once('/').unwrap_or((rest, ""));
    let (token, kind) = (token.to_owned(), kind.to_owned());
    let answer = match door.take(&token, &kind, request).await {
        Ok(at) => {
            door.counts.took(at);
            return Answer::ok();
        }
        Err(answer) => answer,
    };
    if answer.status() == StatusCode::SERVICE_UNAVAILABLE {
        door.counts.dropped();
    } else {
        door.counts.refused();
    }
    answer
}

impl Door {
    /// Takes one callback: when it was learned, once its event is on disk; else the answer that says why not.
    async fn take(&self, token: &str, kind: &str, request: Request) -> Result<Moment, Answer> {
        let (head, body) = request.into_parts();
        let limits = self.guard.limits();
        if guard::request_line(&head) > limits.request_line {
            return Err(Answer::line_too_long(limits.request_line));
        }
        if guard::header_block(&head.headers) > limits.header_block {
            return Err(Answer::headers_too_large(limits.header_block, limits.headers));
        }
        let peer = head.extensions.get::<Peer>().map(|peer| peer.0);
        let progress = head.extensions.get::<progress::Progress>();
        let relay = head.extensions.get::<relay::Relay>();
        if let Err(stranger) = self.guard.admits(token, peer, &head.headers) {
            return Err(self.turn_away(stranger, progress).await);
        }
        let kind = Kind::from_path(kind).ok_or_else(Answer::no_such_kind)?;
        if head.method != Method::GET && head.method != Method::POST {
            return Err(Answer::wrong_method("GET, POST"));
        }
        let body = collect(body, limits).await?;
        if let Some(progress) = progress {
            progress.request_is_complete();
        }

        let is_form = head.method == Method::POST && may_be_form(&head.headers);
        let at = (self.clock)();
        let fields = Fields::parse(head.uri.query().unwrap_or(""), if is_form { &body } else { &[] });
        let what = fields::read(kind, &fields, self.conference.as_ref()).map_err(|slip| {
            let sort = (kind.word(), slip.rule());
            if let Some(passed_over) = self.counts.slipped(sort, at, || format!("a {} was refused. {slip}", kind.word())) {
                tracing::info!(kind = sort.0, rule = sort.1, passed_over, "refused a callback");
            }
            Answer::bad_request(&slip, head.method == Method::POST && !body.is_empty() && !is_form)
        })?;
        let draft = Draft { at, what, raw: Some(fields.raw()) };
        let kept = match relay {
            Some(relay) => relay.wait(relay.append(&self.journal, draft).durable()).await,
            None => self.journal.append(draft).durable().await,
        };
        kept.map(|_| at).map_err(|error| Answer::unavailable(&error))
    }

    /// The one answer to strangers. Who sends one after the other gets it late, on a connection that makes
    /// room before any other and that is not read on.
    async fn turn_away(&self, stranger: Stranger, progress: Option<&progress::Progress>) -> Answer {
        let noted = self.strangers.lock().unwrap_or_else(PoisonError::into_inner).note(stranger, (self.clock)());
        if let Some(sentence) = noted.tell {
            tracing::warn!("{sentence}");
            self.counts.turned_away(&sentence);
        }
        if noted.too_many {
            if let Some(progress) = progress {
                progress.comes_last();
            }
            if let Ok(_room) = self.delays.try_acquire() {
                tokio::time::sleep(self.guard.limits().stranger_delay).await;
            }
        }
        Answer::forbidden()
    }
}

/// Reads a request's body, whose size and time are bounded.
async fn collect(mut body: Body, limits: &Limits) -> Result<Vec<u8>, Answer> {
    // A length that is announced too large is refused before the client is asked to send it.
    let announced = body.size_hint().lower();
    if announced > limits.body as u64 {
        return Err(Answer::body_too_large(limits.body));
    }
    // Most callbacks have none, and nothing to wait for.
    if body.is_end_stream() {
        return Ok(Vec::new());
    }
    let whole = async {
        let mut whole = Vec::new();
        while let Some(frame) = body.frame().await {
            let Ok(piece) = frame.map_err(|_| Answer::body_cut_off())?.into_data() else { continue };
            if whole.len() + piece.len() > limits.body {
                return Err(Answer::body_too_large(limits.body));
            }
            // Copied: a piece of one byte would keep the whole buffer that it came in.
            whole.extend_from_slice(&piece);
        }
        Ok(whole)
    };
    tokio::time::timeout(limits.body_time, whole).await.unwrap_or_else(|_| Err(Answer::body_too_slow(limits.body_time)))
}

/// Says whether a body is to be read as a form: most senders say so, some say nothing or `text/plain`.
fn may_be_form(headers: &HeaderMap) -> bool {
    let Some(kind) = headers.get(header::CONTENT_TYPE) else { return true };
    let kind = String::from_utf8_lossy(kind.as_bytes());
    let kind = kind.split(';').next().unwrap_or("").trim();
    kind.is_empty() || kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") || kind.eq_ignore_ascii_case("text/plain")
}
