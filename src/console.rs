//! The console: what a moderator sees and presses.
//!
//! [`command`] is the one table of commands, [`app`] state and behaviour, [`ui`] the drawing, [`replay`]
//! a past conference played again, [`plain`] the same in lines instead of on a screen; only [`input`], [`terminal`]
//! and [`runtime`] know a terminal.

pub mod app;
pub mod command;
pub mod input;
pub mod keys;
pub mod plain;
pub mod replay;
pub mod runtime;
pub mod terminal;
pub mod ui;
