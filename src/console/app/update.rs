//! What each message does: keys and mouse go to [`press`](super::press), news are folded in here.

use std::time::Duration;

use super::alerts::Rule;
use super::{App, Effect, ListenerCounts, Message, Tone};
use crate::conference::Moment;
use crate::conference::event::{Event, What};
use crate::conference::health::JournalHealth as Health;
use crate::conference::roster::Change;

/// How often calls that are long gone are forgotten, in milliseconds.
const FORGET_EVERY: i64 = 60_000;

/// How often when very many are gone.
const FORGET_CROWD_EVERY: i64 = 5_000;

/// A clock that is behind by so much was set back.
const SET_BACK: Duration = Duration::from_secs(10);

impl App {
    /// Takes one message in, at a moment that somebody else read from a clock.
    pub fn update(&mut self, now: Moment, message: Message) -> Vec<Effect> {
        self.take_time(now);
        let mut effects = match message {
            Message::Key(chord) => self.press(chord),
            Message::Paste(text) => self.paste(&text),
            Message::Mouse(mouse) => self.mouse(mouse),
            Message::Spoken(spoken) => self.spoken(spoken),
            Message::Resized(width, height) => {
                self.size = (width, height);
                if self.is_blind() {
                    // What cannot be read must not be confirmed.
                    self.dialog = None;
                    self.countdown = None;
                }
                self.straighten();
                Vec::new()
            }
            Message::Events(events) => {
                events.iter().for_each(|event| self.fold(event));
                self.halt_void();
                Vec::new()
            }
            Message::Past(events) => {
                self.take_past(&events);
                Vec::new()
            }
            Message::Restored => {
                self.cursor = None;
                self.forget();
                self.find_again();
                self.begin_to_say();
                self.tell_not_kicked();
                self.tell_silence();
                Vec::new()
            }
            Message::Rewound => {
                self.rewind(now);
                Vec::new()
            }
            Message::Played(played) => {
                self.is_played(played);
                Vec::new()
            }
            Message::Journal(health) => {
                self.journal_is(health);
                Vec::new()
            }
            Message::Listener(counts) => {
                self.listener_counts(counts);
                Vec::new()
            }
            Message::PhonesReady => {
                self.phones_ready = true;
                self.look_up_all();
                Vec::new()
            }
            Message::Fields(seq, fields) => {
                self.fields = Some((seq, fields));
                Vec::new()
            }
            Message::Reported(report) => {
                self.is_reported(report);
                Vec::new()
            }
            Message::Unread(why) => {
                let text = format!("{why}: the screen is not up to date; it is tried again");
                if self.notice.as_ref().is_none_or(|notice| notice.text != text) {
                    self.log(self.now, Tone::Bad, text.clone());
                }
                self.say(Tone::Bad, text);
                Vec::new()
            }
            Message::NotDone(why) => self.refused(&[], &why),
            Message::Refused(whats, why) => self.refused(&whats, &why),
            Message::Contacts(said) => {
                self.tell_slips_of_contacts(said);
                Vec::new()
            }
            Message::Fault(what) => {
                self.say(Tone::Bad, what.clone());
                self.log(self.now, Tone::Bad, what.clone());
                self.fault = Some(what);
                Vec::new()
            }
            Message::Tick => {
                // A silence that is older than this console is told above, and alerts nobody.
                if self.tell_silence() {
                    self.alerts.raise(Rule::Silence, None);
                }
                Vec::new()
            }
        };
        effects.append(&mut self.outbox);
        effects.extend(self.count_down());
        self.pass_time();
        effects.extend(self.sound_alerts());
        self.look_up_visible();
        effects.extend(self.want_fields());
        effects
    }

    /// Time stands still while a clock that was set back a little catches up. One that was set back by more is
    /// followed: else keys would seem to be held down, and a kick that counts down would come at its old time.
    fn take_time(&mut self, now: Moment) {
        if self.now.since(now) < SET_BACK {
            self.now = self.now.max(now);
            return;
        }
        (self.now, self.forgot, self.pressed) = (now, now, None);
        self.alerts.begin_anew();
        if let Some(countdown) = self.countdown.take() {
            let ids: Vec<_> = countdown.targets.iter().map(|target| target.id).collect();
            self.let_go(&ids);
            self.say(Tone::Warning, "the clock was set back: nobody was kicked");
        }
    }

    /// Says where a report is, or why it is not. A long path is cut off in the status line, not in the events.
    fn is_reported(&mut self, report: Result<String, String>) {
        self.reporting = false;
        let (tone, text) = match report {
            Ok(path) => (Tone::Good, format!("report: {path}")),
            Err(why) => (Tone::Bad, why),
        };
        self.log(self.now, tone, text.clone());
        self.say(tone, text);
    }

    fn listener_counts(&mut self, counts: ListenerCounts) {
        if let Some(slip) = counts.slip.as_ref().filter(|slip| self.counts.slip.as_ref() != Some(slip)) {
            // Once for each slip: a flow with one repeats it with every call.
            self.say(Tone::Warning, &**slip);
            self.log(self.now, Tone::Warning, slip.to_string());
        }
        for sentence in &counts.strangers {
            self.say(Tone::Warning, &**sentence);
            self.log(self.now, Tone::Warning, sentence.to_string());
        }
        self.counts = counts;
    }

    pub(super) fn fold(&mut self, event: &Event) {
        self.folded += 1;
        let before = self.before(event);
        let change = self.roster.apply(event);
        match &event.what {
            // What a moderator does to a hand is no callback.
            What::Hand(hand) if hand.by.is_some() => {}
            What::Started(_) | What::Joined(_) | What::Left(_) | What::Hand(_) => {
                self.last_callback = self.last_callback.max(Some(event.at));
                self.told_silence = false;
                self.duplicates += u32::from(matches!(change, Change::Duplicate(_)));
            }
            What::Asked(ask) => self.batch_asked(ask, event.seq, event.at),
            What::Answered(answer) => {
                self.provider.note(answer);
                self.batch_answered(answer);
            }
            What::Listening(listening) => self.note_gap(listening.down_since, event.at),
            What::Recorded(recorded) => {
                self.unrecorded = self.unrecorded.saturating_sub(recorded.late.len() as u32);
                self.batch_renumbered(&recorded.late);
            }
            _ => {}
        }
        self.unrecorded += u32::from(!event.seq.is_recorded() && matches!(event.what, What::Asked(_)));
        let now = self.now;
        if self.quiet {
            self.view.follow(&change, &self.roster, now, |_| false);
        } else if Self::touched(&change).is_some() || matches!(change, Change::Several(_)) {
            let held = self.holds();
            self.keep_line(|app| app.view.follow(&change, &app.roster, now, held));
        }
        self.introduce(&change);
        if let Change::Removed(id) = change {
            self.marks.take(id);
        }
        if self.quiet && self.keep_place(event, &change, &before) {
            return;
        }
        self.tell(event, &change, &before);
        self.hint(&event.what);
        self.note_alerts(event, &change);
    }

    fn journal_is(&mut self, health: Health) {
        match (&self.journal, &health) {
            (_, Health::Failed(why)) => self.log(self.now, Tone::Bad, format!("the journal failed: {why}")),
            (_, Health::Trouble(why)) => self.log(self.now, Tone::Bad, format!("the journal could not be written: {why}")),
            (known, Health::Followed(_) | Health::Abandoned) => self.look_on(&known.clone(), &health),
            (known, Health::Lost(_)) | (known @ Health::Lost(_), Health::Good) => self.contact_is(&known.clone(), &health),
            // The journal itself tells what happened meanwhile.
            (_, Health::Good) => {}
        }
        self.journal = health;
    }

    /// Lets go what time alone lets go.
    fn pass_time(&mut self) {
        let (held, now) = (self.holds(), self.now);
        if self.view.is_due(now) {
            self.keep_line(|app| app.view.expire(&app.roster, now, held));
        }
        let since = now.0 - self.forgot.0;
        if since >= FORGET_EVERY || (since >= FORGET_CROWD_EVERY && self.roster.is_crowded()) {
            self.forget();
        }
    }

    /// Lets go of calls that nothing is heard of any more.
    fn forget(&mut self) {
        self.forgot = self.now;
        let forgotten = self.roster.forget(self.now, self.settings.resume_within, self.holds());
        let (held, now) = (self.holds(), self.now);
        self.keep_line(|app| {
            for (id, _) in &forgotten {
                app.view.follow(&Change::Removed(*id), &app.roster, now, &held);
            }
        });
        self.tallies.forget(forgotten.iter().map(|(_, key)| key));
        self.take_numbers_back(forgotten.iter().map(|(id, _)| *id));
    }

    fn want_fields(&mut self) -> Option<Effect> {
        let seq = self.selected().filter(|_| self.detail)?.told_by;
        if self.fields.as_ref().is_some_and(|(known, _)| *known == seq) {
            return None;
        }
        self.fields = Some((seq, Vec::new()));
        Some(Effect::ReadFields(seq))
    }
}
