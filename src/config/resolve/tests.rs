//! Precedence, secrets, default paths, and the documented file.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use tempfile::TempDir;

use super::super::{DEFAULT_FILE, Kick, ThemeChoice, Withheld};
use super::*;

/// A home directory with a configuration file in it.
fn home(content: &str) -> TempDir {
    let home = tempfile::tempdir().expect("a directory");
    put(&home, ".config/confmod/config.toml", content, 0o600);
    home
}

fn put(home: &TempDir, name: &str, content: &str, mode: u32) {
    let path = home.path().join(name);
    fs::create_dir_all(path.parent().expect("a parent")).expect("made");
    fs::write(&path, content).expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("set");
}

fn load_with<const N: usize>(home: &TempDir, variables: [(&str, &str); N], flags: &Flags) -> Result<Config, ConfigError> {
    load_for(Purpose::Console, home, variables, flags)
}

fn load_for<const N: usize>(purpose: Purpose, home: &TempDir, variables: [(&str, &str); N], flags: &Flags) -> Result<Config, ConfigError> {
    let path = home.path().to_str().expect("text");
    let mut environment: Vec<_> = variables.into();
    environment.push(("HOME", path));
    environment.push(("LOGNAME", "ada"));
    // The snapshot takes arrays; unused places are variables that nobody reads.
    let environment: [(&str, &str); 8] = std::array::from_fn(|at| environment.get(at).copied().unwrap_or(("NOTHING", "")));
    load(flags, &Environment::from(environment), purpose).map(|loaded| loaded.config)
}

#[test]
fn two_settings_never_share_a_file() {
    for (content, said) in [
        ("userkey_file = \"~/key\"\nlog = \"~/key\"", "config.toml, line 2: log is the same file as userkey_file"),
        ("userkey_file = \"~/key\"\ncallback_token_file = \"../../key\"", "callback_token_file is the same file as userkey_file"),
        ("userkey_file = \"~/key\"\ncontacts = \"config.toml\"", "contacts is the same file as the configuration itself"),
        ("journal = \"~/new\"\nlog = \"~/new\"", "log is the same file as journal"),
    ] {
        let home = home(content);
        put(&home, "key", "df1418", 0o600);
        for purpose in [Purpose::Console, Purpose::Command, Purpose::Journal, Purpose::Check] {
            let error = load_for(purpose, &home, [], &Flags::default()).expect_err(content).to_string();
            assert!(error.contains(said) && error.contains("a file of its own"), "{error}");
        }
        assert!(load_for(Purpose::Demo, &home, [], &Flags::default()).is_ok(), "the demo uses none of them");
    }
    let same = home("journal = \"/dev/null\"\nlog = \"/dev/null\"");
    assert!(load_for(Purpose::Command, &same, [], &Flags::default()).is_ok(), "what is thrown away spoils nothing");
}

#[test]
fn later_sources_win() {
    let home = home("listen = \"127.0.0.1:1\"\nconference = \"1\"\nmoderator = \"file\"\npace = 1\n");
    let flags = Flags { listen: Some("127.0.0.1:3".into()), ..Flags::default() };
    let variables = [("CONFMOD_LISTEN", "127.0.0.1:2"), ("CONFMOD_CONFERENCE", "2"), ("CONFMOD_MODERATOR", "")];
    let config = load_with(&home, variables, &flags).expect("valid");
    assert_eq!(config.listen.port(), 3, "a flag before the environment");
    assert_eq!(config.conference.as_deref(), Some("2"), "the environment before the file");
    assert_eq!(config.moderator, "file", "an empty variable is an unset one");
    assert_eq!((config.pace, config.parallel), (1, 4), "the file before the default, and the default");
}

#[test]
fn every_variable_and_flag_is_heard() {
    let home = home("");
    let variables = [
        ("CONFMOD_API_URL", "https://example.org/a"),
        ("CONFMOD_JOURNAL", "/j"),
        ("CONFMOD_PACE", "20"),
        ("CONFMOD_PARALLEL", "8"),
        ("CONFMOD_LOG", "debug"),
    ];
    let config = load_with(&home, variables, &Flags::default()).expect("valid");
    assert_eq!((config.api_url.as_str(), config.journal.as_path()), ("https://example.org/a", Path::new("/j")));
    assert_eq!((config.pace, config.parallel, config.log_level), (20, 8, tracing::Level::DEBUG));
    let secrets =
        [("CONFMOD_USERKEY", "key"), ("CONFMOD_EMAIL", "a@b.c"), ("CONFMOD_SECURE_PHRASE", "a b"), ("CONFMOD_CALLBACK_TOKEN", "t")];
    let config = load_with(&home, secrets, &Flags::default()).expect("valid");
    for (secret, wanted) in
        [(&config.userkey, "key"), (&config.email, "a@b.c"), (&config.secure_phrase, "a b"), (&config.callback_token, "t")]
    {
        assert_eq!(secret.as_ref().map(ExposeSecret::expose_secret), Some(wanted));
    }
    let flags = Flags {
        config: None,
        api_url: Some("https://example.org/f".into()),
        listen: Some("127.0.0.1:3".into()),
        conference: Some("3".into()),
        journal: Some("j".into()),
        moderator: Some("eve".into()),
        log: Some("l".into()),
        ascii: true,
        read_only: true,
        nats: Some("nats://127.0.0.1:9".into()),
        metrics: Some("127.0.0.1:9".into()),
    };
    let config = load_with(&home, [("NO_COLOR", "1")], &flags).expect("valid");
    assert_eq!((config.api_url.as_str(), config.listen.port(), config.conference.as_deref()), ("https://example.org/f", 3, Some("3")));
    assert_eq!((config.journal.as_path(), config.log.as_path(), config.moderator.as_str()), (Path::new("j"), Path::new("l"), "eve"));
    assert!(config.ascii && config.read_only && config.theme == ThemeChoice::None);
}

#[test]
fn every_key_of_the_file_is_heard() {
    let home = home(
        "userkey_file = \"key\"\nemail = \"a@b.c\"\nsecure_phrase_file = \"~/phrase\"\napi_url = \"http://127.0.0.1:9/\"\napi_ca_file = \
         \"/ca.pem\"\naction_name = \"CALLFOW\"\nkeep_warm = true\npace = 11\nparallel = 5\nwithheld = \"send\"\nlisten = \"0.0.0.0:1\"\n\
         public_url = \"https://example.org\"\ncallback_token_file = \"t\"\ncallback_token_previous = \"0123456789abcdef0123456789abcdef\"\n\
         allow = [\"10.0.0.1\"]\nproxies = [\"10.0.0.0/8\"]\nconference = \"1122\"\njournal = \"j\"\nmoderator = \"eve\"\nkick = \
         \"countdown\"\nstale_after = \"1h\"\nsilence_after = \"7m\"\nresume_within = \"2h\"\nretention = \"90d\"\ncontacts = \"c.csv\"\nexempt_roles = [\" Chair \"]\ntheme = \"ansi\"\nascii = true\nmask = true\nlog = \"l\"\nlog_level = \
         \"warn\"\n[keys]\nmute = \"x\"\n",
    );
    put(&home, ".config/confmod/key", "thekey\n", 0o600);
    put(&home, "phrase", "the phrase\n", 0o600);
    let config = load_with(&home, [], &Flags::default()).expect("valid");
    let here = home.path().join(".config/confmod");
    assert_eq!(config.userkey.as_ref().map(ExposeSecret::expose_secret), Some("thekey"));
    assert_eq!(config.secure_phrase.as_ref().map(ExposeSecret::expose_secret), Some("the phrase"));
    assert_eq!(config.email.as_ref().map(ExposeSecret::expose_secret), Some("a@b.c"));
    assert!(config.callback_token_previous.is_some() && config.keep_warm && config.ascii && config.mask);
    assert_eq!((config.api_ca_file.as_deref(), config.action_name.as_str()), (Some(Path::new("/ca.pem")), "CALLFOW"));
    assert_eq!((config.pace, config.parallel, config.withheld, config.kick), (11, 5, Withheld::Send, Kick::Countdown));
    assert_eq!(config.public_url.as_ref().map(url::Url::as_str), Some("https://example.org/"));
    assert_eq!((config.allow[0].to_string(), config.proxies[0].to_string()), ("10.0.0.1/32".into(), "10.0.0.0/8".into()));
    assert_eq!((config.callback_token_file, config.journal, config.log), (here.join("t"), here.join("j"), here.join("l")));
    assert_eq!((config.contacts, config.contacts_named, config.exempt_roles), (here.join("c.csv"), true, vec!["Chair".to_owned()]));
    assert_eq!((config.stale_after.as_secs(), config.silence_after.as_secs(), config.resume_within.as_secs()), (3_600, 420, 7_200));
    assert_eq!(config.retention.map(|keep| keep.as_secs()), Some(90 * 86_400));
    assert_eq!((config.theme, config.log_level, config.keys["mute"][0].as_str()), (ThemeChoice::Ansi, tracing::Level::WARN, "x"));
    assert_eq!((config.moderator.as_str(), config.conference.as_deref(), config.listen.port()), ("eve", Some("1122"), 1));
}

#[test]
fn a_bad_value_names_where_it_came_from_and_the_remedy() {
    let flags = Flags { listen: Some("here".into()), ..Flags::default() };
    let said = load_with(&home(""), [], &flags).expect_err("refused").to_string();
    assert!(said.starts_with("--listen: ") && said.contains("such as 127.0.0.1:8787"), "{said}");
    let said = load_with(&home(""), [("CONFMOD_PACE", "0")], &Flags::default()).expect_err("refused").to_string();
    assert!(said.starts_with("CONFMOD_PACE: ") && said.contains("1 to 1000"), "{said}");
    let file = home("\n\nallow = [\n  \"10.0.0.1\",\n  \"nowhere\",\n]\n");
    let said = load_with(&file, [], &Flags::default()).expect_err("refused").to_string();
    assert!(said.contains("config.toml, line 5: allow: `nowhere`") && said.contains("such as"), "{said}");
    let flags = Flags { config: Some("/nonexistent/c.toml".into()), ..Flags::default() };
    let said = load_with(&home(""), [], &flags).expect_err("refused").to_string();
    assert!(said.contains("--config") && said.contains("/nonexistent/c.toml"), "{said}");
}

#[test]
fn what_is_overridden_must_be_right_all_the_same_but_is_not_opened() {
    let said = load_with(&home("pace = 0\n"), [("CONFMOD_PACE", "5")], &Flags::default()).expect_err("refused").to_string();
    assert!(said.contains("line 1: pace"), "{said}");
    let config = load_with(&home("pace = 7\n"), [("CONFMOD_PACE", "5")], &Flags::default()).expect("valid");
    assert_eq!(config.pace, 5);
    let home = home("userkey_file = \"/nonexistent/key\"\n");
    let config = load_with(&home, [("CONFMOD_USERKEY", "k")], &Flags::default()).expect("the file is not opened");
    assert!(config.userkey.is_some());
}

#[test]
fn secret_files_must_be_private() {
    let home = home("userkey_file = \"key\"\n");
    let error = load_with(&home, [], &Flags::default()).expect_err("missing");
    assert!(error.kind == ErrorKind::SecretFile && error.to_string().contains("line 1: userkey_file: there is no file"), "{error}");
    put(&home, ".config/confmod/key", "thekey", 0o640);
    let error = load_with(&home, [], &Flags::default()).expect_err("open to the group");
    assert!(error.kind == ErrorKind::SecretFile && error.to_string().contains("run: chmod 600 /"), "{error}");
    assert!(!error.to_string().contains("thekey"), "{error}");
    put(&home, ".config/confmod/key", "the key", 0o600);
    let error = load_with(&home, [], &Flags::default()).expect_err("two words");
    assert!(!error.to_string().contains("the key"), "{error}");
}

#[test]
fn a_file_that_holds_a_token_is_a_secret_file() {
    let home = home("");
    put(&home, ".config/confmod/config.toml", "callback_token_previous = \"former\"\n", 0o644);
    let error = load_with(&home, [], &Flags::default()).expect_err("open to others");
    assert!(error.to_string().contains("chmod 600") && !error.to_string().contains("former"), "{error}");
    put(&home, ".config/confmod/config.toml", "pace = 1\n", 0o644);
    assert!(load_with(&home, [], &Flags::default()).is_ok(), "other settings are no secret");
}

#[test]
fn short_tokens_are_refused_where_others_can_reach_the_listener() {
    let open = [("CONFMOD_CALLBACK_TOKEN", "short"), ("CONFMOD_LISTEN", "0.0.0.0:1")];
    let said = load_with(&home(""), open, &Flags::default()).expect_err("refused").to_string();
    assert!(said.starts_with("CONFMOD_CALLBACK_TOKEN: ") && said.contains("32 characters") && !said.contains("short"), "{said}");
    assert!(load_with(&home(""), [("CONFMOD_CALLBACK_TOKEN", "short")], &Flags::default()).is_ok(), "loopback");
    let home = home("callback_token_file = \"t\"\nlisten = \"0.0.0.0:1\"\n");
    put(&home, ".config/confmod/t", "fileshort\n", 0o600);
    let config = load_with(&home, [], &Flags::default()).expect("the file is not read yet");
    let said = config.token().expect_err("refused").to_string();
    assert!(said.contains("32 characters") && !said.contains("fileshort"), "{said}");
    let said = config.existing_token().expect_err("refused").to_string();
    assert!(said.contains("32 characters"), "{said}");
}

#[test]
fn the_token_is_made_when_it_is_asked_for() {
    let home = home("");
    let config = load_with(&home, [], &Flags::default()).expect("valid");
    assert_eq!(config.callback_token_file, home.path().join(".local/share/confmod/callback_token"));
    assert!(config.existing_token().expect("fine").is_none() && !config.callback_token_file.exists());
    let token = config.token().expect("made");
    assert_eq!(config.existing_token().expect("fine").map(|t| t.expose_secret().to_owned()).as_deref(), Some(token.expose_secret()));
    let given = load_with(&home, [("CONFMOD_CALLBACK_TOKEN", "mine")], &Flags::default()).expect("valid");
    assert_eq!(given.token().expect("given").expose_secret(), "mine");
}

#[test]
fn without_a_home_only_what_needs_one_is_refused() {
    let lost = Environment::from([("CONFMOD_USERKEY", "k"), ("LOGNAME", "ada")]);
    let error = load(&Flags::default(), &lost, Purpose::Console).expect_err("no place for the journal");
    assert_eq!(error.kind, ErrorKind::Home);
    assert!(error.to_string().contains("set HOME") && error.to_string().contains("--journal"), "{error}");
    for purpose in [Purpose::Command, Purpose::Demo] {
        let config = load(&Flags::default(), &lost, purpose).expect("enough").config;
        assert_eq!(config.journal, Path::new(""));
        assert!(config.token().expect_err("no place").to_string().contains("CONFMOD_CALLBACK_TOKEN"));
    }
    let flags = Flags { journal: Some("/j".into()), log: Some("/l".into()), ..Flags::default() };
    assert!(load(&flags, &lost, Purpose::Console).is_ok(), "both are given");
}

#[test]
fn a_demo_ignores_what_belongs_to_a_real_provider() {
    let home = home(
        "userkey_file = \"/nonexistent\"\nlisten = \"0.0.0.0:1\"\njournal = \"/j\"\napi_url = \"https://example.org\"\nmask = true\n\
         contacts = \"/c\"\n",
    );
    let variables = [
        ("CONFMOD_USERKEY", "k"),
        ("CONFMOD_LISTEN", "nonsense"),
        ("CONFMOD_CALLBACK_TOKEN", "/"),
        ("CONFMOD_JOURNAL", "/k"),
        ("CONFMOD_NATS", "nats://a:1"),
    ];
    let config = load_for(Purpose::Demo, &home, variables, &Flags::default()).expect("enough");
    assert!(config.userkey.is_none() && config.callback_token.is_none() && config.mask);
    assert_eq!(config.nats, None, "it can reach no server");
    assert_eq!((config.listen, config.api_url.clone()), (Config::default().listen, Config::default().api_url));
    assert!(config.journal.starts_with(home.path()), "{}", config.journal.display());
    assert_eq!(config.contacts, Path::new(""), "nobody's contacts are read for callers who do not exist");
}

#[test]
fn the_moderator_is_the_login_name() {
    let name = |environment| load(&Flags::default(), &environment, Purpose::Command).expect("valid").config.moderator;
    assert_eq!(name(Environment::from([("LOGNAME", "ada"), ("USER", "eve")])), "ada");
    assert_eq!(name(Environment::from([("LOGNAME", ""), ("USER", "e\u{1b}ve")])), "eve", "cleaned");
    assert!(!name(Environment::default()).is_empty(), "the user id's name, or moderator");
}

/// The documented file with every default in force.
fn uncommented() -> String {
    let is_setting = |line: &str| {
        let key: String = line.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
        line == "[keys]" || (SETTINGS.iter().any(|s| s.key == key) && line[key.len()..].starts_with(" = "))
    };
    let lines = DEFAULT_FILE.lines().map(|line| line.strip_prefix("# ").filter(|rest| is_setting(rest)).unwrap_or(line));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_documented_file_has_every_key_with_its_default() {
    let layer = file::read(Path::new("config.toml"), &uncommented()).expect("valid");
    for setting in SETTINGS {
        assert_eq!(layer.contains_key(setting.key), setting.in_file, "{}", setting.key);
    }
    // Examples of what has no default, or one that depends on the machine.
    let examples = [
        "userkey_file",
        "email",
        "secure_phrase_file",
        "api_ca_file",
        "public_url",
        "callback_token_previous",
        "conference",
        "moderator",
        "nats",
        "nats_creds",
        "nats_nkey",
        "nats_ca",
        "nats_cert",
        "nats_key",
        "nats_stream",
        "nats_replicas",
        "nats_size",
    ];
    let defaults: Vec<_> = uncommented()
        .lines()
        .filter(|line| !examples.iter().any(|key| line.starts_with(&format!("{key} = "))))
        .map(str::to_owned)
        .collect();
    let shown = |content: &str| {
        let home = home(content);
        let environment = Environment::from([("HOME", home.path().to_str().expect("text")), ("LOGNAME", "ada")]);
        let shown = load(&Flags::default(), &environment, Purpose::Console).expect("valid").show();
        let without_origin = shown.lines().map(|line| line.split("  # ").next().unwrap_or_default());
        without_origin.collect::<Vec<_>>().join("\n").replace(home.path().to_str().expect("text"), "~")
    };
    assert_eq!(shown(&defaults.join("\n")), shown(""));
    assert_eq!(shown(DEFAULT_FILE), shown(""), "as it is handed out it changes nothing");
    assert!(
        load_with(
            &home(
                &uncommented()
                    .replace("userkey_file", "# ")
                    .replace("secure_phrase_file", "# ")
                    .replace("nats_creds", "# ")
                    .replace("nats_nkey", "# ")
                    .replace("nats_key", "# ")
                    .replace("nats_cert", "# ")
            ),
            [],
            &Flags::default()
        )
        .is_ok()
    );
}

#[test]
fn the_documented_file_names_every_variable() {
    let unsaid: Vec<_> = SETTINGS.iter().filter_map(|s| s.variable).filter(|name| !DEFAULT_FILE.contains(name)).collect();
    assert_eq!(unsaid, Vec::<&str>::new());
}

#[test]
fn debugging_shows_no_secret_of_any_layer() {
    let home = home("callback_token_previous = \"geheim-previous\"\n");
    let environment = Environment::from([
        ("HOME", home.path().to_str().expect("text")),
        ("CONFMOD_USERKEY", "geheim-key"),
        ("CONFMOD_EMAIL", "geheim@mail"),
        ("CONFMOD_SECURE_PHRASE", "geheim phrase"),
        ("CONFMOD_CALLBACK_TOKEN", "geheim-token"),
    ]);
    let loaded = load(&Flags::default(), &environment, Purpose::Console).expect("valid");
    let layers = (environment_layer(&environment).expect("valid"), file::load(&home.path().join(".config/confmod/config.toml")));
    assert!(loaded.config.userkey.is_some() && loaded.config.callback_token_previous.is_some() && layers.1.is_ok());
    let shown = format!("{loaded:?} {loaded:#?} {environment:?} {layers:?} {layers:#?} {:?}", loaded.config.token());
    assert!(!shown.to_lowercase().contains("geheim"), "{shown}");
}

#[test]
fn a_shared_journal_is_what_its_settings_say() {
    let shared = |content: &str| load_with(&home(content), [], &Flags::default()).map(|config| config.nats);
    assert_eq!(shared("").expect("valid"), None);
    assert_eq!(shared("nats = \"\"\nnats_creds = \"none.creds\"\n").expect("valid"), None, "what is not used is not opened");
    assert_eq!(shared("nats_stream = \"hall\"\n").expect("valid"), None, "without a server nothing is shared");
    let nats = shared("nats = \"nats://a:1,tls://b\"\n").expect("valid").expect("shared");
    assert_eq!((nats.urls.len(), nats.stream.as_str(), nats.replicas, nats.size), (2, "confmod", 1, 4 << 30));
    let flags = Flags { nats: Some("nats://c".to_owned()), ..Flags::default() };
    let over = load_with(&home("nats = \"nats://a\"\n"), [("CONFMOD_NATS", "nats://b")], &flags).expect("valid");
    assert_eq!(over.nats.expect("shared").urls, ["nats://c"]);
    for (content, said) in [
        ("nats = \"nats://a\"\nnats_cert = \"c.pem\"\n", "nats_key"),
        ("nats = \"nats://a\"\nnats_creds = \"none.creds\"\n", "there is no file"),
        ("nats_replicas = 9\n", "nats_replicas"),
        ("nats = \"nats://a\"\nnats_nkey = \"x\"\nnats_creds = \"y\"\n", "there is no file"),
        ("metrics = \"0.0.0.0:1\"\n", "metrics"),
    ] {
        let error = shared(content).expect_err(content).to_string();
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn credentials_at_a_server_are_for_one_reader() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = home("nats = \"nats://a\"\nnats_creds = \"desk.creds\"\n");
    let file = home.path().join(".config/confmod/desk.creds");
    fs::write(&file, "geheim").expect("written");
    for (mode, fits) in [(0o640, false), (0o600, true)] {
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).expect("a mode");
        let loaded = load_with(&home, [], &Flags::default());
        assert_eq!(loaded.is_ok(), fits, "{mode:o}");
        assert!(
            loaded.is_ok() || loaded.is_err_and(|error| error.to_string().contains("chmod 600") && !error.to_string().contains("geheim"))
        );
    }
}

#[test]
fn where_only_a_shared_journal_is_read_its_secrets_are_wanted_and_others_are_not() {
    let content = "nats = \"nats://a\"\nnats_creds = \"desk.creds\"\nuserkey_file = \"none\"\n";
    let home = home(content);
    put(&home, ".config/confmod/desk.creds", "x", 0o644);
    let said = load_for(Purpose::Journal, &home, [], &Flags::default()).expect_err("others can read it").to_string();
    assert!(said.contains("chmod 600") && said.contains("desk.creds"), "{said}");
    assert!(load_for(Purpose::Check, &home, [], &Flags::default()).is_ok(), "it has a line of its own there");
    put(&home, ".config/confmod/desk.creds", "x", 0o600);
    assert!(load_for(Purpose::Journal, &home, [], &Flags::default()).is_ok());
    put(&home, ".config/confmod/desk.creds", "x", 0o644);
    put(&home, ".config/confmod/config.toml", &content.replace("nats://a", ""), 0o600);
    assert!(load_for(Purpose::Journal, &home, [], &Flags::default()).is_ok(), "there is no shared journal");
}
