//! The program itself, called with what may act in a terminal wherever a word can stand: arguments, environment, names of
//! files, and what is in them. What it says is nothing but lines of text.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::support::home::{Home, environment};
use crate::support::keys::Key;
use crate::support::stage::Stage;
use crate::support::{confmod, harm};

/// What a terminal would act on, and what is no text at all.
const HOSTILE: [&[u8]; 3] = [
    b"x\x1b]0;owned\x07\x1b[31m\x1b]52;c;ZXZpbA==\x1b\\y",
    b"x\xc2\x9b2J\xe2\x80\xaegpj.exe\xe2\x80\x8b\xf3\xa0\x81\x81\xef\xb8\x8f\x7f\x08y",
    b"x\x9b31m\xff\xfe\x1b[6ny",
];

/// The exit codes that anything wrong may have; 0 where it is none.
const CODES: [i32; 6] = [0, 1, 2, 3, 4, 5];

/// A home whose own name is hostile, with files in it that are.
struct House {
    home: Home,
    inside: PathBuf,
    hostile: OsString,
}

impl House {
    fn new(hostile: &[u8]) -> Self {
        let home = Home::new();
        let hostile = OsString::from_vec(hostile.to_vec());
        // A slash in it would be a folder that is not there.
        let inside = home.path().join(OsStr::from_bytes(&hostile.as_bytes().iter().filter(|b| **b != b'/').copied().collect::<Vec<_>>()));
        fs::create_dir_all(&inside).expect("a folder");
        let text = String::from_utf8_lossy(hostile.as_bytes()).into_owned();
        // A TOML text may hold no control, but the escape of one.
        let escaped = text.chars().map(|c| format!("\\U{:08X}", u32::from(c))).collect::<Vec<_>>().concat();
        fs::write(inside.join("unknown.toml"), format!("\"{escaped}\" = 1\n")).expect("written");
        fs::write(inside.join("value.toml"), format!("conference = \"{escaped}\"\nlisten = \"{escaped}\"\n")).expect("written");
        fs::write(inside.join("keys.toml"), format!("[keys]\n\"{escaped}\" = \"{escaped}\"\n")).expect("written");
        fs::write(inside.join("raw.toml"), hostile.as_bytes()).expect("written");
        fs::write(inside.join("scenario.toml"), format!("title = \"t\"\nconferences = [\"{escaped}\"]\n\"{escaped}\" = 1\n"))
            .expect("written");
        fs::write(inside.join("strange.sqlite"), hostile.as_bytes().repeat(200)).expect("written");
        Self { home, inside, hostile }
    }

    /// Runs it to its end with nothing to read, and looks at what it said.
    #[track_caller]
    fn run(&self, args: &[&OsStr], variable: Option<&str>) {
        let mut command = Command::new(confmod());
        command.args(args).env_clear().envs(environment(&self.inside)).stdin(Stdio::null());
        command.env("CONFMOD_LISTEN", "127.0.0.1:0").env("CONFMOD_API_URL", "http://127.0.0.1:9/").env("CONFMOD_USERKEY", "df141891e2e8");
        if let Some(variable) = variable {
            command.env(variable, &self.hostile);
        }
        let output = command.current_dir(self.home.path()).output().expect("confmod runs");
        let place = || format!("{args:?} {variable:?}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(output.status.code().is_some_and(|code| CODES.contains(&code)), "{} {}", output.status, place());
        for said in [&output.stdout, &output.stderr] {
            let found = harm::in_text(said);
            assert!(found.is_empty(), "{found:?} in {}", place());
        }
        assert!(!String::from_utf8_lossy(&output.stderr).contains("panicked"), "{}", place());
    }
}

/// Every place of a command line that takes a word, and every variable that is read.
pub fn say_nothing_but_text() -> u64 {
    let mut runs = 0;
    for hostile in HOSTILE {
        let house = House::new(hostile);
        let (bad, word) = (house.hostile.as_os_str(), OsStr::new);
        let with_flag = |flag: &str| OsString::from_vec([flag.as_bytes(), b"=", bad.as_bytes()].concat());
        let in_folder = |name: &str| house.inside.join(name).into_os_string();
        let file = |name: &str| [word("--config").to_owned(), in_folder(name), word("config").to_owned()].to_vec();
        let lines: Vec<Vec<OsString>> = vec![
            vec![bad.to_owned()],
            vec![OsString::from_vec([b"--", bad.as_bytes()].concat())],
            vec![with_flag("--config"), word("config").to_owned()],
            vec![with_flag("--listen"), word("config").to_owned()],
            vec![with_flag("--api-url"), word("check").to_owned()],
            vec![
                word("config").to_owned(),
                with_flag("--moderator"),
                with_flag("--log"),
                with_flag("--journal"),
                with_flag("--conference"),
            ],
            vec![word("mute").to_owned(), with_flag("--key"), with_flag("--conference"), with_flag("--e164")],
            vec![
                word("kick").to_owned(),
                with_flag("--key"),
                with_flag("--conference"),
                word("--e164=12157010680").to_owned(),
                word("--json").to_owned(),
            ],
            vec![word("urls").to_owned(), with_flag("--public-url")],
            vec![word("urls").to_owned(), with_flag("--conference")],
            vec![word("check").to_owned(), with_flag("--journal")],
            vec![word("check").to_owned(), word("--journal").to_owned(), in_folder("strange.sqlite")],
            vec![word("report").to_owned(), with_flag("--since")],
            vec![word("report").to_owned(), with_flag("--format")],
            vec![word("report").to_owned(), with_flag("--journal"), with_flag("--conference")],
            vec![word("report").to_owned(), word("--journal").to_owned(), in_folder("strange.sqlite")],
            vec![word("replay").to_owned(), word("--plain").to_owned(), with_flag("--from")],
            vec![word("replay").to_owned(), with_flag("--speed")],
            vec![word("replay").to_owned(), word("--plain").to_owned(), word("--journal").to_owned(), in_folder("absent.sqlite")],
            vec![word("demo").to_owned(), word("--plain").to_owned(), with_flag("--scenario")],
            vec![word("demo").to_owned(), word("--plain").to_owned(), word("--scenario").to_owned(), in_folder("scenario.toml")],
            vec![word("rehearse").to_owned(), with_flag("--callbacks")],
            vec![
                word("rehearse").to_owned(),
                word("--callbacks=http://127.0.0.1:9/callback/t").to_owned(),
                word("--scenario").to_owned(),
                in_folder("raw.toml"),
            ],
            vec![word("completions").to_owned(), bad.to_owned()],
            vec![word("--plain").to_owned(), with_flag("--conference"), with_flag("--moderator")],
            vec![word("--plain").to_owned(), word("--journal").to_owned(), in_folder("strange.sqlite")],
            file("unknown.toml"),
            file("value.toml"),
            file("keys.toml"),
            file("raw.toml"),
            file("absent.toml"),
        ];
        for line in &lines {
            house.run(&line.iter().map(OsString::as_os_str).collect::<Vec<_>>(), None);
            runs += 1;
        }
        for variable in ["CONFERENCE", "MODERATOR", "LISTEN", "API_URL", "JOURNAL", "LOG", "PACE", "USERKEY", "EMAIL", "CALLBACK_TOKEN"] {
            house.run(&[word("check")], Some(&format!("CONFMOD_{variable}")));
            runs += 1;
        }
        for variable in ["LOGNAME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "TZ", "TERM", "LANG"] {
            house.run(&[word("config")], Some(variable));
            runs += 1;
        }
    }
    runs
}

/// The screen of a moderator whose environment and flags were filled by somebody else.
pub fn draw_nothing_but_text() {
    let stage = Stage::new();
    let folder = stage.home.join("x\u{1b}]0;owned\u{7}\u{202e}y");
    let hostile = String::from_utf8_lossy(HOSTILE[0]).into_owned() + &String::from_utf8_lossy(HOSTILE[1]);
    let setup = stage
        .setup()
        .env("CONFMOD_MODERATOR", &hostile)
        .env("CONFMOD_CONFERENCE", &hostile)
        .env("CONFMOD_JOURNAL", folder.join("journal.sqlite"))
        .env("SSH_CONNECTION", &hostile)
        .size(120, 30);
    let (mut console, listener) = stage.open_as(&setup);
    listener.tell("join", "key=1&name=Ada&number=12157010680");
    console.wait_for_text("Ada");
    console.send_keys("mM");
    console.press(Key::Esc);
    console.send_keys("wc:?");
    console.press(Key::Esc);
    console.press(Key::Ctrl('c'));
    console.send_keys("y");
    console.terminal_is_clean();
    // What the key `c` hands to the clipboard is the number and nothing else.
    let raw = console.raw();
    let copied = b"\x1b]52;c;KzEyMTU3MDEwNjgw\x1b\\";
    let at = raw.windows(copied.len()).position(|window| window == copied).expect("the number was copied");
    let drawn = [&raw[..at], &raw[at + copied.len()..]].concat();
    assert_eq!(harm::in_terminal(&drawn), Vec::<String>::new());
    assert_eq!(harm::in_text(&stage.home.log()), Vec::<String>::new());
}
