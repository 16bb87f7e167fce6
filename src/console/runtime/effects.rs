//! What the console wants done outside of itself, carried out: events are appended, fields read, a report begun.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::{Ending, SETTLE, Session};
use crate::conference::Moment;
use crate::conference::event::What;
use crate::console::app::{Effect, Message};
use crate::console::terminal::Screen;
use crate::journal::{AppendError, Draft, Journal};

/// Fields of a call that are shown; more than the listener keeps.
const FIELDS: usize = 64;

impl<S: Screen> Session<'_, S> {
    pub(super) fn carry_out(&mut self, effect: Effect, at: Moment) {
        match effect {
            Effect::Append(what) => {
                // The moment of the press as the console counts it: its asks are known again by it.
                let receipt = self.journal.append(Draft::new(self.app.now, what.clone()));
                let mail = self.mail.clone();
                tokio::task::spawn_local(async move {
                    if let Err(error) = receipt.durable().await {
                        // The session may have ended meanwhile.
                        let _ = mail.send(Message::Refused(vec![what], error.to_string()));
                    }
                });
            }
            Effect::AppendAll(whats) => {
                let (journal, mail, at) = (Arc::clone(&self.journal), self.mail.clone(), self.app.now);
                tokio::task::spawn_local(async move {
                    if let Err((refused, error)) = append_all(&*journal, at, whats).await {
                        // The session may have ended meanwhile.
                        let _ = mail.send(Message::Refused(refused, error.to_string()));
                    }
                });
            }
            Effect::ReadFields(seq) => match self.history.raw(seq) {
                Ok(raw) => {
                    let fields = raw.map(|raw| fields(&raw)).unwrap_or_default();
                    let _ = self.mail.send(Message::Fields(seq, fields));
                }
                Err(error) => {
                    let _ = self.mail.send(Message::NotDone(error.to_string()));
                }
            },
            Effect::Report { conference, mask } => self.report(conference, mask, at),
            Effect::Copy(text) => {
                if let Err(error) = self.screen.copy(&text) {
                    self.terminal_gone(&format!("drawing: {error}"));
                }
            }
            Effect::Ring => {
                if let Err(error) = self.screen.ring() {
                    self.terminal_gone(&format!("ringing: {error}"));
                }
            }
            Effect::Notify(way, text) => {
                if let Err(error) = self.screen.notify(way, &text) {
                    self.terminal_gone(&format!("notifying: {error}"));
                }
            }
            Effect::Play(play) => self.play(play),
            Effect::Quit => {
                self.ending.get_or_insert(Ending::Quit);
                self.settling = self.app.is_heard().then(|| Instant::now() + SETTLE);
            }
            Effect::QuitNow => {
                self.ending.get_or_insert(Ending::Quit);
                self.at_once = true;
            }
        }
    }
}

/// How many drafts are appended before the first of them is waited for.
const PORTION: usize = 500;

/// The pause before a full queue is tried again.
const QUEUE_PAUSE: Duration = Duration::from_millis(50);

/// Appends many in their order, in portions, so that callbacks find room between them. Says which were not written down,
/// and why the first of them was not; after a portion of which one was refused no further one is tried.
async fn append_all(journal: &dyn Journal, at: Moment, whats: Vec<What>) -> Result<(), (Vec<What>, AppendError)> {
    let mut drafts = whats.into_iter().map(|what| Draft::new(at, what)).peekable();
    let mut refused = Vec::new();
    let mut why = None;
    while why.is_none() && drafts.peek().is_some() {
        let portion: Vec<_> = drafts.by_ref().take(PORTION).map(|draft| (draft.clone(), journal.append(draft))).collect();
        for (draft, mut receipt) in portion {
            let end = loop {
                match receipt.durable().await {
                    // Behind one that was refused nothing is tried again: the order would be another.
                    Err(AppendError::Busy) if why.is_none() => {
                        tokio::time::sleep(QUEUE_PAUSE).await;
                        receipt = journal.append(draft.clone());
                    }
                    end => break end,
                }
            };
            if let Err(error) = end {
                why.get_or_insert(error);
                refused.push(draft.what);
            }
        }
    }
    refused.extend(drafts.map(|draft| draft.what));
    why.map_or(Ok(()), |why| Err((refused, why)))
}

/// The fields that stand nowhere else in the detail pane, cleaned for showing.
fn fields(raw: &str) -> Vec<(String, String)> {
    let fields: BTreeMap<String, String> = serde_json::from_str(raw).unwrap_or_default();
    fields
        .into_iter()
        .map(|(name, value)| (crate::text::clean(&name, 32), crate::text::clean_field(&value)))
        .filter(|(name, value)| !name.is_empty() && !value.is_empty() && !crate::callback::is_known_field(name))
        .take(FIELDS)
        .collect()
}
