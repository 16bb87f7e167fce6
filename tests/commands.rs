//! The commands that need no terminal, as the real program runs them: exit codes, what is said where, and
//! which files are left behind.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failing helper is a failing test")]

mod support;

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use support::home::{Home, environment};
use support::provider::{Answer, Provider};

const USERKEY: &str = "df141891e2e883904b0b294dc5b79c1c1c13f6d0";

/// One finished run, with everything that it takes to understand a failure.
struct Run {
    told: String,
    code: Option<i32>,
    out: String,
    err: String,
}

impl Run {
    #[track_caller]
    fn ends_with(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}", self.told);
        self
    }

    #[track_caller]
    fn prints(self, text: &str) -> Self {
        assert!(self.out.contains(text), "stdout without {text:?}: {}", self.told);
        self
    }

    #[track_caller]
    fn complains(self, text: &str) -> Self {
        assert!(self.err.contains(text), "stderr without {text:?}: {}", self.told);
        self
    }

    #[track_caller]
    fn keeps_to_itself(self, secret: &str) -> Self {
        assert!(!self.out.contains(secret) && !self.err.contains(secret), "a secret is shown: {}", self.told);
        self
    }

    #[track_caller]
    fn prints_nothing(self) -> Self {
        assert_eq!(self.out, "", "{}", self.told);
        self
    }

    #[track_caller]
    fn complains_of_nothing(self) -> Self {
        assert_eq!(self.err, "", "{}", self.told);
        self
    }
}

fn command(home: &Home, line: &str, variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(support::confmod());
    command.args(line.split_whitespace()).env_clear().envs(environment(home.path())).current_dir(home.path()).stdin(Stdio::null());
    command.envs(variables.iter().copied());
    command
}

fn run(home: &Home, line: &str, variables: &[(&str, &str)]) -> Run {
    finish(command(home, line, variables))
}

fn finish(mut command: Command) -> Run {
    let output = command.output().expect("confmod runs");
    let (out, err) = (String::from_utf8_lossy(&output.stdout).into_owned(), String::from_utf8_lossy(&output.stderr).into_owned());
    let told = format!("{command:?}\nstatus: {}\nstdout:\n{out}\nstderr:\n{err}", output.status);
    let escapes = out.chars().chain(err.chars()).any(|c| c.is_control() && c != '\n');
    assert!(!escapes, "escapes where there is no terminal: {told:?}");
    Run { told, code: output.status.code(), out, err }
}

fn put(home: &Home, name: &str, content: &str, mode: u32) {
    let path = home.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, content).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
}

fn names(home: &Home) -> Vec<String> {
    let relative = |path: &Path| path.strip_prefix(home.path()).unwrap().to_string_lossy().into_owned();
    let mut names: Vec<_> = home.files().iter().map(|(path, _)| relative(path)).collect();
    names.sort();
    names
}

// The console and wrong usage.

#[test]
fn without_a_user_key_it_says_how_to_get_one() {
    let home = Home::new();
    run(&home, "", &[]).ends_with(2).prints_nothing().complains("CONFMOD_USERKEY").complains("userkey_file").complains("confmod demo");
    run(&home, "", &[("CONFMOD_USERKEY", "")]).ends_with(2).complains("confmod demo");
    assert_eq!(names(&home), Vec::<String>::new());
}

#[test]
fn without_a_terminal_it_says_so() {
    let home = Home::new();
    run(&home, "", &[("CONFMOD_USERKEY", USERKEY)]).ends_with(2).prints_nothing().complains("terminal").keeps_to_itself(USERKEY);
}

#[test]
fn a_wrong_configuration_comes_before_everything_else() {
    let home = Home::new();
    run(&home, "--listen nowhere", &[]).ends_with(2).complains("--listen: ").complains("such as 127.0.0.1:8787");
    run(&home, "", &[("CONFMOD_PACE", "0")]).ends_with(2).complains("CONFMOD_PACE: ").complains("1 to 1000");
    let open = [("CONFMOD_LISTEN", "0.0.0.0:1"), ("CONFMOD_CALLBACK_TOKEN", "hushhush")];
    run(&home, "", &open).ends_with(2).complains("CONFMOD_CALLBACK_TOKEN: ").complains("32 characters").keeps_to_itself("hushhush");
}

#[test]
fn without_a_home_directory_it_says_what_to_set() {
    let home = Home::new();
    let mut command = command(&home, "", &[]);
    finish({
        command.env_clear().env("CONFMOD_USERKEY", USERKEY);
        command
    })
    .ends_with(2)
    .complains("HOME is not set")
    .complains("--journal");
}

#[test]
fn wrong_usage_ends_with_2_and_names_the_help() {
    let home = Home::new();
    for line in [
        "frobnicate",
        "--fancy",
        "report --plain",
        "--userkey x",
        "report --format pdf",
        "replay --speed 0",
        "mute --key 1",
        "completions klingon",
        "demo --speed 0",
        "rehearse",
    ] {
        run(&home, line, &[]).ends_with(2).prints_nothing().complains("--help");
    }
}

#[test]
fn every_command_has_help_with_an_example() {
    let home = Home::new();
    let all = run(&home, "--help", &[]).ends_with(0).prints("Examples:").complains_of_nothing();
    for name in ["demo", "rehearse", "mute", "unmute", "kick", "urls", "check", "config", "completions", "man"] {
        assert!(all.out.contains(&format!("  {name} ")), "{}", all.told);
        run(&home, &format!("{name} --help"), &[]).ends_with(0).prints("Example").prints(&format!("confmod {name}"));
    }
    run(&home, "--version", &[]).ends_with(0).prints("confmod ");
    assert_eq!(names(&home), Vec::<String>::new(), "help leaves nothing behind");
}

// Configuration files.

/// The words after `# name: ` at the top of a case.
fn expected(content: &str, name: &str) -> Vec<String> {
    let prefix = format!("# {name}: ");
    content.lines().filter_map(|line| line.strip_prefix(&prefix)).map(str::to_owned).collect()
}

fn cases(kind: &str) -> Vec<(String, String)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config").join(kind);
    let files = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    files.map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read_to_string(&path).unwrap())).collect()
}

#[test]
fn valid_files_set_what_they_say() {
    for (name, content) in cases("valid") {
        let home = Home::new();
        put(&home, &name, &content, 0o644);
        let mut run = run(&home, &format!("config --config {name}"), &[]).ends_with(0).complains_of_nothing();
        for line in expected(&content, "shows") {
            run = run.prints(&line);
        }
    }
}

#[test]
fn invalid_files_are_refused_with_file_line_and_remedy() {
    for (name, content) in cases("invalid") {
        let home = Home::new();
        put(&home, &name, &content, 0o600);
        let [line] = &expected(&content, "line")[..] else { panic!("{name} says on which line it is wrong") };
        let [words] = &expected(&content, "says")[..] else { panic!("{name} says what is wrong") };
        run(&home, &format!("config --config {name}"), &[])
            .ends_with(2)
            .prints_nothing()
            .complains(&format!("{name}, line {line}: "))
            .complains(words)
            .keeps_to_itself("df141891e2e8");
    }
}

#[test]
fn check_looks_at_everything_even_where_secrets_cannot_be_read() {
    let home = Home::new();
    put(&home, "config/confmod/config.toml", "userkey_file = \"absent\"\nsecure_phrase_file = \"open\"\n", 0o600);
    put(&home, "config/confmod/open", "phrase", 0o644);
    let variables = [("CONFMOD_LISTEN", "127.0.0.1:0"), ("CONFMOD_API_URL", "http://127.0.0.1:9/api/v3.asp")];
    let out = run(&home, "check", &variables).ends_with(1).out;
    for words in ["there is no file", "run: chmod 600", "FAIL  user key", "FAIL  provider", "journal"] {
        assert!(out.contains(words), "{words:?} in\n{out}");
    }
    assert!(!out.contains("not checked, because the line above"), "{out}");
}

#[test]
fn a_bad_value_is_an_error_also_where_something_overrides_it() {
    let home = Home::new();
    put(&home, "config/confmod/config.toml", "listen = \"nonsense\"\n", 0o600);
    run(&home, "config", &[("CONFMOD_LISTEN", "127.0.0.1:0")]).ends_with(2).complains("config.toml, line 1: listen: ");
}

#[test]
fn the_usual_file_is_found_and_a_named_one_replaces_it() {
    let home = Home::new();
    put(&home, "config/confmod/config.toml", "pace = 11\n", 0o600);
    put(&home, "other.toml", "parallel = 12\n", 0o600);
    run(&home, "config", &[]).ends_with(0).prints("pace = 11  # ").prints("config.toml, line 1").prints("parallel = 4  # default");
    run(&home, "config --config other.toml", &[]).ends_with(0).prints("pace = 10  # default").prints("parallel = 12");
    run(&home, "--config other.toml config", &[]).ends_with(0).prints("parallel = 12");
    run(&home, "config", &[("CONFMOD_PACE", "13")]).ends_with(0).prints("pace = 13  # CONFMOD_PACE");
    run(&home, "config --config absent.toml", &[]).ends_with(2).complains("absent.toml");
}

#[test]
fn the_printed_default_is_a_file_that_changes_nothing() {
    let home = Home::new();
    let default = run(&home, "config --print-default", &[]).ends_with(0).complains_of_nothing().out;
    assert_eq!(default, fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/config.toml")).unwrap());
    let before = run(&home, "config", &[]).ends_with(0).out;
    put(&home, "config/confmod/config.toml", &default, 0o600);
    let after = run(&home, "config", &[]).ends_with(0).out;
    let settings = |out: &str| out.lines().skip(1).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(settings(&before), settings(&after));
}

#[test]
fn secrets_are_set_and_never_shown() {
    let home = Home::new();
    let variables = [
        ("CONFMOD_USERKEY", USERKEY),
        ("CONFMOD_EMAIL", "ada@example.org"),
        ("CONFMOD_SECURE_PHRASE", "correct horse"),
        ("CONFMOD_CALLBACK_TOKEN", "hushhush"),
    ];
    let mut shown = run(&home, "config", &variables).ends_with(0).prints("# userkey: (set)  # CONFMOD_USERKEY");
    for (_, secret) in variables {
        shown = shown.keeps_to_itself(secret);
    }
}

#[test]
fn a_secret_file_that_others_can_read_is_refused() {
    let home = Home::new();
    put(&home, "config/confmod/config.toml", "userkey_file = \"key\"\n", 0o644);
    put(&home, "config/confmod/key", USERKEY, 0o644);
    let path = home.join("config/confmod/key");
    run(&home, "", &[]).ends_with(2).complains(&format!("chmod 600 {}", path.display())).keeps_to_itself(USERKEY);
    put(&home, "config/confmod/key", USERKEY, 0o600);
    run(&home, "", &[]).ends_with(2).complains("terminal");
}

// One ask.

fn ask(home: &Home, provider: &Provider, line: &str) -> Run {
    let url = provider.url();
    run(home, line, &[("CONFMOD_USERKEY", USERKEY), ("CONFMOD_API_URL", &url)]).keeps_to_itself(USERKEY)
}

#[test]
fn an_accepted_ask_ends_with_0() {
    for (word, action) in [("mute", "MUTE"), ("unmute", "UNMUTE"), ("kick", "KICK")] {
        let (home, provider) = (Home::new(), Provider::start());
        let line = format!("{word} --conference 1122 --key 12312345 --e164 +1-215-701-0680");
        ask(&home, &provider, &line).ends_with(0).prints(word).prints("12157010680").complains_of_nothing();
        let [request] = &provider.requests()[..] else { panic!("one request, not {:?}", provider.requests()) };
        let parameters: Vec<_> = request.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let wanted =
            [("CALLFLOW.INSTANCE.KEY", "12312345"), ("CONFERENCE.NUMBER", "1122"), ("E164", "12157010680"), ("CONFERENCE.ACTION", action)];
        assert_eq!(parameters, wanted);
        assert_eq!(names(&home), Vec::<String>::new(), "no journal, no token, no log");
    }
}

#[test]
fn each_outcome_has_its_exit_code_and_its_words() {
    let cases = [
        (Answer::Success, 0, "accepted", ""),
        (Answer::Refuse("Participant is not in the room"), 3, "refused", "Participant is not in the room"),
        (Answer::Garbage, 4, "unknown", "unknown"),
        (Answer::Cut, 4, "unknown", "unknown"),
        (Answer::Status(502), 4, "unknown", "unknown"),
    ];
    for (answer, code, outcome, words) in cases {
        let (home, provider) = (Home::new(), Provider::start());
        provider.script(answer.clone());
        let run = ask(&home, &provider, "kick --conference 1122 --key 1 --e164 12157010680 --json").ends_with(code).complains(words);
        let record: serde_json::Value = serde_json::from_str(&run.out).unwrap_or_else(|e| panic!("{e}: {}", run.told));
        assert_eq!(record["outcome"], outcome, "{}", run.told);
        assert!(record["answer_ms"].is_u64() && record["detail"].is_string(), "{}", run.told);
        let fields = ["action", "conference", "key", "number"].map(|field| record[field].as_str().unwrap_or_default());
        assert_eq!(fields, ["kick", "1122", "1", "12157010680"], "{}", run.told);
        assert_eq!(run.out.lines().count(), 1, "{}", run.told);
        assert_eq!(provider.requests().len(), 1, "a kick is not repeated after {answer:?}");
    }
}

#[test]
fn a_provider_out_of_reach_ends_with_5() {
    let home = Home::new();
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let variables = [("CONFMOD_USERKEY", USERKEY)];
    let line = format!("--api-url http://{nobody}/ mute --conference 1122 --key 1 --e164 12157010680");
    run(&home, &line, &variables).ends_with(5).prints_nothing().complains("confmod check").keeps_to_itself(USERKEY);
}

#[test]
fn the_conference_may_be_configured() {
    let (home, provider) = (Home::new(), Provider::start());
    ask(&home, &provider, "mute --key 1 --e164 12157010680").ends_with(2).prints_nothing().complains("--conference");
    assert!(provider.requests().is_empty());
    put(&home, "config/confmod/config.toml", "conference = \"77\"\n", 0o600);
    ask(&home, &provider, "mute --key 1 --e164 12157010680").ends_with(0);
    ask(&home, &provider, "--conference 78 mute --key 1 --e164 12157010680").ends_with(0);
    let conferences: Vec<_> = provider.requests().iter().map(|r| r.parameter("CONFERENCE.NUMBER").to_owned()).collect();
    assert_eq!(conferences, ["77", "78"]);
}

#[test]
fn what_is_no_number_is_wrong_usage_and_nothing_is_sent() {
    let (home, provider) = (Home::new(), Provider::start());
    for number in ["anonymous", "$[E164]$", "12", "sip:ada@example.org"] {
        let line = format!("mute --conference 1122 --key 1 --e164 {number}");
        ask(&home, &provider, &line).ends_with(2).prints_nothing().complains("--e164: ");
    }
    ask(&home, &provider, "mute --conference 1122 --key $[CALLFLOW.INSTANCE.KEY]$ --e164 112").ends_with(2).complains("--key: ");
    assert!(provider.requests().is_empty());
}

#[test]
fn an_ask_without_a_user_key_is_refused() {
    let home = Home::new();
    run(&home, "mute --conference 1122 --key 1 --e164 12157010680", &[]).ends_with(2).prints_nothing().complains("CONFMOD_USERKEY");
}

#[test]
fn a_signal_ends_a_waiting_ask_at_once() {
    use rustix::process::{Pid, Signal, kill_process};
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
        let (home, provider) = (Home::new(), Provider::start());
        provider.script(Answer::Hang);
        let url = provider.url();
        let variables = [("CONFMOD_USERKEY", USERKEY), ("CONFMOD_API_URL", url.as_str())];
        let mut command = command(&home, "mute --conference 1122 --key 1 --e164 12157010680", &variables);
        let child: Child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        provider.wait_for_request(1);
        kill_process(Pid::from_child(&child), signal).unwrap();
        let output = child.wait_with_output().unwrap();
        let err = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{signal:?}: {} {err}", output.status);
        assert!(err.contains("unknown") && output.stdout.is_empty(), "{err}");
    }
}

// URLs.

#[test]
fn urls_hold_the_token_and_stay_the_same() {
    let home = Home::new();
    let first = run(&home, "urls --conference 1122", &[]).ends_with(0).complains_of_nothing().prints("cannot reach http://127.0.0.1:8787");
    let token = fs::read_to_string(home.join("data/confmod/callback_token")).unwrap();
    assert!(token.trim().len() >= 43, "{}", first.told);
    for kind in ["start", "join", "leave", "hand"] {
        assert!(first.out.contains(&format!("http://127.0.0.1:8787/callback/{}/{kind}?", token.trim())), "{}", first.told);
    }
    assert!(first.out.contains("&CONFERENCE.NUMBER=1122"), "{}", first.told);
    assert_eq!(run(&home, "urls --conference 1122", &[]).out, first.out);
    let modes: Vec<_> = ["data/confmod", "data/confmod/callback_token"]
        .iter()
        .map(|name| fs::metadata(home.join(name)).unwrap().permissions().mode() & 0o777)
        .collect();
    assert_eq!(modes, [0o700, 0o600]);
    assert_eq!(names(&home), ["data/confmod/callback_token"]);
}

#[test]
fn two_that_start_at_once_print_the_same_urls() {
    let home = Home::new();
    let children: Vec<Child> = (0..6).map(|_| command(&home, "urls", &[]).stdout(Stdio::piped()).spawn().unwrap()).collect();
    let outputs: Vec<_> = children.into_iter().map(|child| child.wait_with_output().unwrap().stdout).collect();
    assert!(outputs.iter().all(|out| *out == outputs[0] && !out.is_empty()));
}

#[test]
fn a_public_url_replaces_the_listeners_address() {
    let home = Home::new();
    let token = [("CONFMOD_CALLBACK_TOKEN", "hushhush")];
    let flag = run(&home, "urls --public-url https://calls.example.org/", &token).ends_with(0);
    assert!(flag.out.contains("https://calls.example.org/callback/hushhush/join?") && !flag.out.contains("cannot reach"), "{}", flag.told);
    put(&home, "config/confmod/config.toml", "public_url = \"https://other.example.org\"\n", 0o600);
    run(&home, "urls", &token).ends_with(0).prints("https://other.example.org/callback/hushhush/");
    run(&home, "urls --public-url https://a:b@example.org", &token).ends_with(2).complains("--public-url");
}

// The check.

/// A provider that answers every request the same, and what it was sent.
fn any_answer(answer: &'static str) -> (SocketAddr, std::sync::mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = vec![0; 8192];
            let read = stream.read(&mut request).unwrap();
            let _ = sender.send(String::from_utf8_lossy(&request[..read]).into_owned());
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    (address, receiver)
}

fn free_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

const NOT_FOUND: &str = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

#[test]
fn a_sound_installation_passes_and_neither_key_nor_ask_leaves() {
    let home = Home::new();
    let (provider, sent) = any_answer(NOT_FOUND);
    let line = format!("check --api-url http://{provider}/api/v3.asp --listen {}", free_port());
    let run = run(&home, &line, &[("CONFMOD_USERKEY", USERKEY)]).ends_with(0).complains_of_nothing().keeps_to_itself(USERKEY);
    for name in ["configuration", "secret files", "user key", "journal", "port", "provider", "clock"] {
        assert!(run.out.lines().any(|line| line.starts_with(&format!("ok    {name} "))), "{name}: {}", run.told);
    }
    let request = sent.recv().unwrap();
    assert!(!request.contains(USERKEY) && !request.contains("CONFERENCE") && !request.starts_with("POST"), "{request}");
    assert_eq!(names(&home), Vec::<String>::new(), "nothing is made");
}

#[test]
fn what_does_not_hold_is_told_with_its_remedy() {
    let home = Home::new();
    put(&home, "data/confmod/callback_token", "hushhush", 0o644);
    put(&home, "data/confmod/journal.sqlite", "these are my notes of today", 0o600);
    let (taken, _sent) = any_answer(NOT_FOUND);
    let nobody = free_port();
    run(&home, &format!("check --api-url http://{nobody}/ --listen {taken}"), &[])
        .ends_with(1)
        .prints("FAIL  secret files   ")
        .prints("chmod 600")
        .prints("FAIL  user key       is not set; set CONFMOD_USERKEY")
        .prints("FAIL  journal        ")
        .prints("FAIL  port           ")
        .prints("--listen")
        .prints("FAIL  provider       ")
        .prints("ok    clock          ")
        .complains("5 preconditions do not hold")
        .keeps_to_itself("hushhush");
}

#[test]
fn the_contacts_file_is_counted_and_its_first_slip_is_named() {
    let home = Home::new();
    let (provider, _) = any_answer(NOT_FOUND);
    let line = format!("check --api-url http://{provider}/ --listen {}", free_port());
    let key = [("CONFMOD_USERKEY", USERKEY)];
    run(&home, &line, &key).ends_with(0).prints("--    contacts       there is no ");
    put(&home, "config/confmod/contacts.csv", "number,name\n12157010680,Ada\n4930901820,Ben\n", 0o644);
    run(&home, &line, &key).ends_with(0).prints("ok    contacts       ").prints("contacts.csv has 2 rows\n");
    put(&home, "config/confmod/contacts.csv", "number,name\n12157010680,Ada\n12a,Ben\nx,Zoe\n", 0o644);
    run(&home, &line, &key)
        .ends_with(0)
        .prints("contacts.csv has 1 row; 2 lines skipped: contacts.csv line 3: \"12a\" is no number: skipped; and 1 more in it\n");
    put(&home, "config/confmod/config.toml", "contacts = \"people.csv\"\n", 0o600);
    run(&home, &line, &key).ends_with(1).prints("FAIL  contacts       there is no file ").prints("people.csv; make it");
    put(&home, "config/confmod/people.csv", "phone,name\n1,Ada\n", 0o644);
    run(&home, &line, &key).ends_with(1).prints("FAIL  contacts       people.csv line 1 names columns");
}

#[test]
fn a_running_confmod_on_the_port_is_no_failure() {
    let home = Home::new();
    let (provider, _) = any_answer(NOT_FOUND);
    let (running, _) = any_answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
    let line = format!("check --api-url http://{provider}/ --listen {running}");
    run(&home, &line, &[("CONFMOD_USERKEY", USERKEY)]).ends_with(0).prints("a running confmod answers");
}

#[test]
fn a_clock_that_is_off_is_a_failure() {
    let home = Home::new();
    let dated = "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let (provider, _) = any_answer(dated);
    let line = format!("check --api-url http://{provider}/ --listen {}", free_port());
    run(&home, &line, &[("CONFMOD_USERKEY", USERKEY)]).ends_with(1).prints("FAIL  clock          is ").prints("ahead of the provider's");
}

#[test]
fn a_wrong_configuration_ends_the_check_with_2() {
    let home = Home::new();
    put(&home, "config/confmod/config.toml", "pace = 0\n", 0o600);
    let run = run(&home, "check", &[]).ends_with(2).prints("FAIL  configuration  ").prints("line 1: pace: ").prints("--    provider ");
    assert_eq!(run.out.lines().count(), 13, "{}", run.told);
}

// What shells and readers of manuals get.

#[test]
fn completions_and_the_manual_page_are_printed() {
    let home = Home::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = command(&home, &format!("completions {shell}"), &[]).output().unwrap();
        let script = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && script.contains("confmod") && script.contains("unmute"), "{shell}: {script}");
    }
    let page = run(&home, "man", &[]).ends_with(0).complains_of_nothing().prints(".TH confmod 1").prints("CONFMOD KICK");
    for command in ["demo", "rehearse", "mute", "urls", "check", "config"] {
        assert!(page.out.contains(&format!("confmod {command}")), "{}", page.told);
    }
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let home = Home::new();
    let mut child = command(&home, "man", &[]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_full_disk_is_told() {
    let home = Home::new();
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = command(&home, "config --print-default", &[]).stdout(full).stderr(Stdio::piped()).output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(1) && err.contains("standard output"), "{} {err}", output.status);
}
