//! The log: what went on, in a private file of bounded size. Plain text, one line a record, no secrets.
//!
//! Only confmod's own records are kept: those of the HTTP libraries would hold requests, and with them
//! the user key and the callback token.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{Layer, Registry};

use crate::config::error::shown;
use crate::config::paths::append_private;
use crate::text;

/// The size at which the file is put aside, in bytes.
const FULL: u64 = 5 * 1024 * 1024;

/// How many files that were put aside are kept: `.1` is the newer one.
const KEPT: u32 = 2;

/// Why nothing is logged.
#[derive(Debug)]
pub enum LoggingError {
    /// The file cannot be written.
    Open(PathBuf, io::Error),
    /// Something in this process logs already.
    Started,
}

impl fmt::Display for LoggingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open(path, error) => {
                write!(f, "opening the log {} failed ({error}), so nothing is logged; name another file with --log", shown(path))
            }
            Self::Started => f.write_str("logging was started before, so the second log stays empty; start confmod again to change it"),
        }
    }
}

impl std::error::Error for LoggingError {}

/// Starts to log records of a level and above into a file, for as long as the process runs.
///
/// An error is worth a line on stderr and no more: a conference can be moderated without a log.
pub fn start(path: &Path, level: Level) -> Result<(), LoggingError> {
    let file = Rotating::open(path, FULL).map_err(|error| LoggingError::Open(path.to_owned(), error))?;
    tracing::subscriber::set_global_default(subscriber(file, level)).map_err(|_| LoggingError::Started)
}

/// Who is told that the log cannot be written.
static TELL: Mutex<Option<Tell>> = Mutex::new(None);

type Tell = Box<dyn Fn(String) + Send>;

/// From now on it is told, once for each time of trouble, that the log cannot be written and why.
pub fn when_it_fails(tell: impl Fn(String) + Send + 'static) {
    *TELL.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(tell));
}

/// Starts to log records of a level and above as lines on standard error, for as long as the process runs.
///
/// # Errors
/// When something in this process logs already.
pub fn start_lines(level: Level) -> Result<(), LoggingError> {
    tracing::subscriber::set_global_default(subscriber(io::stderr(), level)).map_err(|_| LoggingError::Started)
}

fn subscriber(file: impl Sink + 'static, level: Level) -> impl tracing::Subscriber + Send + Sync {
    let lines = tracing_subscriber::fmt::layer().with_ansi(false).with_timer(Utc).with_writer(Mutex::new(Sweeping::new(file)));
    Registry::default().with(lines.with_filter(Targets::new().with_target("confmod", level)))
}

/// RFC 3339 in UTC with milliseconds, so that lines sort and can be laid beside the provider's.
struct Utc;

impl FormatTime for Utc {
    fn format_time(&self, w: &mut Writer<'_>) -> fmt::Result {
        write!(w, "{:.3}", jiff::Timestamp::now())
    }
}

/// Takes whole records and passes them on as one line each, without anything that cannot be shown.
struct Sweeping<W> {
    file: W,
    /// Records that could not be written since the last that could.
    missing: u64,
    /// Whether that was told.
    told: bool,
}

impl<W: Sink> Write for Sweeping<W> {
    fn write(&mut self, record: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(record);
        let mut line: String = text
            .trim_end_matches('\n')
            .chars()
            // A break inside of a record would let a caller's name write lines of its own.
            .map(|c| if c.is_whitespace() { ' ' } else { c })
            .filter(|c| text::is_showable(*c))
            .collect();
        line.push('\n');
        if self.missing > 0 {
            // Half a record may stand before this.
            line.insert_str(0, &format!("\n{} records are missing here, because the log could not be written\n", self.missing));
        }
        match self.file.write_all(line.as_bytes()) {
            Ok(()) => (self.missing, self.told) = (0, false),
            Err(error) => self.fails(&error),
        }
        // A record that is lost is told above, and not to the one who logs.
        Ok(record.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl<W: Sink> Sweeping<W> {
    fn new(file: W) -> Self {
        Self { file, missing: 0, told: false }
    }

    fn fails(&mut self, error: &io::Error) {
        self.missing += 1;
        if self.told {
            return;
        }
        if let Some(tell) = &*TELL.lock().unwrap_or_else(PoisonError::into_inner) {
            let name = self.file.name();
            tell(format!("writing the log {name} failed ({error}); free some space, until then nothing is logged; the conference goes on"));
            self.told = true;
        }
    }
}

/// Where records go.
trait Sink: Write + Send {
    /// What people know it by.
    fn name(&self) -> String;
}

impl Sink for io::Stderr {
    fn name(&self) -> String {
        "on standard error".to_owned()
    }
}

impl Sink for Rotating {
    fn name(&self) -> String {
        shown(&self.path)
    }
}

/// A file that is put aside when it is full. Several processes may write to it.
struct Rotating {
    path: PathBuf,
    full: u64,
    file: File,
}

impl Rotating {
    fn open(path: &Path, full: u64) -> io::Result<Self> {
        Ok(Self { path: path.to_owned(), full, file: append_private(path)? })
    }

    fn aside(&self, number: u32) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(format!(".{number}"));
        name.into()
    }

    fn rotate(&mut self) -> io::Result<()> {
        let here = self.file.metadata()?;
        // Another process may have put this very file aside already; then there is a new one to open.
        let still_ours = fs::metadata(&self.path).is_ok_and(|there| (there.dev(), there.ino()) == (here.dev(), here.ino()));
        if still_ours {
            for number in (1..KEPT).rev() {
                // There may be none of that number yet.
                let _ = fs::rename(self.aside(number), self.aside(number + 1));
            }
            fs::rename(&self.path, self.aside(1))?;
        }
        self.file = append_private(&self.path)?;
        Ok(())
    }
}

impl Write for Rotating {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let metadata = self.file.metadata()?;
        if metadata.is_file() && metadata.len() > 0 && metadata.len() + line.len() as u64 > self.full {
            // A file that cannot be put aside is better written to than lost.
            let _ = self.rotate();
        }
        self.file.write(line)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn logged(level: Level, records: impl Fn()) -> String {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("state/confmod.log");
        tracing::subscriber::with_default(subscriber(Rotating::open(&path, FULL).expect("made"), level), records);
        assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
        fs::read_to_string(&path).expect("text")
    }

    #[test]
    fn only_our_own_records_of_the_level_are_kept() {
        let log = logged(Level::INFO, || {
            tracing::info!(target: "confmod::callback", "ours");
            tracing::debug!(target: "confmod::callback", "too fine");
            tracing::error!(target: "hyper::proto", "theirs");
            tracing::error!(target: "reqwest", "theirs");
        });
        assert!(log.contains("ours") && !log.contains("too fine") && !log.contains("theirs"), "{log}");
        assert!(logged(Level::DEBUG, || tracing::debug!("fine")).contains("fine"));
    }

    #[test]
    fn hostile_text_can_neither_draw_nor_write_lines_of_its_own() {
        let name = "Eve\u{1b}[2J\u{9b}31m\u{202e}\r\n2026-01-01T00:00:00Z ERROR confmod: forged\u{2028}x";
        let log = logged(Level::INFO, || tracing::info!(name, "joined as {name}"));
        assert_eq!(log.lines().count(), 1, "{log:?}");
        assert!(log.contains("31m  2026-01-01T00:00:00Z ERROR"), "words stay apart: {log:?}");
        assert!(log.ends_with('\n') && log.trim_end_matches('\n').chars().all(text::is_showable), "{log:?}");
    }

    #[test]
    fn a_log_that_cannot_be_written_is_told_once_and_its_gap_is_marked() {
        let (told, heard) = std::sync::mpsc::channel();
        when_it_fails(move |what| drop(told.send(what)));
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("log");
        let mut log = Sweeping::new(Rotating::open(&path, FULL).expect("made"));
        log.write_all(b"before\n").expect("taken");
        let sound = std::mem::replace(&mut log.file.file, File::options().append(true).open("/dev/full").expect("a full disk"));
        for _ in 0..3 {
            log.write_all(b"lost\n").expect("nobody who logs is bothered");
        }
        log.file.file = sound;
        log.write_all(b"after\n").expect("taken");
        let heard: Vec<_> = heard.try_iter().filter(|what| what.contains(&*path.to_string_lossy())).collect();
        assert!(matches!(&heard[..], [only] if only.contains("No space left") && only.contains("free some space")), "{heard:?}");
        let missing = "3 records are missing here, because the log could not be written";
        assert_eq!(fs::read_to_string(&path).expect("text"), format!("before\n\n{missing}\nafter\n"));
    }

    #[test]
    fn lines_begin_with_the_time_in_utc() {
        let log = logged(Level::INFO, || tracing::info!("x"));
        let stamp: jiff::Timestamp = log.split(' ').next().unwrap_or_default().parse().expect("RFC 3339");
        assert!(jiff::Timestamp::now().duration_since(stamp).as_secs() < 60 && log.contains("Z "), "{log}");
    }

    #[test]
    fn a_full_file_is_put_aside_and_two_are_kept() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("log");
        let mut log = Rotating::open(&path, 10).expect("made");
        for line in ["first!\n", "second\n", "third!\n", "fourth\n"] {
            log.write_all(line.as_bytes()).expect("written");
        }
        let read = |name: &str| fs::read_to_string(directory.path().join(name)).unwrap_or_default();
        assert_eq!([read("log"), read("log.1"), read("log.2"), read("log.3")], ["fourth\n", "third!\n", "second\n", ""]);
        assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn two_processes_put_a_file_aside_once() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("log");
        let [mut one, mut other] = [(); 2].map(|()| Rotating::open(&path, 10).expect("made"));
        one.write_all(b"first!\n").expect("written");
        one.write_all(b"second\n").expect("written");
        other.write_all(b"3\n").expect("written");
        other.write_all(b"fourth\n").expect("written");
        let read = |name: &str| fs::read_to_string(directory.path().join(name)).unwrap_or_default();
        assert_eq!([read("log"), read("log.1"), read("log.2")], ["second\nfourth\n", "first!\n3\n", ""]);
    }

    #[test]
    fn a_log_that_cannot_be_written_says_what_to_do() {
        let error = start(Path::new("/proc/nowhere/confmod.log"), Level::INFO).expect_err("no such place");
        assert!(error.to_string().contains("--log"), "{error}");
    }
}
