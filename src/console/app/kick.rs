//! Kicking: a dialog or a countdown names who it is about, and they are looked at again when it is confirmed.
//! Nobody is acted on who is not who was named.

use std::time::Duration;

use super::dialog::{Input, Target};
use super::{App, Dialog, Effect, Tone, plural};
use crate::conference::{Action, Moment};
use crate::config::Kick;
use crate::console::keys::{Chord, Key};

/// How long a kick waits when it is set to count down instead of asking.
const COUNTDOWN: Duration = Duration::from_secs(3);

/// From this many on, the number has to be typed: a `y` comes too easily.
const MANY: usize = 11;

/// A kick that goes out when its time is up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Countdown {
    /// Whom it is about, in the order of the list.
    pub targets: Vec<Target>,
    /// When it goes out.
    pub until: Moment,
    /// Whether marks chose them: by the time it goes out, others may be marked.
    marked: bool,
}

/// A kick that waits to be confirmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KickDialog {
    /// Whom it is about, in the order of the list.
    pub targets: Vec<Target>,
    /// The number of callers as it is being typed, where they are many; none where `y` is enough.
    pub typed: Option<Input>,
    marked: bool,
}

impl App {
    /// `k`: names whom it is about and asks first, or counts down.
    pub(super) fn begin_kick(&mut self, targets: Vec<Target>, marked: bool) {
        if targets.len() < MANY && self.settings.kick == Kick::Countdown {
            if self.countdown.is_some() {
                self.say(Tone::Warning, "a kick is counting down already; Esc stops it");
            } else {
                self.countdown = Some(Countdown { targets, until: self.now.plus(COUNTDOWN), marked });
            }
            return;
        }
        let typed = (targets.len() >= MANY).then(Input::default);
        self.dialog = Some(Dialog::Kick(KickDialog { targets, typed, marked }));
    }

    /// A press while the dialog is open: `y`, or the number and Enter, kicks; everything else cancels.
    pub(super) fn press_in_kick(&mut self, mut dialog: KickDialog, chord: Chord) -> Vec<Effect> {
        let confirmed = match &mut dialog.typed {
            None => chord == Chord::char('y'),
            Some(input) if chord.typed().is_some_and(|c| c.is_ascii_digit()) || chord.key == Key::Backspace => {
                input.press(chord);
                self.dialog = Some(Dialog::Kick(dialog));
                return Vec::new();
            }
            Some(input) => chord.key == Key::Enter && input.text() == dialog.targets.len().to_string(),
        };
        let effects = if confirmed {
            let effects = self.kick(&dialog.targets, dialog.marked);
            if dialog.marked {
                self.unmark_listed();
            }
            effects
        } else {
            let typed = dialog.typed.as_ref().is_some_and(|input| chord.key == Key::Enter && !input.text().is_empty());
            self.say(Tone::Plain, if typed { "that is not how many they are: nobody was kicked" } else { "nobody was kicked" });
            Vec::new()
        };
        let ids: Vec<_> = dialog.targets.iter().map(|target| target.id).collect();
        self.let_go(&ids);
        effects
    }

    /// Kicks exactly the callers that were named, as far as that is still so.
    fn kick(&mut self, targets: &[Target], marked: bool) -> Vec<Effect> {
        let (mut still, mut refused) = (Vec::new(), Vec::new());
        for target in targets {
            match self.why_not_kick(*target) {
                None => still.push((*target, Action::Kick)),
                Some(why) => refused.push(why),
            }
        }
        match (&refused[..], still.len()) {
            ([], _) => {}
            ([why], 0) => self.say(Tone::Warning, format!("{why}: nothing was sent")),
            (_, sent) => {
                let others =
                    plural(refused.len(), "caller has left or joined anew: not kicked", "callers have left or joined anew: not kicked");
                self.say(Tone::Warning, if sent == 0 { format!("{others}; nothing was sent") } else { others });
            }
        }
        self.ask_all(&still, marked)
    }

    fn why_not_kick(&self, target: Target) -> Option<String> {
        match self.roster.get(target.id) {
            None => Some("the caller is gone".to_owned()),
            Some(call) if call.stays != target.stays => Some(format!("{} left and joined anew", self.label(call))),
            Some(call) => self.why_not(call, Action::Kick),
        }
    }

    /// Ends a countdown whose time is up.
    pub(super) fn count_down(&mut self) -> Vec<Effect> {
        match self.countdown.take() {
            Some(countdown) if countdown.until <= self.now => {
                let effects = self.kick(&countdown.targets, countdown.marked);
                let ids: Vec<_> = countdown.targets.iter().map(|target| target.id).collect();
                if countdown.marked {
                    self.unmark(&ids);
                }
                self.let_go(&ids);
                effects
            }
            waiting => {
                self.countdown = waiting;
                Vec::new()
            }
        }
    }

    /// The callers that a kick is about, the first of them by name: `Ada, Grace and 7 more`.
    #[must_use]
    pub fn names(&self, targets: &[Target], most: usize) -> String {
        let labels =
            targets.iter().map(|target| self.roster.get(target.id).map_or("somebody who is gone".to_owned(), |call| self.label(call)));
        let shown: Vec<_> = labels.take(most).collect();
        match targets.len() - shown.len() {
            0 => shown.join(", "),
            more => format!("{} and {more} more", shown.join(", ")),
        }
    }
}
