//! Whether the journal can be kept where it is to be. Nothing is made.

use std::fs::{self, OpenOptions};
use std::io::Read;
use std::path::{Path, PathBuf};

use super::Finding::{self, Fails, Holds};
use super::places::try_to_write;
use crate::config::Config;
use crate::config::error::shown;
use crate::config::paths::nearest_directory;
use crate::journal::sqlite::{self, holder, is_held, look};
use crate::text::bytes;

/// What every SQLite database begins with (sqlite.org/fileformat2.html).
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// Looks at the file, at the directory that its companions are made in, and at who writes it.
///
/// `running` says that a confmod answers on the port; then the journal being written is as it should be.
pub(super) fn check(config: &Config, running: bool) -> Finding {
    let finding = place(&config.journal, running);
    match (finding, config.journal.is_file()) {
        (Holds(words), true) => Holds(format!("{words}; {}", kept(config))),
        (finding, _) => finding,
    }
}

/// How large it is, and how long what is in it stays.
fn kept(config: &Config) -> String {
    let stays = match config.retention {
        None => "nothing is deleted from it".to_owned(),
        Some(_) => format!("it keeps {}", config.retained()),
    };
    let copies = match sqlite::copies(&config.journal).len() {
        0 => String::new(),
        1 => "; a copy of an older format is beside it".to_owned(),
        n => format!("; {n} copies of older formats are beside it"),
    };
    format!("it takes {}; {stays} (retention){copies}", bytes(sqlite::size(&config.journal)))
}

fn place(path: &Path, running: bool) -> Finding {
    let name = shown(path);
    if is_held(path) {
        let by = holder(path).unwrap_or_else(|| "another process".to_owned());
        return if running {
            Holds(format!("{name} is being written by {by}"))
        } else {
            Fails(format!(
                "{name} is being written by {by}, and nobody answers on the port; close that one, or name another file with --journal"
            ))
        };
    }
    let directory = nearest_directory(path);
    if let Err(error) = try_to_write(&directory) {
        let place = shown(&directory);
        return Fails(format!(
            "{name} cannot be kept: {place} cannot be written ({error}); make it yours, or name another file with --journal"
        ));
    }
    match fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return missing(path),
        Err(error) => return Fails(format!("{name} cannot be looked at ({error}); name another file with --journal")),
        Ok(metadata) if !metadata.is_file() => return Fails(format!("{name} is no file; name another one with --journal")),
        Ok(_) => {}
    }
    if let Some((companion, error)) = unusable_companion(path) {
        let name = shown(&companion);
        return Fails(format!(
            "{name} beside the journal cannot be opened for writing ({error}); make it yours, or name another file with --journal"
        ));
    }
    let mut beginning = Vec::new();
    let read = OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .and_then(|file| file.take(sqlite::BEGINNING as u64).read_to_end(&mut beginning));
    match read {
        Err(error) => Fails(format!("{name} cannot be opened for writing ({error}); make it yours, or name another file with --journal")),
        Ok(0) => Holds(format!("{name} is empty and can be written")),
        Ok(_) if beginning.starts_with(MAGIC) => match look(path, &beginning) {
            Ok(()) => Holds(format!("{name} can be written")),
            Err(error) => Fails(error.to_string()),
        },
        Ok(_) => Fails(format!("{name} is no journal of confmod; name another file with --journal")),
    }
}

/// A log without its journal may hold the newest of it.
fn missing(path: &Path) -> Finding {
    let (name, log) = (shown(path), sqlite::log_path(path));
    if fs::metadata(&log).is_ok_and(|metadata| metadata.len() > 0) {
        return Fails(format!("{name} is gone, and its log {} is there; put the file back, or move the log away", shown(&log)));
    }
    Holds(format!("{name} will be made"))
}

/// The first of the files that are kept beside a journal which is there and cannot be used.
fn unusable_companion(path: &Path) -> Option<(PathBuf, std::io::Error)> {
    ["-wal", "-shm", ".lock"].into_iter().find_map(|suffix| {
        let mut companion = path.as_os_str().to_owned();
        companion.push(suffix);
        let companion = PathBuf::from(companion);
        let error = OpenOptions::new().read(true).write(true).open(&companion).err()?;
        (error.kind() != std::io::ErrorKind::NotFound).then_some((companion, error))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::sqlite::Sqlite;

    fn check(path: &Path, running: bool) -> Finding {
        super::check(&Config { journal: path.to_owned(), ..Config::default() }, running)
    }

    #[test]
    fn how_large_it_is_and_how_long_it_keeps_is_told() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("journal.sqlite");
        drop(Sqlite::open(&path, "test").expect("opened"));
        assert!(matches!(check(&path, false), Holds(words) if words.ends_with(" kB; nothing is deleted from it (retention)")));
        let config = Config { journal: path.clone(), retention: Some(std::time::Duration::from_hours(90 * 24)), ..Config::default() };
        assert!(matches!(super::check(&config, false), Holds(words) if words.ends_with(" kB; it keeps 90d (retention)")));
        fs::write(directory.path().join("journal.sqlite.v1"), "").expect("written");
        assert!(matches!(check(&path, false), Holds(words) if words.ends_with("; a copy of an older format is beside it")));
    }

    #[test]
    fn what_can_be_kept_holds_and_nothing_is_made() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("a/b/journal.sqlite");
        assert!(matches!(check(&path, false), Holds(words) if words.contains("will be made")));
        assert!(!directory.path().join("a").exists());
        let there = directory.path().join("journal.sqlite");
        fs::write(&there, [MAGIC.as_slice(), &[0; 100]].concat()).expect("written");
        assert!(matches!(check(&there, false), Holds(words) if words.contains("can be written")));
    }

    #[test]
    fn what_is_kept_beside_it_must_be_usable_too() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("journal.sqlite");
        drop(Sqlite::open(&path, "test").expect("opened"));
        for name in ["journal.sqlite-wal", "journal.sqlite-shm"] {
            let companion = directory.path().join(name);
            fs::create_dir(&companion).expect("made");
            assert!(matches!(check(&path, false), Fails(words) if words.contains(name)));
            fs::remove_dir(&companion).expect("removed");
        }
        assert!(matches!(check(&path, false), Holds(_)));
    }

    #[test]
    fn a_log_without_its_journal_is_told() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("journal.sqlite");
        let log = directory.path().join("journal.sqlite-wal");
        fs::write(&log, "").expect("written");
        assert!(matches!(check(&path, false), Holds(_)), "there is nothing in it");
        fs::write(&log, "what was answered").expect("written");
        assert!(matches!(check(&path, false), Fails(words) if words.contains("journal.sqlite-wal") && words.contains("put the file back")));
    }

    #[test]
    fn who_writes_it_is_told() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("journal.sqlite");
        let journal = Sqlite::open(&path, "confmod of ada").expect("opened");
        assert!(matches!(check(&path, true), Holds(words) if words.contains("confmod of ada")));
        assert!(matches!(check(&path, false), Fails(words) if words.contains("confmod of ada") && words.contains("--journal")));
        journal.close();
        drop(journal);
        assert!(matches!(check(&path, false), Holds(words) if words.contains("can be written")));
    }

    #[test]
    fn a_journal_of_a_newer_format_and_a_database_of_something_else_are_told_as_the_console_would() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("journal.sqlite");
        drop(Sqlite::open(&path, "test").expect("opened"));
        let set = |path: &Path, sql: &str| rusqlite::Connection::open(path).and_then(|file| file.execute_batch(sql)).expect("set");
        set(&path, "PRAGMA user_version = 99");
        let console = Sqlite::open(&path, "test").expect_err("newer").to_string();
        assert!(console.contains("format 99"), "{console}");
        assert_eq!(check(&path, false), Fails(console));
        for (name, sql) in [("a", "CREATE TABLE recipe (x)"), ("b", "CREATE TABLE recipe (x); PRAGMA user_version = 2")] {
            let path = directory.path().join(name);
            set(&path, sql);
            let console = Sqlite::open(&path, "test").expect_err("a stranger's").to_string();
            assert!(console.contains("something else"), "{console}");
            assert_eq!(check(&path, false), Fails(console));
        }
    }

    #[test]
    fn what_is_no_journal_is_told() {
        let directory = tempfile::tempdir().expect("a directory");
        let text = directory.path().join("notes.txt");
        fs::write(&text, "my notes, which are longer than that").expect("written");
        let nowhere = Path::new("/proc/nowhere/journal.sqlite");
        for path in [text.as_path(), directory.path(), nowhere] {
            assert!(matches!(check(path, false), Fails(words) if words.contains("--journal")), "{}", path.display());
        }
    }
}
