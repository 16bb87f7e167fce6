//! Whether files can be kept where they are to be. Nothing stays of the attempt.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use super::Finding::{self, Fails, Holds, Open};
use crate::config::error::shown;
use crate::config::paths::nearest_directory;

/// What must fit at least, in bytes: a disk with less left is full within minutes.
const ROOM: usize = 1 << 20;

/// Writes a file without a name. Only a write shows that one works: the file system may be read-only or full.
pub(super) fn try_to_write(directory: &Path) -> io::Result<()> {
    tempfile::tempfile_in(directory)?.write_all(&vec![0; ROOM])
}

/// The folder that the console writes reports into.
pub(super) fn reports(folder: &Path) -> Finding {
    let remedy = "make it yours, or set `reports` in the configuration";
    if folder.as_os_str().is_empty() {
        return Open("HOME is not set, so there is no place for reports".to_owned());
    }
    let name = shown(folder);
    let (there, place) = match fs::metadata(folder) {
        Ok(metadata) if !metadata.is_dir() => return Fails(format!("{name} is no folder; set `reports` in the configuration")),
        Ok(_) => (true, folder.to_owned()),
        Err(_) => (false, nearest_directory(folder)),
    };
    match try_to_write(&place) {
        Ok(()) if there => Holds(format!("{name} can be written")),
        Ok(()) => Holds(format!("{name} will be made")),
        Err(error) => Fails(format!("{name} cannot be written ({error}); {remedy}")),
    }
}

/// The log. Without one a conference can be moderated, but nobody can say afterwards what went wrong.
pub(super) fn log(path: &Path) -> Finding {
    let remedy = "make it yours, or name another file with --log";
    let name = shown(path);
    let there = path.exists();
    // A pipe without a reader would keep the attempt waiting.
    let written = match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => return Fails(format!("{name} is a folder; name a file with --log")),
        Ok(metadata) if !metadata.is_file() => Ok(()),
        Ok(_) => OpenOptions::new().append(true).open(path).map(drop),
        Err(_) => try_to_write(&nearest_directory(path)),
    };
    match written {
        Ok(()) if there => Holds(format!("{name} can be written")),
        Ok(()) => Holds(format!("{name} will be made")),
        Err(error) => Fails(format!("{name} cannot be written ({error}); {remedy}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_written_holds_and_nothing_is_left() {
        let directory = tempfile::tempdir().expect("a directory");
        let below = |name: &str| directory.path().join(name);
        assert!(matches!(reports(&below("a/b")), Holds(words) if words.contains("will be made")));
        assert!(matches!(log(&below("c/log")), Holds(words) if words.contains("will be made")));
        assert_eq!(fs::read_dir(directory.path()).expect("listed").count(), 0);
        fs::write(below("log"), "x").expect("written");
        assert!(matches!(reports(directory.path()), Holds(words) if words.contains("can be written")));
        assert!(matches!(log(&below("log")), Holds(words) if words.contains("can be written")));
        assert_eq!(fs::read_to_string(below("log")).expect("read"), "x");
        assert!(matches!(log(Path::new("/dev/null")), Holds(_)));
    }

    #[test]
    fn what_cannot_be_written_is_told_with_the_setting() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("file");
        fs::write(&file, "x").expect("written");
        for folder in [file.as_path(), Path::new("/proc/nowhere/reports")] {
            assert!(matches!(reports(folder), Fails(words) if words.contains("`reports`")), "{}", folder.display());
        }
        for path in [directory.path(), Path::new("/proc/nowhere/log")] {
            assert!(matches!(log(path), Fails(words) if words.contains("--log")), "{}", path.display());
        }
        assert!(matches!(reports(Path::new("")), Open(_)));
    }
}
