//! The console: what a moderator sees and presses.
//!
//! [`command`] is the one table of commands, [`app`] state and behaviour, [`ui`] the drawing, [`replay`]
//! a past conference played again; only [`input`], [`terminal`] and [`runtime`] know a terminal.

pub mod app;
pub mod command;
pub mod input;
pub mod keys;
pub mod replay;
pub mod runtime;
pub mod terminal;
pub mod ui;
