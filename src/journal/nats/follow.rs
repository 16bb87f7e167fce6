//! What a stream holds and what comes, in order and without a gap: an ordered consumer that tells within seconds when its
//! server is gone. It does not mend itself: whoever follows makes a new one after the last place it had.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, ReplayPolicy, push};
use async_nats::jetstream::stream::RawMessageErrorKind;
use async_nats::{Message, StatusCode, Subscriber};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_stream::StreamExt as _;

use super::kept::{self, Part};
use super::link::{Broken, Link};
use super::wire;
use crate::conference::Moment;
use crate::conference::event::{Event, Seq};

/// How often a server says that there is nothing new.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// How long nothing at all may come before the server counts as gone.
const SILENCE: Duration = Duration::from_secs(3);

/// So many heartbeats in a row say that what was announced does not come.
const ENOUGH: u32 = 2;

/// When a server may forget a consumer that nobody hears.
const FORGOTTEN: Duration = Duration::from_secs(10);

/// How often a consumer is made until it is where it should be. Of three servers one leads: after so many tries there is
/// none in one case of 17,000.
const PLACES: u32 = 24;

/// How many are made at once.
const AT_ONCE: usize = 3;

/// After so many that could not be made another connection is tried.
const FAILURES: u32 = 6;

/// How many events are handed on together.
pub(super) const TOGETHER: usize = 256;

/// Where one begins.
#[derive(Clone, Copy, Debug)]
pub(super) enum From {
    /// With the first event after a place.
    After(Seq),
    /// With the first event that was stored at or after a moment.
    Time(Moment),
}

/// An ordered consumer.
pub(super) struct Follow {
    link: Arc<Link>,
    subscriber: Subscriber,
    /// The number that the consumer gave its last message.
    count: u64,
    last: Seq,
    /// The last place that the stream had on the server that leads it when this began; 0 where that is not waited for.
    until: Seq,
    /// Events that the server has and that did not come yet.
    behind: u64,
    /// Heartbeats in a row though more was to come.
    idle: u32,
    name: String,
    /// Whether lists of what holds, which are no events, are collected.
    keeps: bool,
    kept: Vec<Part>,
}

impl Follow {
    /// Begins to follow what is published on a subject, on the server that leads the stream. The others have copies that may
    /// lack what is newest, and one that was cut off may have, when it is back, what was never agreed upon (2.9.10 does).
    ///
    /// The cluster chooses where a consumer is, and may choose a server that is not there any more: some are made at once, and
    /// the first that is where it should be is kept.
    pub(super) async fn start(link: &Arc<Link>, stream: &str, subject: &str, from: From) -> Result<Self, Broken> {
        let leader = leader_of(link, stream).await?;
        if leader.is_none() {
            return Ok(Self::anywhere(link, stream, subject, from).await?.0);
        }
        let (found, mut made, mut failed, mut tries) = (Arc::new(AtomicBool::new(false)), 0, 0, JoinSet::new());
        let mut why = Broken::passing("no consumer was placed where the stream is led");
        loop {
            while made < PLACES && failed < FAILURES && tries.len() < AT_ONCE {
                made += 1;
                let (link, stream, subject) = (Arc::clone(link), stream.to_owned(), subject.to_owned());
                let (leader, found) = (leader.clone(), Arc::clone(&found));
                tries.spawn(async move {
                    let (follow, server) = Self::anywhere(&link, &stream, &subject, from).await?;
                    if server == leader && !found.swap(true, Ordering::Relaxed) {
                        return Ok(Some(follow));
                    }
                    follow.end(&stream).await;
                    Ok(None)
                });
            }
            match tries.join_next().await.transpose().map_err(Broken::passing)? {
                Some(Ok(Some(follow))) => {
                    tries.detach_all();
                    return Ok(follow);
                }
                Some(Ok(None)) => {}
                Some(Err(broken)) => (why, failed) = (broken, failed + 1),
                None => return Err(why),
            }
        }
    }

    /// Begins to follow on any server of the cluster; the cluster chooses. Also says which.
    async fn anywhere(link: &Arc<Link>, stream: &str, subject: &str, from: From) -> Result<(Self, Option<String>), Broken> {
        let inbox = link.client.new_inbox();
        let subscriber = link.client.subscribe(inbox.clone()).await.map_err(Broken::passing)?;
        let deliver_policy = match from {
            From::After(seq) => DeliverPolicy::ByStartSequence { start_sequence: seq.0 + 1 },
            From::Time(moment) => since(moment)?,
        };
        let wanted = push::Config {
            deliver_subject: inbox,
            deliver_policy,
            filter_subject: subject.to_owned(),
            ack_policy: AckPolicy::None,
            replay_policy: ReplayPolicy::Instant,
            max_deliver: 1,
            flow_control: true,
            idle_heartbeat: HEARTBEAT,
            inactive_threshold: FORGOTTEN,
            num_replicas: 1,
            memory_storage: true,
            ..push::Config::default()
        };
        let consumer = link.context.create_consumer_on_stream(wanted.clone(), stream).await.map_err(Broken::passing)?;
        let info = consumer.cached_info();
        let echoed = &info.config;
        if echoed.filter_subject != wanted.filter_subject || echoed.idle_heartbeat != HEARTBEAT || !echoed.flow_control {
            return Err(Broken::passing("the server did not make the consumer that was asked for"));
        }
        let last = match from {
            From::After(seq) => seq,
            From::Time(_) => Seq(0),
        };
        let follow = Self {
            link: Arc::clone(link),
            subscriber,
            count: 0,
            last,
            until: Seq(0),
            behind: info.num_pending,
            idle: 0,
            name: info.name.clone(),
            keeps: false,
            kept: Vec::new(),
        };
        Ok((follow, info.cluster.as_ref().and_then(|cluster| cluster.leader.clone())))
    }

    /// Likewise, up to the last message on the subject that there is now, at least: the lead may have passed on meanwhile.
    pub(super) async fn whole(link: &Arc<Link>, stream: &str, subject: &str, from: From) -> Result<Self, Broken> {
        let until = last_of(link, stream, subject).await?;
        let mut follow = Self::start(link, stream, subject, from).await?;
        follow.reach(until);
        Ok(follow)
    }

    /// It is behind until it has come to this place.
    pub(super) fn reach(&mut self, until: Seq) {
        self.until = until;
    }

    /// Events that there are and that did not come yet, as far as it is known.
    pub(super) fn behind(&self) -> u64 {
        self.behind.max(u64::from(self.last < self.until))
    }

    /// The last place that was read, whatever was there.
    pub(super) fn last(&self) -> Seq {
        self.last
    }

    /// Also collects lists of what holds.
    pub(super) fn keeping(mut self) -> Self {
        self.keeps = true;
        self
    }

    /// The parts of lists that came.
    pub(super) fn take_kept(&mut self) -> Vec<Part> {
        std::mem::take(&mut self.kept)
    }

    /// Says that nobody follows any more. The server would find out by itself in a while.
    pub(super) async fn end(self, stream: &str) {
        let _ = self.link.context.delete_consumer_from_stream(&self.name, stream).await;
    }

    /// The next events, at most so many: those that are here, or the first one that comes. Empty where only something
    /// came that this version does not know. Not safe to cancel.
    pub(super) async fn next(&mut self, most: usize) -> Result<Vec<Event>, Broken> {
        let mut events = Vec::new();
        for (seq, message) in self.next_messages(most).await? {
            self.take(seq, &message, &mut events);
        }
        Ok(events)
    }

    /// The next messages with their places, whatever they hold. Likewise not safe to cancel.
    pub(super) async fn next_messages(&mut self, most: usize) -> Result<Vec<(Seq, Message)>, Broken> {
        let first = self.hear().await?;
        let mut messages = vec![(self.note(&first)?, first)];
        while messages.len() < most {
            // What is here already is taken without waiting.
            let Ok(Some(message)) = timeout(Duration::ZERO, self.subscriber.next()).await else { break };
            if self.is_event(&message).await? {
                messages.push((self.note(&message)?, message));
            }
        }
        Ok(messages)
    }

    /// Waits for the next message that holds an event.
    async fn hear(&mut self) -> Result<Message, Broken> {
        loop {
            let message = match timeout(SILENCE, self.subscriber.next()).await {
                Ok(Some(message)) => message,
                Ok(None) => return Err(Broken::passing("the subscription ended")),
                Err(_) => return Err(Broken::passing(format!("the server has been silent for {} s", SILENCE.as_secs()))),
            };
            if self.is_event(&message).await? {
                return Ok(message);
            }
        }
    }

    /// Answers what the server asks, and sees whether something was lost on the way.
    async fn is_event(&mut self, message: &Message) -> Result<bool, Broken> {
        match message.status {
            None => return Ok(true),
            Some(StatusCode::IDLE_HEARTBEAT) => {}
            Some(status) => return Err(Broken::passing(format!("the consumer ended with {status}"))),
        }
        let header = |name: &str| Some(message.headers.as_ref()?.get(name)?.as_str().to_owned());
        let stalled = header("Nats-Consumer-Stalled");
        let is_stalled = stalled.is_some();
        if let Some(reply) = message.reply.as_ref().map(ToString::to_string).or(stalled) {
            self.link.client.publish(reply, Vec::new().into()).await.map_err(Broken::passing)?;
        }
        match header("Nats-Last-Consumer").and_then(|count| count.parse().ok()) {
            Some(count) if count != self.count => Err(self.gap(count)),
            Some(_) if self.behind() > 0 && !is_stalled => {
                self.idle += 1;
                if self.idle < ENOUGH {
                    return Ok(false);
                }
                Err(Broken::passing(format!("{} events were announced and did not come", self.behind())))
            }
            _ => Ok(false),
        }
    }

    fn gap(&self, count: u64) -> Broken {
        Broken::passing(format!("message {} of the consumer came after message {}", count, self.count))
    }

    /// Notes where a message stands.
    fn note(&mut self, message: &Message) -> Result<Seq, Broken> {
        let reply = message.reply.as_deref().unwrap_or_default();
        let (seq, count, behind) = place(reply).ok_or_else(|| Broken::passing("a message came without its place"))?;
        if count != self.count + 1 {
            return Err(self.gap(count));
        }
        if seq <= self.last {
            // A copy of the stream that was cut back and written on is behind this consumer.
            return Err(Broken::passing(format!("place {} of the stream came after place {}", seq.0, self.last.0)));
        }
        (self.count, self.last, self.behind, self.idle) = (count, seq, behind, 0);
        Ok(seq)
    }

    fn take(&mut self, seq: Seq, message: &Message, events: &mut Vec<Event>) {
        match wire::read(seq, &message.payload) {
            Ok(Some(event)) => events.push(event),
            Ok(None) => self.kept.extend(kept::read(&message.payload).filter(|_| self.keeps)),
            Err(why) => tracing::warn!(seq = seq.0, why, "a message of the stream is no event; it is passed over"),
        }
    }
}

/// The name of the server that leads the stream; none where there is but one.
async fn leader_of(link: &Link, stream: &str) -> Result<Option<String>, Broken> {
    let stream = link.context.get_stream_no_info(stream).await.map_err(Broken::passing)?;
    Ok(stream.get_info().await.map_err(Broken::passing)?.cluster.and_then(|cluster| cluster.leader))
}

/// The place of the last message on a subject, as the server says that leads the stream. 0 where there is none.
pub(super) async fn last_of(link: &Link, stream: &str, subject: &str) -> Result<Seq, Broken> {
    let stream = link.context.get_stream_no_info(stream).await.map_err(Broken::passing)?;
    match stream.get_last_raw_message_by_subject(subject).await {
        Ok(found) => Ok(Seq(found.sequence)),
        Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => Ok(Seq(0)),
        Err(error) => Err(Broken::passing(error)),
    }
}

/// From a moment on, in the words of the server's own interface.
fn since(moment: Moment) -> Result<DeliverPolicy, Broken> {
    let start = jiff::Timestamp::from_millisecond(moment.0.max(0)).map_err(Broken::passing)?;
    let policy = serde_json::json!({ "deliver_policy": "by_start_time", "opt_start_time": start.to_string() });
    serde_json::from_value(policy).map_err(Broken::passing)
}

/// The place in the stream, the number in the consumer and how many are behind it, from the subject that a message could be
/// acknowledged on: `$JS.ACK.<stream>.<consumer>.<tries>.<stream seq>.<consumer seq>.<time>.<pending>`, with the
/// domain and account before the stream where there are such (the server's ADR 15).
fn place(reply: &str) -> Option<(Seq, u64, u64)> {
    let tokens: Vec<&str> = reply.strip_prefix("$JS.ACK.")?.split('.').collect();
    let first = match tokens.len() {
        7 => 3,
        9.. => 5,
        _ => return None,
    };
    let number = |at: usize| tokens.get(first + at)?.parse().ok();
    Some((Seq(number(0)?), number(1)?, number(3)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_in_both_forms() {
        assert_eq!(place("$JS.ACK.confmod.abc.1.17.4.1700000000000000000.2"), Some((Seq(17), 4, 2)));
        assert_eq!(place("$JS.ACK._.hash.confmod.abc.1.17.4.1700000000000000000.2.random"), Some((Seq(17), 4, 2)));
        for other in ["", "$JS.ACK.confmod", "_INBOX.a.b", "$JS.ACK.confmod.abc.1.x.4.17.2"] {
            assert_eq!(place(other), None, "{other}");
        }
    }
}
