//! What a console is started with.

use std::time::Duration;

use smol_str::SmolStr;

use crate::conference::ConferenceId;
use crate::conference::event::Seq;
use crate::config::{AlertWays, Kick, Withheld};

/// What the console was started with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Who is moderating.
    pub moderator: SmolStr,
    /// The tab to open on.
    pub conference: Option<ConferenceId>,
    /// How long a call may be silent before it is `stale`.
    pub stale_after: Duration,
    /// How long no callback may come while callers are in before the screen warns.
    pub silence_after: Duration,
    /// How long a call may be silent before it is left out, here as at a restart.
    pub resume_within: Duration,
    /// What to do with an ask for a caller without a number.
    pub withheld: Withheld,
    /// What `k` does.
    pub kick: Kick,
    /// What alerts the moderator, and how.
    pub alerts: AlertWays,
    /// Bulk asks a second.
    pub pace: u32,
    /// Whether every dangerous command is taken away.
    pub read_only: bool,
    /// Whether digits are masked at first.
    pub mask: bool,
    /// The servers of the journal that this desk shares with others; none where the journal is this process's own.
    pub shared: Option<String>,
    /// Where the listener listens, as `address:port`.
    pub listener: String,
    /// The callback URLs to show while nobody is in, with the token masked.
    pub urls: Vec<(String, String)>,
    /// Whether closing this session would close the listener (ssh without tmux or screen).
    pub fragile_session: bool,
    /// What kind of run this is, for the header: `demo`, or empty.
    pub title: &'static str,
    /// The events after this place are news; those before it restore what was.
    pub news_after: Seq,
}
