//! Where files are kept: the XDG base directories, and directories and files that are private to their user.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::environment::Environment;

/// The directories that belong to confmod; none where the home directory is unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// The user's home directory.
    pub home: Option<PathBuf>,
    /// Where the configuration is: `$XDG_CONFIG_HOME/confmod`.
    pub config: Option<PathBuf>,
    /// Where journal and token are: `$XDG_DATA_HOME/confmod`.
    pub data: Option<PathBuf>,
    /// Where the log is: `$XDG_STATE_HOME/confmod`.
    pub state: Option<PathBuf>,
}

impl Paths {
    /// Works the directories out. The XDG base directory specification says that a relative path in one
    /// of its variables is invalid and to be ignored; the same is done with `HOME`.
    #[must_use]
    pub fn of(environment: &Environment) -> Self {
        let absolute = |name| environment.get(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let home = absolute("HOME");
        let base = |name, below: &str| {
            let base = absolute(name).or_else(|| home.as_ref().map(|home| home.join(below)))?;
            Some(base.join("confmod"))
        };
        Self {
            config: base("XDG_CONFIG_HOME", ".config"),
            data: base("XDG_DATA_HOME", ".local/share"),
            state: base("XDG_STATE_HOME", ".local/state"),
            home,
        }
    }
}

/// Makes a directory and those above it that are missing, each for its user alone (0700), and so that a loss of power
/// leaves them there: a file that is safe in a directory that is not is lost all the same.
pub fn make_private_dir(directory: &Path) -> io::Result<()> {
    if directory.as_os_str().is_empty() || directory.is_dir() {
        return Ok(());
    }
    let above = directory.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
    make_private_dir(above)?;
    if let Err(error) = DirBuilder::new().mode(0o700).create(directory)
        // Of two that start at once one makes it.
        && !(error.kind() == io::ErrorKind::AlreadyExists && directory.is_dir())
    {
        return Err(error);
    }
    File::open(above)?.sync_all()
}

/// Opens a file for appending, and makes it for its user alone (0600) in private directories.
pub fn append_private(path: &Path) -> io::Result<File> {
    if let Some(directory) = path.parent() {
        make_private_dir(directory)?;
    }
    OpenOptions::new().append(true).create(true).mode(0o600).open(path)
}

/// The nearest directory above a path that exists.
#[must_use]
pub fn nearest_directory(path: &Path) -> PathBuf {
    let above = path.ancestors().skip(1).find(|p| !p.as_os_str().is_empty() && fs::metadata(p).is_ok_and(|m| m.is_dir()));
    above.unwrap_or(Path::new(".")).to_owned()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("it exists").permissions().mode() & 0o777
    }

    #[test]
    fn directories_follow_xdg() {
        let home = Paths::of(&Environment::from([("HOME", "/home/ada")]));
        assert_eq!(home.config.as_deref(), Some(Path::new("/home/ada/.config/confmod")));
        assert_eq!(home.data.as_deref(), Some(Path::new("/home/ada/.local/share/confmod")));
        assert_eq!(home.state.as_deref(), Some(Path::new("/home/ada/.local/state/confmod")));
        let set = Paths::of(&Environment::from([("HOME", "/home/ada"), ("XDG_DATA_HOME", "/data"), ("XDG_STATE_HOME", "")]));
        assert_eq!(set.data.as_deref(), Some(Path::new("/data/confmod")));
        assert_eq!(set.state, home.state, "an empty variable is an unset one");
    }

    #[test]
    fn relative_paths_are_ignored() {
        let paths = Paths::of(&Environment::from([("HOME", "/home/ada"), ("XDG_DATA_HOME", "data")]));
        assert_eq!(paths.data.as_deref(), Some(Path::new("/home/ada/.local/share/confmod")));
        let lost = Paths::of(&Environment::from([("HOME", "here")]));
        assert_eq!(lost, Paths { home: None, config: None, data: None, state: None });
    }

    #[test]
    fn what_is_made_is_private() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("a/b/log");
        append_private(&file).expect("made");
        assert_eq!((mode(&file), mode(&directory.path().join("a")), mode(&directory.path().join("a/b"))), (0o600, 0o700, 0o700));
    }

    #[test]
    fn the_nearest_directory_exists() {
        let directory = tempfile::tempdir().expect("a directory");
        assert_eq!(nearest_directory(&directory.path().join("a/b/c")), directory.path());
        assert_eq!(nearest_directory(Path::new("journal.sqlite")), Path::new("."));
    }
}
