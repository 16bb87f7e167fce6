//! The one table of commands. The footer, the help, the palette, the README and the key map are made
//! from it; nothing else knows which key does what.

mod keymap;

pub use keymap::KeyMap;

/// What a moderator can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "each variant's meaning stands in the table below, once")]
pub enum Command {
    Mute,
    Unmute,
    Kick,
    Mark,
    MarkAll,
    Range(u8),
    TakeBack,
    Again,
    Hand,
    Floor,
    FloorBack,
    HandFirst,
    ClearHands,
    Queue,
    Lecture,
    Lock,
    Exempt,
    Ban,
    Bans,
    Name,
    Unreachable,
    Remove,
    Filter,
    Sort,
    Reverse,
    Detail,
    Events,
    Mask,
    Report,
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
    /// The command; of several that differ in their place only, the first.
    pub command: Command,
    /// Its name in the configuration.
    pub id: &'static str,
    /// Its keys, as [`Chord::parse`](super::keys::Chord::parse) reads them.
    pub keys: &'static [&'static str],
    /// How the keys are written for people, where listing them all would be long.
    pub shown: Option<&'static str>,
    /// One or two words for the footer and the palette.
    pub label: &'static str,
    /// One sentence for the help.
    pub help: &'static str,
    /// Its place in the footer, first come first kept when there is little room; none keeps it out.
    pub footer: Option<u8>,
    /// Whether it changes something for callers or in the journal, or chooses for whom: a read-only console has none
    /// of these.
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
}

/// All commands, in the order in which help and README list them.
pub static TABLE: &[Entry] = &[
    entry(Command::Mute, "mute", &["m"], "mute", "mute the marked callers, else the one under the cursor").dangerous().footer(0),
    entry(Command::Unmute, "unmute", &["u"], "unmute", "unmute the marked callers, else the one under the cursor").dangerous().footer(1),
    entry(Command::Kick, "kick", &["k"], "kick", "kick the marked, else the one under the cursor; y sends").dangerous().footer(2),
    entry(Command::Mark, "mark", &["Space"], "mark", "mark the caller, or take the mark away").dangerous().footer(3),
    entry(Command::MarkAll, "mark-all", &["*"], "mark all", "mark all that are listed; again takes the marks away").dangerous(),
    entry(
        Command::Range(1),
        "mark-range",
        &["Shift-Up", "Shift-Down", "Shift-PgUp", "Shift-PgDn", "Shift-Home", "Shift-End"],
        "mark range",
        "mark while moving",
    )
    .shown("Shift-arrows")
    .dangerous(),
    entry(Command::TakeBack, "take-back", &["z"], "undo", "take back the last mute or unmute, unless it changed since")
        .dangerous()
        .footer(5),
    entry(Command::Again, "again", &["r"], "again", "ask again where the last ask failed or is unknown").dangerous().footer(15),
    entry(Command::Hand, "hand", &["h"], "hand", "raise or lower the caller's hand").dangerous().footer(9),
    entry(Command::Floor, "floor", &["g"], "floor", "give the floor to the next hand; who had it is muted again").dangerous().footer(10),
    entry(Command::FloorBack, "floor-back", &[], "floor back", "take the floor back: who has it is muted").dangerous(),
    entry(Command::HandFirst, "hand-first", &[], "hand first", "move the caller's raised hand before all others").dangerous(),
    entry(Command::ClearHands, "clear-hands", &[], "clear hands", "lower all hands of the conference").dangerous(),
    entry(Command::Queue, "hands", &["H"], "hands", "show or hide the raised hands in their order").footer(18),
    entry(Command::Lecture, "lecture", &["M"], "lecture", "lecture mode: all not exempt are muted, until M again").dangerous().footer(11),
    entry(Command::Lock, "lock", &["L"], "lock", "lock: whoever joins and is not exempt is kicked, until L again").dangerous(),
    entry(Command::Exempt, "exempt", &["x"], "exempt", "spare the caller from lecture mode and lock, or no longer").dangerous(),
    entry(Command::Ban, "ban", &["B"], "ban", "ban the caller's number: whoever joins from it is kicked").dangerous(),
    entry(Command::Bans, "bans", &[], "bans", "list the banned numbers; Delete lifts a ban"),
    entry(Command::Unreachable, "unreachable", &[], "unreachable", "list the callers without a number, whom no ask can reach"),
    entry(Command::Name, "name", &["n"], "name", "name the caller, for this and later calls from the number").dangerous().footer(14),
    entry(Command::Remove, "remove", &["Delete"], "off the list", "take the row off the list without asking the provider").dangerous(),
    entry(Command::Filter, "filter", &["/"], "filter", "filter by words, state:, hand:, place:, >10m; -word: the rest").footer(4),
    entry(Command::Sort, "sort", &["s"], "sort", "sort by the next column").footer(16),
    entry(Command::Reverse, "reverse", &["S"], "reverse", "reverse the order"),
    entry(Command::Detail, "detail", &["d"], "detail", "show or hide everything known of the caller").footer(13),
    entry(Command::Events, "events", &["e"], "events", "show or hide what happened").footer(17),
    entry(Command::Mask, "mask", &["p"], "mask", "hide or show the digits of numbers").footer(19),
    entry(Command::Report, "report", &["w"], "report", "write a report of what is shown: one page, with a timeline").footer(12),
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
    entry(Command::Back, "back", &["Esc"], "back", "leave dialog, countdown, bulk ask, filter, marks, one by one"),
    entry(Command::Play(Play::Pause), "pause", &["Space", "Enter"], "pause", "in a replay: pause or go on; at the end begin again")
        .replay()
        .footer(20),
    entry(Command::Play(Play::Back), "rewind", &["Left"], "-10 s", "in a replay: go 10 seconds back").replay().footer(21),
    entry(Command::Play(Play::Forward), "forward", &["Right"], "+10 s", "in a replay: go 10 seconds on").replay().footer(22),
    entry(Command::Play(Play::NextEvent), "next-event", &["."], "next", "in a replay: go to the next thing that happened")
        .replay()
        .footer(23),
    entry(Command::Play(Play::FarBack), "far-rewind", &["Shift-Left"], "-5 min", "in a replay: go 5 minutes back").replay(),
    entry(Command::Play(Play::FarForward), "far-forward", &["Shift-Right"], "+5 min", "in a replay: go 5 minutes on").replay(),
    entry(Command::Play(Play::Faster), "faster", &["+"], "faster", "in a replay: go twice as fast").replay(),
    entry(Command::Play(Play::Slower), "slower", &["-"], "slower", "in a replay: go half as fast").replay(),
    entry(Command::Palette, "palette", &[":"], "more", "find any command or caller by a scrap of the name").footer(7),
    entry(Command::Help, "help", &["?", "F1"], "help", "show this list").footer(6),
    entry(Command::Quit, "quit", &["q", "Ctrl-c"], "quit", "quit; asks first while callers are in").footer(8),
];

/// The row of a command.
#[must_use]
pub fn entry_of(command: Command) -> &'static Entry {
    let same = |entry: &&Entry| {
        entry.command == command
            || matches!((entry.command, command), (Command::Tab(_), Command::Tab(_)) | (Command::Range(_), Command::Range(_)))
    };
    // The table holds every command; a test goes through all of them.
    TABLE.iter().find(same).unwrap_or(&TABLE[0])
}

/// The keys as a Markdown table, for the README.
#[must_use]
pub fn markdown() -> String {
    let rows = TABLE.iter().map(|entry| {
        let keys = match entry.shown {
            Some(shown) => format!("`{shown}`"),
            None if entry.keys.is_empty() => "in the palette".to_owned(),
            None => entry.keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(" "),
        };
        format!("| {keys} | {} | `{}` |\n", entry.help, entry.id)
    });
    std::iter::once("| key | does | name in `[keys]` |\n|---|---|---|\n".to_owned()).chain(rows).collect()
}
