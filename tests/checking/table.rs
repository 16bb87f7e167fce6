//! What can be wrong, one row each: how it is broken, and what the check says.

use std::fs;
use std::time::{Duration, SystemTime};

use rusqlite::Connection;

use super::Row;
use super::tls::{Authority, Server, Shows, success};
use super::world::{World, answering, free_port, silent};

const HOUR: Duration = Duration::from_hours(1);

const KEY: &str = "df141891e2e883904b0b294dc5b079c1c1c13f6d";

/// A journal that the program has made, with something changed in it.
fn journal_with(world: &mut World, sql: &str) {
    world.start_console();
    world.held.clear();
    wait_for_no_holder(world);
    Connection::open(world.home.join("data/confmod/journal.sqlite")).unwrap().execute_batch(sql).unwrap();
}

/// A console that was ended lets go of its journal a moment later.
fn wait_for_no_holder(world: &World) {
    let lock = fs::File::open(world.home.join("data/confmod/journal.sqlite.lock")).unwrap();
    lock.lock_shared().unwrap();
}

fn no_userkey(world: &mut World) {
    world.unset("CONFMOD_USERKEY");
}

fn tls(world: &mut World, shows: Shows) {
    let authority = Authority::new();
    let server = Server::start(&authority, shows, &success());
    world.set_file("config/confmod/ca.pem", &authority.pem(), 0o644);
    world.configure("api_ca_file = \"ca.pem\"\n");
    world.set("CONFMOD_API_URL", server.url());
}

fn redirects(world: &mut World, status: u16) {
    let answer = format!("HTTP/1.1 {status} Elsewhere\r\nLocation: https://example.org/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    world.set("CONFMOD_API_URL", format!("http://{}/", answering(&answer)));
}

fn dated(world: &mut World, time: SystemTime) {
    let date = httpdate::fmt_http_date(time);
    let answer = format!("HTTP/1.1 200 OK\r\nDate: {date}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    world.set("CONFMOD_API_URL", format!("http://{}/", answering(&answer)));
}

pub(crate) const ROWS: &[Row] = &[
    // The configuration.
    ("a bad value in a variable", |w| w.set("CONFMOD_PACE", "0"), "configuration", &["CONFMOD_PACE: ", "1 to 1000"], 2),
    ("a bad value in a flag", |w| w.args = vec!["--listen".into(), "here".into()], "configuration", &["--listen: ", "such as"], 2),
    ("a named file that is missing", |w| w.args = vec!["--config".into(), "absent.toml".into()], "configuration", &["there is no file"], 2),
    (
        "a configuration that others can change",
        |w| w.set_mode("config/confmod/config.toml", 0o646),
        "configuration",
        &["others can change it", "chmod o-w"],
        2,
    ),
    (
        "a configuration in a folder that others can change",
        |w| w.set_mode("config/confmod", 0o777),
        "configuration",
        &["others can put a file of theirs", "chmod o-w"],
        2,
    ),
    (
        "no home",
        |w| w.through = ["env", "-u", "HOME", "-u", "XDG_DATA_HOME", "-u", "XDG_STATE_HOME"].map(str::to_owned).into(),
        "configuration",
        &["HOME is not set", "--journal"],
        2,
    ),
    (
        "clear text to another machine",
        |w| w.set("CONFMOD_API_URL", "http://www.anveo.com/"),
        "configuration",
        &["clear text", "https://"],
        2,
    ),
    (
        "a short token for everybody",
        |w| {
            w.set("CONFMOD_LISTEN", "0.0.0.0:0");
            w.set("CONFMOD_CALLBACK_TOKEN", "short");
        },
        "configuration",
        &["CONFMOD_CALLBACK_TOKEN", "32 characters"],
        2,
    ),
    ("a key bound twice", |w| w.configure("[keys]\nkick = \"m\"\n"), "configuration", &["bound twice", "another key"], 2),
    // Files with secrets.
    (
        "a previous token in a configuration that others can read",
        |w| {
            w.configure("callback_token_previous = \"hushhush\"\n");
            w.set_mode("config/confmod/config.toml", 0o644);
        },
        "secret files",
        &["previous callback token", "chmod 600"],
        2,
    ),
    (
        "a token that others can read",
        |w| {
            w.set_file("data/confmod/callback_token", "hushhush", 0o644);
        },
        "secret files",
        &["callback token", "chmod 600"],
        1,
    ),
    (
        "a token in a folder that others can change",
        |w| {
            w.set_file("data/confmod/callback_token", "hushhush", 0o600);
            w.set_mode("data/confmod", 0o777);
        },
        "secret files",
        &["others can put a file of theirs", "chmod o-w"],
        1,
    ),
    ("a token that is none", |w| w.set_file("data/confmod/callback_token", "not a token", 0o600), "secret files", &["A-Z a-z"], 1),
    (
        "a short token in its file, for everybody",
        |w| {
            w.set_file("data/confmod/callback_token", "short", 0o600);
            w.set("CONFMOD_LISTEN", "0.0.0.0:0");
        },
        "secret files",
        &["32 characters", "openssl"],
        1,
    ),
    (
        "a Secure Phrase that others can read",
        |w| {
            w.unset("CONFMOD_SECURE_PHRASE");
            w.set_file("config/confmod/phrase", "phrase", 0o640);
            w.configure("secure_phrase_file = \"phrase\"\n");
        },
        "secret files",
        &["Secure Phrase", "chmod 600"],
        1,
    ),
    (
        "a Secure Phrase of two lines",
        |w| {
            w.unset("CONFMOD_SECURE_PHRASE");
            w.set_file("config/confmod/phrase", "two\nlines", 0o600);
            w.configure("secure_phrase_file = \"phrase\"\n");
        },
        "secret files",
        &["on one line"],
        1,
    ),
    // What the provider knows the account by.
    ("no user key", no_userkey, "user key", &["is not set", "userkey_file"], 1),
    ("an e-mail alone", |w| w.unset("CONFMOD_SECURE_PHRASE"), "signature", &["not signed", "CONFMOD_SECURE_PHRASE"], 1),
    ("a Secure Phrase alone", |w| w.unset("CONFMOD_EMAIL"), "signature", &["not signed", "CONFMOD_EMAIL"], 1),
    // The journal.
    ("a journal that another one writes", World::start_console, "journal", &["is being written by", "--journal"], 1),
    ("a journal of a newer format", |w| journal_with(w, "PRAGMA user_version = 99"), "journal", &["newer confmod", "update"], 1),
    ("a journal of something else", |w| journal_with(w, "PRAGMA application_id = 7"), "journal", &["something else", "--journal"], 1),
    (
        "notes in place of a journal",
        |w| w.set_file("data/confmod/journal.sqlite", "my notes of today", 0o600),
        "journal",
        &["no journal"],
        1,
    ),
    ("a folder in place of a journal", |w| fs::create_dir(w.path("data/confmod/journal.sqlite")).unwrap(), "journal", &["is no file"], 1),
    ("a journal where nothing can be made", |w| w.set("CONFMOD_JOURNAL", "/proc/nowhere/journal.sqlite"), "journal", &["--journal"], 1),
    // Contacts, reports, log.
    (
        "a table of contacts that is missing",
        |w| w.configure("contacts = \"absent.csv\"\n"),
        "contacts",
        &["there is no file", "make it"],
        1,
    ),
    (
        "a table of contacts without numbers",
        |w| w.set_file("config/confmod/contacts.csv", "phone,name\n1,Ada\n", 0o644),
        "contacts",
        &["names columns"],
        1,
    ),
    (
        "a file in place of the folder for reports",
        |w| w.set_file("data/confmod/reports", "", 0o600),
        "reports",
        &["is no folder", "`reports`"],
        1,
    ),
    (
        "reports where nothing can be made",
        |w| w.configure("reports = \"/proc/nowhere\"\n"),
        "reports",
        &["cannot be written", "`reports`"],
        1,
    ),
    ("a log where nothing can be made", |w| w.configure("log = \"/proc/nowhere/log\"\n"), "log", &["cannot be written", "--log"], 1),
    ("a folder in place of the log", |w| w.configure("log = \"/tmp\"\n"), "log", &["is a folder", "--log"], 1),
    // The way in.
    ("everybody a proxy", |w| w.configure("proxies = [\"0.0.0.0/0\"]\n"), "callbacks", &["anybody can say", "your proxies alone"], 1),
    (
        "an allow-list that lets nobody through",
        |w| w.configure("allow = [\"203.0.113.0/24\"]\n"),
        "callbacks",
        &["proxies = [\"127.0.0.1\"]"],
        1,
    ),
    (
        "a public URL of this machine alone",
        |w| w.set_file("config/confmod/config.toml", "public_url = \"https://127.0.0.1\"\n", 0o600),
        "callbacks",
        &["cannot reach public_url", "public name"],
        1,
    ),
    (
        "a public URL in clear text",
        |w| w.set_file("config/confmod/config.toml", "public_url = \"http://calls.example.org\"\n", 0o600),
        "callbacks",
        &["plain http", "https://"],
        1,
    ),
    // The port.
    (
        "a port that a web server has",
        |w| w.set("CONFMOD_LISTEN", answering("HTTP/1.1 200 OK\r\n\r\n<html>").to_string()),
        "port",
        &["another program", "--listen"],
        1,
    ),
    (
        "a port that something silent has",
        |w| {
            let (listener, address) = silent();
            w.held.push(Box::new(listener));
            w.set("CONFMOD_LISTEN", address.to_string());
        },
        "port",
        &["another program", "--listen"],
        1,
    ),
    (
        "a confmod that takes no callbacks",
        |w| w.set("CONFMOD_LISTEN", answering("HTTP/1.1 503 Service Unavailable\r\n\r\nthe disk is gone").to_string()),
        "port",
        &["the disk is gone", "mend that"],
        1,
    ),
    ("an address of another machine", |w| w.set("CONFMOD_LISTEN", "192.0.2.1:8787"), "port", &["cannot be listened on", "--listen"], 1),
    (
        "too few open files",
        |w| w.through = ["sh", "-c", "ulimit -n 80; exec \"$0\" \"$@\""].map(str::to_owned).into(),
        "open files",
        &[],
        1,
    ),
    // The provider.
    (
        "a provider out of reach",
        |w| w.set("CONFMOD_API_URL", format!("http://{}/", free_port())),
        "provider",
        &["no connection", "api_url"],
        1,
    ),
    (
        "a name that nobody has",
        |w| w.set("CONFMOD_API_URL", "https://api.invalid/"),
        "provider",
        &["no connection to api.invalid", "name service"],
        1,
    ),
    ("a certificate signed by itself", |w| tls(w, Shows::SelfSigned), "provider", &["certificate", "api_ca_file"], 1),
    ("a certificate of a stranger", |w| tls(w, Shows::Strangers), "provider", &["certificate", "api_ca_file"], 1),
    ("a certificate for another host", |w| tls(w, Shows::OtherHost), "provider", &["certificate", "api_url"], 1),
    ("a certificate of long ago", |w| tls(w, Shows::Expired), "provider", &["certificate"], 1),
    ("a certificate of the future", |w| tls(w, Shows::NotYet), "provider", &["certificate"], 1),
    (
        "authorities that are missing",
        |w| w.configure("api_ca_file = \"absent.pem\"\n"),
        "provider",
        &["api_ca_file", "absent.pem", "PEM"],
        1,
    ),
    (
        "authorities that are none",
        |w| {
            w.set_file("config/confmod/ca.pem", KEY, 0o644);
            w.configure("api_ca_file = \"ca.pem\"\n");
        },
        "provider",
        &["api_ca_file", "no certificate"],
        1,
    ),
    ("a provider that has moved", |w| redirects(w, 301), "provider", &["elsewhere", "api_url"], 1),
    ("a provider that sends on", |w| redirects(w, 307), "provider", &["elsewhere", "api_url"], 1),
    (
        "a server that speaks no HTTP",
        |w| w.set("CONFMOD_API_URL", format!("http://{}/", answering("SSH-2.0-x\r\n"))),
        "provider",
        &["broke", "api_url"],
        1,
    ),
    // The clock.
    ("a clock that is ahead", |w| dated(w, SystemTime::now() - HOUR), "clock", &["ahead of the provider's", "NTP"], 1),
    ("a clock that is behind", |w| dated(w, SystemTime::now() + HOUR), "clock", &["behind the provider's", "NTP"], 1),
];
