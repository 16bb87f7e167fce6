//! Whether two settings name one file: what is written for one of them would spoil the other, and a secret would be
//! where nobody looks for one.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// What a file is known by, whatever it is called.
#[derive(PartialEq, Eq)]
enum Identity {
    /// One that is there: device and inode.
    There(u64, u64),
    /// One that is yet to be made: its name, and its folder as the system knows it.
    Absent(PathBuf, OsString),
}

/// What is no file, as `/dev/null`, has no identity: it may be named twice.
fn identity(path: &Path) -> Option<Identity> {
    if let Ok(metadata) = fs::metadata(path) {
        return metadata.is_file().then(|| Identity::There(metadata.dev(), metadata.ino()));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    Some(Identity::Absent(folder, path.file_name()?.to_owned()))
}

/// The first setting that names the same file as one before it, and that one. Empty paths name nothing.
pub(super) fn twins<'a>(files: &[(&'a str, &Path)]) -> Option<(&'a str, &'a str)> {
    let mut seen: Vec<(&str, Identity)> = Vec::new();
    for (name, path) in files.iter().filter(|(_, path)| !path.as_os_str().is_empty()) {
        let Some(identity) = identity(path) else { continue };
        if let Some((earlier, _)) = seen.iter().find(|(_, known)| *known == identity) {
            return Some((name, earlier));
        }
        seen.push((name, identity));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_file_is_found_under_any_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        fs::write(at("key"), "x").expect("written");
        fs::hard_link(at("key"), at("hard")).expect("linked");
        std::os::unix::fs::symlink(at("key"), at("soft")).expect("linked");
        fs::create_dir(at("below")).expect("made");
        let cases = [
            ("key", "key", true),
            ("key", "hard", true),
            ("key", "soft", true),
            ("key", "below/../key", true),
            ("new", "below/../new", true),
            ("nowhere/new", "nowhere/new", true),
            ("new", "below/new", false),
            ("key", "new", false),
            ("below", "below", false),
        ];
        for (one, other, same) in cases {
            let found = twins(&[("a", &at(one)), ("b", &at(other))]);
            assert_eq!(found, same.then_some(("b", "a")), "{one} {other}");
        }
        assert_eq!(
            twins(&[("a", Path::new("")), ("b", Path::new("")), ("c", Path::new("/dev/null")), ("d", Path::new("/dev/null"))]),
            None
        );
    }
}
