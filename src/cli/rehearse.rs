//! `confmod rehearse`: the rehearsal provider alone, to try a real installation end to end.
//!
//! The arguments that choose what is played are shared with `confmod demo`.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use crate::rehearsal::scenario::{self, Scenario};
use crate::rehearsal::{Callbacks, Note, Rehearsal, Settings};
use crate::text;

/// Lines that wait for a slow reader of stdout; more are dropped, so that nothing waits for it.
const WAITING_LINES: usize = 1024;
/// How long the last lines may take at the end.
const LAST_LINES: Duration = Duration::from_millis(300);

const USAGE_ERROR: u8 = 2;

/// What is played, and how.
#[derive(Clone, Debug, clap::Args)]
pub struct Play {
    /// A scenario file, or one of the built-in ones: town-hall, quiet, faults
    #[arg(long, value_name = "FILE", default_value = scenario::DEFAULT)]
    pub scenario: String,
    /// Plays so many times as fast: 0.01 to 10000
    #[arg(long, value_name = "N", default_value_t = 1.0, value_parser = speed)]
    pub speed: f64,
    /// Other call keys and another crowd than the scenario's own
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
}

/// Stands in for the provider, with scripted callers, to try a real installation end to end
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Example:
  confmod rehearse --callbacks http://127.0.0.1:8787/callback/TOKEN

`confmod urls` prints the callback URLs; any of them will do. Where CONFMOD_USERKEY is
set, only that user key is accepted, else any. With CONFMOD_EMAIL and
CONFMOD_SECURE_PHRASE set, every request has to be signed.")]
pub struct Args {
    /// Where the callers call back: a callback URL of a running confmod
    #[arg(long, value_name = "URL")]
    pub callbacks: String,
    /// Where the provider's API listens
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8788")]
    pub listen: SocketAddr,
    /// What is played
    #[command(flatten)]
    pub play: Play,
}

fn speed(given: &str) -> Result<f64, String> {
    let speed: f64 = given.parse().map_err(|_| "write a number, such as 2 or 0.5")?;
    if (0.01..=10_000.0).contains(&speed) { Ok(speed) } else { Err("choose a speed from 0.01 to 10000".into()) }
}

impl Play {
    /// Loads the scenario, ready to start on a free loopback port. The error is a sentence; it is a usage error.
    pub fn settings(&self) -> Result<Settings, String> {
        let scenario = Scenario::load(&self.scenario).map_err(|error| error.to_string())?;
        Ok(Settings { speed: self.speed, seed: self.seed, ..Settings::new(scenario) })
    }
}

/// Rehearses until a signal ends it. Exit code 2 for what was asked wrongly, 1 for a port that is taken, 128+n for signal n.
pub fn run(args: &Args) -> ExitCode {
    match prepare(args, |name| std::env::var(name).ok()) {
        Ok((settings, callbacks)) => rehearse(args, settings, callbacks),
        Err(error) => complain(&error, USAGE_ERROR),
    }
}

fn complain(error: &str, code: u8) -> ExitCode {
    // Where stderr is gone there is nobody left to tell.
    let _ = writeln!(io::stderr(), "confmod rehearse: {}", text::sweep(error));
    ExitCode::from(code)
}

/// Checks everything that can be wrong before anything listens.
fn prepare(args: &Args, environment: impl Fn(&str) -> Option<String>) -> Result<(Settings, Callbacks), String> {
    let set = |name: &str| environment(name).filter(|value| !value.is_empty());
    let callbacks = Callbacks::parse(&args.callbacks)?;
    let mut settings = args.play.settings()?;
    settings.listen = args.listen;
    settings.user_key = set("CONFMOD_USERKEY");
    settings.account = set("CONFMOD_EMAIL").zip(set("CONFMOD_SECURE_PHRASE"));
    Ok((settings, callbacks))
}

fn rehearse(args: &Args, mut settings: Settings, callbacks: Callbacks) -> ExitCode {
    if !args.listen.ip().is_loopback() {
        let warning = "warning: other machines can reach this API; it is plain HTTP and meant for rehearsals only";
        let _ = writeln!(io::stderr(), "confmod rehearse: {warning}");
    }
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return complain(&format!("starting failed: {error}"), 1),
    };
    let (lines, printed) = printer();
    let notes = lines.clone();
    settings.watch = Some(Box::new(move |note: Note| {
        let _ = notes.try_send(format!("{:>8.1} s  {}", note.at.as_secs_f64(), note.line));
    }));
    let title = text::clean_field(&settings.scenario.title);
    let key_is_ours = settings.user_key.is_none();
    let rehearsal = match Rehearsal::start(settings) {
        Ok(rehearsal) => rehearsal,
        Err(error) => return complain(&error.to_string(), 1),
    };
    let key = if key_is_ours { format!(" CONFMOD_USERKEY={}", rehearsal.user_key()) } else { String::new() };
    let hint = if key_is_ours { "any user key is accepted" } else { "the user key is the CONFMOD_USERKEY of this environment" };
    let ended = runtime.block_on(async {
        // Before anything is printed, so that whoever reads it can end this properly.
        let ended = signals()?;
        let _ = lines.try_send(format!("CONFMOD_API_URL={}{key}", rehearsal.api_url()));
        let _ = lines.try_send(format!("The provider listens; {hint}. Start confmod with these, and with a --journal of its own."));
        let _ = lines.try_send(format!("{title}: {} calls to {callbacks}. Ctrl-C ends it.", rehearsal.calls()));
        rehearsal.call(callbacks);
        Ok::<_, io::Error>(ended.await)
    });
    rehearsal.stop();
    drop(lines);
    let _ = printed.recv_timeout(LAST_LINES);
    match ended {
        Ok(number) => ExitCode::from(128 + number),
        Err(error) => complain(&format!("listening to signals failed: {error}"), 1),
    }
}

/// Waits for a signal that ends a program, and gives its number. Signals count from the call on.
fn signals() -> io::Result<impl Future<Output = u8>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => 2,
            _ = terminate.recv() => 15,
            _ = hangup.recv() => 1,
        }
    })
}

/// A thread that prints lines; what is returned beside its queue tells when all are printed.
fn printer() -> (SyncSender<String>, Receiver<()>) {
    let (lines, queue) = mpsc::sync_channel::<String>(WAITING_LINES);
    let (done, printed) = mpsc::channel();
    std::thread::spawn(move || {
        let mut stdout = io::stdout().lock();
        for line in queue {
            // A reader that went away is no reason to end the rehearsal.
            let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
        }
        let _ = done.send(());
    });
    (lines, printed)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        args: Args,
    }

    fn args(words: &[&str]) -> Result<Args, String> {
        Program::try_parse_from([&["rehearse"], words].concat()).map(|program| program.args).map_err(|error| error.to_string())
    }

    const CALLBACKS: [&str; 2] = ["--callbacks", "http://127.0.0.1:8787/callback/s3cret/join"];

    #[test]
    fn the_defaults_are_those_of_the_interface() {
        let args = args(&CALLBACKS).expect("enough");
        assert_eq!(args.listen.to_string(), "127.0.0.1:8788");
        let (settings, callbacks) = prepare(&args, |_| None).expect("fine");
        assert!(settings.scenario.title.contains("Town hall"));
        assert!((settings.speed - 1.0).abs() < f64::EPSILON && settings.seed.is_none());
        assert!(settings.user_key.is_none() && settings.account.is_none());
        assert_eq!(callbacks.to_string(), "http://127.0.0.1:8787/callback/***");
    }

    #[test]
    fn secrets_come_from_the_environment_and_empty_is_unset() {
        let args = args(&CALLBACKS).expect("enough");
        let (settings, _) = prepare(&args, |name| Some(format!("{name}!"))).expect("fine");
        assert_eq!(settings.user_key.as_deref(), Some("CONFMOD_USERKEY!"));
        assert_eq!(settings.account, Some(("CONFMOD_EMAIL!".into(), "CONFMOD_SECURE_PHRASE!".into())));
        let (settings, _) = prepare(&args, |_| Some(String::new())).expect("fine");
        assert!(settings.user_key.is_none() && settings.account.is_none());
    }

    #[tokio::test]
    async fn a_signal_ends_it_with_its_number() {
        let ended = signals().expect("signals can be listened to");
        rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::TERM).expect("a signal to ourselves");
        assert_eq!(ended.await, 15);
    }

    #[test]
    fn wrong_usage_is_told_with_a_remedy() {
        assert!(args(&[]).is_err_and(|error| error.contains("--callbacks")));
        for wrong in ["0", "-1", "NaN", "fast", "10001"] {
            let speed = format!("--speed={wrong}");
            assert!(args(&[CALLBACKS[0], CALLBACKS[1], &speed]).is_err(), "{wrong}");
        }
        for (words, part) in [
            (["--callbacks", "http://127.0.0.1:8787/s3cret", "--seed", "1"], "confmod urls"),
            (["--callbacks", "http://192.0.2.1/callback/s3cret", "--seed", "1"], "https://"),
            ([CALLBACKS[0], CALLBACKS[1], "--scenario", "/nowhere.toml"], "town-hall, quiet, faults"),
        ] {
            let error = prepare(&args(&words).expect("well-formed"), |_| None).err().expect(part);
            assert!(error.contains(part) && !error.contains("s3cret"), "{error}");
        }
    }
}
