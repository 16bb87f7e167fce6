//! The tests' own tools, tried on programs whose behaviour is known before the console is judged with them.

mod support;
#[path = "support/svg.rs"]
mod svg;

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use rustix::process::Signal;
use support::home::Home;
use support::keys::{Key, Mouse};
use support::provider::{Answer, Provider};
use support::pty::{Console, Setup};
use support::screen::Reading;
use support::wires::Wires;
use support::{harm, http, tools};

fn shell(home: &Home, script: &str) -> Console {
    Setup::new("/bin/sh", home).args(["-c", script]).start()
}

/// What a console writes when it begins, and when it ends.
const ENTER: &str = r"\033[?1049h\033[?25l\033[?1000h\033[?1002h\033[?1003h\033[?1006h\033[?2004h";
const LEAVE: &str = r"\033[?1006l\033[?1003l\033[?1002l\033[?1000l\033[?2004l\033[?25h\033[?1049l";

#[test]
fn a_screen_is_seen_as_a_person_sees_it() {
    let home = Home::new();
    let console = shell(&home, r"printf 'wrong\033[2J\033[3;5H\033[1;31mAda\033[0m  unmuting\n'; read wait");
    console.wait_for_text("Ada");
    assert_eq!(console.row_of("Ada"), Some(2));
    console.wait_for_row("Ada", "unmuting");
    let screen = console.screen();
    assert!(!screen.row_says("Ada", "muting"), "a word is a whole word");
    assert!(!screen.says("wrong"), "what was erased is not on the screen: {}", screen.text());
    let cell = screen.cell_at("Ada").expect("a cell");
    assert!(cell.bold() && cell.fgcolor() == vt100::Color::Idx(1), "{cell:?}");
    assert_eq!(screen.count("Ada"), 1);
}

#[test]
fn half_a_frame_is_not_looked_at() {
    let home = Home::new();
    let mut console = shell(&home, r"printf '\033[?2026h half'; read go; printf ' whole\033[?2026l'; read wait");
    console.wait_for_bytes(|raw| raw.ends_with(b"half"), "the first half");
    console.press(Key::Enter);
    console.wait_for_text("half");
    assert!(console.screen_text().contains("whole"));
}

#[test]
fn the_environment_is_the_tests_own() {
    let home = Home::new();
    let console = Setup::new("/usr/bin/env", &home).env("CONFMOD_USERKEY", "k").size(200, 50).start();
    assert_eq!(console.exit_code(), 0);
    let mut names: Vec<_> = console.screen().lines().iter().filter_map(|line| Some(line.split_once('=')?.0.to_owned())).collect();
    names.sort();
    // SHELL is the pseudo-terminal library's addition.
    let expected = "CONFMOD_USERKEY HOME LANG PATH SHELL TERM XDG_CACHE_HOME XDG_CONFIG_HOME XDG_DATA_HOME XDG_RUNTIME_DIR XDG_STATE_HOME";
    assert_eq!(names.join(" "), expected);
    console.wait_for_text(&format!("HOME={}", home.path().display()));
}

#[test]
fn keys_arrive_as_a_terminal_sends_them() {
    let home = Home::new();
    let mut console = shell(&home, "stty raw -echo; printf ready; dd bs=1 count=23 2>/dev/null | od -An -tx1 -v");
    console.wait_for_text("ready");
    console.send_keys("mk");
    for key in [Key::Enter, Key::Esc, Key::Down, Key::F1, Key::Delete, Key::Ctrl('C')] {
        console.press(key);
    }
    console.mouse(Mouse::Click, 4, 9);
    assert_eq!(console.exit_code(), 0);
    let text = console.screen_text().replace([' ', '\n'], "");
    // dd takes the first bytes of the mouse's report; the rest is not read.
    assert!(text.contains(&format!("6d6b0d1b{}{}{}03", "1b5b42", "1b4f50", "1b5b337e")), "{text}");
    assert!(text.contains("031b5b3c303b31303b"), "{text}");
}

#[test]
fn keys_have_names() {
    assert_eq!(Key::named("Down"), Some(Key::Down));
    assert_eq!(Key::named("m"), Some(Key::Char('m')));
    assert_eq!(Key::named("?"), Some(Key::Char('?')));
    assert_eq!(Key::named("Ctrl-C"), Some(Key::Ctrl('c')));
    assert_eq!(Key::named("ctrl-"), None);
    assert_eq!(Key::named("sideways"), None);
}

#[test]
fn a_window_can_change_its_size() {
    let home = Home::new();
    let console = shell(&home, r"trap 'stty size; exit 0' WINCH; stty size; while :; do sleep 0.05; done");
    console.wait_for_text("24 80");
    console.resize(132, 43);
    assert_eq!(console.exit_code(), 0);
    assert!(console.screen().says("43 132"), "{}", console.screen_text());
}

#[test]
fn exit_codes_are_those_a_shell_shows() {
    let home = Home::new();
    assert_eq!(shell(&home, "exit 7").exit_code(), 7);
    let console = shell(&home, "printf up; read wait");
    console.wait_for_text("up");
    console.signal(Signal::TERM);
    assert_eq!(console.exit_code(), 143);
    assert!(console.exit_status().code().is_none(), "and a death by signal can be told apart");
    let console = shell(&home, "printf up; read wait");
    console.kill9();
    assert_eq!(console.exit_code(), 137);
}

#[test]
fn ctrl_c_is_typed_not_sent() {
    let home = Home::new();
    let mut console = shell(&home, "trap 'exit 42' INT; printf up; while :; do sleep 0.05; done");
    console.wait_for_text("up");
    console.press(Key::Ctrl('c'));
    assert_eq!(console.exit_code(), 42);
}

#[test]
fn closing_the_window_hangs_up() {
    let home = Home::new();
    let mark = home.join("hung-up");
    let mut console = shell(&home, &format!("trap 'touch {}; exit 0' HUP; printf up; while :; do sleep 0.05; done", mark.display()));
    console.wait_for_text("up");
    console.hang_up();
    assert_eq!(console.exit_code(), 0);
    assert!(mark.exists());
}

#[test]
fn a_terminal_left_as_it_was_found_is_clean() {
    let home = Home::new();
    let console = shell(&home, &format!("was=$(stty -g); stty raw -echo; printf '{ENTER}\\033[1;41m at work \\033[0m{LEAVE}'; stty $was"));
    console.terminal_is_clean();
}

#[test]
fn whatever_is_left_behind_is_named() {
    let home = Home::new();
    for (script, fault) in [
        (LEAVE.replace(r"\033[?1049l", ""), "?1049"),
        (LEAVE.replace(r"\033[?25h", ""), "?25"),
        (LEAVE.replace(r"\033[?1000l", ""), "?1000"),
        (LEAVE.replace(r"\033[?1003l", ""), "?1003"),
        (LEAVE.replace(r"\033[?1006l", ""), "?1006"),
        (LEAVE.replace(r"\033[?2004l", ""), "?2004"),
        (format!("{LEAVE}\\033[?2026h"), "?2026"),
        (format!("\\033[>1u{LEAVE}"), "keyboard"),
        (format!("{LEAVE}\\033[31m"), "coloured"),
        (format!("{LEAVE}oops"), "prompt"),
    ] {
        let console = shell(&home, &format!("printf '{ENTER}{script}'"));
        console.exit_code();
        let faults = console.left_behind();
        assert_eq!(faults.iter().filter(|found| found.contains(fault)).count(), 1, "{fault}: {faults:?}");
        assert!(catch_unwind(AssertUnwindSafe(|| console.terminal_is_clean())).is_err());
    }
    let console = shell(&home, "stty raw -echo");
    console.exit_code();
    let faults = console.left_behind();
    for name in ["line editing", "echo", "Ctrl-C as a signal", "what becomes of input", "what becomes of output"] {
        assert!(faults.contains(&format!("{name} is not as it was")), "{name}: {faults:?}");
    }
    assert_eq!(faults.iter().filter(|fault| fault.contains("line itself")).count(), 0, "{faults:?}");
}

#[test]
fn a_wait_in_vain_ends_with_the_program_and_tells_all() {
    let home = Home::new();
    std::fs::create_dir_all(home.join("state/confmod")).expect("a log directory");
    std::fs::write(home.join("state/confmod/confmod.log"), "the log's words").expect("a log");
    let console = shell(&home, "echo seen on the screen; exit 3");
    let panic = catch_unwind(AssertUnwindSafe(|| console.wait_for_text("never shown"))).expect_err("it cannot come");
    let report = panic.downcast_ref::<String>().expect("words");
    for part in ["never shown", "/bin/sh -c", "seen on the screen", "exit status: 3", "the log's words", "bytes: "] {
        assert!(report.contains(part), "{part:?} is missing in {report}");
    }
}

#[test]
fn harm_is_recognised() {
    for harmless in ["\x1b[2J\x1b[1;1H\x1b[38;2;1;2;3mAda\x1b[0m\r\n", "\x1b[?1049h\x1b[?2026l\x1b(B", "Zoë 王 👩 é"] {
        assert_eq!(harm::in_terminal(harmless.as_bytes()), Vec::<String>::new(), "{harmless:?}");
    }
    for harmful in [
        "\x1b]52;c;x\x07",
        "\x1b]0;t\x1b\\",
        "\x1bPq\x1b\\",
        "\x1b[6n",
        "\x1b[c",
        "\x1b[21t",
        "\x1bc",
        "a\u{202e}b",
        "\u{9b}31m",
        "\u{200b}",
        "\x07",
    ] {
        assert!(!harm::in_terminal(harmful.as_bytes()).is_empty(), "{harmful:?}");
    }
    assert!(!harm::in_terminal(b"\x9b31m").is_empty(), "C1 as a bare byte");
    assert_eq!(harm::in_text("a\tb\nZoë".as_bytes()), Vec::<String>::new());
    for harmful in ["a\x1b[1mb", "a\rb", "a\u{85}b", "a\u{2066}b", "\x7f"] {
        assert!(!harm::in_text(harmful.as_bytes()).is_empty(), "{harmful:?}");
    }
    assert_eq!(harm::planted(b"xx\x1b]52yy", &[("osc", b"\x1b]52"), ("csi", b"\x1b[")]), ["osc at byte 2"]);
}

#[test]
fn a_picture_holds_what_the_screen_shows() {
    let home = Home::new();
    let console = shell(&home, r"printf '\033[1;32mAda & <Co>\033[0m │ \347\216\213 \033[7mmarked\033[0m'; read wait");
    console.wait_for_text("marked");
    let picture = svg::draw(&console.screen(), "confmod <demo>");
    let document = roxmltree::Document::parse(&picture).expect("well-formed");
    let texts: Vec<_> = document.descendants().filter(|node| node.has_tag_name(("http://www.w3.org/2000/svg", "text"))).collect();
    let words: Vec<_> = texts.iter().filter_map(roxmltree::Node::text).collect();
    assert_eq!(words, ["Ada", "&", "<Co>", "王", "marked"], "words are text, lines are shapes: {picture}");
    assert_eq!(texts[0].attribute("font-weight"), Some("700"));
    // Cells are 8.4 wide and begin after a margin of 18; the wide character takes two.
    let column =
        |node: &roxmltree::Node<'_, '_>| node.attribute("x").and_then(|x| x.parse::<f64>().ok()).map(|x| ((x - 18.0) / 8.4).round());
    assert_eq!(texts.iter().filter_map(column).collect::<Vec<_>>(), [0.0, 4.0, 6.0, 13.0, 16.0]);
}

// ---- the provider

const MUTE: &str = "<?xml version=\"1.0\" standalone=\"no\" ?>\n\
    <REQUEST><USERTOKEN><USERKEY>secret</USERKEY></USERTOKEN>\
    <ACTION NAME=\"CALLFLOW.INSTANCE.CONFERENCE.ACTION\">\
    <PARAMETER NAME=\"CALLFLOW.INSTANCE.KEY\">12312345</PARAMETER>\
    <PARAMETER NAME=\"CONFERENCE.NUMBER\">1122</PARAMETER>\
    <PARAMETER NAME=\"E164\">12157010680</PARAMETER>\
    <PARAMETER NAME=\"CONFERENCE.ACTION\">MUTE</PARAMETER>\
    </ACTION></REQUEST>";

/// Content type and Accept as documented.
const HEADERS: &str = "Content-Type: application/xml; charset=UTF-8\r\nAccept: application/xml; charset=UTF-8\r\n";

fn request(body: &str) -> String {
    format!("POST /api/v3.asp HTTP/1.1\r\nHost: x\r\n{HEADERS}Content-Length: {}\r\n\r\n{body}", body.len())
}

#[test]
fn the_provider_takes_what_is_documented() {
    let provider = Provider::start();
    // Two on one connection; the second answer closes it, so that reading comes to an end.
    let both = request(MUTE) + &request(&MUTE.replace("MUTE", "KICK"));
    provider.script(Answer::Refuse("no such <call>"));
    provider.script(Answer::Bytes(b"HTTP/1.1 200 OK\r\n\r\n".to_vec()));
    let answer = String::from_utf8(http::raw(provider.address(), both.as_bytes())).expect("text");
    assert!(answer.contains("<ERROR>no such &lt;call></ERROR>"), "{answer}");
    let first = provider.wait_for_request(1);
    assert_eq!((first.action(), first.key(), first.body.as_str()), ("MUTE", "12312345", MUTE));
    assert_eq!(first.header("Accept"), Some("application/xml; charset=UTF-8"));
    let second = provider.wait_for_action("KICK", "12312345");
    assert_eq!(second.connection, first.connection);
    assert_eq!(provider.requests().len(), 2);
}

#[test]
fn the_provider_complains_of_everything_else() {
    let provider = Provider::start();
    let good = request(MUTE);
    let bodies = [
        MUTE.replacen("<?xml version=\"1.0\" standalone=\"no\" ?>", "<?xml version=\"1.0\"?>", 1),
        MUTE.replace("REQUEST", "Request"),
        MUTE.replace("secret", ""),
        MUTE.replace("12157010680", "+12157010680"),
        MUTE.replace(">MUTE<", ">mute<"),
        MUTE.replace("CONFERENCE.NUMBER", "NUMBER"),
        MUTE.replace("CALLFLOW.INSTANCE.CONFERENCE.ACTION", "CONFERENCE"),
        MUTE.replace("</ACTION>", "<PARAMETER NAME=\"TEST\">1</PARAMETER></ACTION>"),
        MUTE.replace("<ACTION ", "<ACTION ID=\"1\" "),
        MUTE.replace("<PARAMETER NAME=\"CALLF", "<PARAMETER NAME=\"SIGNATURE\">ABC</PARAMETER><PARAMETER NAME=\"CALLF"),
        MUTE.replace("</REQUEST>", "<!-- x --></REQUEST>"),
        String::new(),
    ];
    let heads = [
        good.replace("POST ", "PUT "),
        good.replace("/api/v3.asp", "/api/v2.asp"),
        good.replace("Accept: application/xml; charset=UTF-8", "Accept: */*"),
        good.replace("Content-Type: application/xml; charset=UTF-8", "Content-Type: text/xml"),
    ];
    for (number, bad) in (1..).zip(bodies.iter().map(|body| request(body)).chain(heads)) {
        let stream = TcpStream::connect(provider.address()).expect("a connection");
        std::io::Write::write_all(&mut &stream, bad.as_bytes()).expect("a request");
        provider.wait_for_request(number);
        assert_eq!(provider.take_complaints().len(), 1, "{bad}");
    }
    let signed = "<PARAMETER NAME=\"SIGNATURE\">0123456789abcdef0123456789abcdef01234567</PARAMETER><PARAMETER NAME=\"CALLF";
    let stream = TcpStream::connect(provider.address()).expect("a connection");
    std::io::Write::write_all(&mut &stream, request(&MUTE.replace("<PARAMETER NAME=\"CALLF", signed)).as_bytes()).expect("a request");
    provider.wait_for_action("MUTE", "12312345");
}

#[test]
fn complaints_nobody_looked_at_fail_the_test() {
    let provider = Provider::start();
    let stream = TcpStream::connect(provider.address()).expect("a connection");
    std::io::Write::write_all(&mut &stream, b"GET / HTTP/1.1\r\n\r\n").expect("a request");
    provider.wait_for_request(1);
    assert!(catch_unwind(AssertUnwindSafe(|| drop(provider))).is_err());
}

#[test]
fn the_provider_answers_curl_as_scripted() {
    if !tools::require("curl") {
        return;
    }
    let provider = Provider::start();
    let url = provider.url();
    let kind = "Content-Type: application/xml; charset=UTF-8";
    let ask = || http::curl(&["-H", kind, "-H", "Accept: application/xml; charset=UTF-8", "--data-binary", MUTE, &url]);
    for answer in [Answer::Success, Answer::Refuse("not today"), Answer::Garbage, Answer::Status(503)] {
        provider.script(answer);
    }
    let (status, body) = ask();
    assert_eq!((status, body.contains("<RESULT>SUCCESS</RESULT>")), (200, true), "{body}");
    let (status, body) = ask();
    assert_eq!((status, body.contains("<ERROR>not today</ERROR>")), (200, true), "{body}");
    let (status, body) = ask();
    assert_eq!((status, body.contains("RESPONSE")), (200, false), "{body}");
    assert_eq!(ask().0, 503);
    assert_eq!(ask().0, 200, "an empty script is success");
    provider.script(Answer::Cut);
    assert!(catch_unwind(ask).is_err(), "a cut connection is no answer");
    assert_eq!(provider.requests().len(), 6);
}

#[test]
fn the_clients_agree() {
    let provider = Provider::start();
    provider.script(Answer::Bytes(b"HTTP/1.1 418 Teapot\r\nX-Kind: Short\r\n\r\nstout".to_vec()));
    let reply = http::ask(provider.address(), request(MUTE).as_bytes());
    assert_eq!((reply.status, reply.header("x-kind"), reply.body.as_str()), (418, Some("Short"), "stout"));
    assert_eq!(http::encode("a b+\u{202e}"), "a%20b%2B%E2%80%AE");
}

/// A silence that is one.
const SILENCE: Duration = Duration::from_millis(100);

#[test]
fn what_is_cut_says_nothing_and_goes_on_once_it_is_mended() {
    let server = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let wires = Wires::lay(1);
    let port = wires.passage([None, Some(0)], server.local_addr().expect("an address").port());
    let mut near = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("a connection");
    let (mut far, _) = server.accept().expect("it is taken");
    let mut said = [0; 5];
    near.write_all(b"hello").expect("it is sent");
    far.read_exact(&mut said).expect("it arrives");
    assert_eq!(&said, b"hello");

    wires.cut(0);
    near.write_all(b"there").expect("it is sent");
    far.set_read_timeout(Some(SILENCE)).expect("a bound");
    assert_eq!(far.read(&mut said).expect_err("nothing comes").kind(), ErrorKind::WouldBlock);
    let door = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    assert_eq!(TcpStream::connect_timeout(&door, SILENCE).expect_err("none comes about").kind(), ErrorKind::TimedOut);

    wires.mend(0);
    far.set_read_timeout(None).expect("no bound");
    far.read_exact(&mut said).expect("it arrives");
    assert_eq!(&said, b"there");
    far.write_all(b"again").expect("it is sent");
    near.read_exact(&mut said).expect("it arrives");
    assert_eq!(&said, b"again");
    let mut late = TcpStream::connect(door).expect("a connection");
    drop(near);
    // Those that were there to fill the door come to the server, too.
    late.write_all(b"later").expect("it is sent");
    let found = server.incoming().flatten().any(|mut stream| stream.read_exact(&mut said).is_ok() && &said == b"later");
    assert!(found);
}
