//! The promise: several hosts and desks share conferences over real servers. What was answered is not lost, what is asked
//! ends once, and all screens come to show the same, whichever process, server or wire goes away.

#![allow(unreachable_pub, reason = "inside a test program nothing can be reached from outside")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failing step is a failing test")]

mod support;

#[path = "shared/crowd.rs"]
mod crowd;
#[path = "shared/faults.rs"]
mod faults;
#[path = "shared/rights.rs"]
mod rights;
#[path = "shared/serving.rs"]
mod serving;
#[path = "shared/together.rs"]
mod together;
#[path = "shared/truth.rs"]
mod truth;
#[path = "shared/world.rs"]
mod world;
