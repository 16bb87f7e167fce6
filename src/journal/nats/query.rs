//! Reading back from the stream: the questions of a [`History`], asked on any thread and answered on the journal's own.

use std::fmt;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Duration;

use async_nats::jetstream::stream::RawMessageErrorKind;
use tokio::sync::Mutex;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::JoinSet;

use super::follow::{Follow, From, last_of};
use super::hub::Word;
use super::link::{Broken, Link};
use super::{kept, subject, wire};
use crate::conference::event::{Event, Seq, What};
use crate::conference::{CallKey, ConferenceId, Moment};
use crate::journal::{History, ReadError};

/// How long an answer may take. Each step of it is bounded more tightly.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often it is tried once more.
const TRIES: u32 = 2;

/// By how much the clocks of hosts may differ from the server's.
const SKEW: Duration = Duration::from_mins(1);

/// A question, and where its answer goes.
pub(super) enum Query {
    Read(Seq, usize, Reply<Vec<Event>>),
    Before(Moment, Reply<Seq>),
    Last(Reply<Seq>),
    Standing(Seq, Reply<Vec<Event>>),
    Raw(Seq, Reply<Option<String>>),
}

type Reply<T> = SyncSender<Result<T, ReadError>>;

/// Where the last reader left off: the next chunk follows without asking anew.
pub(super) type Cursor = Arc<Mutex<Option<Follow>>>;

/// Reads the stream for others.
#[derive(Clone)]
pub(super) struct Reader(pub(super) UnboundedSender<Word>);

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").finish_non_exhaustive()
    }
}

impl Reader {
    fn ask<T>(&self, question: impl FnOnce(Reply<T>) -> Query) -> Result<T, ReadError> {
        let gone = |why: &str| ReadError(format!("{why}; it is read again when the server is back"));
        let (reply, answer) = sync_channel(1);
        self.0.send(Word::Query(question(reply))).map_err(|_| ReadError("the shared journal is closed".to_owned()))?;
        answer.recv_timeout(PATIENCE).map_err(|_| gone("the shared journal could not be reached"))?
    }
}

impl History for Reader {
    fn read(&self, after: Seq, limit: usize) -> Result<Vec<Event>, ReadError> {
        self.ask(|reply| Query::Read(after, limit, reply))
    }

    fn before(&self, moment: Moment) -> Result<Seq, ReadError> {
        self.ask(|reply| Query::Before(moment, reply))
    }

    fn last(&self) -> Result<Seq, ReadError> {
        self.ask(Query::Last)
    }

    fn standing(&self, until: Seq) -> Result<Vec<Event>, ReadError> {
        self.ask(|reply| Query::Standing(until, reply))
    }

    fn raw(&self, seq: Seq) -> Result<Option<String>, ReadError> {
        self.ask(|reply| Query::Raw(seq, reply))
    }
}

/// Which conference a call joined, and where that stands.
pub(super) type Place = (CallKey, ConferenceId, Seq);

/// What events tell of where calls are.
pub(super) fn places(events: &[Event]) -> impl Iterator<Item = Place> {
    events.iter().filter_map(|event| match &event.what {
        What::Joined(arrival) => Some((arrival.call.clone(), arrival.conference.clone()?, event.seq)),
        _ => None,
    })
}

/// Answers one question, and says where calls are that it read of. Whoever asked may have given up.
pub(super) async fn answer(link: Arc<Link>, stream: String, cursor: Cursor, query: Query) -> Vec<Place> {
    match query {
        Query::Read(after, limit, reply) => {
            let read = tried(|| read(&link, &stream, &cursor, after, limit)).await;
            let places = places(read.as_deref().unwrap_or_default()).collect();
            let _ = reply.send(read);
            return places;
        }
        Query::Before(moment, reply) => drop(reply.send(tried(|| before(&link, &stream, moment)).await)),
        Query::Last(reply) => drop(reply.send(tried(|| last(&link, &stream)).await)),
        Query::Standing(until, reply) => drop(reply.send(tried(|| standing(&link, &stream, until)).await)),
        Query::Raw(seq, reply) => drop(reply.send(tried(|| raw(&link, &stream, seq)).await)),
    }
    Vec::new()
}

/// Reads once more where it went wrong on the way: nothing is changed by reading.
async fn tried<T, F: Future<Output = Result<T, Broken>>>(read: impl Fn() -> F) -> Result<T, ReadError> {
    let mut tries = 0;
    loop {
        match read().await {
            Ok(read) => return Ok(read),
            Err(broken) if tries >= TRIES => return Err(ReadError(broken.why)),
            Err(broken) => {
                tracing::debug!(why = broken.why, "the shared journal is read once more");
                tries += 1;
            }
        }
    }
}

async fn read(link: &Arc<Link>, stream: &str, cursor: &Cursor, after: Seq, limit: usize) -> Result<Vec<Event>, Broken> {
    let mut cursor = cursor.lock().await;
    let (mut follow, mut is_whole) = match cursor.take() {
        Some(follow) if follow.last() == after => (follow, false),
        _ => (Follow::whole(link, stream, &subject::events(stream), From::After(after)).await?, true),
    };
    let mut events = Vec::new();
    loop {
        while events.len() < limit && follow.behind() > 0 {
            events.extend(follow.next(limit - events.len()).await?);
        }
        if is_whole || events.len() == limit {
            break;
        }
        // What is followed since an earlier reading may not know of what came since.
        follow.reach(last_of(link, stream, &subject::events(stream)).await?);
        is_whole = true;
    }
    if follow.behind() > 0 {
        *cursor = Some(follow);
    } else {
        follow.end(stream).await;
    }
    Ok(events)
}

/// By the server's clock, and with room for clocks that differ: what is read in vain is folded in vain. Behind that, by the
/// moments that events tell: those that were brought in from another journal are older than their storing.
async fn before(link: &Arc<Link>, stream: &str, moment: Moment) -> Result<Seq, Broken> {
    let wanted = moment.minus(SKEW);
    let mut follow = Follow::start(link, stream, &subject::events(stream), From::Time(wanted)).await?;
    if follow.behind() == 0 {
        follow.end(stream).await;
        return last(link, stream).await;
    }
    follow.next(1).await?;
    let (first, pending) = (follow.last(), follow.behind());
    follow.end(stream).await;
    if !is_older(link, stream, first, wanted).await? {
        return Ok(Seq(first.0.saturating_sub(1)));
    }
    // The first event that is late enough is behind `low` and at or before `high`.
    let (mut low, mut high) = (first.0, first.0 + pending + 1);
    while low + 1 < high {
        let middle = low + (high - low) / 2;
        if is_older(link, stream, Seq(middle), wanted).await? {
            low = middle;
        } else {
            high = middle;
        }
    }
    Ok(Seq(low))
}

/// Whether an event was learned before a moment. One that is not there is none.
async fn is_older(link: &Arc<Link>, stream: &str, seq: Seq, moment: Moment) -> Result<bool, Broken> {
    let stream = link.context.get_stream_no_info(stream).await.map_err(Broken::passing)?;
    match stream.get_raw_message(seq.0).await {
        Ok(message) => Ok(wire::at(&message.payload).is_some_and(|at| at < moment)),
        Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => Ok(false),
        Err(error) => Err(Broken::passing(error)),
    }
}

/// The last place.
pub(super) async fn last(link: &Arc<Link>, stream: &str) -> Result<Seq, Broken> {
    let stream = link.context.get_stream_no_info(stream).await.map_err(Broken::passing)?;
    Ok(Seq(stream.get_info().await.map_err(Broken::passing)?.state.last_sequence))
}

/// Whether an event that came still stands in its place. Servers that lost what they had not synced yet give that place to
/// another event, and whoever went on behind it would never hear of those in between.
///
/// A server that knows less than came is one that was away: whoever asks tries again.
pub(super) async fn stands(link: &Arc<Link>, name: &str, event: &Event) -> Result<bool, Broken> {
    let stream = link.context.get_stream_no_info(name).await.map_err(Broken::passing)?;
    match stream.get_raw_message(event.seq.0).await {
        Ok(found) => Ok(matches!(wire::read(event.seq, &found.payload), Ok(Some(found)) if found == *event)),
        Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => match last(link, name).await? {
            // It was cut off at the front meanwhile.
            last if last >= event.seq => Ok(true),
            last => Err(Broken::passing(format!("the server has {} events, and {} came already", last.0, event.seq.0))),
        },
        Err(error) => Err(Broken::passing(error)),
    }
}

/// Whether asks stand in their places, as the server says that leads the stream. What came from another one's copy may be
/// something that was never agreed upon, and is carried out by nobody.
pub(super) async fn are_asked(link: &Arc<Link>, name: &str, asks: &[Seq]) -> Result<bool, Broken> {
    let mut looks = JoinSet::new();
    for ask in asks {
        let (link, name, ask) = (Arc::clone(link), name.to_owned(), *ask);
        looks.spawn(async move { is_asked(&link, &name, ask).await });
    }
    let mut all = true;
    while let Some(found) = looks.join_next().await {
        all &= found.map_err(Broken::passing)??;
    }
    Ok(all)
}

async fn is_asked(link: &Arc<Link>, name: &str, ask: Seq) -> Result<bool, Broken> {
    let stream = link.context.get_stream_no_info(name).await.map_err(Broken::passing)?;
    match stream.get_raw_message(ask.0).await {
        Ok(found) => Ok(matches!(wire::read(ask, &found.payload), Ok(Some(Event { what: What::Asked(_), .. })))),
        Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => match last(link, name).await? {
            last if last >= ask => Ok(false),
            last => Err(Broken::passing(format!("the server has {} events, and {} came already", last.0, ask.0))),
        },
        Err(error) => Err(Broken::passing(error)),
    }
}

/// The facts that hold however old they are, up to a place: also those whose messages are gone.
pub(super) async fn standing(link: &Arc<Link>, stream: &str, until: Seq) -> Result<Vec<Event>, Broken> {
    let mut follow = Follow::whole(link, stream, &subject::facts(stream), From::After(Seq(0))).await?.keeping();
    let mut facts = Vec::new();
    while follow.behind() > 0 {
        facts.extend(follow.next(super::follow::TOGETHER).await?);
    }
    let mut facts = kept::merge(facts, follow.take_kept());
    follow.end(stream).await;
    facts.retain(|fact| fact.seq <= until);
    Ok(facts)
}

async fn raw(link: &Arc<Link>, stream: &str, seq: Seq) -> Result<Option<String>, Broken> {
    let stream = link.context.get_stream_no_info(stream).await.map_err(Broken::passing)?;
    Ok(wire::raw(&stream.get_raw_message(seq.0).await.map_err(Broken::passing)?.payload))
}
