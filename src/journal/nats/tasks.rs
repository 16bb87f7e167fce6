//! What is done on a connection beside its loop, each in a task: publish, look at the lease, hand on what comes.

use std::sync::Arc;

use async_nats::jetstream::context::{PublishAckFuture, PublishError, PublishErrorKind};
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::publish::PublishAck;
use async_nats::jetstream::stream::RawMessageErrorKind;
use tokio::sync::mpsc::{Receiver, channel};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::follow::{Follow, TOGETHER};
use super::kept::{self, Bounds};
use super::lease::Seen;
use super::link::{Broken, Link, Settings};
use super::outbox::{Letter, Number};
use super::query::{Cursor, Place};
use super::{query, subject, wire};
use crate::conference::event::{Event, Sent, Seq, What};
use crate::journal::{Draft, now};

/// Batches of events that may wait to be handed on before the server is made to wait.
const BATCHES_AHEAD: usize = 64;

/// What a task found out.
pub(super) enum Done {
    Published(Number, Result<Seq, Failed>),
    Looked(Result<Option<Seen>, String>),
    Wrote(Instant, Result<Seq, Failed>),
    Fenced(Result<Seq, Failed>),
    /// Somebody was answered, and it was read where these calls are.
    Answered(Vec<Place>),
    GivenBack,
    Kept,
}

/// Why something was not published.
pub(super) enum Failed {
    /// Somebody else wrote in between.
    Overtaken,
    /// The server may have it or not.
    Unsure(String),
}

/// What the tasks of one connection share.
pub(super) struct Connected {
    pub(super) link: Arc<Link>,
    pub(super) cursor: Cursor,
    pub(super) settings: Settings,
}

impl Connected {
    /// Who holds the lease.
    pub(super) async fn look_at_lease(&self) -> Result<Option<Seen>, String> {
        let name = format!("{}_lease", self.settings.stream);
        let stream = self.link.context.get_stream_no_info(name).await.map_err(|error| error.to_string())?;
        match stream.get_last_raw_message_by_subject(&subject::lease(&self.settings.stream)).await {
            Ok(found) => Ok(Some(Seen { number: found.sequence, holder: String::from_utf8_lossy(&found.payload).into_owned() })),
            Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => Ok(None),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Writes the lease where its last message has this number.
    pub(super) async fn write_lease(&self, number: u64, holder: &str) -> Result<Seq, Failed> {
        let message = PublishMessage::build().payload(holder.to_owned().into()).expected_last_subject_sequence(number);
        sent(self.link.context.send_publish(subject::lease(&self.settings.stream), message).await).await
    }

    /// Writes down anew what holds, where the stream's bounds come near to it.
    pub(super) async fn keep(&self) -> Result<(), Broken> {
        let Settings { stream: name, .. } = &self.settings;
        let stream = self.link.context.get_stream_no_info(name).await.map_err(Broken::passing)?;
        let info = stream.get_info().await.map_err(Broken::passing)?;
        let list = subject::kept(name);
        let kept = match stream.get_last_raw_message_by_subject(&list).await {
            Ok(found) => Some((Seq(found.sequence), found.time.unix_timestamp())),
            Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => None,
            Err(error) => return Err(Broken::passing(error)),
        };
        let age = |stored: i64| now().0 - stored * 1_000;
        let bounds = Bounds {
            bytes: info.state.bytes,
            max_bytes: u64::try_from(info.config.max_bytes).ok().filter(|most| *most > 0),
            first: Seq(info.state.first_sequence),
            last: Seq(info.state.last_sequence),
            age: age(info.state.first_timestamp.unix_timestamp()),
            max_age: i64::try_from(info.config.max_age.as_millis()).ok().filter(|most| *most > 0),
            kept: kept.map(|(place, stored)| (place, age(stored))),
        };
        if !kept::is_due(&bounds) {
            return Ok(());
        }
        let facts = query::standing(&self.link, name, bounds.last).await?;
        let messages = kept::write(&facts, bounds.last, now()).map_err(Broken::passing)?;
        tracing::info!(facts = facts.len(), "what holds is written down anew, before the stream's bounds reach it");
        for message in messages {
            let published = PublishMessage::build().payload(message.into());
            sent(self.link.context.send_publish(list.clone(), published).await).await.map_err(|failed| match failed {
                Failed::Unsure(why) => Broken::passing(why),
                Failed::Overtaken => Broken::passing("somebody else wrote in between"),
            })?;
        }
        Ok(())
    }

    /// Whether asks may be marked. Where one does not stand in the stream, what this host knows is not what was agreed upon:
    /// it lets go, and whoever is next reads everything anew.
    async fn may_mark(&self, asks: &[Seq]) -> Result<(), Failed> {
        match query::are_asked(&self.link, &self.settings.stream, asks).await {
            Ok(true) => Ok(()),
            Ok(false) => {
                let asks: Vec<u64> = asks.iter().map(|ask| ask.0).collect();
                tracing::warn!(?asks, "of these asks one came that does not stand in the stream; this host lets go of all");
                Err(Failed::Overtaken)
            }
            Err(broken) => Err(Failed::Unsure(broken.why)),
        }
    }

    /// Publishes a mark of nothing, behind which no other host's mark is written.
    pub(super) async fn fence(&self) -> Result<Seq, Failed> {
        let draft = Draft::new(now(), What::Sent(Sent { asks: Vec::new() }));
        let payload = wire::write(&draft).map_err(|error| Failed::Unsure(error.to_string()))?;
        let message = PublishMessage::build().payload(payload.into());
        sent(self.link.context.send_publish(subject::marks(&self.settings.stream), message).await).await
    }
}

/// Waits for the server's answer to what was published.
async fn sent(published: Result<PublishAckFuture, PublishError>) -> Result<Seq, Failed> {
    let failed = |error: PublishError| match error.kind() {
        PublishErrorKind::WrongLastSequence => Failed::Overtaken,
        _ => Failed::Unsure(error.to_string()),
    };
    place(&published.map_err(failed)?.await.map_err(failed)?)
}

/// Where a message stands. A leader answers the second copy of one that is still being agreed upon as it answers duplicates, with
/// no place (up to 2.10): that one may come to stand nowhere.
fn place(ack: &PublishAck) -> Result<Seq, Failed> {
    match ack.sequence {
        0 => Err(Failed::Unsure("the server has it in hand, and it is not kept yet".to_owned())),
        place => Ok(Seq(place)),
    }
}

/// The subject of a letter.
pub(super) fn subject_of(settings: &Settings, letter: &Letter) -> String {
    subject::of(&settings.stream, &letter.draft.what, letter.conference.as_ref())
}

/// Publishes a letter; a mark only behind the last one.
pub(super) fn publish(connected: &Arc<Connected>, tasks: &mut JoinSet<Done>, number: Number, letter: &Letter, mark: Option<Seq>) {
    let subject = subject_of(&connected.settings, letter);
    let payload = wire::write(&letter.draft);
    let mut message = PublishMessage::build().message_id(&letter.id).expected_stream(&connected.settings.stream);
    // Without a place behind which it stands no mark may be written: it is another host's to write.
    let (mut is_others, mut asks) = (false, Vec::new());
    if let What::Sent(marked) = &letter.draft.what {
        asks.clone_from(&marked.asks);
        match mark {
            Some(mark) => message = message.expected_last_subject_sequence(mark.0),
            None => is_others = true,
        }
    }
    let connected = Arc::clone(connected);
    tasks.spawn(async move {
        let published = match payload {
            Ok(_) if is_others => Err(Failed::Overtaken),
            Ok(payload) => match connected.may_mark(&asks).await {
                Ok(()) => sent(connected.link.context.send_publish(subject, message.payload(payload.into())).await).await,
                Err(failed) => Err(failed),
            },
            Err(error) => Err(Failed::Unsure(error.to_string())),
        };
        Done::Published(number, published)
    });
}

/// Follows in a task of its own, so that nothing it waits for is cut short.
pub(super) fn hand_on(mut follow: Follow) -> Receiver<Result<(Vec<Event>, u64), Broken>> {
    let (tell, events) = channel(BATCHES_AHEAD);
    tokio::spawn(async move {
        loop {
            let next = follow.next(TOGETHER).await.map(|events| (events, follow.behind()));
            let is_last = next.is_err();
            if tell.send(next).await.is_err() || is_last {
                return;
            }
        }
    });
    events
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_only_in_hand_is_not_acknowledged() {
        let ack = |text: &str| place(&serde_json::from_str(text).expect("an acknowledgement"));
        assert!(matches!(ack(r#"{"stream":"confmod","seq":7}"#), Ok(Seq(7))));
        assert!(matches!(ack(r#"{"stream":"confmod","seq":7,"duplicate":true}"#), Ok(Seq(7))));
        assert!(matches!(ack(r#"{"stream":"confmod","seq":0,"duplicate":true}"#), Err(Failed::Unsure(_))));
    }
}
