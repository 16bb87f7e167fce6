//! Which command does what: the settings that it needs, and its run.

use std::process::ExitCode;

use super::guarded::guard_process;
use super::session::Face;
use super::settings::checked;
use super::{
    AskArgs, Cli, Command, WRONG, ask, check, complain, completions, config, demo, export, fail, faults, import, kept, man, print, prune,
    rehearse, replay, report, run, serve, urls,
};
use crate::conference::Action;
use crate::config::{Config, DEFAULT_FILE, Environment, Flags, Loaded, Purpose};
use crate::logging;

/// Does what the command line says.
///
/// The exit code is 2 for wrong usage or configuration, else what the command defines.
pub fn execute(cli: Cli) -> ExitCode {
    guard_process();
    faults::tell_all();
    let (flags, plain) = (Flags::from(cli.flags), cli.plain);
    let Some(command) = cli.command else {
        return with(&flags, Purpose::Console, |loaded| match run::ready(&loaded.config, plain) {
            Ok(()) => {
                start_log(&loaded.config);
                run::run(&loaded.config, plain)
            }
            Err(missing) => fail(&missing, WRONG),
        });
    };
    if plain && !matches!(command, Command::Demo(_) | Command::Replay(_)) {
        return fail("--plain is for the console, confmod demo and confmod replay; leave it out here, or see confmod --help", WRONG);
    }
    match command {
        Command::Demo(args) => with(&Flags::from(args.flags.clone()).or(flags), Purpose::Demo, |loaded| {
            start_log(&loaded.config);
            demo::run(loaded.config, &args, plain || args.plain)
        }),
        Command::Rehearse(args) => rehearse::run(&args),
        Command::Serve(args) => {
            let metrics = Flags { metrics: args.metrics, ..Flags::default() };
            with(&metrics.or(Flags::from(args.flags)).or(flags), Purpose::Command, |loaded| {
                // Whoever runs a service reads what it says there.
                if let Err(error) = logging::start_lines(loaded.config.log_level) {
                    complain(&error.to_string());
                }
                serve::run(&loaded.config)
            })
        }
        Command::Replay(args) => {
            let flags = Flags::from(args.flags.clone()).or(flags);
            let conference = flags.conference.clone();
            with(&flags, Purpose::Journal, |mut loaded| {
                kept::prefer_named_file(&mut loaded.config, &flags);
                start_log(&loaded.config);
                replay::run(&loaded.config, &args, conference.as_deref(), Face::of(plain || args.plain))
            })
        }
        Command::Mute(args) => one_ask(Action::Mute, &args, flags),
        Command::Unmute(args) => one_ask(Action::Unmute, &args, flags),
        Command::Kick(args) => one_ask(Action::Kick, &args, flags),
        Command::Urls(args) => {
            let own = Flags {
                config: args.file.config.clone(),
                listen: args.listen.listen.clone(),
                conference: args.conference.conference.clone(),
                ..Flags::default()
            };
            with(&own.or(flags), Purpose::Command, |loaded| urls::run(&loaded.config, &args))
        }
        Command::Check(args) => {
            let own = Flags {
                config: args.file.config,
                api_url: args.api.api_url,
                listen: args.listen.listen,
                journal: args.journal.journal,
                nats: args.nats.nats,
                ..Flags::default()
            };
            check::run(&own.or(flags), &Environment::of_process())
        }
        Command::Report(args) => {
            let (config, journal, nats) = (args.file.config.clone(), args.journal.journal.clone(), args.nats.nats.clone());
            let own = Flags { config, journal, nats, ..Flags::default() };
            // The conference that is configured is the tab to open on, and never a filter; the flag is one.
            let conference = args.conference.conference.clone().or(flags.conference.clone());
            let flags = own.or(flags);
            with(&flags, Purpose::Journal, |mut loaded| {
                kept::prefer_named_file(&mut loaded.config, &flags);
                report::run(&loaded.config, conference.as_deref(), &args)
            })
        }
        Command::Prune(args) => {
            let (config, journal, nats) = (args.file.config.clone(), args.journal.journal.clone(), args.nats.nats.clone());
            let own = Flags { config, journal, nats, ..Flags::default() };
            let flags = own.or(flags);
            with(&flags, Purpose::Journal, |mut loaded| {
                kept::prefer_named_file(&mut loaded.config, &flags);
                prune::run(&loaded.config, &args)
            })
        }
        Command::Export(args) => {
            let own = Flags { config: args.file.config.clone(), nats: args.nats.nats.clone(), ..Flags::default() };
            with(&own.or(flags), Purpose::Journal, |loaded| export::run(&loaded.config, &args))
        }
        Command::Import(args) => {
            let own = Flags { config: args.file.config.clone(), nats: args.nats.nats.clone(), ..Flags::default() };
            with(&own.or(flags), Purpose::Journal, |loaded| import::run(&loaded.config, &args))
        }
        Command::Config(args) if args.print_default => print(DEFAULT_FILE),
        Command::Config(args) => with(&Flags::from(args.flags).or(flags), Purpose::Command, |loaded| config::run(&loaded)),
        Command::Completions(args) => completions::run(&args),
        Command::Man => man::run(),
    }
}

/// Starts the log of what lasts. Without a home directory there is no place for one, which only the demo bears.
fn start_log(config: &Config) {
    if config.log.as_os_str().is_empty() {
        return;
    }
    if let Err(error) = logging::start(&config.log, config.log_level) {
        // A conference can be moderated without a log.
        complain(&error.to_string());
    }
}

fn one_ask(action: Action, args: &AskArgs, flags: Flags) -> ExitCode {
    let own = Flags {
        config: args.file.config.clone(),
        api_url: args.api.api_url.clone(),
        conference: args.conference.conference.clone(),
        ..Flags::default()
    };
    with(&own.or(flags), Purpose::Command, |loaded| ask::run(&loaded.config, action, args))
}

/// Loads the configuration and goes on with it, or says what is wrong with it.
fn with(flags: &Flags, purpose: Purpose, go_on: impl FnOnce(Loaded) -> ExitCode) -> ExitCode {
    match checked(flags, &Environment::of_process(), purpose) {
        Ok(loaded) => go_on(loaded),
        Err(error) => fail(&error.to_string(), WRONG),
    }
}
