//! An ordinary user, also when the tests run as root.
#![allow(unreachable_pub, reason = "inside a test program nothing can be reached from outside")]

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Nobody, by the number that Linux gives to whoever has no other.
pub const NOBODY: u32 = 65_534;

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// The program at a place that everybody can reach.
pub fn program() -> PathBuf {
    static REACHABLE: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    let (_, path) = REACHABLE.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("a folder to look into");
        let path = folder.path().join("confmod");
        // By a process of its own: a file that is open for writing here would be in every child that starts meanwhile,
        // and what is open for writing cannot be started.
        let copied = Command::new("cp").arg(crate::support::confmod()).arg(&path).status().expect("cp runs");
        assert!(copied.success(), "the program copied");
        (folder, path)
    });
    path.clone()
}

/// Has a command run as nobody, and a home belong to nobody. Somebody who is not root is ordinary enough.
pub fn step_down(command: &mut Command, home: &Path) {
    if !is_root() {
        return;
    }
    let mut folders = vec![home.to_owned()];
    while let Some(path) = folders.pop() {
        // What is root's on purpose is a file that others may not read.
        let mode = fs::symlink_metadata(&path).map_or(0, |metadata| metadata.permissions().mode() & 0o777);
        if mode == 0 {
            continue;
        }
        chown(&path, Some(NOBODY), Some(NOBODY)).expect("another owner");
        folders.extend(fs::read_dir(&path).into_iter().flatten().flatten().map(|entry| entry.path()));
    }
    command.uid(NOBODY).gid(NOBODY);
}
