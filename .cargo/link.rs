//! Tells the linker what only the machine that builds knows.
#![allow(clippy::print_stdout, reason = "that is where cargo listens")]

use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=.cargo/link.rs");
    if loads_packed_relocations() {
        // A twentieth of the program would otherwise be addresses to be mended, all of them read at each start.
        println!("cargo:rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

/// Whether the system that builds, and with it any that its programs run on, loads relocations packed into `DT_RELR`:
/// glibc does from 2.36. Of a system that is built for elsewhere nothing is known.
fn loads_packed_relocations() -> bool {
    let is = |name, value: &str| std::env::var(name).is_ok_and(|found| found == value);
    let native = std::env::var("HOST").is_ok_and(|host| is("TARGET", &host));
    native && is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu") && glibc() >= Some((2, 36))
}

/// The version of the system's C library, as it tells it itself.
fn glibc() -> Option<(u32, u32)> {
    let told = Command::new("getconf").arg("GNU_LIBC_VERSION").output().ok()?.stdout;
    let told = String::from_utf8(told).ok()?;
    let (major, minor) = told.trim().strip_prefix("glibc ")?.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}
