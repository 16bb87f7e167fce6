//! Files that people write: scenarios, the configuration, contacts, the journal's lock. Each is read or refused with one
//! sentence that is fit to be shown, whatever is in it.

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use confmod::config::error::{quoted, shown};
use confmod::config::{DEFAULT_FILE, Environment, Flags, Purpose, load};
use confmod::console::command::KeyMap;
use confmod::contacts::Sheet;
use confmod::rehearsal::scenario::Scenario;
use tempfile::TempDir;

use super::clean;

/// The longest sentence about a slip in a file, in bytes. The path before it is ours and short.
const SENTENCE: usize = 1_000;

pub fn scenario_seeds() -> Vec<Vec<u8>> {
    let shipped = ["town-hall", "quiet", "faults"];
    let mut seeds: Vec<_> =
        shipped.iter().map(|name| std::fs::read(format!("assets/scenarios/{name}.toml")).expect("a scenario")).collect();
    seeds.push(
        br#"title = "crowded"
conferences = ["1", "2"]
seed = 7
flow.start = "1s"
crowd = { count = 5, over = "60s", stay = "2m" }
provider = { latency = "80ms", action_names = ["A"] }
[[caller]]
name = "Ada"
number = "+1 212 555 0101"
conference = "2"
at = "3s"
leave = "9s"
back = "12s"
hand = ["5s", "6s"]
fields = { department = "sales" }
[[banned]]
number = "+1 212 555 0102"
reason = "shouting"
[[fault]]
answer = "refuse"
words = "no"
caller = "Ada"
action = "kick"
"#
        .to_vec(),
    );
    seeds
}

pub fn scenario(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    match Scenario::parse("a.toml", &text) {
        Ok(scenario) => {
            // A crowd as large as it may be takes its time, and its size is not what is looked for here.
            if scenario.crowd.as_ref().is_none_or(|crowd| crowd.count < 100) {
                let script = scenario.script(scenario.seed);
                assert_eq!(script, scenario.script(scenario.seed), "the same seed, the same script");
                assert!(script.calls.iter().all(|call| call.steps.windows(2).all(|pair| pair[0].0 <= pair[1].0)), "steps in order");
            }
        }
        Err(error) => clean::line(&error.to_string(), SENTENCE, "a slip in a scenario"),
    }
}

pub fn config_seeds() -> Vec<Vec<u8>> {
    let mut seeds = vec![DEFAULT_FILE.as_bytes().to_vec()];
    for folder in ["tests/config/valid", "tests/config/invalid"] {
        let files = std::fs::read_dir(folder).expect("examples").flatten().map(|entry| entry.path());
        seeds.extend(files.map(|path| std::fs::read(path).expect("an example")));
    }
    seeds.push(b"moderator = \"ada\"\nconference = \"1122\"\nallow = [\"192.0.2.0/24\"]\nexempt_roles = [\"speaker\"]\n[keys]\nmute = [\"x\", \"ctrl-x\"]\n".to_vec());
    seeds
}

thread_local! {
    static FOLDER: TempDir = tempfile::tempdir().expect("a folder");
}

pub fn config(input: &[u8]) {
    FOLDER.with(|folder| {
        let path = folder.path().join("c.toml");
        std::fs::write(&path, input).expect("written");
        let flags = Flags { config: Some(path), ..Flags::default() };
        let environment = Environment::from([("HOME", folder.path().to_str().expect("text")), ("LOGNAME", "ada")]);
        for purpose in [Purpose::Console, Purpose::Journal] {
            match load(&flags, &environment, purpose) {
                Ok(loaded) => {
                    clean::lines(&loaded.show(), 64 << 10, "the settings in force");
                    clean::field(&loaded.config.moderator, "the moderator");
                    loaded.config.conference.iter().for_each(|conference| clean::field(conference, "the conference"));
                    loaded.config.exempt_roles.iter().for_each(|role| clean::field(role, "a role"));
                    if let Err(sentence) = KeyMap::new(&loaded.config.keys) {
                        clean::line(&loaded.wrong("keys", &sentence).to_string(), 2 * SENTENCE, "a slip in the keys");
                    }
                }
                Err(error) => clean::line(&error.to_string(), SENTENCE, "a slip in the configuration"),
            }
        }
    });
}

/// The environment and the command line's flags, which anybody may fill who starts the program.
pub fn environment(input: &[u8]) {
    let text = String::from_utf8_lossy(input).replace('\0', "");
    let names = [
        "CONFMOD_MODERATOR",
        "CONFMOD_CONFERENCE",
        "CONFMOD_LISTEN",
        "CONFMOD_API_URL",
        "CONFMOD_PACE",
        "CONFMOD_LOG",
        "CONFMOD_JOURNAL",
        "CONFMOD_USERKEY",
        "CONFMOD_EMAIL",
        "CONFMOD_SECURE_PHRASE",
        "CONFMOD_CALLBACK_TOKEN",
        "LOGNAME",
    ];
    for name in names {
        for flags in [Flags::default(), Flags { conference: Some(text.clone()), moderator: Some(text.clone()), ..Flags::default() }] {
            let environment = Environment::from([("HOME", "/nowhere"), (name, &text)]);
            match load(&flags, &environment, Purpose::Command) {
                Ok(loaded) => {
                    clean::lines(&loaded.show(), 600 << 10, "the settings in force");
                    clean::field(&loaded.config.moderator, "the moderator");
                }
                Err(error) => clean::line(&error.to_string(), SENTENCE, "a slip in the environment"),
            }
        }
    }
    let path = Path::new(std::ffi::OsStr::from_bytes(input));
    clean::line(&shown(path), 4_096, "a path");
    clean::line(&quoted(path), 4 * 4_096 + 2, "a path for a shell");
}

pub fn contacts_seeds() -> Vec<Vec<u8>> {
    [
        "number,name,role,note\n12157010680,Ada Lovelace,speaker,first\n+49 30 901820,\"Zoë, the \"\"second\"\"\",,\n",
        "sep=;\nNumber;Name;Note\n'0049151234567;Bert;\"two\nlines\"\n=\"12125550101\";Cleo;x\n1.2E+11;Dan;\n",
        "12125550101\tEve\tguest\tno header\n12125550101\tEve again\n",
        "\u{feff}name,number\nAda,12157010680\nBen,no number\nCleo,\"unclosed\n",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}

pub fn contacts(input: &[u8]) {
    match Sheet::read(input, "contacts.csv", &["speaker".to_owned()]) {
        Ok(sheet) => {
            for row in &sheet.rows {
                for text in [&row.name, &row.role, &row.note] {
                    clean::field(text, "a contact");
                }
            }
            assert!(sheet.rows.windows(2).all(|pair| pair[0].number < pair[1].number), "one row a number");
            assert!(sheet.slips.sentences.len() <= 1_000);
            sheet.slips.sentences.iter().for_each(|sentence| clean::line(sentence, SENTENCE, "a slip in the contacts"));
        }
        Err(sentence) => clean::line(&sentence, SENTENCE, "why no contact is read"),
    }
}

/// Keys as the configuration has them, each text on a line, all for one command.
pub fn keys(input: &[u8]) {
    let text = String::from_utf8_lossy(input).into_owned();
    let texts: Vec<_> = text.lines().map(str::to_owned).collect();
    for changed in [BTreeMap::from([("mute".to_owned(), texts.clone())]), BTreeMap::from([(text.clone(), texts)])] {
        if let Err(sentence) = KeyMap::new(&changed) {
            clean::line(&sentence, 2 * SENTENCE, "a slip in the keys");
        }
    }
}
