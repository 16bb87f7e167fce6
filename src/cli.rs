//! x
pub mod rehearse;
