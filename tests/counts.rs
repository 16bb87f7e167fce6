//! What work costs, in counts that do not depend on the machine's mood: allocations, bytes, system calls, instructions.
//! Who makes something costlier sees it here; how long things take is for the benchmarks.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failing helper is a failing test")]

mod support;

#[path = "counts/ingest.rs"]
mod ingest;
#[path = "counts/roster.rs"]
mod roster;
#[path = "counts/screen.rs"]
mod screen;
#[path = "counts/stage.rs"]
mod stage;
#[path = "counts/start.rs"]
mod start;
