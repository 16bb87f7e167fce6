//! One ask by the command for scripts, through a proxy of its own: what was said, what the provider did, and
//! whether the two agree.
#![allow(unreachable_pub, reason = "inside a test program nothing can be reached from outside")]

use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::fault::Exchange;
use crate::faulty::Faulty;
use crate::support;
use crate::support::home::{Home, environment};
use crate::support::provider::Provider;
use crate::support::stage::USERKEY;

/// The longest that one ask may take: twelve seconds, and what a busy machine needs to start a program.
const LONGEST: Duration = Duration::from_secs(30);

/// Milliseconds that an ask may take: twelve seconds, and a little for a busy machine.
const WHOLE: u64 = 13_500;

/// How one ask ended for the script that made it.
#[derive(Debug)]
pub struct Shot {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Shot {
    /// The outcome that was printed; empty where none was.
    pub fn outcome(&self) -> String {
        self.record()["outcome"].as_str().unwrap_or_default().to_owned()
    }

    fn record(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_default()
    }
}

/// The command, as a script starts it.
pub fn command(home: &Home, url: &str, action: &str, key: &str) -> Command {
    let mut command = Command::new(support::confmod());
    command
        .args([action, "--conference", "1122", "--e164", "12157010680", "--json", "--key", key])
        .env_clear()
        .envs(environment(home.path()))
        .env("CONFMOD_USERKEY", USERKEY)
        .env("CONFMOD_API_URL", url)
        .current_dir(home.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Makes one ask and waits for its end.
pub fn shoot(home: &Home, url: &str, action: &str, key: &str) -> Shot {
    let begun = Instant::now();
    let mut child = command(home, url, action, key).spawn().expect("confmod starts");
    while child.try_wait().expect("a status").is_none() {
        if begun.elapsed() > LONGEST {
            let _ = child.kill();
            panic!("{action} {key} did not end within {LONGEST:?}");
        }
        thread::sleep(Duration::from_millis(3));
    }
    let output = child.wait_with_output().expect("its output");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    Shot { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
}

/// An ask that something is done to, and the outcomes that are true then.
pub struct Case {
    pub action: &'static str,
    pub what: String,
    pub prepare: Box<dyn Fn(&mut Faulty) + Send + Sync>,
    pub outcomes: &'static [&'static str],
    /// What stands in the words about an outcome that is not known.
    pub says: &'static str,
}

/// What all cases together came to.
#[derive(Debug, Default)]
pub struct Sum {
    pub asks: usize,
    pub faults: usize,
}

/// Makes the asks of all cases, so many at a time, each through a fresh connection, and judges every one.
pub fn play(cases: &[Case], at_once: usize) -> Sum {
    let provider = Provider::start();
    let home = Home::new();
    let next = AtomicUsize::new(0);
    let faults = AtomicUsize::new(0);
    let work = || {
        let mut proxy = Faulty::before(provider.address());
        while let Some((place, case)) = take(&next, cases) {
            let key = format!("key-{place:06}");
            proxy.heal();
            proxy.come_back();
            (case.prepare)(&mut proxy);
            let shot = shoot(&home, &proxy.url(), case.action, &key);
            let exchanges = proxy.take();
            faults.fetch_add(exchanges.iter().filter(|exchange| exchange.is_faulty()).count(), Ordering::Relaxed);
            // What was delivered has been answered, so the provider has counted it.
            let executed = provider.count_where(|request| request.key() == key);
            judge(case, &shot, &exchanges, executed);
        }
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..at_once.min(cases.len())).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        }
    });
    // Requests that were cut on their way are what this is about.
    let complaints = provider.take_complaints();
    assert!(complaints.iter().all(|complaint| complaint.starts_with("an unfinished request")), "{complaints:#?}");
    Sum { asks: cases.len(), faults: faults.into_inner() }
}

fn take<'a>(next: &AtomicUsize, cases: &'a [Case]) -> Option<(usize, &'a Case)> {
    let place = next.fetch_add(1, Ordering::Relaxed);
    Some((place, cases.get(place)?))
}

/// What must hold of every ask, whatever was done to it.
fn judge(case: &Case, shot: &Shot, exchanges: &[Exchange], executed: usize) {
    let tale = || format!("{} {}: {shot:#?}\nexecuted {executed} times\n{exchanges:#?}", case.action, case.what);
    let outcome = shot.outcome();
    assert!(case.outcomes.contains(&&*outcome), "{outcome} is none of {:?}\n{}", case.outcomes, tale());
    let code = ["accepted", "", "", "refused", "unknown", "not delivered"].iter().position(|word| *word == outcome);
    assert_eq!(usize::try_from(shot.code).ok(), code, "{}", tale());
    assert_eq!(shot.out.lines().count(), 1, "{}", tale());
    assert!(outcome != "unknown" || shot.err.contains(case.says), "{:?} is missing\n{}", case.says, tale());
    let millis = shot.record()["answer_ms"].as_u64();
    assert!(millis.is_some_and(|millis| millis <= WHOLE), "{millis:?} ms\n{}", tale());
    assert_eq!(shot.err.is_empty(), outcome == "accepted", "{}", tale());
    assert!(!shot.err.contains(USERKEY) && !shot.out.contains(USERKEY), "{}", tale());
    let delivered = exchanges.iter().filter(|exchange| exchange.delivered).count();
    assert_eq!(executed, delivered, "{}", tale());
    match &*outcome {
        "accepted" => assert!(exchanges.last().is_some_and(|last| last.delivered && last.answered), "{}", tale()),
        "refused" | "not delivered" => assert_eq!(executed, 0, "{}", tale()),
        _ => {}
    }
    assert!(exchanges.len() <= 3, "more tries than three\n{}", tale());
    if case.action == "kick" {
        assert!(executed <= 1, "kicked twice\n{}", tale());
        let may_have_acted = exchanges.iter().position(|exchange| !exchange.may_be_known_to_do_nothing());
        assert!(
            may_have_acted.is_none_or(|place| place + 1 == exchanges.len()),
            "a second request after one that may have acted\n{}",
            tale()
        );
    }
}
