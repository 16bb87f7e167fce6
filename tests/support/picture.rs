//! Makes a picture of the console from a real run, for the README.
//!
//! ```text
//! cargo run --release --example picture -- --size 100x30 --after 20s --keys "Down m wait:muted" --out assets/console.svg -- demo
//! ```
//!
//! It builds the program, starts it in a pseudo-terminal with an empty home, waits, presses the keys and writes
//! what the terminal then shows as an SVG. `--keys` takes names (`Down`, `Enter`, `Ctrl-C`) and single characters,
//! and between them `wait:TEXT` (until the screen says so) and `pause:2s`. `--until TEXT` waits for a text instead of
//! a time; `--env NAME=VALUE` sets a variable of the program's environment; `--program PATH` runs another program.
#![allow(dead_code, unreachable_pub, reason = "shares the driver of the tests and uses a part of it")]
#![allow(clippy::expect_used, clippy::print_stderr, reason = "a tool for people at a terminal")]

use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::Duration;

mod home;
mod keys;
mod line;
mod pty;
mod screen;
mod svg;
mod traces;

use home::Home;
use keys::Key;
use pty::{Console, Setup};

/// Time for a key press to be answered and drawn before the next one.
const BETWEEN_KEYS: Duration = Duration::from_millis(400);

const USAGE: &str =
    "usage: picture [--size 100x30] [--after 20s] [--until TEXT] [--keys \"Down m\"] [--env NAME=VALUE] --out FILE.svg -- ARGS";

struct Order {
    size: (u16, u16),
    out: PathBuf,
    program: Option<PathBuf>,
    after: Duration,
    until: Option<String>,
    keys: Vec<Step>,
    environment: Vec<(String, String)>,
    args: Vec<String>,
}

/// One thing to do before the picture is taken.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    Press(Key),
    Wait(String),
    Pause(Duration),
}

fn main() -> ExitCode {
    match order(std::env::args().skip(1)).and_then(|order| take(&order)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            eprintln!("picture: {sentence}\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn order(mut words: impl Iterator<Item = String>) -> Result<Order, String> {
    let mut order = Order {
        size: (100, 30),
        out: PathBuf::new(),
        program: None,
        after: Duration::ZERO,
        until: None,
        keys: Vec::new(),
        environment: Vec::new(),
        args: Vec::new(),
    };
    while let Some(word) = words.next() {
        if word == "--" {
            order.args = words.collect();
            break;
        }
        let value = words.next().ok_or_else(|| format!("{word} needs a value"))?;
        match word.as_str() {
            "--size" => order.size = size(&value).ok_or_else(|| format!("{value:?} is no size such as 100x30"))?,
            "--out" => order.out = value.into(),
            "--program" => order.program = std::path::absolute(value).ok(),
            "--after" => order.after = seconds(&value)?,
            "--until" => order.until = Some(value),
            "--keys" => order.keys = value.split_whitespace().map(step).collect::<Result<_, _>>()?,
            "--env" => {
                let (name, value) = value.split_once('=').ok_or_else(|| format!("{value:?} is not NAME=VALUE"))?;
                order.environment.push((name.to_owned(), value.to_owned()));
            }
            _ => return Err(format!("{word} is not known")),
        }
    }
    if order.out.as_os_str().is_empty() {
        return Err("--out is missing".to_owned());
    }
    Ok(order)
}

fn size(text: &str) -> Option<(u16, u16)> {
    let (columns, rows) = text.split_once('x')?;
    Some((columns.parse().ok().filter(|n| *n > 0)?, rows.parse().ok().filter(|n| *n > 0)?))
}

fn seconds(text: &str) -> Result<Duration, String> {
    let number = text.strip_suffix('s').unwrap_or(text).parse().ok();
    number.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).ok_or_else(|| format!("{text:?} is no time such as 20s"))
}

fn step(word: &str) -> Result<Step, String> {
    if let Some(text) = word.strip_prefix("wait:") {
        return Ok(Step::Wait(text.to_owned()));
    }
    if let Some(time) = word.strip_prefix("pause:") {
        return seconds(time).map(Step::Pause);
    }
    Key::named(word).map(Step::Press).ok_or_else(|| format!("{word:?} is no key"))
}

/// Runs the program and writes the picture.
fn take(order: &Order) -> Result<(), String> {
    let program = order.program.clone().map_or_else(build, Ok)?;
    let home = Home::new();
    let mut setup = Setup::new(program, &home).args(&order.args).size(order.size.0, order.size.1).env("COLORTERM", "truecolor");
    for (name, value) in &order.environment {
        setup = setup.env(name, value);
    }
    let mut console = setup.start();
    if let Some(text) = &order.until {
        console.wait_for_text(text);
    }
    std::thread::sleep(order.after);
    for step in &order.keys {
        act(&mut console, step);
    }
    let picture = svg::draw(&console.screen(), &format!("confmod {}", order.args.join(" ")));
    std::fs::write(&order.out, picture).map_err(|error| format!("cannot write {}: {error}", order.out.display()))
}

fn act(console: &mut Console, step: &Step) {
    match step {
        Step::Press(key) => {
            console.press(*key);
            std::thread::sleep(BETWEEN_KEYS);
        }
        Step::Wait(text) => console.wait_for_text(text),
        Step::Pause(time) => std::thread::sleep(*time),
    }
}

/// Builds the program in the profile of this one, and says where it is.
fn build() -> Result<PathBuf, String> {
    let here = std::env::current_exe().map_err(|error| format!("cannot tell where this program is: {error}"))?;
    let directory = here.parent().and_then(|examples| examples.parent()).ok_or("this program is not in cargo's target directory")?;
    let profile = match directory.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(name) => name,
    };
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let built =
        Command::new(cargo).args(["build", "--locked", "--bin", "confmod", "--profile", profile, "--manifest-path", manifest]).status();
    match built {
        Ok(status) if status.success() => Ok(directory.join("confmod")),
        Ok(status) => Err(format!("building confmod ended with {status}")),
        Err(error) => Err(format!("cannot run cargo: {error}")),
    }
}
