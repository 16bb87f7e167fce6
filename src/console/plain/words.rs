//! The words that can be typed: the table of commands by name and label, what comes after each, and the few words
//! that a console without a screen needs besides.

use crate::console::command::{Command, Entry, TABLE};

/// What a word means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// A command of the table.
    Command(Command),
    /// Who is there.
    Who,
    /// Show all conferences.
    All,
    /// Lift a ban.
    Lift,
}

/// What comes after a command's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Takes {
    /// One caller or several.
    Callers,
    /// The same; without any, all for whom there is something to do.
    CallersOrAll,
    /// One caller, and a name.
    Name,
    /// One caller, and a reason.
    Reason,
    /// A conference, where it is not clear which.
    Conference,
    /// The same, and `on` or `off`.
    Mode,
    /// The conference to show.
    Tab,
    /// A filter.
    Filter,
    /// Nothing.
    Nothing,
    /// It tells something; what may come after it is its own.
    Telling,
}

/// How a command is typed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Typing {
    /// What comes after its word.
    pub(super) takes: Takes,
    /// How it is written, for help and for slips.
    pub(super) form: &'static str,
    /// What it does, where the table's words are about keys and rows; else empty.
    pub(super) does: &'static str,
    /// Why it cannot be typed; none where it can.
    pub(super) never: Option<&'static str>,
}

const fn takes(takes: Takes, form: &'static str, does: &'static str) -> Typing {
    Typing { takes, form, does, never: None }
}

const fn never(why: &'static str) -> Typing {
    Typing { takes: Takes::Nothing, form: "", does: "", never: Some(why) }
}

const NO_MARKS: &str = "name the callers instead: mute 3 5-9, or mute all";
const NO_CURSOR: &str = "there is no cursor; name the caller: mute 3";

/// How each command of the table is typed.
pub(super) const fn typing(command: Command) -> Typing {
    match command {
        Command::Mute => takes(Takes::Callers, "mute 3, mute 3 5-9, mute ada, mute all", "mute these callers"),
        Command::Unmute => takes(Takes::Callers, "unmute 3", "unmute these callers"),
        Command::Kick => takes(Takes::Callers, "kick 3", "kick these callers; it asks first, and only yes kicks"),
        Command::Again => takes(Takes::CallersOrAll, "again, again 3", "ask again where the last ask failed or is unknown"),
        Command::TakeBack => takes(Takes::Nothing, "undo, take back", ""),
        Command::Hand => takes(Takes::Callers, "hand 3", "raise the caller's hand, or lower it"),
        Command::FloorBack => takes(Takes::Conference, "floor back, floor back 1122", ""),
        Command::HandFirst => takes(Takes::Callers, "hand first 3", ""),
        Command::Floor => takes(Takes::Conference, "floor, floor 1122", ""),
        Command::ClearHands => takes(Takes::Conference, "clear hands, clear hands 1122", ""),
        Command::Queue => takes(Takes::Telling, "hands", "list the raised hands in their order"),
        Command::Lecture => {
            takes(Takes::Mode, "lecture on, lecture off, lecture 1122 on", "lecture mode: all not exempt are muted, until it is off")
        }
        Command::Lock => {
            takes(Takes::Mode, "lock on, lock off, lock 1122 on", "lock: whoever joins and is not exempt is kicked, until it is off")
        }
        Command::Exempt => takes(Takes::Callers, "exempt 3", ""),
        Command::Ban => takes(
            Takes::Reason,
            "ban 3 shouting, ban 3 for 2h shouting",
            "ban the caller's number, for a reason and a time or for good: whoever joins from it is kicked",
        ),
        Command::Bans => takes(Takes::Telling, "bans", "list the banned numbers"),
        Command::Unreachable => takes(Takes::Telling, "unreachable", ""),
        Command::Name => takes(Takes::Name, "name 3 Ada Lovelace", "name the caller, for this and later calls from the number"),
        Command::Remove => takes(Takes::Callers, "remove 3", "take the caller off the list without asking the provider"),
        Command::Filter => {
            takes(Takes::Filter, "filter state:muted, filter", "list only these callers, for who and all; alone, everybody again")
        }
        Command::Detail => takes(Takes::Telling, "detail 3", "tell everything known of the caller"),
        Command::Events => takes(Takes::Telling, "events, events 50", "tell again what happened last"),
        Command::Mask => takes(Takes::Nothing, "mask", ""),
        Command::Report => takes(Takes::Nothing, "report", ""),
        Command::NextTab => takes(Takes::Nothing, "next conference", ""),
        Command::PreviousTab => takes(Takes::Nothing, "previous conference", ""),
        Command::Tab(_) => takes(Takes::Tab, "conference 1122, conference", "show this conference; alone, list them"),
        Command::Back => takes(Takes::Nothing, "stop", "stop what is being asked for many"),
        Command::Play(_) => takes(Takes::Nothing, "", ""),
        Command::Help => takes(Takes::Telling, "help", "list the commands"),
        Command::Quit => takes(Takes::Nothing, "quit", ""),
        Command::Mark | Command::MarkAll | Command::Range(_) => never(NO_MARKS),
        Command::Up | Command::Down | Command::PageUp | Command::PageDown | Command::First | Command::Last => never(NO_CURSOR),
        Command::Sort | Command::Reverse => never("who lists callers by their numbers; who state:muted lists only some"),
        Command::Copy => never("detail 3 tells the number"),
        Command::Palette => never("every command is a word here; help lists them"),
    }
}

/// Words besides the table's.
const MORE: [(&str, Word); 7] = [
    ("who", Word::Who),
    ("all", Word::All),
    ("unban", Word::Lift),
    ("stop", Word::Command(Command::Back)),
    ("lower hands", Word::Command(Command::ClearHands)),
    ("exit", Word::Command(Command::Quit)),
    ("commands", Word::Command(Command::Help)),
];

/// What the beginning of a line was found to be.
pub(super) enum Found<'a> {
    /// This word, and what comes after it.
    Word(Word, &'a str),
    /// A command that cannot be typed, and why.
    Never(&'static Entry, &'static str),
    /// The beginning of these.
    Several(Vec<&'static str>),
    /// Nothing; these are written most like it.
    Nothing(Vec<&'static str>),
}

/// Commands that belong here: a replay changes nothing, and only a replay can be paused.
fn entries(replay: bool) -> impl Iterator<Item = &'static Entry> {
    TABLE.iter().filter(move |entry| if replay { !entry.dangerous } else { !entry.replay })
}

/// Everything that can be typed, each with what it means. Of several names the first is the one to suggest.
fn names(replay: bool) -> impl Iterator<Item = (&'static str, Word)> {
    let typed = entries(replay).filter(|entry| typing(entry.command).never.is_none());
    let more = MORE.into_iter().filter(move |(_, word)| match word {
        Word::Command(command) => entries(replay).any(|entry| entry.command == *command),
        Word::Lift => !replay,
        Word::Who | Word::All => true,
    });
    typed.flat_map(|entry| [(entry.id, Word::Command(entry.command)), (entry.label, Word::Command(entry.command))]).chain(more)
}

/// Whether two names are the same, however they are joined.
fn same(name: &str, typed: &str) -> bool {
    name.replace('-', " ") == typed
}

/// The most words that a command's name has.
const WORDS: usize = 3;

/// Finds the command at the beginning of a line: its whole name or label, else the beginning of only one.
pub(super) fn find(line: &str, replay: bool) -> Found<'_> {
    let ends = line.match_indices(' ').map(|(at, _)| at).chain([line.len()]).take(WORDS);
    for end in ends.collect::<Vec<_>>().into_iter().rev() {
        let (typed, rest) = (line[..end].to_lowercase().replace('-', " "), line[end..].trim());
        if let Some((_, word)) = names(replay).find(|(name, _)| same(name, &typed)) {
            return Found::Word(word, rest);
        }
        let entry = entries(replay).find(|entry| same(entry.id, &typed) || same(entry.label, &typed));
        if let Some((entry, why)) = entry.and_then(|entry| Some((entry, typing(entry.command).never?))) {
            return Found::Never(entry, why);
        }
    }
    let (first, rest) = line.split_once(' ').unwrap_or((line, ""));
    let first = first.to_lowercase();
    let mut begun: Vec<(&str, Word)> = Vec::new();
    for (name, word) in names(replay).filter(|(name, _)| name.starts_with(&first)) {
        if begun.iter().all(|(_, known)| *known != word) {
            begun.push((name, word));
        }
    }
    match &begun[..] {
        [(_, word)] => Found::Word(*word, rest.trim()),
        [] => Found::Nothing(nearest(&first, replay)),
        several => Found::Several(several.iter().map(|(name, _)| *name).collect()),
    }
}

/// How alike two words must be for one to be suggested.
const ALIKE: f64 = 0.75;

fn nearest(typed: &str, replay: bool) -> Vec<&'static str> {
    let mut near: Vec<_> = names(replay).map(|(name, word)| (strsim::jaro_winkler(name, typed), name, word)).collect();
    near.retain(|(score, ..)| *score >= ALIKE);
    near.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut found: Vec<(&str, Word)> = Vec::new();
    for (_, name, word) in near {
        if found.iter().all(|(_, known)| *known != word) {
            found.push((name, word));
        }
    }
    found.into_iter().take(3).map(|(name, _)| name).collect()
}

/// `a, b or c`.
pub(super) fn or(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// All that can be typed, one a line, and how callers are named.
pub(super) fn help(replay: bool) -> Vec<String> {
    let mut lines = vec!["who, who ada, who state:muted: list who is there, or only some".to_owned()];
    for entry in entries(replay) {
        let typing = typing(entry.command);
        if typing.never.is_some() {
            continue;
        }
        let form = if typing.form.is_empty() { entry.id } else { typing.form };
        lines.push(format!("{form}: {}", if typing.does.is_empty() { entry.help } else { typing.does }));
        match entry.command {
            Command::Bans if !replay => lines.push("unban 12157010680: lift the ban of a number".to_owned()),
            Command::Tab(_) => lines.push("all: show all conferences".to_owned()),
            _ => {}
        }
    }
    lines.push("Callers are named by the number they were given when they joined, several numbers, a name or all.".to_owned());
    lines.push("A word may be cut short where only one begins so: unm 3.".to_owned());
    lines
}
