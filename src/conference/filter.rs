//! Which callers a filter lets through: terms that must all hold. Pure, and nothing is allocated for a row.
//!
//! What was typed is read once, in `terms`; a term that cannot be read is left out and named
//! by the [`Slip`], so that nobody goes off the list for a slip of the finger.

use std::time::Duration;

use super::Moment;
use super::event::Contact;
use super::roster::{Participant, Roster};
use crate::phone::{Places, Region};

mod terms;

/// Words that show what a filter can say, for the line below while one is typed.
pub const HINT: &str = "state:muted  hand:  place:DE  >10m  -word  \"two words\"  name:  number:  role:";

/// A term that cannot be read: what is wrong with it, and what could be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slip {
    /// What is wrong, naming the term.
    pub sentence: String,
    /// The words that exist.
    pub remedy: String,
}

/// Terms that must all hold for a row: words, fields, states, places and times.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    text: String,
    terms: Vec<Term>,
    slip: Option<Slip>,
}

/// One test, and whether it is the others that are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Term {
    unwanted: bool,
    test: Test,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Test {
    /// Anywhere in the row.
    Word(Word),
    /// In one of its texts.
    Text(Field, Text),
    /// It has such a text at all.
    Has(Field),
    /// It is in one of these states.
    State(States),
    /// Its hand is up, or down.
    Hand(bool),
    /// Its number is from one of these.
    Place(Vec<Region>),
    /// Where its number is from is known.
    AnyPlace,
    /// It has been in for at least so long.
    Longer(Duration),
    /// It has not been in for so long.
    Shorter(Duration),
}

/// A word, with all that can be known of it before any row is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Word {
    text: Text,
    /// The states whose words have it in them.
    states: States,
    /// Whether it is in the word for a raised hand.
    hand: bool,
    /// Whether it is in what a row without a number says.
    numberless: bool,
}

/// A text to be found, in small letters; the digits of it where it may be a part of a number.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Text {
    small: String,
    /// The digits, and whether they must be the number's first.
    digits: Option<(String, bool)>,
}

/// The texts of a row that can be asked for by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Name,
    Number,
    Conference,
    Called,
    Role,
    Others,
}

impl Field {
    const ALL: [Self; 6] = [Self::Name, Self::Number, Self::Conference, Self::Called, Self::Role, Self::Others];
}

/// States, a bit each: the words of the voice column in their order, then those below.
type States = u16;

const fn bit(word: super::roster::Word) -> States {
    1 << word as u16
}

/// Spared by lecture mode and lock.
const EXEMPT: States = 1 << 13;
/// Kicked, and back again.
const CALLED_BACK: States = 1 << 14;
/// Without a number, so that no ask can reach the caller.
const NO_NUMBER: States = 1 << 15;

/// States that time alone can end or begin: a call that is silent for long is stale.
const STALING: States = {
    use super::roster::Word::{Calling, Muted, Open, Stale};
    bit(Calling) | bit(Open) | bit(Muted) | bit(Stale)
};

/// A row, and what is needed to judge it.
pub(super) struct Row<'a> {
    pub(super) roster: &'a Roster,
    pub(super) call: &'a Participant,
    pub(super) now: Moment,
    pub(super) stale_after: Duration,
}

impl Row<'_> {
    /// The word of its voice column, and what is so without the last ask: it is in both.
    fn states(&self) -> States {
        let Self { call, now, stale_after, .. } = self;
        let words = bit(call.word(*now, *stale_after)) | bit(call.settled(*now, *stale_after));
        let others = [(call.called_back, CALLED_BACK), (call.number.is_none(), NO_NUMBER), (self.roster.is_exempt(call), EXEMPT)];
        others.into_iter().filter(|(so, _)| *so).fold(words, |all, (_, own)| all | own)
    }

    fn contact(&self) -> Option<&Contact> {
        self.call.number.and_then(|number| self.roster.people().get(number)?.contact())
    }

    /// The texts of a field: at most two, none of them empty.
    fn texts(&self, field: Field) -> [Option<&str>; 2] {
        let call = self.call;
        match field {
            Field::Name => [self.roster.name(call), call.said_name()],
            // What came in place of a number is found under it, too.
            Field::Number => [call.instead(), None],
            Field::Conference => [call.conference.as_ref().map(super::ConferenceId::as_str), None],
            Field::Called => [call.called(), None],
            Field::Role => [self.contact().map(|contact| &*contact.role), None],
            Field::Others => [call.others(), self.contact().map(|contact| &*contact.note)],
        }
        .map(|text| text.filter(|text| !text.is_empty()))
    }

    fn has_text(&self, field: Field, text: &Text) -> bool {
        let in_number =
            || self.call.number.zip(text.digits.as_ref()).is_some_and(|(number, (digits, first))| number.has_digits(digits, *first));
        self.texts(field).into_iter().flatten().any(|own| holds(own, &text.small)) || (field == Field::Number && in_number())
    }

    fn has_word(&self, word: &Word) -> bool {
        let call = self.call;
        word.states & self.states() != 0
            || (word.hand && call.hand().is_some())
            || Field::ALL.iter().any(|field| self.has_text(*field, &word.text))
            || (call.number.is_none() && (word.numberless || holds(&call.tag(), &word.text.small)))
    }
}

impl Filter {
    /// A filter from what a moderator typed. What of it cannot be read is left out, and named by [`Self::slip`].
    #[must_use]
    pub fn new(text: &str) -> Self {
        let (terms, slip) = terms::read(text);
        Self { text: text.to_owned(), terms, slip }
    }

    /// What was typed.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The first term that cannot be read, which is not in force.
    #[must_use]
    pub fn slip(&self) -> Option<&Slip> {
        self.slip.as_ref()
    }

    /// Whether nothing was typed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.trim().is_empty()
    }

    pub(super) fn matches(&self, row: &Row<'_>, places: &mut Places) -> bool {
        self.terms.iter().all(|term| term.unwanted != term.test.holds(row, places))
    }

    /// The next moment at which a row may be judged otherwise by time alone; none when it cannot be.
    pub(super) fn turn(&self, call: &Participant, now: Moment, stale_after: Duration) -> Option<Moment> {
        if !call.is_live() {
            return None;
        }
        let turn = |term: &Term| match &term.test {
            Test::Longer(time) | Test::Shorter(time) => Some(call.joined.plus(*time)),
            Test::State(states) | Test::Word(Word { states, .. }) if states & STALING != 0 => Some(call.news.plus(stale_after)),
            _ => None,
        };
        self.terms.iter().filter_map(turn).filter(|at| *at > now).min()
    }
}

impl Test {
    fn holds(&self, row: &Row<'_>, places: &mut Places) -> bool {
        match self {
            Self::Word(word) => row.has_word(word),
            Self::Text(field, text) => row.has_text(*field, text),
            Self::Has(Field::Number) => row.call.number.is_some(),
            Self::Has(field) => row.texts(*field).iter().any(Option::is_some),
            Self::State(states) => states & row.states() != 0,
            Self::Hand(up) => row.call.hand().is_some() == *up,
            Self::Place(regions) => row.call.number.and_then(|number| places.of(number)).is_some_and(|region| regions.contains(&region)),
            Self::AnyPlace => row.call.number.is_some_and(|number| places.of(number).is_some()),
            Self::Longer(time) => row.call.stayed(row.now) >= *time,
            Self::Shorter(time) => row.call.stayed(row.now) < *time,
        }
    }
}

/// Letters as they are compared: small, and with one small sigma.
fn small(text: &str) -> impl Iterator<Item = char> + Clone {
    text.chars().flat_map(char::to_lowercase).map(|c| if c == 'ς' { 'σ' } else { c })
}

/// Whether a text has another one in it, which is in small letters already.
fn holds(text: &str, wanted: &str) -> bool {
    if text.is_ascii() {
        let wanted = wanted.as_bytes();
        return wanted.is_empty() || text.as_bytes().windows(wanted.len()).any(|part| part.eq_ignore_ascii_case(wanted));
    }
    let mut rest = small(text);
    loop {
        let mut here = rest.clone();
        if wanted.chars().all(|c| here.next() == Some(c)) {
            return true;
        }
        if rest.next().is_none() {
            return false;
        }
    }
}

#[cfg(test)]
mod tests;
