//! Short words for events, so that tests read like what happened.

use super::event::{Answer, Arrival, Ask, CallOnly, Cause, Event, HandMoved, Named, Seq, What};
use super::{Action, CallKey, Moment, Outcome};
use crate::phone::Number;

/// A caller's callback fields: key, conference, number.
pub(crate) fn arrival(key: &str, conference: &str, number: &str) -> Arrival {
    Arrival {
        call: CallKey::new(key),
        conference: (!conference.is_empty()).then(|| conference.into()),
        number: Number::from_digits(number),
        instead: None,
        name: None,
        called: None,
        others: None,
        hand: false,
    }
}

/// A join that gives a name.
pub(crate) fn named_arrival(key: &str, conference: &str, number: &str, name: &str) -> What {
    What::Joined(Arrival { name: Some(name.into()), ..arrival(key, conference, number) })
}

pub(crate) fn start(key: &str) -> What {
    What::Started(arrival(key, "", ""))
}

pub(crate) fn join(key: &str, conference: &str, number: &str) -> What {
    What::Joined(arrival(key, conference, number))
}

pub(crate) fn leave(key: &str) -> What {
    What::Left(CallOnly { call: CallKey::new(key) })
}

pub(crate) fn remove(key: &str) -> What {
    What::Removed(CallOnly { call: CallKey::new(key) })
}

pub(crate) fn hand(key: &str, up: bool) -> What {
    What::Hand(HandMoved { call: CallKey::new(key), up, first: false, by: None })
}

pub(crate) fn ask(key: &str, action: Action) -> What {
    What::Asked(Ask {
        action,
        call: CallKey::new(key),
        conference: "1122".into(),
        number: "12157010680".into(),
        by: "moderator".into(),
        cause: Cause::Key,
        rule: None,
        joined: Moment(0),
    })
}

pub(crate) fn answer(key: &str, ask: u64, outcome: Outcome) -> What {
    let detail = if outcome == Outcome::Accepted { "" } else { "participant not found" };
    What::Answered(Answer { ask: Seq(ask), call: CallKey::new(key), outcome, detail: detail.into(), millis: 80, reached: true })
}

pub(crate) fn name(key: &str, number: &str, name: &str) -> What {
    What::Named(Named { call: CallKey::new(key), number: Number::from_digits(number), name: name.into(), by: "moderator".into() })
}

/// Events numbered from 1, at whole seconds.
pub(crate) fn events(story: impl IntoIterator<Item = (i64, What)>) -> Vec<Event> {
    story.into_iter().zip(1..).map(|((second, what), seq)| Event { seq: Seq(seq), at: Moment(second * 1_000), what }).collect()
}
