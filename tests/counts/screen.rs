//! What the screen costs: bytes to the terminal and allocations, for a row that changes, for a whole frame, for nothing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use confmod::conference::event::{Answer, Arrival, Ask, Cause, Event, Seq, What};
use confmod::conference::{Action, CallKey, Moment, Outcome};
use confmod::config::{AlertWays, Kick, ThemeChoice, Withheld};
use confmod::console::app::{App, Message, Settings};
use confmod::console::command::KeyMap;
use confmod::console::terminal::pen::Pen;
use confmod::console::ui::{Theme, render};
use confmod::phone::Number;

const AT: Moment = Moment(1_700_000_000_000);

/// A console with so many callers, and the pen that draws it in true colour, the longest way to say how something looks.
struct Desk {
    app: App,
    pen: Pen,
    size: (u16, u16),
    seq: u64,
}

impl Desk {
    fn with(callers: u64, size: (u16, u16)) -> Self {
        let settings = Settings {
            moderator: "ada".into(),
            conference: None,
            stale_after: Duration::from_secs(4 * 3_600),
            silence_after: Duration::from_secs(30 * 60),
            resume_within: Duration::from_secs(12 * 3_600),
            withheld: Withheld::Refuse,
            pace: 10,
            kick: Kick::Dialog,
            alerts: AlertWays::default(),
            read_only: false,
            mask: false,
            listener: "127.0.0.1:8787".to_owned(),
            urls: Vec::new(),
            fragile_session: false,
            title: "",
            news_after: Seq(callers),
        };
        let keys = KeyMap::new(&BTreeMap::new()).expect("the table's keys");
        let mut app = App::new(settings, keys, size, AT);
        app.update(AT, Message::PhonesReady);
        let joins: Arc<[Event]> = (0..callers).map(join).collect();
        app.update(AT, Message::Events(joins));
        Self { app, pen: Pen::new(), size, seq: callers }
    }

    fn happens(&mut self, what: What) -> Seq {
        self.seq += 1;
        self.app.update(AT, Message::Events([Event { seq: Seq(self.seq), at: AT, what }].into()));
        Seq(self.seq)
    }

    fn asked(&mut self, call: u64, action: Action) -> Seq {
        self.happens(What::Asked(Ask {
            action,
            call: key(call),
            conference: "1122".into(),
            number: (12_000_000_000 + call).to_string().into(),
            by: "ada".into(),
            cause: Cause::Key,
            rule: None,
            joined: AT,
        }))
    }

    fn answered(&mut self, call: u64, ask: Seq) {
        self.happens(What::Answered(Answer {
            ask,
            call: key(call),
            outcome: Outcome::Accepted,
            detail: "".into(),
            millis: 120,
            reached: true,
        }));
    }

    /// What the next frame sends.
    fn frame(&mut self) -> &[u8] {
        let (app, theme) = (&self.app, Theme::new(ThemeChoice::Truecolor, false));
        self.pen.draw(self.size, |buffer| render(app, &theme, buffer))
    }
}

fn key(call: u64) -> CallKey {
    CallKey::new(&format!("{call:08}"))
}

fn join(call: u64) -> Event {
    let arrival = Arrival {
        call: key(call),
        conference: Some("1122".into()),
        number: Number::from_digits(&(12_000_000_000 + call).to_string()),
        instead: None,
        name: Some(format!("Caller {call}").into()),
        called: None,
        others: None,
        hand: false,
    };
    Event { seq: Seq(call + 1), at: AT, what: What::Joined(arrival) }
}

#[test]
fn one_row_that_changes_is_few_bytes() {
    for size in [(80, 24), (140, 40), (200, 50)] {
        let mut desk = Desk::with(40, size);
        eprintln!("{size:?} whole {}", desk.frame().len());
        for call in 5..9 {
            let ask = desk.asked(call, Action::Mute);
            desk.frame();
            desk.answered(call, ask);
            let f = desk.frame();
            eprintln!("answered {}", f.len());
            if call == 5 {
                eprintln!("{}", f.escape_ascii());
            }
        }
    }
}
