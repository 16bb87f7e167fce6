//! What must not be overlooked, and the tabs: the two lines of the header that are worked out, not just drawn.

use super::{App, Tone};
use crate::conference::health::JournalHealth as Health;

/// Columns that say how many tabs are out of sight.
const MORE: usize = 9;

/// One tab as it stands on the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tab {
    /// Its place among all tabs, from 0.
    pub place: usize,
    /// Its text: place, name, count.
    pub text: String,
    /// Its first column.
    pub x: u16,
    /// Whether its conference is shown.
    pub active: bool,
}

/// Columns before the first tab: the program's name.
pub const TABS_FROM: u16 = 11;

impl App {
    /// The sentence across the screen that stays until its cause is gone.
    #[must_use]
    pub fn banner(&self) -> Option<(Tone, String)> {
        if let Some(fault) = &self.fault {
            // What is in parentheses is for those who mend it; the events have it, too.
            let cost = fault.split_once(" (").map_or(&**fault, |(cost, _)| cost);
            let words = [fault, cost].map(|words| format!("{words}; restart confmod"));
            return Some((Tone::Bad, self.fitting(words)));
        }
        match &self.journal {
            Health::Failed(_) if self.is_lost() => self.lost_banner().map(|text| (Tone::Bad, text)),
            Health::Failed(why) => {
                let long = format!(
                    "THE JOURNAL FAILED: callbacks are refused, asks are sent but not recorded ({}). Restart on a sound disk. {why}",
                    self.unrecorded
                );
                Some((
                    Tone::Bad,
                    self.fitting([long, "THE JOURNAL FAILED: callbacks are refused, asks not recorded; restart confmod".to_owned()]),
                ))
            }
            Health::Trouble(why) => {
                let long = format!("{why}: callbacks are refused, asks are sent and recorded later; it is tried again every second");
                Some((Tone::Bad, self.fitting([long, format!("callbacks are refused, asks are recorded later: {why}")])))
            }
            Health::Abandoned => Some((Tone::Warning, format!("{}; restart confmod to take over", super::readonly::ABANDONED))),
            Health::Lost(_) => self.lost_banner().map(|text| (Tone::Bad, text)),
            Health::Good | Health::Followed(_) => None,
        }
    }

    /// The first of two forms where it fits across the screen, else the second: what to do must not be cut off.
    pub(super) fn fitting(&self, [long, short]: [String; 2]) -> String {
        if self.is_heard() || crate::text::width(&long) + 2 <= usize::from(self.size.0) { long } else { short }
    }

    /// The tabs that fit, from left to right; the active one is always among them.
    #[must_use]
    pub fn tab_strip(&self) -> Vec<Tab> {
        let tabs: Vec<_> = self.tabs().collect();
        let text = |place: usize| {
            let (id, counts) = tabs[place];
            let name = crate::text::cut(id.map_or("all", |id| id.as_str()), 16, "~");
            let key = if place < 9 { format!("{}:", place + 1) } else { String::new() };
            let count = counts.inside + if id.is_none() { counts.calling } else { 0 };
            format!(" {key}{name} ({count}) ")
        };
        let width = |text: &str| crate::text::width(text) + 1;
        let all = usize::from(self.size.0.saturating_sub(TABS_FROM));
        // There may be a thousand: texts are made for no more than fit.
        let mut used = 0;
        let fit = (0..tabs.len()).all(|place| {
            used += width(&text(place));
            used <= all
        });
        // Where not all fit, there is room to say how many more there are.
        let room = if fit { all } else { all.saturating_sub(MORE) };
        let active = tabs.iter().position(|(id, _)| *id == self.view.conference.as_ref());
        // Tabs go out on the left until the active one fits.
        let mut first = active.unwrap_or(0);
        let mut used = width(&text(first));
        while let Some(before) = first.checked_sub(1) {
            used += width(&text(before));
            if used > room {
                break;
            }
            first = before;
        }
        let mut x = 0;
        let mut strip = Vec::new();
        for place in first..tabs.len() {
            let text = text(place);
            let end = x + width(&text);
            if end > room {
                break;
            }
            strip.push(Tab { place, text, x: TABS_FROM + x as u16, active: Some(place) == active });
            x = end;
        }
        strip
    }

    /// The place of the tab at a column of the screen.
    pub(super) fn tab_at(&self, x: u16) -> Option<usize> {
        let covers = |tab: &Tab| (tab.x..tab.x + crate::text::width(&tab.text) as u16).contains(&x);
        self.tab_strip().into_iter().find(covers).map(|tab| tab.place)
    }
}
