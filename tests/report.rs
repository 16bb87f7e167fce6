//! `confmod report` as people and scripts run it: a journal made by real callbacks and real keys, what is
//! printed and where, and what is said when there is nothing to tell.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failing helper is a failing test")]

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _, symlink};
use std::path::Path;
use std::process::{Command, Output, Stdio};

mod support;

use support::home::{Home, environment};
use support::screen::Reading as _;
use support::stage::{Stage, USERKEY};

const ADA: &str = "12157010680";

fn command(home: &Home, args: &[&str]) -> Command {
    let mut command = Command::new(support::confmod());
    command.arg("report").args(args).env_clear().envs(environment(home.path())).current_dir(home.path()).stdin(Stdio::null());
    command.env("CONFMOD_JOURNAL", home.journal());
    command
}

fn report(home: &Home, args: &[&str]) -> Output {
    command(home, args).output().expect("confmod runs")
}

#[track_caller]
fn printed(home: &Home, args: &[&str]) -> String {
    let output = report(home, args);
    assert!(output.status.success(), "{args:?}: {output:?}");
    assert!(output.stderr.is_empty(), "{args:?}: {output:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// The exit code and what was said; nothing may be printed.
#[track_caller]
fn refused(home: &Home, args: &[&str]) -> (i32, String) {
    let output = report(home, args);
    assert!(output.stdout.is_empty(), "{args:?}: {output:?}");
    (output.status.code().expect("a code"), String::from_utf8_lossy(&output.stderr).into_owned())
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("it is there").permissions().mode() & 0o777
}

/// Ada joins, is muted and raises a hand; Ben comes without a number and leaves.
fn conference() -> (Stage, support::pty::Console) {
    let stage = Stage::new();
    let (mut console, listener) = stage.open();
    listener.join(&console, "12312345", "Ada", ADA);
    console.send_keys("m");
    console.wait_for_row("Ada", "muted");
    listener.tell("hand", "key=12312345");
    listener.tell("join", "key=k2&conference=2233&name=%3DBen&number=anonymous");
    console.wait_for_text("=Ben");
    listener.tell("leave", "key=k2");
    console.wait_for_row("=Ben", "left");
    (stage, console)
}

#[test]
fn a_report_of_callbacks_and_keys_while_the_console_runs() {
    let (stage, console) = conference();
    let home = &stage.home;
    let csv = printed(home, &[]);
    let lines: Vec<_> = csv.lines().collect();
    assert_eq!(lines[0], "conference,key,number,name,place,joined,left,seconds,stays,mutes,muted_seconds,hands,outcome");
    let cells: Vec<Vec<&str>> = lines[1..].iter().map(|line| line.split(',').collect()).collect();
    assert_eq!(cells.len(), 2, "{csv}");
    assert_eq!(cells[0][..5], ["1122", "12312345", ADA, "Ada", "US"]);
    assert!(cells[0][5].ends_with('Z') && cells[0][5].contains('T') && cells[0][6].is_empty(), "{csv}");
    assert_eq!((cells[0][8], cells[0][9], cells[0][11], cells[0][12]), ("1", "1", "1", "in"));
    assert_eq!((cells[1][1], cells[1][2], cells[1][3], cells[1][12]), ("k2", "", "'=Ben", "left"), "no formula");

    let audit = printed(home, &["--audit"]);
    let lines: Vec<_> = audit.lines().collect();
    assert_eq!(lines[0], "at,moderator,action,conference,key,number,name,reason,outcome,answer_ms,detail");
    assert!(lines.len() == 2 && lines[1].contains(&format!(",the-moderator,mute,1122,12312345,{ADA},Ada,key,accepted,")), "{audit}");

    let json = printed(home, &["--format", "json", "--conference", "1122"]);
    let records: Vec<serde_json::Value> = json.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let kinds: Vec<_> = records.iter().map(|record| record["record"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["attendance", "ask"], "the other conference is left out: {json}");
    assert_eq!((&records[0]["left"], &records[0]["stays"]), (&serde_json::Value::Null, &serde_json::json!(1)));
    assert!(json.starts_with("{\"record\":\"attendance\",\"conference\":\"1122\",\"key\":"), "in the order of the columns: {json}");

    let html = printed(home, &["--format", "html"]);
    assert!(html.starts_with("<!DOCTYPE html>") && html.contains("=Ben") && !html.contains(USERKEY));
    assert!(!printed(home, &["--mask", "--format", "html"]).contains("701-0680"));
    assert!(printed(home, &["--mask"]).contains("*********80"));

    console.wait_for_row("Ada", "muted");
    assert_eq!(stage.leaks(&console), Vec::<String>::new());
}

#[test]
fn a_key_writes_the_page_of_what_is_shown() {
    let (stage, mut console) = conference();
    console.send_keys("2w");
    console.wait_for_text("report: ");
    let folder = stage.home.join("data").join("confmod").join("reports");
    let files: Vec<_> = fs::read_dir(&folder).expect("the folder").flatten().map(|entry| entry.path()).collect();
    let [file] = &files[..] else { panic!("{files:?}") };
    assert_eq!((mode(file), mode(&folder)), (0o600, 0o700), "private");
    let page = fs::read_to_string(file).unwrap();
    assert!(page.contains("Conference 1122") && page.contains("Ada") && !page.contains("=Ben") && page.ends_with("</html>\n"), "{page}");
    let name = file.file_name().unwrap().to_string_lossy().into_owned();
    assert!(name.starts_with("confmod_1122_20"), "{name}");

    console.send_keys("p1w");
    console.wait_for(|screen| screen.text().contains("report: ") && fs::read_dir(&folder).unwrap().count() == 2, "a second report");
    let all = fs::read_dir(&folder).unwrap().flatten().map(|entry| entry.path()).find(|path| path != file).expect("another file");
    let page = fs::read_to_string(all).unwrap();
    assert!(page.contains("=Ben") && !page.contains("701-0680"), "masked as the screen is");
}

#[test]
fn where_it_goes_is_private_and_whole() {
    let (stage, console) = conference();
    drop(console);
    let home = &stage.home;
    let target = home.join("a.csv");
    fs::write(&target, "old").unwrap();
    fs::set_permissions(&target, fs::Permissions::from_mode(0o644)).unwrap();
    symlink(&target, home.join("link.csv")).unwrap();
    assert_eq!(printed(home, &["--audit", "-o", "link.csv"]), "");
    assert_eq!(fs::read_to_string(&target).unwrap(), printed(home, &["--audit"]));
    assert_eq!(mode(&target), 0o600);
    assert!(fs::symlink_metadata(home.join("link.csv")).unwrap().is_symlink(), "a link stays one");
    assert_eq!(printed(home, &["--audit", "-o", "-"]), printed(home, &["--audit"]));
    // A pipe of the test's own: what is no file is written as it is, never replaced.
    let pipe = home.join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo runs").success());
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || fs::read_to_string(pipe).unwrap()
    });
    assert_eq!(printed(home, &["--audit", "-o", "pipe"]), "");
    assert!(fs::metadata(&pipe).unwrap().file_type().is_fifo(), "a pipe stays one");
    assert_eq!(reader.join().unwrap(), printed(home, &["--audit"]));
    let (code, said) = refused(home, &["-o", "no/such/folder/a.csv"]);
    assert!(code == 1 && said.contains("no/such/folder/a.csv") && said.contains("name another place"), "{said}");
    let left: Vec<_> =
        fs::read_dir(home.path()).unwrap().flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with(".report")).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_reader_that_goes_away_has_what_it_wanted() {
    let (stage, console) = conference();
    drop(console);
    let mut child = command(&stage.home, &["--format", "html"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut some = [0; 10];
    let mut out = child.stdout.take().unwrap();
    out.read_exact(&mut some).unwrap();
    drop(out);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}

#[test]
fn what_is_not_there_is_said() {
    let (stage, console) = conference();
    drop(console);
    let home = &stage.home;
    let before = fs::read(home.journal()).unwrap();
    let (code, said) = refused(home, &["--conference", "4711"]);
    assert!(code == 2 && said.contains("no conference 4711") && said.contains("1122, 2233"), "{said}");
    let (code, said) = refused(home, &["--since", "yesterday"]);
    assert!(code == 2 && said.contains("--since: \"yesterday\" is no time") && said.contains("such as 2026-11-22T14:00"), "{said}");
    let (code, said) = refused(home, &["--since", "1h", "--until", "2h"]);
    assert!(code == 2 && said.contains("--since is not before --until"), "{said}");
    let early = report(home, &["--until", "2020-01-01T00:00"]);
    let said = String::from_utf8_lossy(&early.stderr);
    assert!(early.status.success() && said.contains("tells of nobody") && said.contains("journal.sqlite"), "{said}");
    assert_eq!(String::from_utf8_lossy(&early.stdout).lines().count(), 1, "the line of names");

    // The tab to open on is no filter.
    let output = command(home, &[]).env("CONFMOD_CONFERENCE", "4711").output().unwrap();
    assert!(output.status.success() && String::from_utf8_lossy(&output.stdout).lines().count() == 3, "{output:?}");
    assert_eq!(fs::read(home.journal()).unwrap(), before, "nothing of the journal was changed");
}

#[test]
fn a_journal_that_cannot_be_read_is_named() {
    let home = Home::new();
    let path = home.journal();
    let (code, said) = refused(&home, &[]);
    assert!(code == 1 && said.contains("journal.sqlite: there is no such file") && said.contains("--journal"), "{said}");
    assert!(!path.exists(), "and none is made");

    fs::write(&path, "").unwrap();
    let (code, said) = refused(&home, &[]);
    assert!(code == 1 && said.contains("it is empty"), "{said}");

    fs::write(&path, "my notes, which are longer than that, and no database at all").unwrap();
    let (code, said) = refused(&home, &[]);
    assert!(code == 1 && said.contains("journal.sqlite") && said.contains("not a database"), "{said}");

    let (stage, console) = conference();
    drop(console);
    let database = rusqlite::Connection::open(stage.home.journal()).unwrap();
    database.pragma_update(None, "user_version", 99).unwrap();
    let (code, said) = refused(&stage.home, &[]);
    assert!(code == 1 && said.contains("newer confmod") && said.contains("99") && said.contains("update confmod"), "{said}");
    let rows: i64 = database.query_row("SELECT count(*) FROM event", [], |row| row.get(0)).unwrap();
    assert!(rows > 5, "nothing is lost");
}

#[test]
fn secrets_that_cannot_be_read_do_not_matter() {
    let (stage, console) = conference();
    drop(console);
    stage.home.configure("userkey_file = \"/nowhere/userkey\"\n");
    assert_eq!(printed(&stage.home, &[]).lines().count(), 3);
    let output = command(&stage.home, &[]).env_remove("HOME").env_remove("XDG_DATA_HOME").env_remove("CONFMOD_JOURNAL").output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(2) && said.contains("--journal"), "{said}");
}
