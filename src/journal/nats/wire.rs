//! How an event looks as a message: a line with the moment and the kind, a line with the body, and where raw fields came
//! with it a line with those. People can read it with any client of the server.

use crate::conference::Moment;
use crate::conference::event::{Event, Seq, What};
use crate::journal::Draft;
use crate::journal::entry::Entry;

/// A draft as a message.
pub(super) fn write(draft: &Draft) -> Result<String, serde_json::Error> {
    let mut message = format!("{} {}\n{}", draft.at.0, draft.what.kind(), draft.what.body()?);
    if let Some(raw) = &draft.raw {
        message.push('\n');
        message.push_str(raw);
    }
    Ok(message)
}

/// A message as an event. None for a kind that this version does not know.
///
/// # Errors
/// What is wrong with it, for a log.
pub(super) fn read(seq: Seq, message: &[u8]) -> Result<Option<Event>, String> {
    let (at, kind, body, _) = parts(message)?;
    let what = What::read(kind, body).map_err(|error| error.to_string())?;
    Ok(what.map(|what| Event { seq, at, what }))
}

/// The raw fields of a message.
pub(super) fn raw(message: &[u8]) -> Option<String> {
    parts(message).ok()?.3.map(str::to_owned)
}

/// Whether a kind can stand in a message and means an event.
pub(super) fn is_word(kind: &str) -> bool {
    !kind.is_empty() && !kind.contains(char::is_whitespace) && kind != super::kept::KIND
}

/// An event of any kind as a message; none where it cannot be one: its kind or body would not come back as they are.
pub(super) fn write_entry(entry: &Entry) -> Option<String> {
    let Entry { at, kind, body, raw, .. } = entry;
    if !is_word(kind) {
        return None;
    }
    // Between the parts of a JSON text a new line is a space, and within its strings it never stands.
    let body = body.replace(['\n', '\r'], " ");
    let mut message = format!("{} {kind}\n{body}", at.0);
    if let Some(raw) = raw {
        message.push('\n');
        message.push_str(raw);
    }
    Some(message)
}

/// A message as an event of any kind; none for what is no event but a list of facts.
///
/// # Errors
/// What is wrong with it.
pub(super) fn read_entry(seq: Seq, message: &[u8]) -> Result<Option<Entry>, String> {
    let (at, kind, body, raw) = parts(message)?;
    let entry = || Entry { seq, at, kind: kind.to_owned(), body: body.to_owned(), raw: raw.map(str::to_owned) };
    Ok((kind != super::kept::KIND).then(entry))
}

/// The moment of a message.
pub(super) fn at(message: &[u8]) -> Option<Moment> {
    parts(message).ok().map(|(at, ..)| at)
}

/// The moment, kind, body and raw fields of a message.
fn parts(message: &[u8]) -> Result<(Moment, &str, &str, Option<&str>), String> {
    let message = std::str::from_utf8(message).map_err(|error| error.to_string())?;
    let mut lines = message.splitn(3, '\n');
    let (first, body, raw) = (lines.next().unwrap_or_default(), lines.next().ok_or("it has no body")?, lines.next());
    let (at, kind) = first.split_once(' ').ok_or("it begins with no moment and kind")?;
    let at = Moment::read(at.parse().map_err(|error| format!("its moment: {error}"))?);
    Ok((at, kind, body, raw))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conference::event::every_kind;

    #[test]
    fn an_event_comes_back_as_it_went() {
        let at = Moment(1_700_000_000_123);
        for what in every_kind() {
            let mut draft = Draft::new(at, what);
            for raw in [None, Some(r#"{"a":"b\nc"}"#.to_owned())] {
                draft.raw.clone_from(&raw);
                let message = write(&draft).unwrap();
                assert_eq!(read(Seq(7), message.as_bytes()), Ok(Some(Event { seq: Seq(7), at, what: draft.what.clone() })));
                assert_eq!(super::raw(message.as_bytes()), raw);
            }
        }
    }

    #[test]
    fn an_entry_of_any_kind_comes_back_as_it_went_or_does_not_go() {
        let plain = Entry { seq: Seq(7), at: Moment(5), kind: "voted".into(), body: r#"{"for":1}"#.into(), raw: Some("{\n}".into()) };
        let message = write_entry(&plain).expect("a message");
        assert_eq!(read_entry(Seq(7), message.as_bytes()), Ok(Some(plain.clone())));
        let spread = Entry { body: "{\n\"for\": 1\n}".into(), ..plain.clone() };
        let message = write_entry(&spread).expect("a message");
        let back = read_entry(Seq(7), message.as_bytes()).expect("readable").expect("an event");
        assert_eq!((back.body.as_str(), &back.raw), ("{ \"for\": 1 }", &spread.raw));
        for kind in ["", "a b", "a\nb", "kept"] {
            assert_eq!(write_entry(&Entry { kind: kind.into(), ..plain.clone() }), None, "{kind:?}");
        }
    }

    #[test]
    fn what_somebody_else_wrote_is_refused_or_skipped() {
        assert_eq!(read(Seq(1), b"1 tomorrow\n{}"), Ok(None), "a kind of a newer version");
        for message in [&b""[..], b"1 stopped", b"stopped\n{}", b"one stopped\n{}", b"1 left\n{}", b"1 left\nnot json", b"\xff stopped\n{}"]
        {
            assert!(read(Seq(1), message).is_err(), "{message:?}");
        }
    }
}
