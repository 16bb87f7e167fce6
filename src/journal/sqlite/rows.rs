//! A journal's rows as they are, in chunks: for bringing them into another journal.

use rusqlite::params;

use super::reader::{END, Reader, place};
use crate::conference::Moment;
use crate::conference::event::Seq;
use crate::journal::ReadError;
use crate::journal::entry::Entry;

/// The rows of a journal.
pub struct Rows(pub(super) Reader);

/// Some rows.
#[derive(Debug)]
pub struct Chunk {
    /// Those that can be read, in order.
    pub entries: Vec<Entry>,
    /// The last place that was looked at; none at the end.
    pub last: Option<Seq>,
    /// Rows that somebody broke: they are not of their columns' types.
    pub broken: u64,
}

impl Rows {
    /// Up to `limit` rows after a place, in order.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn read(&self, after: Seq, limit: usize) -> Result<Chunk, ReadError> {
        let query = "SELECT seq, at, kind, body, raw FROM event WHERE seq > ?1 AND seq < ?2 ORDER BY seq LIMIT ?3";
        self.0.with(|connection| {
            let mut select = connection.prepare_cached(query)?;
            let mut rows = select.query(params![place(after), END, limit as i64])?;
            let mut chunk = Chunk { entries: Vec::new(), last: None, broken: 0 };
            while let Some(row) = rows.next()? {
                let seq = Seq(row.get::<_, i64>(0)? as u64);
                chunk.last = Some(seq);
                // Columns hold to their types where confmod made the table, and even then a text need not be UTF-8.
                let columns = (row.get_ref(1)?.as_i64(), row.get_ref(2)?.as_str(), row.get_ref(3)?.as_str());
                let (Ok(at), Ok(kind), Ok(body)) = columns else {
                    chunk.broken += 1;
                    continue;
                };
                let raw = row.get_ref(4)?.as_str().ok().map(str::to_owned);
                chunk.entries.push(Entry { seq, at: Moment::read(at), kind: kind.to_owned(), body: body.to_owned(), raw });
            }
            Ok(chunk)
        })
    }
}
