//! The palette: every command and every caller, found by scraps of what they are called.
//!
//! What was found is kept until something else is typed: it is not looked for again to be drawn.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use nucleo_matcher::pattern::{Atom, AtomKind, CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use super::dialog::Input;
use super::{App, Effect, Tone};
use crate::conference::roster::{CallId, Participant};
use crate::conference::view::View;
use crate::console::command::{self, Command};

/// Callers that are listed; more are not read by anybody, and the next letter leaves fewer.
pub const CALLERS: usize = 50;

/// Something that can be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// A command, to be run.
    Command(Command),
    /// A caller, to put the cursor on.
    Caller(CallId),
}

/// What is typed, what it finds, and which of that is chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Palette {
    /// The line being typed.
    pub input: Input,
    /// What it finds, best first.
    pub found: Vec<Found>,
    /// The place of the chosen one.
    pub chosen: usize,
    /// Callers that were found beyond those listed.
    pub more: usize,
}

/// How good a find is: good commands, good callers, then the rest of both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    FaintCaller,
    FaintCommand,
    Caller,
    Command,
}

/// A find with its rank and score.
type Ranked = ((Rank, u32), Found);

/// A score of so many thirds of the best possible one is a good find: scraps in one piece, or at the
/// beginnings of words.
const GOOD: u32 = 2;

/// What is looked for, and how well anything could match it.
struct Search {
    pattern: Pattern,
    matcher: Matcher,
    best: u32,
    letters: Vec<char>,
}

impl Search {
    fn new(typed: &str) -> Self {
        let mut pattern = Pattern::default();
        let mut whole = String::new();
        for word in typed.split_whitespace() {
            // Numbers are typed as they are read on the screen, and known by digits in a row: scraps of them are
            // in everybody's. No character means anything but itself.
            let digits = digits(word);
            let kind = if digits.is_some() { AtomKind::Substring } else { AtomKind::Fuzzy };
            let word = digits.as_deref().unwrap_or(word);
            pattern.atoms.push(Atom::new(word, CaseMatching::Ignore, Normalization::Smart, kind, false));
            whole += word;
            whole += " ";
        }
        let mut search = Self { pattern, matcher: Matcher::new(Config::DEFAULT), best: 0, letters: Vec::new() };
        search.best = search.score(&whole).unwrap_or(0);
        search
    }

    fn score(&mut self, text: &str) -> Option<u32> {
        self.pattern.score(Utf32Str::new(text, &mut self.letters), &mut self.matcher)
    }

    fn is_good(&self, score: u32) -> bool {
        score * 3 >= self.best * GOOD
    }
}

/// A part of a number, without the signs between its digits.
fn digits(word: &str) -> Option<String> {
    let sign = |c: char| matches!(c, '-' | '.' | '(' | ')' | '/');
    let number = word.chars().any(|c| c.is_ascii_digit()) && word.chars().all(|c| c.is_ascii_digit() || c == '+' || sign(c));
    number.then(|| word.replace(sign, ""))
}

/// The commands that match what was typed, with how well; all of them for nothing.
fn commands(app: &App, search: &mut Search) -> Vec<Ranked> {
    let useless = |command| matches!(command, Command::Palette | Command::Tab(_) | Command::Range(_) | Command::Back);
    let listed = command::TABLE.iter().filter(|entry| app.offers(entry) && !useless(entry.command));
    let mut found = Vec::new();
    for entry in listed {
        let by_label = search.score(entry.label).filter(|score| search.is_good(*score));
        let rank = match by_label {
            // A short label that is meant comes before a long one that also has it.
            Some(score) => Some((Rank::Command, (score * 64).saturating_sub(entry.label.len() as u32))),
            None => search.score(&format!("{} {}", entry.label, entry.help)).map(|score| (Rank::FaintCommand, score)),
        };
        found.extend(rank.map(|rank| (rank, Found::Command(entry.command))));
    }
    found
}

impl App {
    /// The palette with nothing typed: every command.
    pub(super) fn palette(&self) -> Palette {
        self.look_for(Input::default())
    }

    /// Looks for what is typed, among all commands and all callers that are in sight somewhere.
    pub(super) fn look_for(&self, input: Input) -> Palette {
        let mut search = Search::new(input.text());
        let mut found = commands(self, &mut search);
        let mut more = 0;
        if !input.text().trim().is_empty() {
            let (callers, left_out) = self.callers(&mut search);
            found.extend(callers);
            more = left_out;
        }
        // Stable, so that equals stay in the order of the table and of arrival.
        found.sort_by_key(|(rank, _)| Reverse(*rank));
        Palette { input, found: found.into_iter().map(|(_, found)| found).collect(), chosen: 0, more }
    }

    /// The best callers in order of arrival, and how many more match.
    fn callers(&self, search: &mut Search) -> (Vec<Ranked>, usize) {
        let mut best = BinaryHeap::with_capacity(CALLERS + 1);
        let mut matching = 0_usize;
        let mut text = String::new();
        for (id, call) in self.roster.iter().filter(|(_, call)| View::in_sight(call, self.now)) {
            self.all_of(call, &mut text);
            let Some(score) = search.score(&text) else { continue };
            matching += 1;
            let rank = if search.is_good(score) { Rank::Caller } else { Rank::FaintCaller };
            best.push(Reverse(((rank, score), Reverse(id))));
            if best.len() > CALLERS {
                best.pop();
            }
        }
        let mut best: Vec<_> = best.into_iter().map(|Reverse((rank, Reverse(id)))| (rank, id)).collect();
        best.sort_by_key(|(_, id)| *id);
        (best.into_iter().map(|(rank, id)| (rank, Found::Caller(id))).collect(), matching.saturating_sub(CALLERS))
    }

    /// Everything that a caller may be looked for by.
    fn all_of(&self, call: &Participant, text: &mut String) {
        text.clear();
        text.push_str(self.roster.name(call).unwrap_or_default());
        match call.number {
            Some(number) => text.extend([" ", &number.e164()]),
            None => text.extend([" no number #", &call.tag()]),
        }
        if let Some(conference) = &call.conference {
            *text += " ";
            *text += conference.as_str();
        }
        // The matcher misses digits at the very end of a text with letters beyond ASCII.
        *text += " ";
    }

    /// Enter: runs the command, or goes to the caller.
    pub(super) fn choose(&mut self, palette: &Palette) -> Vec<Effect> {
        match palette.found.get(palette.chosen) {
            Some(Found::Command(command)) => self.run(*command),
            Some(Found::Caller(id)) => {
                self.go_to(*id);
                Vec::new()
            }
            None => Vec::new(),
        }
    }

    /// Puts the cursor on a caller, out of whatever hides the row, and says what was changed for it.
    fn go_to(&mut self, id: CallId) {
        let Some(call) = self.roster.get(id).filter(|call| View::in_sight(call, self.now)) else {
            self.say(Tone::Warning, "that caller is off the list by now: the cursor stays where it is");
            return;
        };
        let (who, home) = (self.label(call), call.conference.clone());
        let mut changed = Vec::new();
        if self.view.conference.is_some() && self.view.conference != home {
            changed.push(home.as_ref().map_or_else(|| "all is shown".to_owned(), |id| format!("{id} is shown")));
            self.show_conference(home);
        }
        if !self.view.lists(id) {
            changed.push("the filter is cleared".to_owned());
            self.filter("");
        }
        if let Some(place) = self.view.rows().place(id) {
            self.go(place);
        }
        if !changed.is_empty() {
            self.say(Tone::Plain, format!("{}, for {who}", changed.join(" and ")));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conference::event::What;
    use crate::conference::story::{join, leave, named_arrival};
    use crate::console::app::Dialog;
    use crate::console::app::tests::Stage;

    fn look(stage: &Stage, typed: &str) -> Palette {
        stage.app.look_for(Input::new(typed))
    }

    fn labels(stage: &Stage, typed: &str) -> Vec<String> {
        let label = |found: &Found| match found {
            Found::Command(command) => command::entry_of(*command).id.to_owned(),
            Found::Caller(id) => stage.app.roster.get(*id).map(|call| call.key().to_owned()).unwrap_or_default(),
        };
        look(stage, typed).found.iter().map(label).collect()
    }

    fn floor() -> Stage {
        let mut stage = Stage::new(|_| {});
        for (key, conference, number, name) in [
            ("A", "1122", "12157010680", "Ada Lovelace"),
            ("B", "3344", "4930901820", "Zoë Lindström"),
            ("C", "1122", "33142685300", "Muteba Kick"),
        ] {
            stage.event(named_arrival(key, conference, number, name));
        }
        stage.event(join("D", "1122", ""));
        stage
    }

    #[test]
    fn commands_are_found_by_scraps() {
        let stage = Stage::new(|_| {});
        let first = |typed: &str| labels(&stage, typed).first().cloned().unwrap_or_default();
        for (typed, id) in [("kick", "kick"), ("unm", "unmute"), ("mute", "mute"), ("cpy", "copy"), ("digits", "mask"), ("FILT", "filter")]
        {
            assert_eq!(first(typed), id, "{typed}");
        }
        assert!(labels(&stage, "zzzz").is_empty());
        assert!(labels(&stage, "").len() > 15);
    }

    #[test]
    fn callers_are_found_by_name_number_tag_and_conference_and_good_commands_come_first() {
        let stage = floor();
        let tag = crate::conference::CallKey::new("D").tag();
        for (typed, key) in [
            ("ada", "A"),
            ("adlov", "A"),
            ("zoe", "B"),
            ("4930", "B"),
            ("+33-142", "C"),
            ("ada 1122", "A"),
            ("#", "D"),
            (tag.as_str(), "D"),
            ("3344", "B"),
        ] {
            assert_eq!(labels(&stage, typed).first().map(String::as_str), Some(key), "{typed}");
        }
        assert!(!labels(&stage, "94").contains(&"B".to_owned()), "digits that are not in a row");
        assert_eq!(labels(&stage, "mute")[..3], ["mute", "unmute", "C"], "good commands, good callers");
        assert_eq!(labels(&stage, "kick")[..2], ["kick", "C"]);
        assert!(!labels(&stage, "").contains(&"A".to_owned()), "callers when something is typed");
        assert_eq!(labels(&stage, "!ada").len(), 0, "no character means anything but itself");
    }

    #[test]
    fn only_the_best_callers_are_kept_and_the_rest_is_counted() {
        let mut stage = Stage::new(|_| {});
        for place in 0..CALLERS + 7 {
            stage.event(named_arrival(&format!("c{place}"), "1122", &(10_000 + place).to_string(), "Smith"));
        }
        stage.event(named_arrival("best", "1122", "999", "Smithson Smith"));
        let palette = look(&stage, "smithson");
        assert_eq!((&palette.found[1..], palette.more), (&[][..], 0));
        let palette = look(&stage, "smith");
        let callers = palette.found.iter().filter(|found| matches!(found, Found::Caller(_))).count();
        assert_eq!((callers, palette.more), (CALLERS, 8));
        assert_eq!(palette.found[0], Found::Caller(stage.app.roster.iter().next().expect("a first").0), "equals by arrival");
    }

    #[test]
    fn choosing_a_caller_moves_the_cursor_out_of_tab_and_filter_and_says_so() {
        let mut stage = floor();
        stage.keys("2 / a d a Enter");
        stage.keys(": z o e Enter");
        let at = |stage: &Stage| stage.app.selected().map(|call| call.key().to_owned()).unwrap_or_default();
        assert_eq!(at(&stage), "B");
        assert_eq!(stage.app.view.conference, Some("3344".into()));
        let notice = stage.app.notice.clone().expect("said").text;
        assert_eq!(notice, "3344 is shown and the filter is cleared, for Zoë Lindström");
        stage.keys("1 / a Enter : a d a Enter");
        assert_eq!((at(&stage).as_str(), stage.app.view.filter().text()), ("A", "a"), "a filter that does not hide the caller stays");
    }

    #[test]
    fn a_caller_who_went_meanwhile_is_not_gone_to() {
        let mut stage = floor();
        stage.keys("Down : a d a");
        stage.event(leave("A"));
        stage.wait(31);
        assert!(stage.keys("Enter").is_empty());
        assert!(stage.app.notice.as_ref().is_some_and(|notice| notice.text.contains("off the list by now")));
        assert_eq!(labels(&stage, "ada").iter().filter(|label| *label == "A").count(), 0);
    }

    #[test]
    fn while_nothing_is_found_enter_and_what_is_typed_after_it_act_on_nobody() {
        let mut stage = floor();
        assert!(stage.keys(": x y z z y Enter k y").is_empty());
        assert!(matches!(&stage.app.dialog, Some(Dialog::Palette(palette)) if palette.input.text() == "xyzzyky"));
        stage.keys("Esc");
        assert!(stage.app.dialog.is_none());
    }

    #[test]
    fn a_command_that_cannot_be_run_says_why_and_does_nothing() {
        let mut stage = Stage::new(|_| {});
        assert!(!stage.keys(": m u t e Enter").iter().any(|effect| matches!(effect, Effect::Append(What::Asked(_)))));
        assert!(stage.app.notice.as_ref().is_some_and(|notice| notice.text.contains("nobody")) && stage.app.dialog.is_none());
        stage.keys(": Down Down Up");
        assert!(matches!(&stage.app.dialog, Some(Dialog::Palette(palette)) if palette.chosen == 1));
    }
}
