//! Banning a number, and the list of banned numbers. A ban is about a number; what becomes of who joins from
//! it is dispatch's.

use std::time::Duration;

use crate::conference::event::{Banned, Lifted, What};
use crate::conference::people::Ban;
use crate::console::app::dialog::{Input, Target};
use crate::console::app::{App, Dialog, Effect, Tone};
use crate::console::keys::{Chord, Key};
use crate::phone::Number;

/// The longest a ban with an end can last; longer is a slip.
const LONGEST: Duration = Duration::from_hours(10 * 366 * 24);

/// A ban being typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BanForm {
    /// The caller whose number it is.
    pub target: Target,
    /// The number.
    pub number: Number,
    /// Why.
    pub reason: Input,
    /// For how long; nothing is for good.
    pub expiry: Input,
    /// Whether the expiry is being typed, not the reason.
    pub at_expiry: bool,
    /// What is wrong with the expiry.
    pub wrong: Option<String>,
}

impl BanForm {
    /// The line that is being typed.
    pub fn field(&mut self) -> &mut Input {
        if self.at_expiry { &mut self.expiry } else { &mut self.reason }
    }
}

/// The list of bans, looked through. What is chosen is a number, never a place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BanList {
    chosen: Option<Number>,
    place: usize,
    /// The number whose ban is about to be lifted; only `y` lifts it.
    pub lifting: Option<Number>,
}

impl BanList {
    /// The place of what is chosen; where that ban is gone, the one that took its place.
    #[must_use]
    pub fn place(&self, bans: &[(Number, &Ban)]) -> usize {
        let found = self.chosen.and_then(|chosen| bans.iter().position(|(number, _)| *number == chosen));
        found.unwrap_or_else(|| self.place.min(bans.len().saturating_sub(1)))
    }
}

/// How long a ban lasts: `90m`, `2h`, `30d`, `2w`; none for good. The error is a sentence.
pub(in crate::console::app) fn lasts(typed: &str) -> Result<Option<Duration>, String> {
    let typed = typed.trim();
    if typed.is_empty() {
        return Ok(None);
    }
    let read = || {
        let span: jiff::Span = typed.parse().ok()?;
        // A day is 24 hours here, whatever the clocks do.
        let lasts = span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).ok()?;
        Duration::try_from(lasts).ok().filter(|lasts| !lasts.is_zero() && *lasts <= LONGEST)
    };
    read().map(Some).ok_or_else(|| format!("{} is no time; write 2h or 30d, or nothing for good", crate::text::cut(typed, 16, "~")))
}

impl App {
    /// `B`: asks for the reason and the end. A ban that stands can be changed so.
    pub(super) fn open_ban(&mut self) {
        let (Some(target), Some(number)) = (self.target(), self.selected().and_then(|call| call.number)) else { return };
        let reason = self.roster.people().ban(number, self.now).map_or_else(String::new, |ban| ban.reason.to_string());
        let form = BanForm { target, number, reason: Input::new(&reason), expiry: Input::default(), at_expiry: false, wrong: None };
        self.dialog = Some(Dialog::Ban(Box::new(form)));
    }

    /// A key while a ban is being typed.
    pub(in crate::console::app) fn press_in_ban(&mut self, mut form: Box<BanForm>, chord: Chord) -> Vec<Effect> {
        match chord.key {
            Key::Esc => {
                self.let_go(&[form.target.id]);
                self.say(Tone::Plain, "nobody was banned");
                return Vec::new();
            }
            Key::Enter => match lasts(form.expiry.text()) {
                Ok(lasts) => {
                    self.let_go(&[form.target.id]);
                    let reason = crate::text::clean_field(form.reason.text()).into();
                    let until = lasts.map(|lasts| self.now.plus(lasts));
                    return vec![Effect::Append(What::Banned(Banned {
                        number: form.number,
                        reason,
                        until,
                        by: self.settings.moderator.clone(),
                    }))];
                }
                Err(why) => {
                    form.at_expiry = true;
                    form.wrong = Some(why);
                }
            },
            Key::Tab | Key::Up | Key::Down => form.at_expiry = !form.at_expiry,
            _ => {
                form.field().press(chord);
                form.wrong = None;
            }
        }
        self.dialog = Some(Dialog::Ban(form));
        Vec::new()
    }

    /// A key while the bans are listed.
    pub(in crate::console::app) fn press_in_bans(&mut self, mut list: BanList, chord: Chord) -> Vec<Effect> {
        let mut effects = Vec::new();
        let bans = self.roster.people().bans(self.now);
        let place = list.place(&bans);
        let last = bans.len().saturating_sub(1);
        let page = usize::from(self.size.1 / 2).max(1);
        if let Some(number) = list.lifting.take() {
            if chord == Chord::char('y') {
                // It may have ended or been lifted meanwhile: then there is nothing to lift.
                let holds = self.roster.people().ban(number, self.now).is_some();
                effects.extend(holds.then(|| Effect::Append(What::Lifted(Lifted { number, by: self.settings.moderator.clone() }))));
            }
            self.dialog = Some(Dialog::Bans(list));
            return effects;
        }
        let to = match chord.key {
            Key::Esc => return effects,
            Key::Up => place.saturating_sub(1),
            Key::Down => place + 1,
            Key::PgUp => place.saturating_sub(page),
            Key::PgDn => place + page,
            Key::Home => 0,
            Key::End => last,
            _ => place,
        };
        (list.chosen, list.place) = (bans.get(to.min(last)).map(|(number, _)| *number), to.min(last));
        if chord.key == Key::Delete {
            if let Some(why) = self.why_read_only() {
                self.say(Tone::Warning, why);
            } else {
                list.lifting = list.chosen;
            }
        }
        self.dialog = Some(Dialog::Bans(list));
        effects
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ban_lasts_for_a_time_or_for_good() {
        for (typed, hours) in [("2h", 2), ("30d", 720), ("1 week", 168), (" 1d 2h ", 26)] {
            assert_eq!(lasts(typed), Ok(Some(Duration::from_hours(hours))), "{typed}");
        }
        assert_eq!((lasts(""), lasts("  "), lasts("45m")), (Ok(None), Ok(None), Ok(Some(Duration::from_mins(45)))));
        for slip in ["soon", "30", "0d", "-2h", "1mo", "99999d", "9999999999999999999h", "2h\u{1b}"] {
            let why = lasts(slip).expect_err(slip);
            assert!(why.contains("write 2h or 30d"), "{why}");
        }
    }
}
