//! The scripted callers: each call is a flow that calls back, enters the conference, and leaves it or is kicked.
//!
//! A flow waits for its callbacks as the provider's would: an HTTP control before the conference holds the caller up
//! until it is answered or given up. The floor is told who is in; what is asked of the provider comes from there.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore};
use tokio::time::Instant;

pub use callbacks::{Callbacks, Kind};
use line::Line;

use super::floor::Floor;
use super::notes::Notes;
use super::scenario::{Call, Scenario, Script, Step};

mod callbacks;
mod line;
#[cfg(test)]
mod tests;

/// The waits between the tries of one callback.
const RETRIES: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];
/// How often a listener that is not there is looked for. Not scaled by the speed.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// How often it is said that there is none.
const SAY_AGAIN: u32 = 10;
/// Callbacks at once, so that a crowd does not use all sockets up.
const AT_ONCE: usize = 32;

/// What all flows share.
pub(super) struct Stage {
    pub(super) floor: Arc<Floor>,
    pub(super) notes: Arc<Notes>,
    pub(super) speed: f64,
    pub(super) enter: Duration,
    pub(super) reports_leaving: bool,
    pub(super) called: Option<String>,
    pub(super) progress: Arc<Progress>,
}

/// How far the script is.
#[derive(Default)]
pub(super) struct Progress {
    /// Calls that have steps before them; none before the script was written.
    pub(super) unfinished: AtomicUsize,
    /// Callbacks that were answered.
    pub(super) delivered: AtomicUsize,
    /// Callbacks that were given up.
    pub(super) given_up: AtomicUsize,
}

impl Stage {
    pub(super) fn new(scenario: &Scenario, floor: Arc<Floor>, notes: Arc<Notes>, speed: f64, progress: Arc<Progress>) -> Self {
        let called = scenario.called.clone();
        Self { floor, notes, speed, enter: scenario.enter, reports_leaving: scenario.reports_leaving, called, progress }
    }
}

/// Plays a script over HTTP, once there is a listener.
pub(super) async fn play(script: Script, stage: Arc<Stage>, callbacks: Callbacks) {
    match line::Http::new(&callbacks) {
        Ok(line) => play_over(script, stage, callbacks, line).await,
        Err(error) => stage.notes.say(&format!("nobody can call: {error}")),
    }
}

async fn play_over<L: Line>(script: Script, stage: Arc<Stage>, callbacks: Callbacks, line: L) {
    find_listener(&stage.notes, &callbacks, &line).await;
    let begin = Instant::now();
    let caller = Arc::new(Telephone { stage, callbacks, line, room: Semaphore::new(AT_ONCE) });
    let flows: Vec<_> = script.calls.into_iter().map(|call| tokio::spawn(flow(call, begin, Arc::clone(&caller)))).collect();
    for flow in flows {
        let _ = flow.await;
    }
}

async fn find_listener<L: Line>(notes: &Notes, callbacks: &Callbacks, line: &L) {
    let mut tries = 0;
    while let Err(error) = line.reach().await {
        if tries % SAY_AGAIN == 0 {
            notes.say(&format!("no listener at {callbacks} ({error}); start confmod there: the callers keep trying"));
        }
        tries += 1;
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    if tries > 0 {
        notes.say(&format!("there is a listener at {callbacks} now"));
    }
}

struct Telephone<L> {
    stage: Arc<Stage>,
    callbacks: Callbacks,
    line: L,
    room: Semaphore,
}

impl<L: Line> Telephone<L> {
    fn scaled(&self, time: Duration) -> Duration {
        time.div_f64(self.stage.speed)
    }

    /// Calls back until it is answered with 200, or gives up.
    async fn call_back(&self, call: &Call, kind: Kind, more: &[(&str, &str)]) {
        let mut fields = vec![("CALLFLOW.INSTANCE.KEY", call.key.as_str())];
        fields.extend(more);
        let url = self.callbacks.url(kind, &fields);
        let mut waits = RETRIES.iter();
        loop {
            let answer = match self.room.acquire().await {
                Ok(_place) => self.line.get(url.clone()).await,
                Err(_) => return,
            };
            let Err(error) = answer else {
                self.stage.progress.delivered.fetch_add(1, Ordering::Relaxed);
                return;
            };
            let Some(wait) = waits.next() else {
                self.stage.progress.given_up.fetch_add(1, Ordering::Relaxed);
                self.say(call, &format!("gave the {} callback up: {error}", kind.word()));
                return;
            };
            self.say(call, &format!("will try the {} callback again: {error}", kind.word()));
            tokio::time::sleep(self.scaled(*wait)).await;
        }
    }

    fn say(&self, call: &Call, what: &str) {
        let who = call.name.as_deref().unwrap_or(&call.number);
        self.stage.notes.say(&format!("{who} ({}) {what}", call.key));
    }

    async fn start(&self, call: &Call) {
        self.say(call, "calls");
        let called: Vec<_> = self.stage.called.as_deref().map(|called| ("CALLED", called)).into_iter().collect();
        self.call_back(call, Kind::Start, &called).await;
    }

    async fn join(&self, call: &Call) {
        self.say(call, &format!("joins {}", call.conference));
        let mut fields = vec![("E164", call.number.as_str()), ("CONFERENCE.NUMBER", call.conference.as_str())];
        fields.extend(call.name.as_deref().map(|name| ("CALLERNAME", name)));
        fields.extend(self.stage.called.as_deref().map(|called| ("CALLED", called)));
        fields.extend(call.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        self.call_back(call, Kind::Join, &fields).await;
        tokio::time::sleep(self.scaled(self.stage.enter)).await;
        self.stage.floor.enter(&call.key, call.muted);
    }

    async fn gone(&self, call: &Call, how: &str) {
        self.say(call, how);
        if self.stage.reports_leaving {
            self.call_back(call, Kind::Leave, &[("CONFERENCE.NUMBER", &call.conference)]).await;
        }
    }

    async fn hand(&self, call: &Call, up: bool) {
        self.say(call, if up { "raises a hand" } else { "lowers the hand" });
        self.call_back(call, Kind::Hand, &[("state", if up { "up" } else { "down" })]).await;
    }
}

/// One call from its first step to its end.
async fn flow<L: Line>(call: Call, begin: Instant, telephone: Arc<Telephone<L>>) {
    let floor = &telephone.stage.floor;
    let kicked = floor.begin(&call);
    let mut inside = false;
    let mut thrown_out = false;
    for (at, step) in &call.steps {
        let due = begin + telephone.scaled(*at);
        if first(&kicked, inside, tokio::time::sleep_until(due)).await {
            thrown_out = true;
            break;
        }
        match step {
            Step::Start => telephone.start(&call).await,
            Step::Join => {
                telephone.join(&call).await;
                inside = true;
            }
            Step::Hand(up) => {
                if first(&kicked, inside, telephone.hand(&call, *up)).await {
                    thrown_out = true;
                    break;
                }
            }
            Step::Leave => {
                floor.leave(&call.key);
                inside = false;
                telephone.gone(&call, "leaves").await;
            }
        }
    }
    if telephone.stage.progress.unfinished.fetch_sub(1, Ordering::AcqRel) == 1 {
        telephone.stage.notes.say("the script is through; whoever is in stays");
    }
    floor.look_again();
    if inside && !thrown_out {
        kicked.notified().await;
        thrown_out = true;
    }
    if thrown_out {
        telephone.gone(&call, "is thrown out").await;
    }
}

/// Runs something unless the caller is kicked meanwhile, and says whether that happened.
async fn first(kicked: &Notify, inside: bool, something: impl Future<Output = ()>) -> bool {
    tokio::select! {
        biased;
        () = kicked.notified(), if inside => true,
        () = something => false,
    }
}
