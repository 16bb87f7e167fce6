//! The settings as every command takes them: loaded, and checked also where it takes a later room to judge.

use crate::config::{ConfigError, Environment, Flags, Loaded, Purpose, load};
use crate::console::command::KeyMap;

/// Loads the configuration and checks what its own room cannot: whether the keys fit the commands.
pub(super) fn checked(flags: &Flags, environment: &Environment, purpose: Purpose) -> Result<Loaded, ConfigError> {
    let loaded = load(flags, environment, purpose)?;
    match KeyMap::new(&loaded.config.keys) {
        Ok(_) => Ok(loaded),
        Err(sentence) => Err(loaded.wrong("keys", &sentence)),
    }
}
