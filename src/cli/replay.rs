//! `confmod replay`: a past conference in the console, read-only, in its own time or faster.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Args as ClapArgs;
use jiff::tz::TimeZone;

use super::session::{self, Face, NotStarted};
use super::{FlagArgs, WRONG, fail, faults, kept, run, time};
use crate::conference::Moment;
use crate::conference::event::Seq;
use crate::config::{AlertWays, Config};
use crate::console::app::Settings;
use crate::console::command::KeyMap;
use crate::console::replay::{Player, SPEEDS, Sitting, Wanted};
use crate::console::runtime::{Ending, World};
use crate::journal::{Journal, Past};

/// `confmod replay`
#[derive(ClapArgs, Clone, Debug)]
#[command(
    mut_arg("api_url", |arg| arg.hide(true)),
    mut_arg("listen", |arg| arg.hide(true)),
    mut_arg("moderator", |arg| arg.hide(true)),
    mut_arg("read_only", |arg| arg.hide(true)),
    mut_arg("conference", |arg| arg.help("The conference to show; without it, everything that happened together"))
)]
pub struct Args {
    /// Plays so many times as fast: 0.1 to 1000
    #[arg(long, value_name = "N", default_value_t = 1.0, value_parser = speed)]
    pub speed: f64,
    /// Where to begin: local time such as 2026-11-22T14:00, or an age such as 2h
    #[arg(long, value_name = "T", allow_hyphen_values = true)]
    pub from: Option<String>,
    /// Lines instead of a screen: events as sentences, commands typed as words
    #[arg(long)]
    pub plain: bool,
    /// What may be set. What belongs to a listener or a provider is taken and ignored.
    #[command(flatten)]
    pub flags: FlagArgs,
}

fn speed(given: &str) -> Result<f64, String> {
    let speed: f64 = given.parse().map_err(|_| "write a number, such as 2 or 0.5")?;
    if SPEEDS.contains(&speed) { Ok(speed) } else { Err(format!("choose a speed from {} to {}", SPEEDS.start(), SPEEDS.end())) }
}

/// Runs until the moderator quits. `conference` is the one that was asked for, if one was.
pub(super) fn run(config: &Config, args: &Args, conference: Option<&str>, face: Face) -> ExitCode {
    let now = crate::journal::now();
    let from = match args.from.as_deref().map(|from| time::moment(from, now, &TimeZone::system())).transpose() {
        Ok(from) => from,
        Err(wrong) => return fail(&format!("--from: {wrong}"), WRONG),
    };
    if face == Face::Screen && !run::has_terminal() {
        return fail(&run::no_terminal(), WRONG);
    }
    let journal = match kept::open(config) {
        Ok(journal) => journal,
        Err((sentence, code)) => return fail(&sentence, code),
    };
    match replay(config, &journal, face, conference, from, args.speed) {
        Ok(ending) => ExitCode::from(session::exit_code(&ending)),
        Err(error) => fail(&error.to_string(), 1),
    }
}

fn replay(
    config: &Config,
    journal: &Arc<dyn Journal>,
    face: Face,
    conference: Option<&str>,
    from: Option<Moment>,
    speed: f64,
) -> Result<Ending, NotStarted> {
    let keys = KeyMap::new(&config.keys).map_err(|error| NotStarted::because("", error))?;
    // After such a silence the live console has forgotten everybody, too.
    let wanted = Wanted { conference: conference.map(Into::into), from, silence: config.resume_within };
    let what = format!("replaying {}", kept::name(config));
    let sitting = Sitting::find(&*journal.history(), &wanted).map_err(|error| NotStarted::because(&what, error))?;
    let panics = faults::hear(&config.log);
    let settings = Settings {
        conference: wanted.conference,
        read_only: true,
        listener: String::new(),
        urls: Vec::new(),
        fragile_session: false,
        // Nobody is called to what is over.
        alerts: AlertWays::default(),
        ..session::console_settings(config, "replay", config.listen, Seq(0))
    };
    let player = Player::new(journal.history(), sitting, from, speed);
    let world = |signals| World {
        player: Some(player),
        reports: config.reports.clone(),
        ..World::to_look_on(Arc::clone(journal), Past::nothing(), signals, panics)
    };
    session::watch(face, settings, keys, &session::theme(config), world).map_err(|error| NotStarted::because("starting the console", error))
}
