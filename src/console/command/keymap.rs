//! Which press does what: the table's keys, with those that the configuration puts in their place.

use std::collections::{BTreeMap, HashMap};

use super::{Command, Entry, TABLE};
use crate::console::keys::Chord;
use crate::text;

/// Which press does what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyMap {
    commands: HashMap<Chord, Command>,
    /// What a press does in a replay instead.
    played: HashMap<Chord, Command>,
    chords: Vec<Vec<Chord>>,
}

impl KeyMap {
    /// The table's keys, with those of the configuration in place of a command's own.
    ///
    /// Errors name the setting: an unknown command, a key that is none, a key bound twice.
    pub fn new(changed: &BTreeMap<String, Vec<String>>) -> Result<Self, String> {
        if let Some(id) = changed.keys().find(|id| !TABLE.iter().any(|entry| entry.id == id.as_str())) {
            let known = TABLE.iter().map(|entry| entry.id).collect::<Vec<_>>().join(", ");
            let id = text::clean(id, 40);
            return Err(format!("{id}: there is no such command; the commands are {known}"));
        }
        let mut map = Self { commands: HashMap::new(), played: HashMap::new(), chords: Vec::new() };
        // The same key may do one thing in the live console and another in a replay.
        let mut owners: HashMap<(Chord, bool), &str> = HashMap::new();
        for entry in TABLE {
            let texts: Vec<&str> =
                changed.get(entry.id).map_or_else(|| entry.keys.to_vec(), |keys| keys.iter().map(String::as_str).collect());
            let mut chords = Vec::new();
            for (key, place) in texts.into_iter().zip(1..) {
                let chord = Chord::parse(key).map_err(|error| format!("{}: {error}", entry.id))?;
                if let Some(other) = owners.insert((chord, entry.replay), entry.id) {
                    return Err(format!("{chord} is bound twice, to {other} and to {}; give one of them another key", entry.id));
                }
                let command = match entry.command {
                    Command::Tab(_) => Command::Tab(place),
                    Command::Range(_) => Command::Range(place),
                    other => other,
                };
                let commands = if entry.replay { &mut map.played } else { &mut map.commands };
                commands.insert(chord, command);
                chords.push(chord);
            }
            if chords.is_empty() && entry.command == Command::Quit {
                return Err(format!("{}: without a key there is no way out; give it one", entry.id));
            }
            map.chords.push(chords);
        }
        Ok(map)
    }

    /// The command of a press in a replay: what only a replay has comes first.
    #[must_use]
    pub fn command_in_replay(&self, chord: Chord) -> Option<Command> {
        self.played.get(&chord).copied().or_else(|| self.command(chord))
    }

    /// The command of a press.
    #[must_use]
    pub fn command(&self, chord: Chord) -> Option<Command> {
        self.commands.get(&chord).copied()
    }

    /// A command's keys as people read them; empty when the configuration took them all.
    #[must_use]
    pub fn text(&self, entry: &Entry) -> String {
        let chords = TABLE.iter().position(|other| other.id == entry.id).map_or(&[][..], |place| &self.chords[place]);
        let own: Vec<_> = entry.keys.iter().filter_map(|key| Chord::parse(key).ok()).collect();
        match entry.shown {
            Some(shown) if own == chords => shown.to_owned(),
            _ => chords.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::command::{Play, entry_of};

    fn changed(id: &str, keys: &[&str]) -> BTreeMap<String, Vec<String>> {
        BTreeMap::from([(id.to_owned(), keys.iter().map(ToString::to_string).collect())])
    }

    #[test]
    fn the_tables_own_keys_are_bound_once_each() {
        let map = KeyMap::new(&BTreeMap::new()).expect("sound");
        for (chord, command) in [
            ("m", Command::Mute),
            ("S", Command::Reverse),
            ("F1", Command::Help),
            ("Ctrl-C", Command::Quit),
            ("1", Command::Tab(1)),
            ("9", Command::Tab(9)),
            ("Shift-Tab", Command::PreviousTab),
        ] {
            assert_eq!(map.command(Chord::parse(chord).expect("a key")), Some(command), "{chord}");
        }
        let space = Chord::parse("Space").expect("a key");
        assert_eq!((map.command(space), map.command_in_replay(space)), (Some(Command::Mark), Some(Command::Play(Play::Pause))));
        assert_eq!(map.command_in_replay(Chord::char('s')), Some(Command::Sort));
        assert_eq!(map.command(Chord::char('j')), None, "no vi-style movement: k kicks");
    }

    #[test]
    fn every_id_and_footer_place_is_given_once() {
        let ids: std::collections::HashSet<_> = TABLE.iter().map(|entry| entry.id).collect();
        assert_eq!(ids.len(), TABLE.len());
        let mut places: Vec<_> = TABLE.iter().filter_map(|entry| entry.footer).collect();
        places.sort_unstable();
        assert_eq!(places, (0..places.len() as u8).collect::<Vec<_>>());
        for entry in TABLE {
            assert_eq!(entry_of(entry.command).id, entry.id);
        }
        assert_eq!(entry_of(Command::Tab(7)).id, "tab");
    }

    #[test]
    fn keys_can_be_changed_and_slips_are_named() {
        let map = KeyMap::new(&changed("kick", &["K", "F8"])).expect("sound");
        assert_eq!((map.command(Chord::char('k')), map.command(Chord::char('K'))), (None, Some(Command::Kick)));
        assert_eq!(map.text(entry_of(Command::Kick)), "K F8");
        assert_eq!(map.text(entry_of(Command::Tab(1))), "1-9");
        let twice = KeyMap::new(&changed("kick", &["m"])).expect_err("m is mute's");
        assert!(twice.contains("m is bound twice, to mute and to kick"), "{twice}");
        let plus = KeyMap::new(&changed("mute", &["+"])).expect("a replay's keys are free in the live console");
        assert_eq!(plus.command(Chord::char('+')), Some(Command::Mute));
        assert_eq!(plus.command_in_replay(Chord::char('+')), Some(Command::Play(Play::Faster)));
        assert!(KeyMap::new(&changed("pause", &["+"])).expect_err("twice in a replay").contains("bound twice"));
        assert!(KeyMap::new(&changed("kick", &["kk"])).expect_err("no key").contains("kick: "));
        assert!(KeyMap::new(&changed("quit", &[])).expect_err("no way out").contains("no way out"));
        assert!(KeyMap::new(&changed("copy", &[])).is_ok(), "any other command may be without a key");
        assert!(KeyMap::new(&changed("levitate", &["l"])).expect_err("no command").contains("no such command"));
    }
}
