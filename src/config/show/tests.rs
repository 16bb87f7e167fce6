//! What is shown reads back as the same settings, and shows no secret.

use super::super::{Environment, ExposeSecret, Flags, Purpose, load};
use super::*;

#[test]
fn secrets_are_said_to_be_set_and_not_shown() {
    let environment = Environment::from([
        ("CONFMOD_USERKEY", "df141891"),
        ("CONFMOD_EMAIL", "ada@example.org"),
        ("CONFMOD_SECURE_PHRASE", "correct horse"),
        ("CONFMOD_CALLBACK_TOKEN", "hushhush"),
    ]);
    let loaded = load(&Flags::default(), &environment, Purpose::Command).expect("valid");
    let shown = loaded.show();
    for secret in ["df141891", "ada@example.org", "correct horse", "hushhush"] {
        assert!(!shown.contains(secret), "{shown}");
        assert!(!format!("{loaded:?}").contains(secret));
    }
    assert!(shown.contains("# userkey: (set)  # CONFMOD_USERKEY\n"), "{shown}");
    assert!(shown.contains("# callback_token_previous: (not set)\n"), "{shown}");
    assert!(loaded.config.userkey.is_some_and(|key| key.expose_secret() == "df141891"));
}

#[test]
fn what_is_shown_sets_the_same() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("c \"x\".toml");
    std::fs::write(&file, "pace = 7\nallow = [\"10.0.0.0/8\"]\nstale_after = \"90s\"\n[keys]\n\"a b\" = [\"m\", \"\\\"\"]\n")
        .expect("written");
    let environment = Environment::from([("HOME", "/home/a\\b"), ("CONFMOD_MODERATOR", "A \"B\"\\"), ("NO_COLOR", "1")]);
    let flags = |file: &Path| Flags { config: Some(file.to_owned()), ..Flags::default() };
    let first = load(&Flags { read_only: true, ..flags(&file) }, &environment, Purpose::Console).expect("valid").show();
    assert!(first.contains("line 1\n") && first.contains("pace = 7  # "), "{first}");
    assert!(first.contains("theme = \"none\"  # NO_COLOR\n") && first.contains("# read_only: true  # --read-only\n"), "{first}");
    assert!(first.contains("parallel = 4  # default\n"), "{first}");
    let again = directory.path().join("again.toml");
    std::fs::write(&again, &first).expect("written");
    let second = load(&flags(&again), &Environment::default(), Purpose::Console).expect("valid TOML").show();
    let values = |shown: &str| {
        let lines = shown.lines().filter(|line| !line.starts_with("# "));
        lines.map(|line| line.split("  # ").next().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(values(&first), values(&second));
}

#[test]
fn strings_are_toml_whatever_is_in_them() {
    for hostile in ["a\"b\\c", "\u{1b}[2J", "\u{e0041}", "\u{202e}x\n", "日本"] {
        let shown = string(hostile);
        assert!(shown.chars().all(text::is_showable), "{shown:?}");
        let table: toml::Table = format!("x = {shown}").parse().expect("TOML");
        assert_eq!(table["x"].as_str(), Some(hostile));
    }
}

#[test]
fn durations_are_shown_as_a_person_would_set_them() {
    for (millis, wanted) in [(14_400_000, "4h"), (5_400_000, "90m"), (90_000, "90s"), (1_500, "1.5s"), (250, "0.25s")] {
        assert_eq!(duration(Duration::from_millis(millis)), format!("\"{wanted}\""));
        assert_eq!(super::super::check::validate_duration(wanted), Ok(Duration::from_millis(millis)));
    }
}
