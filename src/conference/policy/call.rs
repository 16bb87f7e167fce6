//! One call, as small as it can be.

use crate::conference::event::Seq;
use crate::conference::{Action, Moment};
use crate::phone::Number;

/// No event has this number.
pub(super) const NONE: Seq = Seq(0);

/// No room has this number.
pub(super) const NOWHERE: u32 = u32::MAX;

/// Where a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    Calling,
    In,
    Left,
    Kicked,
    /// It joined again right after an accepted kick.
    Back,
}

/// Something that is so of a call, or not.
#[derive(Clone, Copy, Debug)]
#[repr(u8)]
pub(super) enum Mark {
    /// The last accepted ask about its voice was a mute, and no unmute since may have been done.
    Muted = 1,
    /// A moderator exempted this call by itself; counts while it has no number.
    Exempt = 2,
    /// It is exempt, by its number or by itself.
    Spared = 4,
    /// What is owed is an unmute.
    OwedUnmute = 8,
    /// What is owed was handed out, and is not heard of yet.
    HandedOut = 16,
    /// It joined while the conference was locked, and the lock has held since.
    Locked = 32,
    /// It joined while its number was banned, and the ban has not been lifted since.
    Banned = 64,
    /// A moderator gave it the voice by hand since lecture mode began.
    Voiced = 128,
}

/// One call.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) number: Option<Number>,
    /// When it came to be where it is; for one that is back, when it was kicked.
    pub(super) since: Moment,
    /// The join that began its stay: the stay's identity.
    pub(super) join: Seq,
    /// The event because of which a mute or an unmute by rule is owed.
    owed: Seq,
    /// The mute by which lecture mode took its voice in this stay, as long as nobody changed it since.
    pub(super) silenced: Seq,
    pub(super) room: u32,
    /// The minute, since 1970, in which anything was last heard of it.
    pub(super) news: u32,
    pub(super) presence: Presence,
    marks: u8,
}

/// A moment's minute since 1970.
pub(super) fn minute(at: Moment) -> u32 {
    u32::try_from((at.0 / 60_000).max(0)).unwrap_or(u32::MAX)
}

impl Call {
    pub(super) fn new(at: Moment) -> Self {
        Self {
            number: None,
            since: at,
            join: NONE,
            owed: NONE,
            silenced: NONE,
            room: NOWHERE,
            news: minute(at),
            presence: Presence::Calling,
            marks: 0,
        }
    }

    pub(super) fn is_in(&self) -> bool {
        matches!(self.presence, Presence::In | Presence::Back)
    }

    pub(super) fn is_gone(&self) -> bool {
        matches!(self.presence, Presence::Left | Presence::Kicked)
    }

    pub(super) fn is_in_room(&self, room: u32) -> bool {
        self.is_in() && self.room == room
    }

    pub(super) fn is(&self, mark: Mark) -> bool {
        self.marks & mark as u8 != 0
    }

    pub(super) fn set(&mut self, mark: Mark, on: bool) {
        if on {
            self.marks |= mark as u8;
        } else {
            self.marks &= !(mark as u8);
        }
    }

    /// A mute or an unmute is due because of an event, in place of whatever was.
    pub(super) fn owe(&mut self, action: Action, cause: Seq) {
        self.owed = cause;
        self.set(Mark::OwedUnmute, action == Action::Unmute);
        self.set(Mark::HandedOut, false);
    }

    pub(super) fn owe_nothing(&mut self) {
        self.owe(Action::Mute, NONE);
    }

    /// What is owed, and because of what.
    pub(super) fn owed(&self) -> Option<(Action, Seq)> {
        let action = if self.is(Mark::OwedUnmute) { Action::Unmute } else { Action::Mute };
        (self.owed != NONE).then_some((action, self.owed))
    }

    pub(super) fn owes(&self, action: Action) -> bool {
        self.owed().is_some_and(|(owed, _)| owed == action)
    }

    /// Nothing more falls due for it: no kick, no mute, no unmute.
    pub(super) fn settle(&mut self) {
        self.owe_nothing();
        self.set(Mark::Locked, false);
        self.set(Mark::Banned, false);
    }

    /// A stay begins, with an open voice.
    pub(super) fn enter(&mut self, join: Seq) {
        self.settle();
        self.set(Mark::Muted, false);
        self.set(Mark::Voiced, false);
        self.silenced = NONE;
        self.join = join;
    }
}
