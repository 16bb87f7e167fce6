//! Each rule accepts what is right and refuses what is wrong, with a remedy and without a secret.

use super::super::ExposeSecret;
use super::*;

fn secret_rule(rule: fn(&str) -> Checked<Secret>, right: &[&str], wrong: &[&str]) {
    for value in right {
        assert_eq!(rule(value).map(|s| s.expose_secret().to_owned()).as_deref(), Ok(*value));
    }
    for value in wrong {
        let said = rule(value).expect_err(value);
        assert!(said.contains(';'), "a remedy: {said}");
        assert!(value.len() < 4 || !said.contains(value), "{said}");
    }
}

/// `right` gives the value and what it means, as debugged.
fn rule<T: std::fmt::Debug>(rule: impl Fn(&str) -> Checked<T>, right: &[(&str, &str)], wrong: &[&str]) {
    for (value, meaning) in right {
        assert_eq!(format!("{:?}", rule(value).unwrap_or_else(|e| panic!("{value}: {e}"))), *meaning, "{value}");
    }
    for value in wrong {
        let said = rule(value).expect_err(value);
        assert!(said.contains(';'), "a remedy: {said}");
        assert!(said.chars().all(text::is_showable), "{said:?}");
    }
}

#[test]
fn userkeys() {
    secret_rule(validate_userkey, &["df141891e2e883904b0b"], &["", "two words", "esc\u{1b}ape", &"x".repeat(2000)]);
}

#[test]
fn secure_phrases() {
    secret_rule(validate_secure_phrase, &["correct horse battery"], &["", "two\nlines"]);
}

#[test]
fn roles() {
    rule(validate_role, &[("speaker", "\"speaker\""), (" Sign  language\u{1b}", "\"Sign language\"")], &["", " \t"]);
}

#[test]
fn emails() {
    secret_rule(validate_email, &["ada@example.org"], &["", "nobody", "@example.org", "ada@", "ada @example.org"]);
}

#[test]
fn api_urls() {
    let right =
        ["https://www.anveo.com/api/v3.asp", "http://127.0.0.1:9/api", "http://[::1]:9/", "http://localhost/", "https://10.0.0.1/x"];
    for url in right {
        assert_eq!(validate_api_url(url).map(String::from).as_deref(), Ok(url));
    }
    let wrong = [
        "",
        "www.anveo.com",
        "ftp://example.org/",
        "http://www.anveo.com/api",
        "http://127.0.0.1.example.org/",
        "http://localhost.example.org/",
        "http://0.0.0.0/",
        "https://ada@example.org/",
        "https://ada:hunter2@example.org/",
        "https://example.org/#x",
        "https://",
    ];
    for url in wrong {
        let said = validate_api_url(url).expect_err(url);
        assert!(said.contains(';') && !said.contains("hunter2"), "{said}");
    }
}

#[test]
fn public_urls() {
    for url in ["https://calls.example.org/", "http://203.0.113.7:8080/in"] {
        assert_eq!(validate_public_url(url).map(String::from).as_deref(), Ok(url));
    }
    for url in ["calls.example.org", "https://a:hunter2@example.org", "https://example.org/?a=b", "https://example.org/#a"] {
        let said = validate_public_url(url).expect_err(url);
        assert!(!said.contains("hunter2"), "{said}");
    }
}

#[test]
fn action_names() {
    rule(validate_action_name, &[("CALLFOW.INSTANCE", "\"CALLFOW.INSTANCE\"")], &["", "A B", "A\"><X", "\u{1b}[2J"]);
}

#[test]
fn paces() {
    assert_eq!((validate_pace(1), validate_pace(1000)), (Ok(1), Ok(1000)));
    for wrong in [0, -1, 1001, i64::MAX] {
        assert!(validate_pace(wrong).expect_err("out of range").contains("1 to 1000"));
    }
}

#[test]
fn parallels() {
    assert_eq!((validate_parallel(1), validate_parallel(64)), (Ok(1), Ok(64)));
    for wrong in [0, -1, 65, i64::MIN] {
        assert!(validate_parallel(wrong).expect_err("out of range").contains("1 to 64"));
    }
}

#[test]
fn words() {
    rule(validate_withheld, &[("refuse", "Refuse"), ("Send", "Send")], &["", "drop"]);
    rule(validate_kick, &[("dialog", "Dialog"), ("countdown", "Countdown")], &["", "now"]);
    let themes = [("auto", "Auto"), ("ansi", "Ansi"), ("truecolor", "Truecolor"), ("none", "None")];
    rule(validate_theme, &themes, &["", "solarized\u{1b}[2J"]);
    rule(validate_log_level, &[("info", "Level(Info)"), ("TRACE", "Level(Trace)")], &["", "verbose", "confmod=debug"]);
}

#[test]
fn listen_addresses() {
    let right = [("127.0.0.1:8787", "127.0.0.1:8787"), ("[::1]:0", "[::1]:0"), ("0.0.0.0:80", "0.0.0.0:80")];
    rule(validate_listen, &right, &["", "8787", ":8787", "localhost:8787", "127.0.0.1", "127.0.0.1:99999"]);
}

#[test]
fn tokens() {
    let long = "x".repeat(256);
    let longer = "x".repeat(257);
    let wrong = ["", ".", "..", "a/b/", "pässwörd", "two words", "semi;colon", "percent%41", longer.as_str(), "a?bcd", "a#bcd"];
    secret_rule(validate_token, &["t", "A-Z.a_z~09", "...", long.as_str()], &wrong);
}

#[test]
fn short_tokens_stay_on_this_machine() {
    let at = |address: &str| address.parse::<SocketAddr>().expect("an address");
    for (listen, length) in [("127.0.0.1:1", 1), ("127.9.9.9:1", 1), ("[::1]:1", 31), ("[::ffff:127.0.0.1]:1", 1), ("0.0.0.0:1", 32)] {
        assert_eq!(validate_token_for(at(listen), length), Ok(()), "{listen}");
    }
    for listen in ["0.0.0.0:1", "[::]:1", "192.0.2.1:1", "[2001:db8::1]:1"] {
        assert!(validate_token_for(at(listen), 31).expect_err(listen).contains("32 characters"));
    }
}

#[test]
fn networks() {
    let right = [("203.0.113.7", "203.0.113.7/32"), ("203.0.113.9/24", "203.0.113.0/24"), ("2001:db8::/32", "2001:db8::/32")];
    rule(validate_network, &right, &["", "example.org", "203.0.113.0/33", "203.0.113"]);
}

#[test]
fn conferences() {
    let long = "9".repeat(257);
    rule(
        validate_conference,
        &[("1122", "\"1122\""), (" town\u{1b} hall ", "\"town hall\"")],
        &["", " \u{200b} ", "$[CONF]$", long.as_str()],
    );
    assert_eq!(validate_conference(&"9".repeat(256)).map(|c| c.len()), Ok(256));
}

#[test]
fn moderators() {
    rule(validate_moderator, &[("Ada\u{202e} L.", "\"Ada L.\"")], &["", "\u{1b}\u{200b} "]);
}

#[test]
fn durations() {
    let right = [("90s", "90s"), ("30m", "1800s"), ("4h", "14400s"), ("1h 30m", "5400s"), ("1h30m", "5400s")];
    rule(validate_duration, &right, &["", "4", "0s", "-4h", "soon", "4 parsecs", "999999999h"]);
}

#[test]
fn retentions() {
    let right =
        [("forever", "None"), ("Forever ", "None"), ("1d", "Some(86400s)"), ("52w", "Some(31449600s)"), ("90d 12h", "Some(7819200s)")];
    rule(validate_retention, &right, &["", "never", "90", "0d", "23h", "-90d", "1y", "6mo", "99999d"]);
}
