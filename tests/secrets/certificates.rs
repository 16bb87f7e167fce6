//! The promise: certificate checks cannot be switched off, and the user key goes nowhere in clear text.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use super::planted::{Forms, USERKEY};
use super::tls::{Authority, Server, Shows, Trap, success, trust};
use crate::support::home::{Home, environment};
use crate::support::provider::Provider;
use crate::support::tools;

const ASK: [&str; 7] = ["mute", "--conference", "1122", "--key", "1", "--e164", "12157010680"];

/// One ask from a script: its exit code and all that it said.
fn ask(home: &Home, url: &str, variables: &[(&str, String)]) -> (Option<i32>, String) {
    let mut command = Command::new(crate::support::confmod());
    command.args(ASK).args(["--api-url", url]).env_clear().envs(environment(home.path())).current_dir(home.path()).stdin(Stdio::null());
    command.env("CONFMOD_USERKEY", USERKEY).envs(variables.iter().map(|(name, value)| (name, value)));
    let output = command.output().expect("confmod runs");
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert_eq!(Forms::all().found_in(&said, said.as_bytes()), Vec::<String>::new());
    (output.status.code(), said)
}

#[test]
fn a_wrong_certificate_of_any_kind_gets_no_byte_of_the_request() {
    use Shows::{Expired, ForClients, NotYet, OtherHost, Right, SelfSigned, Strangers};
    let authority = Authority::new();
    std::thread::scope(|scope| {
        for shows in [Right, SelfSigned, Strangers, OtherHost, Expired, NotYet, ForClients] {
            let authority = &authority;
            scope.spawn(move || {
                let (home, server) = (Home::new(), Server::start(authority, shows, &success()));
                // The one authority is trusted, so that every other server is refused for its own fault alone.
                trust(&home, authority);
                let (code, said) = ask(&home, &server.url(), &[]);
                let told = server.told();
                if shows == Right {
                    assert_eq!((code, told.requests.len()), (Some(0), 1), "{said}");
                    return;
                }
                assert_eq!(code, Some(5), "{shows:?}: {said}");
                assert!(said.contains("certificate") && said.contains("no connection"), "{shows:?}: {said}");
                assert_eq!(told.requests, Vec::<String>::new(), "{shows:?}");
                assert!(told.connections > 0, "{shows:?} was asked");
            });
        }
        let authority = &authority;
        scope.spawn(move || {
            let (home, server) = (Home::new(), Server::start(authority, Right, &success()));
            let (code, said) = ask(&home, &server.url(), &[]);
            assert!(code == Some(5) && said.contains("certificate"), "an authority that nobody named: {said}");
            assert_eq!(server.told().requests, Vec::<String>::new());
            trust(&home, authority);
            let (code, said) = ask(&home, &format!("https://localhost:{}/", server.address.port()), &[]);
            assert!(code == Some(5) && said.contains("certificate"), "the name is looked at, whoever signed: {said}");
            assert_eq!(server.told().requests, Vec::<String>::new());
        });
    });
}

/// Variables by which other programs trust more, ask elsewhere, or write session keys down.
fn persuasions(home: &Home, proxy: &Trap) -> Vec<(&'static str, String)> {
    let file = home.join("ca.pem").display().to_string();
    let proxy = format!("http://{}", proxy.address);
    let mut all = Vec::new();
    for name in ["SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "RUSTLS_CERT_FILE", "CONFMOD_API_CA_FILE"]
    {
        all.push((name, file.clone()));
    }
    all.push(("SSL_CERT_DIR", home.path().display().to_string()));
    for name in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "HTTP_PROXY", "http_proxy"] {
        all.push((name, proxy.clone()));
    }
    all.push(("NODE_TLS_REJECT_UNAUTHORIZED", "0".to_owned()));
    for name in ["GIT_SSL_NO_VERIFY", "PYTHONHTTPSVERIFY", "REQWEST_INSECURE", "RUSTLS_INSECURE", "CONFMOD_INSECURE"] {
        all.push((name, "1".to_owned()));
    }
    all.push(("SSLKEYLOGFILE", home.join("session-keys").display().to_string()));
    all
}

#[test]
fn no_variable_trusts_more_asks_elsewhere_or_writes_session_keys() {
    let (home, authority, proxy) = (Home::new(), Authority::new(), Trap::set());
    fs::write(home.join("ca.pem"), authority.pem()).unwrap();
    let server = Server::start(&authority, Shows::Right, &success());
    let persuasions = persuasions(&home, &proxy);
    let (code, said) = ask(&home, &server.url(), &persuasions);
    assert!(code == Some(5) && said.contains("certificate"), "{said}");
    assert_eq!(server.told().requests, Vec::<String>::new());
    trust(&home, &authority);
    let (code, said) = ask(&home, &server.url(), &persuasions);
    assert_eq!((code, server.told().requests.len()), (Some(0), 1), "{said}");
    assert_eq!(proxy.knocked(), 0, "a proxy was asked");
    assert!(!home.join("session-keys").exists(), "keys of the session were written down");
}

#[test]
fn no_flag_and_no_key_switches_the_check_off() {
    let home = Home::new();
    for flag in ["--insecure", "-k", "--no-verify", "--danger-accept-invalid-certs", "--no-check-certificate", "--proxy"] {
        let output = Command::new(crate::support::confmod()).args(ASK).arg(flag).env_clear().envs(environment(home.path())).output();
        assert_eq!(output.unwrap().status.code(), Some(2), "{flag}");
    }
    let keys = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/config.toml")).unwrap();
    let settings = keys.lines().filter_map(|line| line.trim_start_matches(['#', ' ']).split_once(" = ").map(|(key, _)| key.to_owned()));
    for key in settings {
        let suspicious = ["insecure", "verify", "danger", "invalid", "trust", "proxy_url", "tls_"].iter().any(|word| key.contains(word));
        assert!(!suspicious, "the setting {key}");
    }
}

/// What in a source file weakens TLS or asks a proxy.
const WEAKENING: [&str; 14] = [
    "danger",
    "accept_invalid",
    "ServerCertVerifier",
    "with_custom_certificate_verifier",
    "tls_certs_only",
    "tls_built_in",
    "KeyLog",
    "key_log",
    "Proxy::",
    "use_preconfigured_tls",
    "https_only(false)",
    "redirect::Policy::limited",
    "redirect::Policy::custom",
    "set_certificate_verifier",
];

#[test]
fn the_sources_have_no_way_round_a_certificate() {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut read = 0;
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let source = fs::read_to_string(&path).unwrap();
            read += 1;
            // `dangerous` is confmod's own word for a command that wants a second thought.
            let source = source.replace("dangerous", "");
            let code = source.lines().filter(|line| !line.trim_start().starts_with("//"));
            let found: Vec<_> = code.filter(|line| WEAKENING.iter().any(|word| line.contains(word))).collect();
            assert!(found.is_empty(), "{}: {found:?}", path.display());
        }
    }
    assert!(read > 100, "the sources were not found");
    let client = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/bridge/anveo/client.rs")).unwrap();
    for guard in [".no_proxy()", "redirect::Policy::none()", ".referer(false)", "webpki_roots::TLS_SERVER_ROOTS"] {
        assert!(client.contains(guard), "the client has no {guard}");
    }
}

#[test]
fn clear_text_goes_to_this_machine_alone() {
    let home = Home::new();
    for url in [
        "http://www.anveo.com/api/v3.asp",
        "http://localhost.evil.example/",
        "http://localhost./",
        "http://127.0.0.1.nip.io/",
        "http://[::ffff:8.8.8.8]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::]/",
        "http://0.0.0.0/",
        "http://0/",
        "http://128.0.0.1/",
        "http://134744072/",
        "http://0x08080808/",
        "http://10.0.0.1/",
        "http://169.254.169.254/",
        "http://localhost@evil.example/",
        "http://127.0.0.1@evil.example/",
        "http://127.0.0.1:80@evil.example/",
        "http:\\\\evil.example/",
        "http:evil.example",
        "HTTP://EVIL.EXAMPLE/",
        "http://evil.example#@127.0.0.1/",
        "ftp://127.0.0.1/",
        "ws://127.0.0.1/",
        "//127.0.0.1/",
        "127.0.0.1:80",
    ] {
        let (code, said) = ask(&home, url, &[]);
        assert!(code == Some(2) && said.contains("--api-url"), "{url}: {code:?} {said}");
    }
}

#[test]
fn a_redirect_is_not_followed() {
    let authority = Authority::new();
    for status in [301, 302, 303, 307, 308] {
        let (home, trap) = (Home::new(), Trap::set());
        trust(&home, &authority);
        let answer = format!("HTTP/1.1 {status} Elsewhere\r\nLocation: http://{}/api/v3.asp\r\nContent-Length: 0\r\n\r\n", trap.address);
        let server = Server::start(&authority, Shows::Right, &answer);
        let (code, said) = ask(&home, &server.url(), &[]);
        assert!(matches!(code, Some(3 | 4)), "{status}: {code:?} {said}");
        assert_eq!(server.told().requests.len(), 1, "{status}");
        assert_eq!(trap.knocked(), 0, "{status} led the user key elsewhere");
    }
}

#[test]
fn localhost_is_this_machine_whatever_a_name_service_says() {
    if !tools::require("strace") {
        return;
    }
    let (home, provider) = (Home::new(), Provider::start());
    let calls = home.join("calls");
    let url = format!("http://localhost:{}/api/v3.asp", provider.address().port());
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-e", "trace=openat,open,connect", "-o"]).arg(&calls).arg(crate::support::confmod());
    command.args(ASK).args(["--api-url", &url]).env_clear().envs(environment(home.path())).env("CONFMOD_USERKEY", USERKEY);
    // Without it the system is asked who the user is.
    command.env("LOGNAME", "ada");
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let calls = fs::read_to_string(calls).unwrap();
    assert!(calls.contains("inet_addr(\"127.0.0.1\")"), "it was connected to:\n{calls}");
    for line in calls.lines() {
        let asked = ["/etc/hosts", "resolv.conf", "nscd", "resolve"].iter().any(|service| line.contains(service));
        assert!(!asked, "a name service was asked: {line}");
        assert!(!line.contains("connect(") || line.contains("127.0.0.1") || line.contains("::1"), "{line}");
    }
}
