//! An event as every journal keeps it, whatever its kind, on its way from one journal to another; and the numbers that it is
//! known by on both sides. Pure.

use serde_json::Value;

use crate::conference::Moment;
use crate::conference::event::{Cause, Event, Halted, Sent, Seq, What};

/// An event as it is kept, also of a kind that this version does not know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its place in the journal that it comes from.
    pub seq: Seq,
    /// When it was learned.
    pub at: Moment,
    /// The word of its kind.
    pub kind: String,
    /// Its body as JSON.
    pub body: String,
    /// The raw fields that came with it.
    pub raw: Option<String>,
}

impl Entry {
    /// What it tells; none of a kind that this version does not know.
    ///
    /// # Errors
    /// When the body is not one of its kind.
    pub fn what(&self) -> Result<Option<What>, serde_json::Error> {
        What::read(&self.kind, &self.body)
    }

    /// The event, under the same conditions.
    ///
    /// # Errors
    /// When the body is not one of its kind.
    pub fn event(&self) -> Result<Option<Event>, serde_json::Error> {
        Ok(self.what()?.map(|what| Event { seq: self.seq, at: self.at, what }))
    }
}

/// The kinds of events that name others by their numbers.
const NAMING: [&str; 6] = ["asked", "asked_late", "answered", "sent", "halted", "recorded"];

/// What the events of one journal are numbered in another. Takes no more room than there are gaps.
#[derive(Clone, Debug, Default)]
pub struct Numbers {
    /// The first number, what it is in the other journal, and for how many it goes on like that.
    runs: Vec<(u64, u64, u64)>,
}

impl Numbers {
    /// Notes what an event is numbered in the other journal. In order.
    pub fn note(&mut self, here: Seq, there: Seq) {
        match self.runs.last_mut() {
            Some((first, other, length)) if *first + *length == here.0 && *other + *length == there.0 => *length += 1,
            _ => self.runs.push((here.0, there.0, 1)),
        }
    }

    /// The number in the other journal. What no journal ever held keeps its number, and 0, which is no event's, stands for
    /// one that is not there any more.
    #[must_use]
    pub fn of(&self, here: Seq) -> Seq {
        if !here.is_recorded() {
            return here;
        }
        let before = self.runs.partition_point(|(first, ..)| *first <= here.0);
        let run = before.checked_sub(1).and_then(|at| self.runs.get(at));
        run.filter(|(first, _, length)| here.0 - first < *length).map_or(Seq(0), |(first, other, _)| Seq(other + (here.0 - first)))
    }

    /// Gives the events that an entry names the numbers of the other journal. What a newer version wrote beside stays.
    ///
    /// # Errors
    /// When the body is not one of its kind.
    pub fn renumber(&self, entry: &mut Entry) -> Result<(), serde_json::Error> {
        if !NAMING.contains(&entry.kind.as_str()) {
            return Ok(());
        }
        let Some(mut what) = entry.what()? else { return Ok(()) };
        let plain = what.body()?;
        match &mut what {
            What::Asked(ask) | What::AskedLate(ask) => {
                if let Cause::Rule(seq) = &mut ask.cause {
                    *seq = self.of(*seq);
                }
            }
            What::Answered(answer) => answer.ask = self.of(answer.ask),
            What::Sent(Sent { asks }) | What::Halted(Halted { asks, .. }) => asks.iter_mut().for_each(|ask| *ask = self.of(*ask)),
            What::Recorded(recorded) => recorded.late.iter_mut().for_each(|(_, place)| *place = self.of(*place)),
            _ => {}
        }
        let body = what.body()?;
        entry.body = if plain == entry.body { body } else { over(&entry.body, &body)? };
        Ok(())
    }
}

/// A body with the fields of another one over its own.
fn over(body: &str, fields: &str) -> Result<String, serde_json::Error> {
    let mut all: Value = serde_json::from_str(body)?;
    if let (Value::Object(all), Value::Object(fields)) = (&mut all, serde_json::from_str(fields)?) {
        all.extend(fields);
    }
    serde_json::to_string(&all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conference::event::{Recorded, every_kind};

    fn entry(what: &What) -> Entry {
        Entry { seq: Seq(9), at: Moment(1), kind: what.kind().to_owned(), body: what.body().expect("a body"), raw: None }
    }

    fn numbers() -> Numbers {
        let mut numbers = Numbers::default();
        for (here, there) in [(1, 101), (2, 102), (3, 103), (7, 104), (8, 105)] {
            numbers.note(Seq(here), Seq(there));
        }
        numbers
    }

    #[test]
    fn numbers_are_found_on_the_other_side_and_those_of_nobody_are_none() {
        let numbers = numbers();
        assert_eq!(numbers.runs.len(), 2);
        for (here, there) in [(0, 0), (1, 101), (3, 103), (4, 0), (6, 0), (7, 104), (8, 105), (9, 0)] {
            assert_eq!(numbers.of(Seq(here)), Seq(there), "{here}");
        }
        assert_eq!(numbers.of(Seq(Seq::UNRECORDED.0 + 5)), Seq(Seq::UNRECORDED.0 + 5));
    }

    #[test]
    fn whatever_names_events_is_renumbered_and_everything_else_stays_to_the_letter() {
        let numbers = numbers();
        for what in every_kind() {
            let mut moved = entry(&what);
            numbers.renumber(&mut moved).expect("readable");
            let told = moved.what().expect("readable").expect("known");
            match (&what, told) {
                (What::Asked(_), What::Asked(ask)) => assert_eq!(ask.cause, Cause::Rule(Seq(104))),
                (What::Sent(_), What::Sent(sent)) => assert_eq!(sent.asks, [Seq(101), Seq(102)]),
                (What::Halted(_), What::Halted(halted)) => assert_eq!(halted.asks, [Seq(103)]),
                (What::Recorded(_), What::Recorded(Recorded { late, .. })) => assert_eq!(late, [(Seq(4), Seq(0))]),
                (What::Answered(_), What::Answered(answer)) => assert_eq!(answer.ask, Seq(101)),
                _ => assert_eq!(moved, entry(&what)),
            }
        }
    }

    #[test]
    fn what_a_newer_version_wrote_beside_stays() {
        let mut sent = Entry { body: r#"{"asks":[1],"lane":"fast"}"#.to_owned(), ..entry(&What::Sent(Sent { asks: vec![] })) };
        numbers().renumber(&mut sent).expect("readable");
        assert_eq!(sent.body, r#"{"asks":[101],"lane":"fast"}"#);
        let unknown = Entry { kind: "voted".into(), body: r#"{"ask":1}"#.into(), ..sent };
        let mut same = unknown.clone();
        numbers().renumber(&mut same).expect("readable");
        assert_eq!(same, unknown);
    }
}
