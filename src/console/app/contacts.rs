//! What the contacts file says, and what is wrong with it, as lines and notices.

use super::{App, Tone};
use crate::conference::Moment;
use crate::conference::event::Contacts;

/// The change of the file that was told last. A long one comes in several events and is one line.
#[derive(Debug, Default)]
pub(super) struct Read {
    edited: Option<Moment>,
    rows: usize,
    gone: usize,
    said: String,
}

impl App {
    pub(super) fn tell_contacts(&mut self, at: Moment, contacts: &Contacts) {
        let goes_on = self.read_contacts.edited == Some(contacts.edited);
        let read = std::mem::take(&mut self.read_contacts);
        let (rows, gone) = if goes_on { (read.rows, read.gone) } else { (0, 0) };
        let (rows, gone) = (rows + contacts.people.len(), gone + contacts.gone.len());
        if goes_on && self.lines.back().is_some_and(|line| line.text == read.said) {
            self.lines.pop_back();
        }
        let said = sentence(rows, gone);
        self.log(at, Tone::Plain, said.clone());
        self.read_contacts = Read { edited: Some(contacts.edited), rows, gone, said };
    }

    pub(super) fn tell_slips_of_contacts(&mut self, said: Vec<String>) {
        if let Some(first) = said.first() {
            let more = if said.len() > 1 { "; the events pane has more" } else { "" };
            self.say(Tone::Warning, format!("{first}{more}"));
        }
        for sentence in said {
            self.log(self.now, Tone::Warning, sentence);
        }
    }
}

fn sentence(rows: usize, gone: usize) -> String {
    let count = |count: usize, verb: [&str; 2], what: &str| match count {
        1 => format!("1 row {} {what}", verb[0]),
        _ => format!("{count} rows {} {what}", verb[1]),
    };
    let (is, was) = (["is", "are"], ["was", "were"]);
    let new = (rows > 0).then(|| count(rows, is, "new or changed"));
    let old = (gone > 0).then(|| count(gone, was, "taken out"));
    let parts: Vec<_> = new.into_iter().chain(old).collect();
    format!("the contacts file: {}", parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::super::Message;
    use super::super::tests::Stage;
    use super::*;
    use crate::conference::event::{Contact, What};
    use crate::phone::Number;

    fn contacts(edited: i64, rows: u64, gone: u64) -> What {
        let number = |i: u64| Number::from_digits(&(12_157_010_000 + i).to_string()).expect("a number");
        let row = |i| Contact { number: number(i), name: "Ada".into(), role: "".into(), note: "".into(), exempt: false };
        What::Contacts(Contacts { edited: Moment(edited), people: (0..rows).map(row).collect(), gone: (0..gone).map(number).collect() })
    }

    fn lines(stage: &Stage) -> Vec<&str> {
        stage.app.lines.iter().map(|line| line.text.as_str()).collect()
    }

    #[test]
    fn a_long_file_is_one_line() {
        let mut stage = Stage::new(|_| {});
        stage.event(contacts(1, 500, 0));
        stage.event(contacts(1, 500, 0));
        stage.event(contacts(1, 3, 1));
        assert_eq!(lines(&stage), ["the contacts file: 1003 rows are new or changed, 1 row was taken out"]);
        stage.event(contacts(2, 1, 0));
        stage.event(contacts(3, 0, 2));
        assert_eq!(lines(&stage)[1..], ["the contacts file: 1 row is new or changed", "the contacts file: 2 rows were taken out"]);
    }

    #[test]
    fn slips_are_lines_and_the_first_is_a_notice() {
        let mut stage = Stage::new(|_| {});
        let slip = |line: u32| format!("contacts.csv line {line}: \"12a\" is no number: skipped");
        stage.app.update(stage.app.now, Message::Contacts(vec![slip(7)]));
        assert_eq!(stage.app.notice.as_ref().map(|notice| notice.text.clone()), Some(slip(7)));
        stage.app.update(stage.app.now, Message::Contacts(vec![slip(8), slip(9)]));
        let notice = stage.app.notice.as_ref().expect("a notice");
        assert_eq!((notice.text.clone(), notice.tone), (format!("{}; the events pane has more", slip(8)), Tone::Warning));
        assert_eq!(lines(&stage), [slip(7), slip(8), slip(9)]);
        assert!(stage.app.lines.iter().all(|line| line.tone == Tone::Warning));
        let before = lines(&stage).len();
        stage.app.update(stage.app.now, Message::Contacts(Vec::new()));
        assert_eq!(lines(&stage).len(), before);
    }
}
