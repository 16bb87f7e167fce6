//! Tests that are named in prose, as `tests/file.rs::function`: whether they are there.
#![allow(unreachable_pub, reason = "inside a test program nothing can be reached from outside")]

use std::fs;
use std::path::Path;

/// Whether a file of this repository holds a test of this name: `tests/token.rs::what_was_sent_as_a_token_is_nowhere`.
pub fn names_a_test(name: &str) -> bool {
    let Some((file, function)) = name.split_once("::") else { return false };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    fs::read_to_string(path).is_ok_and(|source| holds_test(&source, function))
}

/// The names of tests in a text: whatever stands between backticks and has a file and a function.
pub fn named_tests(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2).filter(|quoted| quoted.contains(".rs::"))
}

/// Whether there is a function of this name whose attributes say that it is a test, and not that it is left out.
fn holds_test(source: &str, function: &str) -> bool {
    let lines: Vec<_> = source.lines().map(str::trim).collect();
    let (plain, waiting) = (format!("fn {function}("), format!("async fn {function}("));
    let is_it = |line: &str| line.starts_with(&plain) || line.starts_with(&waiting);
    lines.iter().enumerate().filter(|(_, line)| is_it(line)).any(|(at, _)| {
        let above: Vec<_> = lines[..at].iter().rev().take_while(|line| line.starts_with("#[")).collect();
        above.iter().any(|line| **line == "#[test]" || line.starts_with("#[tokio::test"))
            && !above.iter().any(|line| line.starts_with("#[ignore"))
    })
}

#[test]
fn only_tests_are_tests() {
    let source = "#[test]\nfn one() {}\n\n#[tokio::test(start_paused = true)]\n#[allow(x)]\nasync fn two() {}\nfn three() {}\n#[test]\n#[ignore]\nfn four() {}\n";
    for (name, is_test) in [("one", true), ("on", false), ("two", true), ("three", false), ("four", false), ("five", false)] {
        assert_eq!(holds_test(source, name), is_test, "{name}");
    }
    assert!(names_a_test("tests/support/named.rs::only_tests_are_tests"));
    assert!(!names_a_test("tests/support/named.rs") && !names_a_test("only_tests_are_tests") && !names_a_test("tests/no.rs::only"));
    assert_eq!(named_tests("see `a.rs::b` and `c`, then `d.rs::e`").collect::<Vec<_>>(), ["a.rs::b", "d.rs::e"]);
}
