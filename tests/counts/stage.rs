//! A console with as many callers as wanted, as it is after a start: for what is counted and for what is measured.
#![allow(dead_code, unreachable_pub, reason = "each program uses a part of this")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use confmod::conference::event::{Answer, Arrival, Ask, CallOnly, Cause, Event, HandMoved, Seq, What};
use confmod::conference::{Action, CallKey, Moment, Outcome};
use confmod::config::{AlertWays, Kick, ThemeChoice, Withheld};
use confmod::console::app::{App, Message, Settings};
use confmod::console::command::KeyMap;
use confmod::console::keys::Chord;
use confmod::console::ui::Theme;
use confmod::phone::Number;

/// Columns and lines of the screen.
pub const SIZE: (u16, u16) = (200, 50);

/// When everything happens.
pub const AT: Moment = Moment(1_700_000_000_000);

/// Events that the console takes from the journal at a time when it starts.
pub const CHUNK: u64 = 1_000;

/// A call's key as the provider makes them: 32 hexadecimal digits.
pub fn key(caller: u64) -> CallKey {
    // Any fixed scramble will do; neighbours must not look alike.
    let mixed = caller.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    CallKey::new(&format!("{mixed:016x}{:016x}", mixed.rotate_left(29) ^ caller))
}

/// The number of a caller.
pub fn number(caller: u64) -> String {
    (12_000_000_000 + caller).to_string()
}

/// A caller joins one of so many conferences, with a number; every third one gives a name.
pub fn join(caller: u64, conferences: u64) -> Event {
    let arrival = Arrival {
        call: key(caller),
        conference: Some((1_000 + caller % conferences).to_string().as_str().into()),
        number: Number::from_digits(&number(caller)),
        instead: None,
        name: caller.is_multiple_of(3).then(|| format!("Caller {caller}").into()),
        called: Some("12157010680".into()),
        others: None,
        hand: false,
    };
    Event { seq: Seq(caller + 1), at: AT, what: What::Joined(arrival) }
}

/// What happens to callers beside coming.
pub fn leave(caller: u64) -> What {
    What::Left(CallOnly { call: key(caller) })
}

/// A hand goes up or down.
pub fn hand(caller: u64, up: bool) -> What {
    What::Hand(HandMoved { call: key(caller), up, first: false, by: None })
}

/// A mute is asked for by a key.
pub fn ask(caller: u64) -> What {
    What::Asked(mute(caller, Cause::Key))
}

/// A mute is asked for together with others.
pub fn bulk_ask(caller: u64) -> What {
    What::Asked(mute(caller, Cause::Bulk))
}

fn mute(caller: u64, cause: Cause) -> Ask {
    Ask {
        action: Action::Mute,
        call: key(caller),
        conference: "1000".into(),
        number: number(caller).into(),
        by: "ada".into(),
        cause,
        rule: None,
        joined: AT,
    }
}

/// An ask was accepted.
pub fn accepted(caller: u64, ask: Seq) -> What {
    What::Answered(Answer { ask, call: key(caller), outcome: Outcome::Accepted, detail: "".into(), millis: 120, reached: true })
}

/// How everything looks.
pub fn theme() -> Theme {
    Theme::new(ThemeChoice::Truecolor, false)
}

/// A console before anything has happened, for which so many events are no news.
pub fn app(known: u64, size: (u16, u16)) -> App {
    let settings = Settings {
        shared: None,
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
        news_after: Seq(known),
    };
    let keys = KeyMap::new(&BTreeMap::new()).expect("the table's keys");
    App::new(settings, keys, size, AT)
}

/// A console, and where its journal is.
pub struct Stage {
    pub app: App,
    seq: Seq,
    now: Moment,
}

impl Stage {
    /// The console as it is after a start with so many callers in so many conferences.
    pub fn new(callers: u64, conferences: u64) -> Self {
        Self::before(callers, conferences, true)
    }

    /// The same before the phone library's tables are there: to load them takes more than all else.
    pub fn without_phones(callers: u64, conferences: u64) -> Self {
        Self::before(callers, conferences, false)
    }

    fn before(callers: u64, conferences: u64, phones: bool) -> Self {
        let mut app = app(callers, SIZE);
        if phones {
            app.update(AT, Message::PhonesReady);
        }
        for first in (0..callers).step_by(CHUNK as usize) {
            let events: Arc<[Event]> = (first..callers.min(first + CHUNK)).map(|caller| join(caller, conferences)).collect();
            app.update(AT, Message::Events(events));
        }
        Self { app, seq: Seq(callers), now: AT }
    }

    /// The next event, ready to be taken in.
    pub fn event(&mut self, what: What) -> (Message, Seq) {
        self.seq = self.seq.next();
        (Message::Events([Event { seq: self.seq, at: self.now, what }].into()), self.seq)
    }

    /// Takes a message in.
    pub fn take(&mut self, message: Message) {
        self.app.update(self.now, message);
    }

    /// Something happens; its place in the journal.
    pub fn happens(&mut self, what: What) -> Seq {
        let (event, seq) = self.event(what);
        self.take(event);
        seq
    }

    /// A key is pressed.
    pub fn press(&mut self, key: &str) {
        self.take(Message::Key(Chord::parse(key).expect("a key")));
    }

    /// Text is typed.
    pub fn types(&mut self, text: &str) {
        text.chars().for_each(|c| self.take(Message::Key(Chord::char(c))));
    }

    /// Time passes.
    pub fn passes(&mut self, time: Duration) {
        self.now = self.now.plus(time);
        self.take(Message::Tick);
    }
}
