//! The promise: `confmod check` finds each misconfiguration, says so in the line it belongs to, and what to do.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failing helper is a failing test")]

mod support;

#[path = "support/ordinary.rs"]
mod ordinary;
#[path = "checking/permissions.rs"]
mod permissions;
#[path = "checking/table.rs"]
mod table;
#[allow(dead_code, reason = "the tests of secrets use more of it")]
#[path = "secrets/tls.rs"]
mod tls;
#[path = "checking/world.rs"]
mod world;

use std::io::Write as _;

use world::World;

/// What a finished check said: its exit code, and the lines by their name.
struct Checked {
    code: Option<i32>,
    told: String,
    lines: Vec<(String, String, String)>,
}

impl Checked {
    fn line(&self, name: &str) -> (&str, &str) {
        let line = self.lines.iter().find(|(_, found, _)| found == name);
        line.map_or(("missing", ""), |(mark, _, words)| (mark, words))
    }
}

fn checked(output: &std::process::Output) -> Checked {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let told = format!("{}\n{out}{err}", output.status);
    let lines = out.lines().map(|line| {
        let (mark, rest) = line.split_at(4);
        let (name, words) = rest.trim_start().split_once("  ").unwrap_or((rest.trim(), ""));
        (mark.trim().to_owned(), name.to_owned(), words.trim().to_owned())
    });
    Checked { code: output.status.code(), lines: lines.collect(), told }
}

#[test]
fn a_healthy_installation_is_all_ok() {
    let world = World::healthy();
    let checked = checked(&world.check());
    assert_eq!(checked.code, Some(0), "{}", checked.told);
    assert_eq!(checked.lines.len(), 13, "{}", checked.told);
    assert!(checked.lines.iter().all(|(mark, ..)| mark == "ok"), "{}", checked.told);
}

/// Breaks one thing in an installation that is healthy otherwise.
type Harm = fn(&mut World);

/// What is broken, which line says so, with which words, and the exit code.
type Row = (&'static str, Harm, &'static str, &'static [&'static str], i32);

/// What of a row does not hold. One slip is one failure: nothing else may be blamed for it.
fn faults((what, harm, line, words, code): &Row) -> Vec<String> {
    let mut world = World::healthy();
    harm(&mut world);
    let checked = checked(&world.check());
    let (mark, said) = checked.line(line);
    let failed = checked.lines.iter().filter(|(mark, ..)| mark == "FAIL").count();
    let mut faults = Vec::new();
    if (mark, failed, checked.code) != ("FAIL", 1, Some(*code)) {
        faults.push(format!("{line} is {mark}, {failed} lines fail, the exit code is {:?} and not {code}", checked.code));
    }
    faults.extend(words.iter().filter(|words| !said.contains(**words)).map(|words| format!("{words:?} is not said of {line}")));
    if !said.contains(';') {
        faults.push("there is no remedy".to_owned());
    }
    if !faults.is_empty() {
        faults.push(checked.told);
    }
    faults.into_iter().map(|fault| format!("{what}: {fault}")).collect()
}

#[track_caller]
fn each_is_found(rows: &[Row]) {
    let found: Vec<_> = std::thread::scope(|scope| {
        // Some of them wait, for a name or an answer that does not come.
        let some: Vec<_> =
            rows.chunks(rows.len().div_ceil(4)).map(|some| scope.spawn(|| some.iter().flat_map(faults).collect::<Vec<_>>())).collect();
        some.into_iter().flat_map(|some| some.join().expect("no panic")).collect()
    });
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn each_misconfiguration_is_found_in_its_line() {
    each_is_found(table::ROWS);
}

#[test]
fn what_an_ordinary_user_may_not_do_is_found() {
    each_is_found(permissions::ROWS);
}

/// Runs the program after a line of shell.
fn after(line: &str) -> Vec<String> {
    ["sh", "-c", &format!("{line}; exec \"$0\" \"$@\"")].map(str::to_owned).into()
}

#[test]
fn a_disk_that_takes_nothing_more_is_found() {
    let mut world = World::healthy();
    // No file may grow, and whoever tries is told so instead of being ended: writes fail wherever they go.
    world.through = after("trap '' XFSZ; ulimit -f 0");
    let everywhere = checked(&world.check());
    for name in ["journal", "reports", "log"] {
        let (mark, said) = everywhere.line(name);
        assert!(mark == "FAIL" && said.contains("cannot be written"), "{}", everywhere.told);
    }
    let allowed = std::process::Command::new("unshare").args(["-rm", "true"]).status().is_ok_and(|status| status.success());
    if !allowed {
        let _ = std::io::stderr().write_all(b"left out: no file system can be mounted here\n");
        return;
    }
    let small = world.path("small/journal.sqlite");
    world.set("CONFMOD_JOURNAL", small.display().to_string());
    let mount = format!("mount -t tmpfs -o size=256k small {}", world.home.join("small").display());
    world.through = ["unshare", "-rm"].map(str::to_owned).into();
    world.through.extend(after(&mount));
    let full = checked(&world.check());
    let (mark, said) = full.line("journal");
    assert!(mark == "FAIL" && said.contains("No space left") && full.code == Some(1), "{}", full.told);
    assert!(full.lines.iter().filter(|(mark, ..)| mark == "FAIL").count() == 1, "{}", full.told);
}

#[test]
fn every_invalid_file_is_found() {
    let examples = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config/invalid");
    let mut seen = 0;
    for example in std::fs::read_dir(examples).unwrap().map(|entry| entry.unwrap().path()) {
        let mut world = World::healthy();
        let content = std::fs::read_to_string(&example).unwrap();
        world.set_file("config/confmod/config.toml", &content, 0o600);
        // What the file sets wrongly must not be hidden by a variable.
        world.variables.retain(|(name, _)| *name != "CONFMOD_USERKEY");
        let checked = checked(&world.check());
        let words = content.lines().find_map(|line| line.strip_prefix("# says: ")).unwrap();
        let failed: Vec<_> = checked.lines.iter().filter(|(mark, ..)| mark == "FAIL").collect();
        assert!(failed.iter().any(|(_, _, said)| said.contains(words)), "{}: {}", example.display(), checked.told);
        assert!(matches!(checked.code, Some(1 | 2)), "{}: {}", example.display(), checked.told);
        seen += 1;
    }
    assert!(seen > 30, "the examples were not found");
}
