//! Feeding a target with hostile input. Deterministic: the same seed makes the same inputs, and what fails is shrunk to
//! the fewest and simplest changes that still fail, then to the fewest bytes.
//!
//! A target is a function of bytes that panics where a promise is broken, so that a coverage-guided fuzzer can be put
//! before it as well: a crate of its own for cargo-fuzz, on a nightly compiler, with this test file as a module and
//! `fuzz_target!(|bytes: &[u8]| journal::rows(bytes))`. It is no part of this one, which builds with the stable compiler.

use std::cell::{Cell, RefCell};
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::time::{Duration, Instant};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

use super::mutate::Change;
use super::support::scale;

/// Changes to one input at most.
const CHANGES: usize = 6;

/// How long one input may take before it counts as a hang. Debug builds on a busy machine are slow.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long a target is fed in a full run.
const FULL_TIME: Duration = Duration::from_secs(15);

/// The seed of a run; `CONFMOD_FUZZ_SEED` sets another.
const SEED: u64 = 1;

/// How long an input that fails is made shorter, once by its changes and once by its bytes. Milliseconds.
const SHRINKING: u32 = 10_000;

/// One target: its name, what it is fed from, and what looks at each input and panics where a promise is broken.
pub struct Target {
    pub name: &'static str,
    /// Inputs in a short run. A full run goes on for its time.
    pub cases: u32,
    pub seeds: Vec<Vec<u8>>,
    pub look: fn(&[u8]),
}

impl Target {
    /// Feeds the target: first the inputs that once failed, then the seeds as they are, then changed ones. Gives the
    /// number of inputs.
    ///
    /// Panics with the seed of the run, the shrunk input, and where to keep it.
    #[track_caller]
    pub fn run(mut self) -> u64 {
        hear_panics();
        let watch = Watch::new(self.name);
        let mut inputs = 0;
        for (path, bytes) in kept(self.name) {
            if let Err(said) = self.look_at(&bytes, &watch) {
                panic!("{}: what is kept in {} fails again: {said}", self.name, path.display());
            }
            inputs += 1;
            self.seeds.push(bytes);
        }
        for bytes in &self.seeds {
            if let Err(said) = self.look_at(bytes, &watch) {
                panic!("{}: a seed fails: {said}\ninput: {}", self.name, shown(bytes));
            }
            inputs += 1;
        }
        let seed = std::env::var("CONFMOD_FUZZ_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(SEED);
        let began = Instant::now();
        for round in seed.. {
            self.round(round, &watch);
            inputs += u64::from(self.cases);
            if !scale::full() || began.elapsed() >= FULL_TIME {
                break;
            }
        }
        inputs
    }

    fn round(&self, seed: u64, watch: &Watch) {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let config = Config { cases: self.cases, failure_persistence: None, max_shrink_time: SHRINKING, ..Config::default() };
        let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
        let ended = runner.run(&(any::<u32>(), vec(Change::any(), 1..=CHANGES)), |(start, changes)| {
            self.look_at(&self.input(start, &changes), watch).map_err(TestCaseError::fail)
        });
        match ended {
            Ok(()) => {}
            Err(TestError::Fail(_, (start, changes))) => self.tell(seed, self.input(start, &changes), watch),
            Err(TestError::Abort(why)) => panic!("{}: {why}", self.name),
        }
    }

    /// What was said when the promise broke, where it did.
    fn look_at(&self, input: &[u8], watch: &Watch) -> Result<(), String> {
        SAID.with_borrow_mut(String::clear);
        let looked = watch.during(input, || {
            QUIET.set(true);
            let looked = catch_unwind(AssertUnwindSafe(|| (self.look)(input)));
            QUIET.set(false);
            looked
        });
        let elsewhere = ELSEWHERE.lock().unwrap_or_else(PoisonError::into_inner).take();
        match (looked, elsewhere) {
            (Err(_), _) => Err(SAID.with_borrow(String::clone)),
            (Ok(()), Some(said)) => Err(said),
            (Ok(()), None) => Ok(()),
        }
    }

    fn tell(&self, seed: u64, input: Vec<u8>, watch: &Watch) -> ! {
        let input = self.smaller(input, watch);
        let said = self.look_at(&input, watch).err().unwrap_or_else(|| "it does not fail every time".to_owned());
        let name = format!("{}-{:08x}", self.name, digest(&input));
        let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join(&name);
        fs::write(&place, &input).expect("the input written down");
        panic!(
            "{} broke a promise with the seed {seed}: {said}\n{} bytes are left of the input: {}\nIt is {}; keep it as tests/fuzz/kept/{name}",
            self.name,
            input.len(),
            shown(&input),
            place.display()
        );
    }

    fn input(&self, start: u32, changes: &[Change]) -> Vec<u8> {
        let mut bytes = self.seeds[start as usize % self.seeds.len()].clone();
        for change in changes {
            change.apply(&mut bytes, &self.seeds);
        }
        bytes
    }

    /// Takes pieces out, half of it first, as long as it still fails.
    fn smaller(&self, mut input: Vec<u8>, watch: &Watch) -> Vec<u8> {
        let (began, mut size) = (Instant::now(), input.len() / 2);
        while size > 0 {
            let mut at = 0;
            while at < input.len() && began.elapsed() < Duration::from_millis(SHRINKING.into()) {
                let less = [&input[..at], &input[(at + size).min(input.len())..]].concat();
                if self.look_at(&less, watch).is_err() {
                    input = less;
                } else {
                    at += size;
                }
            }
            size /= 2;
        }
        input
    }
}

thread_local! {
    /// Whether panics on this thread are expected, and only noted.
    static QUIET: Cell<bool> = const { Cell::new(false) };
    static SAID: RefCell<String> = const { RefCell::new(String::new()) };
}

/// What a panic of a thread of the program's own said: the one that looks does not hear it.
static ELSEWHERE: Mutex<Option<String>> = Mutex::new(None);

/// Threads that belong to the program: the others are the tests' own, which panic where a promise is broken.
const THREADS: [&str; 7] = ["journal", "actions", "net", "past", "reading", "writing", "follower"];

/// Notes what panics say while a target looks, in place of printing each of thousands while one is shrunk.
fn hear_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let said = || panic.to_string().chars().take(3_000).collect::<String>();
            if QUIET.get() {
                SAID.with_borrow_mut(|last| *last = said());
            } else if std::thread::current().name().is_some_and(|name| THREADS.contains(&name)) {
                *ELSEWHERE.lock().unwrap_or_else(PoisonError::into_inner) = Some(said());
            } else {
                before(panic);
            }
        }));
    });
}

/// FNV-1a, 32 bits: enough to give files names that differ.
fn digest(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

/// Inputs that once failed, by target: `tests/fuzz/kept/<target>-<any name>`.
fn kept(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/kept");
    let entries = fs::read_dir(folder).expect("the folder of kept inputs").flatten().map(|entry| entry.path());
    let ours = |path: &PathBuf| path.file_name().and_then(|name| name.to_str()?.split_once('-')).is_some_and(|(of, _)| of == target);
    let mut found: Vec<_> = entries.filter(ours).map(|path| (path.clone(), fs::read(path).expect("a kept input"))).collect();
    found.sort();
    found
}

/// Bytes as a Rust byte string, the middle left out where there are many.
fn shown(bytes: &[u8]) -> String {
    const ENDS: usize = 600;
    if bytes.len() <= 2 * ENDS {
        return format!("b\"{}\"", bytes.escape_ascii());
    }
    format!("b\"{} .. {}\"", bytes[..ENDS].escape_ascii(), bytes[bytes.len() - ENDS..].escape_ascii())
}

type Looking = Mutex<Option<(Instant, Vec<u8>)>>;

/// Ends the process where one input takes too long, and names it: a hang must not look like patience.
struct Watch(Arc<Looking>);

impl Watch {
    fn new(name: &'static str) -> Self {
        let looking: Arc<Looking> = Arc::default();
        let watched = Arc::downgrade(&looking);
        std::thread::spawn(move || {
            while let Some(looking) = watched.upgrade() {
                if let Some((began, input)) = &*looking.lock().unwrap_or_else(PoisonError::into_inner)
                    && began.elapsed() > PATIENCE
                {
                    use std::io::Write as _;
                    let _ = writeln!(std::io::stderr(), "{name} hangs on {}", shown(input));
                    std::process::exit(101);
                }
                drop(looking);
                std::thread::sleep(Duration::from_millis(500));
            }
        });
        Self(looking)
    }

    fn during<T>(&self, input: &[u8], look: impl FnOnce() -> T) -> T {
        let set = |now| *self.0.lock().unwrap_or_else(PoisonError::into_inner) = now;
        set(Some((Instant::now(), input.to_vec())));
        let looked = look();
        set(None);
        looked
    }
}
