//! Files that hold a secret: read only when nobody else can.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use secrecy::zeroize::Zeroizing;

use super::error::{ConfigError, ErrorKind, quoted, shown};

/// More than any secret has; a file that is longer is the wrong file.
const LIMIT: u64 = 64 * 1024;

/// The bit of a mode by which everybody may write.
const OTHERS_WRITE: u32 = 0o002;

/// The bit of a folder's mode by which only a file's owner may rename or remove it.
const STICKY: u32 = 0o1000;

/// Reads a file that holds one secret. White space around it is no part of it.
///
/// Refuses a file that its group or others can do anything with, and one that holds no text. The file's
/// content is never part of the error. `Ok(None)` means that there is no such file.
pub(super) fn read(path: &Path, what: &str) -> Result<Option<Zeroizing<String>>, ConfigError> {
    let error = |sentence: String| ConfigError::new(ErrorKind::SecretFile, sentence);
    let failed = |e: io::Error| {
        error(format!("reading the {what} from {} failed ({e}); check the path, and that the file belongs to you", shown(path)))
    };
    check_folder(path, ErrorKind::SecretFile)?;
    let file = match File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(failed(e)),
    };
    check_private(&file.metadata().map_err(failed)?, path, what)?;
    // What grows is copied, and copies are not wiped: room for everything from the start.
    let mut bytes = Zeroizing::new(Vec::with_capacity(LIMIT as usize + 1));
    file.take(LIMIT + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > LIMIT {
        return Err(error(format!("{} is too long to be the {what}; name the file that holds nothing else", shown(path))));
    }
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| error(format!("{} is not text; write the {what} into it, on one line and nothing else", shown(path))))?;
    Ok(Some(text.trim().to_owned().into()))
}

/// Whether a path ends like a secret that somebody put in the place of a path; then it is not to be repeated.
pub(super) fn looks_like_one(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    name.len() >= 20 && name.iter().all(u8::is_ascii_alphanumeric) && name.iter().any(u8::is_ascii_digit)
}

/// Refuses a file that its group or others can do anything with. Pipes are nobody else's business.
pub(super) fn check_private(metadata: &fs::Metadata, path: &Path, what: &str) -> Result<(), ConfigError> {
    if metadata.is_file() && metadata.permissions().mode() & 0o077 != 0 {
        let sentence = format!("{} holds the {what}, and others can get at it; run: chmod 600 {}", shown(path), quoted(path));
        return Err(ConfigError::new(ErrorKind::SecretFile, sentence));
    }
    Ok(())
}

/// Refuses a configuration file that others can change: it says where the user key is sent.
pub(super) fn check_own(metadata: &fs::Metadata, path: &Path) -> Result<(), ConfigError> {
    if metadata.is_file() && metadata.permissions().mode() & OTHERS_WRITE != 0 {
        let why = "others can change it, and with it where the user key is sent";
        let sentence = format!("{}: {why}; run: chmod o-w {}", shown(path), quoted(path));
        return Err(ConfigError::new(ErrorKind::Setting, sentence));
    }
    check_folder(path, ErrorKind::Setting)
}

/// Refuses a file in a folder where others can put another one in its place. A sticky folder, as `/tmp` is, lets them not.
fn check_folder(path: &Path, kind: ErrorKind) -> Result<(), ConfigError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Without a folder there is no file, which is told better elsewhere.
    let mode = fs::metadata(folder).map_or(0, |metadata| metadata.permissions().mode());
    if mode & OTHERS_WRITE != 0 && mode & STICKY == 0 {
        let why = format!("others can put a file of theirs in place of {}", shown(path));
        return Err(ConfigError::new(kind, format!("{}: {why}; run: chmod o-w {}", shown(folder), quoted(folder))));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(content: &[u8], mode: u32) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().expect("a file");
        fs::write(file.path(), content).expect("written");
        fs::set_permissions(file.path(), fs::Permissions::from_mode(mode)).expect("set");
        file
    }

    #[test]
    fn a_private_file_is_read_without_the_white_space_around() {
        for mode in [0o600, 0o400] {
            assert_eq!(read(file(b" df1418 \n", mode).path(), "user key"), Ok(Some("df1418".to_owned().into())), "{mode:o}");
        }
    }

    #[test]
    fn a_file_that_others_can_read_is_refused_with_the_remedy() {
        for mode in [0o640, 0o604, 0o644, 0o620, 0o666] {
            let open = file(b"df1418", mode);
            let error = read(open.path(), "user key").expect_err("refused");
            let said = error.to_string();
            assert_eq!(error.kind, ErrorKind::SecretFile);
            assert!(said.contains(&format!("chmod 600 {}", open.path().display())), "{mode:o}: {said}");
            assert!(!said.contains("df1418"), "{said}");
        }
    }

    #[test]
    fn where_others_can_change_what_is_read_nothing_is_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key");
        fs::write(&path, "df1418").expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("set");
        let own = |path: &Path| check_own(&fs::metadata(path).expect("there"), path);
        for (mode, open) in [(0o700, false), (0o775, false), (0o1777, false), (0o777, true), (0o702, true)] {
            fs::set_permissions(folder.path(), fs::Permissions::from_mode(mode)).expect("set");
            for result in [read(&path, "user key").map(drop), read(&folder.path().join("absent"), "token").map(drop), own(&path)] {
                assert_eq!(result.is_err(), open, "{mode:o}");
                let said = result.err().map(|error| error.to_string()).unwrap_or_default();
                assert!(!open || said.contains("chmod o-w ") && !said.contains("df1418"), "{said}");
            }
        }
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).expect("set");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o646)).expect("set");
        assert!(own(&path).expect_err("refused").to_string().contains("chmod o-w "));
    }

    #[test]
    fn a_secret_in_the_place_of_a_path_is_told_apart() {
        assert!(looks_like_one(Path::new("/home/ada/.config/confmod/df141891e2e883904b0b294dc5b079c1c1c13f6d")));
        for path in ["~/.config/confmod/userkey", "/etc/confmod/userkey-2026-11-22-production", "key", "/"] {
            assert!(!looks_like_one(Path::new(path)), "{path}");
        }
    }

    #[test]
    fn what_is_no_secret_is_refused_and_not_shown() {
        for content in [b"\xff\xfesecret".to_vec(), b"secret".repeat(20_000)] {
            let said = read(file(&content, 0o600).path(), "user key").expect_err("refused").to_string();
            assert!(!said.contains("secret"), "{said}");
        }
        assert_eq!(read(Path::new("/nonexistent/key"), "user key"), Ok(None));
        assert!(read(Path::new("/"), "user key").is_err(), "a directory");
    }
}
