//! The console without a screen, for live conferences, the demo and replays alike: what happens as sentences, one a line, and commands typed as words. Another pair of
//! eyes and hands for the same [`App`]: who is meant and what is asked is decided there, never here.
//!
//! Nothing here writes an escape, moves a cursor, or says a thing twice.

mod callers;
mod desk;
mod tell;
mod words;

pub use desk::{Desk, open};

use super::app::{App, Spoken};
use super::command::Command;
use crate::conference::ConferenceId;
use crate::conference::filter::Filter;
use crate::phone::Number;
use words::{Found, Takes, Word};

/// What a typed line comes to: sentences that answer it at once, and what is to be done for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// To be printed, in this order, before anything is done.
    pub said: Vec<String>,
    /// To be done, in this order.
    pub spoken: Vec<Spoken>,
}

impl Reply {
    fn say(sentence: impl Into<String>) -> Self {
        Self { said: vec![sentence.into()], spoken: Vec::new() }
    }

    fn tell(said: Vec<String>) -> Self {
        Self { said, spoken: Vec::new() }
    }

    fn ask(spoken: Spoken) -> Self {
        Self { said: Vec::new(), spoken: vec![spoken] }
    }
}

/// Answers that are no command when nothing is asked, and nothing but an answer when something is.
const ANSWERS: [&str; 4] = ["yes", "y", "no", "n"];

/// Reads one typed line. An open question takes it first; what is no answer to it is done after saying no.
#[must_use]
pub fn read(app: &App, line: &str) -> Reply {
    // What cannot be shown was not typed by anybody.
    let line = crate::text::clean(line, LONGEST);
    let answers = |word: &str| line.eq_ignore_ascii_case(word);
    let is_answer = line.is_empty() || line.bytes().all(|byte| byte.is_ascii_digit()) || ANSWERS.iter().any(|word| answers(word));
    if app.dialog.is_some() {
        let mut reply = Reply::ask(Spoken::Answer(line.clone()));
        if !is_answer {
            let then = command(app, &line);
            reply.said = then.said;
            reply.spoken.extend(then.spoken);
        }
        return reply;
    }
    match &*line {
        "" => Reply::default(),
        _ if ANSWERS.iter().any(|word| answers(word)) => Reply::say("nothing was asked"),
        _ => command(app, &line),
    }
}

/// The longest line that is read, in bytes.
pub(super) const LONGEST: usize = 1_024;

fn command(app: &App, line: &str) -> Reply {
    match words::find(line, app.replay.is_some()) {
        Found::Word(word, rest) => run(app, word, rest).unwrap_or_else(Reply::say),
        Found::Never(entry, why) => Reply::say(format!("{} is for a screen: {why}", entry.label)),
        Found::Several(names) => Reply::say(format!("that could be {}", words::or(&names))),
        Found::Nothing(near) => {
            let typed = crate::text::cut(line.split(' ').next().unwrap_or_default(), 24, "~").into_owned();
            Reply::say(match &near[..] {
                [] => format!("{typed} is no command; help lists them"),
                near => format!("{typed} is no command; is it {}? help lists them all", words::or(near)),
            })
        }
    }
}

fn run(app: &App, word: Word, rest: &str) -> Result<Reply, String> {
    let command = match word {
        Word::Who => return Ok(Reply::tell(tell::who(app, rest))),
        Word::Lift => return lift(app, rest),
        Word::All => return Ok(show(app, None)),
        Word::Command(command) => command,
    };
    let typing = words::typing(command);
    let needs_nothing = || if rest.is_empty() { Ok(()) } else { Err(format!("nothing comes after it: {}", typing.form)) };
    Ok(match typing.takes {
        Takes::CallersOrAll if rest.is_empty() => {
            let ids = callers::where_it_failed(app);
            if ids.is_empty() {
                return Err("nothing failed that could be asked again".into());
            }
            Reply::ask(Spoken::About(command, ids))
        }
        Takes::Callers | Takes::CallersOrAll => Reply::ask(Spoken::About(command, callers::callers(app, rest, typing.form)?)),
        Takes::Name => name(app, rest, typing.form)?,
        Takes::Reason => {
            let (id, reason) = callers::caller_and_text(app, rest, typing.form)?;
            Reply::ask(Spoken::Ban(id, reason.to_owned()))
        }
        Takes::Conference => Reply::ask(Spoken::In(command, conference(app, rest, typing.form)?, None)),
        Takes::Mode => {
            let mut words: Vec<_> = rest.split(' ').filter(|word| !word.is_empty()).collect();
            let wanted = match words.last() {
                Some(&"on") => Some(true),
                Some(&"off") => Some(false),
                _ => None,
            };
            words.truncate(words.len() - usize::from(wanted.is_some()));
            Reply::ask(Spoken::In(command, conference(app, &words.join(" "), typing.form)?, wanted))
        }
        Takes::Tab if rest.is_empty() => Reply::tell(tell::conferences(app)),
        Takes::Tab if rest == "all" => show(app, None),
        Takes::Tab => show(app, Some(conference(app, rest, typing.form)?)),
        Takes::Filter => filter(app, rest)?,
        Takes::Nothing => {
            needs_nothing()?;
            Reply::ask(Spoken::Run(command))
        }
        Takes::Telling => telling(app, command, rest)?,
    })
}

/// Commands that only tell something, and so need nothing done.
fn telling(app: &App, command: Command, rest: &str) -> Result<Reply, String> {
    Ok(Reply::tell(match command {
        Command::Queue => tell::hands(app),
        Command::Bans => tell::bans(app),
        Command::Unreachable => tell::who(app, "state:no-number"),
        Command::Events => tell::events(app, rest),
        Command::Help => words::help(app.replay.is_some()),
        _ => callers::callers(app, rest, words::typing(command).form)?.into_iter().flat_map(|id| tell::detail(app, id)).collect(),
    }))
}

/// `name 3 Ada Lovelace`; a dash takes the name away.
fn name(app: &App, rest: &str, form: &str) -> Result<Reply, String> {
    let (id, name) = callers::caller_and_text(app, rest, form)?;
    match name {
        "" => Err(format!("what is the name? {form}; a dash for a name takes it away")),
        "-" => Ok(Reply::ask(Spoken::Name(id, String::new()))),
        name => Ok(Reply::ask(Spoken::Name(id, name.to_owned()))),
    }
}

/// Takes a filter only where all of it can be read.
fn filter(app: &App, text: &str) -> Result<Reply, String> {
    if let Some(slip) = Filter::new(text).slip() {
        return Err(format!("{}; {}", slip.sentence, slip.remedy));
    }
    let found = callers::listed(app, app.view.conference.clone(), text).len();
    let said = if text.is_empty() {
        format!("no filter: {found} on the list")
    } else {
        format!("{found} on the list with the filter {text}; filter alone takes it away")
    };
    Ok(Reply { said: vec![said], spoken: vec![Spoken::Filter(text.to_owned())] })
}

fn show(app: &App, conference: Option<ConferenceId>) -> Reply {
    let counts = app.tabs().find(|(id, _)| *id == conference.as_ref()).map(|(_, counts)| counts).unwrap_or_default();
    let name = conference.as_ref().map_or("all", ConferenceId::as_str);
    Reply { said: vec![format!("{name} is shown: {}", tell::counted(counts))], spoken: vec![Spoken::Show(conference)] }
}

/// The conference that was named; without a name the one that is shown, or the only one there is.
fn conference(app: &App, name: &str, form: &str) -> Result<ConferenceId, String> {
    let known: Vec<_> = app.tabs().filter_map(|(id, _)| id).collect();
    if !name.is_empty() {
        let found = known.iter().find(|id| id.as_str().eq_ignore_ascii_case(name));
        let listed: Vec<_> = known.iter().map(|id| id.as_str()).collect();
        let there = if listed.is_empty() { "there is none yet".to_owned() } else { format!("there is {}", listed.join(", ")) };
        return found.map(|id| (*id).clone()).ok_or_else(|| format!("there is no conference {name}; {there}"));
    }
    match (&app.view.conference, &known[..]) {
        (Some(shown), _) => Ok(shown.clone()),
        (None, [only]) => Ok((*only).clone()),
        (None, []) => Err("there is no conference yet".into()),
        (None, [first, ..]) => {
            let words = form.split([' ', ',']).next().unwrap_or_default();
            Err(format!("which conference? There are {}: {words} {first}", known.len()))
        }
    }
}

/// `unban 12157010680`: the number, or the end of it where only one banned number ends so.
fn lift(app: &App, typed: &str) -> Result<Reply, String> {
    let digits: String = typed.chars().filter(char::is_ascii_digit).collect();
    let other = typed.chars().any(|c| !c.is_ascii_digit() && !"+-. ()/".contains(c));
    if digits.is_empty() || other {
        return Err("whose ban is lifted? unban and the number; bans lists them".into());
    }
    let bans = app.roster.people().bans(app.now);
    let ends: Vec<Number> = bans.iter().map(|(number, _)| *number).filter(|number| number.digits().ends_with(&digits)).collect();
    let exact = ends.iter().find(|number| number.digits() == digits).or(match &ends[..] {
        [only] if digits.len() > 3 => Some(only),
        _ => None,
    });
    match exact {
        Some(number) => Ok(Reply::ask(Spoken::Lift(*number))),
        None if ends.is_empty() => Err("that number is not banned; bans lists those that are".into()),
        None => Err("write the whole number; bans lists them".into()),
    }
}

#[cfg(test)]
mod tests;
