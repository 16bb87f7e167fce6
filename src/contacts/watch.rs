//! Keeps looking at the contacts file, and appends what is new in it to the journal.
//!
//! On a thread of its own, which nobody waits for: the file may be on a disk that does not answer.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;

use super::file::{self, Look};
use super::{Settings, Sheet, changes, short_name};
use crate::conference::Moment;
use crate::conference::event::{Contacts, What};
use crate::conference::people::People;
use crate::config::error::shown;
use crate::journal::{AppendError, Draft, Journal, now};

/// The time between two looks.
pub const INTERVAL: Duration = Duration::from_secs(2);

/// Sentences about lines that are told one by one; the log has all.
const TOLD: usize = 3;

/// A running watch. Dropping it ends it.
#[derive(Debug)]
pub struct Watching {
    _stop: Sender<()>,
    first: Receiver<()>,
}

impl Watching {
    /// Starts to watch. What is wrong with the file is told as sentences, the most urgent first.
    ///
    /// # Errors
    ///
    /// When there can be no thread.
    pub fn start(
        settings: Settings,
        journal: Arc<dyn Journal>,
        interval: Duration,
        tell: UnboundedSender<Vec<String>>,
    ) -> io::Result<Self> {
        let (stop, stopped) = mpsc::channel();
        let (looked, first) = mpsc::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        let mut watch = Watch::new(settings, journal, interval);
        let run = move || {
            loop {
                let said = runtime.block_on(watch.look(now()));
                if !said.is_empty() && tell.send(said).is_err() {
                    return;
                }
                // Nobody may be waiting for the first look.
                let _ = looked.send(());
                if stopped.recv_timeout(interval) != Err(RecvTimeoutError::Timeout) {
                    return;
                }
            }
        };
        std::thread::Builder::new().name("contacts".to_owned()).spawn(run)?;
        Ok(Self { _stop: stop, first })
    }

    /// Waits until the file was looked at once, at most so long.
    pub fn first_look(&self, longest: Duration) {
        // Whether it came in time makes no difference.
        let _ = self.first.recv_timeout(longest);
    }
}

/// What the watch knows from one look to the next.
pub struct Watch {
    settings: Settings,
    journal: Arc<dyn Journal>,
    interval: Duration,
    /// When it looked last.
    looked: Option<Moment>,
    /// What it saw then; nothing where there was no file.
    seen: Option<Look>,
    /// What it read and appended, or found to be of no use.
    done: Option<Look>,
    /// That was read before it had stood still, so it is read again.
    too_early: bool,
    /// The first moment at which the file can have become what it is.
    not_before: Moment,
    /// What is wrong with the file as a whole, told once.
    trouble: Option<String>,
    /// What was told of its lines.
    told: Vec<String>,
}

/// Why the file is looked at again.
enum Unfinished {
    /// It is not what it was a moment ago, or the journal is busy.
    Again,
    /// It is of no use as it is, with a sentence where there is something to say.
    Useless(Option<String>),
}

impl Watch {
    /// A watch that has not looked yet. A file that has been as it is for longer than `interval` is not being written.
    #[must_use]
    pub fn new(settings: Settings, journal: Arc<dyn Journal>, interval: Duration) -> Self {
        Self {
            settings,
            journal,
            interval,
            looked: None,
            seen: None,
            done: None,
            too_early: false,
            not_before: Moment::default(),
            trouble: None,
            told: Vec::new(),
        }
    }

    /// Looks once; returns what there is to say. A file is read once it has stood still from one look to the next,
    /// so that one that is being saved takes no names away.
    ///
    /// The first look reads whatever there is, for the rules of the conferences act on who is exempt from the start on.
    /// What is young then takes nobody away and is no reason to complain, and is read again.
    pub async fn look(&mut self, now: Moment) -> Vec<String> {
        let before = self.looked.replace(now);
        let look = match file::look(&self.settings.path) {
            Ok(look) => look,
            Err(sentence) => return self.in_trouble(sentence),
        };
        let same = look == self.seen;
        if !same && let Some(before) = before {
            self.not_before = before;
        }
        self.seen = look;
        let Some(look) = look else { return self.nothing_there(before.is_none(), same) };
        if (self.done == Some(look) && !self.too_early) || !(same || before.is_none()) {
            return Vec::new();
        }
        let still = same || now.since(look.edited()) >= self.interval;
        match self.read(look, now, still).await {
            Ok(said) => {
                (self.done, self.too_early, self.trouble) = (Some(look), !still, None);
                said
            }
            Err(Unfinished::Again) => Vec::new(),
            Err(Unfinished::Useless(_)) if !still => Vec::new(),
            Err(Unfinished::Useless(sentence)) => {
                self.done = Some(look);
                sentence.map_or_else(Vec::new, |sentence| self.in_trouble(sentence))
            }
        }
    }

    /// A file that is being replaced is away for a moment, so its absence counts from the second look.
    fn nothing_there(&mut self, first: bool, same: bool) -> Vec<String> {
        let path = shown(&self.settings.path);
        if first && self.settings.expected {
            return self.in_trouble(format!("there is no file {path}, so it gives nobody a name; make it, or mend `contacts`"));
        }
        if same && self.done.take().is_some() {
            let remedy = "the line `number,name,role,note` alone in it takes them away";
            return self.in_trouble(format!("{path} is gone: the names it gave stay; {remedy}"));
        }
        Vec::new()
    }

    fn in_trouble(&mut self, sentence: String) -> Vec<String> {
        if self.trouble.as_ref() == Some(&sentence) {
            return Vec::new();
        }
        tracing::warn!("{sentence}");
        self.trouble = Some(sentence.clone());
        vec![sentence]
    }

    async fn read(&mut self, look: Look, now: Moment, still: bool) -> Result<Vec<String>, Unfinished> {
        let path = &self.settings.path;
        let useless = |sentence| Unfinished::Useless(Some(sentence));
        let bytes = file::bytes(path).map_err(useless)?;
        if file::look(path) != Ok(Some(look)) {
            // It was written meanwhile; the next look sees what it has become.
            return Err(Unfinished::Again);
        }
        let sheet = Sheet::read(&bytes, &short_name(path), &self.settings.exempt_roles).map_err(useless)?;
        drop(bytes);
        let edited = look.edited().max(self.not_before).min(now);
        let mut news = changes(&sheet, &self.known()?, edited);
        if !still {
            for contacts in &mut news {
                contacts.gone.clear();
            }
            news.retain(|contacts| !contacts.people.is_empty());
        }
        tracing::info!(rows = sheet.rows.len(), skipped = sheet.skipped, events = news.len(), "the contacts file was read");
        self.append(news).await?;
        Ok(if still { self.tell(&sheet) } else { Vec::new() })
    }

    /// What the journal holds of people. Read for each change of the file: changes are rare, and rows are many.
    fn known(&self) -> Result<People, Unfinished> {
        let history = self.journal.history();
        let facts = history.last().and_then(|last| history.standing(last)).map_err(|error| {
            tracing::warn!("{error}; the contacts file is looked at again");
            Unfinished::Again
        })?;
        let mut people = People::default();
        for fact in facts {
            people.apply(&fact.what, fact.at);
        }
        Ok(people)
    }

    /// Appends one after the other. What stops in the middle goes on at the next look, with what is still new then.
    async fn append(&self, news: Vec<Contacts>) -> Result<(), Unfinished> {
        for contacts in news {
            let appended = self.journal.append(Draft::new(now(), What::Contacts(contacts))).durable().await;
            if let Err(error) = appended {
                tracing::warn!("the contacts file: {error}");
                return Err(match error {
                    AppendError::Busy | AppendError::Trouble(_) | AppendError::Lost(_) => Unfinished::Again,
                    // The console says so itself.
                    AppendError::Failed(_)
                    | AppendError::Closed
                    | AppendError::ReadOnly
                    | AppendError::Superseded
                    | AppendError::Denied(_) => Unfinished::Useless(None),
                });
            }
        }
        Ok(())
    }

    fn tell(&mut self, sheet: &Sheet) -> Vec<String> {
        if self.told == sheet.slips.sentences {
            return Vec::new();
        }
        for sentence in &sheet.slips.sentences {
            tracing::warn!("{sentence}");
        }
        if sheet.slips.more > 0 {
            tracing::warn!("and {} more of its kind", sheet.slips.more);
        }
        self.told.clone_from(&sheet.slips.sentences);
        let mut said = sheet.slips.summary(TOLD);
        if let Some(rest) = said.get_mut(TOLD) {
            rest.push_str("; the log has them all");
        }
        said
    }
}

#[cfg(test)]
mod tests;
