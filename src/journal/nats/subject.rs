//! Which subject an event is published on. The layout is an interface: the rights of an account are written with it.
//!
//! `<stream>.event.<conference>.<class>.<kind>`, where the kind of an ask is what is asked for. See [`class`].

use crate::conference::ConferenceId;
use crate::conference::event::What;

/// What stands for the conference of an event that has none, or whose conference is not known.
pub(super) const NOWHERE: &str = "_";

/// All events of a stream.
pub(super) fn events(stream: &str) -> String {
    format!("{stream}.event.>")
}

/// The events of a stream that hold however old they are.
pub(super) fn facts(stream: &str) -> String {
    format!("{stream}.event.*.fact.>")
}

/// Lists of the facts that hold.
pub(super) fn kept(stream: &str) -> String {
    format!("{stream}.event.{NOWHERE}.fact.{}", super::kept::KIND)
}

/// The marks of asks that are about to leave. They are one subject, because each is written only if it is the next.
pub(super) fn marks(stream: &str) -> String {
    format!("{stream}.event.{NOWHERE}.answer.sent")
}

/// The lease of the host that carries out what is asked.
pub(super) fn lease(stream: &str) -> String {
    format!("{stream}.lease.dispatch")
}

/// The subject of an event.
pub(super) fn of(stream: &str, what: &What, conference: Option<&ConferenceId>) -> String {
    let conference = conference.map_or_else(|| NOWHERE.to_owned(), |conference| token(conference.as_str()));
    let kind = match what {
        What::Asked(ask) => ask.action.word(),
        _ => what.kind(),
    };
    format!("{stream}.event.{conference}.{}.{kind}", class(what))
}

/// The subject of an event of a kind that this version does not know.
pub(super) fn of_unknown(stream: &str, kind: &str) -> String {
    format!("{stream}.event.{NOWHERE}.other.{}", token(kind))
}

/// What an account may be let or kept from: what the listener writes of calls, facts that stand, asks, the order of
/// a conference, what became of asks, and the listener's own.
fn class(what: &What) -> &'static str {
    match what {
        What::Started(_) | What::Joined(_) | What::Left(_) | What::Hand(_) | What::Removed(_) => "call",
        What::Named(_) | What::Contacts(_) | What::Exempted(_) | What::Banned(_) | What::Lifted(_) | What::Mode(_) => "fact",
        What::Asked(_) => "ask",
        What::HandsCleared(_) | What::Floor(_) | What::Halted(_) => "order",
        What::Sent(_) | What::Answered(_) | What::AskedLate(_) | What::Recorded(_) => "answer",
        What::Listening(_) | What::Stopped(_) => "listener",
    }
}

/// A conference as one token of a subject: letters, digits and `-` stand for themselves, any other byte is `=` and two
/// digits of its number in base 16. Nothing is written as `_` alone.
fn token(conference: &str) -> String {
    let mut token = String::with_capacity(conference.len());
    for byte in conference.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'-' {
            token.push(char::from(byte));
        } else {
            token.push('=');
            for digit in [byte >> 4, byte & 15] {
                token.push(char::from_digit(u32::from(digit), 16).unwrap_or('0').to_ascii_uppercase());
            }
        }
    }
    if token.is_empty() { "=".to_owned() } else { token }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conference::Action;
    use crate::conference::event::{Nothing, Sent, every_kind};
    use crate::conference::story::{ask, join, leave};

    #[test]
    fn rights_can_be_written_with_the_subjects() {
        let hall = ConferenceId::from("200");
        for (what, conference, expected) in [
            (join("k", "200", "1"), Some(&hall), "confmod.event.200.call.joined"),
            (leave("k"), None, "confmod.event._.call.left"),
            (ask("k", Action::Kick), Some(&hall), "confmod.event.200.ask.kick"),
            (ask("k", Action::Mute), Some(&hall), "confmod.event.200.ask.mute"),
            (What::Stopped(Nothing {}), None, "confmod.event._.listener.stopped"),
        ] {
            assert_eq!(of("confmod", &what, conference), expected);
        }
        assert_eq!(
            of("s", &What::Sent(Sent { asks: vec![] }), None),
            marks("s"),
            "each mark is written only if it is the next of its subject"
        );
    }

    #[test]
    fn what_stands_however_old_it_is_is_a_fact_and_nothing_else_is() {
        for what in every_kind() {
            assert_eq!(class(&what) == "fact", What::STANDING.contains(&what.kind()), "{what:?}");
        }
    }

    #[test]
    fn a_conference_is_one_token_whatever_it_is_called() {
        for (conference, expected) in [
            ("200", "200"),
            ("town-hall", "town-hall"),
            ("a.b", "a=2Eb"),
            ("*", "=2A"),
            (">", "=3E"),
            ("_", "=5F"),
            ("ü 1", "=C3=BC=201"),
            ("", "="),
        ] {
            assert_eq!(token(conference), expected, "{conference}");
        }
    }
}
