//! Everything that the stream holds, as it is: for bringing it into another journal. Nothing is written.

use std::collections::VecDeque;

use super::direct::Direct;
use super::follow::{Follow, From, TOGETHER};
use super::link::Settings;
use super::{OpenError, query, subject, wire};
use crate::conference::event::Seq;
use crate::journal::ReadError;
use crate::journal::entry::Entry;

/// A reading of the whole stream.
pub struct Export {
    direct: Direct,
    follow: Option<Follow>,
    /// Facts whose messages were cut away.
    facts: VecDeque<Entry>,
    until: Seq,
    total: u64,
    broken: u64,
}

impl Export {
    /// Connects and begins to read what there is now. To read is enough of a right.
    ///
    /// # Errors
    /// When no server is reached, or the stream is not there.
    pub fn open(settings: Settings) -> Result<Self, OpenError> {
        let direct = Direct::open(settings, false)?;
        let name = direct.settings.stream.clone();
        let begun = direct.runtime.block_on(async {
            direct.link.look(&direct.settings, false).await?;
            let stream = direct.link.context.get_stream(&name).await.map_err(super::link::Broken::passing)?;
            let state = stream.cached_info().state.clone();
            let (first, until) = (state.first_sequence, Seq(state.last_sequence));
            let mut facts = query::standing(&direct.link, &name, until).await?;
            facts.retain(|fact| fact.seq.0 < first);
            let follow = match state.messages {
                0 => None,
                _ => Some(Follow::whole(&direct.link, &name, &subject::events(&name), From::After(Seq(0))).await?),
            };
            Ok((follow, facts, until, state.messages))
        });
        let (follow, facts, until, messages) = begun.map_err(|broken: super::link::Broken| direct.failed(broken.why))?;
        let facts: VecDeque<Entry> = facts
            .into_iter()
            .filter_map(|fact| {
                let (kind, body) = (fact.what.kind().to_owned(), fact.what.body().ok()?);
                Some(Entry { seq: fact.seq, at: fact.at, kind, body, raw: None })
            })
            .collect();
        let total = messages + facts.len() as u64;
        Ok(Self { direct, follow, facts, until, total, broken: 0 })
    }

    /// About how many events there are.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Messages that were passed over so far, because they are no events.
    #[must_use]
    pub fn broken(&self) -> u64 {
        self.broken
    }

    /// The next events, in order; none at the end of what there was at the beginning.
    ///
    /// # Errors
    /// When the server is lost.
    pub fn read(&mut self) -> Result<Option<Vec<Entry>>, ReadError> {
        if !self.facts.is_empty() {
            return Ok(Some(self.facts.drain(..).collect()));
        }
        let Some(follow) = self.follow.as_mut().filter(|follow| follow.behind() > 0 && follow.last() < self.until) else {
            if let Some(follow) = self.follow.take() {
                self.direct.runtime.block_on(follow.end(&self.direct.settings.stream));
            }
            return Ok(None);
        };
        let messages = self.direct.runtime.block_on(follow.next_messages(TOGETHER * 4)).map_err(|broken| ReadError(broken.why))?;
        let mut entries = Vec::with_capacity(messages.len());
        for (seq, message) in messages {
            match wire::read_entry(seq, &message.payload) {
                _ if seq > self.until => {}
                Ok(entry) => entries.extend(entry),
                Err(why) => {
                    tracing::warn!(seq = seq.0, why, "a message of the stream is no event; it is passed over");
                    self.broken += 1;
                }
            }
        }
        Ok(Some(entries))
    }
}
