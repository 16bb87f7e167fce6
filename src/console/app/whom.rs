//! Whom a press is about: the marked callers that are listed, else the one under the cursor. Never anybody else,
//! and never the cursor when marks exist that nobody sees.

use super::App;
use super::dialog::Target;
use crate::conference::Action;
use crate::conference::roster::{CallId, Participant, Presence};

/// Who is to be asked for, and who of the marked is not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Whom {
    /// In the order of the list.
    pub(super) targets: Vec<(Target, Action)>,
    /// Whether marks made the choice.
    pub(super) marked: bool,
    skipped: Skipped,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Skipped {
    left: usize,
    calling: usize,
    unreachable: usize,
    fine: usize,
    hidden: usize,
}

impl Skipped {
    fn count(&mut self, call: &Participant, nothing_to_ask: bool) {
        let counter = match call.presence {
            _ if nothing_to_ask => &mut self.fine,
            Presence::Left | Presence::Kicked => &mut self.left,
            Presence::Calling => &mut self.calling,
            Presence::In => &mut self.unreachable,
        };
        *counter += 1;
    }
}

impl Whom {
    /// Who was passed over and why; nothing when nobody was.
    pub(super) fn passed_over(&self) -> Option<String> {
        let Skipped { left, calling, unreachable, fine, hidden } = self.skipped;
        let parts: Vec<_> = [
            (left, "left"),
            (calling, "still calling"),
            (unreachable, "without a number"),
            (fine, "where nothing failed"),
            (hidden, "hidden"),
        ]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, why)| format!("{count} {why}"))
        .collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}

impl App {
    /// Whom a command is about, each with what would be asked; or why nobody.
    pub(super) fn whom(&self, action: impl Fn(&Participant) -> Option<Action>) -> Result<Whom, String> {
        let mut whom = Whom { marked: !self.marks.is_empty(), ..Whom::default() };
        if !whom.marked {
            let Some(id) = self.cursor.filter(|_| self.selected().is_some()) else { return Err("nobody is under the cursor".into()) };
            return self.whom_alone(id, action);
        }
        self.sift(&mut whom, self.view.rows().iter().filter(|id| self.marks.has(*id)), action);
        whom.skipped.hidden = self.hidden_marks();
        if !whom.targets.is_empty() {
            return Ok(whom);
        }
        let marked = self.marks.len();
        if whom.skipped.hidden == marked {
            return Err(format!("{marked} marked, none in the list: Esc takes the filter away, then the marks"));
        }
        let who = if marked == 1 { "the marked caller".to_owned() } else { format!("none of the {marked} marked callers") };
        let cannot = if marked == 1 { "cannot" } else { "can" };
        Err(format!("{who} {cannot} be asked for: {}", whom.passed_over().unwrap_or_default()))
    }

    /// Of callers who were named, those who can be asked for; or why none of them.
    pub(super) fn whom_named(&self, ids: &[CallId], action: impl Fn(&Participant) -> Option<Action>) -> Result<Whom, String> {
        if let [id] = ids {
            return self.whom_alone(*id, action);
        }
        let mut whom = Whom::default();
        self.sift(&mut whom, ids.iter().copied(), action);
        if whom.targets.is_empty() {
            return Err(format!(
                "none of the {} can be asked for: {}",
                ids.len(),
                whom.passed_over().unwrap_or_else(|| "all are gone".into())
            ));
        }
        Ok(whom)
    }

    fn whom_alone(&self, id: CallId, action: impl Fn(&Participant) -> Option<Action>) -> Result<Whom, String> {
        let call = self.roster.get(id).ok_or("that caller has left and is off the list")?;
        let action = action(call).ok_or_else(|| format!("nothing failed for {}", self.label(call)))?;
        match self.why_not(call, action) {
            Some(why) => Err(why),
            None => Ok(Whom { targets: vec![(Target { id, stays: call.stays }, action)], ..Whom::default() }),
        }
    }

    /// Puts each caller where it belongs: to those who are asked for, or to those who are passed over.
    fn sift(&self, whom: &mut Whom, ids: impl Iterator<Item = CallId>, action: impl Fn(&Participant) -> Option<Action>) {
        for (id, call) in ids.filter_map(|id| Some((id, self.roster.get(id)?))) {
            match action(call) {
                Some(action) if self.why_not(call, action).is_none() => {
                    whom.targets.push((Target { id, stays: call.stays }, action));
                }
                action => whom.skipped.count(call, action.is_none()),
            }
        }
    }

    /// Whether anybody could be asked for; mostly without looking at everybody.
    pub(super) fn anybody(&self, action: impl Fn(&Participant) -> Option<Action>) -> bool {
        let fits = |call: &Participant| action(call).is_some_and(|action| self.why_not(call, action).is_none());
        if self.marks.is_empty() {
            return self.selected().is_some_and(fits);
        }
        self.listed_marks().filter_map(|id| self.roster.get(id)).any(fits)
    }

    /// Why nobody could be asked for, as a sentence; none where somebody could.
    pub(super) fn why_nobody(&self, action: impl Fn(&Participant) -> Option<Action>) -> Option<String> {
        if self.anybody(&action) { None } else { self.whom(action).err() }
    }
}
