//! A home of its own for each run, so that no test sees another's files or the developer's.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// A directory that stands for a user's home, gone when dropped. Two runs in one home are a restart.
pub struct Home {
    dir: TempDir,
}

impl Home {
    /// An empty home.
    pub fn new() -> Self {
        Self { dir: tempfile::Builder::new().prefix("confmod-test-").tempdir().expect("a directory for the test") }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// A path inside it.
    pub fn join(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The journal that tests set with `CONFMOD_JOURNAL`.
    pub fn journal(&self) -> PathBuf {
        self.join("journal.sqlite")
    }

    /// Writes the configuration file that the program finds by itself, private as secrets in it must be.
    pub fn configure(&self, text: &str) {
        let directory = self.join("config").join("confmod");
        fs::create_dir_all(&directory).expect("a directory for the configuration");
        let file = directory.join("config.toml");
        fs::write(&file, text).expect("the configuration");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("a private file");
    }

    /// Everything in the log directory, one after the other; lossy, for reading by people and for scans.
    pub fn log(&self) -> Vec<u8> {
        let Ok(entries) = fs::read_dir(log_directory(self.path())) else { return Vec::new() };
        entries.flatten().filter_map(|entry| fs::read(entry.path()).ok()).flatten().collect()
    }

    /// Every file below it with its bytes: for scans that must not miss one.
    pub fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut found = Vec::new();
        let mut directories = vec![self.path().to_owned()];
        while let Some(directory) = directories.pop() {
            for entry in fs::read_dir(&directory).into_iter().flatten().flatten() {
                let Ok(kind) = entry.file_type() else { continue };
                if kind.is_dir() {
                    directories.push(entry.path());
                } else if kind.is_file() {
                    found.push((entry.path(), fs::read(entry.path()).unwrap_or_default()));
                }
            }
        }
        found
    }
}

/// Where the program keeps its logs in a home.
pub fn log_directory(home: &Path) -> PathBuf {
    home.join("state").join("confmod")
}

/// The whole environment of a program that lives in this home: nothing is inherited.
pub fn environment(home: &Path) -> Vec<(OsString, OsString)> {
    let mut all: Vec<(OsString, OsString)> = vec![
        ("HOME".into(), home.into()),
        ("PATH".into(), "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin".into()),
        ("TERM".into(), "xterm-256color".into()),
        ("LANG".into(), "C.UTF-8".into()),
    ];
    for (name, directory) in [
        ("XDG_CONFIG_HOME", "config"),
        ("XDG_DATA_HOME", "data"),
        ("XDG_STATE_HOME", "state"),
        ("XDG_CACHE_HOME", "cache"),
        ("XDG_RUNTIME_DIR", "run"),
    ] {
        all.push((name.into(), home.join(directory).into()));
    }
    all
}
