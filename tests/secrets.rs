//! The promise: secrets stay secret.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failing helper is a failing test")]

mod support;

#[path = "secrets/certificates.rs"]
mod certificates;
#[path = "secrets/files.rs"]
mod files;
#[path = "secrets/memory.rs"]
mod memory;
#[path = "support/ordinary.rs"]
mod ordinary;
#[path = "secrets/planted.rs"]
mod planted;
#[path = "secrets/scan.rs"]
mod scan;
#[path = "secrets/tls.rs"]
mod tls;
