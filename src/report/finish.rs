//! From what was watched to what a report says: cut to its time, named, cleaned, and masked where wanted.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};

use super::collect::Collector;
use super::record::{Ask, Attendance, Ending, ModeHeld, Report, Span};
use super::track::Track;
use super::{Error, Options};
use crate::conference::roster::{Participant, Presence};
use crate::conference::{CallKey, ConferenceId, Moment};
use crate::phone::{self, Described, Number};
use crate::text;

/// Makes the report.
pub(super) fn finish(mut collector: Collector<'_>) -> Result<Report, Error> {
    let options = collector.options;
    let said = Said { options, numbers: RefCell::default(), calls: RefCell::default() };
    if let Some(wanted) = &options.conference
        && !collector.conferences.contains(wanted)
    {
        let known = collector.conferences.iter().map(|known| said.text(known.as_str())).collect();
        return Err(Error::NoConference { wanted: said.text(wanted.as_str()), known });
    }
    let time = Span { from: options.since.unwrap_or(Moment(i64::MIN)), to: options.until };
    let tracks = std::mem::take(&mut collector.tracks);
    let mut callers: Vec<_> = tracks
        .iter()
        .filter(|track| collector.wants(&track.conference))
        .filter_map(|track| Some((&track.conference, attendance(&collector, track, time, &said)?)))
        .collect();
    share(&mut callers);
    let mut attendance: Vec<_> = callers.into_iter().map(|(_, caller)| caller).collect();
    attendance.sort_by_key(|caller| caller.joined);
    let asks: Vec<_> = collector
        .asks
        .all
        .iter()
        .map(|asked| {
            let key = &asked.ask.call;
            let answer = asked.answer.as_ref();
            Ask {
                call: said.call(key),
                at: asked.at,
                moderator: said.text(&asked.ask.by),
                action: asked.ask.action,
                conference: said.text(asked.ask.conference.as_str()),
                key: said.text(key.as_str()),
                tag: key.tag(),
                number: Some(said.text(&asked.ask.number)).filter(|number| !number.is_empty()),
                written: match Number::from_digits(&asked.ask.number) {
                    Some(number) => Some(said.number(number).0),
                    None => Some(said.text(&asked.ask.number)).filter(|sent| !sent.is_empty()),
                },
                name: collector.name(key).map(|name| said.text(name)),
                reason: asked.reason.to_owned(),
                outcome: answer.map(|answer| answer.outcome),
                answer_ms: answer.map(|answer| answer.millis),
                detail: answer.map(|answer| said.text(&answer.detail)).unwrap_or_default(),
            }
        })
        .collect();
    let anybody_in = attendance.iter().any(|caller| matches!(caller.outcome, Ending::In | Ending::Stale));
    let mut conferences: Vec<_> = attendance.iter().map(|caller| caller.conference.clone()).collect();
    conferences.extend(asks.iter().map(|ask| ask.conference.clone()));
    conferences.sort();
    conferences.dedup();
    let held = collector.modes.0.iter().filter(|held| collector.wants(&held.conference)).filter_map(|held| {
        let conference = said.text(held.conference.as_str());
        Some(ModeHeld { conference, mode: held.mode, span: held.within(time)?, by: said.text(&held.by) })
    });
    let modes = held.collect();
    Ok(Report {
        modes,
        conference: options.conference.as_ref().map(|conference| said.text(conference.as_str())),
        conferences,
        since: options.since,
        until: options.until,
        mask: options.mask,
        zone: options.zone.clone(),
        attendance,
        asks,
        gaps: std::mem::take(&mut collector.gaps).within(time, anybody_in),
    })
}

/// How things from outside are written: cleaned once more, because others may have written the journal, and masked.
struct Said<'a> {
    options: &'a Options,
    /// Looked up once: the phone library takes microseconds for each.
    numbers: RefCell<HashMap<Number, Described>>,
    calls: RefCell<HashMap<CallKey, usize>>,
}

impl Said<'_> {
    fn text(&self, text: &str) -> String {
        let text = text::clean_field(text);
        if self.options.mask { text::mask_digits(&text) } else { text }
    }

    /// Which call of the report this is.
    fn call(&self, key: &CallKey) -> usize {
        let mut calls = self.calls.borrow_mut();
        let next = calls.len();
        *calls.entry(key.clone()).or_insert(next)
    }

    /// A number as its country writes it, and the country.
    fn number(&self, number: Number) -> (String, Option<String>) {
        let mut numbers = self.numbers.borrow_mut();
        let known = numbers.entry(number).or_insert_with(|| phone::describe(number));
        (self.text(&known.international), known.region.clone())
    }
}

impl Collector<'_> {
    /// A call as the roster has it, or had it before a moderator took it off the list.
    fn known(&self, key: &CallKey) -> Option<&Participant> {
        self.roster.find(key).and_then(|id| self.roster.get(id)).or_else(|| self.removed.get(key))
    }

    fn name(&self, key: &CallKey) -> Option<&str> {
        self.known(key).and_then(|call| self.roster.name(call)).filter(|name| !name.is_empty())
    }

    /// How a call's presence in a conference ended, and the last moment at which it is known to have been in.
    fn ending(&self, track: &Track) -> (Ending, Moment) {
        let options = self.options;
        let row = self.roster.find(&track.key).and_then(|id| self.roster.get(id));
        let row = row.filter(|call| call.conference.as_ref() == Some(&track.conference));
        let ending = match row {
            Some(call) if track.present.is_open() && call.is_stale(options.until, options.stale_after) => {
                return (Ending::Stale, call.news);
            }
            _ if track.present.is_open() => Ending::In,
            // A kick may be accepted after the call said that it left.
            Some(call) if call.presence == Presence::Kicked => Ending::Kicked,
            _ if track.kicked => Ending::Kicked,
            _ => Ending::Left,
        };
        (ending, options.until)
    }
}

/// One call's line, where it was in within the report's time.
fn attendance(collector: &Collector<'_>, track: &Track, time: Span, said: &Said<'_>) -> Option<Attendance> {
    let (joined, left) = track.present.ends()?;
    let (outcome, now) = collector.ending(track);
    let within = |stretches: &super::track::Stretches| stretches.within(time.from, time.to, now);
    let present = within(&track.present);
    if present.is_empty() {
        return None;
    }
    let mut stays: BTreeMap<u32, u64> = BTreeMap::new();
    for (span, stay) in &present {
        *stays.entry(*stay).or_default() += span.written();
    }
    let spans = |found: Vec<(Span, u32)>| found.into_iter().map(|(span, _)| span).collect::<Vec<_>>();
    let (muted, raised) = (spans(within(&track.muted)), spans(within(&track.raised)));
    let number = collector.known(&track.key).and_then(|call| call.number);
    let (written, place) = number.map(|number| said.number(number)).unzip();
    Some(Attendance {
        call: said.call(&track.key),
        conference: said.text(track.conference.as_str()),
        key: said.text(track.key.as_str()),
        tag: track.key.tag(),
        number: number.map(|number| said.text(&number.digits())),
        written,
        name: collector.name(&track.key).map(|name| said.text(name)),
        place: place.flatten(),
        joined,
        left,
        millis: stays.values().sum(),
        stays: stays.len(),
        longest: stays.values().copied().max().unwrap_or_default(),
        share: 0.0,
        mutes: muted.len(),
        muted_millis: muted.iter().map(|span| span.written()).sum(),
        hands: raised.len(),
        outcome,
        spans: spans(present),
        muted,
        raised,
    })
}

/// Works out each caller's share of the time in which anybody was in the same conference.
fn share(callers: &mut [(&ConferenceId, Attendance)]) {
    let mut spans: HashMap<&ConferenceId, Vec<Span>> = HashMap::new();
    for (conference, caller) in callers.iter() {
        spans.entry(*conference).or_default().extend(&caller.spans);
    }
    let whole: HashMap<_, u64> =
        spans.into_iter().map(|(conference, spans)| (conference, union(spans).into_iter().map(Span::written).sum())).collect();
    for (conference, caller) in callers {
        let whole = whole.get(conference).copied().unwrap_or_default();
        caller.share = if whole == 0 { 0.0 } else { caller.millis as f64 / whole as f64 };
    }
}

/// The times that any of the spans covers, in order and apart from each other.
pub(super) fn union(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_by_key(|span| span.from);
    let mut joined: Vec<Span> = Vec::new();
    for span in spans {
        match joined.last_mut() {
            Some(last) if span.from <= last.to => last.to = last.to.max(span.to),
            _ => joined.push(span),
        }
    }
    joined
}
