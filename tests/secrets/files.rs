//! The promise: every file that confmod makes is private to its user, whatever the mask it was started with, and
//! what was there before keeps its permissions.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::ordinary;
use crate::support::home::{Home, environment};
use crate::support::http;
use crate::support::provider::Provider;
use crate::support::pty::Setup;
use crate::support::screen::Reading as _;
use crate::support::stage::{Stage, USERKEY};

/// A mask that lets everything through, and one that takes everything, the owner's own bits, too.
const MASKS: [&str; 2] = ["000", "777"];

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())).permissions().mode() & 0o7777
}

/// Everything below a folder, and what of it is not private.
fn below(folder: &Path) -> (Vec<PathBuf>, Vec<String>) {
    let (mut all, mut open, mut folders) = (Vec::new(), Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
            let wanted = if path.is_dir() { 0o700 } else { 0o600 };
            if mode(&path) != wanted {
                open.push(format!("{} has {:o}, not {wanted:o}", path.display(), mode(&path)));
            }
            if path.is_dir() {
                folders.push(path.clone());
            }
            all.push(path);
        }
    }
    (all, open)
}

/// The program, started with a mask.
fn masked(mask: &str, setup: Setup) -> Setup {
    setup.through("sh", ["-c", &format!("umask {mask} && exec \"$0\" \"$@\"")])
}

#[test]
fn all_that_a_session_makes_is_private() {
    for mask in MASKS {
        let stage = Stage::new();
        // Every place a default one, and one that exists before and is open.
        let open = stage.home.join("data");
        fs::create_dir(&open).unwrap();
        fs::set_permissions(&open, fs::Permissions::from_mode(0o755)).unwrap();
        let setup = Setup::new(crate::support::confmod(), &stage.home).env("CONFMOD_USERKEY", USERKEY).size(120, 40);
        let setup = setup.env("CONFMOD_API_URL", stage.provider.url()).env("CONFMOD_LISTEN", "127.0.0.1:0");
        let (mut console, listener) = stage.open_as(&masked(mask, setup));
        let token = fs::read_to_string(stage.home.join("data/confmod/callback_token")).unwrap();
        let join = format!("/callback/{}/join?key=1&conference=1122&number=12157010680&name=Ada", token.trim());
        assert_eq!(http::get(listener.address, &join).status, 200);
        console.wait_for_row("Ada", "open");
        console.send_keys("w");
        console.wait_for(|screen| screen.says(".html"), "the report's name");
        let (mut all, faults) = below(&stage.home.join("data"));
        assert_eq!(faults, Vec::<String>::new(), "under umask {mask}");
        let (logs, faults) = below(&stage.home.join("state"));
        assert_eq!(faults, Vec::<String>::new(), "under umask {mask}");
        all.extend(logs);
        let made: Vec<_> = all.iter().map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect();
        for name in [
            "journal.sqlite",
            "journal.sqlite-wal",
            "journal.sqlite-shm",
            "journal.sqlite.lock",
            "callback_token",
            "confmod.log",
            "reports",
        ] {
            assert!(made.iter().any(|made| made == name), "no {name} in {made:?}");
        }
        assert!(made.iter().any(|made| made.contains(".html")), "{made:?}");
        assert_eq!(mode(&open), 0o755, "what was there is left as it is");
        console.kill9();
    }
}

#[test]
fn a_log_that_is_put_aside_stays_private() {
    for mask in MASKS {
        let (home, full) = (Home::new(), "x".repeat(5 * 1024 * 1024));
        let log = home.join("state/confmod/confmod.log");
        fs::create_dir_all(log.parent().unwrap()).unwrap();
        fs::write(&log, full).unwrap();
        fs::set_permissions(&log, fs::Permissions::from_mode(0o600)).unwrap();
        let setup = Setup::new(crate::support::confmod(), &home).args(["demo", "--plain"]);
        let console = masked(mask, setup).start();
        console.wait_for_text("joined");
        console.kill9();
        assert_eq!((mode(&log), mode(&home.join("state/confmod/confmod.log.1"))), (0o600, 0o600), "under umask {mask}");
    }
}

#[test]
fn the_demo_keeps_to_itself() {
    for mask in MASKS {
        let home = Home::new();
        let temporary = home.join("tmp");
        fs::create_dir(&temporary).unwrap();
        let setup = Setup::new(crate::support::confmod(), &home).args(["demo", "--plain"]).env("TMPDIR", &temporary);
        let console = masked(mask, setup).start();
        console.wait_for_text("joined");
        let (all, faults) = below(&temporary);
        assert_eq!(faults, Vec::<String>::new(), "under umask {mask}");
        assert!(all.iter().any(|path| path.ends_with("contacts.csv")), "{all:?}");
        console.signal(rustix::process::Signal::TERM);
        assert_eq!(console.exit_code(), 143);
        assert_eq!(below(&temporary).0, Vec::<PathBuf>::new(), "nothing is left of it");
    }
}

#[test]
fn what_commands_write_is_private() {
    for mask in MASKS {
        let (home, provider) = (Home::new(), Provider::start());
        let run = |line: &str| {
            let mut command = Command::new("sh");
            command.args(["-c", &format!("umask {mask} && exec \"$0\" {line}")]).arg(crate::support::confmod());
            command.env_clear().envs(environment(home.path())).env("CONFMOD_USERKEY", USERKEY).env("CONFMOD_API_URL", provider.url());
            let output = command.current_dir(home.path()).stdin(Stdio::null()).output().unwrap();
            (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
        };
        assert_eq!(run("urls").0, Some(0));
        assert_eq!(run("mute --conference 1122 --key 1 --e164 12157010680").0, Some(0));
        let console = Setup::new(crate::support::confmod(), &home)
            .args(["--plain", "--listen", "127.0.0.1:0", "--api-url", &provider.url()])
            .env("CONFMOD_USERKEY", USERKEY)
            .start();
        console.wait_for_text("127.0.0.1:");
        console.kill9();
        for format in ["csv", "json", "html"] {
            let (code, said) = run(&format!("report --format {format} -o made.{format}"));
            assert_eq!(code, Some(0), "{said}");
            assert_eq!(mode(&home.join(&format!("made.{format}"))), 0o600, "{format} under umask {mask}");
        }
        let (_, faults) = below(&home.join("data"));
        assert_eq!(faults, Vec::<String>::new(), "under umask {mask}");
    }
}

#[test]
fn a_crash_leaves_no_picture_of_the_memory() {
    use std::os::unix::process::ExitStatusExt as _;
    let home = Home::new();
    let setup = Setup::new(crate::support::confmod(), &home).args(["demo", "--plain"]);
    let console = setup.through("sh", ["-c", "ulimit -c unlimited; exec \"$0\" \"$@\""]).start();
    console.wait_for_text("joined");
    let limits = fs::read_to_string(format!("/proc/{}/limits", console.pid())).unwrap();
    let core: Vec<_> = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap().split_whitespace().collect();
    // Nothing fits into one byte, and unlike with none Linux hands nothing to a program that collects cores, either.
    assert_eq!(core[4..6], ["1", "1"], "{limits}");
    console.signal(rustix::process::Signal::ABORT);
    assert!(!console.exit_status().core_dumped(), "a core was written");
    assert!(!home.files().iter().any(|(path, _)| path.to_string_lossy().contains("core")), "a core lies about");
}

/// The limit on cores is a file's length, which a program that collects them does not ask for.
#[test]
fn where_the_limit_may_not_be_set_the_memory_is_private_all_the_same() {
    let home = Home::new();
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -c 0; exec \"$0\" demo --plain"]).arg(ordinary::program());
    command.env_clear().envs(environment(home.path())).env("TMPDIR", home.path());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    ordinary::step_down(&mut command, home.path());
    let mut demo = command.spawn().unwrap();
    let mut lines = BufReader::new(demo.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("joined")), "the demo runs");
    let limits = fs::read_to_string(format!("/proc/{}/limits", demo.id())).unwrap();
    assert!(limits.lines().any(|line| line.starts_with("Max core file size") && line.contains(" 0 ")), "{limits}");
    // Linux gives what is told of such a process to root.
    let owner = fs::metadata(format!("/proc/{}/environ", demo.id())).unwrap().uid();
    drop(demo.stdin.take());
    lines.for_each(drop);
    assert!(demo.wait().unwrap().success());
    assert_eq!(owner, 0, "its memory is for whoever is the same user");
}
