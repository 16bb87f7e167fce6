//! What confmod is made of: every dependency's licence, source, checksum, features and versions, as cargo tells them.

#![allow(clippy::expect_used, reason = "what cargo cannot tell is a failed test")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;
use spdx::{Expression, ParseMode};

/// Licences that ask for no more than to be named, and one whose files stay its own.
const LICENCES: [(&str, &str); 10] = [
    ("MIT", ""),
    ("Apache-2.0", ""),
    ("BSD-2-Clause", ""),
    ("BSD-3-Clause", ""),
    ("ISC", ""),
    ("Zlib", ""),
    ("Unicode-3.0", ""),
    ("Unlicense", ""),
    ("CDLA-Permissive-2.0", "data, not code: the certificate authorities of webpki-roots"),
    ("MPL-2.0", "asks that changes to its own files are published; nucleo-matcher is used unchanged"),
];

/// What stands in two versions, and who still asks for the older one. All of them small, none of them at a border
/// that both versions' types cross.
const DOUBLED: [(&str, &[&str]); 18] = [
    ("base64", &["async-nats", "crossterm"]),
    // The signatures of accounts at a message server are made with an older generation of these.
    ("block-buffer", &["digest"]),
    ("cpufeatures", &["curve25519-dalek", "sha2"]),
    ("crypto-common", &["digest"]),
    ("digest", &["curve25519-dalek", "sha2", "signature"]),
    ("rand", &["nkeys"]),
    ("rand_core", &["rand", "rand_chacha", "signatory", "signature"]),
    ("sha2", &["ed25519-dalek"]),
    // One dependency under two names, each for another generation of its users.
    ("embedded-io", &["postcard"]),
    ("getrandom", &["rand_core", "ring"]),
    ("miniz_oxide", &["png"]),
    ("regex-syntax", &["regex-cache"]),
    ("strum", &["phonenumber"]),
    ("strum_macros", &["strum"]),
    // Run at build time only.
    (
        "syn",
        &[
            "asn1-rs-derive",
            "asn1-rs-impl",
            "curve25519-dalek-derive",
            "derive_more-impl",
            "divan-macros",
            "palette_derive",
            "phf_macros",
            "pin-project-internal",
            "strum_macros",
            "synstructure",
            "thiserror-impl",
            "tracing-attributes",
        ],
    ),
    ("synstructure", &["asn1-rs-derive"]),
    ("thiserror", &["filedescriptor"]),
    ("thiserror-impl", &["thiserror"]),
];

/// What must never be there twice: their types meet.
const SINGLE: [&str; 9] = ["crossterm", "ratatui-core", "tokio", "hyper", "http", "rustls", "reqwest", "rusqlite", "zeroize"];

const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Everything that cargo says about this package and what it is built with on this machine.
fn metadata() -> &'static Value {
    static TOLD: OnceLock<Value> = OnceLock::new();
    TOLD.get_or_init(|| {
        let cargo = env!("CARGO");
        let version = Command::new(cargo).arg("-vV").output().expect("cargo says who it is").stdout;
        let version = String::from_utf8_lossy(&version).into_owned();
        let host = version.lines().find_map(|line| line.strip_prefix("host: ")).expect("cargo knows its machine");
        // All that the tests were built with is on this machine. Cargo may want to look at more than that once.
        let ask = |how: &[&str]| {
            let line = ["metadata", "--locked", "--format-version", "1", "--filter-platform", host];
            Command::new(cargo).args(line).args(how).current_dir(env!("CARGO_MANIFEST_DIR")).output().expect("cargo runs")
        };
        let offline = ask(&["--offline"]);
        let output = if offline.status.success() { offline } else { ask(&[]) };
        assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("JSON")
    })
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

/// All packages but confmod itself.
fn others() -> impl Iterator<Item = &'static Value> {
    let others = list(metadata(), "packages").iter().filter(|package| text(package, "name") != "confmod");
    assert!(others.clone().count() > 100, "the packages were not found");
    others
}

fn ourselves() -> &'static Value {
    list(metadata(), "packages").iter().find(|package| text(package, "name") == "confmod").expect("confmod is a package")
}

/// Whether everything that a licence asks for is asked for by one that is accepted.
fn is_accepted(licence: &str) -> Result<bool, String> {
    // Older packages write a stroke for "or".
    let expression = Expression::parse_mode(licence, ParseMode::LAX).map_err(|error| error.to_string())?;
    Ok(expression.evaluate(|asked| {
        let name = asked.license.id().map(|id| id.name);
        name.is_some_and(|name| LICENCES.iter().any(|(accepted, _)| *accepted == name))
    }))
}

#[test]
fn every_licence_is_one_that_is_accepted() {
    for package in others() {
        let licence = text(package, "license");
        let accepted = is_accepted(licence);
        assert_eq!(accepted, Ok(true), "{} {} has the licence {licence:?}", text(package, "name"), text(package, "version"));
    }
    let used = others().map(|package| text(package, "license")).collect::<Vec<_>>().join(" ");
    for (licence, _) in LICENCES {
        assert!(used.contains(licence), "nothing has the licence {licence} any more: take it off the list");
    }
    for (licence, accepted) in [
        ("GPL-3.0-only", false),
        ("MIT AND GPL-3.0-only", false),
        ("MIT OR GPL-3.0-only", true),
        ("(MIT OR Apache-2.0) AND AGPL-3.0-only", false),
        ("MIT/Apache-2.0", true),
        ("LicenseRef-mine", false),
    ] {
        assert_eq!(is_accepted(licence), Ok(accepted), "{licence}");
    }
    assert!(is_accepted("").is_err(), "a package without a licence");
}

#[test]
fn everything_comes_from_the_registry_and_is_what_it_was_when_it_was_locked() {
    for package in others() {
        assert_eq!(text(package, "source"), REGISTRY, "{}", text(package, "name"));
    }
    let lock = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.lock")).expect("Cargo.lock");
    let lock: toml::Table = lock.parse().expect("TOML");
    let packages = lock["package"].as_array().expect("packages");
    assert!(packages.len() > 100);
    for package in packages {
        let field = |name: &str| package.get(name).and_then(toml::Value::as_str).unwrap_or_default();
        if field("name") == "confmod" {
            continue;
        }
        assert_eq!(field("source"), REGISTRY, "{}", field("name"));
        assert_eq!(field("checksum").len(), 64, "{} has no checksum", field("name"));
    }
}

#[test]
fn what_is_there_twice_is_listed_with_those_who_hold_it_back() {
    let mut versions = BTreeMap::<&str, BTreeMap<Vec<u64>, &str>>::new();
    for package in others() {
        let number = text(package, "version").split(['-', '+']).next().unwrap_or_default();
        let number = number.split('.').map(|part| part.parse().expect("a version")).collect();
        versions.entry(text(package, "name")).or_default().insert(number, text(package, "id"));
    }
    let names: BTreeMap<_, _> = list(metadata(), "packages").iter().map(|package| (text(package, "id"), text(package, "name"))).collect();
    let nodes = list(&metadata()["resolve"], "nodes");
    let users = |id: &str| {
        let users = nodes.iter().filter(|node| list(node, "deps").iter().any(|dependency| text(dependency, "pkg") == id));
        users.map(|node| names[text(node, "id")]).collect::<BTreeSet<_>>()
    };
    let doubled: BTreeMap<_, BTreeSet<_>> = versions
        .iter()
        .filter(|(_, versions)| versions.len() > 1)
        .map(|(name, versions)| (*name, versions.values().rev().skip(1).flat_map(|older| users(older)).collect()))
        .collect();
    let listed: BTreeMap<_, BTreeSet<_>> = DOUBLED.into_iter().map(|(name, users)| (name, users.iter().copied().collect())).collect();
    assert_eq!(doubled, listed, "what is there twice (left), and what is known to be (right)");
    for name in SINGLE {
        assert_eq!(versions.get(name).map(BTreeMap::len), Some(1), "{name} must be there exactly once");
    }
}

#[test]
fn the_features_of_every_direct_dependency_are_named() {
    for dependency in list(ourselves(), "dependencies") {
        let name = text(dependency, "name");
        let package = others().find(|package| text(package, "name") == name).expect("a dependency's package");
        let defaults = list(&package["features"], "default");
        let implied = dependency["uses_default_features"] == true && !defaults.is_empty();
        assert!(!implied, "{name} has default features, {defaults:?}: say default-features = false and name those it needs");
        assert_ne!(text(dependency, "req"), "*", "{name} is wanted in no version");
    }
}

#[test]
fn the_compiler_that_is_asked_for_is_new_enough_for_everything() {
    let number = |text: &str| text.split('.').map(|part| part.parse::<u64>().expect("a version")).collect::<Vec<_>>();
    let ours = number(text(ourselves(), "rust_version"));
    for package in others().filter(|package| package["rust_version"].is_string()) {
        let needed = number(text(package, "rust_version"));
        assert!(needed <= ours, "{} needs Rust {needed:?}, and Cargo.toml promises {ours:?}", text(package, "name"));
    }
}
