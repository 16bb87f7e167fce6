//! Writing a report while the console goes on.

use std::path::Path;

use super::{Message, Session};
use crate::conference::{ConferenceId, Moment};
use crate::report;

/// Bytes of a path that are shown.
const PATH: usize = 1_024;

impl<S> Session<'_, S> {
    /// Writes the page on a thread of its own: a long conference takes a moment, and nobody waits for it.
    pub(super) fn report(&self, conference: Option<ConferenceId>, mask: bool, at: Moment) {
        let (history, folder, mail) = (self.journal.history(), self.reports.clone(), self.mail.clone());
        let settings = &self.app.settings;
        let options = report::Options {
            conference,
            // What is on the list, and what went from it since.
            since: Some(at.minus(settings.resume_within)),
            until: at,
            stale_after: settings.stale_after,
            look_back: settings.resume_within,
            mask,
            zone: jiff::tz::TimeZone::system(),
        };
        let prefix = if settings.title.is_empty() { "confmod" } else { settings.title };
        let write = move || {
            let written = report::write_html(&*history, &options, &folder, prefix);
            let told = written.map(|path| crate::text::clean(&short(&path), PATH)).map_err(|error| error.to_string());
            // The session may have ended meanwhile.
            let _ = mail.send(Message::Reported(told));
        };
        if let Err(error) = std::thread::Builder::new().name("report".into()).spawn(write) {
            let _ = self.mail.send(Message::Reported(Err(format!("starting to write the report: {error}; try again"))));
        }
    }
}

/// A path as people write it, `~` for their home: the end of it is what they look for.
fn short(path: &Path) -> String {
    let below = std::env::home_dir().filter(|home| home.parent().is_some());
    match below.and_then(|home| path.strip_prefix(home).ok()) {
        Some(below) => format!("~/{}", below.display()),
        None => path.to_string_lossy().into_owned(),
    }
}
