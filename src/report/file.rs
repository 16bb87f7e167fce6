//! Where a report goes: a private file that is either whole or not there.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::{Error, Options, collect, page};
use crate::conference::Moment;
use crate::config::paths::make_private_dir;
use crate::journal::History;
use crate::text;

/// Writes a file for its user alone (0600): beside it first, then in its place, so that nobody ever sees half
/// of it. What is no file (a device, a pipe) is written as it is.
pub fn write(path: &Path, content: &[u8]) -> Result<(), Error> {
    // A link stays one: what it points to is replaced.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let failed = |error: std::io::Error| Error::File { path: path.to_owned(), why: error.to_string() };
    if fs::metadata(&target).is_ok_and(|found| !found.is_file()) {
        let mut out = fs::OpenOptions::new().write(true).open(&target).map_err(failed)?;
        return out.write_all(content).and_then(|()| out.flush()).map_err(failed);
    }
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // tempfile makes its files for their user alone.
    let mut file = tempfile::Builder::new().prefix(".report").tempfile_in(folder).map_err(failed)?;
    file.write_all(content).and_then(|()| file.as_file().sync_all()).map_err(failed)?;
    file.persist(&target).map(drop).map_err(|error| failed(error.error))
}

/// Writes the page into a folder, which is made private where it is missing, and says where it is.
///
/// `prefix` begins the file's name; the conference and the time of the report follow.
pub fn write_html(history: &dyn History, options: &Options, folder: &Path, prefix: &str) -> Result<PathBuf, Error> {
    if folder.as_os_str().is_empty() {
        let why = "there is no place for it, because HOME is not set; set `reports` in the configuration".to_owned();
        return Err(Error::File { path: "a file".into(), why });
    }
    let report = collect(history, options)?;
    make_private_dir(folder).map_err(|error| Error::File { path: folder.to_owned(), why: error.to_string() })?;
    let path = folder.join(name(prefix, report.conference.as_deref(), options));
    write(&path, page(&report).as_bytes())?;
    Ok(path)
}

/// A name without anything that a shell or a file system minds, and without a run of digits that masking
/// would take for a number.
fn name(prefix: &str, conference: Option<&str>, options: &Options) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let conference: String = text::clean(conference.unwrap_or("all"), 64).replace('*', "x").chars().map(plain).collect();
    format!("{prefix}_{conference}_{}.html", stamp(options.until, options))
}

fn stamp(at: Moment, options: &Options) -> String {
    let time = Timestamp::from_millisecond(at.0).unwrap_or_default().to_zoned(options.zone.clone());
    time.strftime("%Y_%m_%d_%Hh%Mm%S").to_string()
}
