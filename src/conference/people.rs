//! What is known of people by their numbers, however often they call: names, contacts, exemptions, bans.
//!
//! A pure fold, shared by all who need it. Of two that say different things the later edit wins, wherever it
//! was made.

use std::collections::HashMap;

use smol_str::SmolStr;

use super::Moment;
use super::event::{Banned, Contact, What};
use crate::phone::Number;

/// A ban and what was said of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ban {
    /// Why; may be empty.
    pub reason: SmolStr,
    /// The moment from which it holds no longer; none without end.
    pub until: Option<Moment>,
    /// The moderator who made it.
    pub by: SmolStr,
    /// When.
    pub at: Moment,
}

impl Ban {
    /// Whether it holds at a moment.
    #[must_use]
    pub fn holds(&self, at: Moment) -> bool {
        self.until.is_none_or(|until| at < until)
    }
}

/// Who gave the name that stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NameFrom {
    /// A moderator.
    #[default]
    Moderator,
    /// The contacts file.
    Contacts,
    /// The call flow, in a callback of the caller's.
    Callback,
}

/// One number's person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// The name that stands.
    name: SmolStr,
    /// When it was given.
    named: Moment,
    /// By whom.
    from: NameFrom,
    /// Whether the exemption that stands spares this person.
    exempt: bool,
    /// When that was said.
    exempted: Moment,
    /// The row of the contacts file, as it was last read.
    contact: Option<Box<Contact>>,
    ban: Option<Box<Ban>>,
}

impl Person {
    /// The row of the contacts file, where there is one.
    #[must_use]
    pub fn contact(&self) -> Option<&Contact> {
        self.contact.as_deref()
    }
}

/// Everybody that anything is known of.
#[derive(Clone, Debug, Default)]
pub struct People {
    by_number: HashMap<Number, Person>,
}

impl People {
    /// Takes an event in; returns the numbers of whom something else is known now.
    pub fn apply(&mut self, what: &What, at: Moment) -> Vec<Number> {
        said(what).into_iter().map(|(number, said)| self.change(number, |person| person.take(said, at))).collect()
    }

    fn change(&mut self, number: Number, change: impl FnOnce(&mut Person)) -> Number {
        let person = self.by_number.entry(number).or_default();
        change(person);
        if person.is_nobody() {
            self.by_number.remove(&number);
        }
        number
    }

    /// What is known of a number.
    #[must_use]
    pub fn get(&self, number: Number) -> Option<&Person> {
        self.by_number.get(&number)
    }

    /// The name that stands for a number.
    #[must_use]
    pub fn name(&self, number: Number) -> Option<&str> {
        self.get(number).map(|person| &*person.name).filter(|name| !name.is_empty())
    }

    /// Who gave the name that stands for a number.
    #[must_use]
    pub fn name_from(&self, number: Number) -> Option<NameFrom> {
        self.get(number).filter(|person| !person.name.is_empty()).map(|person| person.from)
    }

    /// Whether lecture mode and lock spare a number.
    #[must_use]
    pub fn is_exempt(&self, number: Number) -> bool {
        self.get(number).is_some_and(|person| person.exempt)
    }

    /// The ban of a number, where it holds at a moment.
    #[must_use]
    pub fn ban(&self, number: Number, at: Moment) -> Option<&Ban> {
        self.get(number)?.ban.as_deref().filter(|ban| ban.holds(at))
    }

    /// All bans that hold at a moment, the latest first.
    #[must_use]
    pub fn bans(&self, at: Moment) -> Vec<(Number, &Ban)> {
        let banned = self.by_number.iter().filter_map(|(number, person)| Some((*number, person.ban.as_deref()?)));
        let mut bans: Vec<_> = banned.filter(|(_, ban)| ban.holds(at)).collect();
        bans.sort_unstable_by_key(|(number, ban)| (std::cmp::Reverse(ban.at), *number));
        bans
    }

    /// All rows of the contacts file, as they were last read.
    pub fn contacts(&self) -> impl Iterator<Item = &Contact> {
        self.by_number.values().filter_map(Person::contact)
    }
}

/// What an event says of one number.
#[derive(Clone, Copy, Debug)]
pub(super) enum Said<'a> {
    Named(&'a str),
    Exempted(bool),
    Banned(&'a Banned),
    Lifted,
    /// The contacts file, edited then, has this row now, or none.
    Listed(Option<&'a Contact>, Moment),
}

/// What an event says of people by their numbers, in the order in which it counts.
pub(super) fn said(what: &What) -> Vec<(Number, Said<'_>)> {
    match what {
        What::Named(named) => named.number.map(|number| (number, Said::Named(&named.name))).into_iter().collect(),
        What::Exempted(exempted) => exempted.number.map(|number| (number, Said::Exempted(exempted.exempt))).into_iter().collect(),
        What::Banned(banned) => vec![(banned.number, Said::Banned(banned))],
        What::Lifted(lifted) => vec![(lifted.number, Said::Lifted)],
        What::Contacts(contacts) => {
            let gone = contacts.gone.iter().map(|number| (*number, Said::Listed(None, contacts.edited)));
            gone.chain(contacts.people.iter().map(|row| (row.number, Said::Listed(Some(row), contacts.edited)))).collect()
        }
        _ => Vec::new(),
    }
}

impl Person {
    /// Takes in what is said of this person.
    pub(super) fn take(&mut self, said: Said<'_>, at: Moment) {
        match said {
            Said::Named(name) => self.call(name.into(), at, NameFrom::Moderator),
            Said::Exempted(exempt) => self.spare(exempt, at),
            Said::Banned(Banned { reason, until, by, .. }) => {
                self.ban = Some(Box::new(Ban { reason: reason.clone(), until: *until, by: by.clone(), at }));
            }
            Said::Lifted => self.ban = None,
            Said::Listed(row, edited) => self.list(row, edited),
        }
    }

    /// Whether nothing that is said from now on can tell the two apart. A ban that is over at a moment is none.
    pub(super) fn is_as(&self, other: &Self, at: Moment) -> bool {
        let ban = |person: &Self| person.ban.as_deref().filter(|ban| ban.holds(at)).cloned();
        ban(self) == ban(other) && self.clone().without_ban() == other.clone().without_ban()
    }

    /// All else that is known.
    pub(super) fn without_ban(self) -> Self {
        Self { ban: None, ..self }
    }

    fn call(&mut self, name: SmolStr, at: Moment, from: NameFrom) {
        if at >= self.named {
            (self.name, self.named, self.from) = (name, at, from);
        }
    }

    fn spare(&mut self, exempt: bool, at: Moment) {
        if at >= self.exempted {
            (self.exempt, self.exempted) = (exempt, at);
        }
    }

    /// The contacts file has this row now, or none. Only what changed in it was edited.
    fn list(&mut self, row: Option<&Contact>, edited: Moment) {
        let (name, exempt) = row.map_or(("", false), |row| (&row.name, row.exempt));
        let (name_before, exempt_before) = self.contact().map_or(("", false), |row| (&row.name, row.exempt));
        // What a moderator said stands when the file says nothing any more.
        if name != name_before && (!name.is_empty() || self.from == NameFrom::Contacts) {
            self.call(name.into(), edited, NameFrom::Contacts);
        }
        if exempt != exempt_before {
            self.spare(exempt, edited);
        }
        self.contact = row.cloned().map(Box::new);
    }

    /// Nothing is known that a new entry would not say too. When a name was taken away counts, against a file
    /// that was edited before.
    fn is_nobody(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conference::event::{Contacts, Exempted, Lifted, Named};

    fn number() -> Number {
        Number::from_digits("12157010680").expect("a number")
    }

    fn named(name: &str) -> What {
        What::Named(Named { call: "1".into(), number: Some(number()), name: name.into(), by: "ada".into() })
    }

    fn listed(edited: i64, name: &str, role: &str, exempt: bool) -> What {
        let row = Contact { number: number(), name: name.into(), role: role.into(), note: "".into(), exempt };
        What::Contacts(Contacts { edited: Moment(edited), people: vec![row], gone: vec![] })
    }

    fn gone(edited: i64) -> What {
        What::Contacts(Contacts { edited: Moment(edited), people: vec![], gone: vec![number()] })
    }

    fn fold(story: &[(i64, What)]) -> People {
        let mut people = People::default();
        for (at, what) in story {
            people.apply(what, Moment(*at));
        }
        people
    }

    #[test]
    fn the_later_edit_of_file_or_console_wins() {
        let name = |story: &[(i64, What)]| fold(story).name(number()).map(str::to_owned);
        assert_eq!(name(&[(1, named("Ada")), (9, listed(5, "Grace", "", false))]).as_deref(), Some("Grace"));
        assert_eq!(
            name(&[(6, named("Ada")), (9, listed(5, "Grace", "", false))]).as_deref(),
            Some("Ada"),
            "named after the file was edited"
        );
        assert_eq!(name(&[(1, listed(1, "Grace", "", false)), (2, named("Ada"))]).as_deref(), Some("Ada"));
        let other_row = listed(3, "Grace", "chair", false);
        assert_eq!(
            name(&[(1, listed(1, "Grace", "", false)), (2, named("Ada")), (4, other_row)]).as_deref(),
            Some("Ada"),
            "the name in the file was not edited"
        );
        assert_eq!(name(&[(1, listed(1, "Grace", "", false)), (4, gone(3))]), None);
        assert_eq!(name(&[(6, named("")), (9, listed(5, "Grace", "", false))]), None, "a name that was taken away later stays away");
        let kept = [(1, listed(1, "Grace", "", false)), (2, named("Ada")), (4, gone(3))];
        assert_eq!(name(&kept).as_deref(), Some("Ada"), "the row that went takes only the name it gave");
        let blank = [(1, listed(1, "Grace", "", false)), (2, named("Ada")), (4, listed(3, "", "", false))];
        assert_eq!(name(&blank).as_deref(), Some("Ada"), "nor does a row whose name was taken out");
        let again = [(1, listed(1, "Grace", "", false)), (2, named("Ada")), (4, gone(3)), (6, listed(5, "Grace", "", false))];
        assert_eq!(name(&again).as_deref(), Some("Grace"), "put in again later");
        assert_eq!(name(&[(1, named("Ada")), (4, listed(3, "Grace", "", false)), (6, gone(5))]), None, "the file had replaced it");
        assert_eq!(name(&[(1, named("Ada")), (4, listed(3, "", "chair", false)), (6, gone(5))]).as_deref(), Some("Ada"));
    }

    #[test]
    fn who_gave_the_name_that_stands_is_known() {
        let from = |story: &[(i64, What)]| fold(story).name_from(number());
        let listed = |edited, name| listed(edited, name, "", false);
        assert_eq!(from(&[(1, listed(1, "Grace"))]), Some(NameFrom::Contacts));
        assert_eq!(from(&[(1, listed(1, "Grace")), (2, named("Ada"))]), Some(NameFrom::Moderator));
        assert_eq!(from(&[(1, listed(1, "Grace")), (2, named("Ada")), (4, listed(3, "Eve"))]), Some(NameFrom::Contacts));
        assert_eq!(from(&[(6, named("Ada")), (9, listed(5, "Grace"))]), Some(NameFrom::Moderator));
        assert_eq!(from(&[(1, listed(1, "Grace")), (4, gone(3))]), None);
    }

    #[test]
    fn exemptions_come_from_roles_and_from_the_console() {
        let exempted = |exempt| What::Exempted(Exempted { call: "1".into(), number: Some(number()), exempt, by: "ada".into() });
        assert!(fold(&[(1, listed(1, "", "speaker", true))]).is_exempt(number()));
        assert!(!fold(&[(1, listed(1, "", "speaker", true)), (2, exempted(false))]).is_exempt(number()));
        assert!(fold(&[(1, exempted(true))]).is_exempt(number()));
        assert!(!fold(&[(6, exempted(false)), (9, listed(5, "", "speaker", true))]).is_exempt(number()), "said after the file was edited");
        assert!(fold(&[(2, exempted(true)), (3, listed(1, "Ada", "", false))]).is_exempt(number()), "the file never said anything");
    }

    #[test]
    fn bans_end_by_time_and_by_hand() {
        let ban = |until| What::Banned(Banned { number: number(), reason: "shouting".into(), until, by: "ada".into() });
        let people = fold(&[(1, ban(Some(Moment(10))))]);
        assert_eq!(people.ban(number(), Moment(9)).map(|ban| &*ban.reason), Some("shouting"));
        assert_eq!((people.ban(number(), Moment(10)), people.bans(Moment(10))), (None, vec![]));
        let people = fold(&[(1, ban(None)), (2, What::Lifted(Lifted { number: number(), by: "ada".into() }))]);
        assert_eq!(people.ban(number(), Moment(3)), None);
        assert!(people.by_number.is_empty(), "nothing is left of it");
        assert_eq!(fold(&[(1, ban(None))]).bans(Moment(i64::MAX)).len(), 1);
    }

    #[test]
    fn changes_are_told_by_number() {
        let mut people = People::default();
        assert_eq!(people.apply(&named("Ada"), Moment(1)), [number()]);
        assert_eq!(people.apply(&listed(1, "Ada", "", false), Moment(1)), [number()]);
        let nameless = What::Named(Named { call: "1".into(), number: None, name: "Ada".into(), by: "ada".into() });
        assert_eq!(people.apply(&nameless, Moment(1)), []);
        assert_eq!(people.contacts().count(), 1);
    }
}
