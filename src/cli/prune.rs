//! `confmod prune`: old events go from the journal, by hand and for good.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use jiff::tz::TimeZone;

use super::{FileArg, JournalArg, NatsArg, WRONG, complain, fail, kept, print, time};
use crate::conference::Moment;
use crate::config::Config;
use crate::config::error::shown;
use crate::journal::now;
use crate::journal::sqlite::{OpenError, PruneError, Pruned, copies, lost_logs, prunable, prune};
use crate::text::bytes;

/// A day on which the clocks change may be shorter by this.
const CLOCKS_CHANGE: Duration = Duration::from_hours(1);

/// `confmod prune`
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    /// What is older goes: an age such as 30d, or a local time such as 2026-11-22T14:00
    #[arg(long, value_name = "T")]
    pub older_than: String,
    /// Only say what would go
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub(super) journal: JournalArg,
    #[command(flatten)]
    pub(super) nats: NatsArg,
    #[command(flatten)]
    pub(super) file: FileArg,
}

/// Prunes; the exit code is 2 for a time that is none or too young, 1 when not everything could be done.
pub fn run(config: &Config, args: &Args) -> ExitCode {
    if let Some(shared) = &config.nats {
        let sentence = format!(
            "the shared journal {} is not pruned by hand: its servers cut what is older than `retention` or more than nats_size, as \
             they were when it was made; for a file, name it with --journal",
            shared.stream
        );
        return fail(&sentence, WRONG);
    }
    let limit = match limit(config, &args.older_than, now(), &TimeZone::system()) {
        Ok(limit) => limit,
        Err(sentence) => return fail(&format!("--older-than: {sentence}"), WRONG),
    };
    let path = &config.journal;
    if path.as_os_str().is_empty() {
        return fail(kept::NOWHERE, WRONG);
    }
    let who = format!("{}, process {}, who prunes it", config.moderator, std::process::id());
    let pruned = if args.dry_run { prunable(path, limit) } else { prune(path, &who, limit) };
    let pruned = match pruned {
        Ok(pruned) => pruned,
        Err(error) => return fail(&refused(&error), 1),
    };
    let printed = print(&told(&pruned, path, &args.older_than, args.dry_run));
    for copy in copies(path) {
        let copy = shown(&copy);
        complain(&format!(
            "{copy} is a copy from before an update, and holds what was in the journal then; delete it when nobody needs it"
        ));
    }
    for log in lost_logs(path) {
        let log = shown(&log);
        complain(&format!("{log} was kept when the journal's file was gone, and holds the newest of it; delete it when nobody needs it"));
    }
    match pruned.not_smaller {
        None => printed,
        Some(why) => fail(&format!("the file did not get smaller ({why}); do it once more when that is over"), 1),
    }
}

fn refused(error: &PruneError) -> String {
    match error {
        PruneError::Open(OpenError::Held { path, by }) => format!(
            "the journal {} is being written by {by}; close that one, or set `retention`: then it deletes what is too old while it runs",
            shown(path)
        ),
        error => error.to_string(),
    }
}

/// The moment before which everything goes.
fn limit(config: &Config, given: &str, now: Moment, zone: &TimeZone) -> Result<Moment, String> {
    let limit = time::moment(given, now, zone)?;
    let least = config.least_kept();
    if now.since(limit) + CLOCKS_CHANGE < least {
        let hours = least.as_secs().div_ceil(3_600);
        return Err(format!(
            "that is less than {hours} hours ago, and callers of that time come back at a start; give more, such as {}d",
            hours.div_ceil(24).max(30)
        ));
    }
    Ok(limit)
}

fn told(pruned: &Pruned, path: &Path, older_than: &str, dry_run: bool) -> String {
    let (path, older_than) = (shown(path), crate::text::clean_field(older_than));
    let Pruned { events, kept, before, after, .. } = pruned;
    let facts = match kept {
        0 => String::new(),
        1 => "; 1 fact as old still holds and stays (a name, contact, exemption, ban or mode)".to_owned(),
        _ => format!("; {kept} facts as old still hold and stay (names, contacts, exemptions, bans, modes)"),
    };
    let size = if before == after {
        format!("it takes {}", bytes(*after))
    } else {
        format!("it took {} and takes {}", bytes(*before), bytes(*after))
    };
    let events = match events {
        0 => return format!("nothing that may go is older than {older_than} in {path}{facts}; {size}\n"),
        1 => "1 event".to_owned(),
        n => format!("{n} events"),
    };
    let go = if dry_run { "would be deleted" } else { "deleted" };
    format!("{events} older than {older_than} {go} from {path}{facts}; {size}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_must_be_older_than_what_comes_back_at_a_start() {
        let config = Config { resume_within: Duration::from_hours(18), ..Config::default() };
        // 2026-11-22T12:00 in UTC.
        let now = Moment(1_795_348_800_000);
        let asked = |config: &Config, text: &str| limit(config, text, now, &TimeZone::UTC).map(|at| now.since(at).as_secs() / 3_600);
        for (text, hours) in [("30d", 720), ("2d", 48), ("36h", 36), ("2026-11-01T12:00", 504)] {
            assert_eq!(asked(&config, text), Ok(hours), "{text}");
        }
        for text in ["0s", "12h", "1d", "2026-11-22T11:00", "2027-01-01T00:00"] {
            let said = asked(&config, text).expect_err(text);
            assert!(said.contains("less than 36 hours") && said.contains("such as 30d"), "{said}");
        }
        assert_eq!(asked(&Config::default(), "1d"), Ok(24));
        let hasty = Config { resume_within: Duration::from_mins(1), ..Config::default() };
        assert!(asked(&hasty, "20h").expect_err("less than a day").contains("24 hours"));
        assert!(asked(&config, "long ago").expect_err("no time").contains("such as 2h"));
    }

    #[test]
    fn it_is_told_what_went_what_stayed_and_what_it_takes() {
        let pruned = Pruned { events: 1, kept: 2, before: 2_000, after: 1_000, not_smaller: None };
        let path = Path::new("/j");
        assert_eq!(
            told(&pruned, path, "30d", false),
            "1 event older than 30d deleted from /j; 2 facts as old still hold and stay (names, contacts, exemptions, bans, modes); \
             it took 2.0 kB and takes 1.0 kB\n"
        );
        let counted = Pruned { events: 7, kept: 0, after: 2_000, ..pruned.clone() };
        assert_eq!(told(&counted, path, "30d", true), "7 events older than 30d would be deleted from /j; it takes 2.0 kB\n");
        let nothing = Pruned { events: 0, kept: 1, after: 2_000, ..pruned };
        assert!(told(&nothing, path, "30d", false).starts_with("nothing that may go is older than 30d in /j; 1 fact"));
    }
}
