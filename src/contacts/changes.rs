//! What a contacts file says that the journal does not hold yet.

use std::collections::HashMap;

use super::Sheet;
use crate::conference::Moment;
use crate::conference::event::{Contact, Contacts};
use crate::conference::people::People;
use crate::phone::Number;

/// Rows, and numbers that are gone, in one event: as many as an event may hold.
const CHUNK: usize = 500;

/// The rows that are new or changed against what was read last, and the numbers that are in the file no longer;
/// nothing where nothing changed. `edited` is the file's.
#[must_use]
pub fn changes(sheet: &Sheet, people: &People, edited: Moment) -> Vec<Contacts> {
    let mut known: HashMap<Number, &Contact> = people.contacts().map(|row| (row.number, row)).collect();
    let news: Vec<_> = sheet.rows.iter().filter(|row| known.remove(&row.number) != Some(row)).collect();
    let mut gone: Vec<_> = known.into_keys().filter(|number| !sheet.leaves_open(*number)).collect();
    gone.sort_unstable();
    let (mut news, mut gone) = (news.chunks(CHUNK), gone.chunks(CHUNK));
    let next = || match (news.next(), gone.next()) {
        (None, None) => None,
        (people, gone) => {
            let people = people.unwrap_or_default().iter().map(|row| (*row).clone()).collect();
            Some(Contacts { edited, people, gone: gone.unwrap_or_default().to_vec() })
        }
    };
    std::iter::from_fn(next).collect()
}

#[cfg(test)]
#[allow(clippy::format_collect, reason = "tables in a test are short")]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::conference::event::What;

    const AT: Moment = Moment(5);

    fn sheet(text: &str) -> Sheet {
        Sheet::read(text.as_bytes(), "c.csv", &["speaker".to_owned()]).expect("readable")
    }

    fn fold(people: &mut People, changes: Vec<Contacts>) {
        for contacts in changes {
            people.apply(&What::Contacts(contacts), AT);
        }
    }

    fn known(text: &str) -> People {
        let mut people = People::default();
        fold(&mut people, changes(&sheet(text), &People::default(), AT));
        people
    }

    fn numbers(changes: &[Contacts]) -> (Vec<String>, Vec<String>) {
        let people = changes.iter().flat_map(|contacts| contacts.people.iter().map(|row| row.number.digits()));
        let gone = changes.iter().flat_map(|contacts| contacts.gone.iter().map(|number| number.digits()));
        (people.collect(), gone.collect())
    }

    #[test]
    fn only_what_changed_is_told() {
        let people = known("number,name,role\n111,Ada,\n222,Ben,\n333,Zoe,\n");
        let told = |text: &str| numbers(&changes(&sheet(text), &people, AT));
        assert_eq!(told("number,name,role\n333,Zoe,\n111,Ada,\n222,Ben,\n"), (vec![], vec![]), "the order is nothing");
        assert_eq!(told("number,name,role\n111,Ada,\n222,Bea,\n444,Eve,\n"), (vec!["222".into(), "444".into()], vec!["333".into()]));
        assert_eq!(told("number,name,role\n111,Ada,speaker\n222,Ben,\n333,Zoe,\n"), (vec!["111".into()], vec![]));
        assert_eq!(told("number,name\n"), (vec![], vec!["111".into(), "222".into(), "333".into()]));
    }

    #[test]
    fn another_setting_of_roles_changes_rows() {
        let text = "number,name,role\n111,Ada,chair\n222,Ben,speaker\n";
        let people = known(text);
        let chairs = Sheet::read(text.as_bytes(), "c.csv", &["Chair".to_owned()]).expect("readable");
        let told = changes(&chairs, &people, AT);
        let exempt: Vec<_> = told[0].people.iter().map(|row| (row.number.digits(), row.exempt)).collect();
        assert_eq!(exempt, [("111".to_owned(), true), ("222".to_owned(), false)]);
    }

    #[test]
    fn a_row_on_a_bad_line_stays_what_it_was() {
        let people = known("number,name\n111,Ada\n222,Ben\n");
        let sheet = Sheet::read(b"number,name\n111,\"Ada\n222,B\xe9n\n333,Zoe\n", "c.csv", &[]).expect("readable");
        assert_eq!(numbers(&changes(&sheet, &people, AT)), (vec!["333".into()], vec![]));
    }

    #[test]
    fn a_long_file_makes_several_events() {
        let text: String = (0..1_001).map(|i| format!("{},Caller {i}\n", 12_157_010_000_u64 + i)).collect();
        let first = changes(&sheet(&text), &People::default(), AT);
        assert_eq!(first.iter().map(|contacts| contacts.people.len()).collect::<Vec<_>>(), [500, 500, 1]);
        let people = known(&text);
        let other: String = (0..600).map(|i| format!("{},Other {i}\n", 4_930_000_000_u64 + i)).collect();
        let second = changes(&sheet(&other), &people, AT);
        let sizes: Vec<_> = second.iter().map(|contacts| (contacts.people.len(), contacts.gone.len())).collect();
        assert_eq!(sizes, [(500, 500), (100, 500), (0, 1)]);
    }

    proptest! {
        #[test]
        fn what_was_told_is_not_told_again_whatever_the_order(
            rows in prop::collection::btree_map(100u32..140, ("[a-c]{0,2}", prop::sample::select(vec!["", "Speaker", "chair"])), 1..30),
            before in prop::collection::btree_map(100u32..140, "[a-c]{0,2}", 1..30),
        ) {
            let before: String = before.iter().map(|(number, name)| format!("{number},{name}\n")).collect();
            let lines: Vec<_> = rows.iter().map(|(number, (name, role))| format!("{number},{name},{role}\n")).collect();
            let (text, turned) = (lines.concat(), lines.iter().rev().cloned().collect::<String>());
            let mut people = known(&before);
            let first = changes(&sheet(&text), &people, AT);
            prop_assert_eq!(&first, &changes(&sheet(&turned), &people, AT));
            fold(&mut people, first);
            prop_assert_eq!(changes(&sheet(&turned), &people, AT), vec![]);
            for (number, (name, _)) in &rows {
                let number = Number::from_digits(&number.to_string()).expect("a number");
                prop_assert_eq!(people.name(number).unwrap_or_default(), name.as_str());
            }
        }
    }
}
