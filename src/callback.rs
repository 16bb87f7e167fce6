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

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, HttpBody as _};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::any;
use http_body_util::BodyExt as _;
use tokio::sync::Semaphore;
use tower::service_fn;

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
    let callbacks = Arc::clone(&door);
    let callbacks = service_fn(move |request| callback(Arc::clone(&callbacks), request));
    Router::new().route("/healthz", any(healthz)).fallback_service(callbacks).with_state(door)
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

/// Answers every other path.
#[expect(clippy::manual_async_fn, reason = "an async fn holds what it is given twice, and what each callback takes is to be small")]
fn callback(door: Arc<Door>, mut request: Request) -> impl Future<Output = Result<Response, Infallible>> + Send {
    async move {
        let Some((token, kind)) = segments(request.uri().path()) else { return Ok(Answer::nowhere().into_response()) };
        let admitted = door.admit(token, kind, &request);
        Ok(door.answer(admitted, &mut request).await.into_response())
    }
}

/// The token and the kind of callback in a path; none where no callbacks stand. The token is exactly one segment, whatever else
/// the path holds.
fn segments(path: &str) -> Option<(&str, &str)> {
    let rest = path.strip_prefix(ROOT).filter(|rest| rest.is_empty() || rest.starts_with('/'))?;
    let rest = rest.strip_prefix('/').unwrap_or("");
    Some(rest.split_once('/').unwrap_or((rest, "")))
}

/// Why a request goes no further than its head.
enum Refusal {
    Stranger(Stranger),
    Slip(Answer),
}

impl Door {
    /// Looks at a request's head: which callback it is, or why it is none.
    fn admit(&self, token: &str, kind: &str, request: &Request) -> Result<Kind, Refusal> {
        let limits = self.guard.limits();
        if guard::request_line(request) > limits.request_line {
            return Err(Refusal::Slip(Answer::line_too_long(limits.request_line)));
        }
        if guard::header_block(request.headers()) > limits.header_block {
            return Err(Refusal::Slip(Answer::headers_too_large(limits.header_block, guard::HEADERS)));
        }
        let peer = request.extensions().get::<Peer>().map(|peer| peer.0);
        self.guard.admits(token, peer, request.headers()).map_err(Refusal::Stranger)?;
        let kind = Kind::from_path(kind).ok_or_else(|| Refusal::Slip(Answer::no_such_kind()))?;
        match *request.method() {
            Method::GET | Method::POST => Ok(kind),
            _ => Err(Refusal::Slip(Answer::wrong_method("GET, POST"))),
        }
    }

    /// Answers a callback, and counts how it went.
    async fn answer(&self, admitted: Result<Kind, Refusal>, request: &mut Request) -> Answer {
        let taken = match admitted {
            Ok(kind) => self.take(kind, request).await,
            Err(Refusal::Stranger(stranger)) => Err(self.turn_away(stranger, request.extensions().get()).await),
            Err(Refusal::Slip(answer)) => Err(answer),
        };
        match taken {
            Ok(at) => {
                self.counts.took(at);
                Answer::ok()
            }
            Err(answer) => {
                if answer.status() == StatusCode::SERVICE_UNAVAILABLE {
                    self.counts.dropped();
                } else {
                    self.counts.refused();
                }
                answer
            }
        }
    }

    /// Takes one callback: when it was learned, once its event is on disk; else the answer that says why not.
    async fn take(&self, kind: Kind, request: &mut Request) -> Result<Moment, Answer> {
        let body = collect(std::mem::take(request.body_mut()), self.guard.limits()).await?;
        if let Some(progress) = request.extensions().get::<progress::Progress>() {
            progress.request_is_complete();
        }
        let draft = self.read(kind, request, &body)?;
        let at = draft.at;
        let kept = match request.extensions().get::<relay::Relay>() {
            Some(relay) => relay.wait(relay.append(&self.journal, draft).durable()).await,
            None => self.journal.append(draft).durable().await,
        };
        kept.map(|_| at).map_err(|error| Answer::unavailable(&error))
    }

    /// What a whole request says.
    fn read(&self, kind: Kind, request: &Request, body: &[u8]) -> Result<Draft, Answer> {
        let is_post = request.method() == Method::POST;
        let is_form = is_post && may_be_form(request.headers());
        let at = (self.clock)();
        let fields = Fields::parse(request.uri().query().unwrap_or(""), if is_form { body } else { &[] });
        let what = fields::read(kind, &fields, self.conference.as_ref()).map_err(|slip| {
            let sort = (kind.word(), slip.rule());
            if let Some(passed_over) = self.counts.slipped(sort, at, || format!("a {} was refused. {slip}", kind.word())) {
                tracing::info!(kind = sort.0, rule = sort.1, passed_over, "refused a callback");
            }
            Answer::bad_request(&slip, is_post && !body.is_empty() && !is_form)
        })?;
        Ok(Draft { at, what, raw: Some(fields.raw()) })
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
