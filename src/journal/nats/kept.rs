//! Facts that outlive their messages: before the stream's bounds cut a fact away that still holds, whoever carries out what
//! is asked writes all of them down anew, as one list with the places they had. Who starts later takes them from there;
//! who was there already knows them, so the list is no event and nobody hears of it.
//!
//! Because a fact keeps its place, nothing changes its order: what took another's place still does.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::conference::Moment;
use crate::conference::event::{Event, Seq, What};
use crate::conference::standing::carried;

/// The kind in a message's first line. No event is of this kind.
pub(super) const KIND: &str = "kept";

/// How many bytes of facts one message holds: servers take up to a mebibyte unless they are told otherwise.
const PART: usize = 256 << 10;

/// One message of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Part {
    /// Everything that holds of what stood up to here is in the list.
    upto: Seq,
    number: usize,
    of: usize,
    /// Place, moment, kind and body of each.
    facts: Vec<(Seq, i64, String, String)>,
}

/// The messages of a list of what holds, out of all facts up to a place.
pub(super) fn write(facts: &[Event], upto: Seq, now: Moment) -> Result<Vec<String>, serde_json::Error> {
    let holds = carried(facts, now);
    let mut parts: Vec<Vec<(Seq, i64, String, String)>> = vec![Vec::new()];
    let mut bytes = 0;
    for fact in facts.iter().filter(|fact| holds.binary_search(&fact.seq).is_ok()) {
        let body = fact.what.body()?;
        if bytes + body.len() > PART {
            parts.push(Vec::new());
            bytes = 0;
        }
        bytes += body.len() + PART / 4_096;
        if let Some(part) = parts.last_mut() {
            part.push((fact.seq, fact.at.0, fact.what.kind().to_owned(), body));
        }
    }
    let count = parts.len();
    let written = parts.into_iter().enumerate().map(|(number, facts)| {
        let body = serde_json::to_string(&Part { upto, number, of: count, facts })?;
        Ok(format!("{} {KIND}\n{body}", now.0))
    });
    written.collect()
}

/// A message of a list; none where it is something else.
pub(super) fn read(message: &[u8]) -> Option<Part> {
    let message = std::str::from_utf8(message).ok()?;
    let (first, body) = message.split_once('\n')?;
    let (_, kind) = first.split_once(' ')?;
    (kind == KIND).then(|| serde_json::from_str(body).ok()).flatten()
}

/// All facts: those of the newest whole list, and of the stream what stood behind it.
pub(super) fn merge(stream: Vec<Event>, parts: Vec<Part>) -> Vec<Event> {
    let mut lists: BTreeMap<Seq, BTreeMap<usize, Part>> = BTreeMap::new();
    for part in parts {
        lists.entry(part.upto).or_default().insert(part.number, part);
    }
    let is_whole = |list: &BTreeMap<usize, Part>| list.values().next().is_some_and(|first| first.of == list.len());
    let Some((upto, list)) = lists.into_iter().rev().find(|(_, list)| is_whole(list)) else { return stream };
    let mut facts = Vec::new();
    for (seq, at, kind, body) in list.into_values().flat_map(|part| part.facts) {
        match What::read(&kind, &body) {
            Ok(Some(what)) => facts.push(Event { seq, at: Moment::read(at), what }),
            Ok(None) => {}
            Err(error) => tracing::warn!(seq = seq.0, %error, "a fact that was kept cannot be read; it is passed over"),
        }
    }
    facts.sort_unstable_by_key(|fact| fact.seq);
    facts.extend(stream.into_iter().filter(|fact| fact.seq > upto));
    facts
}

/// A stream as its server tells it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Bounds {
    pub(super) bytes: u64,
    /// None where there is no bound.
    pub(super) max_bytes: Option<u64>,
    pub(super) first: Seq,
    pub(super) last: Seq,
    /// How long ago the first message was stored, in milliseconds.
    pub(super) age: i64,
    pub(super) max_age: Option<i64>,
    /// The last list's place and age.
    pub(super) kept: Option<(Seq, i64)>,
}

/// Whether a new list is due: long before the bounds reach the last one, or the first fact.
pub(super) fn is_due(bounds: &Bounds) -> bool {
    // A flood of large messages gets far between two looks.
    let young = Seq(bounds.last.0 - bounds.last.0.saturating_sub(bounds.first.0) / 4);
    let by_size = bounds.max_bytes.is_some_and(|most| bounds.bytes > most / 2) && bounds.kept.is_none_or(|(place, _)| place < young);
    let by_age = bounds.max_age.is_some_and(|most| bounds.age > most / 2 && bounds.kept.is_none_or(|(_, age)| age > most / 4));
    by_size || by_age
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conference::event::{Banned, Lifted};
    use crate::conference::story;
    use crate::phone::Number;

    fn ban(number: &str) -> What {
        What::Banned(Banned { number: Number::from_digits(number).unwrap(), by: "ann".into(), reason: "".into(), until: None })
    }

    fn lift(number: &str) -> What {
        What::Lifted(Lifted { number: Number::from_digits(number).unwrap(), by: "ann".into() })
    }

    fn parts(messages: &[String]) -> Vec<Part> {
        messages.iter().map(|message| read(message.as_bytes()).expect("a part")).collect()
    }

    #[test]
    fn what_holds_is_kept_with_its_place_and_what_does_not_is_not() {
        let facts = story::events([(1, ban("12157010680")), (2, ban("12157010681")), (3, lift("12157010680"))]);
        let messages = write(&facts, Seq(3), Moment(9)).unwrap();
        assert_eq!(merge(vec![], parts(&messages)), facts[1..2]);
        let later = Event { seq: Seq(7), ..facts[2].clone() };
        let stream = vec![facts[2].clone(), later.clone()];
        assert_eq!(
            merge(stream, parts(&messages)),
            [facts[1].clone(), later],
            "what stood up to the list's place is in it or holds no longer"
        );
    }

    #[test]
    fn a_list_counts_when_it_is_whole() {
        let facts = story::events((0..5_000).map(|n| (n, ban(&format!("1215{n:07}")))));
        let messages = write(&facts, Seq(5_000), Moment(9)).unwrap();
        assert!(messages.len() > 1 && messages.iter().all(|message| message.len() < 1 << 20), "{}", messages.len());
        assert_eq!(merge(vec![], parts(&messages)), facts);
        let older = write(&facts[..2], Seq(2), Moment(9)).unwrap();
        let mut torn = parts(&messages[1..]);
        torn.extend(parts(&older));
        assert_eq!(merge(facts[3..4].to_vec(), torn), [&facts[..2], &facts[3..4]].concat(), "the older one, and what came after it");
        assert_eq!(merge(facts.clone(), vec![]), facts);
    }

    #[test]
    fn a_list_is_no_event_and_an_event_no_list() {
        let message = write(&[], Seq(1), Moment(0)).unwrap().remove(0);
        assert_eq!(super::super::wire::read(Seq(1), message.as_bytes()), Ok(None));
        for other in ["", "1 kept", "1 kept\nno", "1 joined\n{}"] {
            assert_eq!(read(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn a_list_is_made_before_either_bound_is_near() {
        let quiet =
            Bounds { bytes: 400, max_bytes: Some(1_000), first: Seq(1), last: Seq(100), age: 400, max_age: Some(1_000), kept: None };
        assert!(!is_due(&quiet));
        assert!(!is_due(&Bounds { bytes: 9_999, max_bytes: None, age: 9_999, max_age: None, ..quiet }), "nothing is cut");
        let full = Bounds { bytes: 501, ..quiet };
        assert!(is_due(&full) && is_due(&Bounds { kept: Some((Seq(75), 0)), ..full }));
        assert!(!is_due(&Bounds { kept: Some((Seq(76), 900)), ..full }));
        let old = Bounds { age: 501, ..quiet };
        assert!(is_due(&old) && is_due(&Bounds { kept: Some((Seq(90), 251)), ..old }));
        assert!(!is_due(&Bounds { kept: Some((Seq(2), 250)), ..old }));
    }
}
