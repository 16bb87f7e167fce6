//! Where numbers are from, small enough to be kept for every caller, and countries by what people call them.

use std::collections::HashMap;

use super::Number;

/// More numbers than any conference has; beyond it the memory begins anew.
const REMEMBERED: usize = 1 << 18;

/// The two letters of a country or region (ISO 3166-1 alpha-2): `DE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region([u8; 2]);

impl Region {
    /// Takes two letters, large or small.
    #[must_use]
    pub fn from_letters(letters: &str) -> Option<Self> {
        let [a, b] = *letters.as_bytes() else { return None };
        (a.is_ascii_alphabetic() && b.is_ascii_alphabetic()).then(|| Self([a.to_ascii_uppercase(), b.to_ascii_uppercase()]))
    }
}

/// The country's English short name; none for letters that are no country's.
pub(super) fn country(letters: &str) -> Option<String> {
    celes::Country::from_alpha2(letters).ok().map(|country| short(country.long_name))
}

fn short(long: &str) -> String {
    let name = long.strip_prefix("The ").unwrap_or(long);
    name.replace(" Of ", " of ").replace(" And ", " and ").replace(" The ", " the ")
}

/// The regions that people may mean by a text: by its two letters, else by a word that a country's name has
/// it at the beginning of, else by any part of the name. Empty where there is none.
///
/// Two letters mean a region alone: everything with `de` in its name would be no answer to `DE`.
#[must_use]
pub fn regions_like(text: &str) -> Vec<Region> {
    let countries = celes::Country::get_countries();
    let wanted = text.to_lowercase();
    if let Some(region) = Region::from_letters(text)
        && countries.iter().any(|country| country.alpha2.eq_ignore_ascii_case(text))
    {
        return vec![region];
    }
    let having = |test: &dyn Fn(&str) -> bool| {
        let matching = countries.iter().filter(|country| test(&short(country.long_name).to_lowercase()));
        matching.filter_map(|country| Region::from_letters(country.alpha2)).collect::<Vec<_>>()
    };
    let begins = |name: &str| {
        let mut places = name.match_indices(wanted.as_str());
        places.any(|(at, _)| name[..at].chars().next_back().is_none_or(|before| !before.is_alphanumeric()))
    };
    let first = having(&begins);
    if first.is_empty() { having(&|name| name.contains(&wanted)) } else { first }
}

/// Fewer digits than this may be no number at all to the library, whatever their calling code is.
const SURE: u32 = 8;

/// Where numbers are from, looked up once each: the phone library takes microseconds, and 100 ms the first time.
#[derive(Clone, Debug, Default)]
pub struct Places {
    known: HashMap<Number, Option<Region>>,
    /// Calling codes, and the region of those that have only one.
    codes: HashMap<u16, Code>,
}

#[derive(Clone, Copy, Debug)]
enum Code {
    /// Not given out.
    Nobody,
    One(Region),
    Several,
}

impl Places {
    /// The region of a number; none where the library cannot tell.
    pub fn of(&mut self, number: Number) -> Option<Region> {
        if let Some(region) = self.known.get(&number) {
            return *region;
        }
        if self.known.len() > REMEMBERED {
            self.known.clear();
        }
        let looked_up = || region(&phonenumber::parse(None, number.e164()).ok()?).as_deref().and_then(Region::from_letters);
        let region = self.by_code(number).or_else(looked_up);
        self.known.insert(number, region);
        region
    }

    /// The region of a calling code that has only one. No code begins another one.
    fn by_code(&mut self, number: Number) -> Option<Region> {
        let code = |code: u16| match phonenumber::metadata::DATABASE.region(&code).as_deref() {
            None | Some([]) => Code::Nobody,
            Some([letters]) => Region::from_letters(letters).map_or(Code::Several, Code::One),
            Some(_) => Code::Several,
        };
        let codes = (1..=3).filter_map(|digits| number.beginning(digits, SURE));
        let given_out = codes.map(|beginning| *self.codes.entry(beginning).or_insert_with(|| code(beginning)));
        match given_out.into_iter().find(|code| !matches!(code, Code::Nobody)) {
            Some(Code::One(region)) => Some(region),
            _ => None,
        }
    }
}

/// The two letters of a number's region.
pub(super) fn region(parsed: &phonenumber::PhoneNumber) -> Option<String> {
    // Several countries share a calling code; a number that none of them claims is the main one's.
    let main = || phonenumber::metadata::DATABASE.region(&parsed.country().code())?.first().map(|id| (*id).to_owned());
    parsed.country().id().map(|id| id.as_ref().to_owned()).or_else(main).filter(|id| id.len() == 2 && id != "ZZ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn letters(text: &str) -> Vec<String> {
        regions_like(text).into_iter().map(|Region(letters)| String::from_utf8_lossy(&letters).into_owned()).collect()
    }

    #[test]
    fn countries_are_meant_by_letters_by_a_word_or_by_a_part() {
        assert_eq!(letters("de"), ["DE"], "not Sweden, not Denmark");
        assert_eq!(letters("ger"), ["DE"], "not Algeria, not Nigeria");
        assert_eq!(letters("GERMANY"), ["DE"]);
        assert!(letters("united").contains(&"GB".to_owned()) && letters("united").contains(&"US".to_owned()));
        assert!(letters("eland").contains(&"IS".to_owned()), "a part, where no word begins so");
        assert_eq!(letters("xyzzy"), [""; 0]);
        assert!(!letters("xx").contains(&"XX".to_owned()));
    }

    #[test]
    fn a_number_is_remembered_with_its_region() {
        let mut places = Places::default();
        let german = Number::from_digits("4930901820").expect("a number");
        for _ in 0..2 {
            assert_eq!(places.of(german), Region::from_letters("de"));
        }
        assert_eq!(places.of(Number::from_digits("999").expect("a number")), None);
        assert_eq!(places.known.len(), 2);
    }

    proptest! {
        #[test]
        fn the_short_way_leads_where_the_library_does(digits in "(1|7|44|49|33|39|47|61|358|590|7[67]|[1-9])[0-9]{1,13}") {
            let Some(number) = Number::from_digits(&digits) else { return Ok(()) };
            let described = super::super::describe(number).region;
            prop_assert_eq!(Places::default().of(number), described.as_deref().and_then(Region::from_letters), "{}", digits);
        }
    }
}
