//! The secret in the callback URLs, kept in a private file so that the URLs stay the same.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use secrecy::zeroize::Zeroizing;

use super::check::validate_token;
use super::error::{ConfigError, ErrorKind, shown};
use super::{Secret, paths, secret};

/// Random bytes in a new token; as hexadecimal text it has twice as many characters.
const BYTES: usize = 32;

const WHAT: &str = "callback token";

/// Reads the token from its file, and makes the file at first need.
///
/// The file comes into being complete, under its name only if there is none yet: of two processes that
/// start at once one makes it, and both end with the same token.
pub(super) fn read_or_make(path: &Path) -> Result<Secret, ConfigError> {
    if let Some(token) = read(path)? {
        return Ok(token);
    }
    make(path).map_err(|e| {
        let sentence = format!(
            "making the {WHAT} in {} failed ({e}); make the directory writable, or set CONFMOD_CALLBACK_TOKEN or callback_token_file",
            shown(path)
        );
        ConfigError::new(ErrorKind::SecretFile, sentence)
    })?;
    read(path)?.ok_or_else(|| {
        let sentence = format!("the {WHAT} in {} went away while it was read; start again", shown(path));
        ConfigError::new(ErrorKind::SecretFile, sentence)
    })
}

/// Reads the token from its file; `Ok(None)` when there is none yet.
pub(super) fn read(path: &Path) -> Result<Option<Secret>, ConfigError> {
    let Some(text) = secret::read(path, WHAT)? else { return Ok(None) };
    let checked = validate_token(&text);
    checked.map(Some).map_err(|e| ConfigError::new(ErrorKind::SecretFile, format!("{}: {e}", shown(path))))
}

fn make(path: &Path) -> io::Result<()> {
    let directory = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    paths::make_private_dir(directory)?;
    // tempfile makes its files for their user alone (0600).
    let mut file = tempfile::Builder::new().prefix(".callback_token").tempfile_in(directory)?;
    let token = random()?;
    file.write_all(token.as_bytes())?;
    file.write_all(b"\n")?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Ok(_) => File::open(directory)?.sync_all(),
        Err(e) if e.error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(e) => Err(e.error),
    }
}

/// A secret that nobody can guess, as 64 hex digits.
pub fn random() -> io::Result<Zeroizing<String>> {
    let mut bytes = Zeroizing::new([0; BYTES]);
    getrandom::fill(&mut *bytes).map_err(io::Error::other)?;
    let mut text = Zeroizing::new(String::with_capacity(2 * BYTES));
    text.extend(bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).filter_map(|digit| char::from_digit(digit.into(), 16)));
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::super::ExposeSecret;
    use super::*;

    #[test]
    fn a_token_is_made_once_and_kept_private() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("confmod/callback_token");
        let first = read_or_make(&path).expect("made");
        assert!(first.expose_secret().len() >= 43 && validate_token(first.expose_secret()).is_ok());
        assert_eq!(read_or_make(&path).expect("read").expose_secret(), first.expose_secret());
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(&directory.path().join("confmod"))), (0o600, 0o700));
        let left: Vec<_> = fs::read_dir(directory.path().join("confmod")).expect("listed").flatten().map(|e| e.file_name()).collect();
        assert_eq!(left, ["callback_token"], "nothing is left lying about");
    }

    #[test]
    fn two_that_start_at_once_end_with_one_token() {
        for _ in 0..20 {
            let directory = tempfile::tempdir().expect("a directory");
            let path = directory.path().join("a/callback_token");
            let tokens: Vec<String> = std::thread::scope(|scope| {
                let makers: Vec<_> =
                    (0..8).map(|_| scope.spawn(|| read_or_make(&path).expect("a token").expose_secret().to_owned())).collect();
                makers.into_iter().map(|maker| maker.join().expect("no panic")).collect()
            });
            assert!(tokens.iter().all(|token| *token == tokens[0]), "{tokens:?}");
        }
    }

    #[test]
    fn tokens_differ() {
        assert_ne!(random().expect("random"), random().expect("random"));
    }

    #[test]
    fn a_token_file_that_is_open_or_wrong_is_refused_and_not_replaced() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("callback_token");
        for (content, mode, wanted) in [("abcdefgh", 0o644, "chmod 600"), ("not a/token", 0o600, "A-Z a-z"), ("", 0o600, "A-Z a-z")] {
            fs::write(&path, content).expect("written");
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("set");
            let said = read_or_make(&path).expect_err(content).to_string();
            assert!(said.contains(wanted) && said.contains("callback_token"), "{said}");
            assert!(content.is_empty() || !said.contains(content), "{said}");
            assert_eq!(fs::read_to_string(&path).expect("kept"), content);
        }
    }
}
