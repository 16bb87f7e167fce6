//! The promise: text from a callback or from the provider never reaches the terminal, the log or the journal
//! in a form that does more than be read.

#![allow(clippy::expect_used, reason = "a failing helper is a failing test")]

mod support;

use std::process::Command;

use support::http::{self, encode};
use support::keys::Key;
use support::provider::Answer;
use support::pty::Console;
use support::screen::Reading;
use support::stage::{Listener, Stage, TOKEN};
use support::{harm, tools};

/// What is planted, by name. Each is recognisable to the byte wherever it comes out again.
const PAYLOADS: [(&str, &[u8]); 16] = [
    ("OSC 52, the clipboard", b"\x1b]52;c;cGxhbnRlZA==\x07"),
    ("OSC 0, the title", b"\x1b]0;planted\x1b\\"),
    ("OSC 8, a link", b"\x1b]8;;http://planted\x1b\\here"),
    ("CSI, a colour", b"\x1b[31;7777m"),
    ("CSI, a question", b"\x1b[7777;6n"),
    ("RIS, a reset", b"\x1bcplanted"),
    ("DCS", b"\x1bP+q706c616e746564\x1b\\"),
    ("C1 CSI", b"\xc2\x9b31;7777m"),
    ("C1 OSC", b"\xc2\x9d52;c;planted\xc2\x9c"),
    ("C1 as a bare byte", b"planted\x9b31;7777m"),
    ("a bidi override", b"planted\xe2\x80\xaetxt"),
    ("a bidi isolate", b"planted\xe2\x81\xa6txt"),
    ("zero width", b"pl\xe2\x80\x8ban\xe2\x80\x8dted\xef\xbb\xbf"),
    ("tag characters", b"planted\xf3\xa0\x81\x81\xf3\xa0\x81\xbf"),
    ("lines", b"planted\r\n2026-11-22 forged line"),
    ("controls", b"planted\x08\x08\x07\x00\x0e"),
];

/// The fields of a callback, each with a spelling, and one that nobody knows.
const FIELDS: [&str; 6] = ["key", "number", "conference", "name", "CALLED", "department"];

/// The form or query of a join in which one field is hostile.
fn join(field: &str, payload: &[u8], number: usize) -> String {
    let mut pairs = vec![
        ("key", format!("call-{number}").into_bytes()),
        ("number", format!("1215701{number:04}").into_bytes()),
        ("conference", b"1122".to_vec()),
        ("name", format!("caller-{number}").into_bytes()),
    ];
    match pairs.iter_mut().find(|(name, _)| *name == field) {
        Some((_, value)) => value.extend_from_slice(payload),
        None => pairs.push((field, payload.to_vec())),
    }
    pairs.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect::<Vec<_>>().join("&")
}

/// Everything that came out anywhere and does more than be read.
fn found(stage: &Stage, console: &Console) -> Vec<String> {
    let mut found = harm::in_terminal(&console.raw());
    found.extend(harm::planted(&console.raw(), &PAYLOADS).into_iter().map(|what| format!("terminal: {what}")));
    found.extend(harm::in_text(&stage.home.log()).into_iter().map(|what| format!("log: {what}")));
    for (path, bytes) in stage.home.files() {
        found.extend(harm::planted(&bytes, &PAYLOADS).into_iter().map(|what| format!("{}: {what}", path.display())));
    }
    found
}

/// The journal as people read it: with the `sqlite3` shell.
fn dump(stage: &Stage) -> Vec<u8> {
    let output = Command::new("sqlite3").arg("-readonly").arg(stage.home.journal()).arg(".dump").output().expect("sqlite3 runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// Walks over every row with the detail pane open, so that everything there is to show was shown.
fn look_at_everything(console: &mut Console, listener: Listener, rows: usize) {
    listener.join(console, "last", "The-last", "4930901820");
    console.send_keys("d");
    for _ in 0..=rows {
        console.press(Key::Down);
    }
    console.press(Key::End);
    // A key whose effect shows that those before it were worked off.
    console.send_keys("m");
    console.wait_for_row("The-last", "muted");
    console.press(Key::Home);
}

fn quit(console: &mut Console) {
    console.press(Key::Ctrl('c'));
    console.send_keys("y");
    console.terminal_is_clean();
}

#[test]
fn no_callback_field_can_do_more_than_be_read() {
    if !tools::require("sqlite3") {
        return;
    }
    let stage = Stage::new();
    let (mut console, listener) = stage.open_as(&stage.setup().env("CONFMOD_LOG", "trace").size(160, 120));
    let mut rows = 0;
    for field in FIELDS {
        for (name, payload) in PAYLOADS {
            rows += 1;
            let pairs = join(field, payload, rows);
            let reply = if rows % 2 == 0 { listener.get("join", &pairs) } else { post(listener, "join", &pairs) };
            assert!([200, 400].contains(&reply.status), "{name} in {field}: {reply:?}");
            assert_eq!(harm::in_text(reply.body.as_bytes()), Vec::<String>::new(), "the answer to {name} in {field}");
            let state = format!("key={}&state={}", encode(format!("call-{rows}")), encode(payload));
            assert!([200, 400].contains(&listener.get("hand", &state).status), "{name} as a hand's state");
        }
    }
    look_at_everything(&mut console, listener, rows);
    console.wait_for_text("caller-1");
    quit(&mut console);
    assert_eq!(found(&stage, &console), Vec::<String>::new());
    assert_eq!(harm::in_text(&dump(&stage)), Vec::<String>::new());
}

#[test]
fn no_path_or_header_can_do_more_than_be_refused() {
    let stage = Stage::new();
    let (mut console, listener) = stage.open_as(&stage.setup().env("CONFMOD_LOG", "trace"));
    for (name, payload) in PAYLOADS {
        for path in [format!("/callback/{}/join?key=1", encode(payload)), format!("/callback/{TOKEN}/{}?key=1", encode(payload))] {
            let status = http::get(listener.address, &path).status;
            assert!([403, 404].contains(&status), "{name} in the path: {status}");
        }
        let head =
            [b"GET /callback/wrong/join?key=1 HTTP/1.1\r\nHost: x\r\nUser-Agent: ", payload, b"\r\nConnection: close\r\n\r\n"].concat();
        // Refused as a request or for its token; whatever is answered must not carry the text on.
        let answer = http::raw(listener.address, &head);
        assert_eq!(harm::planted(&answer, &PAYLOADS), Vec::<String>::new(), "{name} in a header");
    }
    look_at_everything(&mut console, listener, 0);
    quit(&mut console);
    assert_eq!(found(&stage, &console), Vec::<String>::new());
}

#[test]
fn too_much_is_cut_or_refused() {
    let stage = Stage::new();
    let (mut console, listener) = stage.open_as(&stage.setup().size(120, 40));
    // Letters that are piled up: kept as far as they can be read.
    let marks = format!("Zoe{}", "\u{301}".repeat(10_000));
    let reply = post(listener, "join", &format!("key=1&conference=1122&number=12157010680&name={}", encode(&marks)));
    assert_eq!(reply.status, 200, "{reply:?}");
    console.wait_for_text("Zo");
    let piled = console.raw().windows(8).filter(|window| *window == "\u{301}".repeat(4).as_bytes()).count();
    assert_eq!(piled, 0, "more than three marks on one letter");

    let long = "x".repeat(1_000_000);
    assert_eq!(post(listener, "join", &format!("key=2&conference=1122&name={long}")).status, 413);
    let status = listener.get("join", &format!("key=3&conference=1122&name={long}")).status;
    assert!([414, 431].contains(&status), "a query of 1 MB: {status}");
    for field in ["key", "number", "conference"] {
        let pairs =
            ["key", "number", "conference"].map(|name| format!("{name}={}", if name == field { "1".repeat(257) } else { "11".to_owned() }));
        assert_eq!(listener.get("join", &pairs.join("&")).status, 400, "{field} of 257 bytes");
    }
    let name = "Wide".repeat(100);
    listener.tell("join", &format!("key=4&conference=1122&name={name}&number=4930901820"));
    console.wait_for_text("Wide");

    look_at_everything(&mut console, listener, 3);
    assert_eq!(console.screen().count("no number"), 0, "nothing that was refused is a row");
    quit(&mut console);
    assert_eq!(found(&stage, &console), Vec::<String>::new());
    let kept = stage.home.files().iter().any(|(_, bytes)| bytes.windows(300).any(|window| window.iter().all(|byte| *byte == b'x')));
    assert!(!kept, "a field that was refused is in a file");
}

#[test]
fn the_providers_words_can_do_no_more_than_be_read() {
    let stage = Stage::new();
    let (mut console, listener) = stage.open_as(&stage.setup().env("CONFMOD_LOG", "trace").size(120, 40));
    listener.join(&console, "1", "Ada", "12157010680");
    for _ in 0..3 {
        stage.provider.script(Answer::Refuse("refused\u{202e}planted\u{9b}31;7777m\u{200b}!"));
    }
    console.send_keys("m");
    console.wait_for_row("Ada", "failed");
    console.wait_for_text("refused");
    // Not even XML: its beginning is reported.
    let body = b"\x1b]52;c;cGxhbnRlZA==\x07 no answer \x1b[31;7777m";
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\r\n", body.len());
    stage.provider.clear_script();
    stage.provider.script(Answer::Bytes([head.as_bytes(), body].concat()));
    console.send_keys("u");
    console.wait_for_row("Ada", "unknown");
    quit(&mut console);
    assert_eq!(found(&stage, &console), Vec::<String>::new());
}

#[track_caller]
fn post(listener: Listener, kind: &str, form: &str) -> http::Reply {
    http::post(listener.address, &format!("/callback/{TOKEN}/{kind}"), form)
}
