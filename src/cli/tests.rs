//! The command line as people type it.

use clap::CommandFactory;

use super::*;

fn parsed(line: &str) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(std::iter::once("confmod").chain(line.split_whitespace()))
}

#[test]
fn the_types_fit_together() {
    Cli::command().debug_assert();
}

#[test]
fn every_command_has_help_with_an_example() {
    let mut command = Cli::command();
    command.build();
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        let example = sub.get_after_help().map(ToString::to_string).unwrap_or_default();
        assert!(example.contains(&format!("confmod {}", sub.get_name())), "{}: {example}", sub.get_name());
        assert!(sub.get_about().is_some(), "{}", sub.get_name());
    }
    let example = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    assert!(example.contains("confmod demo"), "{example}");
}

#[test]
fn flags_stand_before_and_after_a_command() {
    for line in ["--conference 1 --api-url u mute --key k --e164 1", "mute --conference 1 --key k --e164 1 --api-url u"] {
        let cli = parsed(line).expect(line);
        let Some(Command::Mute(args)) = cli.command else { panic!("{line}") };
        let top = Flags::from(cli.flags);
        assert_eq!(args.conference.conference.or(top.conference).as_deref(), Some("1"), "{line}");
        assert_eq!(args.api.api_url.or(top.api_url).as_deref(), Some("u"), "{line}");
    }
}

#[test]
fn examples_are_taken() {
    let lines = [
        "",
        "--listen 127.0.0.1:9000 --read-only --ascii --log l --journal j --moderator ada --config c",
        "demo",
        "demo --scenario s.toml --speed 2 --seed 7 --ascii",
        "rehearse --callbacks http://127.0.0.1:8787/callback/TOKEN --listen 127.0.0.1:8788 --speed 0.5",
        "replay",
        "replay --conference 1122 --speed 4 --from 2h --journal j --ascii",
        "kick --conference 1122 --key 12312345 --e164 +12157010680 --json",
        "mute --key 1 --e164 -12157010680",
        "urls --public-url https://calls.example.org --conference 1122",
        "check",
        "report",
        "--journal j report --conference 1122 --since 2h --until 2026-11-22T14:00 --format html --mask -o r.html",
        "report --format json --audit",
        "prune --older-than 30d",
        "--journal j prune --older-than 2026-01-01 --dry-run",
        "config --print-default",
        "config --pace",
        "completions bash",
        "man",
    ];
    for line in lines {
        assert_eq!(parsed(line).is_ok(), line != "config --pace", "{line}");
    }
}

#[test]
fn wrong_usage_is_refused_with_exit_code_2() {
    let lines = [
        "--userkey df1418",
        "--fancy",
        "--nats",
        "report --format pdf",
        "serve --journal",
        "serve --metrics",
        "prune",
        "mute",
        "mute --key 1",
        "mute --e164 1",
        "demo --speed 0",
        "demo --speed fast",
        "demo --seed -1",
        "replay --speed 0",
        "replay --speed fast",
        "rehearse",
        "urls --public-url calls.example.org",
        "completions tcsh",
        "surprise",
    ];
    for line in lines {
        let error = parsed(line).expect_err(line);
        assert_eq!(error.exit_code(), 2, "{line}");
        assert!(error.to_string().contains("--help"), "what to do next: {error}");
    }
}
