//! The promise: the list never moves under a hand, every key does what the table says, and any terminal will do.

mod support;

use support::keys::{Key, Mouse};
use support::provider::Answer;
use support::pty::{Console, Setup};
use support::screen::Reading;
use support::stage::{Listener, Stage, TOKEN};

const CALLERS: [(&str, &str, &str); 3] = [("1", "Mia", "12157010680"), ("2", "Ben", "4930901820"), ("3", "Zoe", "33142685300")];

/// A console on 80 columns and 24 rows with Mia, Ben and Zoe in it, in this order, Mia under the cursor.
fn with_three() -> (Stage, Console, Listener) {
    let stage = Stage::new();
    let (console, listener) = three(&stage, &stage.setup());
    (stage, console, listener)
}

fn three(stage: &Stage, setup: &Setup) -> (Console, Listener) {
    let (console, listener) = stage.open_as(setup);
    for (key, name, number) in CALLERS {
        listener.join(&console, key, name, number);
    }
    (console, listener)
}

#[track_caller]
fn wait_for_notice(console: &Console, text: &str) {
    console.wait_for(|screen| screen.notice().contains(text), &format!("{text:?} in the status line"));
}

/// The names in their order on the screen.
fn order(screen: &vt100::Screen, names: &[&'static str]) -> Vec<&'static str> {
    let mut found: Vec<_> = names.iter().filter_map(|name| Some((screen.row_of(name)?, *name))).collect();
    found.sort_unstable();
    found.into_iter().map(|(_, name)| name).collect()
}

/// The row under the cursor.
fn under_cursor(screen: &vt100::Screen) -> String {
    screen.lines().into_iter().find(|line| line.starts_with('▸')).unwrap_or_default()
}

#[track_caller]
fn wait_for_cursor(console: &Console, name: &str) {
    console.wait_for(|screen| under_cursor(screen).contains(name), &format!("the cursor on {name}"));
}

#[test]
fn with_nobody_in_the_screen_says_what_to_do() {
    let stage = Stage::new();
    let (console, listener) = stage.open();
    let screen = console.screen();
    for text in [&listener.address.to_string(), "confmod urls", "Last callback: never", "/join", "/start", "/leave", "confmod demo"] {
        assert!(screen.says(text), "{text}:\n{}", screen.text());
    }
    assert!(!screen.says(TOKEN) && !screen.says("ssh"), "{}", screen.text());
    assert_eq!(stage.leaks(&console), Vec::<String>::new());
}

#[test]
fn over_ssh_it_warns_that_the_session_is_the_listener() {
    for (inside, warned) in [(None, true), (Some("TMUX"), false), (Some("STY"), false)] {
        let stage = Stage::new();
        let setup = stage.setup().env("SSH_CONNECTION", "192.0.2.1 50000 192.0.2.2 22");
        let setup = inside.into_iter().fold(setup, |setup, name| setup.env(name, "something"));
        let (console, _) = stage.open_as(&setup);
        assert_eq!(console.screen().says("closing the session closes the listener"), warned, "{inside:?}\n{}", console.screen_text());
    }
}

#[test]
fn the_order_stays_until_the_next_deliberate_sort() {
    let (_stage, mut console, listener) = with_three();
    let names = ["Mia", "Ben", "Zoe", "Abe"];
    assert_eq!(order(&console.screen(), &names), ["Mia", "Ben", "Zoe"], "arrival");
    console.send_keys("s");
    wait_for_notice(&console, "sorted by caller");
    console.wait_for(|screen| order(screen, &names) == ["Ben", "Mia", "Zoe"], "the callers by name");
    wait_for_cursor(&console, "Mia");
    // A newcomer is added below, whatever the order, and nobody moves.
    let line = console.row_of("Mia");
    listener.join(&console, "4", "Abe", "390669812345");
    assert_eq!(order(&console.screen(), &names), ["Ben", "Mia", "Zoe", "Abe"]);
    assert_eq!(console.row_of("Mia"), line);
    // Neither a filter nor a look at another conference is a sort.
    console.send_keys("/b");
    console.wait_for(|screen| order(screen, &names) == ["Ben", "Abe"], "the callers with a b, as they were");
    console.press(Key::Esc);
    console.wait_for(|screen| screen.row_of("Mia").is_some(), "everybody again");
    assert_eq!(order(&console.screen(), &names), ["Ben", "Mia", "Zoe", "Abe"]);
    console.press(Key::Tab);
    console.wait_for_text("[2:1122 (4)]");
    assert_eq!(order(&console.screen(), &names), ["Ben", "Mia", "Zoe", "Abe"]);
    let row = console.row_of("Mia").expect("a row");
    console.mouse(Mouse::Click, row, 10);
    wait_for_cursor(&console, "Mia");
    console.send_keys("S");
    wait_for_notice(&console, "reversed");
    console.wait_for(|screen| order(screen, &names) == ["Zoe", "Mia", "Ben", "Abe"], "the order turned round");
    wait_for_cursor(&console, "Mia");
}

#[test]
fn the_cursor_stays_on_its_caller_and_its_line() {
    let (stage, mut console, listener) = with_three();
    console.press(Key::Down);
    console.press(Key::Down);
    wait_for_cursor(&console, "Zoe");
    let line = console.row_of("Zoe");
    // A row above goes: the one under the cursor keeps its line, and is the one that is acted on.
    console.press(Key::Up);
    console.press(Key::Up);
    wait_for_cursor(&console, "Mia");
    console.press(Key::End);
    wait_for_cursor(&console, "Zoe");
    listener.tell("leave", "key=1");
    console.wait_for_row("Mia", "left");
    assert_eq!(console.row_of("Zoe"), line);
    wait_for_cursor(&console, "Zoe");
    console.send_keys("m");
    assert_eq!(stage.provider.wait_for_request(1).key(), "3");
}

#[test]
fn in_a_long_list_the_row_under_the_cursor_keeps_its_line() {
    let stage = Stage::new();
    let (mut console, listener) = stage.open();
    for number in 10..50 {
        listener.tell("join", &format!("key={number}&conference=1122&number=12157010{number}&name=Caller-{number}"));
    }
    console.wait_for_text("1:all (40)");
    console.press(Key::End);
    wait_for_cursor(&console, "Caller-49");
    for _ in 0..10 {
        console.press(Key::Up);
    }
    wait_for_cursor(&console, "Caller-39");
    let line = console.row_of("Caller-39");
    // Everybody turns round this one.
    console.send_keys("S");
    wait_for_notice(&console, "reversed");
    console.wait_for(|screen| screen.row_of("Caller-40") < screen.row_of("Caller-39"), "the order turned round");
    wait_for_cursor(&console, "Caller-39");
    assert_eq!(console.row_of("Caller-39"), line);
}

#[test]
fn delete_takes_a_row_off_without_asking_the_provider() {
    let (stage, mut console, _) = with_three();
    console.press(Key::Down);
    wait_for_cursor(&console, "Ben");
    let line = console.row_of("Ben");
    console.press(Key::Delete);
    wait_for_notice(&console, "Ben was taken off the list");
    console.wait_for(|screen| !screen.lines().iter().any(|line| line.contains("Ben") && line.contains("open")), "the row to go");
    // Zoe has the place now, and the line.
    wait_for_cursor(&console, "Zoe");
    assert_eq!(console.row_of("Zoe"), line);
    assert!(stage.asked().is_empty());
}

#[test]
fn a_filter_finds_by_name_number_field_and_state() {
    let (_stage, mut console, listener) = with_three();
    listener.tell("start", "key=3&department=Bolt+fractures");
    console.press(Key::Down);
    console.send_keys("m");
    console.wait_for_row("Ben", "muted");
    let shown = |screen: &vt100::Screen| order(screen, &["Mia", "Ben", "Zoe"]);
    for (typed, left) in [("zo", "Zoe"), ("4930", "Ben"), ("muted", "Ben"), ("+1215", "Mia"), ("fracture", "Zoe")] {
        console.send_keys("/");
        console.wait_for_text("Enter keeps, Esc clears");
        console.send_keys(typed);
        console.wait_for(|screen| shown(screen) == [left] && screen.notice().contains("1 found"), &format!("{typed} to leave {left}"));
        console.press(Key::Enter);
        console.wait_for(|screen| screen.notice().contains(&format!("/{typed} 1 of 3")), "the filter to be kept, and said");
        wait_for_cursor(&console, left);
        console.press(Key::Esc);
        console.wait_for(|screen| shown(screen).len() == 3, "everybody again");
    }
    console.send_keys("/nobody like that");
    console.wait_for_text("Nobody matches");
    console.send_keys("\x1b");
    console.wait_for(|screen| shown(screen).len() == 3, "everybody again");
}

#[test]
fn each_conference_has_a_tab_and_all_shows_every_call() {
    let (_stage, mut console, listener) = with_three();
    listener.tell("join", "key=4&conference=3344&number=390669812345&name=Abe");
    listener.tell("start", "key=5&number=390669812346&name=Eve");
    console.wait_for_row("Eve", "calling");
    console.wait_for(|screen| screen.says("[1:all (5)]  2:1122 (3)   3:3344 (1)"), "the tabs with their counts");
    let names = ["Mia", "Ben", "Zoe", "Abe", "Eve"];
    let steps: [(Key, &str, &[&str]); 6] = [
        (Key::Tab, "[2:1122 (3)]", &["Mia", "Ben", "Zoe"]),
        (Key::Tab, "[3:3344 (1)]", &["Abe"]),
        (Key::Tab, "[1:all (5)]", &names),
        (Key::BackTab, "[3:3344 (1)]", &["Abe"]),
        (Key::Char('2'), "[2:1122 (3)]", &["Mia", "Ben", "Zoe"]),
        (Key::Char('1'), "[1:all (5)]", &names),
    ];
    for (key, tab, callers) in steps {
        console.press(key);
        console.wait_for(|screen| screen.says(tab) && order(screen, &names) == callers, &format!("{callers:?} on {tab}"));
    }
    // The mouse opens a tab, moves the cursor and turns the wheel.
    let column = console.screen().lines()[0].find("3344").expect("a tab");
    console.mouse(Mouse::Click, 0, u16::try_from(column).expect("a column"));
    console.wait_for_text("[3:3344 (1)]");
    console.send_keys("1");
    console.wait_for_text("[1:all (5)]");
    let row = console.row_of("Zoe").expect("a row");
    console.mouse(Mouse::Click, row, 10);
    wait_for_cursor(&console, "Zoe");
    console.mouse(Mouse::WheelUp, row, 10);
    wait_for_cursor(&console, "Mia");
    console.mouse(Mouse::WheelDown, row, 10);
    console.wait_for(|screen| !under_cursor(screen).contains("Mia"), "the wheel to move the cursor");
    console.press(Key::Home);
    wait_for_cursor(&console, "Mia");
    console.press(Key::End);
    wait_for_cursor(&console, "Eve");
    console.press(Key::PageUp);
    wait_for_cursor(&console, "Mia");
    console.press(Key::PageDown);
    wait_for_cursor(&console, "Eve");
}

#[test]
fn a_configured_conference_is_the_tab_to_open_on_and_never_a_filter() {
    let stage = Stage::new();
    let (mut console, listener) = stage.open_as(&stage.setup().env("CONFMOD_CONFERENCE", "7788"));
    listener.tell("join", "key=1&number=12157010680&name=Mia");
    console.wait_for_row("Mia", "open");
    assert!(console.screen().says("[2:7788 (1)]"), "{}", console.screen_text());
    listener.tell("join", "key=2&conference=1122&number=4930901820&name=Ben");
    console.wait_for_text("3:1122 (1)");
    console.send_keys("m");
    assert_eq!(stage.provider.wait_for_request(1).parameter("CONFERENCE.NUMBER"), "7788");
    console.send_keys("1");
    console.wait_for_row("Ben", "open");
}

#[test]
fn digits_can_be_masked_everywhere() {
    let (_stage, mut console, _) = with_three();
    console.send_keys("c");
    // The number goes to the terminal's clipboard: echo -n +12157010680 | base64
    console.wait_for_bytes(|raw| raw.windows(23).any(|window| window == b"\x1b]52;c;KzEyMTU3MDEwNjgw"), "the number, copied");
    console.send_keys("pd");
    wait_for_notice(&console, "digits are masked");
    let masked =
        |screen: &vt100::Screen| ["2157010680", "215-701-0680", "701-0680", "4930901820"].iter().all(|digits| !screen.says(digits));
    console.wait_for(|screen| masked(screen) && screen.says("80 "), "masked rows and a masked detail pane");
    console.send_keys("k");
    console.wait_for(|screen| screen.says("kick this caller?") && masked(screen), "a masked dialog");
    console.press(Key::Esc);
    wait_for_notice(&console, "nobody was kicked");
    let before = console.raw().len();
    console.send_keys("c");
    wait_for_notice(&console, "copied");
    let after = console.raw().split_off(before);
    assert!(!after.windows(16).any(|window| window == b"KzEyMTU3MDEwNjgw"), "a copy is masked too");
    assert!(masked(&console.screen()), "{}", console.screen_text());
    console.send_keys("p");
    console.wait_for_text("+12157010680");
}

#[test]
fn a_name_is_kept_for_the_number_in_later_calls() {
    let (_stage, mut console, listener) = with_three();
    console.send_keys("n");
    console.wait_for_text("name this caller");
    console.send_keys(" of the press");
    console.press(Key::Enter);
    wait_for_notice(&console, "the-moderator named a caller Mia of the press");
    console.wait_for_row("Mia of the press", "open");
    listener.tell("leave", "key=1");
    listener.tell("join", "key=9&conference=1122&number=12157010680&name=Somebody");
    let says =
        |screen: &vt100::Screen, word: &str| screen.lines().iter().any(|line| line.contains("Mia of the press") && line.contains(word));
    console.wait_for(|screen| says(screen, "left") && says(screen, "open"), "the later call under the name that was given");
    assert!(!console.screen().says("Somebody"), "{}", console.screen_text());
    // Esc leaves it as it was.
    console.send_keys("n");
    console.wait_for_text("name this caller");
    console.send_keys("xxx");
    console.press(Key::Esc);
    console.wait_for(|screen| !screen.says("name this caller") && !screen.says("xxx"), "the name as it was");
}

#[test]
fn the_detail_pane_shows_whatever_else_was_sent() {
    let (_stage, mut console, listener) = with_three();
    listener.tell("join", "key=4&conference=1122&number=390669812345&name=Abe&CALLED=18005550100&department=Sales+%26+more");
    console.wait_for_row("Abe", "open");
    console.press(Key::End);
    console.send_keys("d");
    for text in ["department", "Sales & more", "18005550100", "Italy"] {
        console.wait_for_text(text);
    }
    console.send_keys("d");
    console.wait_for(|screen| !screen.says("department"), "the pane to close");
    console.send_keys("e");
    console.wait_for_text("Abe joined 1122");
}

#[test]
fn the_palette_runs_any_command_and_help_lists_them() {
    let (stage, mut console, _) = with_three();
    console.send_keys(":");
    console.wait_for_text("commands");
    console.send_keys("unm");
    console.wait_for_text("unmute the marked callers");
    console.press(Key::Enter);
    assert_eq!(stage.provider.wait_for_request(1).action(), "UNMUTE");
    console.send_keys(":zzz");
    console.wait_for_text("no command and no caller sounds like that");
    console.press(Key::Esc);
    for key in [Key::Char('?'), Key::F1] {
        console.press(key);
        console.wait_for(|screen| screen.says("mute the marked callers") && screen.says("Up and Down scroll"), "help");
        console.press(Key::Esc);
        console.wait_for(|screen| !screen.says("Up and Down scroll"), "the help to go");
    }
}

#[test]
fn pasted_text_never_acts() {
    let (stage, mut console, _) = with_three();
    console.paste("kymuq\r\x1b[A");
    wait_for_notice(&console, "pasted text is taken where text is typed only");
    console.send_keys("/");
    console.paste("Zo\x1b[31me\r");
    console.wait_for(|screen| screen.notice().contains("/Zo"), "the text in the filter, without its controls");
    console.press(Key::Esc);
    console.send_keys("u");
    console.wait_for_row("Mia", "open");
    assert_eq!(stage.provider.wait_for_request(1).action(), "UNMUTE");
}

#[test]
fn a_read_only_console_asks_for_nothing() {
    let stage = Stage::new();
    let (mut console, _) = three(&stage, &stage.setup().args(["--read-only"]));
    for key in ["m", "u", "k", "n", "r", "\x1b[3~"] {
        console.send_keys("p");
        wait_for_notice(&console, "digits");
        console.send_keys(key);
        wait_for_notice(&console, "this console is read-only");
    }
    assert!(console.screen().says("[1:all (3)]") && !console.screen().says("kick this caller?"), "{}", console.screen_text());
    assert!(stage.asked().is_empty());
}

#[test]
fn a_kick_can_count_down_instead() {
    let stage = Stage::new();
    stage.home.configure("kick = \"countdown\"\n");
    let (mut console, _) = three(&stage, &stage.setup());
    console.send_keys("k");
    wait_for_notice(&console, "Mia is kicked in");
    console.press(Key::Esc);
    wait_for_notice(&console, "stopped: nobody was kicked");
    console.press(Key::Down);
    console.send_keys("k");
    wait_for_notice(&console, "Ben is kicked in");
    console.wait_for_row("Ben", "kicked");
    assert_eq!(stage.asked(), [("KICK".to_owned(), "2".to_owned())]);
}

#[test]
fn every_key_can_be_changed() {
    let stage = Stage::new();
    stage.home.configure("[keys]\nmute = [\"v\", \"F8\"]\n");
    let (mut console, _) = three(&stage, &stage.setup());
    console.send_keys("m");
    console.send_keys("\x1b[19~");
    assert_eq!(stage.provider.wait_for_request(1).action(), "MUTE");
    console.wait_for_row("Mia", "muted");
    assert!(console.screen().says("v mute"), "the footer says the new key:\n{}", console.screen_text());
    assert_eq!(stage.asked().len(), 1, "m does nothing any more");
}

#[test]
fn a_key_bound_twice_is_an_error_at_start() {
    let stage = Stage::new();
    stage.home.configure("[keys]\nmute = \"u\"\n");
    let console = stage.setup().start();
    assert_eq!(console.exit_code(), 2, "{}", console.screen_text());
    for words in ["config.toml, line 1", "u is bound twice", "give one of them another key"] {
        assert!(console.screen_text().replace('\n', "").contains(words), "{words}:\n{}", console.screen_text());
    }
    assert!(!console.screen().alternate_screen());
    assert!(stage.home.files().iter().all(|(path, _)| !path.ends_with("journal.sqlite")), "nothing is begun");
}

#[test]
fn colours_and_signs_can_be_done_without() {
    let used = |settings: &str, args: &[&str], colour: &str| {
        let stage = Stage::new();
        stage.home.configure(settings);
        let setup = stage.setup().args(args).env("NO_COLOR", colour);
        let (mut console, _) = three(&stage, &setup.size(160, 40));
        for _ in 0..3 {
            stage.provider.script(Answer::Refuse("no"));
        }
        console.send_keys("m");
        console.wait_for_row("Mia", "failed");
        console.send_keys("d/x\x1b:\x1b?\x1bk");
        console.wait_for_text("kick this caller?");
        console.press(Key::Esc);
        wait_for_notice(&console, "nobody was kicked");
        console.raw()
    };
    for plain in [used("", &["--ascii"], "1"), used("theme = \"none\"\nascii = true\n", &[], "")] {
        assert!(plain.is_ascii(), "{:?}", String::from_utf8_lossy(&plain).chars().find(|c| !c.is_ascii()));
        assert_eq!(colours(&plain), Vec::<String>::new());
    }
    let coloured = used("", &[], "");
    assert!(!coloured.is_ascii() && !colours(&coloured).is_empty(), "by default there are both");
}

/// The parameters of all sequences that set a colour; 39, 49 and 59 set it back to the terminal's own.
fn colours(raw: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(raw);
    let sequences = text.split("\x1b[").skip(1).filter_map(|rest| rest.split_once('m').map(|(parameters, _)| parameters.to_owned()));
    let sets = |part: &str| part.parse::<u16>().is_ok_and(|code| matches!(code, 30..=38 | 40..=48 | 58 | 90..=107));
    sequences.filter(|parameters| parameters.chars().all(|c| c.is_ascii_digit() || c == ';') && parameters.split(';').any(sets)).collect()
}

#[test]
fn anything_that_draws_will_do() {
    for term in ["dumb", "vt100", "linux", "screen-256color", "no-such-terminal"] {
        let stage = Stage::new();
        let (mut console, listener) = stage.open_as(&stage.setup().env("TERM", term));
        listener.join(&console, "1", "Mia", "12157010680");
        console.send_keys("m");
        console.wait_for_row("Mia", "muted");
        console.signal(rustix::process::Signal::TERM);
        console.terminal_is_clean();
    }
}

#[test]
fn a_screen_that_is_too_small_says_so() {
    let (_stage, mut console, _) = with_three();
    for (columns, rows) in [(39, 24), (80, 9)] {
        console.resize(columns, rows);
        console.wait_for_text("too small");
        assert!(!console.screen().says("Mia"), "{}", console.screen_text());
    }
    console.resize(40, 10);
    console.wait_for_row("Mia", "open");
    console.send_keys("m");
    console.wait_for_row("Mia", "muted");
}

#[test]
fn neither_the_process_list_nor_a_file_has_a_secret() {
    let stage = Stage::new();
    let (mut console, listener) = three(&stage, &stage.setup().env("CONFMOD_LOG", "trace"));
    let wrong = format!("{}-and-more", &TOKEN[..30]);
    for path in [format!("/callback/{wrong}/join?key=1"), format!("/callback/{TOKEN}"), format!("/{TOKEN}/join")] {
        support::http::get(listener.address, &path);
    }
    console.send_keys("m");
    console.wait_for_row("Mia", "muted");
    let command = std::fs::read(format!("/proc/{}/cmdline", console.pid())).unwrap_or_default();
    assert!(!command.is_empty() && !command.windows(TOKEN.len()).any(|part| part == TOKEN.as_bytes()));
    assert_eq!(command.split(|byte| *byte == 0).filter(|part| !part.is_empty()).count(), 1, "the program's name and nothing else");
    console.press(Key::Ctrl('c'));
    console.send_keys("y");
    console.terminal_is_clean();
    assert_eq!(stage.leaks(&console), Vec::<String>::new());
    let kept = stage.home.files().into_iter().filter(|(_, bytes)| bytes.windows(wrong.len()).any(|part| part == wrong.as_bytes()));
    assert_eq!(kept.count(), 0, "what was sent in place of the token is not kept either");
}
