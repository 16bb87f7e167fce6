//! A writer for what comes from another journal: everything in order, much of it on its way at once, and nothing behind what
//! could not be written.
//!
//! Each message is written only behind the one before it, so its place is known before it leaves, nobody can write between, and
//! an interrupted import is a beginning that ends somewhere. It carries an id made of the journal it comes from and its
//! number in there, by which a later import finds how far this one came.

use std::collections::VecDeque;
use std::fmt;

use async_nats::header::NATS_MESSAGE_ID;
use async_nats::jetstream::context::{PublishAckFuture, PublishErrorKind};
use async_nats::jetstream::message::PublishMessage;
use hashlink::LruCache;

use super::direct::Direct;
use super::link::{Broken, News, Settings, is_missing};
use super::{OpenError, subject, wire};
use crate::conference::event::{Seq, What};
use crate::conference::{CallKey, ConferenceId, Moment};
use crate::journal::entry::Entry;

/// How many messages may be on their way.
const AT_ONCE: usize = 2_048;

/// What the server keeps beside each message, with its subject and headers: about so many bytes.
pub const MORE: u64 = 220;

/// Calls whose conference is remembered.
const CALLS: usize = 131_072;

/// What ids of messages that were brought in begin with.
const BROUGHT: &str = "import-";

/// What is in the stream before an import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// How many messages it holds.
    pub messages: u64,
    /// The bytes that it may still take; none where it has no bound.
    pub room: Option<u64>,
    /// Its last message, where there is one.
    pub last: Option<Last>,
}

/// The last message of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Last {
    /// When what it tells was learned.
    pub at: Moment,
    /// The journal that it was brought from, and its number among what was brought.
    pub brought: Option<(String, u64)>,
    message: Vec<u8>,
}

impl Last {
    /// Whether it holds this event.
    #[must_use]
    pub fn is(&self, entry: &Entry) -> bool {
        wire::write_entry(entry).is_some_and(|message| message.as_bytes() == self.message)
    }
}

/// Why an import ended early. What was written until then is a beginning without gaps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// Somebody else writes to the stream.
    Overtaken,
    /// The account may not publish on a subject.
    Denied(String),
    /// The server was lost, or did not take it; what it said.
    Lost(String),
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Overtaken => {
                f.write_str("something else was written to the stream meanwhile; stop every confmod serve and desk on it first")
            }
            Self::Denied(subject) => {
                write!(f, "this account may not publish on {subject}; an import needs an account that may publish all")
            }
            Self::Lost(why) => write!(f, "the server did not take it ({why}); once more goes on where this ended"),
        }
    }
}

/// Whether an event can be a message: its kind is a word.
#[must_use]
pub fn fits(entry: &Entry) -> bool {
    wire::is_word(&entry.kind)
}

/// A connection that writes.
pub struct Import {
    direct: Direct,
    /// The place of the next message.
    next: Seq,
    waiting: VecDeque<(Seq, PublishAckFuture)>,
    calls: LruCache<CallKey, ConferenceId>,
}

impl Import {
    /// Connects, and says what is in the stream. One that is not there is made where it may be, and is as an empty one
    /// otherwise.
    ///
    /// # Errors
    /// When no server is reached, or the stream is not as confmod makes it.
    pub fn open(settings: Settings, made: bool) -> Result<(Self, Found), OpenError> {
        let direct = Direct::open(settings, made)?;
        let found = direct.runtime.block_on(found(&direct));
        let (found, last) = found.map_err(|broken| direct.failed(broken.why))?;
        Ok((Self { direct, next: last.next(), waiting: VecDeque::new(), calls: LruCache::new(CALLS) }, found))
    }

    /// The place that the next event gets.
    #[must_use]
    pub fn next(&self) -> Seq {
        self.next
    }

    /// Notes what an event tells of where calls are, whether or not it is to be written.
    pub fn pass(&mut self, what: Option<&What>) {
        if let Some(What::Joined(arrival)) = what
            && let Some(conference) = &arrival.conference
        {
            self.calls.insert(arrival.call.clone(), conference.clone());
        }
    }

    /// The subject that an event belongs on.
    fn subject_of(&mut self, kind: &str, what: Option<&What>) -> String {
        let stream = &self.direct.settings.stream;
        let Some(what) = what else { return subject::of_unknown(stream, kind) };
        let conference = what.conference().cloned().or_else(|| self.calls.get(what.call()?).cloned());
        subject::of(stream, what, conference.as_ref())
    }

    /// Publishes an event behind the one before it. Returns before it is acknowledged; `number` is its number among what is
    /// brought from a journal. What does not [fit](fits) is passed over and has no place.
    ///
    /// # Errors
    /// When this or an earlier one was not taken.
    pub fn put(&mut self, entry: &Entry, what: Option<&What>, journal: &str, number: u64) -> Result<(), Stopped> {
        self.pass(what);
        let Some(payload) = wire::write_entry(entry) else { return Ok(()) };
        let subject = self.subject_of(&entry.kind, what);
        let message = PublishMessage::build()
            .payload(payload.into())
            .message_id(format!("{BROUGHT}{journal}-{number}"))
            .expected_last_sequence(self.next.0 - 1);
        let sent = self.direct.runtime.block_on(self.direct.link.context.send_publish(subject, message));
        let sent = sent.map_err(|error| Stopped::Lost(error.to_string()))?;
        self.waiting.push_back((self.next, sent));
        self.next = self.next.next();
        if self.waiting.len() >= AT_ONCE { self.settle(AT_ONCE / 2) } else { Ok(()) }
    }

    /// Waits until everything is acknowledged.
    ///
    /// # Errors
    /// When something was not taken.
    pub fn finish(&mut self) -> Result<(), Stopped> {
        self.settle(0)
    }

    /// Waits until no more than so many are on their way.
    fn settle(&mut self, most: usize) -> Result<(), Stopped> {
        let Self { direct, waiting, .. } = self;
        direct.runtime.block_on(async {
            while waiting.len() > most {
                let Some((place, sent)) = waiting.pop_front() else { break };
                match sent.await {
                    Ok(ack) if ack.sequence == place.0 => {}
                    Ok(_) => return Err(Stopped::Overtaken),
                    Err(error) if error.kind() == PublishErrorKind::WrongLastSequence => return Err(Stopped::Overtaken),
                    Err(error) => {
                        while let Ok(news) = direct.news.try_recv() {
                            if let News::Denied(subject) = news {
                                return Err(Stopped::Denied(subject));
                            }
                        }
                        return Err(Stopped::Lost(error.to_string()));
                    }
                }
            }
            Ok(())
        })
    }
}

/// What is in the stream, and its last place.
async fn found(direct: &Direct) -> Result<(Found, Seq), Broken> {
    let name = &direct.settings.stream;
    let stream = match direct.link.context.get_stream(name).await {
        Ok(stream) => stream,
        Err(error) if is_missing(&error.kind()) => {
            return Ok((Found { messages: 0, room: Some(direct.settings.size), last: None }, Seq(0)));
        }
        Err(error) => return Err(Broken::passing(error)),
    };
    direct.link.look(&direct.settings, false).await?;
    let info = stream.cached_info();
    let (state, most) = (&info.state, u64::try_from(info.config.max_bytes).ok().filter(|most| *most > 0));
    let mut found = Found { messages: state.messages, room: most.map(|most| most.saturating_sub(state.bytes)), last: None };
    if state.messages > 0 {
        let message = stream.get_raw_message(state.last_sequence).await.map_err(Broken::passing)?;
        let brought = message.headers.get(NATS_MESSAGE_ID).and_then(|id| brought(id.as_str()));
        let at = wire::at(&message.payload).unwrap_or_default();
        found.last = Some(Last { at, brought, message: message.payload.to_vec() });
    }
    Ok((found, Seq(state.last_sequence)))
}

/// The journal and number in an id.
fn brought(id: &str) -> Option<(String, u64)> {
    let (journal, number) = id.strip_prefix(BROUGHT)?.rsplit_once('-')?;
    Some((journal.to_owned(), number.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_id_of_an_import_tells_where_it_came_from() {
        assert_eq!(brought("import-0a1b-17"), Some(("0a1b".to_owned(), 17)));
        for other in ["", "answer-17", "0123456789abcdef-17", "import-0a1b", "import-0a1b-x"] {
            assert_eq!(brought(other), None, "{other}");
        }
    }
}
