//! Whether the journal can be kept where it is to be. Nothing is made.

use std::fs::{self, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;

use super::Finding::{self, Fails, Holds};
use crate::config::error::shown;
use crate::config::paths::nearest_directory;

/// What every SQLite database begins with (sqlite.org/fileformat2.html).
const BEGINNING: &[u8; 16] = b"SQLite format 3\0";

/// Looks at the file, and at the directory that its companions are made in.
pub(super) fn check(path: &Path) -> Finding {
    let name = shown(path);
    let directory = nearest_directory(path);
    // Only a write shows that one works: the file system may be read-only or full. The file has no name.
    if let Err(error) = tempfile::tempfile_in(&directory).and_then(|mut file| file.write_all(BEGINNING)) {
        let place = shown(&directory);
        return Fails(format!(
            "{name} cannot be kept: {place} cannot be written ({error}); make it yours, or name another file with --journal"
        ));
    }
    match fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Holds(format!("{name} will be made")),
        Err(error) => return Fails(format!("{name} cannot be looked at ({error}); name another file with --journal")),
        Ok(metadata) if !metadata.is_file() => return Fails(format!("{name} is no file; name another one with --journal")),
        Ok(_) => {}
    }
    let mut beginning = Vec::new();
    let read = OpenOptions::new().read(true).write(true).open(path).and_then(|file| file.take(16).read_to_end(&mut beginning));
    match read {
        Err(error) => Fails(format!("{name} cannot be opened for writing ({error}); make it yours, or name another file with --journal")),
        Ok(0) => Holds(format!("{name} is empty and can be written")),
        Ok(_) if beginning == BEGINNING => Holds(format!("{name} can be written")),
        Ok(_) => Fails(format!("{name} is no journal of confmod; name another file with --journal")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_kept_holds_and_nothing_is_made() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("a/b/journal.sqlite");
        assert!(matches!(check(&path), Holds(words) if words.contains("will be made")));
        assert!(!directory.path().join("a").exists());
        let there = directory.path().join("journal.sqlite");
        fs::write(&there, [BEGINNING.as_slice(), &[0; 100]].concat()).expect("written");
        assert!(matches!(check(&there), Holds(words) if words.contains("can be written")));
    }

    #[test]
    fn what_is_no_journal_is_told() {
        let directory = tempfile::tempdir().expect("a directory");
        let text = directory.path().join("notes.txt");
        fs::write(&text, "my notes, which are longer than that").expect("written");
        let nowhere = Path::new("/proc/nowhere/journal.sqlite");
        for path in [text.as_path(), directory.path(), nowhere] {
            assert!(matches!(check(path), Fails(words) if words.contains("--journal")), "{}", path.display());
        }
    }
}
