//! The console's state and behaviour: `update(message) -> effects`. No clock, no I/O, no terminal: time
//! comes with each message, and whatever must be done outside is said as an [`Effect`].

use std::borrow::Cow;
use std::collections::{HashMap, HashSet, VecDeque};

use crate::conference::event::Seq;
use crate::conference::health::{JournalHealth as Health, ProviderHealth};
use crate::conference::roster::{CallId, Counts, Participant, Roster};
use crate::conference::view::View;
use crate::conference::{ConferenceId, Moment};
use crate::phone::{self, Described, Number};

use super::command::KeyMap;

pub mod ages;
pub mod alerts;
mod asks;
mod banner;
mod batch;
mod contacts;
mod cursor;
pub mod dialog;
mod effect;
mod held;
mod hints;
mod kick;
pub mod layout;
mod listening;
mod marks;
mod message;
mod order;
pub mod palette;
mod past;
mod press;
mod readonly;
mod replay;
mod rules;
mod run;
mod sentences;
mod settings;
mod shared;
mod spoken;
mod takeback;
mod tally;
mod update;
mod voice;
mod whom;

pub use alerts::Alerts;
pub use banner::{TABS_FROM, Tab};
pub use batch::Progress;
pub use dialog::Dialog;
pub use effect::Effect;
pub use hints::DEMO;
pub use kick::{Countdown, KickDialog};
pub use listening::{Gap, Gaps};
pub use marks::Marks;
pub use message::{ListenerCounts, Message, Mouse};
pub use order::{BanForm, BanList, QueueLine};
pub use replay::Played;
pub use sentences::{Line, Tone};
pub use settings::Settings;
pub use spoken::Spoken;
pub use voice::Heard;

/// Lines that the events pane remembers.
const LINES: usize = 500;

/// Looked-up numbers that are remembered; more than any screen shows.
const LOOKED_UP: usize = 4_096;

/// The sentence in the status line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// What it says.
    pub text: String,
    /// How it sounds.
    pub tone: Tone,
    /// When it was said.
    pub at: Moment,
}

/// Everything the screen is drawn from.
#[derive(Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of its own on the screen")]
pub struct App {
    /// What it was started with.
    pub settings: Settings,
    /// Which press does what.
    pub keys: KeyMap,
    /// Who is there.
    pub roster: Roster,
    /// What of it is listed.
    pub view: View,
    /// The caller under the cursor: an identity, never a row's number.
    pub cursor: Option<CallId>,
    /// Who is marked.
    pub marks: Marks,
    /// The place in the list of the table's first line; negative while lines above are kept empty so
    /// that the row under the cursor keeps its line.
    pub top: isize,
    /// The screen's size in columns and lines.
    pub size: (u16, u16),
    /// When the last message came.
    pub now: Moment,
    /// What is open above the table.
    pub dialog: Option<Dialog>,
    /// The kick that waits for its countdown.
    pub countdown: Option<Countdown>,
    /// Whether the detail pane is open.
    pub detail: bool,
    /// Whether the events pane is open; none leaves it to the screen's width.
    pub events: Option<bool>,
    /// Whether the raised hands are shown; none shows them by themselves where they take nothing away.
    pub queue: Option<bool>,
    /// Whether digits are masked.
    pub mask: bool,
    /// What happened, oldest first.
    pub lines: VecDeque<Line>,
    /// The latest notice.
    pub notice: Option<Notice>,
    /// How the provider has been answering.
    pub provider: ProviderHealth,
    /// How the journal is.
    pub journal: Health,
    /// Asks that went round without being on disk.
    pub unrecorded: u32,
    /// The age of the last callback counts from here.
    pub last_callback: Option<Moment>,
    /// Callbacks that said what was known.
    pub duplicates: u32,
    /// Times in which nobody listened.
    pub gaps: Gaps,
    /// What the listener refused or had to drop.
    pub counts: ListenerCounts,
    /// Something that stopped working and will not come back by itself.
    pub fault: Option<String>,
    /// How the replay goes, where this is one.
    pub replay: Option<Played>,
    /// Whether the session is ending, waiting for asks in flight.
    pub leaving: bool,
    /// What is worth a sound.
    pub alerts: Alerts,
    /// Whether it was told that nothing comes.
    told_silence: bool,
    hints: hints::Hints,
    /// A report is being written.
    reporting: bool,
    phones_ready: bool,
    looked_up: HashMap<Number, Described>,
    fields: Option<(Seq, Vec<(String, String)>)>,
    forgot: Moment,
    tallies: tally::Tallies,
    pressed: Option<held::Pressed>,
    /// How many events have come.
    folded: u64,
    /// Whom the cursor was on before a filter hid that caller, and whom it is on for that reason.
    drifted: Option<(CallId, Option<CallId>)>,
    batches: batch::Batches,
    /// What news make necessary to do.
    outbox: Vec<Effect>,
    read_contacts: contacts::Read,
    /// What is put back once everything is told anew.
    found_again: Option<replay::Return>,
    /// What is told now will have scrolled away before anybody looks.
    quiet: bool,
    /// When more than so many are gone, it is looked who of them is long gone; while the past is folded in.
    crowd: u32,
    /// Where this console is heard and not seen.
    voice: Option<voice::Voice>,
}

impl App {
    /// A console that nothing has happened to yet.
    #[must_use]
    pub fn new(settings: Settings, keys: KeyMap, size: (u16, u16), now: Moment) -> Self {
        let mut view = View::new(settings.stale_after);
        view.conference.clone_from(&settings.conference);
        Self {
            roster: Roster::default(),
            view,
            cursor: None,
            marks: Marks::default(),
            top: 0,
            size,
            now,
            dialog: None,
            countdown: None,
            detail: false,
            events: None,
            queue: None,
            mask: settings.mask,
            lines: VecDeque::new(),
            notice: None,
            provider: ProviderHealth::default(),
            journal: Health::Good,
            unrecorded: 0,
            last_callback: None,
            duplicates: 0,
            gaps: Gaps::default(),
            counts: ListenerCounts::default(),
            fault: None,
            replay: None,
            leaving: false,
            alerts: Alerts::new(settings.alerts.clone()),
            told_silence: false,
            hints: hints::Hints::default(),
            reporting: false,
            phones_ready: false,
            looked_up: HashMap::new(),
            fields: None,
            forgot: now,
            tallies: tally::Tallies::default(),
            pressed: None,
            folded: 0,
            drifted: None,
            batches: batch::Batches::default(),
            outbox: Vec::new(),
            read_contacts: contacts::Read::default(),
            found_again: None,
            quiet: false,
            crowd: past::FEW_GONE,
            voice: None,
            settings,
            keys,
        }
    }

    /// The caller under the cursor.
    #[must_use]
    pub fn selected(&self) -> Option<&Participant> {
        self.cursor.and_then(|id| self.roster.get(id))
    }

    /// The tabs in order: all, then each conference with its counts.
    pub fn tabs(&self) -> impl Iterator<Item = (Option<&ConferenceId>, Counts)> {
        let known = self.roster.conferences().iter().map(|(id, counts)| (Some(id), *counts));
        // A mode that holds can be ended where nobody is, too.
        let held = self.roster.modes().iter().map(|(id, ..)| id);
        let mut missing: Vec<_> = self.settings.conference.iter().chain(held).collect();
        let mut seen = HashSet::new();
        missing.retain(|id| self.roster.counts(id).is_none() && seen.insert(*id));
        let missing = missing.into_iter().map(|id| (Some(id), Counts::default()));
        std::iter::once((None, self.roster.all())).chain(known).chain(missing)
    }

    /// What a caller is called: the name, else the number as its country writes it, else `no number` and the tag.
    /// Where the console is heard, the caller's number for typing comes first.
    #[must_use]
    pub fn label(&self, call: &Participant) -> String {
        self.label_text(call).into_owned()
    }

    /// [`Self::label`], without a text of its own where there is one already.
    #[must_use]
    pub fn label_text<'a>(&'a self, call: &'a Participant) -> Cow<'a, str> {
        let called = self.called(call);
        match self.voice.as_ref().and_then(|_| self.number_of(call.id)) {
            Some(number) => format!("{number} {called}").into(),
            None => called,
        }
    }

    fn called<'a>(&'a self, call: &'a Participant) -> Cow<'a, str> {
        if let Some(name) = self.roster.name(call) {
            return self.show(name);
        }
        match call.number.map(|number| (number, self.described(number))) {
            Some((_, Some(known))) => self.show(&known.international),
            Some((number, None)) => self.show(&number.e164()).into_owned().into(),
            None => format!("no number #{}", call.tag()).into(),
        }
    }

    /// Grouping and region of a number, where they have been looked up.
    #[must_use]
    pub fn described(&self, number: Number) -> Option<&Described> {
        self.looked_up.get(&number)
    }

    /// The raw fields of the caller under the cursor, once they have been read.
    #[must_use]
    pub fn fields(&self) -> Option<&[(String, String)]> {
        let (seq, fields) = self.fields.as_ref()?;
        (self.selected()?.told_by == *seq).then_some(fields)
    }

    /// Text as it may be shown now: with the digits of numbers masked when that is asked for.
    #[must_use]
    pub fn show<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.mask { Cow::Owned(crate::text::mask_digits(text)) } else { Cow::Borrowed(text) }
    }

    /// Whether the screen is too small to show who would be acted on: then nothing but quitting is done.
    #[must_use]
    pub fn is_blind(&self) -> bool {
        self.voice.is_none() && (self.size.0 < layout::SMALLEST.0 || self.size.1 < layout::SMALLEST.1)
    }

    /// Whether the events pane is open.
    #[must_use]
    pub fn shows_events(&self) -> bool {
        self.events.unwrap_or(self.size.0 >= layout::EVENTS_FROM)
    }

    /// Looks up the numbers that are in sight, once the phone library's tables are loaded.
    fn look_up_visible(&mut self) {
        if !self.phones_ready {
            return;
        }
        if self.looked_up.len() > LOOKED_UP {
            self.looked_up.clear();
        }
        let visible: Vec<_> =
            self.visible().filter_map(|id| self.roster.get(id)?.number).chain(self.selected().and_then(|call| call.number)).collect();
        for number in visible {
            self.looked_up.entry(number).or_insert_with(|| phone::describe(number));
        }
    }

    fn say(&mut self, tone: Tone, text: impl Into<String>) {
        let text = text.into();
        self.hear(None, tone, &text);
        self.notice = Some(Notice { text, tone, at: self.now });
    }

    fn log(&mut self, at: Moment, tone: Tone, text: String) {
        self.log_about(None, at, tone, text);
    }

    /// A line that can be found again by the event it is about, to be kept up to date.
    fn log_about(&mut self, about: Option<Seq>, at: Moment, tone: Tone, text: String) {
        self.hear(Some(at), tone, &text);
        self.write_line(about, at, tone, text);
    }

    /// A line that nobody needs to hear: it will be told when there is more to it.
    fn write_line(&mut self, about: Option<Seq>, at: Moment, tone: Tone, text: String) {
        // Its place is kept: what comes later may be about it.
        let text = if self.quiet { String::new() } else { text };
        if self.lines.len() == LINES {
            self.lines.pop_front();
        }
        self.lines.push_back(Line { at, tone, text, about });
    }
}

/// A count with the words for one or for several.
fn plural(count: usize, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}

#[cfg(test)]
pub(crate) mod tests;
