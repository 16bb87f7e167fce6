//! The command line's types. Each command has a file of its own that assembles the other rooms and runs
//! them.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::config::{Flags, check as rule};

pub mod ask;
pub mod check;
pub mod completions;
pub mod config;
pub mod demo;
mod descriptors;
mod desk;
mod execute;
pub mod export;
mod faults;
mod follow;
mod guarded;
pub mod import;
mod kept;
pub mod man;
mod output;
mod progress;
pub mod prune;
mod read;
pub mod rehearse;
pub mod replay;
pub mod report;
pub mod run;
pub mod serve;
mod session;
mod settings;
mod signals;
mod time;
pub mod urls;

pub use execute::execute;
pub use faults::FAULT;
pub use output::{WRONG, complain, fail, print, print_bytes};
pub use read::read;

/// A terminal console for moderating live phone conferences.
///
/// Takes the callbacks of a call flow, shows who is in the conference, and mutes, unmutes or kicks
/// callers through the provider. Without a command it starts the console.
#[derive(Debug, Parser)]
#[command(
    name = "confmod",
    version,
    max_term_width = 100,
    after_help = "Examples:
  confmod demo                         see it with scripted callers, no account needed
  confmod urls                         the URLs to paste into the call flow
  confmod check                        is everything ready?
  confmod --listen 127.0.0.1:9000      the console, with callbacks on port 9000
  confmod --plain                      without a screen: for screen readers and pipes"
)]
pub struct Cli {
    /// What may be given before a command, too.
    #[command(flatten)]
    pub flags: FlagArgs,
    /// Lines instead of a screen: events as sentences, commands typed as words
    #[arg(long)]
    pub plain: bool,
    /// What to do; the console when there is none.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show the console with scripted callers; needs no account
    ///
    /// The callers call back over real HTTP on this machine, and what is asked goes to a provider made
    /// up for the occasion. Nothing reaches a real provider, and the real journal stays untouched.
    #[command(after_help = "Example:\n  confmod demo --speed 2")]
    Demo(DemoArgs),
    /// Be a provider to rehearse with, to try an installation end to end
    ///
    /// Takes what confmod asks as the provider would, and lets scripted callers call back.
    #[command(after_help = "Example, in two terminals; `confmod urls` prints the URL with your TOKEN:
  CONFMOD_USERKEY=rehearsal confmod --api-url http://127.0.0.1:8788/api/v3.asp --journal /tmp/rehearsal.sqlite
  confmod rehearse --callbacks http://127.0.0.1:8787/callback/TOKEN")]
    Rehearse(rehearse::Args),
    /// Take callbacks and carry out what desks ask, on a shared journal
    ///
    /// On one host or several, without a terminal. All of them take callbacks; one at a time asks the provider, and another
    /// takes over within seconds when it is gone. Logs to standard error.
    #[command(after_help = "Example:
  CONFMOD_USERKEY=... confmod serve --nats nats://127.0.0.1:4222
  confmod --nats nats://127.0.0.1:4222        at each desk")]
    Serve(serve::Args),
    /// Mute one caller
    ///
    /// One ask from a script. Its exit code is the record: 0 accepted, 3 refused by the provider,
    /// 4 outcome unknown, 5 not delivered.
    #[command(after_help = "Example:\n  confmod mute --conference 1122 --key 12312345 --e164 12157010680")]
    Mute(AskArgs),
    /// Let one caller speak again
    ///
    /// One ask from a script. Its exit code is the record: 0 accepted, 3 refused by the provider,
    /// 4 outcome unknown, 5 not delivered.
    #[command(after_help = "Example:\n  confmod unmute --conference 1122 --key 12312345 --e164 12157010680")]
    Unmute(AskArgs),
    /// Throw one caller out of the conference
    ///
    /// One ask from a script. Its exit code is the record: 0 accepted, 3 refused by the provider,
    /// 4 outcome unknown, 5 not delivered.
    #[command(after_help = "Example:\n  confmod kick --conference 1122 --key 12312345 --e164 12157010680 --json")]
    Kick(AskArgs),
    /// Show a past conference in the console, read-only
    ///
    /// The journal's events come again in their own time, or faster. Without --from it is the last conference
    /// from its beginning. Nothing is sent and nothing is changed; confmod may be running beside it.
    #[command(after_help = "Examples:\n  confmod replay --conference 1122 --speed 4\n  confmod replay --from 2026-11-22T14:00")]
    Replay(replay::Args),
    /// Print the URLs to paste into the call flow
    ///
    /// They hold the secret that proves where a callback comes from: show them to nobody else.
    #[command(after_help = "Example:\n  confmod urls --public-url https://calls.example.org --conference 1122")]
    Urls(UrlsArgs),
    /// Check every precondition, one line each
    ///
    /// Exits with 0 if all hold, 1 if one does not, 2 if the configuration is wrong. No ask and no key
    /// leaves this machine.
    #[command(after_help = "Example:\n  confmod check && confmod")]
    Check(CheckArgs),
    /// Write who was there and who asked for what, from the journal
    ///
    /// Attendance as CSV, one line for each caller's call; with --audit one line for each ask; or both and
    /// more as JSON Lines or as one HTML page. Works while the console runs, too.
    #[command(after_help = "Examples:
  confmod report --conference 1122 --since 2h > attendance.csv
  confmod report --since 2026-11-22T14:00 --until 2026-11-22T16:00 --format html -o report.html")]
    Report(report::Args),
    /// Delete old events from the journal, for good
    ///
    /// What still holds stays however old it is: names, contacts, exemptions, bans, lecture mode and lock. The file
    /// gets smaller. Not while a console has the journal: one with `retention` set does this by itself.
    #[command(after_help = "Examples:\n  confmod prune --older-than 90d --dry-run\n  confmod prune --older-than 90d")]
    Prune(prune::Args),
    /// Write a shared journal into a file
    ///
    /// Everything that the stream holds, as a journal that a confmod alone works on: to go back to one machine, or to keep it.
    /// Nothing is written to the servers, and hosts and desks may go on meanwhile.
    #[command(after_help = "Example:\n  confmod export --nats nats://127.0.0.1:4222 -o journal.sqlite")]
    Export(export::Args),
    /// Bring a journal's file into a shared journal
    ///
    /// Before the first confmod serve, into a stream that is made for it, or one whose events are all older. One that was interrupted
    /// goes on where it ended when it is done once more.
    #[command(after_help = "Examples:
  confmod import --nats nats://127.0.0.1:4222 --dry-run
  confmod import --nats nats://127.0.0.1:4222 ~/.local/share/confmod/journal.sqlite")]
    Import(import::Args),
    /// Print the settings in force, and where each comes from
    ///
    /// Secrets are said to be set, and not shown.
    #[command(after_help = "Example, for a file to pick from:\n  confmod config --print-default > confmod-defaults.toml")]
    Config(ConfigArgs),
    /// Print completions for a shell
    #[command(
        after_help = "Example:\n  mkdir -p ~/.local/share/bash-completion/completions\n  confmod completions bash > ~/.local/share/bash-completion/completions/confmod"
    )]
    Completions(CompletionsArgs),
    /// Print the manual page
    #[command(after_help = "Example:\n  mkdir -p ~/.local/share/man/man1\n  confmod man > ~/.local/share/man/man1/confmod.1")]
    Man,
}

/// The configuration file.
#[derive(Args, Clone, Debug, Default)]
pub struct FileArg {
    /// The file to read instead of the usual one.
    #[arg(long, value_name = "FILE", help = "The configuration file, instead of $XDG_CONFIG_HOME/confmod/config.toml")]
    pub config: Option<PathBuf>,
}

/// The provider's address.
#[derive(Args, Clone, Debug, Default)]
pub struct ApiArg {
    /// Where requests to the provider go
    #[arg(long, value_name = "URL")]
    pub api_url: Option<String>,
}

/// The listener's address.
#[derive(Args, Clone, Debug, Default)]
pub struct ListenArg {
    /// Address and port for callbacks
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<String>,
}

/// The conference.
#[derive(Args, Clone, Debug, Default)]
pub struct ConferenceArg {
    /// The conference's number, as in the call flow
    #[arg(long, value_name = "N")]
    pub conference: Option<String>,
}

/// The journal.
#[derive(Args, Clone, Debug, Default)]
pub struct JournalArg {
    /// The journal
    #[arg(long, value_name = "FILE")]
    pub journal: Option<PathBuf>,
}

/// The shared journal.
#[derive(Args, Clone, Debug, Default)]
pub struct NatsArg {
    /// The servers of a shared journal, with commas between them
    #[arg(long, value_name = "URL")]
    pub nats: Option<String>,
}

/// Everything that a flag can set.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Settings")]
pub struct FlagArgs {
    #[command(flatten)]
    file: FileArg,
    #[command(flatten)]
    api: ApiArg,
    #[command(flatten)]
    listen: ListenArg,
    #[command(flatten)]
    conference: ConferenceArg,
    #[command(flatten)]
    journal: JournalArg,
    #[command(flatten)]
    nats: NatsArg,
    /// Who is moderating, for the record
    #[arg(long, value_name = "NAME")]
    moderator: Option<String>,
    /// The log file
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// Draw with ASCII characters only
    #[arg(long)]
    ascii: bool,
    /// Take every key away that asks something of the provider
    #[arg(long)]
    read_only: bool,
}

impl From<FlagArgs> for Flags {
    fn from(args: FlagArgs) -> Self {
        Self {
            config: args.file.config,
            api_url: args.api.api_url,
            listen: args.listen.listen,
            conference: args.conference.conference,
            journal: args.journal.journal,
            nats: args.nats.nats,
            metrics: None,
            moderator: args.moderator,
            log: args.log,
            ascii: args.ascii,
            read_only: args.read_only,
        }
    }
}

/// `confmod demo`
#[derive(Args, Clone, Debug)]
#[command(
    mut_arg("api_url", |arg| arg.hide(true)),
    mut_arg("listen", |arg| arg.hide(true)),
    mut_arg("journal", |arg| arg.hide(true)),
    mut_arg("nats", |arg| arg.hide(true))
)]
pub struct DemoArgs {
    /// What is played.
    #[command(flatten)]
    pub play: rehearse::Play,
    /// Lines instead of a screen: events as sentences, commands typed as words
    #[arg(long)]
    pub plain: bool,
    /// What may be set. What belongs to a real provider, listener and journal is taken and ignored.
    #[command(flatten)]
    pub flags: FlagArgs,
}

/// `confmod mute`, `unmute` and `kick`
#[derive(Args, Clone, Debug)]
pub struct AskArgs {
    #[command(flatten)]
    conference: ConferenceArg,
    /// The call flow instance key of the call
    #[arg(long, value_name = "K")]
    pub key: String,
    /// The caller's number, country code first
    #[arg(long, value_name = "NUM", allow_hyphen_values = true)]
    pub e164: String,
    /// Print one JSON object instead of a sentence
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    api: ApiArg,
    #[command(flatten)]
    file: FileArg,
}

/// `confmod urls`
#[derive(Args, Clone, Debug)]
pub struct UrlsArgs {
    /// How the provider reaches the listener.
    #[arg(long, help = "How the provider reaches the listener, such as https://calls.example.org", value_name = "URL", value_parser = rule::validate_public_url)]
    pub public_url: Option<url::Url>,
    #[command(flatten)]
    conference: ConferenceArg,
    #[command(flatten)]
    listen: ListenArg,
    #[command(flatten)]
    file: FileArg,
}

/// `confmod check`
#[derive(Args, Clone, Debug)]
pub struct CheckArgs {
    #[command(flatten)]
    api: ApiArg,
    #[command(flatten)]
    listen: ListenArg,
    #[command(flatten)]
    journal: JournalArg,
    #[command(flatten)]
    nats: NatsArg,
    #[command(flatten)]
    file: FileArg,
}

/// `confmod config`
#[derive(Args, Clone, Debug)]
pub struct ConfigArgs {
    /// Print the documented configuration file with every default instead
    #[arg(long)]
    pub print_default: bool,
    #[command(flatten)]
    flags: FlagArgs,
}

/// `confmod completions`
#[derive(Args, Clone, Debug)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

#[cfg(test)]
mod tests;
