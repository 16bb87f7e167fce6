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
            Health::Good | Health::Followed(_) => None,
        }
    }

    /// The first of two forms where it fits across the screen, else the second: what to do must not be cut off.
    fn fitting(&self, [long, short]: [String; 2]) -> String {
        if self.is_heard() || crate::text::width(&long) + 2 <= usize::from(self.size.0) { long } else { short }
    }

    /// The tabs that fit, from left to right; the active one is always among them.
    #[must_use]
    pub fn tab_strip(&self) -> Vec<Tab> {
        let tabs: Vec<_> = self
            .tabs()
            .zip(1..)
            .map(|((id, counts), place): (_, usize)| {
                let name = id.map_or("all", |id| id.as_str());
                let name = crate::text::cut(name, 16, "~");
                let place = if place <= 9 { format!("{place}:") } else { String::new() };
                let count = counts.inside + if id.is_none() { counts.calling } else { 0 };
                (format!(" {place}{name} ({count}) "), id == self.view.conference.as_ref())
            })
            .collect();
        let width = |tab: &(String, bool)| crate::text::width(&tab.0) + 1;
        let all = usize::from(self.size.0.saturating_sub(TABS_FROM));
        // Where not all fit, there is room to say how many more there are.
        let room = if tabs.iter().map(width).sum::<usize>() > all { all.saturating_sub(MORE) } else { all };
        // Tabs go out on the left until the active one fits.
        let active = tabs.iter().position(|(_, active)| *active).unwrap_or(0);
        let mut first = 0;
        while first < active && tabs[first..=active].iter().map(width).sum::<usize>() > room {
            first += 1;
        }
        let mut x = 0;
        let mut strip = Vec::new();
        for (place, tab) in tabs.iter().enumerate().skip(first) {
            if x + width(tab) > room {
                break;
            }
            strip.push(Tab { place, text: tab.0.clone(), x: TABS_FROM + x as u16, active: tab.1 });
            x += width(tab);
        }
        strip
    }

    /// The place of the tab at a column of the screen.
    pub(super) fn tab_at(&self, x: u16) -> Option<usize> {
        let covers = |tab: &Tab| (tab.x..tab.x + crate::text::width(&tab.text) as u16).contains(&x);
        self.tab_strip().into_iter().find(covers).map(|tab| tab.place)
    }
}
