//! The one table of commands. The footer, the help, the palette, the README and the key map are made
//! from it; nothing else knows which key does what.

use std::collections::{BTreeMap, HashMap};

use super::keys::Chord;

/// What a moderator can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "each variant's meaning stands in the table below, once")]
pub enum Command {
    Mute,
    Unmute,
    Kick,
    Again,
    Name,
    Remove,
    Filter,
    Sort,
    Reverse,
    Detail,
    Events,
    Mask,
    Copy,
    NextTab,
    PreviousTab,
    Tab(u8),
    Up,
    Down,
    PageUp,
    PageDown,
    First,
    Last,
    Back,
    Play(Play),
    Palette,
    Help,
    Quit,
}

/// What a key asks of a replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Play {
    /// Stand still, or go on; at the end begin again.
    Pause,
    /// A few seconds back.
    Back,
    /// A few seconds on.
    Forward,
    /// Some minutes back.
    FarBack,
    /// Some minutes on.
    FarForward,
    /// To the next thing that happened, however long nothing did.
    NextEvent,
    /// Half as fast.
    Slower,
    /// Twice as fast.
    Faster,
}

/// One row of the table.
#[derive(Debug)]
pub struct Entry {
    /// The command; for the tabs, the first of nine.
    pub command: Command,
    /// Its name in the configuration.
    pub id: &'static str,
    /// Its keys, as [`Chord::parse`] reads them.
    pub keys: &'static [&'static str],
    /// How the keys are written for people, where listing them all would be long.
    pub shown: Option<&'static str>,
    /// One or two words for the footer and the palette.
    pub label: &'static str,
    /// One sentence for the help.
    pub help: &'static str,
    /// Its place in the footer, first come first kept when there is little room; none keeps it out.
    pub footer: Option<u8>,
    /// Whether it changes something for callers or in the journal: a read-only console has none of these.
    pub dangerous: bool,
    /// Whether it is there in a replay only.
    pub replay: bool,
}

const fn entry(command: Command, id: &'static str, keys: &'static [&'static str], label: &'static str, help: &'static str) -> Entry {
    Entry { command, id, keys, shown: None, label, help, footer: None, dangerous: false, replay: false }
}

impl Entry {
    const fn dangerous(self) -> Self {
        Self { dangerous: true, ..self }
    }

    const fn replay(self) -> Self {
        Self { replay: true, ..self }
    }

    const fn footer(self, place: u8) -> Self {
        Self { footer: Some(place), ..self }
    }

    const fn shown(self, keys: &'static str) -> Self {
        Self { shown: Some(keys), ..self }
    }

    /// Its keys as people read them.
    #[must_use]
    pub fn keys_text(&self) -> String {
        self.shown.map_or_else(|| self.keys.join(" "), str::to_owned)
    }
}

/// All commands, in the order in which help and README list them.
pub static TABLE: &[Entry] = &[
    entry(Command::Mute, "mute", &["m"], "mute", "mute the caller under the cursor").dangerous().footer(0),
    entry(Command::Unmute, "unmute", &["u"], "unmute", "unmute the caller under the cursor").dangerous().footer(1),
    entry(Command::Kick, "kick", &["k"], "kick", "kick the caller under the cursor; asks first, y sends").dangerous().footer(2),
    entry(Command::Again, "again", &["r"], "again", "ask again where the last ask failed or is unknown").dangerous().footer(8),
    entry(Command::Name, "name", &["n"], "name", "name the caller, for this and later calls from the number").dangerous().footer(9),
    entry(Command::Remove, "remove", &["Delete"], "off the list", "take the row off the list without asking the provider").dangerous(),
    entry(Command::Filter, "filter", &["/"], "filter", "filter by name, number, field or state").footer(3),
    entry(Command::Sort, "sort", &["s"], "sort", "sort by the next column").footer(10),
    entry(Command::Reverse, "reverse", &["S"], "reverse", "reverse the order"),
    entry(Command::Detail, "detail", &["d"], "detail", "show or hide everything known of the caller").footer(6),
    entry(Command::Events, "events", &["e"], "events", "show or hide what happened").footer(11),
    entry(Command::Mask, "mask", &["p"], "mask", "hide or show the digits of numbers").footer(12),
    entry(Command::Copy, "copy", &["c"], "copy number", "copy the number through the terminal"),
    entry(Command::NextTab, "next-tab", &["Tab"], "next conference", "show the next conference"),
    entry(Command::PreviousTab, "previous-tab", &["Shift-Tab"], "previous conference", "show the conference before"),
    entry(
        Command::Tab(1),
        "tab",
        &["1", "2", "3", "4", "5", "6", "7", "8", "9"],
        "conference",
        "show a conference by its place; 1 shows all calls",
    )
    .shown("1-9"),
    entry(Command::Up, "up", &["Up"], "up", "move the cursor up; the mouse moves it too"),
    entry(Command::Down, "down", &["Down"], "down", "move the cursor down"),
    entry(Command::PageUp, "page-up", &["PgUp"], "page up", "move a page up"),
    entry(Command::PageDown, "page-down", &["PgDn"], "page down", "move a page down"),
    entry(Command::First, "first", &["Home"], "first row", "move to the first row"),
    entry(Command::Last, "last", &["End"], "last row", "move to the last row"),
    entry(Command::Back, "back", &["Esc"], "back", "leave what is open: a dialog, a countdown, then the filter"),
    entry(Command::Play(Play::Pause), "pause", &["Space", "Enter"], "pause", "in a replay: pause or go on; at the end begin again")
        .replay()
        .footer(13),
    entry(Command::Play(Play::Back), "rewind", &["Left"], "-10 s", "in a replay: go 10 seconds back").replay().footer(14),
    entry(Command::Play(Play::Forward), "forward", &["Right"], "+10 s", "in a replay: go 10 seconds on").replay().footer(15),
    entry(Command::Play(Play::NextEvent), "next-event", &["."], "next event", "in a replay: go to the next thing that happened")
        .replay()
        .footer(16),
    entry(Command::Play(Play::FarBack), "far-rewind", &["Shift-Left"], "-5 min", "in a replay: go 5 minutes back").replay(),
    entry(Command::Play(Play::FarForward), "far-forward", &["Shift-Right"], "+5 min", "in a replay: go 5 minutes on").replay(),
    entry(Command::Play(Play::Faster), "faster", &["+"], "faster", "in a replay: go twice as fast").replay(),
    entry(Command::Play(Play::Slower), "slower", &["-"], "slower", "in a replay: go half as fast").replay(),
    entry(Command::Palette, "palette", &[":"], "more", "find any command by its name").footer(7),
    entry(Command::Help, "help", &["?", "F1"], "help", "show this list").footer(4),
    entry(Command::Quit, "quit", &["q", "Ctrl-c"], "quit", "quit; asks first while callers are in").footer(5),
];

/// The row of a command.
#[must_use]
pub fn entry_of(command: Command) -> &'static Entry {
    let same = |entry: &&Entry| entry.command == command || matches!((entry.command, command), (Command::Tab(_), Command::Tab(_)));
    // The table holds every command; a test goes through all of them.
    TABLE.iter().find(same).unwrap_or(&TABLE[0])
}

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
            return Err(format!("{id}: there is no such command; the commands are {known}"));
        }
        let mut map = Self { commands: HashMap::new(), played: HashMap::new(), chords: Vec::new() };
        // The same key may do one thing in the live console and another in a replay.
        let mut owners: HashMap<(Chord, bool), &str> = HashMap::new();
        for entry in TABLE {
            let texts: Vec<&str> =
                changed.get(entry.id).map_or_else(|| entry.keys.to_vec(), |keys| keys.iter().map(String::as_str).collect());
            let mut chords = Vec::new();
            for (text, place) in texts.into_iter().zip(1..) {
                let chord = Chord::parse(text).map_err(|error| format!("{}: {error}", entry.id))?;
                if let Some(other) = owners.insert((chord, entry.replay), entry.id) {
                    return Err(format!("{chord} is bound twice, to {other} and to {}; give one of them another key", entry.id));
                }
                let command = if let Command::Tab(_) = entry.command { Command::Tab(place) } else { entry.command };
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

/// The keys as a Markdown table, for the README.
#[must_use]
pub fn markdown() -> String {
    let rows = TABLE.iter().map(|entry| {
        let keys = entry
            .shown
            .map_or_else(|| entry.keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(" "), |shown| format!("`{shown}`"));
        format!("| {keys} | {} | `{}` |\n", entry.help, entry.id)
    });
    std::iter::once("| key | does | name in `[keys]` |\n|---|---|---|\n".to_owned()).chain(rows).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let enter = Chord::parse("Enter").expect("a key");
        assert_eq!((map.command(enter), map.command_in_replay(enter)), (None, Some(Command::Play(Play::Pause))));
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
