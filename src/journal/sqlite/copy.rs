//! A copy of a journal as an older confmod left it, made before it is brought up to date, and kept beside it.
//!
//! It gets its name only when it is whole and safe on disk, so that whatever stands under that name can be gone
//! back to. For the one that holds the lock: nobody else makes copies meanwhile.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::{OpenError, schema};

/// What is said of a journal to know whether two are the same: last place, events.
const MARKS: &str = "SELECT coalesce(max(seq), 0), count(*) FROM event";

/// More copies of one format than anybody needs; they are not looked for further.
const MOST: u32 = 100;

fn beside(journal: &Path, ending: &str) -> PathBuf {
    let mut name = journal.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// The names of copies of a format: `journal.sqlite.v1`, then `journal.sqlite.v1.2` and so on.
fn names(journal: &Path, version: i64) -> impl Iterator<Item = PathBuf> {
    let name = move |number| if number == 1 { format!(".v{version}") } else { format!(".v{version}.{number}") };
    (1..=MOST).map(move |number| beside(journal, &name(number)))
}

/// The copies that stand beside a journal.
pub(super) fn copies(journal: &Path) -> Vec<PathBuf> {
    (1..schema::VERSION).flat_map(|version| names(journal, version)).filter(|name| name.exists()).collect()
}

/// Makes a copy of a journal of an older format, unless there is one that holds the same.
pub(super) fn keep(connection: &Connection, journal: &Path, version: i64) -> Result<(), OpenError> {
    let failed = |why: String| OpenError::Copy { path: journal.to_owned(), room: room(connection), why };
    let (copies, free): (Vec<_>, Vec<_>) = names(journal, version).partition(|name| name.symlink_metadata().is_ok());
    // An earlier try may have ended between the copy and what it was made for.
    if copies.last().is_some_and(|last| is_same(connection, last)) {
        return Ok(());
    }
    let name = free.into_iter().next().ok_or_else(|| failed(format!("there are {MOST} already")))?;
    let part = beside(journal, &format!(".v{version}.part"));
    let made = write(connection, &part).and_then(|()| name_it(&part, &name).map_err(|error| error.to_string()));
    made.map_err(|why| {
        // Half a copy is of no use to anybody, and takes room.
        let _ = remove(&part);
        failed(why)
    })?;
    tracing::info!(copy = %name.display(), "the journal is of an older format; a copy of it was made");
    Ok(())
}

/// Writes the copy, complete and sound, to the disk.
fn write(connection: &Connection, part: &Path) -> Result<(), String> {
    remove(part).map_err(|error| error.to_string())?;
    // Private before there is anything in it: the engine takes a file that is empty.
    schema::make(part).map_err(|error| error.to_string())?;
    let target = part.to_str().ok_or("its name is no text")?;
    connection.execute("VACUUM INTO ?1", [target]).map_err(|error| error.to_string())?;
    File::open(part).and_then(|copy| copy.sync_all()).map_err(|error| error.to_string())?;
    if is_same(connection, part) { Ok(()) } else { Err("what was written cannot be read back".to_owned()) }
}

/// Removes what an earlier try left, with what the engine has beside it while it writes.
fn remove(part: &Path) -> std::io::Result<()> {
    for file in [beside(part, "-journal"), part.to_owned()] {
        match fs::remove_file(file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

fn name_it(part: &Path, name: &Path) -> std::io::Result<()> {
    fs::rename(part, name)?;
    schema::sync_folder(name)
}

/// Whether a file is a sound journal with the same events in it.
fn is_same(connection: &Connection, copy: &Path) -> bool {
    let marks = |journal: &Connection| journal.query_row(MARKS, [], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)));
    let looked = || -> rusqlite::Result<bool> {
        let copy = Connection::open_with_flags(copy, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        let sound: String = copy.pragma_query_value(None, "integrity_check", |row| row.get(0))?;
        Ok(sound == "ok" && marks(&copy)? == marks(connection)?)
    };
    looked().unwrap_or(false)
}

/// The bytes that a copy may take.
fn room(connection: &Connection) -> u64 {
    let read = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).unwrap_or_default();
    (read("page_count") * read("page_size")).unsigned_abs()
}
