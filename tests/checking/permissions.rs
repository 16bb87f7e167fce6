//! What only a user who may not do everything runs into: the checks as such a user, also when the tests run as root.

use std::fs;
use std::io::Write as _;

use super::Row;
use super::world::World;

fn ordinary(world: &mut World) {
    world.as_ordinary_user = true;
}

pub(crate) const ROWS: &[Row] = &[
    (
        "a configuration that may not be read",
        |world| {
            ordinary(world);
            world.set_mode("config/confmod/config.toml", 0);
        },
        "configuration",
        &["reading the configuration from", "ermission"],
        2,
    ),
    (
        "a file with the user key that may not be read",
        |world| {
            ordinary(world);
            world.configure("secure_phrase_file = \"phrase\"\n");
            world.unset("CONFMOD_SECURE_PHRASE");
            world.set_file("config/confmod/phrase", "phrase", 0);
        },
        "secret files",
        &["reading the Secure Phrase from", "belongs to you"],
        1,
    ),
    (
        "a folder for the journal that may not be written",
        |world| {
            ordinary(world);
            let folder = world.path("elsewhere/journal.sqlite");
            world.set("CONFMOD_JOURNAL", folder.display().to_string());
            world.set_mode("elsewhere", 0o500);
        },
        "journal",
        &["cannot be written", "--journal"],
        1,
    ),
    (
        "a journal that may not be written",
        |world| {
            ordinary(world);
            world.set_file("data/confmod/journal.sqlite", "", 0o400);
        },
        "journal",
        &["cannot be opened for writing", "--journal"],
        1,
    ),
    (
        "a lock of a journal that may not be written",
        |world| {
            ordinary(world);
            world.set_file("data/confmod/journal.sqlite", "", 0o600);
            world.set_file("data/confmod/journal.sqlite.lock", "", 0o400);
        },
        "journal",
        &["journal.sqlite.lock beside the journal", "--journal"],
        1,
    ),
    (
        "a table of contacts that may not be read",
        |world| {
            ordinary(world);
            world.set_mode("config/confmod/contacts.csv", 0);
        },
        "contacts",
        &["contacts.csv", "ermission"],
        1,
    ),
    (
        "a folder for reports that may not be written",
        |world| {
            ordinary(world);
            fs::create_dir_all(world.path("data/confmod/reports")).unwrap();
            world.set_mode("data/confmod/reports", 0o500);
        },
        "reports",
        &["reports cannot be written", "`reports`"],
        1,
    ),
    (
        "a log that may not be written",
        |world| {
            ordinary(world);
            world.set_file("state/confmod/confmod.log", "", 0o400);
        },
        "log",
        &["confmod.log cannot be written", "--log"],
        1,
    ),
    (
        "a port for root alone",
        |world| {
            ordinary(world);
            let first = fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start").unwrap_or_default();
            if first.trim().parse().unwrap_or(1024) > 81 {
                world.set("CONFMOD_LISTEN", "127.0.0.1:81");
            } else {
                let _ = std::io::stderr().write_all(b"left out: every port is for everybody here\n");
                world.set("CONFMOD_LISTEN", "192.0.2.1:81");
            }
        },
        "port",
        &["--listen"],
        1,
    ),
];
