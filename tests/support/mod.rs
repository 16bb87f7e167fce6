//! What the tests drive the real program with, from outside: a pseudo-terminal, a provider, HTTP clients.
//!
//! Nothing in here may use the crate under test; it knows only what the product promises. Each test file
//! says `mod support;`.
#![allow(dead_code, reason = "every test file is a program of its own and uses a part of this")]
#![allow(unreachable_pub, reason = "inside a test program nothing can be reached from outside")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failing helper is a failing test")]

pub mod browser;
pub mod cluster;
pub mod dice;
pub mod disk;
pub mod harm;
pub mod home;
pub mod http;
pub mod keys;
pub mod line;
pub mod nats;
pub mod peer;
pub mod power;
pub mod provider;
pub mod pty;
pub mod scale;
pub mod screen;
pub mod senders;
pub mod stage;
pub mod talk;
pub mod tools;
pub mod traces;
pub mod wires;

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// The program under test: as cargo built it for this test, unless another one is named in `CONFMOD_PROGRAM`.
pub fn confmod() -> &'static Path {
    static NAMED: LazyLock<Option<PathBuf>> = LazyLock::new(|| Some(std::env::var_os("CONFMOD_PROGRAM")?.into()));
    NAMED.as_deref().unwrap_or(Path::new(env!("CARGO_BIN_EXE_confmod")))
}
