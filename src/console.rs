//! The console: what a moderator sees and presses.
//!
//! [`command`] is the one table of commands, [`app`] state and behaviour, [`ui`] the drawing; only
//! [`input`], [`terminal`] and [`runtime`] know a terminal.

pub mod app;
pub mod command;
pub mod input;
pub mod keys;
pub mod runtime;
pub mod terminal;
pub mod ui;
