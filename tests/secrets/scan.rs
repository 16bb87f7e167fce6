//! The promise: no secret is in any place but those it was put into, after a run that exercised everything.

use std::fs;
use std::process::{Command, Output, Stdio};

use super::planted::{EMAIL, Forms, Given, KEPT_IN, PHRASE, PREVIOUS, TOKEN, USERKEY, in_files, path, put, setup, signature, variables};
use super::tls::{Authority, Server, Shows, success};
use crate::support::home::{Home, environment};
use crate::support::http;
use crate::support::keys::Key;
use crate::support::provider::Answer;
use crate::support::pty::Console;
use crate::support::scale::{Figures, full};
use crate::support::screen::Reading as _;
use crate::support::stage::{Listener, Stage};
use crate::support::tools;

/// Whatever came out of the program, by the place it came out at.
#[derive(Default)]
struct Evidence(Vec<(String, Vec<u8>)>);

impl Evidence {
    fn add(&mut self, place: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        self.0.push((place.into(), bytes.into()));
    }

    fn add_output(&mut self, place: &str, output: Output) {
        self.add(format!("the output of {place}"), output.stdout);
        self.add(format!("the errors of {place}"), output.stderr);
    }

    /// What the system shows of the process to others: command line and thread names, and its user what it was
    /// started with. Nothing in it was started from it.
    fn add_process(&mut self, console: &Console, given: Given) {
        let of = |name: &str| fs::read(format!("/proc/{}/{name}", console.pid())).unwrap_or_default();
        let command = of("cmdline");
        assert!(!command.is_empty(), "the process list was read");
        self.add("the process list", command);
        if given == Given::ByFiles {
            self.add("the environment", of("environ"));
        }
        for thread in fs::read_dir(format!("/proc/{}/task", console.pid())).into_iter().flatten().flatten() {
            self.add("the name of a thread", fs::read(thread.path().join("comm")).unwrap_or_default());
            let children = fs::read_to_string(thread.path().join("children")).unwrap_or_default();
            assert_eq!(children, "", "confmod starts no other program");
        }
    }

    fn leaks(&self, forms: &Forms) -> Vec<String> {
        self.0.iter().flat_map(|(place, bytes)| forms.found_in(place, bytes)).collect()
    }
}

fn command(home: &Home, line: &str, variables: &[(&'static str, std::ffi::OsString)]) -> Output {
    let mut command = Command::new(crate::support::confmod());
    command.args(line.split_whitespace()).env_clear().envs(environment(home.path()));
    command.envs(variables.iter().cloned()).current_dir(home.path()).stdin(Stdio::null());
    command.output().expect("confmod runs")
}

/// Callbacks right and wrong, with the tokens where they belong and where they do not.
fn call_back(listener: Listener, evidence: &mut Evidence) -> usize {
    let to = listener.address;
    let mut answers = Vec::new();
    for (token, key) in [(TOKEN, "ada"), (PREVIOUS, "ben")] {
        for kind in ["start", "join", "hand", "join", "leave", "join"] {
            let query = format!("key={key}&number=12157010680&name={key}&CALLED=49309018200&flow=gold");
            let reply = http::get(to, &path(token, kind, &query));
            assert_eq!(reply.status, 200);
            answers.push(reply);
        }
        let long = "x".repeat(70_000);
        let wrong = [
            path(&token[..token.len() - 1], "join", "key=1"),
            path(&format!("{token}x"), "join", "key=1"),
            path(&token.to_uppercase(), "join", "key=1"),
            path("wrong", "join", &format!("token={token}")),
            path("wrong", token, "key=1"),
            path(token, "join", ""),
            path(token, "join", "key=$[CALLFLOW.INSTANCE.KEY]$"),
            path(token, "dance", "key=1"),
            path(token, token, "key=1"),
            path(token, "join", &format!("key={}", &long[..20_000])),
            format!("/{token}"),
            format!("/callback/{token}"),
        ];
        // At once, because whoever knows no token is made to wait.
        let refused: Vec<_> = std::thread::scope(|scope| {
            let all: Vec<_> = wrong.iter().map(|path| scope.spawn(|| http::get(to, path))).collect();
            all.into_iter().map(|one| one.join().expect("an answer")).collect()
        });
        assert!(refused.iter().all(|reply| (400..500).contains(&reply.status)), "{refused:?}");
        answers.extend(refused);
        let head =
            format!("Host: {to}\r\nReferer: http://{to}/callback/{token}/join\r\nAuthorization: Bearer {token}\r\nConnection: close");
        for request in [
            format!("DELETE /callback/{token}/join?key=1 HTTP/1.1\r\n{head}\r\n\r\n"),
            format!("GET /callback/wrong/join?key=1 HTTP/1.1\r\n{head}\r\nX-Forwarded-For: {token}\r\n\r\n"),
            format!("POST /callback/{token}/join HTTP/1.1\r\n{head}\r\nContent-Length: 70000\r\n\r\n{long}"),
            format!("POST /callback/{token}/join HTTP/1.1\r\n{head}\r\nContent-Type: text/xml\r\nContent-Length: 5\r\n\r\n<a/>x"),
            format!("GET /callback/{token}/join?key=1 HTTP/9.9\r\n{head}\r\n\r\n"),
            format!("{token}\r\n\r\n"),
        ] {
            answers.push(http::ask(to, request.as_bytes()));
        }
    }
    let count = answers.len();
    for reply in answers {
        evidence.add("the answer to a callback", format!("{reply:?}"));
    }
    count
}

/// Waits until her row says in which state she is, and what was asked last.
#[track_caller]
fn ada_says(console: &Console, state: &str, last: &str) {
    let says = |line: &String| line.contains("ada ") && line.contains(state) && line.contains(last);
    console.wait_for(|screen| screen.lines().iter().any(says), &format!("ada's row to say {state} and{last}"));
}

/// Everything that an ask can end as, with answers that repeat the question and all that belongs to it.
fn ask(stage: &Stage, console: &mut Console) {
    let echo = format!("no such key {USERKEY} of {EMAIL} with {PHRASE} and {}", signature());
    // Kept for as long as the test runs, because a script holds what is known when it is written.
    let words: &'static str = Box::leak(echo.clone().into_boxed_str());
    let page = format!("<html><body>{echo}</body></html>");
    let page = format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\r\n{page}", page.len()).into_bytes();
    let broken = format!("HTTP/1.1 500 {USERKEY}\r\nX-Echo: {}\r\nContent-Length: 3\r\n\r\nno!", signature()).into_bytes();
    let nonsense = format!("{USERKEY} {}\r\n\r\n", signature()).into_bytes();
    let thrice = |answer: Answer| vec![answer; 3];
    for (answers, word) in [
        (vec![Answer::Bytes(page)], "unknown"),
        (vec![Answer::Bytes(broken)], "unknown"),
        (thrice(Answer::Bytes(nonsense)), "unknown"),
        (thrice(Answer::Status(502)), "unknown"),
        (thrice(Answer::Cut), "unknown"),
        // Within seconds after a join an error is asked about again.
        (vec![Answer::Refuse(words); 8], "failed"),
    ] {
        for answer in answers {
            stage.provider.script(answer);
        }
        console.send_keys("m");
        ada_says(console, word, " mute ");
        stage.provider.clear_script();
        console.send_keys("u");
        ada_says(console, "open", "unmute accepted");
    }
    if full() {
        stage.provider.script(Answer::Hang);
        console.send_keys("m");
        ada_says(console, "unknown", " mute ");
    }
}

/// Every pane, dialog and list of the console.
fn look_around(console: &mut Console) {
    for (keys, shown) in [("?", "take back the last mute"), (":unreach", "unreachable")] {
        console.send_keys(keys);
        console.wait_for_text(shown);
        console.press(Key::Esc);
        console.wait_for(|screen| !screen.says(shown), "the list to go");
    }
    console.send_keys("d");
    console.wait_for_text("gold");
    console.send_keys("H");
    console.send_keys("p");
    console.wait_for_text("*****80");
    console.send_keys("p");
    console.wait_for(|screen| !screen.says("*****80"), "the digits again");
    console.send_keys("c");
    console.wait_for(|screen| screen.notice().contains("copied") || screen.says("opied"), "the number copied");
    console.send_keys("w");
    console.wait_for(|screen| screen.says(".html"), "the report's name");
}

/// What can be done beside a running console. Only `urls` prints a secret, the token, on purpose.
fn beside(stage: &Stage, given: Given, evidence: &mut Evidence) {
    let variables = variables(stage, given);
    for line in [
        "report",
        "report --audit",
        "report --format json",
        "report --format html -o report.html",
        "report --mask --format html",
        "config",
        "config --print-default",
        "check",
        "man",
        "completions bash",
        "completions zsh",
        "--help",
        "--plain",
        "replay --plain --speed 64",
        "mute --conference 1122 --key 1 --e164 12157010680 --json",
        "kick --conference 1122 --key 1 --e164 12157010680",
        "mute --conference 1122 --key 1 --e164 nobody",
    ] {
        evidence.add_output(line, command(&stage.home, line, &variables));
    }
    let urls = command(&stage.home, "urls", &variables);
    let printed = String::from_utf8_lossy(&urls.stdout).into_owned();
    let token = TOKEN.replace('~', "%7E");
    assert!(printed.contains(&format!("/callback/{token}/join?")), "the one place for the token: {printed}");
    evidence.add("the output of urls, but for the token", printed.replace(&token, "").into_bytes());
    evidence.add("the errors of urls", urls.stderr);
    // A provider whose certificate nobody vouches for.
    let server = Server::start(&Authority::new(), Shows::SelfSigned, &success());
    let line = format!("mute --conference 1122 --key 1 --e164 12157010680 --api-url {}", server.url());
    evidence.add_output("an ask that found a wrong certificate", command(&stage.home, &line, &variables));
}

fn everything(given: Given) {
    let (stage, forms, mut evidence) = (Stage::new(), Forms::all(), Evidence::default());
    let (mut console, listener) = stage.open_as(&setup(&stage, given).size(160, 48));
    let callbacks = call_back(listener, &mut evidence);
    console.wait_for_row("ada", "open");
    ask(&stage, &mut console);
    look_around(&mut console);
    beside(&stage, given, &mut evidence);
    evidence.add_process(&console, given);
    // With the journal's write-ahead log, which goes when it is closed.
    let mut leaks = in_files(&stage.home, &forms, &KEPT_IN);
    let asks = stage.provider.requests().len();
    // What `check` sends carries no ask, which this provider does not know.
    let complaints = stage.provider.take_complaints();
    assert!(complaints.iter().all(|complaint| complaint.contains("HEAD")), "{complaints:?}");
    let mut posted = stage.provider.requests().into_iter().filter(|request| request.head.starts_with("POST"));
    assert!(posted.all(|request| request.parameter("SIGNATURE") == signature()), "asks are signed");
    console.send_keys("q");
    console.wait_for_text("quit?");
    console.send_keys("y");
    assert_eq!(console.exit_code(), 0);
    evidence.add("the terminal", console.raw());
    leaks.extend(evidence.leaks(&forms));
    leaks.extend(in_files(&stage.home, &forms, &KEPT_IN));
    assert_eq!(leaks, Vec::<String>::new());
    let log = String::from_utf8_lossy(&stage.home.log()).into_owned();
    assert!(log.contains("refused a callback"), "the log was searched: {log}");
    let others: Vec<_> = log.lines().filter(|line| !line.contains(" confmod::")).collect();
    assert!(others.is_empty(), "records of other than confmod: {others:?}");
    assert!(!stage.home.join("tls-keys").exists(), "keys of a TLS session were written down");
    Figures::of(if given == Given::ByFiles { "secrets from files stay secret" } else { "secrets from the environment stay secret" })
        .with(callbacks, "callbacks right and wrong")
        .with(asks, "requests")
        .with(evidence.0.len() + stage.home.files().len(), "places searched")
        .with(forms.len(), "forms searched for")
        .with(leaks.len(), "found")
        .tell();
}

#[test]
fn secrets_from_the_environment_are_nowhere_after_a_run_that_did_everything() {
    everything(Given::ByEnvironment);
}

#[test]
fn secrets_from_files_are_nowhere_after_a_run_that_did_everything() {
    everything(Given::ByFiles);
}

#[test]
fn no_other_program_is_started() {
    if !tools::require("strace") {
        return;
    }
    let (stage, mut evidence) = (Stage::new(), Evidence::default());
    let calls = stage.home.join("calls");
    let traced = setup(&stage, Given::ByEnvironment)
        .size(160, 48)
        .through("strace", ["-f", "-qq", "--seccomp-bpf", "-e", "trace=execve,execveat,fork,vfork", "-o", calls.to_str().unwrap()]);
    let (mut console, listener) = stage.open_as(&traced);
    call_back(listener, &mut evidence);
    console.wait_for_row("ada", "open");
    look_around(&mut console);
    console.send_keys("m");
    console.wait_for_row("ada", "muted");
    console.send_keys("qy");
    assert_eq!(console.exit_code(), 0);
    let calls = fs::read_to_string(calls).unwrap();
    assert_eq!(calls.lines().filter(|line| line.contains('(')).count(), 1, "only its own start:\n{calls}");
}

#[test]
fn a_demo_shows_no_secret_of_a_real_installation() {
    let (stage, forms, mut evidence) = (Stage::new(), Forms::all(), Evidence::default());
    let temporary = stage.home.join("tmp");
    fs::create_dir(&temporary).unwrap();
    let console = setup(&stage, Given::ByEnvironment).args(["demo", "--plain"]).env("TMPDIR", &temporary).start();
    console.wait_for_text("joined");
    evidence.add_process(&console, Given::ByEnvironment);
    let mut leaks = in_files(&stage.home, &forms, &KEPT_IN);
    console.signal(rustix::process::Signal::TERM);
    assert_eq!(console.exit_code(), 143);
    evidence.add("the terminal", console.raw());
    leaks.extend(evidence.leaks(&forms));
    assert_eq!(leaks, Vec::<String>::new());
}

/// A slip: variables, the configuration, and what must be said about it.
type Slip = (Vec<(&'static str, String)>, String, &'static str);

/// What people put into the wrong place.
fn misplaced() -> Vec<Slip> {
    let variable = |name, value: &str| (vec![(name, value.to_owned())], String::new(), name);
    let file = |text: String, says| (Vec::new(), text, says);
    let mut all = vec![
        variable("CONFMOD_USERKEY", &format!("{USERKEY} {USERKEY}")),
        variable("CONFMOD_USERKEY", &USERKEY.repeat(40)),
        variable("CONFMOD_USERKEY", &format!("{USERKEY}\u{1b}[2J")),
        variable("CONFMOD_SECURE_PHRASE", &format!("{PHRASE}\n{PHRASE}")),
        variable("CONFMOD_EMAIL", &EMAIL.replace('@', " at ")),
        variable("CONFMOD_EMAIL", &format!("{PHRASE}@")),
        variable("CONFMOD_CALLBACK_TOKEN", &format!("{TOKEN}/")),
        variable("CONFMOD_CALLBACK_TOKEN", &format!("{TOKEN}%41")),
        variable("CONFMOD_CALLBACK_TOKEN", &TOKEN.repeat(9)),
        variable("CONFMOD_API_URL", &format!("https://ada:{TOKEN}@www.anveo.com/")),
        variable("CONFMOD_API_URL", &format!("http://{TOKEN}@127.0.0.1/")),
        variable("CONFMOD_API_URL", &format!("http://www.anveo.com/?{TOKEN}")),
        file(format!("pace = 10\nuserkey = {USERKEY:?}\n"), "line 2"),
        file(format!("pace = 10\nuserkey = {TOKEN}\n"), "line 2"),
        file(format!("secure_phrase = {PHRASE:?}\n"), "line 1"),
        file(format!("callback_token = \"{TOKEN}\"\n"), "line 1"),
        file(format!("callback_token_previous = \"{TOKEN}/\"\n"), "line 1"),
        file(format!("callback_token_previous = \"{TOKEN}\n"), "line 1"),
        file(format!("callback_token_previous = '{TOKEN}\"\n"), "line 1"),
        file(format!("callback_token_previous = {TOKEN}\n"), "line 1"),
        file(format!("callback_token_previous {TOKEN}\n"), "line 1"),
        file(format!("callback_token_previous = [\"{TOKEN}\"]\n"), "line 1"),
        file(format!("callback_token_previous = \"{TOKEN}\" \"{PREVIOUS}\"\n"), "line 1"),
        file(format!("callback_token_previous = \"{TOKEN}\"\ncallback_token_previous = \"{PREVIOUS}\"\n"), "line 2"),
        file(format!("email = {:?}\n", EMAIL.replace('@', " at ")), "line 1"),
        file(format!("public_url = \"https://{TOKEN}@example.org\"\n"), "line 1"),
        file("userkey_file = \"df141891e2e883904b0b294dc5b079c1c1c13f6d\"\n".to_owned(), "put the file's path here"),
    ];
    for (name, key) in [("userkey", "userkey_file"), ("phrase", "secure_phrase_file")] {
        all.push(file(format!("{key} = \"{name}-open\"\n"), "chmod 600"));
        all.push(file(format!("{key} = \"{name}-bytes\"\n"), "is not text"));
        all.push(file(format!("{key} = \"{name}-lines\"\n"), "alone, on one line"));
        all.push(file(format!("{key} = \"{name}-long\"\n"), "too long"));
        all.push(file(format!("{key} = \"{name}-none\"\n"), "put the "));
    }
    all
}

#[test]
fn an_error_of_configuration_repeats_no_secret() {
    let (home, forms) = (Home::new(), Forms::all());
    for (name, secret) in [("userkey", USERKEY), ("phrase", PHRASE)] {
        put(&home, &format!("config/confmod/{name}-open"), secret, 0o644);
        put(&home, &format!("config/confmod/{name}-lines"), &format!("{secret}\n{secret}"), 0o600);
        put(&home, &format!("config/confmod/{name}-long"), &secret.repeat(3_000), 0o600);
        put(&home, &format!("config/confmod/{name}-none"), " \n", 0o600);
        put(&home, &format!("config/confmod/{name}-bytes"), "", 0o600);
        fs::write(home.join(&format!("config/confmod/{name}-bytes")), [secret.as_bytes(), b"\xff\xfe"].concat()).unwrap();
    }
    for (variables, toml, says) in misplaced() {
        put(&home, "config/confmod/config.toml", &toml, 0o600);
        let variables: Vec<_> = variables.into_iter().map(|(name, value)| (name, value.into())).collect();
        for line in ["config", "check --listen 127.0.0.1:0", "mute --conference 1 --key 1 --e164 12157010680", ""] {
            let output = command(&home, line, &variables);
            let said = [output.stdout, output.stderr].concat();
            let told = format!("confmod {line} with {variables:?} and {toml:?}: {} {}", output.status, String::from_utf8_lossy(&said));
            assert!(matches!(output.status.code(), Some(1 | 2)), "{told}");
            assert!(String::from_utf8_lossy(&said).contains(says), "{told}");
            assert_eq!(forms.found_in(&told, &said), Vec::<String>::new());
            assert!(!String::from_utf8_lossy(&said).contains("df141891e2e8"), "{told}");
        }
    }
}
